"""Losses of ordered classes by a softmax over them, as their papers print them."""

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    Target,
    cross_entropy,
    in_play,
    integer,
    kept,
    log_softmax,
    masses_of,
    power as raised,
    real,
    rows,
    target_of,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _power(base: Decimal, exponent: Decimal) -> Decimal:
    return raised(base, exponent) if base else (ZERO if exponent else ONE)


def _probabilities(z: Vector) -> Vector | None:
    keep = in_play(z)
    return [x.exp() for x in log_softmax(z, keep)] if any(keep) else None


def squared_earth_mover(logits: X, target: X) -> Array:
    """Hou 2016, equation 4: Σ_k (CDF_k(p) - CDF_k(t))²."""

    def value(z: Vector, t: Target) -> Decimal:
        masses, p = masses_of(t, len(z)), _probabilities(z)
        if masses is None:
            return NAN
        if p is None:
            return ZERO
        gaps = [total(p[: k + 1]) - total(masses[: k + 1]) for k in range(len(z))]
        return total(x * x for x in gaps)

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target))


def weighted_kappa(
    logits: X, labels: X, *, power: X = 2.0, eps: X = 1e-6, where: X | None = None
) -> Array:
    """de la Torre 2018, equation 7: log(Σ w O / Σ w E) with w_ij = |i - j|^power."""
    z, y = real(logits), integer(labels)
    size = z.shape[-1]

    def value(
        z: list[Vector], y: list[int], keep: list[bool], power: Decimal, eps: Decimal
    ) -> Decimal:
        if any(k and not 0 <= label < size for label, k in zip(y, keep, strict=True)):
            return NAN
        pairs = [
            (label, p)
            for row, label, k in zip(z, y, keep, strict=True)
            if k and (p := _probabilities(row))
        ]
        weight = [[_power(Decimal(abs(i - j)), power) for j in range(size)] for i in range(size)]
        seen = total(weight[label][j] * p[j] for label, p in pairs for j in range(size))
        by_chance = total(
            weight[label][j] * p[j] for label, _ in pairs for _, p in pairs for j in range(size)
        )
        if not by_chance:
            return ZERO
        return (seen / (by_chance / len(pairs)) + eps).ln()

    return rows(value, z.shape[:-2], z, y, kept(where, y.shape), power=power, eps=eps)


def _divergence(z: Vector, heights: Vector) -> Decimal:
    """KL from the softmax of heights, over the classes in play, to the prediction."""
    keep = in_play(z)
    if not any(keep):
        return ZERO
    wanted, log_p = log_softmax(heights, keep), log_softmax(z, keep)
    return total(x.exp() * (x - y) for x, y, k in zip(wanted, log_p, keep, strict=True) if k)


def soft_labels(labels: X, *, count: int, scale: X = 1.0, power: X = 2.0) -> Array:
    """Diaz 2019, equation 1: softmax of -scale |y - k|^power."""
    y, steep, exponent = integer(labels), real(scale).item(), real(power).item()
    result = np.full((*y.shape, count), np.nan)
    for index in np.ndindex(y.shape):
        if 0 <= y[index] < count:
            for k in range(count):
                result[(*index, k)] = math.exp(-steep * float(abs(y[index] - k)) ** exponent)
            result[index] /= math.fsum(result[index])
    return result


def soft_ordinal(logits: X, labels: X, *, scale: X = 1.0, power: X = 2.0) -> Array:
    """Diaz 2019: KL to softmax of -scale |y - k|^power."""

    def value(z: Vector, y: int, scale: Decimal, power: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        return _divergence(z, [-scale * _power(Decimal(abs(y - k)), power) for k in range(len(z))])

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), scale=scale, power=power)


def label_distribution(logits: X, target: X, *, sigma: X = 1.0) -> Array:
    """Gao 2017, equation 3: KL to exp(-(k - y)² / 2 sigma²), normalised over the classes."""

    def value(z: Vector, y: Decimal, sigma: Decimal) -> Decimal:
        if not 0 <= y <= len(z) - 1:
            return NAN
        return _divergence(z, [-((k - y) ** 2) / (2 * sigma * sigma) for k in range(len(z))])

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target), sigma=sigma)


def class_distance_cross_entropy(logits: X, labels: X, *, alpha: X = 5.0) -> Array:
    """Polat 2022, equation 1: -Σ_k log(1 - p_k) |k - y|^alpha; 1 - p_k by what the others have."""

    def value(z: Vector, y: int, alpha: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        p = _probabilities(z)
        if p is None:
            return ZERO
        cost = ZERO
        for k in range(len(z)):
            if k != y:
                rest = total(x for j, x in enumerate(p) if j != k)
                each = -rest.ln() if rest else INFINITY
                if p[k] < Decimal("1e-12"):
                    each = total(p[k] ** n / n for n in range(1, 5))
                cost += each * _power(Decimal(abs(k - y)), alpha)
        return cost

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), alpha=alpha)


def mean_variance(
    logits: X, labels: X, *, mean_weight: X = 0.2, variance_weight: X = 0.05
) -> Array:
    """Pan 2018, equation 9: -log p_y + λ1 (m - y)² / 2 + λ2 Σ p_k (k - m)²."""

    def value(z: Vector, y: int, mean_weight: Decimal, variance_weight: Decimal) -> Decimal:
        masses, p = masses_of(y, len(z)), _probabilities(z)
        if masses is None:
            return NAN
        if p is None:
            return ZERO
        m = total(k * x for k, x in enumerate(p))
        variance = total(x * (k - m) ** 2 for k, x in enumerate(p))
        entropy = cross_entropy(masses, log_softmax(z, in_play(z)))
        return entropy + mean_weight * (m - y) ** 2 / 2 + variance_weight * variance

    z = real(logits)
    hyper = {"mean_weight": mean_weight, "variance_weight": variance_weight}
    return rows(value, z.shape[:-1], z, integer(labels), **hyper)


def _heads(scores: X, count: int, mass: Callable[[float, int], float]) -> Array:
    f = real(scores)
    result = np.zeros((*f.shape, count))
    for index in np.ndindex(f.shape):
        for k in range(count):
            result[(*index, k)] = mass(float(f[index]), k)
    return result


def binomial_logits(scores: X, *, count: int) -> Array:
    """Beckham 2017, section 3.2: log of C(n, k) p^k (1 - p)^(n - k), n = count - 1, p = σ(f)."""

    def mass(f: float, k: int) -> float:
        yes, no = -np.logaddexp(0, -f), -np.logaddexp(0, f)
        return math.log(math.comb(count - 1, k)) + k * yes + (count - 1 - k) * no

    return _heads(scores, count, mass)


def poisson_logits(scores: X, *, count: int) -> Array:
    """Beckham 2017, section 3.1: log of λ^k / k! with λ = exp(f), without exp(-λ) for all k."""
    return _heads(scores, count, lambda f, k: k * f - math.log(math.factorial(k)))
