"""Ranking metrics with a gradient: ranks are sums over pairs, of which each step is made smooth.

Each loss is `1 - metric`, between 0 and 1, and reads lists: scores and relevance on the last axis,
one value for each list. The rank of an item is 1 and the sum, over the others, of
`step((scores[j] - scores[i]) / temperature)`, with one of two steps: `"sigmoid"`, which
approximates, and `"hinge"`, `max(0, 1 + x)`, which bounds ranks from above and so metrics from
below. Items that `where` leaves out, and items with the score `-inf`, take no part; a list in which
nothing is relevant costs 0. Memory is linear in the length of a list. `jaxloss.rank_metrics` has
the metrics themselves.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, PRNGKeyArray, Real

from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.lists import Items, Listed, listed, over_pairs, ranks
from jaxloss.core.metrics import (
    average_precision_of,
    mrr_of,
    ndcg_of,
    precision_of,
    recall_of,
    relevant,
)
from jaxloss.core.numerics import relu

Step = Literal["sigmoid", "hinge"]
_RISES: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": lax.logistic,
    "hinge": lambda x: relu(1 + x),
}


def approx_ndcg(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    step: Step = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a high NDCG: much relevance at the top of the list.

    Formula: `1 - sum(G / log2(1 + rank))` with smooth ranks and `G` the gains `2**relevance - 1`
    over the best DCG.

    Args:
        scores: that a model gives.
        relevance: grades.
        temperature: of the steps that ranks are made of, in units of the scores.
        step: as above.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> approx_ndcg([1.0, 0.0], [1, 0])
        Array(0.154, dtype=float32)

    Reference: Qin et al. 2010, doi:10.1007/s10791-009-9124-x; Bruch et al. 2019,
        doi:10.1145/3331184.3331347.
    """
    lists, rank = _smooth(scores, relevance, where, temperature, step)
    return _shortfall(ndcg_of(rank, lists), jnp.any(lists.relevance != 0, axis=-1))


