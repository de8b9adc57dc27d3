"""All pairs of a set: differences, distances, similarities, and masks of which pairs count.

Shapes are static: what does not count is masked, never dropped. Vectors are on the last axis, items
on the one before; everything before that is batch.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int

from jaxloss.core.numerics import safe_divide, safe_norm, safe_sqrt


def differences(scores: Float[Array, "*batch n"]) -> Float[Array, "*batch n n"]:
    """`scores[i] - scores[j]` for all pairs of one list."""
    return scores[..., :, None] - scores[..., None, :]


def squared_distances(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Squared Euclidean distances between two sets; never negative.

    By the inner product, with the midpoint of the data as origin: memory for the matrix alone, and
    no cancellation of a common offset. Distances below about 1e-3 of the spread are not resolved.
    """
    origin = jnp.mean(y, axis=-2, keepdims=True)
    x, y = x - origin, y - origin
    inner = jnp.einsum("...nd,...md->...nm", x, y, precision="highest")
    norms = jnp.sum(jnp.square(x), axis=-1)[..., :, None] + jnp.sum(jnp.square(y), -1)[..., None, :]
    return jnp.maximum(norms - 2 * inner, 0)


def distances(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Euclidean distances between two sets, with gradient 0 where they are 0."""
    return safe_sqrt(squared_distances(x, y))


def cosine_similarities(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Cosines between two sets; 0 with gradient 0 for a zero vector."""
    x = safe_divide(x, safe_norm(x, keepdims=True))
    y = safe_divide(y, safe_norm(y, keepdims=True))
    return jnp.einsum("...nd,...md->...nm", x, y, precision="highest")


def same_label(
    labels: Int[Array, "*batch n"], others: Int[Array, "*batch m"]
) -> Bool[Array, "*batch n m"]:
    """Pairs that share a label."""
    return labels[..., :, None] == others[..., None, :]


def off_diagonal(n: int) -> Bool[Array, "n n"]:
    """Pairs of different items of one set."""
    return ~jnp.eye(n, dtype=bool)
