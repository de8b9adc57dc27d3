"""What completes the public lists of libraries that stand on torch: rows, and reasons for none."""

from tests.references.case import Case
from tests.references.inputs import CLASSES, MULTILABEL, REALS, VECTORS
from tests.references.rows_images import BOXES, FIRST, IMAGES, SETS, SOUNDS
from tests.references.rows_registration import VOLUMES
from tests.references.rows_segmentation import MAPS, MASKS

NONE = 'reduction="none"'
CE = "jl.classification.softmax_cross_entropy"
BCE = "jl.classification.sigmoid_cross_entropy"
AVERAGED = "it averages"
WHOLE = "all images are one list"
WAITING = "has no counterpart yet"
SUM = "a sum of two losses, each of which has a row"
WRAPPER = "a wrapper of other losses, not a loss"
OWN_NETWORK = "of a network of its own, whose weights it downloads"
OF_SETS = "compares the distributions of features of two sets of images"
RATIO = "torchvision has the ratio, jaxloss the loss"
ALL = "logits.ravel(), target.ravel()"
ALL_MAPS = "logits.reshape(-1, 3), labels.ravel()"
BINARY = "(logits[:, None], target[:, None])"
FLAT = ".reshape(2, 12)"
HEATMAPS = {
    "pred": [[[[0.125, 0.25], [0.5, 0.125]], [[0.0625, 0.4375], [0.25, 0.25]]]],
    "target": [[[[0.25, 0.125], [0.125, 0.5]], [[0.5, 0.0625], [0.1875, 0.25]]]],
}
LOG_MAPS = "jnp.log(pred.reshape(1, 2, 4)), jnp.log(target.reshape(1, 2, 4))"
VIEWS = {
    "x": [*VECTORS["x"], [-0.5, 1.25, 0.5]],
    "y": [*VECTORS["y"], [0.25, -1.0, 1.5]],
}

TORCHVISION_CASES = (
    Case(
        "distance-iou-table",
        "ops.distance_box_iou(pred, target)",
        "1 - jl.boxes.pairwise(jl.boxes.distance_iou, pred, target)",
        SETS,
        relation=RATIO,
    ),
    Case(
        "complete-iou-table",
        "ops.complete_box_iou(pred, target)",
        "1 - jl.boxes.pairwise(jl.boxes.complete_iou, pred, target)",
        SETS,
        relation=RATIO,
    ),
)

FVCORE_CASES = (
    Case(
        "generalized-iou",
        "nn.giou_loss(pred, target, eps=0.0)",
        "jl.boxes.generalized_iou(pred, target)",
        BOXES,
        relation="fvcore adds 1e-7 to areas, unless told not to",
    ),
    Case(
        "smooth-l1",
        "nn.smooth_l1_loss(pred, target, beta=0.75)",
        "jl.regression.smooth_l1(pred, target, beta=0.75)",
        REALS,
    ),
)
FVCORE_ALIASES = {
    "nn.sigmoid_focal_loss_jit": "nn.sigmoid_focal_loss",
    "nn.sigmoid_focal_loss_star_jit": "nn.sigmoid_focal_loss_star",
}

_LABEL_MAP = {
    "logits": [
        [[[(i * 5 + j * 3 + k * 2) % 7 / 4 - 0.5 for k in range(3)] for j in range(4)]]
        for i in range(2)
    ],
    "labels": [[[0, 1, 1, 2]], [[2, 2, 0, 1]]],
}
_LABEL_VOLUME = {
    "logits": [[[[_LABEL_MAP["logits"][i][0][j] for j in range(3)]] * 2 for i in range(2)]],
    "labels": [[[[0, 1, 1]] * 2, [[2, 2, 0]] * 2]],
}

