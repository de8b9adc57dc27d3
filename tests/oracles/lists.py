"""Loops over lists of scored items, for the oracles of ranking."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import EXACT, ONE, ZERO, Array, kept, mean, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]
LOG2 = EXACT.ln(Decimal(2))
Weigh = Callable[[int, int], Decimal]


@dataclass(frozen=True)
class Items:
    """The items of a list that take part, in the order given.

    Attributes:
        s: scores.
        y: relevance.
    """

    s: Vector
    y: Vector

    @property
    def n(self) -> range:
        """Places."""
        return range(len(self.s))

    def better(self) -> list[tuple[int, int]]:
        """Pairs of which the first is more relevant."""
        return [(i, j) for i in self.n for j in self.n if self.y[i] > self.y[j]]

    def order(self) -> list[int]:
        """From the most relevant item on, ties in the order given."""
        return sorted(self.n, key=lambda i: (-self.y[i], i))

    def rank(self) -> list[Decimal]:
        """By score, ties in the order given."""
        order = sorted(self.n, key=lambda i: (-self.s[i], i))
        return [Decimal(order.index(i) + 1) for i in self.n]

    def relevant(self) -> list[int]:
        """Items of relevance of at least 1."""
        return [i for i in self.n if self.y[i] >= 1]


def over_lists(
    fn: Callable[..., Decimal], scores: X, relevance: X, where: X | None, *more: Array, **hyper: X
) -> Array:
    """`fn(items, *more, **hyper)` for each list; scores of -inf take no part."""

    def value(s: Vector, y: Vector, keep: list[bool], *rest: Vector, **chosen: Decimal) -> Decimal:
        places = [i for i, k in enumerate(keep) if k and s[i] != Decimal("-Infinity")]
        taken = Items([s[i] for i in places], [y[i] for i in places])
        return fn(taken, *([r[i] for i in places] for r in rest), **chosen)

    s = real(scores)
    y = np.where(kept(where, s.shape), real(relevance), 0)
    s = np.where(kept(where, s.shape), s, 0)
    return rows(value, s.shape[:-1], s, y, kept(where, s.shape), *more, **hyper)


def gain(y: Decimal) -> Decimal:
    """2^y - 1."""
    return (y * LOG2).exp() - 1


def log2(x: Decimal) -> Decimal:
    """The logarithm to the base 2."""
    return x.ln() / LOG2


def discount(rank: Decimal, k: int | None = None) -> Decimal:
    """1 / log2(1 + rank), 0 beyond k."""
    return ONE / log2(1 + rank) if k is None or rank <= k else ZERO


def best_dcg(items: Items, k: int | None = None) -> Decimal:
    """The largest DCG of any order."""
    y = sorted(items.y, reverse=True)
    return total(gain(a) * discount(Decimal(r), k) for r, a in enumerate(y, 1))


def gain_shares(items: Items, k: int | None = None) -> Vector:
    """Gains over the best DCG; 0 if that is 0."""
    best = best_dcg(items, k)
    return [gain(a) / best if best else ZERO for a in items.y]


def shares(masses: Vector) -> Vector:
    """Masses over their sum; 0 if that is 0."""
    whole = total(masses)
    return [a / whole if whole else ZERO for a in masses]


def ndcg_of(rank: Vector, items: Items, k: int | None = None) -> Decimal:
    """Σ G_i / log2(1 + rank_i)."""
    g = gain_shares(items, k)
    return total(g[i] * discount(rank[i], k) for i in items.n)


def mrr_of(rank: Vector, items: Items) -> Decimal:
    """The largest 1 / rank of a relevant item."""
    return max((1 / rank[i] for i in items.relevant()), default=ZERO)


def average_precision_of(rank: Vector, items: Items) -> Decimal:
    """Mean over relevant items of the count of relevant items up to there over the rank."""
    hits = items.relevant()
    return mean([sum((ONE for j in hits if rank[j] <= rank[i]), ZERO) / rank[i] for i in hits])


def precision_of(taken: Vector, items: Items) -> Decimal:
    """Σ taken of the relevant over Σ taken."""
    whole = total(taken)
    return total(taken[i] for i in items.relevant()) / whole if whole else ZERO


def recall_of(taken: Vector, items: Items) -> Decimal:
    """Mean of taken over the relevant."""
    return mean([taken[i] for i in items.relevant()])


def pair_label_difference(items: Items) -> Weigh:
    """|y_i - y_j|."""
    return lambda i, j: abs(items.y[i] - items.y[j])


def pair_dcg(items: Items, k: int | None = None) -> Weigh:
    """|G_i - G_j| |1 / D_i - 1 / D_j|."""
    g, rank = gain_shares(items, k), items.rank()
    return lambda i, j: abs(g[i] - g[j]) * abs(discount(rank[i], k) - discount(rank[j], k))


def pair_dcg2(items: Items, k: int | None = None) -> Weigh:
    """|G_i - G_j| (1 / D_|i-j| - 1 / D_|i-j|+1)."""
    g, rank = gain_shares(items, k), items.rank()

    def weigh(i: int, j: int) -> Decimal:
        apart, low = abs(rank[i] - rank[j]), max(rank[i], rank[j])
        if not apart:
            return Decimal(0)
        bound = abs(g[i] - g[j]) * (discount(apart) - discount(apart + 1))
        return bound if k is None or low <= k else bound / (1 - discount(low))

    return weigh
