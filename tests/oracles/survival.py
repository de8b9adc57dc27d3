"""Likelihoods of times until something happens, some of which are known to be longer only."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    integer,
    items,
    kept,
    log_sum_exp,
    real,
    rows,
    softplus,
    total,
)

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


def _shares(logits: Vector) -> Vector:
    """Probability of each interval, and of none of them."""
    weights = [z.exp() for z in (*logits, ZERO)]
    return [w / total(weights) for w in weights]


def _costs(
    logits: X, labels: X, event: X, cost: Callable[[Vector, int, Decimal], Decimal]
) -> Array:
    def value(logits: Vector, label: int, event: Decimal) -> Decimal:
        return cost(logits, label, event) if 0 <= label < len(logits) else NAN

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), real(event))


def logistic_hazard(logits: X, labels: X, event: X) -> Array:
    """Gensheimer and Narasimhan 2019: h_k prod(1 - h_j) of an event, prod(1 - h_j) of others."""

    def cost(logits: Vector, label: int, event: Decimal) -> Decimal:
        hazards = [softplus(z) for z in logits[: label + 1]]
        return total(hazards) - (logits[label] if event == 1 else ZERO)

    return _costs(logits, labels, event, cost)


def _mass(logits: Vector, label: int, event: Decimal) -> Decimal:
    p = _shares(logits)
    return -(p[label] if event == 1 else total(p[label + 1 :])).ln()


def probability_mass(logits: X, labels: X, event: X) -> Array:
    """Lee et al. 2018, L1: of the interval of an event, of all later ones for others."""
    return _costs(logits, labels, event, _mass)


def deephit(
    logits: X,
    labels: X,
    event: X,
    *,
    weight: X = 1.0,
    sigma: X = 0.1,
    where: X | None = None,
) -> Array:
    """Lee et al. 2018: L1 + weight L2, each pair (i, j) of L2 with exp((F_j - F_i) / sigma)."""

    def value(
        i: int,
        logits: list[Vector],
        labels: list[int],
        event: Vector,
        keep: list[bool],
        weight: Decimal,
        sigma: Decimal,
    ) -> Decimal:
        if not keep[i]:
            return ZERO
        own, order = labels[i], ZERO
        if not 0 <= own < len(logits[i]):
            return NAN
        reached = [total(_shares(z)[: own + 1]) for z in logits]
        for j, k in enumerate(keep):
            later = labels[j] > own or (labels[j] == own and event[j] != 1)
            if k and later and event[i] == 1:
                order += ((reached[j] - reached[i]) / sigma).exp()
        return _mass(logits[i], own, event[i]) + weight * order / sum(keep)

    z = real(logits)
    batch, n = z.shape[:-2], z.shape[-2]
    given = z, integer(labels), real(event), kept(where, (*batch, n))
    return items(value, batch, n, *given, weight=weight, sigma=sigma)
