"""Scores of a whole forecast: an ensemble against what came true."""

import itertools
from decimal import Decimal
from typing import Literal

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, kept, mean, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def crps_ensemble(
    pred: X,
    target: X,
    *,
    estimator: Literal["energy", "fair"] = "energy",
    where: X | None = None,
) -> Array:
    """Gneiting & Raftery 2007: E|X - y| - E|X - X'| / 2, over m² or over m (m - 1) pairs."""

    def value(x: Vector, y: Decimal, keep: list[bool]) -> Decimal:
        members = [a for a, k in zip(x, keep, strict=True) if k]
        m = len(members)
        pairs = {"energy": m * m, "fair": m * (m - 1)}[estimator]
        spread = total(abs(a - b) for a in members for b in members)
        return mean([abs(a - y) for a in members]) - (spread / pairs / 2 if pairs else ZERO)

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape))


def almost_fair_crps(pred: X, target: X, *, alpha: X = 0.95, where: X | None = None) -> Array:
    """Lang 2024: E|X - y| - (1 - (1 - alpha) / m) / (2 m (m - 1)) sum |X - X'|."""

    def value(x: Vector, y: Decimal, keep: list[bool], alpha: Decimal) -> Decimal:
        members = [a for a, k in zip(x, keep, strict=True) if k]
        m = len(members)
        spread = total(abs(a - b) for a in members for b in members)
        share = (1 - (1 - alpha) / m) / (2 * m * (m - 1)) if m > 1 else ZERO
        return mean([abs(a - y) for a in members]) - share * spread

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape), alpha=alpha)


def threshold_weighted_crps(
    pred: X,
    target: X,
    *,
    threshold: X = 0.0,
    estimator: Literal["energy", "fair"] = "energy",
    where: X | None = None,
) -> Array:
    """Gneiting & Ranjan 2011: the integral of (F(x) - 1[y <= x])² from the threshold on.

    The fair estimator has the members' distances beyond the threshold over m (m - 1) pairs.
    """

    def value(x: Vector, y: Decimal, keep: list[bool], threshold: Decimal) -> Decimal:
        members = [a for a, k in zip(x, keep, strict=True) if k]
        m = len(members)
        if not m:
            return ZERO
        places = sorted([threshold, *(a for a in (*members, y) if a > threshold)])
        score = ZERO
        for low, high in itertools.pairwise(places):
            share = Decimal(sum(a <= low for a in members)) / m
            score += (share - (1 if y <= low else 0)) ** 2 * (high - low)
        if estimator == "fair" and m > 1:
            beyond = [max(a, threshold) for a in members]
            spread = total(abs(a - b) for a in beyond for b in beyond)
            score += spread / (2 * m * m) - spread / (2 * m * (m - 1))
        return score

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape), threshold=threshold)


def error_spread(pred: X, target: X, *, where: X | None = None) -> Array:
    """Christensen 2015: (s² - e² - e s g)², s² over m - 1, g with the factor m/((m-1)(m-2))."""

    def value(x: Vector, y: Decimal, keep: list[bool]) -> Decimal:
        members = [a for a, k in zip(x, keep, strict=True) if k]
        m = len(members)
        if not m:
            return ZERO
        middle = mean(members)
        e = middle - y
        s = (total((a - middle) ** 2 for a in members) / (m - 1)).sqrt() if m > 1 else ZERO
        g = ZERO
        if m > 2 and s:
            cubes = total(((a - middle) / s) ** 3 for a in members)
            g = cubes * m / ((m - 1) * (m - 2))
        return (s**2 - e**2 - e * s * g) ** 2

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape))
