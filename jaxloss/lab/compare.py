"""Which loss serves the data: train with each, measure alike, rank by paired differences."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jaxloss.analysis.curves import (
    Estimate,
    average_curve,
    best_point,
    estimate,
    normalized_progress,
    steps_to_target,
)
from jaxloss.analysis.verdict import Verdict, diagnose
from jaxloss.lab.candidates import Candidate
from jaxloss.lab.data import Data
from jaxloss.lab.metrics import Metric, constant_outputs, measure, metrics_for
from jaxloss.lab.split import Corruption, Splits, imbalanced, split
from jaxloss.lab.train import Plan, Run, prepare, train

NOISE_ERRORS = 2.0  # standard errors of a paired difference that count as noise
TARGET_SHARE = 0.95  # of the best final validation metric, which defines the target
GOOD_SHARE = 0.5  # of the best constant's loss, above which a standstill may be underfitting
WINDOW = 10  # recorded points at the end that the verdict looks at

Standing = Literal["best", "within noise", "worse", "unknown"]


@dataclass(frozen=True)
class Result:
    """Figures of one loss; arrays hold one value per seed.

    Attributes:
        candidate: the loss.
        run: its curves.
        metrics: test metrics at the end, by name.
        stopped_early: the ranking metric at the recorded step with the best validation metric.
        steps_to_target: infinity for a seed that never got there.
        progress: normalised progress of the validation loss.
        difference: ranking metric minus that of the best loss, paired by seed.
        standing: what the difference says.
        verdict: what the mean curves say.
    """

    candidate: Candidate
    run: Run
    metrics: dict[str, NDArray[np.float64]]
    stopped_early: NDArray[np.float64]
    steps_to_target: NDArray[np.float64]
    progress: NDArray[np.float64]
    difference: Estimate
    standing: Standing
    verdict: Verdict

    def final(self, curve: str) -> Estimate:
        """Last value of a recorded curve over the seeds.

        Args:
            curve: its name.
        """
        return estimate(self.run.curves[curve][:, -1])


@dataclass(frozen=True)
class Comparison:
    """A finished comparison, best loss first.

    Attributes:
        data: what was learned from.
        splits: its parts.
        plan: how every loss was trained.
        corruption: what was done to the training part.
        metrics: shared metrics, the ranking one first.
        target: value of the ranking metric on validation that counts as reached.
        constant: test metrics of a prediction that knows no features, by name.
        results: per loss, ranked.
    """

    data: Data
    splits: Splits
    plan: Plan
    corruption: Corruption
    metrics: tuple[Metric, ...]
    target: float
    constant: dict[str, NDArray[np.float64]]
    results: tuple[Result, ...]

    @property
    def metric(self) -> Metric:
        """The metric that ranks."""
        return self.metrics[0]

    @property
    def seeds(self) -> int:
        """How many seeds each loss was trained with."""
        return len(self.splits.train)


def compare(
    data: Data,
    losses: tuple[Candidate, ...],
    *,
    plan: Plan,
    seeds: int = 8,
    corruption: Corruption | None = None,
    progress: Callable[[int, str], None] | None = None,
) -> Comparison:
    """Train the same model with each loss for several seeds and rank the losses.

    Everything but the loss is shared: seed by seed the same split, corruption, initial weights
    and batches, so that differences between losses are taken in pairs.

    Args:
        data: the data.
        losses: the candidates.
        plan: how to train.
        seeds: how many draws of everything random.
        corruption: what to do to the training part.
        progress: called with the number and label of each loss before it is trained.
    """
    corruption = corruption or Corruption()
    splits = split(data, seeds=seeds, seed=plan.seed, corruption=corruption)
    balanced = imbalanced(data, splits)
    metrics = metrics_for(data, balanced=balanced)
    setup = prepare(data, splits, plan, balanced=balanced)
    runs: list[Run] = []
    for i, loss in enumerate(losses):
        if progress is not None:
            progress(i, loss.label)
        runs.append(train(loss.values, setup))
    return rank(data, splits, plan, corruption, metrics, losses, runs)


# A run that broke has infinite losses: their differences are NaN and no reason to warn.
@np.errstate(invalid="ignore", over="ignore")
def rank(
    data: Data,
    splits: Splits,
    plan: Plan,
    corruption: Corruption,
    metrics: tuple[Metric, ...],
    losses: tuple[Candidate, ...],
    runs: list[Run],
) -> Comparison:
    """Figures, paired differences and verdicts from finished runs.

    Args:
        data: the data.
        splits: its parts.
        plan: how the runs were trained.
        corruption: what was done to the training part.
        metrics: shared metrics, the ranking one first.
        losses: the candidates, one per run.
        runs: what training gave.
    """
    metric = metrics[0]
    measured = [measure(data, splits, run.test_outputs) for run in runs]
    scores = [values[metric.name] for values in measured]
    order = sorted(range(len(runs)), key=lambda i: _sort_key(scores[i], metric))
    best = order[0]
    target = _target([run.curves["validation_metric"] for run in runs], metric)
    results = []
    for i in order:
        curves = runs[i].curves
        difference = estimate(scores[i] - scores[best])
        stop = best_point(curves["validation_metric"], metric.better)
        reached = steps_to_target(
            plan.grid, curves["validation_metric"], target, better=metric.better
        )
        losses_seen = curves["validation_loss"]
        lowest = losses_seen.min() if np.isfinite(losses_seen).all() else None
        results.append(
            Result(
                candidate=losses[i],
                run=runs[i],
                metrics=measured[i],
                stopped_early=np.take_along_axis(curves["test_metric"], stop[:, None], 1)[:, 0],
                steps_to_target=reached,
                progress=normalized_progress(losses_seen, best=lowest),
                difference=difference,
                standing="best" if i == best else _standing(difference),
                verdict=_verdict(runs[i], losses[i], plan, splits),
            )
        )
    constant = measure(data, splits, constant_outputs(data, splits))
    return Comparison(data, splits, plan, corruption, metrics, target, constant, tuple(results))


def _sort_key(scores: NDArray[np.float64], metric: Metric) -> float:
    """Better first; a loss with a broken seed last."""
    mean = estimate(scores).mean
    if not np.isfinite(mean):
        return np.inf
    return mean if metric.better == "lower" else -mean


def _standing(difference: Estimate) -> Standing:
    if difference.mean == 0:
        return "within noise"
    if not np.isfinite(difference.mean):
        return "worse"
    if not np.isfinite(difference.error):
        return "unknown"  # one seed tells nothing about noise
    noise = NOISE_ERRORS * difference.error
    return "within noise" if abs(difference.mean) < noise else "worse"


def _target(curves: list[NDArray[np.float64]], metric: Metric) -> float:
    """95 % of what the best loss ends with on validation; the error that is 1/0.95 of it."""
    final = np.array([curve[:, -1].mean() for curve in curves])
    final = final[np.isfinite(final)]
    if not final.size:
        return float("nan")
    if metric.better == "higher":
        return float(TARGET_SHARE * final.max())
    return float(final.min() / TARGET_SHARE)


def _verdict(run: Run, loss: Candidate, plan: Plan, splits: Splits) -> Verdict:
    """The verdict on the mean curves; the gap's noise is that over seeds."""
    train_loss, validation_loss = run.curves["train_loss"], run.curves["validation_loss"]
    gap = (validation_loss - train_loss)[:, -WINDOW:].mean(1)
    error = estimate(gap).error
    baseline = float(run.baseline.mean())
    floor = loss.floor
    good = None if floor is None else floor + GOOD_SHARE * (baseline - floor)
    verdict = diagnose(
        average_curve(train_loss)[0],
        average_curve(validation_loss)[0],
        steps=plan.grid,
        baseline=baseline if np.isfinite(baseline) else None,
        target=good if good is not None and np.isfinite(good) else None,
        gap_error=error if np.isfinite(error) else None,
        floor=floor,
        window=WINDOW,
    )
    if verdict.name == "validation below training" and splits.corrupted:
        reason = f"{verdict.reason} Expected here: only the training targets are corrupted."
        verdict = replace(verdict, reason=reason)
    return verdict


