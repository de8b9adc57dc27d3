"""Losses that compare a whole vector of predictions with a vector of targets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, cosine, kept, mean, power, real, rows

X = npt.ArrayLike
Vector = list[Decimal]


def _compare(fn: Callable[..., Decimal], pred: X, target: X, where: X | None, **hyper: X) -> Array:
    """Row by row, `fn` on the kept entries of both vectors; nothing kept is 0."""
    p, t = real(pred), real(target)
    if p.shape != t.shape:
        raise ValueError(f"shapes differ: {p.shape}, {t.shape}")

    def value(p: Vector, t: Vector, keep: list[bool], **chosen: Decimal) -> Decimal:
        pairs = [(a, b) for a, b, k in zip(p, t, keep, strict=True) if k]
        return fn([a for a, _ in pairs], [b for _, b in pairs], **chosen) if pairs else ZERO

    return rows(value, p.shape[:-1], p, t, kept(where, p.shape), **hyper)


def _mean_square(p: Vector, t: Vector) -> Decimal:
    return mean([(a - b) * (a - b) for a, b in zip(p, t, strict=True)])


def _covariance(p: Vector, t: Vector) -> Decimal:
    """Population covariance, exactly 0 where one of the vectors is constant."""
    if min(p) == max(p) or min(t) == max(t):
        return ZERO
    return mean([(a - mean(p)) * (b - mean(t)) for a, b in zip(p, t, strict=True)])


def _or_one(x: Decimal) -> Decimal:
    return x if x else ONE


def root_mean_squared_error(pred: X, target: X, *, where: X | None = None) -> Array:
    """Sqrt(mean e²)."""
    return _compare(lambda p, t: _mean_square(p, t).sqrt(), pred, target, where)


def normalized_root_mean_squared_error(
    pred: X,
    target: X,
    *,
    normalizer: Literal["range", "std", "mean", "l2"] = "std",
    where: X | None = None,
) -> Array:
    """The root mean squared error over a statistic of the target (1 if that is 0)."""
    statistic: dict[str, Callable[[Vector], Decimal]] = {
        "range": lambda t: max(t) - min(t),
        "std": lambda t: _covariance(t, t).sqrt(),
        "mean": lambda t: abs(mean(t)),
        "l2": lambda t: mean([b * b for b in t]).sqrt(),
    }
    return _compare(
        lambda p, t: _mean_square(p, t).sqrt() / _or_one(statistic[normalizer](t)),
        pred,
        target,
        where,
    )


def relative_squared_error(pred: X, target: X, *, where: X | None = None) -> Array:
    """Squared error over that of the target's mean (1 if that is 0)."""

    def value(p: Vector, t: Vector) -> Decimal:
        return len(t) * _mean_square(p, t) / _or_one(len(t) * _covariance(t, t))

    return _compare(value, pred, target, where)


def weighted_absolute_percentage_error(pred: X, target: X, *, where: X | None = None) -> Array:
    """Sum of |e| over the sum of |t| (1 if that is 0)."""

    def value(p: Vector, t: Vector) -> Decimal:
        errors = sum((abs(a - b) for a, b in zip(p, t, strict=True)), ZERO)
        return errors / _or_one(sum((abs(b) for b in t), ZERO))

    return _compare(value, pred, target, where)


def minkowski_error(pred: X, target: X, *, order: X = 2.0, where: X | None = None) -> Array:
    """(Sum of |e|^order)^(1 / order)."""

    def value(p: Vector, t: Vector, order: Decimal) -> Decimal:
        total = sum((power(abs(a - b), order) for a, b in zip(p, t, strict=True)), ZERO)
        return power(total, 1 / order)

    return _compare(value, pred, target, where, order=order)


def cosine_similarity(pred: X, target: X, *, where: X | None = None) -> Array:
    """The cosine, 0 for a zero vector."""
    return _compare(cosine, pred, target, where)


def cosine_distance(pred: X, target: X, *, where: X | None = None) -> Array:
    """1 - cosine."""
    return _compare(lambda p, t: 1 - cosine(p, t), pred, target, where)


def pearson_distance(pred: X, target: X, *, where: X | None = None) -> Array:
    """1 - correlation; a constant vector has correlation 0."""

    def value(p: Vector, t: Vector) -> Decimal:
        scale = (_covariance(p, p) * _covariance(t, t)).sqrt()
        return 1 - (_covariance(p, t) / scale if scale else ZERO)

    return _compare(value, pred, target, where)


def concordance_distance(pred: X, target: X, *, where: X | None = None) -> Array:
    """1 - Lin 1989's concordance with population moments; 0 for two equal constants."""

    def value(p: Vector, t: Vector) -> Decimal:
        spread = _covariance(p, p) + _covariance(t, t)
        if p == t:
            return ZERO
        shift = mean(p) - mean(t)
        return 1 - 2 * _covariance(p, t) / (spread + shift * shift)

    return _compare(value, pred, target, where)


def scale_invariant_log_error(
    pred: X, target: X, *, balance: X = 0.5, where: X | None = None
) -> Array:
    """Eigen 2014: mean d² - balance * (mean d)², d = log p - log t."""

    def value(p: Vector, t: Vector, balance: Decimal) -> Decimal:
        d = [a.ln() - b.ln() for a, b in zip(p, t, strict=True)]
        return mean([x * x for x in d]) - balance * mean(d) * mean(d)

    return _compare(value, pred, target, where, balance=balance)


def scale_shift_invariant_error(pred: X, target: X, *, where: X | None = None) -> Array:
    """What is left of mean e² after the best line s * p + b (normal equations, Cramer's rule)."""

    def value(p: Vector, t: Vector) -> Decimal:
        n, sum_p, sum_t = len(p), sum(p, ZERO), sum(t, ZERO)
        s, b = ZERO, sum_t / n
        if min(p) != max(p):
            sum_pp = sum((a * a for a in p), ZERO)
            sum_pt = sum((a * c for a, c in zip(p, t, strict=True)), ZERO)
            determinant = n * sum_pp - sum_p * sum_p
            s = (n * sum_pt - sum_p * sum_t) / determinant
            b = (sum_pp * sum_t - sum_p * sum_pt) / determinant
        return _mean_square([s * a + b for a in p], t)

    return _compare(value, pred, target, where)
