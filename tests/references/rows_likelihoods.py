"""Rows of likelihoods: densities, counts, mixtures, durations, of all the peers that have them."""

from math import lgamma

from tests.references.case import Case, Peer

LOCATED = {
    "loc": [0.5, -1.0, 2.0, 0.0, 0.25],
    "log_scale": [0.0, 0.5, -1.0, 1.0, -0.5],
    "target": [0.5, 1.5, 0.0, -3.0, 2.0],
}
POSITIVE = LOCATED | {"target": [0.5, 1.5, 0.125, 3.0, 2.0]}
SHAPES = {
    "log_concentration": [0.0, 0.5, -1.0, 1.0, 3.0],
    "log_scale": [0.5, -1.0, 0.0, 0.25, 1.0],
    "target": [0.5, 1.5, 0.125, 3.0, 2.0],
}
RATES = {"log_rate": [0.5, -1.0, 2.0, 0.0, 4.0], "target": [0.0, 1.0, 5.0, 3.0, 60.0]}
FEW = {"log_rate": [0.5, -1.0, 2.0, 0.0], "target": [0.0, 1.0, 1.0, 0.0]}
ZEROS = {"logits": [0.5, -1.0, 2.0, -0.5, 0.0], **RATES}
TRIALS = {
    "logits": [0.5, -1.0, 2.0, 0.0],
    "target": [0.0, 3.0, 8.0, 50.0],
    "trials": [4.0, 5.0, 8.0, 100.0],
}
COMPONENTS = {
    "logits": [[0.5, -1.0, 2.0], [0.0, 3.0, 0.0]],
    "loc": [[0.5, -1.0, 2.0], [0.0, 0.25, 4.0]],
    "log_scale": [[0.0, 0.5, -1.0], [1.0, -0.5, 0.25]],
    "target": [0.25, 3.0],
}
FACTORS = {
    "mean": [[0.5, -1.0, 2.0], [0.0, 0.25, 4.0]],
    "cholesky": [
        [[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-1.0, 0.25, 0.5]],
        [[0.5, 0.0, 0.0], [0.0, 1.5, 0.0], [2.0, -0.5, 1.0]],
    ],
    "target": [[0.0, 1.0, 0.5], [-1.0, 0.5, 3.0]],
}
EVENTS = {"event": [1.0, 0.0, 1.0, 0.0, 1.0]}
CURVES = {
    "logits": [[0.5, -1.0, 2.0], [0.0, 0.25, 4.0], [-0.5, 1.0, 0.0], [1.0, 0.5, -2.0]],
    "labels": [0, 1, 1, 2],
    "event": [1.0, 0.0, 1.0, 1.0],
}
SCALED = "loc=loc, scale=np.exp(log_scale)"
LOG_PDF = "-stats.{0}.logpdf(target, {1})"
LOG_PMF = "-stats.{0}.logpmf(target, {1})"
LATER = "-np.where(event == 1, stats.{0}.logpdf(target, {1}), stats.{0}.logsf(target, {1}))"
FISK = "c=np.exp(-log_scale), scale=np.exp(loc)"
LOG_NORM = "s=np.exp(log_scale), scale=np.exp(loc)"
POWER = "np.exp(log_concentration), scale=np.exp(log_scale)"
NBINOM = "1 / {0}, 1 / (1 + {0} * np.exp(log_rate))"
OF_THREE = "(loc, log_scale, target)"

