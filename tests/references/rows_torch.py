"""Rows of torch: regression, agreement and binary losses; what torch has beyond the table."""

from math import inf

from tests.references.case import Case, Peer
from tests.references.inputs import BITS, PROBABILITIES, REALS, SIGNS, VECTORS, WEIGHTED
from tests.references.rows_densities import TORCH_CASES as DENSITIES
from tests.references.rows_distributions import TORCH as DIVERGENCES
from tests.references.rows_likelihoods import TORCH_CASES as LIKELIHOODS
from tests.references.rows_pairs import TORCH as PAIRS
from tests.references.rows_sequences import TORCH as SEQUENCE
from tests.references.rows_torch_classes import MARGIN, MULTICLASS, MULTILABEL_ROWS

NONE = 'reduction="none"'
BCE = "jl.classification.sigmoid_cross_entropy"
MEAN_DIVISOR = "the default reduction of torch is the mean; jaxloss reduces with jl.mean"

REGRESSION = (
    Case(
        "mse",
        f"F.mse_loss(pred, target, {NONE})",
        "jl.regression.squared_error(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "mse-mean",
        "F.mse_loss(pred, target)",
        "jl.mean(jl.regression.squared_error(pred, target))",
        REALS,
        relation=MEAN_DIVISOR,
    ),
    Case(
        "mse-weighted-mean",
        "F.mse_loss(pred, target, weight=weights)",
        "jl.mean(jl.regression.squared_error(pred, target), weights=weights)",
        WEIGHTED,
        relation="both divide by the sum of the weights",
    ),
    Case(
        "l1",
        f"F.l1_loss(pred, target, {NONE})",
        "jl.regression.absolute_error(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "l1-weighted",
        f"F.l1_loss(pred, target, weight=weights, {NONE})",
        "weights * jl.regression.absolute_error(pred, target)",
        WEIGHTED,
        relation="unreduced weights are a product",
    ),
    Case(
        "huber",
        f"F.huber_loss(pred, target, {NONE})",
        "jl.regression.huber(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "huber-delta2",
        f"F.huber_loss(pred, target, delta=2.0, {NONE})",
        "jl.regression.huber(pred, target, delta=2.0)",
        REALS,
    ),
    Case(
        "huber-weighted-mean",
        "F.huber_loss(pred, target, weight=weights)",
        "jl.mean(weights * jl.regression.huber(pred, target))",
        WEIGHTED,
        relation="torch divides the weighted sum by the count here, not by the weights as mse_loss",
    ),
    Case(
        "smooth-l1",
        f"F.smooth_l1_loss(pred, target, {NONE})",
        "jl.regression.smooth_l1(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "smooth-l1-beta-half",
        f"F.smooth_l1_loss(pred, target, beta=0.5, {NONE})",
        "jl.regression.smooth_l1(pred, target, beta=0.5)",
        REALS,
    ),
    Case(
        "smooth-l1-beta0",
        f"F.smooth_l1_loss(pred, target, beta=0.0, {NONE})",
        "jl.regression.smooth_l1(pred, target, beta=0.0)",
        REALS,
        relation="equal: the limit is the absolute error, gradient 0 at 0",
    ),
    Case(
        "huber-from-smooth-l1",
        f"F.smooth_l1_loss(pred, target, beta=2.0, {NONE})",
        "jl.regression.huber(pred, target, delta=2.0) / 2.0",
        REALS,
        relation="huber(delta) = delta * smooth_l1(beta=delta)",
    ),
)

AGREEMENT = (
    Case(
        "cosine-similarity",
        "F.cosine_similarity(x, y, dim=-1)",
        "jl.agreement.cosine_similarity(x, y)",
        VECTORS,
        wrt=("x", "y"),
    ),
    Case(
        "cosine-similarity-first-axis",
        "F.cosine_similarity(x, y, dim=0)",
        "jl.agreement.cosine_similarity(x.T, y.T)",
        VECTORS,
        relation="torch takes any axis, by default 1; vectors lie on the last axis here",
    ),
    Case(
        "cosine-similarity-zero-vector",
        "F.cosine_similarity(x, y, dim=-1)",
        "jl.agreement.cosine_similarity(x, y)",
        {"x": [[0.0, 0.0], [3.0, 4.0]], "y": [[1.0, 2.0], [4.0, 3.0]]},
        relation="torch's gradient at a zero vector is of size 1 / eps; ours is 0",
        expect={"x": [[0.0, 0.0], [0.0448, -0.0336]]},
    ),
    Case(
        "pairwise-distance",
        "F.pairwise_distance(x, y)",
        "jl.agreement.minkowski_error(x + 1e-6, y)",
        VECTORS,
        relation="torch adds eps = 1e-6 to the difference",
    ),
    Case(
        "pairwise-distance-p1",
        "F.pairwise_distance(x, y, p=1.0, eps=0.0)",
        "jl.agreement.minkowski_error(x, y, order=1.0)",
        VECTORS,
        wrt=("x", "y"),
    ),
    Case(
        "pairwise-distance-p3",
        "F.pairwise_distance(x, y, p=3.0, eps=0.0)",
        "jl.agreement.minkowski_error(x, y, order=3.0)",
        VECTORS,
        wrt=("x", "y"),
    ),
)

