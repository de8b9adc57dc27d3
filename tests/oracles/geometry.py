"""Rotations, poses and shapes, one pair at a time."""

from decimal import Decimal
from math import atan2
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    dot,
    kept,
    mean,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]
Matrix = list[Vector]


def rotation_geodesic(pred: X, target: X) -> Array:
    """Huynh 2009, by the axis vector of R^T R' and its trace."""

    def value(r: Matrix, s: Matrix) -> float:
        left = [[dot(a, b) for b in zip(*s, strict=True)] for a in zip(*r, strict=True)]
        axis = [left[2][1] - left[1][2], left[0][2] - left[2][0], left[1][0] - left[0][1]]
        sine = dot(axis, axis).sqrt() / 2
        return atan2(float(sine), float((total(left[i][i] for i in range(3)) - 1) / 2))

    r, s = real(pred), real(target)
    return rows(value, r.shape[:-2], r, s)


def quaternion(pred: X, target: X) -> Array:
    """Huynh 2009: 1 - <q, q'>^2 of unit quaternions."""

    def value(q: Vector, r: Vector) -> Decimal:
        lengths = dot(q, q) * dot(r, r)
        return 1 - dot(q, r) ** 2 / lengths if lengths else ONE

    q, r = real(pred), real(target)
    return rows(value, q.shape[:-1], q, r)


def _placed(r: Matrix, t: Vector, points: Matrix) -> Matrix:
    return [[dot(row, p) + shift for row, shift in zip(r, t, strict=True)] for p in points]


def _over_poses(function: Any, *arrays: X) -> Array:
    given = [real(array) for array in arrays]
    return rows(function, given[0].shape[:-2], *given)


def add_pose(
    pred_rotation: X, pred_translation: X, rotation: X, translation: X, points: X
) -> Array:
    """Hinterstoisser 2012."""

    def value(r: Matrix, t: Vector, true_r: Matrix, true_t: Vector, points: Matrix) -> Decimal:
        ours, theirs = _placed(r, t, points), _placed(true_r, true_t, points)
        return mean([squared_distance(a, b).sqrt() for a, b in zip(ours, theirs, strict=True)])

    return _over_poses(value, pred_rotation, pred_translation, rotation, translation, points)


def add_s_pose(
    pred_rotation: X, pred_translation: X, rotation: X, translation: X, points: X
) -> Array:
    """Xiang 2018: the mean over the true points of the distance to the nearest of ours."""

    def value(r: Matrix, t: Vector, true_r: Matrix, true_t: Vector, points: Matrix) -> Decimal:
        ours, theirs = _placed(r, t, points), _placed(true_r, true_t, points)
        return mean([min(squared_distance(a, b) for a in ours).sqrt() for b in theirs])

    return _over_poses(value, pred_rotation, pred_translation, rotation, translation, points)


def procrustes(pred: X, target: X) -> Array:
    """Gower 1975: 1 less the square of the trace of the root of M^T M."""
    a, b = real(pred), real(target)
    result = np.zeros(a.shape[:-2])
    for index in np.ndindex(result.shape):
        shapes = []
        for z in (a[index], b[index]):
            moved = z - z.mean(axis=0) if z.size else z
            size = np.sqrt(np.sum(moved**2))
            shapes.append(moved / size if size > 1e-9 * (1 + np.abs(z).max(initial=0)) else None)
        if any(shape is None for shape in shapes):
            continue
        cross = shapes[0].T @ shapes[1]
        roots = np.linalg.svd(cross, compute_uv=False)
        result[index] = 1 - roots.sum() ** 2
    return result


def fape(
    pred_rotation: X,
    pred_translation: X,
    pred_points: X,
    rotation: X,
    translation: X,
    points: X,
    *,
    clamp: X = 10.0,
    scale: X = 10.0,
    eps: X = 1e-4,
    frame_where: Any = None,
    point_where: Any = None,
) -> Array:
    """Jumper 2021, algorithm 28."""

    def seen(r: Matrix, t: Vector, x: Vector) -> Vector:
        away = [a - b for a, b in zip(x, t, strict=True)]
        return [dot(column, away) for column in zip(*r, strict=True)]

    def value(
        r: Any, t: Any, x: Any, true_r: Any, true_t: Any, true_x: Any, f: Any, p: Any, **hyper: Any
    ) -> Decimal:
        errors = [
            (squared_distance(seen(r[i], t[i], x[j]), seen(true_r[i], true_t[i], true_x[j])))
            for i in range(len(r))
            for j in range(len(x))
            if f[i] and p[j]
        ]
        clamped = [min((e + hyper["eps"]).sqrt(), hyper["clamp"]) for e in errors]
        return mean(clamped) / hyper["scale"] if clamped else ZERO

    given = [
        real(z)
        for z in (pred_rotation, pred_translation, pred_points, rotation, translation, points)
    ]
    masks = kept(frame_where, given[1].shape[:-1]), kept(point_where, given[2].shape[:-1])
    batch = given[0].shape[:-3]
    return rows(value, batch, *given, *masks, clamp=clamp, scale=scale, eps=eps)
