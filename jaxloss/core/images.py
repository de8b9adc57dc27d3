"""Images and other grids: `(*batch, *space, channels)`, of which `num_axes` axes are space."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.checks import same_shape

BLOCK = 64
"""Pixels that one product with a band filters: more are more work, fewer are more products."""


NEXT, ACROSS, BEND = (-1.0, 1.0), (-0.5, 0.0, 0.5), (1.0, -2.0, 1.0)
"""Weights of neighbours: differences from the next one and of those beside, and second ones."""


def images(num_axes: int, **arrays: ArrayLike) -> list[Array]:
    """Convert images of one shape, and demand axes of space and of channels."""
    converted = same_shape(**arrays)
    for name, array in zip(arrays, converted, strict=True):
        if array.ndim <= num_axes:
            raise ValueError(
                f"expected `{name}` with {num_axes} axes of space and one of channels, "
                f"got shape {array.shape}"
            )
    return converted


def of_images(images: Array, num_axes: int) -> jax.ShapeDtypeStruct:
    """Shape and dtype of one value for each image, for hyperparameters to broadcast against."""
    return jax.ShapeDtypeStruct(images.shape[: -num_axes - 1], images.dtype)


def image_mean(maps: Array, num_axes: int) -> Array:
    """Mean over the places and channels of each image."""
    return jnp.mean(maps, axis=tuple(range(-num_axes - 1, 0)))


def at_least(size: int, images: Array, num_axes: int, scales: int = 1, name: str = "pred") -> None:
    """Demand so many pixels along each axis of space, still after halving down to a scale."""
    space = images.shape[-num_axes - 1 : -1]
    if any(length >> (scales - 1) < size for length in space):
        raise ValueError(
            f"expected `{name}` of at least {size << (scales - 1)} pixels along each axis of "
            f"space, got shape {images.shape}"
        )


def window_weights(
    window: ArrayLike, images: Array, num_axes: int, scales: int = 1, name: str = "window"
) -> Array:
    """Weights along one axis, of windows that fit into the images."""
    weights = jnp.asarray(window)
    if weights.ndim != 1:
        raise ValueError(f"expected `{name}` of one axis, got shape {weights.shape}")
    at_least(weights.shape[0], images, num_axes, scales)
    return weights.astype(images.dtype)


def filtered(x: Array, window: Array, num_axes: int) -> Array:
    """Weighted sums of neighbours along the last axes, where there are all of them."""
    for _ in range(num_axes):
        # The axis that is done goes last, so that after all of them they stand as they did.
        x = convolved(jnp.moveaxis(x, -num_axes, -1), window)
    return x


def convolved(x: Array, window: Array) -> Array:
    """Weighted sums along the last axis, as products with a band: those of slices are slow back."""
    count, reach = x.shape[-1] - window.shape[0] + 1, window.shape[0] - 1
    width = min(count, BLOCK)
    offset = np.arange(width + reach)[:, None] - np.arange(width)
    inside = (offset >= 0) & (offset <= reach)
    band = jnp.where(inside, window[np.clip(offset, 0, reach)], 0)
    parts: list[Array] = []
    for start in range(0, count, width):
        size = min(width, count - start)
        part = lax.slice_in_dim(x, start, start + size + reach, axis=-1)
        parts.append(jnp.matmul(part, band[: size + reach, :size], precision="highest"))
    return jnp.concatenate(parts, axis=-1)


def weighted_neighbours(x: Array, weights: tuple[float, ...], axis: int) -> Array:
    """Weighted sum of few neighbours along an axis, where there are all of them."""
    size = x.shape[axis] - len(weights) + 1
    parts = [lax.slice_in_dim(x, k, k + size, axis=axis) for k in range(len(weights))]
    return sum(
        (w * part for w, part in zip(weights, parts, strict=True)), start=jnp.zeros_like(parts[0])
    )


def halved(images: Array, num_axes: int) -> Array:
    """Means of neighbours two by two along the last axes; an odd one at the border is left out."""
    for axis in range(images.ndim - num_axes, images.ndim):
        size = images.shape[axis] // 2 * 2
        even, odd = (lax.slice_in_dim(images, first, size, stride=2, axis=axis) for first in (0, 1))
        images = (even + odd) / 2
    return images


def step(images: Array, axis: int) -> Array:
    """Difference of each pixel from the next one; 0 at the far border."""
    size = images.shape[axis]
    border = lax.slice_in_dim(images, size - 1, size, axis=axis)
    return jnp.diff(images, axis=axis, append=border)


def spacings(spacing: ArrayLike | None, fields: Array, num_axes: int) -> Array:
    """Sizes of a pixel along each axis of space; 1 by default."""
    given = jnp.ones(num_axes) if spacing is None else jnp.asarray(spacing)
    if given.shape != (num_axes,):
        raise ValueError(
            f"expected `spacing` of shape ({num_axes},), one for each axis of space, "
            f"got {given.shape}"
        )
    return given.astype(fields.dtype)


def derivative(
    fields: Array,
    spacing: Array,
    taken: Mapping[int, tuple[float, ...]],
    border: tuple[int, int],
    num_axes: int,
) -> Array:
    """Derivatives along axes of space, by weights of neighbours, within a border of pixels."""
    for axis in range(num_axes):
        place, (first, last) = axis - num_axes - 1, border
        if axis in taken:
            weights, order = taken[axis], 2 if taken[axis] == BEND else 1
            fields = weighted_neighbours(fields, weights, place) / spacing[axis] ** order
            first, last = first - (len(weights) - 1) // 2, last - len(weights) // 2
        fields = lax.slice_in_dim(fields, first, fields.shape[place] - last, axis=place)
    return fields


def slopes(fields: Array, spacing: Array, weights: tuple[float, ...], num_axes: int) -> list[Array]:
    """First derivatives along each axis of space, at the same places."""
    border = ((len(weights) - 1) // 2, len(weights) // 2)
    at_least(len(weights), fields, num_axes)
    return [
        derivative(fields, spacing, {axis: weights}, border, num_axes) for axis in range(num_axes)
    ]
