"""Named terms and their weights, as one function that an optimiser minimises."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core.reduce import Average

Weight = ArrayLike | Callable[[Any], ArrayLike]
Weights = Mapping[str, Weight] | Callable[[Any], Mapping[str, Weight]]
Report = dict[str, Array]


@dataclasses.dataclass(frozen=True, eq=False)
class Objective:
    """What `objective` returns; call it, or take `value` where only a scalar will do.

    Attributes:
        terms: function to named losses.
        weights: weights by name, or a function of the parameters that gives them.
        has_aux: whether `terms` returns something beside the losses.
    """

    terms: Callable[..., Any]
    weights: Weights
    has_aux: bool = False

    def __call__(
        self,
        params: PyTree[Any],
        *args: Any,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[Array, Any]:
        """Value and report, for `jax.value_and_grad(..., has_aux=True)`.

        Args:
            params: what is optimised; the first argument of `terms`.
            args: the other arguments of `terms`.
            step: training step for scheduled weights.
            weights: weights that replace those given before, by name; tracers are welcome.

        Returns:
            The weighted sum of the terms, and a report: a flat dict of scalars with the value of
            each term under its name, its weight under `name/weight`, its part of the sum of
            absolute weighted terms under `name/share`, and the sum under `objective`. With
            `has_aux`, a pair of the report and what `terms` returned beside the losses.

        Raises:
            TypeError: if `terms` does not return named scalars or averages.
            ValueError: for a weight that no term bears, or a schedule without a step.
        """
        values, factors, aux = self.evaluate(params, *args, step=step, weights=weights)
        total, report = weigh(values, factors)
        return total, (report, aux) if self.has_aux else report

    def value(
        self,
        params: PyTree[Any],
        *args: Any,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> Array:
        """Scalar view, for line searches and whatever else wants a function without a report.

        Args:
            params: as in the call.
            args: as in the call.
            step: as in the call.
            weights: as in the call.

        Returns:
            The weighted sum of the terms.
        """
        return self(params, *args, step=step, weights=weights)[0]

    def evaluate(
        self,
        params: PyTree[Any],
        *args: Any,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[dict[str, Array], dict[str, Array], Any]:
        """Values and weights of the terms by name, and what `terms` returned beside the losses."""
        result = self.terms(params, *args)
        losses, aux = result if self.has_aux else (result, None)
        values = {name: scalar(name, term) for name, term in named(losses).items()}
        return values, self.resolve(values, params, step, weights), aux

    def resolve(
        self,
        names: Mapping[str, object],
        params: PyTree[Any],
        step: ArrayLike | None,
        override: Mapping[str, Weight] | None,
    ) -> dict[str, Array]:
        """Weights as arrays for the given terms, schedules called and absent ones 1."""
        given = self.weights(params) if callable(self.weights) else self.weights
        given = {**given, **(override or {})}
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise ValueError(
                f"no term is called {', '.join(map(repr, unknown))}; the terms are "
                f"{', '.join(map(repr, names))}"
            )
        return {name: _weight(name, given.get(name, 1.0), step) for name in names}


def objective(
    terms: Callable[..., Any], *, weights: Weights | None = None, has_aux: bool = False
) -> Objective:
    """Compose named terms into one objective with a report.

    Args:
        terms: pure function `(params, *args)` to a dict of named losses, each a scalar or an
            `Average`. Any loss of Optax, Flax, Keras or your own is a term once it is reduced.
        weights: by name, numbers, arrays, tracers, or Optax schedules (called with `step`); 1 where
            none is given. Or a function of `params` that returns such a dict, for weights that are
            learned.
        has_aux: whether `terms` returns a pair, of the losses and anything else (new batch
            statistics, predictions).

    Returns:
        A function `(params, *args, step=None, weights=None)` to `(value, report)`, with a scalar
        view `.value`.

    Example:
        >>> from jaxloss import average
        >>> def terms(params, batch):
        ...     error = params["slope"] * batch["x"] - batch["y"]
        ...     return {"fit": average(error**2), "decay": params["slope"] ** 2 / 2}
        >>> batch = {"x": jnp.array([1.0, 2.0]), "y": jnp.array([2.0, 4.0])}
        >>> fit = objective(terms, weights={"decay": 0.1})
        >>> (value, report), grads = jax.value_and_grad(fit, has_aux=True)({"slope": 1.0}, batch)
        >>> value, grads["slope"]
        (Array(2.55, dtype=float32), Array(-4.9, dtype=float32, weak_type=True))
        >>> sorted(report)
        ['decay', 'decay/share', 'decay/weight', 'fit', 'fit/share', 'fit/weight', 'objective']
    """
    return Objective(terms, {} if weights is None else weights, has_aux)


def named(losses: Any) -> dict[str, Any]:
    """Check that terms came as a dict with names as keys."""
    if not isinstance(losses, Mapping) or not all(isinstance(name, str) for name in losses):
        raise TypeError(
            f"expected `terms` to return a dict of named losses, got {type(losses).__name__}"
            + (" (pass has_aux=True if it returns a pair)" if isinstance(losses, tuple) else "")
        )
    return dict(losses)


def scalar(name: str, term: Any) -> Array:
    """Value of one term: an `Average` divided, a scalar as it is."""
    value = term.value if isinstance(term, Average) else jnp.asarray(term)
    if value.ndim != 0:
        raise TypeError(
            f"term {name!r} has shape {value.shape}: reduce it with jaxloss.average or jaxloss.mean"
        )
    return value.astype(jnp.promote_types(value.dtype, jnp.float32))


def weigh(values: Mapping[str, Array], factors: Mapping[str, Array]) -> tuple[Array, Report]:
    """Weighted sum of the terms, and the report on it."""
    weighted = {name: factors[name] * value for name, value in values.items()}
    total = sum(weighted.values(), start=jnp.zeros((), jnp.float32))
    size = sum((jnp.abs(term) for term in weighted.values()), start=jnp.zeros((), jnp.float32))
    report: Report = {"objective": total}
    for name, value in values.items():
        share = jnp.abs(weighted[name]) / jnp.where(size == 0, 1, size)
        report |= {name: value, f"{name}/weight": factors[name], f"{name}/share": share}
    return total, jax.tree.map(jax.lax.stop_gradient, report)


def _weight(name: str, weight: Weight, step: ArrayLike | None) -> Array:
    if callable(weight):
        if step is None:
            raise ValueError(f"the weight of {name!r} is a schedule: pass step= to the objective")
        weight = weight(step)
    array = jnp.asarray(weight)
    if array.ndim != 0:
        raise ValueError(f"the weight of {name!r} has shape {array.shape}; expected a scalar")
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))
