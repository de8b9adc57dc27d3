"""What losses of generative models read: scores of two players, posteriors, noise and its level."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    copy_target,
    fixed,
    floats,
    labels,
    log_simplex,
    normal,
    pairs_of,
    simplex,
    uniform,
)

_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_NONE = np.zeros((2, 0), np.float32)
_TOKENS = np.array([[0, 1, 2, 1, 0], [2, 2, 0, 0, 2]], np.int32)
_MAPS = np.stack([_SPREAD, _SPREAD[::-1], _ONES], axis=-1)
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])


def _pair(*values: float) -> Any:
    """One number for each of two examples."""
    return floats(np.array(values))


def _scalar(value: float) -> Any:
    return floats(np.array(value))


def _two_batches(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), normal(rng, (*batch, size + 1))))


def _anchored(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores = normal(rng, (*batch, size)), normal(rng, (*batch, size))
    return Arguments((*scores, _scalar(1.5), _scalar(-0.5)))


def _explained(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = normal(rng, (*batch, size)), normal(rng, (*batch, size))
    return Arguments((*given, normal(rng, batch)))


def _posteriors(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size, 3)
    return Arguments((normal(rng, shape), normal(rng, shape)))


def _levelled(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = normal(rng, (*batch, size)), normal(rng, (*batch, size))
    return Arguments((*given, uniform(rng, batch)))


def _steps_back(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = normal(rng, (*batch, size)), normal(rng, (*batch, size)), uniform(rng, (*batch, size))
    level = normal(rng, batch)
    return Arguments((*given, level, level + uniform(rng, batch)))


def _token_steps(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    chances = uniform(rng, (*batch, size)), simplex(rng, (*batch, size, size))
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size), *chances))


def _mixed(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = (normal(rng, (*batch, size)) for _ in range(3))
    return Arguments((*given, uniform(rng, batch)))


def _lines(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = (normal(rng, (*batch, size)) for _ in range(3))
    return Arguments(tuple(given))


def _changes(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = (normal(rng, (*batch, size)) for _ in range(4))
    return Arguments(tuple(given))


def _tokens(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores = normal(rng, (*batch, size, 3))
    return Arguments((scores, labels(rng, (*batch, size), 3), uniform(rng, batch)))


def _ratios(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), log_simplex(rng, (*batch, size))))


_CHANCES = (
    floats(np.array([[1, -2, 0.5], [0, 0, 1]])),
    np.array([0, 1], np.int32),
    floats(np.array([[0.5, 0, 0.25], [0, 0, 1]])),
)
_EYES = floats(np.stack([np.eye(3)] * 2))
_ABSORBED = floats(0.75 * _EYES + np.array([0, 0, 0.25]))
_SCORES = {"zero": _ZEROS, "at the kinks": _ONES, "huge": _HUGE, "huge reversed": -_HUGE}

DOMAINS: Mapping[str, Domain] = {
    "rival_scores": Domain(
        ("real", "fake"),
        pairs_of(normal),
        {name: fixed(scores, -scores) for name, scores in _SCORES.items()}
        | {f"equal and {name}": fixed(scores, scores) for name, scores in _SCORES.items()},
        (0, 1),
    ),
    "fake_scores": Domain(
        ("fake",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)),)),
        {name: fixed(scores) for name, scores in _SCORES.items()},
    ),
    "rival_batches": Domain(
        ("ahead", "behind"),
        _two_batches,
        {name: fixed(scores, -scores[:, :4]) for name, scores in _SCORES.items()}
        | {
            "equal": fixed(_SPREAD, _SPREAD),
            "nobody ahead": fixed(_NONE, _SPREAD),
            "nobody behind": fixed(_SPREAD, _NONE),
        },
        (0, 1),
    ),
    "anchored_scores": Domain(
        ("real", "fake", "real_average", "fake_average"),
        _anchored,
        {name: fixed(s, -s, _scalar(0), _scalar(1e4)) for name, s in _SCORES.items()},
        (0, 1),
        shared=(2, 3),
    ),
    "posteriors": Domain(
        ("mean", "log_variance"),
        pairs_of(normal),
        {
            "the prior": fixed(_ZEROS, _ZEROS),
            "almost the prior": fixed(1e-6 * _SPREAD, 1e-6 * _SPREAD),
            "no variance": fixed(_SPREAD, -1e4 * _ONES),
            "huge": fixed(_HUGE, 1e-2 * _HUGE),
        },
        (0, 1),
        perfect=lambda given: Arguments(tuple(0 * array for array in given.positional)),
    ),
    "posteriors_likelihoods": Domain(
        ("mean", "log_variance", "log_likelihood"),
        _explained,
        {
            "the prior": fixed(_ZEROS, _ZEROS, _pair(0, 0)),
            "huge": fixed(_HUGE, -_ONES, _pair(-1e4, 1e4)),
            "no latents": fixed(_NONE, _NONE, _pair(-1, -2)),
        },
        (0, 1, 2),
    ),
    "posterior_batches": Domain(
        ("mean", "log_variance"),
        _posteriors,
        {
            "the prior": fixed(0 * _MAPS, 0 * _MAPS),
            # Four of them, whose mean is exact.
            "at the kink": fixed(0 * _MAPS[:, :4] + 1, 0 * _MAPS[:, :4]),
            "huge": fixed(1e4 * _MAPS, -1e4 * np.ones_like(_MAPS)),
            "no examples": fixed(_MAPS[:, :0], _MAPS[:, :0]),
        },
        (0, 1),
        consumed=2,
    ),
    "log_weights": Domain(
        ("log_weights",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)),)),
        {name: fixed(scores) for name, scores in _SCORES.items()}
        | {"one impossible": fixed(np.where(_KEPT, _SPREAD, -np.inf)), "no draws": fixed(_NONE)},
    ),
    "embeddings_codes": Domain(
        ("embeddings", "codes"),
        pairs_of(normal),
        {name: fixed(x, -x) for name, x in _SCORES.items()} | {"equal": fixed(_SPREAD, _SPREAD)},
        (0, 1),
        perfect=copy_target,
    ),
    "denoised": Domain(
        ("pred", "target", "log_snr"),
        _levelled,
        {
            "equal": fixed(_SPREAD, _SPREAD, _pair(0, 1)),
            "only data, only noise": fixed(_SPREAD, _ZEROS, _pair(np.inf, -np.inf)),
            "huge levels": fixed(_SPREAD, _ONES, _pair(1e4, -1e4)),
            "huge": fixed(_HUGE, -_HUGE, _pair(0, 3)),
            "no features": fixed(_NONE, _NONE, _pair(0, 3)),
        },
        (0, 1, 2),
        perfect=lambda given: Arguments((given.positional[1], *given.positional[1:])),
    ),
    "steps_back": Domain(
        ("pred", "noise", "fraction", "log_snr", "next_log_snr"),
        _steps_back,
        {
            "equal": fixed(_SPREAD, _SPREAD, 0 * _SPREAD, _pair(0, 1), _pair(1, 1)),
            "equal levels": fixed(_SPREAD, _ONES, 0 * _SPREAD + 1, _pair(0, 4), _pair(0, 4)),
            "a long way": fixed(_SPREAD, _ONES, 0 * _SPREAD + 0.5, _pair(-30, -1), _pair(20, 30)),
            "a short way": fixed(_SPREAD, _ONES, 0 * _SPREAD, _pair(-3, 7), _pair(-2.999, 7.001)),
            "huge": fixed(_HUGE, -_HUGE, 0 * _SPREAD + 1, _pair(0, 3), _pair(1, 3.5)),
            "no features": fixed(_NONE, _NONE, _NONE, _pair(0, 3), _pair(1, 4)),
        },
        (0, 1, 2, 3, 4),
        perfect=lambda given: Arguments(
            (
                given.positional[1],
                given.positional[1],
                0 * given.positional[2],
                *given.positional[3:],
            )
        ),
    ),
    "token_steps": Domain(
        ("logits", "labels", "arrival", "before"),
        _token_steps,
        {
            "no noise": fixed(*_CHANCES, _EYES),
            "masked": fixed(*_CHANCES, _ABSORBED),
            "even": fixed(*_CHANCES, 0 * _EYES + floats(np.array(1 / 3))),
            "huge": fixed(1e4 * _CHANCES[0], *_CHANCES[1:], _ABSORBED),
            "impossible": fixed(*_CHANCES[:2], 0 * _CHANCES[2], _ABSORBED),
        },
        labels=1,
    ),
    "noised": Domain(
        ("pred", "data", "noise", "sigma"),
        _mixed,
        {
            "zero": fixed(_ZEROS, _ZEROS, _ZEROS, _pair(1, 2)),
            "no noise": fixed(_SPREAD, _ONES, -_SPREAD, _pair(0, 0)),
            "little and huge noise": fixed(_SPREAD, _ONES, -_SPREAD, _pair(1e-4, 1e4)),
            "huge": fixed(_HUGE, -_HUGE, _SPREAD, _pair(0.5, 0.5)),
        },
        (0, 1, 2, 3),
    ),
    "scores_noise": Domain(
        ("pred", "noise", "sigma"),
        _levelled,
        {
            "zero": fixed(_ZEROS, _ZEROS, _pair(1, 2)),
            "no noise": fixed(_SPREAD, _ONES, _pair(0, 0)),
            "huge noise": fixed(_SPREAD, _ONES, _pair(1e4, 1)),
            "huge": fixed(_HUGE, -_HUGE, _pair(0.01, 1)),
        },
        (0, 1, 2),
        perfect=lambda given: Arguments(
            (0 * given.positional[0], 0 * given.positional[1], given.positional[2])
        ),
    ),
    "noisy_changes": Domain(
        ("pred", "noisy", "change", "directions"),
        _changes,
        {
            "zero": fixed(_ZEROS, _ZEROS, _ZEROS, _ZEROS),
            "a copy": fixed(_SPREAD, _SPREAD, _ONES, _ONES),
            "constant": fixed(_ONES, _SPREAD, _ZEROS, _SPREAD),
            "huge": fixed(_HUGE, -_HUGE, _HUGE, _HUGE),
        },
        (0, 1, 2, 3),
    ),
    "lines": Domain(
        ("pred", "noise", "data"),
        _lines,
        {
            "zero": fixed(_ZEROS, _ZEROS, _ZEROS),
            "right": fixed(_ONES, _SPREAD, _SPREAD + 1),
            "huge": fixed(_HUGE, -_HUGE, _HUGE),
        },
        (0, 1, 2),
        perfect=lambda given: Arguments(
            (given.positional[2] - given.positional[1], *given.positional[1:])
        ),
    ),
    "ends_taught": Domain(
        ("pred", "target"),
        pairs_of(normal),
        {
            "equal": fixed(_SPREAD, _SPREAD),
            "almost equal": fixed(_SPREAD, _SPREAD + floats(np.array(1e-6))),
            "huge": fixed(_HUGE, -_HUGE),
            "no features": fixed(_NONE, _NONE),
        },
        perfect=copy_target,
    ),
    "masked_tokens": Domain(
        ("logits", "labels", "rate"),
        _tokens,
        {
            "zero": fixed(0 * _MAPS, _TOKENS, _pair(0.5, 1)),
            "huge": fixed(np.stack([_HUGE, -_HUGE, _ZEROS], -1), _TOKENS, _pair(0.5, 1)),
            "nothing masked": fixed(_MAPS, _TOKENS, _pair(0, 0.1), where=_KEPT & False),
            "a rate of 0": fixed(_MAPS, _TOKENS, _pair(0, 0), where=_KEPT),
            "no tokens": fixed(_MAPS[:, :0], _TOKENS[:, :0], _pair(0.5, 1)),
        },
        (0, 2),
        labels=1,
        consumed=2,
    ),
    "log_ratios": Domain(
        ("log_scores", "log_ratios"),
        _ratios,
        {
            "equal": fixed(_SPREAD, _SPREAD),
            "almost equal": fixed(_SPREAD + floats(np.array(1e-3)), _SPREAD),
            "ratios of 0": fixed(_SPREAD, np.where(_KEPT, _SPREAD, -np.inf)),
            "scores of 0": fixed(-1e4 * _ONES, _SPREAD),
            "small": fixed(_SPREAD - 100, -120 * _ONES),
            "none": fixed(_SPREAD, _ONES, where=_KEPT & False),
        },
        perfect=copy_target,
    ),
}
