"""Cross-entropies over bits, labels and distributions, class by class.

A class is out of play where `where` says so or where its logit is -inf: its probability is 0, it
gets no share of the smoothing, and a row without any class in play counts 0.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    Target,
    cross_entropy,
    elementwise,
    in_play,
    integer,
    kept,
    log_softmax,
    log_sum_exp,
    masses_of,
    mean,
    real,
    rows,
    softplus,
    target_of,
    weights_of,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _smoothed(masses: Vector, keep: list[bool], smoothing: Decimal) -> Vector:
    """(1 - smoothing) of the masses, and the rest shared evenly by the classes kept."""
    return [
        (1 - smoothing) * mass + (smoothing / sum(keep) if k else ZERO)
        for mass, k in zip(masses, keep, strict=True)
    ]


def sigmoid_cross_entropy(
    logits: X, target: X, *, pos_weight: X = 1.0, smoothing: X = 0.0
) -> Array:
    """Bits against logits: -w y log p - (1 - y) log(1 - p), y smoothed towards 1/2."""

    def value(z: Decimal, t: Decimal, pos_weight: Decimal, smoothing: Decimal) -> Decimal:
        y = t * (1 - smoothing) + smoothing / 2
        positive = pos_weight * y * softplus(-z) if pos_weight * y else ZERO
        negative = (1 - y) * softplus(z) if y != 1 else ZERO
        return positive + negative

    return elementwise(value, logits, target, pos_weight=pos_weight, smoothing=smoothing)


def binary_cross_entropy(pred: X, target: X) -> Array:
    """Bits against probabilities, with 0 log 0 = 0."""
    return elementwise(lambda p, t: cross_entropy([t, 1 - t], [p.ln(), (1 - p).ln()]), pred, target)


def softmax_cross_entropy(
    logits: X,
    target: X,
    *,
    where: X | None = None,
    smoothing: X = 0.0,
    class_weights: X | None = None,
    z_loss: X = 0.0,
) -> Array:
    """-Σ w q log softmax(z) + z_loss (log Σ exp z)²."""

    def value(
        z: Vector, t: Target, keep: list[bool], w: Vector, smoothing: Decimal, z_loss: Decimal
    ) -> Decimal:
        masses, keep = masses_of(t, len(z), keep), in_play(z, keep)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        q = _smoothed(masses, keep, smoothing)
        weighted = [a * b for a, b in zip(w, q, strict=True)]
        total = log_sum_exp([x for x, k in zip(z, keep, strict=True) if k])
        return cross_entropy(weighted, log_softmax(z, keep)) + z_loss * total * total

    z = real(logits)
    keep, weights = kept(where, z.shape), weights_of(class_weights, z.shape)
    return rows(
        value, z.shape[:-1], z, target_of(target), keep, weights, smoothing=smoothing, z_loss=z_loss
    )


def categorical_cross_entropy(
    pred: X,
    target: X,
    *,
    where: X | None = None,
    smoothing: X = 0.0,
    class_weights: X | None = None,
) -> Array:
    """-Σ w q log p for probabilities taken as they are; a masked class has probability 0."""

    def value(p: Vector, t: Target, keep: list[bool], w: Vector, smoothing: Decimal) -> Decimal:
        masses = masses_of(t, len(p), keep)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        q = _smoothed(masses, keep, smoothing)
        log_p = [x.ln() if k else -INFINITY for x, k in zip(p, keep, strict=True)]
        return cross_entropy([a * b for a, b in zip(w, q, strict=True)], log_p)

    p = real(pred)
    keep, weights = kept(where, p.shape), weights_of(class_weights, p.shape)
    return rows(value, p.shape[:-1], p, target_of(target), keep, weights, smoothing=smoothing)


def nll(log_p: X, labels: X, *, class_weights: X | None = None) -> Array:
    """-w_y log p_y; a class of weight 0 counts nothing."""

    def value(log_p: Vector, y: int, w: Vector) -> Decimal:
        if not 0 <= y < len(log_p):
            return NAN
        return -w[y] * log_p[y] if w[y] else ZERO

    lp = real(log_p)
    return rows(value, lp.shape[:-1], lp, integer(labels), weights_of(class_weights, lp.shape))


def smooth_labels(target: X, smoothing: X, *, where: X | None = None) -> Array:
    """(1 - smoothing) * target, plus smoothing / K on each of the K classes kept."""
    t = real(target)
    keep = kept(where, t.shape)
    share = np.broadcast_to(real(smoothing), t.shape)
    result = np.empty(t.shape)
    for index in np.ndindex(t.shape):
        count = sum(keep[index[:-1]].tolist())
        extra = share[index] / count if keep[index] else 0.0
        result[index] = (1 - share[index]) * t[index] + extra
    return result


def poly1_cross_entropy(logits: X, target: X, *, epsilon: X = 2.0, where: X | None = None) -> Array:
    """Leng 2022: cross-entropy + epsilon (1 - Σ q p)."""

    def value(z: Vector, t: Target, keep: list[bool], epsilon: Decimal) -> Decimal:
        masses, keep = masses_of(t, len(z), keep), in_play(z, keep)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        hit = sum((a * b.exp() for a, b in zip(masses, log_p, strict=True)), ZERO)
        return cross_entropy(masses, log_p) + epsilon * (1 - hit)

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target), kept(where, z.shape), epsilon=epsilon)


def max_suppression_cross_entropy(logits: X, target: X, *, weight: X = 0.1) -> Array:
    """Zhou 2025: cross-entropy + weight (max z - mean z)."""

    def value(z: Vector, t: Target, weight: Decimal) -> Decimal:
        masses, keep = masses_of(t, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        alive = [x for x, k in zip(z, keep, strict=True) if k]
        return cross_entropy(masses, log_softmax(z, keep)) + weight * (max(alive) - mean(alive))

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target), weight=weight)


def jensen_shannon_cross_entropy(logits: X, labels: X, *, weight: X = 12.0) -> Array:
    """AugMix 2020: cross-entropy of view 0 + weight times the mean KL(view || mean of views)."""

    def value(views: list[Vector], y: int, weight: Decimal) -> Decimal:
        masses = masses_of(y, len(views[0]))
        if masses is None:
            return NAN
        if not any(in_play(views[0])):
            return ZERO
        logs = [log_softmax(z, in_play(z)) for z in views]
        chances = [[x.exp() for x in log_p] for log_p in logs]
        mixture = [mean(list(column)) for column in zip(*chances, strict=True)]
        divergences = [
            sum((a * (a / m).ln() for a, m in zip(p, mixture, strict=True) if a), ZERO)
            for p in chances
        ]
        return cross_entropy(masses, logs[0]) + weight * mean(divergences)

    z = real(logits)
    return rows(value, z.shape[:-2], z, integer(labels), weight=weight)


def logit_norm_cross_entropy(logits: X, target: X, *, temperature: X = 0.04) -> Array:
    """Wei 2022: cross-entropy of z / (temperature |z|); a zero vector stays zero."""

    def value(z: Vector, t: Target, temperature: Decimal) -> Decimal:
        masses, keep = masses_of(t, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        size = sum((x * x for x, k in zip(z, keep, strict=True) if k), ZERO).sqrt()
        scaled = [x / (temperature * size) if size else x for x in z]
        return cross_entropy(masses, log_softmax(scaled, keep))

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target), temperature=temperature)


def squentropy(logits: X, labels: X) -> Array:
    """Hui 2023: cross-entropy + the mean square of the wrong classes' logits."""

    def value(z: Vector, y: int) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        wrong = [z[c] for c in range(len(z)) if c != y and keep[c]]
        return cross_entropy(masses, log_softmax(z, keep)) + mean([x * x for x in wrong])

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))
