"""Classification losses that a wrong label cannot pull far: between cross-entropy and mean error.

Each takes scores of the classes and gives one value for each example. A class with the logit `-inf`
takes no part, and a label outside `[0, classes)` gives NaN with gradient 0.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, hyperparameters, labels as check_labels, of_rows
from jaxloss.core.numerics import known, log_softmax, pick, shifted
from jaxloss.core.simplex import tempered_log, tempered_log_softmax


def generalized_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    q: ArrayLike = 0.7,
) -> Float[Array, "*batch"]:
    """Reward the right class, and give up on labels that the model finds impossible.

    Formula: with `p` the softmax probability of the label, `(1 - p**q) / q`; cross-entropy in the
    limit of `q` 0, and half the absolute error of the probabilities at 1.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        q: how much of the pull of unlikely labels is taken away, from 0 to 1.

    Returns:
        One value for each example, at most `1 / q`.

    Example:
        >>> generalized_cross_entropy([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]), q=0.5)
        Array([0.5858, 1.9778], dtype=float32)

    Reference: Zhang and Sabuncu 2018, arXiv:1805.07836.
    """
    logits, labels = check_labels(logits, labels)
    log_p = _log_probability(logits, labels)
    (q,) = hyperparameters(log_p, q=q)
    return known(-tempered_log(log_p, q), labels, logits.shape[-1])


def taylor_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"], *, order: int = 2
) -> Float[Array, "*batch"]:
    """Reward the right class by the first terms of the expansion of cross-entropy.

    Formula: with `p` the softmax probability of the label,
    `sum((1 - p)**n / n for n in range(1, order + 1))`; the mean absolute error is the first term,
    cross-entropy the sum of all.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        order: number of terms, at least 1.

    Returns:
        One value for each example, at most the harmonic number of `order`.

    Raises:
        ValueError: for an order below 1.

    Example:
        >>> taylor_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([0.625], dtype=float32)

    Reference: Feng et al. 2020, doi:10.24963/ijcai.2020/305.
    """
    if order < 1:
        raise ValueError(f"expected `order` of at least 1, got {order}")
    logits, labels = check_labels(logits, labels)
    miss = _miss(logits, labels)
    value = jnp.zeros_like(miss)
    for n in range(order, 0, -1):
        value = miss * (value + 1 / n)
    return known(value, labels, logits.shape[-1])


def bi_tempered(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    t1: ArrayLike = 0.8,
    t2: ArrayLike = 1.2,
) -> Float[Array, "*batch"]:
    """Bound what an outlier costs, and let a wrong label far from the boundary be.

    Formula: with `log_t(x) = (x**(1 - t) - 1) / (1 - t)`, `exp_t` its inverse (0 below its range)
    and `p = exp_t2(logits - normaliser)` summing to 1,
    `-log_t1(p[labels]) - (1 - sum(p**(2 - t1))) / (2 - t1)`; the temperatures 1 are limits, both
    together cross-entropy.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        t1: temperature of the divergence, below 2; below 1 the loss is bounded.
        t2: temperature of the probabilities, positive; above 1 their tails are heavy, below 1 they
            end. Each may be traced through 1.

    Returns:
        One value for each example.

    Example:
        >>> bi_tempered([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]))
        Array([0.5394, 3.211 ], dtype=float32)

    Reference: Amid et al. 2019, arXiv:1906.03361.
    """
    logits, labels = check_labels(logits, labels)
    scores, _ = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    t1, t2 = hyperparameters(of_rows(scores), t1=t1, t2=t2)
    log_p = tempered_log_softmax(scores, 1 - along(t2))
    possible = log_p > -jnp.inf
    powers = jnp.exp((2 - along(t1)) * jnp.where(possible, log_p, 0))
    spread = jnp.sum(jnp.where(possible, powers, 0), axis=-1)
    value = -tempered_log(pick(log_p, labels), 1 - t1) - (1 - spread) / (2 - t1)
    return known(jnp.where(some, value, 0), labels, scores.shape[-1])


def mean_absolute_error(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward the right class by its probability alone, which symmetric noise cannot mislead.

    Formula: with `p = softmax(logits)`, `sum(abs(one_hot(labels) - p))`, which is
    `2 * (1 - p[labels])`. Noise that hits all labels alike leaves its best classifier the same;
    training with it alone is slow, since examples that are all wrong hardly pull.

    Args:
        logits: scores of the classes.
        labels: class of each example.

    Returns:
        One value for each example, at most 2.

    Example:
        >>> mean_absolute_error([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]))
        Array([1.    , 1.9998], dtype=float32)

    Reference: Ghosh, Kumar and Sastry 2017, arXiv:1712.09482.
    """
    logits, labels = check_labels(logits, labels)
    return known(2 * _miss(logits, labels), labels, logits.shape[-1])


