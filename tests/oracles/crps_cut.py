"""Scores of normal distributions with bounds: the integral that defines them, by quadrature."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt
from scipy import special

from tests.oracles.loops import Array, elementwise

X = npt.ArrayLike
NODES, WEIGHTS = np.polynomial.legendre.leggauss(60)


def _integral(function: Callable[[Array], Array], low: float, high: float) -> float:
    """By sixty nodes in each of sixteen parts."""
    ends = np.linspace(low, high, 17)
    half = np.diff(ends)[:, None] / 2
    return float(np.sum(half * WEIGHTS * function(ends[:-1, None] + half * (1 + NODES))))


def _score(
    below: Callable[[Array], Array],
    above: Callable[[Array], Array],
    y: float,
    low: float,
    high: float,
) -> float:
    """|y - z| + the integral of F² up to z, and of (1 - F)² from there; z the nearest to y."""
    z = min(max(y, low), high)
    return (
        abs(y - z)
        + _integral(lambda x: below(x) ** 2, low, z)
        + _integral(lambda x: above(x) ** 2, z, high)
    )


def censored_gaussian(
    mean: X, scale: X, target: X, *, lower: X = 0.0, upper: X | None = None
) -> Array:
    """F is that of the normal distribution between the bounds; |y - nearest| at scale 0."""

    def value(m: Decimal, s: Decimal, y: Decimal, lower: Decimal, upper: Decimal) -> float:
        mean, scale = float(m), float(s)
        low, high = float(lower), float(upper)
        if scale == 0:
            return abs(float(y) - min(max(mean, low), high))
        # in units of the scale; beyond 9 of them F is 0 or 1 to the last digit
        a, b, w = ((x - mean) / scale for x in (low, high, float(y)))
        start, end = max(a, -9.0), min(b, 9.0)
        if start >= end:  # nothing but what is piled up at one bound
            edge = low if a >= 9 else high
            return abs(float(y) - edge)
        return scale * _score(special.ndtr, lambda x: special.ndtr(-x), w, start, end)

    upper = np.inf if upper is None else upper
    return elementwise(value, mean, scale, target, lower=lower, upper=upper)


def truncated_gaussian(
    mean: X, scale: X, target: X, *, lower: X = 0.0, upper: X | None = None
) -> Array:
    """F is that of the normal distribution given that it is between the bounds."""

    def value(m: Decimal, s: Decimal, y: Decimal, lower: Decimal, upper: Decimal) -> float:
        a, b, w = (float((x - m) / s) for x in (lower, upper, y))
        if a > 0:  # in the left tail, where the distribution function keeps its digits
            a, b, w = -b, -a, -w
        top = min(b, 9.0)
        start = max(a, min(top, 0.0) - 9.0)
        log_f = special.log_ndtr
        whole = special.ndtr(top) - special.ndtr(start)

        def below(x: Array) -> Array:
            return np.exp(log_f(x)) * -np.expm1(log_f(start) - log_f(x)) / whole

        def above(x: Array) -> Array:
            return np.exp(log_f(top)) * -np.expm1(log_f(x) - log_f(top)) / whole

        return float(s) * _score(below, above, w, start, top)

    upper = np.inf if upper is None else upper
    return elementwise(value, mean, scale, target, lower=lower, upper=upper)
