"""What the losses of other libraries are called here, and what differs.

Behind the name of a loss stands, after a colon, what to know when moving: another factor,
reduction, axis or edge case. Names and differences were measured with the packages named in
`tests/references/CONVENTIONS.md`, or read where no such package is listed there.
"""

from collections.abc import Mapping

_LAST = "mean over the last axis"
_MIXED = "of soft targets mixes the probabilities of yes and no, not the losses"

NAMES: Mapping[str, Mapping[str, str]] = {
    "optax": {
        "squared_error": "regression.squared_error",
        "l2_loss": "regression.squared_error: half of it",
        "huber_loss": "regression.huber: broadcasts silently",
        "log_cosh": "regression.log_cosh: loses errors below 1e-3 to rounding",
        "cosine_similarity": "agreement.cosine_similarity: NaN for a zero vector; any axis",
        "cosine_distance": "agreement.cosine_distance: NaN for a zero vector; any axis",
        "sigmoid_binary_cross_entropy": "classification.sigmoid_cross_entropy",
        "softmax_cross_entropy": "classification.softmax_cross_entropy: NaN with -inf logits",
        "safe_softmax_cross_entropy": "classification.softmax_cross_entropy",
        "softmax_cross_entropy_with_integer_labels": "classification.softmax_cross_entropy: "
        "label -1 means the last class, others out of range keep a gradient",
        "poly_loss_cross_entropy": "classification.poly1_cross_entropy: NaN with -inf logits",
        "smooth_labels": "classification.smooth_labels: masked classes get mass",
        "hinge_loss": "margin.hinge: gradient one half at the kink",
        "perceptron_loss": "margin.perceptron: gradient one half at the kink",
        "multiclass_hinge_loss": "margin.crammer_singer: gradient one half at the kink, finite for "
        "labels out of range",
        "multiclass_perceptron_loss": "margin.multiclass_perceptron: splits the gradient at ties",
        "sigmoid_focal_loss": f"focal.sigmoid_focal: {_MIXED}",
        "binary_dice_loss": "segmentation.dice: its smooth is half of the smoothing",
        "dice_loss": "segmentation.softmax_dice: its smooth is half of the smoothing; one-hot "
        "labels, mean over classes by default; alpha and beta make it segmentation.softmax_tversky",
        "ntxent": "contrastive.sup_con: of unit vectors, reduces; NaN without a positive",
        "triplet_margin_loss": "metric.triplet_margin: odd orders lack an absolute value",
        "ranking_softmax_loss": "listwise.softmax: does not divide relevance by its sum; mean",
        "ctc_loss": "sequence.ctc: marks padding with 1; near 1e5, with a gradient, for too few "
        "frames",
        "sparsemax_loss": "sparse.binary_sparsemax",
        "multiclass_sparsemax_loss": "sparse.sparsemax",
        "make_fenchel_young_loss": "sparse.fenchel_young: makes a function of the maximum; no "
        "regularizer of the target",
        "projections.projection_simplex": "sparse.sparsemax_probabilities: one vector",
    },
    "torch": {
        "nn.functional.mse_loss": "regression.squared_error: mean by default",
        "nn.functional.l1_loss": "regression.absolute_error: mean by default",
        "nn.functional.gaussian_nll_loss": "likelihood.gaussian: without its constant by default; "
        "takes a variance of at least 1e-6",
        "nn.functional.poisson_nll_loss": "counts.poisson: without log(target!) by default",
        "nn.functional.huber_loss": "regression.huber: mean by default, weighted by the count",
        "nn.functional.smooth_l1_loss": "regression.smooth_l1: mean by default",
        "nn.functional.cosine_similarity": "agreement.cosine_similarity: axis 1 by default, "
        "gradient of size 1 / eps at a zero vector",
        "nn.functional.pairwise_distance": "agreement.minkowski_error: adds 1e-6 to the errors",
        "nn.functional.binary_cross_entropy": "classification.binary_cross_entropy: clamps the "
        "logarithm at -100",
        "nn.functional.binary_cross_entropy_with_logits": "classification.sigmoid_cross_entropy",
        "nn.functional.cross_entropy": "classification.softmax_cross_entropy: classes on axis 1; "
        "a weighted mean divides by the labels' weights; ignore_index is a mask of jaxloss.mean",
        "nn.functional.nll_loss": "classification.nll: classes on axis 1; a weighted mean divides "
        "by the labels' weights",
        "nn.functional.soft_margin_loss": "margin.logistic: overflows beyond a margin of -88",
        "nn.functional.multi_margin_loss": "margin.weston_watkins: divides by the class count",
        "nn.functional.margin_ranking_loss": "margin.margin_ranking: gradient at the kink",
        "nn.functional.hinge_embedding_loss": "margin.hinge_embedding: gradient at the kink",
        "nn.functional.triplet_margin_loss": "metric.triplet_margin: mean by default, adds 1e-6 to "
        "the differences",
        "nn.functional.triplet_margin_with_distance_loss": "metric.triplet_margin: distance=",
        "nn.functional.cosine_embedding_loss": "margin.cosine_embedding: large gradient at a zero "
        "vector",
        "nn.functional.multilabel_soft_margin_loss": "multilabel.soft_margin: mean by default",
        "nn.functional.multilabel_margin_loss": "multilabel.margin: takes indices ended by -1",
        "nn.AdaptiveLogSoftmaxWithLoss": "sampled.adaptive_softmax: owns the layers, gives the "
        "log-probability",
        "nn.functional.ctc_loss": "sequence.ctc: takes log-probabilities, time first, and counts; "
        "the mean divides by the count of labels; gradient NaN for too few frames",
    },
    "keras": {
        "mean_squared_error": f"regression.squared_error: {_LAST}",
        "mean_absolute_error": f"regression.absolute_error: {_LAST}, slope -1 at 0 on JAX",
        "mean_absolute_percentage_error": "regression.absolute_percentage_error: a hundred times "
        f"it, {_LAST}",
        "mean_squared_logarithmic_error": "regression.squared_log_error: clips negative values, "
        f"{_LAST}",
        "huber": f"regression.huber: {_LAST}",
        "log_cosh": f"regression.log_cosh: loses errors below 1e-3 to rounding, {_LAST}",
        "cosine_similarity": "agreement.cosine_similarity: negated; NaN gradient at a zero vector",
        "binary_crossentropy": f"classification.binary_cross_entropy: clips at 1e-7, {_LAST}",
        "binary_crossentropy(from_logits=True)": f"classification.sigmoid_cross_entropy: {_LAST}",
        "categorical_crossentropy": "classification.categorical_cross_entropy: normalises, clips",
        "categorical_crossentropy(from_logits=True)": "classification.softmax_cross_entropy",
        "sparse_categorical_crossentropy": "classification.categorical_cross_entropy: normalises "
        "and clips",
        "sparse_categorical_crossentropy(from_logits=True)": "classification."
        "softmax_cross_entropy: 0 for labels out of range; ignore_class is a mask of jaxloss.mean",
        "hinge": f"margin.hinge: converts bits by looking at them, {_LAST}",
        "squared_hinge": f"margin.squared_hinge: converts bits by looking at them, {_LAST}",
        "categorical_hinge": "margin.crammer_singer: one-hot targets; the true class counts as a "
        "wrong one with score 0",
        "circle": "tuplet.circle: of unit vectors, gradient through the weights too",
        "binary_focal_crossentropy": f"focal.sigmoid_focal: {_MIXED}; clips, {_LAST}",
        "categorical_focal_crossentropy": "focal.softmax_focal: multiplies every class by 0.25; "
        "clips",
        "dice": "segmentation.dice: of probabilities, over all axes; 1 for an empty mask",
        "tversky": "segmentation.tversky: of probabilities, over all axes; alpha weighs false "
        "negatives and beta false positives, in spite of its documentation",
        "ctc": "sequence.ctc: every frame counts and label 0 is both padding and blank; near 1e5, "
        "with a gradient, for too few frames",
        "categorical_generalized_cross_entropy": "noisy.generalized_cross_entropy: of "
        "probabilities; gradient NaN where one is 0",
    },
    "timm": {
        "LabelSmoothingCrossEntropy": "classification.softmax_cross_entropy: smoothing=",
        "SoftTargetCrossEntropy": "classification.softmax_cross_entropy",
        "BinaryCrossEntropy": "classification.sigmoid_cross_entropy: from labels it smooths by "
        "eps / classes",
        "PolyCrossEntropy": "classification.poly1_cross_entropy: smooths inside",
        "JsdCrossEntropy": "classification.jensen_shannon_cross_entropy: views stacked along the "
        "batch, smooths by 0.1, clamps the mixture at 1e-7",
        "PolyBinaryCrossEntropy": "classification.poly1_cross_entropy: of bits, which are two "
        "classes here",
        "AsymmetricLossMultiLabel": "focal.asymmetric: sum over the classes; clamps at 1e-8",
        "AsymmetricLossSingleLabel": "focal.softmax_focal: smooths by 0.1; without, gamma_pos "
        "alone counts",
        "DistributionBalancedLoss": "imbalanced.distribution_balanced: focal, with gamma 2, and "
        "doubled then",
        "compute_class_weights(method='effective_num')": "imbalanced.class_balanced_weights: "
        "divides by the mean",
        "ZlprLoss": "multilabel.zlpr",
        "TwoWayLoss": "multilabel.two_way: adds the loss of the transposed matrix",
    },
    "torchmetrics": {
        "image.total_variation": "image.total_variation: sum over pixels and channels",
        "image.structural_similarity_index_measure": "image.ssim: 1 minus it, with windows beyond "
        "the border; range of the data by default",
        "image.multiscale_structural_similarity_index_measure": "image.multiscale_ssim: 1 minus "
        "it, of the mean over channels, with windows beyond the border at the last scale",
        "audio.scale_invariant_signal_distortion_ratio": "audio.si_sdr: negated",
        "audio.signal_noise_ratio": "audio.snr: negated",
        "audio.permutation_invariant_training": "audio.permutation_invariant: maximises a metric "
        "by default",
        "mean_squared_error(squared=False)": "agreement.root_mean_squared_error: NaN gradient at a "
        "perfect fit",
        "mean_absolute_percentage_error": "regression.absolute_percentage_error: eps 1.17e-6",
        "symmetric_mean_absolute_percentage_error": "regression."
        "symmetric_absolute_percentage_error",
        "weighted_mean_absolute_percentage_error": "agreement.weighted_absolute_percentage_error",
        "mean_squared_log_error": "regression.squared_log_error",
        "log_cosh_error": "regression.log_cosh",
        "minkowski_distance": "agreement.minkowski_error",
        "cosine_similarity": "agreement.cosine_similarity: sums by default",
        "relative_squared_error": "agreement.relative_squared_error",
        "r2_score": "agreement.relative_squared_error: 1 minus it",
        "normalized_root_mean_squared_error": "agreement.normalized_root_mean_squared_error: "
        "divides by the mean by default, and by the norm for l2",
        "pearson_corrcoef": "agreement.pearson_distance: 1 minus it; NaN for a constant",
        "concordance_corrcoef": "agreement.concordance_distance: 1 minus it, unbiased variances",
        "hinge_loss(task='binary')": "margin.hinge: takes bits; squashes scores outside [0, 1]",
        "hinge_loss(task='multiclass')": "margin.crammer_singer: squashes scores outside [0, 1]",
    },
    "sklearn": {
        "metrics.mean_squared_error": "regression.squared_error: reduces",
        "metrics.mean_absolute_error": "regression.absolute_error: reduces",
        "metrics.mean_absolute_percentage_error": "regression.absolute_percentage_error: reduces",
        "metrics.mean_squared_log_error": "regression.squared_log_error: reduces",
        "metrics.root_mean_squared_error": "agreement.root_mean_squared_error",
        "metrics.r2_score": "agreement.relative_squared_error: 1 minus it",
        "metrics.log_loss": "classification.categorical_cross_entropy: reduces",
        "metrics.hinge_loss": "margin.crammer_singer: reduces; of two classes it is margin.hinge",
        "linear_model.SGDRegressor(loss='epsilon_insensitive')": "regression.epsilon_insensitive",
        "linear_model.SGDRegressor(loss='squared_epsilon_insensitive')": "regression."
        "squared_epsilon_insensitive",
        "linear_model.SGDClassifier(loss='modified_huber')": "margin.modified_huber",
        "metrics.cohen_kappa_score": "ordered_classes.weighted_kappa: of hard predictions; the "
        "loss is the logarithm of 1 less kappa",
    },
    "scipy": {
        "special.huber": "regression.huber: of (delta, error)",
        "special.pseudo_huber": "regression.pseudo_huber: of (delta, error)",
        "spatial.distance.cosine": "agreement.cosine_distance",
        "spatial.distance.correlation": "agreement.pearson_distance",
        "spatial.distance.minkowski": "agreement.minkowski_error",
        "stats.wasserstein_distance": "transport.wasserstein: order 1",
        "stats.energy_distance": "transport.energy_distance: its square root",
        "stats.t": "likelihood.student_t: minus its logpdf, and so for all others",
        "stats.fisk": "lifetimes.log_logistic: c is 1 over the scale of the logarithm",
        "stats.genextreme": "extremes.generalized_extreme_value: c is minus the shape",
        "stats.nbinom": "counts.negative_binomial: n is 1 over the dispersion",
        "stats.multivariate_normal": "mixtures.multivariate_gaussian: takes the covariance",
    },
    "statsmodels": {
        "robust.norms.HuberT": "regression.huber: default 1.345",
        "robust.norms.TukeyBiweight": "robust.tukey_biweight",
        "robust.norms.Hampel": "robust.hampel",
        "duration.hazard_regression.PHReg.loglike": "survival.cox: the log-likelihood, a sum "
        "over events; breslow by default",
        "miscmodels.ordinal_model.OrderedModel.loglikeobs": "ordinal.cumulative_link: with a minus "
        "sign; parameters are logarithms of gaps",
    },
    "lifelines": {
        "CoxPHFitter.log_likelihood_": "survival.cox: the log-likelihood, a sum over events",
    },
    "torchsurv": {
        "loss.cox.neg_partial_log_likelihood": "survival.cox: its mean divides by the number of "
        "times at which there are events",
    },
    "pycox": {
        "models.loss.nll_logistic_hazard": "survival.logistic_hazard: mean by default",
        "models.loss.nll_pmf": "survival.probability_mass: mean by default",
        "models.loss.DeepHitSingleLoss": "survival.deephit: weighs both parts, alpha and 1 - alpha",
        "models.loss.cox_ph_loss": "survival.cox: events that tie see each other in the order "
        "that sorting leaves them in; adds 1e-7 to the sum over the risk set",
    },
    "scoringrules": {
        "crps_ensemble": "scoring.crps_ensemble: target first; nrg, and qd, its default, are "
        "energy here, pwm is fair",
        "crps_normal": "crps.gaussian: target first",
        "crps_logistic": "crps.logistic: target first",
        "crps_laplace": "crps.laplace: target first",
        "crps_t": "crps.student_t: target first",
        "crps_mixnorm": "crps.mixture_gaussian: target first, and weights, no logits",
        "es_ensemble": "multivariate.energy: target first",
        "vs_ensemble": "multivariate.variogram: target first",
        "gksmv_ensemble": "multivariate.gaussian_kernel: target first",
        "rps_score": "ordered_classes.squared_earth_mover: of probabilities, target first, classes "
        "from 1",
    },
    "POT": {
        "wasserstein_1d": "transport.wasserstein: points on the first axis",
        "emd2_1d": "transport.wasserstein: p = 2 by default",
    },
    "kornia": {
        "losses.ssim_loss": "image.ssim: half of it, with windows beyond the border; mean",
        "losses.psnr_loss": "image.psnr: NaN gradient for equal images; the batch as one image",
        "losses.total_variation": "image.total_variation: sum over the pixels of each channel",
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
        "psnr": "image.psnr: negated",
        "total_variation": "image.total_variation: sum over pixels and channels; of squares by "
        "default",
    },
    "auraloss": {
        "time.SISDRLoss": "audio.si_sdr: subtracts the means by default; mean",
        "time.SNRLoss": "audio.snr: subtracts the means by default; mean",
        "freq.STFTLoss": "audio.stft: norms over the whole batch; clamps at sqrt(eps)",
        "freq.MultiResolutionSTFTLoss": "audio.multi_resolution_stft: norms over the whole batch",
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
    "entmax": {
        "sparsemax": "sparse.sparsemax_probabilities",
        "sparsemax_loss": "sparse.sparsemax: NaN with -inf logits; labels alone",
        "entmax15": "sparse.entmax_probabilities",
        "entmax15_loss": "sparse.entmax: NaN with -inf logits; labels alone",
        "entmax_bisect": "sparse.entmax_probabilities: wrong at alpha 1",
        "entmax_bisect_loss": "sparse.entmax: no gradient by alpha",
        "normmax_bisect": "sparse.normmax_probabilities",
        "normmax_bisect_loss": "sparse.normmax",
    },
    "coral_pytorch": {
        "losses.coral_loss": "ordinal.ordinal_binary_cross_entropy: of levels; mean. With one "
        "score for an example and biases, ordinal.coral: thresholds are their negatives",
        "losses.corn_loss": "ordinal.corn: sum over examples over the number of questions asked",
        "dataset.levels_from_labelbatch": "ordinal.ordinal_levels",
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
    "rlax": {
        "huber_loss": "regression.huber",
        "quantile_regression_loss": "regression.quantile_huber: over all pairs of two sets",
        "truncated_generalized_advantage_estimation": "advantages.gae: one sequence",
        "lambda_returns": "advantages.lambda_returns: one sequence, values from the second on",
        "vtrace": "advantages.vtrace: one sequence, ratios in place of their logarithms; gives "
        "the errors of the values",
    },
    "monai": {
        "losses.giou_loss.BoxGIoULoss": "boxes.generalized_iou: mean by default",
        "losses.SSIMLoss": "image.ssim: channels on axis 1; mean",
        "losses.JukeboxLoss": "image.fft_amplitude: transforms along the channels too; gradient "
        "NaN in a frequency that is not there",
        "losses.PerceptualLoss": "image.perceptual: of lpips, with networks of its own",
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
        "losses.MultiScaleLoss": "over_scales: smooths with a Gaussian instead of pooling",
        "losses.BarlowTwinsLoss": "contrastive.barlow_twins: standardises by the unbiased "
        "deviation, divides by n",
    },
    "pytorch_metric_learning": {
        "losses.AngularLoss": "tuplet.angular: degrees; pairs in both orders; negatives keep their "
        "length",
        "losses.ArcFaceLoss": "margin_softmax.arcface: degrees; owns the proxies",
        "losses.CircleLoss": "tuplet.circle: of unit vectors; margin 0.4, scale 80; mean over the "
        "values above 0",
        "losses.ContrastiveLoss": "pairwise.batch_contrastive: of unit vectors, power 1; means "
        "over the pairs above 0",
        "losses.CosFaceLoss": "margin_softmax.cosface: owns the proxies",
        "losses.FastAPLoss": "retrieval.fast_ap",
        "losses.GeneralizedLiftedStructureLoss": "tuplet.generalized_lifted_structure: of unit "
        "vectors",
        "losses.HistogramLoss": "retrieval.histogram",
        "losses.LargeMarginSoftmaxLoss": "margin_softmax.large_margin_softmax: owns the weights",
        "losses.LiftedStructureLoss": "tuplet.lifted_structure: of unit vectors; mean over pairs",
        "losses.MarginLoss": "pairwise.margin: of unit vectors; sum over triplets / hinges above 0",
        "losses.MultiSimilarityLoss": "tuplet.multi_similarity: of unit vectors",
        "losses.NCALoss": "tuplet.nca: of unit vectors; softmax_scale is 1 / temperature",
        "losses.NPairsLoss": "tuplet.n_pairs: of unit vectors; picks one pair of each label",
        "losses.NTXentLoss": "contrastive.info_nce: given ref_emb, and of unit vectors; "
        "without ref_emb by labels, for which see sup_con",
        "losses.NormalizedSoftmaxLoss": "margin_softmax.normalized_softmax: owns the proxies",
        "losses.P2SGradLoss": "proxies.p2s_grad: owns the proxies",
        "losses.PNPLoss": "retrieval.pnp: of unit vectors; O by default; a query finds itself",
        "losses.ProxyAnchorLoss": "proxies.proxy_anchor: owns the proxies",
        "losses.ProxyNCALoss": "proxies.proxy_nca_plus_plus: owns the proxies; softmax_scale is "
        "1 / temperature",
        "losses.RankedListLoss": "retrieval.ranked_list: of unit vectors; adds 1e-5 to each weight",
        "losses.SignalToNoiseRatioContrastiveLoss": "pairwise.signal_to_noise: of unit vectors; "
        "means over the pairs above 0",
        "losses.SmoothAPLoss": "retrieval.smooth_ap: of unit vectors; a query finds itself",
        "losses.SoftTripleLoss": "proxies.soft_triple: owns the proxies",
        "losses.SphereFaceLoss": "margin_softmax.sphereface: owns the proxies",
        "losses.SubCenterArcFaceLoss": "margin_softmax.subcenter_arcface: degrees; owns the "
        "proxies",
        "losses.SupConLoss": "contrastive.sup_con: of unit vectors; mean over the values above 0",
        "losses.TripletMarginLoss": "metric.batch_all_triplet: of unit vectors, margin 0.05; mean "
        "over all triplets above 0",
        "losses.TupletMarginLoss": "tuplet.tuplet_margin: degrees, scale 64; mean over pairs",
        "losses.VICRegLoss": "contrastive.vicreg: distance divided by the dimension, hinge halved",
        "miners.BatchHardMiner": "metric.batch_hard_triplet: indices for TripletMarginLoss, which "
        "takes the mean over the values above 0",
        "miners.TripletMarginMiner": "metric.triplet_mask: indices",
    },
    "lightly": {
        "loss.BarlowTwinsLoss": "contrastive.barlow_twins: adds 1e-5 to the variances",
        "loss.DCLLoss": "negatives.dcl: of unit vectors, mean of both directions",
        "loss.DCLWLoss": "negatives.dclw: of unit vectors, mean of both directions",
        "loss.DINOLoss": "self_supervised.dino: all pairs of views; holds the centre",
        "loss.IBOTPatchLoss": "self_supervised.ibot: of the masked patches; holds the centre",
        "loss.KoLeoLoss": "self_supervised.koleo",
        "loss.MMCRLoss": "redundancy.mmcr: views of two networks apart",
        "loss.NTXentLoss": "contrastive.sup_con: of both views as unit vectors, one label for each "
        "pair; temperature 0.5",
        "loss.NegativeCosineSimilarity": "self_supervised.negative_cosine: leaves it to the caller "
        "to hold the target constant",
        "loss.SwaVLoss": "self_supervised.swav: mean of both directions",
        "loss.TiCoLoss": "redundancy.tico: holds the covariance",
        "loss.VICRegLoss": "contrastive.vicreg: distance divided by the dimension, hinge halved",
        "loss.WMSELoss": "redundancy.w_mse: whitens slices drawn from the batch, eps 0",
    },
    "rax": {
        "approx_t12n": "smooth_metrics.approx_ndcg: minus the metric; there are approx_mrr, "
        "approx_map and others; counts relevant items that are left out",
        "bound_t12n": "smooth_metrics.approx_ndcg: minus the metric; has step='hinge' here",
        "dcg2_lambdaweight": "lambda_weights.dcg2: times the length of the lists, not normalised "
        "by default",
        "dcg_lambdaweight": "lambda_weights.dcg: times the length of the lists, not normalised by "
        "default",
        "gumbel_t12n": "smooth_metrics.perturbed",
        "labeldiff_lambdaweight": "lambda_weights.label_difference",
        "listmle_loss": "listwise.list_mle: NaN with scores of -inf, another gradient at ties",
        "pairwise_hinge_loss": "ranking.pairwise_hinge: mean over all pairs of all lists",
        "pairwise_logistic_loss": "ranking.pairwise_logistic: mean over all pairs of all lists; "
        "NaN with scores of -inf",
        "pairwise_mse_loss": "ranking.pairwise_squared: counts each pair twice, and items with "
        "themselves in the mean",
        "pairwise_qr_loss": "ranking.pairwise_quantile: mean over all pairs of all lists; "
        "squared=True is ranking.pairwise_expectile",
        "pairwise_soft_zero_one_loss": "ranking.pairwise_soft_zero_one: mean over all pairs of all "
        "lists",
        "pointwise_mse_loss": "regression.squared_error",
        "pointwise_sigmoid_loss": "classification.sigmoid_cross_entropy: clips relevance to "
        "[0, 1], another gradient at 0",
        "poly1_softmax_loss": "listwise.poly1_softmax: does not divide relevance by its sum",
        "segment_t12n": "ragged.segmented: compares all items with each other, in memory n * n",
        "softmax_loss": "listwise.softmax: does not divide relevance by its sum",
        "unique_softmax_loss": "listwise.unique_softmax: NaN with scores of -inf",
        "ap_metric": "rank_metrics.average_precision",
        "mrr_metric": "rank_metrics.mrr",
        "ndcg_metric": "rank_metrics.ndcg",
        "opa_metric": "rank_metrics.ordered_pairs",
        "precision_metric": "rank_metrics.precision",
        "recall_metric": "rank_metrics.recall",
    },
    "allrank": {
        "losses.approxNDCGLoss": "smooth_metrics.approx_ndcg: minus the metric, mean; alpha is one "
        "over the temperature",
        "losses.bce": "classification.sigmoid_cross_entropy: of probabilities, mean of the sums",
        "losses.binary_listNet": "listwise.softmax: mean; adds 1e-10 to probabilities",
        "losses.lambdaLoss": "ranking.lambda_loss: logarithm to the base 2, sum; other schemes are "
        "ranking.lambda_rank and lambda_weights.dcg2",
        "losses.listMLE": "listwise.list_mle: shuffles ties, mean",
        "losses.listNet": "listwise.list_net: mean; adds 1e-10 to probabilities",
        "losses.neuralNDCG": "sorting.neural_ndcg: minus the metric, mean",
        "losses.neuralNDCG_transposed": "sorting.neural_ndcg: minus the metric, mean",
        "losses.rankNet": "ranking.pairwise_logistic: mean over all pairs of all lists",
        "losses.rankNet_weightByGTDiff": "ranking.pairwise_logistic: weighting="
        "lambda_weights.label_difference; mean over all pairs of all lists",
    },
    "open_clip": {
        "ClipLoss": "contrastive.clip: takes the scale and not its logarithm; mean",
        "SigLipLoss": "contrastive.siglip: takes the scale and not its logarithm; mean of rows",
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
    "tensorflow": {
        "nn.sampled_softmax_loss": "sampled.sampled_softmax: draws the sample itself",
        "nn.nce_loss": "sampled.noise_contrastive_estimation: draws the sample itself",
    },
    "torchaudio": {
        "functional.rnnt_loss": "sequence.transducer: takes counts, mean by default; blank is the "
        "last class by default",
    },
    "warprnnt_numba": {
        "RNNTLossNumba": "sequence.transducer: takes counts, mean by default",
    },
}
"""By library, then by the name of the loss there: the name here, and what differs there."""
