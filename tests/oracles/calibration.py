"""Losses of calibration, as their papers print them."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    log_softmax,
    masses_of,
    mean,
    power,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _softmax(z: Vector) -> Vector:
    return [x.exp() for x in log_softmax(z, in_play(z))]


def _batches(
    logits: X, labels: X, where: X | None, score: Callable[..., Decimal], **hyper: X
) -> Array:
    """`score(p, y)` of the examples kept; 0 of none, NaN with a label out of range."""
    z = real(logits)

    def value(z: list[Vector], y: list[int], keep: list[bool], **hyper: Decimal) -> Decimal:
        those = [(a, b) for a, b, k in zip(z, y, keep, strict=True) if k]
        if any(not 0 <= b < len(a) for a, b in those):
            return NAN
        if not those:
            return ZERO
        return score([_softmax(a) for a, _ in those], [b for _, b in those], **hyper)

    return rows(value, z.shape[:-2], z, integer(labels), kept(where, z.shape[:-1]), **hyper)


def _confident(p: list[Vector], y: list[int]) -> list[tuple[Decimal, Decimal]]:
    """Largest probability of each example, and 1 where it is that of the label."""
    found = []
    for a, b in zip(p, y, strict=True):
        top = max(a)
        found.append((top, ONE if a.index(top) == b else ZERO))
    return found


def mmce(logits: X, labels: X, *, bandwidth: X = 0.4, where: X | None = None) -> Array:
    """Kumar 2018, equation 2, with a Laplacian kernel."""

    def score(p: list[Vector], y: list[int], bandwidth: Decimal) -> Decimal:
        pairs = _confident(p, y)
        square = total(
            (c - r) * (d - s) * (-abs(r - s) / bandwidth).exp() for r, c in pairs for s, d in pairs
        )
        return max(square, ZERO).sqrt() / len(pairs)

    return _batches(logits, labels, where, score, bandwidth=bandwidth)


def soft_ece(
    logits: X,
    labels: X,
    *,
    bins: int = 15,
    temperature: X = 0.01,
    order: X = 2.0,
    where: X | None = None,
) -> Array:
    """Karandikar 2021, section 3.2."""

    def score(p: list[Vector], y: list[int], temperature: Decimal, order: Decimal) -> Decimal:
        pairs, centres = _confident(p, y), [(Decimal(b) + ONE / 2) / bins for b in range(bins)]
        degrees = []
        for r, _ in pairs:
            u = [(-((r - m) ** 2) / temperature).exp() for m in centres]
            degrees.append([a / total(u) for a in u])
        whole = ZERO
        for b in range(bins):
            size = total(u[b] for u in degrees)
            accuracy = total(u[b] * c for u, (_, c) in zip(degrees, pairs, strict=True)) / size
            confidence = total(u[b] * r for u, (r, _) in zip(degrees, pairs, strict=True)) / size
            whole += size / len(pairs) * power(abs(accuracy - confidence), order)
        return power(whole, 1 / order)

    return _batches(logits, labels, where, score, temperature=temperature, order=order)


def avuc(
    logits: X,
    labels: X,
    *,
    threshold: X = 0.5,
    eps: X = 1e-10,
    where: X | None = None,
) -> Array:
    """Krishnan & Tickoo 2020, equations 4 and 5."""

    def score(p: list[Vector], y: list[int], threshold: Decimal, eps: Decimal) -> Decimal:
        ac = au = ic = iu = ZERO
        for a, (r, c) in zip(p, _confident(p, y), strict=True):
            u = -total(x * x.ln() for x in a if x)
            t = 1 - 2 / ((2 * u).exp() + 1)
            if c and u <= threshold:
                ac += r * (1 - t)
            elif c:
                au += r * t
            elif u <= threshold:
                ic += (1 - r) * (1 - t)
            else:
                iu += (1 - r) * t
        return ((ac + au + ic + iu + eps) / (ac + iu + eps)).ln()

    return _batches(logits, labels, where, score, threshold=threshold, eps=eps)


def dca(logits: X, labels: X, *, where: X | None = None) -> Array:
    """Liang 2020: |mean accuracy - mean confidence|."""

    def score(p: list[Vector], y: list[int]) -> Decimal:
        pairs = _confident(p, y)
        return abs(mean([c for _, c in pairs]) - mean([r for r, _ in pairs]))

    return _batches(logits, labels, where, score)


def mdca(logits: X, labels: X, *, where: X | None = None) -> Array:
    """Hebbalaguppe 2022: mean over classes of |mean probability - share|."""

    def score(p: list[Vector], y: list[int]) -> Decimal:
        return mean(
            [
                abs(mean([a[k] for a in p]) - mean([Decimal(int(b == k)) for b in y]))
                for k in range(len(p[0]))
            ]
        )

    return _batches(logits, labels, where, score)


def _rows(logits: X, labels: X, score: Callable[..., Decimal], **hyper: X) -> Array:
    def value(z: Vector, y: int, **hyper: Decimal) -> Decimal:
        if masses_of(y, len(z)) is None:
            return NAN
        return score(z, y, **hyper) if any(in_play(z)) else ZERO

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), **hyper)


def margin_smoothing(logits: X, labels: X, *, margin: X = 10.0, weight: X = 0.1) -> Array:
    """Liu 2022: CE + lambda sum max(0, max z - z_k - m), over classes that are there."""

    def score(z: Vector, y: int, margin: Decimal, weight: Decimal) -> Decimal:
        flags = in_play(z)
        beyond = total(max(ZERO, max(z) - x - margin) for x, k in zip(z, flags, strict=True) if k)
        return weight * beyond - log_softmax(z, flags)[y]

    return _rows(logits, labels, score, margin=margin, weight=weight)


def temperature_scaled(logits: X, labels: X, *, log_temperature: X = 0.0) -> Array:
    """Guo 2017: cross-entropy of z / T."""

    def score(z: Vector, y: int, log_temperature: Decimal) -> Decimal:
        scaled = [x / log_temperature.exp() for x in z]
        return -log_softmax(scaled, in_play(z))[y]

    return _rows(logits, labels, score, log_temperature=log_temperature)
