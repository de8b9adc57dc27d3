"""Losses of tokens, as their papers print them: one token at a time."""

from decimal import Decimal
from math import prod

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    cosine,
    elementwise,
    in_play,
    integer,
    items,
    kept,
    log_softmax,
    log_sum_exp,
    mean,
    real,
    rows,
    softplus,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _cost(z: Vector, label: int) -> Decimal:
    """Cross-entropy; 0 where no class is in play, NaN for a label out of range."""
    keep = in_play(z)
    if not 0 <= label < len(z):
        return NAN
    return -log_softmax(z, keep)[label] if any(keep) else ZERO


def token_cross_entropy(logits: X, labels: X, *, where: X | None = None) -> Array:
    """-log p of each token; 0 for those left out."""
    z, y = real(logits), integer(labels)

    def value(z: Vector, y: int, keep: bool) -> Decimal:
        return _cost(z, y) if keep else ZERO

    return rows(value, y.shape, z, y, kept(where, y.shape))


def dynamic_fine_tuning(
    logits: X, labels: X, *, where: X | None = None, held: tuple[X, X] | None = None
) -> Array:
    """Wu 2025: cross-entropy times the probability, which has no derivative."""
    z, y = real(logits), integer(labels)
    still = z if held is None else real(held[0])

    def value(z: Vector, y: int, still: Vector, keep: bool) -> Decimal:
        if not keep:
            return ZERO
        cost = _cost(z, y)
        weight = (-_cost(still, y)).exp()
        return ZERO if cost == INFINITY else weight * cost

    return rows(value, y.shape, z, y, still, kept(where, y.shape))


def z_loss(logits: X) -> Array:
    """Chowdhery 2022: the square of the log-normaliser; 0 without a class in play."""
    z = real(logits)

    def value(z: Vector) -> Decimal:
        log_z = log_sum_exp(z)
        return ZERO if log_z == -INFINITY else log_z * log_z

    return rows(value, z.shape[:-1], z)


def softcap(logits: X, cap: X) -> Array:
    """cap * tanh(z / cap)."""

    def value(z: Decimal, cap: Decimal) -> Decimal:
        power = (-2 * abs(z) / cap).exp()
        return cap * (ONE if z > 0 else -ONE) * (1 - power) / (1 + power)

    return elementwise(value, logits, cap=cap)


def unlikelihood(logits: X, unwanted: X) -> Array:
    """Welleck 2020: -sum of log(1 - p_c) over the unwanted classes."""
    z, w = real(logits), real(unwanted)

    def value(z: Vector, w: Vector) -> Decimal:
        keep = in_play(z)
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        rest = [total(q for j, q in enumerate(p) if j != c) for c in range(len(p))]
        return total(-weight * x.ln() for weight, x in zip(w, rest, strict=True) if weight != 0)

    return rows(value, z.shape[:-1], z, w)


def earlier_tokens(labels: X, *, classes: int, where: X | None = None) -> Array:
    """1 for what stands before a token and is another one."""
    y = integer(labels)
    keep = kept(where, y.shape)
    found = np.zeros((*y.shape, classes))
    for index in np.ndindex(y.shape):
        *batch, t = index
        for s in range(t):
            before = (*batch, s)
            if keep[before] and keep[index] and y[before] != y[index] and 0 <= y[before] < classes:
                found[(*index, y[before])] = 1
    return found


def multi_token_prediction(logits: X, labels: X, *, where: X | None = None) -> Array:
    """Gloeckle 2024: at each place, cross-entropy of head k with the label k places on."""
    z, y = real(logits), integer(labels)

    def value(t: int, z: list[list[Vector]], y: list[int], keep: list[bool]) -> Decimal:
        if not keep[t]:
            return ZERO
        pairs = [(head, t + k) for k, head in enumerate(z[t]) if t + k < len(y) and keep[t + k]]
        return total(_cost(head, y[place]) for head, place in pairs)

    return items(value, y.shape[:-1], y.shape[-1], z, y, kept(where, y.shape))


def replaced_token_detection(logits: X, corrupted: X, original: X) -> Array:
    """Clark 2020: binary cross-entropy of whether a token is another one than it was."""
    z, a, b = real(logits), integer(corrupted), integer(original)

    def value(z: Decimal, a: int, b: int) -> Decimal:
        return softplus(-z) if a != b else softplus(z)

    return rows(value, z.shape, z, a, b)


def simctg(hidden: X, *, margin: X = 0.5, where: X | None = None) -> Array:
    """Su 2022, equation 2: mean over j != i of max(0, margin - cos(i, i) + cos(i, j))."""
    h = real(hidden)

    def value(i: int, h: list[Vector], keep: list[bool], margin: Decimal) -> Decimal:
        if not keep[i]:
            return ZERO
        others = [j for j in range(len(h)) if j != i and keep[j]]
        own = cosine(h[i], h[i])
        return mean([max(ZERO, margin - own + cosine(h[i], h[j])) for j in others])

    return items(value, h.shape[:-2], h.shape[-2], h, kept(where, h.shape[:-1]), margin=margin)


def self_critical(log_p: X, reward: X, baseline: X) -> Array:
    """Rennie 2017: -(r(sampled) - r(greedy)) log p(sampled)."""
    return elementwise(lambda x, r, b: -(r - b) * x, log_p, reward, baseline)


def minimum_risk(log_p: X, cost: X, *, sharpness: X = 1.0, where: X | None = None) -> Array:
    """Shen 2016, equations 8 and 9: expected cost under p^alpha, normalised over the candidates."""
    x, c = real(log_p), real(cost)

    def value(x: Vector, c: Vector, keep: list[bool], sharpness: Decimal) -> Decimal:
        keep = in_play(x, keep)
        if not any(keep):
            return ZERO
        scaled = [sharpness * a if k else -INFINITY for a, k in zip(x, keep, strict=True)]
        log_q = log_softmax(scaled, keep)
        pairs = zip(log_q, c, keep, strict=True)
        return total(a.exp() * b for a, b, k in pairs if k)

    shape = x.shape[:-1]
    assert prod(c.shape) == prod(x.shape)
    return rows(value, shape, x, c, kept(where, x.shape), sharpness=sharpness)
