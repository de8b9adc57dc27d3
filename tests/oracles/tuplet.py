"""Losses of an anchor among all of its positives and negatives."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.contrastive import info_nce
from tests.oracles.groups import (
    Crowd,
    Vector,
    anchors,
    arccos,
    cos,
    tan,
)
from tests.oracles.loops import (
    ZERO,
    Array,
    dot,
    items,
    kept,
    log_sum_exp,
    mean,
    real,
    softplus,
)

X = npt.ArrayLike


def n_pairs(anchor: X, positive: X, *, norm_weight: X = 0.0, where: X | None = None) -> Array:
    """Sohn 2016: log(1 + Σ_{j≠i} exp(a_i·p_j - a_i·p_i)) and a weight on squared lengths."""

    def lengths(
        i: int, a: list[Vector], p: list[Vector], keep: list[bool], norm_weight: Decimal
    ) -> Decimal:
        return norm_weight * (dot(a[i], a[i]) + dot(p[i], p[i])) if keep[i] else ZERO

    a, p = real(anchor), real(positive)
    batch, count = a.shape[:-2], a.shape[-2]
    keep = kept(where, (*batch, count))
    extra = items(lengths, batch, count, a, p, keep, norm_weight=norm_weight)
    return info_nce(anchor, positive, temperature=1, where=where) + extra


def angular(
    anchor: X, positive: X, *, angle: X = 0.6981317007977318, where: X | None = None
) -> Array:
    """Wang 2017: log(1 + Σ_z exp(4t (a + p)·z - 2(1 + t) a·p)), t = tan²(angle)."""

    def value(
        i: int, a: list[Vector], p: list[Vector], keep: list[bool], angle: Decimal
    ) -> Decimal:
        if not keep[i]:
            return ZERO
        t = tan(angle) ** 2
        both = [u + v for u, v in zip(a[i], p[i], strict=True)]
        others = [z[j] for z in (a, p) for j, k in enumerate(keep) if k and j != i]
        own = 2 * (1 + t) * dot(a[i], p[i])
        return softplus(log_sum_exp([4 * t * dot(both, z) - own for z in others]))

    a, p = real(anchor), real(positive)
    batch, count = a.shape[:-2], a.shape[-2]
    return items(value, batch, count, a, p, kept(where, (*batch, count)), angle=angle)


def lifted_structure(embeddings: X, labels: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Song 2016, equation 4, by anchor: mean of max(0, J_ip)² / 2."""

    def value(i: int, crowd: Crowd, margin: Decimal) -> Decimal:
        if not crowd.negatives(i):
            return ZERO

        def lack(p: int) -> Decimal:
            near = [margin - crowd.distance(end, n) for end in (i, p) for n in crowd.negatives(end)]
            return max(ZERO, log_sum_exp(near) + crowd.distance(i, p))

        return mean([lack(p) ** 2 / 2 for p in crowd.positives(i)])

    return anchors(value, embeddings, labels, where, margin=margin)


def generalized_lifted_structure(
    embeddings: X, labels: X, *, margin: X = 1.0, where: X | None = None
) -> Array:
    """Hermans 2017, equation 8: max(0, log Σ_p e^{d_p} + log Σ_n e^{margin - d_n})."""

    def value(i: int, crowd: Crowd, margin: Decimal) -> Decimal:
        far = [crowd.distance(i, p) for p in crowd.positives(i)]
        near = [margin - crowd.distance(i, n) for n in crowd.negatives(i)]
        return max(ZERO, log_sum_exp(far) + log_sum_exp(near)) if far and near else ZERO

    return anchors(value, embeddings, labels, where, margin=margin)


def multi_similarity(
    embeddings: X,
    labels: X,
    *,
    alpha: X = 2.0,
    beta: X = 50.0,
    threshold: X = 0.5,
    where: X | None = None,
) -> Array:
    """Wang 2019, equation 15."""

    def value(i: int, crowd: Crowd, alpha: Decimal, beta: Decimal, threshold: Decimal) -> Decimal:
        low = [-alpha * (crowd.score(i, p) - threshold) for p in crowd.positives(i)]
        high = [beta * (crowd.score(i, n) - threshold) for n in crowd.negatives(i)]
        return log_sum_exp([ZERO, *low]) / alpha + log_sum_exp([ZERO, *high]) / beta

    return anchors(value, embeddings, labels, where, alpha=alpha, beta=beta, threshold=threshold)


def circle(
    embeddings: X,
    labels: X,
    *,
    margin: X = 0.25,
    scale: X = 256.0,
    where: X | None = None,
    held: tuple[X, ...] | None = None,
) -> Array:
    """Sun 2020, equations 6 to 8, with weights at the arguments `held`."""

    def value(
        i: int, crowd: Crowd, still: list[Vector], margin: Decimal, scale: Decimal
    ) -> Decimal:
        def low(p: int) -> Decimal:
            weight = max(ZERO, 1 + margin - dot(still[i], still[p]))
            return -scale * weight * (crowd.score(i, p) - (1 - margin))

        def high(n: int) -> Decimal:
            weight = max(ZERO, dot(still[i], still[n]) + margin)
            return scale * weight * (crowd.score(i, n) - margin)

        odds = [low(p) + high(n) for p in crowd.positives(i) for n in crowd.negatives(i)]
        return softplus(log_sum_exp(odds)) if odds else ZERO

    still = real(embeddings if held is None else held[0])
    return anchors(value, embeddings, labels, where, still, margin=margin, scale=scale)


def tuplet_margin(
    embeddings: X,
    labels: X,
    *,
    margin: X = 0.1,
    scale: X = 32.0,
    where: X | None = None,
) -> Array:
    """Yu 2019: mean of log(1 + Σ_n exp(scale (cos θ_n - cos(θ_p - margin))))."""

    def value(i: int, crowd: Crowd, margin: Decimal, scale: Decimal) -> Decimal:
        against = [scale * crowd.cosine(i, n) for n in crowd.negatives(i)]
        own = [scale * cos(arccos(crowd.cosine(i, p)) - margin) for p in crowd.positives(i)]
        return mean([softplus(log_sum_exp([s - p for s in against])) for p in own])

    return anchors(value, embeddings, labels, where, margin=margin, scale=scale)


def nca(embeddings: X, labels: X, *, temperature: X = 1.0, where: X | None = None) -> Array:
    """Goldberger 2004: -log Σ_p exp(-d_p² / t) / Σ_j exp(-d_j² / t)."""

    def value(i: int, crowd: Crowd, temperature: Decimal) -> Decimal:
        alike = [-(crowd.distance(i, p) ** 2) / temperature for p in crowd.positives(i)]
        unlike = [-(crowd.distance(i, n) ** 2) / temperature for n in crowd.negatives(i)]
        return log_sum_exp(alike + unlike) - log_sum_exp(alike) if alike else ZERO

    return anchors(value, embeddings, labels, where, temperature=temperature)
