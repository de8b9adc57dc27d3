"""Losses of the ranks that a search would give."""

from collections.abc import Sequence
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import Crowd, anchors, crowds, logistic, unit
from tests.oracles.loops import ONE, ZERO, Array, mean, power, squared_distance, total

X = npt.ArrayLike


def smooth_ap(embeddings: X, labels: X, *, temperature: X = 0.01, where: X | None = None) -> Array:
    """Brown 2020, equation 5: 1 - the mean of rank among the positives / rank among all."""

    def value(i: int, crowd: Crowd, temperature: Decimal) -> Decimal:
        def rank(k: int, among: list[int]) -> Decimal:
            leads = (crowd.score(i, j) - crowd.score(i, k) for j in among if j != k)
            return 1 + total(logistic(lead / temperature) for lead in leads)

        positives = crowd.positives(i)
        every = positives + crowd.negatives(i)
        return mean([1 - rank(p, positives) / rank(p, every) for p in positives])

    return anchors(value, embeddings, labels, where, temperature=temperature)


def pnp(
    embeddings: X,
    labels: X,
    *,
    kind: str = "Dq",
    temperature: X = 0.01,
    alpha: X = 4.0,
    beta: X = 2.0,
    where: X | None = None,
) -> Array:
    """Li 2021: a function of the number of negatives before each positive."""

    def value(i: int, crowd: Crowd, temperature: Decimal, alpha: Decimal, beta: Decimal) -> Decimal:
        def cost(p: int) -> Decimal:
            leads = (crowd.score(i, n) - crowd.score(i, p) for n in crowd.negatives(i))
            r = total(logistic(lead / temperature) for lead in leads)
            if kind == "O":
                return r
            if kind == "Iu":
                return (1 + r) * (1 + r).ln()
            if kind == "Ib":
                return (beta * r - (1 + beta * r).ln()) / beta**2
            if kind == "Ds":
                return (1 + r).ln()
            return 1 - 1 / power(1 + r, alpha)

        return mean([cost(p) for p in crowd.positives(i)])

    return anchors(
        value, embeddings, labels, where, temperature=temperature, alpha=alpha, beta=beta
    )


def _histogram(values: Sequence[Decimal], low: int, high: int, bins: int) -> list[Decimal]:
    """Counts at even points, to the two nearest of which each value goes in parts."""
    step = Decimal(high - low) / bins
    points = [low + step * k for k in range(bins + 1)]
    return [total(max(ZERO, 1 - abs(v - point) / step) for v in values) for point in points]


def _cumulated(values: Sequence[Decimal]) -> list[Decimal]:
    return [total(values[: k + 1]) for k in range(len(values))]


def fast_ap(embeddings: X, labels: X, *, bins: int = 10, where: X | None = None) -> Array:
    """Cakir 2019: 1 - Σ h⁺ H⁺ / H / N⁺ of soft histograms of squared distances."""

    def value(i: int, crowd: Crowd) -> Decimal:
        z = [unit(vector) for vector in crowd.z]
        positives, negatives = (
            _histogram([squared_distance(z[i], z[j]) for j in among], 0, 4, bins)
            for among in (crowd.positives(i), crowd.negatives(i))
        )
        count = len(crowd.positives(i))
        if not count:
            return ZERO
        found, others = _cumulated(positives), _cumulated(negatives)
        precise = total(
            h * a / (a + b) for h, a, b in zip(positives, found, others, strict=True) if a + b
        )
        return ONE - precise / count

    return anchors(value, embeddings, labels, where)


def histogram(embeddings: X, labels: X, *, bins: int = 100, where: X | None = None) -> Array:
    """Ustinova 2016: Σ_r h⁻_r Σ_{q ≤ r} h⁺_q."""

    def value(crowd: Crowd) -> Decimal:
        pairs = [(i, j) for i in crowd.members for j in crowd.members if i < j]
        same = [crowd.cosine(i, j) for i, j in pairs if crowd.y[i] == crowd.y[j]]
        apart = [crowd.cosine(i, j) for i, j in pairs if crowd.y[i] != crowd.y[j]]
        if not same or not apart:
            return ZERO
        same_h, apart_h = (_histogram(values, -1, 1, bins) for values in (same, apart))
        below = _cumulated(same_h)
        found = total(g * h for g, h in zip(apart_h, below, strict=True))
        return found / len(same) / len(apart)

    return crowds(value, embeddings, labels, where)


def ranked_list(
    embeddings: X,
    labels: X,
    *,
    alpha: X = 1.2,
    margin: X = 0.4,
    negative_temperature: X = 10.0,
    positive_temperature: X = 0.0,
    balance: X = 0.5,
    where: X | None = None,
) -> Array:
    """Wang 2019, equations 5 to 9, with the weights divided by their sum."""

    def value(
        i: int,
        crowd: Crowd,
        alpha: Decimal,
        margin: Decimal,
        negative_temperature: Decimal,
        positive_temperature: Decimal,
        balance: Decimal,
    ) -> Decimal:
        def weighed(lacks: list[Decimal], temperature: Decimal) -> Decimal:
            some = [lack for lack in lacks if lack > 0]
            weights = [(temperature * lack).exp() for lack in some]
            parts = total(w * lack for w, lack in zip(weights, some, strict=True))
            return parts / total(weights) if some else ZERO

        far = [crowd.distance(i, p) - (alpha - margin) for p in crowd.positives(i)]
        near = [alpha - crowd.distance(i, n) for n in crowd.negatives(i)]
        too_far = weighed(far, positive_temperature)
        return (1 - balance) * too_far + balance * weighed(near, negative_temperature)

    return anchors(
        value,
        embeddings,
        labels,
        where,
        alpha=alpha,
        margin=margin,
        negative_temperature=negative_temperature,
        positive_temperature=positive_temperature,
        balance=balance,
    )
