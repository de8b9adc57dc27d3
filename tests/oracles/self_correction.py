"""Losses in which the model's own belief amends a label, as their papers print them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    cross_entropy,
    in_play,
    integer,
    log_softmax,
    masses_of,
    mean,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def soft_bootstrap(logits: X, labels: X, *, beta: X = 0.95) -> Array:
    """Reed 2015, equation 6: -Σ_k [beta y_k + (1 - beta) p_k] log p_k."""

    def value(z: Vector, y: int, beta: Decimal) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        mixed = [beta * a + (1 - beta) * x.exp() for a, x in zip(masses, log_p, strict=True)]
        return cross_entropy(mixed, log_p)

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), beta=beta)


def hard_bootstrap(logits: X, labels: X, *, beta: X = 0.8) -> Array:
    """Reed 2015, equation 9: -Σ_k [beta y_k + (1 - beta) 1(k = argmax p)] log p_k."""

    def value(z: Vector, y: int, beta: Decimal) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        best = z.index(max(z))
        mixed = [beta * a + (1 - beta) * int(k == best) for k, a in enumerate(masses)]
        return cross_entropy(mixed, log_softmax(z, keep))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), beta=beta)


def _entropy(p: Vector) -> Decimal:
    return total(-x * x.ln() for x in p if x)


def generalized_jensen_shannon(logits: X, labels: X, *, weight: X = 0.5) -> Array:
    """Englesson 2021, equation 4: [H(m) - Σ_j π_j H(p_j)] / -(1 - π_1) log(1 - π_1), where m is the
    mixture of the label, of weight π_1, and of the views, which share the rest.
    """

    def value(views: list[Vector], y: int, w: Decimal) -> Decimal:
        masses = masses_of(y, len(views[0]))
        if masses is None:
            return NAN
        if not all(any(in_play(z)) for z in views):
            return ZERO
        p = [[x.exp() for x in log_softmax(z, in_play(z))] for z in views]
        centre = [mean(list(column)) for column in zip(*p, strict=True)]
        if len(p) == 1 and w == 0:
            return -centre[y].ln() if centre[y] else INFINITY  # the limits
        if w == 1:
            return 1 - centre[y]
        mixture = [w * a + (1 - w) * b for a, b in zip(masses, centre, strict=True)]
        spread = _entropy(mixture) - (1 - w) * mean([_entropy(x) for x in p])
        return spread / -((1 - w) * (1 - w).ln())

    z = real(logits)
    return rows(value, z.shape[:-2], z, integer(labels), w=weight)


def jensen_shannon(logits: X, labels: X, *, weight: X = 0.5) -> Array:
    """Englesson 2021, equation 2: of a single view."""
    return generalized_jensen_shannon(np.expand_dims(real(logits), -2), labels, weight=weight)


def early_learning_regularization(logits: X, labels: X, average: X, *, weight: X = 3.0) -> Array:
    """Liu 2020, equation 6: -log p_y + weight log(1 - <p, t>); 1 = Σ p saves the digits."""

    def value(z: Vector, y: int, t: Vector, weight: Decimal) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        left = total(x.exp() * (1 - a) for x, a in zip(log_p, t, strict=True))
        return cross_entropy(masses, log_p) + weight * left.ln()

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), real(average), weight=weight)


def average_predictions(average: X, logits: X, *, momentum: X = 0.7) -> Array:
    """Liu 2020, equation 7: t <- momentum t + (1 - momentum) p."""
    z, t = real(logits), real(average)
    result = np.zeros(z.shape)
    for index in np.ndindex(z.shape[:-1]):
        top = max(z[index])
        p = np.exp(z[index] - top) if np.isfinite(top) else np.zeros(z.shape[-1])
        p = p / p.sum() if p.sum() else p
        result[index] = real(momentum) * t[index] + (1 - real(momentum)) * p
    return result
