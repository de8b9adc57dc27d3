"""Combinators: a loss in, a loss out."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.experimental import checkify
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core import checks

_Path = tuple[Any, ...]


def over_tree(losses: PyTree[Callable[..., Array]]) -> Callable[..., PyTree[Array]]:
    """Lift a loss on arrays to pytrees, leaf by leaf.

    Args:
        losses: one loss for every leaf, or a pytree of losses that is a prefix of the arguments (a
            dict of heads, for example).

    Returns:
        A function of pytrees, with the keyword arguments of the loss, that gives a pytree of
        values. `jaxloss.mean` and `jaxloss.average` take it as it is.

    Raises:
        ValueError: when called, for trees of different structure or leaves that do not fit; the
            message names the path.

    Example:
        >>> loss = over_tree({"x": jnp.subtract, "y": jnp.add})
        >>> loss({"x": jnp.ones(2), "y": jnp.ones(1)}, {"x": jnp.ones(2), "y": jnp.ones(1)})
        {'x': Array([0., 0.], dtype=float32), 'y': Array([2.], dtype=float32)}
    """

    def lifted(first: PyTree[Any], *rest: PyTree[Any], **options: Any) -> PyTree[Array]:
        def head(path: _Path, loss: Callable[..., Array], *trees: PyTree[Any]) -> PyTree[Array]:
            def leaf(inner: _Path, *leaves: ArrayLike) -> Array:
                try:
                    return loss(*leaves, **options)
                except (TypeError, ValueError) as error:
                    name = jax.tree_util.keystr((*path, *inner))
                    raise type(error)(f"{error} (at leaf {name or 'that is the tree'})") from error

            return jax.tree_util.tree_map_with_path(leaf, *trees)

        return jax.tree_util.tree_map_with_path(head, losses, first, *rest)

    return lifted


def masked(loss: Callable[..., Array]) -> Callable[..., Array]:
    """Let padding hold anything: masked inputs are replaced before the loss is computed.

    `jaxloss.mean(values, where=mask)` keeps masked *values* out. If the masked *inputs* may be NaN,
    infinite or outside the domain, their gradient would still be NaN times 0; with this combinator
    they reach neither value nor gradient.

    Args:
        loss: a loss whose value has the shape of the leading axes of its arguments.

    Returns:
        The loss with one more keyword `where`: booleans of the shape of its values, True keeps.
        Values are 0 where it is False. (For a loss that has a `where` of its own, bind that one
        with `functools.partial`.)

    Raises:
        TypeError: when called with a mask that is not boolean.
        ValueError: when called with a mask that does not fit the arguments.

    Example:
        >>> difference = masked(jnp.subtract)
        >>> difference(jnp.array([3.0, jnp.nan]), jnp.ones(2), where=jnp.array([True, False]))
        Array([2., 0.], dtype=float32)
    """

    @functools.wraps(loss)
    def lifted(*arrays: ArrayLike, where: ArrayLike, **options: Any) -> Array:
        kept = jnp.asarray(where)
        if kept.dtype != jnp.bool_:
            raise TypeError(f"expected boolean `where` (True keeps), got {kept.dtype}")
        values = loss(*(_fill_tree(array, kept) for array in arrays), **options)
        if values.shape != kept.shape:
            raise ValueError(f"expected `where` of shape {values.shape}, got {kept.shape}")
        return jnp.where(kept, values, 0)

    return lifted


def _fill_tree(argument: PyTree[ArrayLike], kept: Array) -> PyTree[Array]:
    # A list of numbers is an array, a list of arrays a tree.
    if all(jnp.ndim(leaf) == 0 for leaf in jax.tree.leaves(argument)):
        argument = jnp.asarray(argument)
    return jax.tree.map(lambda leaf: fill(jnp.asarray(leaf), kept), argument)


def fill(array: Array, kept: Array) -> Array:
    """Replace entries that are not kept by something that lies in every domain in use."""
    if array.shape[: kept.ndim] != kept.shape:
        raise ValueError(f"`where` of shape {kept.shape} does not fit an argument {array.shape}")
    # One half lies inside every domain in use: reals, probabilities, positive numbers. Labels
    # become class 0.
    safe = 0.5 if jnp.issubdtype(array.dtype, jnp.floating) else 0
    trailing = tuple(range(kept.ndim, array.ndim))
    return jnp.where(jnp.expand_dims(kept, trailing), array, jnp.asarray(safe, array.dtype))


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a function with value checks: NaN, labels out of range, probabilities outside [0, 1].

    Losses check shapes and dtypes always, and values never, unless run by this combinator. It
    serves any function that calls losses: a loss, an objective, a whole jitted train step. Checks
    stay out of what is compiled elsewhere, also for a function that was compiled before.

    Args:
        function: takes and returns pytrees of arrays, as `jax.jit` demands.

    Returns:
        The same function, compiled with checks; it waits for them and raises.

    Raises:
        ValueError: when called, for the first check that fails, or for NaN in the result.

    Example:
        >>> checked(lambda x: x / x)(0.0)
        Traceback (most recent call last):
        ValueError: the result holds NaN
    """

    def guarded(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        for leaf in jax.tree.leaves(result):
            if jnp.issubdtype(jnp.asarray(leaf).dtype, jnp.inexact):
                checkify.check(~jnp.any(jnp.isnan(leaf)), "the result holds NaN")
        return result

    # checkify itself rather than chex.chexify, which warns at exit that assertions were not waited
    # for even when they were.
    compiled = jax.jit(checkify.checkify(guarded, errors=checkify.user_checks))

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with checks.checking(True):
            error, result = compiled(*args, **kwargs)
        message = error.get()
        if message is not None:
            raise ValueError(message.removesuffix(" (`check` failed)"))
        return result

    return run


def for_keras(loss: Callable[..., Array], **options: Any) -> Callable[..., Array]:
    """Give a loss the calling convention of Keras (on its JAX backend), for `model.compile`.

    Keras passes the target first and has made floating point of it, and takes the mean.

    Args:
        loss: of prediction and target.
        options: keyword arguments of the loss.

    Returns:
        A function `(y_true, y_pred)`. A target without the last axis of the prediction, or with
        one entry there where the prediction has several, is taken for integer labels.

    Example:
        >>> for_keras(jnp.subtract)(jnp.ones((2, 1)), jnp.zeros((2, 1)))[:, 0]
        Array([-1., -1.], dtype=float32)
    """

    @functools.wraps(loss)
    def target_first(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
        pred, target = jnp.asarray(y_pred), jnp.asarray(y_true)
        if target.ndim == pred.ndim and target.shape[-1:] == (1,) != pred.shape[-1:]:
            target = target[..., 0]
        if target.ndim == pred.ndim - 1:
            target = target.astype(jnp.int32)
        return loss(pred, target, **options)

    return target_first


def over_scales(
    loss: Callable[..., Array], *, scales: Sequence[int] = (1, 2, 4), num_axes: int = 2
) -> Callable[..., Array]:
    """Compare at several resolutions: average a loss over average-pooled copies.

    Formula: `mean_s mean(loss(pool_s(pred), pool_s(target)))`, `pool_s` averaging `s`-wide blocks.

    Args:
        loss: elementwise loss of arrays of shape `*batch *space channels`.
        scales: block widths; each must divide every spatial axis.
        num_axes: number of spatial axes, those before the last.

    Returns:
        A loss with one value per example, shape `*batch`.

    Raises:
        ValueError: when called, for a scale that does not divide a spatial axis.
    """

    @functools.wraps(loss)
    def lifted(*arrays: ArrayLike, **options: Any) -> Array:
        def at(scale: int) -> Array:
            pooled = (_pool(jnp.asarray(array), scale, num_axes) for array in arrays)
            values = loss(*pooled, **options)
            return jnp.mean(values, axis=tuple(range(-num_axes - 1, 0)))

        return sum(map(at, scales), start=jnp.zeros(())) / len(scales)

    return lifted


def _pool(array: Array, scale: int, num_axes: int) -> Array:
    space = array.shape[-num_axes - 1 : -1]
    if array.ndim <= num_axes or any(size % scale for size in space):
        raise ValueError(f"scale {scale} does not divide the spatial axes {space} of {array.shape}")
    window = (*(1,) * (array.ndim - num_axes - 1), *(scale,) * num_axes, 1)
    summed = lax.reduce_window(
        array.astype(jnp.promote_types(array.dtype, jnp.float32)),
        0.0,
        lax.add,
        window,
        window,
        "VALID",
    )
    return summed / scale**num_axes
