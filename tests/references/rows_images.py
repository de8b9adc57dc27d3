"""Rows of losses of boxes, images and sound."""

from tests.references.case import Case

B, IM, AU, SP = "jl.boxes", "jl.image", "jl.audio", "jl.spectral"
NONE = 'reduction="none"'
BATCH_MEAN = "it averages over the batch"
BOXES = {
    "pred": [[0.0, 0.0, 2.0, 1.0], [-1.0, 0.5, 1.0, 3.0], [0.0, 0.0, 4.0, 4.0]],
    "target": [[1.0, 0.25, 2.5, 2.0], [2.0, 1.0, 3.5, 1.5], [1.0, 1.5, 2.0, 3.5]],
}
POINTS = {"pred": [[0.0, 0.0, 2.0, 0.0]], "target": [[0.0, 0.0, 2.0, 1.0]]}
VOLUMES = {
    "pred": [[0.0, 0.0, 0.0, 2.0, 1.0, 3.0], [-1.0, 0.5, 0.0, 1.0, 3.0, 1.0]],
    "target": [[1.0, 0.25, -1.0, 2.5, 2.0, 2.0], [2.0, 1.0, 0.0, 3.5, 1.5, 2.0]],
}
SETS = {
    "pred": BOXES["pred"],
    "target": [[1.125, 0.25, 2.5, 2.0], [2.0, 1.0, 3.5, 1.5]],
}


def _image(step: int, size: int, channels: int = 2) -> list[list[list[list[float]]]]:
    return [
        [
            [
                [(((i * size + j) * channels + c) * step % 61) / 64 for c in range(channels)]
                for j in range(size)
            ]
            for i in range(size)
        ]
    ]


IMAGES = {"pred": _image(23, 5), "target": _image(17, 5)}
GRAY = {"pred": _image(23, 5, 1), "target": _image(17, 5, 1)}
EQUAL = {"pred": GRAY["pred"], "target": GRAY["pred"]}
FLAT = {
    "pred": [[[[0.5], [0.5]], [[0.5], [0.5]]]],
    "target": [[[[0.25], [0.25]], [[0.25], [0.25]]]],
}
FIRST = "(pred.movedim(-1, 1), target.movedim(-1, 1))"
SOUNDS = {
    "pred": [
        [0.53, 1.07, -0.26, -1.01, 2.11, 0.75, 1.13, 3.02],
        [1.21, 2.05, 3.17, -4.03, 1.14, 0.52, 0.08, 1.33],
    ],
    "target": [
        [0.25, 1.52, -0.57, -0.71, 1.06, 0.58, 1.29, 2.17],
        [2.03, 1.19, 2.31, -3.15, 1.57, 0.22, 0.55, 2.09],
    ],
}
SOUND = {name: values[:1] for name, values in SOUNDS.items()}
SILENT = {"pred": SOUND["pred"], "target": [[0.0] * 8]}
SWAPPED = {"pred": [SOUNDS["pred"][::-1]], "target": [SOUNDS["target"]]}
WINDOW = "window=jl.spectral.hann_window(4), hop=2"
BOTH = ("pred", "target")

TORCHVISION_CASES = (
    Case(
        "generalized-iou",
        "ops.generalized_box_iou_loss(pred, target)",
        f"{B}.generalized_iou(pred, target)",
        BOXES,
        wrt=BOTH,
    ),
    Case(
        "distance-iou",
        "ops.distance_box_iou_loss(pred, target)",
        f"{B}.distance_iou(pred, target)",
        BOXES,
        wrt=BOTH,
    ),
    Case(
        "complete-iou",
        "ops.complete_box_iou_loss(pred, target)",
        f"{B}.complete_iou(pred, target)",
        BOXES,
        wrt=BOTH,
    ),
    Case(
        "complete-iou-line",
        "ops.complete_box_iou_loss(pred, target)",
        f"{B}.complete_iou(pred, target)",
        POINTS,
        relation="equal also for a box without height, whose angle is that of its limit",
        wrt=(),
    ),
    Case(
        "iou-table",
        "ops.box_iou(pred, target)",
        f"1 - {B}.pairwise({B}.iou, pred, target)",
        SETS,
        relation="torchvision has the ratio, jaxloss the loss",
    ),
    Case(
        "generalized-iou-table",
        "ops.generalized_box_iou(pred, target)",
        f"1 - {B}.pairwise({B}.generalized_iou, pred, target)",
        SETS,
        relation="torchvision has the ratio, jaxloss the loss",
    ),
)

