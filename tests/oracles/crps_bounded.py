"""Continuous ranked probability scores of positive numbers, shares and counts (Jordan 2019)."""

from collections.abc import Callable
from decimal import Decimal
from math import exp, log, sqrt

import numpy.typing as npt
from scipy import special

from tests.oracles.loops import ONE, ZERO, Array, elementwise, total

X = npt.ArrayLike


def _plain(fn: Callable[..., float], *arrays: X) -> Array:
    """Entry by entry, in floats."""
    return elementwise(lambda *entries: fn(*map(float, entries)), *arrays)


def exponential(scale: X, target: X) -> Array:
    """|y| - 2 s F(y) + s / 2; |y| at scale 0."""

    def value(s: Decimal, y: Decimal) -> Decimal:
        far = 1 - (-y / s).exp() if y > 0 and s else ZERO
        far = ONE if y > 0 and not s else far
        return abs(y) - 2 * s * far + s / 2

    return elementwise(value, scale, target)


def uniform(lower: X, upper: X, target: X) -> Array:
    """(u - l) (|w - c| + c² - c + 1/3), c the nearest of [0, 1]; |y - l| of a point."""

    def value(a: Decimal, b: Decimal, y: Decimal) -> Decimal:
        if a == b:
            return abs(y - a)
        w = (y - a) / (b - a)
        c = min(max(w, ZERO), ONE)
        return (b - a) * (abs(w - c) + c * c - c + Decimal(1) / 3)

    return elementwise(value, lower, upper, target)


def lognormal(mean: X, scale: X, target: X) -> Array:
    """y (2 Phi(w) - 1) - 2 exp(m + s²/2) (Phi(w - s) + Phi(s / sqrt 2) - 1)."""

    def value(m: float, s: float, y: float) -> float:
        w = (log(y) - m) / s if y > 0 else -float("inf")
        share = special.ndtr(w - s) + special.ndtr(s / sqrt(2)) - 1
        return y * (2 * special.ndtr(w) - 1) - 2 * exp(m + s * s / 2) * share

    return _plain(value, mean, scale, target)


def gamma(shape: X, scale: X, target: X) -> Array:
    """y (2 F_a(y) - 1) - a s (2 F_(a+1)(y) - 1) - s / B(1/2, a); |y| at scale 0."""

    def value(a: float, s: float, y: float) -> float:
        if s == 0:
            return abs(y)
        w = max(y / s, 0)
        here, there = special.gammainc(a, w), special.gammainc(a + 1, w)
        return y * (2 * here - 1) - a * s * (2 * there - 1) - s / special.beta(0.5, a)

    return _plain(value, shape, scale, target)


def beta(a: X, b: X, target: X) -> Array:
    """y (2 I_(a,b) - 1) + a / (a + b) (1 - 2 I_(a+1,b) - 2 B(2a, 2b) / (a B(a, b)²))."""

    def value(a: float, b: float, y: float) -> float:
        x = min(max(y, 0), 1)
        ratio = exp(special.betaln(2 * a, 2 * b) - 2 * special.betaln(a, b))
        here, there = special.betainc(a, b, x), special.betainc(a + 1, b, x)
        return y * (2 * here - 1) + a / (a + b) * (1 - 2 * there - 2 * ratio / a)

    return _plain(value, a, b, target)


def poisson(rate: X, target: X) -> Array:
    """By its definition: sum over k of (F(k) - 1[y <= k])², and what lies between 0 and y < 0."""

    def value(rate: Decimal, y: Decimal) -> Decimal:
        mass, below, terms = (-rate).exp(), ZERO, []
        for k in range(int(rate + 40 * rate.sqrt() + max(y, ZERO) + 60)):
            below += mass
            terms.append((below - (ONE if y <= k else ZERO)) ** 2)
            mass = mass * rate / (k + 1)
        return total(terms) + max(-y, ZERO)

    return elementwise(value, rate, target)
