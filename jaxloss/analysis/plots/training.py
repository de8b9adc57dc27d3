"""Pictures of training runs: losses, the shared metric, and the ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxloss.analysis.curves import average_curve
from jaxloss.analysis.plots.style import (
    DASHES,
    GROUNDS,
    Floats,
    Theme,
    drawing,
    headline,
    percent as in_percent,
    png,
)

Band = Literal["error", "quantiles"]
BANDS: dict[Band, str] = {
    "error": "means over seeds and one standard error",
    "quantiles": "medians over seeds and the middle 80 %",
}


@dataclass(frozen=True)
class LossCurves:
    """Curves of one loss: the first axis runs over seeds, the last over recorded steps."""

    label: str
    train: Floats
    validation: Floats
    metric: Floats
    baseline: float


@dataclass(frozen=True)
class Ranked:
    """One line of a ranking: label, mean, standard error, and whether it is as good as the best."""

    label: str
    mean: float
    error: float
    leading: bool


def loss_figure(curves: LossCurves, steps: Floats, theme: Theme = "light") -> bytes:
    """Training and validation loss of one loss, as a small picture.

    Args:
        curves: of one loss.
        steps: the recorded steps.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(4.2, 2.9), layout="constrained")
        axes = figure.add_subplot()
        draw_loss(axes, curves, steps, colours, theme)
        figure.legend(loc="outside upper left", ncols=2)
        axes.set_xlabel("step")
        axes.set_ylabel("mean loss")
        return png(figure)


