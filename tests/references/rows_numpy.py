"""Rows of libraries on NumPy: scikit-learn, SciPy, statsmodels, scoringrules.

Gradients where they have them.
"""

from tests.references import (
    rows_densities,
    rows_distributions,
    rows_labels,
    rows_likelihoods,
    rows_scores,
)
from tests.references.case import Case, Peer
from tests.references.inputs import CLASSES, PROBABILITIES, REALS, VECTORS

CE = "jl.classification.softmax_cross_entropy"
RESIDUALS = {
    "pred": [-9.0, -6.0, -4.0, -3.0, -1.0, -0.25, 0.0, 0.5, 2.0, 7.5],
    "target": [0.0] * 10,
}
POSITIVE = {"pred": [0.5, 1.25, 0.75, 2.0], "target": [0.25, 1.0, 1.5, 2.5]}
BIT_LOGITS = {"logits": [-3.0, -0.5, 0.0, 2.0, 6.0], "target": [0.0, 1.0, 1.0, 0.0, 1.0]}
SIGN_LOGITS = {
    "logits": [-3.0, -1.0, -0.5, 0.5, 1.5, 2.0],
    "target": [1.0, 1.0, -1.0, 1.0, 1.0, -1.0],
}
# 4 times, with ties among those who die and with one censored at the time of a death
SURVIVAL = {
    "log_hazard": [0.5, -1.0, 0.25, 2.0, 0.0, -0.75, 1.5],
    "time": [1.0, 2.0, 2.0, 3.0, 2.0, 3.0, 4.0],
    "event": [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0],
}
PHREG = 'PHReg(time, np.eye(7), status=event, ties="{0}").{1}(log_hazard)'
SAMPLES = {"x": [0.5, -1.0, 2.0, 0.25, -1.0], "y": [1.5, -0.5, 3.0]}
SAMPLE_WEIGHTS = {"x_weights": [1.0, 0.5, 0.0, 2.0, 0.25], "y_weights": [0.5, 3.0, 1.0]}
ENSEMBLE = {
    "pred": [[0.5, -1.0, 2.0, 0.25], [3.0, 3.0, -2.5, 1.0], [-0.5, 0.75, 0.0, -4.0]],
    "target": [0.0, 3.0, -5.0],
}
SGD = "[sgd.{0}.py_loss(y, p) for y, p in zip(target, {1})]"
SGD_SLOPE = "[sgd.{0}.py_dloss(p, y) for y, p in zip(target, {1})]"


def sgd(name: str, loss: str, ours: str, inputs: dict[str, list[float]]) -> Case:
    """Row of one of the losses of scikit-learn's stochastic gradient descent, with its slope."""
    first = next(iter(inputs))
    return Case(
        name, SGD.format(loss, first), ours, inputs, slopes={first: SGD_SLOPE.format(loss, first)}
    )


def half(name: str, loss: str, ours: str, inputs: dict[str, list[float]], relation: str) -> Case:
    """Row of one of the losses of scikit-learn's gradient boosting, with its gradient."""
    first = next(iter(inputs))
    call = f"(y_true=target, raw_prediction={first})"
    return Case(
        name,
        f"{loss}.loss{call}",
        ours,
        inputs,
        relation=relation,
        slopes={first: f"{loss}.gradient{call}"},
    )


