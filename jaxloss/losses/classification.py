"""Cross-entropy and what is built on it: one label, or one distribution, for each example.

Classes are on the last axis. Where a loss reads `target`, integers are labels (shape `*batch`) and
floating point is a distribution over the classes (the shape of the logits); no one-hot array is
made for labels. A label outside `[0, classes)` gives NaN with gradient 0. A class with the logit
`-inf`, or left out by `where`, has probability 0 and takes no part; if it is the true class the
loss is infinite (what a distribution holds on a class left out by `where` is not looked at). With
no class left the loss is 0.
"""

from collections.abc import Hashable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    absent,
    along,
    class_vector,
    classes,
    elementwise,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    probabilities,
    promote,
    same_shape,
    vectors,
)
from jaxloss.core.numerics import (
    known,
    log_softmax,
    log_total,
    logsumexp,
    one_hot,
    pick,
    product,
    safe_divide,
    safe_log,
    safe_norm,
    shifted,
    softplus,
    streamed,
    sum_across,
    with_partials,
)


def sigmoid_cross_entropy(
    logits: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    pos_weight: ArrayLike = 1.0,
    smoothing: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward the right probability for a yes-or-no question, from its logit.

    Formula: with `t = target * (1 - smoothing) + smoothing / 2`,
    `pos_weight * t * log(1 + exp(-logits)) + (1 - t) * log(1 + exp(logits))`.

    Args:
        logits: log-odds of yes.
        target: bits, or probabilities of yes.
        pos_weight: cost of missing a yes relative to a false alarm; 10 makes false negatives cost
            ten times.
        smoothing: share of the target that is moved to one half, in [0, 1].

    Example:
        >>> sigmoid_cross_entropy([0.0, 3.0], [1, 0])
        Array([0.6931, 3.0486], dtype=float32)

    Reference: Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; Cox 1958.
    """
    hyper = {"pos_weight": pos_weight, "smoothing": smoothing}
    logits, target, pos_weight, smoothing_ = elementwise(logits=logits, target=target, hyper=hyper)
    probabilities(target=target)
    if not absent(smoothing):
        target = target * (1 - smoothing_) + smoothing_ / 2

    def kernel(z: Array, t: Array, w: Array) -> Array:
        return w * t * softplus(-z) + (1 - t) * softplus(z)

    return streamed(kernel)(logits, target, pos_weight)


def binary_cross_entropy(
    pred: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward the right probability for a yes-or-no question, from the probability itself.

    Formula: `-target * log(pred) - (1 - target) * log(1 - pred)`, with `0 * log(0) = 0`. A certain
    and wrong prediction costs infinity; nothing is clipped, as clipping would take the gradient of
    the worst errors away. Prefer `sigmoid_cross_entropy` where there is a logit.

    Args:
        pred: probabilities of yes, in [0, 1].
        target: bits, or probabilities of yes.

    Example:
        >>> binary_cross_entropy([0.5, 0.0], [1, 0])
        Array([0.6931, 0.    ], dtype=float32)

    Reference: Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x.
    """
    pred, target = same_shape(pred=pred, target=target)
    probabilities(pred=pred, target=target)
    return streamed(_binary_cross_entropy)(pred, target)


def _binary_cross_entropy_value(pred: Array, target: Array) -> Array:
    # Chosen between whole logarithms: with guards inside of them XLA writes arrays in between.
    yes, no = jnp.log(pred), jnp.log1p(-pred)
    certain = jnp.where(target == 1, yes, no)
    return -jnp.where((target == 0) | (target == 1), certain, target * yes + (1 - target) * no)


def _binary_cross_entropy_slope(pred: Array, target: Array) -> Array:
    yes = jnp.where(target == 0, 0, target / jnp.where(target == 0, 1, pred))
    no = jnp.where(target == 1, 0, (1 - target) / jnp.where(target == 1, 1, 1 - pred))
    return no - yes


def _binary_cross_entropy_by_target(pred: Array, target: Array) -> Array:
    inside = (pred > 0) & (pred < 1)
    p = jnp.where(inside, pred, 0.5)
    return jnp.where(inside, jnp.log1p(-p) - jnp.log(p), 0)


_binary_cross_entropy = with_partials(
    _binary_cross_entropy_value,
    _binary_cross_entropy_slope,
    _binary_cross_entropy_by_target,
)


def softmax_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
    smoothing: ArrayLike = 0.0,
    class_weights: Float[ArrayLike, " classes"] | None = None,
    z_loss: ArrayLike = 0.0,
    axis_name: Hashable | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right probabilities for one of many classes, from logits.

    Formula: with `q` the target (one-hot for labels) smoothed to
    `(1 - smoothing) * q + smoothing / classes`,
    `-sum(class_weights * q * log_softmax(logits)) + z_loss * logsumexp(logits)**2`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        where: classes that take part.
        smoothing: share of the target that is spread evenly over the classes that take part.
        class_weights: cost of each class, shape `classes`. It scales the loss; to normalise by the
            weights seen, reduce with `jaxloss.mean(..., weights=class_weights[labels])` instead.
        z_loss: coefficient that keeps the logarithm of the normaliser near 0, 1e-4 for large
            language models.
        axis_name: mapped axis of `jax.shard_map` that the classes are divided over, in equal
            slices: `logits`, distributions, `where` and `class_weights` are those of this device's
            slice, labels count through all slices. (Under `jax.jit` the classes of a sharded array
            need no mention.)

    Returns:
        One value for each example.

    Example:
        >>> softmax_cross_entropy([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]], jnp.array([2, 0]))
        Array([1.0986, 0.0002], dtype=float32)

    Reference: Bridle 1990, doi:10.1007/978-3-642-76153-9_28; smoothing, Szegedy et al. 2016,
        arXiv:1512.00567; z-loss, Chowdhery et al. 2022, arXiv:2204.02311.
    """
    slices = 1 if axis_name is None else lax.psum(1, axis_name)
    logits, target = classes(slices, logits=logits, target=target)
    kept = None if where is None else mask(where, logits)
    if kept is not None:
        target = _restricted(target, kept)
    scores, top = shifted(logits, where=kept, axis_name=axis_name)
    log_z = log_total(scores, axis_name)
    some = log_z > -jnp.inf
    log_z = jnp.where(some, log_z, 0)
    if not jnp.issubdtype(target.dtype, jnp.integer):
        # With no class left, 0 keeps infinities out of the derivative with respect to the target.
        scores = jnp.where(some[..., None], scores, 0)
    spread, z_loss_ = hyperparameters(log_z, smoothing=smoothing, z_loss=z_loss)
    value = _cost(scores, log_z, target, class_weights, axis_name)
    if not absent(smoothing):
        even = _even_cost(scores, log_z, class_weights, axis_name)
        value = (1 - spread) * value + spread * even
    if not absent(z_loss):
        value = value + z_loss_ * jnp.square(log_z + top)
    return _finish(value, some, target, slices * logits.shape[-1])


def _restricted(target: Array, kept: Array) -> Array:
    """A distribution without the classes left out; labels as they are."""
    return target if jnp.issubdtype(target.dtype, jnp.integer) else jnp.where(kept, target, 0)


def _cost(
    scores: Array,
    log_z: Array,
    target: Array,
    class_weights: ArrayLike | None,
    axis_name: Hashable | None = None,
) -> Float[Array, "*batch"]:
    """Expected `weight * (log_z - score)` under labels or a distribution."""
    if jnp.issubdtype(target.dtype, jnp.integer):
        value = log_z - pick(scores, target, axis_name)
        if class_weights is None:
            return value
        costs = class_vector("class_weights", class_weights, scores)
        return product(pick(costs, target, axis_name), value)
    if class_weights is not None:
        target = target * class_vector("class_weights", class_weights, scores)
    return sum_across(product(target, log_z[..., None] - scores), axis_name)


def _even_cost(
    scores: Array, log_z: Array, class_weights: ArrayLike | None, axis_name: Hashable | None
) -> Float[Array, "*batch"]:
    """`_cost` under the even distribution over the classes that take part."""
    count = _counted(scores)
    total, summed = count, _summed(scores)
    if class_weights is not None:
        weights = class_vector("class_weights", class_weights, scores)
        total = jnp.sum(jnp.where(scores > -jnp.inf, weights, 0), axis=-1)
        summed = _weighed(scores, weights)
    if axis_name is not None:
        count, total, summed = lax.psum((count, total, summed), axis_name)
    return (total * log_z - summed) / jnp.maximum(count, 1)


def _taking_part(scores: Array) -> Array:
    return (scores > -jnp.inf).astype(scores.dtype)


def _counted(scores: Array) -> Array:
    return jnp.sum(_taking_part(scores), axis=-1)


def _finite(scores: Array) -> Array:
    return jnp.where(scores > -jnp.inf, scores, 0)


# Sums over the classes that take part. Their derivatives multiply by ones and zeros; that of a
# selection would keep zeros of the size of the logits.
_summed = with_partials(lambda scores: jnp.sum(_finite(scores), axis=-1), _taking_part)
_weighed = with_partials(
    lambda scores, weights: jnp.sum(weights * _finite(scores), axis=-1),
    lambda scores, weights: weights * _taking_part(scores),
    lambda scores, _: _finite(scores),
)


def _finish(value: Array, some: Array, target: Array, count: int) -> Array:
    """0 without any class; NaN for labels out of range."""
    value = jnp.where(some, value, 0)
    if jnp.issubdtype(target.dtype, jnp.integer):
        return known(value, target, count)
    return value


def categorical_cross_entropy(
    pred: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
    smoothing: ArrayLike = 0.0,
    class_weights: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right probabilities for one of many classes, from the probabilities themselves.

    Formula: with `q` as in `softmax_cross_entropy`, `-sum(class_weights * q * log(pred))`, with
    `0 * log(0) = 0`. Predictions are taken as they are, neither normalised nor clipped: an outcome
    that was given probability 0 costs infinity. Prefer `softmax_cross_entropy` where there are
    logits.

    Args:
        pred: probabilities of the classes.
        target: labels, or distributions over the classes.
        where: classes that take part.
        smoothing: share of the target that is spread evenly over the classes that take part.
        class_weights: cost of each class, shape `classes`.

    Returns:
        One value for each example.

    Example:
        >>> categorical_cross_entropy([[0.25, 0.75]], jnp.array([0]))
        Array([1.3863], dtype=float32)

    Reference: Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x.
    """
    pred, target = classes(pred=pred, target=target)
    probabilities(pred=pred)
    kept = mask(where, pred)
    target = _restricted(target, kept)
    scores = safe_log(jnp.where(kept, pred, 0))
    some = jnp.any(kept, axis=-1)
    zero = jnp.zeros(pred.shape[:-1], pred.dtype)
    (spread,) = hyperparameters(zero, smoothing=smoothing)
    value = _cost(scores, zero, target, class_weights)
    if not absent(smoothing):
        even = kept / jnp.maximum(jnp.sum(kept, axis=-1, keepdims=True), 1).astype(pred.dtype)
        value = (1 - spread) * value + spread * _cost(scores, zero, even, class_weights)
    return _finish(value, some, target, pred.shape[-1])


