"""Negative logarithms of densities, as textbooks print them."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise
from tests.oracles.special import log_gamma, textbook

X = npt.ArrayLike
INF, NAN = mp.inf, mp.nan


def _each(fn: Any, *arrays: X, **hyper: X) -> Array:
    return elementwise(textbook(fn), *arrays, **hyper)


def _normal(z: Any) -> Any:
    return z * z / 2 + mp.log(2 * mp.pi) / 2


def gaussian(mean: X, variance: X, target: X) -> Array:
    """(t - m)² / 2v + log(2 pi v) / 2; a variance of 0 is a point, below it there is none."""

    def value(m: Any, v: Any, t: Any) -> Any:
        if v < 0:
            return NAN
        if v == 0:
            return -INF if t == m else INF
        return (t - m) ** 2 / (2 * v) + mp.log(2 * mp.pi * v) / 2

    return _each(value, mean, variance, target)


def gaussian_log_variance(mean: X, log_variance: X, target: X) -> Array:
    """The same of the logarithm."""

    def value(m: Any, s: Any, t: Any) -> Any:
        return (t - m) ** 2 / (2 * mp.exp(s)) + (mp.log(2 * mp.pi) + s) / 2

    return _each(value, mean, log_variance, target)


def laplace(loc: X, log_scale: X, target: X) -> Array:
    """|t - m| / b + log(2 b)."""
    return _each(lambda m, s, t: abs(t - m) / mp.exp(s) + mp.log(2) + s, loc, log_scale, target)


def logistic(loc: X, log_scale: X, target: X) -> Array:
    """Density e^-z / (s (1 + e^-z)²)."""

    def value(m: Any, s: Any, t: Any) -> Any:
        z = (t - m) / mp.exp(s)
        return z + 2 * mp.log(1 + mp.exp(-z)) + s

    return _each(value, loc, log_scale, target)


def student_t(loc: X, log_scale: X, target: X, *, df: X = 4.0) -> Array:
    """Gamma((n + 1) / 2) / (Gamma(n / 2) sqrt(n pi)) (1 + z²/n)^-((n + 1)/2); normal at inf."""

    def value(m: Any, s: Any, t: Any, df: Any) -> Any:
        z = (t - m) / mp.exp(s)
        if df == INF:
            return _normal(z) + s
        constant = log_gamma(df / 2) - log_gamma((df + 1) / 2) + mp.log(df * mp.pi) / 2
        return constant + (df + 1) / 2 * mp.log(1 + z * z / df) + s

    return _each(value, loc, log_scale, target, df=df)


def von_mises(loc: X, log_concentration: X, target: X) -> Array:
    """-k cos(t - m) + log(2 pi I0(k))."""

    def value(m: Any, log_k: Any, t: Any) -> Any:
        k = mp.exp(log_k)
        if log_k > 30:  # 2k sin² keeps what k cos - k loses; I0(k) = e^k / sqrt(2 pi k)
            log_bessel = -mp.log(2 * mp.pi * k) / 2 + mp.log(1 + 1 / (8 * k))
        else:
            with mp.workdps(60):
                log_bessel = mp.log(mp.besseli(0, k)) - k
        return k * (1 - mp.cos(t - m)) + mp.log(2 * mp.pi) + log_bessel

    return _each(value, loc, log_concentration, target)
