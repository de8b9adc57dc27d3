"""What is found in frameworks, and in libraries of losses of any kind."""

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
    "tensorflow": {
        "nn.sampled_softmax_loss": "sampled.sampled_softmax: draws the sample itself",
        "nn.nce_loss": "sampled.noise_contrastive_estimation: draws the sample itself",
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
        "image.total_variation": "edges.total_variation: sum over pixels and channels",
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
        "tweedie_deviance_score": "deviance.tweedie: reduces; power 0 by default",
        "continuous_ranked_probability_score": "scoring.crps_ensemble: mean",
        "hinge_loss(task='binary')": "margin.hinge: takes bits; squashes scores outside [0, 1]",
        "hinge_loss(task='multiclass')": "margin.crammer_singer: squashes scores outside [0, 1]",
    },
}
