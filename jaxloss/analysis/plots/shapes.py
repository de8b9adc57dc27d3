"""Value and gradient of a loss along one argument."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from jaxloss.analysis.plots.style import DASHES, GROUNDS, Floats, Theme, drawing, headline, png


@dataclass(frozen=True)
class Shape:
    """Value and gradient of one loss along one argument."""

    label: str
    x: Floats
    value: Floats
    gradient: Floats


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
        headline(figure, title)
        left, right = figure.subplots(1, 2)
        _draw(left, right, shapes, colours, theme)
        for axes, name in ((left, "value"), (right, "gradient")):
            axes.set_title(name)
            axes.set_xlabel(_wrapped(axis, 58))
        columns, rows = _columns(shapes, 96)
        if rows:
            figure.legend(loc="outside lower center", ncols=columns, handlelength=2.8)
        return png(figure)


def shape_card(shapes: Sequence[Shape], *, name: str, axis: str, theme: Theme = "light") -> bytes:
    """Value above gradient, small enough for a card of a page or a telephone.

    Args:
        shapes: one per setting.
        name: of the loss.
        axis: what moves.
        theme: ground that it is for.
    """
    label = _wrapped(axis, 50)
    columns, rows = _columns(shapes, 60)
    # Places are reckoned here: finding them by trial would take as long again as drawing.
    below = 0.52 + 0.19 * label.count("\n") + 0.21 * rows
    width, panel = 4.4, 1.52
    height = below + 2 * panel + 0.72
    with drawing(theme) as colours:
        figure = Figure(figsize=(width, height))
        left, across = 0.7 / width, (width - 0.9) / width
        upper = figure.add_axes((left, (below + panel + 0.42) / height, across, panel / height))
        lower = figure.add_axes((left, below / height, across, panel / height), sharex=upper)
        _draw(upper, lower, shapes, colours, theme)
        for axes, text in ((upper, f"{name}: value"), (lower, "gradient")):
            axes.set_title(text, fontsize=min(10.5, 380 / len(text)), pad=5)
            axes.xaxis.set_major_locator(MaxNLocator(6))
            axes.yaxis.set_major_locator(MaxNLocator(5))
            axes.yaxis.set_major_formatter(FuncFormatter(_short))
        upper.tick_params(labelbottom=False)
        lower.set_xlabel(label)
        if rows:
            figure.legend(
                loc="lower center", ncols=columns, handlelength=2.2, columnspacing=1.0, fontsize=9
            )
        return png(figure, dpi=160, palette=64)


def _draw(
    above: Axes, below: Axes, shapes: Sequence[Shape], colours: Sequence[str], theme: Theme
) -> None:
    for i, shape in enumerate(shapes):
        dash, colour = DASHES[i % len(DASHES)], colours[i % len(colours)]
        above.plot(shape.x, shape.value, dash, color=colour, label=shape.label)
        below.plot(shape.x, shape.gradient, dash, color=colour)
    for axes in (above, below):
        axes.margins(x=0)
        bottom, top = axes.get_ylim()
        # A zero far away would press the curves flat.
        if min(abs(bottom), abs(top)) < 0.5 * (top - bottom) or bottom < 0 < top:
            axes.axhline(0, color=GROUNDS[theme]["soft"], linewidth=0.8)


def _columns(shapes: Sequence[Shape], room: int) -> tuple[int, int]:
    """Columns and rows of a legend, of which a line has room for so many letters."""
    if len(shapes) < 2:
        return 1, 0
    widest = max(len(shape.label) for shape in shapes) + 7
    columns = max(1, min(len(shapes), room // widest))
    return columns, -(-len(shapes) // columns)


def _wrapped(text: str, width: int) -> str:
    """Lines of about the same length, no more of them than the width asks for."""
    count = len(textwrap.wrap(text, width))
    even = textwrap.wrap(text, min(width, len(text) // count + 6))
    return "\n".join(even if len(even) == count else textwrap.wrap(text, width))


def _short(value: float, _: int) -> str:
    """A tick of few letters, whatever its size."""
    if value == 0:
        return "0"
    size = abs(value)
    form = ".0f" if 1e3 <= size < 1e4 else ".3g" if 1e-3 <= size < 1e3 else ".0e"
    text = f"{value:{form}}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return text.replace("-", "\N{MINUS SIGN}")
