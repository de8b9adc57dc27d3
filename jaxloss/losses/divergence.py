"""Divergences of one distribution from another: 0 only where both are the same.

Distributions are given by logarithms on the last axis, those of the prediction first, and each pair
gives one value in nats. Bring scores to log-probabilities with `jax.nn.log_softmax`, and
probabilities, zeros among them, with `jaxloss.numerics.safe_log`. What has the logarithm `-inf` in
both takes no part. Where only one of them is `-inf` the limit is taken, which may be infinite: its
gradient there is 0. Of an asymmetric divergence the other one is had by trading the arguments.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core import masses
from jaxloss.core.checks import along, elementwise, hyperparameters, of_rows, require, vectors
from jaxloss.core.numerics import (
    absolute,
    expm1_ratio,
    logsumexp,
    safe_divide,
    safe_log,
    safe_sqrt,
    streamed,
)


def kl(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward a prediction for covering the target: the forward Kullback-Leibler divergence.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `sum(t * (log_target - log_pred))`. Infinite where the prediction rules out what occurs.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each distribution.

    Example:
        >>> kl(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.1308, dtype=float32)

    Reference: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694.
    """
    return masses.summed(masses.kl, log_pred, log_target, jnp.inf, 0.0)


def reverse_kl(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward a prediction for staying within the target, one mode of it if need be.

    Formula: with `p = exp(log_pred)`, `sum(p * (log_pred - log_target))`: `kl` with its arguments
    traded.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each distribution.

    Example:
        >>> reverse_kl(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.1438, dtype=float32)

    Reference: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694.
    """
    return masses.summed(lambda a, b: masses.kl(b, a), log_pred, log_target, 0.0, jnp.inf)


def generalized_kl(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward masses, which need not add up to 1, for being those of the target.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `sum(t * (log_target - log_pred) - t + p)`: the I-divergence.

    Args:
        log_pred: logarithm of the masses of the prediction.
        log_target: logarithm of those of the target.

    Returns:
        One value for each pair.

    Example:
        >>> generalized_kl(jnp.log(jnp.array([1.0, 2.0])), jnp.log(jnp.array([1.0, 1.0])))
        Array(0.3069, dtype=float32)

    Reference: Csiszár 1975, doi:10.1214/aop/1176996454.
    """
    return masses.summed(masses.generalized_kl, log_pred, log_target, jnp.inf, 1.0)


def jeffreys(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward two distributions for covering each other.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `sum((p - t) * (log_pred - log_target))`: `kl` plus `reverse_kl`.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> jeffreys(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.2747, dtype=float32)

    Reference: Jeffreys 1946, doi:10.1098/rspa.1946.0056.
    """
    return masses.summed(masses.jeffreys, log_pred, log_target, jnp.inf, jnp.inf)


def jensen_shannon(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward two distributions for being close to their even mixture.

    Formula: with `m` the mean of both, half the divergence `kl` of each from `m`; at most `log(2)`.
    Its square root is a metric.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> jensen_shannon(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.0338, dtype=float32)

    Reference: Lin 1991, doi:10.1109/18.61115.
    """
    half = jnp.log(2.0) / 2
    return masses.summed(masses.jensen_shannon, log_pred, log_target, half, half)


def generalized_jensen_shannon(
    log_pred: Float[ArrayLike, "*batch n"],
    log_target: Float[ArrayLike, "*batch n"],
    *,
    beta: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a prediction for being close to a mixture with the target, between both divergences.

    Formula: with `p = exp(log_pred)`, `t = exp(log_target)`, `m = beta * t + (1 - beta) * p` and
    `D` the Kullback-Leibler divergence, `D(t, m) / (1 - beta) + D(p, m) / beta`. The ends are
    limits: `kl` at 0 and `reverse_kl` at 1 (`generalized_kl`, of masses that do not add up to 1);
    half-way it is four times `jensen_shannon`. Times `beta * (1 - beta)` it is the divergence of
    generalised knowledge distillation, which vanishes at both ends.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.
        beta: share of the target in the mixture, from 0 to 1.

    Returns:
        One value for each pair.

    Example:
        >>> p, t = jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75]))
        >>> generalized_jensen_shannon(p, t, beta=jnp.array(0.0))
        Array(0.1308, dtype=float32)

    Reference: Agarwal et al. 2024, arXiv:2306.13649.
    """
    log_pred, log_target = vectors(log_pred=log_pred, log_target=log_target)
    (beta,) = hyperparameters(of_rows(log_pred), beta=beta)
    beta = along(beta)
    missed, invented = (
        masses.inverse_ratio(safe_log(beta)),
        masses.inverse_ratio(safe_log(1 - beta)),
    )
    term = lambda a, b: masses.generalized_jensen_shannon(a, b, beta)
    return masses.summed(term, log_pred, log_target, missed, invented)


def total_variation_distance(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward a prediction for giving every event about the probability that it has.

    Formula: `sum(abs(exp(log_pred) - exp(log_target))) / 2`; slope 0 where masses are equal.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> p, t = jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75]))
        >>> total_variation_distance(p, t)
        Array(0.25, dtype=float32)

    Reference: Levin and Peres 2017, doi:10.1090/mbk/107, section 4.1.
    """
    term = lambda a, b: absolute(jnp.exp(a) - jnp.exp(b)) / 2
    return masses.summed(term, log_pred, log_target, 0.5, 0.5)


