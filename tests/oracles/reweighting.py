"""Losses whose weights follow training: what each class has got so far, and what each example asks.

`held` are arguments at which what a loss holds constant is computed; by default the arguments
themselves.
"""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    cross_entropy,
    elementwise,
    in_play,
    integer,
    kept,
    log_softmax,
    power,
    real,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]
Held = tuple[Any, ...] | None


def _sigmoid(z: Decimal) -> Decimal:
    return 1 / (1 + (-z).exp())


def equalization(logits: X, target: X, *, frequent: X) -> Array:
    """Tan 2020: cross-entropy of bits, in which examples are negatives of frequent classes only."""
    z = real(logits)
    return elementwise(
        lambda z, y, kept: y * softplus(-z) + ((1 - y) * softplus(z) if kept else ZERO),
        z,
        target,
        kept=np.broadcast_to(real(frequent), z.shape),
    )


def softmax_equalization(logits: X, labels: X, *, frequent: X) -> Array:
    """Tan 2020: -log exp(z_y) / Σ w exp(z) with w = 1 for y and frequent classes, else 0."""

    def value(z: Vector, y: int, frequent: Vector) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z, [k == y or bool(frequent[k]) for k in range(len(z))])
        masses = [ONE if k == y else ZERO for k in range(len(z))]
        return cross_entropy(masses, log_softmax(z, keep)) if any(keep) else ZERO

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), np.broadcast_to(real(frequent), z.shape))


def _class_weights(totals: Vector, hyper: dict[str, Decimal]) -> tuple[Decimal, Decimal]:
    """Tan 2021: 1 + alpha (1 - f) for positives, f = σ(gamma (ratio - mu)) for negatives."""
    positive, negative = totals
    ratio = positive / negative if negative else Decimal("Infinity")
    f = 1 / (1 + (-hyper["gamma"] * (ratio - hyper["mu"])).exp())
    return 1 + hyper["alpha"] * (1 - f), f


def equalization_v2(
    logits: X, target: X, *, totals: X, gamma: X = 12.0, mu: X = 0.8, alpha: X = 4.0
) -> Array:
    """Cross-entropy of bits with the weights of their classes."""

    def value(z: Decimal, y: Decimal, totals: Vector, **hyper: Decimal) -> Decimal:
        yes, no = _class_weights(totals, hyper)
        return yes * y * softplus(-z) + no * (1 - y) * softplus(z)

    z = real(logits)
    spread = np.broadcast_to(real(totals).T, (*z.shape, 2))
    return rows(value, z.shape, z, real(target), spread, gamma=gamma, mu=mu, alpha=alpha)


def gradient_totals(
    logits: X,
    target: X,
    *,
    totals: X,
    gamma: X = 12.0,
    mu: X = 0.8,
    alpha: X = 4.0,
    where: X | None = None,
) -> Array:
    """The totals, plus the sizes of the weighted gradients of all examples."""
    z, y, result = real(logits), real(target), real(totals).copy()
    keep = kept(where, z.shape)

    def size(z: Decimal, y: Decimal, keep: Decimal, totals: Vector, **hyper: Decimal) -> Decimal:
        yes, no = _class_weights(totals[:2], hyper)
        if not keep:
            return ZERO
        return yes * y * _sigmoid(-z) if totals[2] else no * (1 - y) * _sigmoid(z)

    for side, positive in enumerate((1.0, 0.0)):
        table = np.vstack([totals, np.full(z.shape[-1], positive)])
        spread = np.broadcast_to(table.T, (*z.shape, 3))
        sizes = rows(size, z.shape, z, y, real(keep), spread, gamma=gamma, mu=mu, alpha=alpha)
        for index in np.ndindex(z.shape):
            result[side, index[-1]] += sizes[index]
    return result


