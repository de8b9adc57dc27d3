"""Rows of reinforcement learning: RLax, whose functions are of one step, or of one sequence."""

from collections.abc import Mapping
from typing import Any

from tests.references.case import Case, Peer

Inputs = Mapping[str, Any]

REWARDS, DISCOUNTS = [1.0, -0.5, 0.25], [0.9, 0.0, 0.5]
STATES = {
    "values": [0.5, 1.0, -2.0],
    "rewards": REWARDS,
    "discounts": DISCOUNTS,
    "next_values": [2.0, 9.0, -1.5],
}
ACTIONS = {
    "q": [[0.5, -1.0, 2.0], [1.0, 3.0, -2.0], [0.25, 0.0, 1.5]],
    "actions": [1, 0, 2],
    "rewards": REWARDS,
    "discounts": DISCOUNTS,
    "next_q": [[1.0, 0.5, -3.0], [-1.0, 2.0, 2.5], [4.0, 0.75, 3.0]],
}
POLICY = [[0.5, 0.0, 0.5], [0.25, 0.25, 0.5], [0.125, 0.75, 0.125]]
SELECTOR = [[0.0, 0.5, 0.25], [1.0, 2.0, 0.0], [-1.0, 1.0, 0.5]]
SUPPORT = [-2.0, -0.5, 0.25, 3.0]
DISTS = [
    [[0.5, -1.0, 2.0, 0.0], [1.0, 0.25, -2.0, 0.5]],
    [[0.0, 0.0, 0.0, 1.0], [3.0, 1.0, 0.5, -0.5]],
    [[-1.0, 2.0, 0.0, 0.25], [0.0, -0.75, 1.25, 2.0]],
]
AFTER = [
    [[1.0, 0.5, -3.0, 0.25], [-1.0, 2.0, 2.5, 0.0]],
    [[4.0, 0.75, 3.0, 1.0], [0.0, 0.5, 0.25, -2.0]],
    [[0.5, 0.0, -0.25, 1.5], [2.0, 1.0, 0.0, 0.5]],
]
LOGITS = {
    "logits": DISTS,
    "actions": [1, 0, 1],
    "rewards": REWARDS,
    "discounts": DISCOUNTS,
    "after": AFTER,
    "support": SUPPORT,
}
QUANTILES = {"quantiles": DISTS} | {k: v for k, v in LOGITS.items() if k != "logits"}
QUANTILES["levels"] = [0.125, 0.25, 0.5, 0.875]
CRITIC = {
    "logits": [[0.5, -1.0, 2.0], [1.0, 3.0, -2.0]],
    "q": [[1.0, 0.5, -3.0], [-1.0, 2.0, 2.5]],
}
SAMPLES = {
    "log_p": [[-1.0, -2.5, -0.5, -3.0], [-0.25, -4.0, -1.5, -2.0]],
    "q": [[0.5, -1.0, 2.0, 0.25], [3.0, 0.0, -2.5, 1.0]],
    "temperature": 0.75,
    "kl": [0.25, 0.0625],
    "alpha": 1.5,
    "price": 1.5,
}
BATCH = {
    "log_p": [-1.0, -2.5, -0.5, -3.0],
    "advantages": [0.5, -1.0, 2.0, 0.25],
    "temperature": 0.75,
    "kl": [0.25, 0.0625, 0.5, 0.125],
    "alpha": 1.5,
    "price": 1.5,
}
RATIOS = {"log_ratios": [0.5, -1.0, 0.25], "values": [0.5, 1.0, -2.0, 3.0]} | {
    "rewards": REWARDS,
    "discounts": DISCOUNTS,
}
SQUARED = "RLax has the error, whose square is ours"
TAKEN = "jnp.take_along_axis({0}, {1}[:, None], 1)[:, 0]"
NOW, THEN = TAKEN.format("q", "actions"), TAKEN.format("next_q", "next_actions")


