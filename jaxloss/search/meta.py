"""Meta-gradients: how a loss should change, seen through the steps of a short training."""

from collections.abc import Callable
from typing import Any

import jax
import optax
from jax import Array, lax
from jaxtyping import Float, PyTree


def unrolled(
    inner: Callable[[Array, PyTree, Any], Array],
    outer: Callable[[PyTree], Array],
    optimizer: optax.GradientTransformation,
) -> Callable[[Array, PyTree, PyTree], Array]:
    """What a model comes to after training, as a function of the loss that trained it.

    The function is differentiable through every step, second derivatives of the loss included. Each
    step is checkpointed, so that the memory is that of the parameters times the steps.

    Args:
        inner: mean training loss, of a candidate, parameters and a batch.
        outer: what counts in the end, of the parameters: a smooth loss on held-out data.
        optimizer: that trains; differentiable away from gradients of 0, as SGD with momentum is
            everywhere (the root in Adam is not at 0).

    Returns:
        A function of a candidate, first parameters, and batches whose leaves have an axis of steps
        in front; one step for each.

    Example:
        >>> import jax.numpy as jnp
        >>> toy = unrolled(lambda t, p, x: t[0] * (p - x) ** 2, lambda p: p**2, optax.sgd(0.1))
        >>> jax.grad(toy)(jnp.ones(1), jnp.array(1.0), jnp.zeros(2))
        Array([-0.4096], dtype=float32)

    Reference: Maclaurin, Duvenaud and Adams 2015, arXiv:1502.03492; of losses, Bechtle et al. 2021,
        arXiv:1906.05374.
    """

    def after(theta: Float[Array, " size"], params: PyTree, batches: PyTree) -> Array:
        @jax.checkpoint
        def step(state: tuple[PyTree, PyTree], batch: Any) -> tuple[tuple[PyTree, PyTree], None]:
            params, memory = state
            slope = jax.grad(inner, 1)(theta, params, batch)
            updates, memory = optimizer.update(slope, memory, params)
            return (optax.apply_updates(params, updates), memory), None

        (params, _), _ = lax.scan(step, (params, optimizer.init(params)), batches)
        return outer(params)

    return after


def descend(
    objective: Callable[[Float[Array, " size"], Any], Array],
    theta: Float[Array, " size"],
    draws: PyTree,
    optimizer: optax.GradientTransformation,
) -> tuple[Float[Array, " size"], Float[Array, " steps"]]:
    """Move a loss against its meta-gradient.

    Args:
        objective: to be lowered, of a candidate and one draw; such as the mean over seeds of an
            `unrolled` training.
        theta: where to start.
        draws: pytree whose leaves have an axis of outer steps in front (keys, seeds).
        optimizer: of the outer steps; put `optax.clip_by_global_norm` in front, as gradients
            through long trainings may explode.

    Returns:
        The last point, and the objective before each step.
    """

    def step(state: tuple[Array, PyTree], draw: Any) -> tuple[tuple[Any, PyTree], Array]:
        theta, memory = state
        value, slope = jax.value_and_grad(objective)(theta, draw)
        updates, memory = optimizer.update(slope, memory, theta)
        return (optax.apply_updates(theta, updates), memory), value

    (theta, _), values = lax.scan(step, (theta, optimizer.init(theta)), draws)
    return theta, values
