"""Losses for wrong labels, as their papers print them; the tempered normaliser by bisection."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    log_softmax,
    masses_of,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _probability(z: Vector, y: int) -> Decimal | None:
    """Of the label; none for one out of range, 1 where no class is in play."""
    keep = in_play(z)
    if masses_of(y, len(z)) is None:
        return None
    return log_softmax(z, keep)[y].exp() if any(keep) else ONE


def _power(x: Decimal, exponent: Decimal) -> Decimal:
    return x**exponent if x else (ZERO if exponent > 0 else INFINITY)


def _log_t(x: Decimal, t: Decimal) -> Decimal:
    return x.ln() if t == 1 else (_power(x, 1 - t) - 1) / (1 - t)


def _exp_t(x: Decimal, t: Decimal) -> Decimal:
    if x == -INFINITY:
        return ZERO
    if t == 1:
        return x.exp()
    base = 1 + (1 - t) * x
    return base ** (1 / (1 - t)) if base > 0 else ZERO


def generalized_cross_entropy(logits: X, labels: X, *, q: X = 0.7) -> Array:
    """Zhang 2018: (1 - p_y^q) / q."""

    def value(z: Vector, y: int, q: Decimal) -> Decimal:
        p = _probability(z, y)
        return NAN if p is None else -_log_t(p, 1 - q)

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), q=q)


def taylor_cross_entropy(logits: X, labels: X, *, order: int = 2) -> Array:
    """Feng 2020: Σ_{n=1}^{order} (1 - p_y)^n / n."""

    def value(z: Vector, y: int) -> Decimal:
        p = _probability(z, y)
        return NAN if p is None else total((1 - p) ** n / n for n in range(1, order + 1))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))


def bi_tempered(logits: X, labels: X, *, t1: X = 0.8, t2: X = 1.2) -> Array:
    """Amid 2019, equation 6: Σ y (log_t1 y - log_t1 p) - (y^(2-t1) - p^(2-t1)) / (2 - t1)."""

    def value(z: Vector, y: int, t1: Decimal, t2: Decimal) -> Decimal:
        masses = masses_of(y, len(z))
        if masses is None:
            return NAN
        if not any(in_play(z)):
            return ZERO
        low = max(z)
        high = low - _log_t(ONE / len(z), t2)
        for _ in range(130):
            middle = (low + high) / 2
            above = total(_exp_t(x - middle, t2) for x in z) > 1
            low, high = (middle, high) if above else (low, middle)
        p = [_exp_t(x - low, t2) for x in z]
        return total(
            (-_log_t(b, t1) if a else ZERO) - (a - _power(b, 2 - t1)) / (2 - t1)
            for a, b in zip(masses, p, strict=True)
        )

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), t1=t1, t2=t2)


def mean_absolute_error(logits: X, labels: X) -> Array:
    """Ghosh 2017: Σ_k |y_k - p_k|."""

    def value(z: Vector, y: int) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        return total(abs(a - b) for a, b in zip(masses, p, strict=True))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))


def reverse_cross_entropy(logits: X, labels: X, *, log_zero: X = -4.0) -> Array:
    """Wang 2019, equation 5: -Σ_k p_k log y_k, with log 0 := log_zero."""

    def value(z: Vector, y: int, log_zero: Decimal) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        return total(-b * (ZERO if a else log_zero) for a, b in zip(masses, p, strict=True))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), log_zero=log_zero)


def symmetric_cross_entropy(
    logits: X, labels: X, *, alpha: X = 0.1, beta: X = 1.0, log_zero: X = -4.0
) -> Array:
    """Wang 2019, equation 7: alpha CE + beta RCE."""

    def value(z: Vector, y: int) -> Decimal:
        p = _probability(z, y)
        return NAN if p is None else -p.ln()

    z = real(logits)
    entropy = rows(value, z.shape[:-1], z, integer(labels))
    reverse = reverse_cross_entropy(logits, labels, log_zero=log_zero)
    return real(alpha) * entropy + real(beta) * reverse


def partially_huberized_cross_entropy(logits: X, labels: X, *, tau: X = 10.0) -> Array:
    """Menon 2020, equation 7: -tau p_y + log tau + 1 where p_y <= 1 / tau, else -log p_y."""

    def value(z: Vector, y: int, tau: Decimal) -> Decimal:
        p = _probability(z, y)
        if p is None:
            return NAN
        return -tau * p + tau.ln() + 1 if p * tau <= 1 else -p.ln()

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), tau=tau)
