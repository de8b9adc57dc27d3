"""Values learned from what came next, as their papers print them, a step at a time."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    elementwise,
    integer,
    log_sum_exp,
    real,
    rows,
    target_of,
    total,
)

X = npt.ArrayLike
Q = list[Decimal]


def _square(p: Decimal, t: Decimal) -> Decimal:
    return (p - t) ** 2


def _target(r: Decimal, discount: Decimal, worth: Decimal) -> Decimal:
    """R + gamma V, without V behind the end of an episode or where nothing can be done."""
    return r if discount == 0 or worth == -INFINITY else r + discount * worth


def _of_action(q: Q, action: int) -> Decimal:
    return q[action] if 0 <= action < len(q) else NAN


def _worth(q: Q, policy: int | Q) -> Decimal:
    """Of a state: the value of the action, or the mean over the policy."""
    if isinstance(policy, int):
        return _of_action(q, policy)
    return total(p * x for p, x in zip(policy, q, strict=True) if p != 0)


def _steps(target: Callable[..., Decimal], q: X, actions: X, *arrays: X, **hyper: X) -> Array:
    """(Q(s, a) - target)² for each step."""
    values = real(q)

    def value(q: Q, a: int, *rest: Any, **hyper: Decimal) -> Decimal:
        p = _of_action(q, a)
        return p if p.is_nan() else _square(p, target(q, a, *rest, **hyper))

    given = [target_of(array) for array in arrays]
    return rows(value, values.shape[:-1], values, integer(actions), *given, **hyper)


def clipped_value(values: X, old_values: X, returns: X, *, clip: X = 0.2) -> Array:
    """Engstrom 2020, section 3: max((V - R)², (clip(V, V_old - eps, V_old + eps) - R)²)."""

    def value(v: Decimal, old: Decimal, r: Decimal, clip: Decimal) -> Decimal:
        near = min(max(v, old - clip), old + clip)
        return max(_square(v, r), _square(near, r))

    return elementwise(value, values, old_values, returns, clip=clip)


def td(values: X, rewards: X, discounts: X, next_values: X) -> Array:
    """Sutton 1988: (r + gamma V(s') - V(s))²."""
    return elementwise(
        lambda v, r, g, after: _square(v, _target(r, g, after)),
        values,
        rewards,
        discounts,
        next_values,
    )


def sarsa(q: X, actions: X, rewards: X, discounts: X, next_q: X, next_actions: X) -> Array:
    """Rummery 1994: V(s') = Q(s', a'); van Seijen 2009: V(s') = sum pi(a') Q(s', a')."""
    return _steps(
        lambda q, a, r, g, after, policy: _target(r, g, _worth(after, policy)),
        q,
        actions,
        rewards,
        discounts,
        next_q,
        next_actions,
    )


def q_learning(q: X, actions: X, rewards: X, discounts: X, next_q: X) -> Array:
    """Watkins 1992: V(s') = max Q(s', a')."""
    return _steps(
        lambda q, a, r, g, after: _target(r, g, max(after)), q, actions, rewards, discounts, next_q
    )


def double_q_learning(q: X, actions: X, rewards: X, discounts: X, next_q: X, selector: X) -> Array:
    """Van Hasselt 2016, equation 4: V(s') = Q'(s', argmax Q(s', a'))."""
    return _steps(
        lambda q, a, r, g, after, chooser: _target(r, g, after[chooser.index(max(chooser))]),
        q,
        actions,
        rewards,
        discounts,
        next_q,
        selector,
    )


def persistent_q_learning(
    q: X, actions: X, rewards: X, discounts: X, next_q: X, *, gap: X = 0.5
) -> Array:
    """Bellemare 2016, consistent operators: (1 - beta) max Q(s', a') + beta Q(s', a)."""

    def target(q: Q, a: int, r: Decimal, g: Decimal, after: Q, gap: Decimal) -> Decimal:
        top = max(after)
        again = top if after[a] == -INFINITY else after[a]
        mixed = top if top == -INFINITY else (1 - gap) * top + gap * again
        return _target(r, g, mixed)

    return _steps(target, q, actions, rewards, discounts, next_q, gap=gap)


def advantage_learning(
    q: X, actions: X, rewards: X, discounts: X, next_q: X, old_q: X, *, gap: X = 0.9
) -> Array:
    """Bellemare 2016, equation 8: T Q(s, a) - alpha (V(s) - Q(s, a))."""

    def target(q: Q, a: int, r: Decimal, g: Decimal, after: Q, old: Q, gap: Decimal) -> Decimal:
        return _target(r, g, max(after)) - gap * (max(old) - old[a])

    return _steps(target, q, actions, rewards, discounts, next_q, old_q, gap=gap)


def munchausen(
    q: X,
    actions: X,
    rewards: X,
    discounts: X,
    next_q: X,
    old_q: X,
    *,
    gap: X = 0.9,
    temperature: X = 0.03,
    floor: X = -1.0,
) -> Array:
    """Vieillard 2020, equation 2: r + alpha [tau ln pi(a|s)] + gamma sum pi (Q - tau ln pi)."""

    def policy(q: Q, tau: Decimal) -> Q:
        whole = log_sum_exp([x / tau for x in q])
        return [x / tau - whole for x in q]

    def target(
        q: Q,
        a: int,
        r: Decimal,
        g: Decimal,
        after: Q,
        old: Q,
        gap: Decimal,
        temperature: Decimal,
        floor: Decimal,
    ) -> Decimal:
        belief = max(floor, min(ZERO, temperature * policy(old, temperature)[a]))
        possible = [x for x in after if x != -INFINITY]
        soft = total(
            log_p.exp() * (x - temperature * log_p)
            for x, log_p in zip(possible, policy(possible, temperature), strict=True)
        )
        return _target(r, g, soft if possible else -INFINITY) + gap * belief

    return _steps(
        target,
        q,
        actions,
        rewards,
        discounts,
        next_q,
        old_q,
        gap=gap,
        temperature=temperature,
        floor=floor,
    )
