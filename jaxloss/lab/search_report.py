"""What a search says: in sentences, as one HTML page, as a picture, as JSON, and as a loss."""

import html
import textwrap
from collections.abc import Callable
from importlib import resources
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxloss.analysis.curves import estimate
from jaxloss.analysis.plots import Shape, Theme
from jaxloss.analysis.plots.search import (
    Progress,
    Scored,
    found_figure,
    progress_figure,
    scores_figure,
    search_sheet,
)
from jaxloss.lab import words
from jaxloss.lab.compare import NOISE_ERRORS
from jaxloss.lab.metrics import with_error
from jaxloss.lab.report import definitions, escape, picture
from jaxloss.lab.search import CONFIRMED, Found, Outcome
from jaxloss.search import families

POINTS = 401


def headline(found: Found) -> str:
    """The answer in one or two sentences."""
    where = f"{found.data.name}{words.corruption(found.corruption, found.data.task)}"
    told = [other for other in found.others if np.isfinite(found.lead(other).mean)]
    best = min(told or found.others, key=lambda other: found.lead(other).mean)
    lead, ours = found.lead(best), score_text(found, found.found)
    what = f"the {found.family.name} loss that the search found"
    if not np.isfinite(lead.mean):
        return f"On {where}, not every loss gave finite predictions; {what} reaches {ours}."
    ahead = difference_text(found, lead.mean, lead.error)
    other = f"{found_label(found, best)} with {score_text(found, best)}"
    if not np.isfinite(lead.error):
        return f"On {where}, {what} reaches {ours}; one seed says nothing about noise."
    if lead.mean > NOISE_ERRORS * lead.error:
        return f"On {where}, {what} serves best: {ours}, {ahead} ahead of {other}."
    if lead.mean < -NOISE_ERRORS * lead.error:
        return f"On {where}, searching does not pay: {what} reaches {ours}, {ahead} behind {other}."
    return (
        f"On {where}, the search does not win clearly: {what} reaches {ours}, "
        f"within noise of {other}."
    )


def remarks(found: Found) -> list[str]:
    """How the found loss stands to each baseline, and what to know before using it."""
    texts: list[str] = []
    for other in found.others:
        lead = found.lead(other)
        ahead = "ahead of" if lead.mean >= 0 else "behind"
        noise = "" if abs(lead.mean) > NOISE_ERRORS * lead.error else ", within noise"
        if np.isfinite(lead.mean):
            texts.append(
                f"{difference_text(found, lead.mean, lead.error)} {ahead} "
                f"{found_label(found, other)}{noise}."
            )
    tried = found.budget.generations * found.budget.population
    spared = tried - found.found.trained
    if spared:
        texts.append(
            f"{spared} of {tried} candidates were turned down, or were the twin of another, before "
            "any training."
        )
    return texts


def score_text(found: Found, outcome: Outcome) -> str:
    """The metric on the test rows with its name.

    Args:
        found: the search.
        outcome: of one contestant.
    """
    score = estimate(outcome.test)
    value = found.metric.text(score.mean, score.error)
    return f"{value} test {found.metric.label}"


def difference_text(found: Found, mean: float, error: float) -> str:
    """The size of a difference of metrics.

    Args:
        found: the search.
        mean: of the differences.
        error: its standard error.
    """
    factor, unit = (100, " points") if found.metric.percent else (1, "")
    return with_error(factor * abs(mean), factor * error) + unit


def found_label(found: Found, outcome: Outcome) -> str:
    """Who, and what it came to where that is a loss with a name.

    Args:
        found: the search.
        outcome: of one contestant.
    """
    names = outcome.contestant.names
    label = outcome.contestant.label
    if not names:
        return label
    return f"the {label} ({names[int(outcome.chosen[0])].rpartition('.')[2]})"


def loss_source(found: Found, command: str) -> str:
    """The found loss as a Python module.

    Args:
        found: the search.
        command: that found it.
    """
    rate = found.learning_rate(found.found)
    title = (
        f"Loss found by `{command}`.\n\n{headline(found)} "
        f"It was trained with Adam at a learning rate of {rate:.2g}."
    )
    return found.family.source(found.found.chosen[:-1], title=title)


