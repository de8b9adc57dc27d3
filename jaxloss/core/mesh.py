"""What types tell about where arrays lie: sharding, and the mesh axes of `jax.shard_map`."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax


def divided(array: Array, axis: int = -1) -> bool:
    """Whether an axis is divided over devices, as far as the type tells."""
    sharding: Any = getattr(jax.typeof(array), "sharding", None)
    spec: Any = getattr(sharding, "spec", ())
    return len(spec) == array.ndim > 0 and spec[axis] is not None


def varying(*arrays: Array) -> frozenset[Any]:
    """Manual mesh axes (of `jax.shard_map`) over which arrays may differ."""
    axes: frozenset[Any] = frozenset()
    for array in arrays:
        axes |= _varying(jax.typeof(array))
    return axes


def alike(array: Array, *others: Array) -> Array:
    """The same array, typed as differing over the manual mesh axes that others differ over."""
    return _differing(array, tuple(varying(*others) - varying(array)))


def zeros_of_type(kind: jax.ShapeDtypeStruct) -> Array:
    """Zeros of the shape, dtype, sharding and manual mesh axes that `jax.eval_shape` found."""
    sharding: Any = kind.sharding
    typed = sharding is not None and any(entry is not None for entry in sharding.spec)
    zeros = jnp.zeros(kind.shape, kind.dtype, device=sharding if typed else None)
    return _differing(zeros, tuple(_varying(kind)))


def _varying(kind: Any) -> frozenset[Any]:
    manual = getattr(kind, "manual_axis_type", None) or getattr(kind, "mat", None)
    return frozenset((getattr(kind, "vma", None) if manual is None else manual.varying) or ())


def _differing(array: Array, axes: tuple[Any, ...]) -> Array:
    if not axes:
        return array
    cast: Any = getattr(lax, "pcast", None)
    if cast is None:  # JAX 0.7
        return getattr(lax, "pvary")(array, axes)  # noqa: B009
    return cast(array, axes, to="varying")
