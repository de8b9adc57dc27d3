"""Pictures: every kind on both grounds, and what the numbers in them are made of."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxloss.analysis import plots
from jaxloss.analysis.calibration import consistency_band, reliability
from jaxloss.analysis.plots import gradients, shapes, training

RNG = np.random.default_rng(0)
STEPS = np.arange(0, 50, 5.0)


def curves(label):
    falling = np.exp(-STEPS / 20) + 0.1 * RNG.uniform(size=(3, 10))
    return plots.LossCurves(label, falling, falling + 0.1, 1 - falling, 1.2)


def shape(label):
    x = np.linspace(-1, 1, 11)
    return plots.Shape(label, x, x**2, 2 * x)


COSINES = np.array([[1, -0.5, 0.2], [-0.5, 1, np.nan], [0.2, np.nan, 1]])
P = RNG.uniform(size=80).astype(np.float32)
RELIABILITY = reliability(P, jnp.asarray(RNG.uniform(size=80) < P), bins=5)
BAND = consistency_band(jax.random.key(0), P, RELIABILITY, draws=20)
LEVELS = np.array([0.1, 0.5, 0.9])
QUANTILES = np.sort(RNG.normal(size=(30, 3)), axis=1)
NORMS = np.exp(RNG.normal(size=(10, 40))) * (RNG.uniform(size=(10, 40)) < 0.8)
GRID = np.linspace(-1, 1, 9)
BOWL = GRID**2 + 2 * GRID[:, None] ** 2

FIGURES = {
    "shape": lambda t: plots.shape_figure([shape("a"), shape("b")], title="A", axis="x", theme=t),
    "card": lambda t: plots.shape_card([shape("a")], name="a.b", axis="x " * 60, theme=t),
    "curves": lambda t: plots.curves_figure([curves("a"), curves("b")], STEPS, theme=t),
    "quantiles": lambda t: plots.curves_figure([curves("a")] * 4, STEPS, band="quantiles", theme=t),
    "ridges": lambda t: plots.gradient_histograms({"a": NORMS[0], "none": 0 * P}, theme=t),
    "heat": lambda t: plots.gradient_heatmap(STEPS, NORMS, theme=t),
    "conflicts": lambda t: plots.conflict_figure("abc", COSINES, theme=t),
    "conflicts over steps": lambda t: plots.conflict_figure(
        "abc", np.stack([COSINES] * 10), steps=STEPS, theme=t
    ),
    "line": lambda t: plots.line_figure(
        GRID, {"train": GRID**2, "test": GRID**4}, marks={0: "here"}, theme=t
    ),
    "plane": lambda t: plots.plane_figure(GRID, GRID, BOWL, theme=t),
    "plane with a path": lambda t: plots.plane_figure(
        GRID, GRID, BOWL, path=np.stack([GRID, GRID**2], 1), explained=[0.8, 0.1], theme=t
    ),
    "flat plane": lambda t: plots.plane_figure(GRID, GRID, 0 * BOWL, theme=t),
    "reliability": lambda t: plots.reliability_figure(RELIABILITY, band=BAND, theme=t),
    "intervals": lambda t: plots.interval_figure(LEVELS, QUANTILES, QUANTILES[:, 1], theme=t),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_picture_on_its_ground(name):
    for theme, ground in (("light", (255, 255, 255)), ("dark", (0x15, 0x18, 0x1C))):
        content = FIGURES[name](theme)
        picture = Image.open(io.BytesIO(content))
        assert picture.text["Software"] == "jaxloss"
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        assert tuple(pixels[0]) == ground
        # Something is drawn, and the whole rim is free: nothing is cut off.
        assert len(np.unique(pixels, axis=0)) > 10
        whole = pixels.reshape(picture.height, picture.width, 3)
        rim = (whole[0], whole[-1], whole[:, 0], whole[:, -1])
        assert all((line == ground).all() for line in rim)


def test_ridges_say_how_many_examples_hardly_pull():
    edges = gradients._log_edges(np.array([0.0, 1.0, 10.0]))
    shares = gradients._histogram(np.array([0.0, 0.0, 1.0, 10.0]), edges)
    assert shares.sum() == 1
    assert shares[0] == 0.5  # norms of 0 lie at the edge, apart from the smallest one
    assert np.flatnonzero(shares).size == 3
    assert edges[0] < 0.5 < edges[1] * 2


def test_cosines_of_a_report_become_a_matrix():
    report = {"a~b/cosine": np.array([0.1, -0.2]), "b~c/cosine": np.array([0.3, 0.4])}
    found = plots.cosine_matrix(report, ["a", "b", "c"])
    expected = [[1, 0.1, np.nan], [0.1, 1, 0.3], [np.nan, 0.3, 1]]
    assert found.shape == (2, 3, 3)
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_array_equal(found[1][0, :2], [1, -0.2])


def test_bands_are_errors_or_quantiles_over_seeds():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]])
    middle, low, high = training._over_seeds(values, "error")
    error = np.std([1, 2, 6], ddof=1) / np.sqrt(3)
    np.testing.assert_allclose([middle[0], low[0], high[0]], [3, 3 - error, 3 + error])
    middle, low, high = training._over_seeds(values, "quantiles")
    np.testing.assert_allclose([middle[0], low[0], high[0]], [2, 1.2, 5.2])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.25, "\N{MINUS SIGN}0.25"),
        (12345.0, "1e4"),
        (2e-5, "2e\N{MINUS SIGN}5"),
        (-1500.0, "\N{MINUS SIGN}1500"),
    ],
)
def test_ticks_are_short(value, text):
    assert shapes._short(value, 0) == text


def test_labels_break_into_even_lines():
    lines = shapes._wrapped("one two three four five six seven eight nine ten", 40).splitlines()
    assert len(lines) == 2
    assert abs(len(lines[0]) - len(lines[1])) <= 8
    assert shapes._wrapped("short", 40) == "short"