def seesaw(
    logits: X,
    labels: X,
    *,
    counts: X,
    mitigation: X = 0.8,
    compensation: X = 2.0,
    held: Held = None,
) -> Array:
    """Wang 2021: -log exp(z_y) / Σ S_j exp(z_j), S_j = min(1, n_j / n_y)^p max(1, p_j / p_y)^q."""

    def value(
        z: Vector, fixed: Vector, y: int, n: Vector, mitigation: Decimal, compensation: Decimal
    ) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        if not keep[y]:
            return Decimal("Infinity")
        n = [max(c, ONE) for c in n]
        p = [x.exp() for x in log_softmax(fixed, in_play(fixed))]
        terms = ZERO
        for j in range(len(z)):
            if keep[j]:
                factor = power(min(ONE, n[j] / n[y]), mitigation)
                factor *= max(ONE, p[j] / p[y]) ** compensation
                terms += (ONE if j == y else factor) * z[j].exp()
        return terms.ln() - z[y]

    z = real(logits)
    fixed = z if held is None else real(held[0])
    spread = np.broadcast_to(real(counts), z.shape)
    hyper = {"mitigation": mitigation, "compensation": compensation}
    return rows(value, z.shape[:-1], z, fixed, integer(labels), spread, **hyper)


def influence_balanced(
    logits: X, labels: X, features: X, *, eps: X = 1e-3, held: Held = None
) -> Array:
    """Park 2021: cross-entropy / (|p - y|₁ |h|₁ + eps)."""

    def value(z: Vector, fixed: Vector, y: int, h: Vector, eps: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        masses = [ONE if k == y else ZERO for k in range(len(z))]
        p = [x.exp() for x in log_softmax(fixed, in_play(fixed))]
        apart = 2 * total(p[:y] + p[y + 1 :])
        influence = apart * total(abs(x) for x in h) + eps
        entropy = cross_entropy(masses, log_softmax(z, keep))
        return entropy / influence if influence else ZERO

    z, h = real(logits), real(features)
    fixed, fixed_h = (z, h) if held is None else (real(held[0]), real(held[2]))
    return rows(value, z.shape[:-1], z, fixed, integer(labels), fixed_h, eps=eps)


def _weight(norm: Decimal, histogram: Vector) -> Decimal:
    """Li 2019: examples over those that share a bin and bins that are in use."""
    own = histogram[min(int(norm * len(histogram)), len(histogram) - 1)]
    used = sum(n > 0 for n in histogram)
    return total(histogram) / (own * used) if own else ZERO


def gradient_harmonizing(logits: X, target: X, *, histogram: X) -> Array:
    """GHM-C: cross-entropy of bits, weighed by the density of |p - y|."""

    def value(z: Decimal, y: Decimal, histogram: Vector) -> Decimal:
        entropy = y * softplus(-z) + (1 - y) * softplus(z)
        norm = abs(y * _sigmoid(-z) - (1 - y) * _sigmoid(z))
        return _weight(norm, histogram) * entropy

    z, bins = real(logits), real(histogram)
    return rows(value, z.shape, z, real(target), np.broadcast_to(bins, (*z.shape, bins.size)))


def gradient_harmonizing_l1(pred: X, target: X, *, histogram: X, mu: X = 0.02) -> Array:
    """GHM-R: sqrt(d² + mu²) - mu, weighed by the density of its slope |d| / sqrt(d² + mu²)."""

    def value(x: Decimal, y: Decimal, histogram: Vector, mu: Decimal) -> Decimal:
        root = ((x - y) ** 2 + mu**2).sqrt()
        return _weight(abs(x - y) / root if root else ZERO, histogram) * (root - mu)

    x, bins = real(pred), real(histogram)
    spread = np.broadcast_to(bins, (*x.shape, bins.size))
    return rows(value, x.shape, x, real(target), spread, mu=mu)


def gradient_histogram(
    norms: X, *, histogram: X, momentum: float = 0.75, where: X | None = None
) -> Array:
    """The running mean of how many norms in [0, 1] fall into each of equal bins."""
    g, old = real(norms), real(histogram)
    counts = np.zeros(len(old))
    for index in np.ndindex(g.shape):
        if kept(where, g.shape)[index]:
            counts[min(int(g[index] * len(old)), len(old) - 1)] += 1
    return momentum * old + (1 - momentum) * counts
