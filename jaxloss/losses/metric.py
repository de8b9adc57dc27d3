"""Distances between labelled items: near to their own label, far from the others.

Items are on the axis before the features, and every loss gives one value for each as an anchor: 0
for an anchor without another item of its label, or without one of another label. Labels may be any
integers; they are only compared. Distances are Euclidean and have gradient 0 where they are 0;
bring the embeddings to unit length with `jaxloss.numerics.normalize` where the sphere is wanted.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import hyperparameters, labelled, mask
from jaxloss.core.numerics import relu, safe_sqrt
from jaxloss.core.pairs import distances, hardest, items_at, others, same_label
from jaxloss.losses import auc


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
    embeddings, labels = labelled(embeddings, labels)
    n = embeddings.shape[-2]
    kept = mask(where, labels)
    embeddings = jnp.where(kept[..., None], embeddings, 0)
    if n == 0:
        return jnp.sum(embeddings, axis=-1)
    farthest, nearest, found = hardest(embeddings, labels, jnp.arange(n), embeddings, labels, kept)
    # The pairs are known now: two distances for each anchor, computed again without the rounding of
    # inner products, are all that is differentiated.
    positive, negative = (
        safe_sqrt(jnp.sum(jnp.square(embeddings - items_at(embeddings, index)), axis=-1))
        for index in (farthest, nearest)
    )
    (margin,) = hyperparameters(positive, margin=margin)
    return jnp.where(kept & found, relu(margin + (positive - negative)), 0)


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
