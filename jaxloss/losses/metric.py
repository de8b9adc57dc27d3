"""Triplets: an anchor nearer to what shares its label than to what does not.

`triplet_margin` and `soft_margin_triplet` read triplets that are given. The others read a set of
items, on the axis before the features, with labels that may be any integers and are only compared,
and find the triplets in it; they give one value for each item as an anchor, 0 for one without
another item of its label, or without one of another label. Distances are Euclidean unless another
is said, with gradient 0 where they are 0; bring the embeddings to unit length with
`jaxloss.numerics.normalize` where the sphere is wanted.
"""

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import (
    along,
    hyperparameters,
    indices,
    labelled,
    mask,
    of_rows,
    promote,
    vectors,
)
from jaxloss.core.histograms import share_up_to, shared_out
from jaxloss.core.numerics import normalize, relu, safe_divide, safe_sqrt, softplus
from jaxloss.core.pairs import distances, grouped, hardest, items_at, others, same_label
from jaxloss.core.state import moved
from jaxloss.losses import auc
from jaxloss.losses.agreement import minkowski_error

Distance = Callable[[Array, Array], Array]

_LEADS = (-2.0, 2.0)
"""Between which differences of two distances on the sphere lie."""


def triplet_margin(
    anchor: Float[ArrayLike, "*batch n"],
    positive: Float[ArrayLike, "*batch n"],
    negative: Float[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    distance: Distance = minkowski_error,
    swap: bool = False,
) -> Float[Array, "*batch"]:
    """Reward an anchor for being nearer to its positive than to its negative, by a margin.

    Formula: `max(0, margin + distance(anchor, positive) - distance(anchor, negative))`.

    Args:
        margin: lead of the positive over the negative that is asked for.
        distance: of two arrays, one value for each row; `agreement` has others.
        swap: take the negative's distance to the positive where that is the smaller one.

    Returns:
        One value for each triplet.

    Example:
        >>> triplet_margin([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.5]])
        Array([0.5], dtype=float32)

    Reference: Weinberger and Saul 2009, https://www.jmlr.org/papers/v10/weinberger09a.html; swap,
        Balntas et al. 2016, doi:10.5244/C.30.119.
    """
    lead = _lead(anchor, positive, negative, distance, swap)
    (margin,) = hyperparameters(lead, margin=margin)
    return relu(margin + lead)


def soft_margin_triplet(
    anchor: Float[ArrayLike, "*batch n"],
    positive: Float[ArrayLike, "*batch n"],
    negative: Float[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.0,
    distance: Distance = minkowski_error,
    swap: bool = False,
) -> Float[Array, "*batch"]:
    """Reward an anchor for being ever nearer to its positive than to its negative.

    Formula: `log(1 + exp(margin + distance(anchor, positive) - distance(anchor, negative)))`.

    Args:
        margin: added to the difference.
        distance: of two arrays, one value for each row; `agreement` has others.
        swap: take the negative's distance to the positive where that is the smaller one.

    Returns:
        One value for each triplet.

    Example:
        >>> soft_margin_triplet([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 5.0]])
        Array([0.6931], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    lead = _lead(anchor, positive, negative, distance, swap)
    (margin,) = hyperparameters(lead, margin=margin)
    return softplus(margin + lead)


def dynamic_soft_margin(
    anchor: Float[ArrayLike, "*batch n"],
    positive: Float[ArrayLike, "*batch n"],
    negative: Float[ArrayLike, "*batch n"],
    frequencies: Float[ArrayLike, " points"],
) -> Float[Array, "*batch"]:
    """Reward a near positive and a far negative, more in triplets that are behind most others.

    Formula: with `x` the distance to the positive less that to the negative, of unit vectors,
    `F(x) * x`, where `F(x)` is the share of the frequencies at points up to `x`, held constant.

    Args:
        frequencies: of `x` at even points from -2 to 2, two at least: the state that
            `moved_frequencies` has moved towards this batch already.

    Returns:
        One value for each triplet, of either sign.

    Example:
        >>> dynamic_soft_margin([[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]], [0.0, 1.0, 0.0, 3.0, 0.0])
        Array([1.4142], dtype=float32)

    Reference: Zhang and Rusinkiewicz 2019, doi:10.1109/ICCV.2019.00306.
    """
    lead = _lead_on_sphere(anchor, positive, negative)
    return share_up_to(lead, _at_points(frequencies, lead), *_LEADS) * lead


def moved_frequencies(
    frequencies: Float[ArrayLike, " points"],
    anchor: Float[ArrayLike, "*batch n"],
    positive: Float[ArrayLike, "*batch n"],
    negative: Float[ArrayLike, "*batch n"],
    *,
    momentum: ArrayLike = 0.99,
) -> Float[Array, " points"]:
    """Move frequencies towards those of a batch: the state of `dynamic_soft_margin`, before it.

    Args:
        frequencies: the state; zeros at first, of which nothing is kept.
        anchor: of the triplets of a batch, as are `positive` and `negative`.
        momentum: share of the old frequencies.

    Returns:
        The next state, which adds up to 1; each triplet is shared between the two nearest points.

    Example:
        >>> moved_frequencies([0.0, 0.0, 0.0, 0.0, 0.0], [[1.0]], [[-1.0]], [[1.0]])
        Array([0., 0., 0., 0., 1.], dtype=float32)

    Reference: Zhang and Rusinkiewicz 2019, doi:10.1109/ICCV.2019.00306.
    """
    lead = _lead_on_sphere(anchor, positive, negative)
    counts = _at_points(frequencies, lead)
    found = shared_out(lead.reshape(-1), *_LEADS, counts.shape[-1] - 1)
    batch = jnp.sum(found, axis=0) / max(lead.size, 1)
    total = jnp.sum(counts)
    old = jnp.where(total > 0, safe_divide(counts, total), batch)
    return moved(old, jnp.where(lead.size > 0, batch, old), momentum)


def batch_hard_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward the farthest item of the same label for being nearer than the nearest of another.

    Formula: with `d` the distances from an anchor, `max(0, margin + max(d[p]) - min(d[n]))` over
    its positives `p` and its negatives `n`. At ties the gradient goes to the first.

    Args:
        margin: lead of the positive over the negative that is asked for.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> batch_hard_triplet([[0.0], [1.0], [0.5]], [0, 0, 1])
        Array([0.7, 0.7, 0. ], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    lead, found = _hardest_lead(embeddings, labels, where)
    (margin,) = hyperparameters(lead, margin=margin)
    return jnp.where(found, relu(margin + lead), 0)


def batch_hard_soft_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """`batch_hard_triplet` that never rests: a softplus in place of the margin.

    Formula: with `d` the distances from an anchor, `log(1 + exp(max(d[p]) - min(d[n])))` over its
    positives `p` and its negatives `n`. At ties the gradient goes to the first.

    Args:
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> batch_hard_soft_triplet([[0.0], [1.0], [1.0]], [0, 0, 1])
        Array([0.6931, 1.3133, 0.    ], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    lead, found = _hardest_lead(embeddings, labels, where)
    return jnp.where(found, softplus(lead), 0)


def batch_all_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward every item of the same label for being nearer than every one of another label.

    Formula: with `d` the distances from an anchor, `mean(max(0, margin + d[p] - d[n]))` over all
    pairs of a positive `p` and a negative `n`.

    Pairs are not formed: an anchor costs a sort of its distances, so that memory is quadratic in
    the number of items, where that of triplets would be cubic.

    Args:
        margin: lead of the positive over the negative that is asked for.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> batch_all_triplet([[0.0], [1.0], [0.5], [2.0]], [0, 0, 1, 1])
        Array([0.35, 0.45, 1.2 , 0.35], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    embeddings, labels = labelled(embeddings, labels)
    kept = mask(where, labels)
    embeddings = jnp.where(kept[..., None], embeddings, 0)
    # The area under the ROC curve of each anchor, for which its positives should be the nearer.
    values = auc.hinge(
        -distances(embeddings, embeddings),
        same_label(labels, labels),
        margin=margin,
        where=others(kept),
    )
    return jnp.where(kept, values, 0)


def semihard_triplet(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each positive for being nearer than the next item of another label behind it.

    Formula: with `d` the distances from an anchor, `mean(max(0, margin + d[p] - d[n(p)]))` over its
    positives `p`, where `n(p)` is the nearest negative with `d[n] > d[p]`, or the farthest negative
    if none is farther.

    Args:
        margin: lead of the positive over the negative that is asked for.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> semihard_triplet([[0.0], [1.0], [0.5], [1.25]], [0, 0, 1, 2])
        Array([0.75, 1.5 , 0.  , 0.  ], dtype=float32)

    Reference: Schroff et al. 2015, arXiv:1503.03832.
    """
    group = grouped(embeddings, labels, where)
    (margin,) = hyperparameters(of_rows(group.items), margin=margin)
    apart = distances(group.items, group.items)
    if apart.shape[-1] == 0:
        return jnp.sum(apart, axis=-1)
    among = jnp.where(group.negative, lax.stop_gradient(apart), jnp.inf)
    order = jnp.argsort(among, axis=-1)
    ranked = jnp.take_along_axis(among, order, axis=-1)
    place = jnp.vectorize(
        lambda row, at: jnp.searchsorted(row, at, side="right"), signature="(n),(m)->(m)"
    )(ranked, lax.stop_gradient(apart))
    count = jnp.sum(group.negative, axis=-1, keepdims=True)
    place = jnp.clip(place, 0, jnp.maximum(count - 1, 0))
    behind = jnp.take_along_axis(apart, jnp.take_along_axis(order, place, axis=-1), axis=-1)
    lack = jnp.where(count > 0, relu(along(margin) + (apart - behind)), 0)
    return group.mean(lack, group.positive)


def triplet_mask(
    distances: Float[ArrayLike, "*batch n n"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    kind: Literal["all", "hard", "semihard", "easy"] = "all",
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Bool[Array, "*batch n n n"]:
    """Triplets of a kind, as a mask of static shape over anchor, positive and negative.

    Args:
        distances: between all items of a set.
        labels: any integers; they are only compared.
        kind: "hard", the negative is not farther than the positive; "semihard", it is, within the
            margin; "easy", beyond the margin; "all", any of these.
        margin: lead of the positive over the negative that is asked for.
        where: items that take part.

    Returns:
        Whether items `a`, `p` and `n` are a triplet of this kind, at `[..., a, p, n]`.

    Example:
        >>> triplet_mask([[0.0, 2.0, 1.0], [2.0, 0.0, 3.0], [1.0, 3.0, 0.0]], [0, 0, 1]).sum()
        Array(2, dtype=int32)
        >>> apart = jnp.array([[0.0, 2.0, 1.0], [2.0, 0.0, 3.0], [1.0, 3.0, 0.0]])
        >>> jnp.argwhere(triplet_mask(apart, [0, 0, 1], kind="hard"))
        Array([[0, 1, 2]], dtype=int32)
    """
    (apart,) = promote(distances=distances)
    names = indices("labels", labels, apart.shape[:-1], None)
    kept = mask(where, names)
    same, rest = same_label(names, names), others(kept)
    lead = apart[..., None, :] - apart[..., :, None]
    (margin,) = hyperparameters(lead, margin=margin)
    wanted = {
        "all": jnp.ones_like(lead, bool),
        "hard": lead <= 0,
        "semihard": (lead > 0) & (lead <= margin),
        "easy": lead > margin,
    }
    pairs = (rest & same)[..., :, None] & (rest & ~same)[..., None, :]
    return wanted[kind] & pairs & kept[..., None, None]


def _lead(
    anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike, distance: Distance, swap: bool
) -> Array:
    """How much farther the positive is than the negative."""
    anchor, positive, negative = vectors(anchor=anchor, positive=positive, negative=negative)
    away = distance(anchor, negative)
    if swap:
        across = distance(positive, negative)
        away = jnp.where(across < away, across, away)
    return distance(anchor, positive) - away


def _lead_on_sphere(anchor: ArrayLike, positive: ArrayLike, negative: ArrayLike) -> Array:
    """How much farther the positive is than the negative, of unit vectors."""
    given = vectors(anchor=anchor, positive=positive, negative=negative)
    anchor, positive, negative = (normalize(x) for x in given)
    return _lead(anchor, positive, negative, minkowski_error, swap=False)


def _at_points(frequencies: ArrayLike, like: Array) -> Array:
    """Check one frequency for each of two points at least."""
    counts, _ = promote(frequencies=frequencies, like=like)
    if counts.ndim != 1 or counts.shape[0] < 2:
        raise ValueError(
            f"expected `frequencies` of shape (points,), 2 at least, got {counts.shape}"
        )
    return counts


def _hardest_lead(
    embeddings: ArrayLike, labels: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array]:
    """How much farther the farthest positive is than the nearest negative; whether both exist."""
    embeddings, labels = labelled(embeddings, labels)
    n = embeddings.shape[-2]
    kept = mask(where, labels)
    embeddings = jnp.where(kept[..., None], embeddings, 0)
    if n == 0:
        return jnp.sum(embeddings, axis=-1), kept
    farthest, nearest, found = hardest(embeddings, labels, jnp.arange(n), embeddings, labels, kept)
    # The pairs are known now: two distances for each anchor, computed again without the rounding of
    # inner products, are all that is differentiated.
    positive, negative = (
        safe_sqrt(jnp.sum(jnp.square(embeddings - items_at(embeddings, index)), axis=-1))
        for index in (farthest, nearest)
    )
    return positive - negative, kept & found
