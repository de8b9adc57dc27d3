"""What a search would find: ranks of the items of a label among all, made differentiable.

Items are on the axis before the features, labels may be any integers and are only compared. Every
loss but `histogram` gives one value for each item as a query, 0 for one without another item of its
label.
"""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.histograms import shared_out
from jaxloss.core.numerics import normalize, relu, safe_divide, shifted
from jaxloss.core.pairs import (
    cosine_similarities,
    distances,
    gram,
    grouped,
    off_diagonal,
    squared_distances,
)


def smooth_ap(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 0.01,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a high average precision of the search for each item, with ranks made smooth.

    Formula: with `s` the inner products of a query and the others, and
    `above(k, J) = sum_{j in J, j != k} sigmoid((s[j] - s[k]) / temperature)`,
    `1 - mean((1 + above(p, P)) / (1 + above(p, P) + above(p, N)))` over its positives `p` in `P`,
    with `N` its negatives.

    Time is cubic in the number of items.

    Args:
        temperature: difference of scores that counts as one; ranks are exact as it goes to 0.
        where: items that take part, as queries and as answers.

    Returns:
        One value for each query.

    Example:
        >>> smooth_ap([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]], [0, 0, 1])
        Array([0.5, 0.5, 0. ], dtype=float32)

    Reference: Brown et al. 2020, arXiv:2007.12163.
    """
    group = grouped(embeddings, labels, where)
    (temperature,) = hyperparameters(of_rows(group.items), temperature=temperature)
    scores = gram(group.items)
    wrong = _above(scores, group.negative, temperature)
    right = _above(scores, group.positive, temperature)
    # One less the precision, without a difference.
    return group.mean(wrong / (1 + right + wrong), group.positive)


def pnp(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    kind: Literal["O", "Iu", "Ib", "Ds", "Dq"] = "Dq",
    temperature: ArrayLike = 0.01,
    alpha: ArrayLike = 4.0,
    beta: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward few negatives before each positive in the search for each item (PNP).

    Formula: with `s` the inner products of a query and the others, and
    `r = sum_n(sigmoid((s[n] - s[p]) / temperature))` over its negatives `n`, the mean over its
    positives `p` of `r` (O), `(1 + r) * log(1 + r)` (Iu), `(beta * r - log(1 + beta * r)) /
    beta**2` (Ib), `log(1 + r)` (Ds) or `1 - (1 + r)**-alpha` (Dq).

    Time is cubic in the number of items.

    Args:
        kind: whether more negatives weigh more (I), less (D), or the same (O), as the paper names
            its variants.
        temperature: difference of scores that counts as one.
        alpha: exponent of Dq.
        beta: of Ib; b in the paper.
        where: items that take part, as queries and as answers.

    Returns:
        One value for each query.

    Example:
        >>> pnp([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]], [0, 0, 1], kind="O")
        Array([1., 1., 0.], dtype=float32)

    Reference: Li et al. 2021, arXiv:2102.04640.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(of_rows(group.items), temperature=temperature, alpha=alpha, beta=beta)
    alpha, beta = along(levels[1]), along(levels[2])
    before = _above(gram(group.items), group.negative, levels[0])
    cost = {
        "O": lambda r: r,
        "Iu": lambda r: (1 + r) * jnp.log1p(r),
        "Ib": lambda r: (beta * r - jnp.log1p(beta * r)) / jnp.square(beta),
        "Ds": jnp.log1p,
        "Dq": lambda r: -jnp.expm1(-alpha * jnp.log1p(r)),
    }[kind]
    return group.mean(cost(before), group.positive)


def fast_ap(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    bins: int = 10,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a high average precision of the search for each item, with distances in soft bins.

    Formula: with squared distances of unit vectors shared between the two nearest of `bins + 1`
    points on `[0, 4]`, `h` and `H` the counts and cumulated counts of a query's positives and `G`
    those of its negatives, `1 - sum(h * H / (H + G)) / sum(h)`.

    Embeddings are brought to unit length; a zero vector stays zero.

    Args:
        bins: how many.
        where: items that take part, as queries and as answers.

    Returns:
        One value for each query.

    Example:
        >>> fast_ap([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1])
        Array([0.5, 0.5, 0. ], dtype=float32)

    Reference: Cakir et al. 2019, doi:10.1109/CVPR.2019.00196.
    """
    group = grouped(embeddings, labels, where)
    items = normalize(group.items)
    shares = shared_out(squared_distances(items, items), 0.0, 4.0, bins)
    found, others = (
        jnp.sum(shares, axis=-2, where=pairs[..., None])
        for pairs in (group.positive, group.negative)
    )
    right, wrong = jnp.cumsum(found, axis=-1), jnp.cumsum(others, axis=-1)
    missed = jnp.sum(found * safe_divide(wrong, right + wrong), axis=-1)
    count = jnp.sum(group.positive, axis=-1, dtype=missed.dtype)
    return jnp.where(group.kept, safe_divide(missed, count), 0)


