"""Rotations, poses and shapes: how far bodies are turned, moved or bent from where they belong.

Rotations are matrices or quaternions; points are rows. Nothing here takes an inverse cosine, whose
slope has no bound where it matters, nor a derivative of singular vectors.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, promote, same_shape, sets
from jaxloss.core.numerics import (
    differentiated_as,
    normalize,
    nuclear_norm,
    safe_divide,
    safe_norm,
)
from jaxloss.core.pairs import centered


def rotation_geodesic(
    pred: Float[ArrayLike, "*batch 3 3"], target: Float[ArrayLike, "*batch 3 3"]
) -> Float[Array, "*batch"]:
    """Reward a rotation for being the right one, by the angle that is left to turn.

    Formula: with `d = pred.T @ target` and `s` half the vector
    `(d[2, 1] - d[1, 2], d[0, 2] - d[2, 0], d[1, 0] - d[0, 1])`,
    `atan2(norm(s), (trace(d) - 1) / 2)`: in radians, from 0 to pi; gradient 0 at both.

    Args:
        pred: rotation matrix.
        target: rotation matrix.

    Returns:
        One angle for each pair.

    Raises:
        ValueError: for matrices that are not 3 by 3.

    Example:
        >>> quarter = jnp.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
        >>> rotation_geodesic(quarter, jnp.eye(3))
        Array(1.5708, dtype=float32)

    Reference: Huynh 2009, doi:10.1007/s10851-009-0161-2; Mahendran et al. 2017, arXiv:1708.05628.
    """
    pred, target = same_shape(pred=pred, target=target)
    if pred.shape[-2:] != (3, 3):
        raise ValueError(f"expected `pred` of shape (*batch, 3, 3), got {pred.shape}")
    left = jnp.einsum("...ki,...kj->...ij", pred, target, precision="highest")
    skew = left - jnp.swapaxes(left, -1, -2)
    sine = safe_norm(jnp.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], axis=-1)) / 2
    cosine = (jnp.trace(left, axis1=-2, axis2=-1) - 1) / 2
    # Neither is 0 where the other is, for rotations; for anything else no angle is as good.
    some = (sine != 0) | (cosine != 0)
    return jnp.where(some, jnp.arctan2(sine, jnp.where(some, cosine, 1)), 0)


def quaternion(
    pred: Float[ArrayLike, "*batch 4"], target: Float[ArrayLike, "*batch 4"]
) -> Float[Array, "*batch"]:
    """Reward a quaternion for turning as another does, whose sign does not matter.

    Formula: `1 - cosine(pred, target)**2`, the square of the sine of half the angle between the
    rotations; neither need have unit length. 1 with gradient 0 for a zero.

    Args:
        pred: quaternion, in any order of its parts.
        target: quaternion, in the same order.

    Returns:
        One value for each pair.

    Raises:
        ValueError: for an axis that is not of four.

    Example:
        >>> quaternion([[2.0, 0.0, 0.0, 0.0]], [[-1.0, 0.0, 0.0, -1.0]])
        Array([0.5], dtype=float32)

    Reference: Huynh 2009, doi:10.1007/s10851-009-0161-2.
    """
    pred, target = same_shape(pred=pred, target=target)
    if pred.shape[-1:] != (4,):
        raise ValueError(f"expected `pred` of shape (*batch, 4), got {pred.shape}")
    u, v = normalize(pred), normalize(target)
    some = jnp.any(u != 0, axis=-1) & jnp.any(v != 0, axis=-1)
    # Of unit vectors, without what cancels.
    apart, together = (jnp.sum(jnp.square(z), axis=-1) for z in (u - v, u + v))
    return jnp.where(some, apart * together / 4, 1)


def add_pose(
    pred_rotation: Float[ArrayLike, "*batch 3 3"],
    pred_translation: Float[ArrayLike, "*batch 3"],
    rotation: Float[ArrayLike, "*batch 3 3"],
    translation: Float[ArrayLike, "*batch 3"],
    points: Float[ArrayLike, "*batch n 3"],
) -> Float[Array, "*batch"]:
    """Reward a pose that brings each point of a model to where it belongs (ADD).

    Formula: `mean(norm(pred_rotation @ p + pred_translation - rotation @ p - translation))` over
    the points `p`; gradient 0 at a point that is there.

    Args:
        pred_rotation: matrix.
        pred_translation: vector.
        rotation: the true one.
        translation: the true one.
        points: of the model.

    Returns:
        One distance for each pose, in the units of the points; 0 without points.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> add_pose(jnp.eye(3), [3.0, 4.0, 0.0], jnp.eye(3), [0.0, 0.0, 0.0], jnp.ones((2, 3)))
        Array(5., dtype=float32)

    Reference: Hinterstoisser et al. 2012, doi:10.1007/978-3-642-37331-2_42.
    """
    turned, moved, true_turned, true_moved, points = _poses(
        pred_rotation, pred_translation, rotation, translation, points
    )
    # Differences first: what is far away and right costs exactly 0.
    gaps = _rotated(turned - true_turned, points) + (moved - true_moved)[..., None, :]
    return jnp.sum(safe_norm(gaps), axis=-1) / max(points.shape[-2], 1)


def add_s_pose(
    pred_rotation: Float[ArrayLike, "*batch 3 3"],
    pred_translation: Float[ArrayLike, "*batch 3"],
    rotation: Float[ArrayLike, "*batch 3 3"],
    translation: Float[ArrayLike, "*batch 3"],
    points: Float[ArrayLike, "*batch n 3"],
) -> Float[Array, "*batch"]:
    """Reward a pose of a symmetric model that leaves some point wherever one belongs (ADD-S).

    Formula: the mean over the points `p` of the least
    `norm(pred_rotation @ q + pred_translation - rotation @ p - translation)` over the points `q`,
    through the first of several that tie; gradient 0 where it is 0.

    Args:
        pred_rotation: matrix.
        pred_translation: vector.
        rotation: the true one.
        translation: the true one.
        points: of the model; takes memory for all pairs.

    Returns:
        One distance for each pose, in the units of the points; 0 without points.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> half = jnp.diag(jnp.array([-1.0, -1.0, 1.0]))
        >>> ends = jnp.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
        >>> add_s_pose(half, [0.0, 0.0, 0.0], jnp.eye(3), [0.0, 0.0, 0.0], ends)
        Array(0., dtype=float32)

    Reference: Xiang et al. 2018, arXiv:1711.00199.
    """
    turned, moved, true_turned, true_moved, points = _poses(
        pred_rotation, pred_translation, rotation, translation, points
    )
    if points.shape[-2] == 0:
        return jnp.zeros(points.shape[:-2], points.dtype)
    pred = _rotated(turned, points) + moved[..., None, :]
    true = _rotated(true_turned, points) + true_moved[..., None, :]
    held = lax.stop_gradient(pred), lax.stop_gradient(true)
    squares = sum(
        jnp.square(held[1][..., :, None, axis] - held[0][..., None, :, axis]) for axis in range(3)
    )
    nearest = jnp.argmin(squares, axis=-1)
    found = jnp.take_along_axis(pred, nearest[..., None], axis=-2)
    return jnp.mean(safe_norm(found - true), axis=-1)


def procrustes(
    pred: Float[ArrayLike, "*batch n dim"], target: Float[ArrayLike, "*batch n dim"]
) -> Float[Array, "*batch"]:
    """Reward points for the shape of others, wherever they lie, however large, turned or mirrored.

    Formula: with `a` and `b` the points less their means, of unit norm each as matrices,
    `1 - nuclear(a.T @ b)**2`, where `nuclear` is the sum of the singular values: the sum of the
    squared distances after the best similarity. Directions that no point takes have no gradient.

    Args:
        pred: points in the order of the target's.
        target: points.

    Returns:
        One value for each set, from 0 to 1; 0 where all points of a set are one.

    Example:
        >>> procrustes([[0.0, 0.0], [2.0, 0.0]], [[1.0, 1.0], [1.0, 7.0]])
        Array(0., dtype=float32)

    Reference: Schönemann 1966, doi:10.1007/BF02289451; Gower 1975, doi:10.1007/BF02291478.
    """
    pred, target = sets(pred=pred, target=target)
    shape = (*pred.shape[:-2], pred.shape[-2] * pred.shape[-1])
    if 0 in pred.shape[-2:]:
        return jnp.sum(pred, axis=(-2, -1))
    a, b = (normalize(centered(x).reshape(shape)).reshape(x.shape) for x in (pred, target))
    some = jnp.any(a != 0, axis=(-2, -1)) & jnp.any(b != 0, axis=(-2, -1))
    return jnp.where(some, _disparity(a, b), 0)


def fape(
    pred_rotation: Float[ArrayLike, "*batch frames 3 3"],
    pred_translation: Float[ArrayLike, "*batch frames 3"],
    pred_points: Float[ArrayLike, "*batch points 3"],
    rotation: Float[ArrayLike, "*batch frames 3 3"],
    translation: Float[ArrayLike, "*batch frames 3"],
    points: Float[ArrayLike, "*batch points 3"],
    *,
    clamp: ArrayLike = 10.0,
    scale: ArrayLike = 10.0,
    eps: ArrayLike = 1e-4,
    frame_where: Bool[ArrayLike, "*batch frames"] | None = None,
    point_where: Bool[ArrayLike, "*batch points"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward atoms for lying right as seen from every residue: frame aligned point error (FAPE).

    Formula: with `x[i, j] = rotation[i].T @ (points[j] - translation[i])`, the same of the
    prediction, and `d = sqrt(sum((pred_x - x)**2) + eps)`, `mean(min(d, clamp)) / scale` over
    frames and points; gradient 0 from the clamp on. In a mirror it is not the same.

    Args:
        pred_rotation: of the frames.
        pred_translation: of the frames.
        pred_points: atoms.
        rotation: the true one.
        translation: the true one.
        points: the true ones.
        clamp: distance at which an error costs no more; infinite for none.
        scale: length that costs 1, in the units of the points.
        eps: below the root, in squared units.
        frame_where: frames that count.
        point_where: points that count.

    Returns:
        One value for each structure; 0 without frames or points.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> frames = jnp.eye(3)[None], jnp.zeros((1, 3))
        >>> fape(*frames, jnp.array([[3.0, 4.0, 0.0]]), *frames, jnp.zeros((1, 3)))
        Array(0.5, dtype=float32)

    Reference: Jumper et al. 2021, doi:10.1038/s41586-021-03819-2, supplement, algorithm 28.
    """
    given = promote(
        pred_rotation=pred_rotation,
        pred_translation=pred_translation,
        pred_points=pred_points,
        rotation=rotation,
        translation=translation,
        points=points,
    )
    turned, moved, atoms = given[:3]
    batch, frames, count = turned.shape[:-3], turned.shape[-3:-2], atoms.shape[-2:-1]
    of_frames, of_points = (*batch, *frames, 3), (*batch, *count, 3)
    _expect(given[0], "pred_rotation", (*of_frames, 3), len(turned.shape) >= 3)
    _expect(given[1], "pred_translation", of_frames)
    _expect(given[2], "pred_points", of_points)
    _expect(given[3], "rotation", (*of_frames, 3))
    _expect(given[4], "translation", of_frames)
    _expect(given[5], "points", of_points)
    of_frame = mask(frame_where, moved[..., 0], "frame_where")
    of_point = mask(point_where, atoms[..., 0], "point_where")
    turned, true_turned = (jnp.where(of_frame[..., None, None], x, 0) for x in (turned, given[3]))
    moved, true_moved = (jnp.where(of_frame[..., None], x, 0) for x in (moved, given[4]))
    atoms, true_atoms = (jnp.where(of_point[..., None], x, 0) for x in (atoms, given[5]))
    clamp, scale, eps = hyperparameters(of_rows(moved[..., 0]), clamp=clamp, scale=scale, eps=eps)
    there = of_frame[..., :, None] & of_point[..., None, :]
    seen = _seen(turned, moved, atoms) - _seen(true_turned, true_moved, true_atoms)
    # As the norm of a vector with one more entry, the squares cannot overflow.
    extra = jnp.broadcast_to(along(jnp.sqrt(eps), 3), (*seen.shape[:-1], 1))
    distance = safe_norm(jnp.concatenate([seen, extra], axis=-1))
    limit = along(clamp, 2)
    bounded = jnp.where(distance < limit, distance, limit)
    total = jnp.sum(jnp.where(there, bounded, 0), axis=(-2, -1))
    pairs = jnp.sum(there, axis=(-2, -1), dtype=total.dtype)
    return safe_divide(total, pairs) / scale