MONAI_CASES = (
    Case(
        "generalized-iou",
        f"losses.BoxGIoULoss({NONE})(pred, target)",
        f"{B}.generalized_iou(pred, target)",
        BOXES,
    ),
    Case(
        "generalized-iou-space",
        f"losses.BoxGIoULoss({NONE})(pred, target)",
        f"{B}.generalized_iou(pred, target)",
        VOLUMES,
    ),
    Case(
        "ssim",
        f"losses.SSIMLoss(2, win_size=3){FIRST}",
        f"jl.mean({IM}.ssim(pred, target, window={IM}.gaussian_window(3)))",
        IMAGES,
        relation=BATCH_MEAN,
        wrt=BOTH,
    ),
    Case(
        "ssim-range",
        f"losses.SSIMLoss(2, data_range=2.0, win_size=3, k1=0.02, k2=0.1){FIRST}",
        (
            f"jl.mean({IM}.ssim(pred, target, max_value=2.0, k1=0.02, k2=0.1, "
            f"window={IM}.gaussian_window(3)))"
        ),
        IMAGES,
        relation=BATCH_MEAN,
    ),
    Case(
        "jukebox",
        f"losses.JukeboxLoss(2){FIRST}",
        "jl.mean(jl.frequency.fft_amplitude(pred, target))",
        GRAY,
        relation="MONAI transforms along the channels too, and averages over the batch",
    ),
    Case(
        "jukebox-zero",
        f"losses.JukeboxLoss(2){FIRST}",
        "jl.mean(jl.frequency.fft_amplitude(pred, target))",
        FLAT | {"pred": [[[[0.0], [0.0]], [[0.0], [0.0]]]]},
        relation="MONAI has a gradient of NaN in a frequency that is not there; it is 0",
        expect={"pred": [[[[0.0], [0.0]], [[0.0], [0.0]]]]},
    ),
)

KORNIA_CASES = (
    Case(
        "total-variation",
        "losses.total_variation(pred.movedim(-1, 1)).sum(1)",
        "jl.edges.total_variation(pred) * 50",
        {"pred": IMAGES["pred"]},
        relation="Kornia sums over the pixels of each channel",
    ),
    Case(
        "psnr",
        "losses.psnr_loss(pred, target, 2.0)",
        f"jl.mean({IM}.psnr(pred, target, max_value=2.0))",
        GRAY,
        relation="Kornia takes the whole batch for one image",
    ),
    Case(
        "psnr-equal",
        "losses.psnr_loss(pred, target, 1.0)",
        f"jl.mean({IM}.psnr(pred, target))",
        EQUAL,
        relation="Kornia is -inf, with a gradient of NaN, for equal images; the floor is -80 dB",
        expect={"value": -80.0, "pred": [[[[0.0]] * 5] * 5]},
    ),
    Case(
        "ssim",
        'losses.ssim_loss(pred.movedim(-1, 1), target.movedim(-1, 1), 3, padding="valid")',
        f"jl.mean({IM}.ssim(pred, target, window={IM}.gaussian_window(3))) / 2",
        IMAGES,
        relation="Kornia has half of it, with windows beyond the border by default",
    ),
)

