"""What losses of many views, of regions and of patches read, with what these are compared by.

Items are on the axis before the features, and views of an item, or patches of an image, between.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, normal

_DIM, _VIEWS, _WAYS, _PATCHES, _OTHERS = 3, 3, 2, 3, 2
_SPREAD = floats(np.array([[1, 0, 2], [0, 2, -1], [-1, 1, 0], [2, -1, -2]]))
_OTHER = floats(np.array([[0, 1, 1], [2, 0, -1], [1, 1, -1], [0, -2, 1]]))
_AXES = floats(np.eye(_DIM)[:_WAYS])
_TILTED = floats(np.array([[0.6, 0.8, 0], [0, -0.8, 0.6]]))
_HUGE = 1e4 * floats(np.array([[1, 1, -1], [-1, 1, 1], [1, -1, 1], [-1, -1, -1]]))
_POINTS = floats(np.array([0.25, 0.125, 0.375, 0, 0.25]))
_PRIOR = floats(np.array([0.5, 0.3125, 0.1875]))
_PAIRS = np.array([0, 0, 1, 1], np.int32)
_CHANGED = np.array([0, 1, 1, 2], np.int32)
_GRID = floats(np.array([[0, 0], [0, 1], [1, 0]]))
_KEPT = np.array([True, False, True, True])


def _unit(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    drawn = rng.standard_normal(shape)
    return floats(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))


def _near(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Vectors about as long as those of unit length, for which temperatures are made."""
    return floats(0.4 * rng.standard_normal(shape))


def _seen(views: tuple[int, ...]) -> Callable[[Generator, tuple[int, ...], int], Arguments]:
    """Items, or views of them, and the directions that they are seen from."""
    return lambda rng, batch, size: Arguments(
        (normal(rng, (*batch, size, *views, _DIM)), _unit(rng, (_WAYS, _DIM)))
    )


def _triplets(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((*(normal(rng, (*batch, size)) for _ in range(3)), _POINTS))


def _regions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    pred, own = (_near(rng, (*batch, size, _DIM)) for _ in range(2))
    labels, others = (
        rng.integers(0, 3, (*batch, count)).astype(np.int32) for count in (size, _OTHERS)
    )
    return Arguments((pred, own, _near(rng, (*batch, _OTHERS, _DIM)), labels, others))


def _found(rng: Generator, batch: tuple[int, ...], size: int) -> tuple[Any, ...]:
    return _near(rng, (*batch, size, _VIEWS, _DIM)), _near(rng, (*batch, size, _DIM))


def _patches(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shapes = [(*batch, size, count, dim) for dim in (_DIM, 2) for count in (_PATCHES, _OTHERS)]
    return Arguments(tuple(normal(rng, shape) for shape in shapes))


def _taught(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, _DIM)), normal(rng, (*batch, size, _OTHERS))))


def _views(*items: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack(items, axis=-2)


_SETS = {
    "zero vectors": (0 * _SPREAD, _TILTED),
    "identical": (0 * _SPREAD + 1, _TILTED),
    "twins": (_SPREAD[_PAIRS], _TILTED),
    "huge": (_HUGE, _AXES),
    "a batch of one": (_SPREAD[:1], _TILTED),
    "nothing to see": (_SPREAD, 0 * _TILTED),
    "no directions": (_SPREAD, _TILTED[:0]),
}
_MANY = {
    "zero vectors": (_views(*3 * [0 * _SPREAD]), _TILTED),
    "identical": (_views(*3 * [0 * _SPREAD + 1]), _TILTED),
    "equal views": (_views(*3 * [_SPREAD]), _TILTED),
    "different views": (_views(_SPREAD, _OTHER, -_SPREAD), _TILTED),
    "a constant feature": (_views(*3 * [_SPREAD * _AXES.sum(0)]), _TILTED),
    "huge": (_views(_HUGE, -_HUGE, _HUGE), _AXES),
    "a batch of one": (_views(_SPREAD, _OTHER, _SPREAD)[:1], _TILTED),
}
_SCORES = {
    "zero": (0 * _views(*3 * [_SPREAD]), 0 * _SPREAD),
    "equal": (_views(*3 * [_SPREAD]) / 4, _SPREAD / 4),
    "identical": (_views(*3 * [0 * _SPREAD + 1]), 0 * _SPREAD + 1),
    "huge": (_views(_HUGE, -_HUGE, _HUGE), _SPREAD),
    "a batch of one": (_views(_SPREAD, _OTHER, _SPREAD)[:1], _SPREAD[:1]),
}
_REGIONS = {
    "zero vectors": (*3 * [0 * _SPREAD], _PAIRS, _PAIRS),
    "identical": (*3 * [0 * _SPREAD + 1], _PAIRS, _CHANGED),
    "equal views": (*3 * [_SPREAD], np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32)),
    "one region": (_SPREAD, _SPREAD, _OTHER, 0 * _PAIRS, 0 * _PAIRS),
    "nothing shared": (_SPREAD, _SPREAD, _OTHER, _PAIRS, _PAIRS + 2),
    "huge": (_HUGE, -_HUGE, _HUGE, _PAIRS, _CHANGED),
    "a batch of one": (_SPREAD[:1], _OTHER[:1], _SPREAD[:1], _PAIRS[:1], _PAIRS[:1]),
    "no other view": (_SPREAD, _SPREAD, _OTHER[:0], _PAIRS, _PAIRS[:0]),
}
_ONE = np.stack([_SPREAD[:3], _OTHER[:3], _HUGE[:3] / 1e4])
_TWO = np.stack([_OTHER[1:], _SPREAD[1:], -_HUGE[1:] / 1e4])
_PLACES = np.stack(3 * [_GRID])
_DENSE = {
    "zero": (0 * _ONE, 0 * _TWO, _PLACES, _PLACES),
    "identical": (0 * _ONE + 1, 0 * _TWO + 1, _PLACES, _PLACES[:, ::-1].copy()),
    "equal views": (_ONE, _ONE, _PLACES, _PLACES),
    "all at one place": (_ONE, _TWO, 0 * _PLACES, 0 * _PLACES),
    "far away": (_ONE, _TWO, _PLACES, _PLACES + 1e4),
    "huge": (1e4 * _ONE, 1e4 * _TWO, _PLACES, _PLACES),
    "one image": (_ONE[:1], _TWO[:1], _PLACES[:1], _PLACES[:1]),
    "no patches": (_ONE, _TWO[:, :0], _PLACES, _PLACES[:, :0]),
}
_FEW = _OTHER[:, :2]


