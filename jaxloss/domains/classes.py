"""What losses of skewed classes read: how often each class occurs, and what mistakes cost."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    copy_target,
    fixed,
    floats,
    labels,
    normal,
    pairs_of,
    positive,
    uniform,
)

_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_LEFT_OUT = floats(np.array([[0.0, 1.0, -np.inf, 2.0, -np.inf], [-np.inf, 0, 3, -np.inf, 1]]))
_CHOICES = np.array([1, 4], np.int32)
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))
_DEGREES = floats(np.array([[0, 1, 0.5, 0.25, 1], [1, 0, 0, 0.75, 0]]))
_COUNTS = np.array([100, 10, 0, 1, 1000], np.int32)
_FREQUENT = _COUNTS > 50
_TOTALS = floats(np.array([[3, 1, 0, 2, 0], [1, 10, 0, 0, 5]]))
_HISTOGRAM = floats(np.array([900, 50, 10, 5, 3, 1, 2, 4, 0, 25]))
_COSTS = floats(np.array([[0, 1, 2, 0.5, 1], [4, 0, 1, 1, 1], [1] * 5, [1] * 5, [9, 1, 1, 1, 0]]))


def _edges(*rest: Any, **options: Any) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of scores of two rows and five classes."""
    scores = {"zero scores": _ZEROS, "tied scores": _ONES, "huge scores": _HUGE}
    scores["huge reversed scores"] = -_HUGE
    return {name: fixed(score, *rest, **options) for name, score in scores.items()}


def _absent(*rest: Any, **options: Any) -> dict[str, Callable[[Generator], Arguments]]:
    return {
        "classes masked by -inf": fixed(_LEFT_OUT, *rest, **options),
        "all classes masked by -inf": fixed(np.full_like(_ZEROS, -np.inf), *rest, **options),
    }


def _of_classes(rng: Generator, size: int) -> dict[str, Any]:
    """What is known of each class; a loss takes of it what it asks for."""
    counts = rng.integers(1, 200, size).astype(np.int32)
    return {"counts": counts, "frequent": counts > 80}


def _of_training(rng: Generator, size: int) -> dict[str, Any]:
    known = {"totals": positive(rng, (2, size)), "histogram": _HISTOGRAM + 1, "examples": 300}
    return _of_classes(rng, size) | known


_KNOWN = {"counts": _COUNTS, "frequent": _FREQUENT}
_TRAINED = _KNOWN | {"totals": _TOTALS, "histogram": _HISTOGRAM, "examples": 1111}


