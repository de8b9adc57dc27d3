"""Rows of scores of forecasts, and of losses of uncertainty: scoringrules, TorchUncertainty."""

from collections.abc import Mapping
from typing import Any

from tests.references.case import Case

PLACED = {
    "mean": [0.0, 1.5, -2.0, 0.25],
    "scale": [1.0, 0.5, 2.0, 0.125],
    "target": [0.5, -1.0, -2.0, 0.75],
}
HEAVY = PLACED | {"df": [3.0, 1.5, 12.0, 5.0]}
POSITIVE = {"shape": [0.5, 1.0, 3.0, 8.0], "scale": [1.0, 2.0, 0.5, 0.25]}
WAITS = {"scale": [1.0, 2.0, 0.5], "target": [0.5, 0.0, 3.0]}
INTERVALS = {"lower": [0.0, -1.0, 2.0], "upper": [1.0, 2.0, 2.5], "target": [0.25, 3.0, 1.0]}
SHARES = {"a": [0.5, 2.0, 5.0], "b": [0.5, 3.0, 1.5], "target": [0.25, 0.5, 0.875]}
COUNTS = {"rate": [0.5, 2.0, 9.0], "target": [0.0, 3.0, 7.0]}
PARTS = {
    "logits": [[0.0, 1.0, -1.0], [2.0, 0.0, 0.5]],
    "mean": [[0.0, 1.0, -2.0], [3.0, 0.5, 0.0]],
    "scale": [[1.0, 0.5, 2.0], [0.25, 1.0, 1.5]],
    "target": [0.5, -1.0],
}
LEVELS = {
    "pred": [[-1.0, 0.25, 2.0], [0.0, 0.5, 0.75]],
    "target": [0.5, -1.0],
    "levels": [0.1, 0.5, 0.9],
}
NESTED = {
    "lower": [[-2.0, -1.0], [0.0, 0.25]],
    "upper": [[3.0, 1.0], [2.0, 0.75]],
    "median": [0.0, 0.5],
    "target": [2.0, -1.0],
    "miscoverage": [0.1, 0.5],
}
ENSEMBLE = {
    "pred": [[0.5, -1.0, 2.0, 0.25], [3.0, 3.0, -2.5, 1.0], [-0.5, 0.75, 0.0, -4.0]],
    "target": [0.0, 3.0, -5.0],
}
VECTORS = {
    "pred": [
        [[0.5, -1.0], [2.0, 0.25], [3.0, -2.5], [1.0, 1.5]],
        [[-0.5, 0.75], [0.0, -4.0], [1.0, 1.0], [1.25, 0.5]],
    ],
    "target": [[0.0, 1.0], [-1.0, 2.0]],
}
Q = "np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)"
BOUNDS = "lower=-1.0, upper=2.0"


def scored(
    name: str, call: str, ours: str, inputs: Mapping[str, Any], relation: str = "equal"
) -> Case:
    """Row of a function of scoringrules, without gradients."""
    return Case(name, f"sr.{call}", f"jl.{ours}", inputs, relation=relation, wrt=())


