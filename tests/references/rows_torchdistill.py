"""Rows of torchdistill: losses of a student and its teacher."""

from tests.references.case import Case, Peer

_MAPS = {
    "features": [
        [[[0.5, -1.0], [2.0, 0.0]], [[1.0, 3.0], [-2.0, 0.5]], [[0.0, 1.5], [0.25, -0.75]]],
        [[[1.0, 0.5], [-1.5, 2.0]], [[0.0, -0.5], [1.0, 1.0]], [[2.5, 0.25], [0.5, -1.0]]],
    ],
    "teacher_features": [
        [[[1.0, 0.0], [0.5, -2.0]], [[-1.0, 0.25], [2.0, 2.0]], [[1.0, 2.0], [0.0, 0.5]]],
        [[[0.5, 1.0], [1.0, -1.0]], [[2.0, 0.0], [-0.5, 1.5]], [[0.25, 0.75], [1.5, 0.0]]],
    ],
}
_ITEMS = {
    "features": [[0.5, -1.0, 2.0], [1.0, 3.0, -2.0], [0.0, 0.25, 1.0], [-1.5, 0.5, 0.75]],
    "teacher_features": [[1.0, 0.0], [0.5, -2.0], [-1.0, 0.25], [2.0, 2.0]],
}
_LOGITS = {
    "logits": [[0.5, -1.0, 2.0, 0.0], [1.0, 3.0, -2.0, -0.5], [0.25, 0.0, 1.0, -1.5]],
    "teacher_logits": [[1.0, 0.0, 0.5, -2.0], [-1.0, 0.25, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0]],
}
_PAIR = "'m', 'output', 'm', 'output'"
_CHANNELS_FIRST = "features.movedim(-1, 1), teacher_features.movedim(-1, 1)"
_BOTH = "features, teacher_features"


def _logits(name: str, options: str, ours: str, relation: str) -> Case:
    return Case(
        name,
        f"run(mid_level.{name}({_PAIR}{options}), logits, teacher_logits)",
        ours.format("logits, teacher_logits"),
        _LOGITS,
        relation=relation,
    )


def _rows(name: str, peer: str, ours: str, relation: str) -> Case:
    return Case(name, f"run({peer}, {_BOTH})", ours, _ITEMS, relation=relation)


_ALONE = "no counterpart"
TORCHDISTILL = Peer(
    name="torchdistill",
    pins=("torchdistill==1.1.5", "torch==2.13.0"),
    runs="torch",
    alone=True,
    setup="""
import torch
from torch.nn import functional as F
from torchdistill.losses import mid_level

PLACE = {"io": "output", "path": "m"}
PAIRS = {"pair": {"student": PLACE, "teacher": PLACE}}

def run(loss, student, teacher):
    return loss({"m": {"output": student}}, {"m": {"output": teacher}})
""",
    public='[f"mid_level.{name}" for name in vars(mid_level) if name.endswith("Loss")]',
    cases=(
        _logits(
            "KDLoss",
            ", temperature=4.0, alpha=0.0",
            "jl.mean(jl.distillation.knowledge_distillation({0}, temperature=4.0)) / 16",
            "the mean over rows; the square of the temperature comes in with labels alone",
        ),
        _logits(
            "LogitStdKDLoss",
            ", temperature=2.0, alpha=0.0",
            "jl.mean(jl.logit_matching.logit_standardization({0}, temperature=2 * (4 / 3) ** 0.5))"
            " * 3 / 16",
            "the mean over rows; deviations over one class less, no square of the temperature",
        ),
        _logits(
            "DISTLoss",
            ", beta=0.5, gamma=2.0, tau=4.0",
            "jl.relational_distillation.dist({0}, beta=0.5, gamma=2.0, temperature=4.0)",
            "equal",
        ),
        Case(
            "ATLoss",
            f"run(mid_level.ATLoss(PAIRS), {_CHANNELS_FIRST})",
            f"jl.mean(jl.map_distillation.attention_transfer({_BOTH})) / 6",
            _MAPS,
            relation="the mean over maps and over pixels",
        ),
        Case(
            "HierarchicalContextLoss",
            f"run(mid_level.HierarchicalContextLoss({_PAIR}), "
            "(features.movedim(-1, 1), None), teacher_features.movedim(-1, 1))",
            f"jl.mean(jl.map_distillation.hierarchical_context({_BOTH}))",
            _MAPS,
            relation="the mean over maps",
        ),
        Case(
            "HierarchicalContextLoss-square",
            f"run(mid_level.HierarchicalContextLoss({_PAIR}), "
            "(pixels[..., None].movedim(-1, 1), None), teacher_pixels[..., None].movedim(-1, 1))",
            "jl.mean(jl.map_distillation.hierarchical_context(pixels[..., None], "
            "teacher_pixels[..., None]))",
            {
                "pixels": [[[0.5, -1.0, 2.0, 0.0, 1.0]] * 3 + [[1.0, 0.0, -2.0, 3.0, 0.25]] * 2],
                "teacher_pixels": [
                    [[1.0, 0.5, 0.0, -1.0, 2.0]] * 2 + [[-0.5, 2.0, 1.0, 0.0, 0.0]] * 3
                ],
            },
            relation="the mean over maps; regions overlap where sizes do not divide",
        ),
        Case(
            "VIDLoss",
            "run(mid_level.VIDLoss(PAIRS), (features, F.softplus(scores) + 1e-5), "
            "teacher_features)",
            "jl.mean(jl.feature_distillation.variational_information(features, teacher_features, "
            "scores))",
            {
                "features": _ITEMS["features"],
                "teacher_features": [row + row[:1] for row in _ITEMS["teacher_features"]],
                "scores": [0.5, -1.0, 3.0],
            },
            wrt=("features", "scores"),
            relation="the mean over entries, of given variances",
        ),
        _rows(
            "RKDLoss-distance",
            "mid_level.RKDLoss('m', 'm', 1.0, 0.0, 'mean')",
            f"jl.mean(jl.relational_distillation.relational_distance({_BOTH})) * 3 / 4",
            "its means count pairs of an item with itself",
        ),
        _rows(
            "RKDLoss-angle",
            "mid_level.RKDLoss('m', 'm', 0.0, 1.0, 'mean')",
            f"jl.mean(jl.relational_distillation.relational_angle({_BOTH})) * 6 / 16",
            "its means count triples with items twice",
        ),
    ),
    not_ours={
        "mid_level.FSPLoss": "norms of columns where the paper squares: "
        "layer_distillation.flow_of_solution",
        "mid_level.PKTLoss": "an item is its own neighbour there: "
        "relational_distillation.probabilistic_transfer",
        "mid_level.SPKDLoss": "rows of products have sums of sizes of 1, and not unit length: "
        "relational_distillation.similarity_preserving",
        "mid_level.CRDLoss": "holds banks, and the normalisation of its first batch: "
        "feature_distillation.contrastive_representation",
    }
    | {
        f"mid_level.{name}Loss": _ALONE
        for name in (
            "Affinity",
            "AltActTransfer",
            "AuxSSKD",
            "CCKD",
            "ChSim",
            "DISTPlus",
            "FT",
            "KTA",
            "PADL2",
            "Regularization",
            "SKDDirection",
            "SKDInstance",
            "SRD",
            "SSKD",
        )
    },
)
