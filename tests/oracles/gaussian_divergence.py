"""Divergences between normal distributions: sums over coordinates, and matrices as matrices."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ONE, Array, real, rows, total

X = npt.ArrayLike
Term = Callable[[Decimal, Decimal, Decimal, Decimal], Decimal]


def _summed(term: Term, m: X, log_v: X, n: X, log_w: X) -> Array:
    """Sum `term(m, v, n, w)` of means and variances over the coordinates."""

    def value(*parts: list[Decimal]) -> Decimal:
        return total(term(m, a.exp(), n, b.exp()) for m, a, n, b in zip(*parts, strict=True))

    arrays = [real(x) for x in (m, log_v, n, log_w)]
    return rows(value, arrays[0].shape[:-1], *arrays)


def _kl(m: Decimal, v: Decimal, n: Decimal, w: Decimal) -> Decimal:
    """Of N(n, w) from N(m, v): ½ (w / v + (m - n)² / v - 1 - ln(w / v))."""
    return (w / v + (m - n) ** 2 / v - 1 - (w / v).ln()) / 2


def kl(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    return _summed(_kl, mean, log_variance, target_mean, target_log_variance)


def reverse_kl(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    return _summed(_kl, target_mean, target_log_variance, mean, log_variance)


def jeffreys(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    """Both ways."""
    return _summed(
        lambda m, v, n, w: _kl(m, v, n, w) + _kl(n, w, m, v),
        mean,
        log_variance,
        target_mean,
        target_log_variance,
    )


def bhattacharyya(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    """Kailath 1967: ⅛ (m - n)² / s + ½ ln(s / √(v w)) with s = (v + w) / 2."""

    def term(m: Decimal, v: Decimal, n: Decimal, w: Decimal) -> Decimal:
        s = (v + w) / 2
        return (m - n) ** 2 / (8 * s) + (s / (v.sqrt() * w.sqrt())).ln() / 2

    return _summed(term, mean, log_variance, target_mean, target_log_variance)


def hellinger(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    """√(1 - ∏ √(2 √v √w / (v + w)) exp(-¼ (m - n)² / (v + w)))."""

    def value(*parts: list[Decimal]) -> Decimal:
        overlap = ONE
        for m, a, n, b in zip(*parts, strict=True):
            v, w = a.exp(), b.exp()
            overlap *= (2 * (v.sqrt() * w.sqrt()) / (v + w)).sqrt()
            overlap *= (-((m - n) ** 2) / (4 * (v + w))).exp()
        return (1 - overlap).sqrt()

    arrays = [real(x) for x in (mean, log_variance, target_mean, target_log_variance)]
    return rows(value, arrays[0].shape[:-1], *arrays)


def wasserstein(mean: X, log_variance: X, target_mean: X, target_log_variance: X) -> Array:
    """Dowson & Landau 1982 of diagonals: Σ (m - n)² + (√v - √w)²."""
    return _summed(
        lambda m, v, n, w: (m - n) ** 2 + (v.sqrt() - w.sqrt()) ** 2,
        mean,
        log_variance,
        target_mean,
        target_log_variance,
    )


Pair = Callable[[Array, Array, Array, Array], float]


def _of_matrices(value: Pair, mean: X, factor: X, target_mean: X, target_factor: X) -> Array:
    """Call `value(m, A, n, B)` with the covariances of each pair."""
    m, a, n, b = (real(x) for x in (mean, factor, target_mean, target_factor))
    result = np.empty(m.shape[:-1])
    for i in np.ndindex(result.shape):
        result[i] = value(m[i], a[i] @ a[i].T, n[i], b[i] @ b[i].T)
    return result


def full_kl(mean: X, factor: X, target_mean: X, target_factor: X) -> Array:
    """½ (tr(A⁻¹ B) + (m - n)ᵀ A⁻¹ (m - n) - d + ln det A - ln det B), of lower triangles."""

    def value(m: Array, a: Array, n: Array, b: Array) -> float:
        traced = float(np.trace(np.linalg.solve(a, b)) - len(m)) if len(m) else 0.0
        moved = float((m - n) @ np.linalg.solve(a, m - n))
        volumes = np.linalg.slogdet(a)[1] - np.linalg.slogdet(b)[1]
        return (traced + moved + float(volumes)) / 2

    lower = np.tril(real(factor)), np.tril(real(target_factor))
    return _of_matrices(value, mean, lower[0], target_mean, lower[1])


def _root(a: Array) -> Array:
    """Square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(a)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def full_wasserstein(mean: X, factor: X, target_mean: X, target_factor: X) -> Array:
    """Dowson & Landau 1982: |m - n|² + tr(A + B - 2 (√A B √A)^½)."""

    def value(m: Array, a: Array, n: Array, b: Array) -> float:
        root = _root(a)
        return float((m - n) @ (m - n) + np.trace(a + b - 2 * _root(root @ b @ root)))

    return _of_matrices(value, mean, factor, target_mean, target_factor)
