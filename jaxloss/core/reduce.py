"""Reductions: from values to one number, with masks and weights, normalised exactly.

A mean over a batch that is split (into microbatches, over devices) is not the mean of the parts'
means once masks or weights differ between the parts. Keeping the total and the weight apart until
the end makes it exact: `Average` is that pair, and averages of parts add up.
"""

import dataclasses
from collections.abc import Hashable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core import checks


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Average:
    """A weighted sum and the sum of its weights: a mean that is not divided yet.

    Attributes:
        total: sum of weights times values.
        weight: sum of the weights; without weights, the count of values.

    Example:
        >>> part = average(jnp.array([1.0, 5.0]), where=jnp.array([True, False]))
        >>> whole = part + average(jnp.array([2.0, 3.0]))
        >>> whole.value
        Array(2., dtype=float32)
    """

    total: Array
    weight: Array

    @property
    def value(self) -> Array:
        """`total / weight`; 0 with gradient 0 where the weight is 0."""
        counted = self.weight != 0
        # The numerator is replaced too: with nothing counted no gradient may reach the values.
        return jnp.where(counted, self.total, 0) / jnp.where(counted, self.weight, 1)

    def __add__(self, other: "Average") -> "Average":
        """Average over both parts."""
        return Average(self.total + other.total, self.weight + other.weight)


def average(
    values: PyTree[ArrayLike],
    *,
    where: PyTree[ArrayLike] | None = None,
    weights: PyTree[ArrayLike] | None = None,
    axis: int | Sequence[int] | None = None,
    axis_name: Hashable | None = None,
) -> Average:
    """Average values, keeping total and weight apart.

    Args:
        values: array, or pytree of arrays whose totals and weights add up.
        where: booleans, True keeps a value; a masked value may be anything, also NaN. An array of
            the rank of the values (size-one axes broadcast), or a prefix tree of such arrays.
        weights: non-negative numbers, shaped as `where`. A weight of 0 leaves out its value even
            if that is not finite.
        axis: axis or axes to reduce; all by default.
        axis_name: mapped axis or axes of `shard_map` or `vmap` to sum totals and weights over.

    Returns:
        `Average(total, weight)`, in float32 at least.

    Raises:
        TypeError: for a mask that is not boolean.
        ValueError: for a mask or weights that do not fit the values.

    Example:
        >>> average(jnp.array([1.0, 2.0, 6.0]), weights=jnp.array([1.0, 1.0, 2.0])).value
        Array(3.75, dtype=float32)
    """
    leaves, structure = jax.tree.flatten(values)
    masks = _matching(where, structure)
    factors = _matching(weights, structure)
    parts = [
        _average_leaf(leaf, mask, factor, axis)
        for leaf, mask, factor in zip(leaves, masks, factors, strict=True)
    ]
    if not parts:
        zero = jnp.zeros((), jnp.float32)
        return Average(zero, zero)
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    if axis_name is not None:
        whole = Average(lax.psum(whole.total, axis_name), lax.psum(whole.weight, axis_name))
    return whole


def mean(
    values: PyTree[ArrayLike],
    *,
    where: PyTree[ArrayLike] | None = None,
    weights: PyTree[ArrayLike] | None = None,
    axis: int | Sequence[int] | None = None,
    axis_name: Hashable | None = None,
) -> Array:
    """Weighted mean over the values kept: `average(...).value`.

    It divides by the sum of the weights, and is 0 with gradient 0 when nothing is counted. For a
    batch in parts use `average` and divide once, at the end.

    Args:
        values: as in `average`.
        where: as in `average`.
        weights: as in `average`.
        axis: as in `average`.
        axis_name: as in `average`.

    Returns:
        The mean; a scalar unless `axis` leaves axes.

    Example:
        >>> mean(jnp.array([1.0, jnp.nan]), where=jnp.array([True, False]))
        Array(1., dtype=float32)
    """
    return average(values, where=where, weights=weights, axis=axis, axis_name=axis_name).value


def total(
    values: PyTree[ArrayLike],
    *,
    where: PyTree[ArrayLike] | None = None,
    weights: PyTree[ArrayLike] | None = None,
    axis: int | Sequence[int] | None = None,
    axis_name: Hashable | None = None,
) -> Array:
    """Weighted sum over the values kept: `average(...).total`.

    Args:
        values: as in `average`.
        where: as in `average`.
        weights: as in `average`.
        axis: as in `average`.
        axis_name: as in `average`.

    Returns:
        The sum; a scalar unless `axis` leaves axes.

    Example:
        >>> total(jnp.array([1.0, 2.0]), weights=jnp.array([3.0, 1.0]))
        Array(5., dtype=float32)
    """
    return average(values, where=where, weights=weights, axis=axis, axis_name=axis_name).total


def _matching(prefix: PyTree[ArrayLike] | None, structure: Any) -> list[object]:
    """Leaves of a prefix tree, repeated to match the structure of the values."""
    if prefix is None:
        return [None] * structure.num_leaves
    skeleton = jax.tree.unflatten(structure, range(structure.num_leaves))
    return jax.tree.leaves(jax.tree.broadcast(prefix, skeleton))


def _average_leaf(
    values: ArrayLike, where: object, weights: object, axis: int | Sequence[int] | None
) -> Average:
    (array,) = checks.promote(values=values)
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    kept = None
    if where is not None:
        kept = jnp.asarray(where)
        if kept.dtype != jnp.bool_:
            raise TypeError(
                f"expected boolean `where` (True keeps), got {kept.dtype}; use `weights` to weigh"
            )
        kept = _fitting(kept, array, "where")
        array = jnp.where(kept, array, 0)
    if weights is None:
        factor = jnp.ones((), array.dtype) if kept is None else kept.astype(array.dtype)
    else:
        factor = jnp.asarray(weights).astype(array.dtype)
        factor = _fitting(factor, array, "weights")
        if kept is not None:
            factor = jnp.where(kept, factor, 0)
        # A value that a weight of 0 leaves out may be NaN; a finite one keeps its derivative with
        # respect to the weight, which methods that learn weights from 0 rely on.
        array = factor * jnp.where((factor == 0) & ~jnp.isfinite(array), 0, array)
    if factor.ndim == 0:
        summed = jnp.sum(array, axis=axes)
        count = array.size // max(summed.size, 1) if array.size else 0
        return Average(summed, jnp.broadcast_to(factor * count, summed.shape))
    return Average(jnp.sum(array, axis=axes), jnp.sum(factor, axis=axes))


def _fitting(given: Array, values: Array, name: str) -> Array:
    """Broadcast a mask or weights to the values, if they have the same rank (or none)."""
    same_rank = given.ndim == values.ndim
    fits = given.ndim == 0 or (
        same_rank and all(g in (1, v) for g, v in zip(given.shape, values.shape, strict=True))
    )
    if not fits:
        hint = (
            "" if same_rank else "; give it the same number of axes, size one where it broadcasts"
        )
        raise ValueError(
            f"`{name}` of shape {given.shape} does not fit values of shape {values.shape}{hint}"
        )
    return jnp.broadcast_to(given, values.shape) if given.ndim else given
