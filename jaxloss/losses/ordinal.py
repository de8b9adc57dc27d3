"""Losses of ordered classes by thresholds: is the label beyond the first class, the second ...

Of `n` classes there are `n - 1` such questions. Either each has logits of its own
(`ordinal_binary_cross_entropy`, `corn`), or one score is compared with thresholds that all examples
share (`coral`, `cumulative_link`, the hinges). A label outside `[0, classes)` gives NaN with
gradient 0. Losses that read a softmax over the classes are in `ordered_classes`.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, hyperparameters, indices, promote, require, vectors
from jaxloss.core.numerics import known, log1mexp, relu, softplus


def ordinal_levels(
    labels: Int[ArrayLike, "*batch"], *, count: int
) -> Float[Array, "*batch classes-1"]:
    """Answers to the questions whether a label is beyond a class: `labels > k`, as bits.

    Args:
        labels: class of each example. One out of range gives NaN.
        count: of classes, at least 1.

    Raises:
        ValueError: for no class.

    Example:
        >>> ordinal_levels(jnp.array([0, 2]), count=4)
        Array([[0., 0., 0.],
               [1., 1., 0.]], dtype=float32)

    Reference: Niu et al. 2016, doi:10.1109/CVPR.2016.532.
    """
    if count < 1:
        raise ValueError(f"expected a `count` of at least 1 class, got {count}")
    labels = indices("labels", labels, jnp.shape(labels), count)
    beyond = _beyond(labels, count - 1).astype(jnp.float32)
    return known(beyond, labels[..., None], count)


def ordinal_binary_cross_entropy(
    logits: Float[ArrayLike, "*batch classes-1"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward right answers to whether the label is beyond each class.

    Formula: `sum(sigmoid_cross_entropy(logits, ordinal_levels(labels)))`.

    Args:
        logits: that the label is beyond class 0, 1 ... up to the last but one.
        labels: class of each example.

    Returns:
        One value for each example.

    Example:
        >>> ordinal_binary_cross_entropy([[9.0, 0.0]], jnp.array([1]))
        Array([0.6933], dtype=float32)

    Reference: Niu et al. 2016, doi:10.1109/CVPR.2016.532.
    """
    logits, labels = _questions(logits, labels)
    costs = _answered(logits, labels)
    return known(jnp.sum(costs, axis=-1), labels, logits.shape[-1] + 1)


