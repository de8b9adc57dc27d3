"""Values by hand for the oracles of boxes, images and sound."""

from math import atan2, exp, log, log10, pi, sqrt

from tests.oracles import (
    audio,
    boxes,
    edges,
    frequency,
    image,
    perceptual,
    rotated_boxes,
    spectral,
)
from tests.pins_residuals import pin

UNIT, RIGHT, TALL = [0, 0, 1, 1], [2, 0, 3, 1], [0, 0, 1, 2]
# of UNIT and TALL
RATIO = (2 / pi * (atan2(1, 2) - atan2(1, 1))) ** 2

BOXES = [
    pin(boxes.iou, [0, 0, 2, 2], [1, 0, 3, 2], expect=1 - 2 / 6, why="half in common"),
    pin(boxes.iou, [0, 0, 0, 2, 2, 2], [1, 1, 1, 3, 3, 3], expect=1 - 1 / 15, why="in space"),
    pin(boxes.iou, [[1, 1, 1, 1], [2, 2, 0, 0]], [[1, 1, 1, 1], UNIT], expect=[1, 1], why="points"),
    pin(boxes.generalized_iou, UNIT, RIGHT, expect=1 + (3 - 2) / 3, why="a gap"),
    pin(boxes.generalized_iou, UNIT, TALL, expect=1 - 1 / 2, why="nested"),
    pin(boxes.distance_iou, UNIT, RIGHT, alpha=1, expect=1 + 4 / 10, why="a gap"),
    pin(boxes.distance_iou, UNIT, TALL, alpha=3, expect=1 - 1 / 8 + (1 / 20) ** 3, why="cubed"),
    pin(
        boxes.complete_iou,
        UNIT,
        TALL,
        expect=1 / 2 + 1 / 20 + RATIO**2 / (1 / 2 + RATIO),
        why="another ratio",
    ),
    pin(boxes.complete_iou, UNIT, RIGHT, expect=1 + 4 / 10, why="the same ratio"),
    pin(boxes.efficient_iou, UNIT, TALL, gamma=0, expect=1 / 2 + 1 / 20 + 1 / 4, why="plain"),
    pin(boxes.efficient_iou, UNIT, TALL, gamma=2, expect=0.8 / 4, why="focal"),
    pin(
        boxes.scylla_iou,
        UNIT,
        TALL,
        theta=2,
        expect=1 / 2 + (1 - exp(-2 / 16) + (1 - exp(-1 / 2)) ** 2) / 2,
        why="along an axis",
    ),
    pin(
        boxes.scylla_iou,
        UNIT,
        [1, 1, 2, 2],
        theta=4,
        expect=1 + (1 - exp(-1 / 4)),
        why="along a diagonal",
    ),
    pin(
        boxes.normalized_wasserstein,
        UNIT,
        [3, 4, 4, 5],
        scale=2,
        expect=1 - exp(-5 / 2),
        why="moved",
    ),
    pin(
        boxes.normalized_wasserstein,
        UNIT,
        TALL,
        scale=1,
        expect=1 - exp(-sqrt(1 / 4 + 1 / 4)),
        why="stretched",
    ),
    pin(
        boxes.pairwise,
        boxes.iou,
        [UNIT, TALL],
        [UNIT, TALL, RIGHT],
        expect=[[0, 1 / 2, 1], [1 / 2, 0, 1]],
        why="a table",
    ),
    pin(boxes.match, [[1, 2], [2, 9], [5, 5]], expect=[1, 0], why="the cheapest is not the best"),
    pin(boxes.match, [[1, 2]], expect=[0, -1], why="too few"),
    pin(
        boxes.match,
        [[1, 2], [2, 9]],
        where=[False, True],
        expect=[-1, 0],
        why="one that is not there",
    ),
    pin(boxes.assignment, [[1, 2], [2, 9], [5, 5]], expect=4 / 2, why="the mean"),
    pin(
        boxes.assignment,
        [[[1, 2], [2, 9]], [[1, 2], [2, 9]]],
        where=[[False, True], [False, False]],
        expect=[2, 0],
        why="masked, nothing",
    ),
]

LEVEL = [0, 0, 4, 2, 0]

