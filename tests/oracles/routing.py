"""Losses of routers, as their papers print them."""

from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import ZERO, Array, in_play, kept, log_softmax, mean, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def load_balancing(logits: X, *, k: int = 2, where: X | None = None) -> Array:
    """Fedus 2021, equations 4 to 6: experts * sum of f_i P_i; each token goes to k experts."""
    z = real(logits)

    def value(z: list[Vector], keep: list[bool]) -> Decimal:
        tokens = [row for row, flag in zip(z, keep, strict=True) if flag]
        if not tokens:
            return ZERO
        experts = len(tokens[0])
        chosen = [sorted(range(experts), key=lambda e, row=row: -row[e])[:k] for row in tokens]
        p = [[x.exp() for x in log_softmax(row, in_play(row))] for row in tokens]
        share = [mean([Decimal(int(e in places)) for places in chosen]) for e in range(experts)]
        chance = [mean([row[e] for row in p]) for e in range(experts)]
        return experts * total(f * q for f, q in zip(share, chance, strict=True))

    return rows(value, z.shape[:-2], z, kept(where, z.shape[:-1]))
