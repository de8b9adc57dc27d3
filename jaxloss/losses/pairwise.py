"""Pairs against a boundary: near if they match, beyond it if they do not.

`contrastive` reads pairs that are given. The others read a set of items, on the axis before the
features, with labels that may be any integers and are only compared; all but the last give one
value for each item as an anchor: a mean over the items of its label plus a mean over the others,
where the mean of none is 0. Bring the embeddings to unit length with `jaxloss.numerics.normalize`
where the sphere is wanted.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import along, hyperparameters, of_rows, promote, signs, vectors
from jaxloss.core.numerics import relu, safe_divide, safe_power, safe_sqrt
from jaxloss.core.pairs import (
    centered,
    cosine_similarities,
    distances,
    grouped,
    squared_distances,
)


def contrastive(
    x: Float[ArrayLike, "*batch n"],
    y: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward pairs that match for being near, and pairs that do not for keeping a distance.

    Formula: with `d` the Euclidean distance, `d**2` if `target` is +1 and
    `max(0, margin - d)**2` if it is -1.

    Args:
        target: +1 for a pair that matches, -1 for one that does not.
        margin: distance beyond which what does not match costs nothing.

    Returns:
        One value for each pair.

    Example:
        >>> contrastive([[3.0, 4.0], [3.0, 4.0]], [[3.0, 4.5], [3.0, 4.5]], [1.0, -1.0])
        Array([0.25, 0.25], dtype=float32)

    Reference: Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100.
    """
    x, y = vectors(x=x, y=y)
    target, _ = promote(target=target, x=x)
    if target.shape != x.shape[:-1]:
        raise ValueError(f"expected `target` of shape {x.shape[:-1]}, got {target.shape}")
    signs(target=target)
    squared = jnp.sum(jnp.square(x - y), axis=-1)
    (margin,) = hyperparameters(squared, margin=margin)
    lack = relu(margin - safe_sqrt(squared))
    return jnp.where(target > 0, squared, jnp.square(lack))


