"""Losses of features, place by place."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def content(pred: X, target: X, *, num_axes: int = 2) -> Array:
    """The mean squared error."""
    return np.mean((real(pred) - real(target)) ** 2, axis=(-3, -2, -1))


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


def dists(
    pred: X,
    target: X,
    *,
    eps: X,
    texture_weights: X | None = None,
    structure_weights: X | None = None,
    num_axes: int = 2,
) -> Array:
    """The weighted sum of what means and covariances lack of being alike."""
    x, y = real(pred), real(target)
    half = np.full(x.shape[-1], 0.5 / x.shape[-1])
    texture = half if texture_weights is None else real(texture_weights)
    structure = half if structure_weights is None else real(structure_weights)
    least = np.broadcast_to(real(eps), x.shape[:-3])[..., None]
    m, n = np.mean(x, axis=(-3, -2)), np.mean(y, axis=(-3, -2))
    a, b = x - m[..., None, None, :], y - n[..., None, None, :]
    v, w, both = (np.mean(c, axis=(-3, -2)) for c in (a * a, b * b, a * b))
    light = (2 * m * n + least) / (m * m + n * n + least)
    alike = (2 * both + least) / (v + w + least)
    return np.sum(texture * (1 - light) + structure * (1 - alike), axis=-1)


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
