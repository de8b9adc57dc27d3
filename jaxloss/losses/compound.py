"""Compound losses of masks: overlap and cross-entropy in one, as papers put them together.

Overlap looks at a mask as a whole, whatever its size; cross-entropy looks at each pixel, and its
gradient does not vanish where a pixel is quite wrong. Plain sums of two losses are terms of a
`jaxloss.objective`; here is what a paper gave a name and hyperparameters of its own.

As in `jaxloss.segmentation`, the pixels of one image are one list and give one value; `where`
leaves pixels out, `smoothing` counts as right in every mask, and a list without pixels costs 0.
`nacl` looks at neighbours: it takes images, of which `num_axes` says how many axes are space.
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
    labels as check_labels,
    mask,
    of_rows,
    vectors,
)
from jaxloss.core.images import at_least, filtered
from jaxloss.core.numerics import (
    absolute,
    log_cosh,
    log_total,
    one_hot,
    pick,
    product,
    safe_power,
    shifted,
    softplus,
)
from jaxloss.core.reduce import mean
from jaxloss.losses.classification import softmax_cross_entropy
from jaxloss.losses.segmentation import dice


def log_cosh_dice(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    smoothing: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Dice loss made smooth: quadratic for masks that are nearly right.

    Formula: `log(cosh(dice(logits, target)))`.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        smoothing: as in `segmentation.dice`.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> log_cosh_dice([0.0, 0.0], [1, 0])
        Array(0.0546, dtype=float32)

    Reference: Jadon 2020, arXiv:2006.14822.
    """
    return log_cosh(dice(logits, target, smoothing=smoothing, where=where))


