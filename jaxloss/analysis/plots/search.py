"""Pictures of a search for a loss: how it went, what it found, and how that does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxloss.analysis.plots.shapes import Shape
from jaxloss.analysis.plots.style import DASHES, GROUNDS, Floats, Theme, drawing, percent, png

Better = Literal["lower", "higher"]


@dataclass(frozen=True)
class Progress:
    """Fitness of one way of searching: generations first, then candidates."""

    label: str
    fitness: Floats


@dataclass(frozen=True)
class Scored:
    """One line of the final comparison: what it is, and the metric for each fresh seed."""

    label: str
    scores: Floats


def progress_figure(
    runs: Sequence[Progress], *, metric: str, share: bool, better: Better, theme: Theme = "light"
) -> bytes:
    """Best and median candidate of each generation.

    Args:
        runs: ways of searching.
        metric: name of the fitness, with its unit if it has one.
        share: whether it is a share, shown in percent.
        better: which values of it are.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(5.2, 3.7), layout="constrained")
        axes = figure.add_subplot()
        draw_progress(axes, runs, metric, colours, share=share, better=better)
        figure.legend(loc="outside lower left", ncols=2, handlelength=2.6)
        return png(figure)


def found_figure(shapes: Sequence[Shape], *, axis: str, theme: Theme = "light") -> bytes:
    """Losses side by side along one argument, and their gradients, each brought to one scale.

    Args:
        shapes: one per loss.
        axis: what moves.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(8.2, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2)
        draw_found(left, right, shapes, axis, colours, theme)
        figure.legend(loc="outside lower left", ncols=len(shapes), handlelength=2.6)
        return png(figure)


def scores_figure(
    scored: Sequence[Scored], *, metric: str, share: bool, theme: Theme = "light"
) -> bytes:
    """Means on the test rows with bars of two standard errors, and each seed as a dot.

    Args:
        scored: contestants, in the order of the picture from the top.
        metric: name of what is scored, with its unit if it has one.
        share: whether it is a share, shown in percent.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(6.6, 1.2 + 0.5 * len(scored)), layout="constrained")
        axes = figure.add_subplot()
        draw_test(axes, scored, metric, colours, theme, share=share)
        return png(figure)


def search_sheet(
    runs: Sequence[Progress],
    shapes: Sequence[Shape],
    scored: Sequence[Scored],
    *,
    title: str,
    axis: str,
    metric: str,
    share: bool,
    better: Better,
) -> bytes:
    """All three on one sheet.

    Args:
        runs: ways of searching.
        shapes: one per loss.
        scored: contestants.
        title: headline of the sheet.
        axis: what moves along the shapes.
        metric: name of what is scored, with its unit if it has one.
        share: whether it is a share, shown in percent.
        better: which values of it are.
    """
    with drawing() as colours:
        figure = Figure(figsize=(12.5, 7.6), layout="constrained")
        figure.suptitle(title, x=0.008, ha="left", fontsize=14, fontweight="bold")
        upper, lower = figure.subplots(2, 2)
        draw_progress(upper[0], runs, metric, colours, share=share, better=better)
        legend_below(upper[0])
        draw_test(upper[1], scored, metric, colours, "light", share=share)
        draw_found(lower[0], lower[1], shapes, axis, colours, "light")
        lower[0].legend(loc="best", handlelength=2.6)
        return png(figure, dpi=110)


def draw_progress(
    axes: Axes,
    runs: Sequence[Progress],
    metric: str,
    colours: Sequence[str],
    *,
    share: bool,
    better: Better,
) -> None:
    """Best (solid) and median (dashed) of each generation."""
    seen: list[Floats] = []
    for run, colour in zip(runs, colours, strict=False):
        generations = np.arange(1, len(run.fitness) + 1)
        best, middle = (
            np.array([_of_finite(summary, row) for row in run.fitness])
            for summary in (np.max if better == "higher" else np.min, np.median)
        )
        mark = "o" if len(generations) == 1 else None
        axes.plot(generations, best, "-", color=colour, marker=mark, label=f"{run.label}: best")
        axes.plot(
            generations, middle, "--", color=colour, marker=mark, label=f"{run.label}: median"
        )
        seen += [best, middle]
    values = np.concatenate(seen)
    values = values[np.isfinite(values)]
    if values.size:
        low, high = np.percentile(values, [2, 100] if better == "higher" else [0, 98])
        room = 0.06 * max(high - low, 1e-9)
        axes.set_ylim(low - room, high + room)
    axes.set_title("search, on validation rows")
    axes.set_xlabel("generation")
    axes.set_ylabel(f"validation {metric}")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if share:
        percent(axes.yaxis)


def legend_below(axes: Axes) -> None:
    """A legend under the axis, where it covers no line.

    Args:
        axes: that it belongs to.
    """
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, handlelength=2.6)


def draw_found(
    left: Axes,
    right: Axes,
    shapes: Sequence[Shape],
    axis: str,
    colours: Sequence[str],
    theme: Theme,
) -> None:
    """Values and gradients, both divided by the largest gradient: what Adam does not see anyway."""
    for i, shape in enumerate(shapes):
        colour, dash = colours[i % len(colours)], DASHES[i % len(DASHES)]
        steepest = np.max(np.abs(shape.gradient), initial=1e-12)
        value = (shape.value - np.min(shape.value)) / steepest
        left.plot(shape.x, value, dash, color=colour, label=shape.label)
        right.plot(shape.x, shape.gradient / steepest, dash, color=colour)
    for axes, name in ((left, "value above the least"), (right, "gradient")):
        axes.set_title(f"{name}, in units of the largest gradient", fontsize=10)
        axes.set_xlabel(axis)
        axes.axhline(0, color=GROUNDS[theme]["soft"], linewidth=0.8)
        axes.margins(x=0)


def draw_test(
    axes: Axes,
    scored: Sequence[Scored],
    metric: str,
    colours: Sequence[str],
    theme: Theme,
    *,
    share: bool,
) -> None:
    """One line for each contestant."""
    soft, ink = GROUNDS[theme]["soft"], GROUNDS[theme]["ink"]
    for place, one in enumerate(scored):
        scores = one.scores[np.isfinite(one.scores)]
        if not scores.size:
            continue
        error = scores.std(ddof=1) / np.sqrt(scores.size) if scores.size > 1 else 0.0
        colour = colours[0] if place == 0 else soft
        axes.plot(scores, np.full(scores.size, place), "|", color=colour, alpha=0.45, markersize=9)
        axes.errorbar(
            scores.mean(),
            place,
            xerr=2 * error,
            fmt="o" if place == 0 else "s",
            color=colour,
            markersize=7,
            elinewidth=2,
            capsize=4,
        )
    axes.set_yticks(range(len(scored)), [one.label for one in scored])
    axes.tick_params(axis="y", length=0, labelcolor=ink)
    axes.set_ylim(len(scored) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    axes.set_title("test rows, fresh seeds")
    axes.set_xlabel(f"test {metric}\nbars: two standard errors")
    if share:
        percent(axes.xaxis)


def _of_finite(summary: Callable[[Floats], np.float64], row: Floats) -> float:
    values = row[np.isfinite(row)]
    return float(summary(values)) if values.size else float("nan")
