"""Displacement fields: how smooth they are, and whether they turn anything inside out.

Fields are `(*batch, *space, channels)`, with one channel for each axis of space, by how far a place
moves along it. `num_axes` says how many axes are space: 2 for images, 3 for volumes. Each field
gives one value. Where pixels are not as wide as they are high, `spacing` is their size along each
axis of space; it and displacements are in the same units, and in those derivatives are taken.

How well images match that a field brings together, `jaxloss.registration` says.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.images import (
    ACROSS,
    BEND,
    NEXT,
    at_least,
    derivative,
    image_mean,
    images,
    slopes,
    spacings,
)
from jaxloss.core.numerics import relu


def diffusion(
    pred: Real[ArrayLike, "..."],
    *,
    spacing: Float[ArrayLike, " axes"] | None = None,
    stencil: Literal["compact", "wide"] = "compact",
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward displacements that are like those of their neighbours.

    Formula: `mean(sum((d pred / d x_i)**2))`, the sum over axes of space and the mean over channels
    and places: those with a next one along each axis, or with a neighbour on all sides.

    Args:
        pred: displacement fields.
        spacing: size of a pixel along each axis of space; 1 by default.
        stencil: whether derivatives are differences of neighbours, or of those at either side of a
            pixel (halved), which do not see a field that alternates from pixel to pixel.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each field.

    Raises:
        ValueError: for fields of less than 2 pixels along an axis, 3 for wide stencils, or another
            number of spacings.

    Example:
        >>> diffusion(jnp.array([[[0.0, 0.0], [2.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]]))
        Array(2.5, dtype=float32)

    Reference: Horn and Schunck 1981, doi:10.1016/0004-3702(81)90024-2; Balakrishnan et al. 2019,
        arXiv:1809.05231.
    """
    (pred,) = images(num_axes, pred=pred)
    weights = NEXT if stencil == "compact" else ACROSS
    steps = slopes(pred, spacings(spacing, pred, num_axes), weights, num_axes)
    squares = [jnp.square(slope) for slope in steps]
    return image_mean(sum(squares[1:], start=squares[0]), num_axes)


def bending_energy(
    pred: Real[ArrayLike, "..."],
    *,
    spacing: Float[ArrayLike, " axes"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward displacements that shift, turn, stretch and shear, but do not bend.

    Formula: `mean(sum((d**2 pred / d x_i d x_j)**2))`, the sum over all pairs of axes and the mean
    over channels and places that have a neighbour on all sides: differences of neighbours'
    differences along an axis, and of those halved of two pixels apart along two.

    Args:
        pred: displacement fields.
        spacing: size of a pixel along each axis of space; 1 by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each field.

    Raises:
        ValueError: for fields of less than 3 pixels along an axis, or another number of spacings.

    Example:
        >>> parabola = jnp.arange(3.0)[:, None, None] ** 2 + jnp.zeros((3, 3, 2))
        >>> bending_energy(parabola)
        Array(4., dtype=float32)

    Reference: Rueckert et al. 1999, doi:10.1109/42.796284.
    """
    (pred,) = images(num_axes, pred=pred)
    steps = spacings(spacing, pred, num_axes)
    at_least(3, pred, num_axes)
    squares: list[Array] = []
    for one, two in itertools.combinations_with_replacement(range(num_axes), 2):
        taken = {one: BEND} if one == two else {one: ACROSS, two: ACROSS}
        bend = derivative(pred, steps, taken, (1, 1), num_axes)
        squares.append((1 if one == two else 2) * jnp.square(bend))
    return image_mean(sum(squares[1:], start=squares[0]), num_axes)


def folding(
    pred: Real[ArrayLike, "..."],
    *,
    spacing: Float[ArrayLike, " axes"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward displacements that turn nothing inside out.

    Formula: `mean(relu(-det(identity + d pred / d x)))` over places that have a next one along each
    axis, with the Jacobian of where a place goes to; 0, with gradient 0, for a field that folds
    nowhere.

    Args:
        pred: displacement fields, of one channel for each axis of space.
        spacing: size of a pixel along each axis of space; 1 by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each field.

    Raises:
        ValueError: for another number of channels than of axes, for fields of less than 2 pixels
            along an axis, or for another number of spacings.

    Example:
        >>> folding(jnp.array([[[0.0, 0.0], [0.0, -3.0]], [[0.0, 0.0], [0.0, 0.0]]]))
        Array(2., dtype=float32)

    Reference: Mok and Chung 2020, arXiv:2003.09514.
    """
    (pred,) = images(num_axes, pred=pred)
    if pred.shape[-1] != num_axes:
        raise ValueError(
            f"expected `pred` of {num_axes} channels, one for each axis of space, "
            f"got shape {pred.shape}"
        )
    steps = slopes(pred, spacings(spacing, pred, num_axes), NEXT, num_axes)
    jacobian = [
        [slope[..., place] + float(place == axis) for axis, slope in enumerate(steps)]
        for place in range(num_axes)
    ]
    return image_mean(relu(-_determinant(jacobian))[..., None], num_axes)


def _determinant(rows: Sequence[Sequence[Array]]) -> Array:
    """Determinant of a matrix of arrays, along its first row."""
    if len(rows) == 1:
        return rows[0][0]
    total = jnp.zeros_like(rows[0][0])
    for column, entry in enumerate(rows[0]):
        minor = _determinant([[*row[:column], *row[column + 1 :]] for row in rows[1:]])
        total = total + entry * minor if column % 2 == 0 else total - entry * minor
    return total
