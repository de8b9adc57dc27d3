"""Textbook formulas with gamma and Bessel functions, in as many digits as they cancel."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import mpmath as mp

FINE = 60
"""Digits of ordinary arguments."""


def _number(x: Any) -> Any:
    if isinstance(x, list):
        return [_number(y) for y in x]
    return mp.mpf(str(x).replace("Infinity", "inf")) if isinstance(x, Decimal) else x


def _size(x: Any) -> float:
    if isinstance(x, list):
        return max(map(_size, x), default=0)
    return float(abs(x)) if isinstance(x, Decimal) and x.is_finite() else 0


def textbook(fn: Callable[..., Any]) -> Callable[..., float]:
    """Let a formula be computed in mpmath, of decimals and nested lists of them.

    What is given as a logarithm of 1e4 has 4343 digits before the point: so many more are kept.
    """

    def value(*args: Any, **hyper: Any) -> float:
        digits = FINE + int(min(max(map(_size, (*args, *hyper.values()))), 20_000))
        with mp.workdps(digits):
            numbers = [_number(x) for x in args]
            return float(fn(*numbers, **{name: _number(x) for name, x in hyper.items()}))

    return value


def log_gamma(x: Any) -> Any:
    """Logarithm of the gamma function, in no more digits than what it is added to can show.

    A number below 1e30 keeps 70 digits behind the point, where thousands would take minutes.
    """
    with mp.workdps(mp.mp.dps if x > 1e30 else 100):
        return mp.loggamma(x)
