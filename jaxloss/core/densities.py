"""What densities of a location and a scale share, from which several families are made."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.scipy.special import log_ndtr, ndtr
from jax.typing import ArrayLike

from jaxloss.core.checks import elementwise
from jaxloss.core.numerics import absolute, softplus, streamed, with_partials
from jaxloss.core.stirling import LOG_TWO_PI, stretched

NEGLIGIBLE = 200.0
"""What is so much less likely is left out: `exp(-200)` is 0."""


def located(
    kernel: Callable[..., Array],
    loc: ArrayLike,
    log_scale: ArrayLike,
    target: ArrayLike,
    /,
    *,
    of_log: bool = False,
    **hyper: ArrayLike,
) -> Array:
    """Minus the logarithm of a density that depends on the distance in units of a scale.

    Args:
        kernel: of the difference between target and location and of the logarithm of the scale,
            which it divides by, and of hyperparameters; for a scale of 1.
        loc: location.
        log_scale: logarithm of the scale.
        target: what came true.
        of_log: whether location and scale are those of the logarithm of the target.
        hyper: hyperparameters by name.
    """
    loc, log_scale, target, *levels = elementwise(
        loc=loc, log_scale=log_scale, target=target, hyper=hyper
    )

    def value(m: Array, s: Array, t: Array, *levels: Array) -> Array:
        if not of_log:
            return kernel(t - m, s, *levels) + s
        log_t = log_inside(t)
        return jnp.where(t > 0, kernel(log_t - m, s, *levels) + s + log_t, jnp.inf)

    return streamed(value)(loc, log_scale, target, *levels)


def normal(error: Array, log_scale: Array) -> Array:
    """Kernel of the normal density."""
    return (jnp.square(stretched(error, -log_scale)) + LOG_TWO_PI) / 2


def logistic(error: Array, log_scale: Array) -> Array:
    """Kernel of the logistic density."""
    size = absolute(stretched(error, -log_scale))
    return size + 2 * softplus(-size)


def log_inside(target: Array) -> Array:
    """Logarithm of a positive target; 0 for others, which are dealt with by themselves."""
    return jnp.log(jnp.where(target > 0, target, 1))


def from_zero_on(target: Array, log_shape: Array, value: Array, exponential: Array) -> Array:
    """Values of a density that goes like `target**(exp(log_shape) - 1)` towards 0."""
    edge = jnp.where(log_shape > 0, jnp.inf, -jnp.inf)
    at_zero = jnp.where(log_shape == 0, exponential, edge.astype(value.dtype))
    return jnp.where(target > 0, value, jnp.where(target == 0, at_zero, jnp.inf))


_FAR = 3.0
"""Beyond it the hazard of the normal density is a continued fraction that converges fast."""
_STEPS = 24


def _hazard_gap(z: Array) -> Array:
    """Hazard of the normal density less `z`, which it approaches."""
    far = z > _FAR
    above = jnp.where(far, z, _FAR)
    fraction = above
    for step in range(_STEPS, 1, -1):
        fraction = above + step / fraction
    below = jnp.where(far, 0, z)
    density = jnp.exp(-(jnp.square(below) + LOG_TWO_PI) / 2)
    return jnp.where(far, 1 / fraction, density / ndtr(-below) - below)


def _hazard(z: Array) -> Array:
    far = z > _FAR
    below = jnp.where(far, 0, z)
    near = jnp.exp(-(jnp.square(below) + LOG_TWO_PI) / 2) / ndtr(-below)
    return jnp.where(far, z + _hazard_gap(jnp.where(far, z, _FAR)), near)


_slope = with_partials(_hazard, lambda z: _slope(z) * _hazard_gap(z))


def _log_upper_value(z: Array) -> Array:
    far = z > _FAR
    above = jnp.where(far, z, _FAR)
    tail = -(jnp.square(above) + LOG_TWO_PI) / 2 - jnp.log(_hazard(above))
    return jnp.where(far, tail, log_ndtr(-jnp.where(far, 0, z)))


log_upper = with_partials(_log_upper_value, lambda z: -_slope(z))
"""Logarithm of the mass that the standard normal density has above `z`."""
