"""Rows of preferences and policies: TRL, whose trainers are called without a model."""

from tests.references.case import Case, Peer

_PAIR = {
    "chosen": [-1.0, -2.5, -40.0, -3.0],
    "rejected": [-2.0, -1.0, -2.0, -60.0],
    "ref_chosen": [-1.5, -2.0, -38.0, -5.0],
    "ref_rejected": [-1.25, -2.0, -6.0, -20.0],
}
_BOTH = ("chosen", "rejected")
_ARGUMENTS = "chosen, rejected, ref_chosen, ref_rejected"
_MEANS = {"chosen": [-0.5, -1.25, -2.0, -0.125], "rejected": [-0.75, -0.25, -6.0, -0.125]}
_JUDGED = {
    "log_p": [-1.0, -2.5, -40.0, -3.0, -9.0],
    "ref": [-1.5, -2.0, -38.0, -5.0, -3.0],
    "desirable": [True, False, True, False, True],
    "kl": 0.5,
}
_STEPS = {
    "log_p": [[-1.0, -2.0, -0.5], [-3.0, -0.25, -2.0], [-1.5, -4.0, -1.0]],
    "old": [[-1.25, -1.5, -0.5], [-2.0, -0.5, -9.0], [-1.0, -3.5, -1.5]],
    "advantages": [1.0, -0.5, 2.0],
    "keep": [[True, True, True], [True, True, False], [True, False, False]],
}
_REF = {"ref": [[-1.5, -1.0, -0.25], [-3.5, -0.5, -2.0], [-2.0, -4.0, -1.0]]}
_MEAN = "the mean over the batch"
_BY_ANSWER = "jl.mean(jl.mean({0}, where=keep, axis=-1))"
_BY_TOKEN = "jl.mean({0}, where=keep)"
_WHOLE_RATIO = (
    "jl.mean(jl.policy_answers.{0}(log_p, old, advantages, low=0.25, high=0.25, where=keep))"
)
_PPO = "jl.policy.ppo_clip(log_p, old, advantages{0})"


def _pair(
    name: str, ours: str, peer: str = "beta=0.5", mine: str = "beta=0.5", **more: str
) -> Case:
    """A type of DPO's loss beside one of ours."""
    theirs, _, label = name.partition(" ")
    return Case(
        f"dpo-{theirs}-{label}".rstrip("-"),
        f"dpo.{theirs}({_ARGUMENTS}, {peer})",
        f"jl.mean(jl.{ours}({_ARGUMENTS}, {mine}))",
        _PAIR,
        wrt=_BOTH,
        **{"relation": _MEAN} | more,
    )


def _free(name: str, ours: str, peer: str, mine: str, precision: str = "float64") -> Case:
    return Case(
        f"cpo-{name}",
        f"cpo.{name.partition('-')[0]}(chosen, rejected, {peer})",
        f"jl.{ours}(chosen, rejected, {mine})",
        _MEANS,
        wrt=_BOTH,
        precision=precision,
        relation="equal; the likelihood is another term of the trainer",
    )


def _unpaired(name: str, ours: str, peer: str, kl: str) -> Case:
    return Case(
        f"kto-{name}",
        f"kto.{name}(log_p, ref, desirable, kl, {peer})",
        f"jl.mean(jl.preference_unpaired.{ours}(log_p, ref, desirable{kl}))",
        _JUDGED,
        relation=_MEAN,
    )


def _triple(name: str, ours: str, peer: str, relation: str) -> Case:
    return Case(
        f"tpo-{name}",
        f"tpo.{name}(chosen, rejected, gold, {peer})",
        f"jl.mean({ours})",
        _MEANS | {"gold": [-0.25, -1.0, -0.5, -2.0]},
        wrt=(*_BOTH, "gold"),
        relation=relation,
    )


def _policy(
    name: str, peer: str, ours: str, relation: str, options: str = "", ref: bool = False
) -> Case:
    return Case(
        name,
        f"{peer}(log_p, old, advantages, keep{options})",
        ours,
        _STEPS | _REF if ref else _STEPS,
        relation=relation,
    )


_WHOLE = (
    "jl.completions.reduced(log_p, where=keep), jl.completions.reduced(old, where=keep), advantages"
)

