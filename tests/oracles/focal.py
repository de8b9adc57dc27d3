"""Losses that discount what is right already, entry by entry and class by class.

A soft target is the mean of the losses of yes and no. Powers and logarithms are those of the
papers, taken of probabilities.
"""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    Target,
    elementwise,
    in_play,
    integer,
    kept,
    log_softmax,
    masses_of,
    power,
    real,
    rows,
    target_of,
    total,
    weights_of,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _sigmoid(z: Decimal) -> Decimal:
    return 1 / (1 + (-z).exp())


def _times(weight: Decimal, cost: Callable[[], Decimal]) -> Decimal:
    """A product, in which a weight of 0 wins."""
    return weight * cost() if weight else ZERO


def _mean(t: Decimal, yes: Callable[[], Decimal], no: Callable[[], Decimal]) -> Decimal:
    return _times(t, yes) + _times(1 - t, no)


def _focal(p: Decimal, miss: Decimal, gamma: Decimal) -> Decimal:
    """-(1 - p)^gamma log p, given 1 - p."""
    return -power(miss, gamma) * p.ln() if p != 1 else ZERO


def sigmoid_focal(logits: X, target: X, *, gamma: X = 2.0, alpha: X | None = None) -> Array:
    """Lin 2017: -alpha_t (1 - p_t)^gamma log p_t."""

    def value(z: Decimal, t: Decimal, gamma: Decimal, yes: Decimal, no: Decimal) -> Decimal:
        p, q = _sigmoid(z), _sigmoid(-z)
        return _mean(t, lambda: yes * _focal(p, q, gamma), lambda: no * _focal(q, p, gamma))

    yes, no = _sides(alpha)
    return elementwise(value, logits, target, gamma=gamma, yes=yes, no=no)


def _sides(alpha: X | None) -> tuple[X, X]:
    """Weights of yes and no."""
    return (1.0, 1.0) if alpha is None else (alpha, 1 - real(alpha))


def softmax_focal(
    logits: X,
    target: X,
    *,
    gamma: X = 2.0,
    where: X | None = None,
    class_weights: X | None = None,
) -> Array:
    """-Σ w q (1 - p)^gamma log p over the classes in play."""

    def value(z: Vector, t: Target, keep: list[bool], w: Vector, gamma: Decimal) -> Decimal:
        masses, keep = masses_of(t, len(z), keep), in_play(z, keep)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        misses = [total(p[:k] + p[k + 1 :]) for k in range(len(p))]
        return total(
            _times(w[k] * masses[k], lambda k=k: _focal(p[k], misses[k], gamma))
            for k in range(len(p))
        )

    z = real(logits)
    keep, weights = kept(where, z.shape), weights_of(class_weights, z.shape)
    return rows(value, z.shape[:-1], z, target_of(target), keep, weights, gamma=gamma)


def focal_star(
    logits: X, target: X, *, gamma: X = 2.0, beta: X = 1.0, alpha: X | None = None
) -> Array:
    """Lin 2017, appendix: -alpha_t log σ(gamma x_t + beta) / gamma with x_t = ±x."""

    def value(
        z: Decimal, t: Decimal, gamma: Decimal, beta: Decimal, yes: Decimal, no: Decimal
    ) -> Decimal:
        def cost(x: Decimal) -> Decimal:
            return (1 + (-(gamma * x + beta)).exp()).ln() / gamma

        return _mean(t, lambda: yes * cost(z), lambda: no * cost(-z))

    yes, no = _sides(alpha)
    return elementwise(value, logits, target, gamma=gamma, beta=beta, yes=yes, no=no)


def reduced_focal(logits: X, target: X, *, gamma: X = 2.0, threshold: X = 0.5) -> Array:
    """Sergievskiy 2019: the factor is 1 below the threshold, ((1 - p_t) / (1 - th))^gamma above."""

    def value(z: Decimal, t: Decimal, gamma: Decimal, threshold: Decimal) -> Decimal:
        def cost(p: Decimal, miss: Decimal) -> Decimal:
            if p == 1:
                return ZERO
            factor = power(miss / (1 - threshold), gamma) if p >= threshold else ONE
            return -factor * p.ln()

        p, q = _sigmoid(z), _sigmoid(-z)
        return _mean(t, lambda: cost(p, q), lambda: cost(q, p))

    return elementwise(value, logits, target, gamma=gamma, threshold=threshold)


