"""Fourier sums as they are defined, and pyramids as products of matrices."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _spread(value: X, images: Array) -> Array:
    """A hyperparameter of each image, to stand beside its pixels."""
    return np.broadcast_to(real(value), images.shape[:-3])[..., None, None, None]


def _mean(maps: Array) -> Array:
    return np.mean(maps, axis=(-3, -2, -1))


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


def _line(size: int) -> tuple[Array, Array]:
    """What halving does to a line of so many pixels, and doubling to its half, as matrices."""
    half = (size + 1) // 2
    down, up = np.zeros((half, size)), np.zeros((size, half))
    for i in range(half):
        for k, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
            down[i, min(max(2 * i + k, 0), size - 1)] += weight / 16
    for i in range(size):
        # of the pixels between which zeros stand, with twice the weights
        for k, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
            if (i + k) % 2 == 0:
                up[i, min(max((i + k) // 2, 0), half - 1)] += weight / 8
    return down, up


def laplacian_pyramid(pred: X, target: X, *, levels: int = 5, num_axes: int = 2) -> Array:
    """The sum of the mean absolute errors of the levels."""
    x = real(pred) - real(target)
    total = np.zeros(x.shape[:-3])
    for _ in range(levels - 1):
        rows, columns = (_line(size) for size in x.shape[-3:-1])
        coarse = np.einsum("ih,jw,...hwc->...ijc", rows[0], columns[0], x)
        fine = np.einsum("hi,wj,...ijc->...hwc", rows[1], columns[1], coarse)
        total, x = total + _mean(np.abs(x - fine)), coarse
    return total + _mean(np.abs(x))
