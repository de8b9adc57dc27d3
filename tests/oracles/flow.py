"""Velocities from noise to data, one line at a time."""

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise, real as numbers, rows, squared_distance

X = npt.ArrayLike
Vector = list[Decimal]
Model = Callable[..., Any]


def flow_matching(pred: X, noise: X, data: X, *, sigma_min: X = 0.0) -> Array:
    """Lipman 2023: |v - (x1 - (1 - sigma_min) x0)|^2."""

    def value(v: Decimal, x0: Decimal, x1: Decimal, least: Decimal) -> Decimal:
        return (v - (x1 - (1 - least) * x0)) ** 2

    return elementwise(value, pred, noise, data, least=sigma_min)


def interpolated(noise: X, data: X, t: X, *, sigma_min: X = 0.0) -> Array:
    """Lipman 2023: (1 - (1 - sigma_min) t) x0 + t x1."""
    lines = zip(numbers(noise), numbers(data), numbers(t), strict=True)
    return np.stack([(1 - (1 - numbers(sigma_min)) * t) * a + t * b for a, b, t in lines])


def paired(noise: X, data: X) -> Array:
    """Of all ways to pair them, the one with the least sum of squared distances."""
    starts, ends = numbers(noise), numbers(data)

    def cost(chosen: tuple[int, ...]) -> float:
        return sum(np.sum((starts[i] - ends[j]) ** 2) for i, j in enumerate(chosen))

    ways = itertools.permutations(range(len(ends)), len(starts))
    return numbers(min(ways, key=cost))


def transported(model: Model, noise: X, *, steps: int = 32) -> Array:
    """The midpoint method from 0 to 1."""
    x = numbers(noise)
    for step in range(steps):
        half = x + model(x, np.full(len(x), step / steps)) / (2 * steps)
        x = x + model(half, np.full(len(x), (step + 0.5) / steps)) / steps
    return x


def mean_flow(model: Model, noise: X, data: X, begin: X, end: X, *, held: Any = None) -> Array:
    """Geng 2025 with time reversed: u = v + (s - t) d/dt u, differences for the derivative.

    `held` is a model in place of this one in the target.
    """
    start, stop, t, s = (numbers(array) for array in (noise, data, begin, end))
    teacher = held or model
    axes = (slice(None), *(None,) * (start.ndim - 1))

    def point(t: Array) -> Array:
        return start + t[axes] * (stop - start)

    step = 1e-5
    ahead, behind = (teacher(point(u), u, s) for u in (t + step, t - step))
    target = stop - start + (s - t)[axes] * (ahead - behind) / (2 * step)
    return (model(point(t), t, s) - target) ** 2


def consistency(pred: X, target: X, *, delta: X = 0.03) -> Array:
    """Song 2024: sqrt(|x - y|^2 + c^2) - c."""

    def value(x: Vector, y: Vector, delta: Decimal) -> Decimal:
        return (squared_distance(x, y) + delta**2).sqrt() - delta

    given = numbers(pred)
    return rows(value, given.shape[:-1], given, numbers(target), delta=delta)


def consistency_training(
    model: Model, data: X, noise: X, low: X, high: X, *, delta: X = 0.03
) -> Array:
    """Song 2023: lambda d(f(x + t' z, t'), f(x + t z, t)) with lambda = 1 / (t' - t)."""
    x, z, near, far = (numbers(array) for array in (data, noise, low, high))
    axes = (slice(None), *(None,) * (x.ndim - 1))
    one, other = (model(x + t[axes] * z, t).reshape(len(x), -1) for t in (far, near))
    gap = far - near
    distance = consistency(one, other, delta=delta)
    return np.where(gap == 0, 0, distance / np.where(gap == 0, 1, gap))
