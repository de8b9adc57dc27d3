"""Images: how alike two of them look, by structure, edges, frequencies, and features of a network.

Images are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value. Where numbers have a range, `max_value` is
the largest one: 1 for images from 0 to 1, 255 for bytes.

Losses of pixels one by one are those of `jaxloss.regression`, as `charbonnier`. `content`, `style`
and `lpips` compare features: `perceptual` computes them with a network that is given, layer by
layer. A loss at several resolutions is `jaxloss.over_scales`.
"""

from collections.abc import Callable, Sequence
from math import log
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, class_vector, hyperparameters, promote, same_shape
from jaxloss.core.numerics import (
    absolute,
    normalize,
    relu,
    safe_divide,
    safe_norm,
    safe_power,
    safe_sqrt,
)

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales of MS-SSIM, from fine to coarse, as in the paper."""

BLOCK = 64
"""Pixels that one product with a band filters: more are more work, fewer are more products."""


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
    pred, target = _images(num_axes, pred=pred, target=target)
    weights = _window(window, pred, num_axes)
    steadied = _steadied(pred, num_axes, max_value, k1, k2)
    pred, target = (jnp.moveaxis(image, -1, -num_axes - 1) for image in (pred, target))
    light, structure = _lacks(pred, target, weights, *steadied, num_axes)
    return _mean(light + structure - light * structure, num_axes)


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
    pred, target = _images(num_axes, pred=pred, target=target)
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
            pred, target = (_halved(image, num_axes) for image in (pred, target))
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
    pred, target = _images(num_axes, pred=pred, target=target)
    max_value, eps = hyperparameters(_of_images(pred, num_axes), max_value=max_value, eps=eps)
    error = _mean(jnp.square((pred - target) / along(max_value, num_axes + 1)), num_axes)
    return 10 / log(10) * jnp.log(error + eps)


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
    (pred,) = _images(num_axes, pred=pred)
    steps = jnp.stack([_step(pred, axis) for axis in range(-num_axes - 1, -1)])
    each = jnp.sum(absolute(steps), axis=0) if kind == "anisotropic" else safe_norm(steps, 0)
    return _mean(each, num_axes)


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
    pred, target = _images(num_axes, pred=pred, target=target)
    (alpha,) = hyperparameters(_of_images(pred, num_axes), alpha=alpha)
    total = jnp.zeros_like(pred)
    for axis in range(-num_axes - 1, -1):
        apart = absolute(_step(pred, axis)) - absolute(_step(target, axis))
        total = total + safe_power(absolute(apart), along(alpha, num_axes + 1))
    return _mean(total, num_axes)


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
    pred, target = _images(2, pred=pred, target=target)
    _at_least(3, pred, 2)
    (epsilon,) = hyperparameters(_of_images(pred, 2), epsilon=epsilon)
    error = pred - target

    def along_both(rows: tuple[float, ...], columns: tuple[float, ...]) -> Array:
        return _valid(_valid(error, rows, -3), columns, -2)

    smooth, slope = (0.25, 0.5, 0.25), (-0.5, 0.0, 0.5)
    middle, bend = (0.0, 1.0, 0.0), (1.0, -2.0, 1.0)
    if operator == "sobel":
        squares = jnp.square(along_both(smooth, slope)) + jnp.square(along_both(slope, smooth))
    else:
        squares = jnp.square(along_both(middle, bend) + along_both(bend, middle))
    return _mean(safe_sqrt(squares + jnp.square(along(epsilon, 3))), 2)


def fft_amplitude(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward each frequency as strong as it truly is, wherever its waves begin (spectral loss).

    Formula: `mean((abs(F(pred)) - abs(F(target)))**2)` with the unitary Fourier transform `F` over
    space. Gradient 0 in a frequency that is not there.

    Args:
        pred: predicted images.
        target: true images.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> fft_amplitude(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)))
        Array(1., dtype=float32)

    Reference: Dhariwal et al. 2020, arXiv:2005.00341.
    """
    pred, target = _images(num_axes, pred=pred, target=target)
    strong, true = (safe_sqrt(_power(_spectrum(image, num_axes))) for image in (pred, target))
    return _mean(jnp.square(strong - true), num_axes)


