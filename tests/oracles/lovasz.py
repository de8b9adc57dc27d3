"""Lovász losses: gains of the Jaccard loss over sets of wrong pixels, one pixel after the other."""

from decimal import Decimal
from typing import Literal

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
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _jaccard_loss(wrong: set[int], foreground: set[int]) -> Decimal:
    """|M| / |foreground ∪ M| for the set M of wrong pixels, 0 if there is none."""
    return Decimal(len(wrong)) / len(foreground | wrong) if wrong else ZERO


def _gains(errors: Vector, foreground: set[int]) -> Vector:
    """By how much each pixel raises the Jaccard loss, taken up by falling error."""
    order = sorted(range(len(errors)), key=lambda i: -errors[i])
    gains = [ZERO] * len(errors)
    for place, i in enumerate(order):
        before, after = set(order[:place]), set(order[: place + 1])
        gains[i] = _jaccard_loss(after, foreground) - _jaccard_loss(before, foreground)
    return gains


def lovasz_hinge(logits: X, target: X, *, where: X | None = None) -> Array:
    """The extension at the hinge errors 1 - s z with z = ±1, negative errors counting 0."""

    def value(s: Vector, t: Vector, keep: list[bool]) -> Decimal:
        pixels = [(a, y) for a, y, k in zip(s, t, keep, strict=True) if k]
        errors = [1 - a * (2 * y - 1) for a, y in pixels]
        gains = _gains(errors, {i for i, (_, y) in enumerate(pixels) if y == 1})
        return total(max(ZERO, e) * gain for e, gain in zip(errors, gains, strict=True))

    s = real(logits)
    return rows(value, s.shape[:-1], s, real(target), kept(where, s.shape))


def lovasz_softmax(
    logits: X,
    labels: X,
    *,
    classes: Literal["present", "all"] = "present",
    where: X | None = None,
) -> Array:
    """Mean over classes of the extension at the errors |[y = c] - p_c|; 0 without a pixel."""
    z, y = real(logits), integer(labels)
    count = z.shape[-1]

    def value(z: list[Vector], y: list[int], keep: list[bool]) -> Decimal:
        pixels = [(row, label) for row, label, k in zip(z, y, keep, strict=True) if k]
        if any(not 0 <= label < count for _, label in pixels):
            return NAN
        if not pixels:
            return ZERO
        chances = [[x.exp() for x in log_softmax(row, in_play(row))] for row, _ in pixels]
        extensions: Vector = []
        for c in range(count):
            foreground = {i for i, (_, label) in enumerate(pixels) if label == c}
            if foreground or classes == "all":
                errors = [
                    abs((ONE if i in foreground else ZERO) - p[c]) for i, p in enumerate(chances)
                ]
                gains = _gains(errors, foreground)
                extensions.append(total(e * g for e, g in zip(errors, gains, strict=True)))
        return mean(extensions)

    return rows(value, z.shape[:-2], z, y, kept(where, y.shape))
