"""Losses of triplets: an anchor, an item of its label and one of another."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.groups import Crowd, Vector, anchors, unit
from tests.oracles.loops import (
    ZERO,
    Array,
    exact,
    integer,
    kept,
    mean,
    real,
    rows,
    softplus,
    squared_distance,
)

X = npt.ArrayLike
Distance = Callable[[Array, Array], npt.ArrayLike]


def _lead(
    fn: Callable[[Decimal], Decimal],
    anchor: X,
    positive: X,
    negative: X,
    margin: X,
    distance: Distance | None,
    swap: bool,
) -> Array:
    def apart(x: Vector, y: Vector) -> Decimal:
        if distance is None:
            return squared_distance(x, y).sqrt()
        return Decimal(float(distance(real(x), real(y))))

    def value(a: Vector, p: Vector, n: Vector, margin: Decimal) -> Decimal:
        away = min(apart(a, n), apart(p, n)) if swap else apart(a, n)
        return fn(margin + apart(a, p) - away)

    a, p, n = real(anchor), real(positive), real(negative)
    return rows(value, a.shape[:-1], a, p, n, margin=margin)


def triplet_margin(
    anchor: X,
    positive: X,
    negative: X,
    *,
    margin: X = 1.0,
    distance: Distance | None = None,
    swap: bool = False,
) -> Array:
    """Weinberger 2009: max(0, margin + d(a, p) - d(a, n)); swap: the nearer of d(a, n), d(p, n)."""
    return _lead(lambda x: max(ZERO, x), anchor, positive, negative, margin, distance, swap)


def soft_margin_triplet(
    anchor: X,
    positive: X,
    negative: X,
    *,
    margin: X = 0.0,
    distance: Distance | None = None,
    swap: bool = False,
) -> Array:
    """Hermans 2017: log(1 + exp(margin + d(a, p) - d(a, n)))."""
    return _lead(softplus, anchor, positive, negative, margin, distance, swap)


def _triplets(
    fn: Callable[..., Decimal], embeddings: X, labels: X, where: X | None, **hyper: X
) -> Array:
    """For each anchor, `fn(distances to positives, distances to negatives)`.

    0 for an anchor without a positive or without a negative, and for one left out.
    """

    def value(i: int, crowd: Crowd, **chosen: Decimal) -> Decimal:
        positives = [crowd.distance(i, j) for j in crowd.positives(i)]
        negatives = [crowd.distance(i, j) for j in crowd.negatives(i)]
        return fn(positives, negatives, **chosen) if positives and negatives else ZERO

    return anchors(value, embeddings, labels, where, **hyper)


def batch_hard_triplet(
    embeddings: X, labels: X, *, margin: X = 0.2, where: X | None = None
) -> Array:
    """Hermans 2017: max(0, margin + the farthest positive - the nearest negative)."""
    return _triplets(
        lambda positives, negatives, margin: max(ZERO, margin + max(positives) - min(negatives)),
        embeddings,
        labels,
        where,
        margin=margin,
    )


def batch_hard_soft_triplet(embeddings: X, labels: X, *, where: X | None = None) -> Array:
    """Hermans 2017: log(1 + exp(the farthest positive - the nearest negative))."""
    return _triplets(
        lambda positives, negatives: softplus(max(positives) - min(negatives)),
        embeddings,
        labels,
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
        where,
        margin=margin,
    )


def semihard_triplet(embeddings: X, labels: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Schroff 2015: of each positive, against the nearest negative beyond it, or the farthest."""

    def value(positives: list[Decimal], negatives: list[Decimal], margin: Decimal) -> Decimal:
        against = [min((n for n in negatives if n > p), default=max(negatives)) for p in positives]
        return mean([max(ZERO, margin + p - n) for p, n in zip(positives, against, strict=True)])

    return _triplets(value, embeddings, labels, where, margin=margin)


LOW, HIGH = Decimal(-2), Decimal(2)
SLACK = Decimal("1e-20")


def _lead_on_sphere(a: Vector, p: Vector, n: Vector) -> Decimal:
    a, p, n = unit(a), unit(p), unit(n)
    return squared_distance(a, p).sqrt() - squared_distance(a, n).sqrt()


def dynamic_soft_margin(anchor: X, positive: X, negative: X, frequencies: X) -> Array:
    """Zhang 2019: the difference of the distances, by its place among all."""
    counts = exact(real(frequencies).tolist())
    step = (HIGH - LOW) / (len(counts) - 1)

    def value(a: Vector, p: Vector, n: Vector) -> Decimal:
        lead = _lead_on_sphere(a, p, n)
        below = [c for k, c in enumerate(counts) if LOW + k * step <= lead + SLACK]
        return sum(below, ZERO) / (sum(counts) or 1) * lead

    a, p, n = real(anchor), real(positive), real(negative)
    return rows(value, a.shape[:-1], a, p, n)


def moved_frequencies(
    frequencies: X, anchor: X, positive: X, negative: X, *, momentum: X = 0.99
) -> Array:
    """Zhang 2019: a moving average of histograms, with linear shares."""
    old = real(frequencies)
    a, p, n = real(anchor), real(positive), real(negative)
    points, step = np.linspace(-2, 2, len(old)), 4 / (len(old) - 1)
    leads = rows(_lead_on_sphere, a.shape[:-1], a, p, n).ravel()
    batch = sum(np.maximum(0, 1 - abs(lead - points) / step) for lead in leads) / len(leads)
    if not old.sum():
        return batch
    return real(momentum) * old / old.sum() + (1 - real(momentum)) * batch


def triplet_mask(
    distances: X, labels: X, *, kind: str = "all", margin: X = 0.2, where: X | None = None
) -> Array:
    """1 for a triplet of the kind: by how the negative lies to the positive and the margin."""
    apart, names = real(distances), integer(labels)
    keep = kept(where, names.shape)
    count = names.shape[-1]
    found = np.zeros((*names.shape, count, count))
    for *batch, a, p, n in np.ndindex(found.shape):
        row, y, k = apart[(*batch, a)], names[tuple(batch)], keep[tuple(batch)]
        lead = exact(row[n].item()) - exact(row[p].item())
        kinds = {"hard": lead <= 0, "easy": lead > Decimal(float(margin))}
        kinds["semihard"] = not any(kinds.values())
        is_triplet = a != p and y[a] == y[p] and y[a] != y[n] and k[a] and k[p] and k[n]
        found[(*batch, a, p, n)] = is_triplet and kinds.get(kind, True)
    return found
