"""Rows of losses of registration: MONAI and Kornia."""

from tests.references.case import Case
from tests.references.rows_images import BATCH_MEAN, BOTH, FIRST, FLAT, GRAY, IMAGES

R, D = "jl.registration", "jl.displacement"
INFORMATION = "losses.GlobalMutualInformationLoss"
EXACT = "smooth_nr=1e-20, smooth_dr=1e-20"
PADDED = "(jnp.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]) for x in (pred, target))"
SCALED = "((x - x.min()) / (x.max() - x.min()) for x in (pred, target))"
VOLUMES = {
    name: [
        [
            [[[(i * 9 + j * 3 + k) * step % 23 / 32] for k in range(3)] for j in range(3)]
            for i in range(4)
        ]
    ]
    for name, step in (("pred", 7), ("target", 5))
}
FIELD = {
    "pred": [
        [
            [[(i * i * 3 + j * 5) % 7 / 4, (i * j * 2 + j * j) % 5 / 2] for j in range(4)]
            for i in range(5)
        ]
    ]
}
FIELDS = {
    "pred": [
        [
            [
                [[(i * i + j * k) % 5 / 2, (i * j + k) % 3, (j * j + 2 * k) % 4] for k in range(3)]
                for j in range(4)
            ]
            for i in range(3)
        ]
    ]
}
MOVED = "(pred.movedim(-1, 1))"

MONAI_CASES = (
    Case(
        "local-correlation",
        f"losses.LocalNormalizedCrossCorrelationLoss(2, smooth_dr=0.0){FIRST}",
        (
            f"jl.mean({R}.local_cross_correlation(*{PADDED}, eps=0.0, "
            "window=jnp.full(3, 1 / 3))) - 1"
        ),
        IMAGES,
        relation="MONAI has the negative correlation, with windows beyond the border, zero there",
        wrt=BOTH,
    ),
    Case(
        "local-correlation-space",
        (
            'losses.LocalNormalizedCrossCorrelationLoss(3, kernel_type="gaussian", '
            f'smooth_dr=0.0, reduction="none"){FIRST}[:, 0, 1:-1, 1:-1, 1:-1].mean()'
        ),
        (
            f"jl.mean({R}.local_cross_correlation(pred, target, eps=0.0, num_axes=3, "
            "window=jl.image.gaussian_window(3, sigma=1.0))) - 1"
        ),
        VOLUMES,
        relation="MONAI has the negative correlation; the same where windows are in the image",
    ),
    Case(
        "local-correlation-flat",
        f"losses.LocalNormalizedCrossCorrelationLoss(2){FIRST}",
        (
            f"jl.mean({R}.local_cross_correlation(*{PADDED}, eps=1e-5 / 9, "
            "window=jnp.full(3, 1 / 3))) - 1"
        ),
        FLAT | {"pred": [[[[0.0], [0.0]], [[0.0], [0.0]]]]},
        relation="a flat image correlates with nothing in both",
    ),
    Case(
        "mutual-information",
        f"{INFORMATION}(num_bins=5, sigma_ratio=0.75, {EXACT}){FIRST}",
        f"jl.mean({R}.mutual_information(pred, target, num_bins=5, sigma=0.75))",
        IMAGES,
        relation=BATCH_MEAN,
        wrt=BOTH,
    ),
    Case(
        "mutual-information-space",
        f"{INFORMATION}(num_bins=4, {EXACT}){FIRST}",
        f"jl.mean({R}.mutual_information(pred, target, num_bins=4, num_axes=3))",
        VOLUMES,
        relation=BATCH_MEAN,
    ),
    Case(
        "mutual-information-spline",
        f'{INFORMATION}("b-spline", num_bins=7, {EXACT}){FIRST}',
        (
            f"jl.mean({R}.mutual_information(*(1.5 * x for x in {SCALED}), num_bins=3, "
            'kernel="b_spline"))'
        ),
        GRAY,
        relation=(
            "MONAI scales by the range of the batch, counts four bins beyond it, and takes the "
            "last bin's width for its end"
        ),
    ),
    Case(
        "bending",
        f"losses.BendingEnergyLoss(){MOVED}",
        f"jl.mean({D}.bending_energy(pred))",
        FIELD,
        relation=BATCH_MEAN,
    ),
    Case(
        "bending-normalized",
        f"losses.BendingEnergyLoss(normalize=True){MOVED}",
        (
            f"jl.mean({D}.bending_energy(pred / jnp.array([5.0, 4.0]), "
            "spacing=1 / jnp.array([5.0, 4.0])))"
        ),
        FIELD,
        relation="MONAI's normalisation is a spacing of 1 / size",
    ),
    Case(
        "bending-space",
        f"losses.BendingEnergyLoss(){MOVED}",
        f"jl.mean({D}.bending_energy(pred, num_axes=3))",
        FIELDS,
        relation=BATCH_MEAN,
    ),
    Case(
        "diffusion",
        f"losses.DiffusionLoss(){MOVED}",
        f'jl.mean({D}.diffusion(pred, stencil="wide"))',
        FIELD,
        relation="MONAI's differences are of two pixels apart, and do not see what alternates",
    ),
    Case(
        "diffusion-normalized",
        f"losses.DiffusionLoss(normalize=True){MOVED}",
        (
            f"jl.mean({D}.diffusion(pred / jnp.array([5.0, 4.0]), "
            'spacing=1 / jnp.array([5.0, 4.0]), stencil="wide"))'
        ),
        FIELD,
        relation="MONAI's normalisation is a spacing of 1 / size",
    ),
    Case(
        "diffusion-space",
        f"losses.DiffusionLoss(){MOVED}",
        f'jl.mean({D}.diffusion(pred, stencil="wide", num_axes=3))',
        FIELDS,
        relation=BATCH_MEAN,
    ),
)

KORNIA_CASES = (
    Case(
        "mutual-information",
        "losses.mutual_information_loss_2d(pred[..., 0], target[..., 0], num_bins=4)[0]",
        f'{R}.mutual_information(*{SCALED}, num_bins=4, kernel="quadratic")[0]',
        GRAY,
        relation="Kornia scales by the range of each image",
    ),
    Case(
        "normalized-mutual-information",
        "losses.normalized_mutual_information_loss_2d(pred[..., 0], target[..., 0], num_bins=4)[0]",
        f'{R}.normalized_mutual_information(*{SCALED}, num_bins=4, kernel="quadratic")[0] - 2',
        GRAY,
        relation="Kornia scales by the range of each image, and has the negative ratio",
    ),
)
