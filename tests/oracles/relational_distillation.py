"""Relations within a set of a student's and a teacher's items, as their papers print it."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    ONE,
    ZERO,
    Array,
    cosine,
    dot,
    items,
    kept,
    mean,
    real,
    rows,
    squared_distance,
    total,
)
from tests.oracles.softened import softmax

X = npt.ArrayLike
Vector = list[Decimal]


def _huber(x: Decimal) -> Decimal:
    return x * x / 2 if abs(x) <= 1 else abs(x) - ONE / 2


def _distances(x: list[Vector], keep: list[bool]) -> dict[tuple[int, int], Decimal]:
    """Distances over their mean, of pairs that are kept; 0 where all are the same."""
    places = [i for i, flag in enumerate(keep) if flag]
    found = {(i, j): squared_distance(x[i], x[j]).sqrt() for i in places for j in places if i != j}
    scale = mean(list(found.values()))
    return {pair: d / scale if scale else ZERO for pair, d in found.items()}


def relational_distance(features: X, teacher_features: X, *, where: X | None = None) -> Array:
    """Park 2019, equations 5 to 7: Huber of distances over the mean of all."""
    f, t = real(features), real(teacher_features)

    def value(i: int, f: list[Vector], t: list[Vector], keep: list[bool]) -> Decimal:
        if not keep[i]:
            return ZERO
        one, two = _distances(f, keep), _distances(t, keep)
        return mean([_huber(one[pair] - two[pair]) for pair in one if pair[0] == i])

    return items(value, f.shape[:-2], f.shape[-2], f, t, kept(where, f.shape[:-1]))


def _from(x: Vector, y: Vector) -> Vector:
    return [a - b for a, b in zip(y, x, strict=True)]


def relational_angle(features: X, teacher_features: X, *, where: X | None = None) -> Array:
    """Park 2019, equations 8 and 9: Huber of the cosines of angles at each item."""
    f, t = real(features), real(teacher_features)

    def value(i: int, f: list[Vector], t: list[Vector], keep: list[bool]) -> Decimal:
        if not keep[i]:
            return ZERO
        others = [j for j in range(len(f)) if j != i and keep[j]]
        apart = [
            cosine(_from(f[i], f[j]), _from(f[i], f[k]))
            - cosine(_from(t[i], t[j]), _from(t[i], t[k]))
            for j in others
            for k in others
            if j != k
        ]
        return mean([_huber(a) for a in apart])

    return items(value, f.shape[:-2], f.shape[-2], f, t, kept(where, f.shape[:-1]))


def similarity_preserving(features: X, teacher_features: X, *, where: X | None = None) -> Array:
    """Tung 2019, equations 1 to 4: rows of F F^T of unit length, squared differences over n."""
    f, t = real(features), real(teacher_features)

    def row(i: int, x: list[Vector], places: list[int]) -> Vector:
        products = [dot(x[i], x[j]) for j in places]
        norm = dot(products, products).sqrt()
        return [a / norm if norm else ZERO for a in products]

    def value(i: int, f: list[Vector], t: list[Vector], keep: list[bool]) -> Decimal:
        places = [j for j, flag in enumerate(keep) if flag]
        if not keep[i]:
            return ZERO
        return squared_distance(row(i, f, places), row(i, t, places)) / len(places)

    return items(value, f.shape[:-2], f.shape[-2], f, t, kept(where, f.shape[:-1]))


def probabilistic_transfer(features: X, teacher_features: X, *, where: X | None = None) -> Array:
    """Passalis 2018, equations 2 to 5: KL of the conditionals of the kernel (cos + 1) / 2."""
    f, t = real(features), real(teacher_features)

    def value(i: int, f: list[Vector], t: list[Vector], keep: list[bool]) -> Decimal:
        others = [j for j in range(len(f)) if j != i and keep[j]]
        if not keep[i]:
            return ZERO
        q, p = ([(cosine(x[i], x[j]) + 1) / 2 for j in others] for x in (f, t))
        sum_q, sum_p = total(q), total(p)
        if not sum_q or not sum_p:
            return ZERO
        found = ZERO
        for a, b in zip(p, q, strict=True):
            if a:
                found += a / sum_p * ((a / sum_p) / (b / sum_q)).ln() if b else INFINITY
        return found

    return items(value, f.shape[:-2], f.shape[-2], f, t, kept(where, f.shape[:-1]))


def _columns(x: list[Vector]) -> list[Vector]:
    """Channels as maps of unit length; 0 of nothing."""
    found = []
    for c in range(len(x[0]) if x else 0):
        column = [row[c] for row in x]
        norm = dot(column, column).sqrt()
        found.append([a / norm if norm else ZERO for a in column])
    return found


def neuron_selectivity(features: X, teacher_features: X) -> Array:
    """Huang 2017, equations 4 and 8: MMD of channels under the kernel (x y)^2."""
    f, t = real(features), real(teacher_features)

    def value(f: list[Vector], t: list[Vector]) -> Decimal:
        one, two = _columns(f), _columns(t)

        def kernel(x: list[Vector], y: list[Vector]) -> Decimal:
            return mean([dot(a, b) * dot(a, b) for a in x for b in y])

        return kernel(one, one) + kernel(two, two) - 2 * kernel(one, two)

    return rows(value, f.shape[:-2], f, t)


def _pearson(x: Vector, y: Vector) -> Decimal:
    """Correlation; 0 with a constant."""
    a, b = ([v - mean(z) for v in z] for z in (x, y))
    size = (dot(a, a) * dot(b, b)).sqrt()
    return dot(a, b) / size if size else ZERO


def dist(
    logits: X, teacher_logits: X, *, beta: X = 1.0, gamma: X = 1.0, temperature: X = 1.0
) -> Array:
    """Huang 2022, equations 6 to 10: 1 - correlation within each item, and within each class."""
    z, t = real(logits), real(teacher_logits)

    def value(
        z: list[Vector], t: list[Vector], beta: Decimal, gamma: Decimal, temperature: Decimal
    ) -> Decimal:
        q, p = ([softmax(row, temperature) for row in x] for x in (z, t))
        within = mean([1 - _pearson(a, b) for a, b in zip(q, p, strict=True)])
        columns = zip(zip(*q, strict=True), zip(*p, strict=True), strict=True)
        between = mean([1 - _pearson(list(a), list(b)) for a, b in columns])
        return temperature * temperature * (beta * within + gamma * between)

    return rows(value, z.shape[:-2], z, t, beta=beta, gamma=gamma, temperature=temperature)
