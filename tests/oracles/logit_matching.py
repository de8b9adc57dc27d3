"""Scores of student and teacher by parts and distances, as their papers print them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    integer,
    mean,
    real,
    rows,
    total,
)
from tests.oracles.softened import kl, softmax

X = npt.ArrayLike
Vector = list[Decimal]


def decoupled(
    logits: X,
    teacher_logits: X,
    labels: X,
    *,
    alpha: X = 1.0,
    beta: X = 8.0,
    temperature: X = 4.0,
) -> Array:
    """Zhao 2022, equation 7: alpha KL of (p_y, 1 - p_y) + beta KL among the other classes."""

    def value(
        z: Vector, t: Vector, y: int, alpha: Decimal, beta: Decimal, temperature: Decimal
    ) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        parts = []
        for scores in (t, z):
            p = softmax(scores, temperature)
            rest = total(a for c, a in enumerate(p) if c != y)
            others = softmax([x for c, x in enumerate(scores) if c != y], temperature)
            parts.append(([p[y], rest], others))
        (b_t, o_t), (b_s, o_s) = parts
        terms = [(alpha, kl(b_t, b_s)), (beta, kl(o_t, o_s))]
        return temperature * temperature * total(a * x for a, x in terms if a)

    z, t, y = real(logits), real(teacher_logits), integer(labels)
    return rows(value, y.shape, z, t, y, alpha=alpha, beta=beta, temperature=temperature)


def logit_squared_error(logits: X, teacher_logits: X) -> Array:
    """Ba 2014, with the mean difference taken off: over classes that the teacher has in play."""

    def value(z: Vector, t: Vector) -> Decimal:
        pairs = [(a, b) for a, b in zip(z, t, strict=True) if b != -INFINITY]
        if any(a == -INFINITY for a, _ in pairs):
            return INFINITY
        apart = [a - b for a, b in pairs]
        middle = mean(apart)
        return mean([(d - middle) * (d - middle) for d in apart])

    z, t = real(logits), real(teacher_logits)
    return rows(value, z.shape[:-1], z, t)


def _standardized(z: Vector) -> Vector:
    known = [x for x in z if x != -INFINITY]
    middle = mean(known)
    size = mean([(x - middle) * (x - middle) for x in known]).sqrt()
    if size == 0:
        return [x if x == -INFINITY else ZERO for x in z]
    return [x if x == -INFINITY else (x - middle) / size for x in z]


def standardize(logits: X) -> Array:
    """Sun 2024, equation 8: the z-score of each class."""
    z = real(logits)
    found = [rows(lambda z, c=c: _standardized(z)[c], z.shape[:-1], z) for c in range(z.shape[-1])]
    return np.stack(found, axis=-1)


def logit_standardization(logits: X, teacher_logits: X, *, temperature: X = 2.0) -> Array:
    """Sun 2024: knowledge distillation of z-scores."""

    def value(z: Vector, t: Vector, temperature: Decimal) -> Decimal:
        q, p = (softmax(_standardized(x), temperature) for x in (z, t))
        return temperature * temperature * kl(p, q)

    z, t = real(logits), real(teacher_logits)
    return rows(value, z.shape[:-1], z, t, temperature=temperature)
