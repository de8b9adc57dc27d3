"""Negative log-likelihoods of positive numbers: durations, sizes, amounts.

As in `jaxloss.likelihood`, what must be positive comes as its logarithm. Times of which some are
only known to be longer are for `jaxloss.censored`.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise, require, same_shape
from jaxloss.core.compound import log_rest
from jaxloss.core.densities import (
    from_zero_on,
    located,
    log_inside,
    logistic as _logistic,
    normal as _normal,
)
from jaxloss.core.masses import log_amounts
from jaxloss.core.numerics import safe_log, streamed
from jaxloss.core.stirling import LOG_TWO_PI, excess, stirling, stretched


def log_normal(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of positive numbers whose logarithm is normal.

    Formula: with `z = (log(target) - loc) * exp(-log_scale)`,
    `z**2 / 2 + log(2 * pi) / 2 + log_scale + log(target)`; infinite at 0 and below.

    Args:
        loc: mean of the logarithm.
        log_scale: logarithm of the standard deviation of the logarithm.
        target: what came true.

    Example:
        >>> log_normal([0.0, 0.0], [0.0, 0.0], [1.0, 0.0])
        Array([0.9189,    inf], dtype=float32)

    Reference: Galton 1879, doi:10.1098/rspl.1879.0061.
    """
    return located(_normal, loc, log_scale, target, of_log=True)


