"""Rows of focal losses that many libraries share, and those of Optax and Keras."""

from tests.references.case import Case
from tests.references.inputs import ANSWERS, BITS, CLASSES, CONFIDENT, SOFT

FOCAL = "jl.focal.sigmoid_focal"
SOFTMAX = "jl.focal.softmax_focal"
MIXED = (
    f"{FOCAL}(logits, target, gamma=0.0)"
    " * (target + (1 - 2 * target) / (1 + jnp.exp(-logits))) ** 2.0"
)
"""What it is of soft targets where the probabilities of yes and no are mixed, not the losses."""
SOFT_TARGETS = "of a soft target it mixes the probabilities, jaxloss the losses"
BETWEEN = {"logits": [[-2.0, -0.5, 0.25], [0.75, 1.5, 3.0]], "target": BITS["target"]}


def focal_rows(call: str, *, off: str) -> tuple[Case, ...]:
    """Rows of a sigmoid focal loss without reduction: weights, exponents, and extremes.

    Args:
        call: name of the function.
        off: its arguments that weigh yes and no alike.
    """
    plain = f"{call}(logits, target, {off}"
    return (
        Case("focal", f"{plain})", f"{FOCAL}(logits, target)", ANSWERS),
        Case(
            "focal-alpha",
            f"{call}(logits, target, alpha=0.25, gamma=3.0)",
            f"{FOCAL}(logits, target, alpha=0.25, gamma=3.0)",
            ANSWERS,
        ),
        Case(
            "focal-gamma0", f"{plain}, gamma=0.0)", f"{FOCAL}(logits, target, gamma=0.0)", ANSWERS
        ),
        Case("focal-root", f"{plain}, gamma=0.5)", f"{FOCAL}(logits, target, gamma=0.5)", ANSWERS),
        Case("focal-confident", f"{plain})", f"{FOCAL}(logits, target)", CONFIDENT),
    )


OPTAX_CASES = (
    *focal_rows("losses.sigmoid_focal_loss", off="alpha=None"),
    Case(
        "focal-soft",
        "losses.sigmoid_focal_loss(logits, target)",
        MIXED,
        BETWEEN,
        relation=SOFT_TARGETS,
    ),
)

_LAST_AXIS = "Keras averages over the last axis"
_HOT = {"target": [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]}
_BINARY = "losses.binary_focal_crossentropy(target, logits, from_logits=True"
_CATEGORICAL = "losses.categorical_focal_crossentropy(target, logits, from_logits=True"

KERAS_CASES = (
    Case(
        "focal", f"{_BINARY})", f"jnp.mean({FOCAL}(logits, target), axis=-1)", ANSWERS, _LAST_AXIS
    ),
    Case(
        "focal-alpha",
        f"{_BINARY}, apply_class_balancing=True, gamma=3.0)",
        f"jnp.mean({FOCAL}(logits, target, alpha=0.25, gamma=3.0), axis=-1)",
        ANSWERS,
        relation=f"{_LAST_AXIS}; alpha is 0.25 there and off",
    ),
    Case(
        "focal-soft",
        f"{_BINARY})",
        f"jnp.mean({MIXED}, axis=-1)",
        BETWEEN,
        relation=f"{_LAST_AXIS}; {SOFT_TARGETS}",
    ),
    Case(
        "focal-confident",
        f"{_BINARY})",
        f"jnp.mean({FOCAL}(logits, target), axis=-1)",
        {"logits": [[-100.0], [100.0]], "target": [[1.0], [0.0]]},
        relation="Keras clips: the gradient of a confident error is 0; the true one is -1 or 1",
        expect={"value": [100.0, 100.0], "logits": [[-1.0], [1.0]]},
    ),
    Case(
        "softmax-focal",
        f"{_CATEGORICAL})",
        f"0.25 * {SOFTMAX}(logits, target)",
        SOFT,
        relation="Keras multiplies every class by alpha = 0.25",
    ),
    Case(
        "softmax-focal-alpha",
        f"{_CATEGORICAL}, alpha=[1.0, 0.5, 2.0, 0.25], gamma=0.5)",
        (f"{SOFTMAX}(logits, labels, gamma=0.5, class_weights=jnp.array([1.0, 0.5, 2.0, 0.25]))"),
        CLASSES | _HOT,
        relation="a list of alpha is class weights; labels are one-hot in Keras",
    ),
    Case(
        "softmax-focal-smoothing",
        f"{_CATEGORICAL}, alpha=1.0, label_smoothing=0.25)",
        f"{SOFTMAX}(logits, jl.classification.smooth_labels(target, smoothing=0.25))",
        SOFT,
        relation="in jaxloss labels are smoothed before",
    ),
)
