"""Rows of losses of masks: MONAI, segmentation-models-pytorch, Kornia, Optax, Keras."""

from tests.references.case import Case

S, B = "jl.segmentation", "jl.boundary"
NONE = 'reduction="none"'
WHOLE = "all images are one list"
HALF = "its smoothing is twice ours"
MASKS = {
    "logits": [[0.5, -1.0, 2.0, 0.25, -3.0, 1.5], [3.0, 0.0, -2.5, 1.0, 0.75, -0.5]],
    "target": [[1.0, 0.0, 1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0, 1.0, 0.0]],
}
MAPS = {
    "logits": [
        [[0.5, -1.0, 2.0], [0.25, -3.0, 1.5], [1.0, 0.5, -0.5], [-1.0, 0.0, 0.75]],
        [[3.0, 0.0, -2.5], [1.0, 0.75, -0.5], [0.25, 2.0, 1.0], [-2.0, 0.5, 0.0]],
    ],
    "labels": [[0, 2, 1, 2], [1, 1, 0, 2]],
}
HOT_MAPS = MAPS | {
    "hot": [[[float(c == y) for c in range(3)] for y in row] for row in MAPS["labels"]]
}
_UNIFIED = "delta=0.6, gamma=0.5, epsilon=1e-15"
_TWO = (
    "(torch.stack([1 - logits.sigmoid(), logits.sigmoid()], 1)[..., None], "
    "torch.stack([1 - target, target], 1)[..., None])"
)
COSTS = {"costs": [[0.0, 1.0, 1.0], [1.0, 0.0, 0.5], [1.0, 0.5, 0.0]]}
IMAGES = {
    "logits": [
        [[0.5, -1.0, 2.0, 0.25], [-3.0, 1.5, 3.0, -0.75], [-2.5, 1.0, 0.75, -0.5]],
        [[-0.25, 1.25, 2.5, 1.75], [0.75, -1.5, -2.0, 2.25], [1.0, 0.375, -0.625, 4.0]],
    ],
    "target": [
        [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]],
        [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0]],
    ],
}
BITS = {
    "logits": IMAGES["logits"],
    "bits": [
        [[0, 0, 1, 0], [0, 1, 1, 1], [0, 0, 1, 0]],
        [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 1, 1]],
    ],
}
WRONG = BITS | {"bits": [[[0] * 4] * 3, [[1] * 4] * 3]}
ON_MASKS = "(logits[:, None], target[:, None]).flatten()"
ON_MAPS = "(logits.movedim(-1, 1), labels[:, None])"
TRUE = f"{B}.signed_distance(target > 0.5)"
FOUND = f"{B}.signed_distance(logits > 0)"
FLAT = ".reshape(2, 12)"

