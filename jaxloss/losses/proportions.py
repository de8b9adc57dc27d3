"""Negative log-likelihoods of proportions: of a number between 0 and 1, of parts of a whole.

As in `jaxloss.likelihood`, parameters come first, what must be positive as its logarithm. At the
ends of the interval, where a density is 0 or infinite, values are what it comes to and have
gradient 0; outside of it they are infinite.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import above, probabilities, same_shape, vectors
from jaxloss.core.numerics import log_softmax, logsumexp, softplus, streamed
from jaxloss.core.stirling import (
    LOG_TWO_PI,
    excess,
    excess_by_ratio,
    log_count,
    log_factorial_rest,
    stirling,
    stretched,
)


def beta(
    log_alpha: Float[ArrayLike, "*shape"],
    log_beta: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density between 0 and 1 by its mean and by its width.

    Formula: with `a = exp(log_alpha)` and `b = exp(log_beta)`, so that the mean is `a / (a + b)`,
    `lgamma(a) + lgamma(b) - lgamma(a + b) - (a - 1) * log(target) - (b - 1) * log(1 - target)`.

    Args:
        log_alpha: logarithm of the first shape, which says how the density goes at 0.
        log_beta: logarithm of the second, which says how at 1.
        target: what came true.

    Example:
        >>> beta([0.0, 1.0], [0.0, 0.0], [0.25, 0.5])
        Array([0.   , 0.191], dtype=float32)

    Reference: Ferrari and Cribari-Neto 2004, doi:10.1080/0266476042000214501.
    """
    log_alpha, log_beta, target = same_shape(log_alpha=log_alpha, log_beta=log_beta, target=target)
    probabilities(target=target)

    def kernel(log_a: Array, log_b: Array, t: Array) -> Array:
        inside = (t > 0) & (t < 1)
        some = jnp.where(inside, t, 0.5)
        log_t, log_u = jnp.log(some), jnp.log1p(-some)
        # log(1 + b / a) and log(1 + a / b)
        over_a, over_b = softplus(log_b - log_a), softplus(log_a - log_b)
        value = excess_by_ratio(log_a, over_a + log_t) + excess_by_ratio(log_b, over_b + log_u)
        # stirling(a + b), and half of log(n) - log(a) - log(b), which is over_a - log(b)
        rest = stirling(log_a) + stirling(log_b) - stirling(log_a + over_a)
        value = value + rest + (over_a - log_b + LOG_TWO_PI) / 2 + log_t + log_u
        # At an end the density is a power of the distance times that of the other end, b at 0.
        shape = jnp.where(t == 0, log_a, log_b)
        edge = jnp.where(shape > 0, jnp.inf, -jnp.inf).astype(value.dtype)
        edge = jnp.where(shape == 0, -jnp.where(t == 0, log_b, log_a), edge)
        outside = jnp.where((t == 0) | (t == 1), edge, jnp.inf)
        return jnp.where(inside, value, outside)

    return streamed(kernel)(log_alpha, log_beta, target)


