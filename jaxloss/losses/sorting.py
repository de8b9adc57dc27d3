"""Ranking by a relaxed permutation: sorting made smooth, and metrics of what it sorts.

Losses read lists, scores and relevance on the last axis, and give one value for each list, between
0 and 1 where they are of a metric. A relaxed permutation is a matrix, so that memory is quadratic
in the length of a list. Items that `where` leaves out, and items with the score `-inf`, take no
part; a list in which nothing is relevant costs 0 where relevance is all that counts.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.lists import (
    Items,
    Listed,
    descending,
    discounts,
    gain_shares,
    listed,
    over_pairs,
)
from jaxloss.core.numerics import absolute, log_softmax, safe_divide, safe_sqrt


def neural_sort(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward scores whose relaxed permutation puts each item where its relevance does.

    Formula: with `log_p[k] = log_softmax(((n + 1 - 2 * k) * scores - sum(abs(scores[:, None] -
    scores), -1)) / temperature)` for the positions `k` from 1, `-mean(sum(q[k] * log_p[k]))`, where
    `q[k]` is shared by the items that tie for position `k`.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        temperature: of the relaxation; a permutation in the limit of 0.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> neural_sort([1.0, 0.0], [1, 0])
        Array(0.3133, dtype=float32)

    Reference: Grover et al. 2019, arXiv:1903.08850.
    """
    lists, log_p = _relaxed(scores, relevance, where, temperature)
    filled = _filled(lists)
    order = descending(lists.relevance, lists.kept)
    grades = jnp.take_along_axis(lists.relevance, order, axis=-1)
    ties = (filled & (grades[..., :, None] == lists.relevance[..., None, :])).astype(log_p.dtype)
    shares = safe_divide(ties, jnp.broadcast_to(_sum(ties), ties.shape))
    costs = -jnp.sum(shares * jnp.where(filled, log_p, 0), axis=(-2, -1))
    return safe_divide(costs, lists.total(jnp.ones_like(lists.scores)))


