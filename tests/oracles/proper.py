"""Proper scores of classes, as their papers print them."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    in_play,
    integer,
    log_softmax,
    masses_of,
    real,
    rows,
    target_of,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _softmax(z: Vector) -> Vector:
    return [x.exp() for x in log_softmax(z, in_play(z))]


def _scored(logits: X, target: X, score: Callable[..., Decimal], **hyper: X) -> Array:
    """`score(p, q)`; 0 where no class is in play, NaN for a label out of range."""

    def value(z: Vector, y: int | Vector, **hyper: Decimal) -> Decimal:
        q = masses_of(y, len(z))
        if q is None:
            return NAN
        return score(_softmax(z), q, **hyper) if any(in_play(z)) else ZERO

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target), **hyper)


def brier(logits: X, target: X) -> Array:
    """Brier 1950: sum (p - q)²."""
    return _scored(
        logits, target, lambda p, q: total((a - b) ** 2 for a, b in zip(p, q, strict=True))
    )


def ranked_probability(logits: X, target: X) -> Array:
    """Epstein 1969: the squared differences of the distribution functions."""

    def score(p: Vector, q: Vector) -> Decimal:
        return total((total(p[: k + 1]) - total(q[: k + 1])) ** 2 for k in range(len(p)))

    return _scored(logits, target, score)


def spherical(logits: X, labels: X) -> Array:
    """Roby 1965: -p_y / ||p||."""

    def score(p: Vector, q: Vector) -> Decimal:
        return -p[q.index(Decimal(1))] / total(a * a for a in p).sqrt()

    return _scored(logits, integer(labels), score)


def tsallis(logits: X, labels: X, *, alpha: X = 1.5) -> Array:
    """Gneiting & Raftery 2007: (a - 1) sum p^a - a p_y^(a - 1), with 1 added, over a - 1.

    At a = 1, -log p_y.
    """

    def power(a: Decimal, exponent: Decimal) -> Decimal:
        if a:
            return a**exponent
        return ZERO if exponent > 0 else INFINITY

    def score(p: Vector, q: Vector, alpha: Decimal) -> Decimal:
        own, b = p[q.index(Decimal(1))], alpha - 1
        if not b:
            return -own.ln()
        return (b * total(power(a, alpha) for a in p) - alpha * power(own, b) + 1) / b

    return _scored(logits, integer(labels), score, alpha=alpha)