def hellinger(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward the roots of probabilities for being close, in a metric of at most 1.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `sqrt(sum((sqrt(p) - sqrt(t))**2) / 2)`, with gradient 0 between equal distributions.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> hellinger(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.1846, dtype=float32)

    Reference: Hellinger 1909, doi:10.1515/crll.1909.136.210.
    """
    return safe_sqrt(masses.summed(masses.squared_hellinger, log_pred, log_target, 0.5, 0.5))


def bhattacharyya(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward distributions that overlap, without end where they do not.

    Formula: `-log(sum(sqrt(p * t)))` with `p = exp(log_pred)` and `t = exp(log_target)`, of masses
    relative to the mean of their totals: half of `renyi` of order 1/2.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> bhattacharyya(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.0347, dtype=float32)

    Reference: Bhattacharyya 1943, Bulletin of the Calcutta Mathematical Society 35.
    """
    return renyi(log_pred, log_target, alpha=0.5) / 2


def chi_squared(
    log_pred: Float[ArrayLike, "*batch n"], log_target: Float[ArrayLike, "*batch n"]
) -> Float[Array, "*batch"]:
    """Reward a prediction for not exceeding what is rare in the target.

    Formula: `sum((p - t)**2 / t)` with `p = exp(log_pred)` and `t = exp(log_target)`: Pearson's.
    Twice `alpha` of order 2.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.

    Returns:
        One value for each pair.

    Example:
        >>> chi_squared(jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75])))
        Array(0.3333, dtype=float32)

    Reference: Pearson 1900, doi:10.1080/14786440009463897.
    """
    return 2 * alpha(log_pred, log_target, alpha=2.0)


def alpha(
    log_pred: Float[ArrayLike, "*batch n"],
    log_target: Float[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a prediction for staying within the target, or for covering it, as `alpha` says.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `sum(p**alpha * t**(1 - alpha) - alpha * p - (1 - alpha) * t) / (alpha * (alpha - 1))`, where
    what is subtracted adds up to 1 for distributions. Limits are taken: `kl` at 0 and `reverse_kl`
    at 1 (`generalized_kl`, of masses that do not add up to 1). Half-way it is four times the square
    of `hellinger`.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.
        alpha: order, any number; may be traced through 0 and 1.

    Returns:
        One value for each pair.

    Example:
        >>> p, t = jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75]))
        >>> alpha(p, t, alpha=1.0)
        Array(0.1438, dtype=float32)

    Reference: Amari 1985, doi:10.1007/978-1-4612-5056-2; Cichocki and Amari 2010,
        doi:10.3390/e12061532.
    """
    log_pred, log_target = vectors(log_pred=log_pred, log_target=log_target)
    (order,) = hyperparameters(of_rows(log_pred), alpha=alpha)
    order = along(order)
    missed, invented = masses.inverse(order), masses.inverse(1 - order)
    return masses.summed(masses.alpha(order), log_pred, log_target, missed, invented)


def tsallis(
    log_pred: Float[ArrayLike, "*batch n"],
    log_target: Float[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a prediction for staying within the target, by logarithms of another order.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `(sum(p**alpha * t**(1 - alpha)) - 1) / (alpha - 1)` for distributions, and `alpha` times the
    divergence of that name for masses; `reverse_kl` in the limit of 1.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.
        alpha: order, at least 0; may be traced through 1.

    Returns:
        One value for each pair.

    Example:
        >>> p, t = jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75]))
        >>> tsallis(p, t, alpha=2.0)
        Array(0.3333, dtype=float32)

    Reference: Tsallis 1998, doi:10.1103/PhysRevE.58.1442.
    """
    log_pred, log_target = vectors(log_pred=log_pred, log_target=log_target)
    (order,) = hyperparameters(of_rows(log_pred), alpha=alpha)
    return _tsallis(log_pred, log_target, along(order))


