"""Penalties on functions of decimals, whose slopes are central differences of 20 digits.

A critic takes one example, a list of decimals, and gives its score; a generator gives a list.
"""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.gan import moved_average as moved
from tests.oracles.loops import Array, dot, real as numbers, rows, squared_distance, total

X = npt.ArrayLike
Vector = list[Decimal]
Critic = Callable[[Vector], Decimal]
STEP = Decimal("1e-12")


def _slope(critic: Critic, x: Vector) -> Vector:
    def moved(place: int, step: Decimal) -> Vector:
        return [a + step * (i == place) for i, a in enumerate(x)]

    return [(critic(moved(i, STEP)) - critic(moved(i, -STEP))) / (2 * STEP) for i in range(len(x))]


def _size(critic: Critic, x: Vector) -> Decimal:
    slope = _slope(critic, x)
    return dot(slope, slope).sqrt()


def two_sided(critic: Critic, x: X, *, target: X = 1.0) -> Array:
    """Gulrajani 2017: (|grad D| - 1)^2."""
    points = numbers(x)
    return rows(
        lambda x, target: (_size(critic, x) - target) ** 2,
        points.shape[:1],
        points,
        target=target,
    )


def one_sided(critic: Critic, x: X, *, bound: X = 1.0) -> Array:
    """Petzka 2018: max(0, |grad f| - 1)^2."""
    points = numbers(x)
    return rows(
        lambda x, bound: max(Decimal(0), _size(critic, x) - bound) ** 2,
        points.shape[:1],
        points,
        bound=bound,
    )


def zero_centered(critic: Critic, x: X) -> Array:
    """Mescheder 2018: |grad D|^2 / 2."""
    points = numbers(x)
    return rows(lambda x: _size(critic, x) ** 2 / 2, points.shape[:1], points)


def between(real: X, fake: X, share: X) -> Array:
    """Gulrajani 2017: eps x + (1 - eps) G(z), a share for each pair."""
    one, other, eps = numbers(real), numbers(fake), numbers(share)
    return np.stack([e * a + (1 - e) * b for a, b, e in zip(one, other, eps, strict=True)])


def around(x: X, noise: X, *, scale: X = 0.5) -> Array:
    """Kodali 2017: x + delta, with noise of a scale relative to the data's."""
    points = numbers(x)
    mean = sum(points.ravel()) / points.size
    spread = (sum((points.ravel() - mean) ** 2) / points.size) ** 0.5
    return points + numbers(scale) * spread * numbers(noise)


def consistency(critic: Callable[[Vector], Vector], x: X, augmented: X) -> Array:
    """Zhang 2020: |D(x) - D(T(x))|^2."""
    points = numbers(x)
    return rows(
        lambda x, moved: squared_distance(critic(x), critic(moved)),
        points.shape[:1],
        points,
        numbers(augmented),
    )


def path_length(
    generator: Callable[[Vector], Vector],
    latents: X,
    directions: X,
    average: X,
    *,
    momentum: X = 0.99,
) -> tuple[Array, Array]:
    """Karras 2020: (|J^T y| - a)^2 with a moving average a."""
    points, ways = numbers(latents), numbers(directions)

    def length(w: Vector, y: Vector) -> Decimal:
        return _size(lambda w: total(a * b for a, b in zip(generator(w), y, strict=True)), w)

    lengths = rows(length, points.shape[:1], points, ways)
    new = moved(average, lengths, momentum=momentum)
    return (lengths - new) ** 2, new
