"""Lists of scored items: which take part, their order, and sums over all pairs in linear memory.

Items are on the last axis, everything before is batch. What does not count is masked, never
dropped. Orders and ranks are constants: they carry no derivative.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import mask, vectors
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import safe_divide

Items = tuple[Array, ...]
"""Arrays of shape `*batch n`: what is known of each item."""


class Listed(NamedTuple):
    """Lists of scored items; those that are left out have score and relevance 0.

    Attributes:
        scores: that a model gives.
        relevance: that items have.
        kept: items that take part.
    """

    scores: Float[Array, "*batch n"]
    relevance: Float[Array, "*batch n"]
    kept: Bool[Array, "*batch n"]

    def total(self, values: Float[Array, "*batch n"]) -> Float[Array, "*batch"]:
        """Sum over the items that take part."""
        return jnp.sum(jnp.where(self.kept, values, 0), axis=-1)

    def with_scores(self, scores: Float[Array, "*batch n"]) -> "Listed":
        """The same lists with other scores."""
        return self._replace(scores=jnp.where(self.kept, scores, 0))


def listed(scores: ArrayLike, relevance: ArrayLike, where: ArrayLike | None) -> Listed:
    """Check lists of scores and relevance; items with the score `-inf` take no part."""
    scores, relevance = vectors(scores=scores, relevance=relevance)
    kept = mask(where, scores) & (scores != -jnp.inf)
    return Listed(jnp.where(kept, scores, 0), jnp.where(kept, relevance, 0), kept)


def descending(
    x: Float[Array, "*batch n"], kept: Bool[Array, "*batch n"], key: Array | None = None
) -> Int[Array, "*batch n"]:
    """Places of the items from the largest to the smallest, those left out behind all others.

    Ties are broken at random with a key of `jax.random`, and else stand in the order given.
    """
    last = lax.stop_gradient(jnp.where(kept, -x, jnp.inf))
    places = lax.broadcasted_iota(jnp.int32, last.shape, last.ndim - 1)
    if key is None:
        # Booleans as a second key: a score of -inf that takes part stands before what does not.
        return lax.sort((last, ~kept, places), num_keys=2, is_stable=True)[-1]
    luck = jax.random.uniform(key, last.shape)
    return lax.sort((last, ~kept, luck, places), num_keys=3)[-1]


def ranks(x: Float[Array, "*batch n"], kept: Bool[Array, "*batch n"]) -> Float[Array, "*batch n"]:
    """Rank of each item from 1 for the largest; the first of those that tie stands first."""
    return 1 + jnp.argsort(descending(x, kept), axis=-1).astype(x.dtype)


def gains(relevance: Float[Array, "*batch n"]) -> Float[Array, "*batch n"]:
    """`2**relevance - 1`."""
    return jnp.expm1(jnp.log(2.0).astype(relevance.dtype) * relevance)


def discounts(ranks: Float[Array, "*batch n"], k: int | None = None) -> Float[Array, "*batch n"]:
    """`1 / log2(1 + rank)`, and 0 beyond rank `k`."""
    values = 1 / jnp.log2(1 + ranks)
    return values if k is None else jnp.where(ranks <= k, values, 0)


def gain_shares(lists: Listed, k: int | None = None) -> Float[Array, "*batch n"]:
    """Gains over the largest discounted sum of them that any order has; 0 if that is 0."""
    gain = jnp.where(lists.kept, gains(lists.relevance), 0)
    order = ranks(lists.relevance, lists.kept)
    best = jnp.sum(gain * discounts(order, k), axis=-1, keepdims=True)
    return safe_divide(gain, jnp.broadcast_to(best, gain.shape))


def relevance_shares(lists: Listed) -> Float[Array, "*batch n"]:
    """Relevance over the sum of it; 0 in a list of none."""
    total = jnp.sum(lists.relevance, axis=-1, keepdims=True)
    return safe_divide(lists.relevance, jnp.broadcast_to(total, lists.relevance.shape))


def over_pairs(
    pair: Callable[[Items, Items], tuple[Array, Array | None]], items: Items
) -> Float[Array, "*batch n"]:
    """For each item, the sum of what all others of its list bring, in memory linear in the list.

    A list is a ring, and at step `d` each item meets the one `d` places on, so that half a turn
    shows every pair once. Nothing is kept between the steps: derivatives walk the ring again.

    Args:
        pair: takes some items and as many partners, and gives what the pair brings to the first
            and to the second; None for nothing.
        items: arrays of one shape, the first of floating point.

    Returns:
        Sums for each item.
    """
    size = items[0].shape[-1]
    around = tuple(jnp.concatenate([x, x], axis=-1) for x in items)

    def turned(doubled: Array, by: Array) -> Array:
        return lax.dynamic_slice_in_dim(doubled, by, size, axis=-1)

    @functools.partial(jax.checkpoint, prevent_cse=False)
    def step(total: Array, by: Array) -> tuple[Array, None]:
        to_first, to_second = pair(items, tuple(turned(x, by) for x in around))
        if to_second is not None:
            back = jnp.concatenate([to_second, to_second], axis=-1)
            to_first = to_first + turned(back, size - by)
        # In a ring of even size, half a turn shows each pair from both ends.
        return total + jnp.where(2 * by == size, 0.5, 1).astype(total.dtype) * to_first, None

    nothing = alike(jnp.zeros_like(items[0]), *items)
    return lax.scan(step, nothing, jnp.arange(1, size // 2 + 1))[0]


def running_log_total(
    x: Float[Array, "*batch n"], *, reverse: bool = False
) -> Float[Array, "*batch n"]:
    """`log(sum(exp(x)))` over the entries up to each; `-inf` counts nothing, 0 of nothing.

    Args:
        x: logarithms.
        reverse: whether entries from each to the end are summed up instead.
    """
    axis = x.ndim - 1
    top = lax.cummax(lax.stop_gradient(x), axis=axis, reverse=reverse)
    top = jnp.where(top > -jnp.inf, top, 0)
    ends = [(0, 1) if reverse else (1, 0)]
    cut = (slice(1, None) if reverse else slice(None, -1),)
    before = jnp.pad(top, [(0, 0)] * axis + ends, mode="edge")[(..., *cut)] if top.size else top
    # Relative to the largest so far, sums are at least 1 and their weights at most 1.
    fade = jnp.exp(jnp.minimum(before - top, 0))
    total = _faded_sums(fade, jnp.exp(x - top), reverse)
    some = total > 0
    return jnp.where(some, jnp.log(jnp.where(some, total, 1)) + top, 0)


def _faded_sums(fade: Array, x: Array, reverse: bool) -> Array:
    """`total = fade * total + x` along the last axis."""

    def joined(one: tuple[Array, Array], two: tuple[Array, Array]) -> tuple[Array, Array]:
        return one[0] * two[0], two[0] * one[1] + two[1]

    return lax.associative_scan(joined, (fade, x), reverse=reverse, axis=x.ndim - 1)[1]
