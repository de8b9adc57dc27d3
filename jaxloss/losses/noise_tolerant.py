"""Losses of classes that label noise leaves with the same best classifier.

Normalised losses sum to 1 over all labels that an example could have, so that noise which hits all
labels alike takes as much from each; asymmetric ones have the same best classifier as long as the
right label is the most frequent one. Each takes scores of the classes and gives one value for each
example. A class with the logit `-inf` takes no part, and a label outside `[0, classes)` gives NaN
with gradient 0.
"""

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, hyperparameters, labels as check_labels, of_rows
from jaxloss.core.numerics import (
    expm1_ratio,
    known,
    log_softmax,
    pick,
    safe_divide,
    safe_power,
)
from jaxloss.core.simplex import log_rests


def normalized_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward the right class by its part in what all labels together would cost.

    Formula: with `log_p = log_softmax(logits)`, `log_p[labels] / sum(log_p)`; 0 where a single
    class takes part.

    Args:
        logits: scores of the classes.
        labels: class of each example.

    Returns:
        One value for each example, from 0 to 1.

    Example:
        >>> normalized_cross_entropy([[0.0, 0.0], [0.0, 3.0]], jnp.array([0, 0]))
        Array([0.5   , 0.9843], dtype=float32)

    Reference: Ma et al. 2020, arXiv:2006.13554.
    """
    logits, labels = check_labels(logits, labels)
    log_p = log_softmax(logits)
    return known(_share(-log_p, labels, log_p), labels, logits.shape[-1])


def normalized_focal(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    gamma: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward the right class by its part in the focal loss of all labels.

    Formula: with `p = softmax(logits)` and `cost = -(1 - p)**gamma * log(p)`,
    `cost[labels] / sum(cost)`; 0 where a single class takes part.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        gamma: focusing exponent, non-negative; `normalized_cross_entropy` at 0.

    Returns:
        One value for each example, from 0 to 1.

    Example:
        >>> normalized_focal([[0.0, 0.0], [0.0, 3.0]], jnp.array([0, 0]))
        Array([0.5   , 0.9965], dtype=float32)

    Reference: Ma et al. 2020, arXiv:2006.13554.
    """
    logits, labels = check_labels(logits, labels)
    (gamma,) = hyperparameters(of_rows(logits), gamma=gamma)
    return known(_focal_share(logits, labels, gamma), labels, logits.shape[-1])


