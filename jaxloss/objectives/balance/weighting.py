"""What weightings of the Gramian have in common: how they read it, and what they remember."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core import checks
from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.solver import Solution

Gramian = Float[Array, "T T"]
Weights = Float[Array, " T"]
PerTask = ArrayLike | Sequence[float]


class Solved(NamedTuple):
    """State of a balancer that solves a problem in each step.

    Attributes:
        converged: whether it did in the last one.
    """

    converged: Bool[Array, ""]


def closed_form(weigh: Callable[[Gramian], Weights]) -> Balancer:
    """Balancer that remembers nothing."""

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[Weights, Any]:
        del key
        return weigh(gramian_of(statistics)), state

    return Balancer(lambda count: (), update, needs="gramian")


def solving(weigh: Callable[[Gramian], Solution], preference: PerTask | None = None) -> Balancer:
    """Balancer that says whether it converged; where it did not, it sums by preference."""

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[Weights, Solved]:
        del state, key
        gramian = gramian_of(statistics)
        weights, converged = weigh(gramian)
        return jnp.where(converged, weights, per_task(preference, gramian)), Solved(converged)

    return Balancer(lambda count: Solved(jnp.asarray(True)), update, needs="gramian")


def gramian_of(statistics: Statistics) -> Gramian:
    """The Gramian, checked, in float32 at least, and a constant to differentiation.

    Raises:
        ValueError: if there is none, or it is not square.
    """
    if statistics.gramian is None:
        raise ValueError("expected statistics with a `gramian`, which this balancer needs")
    (gramian,) = checks.promote(gramian=statistics.gramian)
    if gramian.ndim != 2 or gramian.shape[0] != gramian.shape[1]:
        raise ValueError(f"expected a square `gramian`, got shape {gramian.shape}")
    return lax.stop_gradient(gramian)


def scalar(like: Array, **hyper: ArrayLike) -> Array:
    """A hyperparameter in the dtype of an array, and a constant to differentiation."""
    (array,) = checks.hyperparameters(jax.ShapeDtypeStruct((), like.dtype), **hyper)
    return lax.stop_gradient(array)


def per_task(preference: PerTask | None, gramian: Gramian) -> Weights:
    """One number for each task; those of the mean if None.

    Raises:
        ValueError: for another shape.
    """
    count = len(gramian)
    if preference is None:
        return jnp.full(count, 1 / count, gramian.dtype)
    given = jnp.asarray(preference).astype(gramian.dtype)
    if given.shape != (count,):
        raise ValueError(
            f"expected `preference` of shape {(count,)}, one for each task, got {given.shape}"
        )
    return lax.stop_gradient(given)