MONAI_CASES = (
    Case(
        "dice",
        f"losses.DiceLoss(sigmoid=True, smooth_nr=1.0, smooth_dr=1.0, {NONE}){ON_MASKS}",
        f"{S}.dice(logits, target)",
        MASKS,
    ),
    Case(
        "dice-squared",
        (
            "losses.DiceLoss(sigmoid=True, squared_pred=True, smooth_nr=0.5, smooth_dr=0.5, "
            f"{NONE}){ON_MASKS}"
        ),
        f'{S}.dice(logits, target, smoothing=0.5, sizes="squared")',
        MASKS,
    ),
    Case(
        "dice-jaccard",
        (
            "losses.DiceLoss(sigmoid=True, jaccard=True, smooth_nr=1.0, smooth_dr=1.0, "
            f"{NONE}){ON_MASKS}"
        ),
        f"{S}.jaccard(logits, target, smoothing=0.5)",
        MASKS,
        relation=HALF,
    ),
    Case(
        "dice-softmax",
        (
            "losses.DiceLoss(softmax=True, to_onehot_y=True, smooth_nr=1.0, smooth_dr=1.0, "
            f"{NONE}){ON_MAPS}.mean((1, 2))"
        ),
        f"{S}.softmax_dice(logits, labels)",
        MAPS,
        relation="MONAI leaves the mean over classes to the reduction",
    ),
    Case(
        "dice-foreground",
        (
            "losses.DiceLoss(softmax=True, to_onehot_y=True, include_background=False, "
            f"smooth_nr=1.0, smooth_dr=1.0, {NONE}){ON_MAPS}.mean((1, 2))"
        ),
        f"{S}.softmax_dice(logits, labels, class_weights=jnp.array([0.0, 1.0, 1.0]))",
        MAPS,
        relation="the background is left out by its weight",
    ),
    Case(
        "tversky",
        (
            "losses.TverskyLoss(sigmoid=True, alpha=0.25, beta=0.75, smooth_nr=1.0, smooth_dr=1.0, "
            f"{NONE}){ON_MASKS}"
        ),
        f"{S}.tversky(logits, target, alpha=0.25, beta=0.75)",
        MASKS,
    ),
    Case(
        "generalized-dice",
        (
            "losses.GeneralizedDiceLoss(softmax=True, to_onehot_y=True, smooth_nr=0.0, "
            f"smooth_dr=0.0, {NONE}){ON_MAPS}.flatten()"
        ),
        f"{S}.generalized_dice(logits, labels)",
        MAPS,
        relation="equal where each class occurs: MONAI gives others the largest weight there is",
    ),
    Case(
        "generalized-dice-simple",
        (
            'losses.GeneralizedDiceLoss(softmax=True, to_onehot_y=True, w_type="simple", '
            f"smooth_nr=0.0, smooth_dr=0.0, {NONE}){ON_MAPS}.flatten()"
        ),
        f"{S}.generalized_dice(logits, labels, power=1.0)",
        MAPS,
    ),
    Case(
        "wasserstein-dice",
        (
            "losses.GeneralizedWassersteinDiceLoss(costs, smooth_nr=0.0, smooth_dr=0.0, "
            f"{NONE})(logits.movedim(-1, 1), labels)"
        ),
        f"{S}.generalized_wasserstein_dice(logits, labels, costs)",
        MAPS | COSTS,
        wrt=("logits",),
    ),
    Case(
        "mcc",
        f"losses.MCCLoss(sigmoid=True, smooth_nr=0.0, smooth_dr=0.0, {NONE}){ON_MASKS}",
        f"{S}.mcc(logits, target)",
        MASKS,
    ),
    Case(
        "dice-ce",
        (
            "losses.DiceCELoss(softmax=True, to_onehot_y=True, smooth_nr=1.0, smooth_dr=1.0, "
            f"lambda_ce=0.5){ON_MAPS}"
        ),
        (
            f"jl.mean({S}.softmax_dice(logits, labels)) + "
            "0.5 * jl.mean(jl.classification.softmax_cross_entropy(logits, labels))"
        ),
        MAPS,
        relation="a sum of two terms here",
    ),
    Case(
        "dice-focal",
        (
            "losses.DiceFocalLoss(sigmoid=True, smooth_nr=1.0, smooth_dr=1.0)"
            "(logits[:, None], target[:, None])"
        ),
        (f"jl.mean({S}.dice(logits, target)) + jl.mean(jl.focal.sigmoid_focal(logits, target))"),
        MASKS,
        relation="a sum of two terms here",
    ),
    Case(
        "unified-focal",
        (
            f"losses.unified_focal_loss.AsymmetricFocalLoss({_UNIFIED}){_TWO} + "
            f"losses.unified_focal_loss.AsymmetricFocalTverskyLoss({_UNIFIED}){_TWO} / 2"
        ),
        "jl.mean(jl.compound.unified_focal(logits, target, smoothing=0.0))",
        MASKS,
        relation=(
            "MONAI takes probabilities, delta 0.7 by default, and half of the focal part; its "
            "parts are put together here as the paper does"
        ),
    ),
    Case(
        "boundary",
        f"losses.BoundaryLoss(sigmoid=True, {NONE}){ON_MASKS}",
        (f"{B}.boundary(logits{FLAT}, jnp.where({TRUE} < 0, {TRUE} + 1, {TRUE}){FLAT})"),
        IMAGES,
        relation="MONAI counts distances inside from 0, and outside from 1; jaxloss both from 1",
    ),
    Case(
        "hausdorff",
        f"losses.HausdorffDTLoss(sigmoid=True, include_background=True, {NONE}){ON_MASKS}",
        f"{B}.hausdorff(logits{FLAT}, target{FLAT}, {FOUND}{FLAT}, {TRUE}{FLAT})",
        IMAGES,
        relation="distances are arguments here",
    ),
    Case(
        "log-hausdorff",
        f"losses.LogHausdorffDTLoss(sigmoid=True, include_background=True, {NONE}){ON_MASKS}",
        f"jnp.log1p({B}.hausdorff(logits{FLAT}, target{FLAT}, {FOUND}{FLAT}, {TRUE}{FLAT}))",
        IMAGES,
        relation="the logarithm of 1 and it",
    ),
    Case(
        "cldice",
        f"losses.SoftclDiceLoss(sigmoid=True, smooth=1e-12, {NONE}){ON_MASKS}",
        f"{B}.cl_dice(logits, target)",
        IMAGES,
        relation="MONAI adds 1e-4 below the harmonic mean besides, unless told otherwise",
    ),
)

_ALL = "logits.ravel(), target.ravel()"
_ALL_MAPS = "logits.reshape(-1, 3), labels.ravel()"
_BINARY = "(logits[:, None], target[:, None])"

