"""Negative logarithms of densities of positive numbers."""

from typing import Any

import mpmath as mp
import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp

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


def inverse_gaussian(log_mean: X, log_shape: X, target: X) -> Array:
    """Density sqrt(s / (2 pi t^3)) exp(-s (t - m)^2 / (2 m^2 t))."""

    def value(log_m: Any, log_s: Any, t: Any) -> Any:
        if t <= 0:
            return INF
        m, s = mp.exp(log_m), mp.exp(log_s)
        return s * (t - m) ** 2 / (2 * m * m * t) - mp.log(s / (2 * mp.pi * t**3)) / 2

    return _each(value, log_mean, log_shape, target)


def tweedie(log_mean: X, log_dispersion: X, target: X, *, power: X = 1.5) -> Array:
    """Dunn and Smyth 2005, section 3: the sum of the W(j) over all j; gamma's density at 2.

    Beyond a million parts a saddle point (their section 4) has as many digits as are asked for.
    """

    def value(log_m: Any, log_f: Any, t: Any, p: Any) -> Any:
        if t < 0 or (t == 0 and p == 2):
            return INF
        if not 1 < p <= 2:
            return mp.nan
        m, f = mp.exp(log_m), mp.exp(log_f)
        if p == 2:
            return log_gamma(1 / f) + mp.log(m * f) / f - (1 / f - 1) * mp.log(t) + t / (m * f)
        theta, kappa = m ** (1 - p) / (1 - p), m ** (2 - p) / (2 - p)
        if t == 0:
            return kappa / f
        if t ** (2 - p) / (f * (2 - p)) > 1e6:
            own = t ** (2 - p) / ((1 - p) * (2 - p))
            return (own - t * theta + kappa) / f + mp.log(2 * mp.pi * f * t**p) / 2
        return (kappa - t * theta) / f + mp.log(t) - _log_parts(float(t), float(log_f), float(p))

    return _each(value, log_mean, log_dispersion, target, p=power)


def _log_parts(t: float, log_f: float, p: float) -> float:
    a = (2 - p) / (p - 1)
    rate = np.exp((2 - p) * np.log(t) - log_f) / (2 - p)
    j = np.arange(1, int(rate + 30 * np.sqrt(rate)) + 100)
    each = a * np.log(t / (p - 1)) - (1 + a) * log_f - np.log(2 - p)
    return logsumexp(j * each - gammaln(j + 1) - gammaln(a * j))
