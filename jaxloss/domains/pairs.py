"""What losses of pairs read: sets of vectors, whose items know of each other.

Items are on the axis before the features. A value for each item depends on all items of its set;
sets stand alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, normal, pairs_of

_DIM, _WIDE = 3, 11
_ZEROS = np.zeros((4, _DIM), np.float32)
_ONES = np.ones((4, _DIM), np.float32)
_SPREAD = floats(np.array([[1, 0, 2], [0, 2, -1], [-1, 1, 0], [2, -1, -2]]))
_HUGE = 1e4 * floats(np.array([[1, 1, -1], [-1, 1, 1], [1, -1, 1], [-1, -1, -1]]))
_TWINS = _SPREAD[[0, 0, 1, 1]]
_ONE_ZERO = _SPREAD * floats(np.array([[0], [1], [1], [1]]))
_ONE_CONSTANT = _SPREAD * floats(np.array([1, 0, 1])) + floats(np.array([0, 0.1, 0]))
_ONE_HUGE = floats(np.eye(2, _WIDE) * 1e4 + np.eye(2, _WIDE, 1) * 3)
_PAIRS = np.array([0, 0, 1, 1], np.int32)


def _vectors(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Vectors about as long as those of unit length, for which temperatures are made."""
    return floats(0.4 * rng.standard_normal(shape))


