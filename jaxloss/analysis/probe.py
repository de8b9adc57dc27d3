"""Figures from inside a training step: pure, jittable, without host callbacks."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jaxtyping import Float, PyTree


def gradient_norm(gradients: PyTree[Array]) -> Float[Array, ""]:
    """Euclidean norm of all the leaves of a gradient together.

    Example:
        >>> gradient_norm({"w": jnp.array([3.0, 0.0]), "b": jnp.array(4.0)})
        Array(5., dtype=float32)
    """
    return optax.tree.norm(gradients)


def output_gradient_norms(
    loss: Callable[[Array], Array], outputs: Float[Array, "batch ..."]
) -> Float[Array, " batch"]:
    """How hard each example pulls at the model: the norm of its loss's gradient in its outputs.

    It needs no backward pass through the parameters.

    Args:
        loss: from outputs to one value per example, or per element; its targets are closed over.
        outputs: what the model gives, examples along the first axis.
    """
    gradient = jax.grad(lambda x: loss(x).sum())(outputs)
    return jnp.linalg.norm(gradient.reshape(gradient.shape[0], -1), axis=-1)


def saturated_share(
    norms: Float[Array, " batch"], threshold: float | Array = 1e-3
) -> Float[Array, ""]:
    """Share of examples that hardly pull any more.

    Args:
        norms: norms of the output gradients, one per example.
        threshold: gradient norm below which an example counts as saturated.

    Example:
        >>> saturated_share(jnp.array([0.0, 1e-4, 0.5, 1.0]))
        Array(0.5, dtype=float32)
    """
    return jnp.mean(norms < threshold, dtype=norms.dtype)


def relative_saturated_share(
    norms: Float[Array, " batch"], threshold: float | Array = 1e-3
) -> Float[Array, ""]:
    """Share of examples that pull far less than the strongest one; independent of the loss's unit.

    Args:
        norms: norms of the output gradients, one per example.
        threshold: share of the largest norm up to which an example counts; if all norms are 0,
            all examples count.
    """
    return jnp.mean(norms <= threshold * jnp.max(norms), dtype=norms.dtype)


def gradient_sample_size(norms: Float[Array, " batch"]) -> Float[Array, ""]:
    """Effective share of the examples that drive the gradient.

    Formula: `sum(norms)**2 / (batch * sum(norms**2))`: 1 if all pull alike, `1 / batch` if one
    example does all the pulling, 0 if none pulls.

    Example:
        >>> gradient_sample_size(jnp.array([1.0, 0.0, 0.0, 0.0]))
        Array(0.25, dtype=float32)
    """
    # Scaled by the largest, so that squares neither overflow nor vanish.
    largest = jnp.max(norms)
    scaled = norms / jnp.where(largest > 0, largest, 1)
    squares = jnp.sum(jnp.square(scaled))
    return jnp.square(jnp.sum(scaled)) / (norms.size * jnp.where(squares > 0, squares, 1))


def probe(
    loss: Callable[[Array], Array],
    outputs: Float[Array, "batch ..."],
    *,
    threshold: float | Array = 1e-3,
) -> dict[str, Float[Array, ""]]:
    """The output-gradient figures of one batch as a flat dict of scalars.

    Args:
        loss: from outputs to one value per example; its targets are closed over.
        outputs: what the model gives, examples along the first axis.
        threshold: of both saturated shares.
    """
    norms = output_gradient_norms(loss, outputs)
    return {
        "saturated": saturated_share(norms, threshold),
        "saturated_relative": relative_saturated_share(norms, threshold),
        "gradient_sample_size": gradient_sample_size(norms),
    }
