"""Regression losses of one residual, entry by entry."""

import math
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import INFINITY, ONE, ZERO, Array, elementwise, log_sum_exp, power

X = npt.ArrayLike


def squared_error(pred: X, target: X) -> Array:
    """(p - t) squared."""
    return elementwise(lambda p, t: (p - t) * (p - t), pred, target)


def absolute_error(pred: X, target: X) -> Array:
    """|p - t|."""
    return elementwise(lambda p, t: abs(p - t), pred, target)


def _huber(e: Decimal, delta: Decimal) -> Decimal:
    return e * e / 2 if abs(e) <= delta else delta * (abs(e) - delta / 2)


def huber(pred: X, target: X, *, delta: X = 1.0) -> Array:
    """Huber 1964: a parabola within delta, its tangents beyond."""
    return elementwise(lambda p, t, delta: _huber(p - t, delta), pred, target, delta=delta)


def smooth_l1(pred: X, target: X, *, beta: X = 1.0) -> Array:
    """Girshick 2015 with Detectron's beta; beta = 0 is the absolute error."""

    def value(p: Decimal, t: Decimal, beta: Decimal) -> Decimal:
        e = abs(p - t)
        return e * e / (2 * beta) if e < beta else e - beta / 2

    return elementwise(value, pred, target, beta=beta)


def pseudo_huber(pred: X, target: X, *, delta: X = 1.0) -> Array:
    """Delta² (sqrt(1 + (e / delta)²) - 1), 0 at delta = 0."""

    def value(p: Decimal, t: Decimal, delta: Decimal) -> Decimal:
        if delta == 0:
            return ZERO
        ratio = (p - t) / delta
        return delta * delta * ((1 + ratio * ratio).sqrt() - 1)

    return elementwise(value, pred, target, delta=delta)


def charbonnier(pred: X, target: X, *, epsilon: X = 1e-3) -> Array:
    """Sqrt(e² + epsilon²)."""

    def value(p: Decimal, t: Decimal, epsilon: Decimal) -> Decimal:
        return ((p - t) * (p - t) + epsilon * epsilon).sqrt()

    return elementwise(value, pred, target, epsilon=epsilon)


def log_cosh(pred: X, target: X, *, scale: X = 1.0) -> Array:
    """Log((exp(x) + exp(-x)) / 2) / scale of x = scale * e, 0 at scale = 0."""

    def value(p: Decimal, t: Decimal, scale: Decimal) -> Decimal:
        if scale == 0:
            return ZERO
        x = scale * (p - t)
        return (log_sum_exp([x, -x]) - Decimal(2).ln()) / scale

    return elementwise(value, pred, target, scale=scale)


def epsilon_insensitive(pred: X, target: X, *, epsilon: X = 0.1) -> Array:
    """Vapnik 1995: nothing within epsilon, the rest of |e| beyond."""
    return elementwise(
        lambda p, t, epsilon: max(ZERO, abs(p - t) - epsilon), pred, target, epsilon=epsilon
    )


def squared_epsilon_insensitive(pred: X, target: X, *, epsilon: X = 0.1) -> Array:
    """The square of what is beyond epsilon."""

    def value(p: Decimal, t: Decimal, epsilon: Decimal) -> Decimal:
        beyond = max(ZERO, abs(p - t) - epsilon)
        return beyond * beyond

    return elementwise(value, pred, target, epsilon=epsilon)


def berhu(pred: X, target: X, *, delta: X = 1.0) -> Array:
    """Owen 2007: |e| within delta, a parabola beyond."""

    def value(p: Decimal, t: Decimal, delta: Decimal) -> Decimal:
        e = abs(p - t)
        return e if e <= delta else (e * e + delta * delta) / (2 * delta)

    return elementwise(value, pred, target, delta=delta)