TORCHMETRICS_CASES = (
    Case(
        "total-variation",
        "image.total_variation(pred.movedim(-1, 1))",
        "jl.mean(jl.edges.total_variation(pred) * 50)",
        {"pred": IMAGES["pred"]},
        relation="torchmetrics sums over pixels and channels",
    ),
    Case(
        "si-sdr",
        "audio.scale_invariant_signal_distortion_ratio(pred, target)",
        f"-{AU}.si_sdr(pred, target)",
        SOUNDS,
        relation="torchmetrics has the ratio, jaxloss the loss",
        wrt=BOTH,
    ),
    Case(
        "snr",
        "audio.signal_noise_ratio(pred, target)",
        f"-{AU}.snr(pred, target)",
        SOUNDS,
        relation="torchmetrics has the ratio, jaxloss the loss",
        wrt=BOTH,
    ),
    Case(
        "pit",
        (
            "audio.permutation_invariant_training(pred, target, "
            "audio.scale_invariant_signal_distortion_ratio)[0]"
        ),
        f"-{AU}.permutation_invariant(pred, target)",
        SWAPPED,
        relation="torchmetrics has the ratio, jaxloss the loss",
    ),
)

AURALOSS_CASES = (
    Case(
        "si-sdr",
        f"time.SISDRLoss(zero_mean=False, {NONE})(pred, target)",
        f"{AU}.si_sdr(pred, target)",
        SOUNDS,
    ),
    Case(
        "si-sdr-mean",
        f"time.SISDRLoss({NONE})(pred, target)",
        (
            f"{AU}.si_sdr(pred - pred.mean(-1, keepdims=True), "
            "target - target.mean(-1, keepdims=True))"
        ),
        SOUNDS,
        relation="auraloss subtracts the means by default",
    ),
    Case(
        "snr",
        f"time.SNRLoss(zero_mean=False, {NONE})(pred, target)",
        f"{AU}.snr(pred, target)",
        SOUNDS,
    ),
    Case(
        "sd-sdr",
        f"time.SDSDRLoss(zero_mean=False, {NONE})(pred, target)",
        f"{AU}.sd_sdr(pred, target)",
        SOUNDS,
        wrt=BOTH,
    ),
    Case(
        "stft",
        "freq.STFTLoss(4, 2, 4, eps=1e-16)(pred[None].float(), target[None].float())",
        f"jl.mean({SP}.stft(pred, target, {WINDOW}))",
        SOUND,
        relation="auraloss takes the norms over the whole batch",
    ),
    Case(
        "multi-resolution-stft",
        (
            "freq.MultiResolutionSTFTLoss([4, 8], [2, 2], [4, 6], eps=1e-16)"
            "(pred[None].float(), target[None].float())"
        ),
        (
            f"jl.mean({SP}.multi_resolution_stft(pred, target, hops=[2, 2], "
            f"windows=[{SP}.hann_window(4), {SP}.hann_window(8, length=6)]))"
        ),
        SOUND,
        relation="auraloss takes the norms over the whole batch",
    ),
)

_SQUARES = {
    name: [[[[(i * 8 + j) * step % 61 / 64] for j in range(8)] for i in range(8)]]
    for name, step in (("pred", 23), ("target", 24))
}
_RINGS = {
    width: f"*(jnp.pad(x, [(0, 0), ({width}, {width}), ({width}, {width}), (0, 0)]) "
    "for x in (pred, target)), c=170 / 255**2"
    for width in (1, 2)
}

