"""An anchor among all of its positives and negatives at once.

`n_pairs` and `angular` read anchors with a positive each. The others read a set of items, on the
axis before the features, with labels that may be any integers and are only compared; they give one
value for each item as an anchor, 0 for one that has not the partners it needs. Scores are inner
products of the rows as they are given: bring these to unit length with
`jaxloss.numerics.normalize` where cosines are wanted, for which the defaults are made.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, of_rows, sets
from jaxloss.core.numerics import log_add, log_total, logsumexp, normalize, relu, shifted, softplus
from jaxloss.core.pairs import (
    angles,
    distances,
    gathered,
    gram,
    grouped,
    inner_products,
    log_odds,
    others,
    squared_distances,
    taking_part,
)
from jaxloss.losses.contrastive import info_nce


def n_pairs(
    anchor: Float[ArrayLike, "*batch n dim"],
    positive: Float[ArrayLike, "*batch n dim"],
    *,
    norm_weight: ArrayLike = 0.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each anchor for scoring its own positive above those of the others.

    Formula: with `s = anchor @ positive.T`, `log(1 + sum_{j != i} exp(s[i, j] - s[i, i]))
    + norm_weight * (sum(anchor[i]**2) + sum(positive[i]**2))`: `contrastive.info_nce` at a
    temperature of 1, of vectors that are not normalised but kept short.

    Args:
        norm_weight: of the squared lengths.
        where: items that take part, as anchors and as negatives.

    Returns:
        One value for each anchor; 0 for those left out.

    Example:
        >>> n_pairs([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], norm_weight=0.5)
        Array([1.3133, 1.3133], dtype=float32)

    Reference: Sohn 2016, https://papers.nips.cc/paper/6200.
    """
    value = info_nce(anchor, positive, temperature=1.0, where=where)
    anchor, positive = sets(anchor=anchor, positive=positive)
    anchor, positive, _ = taking_part(anchor, positive, where)
    (weight,) = hyperparameters(value, norm_weight=norm_weight)
    return value + weight * jnp.sum(jnp.square(anchor) + jnp.square(positive), axis=-1)


