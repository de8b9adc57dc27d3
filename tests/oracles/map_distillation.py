"""Maps of a student and its teacher, as their papers print it, one example at a time."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, mean, power, real, rows, total
from tests.oracles.softened import kl, softmax

X = npt.ArrayLike
Vector = list[Decimal]
Image = list[list[Vector]]


def _map(image: list[list[Vector]], exponent: Decimal) -> Vector:
    """Attention of the pixels, of unit length; 0 of nothing."""
    sizes = [mean([power(abs(a), exponent) for a in pixel]) for line in image for pixel in line]
    norm = total(a * a for a in sizes).sqrt()
    return [a / norm if norm else ZERO for a in sizes]


def attention_transfer(features: X, teacher_features: X, *, power: X = 2.0) -> Array:
    """Zagoruyko 2017, equation 2: the squared distance of the normalised maps."""
    f, t = real(features), real(teacher_features)

    def value(f: list[list[Vector]], t: list[list[Vector]], power: Decimal) -> Decimal:
        pairs = zip(_map(f, power), _map(t, power), strict=True)
        return total((a - b) * (a - b) for a, b in pairs)

    return rows(value, f.shape[:-3], f, t, power=power)


def channel_wise(features: X, teacher_features: X, *, temperature: X = 4.0) -> Array:
    """Shu 2021, equation 5: T^2 / C times the sum over channels of KL over the pixels."""
    f, t = real(features), real(teacher_features)
    channels = f.shape[-1]

    def value(f: list[list[Vector]], t: list[list[Vector]], temperature: Decimal) -> Decimal:
        parts = []
        for c in range(channels):
            q, p = (softmax([px[c] for line in x for px in line], temperature) for x in (f, t))
            parts.append(kl(p, q))
        return temperature * temperature * mean(parts)

    return rows(value, f.shape[:-3], f, t, temperature=temperature)


def _pooled(image: Image, count: int) -> Image:
    """Adaptive means: regions from the floor of their first end to the ceiling of their last."""

    def ends(size: int) -> list[range]:
        return [range(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]

    height, width, channels = len(image), len(image[0]), len(image[0][0])
    return [
        [[mean([image[y][x][c] for y in ys for x in xs]) for c in range(channels)] for xs in wide]
        for wide in [ends(width)]
        for ys in ends(height)
    ]


def _entries(image: Image) -> Vector:
    return list(chain.from_iterable(chain.from_iterable(image)))


def hierarchical_context(
    features: X, teacher_features: X, *, decay: X = 0.5, levels: Sequence[int] = (4, 2, 1)
) -> Array:
    """Chen 2021, section 3.4: mean squares of the maps and of their pyramid, weighed by level."""
    f, t = real(features), real(teacher_features)

    def value(f: Image, t: Image, decay: Decimal) -> Decimal:
        if not _entries(f):
            return ZERO
        found, weights, weight = [], [], ONE
        for level in (0, *(n for n in levels if n < len(f))):
            one, two = (_entries(_pooled(x, level) if level else x) for x in (f, t))
            found.append(weight * mean([(a - b) * (a - b) for a, b in zip(one, two, strict=True)]))
            weights.append(weight)
            weight *= decay
        return total(found) / total(weights)

    return rows(value, f.shape[:-3], f, t, decay=decay)


def masked_generative(features: X, teacher_features: X) -> Array:
    """Yang 2022, equation 4: the sum of squares over channels, rows and columns."""
    f, t = real(features), real(teacher_features)

    def value(f: Image, t: Image) -> Decimal:
        pairs = zip(_entries(f), _entries(t), strict=True)
        return total((a - b) * (a - b) for a, b in pairs)

    return rows(value, f.shape[:-3], f, t)


def hidden_pixels(features: X, drawn: X, *, share: X = 0.5) -> Array:
    """Yang 2022, equation 3: 0 where a uniform number of the pixel is below the share."""
    found, numbers = real(features).copy(), real(drawn)
    spread = np.broadcast_to(real(share), found.shape[:-3])
    for index in np.ndindex(numbers.shape):
        if numbers[index] < spread[index[:-2]]:
            found[index] = 0
    return found
