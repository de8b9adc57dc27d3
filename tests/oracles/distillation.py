"""Students of a teacher's scores, as their papers print them, on probabilities in decimals."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    real,
    rows,
    total,
)
from tests.oracles.softened import kl, softmax

X = npt.ArrayLike
Vector = list[Decimal]


def _of_softened(
    fn: Callable[..., Decimal], logits: X, teacher_logits: X, temperature: X, **hyper: X
) -> Array:
    """T^2 times `fn(q, p, **hyper)` of the softened probabilities of student and teacher."""

    def value(z: Vector, t: Vector, temperature: Decimal, **hyper: Decimal) -> Decimal:
        q, p = softmax(z, temperature), softmax(t, temperature)
        return temperature * temperature * fn(q, p, **hyper)

    z, t = real(logits), real(teacher_logits)
    return rows(value, z.shape[:-1], z, t, temperature=temperature, **hyper)


def knowledge_distillation(logits: X, teacher_logits: X, *, temperature: X = 1.0) -> Array:
    """Hinton 2015: T^2 KL(p, q)."""
    return _of_softened(lambda q, p: kl(p, q), logits, teacher_logits, temperature)


def soft_cross_entropy(logits: X, teacher_logits: X, *, temperature: X = 1.0) -> Array:
    """Hinton 2015: -T^2 sum of p ln q."""

    def value(q: Vector, p: Vector) -> Decimal:
        return total(-a * b.ln() for a, b in zip(p, q, strict=True) if a)

    return _of_softened(value, logits, teacher_logits, temperature)


def reverse_kl(logits: X, teacher_logits: X, *, temperature: X = 1.0) -> Array:
    """Gu 2024: T^2 KL(q, p)."""
    return _of_softened(kl, logits, teacher_logits, temperature)


def total_variation(logits: X, teacher_logits: X, *, temperature: X = 1.0) -> Array:
    """Wen 2023: half the sum of |p - q|, times T^2."""

    def value(q: Vector, p: Vector) -> Decimal:
        return total(abs(a - b) for a, b in zip(p, q, strict=True)) / 2

    return _of_softened(value, logits, teacher_logits, temperature)


def generalized_jensen_shannon(
    logits: X, teacher_logits: X, *, beta: X = 0.5, temperature: X = 1.0
) -> Array:
    """Agarwal 2024, equation 1: beta KL(p, m) + (1 - beta) KL(q, m), m = beta p + (1 - beta) q."""

    def value(q: Vector, p: Vector, beta: Decimal) -> Decimal:
        m = [beta * a + (1 - beta) * b for a, b in zip(p, q, strict=True)]
        parts = [(beta, p), (1 - beta, q)]
        return total(share * kl(x, m) for share, x in parts if share)

    return _of_softened(value, logits, teacher_logits, temperature, beta=beta)


def skew_kl(logits: X, teacher_logits: X, *, skew: X = 0.1, temperature: X = 1.0) -> Array:
    """Ko 2024: KL(p, skew p + (1 - skew) q)."""

    def value(q: Vector, p: Vector, skew: Decimal) -> Decimal:
        return kl(p, [skew * a + (1 - skew) * b for a, b in zip(p, q, strict=True)])

    return _of_softened(value, logits, teacher_logits, temperature, skew=skew)


def skew_reverse_kl(logits: X, teacher_logits: X, *, skew: X = 0.1, temperature: X = 1.0) -> Array:
    """Ko 2024: KL(q, (1 - skew) p + skew q)."""

    def value(q: Vector, p: Vector, skew: Decimal) -> Decimal:
        return kl(q, [(1 - skew) * a + skew * b for a, b in zip(p, q, strict=True)])

    return _of_softened(value, logits, teacher_logits, temperature, skew=skew)


def adaptive_kl(
    logits: X, teacher_logits: X, *, head: X = 0.5, held: tuple[X, X] | None = None
) -> Array:
    """Wu 2024: both divergences, by the gaps in the head and in the tail, which are constants."""
    z, t = real(logits), real(teacher_logits)
    still = z if held is None else real(held[0])

    def value(z: Vector, t: Vector, still: Vector, head: Decimal) -> Decimal:
        q, p, seen = softmax(z), softmax(t), softmax(still)
        mass, gaps = ZERO, {True: ZERO, False: ZERO}
        for c in sorted(range(len(p)), key=lambda c: -p[c]):
            gaps[mass < head] += abs(p[c] - seen[c])
            mass += p[c]
        if gaps[True] + gaps[False] == 0:
            return ZERO
        share = gaps[True] / (gaps[True] + gaps[False])
        parts = [(share, kl(p, q)), (1 - share, kl(q, p))]
        return total(weight * x for weight, x in parts if weight)

    return rows(value, z.shape[:-1], z, t, still, head=head)