SCORINGRULES_CASES = (
    scored(
        "crps-normal",
        "crps_normal(target, mean, scale)",
        "crps.gaussian(mean, scale, target)",
        PLACED,
    ),
    scored(
        "crps-logistic",
        "crps_logistic(target, mean, scale)",
        "crps.logistic(mean, scale, target)",
        PLACED,
    ),
    scored(
        "crps-laplace",
        "crps_laplace(target, mean, scale)",
        "crps.laplace(mean, scale, target)",
        PLACED,
    ),
    scored(
        "crps-t",
        "crps_t(target, df, mean, scale)",
        "crps.student_t(mean, scale, df, target)",
        HEAVY,
    ),
    scored(
        "crps-mixnorm",
        f"crps_mixnorm(target, mean, scale, {Q})",
        "crps.mixture_gaussian(logits, mean, scale, target)",
        PARTS,
        "scoringrules takes weights",
    ),
    scored(
        "crps-exponential",
        "crps_exponential(target, 1 / scale)",
        "crps_bounded.exponential(scale, target)",
        WAITS,
        "scoringrules takes the rate",
    ),
    scored(
        "crps-uniform",
        "crps_uniform(target, lower, upper)",
        "crps_bounded.uniform(lower, upper, target)",
        INTERVALS,
    ),
    scored(
        "crps-lognormal",
        "crps_lognormal(target, mean, scale)",
        "crps_bounded.lognormal(mean, scale, target)",
        PLACED | {"target": [0.5, 4.0, 0.25, 1.5]},
    ),
    scored(
        "crps-gamma",
        "crps_gamma(target, shape, scale=scale)",
        "crps_bounded.gamma(shape, scale, target)",
        POSITIVE | {"target": [0.25, 3.0, 1.5, 2.5]},
    ),
    scored("crps-beta", "crps_beta(target, a, b)", "crps_bounded.beta(a, b, target)", SHARES),
    scored(
        "crps-poisson",
        "crps_poisson(target, rate)",
        "crps_bounded.poisson(rate, target)",
        COUNTS,
    ),
    scored(
        "crps-cnormal",
        f"crps_cnormal(target, mean, scale, {BOUNDS})",
        f"crps_cut.censored_gaussian(mean, scale, target, {BOUNDS})",
        PLACED,
    ),
    scored(
        "crps-tnormal",
        f"crps_tnormal(target, mean, scale, {BOUNDS})",
        f"crps_cut.truncated_gaussian(mean, scale, target, {BOUNDS})",
        PLACED | {"target": [0.5, -1.0, -0.25, 0.75]},
    ),
    scored(
        "crps-quantile",
        "crps_quantile(target, pred, levels)",
        "quantile.crps_quantile(pred, target, levels=levels)",
        LEVELS,
    ),
    scored(
        "quantile-score",
        "quantile_score(target, pred, 0.75)",
        "quantile.pinball(pred, target, quantile=0.75)",
        {"pred": [0.5, -1.0, 2.0], "target": [0.0, 3.0, 2.0]},
    ),
    scored(
        "interval-score",
        "interval_score(target, lower, upper, 0.2)",
        "quantile.interval(lower, upper, target, miscoverage=0.2)",
        INTERVALS,
    ),
    Case(
        "weighted-interval-score",
        "sr.weighted_interval_score(target, median, lower, upper, miscoverage)",
        ("jl.quantile.weighted_interval(lower, upper, median, target, miscoverage=miscoverage)"),
        NESTED,
        relation="scoringrules on NumPy takes the median for its error; on Numba it does not",
        wrt=(),
        # (2 / 2 + 0.05 * 5 + 0.25 * 6) / 2.5 and (1.5 / 2 + 0.05 * 22 + 0.25 * 5.5) / 2.5
        expect={"value": [1.1, 1.29]},
    ),
    scored(
        "twcrps",
        'twcrps_ensemble(target, pred, a=0.25, estimator="nrg")',
        "scoring.threshold_weighted_crps(pred, target, threshold=0.25)",
        ENSEMBLE,
    ),
    Case(
        "error-spread",
        "sr.error_spread_score(target, pred)",
        "jl.scoring.error_spread(pred, target)",
        ENSEMBLE,
        relation="scoringrules leaves the number of members out of the skewness",
        wrt=(),
        expect={"value": [1.3525113, 10.1532701, 3.95376126]},
    ),
    scored(
        "energy-score", "es_ensemble(target, pred)", "multivariate.energy(pred, target)", VECTORS
    ),
    scored(
        "energy-score-fair",
        'es_ensemble(target, pred, estimator="fair")',
        'multivariate.energy(pred, target, estimator="fair")',
        VECTORS,
    ),
    scored(
        "variogram-score",
        "vs_ensemble(target, pred, p=0.5)",
        "multivariate.variogram(pred, target)",
        VECTORS,
    ),
    scored(
        "kernel-score",
        "gksmv_ensemble(target, pred)",
        "multivariate.gaussian_kernel(pred, target)",
        VECTORS,
    ),
    scored(
        "kernel-score-fair",
        'gksmv_ensemble(target, pred, estimator="fair")',
        'multivariate.gaussian_kernel(pred, target, estimator="fair")',
        VECTORS,
    ),
    scored(
        "kernel-score-numbers",
        "gksuv_ensemble(target, pred)",
        "multivariate.gaussian_kernel(pred[..., None], target[..., None])",
        ENSEMBLE,
    ),
    scored(
        "dawid-sebastiani",
        "dssmv_ensemble(target, pred)",
        "multivariate.dawid_sebastiani(*jl.multivariate.moments(pred), target)",
        VECTORS,
    ),
    scored(
        "dawid-sebastiani-numbers",
        "dssuv_ensemble(target, pred)",
        (
            "multivariate.dawid_sebastiani(*jl.multivariate.moments(pred[..., None]), "
            "target[..., None])"
        ),
        ENSEMBLE,
    ),
    scored(
        "brier",
        "brier_score(target, 1 / (1 + np.exp(-logits)))",
        "proper.brier(jnp.stack([0 * logits, logits], -1), target.astype(int)) / 2",
        {"logits": [0.5, -2.0, 1.0], "target": [1.0, 0.0, 0.0]},
        "scoringrules takes a probability, and counts one of the two classes",
    ),
    scored(
        "log-score",
        "log_score(target, 1 / (1 + np.exp(-logits)))",
        "classification.sigmoid_cross_entropy(logits, target)",
        {"logits": [0.5, -2.0, 1.0], "target": [1.0, 0.0, 0.0]},
        "scoringrules takes a probability",
    ),
    scored(
        "ranked-probability",
        f"rps_score(target, {Q}, onehot=True)",
        "proper.ranked_probability(logits, target)",
        {
            "logits": [[0.5, -1.0, 2.0], [0.0, 0.25, 1.0]],
            "target": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        },
        "scoringrules takes probabilities",
    ),
    scored(
        "log-normal-density",
        "logs_normal(target, mean, scale)",
        ("uncertainty.heteroscedastic(mean, 2 * jnp.log(scale), target) + jnp.log(2 * jnp.pi) / 2"),
        PLACED,
        "a constant",
    ),
)
_FAMILY = "a distribution without a score of its own here"
_LIKELIHOOD = "a density cut off, halved or without replacement, without a likelihood here"
_WEIGHTED = "weights given as a function: chain it before the plain score"
_OTHERS = {
    _FAMILY: (
        "crps_2pexponential crps_2pnormal crps_binomial crps_clogistic crps_csg0 crps_ct "
        "crps_exponentialM crps_gev crps_gpd crps_gtclogistic crps_gtcnormal crps_gtct "
        "crps_hypergeometric crps_loglaplace crps_loglogistic crps_negbinom crps_tlogistic crps_tt"
    ),
    _LIKELIHOOD: (
        "clogs_ensemble logs_2pexponential logs_2pnormal logs_hypergeometric logs_tlogistic "
        "logs_tnormal logs_tt logs_uniform"
    ),
    _WEIGHTED: (
        "owcrps_ensemble owes_ensemble owgksmv_ensemble owgksuv_ensemble owvs_ensemble "
        "twes_ensemble twgksmv_ensemble twgksuv_ensemble twvs_ensemble vrcrps_ensemble "
        "vres_ensemble vrgksmv_ensemble vrgksuv_ensemble vrvs_ensemble"
    ),
    "a sum of logarithmic scores of cumulated classes": "rls_score",
    "machinery": "backends register_backend",
}
SCORINGRULES_NOT_OURS = {
    f"sr.{name}": reason for reason, names in _OTHERS.items() for name in names.split()
}
