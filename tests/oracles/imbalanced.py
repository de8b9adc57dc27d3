"""Losses that know how often each class occurs, or what each mistake costs.

A class that no example bears counts as one example where examples are counted (`beta**count`), and
as the rarest of the others where only the proportions of the counts matter.
"""

import math
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    Target,
    cross_entropy,
    in_play,
    integer,
    kept,
    log_softmax,
    log_sum_exp,
    masses_of,
    mean,
    power,
    real,
    rows,
    softplus,
    target_of,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _sigmoid(z: Decimal) -> Decimal:
    """In floats, so that a hopeless logit has no mass at all."""
    try:
        return Decimal(1 / (1 + math.exp(-z)))
    except OverflowError:
        return ZERO


def soft_f1(logits: X, target: X, *, where: X | None = None) -> Array:
    """1 - 2tp / (2tp + fp + fn) on soft counts, 0 where there is nothing to count."""

    def value(z: Vector, t: Vector, keep: list[bool]) -> Decimal:
        tp = fp = fn = ZERO
        for a, y, k in zip(z, t, keep, strict=True):
            if k:
                s = _sigmoid(a)
                tp, fp, fn = tp + s * y, fp + s * (1 - y), fn + (1 - s) * y
        denominator = 2 * tp + fp + fn
        return 1 - 2 * tp / denominator if denominator else ZERO

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target), kept(where, z.shape))


def balanced_binary_cross_entropy(logits: X, target: X, *, where: X | None = None) -> Array:
    """Xie 2015: mean of b y (-log p) + (1 - b) (1 - y) (-log(1 - p)), b the share of negatives."""

    def value(z: Vector, t: Vector, keep: list[bool]) -> Decimal:
        row = [(a, y) for a, y, k in zip(z, t, keep, strict=True) if k]
        b = mean([1 - y for _, y in row])
        return mean([b * y * softplus(-a) + (1 - b) * (1 - y) * softplus(a) for a, y in row])

    z = real(logits)
    return rows(value, z.shape[:-1], z, real(target), kept(where, z.shape))


def class_counts(labels: X, *, counts: X, where: X | None = None) -> Array:
    """Counts, plus one for each label kept that is in range."""
    result = real(counts).copy()
    y = integer(labels)
    for index in np.ndindex(y.shape):
        if kept(where, y.shape)[index] and 0 <= y[index] < len(result):
            result[y[index]] += 1
    return result


def class_balanced_weights(counts: X, *, beta: X = 0.999) -> Array:
    """Cui 2019: (1 - beta) / (1 - beta^n), its limit 1 / n at beta = 1."""

    def value(n: Decimal, beta: Decimal) -> Decimal:
        n = n or ONE
        return 1 / n if beta == 1 else (1 - beta) / (1 - beta**n)

    n = real(counts)
    return rows(value, n.shape, n, beta=beta)


def _filled(counts: Vector) -> Vector:
    rarest = min((n for n in counts if n), default=ONE)
    return [n or rarest for n in counts]


def _adjusted_cross_entropy(z: Vector, t: Target, scale: Vector, shift: Vector) -> Decimal:
    """Cross-entropy of scale z + shift."""
    masses, keep = masses_of(t, len(z)), in_play(z)
    if masses is None:
        return NAN
    if not any(keep):
        return ZERO
    adjusted = [a * x + b if k else x for x, a, b, k in zip(z, scale, shift, keep, strict=True)]
    return cross_entropy(masses, log_softmax(adjusted, keep))


def vector_scaling(logits: X, target: X, *, counts: X, gamma: X = 0.1, strength: X = 1.0) -> Array:
    """Kini 2021: cross-entropy of (n / max n)^gamma z + strength log(n / Σ n)."""

    def value(z: Vector, t: Target, n: Vector, gamma: Decimal, strength: Decimal) -> Decimal:
        n = _filled(n)
        scale = [power(c / max(n), gamma) for c in n]
        return _adjusted_cross_entropy(z, t, scale, [strength * (c / total(n)).ln() for c in n])

    z = real(logits)
    spread = np.broadcast_to(real(counts), z.shape)
    hyper = {"gamma": gamma, "strength": strength}
    return rows(value, z.shape[:-1], z, target_of(target), spread, **hyper)


def logit_adjusted(logits: X, target: X, *, counts: X, strength: X = 1.0) -> Array:
    """Menon 2021: cross-entropy of z + strength log prior."""

    def value(z: Vector, t: Target, n: Vector, strength: Decimal) -> Decimal:
        n = _filled(n)
        shift = [strength * (c / total(n)).ln() for c in n]
        return _adjusted_cross_entropy(z, t, [ONE] * len(z), shift)

    z = real(logits)
    spread = np.broadcast_to(real(counts), z.shape)
    return rows(value, z.shape[:-1], z, target_of(target), spread, strength=strength)


def balanced_softmax(logits: X, target: X, *, counts: X) -> Array:
    """Ren 2020: -log(n_y exp(z_y) / Σ n exp(z))."""

    def value(z: Vector, t: Target, n: Vector) -> Decimal:
        shift = [c.ln() for c in _filled(n)]
        return _adjusted_cross_entropy(z, t, [ONE] * len(z), shift)

    z = real(logits)
    spread = np.broadcast_to(real(counts), z.shape)
    return rows(value, z.shape[:-1], z, target_of(target), spread)


