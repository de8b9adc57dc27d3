"""Losses of wrong labels that what the model believes itself has a say in.

A class with the logit `-inf` takes no part, and a label outside `[0, classes)` gives NaN with
gradient 0.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import (
    along,
    hyperparameters,
    indices,
    labels as check_labels,
    of_rows,
    promote,
    vectors,
)
from jaxloss.core.numerics import (
    expm1_ratio,
    known,
    log_softmax,
    logsumexp,
    pick,
    product,
    safe_log,
)


def soft_bootstrap(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    beta: ArrayLike = 0.95,
) -> Float[Array, "*batch"]:
    """Reward the right class, and predictions that are sure of themselves.

    Formula: with `p = softmax(logits)`,
    `-sum((beta * one_hot(labels) + (1 - beta) * p) * log(p))`: cross-entropy and the entropy of the
    prediction, whose gradient goes through both of its probabilities.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        beta: trust in the label, from 0 to 1.

    Returns:
        One value for each example.

    Example:
        >>> soft_bootstrap([[0.0, 0.0]], jnp.array([0]))
        Array([0.6931], dtype=float32)

    Reference: Reed et al. 2015, arXiv:1412.6596.
    """
    logits, labels = check_labels(logits, labels)
    log_p, some = _log_probabilities(logits)
    (beta,) = hyperparameters(of_rows(logits), beta=beta)
    entropy = jnp.sum(product(jnp.exp(log_p), -log_p), axis=-1)
    value = beta * -pick(log_p, labels) + (1 - beta) * entropy
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def hard_bootstrap(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    beta: ArrayLike = 0.8,
) -> Float[Array, "*batch"]:
    """Reward the right class, and the one that the model would choose as well.

    Formula: with `log_p = log_softmax(logits)`,
    `-beta * log_p[labels] - (1 - beta) * log_p[argmax(logits)]`; of classes that tie, the first.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        beta: trust in the label, from 0 to 1.

    Returns:
        One value for each example.

    Example:
        >>> hard_bootstrap([[0.0, 3.0]], jnp.array([0]))
        Array([2.4486], dtype=float32)

    Reference: Reed et al. 2015, arXiv:1412.6596.
    """
    logits, labels = check_labels(logits, labels)
    log_p, some = _log_probabilities(logits)
    (beta,) = hyperparameters(of_rows(logits), beta=beta)
    best = jnp.argmax(logits, axis=-1) if logits.shape[-1] else jnp.zeros_like(labels)
    value = -beta * pick(log_p, labels) - (1 - beta) * pick(log_p, best)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def jensen_shannon(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    weight: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward the right class by how near the prediction and the label are to their mixture.

    Formula: with `p = softmax(logits)`, `m = weight * one_hot(labels) + (1 - weight) * p` and
    `H(p) = -sum(p * log(p))`,
    `(H(m) - (1 - weight) * H(p)) / (-(1 - weight) * log(1 - weight))`; cross-entropy in the limit
    of weight 0, and half of the mean absolute error in that of 1.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        weight: of the label, from 0 to 1.

    Returns:
        One value for each example; bounded for a positive weight.

    Example:
        >>> jensen_shannon([[0.0, 0.0]], jnp.array([0]))
        Array([0.6226], dtype=float32)

    Reference: Englesson and Azizpour 2021, arXiv:2105.04522.
    """
    logits, labels = check_labels(logits, labels)
    log_p, some = _log_probabilities(logits)
    (weight,) = hyperparameters(of_rows(logits), weight=weight)
    value = _from_label(pick(log_p, labels), weight)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def generalized_jensen_shannon(
    logits: Float[ArrayLike, "*batch views classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    weight: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward the right class, and views of an example for being classified alike.

    Formula: with `p = softmax(logits)`, `q` its mean over the views,
    `m = weight * one_hot(labels) + (1 - weight) * q` and `H(p) = -sum(p * log(p))`,
    `(H(m) - (1 - weight) * mean(H(p))) / (-(1 - weight) * log(1 - weight))`, which is
    `jensen_shannon` of `q` plus `mean(sum(p * log(p / q))) / -log(1 - weight)`.

    Args:
        logits: scores of the classes for each view.
        labels: class of each example.
        weight: of the label, positive and at most 1; the views share the rest.

    Returns:
        One value for each example.

    Raises:
        ValueError: for logits without an axis of views.

    Example:
        >>> generalized_jensen_shannon([[[0.0, 0.0], [0.0, 0.0]]], jnp.array([0]))
        Array([0.6226], dtype=float32)

    Reference: Englesson and Azizpour 2021, arXiv:2105.04522.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 2 or logits.shape[-2] == 0:
        raise ValueError(f"expected `logits` of shape (..., views, classes), got {logits.shape}")
    rows = f", one for each example of `logits` {logits.shape}"
    labels = indices("labels", labels, logits.shape[:-2], logits.shape[-1], rows)
    log_p, some = _log_probabilities(logits)
    some = jnp.all(some, axis=-1)
    views = jnp.asarray(logits.shape[-2], logits.dtype)
    log_mean = logsumexp(jnp.swapaxes(log_p, -1, -2)) - jnp.log(views)
    (weight,) = hyperparameters(of_rows(log_mean), weight=weight)
    apart = jnp.sum(product(jnp.exp(log_p), log_p - log_mean[..., None, :]), axis=-1)
    value = _from_label(pick(log_mean, labels), weight)
    # A label that weighs all leaves nothing for views to differ in.
    shared = weight < 1
    scale = -jnp.log1p(-jnp.where(shared, weight, 0.5))
    value = value + jnp.where(shared, jnp.mean(apart, axis=-1) / scale, 0)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def early_learning_regularization(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    average: Float[ArrayLike, "*batch classes"],
    *,
    weight: ArrayLike = 3.0,
) -> Float[Array, "*batch"]:
    """Reward the right class, and being true to what the model learned before it memorised labels.

    Formula: with `p = softmax(logits)`, `-log(p[labels]) + weight * log(1 - sum(p * average))`. The
    average is held constant; unbounded below where it is sure of a class.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        average: of the predictions for the same examples so far, from `average_predictions`, zero
            at the start. The caller keeps one for each example of the training set.
        weight: strength of the regularisation.

    Returns:
        One value for each example.

    Raises:
        ValueError: for an average of another shape than the logits.

    Example:
        >>> average = average_predictions(jnp.zeros((1, 2)), jnp.array([[0.0, 3.0]]), momentum=0.0)
        >>> early_learning_regularization([[0.0, 3.0]], jnp.array([0]), average)
        Array([-4.1635], dtype=float32)

    Reference: Liu et al. 2020, arXiv:2007.00151.
    """
    logits, average = vectors(logits=logits, average=average)
    logits, labels = check_labels(logits, labels)
    log_p, some = _log_probabilities(logits)
    (weight,) = hyperparameters(of_rows(logits), weight=weight)
    # 1 is the sum of all probabilities, which leaves no difference to round.
    left = safe_log(jnp.maximum(1 - lax.stop_gradient(average), 0))
    value = -pick(log_p, labels) + weight * logsumexp(log_p + left)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def average_predictions(
    average: Float[ArrayLike, "*batch classes"],
    logits: Float[ArrayLike, "*batch classes"],
    *,
    momentum: ArrayLike = 0.7,
) -> Float[Array, "*batch classes"]:
    """Moving average of predictions: `momentum * average + (1 - momentum) * softmax(logits)`.

    Args:
        average: so far; zeros at the start.
        logits: scores of the classes for the same examples.
        momentum: of the average, from 0 to 1.

    Returns:
        The new average, without a gradient.

    Example:
        >>> average_predictions(jnp.zeros((1, 2)), jnp.zeros((1, 2)), momentum=0.5)
        Array([[0.25, 0.25]], dtype=float32)
    """
    average, logits = vectors(average=average, logits=logits)
    (momentum,) = hyperparameters(of_rows(logits), momentum=momentum)
    p = jnp.exp(log_softmax(logits))
    return lax.stop_gradient(along(momentum) * average + (1 - along(momentum)) * p)


def _log_probabilities(logits: Array) -> tuple[Array, Array]:
    """Logarithms of the softmax, and in which rows a class takes part."""
    return log_softmax(logits), jnp.any(logits > -jnp.inf, axis=-1)


def _from_label(log_p: Array, weight: Array) -> Array:
    """The divergence between a label of a given probability and a distribution, and its limits."""
    possible = log_p > -jnp.inf
    log_p = jnp.where(possible, log_p, 0)
    p = jnp.where(possible, jnp.exp(log_p), 0)
    miss = jnp.where(possible, -jnp.expm1(log_p), 1)
    inner = (weight > 0) & (weight < 1)
    w = jnp.where(inner, weight, 0.5)
    scale = -jnp.log1p(-w)
    # Of the mixture m = w + (1 - w) p: log(m) keeps its digits near 0, log(m / p) too.
    short = (1 - w) * miss
    log_m = jnp.where(
        short < 0.5, jnp.log1p(-jnp.where(short < 0.5, short, 0)), safe_log(w + (1 - w) * p)
    )
    modest = log_p > -20
    gain = jnp.log1p(w * jnp.expm1(-jnp.where(modest, log_p, 0)))
    gain = jnp.where(modest, gain, log_m - log_p)
    value = -log_m * expm1_ratio(-scale) / (1 - w) - p * gain / scale + miss
    entropy = jnp.where(possible, -log_p, jnp.inf)
    return jnp.where(inner, value, jnp.where(weight > 0, miss, entropy))
