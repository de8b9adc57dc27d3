"""What losses of uncertainty read: variances, evidence, a reserve beside the classes."""

from collections.abc import Mapping

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    fixed,
    floats,
    labels,
    normal,
    positive,
    uniform,
)

_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_LEFT_OUT = floats(np.array([[0.0, 1.0, -np.inf, 2.0, -np.inf], [-np.inf, 0, 3, -np.inf, 1]]))
_ONE_OUT = floats(np.where(np.arange(5) == 3, -np.inf, _SPREAD))
_ALL_OUT = np.full((2, 5), -np.inf, np.float32)
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_NONE = np.zeros((2, 5), bool)
_CHOICES = np.array([1, 2], np.int32)
_SAYINGS = np.array([1, 3], np.int32)


def _means_variances(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, shape), normal(rng, shape) / 2, normal(rng, shape)))


def _evidential(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    evidence = positive(rng, shape), 1 + positive(rng, shape), positive(rng, shape)
    return Arguments((normal(rng, shape), *evidence, normal(rng, shape)))


def _evidence(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((positive(rng, (*batch, size)), labels(rng, batch, size)))


def _concentrations(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((positive(rng, (*batch, size)), 1 + positive(rng, (*batch, size))))


def _risks(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((positive(rng, (*batch, size)), uniform(rng, (*batch, size))))


def _reserve(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size - 1)))


def _deferred(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores, right = _reserve(rng, batch, size).positional
    said = np.where(rng.uniform(size=batch) < 0.5, right, labels(rng, batch, size - 1))
    return Arguments((scores, right, said.astype(np.int32)))


def _but_the_last(given: Arguments) -> int:
    return given.positional[0].shape[-1] - 1


_RESERVE = {
    "zero scores": _ZEROS,
    "huge scores": _HUGE,
    "huge reversed scores": -_HUGE,
    "classes masked by -inf": _LEFT_OUT,
    "all classes masked by -inf": _ALL_OUT,
}

DOMAINS: Mapping[str, Domain] = {
    "means_variances": Domain(
        ("mean", "log_variance", "target"),
        _means_variances,
        {
            "right and sure": fixed(_ONES, -_ONES * 1e4, _ONES),
            "right and lost": fixed(_ONES, _ONES * 1e4, _ONES),
            "wrong and lost": fixed(_HUGE, np.abs(_HUGE), -_HUGE),
            "zero": fixed(_ZEROS, _ZEROS, _ZEROS),
            "huge errors": fixed(_HUGE, _ZEROS, -_HUGE),
        },
        (0, 1, 2),
    ),
    "evidential": Domain(
        ("mean", "nu", "alpha", "beta", "target"),
        _evidential,
        {
            "right": fixed(_ONES, _ONES, 2 * _ONES, _ONES, _ONES),
            "hardly any evidence": fixed(_SPREAD, _ONES / 1024, _ONES + 1 / 1024, _ONES, _ONES),
            "much evidence": fixed(_SPREAD, 1e3 * _ONES, 1e3 * _ONES, 1e3 * _ONES, _ONES),
            "huge errors": fixed(_HUGE, _ONES, 2 * _ONES, _ONES, -_HUGE),
        },
        (0, 1, 2, 3, 4),
    ),
    "evidence_labels": Domain(
        ("evidence", "labels"),
        _evidence,
        {
            "none": fixed(_ZEROS, _CHOICES),
            "much": fixed(1e4 * _ONES, _CHOICES),
            "for one": fixed(np.abs(_HUGE), _CHOICES),
            "one class": fixed(_ONES[:, :1], 0 * _CHOICES),
        },
        labels=1,
    ),
    "concentrations": Domain(
        ("concentration", "target"),
        _concentrations,
        {
            "equal": fixed(2 * _ONES, 2 * _ONES),
            "flat": fixed(100 * _ONES, _ONES),
            "sharp": fixed(_ONES, 1 + np.abs(_HUGE) / 100),
            "below 1": fixed(_ONES / 8, _ONES / 16),
        },
        (0, 1),
        perfect=lambda given: Arguments((given.positional[1], given.positional[1])),
    ),
    "logits": Domain(
        ("logits",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)),)),
        {name: fixed(scores) for name, scores in _RESERVE.items()},
    ),
    "risks_selections": Domain(
        ("risks", "selection"),
        _risks,
        {
            "all selected": fixed(_ONES, _ONES),
            "none selected": fixed(_ONES, _ZEROS),
            "tiny selections": fixed(np.abs(_HUGE), 1e-4 * _ONES),
            "some left out": fixed(np.abs(_SPREAD), _ONES / 2, where=_KEPT),
            "all left out": fixed(np.abs(_SPREAD), _ONES / 2, where=_NONE),
            "no examples": fixed(_ZEROS[:, :0], _ZEROS[:, :0]),
        },
        (0, 1),
    ),
    "logits_labels_reserve": Domain(
        ("logits", "labels"),
        _reserve,
        {name: fixed(scores, _CHOICES) for name, scores in _RESERVE.items()},
        labels=1,
        classes=_but_the_last,
    ),
    "logits_labels_experts": Domain(
        ("logits", "labels", "expert"),
        _deferred,
        {
            name: fixed(scores, _CHOICES, _SAYINGS)
            for name, scores in _RESERVE.items()
            if name != "classes masked by -inf"  # among them the label, or the expert
        }
        | {"a class masked by -inf": fixed(_ONE_OUT, _CHOICES, _SAYINGS)},
        labels=1,
        classes=_but_the_last,
    ),
}
