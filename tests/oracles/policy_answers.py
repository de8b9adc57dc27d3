"""Losses of policies by the ratio of whole answers, as their papers print them."""

from decimal import Decimal
from typing import Any

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, items, kept, mean, real, rows
from tests.oracles.policy import LIMIT, _clip, _ratio, _surrogate

X = npt.ArrayLike
Tokens = list[Decimal]


def _answers(fn: Any, log_p: X, old: X, advantages: X, where: X | None, **hyper: X) -> Array:
    """Call `fn(log-ratios of the tokens, A, ...)` for each answer; 0 for an empty one."""

    def value(p: Tokens, q: Tokens, a: Decimal, keep: list[bool], **hyper: Decimal) -> Decimal:
        found = [x - y for x, y, k in zip(p, q, keep, strict=True) if k]
        return fn(found, a, **hyper) if found else ZERO

    given = real(log_p)
    batch = given.shape[:-1]
    keep = kept(where, given.shape)
    return rows(value, batch, given, real(old), real(advantages), keep, **hyper)


def gspo(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    low: X = 3e-4,
    high: X = 4e-4,
    where: X | None = None,
) -> Array:
    """Zheng 2025, equations 5 and 7: PPO with s = exp(1/|y| sum log r)."""
    return _answers(
        lambda found, a, low, high: -_surrogate(_ratio(mean(found)), a, low, high),
        log_p,
        old_log_p,
        advantages,
        where,
        low=low,
        high=high,
    )


def luspo(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    low: X = 2e-3,
    high: X = 2.5e-3,
    where: X | None = None,
) -> Array:
    """Liu 2026: GSPO times the length of the answer."""
    return _answers(
        lambda found, a, low, high: -len(found) * _surrogate(_ratio(mean(found)), a, low, high),
        log_p,
        old_log_p,
        advantages,
        where,
        low=low,
        high=high,
    )


def gmpo(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    low: X = 0.4,
    high: X = 0.4,
    where: X | None = None,
) -> Array:
    """Zhao 2025, equation 4: -A times the geometric mean of ratios, clipped by the sign of A."""

    def value(found: Tokens, a: Decimal, low: Decimal, high: Decimal) -> Decimal:
        sign = 1 if a > 0 else -1
        clipped = [sign * min(sign * x, sign * _clip(x, -low, high)) for x in found]
        return -a * _ratio(mean(clipped))

    return _answers(value, log_p, old_log_p, advantages, where, low=low, high=high)


def gspo_token(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    low: X = 3e-4,
    high: X = 4e-4,
    where: X | None = None,
    held: Any = None,
) -> Array:
    """Zheng 2025, equations 13 and 14: PPO with s_t = sg(s) pi / sg(pi), one for each token."""
    given, fact = real(log_p), real(log_p if held is None else held[0])
    keep = kept(where, given.shape)

    def value(
        i: int,
        p: Tokens,
        q: Tokens,
        a: Tokens,
        constant: Tokens,
        keep: list[bool],
        low: Decimal,
        high: Decimal,
    ) -> Decimal:
        if not keep[i]:
            return ZERO
        found = [x - y for x, y, k in zip(constant, q, keep, strict=True) if k]
        s = _ratio(mean(found)) * (p[i] - constant[i]).exp()
        return -_surrogate(s, a[i], low, high)

    return items(
        value,
        given.shape[:-1],
        given.shape[-1],
        given,
        real(old_log_p),
        real(advantages),
        fact,
        keep,
        low=low,
        high=high,
    )


def vespo(
    log_p: X,
    old_log_p: X,
    advantages: X,
    *,
    positive_k: X = 2.0,
    positive_rate: X = 3.0,
    negative_k: X = 3.0,
    negative_rate: X = 2.0,
    where: X | None = None,
    held: Any = None,
) -> Array:
    """Shen 2026: -phi(w) A log pi with phi(w) = w^k exp(lambda (1 - w)), w the ratio of answers."""
    given, fact = real(log_p), real(log_p if held is None else held[0])
    keep = kept(where, given.shape)

    def value(
        i: int,
        p: Tokens,
        q: Tokens,
        a: Decimal,
        constant: Tokens,
        keep: list[bool],
        **hyper: Decimal,
    ) -> Decimal:
        if not keep[i]:
            return ZERO
        pairs = zip(constant, q, keep, strict=True)
        w = _ratio(sum((_clip(x - y, -LIMIT, LIMIT) for x, y, k in pairs if k), ZERO))
        side = "positive" if a >= 0 else "negative"
        k, rate = hyper[f"{side}_k"], hyper[f"{side}_rate"]
        return -(w**k) * (rate * (1 - w)).exp() * a * p[i]

    return items(
        value,
        given.shape[:-1],
        given.shape[-1],
        given,
        real(old_log_p),
        real(advantages),
        fact,
        keep,
        positive_k=positive_k,
        positive_rate=positive_rate,
        negative_k=negative_k,
        negative_rate=negative_rate,
    )