def batch_contrastive(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    positive_margin: ArrayLike = 0.0,
    power: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward items of one label for being near, and of two for keeping a distance.

    Formula: with `d` the distances from an anchor,
    `mean(max(0, d[p] - positive_margin)**power) + mean(max(0, margin - d[n])**power)` over its
    positives `p` and its negatives `n`; the mean of none is 0.

    Args:
        margin: distance beyond which items of other labels cost nothing.
        positive_margin: distance up to which items of the label cost nothing.
        power: 2 in the paper, and 1 in much later work.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> batch_contrastive([[0.0], [1.0], [0.5]], [0, 0, 1])
        Array([1.25, 1.25, 0.25], dtype=float32)

    Reference: Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100.
    """
    group = grouped(embeddings, labels, where)
    margin, positive_margin, power = (
        along(h)
        for h in hyperparameters(
            of_rows(group.items), margin=margin, positive_margin=positive_margin, power=power
        )
    )
    apart = distances(group.items, group.items)
    far, near = safe_power(relu(apart - positive_margin), power), relu(margin - apart)
    return group.means(far, safe_power(near, power))


def margin(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    beta: ArrayLike = 1.2,
    margin: ArrayLike = 0.2,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward items of one label for being within a boundary, and of two for being beyond it.

    Formula: with `d` the distances from an anchor,
    `mean(max(0, margin + d[p] - beta)) + mean(max(0, margin + beta - d[n]))` over its positives `p`
    and its negatives `n`; the mean of none is 0.

    Args:
        beta: the boundary, which may be learned: one for all, or one for each item.
        margin: on both sides of the boundary.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> margin([[0.0], [1.2], [1.0]], [0, 0, 1])
        Array([0.6, 1.4, 0.8], dtype=float32)

    Reference: Wu et al. 2017, arXiv:1706.07567.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(of_rows(group.items), beta=beta, margin=margin)
    beyond = distances(group.items, group.items) - along(levels[0])
    lead = along(levels[1])
    return group.means(relu(lead + beyond), relu(lead - beyond))


def signal_to_noise(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    positive_margin: ArrayLike = 0.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward items of one label for differing by little noise, measured by the anchor's variance.

    Formula: with `d[j] = var(x[j] - x[i]) / var(x[i])` over the features of an anchor `i`,
    `mean(max(0, d[p] - positive_margin)) + mean(max(0, margin - d[n]))` over its positives `p` and
    its negatives `n`; 0 for an anchor whose features are all equal.

    Args:
        margin: distance beyond which items of other labels cost nothing.
        positive_margin: distance up to which items of the label cost nothing.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> signal_to_noise([[0.0, 2.0], [0.0, 3.0], [0.0, 1.0]], [0, 0, 1])
        Array([1.    , 0.6667, 0.    ], dtype=float32)

    Reference: Yuan et al. 2019, arXiv:1904.02616.
    """
    group = grouped(embeddings, labels, where)
    margin, positive_margin = (
        along(h)
        for h in hyperparameters(
            of_rows(group.items), margin=margin, positive_margin=positive_margin
        )
    )
    # A constant added to all features of an item is neither signal nor noise.
    moved = jnp.swapaxes(centered(jnp.swapaxes(group.items, -1, -2)), -1, -2)
    signal = jnp.sum(jnp.square(moved), axis=-1, keepdims=True)
    noise = safe_divide(squared_distances(moved, moved), signal)
    values = group.means(relu(noise - positive_margin), relu(margin - noise))
    return jnp.where(signal[..., 0] > 0, values, 0)


def intra_pair_variance(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    positive_eps: ArrayLike = 0.01,
    negative_eps: ArrayLike = 0.01,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward pairs of one label for being alike similar, and so pairs of two labels.

    Formula: with `c` the cosines of an anchor, and `u` and `v` the means over all pairs of the set
    of one label and of two, `mean(max(0, (1 - positive_eps) * u - c[p])**2)
    + mean(max(0, c[n] - (1 + negative_eps) * v)**2)` over its positives `p` and its negatives `n`;
    the mean of none is 0. It is added to a loss that tells labels apart.

    Args:
        positive_eps: share of the mean by which a pair of one label may be less similar.
        negative_eps: share of the mean by which a pair of two labels may be more similar.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> items = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
        >>> intra_pair_variance(items, [0, 0, 0, 1], positive_eps=0.0, negative_eps=0.0)
        Array([0.0556, 0.0556, 0.1289, 0.0059], dtype=float32)

    Reference: Yu and Tao 2019, doi:10.1109/ICCV.2019.00659.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(
        of_rows(group.items), positive_eps=positive_eps, negative_eps=negative_eps
    )
    cosines = cosine_similarities(group.items, group.items)
    kept = group.kept[..., None]
    alike, unlike = (_mean_of(cosines, pairs & kept) for pairs in (group.positive, group.negative))
    low = relu((1 - along(levels[0])) * alike - cosines)
    high = relu(cosines - (1 + along(levels[1])) * unlike)
    return group.means(jnp.square(low), jnp.square(high))


def threshold_consistent_margin(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    positive_margin: ArrayLike = 0.9,
    negative_margin: ArrayLike = 0.5,
    positive_weight: ArrayLike = 1.0,
    negative_weight: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward hard pairs for being on their side of cosines that are the same for all labels (TCM).

    Formula: with `c` the cosines, `positive_weight * mean(positive_margin - c[p])
    + negative_weight * mean(c[n] - negative_margin)` over the pairs `p` of one label with
    `c[p] <= positive_margin`, and the pairs `n` of two with `c[n] >= negative_margin`; the mean of
    none is 0. It is added to a loss that tells labels apart.

    Args:
        positive_margin: cosine that pairs of one label should have at least.
        negative_margin: cosine that pairs of two labels should have at most.
        positive_weight: of the pairs of one label, lambda+ in the paper.
        negative_weight: of the pairs of two labels, lambda- in the paper.
        where: items that take part.

    Returns:
        One value for each set.

    Example:
        >>> items = [[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]]
        >>> threshold_consistent_margin(items, [0, 0, 1])
        Array(0.68, dtype=float32)

    Reference: Zhang et al. 2024, arXiv:2307.04047.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(
        of_rows(of_rows(group.items)),
        positive_margin=positive_margin,
        negative_margin=negative_margin,
        positive_weight=positive_weight,
        negative_weight=negative_weight,
    )
    cosines = cosine_similarities(group.items, group.items)
    kept = group.kept[..., None]
    low, high = along(levels[0], 2) - cosines, cosines - along(levels[1], 2)
    alike, unlike = (
        _mean_of(relu(lack), pairs & kept & (lack >= 0))[..., 0, 0]
        for lack, pairs in ((low, group.positive), (high, group.negative))
    )
    return levels[2] * alike + levels[3] * unlike


def _mean_of(values: Array, pairs: Array) -> Float[Array, "*batch 1 1"]:
    """Mean over some pairs of a set; 0 of none."""
    count = jnp.sum(pairs, axis=(-2, -1), keepdims=True, dtype=values.dtype)
    return safe_divide(jnp.sum(values, axis=(-2, -1), keepdims=True, where=pairs), count)
