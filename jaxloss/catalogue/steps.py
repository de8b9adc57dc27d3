"""Rows of the losses of policies and values."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import advantages, policy, policy_answers

ROWS: tuple[Row, ...] = (
    row(policy.reinforce, "steps_taken", "element", "convex"),
    row(policy.ppo_clip, "steps", "element"),
    row(policy.dual_clip, "steps", "element"),
    row(policy.ppo_kl, "steps", "element"),
    row(policy.cispo, "steps", "element", "held", holds="ceiling"),
    row(policy.sapo, "steps", "element"),
    row(policy.kl_k1, "policies", "element", "convex"),
    row(policy.kl_k2, "policies", "element", "nonnegative zero_at_target convex"),
    row(policy.kl_k3, "policies", "element", "nonnegative zero_at_target"),
    row(policy.negative_entropy, "actions", "row", "shift_invariant"),
    row(policy_answers.gspo, "answer_steps", "row"),
    row(policy_answers.luspo, "answer_steps", "row"),
    row(policy_answers.gmpo, "answer_steps", "row"),
    row(policy_answers.gspo_token, "tokens_taken", "element", "held"),
    row(
        policy_answers.vespo,
        "answer_tokens",
        "element",
        "held",
        holds="positive_k positive_rate negative_k negative_rate",
    ),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    advantages.group_relative,
    advantages.leave_one_out,
    advantages.gae,
    advantages.lambda_returns,
    advantages.vtrace,
)
