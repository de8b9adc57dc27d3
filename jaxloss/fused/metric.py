"""Triplet losses in memory linear in the batch, on devices as in `jaxloss.fused.contrastive`."""

from collections.abc import Hashable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import hyperparameters, labelled, of_rows
from jaxloss.core.numerics import relu, safe_norm, safe_sqrt
from jaxloss.core.pairs import hardest, squared_distances
from jaxloss.fused.engine import in_blocks
from jaxloss.fused.pairs import Items, by_rows, gathered_items, over_sets, rows_of
from jaxloss.losses import auc


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
    if x.shape[-2] == 0:
        return jnp.sum(x, axis=-1)

    def loss(items: Items, _: Any, axis_name: Hashable | None) -> Array:
        others = gathered_items(items, axis_name)
        fixed, all_fixed = lax.stop_gradient((items, others))

        def rows(part: Items) -> Any:
            found = all_fixed.x, all_fixed.labels, all_fixed.kept
            return hardest(part.x, part.labels, part.place, *found)

        farthest, nearest, both = in_blocks(rows, fixed, rows_of(block, others.place.shape[0]))
        positive, negative = (
            safe_norm(items.x - jnp.take(others.x, index, axis=0, mode="clip"))
            for index in (farthest, nearest)
        )
        return jnp.where(items.kept & both, relu(items.shift + positive - negative), 0)

    items = Items.of(x, x, where, shift=margin, labels=labels)
    return over_sets(loss, items, None, axis_name, sharding)


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
        Array([0.35, 0.45, 1.2 , 0.35], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    x, labels = labelled(embeddings, labels)
    (margin,) = hyperparameters(of_rows(x), margin=margin)

    def rows(part: Items, others: Items, _: Any) -> Array:
        apart = safe_sqrt(squared_distances(part.x, others.x))
        same = part.labels[:, None] == others.labels[None, :]
        values = auc.hinge(-apart, same, margin=part.shift, where=part.strangers(others))
        return jnp.where(part.kept, values, 0)

    items = Items.of(x, x, where, shift=margin, labels=labels)
    return over_sets(by_rows(rows, block), items, None, axis_name, sharding)
