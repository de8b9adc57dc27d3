"""Telling an item's partner from the other items, and views that agree without collapsing.

Items are on the axis before the features; what stands before that is batch. The first four losses
give one value for each anchor, so that `jaxloss.mean` reduces them; the last three compare whole
sets and give one value for each. Scores are inner products of the rows as they are given: bring
these to unit length with `jaxloss.numerics.normalize` where cosines are wanted, for which the
defaults are made. Every item is compared with every other, in memory quadratic in their number.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import absent, along, hyperparameters, labelled, promote, samples, sets
from jaxloss.core.numerics import (
    logsumexp,
    normalize,
    relu,
    safe_divide,
    safe_sqrt,
    softplus,
)
from jaxloss.core.pairs import (
    centered,
    gathered,
    gram,
    inner_products,
    log_odds,
    off_diagonal_energy,
    others,
    relative,
    same_label,
    taking_part,
)


def info_nce(
    anchor: Float[ArrayLike, "*batch n dim"],
    positive: Float[ArrayLike, "*batch n dim"],
    *,
    temperature: ArrayLike = 0.07,
    negatives: Float[ArrayLike, "*batch k dim"] | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each anchor for scoring its own positive above those of the others.

    Formula: with `s = anchor @ positive.T / temperature` and `q = anchor @ negatives.T /
    temperature`, `log(sum_j(exp(s[i, j])) + sum_k(exp(q[i, k]))) - s[i, i]`.

    Args:
        temperature: what scores are divided by; small values look at the hardest negatives.
        negatives: more negatives, the same for every anchor, such as a queue.
        where: items that take part, as anchors and as negatives.

    Returns:
        One value for each anchor; 0 for those left out.

    Example:
        >>> info_nce([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], temperature=1.0)
        Array([0.3133, 0.3133], dtype=float32)

    Reference: van den Oord et al. 2018, arXiv:1807.03748; He et al. 2020, arXiv:1911.05722 (queue).
    """
    if negatives is not None:
        anchor, positive, negatives = promote(anchor=anchor, positive=positive, negatives=negatives)
    anchor, positive = sets(anchor=anchor, positive=positive)
    anchor, positive, kept = taking_part(anchor, positive, where)
    own, strangers = jnp.sum(anchor * positive, axis=-1), others(kept)
    (temperature,) = hyperparameters(own, temperature=temperature)
    rivals = log_odds(inner_products(anchor, positive), own, 1 / temperature, strangers)
    if negatives is not None:
        theirs, ours = negatives.shape, anchor.shape
        if len(theirs) != len(ours) or (*theirs[:-2], theirs[-1]) != (*ours[:-2], ours[-1]):
            raise ValueError(f"`negatives` {theirs} does not fit `anchor` {ours}")
        more = log_odds(inner_products(anchor, negatives), own, 1 / temperature)
        rivals = logsumexp(jnp.stack([rivals, more], axis=-1))
    return jnp.where(kept, softplus(rivals), 0)


def pushed(
    queue: Float[ArrayLike, "*batch k dim"], keys: Float[ArrayLike, "*batch n dim"]
) -> Float[Array, "*batch k dim"]:
    """Move keys into a queue of as many negatives as before, from which the oldest fall out.

    Args:
        queue: the state: the last keys, newest first.
        keys: to add; they lose their gradient, as those of a momentum encoder have none.

    Returns:
        The next state, for `negatives=` of `info_nce`.

    Example:
        >>> pushed([[1.0], [2.0], [3.0]], [[9.0]])
        Array([[9.],
               [1.],
               [2.]], dtype=float32)

    Reference: He et al. 2020, arXiv:1911.05722.
    """
    queue, keys = samples(queue=queue, keys=keys)
    count = queue.shape[-2]
    return lax.stop_gradient(jnp.concatenate([keys, queue], axis=-2)[..., :count, :])