def _groups(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Labels of which two are had by several items each; they need not count from 0."""
    labels = np.broadcast_to(np.arange(shape[-1]) % 2, shape)
    return (7 - 10 * rng.permuted(labels, axis=-1)).astype(np.int32)


def _two_views(dim: int) -> Callable[[Generator, tuple[int, ...], int], Arguments]:
    return lambda rng, batch, size: Arguments(
        (_vectors(rng, (*batch, size, dim)), _vectors(rng, (*batch, size, dim)))
    )


def _one_view(dim: int) -> Callable[[Generator, tuple[int, ...], int], Arguments]:
    return lambda rng, batch, size: Arguments((_vectors(rng, (*batch, size, dim)),))


_ITEM_EDGES = {
    "zero vectors": _ZEROS,
    "one zero vector": _ONE_ZERO,
    "identical": _ONES,
    "twins": _TWINS,
    "huge": _HUGE,
    "a batch of one": _SPREAD[:1],
}
_FEATURE_EDGES = _ITEM_EDGES | {"a constant feature": _ONE_CONSTANT}
_WIDE_EDGES = {
    "zero vectors": np.zeros((2, _WIDE), np.float32),
    "features all alike": np.ones((2, _WIDE), np.float32) * floats(np.array([[1], [-1]])),
    "one huge feature": _ONE_HUGE,
    "all features huge": np.tile(_HUGE[:2], (1, 4))[:, :_WIDE],
    "a batch of one": np.ones((1, _WIDE), np.float32),
}


def _against(
    edges: Mapping[str, NDArray[np.float32]], other: Callable[[NDArray[np.float32]], Any]
) -> dict[str, Callable[[Generator], Arguments]]:
    return {name: fixed(x, other(x)) for name, x in edges.items()}


def _views_of(
    edges: Mapping[str, NDArray[np.float32]], huge: str
) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of two views: equal ones, and what is huge against its opposite."""
    return _against(edges, lambda x: x) | {f"{huge}, reversed": fixed(edges[huge], -edges[huge])}


_LABELLED = Domain(
    ("embeddings", "labels"),
    lambda rng, batch, size: Arguments(
        (_vectors(rng, (*batch, size, _DIM)), _groups(rng, (*batch, size)))
    ),
    _against(_ITEM_EDGES, lambda x: _PAIRS[: len(x)])
    | {
        "one label": fixed(_SPREAD, np.full(4, -3, np.int32)),
        "all labels different": fixed(_SPREAD, np.arange(4, dtype=np.int32)),
        "twins of different labels": fixed(_TWINS, _PAIRS[[0, 2, 0, 2]]),
    },
    lone=False,
)
_PARTNERS = Domain(("x", "y"), _two_views(_DIM), _views_of(_ITEM_EDGES, "huge"), (0, 1), lone=False)
_COVARIANCE = floats(np.array([[0.5, 0.1, 0], [0.1, 0.25, -0.2], [0, -0.2, 0.25]]))
_CENTER = floats(np.array([0.5, 0, -0.25]))


def _triplets(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments(tuple(normal(rng, (*batch, size)) for _ in range(3)))


def _taught(shape: Callable[[tuple[int, ...], int], tuple[int, ...]]) -> Any:
    """Scores of a student, those of a teacher, and the centre of these."""
    return lambda rng, batch, size: Arguments(
        (_vectors(rng, shape(batch, size)), _vectors(rng, shape(batch, size)), _CENTER)
    )


_TAUGHT_EDGES = {
    "zero": fixed(_ZEROS, _ZEROS, 0 * _CENTER),
    "equal": fixed(_SPREAD, _SPREAD, _CENTER),
    "huge": fixed(_HUGE, -_HUGE, _CENTER),
}

_MANY_VIEWS = Domain(
    ("embeddings",),
    lambda rng, batch, size: Arguments((_vectors(rng, (*batch, size, 2, _DIM)),)),
    {
        "zero": fixed(np.stack([_ZEROS, _ZEROS], 1)),
        "identical": fixed(np.stack([_ONES, _ONES], 1)),
        "equal views": fixed(np.stack([_SPREAD, _SPREAD], 1)),
        "opposite views": fixed(np.stack([_SPREAD, -_SPREAD], 1)),
        "huge": fixed(np.stack([_HUGE, _HUGE], 1)),
        "a batch of one": fixed(np.stack([_SPREAD, _ONES], 1)[:1]),
    },
    consumed=3,
    lone=False,
)

DOMAINS: Mapping[str, Domain] = {
    "partners": _PARTNERS,
    "moderate_partners": replace(
        _PARTNERS, edges={k: v for k, v in _PARTNERS.edges.items() if "huge" not in k}
    ),
    "labelled_items": _LABELLED,
    # Scores that differ by as little as a sharp temperature can tell apart.
    "close_items": replace(
        _LABELLED,
        draw=lambda rng, batch, size: Arguments(
            (_vectors(rng, (*batch, size, _DIM)) / 4, _groups(rng, (*batch, size)))
        ),
    ),
    "labelled_sets": replace(_LABELLED, consumed=2),
    "triplets": Domain(
        ("anchor", "positive", "negative"),
        _triplets,
        {
            "zero vectors": fixed(_ZEROS, _ZEROS, _ZEROS),
            "all alike": fixed(_SPREAD, _SPREAD, _SPREAD),
            "positive alike": fixed(_SPREAD, _SPREAD, _ONES),
            "negative alike": fixed(_SPREAD, _ONES, _SPREAD),
            "huge": fixed(_HUGE, -_HUGE, _HUGE),
        },
        (0, 1, 2),
    ),
    "predictions_projections": Domain(
        ("pred", "target"),
        pairs_of(normal),
        {
            "zero vectors": fixed(_ZEROS, _ONES),
            "zero targets": fixed(_ONES, _ZEROS),
            "equal": fixed(_SPREAD, _SPREAD),
            "huge": fixed(_HUGE, -_HUGE),
        },
    ),
    "scores_taught": Domain(
        ("student", "teacher", "center"),
        _taught(lambda batch, size: (*batch, _DIM)),
        _TAUGHT_EDGES,
        shared=(2,),
    ),
    "patches_taught": Domain(
        ("student", "teacher", "center"),
        _taught(lambda batch, size: (*batch, size, _DIM)),
        _TAUGHT_EDGES,
        consumed=2,
        shared=(2,),
        lone=False,
    ),
    "scores_of_taught_items": replace(
        _PARTNERS,
        arguments=("student", "teacher"),
        edges=_views_of(_ITEM_EDGES, "huge"),
        floating=(0,),
    ),
    "views_covariance": Domain(
        ("x", "y", "covariance"),
        lambda rng, batch, size: Arguments(
            (_vectors(rng, (*batch, _DIM)), _vectors(rng, (*batch, _DIM)), _COVARIANCE)
        ),
        {
            "zero vectors": fixed(_ZEROS, _ONES, _COVARIANCE),
            "equal": fixed(_SPREAD, _SPREAD, _COVARIANCE),
            "huge": fixed(_HUGE, -_HUGE, 0 * _COVARIANCE),
        },
        (0, 1),
        shared=(2,),
    ),
    "many_views": _MANY_VIEWS,
    # Of which directions alone are looked at, with slopes that do not dwarf what else there is.
    "many_long_views": replace(
        _MANY_VIEWS,
        draw=lambda rng, batch, size: Arguments((normal(rng, (*batch, size, 2, _DIM)),)),
    ),
    "items": Domain(
        ("embeddings",),
        _one_view(_DIM),
        {name: fixed(x) for name, x in _ITEM_EDGES.items()},
        lone=False,
    ),
    "views": Domain(
        ("x", "y"), _two_views(_DIM), _views_of(_FEATURE_EDGES, "huge"), (0, 1), consumed=2
    ),
    "wide_views": Domain(
        ("x", "y"),
        _two_views(_WIDE),
        _views_of(_WIDE_EDGES, "all features huge"),
        (0, 1),
        consumed=2,
    ),
    "features": Domain(
        ("embeddings",),
        _one_view(_DIM),
        {name: fixed(x) for name, x in _FEATURE_EDGES.items()},
        consumed=2,
    ),
    "wide_features": Domain(
        ("embeddings",),
        _one_view(_WIDE),
        {name: fixed(x) for name, x in _WIDE_EDGES.items()},
        consumed=2,
    ),
}
