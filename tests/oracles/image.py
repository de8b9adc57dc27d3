"""Losses of images in windows, one by one."""

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _spread(value: X, images: Array) -> Array:
    """A hyperparameter of each image, to stand beside its pixels."""
    return np.broadcast_to(real(value), images.shape[:-3])[..., None, None, None]


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
