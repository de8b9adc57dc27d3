"""Losses of a row of bits, pair by pair of positive and negative classes."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, kept, log_sum_exp, mean, real, rows, softplus

X = npt.ArrayLike
Vector = list[Decimal]


def _split(fn: Callable[..., Decimal], logits: X, target: X, where: X | None, **hyper: X) -> Array:
    """Row by row, `fn(positives, negatives)` on the logits of the classes kept."""

    def value(z: Vector, t: Vector, keep: list[bool], **chosen: Decimal) -> Decimal:
        positives = [a for a, b, k in zip(z, t, keep, strict=True) if k and b == 1]
        negatives = [a for a, b, k in zip(z, t, keep, strict=True) if k and b == 0]
        return fn(positives, negatives, **chosen)

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target), kept(where, z.shape), **hyper)


def soft_margin(logits: X, target: X, *, where: X | None = None) -> Array:
    """Mean over the classes of the sigmoid cross-entropy."""

    def value(z: Vector, t: Vector, keep: list[bool]) -> Decimal:
        losses: list[Decimal] = []
        for a, y, k in zip(z, t, keep, strict=True):
            if k:
                positive = y * softplus(-a) if y else ZERO
                losses.append(positive + ((1 - y) * softplus(a) if y != 1 else ZERO))
        return mean(losses)

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target), kept(where, z.shape))


def margin(logits: X, target: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Sum over pairs of max(0, margin - (z_i - z_j)), over the number of classes."""

    def value(positives: Vector, negatives: Vector, margin: Decimal) -> Decimal:
        hinges = [max(ZERO, margin - (p - n)) for p in positives for n in negatives]
        return sum(hinges, ZERO) / (len(positives) + len(negatives)) if hinges else ZERO

    return _split(value, logits, target, where, margin=margin)


def zlpr(logits: X, target: X, *, where: X | None = None) -> Array:
    """Su 2022: log(1 + Σ exp z over negatives) + log(1 + Σ exp -z over positives)."""

    def value(positives: Vector, negatives: Vector) -> Decimal:
        return log_sum_exp([ZERO, *negatives]) + log_sum_exp([ZERO, *(-p for p in positives)])

    return _split(value, logits, target, where)


def lsep(logits: X, target: X, *, where: X | None = None) -> Array:
    """Li 2017: log(1 + Σ exp(z_j - z_i) over pairs)."""

    def value(positives: Vector, negatives: Vector) -> Decimal:
        return log_sum_exp([ZERO, *(n - p for p in positives for n in negatives)])

    return _split(value, logits, target, where)


def bp_mll(logits: X, target: X, *, where: X | None = None) -> Array:
    """Zhang & Zhou 2006: mean of exp(z_j - z_i) over pairs, 0 without one."""

    def value(positives: Vector, negatives: Vector) -> Decimal:
        return mean([(n - p).exp() for p in positives for n in negatives])

    return _split(value, logits, target, where)


def two_way(
    logits: X,
    target: X,
    *,
    positive_temperature: X = 4.0,
    negative_temperature: X = 1.0,
    where: X | None = None,
) -> Array:
    """Kobayashi 2023, one way: softplus of both sides' tempered log-sum-exp."""

    def value(
        positives: Vector,
        negatives: Vector,
        positive_temperature: Decimal,
        negative_temperature: Decimal,
    ) -> Decimal:
        if not positives or not negatives:
            return ZERO
        low = log_sum_exp([-p / positive_temperature for p in positives])
        high = log_sum_exp([n / negative_temperature for n in negatives])
        return softplus(positive_temperature * low + negative_temperature * high)

    return _split(
        value,
        logits,
        target,
        where,
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
    )
