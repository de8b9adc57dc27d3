"""Losses of ordered classes by a softmax over them: a near miss costs less than a far one.

The distance between two classes is that of their numbers. A class with the logit `-inf` takes no
part, and a label outside `[0, classes)` gives NaN with gradient 0. Losses by thresholds are in
`ordinal`. `binomial_logits` and `poisson_logits` make logits with a single peak of one score, for
any loss of classes.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import gammaln
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    classes,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    of_rows,
    promote,
    require,
)
from jaxloss.core.numerics import (
    known,
    log_softmax,
    one_hot,
    pick,
    product,
    safe_divide,
    safe_power,
    softplus,
)
from jaxloss.core.simplex import log_rests


def squared_earth_mover(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward predictions whose mass has a short way to the target (ranked probability score).

    Formula: with `p = softmax(logits)` and `q` the target (one-hot for labels),
    `sum((cumsum(p) - cumsum(q))**2)`.

    Args:
        logits: scores of the classes.
        target: labels, or distributions over the classes.

    Returns:
        One value for each example, at most one less than there are classes.

    Example:
        >>> squared_earth_mover([[0.0, 0.0, 0.0]] * 2, jnp.array([0, 1]))
        Array([0.5556, 0.2222], dtype=float32)

    Reference: Hou, Yu and Samaras 2016, arXiv:1611.05916; Epstein 1969,
        doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2.
    """
    logits, target = classes(logits=logits, target=target)
    p, some = _probabilities(logits)
    if jnp.issubdtype(target.dtype, jnp.integer):
        value = _squared_gaps(p, one_hot(target, logits.shape[-1]).astype(p.dtype))
        return known(jnp.where(some, value, 0), target, logits.shape[-1])
    return jnp.where(some, _squared_gaps(p, target), 0)


