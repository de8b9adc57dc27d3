"""Losses of labels that say too little, or lie in a way that is known.

A label may be drawn from a table of transitions (`forward_correction`, `backward_correction`), tell
what a class is not (`negative_learning`), be one of several candidates (`partial_label`,
`progressive_identification`) or be known for some of one class alone (`non_negative_pu`). A class
with the logit `-inf` takes no part, and a label outside `[0, classes)` gives NaN with gradient 0.

To train on the examples that fit best alone, as Co-teaching does, take them for a mask:
`jaxloss.mean(values, where=small_loss(values_of_the_peer, count=k))`; the mean of the smallest
themselves is `-tail.average_top_k(-values, k=k)`, a soft one `tail.tilted` with a negative `t`.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    promote,
    require,
    vectors,
)
from jaxloss.core.numerics import (
    known,
    log_softmax,
    log_total,
    one_hot,
    product,
    relu,
    safe_divide,
    safe_log,
    shifted,
    softplus,
)
from jaxloss.core.simplex import log_share
from jaxloss.losses.classification import softmax_cross_entropy


def forward_correction(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    transition: Float[ArrayLike, "classes classes"],
) -> Float[Array, "*batch"]:
    """Reward predictions of the true class that explain labels which were changed by chance.

    Formula: with `p = softmax(logits)`, `-log((p @ transition)[labels])`.

    Args:
        logits: scores of the true classes.
        labels: class of each example, as it was seen.
        transition: probability of each label (column) for each true class (row). To one that is 0
            there is no gradient.

    Returns:
        One value for each example.

    Raises:
        ValueError: for a table that does not fit.

    Example:
        >>> forward_correction([[9.0, 0.0]], jnp.array([1]), symmetric_transition(2, rate=0.25))
        Array([1.386], dtype=float32)

    Reference: Patrini et al. 2017, arXiv:1609.03683.
    """
    logits, labels, table = _transitions(logits, labels, transition)
    chances = jnp.take(table.T, labels, axis=0, mode="clip")
    scores, _ = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    # What can explain the label is moved on its own, so that it may be improbable.
    moved, top = shifted(scores, where=chances > 0)
    log_seen = safe_log(jnp.sum(jnp.exp(moved) * chances, axis=-1)) + top
    value = log_total(scores) - log_seen
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def backward_correction(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    transition: Float[ArrayLike, "classes classes"],
) -> Float[Array, "*batch"]:
    """Cross-entropy that is on average, over labels changed by chance, that of the true class.

    Formula: with `log_p = log_softmax(logits)`, `-(inv(transition) @ log_p)[labels]`. Unbounded
    below; classes that take no part count as 0, which leaves the average as it is.

    Args:
        logits: scores of the true classes.
        labels: class of each example, as it was seen.
        transition: probability of each label (column) for each true class (row), invertible.

    Returns:
        One value for each example; not finite for a table that is singular.

    Raises:
        ValueError: for a table that does not fit.

    Example:
        >>> backward_correction([[0.0, 0.0]], jnp.array([1]), symmetric_transition(2, rate=0.25))
        Array([0.6931], dtype=float32)

    Reference: Patrini et al. 2017, arXiv:1609.03683.
    """
    logits, labels, table = _transitions(logits, labels, transition)
    inverse = jnp.linalg.inv(table)
    require(lambda: jnp.isfinite(inverse), "`transition` is singular: it cannot be corrected for")
    log_p = log_softmax(logits)
    part = log_p > -jnp.inf
    row = jnp.take(inverse, labels, axis=0, mode="clip")
    value = -jnp.sum(jnp.where(part, row * jnp.where(part, log_p, 0), 0), axis=-1)
    return known(value, labels, logits.shape[-1])


def symmetric_transition(count: int, *, rate: ArrayLike) -> Float[Array, "classes classes"]:
    """Table of labels that are changed with probability `rate`, to any other class alike.

    Args:
        count: of classes, at least 2.
        rate: probability of a wrong label.

    Raises:
        ValueError: for fewer than two classes.

    Example:
        >>> symmetric_transition(3, rate=0.5)[0]
        Array([0.5 , 0.25, 0.25], dtype=float32)
    """
    if count < 2:
        raise ValueError(f"expected a `count` of at least 2 classes, got {count}")
    (rate,) = promote(rate=rate)
    return jnp.where(jnp.eye(count, dtype=bool), 1 - rate, rate / (count - 1))


def peer(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    peer_logits: Float[ArrayLike, "*batch classes"],
    peer_labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward the label of an example, but not what any label would be rewarded for.

    Formula: with `cost = softmax_cross_entropy`,
    `cost(logits, labels) - alpha * cost(peer_logits, peer_labels)`. Unbounded below.

    The peers are the logits of one example drawn by chance and the label of another: of a batch,
    `logits[a]` and `labels[b]` with `a, b = (jax.random.permutation(k, n) for k in keys)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        peer_logits: scores for other examples.
        peer_labels: labels of still other ones.
        alpha: weight of the peers, non-negative.

    Returns:
        One value for each example.

    Raises:
        ValueError: for peers of other shapes.

    Example:
        >>> peer([[0.0, 0.0]], jnp.array([0]), [[0.0, 3.0]], jnp.array([0]), alpha=0.5)
        Array([-0.8311], dtype=float32)

    Reference: Liu and Guo 2020, arXiv:1910.03231.
    """
    logits, peer_logits = vectors(logits=logits, peer_logits=peer_logits)
    logits, labels = check_labels(logits, labels)
    rows = f", one for each row of `peer_logits` {peer_logits.shape}"
    count = logits.shape[-1]
    others = indices("peer_labels", peer_labels, logits.shape[:-1], count, rows)
    own = softmax_cross_entropy(logits, labels)
    (alpha,) = hyperparameters(own, alpha=alpha)
    value = own - alpha * softmax_cross_entropy(peer_logits, others)
    return known(known(value, labels, count), others, count)


