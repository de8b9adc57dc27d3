"""Learning to rank from whole lists: distributions over items and over orders of items.

Losses read lists, scores and relevance on the last axis, and give one value for each list. Items
that `where` leaves out, and items with the score `-inf`, take no part; a list in which nothing is
relevant costs 0 where relevance is shared out.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, PRNGKeyArray, Real

from jaxloss.core.checks import hyperparameters, of_rows, same_shape
from jaxloss.core.lists import (
    Listed,
    descending,
    gains,
    listed,
    relevance_shares,
    running_log_total,
)
from jaxloss.core.numerics import (
    log_softmax,
    safe_divide,
    shifted,
    softplus,
    with_partials,
)


def softmax(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward relevant items for their share of the softmax over the list.

    Formula: `-sum(relevance / sum(relevance) * log(softmax(scores)))`; 0 if nothing is relevant.

    Args:
        scores: that a model gives.
        relevance: not negative.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> softmax([1.0, 0.0], [1, 0])
        Array(0.3133, dtype=float32)

    Reference: Bruch et al. 2019, doi:10.1145/3341981.3344221.
    """
    lists = listed(scores, relevance, where)
    return _cross_entropy(lists.relevance, lists)


def list_net(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward scores that give items the chance to be on top that their relevance gives them.

    Formula: `-sum(softmax(relevance) * log(softmax(scores)))`.

    Args:
        scores: that a model gives.
        relevance: in units of the scores.
        where: items that take part.

    Returns:
        One value for each list, at least the entropy of `softmax(relevance)`.

    Example:
        >>> list_net([1.0, 0.0], [0, 0])
        Array(0.8133, dtype=float32)

    Reference: Cao et al. 2007, doi:10.1145/1273496.1273513.
    """
    lists = listed(scores, relevance, where)
    mass, _ = shifted(lists.relevance, where=lists.kept)
    return _cross_entropy(jnp.exp(mass), lists)


def poly1_softmax(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    epsilon: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward relevant items for their share, with the first term of the expansion weighed anew.

    Formula: `softmax + epsilon * (1 - sum(q * softmax(scores)))` with
    `q = relevance / sum(relevance)`; 0 if nothing is relevant.

    Args:
        scores: that a model gives.
        relevance: not negative.
        epsilon: what is added to the first coefficient; at least -1.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> poly1_softmax([0.0, 0.0], [1, 0])
        Array(1.1931, dtype=float32)

    Reference: Leng et al. 2022, arXiv:2204.12511.
    """
    lists = listed(scores, relevance, where)
    share = relevance_shares(lists)
    (epsilon,) = hyperparameters(of_rows(lists.scores), epsilon=epsilon)
    p = jnp.exp(log_softmax(lists.scores, where=lists.kept))
    some = jnp.sum(share, axis=-1)
    return _cross_entropy(share, lists) + epsilon * (some - jnp.sum(share * p, axis=-1))


def unique_softmax(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward each item for its share of the softmax over itself and all less relevant ones.

    Formula: `-sum((2**relevance[i] - 1) * log(exp(scores[i]) / z[i]))` with
    `z[i] = exp(scores[i]) + sum(exp(scores[j]))` over `relevance[j] < relevance[i]`.

    Args:
        scores: that a model gives.
        relevance: grades.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> unique_softmax([0.0, 0.0, 0.0], [2, 1, 0])
        Array(3.989, dtype=float32)

    Reference: Zhu and Klabjan 2020, arXiv:2001.01828.
    """
    lists = listed(scores, relevance, where)
    grades, scores, kept = _ordered(lists, None)
    below = running_log_total(jnp.where(kept, scores, -jnp.inf), reverse=True)
    # The first less relevant item stands behind the last of those that tie.
    size = scores.shape[-1]
    places = lax.broadcasted_iota(jnp.int32, scores.shape, scores.ndim - 1)
    changes = (grades[..., 1:] < grades[..., :-1]) & kept[..., 1:]
    starts = jnp.where(changes, places[..., 1:], size)
    starts = lax.cummin(starts, axis=scores.ndim - 1, reverse=True)
    starts = jnp.concatenate([starts, jnp.full_like(places[..., :1], size)], axis=-1)[..., :size]
    some = kept & (starts < size)
    low = jnp.take_along_axis(below, starts, axis=-1, mode="clip")
    lack = jnp.where(some, low - scores, 0)
    return jnp.sum(jnp.where(some, gains(grades) * softplus(lack), 0), axis=-1)


def list_mle(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int | None = None,
    key: Array | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the order that relevance gives, drawn item by item by the softmax of what is left.

    Formula: with items in the order of relevance,
    `sum(log(sum(exp(scores[i:]))) - scores[i])` over `i < k`: the Plackett-Luce likelihood of the
    first `k`.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        k: number of items whose place counts; None for all.
        key: of `jax.random`, breaks ties at random; without one, items that tie stand in the order
            given, to which the model is then fitted as well.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> list_mle([0.0, 0.0, 0.0], [2, 1, 0])
        Array(1.7918, dtype=float32)

    Reference: Xia et al. 2008, doi:10.1145/1390156.1390306.
    """
    return _unlikelihood(listed(scores, relevance, where), k, key)


def rank_distil(
    scores: Float[ArrayLike, "*batch n"],
    teacher: Float[ArrayLike, "*batch n"],
    key: PRNGKeyArray,
    *,
    k: int | None = None,
    samples: int = 8,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward orders that a teacher's scores draw: the cross-entropy of two distributions of them.

    Formula: `mean(list_mle(scores, teacher + noise, k=k))` over samples of Gumbel noise, which turn
    the teacher's scores into orders of the Plackett-Luce model; no gradient for the teacher.

    Args:
        scores: that a model gives.
        teacher: scores of the same items; over a temperature, if there is one.
        key: of `jax.random`.
        k: number of items whose place counts; None for all.
        samples: orders that are drawn.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> rank_distil([1.0, 0.0], [100.0, 0.0], jax.random.key(0))
        Array(0.3133, dtype=float32)

    Reference: Reddi et al. 2021, "RankDistil: Knowledge Distillation for Ranking".
    """
    lists = listed(scores, teacher, where)
    noise = jax.random.gumbel(key, (samples, *lists.scores.shape), lists.scores.dtype)
    drawn = lambda noise: _unlikelihood(lists._replace(relevance=lists.relevance + noise), k)
    return jnp.mean(jax.vmap(drawn)(noise), axis=0)


def position_aware_list_mle(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    weigh: Callable[[Array, Array], Array] | None = None,
    key: Array | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the order that relevance gives, and above all its top.

    Formula: with items in the order of relevance, counted from 1,
    `sum(weigh(i, count) * (log(sum(exp(scores[i:]))) - scores[i]))`, by default with
    `2**(count - i) - 1`.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        weigh: takes positions and the number of items in the list, and gives weights; those of
            the paper exceed float32 in lists of more than 128 items.
        key: as in `list_mle`.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> position_aware_list_mle([0.0, 0.0, 0.0], [2, 1, 0])
        Array(3.989, dtype=float32)

    Reference: Lan et al. 2014, "Position-Aware ListMLE: A Sequential Learning Process for Ranking".
    """
    lists = listed(scores, relevance, where)
    _, scores, kept = _ordered(lists, key)
    positions = 1 + lax.broadcasted_iota(scores.dtype, scores.shape, scores.ndim - 1)
    count = lists.total(jnp.ones_like(scores))[..., None]
    weigh = weigh or (lambda i, n: gains(n - i))
    weights = weigh(jnp.minimum(positions, count), count)
    return jnp.sum(jnp.where(kept, weights * _choices(scores, kept), 0), axis=-1)


def xe_ndcg(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    gamma: Float[ArrayLike, "*batch n"] | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward items for a share of the softmax that is that of their gains: a bound of NDCG.

    Formula: `-sum(q * log(softmax(scores)))` with `q` proportional to `2**relevance - gamma`.

    Args:
        scores: that a model gives.
        relevance: grades.
        gamma: numbers in `[0, 1]`, one for each item, which the paper draws anew at each step:
            `jax.random.uniform(key, scores.shape)`; their mean 0.5 without.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> xe_ndcg([1.0, 0.0], [1, 0])
        Array(0.5633, dtype=float32)

    Reference: Bruch 2021, arXiv:1911.09798.
    """
    lists = listed(scores, relevance, where)
    noise = jnp.full_like(lists.scores, 0.5)
    if gamma is not None:
        noise = same_shape(scores=scores, gamma=gamma)[1].astype(noise.dtype)
    # (2**y - 1) + (1 - gamma), which keeps the digits of small relevance.
    mass = gains(lists.relevance) + (1 - noise)
    return _cross_entropy(jnp.where(lists.kept, mass, 0), lists)


def _cross_entropy(mass: Array, lists: Listed) -> Float[Array, "*batch"]:
    """Of shares in proportion to a mass, which the items left out have none of."""
    scores = jnp.where(lists.kept, lists.scores, -jnp.inf)
    return safe_divide(_entropy_of(scores, mass), jnp.sum(mass, axis=-1))


def _odds(scores: Array) -> tuple[Array, Array]:
    """Scores relative to the largest, and the sum of their exponentials; 1 without any."""
    moved, _ = shifted(scores)
    total = jnp.sum(jnp.exp(moved), axis=-1, keepdims=True)
    return moved, jnp.where(total > 0, total, 1)


def _costs(scores: Array, mass: Array) -> Array:
    """What each item costs: minus its log-probability; 0 for those at -inf."""
    moved, total = _odds(scores)
    return jnp.where(scores > -jnp.inf, jnp.log(total) - moved, 0)


def _excess(scores: Array, mass: Array) -> Array:
    """By how much the part of the mass that the scores give an item exceeds its own."""
    moved, total = _odds(scores)
    return jnp.exp(moved) * (jnp.sum(mass, axis=-1, keepdims=True) / total) - mass


def _entropy(scores: Array, mass: Array) -> Array:
    """Sum of the mass times what it costs; as two sums over rows, it keeps less between."""
    moved, total = _odds(scores)
    held = jnp.where(scores > -jnp.inf, moved, 0)
    return jnp.log(total)[..., 0] * jnp.sum(mass, axis=-1) - jnp.sum(mass * held, axis=-1)


# In closed form, so that value and gradient read scores and mass.
_entropy_of = with_partials(_entropy, _excess, _costs)


def _ordered(lists: Listed, key: Array | None) -> tuple[Array, Array, Array]:
    """Relevance, scores and which items take part, from the most relevant item on."""
    order = descending(lists.relevance, lists.kept, key)
    scores, relevance = (jnp.take_along_axis(x, order, axis=-1) for x in lists[:2])
    places = lax.broadcasted_iota(jnp.int32, order.shape, order.ndim - 1)
    return relevance, scores, places < jnp.sum(lists.kept, axis=-1, keepdims=True)


def _unlikelihood(lists: Listed, k: int | None, key: Array | None = None) -> Float[Array, "*batch"]:
    """What the first `k` choices cost in the order of relevance."""
    _, scores, kept = _ordered(lists, key)
    return jnp.sum(_choices(scores, kept)[..., :k], axis=-1)


def _choices(scores: Array, kept: Array) -> Float[Array, "*batch n"]:
    """What each choice among the items from it on costs."""
    log_z = running_log_total(jnp.where(kept, scores, -jnp.inf), reverse=True)
    return jnp.where(kept, log_z - scores, 0)
