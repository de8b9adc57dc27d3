"""Masks: which pixels belong to a thing, judged as a whole and not pixel by pixel.

The pixels of one image are one list, on the last axis (before the classes, if there are some), and
each image gives one value: reshape `(*batch, height, width)`, or any volume, to
`(*batch, height * width)`, or pass a whole batch as one list of pixels. `where` leaves pixels out,
as those that are void.

Losses of one mask take log-odds and bits (several masks that may overlap are several examples);
those of classes that exclude each other, `softmax_*` and `generalized_*`, take scores and labels
and give the mean over classes: over those `"present"` among the labels, or over `"all"`.
`class_weights` of 0 leave out a class, as the background.

`smoothing` is a number of pixels that count as right in every mask, so that a thing which is not
there costs the less the fewer pixels are taken for it, and 0 if none are. Without it anything costs
1 there, with gradient 0. A list without pixels costs 0.

Lovász losses are in `jaxloss.lovasz`, what uses distances or shapes of masks instead of their sizes
in `jaxloss.boundary`. Sums, as Dice and cross-entropy, are terms of a `jaxloss.objective`; those
that have a paper of their own are in `jaxloss.compound`.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core import overlap
from jaxloss.core.checks import (
    along,
    class_vector,
    hyperparameters,
    of_rows,
    promote,
)
from jaxloss.core.numerics import (
    relu,
    safe_divide,
    safe_power,
    safe_sqrt,
)


def dice(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    smoothing: ArrayLike = 1.0,
    sizes: Literal["linear", "squared"] = "linear",
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the overlap of a mask with the true one, against the mean of their sizes (soft Dice).

    Formula: with `p = sigmoid(logits)`,
    `1 - (2 * sum(p * target) + smoothing) / (sum(p) + sum(target) + smoothing)`; squared sizes are
    `sum(p**2)` and `sum(target**2)`, as in V-Net.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        smoothing: added to numerator and denominator.
        sizes: whether the size of a mask is its sum or its sum of squares.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> dice([[0.0, 0.0], [9.0, -9.0]], [[1, 0], [0, 0]])
        Array([0.3333, 0.5   ], dtype=float32)

    Reference: Milletari et al. 2016, arXiv:1606.04797; linear, Drozdzal et al. 2016,
        arXiv:1608.04117.
    """
    masks = overlap.of_masks(logits, target, where, squared=sizes == "squared")
    (smoothing,) = hyperparameters(masks.shared, smoothing=smoothing)
    return overlap.missed(masks, 0.5, 0.5, smoothing / 2)


