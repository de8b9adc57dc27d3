"""Embeddings that are spread as a Gaussian is, alike in all directions, so that none collapses.

Items are on the axis before the features, and views of an item, where there are several, between
the two. Whether vectors follow an isotropic Gaussian distribution is seen along `directions`, as a
rule drawn anew for each step: `jaxloss.numerics.normalize` of normal ones.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import ndtri
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, hyperparameters, of_rows, promote
from jaxloss.core.numerics import safe_divide, safe_sqrt
from jaxloss.core.pairs import centered, inner_products


def sig_reg(
    embeddings: Float[ArrayLike, "*batch n dim"],
    directions: Float[ArrayLike, "k dim"],
    *,
    t_max: ArrayLike = 3.0,
    knots: int = 17,
) -> Float[Array, "*batch"]:
    """Reward items that look normally distributed from every direction (SIGReg).

    Formula: with `e(t) = mean(exp(1j * t * embeddings @ d))` over the items,
    `n * integral(abs(e(t) - exp(-t**2 / 2))**2 * exp(-t**2 / 2))` for `t` from `-t_max` to `t_max`
    by the trapezoidal rule: the statistic of Epps and Pulley, averaged over the directions `d`.

    Args:
        embeddings: items, which should have mean 0 and the identity for their covariance.
        directions: vectors of unit length.
        t_max: end of the frequencies.
        knots: points of the rule from 0 to the end; 2 at least.

    Returns:
        One value for each set.

    Example:
        >>> sig_reg([[0.0], [0.0]], [[1.0]])
        Array(0.8041, dtype=float32)

    Reference: Balestriero and LeCun 2025, arXiv:2511.08544; the statistic, Epps and Pulley 1983,
        doi:10.1093/biomet/70.3.723.
    """
    items, ways = _seen(embeddings, directions, 2, "n, dim")
    (t_max,) = hyperparameters(of_rows(of_rows(items)), t_max=t_max)
    return _epps_pulley(items, ways, t_max, knots)


def lejepa(
    embeddings: Float[ArrayLike, "*batch n views dim"],
    directions: Float[ArrayLike, "k dim"],
    *,
    global_views: int = 2,
    sketch_weight: ArrayLike = 0.05,
    t_max: ArrayLike = 3.0,
    knots: int = 17,
) -> Float[Array, "*batch"]:
    """Reward views for being where the global ones of their item are on average, and `sig_reg`.

    Formula: `(1 - sketch_weight) * mean((embeddings - center)**2) + sketch_weight * s`, with
    `center` the mean over the global views of each item, and `s` the mean over the views of
    `sig_reg`.

    Args:
        embeddings: views of each item, of which the first are global: they show all of it.
        directions: vectors of unit length.
        global_views: how many views are global.
        sketch_weight: share of `sig_reg`, lambda in the paper.
        t_max: of `sig_reg`.
        knots: of `sig_reg`.

    Returns:
        One value for each set.

    Example:
        >>> lejepa([[[0.0], [2.0]], [[0.0], [2.0]]], [[1.0]], sketch_weight=0.0)
        Array(1., dtype=float32)

    Reference: Balestriero and LeCun 2025, arXiv:2511.08544.
    """
    views, ways = _seen(embeddings, directions, 3, "n, views, dim")
    weight, t_max = hyperparameters(
        of_rows(of_rows(of_rows(views))), sketch_weight=sketch_weight, t_max=t_max
    )
    apart, count = _off_center(views, global_views), max(views.shape[-2], 1)
    each = _epps_pulley(jnp.moveaxis(views, -2, -3), ways, along(t_max), knots)
    return (1 - weight) * apart + weight * jnp.sum(each, axis=-1) / count


def visreg(
    embeddings: Float[ArrayLike, "*batch n views dim"],
    directions: Float[ArrayLike, "k dim"],
    *,
    global_views: int = 2,
    regularization_weight: ArrayLike = 0.9,
    scale_weight: ArrayLike = 1.0,
    shape_weight: ArrayLike = 1.0,
    center_weight: ArrayLike = 1.0,
    eps: ArrayLike = 1e-4,
) -> Float[Array, "*batch"]:
    """Reward views that agree, and features of mean 0, of deviation 1 and of normal shape.

    Formula: `(1 - regularization_weight) * mean((embeddings - center)**2)`, with `center` the mean
    over the global views of each item, plus `regularization_weight` times the mean over the views
    of `scale_weight * mean((1 - s)**2) + shape_weight * mean((sort(u @ d) - q)**2)
    + center_weight * mean(m**2)`, where `m` and `s` are the means and (population) deviations of
    the features over the items, `u = (z - m) / (s + eps)` with `s` held constant, `d` the
    directions, and `q` the quantiles of the normal distribution at `(1, ..., n) / (n + 1)`.

    Args:
        embeddings: views of each item, of which the first are global: they show all of it.
        directions: vectors of unit length.
        global_views: how many views are global.
        regularization_weight: share of the last three terms, lambda in the paper.
        scale_weight: of the deviations.
        shape_weight: of the shape.
        center_weight: of the means.
        eps: added to deviations that are divided by.

    Returns:
        One value for each set.

    Example:
        >>> visreg([[[1.0], [1.0]], [[-1.0], [-1.0]]], [[1.0]])
        Array(0.2916, dtype=float32)

    Reference: Wu et al. 2026, arXiv:2606.02572.
    """
    views, ways = _seen(embeddings, directions, 3, "n, views, dim")
    each_set = of_rows(of_rows(of_rows(views)))
    share, *weights, eps = hyperparameters(
        each_set,
        regularization_weight=regularization_weight,
        scale_weight=scale_weight,
        shape_weight=shape_weight,
        center_weight=center_weight,
        eps=eps,
    )
    apart = _off_center(views, global_views)
    if views.size == 0:
        return apart
    items = jnp.moveaxis(views, -2, -3)
    middle, moved = jnp.mean(items, axis=-2), centered(items)
    spread = safe_sqrt(jnp.mean(jnp.square(moved), axis=-2, keepdims=True))
    unit = safe_divide(moved, lax.stop_gradient(spread) + along(eps, 3))
    terms = (
        jnp.mean(jnp.square(1 - spread), axis=(-3, -2, -1)),
        jnp.mean(_off_shape(unit, ways), axis=-1),
        jnp.mean(jnp.square(middle), axis=(-2, -1)),
    )
    scale, shape, center = (weight * term for weight, term in zip(weights, terms, strict=True))
    return (1 - share) * apart + share * (scale + shape + center)


def _seen(
    embeddings: ArrayLike, directions: ArrayLike, axes: int, names: str
) -> tuple[Array, Array]:
    """Check embeddings, and the directions that they are seen from."""
    items, ways = promote(embeddings=embeddings, directions=directions)
    if items.ndim < axes or ways.ndim != 2 or ways.shape[-1] != items.shape[-1]:
        raise ValueError(
            f"expected `embeddings` of shape (*batch, {names}) and `directions` of shape (k, dim), "
            f"got {items.shape} and {ways.shape}"
        )
    return items, ways


def _epps_pulley(items: Array, ways: Array, t_max: Array, knots: int) -> Array:
    """The statistic of each set, averaged over the directions."""
    if knots < 2:
        raise ValueError(f"expected `knots` of 2 at least, got {knots}")
    batch, n, count = items.shape[:-2], items.shape[-2], max(ways.shape[0], 1)
    places = jnp.linspace(0, 1, knots, dtype=items.dtype).reshape(*(1,) * len(batch), knots)
    # Both halves at once: inner points count twice, and so does the one that ends both.
    shares = jnp.where((places == 0) | (places == 1), 1, 2).astype(items.dtype) / (knots - 1)
    t_max = jnp.broadcast_to(t_max, batch)
    t = t_max[..., None] * places
    normal = jnp.exp(-jnp.square(t) / 2)[..., None, :]
    angles = inner_products(items, ways)[..., None] * t[..., None, None, :]
    real, imaginary = (jnp.sum(f(angles), axis=-3) / max(n, 1) for f in (jnp.cos, jnp.sin))
    apart = jnp.square(real - normal) + jnp.square(imaginary)
    each = jnp.sum(apart * normal * shares[..., None, :], axis=-1)
    return n * t_max * jnp.sum(each, axis=-1) / count


def _off_center(views: Array, global_views: int) -> Array:
    """Mean squared difference from the mean of the global views of an item."""
    count = views.shape[-2]
    if not 0 < global_views <= count:
        raise ValueError(
            f"expected `global_views` from 1 to {count}, the views, got {global_views}"
        )
    center = jnp.mean(views[..., :global_views, :], axis=-2, keepdims=True)
    size = max(views.shape[-3] * count * views.shape[-1], 1)
    return jnp.sum(jnp.square(views - center), axis=(-3, -2, -1)) / size


def _off_shape(unit: Array, ways: Array) -> Array:
    """Mean squared difference of the quantiles along the directions from those of a Gaussian."""
    seen = jnp.sort(jnp.swapaxes(inner_products(unit, ways), -1, -2), axis=-1)
    n = seen.shape[-1]
    quantiles = ndtri(jnp.arange(1, n + 1, dtype=seen.dtype) / (n + 1))
    apart = seen - jnp.expand_dims(quantiles, tuple(range(seen.ndim - 1)))
    return jnp.sum(jnp.square(apart), axis=(-2, -1)) / max(seen.shape[-2] * n, 1)