def combo(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    alpha: ArrayLike = 0.5,
    beta: ArrayLike = 0.5,
    smoothing: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Weigh cross-entropy, in which misses and false alarms cost differently, against Dice.

    Formula: with `p = sigmoid(logits)`,
    `alpha * -mean(beta * target * log(p) + (1 - beta) * (1 - target) * log(1 - p)) + (1 - alpha) *
    dice(logits, target)`. The paper takes the Dice index away instead of adding the loss: a
    difference of `1 - alpha`.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        alpha: weight of the cross-entropy, in [0, 1].
        beta: cost of what is missed, in [0, 1], the rest being that of what is too much.
        smoothing: as in `segmentation.dice`.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> combo([0.0, 0.0], [1, 0], smoothing=0.0)
        Array(0.4233, dtype=float32)

    Reference: Taghanaki et al. 2019, arXiv:1805.02798.
    """
    sizes = overlap.of_masks(logits, target, where)
    alpha, beta, smoothing = hyperparameters(
        sizes.shared, alpha=alpha, beta=beta, smoothing=smoothing
    )
    z, t, kept = _counted(logits, target, where)
    yes, no = along(beta), 1 - along(beta)
    entropy = mean(yes * t * softplus(-z) + no * (1 - t) * softplus(z), where=kept, axis=-1)
    return alpha * entropy + (1 - alpha) * overlap.missed(sizes, 0.5, 0.5, smoothing / 2)


def unified_focal(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    form: Literal["asymmetric", "symmetric"] = "asymmetric",
    weight: ArrayLike = 0.5,
    delta: ArrayLike = 0.6,
    gamma: ArrayLike = 0.5,
    smoothing: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Focal loss and focal Tversky loss with one set of hyperparameters, for small structures.

    Formula: with `p = sigmoid(logits)` and `u(p, t)` the Tversky loss of `delta` for what is missed
    and `1 - delta` for what is too much, the asymmetric form is `weight * -mean(delta * target *
    log(p) + (1 - delta) * (1 - target) * p**gamma * log(1 - p)) + (1 - weight) * (u(p,
    target)**(1 - gamma) + u(1 - p, 1 - target)) / 2`: the easy background is discounted, the
    structure enhanced. The symmetric form treats both alike: `log(p)` times `(1 - p)**gamma`, and
    the second `u` to the power of `1 - gamma` too.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits, or degrees of belonging.
        form: whether only the background is discounted and only the structure enhanced, or both.
        weight: of the focal loss, in [0, 1].
        delta: cost of what is missed, in [0, 1]; in the second `u` of missed background.
        gamma: how much is discounted and enhanced, in [0, 1).
        smoothing: added to numerator and denominator of both Tversky indices.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> unified_focal([0.0, 0.0], [1, 0], smoothing=0.0)
        Array(0.4548, dtype=float32)

    Reference: Yeung et al. 2021, arXiv:2102.04525. Its symmetric form is printed with other
        exponents, which are these for its gamma of 1/2.
    """
    z, t, kept = _counted(logits, target, where)
    like = of_rows(z)
    weight, delta, gamma, smoothing = hyperparameters(
        like, weight=weight, delta=delta, gamma=gamma, smoothing=smoothing
    )
    both = form == "symmetric"

    def focal(z: Array, *, discounted: bool) -> Array:
        return jnp.exp(-along(gamma) * softplus(z)) * softplus(-z) if discounted else softplus(-z)

    def missed(z: Array, t: Array, *, enhanced: bool) -> Array:
        value = overlap.missed(overlap.of_masks(z, t, kept), 1 - delta, delta, smoothing)
        return safe_power(value, 1 - gamma) if enhanced else value

    yes, no = along(delta), 1 - along(delta)
    costs = yes * t * focal(z, discounted=both) + no * (1 - t) * focal(-z, discounted=True)
    unlike = missed(z, t, enhanced=True) + missed(-z, 1 - t, enhanced=both)
    return weight * mean(costs, where=kept, axis=-1) + (1 - weight) * unlike / 2


def exponential_logarithmic(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    weight: ArrayLike = 0.8,
    dice_gamma: ArrayLike = 0.3,
    cross_gamma: ArrayLike = 0.3,
    smoothing: ArrayLike = 1.0,
    class_weights: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Powers of the logarithms of Dice and of probabilities, for structures of very unlike sizes.

    Formula: with `p = softmax(logits)` and `d` the Dice index of each class,
    `weight * mean_classes((-log(d))**dice_gamma) + (1 - weight) * mean_pixels(class_weights[labels]
    * (-log(p[labels]))**cross_gamma)`. Exponents below 1 make what is nearly right pull hardest. A
    label outside `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        weight: of the part of Dice, in [0, 1].
        dice_gamma: exponent of the part of Dice, positive.
        cross_gamma: exponent of the part of cross-entropy, positive.
        smoothing: as in `segmentation.dice`; positive, since without it a class of which no pixel
            is found costs infinity.
        class_weights: of the pixels of each class in the cross-entropy; in the paper, the square
            root of one over the share of the class in the training data.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> exponential_logarithmic([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 1]))
        Array(0.7894, dtype=float32)

    Reference: Wong et al. 2018, arXiv:1809.00076.
    """
    masks = overlap.of_classes(logits, labels, where)
    sizes = masks.sizes
    weight, dice_gamma, cross_gamma, smoothing = hyperparameters(
        of_rows(sizes.shared),
        weight=weight,
        dice_gamma=dice_gamma,
        cross_gamma=cross_gamma,
        smoothing=smoothing,
    )
    right = sizes.shared + along(smoothing / 2)
    wrong = (sizes.pred - sizes.shared + sizes.true - sizes.shared) / 2
    some = right > 0
    # The logarithm of one over the index, which keeps its digits where that is nearly 1.
    bent = safe_power(jnp.log1p(wrong / jnp.where(some, right, 1)), along(dice_gamma))
    of_dice = jnp.mean(jnp.where(some, bent, jnp.where(wrong > 0, jnp.inf, 0)), axis=-1)

    logits, labels = check_labels(logits, labels)
    kept = mask(where, labels)
    scores, _ = shifted(jnp.where(kept[..., None], logits, 0))
    hit = one_hot(labels, scores.shape[-1])
    # What the others have over the right class keeps its digits where it is nearly certain.
    gap = log_total(jnp.where(hit, -jnp.inf, scores)) - pick(scores, labels)
    possible = gap < jnp.inf
    bent = safe_power(softplus(jnp.where(possible, gap, 0)), along(cross_gamma))
    bent = jnp.where(possible, bent, jnp.inf)
    if class_weights is not None:
        weights = class_vector("class_weights", class_weights, scores)
        bent = product(pick(jnp.broadcast_to(weights, scores.shape), labels), bent)
    of_pixels = mean(bent, where=kept, axis=-1)
    return jnp.where(masks.unknown, jnp.nan, weight * of_dice + (1 - weight) * of_pixels)


def nacl(
    logits: Float[ArrayLike, "..."],
    labels: Int[ArrayLike, "..."],
    *,
    alpha: ArrayLike = 0.1,
    penalty: Literal["l1", "l2"] = "l1",
    window: Float[ArrayLike, " size"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Keep scores near the shares of the classes around a pixel, so that none is too sure (NACL).

    Formula: `mean(softmax_cross_entropy(logits, labels)) + alpha * mean(abs(shares - logits))`, or
    of squares, over pixels, and over those classes that no logit of `-inf` masks. The shares are
    sums of the window over the neighbours of each class; beyond the border there is no class. A
    label outside `[0, classes)` gives NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel, shape `*batch *space classes`.
        labels: class of each pixel, shape `*batch *space`.
        alpha: weight of the penalty, non-negative.
        penalty: whether distances count as they are or squared.
        window: weights of neighbours along each axis, an odd number of sum 1; three that are equal
            by default.
        num_axes: how many axes are space: 2 for images, 3 for volumes.

    Returns:
        One value for each image.

    Raises:
        ValueError: for images without pixels, and for windows of an even number of weights.

    Example:
        >>> nacl(jnp.zeros((1, 3, 2)), jnp.array([[0, 1, 1]]))
        Array(0.7061, dtype=float32)

    Reference: Murugesan et al. 2023, arXiv:2303.06268; squares, 2024, arXiv:2401.14487.
    """
    logits, labels = check_labels(logits, labels)
    if labels.ndim < num_axes:
        raise ValueError(
            f"expected `logits` with {num_axes} axes of space and one of classes, "
            f"got shape {logits.shape}"
        )
    at_least(1, logits, num_axes, name="logits")
    weights = jnp.full(3, 1 / 3) if window is None else jnp.asarray(window)
    if weights.ndim != 1 or weights.shape[0] % 2 == 0:
        raise ValueError(f"expected `window` of an odd number of weights, got {weights.shape}")
    space = tuple(range(-num_axes, 0))
    count = logits.shape[-1]
    entropy = jnp.mean(softmax_cross_entropy(logits, labels), axis=space)
    (alpha,) = hyperparameters(entropy, alpha=alpha)

    hot = jnp.moveaxis(one_hot(labels, count).astype(logits.dtype), -1, -num_axes - 1)
    beyond = [(0, 0)] * (hot.ndim - num_axes) + [(weights.shape[0] // 2,) * 2] * num_axes
    shares = filtered(jnp.pad(hot, beyond), weights.astype(logits.dtype), num_axes)
    possible = logits > -jnp.inf
    apart = jnp.moveaxis(shares, -num_axes - 1, -1) - jnp.where(possible, logits, 0)
    costs = absolute(apart) if penalty == "l1" else jnp.square(apart)
    value = entropy + alpha * mean(costs, where=possible, axis=(*(k - 1 for k in space), -1))
    unknown = jnp.any((labels < 0) | (labels >= count), axis=space)
    return jnp.where(unknown, jnp.nan, value)


def _counted(
    logits: ArrayLike, target: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Log-odds and degrees of belonging, 0 for pixels left out, and which pixels count."""
    logits, target = vectors(logits=logits, target=target)
    kept = mask(where, logits)
    return jnp.where(kept, logits, 0), jnp.where(kept, target, 0), kept