def balanced_l1(pred: X, target: X, *, alpha: X = 0.5, gamma: X = 1.5, beta: X = 1.0) -> Array:
    """Pang 2019 of e / beta; the limits are 0 at gamma = 0 and gamma * |e| / beta at alpha = 0."""

    def value(p: Decimal, t: Decimal, alpha: Decimal, gamma: Decimal, beta: Decimal) -> Decimal:
        x = abs(p - t) / beta
        if gamma == 0:
            return ZERO
        if alpha == 0:
            return gamma * x
        b = (gamma / alpha).exp() - 1
        if x < 1:
            return alpha / b * (b * x + 1) * (b * x + 1).ln() - alpha * x
        return gamma * x + gamma / b - alpha

    return elementwise(value, pred, target, alpha=alpha, gamma=gamma, beta=beta)


def wing(pred: X, target: X, *, width: X = 10.0, curvature: X = 2.0) -> Array:
    """Feng 2018: logarithmic within width, |e| less a constant beyond."""

    def value(p: Decimal, t: Decimal, width: Decimal, curvature: Decimal) -> Decimal:
        e = abs(p - t)
        if e < width:
            return width * (1 + e / curvature).ln()
        return e - (width - width * (1 + width / curvature).ln())

    return elementwise(value, pred, target, width=width, curvature=curvature)


def adaptive_wing(
    pred: X, target: X, *, omega: X = 14.0, theta: X = 0.5, epsilon: X = 1.0, alpha: X = 2.1
) -> Array:
    """Wang 2019: the exponent alpha - t makes the bend depend on the target."""

    def value(
        p: Decimal, t: Decimal, omega: Decimal, theta: Decimal, epsilon: Decimal, alpha: Decimal
    ) -> Decimal:
        e = abs(p - t)
        if e < theta:
            return omega * (1 + power(e / epsilon, alpha - t)).ln()
        ratio = theta / epsilon
        a = omega / (1 + power(ratio, alpha - t)) * (alpha - t)
        a *= power(ratio, alpha - t - 1) / epsilon
        return a * e - (theta * a - omega * (1 + power(ratio, alpha - t)).ln())

    return elementwise(value, pred, target, omega=omega, theta=theta, epsilon=epsilon, alpha=alpha)


def quantile_huber(pred: X, target: X, *, quantile: X = 0.5, delta: X = 1.0) -> Array:
    """Dabney 2018 (IQN): |quantile - 1(u < 0)| huber(u) / delta, the pinball at delta = 0."""

    def value(p: Decimal, t: Decimal, quantile: Decimal, delta: Decimal) -> Decimal:
        u = t - p
        side = abs(quantile - (ONE if u < 0 else ZERO))
        return side * (abs(u) if delta == 0 else _huber(u, delta) / delta)

    return elementwise(value, pred, target, quantile=quantile, delta=delta)


def absolute_percentage_error(pred: X, target: X, *, eps: X = 1e-8) -> Array:
    """|e| / max(|t|, eps), a fraction."""
    return elementwise(lambda p, t, eps: abs(p - t) / max(abs(t), eps), pred, target, eps=eps)


def symmetric_absolute_percentage_error(pred: X, target: X) -> Array:
    """2|e| / (|p| + |t|), 0 where both are 0."""

    def value(p: Decimal, t: Decimal) -> Decimal:
        size = abs(p) + abs(t)
        return 2 * abs(p - t) / size if size else ZERO

    return elementwise(value, pred, target)


def squared_log_error(pred: X, target: X) -> Array:
    """(log(1 + p) - log(1 + t)) squared."""

    def value(p: Decimal, t: Decimal) -> Decimal:
        gap = (1 + p).ln() - (1 + t).ln()
        return gap * gap

    return elementwise(value, pred, target)


def circular_error(pred: X, target: X) -> Array:
    """1 - cos(e), by the series of the cosine for small angles."""

    def value(p: Decimal, t: Decimal) -> Decimal | float:
        e = p - t
        if abs(e) == INFINITY:
            return math.nan
        if abs(e) > 1:
            return 1 - math.cos(float(e))
        term, total = ONE, ZERO
        for n in range(1, 16):
            term *= -e * e / ((2 * n - 1) * (2 * n))
            total -= term
        return total

    return elementwise(value, pred, target)
