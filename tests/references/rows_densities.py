"""Rows of deviances, of the rarer densities, and of logarithmic scores, of all that have them."""

from collections.abc import Mapping
from typing import Any

from tests.references.case import Case
from tests.references.rows_likelihoods import COMPONENTS, LOCATED, POSITIVE, SHAPES, TRIALS

AMOUNTS = {"pred": [1.0, 0.75, 2.5, 4.0], "target": [0.5, 1.5, 2.0, 3.0]}
SOME_ZEROS = {"pred": [1.0, 0.75, 2.5, 4.0], "target": [0.0, 1.5, 0.0, 3.0]}
CLAIMS = {
    "log_mean": [0.5, -1.0, 2.0, 0.0, 0.25],
    "log_dispersion": [0.0, 0.5, -1.0, 1.0, -2.0],
    "target": [0.5, 0.0, 4.5, 3.0, 2.0],
}
LATE = {
    "log_mean": [0.5, -1.0, 2.0, 0.0],
    "log_shape": [0.0, 1.5, -1.0, 2.0],
    "target": [0.5, 0.25, 3.0, 2.0],
}
SCATTERED = {
    "log_concentration": [[0.5, -1.0, 2.0], [0.0, 3.0, 1.0]],
    "target": [[2.0, 0.0, 5.0], [1.0, 1.0, 0.0]],
}
LOADED = {
    "mean": [[0.5, -1.0, 2.0], [0.0, 0.25, 4.0]],
    "factor": [
        [[1.0, 0.5], [0.25, -2.0], [-1.0, 0.5]],
        [[0.5, 0.0], [1.5, -0.25], [2.0, 1.0]],
    ],
    "log_scale": [[0.0, -1.0, 0.5], [0.25, -0.5, 1.0]],
    "target": [[0.0, 1.0, 0.5], [-1.0, 0.5, 3.0]],
}
CERTAINTIES = {
    "pred": [[0.25, 0.125, 0.625], [0.0625, 0.75, 0.1875], [0.5, 0.25, 0.25]],
    "labels": [2, 1, 0],
}
MEMBERS = {
    "pred": [[0.5, -1.0, 2.0, 0.25], [3.0, 3.0, -2.5, 1.0], [-0.5, 0.75, 0.0, -4.0]],
    "target": [0.0, 3.0, -5.0],
}
LISTS = {"scores": [[0.1, 0.4, 0.3, 0.9]], "relevance": [[1.0, 0.0, 2.0, 3.0]]}
_MEAN = "jl.mean(jl.{0})"
_SKILL = "1 - jl.mean(jl.{0}) / jl.mean(jl.{1})"
_PRIOR = "jnp.eye(3)[labels].mean(0, keepdims=True).repeat(3, 0)"
_WITHIN = "scikit-learn compares with the mean (median, quantile, shares) of the targets"
_POWERS = {"normal": 0, "poisson": 1, "compound": 1.5, "gamma": 2, "steep": 3, "falling": -1}

