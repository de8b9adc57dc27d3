"""Losses of pairs of vectors that match or do not."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import Crowd, Vector, anchors
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
