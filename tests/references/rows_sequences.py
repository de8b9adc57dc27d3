"""Rows of sequences: CTC as torch and Optax call it."""

from math import inf, nan

from tests.references.case import Case

LOGITS = [
    [[0.5, -1.0, 2.0], [0.0, 3.0, -0.25], [1.0, 0.5, -2.0], [0.75, 0.0, 1.5]],
    [[-0.5, 1.25, 0.0], [2.0, 0.0, 1.0], [0.25, -1.5, 0.5], [-3.0, 4.0, 1.0]],
]
LABELS = {"logits": LOGITS, "labels": [[1, 2], [2, 0]]}
COUNTS = {"frames": [4, 3], "lengths": [2, 1]}
PADDINGS = {
    "frame_paddings": [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
    "label_paddings": [[0.0, 0.0], [0.0, 1.0]],
}
# the same label twice needs three frames
SHORT = {"logits": [[[0.5, -1.0, 2.0], [0.0, 3.0, -0.25]]], "labels": [[1, 1]]}
NO_GRADIENT = [[[0.0] * 3] * 2]

TORCH_CTC = "F.ctc_loss(F.log_softmax(logits, -1).transpose(0, 1), labels, frames, lengths, {0})"
TORCH_MASKS = "where=jnp.arange(4) < frames[:, None], label_where=jnp.arange(2) < lengths[:, None]"
OPTAX_CTC = "losses.ctc_loss(logits, frame_paddings, labels, label_paddings{0})"
OPTAX_MASKS = "where=frame_paddings == 0, label_where=label_paddings == 0"
CTC = "jl.sequence.ctc(logits, labels{0})"

TORCH = (
    Case(
        "ctc",
        TORCH_CTC.format('reduction="none"'),
        CTC.format(f", {TORCH_MASKS}"),
        LABELS | COUNTS,
        relation="torch takes log-probabilities, time first, and counts; jaxloss takes masks",
    ),
    Case(
        "ctc-mean",
        TORCH_CTC.format('reduction="mean"'),
        f"jl.mean({CTC.format(f', {TORCH_MASKS}')} / lengths)",
        LABELS | COUNTS,
        relation="the default mean of torch first divides each value by its count of labels",
    ),
    Case(
        "ctc-blank",
        TORCH_CTC.format('blank=1, reduction="none"'),
        CTC.format(f", {TORCH_MASKS}, blank=1"),
        LABELS | {"labels": [[0, 0], [2, 1]]} | COUNTS,
        relation="torch takes log-probabilities, time first, and counts; jaxloss takes masks",
    ),
    Case(
        "ctc-too-few-frames",
        TORCH_CTC.format('reduction="none"'),
        CTC.format(""),
        SHORT | {"frames": [2], "lengths": [2]},
        relation="infinite in both; torch's gradient is NaN, ours is 0",
        expect={"logits": NO_GRADIENT},
    ),
    Case(
        "ctc-zero-infinity",
        TORCH_CTC.format('reduction="none", zero_infinity=True'),
        f"jnp.where({CTC.format('')} == jnp.inf, 0, {CTC.format('')})",
        SHORT | {"frames": [2], "lengths": [2]},
        relation="what zero_infinity of torch does is a mask here",
    ),
    Case(
        "ctc-blank-for-a-label",
        TORCH_CTC.format('reduction="none"'),
        CTC.format(""),
        SHORT | {"labels": [[1, 0]], "frames": [2], "lengths": [2]},
        relation="torch returns a number for a label that is the blank; ours is NaN",
        expect={"value": [nan], "logits": NO_GRADIENT},
    ),
)

OPTAX = (
    Case(
        "ctc",
        OPTAX_CTC.format(""),
        CTC.format(f", {OPTAX_MASKS}"),
        LABELS | PADDINGS,
        relation="Optax marks what is padding with 1; jaxloss marks what is kept with True",
    ),
    Case(
        "ctc-blank",
        OPTAX_CTC.format(", blank_id=1"),
        CTC.format(f", {OPTAX_MASKS}, blank=1"),
        LABELS | {"labels": [[0, 0], [2, 1]]} | PADDINGS,
        relation="Optax marks what is padding with 1; jaxloss marks what is kept with True",
    ),
    Case(
        "ctc-too-few-frames",
        OPTAX_CTC.format(""),
        CTC.format(""),
        SHORT | {"frame_paddings": [[0.0, 0.0]], "label_paddings": [[0.0, 0.0]]},
        relation="Optax stops near 1e5, with a gradient; ours is infinite with gradient 0",
        expect={"value": [inf], "logits": NO_GRADIENT},
    ),
    Case(
        "ctc-blank-for-a-label",
        OPTAX_CTC.format(""),
        CTC.format(""),
        SHORT
        | {
            "labels": [[1, 0]],
            "frame_paddings": [[0.0, 0.0]],
            "label_paddings": [[0.0, 0.0]],
        },
        relation="Optax returns a number for a label that is the blank; ours is NaN",
        expect={"value": [nan], "logits": NO_GRADIENT},
    ),
)
