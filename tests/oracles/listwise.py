"""Losses of whole lists, as their papers print them."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.lists import Items, Vector, gain, over_lists, shares
from tests.oracles.loops import ZERO, Array, log_sum_exp, real, total

X = npt.ArrayLike


def _cross_entropy(q: Vector, items: Items) -> Decimal:
    if not items.s:
        return ZERO
    log_z = log_sum_exp(items.s)
    return total(a * (log_z - s) for a, s in zip(q, items.s, strict=True))


def softmax(scores: X, relevance: X, *, where: X | None = None) -> Array:
    """Bruch 2019: -Σ y_i / Σ y log softmax(s)_i."""
    return over_lists(
        lambda items: _cross_entropy(shares(items.y), items), scores, relevance, where
    )


def list_net(scores: X, relevance: X, *, where: X | None = None) -> Array:
    """Cao 2007: -Σ softmax(y)_i log softmax(s)_i."""
    return over_lists(
        lambda items: _cross_entropy(shares([y.exp() for y in items.y]), items),
        scores,
        relevance,
        where,
    )


def poly1_softmax(scores: X, relevance: X, *, epsilon: X = 1.0, where: X | None = None) -> Array:
    """Leng 2022: cross-entropy + ε (1 - Σ q_i p_i); 0 if nothing is relevant."""

    def value(items: Items, epsilon: Decimal) -> Decimal:
        q = shares(items.y)
        if not any(q):
            return ZERO
        log_z = log_sum_exp(items.s)
        p = [(s - log_z).exp() for s in items.s]
        agreement = total(a * b for a, b in zip(q, p, strict=True))
        return _cross_entropy(q, items) + epsilon * (1 - agreement)

    return over_lists(value, scores, relevance, where, epsilon=epsilon)


def unique_softmax(scores: X, relevance: X, *, where: X | None = None) -> Array:
    """Zhu 2020: -Σ (2^y_i - 1) log(e^s_i / (e^s_i + Σ_{y_j < y_i} e^s_j))."""

    def value(items: Items) -> Decimal:
        return total(
            gain(items.y[i])
            * (
                log_sum_exp([items.s[i], *(items.s[j] for j in items.n if items.y[j] < items.y[i])])
                - items.s[i]
            )
            for i in items.n
        )

    return over_lists(value, scores, relevance, where)


def _choices(items: Items) -> Vector:
    """What each choice of the Plackett-Luce model costs, from the most relevant item on."""
    s = [items.s[i] for i in items.order()]
    return [log_sum_exp(s[i:]) - s[i] for i in range(len(s))]


def list_mle(scores: X, relevance: X, *, k: int | None = None, where: X | None = None) -> Array:
    """Xia 2008: -Σ log(e^s_i / Σ_{j≥i} e^s_j) over the first k."""
    return over_lists(lambda items: total(_choices(items)[:k]), scores, relevance, where)


def rank_distil(scores: X, teacher: X, *, k: int | None = None, where: X | None = None) -> Array:
    """Reddi 2021: Σ over orders of what the teacher makes of each times what it costs."""

    def value(items: Items) -> Decimal:
        costs: Vector = []
        for order in itertools.permutations(items.n):
            places = [Decimal(-order.index(i)) for i in items.n]
            chance = (-total(_choices(Items(items.y, places)))).exp()
            costs.append(chance * total(_choices(Items(items.s, places))[:k]))
        return total(costs)

    return over_lists(value, scores, teacher, where)


def position_aware_list_mle(
    scores: X,
    relevance: X,
    *,
    weigh: Callable[[int, int], float] = lambda i, n: 2.0 ** (n - i) - 1,
    where: X | None = None,
) -> Array:
    """Lan 2014: -Σ (2^(n-i) - 1) log(e^s_i / Σ_{j≥i} e^s_j)."""

    def value(items: Items) -> Decimal:
        costs = _choices(items)
        return total(Decimal(weigh(i, len(costs))) * c for i, c in enumerate(costs, 1))

    return over_lists(value, scores, relevance, where)


def xe_ndcg(scores: X, relevance: X, *, gamma: X | None = None, where: X | None = None) -> Array:
    """Bruch 2021: -Σ q_i log softmax(s)_i with q_i = (2^y_i - γ_i) / Σ (2^y_j - γ_j)."""

    def value(items: Items, gamma: Vector) -> Decimal:
        q = shares([gain(y) + 1 - g for y, g in zip(items.y, gamma, strict=True)])
        return _cross_entropy(q, items)

    shape = real(scores).shape
    noise = np.broadcast_to(real(0.5 if gamma is None else gamma), shape)
    return over_lists(value, scores, relevance, where, noise)