def negative_learning(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward every class but one that the example is said not to be.

    Formula: with `p = softmax(logits)`, `-log(1 - p[labels])`.

    Args:
        logits: scores of the classes.
        labels: a class that each example is not (a complementary label), or one drawn by chance
            that is probably wrong.

    Returns:
        One value for each example.

    Example:
        >>> negative_learning([[0.0, 0.0], [0.0, 9.0]], jnp.array([0, 1]))
        Array([0.6931, 9.0001], dtype=float32)

    Reference: Kim et al. 2019, arXiv:1908.07387; of complementary labels, Ishida et al. 2017,
        arXiv:1705.07541.
    """
    logits, labels = check_labels(logits, labels)
    value = -log_share(logits, ~one_hot(labels, logits.shape[-1]))
    return known(value, labels, logits.shape[-1])


def partial_label(
    logits: Float[ArrayLike, "*batch classes"], target: Real[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward the candidates together, whichever of them is right.

    Formula: with `p = softmax(logits)`, `-log(sum(p[target == 1]))`; 0 without a candidate.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that may be right, else 0.

    Returns:
        One value for each example.

    Example:
        >>> partial_label([[0.0, 0.0, 0.0]], [[1, 0, 1]])
        Array([0.4055], dtype=float32)

    Reference: Feng et al. 2020, arXiv:2007.08929 (CC).
    """
    logits, target = vectors(logits=logits, target=target)
    candidates = target == 1
    value = -log_share(logits, candidates)
    return jnp.where(jnp.any(candidates, axis=-1), value, 0)


def progressive_identification(
    logits: Float[ArrayLike, "*batch classes"], target: Real[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward each candidate as much as the model believes in it among them.

    Formula: with `p = softmax(logits)` and `w` its share among the candidates,
    `-sum(w * log(p))`, where the weights are held constant; 0 without a candidate.

    The gradient is that of `partial_label`. With weights of an earlier epoch, from
    `candidate_weights`, it is `classification.softmax_cross_entropy(logits, weights)`.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that may be right, else 0.

    Returns:
        One value for each example.

    Example:
        >>> progressive_identification([[0.0, 0.0, 0.0]], [[1, 0, 1]])
        Array([1.0986], dtype=float32)

    Reference: Lv et al. 2020, arXiv:2002.08053 (PRODEN).
    """
    logits, target = vectors(logits=logits, target=target)
    return jnp.sum(product(candidate_weights(logits, target), -log_softmax(logits)), axis=-1)


def candidate_weights(
    logits: Float[ArrayLike, "*batch classes"], target: Real[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch classes"]:
    """Softmax over the candidates alone, without a gradient; 0 for the other classes.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that may be right, else 0.

    Example:
        >>> candidate_weights([[0.0, 5.0, 0.0]], [[1, 0, 1]])
        Array([[0.5, 0. , 0.5]], dtype=float32)
    """
    logits, target = vectors(logits=logits, target=target)
    return lax.stop_gradient(jnp.exp(log_softmax(logits, where=target == 1)))


def non_negative_pu(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    prior: ArrayLike,
    beta: ArrayLike = 0.0,
    gamma: ArrayLike = 1.0,
    surrogate: Literal["sigmoid", "logistic"] = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward scores that separate known positives from what is unlabelled, positives among it.

    Formula: with `cost(z)` `sigmoid(-z)` or `log(1 + exp(-z))`, `P` the labelled ones, `U` the
    others and `rest = mean(cost(-logits[U])) - prior * mean(cost(-logits[P]))`,
    `prior * mean(cost(logits[P])) + maximum(rest, -beta)`.

    `rest` estimates what negatives cost, and below 0 a flexible model has begun to learn which
    examples are labelled. Below `-beta` the gradient is that of `-gamma * rest` alone, as in the
    authors' algorithm.

    Args:
        logits: scores of the positive class, in lists (batches).
        target: 1 for examples that are known to be positive, 0 for unlabelled ones.
        prior: share of positives among all.
        beta: by how much the estimate may be negative; infinity is the unbiased estimator.
        gamma: how fast to go back, from 0 to 1.
        surrogate: cost of a score on the wrong side.
        where: examples that count.

    Returns:
        One value for each list. A mean over no example is 0.

    Example:
        >>> non_negative_pu([2.0, 0.0, -2.0], [1, 0, 0], prior=0.25)
        Array(0.1192, dtype=float32)

    Reference: Kiryo et al. 2017, arXiv:1703.00593.
    """
    logits, target = vectors(logits=logits, target=target)
    kept = mask(where, logits)
    hyper = hyperparameters(of_rows(logits), prior=prior, beta=beta, gamma=gamma)
    cost = softplus if surrogate == "logistic" else _sigmoid
    logits = jnp.where(kept, logits, 0)
    positive, other = kept & (target == 1), kept & (target == 0)

    def parts(scores: Array, prior: Array) -> tuple[Array, Array]:
        right = prior * _mean(cost(-scores), positive)
        return right, _mean(cost(scores), other) - prior * _mean(cost(scores), positive)

    prior, beta, gamma = hyper
    held_prior, held_beta, held_gamma = lax.stop_gradient((prior, beta, gamma))
    right, rest = parts(lax.stop_gradient(logits), prior)
    value = right + rest + relu(-beta - rest)
    # What is descended: the same value, by another slope in the scores.
    right, rest = parts(logits, held_prior)
    descent = jnp.where(rest >= -held_beta, right + rest, -held_gamma * rest)
    return value + (descent - lax.stop_gradient(descent))


def small_loss(values: Float[ArrayLike, "*batch n"], *, count: int) -> Bool[Array, "*batch n"]:
    """Which values of a list are its `count` smallest: labels that fit, and are probably right.

    Args:
        values: one for each example. NaN is largest.
        count: how many to choose; of values that tie, the first ones.

    Returns:
        Booleans; all True if there are no more than `count`.

    Raises:
        ValueError: for a negative count.

    Example:
        >>> small_loss([3.0, 1.0, 2.0, 1.0], count=3)
        Array([False,  True,  True,  True], dtype=bool)
    """
    if count < 0:
        raise ValueError(f"expected `count` of at least 0, got {count}")
    (values,) = vectors(values=values)
    order = jnp.argsort(lax.stop_gradient(values), axis=-1, stable=True)
    return jnp.argsort(order, axis=-1) < count


def _sigmoid(x: Array) -> Array:
    return jnp.exp(-softplus(-x))


def _mean(values: Array, chosen: Array) -> Array:
    count = jnp.sum(chosen, axis=-1, dtype=values.dtype)
    return safe_divide(jnp.sum(jnp.where(chosen, values, 0), axis=-1), count)


def _transitions(
    logits: ArrayLike, labels: ArrayLike, transition: ArrayLike
) -> tuple[Array, Array, Array]:
    scores, table = promote(logits=logits, transition=transition)
    if scores.ndim == 0 or table.shape != 2 * scores.shape[-1:]:
        raise ValueError(
            f"expected `transition` of shape (classes, classes) for `logits` {scores.shape}, "
            f"got {table.shape}"
        )
    return *check_labels(scores, labels), table
