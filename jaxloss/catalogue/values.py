"""Rows of the losses of real values."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import agreement, regression, robust

ROWS: tuple[Row, ...] = (
    row(
        regression.squared_error, "reals", "element", "nonnegative zero_at_target symmetric convex"
    ),
    row(
        regression.absolute_error, "reals", "element", "nonnegative zero_at_target symmetric convex"
    ),
    row(regression.huber, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.smooth_l1, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.pseudo_huber, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.charbonnier, "reals", "element", "nonnegative symmetric convex"),
    row(regression.log_cosh, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(
        regression.epsilon_insensitive,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(
        regression.squared_epsilon_insensitive,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(regression.berhu, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(regression.balanced_l1, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(regression.wing, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(regression.adaptive_wing, "unit", "element", "nonnegative zero_at_target"),
    row(regression.quantile_huber, "reals", "element", "nonnegative zero_at_target convex"),
    row(
        regression.absolute_percentage_error,
        "reals",
        "element",
        "nonnegative zero_at_target convex",
    ),
    row(
        regression.symmetric_absolute_percentage_error,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        regression.squared_log_error, "positives", "element", "nonnegative zero_at_target symmetric"
    ),
    row(
        regression.circular_error,
        "reals",
        "element",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        agreement.root_mean_squared_error,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(
        agreement.normalized_root_mean_squared_error,
        "vectors",
        "row",
        "nonnegative zero_at_target convex",
    ),
    row(agreement.relative_squared_error, "vectors", "row", "nonnegative zero_at_target convex"),
    row(
        agreement.weighted_absolute_percentage_error,
        "vectors",
        "row",
        "nonnegative zero_at_target convex",
    ),
    row(agreement.minkowski_error, "vectors", "row", "nonnegative zero_at_target symmetric convex"),
    row(agreement.cosine_similarity, "vectors", "row", "symmetric bounded scale_invariant"),
    row(
        agreement.cosine_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded scale_invariant",
    ),
    row(
        agreement.pearson_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded scale_invariant shift_invariant",
    ),
    row(
        agreement.concordance_distance,
        "vectors",
        "row",
        "nonnegative zero_at_target symmetric bounded",
    ),
    row(
        agreement.scale_invariant_log_error,
        "positive_vectors",
        "row",
        "nonnegative zero_at_target symmetric",
    ),
    row(
        agreement.scale_shift_invariant_error,
        "vectors",
        "row",
        "nonnegative zero_at_target bounded scale_invariant shift_invariant",
    ),
    row(robust.general_robust, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(robust.adaptive_robust, "reals", "element", "symmetric"),
    row(robust.cauchy, "reals", "element", "nonnegative zero_at_target symmetric"),
    row(robust.welsch, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.geman_mcclure, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.tukey_biweight, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
    row(robust.fair, "reals", "element", "nonnegative zero_at_target symmetric convex"),
    row(robust.hampel, "reals", "element", "nonnegative zero_at_target symmetric bounded"),
)

HELPERS: tuple[Callable[..., Any], ...] = ()
