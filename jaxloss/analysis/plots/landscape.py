"""Pictures of loss landscapes: along a line, and over a plane with a path of training on it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from jaxloss.analysis.plots.style import (
    DASHES,
    GROUNDS,
    Theme,
    colour_scale,
    drawing,
    headline,
    png,
    sequential,
)

STEEPNESS = 0.4
"""Levels and colours follow this power of the height, which is finest near the minimum."""


def line_figure(
    distances: ArrayLike,
    values: Mapping[str, ArrayLike],
    *,
    title: str = "Loss along a line",
    axis: str = "distance along the direction, in norms of the parameters",
    marks: Mapping[float, str] | None = None,
    theme: Theme = "light",
) -> bytes:
    """Losses along a line through parameter space.

    Args:
        distances: as given to `jaxloss.analysis.landscape.line`.
        values: of one loss or several, by label, such as training and validation.
        title: headline of the picture.
        axis: what the distances are.
        marks: names of places on the line, such as `{0: "first", 1: "second"}`.
        theme: ground that it is for.
    """
    distances = np.asarray(distances, np.float64)
    soft = GROUNDS[theme]["soft"]
    with drawing(theme) as colours:
        figure = Figure(figsize=(6.4, 3.9), layout="constrained")
        headline(figure, title)
        axes = figure.add_subplot()
        for i, (label, one) in enumerate(values.items()):
            axes.plot(
                distances,
                np.asarray(one, np.float64),
                DASHES[i % len(DASHES)],
                color=colours[i % len(colours)],
                label=label,
            )
        for place, name in (marks or {}).items():
            axes.axvline(place, color=soft, linewidth=1, linestyle=(0, (1, 2)))
            axes.annotate(
                name,
                (place, 1),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=soft,
            )
        axes.margins(x=0)
        axes.set_xlabel(axis)
        axes.set_ylabel("loss")
        if len(values) > 1:
            figure.legend(loc="outside lower center", ncols=min(4, len(values)), handlelength=2.8)
        return png(figure)


def plane_figure(
    xs: ArrayLike,
    ys: ArrayLike,
    values: ArrayLike,
    *,
    path: ArrayLike | None = None,
    explained: ArrayLike | None = None,
    title: str = "Loss over a plane",
    label: str = "loss",
    theme: Theme = "light",
) -> bytes:
    """Level lines of the loss over a plane, with the path of training where there is one.

    Args:
        xs: along the first direction, as given to `jaxloss.analysis.landscape.plane`.
        ys: along the second.
        values: a row for each y, a column for each x.
        path: `coordinates` of `jaxloss.analysis.landscape.projection`, first point first; distances
            are then Euclidean, and else in units of the filters' norms.
        explained: shares of the path's variance along both directions.
        title: headline of the picture.
        label: what the values are, with its unit.
        theme: ground that it is for.
    """
    xs, ys, values = (np.asarray(a, np.float64) for a in (xs, ys, values))
    shown = np.ma.masked_invalid(values)
    low, high = float(shown.min()), float(shown.max())
    high = high if high > low else low + 1
    levels = low + (high - low) * np.linspace(0, 1, 19) ** (1 / STEEPNESS)
    ground = GROUNDS[theme]
    with drawing(theme) as colours:
        figure = Figure(figsize=(6.4, 5.1), layout="constrained")
        headline(figure, title)
        axes = figure.add_subplot()
        norm = PowerNorm(STEEPNESS, low, high)
        drawn = axes.contourf(xs, ys, shown, levels, cmap=sequential(theme), norm=norm)
        axes.contour(xs, ys, shown, levels, colors=[ground["soft"]], linewidths=0.5, alpha=0.7)
        if path is None:
            axes.plot(
                0,
                0,
                marker="*",
                markersize=14,
                color=colours[1],
                label="parameters",
                linestyle="none",
                markeredgecolor=ground["ground"],
            )
        else:
            walked = np.asarray(path, np.float64)
            axes.plot(*walked.T, color=ground["ground"], linewidth=4.5, solid_joinstyle="round")
            axes.plot(
                *walked.T,
                color=colours[1],
                linewidth=2,
                marker="o",
                markersize=3.5,
                label="path of training",
            )
            for place, mark, size, name in ((0, "o", 9, "start"), (-1, "*", 15, "end")):
                axes.plot(
                    *walked[place],
                    marker=mark,
                    markersize=size,
                    color=colours[1],
                    markeredgecolor=ground["ground"],
                    linestyle="none",
                    label=name,
                )
        figure.legend(loc="outside lower center", ncols=3)
        axes.set_xlim(xs[0], xs[-1])
        axes.set_ylim(ys[0], ys[-1])
        axes.grid(visible=False)
        unit = "norms of the filters" if path is None else "distance in parameter space"
        names = ("first direction", "second direction")
        if explained is not None:
            shares = np.asarray(explained, np.float64)
            names = tuple(
                f"{name} ({100 * share:.0f} % of the path)"
                for name, share in zip(names, shares, strict=True)
            )
        axes.set_xlabel(f"{names[0]}, {unit}")
        axes.set_ylabel(f"{names[1]},\n{unit}")
        colour_scale(figure, drawn, axes, label, ticks=levels[::3].tolist())
        return png(figure)