MONAI_CASES = (
    Case(
        "nacl",
        "losses.NACLLoss(3, 2)(logits.movedim(-1, 1), labels)",
        "jl.mean(jl.compound.nacl(logits, labels))",
        _LABEL_MAP,
        relation=AVERAGED,
        precision="float32",
    ),
    Case(
        "nacl-squared",
        (
            'losses.NACLLoss(3, 2, kernel_size=5, distance_type="l2", alpha=0.5)'
            "(logits.movedim(-1, 1), labels)"
        ),
        (
            'jl.mean(jl.compound.nacl(logits, labels, penalty="l2", alpha=0.5, '
            "window=jnp.full(5, 0.2)))"
        ),
        _LABEL_MAP,
        relation=AVERAGED,
        precision="float32",
    ),
    Case(
        "nacl-volume",
        "losses.NACLLoss(3, 3)(logits.movedim(-1, 1), labels)",
        "jl.mean(jl.compound.nacl(logits, labels, num_axes=3))",
        _LABEL_VOLUME,
        relation=AVERAGED,
        precision="float32",
    ),
    Case(
        "sure",
        (
            "losses.SURELoss(perturb_noise=directions[:, None, :, None], eps=1.0)"
            "(lambda x: pred[:, None, :, None] + change[:, None, :, None] * (x - noisy[:, None, :, "
            "None]) / directions[:, None, :, None], noisy[:, None, :, None], "
            "noisy[:, None, :, None])"
        ),
        (
            "(jl.mean(jl.score_matching.sure(pred, noisy, change, directions, "
            "sigma=jnp.mean((pred - noisy)**2) ** 0.5))) / 2"
        ),
        {
            "pred": [[0.5, -1.0, 2.0]],
            "noisy": [[1.0, -0.5, 1.25]],
            "change": [[0.75, -0.25, 1.5]],
            "directions": [[1.0, -1.0, 2.0]],
        },
        relation=(
            "MONAI has half of it, of the variance that the mean squared change is; images of one "
            "column: of wider ones it adds all entries of a product of matrices, not its diagonal"
        ),
        wrt=("pred", "change"),
    ),
    Case(
        "nt-xent",
        "losses.ContrastiveLoss(temperature=0.25)(x, y)",
        (
            "jl.mean(jl.contrastive.sup_con(jnp.concatenate([a / jnp.linalg.norm(a, axis=-1, "
            "keepdims=True) for a in (x, y)]), jnp.tile(jnp.arange(4), 2), temperature=0.25))"
        ),
        VIEWS,
        relation="MONAI makes vectors of unit length, and averages over both views",
        wrt=("x", "y"),
    ),
    Case(
        "masked-dice",
        (
            "losses.MaskedDiceLoss(smooth_nr=1.0, smooth_dr=1.0, "
            f"{NONE})(logits.sigmoid()[:, None], target[:, None], kept[:, None]).flatten()"
        ),
        "jl.segmentation.dice(logits, target, where=kept > 0.5)",
        MASKS | {"kept": [[1.0, 1.0, 0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 1.0, 0.0, 1.0]]},
        relation="the mask is 0 and 1; MONAI takes probabilities, which it masks to 0",
    ),
)
MONAI_NOT_OURS = {
    "losses.AUCMLoss": "auc.margin, whose a, b and alpha it holds as its own parameters",
    "losses.AsymmetricUnifiedFocalLoss": "a sum of two losses, which have a row put together",
    "losses.BarlowTwinsLoss": (
        "contrastive.barlow_twins, of correlations (n - 1) / n times as large; see lightly"
    ),
    "losses.DeepSupervisionLoss": WRAPPER,
    "losses.GeneralizedDiceFocalLoss": SUM,
    "losses.MaskedLoss": WRAPPER,
    "losses.MultiScaleLoss": WRAPPER,
    "losses.PatchAdversarialLoss": "a wrapper of three losses, which jaxloss.gan has",
    "losses.PerceptualLoss": OWN_NETWORK,
    "losses.SoftDiceclDiceLoss": SUM,
}

SEGMENTATION_MODELS_CASES = (
    Case(
        "lovasz",
        'losses.LovaszLoss("binary")(logits[:, None], target[:, None])',
        f"jl.lovasz.lovasz_hinge({ALL})",
        MASKS,
        relation=WHOLE,
        precision="float32",
    ),
    Case(
        "lovasz-multiclass",
        'losses.LovaszLoss("multiclass")(logits.movedim(-1, 1)[..., None], labels[..., None])',
        f"jl.lovasz.lovasz_softmax({ALL_MAPS})",
        MAPS,
        relation=WHOLE,
        precision="float32",
    ),
    Case(
        "soft-bce",
        f"losses.SoftBCEWithLogitsLoss(smooth_factor=0.125, {NONE})(logits, target)",
        f"{BCE}(logits, target, smoothing=0.25)",
        MULTILABEL,
        relation="smooth_factor is half of the smoothing",
    ),
    Case(
        "soft-ce",
        f"losses.SoftCrossEntropyLoss(smooth_factor=0.125, {NONE})(logits, labels)[:, 0]",
        f"{CE}(logits, labels, smoothing=0.125)",
        CLASSES,
        relation="equal; it leaves an axis of one class",
    ),
)

