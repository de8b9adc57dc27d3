"""Smoothness of displacements: differences pixel by pixel."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike
Pixel = tuple[int, ...]


def _mean(
    fields: X, num_axes: int, first: int, last: int, of: Callable[[Array, Pixel], Any]
) -> Array:
    """The mean of something over the pixels within a border, for each field."""
    given = real(fields)
    found = np.zeros(given.shape[: -num_axes - 1])
    for place in np.ndindex(found.shape):
        field = given[place]
        inner = [range(first, size - last) for size in field.shape[:-1]]
        pixels = np.stack(np.meshgrid(*inner, indexing="ij"), axis=-1).reshape(-1, num_axes)
        found[place] = np.mean([of(field, tuple(pixel)) for pixel in pixels.tolist()])
    return found


def _at(field: Array, pixel: Pixel, *moves: tuple[int, int]) -> Array:
    """The displacement so many pixels further along some axes."""
    where = list(pixel)
    for axis, step in moves:
        where[axis] += step
    return field[tuple(where)]


def _sizes(spacing: X | None, num_axes: int) -> list[float]:
    return [1.0] * num_axes if spacing is None else real(spacing).tolist()


def diffusion(
    pred: X,
    *,
    spacing: X | None = None,
    stencil: Literal["compact", "wide"] = "compact",
    num_axes: int = 2,
) -> Array:
    """The mean of Σ (∂u / ∂x_i)²."""
    sizes = _sizes(spacing, num_axes)
    back, scale = (0, 1) if stencil == "compact" else (1, 2)

    def squares(field: Array, pixel: Pixel) -> Any:
        return sum(
            ((_at(field, pixel, (i, 1)) - _at(field, pixel, (i, -back))) / (scale * sizes[i])) ** 2
            for i in range(num_axes)
        )

    return _mean(pred, num_axes, back, 1, squares)


def bending_energy(pred: X, *, spacing: X | None = None, num_axes: int = 2) -> Array:
    """The mean of Σ (∂²u / ∂x_i ∂x_j)²."""
    sizes = _sizes(spacing, num_axes)

    def second(field: Array, pixel: Pixel, i: int, j: int) -> Any:
        if i == j:
            ahead, behind = (_at(field, pixel, (i, step)) for step in (1, -1))
            return (ahead - 2 * field[pixel] + behind) / sizes[i] ** 2
        corners = sum(a * b * _at(field, pixel, (i, a), (j, b)) for a in (-1, 1) for b in (-1, 1))
        return corners / (4 * sizes[i] * sizes[j])

    def squares(field: Array, pixel: Pixel) -> Any:
        pairs = [(i, j) for i in range(num_axes) for j in range(num_axes)]
        return sum(second(field, pixel, i, j) ** 2 for i, j in pairs)

    return _mean(pred, num_axes, 1, 1, squares)


def folding(pred: X, *, spacing: X | None = None, num_axes: int = 2) -> Array:
    """The mean of max(0, -det(1 + ∂u / ∂x))."""
    sizes = _sizes(spacing, num_axes)

    def fold(field: Array, pixel: Pixel) -> Any:
        columns = [(_at(field, pixel, (i, 1)) - field[pixel]) / sizes[i] for i in range(num_axes)]
        return max(0.0, -np.linalg.det(np.eye(num_axes) + np.stack(columns, axis=-1)))

    return _mean(pred, num_axes, 0, 1, fold)
