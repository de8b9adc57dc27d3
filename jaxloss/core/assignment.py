"""Who belongs to whom: the one-to-one assignment that costs least."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import checking
from jaxloss.core.numerics import safe_divide

FEW = 4
"""As many rows and columns as are assigned by trying out every permutation."""


def assign(
    costs: Float[Array, "*batch n m"], where: Bool[Array, "*batch m"]
) -> Int[Array, "*batch m"]:
    """Row that each column gets in the assignment of least total cost; -1 for one that gets none.

    Args:
        costs: of each row for each column; one that is not finite is taken last of all.
        where: columns that take part.
    """
    n, m = costs.shape[-2:]
    if n == 0 or m == 0:
        return jnp.full((*costs.shape[:-2], m), -1)
    kept = jnp.broadcast_to(where[..., None, :], costs.shape)
    known = kept & jnp.isfinite(costs)
    low = jnp.min(costs, axis=(-2, -1), where=known, initial=jnp.inf, keepdims=True)
    high = jnp.max(costs, axis=(-2, -1), where=known, initial=-jnp.inf, keepdims=True)
    spread = jnp.where(low <= high, high - low, 0)
    # Worse than any exchange of what is known could make good.
    worst = (min(n, m) + 1) * spread + 1
    ready = jnp.where(known, costs - jnp.where(jnp.isfinite(low), low, 0), worst)
    # Columns that are left out take what is left over, which costs nothing if rows are enough.
    rest = jnp.zeros_like(worst) if n >= m else (n + 1) * worst
    ready = jnp.where(kept, ready, rest)
    found = _all_tried(ready) if n == m <= FEW else _hungarian(ready)
    return jnp.where(where, found, -1)


def _all_tried(costs: Array) -> Array:
    count = costs.shape[-1]
    orders = np.array(list(itertools.permutations(range(count))))
    totals = jnp.sum(costs[..., orders, np.arange(count)], axis=-1)
    return jnp.asarray(orders)[jnp.argmin(totals, axis=-1)]


def _hungarian(costs: Array) -> Array:
    *batch, n, m = costs.shape

    def one(matrix: Array) -> Array:
        rows, columns = optax.assignment.hungarian_algorithm(matrix)
        return jnp.full(m, -1, rows.dtype).at[columns].set(rows)

    # The precision that the algorithm has for itself.
    matrices = costs.astype(jnp.zeros(()).dtype).reshape(-1, n, m)
    if 0 in batch:
        return jnp.zeros((*batch, m), jnp.int32)
    # Checks of values are not for loops that are batched.
    found = lax.map(one, matrices) if checking.value else jax.vmap(one)(matrices)
    return found.reshape(*batch, m)


def assigned(
    costs: Float[Array, "*batch n m"], where: Bool[Array, "*batch m"]
) -> Float[Array, "*batch"]:
    """Mean cost of the columns that got a row; 0 without any."""
    rows = assign(lax.stop_gradient(costs), where)
    met = rows[..., None, :] == lax.broadcasted_iota(rows.dtype, costs.shape, costs.ndim - 2)
    count = jnp.sum(met, axis=(-2, -1), dtype=costs.dtype)
    return safe_divide(jnp.sum(jnp.where(met, costs, 0), axis=(-2, -1)), count)