def dirichlet(
    log_concentration: Float[ArrayLike, "*batch classes"],
    target: Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward a density of parts of a whole by their means and by how certain they are.

    Formula: with `a = exp(log_concentration)`,
    `sum(lgamma(a)) - lgamma(sum(a)) - sum((a - 1) * log(target))`. Of two parts it is `beta`.

    Args:
        log_concentration: logarithms of the concentrations; a mean is one over their sum.
        target: parts that came true, positive and of sum 1. Infinite if one is not positive.

    Returns:
        One value for each whole.

    Example:
        >>> dirichlet([0.0, 0.0, 0.0], [0.25, 0.25, 0.5])
        Array(-0.6931, dtype=float32)

    Reference: Minka 2000, "Estimating a Dirichlet distribution".
    """
    log_a, target = vectors(log_concentration=log_concentration, target=target)
    probabilities(target=target)
    inside = jnp.all(target > 0, axis=-1)
    log_t = jnp.log(jnp.where(inside[..., None], target, 1))
    log_a = jnp.where(inside[..., None], log_a, 0)
    log_n = logsumexp(log_a)
    log_share = log_softmax(log_a)
    parts = excess_by_ratio(log_a, log_t - log_share) + stirling(log_a) + log_t
    parts = parts + (LOG_TWO_PI - log_a) / 2
    # Parts were taken to add up to 1, which rounded ones only nearly do.
    missing = stretched(1 - jnp.sum(jnp.where(inside[..., None], target, 0), axis=-1), log_n)
    rest = jnp.where(inside, missing, 0) + (log_n - LOG_TWO_PI) / 2 - stirling(log_n)
    return jnp.where(inside, jnp.sum(parts, axis=-1) + rest, jnp.inf)


def multinomial(
    logits: Float[ArrayLike, "*batch classes"], target: Real[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward probabilities of classes for being the shares of their counts.

    Formula: with `log_p = log_softmax(logits)`,
    `sum(lgamma(target + 1)) - lgamma(sum(target) + 1) - sum(target * log_p)`, a class without a
    count being left out. Of two classes it is `counts.binomial`.

    Args:
        logits: of the classes.
        target: how often each came true; infinite if a count is below 0.

    Returns:
        One value for each row of counts.

    Example:
        >>> multinomial([0.0, 0.0, 0.0], [1, 1, 0])
        Array(1.5041, dtype=float32)

    Reference: McCullagh and Nelder 1989, doi:10.1201/9780203753736.
    """
    logits, target = vectors(logits=logits, target=target)
    above(-1e-30, target=target)
    inside = jnp.all(target >= 0, axis=-1)
    count = jnp.where(inside[..., None], target, 0)
    total = jnp.sum(count, axis=-1)
    log_p = log_softmax(jnp.where(inside[..., None], logits, 0))
    log_expected = jnp.where(total > 0, log_count(total), 0)[..., None] + log_p
    seen = count > 0
    # What is expected adds up to what was seen: of a class without a count it is left as it is.
    expected = jnp.where(total[..., None] > 0, jnp.exp(log_expected), 0)
    misses = excess(log_count(count), jnp.where(seen, log_expected, 0))
    parts = jnp.where(seen, misses, expected) + log_factorial_rest(count)
    value = jnp.sum(parts, axis=-1) - log_factorial_rest(total)
    return jnp.where(inside, value, jnp.inf)


def dirichlet_multinomial(
    log_concentration: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward shares of classes for being those of their counts, which scatter more than chance has.

    Formula: with `a = exp(log_concentration)`, `n = sum(target)` and `A = sum(a)`,
    `sum(lgamma(a) + lgamma(target + 1) - lgamma(target + a)) - lgamma(A) - lgamma(n + 1)
    + lgamma(n + A)`: `multinomial`, of shares that are drawn from `dirichlet`. Of two classes it
    is the beta-binomial.

    Args:
        log_concentration: logarithms of the concentrations; a share is one over their sum, and the
            larger they are, the less counts scatter, down to those of `multinomial`.
        target: how often each class came true; infinite if a count is below 0.

    Returns:
        One value for each row of counts.

    Example:
        >>> dirichlet_multinomial([0.0, 0.0, 0.0], [1, 1, 0])
        Array(1.7918, dtype=float32)

    Reference: Mosimann 1962, doi:10.1093/biomet/49.1-2.65; Minka 2000, "Estimating a Dirichlet
        distribution".
    """
    log_a, target = vectors(log_concentration=log_concentration, target=target)
    above(-1e-30, target=target)
    inside = jnp.all(target >= 0, axis=-1)
    count = jnp.where(inside[..., None], target, 0)
    log_a = jnp.where(inside[..., None], log_a, 0)
    some = jnp.any(count > 0, axis=-1)
    count = jnp.where(some[..., None], count, 1)
    # Of the classes, and of all of them together, whose part is taken off.
    count = jnp.concatenate([count, jnp.sum(count, axis=-1, keepdims=True)], axis=-1)
    log_a = jnp.concatenate([log_a, logsumexp(log_a)[..., None]], axis=-1)
    seen = count > 0
    log_x = log_count(jnp.where(seen, count, 1))
    # Logarithm of `1 + count / a`, and of what both are together.
    over_a = jnp.where(seen, softplus(log_x - log_a), 0)
    log_both = log_a + over_a
    with_counts, without = jnp.split(stirling(jnp.concatenate([log_both, log_a], -1)), 2, -1)
    gammas = jnp.where(seen, without - with_counts, 0)
    parts = over_a / 2 + gammas + log_factorial_rest(count)
    value = jnp.sum(parts[..., :-1], axis=-1) - parts[..., -1]
    # Of both together, as many are expected to be counts as of all classes.
    over_n = softplus(log_a - log_x)[..., -1:]
    misses = excess(log_count(count), log_both - over_n)
    scatter = excess_by_ratio(log_a, over_a - over_a[..., -1:])
    value = value + jnp.sum((misses + scatter)[..., :-1], axis=-1)
    return jnp.where(inside, jnp.where(some, value, 0), jnp.inf)
