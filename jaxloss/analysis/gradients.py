"""Figures of the gradients of the terms of an objective.

They need a pullback for each term, so take them with `jaxloss.analysis.probe.every`.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core import checks
from jaxloss.core.numerics import safe_divide
from jaxloss.objectives import balance
from jaxloss.objectives.balance.engine import Wrt
from jaxloss.objectives.objective import Objective, Report, Weight, objective

_LOOK_ONLY = balance.Balancer(
    lambda count: (),
    lambda statistics, state, key: (jnp.ones_like(statistics.losses), state),
    needs="gramian",
)


def term_figures(
    terms: Objective | Callable[..., Any],
    params: PyTree[Any],
    *args: Any,
    tasks: Sequence[str] | None = None,
    wrt: Wrt | None = None,
    chunk: int | None = None,
    step: ArrayLike | None = None,
    weights: Mapping[str, Weight] | None = None,
) -> Report:
    """How the terms of an objective pull: how hard each, and which against each other.

    It costs a pullback for each term. A step that balances with a Gramian has most of this in its
    report already.

    Args:
        terms: an `Objective`, or the function that one is made of.
        params: its parameters.
        args: the other arguments of the terms.
        tasks: names of the terms to look at; all if None.
        wrt: parameters whose gradients count, as in `jaxloss.balance.value_and_grad`.
        chunk: terms that are pulled back at once; all if None.
        step: training step for scheduled weights.
        weights: weights that replace those of the objective, by name.

    Returns:
        The report of the objective (values, weights, shares), and for its weighted terms
        `name/gradient_norm`, for each pair `name~other/cosine` and
        `name~other/magnitude_similarity`, 1 for gradients of equal norm and 0 where one vanishes,
        and `conflict_rate`, the share of pairs whose cosine is negative.

    Example:
        >>> def terms(x):
        ...     return {"left": 3 * x[0] ** 2, "right": (x[0] - 2) ** 2, "up": x[1] ** 2}
        >>> figures = term_figures(terms, jnp.array([1.0, 1.0]))
        >>> figures["left/gradient_norm"], figures["left~right/cosine"], figures["left~up/cosine"]
        (Array(6., dtype=float32), Array(-1., dtype=float32), Array(0., dtype=float32))
        >>> figures["left~right/magnitude_similarity"], figures["conflict_rate"]
        (Array(0.6, dtype=float32), Array(0.3333, dtype=float32))

    Reference: Yu et al. 2020, arXiv:2001.06782.
    """
    composed = terms if isinstance(terms, Objective) else objective(terms)
    look = balance.value_and_grad(composed, _LOOK_ONLY, tasks=tasks, wrt=wrt, chunk=chunk)
    (_, report), _, _ = look(params, (), *args, step=step, weights=weights)
    found: Report = report[0] if composed.has_aux else report
    ending = "/gradient_norm"
    names = [name.removesuffix(ending) for name in found if name.endswith(ending)]
    figures = {name: one for name, one in found.items() if not name.endswith("/balanced_weight")}
    for one, other in itertools.combinations(names, 2):
        pair = found[one + ending], found[other + ending]
        # As a ratio, whose square neither overflows nor vanishes.
        ratio = safe_divide(jnp.minimum(*pair), jnp.maximum(*pair))
        figures[f"{one}~{other}/magnitude_similarity"] = 2 * ratio / (1 + jnp.square(ratio))
    return figures


def conflict_rate(cosines: ArrayLike, *, axis: int | None = None) -> Array:
    """Share of the recorded cosines that are negative; NaN, between the probes, does not count.

    Args:
        cosines: of a pair of gradients over the steps, or of several.
        axis: to reduce; all by default.

    Example:
        >>> conflict_rate(jnp.array([-0.5, jnp.nan, 0.5, jnp.nan, 0.1, jnp.nan, 0.0]))
        Array(0.25, dtype=float32)
    """
    (values,) = checks.promote(cosines=cosines)
    recorded = jnp.sum(~jnp.isnan(values), axis=axis, dtype=values.dtype)
    return safe_divide(jnp.sum(values < 0, axis=axis, dtype=values.dtype), recorded)
