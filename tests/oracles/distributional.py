"""Distributions of returns learned from what came next, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.histogram import _cost, _decimals, _moved
from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    integer,
    log_softmax,
    mean,
    real,
    rows,
    target_of,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _levels(levels: X | None, count: int) -> Vector:
    return [(i + ONE / 2) / count for i in range(count)] if levels is None else _decimals(levels)


def _huber(pred: Vector, target: Vector, taus: Vector, delta: Decimal) -> Decimal:
    """Dabney 2018, equation 10 (IQN: equation 3): sum_i E_j |tau_i - 1[u < 0]| L(u) / kappa."""

    def single(u: Decimal, tau: Decimal) -> Decimal:
        weight = abs(tau - (ONE if u < 0 else ZERO))
        if abs(u) <= delta:
            return weight * u * u / 2 / delta if delta else ZERO
        return weight * (abs(u) - delta / 2)

    return total(
        mean([single(t - p, tau) for t in target]) for p, tau in zip(pred, taus, strict=True)
    )


def quantile_regression(pred: X, target: X, *, levels: X | None = None, delta: X = 1.0) -> Array:
    """Every prediction against every sample."""
    given = real(pred)
    taus = _levels(levels, given.shape[-1])
    return rows(
        lambda p, t, delta: _huber(p, t, taus, delta),
        given.shape[:-1],
        given,
        real(target),
        delta=delta,
    )


def _after(places: Vector, r: Decimal, g: Decimal) -> Vector:
    return [r + g * x if g else r for x in places]


def quantile_td(
    quantiles: X,
    actions: X,
    rewards: X,
    discounts: X,
    next_quantiles: X,
    next_actions: X,
    *,
    levels: X | None = None,
    delta: X = 1.0,
) -> Array:
    """Dabney 2018: targets r + gamma theta_j(s', a'); the mean over a policy."""
    given = real(quantiles)
    taus = _levels(levels, given.shape[-1])

    def value(
        theta: list[Vector],
        a: int,
        r: Decimal,
        g: Decimal,
        after: list[Vector],
        policy: Any,
        delta: Decimal,
    ) -> Decimal:
        if not 0 <= a < len(theta):
            return NAN
        if g == 0:
            policy = 0
        if isinstance(policy, int):
            policy = [ONE if i == policy else ZERO for i in range(len(after))]
        return total(
            p * _huber(theta[a], _after(places, r, g), taus, delta)
            for p, places in zip(policy, after, strict=True)
            if p
        )

    return rows(
        value,
        given.shape[:-2],
        given,
        integer(actions),
        real(rewards),
        real(discounts),
        real(next_quantiles),
        target_of(next_actions),
        delta=delta,
    )


def quantile_q_learning(
    quantiles: X,
    actions: X,
    rewards: X,
    discounts: X,
    next_quantiles: X,
    *,
    levels: X | None = None,
    delta: X = 1.0,
) -> Array:
    """Dabney 2018, algorithm 1: a' = argmax of the means."""
    best = np.argmax(np.mean(real(next_quantiles), axis=-1), axis=-1)
    return quantile_td(
        quantiles, actions, rewards, discounts, next_quantiles, best, levels=levels, delta=delta
    )


def categorical_td(
    logits: X,
    actions: X,
    rewards: X,
    discounts: X,
    next_logits: X,
    next_actions: X,
    *,
    support: X,
) -> Array:
    """Bellemare 2017, section 4: the cross-entropy to the projected Bellman update."""
    given, atoms = real(logits), _decimals(support)

    def value(
        z: list[Vector], a: int, r: Decimal, g: Decimal, after: list[Vector], policy: Any
    ) -> Decimal:
        if not 0 <= a < len(z):
            return NAN
        if g == 0:
            policy = 0
        if isinstance(policy, int):
            policy = [ONE if i == policy else ZERO for i in range(len(after))]
        dists = [[x.exp() for x in log_softmax(row, [True] * len(row))] for row in after]
        masses = [
            total(p * d[i] for p, d in zip(policy, dists, strict=True)) for i in range(len(atoms))
        ]
        return _cost(_moved(_after(atoms, r, g), masses, atoms), z[a])

    return rows(
        value,
        given.shape[:-2],
        given,
        integer(actions),
        real(rewards),
        real(discounts),
        real(next_logits),
        target_of(next_actions),
    )


def categorical_q_learning(
    logits: X, actions: X, rewards: X, discounts: X, next_logits: X, *, support: X
) -> Array:
    """Bellemare 2017, algorithm 1: a' = argmax of sum z p(s', a')."""
    after = real(next_logits)
    weights = np.exp(after - after.max(axis=-1, keepdims=True))
    masses = weights / weights.sum(axis=-1, keepdims=True)
    best = np.argmax(np.sum(masses * real(support), axis=-1), axis=-1)
    return categorical_td(logits, actions, rewards, discounts, after, best, support=support)
