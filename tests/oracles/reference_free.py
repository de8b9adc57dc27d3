"""Losses of pairs of answers without a reference, as their papers print them."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import Array, elementwise
from tests.oracles.preference import _log_sigmoid

X = npt.ArrayLike


def cpo(chosen: X, rejected: X, *, beta: X = 0.1, nll_weight: X = 1.0) -> Array:
    """Xu 2024, equation 3: -log sigma(beta (log pi_w - log pi_l)) - log pi_w."""
    return elementwise(
        lambda good, bad, beta, nll_weight: -_log_sigmoid(beta * (good - bad)) - nll_weight * good,
        chosen,
        rejected,
        beta=beta,
        nll_weight=nll_weight,
    )


def tpo(chosen: X, rejected: X, gold: X, *, beta: X = 0.01, nll_weight: X = 1.0) -> Array:
    """Saeidi 2024: -log sigma(beta (log pi_w - log pi_l)) - alpha log pi_gold."""
    return elementwise(
        lambda good, bad, best, beta, nll_weight: (
            -_log_sigmoid(beta * (good - bad)) - nll_weight * best
        ),
        chosen,
        rejected,
        gold,
        beta=beta,
        nll_weight=nll_weight,
    )


def simpo(chosen: X, rejected: X, *, beta: X = 2.0, margin: X = 1.0) -> Array:
    """Meng 2024, equation 6: -log sigma(beta mean_w - beta mean_l - gamma)."""
    return elementwise(
        lambda good, bad, beta, margin: -_log_sigmoid(beta * good - beta * bad - margin),
        chosen,
        rejected,
        beta=beta,
        margin=margin,
    )


def alphapo(chosen: X, rejected: X, *, beta: X = 2.5, margin: X = 0.25, alpha: X = 0.25) -> Array:
    """Gupta 2025: r = (1 - pi^-alpha) / alpha in SimPO, pi^-alpha up to exp(40) here."""

    def reward(log_p: Decimal, alpha: Decimal) -> Decimal:
        return (1 - min(Decimal(40), -alpha * log_p).exp()) / alpha if alpha else log_p

    return elementwise(
        lambda good, bad, beta, margin, alpha: (
            -_log_sigmoid(beta * reward(good, alpha) - beta * reward(bad, alpha) - margin)
        ),
        chosen,
        rejected,
        beta=beta,
        margin=margin,
        alpha=alpha,
    )


def orpo(chosen: X, rejected: X, *, weight: X = 0.1) -> Array:
    """Hong 2024, equation 6: NLL_w - lambda log sigma(log odds_w / odds_l); certainty is capped."""

    def log_odds(log_p: Decimal) -> Decimal:
        log_p = min(log_p, Decimal("-1e-18"))
        return log_p - (1 - log_p.exp()).ln()

    return elementwise(
        lambda good, bad, weight: -good - weight * _log_sigmoid(log_odds(good) - log_odds(bad)),
        chosen,
        rejected,
        weight=weight,
    )