def angular(
    anchor: Float[ArrayLike, "*batch n dim"],
    positive: Float[ArrayLike, "*batch n dim"],
    *,
    angle: ArrayLike = 0.6981317007977318,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a small angle at each negative in the triangle that it forms with anchor and positive.

    Formula: with `t = tan(angle)**2`, `a` and `p` a pair and `z` the items of the other pairs,
    `log(1 + sum(exp(4 * t * (a + p) @ z - 2 * (1 + t) * a @ p)))`.

    Args:
        angle: bound on the angle at the negative, in radians; the default is 40 degrees.
        where: pairs that take part.

    Returns:
        One value for each pair; 0 for those left out.

    Example:
        >>> angular([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], angle=0.7853981633974483)
        Array([0.036, 0.036], dtype=float32)

    Reference: Wang et al. 2017, arXiv:1708.01682.
    """
    anchor, positive = sets(anchor=anchor, positive=positive)
    anchor, positive, kept = taking_part(anchor, positive, where)
    own, both, strangers = jnp.sum(anchor * positive, axis=-1), anchor + positive, others(kept)
    (angle,) = hyperparameters(own, angle=angle)
    t = jnp.square(jnp.tan(angle))
    # In units of 4 t the pair's own score is (1 + t) / (2 t) of theirs.
    against = own * (1 + t) / (2 * t)
    odds = [
        log_odds(inner_products(both, negative), against, 4 * t, strangers)
        for negative in (anchor, positive)
    ]
    return jnp.where(kept, softplus(log_add(*odds)), 0)


def lifted_structure(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each positive pair for being nearer than all that is near to either of the two.

    Formula: with `d` the Euclidean distances, `mean(max(0, J[i, p])**2) / 2` over the positives `p`
    of an anchor `i`, where `J[i, p] = d[i, p] + log(sum_n(exp(margin - d[i, n]))
    + sum_m(exp(margin - d[p, m])))` over the negatives `n` of one and `m` of the other.

    Args:
        margin: lead of the pair over the negatives that is asked for.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> lifted_structure([[0.0], [1.0], [2.0]], [0, 0, 1])
        Array([0.8623, 0.8623, 0.    ], dtype=float32)

    Reference: Song et al. 2016, arXiv:1511.06452.
    """
    group = grouped(embeddings, labels, where)
    (margin,) = hyperparameters(of_rows(group.items), margin=margin)
    apart = distances(group.items, group.items)
    # Distances are moved to the nearest negative first, so that large ones lose nothing.
    moved, near = shifted(-apart, where=group.negative)
    total = log_total(moved)
    of_anchor, of_partner = near[..., :, None], gathered(near, -1)[..., None, :]
    nearest = jnp.maximum(of_anchor, of_partner)
    crowd = log_add(
        total[..., :, None] + (of_anchor - nearest),
        gathered(total, -1)[..., None, :] + (of_partner - nearest),
    )
    lack = relu(along(margin) + (apart + nearest) + crowd)
    return jnp.where(group.complete, group.mean(jnp.square(lack), group.positive) / 2, 0)


def generalized_lifted_structure(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward the far ones of a label for being nearer than the near ones of the others, softly.

    Formula: with `d` the distances from an anchor,
    `max(0, log(sum(exp(d[p]))) + log(sum(exp(margin - d[n]))))` over its positives `p` and its
    negatives `n`.

    Args:
        margin: lead of the positives over the negatives that is asked for.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> generalized_lifted_structure([[0.0], [1.0], [2.0]], [0, 0, 1])
        Array([0., 1., 0.], dtype=float32)

    Reference: Hermans et al. 2017, arXiv:1703.07737.
    """
    group = grouped(embeddings, labels, where)
    (margin,) = hyperparameters(of_rows(group.items), margin=margin)
    apart = distances(group.items, group.items)
    far, farthest = shifted(apart, where=group.positive)
    near, nearest = shifted(-apart, where=group.negative)
    lack = margin + (farthest + nearest) + (log_total(far) + log_total(near))
    return jnp.where(group.complete, relu(jnp.where(group.complete, lack, 0)), 0)


def multi_similarity(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 2.0,
    beta: ArrayLike = 50.0,
    threshold: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward scores of the same label above a threshold and others below it, the worst most.

    Formula: with `s` the scores of an anchor, `log(1 + sum(exp(-alpha * (s[p] - threshold))))
    / alpha + log(1 + sum(exp(beta * (s[n] - threshold)))) / beta` over its positives `p` and its
    negatives `n`.

    Args:
        alpha: how much the lowest of the positives counts before the rest, positive.
        beta: how much the highest of the negatives counts before the rest, positive.
        threshold: of the scores, lambda in the paper.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> multi_similarity([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1])
        Array([0.1566, 0.1566, 0.    ], dtype=float32)

    Reference: Wang et al. 2019, arXiv:1904.06627.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(of_rows(group.items), alpha=alpha, beta=beta, threshold=threshold)
    alpha, beta, threshold = (along(level) for level in levels)
    lead = gram(group.items) - threshold
    low = softplus(logsumexp(-alpha * lead, where=group.positive)) / levels[0]
    high = softplus(logsumexp(beta * lead, where=group.negative)) / levels[1]
    return jnp.where(group.kept, low + high, 0)


def circle(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.25,
    scale: ArrayLike = 256.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward high scores of the same label and low ones of others, each by what it still lacks.

    Formula: with `s` the scores of an anchor, `a = max(0, 1 + margin - s[p])` of its positives `p`
    and `b = max(0, s[n] + margin)` of its negatives `n`, which are held constant,
    `log(1 + sum(exp(scale * b * (s[n] - margin))) * sum(exp(-scale * a * (s[p] - 1 + margin))))`.

    Args:
        margin: how far from 1 and from 0 scores are wanted, at most.
        scale: gamma in the paper.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> circle([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8]], [0, 0, 1], scale=4.0)
        Array([1.3873, 3.381 , 0.    ], dtype=float32)

    Reference: Sun et al. 2020, arXiv:2002.10857.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(of_rows(group.items), margin=margin, scale=scale)
    margin, scale = (along(level) for level in levels)
    scores = gram(group.items)
    held = lax.stop_gradient(scores)
    low = -scale * relu(1 + margin - held) * (scores - (1 - margin))
    high = scale * relu(held + margin) * (scores - margin)
    odds = logsumexp(low, where=group.positive) + logsumexp(high, where=group.negative)
    return jnp.where(group.complete, softplus(jnp.where(group.complete, odds, 0)), 0)


def tuplet_margin(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 0.1,
    scale: ArrayLike = 32.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each positive for being at a smaller angle than all negatives, up to a slack.

    Formula: with `theta` the angles from an anchor,
    `mean(log(1 + sum_n(exp(scale * (cos(theta[n]) - cos(theta[p] - margin))))))` over its positives
    `p`, with `n` its negatives. A zero vector is at a right angle to all.

    Args:
        margin: slack of the positive, in radians.
        scale: of the cosines; 64 in the paper.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> tuplet_margin([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]], [0, 0, 1], margin=0.0, scale=2.0)
        Array([0.1269, 0.6931, 0.    ], dtype=float32)

    Reference: Yu and Tao 2019, doi:10.1109/ICCV.2019.00659.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(of_rows(group.items), margin=margin, scale=scale)
    margin, scale = (along(level) for level in levels)
    items = normalize(group.items)
    theta = angles(items, items)
    # Cosines by how far they are from 1, and the nearest negative apart, since the scale is large.
    apart = 2 * jnp.square(jnp.sin(theta / 2))
    moved, nearest = shifted(-scale * apart, where=group.negative)
    own = nearest[..., None] + 2 * scale * jnp.square(jnp.sin((theta - margin) / 2))
    return group.mean(softplus(log_total(moved)[..., None] + own), group.positive)


def nca(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward the nearest neighbour, drawn by a softmax of distances, for having the same label.

    Formula: with `d` the distances from an anchor, `log(sum_j(exp(-d[j]**2 / temperature)))
    - log(sum_p(exp(-d[p]**2 / temperature)))` over the other items `j` and its positives `p`.

    Also called soft nearest neighbour loss, where the temperature varies.

    Args:
        temperature: what squared distances are divided by.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> nca([[0.0], [1.0], [2.0]], [0, 0, 1])
        Array([0.0486, 0.6931, 0.    ], dtype=float32)

    Reference: Goldberger et al. 2004, https://papers.nips.cc/paper/2566; with a temperature, Frosst
        et al. 2019, arXiv:1902.01889.
    """
    group = grouped(embeddings, labels, where)
    (temperature,) = hyperparameters(of_rows(group.items), temperature=temperature)
    apart = -squared_distances(group.items, group.items) / along(temperature)
    alike, near = shifted(apart, where=group.positive)
    unlike, nearest = shifted(apart, where=group.negative)
    odds = (nearest - near) + (log_total(unlike) - log_total(alike))
    return jnp.where(group.complete, softplus(jnp.where(group.complete, odds, 0)), 0)