PIQ_CASES = (
    Case(
        "ssim",
        f"piq.ssim(*{FIRST}, kernel_size=3, kernel_sigma=0.75, downsample=False, {NONE})",
        f"1 - {IM}.ssim(pred, target, window={IM}.gaussian_window(3, sigma=0.75))",
        IMAGES,
        relation="piq has the similarity, jaxloss the loss",
    ),
    Case(
        "gmsd",
        f"piq.gmsd(*{FIRST}, {NONE})",
        f"jl.edges.gmsd({_RINGS[2]})",
        _SQUARES,
        relation="piq has zeros beyond the border of the halved image",
    ),
    Case(
        "ms-gmsd",
        (
            f"piq.multi_scale_gmsd(*{FIRST}, scale_weights=torch.tensor([0.375, 0.625], "
            f"dtype=pred.dtype), {NONE})"
        ),
        (
            f"(0.375 * jl.edges.multiscale_gmsd({_RINGS[1]}, scale_weights=[1.0])**2 + 0.625 * "
            f"jl.edges.multiscale_gmsd({_RINGS[2]}, scale_weights=[0.0, 1.0])**2) ** 0.5"
        ),
        _SQUARES,
        relation="piq has zeros beyond the border at each scale, here one by one",
    ),
    Case(
        "dists",
        (
            "1 - sum(x.mean() for x in piq.DISTS.compute_distance(None, [pred.movedim(-1, 1)], "
            "[target.movedim(-1, 1)])) / 2"
        ),
        "jl.perceptual.dists(pred, target)[0]",
        IMAGES,
        relation="of one layer; piq calls structure what the paper calls texture",
        wrt=BOTH,
    ),
    Case(
        "style",
        (
            "sum(x.sum() for x in piq.StyleLoss.compute_distance(types.SimpleNamespace("
            "gram_matrix=piq.StyleLoss.gram_matrix, distance=torch.nn.MSELoss("
            'reduction="none")), [pred.movedim(-1, 1)], [target.movedim(-1, 1)])) / 50**2'
        ),
        "jl.perceptual.style(pred, target)[0]",
        IMAGES,
        relation="of one layer; piq does not divide by its size",
    ),
    Case(
        "ms-ssim",
        (
            f"piq.multi_scale_ssim(*{FIRST}, kernel_size=3, kernel_sigma=0.75, "
            'scale_weights=torch.tensor([0.4, 0.6]), k1=0.02, k2=0.1, reduction="none")'
        ),
        (
            f"1 - {IM}.multiscale_ssim(pred, target, window={IM}.gaussian_window(3, sigma=0.75), "
            "scale_weights=jnp.array([0.4, 0.6]), k1=0.02, k2=0.1)"
        ),
        {"pred": _image(23, 8), "target": _image(24, 8)},
        relation="piq has the similarity, jaxloss the loss",
    ),
    Case(
        "psnr",
        f'piq.psnr(*{FIRST}, reduction="none")',
        f"-{IM}.psnr(pred, target)",
        IMAGES,
        relation="piq has the ratio, jaxloss the loss",
    ),
    Case(
        "total-variation",
        'piq.total_variation(pred.movedim(-1, 1), norm_type="l1")',
        "jl.mean(jl.edges.total_variation(pred) * 50)",
        {"pred": IMAGES["pred"]},
        relation="piq sums over pixels and channels",
    ),
)

_WAITING = "has no counterpart yet"
_NETWORK = "of a network of its own, whose weights it downloads"
_SETS = "compares the distributions of features of two sets of images"
_ALONE = "rates an image without another"
PIQ_ALIASES = {
    "piq.GMSDLoss": "piq.gmsd",
    "piq.MultiScaleGMSDLoss": "piq.multi_scale_gmsd",
    "piq.MultiScaleSSIMLoss": "piq.multi_scale_ssim",
    "piq.SSIMLoss": "piq.ssim",
    "piq.TVLoss": "piq.total_variation",
}
PIQ_NOT_OURS = {
    "piq.BRISQUELoss": _ALONE,
    "piq.CLIPIQA": _ALONE,
    "piq.ContentLoss": _NETWORK,
    "piq.DSSLoss": _WAITING,
    "piq.FID": _SETS,
    "piq.FSIMLoss": _WAITING,
    "piq.GS": _SETS,
    "piq.HaarPSILoss": _WAITING,
    "piq.IS": _SETS,
    "piq.InformationWeightedSSIMLoss": _WAITING,
    "piq.KID": _SETS,
    "piq.LPIPS": _NETWORK,
    "piq.MDSILoss": _WAITING,
    "piq.MSID": _SETS,
    "piq.PR": _SETS,
    "piq.PieAPP": _NETWORK,
    "piq.SRSIMLoss": _WAITING,
    "piq.VIFLoss": _WAITING,
    "piq.VSILoss": _WAITING,
    "piq.brisque": _ALONE,
    "piq.dss": _WAITING,
    "piq.fsim": _WAITING,
    "piq.haarpsi": _WAITING,
    "piq.inception_score": _SETS,
    "piq.information_weighted_ssim": _WAITING,
    "piq.mdsi": _WAITING,
    "piq.srsim": _WAITING,
    "piq.vif_p": _WAITING,
    "piq.vsi": _WAITING,
}
