"""Skewed classes and unequal mistakes: losses that do not let the common class decide.

What is known beforehand enters as an argument: `counts`, how often each class occurs, or `costs` of
mistakes. A class that never occurs is taken to be as rare as the rarest of the others. The losses
of `logits` and labels treat classes as `jaxloss.classification` does: a class with the logit `-inf`
takes no part, and a label outside `[0, classes)` gives NaN with gradient 0.

Weighing needs no loss of its own: weigh examples with `jaxloss.mean(..., weights=)`, classes with
`class_weights`, a missed yes with `pos_weight`. Losses whose weights follow training are in
`jaxloss.reweighting`, focal losses in `jaxloss.focal`, the area under the ROC curve in
`jaxloss.auc`.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    absent,
    along,
    class_vector,
    classes,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    probabilities,
    promote,
    vectors,
)
from jaxloss.core.numerics import (
    expm1_ratio,
    known,
    log_softmax,
    logsumexp,
    one_hot,
    safe_divide,
    safe_log,
    shifted,
    softplus,
)
from jaxloss.losses.classification import softmax_cross_entropy


def soft_f1(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the F1 score, with probabilities in place of decisions (sigmoid-F1).

    Formula: with `p = sigmoid(logits)` and counts `tp = sum(p * target)`,
    `fp = sum(p * (1 - target))`, `fn = sum((1 - p) * target)`,
    `1 - 2 * tp / (2 * tp + fp + fn)`; 0 over an empty list.

    Args:
        logits: log-odds of yes.
        target: bits.
        where: examples that count.

    Example:
        >>> soft_f1([0.0, 0.0], [1, 0])
        Array(0.5, dtype=float32)

    Reference: Bénédict et al. 2021, arXiv:2108.10566.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    logits, target = jnp.where(kept, logits, 0), jnp.where(kept, target, 0)
    p = jnp.where(kept, jax.nn.sigmoid(logits), 0)
    # 2 tp + fp + fn is the mass of predictions plus the number of positives; fp + fn directly,
    # so that a perfect list costs 0 and not a rounding error.
    wrong = p * (1 - target) + jnp.where(kept, jax.nn.sigmoid(-logits), 0) * target
    return safe_divide(jnp.sum(wrong, axis=-1), jnp.sum(p + target, axis=-1))


def balanced_binary_cross_entropy(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Let the yes and the no of a list weigh the same, however many of each there are (HED).

    Formula: with `p = sigmoid(logits)` and `b = mean(1 - target)`,
    `mean(-b * target * log(p) - (1 - b) * (1 - target) * log(1 - p))`; 0 over a list that is all
    yes or all no.

    Args:
        logits: log-odds of yes.
        target: bits.
        where: examples that count.

    Example:
        >>> balanced_binary_cross_entropy([0.0, 0.0, 0.0, 0.0], [1, 0, 0, 0])
        Array(0.2599, dtype=float32)

    Reference: Xie and Tu 2015, arXiv:1504.06375.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    logits, yes = jnp.where(kept, logits, 0), jnp.where(kept, target, 0)
    no = jnp.where(kept, 1 - target, 0)
    count = jnp.sum(kept, axis=-1, dtype=logits.dtype)

    def mean(values: Array) -> Array:
        return safe_divide(jnp.sum(values, axis=-1), count)

    return mean(no) * mean(yes * softplus(-logits)) + mean(yes) * mean(no * softplus(logits))


def class_counts(
    labels: Int[ArrayLike, "*batch"],
    *,
    counts: Real[ArrayLike, " classes"],
    where: Bool[ArrayLike, "*batch"] | None = None,
) -> Real[Array, " classes"]:
    """Count labels, on top of what was counted before: what losses here ask for, not a loss.

    Args:
        labels: class of each example; those outside `[0, classes)` are not counted.
        counts: of each class so far; zeros at first. Integers stay integers.
        where: labels that count.

    Example:
        >>> class_counts([0, 2, 2], counts=jnp.zeros(3, int))
        Array([1, 0, 2], dtype=int32)
    """
    counts = jnp.asarray(counts)
    if counts.ndim != 1:
        raise ValueError(f"expected `counts` of shape (classes,), got {counts.shape}")
    labels = indices("labels", labels, np.shape(labels), None)
    size = counts.shape[0]
    counted = mask(where, labels) & (labels >= 0) & (labels < size)
    # Counted apart, since ones added to a large float are lost.
    batch = jnp.zeros(size, jnp.int32).at[jnp.where(counted, labels, size)].add(1, mode="drop")
    return counts + batch.astype(counts.dtype)


def class_balanced_weights(
    counts: Real[ArrayLike, " classes"], *, beta: ArrayLike = 0.999
) -> Float[Array, " classes"]:
    """Weigh classes by the inverse of their effective number of examples: not a loss.

    Formula: `(1 - beta) / (1 - beta**counts)`, which is 1 for `beta = 0` and tends to `1 / counts`
    for `beta = 1`. A class without examples is taken to have one.

    The paper then divides by the mean. Weigh examples with
    `jaxloss.mean(values, weights=weights[labels])`, or classes with `class_weights=`.

    Args:
        counts: examples of each class.
        beta: how little an example adds to those that are there, in [0, 1].

    Example:
        >>> class_balanced_weights([1, 2, 1000], beta=0.9)
        Array([1.    , 0.5263, 0.1   ], dtype=float32)

    Reference: Cui et al. 2019, arXiv:1901.05555.
    """
    (counts,) = promote(counts=counts)
    counts = jnp.where(counts > 0, counts, 1)
    if isinstance(beta, int | float):
        # A Python number has digits of 1 - beta that float32 has not.
        (rate,) = hyperparameters(counts, beta=math.log(beta) if beta > 0 else -math.inf)
    else:
        (rate,) = hyperparameters(counts, beta=beta)
        rate = safe_log(rate)
    # 1 - beta**n is the `expm1` of n * log(beta), negated. For beta = 0 all weights are 1.
    some = rate > -jnp.inf
    rate = jnp.where(some, rate, 0)
    weights = expm1_ratio(rate) / (counts * expm1_ratio(counts * rate))
    return jnp.where(some, weights, 1)


def vector_scaling(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    counts: Real[ArrayLike, " classes"],
    gamma: ArrayLike = 0.1,
    strength: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy of logits that are scaled and moved by how often their class occurs.

    Formula: with `prior = counts / sum(counts)`,
    `softmax_cross_entropy((prior / max(prior))**gamma * logits + strength * log(prior), target)`.
    `gamma = 0` is `logit_adjusted`, `strength = 0` the class-dependent temperature of Ye et al.

    Args:
        logits: scores of the classes; those of the model, without a prior, once it is trained.
        target: labels, or distributions over the classes.
        counts: examples of each class in the training set, or any multiple.
        gamma: exponent of the scales; a rare class has to be right by larger logits.
        strength: coefficient of the logarithm of the prior; tau in the paper.

    Returns:
        One value for each example.

    Example:
        >>> vector_scaling([[0.0, 0.0], [1.0, 0.0]], jnp.array([1, 1]), counts=[3, 1])
        Array([1.3863, 2.2143], dtype=float32)

    Reference: Kini et al. 2021, arXiv:2103.01550; gamma alone, Ye et al. 2020, arXiv:2001.01385.
    """
    logits, target = classes(logits=logits, target=target)
    log_prior = _log_prior(counts, logits)
    power, strength = hyperparameters(of_rows(logits), gamma=gamma, strength=strength)
    if not absent(gamma):
        top = jnp.max(log_prior, initial=-jnp.inf)
        logits = _scaled(logits, jnp.exp(along(power) * (log_prior - top)))
    # Moved to 0 before the prior is added, for which huge scores have no digits.
    scores, _ = shifted(logits)
    return softmax_cross_entropy(scores + along(strength) * log_prior, target)