SCIPY_CASES = (
    Case(
        "gaussian",
        "-stats.norm.logpdf(target, mean, np.sqrt(variance))",
        "jl.likelihood.gaussian(mean, variance, target)",
        {"mean": LOCATED["loc"], "variance": [1.0, 4.0, 0.25, 2.0, 0.5]}
        | {"target": LOCATED["target"]},
    ),
    *(
        Case(name, LOG_PDF.format(theirs, theirs_given), f"jl.{ours}", inputs)
        for name, theirs, theirs_given, ours, inputs in (
            ("laplace", "laplace", SCALED, f"likelihood.laplace{OF_THREE}", LOCATED),
            ("logistic", "logistic", SCALED, f"likelihood.logistic{OF_THREE}", LOCATED),
            ("student-t", "t", f"4.0, {SCALED}", f"likelihood.student_t{OF_THREE}", LOCATED),
            (
                "student-t-heavy",
                "t",
                f"1.5, {SCALED}",
                "likelihood.student_t(loc, log_scale, target, df=1.5)",
                LOCATED,
            ),
            (
                "von-mises",
                "vonmises",
                "np.exp(log_scale), loc=loc",
                f"likelihood.von_mises{OF_THREE}",
                LOCATED,
            ),
            ("log-normal", "lognorm", LOG_NORM, f"lifetimes.log_normal{OF_THREE}", POSITIVE),
            ("log-logistic", "fisk", FISK, f"lifetimes.log_logistic{OF_THREE}", POSITIVE),
            (
                "exponential",
                "expon",
                "scale=np.exp(-log_scale)",
                "lifetimes.exponential(log_scale, target)",
                POSITIVE,
            ),
            (
                "gamma",
                "gamma",
                "np.exp(log_concentration), scale=np.exp(-log_scale)",
                "lifetimes.gamma(log_concentration, log_scale, target)",
                SHAPES,
            ),
            (
                "weibull",
                "weibull_min",
                POWER,
                "lifetimes.weibull(log_concentration, log_scale, target)",
                SHAPES,
            ),
            *(
                (
                    f"extreme-value-{shape:g}",
                    "genextreme",
                    f"{-shape}, {SCALED}",
                    f"extremes.generalized_extreme_value(loc, log_scale, target, shape={shape})",
                    LOCATED,
                )
                for shape in (0.0, 0.25, -0.125)
            ),
            *(
                (
                    f"pareto-{shape:g}",
                    "genpareto",
                    f"{shape}, scale=np.exp(log_scale)",
                    f"extremes.generalized_pareto(log_scale, target, shape={shape})",
                    POSITIVE,
                )
                for shape in (0.0, 0.5, -0.125)
            ),
            (
                "beta",
                "beta",
                "np.exp(log_alpha), np.exp(log_beta)",
                "proportions.beta(log_alpha, log_beta, target)",
                {
                    "log_alpha": [0.5, -1.0, 2.0, 4.0],
                    "log_beta": [0.0, 1.0, -0.5, 5.0],
                    "target": [0.25, 0.0625, 0.9375, 0.25],
                },
            ),
        )
    ),
    Case(
        "poisson",
        LOG_PMF.format("poisson", "np.exp(log_rate)"),
        "jl.counts.poisson(log_rate, target)",
        RATES,
    ),
    *(
        Case(
            f"negative-binomial-{level:g}",
            LOG_PMF.format("nbinom", NBINOM.format(level)),
            f"jl.counts.negative_binomial(log_rate, target, dispersion={level})",
            RATES,
        )
        for level in (1.0, 0.125, 4.0)
    ),
    Case(
        "binomial",
        LOG_PMF.format("binom", "trials, special.expit(logits)"),
        "jl.counts.binomial(logits, target, trials)",
        TRIALS,
    ),
    Case(
        "multinomial",
        (
            "[-stats.multinomial.logpmf(t, t.sum(), special.softmax(z)) "
            "for z, t in zip(logits, target)]"
        ),
        "jl.proportions.multinomial(logits, target)",
        {
            "logits": [[0.5, -1.0, 2.0], [0.0, 3.0, 0.0]],
            "target": [[2.0, 0.0, 5.0], [1.0, 1.0, 0.0]],
        },
    ),
    Case(
        "dirichlet",
        ("[-stats.dirichlet.logpdf(t, np.exp(a)) for a, t in zip(log_concentration, target)]"),
        "jl.proportions.dirichlet(log_concentration, target)",
        {
            "log_concentration": [[0.5, -1.0, 2.0], [0.0, 3.0, 1.0]],
            "target": [[0.25, 0.0625, 0.6875], [0.125, 0.75, 0.125]],
        },
    ),
    Case(
        "multivariate-gaussian",
        (
            "[-stats.multivariate_normal.logpdf(t, m, f @ f.T) "
            "for m, f, t in zip(mean, cholesky, target)]"
        ),
        "jl.mixtures.multivariate_gaussian(mean, cholesky, target)",
        FACTORS,
    ),
    Case(
        "gaussian-mixture",
        (
            "-special.logsumexp(special.log_softmax(logits, -1) + "
            "stats.norm.logpdf(target[:, None], loc, np.exp(log_scale)), axis=-1)"
        ),
        "jl.mixtures.gaussian_mixture(logits, loc, log_scale, target)",
        COMPONENTS,
    ),
    *(
        Case(
            f"censored-{name}", LATER.format(theirs, given), f"jl.censored.{ours}", inputs | EVENTS
        )
        for name, theirs, given, ours, inputs in (
            (
                "exponential",
                "expon",
                "scale=np.exp(-log_scale)",
                "exponential(log_scale, target, event)",
                POSITIVE,
            ),
            (
                "weibull",
                "weibull_min",
                POWER,
                "weibull(log_concentration, log_scale, target, event)",
                SHAPES,
            ),
            (
                "log-logistic",
                "fisk",
                FISK,
                "log_logistic(loc, log_scale, target, event)",
                POSITIVE,
            ),
            (
                "log-normal",
                "lognorm",
                LOG_NORM,
                "log_normal(loc, log_scale, target, event)",
                POSITIVE,
            ),
        )
    ),
)