def asymmetric(
    logits: X,
    target: X,
    *,
    positive_gamma: X = 1.0,
    negative_gamma: X = 4.0,
    margin: X = 0.05,
) -> Array:
    """Ridnik 2021: y (1-p)^g+ log p + (1-y) p_m^g- log(1 - p_m) with p_m = max(p - m, 0)."""

    def value(
        z: Decimal,
        t: Decimal,
        positive_gamma: Decimal,
        negative_gamma: Decimal,
        margin: Decimal,
    ) -> Decimal:
        p, q = _sigmoid(z), _sigmoid(-z)
        shifted = max(p - margin, ZERO)
        return _mean(
            t,
            lambda: _focal(p, q, positive_gamma),
            lambda: _focal(min(q + margin, ONE), shifted, negative_gamma),
        )

    hyper = {"positive_gamma": positive_gamma, "negative_gamma": negative_gamma}
    return elementwise(value, logits, target, margin=margin, **hyper)


def quality_focal(logits: X, target: X, *, gamma: X = 2.0) -> Array:
    """Li 2020: |y - σ|^gamma ((1 - y) (-log(1 - σ)) - y log σ)."""

    def value(z: Decimal, y: Decimal, gamma: Decimal) -> Decimal:
        p, q = _sigmoid(z), _sigmoid(-z)
        entropy = _mean(y, lambda: -p.ln(), lambda: -q.ln())
        return power(abs(y * q - (1 - y) * p), gamma) * entropy

    return elementwise(value, logits, target, gamma=gamma)


def varifocal(logits: X, target: X, *, gamma: X = 2.0, alpha: X = 0.75) -> Array:
    """Zhang 2021: -q (q log p + (1 - q) log(1 - p)) for q > 0, -alpha p^gamma log(1 - p) at 0."""

    def value(z: Decimal, quality: Decimal, gamma: Decimal, alpha: Decimal) -> Decimal:
        p, q = _sigmoid(z), _sigmoid(-z)
        if quality > 0:
            return quality * _mean(quality, lambda: -p.ln(), lambda: -q.ln())
        return alpha * _focal(q, p, gamma)

    return elementwise(value, logits, target, gamma=gamma, alpha=alpha)


def gaussian_focal(logits: X, target: X, *, gamma: X = 2.0, beta: X = 4.0) -> Array:
    """Law 2018: -(1-p)^gamma log p where y is 1, -(1-y)^beta p^gamma log(1 - p) elsewhere."""

    def value(z: Decimal, y: Decimal, gamma: Decimal, beta: Decimal) -> Decimal:
        p, q = _sigmoid(z), _sigmoid(-z)
        return _focal(p, q, gamma) if y == 1 else power(1 - y, beta) * _focal(q, p, gamma)

    return elementwise(value, logits, target, gamma=gamma, beta=beta)


def distribution_focal(logits: X, target: X) -> Array:
    """Li 2020: -(right - y) log S_left - (y - left) log S_right for the bins around y."""

    def value(z: Vector, y: Decimal) -> Decimal:
        if not 0 <= y <= len(z) - 1:
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        left = int(y)
        share = y - left
        return _mean(share, lambda: -log_p[left + 1], lambda: -log_p[left])

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target))


def dual_focal(logits: X, labels: X, *, gamma: X = 2.0) -> Array:
    """Tao 2023: -(1 - p_y + p_j)^gamma log p_y with p_j the largest probability below p_y, or 0."""

    def value(z: Vector, y: int, gamma: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        p = [x.exp() for x in log_p]
        lower = [b for a, b in zip(z, p, strict=True) if a < z[y]]
        miss = total(p[:y] + p[y + 1 :])
        return -power(miss + max(lower, default=ZERO), gamma) * log_p[y]

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), gamma=gamma)


def focal_cosine(logits: X, labels: X, *, gamma: X = 2.0, weight: X = 0.1) -> Array:
    """Kim 2020: 1 - cos(z, e_y) + weight (1 - p_y)^gamma (-log p_y) with p of z / |z|."""

    def value(z: Vector, y: int, gamma: Decimal, weight: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        size = total(x * x for x, k in zip(z, keep, strict=True) if k).sqrt()
        unit = [x / size if size else x for x in z]
        p = [x.exp() for x in log_softmax(unit, keep)]
        cosine = unit[y] if keep[y] else ZERO
        focal = _focal(p[y], total(p[:y] + p[y + 1 :]), gamma)
        return 1 - cosine + weight * focal

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), gamma=gamma, weight=weight)
