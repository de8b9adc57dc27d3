"""Rows of policies and values of language models: verl."""

from tests.references.case import Case, Peer

_KEEP = [[True, True, True], [True, True, False], [True, False, False]]
_TOKENS = {
    "log_p": [[-1.0, -2.0, -0.5], [-3.0, -0.25, -2.0], [-1.5, -4.0, -1.0]],
    "old": [[-1.25, -1.5, -0.5], [-2.0, -0.5, -9.0], [-1.0, -3.5, -1.5]],
    "advantages": [[1.0] * 3, [-0.5] * 3, [2.0] * 3],
    "keep": _KEEP,
}
_TOKENS["same"] = _TOKENS["log_p"]
_CLIPPED = "clip_ratio=0.25, clip_ratio_low=0.25, clip_ratio_high=0.25"
_BY_TOKEN = "jl.mean({0}, where=keep)"
_BY_ANSWER = "jl.mean(jl.mean({0}, where=keep, axis=-1))"
_ANSWERS = "log_p, old, advantages[:, 0]"
_MEANS = "the mean over tokens"
_MEAN_OF_MEANS = "the mean over answers of means"


def _policy(
    name: str, ours: str, mean: str = _BY_TOKEN, options: str = _CLIPPED, relation: str = _MEANS
) -> Case:
    mode = "seq-mean-token-mean" if mean == _BY_ANSWER else "token-mean"
    return Case(
        name.replace("_", "-"),
        f"verl.compute_policy_loss_{name}(old, log_p, advantages, keep, {mode!r}, {options})",
        mean.format(f"jl.{ours}"),
        _TOKENS,
        relation=relation,
    )


