"""Images: how alike two of them look, by brightness, contrast and structure in windows.

Images are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value. Where numbers have a range, `max_value` is
the largest one: 1 for images from 0 to 1, 255 for bytes.

Losses of pixels one by one are those of `jaxloss.regression`, as `charbonnier`; by edges compares
`jaxloss.edges`, by waves `jaxloss.frequency`, by the features of a network `jaxloss.perceptual`. A
loss at several resolutions is `jaxloss.over_scales`.
"""

from math import log

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, hyperparameters, promote
from jaxloss.core.images import (
    filtered,
    halved,
    image_mean,
    images,
    of_images,
    window_weights,
)
from jaxloss.core.numerics import relu, safe_divide

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales of MS-SSIM, from fine to coarse, as in the paper."""


def ssim(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    max_value: ArrayLike = 1.0,
    k1: ArrayLike = 0.01,
    k2: ArrayLike = 0.03,
    window: Float[ArrayLike, " size"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images that are alike in brightness, contrast and pattern, place by place (SSIM).

    Formula: with means `m`, variances `v` and covariances in a window, `c1 = (k1 * max_value)**2`
    and `c2 = (k2 * max_value)**2`, the mean of `1 - luminance * structure` over all windows in the
    image and all channels, where
    `luminance = (2 * m_pred * m_target + c1) / (m_pred**2 + m_target**2 + c1)` and
    `structure = (2 * covariance + c2) / (v_pred + v_target + c2)`.

    Args:
        pred: predicted images.
        target: true images.
        max_value: range of the numbers.
        k1: of the luminance, non-negative; keeps dark windows from counting too much.
        k2: of the structure, likewise for flat windows.
        window: weights along one axis, the same along all, of sum 1; those of `gaussian_window()`
            by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, in [0, 2].

    Raises:
        ValueError: for images smaller than the window.

    Example:
        >>> ramp = jnp.linspace(0, 1, 121).reshape(11, 11, 1)
        >>> ssim(ramp, ramp.swapaxes(0, 1))
        Array(0.8007, dtype=float32)

    Reference: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    weights = _window(window, pred, num_axes)
    steadied = _steadied(pred, num_axes, max_value, k1, k2)
    pred, target = (jnp.moveaxis(image, -1, -num_axes - 1) for image in (pred, target))
    light, structure = _lacks(pred, target, weights, *steadied, num_axes)
    return image_mean(light + structure - light * structure, num_axes)


def multiscale_ssim(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    max_value: ArrayLike = 1.0,
    k1: ArrayLike = 0.01,
    k2: ArrayLike = 0.03,
    window: Float[ArrayLike, " size"] | None = None,
    scale_weights: Float[ArrayLike, " scales"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward images whose patterns are alike at each of several resolutions (MS-SSIM).

    Formula: `1 - prod_s mean(structure_s)**scale_weights[s]`, of the mean of the structure of
    `ssim` in images of which each scale has half the size of the one before; at the last, of
    `luminance * structure`. A mean below 0 counts as 0. Then the mean over channels.

    Args:
        pred: predicted images.
        target: true images.
        max_value: range of the numbers.
        k1: of the luminance, non-negative.
        k2: of the structure, non-negative.
        window: weights along one axis; those of `gaussian_window()` by default.
        scale_weights: exponents from the finest scale to the coarsest, as many as there are scales;
            those of the paper by default, for which images must have 176 pixels along each axis.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, in [0, 1].

    Raises:
        ValueError: for images smaller than the window at the last scale.

    Example:
        >>> ramp = jnp.linspace(0, 1, 36).reshape(6, 6, 1)
        >>> thirds, halves = jnp.full(3, 1 / 3), jnp.full(2, 1 / 2)
        >>> multiscale_ssim(ramp, 0.5 * ramp, window=thirds, scale_weights=halves)
        Array(0.2806, dtype=float32)

    Reference: Wang et al. 2003, doi:10.1109/ACSSC.2003.1292216.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    exponents = jnp.asarray(SCALE_WEIGHTS if scale_weights is None else scale_weights, pred.dtype)
    if exponents.ndim != 1:
        raise ValueError(f"expected `scale_weights` of one axis, got shape {exponents.shape}")
    scales = exponents.shape[0]
    weights = _window(window, pred, num_axes, scales)
    steadied = _steadied(pred, num_axes, max_value, k1, k2)
    pred, target = (jnp.moveaxis(image, -1, -num_axes - 1) for image in (pred, target))
    space = tuple(range(-num_axes, 0))
    lacks: list[Array] = []
    for scale in range(scales):
        if scale:
            pred, target = (halved(image, num_axes) for image in (pred, target))
        light, structure = _lacks(pred, target, weights, *steadied, num_axes)
        if scale == scales - 1:
            structure = light + structure - light * structure
        lacks.append(jnp.mean(structure, axis=space))
    lack = jnp.stack(lacks, axis=-1)
    some = lack < 1
    logs = jnp.matmul(jnp.log1p(-jnp.where(some, lack, 0)), exponents, precision="highest")
    return jnp.mean(jnp.where(jnp.all(some, axis=-1), -jnp.expm1(logs), 1), axis=-1)


def psnr(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    max_value: ArrayLike = 1.0,
    eps: ArrayLike = 1e-8,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward a small squared error of the whole image, in decibels (negative PSNR).

    Formula: `10 * log10(mean((pred - target)**2) / max_value**2 + eps)`.

    Args:
        pred: predicted images.
        target: true images.
        max_value: range of the numbers.
        eps: of relative error that is as good as none, positive; equal images have -80 dB.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, negative for errors below `max_value`.

    Example:
        >>> psnr(jnp.full((2, 2, 1), 0.1), jnp.zeros((2, 2, 1)))
        Array(-20., dtype=float32)

    Reference: Huynh-Thu and Ghanbari 2008, doi:10.1049/el:20080522.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    max_value, eps = hyperparameters(of_images(pred, num_axes), max_value=max_value, eps=eps)
    error = image_mean(jnp.square((pred - target) / along(max_value, num_axes + 1)), num_axes)
    return 10 / log(10) * jnp.log(error + eps)


def gaussian_window(size: int = 11, *, sigma: ArrayLike = 1.5) -> Float[Array, " size"]:
    """Weights of a window along one axis, of sum 1, that fall off as a Gaussian.

    Formula: `w = exp(-(arange(size) - (size - 1) / 2)**2 / (2 * sigma**2))`, then `w / sum(w)`.

    Args:
        size: in pixels.
        sigma: in pixels, positive.

    Example:
        >>> gaussian_window(3)
        Array([0.3078, 0.3844, 0.3078], dtype=float32)

    Reference: Wang et al. 2004, doi:10.1109/TIP.2003.819861.
    """
    (sigma,) = promote(sigma=sigma)
    places = jnp.arange(size, dtype=sigma.dtype) - (size - 1) / 2
    return jax.nn.softmax(-jnp.square(places / sigma) / 2)


def _window(window: ArrayLike | None, pred: Array, num_axes: int, scales: int = 1) -> Array:
    return window_weights(gaussian_window() if window is None else window, pred, num_axes, scales)


def _steadied(
    images: Array, num_axes: int, max_value: ArrayLike, k1: ArrayLike, k2: ArrayLike
) -> tuple[Array, Array]:
    """The constants that keep ratios of small numbers from counting too much."""
    like = of_images(images, num_axes)
    largest, k1, k2 = hyperparameters(like, max_value=max_value, k1=k1, k2=k2)
    first, second = jnp.square(k1 * largest), jnp.square(k2 * largest)
    return along(first, num_axes + 1), along(second, num_axes + 1)


def _lacks(
    pred: Array, target: Array, window: Array, c1: Array, c2: Array, num_axes: int
) -> tuple[Array, Array]:
    """What luminance and structure lack of 1 at each place, of images with their channels first."""
    space = tuple(range(-num_axes, 0))

    # Of the sum and the difference of two images four filters do the work of five, and what images
    # lack that are nearly alike does not come out as a difference from 1.
    def moments(image: Array) -> tuple[Array, Array]:
        # A variance is the same wherever it is measured from: from nearby, fewer digits cancel.
        middle = lax.stop_gradient(jnp.mean(image, axis=space, keepdims=True))
        moved = image - middle
        mean, square = (filtered(x, window, num_axes) for x in (moved, jnp.square(moved)))
        return jnp.square(mean + middle), relu(square - jnp.square(mean))

    both, both_spread = moments(pred + target)
    apart, apart_spread = moments(pred - target)
    light = safe_divide(2 * apart, both + apart + 2 * c1)
    return light, safe_divide(2 * apart_spread, both_spread + apart_spread + 2 * c2)
