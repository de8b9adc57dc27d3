"""A picture of one run and of what its curves say."""

import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxloss.analysis.plots.style import DASHES, GROUNDS, Floats, Theme, drawing, headline, png
from jaxloss.analysis.verdict import Verdict


def diagnosis_figure(
    steps: Floats,
    train: Floats,
    validation: Floats,
    verdict: Verdict,
    *,
    name: str,
    axis: str = "step",
    baseline: float | None = None,
    target: float | None = None,
    theme: Theme = "light",
) -> bytes:
    """Both losses of a run, where the best step was, what was looked at, and the verdict.

    Args:
        steps: of the points.
        train: training loss.
        validation: validation loss.
        verdict: of `diagnose` on them.
        name: of the run, for the headline.
        axis: what the steps count.
        baseline: loss of the best constant prediction, drawn as a line if it is near.
        target: training loss that would do, drawn likewise.
        theme: ground that it is for.
    """
    ground = GROUNDS[theme]
    seen = np.concatenate([train, validation])
    seen = seen[np.isfinite(seen)]
    with drawing(theme) as colours:
        figure = Figure(figsize=(8.4, 4.9), layout="constrained")
        headline(figure, f"{name}: {verdict.name}")
        axes = figure.add_subplot()
        axes.set_title(textwrap.fill(verdict.reason, 104), fontsize=10, fontweight="normal")
        for label, loss, dash, colour in (
            ("training", train, DASHES[0], colours[0]),
            ("validation", validation, DASHES[1], colours[1]),
        ):
            axes.plot(steps, loss, dash, color=colour, label=label)
        if "window" in verdict.numbers:
            begin = steps[-int(verdict.numbers["window"])]
            axes.axvspan(begin, steps[-1], color=ground["line"], alpha=0.6, linewidth=0, zorder=0)
            axes.plot(
                verdict.numbers["best_step"],
                validation[np.searchsorted(steps, verdict.numbers["best_step"])],
                "o",
                color=colours[1],
                markeredgecolor=ground["ground"],
                markersize=8,
                label="best validation",
            )
        else:  # a loss that is no longer finite
            axes.axvline(verdict.numbers["step"], color=colours[1], linestyle=":", label="broken")
        if seen.size:
            near = float(seen.min()), float(seen.max())
            for label, value, dash in (
                ("best constant", baseline, (0, (1, 2))),
                ("target", target, (0, (6, 2, 1, 2))),
            ):
                if value is not None and value < 1.3 * near[1] - 0.3 * near[0]:
                    axes.axhline(
                        value, color=ground["soft"], linewidth=1.2, linestyle=dash, label=label
                    )
            # What spans decades, without touching 0, is read on a logarithmic axis.
            if near[0] > 0 and near[1] > 30 * near[0]:
                axes.set_yscale("log")
        shaded = " (shaded: the points that slopes and gap are taken over)"
        axes.set_xlabel(axis + (shaded if "window" in verdict.numbers else ""))
        axes.set_ylabel("loss")
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.margins(x=0.01)
        figure.legend(loc="outside lower left", ncols=5, handlelength=2.6)
        return png(figure)
