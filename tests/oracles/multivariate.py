"""Scores of forecasts of vectors."""

from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, mean, power, real, rows, squared_distance, total

X = npt.ArrayLike
Vector = list[Decimal]


def energy(pred: X, target: X, *, estimator: Literal["energy", "fair"] = "energy") -> Array:
    """Gneiting & Raftery 2007: E||X - y|| - E||X - X'|| / 2."""

    def value(x: list[Vector], y: Vector) -> Decimal:
        m = len(x)
        pairs = {"energy": m * m, "fair": m * (m - 1)}[estimator]
        off = mean([squared_distance(a, y).sqrt() for a in x])
        spread = total(squared_distance(a, b).sqrt() for a in x for b in x)
        return off - (spread / pairs / 2 if pairs else ZERO)

    x = real(pred)
    return rows(value, x.shape[:-2], x, real(target))


def gaussian_kernel(
    pred: X,
    target: X,
    *,
    bandwidth: X = 1.0,
    estimator: Literal["energy", "fair"] = "energy",
) -> Array:
    """Gneiting & Raftery 2007: E k(X, X') / 2 + k(y, y) / 2 - E k(X, y)."""

    def value(x: list[Vector], y: Vector, bandwidth: Decimal) -> Decimal:
        def k(a: Vector, b: Vector) -> Decimal:
            return (-squared_distance(a, b) / (2 * bandwidth**2)).exp()

        m = len(x)
        if not m:
            return ZERO
        if estimator == "energy" or m == 1:
            inner = mean([k(a, b) for a in x for b in x])
        else:
            inner = total(k(x[i], x[j]) for i in range(m) for j in range(m) if i != j) / (
                m * (m - 1)
            )
        return inner / 2 + k(y, y) / 2 - mean([k(a, y) for a in x])

    x = real(pred)
    return rows(value, x.shape[:-2], x, real(target), bandwidth=bandwidth)


def variogram(pred: X, target: X, *, order: X = 0.5, weights: X | None = None) -> Array:
    """Scheuerer & Hamill 2015: sum w_ij (|y_i - y_j|^p - mean |x_i - x_j|^p)²."""
    x = real(pred)
    dim = x.shape[-1]
    table = real(np.ones((dim, dim)) if weights is None else weights)

    def value(x: list[Vector], y: Vector, order: Decimal) -> Decimal:
        if not x:
            return ZERO
        return total(
            Decimal(table[i, j])
            * (power(abs(y[i] - y[j]), order) - mean([power(abs(a[i] - a[j]), order) for a in x]))
            ** 2
            for i in range(dim)
            for j in range(dim)
        )

    return rows(value, x.shape[:-2], x, real(target), order=order)


def dawid_sebastiani(mean: X, factor: X, target: X) -> Array:
    """Dawid & Sebastiani 1999: log det S + (y - m)' S^-1 (y - m), of the lower triangle's S."""
    m, lower, y = real(mean), np.tril(real(factor)), real(target)
    result = np.zeros(m.shape[:-1])
    for index in np.ndindex(result.shape):
        covariance = lower[index] @ lower[index].T
        off = y[index] - m[index]
        result[index] = np.linalg.slogdet(covariance)[1] + off @ np.linalg.solve(covariance, off)
    return result


def moments(pred: X, *, jitter: X = 0.0) -> tuple[Array, Array]:
    """Mean of the members, and the Cholesky factor of their covariance, divisor m - 1."""
    x, extra = real(pred), float(real(jitter))
    *batch, count, dim = x.shape
    middle, factor = np.zeros((*batch, dim)), np.zeros((*batch, dim, dim))
    for index in np.ndindex(*batch):
        middle[index] = [sum(member[i] for member in x[index]) / count for i in range(dim)]
        # Cholesky and Banachiewicz, row by row
        for i in range(dim):
            for j in range(i + 1):
                off = x[index] - middle[index]
                left = sum(member[i] * member[j] for member in off) / max(count - 1, 1)
                left += extra * (i == j) - factor[index][i, :j] @ factor[index][j, :j]
                factor[index][i, j] = np.sqrt(left) if i == j else left / factor[index][j, j]
    return middle, factor
