"""Penalties on how steep a function is in its inputs, which carry no gradient themselves.

A function takes a batch of examples, first axis, treats them one by one, and gives a vector for
each, or where it is called `loss` a number. Whatever else it reads, its parameters or labels, is
bound to it. Where a function is flat, the penalty and all of its derivatives are 0, or as they are.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray, PyTree

from jaxloss.core.checks import hyperparameters, promote
from jaxloss.core.numerics import normalize
from jaxloss.penalties.trees import leaves

Function = Callable[[Array], Array]


def jacobian(
    function: Function,
    x: Float[ArrayLike, "n *features"],
    key: PRNGKeyArray,
    *,
    projections: int = 1,
) -> Float[Array, " n"]:
    """Reward outputs for changing little with the inputs, by their slope in random directions.

    Formula: `outputs * mean(sum((v @ J)**2)) / 2` over random unit vectors `v` of outputs, with the
    Jacobian `J` of an example: on average `sum(J**2) / 2`. Each costs one pullback.

    Args:
        function: gives a vector for each example.
        x: examples.
        key: draws the directions.
        projections: directions for each example.

    Returns:
        One value for each example.

    Example:
        >>> jacobian(lambda x: 3 * x, jnp.ones((1, 1)), jax.random.key(0))
        Array([4.5], dtype=float32)

    Reference: Hoffman et al. 2019, arXiv:1908.02729.
    """
    x, outputs, pull = _pullback(function, x)
    count = outputs.shape[-1]
    drawn = jax.random.normal(key, (projections, *outputs.shape), outputs.dtype)
    slopes = jax.vmap(pull)(normalize(drawn))
    squares = _summed(jnp.square(jnp.moveaxis(slopes, 0, 1)), len(x))
    return count * squares / (2 * projections)


def contractive(function: Function, x: Float[ArrayLike, "n *features"]) -> Float[Array, " n"]:
    """Reward codes for changing little with the inputs, in all directions.

    Formula: `sum(J**2)` of the Jacobian of each example, exactly; one pullback for each output.

    Args:
        function: gives a vector for each example.
        x: examples.

    Returns:
        One value for each example.

    Example:
        >>> contractive(lambda x: x @ jnp.array([[3.0, 0.0], [0.0, 4.0]]), jnp.ones((1, 2)))
        Array([25.], dtype=float32)

    Reference: Rifai et al. 2011, "Contractive auto-encoders".
    """
    x, outputs, pull = _pullback(function, x)
    each = jnp.eye(outputs.shape[-1], dtype=outputs.dtype)
    rows = jnp.broadcast_to(each[:, None], (len(each), *outputs.shape))
    return _summed(jnp.square(jnp.moveaxis(jax.vmap(pull)(rows), 0, 1)), len(x))


def input_gradient(loss: Function, x: Float[ArrayLike, "n *features"]) -> Float[Array, " n"]:
    """Reward a loss for changing little with the inputs: double backpropagation.

    Formula: `sum(gradient of loss at x **2)`.

    Args:
        loss: gives a number for each example.
        x: examples.

    Returns:
        One value for each example.

    Example:
        >>> input_gradient(lambda x: x @ jnp.array([3.0, 4.0]), jnp.ones((1, 2)))
        Array([25.], dtype=float32)

    Reference: Drucker and LeCun 1992, doi:10.1109/72.165600.
    """
    (x,) = promote(x=x)
    return _summed(jnp.square(_slopes(loss, lax.stop_gradient(x))), len(x))


def curvature(
    loss: Function, x: Float[ArrayLike, "n *features"], *, step: ArrayLike = 1.5
) -> Float[Array, " n"]:
    """Reward a loss for a slope that hardly changes where an attack would go (CURE).

    Formula: with `g(x)` the gradient of the loss and `z` the unit vector along `sign(g(x))`, held
    constant, `sum((g(x + step * z) - g(x))**2)`.

    Args:
        loss: gives a number for each example.
        x: examples.
        step: how far to look, h in the paper, which lets it grow to 1.5 over the first epochs.

    Returns:
        One value for each example.

    Example:
        >>> curvature(lambda x: jnp.sum(x**2, axis=-1), jnp.ones((1, 2)), step=2.0)
        Array([16.], dtype=float32)

    Reference: Moosavi-Dezfooli et al. 2019, arXiv:1811.09716.
    """
    (x,) = promote(x=x)
    x = lax.stop_gradient(x)
    here = _slopes(loss, x)
    flat = jnp.sign(lax.stop_gradient(here)).reshape(len(x), -1) if x.size else here
    towards = normalize(flat).reshape(x.shape)
    (step,) = hyperparameters(x, step=step)
    return _summed(jnp.square(_slopes(loss, x + step * towards) - here), len(x))


def lipschitz(bounds: PyTree[Any]) -> Float[Array, ""]:
    """Reward a network for a small product of the bounds on its layers.

    Formula: `prod(softplus(bounds))`, over all entries; `bounded` holds a layer to its own.

    Args:
        bounds: pytree of one learned number for each layer, c in the paper.

    Example:
        >>> lipschitz([jnp.array(0.0), jnp.array(0.0)])
        Array(0.4805, dtype=float32)

    Reference: Liu et al. 2022, arXiv:2202.08345.
    """
    value = jnp.ones((), jnp.float32)
    for bound in leaves(bounds, None):
        value = value.astype(bound.dtype) * jnp.prod(jax.nn.softplus(bound))
    return value


def bounded(
    kernel: Float[ArrayLike, "inputs outputs"], bound: Float[ArrayLike, ""]
) -> Float[Array, "inputs outputs"]:
    """A kernel with columns scaled down to a sum of absolute values of at most `softplus(bound)`.

    A layer of it cannot change its largest output by more than that for each unit of its largest
    input.

    Args:
        kernel: a column for each output.
        bound: what `lipschitz` takes.

    Example:
        >>> bounded([[3.0, 0.5], [-1.0, 0.0]], jnp.log(jnp.expm1(2.0)))
        Array([[ 1.5,  0.5],
               [-0.5,  0. ]], dtype=float32)

    Reference: Liu et al. 2022, arXiv:2202.08345.
    """
    kernel, bound = promote(kernel=kernel, bound=bound)
    size = jnp.sum(jnp.abs(kernel), axis=0, keepdims=True)
    most = jax.nn.softplus(bound)
    over = size > most
    return kernel * jnp.where(over, most / jnp.where(over, size, 1), 1)


def _pullback(function: Function, x: ArrayLike) -> tuple[Array, Array, Callable[[Array], Array]]:
    (x,) = promote(x=x)
    x = lax.stop_gradient(x)
    outputs, pull = jax.vjp(function, x)
    if outputs.shape[:1] != x.shape[:1] or outputs.ndim != 2:
        raise ValueError(
            f"expected a vector for each of {len(x)} examples, got shape {outputs.shape}"
        )
    return x, outputs, lambda v: pull(v)[0]


def _slopes(loss: Function, x: Array) -> Array:
    def total(x: Array) -> Array:
        values = loss(x)
        if values.shape != x.shape[:1]:
            raise ValueError(f"expected a number for each of {len(x)}, got shape {values.shape}")
        return jnp.sum(values, dtype=x.dtype)

    return jax.grad(total)(x)


def _summed(array: Array, count: int) -> Array:
    """Sum over all but the first axis."""
    return jnp.sum(array.reshape(count, array.size // max(count, 1)), axis=-1)
