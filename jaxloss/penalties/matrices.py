"""Penalties on kernels as matrices: of low rank, of small norm, with orthogonal columns.

A kernel has a column for each index of its last axis, an output in Flax; all axes before are its
rows. Parameters of fewer than two axes do not count. Largest singular values come from a power
iteration: its vectors are the state, which goes in and comes out, and carry no gradient.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, PRNGKeyArray, PyTree

from jaxloss.core.numerics import absolute, normalize, nuclear_norm
from jaxloss.penalties.trees import Where, matrices, total


def nuclear(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward kernels of low rank.

    Formula: the sum of the singular values; those that are 0 have no gradient.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> nuclear({"kernel": jnp.array([[3.0, 0.0], [0.0, -4.0]])})
        Array(7., dtype=float32)

    Reference: Fazel 2002, "Matrix rank minimization with applications".
    """
    return total([nuclear_norm(kernel) for kernel in matrices(params, where)])


def start(params: PyTree[Any], key: PRNGKeyArray, *, where: Where = None) -> list[Array]:
    """The state of `spectral` and `srip` to begin with: a random unit vector for each kernel.

    Args:
        params: pytree of parameters.
        key: draws the vectors.
        where: leaves that count.
    """
    kernels = matrices(params, where)
    keys = jax.random.split(key, max(len(kernels), 1))
    return [
        normalize(jax.random.normal(one, kernel.shape[1:], kernel.dtype))
        for one, kernel in zip(keys, kernels, strict=False)
    ]


def spectral(
    params: PyTree[Any], state: list[Array], *, steps: int = 1, where: Where = None
) -> tuple[Float[Array, ""], list[Array]]:
    """Reward kernels that stretch no input much.

    Formula: the sum of `sigma**2 / 2` for the largest singular value `sigma` of each kernel.

    Args:
        params: pytree of parameters.
        state: vectors of the power iteration, from `start` or from the step before.
        steps: of the iteration.
        where: leaves that count.

    Returns:
        The penalty, and the next state.

    Example:
        >>> spectral({"kernel": jnp.array([[3.0, 0.0], [0.0, 4.0]])}, [jnp.array([0.0, 1.0])])[0]
        Array(8., dtype=float32)

    Reference: Yoshida and Miyato 2017, arXiv:1705.10941.
    """

    def part(kernel: Array, vector: Array) -> tuple[Array, Array]:
        vector = _iterated(lambda v: _apply(kernel.T, _apply(kernel, v)), vector, steps)
        # At a stationary direction the slope of the norm is that of the singular value.
        return jnp.sum(jnp.square(_apply(kernel, vector))) / 2, vector

    return _over_kernels(part, params, state, where)


def srip(
    params: PyTree[Any], state: list[Array], *, steps: int = 1, where: Where = None
) -> tuple[Float[Array, ""], list[Array]]:
    """Reward orthonormal columns in the worst direction (spectral restricted isometry).

    Formula: the sum of the largest absolute eigenvalue of `kernel.T @ kernel - I` of each kernel.

    Args:
        params: pytree of parameters.
        state: vectors of the power iteration, from `start` or from the step before.
        steps: of the iteration.
        where: leaves that count.

    Returns:
        The penalty, and the next state.

    Example:
        >>> srip({"kernel": jnp.array([[3.0, 0.0], [0.0, 1.0]])}, [jnp.array([1.0, 0.0])])[0]
        Array(8., dtype=float32)

    Reference: Bansal et al. 2018, arXiv:1810.09102.
    """

    def part(kernel: Array, vector: Array) -> tuple[Array, Array]:
        def excess(v: Array) -> Array:
            return _apply(kernel.T, _apply(kernel, v)) - v

        # Two steps at once, since eigenvalues of either sign may be the largest.
        vector = _iterated(lambda v: excess(excess(v)), vector, steps)
        return absolute(jnp.sum(vector * excess(vector))), vector

    return _over_kernels(part, params, state, where)


