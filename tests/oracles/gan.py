"""Losses of two players, score by score and in batches."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    elementwise,
    mean,
    real as numbers,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def logistic_discriminator(real: X, fake: X) -> Array:
    """Goodfellow 2014: -log D(x) - log(1 - D(G(z)))."""
    return elementwise(lambda r, f: softplus(-r) + softplus(f), real, fake)


def non_saturating_generator(fake: X) -> Array:
    """Goodfellow 2014: -log D(G(z))."""
    return elementwise(lambda f: softplus(-f), fake)


def saturating_generator(fake: X) -> Array:
    """Goodfellow 2014: log(1 - D(G(z)))."""
    return elementwise(lambda f: -softplus(f), fake)


def least_squares_discriminator(
    real: X, fake: X, *, real_target: X = 1.0, fake_target: X = 0.0
) -> Array:
    """Mao 2017: (D(x) - b)^2 / 2 + (D(G(z)) - a)^2 / 2."""

    def value(r: Decimal, f: Decimal, b: Decimal, a: Decimal) -> Decimal:
        return ((r - b) ** 2 + (f - a) ** 2) / 2

    return elementwise(value, real, fake, b=real_target, a=fake_target)


def least_squares_generator(fake: X, *, target: X = 1.0) -> Array:
    """Mao 2017: (D(G(z)) - c)^2 / 2."""
    return elementwise(lambda f, c: (f - c) ** 2 / 2, fake, c=target)


def hinge_discriminator(real: X, fake: X, *, margin: X = 1.0) -> Array:
    """Lim 2017: max(0, 1 - D(x)) + max(0, 1 + D(G(z)))."""

    def value(r: Decimal, f: Decimal, margin: Decimal) -> Decimal:
        return max(ZERO, margin - r) + max(ZERO, margin + f)

    return elementwise(value, real, fake, margin=margin)


def wasserstein_discriminator(real: X, fake: X) -> Array:
    """Arjovsky 2017: D(G(z)) - D(x)."""
    return elementwise(lambda r, f: f - r, real, fake)


def wasserstein_generator(fake: X) -> Array:
    """Arjovsky 2017: -D(G(z))."""
    return elementwise(lambda f: -f, fake)


# f1 on what should be ahead and f2 on what should be behind, as the papers write them.
_AHEAD: dict[str, Callable[[Decimal], Decimal]] = {
    "logistic": lambda x: softplus(-x),
    "least_squares": lambda x: (x - 1) ** 2,
    "hinge": lambda x: max(ZERO, 1 - x),
}
_BEHIND: dict[str, Callable[[Decimal], Decimal]] = {
    "logistic": softplus,
    "least_squares": lambda x: (x + 1) ** 2,
    "hinge": lambda x: max(ZERO, 1 + x),
}


def relativistic(ahead: X, behind: X, *, kind: str = "logistic") -> Array:
    """Jolicoeur-Martineau 2018: f1(C(x_r) - C(x_f))."""
    return elementwise(lambda a, b: _AHEAD[kind](a - b), ahead, behind)


def relativistic_average(ahead: X, behind: X, *, kind: str = "logistic") -> Array:
    """Jolicoeur-Martineau 2018: E f1(C(x_r) - E C(x_f)) + E f2(C(x_f) - E C(x_r))."""

    def value(a: Vector, b: Vector) -> Decimal:
        up = [_AHEAD[kind](x - mean(b)) for x in a]
        return mean(up) + mean([_BEHIND[kind](x - mean(a)) for x in b])

    first = numbers(ahead)
    return rows(value, first.shape[:-1], first, numbers(behind))


def lecam(real: X, fake: X, real_average: X, fake_average: X) -> Array:
    """Tseng 2021: (D(x) - alpha_F)^2 + (D(G(z)) - alpha_R)^2."""

    def value(r: Decimal, f: Decimal, high: Decimal, low: Decimal) -> Decimal:
        return (r - low) ** 2 + (f - high) ** 2

    return elementwise(value, real, fake, high=real_average, low=fake_average)


def moved_average(average: X, values: X, *, momentum: X = 0.99) -> Array:
    """An exponential moving average of batch means."""
    old, batch = numbers(average), numbers(values).ravel()
    if batch.size == 0:
        return old
    return np.asarray(momentum * old + (1 - numbers(momentum)) * sum(batch) / batch.size)


def feature_matching(x: X, y: X) -> Array:
    """Salimans 2016: |E f(x) - E f(G(z))|^2."""

    def value(x: list[Vector], y: list[Vector]) -> Decimal:
        if not x or not y:
            return ZERO
        pairs = zip(zip(*x, strict=True), zip(*y, strict=True), strict=True)
        return total((mean(list(a)) - mean(list(b))) ** 2 for a, b in pairs)

    first = numbers(x)
    return rows(value, first.shape[:-2], first, numbers(y))
