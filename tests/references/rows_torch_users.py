"""Rows of libraries that stand on torch: timm, torchmetrics, Kornia."""

from tests.references import (
    rows_densities,
    rows_images,
    rows_registration,
    rows_segmentation,
    rows_torch_public,
)
from tests.references.case import Case, Peer
from tests.references.inputs import CLASSES, LABELS, LOGITS, MULTILABEL, SIGNS, SOFT
from tests.references.rows_torch_focal import KORNIA_CASES, TIMM_CASES, TORCHVISION_SETUP

CE = "jl.classification.softmax_cross_entropy"
BCE = "jl.classification.sigmoid_cross_entropy"
BATCH_MEAN = "timm averages over the batch"
SERIES = {"pred": [0.5, 1.25, -0.75, 2.0, 3.5, 0.25], "target": [0.25, 1.0, -1.0, 2.5, 3.0, -0.5]}
POSITIVE = {"pred": [0.5, 1.25, 0.75, 2.0], "target": [0.25, 1.0, 1.5, 2.5]}
RESIDUALS = {"pred": [-3.0, -1.0, -0.25, 0.0, 0.5, 2.0], "target": [0.0] * 6}
VIEWS = {
    "logits": [
        [[0.5, -1.0, 2.0], [0.25, -0.5, 1.0], [1.0, 0.0, 1.5]],
        [[3.0, 0.0, -2.5], [1.0, 0.5, -1.0], [2.0, -0.5, 0.0]],
    ],
    "labels": [2, 1],
}
HOT = {"hot": [[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]}

TIMM = Peer(
    name="timm",
    pins=("timm==1.0.31", "torch==2.13.0"),
    alone=True,
    runs="torch",
    # Importing timm itself needs torchvision, its losses do not: stand in for the parent package.
    setup=(
        "import importlib.util, sys, types, torch\n"
        'sys.modules["timm"] = types.ModuleType("timm")\n'
        'found = importlib.util.find_spec("torch").submodule_search_locations[0]\n'
        'sys.modules["timm"].__path__ = [found[: -len("torch")] + "timm"]\n'
        "from timm import loss"
    ),
    public=(
        '["loss." + n for n in dir(loss) if n[0].isupper() and isinstance(getattr(loss, n), type)]'
    ),
    cases=(
        Case(
            "label-smoothing",
            "loss.LabelSmoothingCrossEntropy(0.25)(logits, labels)",
            f"jl.mean({CE}(logits, labels, smoothing=0.25))",
            CLASSES,
            relation=BATCH_MEAN,
        ),
        Case(
            "soft-target",
            "loss.SoftTargetCrossEntropy()(logits, target)",
            f"jl.mean({CE}(logits, target))",
            SOFT,
            relation=BATCH_MEAN,
            wrt=("logits", "target"),
        ),
        Case(
            "bce-dense",
            (
                "loss.BinaryCrossEntropy(smoothing=0.25, smooth_dense=True, "
                'reduction="none")(logits, target)'
            ),
            f"{BCE}(logits, target, smoothing=0.25)",
            MULTILABEL,
        ),
        Case(
            "bce-labels",
            'loss.BinaryCrossEntropy(smoothing=0.25, reduction="none")(logits, labels)',
            f"{BCE}(logits, jl.classification.smooth_labels(hot, smoothing=0.25))",
            CLASSES | HOT,
            relation=(
                "from labels timm smooths over the classes (eps / classes), not towards one half"
            ),
        ),
        Case(
            "bce-sum-classes",
            (
                "loss.BinaryCrossEntropy(smoothing=0.0, pos_weight=2.0, "
                "sum_classes=True)(logits, target)"
            ),
            f"jl.mean(jnp.sum({BCE}(logits, target, pos_weight=2.0), axis=-1))",
            MULTILABEL,
            relation="timm sums over classes, then averages over the batch",
        ),
        Case(
            "poly1",
            'loss.PolyCrossEntropy(epsilon=2.0, reduction="none")(logits, labels)',
            "jl.classification.poly1_cross_entropy(logits, labels)",
            CLASSES,
        ),
        Case(
            "poly1-soft",
            'loss.PolyCrossEntropy(epsilon=-0.5, reduction="none")(logits, target)',
            "jl.classification.poly1_cross_entropy(logits, target, epsilon=-0.5)",
            SOFT,
        ),
        Case(
            "poly1-smoothing",
            'loss.PolyCrossEntropy(epsilon=1.0, smoothing=0.25, reduction="none")(logits, labels)',
            (
                "jl.classification.poly1_cross_entropy(logits, "
                "jl.classification.smooth_labels(hot, smoothing=0.25), epsilon=1.0)"
            ),
            CLASSES | HOT,
            relation="in jaxloss labels are smoothed before",
        ),
        Case(
            "jsd",
            (
                "loss.JsdCrossEntropy(num_splits=3, alpha=12, "
                "smoothing=0.0)(logits.transpose(0, 1).reshape(6, 3), labels)"
            ),
            "jl.mean(jl.classification.jensen_shannon_cross_entropy(logits, labels))",
            VIEWS,
            relation=(
                "timm stacks the views along the batch; jaxloss has an axis of views before "
                "the classes"
            ),
        ),
        Case(
            "jsd-alpha",
            (
                "loss.JsdCrossEntropy(num_splits=3, alpha=2, "
                "smoothing=0.0)(logits.transpose(0, 1).reshape(6, 3), labels)"
            ),
            "jl.mean(jl.classification.jensen_shannon_cross_entropy(logits, labels, weight=2.0))",
            VIEWS,
            relation="timm's alpha is `weight`",
        ),
        Case(
            "zlpr",
            "loss.ZlprLoss()(logits, target)",
            "jl.mean(jl.multilabel.zlpr(logits, target))",
            MULTILABEL,
            relation=BATCH_MEAN,
        ),
        Case(
            "two-way",
            "loss.TwoWayLoss()(logits, target)",
            (
                "jl.mean(jl.multilabel.two_way(logits, target)) + "
                "jl.mean(jl.multilabel.two_way(logits.T, target.T), where=target.any(axis=0))"
            ),
            MULTILABEL,
            relation="timm adds both directions, each the mean over rows (columns) with a positive",
        ),
        Case(
            "two-way-temperatures",
            "loss.TwoWayLoss(tp=2.0, tn=0.5)(logits[:, :2], target[:, :2])",
            (
                "sum(jl.mean(jl.multilabel.two_way(z, t, positive_temperature=2.0, "
                "negative_temperature=0.5)) for z, t in [(logits[:, :2], target[:, :2]), "
                "(logits[:, :2].T, target[:, :2].T)])"
            ),
            MULTILABEL,
            relation="timm adds both directions; jaxloss has one, called twice",
        ),
        *TIMM_CASES,
    ),
)

TORCHMETRICS = Peer(
    name="torchmetrics",
    pins=("torchmetrics==1.9.0", "torch==2.13.0"),
    runs="torch",
    setup=TORCHVISION_SETUP
    + (
        "import torchmetrics.functional as M\n"
        "from torchmetrics import audio as a, image as i, regression as r\n"
        "from torchmetrics.functional import audio, image, regression\n"
        "every = {k.lower(): v for m in (a, i, r) for k, v in vars(m).items()}\n"
        "def smooth(name):\n"
        '    metric = every.get(name.replace("_", ""))\n'
        '    return getattr(metric, "is_differentiable", False)\n'
    ),
    # Of its metrics those that it says can be differentiated.
    public=(
        '[f"{name}.{n}" for name, module in (("audio", audio), ("image", image), '
        '("regression", regression)) for n in module.__all__ if smooth(n)]'
    ),
    cases=(
        Case(
            "log-cosh",
            "regression.log_cosh_error(pred, target)",
            "jl.mean(jl.regression.log_cosh(pred, target))",
            SERIES,
            relation="torchmetrics averages",
        ),
        Case(
            "smape",
            "regression.symmetric_mean_absolute_percentage_error(pred, target)",
            "jl.mean(jl.regression.symmetric_absolute_percentage_error(pred, target))",
            SERIES,
            relation="torchmetrics averages",
        ),
        Case(
            "mape",
            "regression.mean_absolute_percentage_error(pred, target)",
            "jl.mean(jl.regression.absolute_percentage_error(pred, target))",
            SERIES,
            relation="torchmetrics averages; its eps is 1.17e-6",
        ),
        Case(
            "msle",
            "regression.mean_squared_log_error(pred, target)",
            "jl.mean(jl.regression.squared_log_error(pred, target))",
            POSITIVE,
            relation="torchmetrics averages",
        ),
        Case(
            "rmse",
            "regression.mean_squared_error(pred, target, squared=False)",
            "jl.agreement.root_mean_squared_error(pred, target)",
            SERIES,
        ),
        Case(
            "rmse-perfect-fit",
            "regression.mean_squared_error(pred, target, squared=False)",
            "jl.agreement.root_mean_squared_error(pred, target)",
            {"pred": [1.0, 2.0], "target": [1.0, 2.0]},
            relation="torchmetrics has a gradient of NaN at a perfect fit; ours is 0",
            expect={"pred": [0.0, 0.0]},
        ),
        Case(
            "nrmse-range",
            'regression.normalized_root_mean_squared_error(pred, target, normalization="range")',
            'jl.agreement.normalized_root_mean_squared_error(pred, target, normalizer="range")',
            SERIES,
        ),
        Case(
            "nrmse-std",
            'regression.normalized_root_mean_squared_error(pred, target, normalization="std")',
            'jl.agreement.normalized_root_mean_squared_error(pred, target, normalizer="std")',
            SERIES,
        ),
        Case(
            "nrmse-mean",
            'regression.normalized_root_mean_squared_error(pred, target, normalization="mean")',
            'jl.agreement.normalized_root_mean_squared_error(pred, target, normalizer="mean")',
            SERIES,
        ),
        Case(
            "nrmse-l2",
            'regression.normalized_root_mean_squared_error(pred, target, normalization="l2")',
            (
                "jl.agreement.normalized_root_mean_squared_error(pred, target, "
                'normalizer="l2") / 6**0.5'
            ),
            SERIES,
            relation=(
                "torchmetrics divides by the norm of the target, jaxloss by its root mean square"
            ),
        ),
        Case(
            "rse",
            "regression.relative_squared_error(pred, target)",
            "jl.agreement.relative_squared_error(pred, target)",
            SERIES,
        ),
        Case(
            "rse-root",
            "regression.relative_squared_error(pred, target, squared=False)",
            "jl.agreement.relative_squared_error(pred, target) ** 0.5",
            SERIES,
            relation="squared=False is the square root",
        ),
        Case(
            "r2",
            "regression.r2_score(pred, target)",
            "1 - jl.agreement.relative_squared_error(pred, target)",
            SERIES,
            relation="R2 is 1 minus the relative squared error",
        ),
        Case(
            "wmape",
            "regression.weighted_mean_absolute_percentage_error(pred, target)",
            "jl.agreement.weighted_absolute_percentage_error(pred, target)",
            SERIES,
        ),
        Case(
            "minkowski",
            "regression.minkowski_distance(pred, target, p=3.0)",
            "jl.agreement.minkowski_error(pred, target, order=3.0)",
            SERIES,
        ),
        Case(
            "pearson",
            "regression.pearson_corrcoef(pred, target)",
            "1 - jl.agreement.pearson_distance(pred, target)",
            SERIES,
            relation="jaxloss has the distance, 1 minus the correlation",
        ),
        Case(
            "pearson-constant",
            "regression.pearson_corrcoef(pred, target)",
            "1 - jl.agreement.pearson_distance(pred, target)",
            {"pred": [2.0, 2.0, 2.0], "target": [1.0, 2.0, 4.0]},
            relation="torchmetrics is NaN for a constant; its correlation is 0 here",
            wrt=(),
            expect={"value": 0.0},
        ),
        Case(
            "concordance",
            "regression.concordance_corrcoef(pred, target)",
            (
                "1 - jl.agreement.concordance_distance((pred - (1 - (5 / 6) ** 0.5) * "
                "(pred.mean() - target.mean()))[None], target[None])"
            ),
            SERIES,
            relation="torchmetrics has unbiased moments, which is a smaller difference of means",
        ),
        Case(
            "cosine",
            'regression.cosine_similarity(pred[None], target[None], reduction="none")',
            "jl.agreement.cosine_similarity(pred[None], target[None])",
            SERIES,
        ),
        Case(
            "hinge",
            'M.hinge_loss(logits, target.long().clamp(min=0), task="binary")',
            "jl.mean(jl.margin.hinge(1 / (1 + jnp.exp(-logits)), target))",
            SIGNS,
            relation="torchmetrics takes bits, and passes scores beyond [0, 1] through a sigmoid",
        ),
        Case(
            "crammer-singer",
            'M.hinge_loss(pred, labels, task="multiclass", num_classes=4)',
            "jl.mean(jl.margin.crammer_singer(pred, labels))",
            {"pred": [[0.25, 0.125, 0.5, 0.125], [0.0625, 0.75, 0.125, 0.0625]], "labels": [2, 0]},
            relation="torchmetrics averages",
        ),
        Case(
            "crammer-singer-logits",
            'M.hinge_loss(logits, labels, task="multiclass", num_classes=4)',
            (
                "jl.mean(jl.margin.crammer_singer(jnp.exp(logits) / jnp.exp(logits).sum(-1, "
                "keepdims=True), labels))"
            ),
            {"logits": LOGITS, "labels": LABELS},
            relation="torchmetrics passes scores outside [0, 1] through a softmax",
        ),
        *rows_images.TORCHMETRICS_CASES,
        *rows_densities.TORCHMETRICS_CASES,
        *rows_torch_public.TORCHMETRICS_CASES,
    ),
    not_ours=rows_torch_public.TORCHMETRICS_NOT_OURS,
)

KORNIA = Peer(
    name="kornia",
    pins=("kornia==0.9.0", "torch==2.13.0"),
    runs="torch",
    setup="import torch; from kornia import losses",
    cases=(
        Case(
            "charbonnier",
            "losses.charbonnier_loss(pred, target)",
            "jl.regression.pseudo_huber(pred, target)",
            RESIDUALS,
            relation="what Kornia calls Charbonnier is pseudo-Huber with delta = 1",
            wrt=("pred", "target"),
        ),
        Case(
            "cauchy",
            "losses.cauchy_loss(pred, target)",
            "jl.robust.cauchy(pred, target)",
            RESIDUALS,
            wrt=("pred", "target"),
        ),
        Case(
            "welsch",
            "losses.welsch_loss(pred, target)",
            "jl.robust.welsch(pred, target)",
            RESIDUALS,
            wrt=("pred", "target"),
        ),
        Case(
            "geman-mcclure",
            "losses.geman_mcclure_loss(pred, target)",
            "jl.robust.geman_mcclure(pred, target)",
            RESIDUALS,
            wrt=("pred", "target"),
        ),
        Case(
            "cauchy-general",
            "losses.cauchy_loss(pred, target)",
            "jl.robust.general_robust(pred, target, alpha=0.0)",
            RESIDUALS,
            relation="Barron's alpha = 0",
        ),
        Case(
            "welsch-general",
            "losses.welsch_loss(pred, target)",
            "jl.robust.general_robust(pred, target, alpha=-jnp.inf)",
            RESIDUALS,
            relation="Barron's alpha = -inf",
        ),
        Case(
            "geman-mcclure-general",
            "losses.geman_mcclure_loss(pred, target)",
            "jl.robust.general_robust(pred, target, alpha=-2.0)",
            RESIDUALS,
            relation="Barron's alpha = -2",
        ),
        Case(
            "charbonnier-general",
            "losses.charbonnier_loss(pred, target)",
            "jl.robust.general_robust(pred, target, alpha=1.0)",
            RESIDUALS,
            relation="Barron's alpha = 1",
        ),
        *KORNIA_CASES,
        *rows_segmentation.KORNIA_CASES,
        *rows_images.KORNIA_CASES,
        *rows_registration.KORNIA_CASES,
        *rows_torch_public.KORNIA_CASES,
    ),
    public='["losses." + n for n in losses.__all__ if n not in ("MIKernel", "one_hot")]',
    aliases=rows_torch_public.KORNIA_ALIASES,
    not_ours=rows_torch_public.KORNIA_NOT_OURS,
)

AURALOSS = Peer(
    name="auraloss",
    pins=("auraloss==0.4.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    setup="import torch; from auraloss import freq, time",
    public=(
        '[f"{m}.{n}" for m, module in (("freq", freq), ("time", time)) for n in dir(module) '
        'if n.endswith("Loss")]'
    ),
    cases=rows_images.AURALOSS_CASES + rows_torch_public.AURALOSS_CASES,
    not_ours=rows_torch_public.AURALOSS_NOT_OURS,
)

PIQ = Peer(
    name="piq",
    pins=("piq==0.8.0", "torchvision==0.28.0", "torch==2.13.0"),
    alone=True,
    runs="torch",
    setup=TORCHVISION_SETUP + "import piq, types",
    public='["piq." + n for n in dir(piq) if n[0] != "_" and callable(getattr(piq, n))]',
    cases=rows_images.PIQ_CASES,
    aliases=rows_images.PIQ_ALIASES,
    not_ours=rows_images.PIQ_NOT_OURS,
)
