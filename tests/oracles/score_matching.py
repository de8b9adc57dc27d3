"""Score matching; derivatives of a score are central differences."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, mean, real as numbers, rows

X = npt.ArrayLike
Vector = list[Decimal]
Score = Callable[[Array], Array]
STEP = 1e-5


def denoising(pred: X, noise: X, sigma: X) -> Array:
    """Song 2019: sigma^2 |s(x + sigma z) + z / sigma|^2, a mean over the entries."""

    def value(s: Vector, z: Vector, sigma: Decimal) -> Decimal:
        return mean([(sigma * a + b) ** 2 for a, b in zip(s, z, strict=True)])

    return rows(value, np.shape(sigma), numbers(pred), numbers(noise), numbers(sigma))


def sure(pred: X, noisy: X, change: X, directions: X, *, sigma: X) -> Array:
    """Stein 1981: (f(y) - y)^2 - sigma^2 + 2 sigma^2 v (J v), entry by entry."""
    f, y, turned, v = (numbers(given) for given in (pred, noisy, change, directions))
    found = np.zeros(f.shape)
    spread = np.broadcast_to(numbers(sigma), f.shape)
    for place in np.ndindex(f.shape):
        variance = spread[place] ** 2
        found[place] = (f[place] - y[place]) ** 2 - variance
        found[place] += 2 * variance * v[place] * turned[place]
    return found


def _turned(score: Score, x: Array, v: Array) -> Array:
    return (score(x + STEP * v) - score(x - STEP * v)) / (2 * STEP)


def sliced(score: Score, x: X, directions: X) -> Array:
    """Song 2020, equation 8: v^T J v + |s|^2 / 2."""
    points, ways = numbers(x), numbers(directions)
    parts = ways * _turned(score, points, ways) + score(points) ** 2 / 2
    return parts.reshape(len(points), -1).sum(axis=1)


def implicit(score: Score, x: X) -> Array:
    """Hyvarinen 2005: tr J + |s|^2 / 2."""
    points = numbers(x)
    value = (score(points) ** 2 / 2).reshape(len(points), -1).sum(axis=1)
    for entry in np.ndindex(points.shape[1:]):
        unit = np.zeros_like(points)
        unit[(slice(None), *entry)] = 1
        value = value + _turned(score, points, unit)[(slice(None), *entry)]
    return value