def logit_adjusted(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    counts: Real[ArrayLike, " classes"],
    strength: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy with the prior of the classes added, so that the logits learn the rest.

    Formula: `softmax_cross_entropy(logits + strength * log(counts / sum(counts)), target)`. The
    logits alone then predict as if all classes were equally frequent.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        counts: examples of each class in the training set, or any multiple.
        strength: coefficient of the logarithm of the prior; tau in the paper.

    Returns:
        One value for each example.

    Example:
        >>> logit_adjusted([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 1]), counts=[3, 1])
        Array([0.2877, 1.3863], dtype=float32)

    Reference: Menon et al. 2021, arXiv:2007.07314.
    """
    return vector_scaling(logits, target, counts=counts, gamma=0.0, strength=strength)


def balanced_softmax(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    counts: Real[ArrayLike, " classes"],
) -> Float[Array, "*batch"]:
    """Cross-entropy of a softmax in which each class counts as often as it occurs.

    Formula: `-log(counts * exp(logits) / sum(counts * exp(logits)))` at the label: `logit_adjusted`
    with a strength of 1.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        counts: examples of each class in the training set, or any multiple.

    Returns:
        One value for each example.

    Example:
        >>> balanced_softmax([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 1]), counts=[3, 1])
        Array([0.2877, 1.3863], dtype=float32)

    Reference: Ren et al. 2020, arXiv:2007.10740.
    """
    return vector_scaling(logits, target, counts=counts, gamma=0.0)


def ldam(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    counts: Real[ArrayLike, " classes"],
    margin: ArrayLike = 0.5,
    scale: ArrayLike = 30.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy that asks the label for a lead, the larger the rarer it is.

    Formula: with margins `m = margin * (min(counts) / counts)**0.25`,
    `softmax_cross_entropy(scale * (logits - m[labels] * one_hot(labels)), labels)`.

    Args:
        logits: scores of the classes; cosines in the paper.
        labels: class of each example.
        counts: examples of each class in the training set, or any multiple.
        margin: lead of the rarest class.
        scale: what the logits are multiplied by afterwards; positive.

    Returns:
        One value for each example.

    Example:
        >>> ldam([[0.9, 0.1], [0.1, 0.9]], jnp.array([0, 1]), counts=[16, 1])
        Array([0.    , 0.0001], dtype=float32)

    Reference: Cao et al. 2019, arXiv:1906.07413.
    """
    logits, labels = check_labels(logits, labels)
    margin, scale = hyperparameters(of_rows(logits), margin=margin, scale=scale)
    log_prior = _log_prior(counts, logits)
    lead = jnp.exp((jnp.min(log_prior, initial=jnp.inf) - log_prior) / 4)
    lead = jnp.where(one_hot(labels, logits.shape[-1]), along(margin) * lead, 0)
    scores, _ = shifted(logits)
    return softmax_cross_entropy(_scaled(scores - lead, along(scale)), labels)


