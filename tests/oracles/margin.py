"""Margin losses: of y f for signs, of the gaps between classes, of pairs."""

import math
from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    cosine,
    elementwise,
    integer,
    kept,
    power,
    real,
    rows,
    softplus,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _of_margin(fn: Callable[[Decimal], Decimal | float], logits: X, target: X) -> Array:
    """`fn` of the margin m = target * logit."""
    return elementwise(lambda z, t: fn(t * z), logits, target)


def _rectified_square(m: Decimal) -> Decimal:
    return max(ZERO, 1 - m) * max(ZERO, 1 - m)


def hinge(logits: X, target: X) -> Array:
    """Max(0, 1 - m)."""
    return _of_margin(lambda m: max(ZERO, 1 - m), logits, target)


def squared_hinge(logits: X, target: X) -> Array:
    """Max(0, 1 - m)²."""
    return _of_margin(_rectified_square, logits, target)


def smooth_hinge(logits: X, target: X) -> Array:
    """Rennie 2005: linear up to 0, a parabola up to 1, then nothing."""

    def value(m: Decimal) -> Decimal:
        if m <= 0:
            return Decimal("0.5") - m
        return (1 - m) * (1 - m) / 2 if m < 1 else ZERO

    return _of_margin(value, logits, target)


def modified_huber(logits: X, target: X) -> Array:
    """Zhang 2004: squared hinge from -1 on, -4m before."""
    return _of_margin(lambda m: _rectified_square(m) if m >= -1 else -4 * m, logits, target)


def perceptron(logits: X, target: X) -> Array:
    """Max(0, -m)."""
    return _of_margin(lambda m: max(ZERO, -m), logits, target)


def ramp(logits: X, target: X) -> Array:
    """Collobert 2006: the hinge cut off at 1."""
    return _of_margin(lambda m: min(ONE, max(ZERO, 1 - m)), logits, target)


def logistic(logits: X, target: X) -> Array:
    """Softplus(-m), that is log(1 + exp(-m))."""
    return _of_margin(lambda m: softplus(-m), logits, target)


def exponential(logits: X, target: X) -> Array:
    """Exp(-m)."""
    return _of_margin(lambda m: (-m).exp(), logits, target)


def savage(logits: X, target: X) -> Array:
    """4 / (1 + exp(m))²."""
    return _of_margin(lambda m: 4 / ((1 + m.exp()) * (1 + m.exp())), logits, target)


def tangent(logits: X, target: X) -> Array:
    """(2 arctan(m) - 1)²."""
    return _of_margin(lambda m: (2 * math.atan(m) - 1) ** 2, logits, target)


def _rivals(z: Vector, y: int, keep: list[bool]) -> Vector:
    """Logits of the wrong classes in play."""
    return [z[k] for k in range(len(z)) if k != y and keep[k] and z[k] != -INFINITY]


def crammer_singer(logits: X, labels: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Max(0, margin + the best wrong class - the right class)."""

    def value(z: Vector, y: int, keep: list[bool], margin: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        own = z[y] if keep[y] else -INFINITY
        return max([ZERO, *(margin + rival - own for rival in _rivals(z, y, keep))])

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), kept(where, z.shape), margin=margin)


def weston_watkins(
    logits: X, labels: X, *, margin: X = 1.0, power: X = 1.0, where: X | None = None
) -> Array:
    """Sum over the wrong classes of max(0, margin + z_k - z_y)^power."""
    z = real(logits)
    return rows(
        _weston_watkins,
        z.shape[:-1],
        z,
        integer(labels),
        kept(where, z.shape),
        margin=margin,
        exponent=power,
    )


def _weston_watkins(
    z: Vector, y: int, keep: list[bool], margin: Decimal, exponent: Decimal
) -> Decimal:
    if not 0 <= y < len(z):
        return NAN
    own = z[y] if keep[y] else -INFINITY
    gaps = [margin + rival - own for rival in _rivals(z, y, keep)]
    return sum((power(gap, exponent) for gap in gaps if gap > 0), ZERO)


def multiclass_perceptron(logits: X, labels: X, *, where: X | None = None) -> Array:
    """The best class less the right class."""

    def value(z: Vector, y: int, keep: list[bool]) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        own = z[y] if keep[y] else -INFINITY
        return max([ZERO, *(rival - own for rival in _rivals(z, y, keep))])

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), kept(where, z.shape))


def structured_hinge(scores: X, cost: X, labels: X) -> Array:
    """Max over structures of cost + score, less the right one's score."""

    def value(scores: Vector, cost: Vector, y: int) -> Decimal:
        if not 0 <= y < len(scores):
            return NAN
        return max(c + s for c, s in zip(cost, scores, strict=True)) - scores[y]

    s = real(scores)
    return rows(value, s.shape[:-1], s, real(cost), integer(labels))


def margin_ranking(x: X, y: X, target: X, *, margin: X = 0.0) -> Array:
    """Max(0, margin - target (x - y))."""
    return elementwise(
        lambda x, y, t, margin: max(ZERO, margin - t * (x - y)), x, y, target, margin=margin
    )


def hinge_embedding(distance: X, target: X, *, margin: X = 1.0) -> Array:
    """The distance of a like pair, what an unlike pair lacks of the margin."""
    return elementwise(
        lambda d, t, margin: d if t == 1 else max(ZERO, margin - d), distance, target, margin=margin
    )


def cosine_embedding(x: X, y: X, target: X, *, margin: X = 0.0) -> Array:
    """1 - cos of a like pair, max(0, cos - margin) of an unlike pair."""

    def value(x: Vector, y: Vector, t: Decimal, margin: Decimal) -> Decimal:
        return 1 - cosine(x, y) if t == 1 else max(ZERO, cosine(x, y) - margin)

    a = real(x)
    return rows(value, a.shape[:-1], a, real(y), real(target), margin=margin)
