"""How a teacher gets from one layer to a later one, brought to a student, example by example.

Layers are `*batch positions channels`, maps with their pixels in a row. A layer that brings the
student to the teacher's channels is the caller's, and so is the choice of layers. The teacher
carries no gradient.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import sets
from jaxloss.core.numerics import normalize, principal_axes
from jaxloss.core.pairs import inner_products

_Layers = tuple[Array, Array]
_MORE = 3
"""How many more axes of the student are looked at than of the teacher."""


def flow_of_solution(
    first: Float[ArrayLike, "*batch positions channels"],
    second: Float[ArrayLike, "*batch positions others"],
    teacher_first: Float[ArrayLike, "*batch positions channels"],
    teacher_second: Float[ArrayLike, "*batch positions others"],
) -> Float[Array, "*batch"]:
    """Reward a student for turning one layer into a later one the way its teacher does (FSP).

    Formula: with `G = first.T @ second / positions`, `mean((G_student - G_teacher)**2)`.

    Args:
        first: a layer of the student, positions in a row.
        second: a later one, brought to the same positions.
        teacher_first: a layer of the teacher.
        teacher_second: a later one.

    Returns:
        One value for each example.

    Example:
        >>> flow_of_solution([[1.0], [1.0]], [[2.0], [0.0]], [[1.0], [1.0]], [[0.0], [0.0]])
        Array(1., dtype=float32)

    Reference: Yim et al. 2017, doi:10.1109/CVPR.2017.754.
    """
    student, teacher = _layers(first, second, teacher_first, teacher_second)
    if student[0].shape[-2] != student[1].shape[-2]:
        shapes = f"{student[0].shape} and {student[1].shape}"
        raise ValueError(f"expected as many positions of `first` and `second`, got shapes {shapes}")
    one, two = (jnp.swapaxes(a, -1, -2) @ b / max(a.shape[-2], 1) for a, b in (student, teacher))
    size = max(one.shape[-2] * one.shape[-1], 1)
    return jnp.sum(jnp.square(one - two), axis=(-2, -1)) / size


def singular_vectors(
    first: Float[ArrayLike, "*batch positions channels"],
    second: Float[ArrayLike, "*batch places others"],
    teacher_first: Float[ArrayLike, "*batch positions channels"],
    teacher_second: Float[ArrayLike, "*batch places others"],
    *,
    rank: int = 1,
) -> Float[Array, "*batch"]:
    """Reward layers whose main directions lie to each other as those of the teacher do (KD-SVD).

    Formula: for either layer, with `v[k]` the right singular vectors of the teacher and `s` its
    `rank` largest singular values, brought to unit length, `t[k] = s[k] * v[k]`, and `u[k]` alike
    of the student's vector that is nearest to `v[k]` in angle, turned to its side: with
    `R(a, b) = exp(-(a[c, k] - b[d, k])**2 / 8)` for channels `c` and `d` of the two layers,
    `sum((R(u_first, u_second) - R(t_first, t_second))**2)`.

    The teacher's vectors have their largest entry positive, since their sign is arbitrary (that of
    the library, in the authors' program). Directions of a singular value below a thousandth of the
    largest count as none, and where two singular values are equal their vectors do not turn.

    Args:
        first: a layer of the student, positions in a row.
        second: a later one, of as many positions or of others.
        teacher_first: a layer of the teacher.
        teacher_second: a later one.
        rank: how many singular vectors are compared; the student offers three more.

    Returns:
        One value for each example; the paper adds up those of several pairs of layers.

    Example:
        >>> first, second = jnp.array([[0.6, 0.8]]), jnp.array([[1.0, 0.0]])
        >>> singular_vectors(first, second, second, second)
        Array(0.0244, dtype=float32)

    Reference: Lee et al. 2018, arXiv:1807.06819.
    """
    student, teacher = _layers(first, second, teacher_first, teacher_second)
    if any(0 in layer.shape[-2:] for layer in student):
        return jnp.zeros(student[0].shape[:-2], student[0].dtype)
    turned = [_turned(*pair, rank) for pair in zip(student, teacher, strict=True)]
    (one, one_taught), (two, two_taught) = turned
    near, near_taught = _apart(one, two), _apart(one_taught, two_taught)
    # The difference of exponentials of small numbers, without cancellation.
    change = jnp.exp(-jnp.square(near_taught) / 8) * jnp.expm1(
        (near_taught - near) * (near_taught + near) / 8
    )
    return jnp.sum(jnp.square(change), axis=(-3, -2, -1))


def _layers(
    first: ArrayLike, second: ArrayLike, teacher_first: ArrayLike, teacher_second: ArrayLike
) -> tuple[_Layers, _Layers]:
    """Two layers of the student, and two of the teacher that are held constant."""
    first, teacher_first = sets(first=first, teacher_first=teacher_first)
    second, teacher_second = sets(second=second, teacher_second=teacher_second)
    if first.shape[:-2] != second.shape[:-2]:
        raise ValueError(
            f"expected `first` and `second` of one batch, got {first.shape} and {second.shape}"
        )
    dtype = jnp.promote_types(first.dtype, second.dtype)
    layers = (first, second, teacher_first, teacher_second)
    first, second, *teacher = (x.astype(dtype) for x in layers)
    teacher_first, teacher_second = lax.stop_gradient(teacher)
    return (first, second), (teacher_first, teacher_second)


def _turned(student: Array, teacher: Array, rank: int) -> tuple[Array, Array]:
    """Main directions of the student, each the nearest to one of the teacher, and these."""
    offered, _ = principal_axes(student, rank + _MORE)
    wanted, sizes = principal_axes(teacher, rank)
    largest = jnp.argmax(jnp.abs(wanted), axis=-2, keepdims=True)
    wanted = wanted * jnp.sign(jnp.take_along_axis(wanted, largest, axis=-2))
    likeness = inner_products(jnp.swapaxes(wanted, -1, -2), jnp.swapaxes(offered, -1, -2))
    nearest = jnp.argmax(jnp.abs(likeness), axis=-1, keepdims=True)
    side = jnp.sign(jnp.take_along_axis(likeness, nearest, axis=-1))
    chosen = jnp.take_along_axis(offered, jnp.swapaxes(nearest, -1, -2), axis=-1)
    scale = normalize(sizes)[..., None, :]
    return scale * jnp.swapaxes(side, -1, -2) * chosen, scale * wanted


def _apart(one: Array, two: Array) -> Array:
    return one[..., :, None, :] - two[..., None, :, :]