def approx_mrr(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    step: Step = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a relevant item near the top of the list.

    Formula: `1 - max(1 / rank)` over the relevant items, with smooth ranks.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        temperature: of the steps that ranks are made of, in units of the scores.
        step: as above.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> approx_mrr([0.0, 0.0], [1, 0])
        Array(0.3333, dtype=float32)

    Reference: Qin et al. 2010, doi:10.1007/s10791-009-9124-x.
    """
    lists, rank = _smooth(scores, relevance, where, temperature, step)
    return _shortfall(mrr_of(rank, lists), jnp.any(relevant(lists), axis=-1))


def approx_map(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 1.0,
    step: Step = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a high average precision: every relevant item ahead of all others.

    Formula: `1 - mean(place / rank)` over the relevant items, with smooth ranks, and `place` the
    rank of a relevant item among the relevant ones, a constant.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        temperature: of the steps that ranks are made of, in units of the scores.
        step: as above.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> approx_map([0.0, 0.0], [1, 0])
        Array(0.3333, dtype=float32)

    Reference: Qin et al. 2010, doi:10.1007/s10791-009-9124-x.
    """
    lists, rank = _smooth(scores, relevance, where, temperature, step)
    return _shortfall(average_precision_of(rank, lists), jnp.any(relevant(lists), axis=-1))


def approx_precision(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int = 2,
    temperature: ArrayLike = 1.0,
    step: Step = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward relevance among the first `k` items of the list.

    Formula: `1 - sum(w[relevant]) / sum(w)` with `w = sigmoid((cut - rank) / temperature)` of
    smooth ranks, and `cut`, in which scores are constants, half-way between the `k`-th of them and
    the next; a hinge bounds `w` by `min(1, (cut - rank) / temperature)`.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        k: rank that the metric ends at; shorter lists count whole.
        temperature: of the steps that ranks are made of, in units of the scores, and of the cut,
            in ranks.
        step: as above.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> approx_precision([2.0, 0.0], [1, 0], k=1)
        Array(0.4059, dtype=float32)

    Reference: Qin et al. 2010, doi:10.1007/s10791-009-9124-x; the cut, Jagerman et al. 2022,
        "Rax: Composable Learning-to-Rank Using JAX", doi:10.1145/3534678.3539065.
    """
    lists, rank = _smooth(scores, relevance, where, temperature, step)
    taken = _retrieved(lists, rank, k, temperature, step)
    return _shortfall(precision_of(taken, lists), jnp.any(relevant(lists), axis=-1))


def approx_recall(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int = 2,
    temperature: ArrayLike = 1.0,
    step: Step = "sigmoid",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward relevant items for being among the first `k` of the list.

    Formula: `1 - sum(w[relevant]) / count(relevant)` with `w` as in `approx_precision`.

    Args:
        scores: that a model gives.
        relevance: items of at least 1 are relevant.
        k: rank that the metric ends at; shorter lists count whole.
        temperature: of the steps that ranks are made of, in units of the scores, and of the cut,
            in ranks.
        step: as above.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> approx_recall([2.0, 0.0], [1, 0], k=1)
        Array(0.4059, dtype=float32)

    Reference: Qin et al. 2010, doi:10.1007/s10791-009-9124-x; the cut, Jagerman et al. 2022,
        "Rax: Composable Learning-to-Rank Using JAX", doi:10.1145/3534678.3539065.
    """
    lists, rank = _smooth(scores, relevance, where, temperature, step)
    taken = _retrieved(lists, rank, k, temperature, step)
    return _shortfall(recall_of(taken, lists), jnp.any(relevant(lists), axis=-1))


def perturbed(loss: Callable[..., Array], *, samples: int = 8) -> Callable[..., Array]:
    """Average a loss of lists over scores with Gumbel noise: over orders that the scores draw.

    Formula: `mean(loss(scores + beta * noise, relevance))` over samples of the noise.

    Args:
        loss: of scores and relevance, to one value for each list.
        samples: of the noise.

    Returns:
        A function of scores, relevance and a key of `jax.random`, with the keywords `beta`, the
        scale of the noise, and those of the loss.

    Example:
        >>> noisy = perturbed(approx_ndcg, samples=1000)
        >>> noisy([1.0, 0.0], [1, 0], jax.random.key(0)).round(2)
        Array(0.16, dtype=float32)

    Reference: Bruch et al. 2020, doi:10.1145/3336191.3371844.
    """

    def averaged(
        scores: Float[ArrayLike, "*batch n"],
        relevance: Real[ArrayLike, "*batch n"],
        key: PRNGKeyArray,
        *,
        beta: ArrayLike = 1.0,
        **options: object,
    ) -> Float[Array, "*batch"]:
        given = listed(scores, relevance, None).scores
        scores = jnp.where(jnp.asarray(scores) == -jnp.inf, -jnp.inf, given)
        (level,) = (along(x) for x in hyperparameters(of_rows(scores), beta=beta))
        noise = jax.random.gumbel(key, (samples, *scores.shape), scores.dtype)
        one = lambda noise: loss(scores + level * noise, relevance, **options)
        return jnp.mean(jax.vmap(one)(noise), axis=0)

    return averaged


def _smooth(
    scores: ArrayLike,
    relevance: ArrayLike,
    where: ArrayLike | None,
    temperature: ArrayLike,
    step: Step,
) -> tuple[Listed, Float[Array, "*batch n"]]:
    """Lists, and the smooth rank of each item."""
    lists = listed(scores, relevance, where)
    (level,) = (along(x) for x in hyperparameters(of_rows(lists.scores), temperature=temperature))

    rise = _RISES[step]

    def pair(first: Items, second: Items) -> tuple[Array, Array]:
        lead = (first[0] - second[0]) / level
        both = first[1] & second[1]
        # A sigmoid and what is missing to 1 both keep their digits.
        return jnp.where(both, rise(-lead), 0), jnp.where(both, rise(lead), 0)

    return lists, 1 + over_pairs(pair, (lists.scores, lists.kept))


def _retrieved(
    lists: Listed, rank: Array, k: int, temperature: ArrayLike, step: Step
) -> Float[Array, "*batch n"]:
    """How far each item is among the first `k`."""
    (level,) = (along(x) for x in hyperparameters(of_rows(rank), temperature=temperature))
    rise = _RISES[step]
    order, held = ranks(-rank, lists.kept), lax.stop_gradient(lists.scores)

    def edge(place: int) -> Array:
        """Smooth rank of the item in a place, of scores that are constants."""
        here = order == place
        lead = held - jnp.sum(jnp.where(here, held, 0), axis=-1, keepdims=True)
        ahead = jnp.where(lists.kept & ~here, rise(lead / level), 0)
        return 1 + jnp.sum(ahead, axis=-1, keepdims=True)

    ahead = ((edge(k) + edge(k + 1)) / 2 - rank) / level
    taken = 1 - relu(1 - ahead) if step == "hinge" else lax.logistic(ahead)
    longer = jnp.sum(lists.kept, axis=-1, keepdims=True) > k
    return jnp.where(lists.kept, jnp.where(longer, taken, 1), 0)


def _shortfall(metric: Array, some: Array) -> Float[Array, "*batch"]:
    """What is missing to 1; 0 where the metric has no meaning."""
    return jnp.where(some, 1 - metric, 0)
