"""Rows of losses of skewed classes: in libraries that stand on torch and have focal losses."""

from tests.references import (
    rows_images,
    rows_labels,
    rows_registration,
    rows_segmentation,
    rows_torch_public,
)
from tests.references.case import Case, Peer
from tests.references.inputs import ANSWERS, BITS, CLASS_WEIGHTS, CLASSES, CONFIDENT, SOFT
from tests.references.rows_focal import BETWEEN, FOCAL, MIXED, SOFT_TARGETS, SOFTMAX, focal_rows

NONE = 'reduction="none"'
BACKGROUND = "a scalar alpha weighs class 0 by 1 - alpha: class weights here"
# No answer is at one half, where a threshold would be met.
UNEVEN = {"logits": BETWEEN["logits"], "target": ANSWERS["target"]}
DEGREES = {
    "logits": [[-3.0, -0.5, 0.0], [0.75, 2.0, 6.0]],
    "target": [[0.0, 1.0, 0.25], [0.75, 0.0, 0.5]],
}
# A logit of 100 is right beyond the last digit of float32, and NaN times 0 in a power below 1.
SATURATED = {"logits": [100.0, -100.0, -100.0], "target": [1.0, 0.0, 1.0]}

# The compiled operators of torchvision are of another build of torch; what is measured here does
# without them, also where a library imports torchvision because it is there.
TORCHVISION_SETUP = (
    "import torch\n"
    "register = torch.library.register_fake\n"
    "def register_if_there(*args, **options):\n"
    "    def decorate(function):\n"
    "        try:\n"
    "            return register(*args, **options)(function)\n"
    "        except RuntimeError:\n"
    "            return function\n"
    "    return decorate\n"
    "torch.library.register_fake = register_if_there\n"
)

