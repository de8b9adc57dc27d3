"""Balancers where Optax takes an aggregator of gradients."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.pullbacks import combined, inner_products


class AggregatorState(NamedTuple):
    """State of an aggregator: that of its balancer, and the key of the next step."""

    balancer: Any
    key: Array | None


def as_aggregator(
    balancer: Balancer, num_tasks: int, *, key: Array | None = None
) -> optax.GradientTransformationExtraArgs:
    """Use a balancer where Optax takes an aggregator of gradients.

    Args:
        balancer: makes one gradient of those of the tasks.
        num_tasks: length of the leading axis of the gradients.
        key: for a balancer that draws at random.

    Returns:
        An `optax.experimental.aggregating.Aggregator`, for `process` of the same module. Its
        `update` takes the gradients of all tasks, stacked along a leading axis, and where the
        balancer looks at losses also `losses=`, one for each task.

    Raises:
        ValueError: for a balancer that draws at random without a key; when called, for gradients of
            another number of tasks, or without losses where the balancer needs them.

    Example:
        >>> from jaxloss.objectives.balance.losses import static
        >>> aggregator = as_aggregator(static(weights=[1.0, 2.0]), 2)
        >>> state = aggregator.init(jnp.zeros(2))
        >>> aggregator.update(jnp.eye(2), state, losses=jnp.ones(2))[0]
        Array([1., 2.], dtype=float32)
    """
    # Its place in Optax may change, which should not keep the rest from working.
    from optax.experimental import aggregating

    if balancer.random and key is None:
        raise ValueError("the balancer draws at random: pass key=")

    def init(params: PyTree[Array]) -> AggregatorState:
        del params
        return AggregatorState(balancer.init(num_tasks), key)

    def update(
        per_elt_updates: PyTree[Array],
        state: AggregatorState,
        params: PyTree[Array] | None = None,
        *,
        losses: ArrayLike | None = None,
        **extra_args: Any,
    ) -> tuple[PyTree[Array], AggregatorState]:
        del params, extra_args
        lengths = {leaf.shape[:1] for leaf in jax.tree.leaves(per_elt_updates)}
        if lengths != {(num_tasks,)}:
            raise ValueError(f"expected gradients of {num_tasks} tasks, got first axes {lengths}")
        if losses is None and balancer.needs == "losses":
            raise ValueError("the balancer looks at the losses: pass losses= to update")
        # A balancer of gradients that looks at the losses all the same shall not do so unnoticed.
        values = jnp.full(num_tasks, jnp.nan) if losses is None else jnp.asarray(losses)
        statistics = Statistics(values)
        if balancer.needs == "gramian":
            products = inner_products(per_elt_updates, per_elt_updates)
            statistics = statistics._replace(gramian=products)
        elif balancer.needs == "jacobian":
            statistics = statistics._replace(jacobian=per_elt_updates)
        now, later = (None, None) if state.key is None else jax.random.split(state.key)
        weights, inner = balancer.update(lax.stop_gradient(statistics), state.balancer, now)
        weights = lax.stop_gradient(weights)
        return combined(balancer, weights, per_elt_updates), AggregatorState(inner, later)

    aggregator: Any = aggregating.Aggregator
    return aggregator(init, update)
