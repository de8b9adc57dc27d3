"""Quantiles, expectiles and intervals, as their papers print them."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    elementwise,
    kept,
    log_sum_exp,
    mean,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _check(u: Decimal, tau: Decimal) -> Decimal:
    """Koenker & Bassett 1978: u (tau - 1[u < 0])."""
    return u * (tau - (ONE if u < 0 else ZERO))


def pinball(pred: X, target: X, *, quantile: X = 0.5) -> Array:
    """The check function of the residual."""
    return elementwise(
        lambda p, t, quantile: _check(t - p, quantile), pred, target, quantile=quantile
    )


def smooth_pinball(pred: X, target: X, *, quantile: X = 0.5, temperature: X = 0.1) -> Array:
    """Zheng 2011: tau u + a log(1 + exp(-u / a)); the check function at a = 0."""

    def value(p: Decimal, t: Decimal, quantile: Decimal, temperature: Decimal) -> Decimal:
        u = t - p
        if temperature == 0:
            return _check(u, quantile)
        return quantile * u + temperature * log_sum_exp([ZERO, -u / temperature])

    return elementwise(value, pred, target, quantile=quantile, temperature=temperature)


def expectile(pred: X, target: X, *, level: X = 0.5) -> Array:
    """Newey & Powell 1987: |tau - 1[u < 0]| u²."""

    def value(p: Decimal, t: Decimal, level: Decimal) -> Decimal:
        return abs(level - (ONE if t < p else ZERO)) * (t - p) ** 2

    return elementwise(value, pred, target, level=level)


def _winkler(low: Decimal, high: Decimal, y: Decimal, alpha: Decimal) -> Decimal:
    """Gneiting & Raftery 2007, equation 43."""
    score = high - low
    if y < low:
        score += 2 / alpha * (low - y)
    if y > high:
        score += 2 / alpha * (y - high)
    return score


def interval(lower: X, upper: X, target: X, *, miscoverage: X = 0.1) -> Array:
    """The interval score."""
    return elementwise(
        lambda a, b, y, miscoverage: _winkler(a, b, y, miscoverage),
        lower,
        upper,
        target,
        miscoverage=miscoverage,
    )


def multi_quantile(pred: X, target: X, *, levels: X) -> Array:
    """Wen 2017: the mean over levels."""
    x = real(pred)
    taus = [Decimal(level) for level in real(levels).tolist()]

    def value(p: Vector, y: Decimal) -> Decimal:
        return mean([_check(y - a, tau) for a, tau in zip(p, taus, strict=True)])

    return rows(value, x.shape[:-1], x, real(target))


def crps_quantile(pred: X, target: X, *, levels: X) -> Array:
    """Twice the mean over levels."""
    return 2 * multi_quantile(pred, target, levels=levels)


def weighted_interval(lower: X, upper: X, median: X, target: X, *, miscoverage: X) -> Array:
    """Bracher 2021: (w0 |y - m| + sum w_k IS_k) / (K + 1/2), w0 = 1/2 and w_k = alpha_k / 2."""
    low, high = real(lower), real(upper)
    alphas = [Decimal(alpha) for alpha in real(miscoverage).tolist()]

    def value(low: Vector, high: Vector, m: Decimal, y: Decimal) -> Decimal:
        parts = (a / 2 * _winkler(b, c, y, a) for a, b, c in zip(alphas, low, high, strict=True))
        return (abs(y - m) / 2 + total(parts)) / (len(alphas) + Decimal(1) / 2)

    return rows(value, low.shape[:-1], low, high, real(median), real(target))


def _sigmoid(x: Decimal) -> Decimal:
    return 1 / (1 + (-x).exp())


def quality_driven(
    lower: X,
    upper: X,
    target: X,
    *,
    miscoverage: X = 0.05,
    weight: X = 15.0,
    softness: X = 160.0,
    where: X | None = None,
) -> Array:
    """Pearce 2018, equation 15: MPIW_capt + lambda n / (a (1 - a)) max(0, (1 - a) - PICP)²."""

    def value(
        low: Vector,
        high: Vector,
        y: Vector,
        keep: list[bool],
        miscoverage: Decimal,
        weight: Decimal,
        softness: Decimal,
    ) -> Decimal:
        those = [(a, b, t) for a, b, t, k in zip(low, high, y, keep, strict=True) if k]
        captured = mean([b - a for a, b, t in those if a <= t <= b])
        picp = mean(
            [_sigmoid(softness * (t - a)) * _sigmoid(softness * (b - t)) for a, b, t in those]
        )
        lack = max(ZERO, 1 - miscoverage - picp)
        share = miscoverage * (1 - miscoverage)
        return captured + weight * len(those) / share * lack**2

    x = real(lower)
    return rows(
        value,
        x.shape[:-1],
        x,
        real(upper),
        real(target),
        kept(where, x.shape),
        miscoverage=miscoverage,
        weight=weight,
        softness=softness,
    )
