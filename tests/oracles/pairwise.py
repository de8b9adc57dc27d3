"""Losses of pairs of vectors that match or do not."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import Crowd, Vector, anchors, crowds
from tests.oracles.loops import ZERO, Array, mean, power, real, rows, squared_distance

X = npt.ArrayLike


def contrastive(x: X, y: X, target: X, *, margin: X = 1.0) -> Array:
    """Hadsell 2006: d² for a pair that matches, max(0, margin - d)² for one that does not."""

    def value(x: Vector, y: Vector, target: Decimal, margin: Decimal) -> Decimal:
        squared = squared_distance(x, y)
        return squared if target > 0 else max(ZERO, margin - squared.sqrt()) ** 2

    a, b, t = real(x), real(y), real(target)
    return rows(value, t.shape, a, b, t, margin=margin)


def batch_contrastive(
    embeddings: X,
    labels: X,
    *,
    margin: X = 1.0,
    positive_margin: X = 0.0,
    power: X = 2.0,
    where: X | None = None,
) -> Array:
    """Means of max(0, d - positive_margin)^power and of max(0, margin - d)^power."""
    raised = _power

    def value(
        i: int, crowd: Crowd, margin: Decimal, positive_margin: Decimal, power: Decimal
    ) -> Decimal:
        far = [max(ZERO, crowd.distance(i, j) - positive_margin) for j in crowd.positives(i)]
        near = [max(ZERO, margin - crowd.distance(i, j)) for j in crowd.negatives(i)]
        return mean([raised(a, power) for a in far]) + mean([raised(a, power) for a in near])

    return anchors(
        value,
        embeddings,
        labels,
        where,
        margin=margin,
        positive_margin=positive_margin,
        power=power,
    )


_power = power


def margin(
    embeddings: X, labels: X, *, beta: X = 1.2, margin: X = 0.2, where: X | None = None
) -> Array:
    """Wu 2017: max(0, margin + d - beta) of positives, max(0, margin + beta - d) of negatives."""

    def value(i: int, crowd: Crowd, beta: Decimal, margin: Decimal) -> Decimal:
        far = [max(ZERO, margin + crowd.distance(i, j) - beta) for j in crowd.positives(i)]
        near = [max(ZERO, margin + beta - crowd.distance(i, j)) for j in crowd.negatives(i)]
        return mean(far) + mean(near)

    return anchors(value, embeddings, labels, where, beta=beta, margin=margin)


def signal_to_noise(
    embeddings: X,
    labels: X,
    *,
    margin: X = 1.0,
    positive_margin: X = 0.0,
    where: X | None = None,
) -> Array:
    """Yuan 2019: the hinges of var(x_j - x_i) / var(x_i), the variance over the features."""

    def variance(vector: Vector) -> Decimal:
        center = mean(vector)
        # exactly 0 if constant, as the mean of equal decimals need not be
        same = min(vector, default=ZERO) == max(vector, default=ZERO)
        return ZERO if same else mean([(a - center) ** 2 for a in vector])

    def value(i: int, crowd: Crowd, margin: Decimal, positive_margin: Decimal) -> Decimal:
        signal = variance(crowd.z[i])
        if not signal:
            return ZERO

        def ratio(j: int) -> Decimal:
            return variance([a - b for a, b in zip(crowd.z[j], crowd.z[i], strict=True)]) / signal

        far = [max(ZERO, ratio(j) - positive_margin) for j in crowd.positives(i)]
        near = [max(ZERO, margin - ratio(j)) for j in crowd.negatives(i)]
        return mean(far) + mean(near)

    return anchors(value, embeddings, labels, where, margin=margin, positive_margin=positive_margin)


def _pairs(crowd: Crowd, same: bool) -> list[Decimal]:
    """Cosines of all ordered pairs of one label, or of two."""
    return [
        crowd.cosine(i, j)
        for i in crowd.members
        for j in crowd.members
        if i != j and (crowd.y[i] == crowd.y[j]) == same
    ]


def intra_pair_variance(
    embeddings: X,
    labels: X,
    *,
    positive_eps: X = 0.01,
    negative_eps: X = 0.01,
    where: X | None = None,
) -> Array:
    """Yu 2019: squared hinges at the mean cosine of all pairs of a kind."""

    def value(i: int, crowd: Crowd, positive_eps: Decimal, negative_eps: Decimal) -> Decimal:
        low = (1 - positive_eps) * mean(_pairs(crowd, same=True))
        high = (1 + negative_eps) * mean(_pairs(crowd, same=False))
        below = [max(ZERO, low - crowd.cosine(i, j)) ** 2 for j in crowd.positives(i)]
        above = [max(ZERO, crowd.cosine(i, j) - high) ** 2 for j in crowd.negatives(i)]
        return mean(below) + mean(above)

    hyper = {"positive_eps": positive_eps, "negative_eps": negative_eps}
    return anchors(value, embeddings, labels, where, **hyper)


def threshold_consistent_margin(
    embeddings: X,
    labels: X,
    *,
    positive_margin: X = 0.9,
    negative_margin: X = 0.5,
    positive_weight: X = 1.0,
    negative_weight: X = 1.0,
    where: X | None = None,
) -> Array:
    """Zhang 2024: means over the pairs on the wrong side of a cosine."""

    def value(
        crowd: Crowd,
        positive_margin: Decimal,
        negative_margin: Decimal,
        positive_weight: Decimal,
        negative_weight: Decimal,
    ) -> Decimal:
        low = [positive_margin - c for c in _pairs(crowd, same=True) if c <= positive_margin]
        high = [c - negative_margin for c in _pairs(crowd, same=False) if c >= negative_margin]
        return positive_weight * mean(low) + negative_weight * mean(high)

    return crowds(
        value,
        embeddings,
        labels,
        where,
        positive_margin=positive_margin,
        negative_margin=negative_margin,
        positive_weight=positive_weight,
        negative_weight=negative_weight,
    )
