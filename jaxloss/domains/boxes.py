"""What losses of boxes read: pairs of boxes, in a plane or in space, and costs of matching them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import Arguments, Domain, Generator, copy_target, fixed, floats, normal


def _drawn(dims: int) -> Any:
    """Boxes of which many overlap."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        def box() -> Any:
            low = normal(rng, (*batch, dims)) / 2
            return np.concatenate([low, low + floats(rng.uniform(1, 3, (*batch, dims)))], -1)

        return Arguments((box(), box()))

    return draw


def _rotated(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    def box() -> Any:
        sizes, angle = rng.uniform(1, 3, (*batch, 2)), rng.uniform(-2, 2, (*batch, 1))
        return np.concatenate([normal(rng, (*batch, 2)) / 2, floats(sizes), floats(angle)], -1)

    return Arguments((box(), box()))


def _costs(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size + 1, size)),))


def _boxes(*rows: Any) -> Any:
    return floats(np.array(rows))


_SQUARE = _boxes([0, 0, 2, 2], [-1, 0, 1, 4])
_POINT = _boxes([1, 1, 1, 1], [0, 2, 0, 2])
_LINES = _boxes([0, 0, 2, 0], [1, -1, 1, 1])
_TURNED = _boxes([0, 0, 2, 2, 0.5], [1, -1, 4, 1, 1])
_SIZES = _boxes([0, 0, 1, 1, 0], [0, 0, 1, 1, 0])
_CUBE = _boxes([0, 0, 0, 2, 2, 2], [-1, 0, 1, 1, 4, 2])
_TIED = np.ones((2, 3, 3), np.float32)
_KEPT = np.array([[True, False, True], [True, True, True]])

DOMAINS: Mapping[str, Domain] = {
    "boxes": Domain(
        ("pred", "target"),
        _drawn(2),
        {
            "equal": fixed(_SQUARE, _SQUARE),
            "touching": fixed(_SQUARE, _SQUARE + _boxes([2, 0, 2, 0], [0, 4, 0, 4])),
            "touching at a corner": fixed(_SQUARE, _SQUARE + _boxes([2, 2, 2, 2], [2, -4, 2, -4])),
            "nested": fixed(_SQUARE, _boxes([0.5, 0.5, 1, 1], [-2, -2, 6, 6])),
            "nested with an edge shared": fixed(_SQUARE, _boxes([0, 0, 1, 1], [-1, 0, 0, 8])),
            "with one centre": fixed(_SQUARE, _boxes([0.5, -1, 1.5, 3], [-0.5, 1, 0.5, 3])),
            "apart": fixed(_SQUARE, _SQUARE + 100),
            "points": fixed(_POINT, _POINT[::-1]),
            "equal points": fixed(_POINT, _POINT),
            "a point in a box": fixed(_POINT, _SQUARE),
            "equal lines": fixed(_LINES, _LINES),
            "a line that crosses a box": fixed(_boxes([-1, 1, 3, 1], [0, -1, 0, 9]), _SQUARE),
            "corners swapped": fixed(_SQUARE[:, [2, 3, 0, 1]], _SQUARE),
            "huge": fixed(1e4 * _SQUARE, 1e4 * _SQUARE + 5e3),
            "huge and tiny": fixed(1e4 * _SQUARE, 1e-3 * _SQUARE),
            "far from the origin": fixed(1e4 + _SQUARE, 1e4 + _SQUARE + 1),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "volumes": Domain(
        ("pred", "target"),
        _drawn(3),
        {
            "equal": fixed(_CUBE, _CUBE),
            "touching": fixed(_CUBE, _CUBE + _boxes([2, 0, 0, 2, 0, 0], [0, 4, 0, 0, 4, 0])),
            "points": fixed(0 * _CUBE, 0 * _CUBE + 1),
            "equal points": fixed(0 * _CUBE, 0 * _CUBE),
            "flat": fixed(_CUBE * _boxes([1, 1, 0, 1, 1, 0]), _CUBE * _boxes([1, 1, 0, 1, 1, 0])),
            "huge": fixed(1e4 * _CUBE, -1e4 * _CUBE[:, [3, 4, 5, 0, 1, 2]]),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "rotated_boxes": Domain(
        ("pred", "target"),
        _rotated,
        {
            "equal": fixed(_TURNED, _TURNED),
            "turned a little": fixed(_TURNED + _boxes([0, 0, 0, 0, 0.25]), _TURNED),
            "sides exchanged": fixed(
                _TURNED[:, [0, 1, 3, 2, 4]] + _boxes([0, 0, 0, 0, np.pi / 2]), _TURNED
            ),
            "across": fixed(_TURNED[:, [0, 1, 3, 2, 4]], _TURNED),
            "apart": fixed(_TURNED + _boxes([100, -50, 0, 0, 0]), _TURNED),
            "points": fixed(_TURNED * (1 - _SIZES), _TURNED * (1 - _SIZES) + 1),
            "equal points": fixed(_TURNED * (1 - _SIZES), _TURNED * (1 - _SIZES)),
            "a line": fixed(_TURNED * _boxes([1, 1, 1, 0, 1]), _TURNED),
            "equal lines": fixed(
                _TURNED * _boxes([1, 1, 0, 1, 1]), _TURNED * _boxes([1, 1, 0, 1, 1])
            ),
            "sizes below zero": fixed(_TURNED - 3 * _SIZES, _TURNED),
            "huge": fixed(1e4 * _TURNED, 1e4 * _TURNED + 5e3),
            "huge and tiny": fixed(1e4 * _TURNED, 1e-3 * _TURNED),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "costs": Domain(
        ("costs",),
        _costs,
        {
            "tied": fixed(_TIED),
            "zero": fixed(0 * _TIED),
            "huge": fixed(1e4 * (np.eye(3, dtype=np.float32) - _TIED)),
            "one of each": fixed(_TIED[:, :1, :1]),
            "more targets than predictions": fixed(_TIED[:, :2] * floats(np.array([3, 1, 2]))),
            "some left out": fixed(_TIED * floats(np.array([3, 1, 2])), where=_KEPT),
            "all left out": fixed(_TIED, where=_KEPT & False),
            "no targets": fixed(_TIED[:, :, :0]),
            "no predictions": fixed(_TIED[:, :0]),
        },
        consumed=2,
        ordered=True,
    ),
}
