"""Rows of Keras: every name of `keras.losses`. Its arguments come truth first."""

from math import log

from tests.references.case import Case, Peer
from tests.references.inputs import BITS, CLASSES, PADDED, SOFT
from tests.references.rows_distributions import KERAS as DIVERGENCES
from tests.references.rows_focal import KERAS_CASES as FOCAL
from tests.references.rows_labels import KERAS_CASES as LABELS
from tests.references.rows_likelihoods import KERAS_CASES as LIKELIHOODS
from tests.references.rows_pairs import KERAS as PAIRS
from tests.references.rows_penalties import KERAS_CASES as PENALTIES
from tests.references.rows_segmentation import KERAS_CASES as MASKS

ROWS = {
    "pred": [[-2.5, -1.0, 0.25, 0.5], [1.0, 3.0, 7.5, -0.5]],
    "target": [[0.5, 0.25, -0.75, 0.25], [-1.0, 2.0, 0.5, 1.5]],
}
POSITIVE = {
    "pred": [[0.5, 1.0, 2.25, 4.0], [1.0, 3.0, 7.5, 0.125]],
    "target": [[0.75, 0.25, 2.0, 5.0], [1.5, 2.0, 0.5, 1.5]],
}
SAMPLE_WEIGHTS = ROWS | {"weights": [3.0, 0.5]}
KINK = {"pred": [[0.5, 1.0]], "target": [[0.5, 0.0]]}
SIGN_ROWS = {
    "logits": [[-2.0, -0.5, 0.0], [0.75, 3.0, 1.5]],
    "target": [[1.0, -1.0, 1.0], [1.0, 1.0, -1.0]],
}
BIT_ROWS = {
    "pred": [[0.125, 0.25, 0.5], [0.75, 0.9375, 0.625]],
    "target": [[0.0, 1.0, 0.25], [1.0, 0.5, 0.0]],
}
SIMPLEX = {
    "pred": [[0.25, 0.125, 0.5, 0.125], [0.0625, 0.75, 0.125, 0.0625]],
    "target": [[0.0, 0.0, 1.0, 0.0], [0.25, 0.5, 0.125, 0.125]],
}
SIMPLEX_LABELS = {"pred": SIMPLEX["pred"], "labels": [2, 0]}
HOT = [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
CE = "jl.classification.softmax_cross_entropy"
BCE = "jl.classification.sigmoid_cross_entropy"
LAST_AXIS = "Keras averages over the last axis"
CLIPPED = "Keras clips probabilities to [1e-7, 1 - 1e-7], here without effect"

REGRESSION = (
    Case(
        "mse",
        "losses.mean_squared_error(target, pred)",
        "jnp.mean(jl.regression.squared_error(pred, target), axis=-1)",
        ROWS,
        relation=LAST_AXIS,
        wrt=("pred", "target"),
    ),
    Case(
        "mse-class-weighted",
        "losses.MeanSquaredError()(target, pred, sample_weight=weights)",
        (
            "jl.total(jnp.mean(jl.regression.squared_error(pred, target), axis=-1), "
            "weights=weights) / 2"
        ),
        SAMPLE_WEIGHTS,
        relation="the default sum_over_batch_size divides the weighted sum by the count",
    ),
    Case(
        "mse-class-weighted-mean",
        (
            'losses.MeanSquaredError(reduction="mean_with_sample_weight")(target, pred, '
            "sample_weight=weights)"
        ),
        "jl.mean(jnp.mean(jl.regression.squared_error(pred, target), axis=-1), weights=weights)",
        SAMPLE_WEIGHTS,
        relation="mean_with_sample_weight divides by the sum of the weights, as jl.mean",
    ),
    Case(
        "mae",
        "losses.mean_absolute_error(target, pred)",
        "jnp.mean(jl.regression.absolute_error(pred, target), axis=-1)",
        ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "mae-kink",
        "losses.mean_absolute_error(target, pred)",
        "jnp.mean(jl.regression.absolute_error(pred, target), axis=-1)",
        KINK,
        relation="Keras on JAX has slope -1 at an error of 0; ours is 0",
        expect={"pred": [[0.0, 0.5]]},
    ),
    Case(
        "mape",
        "losses.mean_absolute_percentage_error(target, pred)",
        "100 * jnp.mean(jl.regression.absolute_percentage_error(pred, target, eps=1e-7), axis=-1)",
        ROWS,
        relation="Keras multiplies by 100 and averages over the last axis; its eps is 1e-7",
    ),
    Case(
        "mape-zero-target",
        "losses.mean_absolute_percentage_error(target, pred)",
        "100 * jnp.mean(jl.regression.absolute_percentage_error(pred, target, eps=1e-7), axis=-1)",
        KINK | {"pred": [[0.25, 1.0]]},
        relation="Keras multiplies by 100 and averages over the last axis; its eps is 1e-7",
    ),
    Case(
        "msle",
        "losses.mean_squared_logarithmic_error(target, pred)",
        "jnp.mean(jl.regression.squared_log_error(pred, target), axis=-1)",
        POSITIVE,
        relation=LAST_AXIS,
    ),
    Case(
        "msle-negative",
        "losses.mean_squared_logarithmic_error(target, pred)",
        "jnp.mean(jl.regression.squared_log_error(pred, target), axis=-1)",
        {"pred": [[-0.5]], "target": [[0.0]]},
        relation=(
            "Keras clips negative arguments, whose gradient is then 0; ours is defined above -1"
        ),
        expect={"value": [log(0.5) ** 2], "pred": [[4 * log(0.5)]]},
    ),
    Case(
        "cosine-similarity",
        "losses.cosine_similarity(target, pred)",
        "-jl.agreement.cosine_similarity(pred, target)",
        ROWS,
        relation="the loss of Keras is minus the cosine; agreement.cosine_distance is 1 minus it",
        wrt=("pred", "target"),
    ),
    Case(
        "cosine-similarity-zero-vector",
        "losses.cosine_similarity(target, pred)",
        "-jl.agreement.cosine_similarity(pred, target)",
        {"pred": [[0.0, 0.0]], "target": [[1.0, 2.0]]},
        relation="Keras on JAX has a gradient of NaN at a zero vector; ours is 0",
        expect={"pred": [[0.0, 0.0]]},
    ),
    Case(
        "huber",
        "losses.huber(target, pred)",
        "jnp.mean(jl.regression.huber(pred, target), axis=-1)",
        ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "huber-delta2",
        "losses.huber(target, pred, delta=2.0)",
        "jnp.mean(jl.regression.huber(pred, target, delta=2.0), axis=-1)",
        ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "log-cosh",
        "losses.log_cosh(target, pred)",
        "jnp.mean(jl.regression.log_cosh(pred, target), axis=-1)",
        ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "log-cosh-small",
        "losses.log_cosh(target, pred)",
        "jnp.mean(jl.regression.log_cosh(pred, target), axis=-1)",
        {"pred": [[1e-4], [1e-3]], "target": [[0.0], [0.0]]},
        relation="Keras loses small errors to rounding in float32; the value is half the square",
        precision="float32",
        expect={"value": [5e-9, 4.99999917e-7]},
    ),
)

CLASSIFICATION = (
    Case(
        "bce",
        "losses.binary_crossentropy(target, pred)",
        "jnp.mean(jl.classification.binary_cross_entropy(pred, target), axis=-1)",
        BIT_ROWS,
        relation=f"{LAST_AXIS}; {CLIPPED}",
    ),
    Case(
        "bce-smoothing",
        "losses.binary_crossentropy(target, pred, label_smoothing=0.25)",
        "jnp.mean(jl.classification.binary_cross_entropy(pred, 0.75 * target + 0.125), axis=-1)",
        BIT_ROWS,
        relation="on probabilities jaxloss takes targets that are smoothed already",
    ),
    Case(
        "bce-certain-and-wrong",
        "losses.binary_crossentropy(target, pred)",
        "jnp.mean(jl.classification.binary_cross_entropy(pred, target), axis=-1)",
        {"pred": [[0.0], [1.0]], "target": [[1.0], [0.0]]},
        relation="Keras clips the probability to 1e-7 and stops at 16.1; ours is the true infinity",
        wrt=(),
        expect={"value": [float("inf"), float("inf")]},
    ),
    Case(
        "bce-logits",
        "losses.binary_crossentropy(target, logits, from_logits=True)",
        f"jnp.mean({BCE}(logits, target), axis=-1)",
        BITS,
        relation=LAST_AXIS,
    ),
    Case(
        "bce-logits-smoothing",
        "losses.binary_crossentropy(target, logits, from_logits=True, label_smoothing=0.25)",
        f"jnp.mean({BCE}(logits, target, smoothing=0.25), axis=-1)",
        BITS,
        relation=LAST_AXIS,
    ),
    Case(
        "bce-logits-first-axis",
        "losses.binary_crossentropy(target, logits, from_logits=True, axis=0)",
        f"jnp.mean({BCE}(logits, target), axis=0)",
        BITS,
        relation="Keras averages over the axis given",
    ),
    Case(
        "cce-logits",
        "losses.categorical_crossentropy(target, logits, from_logits=True)",
        f"{CE}(logits, target)",
        SOFT,
    ),
    Case(
        "cce-logits-smoothing",
        "losses.categorical_crossentropy(target, logits, from_logits=True, label_smoothing=0.25)",
        f"{CE}(logits, target, smoothing=0.25)",
        SOFT,
    ),
    Case(
        "cce-logits-first-axis",
        "losses.categorical_crossentropy(target, logits, from_logits=True, axis=0)",
        f"{CE}(logits.T, target.T)",
        SOFT,
        relation="jaxloss has no axis: classes lie on the last one",
    ),
    Case(
        "cce",
        "losses.categorical_crossentropy(target, pred)",
        "jl.classification.categorical_cross_entropy(pred / pred.sum(-1, keepdims=True), target)",
        SIMPLEX,
        relation=f"Keras divides by the sum of the probabilities, which has a gradient; {CLIPPED}",
    ),
    Case(
        "cce-smoothing",
        "losses.categorical_crossentropy(target, pred, label_smoothing=0.25)",
        (
            "jl.classification.categorical_cross_entropy(pred / pred.sum(-1, keepdims=True), "
            "target, smoothing=0.25)"
        ),
        SIMPLEX,
        relation="Keras divides by the sum of the probabilities, which has a gradient",
    ),
    Case(
        "cce-unnormalised",
        "losses.categorical_crossentropy(target, pred)",
        (
            "jl.classification.categorical_cross_entropy(pred, target) + target.sum(-1) * "
            "jnp.log(pred.sum(-1))"
        ),
        {"pred": [[0.5, 0.25, 1.0]], "target": [[0.25, 0.5, 0.25]]},
        relation="Keras divides by the sum of the probabilities; jaxloss takes them as they are",
    ),
    Case(
        "sparse-cce-logits",
        "losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)",
        f"{CE}(logits, labels)",
        CLASSES,
    ),
    Case(
        "sparse-cce",
        "losses.sparse_categorical_crossentropy(labels, pred)",
        "jl.classification.categorical_cross_entropy(pred / pred.sum(-1, keepdims=True), labels)",
        SIMPLEX_LABELS,
        relation="Keras divides by the sum of the probabilities, which has a gradient",
    ),
    Case(
        "sparse-cce-ignore-class",
        (
            "losses.sparse_categorical_crossentropy(labels, logits, from_logits=True, "
            "ignore_class=-100)"
        ),
        f"jnp.where(labels == -100, 0, {CE}(logits, labels))",
        PADDED,
        relation="Keras gives 0 for an ignored row; ours gives NaN with gradient 0 until masked",
    ),
    Case(
        "sparse-cce-class-ignore-class",
        "losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-100)(labels, logits)",
        f"jl.mean({CE}(logits, labels), where=labels != -100)",
        PADDED,
        relation="the class divides by the rows kept, as jl.mean with a mask",
    ),
    Case(
        "sparse-cce-outside",
        "losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)",
        f"{CE}(logits, labels)",
        {"logits": [[0.0, 1.0, 2.0]], "labels": [3]},
        relation="Keras gives 0 for a label out of range; ours is NaN with gradient 0",
        wrt=(),
        expect={"value": [float("nan")]},
    ),
    Case(
        "hinge",
        "losses.hinge(target, logits)",
        "jnp.mean(jl.margin.hinge(logits, target), axis=-1)",
        SIGN_ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "hinge-bits",
        "losses.hinge(target, logits)",
        "jnp.mean(jl.margin.hinge(logits, 2 * target - 1), axis=-1)",
        SIGN_ROWS | {"target": [[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]},
        relation="Keras looks at the values and converts bits to signs; jaxloss takes signs",
    ),
    Case(
        "hinge-kink",
        "losses.hinge(target, logits)",
        "jnp.mean(jl.margin.hinge(logits, target), axis=-1)",
        {"logits": [[1.0], [-1.0]], "target": [[1.0], [-1.0]]},
        relation="Keras on JAX halves the gradient at the kink; ours is 0",
        expect={"logits": [[0.0], [0.0]]},
    ),
    Case(
        "squared-hinge",
        "losses.squared_hinge(target, logits)",
        "jnp.mean(jl.margin.squared_hinge(logits, target), axis=-1)",
        SIGN_ROWS,
        relation=LAST_AXIS,
    ),
    Case(
        "categorical-hinge",
        "losses.categorical_hinge(target, logits)",
        "jl.margin.crammer_singer(logits, labels)",
        CLASSES | {"target": HOT},
        relation="equal where another class has a positive score",
    ),
    Case(
        "categorical-hinge-negative",
        "losses.categorical_hinge(target, logits)",
        "jl.margin.crammer_singer(logits, labels)",
        {"logits": [[0.5, -2.0, -3.0]], "target": [[1.0, 0.0, 0.0]], "labels": [0]},
        relation="Keras puts a score of 0 in place of the true class; ours is Crammer and Singer's",
        expect={"value": [0.0], "logits": [[0.0, 0.0, 0.0]]},
    ),
)

_FUNCTIONS = {
    "Dice": "dice",
    "Tversky": "tversky",
    "BinaryFocalCrossentropy": "binary_focal_crossentropy",
    "CategoricalFocalCrossentropy": "categorical_focal_crossentropy",
    "BinaryCrossentropy": "binary_crossentropy",
    "CategoricalCrossentropy": "categorical_crossentropy",
    "CategoricalGeneralizedCrossEntropy": "categorical_generalized_cross_entropy",
    "CategoricalHinge": "categorical_hinge",
    "Circle": "circle",
    "CosineSimilarity": "cosine_similarity",
    "Hinge": "hinge",
    "Huber": "huber",
    "KLDivergence": "kl_divergence",
    "LogCosh": "log_cosh",
    "MeanAbsoluteError": "mean_absolute_error",
    "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
    "Poisson": "poisson",
    "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
    "SquaredHinge": "squared_hinge",
}
_OTHER_FAMILIES = {
    ("ctc", "CTC"): "sequence losses are a family of their own",
    ("Loss", "deserialize", "get", "serialize"): "not a loss",
}

KERAS = Peer(
    name="keras",
    pins=("keras==3.15.1", "jax==0.10.2"),
    runs="jax",
    setup="from keras import layers, losses, ops, regularizers",
    public='["losses." + n for n in dir(losses) if not n.startswith("_")]',
    cases=REGRESSION
    + CLASSIFICATION
    + FOCAL
    + LABELS
    + PAIRS
    + MASKS
    + PENALTIES
    + DIVERGENCES
    + LIKELIHOODS,
    aliases={f"losses.{name}": f"losses.{function}" for name, function in _FUNCTIONS.items()},
    not_ours={
        f"losses.{name}": reason for names, reason in _OTHER_FAMILIES.items() for name in names
    },
)
