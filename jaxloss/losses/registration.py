"""Registration: how well two images match, of which a displacement moved one onto the other.

Images are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value. To what is flat everywhere local correlation
and mutual information give the value of no match, and no gradient.

How smooth the displacement is, `jaxloss.displacement` says. Images alike in brightness too are for
`jaxloss.regression` and `jaxloss.image`.
"""

import itertools
from math import prod
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, hyperparameters
from jaxloss.core.images import (
    NEXT,
    image_mean,
    images,
    of_images,
    slopes,
    spacings,
    window_weights,
)
from jaxloss.core.numerics import absolute, normalize, relu, safe_divide

WINDOW = 9
"""Pixels along each axis of the window of local correlation, as in VoxelMorph."""


def local_cross_correlation(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    eps: ArrayLike = 1e-5,
    window: Float[ArrayLike, " size"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images that rise and fall together, place by place, or one against the other (LNCC).

    Formula: with variances `v` and the covariance in a window, the mean of
    `1 - covariance**2 / ((v_pred + eps) * (v_target + eps))` over all windows in the image and all
    channels. Where one of the images is flat a window counts 1 and has no gradient.

    Args:
        pred: moved images.
        target: images that they are to match.
        eps: of variances, positive; what varies less counts as flat.
        window: weights along one axis, the same along all, of sum 1; nine equal ones by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, in [0, 1].

    Raises:
        ValueError: for images smaller than the window.

    Example:
        >>> ramp = jnp.arange(9.0).reshape(3, 3, 1)
        >>> local_cross_correlation(ramp, ramp.swapaxes(0, 1), window=jnp.full(3, 1 / 3))
        Array(0.64, dtype=float32)

    Reference: Avants et al. 2008, doi:10.1016/j.media.2007.06.004; Balakrishnan et al. 2019,
        arXiv:1809.05231.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    line = jnp.full(WINDOW, 1 / WINDOW) if window is None else window
    weights = window_weights(line, pred, num_axes)
    (eps,) = hyperparameters(of_images(pred, num_axes), eps=eps)
    eps = along(eps, num_axes + 1)
    moved, fixed = (jnp.moveaxis(image, -1, -num_axes - 1) for image in (pred, target))
    own, other, both = _moments(moved, fixed, weights, num_axes)
    # Each ratio by itself, whose derivatives do not overflow where variances are large.
    match = safe_divide(both, own + eps) * safe_divide(both, other + eps)
    return image_mean(1 - match, num_axes)


def mutual_information(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_bins: int = 23,
    sigma: ArrayLike = 0.5,
    max_value: ArrayLike = 1.0,
    kernel: Literal["gaussian", "b_spline", "quadratic"] = "gaussian",
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images of which one tells the other, whatever the brightness of each means there.

    Formula: `-sum(joint * log(joint / (p_pred * p_target)))` over pairs of bins, with
    `joint = mean(weight(pred) * weight(target))` over pixels and channels, and `p` the mean weights
    of each image. A pixel's weights of `num_bins` bins from 0 to `max_value` are those of a
    Gaussian around it, divided by their sum; of a B-spline: of third order for `pred`, and the
    nearest bin for `target`, which then has no gradient; or those of two parabolas, which share a
    pixel among the two bins beside it. A flat image tells nothing: 0.

    Args:
        pred: moved images.
        target: images that they are to match, of another kind as may be.
        num_bins: how many; memory is that of the weights of every pixel.
        sigma: width of the Gaussian, in bins, positive.
        max_value: range of the numbers, of both images; what is beyond counts as at its end.
        kernel: what the weights of a pixel are.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, at most 0.

    Raises:
        ValueError: for fewer than two bins.

    Example:
        >>> ramp = jnp.arange(4.0).reshape(2, 2, 1) / 3
        >>> mutual_information(ramp, 1 - ramp, num_bins=4, kernel="b_spline")
        Array(-0.744, dtype=float32)

    Reference: Viola and Wells 1997, doi:10.1023/A:1007958904918; Mattes et al. 2003,
        doi:10.1109/TMI.2003.809072, with B-splines; Xu et al. 2008, doi:10.1093/ietisy/e91-d.1.132,
        with parabolas.
    """
    joint, own, other = _histograms(pred, target, num_bins, sigma, max_value, kernel, num_axes)
    apart = own[..., :, None] * other[..., None, :]
    some = _some(joint)
    logs = jnp.log(jnp.where(some, joint, 1)) - jnp.log(jnp.where(some, apart, 1))
    # Both histograms have the sum 1; with their difference no cell falls below 0, and none cancels.
    cells = jnp.where(some, joint, 0) * logs - (joint - apart)
    return -jnp.sum(cells, axis=(-2, -1))


def normalized_mutual_information(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_bins: int = 23,
    sigma: ArrayLike = 0.5,
    max_value: ArrayLike = 1.0,
    kernel: Literal["gaussian", "b_spline", "quadratic"] = "gaussian",
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images of which one tells the other, by how much there is to tell.

    Formula: `2 - (H(p_pred) + H(p_target)) / H(joint)` with the entropies `H(p) = -sum(p * log(p))`
    of the histograms of `mutual_information`: it does not fall by mere overlap of what is empty. 1
    where the joint histogram has one bin alone.

    Args:
        pred: moved images.
        target: images that they are to match, of another kind as may be.
        num_bins: how many; memory is that of the weights of every pixel.
        sigma: width of the Gaussian, in bins, positive.
        max_value: range of the numbers, of both images; what is beyond counts as at its end.
        kernel: what the weights of a pixel are.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, in [0, 1].

    Raises:
        ValueError: for fewer than two bins.

    Example:
        >>> ramp = jnp.arange(4.0).reshape(2, 2, 1) / 3
        >>> normalized_mutual_information(ramp, 1 - ramp, num_bins=4, kernel="b_spline")
        Array(0.6699, dtype=float32)

    Reference: Studholme et al. 1999, doi:10.1016/S0031-3203(98)00091-0.
    """
    histograms = _histograms(pred, target, num_bins, sigma, max_value, kernel, num_axes)
    joint, own, other = (_entropy(p, axes) for p, axes in zip(histograms, (2, 1, 1), strict=True))
    return 2 - safe_divide(own + other, joint, 1)


def normalized_gradient_field(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    eps: ArrayLike = 0.01,
    spacing: Float[ArrayLike, " axes"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward edges that run the same way at the same place, dark to light or light to dark (NGF).

    Formula: with the gradients `g` of both images, the mean of
    `1 - (sum(g_pred * g_target) + eps**2)**2 / (norm(g_pred)**2 + eps**2) / (norm(g_target)**2 +
    eps**2)` over pixels that have a next one along each axis, and channels. Where both images are
    flat it is 0, and where one is nearly 1.

    Args:
        pred: moved images.
        target: images that they are to match, of another kind as may be.
        eps: slope below which an edge is noise, in intensity for each unit of `spacing`, positive.
        spacing: size of a pixel along each axis of space; 1 by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, in [0, 1].

    Raises:
        ValueError: for images of less than 2 pixels along an axis, or another number of spacings.

    Example:
        >>> edge = jnp.array([[0.0, 4.0], [0.0, 4.0]])[..., None]
        >>> normalized_gradient_field(edge, 1 - edge + edge.swapaxes(0, 1), eps=1e-3)
        Array(0.5, dtype=float32)

    Reference: Haber and Modersitzki 2006, doi:10.1007/11866763_89; as here, König and Rühaak 2014,
        doi:10.1109/ISBI.2014.6867937.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    steps = spacings(spacing, pred, num_axes)
    (eps,) = hyperparameters(of_images(pred, num_axes), eps=eps)

    def directions(image: Array) -> list[Array]:
        along_axes = slopes(image, steps, NEXT, num_axes)
        constant = jnp.broadcast_to(along(eps, num_axes + 1), along_axes[0].shape)
        unit = normalize(jnp.stack([*along_axes, constant], axis=-1))
        return [unit[..., axis] for axis in range(num_axes + 1)]

    # The squared sine of an angle, by products across: 1 less a squared cosine loses its digits.
    ours, theirs = directions(pred), directions(target)
    sines = (
        jnp.square(ours[i] * theirs[j] - ours[j] * theirs[i])
        for i, j in itertools.combinations(range(num_axes + 1), 2)
    )
    return image_mean(sum(sines, start=jnp.zeros_like(ours[0])), num_axes)


def _moments(x: Array, y: Array, window: Array, num_axes: int) -> tuple[Array, Array, Array]:
    """Variances of both and their covariance in each window along the last axes.

    Axis by axis: the variance in a square is the mean of those in its lines and the variance of the
    means of its lines. Sums of squares about their own mean keep their digits where an image is
    nearly flat, which a mean of squares less the square of a mean does not.
    """
    own = other = both = jnp.zeros_like(x)
    reach = range(window.shape[0])
    for axis in range(-num_axes, 0):
        size = x.shape[axis] - window.shape[0] + 1

        def parts(values: Array, axis: int = axis, size: int = size) -> list[Array]:
            return [lax.slice_in_dim(values, k, k + size, axis=axis) for k in reach]

        def weighed(terms: list[Array]) -> Array:
            return sum((window[k] * terms[k] for k in reach[1:]), start=window[0] * terms[0])

        mean_x, mean_y = weighed(parts(x)), weighed(parts(y))
        apart_x, apart_y = [part - mean_x for part in parts(x)], [p - mean_y for p in parts(y)]
        own, other, both = (
            weighed(
                [within + a * b for within, a, b in zip(parts(inner), left, right, strict=True)]
            )
            for inner, left, right in (
                (own, apart_x, apart_x),
                (other, apart_y, apart_y),
                (both, apart_x, apart_y),
            )
        )
        x, y = mean_x, mean_y
    return own, other, both


def _histograms(
    pred: ArrayLike,
    target: ArrayLike,
    num_bins: int,
    sigma: ArrayLike,
    max_value: ArrayLike,
    kernel: Literal["gaussian", "b_spline", "quadratic"],
    num_axes: int,
) -> tuple[Array, Array, Array]:
    """Joint histogram of two images, and those of each."""
    if num_bins < 2:
        raise ValueError(f"expected `num_bins` of at least 2, got {num_bins}")
    pred, target = images(num_axes, pred=pred, target=target)
    hyper = hyperparameters(of_images(pred, num_axes), sigma=sigma, max_value=max_value)
    sigma, max_value = (along(x, 2) for x in hyper)

    def bins_away(image: Array, beyond: int) -> Array:
        flat = image.reshape(*image.shape[: -num_axes - 1], prod(image.shape[-num_axes - 1 :]), 1)
        place = flat / max_value
        inside = (place >= 0) & (place <= 1)
        place = jnp.where(inside, place, lax.stop_gradient(jnp.clip(place, 0, 1)))
        centres = jnp.arange(-beyond, num_bins + beyond, dtype=image.dtype)
        centres = jnp.broadcast_to(centres, (*flat.shape[:-1], centres.size))
        # The product with few bits is exact, so that a place near a centre keeps its digits.
        coarse = lax.stop_gradient(jnp.round(place * 4096) / 4096)
        return (coarse * (num_bins - 1) - centres) + (place - coarse) * (num_bins - 1)

    if kernel == "gaussian":
        ours, theirs = (
            jax.nn.softmax(-jnp.square(bins_away(image, 0) / sigma) / 2) for image in (pred, target)
        )
    elif kernel == "quadratic":
        ours, theirs = (_parabolas(bins_away(image, 0)) for image in (pred, target))
    else:
        ours, theirs = _cubic(bins_away(pred, 1)), _nearest(bins_away(target, 1))
    count = max(ours.shape[-2], 1)
    joint = jnp.einsum("...na,...nb->...ab", ours, theirs, precision="highest") / count
    return joint, jnp.sum(joint, axis=-1), jnp.sum(joint, axis=-2)


def _cubic(away: Array) -> Array:
    """The B-spline of third order, two bins wide to each side."""
    size = absolute(away)
    near = (4 - 6 * jnp.square(size) + 3 * size**3) / 6
    return jnp.where(size < 1, near, relu(2 - size) ** 3 / 6)


def _parabolas(away: Array) -> Array:
    """Two parabolas that meet half-way, one bin wide to each side."""
    size = absolute(away)
    left = 1 - size
    near, far = 1 - size * (0.1 + 1.8 * size), left * (0.1 + 1.8 * left)
    return jnp.where(size < 0.5, near, jnp.where(left > 0, far, 0))


def _nearest(away: Array) -> Array:
    """The B-spline of order zero: one bin, or halves of two."""
    size = jnp.abs(lax.stop_gradient(away))
    return jnp.where(size < 0.5, 1.0, jnp.where(size == 0.5, 0.5, 0.0)).astype(away.dtype)


def _entropy(masses: Array, axes: int) -> Array:
    """`-sum(p * log(p))` over the last axes."""
    some = _some(masses)
    logs = jnp.log(jnp.where(some, masses, 1))
    return -jnp.sum(jnp.where(some, masses, 0) * logs, axis=tuple(range(-axes, 0)))


def _some(masses: Array) -> Array:
    """Where there is some: less than rounding squared adds nothing but derivatives out of range."""
    return masses > jnp.finfo(masses.dtype).eps ** 2