def focal_frequency(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    alpha: ArrayLike = 1.0,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward the frequencies that are hardest to get right.

    Formula: `mean(weight * abs(F(pred) - F(target))**2)` with the unitary Fourier transform `F`
    over space and `weight = abs(F(pred) - F(target))**alpha`, divided by its largest in the image
    and channel, and held constant.

    Args:
        pred: predicted images.
        target: true images.
        alpha: of attention to what is wrong, non-negative.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> focal_frequency(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)))
        Array(1., dtype=float32)

    Reference: Jiang et al. 2021, arXiv:2012.12821.
    """
    pred, target = _images(num_axes, pred=pred, target=target)
    (alpha,) = hyperparameters(_of_images(pred, num_axes), alpha=alpha)
    power = _power(_spectrum(pred - target, num_axes))
    held = lax.stop_gradient(power)
    space = tuple(range(-num_axes - 1, -1))
    share = safe_divide(held, jnp.max(held, axis=space, keepdims=True, initial=0))
    return _mean(safe_power(share, along(alpha, num_axes + 1) / 2) * power, num_axes)


def content(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward the same features at the same places.

    Formula: `mean((pred - target)**2)`.

    Args:
        pred: features of predicted images.
        target: features of true images.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> content(jnp.ones((2, 2, 1)), jnp.full((2, 2, 1), 3.0))
        Array(4., dtype=float32)

    Reference: Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = _images(num_axes, pred=pred, target=target)
    return _mean(jnp.square(pred - target), num_axes)


def style(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward features that come together as often as the true ones, wherever they are.

    Formula: `sum((gram(pred) - gram(target))**2)` with `gram(x)[a, b] = sum(x[..., a] * x[..., b])
    / x.size`, over the places of an image.

    Args:
        pred: features of predicted images.
        target: features of the images whose style it is; of as many places.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> style(jnp.ones((2, 2, 1)), jnp.full((2, 2, 1), 3.0))
        Array(64., dtype=float32)

    Reference: Gatys et al. 2016, doi:10.1109/CVPR.2016.265; Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = _images(num_axes, pred=pred, target=target)
    # That of the difference of the matrices in one: (p - t)' (p + t), symmetric part.
    apart, both = (
        lax.collapse(x, x.ndim - num_axes - 1, x.ndim - 1) for x in (pred - target, pred + target)
    )
    gram = jnp.einsum("...ia,...ib->...ab", apart, both, precision="highest")
    gram = (gram + jnp.swapaxes(gram, -1, -2)) / (2 * apart.shape[-1] * apart.shape[-2])
    return jnp.sum(jnp.square(gram), axis=(-2, -1))


def lpips(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    channel_weights: Float[ArrayLike, " channels"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward features of the same direction at the same places (a layer of LPIPS).

    Formula: `mean(sum(channel_weights * (pred / norm(pred) - target / norm(target))**2))`, the norm
    and the sum over channels, the mean over places. A zero vector stays zero, with gradient 0.

    Args:
        pred: features of predicted images.
        target: features of true images.
        channel_weights: non-negative, learned from what people find alike; 1 by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, which is that of one layer; `perceptual` adds up layers.

    Example:
        >>> lpips([[[1.0, 0.0]]], [[[0.0, 2.0]]])
        Array(2., dtype=float32)

    Reference: Zhang et al. 2018, arXiv:1801.03924.
    """
    pred, target = _images(num_axes, pred=pred, target=target)
    apart = jnp.square(normalize(pred) - normalize(target))
    if channel_weights is not None:
        apart = apart * class_vector("channel_weights", channel_weights, apart)
    return _mean(jnp.sum(apart, axis=-1, keepdims=True), num_axes)


