"""Losses of labels that say too little, or lie in a known way, as their papers print them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    cross_entropy,
    in_play,
    integer,
    kept,
    log_softmax,
    masses_of,
    mean,
    real,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]
Held = tuple[X, ...] | None


def symmetric_transition(count: int, *, rate: X) -> Array:
    """Of the mass `rate`, every other class has an equal part."""
    table = np.full((count, count), real(rate) / (count - 1))
    for i in range(count):
        table[i, i] = 1 - real(rate)
    return table


def _spread(table: Array, batch: tuple[int, ...]) -> Array:
    return np.broadcast_to(table, (*batch, *table.shape))


def forward_correction(logits: X, labels: X, transition: X) -> Array:
    """Patrini 2017, theorem 2: -log (T' p)_y."""

    def value(z: Vector, y: int, table: list[Vector]) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        seen = total(x.exp() * row[y] for x, row in zip(log_softmax(z, keep), table, strict=True))
        return -seen.ln() if seen else INFINITY

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), _spread(real(transition), z.shape[:-1]))


def _inverse(table: list[Vector]) -> list[Vector]:
    """By elimination, of the largest pivots first."""
    size = len(table)
    wide = [list(row) + [Decimal(int(i == j)) for j in range(size)] for i, row in enumerate(table)]
    for i in range(size):
        best = max(range(i, size), key=lambda r: abs(wide[r][i]))
        wide[i], wide[best] = wide[best], wide[i]
        wide[i] = [x / wide[i][i] for x in wide[i]]
        for r in range(size):
            if r != i:
                wide[r] = [a - wide[r][i] * b for a, b in zip(wide[r], wide[i], strict=True)]
    return [row[size:] for row in wide]


def backward_correction(logits: X, labels: X, transition: X) -> Array:
    """Patrini 2017, theorem 1: (T⁻¹ l)_y with l_k = -log p_k; 0 for a class not in play."""

    def value(z: Vector, y: int, table: list[Vector]) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        log_p = log_softmax(z, keep)
        row = _inverse(table)[y]
        return total(-w * x for w, x, k in zip(row, log_p, keep, strict=True) if k)

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), _spread(real(transition), z.shape[:-1]))


def peer(logits: X, labels: X, peer_logits: X, peer_labels: X, *, alpha: X = 1.0) -> Array:
    """Liu 2020, equation 4: l(f(x), y) - alpha l(f(x'), y')."""

    def entropy(z: Vector, y: int) -> Decimal:
        masses, keep = masses_of(y, len(z)), in_play(z)
        if masses is None:
            return NAN
        return cross_entropy(masses, log_softmax(z, keep)) if any(keep) else ZERO

    def value(a: Vector, y: int, b: Vector, other: int, alpha: Decimal) -> Decimal:
        return entropy(a, y) - alpha * entropy(b, other)

    a, b = real(logits), real(peer_logits)
    labels, others = integer(labels), integer(peer_labels)
    return rows(value, a.shape[:-1], a, labels, b, others, alpha=alpha)


def negative_learning(logits: X, labels: X) -> Array:
    """Kim 2019, equation 2: -log(1 - p_y), with 1 - p_y by what the others have."""

    def value(z: Vector, y: int) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        others = total(x.exp() for k, x in enumerate(log_softmax(z, keep)) if k != y)
        return -others.ln() if others else INFINITY

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels))


def partial_label(logits: X, target: X) -> Array:
    """Feng 2020, the classifier-consistent loss: -log Σ_{k in S} p_k."""

    def value(z: Vector, candidates: Vector) -> Decimal:
        keep = in_play(z)
        if not any(keep) or not any(candidates):
            return ZERO
        log_p = log_softmax(z, keep)
        outside = total(x.exp() for x, c in zip(log_p, candidates, strict=True) if not c)
        if outside < Decimal("1e-12"):
            # -log(1 - x) by its first terms, exact to 40 digits
            return total(outside**n / n for n in range(1, 5))
        inside = total(x.exp() for x, c in zip(log_p, candidates, strict=True) if c)
        return -inside.ln() if inside else INFINITY

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target))


def candidate_weights(logits: X, target: X) -> Array:
    """Lv 2020, equation 8: p_k / Σ_{j in S} p_j for candidates, else 0."""
    z, chosen = real(logits), real(target) == 1
    result = np.zeros(z.shape)
    for index in np.ndindex(z.shape[:-1]):
        candidates = np.where(chosen[index], z[index], -np.inf)
        top = max(candidates, default=-np.inf)
        if np.isfinite(top):
            masses = np.exp(candidates - top)
            result[index] = masses / masses.sum()
    return result


def progressive_identification(logits: X, target: X, *, held: Held = None) -> Array:
    """Lv 2020, equation 4: -Σ_{k in S} w_k log p_k with w of `candidate_weights`."""

    def value(z: Vector, w: Vector) -> Decimal:
        keep = in_play(z)
        return cross_entropy(w, log_softmax(z, keep)) if any(keep) else ZERO

    z = real(logits)
    weights = candidate_weights(z if held is None else held[0], target)
    return rows(value, z.shape[:-1], z, weights)


def non_negative_pu(
    logits: X,
    target: X,
    *,
    prior: X,
    beta: X = 0.0,
    gamma: X = 1.0,
    surrogate: str = "sigmoid",
    where: X | None = None,
    held: Held = None,
) -> Array:
    """Kiryo 2017: prior R+ + max(-beta, r), r = R_u - prior R_p, all of wrong for negative.

    Under `held`, which tells of each list whether r is below -beta, the function that algorithm 1
    descends: -gamma r there.
    """

    def cost(z: Decimal) -> Decimal:
        return softplus(z) if surrogate == "logistic" else ONE - ONE / (1 + z.exp())

    def parts(z: Vector, t: Vector, keep: list[bool], prior: Decimal) -> tuple[Decimal, Decimal]:
        positive = [x for x, y, k in zip(z, t, keep, strict=True) if k and y == 1]
        unlabelled = [x for x, y, k in zip(z, t, keep, strict=True) if k and y == 0]
        r = mean([cost(x) for x in unlabelled]) - prior * mean([cost(x) for x in positive])
        return prior * mean([cost(-x) for x in positive]), r

    def value(
        z: Vector,
        fixed: Vector,
        t: Vector,
        keep: list[bool],
        prior: Decimal,
        beta: Decimal,
        gamma: Decimal,
    ) -> Decimal:
        right, r = parts(z, t, keep, prior)
        if parts(fixed, t, keep, prior)[1] >= -beta:
            return right + r
        return right - beta if held is None else -gamma * r

    z = real(logits)
    fixed = z if held is None else real(held[0])
    hyper = {"prior": prior, "beta": beta, "gamma": gamma}
    return rows(value, z.shape[:-1], z, fixed, real(target), kept(where, z.shape), **hyper)


def small_loss(values: X, *, count: int) -> Array:
    """Han 2018: 1 for the `count` smallest, the first ones of those that tie."""
    given = real(values)
    result = np.zeros(given.shape)
    for index in np.ndindex(given.shape[:-1]):
        order = sorted(range(given.shape[-1]), key=lambda i: (given[index][i], i))
        for i in order[:count]:
            result[(*index, i)] = 1
    return result