TRL = Peer(
    name="trl",
    pins=("trl==1.16.0", "torch==2.13.0"),
    runs="torch",
    setup=(
        "import torch\n"
        "from tests.references.trl_calls import PUBLIC, a2po, cpo, dpo, gmpo, grpo, kto, orpo, "
        "reward, rloo, tpo"
    ),
    public="PUBLIC",
    cases=(
        _pair("sigmoid", "preference.dpo"),
        _pair(
            "hinge",
            "preference.slic",
            "beta=0.375",
            "beta=0.375",
        ),
        _pair("ipo", "preference.ipo", relation=f"{_MEAN}; divides log-ratios by lengths, here 1"),
        _pair(
            "exo_pair", "preference.exo", "beta=0.5, smoothing=0.125", "beta=0.5, smoothing=0.125"
        ),
        _pair("nca_pair", "preference.nca"),
        _pair(
            "robust",
            "preference.robust_dpo",
            "beta=0.5, smoothing=0.125",
            "beta=0.5, smoothing=0.125",
        ),
        _pair("bco_pair", "preference.bco_pair", relation=f"{_MEAN}; without the shift"),
        _pair("sppo_hard", "preference.sppo"),
        _pair("apo_zero", "preference.apo_zero"),
        _pair("apo_down", "preference.apo_down"),
        _pair("discopop", "preference_shapes.discopop"),
        _pair("sigmoid_norm", "preference.dpo", relation=f"{_MEAN}; of means over tokens"),
        _pair(
            "sigmoid forward-kl",
            "preference_shapes.f_dpo",
            'beta=0.5, divergence="forward_kl"',
            "beta=0.5, alpha=1.0",
        ),
        _pair(
            "sigmoid jensen-shannon",
            "preference_shapes.js_dpo",
            'beta=0.5, divergence="js_divergence"',
        ),
        _pair(
            "sigmoid alpha",
            "preference_shapes.f_dpo",
            'beta=0.5, divergence="alpha_divergence", alpha=0.5',
            "beta=0.5, alpha=0.5",
            precision="float32",
            relation=f"{_MEAN}; its alpha is 1 minus ours, a power counts up to exp(80)",
        ),
        _pair("aot", "preference_unpaired.aot", relation="equal; the mean is inside"),
        _pair(
            "aot_unpaired", "preference_unpaired.aot_unpaired", relation="equal; the mean is inside"
        ),
        Case(
            "dpo-weighting",
            f"dpo.sigmoid({_ARGUMENTS}, beta=0.5, weighting=True)",
            "jl.mean(jl.completions.confidence(chosen[:, None], 0 * chosen[:, None])"
            " * jl.completions.confidence(rejected[:, None], 0 * chosen[:, None])"
            f" * jl.preference.dpo({_ARGUMENTS}, beta=0.5))",
            _PAIR,
            wrt=_BOTH,
            relation="the weights of WPO multiply the loss, with unnormalised probabilities here",
        ),
        _unpaired(
            "kto",
            "kto",
            "beta=0.5, gain=0.75, loss=1.25",
            ", kl, beta=0.5, desirable_weight=0.75, undesirable_weight=1.25",
        ),
        _unpaired("apo_zero_unpaired", "apo_zero_unpaired", "beta=0.5", ", beta=0.5"),
        _free("sigmoid", "reference_free.cpo", "beta=0.5", "beta=0.5, nll_weight=0.0"),
        _free("simpo", "reference_free.simpo", "beta=2.0, margin=0.5", "beta=2.0, margin=0.5"),
        _free(
            "simpo-alpha",
            "reference_free.alphapo",
            "beta=2.0, margin=0.5, alpha=0.25",
            "beta=2.0, margin=0.5, alpha=0.25",
        ),
        _free(
            "hinge",
            "preference.slic",
            "beta=0.75",
            "0 * chosen, 0 * rejected, beta=0.75",
        ),
        _free("ipo", "preference.ipo", "beta=0.5", "0 * chosen, 0 * rejected, beta=0.5"),
        Case(
            "orpo",
            "orpo.odds(chosen, rejected, weight=0.25)",
            "jl.reference_free.orpo(chosen, rejected, weight=0.25)",
            _MEANS,
            wrt=_BOTH,
            relation="the trainer adds the likelihood as a mean over the tokens of the batch",
        ),
        _triple(
            "sigmoid",
            "jl.reference_free.tpo(chosen, rejected, gold, beta=0.5, nll_weight=2.0)",
            "beta=0.5, weight=2.0",
            f"{_MEAN}; the likelihood is a mean over the tokens of the batch",
        ),
        _triple(
            "tpo_l",
            "jl.reference_free.simpo(chosen, rejected, beta=0.5, margin=0.25) - 2 * gold",
            "beta=0.5, weight=2.0, margin=0.25",
            "SimPO and the likelihood of a gold answer",
        ),
        _triple(
            "hinge",
            "jl.preference.slic(chosen, rejected, 0 * gold, 0 * gold, beta=0.75) - 2 * gold",
            "beta=0.75, weight=2.0",
            "the hinge and the likelihood of a gold answer",
        ),
        _triple(
            "ipo",
            "jl.preference.ipo(chosen, rejected, 0 * gold, 0 * gold, beta=0.5) - 2 * gold",
            "beta=0.5, weight=2.0",
            "IPO and the likelihood of a gold answer",
        ),
        Case(
            "reward",
            "reward.compared(chosen, rejected, margin, centering=0.25)",
            "jl.mean(jl.reward.bradley_terry(chosen, rejected, margin=margin, centering=0.25))",
            {"chosen": [1.0, -2.0, 3.0], "rejected": [0.5, 1.5, -8.0], "margin": [0.0, 1.0, 2.0]},
            wrt=_BOTH,
            relation=_MEAN,
        ),
        Case(
            "a2po",
            "a2po.squared(log_p, ref, rewards, best, beta=0.5)",
            "jl.mean(jl.reward.a_star_po(log_p, ref, rewards, best, beta=0.5))",
            {
                "log_p": [-1.0, -2.5, -40.0],
                "ref": [-1.5, -2.0, -38.0],
                "rewards": [1.0, 0.0, 0.5],
                "best": [0.75, 0.25, 0.25],
            },
            relation=_MEAN,
        ),
        _policy(
            "grpo",
            "grpo.grpo",
            _BY_ANSWER.format(_PPO.format(", low=0.25, high=0.375")),
            "the mean over answers of means over tokens",
            ", low=0.25, high=0.375",
        ),
        _policy(
            "grpo-with-a-reference",
            "grpo.grpo",
            _BY_ANSWER.format(_PPO.format("") + " + 0.25 * jl.policy.kl_k3(log_p, ref)"),
            "k3 is added with a weight",
            ", ref=ref, beta=0.25",
            ref=True,
        ),
        _policy(
            "grpo-two-sided",
            "grpo.grpo",
            _BY_ANSWER.format("jl.policy.dual_clip(log_p, old, advantages, ceiling=2.0)"),
            "delta is the ceiling of a dual clip",
            ", delta=2.0",
        ),
        _policy(
            "gspo",
            "grpo.grpo",
            _WHOLE_RATIO.format("gspo"),
            "the sequence level of its importance sampling",
            ', low=0.25, high=0.25, level="sequence"',
        ),
        _policy("bnpo", "grpo.bnpo", _BY_TOKEN.format(_PPO.format("")), "the mean over tokens"),
        _policy(
            "dapo",
            "grpo.dapo",
            _BY_TOKEN.format(_PPO.format(", high=0.28")),
            "the mean over tokens of the accumulated batch",
            ", high=0.28",
        ),
        _policy(
            "dr-grpo",
            "grpo.dr_grpo",
            f"jl.total({_PPO.format('')}, where=keep) / log_p.size",
            "the sum over answers times their largest length",
        ),
        _policy(
            "cispo",
            "grpo.cispo",
            _BY_TOKEN.format("jl.policy.cispo(log_p, old, advantages, ceiling=1.5)"),
            "the mean over tokens; its `epsilon_high` is the ceiling",
            ", high=1.5",
        ),
        _policy(
            "sapo",
            "grpo.sapo",
            _BY_ANSWER.format("jl.policy.sapo(log_p, old, advantages)"),
            "the mean over answers of means over tokens",
        ),
        _policy(
            "luspo",
            "grpo.luspo",
            _WHOLE_RATIO.format("luspo"),
            "with the sequence level, which is not its default",
            ', low=0.25, high=0.25, level="sequence"',
        ),
        _policy(
            "vespo",
            "grpo.vespo",
            _BY_TOKEN.format("jl.policy_answers.vespo(log_p, old, advantages, where=keep)"),
            "the mean over tokens; a ratio counts from 1e-8 on",
        ),
        _policy(
            "gmpo",
            "gmpo.geometric",
            "jl.mean(jl.policy_answers.gmpo(log_p, old, advantages, low=0.375, where=keep))",
            _MEAN,
            ", low=0.375, high=0.4",
        ),
        _policy(
            "rloo",
            "rloo.clipped",
            f"jl.mean(jl.policy.ppo_clip({_WHOLE}))",
            "the clip of whole answers",
        ),
    ),
    not_ours={"dpo.sft": "a mean of log-probabilities: completions.log_probs, negated"},
)