# One column for each observation, so that each has parameters of its own.
INFLATED = (
    "-{0}(target, np.eye(5), exog_infl=np.eye(5)).loglikeobs(np.concatenate([logits, log_rate{1}]))"
)
STATSMODELS_CASES = (
    Case(
        "family-gaussian",
        "[-families.Gaussian().loglike_obs(t, m, scale=v) for t, m, v in "
        "zip(target, mean, variance)]",
        "jl.likelihood.gaussian(mean, variance, target)",
        {"mean": LOCATED["loc"], "variance": [1.0, 4.0, 0.25, 2.0, 0.5]}
        | {"target": LOCATED["target"]},
    ),
    Case(
        "family-poisson",
        "-families.Poisson().loglike_obs(target, np.exp(log_rate))",
        "jl.counts.poisson(log_rate, target)",
        RATES,
    ),
    Case(
        "family-negative-binomial",
        "-families.NegativeBinomial(alpha=0.5).loglike_obs(target, np.exp(log_rate))",
        "jl.counts.negative_binomial(log_rate, target, dispersion=0.5)",
        RATES,
    ),
    Case(
        "family-gamma",
        "-families.Gamma().loglike_obs(target, np.exp(log_mean), scale=0.5)",
        "jl.lifetimes.gamma(jnp.full(5, jnp.log(2.0)), jnp.log(2.0) - log_mean, target)",
        {"log_mean": LOCATED["loc"], "target": POSITIVE["target"]},
        relation="statsmodels has the mean and the squared relative width, 1 over the shape",
    ),
    Case(
        "zero-inflated-poisson",
        INFLATED.format("count_model.ZeroInflatedPoisson", ""),
        "jl.counts.zero_inflated_poisson(logits, log_rate, target)",
        ZEROS,
    ),
    Case(
        "zero-inflated-negative-binomial",
        INFLATED.format("count_model.ZeroInflatedNegativeBinomialP", ", [0.5]"),
        "jl.counts.zero_inflated_negative_binomial(logits, log_rate, target, dispersion=0.5)",
        ZEROS,
    ),
    Case(
        "hurdle-poisson",
        (
            "np.where(target > 0, -truncated_model.TruncatedLFPoisson(target[[1, 1, 2, 3, 4]], "
            "np.eye(5), truncation=0).loglikeobs(log_rate) + np.log1p(np.exp(logits)), "
            "np.log1p(np.exp(-logits)))"
        ),
        "jl.counts.hurdle_poisson(logits, log_rate, target)",
        ZEROS,
        relation="statsmodels has the part above 0; that of whether a count is 0 was added to it",
    ),
)

