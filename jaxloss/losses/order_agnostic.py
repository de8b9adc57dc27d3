"""Tokens that may stand elsewhere than their label: the best alignment, or the best order.

For models that predict all tokens at once. Time stands before the classes, and everything before
time is batch. What a best alignment or order is carries no gradient; what it costs does. A label
outside `[0, classes)` gives NaN with gradient 0, and what cannot be predicted at all infinity with
gradient 0.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.assignment import assigned
from jaxloss.core.checks import (
    along,
    hyperparameters,
    indices,
    labels as check_labels,
    mask,
    promote,
)
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import log_softmax, pick
from jaxloss.core.paths import after, prefix


def aligned_cross_entropy(
    logits: Float[ArrayLike, "*batch time classes"],
    labels: Int[ArrayLike, "*batch length"],
    *,
    skip: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward the labels in their order, without a penalty for one too many or too few before (AXE).

    Formula: with `cost = -log_softmax(logits)`, the least sum over all ways through predictions
    and labels that align the two (`cost[t, labels[u]]`), leave out a prediction (`cost[t, blank]`)
    or leave out a label (`skip * cost[t, labels[u]]`).

    Args:
        logits: scores of the classes, of which blank is one, for each prediction.
        labels: classes in their order.
        skip: what leaving out a label costs, as a share of what predicting it in the place reached
            would cost; not negative.
        where: predictions that exist; those that do not stand at the end.
        label_where: labels that exist; those that do not stand at the end.
        blank: the class that stands for no label.

    Returns:
        One value for each sequence. Where ways tie, the gradient is a mean of theirs.

    Raises:
        ValueError: for shapes that do not fit, or a blank outside the classes.

    Example:
        >>> right = 9.0 * jax.nn.one_hot(jnp.array([0, 1, 2]), 3)
        >>> aligned_cross_entropy(right, jnp.array([1, 2]))
        Array(0.0007, dtype=float32)

    Reference: Ghazvininejad et al. 2020, arXiv:2004.01655.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 2:
        raise ValueError(f"expected `logits` (*batch, time, classes), got shape {logits.shape}")
    classes = logits.shape[-1]
    if not 0 <= blank < classes:
        raise ValueError(f"`blank` {blank} is not one of the classes of `logits` {logits.shape}")
    like = jnp.asarray(labels)
    spoken = prefix("label_where", mask(label_where, like, "label_where"))
    kept = prefix("where", mask(where, jnp.zeros(logits.shape[:-1], bool)))
    given = jnp.where(spoken, like, jnp.zeros_like(like)) if label_where is not None else labels
    shape = (*logits.shape[:-2], *like.shape[-1:])
    reason = f", a row for each sequence of `logits` {logits.shape}"
    ids = indices("labels", given, shape, classes, reason)
    valid = jnp.all(((ids >= 0) & (ids < classes) & (ids != blank)) | ~spoken, axis=-1)
    (skip,) = hyperparameters(jax.ShapeDtypeStruct(shape[:-1], logits.dtype), skip=skip)

    cost = -log_softmax(jnp.where(kept[..., None], logits, 0))
    some = jnp.any(jnp.isfinite(cost), axis=-1, keepdims=True)
    cost = jnp.where(some, cost, 0)
    hit = jnp.take_along_axis(
        cost, jnp.clip(ids, 0, classes - 1)[..., None, :], axis=-1, mode="clip"
    )
    hit = jnp.where(spoken[..., None, :], hit, 0)
    price = jnp.broadcast_to(along(along(skip)), hit.shape)
    likely = jnp.isfinite(hit)
    left = jnp.where(likely, price * jnp.where(likely, hit, 0), jnp.where(price > 0, jnp.inf, 0))

    def step(ways: Array, frame: tuple[Array, ...]) -> tuple[Array, None]:
        hit, left, blank, exists = frame
        best = jnp.minimum(after(jnp.inf, ways[..., :-1] + hit), ways + blank)
        best = _passed(best, after(0, left))
        return jnp.where(exists, best, ways), None

    # Before the first prediction, labels are left out at the price of that one.
    ahead = jnp.sum(left[..., :1, :], axis=-2)
    opened = jnp.any(kept, axis=-1, keepdims=True)
    start = after(0, jnp.cumsum(jnp.where(opened, ahead, jnp.inf), axis=-1))
    over_time = hit, left, cost[..., blank][..., None], kept[..., None]
    frames = tuple(jnp.moveaxis(x, -2, 0) for x in over_time)
    ways, _ = lax.scan(step, alike(start, hit), frames)
    value = pick(ways, jnp.sum(spoken, axis=-1, dtype=jnp.int32))
    return jnp.where(valid, jnp.where(jnp.isfinite(value), value, jnp.inf), jnp.nan)


def order_agnostic_cross_entropy(
    logits: Float[ArrayLike, "*batch n classes"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the labels in whatever order they are predicted best (OAXE).

    Formula: the least of `sum(-log_softmax(logits)[i, labels[order[i]]])` over all orders.

    Args:
        logits: scores of the classes for each prediction.
        labels: as many classes, in any order.
        where: predictions that exist, and labels; as many of one as of the other.

    Returns:
        One value for each sequence.

    Example:
        >>> right = 9.0 * jax.nn.one_hot(jnp.array([2, 1]), 3)
        >>> order_agnostic_cross_entropy(right, jnp.array([1, 2]))
        Array(0.0005, dtype=float32)

    Reference: Du et al. 2021, arXiv:2106.05093.
    """
    like = jnp.asarray(labels)
    kept = mask(where, like)
    given = labels if where is None else jnp.where(kept, like, jnp.zeros_like(like))
    logits, ids = check_labels(logits, given)
    if ids.ndim == 0:
        raise ValueError(f"expected `labels` (*batch, n), got shape {ids.shape}")
    classes = logits.shape[-1]
    valid = jnp.all((ids >= 0) & (ids < classes), axis=-1)
    cost = -log_softmax(jnp.where(kept[..., None], logits, 0))
    cost = jnp.where(jnp.any(jnp.isfinite(cost), axis=-1, keepdims=True), cost, 0)
    pairs = jnp.take_along_axis(
        cost, jnp.clip(ids, 0, classes - 1)[..., None, :], axis=-1, mode="clip"
    )
    # Worse than any other: what does not exist is taken last.
    pairs = jnp.where(kept[..., :, None], pairs, jnp.inf)
    count = jnp.sum(kept, axis=-1, dtype=logits.dtype)
    value = assigned(pairs, kept) * count
    return jnp.where(valid, jnp.where(jnp.isfinite(value), value, jnp.inf), jnp.nan)


def _passed(ways: Float[Array, "*batch n"], price: Float[Array, "*batch n"]) -> Array:
    """The least of each way, and of one before it and the prices from there to here."""

    def joined(one: tuple[Array, Array], two: tuple[Array, Array]) -> tuple[Array, Array]:
        return jnp.minimum(two[0], one[0] + two[1]), one[1] + two[1]

    return lax.associative_scan(joined, (ways, price), axis=ways.ndim - 1)[0]