def clip(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    logit_scale: ArrayLike = 2.6592600369327783,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward partners for finding each other among the others, in both directions.

    Formula: with `s = exp(logit_scale) * x @ y.T`,
    `(log(sum_j(exp(s[i, j]))) + log(sum_j(exp(s[j, i])))) / 2 - s[i, i]`.

    Args:
        logit_scale: logarithm of what scores are multiplied by, learned in the paper and capped
            there at `log(100)`; the default is `log(1 / 0.07)`.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out. The loss of the paper is their mean.

    Example:
        >>> clip([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], logit_scale=0.0)
        Array([0.3133, 0.3133], dtype=float32)

    Reference: Radford et al. 2021, arXiv:2103.00020.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own, scores = jnp.sum(x * y, axis=-1), inner_products(x, y)
    strangers = others(kept) & kept[..., None]
    (logit_scale,) = hyperparameters(own, logit_scale=logit_scale)
    sharpness = jnp.exp(logit_scale)
    rows = log_odds(scores, own, sharpness, strangers)
    columns = log_odds(scores, gathered(own, -1), gathered(sharpness, -1), strangers, axis=-2)
    return jnp.where(kept, (softplus(rows) + softplus(columns)) / 2, 0)


def siglip(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    logit_scale: ArrayLike = 2.302585092994046,
    bias: ArrayLike = -10.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward telling partners from strangers pair by pair, without a softmax over the batch.

    Formula: with `s = exp(logit_scale) * x @ y.T + bias`,
    `log(1 + exp(-s[i, i])) + sum_{j != i} log(1 + exp(s[i, j]))`.

    Args:
        logit_scale: logarithm of what scores are multiplied by; the default is `log(10)`.
        bias: added to every score; at its default most pairs are strangers to begin with. Both are
            learned in the paper.
        where: items that take part.

    Returns:
        One value for each row; 0 for those left out. The loss of the paper is their mean.

    Example:
        >>> siglip([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]], logit_scale=0.0, bias=0.0)
        Array([1.0064, 1.0064], dtype=float32)

    Reference: Zhai et al. 2023, arXiv:2303.15343.
    """
    x, y = sets(x=x, y=y)
    x, y, kept = taking_part(x, y, where)
    own = jnp.sum(x * y, axis=-1)
    logit_scale, bias = hyperparameters(own, logit_scale=logit_scale, bias=bias)
    sharpness = jnp.exp(logit_scale)
    partner = softplus(-(sharpness * own + bias))
    strangers = softplus(along(sharpness) * inner_products(x, y) + along(bias))
    return jnp.where(kept, partner + jnp.sum(strangers, axis=-1, where=others(kept)), 0)


def sup_con(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 0.1,
    mean: Literal["outside", "inside"] = "outside",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward each item for scoring all others of its label above the rest.

    Formula: with `s = embeddings @ embeddings.T / temperature` and `p` the others of the label of
    `i`, `mean_p(log(sum_{j != i} exp(s[i, j])) - s[i, p])`; 0 for an item alone with its label.

    Args:
        labels: any integers; they are only compared. Two views of one image share a label.
        temperature: what scores are divided by.
        mean: over `p`, outside of the logarithm, which the paper prefers, or inside:
            `log(sum_{j != i} exp(s[i, j])) - log(mean_p(exp(s[i, p])))`.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out.

    Example:
        >>> sup_con([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1], temperature=1.0)
        Array([0.3133, 0.3133, 0.    ], dtype=float32)

    Reference: Khosla et al. 2020, arXiv:2004.11362.
    """
    embeddings, labels = labelled(embeddings, labels)
    embeddings, _, kept = taking_part(embeddings, embeddings, where)
    scores, rest = gram(embeddings), others(kept)
    positive = rest & same_label(labels, labels)
    count = jnp.sum(positive, axis=-1, dtype=scores.dtype)
    (temperature,) = hyperparameters(count, temperature=temperature)
    moved, log_z, _ = relative(scores, 1 / temperature, rest)
    if mean == "inside":
        level = logsumexp(moved, where=positive) - jnp.log(jnp.maximum(count, 1))
    else:
        level = safe_divide(jnp.sum(moved, axis=-1, where=positive), count)
    return jnp.where(kept & (count > 0), log_z - jnp.where(count > 0, level, 0), 0)


def barlow_twins(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    off_diagonal_weight: ArrayLike = 5e-3,
) -> Float[Array, "*batch"]:
    """Reward features that agree between two views and are not redundant.

    Formula: with the columns of `x` and `y` standardised over the items (by the population standard
    deviation) and `C = x.T @ y / n`,
    `sum((1 - C[i, i])**2) + off_diagonal_weight * sum_{i != j} C[i, j]**2`. A constant feature
    correlates with nothing, and has gradient 0.

    Time and memory are linear in the number of features where that exceeds the number of items.

    Args:
        off_diagonal_weight: weight of redundancy.

    Returns:
        One value for each set.

    Example:
        >>> barlow_twins([[1.0, 0.0], [-1.0, 0.0]], [[2.0, 1.0], [-2.0, -1.0]])
        Array(1.005, dtype=float32)

    Reference: Zbontar et al. 2021, arXiv:2103.03230.
    """
    x, y = sets(x=x, y=y)
    if x.shape[-2] == 0:
        return jnp.zeros(x.shape[:-2], x.dtype)
    x, y = normalize(centered(x), axis=-2), normalize(centered(y), axis=-2)
    # One less a correlation is half the squared distance of unit vectors, which cancels nothing.
    alive = jnp.any(x != 0, axis=-2) & jnp.any(y != 0, axis=-2)
    apart = jnp.where(alive, jnp.sum(jnp.square(x - y), axis=-2) / 2, 1)
    value = jnp.sum(jnp.square(apart), axis=-1)
    (weight,) = hyperparameters(value, off_diagonal_weight=off_diagonal_weight)
    return value if absent(off_diagonal_weight) else value + weight * off_diagonal_energy(x, y)


def covariance_penalty(embeddings: Float[ArrayLike, "*batch n dim"]) -> Float[Array, "*batch"]:
    """Reward features that do not vary together (the covariance term of VICReg).

    Formula: `sum_{i != j} cov(embeddings)[i, j]**2 / dim`, with the unbiased covariance over the
    items; 0 for fewer than two.

    Time and memory are linear in the number of features where that exceeds the number of items.

    Returns:
        One value for each set.

    Example:
        >>> covariance_penalty([[1.0, 1.0], [-1.0, -1.0]])
        Array(4., dtype=float32)

    Reference: Bardes et al. 2022, arXiv:2105.04906.
    """
    (embeddings,) = sets(embeddings=embeddings)
    return _redundancy(centered(embeddings))


def vicreg(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch n dim"],
    *,
    invariance_weight: ArrayLike = 25.0,
    variance_weight: ArrayLike = 25.0,
    covariance_weight: ArrayLike = 1.0,
    gamma: ArrayLike = 1.0,
    eps: ArrayLike = 1e-4,
) -> Float[Array, "*batch"]:
    """Reward two views that agree, features that vary, and features that vary apart.

    Formula: with `v(z) = mean(max(0, gamma - sqrt(var(z) + eps)))` over the features, of the
    unbiased variance over the items (0 for one), and `c = covariance_penalty`,
    `invariance_weight * mean_i(sum((x[i] - y[i])**2)) + variance_weight * (v(x) + v(y))
    + covariance_weight * (c(x) + c(y))`.

    Args:
        invariance_weight: weight of the distance between the views.
        variance_weight: weight of features that vary too little.
        covariance_weight: weight of `covariance_penalty`.
        gamma: standard deviation that is asked for.
        eps: added to the variance under the root.

    Returns:
        One value for each set.

    Example:
        >>> vicreg([[1.0], [-1.0]], [[1.0], [0.0]], eps=0.0)
        Array(19.8223, dtype=float32)

    Reference: Bardes et al. 2022, arXiv:2105.04906.
    """
    x, y = sets(x=x, y=y)
    n, dim = x.shape[-2:]
    if n == 0:
        return jnp.zeros(x.shape[:-2], x.dtype)
    distance = jnp.sum(jnp.square(x - y), axis=(-2, -1)) / n
    invariance, variance, covariance, gamma, eps = hyperparameters(
        distance,
        invariance_weight=invariance_weight,
        variance_weight=variance_weight,
        covariance_weight=covariance_weight,
        gamma=gamma,
        eps=eps,
    )
    value = invariance * distance
    for z in (centered(x), centered(y)):
        spread = safe_sqrt(jnp.sum(jnp.square(z), axis=-2) / max(n - 1, 1) + along(eps))
        lack = jnp.sum(relu(along(gamma) - spread), axis=-1) / max(dim, 1)
        value = value + variance * lack
        if not absent(covariance_weight):
            value = value + covariance * _redundancy(z)
    return value


def _redundancy(z: Array) -> Array:
    """`covariance_penalty` of items whose mean is 0."""
    n, dim = z.shape[-2:]
    return off_diagonal_energy(z) / (max(n - 1, 1) ** 2 * max(dim, 1))
