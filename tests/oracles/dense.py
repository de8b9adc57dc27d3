"""Losses of regions and patches of views."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles import contrastive
from tests.oracles.groups import Vector
from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    dot,
    exact,
    integer,
    items,
    kept,
    log_sum_exp,
    mean,
    real,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike


def detcon(pred: X, own: X, other: X, labels: X, other_labels: X, *, temperature: X = 0.1) -> Array:
    """Hénaff 2021, with all positives in one denominator."""

    def value(
        i: int,
        z: list[Vector],
        own: list[Vector],
        other: list[Vector],
        y: list[int],
        names: list[int],
        temperature: Decimal,
    ) -> Decimal:
        across = [dot(z[i], b) / temperature for b in other]
        within = [dot(z[i], b) / temperature for b, k in zip(own, y, strict=True) if k != y[i]]
        log_z = log_sum_exp(across + within)
        lacks = [log_z - s for s, k in zip(across, names, strict=True) if k == y[i]]
        return mean(lacks) / y.count(y[i])

    z = real(pred)
    batch, count = z.shape[:-2], z.shape[-2]
    given = (z, real(own), real(other), integer(labels), integer(other_labels))
    return items(value, batch, count, *given, temperature=temperature)


def nearest_matches(x: X, y: X, x_keys: X, y_keys: X, *, matches: int = 20) -> tuple[Array, Array]:
    """Bardes 2022: each patch with its nearest, the nearest pairs first."""
    a, b, p, q = (real(z) for z in (x, y, x_keys, y_keys))
    count = min(matches, a.shape[-2]) if b.shape[-2] and b.shape[-1] else 0
    one, two = (np.empty((*a.shape[:-2], count, a.shape[-1])) for _ in range(2))
    for index in np.ndindex(a.shape[:-2]):
        keys = [exact(z[index].tolist()) for z in (p, q)]
        found = []
        for i, own in enumerate(keys[0]):
            apart = [squared_distance(own, other) for other in keys[1]]
            if apart:
                found.append((min(apart), i, apart.index(min(apart))))
        for place, (_, i, j) in enumerate(sorted(found)[:count]):
            one[(*index, place)], two[(*index, place)] = a[(*index, i)], b[(*index, j)]
    return one, two


def vicregl(x: X, y: X, x_places: X, y_places: X, *, matches: int = 20, **hyper: X) -> Array:
    """Bardes 2022: VICReg of each match over the images, by places and likeness.

    Each match is a batch of images, of which the mean is taken.
    """
    result = np.zeros(real(x).shape[:-3])
    for keys in ((x_places, y_places), (x, y)):
        one, two = (np.swapaxes(z, -2, -3) for z in nearest_matches(x, y, *keys, matches=matches))
        levels = {name: real(h)[..., None] for name, h in hyper.items()}
        values = contrastive.vicreg(one, two, **levels)
        result += values.sum(axis=-1) / max(values.shape[-1], 1)
    return result


def kernel_alignment(features: X, teacher_features: X, *, where: X | None = None) -> Array:
    """Kornblith 2019: one less CKA, of doubly centred linear kernels."""

    def kernel(points: list[Vector]) -> list[list[Decimal]]:
        k = [[dot(a, b) for b in points] for a in points]
        means = [mean(row) for row in k]
        whole = mean(means)
        return [
            [entry - means[i] - means[j] + whole for j, entry in enumerate(row)]
            for i, row in enumerate(k)
        ]

    def product(a: list[list[Decimal]], b: list[list[Decimal]]) -> Decimal:
        return total(dot(p, q) for p, q in zip(a, b, strict=True))

    def value(f: list[Vector], t: list[Vector], keep: list[bool]) -> Decimal:
        one, two = ([a for a, k in zip(z, keep, strict=True) if k] for z in (f, t))
        if len(one) < 2:
            return ZERO
        if any(all(a == z[0] for a in z) for z in (one, two)):
            return ONE
        k, m = kernel(one), kernel(two)
        return ONE - product(k, m) / (product(k, k) * product(m, m)).sqrt()

    f, t = real(features), real(teacher_features)
    return rows(value, f.shape[:-2], f, t, kept(where, f.shape[:-1]))
