"""Whether gradients hide what a model does not withstand: checks before believing in robustness."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, PyTree

from jaxloss.objectives.attack.perturb import pgd, restarted
from jaxloss.objectives.attack.region import Norm, Objective


class Masking(NamedTuple):
    """What attacks of growing strength reach, as means over the examples.

    Attributes:
        objective: by radius and number of steps.
        accuracy: by radius and number of steps.
        from_inputs: the objective by radius, for the most steps, when attacks start at the inputs.
        at_random: the objective by radius, at the highest of as many random points.
        signs: by name, whether gradients seem to be masked; see `masking_report`.
    """

    objective: Float[Array, "radii steps"]
    accuracy: Float[Array, "radii steps"]
    from_inputs: Float[Array, " radii"]
    at_random: Float[Array, " radii"]
    signs: dict[str, Bool[Array, ""]]


def masking_report(
    objective: Objective,
    correct: Callable[[Any], ArrayLike],
    x: PyTree[ArrayLike],
    key: Array,
    *,
    eps: ArrayLike,
    steps: Sequence[int] = (1, 10, 100),
    norm: PyTree[Norm] = "linf",
    lower: PyTree[ArrayLike] | None = None,
    upper: PyTree[ArrayLike] | None = None,
    tolerance: ArrayLike = 0.02,
) -> Masking:
    """Attack with more and more steps and radius, and look for signs of masked gradients.

    A model that only hides from gradients (by saturation, rounding, noise, or training against one
    weak attack) looks robust until an attack is made that does not need them. These are signs:

    * `more_steps_lower`: more steps reach less than fewer.
    * `more_radius_lowers`: a larger ball holds less than a smaller one.
    * `start_matters`: attacks that start at the inputs reach less than those that start at random.
      Not looked at within the largest of several radii, where far from the inputs there is much to
      be found that has nothing to do with what is near them.
    * `random_wins`: random points reach more than gradients do.
    * `survives_anything`: some examples are still right within the largest radius.

    Args:
        objective: what attacks raise; one value for each example.
        correct: from inputs to whether the model is right; one value for each example.
        x: inputs.
        key: for random starts and random points.
        eps: radii in ascending order; the last should be so large that nobody could tell the
            classes apart any more.
        steps: numbers of steps in ascending order; the last is that of the random points, too.
        norm: of the balls.
        lower: bound of the coordinates.
        upper: bound of the coordinates.
        tolerance: share of the highest rise above the clean inputs, within a radius, that counts as
            nothing, and share of examples that may be right by chance.

    Returns:
        Means, and the signs.

    Reference: Athalye, Carlini and Wagner 2018, arXiv:1802.00420; Carlini et al. 2019,
        arXiv:1902.06705.
    """
    radii = jnp.atleast_1d(jnp.asarray(eps))
    region: dict[str, Any] = {"norm": norm, "lower": lower, "upper": upper}
    most = steps[-1]

    def reached(z: PyTree[Array]) -> tuple[Array, Array]:
        return jnp.mean(objective(z)), jnp.mean(jnp.asarray(correct(z)), dtype=radii.dtype)

    def by_steps(case: tuple[Array, Array]) -> tuple[Array, Array]:
        radius, count = case
        return reached(pgd(objective, x, key, eps=radius, steps=count, best=True, **region))

    def by_radius(radius: Array) -> tuple[Array, Array]:
        at_inputs = functools.partial(pgd, init="zero", steps=most, best=True)
        at_random = restarted(functools.partial(pgd, steps=0), most)
        attacks = (at_inputs, at_random)
        found = [reached(one(objective, x, key, eps=radius, **region))[0] for one in attacks]
        return found[0], found[1]

    # One after the other: a program for all, and memory for one.
    grid = jnp.meshgrid(radii, jnp.asarray(steps), indexing="ij")
    raised, accuracy = jax.lax.map(by_steps, (grid[0].ravel(), grid[1].ravel()))
    raised, accuracy = (a.reshape(grid[0].shape) for a in (raised, accuracy))
    from_inputs, at_random = jax.lax.map(by_radius, radii)

    clean, _ = reached(x)
    slack = tolerance * (jnp.max(raised, axis=1) - clean)
    near = slice(None, max(1, len(radii) - 1))
    signs = {
        "more_steps_lower": jnp.any(jnp.diff(raised, axis=1) < -slack[:, None]),
        "more_radius_lowers": jnp.any(jnp.diff(raised, axis=0) < -slack[1:, None]),
        "start_matters": jnp.any((from_inputs < raised[:, -1] - slack)[near]),
        "random_wins": jnp.any(at_random > raised[:, -1] + slack),
        "survives_anything": accuracy[-1, -1] > tolerance,
    }
    return Masking(raised, accuracy, from_inputs, at_random, signs)
