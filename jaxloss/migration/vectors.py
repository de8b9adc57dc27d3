"""What is found in libraries of embeddings and ranked lists."""

from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, str]] = {
    "pytorch_metric_learning": {
        "losses.AngularLoss": "tuplet.angular: degrees; pairs in both orders; negatives keep their "
        "length",
        "losses.ArcFaceLoss": "margin_softmax.arcface: degrees; owns the proxies",
        "losses.CircleLoss": "tuplet.circle: of unit vectors; margin 0.4, scale 80; mean over the "
        "values above 0",
        "losses.ContrastiveLoss": "pairwise.batch_contrastive: of unit vectors, power 1; means "
        "over the pairs above 0",
        "losses.CosFaceLoss": "margin_softmax.cosface: owns the proxies",
        "losses.DynamicSoftMarginLoss": "metric.dynamic_soft_margin: of all triplets of the "
        "labels; "
        "holds the frequencies, without a point at 2, and differentiates in them",
        "losses.FastAPLoss": "retrieval.fast_ap",
        "losses.GeneralizedLiftedStructureLoss": "tuplet.generalized_lifted_structure: of unit "
        "vectors",
        "losses.HistogramLoss": "retrieval.histogram",
        "losses.IntraPairVarianceLoss": "pairwise.intra_pair_variance: mean over pairs",
        "losses.LargeMarginSoftmaxLoss": "margin_softmax.large_margin_softmax: owns the weights",
        "losses.LiftedStructureLoss": "tuplet.lifted_structure: of unit vectors; mean over pairs",
        "losses.ManifoldLoss": "proxies.manifold: owns the proxies; labels go by indices_tuple, "
        "and "
        "are drawn if there are none",
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
        "losses.ThresholdConsistentMarginLoss": "pairwise.threshold_consistent_margin",
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
        "loss.CAPILoss": "self_supervised.capi: images before positions, mean",
        "loss.DCLLoss": "negatives.dcl: of unit vectors, mean of both directions",
        "loss.DCLWLoss": "negatives.dclw: of unit vectors, mean of both directions",
        "loss.DINOLoss": "self_supervised.dino: all pairs of views; holds the centre",
        "loss.DetConBLoss": "dense.detcon: of unit vectors, with masks by image; sum of both "
        "directions",
        "loss.DetConSLoss": "dense.detcon: own is pred; of unit vectors, with masks by image; sum "
        "of "
        "both directions",
        "loss.EMPSSLLoss": "redundancy.emp_ssl: adds the coding rate instead of subtracting it; "
        "eps "
        "is not squared",
        "loss.FroSSLLoss": "redundancy.frossl: does not take away the means",
        "loss.IBOTPatchLoss": "self_supervised.ibot: of the masked patches; holds the centre",
        "loss.KoLeoLoss": "self_supervised.koleo",
        "loss.LeJEPALoss": "isotropy.lejepa: draws the directions; global views apart",
        "loss.LeWMLoss": "isotropy.sig_reg: of each frame, a tenth of it and the mean of "
        "regression.squared_error",
        "loss.MACLLoss": "negatives.macl: of unit vectors, mean of both directions",
        "loss.MMCRLoss": "redundancy.mmcr: views of two networks apart",
        "loss.MSNLoss": "prototypes.msn: of vectors and prototypes, which it brings to unit "
        "length; "
        "adds log(prototypes)",
        "loss.NTXentLoss": "contrastive.sup_con: of both views as unit vectors, one label for each "
        "pair; temperature 0.5",
        "loss.NegativeCosineSimilarity": "self_supervised.negative_cosine: leaves it to the caller "
        "to hold the target constant",
        "loss.PMSNCustomLoss": "prototypes.pmsn: of vectors and prototypes, which it brings to "
        "unit "
        "length; diverges from the mean prediction to the prior",
        "loss.PMSNLoss": "prototypes.pmsn: prior=power_law(prototypes); of vectors and prototypes, "
        "which it brings to unit length; diverges from the mean prediction to the prior",
        "loss.PatchKernelAlignmentLoss": "dense.kernel_alignment: masks what is left out, mean "
        "over "
        "the images of two patches at least",
        "loss.SIGReg": "isotropy.sig_reg: draws the directions",
        "loss.SwaVLoss": "self_supervised.swav: mean of both directions",
        "loss.TiCoLoss": "redundancy.tico: holds the covariance",
        "loss.VICRegLLoss": "dense.vicregl: and contrastive.vicreg of images; distance divided by "
        "the "
        "dimension, hinge and covariance halved",
        "loss.VICRegLoss": "contrastive.vicreg: distance divided by the dimension, hinge halved",
        "loss.VISRegLoss": "isotropy.visreg: draws the directions; global views apart",
        "loss.WMSELoss": "redundancy.w_mse: whitens slices drawn from the batch, eps 0",
    },
    "open_clip": {
        "ClipLoss": "contrastive.clip: takes the scale and not its logarithm; mean",
        "SigLipLoss": "contrastive.siglip: takes the scale and not its logarithm; mean of rows",
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
}
