"""Reward models and what learns from rewards, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, elementwise, kept, real, rows
from tests.oracles.preference import _log_sigmoid

X = npt.ArrayLike


def bradley_terry(chosen: X, rejected: X, *, margin: X = 0.0, centering: X = 0.0) -> Array:
    """Touvron 2023, (2), and Eisenstein 2023: -log sigma(r_w - r_l - m) + c (r_w + r_l)^2."""
    return elementwise(
        lambda good, bad, margin, centering: (
            -_log_sigmoid(good - bad - margin) + centering * (good + bad) ** 2
        ),
        chosen,
        rejected,
        margin=margin,
        centering=centering,
    )


def xpo(
    chosen: X,
    rejected: X,
    ref_chosen: X,
    ref_rejected: X,
    explored: X,
    *,
    beta: X = 0.1,
    alpha: X = 1e-5,
) -> Array:
    """Xie 2024, algorithm 1: alpha log pi(tilde tau) - log sigma(beta h)."""

    def value(
        good: Decimal,
        bad: Decimal,
        ref_good: Decimal,
        ref_bad: Decimal,
        other: Decimal,
        beta: Decimal,
        alpha: Decimal,
    ) -> Decimal:
        lead = beta * (good - ref_good) - beta * (bad - ref_bad)
        return alpha * other - _log_sigmoid(lead)

    return elementwise(
        value, chosen, rejected, ref_chosen, ref_rejected, explored, beta=beta, alpha=alpha
    )


def nash_md(log_p: X, ref_log_p: X, win_rate: X, *, beta: X = 0.1, held: Any = None) -> Array:
    """Munos 2023, section 7.3: log pi (P - 1/2 - tau log(pi / mu)), minimised, the factor held."""
    fact = log_p if held is None else held[0]
    return elementwise(
        lambda p, q, rate, constant, beta: -p * (rate - ONE / 2 - beta * (constant - q)),
        log_p,
        ref_log_p,
        win_rate,
        fact,
        beta=beta,
    )


def a_star_po(log_p: X, ref_log_p: X, rewards: X, best: X, *, beta: X = 1e-3) -> Array:
    """Brantley 2025, equation 4: (beta_2 log(pi / ref) - (r - V*))^2."""
    return elementwise(
        lambda p, q, r, v, beta: (beta * (p - q) - (r - v)) ** 2,
        log_p,
        ref_log_p,
        rewards,
        best,
        beta=beta,
    )


def optimal_value(rewards: X, *, temperature: X = 0.5, where: X | None = None) -> Array:
    """Brantley 2025, equation 3: beta_1 log(1/N sum exp(r / beta_1)); 0 of none."""

    def value(r: list[Decimal], keep: list[bool], temperature: Decimal) -> Decimal:
        exps = [(x / temperature).exp() for x, k in zip(r, keep, strict=True) if k]
        return temperature * (sum(exps, ZERO) / len(exps)).ln() if exps else ZERO

    given = real(rewards)
    return rows(value, given.shape[:-1], given, kept(where, given.shape), temperature=temperature)
