"""Losses of diffused tokens, sequence by sequence."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    log_softmax,
    real as numbers,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def masked(logits: X, labels: X, rate: X, *, where: X | None = None) -> Array:
    """Sahoo 2024: alpha' / (1 - alpha) sum over masked tokens of log <x, x_theta>."""

    def value(z: list[Vector], y: list[int], keep: list[bool], rate: Decimal) -> Decimal:
        cost = ZERO
        for scores, label, counts in zip(z, y, keep, strict=True):
            if counts and not 0 <= label < len(scores):
                return NAN
            if counts:
                cost -= log_softmax(scores, in_play(scores))[label]
        return cost / rate if rate else ZERO

    scores, classes = numbers(logits), integer(labels)
    batch = classes.shape[:-1]
    return rows(value, batch, scores, classes, kept(where, classes.shape), numbers(rate))


def score_entropy(log_scores: X, log_ratios: X, *, where: X | None = None) -> Array:
    """Lou 2024: the sum of s - r log s + r (log r - 1)."""

    def term(log_s: Decimal, log_r: Decimal) -> Decimal:
        r = log_r.exp() if log_r != -INFINITY else ZERO
        return log_s.exp() - (r * log_s - r * (log_r - 1) if r else ZERO)

    def value(s: Vector, r: Vector, keep: list[bool]) -> Decimal:
        return total(term(a, b) for a, b, k in zip(s, r, keep, strict=True) if k)

    scores = numbers(log_scores)
    mask = kept(where, scores.shape)
    return rows(value, scores.shape[:-1], scores, numbers(log_ratios), mask)
