"""Surgery on gradients: each task's is changed for every other that it meets, then they are summed.

As in the weightings of `gramian.py`, of which these are two, weights are constants to
differentiation.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.numerics import safe_divide, safe_sqrt
from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.solver import unit_diagonal
from jaxloss.objectives.balance.weighting import Gramian, Weights, gramian_of, scalar


class Targets(NamedTuple):
    """State of `gradvac`.

    Attributes:
        cosines: that each pair of tasks is brought to.
    """

    cosines: Gramian


def pcgrad(*, shuffle: bool = True) -> Balancer:
    """Each task's gradient without the parts that conflict with the others', then summed.

    The others are taken one by one, and a conflict with an earlier one may come back: for three
    tasks or more the result may conflict. For two it is `upgrad` of the sum.

    Args:
        shuffle: whether the others come in random order, drawn for each task in each step; in
            their own order if not, or if no key is passed to `update`.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> pcgrad(shuffle=False).update(conflict, (), None)[0]
        Array([2.2222, 1.5789], dtype=float32)

    Reference: Yu et al. 2020, arXiv:2001.06782.
    """

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[Weights, Any]:
        gramian = gramian_of(statistics)
        order = _orders(gramian, key if shuffle else None)
        return _vaccinated(gramian, jnp.zeros_like(gramian), order)[0], state

    return Balancer(lambda count: (), update, needs="gramian", random=shuffle)


def gradvac(*, decay: ArrayLike = 0.5, shuffle: bool = True) -> Balancer:
    """Each task's gradient turned towards the others', up to the angles usual among them.

    What `pcgrad` does at right angles, this does at a target for each pair: a moving average of
    the cosines that were met.

    Args:
        decay: share of the newest cosine in the average, in [0, 1]; 0 makes it `pcgrad`.
        shuffle: as in `pcgrad`.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> balancer = gradvac(shuffle=False)
        >>> weights, state = balancer.update(conflict, balancer.init(2), None)
        >>> balancer.update(conflict, state, None)[0]
        Array([1.858 , 1.4064], dtype=float32)

    Reference: Wang et al. 2021, arXiv:2010.05874.
    """

    def update(statistics: Statistics, state: Targets, key: Array | None) -> tuple[Weights, Any]:
        gramian = gramian_of(statistics)
        share = scalar(gramian, decay=decay)
        targets = state.cosines.astype(gramian.dtype)
        order = _orders(gramian, key if shuffle else None)
        weights, met = _vaccinated(gramian, targets, order)
        # A task without a gradient makes no angles.
        known = (jnp.diagonal(gramian) > 0) & (jnp.diagonal(gramian) > 0)[:, None]
        targets = jnp.where(known, (1 - share) * targets + share * met, targets)
        return weights, Targets(targets.astype(state.cosines.dtype))

    return Balancer(
        lambda count: Targets(jnp.zeros((count, count))), update, needs="gramian", random=shuffle
    )


def _orders(gramian: Gramian, key: Array | None) -> Array:
    """The order in which each task (row) meets all tasks."""
    count = len(gramian)
    if key is None:
        return jnp.broadcast_to(jnp.arange(count), (count, count))
    return jnp.argsort(jax.random.uniform(key, (count, count)), axis=1)


def _vaccinated(gramian: Gramian, targets: Gramian, orders: Array) -> tuple[Weights, Gramian]:
    """Raise the cosines of each task with the others to their targets, one by one.

    Returns:
        Weights of the sum of the gradients that result, and the cosines as they were met.
    """
    cosines, norms, inverse = unit_diagonal(gramian)
    # A target of 1 cannot be reached by adding any multiple of the other gradient.
    targets = jnp.minimum(targets, 1 - 4 * float(jnp.finfo(gramian.dtype).eps))

    def treat(task: Array, targets: Array, order: Array) -> tuple[Array, Array]:
        def meet(parts: Array, other: Array) -> tuple[Array, Array]:
            products = cosines @ parts
            length = safe_sqrt(parts @ products)
            cosine = jnp.clip(safe_divide(products[other], length), -1, 1)
            target = targets[other]
            across = safe_sqrt(1 - target**2)
            added = length * (target * safe_sqrt(1 - cosine**2) / across - cosine)
            added = jnp.where((cosine < target) & (other != task), added, 0)
            return parts.at[other].add(added), cosine

        parts, met = lax.scan(meet, jax.nn.one_hot(task, len(norms), dtype=norms.dtype), order)
        return parts * norms[task], jnp.zeros_like(met).at[order].set(met)

    parts, met = jax.vmap(treat)(jnp.arange(len(norms)), targets, orders)
    return jnp.sum(parts, axis=0) * inverse, met