SKLEARN = Peer(
    name="sklearn",
    pins=("scikit-learn==1.9.1", "scipy==1.17.1"),
    runs="numpy",
    setup=(
        "import numpy as np; from sklearn import metrics; from sklearn._loss import loss; from "
        "sklearn.linear_model import _sgd_fast as sgd"
    ),
    cases=(
        Case(
            "mean-squared-error",
            "metrics.mean_squared_error(target, pred)",
            "jl.mean(jl.regression.squared_error(pred, target))",
            REALS,
            relation="scikit-learn averages",
        ),
        Case(
            "root-mean-squared-error",
            "metrics.root_mean_squared_error(target, pred)",
            "jl.agreement.root_mean_squared_error(pred, target)",
            REALS,
        ),
        Case(
            "mean-absolute-error",
            "metrics.mean_absolute_error(target, pred, sample_weight=weights)",
            "jl.mean(jl.regression.absolute_error(pred, target), weights=weights)",
            REALS | {"weights": [1.0, 2.0, 0.5, 0.0, 1.0, 3.0, 0.25, 1.5]},
            relation="both divide by the sum of the weights",
        ),
        Case(
            "mean-absolute-percentage-error",
            "metrics.mean_absolute_percentage_error(target, pred)",
            "jl.mean(jl.regression.absolute_percentage_error(pred, target))",
            POSITIVE,
            relation="scikit-learn averages; its eps is 2.2e-16",
        ),
        Case(
            "mean-squared-log-error",
            "metrics.mean_squared_log_error(target, pred)",
            "jl.mean(jl.regression.squared_log_error(pred, target))",
            POSITIVE,
            relation="scikit-learn averages",
        ),
        Case(
            "r2-score",
            "metrics.r2_score(target, pred)",
            "1 - jl.agreement.relative_squared_error(pred, target)",
            REALS,
            relation="R2 is 1 minus the relative squared error",
        ),
        Case(
            "log-loss",
            "metrics.log_loss(labels, pred)",
            "jl.mean(jl.classification.categorical_cross_entropy(pred, labels))",
            {
                "pred": [[0.25, 0.125, 0.625], [0.0625, 0.75, 0.1875], [0.5, 0.25, 0.25]],
                "labels": [2, 1, 0],
            },
            relation="scikit-learn averages",
        ),
        Case(
            "hinge-loss",
            "metrics.hinge_loss(target, logits)",
            "jl.mean(jl.margin.hinge(logits, target))",
            SIGN_LOGITS,
            relation="scikit-learn averages",
        ),
        Case(
            "hinge-loss-multiclass",
            "metrics.hinge_loss(labels, logits, labels=[0, 1, 2, 3])",
            "jl.mean(jl.margin.crammer_singer(logits, labels))",
            CLASSES,
            relation="scikit-learn averages",
        ),
        half(
            "half-squared",
            "loss.HalfSquaredError()",
            "jl.regression.squared_error(pred, target) / 2",
            REALS,
            "a factor of one half",
        ),
        half(
            "half-binomial",
            "loss.HalfBinomialLoss()",
            "jl.classification.sigmoid_cross_entropy(logits, target)",
            BIT_LOGITS,
            "equal, despite the name",
        ),
        half(
            "exponential",
            "loss.ExponentialLoss()",
            "jl.margin.exponential(logits, 2 * target - 1)",
            BIT_LOGITS | {"logits": [-3.0, -0.5, 0.0, 2.0, 3.0]},
            "scikit-learn takes bits",
        ),
        Case(
            "half-multinomial",
            (
                "loss.HalfMultinomialLoss(n_classes=4).loss(y_true=labels.astype(float), "
                "raw_prediction=logits)"
            ),
            f"{CE}(logits, labels)",
            CLASSES,
            relation="equal, despite the name",
            slopes={
                "logits": "loss.HalfMultinomialLoss(n_classes=4).gradient("
                "y_true=labels.astype(float), raw_prediction=logits)"
            },
        ),
        sgd("hinge", "Hinge(1.0)", "jl.margin.hinge(logits, target)", SIGN_LOGITS),
        sgd("perceptron", "Hinge(0.0)", "jl.margin.perceptron(logits, target)", SIGN_LOGITS),
        sgd(
            "squared-hinge",
            "SquaredHinge(1.0)",
            "jl.margin.squared_hinge(logits, target)",
            SIGN_LOGITS,
        ),
        sgd(
            "modified-huber",
            "ModifiedHuber()",
            "jl.margin.modified_huber(logits, target)",
            SIGN_LOGITS,
        ),
        sgd(
            "epsilon-insensitive",
            "EpsilonInsensitive(0.75)",
            "jl.regression.epsilon_insensitive(pred, target, epsilon=0.75)",
            REALS,
        ),
        sgd(
            "squared-epsilon-insensitive",
            "SquaredEpsilonInsensitive(0.75)",
            "jl.regression.squared_epsilon_insensitive(pred, target, epsilon=0.75)",
            REALS,
        ),
        *rows_labels.SKLEARN_CASES,
        *rows_likelihoods.SKLEARN_CASES,
        *rows_densities.SKLEARN_CASES,
    ),
)

SCIPY = Peer(
    name="scipy",
    pins=("scipy==1.17.1",),
    runs="numpy",
    setup=(
        "import numpy as np; from scipy import special, stats; from scipy.spatial import distance"
    ),
    cases=(
        Case(
            "huber",
            "special.huber(2.0, pred - target)",
            "jl.regression.huber(pred, target, delta=2.0)",
            REALS,
        ),
        Case(
            "pseudo-huber",
            "special.pseudo_huber(2.0, pred - target)",
            "jl.regression.pseudo_huber(pred, target, delta=2.0)",
            REALS,
        ),
        Case(
            "pseudo-huber-small",
            "special.pseudo_huber(1.0, pred - target)",
            "jl.regression.pseudo_huber(pred, target)",
            {"pred": [1e-4, 1e-3], "target": [0.0, 0.0]},
        ),
        Case(
            "log-softmax",
            "-special.log_softmax(logits, axis=-1)[np.arange(3), labels]",
            f"{CE}(logits, labels)",
            CLASSES,
            slopes={"logits": "special.softmax(logits, axis=-1) - np.eye(4)[labels]"},
        ),
        Case(
            "binary-cross-entropy",
            "-special.xlogy(target, pred) - special.xlog1py(1 - target, -pred)",
            "jl.classification.binary_cross_entropy(pred, target)",
            PROBABILITIES,
        ),
        Case(
            "cosine",
            "[distance.cosine(a, b) for a, b in zip(x, y)]",
            "jl.agreement.cosine_distance(x, y)",
            VECTORS,
        ),
        Case(
            "correlation",
            "[distance.correlation(a, b) for a, b in zip(x, y)]",
            "jl.agreement.pearson_distance(x, y)",
            VECTORS,
        ),
        Case(
            "minkowski",
            "[distance.minkowski(a, b, p=1.5) for a, b in zip(x, y)]",
            "jl.agreement.minkowski_error(x, y, order=1.5)",
            VECTORS,
        ),
        Case(
            "wasserstein",
            "stats.wasserstein_distance(x, y)",
            "jl.transport.wasserstein(x, y)",
            SAMPLES,
        ),
        Case(
            "wasserstein-weights",
            "stats.wasserstein_distance(x, y, x_weights, y_weights)",
            "jl.transport.wasserstein(x, y, x_weights=x_weights, y_weights=y_weights)",
            SAMPLES | SAMPLE_WEIGHTS,
        ),
        Case(
            "energy-distance",
            "stats.energy_distance(x, y)",
            "jnp.sqrt(jl.transport.energy_distance(x, y))",
            SAMPLES,
            relation="SciPy takes the root",
        ),
        Case(
            "energy-distance-weights",
            "stats.energy_distance(x, y, x_weights, y_weights)",
            (
                "jnp.sqrt("
                "jl.transport.energy_distance(x, y, x_weights=x_weights, y_weights=y_weights))"
            ),
            SAMPLES | SAMPLE_WEIGHTS,
            relation="SciPy takes the root",
        ),
        *rows_likelihoods.SCIPY_CASES,
        *rows_densities.SCIPY_CASES,
        *rows_distributions.SCIPY,
    ),
)

