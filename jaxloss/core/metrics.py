"""Ranking metrics as functions of ranks, which may be smooth: shared by metrics and losses."""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float

from jaxloss.core.lists import Items, Listed, discounts, gain_shares, over_pairs
from jaxloss.core.numerics import safe_divide


def relevant(lists: Listed) -> Bool[Array, "*batch n"]:
    """Items that take part and have a relevance of at least 1."""
    return lists.kept & (lists.relevance >= 1)


def ndcg_of(
    rank: Float[Array, "*batch n"], lists: Listed, k: int | None = None
) -> Float[Array, "*batch"]:
    """NDCG from ranks, which may be smooth."""
    return lists.total(lax.stop_gradient(gain_shares(lists, k)) * discounts(rank, k))


def mrr_of(rank: Float[Array, "*batch n"], lists: Listed) -> Float[Array, "*batch"]:
    """Reciprocal rank from ranks, which may be smooth."""
    return jnp.max(jnp.where(relevant(lists), 1 / rank, 0), axis=-1, initial=0)


def average_precision_of(rank: Float[Array, "*batch n"], lists: Listed) -> Float[Array, "*batch"]:
    """Average precision from ranks, which may be smooth."""
    hits = relevant(lists)
    held = lax.stop_gradient(rank)

    def pair(first: Items, second: Items) -> tuple[Array, Array]:
        both = first[1] & second[1]
        behind = (first[0] >= second[0], second[0] >= first[0])
        one, other = ((both & x).astype(rank.dtype) for x in behind)
        return one, other

    place = 1 + over_pairs(pair, (held, hits))
    return precision_of(jnp.where(hits, place / rank, 0), lists, jnp.sum(hits, axis=-1))


def precision_of(
    taken: Float[Array, "*batch n"], lists: Listed, among: Array | None = None
) -> Float[Array, "*batch"]:
    """Share of relevance among what is taken, by how far each item is."""
    among = jnp.sum(taken, axis=-1) if among is None else among.astype(taken.dtype)
    return safe_divide(jnp.sum(jnp.where(relevant(lists), taken, 0), axis=-1), among)


def recall_of(taken: Float[Array, "*batch n"], lists: Listed) -> Float[Array, "*batch"]:
    """Share of what is relevant that is taken, by how far each item is."""
    return precision_of(taken, lists, jnp.sum(relevant(lists), axis=-1))
