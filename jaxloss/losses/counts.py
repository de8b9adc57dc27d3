"""Negative log-likelihoods of counts, constants included.

As in `jaxloss.likelihood`, parameters come first, as a network gives them: rates and means as their
logarithms, probabilities as logits. Counts may be floating point; between whole numbers the
factorial is a gamma function. Impossible counts, such as one below 0, have an infinite value and
gradient 0. Values are sums of terms none of which is negative, so that a likelihood keeps its
digits where counts are large and the prediction is right.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import above, elementwise, same_shape
from jaxloss.core.numerics import softplus, streamed, with_partials
from jaxloss.core.stirling import (
    bounded_exp,
    excess,
    exp_curvature,
    log1p_ratio,
    log_count,
    log_factorial_rest,
    log_filled,
    stirling_of_inverse,
)

_FAR = 10.0
"""Beyond `exp(_FAR)` times the inverse dispersion a mean is computed with as its logarithm."""


def poisson(
    log_rate: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward the rate of independent events for being their number.

    Formula: `exp(log_rate) - target * log_rate + lgamma(target + 1)`.

    Args:
        log_rate: logarithm of the expected count.
        target: count that came true.

    Example:
        >>> poisson([0.0, 1.0], [0, 3])
        Array([1.  , 1.51], dtype=float32)

    Reference: Nelder and Wedderburn 1972, doi:10.2307/2344614.
    """
    log_rate, target = same_shape(log_rate=log_rate, target=target)
    above(-1e-30, target=target)
    return streamed(_possible(_poisson))(log_rate, target)


