"""Weights of pairs that make a lambda loss of a pairwise one: what a metric says of their order.

Each takes lists, as `weighting` of the losses of `jaxloss.ranking` does, and gives what to know of
each item and a function of two items' knowledge. Write one of your own the same way:

    >>> from jaxloss.losses.ranking import pairwise_hinge
    >>> pairwise_hinge([0.0, 0.0, 0.0], [2, 1, 0], weighting=label_difference)
    Array(4., dtype=float32)

Ranks are those that the scores give, ties in the order given, and constants.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.lists import Items, Listed, discounts, gain_shares, ranks
from jaxloss.core.numerics import absolute

Weigh = Callable[[Items, Items], Array]
Weighting = Callable[[Listed], tuple[Items, Weigh]]


def label_difference(lists: Listed) -> tuple[Items, Weigh]:
    """Weigh a pair by how much its relevance differs.

    Formula: `abs(relevance[i] - relevance[j])`.

    Args:
        lists: of scored items.

    Reference: Jagerman et al. 2022, "Rax: Composable Learning-to-Rank Using JAX",
        doi:10.1145/3534678.3539065.
    """
    return (lists.relevance,), _apart


def dcg(lists: Listed, *, k: int | None = None) -> tuple[Items, Weigh]:
    """Weigh a pair by how NDCG changes when the two change places (LambdaRank).

    Formula: `abs(G[i] - G[j]) * abs(D[i] - D[j])`, with `G` the gains `2**relevance - 1` over the
    best DCG and `D = 1 / log2(1 + rank)`.

    Args:
        lists: of scored items.
        k: rank beyond which `D` is 0; None for none.

    Reference: Burges et al. 2006, "Learning to Rank with Nonsmooth Cost Functions".
    """
    gain, order = _gain_and_rank(lists, k)
    items = (gain, discounts(order, k))
    return items, lambda a, b: absolute(a[0] - b[0]) * absolute(a[1] - b[1])


def dcg2(lists: Listed, *, k: int | None = None) -> tuple[Items, Weigh]:
    """Weigh a pair by a bound of what NDCG loses, by how far apart the two stand (NDCG-Loss2).

    Formula: `abs(G[i] - G[j]) * (D(r) - D(r + 1))`, with `r = abs(rank[i] - rank[j])`,
    `D(r) = 1 / log2(1 + r)` and `G` the gains `2**relevance - 1` over the best DCG; with `k`, over
    `1 - D(max(rank[i], rank[j]))` where that rank is beyond it.

    Args:
        lists: of scored items.
        k: rank that the metric ends at; None for none.

    Reference: Wang et al. 2018, doi:10.1145/3269206.3271784; with `k`, Jagerman et al. 2022,
        doi:10.1145/3477495.3531849.
    """
    return _gain_and_rank(lists, k), lambda a, b: _bound(a, b, k)


def ndcg_loss2_plus(
    lists: Listed, *, mu: ArrayLike = 10.0, k: int | None = None
) -> tuple[Items, Weigh]:
    """Weigh a pair by `dcg` and `dcg2` together (NDCG-Loss2++).

    Formula: `dcg + mu * dcg2`.

    Args:
        lists: of scored items.
        mu: weight of the second; one for each list has a last axis of size one.
        k: rank that the metric ends at; None for none.

    Reference: Wang et al. 2018, doi:10.1145/3269206.3271784.
    """
    gain, order = _gain_and_rank(lists, k)
    mu = jnp.asarray(mu, gain.dtype)

    def weigh(a: Items, b: Items) -> Array:
        swapped = absolute(a[0] - b[0]) * absolute(a[2] - b[2])
        return swapped + mu * _bound(a, b, k)

    return (gain, order, discounts(order, k)), weigh


def _gain_and_rank(lists: Listed, k: int | None) -> tuple[Array, Array]:
    return lax.stop_gradient(gain_shares(lists, k)), ranks(lists.scores, lists.kept)


def _apart(a: Items, b: Items) -> Array:
    return absolute(a[0] - b[0])


def _bound(a: Items, b: Items, k: int | None) -> Array:
    """Of two items, with their gains and ranks."""
    apart = jnp.maximum(absolute(a[1] - b[1]), 1)
    values = _apart(a, b) * (discounts(apart) - discounts(apart + 1))
    if k is None:
        return values
    low = jnp.maximum(a[1], b[1])
    beyond = low > k
    return values / jnp.where(beyond, 1 - discounts(jnp.where(beyond, low, 2)), 1)