def ldam(logits: X, labels: X, *, counts: X, margin: X = 0.5, scale: X = 30.0) -> Array:
    """Cao 2019: cross-entropy of scale (z - margin_y e_y); margins ~ n^(-1/4)."""

    def value(z: Vector, y: int, n: Vector, margin: Decimal, scale: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        roots = [1 / c.sqrt().sqrt() for c in _filled(n)]
        shift = [ZERO] * len(z)
        shift[y] = -scale * margin * roots[y] / max(roots)
        return _adjusted_cross_entropy(z, y, [scale] * len(z), shift)

    z = real(logits)
    spread = np.broadcast_to(real(counts), z.shape)
    return rows(value, z.shape[:-1], z, integer(labels), spread, margin=margin, scale=scale)


def lade(
    logits: X,
    labels: X,
    *,
    counts: X,
    weight: X = 0.1,
    regularization: X = 0.1,
    where: X | None = None,
) -> Array:
    """Hong 2021: mean cross-entropy of z + log prior, plus weight times the sum over the classes
    that occur of prior_c (s_c + regularization s_c² - mean z_c over the examples of c), where
    s_c = log mean_i exp(z_ic) / (classes prior_c).
    """
    z, y = real(logits), integer(labels)
    count = z.shape[-1]
    spread = np.broadcast_to(real(counts), (*z.shape[:-2], count))

    def value(
        z: list[Vector],
        y: list[int],
        n: Vector,
        keep: list[bool],
        weight: Decimal,
        regularization: Decimal,
    ) -> Decimal:
        items = [(row, label) for row, label, k in zip(z, y, keep, strict=True) if k]
        if any(not 0 <= label < count for _, label in items):
            return NAN
        n = _filled(n)
        prior = [c / total(n) for c in n]
        shift = [p.ln() for p in prior]
        value = mean([_adjusted_cross_entropy(row, c, [ONE] * count, shift) for row, c in items])
        for c in {label for _, label in items}:
            own = mean([row[c] for row, label in items if label == c])
            terms = [row[c] - shift[c] - Decimal(count).ln() for row, _ in items]
            estimate = log_sum_exp(terms) - Decimal(len(items)).ln()
            spread = estimate + regularization * estimate * estimate - own
            value += weight * prior[c] * spread
        return value

    hyper = {"weight": weight, "regularization": regularization}
    return rows(value, z.shape[:-2], z, y, spread, kept(where, y.shape), **hyper)


def distribution_balanced(
    logits: X,
    target: X,
    *,
    counts: X,
    examples: X,
    alpha: X = 0.1,
    beta: X = 10.0,
    mu: X = 0.2,
    negative_scale: X = 2.0,
    prior_scale: X = 0.05,
    gamma: X = 0.0,
) -> Array:
    """Wu 2020: mean over classes of (alpha + σ(beta (r - mu))) times a negative-tolerant
    cross-entropy, with r = (1 / n_k) / Σ_{j positive} 1 / n_j, infinite for no positive.
    """

    def value(z: Vector, t: Vector, n: Vector, **hyper: Decimal) -> Decimal:
        size, scale, gamma = hyper["examples"], hyper["negative_scale"], hyper["gamma"]
        n = [min(max(c, ONE), size - 1) for c in n]
        rate = total(y / c for y, c in zip(t, n, strict=True))
        values: Vector = []
        for x, y, c in zip(z, t, n, strict=True):
            map_of = (
                1 / (1 + (-hyper["beta"] * (1 / c / rate - hyper["mu"])).exp()) if rate else ONE
            )
            x -= hyper["prior_scale"] * (size / c - 1).ln() / scale
            miss, alarm = 1 / (1 + x.exp()), 1 / (1 + (-scale * x).exp())
            yes = power(miss, gamma) * softplus(-x)
            no = power(alarm, gamma) * softplus(scale * x) / scale
            values.append((hyper["alpha"] + map_of) * (y * yes + (1 - y) * no))
        return mean(values)

    z = real(logits)
    return rows(
        value,
        z.shape[:-1],
        z,
        real(target),
        np.broadcast_to(real(counts), z.shape),
        examples=examples,
        alpha=alpha,
        beta=beta,
        mu=mu,
        negative_scale=negative_scale,
        prior_scale=prior_scale,
        gamma=gamma,
    )


def expected_cost(logits: X, labels: X, costs: X) -> Array:
    """Σ_ij q_i C_ij p_j: what deciding by chance with the predicted probabilities costs."""
    table = real(costs)

    def value(z: Vector, t: Target, table: list[Vector]) -> Decimal:
        masses, keep = masses_of(t, len(table)), in_play(z)
        if masses is None:
            return NAN
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        return total(
            q * c * b
            for q, row in zip(masses, table, strict=True)
            for c, b in zip(row, p, strict=True)
        )

    z = real(logits)
    spread = np.broadcast_to(table, (*z.shape[:-1], *table.shape))
    return rows(value, z.shape[:-1], z, target_of(labels), spread)