def corn(
    logits: Float[ArrayLike, "*batch classes-1"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward right answers to whether the label is beyond a class, given that it reached it.

    Formula: with `cost = sigmoid_cross_entropy(logits, ordinal_levels(labels))`,
    `sum(cost[k] for k in range(classes - 1) if labels >= k)`. The probability of being beyond a
    class is the product of the answers so far, which cannot contradict each other.

    Args:
        logits: that the label is beyond class 0, 1 ... if it is at least that class.
        labels: class of each example.

    Returns:
        One value for each example. The authors divide the sum over examples by the number of
        questions that were asked.

    Example:
        >>> corn([[0.0, 0.0, 0.0]] * 2, jnp.array([0, 3]))
        Array([0.6931, 2.0794], dtype=float32)

    Reference: Shi, Cao and Raschka 2023, arXiv:2111.08851.
    """
    logits, labels = _questions(logits, labels)
    asked = _along_last(jnp.arange(logits.shape[-1]), labels) <= labels[..., None]
    costs = jnp.where(asked, _answered(logits, labels), 0)
    return known(jnp.sum(costs, axis=-1), labels, logits.shape[-1] + 1)


def coral(
    scores: Float[ArrayLike, "*shape"],
    labels: Int[ArrayLike, "*shape"],
    thresholds: Float[ArrayLike, "classes-1"],
) -> Float[Array, "*shape"]:
    """Reward a score for being on the right side of every threshold, by the logistic loss.

    Formula: `sum(sigmoid_cross_entropy(scores - thresholds, ordinal_levels(labels)))`. With shared
    thresholds the best ones are in order by themselves. (All-threshold logistic regression.)

    Args:
        scores: one for each example.
        labels: class of each example.
        thresholds: between the classes; the biases of the paper are their negatives.

    Returns:
        One value for each example.

    Raises:
        ValueError: for thresholds of another shape.

    Example:
        >>> coral([0.0, 9.0], jnp.array([1, 2]), [-1.0, 1.0])
        Array([0.6265, 0.0004], dtype=float32)

    Reference: Cao, Mirjalili and Raschka 2020, arXiv:1901.07884.
    """
    scores, labels, thresholds = _placed(scores, labels, thresholds)
    costs = _answered(scores[..., None] - _along_last(thresholds, scores), labels)
    return known(jnp.sum(costs, axis=-1), labels, thresholds.shape[0] + 1)


def cumulative_link(
    scores: Float[ArrayLike, "*shape"],
    labels: Int[ArrayLike, "*shape"],
    thresholds: Float[ArrayLike, "classes-1"],
) -> Float[Array, "*shape"]:
    """Likelihood of a class when logistic noise moves a score between thresholds.

    Formula: `-log(sigmoid(thresholds[labels] - scores) - sigmoid(thresholds[labels - 1] - scores))`
    with thresholds of `-inf` and `inf` at the ends (the proportional odds model).

    Args:
        scores: one for each example.
        labels: class of each example.
        thresholds: between the classes, increasing, as from `ordered_thresholds`. A class that they
            leave no room costs infinity, with gradient 0.

    Returns:
        One value for each example.

    Raises:
        ValueError: for thresholds of another shape.

    Example:
        >>> cumulative_link([0.0, 9.0], jnp.array([1, 2]), [-1.0, 1.0])
        Array([0.7719, 0.0003], dtype=float32)

    Reference: McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x.
    """
    scores, labels, thresholds = _placed(scores, labels, thresholds)
    require(
        lambda: thresholds[1:] > thresholds[:-1],
        "`thresholds` do not increase: see jaxloss.ordinal.ordered_thresholds",
    )
    end = jnp.full((1,), jnp.inf, thresholds.dtype)
    ends = jnp.concatenate([-end, thresholds, end])
    # As 0 goes to the first of the ends, label y lies between ends y and y + 1.
    low, high = (jnp.take(ends, labels + side, mode="clip") for side in (0, 1))
    # sigmoid(b) - sigmoid(a) = sigmoid(b) * sigmoid(-a) * (1 - exp(a - b))
    value = softplus(scores - high) + softplus(low - scores) - log1mexp(low - high)
    return known(value, labels, thresholds.shape[0] + 1)


def all_threshold_hinge(
    scores: Float[ArrayLike, "*shape"],
    labels: Int[ArrayLike, "*shape"],
    thresholds: Float[ArrayLike, "classes-1"],
    *,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a score for being on the right side of every threshold, by a margin.

    Formula: `sum(max(0, margin - sign * (scores - thresholds)))` with `sign` 1 for thresholds below
    the class of the label, else -1. At exactly the margin the gradient is 0.

    Args:
        scores: one for each example.
        labels: class of each example.
        thresholds: between the classes.
        margin: distance that is asked for.

    Returns:
        One value for each example.

    Raises:
        ValueError: for thresholds of another shape.

    Example:
        >>> all_threshold_hinge([0.0, 0.0], jnp.array([0, 1]), [-0.5, 3.0])
        Array([1.5, 0.5], dtype=float32)

    Reference: Rennie and Srebro 2005, "Loss functions for preference levels", IJCAI workshop.
    """
    scores, labels, thresholds = _placed(scores, labels, thresholds)
    (margin,) = hyperparameters(scores, margin=margin)
    costs = _hinges(scores, labels, thresholds, margin)
    return known(jnp.sum(costs, axis=-1), labels, thresholds.shape[0] + 1)


def immediate_threshold_hinge(
    scores: Float[ArrayLike, "*shape"],
    labels: Int[ArrayLike, "*shape"],
    thresholds: Float[ArrayLike, "classes-1"],
    *,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a score for being between the thresholds of its class, by a margin.

    Formula: `max(0, margin - (scores - thresholds[labels - 1])) +
    max(0, margin - (thresholds[labels] - scores))`, without a threshold at the ends. At exactly the
    margin the gradient is 0.

    Args:
        scores: one for each example.
        labels: class of each example.
        thresholds: between the classes.
        margin: distance that is asked for.

    Returns:
        One value for each example.

    Raises:
        ValueError: for thresholds of another shape.

    Example:
        >>> immediate_threshold_hinge([0.0, 5.0], jnp.array([1, 0]), [-0.5, 3.0])
        Array([0.5, 6.5], dtype=float32)

    Reference: Rennie and Srebro 2005, "Loss functions for preference levels", IJCAI workshop.
    """
    scores, labels, thresholds = _placed(scores, labels, thresholds)
    (margin,) = hyperparameters(scores, margin=margin)
    place = labels[..., None] - _along_last(jnp.arange(thresholds.shape[0]), labels)
    costs = jnp.where((place == 0) | (place == 1), _hinges(scores, labels, thresholds, margin), 0)
    return known(jnp.sum(costs, axis=-1), labels, thresholds.shape[0] + 1)


def ordered_thresholds(raw: Float[ArrayLike, "*batch n"]) -> Float[Array, "*batch n"]:
    """Increasing numbers from any: the first one, and then gaps of `log(1 + exp(raw))`.

    Args:
        raw: parameters, of any values.

    Example:
        >>> ordered_thresholds([-1.0, 0.0, 0.0])
        Array([-1.    , -0.3069,  0.3863], dtype=float32)
    """
    (raw,) = vectors(raw=raw)
    return jnp.cumsum(jnp.concatenate([raw[..., :1], softplus(raw[..., 1:])], axis=-1), axis=-1)


def _questions(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Check logits of the questions against labels, of one class more."""
    (checked,) = vectors(logits=logits)
    rows = f", one for each row of `logits` {checked.shape}"
    return checked, indices("labels", labels, checked.shape[:-1], checked.shape[-1] + 1, rows)


def _placed(
    scores: ArrayLike, labels: ArrayLike, thresholds: ArrayLike
) -> tuple[Array, Array, Array]:
    """Check scores and labels of one shape against thresholds."""
    checked, levels = promote(scores=scores, thresholds=thresholds)
    if levels.ndim != 1:
        raise ValueError(f"expected `thresholds` of shape (classes - 1,), got {levels.shape}")
    rows = f", one for each of `scores` {checked.shape}"
    return checked, indices("labels", labels, checked.shape, levels.shape[0] + 1, rows), levels


def _beyond(labels: Array, questions: int) -> Array:
    return labels[..., None] > _along_last(jnp.arange(questions), labels)


def _along_last(vector: Array, like: Array) -> Array:
    """A vector as the last axis behind those of an array."""
    return jnp.expand_dims(vector, tuple(range(like.ndim)))


def _answered(logits: Array, labels: Array) -> Array:
    """Cross-entropy of each question."""
    return _of_sides(logits, labels, lambda lead: softplus(-lead))


def _hinges(scores: Array, labels: Array, thresholds: Array, margin: Array) -> Array:
    gaps = scores[..., None] - _along_last(thresholds, scores)
    return _of_sides(gaps, labels, lambda lead: relu(along(margin) - lead))


def _of_sides(gaps: Array, labels: Array, cost: Callable[[Array], Array]) -> Array:
    """Cost of how far each gap lies on its right side: above for thresholds below the label."""
    return cost(jnp.where(_beyond(labels, gaps.shape[-1]), gaps, -gaps))
