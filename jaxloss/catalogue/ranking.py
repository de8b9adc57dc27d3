"""Rows of the losses of ranked lists."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    lambda_weights,
    listwise,
    matches,
    ragged,
    rank_metrics,
    ranking,
    smooth_metrics,
    sorting,
)

ROWS: tuple[Row, ...] = (
    row(ranking.pairwise_logistic, "lists", "row", "nonnegative convex shift_invariant"),
    row(ranking.pairwise_hinge, "lists", "row", "nonnegative convex shift_invariant"),
    row(ranking.pairwise_soft_zero_one, "lists", "row", "nonnegative bounded shift_invariant"),
    row(
        ranking.pairwise_squared,
        "lists",
        "row",
        "nonnegative zero_at_target symmetric convex shift_invariant",
    ),
    row(
        ranking.pairwise_quantile,
        "lists",
        "row",
        "nonnegative zero_at_target convex shift_invariant",
    ),
    row(
        ranking.pairwise_expectile,
        "lists",
        "row",
        "nonnegative zero_at_target convex shift_invariant",
    ),
    row(ranking.lambda_rank, "lists", "row", "nonnegative shift_invariant"),
    row(ranking.lambda_loss, "lists", "row", "nonnegative shift_invariant"),
    row(ranking.bayesian_personalized, "reals", "element", "nonnegative convex"),
    row(ranking.margin_mse, "score_quartets", "element", "nonnegative zero_at_target convex"),
    row(listwise.softmax, "lists", "row", "nonnegative convex shift_invariant"),
    row(listwise.list_net, "lists", "row", "nonnegative convex shift_invariant"),
    row(listwise.poly1_softmax, "lists", "row", "nonnegative shift_invariant"),
    row(listwise.unique_softmax, "lists", "row", "nonnegative convex shift_invariant"),
    row(listwise.list_mle, "lists", "row", "nonnegative convex shift_invariant"),
    row(listwise.position_aware_list_mle, "lists", "row", "nonnegative convex shift_invariant"),
    row(listwise.xe_ndcg, "lists", "row", "nonnegative convex shift_invariant"),
    row(smooth_metrics.approx_ndcg, "lists", "row", "nonnegative bounded shift_invariant"),
    row(smooth_metrics.approx_mrr, "lists", "row", "nonnegative bounded shift_invariant"),
    row(smooth_metrics.approx_map, "lists", "row", "nonnegative bounded shift_invariant"),
    row(
        smooth_metrics.approx_precision,
        "lists",
        "row",
        "nonnegative bounded shift_invariant held",
    ),
    row(
        smooth_metrics.approx_recall,
        "lists",
        "row",
        "nonnegative bounded shift_invariant held",
    ),
    row(sorting.neural_sort, "lists", "row", "nonnegative shift_invariant"),
    row(sorting.neural_ndcg, "lists", "row", "nonnegative bounded shift_invariant"),
    row(sorting.pi_rank, "lists", "row", "bounded shift_invariant"),
    row(sorting.soft_rank_ndcg, "lists", "row", "nonnegative bounded shift_invariant"),
    row(sorting.soft_kendall, "lists", "row", "nonnegative bounded shift_invariant"),
    row(sorting.soft_spearman, "lists", "row", "nonnegative bounded shift_invariant"),
    row(matches.davidson, "matches", "element", "nonnegative convex"),
    row(matches.rao_kupper, "matches", "element", "nonnegative convex"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    lambda_weights.label_difference,
    lambda_weights.dcg,
    lambda_weights.dcg2,
    lambda_weights.ndcg_loss2_plus,
    listwise.rank_distil,
    ragged.segmented,
    ragged.segment_ids,
    rank_metrics.ndcg,
    rank_metrics.mrr,
    rank_metrics.average_precision,
    rank_metrics.precision,
    rank_metrics.recall,
    rank_metrics.ordered_pairs,
    smooth_metrics.perturbed,
)
