"""What losses of whole lists read: scores to rank, ensembles, samples, survival times, pixels."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    fixed,
    floats,
    labels,
    normal,
)

_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_TIED = floats(np.array([[1, 1, 2, 2, 2], [0, -1, -1, 0, -1]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_CLUSTERS = floats(
    np.array([[1e4, 1e4 + 1, 1e4 - 2, -1e4, 1 - 1e4], [-1e4, 5 - 1e4, 1e4, 1e4 - 1, 2 - 1e4]])
)
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_NONE = np.zeros((2, 5), bool)

_SCORES = {
    "zero": _ZEROS,
    "all tied": _ONES,
    "some tied": _TIED,
    "huge": _HUGE,
    "huge reversed": -_HUGE,
    "close and huge": _CLUSTERS,
}
Edges = dict[str, Callable[[Generator], Arguments]]


def _each(lists: Mapping[str, NDArray[Any]], *rest: Any, **options: Any) -> Edges:
    return {name: fixed(values, *rest, **options) for name, values in lists.items()}


def _lists_bits(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), bits(rng, (*batch, size))))


def _ensembles(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), normal(rng, batch)))


def _all_right(given: Arguments) -> Arguments:
    pred, target = given.positional
    return Arguments((np.repeat(target[..., None], pred.shape[-1], -1), target), given.options)


def _two_samples(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), 1 + normal(rng, (*batch, size + 2))))


def _two_sets(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 2)), 1 + normal(rng, (*batch, size + 1, 2))))


def _copy_of_second(given: Arguments) -> Arguments:
    return Arguments((given.positional[1], given.positional[1]), given.options)


def _survival(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    """Few different times, so that events tie with events and with those lost from sight."""
    times = floats(rng.integers(1, 4, (*batch, size)) / 2)
    return Arguments((normal(rng, (*batch, size)), times, bits(rng, (*batch, size))))


def _pixels(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 3)), labels(rng, (*batch, size), 3)))


_TIMES = floats(np.array([[1, 2, 2, 3, 1], [5, 5, 4, 1, 5]]))
_WEIGHTS = floats(np.array([[0, 1, 2, 0.5, 0], [3, 0, 0, 0, 0]]))
_SET = floats(np.array([[[1, 0], [0, 2], [-1, 1]], [[0.5, 2], [0.5, 2], [-3, 0]]]))
_CLASSES = np.array([[0, 1, 2, 1, 0], [2, 2, 0, 0, 2]], np.int32)
_MAPS = np.stack([_SPREAD, _SPREAD[::-1], _TIED], axis=-1)

DOMAINS: Mapping[str, Domain] = {
    "lists_bits": Domain(
        ("logits", "target"),
        _lists_bits,
        _each(_SCORES, _BITS)
        | {
            "only ones": fixed(_SPREAD, _ONES),
            "only zeros": fixed(_SPREAD, _ZEROS),
            "one positive": fixed(_SPREAD[:, :1], np.ones((2, 1), np.float32)),
            "one negative": fixed(_SPREAD[:, :1], np.zeros((2, 1), np.float32)),
            "some left out": fixed(_SPREAD, _BITS, where=_KEPT),
            "all left out": fixed(_SPREAD, _BITS, where=_NONE),
            "empty lists": fixed(_ZEROS[:, :0], _ZEROS[:, :0]),
        },
    ),
    "ensembles": Domain(
        ("pred", "target"),
        _ensembles,
        _each(_SCORES, floats(np.array([1, -1])))
        | {
            "all equal and right": fixed(_ONES, np.ones(2, np.float32)),
            "all equal and huge": fixed(1e4 * _ONES, np.full(2, -1e4, np.float32)),
            "below all members": fixed(_SPREAD, np.full(2, -7, np.float32)),
            "one member": fixed(_SPREAD[:, :1], np.ones(2, np.float32)),
            "some left out": fixed(_SPREAD, np.ones(2, np.float32), where=_KEPT),
            "all left out": fixed(_SPREAD, np.ones(2, np.float32), where=_NONE),
            "no members": fixed(_ZEROS[:, :0], np.ones(2, np.float32)),
        },
        (0, 1),
        perfect=_all_right,
    ),
    "samples": Domain(
        ("x", "y"),
        _two_samples,
        _each(_SCORES, _SPREAD[:, :3])
        | {
            "equal": fixed(_SPREAD, _SPREAD),
            "equal and tied": fixed(_TIED, _TIED),
            "equal and huge": fixed(_HUGE, _HUGE),
            "opposite and huge": fixed(1e4 * _ONES, -1e4 * _ONES),
            "one point each": fixed(_SPREAD[:, :1], _ONES[:, :1]),
            "one point that is shared": fixed(_ONES[:, :1], _ONES[:, :1]),
            "one against many": fixed(_ONES[:, :1], _TIED),
            "some points without weight": fixed(_TIED, _SPREAD, x_weights=_WEIGHTS),
            "no weight": fixed(_TIED, _SPREAD, x_weights=_ZEROS, y_weights=_WEIGHTS),
            "tiny weights": fixed(_SPREAD, _TIED, x_weights=1e-12 * _WEIGHTS),
            "an empty sample": fixed(_SPREAD, _ZEROS[:, :0]),
        },
        (0, 1),
        perfect=_copy_of_second,
    ),
    "vector_samples": Domain(
        ("x", "y"),
        _two_sets,
        {
            "equal": fixed(_SET, _SET),
            "all at one place": fixed(np.ones((2, 3, 2), np.float32), np.ones((2, 4, 2))),
            "huge": fixed(1e4 * _SET[:1], -1e4 * _SET[:1]),
            "twins": fixed(_SET[1:], _SET[1:]),
            "one vector each": fixed(_SET[:, :1], _SET[:, 1:2]),
            "an empty sample": fixed(_SET, _SET[:, :0]),
        },
        (0, 1),
        consumed=2,
    ),
    "survival": Domain(
        ("log_hazard", "time", "event"),
        _survival,
        _each(_SCORES, _TIMES, _BITS)
        | {f"{name}, only events": edge for name, edge in _each(_SCORES, _TIMES, _ONES).items()}
        | {
            "no event": fixed(_SPREAD, _TIMES, _ZEROS),
            "all at one time": fixed(_SPREAD, _ONES, _ONES),
            "all different times": fixed(_SPREAD, np.argsort(_SPREAD).astype(np.float32), _ONES),
            "huge times": fixed(_SPREAD, _HUGE, _BITS),
            "one event": fixed(_SPREAD[:, :1], _ONES[:, :1], _ONES[:, :1]),
            "one who was lost": fixed(_SPREAD[:, :1], _ONES[:, :1], _ZEROS[:, :1]),
            "some left out": fixed(_SPREAD, _TIMES, _BITS, where=_KEPT),
            "all left out": fixed(_SPREAD, _TIMES, _BITS, where=_NONE),
            "empty lists": fixed(_ZEROS[:, :0], _ZEROS[:, :0], _ZEROS[:, :0]),
        },
    ),
    "pixels_labels": Domain(
        ("logits", "labels"),
        _pixels,
        {
            "zero": fixed(np.zeros((2, 5, 3), np.float32), _CLASSES),
            "tied": fixed(np.stack([_TIED, _TIED[::-1], _TIED], -1), _CLASSES),
            "huge": fixed(np.stack([_HUGE, -_HUGE, _HUGE[::-1]], -1), _CLASSES),
            "certain and right": fixed(floats(100 * np.eye(3))[_CLASSES], _CLASSES),
            "one class": fixed(_MAPS, np.zeros((2, 5), np.int32)),
            "one pixel": fixed(_MAPS[:, :1], _CLASSES[:, :1]),
            "a class masked by -inf": fixed(_MAPS + floats(np.array([0, -np.inf, 0])), _CLASSES),
            "some left out": fixed(_MAPS, _CLASSES, where=_KEPT),
            "all left out": fixed(_MAPS, _CLASSES, where=_NONE),
            "no pixels": fixed(_MAPS[:, :0], _CLASSES[:, :0]),
        },
        labels=1,
        consumed=2,
    ),
}
