"""Edges of images: differences of neighbours, and filters pixel by pixel."""

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


def edge_aware_smoothness(pred: X, image: X, *, alpha: X) -> Array:
    """The mean of |∂d| e^{-α |∂I|} along each axis, added."""
    x, y = real(pred), real(image)
    found = np.zeros(x.shape[:-3])
    strength = np.broadcast_to(real(alpha), found.shape)
    for place in np.ndindex(found.shape):
        for axis in (0, 1):
            edges = np.mean(np.abs(np.diff(y[place], axis=axis)), axis=-1)[..., None]
            bends = np.abs(np.diff(x[place], axis=axis))
            found[place] += np.mean(bends * np.exp(-strength[place] * edges))
    return found


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


def _grid(image: Array, scale: int) -> Array:
    """Means of squares of so many pixels; what is left over at the border is not there."""
    height, width = (size // scale * scale for size in image.shape)
    parts = [image[i:height:scale, j:width:scale] for i in range(scale) for j in range(scale)]
    return np.sum(parts, axis=0) / scale**2


def _strength(image: Array) -> Array:
    """The length of Prewitt's gradient at each pixel that is not at the border."""
    height, width = image.shape
    found = np.zeros((height - 2, width - 2))
    for i, j in np.ndindex(found.shape):
        part = image[i : i + 3, j : j + 3]
        found[i, j] = np.hypot(*(np.sum(b - a) / 3 for a, b in ((part[0], part[2]), part.T[::2])))
    return found


def _deviation(x: Array, y: Array, c: float, masking: float) -> float:
    a, b = _strength(x), _strength(y)
    alike = ((2 - masking) * a * b + c) / (a * a + b * b - masking * a * b + c)
    return float(np.sqrt(np.mean((alike - np.mean(alike)) ** 2)))


def _each(x: Array, *hyper: X) -> list[Any]:
    """Place of each channel in the batch, and the hyperparameters there."""
    batch, channels = x.shape[:-3], x.shape[-1]
    spread = [np.broadcast_to(real(value), batch) for value in hyper]
    return [
        (place, channel, [float(value[place]) for value in spread])
        for place in np.ndindex(batch)
        for channel in range(channels)
    ]


def gmsd(pred: X, target: X, *, max_value: X, c: X) -> Array:
    """The deviation of the similarity of gradients, of images of half the size."""
    x, y = real(pred), real(target)
    found = np.zeros((*x.shape[:-3], x.shape[-1]))
    for place, channel, (largest, least) in _each(x, max_value, c):
        a, b = (_grid(image[place][..., channel] / largest, 2) for image in (x, y))
        found[(*place, channel)] = _deviation(a, b, least, 0)
    return np.mean(found, axis=-1)


def multiscale_gmsd(
    pred: X, target: X, *, max_value: X, c: X, masking: X, scale_weights: X | None = None
) -> Array:
    """The root of the weighted sum of its squares."""
    x, y = real(pred), real(target)
    weights = real([0.096, 0.596, 0.289, 0.019] if scale_weights is None else scale_weights)
    found = np.zeros((*x.shape[:-3], x.shape[-1]))
    for place, channel, (largest, least, hidden) in _each(x, max_value, c, masking):
        a, b = (image[place][..., channel] / largest for image in (x, y))
        total = 0.0
        for scale, weight in enumerate(weights):
            if scale:
                a, b = _grid(a, 2), _grid(b, 2)
            total += weight * _deviation(a, b, least, hidden) ** 2
        found[(*place, channel)] = np.sqrt(total)
    return np.mean(found, axis=-1)
