"""Rows of Optax: every name of `optax.losses`."""

from math import e, inf, log1p, nan

from tests.references.case import Case, Peer
from tests.references.inputs import BITS, CLASSES, LOGITS, MASKED, REALS, SIGNS, SOFT, VECTORS
from tests.references.rows_distributions import OPTAX as DIVERGENCES
from tests.references.rows_focal import OPTAX_CASES as FOCAL
from tests.references.rows_labels import OPTAX_CASES as LABELS
from tests.references.rows_pairs import OPTAX as PAIRS
from tests.references.rows_segmentation import OPTAX_CASES as MASKS
from tests.references.rows_sequences import OPTAX as SEQUENCE

CE = "jl.classification.softmax_cross_entropy"
BCE = "jl.classification.sigmoid_cross_entropy"
POLY = "jl.classification.poly1_cross_entropy"
INTEGER_CE = "losses.softmax_cross_entropy_with_integer_labels"
WHERE = {"where": [[True, True, True, False], [True, True, False, True], [True, False, True, True]]}
ONE_HOT = {
    "logits": LOGITS,
    "target": [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
}
SMALL = {"pred": [1e-4, -1e-3, 0.0], "target": [0.0, 0.0, 0.0]}
TRIPLE = {"logits": [[-inf, 0.0, 1.0]], "target": [[0.0, 1.0, 0.0]]}
OUTSIDE = {"logits": [[0.0, 1.0, 2.0]]}
ZERO = {"logits": [[0.0, 0.0, 0.0]]}
NAN_AND_ZERO = {"value": [nan]} | ZERO
ZERO_VECTOR = {"x": [[0.0, 0.0], [3.0, 4.0]], "y": [[1.0, 2.0], [4.0, 3.0]]}
UNIT_SLOPE = {"x": [[0.0, 0.0], [0.0448, -0.0336]]}

REGRESSION = (
    Case(
        "squared-error",
        "losses.squared_error(pred, target)",
        "jl.regression.squared_error(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "l2",
        "losses.l2_loss(pred, target)",
        "jl.regression.squared_error(pred, target) / 2",
        REALS,
        relation="Optax has a factor of one half in l2_loss",
    ),
    Case(
        "huber",
        "losses.huber_loss(pred, target)",
        "jl.regression.huber(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "huber-delta2",
        "losses.huber_loss(pred, target, delta=2.0)",
        "jl.regression.huber(pred, target, delta=2.0)",
        REALS,
    ),
    Case(
        "log-cosh",
        "losses.log_cosh(pred, target)",
        "jl.regression.log_cosh(pred, target)",
        REALS,
        wrt=("pred", "target"),
    ),
    Case(
        "log-cosh-small",
        "losses.log_cosh(pred, target)",
        "jl.regression.log_cosh(pred, target)",
        SMALL,
        relation="Optax loses small errors to rounding in float32; the value is half the square",
        precision="float32",
        expect={"value": [5e-9, 4.99999917e-7, 0.0]},
    ),
    Case(
        "cosine-similarity",
        "losses.cosine_similarity(x, y)",
        "jl.agreement.cosine_similarity(x, y)",
        VECTORS,
        wrt=("x", "y"),
    ),
    Case(
        "cosine-distance",
        "losses.cosine_distance(x, y)",
        "jl.agreement.cosine_distance(x, y)",
        VECTORS,
        wrt=("x", "y"),
    ),
    Case(
        "cosine-distance-where",
        "losses.cosine_distance(x, y, where=where)",
        "jl.agreement.cosine_distance(x, y, where=where)",
        VECTORS | {"where": [[True, True, False], [True, False, True], [False, True, True]]},
        wrt=("x", "y"),
    ),
    Case(
        "cosine-similarity-first-axis",
        "losses.cosine_similarity(x, y, axis=0)",
        "jl.agreement.cosine_similarity(x.T, y.T)",
        VECTORS,
        relation="jaxloss has no axis: vectors lie on the last one",
    ),
    Case(
        "cosine-similarity-zero-vector",
        "losses.cosine_similarity(x, y)",
        "jl.agreement.cosine_similarity(x, y)",
        ZERO_VECTOR,
        relation="Optax is NaN for a zero vector; ours is 0 with gradient 0",
        expect={"value": [0.0, 0.96]} | UNIT_SLOPE,
    ),
    Case(
        "cosine-distance-zero-vector",
        "losses.cosine_distance(x, y, epsilon=1e-8)",
        "jl.agreement.cosine_distance(x, y)",
        ZERO_VECTOR,
        relation=(
            "with epsilon Optax's gradient at a zero vector is of size 1 / sqrt(epsilon); ours is 0"
        ),
        expect={"x": [[0.0, 0.0], [-0.0448, 0.0336]]},
    ),
)

BINARY = (
    Case(
        "sigmoid-bce",
        "losses.sigmoid_binary_cross_entropy(logits, target)",
        f"{BCE}(logits, target)",
        BITS,
        wrt=("logits", "target"),
    ),
    Case(
        "sigmoid-bce-large",
        "losses.sigmoid_binary_cross_entropy(logits, target)",
        f"{BCE}(logits, target)",
        {"logits": [-100.0, -100.0, 100.0, 100.0], "target": [0.0, 1.0, 0.0, 1.0]},
    ),
    Case("hinge", "losses.hinge_loss(logits, target)", "jl.margin.hinge(logits, target)", SIGNS),
    Case(
        "hinge-kink",
        "losses.hinge_loss(logits, target)",
        "jl.margin.hinge(logits, target)",
        {"logits": [1.0, -1.0], "target": [1.0, -1.0]},
        relation="Optax halves the gradient at the kink; ours is 0",
        expect={"logits": [0.0, 0.0]},
    ),
    Case(
        "perceptron",
        "losses.perceptron_loss(logits, target)",
        "jl.margin.perceptron(logits, target)",
        SIGNS | {"logits": [-2.0, -0.5, 0.25, 0.75, 3.0, 1.5]},
    ),
    Case(
        "perceptron-kink",
        "losses.perceptron_loss(logits, target)",
        "jl.margin.perceptron(logits, target)",
        {"logits": [0.0, 0.0], "target": [1.0, -1.0]},
        relation="Optax halves the gradient at the kink; ours is 0",
        expect={"logits": [0.0, 0.0]},
    ),
)

MULTICLASS = (
    Case(
        "ce-soft",
        "losses.softmax_cross_entropy(logits, target)",
        f"{CE}(logits, target)",
        SOFT,
        wrt=("logits", "target"),
    ),
    Case(
        "ce-soft-where",
        "losses.softmax_cross_entropy(logits, target, where=where)",
        f"{CE}(logits, target, where=where)",
        ONE_HOT | WHERE,
    ),
    Case(
        "ce-soft-first-axis",
        "losses.softmax_cross_entropy(logits, target, axis=0)",
        f"{CE}(logits.T, target.T)",
        SOFT,
        relation="jaxloss has no axis: classes lie on the last one",
    ),
    Case(
        "ce-soft-masked-logits",
        "losses.softmax_cross_entropy(logits, target)",
        f"{CE}(logits, target)",
        TRIPLE,
        relation="Optax multiplies 0 by -inf; a class of target 0 takes no part",
        expect={"value": [log1p(e)]},
    ),
    Case(
        "ce-safe",
        "losses.safe_softmax_cross_entropy(logits, target)",
        f"{CE}(logits, target)",
        TRIPLE,
    ),
    Case(
        "ce-safe-soft",
        "losses.safe_softmax_cross_entropy(logits, target)",
        f"{CE}(logits, target)",
        SOFT,
    ),
    Case("ce-labels", f"{INTEGER_CE}(logits, labels)", f"{CE}(logits, labels)", CLASSES),
    Case(
        "ce-labels-where",
        f"{INTEGER_CE}(logits, labels, where=where)",
        f"{CE}(logits, labels, where=where)",
        CLASSES | WHERE,
    ),
    Case(
        "ce-labels-where-own-class",
        f"{INTEGER_CE}(logits, labels, where=where)",
        f"{CE}(logits, labels, where=where)",
        {"logits": [[8.0, 0.0, 1.0]], "labels": [0], "where": [[False, True, True]]},
        relation=(
            "Optax returns a negative number when the label's class is masked; ours is infinite"
        ),
        wrt=(),
        expect={"value": [inf]},
    ),
    Case(
        "ce-labels-masked-logits", f"{INTEGER_CE}(logits, labels)", f"{CE}(logits, labels)", MASKED
    ),
    Case(
        "ce-labels-minus-one",
        f"{INTEGER_CE}(logits, labels)",
        f"{CE}(logits, labels)",
        OUTSIDE | {"labels": [-1]},
        relation="Optax takes -1 for the last class; ours is NaN with gradient 0",
        expect=NAN_AND_ZERO,
    ),
    Case(
        "ce-labels-minus-hundred",
        f"{INTEGER_CE}(logits, labels)",
        f"{CE}(logits, labels)",
        OUTSIDE | {"labels": [-100]},
        relation="Optax's value is NaN but its gradient pushes all logits down; ours is 0",
        expect=ZERO,
    ),
    Case(
        "ce-labels-too-large",
        f"{INTEGER_CE}(logits, labels)",
        f"{CE}(logits, labels)",
        OUTSIDE | {"labels": [3]},
        relation="both values are NaN, but Optax's gradient pushes all logits down; ours is 0",
        expect=ZERO,
    ),
    Case(
        "poly1",
        "losses.poly_loss_cross_entropy(logits, target)",
        f"{POLY}(logits, target)",
        ONE_HOT,
    ),
    Case(
        "poly1-epsilon",
        "losses.poly_loss_cross_entropy(logits, target, epsilon=-0.5)",
        f"{POLY}(logits, target, epsilon=-0.5)",
        SOFT,
    ),
    Case(
        "poly1-where",
        "losses.poly_loss_cross_entropy(logits, target, where=where)",
        f"{POLY}(logits, target, where=where)",
        ONE_HOT | WHERE,
    ),
    Case(
        "poly1-masked-logits",
        "losses.poly_loss_cross_entropy(logits, target)",
        f"{POLY}(logits, target)",
        TRIPLE,
        relation="Optax multiplies 0 by -inf; a class of target 0 takes no part",
        wrt=(),
        expect={"value": [log1p(e) + 2 * e / (1 + e)]},
    ),
    Case(
        "smooth-labels",
        "losses.smooth_labels(target, 0.25)",
        "jl.classification.smooth_labels(target, smoothing=0.25)",
        {"target": [[0.0, 1.0, 0.0], [0.25, 0.25, 0.5]]},
    ),
    Case(
        "smooth-labels-then-ce",
        "losses.softmax_cross_entropy(logits, losses.smooth_labels(target, 0.25))",
        f"{CE}(logits, target, smoothing=0.25)",
        SOFT,
        relation="jaxloss smooths inside the loss",
    ),
    Case(
        "smooth-labels-where",
        "losses.smooth_labels(target, 0.25, where=where)",
        "jl.classification.smooth_labels(target, smoothing=0.25, where=where)",
        {"target": [[0.0, 1.0, 0.0, 0.0]], "where": [[True, True, False, False]]},
        relation=(
            "Optax gives mass to masked classes too, so the sum is above 1; ours gives them none"
        ),
        expect={"value": [[0.125, 0.875, 0.0, 0.0]]},
    ),
    Case(
        "multiclass-hinge",
        "losses.multiclass_hinge_loss(logits, labels)",
        "jl.margin.crammer_singer(logits, labels)",
        CLASSES,
    ),
    Case(
        "multiclass-hinge-masked-logits",
        "losses.multiclass_hinge_loss(logits, labels)",
        "jl.margin.crammer_singer(logits, labels)",
        {"logits": [[-inf, 0.0, 1.0]], "labels": [1]},
        relation="Optax is NaN with a masked class outside jit; ours leaves it out",
        expect={"value": [2.0]},
    ),
    Case(
        "multiclass-hinge-outside",
        "losses.multiclass_hinge_loss(logits, labels)",
        "jl.margin.crammer_singer(logits, labels)",
        OUTSIDE | {"labels": [7]},
        relation="Optax returns a number for a label out of range; ours is NaN with gradient 0",
        expect=NAN_AND_ZERO,
    ),
    Case(
        "multiclass-perceptron",
        "losses.multiclass_perceptron_loss(logits, labels)",
        "jl.margin.multiclass_perceptron(logits, labels)",
        CLASSES,
    ),
    Case(
        "multiclass-hinge-kink",
        "losses.multiclass_hinge_loss(logits, labels)",
        "jl.margin.crammer_singer(logits, labels)",
        {"logits": [[0.0, 1.0, -2.0]], "labels": [1]},
        relation="Optax halves the gradient at the kink; ours is 0",
        expect={"logits": [[0.0, 0.0, 0.0]]},
    ),
    Case(
        "multiclass-perceptron-tie",
        "losses.multiclass_perceptron_loss(logits, labels)",
        "jl.margin.multiclass_perceptron(logits, labels)",
        {"logits": [[1.0, 1.0, 0.0]], "labels": [0]},
        relation="Optax splits the gradient where the label ties with another class; ours is 0",
        expect={"logits": [[0.0, 0.0, 0.0]]},
    ),
    Case(
        "multiclass-perceptron-tie-of-others",
        "losses.multiclass_perceptron_loss(logits, labels)",
        "jl.margin.multiclass_perceptron(logits, labels)",
        {"logits": [[1.0, 1.0, 0.0]], "labels": [2]},
        relation="equal: classes that tie for the maximum share the gradient",
    ),
    Case(
        "multiclass-perceptron-outside",
        "losses.multiclass_perceptron_loss(logits, labels)",
        "jl.margin.multiclass_perceptron(logits, labels)",
        OUTSIDE | {"labels": [7]},
        relation="Optax returns a number for a label out of range; ours is NaN with gradient 0",
        expect=NAN_AND_ZERO,
    ),
)

OPTAX = Peer(
    name="optax",
    pins=("optax==0.2.8", "jax==0.10.2"),
    runs="jax",
    setup="import jax; from optax import losses, projections",
    public='["losses." + n for n in dir(losses) if not n.startswith("_")]',
    cases=REGRESSION
    + BINARY
    + FOCAL
    + MULTICLASS
    + LABELS
    + PAIRS
    + SEQUENCE
    + MASKS
    + DIVERGENCES,
    aliases={"losses.convex_kl_divergence": "losses.generalized_kl_divergence"},
    not_ours={
        "losses.ctc_loss_with_forward_probs": "ctc_loss with its forward variables beside it",
        "losses.multiclass_generalized_dice_loss": "dice_loss with weights of the classes",
        "losses.ranking_softmax_loss": "ranking is a family of its own",
    },
)
