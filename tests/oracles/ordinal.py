"""Losses of ordered classes by thresholds, as their papers print them."""

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
    integer,
    real,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def ordinal_levels(labels: X, *, count: int) -> Array:
    """1 for each k in 0 .. count - 2 with y > k."""
    y = integer(labels)
    result = np.full((*y.shape, max(count - 1, 0)), np.nan)
    for index in np.ndindex(y.shape):
        if 0 <= y[index] < count:
            for k in range(count - 1):
                result[(*index, k)] = float(y[index] > k)
    return result


def _binary(z: Decimal, yes: bool) -> Decimal:
    return softplus(-z) if yes else softplus(z)


def ordinal_binary_cross_entropy(logits: X, labels: X) -> Array:
    """Niu 2016: Σ_k of the cross-entropy of "y > k"."""

    def value(z: Vector, y: int) -> Decimal:
        if not 0 <= y <= len(z):
            return NAN
        return total(_binary(x, y > k) for k, x in enumerate(z))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))


def corn(logits: X, labels: X) -> Array:
    """Shi 2023, equation 8: task k is of the examples with y > k - 1 alone."""

    def value(z: Vector, y: int) -> Decimal:
        if not 0 <= y <= len(z):
            return NAN
        return total(_binary(x, y > k) for k, x in enumerate(z) if y > k - 1)

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))


def _by_thresholds(
    value: Callable[..., Decimal], scores: X, labels: X, thresholds: X, **hyper: X
) -> Array:
    f, theta = real(scores), real(thresholds)

    def guarded(f: Decimal, y: int, theta: Vector, **hyper: Decimal) -> Decimal:
        return value(f, y, theta, **hyper) if 0 <= y <= len(theta) else NAN

    spread = np.broadcast_to(theta, (*f.shape, theta.size))
    return rows(guarded, f.shape, f, integer(labels), spread, **hyper)


def coral(scores: X, labels: X, thresholds: X) -> Array:
    """Cao 2020, equation 6: Σ_k of the cross-entropy of "y > k", with σ(f + b_k), b = -theta."""

    def value(f: Decimal, y: int, theta: Vector) -> Decimal:
        return total(_binary(f - t, y > k) for k, t in enumerate(theta))

    return _by_thresholds(value, scores, labels, thresholds)


def cumulative_link(scores: X, labels: X, thresholds: X) -> Array:
    """McCullagh 1980: -log(F(theta_y - f) - F(theta_{y-1} - f)) with the logistic F."""

    def below(x: Decimal) -> Decimal:
        return ONE / (1 + (-x).exp())

    def value(f: Decimal, y: int, theta: Vector) -> Decimal:
        ends = [-INFINITY, *theta, INFINITY]
        low, high = ends[y] - f, ends[y + 1] - f
        if low > 0:
            low, high = -high, -low  # F is symmetric: small numbers keep their digits
        share = (below(high) if high < INFINITY else ONE) - (below(low) if low > -INFINITY else 0)
        return -share.ln() if share > 0 else INFINITY

    return _by_thresholds(value, scores, labels, thresholds)


def all_threshold_hinge(scores: X, labels: X, thresholds: X, *, margin: X = 1.0) -> Array:
    """Rennie 2005: Σ_k h(s_k (theta_k - f)), s_k = -1 for k < y and +1 for the others."""

    def value(f: Decimal, y: int, theta: Vector, margin: Decimal) -> Decimal:
        signed = [(f - t) if k < y else (t - f) for k, t in enumerate(theta)]
        return total(max(ZERO, margin - x) for x in signed)

    return _by_thresholds(value, scores, labels, thresholds, margin=margin)


def immediate_threshold_hinge(scores: X, labels: X, thresholds: X, *, margin: X = 1.0) -> Array:
    """Rennie 2005: h(f - theta_{y-1}) + h(theta_y - f), where there are such."""

    def value(f: Decimal, y: int, theta: Vector, margin: Decimal) -> Decimal:
        below = [f - theta[y - 1]] if y > 0 else []
        above = [theta[y] - f] if y < len(theta) else []
        return total(max(ZERO, margin - x) for x in (*below, *above))

    return _by_thresholds(value, scores, labels, thresholds, margin=margin)


def ordered_thresholds(raw: X) -> Array:
    """The first, and then gaps of log(1 + exp(raw))."""
    given = real(raw)
    result = np.zeros(given.shape)
    for index in np.ndindex(given.shape[:-1]):
        for k in range(given.shape[-1]):
            gap = np.logaddexp(0, given[(*index, k)])
            result[(*index, k)] = result[(*index, k - 1)] + gap if k else given[(*index, k)]
    return result
