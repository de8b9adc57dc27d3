"""Negative logarithms of the density of an event, or of the mass of all that is later."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles import lifetimes
from tests.oracles.loops import Array, elementwise, real
from tests.oracles.special import textbook

X = npt.ArrayLike
INF = mp.inf


def _censored(density: Any, survival: Any, event: X, time: X, *parameters: X) -> Array:
    """Kalbfleisch and Prentice 1980: delta log f + (1 - delta) log S, S = 1 up to 0."""

    def value(*args: Any) -> Any:
        return -mp.log(survival(*args)) if args[-1] > 0 else mp.mpf(0)

    happened = real(event) == 1
    unseen = elementwise(textbook(value), *parameters, time)
    seen = density(*parameters, time)
    result = unseen.copy()
    result[happened] = seen[happened]
    return result


def exponential(log_rate: X, time: X, event: X) -> Array:
    """S = e^(-rate t)."""
    return _censored(
        lifetimes.exponential, lambda r, t: mp.exp(-mp.exp(r) * t), event, time, log_rate
    )


def weibull(log_concentration: X, log_scale: X, time: X, event: X) -> Array:
    """S = exp(-(t / s)^k)."""

    def survival(log_k: Any, log_s: Any, t: Any) -> Any:
        return mp.exp(-mp.exp(mp.exp(log_k) * (mp.log(t) - log_s)))

    return _censored(lifetimes.weibull, survival, event, time, log_concentration, log_scale)


def log_logistic(loc: X, log_scale: X, time: X, event: X) -> Array:
    """S = 1 / (1 + (t / e^m)^(1/s))."""

    def survival(m: Any, s: Any, t: Any) -> Any:
        return 1 / (1 + mp.exp((mp.log(t) - m) / mp.exp(s)))

    return _censored(lifetimes.log_logistic, survival, event, time, loc, log_scale)


def log_normal(loc: X, log_scale: X, time: X, event: X) -> Array:
    """S = erfc((log t - m) / (s sqrt(2))) / 2."""

    def survival(m: Any, s: Any, t: Any) -> Any:
        z = (mp.log(t) - m) / mp.exp(s)
        with mp.workdps(60):
            return mp.erfc(z / mp.sqrt(2)) / 2

    return _censored(lifetimes.log_normal, survival, event, time, loc, log_scale)
