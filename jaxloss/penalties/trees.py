"""What penalties on parameters share: which leaves count, matrices among them, and their sum.

`where` selects leaves: a function of a leaf's path, such as `lambda path: path.endswith("kernel")`,
or a prefix tree of booleans. Paths are keys joined by slashes, `"dense/kernel"`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import PyTree

from jaxloss.core.checks import promote

Where = Callable[[str], bool] | PyTree[bool] | None


def leaves(params: PyTree[Any], where: Where) -> list[Array]:
    """Leaves of floating point that count, in one dtype of at least float32."""
    return beside(params, where)[0]


def beside(params: PyTree[Any], where: Where, *others: PyTree[Any]) -> list[list[Array]]:
    """Leaves of parameters that count, and those of trees of the same structure in their places.

    Args:
        params: pytree of parameters.
        where: leaves that count.
        others: trees like it, which are held constant.

    Returns:
        One list for each tree.

    Raises:
        ValueError: for a tree of another structure, or a leaf of another shape.
    """
    paths, structure = jax.tree_util.tree_flatten_with_path(params)
    if where is None:
        kept = [True] * len(paths)
    elif callable(where):
        names = (jax.tree_util.keystr(path, simple=True, separator="/") for path, _ in paths)
        kept = [bool(where(name)) for name in names]
    else:
        kept = jax.tree.leaves(jax.tree.broadcast(where, params))
    columns = [[leaf for _, leaf in paths], *(structure.flatten_up_to(tree) for tree in others)]
    chosen = [
        row
        for row, keep in zip(zip(*columns, strict=True), kept, strict=True)
        if keep and _real(row[0])
    ]
    named = {
        f"params[{i}]" + (f" of tree {place}" if place else ""): leaf
        for place in range(len(columns))
        for i, leaf in enumerate(row[place] for row in chosen)
    }
    arrays = iter(promote(**named))
    ready = [[next(arrays) for _ in chosen] for _ in columns]
    for tree in ready[1:]:
        for leaf, other in zip(ready[0], tree, strict=True):
            if leaf.shape != other.shape:
                raise ValueError(
                    f"a parameter of shape {leaf.shape} stands beside one of {other.shape}"
                )
    return [ready[0], *([lax.stop_gradient(leaf) for leaf in tree] for tree in ready[1:])]


def matrices(params: PyTree[Any], where: Where) -> list[Array]:
    """Parameters of two axes or more as matrices with a column for each index of the last axis."""
    return [
        leaf.reshape(-1, leaf.shape[-1])
        if leaf.size
        else jnp.zeros((0, leaf.shape[-1]), leaf.dtype)
        for leaf in leaves(params, where)
        if leaf.ndim >= 2
    ]


def total(parts: list[Array]) -> Array:
    """Sum of scalars; 0 of none."""
    return sum(parts, start=jnp.zeros((), parts[0].dtype if parts else jnp.float32))


def _real(leaf: object) -> bool:
    if isinstance(leaf, float):
        return True
    dtype = getattr(leaf, "dtype", None)
    return dtype is not None and jnp.issubdtype(dtype, jnp.floating)