def _edges(table: Mapping[str, tuple[Any, ...]], *more: Any) -> dict[str, Any]:
    return {name: fixed(*given, *more) for name, given in table.items()}


DOMAINS: Mapping[str, Domain] = {
    "triplets_frequencies": Domain(
        ("anchor", "positive", "negative", "frequencies"),
        _triplets,
        {
            "zero vectors": fixed(*3 * [0 * _SPREAD], _POINTS),
            "all alike": fixed(*3 * [_SPREAD], _POINTS),
            "positive alike": fixed(_SPREAD, _SPREAD, _OTHER, _POINTS),
            "negative alike": fixed(_SPREAD, _OTHER, _SPREAD, _POINTS),
            "opposite": fixed(_SPREAD, -_SPREAD, _SPREAD, _POINTS),
            "huge": fixed(_HUGE, -_HUGE, _HUGE, _POINTS),
            "no frequencies": fixed(_SPREAD, _OTHER, _SPREAD[::-1].copy(), 0 * _POINTS),
        },
        (0, 1, 2),
        shared=(3,),
    ),
    "seen_items": Domain(
        ("embeddings", "directions"),
        _seen(()),
        _edges(_SETS),
        (0, 1),
        consumed=2,
        shared=(1,),
    ),
    "seen_views": Domain(
        ("embeddings", "directions"),
        _seen((_VIEWS,)),
        _edges(_MANY),
        (0, 1),
        consumed=3,
        shared=(1,),
        lone=False,
    ),
    "views_taught": Domain(
        ("student", "teacher"),
        lambda rng, batch, size: Arguments(_found(rng, batch, size)),
        _edges(_SCORES),
        consumed=3,
    ),
    "views_taught_prior": Domain(
        ("student", "teacher", "prior"),
        lambda rng, batch, size: Arguments((*_found(rng, batch, size), _PRIOR)),
        _edges(_SCORES, _PRIOR),
        consumed=3,
        shared=(2,),
    ),
    "regions": Domain(
        ("pred", "own", "other", "labels", "other_labels"),
        _regions,
        _edges(_REGIONS),
        (0, 1, 2),
        lone=False,
    ),
    "dense_views": Domain(
        ("x", "y", "x_places", "y_places"),
        _patches,
        _edges(_DENSE),
        (0, 1),
        consumed=3,
    ),
    "patches_of_teacher": Domain(
        ("features", "teacher_features"),
        _taught,
        {
            "zero": fixed(0 * _SPREAD, 0 * _FEW),
            "equal": fixed(_SPREAD, _SPREAD),
            "identical": fixed(0 * _SPREAD + 1, _FEW),
            "identical to the teacher": fixed(_SPREAD, 0 * _FEW + 1),
            "twins": fixed(_SPREAD[_PAIRS], _FEW),
            "huge": fixed(_HUGE, 1e4 * _FEW),
            "padding": fixed(
                np.where(_KEPT[:, None], _SPREAD, np.nan),
                np.where(_KEPT[:, None], _FEW, np.nan),
                where=_KEPT,
            ),
            "all padding": fixed(np.nan * _SPREAD, np.nan * _FEW, where=_KEPT & False),
            "one patch": fixed(_SPREAD[:1], _FEW[:1]),
            "no patches": fixed(_SPREAD[:0], _FEW[:0]),
        },
        consumed=2,
    ),
}
