"""Losses of answers that are desirable or not, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, kept, mean, real, rows
from tests.oracles.preference import _log_sigmoid, _sigmoid

X = npt.ArrayLike


def kto(
    log_p: X,
    ref_log_p: X,
    desirable: X,
    kl: X,
    *,
    beta: X = 0.1,
    desirable_weight: X = 1.0,
    undesirable_weight: X = 1.0,
) -> Array:
    """Ethayarajh 2024, equation 8: lambda_y - v(x, y), with max(0, z_0) for the reference."""
    start = max(Decimal(float(real(kl))), ZERO)

    def value(p: Decimal, q: Decimal, good: Decimal, beta: Decimal, **weights: Decimal) -> Decimal:
        if good:
            weight = weights["desirable_weight"]
            return weight - weight * _sigmoid(beta * (p - q - start))
        weight = weights["undesirable_weight"]
        return weight - weight * _sigmoid(beta * (start - (p - q)))

    return rows(
        value,
        real(log_p).shape,
        real(log_p),
        real(ref_log_p),
        real(desirable),
        beta=beta,
        desirable_weight=desirable_weight,
        undesirable_weight=undesirable_weight,
    )


def bco(log_p: X, ref_log_p: X, desirable: X, shift: X, *, beta: X = 0.1) -> Array:
    """Jung 2024, equation 8: -log sigma(r - delta) if desirable, else -log sigma(-(r - delta))."""
    delta = Decimal(float(real(shift)))

    def value(p: Decimal, q: Decimal, good: Decimal, beta: Decimal) -> Decimal:
        r = beta * (p - q)
        return -_log_sigmoid(r - delta if good else delta - r)

    given = real(log_p), real(ref_log_p), real(desirable)
    return rows(value, given[0].shape, *given, beta=beta)


def apo_zero_unpaired(log_p: X, ref_log_p: X, desirable: X, *, beta: X = 0.1) -> Array:
    """D'Oosterlinck 2024: 1 - sigma(r) if desirable, else sigma(r)."""

    def value(p: Decimal, q: Decimal, good: Decimal, beta: Decimal) -> Decimal:
        likely = _sigmoid(beta * (p - q))
        return ONE - likely if good else likely

    given = real(log_p), real(ref_log_p), real(desirable)
    return rows(value, given[0].shape, *given, beta=beta)


def _quantiles(gaps: list[Decimal], beta: Decimal) -> Decimal:
    return mean([-_log_sigmoid(beta * gap) for gap in gaps])


def aot(
    chosen: X,
    rejected: X,
    ref_chosen: X,
    ref_rejected: X,
    *,
    beta: X = 0.1,
    where: X | None = None,
) -> Array:
    """Melnyk 2024, equation 9: sorted leads under the policy over sorted leads under the other."""

    def value(
        good: Any, bad: Any, ref_good: Any, ref_bad: Any, keep: list[bool], beta: Decimal
    ) -> Decimal:
        own, other = (
            sorted(a - b for a, b, k in zip(*pair, keep, strict=True) if k)
            for pair in ((good, bad), (ref_good, ref_bad))
        )
        return _quantiles([a - b for a, b in zip(own, other, strict=True)], beta)

    return _sets(value, chosen, rejected, ref_chosen, ref_rejected, beta=beta, where=where)


def aot_unpaired(
    chosen: X,
    rejected: X,
    ref_chosen: X,
    ref_rejected: X,
    *,
    beta: X = 0.1,
    where: X | None = None,
) -> Array:
    """Melnyk 2024, equation 10: sorted log-ratios of chosen answers over those of rejected ones."""

    def value(
        good: Any, bad: Any, ref_good: Any, ref_bad: Any, keep: list[bool], beta: Decimal
    ) -> Decimal:
        own, other = (
            sorted(a - b for a, b, k in zip(*pair, keep, strict=True) if k)
            for pair in ((good, ref_good), (bad, ref_bad))
        )
        return _quantiles([a - b for a, b in zip(own, other, strict=True)], beta)

    return _sets(value, chosen, rejected, ref_chosen, ref_rejected, beta=beta, where=where)


def _sets(fn: Any, *log_p: X, beta: X, where: X | None) -> Array:
    given = [real(array) for array in log_p]
    return rows(fn, given[0].shape[:-1], *given, kept(where, given[0].shape), beta=beta)


def moved_shift(shift: X, rewards: X, *, momentum: X = 0.99) -> Array:
    """Jung 2024: the moving mean of rewards; that of none moves nothing."""
    values = real(rewards).ravel().tolist()
    old, rate = real(shift), real(momentum)
    return real(rate * old + (1 - rate) * sum(values) / len(values)) if values else old