ROTATED_BOXES = [
    pin(
        rotated_boxes.gaussian_wasserstein,
        LEVEL,
        [3, 4, 2, 2, 0],
        tau=1,
        expect=1 - 1 / (1 + log(1 + 25 + 1)),
        why="moved, and narrower",
    ),
    pin(
        rotated_boxes.gaussian_wasserstein,
        LEVEL,
        [0, 0, 4, 2, pi / 2],
        tau=2,
        scale="root",
        expect=1 - 1 / (2 + sqrt(2)),
        why="turned by a quarter",
    ),
    pin(
        rotated_boxes.gaussian_kl,
        [0, 0, 2, 2, 0.3],
        [1, 0, 4, 2, 0],
        tau=1,
        eps=0,
        expect=1 - 1 / (1 + log(1 + (1 / 4 + 1 / 4 + 1 + log(4)) / 2 - 1)),
        why="a square, of which no angle matters",
    ),
    pin(
        rotated_boxes.gaussian_kl,
        LEVEL,
        [0, 0, 4, 2, pi / 2],
        tau=2,
        eps=0,
        scale="root",
        expect=1 - 1 / (2 + sqrt((4 + 1 / 4) / 2 - 1)),
        why="turned by a quarter",
    ),
    pin(
        rotated_boxes.kalman_iou,
        [0, 0, 2, 2, 0],
        [9, 0, 4, 4, 0.5],
        expect=1 - 3 * 3.2 / (4 + 16 - 3.2),
        why="squares",
    ),
    pin(rotated_boxes.kalman_iou, LEVEL, [0, 0, 4, 0, 0], expect=1, why="a line"),
    pin(
        rotated_boxes.probabilistic_iou,
        [0, 0, sqrt(12), sqrt(12), 0],
        [2, 0, sqrt(12), sqrt(12), 0.5],
        eps=0,
        expect=sqrt(1 - exp(-1 / 2)),
        why="moved",
    ),
    pin(
        rotated_boxes.probabilistic_iou,
        [0, 0, 3, 4, 0],
        [0, 0, 0, 0, 0],
        eps=1,
        # squares of 10 and 17 against 1
        expect=sqrt(1 - exp(-log(11 * 18 / 4 / sqrt(170)) / 2)),
        why="a point",
    ),
]

# Two rows of two pixels, one channel.
PLAIN, STEP = [[[0.5], [0.5]]] * 2, [[[0.0], [4.0]]] * 2
SQUARE = [[[0.0], [4.0]], [[3.0], [3.0]]]
HALVES = [0.5, 0.5]
EVEN = {"k1": 1, "k2": 1, "max_value": 2}

