"""Rows of the likelihoods: densities, extremes, counts, mixtures, survival."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    censored,
    counts,
    deviance,
    extremes,
    lifetimes,
    likelihood,
    mixtures,
    proportions,
    survival,
)

ROWS: tuple[Row, ...] = (
    row(likelihood.gaussian, "variances", "element", "convex"),
    row(likelihood.gaussian_log_variance, "log_scales_targets", "element", "convex"),
    row(likelihood.laplace, "log_scales_targets", "element", "convex"),
    row(likelihood.logistic, "log_scales_targets", "element", "convex"),
    row(likelihood.student_t, "log_scales_targets", "element", ""),
    row(likelihood.von_mises, "angles", "element", ""),
    row(lifetimes.log_normal, "log_scales_positive", "element", "convex"),
    row(lifetimes.log_logistic, "log_scales_positive", "element", "convex"),
    row(lifetimes.exponential, "log_rates_waits", "element", "convex"),
    row(lifetimes.gamma, "powers", "element", ""),
    row(lifetimes.weibull, "powers", "element", ""),
    row(lifetimes.inverse_gaussian, "powers", "element", ""),
    row(lifetimes.tweedie, "log_scales_positive", "element", ""),
    row(deviance.tweedie, "amounts", "element", "nonnegative zero_at_target"),
    row(extremes.generalized_extreme_value, "peaks", "element", ""),
    row(extremes.generalized_pareto, "excesses", "element", ""),
    row(counts.poisson, "log_rates_counts", "element", "nonnegative convex"),
    row(counts.negative_binomial, "log_rates_counts", "element", "nonnegative convex"),
    row(counts.zero_inflated_poisson, "zeros_log_rates_counts", "element", "nonnegative"),
    row(counts.zero_inflated_negative_binomial, "zeros_log_rates_counts", "element", "nonnegative"),
    row(counts.hurdle_poisson, "zeros_log_rates_counts", "element", "nonnegative convex"),
    row(counts.binomial, "logits_counts_trials", "element", "nonnegative convex"),
    row(proportions.beta, "shapes_proportions", "element", ""),
    row(proportions.dirichlet, "concentrations_parts", "row", ""),
    row(proportions.multinomial, "logits_counts", "row", "nonnegative convex shift_invariant"),
    row(proportions.dirichlet_multinomial, "concentrations_counts", "row", "nonnegative"),
    row(mixtures.multivariate_gaussian, "means_cholesky", "row", "convex"),
    row(mixtures.low_rank_gaussian, "means_loads", "row", "convex"),
    row(mixtures.mixture, "mixed_values", "row", "shift_invariant"),
    row(mixtures.gaussian_mixture, "mixed_numbers", "row", "shift_invariant"),
    row(mixtures.discretized_logistic, "pixel_levels", "element", "nonnegative convex"),
    row(
        mixtures.discretized_logistic_mixture,
        "mixed_levels",
        "row",
        "nonnegative shift_invariant",
    ),
    row(censored.exponential, "waits_events", "element", "convex"),
    row(censored.weibull, "failures", "element", ""),
    row(censored.log_logistic, "failures", "element", "convex"),
    row(censored.log_normal, "failures", "element", "convex"),
    row(survival.cox, "survival", "row", "nonnegative convex shift_invariant"),
    row(survival.logistic_hazard, "curves_intervals", "row", "nonnegative convex"),
    row(survival.probability_mass, "curves_intervals", "row", "nonnegative"),
    row(survival.deephit, "curves_subjects", "row", "nonnegative"),
)

HELPERS: tuple[Callable[..., Any], ...] = ()
