"""Negative logarithms of probabilities of counts."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise
from tests.oracles.special import log_gamma, textbook

X = npt.ArrayLike
INF = mp.inf


def _each(fn: Any, *arrays: X, **hyper: X) -> Array:
    return elementwise(textbook(fn), *arrays, **hyper)


def _poisson(log_rate: Any, t: Any) -> Any:
    """Probability e^-r r^t / t!."""
    return mp.exp(log_rate) - t * log_rate + log_gamma(t + 1) if t >= 0 else INF


def _negative_binomial(log_mean: Any, t: Any, alpha: Any) -> Any:
    """Probability Gamma(t + r) / (Gamma(r) t!) p^r (1 - p)^t, r = 1 / alpha, p = r / (r + m)."""
    if t < 0 or alpha == 0:
        return _poisson(log_mean, t)
    r, m = 1 / alpha, mp.exp(log_mean)
    gammas = log_gamma(r) - log_gamma(t + r) + log_gamma(t + 1)
    return gammas + r * mp.log((r + m) / r) + t * mp.log((r + m) / m)


def _or_zero(logit: Any, t: Any, cost: Any) -> Any:
    q = 1 / (1 + mp.exp(-logit))
    return -mp.log(q + (1 - q) * mp.exp(-cost)) if t == 0 else cost - mp.log(1 - q)


def poisson(log_rate: X, target: X) -> Array:
    """Nelder and Wedderburn 1972."""
    return _each(_poisson, log_rate, target)


def negative_binomial(log_mean: X, target: X, *, dispersion: X = 1.0) -> Array:
    """Lawless 1987; Poisson's without dispersion."""
    return _each(_negative_binomial, log_mean, target, alpha=dispersion)


def zero_inflated_poisson(logits: X, log_rate: X, target: X) -> Array:
    """Lambert 1992: q + (1 - q) P(0), and (1 - q) P(t)."""
    return _each(lambda z, r, t: _or_zero(z, t, _poisson(r, t)), logits, log_rate, target)


def zero_inflated_negative_binomial(
    logits: X, log_mean: X, target: X, *, dispersion: X = 1.0
) -> Array:
    """The same of a negative binomial."""

    def value(z: Any, m: Any, t: Any, alpha: Any) -> Any:
        return _or_zero(z, t, _negative_binomial(m, t, alpha))

    return _each(value, logits, log_mean, target, alpha=dispersion)


def hurdle_poisson(logits: X, log_rate: X, target: X) -> Array:
    """Mullahy 1986: q of 0, (1 - q) P(t) / (1 - P(0)) of others."""

    def value(z: Any, r: Any, t: Any) -> Any:
        if t < 0:
            return INF
        q = 1 / (1 + mp.exp(-z))
        if t == 0:
            return -mp.log(q)
        return _poisson(r, t) + mp.log(-mp.expm1(-mp.exp(r))) - mp.log(1 - q)

    return _each(value, logits, log_rate, target)


def binomial(logits: X, target: X, trials: X) -> Array:
    """Probability n! / (t! (n - t)!) p^t (1 - p)^(n - t)."""

    def value(z: Any, t: Any, n: Any) -> Any:
        if not 0 <= t <= n:
            return INF
        p = 1 / (1 + mp.exp(-z))
        ways = log_gamma(n + 1) - log_gamma(t + 1) - log_gamma(n - t + 1)
        return -ways - t * mp.log(p) - (n - t) * mp.log(1 - p)

    return _each(value, logits, target, trials)
