"""Pictures of calibration: do probabilities, and predicted intervals, mean what they say?"""

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from jaxloss.analysis.calibration import Reliability, quantile_coverage
from jaxloss.analysis.plots.style import (
    GROUNDS,
    Floats,
    Theme,
    drawing,
    headline,
    percent,
    png,
    sequential,
)


def reliability_figure(
    found: Reliability,
    *,
    band: tuple[ArrayLike, ArrayLike] | None = None,
    level: float = 0.9,
    title: str = "Do probabilities come true?",
    event: str = "right answers",
    theme: Theme = "light",
) -> bytes:
    """What came true over what was predicted, with the count of each bin below.

    Args:
        found: by `jaxloss.analysis.calibration.reliability`.
        band: where right probabilities would lie, by `consistency_band`.
        level: of the band.
        title: headline of the picture.
        event: what the probabilities are of.
        theme: ground that it is for.
    """
    counts, confidence, accuracy = (
        np.asarray(a, np.float64) for a in (found.counts, found.confidence, found.accuracy)
    )
    there = counts > 0
    x, y = confidence[there], accuracy[there]
    soft = GROUNDS[theme]["soft"]
    with drawing(theme) as colours:
        figure = Figure(figsize=(5.2, 5.9), layout="constrained")
        headline(figure, title)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1])
        upper.plot([0, 1], [0, 1], color=soft, linewidth=1, linestyle=(0, (1, 2)))
        if band is not None:
            low, high = (np.asarray(a, np.float64)[there] for a in band)
            upper.vlines(
                x,
                low,
                high,
                color=colours[5],
                alpha=0.45,
                linewidth=9,
                label=f"{100 * level:g} % of draws, if they were right",
            )
        upper.plot(
            x,
            y,
            "o-",
            color=colours[0],
            markersize=6,
            linewidth=1.4,
            label="observed",
            clip_on=False,
        )
        upper.set_title(
            f"expected calibration error {100 * float(found.expected_error):.1f} %",
            fontsize=10,
            fontweight="normal",
        )
        upper.set_ylabel(f"share of {event}")
        upper.set(xlim=(-0.03, 1.03), ylim=(-0.02, 1.02))
        lower.vlines(x, 0, counts[there], color=colours[0], linewidth=9, alpha=0.85)
        lower.set_ylim(0, 1.08 * counts.max() if there.any() else 1)
        lower.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        lower.set_ylabel("predictions")
        lower.set_xlabel("mean predicted probability of the bin")
        percent(upper.yaxis)
        percent(lower.xaxis)
        figure.legend(loc="outside lower center", ncols=2)
        return png(figure)


def interval_figure(
    levels: ArrayLike,
    quantiles: ArrayLike,
    target: ArrayLike,
    *,
    x: ArrayLike | None = None,
    title: str = "Do the predicted intervals hold?",
    axis: str = "input",
    unit: str = "target",
    theme: Theme = "light",
) -> bytes:
    """Predicted quantile bands with the truth on them, and how many targets each level covers.

    Args:
        levels: of the quantiles, ascending, in (0, 1).
        quantiles: predictions: examples, then levels.
        target: what came, one per example.
        x: where the examples lie along the axis; in the order of their medians if None.
        title: headline of the picture.
        axis: what x is, with its unit.
        unit: what the target is, with its unit.
        theme: ground that it is for.
    """
    levels, quantiles, target = (np.asarray(a, np.float64) for a in (levels, quantiles, target))
    middle = quantiles[:, np.abs(levels - 0.5).argmin()]
    order = np.argsort(middle if x is None else np.asarray(x, np.float64))
    place = np.arange(target.size) + 1.0 if x is None else np.asarray(x, np.float64)[order]
    with drawing(theme) as colours:
        figure = Figure(figsize=(10.4, 4.5), layout="constrained")
        headline(figure, title)
        left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
        bands = levels.size // 2
        for i in range(bands):
            share = levels[-1 - i] - levels[i]
            left.fill_between(
                place,
                quantiles[order, i],
                quantiles[order, -1 - i],
                color=sequential(theme)(0.16 + 0.3 * i / bands),
                linewidth=0,
                label=f"{100 * share:.3g} % interval",
            )
        left.plot(place, middle[order], color=colours[0], label="median")
        left.plot(place, target[order], ".", color=colours[1], markersize=4.5, label="truth")
        left.margins(x=0.01)
        left.set_xlabel("examples, in the order of their medians" if x is None else axis)
        left.set_ylabel(unit)
        observed = np.asarray(
            quantile_coverage(jnp.asarray(quantiles), jnp.asarray(target)), np.float64
        )
        _draw_coverage(right, levels, observed, target.size, colours, theme)
        figure.legend(loc="outside lower center", ncols=6)
        return png(figure)


def _draw_coverage(
    axes: Axes, levels: Floats, observed: Floats, count: int, colours: tuple[str, ...], theme: Theme
) -> None:
    nominal = np.linspace(0, 1, 101)
    room = 2 * np.sqrt(nominal * (1 - nominal) / count)
    axes.fill_between(
        nominal,
        np.maximum(nominal - room, 0),
        np.minimum(nominal + room, 1),
        color=GROUNDS[theme]["soft"],
        alpha=0.18,
        linewidth=0,
        label="two standard errors",
    )
    axes.plot([0, 1], [0, 1], color=GROUNDS[theme]["soft"], linewidth=1, linestyle=(0, (1, 2)))
    axes.plot(levels, observed, "o-", color=colours[0], markersize=6, linewidth=1.4, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("nominal level of the quantile")
    axes.set_ylabel("targets at or below it")
    percent(axes.xaxis)
    percent(axes.yaxis)
