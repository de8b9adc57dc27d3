"""Rows of the losses of labels that are wrong, weak or ordered, and of sparse probabilities."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    noise_tolerant,
    noisy,
    ordered_classes,
    ordinal,
    self_correction,
    sparse,
    weak,
)

_BOUNDED = "nonnegative bounded shift_invariant"

ROWS: tuple[Row, ...] = (
    row(noisy.mean_absolute_error, "logits_any_labels", "row", _BOUNDED),
    row(noisy.reverse_cross_entropy, "logits_any_labels", "row", _BOUNDED),
    row(noisy.symmetric_cross_entropy, "logits_any_labels", "row", "nonnegative shift_invariant"),
    row(noisy.partially_huberized_cross_entropy, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.normalized_cross_entropy, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.normalized_focal, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.active_passive, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.asymmetric_generalized_cross_entropy, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.asymmetric_unhinged, "logits_any_labels", "row", _BOUNDED),
    row(noise_tolerant.asymmetric_exponential, "logits_any_labels", "row", _BOUNDED),
    row(self_correction.soft_bootstrap, "logits_any_labels", "row", "nonnegative shift_invariant"),
    row(self_correction.hard_bootstrap, "logits_any_labels", "row", "nonnegative shift_invariant"),
    row(self_correction.jensen_shannon, "logits_any_labels", "row", _BOUNDED),
    row(self_correction.generalized_jensen_shannon, "views_labels", "row", _BOUNDED),
    row(
        self_correction.early_learning_regularization,
        "logits_labels_averages",
        "row",
        "shift_invariant",
    ),
    row(
        weak.forward_correction,
        "logits_labels_transitions",
        "row",
        "nonnegative bounded shift_invariant",
    ),
    row(weak.backward_correction, "logits_labels_transitions", "row", "shift_invariant"),
    row(weak.peer, "logits_labels_peers", "row", "shift_invariant"),
    row(weak.negative_learning, "logits_any_labels", "row", "nonnegative shift_invariant"),
    row(weak.partial_label, "logits_candidates", "row", "nonnegative shift_invariant"),
    row(
        weak.progressive_identification,
        "logits_candidates",
        "row",
        "nonnegative shift_invariant held",
    ),
    row(weak.non_negative_pu, "lists_labelled", "row", "nonnegative bounded held"),
    row(ordinal.ordinal_binary_cross_entropy, "logits_levels", "row", "nonnegative convex"),
    row(ordinal.corn, "logits_levels", "row", "nonnegative convex"),
    row(ordinal.coral, "scores_labels_thresholds", "element", "nonnegative convex"),
    row(ordinal.cumulative_link, "scores_labels_thresholds", "element", "nonnegative convex"),
    row(ordinal.all_threshold_hinge, "scores_labels_thresholds", "element", "nonnegative convex"),
    row(
        ordinal.immediate_threshold_hinge,
        "scores_labels_thresholds",
        "element",
        "nonnegative convex",
    ),
    row(
        ordered_classes.squared_earth_mover,
        "logits_any_labels logits_distributions",
        "row",
        _BOUNDED,
    ),
    row(ordered_classes.weighted_kappa, "items_labels", "row", "bounded shift_invariant"),
    row(
        ordered_classes.soft_ordinal,
        "logits_any_labels",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(
        ordered_classes.label_distribution,
        "bins_positions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(
        ordered_classes.class_distance_cross_entropy,
        "logits_any_labels",
        "row",
        "nonnegative shift_invariant",
    ),
    row(ordered_classes.mean_variance, "logits_any_labels", "row", "nonnegative shift_invariant"),
    row(
        sparse.sparsemax,
        "logits_any_labels logits_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(
        sparse.entmax,
        "logits_any_labels logits_distributions",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(sparse.normmax, "logits_any_labels", "row", "nonnegative convex shift_invariant"),
    row(sparse.binary_sparsemax, "logits_bits", "element", "nonnegative convex"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    self_correction.average_predictions,
    weak.symmetric_transition,
    weak.candidate_weights,
    weak.small_loss,
    ordinal.ordinal_levels,
    ordinal.ordered_thresholds,
    ordered_classes.soft_labels,
    ordered_classes.binomial_logits,
    ordered_classes.poisson_logits,
    sparse.fenchel_young,
    sparse.perturbed_fenchel_young,
    sparse.sparsemax_probabilities,
    sparse.entmax_probabilities,
    sparse.normmax_probabilities,
)
