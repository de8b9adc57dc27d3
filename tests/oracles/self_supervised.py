"""Losses of views of which one teaches the other."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.groups import Vector, balanced, unit
from tests.oracles.loops import (
    ZERO,
    Array,
    cosine,
    cross_entropy,
    exact,
    items,
    kept,
    log_softmax,
    mean,
    real,
    rows,
    squared_distance,
)

X = npt.ArrayLike


def negative_cosine(pred: X, target: X) -> Array:
    """Chen 2021, equation 1."""
    a, b = real(pred), real(target)
    return rows(lambda p, t: -cosine(p, t), a.shape[:-1], a, b)


def _distilled(
    student: Vector, teacher: Vector, center: Vector, warm: Decimal, cold: Decimal
) -> Decimal:
    every = [True] * len(student)
    moved = [(t - c) / cold for t, c in zip(teacher, center, strict=True)]
    taught = [log_p.exp() for log_p in log_softmax(moved, every)]
    return cross_entropy(taught, log_softmax([s / warm for s in student], every))


def dino(
    student: X,
    teacher: X,
    center: X,
    *,
    student_temperature: X = 0.1,
    teacher_temperature: X = 0.04,
) -> Array:
    """Caron 2021, equations 1 to 3, with the teacher centred."""
    s, t = real(student), real(teacher)
    return rows(
        lambda s, t, c, student_temperature, teacher_temperature: _distilled(
            s, t, c, student_temperature, teacher_temperature
        ),
        s.shape[:-1],
        s,
        t,
        np.broadcast_to(real(center), s.shape),
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )


def ibot(
    student: X,
    teacher: X,
    center: X,
    *,
    student_temperature: X = 0.1,
    teacher_temperature: X = 0.04,
    where: X | None = None,
) -> Array:
    """Zhou 2022, equation 2: the mean over the masked patches."""

    def value(
        s: list[Vector],
        t: list[Vector],
        c: list[Vector],
        keep: list[bool],
        student_temperature: Decimal,
        teacher_temperature: Decimal,
    ) -> Decimal:
        here = [j for j, k in enumerate(keep) if k]
        return mean(
            [_distilled(s[j], t[j], c[j], student_temperature, teacher_temperature) for j in here]
        )

    s, t = real(student), real(teacher)
    return rows(
        value,
        s.shape[:-2],
        s,
        t,
        np.broadcast_to(real(center), s.shape),
        kept(where, s.shape[:-1]),
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )


def moved_center(center: X, teacher: X, *, momentum: X = 0.9) -> Array:
    """Caron 2021, equation 4."""
    mean_score = real(teacher).reshape(-1, real(teacher).shape[-1]).mean(axis=0)
    return real(momentum) * real(center) + (1 - real(momentum)) * mean_score


def koleo(embeddings: X, *, eps: X = 1e-8, where: X | None = None) -> Array:
    """Sablayrolles 2019, equation 2, on the sphere: -log of the distance to the nearest."""

    def value(i: int, z: list[Vector], keep: list[bool], eps: Decimal) -> Decimal:
        own = unit(z[i])
        others = [unit(a) for j, (a, k) in enumerate(zip(z, keep, strict=True)) if k and j != i]
        if not keep[i] or not others:
            return ZERO
        return -(min(squared_distance(own, a) for a in others).sqrt() + eps).ln()

    z = real(embeddings)
    batch, count = z.shape[:-2], z.shape[-2]
    return items(value, batch, count, z, kept(where, (*batch, count)), eps=eps)


def _codes(scores: list[Vector], eps: Decimal, iterations: int) -> list[Vector]:
    """Caron 2020, equation 5: of exp(scores / eps)."""
    return balanced([[(s / eps).exp() for s in row] for row in scores], iterations)


def sinkhorn_codes(scores: X, *, eps: X = 0.05, iterations: int = 3) -> Array:
    """Caron 2020, appendix A."""
    z = real(scores)
    result = np.empty(z.shape)
    for index in np.ndindex(z.shape[:-2]):
        codes = _codes(exact(z[index].tolist()), exact(float(eps)), iterations)
        result[index] = [[float(a) for a in row] for row in codes]
    return result


def swav(
    x: X,
    y: X,
    *,
    temperature: X = 0.1,
    eps: X = 0.05,
    iterations: int = 3,
    held: tuple[X, ...] | None = None,
) -> Array:
    """Caron 2020, equations 1 and 2, with codes at the arguments `held`."""

    def value(
        i: int,
        x: list[Vector],
        y: list[Vector],
        still_x: list[Vector],
        still_y: list[Vector],
        temperature: Decimal,
        eps: Decimal,
    ) -> Decimal:
        result = ZERO
        for scores, still in ((x, still_y), (y, still_x)):
            log_p = log_softmax([s / temperature for s in scores[i]], [True] * len(scores[i]))
            result += cross_entropy(_codes(still, eps, iterations)[i], log_p)
        return result

    a, b = real(x), real(y)
    still = (a, b) if held is None else [real(z) for z in held]
    batch, count = a.shape[:-2], a.shape[-2]
    return items(value, batch, count, a, b, *still, temperature=temperature, eps=eps)


def capi(
    student: X,
    teacher: X,
    *,
    student_temperature: X = 0.12,
    teacher_temperature: X = 0.06,
    iterations: int = 3,
) -> Array:
    """Darcet 2025: cross-entropy against balanced clusters of the teacher."""

    def value(
        i: int,
        s: list[Vector],
        t: list[Vector],
        student_temperature: Decimal,
        teacher_temperature: Decimal,
    ) -> Decimal:
        log_p = log_softmax([a / student_temperature for a in s[i]], [True] * len(s[i]))
        return cross_entropy(_codes(t, teacher_temperature, iterations)[i], log_p)

    s, t = real(student), real(teacher)
    return items(
        value,
        s.shape[:-2],
        s.shape[-2],
        s,
        t,
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )
