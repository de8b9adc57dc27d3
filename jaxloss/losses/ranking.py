"""Learning to rank from pairs: of two items of a list, the more relevant should score higher.

Losses read lists, scores and relevance on the last axis, and give one value for each list: a sum
over its pairs, as the papers have it. Items that `where` leaves out, and items with the score
`-inf`, take no part; a list without a pair costs 0. Time is quadratic in the length of a list and
memory linear. `weighting` makes a lambda loss of any of them (`jaxloss.lambda_weights`). Single
items are the business of `jaxloss.regression` and `jaxloss.classification`.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import along, hyperparameters, of_rows, same_shape
from jaxloss.core.lists import Items, Listed, listed, over_pairs
from jaxloss.core.numerics import relu, safe_divide, softplus, streamed
from jaxloss.losses.lambda_weights import Weighting, dcg, ndcg_loss2_plus


def pairwise_logistic(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the more relevant of two items for a higher score, by the logistic loss (RankNet).

    Formula: `sum(log(1 + exp(-(scores[i] - scores[j]))))` over pairs with
    `relevance[i] > relevance[j]`.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_logistic([2.0, 1.0, 1.0], [1, 0, 0])
        Array(0.6265, dtype=float32)

    Reference: Burges et al. 2005, doi:10.1145/1102351.1102363.
    """
    lists = listed(scores, relevance, where)
    return _over_pairs(lambda lead, _: softplus(-lead), lists, weighting)


