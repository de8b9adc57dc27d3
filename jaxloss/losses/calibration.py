"""Losses of calibration: probabilities that come true as often as they say.

Most read a batch of examples, on the axis before the classes, and give one value for it: whether
probabilities are right shows only on many. They are terms beside a loss that rewards the right
class. What is counted (which class is likeliest, and whether it is right) carries no gradient;
a class at `-inf` takes no part, a label out of range makes the batch NaN with gradient 0.
`analysis.calibration` measures calibration; here it is trained.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, labels as check_labels, mask, of_rows
from jaxloss.core.forecasts import negative_entropy
from jaxloss.core.numerics import (
    absolute,
    known,
    log_softmax,
    one_hot,
    pick,
    relu,
    safe_divide,
    safe_power,
    safe_sqrt,
)


class _Answers(NamedTuple):
    """Predictions of a batch beside what came true.

    Attributes:
        log_p: log-probabilities.
        confidence: probability of the likeliest class.
        right: whether it came true, 1 or 0.
        kept: examples that count.
        share: of each example in the mean over those that count.
        labels: what came true.
        known: batches whose labels are in range.
    """

    log_p: Array
    confidence: Array
    right: Array
    kept: Array
    share: Array
    labels: Array
    known: Array

    def mean(self, values: Array) -> Array:
        """Mean over the examples that count; 0 of none."""
        share = self.share.reshape(*self.share.shape, *(1,) * (values.ndim - self.share.ndim))
        return jnp.sum(share * values, axis=self.share.ndim - 1)

    def checked(self, values: Array) -> Array:
        """Values, NaN for batches with a label out of range."""
        return jnp.where(self.known, values, jnp.nan)


def _answers(logits: ArrayLike, labels: ArrayLike, where: ArrayLike | None) -> _Answers:
    scores, classes = check_labels(logits, labels)
    if scores.ndim < 2:
        raise ValueError(
            "expected `logits` with an axis of examples before that of classes, "
            f"got shape {scores.shape}"
        )
    count = scores.shape[-1]
    kept = mask(where, scores[..., 0])
    log_p = log_softmax(jnp.where(kept[..., None], scores, 0))
    likeliest = jnp.argmax(log_p, axis=-1)
    total = jnp.sum(kept, axis=-1, keepdims=True, dtype=scores.dtype)
    return _Answers(
        log_p,
        jnp.exp(pick(log_p, likeliest)),
        (likeliest == classes).astype(scores.dtype),
        kept,
        safe_divide(kept.astype(scores.dtype), jnp.broadcast_to(total, kept.shape)),
        classes,
        jnp.all(~kept | ((classes >= 0) & (classes < count)), axis=-1),
    )


def mmce(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    bandwidth: ArrayLike = 0.4,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward confidences that are right as often as they say, as seen through a kernel.

    Formula: with `r` the probability of the likeliest class, `c` 1 where it is right, and
    `k(i, j) = exp(-abs(r[i] - r[j]) / bandwidth)`,
    `sqrt(sum_ij((c[i] - r[i]) * (c[j] - r[j]) * k(i, j))) / n`; gradient 0 where it is 0. Memory
    grows with the square of the batch.

    Args:
        logits: scores of the classes for a batch of examples.
        labels: class of each example.
        bandwidth: of the kernel, positive.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> mmce([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]))
        Array(0.5, dtype=float32)

    Reference: Kumar et al. 2018, https://proceedings.mlr.press/v80/kumar18a.html.
    """
    given = _answers(logits, labels, where)
    (bandwidth,) = hyperparameters(of_rows(given.share), bandwidth=bandwidth)
    gap = given.share * (given.right - given.confidence)
    r = given.confidence
    kernel = jnp.exp(-absolute(r[..., :, None] - r[..., None, :]) / along(bandwidth, 2))
    square = jnp.sum(gap[..., :, None] * gap[..., None, :] * kernel, axis=(-2, -1))
    return given.checked(safe_sqrt(square))


