"""Rows of Liger-Kernel: losses of linear layers, beside ours of the same hidden states."""

from tests.references.case import Case, Peer

_ANSWERS = {
    "hidden": [
        [[0.5, -1.0], [2.0, 0.25], [1.0, 0.5]],
        [[-0.5, 1.25], [0.75, -2.0], [0.0, 1.0]],
        [[1.5, 0.5], [-1.0, 0.0], [0.25, -0.75]],
        [[0.0, -0.5], [1.0, 1.0], [-2.0, 0.5]],
    ],
    "weight": [[1.0, -0.5], [0.0, 2.0], [-1.5, 0.5], [0.25, -0.25]],
    "ids": [[1, 0, -100], [2, 3, 1], [0, -100, -100], [-100, 2, 3]],
}
_REF = {
    "ref_hidden": [
        [[0.25, -0.5], [1.0, 0.5], [1.0, 1.0]],
        [[0.5, 1.0], [0.5, -1.0], [0.25, 0.5]],
        [[1.0, 1.0], [-0.5, 0.5], [0.0, -1.0]],
        [[0.5, -1.0], [0.75, 0.5], [-1.0, 0.0]],
    ],
    "ref_weight": [[0.75, -0.5], [0.25, 1.0], [-1.0, 0.25], [0.0, -0.5]],
}
_LOG_P = "jl.fused.linear_completions({0}hidden, {0}weight.T, ids, where=ids >= 0, over={1!r})"
_NLL = (
    " + {0} * jl.fused.linear_softmax_cross_entropy("
    "hidden[:2], weight.T, ids[:2], where=ids[:2] >= 0).value"
)
_WRT = ("hidden", "weight")
_MEAN = "the mean over pairs; the first half of the answers are chosen"
_WITH_NLL = f"{_MEAN}; the likelihood is a mean over the tokens of these"


def _pair(name: str, ours: str, peer: str = "beta=0.5", mine: str = "beta=0.5") -> Case:
    return Case(
        f"dpo-{name}",
        f"dpo.{name}(hidden, weight, ids, ref_hidden, ref_weight, {peer})",
        f"(lambda p, r: jl.mean(jl.{ours}(p[:2], p[2:], r[:2], r[2:], {mine})))"
        f"({_LOG_P.format('', 'total')}, {_LOG_P.format('ref_', 'total')})",
        _ANSWERS | _REF,
        wrt=_WRT,
        precision="float32",
        relation=_MEAN,
    )


def _free(name: str, ours: str, peer: str, over: str, weight: str) -> Case:
    return Case(
        name,
        f"{name}.{name}(hidden, weight, ids, {peer})",
        f"(lambda p: jl.mean({ours}))({_LOG_P.format('', over)}){_NLL.format(weight)}",
        _ANSWERS,
        wrt=_WRT,
        precision="float32",
        relation=_WITH_NLL,
    )


_STEPS = {
    "hidden": _ANSWERS["hidden"][:3],
    "weight": _ANSWERS["weight"],
    "ids": [[1, 0, 2], [2, 3, 1], [0, 1, 3]],
    "keep": [[True, True, True], [True, True, False], [True, False, False]],
    "advantages": [1.0, -0.5, 2.0],
    "old": [[-1.25, -2.5, -0.5], [-2.0, -0.5, -9.0], [-1.0, -3.5, -1.5]],
}
_PPO = "jl.policy.ppo_clip(p, old, advantages{0})"
_BY_ANSWER = "jl.mean(jl.mean({0}, where=keep, axis=-1))"
_BY_TOKEN = "jl.mean({0}, where=keep)"
_WHOLE = "jl.mean(jl.policy_answers.{0}(p, old, advantages, low=0.25, high=0.25, where=keep))"


def _policy(
    name: str, ours: str, relation: str, options: str = "", ref: list[list[float]] | None = None
) -> Case:
    kind, _, _ = name.partition(" ")
    return Case(
        "grpo-" + name.replace(" ", "-"),
        f"grpo.{kind}(hidden, weight, ids, keep, advantages, old{options})",
        f"(lambda p: {ours})(jl.fused.linear_log_probs(hidden, weight.T, ids[..., None])"
        ".log_probs[..., 0])",
        _STEPS if ref is None else _STEPS | {"ref": ref},
        wrt=_WRT,
        precision="float32",
        relation=relation,
    )