VERL_CASES = (
    Case(
        "value",
        "verl.compute_value_loss(values, returns, old, keep, 0.5)",
        "jl.mean(jl.value.clipped_value(values, old, returns, clip=0.5), where=keep) / 2",
        {
            "values": [[0.5, 2.0, -1.0], [1.0, -2.0, 0.0], [3.0, 0.25, 0.5]],
            "returns": [[1.0, 3.0, -2.0], [1.0, 0.5, 4.0], [0.0, 1.0, -1.0]],
            "old": [[0.25, 1.0, -0.75], [2.5, -2.25, 1.0], [1.0, 1.0, 0.0]],
            "keep": _KEEP,
        },
        relation="half of it; the mean over tokens",
    ),
    _policy(
        "vanilla",
        "policy.dual_clip(log_p, old, advantages, low=0.25, high=0.25, ceiling=3.0)",
        options=f"{_CLIPPED}, clip_ratio_c=3.0",
    ),
    _policy(
        "gspo",
        "policy_answers.gspo_token(log_p, old, advantages, low=0.25, high=0.25, where=keep)",
        _BY_ANSWER,
        relation=_MEAN_OF_MEANS,
    ),
    _policy(
        "sapo",
        "policy.sapo(log_p, old, advantages, positive_temperature=0.75, negative_temperature=1.25)",
        _BY_ANSWER,
        "tau_pos=0.75, tau_neg=1.25",
        _MEAN_OF_MEANS,
    ),
    _policy("gpg", "policy.reinforce(log_p, advantages)"),
    _policy("reinforce", "policy.reinforce(log_p, advantages)"),
    _policy(
        "geo_mean",
        f"policy_answers.gmpo({_ANSWERS}, low=0.25, high=0.25, where=keep)",
        "jl.mean({0})",
        relation="the mean over answers",
    ),
    _policy(
        "cispo",
        "policy.cispo(log_p, old, advantages, ceiling=1.25)",
        options="clip_ratio=0.25, clip_ratio_low=1.0, clip_ratio_high=0.25",
        relation=f"{_MEANS}; its clip_ratio_low bounds ratios from below, here at 0",
    ),
    _policy(
        "dppo_tv",
        "policy.cispo(log_p, old, advantages, ceiling=20.0) * jnp.where(advantages > 0, "
        "jnp.exp(same) - jnp.exp(old) <= 0.25, jnp.exp(same) - jnp.exp(old) >= -0.25)",
        options=f"{_CLIPPED}, clip_ratio_c=20.0",
        relation=f"{_MEANS}; which tokens count is worked out by hand",
    ),
    _policy(
        "dro",
        "policy.reinforce(log_p, advantages) + 0.5 * jl.policy.kl_k2(log_p, old)",
        options="dro_beta=0.5",
    ),
    *(
        Case(
            f"kl-{name}",
            f"verl.kl_penalty_forward(log_p, ref, {name!r})",
            f"jl.policy.{ours}(log_p, ref)",
            {"log_p": [-1.0, -2.5, -0.5], "ref": [-1.5, -2.0, -0.25]},
            relation=relation,
        )
        for name, ours, relation in (
            ("k1", "kl_k1", "equal"),
            ("k2", "kl_k2", "equal"),
            ("k3", "kl_k3", "equal up to a divergence of 10, at which verl clips it"),
        )
    ),
    Case(
        "kl-straight-through",
        "verl.kl_penalty(log_p, ref, 'k3+')",
        "jl.policy.kl_k3(same, ref) + jl.policy.kl_k2(log_p, ref) - jl.policy.kl_k2(same, ref)",
        {"log_p": [-1.0, -2.5], "ref": [-1.5, -2.0], "same": [-1.0, -2.5]},
        relation="the value of k3 with the gradient of k2",
    ),
    Case(
        "entropy",
        "verl.compute_entropy_loss(logits, keep)",
        "-jl.mean(jl.policy.negative_entropy(logits), where=keep)",
        {"logits": [[[0.5, -1.0, 2.0], [1.0, 3.0, -2.0]]], "keep": [[True, True]]},
        relation="the entropy itself, to be subtracted",
    ),
    Case(
        "gae",
        "verl.compute_gae_advantage_return(rewards, values, keep, 0.9, 0.75)",
        "jl.advantages.gae(rewards, jnp.array([[0.9, 0.9, 0.0]] * 2), "
        "jnp.pad(values, [(0, 0), (0, 1)]), decay=0.75) + values",
        {
            "rewards": [[0.0, 0.5, 1.0], [0.25, 0.0, -1.0]],
            "values": [[0.5, 1.0, -0.5], [0.0, 0.25, 2.0]],
            "keep": [[True] * 3] * 2,
        },
        wrt=(),
        relation="the returns; verl whitens the advantages",
    ),
    *(
        Case(
            name,
            f"verl.compute_{name}_outcome_advantage(rewards, groups)",
            f"jl.advantages.{ours}.reshape(-1)",
            {"rewards": [1.0, 0.0, 0.5, 2.0, -1.0, 0.25], "groups": [0, 0, 0, 1, 1, 1]},
            wrt=(),
            relation="groups are rows here",
        )
        for name, ours in (
            ("grpo", "group_relative(rewards.reshape(2, 3), eps=1e-6)"),
            ("rloo", "leave_one_out(rewards.reshape(2, 3))"),
        )
    ),
)
VERL = Peer(
    name="verl",
    pins=("verl==0.9.1", "torch==2.13.0"),
    runs="torch",
    setup="import torch\nfrom tests.references.verl_calls import PUBLIC, verl",
    public="PUBLIC",
    cases=VERL_CASES,
    aliases={
        "verl.compute_policy_loss": "verl.compute_policy_loss_vanilla",
        "verl.compute_grpo_vectorized_outcome_advantage": "verl.compute_grpo_outcome_advantage",
        "verl.compute_rloo_vectorized_outcome_advantage": "verl.compute_rloo_outcome_advantage",
    },
    not_ours={
        **{
            f"verl.compute_policy_loss_{name}": "chooses tokens by covariances over the batch"
            for name in ("clip_cov", "kl_cov")
        },
        "verl.compute_policy_loss_dppo_kl": "as dppo_tv, of tokens chosen by a divergence",
        "verl.compute_policy_loss_bypass_mode": "chooses one of the others",
        "verl.compute_pf_ppo_reweight_data": "draws answers anew",
        "verl.compute_rewards": "rewards less a weight times jl.policy.kl_k1",
        **{
            f"verl.compute_{name}_advantage": "advantages by another baseline"
            for name in (
                "gdpo_outcome",
                "gpg_outcome",
                "grpo_passk_outcome",
                "multi_turn_optimal_token_baseline",
                "opo_outcome",
                "optimal_token_baseline",
                "reinforce_plus_plus_baseline_outcome",
                "reinforce_plus_plus_outcome",
                "remax_outcome",
            )
        },
    },
)