SKLEARN_CASES = (
    *(
        Case(
            f"tweedie-deviance-{name}",
            f"metrics.mean_tweedie_deviance(target, pred, power={power})",
            _MEAN.format(f"deviance.tweedie(pred, target, power={float(power)})"),
            AMOUNTS,
            relation="scikit-learn averages",
        )
        for name, power in _POWERS.items()
    ),
    Case(
        "tweedie-deviance-zeros",
        "metrics.mean_tweedie_deviance(target, pred, power=1.5)",
        _MEAN.format("deviance.tweedie(pred, target)"),
        SOME_ZEROS,
        relation="scikit-learn averages",
    ),
    Case(
        "tweedie-deviance-below-zero",
        "metrics.mean_tweedie_deviance(target, pred, power=-1)",
        _MEAN.format("deviance.tweedie(pred, target, power=-1.0)"),
        AMOUNTS | {"target": [-0.5, 1.5, -2.0, 3.0]},
        relation="scikit-learn averages",
    ),
    Case(
        "poisson-deviance",
        "metrics.mean_poisson_deviance(target, pred)",
        _MEAN.format("deviance.tweedie(pred, target, power=1.0)"),
        SOME_ZEROS,
        relation="scikit-learn averages",
    ),
    Case(
        "gamma-deviance",
        "metrics.mean_gamma_deviance(target, pred)",
        _MEAN.format("deviance.tweedie(pred, target, power=2.0)"),
        AMOUNTS,
        relation="scikit-learn averages",
    ),
    Case(
        "half-tweedie-identity",
        "loss.HalfTweedieLossIdentity(power=1.5).loss(y_true=target, raw_prediction=pred)",
        "jl.deviance.tweedie(pred, target) / 2",
        AMOUNTS,
        relation="a factor of one half",
        slopes={
            "pred": (
                "loss.HalfTweedieLossIdentity(power=1.5).gradient(y_true=target, "
                "raw_prediction=pred)"
            )
        },
    ),
    Case(
        "half-tweedie",
        "loss.HalfTweedieLoss(power=1.5).loss(y_true=target, raw_prediction=log_mean)",
        "jl.deviance.tweedie(jnp.exp(log_mean), target) / 2 + 4 * jnp.sqrt(target)",
        {"log_mean": [0.0, 0.75, 1.0, 0.5], "target": [0.5, 1.5, 2.0, 3.0]},
        relation="a factor of one half, and scikit-learn leaves the part of the target out",
        slopes={
            "log_mean": (
                "loss.HalfTweedieLoss(power=1.5).gradient(y_true=target, raw_prediction=log_mean)"
            )
        },
    ),
    Case(
        "d2-tweedie",
        "metrics.d2_tweedie_score(target, pred, power=1.5)",
        _SKILL.format(
            "deviance.tweedie(pred, target)", "deviance.tweedie(0 * pred + target.mean(), target)"
        ),
        AMOUNTS,
        relation=_WITHIN,
    ),
    Case(
        "d2-pinball",
        "metrics.d2_pinball_score(target, pred, alpha=0.75)",
        _SKILL.format(
            "quantile.pinball(pred, target, quantile=0.75)",
            "quantile.pinball(0 * pred + jnp.quantile(target, 0.75), target, quantile=0.75)",
        ),
        AMOUNTS | {"pred": [1.0, 0.75, 2.5, 4.0, 1.5], "target": [0.5, 1.5, 2.0, 3.0, 2.5]},
        relation=_WITHIN,
    ),
    Case(
        "d2-absolute-error",
        "metrics.d2_absolute_error_score(target, pred)",
        _SKILL.format(
            "regression.absolute_error(pred, target)",
            "regression.absolute_error(0 * pred + jnp.median(target), target)",
        ),
        AMOUNTS,
        relation=_WITHIN,
    ),
    Case(
        "d2-log-loss",
        "metrics.d2_log_loss_score(labels, pred)",
        _SKILL.format(
            "classification.categorical_cross_entropy(pred, labels)",
            f"classification.categorical_cross_entropy({_PRIOR}, labels)",
        ),
        CERTAINTIES,
        relation=_WITHIN,
    ),
    Case(
        "d2-brier",
        "metrics.d2_brier_score(labels, pred)",
        _SKILL.format(
            "proper.brier(jnp.log(pred), labels)", f"proper.brier(jnp.log({_PRIOR}), labels)"
        ),
        CERTAINTIES,
        relation=_WITHIN,
    ),
    Case(
        "brier-classes",
        "metrics.brier_score_loss(labels, pred)",
        "jl.mean(jl.proper.brier(jnp.log(pred), labels))",
        CERTAINTIES,
        relation="scikit-learn takes probabilities and averages",
    ),
    Case(
        "brier-bits",
        "metrics.brier_score_loss(labels, pred)",
        "jl.mean(jl.proper.brier(jnp.log(jnp.stack([1 - pred, pred], -1)), labels)) / 2",
        {"pred": [0.2, 0.6, 0.9], "labels": [0, 1, 1]},
        relation="of two classes scikit-learn counts one",
    ),
    Case(
        "pinball",
        "metrics.mean_pinball_loss(target, pred, alpha=0.75)",
        "jl.mean(jl.quantile.pinball(pred, target, quantile=0.75))",
        AMOUNTS,
        relation="scikit-learn averages",
    ),
    Case(
        "ndcg",
        "metrics.ndcg_score(relevance, scores)",
        "jl.mean(jl.rank_metrics.ndcg(scores, jnp.log2(1 + relevance)))",
        LISTS,
        relation="scikit-learn takes grades for gains, jaxloss 2**grade - 1; ties averaged there",
    ),
)