def nll(
    log_p: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    class_weights: Float[ArrayLike, " classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the log-probability of the label, from log-probabilities.

    Formula: `-class_weights[labels] * log_p[labels]`.

    Args:
        log_p: log-probabilities of the classes.
        labels: class of each example.
        class_weights: cost of each class, shape `classes`.

    Returns:
        One value for each example.

    Example:
        >>> nll([[-1.0, -2.0]], jnp.array([1]))
        Array([2.], dtype=float32)

    Reference: Fisher 1922, doi:10.1098/rsta.1922.0009.
    """
    log_p, labels = check_labels(log_p, labels, "log_p")
    zero = jnp.zeros(labels.shape, log_p.dtype)
    return known(_cost(log_p, zero, labels, class_weights), labels, log_p.shape[-1])


def smooth_labels(
    target: Float[ArrayLike, "*batch classes"],
    *,
    smoothing: ArrayLike,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch classes"]:
    """Move a share of each distribution to the uniform one: a transform of targets, not a loss.

    Formula: `(1 - smoothing) * target + smoothing / classes`, counting classes that take part.

    Args:
        target: distributions over the classes.
        smoothing: share that is spread evenly, in [0, 1].
        where: classes that take part; the others get no share.

    Example:
        >>> smooth_labels([[1.0, 0.0]], smoothing=0.2)
        Array([[0.9, 0.1]], dtype=float32)

    Reference: Szegedy et al. 2016, arXiv:1512.00567.
    """
    (target,) = vectors(target=target)
    kept = mask(where, target)
    (smoothing,) = hyperparameters(target, smoothing=smoothing)
    count = jnp.maximum(jnp.sum(kept, axis=-1, keepdims=True), 1).astype(target.dtype)
    return (1 - smoothing) * target + jnp.where(kept, smoothing / count, 0)


def poly1_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    epsilon: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Cross-entropy with the first coefficient of its expansion in `1 - p` changed.

    Formula: `softmax_cross_entropy(logits, target) + epsilon * (1 - sum(target * p))` with
    `p = softmax(logits)`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions that sum to 1.
        epsilon: what is added to the first coefficient; at least -1. The paper takes 2 for image
            classification.
        where: classes that take part.

    Returns:
        One value for each example.

    Example:
        >>> poly1_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([1.6931], dtype=float32)

    Reference: Leng et al. 2022, arXiv:2204.12511.
    """
    entropy = softmax_cross_entropy(logits, target, where=where)
    logits, target = classes(logits=logits, target=target)
    kept = mask(where, logits)
    p = jnp.exp(log_softmax(logits, where=kept))
    (epsilon,) = hyperparameters(entropy, epsilon=epsilon)
    if jnp.issubdtype(target.dtype, jnp.integer):
        agreement = pick(p, target)
    else:
        agreement = jnp.sum(_restricted(target, kept) * p, axis=-1)
    some = jnp.any(kept & (logits > -jnp.inf), axis=-1)
    return entropy + _finish(epsilon * (1 - agreement), some, target, logits.shape[-1])


def max_suppression_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    weight: ArrayLike = 0.1,
) -> Float[Array, "*batch"]:
    """Cross-entropy that regularises the top logit, whether it is right or wrong (MaxSup).

    Formula: `softmax_cross_entropy(logits, target) + weight * (max(logits) - mean(logits))`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        weight: strength of the regularisation, non-negative.

    Returns:
        One value for each example.

    Example:
        >>> max_suppression_cross_entropy([[0.0, 0.0]], jnp.array([0]))
        Array([0.6931], dtype=float32)

    Reference: Zhou et al. 2025, arXiv:2502.15798.
    """
    entropy = softmax_cross_entropy(logits, target)
    logits, target = classes(logits=logits, target=target)
    (weight,) = hyperparameters(entropy, weight=weight)
    present = logits > -jnp.inf
    finite = jnp.where(present, logits, 0)
    count = jnp.sum(present, axis=-1, dtype=logits.dtype)
    top = jnp.max(logits, axis=-1, initial=-jnp.inf)
    gap = jnp.where(count > 0, top, 0) - safe_divide(jnp.sum(finite, axis=-1), count)
    return entropy + _finish(weight * gap, count > 0, target, logits.shape[-1])


def jensen_shannon_cross_entropy(
    logits: Float[ArrayLike, "*batch views classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    weight: ArrayLike = 12.0,
) -> Float[Array, "*batch"]:
    """Cross-entropy of the clean view, and agreement of all views of an example (AugMix).

    Formula: with `p = softmax(logits)` and `m` its mean over the views,
    `softmax_cross_entropy(logits[0], labels) + weight * mean_views(sum(p * log(p / m)))`.

    Args:
        logits: scores of the classes for each view; view 0 is the clean one.
        labels: class of each example.
        weight: strength of the agreement, non-negative.

    Returns:
        One value for each example.

    Raises:
        ValueError: for logits without an axis of views.

    Example:
        >>> jensen_shannon_cross_entropy([[[0.0, 0.0], [0.0, 0.0]]], jnp.array([0]))
        Array([0.6931], dtype=float32)

    Reference: Hendrycks et al. 2020, arXiv:1912.02781.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 2 or logits.shape[-2] == 0:
        raise ValueError(f"expected `logits` of shape (..., views, classes), got {logits.shape}")
    rows = f", one for each example of `logits` {logits.shape}"
    labels = indices("labels", labels, logits.shape[:-2], logits.shape[-1], rows)
    entropy = softmax_cross_entropy(logits[..., 0, :], labels)
    (weight,) = hyperparameters(entropy, weight=weight)
    log_p = log_softmax(logits)
    views = jnp.asarray(logits.shape[-2], logits.dtype)
    log_mixture = logsumexp(jnp.swapaxes(log_p, -1, -2)) - jnp.log(views)
    divergence = jnp.sum(product(jnp.exp(log_p), log_p - log_mixture[..., None, :]), axis=-1)
    agreement = weight * jnp.mean(divergence, axis=-1)
    return entropy + known(agreement, labels, logits.shape[-1])


def logit_norm_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 0.04,
) -> Float[Array, "*batch"]:
    """Cross-entropy of logits of one length, so that confidence cannot grow without bound.

    Formula: `softmax_cross_entropy(logits / (temperature * norm(logits)), target)`; zero logits
    stay zero.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.
        temperature: inverse length that the logits are given; positive.

    Returns:
        One value for each example.

    Example:
        >>> logit_norm_cross_entropy([[3.0, 4.0]], jnp.array([0]), temperature=1.0)
        Array([0.7981], dtype=float32)

    Reference: Wei et al. 2022, arXiv:2205.09310.
    """
    logits, target = classes(logits=logits, target=target)
    (temperature,) = hyperparameters(of_rows(logits), temperature=temperature)
    present = logits > -jnp.inf
    finite = jnp.where(present, logits, 0)
    scaled = safe_divide(finite, safe_norm(finite, keepdims=True))
    scaled = scaled / along(temperature)
    return softmax_cross_entropy(jnp.where(present, scaled, -jnp.inf), target)


def squentropy(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Cross-entropy, and squared error that draws the logits of wrong classes to zero.

    Formula: `softmax_cross_entropy(logits, labels) + sum(logits[wrong]**2) / (classes - 1)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.

    Returns:
        One value for each example.

    Example:
        >>> squentropy([[0.0, 2.0, 0.0]], jnp.array([0]))
        Array([4.2395], dtype=float32)

    Reference: Hui, Belkin and Wright 2023, arXiv:2302.03952.
    """
    logits, labels = check_labels(logits, labels)
    entropy = softmax_cross_entropy(logits, labels)
    wrong = ~one_hot(labels, logits.shape[-1]) & (logits > -jnp.inf)
    squares = jnp.sum(jnp.square(jnp.where(wrong, logits, 0)), axis=-1)
    return entropy + known(
        safe_divide(squares, jnp.sum(wrong, axis=-1, dtype=logits.dtype)), labels, logits.shape[-1]
    )