def _error(
    theirs: str, given: str, ours: str, inputs: Inputs, held: tuple[str, ...], **more: Any
) -> Case:
    """The squared error of a step, and that nothing but the prediction has a gradient."""
    first = next(iter(inputs))
    return Case(
        theirs.replace("_", "-"),
        f"jax.vmap(rlax.{theirs})({given})**2",
        f"jl.value.{ours}",
        inputs,
        wrt=(first, *held),
        relation=SQUARED,
        **more,
    )


def _sequence(theirs: str, given: str, targets: str, inputs: Inputs, pred: str = NOW) -> Case:
    """The squared error along a sequence of steps."""
    return Case(
        theirs.replace("_", "-"),
        f"rlax.{theirs}({given})**2",
        f"jl.regression.squared_error({pred}, {targets})",
        inputs,
        relation=SQUARED,
    )


def _targets(name: str, theirs: str, ours: str, inputs: Inputs = RATIOS, **more: Any) -> Case:
    return Case(name, f"rlax.{theirs}", f"jl.advantages.{ours}", inputs, wrt=(), **more)


_STEP = "q, actions, rewards, discounts, next_q"
_CHOSEN = ACTIONS | {"next_actions": [2, 0, 1]}
_OFF_POLICY = _CHOSEN | {"pi": POLICY, "mu": [0.25, 0.5, 0.125]}
_BINS = "support, logits, actions, rewards, discounts, support, after"
_OVER_BINS = "(None, 0, 0, 0, 0, None, 0"
_PENALTY = "rlax.LagrangePenalty(temperature, 0.125)"
_CONSTRAINT = "[(kl, rlax.LagrangePenalty(alpha, 0.0625))]"
_OURS_CONSTRAINED = (
    "price * kl + jl.actor_critic.lagrange_multiplier(kl, multiplier=alpha, bound=0.0625)"
)

