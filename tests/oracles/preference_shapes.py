"""Losses of pairs of answers of other shapes and margins, as their papers print them."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, elementwise
from tests.oracles.preference import _log_sigmoid, _pairs, _sigmoid

X = npt.ArrayLike
MOST = Decimal(40)


def discopop(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, temperature: X = 0.05
) -> Array:
    """Lu 2024, equation 5: the logistic and the exponential loss mixed by sigma(rho / tau)."""

    def value(good: Decimal, bad: Decimal, beta: Decimal, temperature: Decimal) -> Decimal:
        rho = beta * (good - bad)
        share = _sigmoid(rho / temperature)
        return -_log_sigmoid(rho) * (1 - share) + (-rho).exp() * share

    return _pairs(
        value, chosen, rejected, ref_chosen, ref_rejected, beta=beta, temperature=temperature
    )


def f_dpo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, alpha: X = 0.5
) -> Array:
    """Wang 2023, table 1: f'(u) = (1 - u^-alpha) / alpha; u^-alpha up to exp(40) here."""

    def slope(log_u: Decimal, alpha: Decimal) -> Decimal:
        return (1 - min(MOST, -alpha * log_u).exp()) / alpha if alpha else log_u

    return _pairs(
        lambda good, bad, beta, alpha: (
            -_log_sigmoid(beta * slope(good, alpha) - beta * slope(bad, alpha))
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        alpha=alpha,
    )


def js_dpo(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Wang 2023, table 1: f'(u) = log(2 u / (1 + u))."""

    def slope(log_u: Decimal) -> Decimal:
        return (2 * log_u.exp() / (1 + log_u.exp())).ln()

    return _pairs(
        lambda good, bad, beta: -_log_sigmoid(beta * slope(good) - beta * slope(bad)),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def odpo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, offset: X, *, beta: X = 0.1
) -> Array:
    """Amini 2024, equation 8: -log sigma(r_w - r_l - Delta)."""

    def value(
        good: Decimal, bad: Decimal, v: Decimal, m: Decimal, o: Decimal, beta: Decimal
    ) -> Decimal:
        return -_log_sigmoid(beta * (good - v) - beta * (bad - m) - o)

    return elementwise(value, chosen, rejected, ref_chosen, ref_rejected, offset, beta=beta)


def r_dpo(
    chosen: X,
    rejected: X,
    ref_chosen: X,
    ref_rejected: X,
    chosen_length: X,
    rejected_length: X,
    *,
    beta: X = 0.1,
    alpha: X = 0.01,
) -> Array:
    """Park 2024: -log sigma(beta h + alpha |y_w| - alpha |y_l|)."""

    def value(
        good: Decimal,
        bad: Decimal,
        v: Decimal,
        m: Decimal,
        words: Decimal,
        others: Decimal,
        beta: Decimal,
        alpha: Decimal,
    ) -> Decimal:
        return -_log_sigmoid(beta * (good - v - bad + m) + alpha * words - alpha * others)

    return elementwise(
        value,
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        chosen_length,
        rejected_length,
        beta=beta,
        alpha=alpha,
    )


def dpop(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.3, penalty: X = 50.0
) -> Array:
    """Pal 2024, equation 3: -log sigma(beta (h - lambda max(0, log ref_w / pi_w)))."""
    return _pairs(
        lambda good, bad, beta, penalty: (
            -_log_sigmoid(beta * (good - bad - penalty * max(ZERO, -good)))
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        penalty=penalty,
    )


def diffusion_dpo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 2500.0
) -> Array:
    """Wallace 2024, equation 14: -log sigma(-beta (e_w - ref_w - (e_l - ref_l)))."""
    return _pairs(
        lambda good, bad, beta: -(ONE / (1 + (beta * (good - bad)).exp())).ln(),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )
