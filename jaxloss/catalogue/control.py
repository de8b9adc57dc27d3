"""Rows of the losses of reinforcement learning that are not of policies alone."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import actor_critic, advantages, distributional, histogram, offline, value

ROWS: tuple[Row, ...] = (
    row(value.clipped_value, "moved_values", "element", "nonnegative convex"),
    row(value.td, "transitions", "element", "nonnegative convex"),
    row(
        value.sarsa,
        "action_values_chosen action_values_expected",
        "row",
        "nonnegative convex",
    ),
    row(value.q_learning, "action_values", "row", "nonnegative convex"),
    row(value.double_q_learning, "action_values_selected", "row", "nonnegative convex"),
    row(value.persistent_q_learning, "action_values", "row", "nonnegative convex", holds="gap"),
    row(value.advantage_learning, "action_values_of_old", "row", "nonnegative convex", holds="gap"),
    row(
        value.munchausen,
        "action_values_of_old",
        "row",
        "nonnegative convex",
        holds="gap temperature floor",
    ),
    row(distributional.quantile_regression, "quantile_samples", "row", "nonnegative convex"),
    row(
        distributional.quantile_td,
        "action_quantiles_chosen action_quantiles_expected",
        "row",
        "nonnegative convex",
    ),
    row(distributional.quantile_q_learning, "action_quantiles", "row", "nonnegative convex"),
    row(
        distributional.categorical_td,
        "action_bins_chosen action_bins_expected",
        "row",
        "nonnegative convex",
    ),
    row(distributional.categorical_q_learning, "action_bins", "row", "nonnegative convex"),
    row(histogram.two_hot, "number_places", "row", "nonnegative convex shift_invariant"),
    row(histogram.hl_gauss, "number_bins", "row", "nonnegative convex shift_invariant"),
    row(actor_critic.sac_actor, "drawn_actions", "element", "convex"),
    row(actor_critic.sac_discrete_actor, "critic_of_policy", "row", "shift_invariant"),
    row(
        actor_critic.sac_critic,
        "soft_steps",
        "element",
        "nonnegative convex",
        holds="temperature",
    ),
    row(actor_critic.lagrange_multiplier, "constraints", "element", "convex held"),
    row(actor_critic.mpo, "weighed_actions", "row", "convex", holds="temperature"),
    row(actor_critic.mpo_temperature, "worths", "row", "convex held"),
    row(actor_critic.regret, "critic_of_policy", "row", "nonnegative shift_invariant"),
    row(actor_critic.regret_matching, "critic_of_policy", "row", "held shift_invariant"),
    row(
        offline.advantage_weighted,
        "data_actions",
        "element",
        "convex",
        holds="temperature ceiling",
    ),
    row(offline.td3_bc, "cloned_actions", "element", "held"),
    row(offline.cql, "conservative", "row", "convex"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    advantages.n_step_returns,
    advantages.off_policy_returns,
    histogram.project,
)
