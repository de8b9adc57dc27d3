"""Distances between samples in memory linear in their size."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import hyperparameters, samples
from jaxloss.core.pairs import squared_distances
from jaxloss.fused.engine import in_blocks
from jaxloss.fused.pairs import rows_of


def mmd(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch m dim"],
    *,
    bandwidth: ArrayLike = 1.0,
    estimator: Literal["biased", "unbiased"] = "biased",
    block: int | None = None,
) -> Float[Array, "*batch"]:
    """`jaxloss.transport.mmd` in blocks: reward one sample for being distributed as another.

    Args:
        x: as there.
        y: as there.
        bandwidth: as there.
        estimator: as there.
        block: vectors at a time; by default as many as 2 MiB of pairs allow.

    Example:
        >>> mmd([[0.0], [1.0]], [[0.0], [3.0]])
        Array(0.4323, dtype=float32)

    Reference: Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR 13.
    """
    x, y = samples(x=x, y=y)
    none = jnp.zeros(x.shape[:-2], x.dtype)
    (bandwidth,) = hyperparameters(none, bandwidth=bandwidth)
    n, m = x.shape[-2], y.shape[-2]
    if n == 0 or m == 0:
        return none

    def distance(x: Array, y: Array, bandwidth: Array) -> Array:
        origin = lax.stop_gradient((jnp.sum(x, axis=0) + jnp.sum(y, axis=0)) / (n + m))
        x, y = x - origin, y - origin

        def summed(a: Array, b: Array, same: bool) -> Array:
            def rows(part: tuple[Array, Array]) -> Array:
                vectors, place = part
                # One less than the kernel: the ones cancel, and wide kernels keep their digits.
                apart = squared_distances(vectors, b)
                kernel = jnp.expm1(-apart / (2 * jnp.square(bandwidth)))
                itself = jnp.arange(b.shape[0])[None, :] == place[:, None]
                return jnp.sum(jnp.where(itself & same, 0, kernel), axis=1)

            size = rows_of(block, b.shape[0])
            return jnp.sum(in_blocks(rows, (a, jnp.arange(a.shape[0])), size))

        own = 0 if estimator == "biased" else 1
        x_pairs, y_pairs = n * (n - own), m * (m - own)
        ones = (x_pairs > 0) + (y_pairs > 0) - 2
        within = summed(x, x, True) / max(x_pairs, 1) + summed(y, y, True) / max(y_pairs, 1)
        return within - 2 * summed(x, y, False) / (n * m) + ones

    for _ in range(x.ndim - 2):
        distance = jax.vmap(distance)
    return distance(x, y, jnp.broadcast_to(bandwidth, none.shape))