def curves_figure(
    curves: Sequence[LossCurves],
    steps: Floats,
    *,
    title: str = "Training and validation loss",
    band: Band = "error",
    theme: Theme = "light",
) -> bytes:
    """Training and validation loss of several losses, a panel each, in units of their own.

    Args:
        curves: of all losses.
        steps: the recorded steps.
        title: headline of the picture.
        band: what lines and bands show of the seeds.
        theme: ground that it is for.
    """
    columns = 2 if len(curves) in (2, 4) else min(3, len(curves))
    rows = -(-len(curves) // columns)
    with drawing(theme) as colours:
        figure = Figure(figsize=(0.6 + 3.4 * columns, 1.3 + 2.5 * rows), layout="constrained")
        headline(figure, title)
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        _draw_panels(list(panels), columns, curves, steps, colours, theme, band)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(
            handles,
            names,
            loc="outside lower center",
            ncols=2,
            title=BANDS[band],
            title_fontsize=9,
        )
        return png(figure)


def metric_figure(
    curves: Sequence[LossCurves],
    steps: Floats,
    label: str,
    *,
    percent: bool,
    target: float,
    theme: Theme = "light",
) -> bytes:
    """The shared metric on the validation part over the steps, all losses in one picture.

    Args:
        curves: of all losses.
        steps: the recorded steps.
        label: name of the metric.
        percent: whether it is a share.
        target: drawn as a line.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(5.2, 3.2 + 0.21 * len(curves)), layout="constrained")
        axes = figure.add_subplot()
        draw_metric(axes, curves, steps, label, colours, theme, percent=percent, target=target)
        figure.legend(loc="outside lower left", handlelength=2.6)
        return png(figure)


def overview(
    ranking: Sequence[Ranked],
    curves: Sequence[LossCurves],
    steps: Floats,
    *,
    title: str,
    metric: str,
    percent: bool,
    target: float,
    theme: Theme = "light",
) -> bytes:
    """Ranking, shared metric and the curves of each loss on one sheet.

    Args:
        ranking: best loss first.
        curves: in the same order.
        steps: the recorded steps.
        title: headline of the sheet.
        metric: name of the metric that ranks.
        percent: whether it is a share.
        target: drawn as a line in the metric's panel.
        theme: ground that it is for.
    """
    columns = 4 if len(curves) > 6 else 3
    rows = -(-len(curves) // columns)
    top = 1.5 + 0.34 * max(len(ranking), 5)
    with drawing(theme) as colours:
        figure = Figure(figsize=(15, 0.9 + top + 2.75 * rows), layout="constrained")
        figure.suptitle(title, x=0.012, ha="left", fontsize=15, fontweight="bold")
        grid = figure.add_gridspec(2, 1, height_ratios=[top, 2.75 * rows])
        upper, lower = (figure.add_subfigure(grid[i]) for i in range(2))
        left, right = upper.subplots(1, 2, width_ratios=[1.1, 1])
        draw_ranking(left, ranking, metric, colours, theme, percent=percent)
        draw_metric(right, curves, steps, metric, colours, theme, percent=percent, target=target)
        right.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=2.6)
        panels = lower.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        _draw_panels(list(panels), columns, curves, steps, colours, theme)
        handles, names = panels[0].get_legend_handles_labels()
        lower.legend(handles, names, loc="outside upper left", ncols=2)
        return png(figure, dpi=110)


def draw_loss(
    axes: Axes,
    curves: LossCurves,
    steps: Floats,
    colours: Sequence[str],
    theme: Theme,
    band: Band = "error",
) -> None:
    """Training and validation loss with bands over the seeds."""
    seen = []
    for name, values, colour, dash in (
        ("training", curves.train, colours[0], "-"),
        ("validation", curves.validation, colours[1], "--"),
    ):
        middle, low, high = _over_seeds(values, band)
        axes.plot(steps, middle, dash, color=colour, label=name)
        axes.fill_between(steps, low, high, color=colour, alpha=0.22, linewidth=0)
        seen.append(middle)
    bottom, top = _limits(np.array(seen), curves.baseline)
    axes.set_ylim(bottom, top)
    _draw_baseline(axes, curves.baseline, top, GROUNDS[theme]["soft"])
    axes.set_xlim(0, steps[-1])
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def draw_metric(
    axes: Axes,
    curves: Sequence[LossCurves],
    steps: Floats,
    label: str,
    colours: Sequence[str],
    theme: Theme,
    *,
    percent: bool,
    target: float,
) -> None:
    """The shared metric of all losses on the validation part."""
    seen = []
    for i, one in enumerate(curves):
        mean, error = average_curve(one.metric)
        colour, dash = colours[i % len(colours)], DASHES[i // len(colours) % len(DASHES)]
        dash = DASHES[i % 2] if len(curves) <= 2 * len(colours) else dash
        axes.plot(steps, mean, dash, color=colour, label=one.label)
        axes.fill_between(steps, mean - error, mean + error, color=colour, alpha=0.14, linewidth=0)
        seen.append(mean[max(1, len(mean) // 20) :])
    if np.isfinite(target):
        axes.axhline(target, color=GROUNDS[theme]["soft"], linewidth=1, linestyle=(0, (1, 2)))
    values = np.concatenate(seen)
    values = values[np.isfinite(values)]
    if values.size:
        low, high = np.percentile(values, [1, 100]) if percent else np.percentile(values, [0, 99])
        room = 0.08 * max(high - low, 1e-9)
        axes.set_ylim(low - room, min(high + room, 1.005) if percent else high + room)
    axes.set_xlim(0, steps[-1])
    axes.set_ylabel(f"validation {label}")
    axes.set_xlabel("step")
    if percent:
        in_percent(axes.yaxis)


def draw_ranking(
    axes: Axes,
    ranking: Sequence[Ranked],
    metric: str,
    colours: Sequence[str],
    theme: Theme = "light",
    *,
    percent: bool,
) -> None:
    """Means with bars of two standard errors, best loss on top."""
    soft = GROUNDS[theme]["soft"]
    for place, one in enumerate(ranking):
        colour = colours[2] if one.leading else soft
        error = 2 * one.error if np.isfinite(one.error) else 0.0
        axes.errorbar(
            one.mean,
            place,
            xerr=error,
            fmt="o" if one.leading else "s",
            color=colour,
            markersize=7,
            elinewidth=2,
            capsize=4,
        )
    axes.set_yticks(range(len(ranking)), [one.label for one in ranking])
    axes.tick_params(axis="y", length=0, labelcolor=GROUNDS[theme]["ink"])
    axes.set_ylim(len(ranking) - 0.5, -0.5)
    axes.set_title(f"test {metric} (bars: two standard errors)")
    axes.grid(axis="y", visible=False)
    if percent:
        in_percent(axes.xaxis)


def _draw_panels(
    panels: Sequence[Axes],
    columns: int,
    curves: Sequence[LossCurves],
    steps: Floats,
    colours: Sequence[str],
    theme: Theme,
    band: Band = "error",
) -> None:
    """A panel a loss; what is left of the last row stays empty."""
    for axes, one in zip(panels, curves, strict=False):
        draw_loss(axes, one, steps, colours, theme, band)
        axes.set_title(one.label, fontsize=9.5)
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    for axes in panels[: len(curves)][-columns:]:
        axes.tick_params(labelbottom=True)
        axes.set_xlabel("step")
    for axes in panels[::columns]:
        axes.set_ylabel("mean loss")


def _over_seeds(values: Floats, band: Band) -> tuple[Floats, Floats, Floats]:
    """The line in the middle, and both ends of the band."""
    if band == "error":
        mean, error = average_curve(values)
        return mean, mean - error, mean + error
    with np.errstate(invalid="ignore"):  # a run that broke shows as NaN
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    return middle, low, high


def _draw_baseline(axes: Axes, baseline: float, top: float, soft: str) -> None:
    """The loss of the best constant output; a note at the upper edge where it lies above it."""
    if not np.isfinite(baseline):
        return
    above = baseline > top
    if not above:
        axes.axhline(baseline, color=soft, linewidth=1, linestyle=(0, (1, 2)))
    axes.annotate(
        f"best constant: {baseline:.3g}" + (", above" if above else ""),
        (1, 1 if above else baseline),
        xycoords=("axes fraction", "axes fraction" if above else "data"),
        xytext=(-2, -3),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8.5,
        color=soft,
        bbox={"facecolor": axes.get_facecolor(), "edgecolor": "none", "alpha": 0.75, "pad": 1},
    )


def _limits(means: Floats, baseline: float) -> tuple[float, float]:
    """Room for the curves once the first steep fall is over; what lies higher is cut off.

    The loss of the best constant is taken in where it does not flatten the curves.
    """
    later = means[:, means.shape[1] // 8 :]
    later = later[np.isfinite(later)]
    if not later.size:
        return 0.0, 1.0
    low, high = min(0.0, float(later.min())), float(later.max())
    high += 0.35 * (high - low)
    if np.isfinite(baseline):
        if baseline < 2 * high:
            high = max(high, 1.1 * baseline)
        high = min(high, max(4 * abs(baseline), 1e-9))
    return (low * 1.05, high) if high > low else (low - 0.5, low + 0.5)
