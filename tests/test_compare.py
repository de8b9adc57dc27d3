"""Candidates, training, metrics and ranking; the two robust scenarios at full length."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as oracle

import jaxloss as jl
from jaxloss.lab import words
from jaxloss.lab.candidates import DEFAULTS, USUAL, candidate, candidates, fitting
from jaxloss.lab.compare import compare, rank
from jaxloss.lab.data import Data, load
from jaxloss.lab.errors import LabError
from jaxloss.lab.metrics import (
    ABSOLUTE_ERROR,
    ACCURACY,
    constant_outputs,
    measure,
    metrics_for,
    with_error,
)
from jaxloss.lab.split import Corruption, split
from jaxloss.lab.train import Plan, Run, prepare, train

QUICK = Plan(steps=60, hidden=(16,), learning_rate=5e-3)
LOGITS = jnp.array([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0], [1.0, 1.0, 1.0], [-4.0, 4.0, 0.0]])
LABELS = jnp.array([0, 1, 2, 1])


@pytest.fixture(scope="module")
def wine():
    """Three losses on wine, three seeds."""
    data = load("wine")
    names = "softmax_cross_entropy,crammer_singer,regression.absolute_error"
    return compare(data, candidates(names, data.task, 3), plan=QUICK, seeds=3)


@pytest.mark.parametrize("task", list(DEFAULTS))
def test_defaults_fit_their_task(task):
    assert len(candidates(None, task, 4)) == 8
    assert {loss.label.split(":")[0].split(" ")[0] for loss in candidates(None, task, 4)} <= set(
        fitting(task)
    )
    assert USUAL[task] in [loss.label for loss in candidates(None, task, 4)]


def test_multiclass_adapters():
    p = jax.nn.softmax(LOGITS)
    true = jnp.take_along_axis(p, LABELS[:, None], 1)[:, 0]
    expected = {
        "softmax_cross_entropy": -jnp.log(true),
        "categorical_cross_entropy": -jnp.log(true),
        "nll": -jnp.log(true),
        "regression.absolute_error": 2 * (1 - true),
        "regression.squared_error": ((p - jax.nn.one_hot(LABELS, 3)) ** 2).sum(1),
    }
    for name, values in expected.items():
        given = candidate(name, "multiclass", 3).values(LOGITS, LABELS)
        assert np.asarray(given) == pytest.approx(np.asarray(values), rel=1e-5), name


def test_binary_adapters():
    logits, bits = jnp.array([2.0, -1.0, 0.0, 3.0]), jnp.array([1, 1, 0, 0])
    p = jax.nn.sigmoid(logits)
    true = jnp.where(bits == 1, p, 1 - p)
    expected = {
        "sigmoid_cross_entropy": -jnp.log(true),
        "binary_cross_entropy": -jnp.log(true),
        "margin.logistic": -jnp.log(true),
        "regression.absolute_error": 2 * (1 - true),
        "regression.squared_error": 2 * (1 - true) ** 2,
    }
    for name, values in expected.items():
        given = candidate(name, "binary").values(logits, bits)
        assert np.asarray(given) == pytest.approx(np.asarray(values), rel=1e-5), name


def test_losses_on_probabilities_say_so():
    labels = [candidate("absolute_error", task, 3).label for task in DEFAULTS]
    assert labels == [
        "regression.absolute_error (on probabilities)",
        "regression.absolute_error (on probabilities)",
        "regression.absolute_error",
    ]


def test_hyperparameters_reach_the_loss():
    loss = candidate("huber:delta=2", "regression")
    assert loss.label == "regression.huber:delta=2"
    pred, target = jnp.array([5.0, 0.5]), jnp.zeros(2)
    expected = jl.regression.huber(pred, target, delta=2.0)
    assert np.asarray(loss.values(pred, target)) == pytest.approx(np.asarray(expected))


@pytest.mark.parametrize(
    ("specs", "task", "message"),
    [
        ("hubr", "regression", "did you mean regression.huber"),
        ("no_such_loss_at_all", "regression", "`jaxloss list` shows them all"),
        ("margin.hinge", "regression", "does not fit the regression task; these do: regression."),
        ("softmax_cross_entropy", "binary", "does not fit the binary task"),
        ("sampled_softmax", "multiclass", "does not fit the multiclass task"),
        ("auc.margin", "binary", "does not fit the binary task"),
        ("huber,regression.huber", "regression", "regression.huber is given twice"),
        ("huber:delta", "regression", "write a hyperparameter as name=value, got 'delta'"),
        ("huber:gamma=1", "regression", "no number called 'gamma' to set; there are: delta"),
        ("squared_error:a=1", "regression", "no number called 'a' to set; it has none"),
        ("huber:delta=much", "regression", "delta must be a number, got 'much'"),
        (" , ", "regression", "--losses is empty"),
    ],
)
def test_candidates_that_cannot_be_used(specs, task, message):
    with pytest.raises(LabError) as error:
        candidates(specs, task, 3 if task == "multiclass" else 0)
    assert message in str(error.value)


def test_metrics_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    for name, width in (("wine", 3), ("breast_cancer", 1), ("diabetes", 1)):
        data = load(name)
        parts = split(data, seeds=2)
        shape = (*parts.test.shape, width) if width > 1 else parts.test.shape
        outputs = rng.normal(size=shape)
        given = measure(data, parts, outputs)
        for i in range(2):
            target = data.target[parts.test[i]]
            if data.task == "regression":
                pred = parts.center[i] + parts.scale[i] * outputs[i]
                expected = {
                    "mean_absolute_error": oracle.mean_absolute_error(target, pred),
                    "root_mean_squared_error": oracle.root_mean_squared_error(target, pred),
                }
            else:
                pred = outputs[i].argmax(-1) if width > 1 else (outputs[i] > 0).astype(int)
                expected = {
                    "accuracy": oracle.accuracy_score(target, pred),
                    "balanced_accuracy": oracle.balanced_accuracy_score(target, pred),
                }
                if width == 1:
                    expected["roc_auc"] = oracle.roc_auc_score(target, outputs[i])
            assert {key: values[i] for key, values in given.items()} == pytest.approx(expected)


def test_constant_prediction_knows_only_the_training_targets():
    for name in ("wine", "breast_cancer", "diabetes"):
        data = load(name)
        parts = split(data, seeds=2)
        given = measure(data, parts, constant_outputs(data, parts))
        for i in range(2):
            target, known = data.target[parts.test[i]], data.target[parts.train[i]]
            if data.task == "regression":
                expected = abs(target - np.median(known)).mean()
                assert given["mean_absolute_error"][i] == pytest.approx(expected)
            else:
                expected = (target == np.bincount(known).argmax()).mean()
                assert given["accuracy"][i] == pytest.approx(expected)
                assert given["balanced_accuracy"][i] == pytest.approx(1 / len(data.classes))


def test_imbalance_changes_the_metric_that_ranks():
    data = load("wine")
    assert metrics_for(data, balanced=False)[0].name == "accuracy"
    comparison = compare(
        data,
        candidates("softmax_cross_entropy", data.task, 3),
        plan=QUICK,
        seeds=2,
        corruption=Corruption(imbalance=0.1),
    )
    result = comparison.results[0]
    assert comparison.metric.name == "balanced_accuracy"
    assert result.run.curves["test_metric"][:, -1] == pytest.approx(
        result.metrics["balanced_accuracy"], abs=1e-5
    )


def test_recorded_metric_ends_where_the_test_does(wine):
    for result in wine.results:
        assert result.run.curves["test_metric"][:, -1] == pytest.approx(
            result.metrics["accuracy"], abs=1e-5
        )


def test_seeds_differ_and_losses_share_them(wine):
    first = np.stack([r.run.curves["validation_metric"][:, 0] for r in wine.results])
    assert (first == first[0]).all()  # one initialisation and one split per seed
    cross_entropy = wine.results[0].run.curves["train_loss"]
    assert len(set(cross_entropy[:, -1])) == 3


def test_curves_are_complete(wine):
    for result in wine.results:
        for name, curve in result.run.curves.items():
            assert curve.shape == (3, 61), name
            start = 1 if name == "gradient_norm" else 0  # no gradient before the first update
            assert np.isfinite(curve[:, start:]).all(), name


def test_training_is_repeatable_bit_by_bit():
    data = load("breast_cancer")
    parts = split(data, seeds=2)
    loss = candidate("sigmoid_cross_entropy", "binary")
    runs = [train(loss.values, prepare(data, parts, QUICK, balanced=False)) for _ in range(2)]
    for name, curve in runs[0].curves.items():
        np.testing.assert_array_equal(curve, runs[1].curves[name])


def test_one_seed_alone_trains_as_it_does_among_others():
    data = load("wine")
    loss = candidate("softmax_cross_entropy", "multiclass", 3)
    both = train(loss.values, prepare(data, split(data, seeds=2), QUICK, balanced=False))
    plan = Plan(steps=60, hidden=(16,), learning_rate=5e-3, seed=1)
    alone = train(loss.values, prepare(data, split(data, seeds=1, seed=1), plan, balanced=False))
    assert alone.curves["train_loss"][0] == pytest.approx(both.curves["train_loss"][1], rel=1e-4)


def test_linear_data_are_learned_to_the_noise():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = 100 + 20 * (x @ [1.0, -2.0, 0.5]) + rng.normal(size=400)
    data = Data("made", x, y, "regression", "y", ("a", "b", "c"))
    plan = Plan(steps=1000, hidden=(), learning_rate=2e-2, batch_size=1000)
    comparison = compare(data, candidates("squared_error", "regression"), plan=plan, seeds=2)
    # Noise of deviation 1: mean absolute error sqrt(2 / pi), a little more with fitted weights.
    result = comparison.results[0]
    assert result.metrics["mean_absolute_error"] == pytest.approx(np.sqrt(2 / np.pi), rel=0.2)
    assert result.verdict.name == "healthy"


def test_baseline_is_the_best_constant():
    data = load("diabetes")
    parts = split(data, seeds=2)
    setup = prepare(data, parts, Plan(steps=10), balanced=False)
    standard = (parts.train_target - parts.center[:, None]) / parts.scale[:, None]
    squared = train(candidate("squared_error", "regression").values, setup)
    absolute = train(candidate("absolute_error", "regression").values, setup)
    assert squared.baseline == pytest.approx(standard.var(1), rel=1e-3)
    assert absolute.baseline == pytest.approx(abs(standard).mean(1), rel=1e-3)


def fake(scores, validation=None):
    """A run that ends with the given validation metric; losses fall from 2 to 0.2."""
    count = len(scores)
    falling = np.tile(0.2 + 1.8 * np.exp(-np.arange(61) / 8), (count, 1))
    metric = np.linspace(0, 1, 61) * np.asarray(validation or scores)[:, None]
    curves = {
        "train_loss": falling,
        "validation_loss": falling + 0.01,
        "validation_metric": metric,
        "test_metric": np.linspace(0, 1, 61) * np.asarray(scores)[:, None],
    }
    return Run(curves, np.full(count, 2.3), np.asarray(scores))


@pytest.fixture
def ranked(monkeypatch):
    """Rank made-up accuracies of four losses over four seeds."""
    measured = lambda data, splits, outputs: {"accuracy": outputs}
    monkeypatch.setattr("jaxloss.lab.compare.measure", measured)
    chance = lambda data, splits: np.full(4, 0.1)
    monkeypatch.setattr("jaxloss.lab.compare.constant_outputs", chance)

    def run(**scores):
        losses = tuple(
            SimpleNamespace(label=f"made.{name}", spec=name, floor=0.0) for name in scores
        )
        data = SimpleNamespace(task="multiclass", name="made-up data")
        splits = SimpleNamespace(corrupted=0, train=np.zeros((4, 1)))
        runs = [fake(values) for values in scores.values()]
        return rank(data, splits, Plan(steps=60), Corruption(), (ACCURACY,), losses, runs)

    return run


def test_ranking_and_noise_by_paired_differences(ranked):
    comparison = ranked(
        low=[0.60, 0.70, 0.50, 0.60],
        # Far below in spread, yet always 0.01 below the best: pairs see what means do not.
        close=[0.79, 0.89, 0.69, 0.791],
        best=[0.80, 0.90, 0.70, 0.80],
        # Better in two seeds, worse in two.
        tied=[0.82, 0.87, 0.71, 0.78],
    )
    found = {r.candidate.spec: r.standing for r in comparison.results}
    assert list(found) == ["best", "tied", "close", "low"]
    assert found == {"best": "best", "tied": "within noise", "close": "worse", "low": "worse"}
    assert comparison.results[2].difference.mean == pytest.approx(-0.00975)
    assert comparison.target == pytest.approx(0.95 * 0.8)
    # The curves rise evenly over 60 steps to their final value.
    assert comparison.results[0].steps_to_target.tolist() == [57, 51, np.inf, 57]


def test_broken_loss_comes_last(ranked):
    comparison = ranked(broken=[0.9, np.nan, 0.9, 0.9], fine=[0.5, 0.5, 0.5, 0.5])
    assert [r.candidate.spec for r in comparison.results] == ["fine", "broken"]
    assert comparison.results[1].standing == "worse"
    assert words.headline(comparison).startswith("On made-up data, fine serves best")


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        (
            {"a": [0.9, 0.91, 0.9, 0.91], "b": [0.7, 0.7, 0.7, 0.7]},
            "On made-up data, a serves best: 90.50 ± 0.29 % test accuracy, "
            "20.50 ± 0.29 points ahead of b.",
        ),
        (
            {"a": [0.9, 0.8, 0.9, 0.8], "b": [0.8, 0.9, 0.8, 0.9], "c": [0.1] * 4},
            "a leads with 85.0 ± 2.9 % test accuracy; b is within noise of it.",
        ),
        ({"a": [0.9, 0.8, 0.9, 0.8], "b": [0.8, 0.9, 0.8, 0.9]}, "no loss stands out: a leads"),
        ({"a": [0.9] * 4}, "On made-up data, a reaches 90.0 ± 0 % test accuracy."),
        (
            {"a": [0.1, 0.12, 0.09, 0.1], "b": [0.05] * 4},
            "no loss beats a prediction without features: a comes first with 10.25 ± 0.63 % test "
            "accuracy, always predicting the most frequent class has 10.0 ± 0 %.",
        ),
        ({"a": [np.nan] * 4}, "no loss gave finite predictions"),
    ],
)
def test_headline(ranked, scores, text):
    assert text in words.headline(ranked(**scores))


def test_values_are_written_to_two_digits_of_their_error():
    assert with_error(0.123456, 0.0123) == "0.123 ± 0.012"
    assert with_error(1234.5, 67.8) == "1234 ± 68"
    assert with_error(3.7637e30, 3.26e29) == "3.76e+30 ± 3e+29"
    assert with_error(5.0, 0.0) == "5.00 ± 0"
    assert with_error(np.nan, 1.0) == "not finite"
    assert ACCURACY.text(0.97488, 0.0028) == "97.49 ± 0.28 %"
    assert ABSOLUTE_ERROR.text(50.5) == "50.5"


def test_diverged_training_is_said_and_ranked_last():
    data = load("diabetes")
    plan = Plan(steps=40, hidden=(8,), learning_rate=1e15)
    losses = candidates("squared_error,welsch", data.task)
    comparison = compare(data, losses, plan=plan, seeds=2)
    last = comparison.results[-1]
    assert last.candidate.label == "regression.squared_error"
    assert last.verdict.name == "diverged"
    assert np.isnan(last.difference.mean)


def standing_against(comparison, usual):
    """Difference to the best loss of the usual one, in its standard errors."""
    found = next(r for r in comparison.results if r.candidate.label == usual)
    return abs(found.difference.mean) / found.difference.error


def test_bounded_loss_beats_cross_entropy_under_label_noise():
    data = load("digits")
    losses = candidates("softmax_cross_entropy,regression.absolute_error", data.task, 10)
    noise = Corruption(label_noise=0.4)
    comparison = compare(data, losses, plan=Plan(), seeds=8, corruption=noise)
    best, other = comparison.results
    assert best.candidate.label == "regression.absolute_error (on probabilities)"
    assert standing_against(comparison, other.candidate.label) > 2
    # Cross-entropy learned the wrong labels by heart, and the verdict says so.
    assert other.run.curves["train_loss"][:, -1].mean() < 0.4
    assert other.verdict.name == "overfitting"
    # The lead is one of the loss, not of a lucky last step.
    assert best.stopped_early.mean() > other.stopped_early.mean()


def test_robust_loss_beats_squared_error_under_outliers():
    data = load("diabetes")
    losses = candidates("squared_error,absolute_error,geman_mcclure", data.task)
    outliers = Corruption(outliers=0.1)
    comparison = compare(data, losses, plan=Plan(), seeds=8, corruption=outliers)
    assert comparison.results[-1].candidate.label == "regression.squared_error"
    assert standing_against(comparison, "regression.squared_error") > 2
    rmse = [r.metrics["root_mean_squared_error"].mean() for r in comparison.results]
    assert rmse[-1] == max(rmse)