TOOLBELT_CASES = (
    Case(
        "dice",
        f'losses.DiceLoss("binary", smooth=1.0){BINARY}',
        f"jl.segmentation.dice({ALL})",
        MASKS,
        relation=WHOLE,
    ),
    Case(
        "jaccard",
        f'losses.JaccardLoss("binary", smooth=1.0){BINARY}',
        f"jl.segmentation.jaccard({ALL})",
        MASKS,
        relation=WHOLE,
    ),
    Case(
        "lovasz",
        f"losses.BinaryLovaszLoss(){BINARY}",
        f"jl.lovasz.lovasz_hinge({ALL})",
        MASKS,
        relation=WHOLE,
        precision="float32",
    ),
    Case(
        "lovasz-multiclass",
        ("losses.LovaszLoss()(logits.softmax(-1).movedim(-1, 1)[..., None], labels[..., None])"),
        f"jl.lovasz.lovasz_softmax({ALL_MAPS})",
        MAPS,
        relation=f"{WHOLE}; it takes probabilities",
        precision="float32",
    ),
    Case(
        "soft-bce",
        f"losses.SoftBCEWithLogitsLoss(smooth_factor=0.125, {NONE})(logits, target)",
        f"{BCE}(logits, target, smoothing=0.25)",
        MULTILABEL,
        relation="smooth_factor is half of the smoothing",
    ),
    Case(
        "soft-ce",
        f"losses.SoftCrossEntropyLoss(smooth_factor=0.125, {NONE})(logits, labels)[:, 0]",
        f"{CE}(logits, labels, smoothing=0.125)",
        CLASSES,
        relation="equal; it leaves an axis of one class",
    ),
    Case(
        "soft-f1",
        "losses.BinarySoftF1Loss(eps=1e-12)(logits, target)",
        f"jl.imbalanced.soft_f1({ALL})",
        MULTILABEL,
        relation="all entries are one list; it adds 1e-6 below, unless told otherwise",
    ),
    Case(
        "log-cosh",
        "losses.LogCoshLoss()(pred, target)",
        "jl.mean(jl.regression.log_cosh(pred, target))",
        REALS,
        relation=AVERAGED,
    ),
    Case(
        "wing",
        f"losses.WingLoss(width=4, {NONE})(pred, target)",
        "jl.regression.wing(pred, target, width=4.0, curvature=0.5)",
        REALS,
        relation="equal; width 5 and curvature 0.5 are its defaults",
    ),
)
TOOLBELT_ALIASES = {
    "losses.balanced_binary_cross_entropy_with_logits": "losses.BalancedBCEWithLogitsLoss",
    "losses.focal_loss_with_logits": "losses.BinaryFocalLoss",
    "losses.log_cosh_loss": "losses.LogCoshLoss",
    "losses.sigmoid_focal_loss": "losses.BinaryFocalLoss",
    "losses.wing_loss": "losses.WingLoss",
}
_MIXED = "mixes the sigmoids of logits with their softmax"
TOOLBELT_NOT_OURS = {
    "losses.CrossEntropyFocalLoss": _MIXED,
    "losses.FocalLoss": _MIXED,
    "losses.SoftF1Loss": "soft F1 over the batch, class by class: imbalanced.soft_f1 of columns",
    "losses.softmax_focal_loss_with_logits": _MIXED,
}

AURALOSS_CASES = (
    Case(
        "error-to-signal",
        f"time.ESRLoss({NONE})(pred, target)",
        "10 ** (jl.audio.snr(pred, target) / 10)",
        SOUNDS,
        relation="of the inverse ratio jaxloss has the decibels",
    ),
    Case(
        "log-cosh",
        f"time.LogCoshLoss({NONE})(pred, target)",
        "jnp.mean(jl.regression.log_cosh(pred, target), axis=-1)",
        SOUNDS,
        relation="auraloss averages over time; above 700 it overflows",
    ),
    Case(
        "spectral-convergence",
        (
            "freq.SpectralConvergenceLoss()(*(torch.stft(x, 4, 2, window=torch.hann_window(4, "
            "dtype=x.dtype), return_complex=True).abs() for x in (pred, target)))"
        ),
        (
            "jl.spectral.spectral_convergence(pred, target, window=jl.spectral.hann_window(4), "
            "hop=2)[0]"
        ),
        {name: values[:1] for name, values in SOUNDS.items()},
        relation="auraloss takes magnitudes, and the norms over the whole batch",
    ),
    Case(
        "log-magnitude",
        (
            "freq.STFTMagnitudeLoss()(*(torch.stft(x, 4, 2, window=torch.hann_window(4, "
            "dtype=x.dtype), return_complex=True).abs() for x in (pred, target)))"
        ),
        (
            "jl.mean(jl.spectral.log_magnitude(pred, target, window=jl.spectral.hann_window(4), "
            "hop=2, eps=0.0))"
        ),
        {name: values[:1] for name, values in SOUNDS.items()},
        relation="auraloss takes magnitudes, and averages",
    ),
)
_FILTERS = "spectral.mel, with filters of librosa"
AURALOSS_NOT_OURS = {
    "freq.ChromaSTFTLoss": _FILTERS,
    "freq.MelSTFTLoss": _FILTERS,
    "freq.RandomResolutionSTFTLoss": "draws the resolutions of multi_resolution_stft",
    "freq.SumAndDifferenceSTFTLoss": "multi_resolution_stft of sums and differences of channels",
    "time.DCLoss": "the squared error of means, relative to the power of the target",
}

