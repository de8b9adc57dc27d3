"""Value and gradient of a loss along one argument, for `jaxloss show`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxloss.analysis.plots import Shape
from jaxloss.catalogue import Row
from jaxloss.domains import DOMAINS
from jaxloss.lab.errors import LabError

POINTS = 401
CLASSES = 5


@dataclass(frozen=True)
class Line:
    """A way through the arguments of a loss.

    Attributes:
        axis: what moves, in words.
        low, high: from where to where.
        call: positional arguments at a place on the line.
    """

    axis: str
    low: float
    high: float
    call: Callable[[Array], tuple[Any, ...]]


def _first_class(score: Array, rest: float | Array = 0.0) -> Array:
    return jnp.concatenate([score[None], jnp.full(CLASSES - 1, rest)])


def _right_class() -> Array:
    return jax.nn.one_hot(0, CLASSES)


_FIRST_LABEL = np.int32(0)
_PROBABILITY = "probability of the true class"
_LOGIT = f"logit of the true class (the other {CLASSES - 1} at 0)"

# The line on which a loss is drawn, by what it reads; the first domain that is here wins.
LINES: Mapping[str, Line] = {
    # Not at target 0, where relative errors have no meaning.
    "reals": Line("error: pred - target (target at 1)", -5, 5, lambda x: (1 + x, jnp.ones(()))),
    "unit": Line("pred (target at 0.5)", 0, 1, lambda x: (x, jnp.full((), 0.5))),
    "positives": Line("pred (target at 1)", 0.05, 4, lambda x: (x, jnp.ones(()))),
    "logits_bits": Line("logit of a positive (target 1)", -5, 5, lambda x: (x, jnp.ones(()))),
    "logits_signs": Line("margin: target * logit", -3, 3, lambda x: (x, jnp.ones(()))),
    "probabilities_bits": Line(
        "probability of a positive (target 1)", 0.01, 1, lambda x: (x, jnp.ones(()))
    ),
    "logits_labels": Line(_LOGIT, -6, 8, lambda x: (_first_class(x), _FIRST_LABEL)),
    "logits_distributions": Line(_LOGIT, -6, 8, lambda x: (_first_class(x), _right_class())),
    "probabilities_labels": Line(
        _PROBABILITY,
        0.01,
        0.99,
        lambda x: (_first_class(x, (1 - x) / (CLASSES - 1)), _FIRST_LABEL),
    ),
    "probabilities_distributions": Line(
        _PROBABILITY,
        0.01,
        0.99,
        lambda x: (_first_class(x, (1 - x) / (CLASSES - 1)), _right_class()),
    ),
    "log_probabilities_labels": Line(
        "log-probability of the true class", -6, 0, lambda x: (_first_class(x), _FIRST_LABEL)
    ),
    "distances_signs": Line("distance of a pair alike (1)", 0, 3, lambda x: (x, jnp.ones(()))),
    "pairs_signs": Line("x - y (target 1)", -3, 3, lambda x: (x, jnp.zeros(()), jnp.ones(()))),
}


def shapes(row: Row, settings: Mapping[str, float]) -> tuple[list[Shape], str]:
    """Curves of a loss for the settings given, or for a few values of its first hyperparameter.

    Args:
        row: of the catalogue.
        settings: hyperparameters that were set; they are drawn beside the defaults.

    Returns:
        The curves and the name of what moves.
    """
    line, options = _line(row)
    variants: list[tuple[str, Mapping[str, float]]]
    if settings:
        text = ", ".join(f"{name} = {value:g}" for name, value in settings.items())
        variants = [(text, settings), ("default", {})]
    else:
        variants = _variants(row)
    drawn = [_shape(row, line, label, values, options) for label, values in variants]
    drawn = [shape for shape in drawn if np.isfinite(shape.value).any()]
    if not drawn:
        raise LabError(f"{row.name} has no finite value with these settings")
    return drawn, line.axis


def _variants(row: Row) -> list[tuple[str, Mapping[str, float]]]:
    for name, default in row.hyperparameters.items():
        if name == "eps":  # a numerical floor, nothing to look at
            continue
        values = {0.0: (0.0, 0.1, 0.3), 0.5: (0.25, 0.5, 0.75)}.get(
            default, (default / 2, default, 2 * default)
        )
        if np.isfinite(default):
            return [(f"{name} = {value:g}", {name: value}) for value in values]
    return [("", {})]


def _line(row: Row) -> tuple[Line, Mapping[str, Any]]:
    for domain in row.reads:
        single = row.gives == "element" or "label" in domain or "distributions" in domain
        if domain in LINES and single:
            return LINES[domain], {}
    return _sampled_line(row)


def _sampled_line(row: Row) -> tuple[Line, Mapping[str, Any]]:
    """For every other kind of arguments: a sample of which the first entry is moved."""
    domain = DOMAINS[row.reads[0]]
    given = domain.draw(np.random.default_rng(0), (), CLASSES)
    place = domain.floating[0]
    start = jnp.asarray(given.positional[place])
    low, high = (0.05, 4.0) if float(start.min()) >= 0 else (-5.0, 5.0)

    def call(x: Array) -> tuple[Any, ...]:
        moved = start.reshape(-1).at[0].set(x).reshape(start.shape)
        return (*given.positional[:place], moved, *given.positional[place + 1 :])

    axis = f"first entry of `{domain.arguments[place]}` (the rest a sample)"
    options = {name: value for name, value in given.options.items() if row.accepts(name)}
    return Line(axis, low, high, call), options


def _shape(
    row: Row, line: Line, label: str, values: Mapping[str, float], options: Mapping[str, Any]
) -> Shape:
    def value(x: Array) -> Array:
        return row.loss(*line.call(x), **options, **values).sum()

    x = jnp.asarray(np.linspace(line.low, line.high, POINTS), jnp.float32)
    try:
        heights, slopes = jax.jit(jax.vmap(jax.value_and_grad(value)))(x)
    except TypeError as error:  # an argument without a default, such as a learned threshold
        reason = str(error).splitlines()[0]
        raise LabError(f"{row.name} cannot be drawn by itself: {reason}") from None
    return Shape(label, *(np.asarray(a, np.float64) for a in (x, heights, slopes)))
