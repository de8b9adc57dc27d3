"""Lists of unequal length, laid end to end in one array: any loss of lists reads them.

    >>> import jax.numpy as jnp
    >>> from jaxloss.losses.listwise import softmax
    >>> scores, relevance = jnp.array([1.0, 0.0, 2.0, 0.0, 0.0]), jnp.array([1, 0, 1, 0, 0])
    >>> segments = segment_ids(jnp.array([2, 3]), 5)
    >>> segmented(softmax, lists=2, longest=3)(scores, relevance, segments)
    Array([0.3133, 0.2395], dtype=float32)

Each list stands in a row of its own while its loss is computed, so that lists do not meet.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import indices, mask, require, vectors


def segmented(
    loss: Callable[..., Array], *, lists: int, longest: int
) -> Callable[..., Float[Array, "*batch lists"]]:
    """Lift a loss of lists to lists laid end to end, each item with the number of its list.

    Items are gathered into rows of `longest` places, of which the loss is told by `where` which are
    filled: memory is that of the loss on `lists` rows, which is `lists * longest` for those here,
    never the square of the number of items. Items of one list need not stand together.

    Args:
        loss: of scores and relevance on the last axis and a mask `where`, to one value for each
            list: any of `ranking`, `listwise`, `smooth_metrics`, `sorting`, `rank_metrics`.
        lists: how many there are, at most; static, as shapes are.
        longest: items of the longest list, at most; static.

    Returns:
        A function of scores, relevance and segments (integers; those outside `[0, lists)` belong
        to no list), with the keywords of the loss, of which `where` is as long as the scores. It
        gives one value for each list: 0 for an empty one, NaN with gradient 0 for one of more than
        `longest` items.

    Example:
        >>> from jaxloss.losses.ranking import pairwise_hinge
        >>> of_segments = segmented(pairwise_hinge, lists=2, longest=2)
        >>> of_segments([0.0, 0.0, 5.0, 0.0], [1, 0, 1, 0], jnp.array([0, 0, 1, 1]))
        Array([1., 0.], dtype=float32)
    """

    def of_segments(
        scores: Float[ArrayLike, "*batch n"],
        relevance: Real[ArrayLike, "*batch n"],
        segments: Int[ArrayLike, "*batch n"],
        *,
        where: Bool[ArrayLike, "*batch n"] | None = None,
        **options: object,
    ) -> Float[Array, "*batch lists"]:
        scores, relevance = vectors(scores=scores, relevance=relevance)
        names = indices("segments", segments, scores.shape, None, ", one for each item")
        names = jnp.where(mask(where, scores), names, -1)
        rows, filled, whole = _rows(names, lists, longest)
        scores, relevance = (_gathered(x, rows) for x in (scores, relevance))
        values = loss(scores, relevance, where=filled, **options)
        require(lambda: whole, f"`segments` has a list of more than {longest} items")
        return jnp.where(whole, values, jnp.nan)

    return of_segments


def segment_ids(lengths: Int[ArrayLike, " lists"], size: int) -> Int[Array, " n"]:
    """The list that each item belongs to, from how many each list has.

    Args:
        lengths: of the lists, in their order.
        size: number of items; static, as shapes are. What the lists do not fill belongs to none:
            it has the number -1.

    Example:
        >>> segment_ids(jnp.array([2, 0, 1]), 4)
        Array([ 0,  0,  2, -1], dtype=int32)
    """
    ends = jnp.cumsum(jnp.asarray(lengths))
    places = jnp.arange(size)
    found = jnp.searchsorted(ends, places, side="right").astype(jnp.int32)
    return jnp.where(found < ends.shape[0], found, -1)


def _rows(
    names: Int[Array, "*batch n"], lists: int, longest: int
) -> tuple[Int[Array, "*batch lists longest"], Bool[Array, "*batch lists longest"], Array]:
    """Which item stands where in rows, which places are filled, and which lists fit in theirs."""

    def of_one(names: Array) -> tuple[Array, Array, Array]:
        order = jnp.argsort(names, stable=True)
        ends = jnp.searchsorted(names[order], jnp.arange(lists + 1))
        start, count = ends[:-1, None], (ends[1:] - ends[:-1])[:, None]
        place = jnp.arange(longest)[None]
        filled = place < count
        rows = order[jnp.where(filled, start + place, 0)] if names.size else 0 * place + 0 * start
        return rows, filled, count[:, 0] <= longest

    for _ in range(names.ndim - 1):
        of_one = jax.vmap(of_one)
    return of_one(names)


def _gathered(x: Array, rows: Array) -> Array:
    """Items in rows; 0 if there are none at all."""
    if x.shape[-1] == 0:
        return jnp.zeros(rows.shape, x.dtype)
    flat = rows.reshape(*rows.shape[:-2], -1)
    return jnp.take_along_axis(x, flat, axis=-1, mode="clip").reshape(rows.shape)
