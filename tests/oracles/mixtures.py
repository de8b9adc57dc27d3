"""Negative logarithms of densities of vectors, of mixtures, and of probabilities of levels."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise, real, rows
from tests.oracles.special import textbook

X = npt.ArrayLike
INF = mp.inf


def multivariate_gaussian(mean: X, cholesky: X, target: X) -> Array:
    """Density exp(-(t - m)' C^-1 (t - m) / 2) / sqrt(det(2 pi C)) of the covariance C = L L'."""

    def value(m: list[Any], factor: list[Any], t: list[Any]) -> Any:
        if any(factor[i][i] == 0 for i in range(len(m))):
            return INF
        z: list[Any] = []
        for i, (a, b) in enumerate(zip(m, t, strict=True)):
            known = sum((factor[i][j] * z[j] for j in range(i)), mp.mpf(0))
            z.append((b - a - known) / factor[i][i])
        volume = sum(mp.log(abs(factor[i][i])) for i in range(len(m)))
        return sum(x * x for x in z) / 2 + volume + len(m) * mp.log(2 * mp.pi) / 2

    m = real(mean)
    return rows(textbook(value), m.shape[:-1], m, real(cholesky), real(target))


def low_rank_gaussian(mean: X, factor: X, log_scale: X, target: X) -> Array:
    """The same of the covariance W W' + diag(s^2), by its own triangular factor."""

    def value(m: list[Any], w: list[Any], log_s: list[Any], t: list[Any]) -> Any:
        size = len(m)
        covariance = mp.matrix(size, size)
        for i in range(size):
            for j in range(size):
                shared = sum((a * b for a, b in zip(w[i], w[j], strict=True)), mp.mpf(0))
                covariance[i, j] = shared + (mp.exp(2 * log_s[i]) if i == j else 0)
        root = mp.cholesky(covariance)
        z: list[Any] = []
        for i in range(size):
            known = sum((root[i, j] * z[j] for j in range(i)), mp.mpf(0))
            z.append((t[i] - m[i] - known) / root[i, i])
        volume = sum(mp.log(root[i, i]) for i in range(size))
        return sum(x * x for x in z) / 2 + volume + size * mp.log(2 * mp.pi) / 2

    m = real(mean)
    given = m, real(factor), real(log_scale), real(target)
    return rows(textbook(value), m.shape[:-1], *given)


def _mixed(logits: list[Any], densities: list[Any]) -> Any:
    weights = [mp.exp(z) for z in logits]
    mixed = sum(w * f for w, f in zip(weights, densities, strict=True)) / sum(weights)
    return -mp.log(mixed) if mixed else INF


def mixture(logits: X, values: X) -> Array:
    """Bishop 1994: the mean of densities, weighed by the softmax."""

    def value(z: list[Any], values: list[Any]) -> Any:
        return _mixed(z, [mp.exp(-v) for v in values])

    z = real(logits)
    return rows(textbook(value), z.shape[:-1], z, real(values))


def gaussian_mixture(logits: X, loc: X, log_scale: X, target: X) -> Array:
    """The same of normal densities."""

    def value(z: list[Any], loc: list[Any], log_scale: list[Any], t: Any) -> Any:
        def density(m: Any, s: Any) -> Any:
            return mp.exp(-(((t - m) / mp.exp(s)) ** 2) / 2 - s) / mp.sqrt(2 * mp.pi)

        return _mixed(z, [density(m, s) for m, s in zip(loc, log_scale, strict=True)])

    z = real(logits)
    return rows(textbook(value), z.shape[:-1], z, real(loc), real(log_scale), real(target))


def _level(loc: Any, log_scale: Any, t: Any, levels: int) -> Any:
    """Salimans et al. 2017: mass of the logistic density between half a level below and above."""
    half, scale = mp.mpf(1) / (levels - 1), mp.exp(log_scale)

    def below(x: Any) -> Any:
        z = (x - loc) / scale
        # 1 - 1 / (1 + e^z) has no digits where e^z is tiny.
        return 1 / (1 + mp.exp(-z)) if z < 0 else 1 - 1 / (1 + mp.exp(z))

    def over(x: Any) -> Any:
        return 1 / (1 + mp.exp((x - loc) / scale))

    if t < half - 1:
        return below(t + half)
    if t > 1 - half:
        return over(t - half)
    # Of two differences that are equal the one without cancellation.
    if t > loc:
        return over(t - half) - over(t + half)
    return below(t + half) - below(t - half)


def discretized_logistic(loc: X, log_scale: X, target: X, *, levels: int = 256) -> Array:
    """Minus the logarithm of the mass of a level."""

    def value(m: Any, s: Any, t: Any) -> Any:
        mass = _level(m, s, t, levels)
        return -mp.log(mass) if mass else INF

    return elementwise(textbook(value), loc, log_scale, target)


def discretized_logistic_mixture(
    logits: X, loc: X, log_scale: X, target: X, *, levels: int = 256
) -> Array:
    """The same of a mixture."""

    def value(z: list[Any], loc: list[Any], log_scale: list[Any], t: Any) -> Any:
        masses = [_level(m, s, t, levels) for m, s in zip(loc, log_scale, strict=True)]
        return _mixed(z, masses)

    z = real(logits)
    return rows(textbook(value), z.shape[:-1], z, real(loc), real(log_scale), real(target))
