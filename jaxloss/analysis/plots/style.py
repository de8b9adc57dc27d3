"""The house style of pictures: colours, grounds, and figures as PNG.

Colours are those of Okabe and Ito, which people with any colour vision tell apart; lines that
share a panel differ in dashes as well. Every picture exists for a light and for a dark ground.
"""

import io
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

Theme = Literal["light", "dark"]
Floats = NDArray[np.float64]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
YELLOW = "#F0E442"
GROUNDS: dict[Theme, dict[str, str]] = {
    "light": {"ground": "#ffffff", "ink": "#1c2024", "soft": "#60646c", "line": "#e3e5e8"},
    "dark": {"ground": "#15181c", "ink": "#edeef0", "soft": "#a3a9b3", "line": "#2e333a"},
}
# Deep blue disappears on a dark ground, yellow on a light one.
CYCLES: dict[Theme, tuple[str, ...]] = {
    "light": (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, "#1c2024", "#8a7a00"),
    "dark": ("#4ea5dc", "#f0803c", "#23b88d", PURPLE, ORANGE, SKY, "#edeef0", YELLOW),
}
MAKER = {"Software": "jaxloss"}
DASHES = ("-", "--", ":", "-.")
# Lightness changes one way only, so that order survives on paper and for any colour vision.
_SEQUENTIAL: dict[Theme, tuple[str, ...]] = {
    "light": ("#ffffff", "#b5d8ee", "#56a5d3", BLUE, "#0b3350"),
    "dark": ("#15181c", "#11405f", "#1f78b0", "#7fc4ec", "#f0f8fd"),
}
_DIVERGING: dict[Theme, tuple[str, ...]] = {
    "light": ("#8f3d00", VERMILLION, "#ffffff", BLUE, "#00456b"),
    "dark": ("#ffb48a", "#d9662a", "#15181c", "#2f86bd", "#9ad4f5"),
}


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


def png(figure: Figure, *, dpi: int = 150, palette: int | None = None) -> bytes:
    """A figure as PNG bytes that carry the name of their maker.

    Args:
        figure: drawn inside `drawing`.
        dpi: pixels per inch.
        palette: how many colours are kept, for line art that should be small; all if None.
    """
    buffer = io.BytesIO()
    if palette is None:
        figure.savefig(buffer, format="png", dpi=dpi, metadata=MAKER)
        return buffer.getvalue()
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    made = PngInfo()
    for key, value in MAKER.items():
        made.add_text(key, value)
    picture.quantize(palette, dither=Image.Dither.NONE).save(buffer, "png", pnginfo=made)
    return buffer.getvalue()


def sequential(theme: Theme) -> LinearSegmentedColormap:
    """Colours from the ground, for the least, to what stands out most from it.

    Args:
        theme: ground that they are for.
    """
    return LinearSegmentedColormap.from_list("jaxloss-sequential", _SEQUENTIAL[theme])


def diverging(theme: Theme) -> LinearSegmentedColormap:
    """Colours of -1 and +1 on both sides of the ground, which is 0.

    Args:
        theme: ground that they are for.
    """
    return LinearSegmentedColormap.from_list("jaxloss-diverging", _DIVERGING[theme])


def headline(figure: Figure, text: str) -> None:
    """A title at the upper left of the whole figure.

    Args:
        figure: drawn inside `drawing`.
        text: of one line or several.
    """
    width = figure.get_figwidth()
    figure.suptitle(text, x=0.1 / width, ha="left", fontsize=13, fontweight="bold")


def percent(axis: Axis) -> None:
    """Ticks of an axis of shares in percent.

    Args:
        axis: of an `Axes`.
    """
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))


def powers(axis: Axis) -> None:
    """Ticks of a logarithmic axis: powers of ten, and 2 and 5 between them where few fit.

    Args:
        axis: of an `Axes` whose limits are set.
    """
    low, high = sorted(axis.get_view_interval())
    narrow = high < 30 * low
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=7))
    if narrow:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def colour_scale(
    figure: Figure, drawn: Any, axes: Axes, label: str, ticks: Sequence[float] | None = None
) -> None:
    """A bar that tells what the colours of a map mean.

    Args:
        figure: that the map is in.
        drawn: the map.
        axes: beside which the bar stands.
        label: what the colours are, with its unit.
        ticks: values that are named; round ones if None.
    """
    bar = figure.colorbar(drawn, ax=axes, pad=0.02, fraction=0.05, aspect=28, label=label)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(length=0)
    bar.ax.grid(visible=False)
    if ticks is None:
        bar.locator = MaxNLocator(6)
    else:
        bar.locator = FixedLocator(ticks)
        bar.formatter = FuncFormatter(
            lambda value, _: f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
        )
    bar.update_ticks()
