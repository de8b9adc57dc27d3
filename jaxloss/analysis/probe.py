"""Figures from inside a training step: pure, jittable, without host callbacks.

`every` takes figures in some of the steps only, and `probe` is the set of those that cost next to
nothing. Figures that need more passes through the model are in `gradients` (terms of an objective),
`noise` (the noise scale, when to stop) and `curvature`; `python -m benchmarks study figures` shows
what each of them costs.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core.mesh import zeros_of_type
from jaxloss.core.numerics import safe_divide


def every(k: int, figures: Callable[..., PyTree[Array]]) -> Callable[..., PyTree[Array]]:
    """Take figures in every `k`-th step and NaN in between, which costs nothing there.

    It is a `lax.cond`, and NaN keeps the structure, so that `lax.scan` stacks the figures of all
    steps. Under `jax.vmap` that holds as long as `step` is not mapped. What the figures alone need
    belongs inside: what is handed in is computed, and written to memory, in each step.

    Args:
        k: steps from one probe to the next; the first is step 0.
        figures: function to a pytree of arrays, which come back as floating point without gradient.

    Returns:
        A function `(step, *args)` of the step's number and the arguments of `figures`.

    Raises:
        ValueError: for `k` below 1.

    Example:
        >>> norm = every(2, lambda gradients: {"gradient_norm": gradient_norm(gradients)})
        >>> steps = jnp.arange(4), jnp.array([[3.0, 4.0]] * 4)
        >>> jax.lax.map(lambda at: norm(*at), steps)
        {'gradient_norm': Array([ 5., nan,  5., nan], dtype=float32)}
    """
    if k < 1:
        raise ValueError(f"expected `k` of at least 1, got {k}")

    def probed(step: ArrayLike, *args: Any) -> PyTree[Array]:
        def found() -> PyTree[Array]:
            return jax.tree.map(_floating, lax.stop_gradient(figures(*args)))

        blank = jax.tree.map(lambda kind: zeros_of_type(kind) + jnp.nan, jax.eval_shape(found))
        return lax.cond(jnp.asarray(step) % k == 0, found, lambda: blank)

    return probed


def gradient_norm(gradients: PyTree[Array]) -> Float[Array, ""]:
    """Euclidean norm of all the leaves of a gradient together.

    Example:
        >>> gradient_norm({"w": jnp.array([3.0, 0.0]), "b": jnp.array(4.0)})
        Array(5., dtype=float32)
    """
    return optax.tree.norm(widened(gradients))


def update_ratios(params: PyTree[Array], updates: PyTree[Array]) -> dict[str, Float[Array, ""]]:
    """How far a step moves the parameters, as a share of their norm: overall and leaf by leaf.

    Around 1e-3 is usual; 0 for parameters that are all 0. It makes a compiled step write out the
    updates, which it otherwise adds as it computes them: a pass over memory, whatever the `every`.

    Args:
        params: before the step.
        updates: what the optimiser adds to them, in the same structure.

    Returns:
        `update_ratio`, and `update_ratio/path` for each leaf.

    Example:
        >>> update_ratios({"w": jnp.array([3.0, 4.0])}, {"w": jnp.array([0.0, 0.01])})
        {'update_ratio': Array(0.002, dtype=float32), 'update_ratio/w': Array(0.002, dtype=float32)}
    """
    moved, there = (jax.tree.map(gradient_norm, tree) for tree in (updates, params))
    ratios = {"update_ratio": safe_divide(optax.tree.norm(moved), optax.tree.norm(there))}
    by_leaf = jax.tree.map(safe_divide, moved, there)
    for path, ratio in jax.tree_util.tree_leaves_with_path(by_leaf):
        if path:
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            ratios[f"update_ratio/{name}"] = ratio
    return ratios


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
    gradients: PyTree[Array] | None = None,
    threshold: float | Array = 1e-3,
) -> dict[str, Float[Array, ""]]:
    """The figures of one step that cost next to nothing, as a flat dict of scalars.

    All that they read is there once the loss hands out its outputs as aux.

    Args:
        loss: from outputs to one value per example; its targets are closed over.
        outputs: what the model gives, examples along the first axis.
        gradients: of the step, for `gradient_norm` beside the figures of the outputs.
        threshold: of both saturated shares.

    Example:
        >>> figures = probe(jnp.square, jnp.array([0.0, 3.0]), gradients=jnp.array([6.0, 8.0]))
        >>> sorted(figures)
        ['gradient_norm', 'gradient_sample_size', 'saturated', 'saturated_relative']
        >>> figures["gradient_sample_size"], figures["gradient_norm"]
        (Array(0.5, dtype=float32), Array(10., dtype=float32))
    """
    norms = output_gradient_norms(loss, outputs)
    figures = {
        "saturated": saturated_share(norms, threshold),
        "saturated_relative": relative_saturated_share(norms, threshold),
        "gradient_sample_size": gradient_sample_size(norms),
    }
    return figures if gradients is None else figures | {"gradient_norm": gradient_norm(gradients)}


def widened(tree: PyTree[ArrayLike]) -> PyTree[Array]:
    """All leaves as arrays of float32 at least."""
    return jax.tree.map(lambda leaf: _floating(jnp.asarray(leaf)), tree)


def _floating(leaf: Array) -> Array:
    return leaf.astype(jnp.promote_types(leaf.dtype, jnp.float32))
