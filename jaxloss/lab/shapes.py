"""Value and gradient of a loss along the line that tells most, for `show` and the gallery."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxloss.analysis.plots import Shape
from jaxloss.catalogue import Row
from jaxloss.lab.errors import LabError
from jaxloss.lab.lines import line_of

POINTS = 401
VISIBLE = 0.02
"""Share of its span that a curve must move by for a hyperparameter to be worth showing."""
QUICKLY = {"xla_backend_optimization_level": 0}
"""A program that runs once, for milliseconds, compiles in half the time without optimising it.

XLA has been seen to make NaN of a gradient in this way only, so what is not finite runs again.
"""
FLOORS = ("eps",)
"""Hyperparameters that only keep numbers finite: nothing to look at."""

LOGARITHMS = ("logit_scale",)
"""Hyperparameters that are logarithms, which sums change as factors change others."""

Setting = Mapping[str, float]


def shapes(row: Row, settings: Setting) -> tuple[list[Shape], str]:
    """Curves of a loss for the settings given, or for a few values of its main hyperparameter.

    The main hyperparameter is the first that visibly changes the curve.

    Args:
        row: of the catalogue.
        settings: hyperparameters that were set; they are drawn beside the defaults.

    Returns:
        The curves and the name of what moves.

    Raises:
        LabError: if the loss cannot be drawn by itself, or has no finite value.
    """
    line, drawn = line_of(row)
    defaults = row.hyperparameters
    x = np.linspace(line.low, line.high, POINTS)
    if settings:
        text = ", ".join(f"{name} = {value:g}" for name, value in settings.items())
        variants = {"": [(text, settings), ("default", {})]}
    else:
        variants = _variants(defaults)

    def value(x: Array, setting: Setting) -> tuple[Array, Array]:
        values = row.loss(*line.call(drawn.positional, x), **drawn.options, **setting)
        shown = values.mean() if line.item is None else values.reshape(-1)[line.item]
        return shown, jnp.asarray(values.size)

    every = [setting for group in variants.values() for _, setting in group]
    varied = sorted({name for setting in every for name in setting})
    stacked = {
        name: jnp.asarray([s.get(name, defaults[name]) for s in every], jnp.float32)
        for name in varied
    }
    # All settings and points are one program: compiling takes longer than all of them.
    over_points = jax.vmap(jax.value_and_grad(value, has_aux=True), (0, None))
    over_all = jax.vmap(over_points, (None, 0), axis_size=len(every))
    for options in (QUICKLY, None):
        run = jax.jit(over_all, compiler_options=options)
        try:
            (heights, counts), slopes = run(jnp.asarray(x, jnp.float32), stacked)
        except (TypeError, ValueError) as error:  # an argument without a default, for instance
            reason = str(error).splitlines()[0]
            raise LabError(f"{row.name} cannot be drawn by itself: {reason}") from None
        if np.isfinite(heights).all() and np.isfinite(slopes).all():
            break
    curves = iter(zip(np.asarray(heights, float), np.asarray(slopes, float), strict=True))
    groups = [[Shape(label, x, *next(curves)) for label, _ in group] for group in variants.values()]
    chosen = groups[0] if settings else _telling(groups)
    shown = [s for s in chosen if np.isfinite(s.value).any()]
    if not shown:
        raise LabError(f"{row.name} has no finite value with these settings")
    count = int(counts.max())
    of = f"value: mean over {count}" if line.item is None else f"value of item {line.item}"
    return shown, line.axis + (f"; {of}" if count > 1 else "")


def _variants(defaults: Setting) -> dict[str, list[tuple[str, Setting]]]:
    """A few values of each hyperparameter around its default."""
    found: dict[str, list[tuple[str, Setting]]] = {
        name: [(f"{name} = {value:.3g}", {name: value}) for value in _around(name, default)]
        for name, default in defaults.items()
        if name not in FLOORS and np.isfinite(default)
    }
    return found or {"": [("", {})]}


def _around(name: str, default: float) -> tuple[float, float, float]:
    """The default, and what lies around it; shares stay shares, small ones grow."""
    if name in LOGARITHMS:
        return default - 1, default, default + 1
    if default == 0:
        return 0.0, 0.1, 0.3
    if 0 < default <= 0.1:
        return default, 3 * default, 10 * default
    if 0.5 <= default < 1:
        return 2 * default - 1 if default > 0.5 else 0.25, default, (1 + default) / 2
    return default / 2, default, 2 * default


def _telling(groups: Sequence[list[Shape]]) -> list[Shape]:
    """The curves of the first hyperparameter that visibly matters, or else the default's alone."""
    if len(groups[0]) == 1:  # nothing to set
        return groups[0]
    for group in groups:
        values = np.array([shape.value for shape in group])
        values = values[:, np.isfinite(values).all(0)]
        if values.size and np.ptp(values, axis=0).max() > VISIBLE * np.ptp(values):
            return group
    same = groups[0][0]  # but for what cannot be seen
    return [Shape("", same.x, same.value, same.gradient)]
