"""Losses of all pairs of a batch, in memory linear in the batch.

They give what their plain forms in `jaxloss.contrastive`, `jaxloss.metric` and `jaxloss.transport`
give, value by value, from blocks of rows of the matrix of pairs. A block is made again where a
derivative is wanted.

A batch may be divided over devices, and every item is compared with those of all: in Explicit mode
the mesh axes are read from the types, for axes of type Auto they are told by `sharding`, and inside
`jax.shard_map` by `axis_name`. Each device gathers the items of the others, which is small, and
works on the pairs of its own.
"""

import dataclasses
import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, labelled, mask, of_rows, promote, sets
from jaxloss.core.numerics import (
    log_add,
    log_total,
    logsumexp,
    relu,
    safe_divide,
    safe_log,
    safe_norm,
    safe_sqrt,
    shifted,
    softplus,
    with_tangent,
)
from jaxloss.core.pairs import hardest, inner_products, squared_distances
from jaxloss.fused.engine import fold_blocks, in_blocks
from jaxloss.fused.placement import explicit, names
from jaxloss.losses.imbalanced import auc_hinge

_MEMORY = 1 << 21
"""Bytes of a block of pairs that is chosen by default: what caches hold, and large enough."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class _Items:
    """What belongs to single items, on the first axis.

    Attributes:
        x: vectors that look.
        y: vectors that are looked for.
        own: inner product of the two.
        kept: items that take part.
        scale: what scores are multiplied by.
        shift: what is added to them, or a margin.
        labels: of the items.
        place: in the whole batch.
    """

    x: Array
    y: Array
    own: Array
    kept: Array
    scale: Array
    shift: Array
    labels: Array
    place: Array

    @classmethod
    def of(
        cls,
        x: Array,
        y: Array,
        where: ArrayLike | None,
        *,
        scale: ArrayLike = 1.0,
        shift: ArrayLike = 0.0,
        labels: Array | None = None,
    ) -> "_Items":
        like = x[..., 0]
        kept = mask(where, like)
        x, y = (jnp.where(kept[..., None], z, 0) for z in (x, y))
        place = jnp.broadcast_to(jnp.arange(x.shape[-2], dtype=jnp.int32), like.shape)
        spread = (jnp.broadcast_to(jnp.asarray(a, x.dtype), like.shape) for a in (scale, shift))
        names = place if labels is None else labels
        return cls(x, y, jnp.sum(x * y, axis=-1), kept, *spread, names, place)

    def strangers(self, others: "_Items") -> Array:
        """For each of these items, which of the others are kept and not itself."""
        return others.kept[None, :] & (others.place[None, :] != self.place[:, None])

    def lead(self, scores: Array) -> Array:
        """By how much other scores exceed one's own, scaled."""
        # Subtracted before they are scaled, so that large scores are rounded once.
        return self.scale[:, None] * (scores - self.own[:, None])


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

    def rows(part: _Items, others: _Items, queue: Array | None) -> Array:
        lead = part.lead(inner_products(part.x, others.y))
        rivals = logsumexp(lead, where=part.strangers(others))
        if queue is not None:
            rivals = log_add(rivals, logsumexp(part.lead(inner_products(part.x, queue))))
        return jnp.where(part.kept, softplus(rivals), 0)

    items = _Items.of(x, y, where, scale=1 / temperature)
    return _over_sets(_by_rows(rows, block), items, negatives, axis_name, sharding)


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

    def loss(items: _Items, _: None, axis_name: Hashable | None) -> Array:
        others = _gathered(items, axis_name)
        size = _rows_of(block, others.place.shape[0])
        odds = with_tangent(
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
    items = _Items.of(x * along(jnp.exp(logit_scale), 2), y, where)
    return _over_sets(loss, items, None, axis_name, sharding)


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

    def rows(part: _Items, others: _Items, _: None) -> Array:
        scores = part.scale[:, None] * inner_products(part.x, others.y) + part.shift[:, None]
        strangers = jnp.sum(softplus(scores), axis=-1, where=part.strangers(others))
        partner = softplus(-(part.scale * part.own + part.shift))
        return jnp.where(part.kept, partner + strangers, 0)

    items = _Items.of(x, y, where, scale=jnp.exp(logit_scale), shift=bias)
    return _over_sets(_by_rows(rows, block), items, None, axis_name, sharding)


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

    def rows(part: _Items, others: _Items, _: None) -> Array:
        scores, rest = inner_products(part.x, others.y), part.strangers(others)
        positive = rest & (part.labels[:, None] == others.labels[None, :])
        count = jnp.sum(positive, axis=-1, dtype=scores.dtype)
        _, top = shifted(scores, where=rest)
        moved = part.scale[:, None] * jnp.where(rest, scores - top[:, None], 0)
        log_z = log_total(jnp.where(rest, moved, -jnp.inf))
        mean = safe_divide(jnp.sum(moved, axis=-1, where=positive), count)
        return jnp.where(part.kept & (count > 0), log_z - mean, 0)

    items = _Items.of(x, x, where, scale=1 / temperature, labels=labels)
    return _over_sets(_by_rows(rows, block), items, None, axis_name, sharding)


def batch_hard_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.metric.batch_hard_triplet` in blocks: the hardest partners, found without a matrix.

    Args:
        embeddings: as there.
        labels: as there.
        margin: as there.
        where: as there.
        block: anchors at a time; by default as many as 2 MiB of pairs allow.
        axis_name: as in `info_nce`.
        sharding: as in `info_nce`.

    Example:
        >>> batch_hard_triplet([[0.0], [1.0], [0.5]], [0, 0, 1])
        Array([0.7, 0.7, 0. ], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    x, labels = labelled(embeddings, labels)
    (margin,) = hyperparameters(of_rows(x), margin=margin)

    def loss(items: _Items, _: None, axis_name: Hashable | None) -> Array:
        others = _gathered(items, axis_name)
        fixed, all_fixed = lax.stop_gradient((items, others))

        def rows(part: _Items) -> Any:
            found = all_fixed.x, all_fixed.labels, all_fixed.kept
            return hardest(part.x, part.labels, part.place, *found)

        farthest, nearest, both = in_blocks(rows, fixed, _rows_of(block, others.place.shape[0]))
        positive, negative = (
            safe_norm(items.x - jnp.take(others.x, index, axis=0, mode="clip"))
            for index in (farthest, nearest)
        )
        return jnp.where(items.kept & both, relu(items.shift + positive - negative), 0)

    items = _Items.of(x, x, where, shift=margin, labels=labels)
    return _over_sets(loss, items, None, axis_name, sharding)


def batch_all_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
    block: int | None = None,
    axis_name: Hashable | None = None,
    sharding: Any = None,
) -> Float[Array, "*batch n"]:
    """`jaxloss.metric.batch_all_triplet` in blocks: all triplets of an anchor, by sorting them.

    Args:
        embeddings: as there.
        labels: as there.
        margin: as there.
        where: as there.
        block: anchors at a time; by default as many as 2 MiB of pairs allow.
        axis_name: as in `info_nce`.
        sharding: as in `info_nce`.

    Example:
        >>> batch_all_triplet([[0.0], [1.0], [0.5], [2.0]], [0, 0, 1, 1])
        Array([0.35, 0.35, 1.2 , 0.85], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    x, labels = labelled(embeddings, labels)
    (margin,) = hyperparameters(of_rows(x), margin=margin)

    def rows(part: _Items, others: _Items, _: None) -> Array:
        apart = safe_sqrt(squared_distances(part.x, others.x))
        same = part.labels[:, None] == others.labels[None, :]
        values = auc_hinge(-apart, same, margin=part.shift, where=part.strangers(others))
        return jnp.where(part.kept, values, 0)

    items = _Items.of(x, x, where, shift=margin, labels=labels)
    return _over_sets(_by_rows(rows, block), items, None, axis_name, sharding)


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


def _both_ways(size: int, items: _Items, others: _Items) -> _Odds:
    """Odds of strangers along the rows of these items, and along all columns."""

    def block(part: _Items) -> Any:
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
    return _Odds(*rows, _finite(column_top), safe_log(total))


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


def _within(part: _Items, others: _Items) -> Array:
    """Pairs of strangers that both take part."""
    return part.strangers(others) & part.kept[:, None]


def _total(lead: Array, where: Array, axis: int) -> Array:
    return jnp.sum(jnp.exp(lead), axis=axis, where=where)


def _finite(top: Array) -> Array:
    return jnp.where(top > -jnp.inf, top, 0)


def _by_rows(rows: Callable[..., Array], block: int | None) -> Callable[..., Array]:
    """A loss of a batch from one of some items against all."""

    def loss(items: _Items, extra: Any, axis_name: Hashable | None) -> Array:
        others = _gathered(items, axis_name)
        size = _rows_of(block, others.place.shape[0])
        return in_blocks(lambda part: rows(part, others, extra), items, size)

    return loss


def _rows_of(block: int | None, count: int) -> int:
    """Rows of a block of pairs."""
    if block is None:
        return max(_MEMORY // (4 * max(count, 1)), 8)
    if block < 1:
        raise ValueError(f"expected `block` of at least 1, got {block}")
    return block


def _gathered(items: _Items, axis_name: Hashable | None) -> _Items:
    """The items of all devices."""
    if axis_name is None:
        return items
    return jax.tree.map(lambda a: lax.all_gather(a, axis_name, tiled=True), items)


def _over_sets(
    loss: Callable[[_Items, Any, Hashable | None], Array],
    items: _Items,
    extra: Any,
    axis_name: Hashable | None,
    sharding: Any,
) -> Array:
    """A loss of one batch over all batches, on the devices where its items are."""
    mesh, axes = _divided(items, sharding)
    placed = functools.partial(_placed, loss, mesh, axes, axis_name)
    for _ in range(items.place.ndim - 1):
        placed = jax.vmap(placed)
    return placed(items, extra)


def _placed(
    loss: Callable[..., Array],
    mesh: Any,
    axes: tuple[str, ...],
    axis_name: Hashable | None,
    items: _Items,
    extra: Any,
) -> Array:
    if not axes:
        if axis_name is not None:
            first = lax.axis_index(axis_name) * items.place.shape[0]
            items = dataclasses.replace(items, place=items.place + first)
        return loss(items, extra, axis_name)
    spec = PartitionSpec(axes)
    if explicit(mesh, axes):
        items = jax.tree.map(lambda a: jax.sharding.reshard(a, NamedSharding(mesh, spec)), items)
    mapped = jax.shard_map(
        lambda items, extra: loss(items, extra, axes),
        mesh=mesh,
        in_specs=(
            jax.tree.map(lambda _: spec, items),
            jax.tree.map(lambda _: PartitionSpec(), extra),
        ),
        out_specs=spec,
        axis_names=set(axes),
    )
    return jax.jit(mapped)(items, extra)


def _divided(items: _Items, sharding: Any) -> tuple[Any, tuple[str, ...]]:
    """Mesh, and the axes of it that the items are divided over."""
    kind: Any = getattr(jax.typeof(items.x), "sharding", None)
    if sharding is None:
        spec = () if kind is None else tuple(kind.spec)
        return (kind.mesh, names(spec[-2])) if len(spec) == items.x.ndim else (None, ())
    if isinstance(sharding, NamedSharding):
        return sharding.mesh, names(sharding.spec[0])
    here = jax.sharding.get_abstract_mesh()
    mesh = here if here.axis_names else kind.mesh
    return mesh, names(sharding[0])
