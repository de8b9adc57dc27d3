"""Rows of the losses of language models: tokens, candidates, routers."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import language, order_agnostic, routing, sequence, structured

ROWS: tuple[Row, ...] = (
    row(language.token_cross_entropy, "tokens_labels", "row", "nonnegative convex shift_invariant"),
    row(
        language.dynamic_fine_tuning,
        "tokens_labels",
        "row",
        "nonnegative bounded shift_invariant held",
    ),
    row(language.z_loss, "class_scores", "row", "nonnegative"),
    row(language.unlikelihood, "logits_unwanted", "row", "nonnegative shift_invariant"),
    row(
        language.multi_token_prediction, "heads_labels", "row", "nonnegative convex shift_invariant"
    ),
    row(language.replaced_token_detection, "bits_tokens", "element", "nonnegative convex"),
    row(language.simctg, "hidden_tokens", "row", "nonnegative bounded scale_invariant"),
    row(language.self_critical, "sampled_rewards", "element", "convex"),
    row(language.minimum_risk, "candidates", "row", "nonnegative bounded shift_invariant"),
    row(routing.load_balancing, "routers", "row", "nonnegative bounded shift_invariant"),
    row(structured.crf, "states_labels", "row", "nonnegative convex shift_invariant"),
    row(structured.hidden_markov, "states_seen", "row", ""),
    row(structured.auto_segmentation, "states_words", "row", "nonnegative shift_invariant"),
    row(
        order_agnostic.aligned_cross_entropy,
        "predictions_words",
        "row",
        "nonnegative shift_invariant",
    ),
    row(
        order_agnostic.order_agnostic_cross_entropy,
        "unordered_tokens",
        "row",
        "nonnegative shift_invariant",
    ),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    language.softcap,
    language.earlier_tokens,
    sequence.fits,
)