def orthogonality(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward kernels with orthonormal columns.

    Formula: `sum((kernel.T @ kernel - I)**2)`, added up over the kernels.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> orthogonality({"kernel": jnp.array([[1.0, 1.0], [0.0, 1.0]])})
        Array(3., dtype=float32)

    Reference: Brock et al. 2017, arXiv:1609.07093.
    """
    return total([jnp.sum(jnp.square(_excess(kernel))) for kernel in matrices(params, where)])


def double_orthogonality(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward kernels with orthonormal columns and rows; of the one there are too many, of course.

    Formula: `sum((kernel.T @ kernel - I)**2) + sum((kernel @ kernel.T - I)**2)`.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> double_orthogonality({"kernel": jnp.array([[1.0, 1.0], [0.0, 1.0]])})
        Array(6., dtype=float32)

    Reference: Bansal et al. 2018, arXiv:1810.09102.
    """
    return total(
        [
            jnp.sum(jnp.square(_excess(kernel))) + jnp.sum(jnp.square(_excess(kernel.T)))
            for kernel in matrices(params, where)
        ]
    )


def mutual_coherence(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward orthonormal columns where they are least so.

    Formula: `max(abs(kernel.T @ kernel - I))`, added up over the kernels; entries that tie share
    the gradient.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> mutual_coherence({"kernel": jnp.array([[1.0, 0.5], [0.0, 1.0]])})
        Array(0.5, dtype=float32)

    Reference: Bansal et al. 2018, arXiv:1810.09102.
    """
    return total(
        [jnp.max(absolute(_excess(kernel)), initial=0.0) for kernel in matrices(params, where)]
    )


def cosine_orthogonality(
    params: PyTree[Any], *, axis: int = -1, where: Where = None
) -> Float[Array, ""]:
    """Reward columns at right angles, whatever their lengths.

    Formula: the mean of `abs(cosine)` over all pairs of columns, added up over the kernels; a
    column of zeros is at right angles to all.

    Args:
        params: pytree of parameters.
        axis: -1 takes columns, 0 rows, of which a kernel of more axes has many.
        where: leaves that count.

    Example:
        >>> cosine_orthogonality({"kernel": jnp.array([[1.0, 1.0], [0.0, 1.0]])})
        Array(0.7071, dtype=float32)

    Reference: Keras, `OrthogonalRegularizer`.
    """

    def part(kernel: Array) -> Array:
        unit = normalize(kernel if axis == -1 else kernel.T, axis=0)
        count = unit.shape[-1]
        apart = jnp.where(jnp.eye(count, dtype=bool), 0, _gram(unit))
        return jnp.sum(absolute(apart)) / max(count * (count - 1), 1)

    if axis not in (-1, 0):
        raise ValueError(f"expected `axis` -1 or 0, got {axis}")
    return total([part(kernel) for kernel in matrices(params, where)])


def _gram(kernel: Array) -> Array:
    return jnp.matmul(kernel.T, kernel, precision="highest")


def _excess(kernel: Array) -> Array:
    return _gram(kernel) - jnp.eye(kernel.shape[-1], dtype=kernel.dtype)


def _apply(matrix: Array, vector: Array) -> Array:
    return jnp.matmul(matrix, vector, precision="highest")


def _iterated(function: Any, vector: Array, steps: int) -> Array:
    for _ in range(steps):
        turned = normalize(function(vector))
        # What is mapped to 0 stays where it is.
        vector = jnp.where(jnp.any(turned != 0), turned, vector)
    return lax.stop_gradient(vector)


def _over_kernels(
    part: Any, params: PyTree[Any], state: list[Array], where: Where
) -> tuple[Array, list[Array]]:
    kernels = matrices(params, where)
    if len(kernels) != len(state):
        raise ValueError(f"expected `state` with a vector for each of {len(kernels)} kernels")
    for kernel, vector in zip(kernels, state, strict=True):
        if vector.shape != kernel.shape[1:]:
            raise ValueError(
                f"expected a vector of shape {kernel.shape[1:]} in `state`, got {vector.shape}"
            )
    found = [
        part(kernel, vector.astype(kernel.dtype))
        for kernel, vector in zip(kernels, state, strict=True)
    ]
    return total([value for value, _ in found]), [vector for _, vector in found]
