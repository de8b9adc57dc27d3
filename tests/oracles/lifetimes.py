"""Negative logarithms of densities of positive numbers."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise
from tests.oracles.special import log_gamma, textbook

X = npt.ArrayLike
INF = mp.inf


def _each(fn: Any, *arrays: X, **hyper: X) -> Array:
    return elementwise(textbook(fn), *arrays, **hyper)


def log_normal(loc: X, log_scale: X, target: X) -> Array:
    """Normal density of log t, over t."""

    def value(m: Any, s: Any, t: Any) -> Any:
        if t <= 0:
            return INF
        z = (mp.log(t) - m) / mp.exp(s)
        return z * z / 2 + mp.log(2 * mp.pi) / 2 + s + mp.log(t)

    return _each(value, loc, log_scale, target)


def log_logistic(loc: X, log_scale: X, target: X) -> Array:
    """Shape 1/s over scale e^m: density (t/e^m)^(1/s) / (s t (1 + (t/e^m)^(1/s))²)."""

    def value(m: Any, s: Any, t: Any) -> Any:
        if t <= 0:
            return INF
        odds = mp.exp((mp.log(t) - m) / mp.exp(s))
        return -mp.log(odds) + 2 * mp.log(1 + odds) + s + mp.log(t)

    return _each(value, loc, log_scale, target)


def exponential(log_rate: X, target: X) -> Array:
    """Rate t - log rate."""
    return _each(lambda r, t: mp.exp(r) * t - r if t >= 0 else INF, log_rate, target)


def _at_zero(shape: Any, value: Any) -> Any:
    """Of a density like t^(shape - 1) at t = 0; `value` where it is neither 0 nor infinite."""
    return INF if shape > 1 else -INF if shape < 1 else value


def gamma(log_concentration: X, log_rate: X, target: X) -> Array:
    """Density b^a t^(a - 1) e^(-b t) / Gamma(a)."""

    def value(log_a: Any, log_b: Any, t: Any) -> Any:
        a, b = mp.exp(log_a), mp.exp(log_b)
        if t < 0:
            return INF
        if t == 0:
            return _at_zero(a, -log_b)
        return log_gamma(a) - a * log_b - (a - 1) * mp.log(t) + b * t

    return _each(value, log_concentration, log_rate, target)


def weibull(log_concentration: X, log_scale: X, target: X) -> Array:
    """Density k/s (t/s)^(k - 1) exp(-(t/s)^k)."""

    def value(log_k: Any, log_s: Any, t: Any) -> Any:
        k = mp.exp(log_k)
        if t < 0:
            return INF
        if t == 0:
            return _at_zero(k, log_s)
        ratio = mp.log(t) - log_s
        return -log_k + log_s - (k - 1) * ratio + mp.exp(k * ratio)

    return _each(value, log_concentration, log_scale, target)
