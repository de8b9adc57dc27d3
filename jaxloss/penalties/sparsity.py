"""Penalties that leave large parameters alone, and gates that are switched off altogether."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray, PyTree

from jaxloss.core.checks import hyperparameters, promote
from jaxloss.core.numerics import absolute, relu, safe_divide, safe_norm
from jaxloss.penalties.trees import Where, leaves, total


def hoyer(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward sparse parameters whatever their scale, each tensor for itself (Hoyer-square).

    Formula: `sum(abs(leaf))**2 / sum(leaf**2)`, added up over the leaves: between 1 and the number
    of entries; 0 with gradient 0 for a leaf of zeros.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> hoyer({"kernel": jnp.array([3.0, -4.0])})
        Array(1.96, dtype=float32)

    Reference: Hoyer 2004, https://jmlr.org/papers/v5/hoyer04a.html; Yang et al. 2020,
    arXiv:1908.09979.
    """

    def ratio(leaf: Array) -> Array:
        flat = leaf.reshape(-1)
        return jnp.square(safe_divide(jnp.sum(absolute(flat)), safe_norm(flat)))

    return total([ratio(leaf) for leaf in leaves(params, where)])


def log_sum(params: PyTree[Any], *, eps: ArrayLike = 1e-2, where: Where = None) -> Float[Array, ""]:
    """Reward sparse parameters, hardly caring how large the others are: reweighted lasso.

    Formula: `sum(log(1 + abs(params) / eps))`; gradient 0 at 0.

    Args:
        params: pytree of parameters.
        eps: size below which it acts as the lasso, positive.
        where: leaves that count.

    Example:
        >>> log_sum({"kernel": jnp.array([0.0, -1.0])}, eps=1.0)
        Array(0.6931, dtype=float32)

    Reference: Candès et al. 2008, doi:10.1007/s00041-008-9045-x.
    """
    return _entries(lambda size, eps: jnp.log1p(size / eps), params, where, eps=eps)


def scad(
    params: PyTree[Any], *, threshold: ArrayLike = 1.0, a: ArrayLike = 3.7, where: Where = None
) -> Float[Array, ""]:
    """Reward sparse parameters by a lasso that ends smoothly: large ones cost all the same.

    Formula: with `size = abs(params)` and `t = threshold`, the sum of `t * size` up to `t`,
    `(2 * a * t * size - size**2 - t**2) / (2 * (a - 1))` up to `a * t`, and `t**2 * (a + 1) / 2`
    beyond; gradient 0 at 0.

    Args:
        params: pytree of parameters.
        threshold: size up to which it is the lasso, and its slope there.
        a: where it ends, in units of the threshold; above 1.
        where: leaves that count.

    Example:
        >>> scad({"kernel": jnp.array([0.5, -9.0])})
        Array(2.85, dtype=float32)

    Reference: Fan and Li 2001, doi:10.1198/016214501753382273.
    """

    def value(size: Array, t: Array, a: Array) -> Array:
        inside = jnp.minimum(size, t)
        between = jnp.minimum(relu(size - t), (a - 1) * t)
        return t * inside + t * between - jnp.square(between) / (2 * (a - 1))

    return _entries(value, params, where, threshold=threshold, a=a)


def mcp(
    params: PyTree[Any], *, threshold: ArrayLike = 1.0, gamma: ArrayLike = 3.0, where: Where = None
) -> Float[Array, ""]:
    """Reward sparse parameters by a lasso that fades from the start: the minimax concave penalty.

    Formula: with `size = abs(params)` and `t = threshold`, the sum of
    `t * size - size**2 / (2 * gamma)` up to `gamma * t`, and `gamma * t**2 / 2` beyond; gradient 0
    at 0.

    Args:
        params: pytree of parameters.
        threshold: slope of the lasso that it starts as.
        gamma: where it ends, in units of the threshold; positive.
        where: leaves that count.

    Example:
        >>> mcp({"kernel": jnp.array([0.5, -9.0])})
        Array(1.9583, dtype=float32)

    Reference: Zhang 2010, doi:10.1214/09-AOS729.
    """

    def value(size: Array, t: Array, gamma: Array) -> Array:
        inside = jnp.minimum(size, gamma * t)
        return t * inside - jnp.square(inside) / (2 * gamma)

    return _entries(value, params, where, threshold=threshold, gamma=gamma)


