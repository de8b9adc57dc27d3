"""Contrastive losses with other negatives."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.groups import Vector, logistic
from tests.oracles.loops import (
    ONE,
    ZERO,
    Array,
    cosine,
    dot,
    items,
    kept,
    log_sum_exp,
    mean,
    power,
    real,
    rows,
    softplus,
    squared_distance,
    total,
)

X = npt.ArrayLike


def _views(fn: Callable[..., Decimal], x: X, y: X, where: X | None, *more: X, **hyper: X) -> Array:
    """`fn(i, others, x, y, ...)` for each item that takes part, with the places of the others."""

    def value(
        i: int, keep: list[bool], x: list[Vector], y: list[Vector], *rest: object, **chosen: Decimal
    ) -> Decimal:
        others = [j for j, k in enumerate(keep) if k and j != i]
        return fn(i, others, x, y, *rest, **chosen) if keep[i] else ZERO

    a, b = real(x), real(y)
    batch, count = a.shape[:-2], a.shape[-2]
    return items(value, batch, count, kept(where, (*batch, count)), a, b, *more, **hyper)


def _negatives(
    i: int, others: list[int], x: list[Vector], y: list[Vector], temperature: Decimal
) -> list[Decimal]:
    return [dot(x[i], z[j]) / temperature for z in (x, y) for j in others]


def dcl(x: X, y: X, *, temperature: X = 0.1, where: X | None = None) -> Array:
    """Yeh 2022, equation 6: the partner is not in the denominator."""

    def value(
        i: int, others: list[int], x: list[Vector], y: list[Vector], temperature: Decimal
    ) -> Decimal:
        negatives = _negatives(i, others, x, y, temperature)
        return log_sum_exp(negatives) - dot(x[i], y[i]) / temperature if negatives else ZERO

    return _views(value, x, y, where, temperature=temperature)


def dclw(
    x: X,
    y: X,
    *,
    temperature: X = 0.1,
    sigma: X = 0.5,
    where: X | None = None,
    held: tuple[X, ...] | None = None,
) -> Array:
    """Yeh 2022, equations 7 and 8, with weights at the arguments `held`."""

    def value(
        i: int,
        others: list[int],
        x: list[Vector],
        y: list[Vector],
        still_x: list[Vector],
        still_y: list[Vector],
        temperature: Decimal,
        sigma: Decimal,
    ) -> Decimal:
        if not others:
            return ZERO
        likeness = {j: dot(still_x[j], still_y[j]) / sigma for j in (i, *others)}
        largest = max(likeness.values())
        mass = {j: (s - largest).exp() for j, s in likeness.items()}
        weight = 2 - mass[i] / mean(list(mass.values()))
        negatives = _negatives(i, others, x, y, temperature)
        return log_sum_exp(negatives) - weight * dot(x[i], y[i]) / temperature

    still = (x, y) if held is None else held
    return _views(value, x, y, where, *map(real, still), temperature=temperature, sigma=sigma)


def debiased(x: X, y: X, *, temperature: X = 0.5, prior: X = 0.1, where: X | None = None) -> Array:
    """Chuang 2020, equation 8."""
    return hard_negative(x, y, temperature=temperature, prior=prior, concentration=0, where=where)


def hard_negative(
    x: X,
    y: X,
    *,
    temperature: X = 0.5,
    prior: X = 0.1,
    concentration: X = 1.0,
    where: X | None = None,
) -> Array:
    """Robinson 2021, equation 5: negatives weighed by exp(concentration * score)."""

    def value(
        i: int,
        others: list[int],
        x: list[Vector],
        y: list[Vector],
        temperature: Decimal,
        prior: Decimal,
        concentration: Decimal,
    ) -> Decimal:
        negatives = _negatives(i, others, x, y, temperature)
        if not negatives:
            return ZERO
        own = dot(x[i], y[i]) / temperature
        weights = [(concentration * s).exp() for s in negatives]
        hard = total(w * s.exp() for w, s in zip(weights, negatives, strict=True)) / total(weights)
        g = max((hard - prior * own.exp()) / (1 - prior), (-1 / temperature).exp())
        return (own.exp() + len(negatives) * g).ln() - own

    return _views(
        value, x, y, where, temperature=temperature, prior=prior, concentration=concentration
    )


def rince(
    x: X,
    y: X,
    *,
    temperature: X = 0.5,
    q: X = 0.5,
    weight: X = 0.01,
    where: X | None = None,
) -> Array:
    """Chuang 2022, equation 6, less the constant that a limit at q = 0 needs: none."""

    def value(
        i: int,
        others: list[int],
        x: list[Vector],
        y: list[Vector],
        temperature: Decimal,
        q: Decimal,
        weight: Decimal,
    ) -> Decimal:
        own = dot(x[i], y[i]) / temperature
        scores = [own, *(dot(x[i], y[j]) / temperature for j in others)]
        mass = weight.ln() + log_sum_exp(scores)
        return ((q * mass).exp() - (q * own).exp()) / q if q else mass - own

    return _views(value, x, y, where, temperature=temperature, q=q, weight=weight)


def macl(
    x: X,
    y: X,
    *,
    temperature: X = 0.1,
    alpha: X = 0.5,
    threshold: X = 0.0,
    where: X | None = None,
    held: tuple[X, ...] | None = None,
) -> Array:
    """Huang 2023: -log p / (1 - p), with mean and divisor at the arguments `held`."""

    def value(
        i: int,
        others: list[int],
        x: list[Vector],
        y: list[Vector],
        still_x: list[Vector],
        still_y: list[Vector],
        temperature: Decimal,
        alpha: Decimal,
        threshold: Decimal,
    ) -> Decimal:
        if not others:
            return ZERO
        agreement = mean([cosine(still_x[j], still_y[j]) for j in (i, *others)])
        warmth = temperature * (1 + alpha * (agreement - threshold))

        def odds(a: list[Vector], b: list[Vector]) -> Decimal:
            return log_sum_exp(_negatives(i, others, a, b, warmth)) - dot(a[i], b[i]) / warmth

        miss = logistic(odds(still_x, still_y))
        return softplus(odds(x, y)) / miss if miss > ALMOST_NONE else ONE

    still = (x, y) if held is None else held
    return _views(
        value,
        x,
        y,
        where,
        *map(real, still),
        temperature=temperature,
        alpha=alpha,
        threshold=threshold,
    )


ALMOST_NONE = Decimal("1e-30")
"""Where rounding is all that is left of the logarithm of a probability of 1."""


def alignment(x: X, y: X, *, alpha: X = 2.0) -> Array:
    """Wang 2020: |x - y|^alpha."""

    def value(x: Vector, y: Vector, alpha: Decimal) -> Decimal:
        return power(squared_distance(x, y).sqrt(), alpha)

    a, b = real(x), real(y)
    return rows(value, a.shape[:-1], a, b, alpha=alpha)


def uniformity(embeddings: X, *, scale: X = 2.0, where: X | None = None) -> Array:
    """Wang 2020: log of the mean over pairs of exp(-scale |x - y|²)."""

    def value(z: list[Vector], keep: list[bool], scale: Decimal) -> Decimal:
        here = [a for a, k in zip(z, keep, strict=True) if k]
        exponents = [-scale * squared_distance(a, b) for i, a in enumerate(here) for b in here[:i]]
        return log_sum_exp(exponents) - (ONE * len(exponents)).ln() if exponents else ZERO

    z = real(embeddings)
    return rows(value, z.shape[:-2], z, kept(where, z.shape[:-1]), scale=scale)


def spectral(x: X, y: X, *, where: X | None = None) -> Array:
    """HaoChen 2021: -2 x·x⁺ + the mean of (x·x')²."""

    def value(i: int, others: list[int], x: list[Vector], y: list[Vector]) -> Decimal:
        return mean([dot(x[i], y[j]) ** 2 for j in others]) - 2 * dot(x[i], y[i])

    return _views(value, x, y, where)
