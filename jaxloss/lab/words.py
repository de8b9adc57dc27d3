"""What a comparison says, in sentences."""

import numpy as np

from jaxloss.analysis.curves import Estimate, estimate
from jaxloss.lab.candidates import USUAL
from jaxloss.lab.compare import NOISE_ERRORS, Comparison, Result
from jaxloss.lab.data import Task
from jaxloss.lab.metrics import Metric, with_error
from jaxloss.lab.split import OUTLIER_SIZE, Corruption


def headline(comparison: Comparison) -> str:
    """The answer in one or two sentences."""
    best, *others = comparison.results
    done = corruption(comparison.corruption, comparison.data.task)
    name, where = short(best, comparison), f"{comparison.data.name}{done}"
    score = score_text(best, comparison)
    tied = [short(r, comparison) for r in others if r.standing == "within noise"]
    if not np.isfinite(estimate(best.metrics[comparison.metric.name]).mean):
        return f"On {where}, no loss gave finite predictions."
    if not beats_constant(comparison):
        return (
            f"On {where}, no loss beats a prediction without features: {name} comes first with "
            f"{score}, always {constant_text(comparison)}."
        )
    if not others:
        return f"On {where}, {name} reaches {score}."
    if comparison.seeds == 1:
        return f"On {where}, {name} comes first with {score}; one seed says nothing about noise."
    if not tied:
        second = others[0]
        lead = difference_text(second.difference, comparison.metric)
        gap = f", {lead} ahead of {short(second, comparison)}" if lead else ""
        return f"On {where}, {name} serves best: {score}{gap}."
    if len(tied) == len(others):
        return f"On {where}, no loss stands out: {name} leads with {score}, but not beyond noise."
    if len(tied) > 2:
        return f"On {where}, {name} leads with {score}; {len(tied)} others are within noise of it."
    verb = "is" if len(tied) == 1 else "are"
    return f"On {where}, {name} leads with {score}; {listed(tied)} {verb} within noise of it."


def beats_constant(comparison: Comparison) -> bool:
    """Whether the best loss is better than a constant prediction by more than noise."""
    metric = comparison.metric
    sign = 1 if metric.better == "higher" else -1
    lead = sign * (comparison.results[0].metrics[metric.name] - comparison.constant[metric.name])
    gain = estimate(lead)
    noise = NOISE_ERRORS * gain.error if np.isfinite(gain.error) else 0.0
    return gain.mean > noise


def constant_text(comparison: Comparison) -> str:
    """What a prediction without features has, in words."""
    what = "the median" if comparison.data.task == "regression" else "the most frequent class"
    score = estimate(comparison.constant[comparison.metric.name])
    return f"predicting {what} has {comparison.metric.text(*_pair(score))}"


def remarks(comparison: Comparison) -> list[str]:
    """What else a person should know before acting on the headline."""
    metric, best = comparison.metric, comparison.results[0]
    found: list[str] = []
    usual = [r for r in comparison.results if r.candidate.label == USUAL[comparison.data.task]]
    for result in usual:
        behind = difference_text(result.difference, metric)
        if result.standing == "worse" and behind and result is not comparison.results[1]:
            found.append(
                f"The usual choice, {short(result, comparison)}, reaches "
                f"{score_text(result, comparison)}: {behind} behind."
            )
    found.extend(_early_stopping(comparison))
    fates: dict[str, int] = {}
    for result in comparison.results:
        fates[result.verdict.name] = fates.get(result.verdict.name, 0) + 1
    counts = [f"{count} {name}" for name, count in sorted(fates.items(), key=lambda f: -f[1])]
    found.append(f"Verdicts on the curves: {', '.join(counts)}.")
    broken = [r for r in comparison.results if r.verdict.name == "diverged"]
    if broken and broken[0] is not best:
        found.append("A diverged loss may do better with a lower --learning-rate.")
    return found


