"""Relaxed permutations and soft ranks, entry by entry."""

from decimal import Decimal

import mpmath
import numpy.typing as npt

from tests.oracles.lists import Items, Vector, discount, gain_shares, over_lists
from tests.oracles.loops import ONE, ZERO, Array, log_sum_exp, mean, total

X = npt.ArrayLike
Matrix = list[Vector]


def _log_permutation(items: Items, temperature: Decimal) -> Matrix:
    """Grover 2019, equation 5: rows are log softmax(((n + 1 - 2 i) s - A_s 1) / τ)."""
    n = len(items.s)
    apart = [total(abs(a - b) for b in items.s) for a in items.s]
    rows = []
    for i in range(1, n + 1):
        z = [((n + 1 - 2 * i) * s - a) / temperature for s, a in zip(items.s, apart, strict=True)]
        log_z = log_sum_exp(z)
        rows.append([x - log_z for x in z])
    return rows


def neural_sort(scores: X, relevance: X, *, temperature: X = 1.0, where: X | None = None) -> Array:
    """Grover 2019: cross-entropy of the rows, those of tied items shared evenly."""

    def value(items: Items, temperature: Decimal) -> Decimal:
        costs = []
        for k, row in enumerate(_log_permutation(items, temperature)):
            grade = sorted(items.y, reverse=True)[k]
            costs.append(-mean([row[j] for j in items.n if items.y[j] == grade]))
        return mean(costs)

    return over_lists(value, scores, relevance, where, temperature=temperature)


def _shortfall(matrix: Matrix, items: Items, k: int | None) -> Decimal:
    g = gain_shares(items, k)
    if not any(g):
        return ZERO
    return 1 - total(
        total(p * a for p, a in zip(row, g, strict=True)) * discount(Decimal(i), k)
        for i, row in enumerate(matrix, 1)
    )


def _permutation(items: Items, temperature: Decimal) -> Matrix:
    return [[x.exp() for x in row] for row in _log_permutation(items, temperature)]


def neural_ndcg(
    scores: X,
    relevance: X,
    *,
    temperature: X = 1.0,
    k: int | None = None,
    iterations: int = 50,
    where: X | None = None,
) -> Array:
    """Pobrotyn 2021: 1 - NDCG of P G, with the columns and rows of P scaled in turns."""

    def value(items: Items, temperature: Decimal) -> Decimal:
        matrix = _permutation(items, temperature)
        for _ in range(iterations):
            columns = [total(row[j] for row in matrix) for j in items.n]
            matrix = [
                [x / c if c else ZERO for x, c in zip(row, columns, strict=True)] for row in matrix
            ]
            matrix = [[x / total(row) if total(row) else ZERO for x in row] for row in matrix]
        return _shortfall(matrix, items, k)

    return over_lists(value, scores, relevance, where, temperature=temperature)


def pi_rank(
    scores: X,
    relevance: X,
    *,
    temperature: X = 1.0,
    k: int | None = None,
    where: X | None = None,
) -> Array:
    """Swezey 2021: 1 - NDCG of P G."""
    return over_lists(
        lambda items, temperature: _shortfall(_permutation(items, temperature), items, k),
        scores,
        relevance,
        where,
        temperature=temperature,
    )


def _normal_cdf(x: Decimal) -> Decimal:
    with mpmath.workdps(40):
        return Decimal(mpmath.nstr(mpmath.ncdf(mpmath.mpf(str(x))), 40))


def soft_rank_ndcg(scores: X, relevance: X, *, sigma: X = 1.0, where: X | None = None) -> Array:
    """Taylor 2008, equations 4 to 9: 1 - Σ G_i Σ_r p_i(r) / log2(1 + r)."""

    def value(items: Items, sigma: Decimal) -> Decimal:
        g = gain_shares(items)
        if not any(g):
            return ZERO
        expected = ZERO
        for i in items.n:
            p = [ONE]
            for j in items.n:
                if j == i:
                    continue
                ahead = _normal_cdf((items.s[j] - items.s[i]) / (Decimal(2).sqrt() * sigma))
                stay = [x * (1 - ahead) for x in p]
                move = [x * ahead for x in p]
                p = [a + b for a, b in zip([*stay, ZERO], [ZERO, *move], strict=True)]
            expected += g[i] * total(x * discount(Decimal(r)) for r, x in enumerate(p, 1))
        return 1 - expected

    return over_lists(value, scores, relevance, where, sigma=sigma)


def soft_kendall(scores: X, relevance: X, *, temperature: X = 1.0, where: X | None = None) -> Array:
    """1 - mean of tanh((s_i - s_j) / τ) over y_i > y_j."""

    def tanh(x: Decimal) -> Decimal:
        return 1 - 2 / ((2 * x).exp() + 1)

    def value(items: Items, temperature: Decimal) -> Decimal:
        pairs = items.better()
        return mean([1 - tanh((items.s[i] - items.s[j]) / temperature) for i, j in pairs])

    return over_lists(value, scores, relevance, where, temperature=temperature)


def _soft_ranks(s: Vector, strength: Decimal) -> Vector:
    """Blondel 2020, proposition 3: z - isotonic(z - w), by pooling adjacent violators."""
    order = sorted(range(len(s)), key=lambda i: (-s[i], i))
    z = [-s[i] / strength for i in order]
    pools: list[list[int]] = []
    level = lambda pool: mean([z[i] - (i + 1) for i in pool])
    for i in range(len(z)):
        pools.append([i])
        while len(pools) > 1 and level(pools[-2]) > level(pools[-1]):
            last = pools.pop()
            pools[-1] = pools[-1] + last
    ranks = [ZERO] * len(s)
    for pool in pools:
        for i in pool:
            ranks[order[i]] = z[i] - level(pool)
    return ranks


def soft_spearman(scores: X, relevance: X, *, strength: X = 1.0, where: X | None = None) -> Array:
    """Blondel 2020: 1 - the correlation of soft ranks with mean ranks of relevance."""

    def value(items: Items, strength: Decimal) -> Decimal:
        soft = _soft_ranks(items.s, strength)
        hard = [
            sum(1 for b in items.y if b > a) + (Decimal(sum(1 for b in items.y if b == a)) + 1) / 2
            for a in items.y
        ]
        soft, hard = ([a - mean(x) for a in x] for x in (soft, hard))
        size = (total(a * a for a in soft) * total(a * a for a in hard)).sqrt()
        if size < Decimal("1e-25"):
            return ZERO
        return 1 - total(a * b for a, b in zip(soft, hard, strict=True)) / size

    return over_lists(value, scores, relevance, where, strength=strength)
