"""Distillation of language models, as their papers print it: tokens, and parts of a vocabulary."""

from decimal import Decimal
from itertools import zip_longest

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    items,
    kept,
    log_softmax,
    mean,
    real,
    rows,
    total,
)
from tests.oracles.softened import kl, softmax

X = npt.ArrayLike
Vector = list[Decimal]


def universal_logit(logits: X, teacher_logits: X, *, temperature: X = 1.0) -> Array:
    """Boizard 2024: sum of |p - q| over sorted probabilities, the shorter filled up by zeros."""
    z, t = real(logits), real(teacher_logits)

    def value(z: Vector, t: Vector, temperature: Decimal) -> Decimal:
        q, p = (sorted(softmax(x, temperature), reverse=True) for x in (z, t))
        return total(abs(a - b) for a, b in zip_longest(q, p, fillvalue=ZERO))

    return rows(value, z.shape[:-1], z, t, temperature=temperature)


def top_k(logits: X, teacher_log_p: X, index: X, *, temperature: X = 1.0) -> Array:
    """KL over the teacher's classes and one bucket for all others, times T^2."""
    z, x, i = real(logits), real(teacher_log_p), integer(index)

    def value(z: Vector, x: Vector, i: list[int], temperature: Decimal) -> Decimal:
        if any(not 0 <= c < len(z) for c in i):
            return NAN
        q, p = softmax(z, temperature), [a.exp() for a in x]
        rest = total(b for c, b in enumerate(q) if c not in i)
        return temperature**2 * kl([*p, max(ONE - total(p), ZERO)], [*(q[c] for c in i), rest])

    return rows(value, z.shape[:-1], z, x, i, temperature=temperature)


def _log_p(z: Vector, token: int) -> Decimal:
    keep = in_play(z)
    if not 0 <= token < len(z):
        return NAN
    return log_softmax(z, keep)[token] if any(keep) else ZERO


def minillm(
    logits: X,
    teacher_logits: X,
    tokens: X,
    *,
    where: X | None = None,
    held: tuple[X, X, X] | None = None,
) -> Array:
    """Gu 2024, equations 3 to 5: KL(q, p) of a step, and the mean later log ratio times log q."""
    z, t, y = real(logits), real(teacher_logits), integer(tokens)
    still = z if held is None else real(held[0])

    def value(
        s: int,
        z: list[Vector],
        t: list[Vector],
        y: list[int],
        still: list[Vector],
        keep: list[bool],
    ) -> Decimal:
        if not keep[s]:
            return ZERO
        later = [u for u in range(s + 1, len(y)) if keep[u]]
        gain = mean([_log_p(t[u], y[u]) - _log_p(still[u], y[u]) for u in later])
        return kl(softmax(z[s]), softmax(t[s])) - gain * _log_p(z[s], y[s])

    return items(value, y.shape[:-1], y.shape[-1], z, t, y, still, kept(where, y.shape))


def on_policy(
    log_p: X, teacher_log_p: X, sampled_log_p: X, *, gamma: X = 0.5, where: X | None = None
) -> Array:
    """-w a log p, with a = log teacher - log sampled and w = 1 + gamma (1 - |a| before / |a|)."""
    x, t, s = real(log_p), real(teacher_log_p), real(sampled_log_p)

    def value(i: int, x: Vector, t: Vector, s: Vector, keep: list[bool], gamma: Decimal) -> Decimal:
        if not keep[i]:
            return ZERO
        gains = [a - b if flag else ZERO for a, b, flag in zip(t, s, keep, strict=True)]
        before, everything = (total(abs(a) for a in part) for part in (gains[:i], gains))
        share = before / everything if everything else ZERO
        return -(1 + gamma * (1 - share)) * gains[i] * x[i]

    return items(value, x.shape[:-1], x.shape[-1], x, t, s, kept(where, x.shape), gamma=gamma)
