"""Views that agree without collapsing, by what their features share over a batch.

Items are on the axis before the features. `contrastive.barlow_twins` and `contrastive.vicreg` are
of this kind too. Bring embeddings to unit length with `jaxloss.numerics.normalize` where it is said
that the paper does.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, hyperparameters, of_rows, promote, sets, vectors
from jaxloss.core.numerics import normalize, nuclear_norm
from jaxloss.core.pairs import centered


def w_mse(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    eps: ArrayLike = 1e-3,
) -> Float[Array, "*batch"]:
    """Reward two views for agreeing once the features of each are whitened (W-MSE).

    Formula: with `white(z) = (z - mean(z)) @ inv(L).T`, where `L @ L.T` is the Cholesky
    decomposition of `(1 - eps) * cov(z) + eps * I`, of the unbiased covariance over the items, and
    `u`, `v` the rows of `white(x)` and `white(y)` at unit length, `mean_i(sum((u[i] - v[i])**2))`.

    Args:
        x: embeddings of one view; whitening needs more items than features.
        y: embeddings of another.
        eps: share of the identity, which keeps the covariance invertible.

    Returns:
        One value for each set.

    Example:
        >>> w_mse([[1.0], [2.0], [6.0]], [[1.0], [5.0], [6.0]])
        Array(1.3333, dtype=float32)

    Reference: Ermolov et al. 2021, arXiv:2007.06346.
    """
    x, y = sets(x=x, y=y)
    (eps,) = hyperparameters(of_rows(of_rows(x)), eps=eps)
    if 0 in x.shape[-2:]:
        return jnp.sum(x, axis=(-2, -1))
    white = (normalize(_whitened(z, along(eps, 2))) for z in (x, y))
    return jnp.sum(jnp.square(next(white) - next(white)), axis=(-2, -1)) / x.shape[-2]


def tico(
    x: Float[ArrayLike, "*batch dim"],
    y: Float[ArrayLike, "*batch dim"],
    covariance: Float[ArrayLike, "dim dim"],
    *,
    rho: ArrayLike = 8.0,
) -> Float[Array, "*batch"]:
    """Reward two views for agreeing, and directions that few embeddings took of late (TiCo).

    Formula: with `u` and `v` the views at unit length, `1 - u @ v + rho * u @ covariance @ u`, with
    the covariance held constant.

    Args:
        x: embeddings of one view.
        y: embeddings of another.
        covariance: the state that `moved_covariance` has moved towards this batch already.
        rho: weight of the covariance.

    Returns:
        One value for each item.

    Example:
        >>> tico([[2.0, 0.0]], [[0.0, 1.0]], [[0.5, 0.0], [0.0, 0.5]], rho=4.0)
        Array([3.], dtype=float32)

    Reference: Zhu et al. 2022, arXiv:2206.10698.
    """
    x, y = vectors(x=x, y=y)
    covariance, _ = promote(covariance=covariance, x=x)
    if covariance.shape != 2 * x.shape[-1:]:
        raise ValueError(
            f"expected `covariance` of shape {2 * x.shape[-1:]}, one row for each feature of "
            f"`x` {x.shape}, got {covariance.shape}"
        )
    (rho,) = hyperparameters(of_rows(x), rho=rho)
    u, v = normalize(x), normalize(y)
    spread = jnp.einsum(
        "...d,de,...e->...", u, lax.stop_gradient(covariance), u, precision="highest"
    )
    return 1 - jnp.sum(u * v, axis=-1) + rho * spread


def moved_covariance(
    covariance: Float[ArrayLike, "dim dim"],
    x: Float[ArrayLike, "*batch dim"],
    *,
    momentum: ArrayLike = 0.9,
) -> Float[Array, "dim dim"]:
    """Move a covariance towards that of a batch at unit length: the state of `tico`, before it.

    Args:
        covariance: the state; zeros at first.
        x: embeddings; all axes but the last count as items.
        momentum: share of the old covariance, beta in the paper.

    Returns:
        The next state.

    Example:
        >>> moved_covariance([[1.0, 0.0], [0.0, 0.0]], [[0.0, 3.0]])
        Array([[0.9, 0. ],
               [0. , 0.1]], dtype=float32)

    Reference: Zhu et al. 2022, arXiv:2206.10698.
    """
    covariance, x = promote(covariance=covariance, x=x)
    (momentum,) = hyperparameters(jax.ShapeDtypeStruct((), x.dtype), momentum=momentum)
    items = normalize(x.reshape(-1, x.shape[-1]))
    batch = jnp.einsum("nd,ne->de", items, items, precision="highest") / max(len(items), 1)
    return lax.stop_gradient(momentum * covariance + (1 - momentum) * batch)


def mmcr(
    embeddings: Float[ArrayLike, "*batch n views dim"],
    *,
    local_weight: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Reward centroids of views that span many directions, for which views must agree (MMCR).

    Formula: with `nuclear` the sum of the singular values,
    `local_weight * mean_i(nuclear(embeddings[i])) - nuclear(mean(embeddings, axis=views))`. The
    paper has embeddings of unit length.

    Args:
        embeddings: views of each item on the axis before the features.
        local_weight: on the spread of the views of an item.

    Returns:
        One value for each set, at most 0 without a weight.

    Example:
        >>> mmcr([[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
        Array(-2., dtype=float32)

    Reference: Yerxa et al. 2023, arXiv:2303.03307.
    """
    (embeddings,) = promote(embeddings=embeddings)
    if embeddings.ndim < 3:
        raise ValueError(
            "expected `embeddings` with axes of items and views before that of features, "
            f"got shape {embeddings.shape}"
        )
    n, views = embeddings.shape[-3:-1]
    spread = -nuclear_norm(jnp.sum(embeddings, axis=-2) / max(views, 1))
    (weight,) = hyperparameters(spread, local_weight=local_weight)
    return spread + weight * jnp.sum(nuclear_norm(embeddings), axis=-1) / max(n, 1)


def _whitened(z: Array, eps: Array) -> Array:
    """Items with mean 0 and, but for `eps`, the identity for their covariance."""
    n, dim = z.shape[-2:]
    moved = centered(z)
    covariance = jnp.einsum("...nd,...ne->...de", moved, moved, precision="highest") / max(n - 1, 1)
    shrunk = (1 - eps) * covariance + eps * jnp.broadcast_to(
        jnp.eye(dim, dtype=z.dtype), covariance.shape
    )
    factor = jnp.linalg.cholesky(shrunk)
    turned = jnp.swapaxes(moved, -1, -2)
    return jnp.swapaxes(
        jax.lax.linalg.triangular_solve(factor, turned, left_side=True, lower=True), -1, -2
    )