BINARY = (
    Case(
        "bce",
        f"F.binary_cross_entropy(pred, target, {NONE})",
        "jl.classification.binary_cross_entropy(pred, target)",
        PROBABILITIES,
    ),
    Case(
        "bce-weighted-mean",
        "F.binary_cross_entropy(pred, target, weight=weights)",
        "jl.mean(weights * jl.classification.binary_cross_entropy(pred, target))",
        PROBABILITIES | {"weights": [1.0, 2.0, 0.5, 0.25, 3.0]},
        relation="torch divides the weighted sum by the count, not by the weights",
    ),
    Case(
        "bce-certain-and-right",
        f"F.binary_cross_entropy(pred, target, {NONE})",
        "jl.classification.binary_cross_entropy(pred, target)",
        {"pred": [0.0, 1.0], "target": [0.0, 1.0]},
        relation="0 * log(0) = 0 in both; torch's gradient is 0 there, ours the true one",
        expect={"pred": [1.0, -1.0]},
    ),
    Case(
        "bce-certain-and-wrong",
        f"F.binary_cross_entropy(pred, target, {NONE})",
        "jl.classification.binary_cross_entropy(pred, target)",
        {"pred": [0.0, 1.0], "target": [1.0, 0.0]},
        relation="torch clamps the logarithm at -100; ours is the true infinity",
        wrt=(),
        expect={"value": [inf, inf]},
    ),
    Case(
        "bce-logits",
        f"F.binary_cross_entropy_with_logits(logits, target, {NONE})",
        f"{BCE}(logits, target)",
        BITS,
        wrt=("logits", "target"),
    ),
    Case(
        "bce-logits-large",
        f"F.binary_cross_entropy_with_logits(logits, target, {NONE})",
        f"{BCE}(logits, target)",
        {"logits": [-100.0, -100.0, 100.0, 100.0], "target": [0.0, 1.0, 0.0, 1.0]},
    ),
    Case(
        "bce-logits-pos-weight",
        f"F.binary_cross_entropy_with_logits(logits, target, pos_weight=pos_weight, {NONE})",
        f"{BCE}(logits, target, pos_weight=pos_weight)",
        BITS | {"pos_weight": [0.5, 2.0, 3.0]},
    ),
    Case(
        "bce-logits-weighted-mean",
        "F.binary_cross_entropy_with_logits(logits, target, weight=weights)",
        f"jl.mean(weights * {BCE}(logits, target))",
        BITS | {"weights": [0.5, 2.0, 3.0]},
        relation="torch divides the weighted sum by the count, not by the weights",
    ),
    Case(
        "soft-margin",
        f"F.soft_margin_loss(logits, target, {NONE})",
        "jl.margin.logistic(logits, target)",
        SIGNS,
    ),
    Case(
        "soft-margin-large",
        f"F.soft_margin_loss(logits, target, {NONE})",
        "jl.margin.logistic(logits, target)",
        {"logits": [-100.0, 100.0], "target": [1.0, 1.0]},
        relation="torch overflows to infinity with a gradient of NaN; the value is 100",
        precision="float32",
        expect={"value": [100.0, 0.0], "logits": [-1.0, 0.0]},
    ),
)

_NO_FAMILY = {
    "pdist": "all pairs of one set: metric learning",
}
_CLASSES = {
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "CTCLoss": "ctc_loss",
    "CosineEmbeddingLoss": "cosine_embedding_loss",
    "CosineSimilarity": "cosine_similarity",
    "CrossEntropyLoss": "cross_entropy",
    "GaussianNLLLoss": "gaussian_nll_loss",
    "HingeEmbeddingLoss": "hinge_embedding_loss",
    "HuberLoss": "huber_loss",
    "KLDivLoss": "kl_div",
    "L1Loss": "l1_loss",
    "LinearCrossEntropyLoss": "linear_cross_entropy",
    "MSELoss": "mse_loss",
    "MarginRankingLoss": "margin_ranking_loss",
    "MultiLabelMarginLoss": "multilabel_margin_loss",
    "MultiLabelSoftMarginLoss": "multilabel_soft_margin_loss",
    "MultiMarginLoss": "multi_margin_loss",
    "NLLLoss": "nll_loss",
    "PairwiseDistance": "pairwise_distance",
    "PoissonNLLLoss": "poisson_nll_loss",
    "SmoothL1Loss": "smooth_l1_loss",
    "SoftMarginLoss": "soft_margin_loss",
    "TripletMarginLoss": "triplet_margin_loss",
    "TripletMarginWithDistanceLoss": "triplet_margin_with_distance_loss",
}

TORCH = Peer(
    name="torch",
    pins=("torch==2.13.0",),
    runs="torch",
    setup="import re, torch; from torch import nn; from torch.nn import functional as F",
    public=(
        '["nn." + n for n in dir(nn) if n.endswith("Loss")'
        ' or n in ("CosineSimilarity", "PairwiseDistance")]'
        ' + ["F." + n for n in dir(F) if not n.startswith("_")'
        ' and re.search("loss|cross_entropy|kl_div|cosine_sim|pairwise_dist|pdist", n)]'
    ),
    cases=REGRESSION
    + AGREEMENT
    + BINARY
    + MULTICLASS
    + MARGIN
    + MULTILABEL_ROWS
    + PAIRS
    + SEQUENCE
    + LIKELIHOODS
    + DENSITIES
    + DIVERGENCES,
    aliases={f"nn.{name}": f"F.{function}" for name, function in _CLASSES.items()},
    not_ours={f"F.{name}": reason for name, reason in _NO_FAMILY.items()},
)
