"""Rows of tokens, sequences of states, routers and distillation."""

from math import inf

from tests.references.case import Case, Peer

TOKENS = {
    "logits": [
        [[0.5, -1.0, 2.0], [0.0, 3.0, -0.25], [1.0, 0.5, -2.0]],
        [[-0.5, 1.25, 0.0], [2.0, 0.0, 1.0], [0.25, -1.5, 0.5]],
    ],
    "labels": [[1, -100, 2], [0, 2, -100]],
}
IGNORED = {"labels": [[-100, -100, -100], [-100, -100, -100]]}
CE = "F.cross_entropy(logits.transpose(1, 2), labels{0})"
OURS = "jl.language.token_cross_entropy(logits, labels, where=labels >= 0)"
MASK = "labels >= 0"

TAUGHT = {
    "logits": [[0.5, -1.0, 2.0, 0.0], [1.0, 3.0, -2.0, -0.5], [0.0, 0.0, 0.0, 0.0]],
    "teacher_logits": [[1.0, 0.0, 0.5, -2.0], [-1.0, 0.25, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0]],
}
KL_DIV = "F.kl_div(F.log_softmax(logits / {0}, -1), F.softmax(teacher_logits / {0}, -1), {1})"
MAPS = {
    "features": [[[[0.5, -1.0]], [[2.0, 0.0]], [[1.0, 3.0]]]],
    "teacher_features": [[[[1.0, 0.0]], [[0.5, -2.0]], [[-1.0, 0.25]]]],
}
OVER_PIXELS = (
    "(features[:, :, 0].transpose(1, 2) / 4, teacher_features[:, :, 0].transpose(1, 2) / 4)"
)

TORCH = (
    Case(
        "token-cross-entropy",
        CE.format(', reduction="none"'),
        OURS,
        TOKENS,
        relation="ignore_index of torch, -100, is a mask here; classes on axis 1 there",
    ),
    Case(
        "token-cross-entropy-mean",
        CE.format(""),
        f"jl.mean({OURS}, where={MASK})",
        TOKENS,
        relation="the mean of torch is over the tokens that are not ignored",
    ),
    Case(
        "token-cross-entropy-nothing-labelled",
        CE.format(""),
        f"jl.mean({OURS}, where={MASK})",
        TOKENS | IGNORED,
        relation="torch divides 0 by 0; ours is 0, with gradient 0",
        expect={"value": 0.0, "logits": [[[0.0] * 3] * 3] * 2},
    ),
    Case(
        "token-cross-entropy-by-a-count",
        CE.format(', reduction="sum"') + " / 7",
        f"jl.total({OURS}, where={MASK}) / 7",
        TOKENS,
        relation="a count of the tokens of all devices and microbatches divides the sum",
    ),
    Case(
        "knowledge-distillation",
        KL_DIV.format(4, 'reduction="none"') + ".sum(-1) * 16",
        "jl.distillation.knowledge_distillation(logits, teacher_logits, temperature=4.0)",
        TAUGHT,
        relation="torch takes logarithms of one and probabilities of the other, and no temperature",
    ),
    Case(
        "knowledge-distillation-batchmean",
        KL_DIV.format(1, 'reduction="batchmean"'),
        "jl.mean(jl.distillation.knowledge_distillation(logits, teacher_logits))",
        TAUGHT,
        relation="the default mean of torch divides by the classes too; batchmean does not",
    ),
    Case(
        "knowledge-distillation-mean",
        KL_DIV.format(1, 'reduction="mean"'),
        "jl.mean(jl.distillation.knowledge_distillation(logits, teacher_logits)) / 4",
        TAUGHT,
        relation="the default mean of torch divides by the classes too",
    ),
    Case(
        "knowledge-distillation-masked-class",
        KL_DIV.format(1, 'reduction="none"') + ".sum(-1)",
        "jl.distillation.knowledge_distillation(logits, teacher_logits)",
        {"logits": [[0.0, 1.0, -inf]], "teacher_logits": [[1.0, 0.0, -inf]]},
        relation="torch multiplies 0 by infinity; ours leaves the class out",
        expect={"value": [0.462117157], "logits": [[-0.462117157, 0.462117157, 0.0]]},
    ),
    Case(
        "soft-cross-entropy",
        "F.cross_entropy(logits, F.softmax(teacher_logits, -1), reduction='none')",
        "jl.distillation.soft_cross_entropy(logits, teacher_logits)",
        TAUGHT,
    ),
    Case(
        "channel-wise",
        "F.kl_div(*(lambda s, t: (F.log_softmax(s, -1), F.softmax(t, -1)))"
        f"{OVER_PIXELS}, reduction='none').sum(-1).mean(-1) * 16",
        "jl.map_distillation.channel_wise(features, teacher_features)",
        MAPS,
    ),
)

