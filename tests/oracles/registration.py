"""Matching of images: windows one by one, and histograms pixel by pixel."""

from math import exp, log, prod
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike
Kernel = Literal["gaussian", "b_spline", "quadratic"]


def _each(first: Array, num_axes: int, *hyper: X) -> list[tuple[Any, ...]]:
    """Place of each image in the batch, and the hyperparameters there."""
    batch = first.shape[: -num_axes - 1]
    spread = [np.broadcast_to(real(value), batch) for value in hyper]
    return [(place, *(float(value[place]) for value in spread)) for place in np.ndindex(batch)]


def local_cross_correlation(
    pred: X, target: X, *, eps: X, window: X | None = None, num_axes: int = 2
) -> Array:
    """The mean of 1 - cov² / ((v_p + ε) (v_t + ε)) over the windows that fit."""
    x, y = real(pred), real(target)
    line = np.full(9, 1 / 9) if window is None else real(window)
    weights = np.ones(())
    for _ in range(num_axes):
        weights = np.multiply.outer(weights, line)
    found = np.zeros(x.shape[: -num_axes - 1])
    for place, least in _each(x, num_axes, eps):
        space = x[place].shape[:-1]
        values = []
        for corner in np.ndindex(*(size - len(line) + 1 for size in space)):
            where = tuple(slice(start, start + len(line)) for start in corner)
            for channel in range(x.shape[-1]):
                a, b = x[place][where][..., channel], y[place][where][..., channel]
                a, b = a - np.sum(weights * a), b - np.sum(weights * b)
                va, vb, vab = (np.sum(weights * c) for c in (a * a, b * b, a * b))
                values.append(1 - vab**2 / ((va + least) * (vb + least)))
        found[place] = np.mean(values)
    return found


def _weights(
    value: float, bins: int, width: float, largest: float, kernel: Kernel, moves: bool
) -> list[float]:
    """What a pixel gives to each bin, from one below the first to one above the last."""
    place = min(max(value / largest, 0.0), 1.0) * (bins - 1)
    away = [abs(place - k) for k in range(-1, bins + 1)]
    if kernel == "gaussian":
        heights = [exp(-((a / width) ** 2) / 2) for a in away[1:-1]]
        return [0.0, *(height / sum(heights) for height in heights), 0.0]
    if kernel == "quadratic":
        halves = [
            1 - 0.1 * a - 1.8 * a * a if a < 0.5 else 1.9 - 3.7 * a + 1.8 * a * a for a in away
        ]
        return [half if a < 1 else 0.0 for half, a in zip(halves, away, strict=True)]
    if not moves:
        return [1.0 if a < 0.5 else 0.5 if a == 0.5 else 0.0 for a in away]
    return [
        (4 - 6 * a * a + 3 * a**3) / 6 if a < 1 else (2 - a) ** 3 / 6 if a < 2 else 0.0
        for a in away
    ]


def _entropy(masses: Array) -> float:
    return -sum(p * log(p) for p in masses.ravel().tolist() if p > 0)


def _entropies(
    pred: X, target: X, bins: int, sigma: X, max_value: X, kernel: Kernel, num_axes: int
) -> dict[tuple[int, ...], tuple[float, float, float]]:
    """Entropies of prediction, target and both together, for each image."""
    x, y = real(pred), real(target)
    found = {}
    for place, width, largest in _each(x, num_axes, sigma, max_value):
        joint = np.zeros((bins + 2, bins + 2))
        pairs = zip(x[place].ravel().tolist(), y[place].ravel().tolist(), strict=True)
        for a, b in pairs:
            ours = _weights(a, bins, width, largest, kernel, True)
            theirs = _weights(b, bins, width, largest, kernel, False)
            joint += np.outer(ours, theirs) / prod(x[place].shape)
        found[place] = (_entropy(joint.sum(1)), _entropy(joint.sum(0)), _entropy(joint))
    return found


def mutual_information(
    pred: X,
    target: X,
    *,
    num_bins: int = 23,
    sigma: X,
    max_value: X,
    kernel: Kernel = "gaussian",
    num_axes: int = 2,
) -> Array:
    """H(p, t) - H(p) - H(t)."""
    found = np.zeros(real(pred).shape[: -num_axes - 1])
    every = _entropies(pred, target, num_bins, sigma, max_value, kernel, num_axes)
    for place, (own, other, both) in every.items():
        found[place] = both - own - other
    return found


def normalized_mutual_information(
    pred: X,
    target: X,
    *,
    num_bins: int = 23,
    sigma: X,
    max_value: X,
    kernel: Kernel = "gaussian",
    num_axes: int = 2,
) -> Array:
    """2 - (H(p) + H(t)) / H(p, t), 1 without any."""
    found = np.ones(real(pred).shape[: -num_axes - 1])
    every = _entropies(pred, target, num_bins, sigma, max_value, kernel, num_axes)
    for place, (own, other, both) in every.items():
        if both > 0:
            found[place] = 2 - (own + other) / both
    return found


def normalized_gradient_field(
    pred: X, target: X, *, eps: X, spacing: X | None = None, num_axes: int = 2
) -> Array:
    """The mean of 1 - (g·h + ε²)² / ((|g|² + ε²) (|h|² + ε²))."""
    x, y = real(pred), real(target)
    sizes = np.ones(num_axes) if spacing is None else real(spacing)
    found = np.zeros(x.shape[: -num_axes - 1])
    for place, least in _each(x, num_axes, eps):
        values = []
        for pixel in np.ndindex(*(size - 1 for size in x[place].shape[:-1])):
            for channel in range(x.shape[-1]):
                g, h = (
                    [
                        (image[(*_next(pixel, axis), channel)] - image[(*pixel, channel)])
                        / sizes[axis]
                        for axis in range(num_axes)
                    ]
                    for image in (x[place], y[place])
                )
                dot = sum(a * b for a, b in zip(g, h, strict=True)) + least**2
                both = [sum(a * a for a in way) + least**2 for way in (g, h)]
                values.append(1 - dot**2 / (both[0] * both[1]))
        found[place] = np.mean(values)
    return found


def _next(pixel: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return tuple(k + (place == axis) for place, k in enumerate(pixel))
