"""Losses of boxes: one pair of boxes at a time; assignments by trying out every one."""

import itertools
from collections.abc import Callable
from math import atan2, exp, pi, prod, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, kept, real

X = npt.ArrayLike
Box = list[tuple[float, float]]
"""From where to where along each axis."""


def _box(corners: Array) -> Box:
    """A box; one that ends before it begins ends where it begins."""
    dims = len(corners) // 2
    low, high = corners[:dims].tolist(), corners[dims:].tolist()
    return [(a, max(a, b)) for a, b in zip(low, high, strict=True)]


def _sizes(box: Box) -> list[float]:
    return [b - a for a, b in box]


def _shares(one: Box, two: Box) -> tuple[float, float, float]:
    """Intersection, union and least box around both."""
    inner = prod(max(min(b, d) - max(a, c), 0) for (a, b), (c, d) in zip(one, two, strict=True))
    outer = prod(_sizes(_hull(one, two)))
    return inner, prod(_sizes(one)) + prod(_sizes(two)) - inner, outer


def _hull(one: Box, two: Box) -> Box:
    return [(min(a, c), max(b, d)) for (a, b), (c, d) in zip(one, two, strict=True)]


def _ratio(x: float, y: float) -> float:
    return x / y if y else 0.0


def _iou(one: Box, two: Box) -> float:
    return _ratio(*_shares(one, two)[:2])


def _centers(one: Box, two: Box) -> list[float]:
    """From the centre of the second to that of the first."""
    return [(a + b) / 2 - (c + d) / 2 for (a, b), (c, d) in zip(one, two, strict=True)]


def _squares(values: list[float]) -> float:
    return sum(value**2 for value in values)


def _distance(one: Box, two: Box) -> float:
    return _ratio(_squares(_centers(one, two)), _squares(_sizes(_hull(one, two))))


def _each(value: Callable[..., float], pred: X, target: X, **hyper: X) -> Array:
    one, two = real(pred), real(target)
    result = np.zeros(one.shape[:-1])
    spread = {name: np.broadcast_to(real(x), result.shape) for name, x in hyper.items()}
    for index in np.ndindex(result.shape):
        chosen = {name: float(x[index]) for name, x in spread.items()}
        result[index] = value(_box(one[index]), _box(two[index]), **chosen)
    return result


def iou(pred: X, target: X) -> Array:
    """1 - intersection / union, which is 0 without a union."""
    return _each(lambda one, two: 1 - _iou(one, two), pred, target)


def generalized_iou(pred: X, target: X) -> Array:
    """1 - IoU + the empty share of the least box around both."""

    def value(one: Box, two: Box) -> float:
        _, union, outer = _shares(one, two)
        return 1 - _iou(one, two) + _ratio(outer - union, outer)

    return _each(value, pred, target)


def distance_iou(pred: X, target: X, *, alpha: X) -> Array:
    """1 - IoU^α + (ρ² / c²)^α."""

    def value(one: Box, two: Box, alpha: float) -> float:
        return 1 - _iou(one, two) ** alpha + _distance(one, two) ** alpha

    return _each(value, pred, target, alpha=alpha)


def complete_iou(pred: X, target: X, *, held: Any = None) -> Array:
    """1 - IoU + ρ² / c² + α v with α = v / (1 - IoU + v), from the boxes held if there are some."""
    one, two = real(pred), real(target)
    old_one, old_two = (one, two) if held is None else map(real, held)
    result = np.zeros(one.shape[:-1])

    def turn(one: Box, two: Box) -> float:
        (w, h), (v, g) = _sizes(one), _sizes(two)
        return (2 / pi * (atan2(v, g) - atan2(w, h))) ** 2

    for index in np.ndindex(result.shape):
        now, then = ((_box(a[index]), _box(b[index])) for a, b in ((one, two), (old_one, old_two)))
        weight = _ratio(turn(*then), 1 - _iou(*then) + turn(*then))
        result[index] = 1 - _iou(*now) + _distance(*now) + weight * turn(*now)
    return result


