"""Losses of pairs of items, as sums over pairs that are written out."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import logistic
from tests.oracles.lists import Items, Weigh, over_lists, pair_dcg, pair_dcg2
from tests.oracles.loops import ZERO, Array, elementwise, softplus, total

X = npt.ArrayLike
Weights = Callable[[Items], Weigh]


def _pairs(
    fn: Callable[..., Decimal],
    scores: X,
    relevance: X,
    where: X | None,
    weighting: Weights | None = None,
    **hyper: X,
) -> Array:
    """Σ w_ij fn(s_i - s_j, y_i - y_j) over y_i > y_j."""

    def value(items: Items, **chosen: Decimal) -> Decimal:
        weigh = weighting(items) if weighting else lambda i, j: Decimal(1)
        return total(
            weigh(i, j) * fn(items.s[i] - items.s[j], items.y[i] - items.y[j], **chosen)
            for i, j in items.better()
        )

    return over_lists(value, scores, relevance, where, **hyper)


def pairwise_logistic(
    scores: X, relevance: X, *, weighting: Weights | None = None, where: X | None = None
) -> Array:
    """Burges 2005: Σ log(1 + exp(-(s_i - s_j)))."""
    return _pairs(lambda lead, _: softplus(-lead), scores, relevance, where, weighting)


def pairwise_hinge(
    scores: X,
    relevance: X,
    *,
    margin: X = 1.0,
    weighting: Weights | None = None,
    where: X | None = None,
) -> Array:
    """Joachims 2002: Σ max(0, margin - (s_i - s_j))."""

    def value(lead: Decimal, _: Decimal, margin: Decimal) -> Decimal:
        return max(ZERO, margin - lead)

    return _pairs(value, scores, relevance, where, weighting, margin=margin)


def pairwise_soft_zero_one(
    scores: X, relevance: X, *, weighting: Weights | None = None, where: X | None = None
) -> Array:
    """Σ σ(-(s_i - s_j))."""
    return _pairs(lambda lead, _: logistic(-lead), scores, relevance, where, weighting)


def pairwise_squared(
    scores: X, relevance: X, *, weighting: Weights | None = None, where: X | None = None
) -> Array:
    """Σ_{i<j} ((s_i - s_j) - (y_i - y_j))²."""

    def value(items: Items) -> Decimal:
        weigh = weighting(items) if weighting else lambda i, j: Decimal(1)
        return total(
            weigh(i, j) * ((items.s[i] - items.s[j]) - (items.y[i] - items.y[j])) ** 2
            for i in items.n
            for j in items.n
            if i < j
        )

    return over_lists(value, scores, relevance, where)


def pairwise_quantile(
    scores: X,
    relevance: X,
    *,
    tau: X = 0.5,
    weighting: Weights | None = None,
    where: X | None = None,
) -> Array:
    """Σ of the pinball loss of (y_i - y_j) - (s_i - s_j)."""

    def value(lead: Decimal, gap: Decimal, tau: Decimal) -> Decimal:
        return max(tau * (gap - lead), (tau - 1) * (gap - lead))

    return _pairs(value, scores, relevance, where, weighting, tau=tau)


def pairwise_expectile(
    scores: X,
    relevance: X,
    *,
    tau: X = 0.5,
    weighting: Weights | None = None,
    where: X | None = None,
) -> Array:
    """Σ of the asymmetric square of (y_i - y_j) - (s_i - s_j)."""

    def value(lead: Decimal, gap: Decimal, tau: Decimal) -> Decimal:
        return (tau if gap > lead else 1 - tau) * (gap - lead) ** 2

    return _pairs(value, scores, relevance, where, weighting, tau=tau)


def lambda_rank(scores: X, relevance: X, *, k: int | None = None, where: X | None = None) -> Array:
    """Burges 2006: Σ |ΔNDCG| log(1 + exp(-(s_i - s_j)))."""
    return pairwise_logistic(
        scores, relevance, weighting=lambda items: pair_dcg(items, k), where=where
    )


def lambda_loss(
    scores: X, relevance: X, *, mu: X = 10.0, k: int | None = None, where: X | None = None
) -> Array:
    """Wang 2018: Σ (|ΔNDCG| + mu δ_ij |G_i - G_j|) log(1 + exp(-(s_i - s_j)))."""

    def value(items: Items, mu: Decimal) -> Decimal:
        one, two = pair_dcg(items, k), pair_dcg2(items, k)
        return total(
            (one(i, j) + mu * two(i, j)) * softplus(items.s[j] - items.s[i])
            for i, j in items.better()
        )

    return over_lists(value, scores, relevance, where, mu=mu)


def bayesian_personalized(positive: X, negative: X) -> Array:
    """Rendle 2009: -log σ(s⁺ - s⁻)."""
    return elementwise(lambda a, b: -logistic(a - b).ln(), positive, negative)


def margin_mse(positive: X, negative: X, teacher_positive: X, teacher_negative: X) -> Array:
    """Hofstätter 2020: ((s⁺ - s⁻) - (t⁺ - t⁻))²."""
    return elementwise(
        lambda a, b, c, d: ((a - b) - (c - d)) ** 2,
        positive,
        negative,
        teacher_positive,
        teacher_negative,
    )
