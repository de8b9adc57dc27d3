"""Loops over labelled sets and over proxies, and trigonometry, for the oracles of embeddings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import mpmath
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    cosine,
    dot,
    integer,
    items,
    kept,
    log_sum_exp,
    real,
    rows,
    squared_distance,
)

X = npt.ArrayLike
Vector = list[Decimal]


@dataclass(frozen=True)
class Crowd:
    """A labelled set, of which some items take part.

    Attributes:
        z: vectors.
        y: labels.
        members: places of the items that take part.
    """

    z: list[Vector]
    y: list[int]
    members: list[int]

    def positives(self, i: int) -> list[int]:
        """Others of the label of an item."""
        return [j for j in self.members if j != i and self.y[j] == self.y[i]]

    def negatives(self, i: int) -> list[int]:
        """Items of another label."""
        return [j for j in self.members if self.y[j] != self.y[i]]

    def distance(self, i: int, j: int) -> Decimal:
        """Euclidean distance between two items."""
        return squared_distance(self.z[i], self.z[j]).sqrt()

    def score(self, i: int, j: int) -> Decimal:
        """Inner product of two items."""
        return dot(self.z[i], self.z[j])

    def cosine(self, i: int, j: int) -> Decimal:
        """Cosine between two items."""
        return cosine(self.z[i], self.z[j])


def anchors(
    fn: Callable[..., Decimal],
    embeddings: X,
    labels: X,
    where: X | None,
    *more: Array,
    **hyper: X,
) -> Array:
    """`fn(i, crowd, *more, **hyper)` for each item of each set; 0 for those left out."""

    def value(
        i: int, z: list[Vector], y: list[int], keep: list[bool], *rest: object, **chosen: Decimal
    ) -> Decimal:
        crowd = Crowd(z, y, [j for j, k in enumerate(keep) if k])
        return fn(i, crowd, *rest, **chosen) if keep[i] else ZERO

    z = real(embeddings)
    batch, count = z.shape[:-2], z.shape[-2]
    keep = kept(where, (*batch, count))
    return items(value, batch, count, z, integer(labels), keep, *more, **hyper)


def crowds(
    fn: Callable[..., Decimal], embeddings: X, labels: X, where: X | None, **hyper: X
) -> Array:
    """`fn(crowd, **hyper)` for each set."""

    def value(z: list[Vector], y: list[int], keep: list[bool], **chosen: Decimal) -> Decimal:
        return fn(Crowd(z, y, [j for j, k in enumerate(keep) if k]), **chosen)

    z = real(embeddings)
    keep = kept(where, z.shape[:-1])
    return rows(value, z.shape[:-2], z, integer(labels), keep, **hyper)


def of_scores(
    fn: Callable[..., list[Decimal]], embeddings: X, proxies: X, labels: X, **hyper: X
) -> Array:
    """Cross-entropy of the scores `fn(embedding, proxies, label, **hyper)`."""
    every = real(proxies)

    def value(z: Vector, y: int, **chosen: Decimal) -> Decimal:
        if not 0 <= y < len(every):
            return NAN
        scores = fn(z, [decimals(p) for p in every], y, **chosen)
        return log_sum_exp([s - scores[y] for s in scores])

    z = real(embeddings)
    return rows(value, z.shape[:-1], z, integer(labels), **hyper)


def decimals(values: Array) -> list:
    """Nested lists of decimals."""
    if values.ndim == 1:
        return [Decimal(float(a)) for a in values]
    return [decimals(row) for row in values]


def unit(vector: Sequence[Decimal]) -> Vector:
    """A vector brought to unit length; a zero vector stays zero."""
    size = dot(vector, vector).sqrt()
    return [a / size if size else ZERO for a in vector]


def balanced(q: list[Vector], iterations: int) -> list[Vector]:
    """Sinkhorn 1967: columns and rows brought to equal sums in turn."""
    for _ in range(iterations):
        sums = [sum(column) for column in zip(*q, strict=True)]
        q = [[a / b for a, b in zip(row, sums, strict=True)] for row in q]
        q = [[a / sum(row) for a in row] for row in q]
    return q


def logistic(x: Decimal) -> Decimal:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + (-x).exp())


def _exactly(function: Callable[..., mpmath.mpf], x: Decimal) -> Decimal:
    with mpmath.workdps(40):
        return Decimal(mpmath.nstr(function(mpmath.mpf(str(x))), 40))


def cos(x: Decimal) -> Decimal:
    """Cosine."""
    return _exactly(mpmath.cos, x)


def sin(x: Decimal) -> Decimal:
    """Sine."""
    return _exactly(mpmath.sin, x)


def tan(x: Decimal) -> Decimal:
    """Tangent."""
    return _exactly(mpmath.tan, x)


def arccos(x: Decimal) -> Decimal:
    """Angle of a cosine, which rounding may have carried beyond 1."""
    return _exactly(mpmath.acos, max(Decimal(-1), min(Decimal(1), x)))


PI = Decimal("3.141592653589793238462643383279502884197")