def shapes(found: Found) -> tuple[list[Shape], str]:
    """The found loss and the usual one along one argument, and what that is."""
    usual = families.usual(found.family.reads)
    reads = found.family.reads
    grid = jnp.linspace(-6, 6, POINTS)
    if reads == "reals":
        axis = "error, in robust deviations of the target"

        def arguments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            return x[None], jnp.zeros(1)
    elif reads == "logit":
        axis = "logit of the right class"

        def arguments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            return x[None], jnp.ones(1, jnp.int32)
    else:
        classes = len(found.data.classes)
        axis = f"logit of the right class (the other {classes - 1} at 0)"

        def arguments(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            logits = jnp.zeros((1, classes)).at[0, classes // 2].set(x)
            return logits, jnp.full(1, classes // 2)

    drawn: list[Shape] = []
    for label, family, theta in (
        ("found loss", found.family, jnp.asarray(found.found.chosen[:-1])),
        (usual.name.replace("_", " "), usual, jnp.full(usual.size, -20.0)),
    ):

        def value(x: jax.Array, family: Any = family, theta: Any = theta) -> jax.Array:
            return family.apply(theta, *arguments(x))[0]

        both = jax.jit(jax.vmap(jax.value_and_grad(value)))
        values, slopes = (np.asarray(a, np.float64) for a in both(grid))
        drawn.append(Shape(label, np.asarray(grid, np.float64), values, slopes))
    return drawn, axis


def pictures(found: Found) -> tuple[list[Progress], list[Scored], str]:
    """What is drawn: the two searches, the contestants, and the name of the metric."""
    metric = found.metric
    sign = 1 if metric.better == "higher" else -1
    runs = [
        Progress(label, sign * outcome.fitness.astype(np.float64))
        for label, outcome in zip(("search", "random search"), found.outcomes, strict=False)
    ]
    scored = [Scored(textwrap.fill(one.contestant.label, 18), one.test) for one in found.outcomes]
    unit = "" if metric.percent else f"\n(units of {found.data.target_name})"
    return runs, scored, metric.label + unit


def sheet(found: Found) -> bytes:
    """Everything drawn on one PNG."""
    runs, scored, name = pictures(found)
    drawn, axis = shapes(found)
    done = words.corruption(found.corruption, found.data.task)
    return search_sheet(
        runs,
        drawn,
        scored,
        title=f"{found.data.name}{done}: {found.family.name}, "
        f"{found.budget.trainings} trainings each",
        axis=axis,
        metric=name,
        share=found.metric.percent,
        better=found.metric.better,
    )


def page(found: Found, *, command: str, versions: str, seconds: float) -> str:
    """The report as HTML.

    Args:
        found: the search.
        command: how to repeat it.
        versions: of what it was made with.
        seconds: how long it took.
    """
    answer = headline(found)
    css = resources.files("jaxloss.lab").joinpath("report.css").read_text("utf-8")
    said = "".join(f"<li>{escape(text)}</li>" for text in remarks(found))
    runs, scored, name = pictures(found)
    drawn, axis = shapes(found)
    share, better = found.metric.percent, found.metric.better
    drawings: dict[str, Callable[[Theme], bytes]] = {
        "value and gradient of the found loss beside the usual one": lambda theme: found_figure(
            drawn, axis=axis, theme=theme
        ),
        f"test {found.metric.label} of each contestant": lambda theme: scores_figure(
            scored, metric=name, share=share, theme=theme
        ),
        f"validation {found.metric.label} over generations": lambda theme: progress_figure(
            runs, metric=name, share=share, better=better, theme=theme
        ),
    }
    shape, scores, progress = (
        picture(draw("light"), draw("dark"), html.escape(words_for_it))
        for words_for_it, draw in drawings.items()
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="jaxloss search">
<title>{html.escape(answer)}</title>
<style>
{css}</style>
</head>
<body>
<main>
<p class="kicker"><b>jaxloss search</b> · {html.escape(found.data.name)} · {found.data.task} ·
{html.escape(found.family.name)}, {found.budget.trainings} trainings each</p>
<h1>{escape(answer)}</h1>
<ul class="remarks">{said}</ul>
<h2>The found loss</h2>
<pre>{html.escape(call(found))}</pre>
<p class="small soft" style="margin-top:10px">{escape(found.family.about)} Trained with Adam at a
learning rate of {found.learning_rate(found.found):.2g}. found_loss.py is this loss as a module.</p>
<section class="card">
{shape}
</section>
<h2>On rows that no search has seen</h2>
<section class="card metric">
{scores}
</section>
<section class="card wide" style="margin-top:16px">
{_table(found)}
</section>
<h2>How the search went</h2>
<section class="card metric">
{progress}
</section>
<h2>What was done</h2>
<section class="card">{definitions(deeds(found))}</section>
<h2>Repeat it</h2>
<pre>{html.escape(command)}</pre>
<footer>{html.escape(versions)} · {seconds:.0f} s · every candidate and its fitness is in
results.json</footer>
</main>
</body>
</html>
"""


def deeds(found: Found) -> list[tuple[str, str]]:
    """What was done, as pairs of a heading and a sentence."""
    train, validation, test = found.rows
    plan, budget = found.plan, found.budget
    hidden = "-".join(str(width) for width in plan.hidden) or "none"
    lineup = found.outcomes[-1].contestant.names
    return [
        (
            "Data",
            f"{found.data.name}: {len(found.data.target)} rows, target "
            f"{found.data.target_name!r}. {'. '.join(found.data.notes)}.",
        ),
        (
            "Rows",
            f"{test} rows were set aside for the test before anything else. For each seed, the "
            f"others are divided anew into {train} for training and {validation} for validation.",
        ),
        ("Corruption", words.corruption_deed(found.corruption, found.data.task, found.corrupted)),
        (
            "Training",
            f"a multilayer perceptron with hidden layers {hidden}, {plan.steps} steps of Adam on "
            f"batches of {plan.batch_size}; the learning rate is searched for with each loss, from "
            f"{plan.learning_rate:g} on.",
        ),
        (
            "Budget",
            f"each contestant: {budget.generations} generations of {budget.population} candidates, "
            f"each trained with {budget.seeds} seeds, {budget.trainings} trainings in all. Seeds "
            "are fresh in each generation and the same for all candidates and contestants.",
        ),
        (
            "Contestants",
            f"the search ({found.strategy}) in the family {found.family.name}; random draws from "
            "where it began; the usual loss with its own numbers searched for in the same way; "
            f"{len(lineup)} single losses of the catalogue at their defaults, with several "
            "learning rates.",
        ),
        (
            "Choice",
            f"the best {CONFIRMED} candidates of each contestant were trained again with at least "
            f"{CONFIRMED} fresh seeds, and the best of them on clean validation rows was chosen. "
            f"It was then trained with {budget.fresh} more and looked at on the test rows.",
        ),
        ("±", "one standard error of the mean over the fresh seeds; differences are paired."),
    ]


def as_json(found: Found, about: dict[str, Any]) -> dict[str, Any]:
    """Every candidate and figure as plain data.

    Args:
        found: the search.
        about: versions, command and times, put first.
    """
    plan = vars(found.plan) | {"hidden": list(found.plan.hidden), "optimizer": "adam"}
    return about | {
        "data": {"name": found.data.name, "task": found.data.task, "rows": list(found.rows)},
        "plan": plan,
        "budget": found.budget._asdict() | {"trainings": found.budget.trainings},
        "corruption": vars(found.corruption),
        "family": found.family.name,
        "strategy": found.strategy,
        "metric": found.metric.name,
        "found_loss": call(found),
        "contestants": [_contestant(found, outcome) for outcome in found.outcomes],
    }


def _contestant(found: Found, outcome: Outcome) -> dict[str, Any]:
    lead, score = found.lead(outcome), estimate(outcome.test)
    return {
        "name": outcome.contestant.name,
        "label": found_label(found, outcome),
        "numbers": _numbers(outcome),
        "learning_rate": found.learning_rate(outcome),
        "test": {
            "mean": _finite(score.mean),
            "error": _finite(score.error),
            "seeds": [_finite(x) for x in outcome.test],
        },
        "found_loss_ahead": {"mean": _finite(lead.mean), "error": _finite(lead.error)},
        "confirmed_fitness": _finite(outcome.confirmed),
        "candidates_trained": outcome.trained,
        "candidates": outcome.thetas.astype(float).tolist(),
        "fitness": [[_finite(x) for x in row] for row in outcome.fitness],
    }


def _numbers(outcome: Outcome) -> dict[str, float]:
    family = outcome.contestant.family
    if family is None:
        return {}
    numbers = family.numbers(jnp.asarray(outcome.chosen[:-1]))
    return {name: float(value) for name, value in numbers.items()}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def call(found: Found) -> str:
    """The found loss as a call."""
    return found.family.call(found.found.chosen[:-1])


def _table(found: Found) -> str:
    heads = ("Contestant", f"Test {found.metric.label}", "Found loss ahead by", "Learning rate")
    rows: list[str] = []
    for outcome in found.outcomes:
        score, lead = estimate(outcome.test), found.lead(outcome)
        factor, unit = (100, " points") if found.metric.percent else (1, "")
        ahead = (
            ""
            if outcome is found.found
            else with_error(factor * lead.mean, factor * lead.error) + unit
        )
        cells = (
            found.metric.text(score.mean, score.error),
            ahead,
            f"{found.learning_rate(outcome):.2g}",
        )
        label = html.escape(found_label(found, outcome)).replace("_", "_<wbr>")
        rows.append(f"<tr><th>{label}</th>{''.join(f'<td>{escape(c)}</td>' for c in cells)}</tr>")
    head = "".join(f"<th>{html.escape(text)}</th>" for text in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