SCIPY_CASES = (
    Case(
        "inverse-gaussian",
        ("-stats.invgauss.logpdf(target, np.exp(log_mean - log_shape), scale=np.exp(log_shape))"),
        "jl.lifetimes.inverse_gaussian(log_mean, log_shape, target)",
        LATE,
        relation="equal; SciPy's mean is in units of the shape, its scale",
    ),
    Case(
        "dirichlet-multinomial",
        (
            "[-stats.dirichlet_multinomial.logpmf(t.astype(int), np.exp(a), int(t.sum())) "
            "for a, t in zip(log_concentration, target)]"
        ),
        "jl.proportions.dirichlet_multinomial(log_concentration, target)",
        SCATTERED,
    ),
    Case(
        "beta-binomial",
        (
            "-stats.betabinom.logpmf(target[:, 0], target.sum(-1), np.exp(log_concentration[:, 0])"
            ", np.exp(log_concentration[:, 1]))"
        ),
        "jl.proportions.dirichlet_multinomial(log_concentration, target)",
        {
            "log_concentration": [[0.5, -1.0], [0.0, 3.0]],
            "target": [[2.0, 3.0], [0.0, 7.0]],
        },
    ),
    Case(
        "low-rank-gaussian",
        (
            "[-stats.multivariate_normal.logpdf(t, m, f @ f.T + np.diag(np.exp(2 * s))) "
            "for m, f, s, t in zip(mean, factor, log_scale, target)]"
        ),
        "jl.mixtures.low_rank_gaussian(mean, factor, log_scale, target)",
        LOADED,
    ),
)

STATSMODELS_CASES = (
    Case(
        "family-tweedie",
        (
            "[-families.Tweedie(var_power=1.5).loglike_obs(np.array([t]), np.array([np.exp(m)]), "
            "scale=np.exp(f))[0] for m, f, t in zip(log_mean, log_dispersion, target)]"
        ),
        "jl.lifetimes.tweedie(log_mean, log_dispersion, target)",
        CLAIMS,
        relation="equal; statsmodels has the series as a function of Wright",
    ),
    Case(
        "family-tweedie-steep",
        (
            "[-families.Tweedie(var_power=1.9).loglike_obs(np.array([t]), np.array([np.exp(m)]), "
            "scale=np.exp(f))[0] for m, f, t in zip(log_mean, log_dispersion, target)]"
        ),
        "jl.lifetimes.tweedie(log_mean, log_dispersion, target, power=1.9)",
        CLAIMS,
        relation="equal; statsmodels has the series as a function of Wright",
    ),
    Case(
        "family-inverse-gaussian",
        (
            "[-families.InverseGaussian().loglike_obs(t, np.exp(m), scale=np.exp(-s)) "
            "for m, s, t in zip(log_mean, log_shape, target)]"
        ),
        "jl.lifetimes.inverse_gaussian(log_mean, log_shape, target)",
        LATE,
        relation="equal; the dispersion of statsmodels is 1 over the shape",
    ),
    Case(
        "deviance-tweedie",
        "families.Tweedie(var_power=1.5).resid_dev(target, pred) ** 2",
        "jl.deviance.tweedie(pred, target)",
        AMOUNTS,
        relation="statsmodels takes the root, with the sign of the error",
    ),
)

TORCH_CASES = (
    Case(
        "low-rank-gaussian",
        (
            "-torch.distributions.LowRankMultivariateNormal(mean, factor, "
            "(2 * log_scale).exp()).log_prob(target)"
        ),
        "jl.mixtures.low_rank_gaussian(mean, factor, log_scale, target)",
        LOADED,
        relation="equal; torch takes the variances of the entries",
        wrt=("mean", "factor", "log_scale", "target"),
    ),
)

TORCHMETRICS_CASES = (
    Case(
        "tweedie-deviance",
        "regression.tweedie_deviance_score(pred, target, power=1.5)",
        "jl.mean(jl.deviance.tweedie(pred, target))",
        AMOUNTS,
        relation="torchmetrics averages",
    ),
    Case(
        "crps",
        "regression.continuous_ranked_probability_score(pred, target)",
        "jl.mean(jl.scoring.crps_ensemble(pred, target))",
        MEMBERS,
        relation="torchmetrics averages",
    ),
)


def _scored(
    name: str, call: str, ours: str, inputs: Mapping[str, Any], relation: str = "equal"
) -> Case:
    return Case(f"logs-{name}", f"sr.logs_{call}", f"jl.{ours}", inputs, relation=relation, wrt=())


