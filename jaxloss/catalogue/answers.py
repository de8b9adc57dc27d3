"""Rows of the losses of preferences."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    completions,
    preference,
    preference_shapes,
    preference_unpaired,
    reference_free,
    reward,
)

_SLOPED = "nonnegative convex"

ROWS: tuple[Row, ...] = (
    row(preference.dpo, "answer_pairs", "element", _SLOPED),
    row(preference.conservative_dpo, "answer_pairs", "element", _SLOPED),
    row(preference.robust_dpo, "answer_pairs", "element", "convex"),
    row(preference.ipo, "answer_pairs", "element", _SLOPED),
    row(preference.slic, "answer_pairs", "element", _SLOPED),
    row(preference.exo, "answer_pairs", "element", "nonnegative"),
    row(preference.nca, "answer_pairs", "element", _SLOPED),
    row(preference.bco_pair, "answer_pairs", "element", _SLOPED, holds="shift"),
    row(preference.sppo, "answer_pairs", "element", _SLOPED),
    row(preference.apo_zero, "answer_pairs", "element", "nonnegative bounded"),
    row(preference.apo_down, "answer_pairs", "element", "nonnegative bounded"),
    row(preference_shapes.discopop, "answer_pairs", "element", "nonnegative"),
    row(preference_shapes.f_dpo, "answer_pairs", "element", _SLOPED),
    row(preference_shapes.js_dpo, "answer_pairs", "element", _SLOPED),
    row(preference_shapes.odpo, "answer_pairs_offset", "element", _SLOPED),
    row(preference_shapes.r_dpo, "answer_pairs_lengths", "element", _SLOPED),
    row(preference_shapes.dpop, "answer_pairs", "element", _SLOPED),
    row(preference_shapes.diffusion_dpo, "answer_pairs", "element", "nonnegative"),
    row(preference_unpaired.kto, "answers_judged_kl", "element", "nonnegative bounded"),
    row(preference_unpaired.apo_zero_unpaired, "answers_judged", "element", "nonnegative bounded"),
    row(preference_unpaired.bco, "answers_judged_shift", "element", _SLOPED),
    row(preference_unpaired.aot, "answer_sets", "row", "nonnegative"),
    row(preference_unpaired.aot_unpaired, "answer_sets", "row", "nonnegative"),
    row(reference_free.cpo, "answers_compared", "element", _SLOPED),
    row(reference_free.tpo, "answers_compared_gold", "element", _SLOPED),
    row(reference_free.simpo, "answers_compared", "element", _SLOPED),
    row(reference_free.alphapo, "answers_compared", "element", _SLOPED),
    row(reference_free.orpo, "answers_compared", "element", "nonnegative"),
    row(reward.bradley_terry, "rewards_compared", "element", _SLOPED),
    row(reward.xpo, "answer_pairs_explored", "element", "convex"),
    row(reward.nash_md, "answers_won", "element", "held", holds="beta"),
    row(reward.a_star_po, "answers_rewarded", "element", _SLOPED),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    completions.confidence,
    completions.desensitized,
    completions.log_probs,
    completions.reduced,
    preference_unpaired.moved_shift,
    reward.optimal_value,
)