_STUDENT = {
    "hidden": [[0.5, -1.0], [2.0, 0.25], [1.0, 0.5], [-0.5, 1.25]],
    "weight": _ANSWERS["weight"],
    "teacher_hidden": [[1.0, 0.5, -1.0], [0.0, 2.0, 0.5], [-0.25, 1.0, 1.0], [0.75, -1.5, 0.0]],
    "teacher_weight": [[0.5, -1.0, 0.25], [1.0, 0.0, -0.5], [0.0, 0.5, 1.0], [-1.0, 0.25, 0.5]],
    "ids": [1, 3, -100, 0],
}
_GIVEN = "hidden, weight, teacher_hidden, teacher_weight, ids"
_LOGITS = "hidden @ weight.T, teacher_hidden @ teacher_weight.T"
_KEPT = "where=ids >= 0"


def _taught(name: str, options: str, ours: str, relation: str, kind: str = "jsd") -> Case:
    return Case(
        name,
        f"{kind}.{kind}({_GIVEN}, {options})",
        ours,
        _STUDENT,
        wrt=_WRT,
        precision="float32",
        relation=relation,
    )


def _linear(name: str, peer: str, ours: str, relation: str) -> Case:
    return Case(
        f"cross-entropy{name}",
        f"linear.cross_entropy(hidden, weight, ids{peer})",
        f"jl.fused.linear_softmax_cross_entropy(hidden, weight.T, ids, where=ids >= 0{ours}).value",
        {name: _STUDENT[name] for name in ("hidden", "weight", "ids")},
        wrt=_WRT,
        precision="float32",
        relation=relation,
    )