KORNIA_CASES = (
    Case(
        "lovasz-hinge",
        "losses.lovasz_hinge_loss(logits[:, None, :, None], target[..., None].long())",
        "jl.mean(jl.lovasz.lovasz_hinge(logits, target))",
        MASKS,
        relation=AVERAGED,
    ),
    Case(
        "lovasz-softmax",
        "losses.lovasz_softmax_loss(logits.movedim(-1, 1)[..., None], labels[..., None])",
        'jl.mean(jl.lovasz.lovasz_softmax(logits, labels, classes="all"))',
        MAPS,
        relation=AVERAGED,
    ),
    Case(
        "kl-heatmaps",
        f"losses.kl_div_loss_2d(pred, target, {NONE})",
        f"jl.divergence.kl({LOG_MAPS})",
        HEATMAPS,
        relation="Kornia takes maps of probabilities",
    ),
    Case(
        "js-heatmaps",
        f"losses.js_div_loss_2d(pred, target, {NONE})",
        f"jl.divergence.jensen_shannon({LOG_MAPS})",
        HEATMAPS,
        relation="Kornia takes maps of probabilities",
    ),
    Case(
        "edge-aware-smoothness",
        f"losses.inverse_depth_smoothness_loss{FIRST}",
        "jl.mean(jl.edges.edge_aware_smoothness(pred, target))",
        {"pred": [[[pixel[:1] for pixel in row] for row in IMAGES["pred"][0]]]}
        | {"target": IMAGES["target"]},
        relation=AVERAGED,
        wrt=("pred", "target"),
    ),
    Case(
        "ssim-space",
        f'losses.ssim3d_loss(*{FIRST}, 3, padding="valid")',
        (
            "jl.mean(jl.image.ssim(pred, target, num_axes=3, "
            "window=jl.image.gaussian_window(3))) / 2"
        ),
        VOLUMES,
        relation="Kornia has half of it, with windows beyond the border by default",
    ),
)
KORNIA_ALIASES = {
    "losses.BinaryFocalLossWithLogits": "losses.binary_focal_loss_with_logits",
    "losses.CauchyLoss": "losses.cauchy_loss",
    "losses.CharbonnierLoss": "losses.charbonnier_loss",
    "losses.DiceLoss": "losses.dice_loss",
    "losses.FocalLoss": "losses.focal_loss",
    "losses.GemanMcclureLoss": "losses.geman_mcclure_loss",
    "losses.HausdorffERLoss3D": "losses.HausdorffERLoss",
    "losses.InverseDepthSmoothnessLoss": "losses.inverse_depth_smoothness_loss",
    "losses.LovaszHingeLoss": "losses.lovasz_hinge_loss",
    "losses.LovaszSoftmaxLoss": "losses.lovasz_softmax_loss",
    "losses.PSNRLoss": "losses.psnr_loss",
    "losses.SSIM3DLoss": "losses.ssim3d_loss",
    "losses.SSIMLoss": "losses.ssim_loss",
    "losses.TotalVariation": "losses.total_variation",
    "losses.TverskyLoss": "losses.tversky_loss",
    "losses.WelschLoss": "losses.welsch_loss",
    **{
        f"losses.{kind}LossFromRef{axes}": f"losses.{name}_loss_2d"
        for kind, name in (("MI", "mutual_information"), ("NMI", "normalized_mutual_information"))
        for axes in ("", "2D", "3D")
    },
    **{
        f"losses.{name}_loss{axes}": f"losses.{name}_loss_2d"
        for name in ("mutual_information", "normalized_mutual_information")
        for axes in ("", "_3d")
    },
}
KORNIA_NOT_OURS = {
    "losses.MS_SSIMLoss": "ssim of several windows at one resolution, mixed with absolute errors",
}