def efficient_iou(pred: X, target: X, *, gamma: X) -> Array:
    """IoU^γ times the sum of 1 - IoU, ρ² / c² and the squared errors of the sizes."""

    def value(one: Box, two: Box, gamma: float) -> float:
        sizes = zip(_sizes(one), _sizes(two), _sizes(_hull(one, two)), strict=True)
        errors = sum(_ratio(a - b, c) ** 2 for a, b, c in sizes)
        return _iou(one, two) ** gamma * (1 - _iou(one, two) + _distance(one, two) + errors)

    return _each(value, pred, target, gamma=gamma)


def scylla_iou(pred: X, target: X, *, theta: X) -> Array:
    """1 - IoU + (Δ + Ω) / 2 with the angle cost 1 - 2 sin²(arcsin(|dy| / ρ) - π / 4)."""

    def value(one: Box, two: Box, theta: float) -> float:
        dx, dy = _centers(one, two)
        length = sqrt(dx**2 + dy**2)
        angle = 1 - 2 * np.sin(np.arcsin(min(abs(dy) / length, 1)) - pi / 4) ** 2 if length else 0
        sides = _sizes(_hull(one, two))
        gamma = 2 - float(angle)
        way = sum(1 - exp(-gamma * _ratio(d, c) ** 2) for d, c in zip((dx, dy), sides, strict=True))
        shape = sum(
            (1 - exp(-_ratio(abs(a - b), max(a, b)))) ** theta
            for a, b in zip(_sizes(one), _sizes(two), strict=True)
        )
        return 1 - _iou(one, two) + (way + shape) / 2

    return _each(value, pred, target, theta=theta)


def normalized_wasserstein(pred: X, target: X, *, scale: X) -> Array:
    """1 - exp(-W₂ / C) of the Gaussians of mean c and covariance diag(s² / 4)."""

    def value(one: Box, two: Box, scale: float) -> float:
        halves = [(a - b) / 2 for a, b in zip(_sizes(one), _sizes(two), strict=True)]
        return 1 - exp(-sqrt(_squares(_centers(one, two)) + _squares(halves)) / scale)

    return _each(value, pred, target, scale=scale)


def pairwise(loss: Callable[..., Array], pred: X, target: X, **hyper: Any) -> Array:
    """The loss of each pair, one at a time."""
    one, two = real(pred), real(target)
    result = np.zeros((*one.shape[:-1], two.shape[-2]))
    for *index, i, j in np.ndindex(result.shape):
        result[(*index, i, j)] = loss(one[(*index, i)], two[(*index, j)], **hyper)
    return result


def _best(matrix: Array, columns: list[int]) -> dict[int, int]:
    """Row of each column: the cheapest of all assignments of as many as there can be."""
    rows, count = range(matrix.shape[0]), min(matrix.shape[0], len(columns))
    options = (
        dict(zip(chosen, order, strict=True))
        for chosen in itertools.combinations(columns, count)
        for order in itertools.permutations(rows, count)
    )
    return min(options, key=lambda found: sum(matrix[i, j] for j, i in found.items()))


def match(costs: X, *, where: X | None = None) -> Array:
    """The row of each column, -1 for none."""
    matrix = real(costs)
    result = np.full((*matrix.shape[:-2], matrix.shape[-1]), -1.0)
    keep = kept(where, result.shape)
    for index in np.ndindex(matrix.shape[:-2]):
        for j, i in _best(matrix[index], np.flatnonzero(keep[index]).tolist()).items():
            result[(*index, j)] = i
    return result


def assignment(costs: X, *, where: X | None = None) -> Array:
    """The mean cost of the columns that have a row."""
    matrix = real(costs)
    result = np.zeros(matrix.shape[:-2])
    keep = kept(where, (*result.shape, matrix.shape[-1]))
    for index in np.ndindex(result.shape):
        found = _best(matrix[index], np.flatnonzero(keep[index]).tolist())
        terms = [matrix[(*index, i, j)] for j, i in found.items()]
        result[index] = sum(terms) / len(terms) if terms else 0.0
    return result
