"""Divergences as their papers print them, on masses and in decimals, with 0 log 0 = 0."""

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import INFINITY, ZERO, Array, elementwise, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]
HALF = Decimal("0.5")


def _of_masses(fn: Callable[..., Decimal], log_pred: X, log_target: X, **hyper: X) -> Array:
    """Call `fn(p, q, **hyper)` on the masses of each row."""

    def value(a: Vector, b: Vector, **hyper: Decimal) -> Decimal:
        return fn([x.exp() for x in a], [x.exp() for x in b], **hyper)

    a, b = real(log_pred), real(log_target)
    return rows(value, a.shape[:-1], a, b, **hyper)


def _log_ratio(x: Decimal, y: Decimal) -> Decimal:
    """Of a mass with itself as a weight: x ln(x / y), 0 without mass."""
    if not x:
        return ZERO
    return x * (x / y).ln() if y else INFINITY


def _kl(p: Vector, q: Vector) -> Decimal:
    """Kullback & Leibler 1951: Σ q ln(q / p)."""
    return total(_log_ratio(y, x) for x, y in zip(p, q, strict=True))


def kl(log_pred: X, log_target: X) -> Array:
    return _of_masses(_kl, log_pred, log_target)


def reverse_kl(log_pred: X, log_target: X) -> Array:
    return _of_masses(lambda p, q: _kl(q, p), log_pred, log_target)


def generalized_kl(log_pred: X, log_target: X) -> Array:
    """Csiszár 1975: Σ q ln(q / p) - q + p."""
    return _of_masses(lambda p, q: _kl(p, q) - total(q) + total(p), log_pred, log_target)


def jeffreys(log_pred: X, log_target: X) -> Array:
    """Jeffreys 1946: both ways."""
    return _of_masses(lambda p, q: _kl(p, q) + _kl(q, p), log_pred, log_target)


def _mixed(p: Vector, q: Vector, share: Decimal) -> Vector:
    return [share * y + (1 - share) * x for x, y in zip(p, q, strict=True)]


def jensen_shannon(log_pred: X, log_target: X) -> Array:
    """Lin 1991: half the divergences of both from their mixture."""

    def value(p: Vector, q: Vector) -> Decimal:
        m = _mixed(p, q, HALF)
        return (_kl(m, p) + _kl(m, q)) / 2

    return _of_masses(value, log_pred, log_target)


def generalized_jensen_shannon(log_pred: X, log_target: X, *, beta: X = 0.5) -> Array:
    """Agarwal 2024, divided by β (1 - β); at the ends, the generalised divergences."""

    def value(p: Vector, q: Vector, beta: Decimal) -> Decimal:
        if beta in (0, 1):
            one, other = (p, q) if beta == 0 else (q, p)
            return _kl(one, other) - total(other) + total(one)
        m = _mixed(p, q, beta)
        return (beta * _kl(m, q) + (1 - beta) * _kl(m, p)) / (beta * (1 - beta))

    return _of_masses(value, log_pred, log_target, beta=beta)


def total_variation_distance(log_pred: X, log_target: X) -> Array:
    """Half of Σ |p - q|."""
    return _of_masses(
        lambda p, q: total(abs(x - y) for x, y in zip(p, q, strict=True)) / 2, log_pred, log_target
    )


def hellinger(log_pred: X, log_target: X) -> Array:
    """Hellinger 1909: √(½ Σ (√p - √q)²)."""

    def value(p: Vector, q: Vector) -> Decimal:
        return (total((x.sqrt() - y.sqrt()) ** 2 for x, y in zip(p, q, strict=True)) / 2).sqrt()

    return _of_masses(value, log_pred, log_target)


def bhattacharyya(log_pred: X, log_target: X) -> Array:
    """Bhattacharyya 1943: -ln Σ √(pq), of masses relative to the mean of their totals."""

    def value(p: Vector, q: Vector) -> Decimal:
        mass = (total(p) + total(q)) / 2
        shared = total((x * y).sqrt() for x, y in zip(p, q, strict=True))
        return -(shared / mass).ln() if mass else ZERO

    return _of_masses(value, log_pred, log_target)


def _powered(x: Decimal, exponent: Decimal) -> Decimal:
    """With 0⁰ = 0: what has no mass is not there."""
    if not x:
        return INFINITY if exponent < 0 else ZERO
    return (exponent * x.ln()).exp()


def _product(x: Decimal, y: Decimal, alpha: Decimal) -> Decimal:
    """`x^α y^(1-α)`, 0 where neither is there."""
    if not x and not y:
        return ZERO
    one, other = _powered(x, alpha), _powered(y, 1 - alpha)
    return ZERO if not one or not other else one * other