def pairwise_hinge(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the more relevant of two items for a lead of a margin (ranking SVM).

    Formula: `sum(max(0, margin - (scores[i] - scores[j])))` over pairs with
    `relevance[i] > relevance[j]`; a lead of exactly the margin has gradient 0.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        margin: lead that is asked for.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_hinge([2.0, 1.5, 1.0], [1, 0, 0])
        Array(0.5, dtype=float32)

    Reference: Joachims 2002, doi:10.1145/775047.775067.
    """
    lists = listed(scores, relevance, where)
    return _over_pairs(lambda lead, _, m: relu(m - lead), lists, weighting, margin=margin)


def pairwise_soft_zero_one(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Count the pairs in the wrong order, smoothly.

    Formula: `sum(sigmoid(-(scores[i] - scores[j])))` over pairs with `relevance[i] > relevance[j]`.

    Args:
        scores: that a model gives.
        relevance: only its order counts.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_soft_zero_one([2.0, 1.0, 1.0], [1, 0, 0])
        Array(0.5379, dtype=float32)

    Reference: Jagerman et al. 2022, "Rax: Composable Learning-to-Rank Using JAX",
        doi:10.1145/3534678.3539065.
    """
    lists = listed(scores, relevance, where)
    return _over_pairs(lambda lead, _: lax.logistic(-lead), lists, weighting)


def pairwise_squared(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward differences of scores that are those of relevance, by their squared error.

    Formula: `sum(((scores[i] - scores[j]) - (relevance[i] - relevance[j]))**2)` over pairs `i < j`;
    without weights, in time linear in the list.

    Args:
        scores: that a model gives.
        relevance: in units of the scores.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_squared([2.0, 1.0, 1.0], [1, 0, 1])
        Array(2., dtype=float32)

    Reference: Jagerman et al. 2022, "Rax: Composable Learning-to-Rank Using JAX",
        doi:10.1145/3534678.3539065.
    """
    lists = listed(scores, relevance, where)
    if weighting is not None:
        return _over_pairs(
            lambda lead, gap: jnp.square(lead - gap), lists, weighting, with_ties=True
        )
    # The sum over pairs of squared differences is the count times the sum of squared deviations.
    error = lists.scores - lists.relevance
    count = lists.total(jnp.ones_like(error))
    mean = safe_divide(lists.total(error), count)
    return count * lists.total(jnp.square(error - mean[..., None]))


def pairwise_quantile(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    tau: ArrayLike = 0.5,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward leads that are a quantile of what relevance says of them.

    Formula: with `error = (relevance[i] - relevance[j]) - (scores[i] - scores[j])`,
    `sum(max(tau * error, (tau - 1) * error))` over pairs with `relevance[i] > relevance[j]`;
    gradient 0 at the kink.

    Args:
        scores: that a model gives.
        relevance: in units of the scores.
        tau: which quantile, between 0 and 1.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_quantile([2.0, 1.0, 1.0], [3, 0, 0], tau=0.75)
        Array(3., dtype=float32)

    Reference: Koenker and Bassett 1978, doi:10.2307/1913643; of pairs, Jagerman et al. 2022,
        "Rax: Composable Learning-to-Rank Using JAX", doi:10.1145/3534678.3539065.
    """
    lists = listed(scores, relevance, where)

    def pinball(lead: Array, gap: Array, tau: Array) -> Array:
        return tau * relu(gap - lead) + (1 - tau) * relu(lead - gap)

    return _over_pairs(pinball, lists, weighting, tau=tau)


def pairwise_expectile(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    tau: ArrayLike = 0.5,
    weighting: Weighting | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward leads that are an expectile of what relevance says of them.

    Formula: with `error = (relevance[i] - relevance[j]) - (scores[i] - scores[j])`,
    `sum(where(error > 0, tau, 1 - tau) * error**2)` over pairs with
    `relevance[i] > relevance[j]`.

    Args:
        scores: that a model gives.
        relevance: in units of the scores.
        tau: which expectile, between 0 and 1.
        weighting: weight of each pair.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> pairwise_expectile([2.0, 1.0, 1.0], [3, 0, 0], tau=0.75)
        Array(6., dtype=float32)

    Reference: Newey and Powell 1987, doi:10.2307/1911031; of pairs, Jagerman et al. 2022,
        "Rax: Composable Learning-to-Rank Using JAX", doi:10.1145/3534678.3539065.
    """
    lists = listed(scores, relevance, where)

    def squared(lead: Array, gap: Array, tau: Array) -> Array:
        return tau * jnp.square(relu(gap - lead)) + (1 - tau) * jnp.square(relu(lead - gap))

    return _over_pairs(squared, lists, weighting, tau=tau)


def lambda_rank(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    k: int | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right order of two items by what NDCG would lose if they changed places.

    Formula: `sum(w[i, j] * log(1 + exp(-(scores[i] - scores[j]))))` over pairs with
    `relevance[i] > relevance[j]`, with the weights of `lambda_weights.dcg`: changes of NDCG by the
    ranks that the scores give, which are constants.

    Args:
        scores: that a model gives.
        relevance: grades, with the gain `2**relevance - 1`.
        k: rank beyond which items have no gain; None for none.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> lambda_rank([2.0, 1.0, 1.0], [0, 1, 0])
        Array(0.5754, dtype=float32)

    Reference: Burges et al. 2006, "Learning to Rank with Nonsmooth Cost Functions".
    """
    lists = listed(scores, relevance, where)
    return _over_pairs(lambda lead, _: softplus(-lead), lists, lambda lists: dcg(lists, k=k))


def lambda_loss(
    scores: Float[ArrayLike, "*batch n"],
    relevance: Real[ArrayLike, "*batch n"],
    *,
    mu: ArrayLike = 10.0,
    k: int | None = None,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right order of two items by a bound of what NDCG loses (NDCG-Loss2++).

    Formula: `sum(w[i, j] * log(1 + exp(-(scores[i] - scores[j]))))` over pairs with
    `relevance[i] > relevance[j]`, with the weights `lambda_weights.dcg + mu * lambda_weights.dcg2`,
    which are constants. The paper's logarithm is to the base 2.

    Args:
        scores: that a model gives.
        relevance: grades, with the gain `2**relevance - 1`.
        mu: weight of the bound beside that of `lambda_rank`.
        k: rank beyond which items have no gain; None for none.
        where: items that take part.

    Returns:
        One value for each list.

    Example:
        >>> lambda_loss([2.0, 1.0, 1.0], [0, 1, 0], mu=1.0)
        Array(1.3159, dtype=float32)

    Reference: Wang et al. 2018, doi:10.1145/3269206.3271784.
    """
    lists = listed(scores, relevance, where)
    (mu,) = (along(level) for level in hyperparameters(of_rows(lists.scores), mu=mu))
    weighting = lambda lists: ndcg_loss2_plus(lists, mu=mu, k=k)
    return _over_pairs(lambda lead, _: softplus(-lead), lists, weighting)


def bayesian_personalized(
    positive: Float[ArrayLike, "*shape"], negative: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward an item that a user chose for a higher score than one drawn at random (BPR).

    Formula: `-log(sigmoid(positive - negative))`.

    Args:
        positive: scores of items that were chosen.
        negative: scores of others, one for each.

    Example:
        >>> bayesian_personalized([1.0], [1.0])
        Array([0.6931], dtype=float32)

    Reference: Rendle et al. 2009, arXiv:1205.2618.
    """
    positive, negative = same_shape(positive=positive, negative=negative)
    return streamed(lambda x, y: softplus(y - x))(positive, negative)


def margin_mse(
    positive: Float[ArrayLike, "*shape"],
    negative: Float[ArrayLike, "*shape"],
    teacher_positive: Float[ArrayLike, "*shape"],
    teacher_negative: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a lead of one item over another that is as large as a teacher's.

    Formula: `((positive - negative) - (teacher_positive - teacher_negative))**2`; no gradient for
    the teacher.

    Args:
        positive: scores of relevant items.
        negative: scores of others, one for each.
        teacher_positive: the teacher's scores of the same relevant items.
        teacher_negative: the teacher's scores of the same others.

    Example:
        >>> margin_mse([3.0], [1.0], [5.0], [2.0])
        Array([1.], dtype=float32)

    Reference: Hofstätter et al. 2020, arXiv:2010.02666.
    """
    positive, negative, *teacher = same_shape(
        positive=positive,
        negative=negative,
        teacher_positive=teacher_positive,
        teacher_negative=teacher_negative,
    )
    error = lambda x, y, a, b: jnp.square((x - y) - (a - b))
    return streamed(error)(positive, negative, *lax.stop_gradient(teacher))


def _over_pairs(
    kernel: Callable[..., Array],
    lists: Listed,
    weighting: Weighting | None,
    *,
    with_ties: bool = False,
    **hyper: ArrayLike,
) -> Float[Array, "*batch"]:
    """Sum of a kernel over the pairs of each list.

    Args:
        kernel: takes by how much the more relevant item leads in score and in relevance, and the
            hyperparameters.
        lists: of scored items.
        weighting: of pairs.
        with_ties: whether pairs of equal relevance count too.
        hyper: numbers, or one for each list.
    """
    levels = [along(level) for level in hyperparameters(of_rows(lists.scores), **hyper)]
    more, weigh = ((), None) if weighting is None else weighting(lists)

    def pair(first: Items, second: Items) -> tuple[Array, None]:
        gap = first[1] - second[1]
        counts = first[2] & second[2] & (with_ties | (gap != 0))
        side = jnp.where(gap < 0, -1, 1).astype(gap.dtype)
        lead = jnp.where(counts, side * (first[0] - second[0]), 0)
        values = kernel(lead, side * gap, *levels)
        if weigh is not None:
            values = weigh(first[3:], second[3:]) * values
        return jnp.where(counts, values, 0), None

    return jnp.sum(over_pairs(pair, (*lists, *more)), axis=-1)
