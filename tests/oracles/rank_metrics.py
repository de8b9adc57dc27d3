"""Ranking metrics, by counting."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.lists import (
    Items,
    Vector,
    average_precision_of,
    ndcg_of,
    over_lists,
    precision_of,
    recall_of,
)
from tests.oracles.loops import ONE, ZERO, Array, mean

X = npt.ArrayLike


def _first(items: Items, k: int) -> Vector:
    return [ONE if rank <= k else ZERO for rank in items.rank()]


def ndcg(scores: X, relevance: X, *, k: int | None = None, where: X | None = None) -> Array:
    """Järvelin 2002: DCG over the best DCG."""
    return over_lists(lambda items: ndcg_of(items.rank(), items, k), scores, relevance, where)


def mrr(scores: X, relevance: X, *, k: int | None = None, where: X | None = None) -> Array:
    """One over the rank of the first relevant item, if that is at most k."""

    def value(items: Items) -> Decimal:
        found = [items.rank()[i] for i in items.relevant()]
        found = [rank for rank in found if k is None or rank <= k]
        return 1 / min(found) if found else ZERO

    return over_lists(value, scores, relevance, where)


def average_precision(scores: X, relevance: X, *, where: X | None = None) -> Array:
    """Mean of the precision at the ranks of the relevant items."""
    return over_lists(
        lambda items: average_precision_of(items.rank(), items), scores, relevance, where
    )


def precision(scores: X, relevance: X, *, k: int, where: X | None = None) -> Array:
    """Share of relevant items among the first k."""
    return over_lists(lambda items: precision_of(_first(items, k), items), scores, relevance, where)


def recall(scores: X, relevance: X, *, k: int, where: X | None = None) -> Array:
    """Share of the relevant items that are among the first k."""
    return over_lists(lambda items: recall_of(_first(items, k), items), scores, relevance, where)


def ordered_pairs(scores: X, relevance: X, *, where: X | None = None) -> Array:
    """Share of pairs of different relevance in the right order."""

    def value(items: Items) -> Decimal:
        return mean([ONE if items.s[i] > items.s[j] else ZERO for i, j in items.better()])

    return over_lists(value, scores, relevance, where)
