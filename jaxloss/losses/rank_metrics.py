"""Ranking metrics, to evaluate with: they have no gradient. `jaxloss.smooth_metrics` has losses.

Each reads lists, scores and relevance on the last axis, and gives one value for each list. Ranks
are by score, ties in the order given, and end at `k`. Items of relevance of at least 1 are relevant
where that is all that counts. Items that `where` leaves out, and items with the score `-inf`, take
no part; a list in which nothing is relevant has 0: leave it out of a mean.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.lists import Items, Listed, listed, over_pairs, ranks
from jaxloss.core.metrics import (
    average_precision_of,
    mrr_of,
    ndcg_of,
    precision_of,
    recall_of,
)
from jaxloss.core.numerics import safe_divide


def ndcg(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Discounted gain `sum((2**relevance - 1) / log2(1 + rank))` over the best that can be.

    Args:
        scores: that a model gives.
        relevance: grades.
        k: last rank that counts; None for all.
        where: items that take part.

    Example:
        >>> ndcg([0.0, 1.0], [1, 0])
        Array(0.6309, dtype=float32)

    Reference: Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418.
    """
    lists = listed(scores, relevance, where)
    return ndcg_of(ranks(lists.scores, lists.kept), lists, k)


def mrr(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """One over the rank of the first relevant item.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        k: last rank that counts; None for all.
        where: items that take part.

    Example:
        >>> mrr([0.0, 1.0], [1, 0])
        Array(0.5, dtype=float32)
    """
    lists = listed(scores, relevance, where)
    rank = ranks(lists.scores, lists.kept)
    return mrr_of(rank, lists) if k is None else mrr_of(jnp.where(rank <= k, rank, jnp.inf), lists)


def average_precision(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Mean over the relevant items of the precision at their ranks.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        where: items that take part.

    Example:
        >>> average_precision([0.0, 1.0], [1, 0])
        Array(0.5, dtype=float32)
    """
    lists = listed(scores, relevance, where)
    return average_precision_of(ranks(lists.scores, lists.kept), lists)


def precision(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Share of relevant items among the first `k`, or among all of a shorter list.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        k: last rank that counts.
        where: items that take part.

    Example:
        >>> precision([2.0, 1.0, 0.0], [1, 0, 1], k=2)
        Array(0.5, dtype=float32)
    """
    lists = listed(scores, relevance, where)
    return precision_of(_first(lists, k), lists)


def recall(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Share of the relevant items that are among the first `k`.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        k: last rank that counts.
        where: items that take part.

    Example:
        >>> recall([2.0, 1.0, 0.0], [1, 0, 1], k=2)
        Array(0.5, dtype=float32)
    """
    lists = listed(scores, relevance, where)
    return recall_of(_first(lists, k), lists)


def ordered_pairs(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Share of pairs of different relevance that the scores put in the right order.

    Args:
        scores: that a model gives; pairs of equal scores are not in order.
        relevance: only its order counts.
        where: items that take part.

    Example:
        >>> ordered_pairs([2.0, 1.0, 0.0], [1, 0, 1])
        Array(0.5, dtype=float32)
    """
    lists = listed(scores, relevance, where)

    def pair(first: Items, second: Items) -> tuple[Array, Array]:
        gap = first[1] - second[1]
        counts = first[2] & second[2] & (gap != 0)
        right = counts & (gap * (first[0] - second[0]) > 0)
        return right.astype(gap.dtype), counts.astype(gap.dtype)

    right = over_pairs(lambda a, b: (pair(a, b)[0], None), lists)
    counted = over_pairs(lambda a, b: (pair(a, b)[1], None), lists)
    return safe_divide(jnp.sum(right, axis=-1), jnp.sum(counted, axis=-1))


def _first(lists: Listed, k: int) -> Float[Array, "*batch n"]:
    """1 for the first `k` items, 0 for the others."""
    rank = ranks(lists.scores, lists.kept)
    return (lists.kept & (rank <= k)).astype(rank.dtype)