def _log_prior(counts: ArrayLike, logits: Array) -> Float[Array, "#*batch classes"]:
    """Logarithm of the share of each class, one without examples being as rare as the rarest."""
    counts = class_vector("counts", counts, jnp.zeros(logits.shape[-1:], logits.dtype))
    some = counts > 0
    rarest = jnp.min(jnp.where(some, counts, jnp.inf), initial=jnp.inf)
    counts = jnp.where(some, counts, jnp.where(jnp.isfinite(rarest), rarest, 1))
    log_prior = jnp.log(counts) - jnp.log(jnp.sum(counts))
    return jnp.expand_dims(log_prior, tuple(range(logits.ndim - 1)))


def _scaled(logits: Array, scale: Array) -> Array:
    """A product that leaves a logit of `-inf` out, whatever the scale."""
    present = logits > -jnp.inf
    return jnp.where(present, scale * jnp.where(present, logits, 0), -jnp.inf)


def lade(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    counts: Real[ArrayLike, " classes"],
    weight: ArrayLike = 0.1,
    regularization: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Cross-entropy with the prior added, and logits that estimate what the prior does not tell.

    Formula: with `prior = counts / sum(counts)` and, for each class `c` that occurs in a list,
    `s[c] = log(mean(exp(logits[:, c]) / (classes * prior[c])))`, the mean of
    `logit_adjusted(logits, labels)` plus `weight` times the sum of
    `prior[c] * (s[c] + regularization * s[c]**2 - mean(logits[labels == c, c]))`. A label outside
    `[0, classes)` gives NaN with gradient 0.

    The authors' code takes in classes that do not occur in a batch as well, without the mean that
    they lack.

    Args:
        logits: scores of the classes of each example of a list (a batch).
        labels: class of each example.
        counts: examples of each class in the training set, or any multiple.
        weight: of the estimate, non-negative.
        regularization: how strongly the estimate is drawn to a total of 1, non-negative.
        where: examples that count.

    Returns:
        One value for each list; 0 without an example.

    Example:
        >>> lade([[0.0, 0.0], [0.0, 0.0]], [0, 1], counts=[1, 1])
        Array(0.6931, dtype=float32)

    Reference: Hong et al. 2021, arXiv:2012.00321.
    """
    logits, labels = check_labels(logits, labels)
    if labels.ndim == 0:
        raise ValueError(f"expected `logits` of shape (..., n, classes), got {logits.shape}")
    kept, size = mask(where, labels), logits.shape[-1]
    of_lists = jax.ShapeDtypeStruct(logits.shape[:-2], logits.dtype)
    hyper = hyperparameters(of_lists, weight=weight, regularization=regularization)
    log_prior = _log_prior(counts, logits)
    count = jnp.maximum(jnp.sum(kept, axis=-1, dtype=logits.dtype), 1)
    logits = jnp.where(kept[..., None], logits, 0)
    scores, _ = shifted(logits)
    entropy = jnp.where(kept, softmax_cross_entropy(scores + log_prior, labels), 0)

    own = one_hot(labels, size) & kept[..., None] & (logits > -jnp.inf)
    occurs = jnp.any(own, axis=-2)
    mean = safe_divide(
        jnp.sum(jnp.where(own, logits, 0), axis=-2), jnp.sum(own, axis=-2, dtype=logits.dtype)
    )
    terms = jnp.swapaxes(logits - log_prior, -1, -2)
    total = logsumexp(terms, where=jnp.broadcast_to(kept[..., None, :], terms.shape))
    estimate = jnp.where(occurs, total, 0) - jnp.log(size * count)[..., None]
    spread = estimate + along(hyper[1]) * jnp.square(estimate) - mean
    prior = jnp.exp(jnp.squeeze(log_prior, -2))
    value = jnp.sum(entropy, axis=-1) / count
    value = value + hyper[0] * jnp.sum(prior * jnp.where(occurs, spread, 0), axis=-1)
    unknown = kept & ((labels < 0) | (labels >= size))
    return jnp.where(jnp.any(unknown, axis=-1), jnp.nan, value)


def distribution_balanced(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    counts: Real[ArrayLike, " classes"],
    examples: ArrayLike,
    alpha: ArrayLike = 0.1,
    beta: ArrayLike = 10.0,
    mu: ArrayLike = 0.2,
    negative_scale: ArrayLike = 2.0,
    prior_scale: ArrayLike = 0.05,
    gamma: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Sets of labels, weighed against re-sampling too often, and patient with rare classes' no.

    Formula: with `r = (1 / counts) / sum(target / counts)`, `w = alpha + sigmoid(beta * (r - mu))`,
    `z = logits - prior_scale * log(examples / counts - 1) / negative_scale` and
    `s = negative_scale`, the mean over classes of
    `w * (target * sigmoid(-z)**gamma * log(1 + exp(-z))
    + (1 - target) * sigmoid(s * z)**gamma * log(1 + exp(s * z)) / s)`.

    Args:
        logits: log-odds of the classes.
        target: 1 for the classes that are right, else 0.
        counts: examples in the training set that bear each class, taken to be 1 at least and one
            less than all at most.
        examples: of the training set, as many as there are.
        alpha: least weight of a class.
        beta: slope of the weights.
        mu: ratio at which the weight is half-way.
        negative_scale: how early a no is left alone; 1 treats it like a yes.
        prior_scale: how much of the prior log-odds the logits need not learn.
        gamma: focusing exponent, non-negative; 2 in the variant of the authors with a focal loss,
            which they multiply by 2.

    Returns:
        One value for each example.

    Example:
        >>> distribution_balanced([[0.0, 0.0]], [[1, 0]], counts=[90, 10], examples=100)
        Array([0.5421], dtype=float32)

    Reference: Wu et al. 2020, arXiv:2007.09654.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    examples, alpha, beta, mu, scale, prior_scale, gamma = (
        along(number)
        for number in hyperparameters(
            of_rows(logits),
            examples=examples,
            alpha=alpha,
            beta=beta,
            mu=mu,
            negative_scale=negative_scale,
            prior_scale=prior_scale,
            gamma=gamma,
        )
    )
    counts = class_vector("counts", counts, logits)
    counts = jnp.clip(counts, 1, examples - 1)
    rate = jnp.sum(target / counts, axis=-1, keepdims=True)
    some = rate > 0
    ratio = 1 / (counts * jnp.where(some, rate, 1))
    weight = alpha + jnp.where(some, jax.nn.sigmoid(beta * (ratio - mu)), 1)
    z = logits - prior_scale * jnp.log(examples / counts - 1) / scale
    miss, alarm = softplus(-z), softplus(scale * z)
    yes = jnp.exp(-gamma * softplus(z)) * miss
    no = jnp.exp(-gamma * softplus(-scale * z)) * alarm / scale
    total = jnp.sum(weight * (target * yes + (1 - target) * no), axis=-1)
    return total / max(logits.shape[-1], 1)


def expected_cost(
    logits: Float[ArrayLike, "*batch decisions"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    costs: Float[ArrayLike, "classes decisions"],
) -> Float[Array, "*batch"]:
    """What it costs to decide by chance, with the predicted probabilities.

    Formula: with `p = softmax(logits)`, `sum(costs[label] * p)`; for distributions its mean,
    `sum(target @ costs * p)`. Costs of 1 for every mistake give `1 - p[label]`.

    Decisions are the classes as a rule, and may be others: a further column of costs is what it
    costs to pass an example on. A decision with the logit `-inf` is never taken.

    Args:
        logits: scores of the decisions.
        target: labels, or distributions over the classes. A label outside `[0, classes)` gives NaN
            with gradient 0.
        costs: of each decision for each true class.

    Returns:
        One value for each example.

    Raises:
        ValueError: for costs or targets that do not fit.

    Example:
        >>> expected_cost([[0.0, 0.0]] * 2, jnp.array([0, 1]), [[0.0, 1.0], [10.0, 0.0]])
        Array([0.5, 5. ], dtype=float32)

    Reference: Elkan 2001, "The foundations of cost-sensitive learning", IJCAI; Domingos 1999,
        doi:10.1145/312129.312220.
    """
    logits, costs = promote(logits=logits, costs=costs)
    if logits.ndim == 0 or costs.ndim != 2 or costs.shape[1] != logits.shape[-1]:
        raise ValueError(
            f"expected `costs` of shape (classes, decisions) for `logits` {logits.shape}, "
            f"got {costs.shape}"
        )
    p = jnp.exp(log_softmax(logits))
    if jnp.issubdtype(jnp.asarray(target).dtype, jnp.integer):
        rows = f", one for each row of `logits` {logits.shape}"
        labels = indices("target", target, logits.shape[:-1], costs.shape[0], rows)
        row = jnp.take(costs, labels, axis=0, mode="clip")
        return known(jnp.sum(p * row, axis=-1), labels, costs.shape[0])
    target, costs = promote(target=target, costs=costs)
    if target.shape != (*logits.shape[:-1], costs.shape[0]):
        raise ValueError(
            f"expected `target` of shape {(*logits.shape[:-1], costs.shape[0])}, a distribution "
            f"for each row of `logits`, got {target.shape}"
        )
    mean = jnp.einsum("...c,cd->...d", target, costs, precision="highest")
    return jnp.sum(p * mean, axis=-1)