STATES = {
    "logits": [
        [[0.5, -1.0, 2.0], [0.0, 3.0, -0.25], [1.0, 0.5, -2.0], [0.75, 0.0, 1.5]],
        [[-0.5, 1.25, 0.0], [2.0, 0.0, 1.0], [0.25, -1.5, 0.5], [-3.0, 4.0, 1.0]],
    ],
    "moves": [[0.5, -0.25, 1.0], [0.0, 0.75, -1.5], [-0.5, 0.25, 0.0]],
    "first": [0.25, -0.75, 0.5],
    "last": [1.0, 0.0, -0.5],
    "labels": [[2, 1, 0, 2], [1, 0, 2, 0]],
    "kept": [[True, True, True, True], [True, True, False, False]],
}
CRF = "crf(logits, labels, moves, first, last, kept)"
PYTORCH_CRF = Peer(
    name="pytorch_crf",
    pins=("pytorch-crf==0.7.2", "torch==2.13.0"),
    runs="torch",
    setup="""
import torch
from torch.func import functional_call
from torchcrf import CRF

def crf(logits, labels, moves, first, last, kept):
    model = CRF(logits.shape[-1], batch_first=True).to(logits.dtype)
    learned = {"transitions": moves, "start_transitions": first, "end_transitions": last}
    given = (logits, labels, kept)
    return functional_call(model, learned, given, {"reduction": "none"})
""",
    cases=(
        Case(
            "crf",
            f"-{CRF}",
            "jl.structured.crf(logits, labels, moves, start=first, end=last, where=kept)",
            STATES,
            relation="the log-likelihood there; it owns the transitions and sums by default",
            wrt=("logits", "moves", "first", "last"),
        ),
        Case(
            "crf-forbidden",
            f"-{CRF}",
            "jl.structured.crf(logits, labels, moves, start=first, end=last, where=kept)",
            STATES
            | {"moves": [[-1e4, -0.25, 1.0], [0.0, 0.75, -1.5], [-0.5, -1e4, 0.0]]}
            | {"labels": [[2, 0, 1, 1], [1, 0, 2, 0]]},
            relation="the log-likelihood there; scores of -1e4 for what may not follow",
            wrt=("logits", "moves", "first", "last"),
        ),
    ),
)

GATES = {
    "logits": [
        [0.5, -1.0, 2.0, 0.25],
        [0.0, 3.0, -0.25, 1.0],
        [1.0, 0.5, -2.0, -1.0],
        [0.75, 0.0, 1.5, 2.5],
        [-0.5, 1.25, 0.0, 1.0],
    ]
}
FEW = {"kept": [True, True, False, True, False]}
BALANCE = "load_balancing_loss_func((logits,), 4, {0})"
TRANSFORMERS = Peer(
    name="transformers",
    pins=("transformers==5.24.0", "torch==2.13.0"),
    runs="torch",
    setup="""
import torch
from transformers.models.mixtral.modeling_mixtral import load_balancing_loss_func
""",
    cases=(
        Case(
            "load-balancing",
            BALANCE.format(2),
            "jl.routing.load_balancing(logits, k=2)",
            GATES,
            relation="equal; it counts the tokens in float32",
            precision="float32",
        ),
        Case(
            "load-balancing-switch",
            BALANCE.format(1),
            "jl.routing.load_balancing(logits, k=1)",
            GATES,
            relation="equal; it counts the tokens in float32",
            precision="float32",
        ),
        Case(
            "load-balancing-masked",
            BALANCE.format("2, kept"),
            "jl.routing.load_balancing(logits, k=2, where=kept)",
            GATES | FEW,
            relation="equal; it counts the tokens in float32",
            precision="float32",
        ),
    ),
)

