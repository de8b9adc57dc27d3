"""Pictures of losses and of training runs; the only module that imports matplotlib.

Colours are those of Okabe and Ito, which people with any colour vision tell apart; lines that
share a panel differ in dashes as well. Every picture exists for a light and for a dark ground.
"""

import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from jaxloss.analysis.curves import average_curve

Theme = Literal["light", "dark"]
Floats = NDArray[np.float64]

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, YELLOW = "#E69F00", "#56B4E9", "#F0E442"
GROUNDS: dict[Theme, dict[str, str]] = {
    "light": {"ground": "#ffffff", "ink": "#1c2024", "soft": "#60646c", "line": "#e3e5e8"},
    "dark": {"ground": "#15181c", "ink": "#edeef0", "soft": "#a3a9b3", "line": "#2e333a"},
}
# Deep blue disappears on a dark ground, yellow on a light one.
CYCLES: dict[Theme, tuple[str, ...]] = {
    "light": (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, "#1c2024", "#8a7a00"),
    "dark": ("#4ea5dc", "#f0803c", "#23b88d", PURPLE, ORANGE, SKY, "#edeef0", YELLOW),
}
DASHES = ("-", "--", ":", "-.")


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


@dataclass(frozen=True)
class Shape:
    """Value and gradient of one loss along one argument."""

    label: str
    x: Floats
    value: Floats
    gradient: Floats


@contextmanager
def drawing(theme: Theme = "light") -> Generator[tuple[str, ...]]:
    """The house style while a figure is built and saved; gives the theme's line colours.

    Args:
        theme: ground that the figure is for.
    """
    ground = GROUNDS[theme]
    style: dict[Any, Any] = {
        "figure.facecolor": ground["ground"],
        "savefig.facecolor": ground["ground"],
        "axes.facecolor": ground["ground"],
        "axes.edgecolor": ground["soft"],
        "axes.labelcolor": ground["soft"],
        "axes.titlecolor": ground["ink"],
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": ground["line"],
        "grid.linewidth": 0.8,
        "xtick.color": ground["soft"],
        "ytick.color": ground["soft"],
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "text.color": ground["ink"],
        "font.size": 10,
        "font.family": "DejaVu Sans",
        "legend.frameon": False,
        "legend.fontsize": 9.5,
        "lines.linewidth": 2.0,
        "figure.dpi": 100,
    }
    with mpl.rc_context(style):
        yield CYCLES[theme]


def png(figure: Figure, *, dpi: int = 150) -> bytes:
    """A figure as PNG bytes that carry the name of their maker.

    Args:
        figure: drawn inside `drawing`.
        dpi: pixels per inch.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": "jaxloss"})
    return buffer.getvalue()


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
    """
    columns = 4 if len(curves) > 6 else 3
    rows = -(-len(curves) // columns)
    top = 1.5 + 0.34 * max(len(ranking), 5)
    with drawing() as colours:
        figure = Figure(figsize=(15, 0.9 + top + 2.75 * rows), layout="constrained")
        figure.suptitle(title, x=0.012, ha="left", fontsize=15, fontweight="bold")
        grid = figure.add_gridspec(2, 1, height_ratios=[top, 2.75 * rows])
        upper, lower = (figure.add_subfigure(grid[i]) for i in range(2))
        left, right = upper.subplots(1, 2, width_ratios=[1.1, 1])
        draw_ranking(left, ranking, metric, colours, percent=percent)
        draw_metric(right, curves, steps, metric, colours, "light", percent=percent, target=target)
        right.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), handlelength=2.6)
        panels = lower.subplots(rows, columns, squeeze=False, sharex=True).ravel()
        for axes, one in zip(panels, curves, strict=False):
            draw_loss(axes, one, steps, colours, "light")
            axes.set_title(one.label, fontsize=9.5)
        for axes in panels[len(curves) :]:
            axes.set_visible(False)
        for axes in panels[: len(curves)][-columns:]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("step")
        for axes in panels[::columns]:
            axes.set_ylabel("mean loss")
        handles, names = panels[0].get_legend_handles_labels()
        lower.legend(handles, names, loc="outside upper left", ncols=2)
        return png(figure, dpi=110)


def shape_figure(
    shapes: Sequence[Shape], *, title: str, axis: str, theme: Theme = "light"
) -> bytes:
    """Value and gradient of a loss side by side, one line per hyperparameter setting.

    Args:
        shapes: one per setting.
        title: headline of the sheet.
        axis: what moves.
        theme: ground that it is for.
    """
    with drawing(theme) as colours:
        figure = Figure(figsize=(9.6, 4.1), layout="constrained")
        figure.suptitle(title, x=0.012, ha="left", fontsize=14, fontweight="bold")
        left, right = figure.subplots(1, 2)
        for i, shape in enumerate(shapes):
            style = {"color": colours[i % len(colours)], "linestyle": DASHES[i % len(DASHES)]}
            left.plot(shape.x, shape.value, label=shape.label, **style)
            right.plot(shape.x, shape.gradient, **style)
        for axes, name in ((left, "value"), (right, "gradient")):
            axes.set_title(name)
            axes.set_xlabel(axis)
            axes.axhline(0, color=GROUNDS[theme]["soft"], linewidth=0.8)
            axes.margins(x=0)
        if len(shapes) > 1:
            left.legend(loc="best", handlelength=2.8)
        return png(figure)


def draw_loss(
    axes: Axes, curves: LossCurves, steps: Floats, colours: Sequence[str], theme: Theme
) -> None:
    """Training and validation loss with bands of one standard error over the seeds."""
    seen = []
    for name, values, colour, dash in (
        ("training", curves.train, colours[0], "-"),
        ("validation", curves.validation, colours[1], "--"),
    ):
        mean, error = average_curve(values)
        axes.plot(steps, mean, dash, color=colour, label=name)
        axes.fill_between(steps, mean - error, mean + error, color=colour, alpha=0.22, linewidth=0)
        seen.append(mean)
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
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def draw_ranking(
    axes: Axes, ranking: Sequence[Ranked], metric: str, colours: Sequence[str], *, percent: bool
) -> None:
    """Means with bars of two standard errors, best loss on top."""
    soft = GROUNDS["light"]["soft"]
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
    axes.tick_params(axis="y", length=0, labelcolor=GROUNDS["light"]["ink"])
    axes.set_ylim(len(ranking) - 0.5, -0.5)
    axes.set_title(f"test {metric} (bars: two standard errors)")
    axes.grid(axis="y", visible=False)
    if percent:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


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
