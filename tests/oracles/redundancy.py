"""Losses of what features share over a batch of views."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.groups import Vector, unit
from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    cosine,
    dot,
    exact,
    mean,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike


def _whitened(z: list[Vector], eps: Decimal) -> list[Vector]:
    """Ermolov 2021: L⁻¹ (z_i - mean), by forward substitution with a Cholesky factor."""
    columns = [list(column) for column in zip(*z, strict=True)]
    moved = [[a - mean(column) for a in column] for column in columns]
    dim, divisor = len(columns), max(len(z) - 1, 1)
    factor = [[ZERO] * dim for _ in range(dim)]
    for i in range(dim):
        for j in range(i + 1):
            entry = (1 - eps) * dot(moved[i], moved[j]) / divisor + (eps if i == j else ZERO)
            rest = entry - dot(factor[i][:j], factor[j][:j])
            factor[i][j] = rest.sqrt() if i == j else rest / factor[j][j]
    result = []
    for item in zip(*moved, strict=True):
        solved: Vector = []
        for i in range(dim):
            solved.append((item[i] - dot(factor[i][:i], solved)) / factor[i][i])
        result.append(solved)
    return result


def w_mse(x: X, y: X, *, eps: X = 1e-3) -> Array:
    """Ermolov 2021: the mean squared distance of whitened views at unit length."""

    def value(x: list[Vector], y: list[Vector], eps: Decimal) -> Decimal:
        pairs = zip(_whitened(x, eps), _whitened(y, eps), strict=True)
        return mean([squared_distance(unit(a), unit(b)) for a, b in pairs])

    a, b = real(x), real(y)
    return rows(value, a.shape[:-2], a, b, eps=eps)


def tico(x: X, y: X, covariance: X, *, rho: X = 8.0) -> Array:
    """Zhu 2022, equation 3."""
    matrix = exact(real(covariance).tolist())

    def value(x: Vector, y: Vector, rho: Decimal) -> Decimal:
        u, v = unit(x), unit(y)
        spread = total(a * dot(row, u) for a, row in zip(u, matrix, strict=True))
        return ONE - dot(u, v) + rho * spread

    a, b = real(x), real(y)
    return rows(value, a.shape[:-1], a, b, rho=rho)


def moved_covariance(covariance: X, x: X, *, momentum: X = 0.9) -> Array:
    """Zhu 2022, equation 2."""
    z = real(x).reshape(-1, real(x).shape[-1])
    z = np.array([[float(a) for a in unit(exact(row.tolist()))] for row in z])
    batch = sum(np.outer(a, a) for a in z) / len(z)
    return real(momentum) * real(covariance) + (1 - real(momentum)) * batch


def mmcr(embeddings: X, *, local_weight: X = 0.0) -> Array:
    """Yerxa 2023, equation 3, with the singular values of LAPACK."""
    z = real(embeddings)
    result = np.empty(z.shape[:-3])
    weights = np.broadcast_to(real(local_weight), result.shape)
    for index in np.ndindex(result.shape):
        spread = np.linalg.svd(z[index].mean(axis=1), compute_uv=False).sum()
        local = np.mean([np.linalg.svd(views, compute_uv=False).sum() for views in z[index]])
        result[index] = weights[index] * local - spread
    return result


def _rate(z: Array, eps: float) -> float:
    n, dim = z.shape
    inner = np.eye(dim) + dim / (max(n, 1) * eps**2) * z.T @ z
    return float(np.linalg.slogdet(inner)[1]) / 2


def coding_rate(embeddings: X, *, eps: X = 0.5) -> Array:
    """Yu 2020, negated: half a log-determinant by LAPACK."""
    z = real(embeddings)
    level = np.broadcast_to(real(eps), z.shape[:-2])
    result = np.empty(z.shape[:-2])
    for index in np.ndindex(result.shape):
        result[index] = -_rate(z[index], float(level[index]))
    return result


def emp_ssl(embeddings: X, *, invariance_weight: X = 200.0, eps: X = 0.4472135954999579) -> Array:
    """Tong 2023, negated: coding rate, and cosines with the mean view."""
    z = real(embeddings)
    result = np.empty(z.shape[:-3])
    weight, level = (np.broadcast_to(real(h), result.shape) for h in (invariance_weight, eps))
    for index in np.ndindex(result.shape):
        views = np.swapaxes(z[index], 0, 1)
        rate = np.mean([_rate(view, float(level[index])) for view in views])
        middle = views.mean(axis=0)
        cosines = [
            float(cosine(exact(a.tolist()), exact(b.tolist())))
            for view in views
            for a, b in zip(view, middle, strict=True)
        ]
        result[index] = -rate - weight[index] * np.mean(cosines)
    return result


def frossl(embeddings: X, *, invariance_weight: X = 1.0) -> Array:
    """Skean 2024: log |ZᵀZ|² and squared distances, of features at unit length over the items."""

    def value(items: list[list[Vector]], invariance_weight: Decimal) -> Decimal:
        entropy, apart = ZERO, ZERO
        views = [[list(c) for c in zip(*v, strict=True)] for v in zip(*items, strict=True)]
        views = [[unit(_less_mean(column)) for column in view] for view in views]
        for v, view in enumerate(views):
            products = [[dot(a, b) for b in view] for a in view]
            trace = total(products[i][i] for i in range(len(view)))
            square = total(entry**2 for row in products for entry in row)
            entropy += (square / trace**2).ln() if trace else ZERO
            for other in views[:v]:
                pairs = zip(view, other, strict=True)
                apart += total(squared_distance(a, b) for a, b in pairs)
        return entropy + invariance_weight * apart / len(items)

    z = real(embeddings)
    return rows(value, z.shape[:-3], z, invariance_weight=invariance_weight)


def _less_mean(column: Vector) -> Vector:
    """Exactly 0 if constant, as the mean of equal decimals need not be."""
    same = min(column) == max(column)
    return [ZERO if same else a - mean(column) for a in column]