_SHARES = {
    "log_alpha": [0.5, -1.0, 2.0],
    "log_beta": [0.0, 1.0, -0.5],
    "target": [0.25, 0.0625, 0.9375],
}
_COUNTS = {"log_rate": [0.5, -1.0, 2.0, 0.0], "target": [0.0, 1.0, 5.0, 3.0]}
_BY_LOG = "scoringrules takes the scale, jaxloss its logarithm"
_SCALED = "loc, np.exp(log_scale)"
SCORINGRULES_CASES = tuple(
    _scored(*given)
    for given in (
        (
            "beta",
            "beta(target, np.exp(log_alpha), np.exp(log_beta))",
            "proportions.beta(log_alpha, log_beta, target)",
            _SHARES,
            "scoringrules takes the shapes, jaxloss their logarithms",
        ),
        (
            "binomial",
            "binomial(target, trials, 1 / (1 + np.exp(-logits)))",
            "counts.binomial(logits, target, trials)",
            {name: values[:3] for name, values in TRIALS.items()},
            "scoringrules takes a probability, jaxloss its logit",
        ),
        (
            "exponential",
            "exponential(target, np.exp(log_scale))",
            "lifetimes.exponential(log_scale, target)",
            POSITIVE,
            "scoringrules takes the rate, jaxloss its logarithm",
        ),
        (
            "exponential2",
            f"exponential2(target, {_SCALED})",
            "lifetimes.exponential(-log_scale, target - loc)",
            LOCATED | {"target": [0.5, 1.5, 2.25, 3.0, 2.0]},
            "scoringrules takes the scale, and where it starts",
        ),
        (
            "gamma",
            "gamma(target, np.exp(log_concentration), np.exp(log_scale))",
            "lifetimes.gamma(log_concentration, log_scale, target)",
            SHAPES,
            "scoringrules takes shape and rate, jaxloss their logarithms",
        ),
        (
            "gev",
            f"gev(target, 0.25, {_SCALED})",
            "extremes.generalized_extreme_value(loc, log_scale, target, shape=0.25)",
            LOCATED,
            _BY_LOG,
        ),
        (
            "gpd",
            f"gpd(target, 0.25, {_SCALED})",
            "extremes.generalized_pareto(log_scale, target - loc, shape=0.25)",
            LOCATED | {"target": [0.5, 1.5, 2.25, 3.0, 2.0]},
            _BY_LOG,
        ),
        (
            "laplace",
            f"laplace(target, {_SCALED})",
            "likelihood.laplace(loc, log_scale, target)",
            LOCATED,
            _BY_LOG,
        ),
        (
            "logistic",
            f"logistic(target, {_SCALED})",
            "likelihood.logistic(loc, log_scale, target)",
            LOCATED,
            _BY_LOG,
        ),
        (
            "loglaplace",
            f"loglaplace(target, {_SCALED})",
            "likelihood.laplace(loc, log_scale, jnp.log(target)) + jnp.log(target)",
            POSITIVE,
            "the density of the logarithm, over the target",
        ),
        (
            "loglogistic",
            f"loglogistic(target, {_SCALED})",
            "lifetimes.log_logistic(loc, log_scale, target)",
            POSITIVE,
            _BY_LOG,
        ),
        (
            "lognormal",
            f"lognormal(target, {_SCALED})",
            "lifetimes.log_normal(loc, log_scale, target)",
            POSITIVE,
            _BY_LOG,
        ),
        (
            "t",
            f"t(target, 4.0, {_SCALED})",
            "likelihood.student_t(loc, log_scale, target)",
            LOCATED,
            _BY_LOG,
        ),
        (
            "poisson",
            "poisson(target, np.exp(log_rate))",
            "counts.poisson(log_rate, target)",
            _COUNTS,
            "scoringrules takes the rate, jaxloss its logarithm",
        ),
        (
            "negbinom",
            "negbinom(target, 4.0, mu=np.exp(log_rate))",
            "counts.negative_binomial(log_rate, target, dispersion=0.25)",
            _COUNTS,
            "n is 1 over the dispersion",
        ),
        (
            "mixnorm",
            (
                "mixnorm(target, loc, np.exp(log_scale), "
                "np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))"
            ),
            "mixtures.gaussian_mixture(logits, loc, log_scale, target)",
            COMPONENTS,
            "scoringrules takes scales and weights, jaxloss logarithms and logits",
        ),
        (
            "ensemble",
            "ensemble(target, pred, bw=np.full(3, 0.5))",
            "mixtures.gaussian_mixture(0 * pred, pred, 0 * pred + jnp.log(0.5), target)",
            MEMBERS,
            "an even mixture of normal densities, all of one width",
        ),
    )
)
