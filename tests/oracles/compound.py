"""Compound losses of masks: the sums of the papers, of probabilities and their logarithms."""

from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Literal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    log_softmax,
    mean,
    power,
    real,
    rows,
    total,
    weights_of,
)

X = npt.ArrayLike
Vector = list[Decimal]
Pixels = list[tuple[Decimal, Decimal, Decimal]]


def _tversky(pixels: Pixels, alpha: Decimal, beta: Decimal, smoothing: Decimal) -> Decimal:
    """1 - (tp + s) / (tp + α fp + β fn + s) of chances, their complements and bits; 0 for 0 / 0."""
    tp = total(p * t for p, _, t in pixels)
    fp = total(p * (1 - t) for p, _, t in pixels)
    fn = total(q * t for _, q, t in pixels)
    whole = tp + alpha * fp + beta * fn + smoothing
    return 1 - (tp + smoothing) / whole if whole != 0 else ZERO


def _of_masks(
    value: Callable[..., Decimal], logits: X, target: X, where: X | None, **hyper: X
) -> Array:
    """A value of the pixels that count: chance, its complement and bit of each."""

    def of_list(z: Vector, t: Vector, keep: list[bool], **chosen: Decimal) -> Decimal:
        counted = [(a, b) for a, b, k in zip(z, t, keep, strict=True) if k]
        return value([(1 / (1 + (-a).exp()), 1 / (1 + a.exp()), b) for a, b in counted], **chosen)

    z = real(logits)
    return rows(of_list, z.shape[:-1], z, real(target), kept(where, z.shape), **hyper)


def _times(weight: Decimal, log_p: Decimal) -> Decimal:
    return -weight * log_p if weight != 0 else ZERO


def log_cosh_dice(logits: X, target: X, *, smoothing: X, where: X | None = None) -> Array:
    """The logarithm of the hyperbolic cosine of the Dice loss."""

    def value(pixels: Pixels, smoothing: Decimal) -> Decimal:
        loss = _tversky(pixels, ONE / 2, ONE / 2, smoothing / 2)
        return ((loss.exp() + (-loss).exp()) / 2).ln()

    return _of_masks(value, logits, target, where, smoothing=smoothing)


def combo(
    logits: X, target: X, *, alpha: X, beta: X, smoothing: X, where: X | None = None
) -> Array:
    """-α mean(β t ln p + (1 - β) (1 - t) ln(1 - p)) + (1 - α) (1 - Dice)."""

    def value(pixels: Pixels, alpha: Decimal, beta: Decimal, smoothing: Decimal) -> Decimal:
        entropy = mean(
            [_times(beta * t, p.ln()) + _times((1 - beta) * (1 - t), q.ln()) for p, q, t in pixels]
        )
        loss = _tversky(pixels, ONE / 2, ONE / 2, smoothing / 2)
        return alpha * entropy + (1 - alpha) * loss

    hyper = {"alpha": alpha, "beta": beta, "smoothing": smoothing}
    return _of_masks(value, logits, target, where, **hyper)


def unified_focal(
    logits: X,
    target: X,
    *,
    weight: X,
    delta: X,
    gamma: X,
    smoothing: X,
    form: Literal["asymmetric", "symmetric"] = "asymmetric",
    where: X | None = None,
) -> Array:
    """λ times the modified focal loss, and 1 - λ times the mean of two focal Tversky losses."""

    def value(
        pixels: Pixels, weight: Decimal, delta: Decimal, gamma: Decimal, smoothing: Decimal
    ) -> Decimal:
        outside = [(q, p, 1 - t) for p, q, t in pixels]
        rare = [
            _times(delta * t, p.ln()) * (power(q, gamma) if form == "symmetric" else ONE)
            for p, q, t in pixels
        ]
        common = [_times((1 - delta) * t, p.ln()) * power(q, gamma) for p, q, t in outside]
        focal = mean([a + b for a, b in zip(rare, common, strict=True)])
        rare_missed = power(_tversky(pixels, 1 - delta, delta, smoothing), 1 - gamma)
        common_missed = _tversky(outside, 1 - delta, delta, smoothing)
        if form == "symmetric":
            common_missed = power(common_missed, 1 - gamma)
        return weight * focal + (1 - weight) * (rare_missed + common_missed) / 2

    hyper = {"weight": weight, "delta": delta, "gamma": gamma, "smoothing": smoothing}
    return _of_masks(value, logits, target, where, **hyper)


