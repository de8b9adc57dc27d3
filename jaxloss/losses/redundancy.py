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
from jaxloss.core.pairs import centered, off_diagonal_energy
from jaxloss.core.spectra import log_volume
from jaxloss.core.state import moved


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
    items = normalize(x.reshape(-1, x.shape[-1]))
    batch = jnp.einsum("nd,ne->de", items, items, precision="highest") / max(len(items), 1)
    return moved(covariance, batch, momentum)


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
    views = _views(embeddings)
    count, n = views.shape[-3:-1]
    spread = -nuclear_norm(jnp.sum(views, axis=-3) / max(count, 1))
    (weight,) = hyperparameters(spread, local_weight=local_weight)
    within = nuclear_norm(jnp.moveaxis(views, -3, -2))
    return spread + weight * jnp.sum(within, axis=-1) / max(n, 1)


def coding_rate(
    embeddings: Float[ArrayLike, "*batch n dim"], *, eps: ArrayLike = 0.5
) -> Float[Array, "*batch"]:
    """Reward items that take many bits to tell apart up to a precision: that fill much volume.

    Formula: `-log(det(I + dim / (n * eps**2) * embeddings.T @ embeddings)) / 2`. The paper has
    embeddings of unit length.

    Args:
        eps: precision, as the root of the mean squared error of a code.

    Returns:
        One value for each set, at most 0.

    Example:
        >>> coding_rate([[1.0, 0.0], [0.0, 1.0]], eps=1.0)
        Array(-0.6931, dtype=float32)

    Reference: Ma et al. 2007, doi:10.1109/TPAMI.2007.1085; as an objective, Yu et al. 2020,
        arXiv:2006.08558.
    """
    (embeddings,) = sets(embeddings=embeddings)
    (eps,) = hyperparameters(of_rows(of_rows(embeddings)), eps=eps)
    return _rate(embeddings, along(eps, 2))


def emp_ssl(
    embeddings: Float[ArrayLike, "*batch n views dim"],
    *,
    invariance_weight: ArrayLike = 200.0,
    eps: ArrayLike = 0.4472135954999579,
) -> Float[Array, "*batch"]:
    """Reward views that fill much volume, and that point where the mean of their item's points.

    Formula: with `c` the mean cosine of the views with the mean of the views of their item, the
    mean of `coding_rate` over the views, less `invariance_weight * c`. The paper has embeddings of
    unit length.

    Args:
        embeddings: many views of each item, such as patches, on the axis before the features.
        invariance_weight: of the cosines, lambda in the paper.
        eps: of `coding_rate`; the default is the root of 0.2.

    Returns:
        One value for each set.

    Example:
        >>> views = [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
        >>> emp_ssl(views, invariance_weight=1.0, eps=1.0)
        Array(-1.6931, dtype=float32)

    Reference: Tong et al. 2023, arXiv:2304.03977.
    """
    views = _views(embeddings)
    sets_of_views = of_rows(of_rows(of_rows(views)))
    weight, eps = hyperparameters(sets_of_views, invariance_weight=invariance_weight, eps=eps)
    if 0 in views.shape[-3:]:
        return jnp.sum(views, axis=(-3, -2, -1))
    mean = jnp.sum(views, axis=-3, keepdims=True) / views.shape[-3]
    cosines = jnp.sum(normalize(views) * normalize(mean), axis=-1)
    rate = jnp.mean(_rate(views, along(eps, 3)), axis=-1)
    return rate - weight * jnp.mean(cosines, axis=(-2, -1))


def frossl(
    embeddings: Float[ArrayLike, "*batch n views dim"], *, invariance_weight: ArrayLike = 1.0
) -> Float[Array, "*batch"]:
    """Reward views that agree, and features of each that are correlated as little as can be.

    Formula: with the features of each view `z[v]` less their means and at unit length over the
    items, and `C[v] = z[v].T @ z[v] / trace`, `sum_v(log(sum(C[v]**2)))
    + invariance_weight * sum_{v < w}(sum((z[v] - z[w])**2)) / n`. A constant feature is left out of
    `C`, and has gradient 0.

    Args:
        embeddings: views of each item on the axis before the features.
        invariance_weight: of the distances between the views.

    Returns:
        One value for each set.

    Example:
        >>> frossl([[[1.0, 0.0], [2.0, 1.0]], [[-1.0, 0.0], [-2.0, -1.0]]])
        Array(0.5, dtype=float32)

    Reference: Skean et al. 2024, arXiv:2310.02903.
    """
    views = _views(embeddings)
    sets_of_views = of_rows(of_rows(of_rows(views)))
    (weight,) = hyperparameters(sets_of_views, invariance_weight=invariance_weight)
    if 0 in views.shape[-3:]:
        return jnp.sum(views, axis=(-3, -2, -1))
    count, n = views.shape[-3:-1]
    views = normalize(centered(views), axis=-2)
    # On the diagonal stand ones, of features that vary.
    alive = jnp.sum(jnp.any(views != 0, axis=-2), axis=-1, dtype=views.dtype)
    energy = jnp.where(alive > 0, alive + off_diagonal_energy(views), 1)
    entropy = jnp.log(energy) - 2 * jnp.log(jnp.maximum(alive, 1))
    apart = views - jnp.sum(views, axis=-3, keepdims=True) / count
    distance = jnp.sum(jnp.square(apart), axis=(-3, -2, -1)) * count / n
    return jnp.sum(entropy, axis=-1) + weight * distance


def _views(embeddings: ArrayLike) -> Float[Array, "*batch views n dim"]:
    """Views of items, one set of items after the other."""
    (given,) = promote(embeddings=embeddings)
    if given.ndim < 3:
        raise ValueError(
            "expected `embeddings` with axes of items and views before that of features, "
            f"got shape {given.shape}"
        )
    return jnp.moveaxis(given, -2, -3)


def _rate(z: Array, eps: Array) -> Array:
    """`coding_rate` of each set."""
    n, dim = z.shape[-2:]
    return -log_volume(z * (dim / max(n, 1)) ** 0.5 / eps) / 2


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
