"""What losses of wrong, weak and ordered labels read."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from jaxloss.domains import samples
from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    fixed,
    floats,
    labels,
    normal,
    simplex,
)

_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_LEFT_OUT = floats(np.array([[0.0, 1.0, -np.inf, 2.0, -np.inf], [-np.inf, 0, 3, -np.inf, 1]]))
_CHOICES = np.array([1, 4], np.int32)
_OTHERS = np.array([0, 1], np.int32)
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 1, 0, 0, 1]]))
_SURE = floats(np.eye(5)[[2, 4]])
_NOISE = floats(0.75 * np.eye(5) + 0.05)
# One label that is always right, and two that are never seen of each other.
_SOME_NOISE = floats(
    np.array(
        [
            [1, 0, 0, 0, 0],
            [0, 0.75, 0.25, 0, 0],
            [0, 0.25, 0.75, 0, 0],
            [0.125, 0, 0, 0.875, 0],
            [0, 0, 0.5, 0, 0.5],
        ]
    )
)


def _edges(*rest: Any) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of scores of two rows and five classes."""
    scores = {
        "zero scores": _ZEROS,
        "tied scores": _ONES,
        "huge scores": _HUGE,
        "huge reversed scores": -_HUGE,
        "classes masked by -inf": _LEFT_OUT,
        "all classes masked by -inf": np.full_like(_ZEROS, -np.inf),
    }
    return {name: fixed(score, *rest) for name, score in scores.items()}


def _averages(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    average = floats(0.75 * simplex(rng, (*batch, size)))
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size), average))


def _transitions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    table = floats(0.625 * np.eye(size) + 0.375 * simplex(rng, (size, size)))
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size), table))


def _peers(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    one, other = (
        (normal(rng, (*batch, size)), labels(rng, batch, size)) for _ in ("own", "of the peer")
    )
    return Arguments((*one, *other))


def _candidates(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), bits(rng, (*batch, size))))


def _levels(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size + 1)))


def _thresholds(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape, steps = (*batch, size), floats(rng.uniform(0.25, 2, 4))
    levels = np.cumsum(steps, dtype=np.float32) - 3
    return Arguments((normal(rng, shape), labels(rng, shape, 5), levels))


def _items(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 3)), labels(rng, (*batch, size), 3)))


def _fixed_scores(*rest: Any, names: str = "zero tied huge reversed") -> Any:
    scores = {"zero": _ZEROS, "tied": _ONES, "huge": _HUGE, "reversed": -_HUGE}
    return {name: fixed(scores[name], *rest) for name in names.split()}


_LEVELS = floats(np.array([-1, 0, 0.5, 2]))
_RANKS = np.array([[0, 4, 2, 1, 3], [4, 0, 1, 2, 3]], np.int32)
_MAPS = np.stack([_SPREAD, _SPREAD[::-1], _ONES], axis=-1)
_CLASSES = np.array([[0, 1, 2, 1, 0], [2, 2, 0, 0, 2]], np.int32)
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_NONE = np.zeros(2, np.int32)
_PRIOR = floats(np.array(0.625))
_LISTS = samples.DOMAINS["lists_bits"]


def _with_prior(draw: Callable[..., Arguments]) -> Callable[..., Arguments]:
    """The same lists, of which is known how many of all examples are positive."""

    def drawn(*shape: Any) -> Arguments:
        given = draw(*shape)
        return Arguments(given.positional, {**given.options, "prior": _PRIOR})

    return drawn