def _skewed_labels(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores = normal(rng, (*batch, size))
    return Arguments((scores, labels(rng, batch, size)), _of_classes(rng, size))


def _skewed_distributions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    masses = floats(rng.dirichlet(np.ones(size), batch))
    return Arguments((normal(rng, (*batch, size)), masses), _of_classes(rng, size))


def _skewed_bits(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores = normal(rng, (*batch, size))
    return Arguments((scores, bits(rng, (*batch, size))), _of_training(rng, size))


def _skewed_items(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores = normal(rng, (*batch, size, 3))
    return Arguments((scores, labels(rng, (*batch, size), 3)), _of_classes(rng, 3))


def _degrees(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    """Degrees of yes, some of them exactly 0 and 1."""
    target = uniform(rng, (*batch, size)) * rng.integers(0, 2, (*batch, size))
    return Arguments((normal(rng, (*batch, size)), np.maximum(target, bits(rng, target.shape))))


def _positions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), floats((size - 1) * rng.uniform(size=batch))))


def _costly(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    table = positive(rng, (size, size))
    return Arguments((normal(rng, (*batch, size)), labels(rng, batch, size), table))


def _influential(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores, features = normal(rng, (*batch, size)), normal(rng, (*batch, 3))
    return Arguments((scores, labels(rng, batch, size), features))


def _counted_errors(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given: Arguments = pairs_of(normal)(rng, batch, size)
    return Arguments(given.positional, {"histogram": _HISTOGRAM + 1})


_FEATURES = floats(np.array([[1, -2, 0.5], [0, 0, 0]]))
_MAPS = np.stack([_SPREAD, _SPREAD[::-1], _ONES], axis=-1)
_CLASSES = np.array([[0, 1, 2, 1, 0], [2, 2, 0, 0, 2]], np.int32)
_OF_MAPS = {"counts": np.array([7, 0, 300], np.int32)}
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_ENDS = floats(np.array([0, 4]))

DOMAINS: Mapping[str, Domain] = {
    "skewed_labels": Domain(
        ("logits", "labels"),
        _skewed_labels,
        _edges(_CHOICES, **_KNOWN)
        | _absent(_CHOICES, **_KNOWN)
        | {
            "label that never occurred": fixed(_SPREAD, np.array([2, 2], np.int32), **_KNOWN),
            "nothing counted": fixed(
                _SPREAD, _CHOICES, counts=np.zeros(5, np.int32), frequent=np.zeros(5, bool)
            ),
        },
        labels=1,
    ),
    "skewed_distributions": Domain(
        ("logits", "target"),
        _skewed_distributions,
        _edges(_ONES / 5, **_KNOWN),
        (0, 1),
    ),
    "skewed_bits": Domain(
        ("logits", "target"),
        _skewed_bits,
        _edges(_BITS, **_TRAINED)
        | {
            "none right": fixed(_SPREAD, _ZEROS, **_TRAINED),
            "all right": fixed(_SPREAD, _ONES, **_TRAINED),
            "nothing known": fixed(
                _SPREAD,
                _BITS,
                counts=np.zeros(5, np.int32),
                frequent=np.zeros(5, bool),
                totals=np.zeros((2, 5), np.float32),
                histogram=np.zeros(10, np.float32),
                examples=2,
            ),
        },
    ),
    "skewed_items": Domain(
        ("logits", "labels"),
        _skewed_items,
        {
            "zero": fixed(np.zeros((2, 5, 3), np.float32), _CLASSES, **_OF_MAPS),
            "huge": fixed(np.stack([_HUGE, -_HUGE, _HUGE[::-1]], -1), _CLASSES, **_OF_MAPS),
            "one class": fixed(_MAPS, np.ones((2, 5), np.int32), **_OF_MAPS),
            "a class masked by -inf": fixed(
                _MAPS + floats(np.array([0, -np.inf, 0])), 0 * _CLASSES, **_OF_MAPS
            ),
            "some left out": fixed(_MAPS, _CLASSES, where=_KEPT, **_OF_MAPS),
            "all left out": fixed(_MAPS, _CLASSES, where=_KEPT & False, **_OF_MAPS),
            "no items": fixed(_MAPS[:, :0], _CLASSES[:, :0], **_OF_MAPS),
        },
        labels=1,
        consumed=2,
    ),
    "logits_degrees": Domain(("logits", "target"), _degrees, _edges(_DEGREES)),
    "bins_positions": Domain(
        ("logits", "target"),
        _positions,
        _edges(_ENDS)
        | _absent(floats(np.array([0.5, 1])))
        | {
            "right edge": fixed(_SPREAD, floats(np.array([4, 4]))),
            "one bin": fixed(_SPREAD[:, :1], floats(np.zeros(2))),
        },
        (0, 1),
        labels=1,
    ),
    "logits_labels_costs": Domain(
        ("logits", "labels", "costs"),
        _costly,
        _edges(_CHOICES, _COSTS) | _absent(_CHOICES, _COSTS),
        (0, 2),
        labels=1,
        shared=(2,),
    ),
    "logits_labels_features": Domain(
        ("logits", "labels", "features"),
        _influential,
        _edges(_CHOICES, _FEATURES) | _absent(_CHOICES, _FEATURES),
        (0, 2),
        labels=1,
    ),
    "counted_errors": Domain(
        ("pred", "target"),
        _counted_errors,
        {
            "both zero": fixed(_ZEROS, _ZEROS, histogram=_HISTOGRAM),
            "huge": fixed(_HUGE, -_HUGE, histogram=_HISTOGRAM),
            "one apart": fixed(_ONES, _ZEROS, histogram=_HISTOGRAM),
            "nothing known": fixed(_SPREAD, _ONES, histogram=np.zeros(10, np.float32)),
        },
        (0, 1),
        perfect=copy_target,
    ),
}