def histogram(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    bins: int = 100,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward pairs of one label for being more similar than pairs of two.

    Formula: with cosines shared between the two nearest of `bins + 1` points on `[-1, 1]`, and `h`
    and `g` the frequencies among pairs of one label and of two, `sum(g * cumsum(h))`: the
    probability that a pair of two labels is the more similar. 0 without pairs of both kinds.

    Args:
        bins: how many.
        where: items that take part.

    Returns:
        One value for each set.

    Example:
        >>> histogram([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1], bins=4)
        Array(1., dtype=float32)

    Reference: Ustinova and Lempitsky 2016, arXiv:1611.00822.
    """
    group = grouped(embeddings, labels, where)
    shares = shared_out(cosine_similarities(group.items, group.items), -1.0, 1.0, bins)
    kept = group.kept[..., None]
    same, apart = (
        safe_divide(
            jnp.sum(shares, axis=(-3, -2), where=pairs[..., None]),
            jnp.sum(pairs, axis=(-2, -1), dtype=shares.dtype)[..., None],
        )
        for pairs in (group.positive & kept, group.negative & kept)
    )
    return jnp.sum(apart * jnp.cumsum(same, axis=-1), axis=-1)


def ranked_list(
    embeddings: Float[ArrayLike, "*batch n dim"],
    labels: Int[ArrayLike, "*batch n"],
    *,
    alpha: ArrayLike = 1.2,
    margin: ArrayLike = 0.4,
    negative_temperature: ArrayLike = 10.0,
    positive_temperature: ArrayLike = 0.0,
    balance: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward one label for being within a boundary and others for being beyond it, by a margin.

    Formula: with `d` the distances from an anchor, over the positives `p` with
    `d[p] > alpha - margin` and the negatives `n` with `d[n] < alpha`,
    `(1 - balance) * sum(v * (d[p] - alpha + margin)) + balance * sum(w * (alpha - d[n]))`, with
    `v = softmax(positive_temperature * d[p])` and `w = softmax(-negative_temperature * d[n])`.

    Args:
        alpha: distance that items of other labels should have.
        margin: how much nearer items of the label should be.
        negative_temperature: how much the nearest negatives count before the rest.
        positive_temperature: how much the farthest positives count before the rest.
        balance: share of the negatives.
        where: items that take part, as anchors and as partners.

    Returns:
        One value for each anchor.

    Example:
        >>> ranked_list([[0.0], [1.0], [0.5]], [0, 0, 1])
        Array([0.45, 0.45, 0.35], dtype=float32)

    Reference: Wang et al. 2019, arXiv:1903.03238.
    """
    group = grouped(embeddings, labels, where)
    levels = hyperparameters(
        of_rows(group.items),
        alpha=alpha,
        margin=margin,
        negative=negative_temperature,
        positive=positive_temperature,
        balance=balance,
    )
    alpha, margin, negative, positive = (along(level) for level in levels[:4])
    apart = distances(group.items, group.items)
    far, near = apart - (alpha - margin), alpha - apart
    too_far = _weighted(far, positive, group.positive & (far > 0))
    too_near = _weighted(near, negative, group.negative & (near > 0))
    return jnp.where(group.kept, (1 - levels[4]) * too_far + levels[4] * too_near, 0)


def _weighted(values: Array, temperature: Array, where: Array) -> Array:
    """Mean of each row over some entries, weighed by the softmax of `temperature * values`."""
    weights = jnp.exp(shifted(temperature * values, where=where)[0])
    return safe_divide(
        jnp.sum(weights * relu(values), axis=-1), jnp.sum(weights, axis=-1, where=where)
    )


def _above(scores: Array, among: Array, temperature: Array) -> Array:
    """For each query and answer, how many of the answers `among` it score higher, smoothly."""
    lead = (scores[..., None, :] - scores[..., :, None]) / along(temperature, 2)
    apart = jnp.broadcast_to(off_diagonal(scores.shape[-1]), lead.shape)
    return jnp.sum(jax.nn.sigmoid(lead), axis=-1, where=among[..., None, :] & apart)
