"""Pictures of gradients: how hard examples pull, and whether terms pull the same way."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from jaxloss.analysis.plots.style import (
    GROUNDS,
    Floats,
    Theme,
    colour_scale,
    diverging,
    drawing,
    headline,
    png,
    powers,
    sequential,
)

BINS = 60
DEEPEST = 1e-6
"""Norms below this share of the largest lie at the edge of a picture."""


def gradient_histograms(
    norms: Mapping[str, ArrayLike],
    *,
    title: str = "How hard each example pulls",
    axis: str = "norm of the gradient in the outputs, one per example",
    saturated: float = 1e-3,
    theme: Theme = "light",
) -> bytes:
    """A ridge a loss: how the norms of its output gradients are spread over the examples.

    Losses have units of their own: compare the widths of the ridges and the shares that hardly
    pull, not their places.

    Args:
        norms: of each loss, one per example (`jaxloss.analysis.probe.output_gradient_norms`).
        title: headline of the picture.
        axis: what the norms are of.
        saturated: share of a loss's largest norm up to which an example hardly pulls.
        theme: ground that it is for.
    """
    values = {label: np.ravel(np.asarray(one, np.float64)) for label, one in norms.items()}
    edges = _log_edges(np.concatenate(list(values.values())))
    middles = np.sqrt(edges[1:] * edges[:-1])
    count = len(values)
    with drawing(theme) as colours:
        ink, soft = GROUNDS[theme]["ink"], GROUNDS[theme]["soft"]
        figure = Figure(figsize=(7.4, 1.9 + 0.62 * count), layout="constrained")
        headline(figure, title)
        axes = figure.add_subplot()
        for place, one in enumerate(values.values()):
            colour, bottom = colours[place % len(colours)], count - 1 - place
            shares = _smooth(_histogram(one, edges))
            heights = bottom + 0.86 * shares / max(shares.max(), 1e-12)
            axes.fill_between(middles, bottom, heights, color=colour, alpha=0.3, linewidth=0)
            axes.plot(middles, heights, color=colour, linewidth=1.7)
            quiet = np.mean(one <= saturated * one.max())
            axes.annotate(
                f"{100 * quiet:.0f} %",
                (1.02, bottom + 0.06),
                xycoords=("axes fraction", "data"),
                annotation_clip=False,
                color=ink,
            )
        axes.annotate(
            f"share up to\n{saturated:g} of the\nlargest",
            (1.02, count - 0.2),
            xycoords=("axes fraction", "data"),
            annotation_clip=False,
            fontsize=8.5,
            color=soft,
        )
        axes.set_xscale("log")
        axes.set_xlim(edges[0], edges[-1])
        powers(axes.xaxis)
        axes.set_ylim(-0.06, count)
        axes.set_yticks(np.arange(count)[::-1] + 0.12, list(values))
        axes.tick_params(axis="y", length=0, labelcolor=ink)
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(_named(axis, np.concatenate(list(values.values())), edges))
        return png(figure)


def gradient_heatmap(
    steps: ArrayLike,
    norms: ArrayLike,
    *,
    title: str = "How hard each example pulls, over training",
    axis: str = "norm of the gradient in the outputs",
    theme: Theme = "light",
) -> bytes:
    """A column a step: how the norms of output gradients are spread, and their median.

    Args:
        steps: at which the norms were recorded.
        norms: recorded steps along the first axis, examples along the second.
        title: headline of the picture.
        axis: what the norms are of.
        theme: ground that it is for.
    """
    steps, norms = np.asarray(steps, np.float64), np.asarray(norms, np.float64)
    edges = _log_edges(norms)
    shares = np.stack([_histogram(one, edges) for one in norms], axis=1)
    with drawing(theme):
        figure = Figure(figsize=(7.4, 4.2), layout="constrained")
        headline(figure, title)
        axes = figure.add_subplot()
        drawn = axes.pcolormesh(
            _around(steps),
            edges,
            100 * shares,
            cmap=sequential(theme),
            # Thin crowds beside the dense ones of the first steps remain to be seen.
            norm=PowerNorm(0.4, 0, 100 * shares.max()),
            rasterized=True,
        )
        median = np.clip(np.median(norms, axis=1), edges[0], edges[-1])
        # A rim of the ground's colour keeps the line apart from dark and light cells alike.
        axes.plot(steps, median, color=GROUNDS[theme]["ground"], linewidth=4.5)
        colour = {"light": "#D55E00", "dark": "#f0803c"}[theme]
        axes.plot(steps, median, color=colour, linewidth=2, label="median")
        axes.set_yscale("log")
        axes.set_ylim(edges[0], edges[-1])
        powers(axes.yaxis)
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.grid(visible=False)
        axes.set_xlabel("step")
        axes.set_ylabel(_named(axis, norms, edges))
        figure.legend(loc="outside upper right")
        colour_scale(figure, drawn, axes, "share of the examples, %")
        return png(figure)


def cosine_matrix(report: Mapping[str, ArrayLike], terms: Sequence[str]) -> Floats:
    """Cosines between the gradients of terms, from the report of `jaxloss.balance`.

    Args:
        report: holds `"a~b/cosine"` for each two terms; scalars, or arrays over steps.
        terms: their names.

    Returns:
        A symmetric matrix with a diagonal of ones; steps, if there are any, come first.

    Example:
        >>> cosine_matrix({"a~b/cosine": -0.5}, ["a", "b"]).tolist()
        [[1.0, -0.5], [-0.5, 1.0]]
    """
    rows = [
        [
            1.0 if a == b else report.get(f"{a}~{b}/cosine", report.get(f"{b}~{a}/cosine", np.nan))
            for b in terms
        ]
        for a in terms
    ]
    flat = np.broadcast_arrays(*(np.asarray(one, np.float64) for row in rows for one in row))
    return np.stack(flat, -1).reshape(*flat[0].shape, len(terms), len(terms))


def conflict_figure(
    terms: Sequence[str],
    cosines: ArrayLike,
    *,
    steps: ArrayLike | None = None,
    title: str = "Do the terms pull the same way?",
    theme: Theme = "light",
) -> bytes:
    """Cosines between the gradients of terms: a matrix, and their course over training.

    Args:
        terms: names.
        cosines: between each two terms; with `steps`, one matrix a step (the matrix shown is then
            their mean, and each pair has its share of steps in conflict beside it).
        steps: at which the cosines were recorded.
        title: headline of the picture.
        theme: ground that it is for.
    """
    cosines = np.asarray(cosines, np.float64)
    pairs = list(itertools.combinations(range(len(terms)), 2))
    side = 1.3 + 0.62 * len(terms)
    with drawing(theme):
        width = side + 1.7 if steps is None else side + 7.2
        height = max(side + 0.8, 1.8 + 0.3 * len(pairs)) if steps is not None else side + 0.8
        figure = Figure(figsize=(width, height), layout="constrained")
        headline(figure, title)
        if steps is None:
            left = figure.add_subplot()
            drawn = _draw_matrix(left, terms, cosines, theme)
            colour_scale(
                figure, drawn, left, "cosine of two gradients", ticks=(-1, -0.5, 0, 0.5, 1)
            )
            return png(figure)
        left, right = figure.subplots(1, 2, width_ratios=[side, 5.4])
        _draw_matrix(left, terms, _mean(cosines), theme)
        left.set_title("mean over the steps", fontsize=10)
        courses = np.stack([cosines[:, a, b] for a, b in pairs])
        steps = np.asarray(steps, np.float64)
        drawn = right.pcolormesh(
            _around(steps),
            np.arange(len(pairs) + 1) - 0.5,
            courses,
            cmap=diverging(theme),
            vmin=-1,
            vmax=1,
            rasterized=True,
        )
        right.set_ylim(len(pairs) - 0.5, -0.5)
        names = [
            f"{terms[a]} · {terms[b]}\n{100 * np.mean(course < 0):.0f} % of steps in conflict"
            for (a, b), course in zip(pairs, courses, strict=True)
        ]
        right.set_yticks(range(len(pairs)), names, fontsize=8.5)
        right.tick_params(axis="y", length=0, labelcolor=GROUNDS[theme]["ink"])
        right.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        right.set_xlabel("step")
        right.set_title("over training", fontsize=10)
        right.grid(visible=False)
        colour_scale(figure, drawn, right, "cosine of two gradients", ticks=(-1, -0.5, 0, 0.5, 1))
        return png(figure)


def _draw_matrix(axes: Axes, terms: Sequence[str], cosines: Floats, theme: Theme) -> object:
    drawn = axes.imshow(cosines, cmap=diverging(theme), vmin=-1, vmax=1)
    strong = {"light": "#ffffff", "dark": "#15181c"}[theme]
    for (row, column), cosine in np.ndenumerate(cosines):
        far = abs(cosine) > 0.55
        text = f"{cosine:.2f}".replace("-", "\N{MINUS SIGN}") if np.isfinite(cosine) else ""
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=9,
            color=strong if far else GROUNDS[theme]["ink"],
        )
    axes.set_xticks(range(len(terms)), terms, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(terms)), terms)
    axes.tick_params(length=0, labelcolor=GROUNDS[theme]["ink"])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    return drawn


def _log_edges(norms: Floats) -> Floats:
    """Edges of bins of equal width in the logarithm, from the smallest norm to the largest."""
    positive = norms[np.isfinite(norms) & (norms > 0)]
    if not positive.size:
        return np.geomspace(DEEPEST, 1.0, BINS + 1)
    high = 1.25 * positive.max()
    low = max(0.8 * positive.min(), DEEPEST * high)
    # Norms of 0 have the first bins to themselves.
    return np.geomspace(low / 2 if positive.size < norms.size else low, high, BINS + 1)


def _histogram(norms: Floats, edges: Floats) -> Floats:
    """Shares of the norms in each bin; what lies below the first lies in it."""
    inside = np.clip(norms[np.isfinite(norms)], edges[0], edges[-1])
    return np.histogram(inside, edges)[0] / max(norms.size, 1)


def _mean(cosines: Floats) -> Floats:
    """Over the steps at which there was a cosine; NaN where there never was one."""
    there = np.isfinite(cosines)
    count = there.sum(0)
    total = np.where(there, cosines, 0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _named(axis: str, norms: Floats, edges: Floats) -> str:
    """The label of an axis of norms, which says where the smallest ones are."""
    return f"{axis}\n(smaller ones, and 0, at the edge)" if (norms < edges[0]).any() else axis


def _smooth(shares: Floats) -> Floats:
    return np.convolve(shares, np.array([1, 4, 6, 4, 1]) / 16, mode="same")


def _around(steps: Floats) -> Floats:
    """Edges of cells whose middles are the steps."""
    if steps.size == 1:
        return np.array([steps[0] - 0.5, steps[0] + 0.5])
    middles = (steps[1:] + steps[:-1]) / 2
    return np.concatenate([[2 * steps[0] - middles[0]], middles, [2 * steps[-1] - middles[-1]]])