SEQUENCES = {name: [rows] for name, rows in TAUGHT.items()}
UNEVEN = SEQUENCES | {
    "teacher_logits": [[[1.0, 0.0, 0.5, -2.0, 0.25], [-1.0, 0.0, 2.0, 2.5, -3.0], [0.0] * 5]]
}
TOP = {
    "logits": TAUGHT["logits"],
    "teacher_log_p": [[-0.75, -1.5], [-1.0, -2.0], [-0.25, -3.0]],
    "index": [[0, 2], [3, 1], [2, 0]],
}
GKD = "jl.distillation.generalized_jensen_shannon(logits, teacher_logits"
JSD = "GKDTrainer.generalized_jsd_loss(logits, teacher_logits, beta={0}, temperature={1}"
SUMMED = ", reduction='sum')"
TRL_DISTILLATION = Peer(
    name="trl_distillation",
    pins=("trl==1.16.0", "transformers==5.24.0", "torch==2.13.0"),
    runs="torch",
    setup="""
import os
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
from types import SimpleNamespace
import torch
from torch.nn import functional as F
from trl.experimental.gkd.gkd_trainer import GKDTrainer
from trl.experimental.gold.gold_trainer import ULDLoss
from trl.experimental.server_distillation.server_distillation_trainer import (
    _add_tail_bucket,
    _jsd_divergence,
)

def uld(logits, teacher_logits):
    config = SimpleNamespace(
        uld_crossentropy_weight=0.0, uld_distillation_weight=1.0, uld_student_temperature=1.0,
        uld_teacher_temperature=1.0, uld_skip_student_eos=False, uld_skip_teacher_eos=False,
        use_extended_uld=False, uld_token_merge_strategy="sum",
    )
    tokens = torch.zeros(logits.shape[:2], dtype=torch.int64)
    return ULDLoss(config)._compute_distillation_loss(
        logits, teacher_logits, tokens, tokens, tokens, tokens
    )

def top(logits, teacher_log_p, index, beta):
    student = F.log_softmax(logits, -1).gather(-1, index)
    everything = torch.ones_like(student, dtype=torch.bool)
    one, mask = _add_tail_bucket(student, everything)
    two, _ = _add_tail_bucket(teacher_log_p, everything)
    return _jsd_divergence(one, two, beta, mask).sum(-1)
""",
    cases=(
        Case(
            "gkd",
            JSD.format(0.25, 2.0) + SUMMED,
            f"jnp.sum({GKD}, beta=0.25, temperature=2.0)) / 4",
            SEQUENCES,
            relation="no square of the temperature there",
        ),
        Case(
            "gkd-batchmean",
            JSD.format(0.5, 1.0) + ", labels=torch.tensor([[0, -100, 1]]))",
            f"jl.mean({GKD}), where=jnp.array([[True, False, True]]))",
            SEQUENCES,
            relation="divides by the tokens that are not -100",
        ),
        Case(
            "gkd-forward",
            JSD.format(0, 1.0) + SUMMED,
            "jnp.sum(jl.distillation.knowledge_distillation(logits, teacher_logits))",
            SEQUENCES,
            relation="a beta of 0 means the forward divergence there, of 1 the reverse one",
        ),
        Case(
            "gkd-reverse",
            JSD.format(1, 1.0) + SUMMED,
            "jnp.sum(jl.distillation.reverse_kl(logits, teacher_logits))",
            SEQUENCES,
            relation="a beta of 0 means the forward divergence there, of 1 the reverse one",
        ),
        Case(
            "uld",
            "uld(logits, teacher_logits)",
            "jl.mean(jl.token_distillation.universal_logit(logits, teacher_logits))",
            UNEVEN,
            relation="mean over the tokens of each sequence, then over sequences",
        ),
        Case(
            "top-k",
            "top(logits, teacher_log_p, index, 0)",
            "jl.token_distillation.top_k(logits, teacher_log_p, index)",
            TOP,
            relation="equal; what is left over is at least 1e-7 there",
        ),
    ),
)
