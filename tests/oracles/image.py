"""Losses of images: windows one by one, and Fourier sums as they are defined."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _spread(value: X, images: Array) -> Array:
    """A hyperparameter of each image, to stand beside its pixels."""
    return np.broadcast_to(real(value), images.shape[:-3])[..., None, None, None]


def _mean(maps: Array) -> Array:
    return np.mean(maps, axis=(-3, -2, -1))


def gaussian_window(size: int = 11, *, sigma: X = 1.5) -> Array:
    """The density at whole distances from the middle, divided by its sum."""
    heights = [
        np.exp(-((k - (size - 1) / 2) ** 2) / (2 * float(real(sigma)) ** 2)) for k in range(size)
    ]
    return real(heights) / sum(heights)


def _maps(
    pred: Array, target: Array, window: X | None, c1: Array, c2: Array
) -> tuple[Array, Array]:
    """Luminance and structure at each place where the window fits."""
    line = gaussian_window() if window is None else real(window)
    weights = np.outer(line, line)[:, :, None]
    size, (height, width) = len(line), pred.shape[-3:-1]
    places = list(np.ndindex(height - size + 1, width - size + 1))
    light, structure = [], []
    for i, j in places:
        x, y = (a[..., i : i + size, j : j + size, :] for a in (pred, target))
        m, n = (np.sum(weights * a, axis=(-3, -2)) for a in (x, y))
        u, v = x - m[..., None, None, :], y - n[..., None, None, :]
        vx, vy, vxy = (np.sum(weights * a, axis=(-3, -2)) for a in (u * u, v * v, u * v))
        a, b = c1[..., 0, 0, :], c2[..., 0, 0, :]
        light.append((2 * m * n + a) / (m * m + n * n + a))
        structure.append((2 * vxy + b) / (vx + vy + b))
    return np.stack(light, axis=-1), np.stack(structure, axis=-1)


def ssim(
    pred: X, target: X, *, max_value: X, k1: X, k2: X, window: X | None = None, num_axes: int = 2
) -> Array:
    """1 - the mean of luminance times structure."""
    x, y = real(pred), real(target)
    c1, c2 = (_spread((real(k) * real(max_value)) ** 2, x) for k in (k1, k2))
    light, structure = _maps(x, y, window, c1, c2)
    return 1 - np.mean(light * structure, axis=(-2, -1))


def multiscale_ssim(
    pred: X,
    target: X,
    *,
    max_value: X,
    k1: X,
    k2: X,
    window: X | None = None,
    scale_weights: X | None = None,
    num_axes: int = 2,
) -> Array:
    """1 - the product of powers of the means, by channel; negative means count as 0."""
    x, y = real(pred), real(target)
    c1, c2 = (_spread((real(k) * real(max_value)) ** 2, x) for k in (k1, k2))
    powers = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] if scale_weights is None else scale_weights
    product = np.ones((*x.shape[:-3], x.shape[-1]))
    for scale, power in enumerate(real(powers)):
        light, structure = _maps(x, y, window, c1, c2)
        last = scale == len(real(powers)) - 1
        found = np.mean(light * structure if last else structure, axis=-1)
        product = product * np.maximum(found, 0) ** power
        height, width = x.shape[-3] // 2, x.shape[-2] // 2
        x, y = (
            sum(a[..., i : 2 * height : 2, j : 2 * width : 2, :] for i in (0, 1) for j in (0, 1))
            / 4
            for a in (x, y)
        )
    return np.mean(1 - product, axis=-1)


def psnr(pred: X, target: X, *, max_value: X, eps: X, num_axes: int = 2) -> Array:
    """10 log₁₀ of the mean squared error in units of the range."""
    x, y = real(pred), real(target)
    error = np.mean((x - y) ** 2, axis=(-3, -2, -1))
    return 10 * np.log10(error / real(max_value) ** 2 + real(eps))


def _steps(images: Array) -> tuple[Array, Array]:
    """Differences from the next pixel down and to the right, 0 at the border."""
    down, right = np.zeros(images.shape), np.zeros(images.shape)
    down[..., :-1, :, :] = images[..., 1:, :, :] - images[..., :-1, :, :]
    right[..., :, :-1, :] = images[..., :, 1:, :] - images[..., :, :-1, :]
    return down, right


def total_variation(
    pred: X, *, kind: Literal["anisotropic", "isotropic"] = "anisotropic", num_axes: int = 2
) -> Array:
    """The mean of |a| + |b| or of √(a² + b²)."""
    a, b = _steps(real(pred))
    return _mean(np.abs(a) + np.abs(b) if kind == "anisotropic" else np.hypot(a, b))


def gradient_difference(pred: X, target: X, *, alpha: X, num_axes: int = 2) -> Array:
    """The mean of | |∂p| - |∂t| |^α, both axes added."""
    x, y = real(pred), real(target)
    power = _spread(alpha, x)
    pairs = zip(_steps(x), _steps(y), strict=True)
    return _mean(sum(np.abs(np.abs(a) - np.abs(b)) ** power for a, b in pairs))


def edge(
    pred: X,
    target: X,
    *,
    epsilon: X,
    operator: Literal["sobel", "laplacian"] = "sobel",
) -> Array:
    """The mean of √(Σ filtered² + ε²) of the error."""
    error = real(pred) - real(target)
    sobel = real([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 8
    laplacian = real([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    kernels = [sobel, sobel.T] if operator == "sobel" else [laplacian]
    height, width = error.shape[-3] - 2, error.shape[-2] - 2
    squares = sum(
        sum(
            kernel[i, j] * error[..., i : i + height, j : j + width, :]
            for i in range(3)
            for j in range(3)
        )
        ** 2
        for kernel in kernels
    )
    return _mean(np.sqrt(squares + _spread(epsilon, error) ** 2))


def _transform(images: Array) -> Any:
    """Σ x e^{-2πi (uh / H + vw / W)} / √(H W)."""
    height, width = images.shape[-3:-1]
    first = np.exp(-2j * np.pi * np.outer(np.arange(height), np.arange(height)) / height)
    second = np.exp(-2j * np.pi * np.outer(np.arange(width), np.arange(width)) / width)
    return np.einsum("uh,...hwc,wv->...uvc", first, images, second) / np.sqrt(height * width)


def fft_amplitude(pred: X, target: X, *, num_axes: int = 2) -> Array:
    """The mean of the squared errors of the amplitudes."""
    return _mean((np.abs(_transform(real(pred))) - np.abs(_transform(real(target)))) ** 2)


def focal_frequency(pred: X, target: X, *, alpha: X, num_axes: int = 2, held: Any = None) -> Array:
    """The mean of w |F_p - F_t|², w from the images held if there are some."""
    x, y = real(pred), real(target)
    old_x, old_y = (x, y) if held is None else map(real, held)
    size = np.abs(_transform(old_x - old_y))
    largest = np.max(size, axis=(-3, -2), keepdims=True)
    share = size / np.where(largest > 0, largest, 1)
    return _mean(share ** _spread(alpha, x) * np.abs(_transform(x - y)) ** 2)


def content(pred: X, target: X, *, num_axes: int = 2) -> Array:
    """The mean squared error."""
    return _mean((real(pred) - real(target)) ** 2)


def style(pred: X, target: X, *, num_axes: int = 2) -> Array:
    """The squared distance of the Gram matrices, each divided by C H W."""
    grams = []
    for features in (real(pred), real(target)):
        height, width, channels = features.shape[-3:]
        gram = sum(
            features[..., i, j, :, None] * features[..., i, j, None, :]
            for i in range(height)
            for j in range(width)
        )
        grams.append(gram / (height * width * channels))
    return np.sum((grams[0] - grams[1]) ** 2, axis=(-2, -1))


def lpips(pred: X, target: X, *, channel_weights: X | None = None, num_axes: int = 2) -> Array:
    """The mean over places of the weighted squared distance of unit vectors."""
    units = []
    for features in (real(pred), real(target)):
        size = np.sqrt(np.sum(features**2, axis=-1, keepdims=True))
        units.append(features / np.where(size > 0, size, 1))
    weights = 1.0 if channel_weights is None else real(channel_weights)
    return np.mean(np.sum(weights * (units[0] - units[1]) ** 2, axis=-1), axis=(-2, -1))


def perceptual(
    pred: X,
    target: X,
    *,
    features: Callable[[Array], Sequence[Array]],
    loss: Callable[..., Array] = content,
    weights: Sequence[X] | None = None,
) -> Array:
    """The weighted sum over layers."""
    pairs = list(zip(features(real(pred)), features(real(target)), strict=True))
    shares = [1.0] * len(pairs) if weights is None else weights
    return sum(real(w) * loss(a, b) for w, (a, b) in zip(shares, pairs, strict=True))