def _early_stopping(comparison: Comparison) -> list[str]:
    """Whether stopping at the best validation step would change the answer."""
    metric, best = comparison.metric, comparison.results[0]
    sign = 1 if metric.better == "higher" else -1
    stopped = [(sign * estimate(r.stopped_early).mean, r) for r in comparison.results]
    stopped = [(score, result) for score, result in stopped if np.isfinite(score)]
    if not stopped:
        return []
    leader = max(stopped, key=lambda pair: pair[0])[1]
    gain = estimate(sign * (leader.stopped_early - leader.metrics[metric.name]))
    text = metric.text(*_pair(estimate(leader.stopped_early)))
    if leader is not best and gain.mean > NOISE_ERRORS * gain.error:
        lead = estimate(sign * (leader.stopped_early - best.stopped_early))
        clear = lead.mean > NOISE_ERRORS * lead.error
        ahead = "clearly ahead" if clear else "within noise"
        return [
            f"Stopped at the step with the best validation {metric.label}, "
            f"{short(leader, comparison)} would lead with {text}, {ahead} of "
            f"{short(best, comparison)} ({metric.text(*_pair(estimate(best.stopped_early)))})."
        ]
    own = estimate(sign * (best.stopped_early - best.metrics[metric.name]))
    if own.mean > NOISE_ERRORS * own.error:
        return [
            f"Stopped at the step with the best validation {metric.label}, "
            f"{short(best, comparison)} would reach "
            f"{metric.text(*_pair(estimate(best.stopped_early)))}."
        ]
    return []


def corruption(done: Corruption, task: Task) -> str:
    """The corruption of the training part as words to put behind the name of the data.

    Args:
        done: what was done.
        task: what the target is for.
    """
    texts: list[str] = []
    if done.label_noise and task == "regression":
        texts.append(f"target noise of {done.label_noise:g} standard deviations")
    elif done.label_noise:
        texts.append(f"{100 * done.label_noise:g} % label noise")
    if done.imbalance < 1:
        texts.append(f"the rarer classes cut to {100 * done.imbalance:g} %")
    if done.outliers:
        texts.append(f"{100 * done.outliers:g} % gross outliers")
    return f" with {listed(texts)}" if texts else ""


def deeds(comparison: Comparison) -> list[tuple[str, str]]:
    """What was done, as pairs of a heading and a sentence."""
    data, splits, plan = comparison.data, comparison.splits, comparison.plan
    parts = [len(part[0]) for part in (splits.train, splits.validation, splits.test)]
    stratified = "" if data.task == "regression" else ", each class in the same shares"
    kind = (
        f"{len(data.classes)} classes"
        if data.task != "regression"
        else f"values from {data.target.min():g} to {data.target.max():g}"
    )
    deeds = [
        (
            "Data",
            f"{data.name}: {len(data.target)} rows, {data.features.shape[1]} features, target "
            f"{data.target_name!r} ({kind}). {'. '.join(data.notes)}.",
        ),
        (
            "Parts",
            f"{parts[0]} rows for training, {parts[1]} for validation, {parts[2]} for the test, "
            f"drawn anew for each of the {comparison.seeds} seeds{stratified}. Features are "
            "standardised by mean and deviation of the training part"
            + (
                "; targets by its median and interquartile range, which outliers hardly move."
                if data.task == "regression"
                else "."
            ),
        ),
        (
            "Corruption",
            corruption_deed(comparison.corruption, data.task, comparison.splits.corrupted),
        ),
        (
            "Model",
            f"a multilayer perceptron {data.features.shape[1]}-"
            f"{''.join(f'{width}-' for width in plan.hidden)}"
            f"{len(data.classes) if data.task == 'multiclass' else 1} with ReLU and He "
            f"initialisation, trained for {plan.steps} steps on batches of "
            f"{min(plan.batch_size, parts[0])} with Adam (learning rate {plan.learning_rate:g}), "
            "whose steps do not depend on the scale of a loss. No early stopping, no "
            "regularisation.",
        ),
        (
            "Pairing",
            "seed by seed, all losses share split, corruption, initial weights and batches; "
            "differences are taken in pairs.",
        ),
    ]
    return deeds