STATSMODELS = Peer(
    name="statsmodels",
    pins=("statsmodels==0.15.0", "scipy==1.17.1"),
    runs="numpy",
    setup=(
        "import numpy as np; from statsmodels.discrete import count_model, truncated_model; from "
        "statsmodels.duration.hazard_regression import PHReg; from statsmodels.genmod import "
        "families; from statsmodels.miscmodels.ordinal_model import OrderedModel; from "
        "statsmodels.robust import norms"
    ),
    cases=tuple(
        Case(
            name,
            f"norms.{norm}.rho(pred - target)",
            ours,
            RESIDUALS,
            slopes={"pred": f"norms.{norm}.psi(pred - target)"},
        )
        for name, norm, ours in (
            ("huber", "HuberT(t=1.345)", "jl.regression.huber(pred, target, delta=1.345)"),
            ("tukey", "TukeyBiweight(c=4.685)", "jl.robust.tukey_biweight(pred, target)"),
            (
                "tukey-narrow",
                "TukeyBiweight(c=2.5)",
                "jl.robust.tukey_biweight(pred, target, scale=2.5)",
            ),
            ("hampel", "Hampel(a=2.0, b=4.0, c=8.0)", "jl.robust.hampel(pred, target)"),
            (
                "hampel-narrow",
                "Hampel(a=0.75, b=1.5, c=5.0)",
                "jl.robust.hampel(pred, target, a=0.75, b=1.5, c=5.0)",
            ),
        )
    )
    + tuple(
        Case(
            f"cox-{ties}",
            f"-{PHREG.format(ties, 'loglike')} / event.sum()",
            f'jl.survival.cox(log_hazard, time, event, ties="{ties}")',
            SURVIVAL,
            relation="statsmodels does not divide by the number of events; its default is Breslow",
            slopes={"log_hazard": f"-{PHREG.format(ties, 'score')} / event.sum()"},
        )
        for ties in ("efron", "breslow")
    )
    + rows_labels.STATSMODELS_CASES
    + rows_likelihoods.STATSMODELS_CASES
    + rows_densities.STATSMODELS_CASES,
)

SCORINGRULES = Peer(
    name="scoringrules",
    pins=("scoringrules==0.10.0",),
    runs="numpy",
    setup="import numpy as np; import scoringrules as sr",
    cases=(
        Case(
            "crps-energy",
            'sr.crps_ensemble(target, pred, estimator="nrg")',
            "jl.scoring.crps_ensemble(pred, target)",
            ENSEMBLE,
        ),
        Case(
            "crps-default",
            "sr.crps_ensemble(target, pred)",
            "jl.scoring.crps_ensemble(pred, target)",
            ENSEMBLE,
            relation="the default of scoringrules, qd, is the energy form by another sum",
        ),
        Case(
            "crps-fair",
            'sr.crps_ensemble(target, pred, estimator="fair")',
            'jl.scoring.crps_ensemble(pred, target, estimator="fair")',
            ENSEMBLE,
        ),
        Case(
            "crps-fair-single-member",
            'sr.crps_ensemble(target, pred, estimator="fair")',
            'jl.scoring.crps_ensemble(pred, target, estimator="fair")',
            {"pred": [[3.0], [-1.0]], "target": [1.0, -1.0]},
            relation="scoringrules is NaN for one member; ours is its absolute error",
            expect={"value": [2.0, 0.0]},
        ),
        *rows_labels.SCORINGRULES_CASES,
        *rows_scores.SCORINGRULES_CASES,
        *rows_densities.SCORINGRULES_CASES,
    ),
    public='["sr." + name for name in sr.__all__]',
    not_ours=rows_scores.SCORINGRULES_NOT_OURS,
)
