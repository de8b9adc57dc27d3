"""Normalised and asymmetric losses for wrong labels, as their papers print them."""

from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt

from tests.oracles.loops import (
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    log_softmax,
    power,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _normalized(cost: Callable[..., Decimal]) -> Callable[..., Decimal]:
    """What the label costs, over the sum of what each class in play would."""

    def value(z: Vector, y: int, **hyper: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        if not keep[y]:
            return ONE  # the limit
        if sum(keep) == 1:
            return ZERO  # nothing to be wrong about, which decimals round to something
        log_p = log_softmax(z, keep)
        costs = [cost(k, log_p, **hyper) if keep[k] else ZERO for k in range(len(z))]
        return costs[y] / total(costs) if any(costs) else ZERO

    return value


def _rest(k: int, log_p: Vector) -> Decimal:
    """1 - p_k by what the others have, so that decimals do not run out."""
    return total(x.exp() for j, x in enumerate(log_p) if j != k)


def _focal(k: int, log_p: Vector, gamma: Decimal) -> Decimal:
    return -(power(_rest(k, log_p), gamma) if gamma else ONE) * log_p[k]


def normalized_cross_entropy(logits: X, labels: X) -> Array:
    """Ma 2020, equation 5: log p_y / Σ_k log p_k."""
    z = real(logits)
    value = _normalized(lambda k, log_p: -log_p[k])
    return rows(value, z.shape[:-1], z, integer(labels))


def normalized_focal(logits: X, labels: X, *, gamma: X = 0.5) -> Array:
    """Ma 2020, equation 7: (1 - p_y)^gamma log p_y / Σ_k (1 - p_k)^gamma log p_k."""
    z = real(logits)
    return rows(_normalized(_focal), z.shape[:-1], z, integer(labels), gamma=gamma)


def active_passive(
    logits: X,
    labels: X,
    *,
    active: str = "cross_entropy",
    alpha: X = 1.0,
    beta: X = 1.0,
    gamma: X = 0.5,
) -> Array:
    """Ma 2020, equation 8: alpha L_active + beta L_passive, the latter Σ_k |y_k - p_k|."""

    def passive(z: Vector, y: int) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        if not any(keep):
            return ZERO
        p = [x.exp() for x in log_softmax(z, keep)]
        return total(abs(int(k == y) - b) for k, b in enumerate(p))

    z = real(logits)
    distance = rows(passive, z.shape[:-1], z, integer(labels))
    if active == "cross_entropy":
        return real(alpha) * normalized_cross_entropy(logits, labels) + real(beta) * distance
    return real(alpha) * normalized_focal(logits, labels, gamma=gamma) + real(beta) * distance


def _of_probability(formula: Callable[..., Decimal], logits: X, labels: X, **hyper: X) -> Array:
    def value(z: Vector, y: int, **hyper: Decimal) -> Decimal:
        if not 0 <= y < len(z):
            return NAN
        keep = in_play(z)
        # nothing in play: as a label that is certain, less what that costs
        p = log_softmax(z, keep)[y].exp() if any(keep) else ONE
        return formula(p, **hyper) if any(keep) else ZERO

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), **hyper)


def _difference(high: Decimal, low: Decimal, q: Decimal) -> Decimal:
    """(high^q - low^q) / q, the logarithm of their ratio at q = 0."""
    if q == 0:
        return (high / low).ln()
    return (high**q - (low**q if low else ZERO)) / q


def asymmetric_generalized_cross_entropy(logits: X, labels: X, *, a: X = 1.0, q: X = 2.0) -> Array:
    """Zhou 2021, section 4.1: [(a + 1)^q - (a + p_y)^q] / q."""

    def formula(p: Decimal, a: Decimal, q: Decimal) -> Decimal:
        return _difference(a + 1, a + p, q)

    return _of_probability(formula, logits, labels, a=a, q=q)


def asymmetric_unhinged(logits: X, labels: X, *, a: X = 1.5, q: X = 0.9) -> Array:
    """Zhou 2021, section 4.2: [(a - p_y)^q - (a - 1)^q] / q."""

    def formula(p: Decimal, a: Decimal, q: Decimal) -> Decimal:
        return ZERO if p == 1 else _difference(a - p, a - 1, q)

    return _of_probability(formula, logits, labels, a=a, q=q)


def asymmetric_exponential(logits: X, labels: X, *, a: X = 3.0) -> Array:
    """Zhou 2021, section 4.3: exp(-p_y / a)."""

    def formula(p: Decimal, a: Decimal) -> Decimal:
        return (-p / a).exp()

    return _of_probability(formula, logits, labels, a=a)