def active_passive(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    active: Literal["cross_entropy", "focal"] = "cross_entropy",
    alpha: ArrayLike = 1.0,
    beta: ArrayLike = 1.0,
    gamma: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward the right class by a normalised loss, and keep the wrong ones down by another.

    Formula: with `p = softmax(logits)`,
    `alpha * normalized(logits, labels) + beta * 2 * (1 - p[labels])`.

    The passive loss is the mean absolute error. Reverse cross-entropy in its place is the same with
    `beta` times `-log_zero / 2`, which is 2; in the authors' code the absolute error lacks the 2.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        active: which loss is normalised, `normalized_cross_entropy` or `normalized_focal`.
        alpha: weight of the active loss.
        beta: weight of the passive loss.
        gamma: focusing exponent of the focal loss, non-negative.

    Returns:
        One value for each example, at most `alpha + 2 * beta`.

    Example:
        >>> active_passive([[0.0, 0.0]], jnp.array([0]), alpha=1.0, beta=2.0)
        Array([2.5], dtype=float32)

    Reference: Ma et al. 2020, arXiv:2006.13554.
    """
    logits, labels = check_labels(logits, labels)
    log_p = log_softmax(logits)
    hyper = hyperparameters(of_rows(logits), alpha=alpha, beta=beta, gamma=gamma)
    alpha, beta, gamma = hyper
    share = (
        _share(-log_p, labels, log_p)
        if active == "cross_entropy"
        else _focal_share(logits, labels, gamma)
    )
    value = alpha * share + _of_label(logits, labels, lambda log_p: -2 * beta * jnp.expm1(log_p))
    return known(value, labels, logits.shape[-1])


def asymmetric_generalized_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    a: ArrayLike = 1.0,
    q: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Generalised cross-entropy of probabilities that a number was added to.

    Formula: with `p` the softmax probability of the label, `((a + 1)**q - (a + p)**q) / q`, and
    `log((a + 1) / (a + p))` in the limit of `q` 0.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        a: what is added, positive; more of it makes the loss more asymmetric where `q` is below 1.
        q: exponent, non-negative.

    Returns:
        One value for each example.

    Example:
        >>> asymmetric_generalized_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([0.875], dtype=float32)

    Reference: Zhou et al. 2021, arXiv:2106.03110 (AGCE).
    """
    logits, labels = check_labels(logits, labels)
    a, q = hyperparameters(of_rows(logits), a=a, q=q)

    def value(log_p: Array) -> Array:
        low = a + jnp.exp(log_p)
        ratio = jnp.log1p(-jnp.expm1(log_p) / low)
        return safe_power(low, q) * ratio * expm1_ratio(q * ratio)

    return known(_of_label(logits, labels, value), labels, logits.shape[-1])


def asymmetric_unhinged(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    a: ArrayLike = 1.5,
    q: ArrayLike = 0.9,
) -> Float[Array, "*batch"]:
    """Reward the right class by a power of how far its probability is from a number above 1.

    Formula: with `p` the softmax probability of the label, `((a - p)**q - (a - 1)**q) / q`, and
    `log((a - p) / (a - 1))` in the limit of `q` 0; half of the mean absolute error for `q` 1.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        a: above 1.
        q: exponent, non-negative.

    Returns:
        One value for each example.

    Example:
        >>> asymmetric_unhinged([[0.0, 0.0]], jnp.array([0]), a=2.0, q=1.0)
        Array([0.5], dtype=float32)

    Reference: Zhou et al. 2021, arXiv:2106.03110 (AUL).
    """
    logits, labels = check_labels(logits, labels)
    a, q = hyperparameters(of_rows(logits), a=a, q=q)

    def value(log_p: Array) -> Array:
        ratio = jnp.log1p(-jnp.expm1(log_p) / (a - 1))
        return safe_power(a - 1, q) * ratio * expm1_ratio(q * ratio)

    return known(_of_label(logits, labels, value), labels, logits.shape[-1])


def asymmetric_exponential(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    a: ArrayLike = 3.0,
) -> Float[Array, "*batch"]:
    """Reward the right class by an exponential function of its probability.

    Formula: with `p` the softmax probability of the label, `exp(-p / a)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        a: positive; the smaller, the less examples pull that are right already.

    Returns:
        One value for each example, from `exp(-1 / a)` to 1; 0 where no class takes part.

    Example:
        >>> asymmetric_exponential([[0.0, 0.0]], jnp.array([0]), a=0.5)
        Array([0.3679], dtype=float32)

    Reference: Zhou et al. 2021, arXiv:2106.03110 (AEL).
    """
    logits, labels = check_labels(logits, labels)
    (a,) = hyperparameters(of_rows(logits), a=a)
    value = _of_label(logits, labels, lambda log_p: jnp.exp(-jnp.exp(log_p) / a))
    return known(value, labels, logits.shape[-1])


def _of_label(logits: Array, labels: Array, value: Callable[[Array], Array]) -> Array:
    """A function of the log-probability of each label; 0 where no class takes part."""
    some = jnp.any(logits > -jnp.inf, axis=-1)
    log_p = jnp.where(some, pick(log_softmax(logits), labels), 0)
    return jnp.where(some, value(log_p), 0)


def _focal_share(logits: Array, labels: Array, gamma: Array) -> Array:
    log_p = log_softmax(logits)
    # A probability of 1 has no rest, and costs nothing.
    log_rest = log_rests(log_p)
    rest = jnp.exp(along(gamma) * jnp.where(log_rest > -jnp.inf, log_rest, 0))
    cost = jnp.where(log_rest > -jnp.inf, rest, 0) * jnp.where(log_p > -jnp.inf, -log_p, 0)
    return _share(cost, labels, log_p)


def _share(cost: Array, labels: Array, log_p: Array) -> Array:
    """Cost of the label over the sum of that of each class that takes part."""
    part = log_p > -jnp.inf
    share = safe_divide(
        pick(jnp.where(part, cost, 0), labels), jnp.sum(jnp.where(part, cost, 0), axis=-1)
    )
    # The limit for a label that gets impossible; no class at all is nothing to miss.
    lost = (pick(log_p, labels) == -jnp.inf) & jnp.any(part, axis=-1)
    return jnp.where(lost, 1, share)
