"""Rows of the losses of a student and its teacher."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    distillation,
    feature_distillation as features,
    layer_distillation as layers,
    logit_matching,
    map_distillation as maps,
    relational_distillation as relational,
    token_distillation,
)

_ZERO = "nonnegative zero_at_target shift_invariant"

ROWS: tuple[Row, ...] = (
    row(distillation.knowledge_distillation, "scores_of_teacher", "row", f"{_ZERO} convex"),
    row(
        distillation.soft_cross_entropy,
        "scores_of_teacher",
        "row",
        "nonnegative convex shift_invariant",
    ),
    row(distillation.reverse_kl, "scores_of_teacher", "row", _ZERO),
    row(distillation.total_variation, "scores_of_teacher", "row", f"{_ZERO} bounded"),
    row(distillation.generalized_jensen_shannon, "scores_of_teacher", "row", f"{_ZERO} bounded"),
    row(distillation.skew_kl, "scores_of_teacher", "row", f"{_ZERO} bounded"),
    row(distillation.skew_reverse_kl, "scores_of_teacher", "row", f"{_ZERO} bounded"),
    row(distillation.adaptive_kl, "scores_of_teacher", "row", f"{_ZERO} held"),
    row(logit_matching.decoupled, "scores_of_teacher_labels", "row", _ZERO),
    row(logit_matching.logit_squared_error, "scores_of_teacher", "row", f"{_ZERO} convex"),
    row(
        logit_matching.logit_standardization,
        "scores_of_teacher",
        "row",
        f"{_ZERO} scale_invariant bounded",
    ),
    row(
        token_distillation.universal_logit,
        "scores_of_other_teacher",
        "row",
        "nonnegative bounded shift_invariant",
    ),
    row(token_distillation.top_k, "scores_of_top", "row", "nonnegative shift_invariant"),
    row(token_distillation.minillm, "sampled_of_teacher", "row", "shift_invariant held"),
    row(token_distillation.on_policy, "log_p_of_teacher", "element", "convex"),
    row(features.hint, "vectors_of_teacher", "row", "nonnegative zero_at_target convex"),
    row(
        features.cosine,
        "vectors_of_teacher",
        "row",
        "nonnegative zero_at_target bounded scale_invariant",
    ),
    row(features.overhaul, "channels_of_teacher", "element", "nonnegative zero_at_target"),
    row(features.variational_information, "channels_told", "element", "convex"),
    row(features.contrastive_representation, "pairs_and_bank", "row", "nonnegative convex"),
    row(maps.attention_transfer, "maps_of_teacher", "row", "nonnegative bounded scale_invariant"),
    row(maps.channel_wise, "even_maps_of_teacher", "row", "nonnegative zero_at_target convex"),
    row(
        maps.hierarchical_context,
        "tall_maps_of_teacher even_maps_of_teacher",
        "row",
        "nonnegative zero_at_target convex",
    ),
    row(maps.masked_generative, "even_maps_of_teacher", "row", "nonnegative zero_at_target convex"),
    row(
        relational.relational_distance,
        "items_of_teacher",
        "row",
        "nonnegative bounded scale_invariant",
    ),
    row(
        relational.relational_angle,
        "items_of_teacher",
        "row",
        "nonnegative bounded scale_invariant",
    ),
    row(
        relational.similarity_preserving,
        "items_of_teacher",
        "row",
        "nonnegative bounded scale_invariant",
    ),
    row(
        relational.probabilistic_transfer, "items_of_teacher", "row", "nonnegative scale_invariant"
    ),
    row(
        relational.neuron_selectivity,
        "positions_of_teacher",
        "row",
        "nonnegative bounded scale_invariant",
    ),
    row(
        relational.dist,
        "sets_of_scores_of_teacher",
        "row",
        "nonnegative zero_at_target bounded shift_invariant",
    ),
    row(layers.flow_of_solution, "layers_of_teacher", "row", "nonnegative zero_at_target"),
    row(
        layers.singular_vectors,
        "active_layers_of_teacher",
        "row",
        "nonnegative zero_at_target bounded scale_invariant",
    ),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    logit_matching.standardize,
    features.overhaul_margins,
    features.updated_bank,
    maps.hidden_pixels,
)