RLAX_CASES = (
    _error(
        "td_learning",
        "values, rewards, discounts, next_values",
        "td(values, rewards, discounts, next_values)",
        STATES,
        ("rewards", "discounts", "next_values"),
    ),
    _error(
        "sarsa",
        f"{_STEP}, next_actions",
        f"sarsa({_STEP}, next_actions)",
        _CHOSEN,
        ("next_q",),
    ),
    _error(
        "expected_sarsa",
        f"{_STEP}, policy",
        f"sarsa({_STEP}, policy)",
        ACTIONS | {"policy": POLICY},
        ("next_q", "policy"),
    ),
    _error("q_learning", _STEP, f"q_learning({_STEP})", ACTIONS, ("next_q",)),
    _error(
        "double_q_learning",
        f"{_STEP}, selector",
        f"double_q_learning({_STEP}, selector)",
        ACTIONS | {"selector": SELECTOR},
        ("next_q", "selector"),
    ),
    Case(
        "persistent-q-learning",
        f"jax.vmap(functools.partial(rlax.persistent_q_learning, action_gap_scale=0.25))({_STEP})"
        "**2",
        f"jl.value.persistent_q_learning({_STEP}, gap=0.25)",
        ACTIONS,
        wrt=("q", "next_q"),
        relation=SQUARED,
    ),
    _error(
        "qv_learning",
        "q, actions, rewards, discounts, next_values",
        f"td({NOW}, rewards, discounts, next_values)",
        {k: v for k, v in ACTIONS.items() if k != "next_q"}
        | {"next_values": STATES["next_values"]},
        ("next_values",),
    ),
    _error(
        "qv_max",
        "values, rewards, discounts, next_q",
        "td(values, rewards, discounts, jnp.max(next_q, axis=-1))",
        {k: v for k, v in STATES.items() if k != "next_values"} | {"next_q": ACTIONS["next_q"]},
        ("next_q",),
    ),
    _sequence(
        "td_lambda",
        "values, rewards, discounts, next_values, 0.75",
        "jl.advantages.lambda_returns(rewards, discounts, jnp.append(0.0, next_values), "
        "decay=0.75)",
        STATES,
        pred="values",
    ),
    _sequence(
        "sarsa_lambda",
        f"{_STEP}, next_actions, 0.75",
        f"jl.advantages.lambda_returns(rewards, discounts, jnp.append(0.0, {THEN}), decay=0.75)",
        _CHOSEN,
    ),
    _sequence(
        "q_lambda",
        f"{_STEP}, 0.75",
        "jl.advantages.lambda_returns(rewards, discounts, "
        "jnp.append(0.0, jnp.max(next_q, axis=-1)), decay=0.75)",
        ACTIONS,
    ),
    Case(
        "q-lambda-watkins",
        f"rlax.q_lambda({_STEP}, 0.75 * (jnp.argmax(next_q, axis=-1) == next_actions))**2",
        f"jl.regression.squared_error({NOW}, jl.advantages.off_policy_returns(rewards, discounts, "
        f"jnp.append(0.0, jnp.max(next_q, axis=-1)), jnp.append(0.0, {THEN})[:3], "
        "jnp.append(0.0, 0.75 * (jnp.argmax(next_q, axis=-1) == next_actions))[:3]))",
        ACTIONS | {"next_actions": [0, 1, 1]},
        relation=SQUARED,
    ),
    _sequence(
        "retrace",
        "q, next_q, actions, next_actions, rewards, discounts, pi, mu, 0.75",
        "jl.advantages.off_policy_returns(rewards, discounts, "
        f"jnp.append(0.0, jnp.sum(pi * next_q, axis=-1)), jnp.append(0.0, {THEN})[:3], "
        f"jnp.append(0.0, 0.75 * jnp.minimum(1.0, {TAKEN.format('pi', 'next_actions')} / mu))[:3])",
        _OFF_POLICY,
    ),
    _sequence(
        "retrace_continuous",
        "q, next_q, next_values, rewards, discounts, log_ratios, 0.75",
        "jl.advantages.off_policy_returns(rewards, discounts, jnp.append(0.0, next_values), "
        "jnp.append(0.0, next_q), jnp.append(0.0, "
        "0.75 * jnp.exp(jnp.minimum(0.0, log_ratios))))",
        {
            "q": STATES["values"],
            "next_q": [1.0, -0.5],
            "next_values": STATES["next_values"],
            "rewards": REWARDS,
            "discounts": DISCOUNTS,
            "log_ratios": [0.5, -1.0],
        },
        pred="q",
    ),
    Case(
        "transformed-q-lambda",
        f"rlax.transformed_q_lambda({_STEP}, jnp.full(3, 0.75), tx_pair=rlax.SIGNED_LOGP1_PAIR)**2",
        f"jl.regression.squared_error({NOW}, (lambda x: jnp.sign(x) * jnp.log1p(jnp.abs(x)))"
        "(jl.advantages.lambda_returns(rewards, discounts, jnp.append(0.0, (lambda x: "
        "jnp.sign(x) * jnp.expm1(jnp.abs(x)))(jnp.max(next_q, axis=-1))), decay=0.75)))",
        ACTIONS,
        relation=f"{SQUARED}; the returns are transformed by hand",
    ),
    Case(
        "categorical-td-learning",
        "jax.vmap(rlax.categorical_td_learning, (None, 0, 0, 0, None, 0))"
        "(support, logits, rewards, discounts, support, after)",
        "jl.classification.softmax_cross_entropy(logits, jl.histogram.project(rewards[:, None] "
        "+ discounts[:, None] * support, jnp.exp(after) / jnp.sum(jnp.exp(after), axis=-1, "
        "keepdims=True), support=support))",
        LOGITS | {"logits": [row[0] for row in DISTS], "after": [row[0] for row in AFTER]},
        wrt=("logits", "rewards", "discounts", "after"),
    ),
    Case(
        "categorical-q-learning",
        f"jax.vmap(rlax.categorical_q_learning, {_OVER_BINS}))({_BINS})",
        "jl.distributional.categorical_q_learning(logits, actions, rewards, discounts, after, "
        "support=support)",
        LOGITS,
        wrt=("logits", "rewards", "after"),
    ),
    Case(
        "categorical-double-q-learning",
        f"jax.vmap(rlax.categorical_double_q_learning, {_OVER_BINS}, 0))({_BINS}, selector)",
        "jl.distributional.categorical_td(logits, actions, rewards, discounts, after, "
        "jnp.argmax(selector, axis=-1), support=support)",
        LOGITS | {"selector": [row[:2] for row in SELECTOR]},
        wrt=("logits", "rewards", "after"),
    ),
    Case(
        "categorical-l2-project",
        "jax.vmap(rlax.categorical_l2_project, (0, 0, None))(places, masses, support)",
        "jl.histogram.project(places, masses, support=support)",
        {
            "places": [[-3.0, -0.5, 0.0, 0.125, 9.0], [0.25, -2.0, 3.0, 1.0, -1.0]],
            "masses": [[0.125, 0.25, 0.125, 0.25, 0.25], [0.5, 0.125, 0.125, 0.125, 0.125]],
            "support": SUPPORT,
        },
        wrt=(),
    ),
    Case(
        "transform-to-2hot",
        "rlax.transform_to_2hot(numbers, -16.0, 16.0, 5)",
        "jl.histogram.project(numbers[:, None], jnp.ones((4, 1)), "
        "support=jnp.linspace(-16.0, 16.0, 5))",
        {"numbers": [-20.0, -3.0, 8.5, 15.0]},
        wrt=(),
        relation="RLax adds 1e-5 to the width of a bin",
    ),
    *(
        Case(
            f"quantile-regression-{delta}",
            "jax.vmap(functools.partial(rlax.quantile_regression_loss, "
            f"huber_param={delta}), (0, None, 0))(pred, levels, target)",
            "jl.distributional.quantile_regression(pred, target, levels=levels, "
            f"delta={delta}){scale}",
            {
                "pred": [[0.5, -1.0, 2.0], [1.0, 3.0, -2.0]],
                "target": [[1.0, 0.75, -3.0, 0.25], [-1.0, 2.0, 2.5, 9.0]],
                "levels": [0.125, 0.5, 0.75],
            },
            wrt=("pred", "target"),
            relation=relation,
        )
        for delta, scale, relation in (
            ("0.0", "", "equal"),
            ("1.0", "", "equal"),
            ("0.5", " * 0.5", "RLax does not divide by the width, which at 0 makes it another"),
        )
    ),
    Case(
        "quantile-q-learning",
        "jax.vmap(functools.partial(rlax.quantile_q_learning, huber_param=1.0), "
        "(0, None, 0, 0, 0, 0, 0))(jnp.swapaxes(quantiles, 1, 2), levels, actions, rewards, "
        "discounts, jnp.swapaxes(after, 1, 2), jnp.swapaxes(after, 1, 2))",
        "jl.distributional.quantile_q_learning(quantiles, actions, rewards, discounts, after, "
        "levels=levels)",
        QUANTILES,
        wrt=("quantiles", "rewards", "after"),
        relation="RLax has the actions last, and its selector is that of quantile_td",
    ),
    Case(
        "quantile-expected-sarsa",
        "jax.vmap(functools.partial(rlax.quantile_expected_sarsa, huber_param=1.0), "
        "(0, None, 0, 0, 0, 0, 0))(jnp.swapaxes(quantiles, 1, 2), levels, actions, rewards, "
        "discounts, jnp.swapaxes(after, 1, 2), policy)",
        "jl.distributional.quantile_td(quantiles, actions, rewards, discounts, after, policy, "
        "levels=levels)",
        QUANTILES | {"policy": [[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]},
        wrt=("quantiles", "rewards", "after"),
        relation="RLax has the actions last",
    ),
    Case(
        "policy-gradient",
        "rlax.policy_gradient_loss(logits, actions, advantages, weights)",
        "jnp.mean(weights * jl.policy.reinforce("
        "-jl.classification.softmax_cross_entropy(logits, actions), advantages))",
        {
            "logits": CRITIC["logits"],
            "actions": [1, 2],
            "advantages": [0.5, -1.5],
            "weights": [1.0, 0.5],
        },
        wrt=("logits", "advantages"),
        relation="takes logits, and the mean",
    ),
    Case(
        "entropy",
        "rlax.entropy_loss(logits, weights)",
        "jnp.mean(weights * jl.policy.negative_entropy(logits))",
        {"logits": CRITIC["logits"], "weights": [1.0, 0.5]},
        relation="takes the mean",
    ),
    Case(
        "clipped-surrogate",
        "rlax.clipped_surrogate_pg_loss(jnp.exp(log_ratios), advantages, 0.25)",
        "jnp.mean(jl.policy.ppo_clip(log_ratios, jnp.zeros(4), advantages, low=0.25, high=0.25))",
        {"log_ratios": [0.5, -1.0, 0.125, 0.75], "advantages": [1.0, 0.5, -2.0, -1.0]},
        relation="takes ratios, and the mean",
    ),
    Case(
        "dpg",
        "rlax.dpg_loss(actions, slopes)",
        "jl.regression.squared_error(actions, target) / 2",
        {
            "actions": [0.5, -1.0, 2.0],
            "slopes": [1.0, 0.25, -0.5],
            "target": [1.5, -0.75, 1.5],
        },
        relation="equal, of constant targets actions + slopes; a critic that is a function makes "
        "-q of it",
    ),
    Case(
        "qpg",
        "rlax.qpg_loss(logits, q)",
        "jnp.mean(jl.actor_critic.sac_discrete_actor(logits, q, temperature=0.0) "
        "- jl.actor_critic.sac_discrete_actor(same, q, temperature=0.0))",
        CRITIC | {"same": CRITIC["logits"]},
        wrt=("logits", "q"),
        relation="RLax subtracts the mean value, which makes 0 of it with the same gradient",
    ),
    Case(
        "rpg",
        "rlax.rpg_loss(logits, q)",
        "jnp.mean(jl.actor_critic.regret(logits, q))",
        CRITIC,
        wrt=("logits", "q"),
        relation="takes the mean",
    ),
    Case(
        "rm",
        "rlax.rm_loss(logits, q)",
        "jnp.mean(jl.actor_critic.regret_matching(logits, q))",
        CRITIC,
        wrt=("logits", "q"),
        relation="takes the mean",
    ),
    Case(
        "mpo",
        f"rlax.mpo_loss(log_p, q, {_PENALTY}, {_CONSTRAINT}, lambda x: x, sample_axis=1)[0]",
        "jl.actor_critic.mpo(log_p, q, temperature=temperature) + "
        "jl.actor_critic.mpo_temperature(q, temperature=temperature, epsilon=0.125) + "
        f"{_OURS_CONSTRAINED}",
        SAMPLES,
        wrt=("log_p", "temperature", "kl", "alpha"),
        relation="RLax has the sum of the terms; its temperature's term has a gradient in q",
    ),
    Case(
        "mpo-parametric",
        f"sum(rlax.compute_parametric_kl_penalty_and_dual_loss({_CONSTRAINT}, lambda x: x))",
        _OURS_CONSTRAINED,
        {key: SAMPLES[key] for key in ("kl", "alpha", "price")},
        wrt=("kl", "alpha"),
        relation="RLax holds the multiplier constant in the price of the divergence",
    ),
    Case(
        "vmpo",
        f"jnp.mean(rlax.vmpo_loss(log_p, advantages, {_PENALTY}, {_CONSTRAINT}, lambda x: x)[0])",
        "jl.actor_critic.mpo(log_p, advantages, temperature=temperature, "
        "where=advantages >= jnp.median(advantages)) + "
        "jl.actor_critic.mpo_temperature(advantages, temperature=temperature, epsilon=0.125, "
        f"where=advantages >= jnp.median(advantages)) + jnp.mean({_OURS_CONSTRAINED})",
        BATCH,
        wrt=("log_p", "temperature", "kl", "alpha"),
        relation="RLax takes the better half by itself; the mean over the batch is ours",
    ),
    Case(
        "expectile",
        "rlax.expectile_loss(pred, target, 0.75)",
        "jl.quantile.expectile(pred, target, level=0.75)",
        {"pred": STATES["values"], "target": STATES["next_values"]},
        wrt=("pred", "target"),
    ),
    Case(
        "l2",
        "rlax.l2_loss(pred, target)",
        "jl.regression.squared_error(pred, target) / 2",
        {"pred": STATES["values"], "target": STATES["next_values"]},
        relation="half of it",
    ),
    Case(
        "huber",
        "rlax.huber_loss(errors, 0.75)",
        "jl.regression.huber(errors, jnp.zeros(3), delta=0.75)",
        {"errors": STATES["values"]},
        relation="takes the error",
    ),
    Case(
        "log-loss",
        "rlax.log_loss(pred, target)",
        "jl.classification.binary_cross_entropy(pred, target)",
        {"pred": [0.125, 0.5, 0.75], "target": [0.0, 0.25, 1.0]},
    ),
    Case(
        "categorical-cross-entropy",
        "rlax.categorical_cross_entropy(target, logits)",
        "jl.classification.softmax_cross_entropy(logits, target)",
        {"logits": CRITIC["logits"], "target": POLICY[:2]},
        relation="target first",
    ),
    Case(
        "categorical-kl-divergence",
        "rlax.categorical_kl_divergence(target, logits)",
        "jl.distillation.knowledge_distillation(logits, target, temperature=1.0)",
        {"logits": CRITIC["logits"], "target": CRITIC["q"]},
        relation="target first",
    ),
    Case(
        "multivariate-normal-kl-divergence",
        "rlax.multivariate_normal_kl_divergence(mean, deviation, target, width)",
        "jl.gaussian_divergence.reverse_kl("
        "mean, 2 * jnp.log(deviation), target, 2 * jnp.log(width))",
        {
            "mean": [[0.5, -1.0], [2.0, 0.25]],
            "deviation": [[1.0, 0.5], [2.0, 0.75]],
            "target": [[0.0, 0.5], [-1.0, 1.0]],
            "width": [[0.5, 1.5], [1.0, 1.25]],
        },
        wrt=("mean", "deviation"),
        relation="takes deviations",
    ),
    Case(
        "sampled-policy-distillation",
        "rlax.sampled_policy_distillation_loss(distrax.Categorical(logits), "
        "rlax.PolicyTarget(actions=actions, weights=weights))",
        "jnp.mean(weights * jl.classification.softmax_cross_entropy("
        "jnp.broadcast_to(logits, (2, 2, 3)), actions))",
        {
            "logits": CRITIC["logits"],
            "actions": [[1, 2], [0, 1]],
            "weights": [[1.0, 0.5], [0.25, 2.0]],
        },
        relation="the weighted mean of -log_p, over the count and not the weights",
    ),
    _targets(
        "lambda-returns",
        "lambda_returns(rewards, discounts, values[1:], 0.75)",
        "lambda_returns(rewards, discounts, values, decay=0.75)",
    ),
    _targets(
        "discounted-returns",
        "discounted_returns(rewards, discounts, values[1:])",
        "lambda_returns(rewards, discounts, values, decay=1.0)",
    ),
    _targets(
        "n-step-returns",
        "n_step_bootstrapped_returns(rewards, discounts, values[1:], 2)",
        "n_step_returns(rewards, discounts, values, steps=2)",
    ),
    _targets(
        "gae",
        "truncated_generalized_advantage_estimation(rewards, discounts, 0.75, values)",
        "gae(rewards, discounts, values, decay=0.75)",
    ),
    _targets(
        "off-policy-returns",
        "general_off_policy_returns_from_q_and_v(values[:2], values[1:], rewards, discounts, "
        "log_ratios[1:])",
        "off_policy_returns(rewards, discounts, values, jnp.append(0.0, values[:2]), log_ratios)",
    ),
    _targets(
        "off-policy-action-values",
        "general_off_policy_returns_from_action_values(next_q, next_actions, rewards, discounts, "
        "mu, pi)",
        "off_policy_returns(rewards, discounts, jnp.append(0.0, jnp.sum(pi * next_q, axis=-1)), "
        f"jnp.append(0.0, {THEN})[:3], jnp.append(0.0, mu)[:3])",
        _OFF_POLICY,
    ),
    _targets(
        "vtrace",
        "vtrace(values[:3], values[1:], rewards, discounts, jnp.exp(log_ratios), 0.75) "
        "+ values[:3]",
        "vtrace(rewards, discounts, values, log_ratios, decay=0.75).targets",
        relation="RLax has the error, less the value",
    ),
    _targets(
        "vtrace-advantage",
        "vtrace_td_error_and_advantage(values[:3], values[1:], rewards, discounts, "
        "jnp.exp(log_ratios)).pg_advantage",
        "vtrace(rewards, discounts, values, log_ratios).advantages",
        relation="equal for a lambda of 1; for less RLax mixes values into the advantage",
    ),
)
_MODULES = (
    "clipping",
    "losses",
    "mpo_ops",
    "multistep",
    "nonlinear_bellman",
    "policy_gradients",
    "policy_targets",
    "value_learning",
    "vtrace",
)
RLAX = Peer(
    name="rlax",
    pins=("rlax==0.1.8", "distrax==0.1.9", "jax==0.10.2", "jaxlib==0.10.2"),
    runs="jax",
    setup="import functools, warnings, jax, jax.numpy as jnp, distrax, rlax\n"
    "warnings.simplefilter('ignore')",
    cases=RLAX_CASES,
    public="[f'rlax.{name}' for name in (*rlax.__all__, 'pixel_control_loss') if callable("
    "getattr(rlax, name)) and not isinstance(getattr(rlax, name), type) and getattr(getattr(rlax, "
    f"name), '__module__', '').rpartition('.')[2] in {_MODULES}] + ["
    "'rlax.categorical_cross_entropy', 'rlax.categorical_kl_divergence', "
    "'rlax.multivariate_normal_kl_divergence', 'rlax.transform_to_2hot']",
    aliases={
        "rlax.mpo_compute_weights_and_temperature_loss": "rlax.mpo_loss",
        "rlax.vmpo_compute_weights_and_temperature_loss": "rlax.vmpo_loss",
    },
    not_ours={
        **{
            f"rlax.{name}": "of transformed values, as transformed_q_lambda"
            for name in (
                "transformed_general_off_policy_returns_from_action_values",
                "transformed_lambda_returns",
                "transformed_n_step_q_learning",
                "transformed_n_step_returns",
                "transformed_retrace",
            )
        },
        **{
            f"rlax.{name}": "V-trace mixed with importance sampling without a bound"
            for name in ("leaky_vtrace", "leaky_vtrace_td_error_and_advantage")
        },
        **{
            f"rlax.{name}": "transforms numbers"
            for name in ("compose_tx", "muzero_pair", "twohot_pair", "unbiased_transform_pair")
        },
        "rlax.constant_policy_targets": "draws actions",
        "rlax.likelihood": "exp(-log_loss)",
        "rlax.pixel_control_loss": "Q(lambda) of changes of pixels, cell by cell",
    },
)