def as_json(comparison: Comparison, about: dict[str, Any]) -> dict[str, Any]:
    """Every figure and curve of a comparison as plain data.

    Args:
        comparison: a finished comparison.
        about: versions, command and times, put first.
    """
    data, splits = comparison.data, comparison.splits
    return _plain(
        about
        | {
            "data": {
                "name": data.name,
                "task": data.task,
                "target": data.target_name,
                "rows": len(data.target),
                "features": list(data.feature_names),
                "classes": list(data.classes),
                "notes": list(data.notes),
                "train": splits.train.shape[1],
                "validation": splits.validation.shape[1],
                "test": splits.test.shape[1],
                "corrupted_training_targets": splits.corrupted,
            },
            "plan": vars(comparison.plan) | {"optimizer": "adam", "seeds": comparison.seeds},
            "corruption": vars(comparison.corruption),
            "ranking_metric": comparison.metric.name,
            "target": comparison.target,
            "constant_prediction": comparison.constant,
            "recorded_steps": comparison.plan.grid,
            "results": [_result(result) for result in comparison.results],
        }
    )


def _result(result: Result) -> dict[str, Any]:
    figures = result.metrics | {
        "stopped_early": result.stopped_early,
        "steps_to_target": result.steps_to_target,
        "normalized_progress": result.progress,
        "baseline": result.run.baseline,
    }
    figures |= {f"final_{name}": curve[:, -1] for name, curve in result.run.curves.items()}
    return {
        "loss": result.candidate.label,
        "spec": result.candidate.spec,
        "standing": result.standing,
        "difference_to_best": vars(result.difference),
        "verdict": vars(result.verdict),
        "figures": {
            name: vars(estimate(values)) | {"seeds": values} for name, values in figures.items()
        },
        "curves": result.run.curves,
    }


def _plain(value: Any) -> Any:
    """NumPy to Python, and what JSON has no word for (NaN, infinity) to null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