SEGMENTATION_MODELS_CASES = (
    Case(
        "dice",
        f'losses.DiceLoss("binary", smooth=0.5){_BINARY}',
        f"{S}.dice({_ALL})",
        MASKS,
        relation=f"{WHOLE}; its smoothing is half of ours",
    ),
    Case(
        "dice-multiclass",
        'losses.DiceLoss("multiclass")(logits.movedim(-1, 1), labels)',
        f"{S}.softmax_dice({_ALL_MAPS}, smoothing=0.0)",
        MAPS,
        relation=f"{WHOLE}; a class without a pixel counts 0 in the mean",
    ),
    Case(
        "jaccard",
        f'losses.JaccardLoss("binary", smooth=1.0){_BINARY}',
        f"{S}.jaccard({_ALL})",
        MASKS,
        relation=WHOLE,
    ),
    Case(
        "tversky",
        f'losses.TverskyLoss("binary", alpha=0.25, beta=0.75, gamma=0.75, smooth=1.0){_BINARY}',
        f"{S}.tversky({_ALL}, alpha=0.25, beta=0.75, gamma=0.75)",
        MASKS,
        relation=WHOLE,
    ),
    Case(
        "tversky-multiclass",
        'losses.TverskyLoss("multiclass", gamma=0.75)(logits.movedim(-1, 1), labels)',
        (f"{S}.softmax_tversky({_ALL_MAPS}, alpha=0.5, beta=0.5, smoothing=0.0)**0.75"),
        MAPS,
        relation=f"{WHOLE}; gamma is an exponent of the mean over classes, here of each",
    ),
    Case(
        "mcc",
        "losses.MCCLoss(eps=0.0)(logits.sigmoid()[:, None], target[:, None])",
        f"{S}.mcc({_ALL})",
        MASKS,
        relation=f"{WHOLE}; takes probabilities, and adds 1e-5 to each count unless told not to",
    ),
)

_KORNIA_MAPS = "(logits.movedim(-1, 1)[..., None], labels[..., None]"

KORNIA_CASES = (
    Case(
        "dice",
        f"losses.dice_loss{_KORNIA_MAPS})",
        f"jl.mean({S}.generalized_dice(logits, labels, power=0.0))",
        MAPS,
        relation="the mean over images of sums over classes",
    ),
    Case(
        "dice-macro",
        f'losses.dice_loss{_KORNIA_MAPS}, average="macro")',
        f'jl.mean({S}.softmax_dice(logits, labels, smoothing=0.0, classes="present"))',
        MAPS,
        relation="the mean over images",
    ),
    Case(
        "tversky",
        f"losses.tversky_loss{_KORNIA_MAPS}, alpha=0.25, beta=0.75)",
        (
            f"jl.mean({S}.softmax_tversky(logits, labels, alpha=0.25, beta=0.75, smoothing=0.0, "
            'classes="present"))'
        ),
        MAPS,
        relation="the mean over images",
    ),
    Case(
        "hausdorff-erosion",
        (
            f"losses.HausdorffERLoss(k=4, {NONE})"
            "(torch.stack([1 - logits.sigmoid(), logits.sigmoid()], 1), bits[:, None])"
            "[1].mean((-1, -2)).flatten()"
        ),
        f"{B}.hausdorff_erosion(logits, bits, erosions=4)",
        WRONG,
        relation="Kornia takes probabilities of each class, and gives a map",
    ),
)

OPTAX_CASES = (
    Case(
        "dice",
        "losses.binary_dice_loss(logits, target)",
        f"{S}.dice(logits, target, smoothing=2.0)",
        MASKS,
        relation="its smoothing is half of ours",
    ),
    Case(
        "dice-softmax",
        'losses.dice_loss(logits, hot, smooth=0.5, reduction="none").mean(-1)',
        f"{S}.softmax_dice(logits, labels)",
        HOT_MAPS,
        relation="its smoothing is half of ours; labels are one-hot in Optax",
    ),
    Case(
        "tversky-softmax",
        'losses.dice_loss(logits, hot, alpha=0.25, beta=0.75, reduction="none").mean(-1)',
        f"{S}.softmax_tversky(logits, labels, alpha=0.25, beta=0.75)",
        HOT_MAPS,
        relation="labels are one-hot in Optax, and the mean over classes is its reduction",
    ),
)

CHANCES = {
    "pred": [[0.5, 0.125, 0.875, 0.25], [0.75, 0.375, 0.0625, 0.5]],
    "target": [[1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]],
}
_ODDS = "jnp.log(pred / (1 - pred))"

KERAS_CASES = (
    Case(
        "dice",
        "losses.dice(target, pred, axis=(1,))",
        f"{S}.dice({_ODDS}, target, smoothing=0.0)",
        CHANCES,
        relation="Keras takes probabilities, and adds 1e-7 below: 1 for an empty mask",
    ),
    Case(
        "tversky",
        "losses.tversky(target, pred, alpha=0.25, beta=0.75, axis=(1,))",
        f"{S}.tversky({_ODDS}, target, alpha=0.75, beta=0.25, smoothing=0.0)",
        CHANCES,
        relation="Keras takes probabilities; its alpha weighs false negatives, beta positives",
    ),
)
