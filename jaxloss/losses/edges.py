"""Edges of images: that they are few, where the true ones are, and as strong.

Images are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value.
"""

from math import sqrt
from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, hyperparameters, promote
from jaxloss.core.images import (
    at_least,
    halved,
    image_mean,
    images,
    of_images,
    step,
    weighted_neighbours,
)
from jaxloss.core.numerics import absolute, safe_divide, safe_norm, safe_power, safe_sqrt

SCALE_WEIGHTS = (0.096, 0.596, 0.289, 0.019)
"""Weights of the four scales of MS-GMSD, from fine to coarse, as in the paper."""


def total_variation(
    pred: Real[ArrayLike, "..."],
    *,
    kind: Literal["anisotropic", "isotropic"] = "anisotropic",
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images that are flat but for few edges.

    Formula: with `d` the differences of neighbours along each axis of space, 0 at the far border,
    the mean of `sum(abs(d))` over pixels and channels, or of `sqrt(sum(d**2))`, which weighs edges
    alike in all directions. Gradient 0 where an image is flat.

    Args:
        pred: images.
        kind: whether the differences along the axes count one by one or as a vector.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> total_variation(jnp.array([[[0.0], [4.0]], [[3.0], [3.0]]]), kind="isotropic")
        Array(1.5, dtype=float32)

    Reference: Rudin et al. 1992, doi:10.1016/0167-2789(92)90242-F.
    """
    (pred,) = images(num_axes, pred=pred)
    steps = jnp.stack([step(pred, axis) for axis in range(-num_axes - 1, -1)])
    each = jnp.sum(absolute(steps), axis=0) if kind == "anisotropic" else safe_norm(steps, 0)
    return image_mean(each, num_axes)


def edge_aware_smoothness(
    pred: Real[ArrayLike, "*batch height width channels"],
    image: Real[ArrayLike, "*batch height width colours"],
    *,
    alpha: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward maps, as of depth or flow, that are flat but where the image has an edge.

    Formula: `sum_axis mean(abs(d_pred) * exp(-alpha * mean(abs(d_image))))` with the differences
    `d` of neighbours along each axis, of the image a mean over its colours. Inverse depths are to
    be divided by their mean before, or it rewards small ones.

    Args:
        pred: predicted maps.
        image: the images that they are of.
        alpha: of attention to edges, non-negative; total variation at 0.

    Returns:
        One value for each map.

    Raises:
        ValueError: for maps and images of other sizes, or of less than 2 pixels along an axis.

    Example:
        >>> edge_aware_smoothness([[[0.0], [4.0]]] * 2, [[[0.0], [0.0]], [[0.0], [9.0]]])
        Array(2.0002, dtype=float32)

    Reference: Godard et al. 2017, arXiv:1609.03677; Heise et al. 2013, doi:10.1109/ICCV.2013.288.
    """
    pred, image = promote(pred=pred, image=image)
    (pred,), (image,) = images(2, pred=pred), images(2, image=image)
    if pred.shape[:-1] != image.shape[:-1]:
        raise ValueError(
            f"expected `pred` and `image` of the same pixels, got {pred.shape} and {image.shape}"
        )
    at_least(2, pred, 2)
    (alpha,) = hyperparameters(of_images(pred, 2), alpha=alpha)
    total = jnp.zeros(pred.shape[:-3], pred.dtype)
    for axis in (-3, -2):
        edge = jnp.mean(absolute(jnp.diff(image, axis=axis)), axis=-1, keepdims=True)
        bends = absolute(jnp.diff(pred, axis=axis)) * jnp.exp(-along(alpha, 3) * edge)
        total = total + image_mean(bends, 2)
    return total


def gradient_difference(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    alpha: ArrayLike = 1.0,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward edges that are as sharp as the true ones, whichever way they go.

    Formula: `mean(sum(abs(abs(d_pred) - abs(d_target))**alpha))` with the differences `d` of
    neighbours along each axis of space, summed over axes; 0 at the far border.

    Args:
        pred: predicted images.
        target: true images.
        alpha: power, at least 1.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> gradient_difference(jnp.zeros((1, 2, 1)), jnp.array([[[0.0], [4.0]]]))
        Array(2., dtype=float32)

    Reference: Mathieu et al. 2016, arXiv:1511.05440.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    (alpha,) = hyperparameters(of_images(pred, num_axes), alpha=alpha)
    total = jnp.zeros_like(pred)
    for axis in range(-num_axes - 1, -1):
        apart = absolute(step(pred, axis)) - absolute(step(target, axis))
        total = total + safe_power(absolute(apart), along(alpha, num_axes + 1))
    return image_mean(total, num_axes)


def edge(
    pred: Real[ArrayLike, "*batch height width channels"],
    target: Real[ArrayLike, "*batch height width channels"],
    *,
    epsilon: ArrayLike = 1e-3,
    operator: Literal["sobel", "laplacian"] = "sobel",
) -> Float[Array, "*batch"]:
    """Reward edges that are where the true ones are.

    Formula: `mean(sqrt(sum(filtered(pred - target)**2) + epsilon**2))`: over pixels that are not at
    the border, of both components of the Sobel operator (divided by 8) or of the Laplacian.

    Args:
        pred: predicted images.
        target: true images.
        epsilon: below which errors count squared, positive.
        operator: what finds the edges.

    Returns:
        One value for each image; `epsilon` at the least.

    Raises:
        ValueError: for images of less than 3 pixels along an axis.

    Example:
        >>> edge(jnp.zeros((3, 3, 1)), jnp.tile(jnp.arange(3.0)[:, None], (3, 1, 1)))
        Array(1., dtype=float32)

    Reference: Jiang et al. 2020, arXiv:2003.10985, with the Laplacian; Sobel and Feldman 1968.
    """
    pred, target = images(2, pred=pred, target=target)
    at_least(3, pred, 2)
    (epsilon,) = hyperparameters(of_images(pred, 2), epsilon=epsilon)
    error = pred - target

    def along_both(rows: tuple[float, ...], columns: tuple[float, ...]) -> Array:
        return weighted_neighbours(weighted_neighbours(error, rows, -3), columns, -2)

    smooth, slope = (0.25, 0.5, 0.25), (-0.5, 0.0, 0.5)
    middle, bend = (0.0, 1.0, 0.0), (1.0, -2.0, 1.0)
    if operator == "sobel":
        squares = jnp.square(along_both(smooth, slope)) + jnp.square(along_both(slope, smooth))
    else:
        squares = jnp.square(along_both(middle, bend) + along_both(bend, middle))
    return image_mean(safe_sqrt(squares + jnp.square(along(epsilon, 3))), 2)


def gmsd(
    pred: Real[ArrayLike, "*batch height width channels"],
    target: Real[ArrayLike, "*batch height width channels"],
    *,
    max_value: ArrayLike = 1.0,
    c: ArrayLike = 0.0026,
) -> Float[Array, "*batch"]:
    """Reward edges that are as strong as the true ones, or as much weaker everywhere (GMSD).

    Formula: `std(similarity)` over pixels, then the mean over channels, with
    `similarity = (2 * m_pred * m_target + c) / (m_pred**2 + m_target**2 + c)` of the lengths `m` of
    the gradients by Prewitt's operator (divided by 3), in units of `max_value`, of images of half
    the size. What differs alike everywhere costs nothing: not a loss to have alone.

    Args:
        pred: predicted images; the paper has grey ones.
        target: true images.
        max_value: range of the numbers.
        c: of squared gradients, positive; keeps flat places from counting too much.

    Returns:
        One value for each image, in [0, 1/2].

    Raises:
        ValueError: for images of less than 6 pixels along an axis.

    Example:
        >>> ramp = jnp.linspace(0, 1, 64).reshape(8, 8, 1)
        >>> gmsd(ramp, ramp**2)
        Array(0.0124, dtype=float32)

    Reference: Xue et al. 2014, arXiv:1308.3052.
    """
    pred, target = images(2, pred=pred, target=target)
    at_least(3, pred, 2, 2)
    hyper = hyperparameters(of_images(pred, 2), max_value=max_value, c=c)
    max_value, c = (along(x, 3) for x in hyper)
    ours, theirs = (_halved(image / max_value) for image in (pred, target))
    return jnp.mean(_deviation(ours, theirs, c, jnp.zeros_like(c)), axis=-1)


def multiscale_gmsd(
    pred: Real[ArrayLike, "*batch height width channels"],
    target: Real[ArrayLike, "*batch height width channels"],
    *,
    max_value: ArrayLike = 1.0,
    c: ArrayLike = 0.0026,
    masking: ArrayLike = 0.5,
    scale_weights: Float[ArrayLike, " scales"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward edges that are as strong as the true ones, at several resolutions (MS-GMSD).

    Formula: `sqrt(sum_s scale_weights[s] * std(similarity_s)**2)` and the mean over channels, with
    `similarity = ((2 - masking) * m_pred * m_target + c) / (m_pred**2 + m_target**2 - masking *
    m_pred * m_target + c)` of the gradients of `gmsd` in images of which each scale has half the
    size of the one before, the first their own.

    Args:
        pred: predicted images; the paper has grey ones.
        target: true images.
        max_value: range of the numbers.
        c: of squared gradients, positive.
        masking: how much strong edges hide what is wrong with them, in [0, 2).
        scale_weights: from the finest scale to the coarsest, of sum 1; those of the paper by
            default, for which images must have 24 pixels along each axis.

    Returns:
        One value for each image.

    Raises:
        ValueError: for images of less than 3 pixels along an axis at the last scale.

    Example:
        >>> ramp = jnp.linspace(0, 1, 64).reshape(8, 8, 1)
        >>> multiscale_gmsd(ramp, ramp**2, scale_weights=[0.5, 0.5])
        Array(0.0999, dtype=float32)

    Reference: Zhang et al. 2017, doi:10.1109/ICASSP.2017.7952357.
    """
    pred, target = images(2, pred=pred, target=target)
    shares = jnp.asarray(SCALE_WEIGHTS if scale_weights is None else scale_weights, pred.dtype)
    if shares.ndim != 1:
        raise ValueError(f"expected `scale_weights` of one axis, got shape {shares.shape}")
    at_least(3, pred, 2, shares.shape[0])
    hyper = hyperparameters(of_images(pred, 2), max_value=max_value, c=c, masking=masking)
    max_value, c, masking = (along(x, 3) for x in hyper)
    ours, theirs = pred / max_value, target / max_value
    squares: list[Array] = []
    for scale in range(shares.shape[0]):
        if scale:
            ours, theirs = _halved(ours), _halved(theirs)
        squares.append(shares[scale] * jnp.square(_deviation(ours, theirs, c, masking)))
    return jnp.mean(safe_sqrt(sum(squares[1:], start=squares[0])), axis=-1)


def _halved(image: Array) -> Array:
    return jnp.moveaxis(halved(jnp.moveaxis(image, -1, -3), 2), -3, -1)


def _deviation(pred: Array, target: Array, c: Array, masking: Array) -> Array:
    """Standard deviation over pixels of what the strength of edges lacks of being alike."""
    ours, theirs = (_strength(image) for image in (pred, target))
    lack = safe_divide(
        jnp.square(ours - theirs), jnp.square(ours - theirs) + (2 - masking) * ours * theirs + c
    )
    # From the first place on: of what is everywhere alike a mean may be off by rounding.
    apart = lack - lax.stop_gradient(lack[..., :1, :1, :])
    apart = apart - jnp.mean(apart, axis=(-3, -2), keepdims=True)
    places = lax.collapse(apart, apart.ndim - 3, apart.ndim - 1)
    return safe_norm(places, -2) / sqrt(max(places.shape[-2], 1))


def _strength(image: Array) -> Array:
    """Length of the gradient by Prewitt's operator, where a pixel has neighbours on all sides."""
    # Differences come first: of what is flat they are exactly 0.
    across, mean = (-1.0, 0.0, 1.0), (1 / 3, 1 / 3, 1 / 3)
    down, along_rows = (
        weighted_neighbours(weighted_neighbours(image, across, axis), mean, other)
        for axis, other in ((-3, -2), (-2, -3))
    )
    return safe_norm(jnp.stack([down, along_rows]), 0)
