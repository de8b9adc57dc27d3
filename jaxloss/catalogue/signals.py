"""Rows of the losses of masks, boxes, images and sound."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    audio,
    boundary,
    boxes,
    compound,
    displacement,
    edges,
    frequency,
    image,
    lovasz,
    perceptual,
    registration,
    rotated_boxes,
    segmentation,
    spectral,
)

ROWS: tuple[Row, ...] = (
    row(segmentation.dice, "masks", "row", "nonnegative bounded zero_at_target"),
    row(segmentation.jaccard, "masks", "row", "nonnegative bounded zero_at_target"),
    row(segmentation.tversky, "masks", "row", "nonnegative bounded zero_at_target"),
    row(segmentation.mcc, "masks", "row", "nonnegative bounded zero_at_target"),
    row(segmentation.sensitivity_specificity, "masks", "row", "nonnegative bounded zero_at_target"),
    row(
        segmentation.softmax_dice,
        "class_maps",
        "row",
        "nonnegative bounded zero_at_target shift_invariant",
    ),
    row(
        segmentation.softmax_jaccard,
        "class_maps",
        "row",
        "nonnegative bounded zero_at_target shift_invariant",
    ),
    row(
        segmentation.softmax_tversky,
        "class_maps",
        "row",
        "nonnegative bounded zero_at_target shift_invariant",
    ),
    row(
        segmentation.generalized_dice,
        "class_maps",
        "row",
        "nonnegative bounded zero_at_target shift_invariant",
    ),
    row(
        segmentation.generalized_wasserstein_dice,
        "class_maps_costs",
        "row",
        "nonnegative bounded zero_at_target shift_invariant",
    ),
    row(compound.log_cosh_dice, "masks", "row", "nonnegative bounded zero_at_target"),
    row(compound.combo, "masks", "row", "nonnegative zero_at_target"),
    row(compound.unified_focal, "masks", "row", "nonnegative zero_at_target"),
    row(
        compound.exponential_logarithmic,
        "class_maps",
        "row",
        "nonnegative zero_at_target shift_invariant",
    ),
    row(compound.nacl, "label_images", "row", "nonnegative convex"),
    row(boundary.boundary, "masks_distances", "row", "bounded"),
    row(boundary.hausdorff, "masks_two_distances", "row", "nonnegative bounded zero_at_target"),
    row(boundary.hausdorff_erosion, "images", "row", "nonnegative bounded zero_at_target"),
    row(boundary.cl_dice, "images", "row", "nonnegative bounded zero_at_target"),
    row(lovasz.lovasz_hinge, "lists_bits", "row", "nonnegative convex"),
    row(lovasz.lovasz_softmax, "pixels_labels", "row", "nonnegative bounded shift_invariant"),
    row(boxes.iou, "boxes volumes", "row", "nonnegative bounded zero_at_target symmetric"),
    row(
        boxes.generalized_iou,
        "boxes volumes",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(boxes.distance_iou, "boxes volumes", "row", "nonnegative bounded zero_at_target symmetric"),
    row(boxes.complete_iou, "boxes", "row", "nonnegative bounded zero_at_target symmetric held"),
    row(
        boxes.efficient_iou, "boxes volumes", "row", "nonnegative bounded zero_at_target symmetric"
    ),
    row(boxes.scylla_iou, "boxes", "row", "nonnegative bounded zero_at_target symmetric"),
    row(
        boxes.normalized_wasserstein,
        "boxes volumes",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(boxes.assignment, "costs", "row", ""),
    row(
        rotated_boxes.gaussian_wasserstein,
        "rotated_boxes",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(rotated_boxes.gaussian_kl, "rotated_boxes", "row", "nonnegative bounded zero_at_target"),
    row(
        rotated_boxes.kalman_iou,
        "rotated_boxes",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(
        rotated_boxes.probabilistic_iou,
        "rotated_boxes",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(image.ssim, "image_pairs", "row", "nonnegative bounded zero_at_target symmetric"),
    row(
        image.multiscale_ssim, "image_pairs", "row", "nonnegative bounded zero_at_target symmetric"
    ),
    row(image.psnr, "image_pairs", "row", "symmetric"),
    row(edges.total_variation, "one_image", "row", "nonnegative convex"),
    row(edges.edge_aware_smoothness, "maps_images", "row", "nonnegative convex"),
    row(edges.gradient_difference, "image_pairs", "row", "nonnegative zero_at_target symmetric"),
    row(edges.edge, "image_pairs", "row", "nonnegative symmetric convex"),
    row(frequency.fft_amplitude, "image_pairs", "row", "nonnegative zero_at_target symmetric"),
    row(
        frequency.focal_frequency, "image_pairs", "row", "nonnegative zero_at_target symmetric held"
    ),
    row(
        frequency.laplacian_pyramid,
        "image_pairs",
        "row",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(edges.gmsd, "larger_images", "row", "nonnegative bounded zero_at_target symmetric"),
    row(
        edges.multiscale_gmsd,
        "larger_images",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(perceptual.content, "feature_maps", "row", "nonnegative zero_at_target symmetric convex"),
    row(perceptual.style, "feature_maps", "row", "nonnegative zero_at_target symmetric"),
    row(
        perceptual.dists,
        "feature_maps",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(
        perceptual.lpips,
        "feature_maps",
        "row",
        "nonnegative bounded zero_at_target symmetric scale_invariant",
    ),
    row(
        registration.local_cross_correlation, "image_pairs", "row", "nonnegative bounded symmetric"
    ),
    row(registration.mutual_information, "image_pairs", "row", "bounded symmetric"),
    row(
        registration.normalized_mutual_information,
        "image_pairs",
        "row",
        "nonnegative bounded symmetric",
    ),
    row(
        registration.normalized_gradient_field,
        "image_pairs",
        "row",
        "nonnegative bounded zero_at_target symmetric",
    ),
    row(displacement.diffusion, "displacements", "row", "nonnegative convex"),
    row(displacement.bending_energy, "displacements", "row", "nonnegative convex"),
    row(displacement.folding, "displacements", "row", "nonnegative"),
    row(audio.snr, "signals", "row", ""),
    row(audio.si_sdr, "signals", "row", "scale_invariant"),
    row(audio.sd_sdr, "signals", "row", ""),
    row(audio.permutation_invariant, "sources", "row", "scale_invariant"),
    row(spectral.spectral_convergence, "signals", "row", "nonnegative zero_at_target"),
    row(spectral.log_magnitude, "signals", "row", "nonnegative zero_at_target symmetric"),
    row(spectral.stft, "signals", "row", "nonnegative zero_at_target"),
    row(spectral.multi_resolution_stft, "signals", "row", "nonnegative zero_at_target"),
    row(spectral.mel, "signals_filters", "row", "nonnegative zero_at_target symmetric"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    spectral.hann_window,
    spectral.mel_filters,
    spectral.spectrogram,
    boundary.signed_distance,
    boundary.soft_skeleton,
    boxes.match,
    boxes.pairwise,
    image.gaussian_window,
    perceptual.perceptual,
)
