"""Distances between two distributions that are known by a sample each."""

from decimal import Decimal
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    power,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _weights(weights: X | None, shape: tuple[int, ...]) -> Array:
    """Every point counts 1 unless weights say otherwise."""
    return np.broadcast_to(real(1.0 if weights is None else weights), shape)


def energy_distance(x: X, y: X, *, x_weights: X | None = None, y_weights: X | None = None) -> Array:
    """Székely & Rizzo 2013: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 if a sample weighs nothing."""

    def gap(x: Vector, w: Vector, y: Vector, v: Vector) -> Decimal:
        pairs = [(a, p, b, q) for a, p in zip(x, w, strict=True) for b, q in zip(y, v, strict=True)]
        return total(p * q * abs(a - b) for a, p, b, q in pairs) / (total(w) * total(v))

    def value(x: Vector, y: Vector, w: Vector, v: Vector) -> Decimal:
        if not total(w) or not total(v):
            return ZERO
        return 2 * gap(x, w, y, v) - gap(x, w, x, w) - gap(y, v, y, v)

    a, b = real(x), real(y)
    w, v = _weights(x_weights, a.shape), _weights(y_weights, b.shape)
    return rows(value, a.shape[:-1], a, b, w, v)


def vector_energy_distance(
    x: X, y: X, *, x_weights: X | None = None, y_weights: X | None = None
) -> Array:
    """The same of vectors, by their Euclidean distances."""

    def gap(x: list[Vector], w: Vector, y: list[Vector], v: Vector) -> Decimal:
        pairs = [(a, p, b, q) for a, p in zip(x, w, strict=True) for b, q in zip(y, v, strict=True)]
        apart = total(p * q * squared_distance(a, b).sqrt() for a, p, b, q in pairs)
        return apart / (total(w) * total(v))

    def value(x: list[Vector], y: list[Vector], w: Vector, v: Vector) -> Decimal:
        if not total(w) or not total(v):
            return ZERO
        return 2 * gap(x, w, y, v) - gap(x, w, x, w) - gap(y, v, y, v)

    a, b = real(x), real(y)
    w, v = _weights(x_weights, a.shape[:-1]), _weights(y_weights, b.shape[:-1])
    return rows(value, a.shape[:-2], a, b, w, v)


def _chance(level: Decimal, x: Vector, w: Vector) -> Decimal:
    """The distribution function F(level): the share of the weight at or below the level."""
    return total(p for a, p in zip(x, w, strict=True) if a <= level) / total(w)


def _quantile(q: Decimal, x: Vector, w: Vector) -> Decimal:
    """The inverse of F: the least point with F(point) >= q."""
    return min((a for a in x if _chance(a, x, w) >= q), default=max(x))


def wasserstein(
    x: X, y: X, *, p: X = 1.0, x_weights: X | None = None, y_weights: X | None = None
) -> Array:
    """The integral of |F⁻¹(q) - G⁻¹(q)|ᵖ over q in (0, 1), 0 if a sample weighs nothing.

    Both inverses are constant between the levels that F and G take: the middle of each piece
    stands for it.
    """

    def value(x: Vector, y: Vector, w: Vector, v: Vector, p: Decimal) -> Decimal:
        if not total(w) or not total(v):
            return ZERO
        levels = {_chance(a, x, w) for a in x} | {_chance(b, y, v) for b in y}
        ends = sorted(levels | {ZERO, ONE})
        result = ZERO
        for start, end in pairwise(ends):
            middle = (start + end) / 2
            gap = abs(_quantile(middle, x, w) - _quantile(middle, y, v))
            result += (end - start) * power(gap, p)
        return result

    a, b = real(x), real(y)
    w, v = _weights(x_weights, a.shape), _weights(y_weights, b.shape)
    return rows(value, a.shape[:-1], a, b, w, v, p=p)


def sliced_wasserstein(
    x: X,
    y: X,
    directions: X,
    *,
    p: X = 2.0,
    x_weights: X | None = None,
    y_weights: X | None = None,
) -> Array:
    """Rabin 2012: the mean over the directions."""
    a, b, ways = real(x), real(y), real(directions)
    given = {"p": p, "x_weights": x_weights, "y_weights": y_weights}
    seen = [wasserstein(a @ way, b @ way, **given) for way in ways]
    return np.sum(seen, axis=0) / len(ways)


def mmd(
    x: X,
    y: X,
    *,
    bandwidth: X = 1.0,
    estimator: Literal["biased", "unbiased"] = "biased",
) -> Array:
    """Gretton 2012: E k(x, x') - 2 E k(x, y) + E k(y, y'), 0 if a sample is empty.

    The unbiased estimate leaves a point's kernel with itself out of the first and the last mean,
    which then is 0 for a single point.
    """

    def value(x: list[Vector], y: list[Vector], bandwidth: Decimal) -> Decimal:
        def kernel(a: Vector, b: Vector) -> Decimal:
            square = squared_distance(a, b)
            return (-square / (2 * bandwidth * bandwidth)).exp() if square else ONE

        def within(points: list[Vector]) -> Decimal:
            n = len(points)
            if estimator == "biased":
                return total(kernel(a, b) for a in points for b in points) / (n * n)
            others = [
                kernel(a, b) for i, a in enumerate(points) for j, b in enumerate(points) if i != j
            ]
            return total(others) / (n * (n - 1)) if others else ZERO

        if not x or not y:
            return ZERO
        across = total(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
        return within(x) - 2 * across + within(y)

    a, b = real(x), real(y)
    return rows(value, a.shape[:-2], a, b, bandwidth=bandwidth)
