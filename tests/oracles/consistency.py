"""Agreement of two predictions, as the papers print it."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    ZERO,
    Array,
    in_play,
    log_softmax,
    mean,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _softmax(z: Vector) -> Vector:
    """Probabilities; none of no class."""
    if not any(in_play(z)):
        return [ZERO] * len(z)
    return [x.exp() for x in log_softmax(z, in_play(z))]


def _divergence(p: Vector, q: Vector) -> Decimal:
    """KL(p || q)."""
    return total((a * (a / b).ln() if b else INFINITY) for a, b in zip(p, q, strict=True) if a)


def r_drop(logits: X, other_logits: X) -> Array:
    """Liang 2021: (KL(p || q) + KL(q || p)) / 2."""

    def value(y: Vector, z: Vector) -> Decimal:
        p, q = _softmax(y), _softmax(z)
        return (_divergence(p, q) + _divergence(q, p)) / 2

    y, z = real(logits), real(other_logits)
    return rows(value, y.shape[:-1], y, z)


def pi_model(logits: X, other_logits: X) -> Array:
    """Laine 2017: |p - q|^2 / C."""

    def value(y: Vector, z: Vector) -> Decimal:
        return mean([(a - b) ** 2 for a, b in zip(_softmax(y), _softmax(z), strict=True)])

    y, z = real(logits), real(other_logits)
    return rows(value, y.shape[:-1], y, z)


def mean_teacher(logits: X, teacher_logits: X) -> Array:
    """Tarvainen 2017."""
    return pi_model(logits, teacher_logits)


def uda(logits: X, teacher_logits: X, *, temperature: X = 0.4, threshold: X = 0.8) -> Array:
    """Xie 2020: KL of sharpened predictions, of those that are sure."""

    def value(y: Vector, z: Vector, temperature: Decimal, threshold: Decimal) -> Decimal:
        if max(_softmax(z), default=ZERO) <= threshold:
            return ZERO
        return _divergence(_softmax([a / temperature for a in z]), _softmax(y))

    y, z = real(logits), real(teacher_logits)
    return rows(value, y.shape[:-1], y, z, temperature=temperature, threshold=threshold)


def pseudo_label(logits: X, teacher_logits: X, *, threshold: X = 0.95) -> Array:
    """Sohn 2020: 1(max q >= threshold) H(argmax q, p)."""

    def value(y: Vector, z: Vector, threshold: Decimal) -> Decimal:
        q = _softmax(z)
        if not any(q) or max(q) < threshold:
            return ZERO
        p = _softmax(y)[q.index(max(q))]
        return -p.ln() if p else INFINITY

    y, z = real(logits), real(teacher_logits)
    return rows(value, y.shape[:-1], y, z, threshold=threshold)


def mixup(x: X, target: X, shares: X, others: X) -> tuple[Array, Array]:
    """Zhang 2018, of drawn shares and partners."""

    def blend(z: X) -> Array:
        z = real(z)
        pairs = zip(z, z[np.asarray(others)], real(shares), strict=True)
        return np.stack([s * a + (1 - s) * b for a, b, s in pairs])

    return blend(x), blend(target)


def cutmix(images: X, target: X, boxes: X, others: X) -> tuple[Array, Array]:
    """Yun 2019, of drawn boxes (top, bottom, left, right) and partners."""
    mixed, blended = real(images).copy(), real(target).copy()
    for i, ((top, bottom, left, right), j) in enumerate(zip(boxes, others, strict=True)):
        mixed[i, top:bottom, left:right] = real(images)[j, top:bottom, left:right]
        share = 1 - (bottom - top) * (right - left) / (mixed.shape[1] * mixed.shape[2])
        blended[i] = share * real(target)[i] + (1 - share) * real(target)[j]
    return mixed, blended
