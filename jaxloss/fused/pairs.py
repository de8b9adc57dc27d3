"""The matrix of all pairs of a batch in blocks of rows, on one device or divided over many."""

import dataclasses
import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec
from jax.typing import ArrayLike

from jaxloss.core.checks import mask
from jaxloss.fused.engine import in_blocks
from jaxloss.fused.placement import demand_recent_jax, explicit, names

_MEMORY = 1 << 21
"""Bytes of a block of pairs that is chosen by default: what caches hold, and large enough."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Items:
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
    ) -> "Items":
        """Items of a whole batch; those left out are 0."""
        like = x[..., 0]
        kept = mask(where, like)
        x, y = (jnp.where(kept[..., None], z, 0) for z in (x, y))
        place = jnp.broadcast_to(jnp.arange(x.shape[-2], dtype=jnp.int32), like.shape)
        scales, shifts = (
            jnp.broadcast_to(jnp.asarray(a, x.dtype), like.shape) for a in (scale, shift)
        )
        labels = place if labels is None else labels
        return cls(x, y, jnp.sum(x * y, axis=-1), kept, scales, shifts, labels, place)

    def strangers(self, others: "Items") -> Array:
        """For each of these items, which of the others are kept and not itself."""
        return others.kept[None, :] & (others.place[None, :] != self.place[:, None])

    def lead(self, scores: Array) -> Array:
        """By how much other scores exceed one's own, scaled."""
        # Subtracted before they are scaled, so that large scores are rounded once.
        return self.scale[:, None] * (scores - self.own[:, None])


def by_rows(rows: Callable[..., Array], block: int | None) -> Callable[..., Array]:
    """A loss of a batch from one of some items against all."""

    def loss(items: Items, extra: Any, axis_name: Hashable | None) -> Array:
        others = gathered_items(items, axis_name)
        size = rows_of(block, others.place.shape[0])
        return in_blocks(lambda part: rows(part, others, extra), items, size)

    return loss


def rows_of(block: int | None, count: int) -> int:
    """Rows of a block of pairs."""
    if block is None:
        return max(_MEMORY // (4 * max(count, 1)), 8)
    if block < 1:
        raise ValueError(f"expected `block` of at least 1, got {block}")
    return block


def gathered_items(items: Items, axis_name: Hashable | None) -> Items:
    """The items of all devices."""
    if axis_name is None:
        return items
    return jax.tree.map(lambda a: lax.all_gather(a, axis_name, tiled=True), items)


def over_sets(
    loss: Callable[[Items, Any, Hashable | None], Array],
    items: Items,
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
    items: Items,
    extra: Any,
) -> Array:
    if not axes:
        if axis_name is not None:
            first = lax.axis_index(axis_name) * items.place.shape[0]
            items = dataclasses.replace(items, place=items.place + first)
        return loss(items, extra, axis_name)
    demand_recent_jax()
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


def _divided(items: Items, sharding: Any) -> tuple[Any, tuple[str, ...]]:
    """Mesh, and the axes of it that the items are divided over."""
    kind: Any = getattr(jax.typeof(items.x), "sharding", None)
    if sharding is None:
        if kind is None or len(kind.spec) != items.x.ndim:
            return None, ()
        return kind.mesh, names(kind.spec[-2])
    if isinstance(sharding, NamedSharding):
        return sharding.mesh, names(sharding.spec[0])
    here = jax.sharding.get_abstract_mesh()
    mesh = here if here.axis_names else kind.mesh
    return mesh, names(sharding[0])
