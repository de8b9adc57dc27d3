"""Sparse probabilities and Fenchel-Young losses, as their papers print them, by bisection."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    Target,
    elementwise,
    in_play,
    integer,
    log_softmax,
    masses_of,
    real,
    rows,
    target_of,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _bisected(above: Callable[[Decimal], bool], low: Decimal, high: Decimal) -> Decimal:
    for _ in range(130):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return low


def _sparsemax(z: Vector) -> Vector:
    """Martins 2016, algorithm 1."""
    ordered = sorted((x for x in z if x > -INFINITY), reverse=True)
    sums = [total(ordered[:k]) for k in range(1, len(ordered) + 1)]
    size = max(k for k, s in enumerate(sums, 1) if 1 + k * ordered[k - 1] > s)
    threshold = (sums[size - 1] - 1) / size
    return [max(ZERO, x - threshold) for x in z]


def _entmax(z: Vector, alpha: Decimal) -> Vector:
    """Peters 2019, equation 6: [(alpha - 1) z - tau]_+ ^ (1 / (alpha - 1))."""
    if alpha == 1:
        return [x.exp() for x in log_softmax(z, in_play(z))]
    if alpha == 2:
        return _sparsemax(z)

    def of(tau: Decimal) -> Vector:
        bases = [(alpha - 1) * x - tau if x > -INFINITY else ZERO for x in z]
        return [b ** (1 / (alpha - 1)) if b > 0 else ZERO for b in bases]

    top = (alpha - 1) * max(z)
    return of(_bisected(lambda tau: total(of(tau)) > 1, top - 1, top))


def _normmax(z: Vector, alpha: Decimal) -> Vector:
    """Blondel 2020, section 7: p = y / Σ y with y = [z - tau]_+ ^ (1 / (alpha - 1)).

    Of tau, Σ [z - tau]_+ ^ (alpha / (alpha - 1)) is 1.
    """

    def above(tau: Decimal) -> Vector:
        return [x - tau if x > tau else ZERO for x in z]

    def powers(tau: Decimal, exponent: Decimal) -> Vector:
        return [x**exponent if x else ZERO for x in above(tau)]

    top = max(z)
    tau = _bisected(lambda tau: total(powers(tau, alpha / (alpha - 1))) > 1, top - 1, top)
    shares = powers(tau, 1 / (alpha - 1))
    return [x / total(shares) for x in shares]


def _tsallis(p: Vector, alpha: Decimal) -> Decimal:
    if alpha == 1:
        return total(-x * x.ln() for x in p if x)
    return total(x - x**alpha for x in p if x) / (alpha * (alpha - 1))


def entmax(logits: X, target: X, *, alpha: X = 1.5) -> Array:
    """Peters 2019, equation 11: (p - q)' z + H(p) - H(q)."""

    def value(z: Vector, t: Target, alpha: Decimal) -> Decimal:
        q = masses_of(t, len(z))
        if q is None:
            return NAN
        if not any(in_play(z)):
            return ZERO
        p = _entmax(z, alpha)
        linear = total((a - b) * x for a, b, x in zip(p, q, z, strict=True) if a != b)
        return linear + _tsallis(p, alpha) - _tsallis(q, alpha)

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target), alpha=alpha)


def sparsemax(logits: X, target: X) -> Array:
    """Martins 2016, equation 22: -q'z + Σ_{k in S} (z_k² - tau²) / 2 + (|q|² + Σ (p - q)) / 2.

    The sums of p and q are equal for distributions, and the paper leaves them out.
    """

    def value(z: Vector, t: Target) -> Decimal:
        q = masses_of(t, len(z))
        if q is None:
            return NAN
        if not any(in_play(z)):
            return ZERO
        p = _sparsemax(z)
        tau = max(x - a for x, a in zip(z, p, strict=True) if a)
        linear = total(-b * x for b, x in zip(q, z, strict=True) if b)
        squares = total(x * x - tau * tau for x, a in zip(z, p, strict=True) if a) / 2
        return linear + squares + (total(b * b for b in q) + total(p) - total(q)) / 2

    z = real(logits)
    return rows(value, z.shape[:-1], z, target_of(target))


def normmax(logits: X, labels: X, *, alpha: X = 2.0) -> Array:
    """Blondel 2020: (p - y)' z + H(p), H(p) = 1 - |p|_alpha."""

    def value(z: Vector, y: int, alpha: Decimal) -> Decimal:
        q = masses_of(y, len(z))
        if q is None:
            return NAN
        if not any(in_play(z)):
            return ZERO
        p = _normmax(z, alpha)
        norm = total(x**alpha for x in p if x) ** (1 / alpha)
        return total((a - b) * x for a, b, x in zip(p, q, z, strict=True) if a != b) + 1 - norm

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), alpha=alpha)


def binary_sparsemax(logits: X, target: X) -> Array:
    """The Fenchel-Young loss of the two scores z and 0, doubled as their halves are."""

    def value(z: Decimal, t: Decimal) -> Decimal:
        p = _sparsemax([z / 2, -z / 2])[0]
        return (p - t) * z + (p - p * p) - (t - t * t)

    return elementwise(value, logits, target)


def _mapped(mapping: Callable[[Vector, Decimal], Vector], logits: X, alpha: X) -> Array:
    z = real(logits)
    parts = [
        rows(
            lambda row, alpha, k=k: mapping(row, alpha)[k] if any(in_play(row)) else ZERO,
            z.shape[:-1],
            z,
            alpha=alpha,
        )
        for k in range(z.shape[-1])
    ]
    return np.stack(parts, axis=-1)


def entmax_probabilities(logits: X, *, alpha: X = 1.5) -> Array:
    """See `_entmax`."""
    return _mapped(_entmax, logits, alpha)


def sparsemax_probabilities(logits: X) -> Array:
    """See `_sparsemax`."""
    return _mapped(lambda z, _: _sparsemax(z), logits, 2.0)


def normmax_probabilities(logits: X, *, alpha: X = 2.0) -> Array:
    """See `_normmax`."""
    return _mapped(_normmax, logits, alpha)


def fenchel_young(
    scores: X,
    target: X,
    *,
    conjugate: Callable[[Array], Array],
    regularizer: Callable[[Array], Array] | None = None,
) -> Array:
    """Blondel 2020, definition 2: Ω*(z) + Ω(y) - z'y."""
    z, y = real(scores), real(target)
    value = real(conjugate(z)) - (z * y).sum(-1)
    return value if regularizer is None else value + real(regularizer(y))


def perturbed_fenchel_young(scores: X, target: X, *, noise: X, sigma: X = 1.0) -> Array:
    """Berthet 2020, section 4: mean over noise of max_k (z + sigma Z)_k, less z'y."""
    z, y, drawn = real(scores), real(target), real(noise)
    best = [np.max(z + real(sigma) * one, axis=-1) for one in drawn]
    return np.mean(best, axis=0) - np.where(y == 0, 0, z * y).sum(-1)
