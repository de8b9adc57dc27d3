"""Clouds of points: squared distances that keep their digits, and weights as shares."""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from jaxloss.core.checks import require
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import differentiated_as, safe_divide, safe_sqrt
from jaxloss.core.pairs import inner_products


def _apart_by_features(x: Array, y: Array) -> Array:
    """Squared distances, one feature after the other: of close vectors to the last digit."""

    @jax.checkpoint  # Differences are made again for the gradient, not kept for each feature.
    def add(total: Array, feature: tuple[Array, Array]) -> tuple[Array, None]:
        a, b = feature
        return total + jnp.square(a[..., :, None] - b[..., None, :]), None

    features = jnp.moveaxis(x, -1, 0), jnp.moveaxis(y, -1, 0)
    none = alike(jnp.zeros((*x.shape[:-1], y.shape[-2]), x.dtype), x, y)
    return lax.scan(add, none, features)[0]


def _apart_by_products(x: Array, y: Array) -> Array:
    origin = lax.stop_gradient(jnp.mean(y, axis=-2, keepdims=True))
    x, y = x - origin, y - origin
    squares = [jnp.sum(jnp.square(points), axis=-1) for points in (x, y)]
    return squares[0][..., :, None] + squares[1][..., None, :] - 2 * inner_products(x, y)


# Values are exact, and gradients of sums over pairs are matrix products.
apart = differentiated_as(_apart_by_products, _apart_by_features)
"""Squared Euclidean distances between two clouds, `(*batch, n, dim)` and `(*batch, m, dim)`."""


def distances(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Euclidean distances between two clouds: of close vectors, digits and slopes are all there.

    The slope is 0 where they are.
    """
    return safe_sqrt(_apart_by_features(x, y))


def shares(
    name: str, weights: Array | None, like: Float[Array, "*batch n"]
) -> tuple[Float[Array, "*batch n"], Float[Array, "*batch"]]:
    """Weights as shares of their total, and the total.

    Args:
        name: of the weights, for errors.
        weights: non-negative, of the shape of `like` or of its last axis; None for 1 each.
        like: one number for each point.
    """
    given = spread(name, weights, like)
    total = jnp.sum(given, axis=-1, keepdims=True)
    return safe_divide(given, total), total[..., 0]


def spread(
    name: str, weights: Array | None, like: Float[Array, "*batch n"]
) -> Float[Array, "*batch n"]:
    """Weights spelled out for each point, 1 by default."""
    given = jnp.ones_like(like) if weights is None else weights
    if given.shape not in (like.shape, like.shape[-1:]):
        raise ValueError(f"expected `{name}` of shape {like.shape}, got {given.shape}")
    require(lambda: given >= 0, f"`{name}` holds a negative weight")
    return jnp.broadcast_to(given, like.shape)
