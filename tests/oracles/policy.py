"""Losses of policies, as their papers print them, token by token; log-ratios count up to 20."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, elementwise, kept, real, rows

X = npt.ArrayLike
LIMIT = Decimal(20)


def _ratio(log_ratio: Decimal) -> Decimal:
    return max(-LIMIT, min(LIMIT, log_ratio)).exp()


def _clip(x: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return max(low, min(high, x))


def _surrogate(r: Decimal, a: Decimal, low: Decimal, high: Decimal) -> Decimal:
    return min(r * a, _clip(r, 1 - low, 1 + high) * a)


def reinforce(log_p: X, advantages: X) -> Array:
    """Williams 1992: -A log pi."""
    return elementwise(lambda p, a: -a * p, log_p, advantages)


def ppo_clip(log_p: X, old_log_p: X, advantages: X, *, low: X = 0.2, high: X = 0.2) -> Array:
    """Schulman 2017, equation 7: -min(r A, clip(r, 1 - eps, 1 + eps) A)."""
    return elementwise(
        lambda p, q, a, low, high: -_surrogate(_ratio(p - q), a, low, high),
        log_p,
        old_log_p,
        advantages,
        low=low,
        high=high,
    )


def dual_clip(
    log_p: X, old_log_p: X, advantages: X, *, low: X = 0.2, high: X = 0.2, ceiling: X = 3.0
) -> Array:
    """Ye 2020, equation 5: -max(min(r A, clip(r) A), c A) where A < 0."""

    def value(
        p: Decimal, q: Decimal, a: Decimal, low: Decimal, high: Decimal, ceiling: Decimal
    ) -> Decimal:
        plain = _surrogate(_ratio(p - q), a, low, high)
        return -max(plain, ceiling * a) if a < 0 else -plain

    return elementwise(value, log_p, old_log_p, advantages, low=low, high=high, ceiling=ceiling)


def ppo_kl(log_p: X, old_log_p: X, advantages: X, *, beta: X = 0.01) -> Array:
    """Schulman 2017, equation 8, with KL[old, new] estimated by r - 1 - log r."""

    def value(p: Decimal, q: Decimal, a: Decimal, beta: Decimal) -> Decimal:
        r = _ratio(p - q)
        return -(r * a - beta * (r - 1 - r.ln()))

    return elementwise(value, log_p, old_log_p, advantages, beta=beta)


def cispo(log_p: X, old_log_p: X, advantages: X, *, ceiling: X = 5.0, held: Any = None) -> Array:
    """MiniMax 2025, equation 4: -sg(min(r, c)) A log pi."""
    fact = log_p if held is None else held[0]
    return elementwise(
        lambda p, q, a, constant, ceiling: -min(_ratio(constant - q), ceiling) * a * p,
        log_p,
        old_log_p,
        advantages,
        fact,
        ceiling=ceiling,
    )


def sapo(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    positive_temperature: X = 1.0,
    negative_temperature: X = 1.05,
) -> Array:
    """Gao 2025, equations 5 and 6: -A sigma(tau (r - 1)) 4 / tau."""

    def value(p: Decimal, q: Decimal, a: Decimal, **tau: Decimal) -> Decimal:
        t = tau["positive_temperature"] if a > 0 else tau["negative_temperature"]
        return -a / (1 + (-t * (_ratio(p - q) - 1)).exp()) * 4 / t

    return elementwise(
        value,
        log_p,
        old_log_p,
        advantages,
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
    )


def kl_k1(log_p: X, ref_log_p: X) -> Array:
    """Schulman 2020: log pi - log ref."""
    return elementwise(lambda p, q: p - q, log_p, ref_log_p)


def kl_k2(log_p: X, ref_log_p: X) -> Array:
    """Schulman 2020: half of its square."""
    return elementwise(lambda p, q: (p - q) ** 2 / 2, log_p, ref_log_p)


def kl_k3(log_p: X, ref_log_p: X) -> Array:
    """Schulman 2020: r - 1 - log r with r = ref / pi, which counts up to exp(20)."""

    def value(p: Decimal, q: Decimal) -> Decimal:
        log_r = min(LIMIT, q - p)
        return log_r.exp() - 1 - log_r

    return elementwise(value, log_p, ref_log_p)


def negative_entropy(logits: X, *, where: X | None = None) -> Array:
    """Mnih 2016: sum p log p over the actions that there are; 0 without."""

    def value(z: list[Decimal], keep: list[bool]) -> Decimal:
        exps = [x.exp() for x, k in zip(z, keep, strict=True) if k]
        p = [x / sum(exps, ZERO) for x in exps if x]
        return sum((x * x.ln() for x in p), ZERO)

    given = real(logits)
    return rows(value, given.shape[:-1], given, kept(where, given.shape))