def reverse_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    log_zero: ArrayLike = -4.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy with label and prediction in each other's place.

    Formula: with `p = softmax(logits)` and `log_y` 0 for the label and `log_zero` elsewhere,
    `-sum(p * log_y)`, which is `-log_zero * (1 - p[labels])`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        log_zero: what stands for the logarithm of 0, negative.

    Returns:
        One value for each example, at most `-log_zero`.

    Example:
        >>> reverse_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([2.], dtype=float32)

    Reference: Wang et al. 2019, arXiv:1908.06112.
    """
    logits, labels = check_labels(logits, labels)
    miss = _miss(logits, labels)
    (log_zero,) = hyperparameters(miss, log_zero=log_zero)
    return known(-log_zero * miss, labels, logits.shape[-1])


def symmetric_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 0.1,
    beta: ArrayLike = 1.0,
    log_zero: ArrayLike = -4.0,
) -> Float[Array, "*batch"]:
    """Reward the right class: a little cross-entropy to converge, its reverse to be robust.

    Formula: with `p` the softmax probability of the label,
    `alpha * -log(p) + beta * -log_zero * (1 - p)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        alpha: weight of cross-entropy.
        beta: weight of the reverse one.
        log_zero: what stands for the logarithm of 0, negative. The authors' code clips labels at
            1e-4, which makes it -9.2 where their paper says -4.

    Returns:
        One value for each example.

    Example:
        >>> symmetric_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([2.0693], dtype=float32)

    Reference: Wang et al. 2019, arXiv:1908.06112.
    """
    logits, labels = check_labels(logits, labels)
    log_p = _log_probability(logits, labels)
    alpha, beta, log_zero = hyperparameters(log_p, alpha=alpha, beta=beta, log_zero=log_zero)
    value = -alpha * log_p + beta * log_zero * jnp.expm1(log_p)
    return known(value, labels, logits.shape[-1])


def partially_huberized_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    tau: ArrayLike = 10.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy that goes on as a line where it would get steep.

    Formula: with `p` the softmax probability of the label, `-log(p)` above `1 / tau`, and
    `1 + log(tau) - tau * p` below, where it stays under `1 + log(tau)`. In the logits no gradient
    is longer than that of cross-entropy, and that of hopeless labels goes to 0, which clipping of
    gradients does not do.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        tau: slope of the line, above 1; cross-entropy in the limit of infinity.

    Returns:
        One value for each example.

    Example:
        >>> partially_huberized_cross_entropy([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 0]))
        Array([0.6931, 3.3014], dtype=float32)

    Reference: Menon et al. 2020, "Can gradient clipping mitigate label noise?", ICLR.
    """
    logits, labels = check_labels(logits, labels)
    log_p = _log_probability(logits, labels)
    (tau,) = hyperparameters(log_p, tau=tau)
    steep = log_p <= -jnp.log(tau)
    line = 1 + jnp.log(tau) - tau * jnp.exp(log_p)
    value = jnp.where(steep, line, -jnp.where(steep, 0, log_p))
    return known(value, labels, logits.shape[-1])


def _log_probability(logits: Array, labels: Array) -> Array:
    """Log-probability of each label; 0 where no class takes part."""
    some = jnp.any(logits > -jnp.inf, axis=-1)
    return jnp.where(some, pick(log_softmax(logits), labels), 0)


def _miss(logits: Array, labels: Array) -> Array:
    """Probability that is not the label's; 0 where no class takes part."""
    return -jnp.expm1(_log_probability(logits, labels))
