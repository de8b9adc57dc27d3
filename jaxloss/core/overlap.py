"""How large a predicted and a true mask are, and what they share: all that overlap depends on.

Sizes are sums of probabilities over pixels, in float32 at least, which does not overflow before
`3e38` pixels. Each pixel is read once more for every sum, but nothing larger than the probabilities
is kept. A pixel that `where` leaves out belongs to neither mask.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxloss.core import checks
from jaxloss.core.numerics import log_softmax, one_hot, product, safe_divide


class Sizes(NamedTuple):
    """Soft counts of pixels, one for each mask.

    Attributes:
        shared: in both masks.
        pred: in the predicted mask.
        true: in the true mask.
        pixels: that count at all.
    """

    shared: Array
    pred: Array
    true: Array
    pixels: Array


class Classes(NamedTuple):
    """Sizes of the masks of all classes, and what else is known of each list of pixels.

    Attributes:
        sizes: one for each class, on the last axis.
        unknown: whether a label of the list is outside `[0, classes)`.
    """

    sizes: Sizes
    unknown: Array


def of_masks(
    logits: ArrayLike, target: ArrayLike, where: ArrayLike | None, *, squared: bool = False
) -> Sizes:
    """Sizes of one mask for each list of pixels, from log-odds and bits (or degrees).

    Args:
        logits: log-odds of belonging to the mask, shape `*batch pixels`.
        target: bits, or degrees of belonging, in the same shape.
        where: pixels that count.
        squared: take sums of squares for the sizes of the two masks.
    """
    p, t, kept = pixels(logits, target, where)
    return Sizes(
        jnp.sum(p * t, axis=-1),
        jnp.sum(jnp.square(p) if squared else p, axis=-1),
        jnp.sum(jnp.square(t) if squared else t, axis=-1),
        jnp.sum(kept, axis=-1, dtype=p.dtype),
    )


def of_classes(
    logits: ArrayLike, labels: ArrayLike, where: ArrayLike | None, *, squared: bool = False
) -> Classes:
    """Sizes of the masks of all classes, from scores and labels.

    Args:
        logits: scores of the classes of each pixel, shape `*batch pixels classes`.
        labels: class of each pixel.
        where: pixels that count.
        squared: as in `of_masks`.
    """
    p, labels, kept, unknown = chances(logits, labels, where)
    own = one_hot(labels, p.shape[-1]) & kept[..., None]
    true = jnp.sum(own, axis=-2, dtype=p.dtype)
    pixels = jnp.sum(kept, axis=-1, keepdims=True, dtype=p.dtype)
    sizes = Sizes(
        jnp.sum(jnp.where(own, p, 0), axis=-2),
        jnp.sum(jnp.square(p) if squared else p, axis=-2),
        true,
        jnp.broadcast_to(pixels, true.shape),
    )
    return Classes(sizes, unknown)


def pixels(
    logits: ArrayLike, target: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Probabilities and degrees of belonging, 0 for pixels left out, and which pixels count."""
    logits, target = checks.vectors(logits=logits, target=target)
    checks.probabilities(target=target)
    kept = checks.mask(where, logits)
    # The logistic function of -inf is 0, with derivative 0.
    return jax.nn.sigmoid(jnp.where(kept, logits, -jnp.inf)), jnp.where(kept, target, 0), kept


def chances(
    logits: ArrayLike, labels: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array, Array]:
    """Probabilities of the classes of each pixel, 0 for pixels left out.

    Returns:
        Probabilities, labels, which pixels count, and whether a label of the list is unknown.
    """
    logits, labels = checks.labels(logits, labels)
    if labels.ndim == 0:
        raise ValueError(
            f"expected `logits` of shape (*batch, pixels, classes), got {logits.shape}"
        )
    kept = checks.mask(where, labels)
    count = logits.shape[-1]
    p = jnp.exp(log_softmax(jnp.where(kept[..., None], logits, 0)))
    unknown = jnp.any(kept & ((labels < 0) | (labels >= count)), axis=-1)
    return jnp.where(kept[..., None], p, 0), labels, kept, unknown


def missed(
    sizes: Sizes, alpha: Array | float, beta: Array | float, smoothing: Array | float
) -> Array:
    """1 less the Tversky index, `alpha` weighing what is too much and `beta` what is too little.

    A perfect prediction costs exactly 0. So does nothing where nothing is.
    """
    wrong = alpha * (sizes.pred - sizes.shared) + beta * (sizes.true - sizes.shared)
    return safe_divide(wrong, sizes.shared + wrong + smoothing)


def mean(
    values: Array,
    masks: Classes,
    classes: Literal["present", "all"],
    class_weights: ArrayLike | None,
) -> Array:
    """Mean over the classes; NaN, with gradient 0, for a list with an unknown label.

    Args:
        values: one for each class, on the last axis.
        masks: that the values are of.
        classes: which classes count: those with a pixel in the true mask, or all.
        class_weights: of each class; 0 leaves it out.
    """
    weights = jnp.ones_like(values)
    if class_weights is not None:
        weights = checks.class_vector("class_weights", class_weights, values)
    weights = jnp.where((masks.sizes.true > 0) | (classes == "all"), weights, 0)
    total = jnp.sum(product(weights, values), axis=-1)
    return jnp.where(masks.unknown, jnp.nan, safe_divide(total, jnp.sum(weights, axis=-1)))