def _aligned_gap(a: Array, b: Array) -> Array:
    """Squared distances that are left between two shapes, turned on each other and scaled."""
    u, s, vt = jnp.linalg.svd(_crossed(b, a), full_matrices=False)
    size = jnp.sum(s, axis=-1)[..., None, None]
    turned = jnp.matmul(b, jnp.matmul(u, vt, precision="highest"), precision="highest")
    return jnp.sum(jnp.square(a - size * turned), axis=(-2, -1))


def _crossed(a: Array, b: Array) -> Array:
    return jnp.einsum("...ni,...nj->...ij", a, b, precision="highest")


# The difference from 1 loses the digits of what is left, but not its derivatives.
_disparity = differentiated_as(
    lambda a, b: 1 - jnp.square(nuclear_norm(_crossed(b, a))), _aligned_gap
)


def _rotated(matrix: Array, points: Array) -> Array:
    return jnp.einsum("...ij,...nj->...ni", matrix, points, precision="highest")


def _seen(rotation: Array, translation: Array, points: Array) -> Array:
    """Where points lie as seen from frames: `*batch frames points 3`."""
    away = points[..., None, :, :] - translation[..., :, None, :]
    return jnp.einsum("...fji,...fpj->...fpi", rotation, away, precision="highest")


def _poses(*given: ArrayLike) -> list[Array]:
    """Check two poses and the points of a model."""
    names = ("pred_rotation", "pred_translation", "rotation", "translation", "points")
    arrays = promote(**dict(zip(names, given, strict=True)))
    batch, points = arrays[0].shape[:-2], arrays[4]
    count = points.shape[-2:-1]
    shapes = (*batch, 3, 3), (*batch, 3), (*batch, 3, 3), (*batch, 3), (*batch, *count, 3)
    for array, name, shape in zip(arrays, names, shapes, strict=True):
        _expect(array, name, shape, name != "points" or points.ndim >= 2)
    return arrays


def _expect(array: Array, name: str, shape: tuple[int, ...], fits: bool = True) -> None:
    if array.shape != shape or not fits:
        raise ValueError(f"expected `{name}` of shape {shape}, got {array.shape}")
