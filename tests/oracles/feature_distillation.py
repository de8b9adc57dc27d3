"""Features of a student and its teacher, as their papers print it, one example at a time."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from scipy import stats

from tests.oracles.loops import (
    EXACT,
    ZERO,
    Array,
    cosine as cosine_of,
    elementwise,
    mean,
    real,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]
HALF = EXACT.divide(1, 2)


def hint(features: X, teacher_features: X) -> Array:
    """Romero 2015: the mean of (f - t)^2."""
    f, t = real(features), real(teacher_features)

    def value(f: Vector, t: Vector) -> Decimal:
        return mean([(a - b) * (a - b) for a, b in zip(f, t, strict=True)])

    return rows(value, f.shape[:-1], f, t)


def cosine(features: X, teacher_features: X) -> Array:
    """Sanh 2019: 1 - cos of hidden states; a zero vector has cosine 0."""
    f, t = real(features), real(teacher_features)
    return rows(lambda f, t: 1 - cosine_of(f, t) if f else ZERO, f.shape[:-1], f, t)


def overhaul(features: X, teacher_features: X, margins: X) -> Array:
    """Heo 2019: (s - max(t, m))^2, but 0 where s <= max(t, m) <= 0."""

    def value(s: Decimal, t: Decimal, m: Decimal) -> Decimal:
        wanted = max(t, m)
        return ZERO if s <= wanted <= 0 else (s - wanted) * (s - wanted)

    f = real(features)
    return elementwise(value, f, teacher_features, np.broadcast_to(real(margins), f.shape))


def overhaul_margins(mean: X, std: X) -> Array:
    """Heo 2019, equation 2: the mean of what is below 0 of a normal distribution."""
    m, s = np.broadcast_arrays(real(mean), real(std))
    found = np.minimum(m, 0.0)
    for index in np.ndindex(m.shape):
        if s[index] > 0:
            bound = -m[index] / s[index]
            found[index] = stats.truncnorm.mean(-np.inf, bound, loc=m[index], scale=s[index])
    return found


def variational_information(pred: X, target: X, scores: X, *, eps: X = 1e-5) -> Array:
    """Ahn 2019, equation 3: log sigma + (t - mu)^2 / 2 sigma^2, sigma^2 = softplus(score) + eps."""

    def value(mu: Decimal, t: Decimal, score: Decimal, eps: Decimal) -> Decimal:
        variance = softplus(score) + eps
        return HALF * (variance.ln() + (t - mu) * (t - mu) / variance)

    mu = real(pred)
    return elementwise(value, mu, target, np.broadcast_to(real(scores), mu.shape), eps=eps)


def contrastive_representation(
    features: X, positive: X, negatives: X, *, temperature: X = 0.07, examples: X = 50000.0
) -> Array:
    """Tian 2020, equations 10 and 18: -log h of the pair, -log(1 - h) of the others."""
    f, p, n = real(features), real(positive), real(negatives)

    def value(
        f: Vector, p: Vector, n: list[Vector], temperature: Decimal, examples: Decimal
    ) -> Decimal:
        noise = Decimal(len(n)) / examples

        def odds(x: Vector) -> Decimal:
            return (total(a * b for a, b in zip(f, x, strict=True)) / temperature).exp() / noise

        if not n:
            return ZERO
        own = odds(p)
        return (1 + 1 / own).ln() + total((1 + odds(x)).ln() for x in n)

    return rows(value, f.shape[:-1], f, p, n, temperature=temperature, examples=examples)


def updated_bank(bank: X, index: X, features: X, *, momentum: float = 0.5) -> Array:
    """Tian 2020: entries moved towards features, and brought back to unit length, in turn."""
    found = real(bank).copy()
    for i, x in zip(np.asarray(index), real(features), strict=True):
        moved = momentum * found[i] + (1 - momentum) * x
        size = np.sqrt((moved * moved).sum())
        found[i] = moved / size if size > 0 else moved
    return found
