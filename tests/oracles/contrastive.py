"""Losses that tell an item's partner from the other items, or compare two views of a batch."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    dot,
    integer,
    items,
    kept,
    log_sum_exp,
    mean,
    real,
    rows,
    softplus,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _anchors(
    fn: Callable[..., Decimal], first: Array, *others: npt.NDArray, where: X | None, **hyper: X
) -> Array:
    """`fn(i, members, first, *others)` for each item i; 0 for those left out.

    `members` are the places of the items that take part.
    """

    def value(i: int, keep: list[bool], *lists: Sequence, **chosen: Decimal) -> Decimal:
        members = [j for j, k in enumerate(keep) if k]
        return fn(i, members, *lists, **chosen) if keep[i] else ZERO

    batch, count = first.shape[:-2], first.shape[-2]
    keep = kept(where, (*batch, count))
    return items(value, batch, count, keep, first, *others, **hyper)


def info_nce(
    anchor: X,
    positive: X,
    *,
    temperature: X = 0.07,
    negatives: X | None = None,
    where: X | None = None,
) -> Array:
    """Oord 2018: -log(exp(s_ii / t) / (Σ_j exp(s_ij / t) + Σ_k exp(a_i · n_k / t)))."""

    def value(
        i: int,
        members: list[int],
        a: list[Vector],
        p: list[Vector],
        n: list[Vector],
        temperature: Decimal,
    ) -> Decimal:
        scores = [dot(a[i], p[j]) / temperature for j in members]
        extra = [dot(a[i], vector) / temperature for vector in n]
        return log_sum_exp(scores + extra) - dot(a[i], p[i]) / temperature

    a, p = real(anchor), real(positive)
    n = np.zeros((*a.shape[:-2], 0, a.shape[-1])) if negatives is None else real(negatives)
    return _anchors(value, a, p, n, where=where, temperature=temperature)


def pushed(queue: X, keys: X) -> Array:
    """He 2020: the newest first, as many as before."""
    old, new = real(queue), real(keys)
    return np.concatenate([new, old], axis=-2)[..., : old.shape[-2], :]


def clip(x: X, y: X, *, logit_scale: X = 2.6592600369327783, where: X | None = None) -> Array:
    """Radford 2021: half the sum of the cross-entropies of row i and of column i."""

    def value(
        i: int, members: list[int], x: list[Vector], y: list[Vector], logit_scale: Decimal
    ) -> Decimal:
        scale = logit_scale.exp()
        row = [scale * dot(x[i], y[j]) for j in members]
        column = [scale * dot(x[j], y[i]) for j in members]
        own = scale * dot(x[i], y[i])
        return ((log_sum_exp(row) - own) + (log_sum_exp(column) - own)) / 2

    return _anchors(value, real(x), real(y), where=where, logit_scale=logit_scale)


def siglip(
    x: X,
    y: X,
    *,
    logit_scale: X = 2.302585092994046,
    bias: X = -10.0,
    where: X | None = None,
) -> Array:
    """Zhai 2023: -Σ_j log sigmoid(z_ij (exp(logit_scale) x_i · y_j + bias)), z = ±1."""

    def value(
        i: int,
        members: list[int],
        x: list[Vector],
        y: list[Vector],
        logit_scale: Decimal,
        bias: Decimal,
    ) -> Decimal:
        scale = logit_scale.exp()
        signs = [1 if j == i else -1 for j in members]
        logits = [scale * dot(x[i], y[j]) + bias for j in members]
        return total(softplus(-z * logit) for z, logit in zip(signs, logits, strict=True))

    return _anchors(value, real(x), real(y), where=where, logit_scale=logit_scale, bias=bias)


def sup_con(
    embeddings: X,
    labels: X,
    *,
    temperature: X = 0.1,
    mean: str = "outside",
    where: X | None = None,
) -> Array:
    """Khosla 2020, equations 2 and 3: the mean over P(i) of exp(s_ip / t) / Σ_a exp(s_ia / t)."""
    inside = mean == "inside"

    def value(
        i: int, members: list[int], z: list[Vector], y: list[int], temperature: Decimal
    ) -> Decimal:
        scores = {a: dot(z[i], z[a]) / temperature for a in members if a != i}
        whole = log_sum_exp(list(scores.values()))
        own = [s for a, s in scores.items() if y[a] == y[i]]
        if inside and own:
            return whole - log_sum_exp(own) + Decimal(len(own)).ln()
        return total(whole - s for s in own) / max(len(own), 1)

    return _anchors(value, real(embeddings), integer(labels), where=where, temperature=temperature)


def _columns(points: list[Vector]) -> list[Vector]:
    """The columns of a matrix that is given by rows, each less its mean."""
    columns = [list(column) for column in zip(*points, strict=True)]
    return [
        # exactly 0 if constant, as the mean of equal decimals need not be
        [ZERO if min(column) == max(column) else a - mean(column) for a in column]
        for column in columns
    ]


def barlow_twins(x: X, y: X, *, off_diagonal_weight: X = 5e-3) -> Array:
    """Zbontar 2021: Σ (1 - C_ii)² + weight Σ_{i≠j} C_ij², C the cross-correlation of columns.

    A constant column correlates with nothing; an empty list counts 0.
    """

    def standardized(points: list[Vector]) -> list[Vector]:
        columns = _columns(points)
        deviations = [mean([a * a for a in column]).sqrt() for column in columns]
        return [
            [a / std if std else ZERO for a in column]
            for column, std in zip(columns, deviations, strict=True)
        ]

    def value(x: list[Vector], y: list[Vector], weight: Decimal) -> Decimal:
        result, others = ZERO, standardized(y)
        for i, a in enumerate(standardized(x)):
            for j, b in enumerate(others):
                correlation = dot(a, b) / len(x)
                off = weight * correlation * correlation
                result += off if i != j else (1 - correlation) * (1 - correlation)
        return result

    a, b = real(x), real(y)
    return rows(value, a.shape[:-2], a, b, weight=off_diagonal_weight)


def _covariance_penalty(points: list[Vector]) -> Decimal:
    columns, n = _columns(points), len(points)
    if n < 2 or not columns:
        return ZERO
    covariances = [
        dot(a, b) / (n - 1) for i, a in enumerate(columns) for j, b in enumerate(columns) if i != j
    ]
    return total(c * c for c in covariances) / len(columns)


def covariance_penalty(embeddings: X) -> Array:
    """The covariance term of VICReg: Σ_{i≠j} Cov_ij² / dim; 0 for fewer than two items."""
    z = real(embeddings)
    return rows(_covariance_penalty, z.shape[:-2], z)


def vicreg(
    x: X,
    y: X,
    *,
    invariance_weight: X = 25.0,
    variance_weight: X = 25.0,
    covariance_weight: X = 1.0,
    gamma: X = 1.0,
    eps: X = 1e-4,
) -> Array:
    """Bardes 2022: mean |x_i - y_i|², hinge of the deviations at gamma, and covariances.

    The variance of a single item is 0, which the hinge punishes; an empty list counts 0.
    """

    def hinge(points: list[Vector], gamma: Decimal, eps: Decimal) -> Decimal:
        n = len(points)
        variances = [dot(c, c) / (n - 1) if n > 1 else ZERO for c in _columns(points)]
        return mean([max(ZERO, gamma - (variance + eps).sqrt()) for variance in variances])

    def value(
        x: list[Vector],
        y: list[Vector],
        invariance_weight: Decimal,
        variance_weight: Decimal,
        covariance_weight: Decimal,
        gamma: Decimal,
        eps: Decimal,
    ) -> Decimal:
        apart = mean([squared_distance(a, b) for a, b in zip(x, y, strict=True)])
        spread = hinge(x, gamma, eps) + hinge(y, gamma, eps)
        shared = _covariance_penalty(x) + _covariance_penalty(y)
        return invariance_weight * apart + variance_weight * spread + covariance_weight * shared

    a, b = real(x), real(y)
    return rows(
        value,
        a.shape[:-2],
        a,
        b,
        invariance_weight=invariance_weight,
        variance_weight=variance_weight,
        covariance_weight=covariance_weight,
        gamma=gamma,
        eps=eps,
    )