def jaccard(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    smoothing: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the overlap of a mask with the true one, against their union (soft IoU).

    Formula: with `p = sigmoid(logits)`, `shared = sum(p * target)` and
    `union = sum(p) + sum(target) - shared`, `1 - (shared + smoothing) / (union + smoothing)`.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        smoothing: added to numerator and denominator.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> jaccard([0.0, 0.0], [1, 0], smoothing=0.0)
        Array(0.6667, dtype=float32)

    Reference: Rahman and Wang 2016, doi:10.1007/978-3-319-50835-1_22.
    """
    masks = overlap.of_masks(logits, target, where)
    (smoothing,) = hyperparameters(masks.shared, smoothing=smoothing)
    return overlap.missed(masks, 1, 1, smoothing)


def tversky(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    alpha: ArrayLike = 0.3,
    beta: ArrayLike = 0.7,
    gamma: ArrayLike = 1.0,
    smoothing: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward overlap where what is missed and what is too much cost differently (focal Tversky).

    Formula: with `p = sigmoid(logits)`, `tp = sum(p * target)`, `fp = sum(p * (1 - target))` and
    `fn = sum((1 - p) * target)`,
    `(1 - (tp + smoothing) / (tp + alpha * fp + beta * fn + smoothing))**gamma`. With `alpha` and
    `beta` both 1/2 it is Dice (of twice the smoothing), both 1 Jaccard, 0 and 1 recall. Gradient 0
    for a perfect mask.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        alpha: cost of false positives, non-negative.
        beta: cost of false negatives, non-negative.
        gamma: exponent, positive; the focal Tversky loss has 3/4, which is the inverse of the
            paper's gamma, and pays more attention to masks that are nearly right.
        smoothing: added to numerator and denominator.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> tversky([0.0, 0.0], [1, 0], smoothing=0.0)
        Array(0.5, dtype=float32)

    Reference: Salehi et al. 2017, arXiv:1706.05721; with gamma, Abraham and Khan 2018,
        arXiv:1810.07842.
    """
    masks = overlap.of_masks(logits, target, where)
    alpha, beta, gamma, smoothing = hyperparameters(
        masks.shared, alpha=alpha, beta=beta, gamma=gamma, smoothing=smoothing
    )
    return safe_power(overlap.missed(masks, alpha, beta, smoothing), gamma)


def mcc(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the correlation of a mask with the true one (Matthews), background and all.

    Formula: with `p = sigmoid(logits)` and soft counts `tp`, `fp`, `fn`, `tn`,
    `1 - (tp * tn - fp * fn) / sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))`. Where one of
    the masks is all or nothing there is no correlation: it is 1, with gradient 0, unless both are
    exactly the same.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        where: pixels that count.

    Returns:
        One value for each list of pixels, in [0, 2].

    Example:
        >>> mcc([1.0, -1.0], [1, 0])
        Array(0.5379, dtype=float32)

    Reference: Abhishek and Hamarneh 2020, arXiv:2010.13454.
    """
    masks = overlap.of_masks(logits, target, where)
    # Of shares rather than counts, whose products are large.
    shared, pred, true = (safe_divide(size, masks.pixels) for size in masks[:3])
    spread = safe_sqrt(relu(pred * (1 - pred))) * safe_sqrt(relu(true * (1 - true)))
    exact = (pred == shared) & (true == shared)
    unlike = jnp.where(exact, 0, 1 - safe_divide(shared - pred * true, spread))
    return unlike.astype(shared.dtype)


def sensitivity_specificity(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    weight: ArrayLike = 0.05,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Weigh the squared error inside the true mask against that outside, however large each is.

    Formula: with `e = (target - sigmoid(logits))**2`, `weight * sum(e * target) / sum(target) +
    (1 - weight) * sum(e * (1 - target)) / sum(1 - target)`; a part without pixels costs 0.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits.
        weight: of the inside (the sensitivity), in [0, 1].
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> sensitivity_specificity([0.0, 0.0, 9.0], [1, 0, 0])
        Array(0.6061, dtype=float32)

    Reference: Brosch et al. 2015, doi:10.1007/978-3-319-24574-4_1.
    """
    p, inside, kept = overlap.pixels(logits, target, where)
    (weight,) = hyperparameters(of_rows(p), weight=weight)
    error = jnp.square(inside - p)

    def mean_over(part: Array) -> Array:
        return safe_divide(jnp.sum(error * part, axis=-1), jnp.sum(part, axis=-1))

    return weight * mean_over(inside) + (1 - weight) * mean_over(jnp.where(kept, 1 - inside, 0))


def softmax_dice(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    smoothing: ArrayLike = 1.0,
    sizes: Literal["linear", "squared"] = "linear",
    classes: Literal["present", "all"] = "all",
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the mean overlap of the masks of the classes with the true ones.

    Formula: `dice` of each class, with `p = softmax(logits)`; then the mean over classes. A label
    outside `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        smoothing: added to numerator and denominator.
        sizes: whether the size of a mask is its sum or its sum of squares.
        classes: which the mean is over: those `"present"` among the labels, or `"all"`.
        class_weights: of each class in the mean; 0 leaves it out.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> softmax_dice([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]), smoothing=0.0)
        Array(0.6667, dtype=float32)

    Reference: Milletari et al. 2016, arXiv:1606.04797; linear, Drozdzal et al. 2016,
        arXiv:1608.04117.
    """
    masks = overlap.of_classes(logits, labels, where, squared=sizes == "squared")
    (smoothing,) = hyperparameters(of_rows(masks.sizes.shared), smoothing=smoothing)
    values = overlap.missed(masks.sizes, 0.5, 0.5, along(smoothing / 2))
    return overlap.mean(values, masks, classes, class_weights)


def softmax_jaccard(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    smoothing: ArrayLike = 1.0,
    classes: Literal["present", "all"] = "all",
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the mean intersection over union of the masks of the classes with the true ones.

    Formula: `jaccard` of each class, with `p = softmax(logits)`; then the mean over classes. A
    label outside `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        smoothing: added to numerator and denominator.
        classes: which the mean is over: those `"present"` among the labels, or `"all"`.
        class_weights: of each class in the mean; 0 leaves it out.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> softmax_jaccard([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]), smoothing=0.0)
        Array(0.75, dtype=float32)

    Reference: Rahman and Wang 2016, doi:10.1007/978-3-319-50835-1_22.
    """
    masks = overlap.of_classes(logits, labels, where)
    (smoothing,) = hyperparameters(of_rows(masks.sizes.shared), smoothing=smoothing)
    values = overlap.missed(masks.sizes, 1, 1, along(smoothing))
    return overlap.mean(values, masks, classes, class_weights)


def softmax_tversky(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    alpha: ArrayLike = 0.3,
    beta: ArrayLike = 0.7,
    gamma: ArrayLike = 1.0,
    smoothing: ArrayLike = 1.0,
    classes: Literal["present", "all"] = "all",
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Mean over classes of overlap where what is missed and what is too much cost differently.

    Formula: `tversky` of each class, with `p = softmax(logits)`; then the mean over classes. A
    label outside `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        alpha: cost of false positives, non-negative.
        beta: cost of false negatives, non-negative.
        gamma: exponent of the loss of each class, positive; 3/4 in the focal Tversky loss.
        smoothing: added to numerator and denominator.
        classes: which the mean is over: those `"present"` among the labels, or `"all"`.
        class_weights: of each class in the mean; 0 leaves it out.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> softmax_tversky([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]), smoothing=0.0)
        Array(0.7059, dtype=float32)

    Reference: Salehi et al. 2017, arXiv:1706.05721; with gamma, Abraham and Khan 2018,
        arXiv:1810.07842.
    """
    masks = overlap.of_classes(logits, labels, where)
    alpha, beta, gamma, smoothing = map(
        along,
        hyperparameters(
            of_rows(masks.sizes.shared), alpha=alpha, beta=beta, gamma=gamma, smoothing=smoothing
        ),
    )
    values = safe_power(overlap.missed(masks.sizes, alpha, beta, smoothing), gamma)
    return overlap.mean(values, masks, classes, class_weights)


def generalized_dice(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    power: ArrayLike = 2.0,
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward overlap summed over classes, of which small ones weigh as much as large ones.

    Formula: with `p = softmax(logits)`, `r` the labels as one-hot, sums over pixels, and
    `w = class_weights / sum(r)**power`,
    `1 - 2 * sum_classes(w * sum(r * p)) / sum_classes(w * sum(r + p))`. A class without a pixel,
    whose weight would be infinite, takes no part. A label outside `[0, classes)` gives NaN with
    gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        power: how fast the weight of a class falls with its size; 2 in the paper, 0 for none.
        class_weights: of each class besides; 0 leaves it out.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> generalized_dice([[0.0, 0.0]] * 3, jnp.array([0, 0, 1]))
        Array(0.5556, dtype=float32)

    Reference: Sudre et al. 2017, arXiv:1707.03237.
    """
    sizes, unknown = overlap.of_classes(logits, labels, where)
    (power,) = map(along, hyperparameters(of_rows(sizes.shared), power=power))
    # Only their ratios count; in those to the smallest class none overflows.
    present = sizes.true > 0
    smallest = jnp.min(sizes.true, axis=-1, keepdims=True, initial=jnp.inf, where=present)
    ratio = jnp.where(present, smallest, 1) / jnp.where(present, sizes.true, 1)
    weights = jnp.where(present, safe_power(ratio, power), 0)
    if class_weights is not None:
        weights = weights * class_vector("class_weights", class_weights, weights)
    size = jnp.sum(weights * (sizes.pred + sizes.true), axis=-1)
    wrong = jnp.sum(weights * (sizes.pred + sizes.true - 2 * sizes.shared), axis=-1)
    return jnp.where(unknown, jnp.nan, safe_divide(wrong, size))


def generalized_wasserstein_dice(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    costs: Float[ArrayLike, "classes classes"],
    *,
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward overlap where confusing some classes costs less than confusing others.

    Formula: with `p = softmax(logits)` and the distance `d = sum_classes(costs[labels] * p)` of
    each pixel, `sum(d) / (2 * sum(class_weights[labels] * (1 - d)) + sum(d))`. A label outside
    `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        costs: distances of the classes (rows true, columns predicted) in [0, 1], 0 on the diagonal.
        class_weights: of what is right, for each class; by default the distance from class 0, the
            background, which then is no merit.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> costs = [[0.0, 1.0, 1.0], [1.0, 0.0, 0.5], [1.0, 0.5, 0.0]]
        >>> generalized_wasserstein_dice([[0.0, 0.0, 9.0]] * 2, jnp.array([1, 2]), costs)
        Array(0.1429, dtype=float32)

    Reference: Fidon et al. 2017, arXiv:1707.00478.
    """
    p, labels, kept, unknown = overlap.chances(logits, labels, where)
    (costs,) = (array.astype(p.dtype) for array in promote(costs=costs))
    count = p.shape[-1]
    if costs.shape != (count, count):
        raise ValueError(
            f"expected `costs` of shape {(count, count)} for `logits` {p.shape}, got {costs.shape}"
        )
    weights = costs[:, 0]
    if class_weights is not None:
        weights = class_vector("class_weights", class_weights, weights)
    index = jnp.clip(labels, 0, count - 1)
    apart = jnp.sum(costs[index] * p, axis=-1)
    right = jnp.sum(jnp.where(kept, weights[index] * (1 - apart), 0), axis=-1)
    wrong = jnp.sum(apart, axis=-1)
    return jnp.where(unknown, jnp.nan, safe_divide(wrong, 2 * right + wrong))
