"""Gradients of several tasks: pulled back, multiplied with each other, and made into one."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Float, PyTree

from jaxloss.core.mesh import divided, varying, zeros_of_type
from jaxloss.objectives.balance.balancer import Balancer


def rows_of(
    row: Callable[[Array], PyTree[Array]], basis: Array, chunk: int | None
) -> PyTree[Float[Array, "T ..."]]:
    """Gradients of the tasks along a leading axis, several at once."""
    if chunk is None or chunk >= len(basis):
        return jax.vmap(row)(basis)
    return lax.map(row, basis, batch_size=chunk)


def inner_products(
    rows: PyTree[Float[Array, "n ..."]], others: PyTree[Float[Array, "m ..."]]
) -> Float[Array, "n m"]:
    """Sum over the leaves of the inner products of their rows; no matrix of all entries is made."""
    products = jax.tree.map(_leaf_products, rows, others)
    return sum(jax.tree.leaves(products), start=jnp.zeros((), jnp.float32))


def _leaf_products(rows: Float[Array, "n ..."], others: Float[Array, "m ..."]) -> Array:
    axes = tuple(range(1, rows.ndim))
    options: dict[str, Any] = {}
    if any(divided(rows, axis) for axis in axes):
        sharding: Any = jax.typeof(rows).sharding
        options["out_sharding"] = NamedSharding(sharding.mesh, PartitionSpec(None, None))
    products = lax.dot_general(
        rows,
        others,
        ((axes, axes), ((), ())),
        precision=lax.Precision.HIGHEST,
        preferred_element_type=jnp.promote_types(rows.dtype, jnp.float32),
        **options,
    )
    # Parameters and features that are divided over manual mesh axes have only parts of each row.
    places = tuple(varying(products))
    return lax.psum(products, places) if places else products


def gramian_of_chunks(
    row: Callable[[Array], PyTree[Array]], basis: Float[Array, "T T"], chunk: int
) -> Float[Array, "T T"]:
    """Inner products of all gradients of which no more than two chunks are held at once.

    Chunks meet in pairs, sorted by the first; the second is pulled back anew for each pair.
    """
    count = len(basis)
    size = min(chunk, count)
    num = -(-count // size)
    rows = jax.vmap(row)
    if num == 1:
        held = rows(basis)
        return inner_products(held, held)
    chunks = jnp.pad(basis, ((0, num * size - count), (0, 0))).reshape(num, size, count)
    first, second = jnp.triu_indices(num)

    def pair(held: PyTree[Array], places: tuple[Array, Array]) -> tuple[PyTree[Array], Array]:
        new = rows(chunks[places[1]])
        held = jax.tree.map(lambda old, new: jnp.where(places[0] == places[1], new, old), held, new)
        return held, inner_products(held, new)

    start = jax.tree.map(zeros_of_type, jax.eval_shape(rows, chunks[0]))
    _, blocks = lax.scan(pair, start, (first, second))
    whole = jnp.zeros((num, num, size, size), blocks.dtype)
    whole = whole.at[second, first].set(jnp.swapaxes(blocks, 1, 2)).at[first, second].set(blocks)
    return jnp.swapaxes(whole, 1, 2).reshape(num * size, num * size)[:count, :count]


def combined(
    balancer: Balancer, weights: PyTree[Array], jacobian: PyTree[Float[Array, "T ..."]]
) -> PyTree[Array]:
    """One gradient of those of the tasks, each leaf summed in float32 at least."""

    def each(rows: Array, weights: Array) -> Array:
        wide = rows.astype(jnp.promote_types(rows.dtype, jnp.float32))
        if balancer.needs == "jacobian":
            summed = jnp.sum(weights * wide, axis=0)
        else:
            weights = weights.astype(wide.dtype)
            summed = jnp.einsum("t,t...->...", weights, wide, precision=lax.Precision.HIGHEST)
        return summed.astype(rows.dtype)

    if balancer.needs == "jacobian":
        return jax.tree.map(each, jacobian, weights)
    return jax.tree.map(lambda rows: each(rows, weights), jacobian)