def renyi(
    log_pred: Float[ArrayLike, "*batch n"],
    log_target: Float[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a prediction for staying within the target, the more strictly the higher the order.

    Formula: with `p = exp(log_pred)` and `t = exp(log_target)`,
    `log(sum(p**alpha * t**(1 - alpha))) / (alpha - 1)`, where the sum is relative to the mass
    `alpha * sum(p) + (1 - alpha) * sum(t)`, which is 1 for distributions; `reverse_kl` in the limit
    of 1.

    Args:
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.
        alpha: order, at least 0; may be traced through 1.

    Returns:
        One value for each pair.

    Example:
        >>> p, t = jnp.log(jnp.array([0.5, 0.5])), jnp.log(jnp.array([0.25, 0.75]))
        >>> renyi(p, t, alpha=2.0)
        Array(0.2877, dtype=float32)

    Reference: Rényi 1961, "On Measures of Entropy and Information"; van Erven and Harremoës 2014,
        arXiv:1206.2459.
    """
    log_pred, log_target = vectors(log_pred=log_pred, log_target=log_target)
    (order,) = hyperparameters(of_rows(log_pred), alpha=alpha)
    here, there = log_pred > -jnp.inf, log_target > -jnp.inf
    power = along(order)
    mass = jnp.sum(power * jnp.exp(log_pred) + (1 - power) * jnp.exp(log_target), axis=-1)
    a, b = jnp.where(here, log_pred, 0), jnp.where(there, log_target, 0)
    lead = logsumexp(power * a + (1 - power) * b, where=here & there) - safe_log(mass)
    # Close distributions by what the sum lacks to 1, distant ones by the logarithm of the sum,
    # which underflows or overflows itself.
    near = jnp.abs(lead) < 0.4
    close = jnp.where(near[..., None], log_pred, log_target)
    lack = safe_divide(_tsallis(close, log_target, power), mass)
    log_sum = jnp.log1p(jnp.where(near, (order - 1) * lack, 0))
    far = lead / jnp.where(near | (order == 1), 1, order - 1)
    value = jnp.where(near, lack / expm1_ratio(log_sum), far)
    endless = (order >= 1) & jnp.any(here & ~there, axis=-1)
    endless |= (order < 0) & jnp.any(there & ~here, axis=-1)
    return jnp.where(jnp.any(here | there, axis=-1), jnp.where(endless, jnp.inf, value), 0)


def beta(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"], *, beta: ArrayLike = 1.0
) -> Float[Array, "*shape"]:
    """Reward amounts for being those of the target, the small ones the more the lower `beta`.

    Formula: `(target**beta + (beta - 1) * pred**beta - beta * target * pred**(beta - 1))
    / (beta * (beta - 1))`. Limits are taken: the Itakura-Saito divergence `target / pred
    - log(target / pred) - 1` at 0, which sees ratios alone, and the generalised Kullback-Leibler
    divergence `target * log(target / pred) - target + pred` at 1. Half the squared error at 2.

    Args:
        pred: amounts, at least 0: a power spectrum, counts, mixtures of non-negative parts.
        target: of the same.
        beta: order, any number; may be traced through 0 and 1.

    Returns:
        One value for each amount; infinite where one of them is 0, the other is not and the formula
        has no limit, and 0 where both are 0.

    Example:
        >>> beta([1.0, 2.0], [2.0, 2.0], beta=0.0)
        Array([0.3069, 0.    ], dtype=float32)

    Reference: Basu et al. 1998, doi:10.1093/biomet/85.3.549; Févotte and Idier 2011,
        arXiv:1010.1763.
    """
    pred, target, order = elementwise(pred=pred, target=target, hyper={"beta": beta})
    for name, amounts in {"pred": pred, "target": target}.items():
        require(lambda amounts=amounts: amounts >= 0, f"`{name}` holds a negative amount")
    return _beta(pred, target, order)


def bregman(
    pred: Float[ArrayLike, "*batch dim"],
    target: Float[ArrayLike, "*batch dim"],
    *,
    potential: Callable[[Float[Array, " dim"]], Float[Array, ""]],
) -> Float[Array, "*batch"]:
    """Reward a prediction for being the target, by what a convex function exceeds its tangent.

    Formula: `potential(target) - potential(pred) - grad(potential)(pred) @ (target - pred)`. The
    mean of the targets minimises it, whatever the potential.

    Args:
        pred: vectors.
        target: vectors.
        potential: convex function of one vector, to a number: `lambda x: jnp.sum(x**2)` makes it
            the squared error, `lambda x: jnp.sum(x * jnp.log(x))` the divergence of `beta` 1.

    Returns:
        One value for each pair of vectors.

    Example:
        >>> bregman([1.0, 3.0], [2.0, 1.0], potential=lambda x: jnp.sum(x**2))
        Array(5., dtype=float32)

    Reference: Bregman 1967, doi:10.1016/0041-5553(67)90040-7; Banerjee et al. 2005, "Clustering
        with Bregman Divergences".
    """
    pred, target = vectors(pred=pred, target=target)

    def of_one(pred: Array, target: Array) -> Array:
        height, slope = jax.value_and_grad(potential)(pred)
        return potential(target) - height - jnp.sum(slope * (target - pred))

    for _ in range(pred.ndim - 1):
        of_one = jax.vmap(of_one)
    return of_one(pred, target)


def _tsallis(log_pred: Array, log_target: Array, order: Array) -> Array:
    missed = jnp.where(order < 0, jnp.inf, 1)
    invented = order * jnp.where(order < 1, masses.inverse(1 - order), 1)
    invented = jnp.where(order < 1, invented, jnp.inf)
    term = masses.alpha(order)
    return masses.summed(lambda a, b: order * term(a, b), log_pred, log_target, missed, invented)


_beta = streamed(masses.amounts)
