"""The first line of a loss: convert, promote, and compare shapes and dtypes.

Arguments come in by name and errors name them back. Static checks (shapes, dtypes) are chex's and
run while tracing, so a compiled step pays nothing for them. Value checks (NaN, labels out of range)
are in the program only while `jaxloss.checked` runs it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.experimental import checkify
from jax.typing import ArrayLike

# Part of jit's cache key, unlike an ordinary context variable: a step compiled without value
# checks is compiled again, with them, when `checked` runs it.
checking = jax.make_user_context(False)


def require(holds: Callable[[], Array], message: str) -> None:
    """Check values under `jaxloss.checked`; cost nothing, and do nothing, everywhere else.

    Args:
        holds: gives an array of booleans that should all be true; called only when checking.
        message: what is wrong, with which argument, and what to do.
    """
    if checking.value:
        checkify.check(jnp.all(holds()), message.replace("{", "{{").replace("}", "}}"))


def same_shape(**arrays: ArrayLike) -> list[Array]:
    """Convert named arrays to one floating dtype and demand equal shapes.

    Args:
        arrays: array-likes by name; the names appear in the error.

    Returns:
        The arrays in the order given: float64 if one of them is, else float32.

    Raises:
        TypeError: for something that is not a real array.
        ValueError: for unequal shapes.

    Example:
        >>> same_shape(pred=[1, 2], target=[0.5, 0.5])[0]
        Array([1., 2.], dtype=float32)
    """
    converted = promote(**arrays)
    _equal_shapes(dict(zip(arrays, converted, strict=True)))
    return converted


def elementwise(*, hyper: Mapping[str, ArrayLike], **arrays: ArrayLike) -> list[Array]:
    """`same_shape`, followed by hyperparameters made ready to broadcast against the arrays."""
    converted = same_shape(**arrays)
    return converted + hyperparameters(converted[0], **hyper)


def vectors(**arrays: ArrayLike) -> list[Array]:
    """`same_shape` for arrays that have a last axis to compute over."""
    converted = same_shape(**arrays)
    _at_least_one_axis(dict(zip(arrays, converted, strict=True)))
    return converted


def sets(**arrays: ArrayLike) -> list[Array]:
    """`same_shape` for sets of vectors: items on the axis before the features."""
    converted = same_shape(**arrays)
    for name, array in zip(arrays, converted, strict=True):
        if array.ndim < 2:
            raise ValueError(
                f"expected `{name}` with an axis of items before that of features, "
                f"got shape {array.shape}"
            )
    return converted


def samples(**arrays: ArrayLike) -> list[Array]:
    """Check two sets of vectors that may differ in how many there are."""
    x, y = promote(**arrays)
    if x.ndim < 2 or y.ndim < 2 or x.shape[:-2] != y.shape[:-2] or x.shape[-1] != y.shape[-1]:
        wanted = zip(arrays, ("(*batch, n, dim)", "(*batch, m, dim)"), (x, y), strict=True)
        parts = " and ".join(f"`{name}` of shape {kind}, got {a.shape}" for name, kind, a in wanted)
        raise ValueError(f"expected {parts}")
    return [x, y]


def labelled(embeddings: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    """Check a set of vectors with integer labels, which are only compared and may be any."""
    (items,) = sets(embeddings=embeddings)
    reason = f", one for each item of `embeddings` {items.shape}"
    return items, indices("labels", labels, items.shape[:-1], None, reason)


def classes(slices: int = 1, /, **arrays: ArrayLike) -> tuple[Array, Array]:
    """Check scores of classes against labels (integers) or a distribution (floating).

    Args:
        slices: of classes there are, each as large as that of the scores given.
        arrays: first the scores, shape `*batch classes`, then the target: integers of shape
            `*batch`, or floating point (or booleans) of the shape of the scores.

    Returns:
        Scores and target, the latter integer if it came as integers.

    Raises:
        TypeError: if an argument is no real array.
        ValueError: if the shapes do not fit.
    """
    (score_name, score_like), (target_name, target_like) = arrays.items()
    target = _to_array(target_name, target_like)
    if not jnp.issubdtype(target.dtype, jnp.integer):
        shape = np.shape(score_like)
        if target.shape == shape[:-1] != shape:
            raise ValueError(
                f"expected integer labels, or a distribution of the shape of `{score_name}` "
                f"{shape}, as `{target_name}`, got {target.dtype} of shape {target.shape}: labels "
                "that are floating point have to be made integers"
            )
        scores, target = vectors(**{score_name: score_like, target_name: target})
        return scores, target
    (scores,) = promote(**{score_name: score_like})
    _at_least_one_axis({score_name: scores})
    if target.shape == scores.shape and target.ndim > 0:
        raise ValueError(
            f"integer `{target_name}` of the shape of `{score_name}` {scores.shape}: labels have "
            "no axis of classes, and a distribution over classes must be floating point"
        )
    rows = f", one for each row of `{score_name}` {scores.shape}"
    return scores, indices(target_name, target, scores.shape[:-1], slices * scores.shape[-1], rows)


def labels(scores: ArrayLike, labels: ArrayLike, name: str = "logits") -> tuple[Array, Array]:
    """`classes` for losses that read integer labels only."""
    array = _to_array("labels", labels)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"expected integer `labels`, got {array.dtype}: class indices, not one-hot")
    return classes(**{name: scores, "labels": array})


def indices(
    name: str, given: ArrayLike, shape: tuple[int, ...], count: int | None, reason: str = ""
) -> Array:
    """Convert integer indices of a given shape; under `checked`, demand the range `[0, count)`.

    Args:
        name: of the argument.
        given: the indices.
        shape: that they must have.
        count: of what they index; None for labels that are only compared.
        reason: for the shape; follows it in the error.

    Raises:
        TypeError: if they are not integers.
        ValueError: for another shape.
    """
    array = _to_array(name, given)
    if not jnp.issubdtype(array.dtype, jnp.integer):
        raise TypeError(f"expected integer `{name}`, got {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"expected integer `{name}` of shape {shape}{reason}, got {array.shape}")
    if count is not None:
        require(
            lambda: (array >= 0) & (array < count),
            f"`{name}` holds a label outside [0, {count}): mask padding with jaxloss.masked",
        )
    return array


def hyperparameters(like: Array | jax.ShapeDtypeStruct, **hyper: ArrayLike) -> list[Array]:
    """Convert hyperparameters to the dtype of `like` and make them broadcast against it.

    Args:
        like: array, or shape and dtype, that values will have.
        hyper: numbers, arrays or tracers by name.

    Returns:
        One array for each, of shape `()` or of the rank of `like`.

    Raises:
        ValueError: if one does not broadcast to the shape of `like`.
    """
    ready: list[Array] = []
    for name, given in hyper.items():
        array = jnp.asarray(given)
        if not jnp.issubdtype(array.dtype, jnp.number):
            raise TypeError(f"expected a number for `{name}`, got {array.dtype}")
        array = array.astype(like.dtype)
        if array.ndim > 0:
            try:
                fits = np.broadcast_shapes(array.shape, like.shape) == like.shape
            except ValueError:
                fits = False
            if not fits:
                raise ValueError(
                    f"`{name}` of shape {array.shape} does not broadcast to {like.shape}"
                )
            array = jnp.expand_dims(array, tuple(range(like.ndim - array.ndim)))
        ready.append(array)
    return ready


def of_rows(array: Array | jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """Shape and dtype of one value for each row, for `hyperparameters` to broadcast against."""
    return jax.ShapeDtypeStruct(array.shape[:-1], array.dtype)


def along(hyperparameter: Array, axes: int = 1) -> Array:
    """Give a hyperparameter of rows trailing axes, to act on their entries; a scalar stays one."""
    if hyperparameter.ndim == 0:
        return hyperparameter
    return hyperparameter.reshape(*hyperparameter.shape, *(1,) * axes)


def leading(like: Array, **given: ArrayLike) -> list[Array]:
    """Convert one number for each example: arrays of one shape that `like` starts with.

    Args:
        like: array whose leading axes count the examples.
        given: array-likes by name; the names appear in the error.

    Returns:
        The arrays in the order given, in the dtype of `like`.

    Raises:
        ValueError: for another shape.
    """
    arrays = [array.astype(like.dtype) for array in promote(**given)]
    for name, array in zip(given, arrays, strict=True):
        if array.shape != like.shape[: array.ndim] or array.shape != arrays[0].shape:
            raise ValueError(
                f"expected `{name}` with one number for each example of an array of shape "
                f"{like.shape}, got shape {array.shape}"
            )
    return arrays


def class_vector(name: str, given: ArrayLike, like: Array) -> Array:
    """Convert one number for each class, shape `classes` or that of `like`, to broadcast."""
    array = jnp.asarray(given).astype(like.dtype)
    if array.shape not in ((like.shape[-1],), like.shape):
        raise ValueError(
            f"expected `{name}` of shape {(like.shape[-1],)}, one for each class, got {array.shape}"
        )
    return jnp.broadcast_to(array, like.shape)


def absent(hyperparameter: ArrayLike) -> bool:
    """Whether a hyperparameter is the Python number 0, so that its term need not be in the program.

    A traced 0 is not absent: it gives the same values by computing them.
    """
    return isinstance(hyperparameter, int | float) and hyperparameter == 0


def mask(where: ArrayLike | None, like: Array, name: str = "where") -> Array:
    """Convert a boolean mask of the shape of `like` (or of its last axis); None keeps all.

    Raises:
        TypeError: if the mask is not boolean.
        ValueError: if its shape fits neither the array nor its last axis.
    """
    if where is None:
        return jnp.ones_like(like, bool)
    array = jnp.asarray(where)
    if array.dtype != jnp.bool_:
        raise TypeError(f"expected boolean `{name}` (True keeps), got {array.dtype}")
    if array.shape not in (like.shape, like.shape[-1:]):
        raise ValueError(f"expected `{name}` of shape {like.shape}, got {array.shape}")
    return jnp.broadcast_to(array, like.shape)


def probabilities(**arrays: Array) -> None:
    """Under `checked`, demand values in [0, 1]."""
    for name, array in arrays.items():
        require(
            lambda array=array: (array >= 0) & (array <= 1),
            f"`{name}` holds a value outside [0, 1]: expected probabilities, not logits",
        )


def signs(**arrays: Array) -> None:
    """Under `checked`, demand values -1 or +1."""
    for name, array in arrays.items():
        require(
            lambda array=array: jnp.abs(array) == 1,
            f"`{name}` holds a value other than -1 and +1: convert bits with 2 * bits - 1",
        )


def above(bound: float, **arrays: Array) -> None:
    """Under `checked`, demand values greater than `bound`."""
    for name, array in arrays.items():
        require(
            lambda array=array: array > bound,
            f"`{name}` holds a value not above {bound:g}, where this loss is not defined",
        )


def promote(**arrays: ArrayLike) -> list[Array]:
    """Convert named arrays to float64 if one of them is, else to float32."""
    converted = {name: _to_array(name, given) for name, given in arrays.items()}
    wide = any(array.dtype == jnp.float64 for array in converted.values())
    dtype = jnp.float64 if wide else jnp.float32
    for name, array in converted.items():
        if jnp.issubdtype(array.dtype, jnp.inexact):
            require(lambda array=array: ~jnp.isnan(array), f"`{name}` holds NaN")
    return [array.astype(dtype) for array in converted.values()]


def _to_array(name: str, given: Any) -> Array:
    message = f"expected an array for `{name}`, got {type(given).__name__}"
    if given is None or isinstance(given, str | bytes):
        raise TypeError(message)
    try:
        array = jnp.asarray(given)
    except (TypeError, ValueError) as error:
        raise TypeError(message) from error
    real = jnp.issubdtype(array.dtype, jnp.number) or array.dtype == jnp.bool_
    if not real or jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"expected real numbers for `{name}`, got {array.dtype}")
    # Python floats are float64 under x64 but carry no wish for it.
    weak = isinstance(given, bool | int | float)
    return array.astype(jnp.float32) if weak and array.dtype == jnp.float64 else array


def _equal_shapes(arrays: Mapping[str, Array]) -> None:
    try:
        chex.assert_equal_shape(list(arrays.values()))
    except AssertionError:
        shapes = ", ".join(f"`{name}` {array.shape}" for name, array in arrays.items())
        raise ValueError(f"expected equal shapes, got {shapes}") from None


def _at_least_one_axis(arrays: Mapping[str, Array]) -> None:
    for name, array in arrays.items():
        try:
            chex.assert_axis_dimension_gteq(array, -1, 0)
        except AssertionError:
            raise ValueError(f"expected `{name}` with at least one axis, got shape ()") from None