def corruption_deed(done: Corruption, task: Task, corrupted: int) -> str:
    """What was done to the training part, as a sentence.

    Args:
        done: the corruption.
        task: what the target is for.
        corrupted: how many training targets were replaced or disturbed.
    """
    texts: list[str] = []
    if done.label_noise and task == "regression":
        texts.append(
            f"Gaussian noise of {done.label_noise:g} standard deviations was added to the targets"
        )
    elif done.label_noise:
        texts.append(
            f"{100 * done.label_noise:g} % of the labels ({corrupted}) were "
            "replaced by another class, drawn uniformly"
        )
    if done.imbalance < 1:
        texts.append(
            f"the rarer half of the classes kept {100 * done.imbalance:g} % of their examples"
        )
    if done.outliers:
        texts.append(
            f"{100 * done.outliers:g} % of the targets were replaced by their mean plus or minus "
            f"{OUTLIER_SIZE:g} standard deviations"
        )
    if not texts:
        return "none."
    return f"in the training part, {listed(texts)}; validation and test stayed clean."


def definitions(comparison: Comparison) -> list[tuple[str, str]]:
    """What each column means."""
    metric = comparison.metric
    target = metric.text(comparison.target)
    aim = "95 % of" if metric.better == "higher" else "1/0.95 times"
    return [
        (f"Test {metric.label}", f"at the last step, on rows never trained on: {metric.reason}."),
        ("±", "one standard error of the mean over the seeds."),
        (
            "Against the best",
            "mean of the differences seed by seed; within noise if it is less than "
            f"{NOISE_ERRORS:g} of its standard errors. The best of several losses is also the "
            "luckiest: a lead of little more than that deserves fresh seeds.",
        ),
        (
            "Stopped early",
            f"test {metric.label} at the recorded step whose validation {metric.label} was best.",
        ),
        (
            "Steps to target",
            f"first recorded step with a validation {metric.label} of {target}, {aim} the best "
            "final one; the mean of the seeds that got there.",
        ),
        (
            "Progress area",
            "area under (best validation loss so far - lowest) / (first - lowest) over the run: "
            "0 is at once, 1 is never.",
        ),
        (
            "Final losses",
            "means over the training part (as corrupted) and over the validation part, each in "
            "the unit of its own loss: compare them along a row, never down a column.",
        ),
        (
            "Gradient norm",
            "of the parameters, mean over the minibatches since the last recorded step.",
        ),
        (
            "Saturated",
            "share of training examples whose loss has a gradient below 1e-3 in the model's "
            "outputs; effective examples: (sum n)² / (N sum n²) of those gradient norms n, the "
            "share of the examples that does the pulling.",
        ),
        (
            "Verdict",
            "read off the mean training and validation curves, up to the last step; a validation "
            "loss that rises now may fall again later. A loss can overfit in its own value while "
            "its decisions stay good.",
        ),
    ]


def short(result: Result, comparison: Comparison) -> str:
    """A label without its family where the rest is plain."""
    tails = [r.candidate.label.partition(".")[2] for r in comparison.results]
    tail = result.candidate.label.partition(".")[2]
    return tail if tails.count(tail) == 1 else result.candidate.label


def score_text(result: Result, comparison: Comparison) -> str:
    """The ranking metric of a loss with its name."""
    metric = comparison.metric
    value = metric.text(*_pair(estimate(result.metrics[metric.name])))
    return f"{value} test {metric.label}" if metric.percent else f"a test {metric.label} of {value}"


def difference_text(difference: Estimate, metric: Metric, *, signed: bool = False) -> str:
    """A paired difference; in percentage points for shares; empty if it is not finite."""
    if not np.isfinite(difference.mean):
        return ""
    factor, unit = (100, " points") if metric.percent else (1, "")
    value = difference.mean if signed else abs(difference.mean)
    sign = "+" if signed and value > 0 else ""
    return sign + with_error(factor * value, factor * difference.error) + unit


def reached_text(result: Result) -> str:
    """Steps to the target over the seeds that reached it, and how many did if not all."""
    reached = result.steps_to_target[np.isfinite(result.steps_to_target)]
    if not reached.size:
        return "never"
    some = f" ({reached.size}/{result.steps_to_target.size})"
    text = with_error(*_pair(estimate(reached)))
    return text + (some if reached.size < result.steps_to_target.size else "")


def listed(texts: list[str]) -> str:
    """A list in words."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _pair(value: Estimate) -> tuple[float, float]:
    return value.mean, value.error
