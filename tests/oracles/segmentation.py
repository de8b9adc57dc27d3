"""Losses of masks: soft counts of pixels put into the formulas of the papers."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    integer,
    kept,
    power as to_the,
    real,
    rows,
    total,
    weights_of,
)

X = npt.ArrayLike
Vector = list[Decimal]
Keep = list[bool]
Classes = Literal["present", "all"]


def _sigmoid(z: Array) -> Array:
    return (1 + np.tanh(z / 2)) / 2


def _softmax(z: Array) -> Array:
    """Probabilities; 0 for classes at -inf."""
    top = np.max(z, axis=-1, keepdims=True, initial=-np.inf)
    mass = np.exp(z - np.where(np.isfinite(top), top, 0))
    whole = np.sum(mass, axis=-1, keepdims=True)
    return mass / np.where(whole > 0, whole, 1)


def _counts(p: Vector, t: Vector, keep: Keep) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """True and false positives, false and true negatives."""
    pixels = [(a, b) for a, b, k in zip(p, t, keep, strict=True) if k]
    return (
        total(a * b for a, b in pixels),
        total(a * (1 - b) for a, b in pixels),
        total((1 - a) * b for a, b in pixels),
        total((1 - a) * (1 - b) for a, b in pixels),
    )


def _ratio(part: Decimal, whole: Decimal, otherwise: Decimal) -> Decimal:
    return part / whole if whole != 0 else otherwise


def _dice(p: Vector, t: Vector, keep: Keep, smoothing: Decimal, squared: bool) -> Decimal:
    def size(x: Decimal) -> Decimal:
        return x * x if squared else x

    pixels = [(a, b) for a, b, k in zip(p, t, keep, strict=True) if k]
    shared = total(a * b for a, b in pixels)
    sizes = total(size(a) + size(b) for a, b in pixels)
    return 1 - _ratio(2 * shared + smoothing, sizes + smoothing, ONE)


def _tversky(
    p: Vector,
    t: Vector,
    keep: Keep,
    alpha: Decimal,
    beta: Decimal,
    gamma: Decimal,
    smoothing: Decimal,
) -> Decimal:
    tp, fp, fn, _ = _counts(p, t, keep)
    index = _ratio(tp + smoothing, tp + alpha * fp + beta * fn + smoothing, ONE)
    return to_the(1 - index, gamma)


def _of_masks(
    value: Callable[..., Decimal], logits: X, target: X, where: X | None, **hyper: X
) -> Array:
    """A value of probabilities, bits and which pixels count."""

    p = _sigmoid(real(logits))
    return rows(value, p.shape[:-1], p, real(target), kept(where, p.shape), **hyper)


def dice(
    logits: X,
    target: X,
    *,
    smoothing: X,
    sizes: Literal["linear", "squared"] = "linear",
    where: X | None = None,
) -> Array:
    """1 - (2 Σ p t + s) / (Σ p + Σ t + s), or of the squares below."""

    def value(p: Vector, t: Vector, keep: Keep, smoothing: Decimal) -> Decimal:
        return _dice(p, t, keep, smoothing, sizes == "squared")

    return _of_masks(value, logits, target, where, smoothing=smoothing)


def jaccard(logits: X, target: X, *, smoothing: X, where: X | None = None) -> Array:
    """1 - (intersection + s) / (union + s)."""

    def value(p: Vector, t: Vector, keep: Keep, smoothing: Decimal) -> Decimal:
        tp, fp, fn, _ = _counts(p, t, keep)
        return 1 - _ratio(tp + smoothing, tp + fp + fn + smoothing, ONE)

    return _of_masks(value, logits, target, where, smoothing=smoothing)


def tversky(
    logits: X, target: X, *, alpha: X, beta: X, gamma: X, smoothing: X, where: X | None = None
) -> Array:
    """(1 - (tp + s) / (tp + α fp + β fn + s))^γ."""
    return _of_masks(
        _tversky, logits, target, where, alpha=alpha, beta=beta, gamma=gamma, smoothing=smoothing
    )


def mcc(logits: X, target: X, *, where: X | None = None) -> Array:
    """1 - Matthews correlation; where it is 0 / 0, 0 for equal masks and 1 for others."""

    def value(p: Vector, t: Vector, keep: Keep) -> Decimal:
        tp, fp, fn, tn = _counts(p, t, keep)
        if fp + fn < Decimal("1e-30"):
            return ZERO
        below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return 1 - _ratio(tp * tn - fp * fn, below.sqrt(), ZERO)

    return _of_masks(value, logits, target, where)


def sensitivity_specificity(logits: X, target: X, *, weight: X, where: X | None = None) -> Array:
    """Mean squared error over the foreground times r, and over the background times 1 - r."""

    def value(p: Vector, t: Vector, keep: Keep, weight: Decimal) -> Decimal:
        pixels = [(a, b) for a, b, k in zip(p, t, keep, strict=True) if k]
        inside = total((b - a) ** 2 * b for a, b in pixels)
        outside = total((b - a) ** 2 * (1 - b) for a, b in pixels)
        sensitivity = _ratio(inside, total(b for _, b in pixels), ZERO)
        specificity = _ratio(outside, total(1 - b for _, b in pixels), ZERO)
        return weight * sensitivity + (1 - weight) * specificity

    return _of_masks(value, logits, target, where, weight=weight)


def _pixels_of(p: list[Vector], y: list[int], keep: Keep) -> list[tuple[Vector, int]]:
    """Probabilities and label of each pixel that counts."""
    return [(row, label) for row, label, k in zip(p, y, keep, strict=True) if k]


def _of_classes(
    value: Callable[..., Decimal],
    logits: X,
    labels: X,
    where: X | None,
    classes: Classes,
    class_weights: X | None,
    **hyper: X,
) -> Array:
    """Weighted mean over classes of a value of one class against the rest."""
    p, y = _softmax(real(logits)), integer(labels)
    count = p.shape[-1]
    weights = [Decimal(w) for w in weights_of(class_weights, (count,)).tolist()]

    def of_list(p: list[Vector], y: list[int], keep: Keep, **chosen: Decimal) -> Decimal:
        pixels = _pixels_of(p, y, keep)
        if any(not 0 <= label < count for _, label in pixels):
            return NAN
        values, used = [], []
        for c in range(count):
            chances = [row[c] for row, _ in pixels]
            t = [Decimal(int(label == c)) for _, label in pixels]
            if any(t) or classes == "all":
                values.append(weights[c] * value(chances, t, [True] * len(t), **chosen))
                used.append(weights[c])
        return _ratio(total(values), total(used), ZERO)

    return rows(of_list, p.shape[:-2], p, y, kept(where, y.shape), **hyper)


def softmax_dice(
    logits: X,
    labels: X,
    *,
    smoothing: X,
    sizes: Literal["linear", "squared"] = "linear",
    classes: Classes = "all",
    class_weights: X | None = None,
    where: X | None = None,
) -> Array:
    """The Dice loss of each class against the rest; the mean over classes."""

    def value(p: Vector, t: Vector, keep: Keep, smoothing: Decimal) -> Decimal:
        return _dice(p, t, keep, smoothing, sizes == "squared")

    return _of_classes(value, logits, labels, where, classes, class_weights, smoothing=smoothing)


def softmax_jaccard(
    logits: X,
    labels: X,
    *,
    smoothing: X,
    classes: Classes = "all",
    class_weights: X | None = None,
    where: X | None = None,
) -> Array:
    """The Jaccard loss of each class against the rest; the mean over classes."""
    return softmax_tversky(
        logits,
        labels,
        alpha=1.0,
        beta=1.0,
        gamma=1.0,
        smoothing=smoothing,
        classes=classes,
        class_weights=class_weights,
        where=where,
    )


def softmax_tversky(
    logits: X,
    labels: X,
    *,
    alpha: X,
    beta: X,
    gamma: X,
    smoothing: X,
    classes: Classes = "all",
    class_weights: X | None = None,
    where: X | None = None,
) -> Array:
    """The Tversky loss of each class against the rest; the mean over classes."""
    hyper = {"alpha": alpha, "beta": beta, "gamma": gamma, "smoothing": smoothing}
    return _of_classes(_tversky, logits, labels, where, classes, class_weights, **hyper)


def generalized_dice(
    logits: X,
    labels: X,
    *,
    power: X,
    class_weights: X | None = None,
    where: X | None = None,
) -> Array:
    """1 - 2 Σ_l w_l Σ r p / Σ_l w_l Σ (r + p) with w_l = 1 / (Σ r)^power, classes present."""
    p, y = _softmax(real(logits)), integer(labels)
    count = p.shape[-1]
    weights = [Decimal(w) for w in weights_of(class_weights, (count,)).tolist()]

    def value(p: list[Vector], y: list[int], keep: Keep, power: Decimal) -> Decimal:
        pixels = _pixels_of(p, y, keep)
        if any(not 0 <= label < count for _, label in pixels):
            return NAN
        above = below = ZERO
        for c in range(count):
            volume = Decimal(sum(label == c for _, label in pixels))
            if volume:
                weight = weights[c] / to_the(volume, power)
                above += weight * total(row[c] for row, label in pixels if label == c)
                below += weight * (volume + total(row[c] for row, _ in pixels))
        return 1 - _ratio(2 * above, below, ONE)

    return rows(value, p.shape[:-2], p, y, kept(where, y.shape), power=power)


def generalized_wasserstein_dice(
    logits: X, labels: X, costs: X, *, class_weights: X | None = None, where: X | None = None
) -> Array:
    """1 - 2 Σ α_g (1 - W) / (2 Σ α_g (1 - W) + Σ W), W the mean distance from the true class."""
    p, y = _softmax(real(logits)), integer(labels)
    count = p.shape[-1]
    table = [[Decimal(m) for m in row] for row in real(costs).tolist()]
    alpha = [row[0] for row in table]
    if class_weights is not None:
        alpha = [Decimal(w) for w in weights_of(class_weights, (count,)).tolist()]

    def value(p: list[Vector], y: list[int], keep: Keep) -> Decimal:
        pixels = _pixels_of(p, y, keep)
        if any(not 0 <= label < count for _, label in pixels):
            return NAN
        apart = [
            (label, total(m * a for m, a in zip(table[label], row, strict=True)))
            for row, label in pixels
        ]
        right = total(alpha[label] * (1 - w) for label, w in apart)
        wrong = total(w for _, w in apart)
        return 1 - _ratio(2 * right, 2 * right + wrong, ONE)

    return rows(value, p.shape[:-2], p, y, kept(where, y.shape))