def neural_ndcg(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    k: int | None = None,
    iterations: int = 50,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a high NDCG of gains that are sorted by a relaxed permutation.

    Formula: `1 - sum((P @ G) / log2(1 + positions))` with `P` the matrix of `neural_sort`, whose
    columns and rows are brought to sum 1 in turns, and `G` the gains `2**relevance - 1` over the
    best DCG.

    Args:
        scores: that a model gives.
        relevance: grades.
        temperature: of the relaxation; a permutation in the limit of 0.
        k: last position that counts; None for all.
        iterations: of bringing columns and rows to sum 1.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> neural_ndcg([1.0, 0.0], [1, 0])
        Array(0.0993, dtype=float32)

    Reference: Pobrotyn and Białobrzeski 2021, arXiv:2102.07831.
    """
    lists, log_p = _relaxed(scores, relevance, where, temperature)
    relaxed = jnp.where(_filled(lists), jnp.exp(log_p), 0)

    @jax.checkpoint
    def scaled(matrix: Array, _: None) -> tuple[Array, None]:
        for axis in (-2, -1):
            total = jnp.sum(matrix, axis=axis, keepdims=True)
            matrix = safe_divide(matrix, jnp.broadcast_to(total, matrix.shape))
        return matrix, None

    relaxed = lax.scan(scaled, relaxed, length=iterations)[0]
    return _shortfall(relaxed, lists, k)


def pi_rank(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    k: int | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a high NDCG of the first positions of a relaxed permutation.

    Formula: `1 - sum((P @ G)[:k] / log2(1 + positions))` with `P` the matrix of `neural_sort`, and
    `G` the gains `2**relevance - 1` over the best DCG.

    Args:
        scores: that a model gives.
        relevance: grades.
        temperature: of the relaxation; a permutation in the limit of 0.
        k: last position that counts; None for all.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pi_rank([1.0, 0.0], [1, 0])
        Array(0.0993, dtype=float32)

    Reference: Swezey et al. 2021, arXiv:2012.06731.
    """
    lists, log_p = _relaxed(scores, relevance, where, temperature)
    return _shortfall(jnp.where(_filled(lists), jnp.exp(log_p), 0), lists, k)


def soft_rank_ndcg(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    sigma: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a high NDCG that is expected when scores have Gaussian noise (SoftRank).

    Formula: `1 - sum(G * mean(1 / log2(1 + rank)))`, where an item stands behind each other one,
    independently, with the chance `Phi((scores[j] - scores[i]) / (sqrt(2) * sigma))`, and `G` are
    the gains `2**relevance - 1` over the best DCG. In time cubic in the length of a list.

    Args:
        scores: that a model gives.
        relevance: grades.
        sigma: standard deviation of the noise, in units of the scores.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> soft_rank_ndcg([1.0, 0.0], [1, 0])
        Array(0.0885, dtype=float32)

    Reference: Taylor et al. 2008, doi:10.1145/1341531.1341544.
    """
    lists = listed(scores, relevance, where)
    (sigma,) = (along(x, 2) for x in hyperparameters(of_rows(lists.scores), sigma=sigma))
    size = lists.scores.shape[-1]
    lead = lists.scores[..., None, :] - lists.scores[..., :, None]
    behind = jax.scipy.special.ndtr(lead / (sigma * jnp.sqrt(2.0).astype(lead.dtype)))
    others = lists.kept[..., None, :] & jnp.broadcast_to(~jnp.eye(size, dtype=bool), lead.shape)
    chances = jnp.moveaxis(jnp.where(others, behind, 0), -1, 0)
    first = jnp.zeros((*lists.scores.shape, size), lead.dtype).at[..., :1].set(1)
    first = first + 0 * lead

    @jax.checkpoint
    def joined(places: Array, chance: Array) -> tuple[Array, None]:
        """Chances of places with one more rival, who is ahead with this chance."""
        chance = chance[..., None]
        back = jnp.pad(places, [(0, 0)] * (places.ndim - 1) + [(1, 0)])[..., :size]
        return places * (1 - chance) + back * chance, None

    places = lax.scan(joined, first, chances)[0]
    expected = places @ discounts(1 + jnp.arange(size, dtype=lead.dtype))
    share = lax.stop_gradient(gain_shares(lists))
    return jnp.where(jnp.any(share != 0, axis=-1), 1 - lists.total(share * expected), 0)


def soft_kendall(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the same order of scores and relevance: Kendall's correlation, made smooth.

    Formula: `1 - mean(tanh((scores[i] - scores[j]) / temperature))` over the pairs with
    `relevance[i] > relevance[j]`; 0 without one.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        temperature: lead of a pair that is all but settled, in units of the scores.
        where: items that take part.

    Returns:
        One value for each list, from 0 to 2.

    Example:
        >>> soft_kendall([1.0, 0.0], [1, 0])
        Array(0.2384, dtype=float32)

    Reference: Kendall 1938, doi:10.1093/biomet/30.1-2.81; smooth steps of pairs, Qin et al. 2010,
        doi:10.1007/s10791-009-9124-x.
    """
    lists = listed(scores, relevance, where)
    (level,) = (along(x) for x in hyperparameters(of_rows(lists.scores), temperature=temperature))

    def counted(first: Items, second: Items) -> tuple[Array, Array]:
        gap = first[1] - second[1]
        return gap, first[2] & second[2] & (gap != 0)

    def agreement(first: Items, second: Items) -> tuple[Array, None]:
        gap, counts = counted(first, second)
        lack = 1 - jnp.sign(gap) * jnp.tanh((first[0] - second[0]) / level)
        return jnp.where(counts, lack, 0), None

    def one(first: Items, second: Items) -> tuple[Array, None]:
        return counted(first, second)[1].astype(level.dtype), None

    lack, count = (jnp.sum(over_pairs(pair, lists), axis=-1) for pair in (agreement, one))
    return safe_divide(lack, count)


def soft_spearman(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    strength: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the same ranks of scores and relevance: Spearman's correlation of soft ranks.

    Formula: `1 - correlation(soft_ranks, ranks(relevance))`, with soft ranks the projection of
    `scores / strength` on the permutations of `1 ... n`, and mean ranks where relevance ties; 0
    without two different ranks.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        strength: of the projection; ranks in the limit of 0, in units of the scores.
        where: items that take part.

    Returns:
        One value for each list, from 0 to 2.

    Example:
        >>> soft_spearman([1.0, 0.5, 0.0], [2, 0, 1], strength=0.1)
        Array(0.5, dtype=float32)

    Reference: Blondel et al. 2020, arXiv:2002.08871.
    """
    lists = listed(scores, relevance, where)
    (level,) = (along(x) for x in hyperparameters(of_rows(lists.scores), strength=strength))
    soft, hard = _soft_ranks(lists, level), _mean_ranks(lists)
    count = _sum(lists.kept.astype(soft.dtype))
    soft, hard = (
        jnp.where(lists.kept, x - safe_divide(_sum(jnp.where(lists.kept, x, 0)), count), 0)
        for x in (soft, hard)
    )
    size = safe_sqrt(jnp.sum(jnp.square(soft), axis=-1))
    size = size * safe_sqrt(jnp.sum(jnp.square(hard), axis=-1))
    return jnp.where(size > 0, 1 - safe_divide(jnp.sum(soft * hard, axis=-1), size), 0)


def _relaxed(
    scores: ArrayLike, relevance: ArrayLike, where: ArrayLike | None, temperature: ArrayLike
) -> tuple[Listed, Float[Array, "*batch n n"]]:
    """Lists, and logarithms of the relaxed permutation: a row for each position."""
    lists = listed(scores, relevance, where)
    levels = hyperparameters(of_rows(lists.scores), temperature=temperature)
    (temperature,) = (along(x, 2) for x in levels)
    s = lists.scores
    apart = jnp.where(lists.kept[..., None, :], absolute(s[..., :, None] - s[..., None, :]), 0)
    count = _sum(lists.kept.astype(s.dtype))
    slope = count + 1 - 2 * (1 + lax.broadcasted_iota(s.dtype, s.shape, s.ndim - 1))
    raised = slope[..., :, None] * s[..., None, :] - jnp.sum(apart, axis=-1)[..., None, :]
    kept = jnp.broadcast_to(lists.kept[..., None, :], raised.shape)
    return lists, log_softmax(raised / temperature, where=kept)


def _filled(lists: Listed) -> Bool[Array, "*batch n n"]:
    """Entries of a permutation: positions that there are, and items that take part."""
    kept, axis = lists.kept, lists.kept.ndim - 1
    count = jnp.sum(kept, axis=-1, keepdims=True)
    positions = lax.broadcasted_iota(count.dtype, kept.shape, axis) < count
    return positions[..., :, None] & kept[..., None, :]


def _shortfall(relaxed: Array, lists: Listed, k: int | None) -> Float[Array, "*batch"]:
    """What NDCG misses to 1 when a relaxed permutation sorts the gains."""
    share = lax.stop_gradient(gain_shares(lists, k))
    positions = 1 + lax.broadcasted_iota(share.dtype, share.shape, share.ndim - 1)
    weights = discounts(positions, k)[..., :, None] * share[..., None, :]
    found = jnp.sum(relaxed * weights, axis=(-2, -1))
    return jnp.where(jnp.any(share != 0, axis=-1), 1 - found, 0)


def _soft_ranks(lists: Listed, strength: Array) -> Float[Array, "*batch n"]:
    """Projection of scores on the permutations of `1 ... n`, 1 for the largest.

    In descending order the projection pools neighbours until means descend; pools are found by the
    min-max formula of isotonic regression, and what they give is differentiable.
    """
    order = descending(lists.scores, lists.kept)
    back = jnp.argsort(order, axis=-1)
    # Ranks grow as scores fall: the projection is of minus the scores, in ascending order.
    z = -jnp.take_along_axis(lists.scores, order, axis=-1) / strength
    places = 1 + lax.broadcasted_iota(z.dtype, z.shape, z.ndim - 1)
    kept = jnp.take_along_axis(lists.kept, order, axis=-1)
    member = _pools(lax.stop_gradient(jnp.where(kept, z - places, 1e30)))
    size = _sum(member)[..., 0]
    # Relative to the item itself, so that large scores cancel exactly.
    drift = jnp.sum(member * (z[..., :, None] - z[..., None, :]), axis=-1) / size
    middle = jnp.sum(member * places[..., None, :], axis=-1) / size
    return jnp.where(lists.kept, jnp.take_along_axis(drift + middle, back, axis=-1), 0)


def _pools(y: Float[Array, "*batch n"]) -> Float[Array, "*batch n n"]:
    """Which entries are averaged with each in the closest ascending sequence."""
    n, axis = y.shape[-1], y.ndim - 1
    if n == 0:
        return jnp.zeros((*y.shape, 0), y.dtype)
    sums = jnp.pad(lax.cumsum(y, axis=axis), [(0, 0)] * axis + [(1, 0)])
    start, end = (lax.broadcasted_iota(jnp.int32, (*y.shape, n), axis + i) for i in (0, 1))
    count = jnp.maximum(end - start + 1, 1).astype(y.dtype)
    means = (sums[..., None, 1:] - sums[..., :-1, None]) / count
    # Of the pools from `start` to at least here, that of the lowest mean; of these, the highest.
    lowest = lax.cummin(jnp.where(start <= end, means, jnp.inf), axis=axis + 1, reverse=True)
    first = jnp.argmax(jnp.where(start <= end, lowest, -jnp.inf), axis=-2)
    rows = jnp.take_along_axis(means, first[..., None], axis=-2)
    last = jnp.argmin(jnp.where(start <= end, rows, jnp.inf), axis=-1)
    inside = (first[..., None] <= end) & (end <= last[..., None])
    return inside.astype(y.dtype)


def _mean_ranks(lists: Listed) -> Float[Array, "*batch n"]:
    """Ranks by relevance, 1 for the largest; their mean where items tie."""

    def pair(first: Items, second: Items) -> tuple[Array, Array]:
        both = first[1] & second[1]
        behind = (1 - jnp.sign(first[0] - second[0])) / 2
        return jnp.where(both, behind, 0), jnp.where(both, 1 - behind, 0)

    return 1 + over_pairs(pair, (lists.relevance, lists.kept))


def _sum(x: Array) -> Array:
    return jnp.sum(x, axis=-1, keepdims=True)