_SIZED = "data_range=1.0"
_PIXELS = {
    name: [[[[(i * 8 + j) * step % 61 / 64 + 1 / 64] for j in range(8)] for i in range(8)]]
    for name, step in (("pred", 23), ("target", 17))
}
_SERIES = {"pred": [0.5, 1.25, 0.75, 2.0, 3.5, 0.25], "target": [0.25, 1.0, 1.0, 2.5, 3.0, 0.5]}
_MASSES = {
    "pred": [[0.125, 0.25, 0.625], [0.5, 0.25, 0.25]],
    "target": [[0.25, 0.25, 0.5], [0.125, 0.75, 0.125]],
}

TORCHMETRICS_CASES = (
    Case(
        "mae",
        "regression.mean_absolute_error(pred, target)",
        "jl.mean(jl.regression.absolute_error(pred, target))",
        _SERIES,
        relation="torchmetrics averages",
    ),
    Case(
        "explained-variance",
        "regression.explained_variance(pred, target)",
        ("1 - jl.agreement.relative_squared_error(pred - pred.mean() + target.mean(), target)"),
        _SERIES,
        relation="1 minus the relative squared error, of a prediction with the true mean",
    ),
    Case(
        "kl",
        f"regression.kl_divergence(pred, target, {NONE})",
        "jl.divergence.kl(*(jnp.log(x / x.sum(-1, keepdims=True)) for x in (target, pred)))",
        _MASSES,
        relation="torchmetrics divides by sums, and has the first argument over the second",
    ),
    Case(
        "jensen-shannon",
        f"regression.jensen_shannon_divergence(pred, target, {NONE})",
        (
            "jl.divergence.jensen_shannon(*(jnp.log(x / x.sum(-1, keepdims=True)) "
            "for x in (pred, target)))"
        ),
        _MASSES,
        relation="torchmetrics divides by sums",
    ),
    Case(
        "psnr",
        f"image.peak_signal_noise_ratio(pred, target, {_SIZED})",
        "-jl.mean(jl.image.psnr(pred, target))",
        _PIXELS,
        relation="torchmetrics has the ratio, of the whole batch",
    ),
    Case(
        "ssim",
        f"image.structural_similarity_index_measure(*{FIRST}, sigma=0.75, {_SIZED})",
        (
            '1 - jl.mean(jl.image.ssim(*(jnp.pad(x, [(0, 0), (3, 3), (3, 3), (0, 0)], "reflect") '
            "for x in (pred, target)), window=jl.image.gaussian_window(7, sigma=0.75)))"
        ),
        _PIXELS,
        relation="torchmetrics has the similarity, mirrors borders, and sizes the window by sigma",
    ),
    Case(
        "uqi",
        f"image.universal_image_quality_index(*{FIRST}, kernel_size=(3, 3), sigma=(1.0, 1.0))",
        (
            "1 - jl.mean(jl.image.ssim(pred, target, k1=0.0, k2=0.0, "
            "window=jl.image.gaussian_window(3, sigma=1.0)))"
        ),
        _PIXELS,
        relation="ssim whose constants are 0",
    ),
    Case(
        "si-snr",
        "audio.scale_invariant_signal_noise_ratio(pred, target)",
        ("-jl.audio.si_sdr(*(x - x.mean(axis=-1, keepdims=True) for x in (pred, target)))"),
        SOUNDS,
        relation="si_sdr of signals without their means",
    ),
)
_SENSING = "a measure of remote sensing, which no training minimises"
TORCHMETRICS_NOT_OURS = {
    "audio.complex_scale_invariant_signal_noise_ratio": "si_sdr of real and imaginary parts",
    "audio.signal_distortion_ratio": WAITING,
    "audio.source_aggregated_signal_distortion_ratio": WAITING,
    "image.deep_image_structure_and_texture_similarity": OWN_NETWORK,
    "image.error_relative_global_dimensionless_synthesis": _SENSING,
    "image.learned_perceptual_image_patch_similarity": OWN_NETWORK,
    "image.multiscale_structural_similarity_index_measure": (
        "image.multiscale_ssim, for which piq has rows, of the mean over channels"
    ),
    "image.peak_signal_noise_ratio_with_blocked_effect": "of the blocks of JPEG",
    "image.quality_with_no_reference": _SENSING,
    "image.relative_average_spectral_error": _SENSING,
    "image.root_mean_squared_error_using_sliding_window": _SENSING,
    "image.spatial_correlation_coefficient": _SENSING,
    "image.spatial_distortion_index": _SENSING,
    "image.spectral_angle_mapper": _SENSING,
    "image.spectral_distortion_index": _SENSING,
    "image.visual_information_fidelity": WAITING,
}