def weighted_kappa(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    power: ArrayLike = 2.0,
    eps: ArrayLike = 1e-6,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a list of predictions for agreeing with its labels more than chance would.

    Formula: with `p = softmax(logits)` and `d = abs(i - j)**power` between classes `i` and `j`,
    `log(mean(sum(d[labels] * p)) / mean_pairs(sum(d[labels] * p_other)) + eps)`: the logarithm of 1
    minus Cohen's weighted kappa. 0 where chance cannot be wrong, as for a list of a single class.

    Args:
        logits: scores of the classes of each example of a list (a batch).
        labels: class of each example.
        power: of the distance between classes, positive: 1 and 2 are linear and quadratic weights.
        eps: what perfect agreement leaves of the logarithm, positive.
        where: examples that count.

    Returns:
        One value for each list. A label outside `[0, classes)` gives NaN with gradient 0.

    Raises:
        ValueError: for logits without an axis of examples.

    Example:
        >>> weighted_kappa([[3.0, 0.0], [0.0, 3.0]], jnp.array([0, 1]))
        Array(-2.3554, dtype=float32)

    Reference: de la Torre, Puig and Valls 2018, doi:10.1016/j.patrec.2017.05.018.
    """
    logits, labels = check_labels(logits, labels)
    if labels.ndim == 0:
        raise ValueError(f"expected `logits` of shape (..., n, classes), got {logits.shape}")
    size = logits.shape[-1]
    kept = mask(where, labels)
    of_lists = jax.ShapeDtypeStruct(logits.shape[:-2], logits.dtype)
    power, eps = hyperparameters(of_lists, power=power, eps=eps)
    p, some = _probabilities(jnp.where(kept[..., None], logits, 0))
    counted = kept & some
    p = jnp.where(counted[..., None], p, 0)
    apart = safe_power(_distances(labels, size).astype(p.dtype), along(power, 2))
    apart = jnp.where(counted[..., None], apart, 0)
    seen = jnp.sum(apart * p, axis=(-2, -1))
    by_chance = jnp.sum(jnp.sum(apart, axis=-2) * jnp.sum(p, axis=-2), axis=-1)
    count = jnp.sum(counted, axis=-1, dtype=p.dtype)
    ratio = safe_divide(seen * count, by_chance)
    value = jnp.where(by_chance > 0, jnp.log(jnp.where(by_chance > 0, ratio, 1) + eps), 0)
    unknown = kept & ((labels < 0) | (labels >= size))
    return jnp.where(jnp.any(unknown, axis=-1), jnp.nan, value)


def soft_ordinal(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    scale: ArrayLike = 1.0,
    power: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward the classes around the label too, the less the farther they are off (SORD).

    Formula: with `q = softmax(-scale * abs(k - labels)**power)` over the classes `k`,
    `sum(q * (log(q) - log_softmax(logits)))`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        scale: of the distance, non-negative; cross-entropy in the limit of infinity.
        power: of the distance, positive.

    Returns:
        One value for each example.

    Example:
        >>> soft_ordinal([[0.0, 0.0, 0.0]], jnp.array([0]))
        Array([0.4538], dtype=float32)

    Reference: Díaz and Marathe 2019, doi:10.1109/CVPR.2019.00487.
    """
    logits, labels = check_labels(logits, labels)
    scale, power = hyperparameters(of_rows(logits), scale=scale, power=power)
    heights = _heights(labels, logits, scale, power)
    return known(_divergence(heights, logits), labels, logits.shape[-1])


def soft_labels(
    labels: Int[ArrayLike, "*batch"], *, count: int, scale: ArrayLike = 1.0, power: ArrayLike = 2.0
) -> Float[Array, "*batch classes"]:
    """Distributions around labels: `softmax(-scale * abs(k - labels)**power)`.

    Args:
        labels: class of each example. One out of range gives NaN.
        count: of classes.
        scale: of the distance, non-negative.
        power: of the distance, positive.

    Example:
        >>> soft_labels(jnp.array([0]), count=3)
        Array([[0.7214, 0.2654, 0.0132]], dtype=float32)

    Reference: Díaz and Marathe 2019, doi:10.1109/CVPR.2019.00487.
    """
    labels = indices("labels", labels, jnp.shape(labels), count)
    like = jnp.zeros((*labels.shape, count))
    scale, power = hyperparameters(of_rows(like), scale=scale, power=power)
    soft = jnp.exp(log_softmax(_heights(labels, like, scale, power)))
    return known(soft, labels[..., None], count)


def label_distribution(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch"],
    *,
    sigma: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward predictions that are spread around a position as a bell curve is (DLDL).

    Formula: with `q = softmax(-(k - target)**2 / (2 * sigma**2))` over the classes `k`,
    `sum(q * (log(q) - log_softmax(logits)))`.

    Args:
        logits: scores of the classes, which stand at 0, 1, 2 ...
        target: positions, in `[0, classes - 1]`. One outside gives NaN with gradient 0.
        sigma: deviation, positive, in classes.

    Returns:
        One value for each example.

    Raises:
        ValueError: for positions that are not one for each row of the logits.

    Example:
        >>> label_distribution([[0.0, 0.0, 0.0]], [1.0])
        Array([0.0302], dtype=float32)

    Reference: Gao et al. 2017, arXiv:1611.01731.
    """
    logits, target = promote(logits=logits, target=target)
    if logits.ndim == 0 or target.shape != logits.shape[:-1]:
        raise ValueError(
            f"expected `target` with one position for each row of `logits` {logits.shape}, "
            f"got {target.shape}"
        )
    last = logits.shape[-1] - 1
    inside = (target >= 0) & (target <= last)
    require(
        lambda: inside,
        f"`target` holds a label outside [0, {last}]: mask padding with jaxloss.masked",
    )
    (sigma,) = hyperparameters(of_rows(logits), sigma=sigma)
    away = (_places(logits).astype(logits.dtype) - jnp.where(inside, target, 0)[..., None]) / along(
        sigma
    )
    return jnp.where(inside, _divergence(-jnp.square(away) / 2, logits), jnp.nan)


def class_distance_cross_entropy(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 5.0,
) -> Float[Array, "*batch"]:
    """Reward every class but the label's for being unlikely, the more the farther it is off.

    Formula: with `p = softmax(logits)`, `-sum(log(1 - p) * abs(k - labels)**alpha)` over the
    classes `k`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        alpha: power of the distance, positive.

    Returns:
        One value for each example.

    Example:
        >>> class_distance_cross_entropy([[0.0, 0.0, 0.0]], jnp.array([0]), alpha=1.0)
        Array([1.2164], dtype=float32)

    Reference: Polat, Ergenc and Temizel 2022, arXiv:2202.05167.
    """
    logits, labels = check_labels(logits, labels)
    (alpha,) = hyperparameters(of_rows(logits), alpha=alpha)
    distances = safe_power(_distances(labels, logits.shape[-1]).astype(logits.dtype), along(alpha))
    value = jnp.sum(product(distances, -log_rests(log_softmax(logits))), axis=-1)
    some = jnp.any(logits > -jnp.inf, axis=-1)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def mean_variance(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    mean_weight: ArrayLike = 0.2,
    variance_weight: ArrayLike = 0.05,
) -> Float[Array, "*batch"]:
    """Cross-entropy, and predictions that are narrow around the number of the label.

    Formula: with `p = softmax(logits)`, `m = sum(k * p)` over the classes `k`,
    `-log(p[labels]) + mean_weight * (m - labels)**2 / 2 + variance_weight * sum(p * (k - m)**2)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        mean_weight: of the error of the mean.
        variance_weight: of the variance.

    Returns:
        One value for each example.

    Example:
        >>> mean_variance([[0.0, 0.0, 0.0]], jnp.array([0]))
        Array([1.2319], dtype=float32)

    Reference: Pan et al. 2018, doi:10.1109/CVPR.2018.00554.
    """
    logits, labels = check_labels(logits, labels)
    p, some = _probabilities(logits)
    hyper = hyperparameters(
        of_rows(logits), mean_weight=mean_weight, variance_weight=variance_weight
    )
    places = _places(logits).astype(p.dtype)
    # From the label, so that a sum of small numbers is small.
    off = places - labels.astype(p.dtype)[..., None]
    mean = jnp.sum(p * off, axis=-1)
    variance = jnp.sum(p * jnp.square(off - mean[..., None]), axis=-1)
    value = -pick(log_softmax(logits), labels)
    value = value + hyper[0] * jnp.square(mean) / 2 + hyper[1] * variance
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def binomial_logits(
    scores: Float[ArrayLike, "*shape"], *, count: int
) -> Float[Array, "*shape classes"]:
    """Log-probabilities of classes with one peak, those of `count - 1` throws of a biased coin.

    Divided by a temperature they serve any loss of classes, for predictions with one peak.

    Args:
        scores: log-odds of the coin.
        count: of classes.

    Example:
        >>> jnp.exp(binomial_logits([0.0], count=3))
        Array([[0.25, 0.5 , 0.25]], dtype=float32)

    Reference: Beckham and Pal 2017, arXiv:1705.05278.
    """
    (scores,) = promote(scores=scores)
    yes = _numbers(scores, count)
    no = count - 1 - yes
    ways = gammaln(jnp.asarray(count, scores.dtype)) - gammaln(yes + 1) - gammaln(no + 1)
    return ways - yes * softplus(-scores)[..., None] - no * softplus(scores)[..., None]


def poisson_logits(
    scores: Float[ArrayLike, "*shape"], *, count: int
) -> Float[Array, "*shape classes"]:
    """Logits of classes with one peak: those of a Poisson distribution cut off behind the last.

    Args:
        scores: logarithm of the rate.
        count: of classes.

    Returns:
        `k * scores - log(k!)`; what is the same for all classes is left out.

    Example:
        >>> jnp.exp(poisson_logits([0.0], count=3))
        Array([[1. , 1. , 0.5]], dtype=float32)

    Reference: Beckham and Pal 2017, arXiv:1705.05278.
    """
    (scores,) = promote(scores=scores)
    k = _numbers(scores, count)
    return k * scores[..., None] - gammaln(k + 1)


def _numbers(scores: Array, count: int) -> Array:
    """0, 1 ... along a new last axis."""
    shape = (*(1,) * scores.ndim, count)
    return lax.broadcasted_iota(scores.dtype, shape, scores.ndim)


def _places(logits: Array) -> Array:
    """Numbers of the classes, of the rank of the logits."""
    shape = (*(1,) * (logits.ndim - 1), logits.shape[-1])
    return lax.broadcasted_iota(jnp.int32, shape, logits.ndim - 1)


def _distances(labels: Array, count: int) -> Array:
    """How far each class is from each label."""
    shape = (*(1,) * labels.ndim, count)
    return jnp.abs(lax.broadcasted_iota(labels.dtype, shape, labels.ndim) - labels[..., None])


def _heights(labels: Array, like: Array, scale: Array, power: Array) -> Array:
    distances = _distances(labels, like.shape[-1]).astype(like.dtype)
    return -along(scale) * safe_power(distances, along(power))


def _probabilities(logits: Array) -> tuple[Array, Array]:
    """The softmax, and in which rows a class takes part."""
    return jnp.exp(log_softmax(logits)), jnp.any(logits > -jnp.inf, axis=-1)


def _squared_gaps(p: Array, q: Array) -> Array:
    return jnp.sum(jnp.square(jnp.cumsum(p - q, axis=-1)), axis=-1)


def _divergence(heights: Array, logits: Array) -> Array:
    """KL to a prediction from the softmax of heights over the classes that take part."""
    part = logits > -jnp.inf
    log_q, log_p = log_softmax(heights, where=part), log_softmax(logits)
    gap = jnp.where(part, log_q, 0) - jnp.where(part, log_p, 0)
    return jnp.sum(jnp.where(part, jnp.exp(log_q), 0) * gap, axis=-1)
