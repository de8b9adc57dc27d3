"""Series against series: alignments summed up in decimals, and Fourier coefficients one by one.

That the sums are over all alignments is pinned by listing them (`tests/pins_temporal.py`).
"""

import cmath
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    kept,
    mean,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


class _Walks:
    """All ways to align the moments that exist of two series.

    Attributes:
        mass: sum over the alignments of exp(-cost / gamma), in decimals, which do not underflow.
        late: the same sum, of each multiplied by the sum of (i - j)^2 over its pairs.
        least: the least cost, and the sum of (i - j)^2 over the pairs of that alignment.
        n: moments of one.
        m: moments of the other.
    """

    def __init__(self, x: Any, y: Any, in_x: Any, in_y: Any, gamma: Decimal) -> None:
        x = [row for row, k in zip(x, in_x, strict=True) if k]
        y = [row for row, k in zip(y, in_y, strict=True) if k]
        self.n, self.m, self.gamma = len(x), len(y), gamma
        # Before the first pair stands one way that costs nothing.
        mass, late, least = {(-1, -1): ONE}, {(-1, -1): ZERO}, {(-1, -1): (ZERO, ZERO)}
        for i in range(self.n):
            for j in range(self.m):
                cost = squared_distance(x[i], y[j])
                before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
                weight = (-cost / gamma).exp() if gamma else ZERO
                mass[i, j] = weight * total(mass.get(cell, ZERO) for cell in before)
                late[i, j] = (
                    weight * total(late.get(cell, ZERO) for cell in before)
                    + (i - j) ** 2 * mass[i, j]
                )
                spent, strayed = min(least[cell] for cell in before if cell in least)
                least[i, j] = cost + spent, strayed + (i - j) ** 2
        last = self.n - 1, self.m - 1
        self.some = self.n > 0 and self.m > 0
        self.mass, self.late, self.least = (
            (table[last] for table in (mass, late, least))
            if self.some
            else (ONE, ZERO, (ZERO, ZERO))
        )

    def soft_minimum(self) -> Decimal:
        """0 of no alignment."""
        return -self.gamma * self.mass.ln() if self.gamma else self.least[0]

    def distortion(self) -> Decimal:
        """Mean lateness; 0 of no alignment."""
        late = self.late / self.mass if self.gamma else self.least[1]
        return late / max(self.n * self.m, 1)


def _pairs(function: Any, x: X, y: X, where: Any, target_where: Any, **hyper: X) -> Array:
    x, y = real(x), real(y)
    masks = kept(where, x.shape[:-1]), kept(target_where, y.shape[:-1])
    return rows(function, x.shape[:-2], x, y, *masks, **hyper)


def soft_dtw(
    pred: X, target: X, *, gamma: X = 1.0, where: Any = None, target_where: Any = None
) -> Array:
    """Cuturi 2017: the soft minimum over all alignments A of <A, cost>."""

    def value(x: Any, y: Any, in_x: Any, in_y: Any, gamma: Decimal) -> Decimal:
        return _Walks(x, y, in_x, in_y, gamma).soft_minimum()

    return _pairs(value, pred, target, where, target_where, gamma=gamma)


def soft_dtw_divergence(
    pred: X, target: X, *, gamma: X = 1.0, where: Any = None, target_where: Any = None
) -> Array:
    """Blondel 2021: what is left without half of each series beside itself."""

    def value(x: Any, y: Any, in_x: Any, in_y: Any, gamma: Decimal) -> Decimal:
        if not any(in_x) or not any(in_y):
            return ZERO
        between, within, beyond = (
            _Walks(*pair, gamma).soft_minimum()
            for pair in ((x, y, in_x, in_y), (x, x, in_x, in_x), (y, y, in_y, in_y))
        )
        return between - within / 2 - beyond / 2

    return _pairs(value, pred, target, where, target_where, gamma=gamma)


def _distortion(x: Any, y: Any, in_x: Any, in_y: Any, gamma: Decimal) -> Decimal:
    return _Walks(x, y, in_x, in_y, gamma).distortion()


def temporal_distortion(
    pred: X, target: X, *, gamma: X = 0.1, where: Any = None, target_where: Any = None
) -> Array:
    """Le Guen 2019: <A, Ω> with Ω = (i - j)² / k², of the mean alignment."""
    return _pairs(_distortion, pred, target, where, target_where, gamma=gamma)


def dilate(
    pred: X,
    target: X,
    *,
    alpha: X = 0.5,
    gamma: X = 0.1,
    where: Any = None,
    target_where: Any = None,
) -> Array:
    """Le Guen 2019: α shape + (1 - α) time."""

    def value(x: Any, y: Any, in_x: Any, in_y: Any, alpha: Decimal, gamma: Decimal) -> Decimal:
        walks = _Walks(x, y, in_x, in_y, gamma)
        return alpha * walks.soft_minimum() + (1 - alpha) * walks.distortion()

    return _pairs(value, pred, target, where, target_where, alpha=alpha, gamma=gamma)


def _scaled(
    size: Any, pred: X, target: X, insample: X, season: int, where: Any, insample_where: Any
) -> Array:
    def value(p: Vector, t: Vector, past: Vector, counts: list[bool], known: list[bool]) -> Decimal:
        errors = [a - b for a, b, k in zip(p, t, counts, strict=True) if k]
        steps = [
            past[i] - past[i - season]
            for i in range(season, len(past))
            if known[i] and known[i - season]
        ]
        scale = size(steps)
        return size(errors) / scale if scale else ZERO

    pred, target, insample = real(pred), real(target), real(insample)
    masks = kept(where, pred.shape), kept(insample_where, insample.shape)
    return rows(value, pred.shape[:-1], pred, target, insample, *masks)


def mean_absolute_scaled_error(
    pred: X,
    target: X,
    insample: X,
    *,
    seasonality: int = 1,
    where: Any = None,
    insample_where: Any = None,
) -> Array:
    """Hyndman 2006: the mean absolute error in units of that of the naive forecast."""
    return _scaled(
        lambda e: mean([abs(x) for x in e]),
        pred,
        target,
        insample,
        seasonality,
        where,
        insample_where,
    )


def root_mean_squared_scaled_error(
    pred: X,
    target: X,
    insample: X,
    *,
    seasonality: int = 1,
    where: Any = None,
    insample_where: Any = None,
) -> Array:
    """Makridakis 2022: the same of squares, under the root."""
    return _scaled(
        lambda e: mean([x * x for x in e]).sqrt(),
        pred,
        target,
        insample,
        seasonality,
        where,
        insample_where,
    )


def fredf(pred: X, target: X, *, alpha: X = 0.5) -> Array:
    """Wang 2025: α |F(p) - F(t)| + (1 - α) MSE, over the coefficients of a real series."""

    def value(p: Vector, t: Vector, alpha: Decimal) -> Decimal | float:
        errors = [float(a - b) for a, b in zip(p, t, strict=True)]
        n = len(errors)
        if n == 0:
            return ZERO
        waves = [
            abs(sum(e * cmath.exp(-2j * cmath.pi * f * s / n) for s, e in enumerate(errors)))
            for f in range(n // 2 + 1)
        ]
        in_time = sum(e * e for e in errors) / n
        return float(alpha) * sum(waves) / len(waves) + (1 - float(alpha)) * in_time

    pred, target = real(pred), real(target)
    return rows(value, pred.shape[:-1], pred, target, alpha=alpha)
