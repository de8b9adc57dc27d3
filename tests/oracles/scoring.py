"""Scores of a whole forecast: an ensemble against what came true."""

from decimal import Decimal
from typing import Literal

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, kept, mean, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def crps_ensemble(
    pred: X,
    target: X,
    *,
    estimator: Literal["energy", "fair"] = "energy",
    where: X | None = None,
) -> Array:
    """Gneiting & Raftery 2007: E|X - y| - E|X - X'| / 2, over m² or over m (m - 1) pairs."""

    def value(x: Vector, y: Decimal, keep: list[bool]) -> Decimal:
        members = [a for a, k in zip(x, keep, strict=True) if k]
        m = len(members)
        pairs = {"energy": m * m, "fair": m * (m - 1)}[estimator]
        spread = total(abs(a - b) for a in members for b in members)
        return mean([abs(a - y) for a in members]) - (spread / pairs / 2 if pairs else ZERO)

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape))