def log_logistic(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of positive numbers whose logarithm is logistic: incomes, waiting times.

    Formula: `logistic(loc, log_scale, log(target)) + log(target)`; infinite at 0 and below.

    Args:
        loc: mean of the logarithm.
        log_scale: logarithm of the scale of the logarithm, 1 over the shape.
        target: what came true.

    Example:
        >>> log_logistic([0.0, 0.0], [0.0, 0.0], [1.0, 0.0])
        Array([1.3863,    inf], dtype=float32)

    Reference: Bennett 1983, doi:10.2307/2347295.
    """
    return located(_logistic, loc, log_scale, target, of_log=True)


def exponential(
    log_rate: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward the rate at which what has no memory happens.

    Formula: `exp(log_rate) * target - log_rate`; infinite below 0.

    Args:
        log_rate: logarithm of the rate, 1 over the mean.
        target: what came true.

    Example:
        >>> exponential([0.0, 1.0], [2.0, 2.0])
        Array([2.    , 4.4366], dtype=float32)

    Reference: Epstein and Sobel 1953, doi:10.1080/01621459.1953.10483488.
    """
    log_rate, target = same_shape(log_rate=log_rate, target=target)

    def kernel(r: Array, t: Array) -> Array:
        return jnp.where(t >= 0, stretched(jnp.maximum(t, 0), r) - r, jnp.inf)

    return streamed(kernel)(log_rate, target)


def gamma(
    log_concentration: Float[ArrayLike, "*shape"],
    log_rate: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of positive numbers by its mean and by its relative width.

    Formula: with `a = exp(log_concentration)` and `b = exp(log_rate)`, so that the mean is `a / b`,
    `lgamma(a) - a * log(b) - (a - 1) * log(target) + b * target`; infinite below 0, at 0 what the
    density comes to there.

    Args:
        log_concentration: logarithm of the shape, 1 over the squared relative width.
        log_rate: logarithm of the rate; `log_concentration` less the logarithm of the mean.
        target: what came true.

    Example:
        >>> gamma([0.0, 1.0], [0.0, 0.0], [2.0, 2.0])
        Array([2.    , 1.2584], dtype=float32)

    Reference: McCullagh and Nelder 1989, doi:10.1201/9780203753736.
    """
    log_a, log_b, target = same_shape(
        log_concentration=log_concentration, log_rate=log_rate, target=target
    )

    def kernel(log_a: Array, log_b: Array, t: Array) -> Array:
        log_t = log_inside(t)
        shape = excess(log_a, log_b + log_t) + stirling(log_a)
        value = shape + (LOG_TWO_PI - log_a) / 2 + log_t
        return from_zero_on(t, log_a, value, -log_b)

    return streamed(kernel)(log_a, log_b, target)


def weibull(
    log_concentration: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of positive numbers whose hazard is a power of the time: wear, wind.

    Formula: with `k = exp(log_concentration)` and `x = log(target) - log_scale`,
    `exp(k * x) - k * x - log_concentration + log(target)`; infinite below 0, at 0 what the density
    comes to there.

    Args:
        log_concentration: logarithm of the shape; at 0 the hazard is constant.
        log_scale: logarithm of the scale, which 63 percent lie below.
        target: what came true.

    Example:
        >>> weibull([0.0, 1.0], [0.0, 0.0], [2.0, 2.0])
        Array([2.    , 4.3899], dtype=float32)

    Reference: Weibull 1951, doi:10.1115/1.4010337.
    """
    log_k, log_scale, target = same_shape(
        log_concentration=log_concentration, log_scale=log_scale, target=target
    )

    def kernel(log_k: Array, log_s: Array, t: Array) -> Array:
        log_t = log_inside(t)
        power = stretched(log_t - log_s, log_k)
        return from_zero_on(t, log_k, jnp.exp(power) - power - log_k + log_t, log_s)

    return streamed(kernel)(log_k, log_scale, target)


def inverse_gaussian(
    log_mean: Float[ArrayLike, "*shape"],
    log_shape: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of the time that what drifts at random takes to get somewhere.

    Formula: with `m = exp(log_mean)` and `s = exp(log_shape)`,
    `s * (target - m)**2 / (2 * m**2 * target) + (log(2 * pi) + 3 * log(target) - log_shape) / 2`;
    infinite at 0 and below.

    Args:
        log_mean: logarithm of the mean `m`.
        log_shape: logarithm of the shape `s`; the variance is `m**3 / s`.
        target: what came true.

    Example:
        >>> inverse_gaussian([0.0, 0.0], [0.0, 1.0], [1.0, 2.0])
        Array([0.9189, 2.1382], dtype=float32)

    Reference: Tweedie 1957, doi:10.1214/aoms/1177706964.
    """
    log_mean, log_shape, target = same_shape(log_mean=log_mean, log_shape=log_shape, target=target)

    def kernel(log_m: Array, log_s: Array, t: Array) -> Array:
        log_t = log_inside(t)
        # The first term is `2 * s / m * sinh(x / 2)**2`.
        x = log_t - log_m
        size = jnp.where(x < 0, -x, x)
        sinh = stretched(-jnp.expm1(-size) / 2, (size + log_s - log_m) / 2)
        value = 2 * jnp.square(sinh) + (LOG_TWO_PI + 3 * log_t - log_s) / 2
        return jnp.where(t > 0, value, jnp.inf)

    return streamed(kernel)(log_mean, log_shape, target)


def tweedie(
    log_mean: Float[ArrayLike, "*shape"],
    log_dispersion: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    power: ArrayLike = 1.5,
) -> Float[Array, "*shape"]:
    """Reward a density of sums of parts, of which there may be none: claims, rain, sales.

    Formula: with `n = exp((2 - power) * log_mean - log_dispersion) / (2 - power)` parts expected,
    each of a gamma density of shape `a = (2 - power) / (power - 1)`,
    `-log(sum(exp(-counts.poisson(log(n), j) - gamma(log(a * j), log(a * n) - log_mean, target))))`
    over their number `j` from 1 on, in full; `n` at 0, which has a mass, and infinite below.

    Args:
        log_mean: logarithm of the mean `m`.
        log_dispersion: logarithm of the dispersion `f`: the variance is `f * m**power`.
        target: amount that came true.
        power: above 1 and at most 2, where the density is that of `gamma` with a shape of 1 over
            the dispersion; NaN, with gradient 0, outside. The derivative in the power itself is
            right below 2 and lacks a part at 2.

    Example:
        >>> tweedie([0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array([2.    , 1.0286], dtype=float32)

    Reference: Jørgensen 1987, doi:10.1111/j.2517-6161.1987.tb01685.x; Dunn and Smyth 2005,
        doi:10.1007/s11222-005-4070-y.
    """
    log_mean, log_dispersion, target, power = elementwise(
        log_mean=log_mean, log_dispersion=log_dispersion, target=target, hyper={"power": power}
    )
    require(lambda: (power > 1) & (power <= 2), "`power` is not above 1 and at most 2")
    return streamed(_tweedie)(log_mean, log_dispersion, target, power)


def _tweedie(log_m: Array, log_f: Array, t: Array, power: Array) -> Array:
    legal = (power > 1) & (power <= 2)
    power = jnp.where(legal, power, 1.5) + jnp.zeros_like(t)
    log_t, left = log_inside(t), 2 - power
    log_parts = left * log_t - log_f - jnp.log(power - 1)
    rest = log_rest(log_parts, left)
    saddle = (LOG_TWO_PI + log_f + power * log_t) / 2
    value = log_amounts(log_m, log_t, left, -log_f) + saddle + rest
    nothing = (t == 0) & (left > 0)
    parts = jnp.exp(jnp.where(nothing, left * log_m - log_f - safe_log(left), 0))
    value = jnp.where(t > 0, value, jnp.where(nothing, parts, jnp.inf))
    return jnp.where(legal, value, jnp.nan)
