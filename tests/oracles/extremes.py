"""Negative logarithms of the densities of extremes."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise
from tests.oracles.special import textbook

X = npt.ArrayLike
INF = mp.inf


def _each(fn: Any, *arrays: X, **hyper: X) -> Array:
    return elementwise(textbook(fn), *arrays, **hyper)


def generalized_extreme_value(loc: X, log_scale: X, target: X, *, shape: X = 0.0) -> Array:
    """Jenkinson 1955: distribution function exp(-(1 + xi z)^(-1 / xi)), Gumbel's at xi 0."""

    def value(m: Any, s: Any, t: Any, shape: Any) -> Any:
        z = (t - m) / mp.exp(s)
        if shape == 0:
            return z + mp.exp(-z) + s
        y = 1 + shape * z
        return (1 + 1 / shape) * mp.log(y) + y ** (-1 / shape) + s if y > 0 else INF

    return _each(value, loc, log_scale, target, shape=shape)


def generalized_pareto(log_scale: X, target: X, *, shape: X = 0.0) -> Array:
    """Pickands 1975: survival (1 + xi z)^(-1 / xi) of what exceeds a threshold."""

    def value(s: Any, t: Any, shape: Any) -> Any:
        z = t / mp.exp(s)
        if t < 0:
            return INF
        if shape == 0:
            return z + s
        y = 1 + shape * z
        return (1 + 1 / shape) * mp.log(y) + s if y > 0 else INF

    return _each(value, log_scale, target, shape=shape)