LIGER = Peer(
    name="liger",
    # It needs `packaging` and does not say so; Triton comes with it.
    pins=("liger-kernel==0.8.5", "torch==2.13.0", "packaging"),
    runs="torch",
    setup=(
        "import torch\n"
        "from tests.references.liger_calls import PUBLIC, cosine, cpo, dpo, grpo, jsd, kto, linear,"
        " orpo, simpo"
    ),
    public="PUBLIC",
    cases=(
        _linear("", "", "", "ignore_index there, -100, is a mask here"),
        _linear(
            "-options",
            ", label_smoothing=0.125, lse_square_scale=0.25",
            ", smoothing=0.125, z_loss=0.25",
            "lse_square_scale is the weight of the z-loss",
        ),
        _pair("sigmoid", "preference.dpo"),
        _pair("hinge", "preference.slic", "beta=0.375", "beta=0.375"),
        _pair(
            "exo_pair",
            "preference.exo",
            "beta=0.5, label_smoothing=0.125",
            "beta=0.5, smoothing=0.125",
        ),
        _pair("nca_pair", "preference.nca"),
        _pair(
            "robust",
            "preference.robust_dpo",
            "beta=0.5, label_smoothing=0.125",
            "beta=0.5, smoothing=0.125",
        ),
        _pair("bco_pair", "preference.bco_pair"),
        _pair("sppo_hard", "preference.sppo"),
        _pair("apo_zero", "preference.apo_zero"),
        _pair("apo_down", "preference.apo_down"),
        _pair("discopop", "preference_shapes.discopop"),
        _free(
            "cpo",
            "jl.reference_free.cpo(p[:2], p[2:], beta=0.5, nll_weight=0.0)",
            "beta=0.5, alpha=0.75",
            "total",
            "0.75",
        ),
        _free(
            "simpo",
            "jl.reference_free.simpo(p[:2], p[2:], beta=2.0, margin=0.25)",
            "beta=2.0, gamma=0.25, alpha=0.75",
            "mean",
            "0.75",
        ),
        _free(
            "orpo",
            "jl.reference_free.orpo(p[:2], p[2:], weight=0.25) + p[:2]",
            "beta=0.25",
            "mean",
            "1",
        ),
        Case(
            "kto",
            "kto.kto(hidden, weight, ids, ref_hidden, ref_weight, desirable, kl, beta=0.5)",
            "jl.mean(jl.preference_unpaired.kto("
            f"{_LOG_P.format('', 'total')}, {_LOG_P.format('ref_', 'total')}, desirable, kl, "
            "beta=0.5))",
            _ANSWERS | _REF | {"desirable": [True, False, True, False], "kl": 0.25},
            wrt=_WRT,
            precision="float32",
            relation="the mean over answers; no weights there, and no floor of 0 for kl",
        ),
        _policy(
            "grpo",
            _BY_ANSWER.format(_PPO.format(", low=0.25, high=0.375")),
            "the mean over answers of means over tokens",
            ", epsilon_low=0.25, epsilon_high=0.375",
        ),
        _policy(
            "grpo with a reference",
            _BY_ANSWER.format(_PPO.format("") + " + 0.25 * jl.policy.kl_k3(p, ref)"),
            "k3 is added with a weight",
            ", ref, beta=0.25",
            [[-1.5, -1.0, -0.25], [-3.5, -0.5, -2.0], [-2.0, -4.0, -1.0]],
        ),
        _policy(
            "grpo two-sided",
            _BY_ANSWER.format("jl.policy.dual_clip(p, old, advantages, ceiling=2.0)"),
            "delta is the ceiling of a dual clip",
            ", delta=2.0",
        ),
        _policy(
            "grpo of whole answers",
            _WHOLE.format("gspo"),
            "the sequence level of its importance sampling is GSPO",
            ', epsilon_low=0.25, epsilon_high=0.25, importance_sampling_level="sequence"',
        ),
        _policy("bnpo", _BY_TOKEN.format(_PPO.format("")), "the mean over tokens"),
        _policy(
            "dapo",
            _BY_TOKEN.format(_PPO.format(", high=0.28")),
            "the mean over tokens of the accumulated batch",
            ", epsilon_high=0.28",
        ),
        _policy(
            "dr_grpo",
            f"jl.total({_PPO.format('')}, where=keep) / 12",
            "the sum over answers times a largest length, here 4",
            ", max_completion_length=4",
        ),
        _policy(
            "cispo",
            _BY_TOKEN.format("jl.policy.cispo(p, old, advantages, ceiling=1.5)"),
            "the mean over tokens; its `epsilon_high` is the ceiling",
            ", epsilon_high=1.5",
        ),
        _policy(
            "sapo",
            _BY_ANSWER.format("jl.policy.sapo(p, old, advantages)"),
            "the mean over answers of means over tokens",
        ),
        _policy(
            "luspo",
            _WHOLE.format("luspo"),
            "with the sequence level, which is not its default",
            ', epsilon_low=0.25, epsilon_high=0.25, importance_sampling_level="sequence"',
        ),
        _policy(
            "vespo",
            _BY_TOKEN.format("jl.policy_answers.vespo(p, old, advantages, where=keep)"),
            "the mean over tokens; a ratio counts from 1e-8 on",
        ),
        _taught(
            "jsd",
            "beta=0.25, temperature=2.0",
            f"jl.mean(jl.distillation.generalized_jensen_shannon({_LOGITS}, beta=0.25, "
            f"temperature=2.0), {_KEPT}) / 4",
            "the mean over tokens; no square of the temperature there",
        ),
        _taught(
            "jsd-forward",
            "beta=0.0",
            f"jl.mean(jl.distillation.knowledge_distillation({_LOGITS}), {_KEPT})",
            "a beta of 0 means the forward divergence there, of 1 the reverse one",
        ),
        _taught(
            "jsd-reverse",
            "beta=1.0",
            f"jl.mean(jl.distillation.reverse_kl({_LOGITS}), {_KEPT})",
            "a beta of 0 means the forward divergence there, of 1 the reverse one",
        ),
        _taught(
            "jsd-with-labels",
            "beta=0.5, hard=0.25, soft=0.75",
            f"0.75 * jl.mean(jl.distillation.generalized_jensen_shannon({_LOGITS}), {_KEPT})"
            " + 0.25 * jl.fused.linear_softmax_cross_entropy(hidden, weight.T, ids, "
            f"{_KEPT}).value",
            "a weighted sum with the cross-entropy",
        ),
        _taught(
            "cosine",
            "beta=0.5",
            f"0.5 * jl.mean(jl.feature_distillation.cosine({_LOGITS}), {_KEPT})",
            "of logits, where DistilBERT's is of hidden states; beta is a weight",
            kind="cosine",
        ),
    ),
)
