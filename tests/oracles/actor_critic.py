"""Policies that learn from critics, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    dot,
    elementwise,
    kept,
    log_softmax,
    log_sum_exp,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _held(first: X, held: Any) -> Array:
    """What an argument is held constant at."""
    return real(first if held is None else held[0])


def sac_actor(log_p: X, q: X, *, temperature: X = 0.2) -> Array:
    """Haarnoja 2018, equation 7: alpha log pi - min Q."""
    given = real(log_p)
    return rows(
        lambda p, q, temperature: temperature * p - min(q),
        given.shape,
        given,
        real(q),
        temperature=temperature,
    )


def _policy(z: Vector, keep: list[bool]) -> tuple[Vector, list[int]]:
    """Log-probabilities, and the places of the actions that there are."""
    log_p = log_softmax(z, keep)
    return log_p, [i for i, x in enumerate(log_p) if x.is_finite()]


def sac_discrete_actor(logits: X, q: X, *, temperature: X = 0.2, where: X | None = None) -> Array:
    """Christodoulou 2019, equation 12: sum pi (alpha log pi - Q)."""
    given = real(logits)

    def value(z: Vector, q: Vector, keep: list[bool], temperature: Decimal) -> Decimal:
        log_p, there = _policy(z, keep)
        return total(log_p[i].exp() * (temperature * log_p[i] - q[i]) for i in there)

    keep = kept(where, given.shape)
    return rows(value, given.shape[:-1], given, real(q), keep, temperature=temperature)


def sac_critic(
    q: X, rewards: X, discounts: X, next_q: X, next_log_p: X, *, temperature: X = 0.2
) -> Array:
    """Haarnoja 2018, equations 3 and 5: (Q - r - gamma (min Q' - alpha log pi))²."""
    given = real(q)

    def value(
        q: Decimal, r: Decimal, g: Decimal, after: Vector, log_p: Decimal, temperature: Decimal
    ) -> Decimal:
        return (q - r - g * (min(after) - temperature * log_p)) ** 2

    arrays = (given, real(rewards), real(discounts), real(next_q), real(next_log_p))
    return rows(value, given.shape, *arrays, temperature=temperature)


def lagrange_multiplier(
    values: X, *, multiplier: X = 1.0, bound: X = 0.0, held: Any = None
) -> Array:
    """Haarnoja 2018, equation 18; Abdolmaleki 2018, appendix C.3: alpha (eps - constant)."""
    return elementwise(
        lambda x, multiplier, bound: multiplier * (bound - x),
        _held(values, held),
        multiplier=multiplier,
        bound=bound,
    )


def mpo(log_p: X, q: X, *, temperature: X = 1.0, where: X | None = None) -> Array:
    """Abdolmaleki 2018, equation 9: -sum q_ij log pi with q_ij from softmax(Q / eta)."""
    given = real(log_p)

    def value(p: Vector, q: Vector, keep: list[bool], temperature: Decimal) -> Decimal:
        weights = log_softmax([x / temperature for x in q], keep)
        return -total(w.exp() * x for w, x, k in zip(weights, p, keep, strict=True) if k)

    keep = kept(where, given.shape)
    return rows(value, given.shape[:-1], given, real(q), keep, temperature=temperature)


def mpo_temperature(
    q: X,
    *,
    temperature: X = 1.0,
    epsilon: X = 0.1,
    where: X | None = None,
    held: Any = None,
) -> Array:
    """Abdolmaleki 2018, equation 8: eta eps + eta log mean exp(Q / eta)."""
    given = _held(q, held)

    def value(q: Vector, keep: list[bool], temperature: Decimal, epsilon: Decimal) -> Decimal:
        scaled = [x / temperature for x, k in zip(q, keep, strict=True) if k]
        if not scaled:
            return ZERO
        soft = log_sum_exp(scaled) - Decimal(len(scaled)).ln()
        return temperature * (epsilon + soft)

    keep = kept(where, given.shape)
    return rows(value, given.shape[:-1], given, keep, temperature=temperature, epsilon=epsilon)


def _regrets(z: Vector, q: Vector, keep: list[bool]) -> Vector:
    log_p, there = _policy(z, keep)
    mean = dot([log_p[i].exp() for i in there], [q[i] for i in there])
    return [max(ZERO, q[i] - mean) if i in there else ZERO for i in range(len(z))]


def regret(logits: X, q: X, *, where: X | None = None) -> Array:
    """Srinivasan 2018, equation 8: sum (q - sum pi q)+."""
    given = real(logits)
    keep = kept(where, given.shape)
    return rows(lambda *row: total(_regrets(*row)), given.shape[:-1], given, real(q), keep)


def regret_matching(logits: X, q: X, *, where: X | None = None, held: Any = None) -> Array:
    """Srinivasan 2018, equation 9: -sum pi (q - sum pi q)+, the second factor constant."""
    given = real(logits)

    def value(z: Vector, fact: Vector, q: Vector, keep: list[bool]) -> Decimal:
        regrets = _regrets(fact, q, keep)
        log_p, there = _policy(z, keep)
        return -total(log_p[i].exp() * regrets[i] for i in there)

    keep = kept(where, given.shape)
    return rows(value, given.shape[:-1], given, _held(logits, held), real(q), keep)
