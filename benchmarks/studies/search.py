"""Loss search on real data: does it beat what a person would try with the same budget?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks.studies import Study
from jaxloss.analysis.curves import estimate
from jaxloss.analysis.plots import drawing, png
from jaxloss.analysis.plots.search import draw_found, draw_progress, draw_test, legend_below
from jaxloss.lab import search_report
from jaxloss.lab.data import load
from jaxloss.lab.metrics import with_error
from jaxloss.lab.search import Budget, Found, search
from jaxloss.lab.split import Corruption
from jaxloss.lab.train import Plan
from jaxloss.search import use_cores


class Problem(NamedTuple):
    """Data that something is wrong with, and the family that is searched."""

    title: str
    data: str
    corruption: Corruption
    family: str


PROBLEMS = (
    Problem("digits, 35 % flipped labels", "digits", Corruption(label_noise=0.35), "taylor"),
    Problem(
        "digits, half of the classes at 1:50",
        "digits",
        Corruption(imbalance=0.02),
        "vector_scaling",
    ),
    Problem(
        "diabetes, 20 % gross outliers", "diabetes", Corruption(outliers=0.2), "general_robust"
    ),
)
PLAN = Plan(steps=200, batch_size=32, learning_rate=5e-3, hidden=(32,))
BUDGET = Budget(generations=16, population=16, seeds=4, fresh=20)


def run(*, seeds: int = BUDGET.fresh, quick: bool = False) -> Study:
    """Search on each problem, and compare on rows that no search has seen.

    Args:
        seeds: fresh ones, of the test.
        quick: tiny sizes, to try it out.
    """
    use_cores()
    plan, budget = PLAN, BUDGET._replace(fresh=seeds)
    if quick:
        plan = replace(plan, steps=20, hidden=(8,))
        budget = Budget(generations=2, population=4, seeds=2, fresh=min(seeds, 4))
    found = {
        problem.title: search(
            load(problem.data),
            family=problem.family,
            plan=plan,
            budget=budget,
            corruption=problem.corruption,
        )
        for problem in PROBLEMS
    }
    return Study(
        title="Search for a loss",
        rows=[row for title, one in found.items() for row in _rows(title, one)],
        text=_words(found, budget, plan),
        pictures={"search": _picture(found)},
        settings={
            **budget._asdict(),
            "trainings of each contestant": budget.trainings,
            "steps": plan.steps,
            "batch": plan.batch_size,
            "hidden": plan.hidden[0],
        },
    )


def _rows(title: str, found: Found) -> list[Mapping[str, Any]]:
    factor = 100 if found.metric.percent else 1
    unit = ", %" if found.metric.percent else ""
    rows: list[Mapping[str, Any]] = []
    for outcome in found.outcomes:
        score, lead = estimate(outcome.test), found.lead(outcome)
        ahead = with_error(factor * lead.mean, factor * lead.error)
        rows.append(
            {
                "problem": title,
                "contestant": search_report.found_label(found, outcome),
                "metric": found.metric.label + unit,
                "test": with_error(factor * score.mean, factor * score.error),
                "found loss ahead by": "" if outcome is found.found else ahead,
                "candidates trained": outcome.trained,
            }
        )
    return rows


def _words(found: Mapping[str, Found], budget: Budget, plan: Plan) -> str:
    answers = "\n".join(
        f"- {search_report.headline(one)} {' '.join(search_report.remarks(one))}\n\n"
        f"  ```python\n{_indented(search_report.call(one))}\n  ```"
        for one in found.values()
    )
    return (
        f"A network with one hidden layer of {plan.hidden[0]} is trained for {plan.steps} steps. "
        f"Each contestant may train {budget.trainings} times and tunes its learning rate beside "
        "its loss; the best of each on clean validation rows is trained with "
        f"{budget.fresh} fresh seeds and measured on rows that were set aside before. Means and "
        "standard errors over those seeds; differences are paired.\n\n" + answers
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _picture(found: Mapping[str, Found]) -> bytes:
    """A row for each problem: how the search went, what it found, how it does."""
    with drawing() as colours:
        figure = Figure(figsize=(13.5, 4.3 * len(found)), layout="constrained")
        rows: list[Any] = list(np.ravel(np.asarray(figure.subfigures(len(found), 1), object)))
        for row, (title, one) in zip(rows, found.items(), strict=True):
            row.suptitle(title, x=0.008, ha="left", fontsize=12.5, fontweight="bold")
            first, second, third = row.subplots(1, 3, width_ratios=[1, 1, 1.05])
            runs, scored, name = search_report.pictures(one)
            share = one.metric.percent
            draw_progress(first, runs, name, colours, share=share, better=one.metric.better)
            legend_below(first)
            shapes, axis = search_report.shapes(one)
            hidden = row.add_axes((0, 0, 0, 0))
            draw_found(hidden, second, shapes, axis, colours, "light")
            hidden.remove()
            second.legend(
                second.lines[: len(shapes)], [s.label for s in shapes], loc="best", fontsize=8.5
            )
            draw_test(third, scored, name, colours, "light", share=share)
        return png(figure, dpi=110)
