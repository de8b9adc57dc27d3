"""Continuous ranked probability scores of distributions on a part of the line, in closed form.

As in `crps`: arguments are the parameters, then the target, all of one shape. Positive numbers
(`exponential`, `gamma`, `lognormal`), intervals (`uniform`, `beta`) and counts (`poisson`). Normal
distributions with bounds are in `crps_cut`.
"""

from math import pi, sqrt

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import erf, gammaincc, gammaln, i0e, i1e
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import same_shape
from jaxloss.core.forecasts import (
    FAR,
    NEGLIGIBLE,
    bell,
    integral,
    log_half_step,
    reach,
    scored,
    stirling_error,
    tilt,
)
from jaxloss.core.numerics import exp_residual, relu, with_partials


def _surplus(w: Array) -> Array:
    return jnp.exp(-relu(w))


_exponential = scored(
    lambda w: jnp.where(w < 0, 0, _surplus(w)),
    lambda w: 1 - 2 * _surplus(w),
    lambda w: 2 * _surplus(w) * (1 + jnp.where(_surplus(w) > 0, relu(w), 0)) - 1.5,
)


def exponential(
    scale: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward an exponential distribution for its mean: waiting times.

    Formula: `target - 2 * scale * (1 - exp(-target / scale)) + scale / 2`, and
    `scale / 2 - target` for a negative target.

    Args:
        scale: mean of the forecast, non-negative.
        target: what came true.

    Example:
        >>> exponential([1.0, 1.0], [0.0, 2.0])
        Array([0.5   , 0.7707], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    scale, target = same_shape(scale=scale, target=target)
    return _exponential(target, scale)


def _between(w: Array) -> Array:
    return jnp.clip(w, 0, 1)


_uniform = scored(
    lambda w: jnp.where((w >= 0) & (w <= 1), jnp.ones_like(w), 0),
    lambda w: 2 * _between(w) - 1,
    lambda w: 1 / 3 - jnp.square(_between(w)),
)


def uniform(
    lower: Float[ArrayLike, "*shape"],
    upper: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward an interval, taken for a uniform distribution, for being narrow and in place.

    Formula: with `w = (target - lower) / (upper - lower)` and `c = clip(w, 0, 1)`,
    `(upper - lower) * (abs(w - c) + c**2 - c + 1 / 3)`.

    Args:
        lower: end of the interval.
        upper: end of the interval, no lower.
        target: what came true.

    Example:
        >>> uniform([0.0, 0.0], [1.0, 1.0], [0.5, 3.0])
        Array([0.0833, 2.3333], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    lower, upper, target = same_shape(lower=lower, upper=upper, target=target)
    return _uniform(target - lower, upper - lower)


def lognormal(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a log-normal distribution for being sharp and around what came true.

    Formula: with `w = (log(target) - mean) / scale`, `target * (2 * Phi(w) - 1)
    - 2 * exp(mean + scale**2 / 2) * (Phi(w - scale) + Phi(scale / sqrt(2)) - 1)`.

    Args:
        mean: of the logarithm.
        scale: standard deviation of the logarithm, positive.
        target: what came true.

    Example:
        >>> lognormal([0.0], [1.0], [1.0])
        Array([0.2674], dtype=float32)

    Reference: Baran and Lerch 2015, doi:10.1002/qj.2521.
    """
    mean, scale, target = same_shape(mean=mean, scale=scale, target=target)
    return _lognormal(mean, scale, target)


def _lognormal_parts(mean: Array, scale: Array, target: Array) -> tuple[Array, Array, Array]:
    """Place of the target, mean of the distribution, and what it is multiplied by."""
    positive = target > 0
    log = jnp.log(jnp.where(positive, target, 1))
    w = jnp.where(positive, (log - mean) / scale, -FAR)
    return w, jnp.exp(mean + jnp.square(scale) / 2), tilt(w - scale) + erf(scale / 2)


def _lognormal_value(mean: Array, scale: Array, target: Array) -> Array:
    w, middle, share = _lognormal_parts(mean, scale, target)
    return target * tilt(w) - middle * share


def _lognormal_by_mean(mean: Array, scale: Array, target: Array) -> Array:
    _, middle, share = _lognormal_parts(mean, scale, target)
    return -middle * share


def _lognormal_by_scale(mean: Array, scale: Array, target: Array) -> Array:
    w, middle, share = _lognormal_parts(mean, scale, target)
    return middle * (
        2 * bell(w - scale) - jnp.exp(-jnp.square(scale) / 4) / sqrt(pi) - scale * share
    )


_lognormal = with_partials(
    _lognormal_value,
    _lognormal_by_mean,
    _lognormal_by_scale,
    lambda mean, scale, target: tilt(_lognormal_parts(mean, scale, target)[0]),
)


def _late_start(t: Array, shape: Array) -> Array:
    """Log-density of a gamma variable of this shape, by its logarithm, less that at its peak."""
    return -shape * exp_residual(t)


def _gamma_mass(shape: Array, place: Array) -> Array:
    """Integral of the density, relative to its peak, up to a place relative to it."""
    ahead = jnp.log1p(NEGLIGIBLE / shape + jnp.sqrt(2 * NEGLIGIBLE / shape))
    low = -reach(shape, shape)
    return integral(lambda t: _late_start(t, shape[..., None]), low, jnp.clip(place, low, ahead))


def _gamma_parts(w: Array, shape: Array) -> tuple[Array, Array, Array]:
    """Distribution function of the next shape, `w**shape * exp(-w) / gamma(shape + 1)`, and `w`."""
    # The next shape is at least 1, so that its density is never too wide for the quadrature.
    positive = w > 0
    w = jnp.where(positive, w, 1)
    place = jnp.log(w / (shape + 1))
    whole = _gamma_mass(shape + 1, jnp.full_like(place, FAR))
    share = _gamma_mass(shape + 1, place) / whole
    step = jnp.exp(_late_start(place, shape + 1) - jnp.log(w)) / whole
    return jnp.where(positive, share, 0), jnp.where(positive, step, 0), w


def _gamma_density(w: Array, shape: Array) -> Array:
    _, step, w = _gamma_parts(w, shape)
    return shape * step / w


def _gamma_centre(w: Array, shape: Array) -> Array:
    share, step, _ = _gamma_parts(w, shape)
    return 2 * (share + step) - 1


def _gamma_spread(w: Array, shape: Array) -> Array:
    share, _, _ = _gamma_parts(w, shape)
    return shape * (1 - 2 * share) - jnp.exp(log_half_step(shape)) / sqrt(pi)


_gamma = scored(_gamma_density, _gamma_centre, _gamma_spread, shapes=1)


def gamma(
    shape: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a gamma distribution for being sharp and around what came true: rain, durations.

    Formula: with `F(a, x)` the regularised incomplete gamma function and `w = target / scale`,
    `target * (2 * F(shape, w) - 1) - shape * scale * (2 * F(shape + 1, w) - 1)
    - scale / B(1 / 2, shape)`, differentiable in `shape` to any order.

    Args:
        shape: of the forecast, positive.
        scale: of the forecast, non-negative; its mean is `shape * scale`.
        target: what came true.

    Example:
        >>> gamma([1.0, 3.0], [1.0, 2.0], [2.0, 6.0])
        Array([0.7707, 0.8135], dtype=float32)

    Reference: Scheuerer and Möller 2015, doi:10.1214/15-AOAS843.
    """
    shape, scale, target = same_shape(shape=shape, scale=scale, target=target)
    return _gamma(target, scale, shape)


def _logit_density(t: Array, a: Array, b: Array) -> Array:
    """Log-density of a beta variable, by its logit less that of the mean, less that at its peak."""
    n = a + b
    return -a * jnp.log1p(b / n * jnp.expm1(-t)) - b * jnp.log1p(a / n * jnp.expm1(t))


def _beta_parts(x: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """`I(x, a + 1, b + 1)`, and `x**(a - 1) * (1 - x)**(b - 1) / B(a, b)`."""
    # Both parameters of the former are at least 1: never too wide for the quadrature.
    c, d = a + 1, b + 1
    curvature = c * d / (c + d)
    low, high = -reach(curvature, c), reach(curvature, d)
    place = jnp.log(x * d) - jnp.log1p(-x) - jnp.log(c)

    def mass(end: Array) -> Array:
        # Twice the nodes: the tails of both sides are long.
        middle = jnp.clip(jnp.zeros_like(end), low, jnp.clip(end, low, high))
        end = jnp.clip(end, low, high)
        density = lambda t: _logit_density(t, c[..., None], d[..., None])
        return integral(density, low, middle) + integral(density, middle, end)

    whole = mass(high)
    peak = jnp.exp(_logit_density(place, c, d)) / whole
    ratio = a * b / ((a + b) * (a + b + 1))
    return mass(place) / whole, ratio * peak / jnp.square(x * (1 - x))


def _beta_half_difference(a: Array, b: Array) -> Array:
    """Half of the mean distance of two independent beta variables, over their mean."""
    n = a + b
    rest = [stirling_error(2 * x) - 2 * stirling_error(x) for x in (a, b, n)]
    log_ratio = (jnp.log(a * b / n) - np.log(4 * np.pi)) / 2 + rest[0] + rest[1] - rest[2]
    return 2 * jnp.exp(log_ratio) / a


def _beta_density(x: Array, a: Array, b: Array) -> Array:
    inside = (x > 0) & (x < 1)
    return jnp.where(inside, _beta_parts(jnp.where(inside, x, 0.5), a, b)[1], 0)


def _beta_centre(x: Array, a: Array, b: Array) -> Array:
    inside = (x > 0) & (x < 1)
    y = jnp.where(inside, x, 0.5)
    share, density = _beta_parts(y, a, b)
    step = density * y * (1 - y) * (b - (a + b) * y) / (a * b)
    return jnp.where(inside, 2 * (share + step) - 1, jnp.where(x > 0, 1, -1))


def _beta_spread(x: Array, a: Array, b: Array) -> Array:
    inside = (x > 0) & (x < 1)
    y = jnp.where(inside, x, 0.5)
    share, density = _beta_parts(y, a, b)
    step = density * jnp.square(y) * (1 - y) * (a + b) / (a * b)
    of_next = jnp.where(inside, 2 * (share - step) - 1, jnp.where(x > 0, 1, -1))
    return -a / (a + b) * (of_next + _beta_half_difference(a, b))


_beta = scored(_beta_density, _beta_centre, _beta_spread, shapes=2)


def beta(
    a: Float[ArrayLike, "*shape"],
    b: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a beta distribution for being sharp and around what came true: shares, rates.

    Formula: with `I(a, b)` the regularised incomplete beta function of `target`,
    `target * (2 * I(a, b) - 1) - a / (a + b) * (2 * I(a + 1, b) - 1
    + 2 * B(2 * a, 2 * b) / (a * B(a, b)**2))`, differentiable in `a` and `b` to any order.

    Args:
        a: of the forecast, positive.
        b: of the forecast, positive; its mean is `a / (a + b)`.
        target: what came true, in [0, 1].

    Example:
        >>> beta([1.0, 4.0], [1.0, 2.0], [0.5, 0.0])
        Array([0.0833, 0.5657], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    a, b, target = same_shape(a=a, b=b, target=target)
    return _beta(target, jnp.ones_like(target), a, b)


def poisson(
    rate: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a Poisson distribution for being sharp and around the count that came true.

    Formula: with `F` and `f` its distribution and mass functions and `I` the modified Bessel
    functions, `(target - rate) * (2 * F(target) - 1) + 2 * rate * f(target)
    - rate * exp(-2 * rate) * (I0(2 * rate) + I1(2 * rate))`.

    Args:
        rate: mean of the forecast, positive.
        target: count that came true, a whole number; no gradient.

    Example:
        >>> poisson([1.0, 2.0], [1, 5])
        Array([0.212 , 2.2735], dtype=float32)

    Reference: Wei and Held 2014, doi:10.1007/s11749-014-0380-8.
    """
    rate, target = same_shape(rate=rate, target=target)
    count = jnp.floor(lax.stop_gradient(target))
    counted = count >= 0
    k = jnp.where(counted, count, 0)
    centre = jnp.where(counted, 2 * gammaincc(k + 1, rate) - 1, -1)
    mass = jnp.where(counted, jnp.exp(k * jnp.log(rate) - rate - gammaln(k + 1)), 0)
    half_difference = rate * (i0e(2 * rate) + i1e(2 * rate))
    return (lax.stop_gradient(target) - rate) * centre + 2 * rate * mass - half_difference
