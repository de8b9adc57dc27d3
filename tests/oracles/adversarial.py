"""Margins that attacks raise: gaps between classes, cut off or in units of the spread."""

from collections.abc import Sequence
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    real,
    rows,
)

X = npt.ArrayLike


def carlini_wagner(logits: X, labels: X, *, margin: X = 0.0, where: X | None = None) -> Array:
    """The best wrong class less the label, at most the margin; 0 without a wrong class."""

    def value(z: list[Decimal], y: int, keep: list[bool], margin: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        flags = in_play(z, keep)
        wrong = [z[k] for k in range(len(z)) if k != y and flags[k]]
        if not wrong:
            return ZERO
        return min(margin, max(wrong) - z[y]) if flags[y] else margin

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), kept(where, z.shape), margin=margin)


def dlr(logits: X, labels: X, *, where: X | None = None) -> Array:
    """Croce and Hein 2020: the same gap by the spread of first and third class."""

    def value(z: list[Decimal], y: int, keep: list[bool]) -> Decimal:
        flags = in_play(z, keep)
        if not 0 <= y < len(z):
            return NAN
        order = sorted((z[k] for k in range(len(z)) if flags[k]), reverse=True)
        if len(order) < 3:
            return ZERO
        if not flags[y]:
            return INFINITY
        wrong = max(z[k] for k in range(len(z)) if k != y and flags[k])
        return _by_spread(wrong - z[y], order[0] - order[2])

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), kept(where, z.shape))


def targeted_dlr(logits: X, labels: X, rivals: X) -> Array:
    """The gap between two classes by the spread of the first and of the third and fourth."""

    def value(z: list[Decimal], y: int, t: int) -> Decimal:
        if not (0 <= y < len(z) and 0 <= t < len(z)):
            return NAN
        flags = in_play(z)
        order = sorted((z[k] for k in range(len(z)) if flags[k]), reverse=True)
        if len(order) < 4:
            return ZERO
        if not (flags[y] and flags[t]):
            return -INFINITY if flags[y] else INFINITY
        return _by_spread(z[t] - z[y], order[0] - _mean(order[2:4]))

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), integer(rivals))


def _mean(values: Sequence[Decimal]) -> Decimal:
    return sum(values, ZERO) / len(values)


def _by_spread(gap: Decimal, spread: Decimal) -> Decimal:
    return gap / spread if spread else ZERO
