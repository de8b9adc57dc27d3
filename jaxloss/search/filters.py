"""Cheap looks at candidates before any of them is trained."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from jaxtyping import Bool, Float
from numpy.typing import NDArray

Apply = Callable[[Array, Array, Array], Array]
Score = Callable[[Array, Array], Array]


class Sifted(NamedTuple):
    """What is left of a population.

    Attributes:
        kept: places of the candidates to train, in order.
        twin: for each candidate, the place in `kept` of the one that stands for it; -1 if it is
            rejected.
    """

    kept: NDArray[np.int64]
    twin: NDArray[np.int64]

    def spread(self, fitness: NDArray[Any]) -> NDArray[Any]:
        """Fitness of all from that of those kept; `-inf` for the rejected.

        Args:
            fitness: one row for each of `kept`, more rows being ignored.
        """
        found = np.full((len(self.twin), *fitness.shape[1:]), -np.inf, fitness.dtype)
        found[self.twin >= 0] = fitness[self.twin[self.twin >= 0]]
        return found


def learns(
    apply: Apply,
    thetas: Float[Array, "population size"],
    outputs: Float[Array, "probe ..."],
    target: Array,
    *,
    score: Score,
    steps: int = 60,
    learning_rate: float = 0.1,
) -> Bool[Array, " population"]:
    """Whether outputs that are free to move come to serve a metric by minimising each candidate.

    A loss that cannot pull bare outputs to their targets will not train a model to. It costs no
    model: outputs of a probe batch are moved by Adam.

    Args:
        apply: of a candidate, outputs and targets; one value per example.
        thetas: candidates.
        outputs: where the outputs start.
        target: targets of the probe batch.
        score: of outputs and targets; higher is better.
        steps: of Adam.
        learning_rate: of Adam, in units of the outputs.

    Reference: Liu et al. 2021, "Loss function discovery for object detection via
        convergence-simulation driven search"; Li et al. 2022, "AutoLoss-Zero".
    """
    optimizer = optax.adam(learning_rate)

    def one(theta: Array) -> Array:
        def step(state: Any, _: None) -> tuple[Any, None]:
            free, memory = state
            slope = jax.grad(lambda x: apply(theta, x, target).mean())(free)
            updates, memory = optimizer.update(slope, memory)
            return (cast(Array, optax.apply_updates(free, updates)), memory), None

        (free, _), _ = lax.scan(step, (outputs, optimizer.init(outputs)), length=steps)
        return (score(free, target) > score(outputs, target)) & jnp.all(jnp.isfinite(free))

    return lax.map(one, thetas)


def directions(
    apply: Apply,
    thetas: Float[Array, "population size"],
    outputs: Float[Array, "probe ..."],
    target: Array,
) -> Float[Array, "population entries"]:
    """Gradients in the outputs of a probe batch, each of length 1: what a scale cannot change.

    Args:
        apply: of a candidate, outputs and targets; one value per example.
        thetas: candidates.
        outputs: of the probe batch.
        target: targets of the probe batch.
    """

    def one(theta: Array) -> Array:
        slope = jax.grad(lambda x: apply(theta, x, target).sum())(outputs).ravel()
        return slope / jnp.maximum(jnp.linalg.norm(slope), jnp.finfo(slope.dtype).tiny)

    return lax.map(one, thetas)


def sift(
    alive: Sequence[bool] | NDArray[np.bool_],
    fingerprints: Float[Array, "population entries"],
    *,
    digits: int = 4,
) -> Sifted:
    """Leave out candidates that are rejected, and all but the first of equals.

    Args:
        alive: which candidates may be trained.
        fingerprints: what tells candidates apart: `directions`, and settings beside the loss.
        digits: decimals of the fingerprints that count.
    """
    rounded = np.round(np.asarray(fingerprints, np.float64), digits) + 0.0  # no negative zeros
    seen: dict[bytes, int] = {}
    kept: list[int] = []
    twin = np.full(len(rounded), -1)
    for place in np.flatnonzero(alive):
        mark = rounded[place].tobytes()
        if mark not in seen:
            seen[mark] = len(kept)
            kept.append(int(place))
        twin[place] = seen[mark]
    return Sifted(np.array(kept, np.int64), twin)