def stvs(params: PyTree[Any], *, gamma: ArrayLike = 1.0, where: Where = None) -> Float[Array, ""]:
    """Reward sparse parameters by a lasso that wanes: soft thresholding with vanishing shrinkage.

    Formula: with `u = asinh(abs(params) / (2 * gamma))`,
    `gamma**2 * sum(u + (1 - exp(-2 * u)) / 2)`; its slope `gamma * exp(-u)` is that of a lasso near
    0 and `gamma**2 / abs(params)` far out; gradient 0 at 0.

    Args:
        params: pytree of parameters.
        gamma: slope of the lasso that it starts as, and the size at which it wanes; positive.
        where: leaves that count.

    Example:
        >>> stvs({"kernel": jnp.array([0.0, -1.5])})
        Array(1.0681, dtype=float32)

    Reference: Schreck et al. 2015, arXiv:1312.5658.
    """

    def value(size: Array, gamma: Array) -> Array:
        u = jnp.arcsinh(size / (2 * gamma))
        return jnp.square(gamma) * (u - jnp.expm1(-2 * u) / 2)

    return _entries(value, params, where, gamma=gamma)


def l0(
    log_alpha: PyTree[Any],
    *,
    temperature: ArrayLike = 2 / 3,
    lower: ArrayLike = -0.1,
    upper: ArrayLike = 1.1,
    where: Where = None,
) -> Float[Array, ""]:
    """Reward hard concrete gates for being shut: the expected number of those that are not.

    Formula: `sum(sigmoid(log_alpha - temperature * log(-lower / upper)))`.

    Args:
        log_alpha: pytree of the gates' locations, as large as what they gate.
        temperature: of the concrete distribution, beta in the paper.
        lower: where the distribution is stretched to below, negative.
        upper: where it is stretched to above, more than 1.
        where: leaves that count.

    Example:
        >>> l0({"gates": jnp.array([-100.0, 0.0, 100.0])})
        Array(1.8318, dtype=float32)

    Reference: Louizos et al. 2018, arXiv:1712.01312.
    """

    def value(log_alpha: Array, beta: Array, low: Array, high: Array) -> Array:
        return jax.nn.sigmoid(log_alpha - beta * jnp.log(-low / high))

    parts = [
        jnp.sum(value(leaf, *hyperparameters(leaf, beta=temperature, lower=lower, upper=upper)))
        for leaf in leaves(log_alpha, where)
    ]
    return total(parts)


def hard_concrete(
    log_alpha: Float[ArrayLike, "*shape"],
    key: PRNGKeyArray | None = None,
    *,
    temperature: ArrayLike = 2 / 3,
    lower: ArrayLike = -0.1,
    upper: ArrayLike = 1.1,
) -> Float[Array, "*shape"]:
    """Gates in [0, 1] to multiply parameters by, many of them exactly 0 or 1.

    Args:
        log_alpha: locations of the gates, of which `l0` is the penalty.
        key: draws the gates for training; without one, those for testing.
        temperature: as in `l0`.
        lower: as in `l0`.
        upper: as in `l0`.

    Example:
        >>> hard_concrete(jnp.array([-100.0, 0.0, 100.0]))
        Array([0. , 0.5, 1. ], dtype=float32)

    Reference: Louizos et al. 2018, arXiv:1712.01312.
    """
    (log_alpha,) = promote(log_alpha=log_alpha)
    beta, low, high = hyperparameters(log_alpha, temperature=temperature, lower=lower, upper=upper)
    location = log_alpha
    if key is not None:
        location = (jax.random.logistic(key, log_alpha.shape, log_alpha.dtype) + log_alpha) / beta
    stretched = jax.nn.sigmoid(location) * (high - low) + low
    return 1 - relu(1 - relu(stretched))


def _entries(function: Any, params: PyTree[Any], where: Where, **hyper: ArrayLike) -> Array:
    """Sum over all entries of a function of their sizes."""
    return total(
        [
            jnp.sum(function(absolute(leaf), *hyperparameters(leaf, **hyper)))
            for leaf in leaves(params, where)
        ]
    )