IMAGE = [
    pin(image.gaussian_window, 1, expect=[1], why="alone"),
    pin(
        image.gaussian_window,
        3,
        sigma=1,
        expect=[1 / (2 + sqrt(exp(1))), sqrt(exp(1)) / (2 + sqrt(exp(1))), 1 / (2 + sqrt(exp(1)))],
        why="three",
    ),
    # means 1/2 and 2, variances 0 and 4
    pin(
        image.ssim,
        PLAIN,
        STEP,
        **EVEN,
        window=HALVES,
        expect=1 - (2 * 0.5 * 2 + 4) / (0.25 + 4 + 4) * 4 / (4 + 4),
        why="flat against a step",
    ),
    pin(image.ssim, STEP, STEP, **EVEN, window=HALVES, expect=0, why="equal"),
    pin(
        image.multiscale_ssim,
        PLAIN,
        STEP,
        **EVEN,
        window=HALVES,
        scale_weights=[2],
        expect=1 - (6 / 8.25 / 2) ** 2,
        why="one scale",
    ),
    pin(
        image.multiscale_ssim,
        PLAIN,
        STEP,
        **EVEN,
        window=[1],
        scale_weights=[1, 0.5],
        expect=1 - sqrt(6 / 8.25),
        why="two scales, of single pixels",
    ),
    pin(image.psnr, STEP, [[[0], [0]]] * 2, max_value=4, eps=0, expect=10 * log10(0.5), why="half"),
    pin(image.psnr, STEP, STEP, max_value=1, eps=1e-3, expect=-30, why="equal"),
    pin(edges.total_variation, SQUARE, expect=(4 + 3 + 1) / 4, why="by axes"),
    pin(edges.total_variation, SQUARE, kind="isotropic", expect=(5 + 1) / 4, why="by length"),
    pin(
        edges.edge_aware_smoothness,
        SQUARE,
        [[[0, 0], [0, 4]], [[0, 0], [0, 0]]],
        alpha=0.5,
        # down 3 and 1 (by an edge of 2), across 4 (by one) and 0
        expect=(3 + exp(-1)) / 2 + 4 * exp(-1) / 2,
        why="edges",
    ),
    pin(
        edges.gradient_difference,
        SQUARE,
        STEP,
        alpha=2,
        expect=(0 + 4**2 + 3**2 + 1**2) / 4,
        why="squared",
    ),
    pin(
        edges.edge,
        [[[0], [0], [0]], [[1], [1], [1]], [[3], [3], [3]]],
        [[[0], [0], [0]]] * 3,
        epsilon=2,
        expect=sqrt(1.5**2 + 2**2),
        why="a slope",
    ),
    pin(
        edges.edge,
        [[[0], [0], [0]], [[1], [1], [1]], [[5], [5], [5]]],
        [[[0], [0], [0]]] * 3,
        epsilon=4,
        operator="laplacian",
        expect=5,
        why="a bend",
    ),
    # the spectrum of [a, b] is (a + b) / sqrt(2), (a - b) / sqrt(2)
    pin(
        frequency.fft_amplitude,
        [[[3], [1]]],
        [[[0], [2]]],
        expect=(2**2 / 2 + 0) / 2,
        why="two pixels",
    ),
    pin(
        frequency.focal_frequency,
        [[[3], [1]]],
        [[[0], [0]]],
        alpha=1,
        expect=(16 / 2 + 0.5 * 4 / 2) / 2,
        why="two pixels",
    ),
    pin(perceptual.content, STEP, PLAIN, expect=(0.25 + 3.5**2) / 2, why="squares"),
    pin(
        perceptual.style, [[[1, 0], [0, 2]]], [[[0, 0], [0, 0]]], expect=(1 + 16) / 16, why="apart"
    ),
    pin(perceptual.style, [[[1, 1]]], [[[0, 0]]], expect=4 / 4, why="together"),
    pin(
        perceptual.lpips, [[[3, 4], [0, 0]]], [[[1, 0], [0, 2]]], expect=(0.8 + 1) / 2, why="units"
    ),
    pin(
        perceptual.lpips,
        [[[3, 4]]],
        [[[1, 0]]],
        channel_weights=[1, 0],
        expect=0.4**2,
        why="weighted",
    ),
    pin(
        perceptual.dists,
        [[[0], [2]]],
        [[[4], [8]]],
        eps=1,
        # means 1 and 6, variances 1 and 4, covariance 2
        expect=(1 - (2 * 6 + 1) / (1 + 36 + 1)) / 2 + (1 - (2 * 2 + 1) / (1 + 4 + 1)) / 2,
        why="alike but for their size",
    ),
    pin(
        perceptual.dists,
        [[[0, 1], [2, 1]]],
        [[[2, 1], [0, 1]]],
        eps=1,
        texture_weights=[3, 5],
        structure_weights=[0.25, 7],
        expect=0.25 * (1 - (-2 + 1) / (1 + 1 + 1)),
        why="weighted",
    ),
    pin(
        edges.gmsd,
        [[[j / 2] for j in (0, 0, 0, 0, 0, 0, 4, 4)]] * 6,
        [[[0.0]] * 8] * 6,
        max_value=2,
        c=1,
        # one column of two has an edge, of strength 1
        expect=abs(1 - 1 / 2) / 2,
        why="half of the places",
    ),
    pin(
        edges.multiscale_gmsd,
        [[[j / 2] for j in (0, 0, 0, 4)]] * 3,
        [[[j / 2] for j in (0, 0, 0, 8)]] * 3,
        max_value=2,
        c=1,
        masking=0.5,
        scale_weights=[0.25],
        # strengths 1 and 2 in one of two columns
        expect=(1 - (1.5 * 2 + 1) / (1 + 4 - 1 + 1)) / 2 / 2,
        why="one scale",
    ),
    pin(
        edges.multiscale_gmsd,
        [[[j / 2] for j in (0, 0, 0, 0, 0, 0, 4, 4)]] * 6,
        [[[0.0]] * 8] * 6,
        max_value=2,
        c=1,
        masking=0,
        scale_weights=[0.5, 0.5],
        # two columns of six at first
        expect=sqrt(0.5 * (1 / 2) ** 2 * (2 / 6) * (4 / 6) + 0.5 / 16),
        why="two scales",
    ),
    pin(frequency.laplacian_pyramid, [[[3], [1]]], [[[0], [2]]], levels=1, expect=2, why="alone"),
    pin(
        frequency.laplacian_pyramid,
        [[[16], [0], [0]]],
        [[[0], [0], [0]]],
        levels=2,
        # halved to 11 and 1, doubled to 39 / 4, 6 and 9 / 4
        expect=(25 / 4 + 6 + 9 / 4) / 3 + 6,
        why="two levels",
    ),
    pin(
        perceptual.perceptual,
        [[[1]]],
        [[[0]]],
        features=lambda x: [x, 3 * x],
        weights=[2, 1],
        expect=2 * 1 + 9,
        why="layers",
    ),
]

