"""Losses of pairs of answers, as their papers print them, in rewards of policy over reference."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, elementwise, softplus

X = npt.ArrayLike


def _log_sigmoid(x: Decimal) -> Decimal:
    return -softplus(-x)


def _sigmoid(x: Decimal) -> Decimal:
    return ONE / (1 + (-x).exp())


def _pairs(fn: Callable[..., Decimal], *log_p: X, **hyper: X) -> Array:
    """Call `fn(log-ratio of the winner, of the loser, ...)` for each pair."""

    def value(
        won: Decimal, lost: Decimal, ref_won: Decimal, ref_lost: Decimal, **hyper: Decimal
    ) -> Decimal:
        return fn(won - ref_won, lost - ref_lost, **hyper)

    return elementwise(value, *log_p, **hyper)


def dpo(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Rafailov 2023, equation 7: -log sigma(beta log-ratio_w - beta log-ratio_l)."""
    return _pairs(
        lambda good, bad, beta: -_log_sigmoid(beta * good - beta * bad),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def conservative_dpo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, smoothing: X = 0.1
) -> Array:
    """Mitchell 2023: (1 - eps) of the loss and eps of that of the pair turned round."""
    return _pairs(
        lambda good, bad, beta, smoothing: (
            -(1 - smoothing) * _log_sigmoid(beta * (good - bad))
            - smoothing * _log_sigmoid(beta * (bad - good))
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        smoothing=smoothing,
    )


def robust_dpo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, smoothing: X = 0.1
) -> Array:
    """Chowdhury 2024, equation 12: ((1 - eps) loss - eps flipped loss) / (1 - 2 eps)."""
    return _pairs(
        lambda good, bad, beta, smoothing: (
            (
                -(1 - smoothing) * _log_sigmoid(beta * (good - bad))
                + smoothing * _log_sigmoid(beta * (bad - good))
            )
            / (1 - 2 * smoothing)
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        smoothing=smoothing,
    )


def ipo(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Azar 2023, equation 17: (h - 1 / (2 tau))^2."""
    return _pairs(
        lambda good, bad, beta: (good - bad - 1 / (2 * beta)) ** 2,
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def slic(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Zhao 2023: max(0, 1 - beta h)."""
    return _pairs(
        lambda good, bad, beta: max(ZERO, 1 - beta * (good - bad)),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def exo(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, smoothing: X = 1e-3
) -> Array:
    """Ji 2024, equation 16: KL of the policy's choice from (1 - eps, eps)."""

    def value(good: Decimal, bad: Decimal, beta: Decimal, smoothing: Decimal) -> Decimal:
        exps = [(beta * good).exp(), (beta * bad).exp()]
        p = [x / sum(exps) for x in exps]
        return sum(
            (
                a * (a.ln() - b.ln()) if a else ZERO
                for a, b in zip(p, [1 - smoothing, smoothing], strict=True)
            ),
            ZERO,
        )

    return _pairs(value, chosen, rejected, ref_chosen, ref_rejected, beta=beta, smoothing=smoothing)


def nca(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Chen 2024, table 1: -log sigma(r_w) - 1/2 sum over both of log sigma(-r)."""
    return _pairs(
        lambda good, bad, beta: (
            -_log_sigmoid(beta * good)
            - (_log_sigmoid(-beta * good) + _log_sigmoid(-beta * bad)) / 2
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def bco_pair(
    chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1, shift: X = 0.0
) -> Array:
    """Jung 2024, equation 7: -log sigma(r_w - delta) - log sigma(-(r_l - delta))."""
    return _pairs(
        lambda good, bad, beta, shift: (
            -_log_sigmoid(beta * good - shift) - _log_sigmoid(-(beta * bad - shift))
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        shift=shift,
    )


def sppo(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """Wu 2024, equation 4.7 with eta = 1 / beta and probabilities 1 and 0."""
    return _pairs(
        lambda good, bad, beta: (
            (good - (1 - ONE / 2) / beta) ** 2 + (bad - (0 - ONE / 2) / beta) ** 2
        ),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def apo_zero(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """D'Oosterlinck 2024, equation 2: -sigma(r_w) + sigma(r_l), and 1 so that it is positive."""
    return _pairs(
        lambda good, bad, beta: 1 - _sigmoid(beta * good) + _sigmoid(beta * bad),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )


def apo_down(chosen: X, rejected: X, ref_chosen: X, ref_rejected: X, *, beta: X = 0.1) -> Array:
    """D'Oosterlinck 2024, equation 3: sigma(r_w) - sigma(r_w - r_l), and 1."""
    return _pairs(
        lambda good, bad, beta: _sigmoid(beta * good) + 1 - _sigmoid(beta * good - beta * bad),
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
    )
