"""Lovász losses: the Jaccard index of masks as a convex function of the errors of pixels.

The loss of a set of wrong pixels is known for every set; the Lovász extension goes on from sets to
errors of any size, by sorting them. As in `jaxloss.segmentation`, the pixels of one image are one
list and give one value; `where` leaves pixels out, and a list without pixels costs 0.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import labels as check_labels, mask, probabilities, vectors
from jaxloss.core.numerics import log_softmax, one_hot, relu, safe_divide
from jaxloss.core.order import ascending, at, before, deposit, smaller, up_to


def lovasz_hinge(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    *,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the overlap of a mask with the true one (the Jaccard index), from logits.

    Formula: with `z = 2 * target - 1`, errors `e = 1 - logits * z` in falling order, and `J[k]` the
    Jaccard loss of a mask that is wrong in the `k` pixels of largest error,
    `sum(max(e[k], 0) * (J[k] - J[k - 1]))`: the Lovász extension of the Jaccard loss, which is
    convex. Pixels of equal error share what they cost together, those of the mask before those
    outside. Without a pixel in the true mask it is the largest error.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits.
        where: pixels that count.

    Returns:
        One value for each list of pixels.

    Example:
        >>> lovasz_hinge([0.0, 0.0], [1, 0])
        Array(1., dtype=float32)

    Reference: Berman et al. 2018, arXiv:1705.08790; Yu and Blaschko 2015, arXiv:1512.07797.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    inside = target == 1
    logits = jnp.where(kept, logits, 0)
    errors = 1 - jnp.where(inside, logits, -logits)
    return _extension(errors, inside & kept, ~inside & kept)


def lovasz_softmax(
    logits: Float[ArrayLike, "*batch pixels classes"],
    labels: Int[ArrayLike, "*batch pixels"],
    *,
    classes: Literal["present", "all"] = "present",
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the mean overlap of the masks of all classes with the true ones, from logits.

    Formula: as `lovasz_hinge` for each class, with errors `abs((labels == class) - p)` for
    `p = softmax(logits)[class]`; then the mean over classes. A label outside `[0, classes)` gives
    NaN with gradient 0.

    Args:
        logits: scores of the classes of each pixel.
        labels: class of each pixel.
        classes: which the mean is over: those `"present"` among the labels, or `"all"`.
        where: pixels that count.

    Returns:
        One value for each list of pixels; 0 without a pixel.

    Example:
        >>> lovasz_softmax([[0.0, 0.0], [0.0, 0.0]], jnp.array([0, 0]))
        Array(0.5, dtype=float32)

    Reference: Berman et al. 2018, arXiv:1705.08790.
    """
    logits, labels = check_labels(logits, labels)
    count = logits.shape[-1]
    kept = mask(where, labels)
    unknown = kept & ((labels < 0) | (labels >= count))
    p = jnp.exp(log_softmax(jnp.where(kept[..., None], logits, 0)))
    own = one_hot(labels, count)
    # What the true class lacks is what the others have: no digits are lost near certainty.
    lacking = jnp.sum(jnp.where(own, 0, p), axis=-1, keepdims=True)
    errors = jnp.swapaxes(jnp.where(own, lacking, p), -1, -2)
    own = jnp.swapaxes(own, -1, -2)
    kept = jnp.broadcast_to(kept[..., None, :], own.shape)
    values = _extension(errors, own & kept, ~own & kept)
    counted = jnp.any(kept & (own | (classes == "all")), axis=-1)
    values = jnp.sum(jnp.where(counted, values, 0), axis=-1)
    mean = safe_divide(values, jnp.sum(counted, axis=-1, dtype=values.dtype))
    return jnp.where(jnp.any(unknown, axis=-1), jnp.nan, mean)


def _extension(
    errors: Float[Array, "*batch n"],
    inside: Bool[Array, "*batch n"],
    outside: Bool[Array, "*batch n"],
) -> Float[Array, "*batch"]:
    """Lovász extension of the Jaccard loss at errors, of which negative ones count 0."""
    steps = _steps(lax.stop_gradient(errors), inside, outside)
    return jnp.sum(relu(jnp.where(inside | outside, errors, 0)) * steps, axis=-1)


def _steps(errors: Array, inside: Array, outside: Array) -> Array:
    """By how much each pixel raises the Jaccard loss when pixels turn wrong in falling order.

    The loss of `a` pixels inside and `b` outside is `1 - (total - a) / (total + b)`. Of equal
    errors, those inside come first, each raising it by `1 / (total + b)`; what those outside then
    raise it by together is shared evenly. As quotients of counts these are exact, where differences
    of the losses would keep fewer digits the more pixels there are.
    """
    n = errors.shape[-1]
    slots = smaller(ascending(errors), errors)

    def above(which: Array) -> tuple[Array, Array, Array]:
        """How many of some pixels there are, have a larger error, or one at least as large."""
        running = up_to(deposit(which.astype(jnp.int32), slots, n))
        total = running[..., -1:]
        counts = (total, total - at(running, slots), total - before(running, slots))
        total, more, as_much = (count.astype(errors.dtype) for count in counts)
        return total, more, as_much

    total, _, found = above(inside)
    _, first, last = above(outside)
    # Without a pixel inside, the first pixels to turn wrong take the loss to 1 at once.
    alone = jnp.where(first == 0, safe_divide(jnp.ones_like(last), last), 0)
    later = safe_divide(total - found, (total + first) * (total + last))
    step_outside = jnp.where(total > 0, later, alone)
    return jnp.where(inside, safe_divide(jnp.ones_like(first), total + first), step_outside)
