"""Abstaining, sets, experts and diversity, as their papers print them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from scipy import special

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    log_softmax,
    mean,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def conformal(
    logits: X,
    labels: X,
    *,
    threshold: X = -2.0,
    temperature: X = 0.5,
    free: X = 1.0,
    weight: X = 0.1,
) -> Array:
    """Stutz 2022: 1 - C_y + lambda max(0, sum C - kappa), C = sigmoid((log p - tau) / T)."""

    def value(
        z: Vector,
        y: int,
        threshold: Decimal,
        temperature: Decimal,
        free: Decimal,
        weight: Decimal,
    ) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        flags = in_play(z)
        if not any(flags):
            return ZERO
        c = [
            1 / (1 + (-(x - threshold) / temperature).exp()) if k else ZERO
            for x, k in zip(log_softmax(z, flags), flags, strict=True)
        ]
        return 1 - c[y] + weight * max(ZERO, total(c) - free)

    z = real(logits)
    hyper = {"threshold": threshold, "temperature": temperature, "free": free, "weight": weight}
    return rows(value, z.shape[:-1], z, integer(labels), **hyper)


def selective(
    risks: X, selection: X, *, coverage: X = 0.8, weight: X = 32.0, where: X | None = None
) -> Array:
    """Geifman & El-Yaniv 2019, equations 1 and 2."""

    def value(
        risks: Vector, g: Vector, keep: list[bool], coverage: Decimal, weight: Decimal
    ) -> Decimal:
        those = [(a, b) for a, b, k in zip(risks, g, keep, strict=True) if k]
        if not those:
            return ZERO
        chosen = total(b for _, b in those)
        risk = total(a * b for a, b in those) / chosen if chosen else ZERO
        return risk + weight * max(ZERO, coverage - chosen / len(those)) ** 2

    x = real(risks)
    return rows(
        value,
        x.shape[:-1],
        x,
        real(selection),
        kept(where, x.shape),
        coverage=coverage,
        weight=weight,
    )


def gambler(logits: X, labels: X, *, payoff: X = 2.2) -> Array:
    """Liu 2019: -log(o p_y + p_last)."""

    def value(z: Vector, y: int, payoff: Decimal) -> Decimal:
        if not 0 <= y < len(z) - 1:
            return NAN
        if not any(in_play(z)):
            return ZERO
        p = [x.exp() for x in log_softmax(z, in_play(z))]
        return -(payoff * p[y] + p[-1]).ln()

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), payoff=payoff)


def learning_to_defer(logits: X, labels: X, expert: X, *, alpha: X = 1.0) -> Array:
    """Mozannar & Sontag 2020: -(alpha 1[m = y] + 1[m != y]) log g_y - 1[m = y] log g_last."""

    def value(z: Vector, y: int, m: int, alpha: Decimal) -> Decimal:
        if not 0 <= y < len(z) - 1:
            return NAN
        if not any(in_play(z)):
            return ZERO
        log_g = log_softmax(z, in_play(z))
        return -alpha * log_g[y] - log_g[-1] if m == y else -log_g[y]

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), integer(expert), alpha=alpha)


def negative_correlation(pred: X, target: X, *, weight: X = 0.5, where: X | None = None) -> Array:
    """Liu & Yao 1999: mean (f - y)² / 2 + lambda (f - m) sum of the others' (f - m)."""

    def value(f: Vector, y: Decimal, keep: list[bool], weight: Decimal) -> Decimal:
        members = [a for a, k in zip(f, keep, strict=True) if k]
        middle = mean(members)
        terms = []
        for i, a in enumerate(members):
            others = total(b - middle for j, b in enumerate(members) if j != i)
            terms.append((a - y) ** 2 / 2 + weight * (a - middle) * others)
        return mean(terms)

    x = real(pred)
    return rows(value, x.shape[:-1], x, real(target), kept(where, x.shape), weight=weight)


def adaptive_diversity(
    logits: X,
    labels: X,
    *,
    entropy_weight: X = 2.0,
    volume_weight: X = 0.5,
    jitter: X = 1e-3,
) -> Array:
    """Pang 2019: sum CE - alpha H(mean p) - beta log det(M' M), M of unit non-maximal vectors."""
    z, y = real(logits), integer(labels)
    batch, count = z.shape[:-2], z.shape[-1]
    spread = [np.broadcast_to(real(a), batch) for a in (entropy_weight, volume_weight, jitter)]
    result = np.zeros(batch)
    for index in np.ndindex(batch):
        label, scores = y[index], z[index]
        if not 0 <= label < count:
            result[index] = np.nan
            continue
        alpha, beta, jit = (a[index] for a in spread)
        log_p = scores - special.logsumexp(scores, axis=-1, keepdims=True)
        p = special.softmax(scores, axis=-1).mean(axis=0)
        entropy = -float(sum(a * np.log(a) for a in p if a > 0))
        others = np.delete(scores, label, axis=-1)
        # of the length one, by weights relative to the largest, so that none underflow together
        q = np.exp(others - np.max(others, axis=-1, keepdims=True))
        q = q / np.linalg.norm(q, axis=-1, keepdims=True)
        volume = np.linalg.slogdet(q @ q.T + jit * np.eye(len(q)))[1]
        result[index] = -log_p[:, label].sum() - alpha * entropy - beta * volume
    return result
