"""Continuous ranked probability scores on the whole line, by the closed forms of Jordan 2019."""

from decimal import Decimal
from math import exp, log, pi, sqrt

import numpy as np
import numpy.typing as npt
from scipy import special

from tests.oracles.loops import Array, elementwise, real

X = npt.ArrayLike


def _phi(w: float) -> float:
    return exp(-min(w * w, 1400) / 2) / sqrt(2 * pi)


def _cdf(w: float) -> float:
    return float(special.ndtr(w))


def _location_scale(standard, mean: X, scale: X, target: X, *shape: X) -> Array:
    """The score of a location-scale family from that of its standard member; |error| at scale 0."""

    def value(m: Decimal, s: Decimal, y: Decimal, *shape: Decimal) -> float:
        if s == 0:
            return float(abs(y - m))
        return float(s) * standard(float((y - m) / s), *map(float, shape))

    return elementwise(value, mean, scale, target, *shape)


def _standard_gaussian(w: float) -> float:
    return w * (2 * _cdf(w) - 1) + 2 * _phi(w) - 1 / sqrt(pi)


def gaussian(mean: X, scale: X, target: X) -> Array:
    """Gneiting 2005: sigma (w (2 Phi(w) - 1) + 2 phi(w) - 1 / sqrt(pi))."""
    return _location_scale(_standard_gaussian, mean, scale, target)


def logistic(mean: X, scale: X, target: X) -> Array:
    """Jordan 2019: w - 2 log F(w) - 1."""
    return _location_scale(lambda w: w + 2 * np.logaddexp(0, -w) - 1, mean, scale, target)


def laplace(mean: X, scale: X, target: X) -> Array:
    """Jordan 2019: |w| + exp(-|w|) - 3/4."""
    return _location_scale(lambda w: abs(w) + exp(-abs(w)) - 0.75, mean, scale, target)


def _standard_t(w: float, df: float) -> float:
    """Jordan 2019, with f (df + w²) as f0 df (1 + w²/df)^((1 - df) / 2)."""
    far = special.stdtr(df, w)
    log_f0 = -special.betaln(0.5, df / 2) - log(df) / 2
    tail = exp(log_f0 + log(df) + (1 - df) / 2 * np.log1p((w / sqrt(df)) ** 2))
    ratio = exp(special.betaln(0.5, df - 0.5) - 2 * special.betaln(0.5, df / 2))
    return w * (2 * far - 1) + 2 * tail / (df - 1) - 2 * sqrt(df) / (df - 1) * ratio


def student_t(mean: X, scale: X, df: X, target: X) -> Array:
    """Jordan 2019."""
    return _location_scale(_standard_t, mean, scale, target, df)


def _distance(m: float, s: float) -> float:
    """E|N(m, s²)|, Grimit 2006."""
    if s == 0:
        return abs(m)
    return m * (2 * _cdf(m / s) - 1) + 2 * s * _phi(m / s)


def mixture_gaussian(logits: X, mean: X, scale: X, target: X) -> Array:
    """Grimit 2006: sum w_i A(y - m_i, s_i²) - sum w_i w_j A(m_i - m_j, s_i² + s_j²) / 2."""
    z, m, s, y = real(logits), real(mean), real(scale), real(target)
    result = np.zeros(y.shape)
    for index in np.ndindex(y.shape):
        there = [i for i in range(z.shape[-1]) if z[index][i] > -np.inf]
        if there:
            masses = special.softmax(z[index][there])
            parts = list(zip(masses, m[index][there], s[index][there], strict=True))
            first = sum(q * _distance(y[index] - a, b) for q, a, b in parts)
            second = sum(
                p * q * _distance(a - c, float(np.hypot(b, d)))
                for p, a, b in parts
                for q, c, d in parts
            )
            result[index] = first - second / 2
    return result