def exponential_logarithmic(
    logits: X,
    labels: X,
    *,
    weight: X,
    dice_gamma: X,
    cross_gamma: X,
    smoothing: X,
    class_weights: X | None = None,
    where: X | None = None,
) -> Array:
    """w mean_l (-ln Dice_l)^γ + (1 - w) mean_x w_y (-ln p_y)^γ."""
    z, y = real(logits), integer(labels)
    count = z.shape[-1]
    shares = [Decimal(w) for w in weights_of(class_weights, (count,)).tolist()]

    def value(
        z: list[Vector],
        y: list[int],
        keep: list[bool],
        weight: Decimal,
        dice_gamma: Decimal,
        cross_gamma: Decimal,
        smoothing: Decimal,
    ) -> Decimal:
        pixels = [(row, label) for row, label, k in zip(z, y, keep, strict=True) if k]
        if any(not 0 <= label < count for _, label in pixels):
            return NAN
        log_p = [log_softmax(row, in_play(row)) for row, _ in pixels]
        p = [[x.exp() for x in row] for row in log_p]
        # Of what the others have: 1 - p keeps too few of 40 digits for the power of a logarithm.
        lost = [
            total(row[:label] + row[label + 1 :]) for row, (_, label) in zip(p, pixels, strict=True)
        ]
        cross = [
            shares[label]
            * power((1 + a / row[label]).ln() if row[label] else -row[label].ln(), cross_gamma)
            if shares[label]
            else ZERO
            for row, a, (_, label) in zip(p, lost, pixels, strict=True)
        ]
        dice = []
        for c in range(count):
            of_class = [
                (row[c], total(row[:c] + row[c + 1 :]), Decimal(int(label == c)))
                for row, (_, label) in zip(p, pixels, strict=True)
            ]
            index = 1 - _tversky(of_class, ONE / 2, ONE / 2, smoothing / 2)
            dice.append(power(-index.ln(), dice_gamma))
        return weight * mean(dice) + (1 - weight) * mean(cross)

    hyper = {
        "weight": weight,
        "dice_gamma": dice_gamma,
        "cross_gamma": cross_gamma,
        "smoothing": smoothing,
    }
    return rows(value, z.shape[:-2], z, y, kept(where, y.shape), **hyper)


def nacl(
    logits: X,
    labels: X,
    *,
    alpha: X,
    penalty: Literal["l1", "l2"] = "l1",
    window: X | None = None,
    num_axes: int = 2,
) -> Array:
    """mean_i CE_i + α mean_ik |τ_ik - l_ik|, τ_i the weighted shares of classes around i."""
    z, y = real(logits), integer(labels)
    weights = real([1 / 3] * 3 if window is None else window)
    reach, count = len(weights) // 2, z.shape[-1]
    batch, space = y.shape[:-num_axes], y.shape[-num_axes:]
    strength, found = np.broadcast_to(real(alpha), batch), np.zeros(batch)
    for image in np.ndindex(batch):
        if any(not 0 <= label < count for label in y[image].ravel()):
            found[image] = np.nan
            continue
        entropies, costs = [], []
        for pixel in np.ndindex(space):
            scores = z[image + pixel]
            top = np.max(scores)
            log_z = top + np.log(np.sum(np.exp(scores - top)))
            entropies.append(log_z - scores[y[image + pixel]])
            shares = np.zeros(count)
            for shift in product(range(-reach, reach + 1), repeat=num_axes):
                other = tuple(int(a) + b for a, b in zip(pixel, shift, strict=True))
                if all(0 <= a < size for a, size in zip(other, space, strict=True)):
                    weight = np.prod([weights[b + reach] for b in shift])
                    shares[y[image + other]] += weight
            apart = [abs(a - b) for a, b in zip(shares, scores, strict=True) if b > -np.inf]
            costs += apart if penalty == "l1" else [a**2 for a in apart]
        found[image] = np.mean(entropies) + strength[image] * np.mean(costs)
    return found
