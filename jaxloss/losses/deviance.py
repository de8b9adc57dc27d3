"""Deviances: by how much a mean is less likely than the best one, which is the target itself.

What generalised linear models minimise and are judged by. They read means as they are, and say
nothing of the width of a density; negative log-likelihoods of the same families, constants and
widths included, are `jaxloss.likelihood.gaussian`, `jaxloss.counts.poisson`,
`jaxloss.lifetimes.gamma`, `jaxloss.lifetimes.inverse_gaussian` and `jaxloss.lifetimes.tweedie`.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core import masses
from jaxloss.core.checks import elementwise, require
from jaxloss.core.numerics import safe_power, streamed


def tweedie(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"], *, power: ArrayLike = 1.5
) -> Float[Array, "*shape"]:
    """Reward a mean of amounts, errors counted in units of `pred**(power / 2)`.

    Formula: with `p = power`, `2 * (target**(2 - p) / ((1 - p) * (2 - p))
    - target * pred**(1 - p) / (1 - p) + pred**(2 - p) / (2 - p))`. Limits are taken: the squared
    error at 0, the deviance of Poisson `2 * (target * log(target / pred) - target + pred)` at 1, of
    gamma `2 * (target / pred - log(target / pred) - 1)` at 2; at 3 that of the inverse Gaussian is
    `(target - pred)**2 / (target * pred**2)`.

    Args:
        pred: means, positive; of any sign at a power of 0.
        target: amounts that came true, at least 0; of any sign at powers up to 0, and below 0
            negative ones as if the first term were 0, as scikit-learn has them.
        power: with which the variance grows with the mean, any number; may be traced through the
            limits. From 1 to 2 amounts may be 0, as claims and rain are. No density has one
            between 0 and 1, where the formula still holds.

    Returns:
        One value for each amount; infinite where `target` or `pred` is 0, the other is not and the
        formula has no limit, 0 where both are 0. NaN, with gradient 0, outside of what `pred` and
        `target` may be.

    Example:
        >>> tweedie([1.0, 2.0, 1.0], [2.0, 2.0, 0.0])
        Array([0.6863, 0.    , 4.    ], dtype=float32)

    Reference: Jørgensen 1987, doi:10.1111/j.2517-6161.1987.tb01685.x.
    """
    pred, target, power = elementwise(pred=pred, target=target, hyper={"power": power})
    require(
        lambda: (power == 0) | (pred >= 0), "`pred` holds a negative mean, which only power 0 has"
    )
    require(
        lambda: (power <= 0) | (target >= 0),
        "`target` holds a negative amount, which only powers up to 0 have",
    )
    return streamed(_tweedie)(pred, target, power)


def _tweedie(pred: Array, target: Array, power: Array) -> Array:
    # At the ends of where amounts are, the slope is that of the square.
    real = (power == 0) & ((pred <= 0) | (target <= 0))
    below = (power < 0) & (pred >= 0) & (target < 0)
    inside = ~real & (pred >= 0) & (target >= 0)
    order = 2 - power
    some_pred, some_target = (jnp.where(inside, x, 1) for x in (pred, target))
    value = 2 * masses.amounts(some_pred, some_target, order)
    mean, gain = jnp.where(below, pred, 1), jnp.where(below, target, 0)
    growing = jnp.where(below, order, 3)
    # `mean**(growing - 1)`, whose exponent is above 1.
    lost = 2 * safe_power(mean, growing - 1) * (mean / growing - gain / (growing - 1))
    square = jnp.square(jnp.where(real, pred - target, 0))
    other = jnp.where(real, square, jnp.where(below, lost, jnp.nan))
    return jnp.where(inside, value, other)
