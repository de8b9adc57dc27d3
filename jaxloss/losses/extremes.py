"""Negative log-likelihoods of extremes: largest values, and what exceeds a threshold.

As in `jaxloss.likelihood`, scales come as logarithms. The shape `xi` says how heavy the tail is:
bounded below 0, exponential at 0, which is a limit that it may be traced through, and a power of
`-1 / xi` above. Outside of the support the value is infinite and has gradient 0.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import above, elementwise
from jaxloss.core.numerics import streamed
from jaxloss.core.stirling import log1p_ratio, stretched


def generalized_extreme_value(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    shape: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a density of the largest of many: floods, gusts, yearly maxima.

    Formula: with `z = (target - loc) * exp(-log_scale)` and `w = log(1 + shape * z) / shape`
    (`z` at 0), `(1 + shape) * w + exp(-w) + log_scale`; infinite where `shape * z <= -1`.

    Args:
        loc: location, which 37 percent lie below.
        log_scale: logarithm of the scale.
        target: what came true.
        shape: `xi`: Gumbel's density at 0, Frechet's above, a reversed Weibull's below. (SciPy's
            `genextreme` has `c = -shape`.) An array of the shape of the others if it is predicted.

    Example:
        >>> generalized_extreme_value([0.0, 0.0], [0.0, 0.0], [0.0, 2.0])
        Array([1.    , 2.1353], dtype=float32)

    Reference: Jenkinson 1955, doi:10.1002/qj.49708134804.
    """
    loc, log_scale, target, xi = elementwise(
        loc=loc, log_scale=log_scale, target=target, hyper={"shape": shape}
    )

    def kernel(m: Array, s: Array, t: Array, xi: Array) -> Array:
        z = stretched(t - m, -s)
        inside = xi * z > -1
        w = _tempered(z, xi, inside)
        return jnp.where(inside, (1 + xi) * w + jnp.exp(-w) + s, jnp.inf)

    return streamed(kernel)(loc, log_scale, target, xi)


def generalized_pareto(
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    shape: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a density of what lies beyond a threshold: peaks over it, insured losses.

    Formula: with `z = target * exp(-log_scale)` and `w = log(1 + shape * z) / shape` (`z` at 0),
    `(1 + shape) * w + log_scale`; infinite below 0 and where `shape * z <= -1`.

    Args:
        log_scale: logarithm of the scale.
        target: by how much the threshold was exceeded.
        shape: `xi`: exponential at 0, a power above, bounded below. An array of the shape of the
            others if it is predicted.

    Example:
        >>> generalized_pareto([0.0, 0.0], [2.0, 2.0], shape=[0.0, 0.5])
        Array([2.    , 2.0794], dtype=float32)

    Reference: Pickands 1975, doi:10.1214/aos/1176343003.
    """
    log_scale, target, xi = elementwise(log_scale=log_scale, target=target, hyper={"shape": shape})
    above(-1e-30, target=target)

    def kernel(s: Array, t: Array, xi: Array) -> Array:
        z = stretched(t, -s)
        inside = (xi * z > -1) & (t >= 0)
        return jnp.where(inside, (1 + xi) * _tempered(z, xi, inside) + s, jnp.inf)

    return streamed(kernel)(log_scale, target, xi)


def _tempered(z: Array, xi: Array, inside: Array) -> Array:
    """`log(1 + xi * z) / xi`, `z` in the limit of 0."""
    z = jnp.where(inside, z, 0)
    return z * log1p_ratio(xi * z)
