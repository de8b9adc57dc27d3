"""Pictures of results: who is how fast, with how much memory, and how both grow."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from benchmarks.results import FLOOR, Measured, Result, Row
from benchmarks.tables import duration, family, largest_batches, memory, percent, vmap_ratio, where
from jaxloss.analysis.plots import DASHES, GROUNDS, drawing, png

USUAL = ("jaxloss", "optax", "torch", "torch.compile", "keras")
TICKS = {0.8: (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), 1.6: (1.0, 2.0, 5.0), 3.0: (1.0, 3.0)}
"""Digits that have ticks, by the decades that an axis spans."""
MARKERS = "osD^vPX*<>hd"
SOFT, LINE = GROUNDS["light"]["soft"], GROUNDS["light"]["line"]
LEAST_BYTES = 1024
"""Left or lower edge of memory: programs without temporaries have a place on a log axis too."""


def pictures(result: Result) -> Iterator[tuple[str, bytes]]:
    """All pictures of a result: what to append to its name, and PNG.

    Args:
        result: of any benchmark.
    """
    if result.benchmark == "catalogue":
        yield "", _catalogue(result)
    elif result.benchmark == "growth":
        for along in dict.fromkeys(row.labels["along"] for row in result.rows):
            yield f"-{along}", _growth(result, along)
    else:
        yield "", _comparison(result)


def _comparison(result: Result) -> bytes:
    """A band a case, a mark a system: times on the left, temporary memory on the right."""
    rows = [row for row in result.rows if len(row.systems) > 1]
    systems = _systems(rows)
    # Beside `x + y` where the work is to read and write, in seconds where it is to compute.
    relative = result.benchmark in ("elementwise", "softmax")
    alone = len(rows) == 1
    height = 0.34 * len(systems) if alone else max(0.55, 0.17 * len(systems)) * len(rows)
    with drawing() as colours:
        figure = Figure(figsize=(11, 2.4 + height), layout="constrained")
        _title(figure, result, _shared(rows))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        offsets = np.linspace(-0.3, 0.3, len(systems)) if len(systems) > 1 else np.zeros(1)
        for line, row in enumerate(rows):
            unit = row.systems[FLOOR].seconds if relative else 1.0
            for system, offset in zip(systems, offsets, strict=True):
                if system in row.systems:
                    style = _style(systems, system, colours)
                    _draw_system(left, right, row.systems[system], line + offset, unit, style)
        if alone:
            left.set_yticks(offsets, systems, fontsize=9)
        else:
            left.set_yticks(range(len(rows)), _distinct(rows), fontsize=9)
            marks = [Line2D([], [], label=s, **_style(systems, s, colours)) for s in systems]
            figure.legend(handles=marks, loc="outside lower center", ncols=min(6, len(systems)))
        room = 0.36 if alone else 0.5
        left.set_ylim(len(rows) - 1 + room, -room)
        for axes in (left, right):
            axes.set_xscale("log")
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="y", visible=alone)
            for line in range(1, len(rows)):
                axes.axhline(line - 0.5, color=LINE, linewidth=0.8)
        left.set_title("time: median and quartiles")
        if relative:
            left.axvline(1, color=SOFT, linewidth=1, linestyle=(0, (1, 2)))
            left.set_xlabel("multiple of x + y on as many bytes")
            _few_ticks(left.xaxis, lambda ratio: f"{ratio:g}")
        else:
            left.set_xlabel("seconds")
            _few_ticks(left.xaxis, duration)
        right.set_title("temporary memory")
        right.set_xlabel("bytes; 1 KiB stands for less, too")
        _memory_ticks(right.xaxis)
        return png(figure)


def _draw_system(
    left: Axes, right: Axes, one: Measured, place: float, unit: float, style: dict[str, Any]
) -> None:
    lower, upper = one.quartiles
    error = [[max(0.0, one.seconds - lower) / unit], [max(0.0, upper - one.seconds) / unit]]
    left.errorbar(one.seconds / unit, place, xerr=error, elinewidth=1.4, **style)
    if one.temp_bytes is not None:
        right.plot(max(one.temp_bytes, LEAST_BYTES), place, **style)


def _catalogue(result: Result) -> bytes:
    """A band a family, a dot a loss: speed beside `x + y`, and what vmapping saves."""
    rows = [row for row in result.rows if "jaxloss" in row.systems]
    families = list(dict.fromkeys(family(row) for row in rows))
    largest = largest_batches(rows)
    with drawing() as colours:
        figure = Figure(figsize=(12, 2.2 + 0.62 * len(families)), layout="constrained")
        _title(figure, result)
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
        for row in rows:
            is_small = row not in largest
            place = families.index(family(row)) + (-0.2 if is_small else 0.14)
            style: dict[str, Any] = {
                "color": colours[1] if is_small else colours[0],
                "marker": "s" if is_small else "o",
                "markersize": 5,
                "alpha": 0.75,
                "linestyle": "none",
                "markeredgewidth": 0,
            }
            left.plot(1 / row.ratio("jaxloss"), place, **style)
            ratio = vmap_ratio(row)
            if ratio is not None:
                right.plot(ratio, place, **style)
        for line, name in enumerate(families):
            of_family = [row for row in largest if family(row) == name]
            slowest = max(of_family, key=lambda row: row.ratio("jaxloss"))
            left.annotate(
                slowest.name.partition(".")[2],
                (1 / slowest.ratio("jaxloss"), line + 0.14),
                xytext=(0, -5),
                textcoords="offset points",
                ha="left",
                va="top",
                fontsize=7.5,
                color=SOFT,
            )
        left.set_yticks(range(len(families)), families)
        left.set_ylim(len(families) - 0.5, -0.5)
        for axes, title, label, form in (
            (left, "speed (the slowest of a family is named)", "share of x + y", percent),
            (
                right,
                "vmapped over hyperparameters",
                "time of one program / time of single calls",
                lambda ratio: f"{ratio:g}",
            ),
        ):
            axes.set_xscale("log")
            axes.tick_params(axis="y", length=0)
            axes.axvline(1, color=SOFT, linewidth=1, linestyle=(0, (1, 2)))
            axes.grid(axis="y", visible=False)
            for line in range(1, len(families)):
                axes.axhline(line - 0.5, color=LINE, linewidth=0.8)
            axes.set_title(title)
            axes.set_xlabel(label)
            _few_ticks(axes.xaxis, form)
        if len(largest) < len(rows):
            handles = [
                Line2D([], [], linestyle="none", marker="s", color=colours[1]),
                Line2D([], [], linestyle="none", marker="o", color=colours[0]),
            ]
            top = max(row.sizes["batch"] for row in rows)
            names = ["smaller batch", f"batch of {top}, or what fits"]
            figure.legend(handles, names, loc="outside lower center", ncols=2)
        return png(figure)


def _growth(result: Result, along: str) -> bytes:
    """Time and temporary memory along one size, on log axes."""
    rows = [row for row in result.rows if row.labels["along"] == along]
    systems = _systems(rows)
    fixed = ", ".join(f"{name} {size}" for name, size in rows[0].sizes.items() if name != along)
    with drawing() as colours:
        figure = Figure(figsize=(10, 4.9), layout="constrained")
        _title(figure, result, f"{rows[0].name}, {fixed}")
        left, right = figure.subplots(1, 2)
        for i, system in enumerate(systems):
            there = [row for row in rows if system in row.systems]
            sizes = [row.sizes[along] for row in there]
            found = [row.systems[system] for row in there]
            style = _style(systems, system, colours) | {"linestyle": DASHES[i % len(DASHES)]}
            left.plot(sizes, [one.seconds for one in found], label=system, **style)
            bounds = np.array([one.quartiles for one in found]).T
            left.fill_between(sizes, *bounds, color=style["color"], alpha=0.2, linewidth=0)
            temps = [one.temp_bytes for one in found if one.temp_bytes is not None]
            if len(temps) == len(found):
                right.plot(sizes, [max(size, LEAST_BYTES) for size in temps], **style)
        for axes, title in (
            (left, "time: median and quartiles, seconds"),
            (right, "temporary memory, bytes"),
        ):
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_title(title)
            axes.set_xlabel(along)
            ticks = sorted({row.sizes[along] for row in rows})
            axes.set_xticks(ticks, [str(size) for size in ticks])
            axes.xaxis.set_minor_formatter(NullFormatter())
        _few_ticks(left.yaxis, duration)
        _memory_ticks(right.yaxis)
        figure.legend(loc="outside lower center", ncols=min(6, len(systems)), handlelength=3)
        return png(figure)


def _title(figure: Figure, result: Result, about: str = "") -> None:
    title = f"{result.benchmark}: {about}" if about else result.benchmark
    figure.suptitle(f"{title}\n{where(result).rstrip('.')}", x=0.012, ha="left", fontsize=10.5)


def _systems(rows: Sequence[Row]) -> list[str]:
    found = dict.fromkeys(name for row in rows for name in row.systems)
    return [name for name in found if name != FLOOR]


def _style(systems: Sequence[str], system: str, colours: Sequence[str]) -> dict[str, Any]:
    """Colour and mark of a system: the usual ones look the same in all pictures."""
    order = [*USUAL, *(name for name in systems if name not in USUAL)]
    place = order.index(system)
    return {
        "color": colours[place % len(colours)],
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 6,
        "linestyle": "none",
    }


def _shared(rows: Sequence[Row]) -> str:
    """Name and sizes, as far as all rows have the same."""
    names = {row.name for row in rows}
    sizes = {", ".join(f"{name} {size}" for name, size in row.sizes.items()) for row in rows}
    return ", ".join(one for found in (names, sizes) if len(found) == 1 for one in found)


def _distinct(rows: Sequence[Row]) -> list[str]:
    """Name and size, as far as rows differ in it."""
    names, sizes = {row.name for row in rows}, {row.size for row in rows}
    shown = [
        [part for part, all_of in ((row.name, names), (row.size, sizes)) if len(all_of) > 1]
        for row in rows
    ]
    return ["\n".join(parts) or row.name for parts, row in zip(shown, rows, strict=True)]


def _few_ticks(axis: Axis, form: Callable[[float], str]) -> None:
    """Ticks that a person reads, as many as there is room for."""
    low, high = axis.get_view_interval()
    decades = np.log10(high / low)
    subs = next(
        (subs for limit, subs in TICKS.items() if decades < limit),
        (1.0,),
    )
    axis.set_major_locator(LogLocator(subs=subs, numticks=9))
    axis.set_major_formatter(FuncFormatter(lambda value, _: form(value)))
    axis.set_minor_formatter(NullFormatter())


def _memory_ticks(axis: Axis) -> None:
    """Powers of two, from two to six of them."""
    low, high = axis.get_view_interval()
    if high < 4 * low:
        axis.set_view_interval(low / 2, 2 * high, ignore=True)
    low, high = (int(np.ceil(np.log2(bound) - 0.01)) for bound in axis.get_view_interval())
    step = next(step for step in (1, 2, 5, 10) if step == 10 or (high - low) / step <= 5)
    first = -(-low // step) * step
    axis.set_major_locator(FixedLocator([2.0**power for power in range(first, high + 1, step)]))
    axis.set_major_formatter(FuncFormatter(lambda size, _: memory(size)))
    axis.set_minor_locator(NullLocator())
