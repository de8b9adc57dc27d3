"""Unit deviances of exponential dispersion models."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import INFINITY, NAN, ZERO, Array, elementwise

X = npt.ArrayLike


def tweedie(pred: X, target: X, *, power: X = 1.5) -> Array:
    """Jørgensen 1987: 2 (t^(2-p) / ((1-p)(2-p)) - t m^(1-p) / (1-p) + m^(2-p) / (2-p)).

    Poisson's at 1 and gamma's at 2; what the formula tends to where a number is 0.
    """

    def value(m: Decimal, t: Decimal, power: Decimal) -> Decimal:
        p = power
        if p == 0:
            return (t - m) * (t - m)
        if m < 0 or (t < 0 and p > 0):
            return NAN
        if not m and not t:
            return ZERO
        if (not m and t > 0 and p >= 1) or (not t and p >= 2):
            return INFINITY
        if p == 1:
            return 2 * (t * (t / m).ln() - t + m) if t else 2 * m
        if p == 2:
            return 2 * (t / m - (t / m).ln() - 1)
        own = t ** (2 - p) / ((1 - p) * (2 - p)) if t > 0 else ZERO
        cross = t * m ** (1 - p) / (1 - p) if t and m else ZERO
        return 2 * (own - cross + (m ** (2 - p) / (2 - p) if m else ZERO))

    return elementwise(value, pred, target, power=power)
