"""Penalties on parameters: scalars from a pytree, to be added to an objective as terms.

Only leaves of floating point count, so a whole model (Equinox) or state may be passed. `where`
selects leaves: a function of a leaf's path, such as `lambda path: path.endswith("kernel")`, or a
prefix tree of booleans. Paths are keys joined by slashes, `"dense/kernel"`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core.checks import promote
from jaxloss.core.numerics import absolute, safe_norm

Where = Callable[[str], bool] | PyTree[bool] | None


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
    return _total([jnp.sum(absolute(leaf)) for leaf in _leaves(params, where)])


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
    return _total([jnp.sum(jnp.square(leaf)) / 2 for leaf in _leaves(params, where)])


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
    return _total([_group_norms(leaf, axis) for leaf in _leaves(params, where)])


def _group_norms(leaf: Array, axis: int) -> Array:
    if not -leaf.ndim <= axis < leaf.ndim:
        raise ValueError(f"a parameter of shape {leaf.shape} has no axis {axis} to group by")
    groups = jnp.moveaxis(leaf, axis, 0).reshape(leaf.shape[axis], -1)
    return np.sqrt(groups.shape[1]).astype(leaf.dtype) * jnp.sum(safe_norm(groups))


def _leaves(params: PyTree[Any], where: Where) -> list[Array]:
    paths, _ = jax.tree_util.tree_flatten_with_path(params)
    if where is None:
        kept = [True] * len(paths)
    elif callable(where):
        names = (jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths)
        kept = [bool(where(name)) for name in names]
    else:
        kept = jax.tree.leaves(jax.tree.broadcast(where, params))
    chosen = [leaf for (_, leaf), keep in zip(paths, kept, strict=True) if keep and _real(leaf)]
    return promote(**{f"params[{i}]": leaf for i, leaf in enumerate(chosen)}) if chosen else []


def _real(leaf: object) -> bool:
    if isinstance(leaf, float):
        return True
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.floating)


def _total(parts: list[Array]) -> Array:
    return sum(parts, start=jnp.zeros((), jnp.float32))
