"""Losses of distances between embeddings, of equal and of unequal labels."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    integer,
    items,
    kept,
    mean,
    real,
    squared_distance,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _triplets(
    fn: Callable[[Vector, Vector, Decimal], Decimal],
    embeddings: X,
    labels: X,
    margin: X,
    where: X | None,
) -> Array:
    """For each anchor, `fn(distances to positives, distances to negatives, margin)`.

    0 for an anchor without a positive or without a negative, and for one left out.
    """

    def value(i: int, z: list[Vector], y: list[int], keep: list[bool], margin: Decimal) -> Decimal:
        others = [j for j, k in enumerate(keep) if k and j != i]
        positives = [squared_distance(z[i], z[j]).sqrt() for j in others if y[j] == y[i]]
        negatives = [squared_distance(z[i], z[j]).sqrt() for j in others if y[j] != y[i]]
        return fn(positives, negatives, margin) if keep[i] and positives and negatives else ZERO

    z = real(embeddings)
    batch, count = z.shape[:-2], z.shape[-2]
    keep = kept(where, (*batch, count))
    return items(value, batch, count, z, integer(labels), keep, margin=margin)


def batch_hard_triplet(
    embeddings: X, labels: X, *, margin: X = 0.2, where: X | None = None
) -> Array:
    """Hermans 2017: max(0, margin + the farthest positive - the nearest negative)."""
    return _triplets(
        lambda positives, negatives, margin: max(ZERO, margin + max(positives) - min(negatives)),
        embeddings,
        labels,
        margin,
        where,
    )


def batch_all_triplet(
    embeddings: X, labels: X, *, margin: X = 0.2, where: X | None = None
) -> Array:
    """Hermans 2017: mean of max(0, margin + d(a, p) - d(a, n)) over all pairs of p and n."""
    return _triplets(
        lambda positives, negatives, margin: mean(
            [max(ZERO, margin + p - n) for p in positives for n in negatives]
        ),
        embeddings,
        labels,
        margin,
        where,
    )
