"""What is found in libraries of statistics: likelihoods, scores, survival, distances."""

from collections.abc import Mapping

NAMES: Mapping[str, Mapping[str, str]] = {
    "sklearn": {
        "metrics.mean_squared_error": "regression.squared_error: reduces",
        "metrics.mean_absolute_error": "regression.absolute_error: reduces",
        "metrics.mean_absolute_percentage_error": "regression.absolute_percentage_error: reduces",
        "metrics.mean_squared_log_error": "regression.squared_log_error: reduces",
        "metrics.root_mean_squared_error": "agreement.root_mean_squared_error",
        "metrics.r2_score": "agreement.relative_squared_error: 1 minus it",
        "metrics.log_loss": "classification.categorical_cross_entropy: reduces",
        "metrics.hinge_loss": "margin.crammer_singer: reduces; of two classes it is margin.hinge",
        "metrics.mean_tweedie_deviance": "deviance.tweedie: reduces; power 0 by default",
        "metrics.mean_poisson_deviance": "deviance.tweedie: power 1; reduces",
        "metrics.mean_gamma_deviance": "deviance.tweedie: power 2; reduces",
        "metrics.d2_tweedie_score": "deviance.tweedie: 1 minus its mean over that of the mean",
        "metrics.mean_pinball_loss": "quantile.pinball: reduces; the median, halved, by default",
        "metrics.d2_pinball_score": "quantile.pinball: 1 minus its mean over that of the quantile",
        "metrics.brier_score_loss": "proper.brier: of probabilities, reduces; of two classes half",
        "metrics.ndcg_score": "rank_metrics.ndcg: grades are gains there, 2**grade - 1 here; ties "
        "averaged; mean",
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
        "stats.invgauss": "lifetimes.inverse_gaussian: its mu is the mean over the shape, which is "
        "its scale",
        "stats.dirichlet_multinomial": "proportions.dirichlet_multinomial: takes the total too",
        "stats.betabinom": "proportions.dirichlet_multinomial: of two classes",
    },
    "statsmodels": {
        "robust.norms.HuberT": "regression.huber: default 1.345",
        "robust.norms.TukeyBiweight": "robust.tukey_biweight",
        "robust.norms.Hampel": "robust.hampel",
        "genmod.families.Tweedie.loglike_obs": "lifetimes.tweedie: log-likelihood of the mean; "
        "1 < p < 2, else an approximation",
        "genmod.families.Tweedie.resid_dev": "deviance.tweedie: its root, signed",
        "genmod.families.InverseGaussian.loglike_obs": "lifetimes.inverse_gaussian: dispersion, 1 "
        "over the shape",
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
        "brier_score": "proper.brier: of a probability, of two classes half",
        "log_score": "classification.sigmoid_cross_entropy: of a probability, target first",
        "logs_normal": "likelihood.gaussian_log_variance: of the scale, target first",
        "logs_t": "likelihood.student_t: of the scale, target and df first",
        "logs_laplace": "likelihood.laplace: of the scale, target first",
        "logs_logistic": "likelihood.logistic: of the scale, target first",
        "logs_lognormal": "lifetimes.log_normal: of the scale, target first",
        "logs_loglogistic": "lifetimes.log_logistic: of the scale, target first",
        "logs_exponential": "lifetimes.exponential: of the rate, target first",
        "logs_gamma": "lifetimes.gamma: of shape and rate, target first",
        "logs_gev": "extremes.generalized_extreme_value: of the scale, target and shape first",
        "logs_gpd": "extremes.generalized_pareto: of target less location and of the scale, target "
        "and shape first",
        "logs_beta": "proportions.beta: of the shapes, target first",
        "logs_poisson": "counts.poisson: of the rate, target first",
        "logs_negbinom": "counts.negative_binomial: n is 1 over the dispersion; target first",
        "logs_binomial": "counts.binomial: of a probability, target first",
        "logs_mixnorm": "mixtures.gaussian_mixture: of weights and scales, target first",
        "logs_ensemble": "mixtures.gaussian_mixture: with even logits, and one scale for all",
    },
    "torch_uncertainty": {
        "losses.BetaNLL": "uncertainty.beta_nll: of the variance; mean",
        "losses.DERLoss": "uncertainty.evidential_regression: mean",
        "losses.DECLoss": "uncertainty.evidential_classification: mean; anneals its weight",
        "losses.ConfidencePenaltyLoss": "uncertainty.confidence_penalty: adds the cross-entropy "
        "and the logarithm of the number of classes",
        "losses.ConflictualLoss": "uncertainty.conflictual: draws one class for the batch",
        "losses.DistributionNLLLoss": "likelihood.gaussian: of a distribution of torch; mean",
        "losses.PinballLoss": "quantile.pinball: mean",
        "losses.FocalLoss": "focal.softmax_focal: mean",
        "losses.BCEWithLogitsLSLoss": "classification.sigmoid_cross_entropy: smoothing; mean",
        "losses.CrossEntropyMaxSupLoss": "classification.max_suppression_cross_entropy: mean",
    },
    "ott": {
        "tools.sinkhorn_divergence.sinkdiv": "sinkhorn.divergence: returns the solution too; "
        "epsilon from the costs by default, less steps",
        "solvers.linear.solve": "sinkhorn.entropic: reg_ot_cost of its solution; with tau_a and "
        "tau_b sinkhorn.unbalanced, of another measure",
        "tools.sliced.sliced_wasserstein": "transport.sliced_wasserstein: draws its directions",
        "geometry.costs.SoftDTW": "temporal.soft_dtw: debiased, temporal.soft_dtw_divergence",
        "neural.methods.monge_gap.monge_gap_from_samples": "sinkhorn.monge_gap: relative epsilon",
    },
    "tslearn": {
        "metrics.soft_dtw": "temporal.soft_dtw: one pair, no gradient",
        "metrics.dtw": "temporal.soft_dtw: at a gamma of 0, its square root",
        "metrics.soft_dtw_normalized": "temporal.soft_dtw_divergence",
    },
    "POT": {
        "wasserstein_1d": "transport.wasserstein: points on the first axis",
        "emd2_1d": "transport.wasserstein: p = 2 by default",
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
}