TORCH_CASES = (
    Case(
        "gaussian-nll",
        'F.gaussian_nll_loss(mean, target, variance, full=True, reduction="none")',
        "jl.likelihood.gaussian(mean, variance, target)",
        {"mean": LOCATED["loc"], "variance": [1.0, 4.0, 0.25, 2.0, 0.5]}
        | {"target": LOCATED["target"]},
        wrt=("mean", "variance", "target"),
    ),
    Case(
        "gaussian-nll-default",
        'F.gaussian_nll_loss(mean, target, variance, reduction="none")',
        "jl.likelihood.gaussian(mean, variance, target) - jnp.log(2 * jnp.pi) / 2",
        {"mean": [0.5, -1.0], "variance": [1.0, 4.0], "target": [0.5, 1.5]},
        relation="torch leaves the constant out unless it is asked for",
        wrt=("mean", "variance"),
    ),
    Case(
        "gaussian-nll-narrow",
        'F.gaussian_nll_loss(mean, target, variance, full=True, reduction="none")',
        "jl.likelihood.gaussian(mean, variance, target)",
        {"mean": [0.0], "variance": [1e-8], "target": [0.0]},
        relation="torch takes a variance of at least 1e-6; ours is as narrow as it says",
        expect={"value": [0.9189385332 - 9.2103403720]},
        wrt=("mean",),
    ),
    Case(
        "poisson-nll",
        'F.poisson_nll_loss(log_rate, target, reduction="none")',
        "jl.counts.poisson(log_rate, target)",
        FEW,
        relation="torch leaves log(target!) out, which is 0 for counts of 0 and 1",
    ),
    Case(
        "poisson-nll-full",
        'F.poisson_nll_loss(log_rate, target, full=True, reduction="none")',
        "jl.counts.poisson(log_rate, target)",
        {"log_rate": [0.0, 0.0, 0.0], "target": [2.0, 5.0, 3.0]},
        relation="torch has the first terms of Stirling's formula for log(target!)",
        expect={"value": [1 + lgamma(3), 1 + lgamma(6), 1 + lgamma(4)]},
    ),
)

KERAS_CASES = (
    Case(
        "poisson",
        "losses.poisson(target, rate)",
        "jnp.mean(jl.counts.poisson(jnp.log(rate), target), axis=-1)",
        {"rate": [[0.5, 1.0, 2.25, 4.0]], "target": [[0.0, 1.0, 1.0, 0.0]]},
        relation=(
            "Keras takes the rate, adds 1e-7 to it in the logarithm, leaves log(target!) out, "
            "which is 0 for counts of 0 and 1, and averages over the last axis"
        ),
    ),
)

HALF = "loss.{0}().loss(y_true=target, raw_prediction={1})"
HALF_SLOPE = "loss.{0}().gradient(y_true=target, raw_prediction={1})"
SKLEARN_CASES = (
    Case(
        "half-poisson",
        HALF.format("HalfPoissonLoss", "log_rate"),
        "jl.counts.poisson(log_rate, target)",
        FEW,
        relation="scikit-learn leaves log(target!) out, which is 0 for counts of 0 and 1",
        slopes={"log_rate": HALF_SLOPE.format("HalfPoissonLoss", "log_rate")},
    ),
    Case(
        "half-gamma",
        HALF.format("HalfGammaLoss", "log_mean"),
        "jl.lifetimes.exponential(-log_mean, target)",
        {"log_mean": LOCATED["loc"], "target": POSITIVE["target"]},
        relation="that of a shape of 1; another one is a factor",
        slopes={"log_mean": HALF_SLOPE.format("HalfGammaLoss", "log_mean")},
    ),
)

PYCOX = Peer(
    name="pycox",
    pins=("pycox==0.3.0", "torchtuples==0.2.2", "torch==2.13.0"),
    runs="torch",
    setup=(
        "import torch; from pycox.models import loss; from pycox.models.data import pair_rank_mat"
    ),
    cases=(
        Case(
            "logistic-hazard",
            'loss.nll_logistic_hazard(logits, labels, event, reduction="none")',
            "jl.survival.logistic_hazard(logits, labels, event)",
            CURVES,
        ),
        Case(
            "probability-mass",
            'loss.nll_pmf(logits, labels, event, reduction="none")',
            "jl.survival.probability_mass(logits, labels, event)",
            CURVES,
        ),
        Case(
            "deephit",
            (
                "loss.NLLPMFLoss()(logits, labels, event) + 0.5 * loss.rank_loss_deephit_single("
                "logits, labels, event, torch.tensor(pair_rank_mat(labels.numpy(), "
                "event.numpy())), 0.5)"
            ),
            "jl.mean(jl.survival.deephit(logits, labels, event, weight=0.5, sigma=0.5))",
            CURVES,
            relation="pycox averages, and weighs the parts by alpha and 1 - alpha",
            precision="float32",
        ),
    ),
)