def negative_binomial(
    log_mean: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    dispersion: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a mean of counts that vary more than independent events do.

    Formula: with `r = 1 / dispersion` and `p = 1 / (1 + dispersion * exp(log_mean))`,
    `lgamma(r) - lgamma(target + r) + lgamma(target + 1) - r * log(p) - target * log(1 - p)`.

    Args:
        log_mean: logarithm of the expected count `m`.
        target: count that came true.
        dispersion: the variance is `m + dispersion * m**2`. At 0 the density is Poisson's, a limit
            that values and derivatives take. An array of the shape of the others if it is
            predicted too.

    Example:
        >>> negative_binomial([0.0, 0.0], [0, 2], dispersion=[1.0, 0.0])
        Array([0.6931, 1.6931], dtype=float32)

    Reference: Lawless 1987, doi:10.2307/3314912.
    """
    log_mean, target, alpha = elementwise(
        log_mean=log_mean, target=target, hyper={"dispersion": dispersion}
    )
    above(-1e-30, target=target, dispersion=alpha)
    return streamed(_possible(_negative_binomial))(log_mean, target, alpha)


def zero_inflated_poisson(
    logits: Float[ArrayLike, "*shape"],
    log_rate: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a rate, and the probability that nothing could have happened at all.

    Formula: with `q = sigmoid(logits)`, `-log(q + (1 - q) * exp(-exp(log_rate)))` for a count of 0,
    `poisson(log_rate, target) - log(1 - q)` for others.

    Args:
        logits: of a count that is 0 whatever the rate.
        log_rate: logarithm of the expected count of the others.
        target: count that came true.

    Example:
        >>> zero_inflated_poisson([0.0, 0.0], [0.0, 0.0], [0, 1])
        Array([0.3799, 1.6931], dtype=float32)

    Reference: Lambert 1992, doi:10.2307/1269547.
    """
    logits, log_rate, target = same_shape(logits=logits, log_rate=log_rate, target=target)
    above(-1e-30, target=target)

    def kernel(z: Array, log_rate: Array, t: Array) -> Array:
        return _inflated(z, _poisson(log_rate, t), t)

    return streamed(_possible(kernel, 2))(logits, log_rate, target)


def zero_inflated_negative_binomial(
    logits: Float[ArrayLike, "*shape"],
    log_mean: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    dispersion: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a mean of scattered counts, and the probability that none was seen whatever it is.

    Formula: with `q = sigmoid(logits)` and `c = negative_binomial(log_mean, target)`,
    `-log(q + (1 - q) * exp(-c))` for a count of 0, `c - log(1 - q)` for others.

    Args:
        logits: of a count that is 0 whatever the mean.
        log_mean: logarithm of the expected count of the others.
        target: count that came true.
        dispersion: as of `negative_binomial`.

    Example:
        >>> zero_inflated_negative_binomial([0.0, 0.0], [0.0, 0.0], [0, 1])
        Array([0.2877, 2.0794], dtype=float32)

    Reference: Greene 1994, SSRN 1293115; Lopez et al. 2018, doi:10.1038/s41592-018-0229-2.
    """
    logits, log_mean, target, alpha = elementwise(
        logits=logits, log_mean=log_mean, target=target, hyper={"dispersion": dispersion}
    )
    above(-1e-30, target=target, dispersion=alpha)

    def kernel(z: Array, log_mean: Array, t: Array, alpha: Array) -> Array:
        return _inflated(z, _negative_binomial(log_mean, t, alpha), t)

    return streamed(_possible(kernel, 2))(logits, log_mean, target, alpha)


def hurdle_poisson(
    logits: Float[ArrayLike, "*shape"],
    log_rate: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward the probability of a count of 0, and a rate for counts above 0 alone.

    Formula: with `q = sigmoid(logits)`, `-log(q)` for a count of 0,
    `poisson(log_rate, target) + log(1 - exp(-exp(log_rate))) - log(1 - q)` for others.

    Args:
        logits: of a count of 0.
        log_rate: logarithm of the rate of the Poisson density that counts above 0 have, cut off.
        target: count that came true.

    Example:
        >>> hurdle_poisson([0.0, 0.0], [0.0, 0.0], [0, 1])
        Array([0.6931, 1.2345], dtype=float32)

    Reference: Mullahy 1986, doi:10.1016/0304-4076(86)90002-3.
    """
    logits, log_rate, target = same_shape(logits=logits, log_rate=log_rate, target=target)
    above(-1e-30, target=target)

    def kernel(z: Array, log_rate: Array, t: Array) -> Array:
        # One event is certain: what remains is the density of the others, with one factor more.
        some = jnp.where(t > 0, t, 1)
        above_zero = _poisson(log_rate, jnp.maximum(some - 1, 0)) + jnp.log(some)
        above_zero = above_zero + log_filled(log_rate)
        return jnp.where(t > 0, softplus(z) + above_zero, softplus(-z))

    return streamed(_possible(kernel, 2))(logits, log_rate, target)


def binomial(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    trials: Real[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a probability for being the share of trials that succeed.

    Formula: `target * softplus(-logits) + (trials - target) * softplus(logits)
    + lgamma(target + 1) + lgamma(trials - target + 1) - lgamma(trials + 1)`.

    Args:
        logits: of success.
        target: how many trials succeeded; infinite above their number.
        trials: how many there were; of one the value is the binary cross-entropy.

    Example:
        >>> binomial([0.0, 2.0], [1, 1], [2, 1])
        Array([0.6931, 0.1269], dtype=float32)

    Reference: McCullagh and Nelder 1989, doi:10.1201/9780203753736.
    """
    logits, target, trials = same_shape(logits=logits, target=target, trials=trials)
    above(-1e-30, target=target)

    def kernel(z: Array, t: Array, n: Array) -> Array:
        fits = (t >= 0) & (t <= n)
        n = jnp.where(fits, n, 1)
        t = jnp.where(fits, t, 0)
        log_n, rest = log_count(n), log_factorial_rest(t) + log_factorial_rest(n - t)
        rest = rest - log_factorial_rest(n)
        hits = excess(log_count(t), log_n - softplus(-z))
        misses = excess(log_count(n - t), log_n - softplus(z))
        return jnp.where(fits, hits + misses + rest, jnp.inf)

    return streamed(kernel)(logits, target, trials)


def _possible(kernel: Callable[..., Array], place: int = 1) -> Callable[..., Array]:
    """A kernel of arguments of which that at `place` is a count: infinite below 0."""

    def value(*args: Array) -> Array:
        target = args[place]
        inside = target >= 0
        args = (*args[:place], jnp.where(inside, target, 0), *args[place + 1 :])
        return jnp.where(inside, kernel(*args), jnp.inf)

    return value


def _poisson(log_rate: Array, target: Array) -> Array:
    return excess(log_count(target), log_rate) + log_factorial_rest(target)


def _negative_binomial(log_mean: Array, target: Array, alpha: Array) -> Array:
    # With r = 1 / alpha, the count t and r are expected as (t + r) * m / (m + r) and as
    # (t + r) * r / (m + r): both differ from them by the factor exp(x), all but that of m / t.
    spread = alpha > 0
    log_alpha = jnp.log(jnp.where(spread, alpha, 1))
    far = spread & (log_mean + log_alpha > _FAR)
    mean = bounded_exp(jnp.where(far, 0, log_mean))
    away = (target - mean) / (1 + alpha * mean)
    near = away * log1p_ratio(alpha * away)
    log_odds = jnp.where(far, log_mean + log_alpha, 1)
    large = jnp.where(far, alpha, 1)
    far_step = (jnp.log1p(large * target) - softplus(log_odds)) / large
    step = jnp.where(far, far_step, near)
    x = alpha * step
    deviance = excess(log_count(target), log_mean + x) + x * step * exp_curvature(x)
    gammas = stirling_of_inverse(alpha) - stirling_of_inverse(alpha / (1 + alpha * target))
    return deviance + jnp.log1p(alpha * target) / 2 + gammas + log_factorial_rest(target)


def _inflated(z: Array, value: Array, target: Array) -> Array:
    """Value of a count that may also be 0 for another reason, of logit `z`."""
    zero = target == 0
    inflated = _zero(z, jnp.where(zero, value, 1))
    return jnp.where(zero, inflated, softplus(z) + jnp.where(zero, 0, value))


def _zero_value(z: Array, value: Array) -> Array:
    # -log(q + (1 - q) * exp(-value)) is near 0, but for a small q and a large value.
    certain = (z > 0) | (value < 0.5)
    missed = sigmoid(-z) * jnp.expm1(-value)
    near = -jnp.log1p(jnp.where(certain, missed, 0))
    far = softplus(z) - jnp.maximum(z, -value) - softplus(-jnp.abs(z + value))
    return jnp.where(certain, near, far)


_zero = with_partials(
    _zero_value,
    lambda z, value: sigmoid(z + value) * sigmoid(-z) * jnp.expm1(-value),
    lambda z, value: sigmoid(-z - value),
)