def _overlap(p: Vector, q: Vector, alpha: Decimal) -> Decimal:
    """Σ p^α q^(1-α), infinite where a negative power meets 0."""

    def term(x: Decimal, y: Decimal) -> Decimal:
        lost = (not x and y and alpha < 0) or (not y and x and alpha > 1)
        return INFINITY if lost else _product(x, y, alpha)

    return total(term(x, y) for x, y in zip(p, q, strict=True))


def _alpha(p: Vector, q: Vector, alpha: Decimal) -> Decimal:
    """Cichocki & Amari 2010, of masses: (Σ p^α q^(1-α) - α p - (1-α) q) / (α (α - 1))."""
    if alpha in (0, 1):
        one, other = (p, q) if alpha == 0 else (q, p)
        return _kl(one, other) - total(other) + total(one)
    rest = alpha * total(p) + (1 - alpha) * total(q)
    return (_overlap(p, q, alpha) - rest) / (alpha * (alpha - 1))


def alpha(log_pred: X, log_target: X, *, alpha: X = 0.5) -> Array:
    return _of_masses(_alpha, log_pred, log_target, alpha=alpha)


def chi_squared(log_pred: X, log_target: X) -> Array:
    """Pearson 1900: Σ (p - q)² / q."""

    def term(x: Decimal, y: Decimal) -> Decimal:
        if not y:
            return INFINITY if x else ZERO
        return (x - y) ** 2 / y

    return _of_masses(
        lambda p, q: total(term(x, y) for x, y in zip(p, q, strict=True)), log_pred, log_target
    )


def tsallis(log_pred: X, log_target: X, *, alpha: X = 0.5) -> Array:
    """Tsallis 1998: (Σ p^α q^(1-α) - 1) / (α - 1), for masses as in `alpha`."""

    def value(p: Vector, q: Vector, alpha: Decimal) -> Decimal:
        if alpha == 0:
            return total(y for x, y in zip(p, q, strict=True) if not x)
        return alpha * _alpha(p, q, alpha)

    return _of_masses(value, log_pred, log_target, alpha=alpha)


def renyi(log_pred: X, log_target: X, *, alpha: X = 0.5) -> Array:
    """Rényi 1961: ln Σ p^α q^(1-α) / (α - 1), relative to the mass α Σp + (1-α) Σq."""

    def value(p: Vector, q: Vector, alpha: Decimal) -> Decimal:
        mass = alpha * total(p) + (1 - alpha) * total(q)
        if not mass:
            return ZERO
        if alpha == 1:
            return (_kl(q, p) - total(p) + total(q)) / mass
        if alpha == 0:
            return -(total(y for x, y in zip(p, q, strict=True) if x) / mass).ln()
        return (_overlap(p, q, alpha) / mass).ln() / (alpha - 1)

    return _of_masses(value, log_pred, log_target, alpha=alpha)


def beta(pred: X, target: X, *, beta: X = 1.0) -> Array:
    """Basu 1998 as in Févotte & Idier 2011: (t^β + (β-1) p^β - β t p^(β-1)) / (β (β - 1))."""

    def value(p: Decimal, t: Decimal, beta: Decimal) -> Decimal:
        if not p and not t:
            return ZERO
        if beta == 0:
            return t / p - (t / p).ln() - 1 if t and p else INFINITY
        if beta == 1:
            return _log_ratio(t, p) - t + p
        if (not t and beta < 0) or (not p and beta < 1):
            return INFINITY
        cross = t * _powered(p, beta - 1) if t else ZERO
        return (_powered(t, beta) + (beta - 1) * _powered(p, beta) - beta * cross) / (
            beta * (beta - 1)
        )

    return elementwise(value, pred, target, beta=beta)


def bregman(pred: X, target: X, *, potential: Callable[[npt.NDArray[np.float64]], float]) -> Array:
    """Bregman 1967: φ(t) - φ(p) - ⟨∇φ(p), t - p⟩, the gradient by central differences."""
    p, t = real(pred), real(target)

    def value(p: npt.NDArray[np.float64], t: npt.NDArray[np.float64]) -> float:
        slope = 0.0
        for i, step in enumerate(np.eye(len(p)) * 1e-5):
            slope += (potential(p + step) - potential(p - step)) / 2e-5 * (t[i] - p[i])
        return potential(t) - potential(p) - slope

    result = np.empty(p.shape[:-1])
    for index in np.ndindex(result.shape):
        result[index] = value(p[index], t[index])
    return result
