"""What is found in libraries of images, boxes, masks and sound, and of generative models."""

from collections.abc import Mapping

_MIXED = "of soft targets mixes the probabilities of yes and no, not the losses"

NAMES: Mapping[str, Mapping[str, str]] = {
    "kornia": {
        "losses.ssim_loss": "image.ssim: half of it, with windows beyond the border; mean",
        "losses.psnr_loss": "image.psnr: NaN gradient for equal images; the batch as one image",
        "losses.total_variation": "edges.total_variation: sum over the pixels of each channel",
        "losses.mutual_information_loss_2d": "registration.mutual_information: kernel 'quadratic' "
        "of 64 bins; scales by the range of each image",
        "losses.normalized_mutual_information_loss_2d": "registration."
        "normalized_mutual_information: minus 2; kernel 'quadratic' of 64 bins; scales by the "
        "range of each image",
        "losses.inverse_depth_smoothness_loss": "edges.edge_aware_smoothness: mean",
        "losses.charbonnier_loss": "regression.pseudo_huber: delta = 1, in spite of its name",
        "losses.cauchy_loss": "robust.cauchy",
        "losses.welsch_loss": "robust.welsch",
        "losses.geman_mcclure_loss": "robust.geman_mcclure",
        "losses.focal_loss": "focal.softmax_focal: gives a map over the classes, on axis 1; "
        "alpha weighs class 0 by 1 - alpha",
        "losses.binary_focal_loss_with_logits": "focal.sigmoid_focal: alpha 0.25",
        "losses.dice_loss": "segmentation.generalized_dice: power 0 for its micro average; "
        "average='macro' is segmentation.softmax_dice of classes='present'; no smoothing",
        "losses.tversky_loss": "segmentation.softmax_tversky: classes='present', no smoothing",
        "losses.HausdorffERLoss": "boundary.hausdorff_erosion: takes probabilities of each class "
        "and gives, before its reduction, a map",
        "losses.lovasz_hinge_loss": "lovasz.lovasz_hinge: mean over images",
        "losses.lovasz_softmax_loss": "lovasz.lovasz_softmax: classes='all', on axis 1; mean "
        "over images",
    },
    "torchvision": {
        "ops.sigmoid_focal_loss": f"focal.sigmoid_focal: alpha 0.25; {_MIXED}",
        "ops.box_iou": "boxes.iou: 1 minus it, of all pairs, for which see pairwise",
        "ops.generalized_box_iou_loss": "boxes.generalized_iou",
        "ops.distance_box_iou_loss": "boxes.distance_iou",
        "ops.complete_box_iou_loss": "boxes.complete_iou: NaN for a box without height",
    },
    "piq": {
        "multi_scale_ssim": "image.multiscale_ssim: 1 minus it",
        "ssim": "image.ssim: 1 minus it; halves large images",
        "gmsd": "edges.gmsd: of grey images, with zeros beyond the border",
        "multi_scale_gmsd": "edges.multiscale_gmsd: of grey images, with zeros beyond the border",
        "DISTS": "perceptual.dists: a layer of it, for which see perceptual.perceptual; has a "
        "network of its own",
        "LPIPS": "perceptual.lpips: a layer of it; has a network of its own",
        "ContentLoss": "perceptual.content: sum over channels; has networks of its own",
        "StyleLoss": "perceptual.style: Gram matrices that are not divided, their mean; has "
        "networks of its own",
        "psnr": "image.psnr: negated",
        "total_variation": "edges.total_variation: sum over pixels and channels; of squares by "
        "default",
    },
    "auraloss": {
        "time.SISDRLoss": "audio.si_sdr: subtracts the means by default; mean",
        "time.SDSDRLoss": "audio.sd_sdr: subtracts the means by default; mean",
        "time.SNRLoss": "audio.snr: subtracts the means by default; mean",
        "freq.STFTLoss": "spectral.stft: norms over the whole batch; clamps at sqrt(eps)",
        "freq.MultiResolutionSTFTLoss": "spectral.multi_resolution_stft: norms over the whole "
        "batch",
    },
    "fvcore": {
        "nn.sigmoid_focal_loss": f"focal.sigmoid_focal: {_MIXED}",
        "nn.sigmoid_focal_loss_star": "focal.focal_star: gamma 1, no beta",
    },
    "segmentation_models_pytorch": {
        "losses.FocalLoss(mode='binary')": "focal.sigmoid_focal: mean; reduced_threshold makes it "
        "focal.reduced_focal, divided by the threshold; mode='multiclass' is no softmax",
        "losses.DiceLoss(mode='binary')": "segmentation.dice: all images as one list; half of its "
        "smoothing; 0 for an empty mask",
        "losses.DiceLoss(mode='multiclass')": "segmentation.softmax_dice: all images as one list; "
        "a class without a pixel counts 0 in the mean",
        "losses.JaccardLoss": "segmentation.jaccard: all images as one list; 0 for an empty mask",
        "losses.TverskyLoss": "segmentation.tversky: all images as one list; alpha and beta 0.5; "
        "gamma is an exponent of the mean over classes",
        "losses.MCCLoss": "segmentation.mcc: of probabilities, all images as one list; adds 1e-5 "
        "to each count",
        "losses.LovaszLoss(mode='binary')": "lovasz.lovasz_hinge: all images as one list",
        "losses.LovaszLoss(mode='multiclass')": "lovasz.lovasz_softmax: all images as one "
        "list; classes on axis 1",
    },
    "pytorch_toolbelt": {
        "losses.BinaryFocalLoss": f"focal.sigmoid_focal: mean; {_MIXED}; reduced_threshold makes "
        "it focal.reduced_focal",
        "losses.QualityFocalLoss": "focal.quality_focal: beta is gamma; mean",
        "losses.FocalCosineLoss": "focal.focal_cosine: xent is weight; mean",
        "losses.BalancedBCEWithLogitsLoss": "imbalanced.balanced_binary_cross_entropy: all entries "
        "as one list",
        "losses.BiTemperedLogisticLoss": "noisy.bi_tempered: normaliser by 5 iterations; mean",
        "losses.BinaryBiTemperedLogisticLoss": "noisy.bi_tempered: of the scores -z and z; mean",
    },
    "mmdetection": {
        "FocalLoss": "focal.sigmoid_focal: takes labels, alpha 0.25; mean",
        "QualityFocalLoss": "focal.quality_focal: takes labels with scores; beta is gamma; sum "
        "over the classes",
        "DistributionFocalLoss": "focal.distribution_focal: fails for a position on the last bin; "
        "mean",
        "VarifocalLoss": "focal.varifocal: mean",
        "GaussianFocalLoss": "focal.gaussian_focal: takes probabilities; alpha and gamma are gamma "
        "and beta",
        "SeesawLoss": "reweighting.seesaw: holds the counts; p and q are the exponents",
        "EQLV2Loss": "reweighting.equalization_v2: holds the totals; the last class is background, "
        "which is not weighed",
        "GHMC": "reweighting.gradient_harmonizing: holds the histogram; sum over examples / count",
        "GHMR": "reweighting.gradient_harmonizing_l1: holds the histogram; sum over errors / count",
    },
    "monai": {
        "losses.giou_loss.BoxGIoULoss": "boxes.generalized_iou: mean by default",
        "losses.SSIMLoss": "image.ssim: channels on axis 1; mean",
        "losses.JukeboxLoss": "frequency.fft_amplitude: transforms along the channels too; NaN "
        "gradient in a frequency that is not there",
        "losses.PerceptualLoss": "perceptual.perceptual: of lpips, with networks of its own",
        "losses.AUCMLoss": "auc.margin: holds a, b and alpha as parameters",
        "losses.FocalLoss": "focal.sigmoid_focal: mean over everything",
        "losses.FocalLoss(use_softmax=True)": "focal.softmax_focal: classes on axis 1; mean over "
        "them too; alpha weighs class 0 by 1 - alpha",
        "losses.DiceLoss(sigmoid=True)": "segmentation.dice: smooth_nr and smooth_dr 1e-5; "
        "jaccard=True is segmentation.jaccard of half the smoothing",
        "losses.DiceLoss(softmax=True)": "segmentation.softmax_dice: classes on axis 1, no mean "
        "over them; include_background=False is a class weight of 0",
        "losses.DiceCELoss": "segmentation.softmax_dice: a term of an objective, with "
        "classification.softmax_cross_entropy",
        "losses.DiceFocalLoss": "segmentation.dice: a term of an objective, with "
        "focal.sigmoid_focal",
        "losses.TverskyLoss": "segmentation.tversky: alpha and beta 0.5, smooth 1e-5",
        "losses.GeneralizedDiceLoss": "segmentation.generalized_dice: a class without a pixel has "
        "the largest weight of the others; w_type 'simple' is power 1",
        "losses.GeneralizedWassersteinDiceLoss": "segmentation.generalized_wasserstein_dice: "
        "weighs every class but the background 1",
        "losses.MCCLoss": "segmentation.mcc: adds 1e-5 to numerator and denominator",
        "losses.AsymmetricUnifiedFocalLoss": "compound.unified_focal: of probabilities; delta 0.7, "
        "half of the focal part",
        "losses.BoundaryLoss": "boundary.boundary: makes the distances itself, one pixel less "
        "inside",
        "losses.HausdorffDTLoss": "boundary.hausdorff: makes the distances itself",
        "losses.LogHausdorffDTLoss": "boundary.hausdorff: the logarithm of 1 and it",
        "losses.SoftclDiceLoss": "boundary.cl_dice: adds 1e-4 below the harmonic mean",
        "losses.LocalNormalizedCrossCorrelationLoss": "registration.local_cross_correlation: minus "
        "1, with windows of three beyond the border, zero there; eps bounds sums from below",
        "losses.GlobalMutualInformationLoss": "registration.mutual_information: b-spline scales by "
        "the range of the batch; mean",
        "losses.BendingEnergyLoss": "displacement.bending_energy: normalize is a spacing; mean",
        "losses.DiffusionLoss": "displacement.diffusion: stencil 'wide'; normalize is a spacing; "
        "mean",
        "losses.NACLLoss": "compound.nacl: classes on axis 1; kernel_size and sigma make the "
        "window; mean",
        "losses.SURELoss": "score_matching.sure: half of it, of a variance that is the mean "
        "squared change; perturbs by eps instead of differentiating; of images wider than a pixel "
        "adds all entries of a product of matrices",
        "losses.MultiScaleLoss": "over_scales: smooths with a Gaussian instead of pooling",
        "losses.BarlowTwinsLoss": "contrastive.barlow_twins: standardises by the unbiased "
        "deviation, divides by n",
    },
    "torchgan": {
        "losses.functional.minimax_discriminator_loss": "gan.logistic_discriminator: mean",
        "losses.functional.minimax_generator_loss": "gan.non_saturating_generator: mean; "
        "nonsaturating=False is gan.saturating_generator",
        "losses.functional.least_squares_discriminator_loss": "gan.least_squares_discriminator: "
        "mean; b is real_target, a is fake_target",
        "losses.functional.least_squares_generator_loss": "gan.least_squares_generator: mean",
        "losses.functional.wasserstein_discriminator_loss": "gan.wasserstein_discriminator: mean",
        "losses.functional.wasserstein_generator_loss": "gan.wasserstein_generator: mean",
        "losses.functional.wasserstein_gradient_penalty": "critic.two_sided: of the norm of the "
        "gradient over the whole batch",
        "losses.functional.dragan_gradient_penalty": "critic.two_sided: of the norm of the "
        "gradient over the whole batch",
    },
    "torchcfm": {
        "ConditionalFlowMatcher": "flow.interpolated: adds noise of scale sigma all along, and "
        "gives the velocity too; the loss is left to the caller",
        "TargetConditionalFlowMatcher": "flow.interpolated: sigma is sigma_min; noise is drawn "
        "around the data, not given",
        "ExactOptimalTransportConditionalFlowMatcher": "flow.paired: draws pairs from the plan, "
        "with replacement",
    },
    "torchaudio": {
        "functional.rnnt_loss": "sequence.transducer: takes counts, mean by default; blank is the "
        "last class by default",
    },
}
