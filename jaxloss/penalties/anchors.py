"""Penalties on how far parameters have moved from where they were, which carries no gradient."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core.numerics import safe_divide
from jaxloss.penalties.trees import Where, beside, total


def l2_sp(params: PyTree[Any], anchor: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward parameters for staying where they started: fine-tuning (L2-SP), clients (FedProx).

    Formula: `sum((params - anchor)**2) / 2`.

    Args:
        params: pytree of parameters.
        anchor: the parameters that training started from, or those of the server.
        where: leaves that count.

    Raises:
        ValueError: for an anchor of another structure or of other shapes.

    Example:
        >>> l2_sp({"kernel": jnp.array([3.0, -4.0])}, {"kernel": jnp.array([0.0, 0.0])})
        Array(12.5, dtype=float32)

    Reference: Li et al. 2018, arXiv:1802.01483; Li et al. 2020, arXiv:1812.06127.
    """
    now, then = beside(params, where, anchor)
    return total(
        [jnp.sum(jnp.square(leaf - start)) / 2 for leaf, start in zip(now, then, strict=True)]
    )


def ewc(
    params: PyTree[Any],
    anchor: PyTree[Any],
    importance: PyTree[Any],
    *,
    where: Where = None,
) -> Float[Array, ""]:
    """Reward parameters for staying where they were, those that earlier tasks rely on above all.

    Formula: `sum(importance * (params - anchor)**2) / 2`: elastic weight consolidation with the
    diagonal of the Fisher information for importance, synaptic intelligence with
    `synaptic_importance` (and without the half).

    Args:
        params: pytree of parameters.
        anchor: the parameters after the earlier task.
        importance: how much it relies on each, non-negative.
        where: leaves that count.

    Raises:
        ValueError: for trees of another structure or of other shapes.

    Example:
        >>> now, then = {"kernel": jnp.array([3.0, -4.0])}, {"kernel": jnp.array([0.0, 0.0])}
        >>> ewc(now, then, {"kernel": jnp.array([2.0, 0.0])})
        Array(9., dtype=float32)

    Reference: Kirkpatrick et al. 2017, arXiv:1612.00796.
    """
    rows = zip(*beside(params, where, anchor, importance), strict=True)
    return total([jnp.sum(weight * jnp.square(leaf - start)) / 2 for leaf, start, weight in rows])


def path_integral(
    path: PyTree[Any], grads: PyTree[Any], updates: PyTree[Any]
) -> PyTree[Float[Array, "..."]]:
    """By how much each parameter has lowered the loss so far: the state of synaptic intelligence.

    Formula: `path - grads * updates`.

    Args:
        path: the state; zeros in the structure of the parameters at first.
        grads: of the loss, before the step.
        updates: what the step adds to the parameters.

    Returns:
        The next state.

    Example:
        >>> path_integral(jnp.array(1.0), jnp.array(2.0), jnp.array(-0.5))
        Array(2., dtype=float32, weak_type=True)

    Reference: Zenke et al. 2017, arXiv:1703.04200.
    """
    return jax.tree.map(lambda p, g, u: lax.stop_gradient(p - g * u), path, grads, updates)


def synaptic_importance(
    path: PyTree[Any],
    params: PyTree[Any],
    anchor: PyTree[Any],
    *,
    damping: ArrayLike = 0.1,
) -> PyTree[Float[Array, "..."]]:
    """What a task relied on: the part of each parameter in lowering the loss, per distance squared.

    Formula: `path / ((params - anchor)**2 + damping)`; 0 where both are 0. Importances of
    several tasks add up.

    Args:
        path: from `path_integral`, over the task.
        params: after the task.
        anchor: before it.
        damping: keeps parameters that hardly moved from counting without bound.

    Example:
        >>> synaptic_importance(jnp.array(2.0), jnp.array(3.0), jnp.array(0.0), damping=1.0)
        Array(0.2, dtype=float32)

    Reference: Zenke et al. 2017, arXiv:1703.04200.
    """

    def leaf(p: Array, now: Array, then: Array) -> Array:
        return lax.stop_gradient(safe_divide(jnp.asarray(p), jnp.square(now - then) + damping))

    return jax.tree.map(leaf, path, params, anchor)
