"""Negative log-likelihoods of vectors, of mixtures of densities, and of levels such as pixels have.

As in `jaxloss.likelihood`, scales come as logarithms, those of 1e-30 and of 1e30 among them: values
and slopes are finite wherever they are numbers that there are. The curvature in a location, one
over the squared scale, is beyond float32 for scales below 1e-19; that in a logarithm is not.

The components of a mixture are on the last axis, weighed by the softmax of logits. A component so
far off that it adds nothing has gradient 0; where each of them is, the nearest one counts.
"""

from math import log
from typing import Any

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import same_shape, vectors
from jaxloss.core.densities import NEGLIGIBLE, normal
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import log_softmax, logsumexp, softplus, streamed, with_tangent
from jaxloss.core.stirling import LOG_TWO_PI, log_filled, stretched


def multivariate_gaussian(
    mean: Float[ArrayLike, "*batch dim"],
    cholesky: Float[ArrayLike, "*batch dim dim"],
    target: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal density of vectors for its mean and for its covariance.

    Formula: with `z = inv(cholesky) @ (target - mean)`,
    `sum(z**2) / 2 + sum(log(abs(diag(cholesky)))) + dim * log(2 * pi) / 2`.

    Args:
        mean: of the density.
        cholesky: lower triangular factor whose product with its transpose is the covariance; what
            stands above the diagonal is not read. Infinite, with gradient 0, for a diagonal entry
            of 0.
        target: what came true.

    Returns:
        One value for each vector.

    Example:
        >>> multivariate_gaussian([0.0, 0.0], [[1.0, 0.0], [1.0, 1.0]], [1.0, 0.0])
        Array(2.8379, dtype=float32)

    Reference: Dorta et al. 2018, arXiv:1802.07079.
    """
    mean, factor, target = aligned(
        {"mean": "dim", "cholesky": "dim dim", "target": "dim"},
        mean=mean,
        cholesky=cholesky,
        target=target,
    )
    size = mean.shape[-1]
    diagonal = jnp.diagonal(factor, axis1=-2, axis2=-1)
    full = jnp.all(diagonal != 0, axis=-1)
    factor = jnp.where(full[..., None, None], factor, jnp.eye(size, dtype=factor.dtype))
    error = jnp.where(full[..., None], target - mean, 0)
    z = solve_triangular(factor, error[..., None], lower=True)[..., 0]
    widths = jnp.log(jnp.abs(jnp.where(full[..., None], diagonal, 1)))
    value = jnp.sum(jnp.square(z) / 2 + widths, axis=-1) + size * (LOG_TWO_PI / 2)
    return jnp.where(full, value, jnp.inf)


def low_rank_gaussian(
    mean: Float[ArrayLike, "*batch dim"],
    factor: Float[ArrayLike, "*batch dim rank"],
    log_scale: Float[ArrayLike, "*batch dim"],
    target: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal density of many entries for what few factors, and each entry alone, explain.

    Formula: `multivariate_gaussian` of the covariance
    `factor @ factor.T + diag(exp(2 * log_scale))`, in time `dim * rank**2` and the memory of the
    factor: neither the covariance nor any square is formed. Of errors that the factors explain and
    that are large in units of `exp(log_scale)`, what rounding leaves counts too.

    Args:
        mean: of the density.
        factor: what each of the common factors adds to the entries.
        log_scale: logarithms of the standard deviations that entries have of their own.
        target: what came true.

    Returns:
        One value for each vector.

    Example:
        >>> low_rank_gaussian([0.0, 0.0], [[1.0], [1.0]], [0.0, 0.0], [1.0, 0.0])
        Array(2.7205, dtype=float32)

    Reference: Rubin and Thayer 1982, doi:10.1007/BF02293851; Salinas et al. 2019, arXiv:1910.03002.
    """
    mean, factor, log_scale, target = aligned(
        {"mean": "dim", "factor": "dim rank", "log_scale": "dim", "target": "dim"},
        mean=mean,
        factor=factor,
        log_scale=log_scale,
        target=target,
    )
    size, rank = factor.shape[-2:]
    error = stretched(target - mean, -log_scale)
    value = jnp.sum(log_scale, axis=-1) + size * (LOG_TWO_PI / 2)
    if rank > 0:
        # The least of `sum((error - weighed @ c)**2) + sum(c**2)` over loads `c` of the factors.
        weighed = stretched(factor, -log_scale[..., None])
        own = jnp.broadcast_to(jnp.eye(rank, dtype=factor.dtype), (*weighed.shape[:-2], rank, rank))
        basis, root = jnp.linalg.qr(jnp.concatenate([weighed, own], axis=-2))
        error = jnp.concatenate([error, jnp.zeros_like(error, shape=(*error.shape[:-1], rank))], -1)
        loads = jnp.einsum("...ij,...i->...j", basis, error, precision="highest")
        error = error - jnp.einsum("...ij,...j->...i", basis, loads, precision="highest")
        widths = jnp.log(jnp.abs(jnp.diagonal(root, axis1=-2, axis2=-1)))
        value = value + jnp.sum(widths, axis=-1)
    return value + jnp.sum(jnp.square(error), axis=-1) / 2


def mixture(
    logits: Float[ArrayLike, "*batch components"], values: Float[ArrayLike, "*batch components"]
) -> Float[Array, "*batch"]:
    """Reward the weights of densities, and these for what came true, of any densities at all.

    Formula: `-logsumexp(log_softmax(logits) - values)`.

    Args:
        logits: of the components.
        values: negative log-likelihood of the target under each component, from any function of
            `jaxloss.likelihood`, `jaxloss.counts` and the like; infinite where it is impossible.

    Returns:
        One value for each mixture.

    Example:
        >>> mixture([0.0, 0.0], [0.0, jnp.inf])
        Array(0.6931, dtype=float32)

    Reference: Bishop 1994, "Mixture density networks".
    """
    logits, values = vectors(logits=logits, values=values)
    return _mixed(logits, values)


def gaussian_mixture(
    logits: Float[ArrayLike, "*batch components"],
    loc: Float[ArrayLike, "*batch components"],
    log_scale: Float[ArrayLike, "*batch components"],
    target: Float[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a mixture of normal densities: answers of several kinds (a mixture density network).

    Formula: with `z = (target - loc) * exp(-log_scale)`,
    `-logsumexp(log_softmax(logits) - z**2 / 2 - log_scale) + log(2 * pi) / 2`. It has no lower
    bound: a component on an example may become ever narrower.

    Args:
        logits: of the components.
        loc: their means.
        log_scale: logarithms of their standard deviations.
        target: what came true.

    Returns:
        One value for each example.

    Example:
        >>> gaussian_mixture([0.0, 0.0], [-1.0, 1.0], [0.0, 0.0], 0.0)
        Array(1.4189, dtype=float32)

    Reference: Bishop 1994, "Mixture density networks".
    """
    logits, loc, log_scale, target = aligned(
        {"logits": "components", "loc": "components", "log_scale": "components", "target": ""},
        logits=logits,
        loc=loc,
        log_scale=log_scale,
        target=target,
    )
    error = target[..., None] - loc
    kept = _near(logits, normal(*lax.stop_gradient((error, log_scale))) + log_scale)
    error, scale = jnp.where(kept, error, 0), jnp.where(kept, log_scale, 0)
    return _mixed(logits, jnp.where(kept, normal(error, scale) + scale, jnp.inf))


def discretized_logistic(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    levels: int = 256,
) -> Float[Array, "*shape"]:
    """Reward a density of levels between -1 and 1, all of whose mass is on one of them.

    Formula: with `h = 1 / (levels - 1)`, `s = exp(log_scale)` and `sigmoid` the logistic function,
    `-log(sigmoid((target + h - loc) / s) - sigmoid((target - h - loc) / s))`; the lowest level has
    all that lies below it too, the highest all that lies above.

    Args:
        loc: mean of the density, on the scale of the levels.
        log_scale: logarithm of its scale.
        target: level that came true: `2 * k / (levels - 1) - 1` of the `k`-th.
        levels: how many there are.

    Example:
        >>> discretized_logistic([0.0, 0.0], [0.0, 0.0], [-1.0, 0.0], levels=3)
        Array([0.9741, 1.4068], dtype=float32)

    Reference: Salimans et al. 2017, arXiv:1701.05517.
    """
    loc, log_scale, target = same_shape(loc=loc, log_scale=log_scale, target=target)
    half = 1 / max(levels - 1, 1)
    return streamed(lambda m, s, t: _bin(t - m, s, t, half))(loc, log_scale, target)


def discretized_logistic_mixture(
    logits: Float[ArrayLike, "*batch components"],
    loc: Float[ArrayLike, "*batch components"],
    log_scale: Float[ArrayLike, "*batch components"],
    target: Float[ArrayLike, "*batch"],
    *,
    levels: int = 256,
) -> Float[Array, "*batch"]:
    """Reward a mixture of logistic densities of levels: the likelihood of PixelCNN++.

    Formula: `-logsumexp(log_softmax(logits) - discretized_logistic(loc, log_scale, target))`.

    Args:
        logits: of the components.
        loc: their means, on the scale of the levels.
        log_scale: logarithms of their scales.
        target: level that came true, as in `discretized_logistic`.
        levels: how many there are, evenly from -1 to 1.

    Returns:
        One value for each example.

    Example:
        >>> discretized_logistic_mixture([0.0, 0.0], [-1.0, 1.0], [-9.0, -9.0], 1.0)
        Array(0.6931, dtype=float32)

    Reference: Salimans et al. 2017, arXiv:1701.05517.
    """
    logits, loc, log_scale, target = aligned(
        {"logits": "components", "loc": "components", "log_scale": "components", "target": ""},
        logits=logits,
        loc=loc,
        log_scale=log_scale,
        target=target,
    )
    half = 1 / max(levels - 1, 1)
    target = jnp.broadcast_to(target[..., None], loc.shape)
    error = target - loc
    kept = _near(logits, _bin(*lax.stop_gradient((error, log_scale, target)), half))
    error, scale = jnp.where(kept, error, 0), jnp.where(kept, log_scale, 0)
    return _mixed(logits, jnp.where(kept, _bin(error, scale, target, half), jnp.inf))


def _missed(error: Array, log_scale: Array) -> Array:
    """`softplus(-error * exp(-log_scale))`; without a derivative where that is 0."""
    nothing = stretched(error, -log_scale) > NEGLIGIBLE
    error, log_scale = jnp.where(nothing, 0, error), jnp.where(nothing, 0, log_scale)
    return jnp.where(nothing, 0, softplus(-stretched(error, -log_scale)))


def _near(logits: Array, values: Array) -> Array:
    """Which components add something; their derivatives are all that is seen."""
    costs = values - lax.stop_gradient(log_softmax(logits))
    least = jnp.min(costs, axis=-1, keepdims=True, initial=jnp.inf)
    return (costs <= least + NEGLIGIBLE) & (costs < jnp.inf)


def _mixed(logits: Array, values: Array) -> Array:
    kept = values < jnp.inf
    terms = log_softmax(logits) - jnp.where(kept, values, 0)
    return -_joined(jnp.where(kept, terms, -jnp.inf))


def _shares_tangent(shares: Array, _: Any, tangents: tuple[Array]) -> Array:
    # By differences, in which slopes that are equal cancel, however large they are.
    (change,) = tangents
    ahead = change[..., :, None] - change[..., None, :]
    return shares * jnp.sum(shares[..., None, :] * ahead, axis=-1)


def _joined_tangent(_: Array, primals: tuple[Array], tangents: tuple[Array]) -> Array:
    return jnp.sum(_shares(*primals) * tangents[0], axis=-1)


_shares = with_tangent(
    lambda terms: jnp.where(terms > -jnp.inf, jnp.exp(log_softmax(terms)), 0), _shares_tangent
)
_joined = with_tangent(logsumexp, _joined_tangent)
"""`logsumexp`, whose curvature is as large as the components differ."""


def _bin(error: Array, log_scale: Array, target: Array, half: float) -> Array:
    """Minus the logarithm of the mass between `error - half` and `error + half`."""
    # sigmoid(b) - sigmoid(a) = sigmoid(b) * sigmoid(-a) * (1 - exp(a - b))
    below = _missed(error + half, log_scale)
    above = _missed(half - error, log_scale)
    log_width = log(2 * half) - log_scale
    inside = below + above - log_filled(log_width) - log_width
    value = jnp.where(target < half - 1, below, inside)
    return jnp.where(target > 1 - half, above, value)