def soft_ece(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    bins: int = 15,
    temperature: ArrayLike = 0.01,
    order: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a small expected calibration error, with bins that examples belong to by degrees.

    Formula: with `r` and `c` as for `mmce`, centres `m[b] = (b + 1 / 2) / bins` and
    `u[i, b] = softmax_b(-(r[i] - m[b])**2 / temperature)`,
    `(sum_b(sum_i(u[i, b]) / n * abs(sum_i(u[i, b] * (r[i] - c[i])) / sum_i(u[i, b]))**order))
    **(1 / order)`; gradient 0 where it is 0.

    Args:
        logits: scores of the classes for a batch of examples.
        labels: class of each example.
        bins: how many.
        temperature: how far bins reach, in squared probability; positive.
        order: of the mean over bins, at least 1.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> soft_ece([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]))
        Array(0.5, dtype=float32)

    Reference: Karandikar et al. 2021, arXiv:2108.00106.
    """
    given = _answers(logits, labels, where)
    like = of_rows(given.share)
    temperature, order = hyperparameters(like, temperature=temperature, order=order)
    centres = (jnp.arange(bins, dtype=given.share.dtype) + 0.5) / bins
    centres = centres.reshape(*(1,) * given.share.ndim, bins)
    far = jnp.square(given.confidence[..., None] - centres) / along(temperature, 2)
    log_degrees = log_softmax(-far)
    mass = given.mean(jnp.exp(log_degrees))
    # Shares of each bin by logarithms: a quotient of masses of far bins would underflow.
    log_shares = log_softmax(jnp.swapaxes(log_degrees, -1, -2), where=given.kept[..., None, :])
    gap = (given.confidence - given.right)[..., None, :]
    size = absolute(jnp.sum(jnp.exp(log_shares) * gap, axis=-1))
    whole = jnp.sum(mass * safe_power(size, along(order)), axis=-1)
    return given.checked(safe_power(whole, 1 / order))


def avuc(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    threshold: ArrayLike = 0.5,
    eps: ArrayLike = 1e-10,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward certainty where the likeliest class is right, and uncertainty where it is wrong.

    Formula: with `r` and `c` as for `mmce`, `h` the entropy in nats, `t = tanh(h)` and an example
    certain if `h <= threshold`, `good = sum(r * (1 - t))` over those right and certain
    `+ sum((1 - r) * t)` over those wrong and uncertain, and `bad = sum(r * t)` over those right and
    uncertain `+ sum((1 - r) * (1 - t))` over those wrong and certain,
    `log((good + bad + eps) / (good + eps))`.

    Args:
        logits: scores of the classes for a batch of examples.
        labels: class of each example.
        threshold: of the entropy; no gradient. The mean of the entropies of right and wrong
            examples of an epoch serves.
        eps: floor of both counts, positive.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> avuc([[0.0, 0.0], [9.0, 0.0]], jnp.array([1, 0]))
        Array(0., dtype=float32)

    Reference: Krishnan and Tickoo 2020, arXiv:2012.07923.
    """
    given = _answers(logits, labels, where)
    threshold, eps = hyperparameters(of_rows(given.share), threshold=threshold, eps=eps)
    entropy = -negative_entropy(given.log_p)
    certain = entropy <= along(threshold)
    right = given.right == 1
    unsure = jnp.tanh(entropy)
    weight = jnp.where(right, given.confidence, 1 - given.confidence)
    counted = weight * jnp.where(certain, 1 - unsure, unsure)

    def total(which: Array) -> Array:
        return jnp.sum(jnp.where(which & given.kept, counted, 0), axis=-1)

    good, bad = total(right == certain), total(right != certain)
    return given.checked(jnp.log1p(bad / (good + eps)))


def dca(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a mean confidence that is the accuracy.

    Formula: with `r` and `c` as for `mmce`, `abs(mean(c) - mean(r))`; gradient 0 where it is 0.

    Args:
        logits: scores of the classes for a batch of examples.
        labels: class of each example.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> dca([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]))
        Array(0.5, dtype=float32)

    Reference: Liang et al. 2020, arXiv:2009.04057.
    """
    given = _answers(logits, labels, where)
    return given.checked(absolute(given.mean(given.right - given.confidence)))


def mdca(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a mean probability of each class that is its share of the batch.

    Formula: with `p = softmax(logits)` and `y` one-hot, `mean(abs(mean(p) - mean(y)))`, the inner
    means over the examples, the outer one over the classes; gradient 0 where it is 0.

    Args:
        logits: scores of the classes for a batch of examples.
        labels: class of each example.
        where: examples that count.

    Returns:
        One value for each batch.

    Example:
        >>> mdca([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]))
        Array(0.5, dtype=float32)

    Reference: Hebbalaguppe et al. 2022, arXiv:2203.13834.
    """
    given = _answers(logits, labels, where)
    count = given.log_p.shape[-1]
    truth = one_hot(given.labels, count).astype(given.log_p.dtype)
    gaps = absolute(given.mean(jnp.exp(given.log_p) - truth))
    return given.checked(jnp.sum(gaps, axis=-1) / max(count, 1))


def margin_smoothing(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 10.0,
    weight: ArrayLike = 0.1,
) -> Float[Array, "*batch"]:
    """Reward the right class by scores that do not run away from the others.

    Formula: `softmax_cross_entropy(logits, labels)
    + weight * sum(max(0, max(logits) - logits - margin))`, margin-based label smoothing; gradient 0
    at the kinks.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        margin: by which scores may lie below the highest for free; 0 makes it label smoothing in
            disguise.
        weight: of what is beyond.

    Returns:
        One value for each example.

    Example:
        >>> margin_smoothing([0.0, 12.0], jnp.array(1), weight=1.0)
        Array(2., dtype=float32)

    Reference: Liu et al. 2022, arXiv:2111.15430.
    """
    scores, labels = check_labels(logits, labels)
    margin, weight = hyperparameters(of_rows(scores), margin=margin, weight=weight)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    possible = scores > -jnp.inf
    finite = jnp.where(possible, scores, 0)
    top = pick(finite, jnp.argmax(scores, axis=-1))
    beyond = jnp.where(possible, relu(top[..., None] - finite - along(margin)), 0)
    value = weight * jnp.sum(beyond, axis=-1) - pick(log_softmax(scores), labels)
    return known(jnp.where(some, value, 0), labels, scores.shape[-1])


def temperature_scaled(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    log_temperature: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Reward a temperature at which the probabilities of a trained network are right.

    Formula: `softmax_cross_entropy(logits / exp(log_temperature), labels)`, convex in the inverse
    temperature. Minimise it in `log_temperature` alone, on data that the network has not seen.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        log_temperature: logarithm of what logits are divided by; one number, or one for each
            example.

    Returns:
        One value for each example.

    Example:
        >>> temperature_scaled([0.0, 2.0], jnp.array(0), log_temperature=jnp.log(2.0))
        Array(1.3133, dtype=float32)

    Reference: Guo et al. 2017, arXiv:1706.04599.
    """
    scores, labels = check_labels(logits, labels)
    (level,) = hyperparameters(of_rows(scores), log_temperature=log_temperature)
    possible = scores > -jnp.inf
    scaled = jnp.where(possible, scores, 0) * jnp.exp(-along(level))
    log_p = log_softmax(scaled, where=possible)
    value = jnp.where(jnp.any(possible, axis=-1), -pick(log_p, labels), 0)
    return known(value, labels, scores.shape[-1])
