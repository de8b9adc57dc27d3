"""Contrastive losses in memory linear in the batch.

They give what their namesakes in `jaxloss.contrastive` give, value by value, from blocks of rows of
the matrix of pairs. A block is made again where a derivative is wanted.

A batch may be divided over devices, and every item is compared with those of all: in Explicit mode
the mesh axes are read from the types, for axes of type Auto they are told by `sharding`, and inside
`jax.shard_map` by `axis_name`. Each device gathers the items of the others, which is small, and
works on the pairs of its own.
"""

import functools
from collections.abc import Hashable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, labelled, of_rows, promote, sets
from jaxloss.core.numerics import (
    log_add,
    log_total,
    logsumexp,
    safe_divide,
    safe_log,
    shifted,
    softplus,
    with_tangent,
)
from jaxloss.core.pairs import inner_products
from jaxloss.fused.engine import fold_blocks
from jaxloss.fused.pairs import Items, by_rows, gathered_items, over_sets, rows_of


def info_nce(
    anchor: Float[ArrayLike, "*batch n dim"],
    positive: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.07,
    negatives: Float[ArrayLike, "*batch k dim"] | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.contrastive.info_nce` in blocks: reward each anchor for finding its own positive.

    Args:
        anchor: as there.
        positive: as there.
        temperature: as there.
        negatives: as there; every device holds all of them.
        where: as there.
        block: anchors at a time; by default as many as 2 MiB of pairs allow.
        axis_name: mapped axis that the items are divided over.
        sharding: of the items, for meshes whose axes are of type Auto: a `NamedSharding`, or a
            `PartitionSpec` under `jax.set_mesh`.

    Example:
        >>> info_nce([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0)
        Array([0.3133, 0.3133], dtype=float32)

    Reference: van den Oord et al. 2018, arXiv:1807.03748.
    """
    if negatives is not None:
        anchor, positive, negatives = promote(anchor=anchor, positive=positive, negatives=negatives)
    x, y = sets(anchor=anchor, positive=positive)
    (temperature,) = hyperparameters(of_rows(x), temperature=temperature)
    if negatives is not None:
        theirs, ours = jnp.shape(negatives), x.shape
        if len(theirs) != len(ours) or (*theirs[:-2], theirs[-1]) != (*ours[:-2], ours[-1]):
            raise ValueError(f"`negatives` {theirs} does not fit `anchor` {ours}")

    def rows(part: Items, others: Items, queue: Array | None) -> Array:
        lead = part.lead(inner_products(part.x, others.y))
        rivals = logsumexp(lead, where=part.strangers(others))
        if queue is not None:
            rivals = log_add(rivals, logsumexp(part.lead(inner_products(part.x, queue))))
        return jnp.where(part.kept, softplus(rivals), 0)

    items = Items.of(x, y, where, scale=1 / temperature)
    return over_sets(by_rows(rows, block), items, negatives, axis_name, sharding)


def clip(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    logit_scale: ArrayLike = 2.6592600369327783,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.contrastive.clip` in blocks: reward partners for finding each other, both ways.

    One pass over the blocks serves both directions: rows are complete within a block, columns add
    up from block to block.

    Args:
        x: as there.
        y: as there.
        logit_scale: as there, but one number for a whole batch.
        where: as there.
        block: rows at a time; by default as many as 2 MiB of pairs allow.
        axis_name: as in `info_nce`.
        sharding: as in `info_nce`.

    Example:
        >>> clip([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], logit_scale=0.0)
        Array([0.3133, 0.3133], dtype=float32)

    Reference: Radford et al. 2021, arXiv:2103.00020; Cheng et al. 2024, arXiv:2410.17243.
    """
    x, y = sets(x=x, y=y)
    (logit_scale,) = hyperparameters(of_rows(x[..., 0]), logit_scale=logit_scale)

    def loss(items: Items, _: Any, axis_name: Hashable | None) -> Array:
        others = gathered_items(items, axis_name)
        size = rows_of(block, others.place.shape[0])
        odds: _Odds = with_tangent(
            functools.partial(_both_ways, size), functools.partial(_both_ways_tangent, size)
        )(items, others)
        rows, columns = odds.row_top + odds.row, odds.column_top + odds.column
        if axis_name is not None:
            # The columns of all devices, of which each wants those of its own items.
            top = _finite(lax.pmax(lax.stop_gradient(columns), axis_name))
            columns = top + safe_log(lax.psum(jnp.exp(columns - top), axis_name))
            columns = lax.dynamic_slice_in_dim(columns, items.place[0], items.place.shape[0])
        return jnp.where(items.kept, (softplus(rows) + softplus(columns)) / 2, 0)

    # Scaled before they are multiplied: the derivative by the scale then costs nothing.
    items = Items.of(x * along(jnp.exp(logit_scale), 2), y, where)
    return over_sets(loss, items, None, axis_name, sharding)


def siglip(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    logit_scale: ArrayLike = 2.302585092994046,
    bias: ArrayLike = -10.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.contrastive.siglip` in blocks: reward telling partners from strangers pair by pair.

    Args:
        x: as there.
        y: as there.
        logit_scale: as there.
        bias: as there.
        where: as there.
        block: rows at a time; by default as many as 2 MiB of pairs allow.
        axis_name: as in `info_nce`.
        sharding: as in `info_nce`.

    Example:
        >>> siglip([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], logit_scale=0.0, bias=0.0)
        Array([1.0064, 1.0064], dtype=float32)

    Reference: Zhai et al. 2023, arXiv:2303.15343.
    """
    x, y = sets(x=x, y=y)
    logit_scale, bias = hyperparameters(of_rows(x), logit_scale=logit_scale, bias=bias)

    def rows(part: Items, others: Items, _: Any) -> Array:
        scores = part.scale[:, None] * inner_products(part.x, others.y) + part.shift[:, None]
        strangers = jnp.sum(softplus(scores), axis=-1, where=part.strangers(others))
        partner = softplus(-(part.scale * part.own + part.shift))
        return jnp.where(part.kept, partner + strangers, 0)

    items = Items.of(x, y, where, scale=jnp.exp(logit_scale), shift=bias)
    return over_sets(by_rows(rows, block), items, None, axis_name, sharding)


def sup_con(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.contrastive.sup_con` in blocks: reward items for finding all others of their label.

    Args:
        embeddings: as there.
        labels: as there.
        temperature: as there.
        where: as there.
        block: anchors at a time; by default as many as 2 MiB of pairs allow.
        axis_name: as in `info_nce`.
        sharding: as in `info_nce`.

    Example:
        >>> sup_con([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1], temperature=1.0)
        Array([0.3133, 0.3133, 0.    ], dtype=float32)

    Reference: Khosla et al. 2020, arXiv:2004.11362.
    """
    x, labels = labelled(embeddings, labels)
    (temperature,) = hyperparameters(of_rows(x), temperature=temperature)

    def rows(part: Items, others: Items, _: Any) -> Array:
        scores, rest = inner_products(part.x, others.y), part.strangers(others)
        positive = rest & (part.labels[:, None] == others.labels[None, :])
        count = jnp.sum(positive, axis=-1, dtype=scores.dtype)
        _, top = shifted(scores, where=rest)
        moved = part.scale[:, None] * jnp.where(rest, scores - top[:, None], 0)
        log_z = log_total(jnp.where(rest, moved, -jnp.inf))
        mean = safe_divide(jnp.sum(moved, axis=-1, where=positive), count)
        return jnp.where(part.kept & (count > 0), log_z - mean, 0)

    items = Items.of(x, x, where, scale=1 / temperature, labels=labels)
    return over_sets(by_rows(rows, block), items, None, axis_name, sharding)


class _Odds(NamedTuple):
    """Logs of the summed odds of strangers: `top + log`, apart so that neither loses digits.

    Attributes:
        row_top: largest term of each row.
        row: log of the sum of the others relative to it.
        column_top: of each column, over these rows alone.
        column: as for rows.
    """

    row_top: Array
    row: Array
    column_top: Array
    column: Array


def _both_ways(size: int, items: Items, others: Items) -> _Odds:
    """Odds of strangers along the rows of these items, and along all columns."""

    def block(part: Items) -> Any:
        scores, strangers = inner_products(part.x, others.y), _within(part, others)
        ahead, behind = scores - part.own[:, None], scores - others.own[None, :]
        top = _finite(jnp.max(ahead, axis=1, where=strangers, initial=-jnp.inf))
        column_top = jnp.max(behind, axis=0, where=strangers, initial=-jnp.inf)
        total = _total(ahead - top[:, None], strangers, 1)
        column_total = _total(behind - _finite(column_top)[None, :], strangers, 0)
        return (column_top, column_total), (top, safe_log(total))

    def join(one: Any, other: Any) -> Any:
        top = jnp.maximum(one[0], other[0])
        return top, sum(jnp.exp(a - _finite(top)) * total for a, total in (one, other))

    def start(zeros: Any) -> Any:
        return zeros[0] - jnp.inf, zeros[1]

    (column_top, total), rows = fold_blocks(block, join, items, size, start=start)
    return _Odds(rows[0], rows[1], _finite(column_top), safe_log(total))


def _both_ways_tangent(size: int, odds: _Odds, primals: Any, tangents: Any) -> _Odds:
    items, others = primals
    change, of_others = tangents
    base = odds.column_top + _finite(odds.column)

    def block(part: Any) -> Any:
        part, change, top, row = part
        scores, strangers = inner_products(part.x, others.y), _within(part, others)
        slope = inner_products(change.x, others.y) + inner_products(part.x, of_others.y)
        # Probabilities of strangers, along the row and along the column.
        p = jnp.exp((scores - part.own[:, None] - top[:, None]) - _finite(row)[:, None])
        q = jnp.exp((scores - others.own[None, :]) - base[None, :])
        p, q = jnp.where(strangers, p, 0), jnp.where(strangers, q, 0)
        return jnp.sum(q * slope, axis=0), jnp.sum(p * slope, axis=1)

    rows = (items, change, odds.row_top, odds.row)
    by_column, by_row = fold_blocks(block, jnp.add, rows, size)
    # Probabilities add up to 1 where there is a stranger at all.
    by_row = by_row - jnp.where(odds.row > -jnp.inf, change.own, 0)
    by_column = by_column - jnp.where(odds.column > -jnp.inf, of_others.own, 0)
    return _Odds(jnp.zeros_like(odds.row_top), by_row, jnp.zeros_like(odds.column_top), by_column)


def _within(part: Items, others: Items) -> Array:
    """Pairs of strangers that both take part."""
    return part.strangers(others) & part.kept[:, None]


def _total(lead: Array, where: Array, axis: int) -> Array:
    return jnp.sum(jnp.exp(lead), axis=axis, where=where)


def _finite(top: Array) -> Array:
    return jnp.where(top > -jnp.inf, top, 0)