DOMAINS: Mapping[str, Domain] = {
    "logits_any_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)), labels(rng, batch, size))),
        _edges(_CHOICES)
        | {
            "one class": fixed(_SPREAD[:, :1], _NONE),
            "one class left": fixed(
                _SPREAD + floats(np.array([-np.inf, 0] + [-np.inf] * 3)), _NONE + 1
            ),
        },
        labels=1,
    ),
    "logits_levels": Domain(
        ("logits", "labels"),
        _levels,
        _fixed_scores(np.array([0, 5], np.int32)) | {"one class": fixed(_ZEROS[:, :0], _NONE)},
        labels=1,
        classes=lambda given: given.positional[0].shape[-1] + 1,
    ),
    "scores_labels_thresholds": Domain(
        ("scores", "labels", "thresholds"),
        _thresholds,
        _fixed_scores(_RANKS, _LEVELS)
        | {
            "on thresholds": fixed(
                floats(np.array([[-1, 2, 0.5, 0, 2], _ONES[0]])), _RANKS, _LEVELS
            ),
            "at the margin": fixed(
                floats(np.array([[-2, 3, 0, 0, 1], _ZEROS[0]])), _RANKS, _LEVELS
            ),
            "thresholds tie": fixed(_SPREAD, _RANKS, _LEVELS * 0),
            "huge thresholds": fixed(_SPREAD, _RANKS, 1e4 * _LEVELS),
            "one class": fixed(_SPREAD, 0 * _RANKS, _LEVELS[:0]),
        },
        (0, 2),
        labels=1,
        classes=lambda given: given.positional[2].shape[-1] + 1,
        shared=(2,),
    ),
    "items_labels": Domain(
        ("logits", "labels"),
        _items,
        {
            "zero": fixed(0 * _MAPS, _CLASSES),
            "huge": fixed(np.stack([_HUGE, -_HUGE, _HUGE[::-1]], -1), _CLASSES),
            "all right": fixed(floats(1e4 * np.eye(3)[_CLASSES]), _CLASSES),
            "all as far off as can be": fixed(
                floats(1e4 * np.eye(3)[2 - _CLASSES // 2 * 2]), _CLASSES // 2 * 2
            ),
            "one label": fixed(_MAPS, np.ones((2, 5), np.int32)),
            "one label and prediction": fixed(floats(1e4 * np.eye(3)[_CLASSES * 0]), _CLASSES * 0),
            "a class masked by -inf": fixed(_MAPS + floats(np.array([0, -np.inf, 0])), _CLASSES),
            "all classes masked by -inf": fixed(np.full_like(_MAPS, -np.inf), _CLASSES),
            "some left out": fixed(_MAPS, _CLASSES, where=_KEPT),
            "all left out": fixed(_MAPS, _CLASSES, where=_KEPT & False),
            "no items": fixed(_MAPS[:, :0], _CLASSES[:, :0]),
            "one class": fixed(_MAPS[..., :1], _CLASSES * 0),
        },
        labels=1,
        consumed=2,
    ),
    "logits_labels_averages": Domain(
        ("logits", "labels", "average"),
        _averages,
        _edges(_CHOICES, _ONES / 8)
        | {
            "no average yet": fixed(_SPREAD, _CHOICES, _ZEROS),
            "sure average": fixed(_SPREAD, _CHOICES, _SURE),
            "sure and huge": fixed(_HUGE, _CHOICES, _SURE),
            "one class": fixed(_SPREAD[:, :1], np.zeros(2, np.int32), _ZEROS[:, :1]),
        },
        labels=1,
    ),
    "logits_labels_transitions": Domain(
        ("logits", "labels", "transition"),
        _transitions,
        _edges(_CHOICES, _NOISE)
        | {
            "no noise": fixed(_HUGE, _CHOICES, floats(np.eye(5))),
            "some noise": fixed(_SPREAD, _CHOICES, _SOME_NOISE),
            "some noise, huge scores": fixed(_HUGE, _CHOICES, _SOME_NOISE),
            "one class": fixed(_SPREAD[:, :1], np.zeros(2, np.int32), _ONES[:1, :1]),
        },
        (0, 2),
        labels=1,
        shared=(2,),
    ),
    "logits_labels_peers": Domain(
        ("logits", "labels", "peer_logits", "peer_labels"),
        _peers,
        _edges(_CHOICES, _SPREAD, _OTHERS)
        | {
            "huge peers": fixed(_SPREAD, _CHOICES, -_HUGE, _OTHERS),
            "itself": fixed(_HUGE, _CHOICES, _HUGE, _CHOICES),
        },
        (0, 2),
        labels=1,
    ),
    "logits_candidates": Domain(
        ("logits", "target"),
        _candidates,
        _edges(_BITS)
        | {
            "no candidate": fixed(_SPREAD, _ZEROS),
            "all are candidates": fixed(_HUGE, _ONES),
            "one class": fixed(_SPREAD[:, :1], _ONES[:, :1]),
        },
    ),
    "lists_labelled": replace(
        _LISTS,
        draw=_with_prior(_LISTS.draw),
        edges={name: _with_prior(edge) for name, edge in _LISTS.edges.items()},
    ),
}