TORCHVISION = Peer(
    name="torchvision",
    pins=("torchvision==0.28.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    setup=TORCHVISION_SETUP + "from torchvision import ops",
    cases=(
        *focal_rows("ops.sigmoid_focal_loss", off="alpha=-1"),
        Case(
            "focal-soft",
            "ops.sigmoid_focal_loss(logits, target, alpha=-1)",
            MIXED,
            BETWEEN,
            relation=SOFT_TARGETS,
        ),
        Case(
            "focal-root-saturated",
            "ops.sigmoid_focal_loss(logits, target, alpha=-1, gamma=0.5)",
            f"{FOCAL}(logits, target, gamma=0.5)",
            SATURATED,
            relation="torchvision has a gradient of NaN where a root is saturated; it is 0",
            precision="float32",
            expect={"logits": [0.0, 0.0, -1.0]},
        ),
        *rows_images.TORCHVISION_CASES,
        *rows_torch_public.TORCHVISION_CASES,
    ),
    public='["ops." + n for n in ops.__all__ if n.endswith(("loss", "iou"))]',
)

FVCORE = Peer(
    name="fvcore",
    pins=("fvcore==0.1.5.post20221221", "torch==2.13.0"),
    runs="torch",
    setup="import torch; from fvcore import nn",
    cases=(
        *focal_rows("nn.sigmoid_focal_loss", off="alpha=-1"),
        Case(
            "focal-soft",
            "nn.sigmoid_focal_loss(logits, target)",
            MIXED,
            BETWEEN,
            relation=SOFT_TARGETS,
        ),
        Case(
            "focal-star",
            "nn.sigmoid_focal_loss_star(logits, target, gamma=2.0)",
            "jl.focal.focal_star(logits, target, gamma=2.0, beta=0.0)",
            ANSWERS,
            relation="fvcore has no beta",
        ),
        Case(
            "focal-star-alpha",
            "nn.sigmoid_focal_loss_star(logits, target, alpha=0.25, gamma=4.0)",
            "jl.focal.focal_star(logits, target, alpha=0.25, gamma=4.0, beta=0.0)",
            ANSWERS,
        ),
        *rows_torch_public.FVCORE_CASES,
    ),
    public='["nn." + n for n in nn.__all__ if "loss" in n and callable(getattr(nn, n))]',
    aliases=rows_torch_public.FVCORE_ALIASES,
)

MONAI = Peer(
    name="monai",
    pins=("monai==1.6.1", "scipy==1.17.1", "torch==2.13.0"),
    runs="torch",
    setup="import torch; from monai import losses",
    cases=(
        Case(
            "focal",
            f"losses.FocalLoss({NONE})(logits, target)",
            f"{FOCAL}(logits, target)",
            ANSWERS,
        ),
        Case(
            "focal-alpha",
            f"losses.FocalLoss(alpha=0.25, gamma=0.5, {NONE})(logits, target)",
            f"{FOCAL}(logits, target, alpha=0.25, gamma=0.5)",
            ANSWERS,
        ),
        Case(
            "focal-confident",
            f"losses.FocalLoss({NONE})(logits[None], target[None])[0]",
            f"{FOCAL}(logits, target)",
            CONFIDENT,
        ),
        Case(
            "softmax-focal",
            f"losses.FocalLoss(use_softmax=True, {NONE})(logits, target).sum(1)",
            f"{SOFTMAX}(logits, target)",
            SOFT,
            relation="MONAI leaves the sum over classes to the reduction",
        ),
        Case(
            "softmax-focal-labels",
            (
                "losses.FocalLoss(use_softmax=True, to_onehot_y=True, gamma=0.5, "
                f"{NONE})(logits, labels[:, None]).sum(1)"
            ),
            f"{SOFTMAX}(logits, labels, gamma=0.5)",
            CLASSES,
        ),
        Case(
            "softmax-focal-alpha",
            (
                "losses.FocalLoss(use_softmax=True, to_onehot_y=True, alpha=0.25, "
                f"{NONE})(logits, labels[:, None]).sum(1)"
            ),
            f"{SOFTMAX}(logits, labels, class_weights=jnp.array([0.75, 0.25, 0.25, 0.25]))",
            CLASSES,
            relation=BACKGROUND,
        ),
        Case(
            "softmax-focal-weights",
            (
                "losses.FocalLoss(use_softmax=True, to_onehot_y=True, weight=class_weights, "
                f"{NONE})(logits, labels[:, None]).sum(1)"
            ),
            f"{SOFTMAX}(logits, labels, class_weights=class_weights)",
            CLASSES | CLASS_WEIGHTS,
        ),
        *rows_segmentation.MONAI_CASES,
        *rows_images.MONAI_CASES,
        *rows_registration.MONAI_CASES,
        *rows_torch_public.MONAI_CASES,
    ),
    public='["losses." + n for n in dir(losses) if n[0].isupper() and n.endswith("Loss")]',
    not_ours=rows_torch_public.MONAI_NOT_OURS,
)

SEGMENTATION_MODELS = Peer(
    name="segmentation_models_pytorch",
    pins=("segmentation-models-pytorch==0.6.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    # Importing the package itself needs torchvision, its losses do not.
    setup=(
        "import importlib.util, sys, types, torch\n"
        'name = "segmentation_models_pytorch"\n'
        "sys.modules[name] = types.ModuleType(name)\n"
        'found = importlib.util.find_spec("torch").submodule_search_locations[0]\n'
        'sys.modules[name].__path__ = [found[: -len("torch")] + name]\n'
        "from segmentation_models_pytorch import losses\n"
        "from segmentation_models_pytorch.losses._functional import focal_loss_with_logits as focal"
    ),
    cases=(
        Case(
            "focal",
            f"focal(logits, target, alpha=None, {NONE})",
            f"{FOCAL}(logits, target)",
            ANSWERS,
        ),
        Case(
            "focal-alpha",
            f"focal(logits, target, alpha=0.25, gamma=3.0, {NONE})",
            f"{FOCAL}(logits, target, alpha=0.25, gamma=3.0)",
            ANSWERS,
        ),
        Case(
            "focal-reduced",
            f"focal(logits, target, alpha=None, reduced_threshold=0.5, {NONE})",
            "jl.focal.reduced_focal(logits, target)",
            UNEVEN,
            relation="equal at the threshold of the paper, 0.5",
        ),
        Case(
            "focal-reduced-threshold",
            f"focal(logits, target, alpha=None, reduced_threshold=0.25, {NONE})",
            (
                "jnp.where(jl.focal.sigmoid_focal(logits, target, gamma=0.0) > jnp.log(4), 1, 9) * "
                "jl.focal.reduced_focal(logits, target, threshold=0.25)"
            ),
            UNEVEN,
            relation="it divides by the threshold, as the paper, and jumps; jaxloss by 1 minus it",
        ),
        Case(
            "focal-multiclass",
            'losses.FocalLoss(mode="multiclass")(logits, labels)',
            f"jl.mean({FOCAL}(logits, jnp.eye(4)[labels]))",
            CLASSES,
            relation="its multiclass mode asks every class its own question: no softmax",
        ),
        *rows_segmentation.SEGMENTATION_MODELS_CASES,
        *rows_torch_public.SEGMENTATION_MODELS_CASES,
    ),
    public='["losses." + n for n in losses.__all__ if n.endswith("Loss")]',
)

TOOLBELT = Peer(
    name="pytorch_toolbelt",
    pins=("pytorch-toolbelt==0.8.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    # Importing the package itself needs OpenCV, these losses do not.
    setup=(
        "import importlib, sys, types, torch\n"
        'found = importlib.util.find_spec("torch").submodule_search_locations[0]\n'
        'for name in ("pytorch_toolbelt", "pytorch_toolbelt.utils", "pytorch_toolbelt.losses"):\n'
        "    sys.modules[name] = types.ModuleType(name)\n"
        '    folder = found[: -len("torch")] + name.replace(".", "/")\n'
        "    sys.modules[name].__path__ = [folder]\n"
        "mark = lambda message: lambda function: function\n"
        'sys.modules["pytorch_toolbelt.utils"].pytorch_toolbelt_deprecated = mark\n'
        "tensor = lambda values, dtype: torch.as_tensor(values, dtype=dtype)\n"
        'sys.modules["pytorch_toolbelt.utils.torch_utils"] = types.SimpleNamespace('
        "to_tensor=tensor)\n"
        "losses = types.SimpleNamespace()\n"
        'for name in ("balanced_bce", "bitempered_loss", "dice", "focal", "focal_cosine", '
        '"functional", "jaccard", "logcosh", "lovasz", "quality_focal_loss", "soft_bce", '
        '"soft_ce", "soft_f1", "wing_loss"):\n'
        '    module = importlib.import_module("pytorch_toolbelt.losses." + name)\n'
        '    names = getattr(module, "__all__", ["QualityFocalLoss"])\n'
        "    vars(losses).update({n: getattr(module, n) for n in names})\n"
        "from pytorch_toolbelt.losses.bitempered_loss import bi_tempered_logistic_loss as tempered"
    ),
    public='["losses." + n for n in vars(losses) if "Loss" in n or "loss" in n or "entropy" in n]',
    cases=(
        Case(
            "focal",
            f"losses.BinaryFocalLoss({NONE})(logits, target)",
            f"{FOCAL}(logits, target)",
            ANSWERS,
        ),
        Case(
            "focal-alpha",
            f"losses.BinaryFocalLoss(alpha=0.25, gamma=3.0, {NONE})(logits, target)",
            f"{FOCAL}(logits, target, alpha=0.25, gamma=3.0)",
            ANSWERS,
        ),
        Case(
            "focal-soft",
            f"losses.BinaryFocalLoss({NONE})(logits, target)",
            MIXED,
            BETWEEN,
            relation=SOFT_TARGETS,
        ),
        Case(
            "focal-reduced",
            f"losses.BinaryFocalLoss(reduced_threshold=0.25, {NONE})(logits, target)",
            "jl.focal.reduced_focal(logits, target, threshold=0.25)",
            ANSWERS,
        ),
        Case(
            "quality-focal",
            f"losses.QualityFocalLoss({NONE})(logits, target)",
            "jl.focal.quality_focal(logits, target)",
            DEGREES,
        ),
        Case(
            "quality-focal-beta",
            f"losses.QualityFocalLoss(beta=1.0, {NONE})(logits, target)",
            "jl.focal.quality_focal(logits, target, gamma=1.0)",
            DEGREES,
            relation="the exponent beta is `gamma`",
        ),
        Case(
            "quality-focal-met",
            f"losses.QualityFocalLoss(beta=0.5, {NONE})(logits, target)",
            "jl.focal.quality_focal(logits, target, gamma=0.5)",
            {"logits": [0.0, 1.0], "target": [0.5, 0.0]},
            relation="it has a gradient of NaN where a degree is met and beta < 1; ours is 0",
            expect={"logits": [0.0, 0.776061833]},
        ),
        Case(
            "focal-cosine",
            "losses.FocalCosineLoss()(logits, labels)",
            "jl.mean(jl.focal.focal_cosine(logits, labels))",
            CLASSES,
            relation="it averages over the batch",
        ),
        Case(
            "focal-cosine-gamma",
            "losses.FocalCosineLoss(gamma=1.0, xent=0.5)(logits, labels)",
            "jl.mean(jl.focal.focal_cosine(logits, labels, gamma=1.0, weight=0.5))",
            CLASSES,
            relation="xent is `weight`; it averages over the batch",
        ),
        Case(
            "balanced-bce",
            "losses.BalancedBCEWithLogitsLoss()(logits, target)",
            "jl.imbalanced.balanced_binary_cross_entropy(logits.ravel(), target.ravel())",
            ANSWERS,
            relation="it takes all entries for one list",
        ),
        *rows_labels.TOOLBELT_CASES,
        *rows_torch_public.TOOLBELT_CASES,
    ),
    aliases=rows_torch_public.TOOLBELT_ALIASES,
    not_ours=rows_torch_public.TOOLBELT_NOT_OURS,
)

_COUNTS = {"counts": [80.0, 15.0, 5.0, 0.0]}
_SETS = {
    "logits": [[0.5, -1.0, 2.0, 0.25], [3.0, 0.0, -2.5, 1.0], [-0.5, 0.75, 0.0, -4.0]],
    "target": [[0.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]],
}
_LISTED = "timm averages over the batch and the classes, jaxloss over the classes"
_PAIR = "jnp.stack([0 * logits, logits], -1), jnp.stack([1 - target, target], -1)"

TIMM_CASES = (
    Case(
        "asymmetric",
        f"loss.AsymmetricLossMultiLabel({NONE})(logits, target)",
        "jl.focal.asymmetric(logits, target)",
        ANSWERS,
    ),
    Case(
        "asymmetric-options",
        f"loss.AsymmetricLossMultiLabel(2, gamma_pos=0, clip=0.2, {NONE})(logits, target)",
        "jl.focal.asymmetric(logits, target, negative_gamma=2.0, positive_gamma=0.0, margin=0.2)",
        ANSWERS,
        relation="clip is `margin`",
    ),
    Case(
        "asymmetric-constant-weight",
        (
            f"loss.AsymmetricLossMultiLabel(disable_torch_grad_focal_loss=True, {NONE})"
            "(logits, target)"
        ),
        "jl.focal.asymmetric(logits, target, constant_weight=True)",
        ANSWERS,
    ),
    Case(
        "asymmetric-confident",
        f"loss.AsymmetricLossMultiLabel(gamma_neg=0, gamma_pos=0, clip=0, {NONE})(logits, target)",
        "jl.focal.asymmetric(logits, target, negative_gamma=0.0, positive_gamma=0.0, margin=0.0)",
        {"logits": [-100.0, 100.0], "target": [1.0, 0.0]},
        relation="timm clamps at 1e-8, which takes the gradient of the worst errors away",
        expect={"value": [100.0, 100.0], "logits": [-1.0, 1.0]},
    ),
    Case(
        "asymmetric-single-label",
        'loss.AsymmetricLossSingleLabel(gamma_pos=2, eps=0.0, reduction="none")(logits, labels)',
        f"{SOFTMAX}(logits, labels)",
        CLASSES,
        relation="without smoothing only the label counts: the focal loss of a softmax",
    ),
    Case(
        "distribution-balanced",
        (
            "loss.DistributionBalancedLoss(counts, 100, focal_gamma=0.0, "
            f"{NONE})(logits, target).mean(-1)"
        ),
        "jl.imbalanced.distribution_balanced(logits, target, counts=counts, examples=100)",
        _SETS | _COUNTS,
        relation=_LISTED,
    ),
    Case(
        "distribution-balanced-focal",
        (
            "loss.DistributionBalancedLoss(counts, 100, map_beta=5.0, map_mu=0.5, neg_scale=3.0, "
            f"init_bias=0.1, {NONE})(logits, target).mean(-1)"
        ),
        (
            "2 * jl.imbalanced.distribution_balanced(logits, target, counts=counts, examples=100, "
            "beta=5.0, mu=0.5, negative_scale=3.0, prior_scale=0.1, gamma=2.0)"
        ),
        _SETS | _COUNTS,
        relation=f"{_LISTED}; with a focal loss timm doubles it",
    ),
    Case(
        "poly1-bits",
        f"loss.PolyBinaryCrossEntropy(epsilon=1.5, {NONE})(logits, target)",
        f"jl.classification.poly1_cross_entropy({_PAIR}, epsilon=1.5)",
        BITS,
        relation="of bits, it is that of two classes, the logit of no being 0",
    ),
    Case(
        "effective-number",
        (
            "loss.class_weights.compute_class_weights(counts, 100, "
            'method="effective_num", beta=0.75)[1]'
        ),
        (
            "(lambda weights: weights / weights.mean())"
            "(jl.imbalanced.class_balanced_weights(counts, beta=0.75))"
        ),
        _COUNTS,
        relation="timm divides by the mean, as the paper",
        wrt=(),
    ),
)

KORNIA_CASES = (
    Case(
        "binary-focal",
        "losses.binary_focal_loss_with_logits(logits, target, alpha=None)",
        f"{FOCAL}(logits, target)",
        BETWEEN,
    ),
    Case(
        "binary-focal-alpha",
        "losses.binary_focal_loss_with_logits(logits, target, alpha=0.25, gamma=0.5)",
        f"{FOCAL}(logits, target, alpha=0.25, gamma=0.5)",
        ANSWERS,
    ),
    Case(
        "binary-focal-confident",
        "losses.binary_focal_loss_with_logits(logits[None], target[None], None, gamma=0.5)[0]",
        f"{FOCAL}(logits, target, gamma=0.5)",
        CONFIDENT,
    ),
    Case(
        "focal",
        "losses.focal_loss(logits, labels, alpha=None).sum(1)",
        f"{SOFTMAX}(logits, labels)",
        CLASSES,
        relation="Kornia gives a map over the classes, 0 but at the label",
    ),
    Case(
        "focal-alpha",
        "losses.focal_loss(logits, labels, alpha=0.25, gamma=0.5).sum(1)",
        (
            f"{SOFTMAX}(logits, labels, gamma=0.5, "
            "class_weights=jnp.array([0.75, 0.25, 0.25, 0.25]))"
        ),
        CLASSES,
        relation=BACKGROUND,
    ),
    Case(
        "focal-weight",
        "losses.focal_loss(logits, labels, alpha=None, weight=class_weights).sum(1)",
        f"{SOFTMAX}(logits, labels, class_weights=class_weights)",
        CLASSES | CLASS_WEIGHTS,
    ),
)
