"""Matches with ties, as the probabilities of the papers."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import Array, elementwise

X = npt.ArrayLike


def davidson(x: X, y: X, outcome: X, *, log_nu: X = 0.0) -> Array:
    """Davidson 1970: p(win) = π_x / (π_x + π_y + ν √(π_x π_y))."""

    def value(x: Decimal, y: Decimal, outcome: Decimal, log_nu: Decimal) -> Decimal:
        middle = (x + y) / 2
        a, b, tie = (x - middle).exp(), (y - middle).exp(), log_nu.exp()
        chance = a if outcome > 0 else b if outcome < 0 else tie
        return -(chance / (a + b + tie)).ln()

    return elementwise(value, x, y, outcome, log_nu=log_nu)


def rao_kupper(x: X, y: X, outcome: X, *, threshold: X = 1.0) -> Array:
    """Rao 1967: p(win) = π_x / (π_x + θ π_y), p(tie) what is left, with θ = exp(threshold)."""

    def value(x: Decimal, y: Decimal, outcome: Decimal, threshold: Decimal) -> Decimal:
        ratio, theta = (x - y).exp(), threshold.exp()
        to_x, to_y = ratio + theta, 1 + theta * ratio
        tie = (theta * theta - 1) * ratio / (to_x * to_y)
        chance = ratio / to_x if outcome > 0 else 1 / to_y if outcome < 0 else tie
        return -chance.ln()

    return elementwise(value, x, y, outcome, threshold=threshold)
