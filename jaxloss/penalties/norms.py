"""Convex penalties: on parameters that are large, not 0, or not 0 in groups; on activations too."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core.numerics import absolute, safe_norm
from jaxloss.penalties.trees import Where, leaves, total


def l1(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward sparse parameters: lasso.

    Formula: `sum(abs(params))`; gradient 0 at 0.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> l1({"kernel": jnp.array([3.0, -4.0]), "bias": 1.0}, where=lambda path: path == "kernel")
        Array(7., dtype=float32)

    Reference: Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x.
    """
    return total([jnp.sum(absolute(leaf)) for leaf in leaves(params, where)])


def l2(params: PyTree[Any], *, where: Where = None) -> Float[Array, ""]:
    """Reward small parameters: ridge, Tikhonov; its gradient is the parameters themselves.

    Formula: `sum(params**2) / 2`. The half makes a coefficient the decay per step of plain gradient
    descent at learning rate 1; Keras has no half.

    Args:
        params: pytree of parameters.
        where: leaves that count.

    Example:
        >>> l2({"kernel": jnp.array([3.0, -4.0])})
        Array(12.5, dtype=float32)

    Reference: Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634.
    """
    return total([jnp.sum(jnp.square(leaf)) / 2 for leaf in leaves(params, where)])


def elastic_net(
    params: PyTree[Any], *, l1_ratio: ArrayLike = 0.5, where: Where = None
) -> Float[Array, ""]:
    """Reward sparse and small parameters together.

    Formula: `l1_ratio * sum(abs(params)) + (1 - l1_ratio) * sum(params**2) / 2`.

    Args:
        params: pytree of parameters.
        l1_ratio: share of the absolute part, in [0, 1].
        where: leaves that count.

    Example:
        >>> elastic_net({"kernel": jnp.array([3.0, -4.0])})
        Array(9.75, dtype=float32)

    Reference: Zou and Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x.
    """
    ratio = jnp.asarray(l1_ratio)
    return ratio * l1(params, where=where) + (1 - ratio) * l2(params, where=where)


def group_lasso(params: PyTree[Any], *, axis: int = -1, where: Where = None) -> Float[Array, ""]:
    """Reward switching off whole groups of parameters, such as all weights of one unit.

    Formula: `sum(sqrt(size of group) * norm(group))`; gradient 0 at a group of zeros.

    Args:
        params: pytree of parameters.
        axis: the axis that counts groups; a group is all that shares an index along it. The last
            one groups the weights into each output of a Flax kernel.
        where: leaves that count; they need this axis.

    Raises:
        ValueError: for a leaf without the axis.

    Example:
        >>> group_lasso({"kernel": jnp.array([[3.0, 0.0], [4.0, 0.0]])})
        Array(7.0711, dtype=float32)

    Reference: Yuan and Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x.
    """
    return total([_group_norms(leaf, axis) for leaf in leaves(params, where)])


def sparse_group_lasso(
    params: PyTree[Any], *, l1_ratio: ArrayLike = 0.5, axis: int = -1, where: Where = None
) -> Float[Array, ""]:
    """Reward switching off whole groups of parameters, and single ones in those that stay.

    Formula: `l1_ratio * l1(params) + (1 - l1_ratio) * group_lasso(params, axis=axis)`.

    Args:
        params: pytree of parameters.
        l1_ratio: share of the absolute part, in [0, 1].
        axis: the axis that counts groups, as in `group_lasso`.
        where: leaves that count; they need this axis.

    Raises:
        ValueError: for a leaf without the axis.

    Example:
        >>> sparse_group_lasso({"kernel": jnp.array([[3.0, 0.0], [4.0, 0.0]])})
        Array(7.0355, dtype=float32)

    Reference: Simon et al. 2013, doi:10.1080/10618600.2012.681250.
    """
    ratio = jnp.asarray(l1_ratio)
    return ratio * l1(params, where=where) + (1 - ratio) * group_lasso(
        params, axis=axis, where=where
    )


def k_support(params: PyTree[Any], *, k: int, where: Where = None) -> Float[Array, ""]:
    """Reward parameters of which few are large, those few being held as `l2` holds them.

    Formula: half the square of the smallest norm whose unit ball holds all vectors of length 1 with
    at most `k` entries, each tensor for itself. With its sizes `s` in descending order and the one
    `r` below `k` for which `t = sum(s[k - r - 1:]) / (r + 1)` is at least `s[k - r - 1]` and below
    `s[k - r - 2]`, it is `(sum(s[:k - r - 1]**2) + (r + 1) * t**2) / 2`: half the square of `l1`
    for `k` 1, and `l2` for `k` the size of the tensor, or more.

    Args:
        params: pytree of parameters.
        k: how many entries may be large.
        where: leaves that count.

    Raises:
        ValueError: for `k` below 1.

    Example:
        >>> k_support({"kernel": jnp.array([3.0, -1.0, 1.0])}, k=2)
        Array(6.5, dtype=float32)

    Reference: Argyriou et al. 2012, arXiv:1204.5043.
    """
    if k < 1:
        raise ValueError(f"expected `k` of at least 1, got {k}")
    return total(
        [_k_support(leaf.reshape(-1), min(k, leaf.size)) for leaf in leaves(params, where)]
    )


def _k_support(flat: Array, k: int) -> Array:
    if flat.size == 0:
        return jnp.sum(flat)
    upwards = jnp.sort(absolute(flat))
    sizes, rest = upwards[::-1], jnp.cumsum(upwards)[::-1][:k]
    ahead = jnp.cumsum(jnp.square(sizes[:k])) - jnp.square(sizes[:k])
    share = rest / jnp.arange(k, 0, -1, dtype=flat.dtype)
    value = (ahead + rest * share) / 2
    # Where the rest is below the entry that it starts with, the value is one of no decomposition;
    # the least of the others is the norm. The last place is never left out.
    candidates = jnp.where(share >= sizes[:k], lax.stop_gradient(value), jnp.inf)
    return value[jnp.argmin(candidates)]


def _group_norms(leaf: Array, axis: int) -> Array:
    if not -leaf.ndim <= axis < leaf.ndim:
        raise ValueError(f"a parameter of shape {leaf.shape} has no axis {axis} to group by")
    groups = jnp.moveaxis(leaf, axis, 0).reshape(leaf.shape[axis], -1)
    return np.sqrt(groups.shape[1]).astype(leaf.dtype) * jnp.sum(safe_norm(groups))
