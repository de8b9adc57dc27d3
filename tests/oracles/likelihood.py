"""Likelihoods."""

from decimal import Decimal
from typing import Literal

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, kept, log_sum_exp, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def _breslow(risk: Vector, dying: Vector) -> Decimal:
    """Breslow 1974: all who die at a time leave the risk set after it."""
    return len(dying) * log_sum_exp(risk) - total(dying)


def _efron(risk: Vector, dying: Vector) -> Decimal:
    """Efron 1977: as the l-th of d dies, each of the d counts (1 - l / d) in the risk set."""
    alive = list(risk)
    for hazard in dying:
        alive.remove(hazard)
    d, result = len(dying), -total(dying)
    for already in range(d):
        share = (1 - Decimal(already) / d).ln()
        result += log_sum_exp(alive + [hazard + share for hazard in dying])
    return result


def cox(
    log_hazard: X,
    time: X,
    event: X,
    *,
    ties: Literal["efron", "breslow"] = "efron",
    where: X | None = None,
) -> Array:
    """Cox 1972: minus the log partial likelihood, over the number of events; 0 without events.

    At risk at a time are all whose own time is not before it.
    """

    def value(hazard: Vector, time: Vector, event: Vector, keep: list[bool]) -> Decimal:
        people = [(h, t, e) for h, t, e, k in zip(hazard, time, event, keep, strict=True) if k]
        result, events = ZERO, 0
        for now in {t for _, t, e in people if e == 1}:
            risk = [h for h, t, _ in people if t >= now]
            dying = [h for h, t, e in people if t == now and e == 1]
            result += {"efron": _efron, "breslow": _breslow}[ties](risk, dying)
            events += len(dying)
        return result / events if events else ZERO

    h = real(log_hazard)
    return rows(value, h.shape[:-1], h, real(time), real(event), kept(where, h.shape))
