"""Losses of tokens in another place than that of their label, as their papers print them."""

import itertools
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
    log_softmax,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _costs(frame: Vector) -> Vector:
    """-log p of every class; 0 where no class is in play."""
    keep = in_play(frame)
    return [-x for x in log_softmax(frame, keep)] if any(keep) else [ZERO] * len(frame)


def _chosen(values: list, keep: list[bool]) -> list:
    return [value for value, flag in zip(values, keep, strict=True) if flag]


def _scaled(skip: Decimal, cost: Decimal) -> Decimal:
    return ZERO if skip == 0 else skip * cost


def aligned_cross_entropy(
    logits: X,
    labels: X,
    *,
    skip: X = 1.0,
    where: X | None = None,
    label_where: X | None = None,
    blank: int = 0,
) -> Array:
    """Ghazvininejad 2020: the cheapest of align, skip prediction and skip target, from the end.

    Without predictions, no label can be predicted.
    """
    z, y = real(logits), integer(labels)
    classes = z.shape[-1]

    def value(
        z: list[Vector], y: list[int], frames: list[bool], places: list[bool], skip: Decimal
    ) -> Decimal:
        costs = [_costs(frame) for frame in _chosen(z, frames)]
        wanted = _chosen(y, places)
        if any(not 0 <= label < classes or label == blank for label in wanted):
            return NAN
        if not costs:
            return INFINITY if wanted else ZERO
        table: dict[tuple[int, int], Decimal] = {}
        for i, j in itertools.product(range(len(wanted) + 1), range(len(costs) + 1)):
            ways = [ZERO] if i == j == 0 else []
            if i and j:
                ways.append(table[i - 1, j - 1] + costs[j - 1][wanted[i - 1]])
            if j:
                ways.append(table[i, j - 1] + costs[j - 1][blank])
            if i:
                ways.append(table[i - 1, j] + _scaled(skip, costs[max(j, 1) - 1][wanted[i - 1]]))
            table[i, j] = min(ways)
        return table[len(wanted), len(costs)]

    spoken = kept(label_where, y.shape)
    return rows(value, z.shape[:-2], z, y, kept(where, z.shape[:-1]), spoken, skip=skip)


def order_agnostic_cross_entropy(logits: X, labels: X, *, where: X | None = None) -> Array:
    """Du 2021: the least cross-entropy over all orders of the labels, each of them tried."""
    z, y = real(logits), integer(labels)
    classes = z.shape[-1]

    def value(z: list[Vector], y: list[int], keep: list[bool]) -> Decimal:
        costs, wanted = [_costs(row) for row in _chosen(z, keep)], _chosen(y, keep)
        if any(not 0 <= label < classes for label in wanted):
            return NAN
        orders = itertools.permutations(wanted)
        return min(
            total(row[label] for row, label in zip(costs, order, strict=True)) for order in orders
        )

    return rows(value, z.shape[:-2], z, y, kept(where, y.shape))
