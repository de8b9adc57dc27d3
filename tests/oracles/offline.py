"""Policies and critics that learn from data alone, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    elementwise,
    items,
    kept,
    log_sum_exp,
    mean,
    real,
    rows,
)

X = npt.ArrayLike
Vector = list[Decimal]


def advantage_weighted(
    log_p: X, advantages: X, *, temperature: X = 1.0, ceiling: X = 20.0
) -> Array:
    """Peng 2019, algorithm 1: -log pi exp(A / beta), the weight at most omega_max."""
    return elementwise(
        lambda p, a, temperature, ceiling: -min((a / temperature).exp(), ceiling) * p,
        log_p,
        advantages,
        temperature=temperature,
        ceiling=ceiling,
    )


def td3_bc(
    q: X,
    pred_actions: X,
    actions: X,
    *,
    alpha: X = 2.5,
    where: X | None = None,
    held: Any = None,
) -> Array:
    """Fujimoto 2021, equations 3 and 5: (pi - a)² - lambda Q with lambda = alpha / mean |Q|."""
    given = real(q)
    fact = real(q if held is None else held[0])
    keep = kept(where, given.shape)

    def value(
        i: int,
        q: Vector,
        fact: Vector,
        pred: list[Vector],
        data: list[Vector],
        keep: list[bool],
        alpha: Decimal,
    ) -> Decimal:
        if not keep[i]:
            return ZERO
        size = mean([abs(x) for x, k in zip(fact, keep, strict=True) if k])
        gap = mean([(a - b) ** 2 for a, b in zip(pred[i], data[i], strict=True)])
        return gap - (alpha / size * q[i] if size else ZERO)

    arrays = (given, fact, real(pred_actions), real(actions), keep)
    return items(value, given.shape[:-1], given.shape[-1], *arrays, alpha=alpha)


def cql(q_drawn: X, log_density: X, q: X, *, temperature: X = 1.0, where: X | None = None) -> Array:
    """Kumar 2020, appendix F: log(1/N sum exp Q(s, a_i) / mu(a_i)) - Q(s, a), of Q / tau."""
    given = real(q_drawn)

    def value(
        drawn: Vector, density: Vector, q: Decimal, keep: list[bool], temperature: Decimal
    ) -> Decimal:
        found = [x / temperature - d for x, d, k in zip(drawn, density, keep, strict=True) if k]
        if not found:
            return ZERO
        return temperature * (log_sum_exp(found) - Decimal(len(found)).ln()) - q

    arrays = (given, real(log_density), real(q), kept(where, given.shape))
    return rows(value, given.shape[:-1], *arrays, temperature=temperature)
