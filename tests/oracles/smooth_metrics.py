"""Ranking metrics of smooth ranks, by counting pairs smoothly."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.groups import logistic
from tests.oracles.lists import (
    Items,
    Vector,
    average_precision_of,
    mrr_of,
    ndcg_of,
    over_lists,
    precision_of,
    recall_of,
)
from tests.oracles.loops import ONE, ZERO, Array, real, total

X = npt.ArrayLike


def _ranks(items: Items, temperature: Decimal, step: str) -> Vector:
    """Qin 2010, equation 11: 1 + Σ_{j≠i} σ((s_j - s_i) / T)."""
    rise = logistic if step == "sigmoid" else (lambda x: max(ZERO, 1 + x))
    return [
        1 + total(rise((items.s[j] - items.s[i]) / temperature) for j in items.n if j != i)
        for i in items.n
    ]


def _loss(
    metric: Callable[..., Decimal],
    scores: X,
    relevance: X,
    where: X | None,
    temperature: X,
    step: str,
    has: Callable[[Items], bool] = lambda items: bool(items.relevant()),
) -> Array:
    def value(items: Items, temperature: Decimal) -> Decimal:
        if not has(items):
            return ZERO
        return 1 - metric(items, _ranks(items, temperature, step), temperature)

    return over_lists(value, scores, relevance, where, temperature=temperature)


def approx_ndcg(
    scores: X,
    relevance: X,
    *,
    temperature: X = 1.0,
    step: str = "sigmoid",
    where: X | None = None,
) -> Array:
    """Qin 2010: 1 - NDCG of smooth ranks."""
    return _loss(
        lambda items, rank, _: ndcg_of(rank, items),
        scores,
        relevance,
        where,
        temperature,
        step,
        lambda items: any(items.y),
    )


def approx_mrr(
    scores: X,
    relevance: X,
    *,
    temperature: X = 1.0,
    step: str = "sigmoid",
    where: X | None = None,
) -> Array:
    """Qin 2010: 1 - the reciprocal smooth rank."""
    return _loss(
        lambda items, rank, _: mrr_of(rank, items), scores, relevance, where, temperature, step
    )


def approx_map(
    scores: X,
    relevance: X,
    *,
    temperature: X = 1.0,
    step: str = "sigmoid",
    where: X | None = None,
) -> Array:
    """Qin 2010: 1 - average precision of smooth ranks."""
    return _loss(
        lambda items, rank, _: average_precision_of(rank, items),
        scores,
        relevance,
        where,
        temperature,
        step,
    )


def approx_precision(
    scores: X,
    relevance: X,
    *,
    k: int = 2,
    temperature: X = 1.0,
    step: str = "sigmoid",
    where: X | None = None,
    held: tuple[X, ...] | None = None,
) -> Array:
    """1 - Σ w_i [relevant] / Σ w_i; the cut is that of the scores that are held."""
    return _cut(precision_of, scores, relevance, k, temperature, step, where, held)


def approx_recall(
    scores: X,
    relevance: X,
    *,
    k: int = 2,
    temperature: X = 1.0,
    step: str = "sigmoid",
    where: X | None = None,
    held: tuple[X, ...] | None = None,
) -> Array:
    """1 - Σ w_i [relevant] / Σ [relevant]; the cut is that of the scores that are held."""
    return _cut(recall_of, scores, relevance, k, temperature, step, where, held)


def _cut(
    metric: Callable[[Vector, Items], Decimal],
    scores: X,
    relevance: X,
    k: int,
    temperature: X,
    step: str,
    where: X | None,
    held: tuple[X, ...] | None,
) -> Array:
    def value(items: Items, fixed: Vector, temperature: Decimal) -> Decimal:
        if not items.relevant():
            return ZERO
        rank = _ranks(items, temperature, step)
        if len(rank) <= k:
            taken = [ONE] * len(rank)
        else:
            ordered = sorted(_ranks(Items(fixed, items.y), temperature, step))
            cut = (ordered[k - 1] + ordered[k]) / 2
            ahead = [(cut - r) / temperature for r in rank]
            taken = [logistic(x) if step == "sigmoid" else min(ONE, x) for x in ahead]
        return 1 - metric(taken, items)

    fixed = real(scores if held is None else held[0])
    fixed = np.where(np.isnan(fixed), 0, fixed)
    return over_lists(value, scores, relevance, where, fixed, temperature=temperature)


def perturbed(fn: Callable[..., Array], noise: X, scores: X, relevance: X, beta: float) -> Array:
    """Bruch 2020: the mean of a loss over scores with noise."""
    return np.mean(
        [fn(real(scores) + beta * real(one), relevance) for one in np.asarray(noise)], axis=0
    )
