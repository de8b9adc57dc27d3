"""Losses that stand for the area under the ROC curve."""

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles import margin as margins
from tests.oracles.loops import ZERO, Array, kept, mean, real, rows

X = npt.ArrayLike
Vector = list[Decimal]


def pairwise(
    scores: X,
    target: X,
    *,
    surrogate: Callable[..., npt.ArrayLike] = margins.logistic,
    where: X | None = None,
) -> Array:
    """Mean over pairs of surrogate(s_i - s_j, +1), 0 without a pair."""
    s, t = real(scores), real(target)
    keep = kept(where, s.shape)
    result = np.zeros(s.shape[:-1])
    for index in np.ndindex(result.shape):
        row = list(zip(s[index].tolist(), t[index].tolist(), keep[index].tolist(), strict=True))
        positives = [a for a, y, k in row if k and y == 1]
        negatives = [a for a, y, k in row if k and y == 0]
        gaps = np.asarray([p - n for p in positives for n in negatives], np.float64)
        if gaps.size:
            losses = real(surrogate(gaps, np.ones_like(gaps))).tolist()
            result[index] = math.fsum(losses) / len(losses)
    return result


def margin(
    scores: X, target: X, *, a: X, b: X, alpha: X, margin: X = 1.0, where: X | None = None
) -> Array:
    """Yuan 2021: the min-max form, with r the share of positives and means over the row."""

    def value(
        s: Vector, t: Vector, keep: list[bool], a: Decimal, b: Decimal, alpha: Decimal, m: Decimal
    ) -> Decimal:
        row = [(x, y) for x, y, k in zip(s, t, keep, strict=True) if k]
        r = mean([y for _, y in row])
        near_a = mean([(x - a) * (x - a) if y == 1 else ZERO for x, y in row])
        near_b = mean([(x - b) * (x - b) if y == 0 else ZERO for x, y in row])
        gap = mean([r * x if y == 0 else -(1 - r) * x for x, y in row])
        dual = 2 * alpha * (r * (1 - r) * m + gap) - r * (1 - r) * alpha * alpha
        return (1 - r) * near_a + r * near_b + dual

    s = real(scores)
    keep = kept(where, s.shape)
    return rows(value, s.shape[:-1], s, real(target), keep, a=a, b=b, alpha=alpha, m=margin)


def _over_pairs(
    fn: Callable[[Decimal], Decimal], logits: X, target: X, margin: X, where: X | None
) -> Array:
    """Mean of fn(max(0, margin - (s_i - s_j))) over pairs (i positive, j negative)."""

    def value(s: Vector, t: Vector, keep: list[bool], margin: Decimal) -> Decimal:
        row = [(a, y) for a, y, k in zip(s, t, keep, strict=True) if k]
        positives = [a for a, y in row if y == 1]
        negatives = [a for a, y in row if y == 0]
        return mean([fn(max(ZERO, margin - (a - b))) for a in positives for b in negatives])

    s = real(logits)
    return rows(value, s.shape[:-1], s, real(target), kept(where, s.shape), margin=margin)


def hinge(logits: X, target: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Mean over pairs of max(0, margin - (s_i - s_j)), 0 without a pair."""
    return _over_pairs(lambda gap: gap, logits, target, margin, where)


def squared_hinge(logits: X, target: X, *, margin: X = 1.0, where: X | None = None) -> Array:
    """Mean over pairs of max(0, margin - (s_i - s_j))², 0 without a pair."""
    return _over_pairs(lambda gap: gap * gap, logits, target, margin, where)