def perceptual(
    pred: Float[ArrayLike, "..."],
    target: Float[ArrayLike, "..."],
    *,
    features: Callable[[Array], Sequence[Array]],
    loss: Callable[..., Array] = content,
    weights: Sequence[ArrayLike] | None = None,
) -> Float[Array, "..."]:
    """Add up a loss of the features that a network has of both images, layer by layer.

    Formula: `sum_l weights[l] * loss(features(pred)[l], features(target)[l])`; those of the target
    are held constant.

    Args:
        pred: predicted images.
        target: true images.
        features: from images to a list of maps, as those of a trained network.
        loss: of two maps: `content`, `style`, `lpips`, or any other.
        weights: of the layers; 1 by default.

    Example:
        >>> perceptual(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)), features=lambda x: [x, 2 * x])
        Array(5., dtype=float32)

    Reference: Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = same_shape(pred=pred, target=target)
    pairs = list(zip(features(pred), lax.stop_gradient(features(target)), strict=True))
    shares = [1.0] * len(pairs) if weights is None else weights
    if len(shares) != len(pairs):
        raise ValueError(f"expected `weights` for {len(pairs)} layers, got {len(shares)}")
    values = [loss(one, two) for one, two in pairs]
    scaled = [hyperparameters(x, weights=w)[0] * x for w, x in zip(shares, values, strict=True)]
    return sum(scaled[1:], start=scaled[0])


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


def _images(num_axes: int, **arrays: ArrayLike) -> list[Array]:
    """Convert images of one shape, and demand axes of space and of channels."""
    converted = same_shape(**arrays)
    for name, array in zip(arrays, converted, strict=True):
        if array.ndim <= num_axes:
            raise ValueError(
                f"expected `{name}` with {num_axes} axes of space and one of channels, "
                f"got shape {array.shape}"
            )
    return converted


def _of_images(images: Array, num_axes: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(images.shape[: -num_axes - 1], images.dtype)


def _mean(maps: Array, num_axes: int) -> Array:
    return jnp.mean(maps, axis=tuple(range(-num_axes - 1, 0)))


def _at_least(size: int, images: Array, num_axes: int, scales: int = 1) -> None:
    space = images.shape[-num_axes - 1 : -1]
    if any(length >> (scales - 1) < size for length in space):
        raise ValueError(
            f"expected `pred` of at least {size << (scales - 1)} pixels along each axis of space, "
            f"got shape {images.shape}"
        )


def _window(window: ArrayLike | None, images: Array, num_axes: int, scales: int = 1) -> Array:
    weights = gaussian_window() if window is None else jnp.asarray(window)
    if weights.ndim != 1:
        raise ValueError(f"expected `window` of one axis, got shape {weights.shape}")
    _at_least(weights.shape[0], images, num_axes, scales)
    return weights.astype(images.dtype)


def _steadied(
    images: Array, num_axes: int, max_value: ArrayLike, k1: ArrayLike, k2: ArrayLike
) -> tuple[Array, Array]:
    """The constants that keep ratios of small numbers from counting too much."""
    like = _of_images(images, num_axes)
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
        mean, square = (_filtered(x, window, num_axes) for x in (moved, jnp.square(moved)))
        return jnp.square(mean + middle), relu(square - jnp.square(mean))

    both, both_spread = moments(pred + target)
    apart, apart_spread = moments(pred - target)
    light = safe_divide(2 * apart, both + apart + 2 * c1)
    return light, safe_divide(2 * apart_spread, both_spread + apart_spread + 2 * c2)


def _filtered(x: Array, window: Array, num_axes: int) -> Array:
    """Weighted sums of neighbours along the last axes, where there are all of them."""
    for _ in range(num_axes):
        # The axis that is done goes last, so that after all of them they stand as they did.
        x = _convolved(jnp.moveaxis(x, -num_axes, -1), window)
    return x


def _convolved(x: Array, window: Array) -> Array:
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


def _valid(x: Array, weights: tuple[float, ...], axis: int) -> Array:
    """Weighted sum of few neighbours along an axis, where there are all of them."""
    size = x.shape[axis] - len(weights) + 1
    parts = [lax.slice_in_dim(x, k, k + size, axis=axis) for k in range(len(weights))]
    return sum(
        (w * part for w, part in zip(weights, parts, strict=True)), start=jnp.zeros_like(parts[0])
    )


def _halved(images: Array, num_axes: int) -> Array:
    """Means of neighbours two by two along the last axes; an odd one at the border is left out."""
    for axis in range(images.ndim - num_axes, images.ndim):
        size = images.shape[axis] // 2 * 2
        even, odd = (lax.slice_in_dim(images, first, size, stride=2, axis=axis) for first in (0, 1))
        images = (even + odd) / 2
    return images


def _step(images: Array, axis: int) -> Array:
    """Difference of each pixel from the next one; 0 at the far border."""
    size = images.shape[axis]
    border = lax.slice_in_dim(images, size - 1, size, axis=axis)
    return jnp.diff(images, axis=axis, append=border)


def _spectrum(images: Array, num_axes: int) -> Array:
    return jnp.fft.fftn(images, axes=tuple(range(-num_axes - 1, -1)), norm="ortho")


def _power(spectrum: Array) -> Array:
    return jnp.square(spectrum.real) + jnp.square(spectrum.imag)
