"""Rotated boxes as normal distributions, by matrices as the papers write them."""

from collections.abc import Callable
from math import cos, exp, log, sin, sqrt
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike
Scale = Literal["log", "root"]


def _each(value: Callable[..., float], pred: X, target: X, *hyper: X) -> Array:
    """A value for each pair of boxes: centre, sizes, angle of both, and hyperparameters."""
    p, t = real(pred), real(target)
    found = np.zeros(p.shape[:-1])
    spread = [np.broadcast_to(real(h), found.shape) for h in hyper]
    for place in np.ndindex(found.shape):
        boxes = [(box[:2], np.maximum(box[2:4], 0), box[4]) for box in (p[place], t[place])]
        found[place] = value(*boxes, *(float(h[place]) for h in spread))
    return found


def _covariance(box: tuple[Any, Any, Any], share: float, least: float = 0.0) -> Array:
    _, sizes, angle = box
    turn = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    return turn @ np.diag((sizes**2 + least**2) * share) @ turn.T


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T


def _loss(distance: float, tau: float, scale: Scale) -> float:
    return 1 - 1 / (tau + (log(1 + distance) if scale == "log" else sqrt(max(distance, 0.0))))


def gaussian_wasserstein(pred: X, target: X, *, tau: X, scale: Scale = "log") -> Array:
    """1 - 1 / (τ + log(1 + W²))."""

    def value(p: Any, t: Any, tau: float) -> float:
        a, b = _covariance(p, 1 / 4), _covariance(t, 1 / 4)
        shape = np.trace(a + b - 2 * _root(_root(a) @ b @ _root(a)))
        return _loss(float(np.sum((p[0] - t[0]) ** 2) + shape), tau, scale)

    return _each(value, pred, target, tau)


def gaussian_kl(pred: X, target: X, *, tau: X, eps: X, scale: Scale = "log") -> Array:
    """1 - 1 / (τ + log(1 + KL(p, t)))."""

    def value(p: Any, t: Any, tau: float, eps: float) -> float:
        a, b = _covariance(p, 1 / 4, eps), _covariance(t, 1 / 4, eps)
        inverse, way = np.linalg.inv(b), p[0] - t[0]
        logs = np.linalg.slogdet(b)[1] - np.linalg.slogdet(a)[1]
        return _loss(float(way @ inverse @ way + np.trace(inverse @ a) + logs) / 2 - 1, tau, scale)

    return _each(value, pred, target, tau, eps)


def kalman_iou(pred: X, target: X) -> Array:
    """1 - 3 V / (V_p + V_t - V), V of Σ_p (Σ_p + Σ_t)⁻¹ Σ_t."""

    def value(p: Any, t: Any) -> float:
        areas = np.prod(p[1]), np.prod(t[1])
        if not min(areas) > 0:
            return 1.0
        a, b = _covariance(p, 1 / 4), _covariance(t, 1 / 4)
        shared = 4 * sqrt(np.linalg.det(a) / np.linalg.det(a + b) * np.linalg.det(b))
        return float(1 - 3 * shared / (sum(areas) - shared))

    return _each(value, pred, target)


def probabilistic_iou(pred: X, target: X, *, eps: X) -> Array:
    """√(1 - e^{-B}), B the Bhattacharyya distance."""

    def value(p: Any, t: Any, eps: float) -> float:
        a, b = _covariance(p, 1 / 12, eps), _covariance(t, 1 / 12, eps)
        way, both = p[0] - t[0], (a + b) / 2
        logs = [np.linalg.slogdet(matrix)[1] for matrix in (both, a, b)]
        far = way @ np.linalg.inv(both) @ way / 8 + (logs[0] - (logs[1] + logs[2]) / 2) / 2
        return sqrt(max(1 - exp(-far), 0.0))

    return _each(value, pred, target, eps)