AUDIO = [
    pin(audio.snr, [0.9, 0], [1, 0], eps=0, expect=-20, why="a tenth"),
    pin(audio.snr, [0, 0], [0, 0], eps=1, expect=0, why="silence"),
    pin(audio.si_sdr, [2, 1], [1, 0], eps=0, expect=-10 * log10(4), why="twice as loud"),
    pin(audio.si_sdr, [3, 0], [0, 0], eps=1, expect=10 * log10(10), why="a silent target"),
    pin(audio.sd_sdr, [2, 1], [1, 0], eps=0, expect=-10 * log10(4 / 2), why="twice as loud"),
    pin(audio.sd_sdr, [3, 0], [0, 0], eps=1, expect=10 * log10(10), why="a silent target"),
    pin(
        audio.permutation_invariant,
        [[1, 2], [2, 1]],
        [[1, 0], [0, 1]],
        expect=-10 * log10((4 + 1e-8) / (1 + 1e-8)),
        why="swapped",
    ),
]

SPECTRAL = [
    pin(spectral.hann_window, 4, expect=[0, 0.5, 1, 0.5], why="periodic"),
    pin(spectral.hann_window, 4, length=2, expect=[0, 0, 1, 0], why="padded"),
    pin(
        spectral.mel_filters,
        1,
        4,
        rate=2 * 700 * 3,
        expect=[[0, 1, 0.5, 0]],
        why="one triangle, of 0, 700 and 2100 hertz",
    ),
    pin(spectral.spectrogram, [1, 2], window=[1], expect=[[1], [2]], why="single samples"),
    pin(
        spectral.spectrogram,
        [1, 3, 4],
        window=[1, 2],
        hop=2,
        expect=[[3 + 2, 3 - 2], [3 + 8, 8 - 3]],
        why="mirrored",
    ),
    pin(
        spectral.spectral_convergence,
        [3, 0],
        [0, 4],
        window=[1],
        expect=5 / 4,
        why="single samples",
    ),
    pin(spectral.spectral_convergence, [3, 0], [0, 0], window=[1], expect=0, why="silence"),
    pin(
        spectral.log_magnitude,
        [3, 0],
        [0, 1],
        eps=1,
        window=[1],
        expect=(log(4) + log(2)) / 2,
        why="single samples",
    ),
    pin(
        spectral.stft,
        [3, 0],
        [0, 4],
        eps=1,
        window=[1],
        expect=5 / 4 + (log(4) + log(5)) / 2,
        why="both",
    ),
    pin(
        spectral.multi_resolution_stft,
        [3, 3, 0],
        [0, 0, 4],
        eps=1,
        windows=[[1], [2]],
        hops=[1, 2],
        expect=(
            sqrt(9 + 9 + 16) / 4
            + (2 * log(4) + log(5)) / 3
            + sqrt(36 + 64) / 8
            + (log(7) + log(9)) / 2
        )
        / 2,
        why="two",
    ),
    pin(
        spectral.mel,
        [3, 0],
        [0, 1],
        [[2], [0]],
        eps=1,
        window=[1],
        expect=(log(7) + log(3)) / 4,
        why="one band of two",
    ),
]
