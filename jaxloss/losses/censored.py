"""Negative log-likelihoods of durations of which some are only known to be longer (censored).

What is certain of a duration is that nothing happened before: it costs the hazard summed up to
`time`, `-log(survival)`, and an event there costs the logarithm of the hazard less. Densities are
those of `jaxloss.lifetimes`, of the same parameters. That nothing had happened by a time of 0 or
below says nothing: it is worth 0, with gradient 0. With a `log_scale` or a `loc` that is linear in
features these are accelerated failure time models.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import probabilities, same_shape
from jaxloss.core.densities import NEGLIGIBLE, from_zero_on, log_inside, log_upper
from jaxloss.core.numerics import softplus, streamed
from jaxloss.core.stirling import LOG_TWO_PI, stretched


def exponential(
    log_rate: Float[ArrayLike, "*shape"],
    time: Float[ArrayLike, "*shape"],
    event: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward the rate at which what has no memory happens.

    Formula: `exp(log_rate) * time - event * log_rate`.

    Args:
        log_rate: logarithm of the rate.
        time: of the event, or until which nothing had happened.
        event: 1 for an event, 0 for a subject that was lost from sight.

    Example:
        >>> exponential([0.0, 1.0], [2.0, 2.0], [0, 1])
        Array([2.    , 4.4366], dtype=float32)

    Reference: Kalbfleisch and Prentice 2002, doi:10.1002/9781118032985.
    """
    log_rate, time, event = same_shape(log_rate=log_rate, time=time, event=event)
    probabilities(event=event)

    def kernel(r: Array, t: Array, e: Array) -> Array:
        happened = e == 1
        value = stretched(jnp.maximum(t, 0), r) - jnp.where(happened, r, 0)
        return jnp.where(happened & (t < 0), jnp.inf, value)

    return streamed(kernel)(log_rate, time, event)


def weibull(
    log_concentration: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    time: Float[ArrayLike, "*shape"],
    event: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a hazard that is a power of the time.

    Formula: with `k = exp(log_concentration)` and `x = log(time) - log_scale`,
    `exp(k * x) - event * (k * x + log_concentration - log(time))`.

    Args:
        log_concentration: logarithm of the shape; at 0 the hazard is constant.
        log_scale: logarithm of the scale, which 63 percent lie below.
        time: of the event, or until which nothing had happened.
        event: 1 for an event, 0 for a subject that was lost from sight.

    Example:
        >>> weibull([0.0, 1.0], [0.0, 0.0], [2.0, 2.0], [0, 1])
        Array([2.    , 4.3899], dtype=float32)

    Reference: Kalbfleisch and Prentice 2002, doi:10.1002/9781118032985.
    """
    log_k, log_scale, time, event = same_shape(
        log_concentration=log_concentration, log_scale=log_scale, time=time, event=event
    )
    probabilities(event=event)

    def kernel(log_k: Array, log_s: Array, t: Array, e: Array) -> Array:
        log_t, happened = log_inside(t), e == 1
        nothing = ~happened & (stretched(log_t - log_s, log_k) < -NEGLIGIBLE)
        power = stretched(*_unless(nothing, log_t - log_s, log_k))
        value = jnp.exp(power) - jnp.where(happened, power + log_k - log_t, 0)
        unseen = jnp.where(nothing | (t <= 0), 0, value)
        return jnp.where(happened, from_zero_on(t, log_k, value, log_s), unseen)

    return streamed(kernel)(log_k, log_scale, time, event)


def log_logistic(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    time: Float[ArrayLike, "*shape"],
    event: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of durations whose logarithm is logistic: a hazard that rises and falls.

    Formula: with `z = (log(time) - loc) * exp(-log_scale)`,
    `softplus(z) + event * (softplus(-z) + log_scale + log(time))`.

    Args:
        loc: mean of the logarithm.
        log_scale: logarithm of the scale of the logarithm.
        time: of the event, or until which nothing had happened.
        event: 1 for an event, 0 for a subject that was lost from sight.

    Example:
        >>> log_logistic([0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0, 1])
        Array([0.6931, 1.3863], dtype=float32)

    Reference: Bennett 1983, doi:10.2307/2347295.
    """
    loc, log_scale, time, event = same_shape(loc=loc, log_scale=log_scale, time=time, event=event)
    probabilities(event=event)

    def kernel(m: Array, s: Array, t: Array, e: Array) -> Array:
        log_t, happened = log_inside(t), e == 1
        nothing = ~happened & (stretched(log_t - m, -s) < -NEGLIGIBLE)
        z = stretched(*_unless(nothing, log_t - m, -s))
        value = softplus(z) + jnp.where(happened, softplus(-z) + s + log_t, 0)
        unseen = jnp.where(nothing | (t <= 0), 0, value)
        return jnp.where(happened, jnp.where(t > 0, value, jnp.inf), unseen)

    return streamed(kernel)(loc, log_scale, time, event)


def log_normal(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    time: Float[ArrayLike, "*shape"],
    event: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of durations whose logarithm is normal.

    Formula: with `z = (log(time) - loc) * exp(-log_scale)`,
    `z**2 / 2 + log(2 * pi) / 2 + log_scale + log(time)` for an event, `-log(erfc(z / sqrt(2)) / 2)`
    for others.

    Args:
        loc: mean of the logarithm.
        log_scale: logarithm of the standard deviation of the logarithm.
        time: of the event, or until which nothing had happened.
        event: 1 for an event, 0 for a subject that was lost from sight.

    Example:
        >>> log_normal([0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0, 1])
        Array([0.6931, 0.9189], dtype=float32)

    Reference: Kalbfleisch and Prentice 2002, doi:10.1002/9781118032985.
    """
    loc, log_scale, time, event = same_shape(loc=loc, log_scale=log_scale, time=time, event=event)
    probabilities(event=event)

    def kernel(m: Array, s: Array, t: Array, e: Array) -> Array:
        log_t, happened = log_inside(t), e == 1
        nothing = ~happened & (stretched(log_t - m, -s) < -NEGLIGIBLE)
        z = stretched(*_unless(nothing, log_t - m, -s))
        at_event = (jnp.square(jnp.where(happened, z, 0)) + LOG_TWO_PI) / 2 + s + log_t
        value = jnp.where(happened, at_event, -log_upper(jnp.where(happened, 0, z)))
        unseen = jnp.where(nothing | (t <= 0), 0, value)
        return jnp.where(happened, jnp.where(t > 0, value, jnp.inf), unseen)

    return streamed(kernel)(loc, log_scale, time, event)


def _unless(nothing: Array, *inputs: Array) -> list[Array]:
    """Inputs of what is 0 without a derivative, which its factors need not be, replaced by 0."""
    return [jnp.where(nothing, 0, x) for x in inputs]
