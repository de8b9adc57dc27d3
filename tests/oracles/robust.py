"""M-estimators: losses that saturate, of the residual over a scale."""

import functools
import math
from collections.abc import Callable
from decimal import Decimal

import numpy.typing as npt
from scipy import integrate

from tests.oracles.loops import INFINITY, ZERO, Array, elementwise

X = npt.ArrayLike


def _barron(x: Decimal, alpha: Decimal) -> Decimal:
    """Barron 2019, equation 8, with its three limits and the one at +infinity."""
    half_square = x * x / 2
    if alpha == 2:
        return half_square
    if alpha == 0:
        return (half_square + 1).ln()
    if alpha == -INFINITY:
        return 1 - (-half_square).exp()
    if alpha == INFINITY:
        return half_square.exp() - 1
    bend = abs(alpha - 2)
    return bend / alpha * ((x * x / bend + 1) ** (alpha / 2) - 1)


@functools.lru_cache(maxsize=4096)
def _log_partition(alpha: float) -> float:
    """Log of the integral of exp(-rho(x, alpha)) over the line, +inf for alpha < 0.

    x = sinh(u) turns the algebraic tails of small alpha into exponential ones.
    """
    if alpha < 0:
        return math.inf

    def rho(x: float) -> float:
        if alpha == 2:
            return x * x / 2
        if alpha == 0:
            return math.log1p(x * x / 2)
        if math.isinf(alpha):
            return math.expm1(x * x / 2)
        bend = abs(alpha - 2)
        return bend / alpha * math.expm1(alpha / 2 * math.log1p(x * x / bend))

    def density(u: float) -> float:
        try:
            return math.exp(-rho(math.sinh(u))) * math.cosh(u)
        except OverflowError:
            return 0.0

    pieces = [(0, 1), (1, 2), (2, 5), (5, 15), (15, 45)]
    areas = [integrate.quad(density, a, b, epsabs=1e-15, epsrel=1e-13)[0] for a, b in pieces]
    return math.log(2 * math.fsum(areas))


def _scaled(fn: Callable[[Decimal], Decimal], pred: X, target: X, scale: X) -> Array:
    """`fn` of the residual over the scale."""
    return elementwise(lambda p, t, scale: fn((p - t) / scale), pred, target, scale=scale)


def general_robust(pred: X, target: X, *, alpha: X = 1.0, scale: X = 1.0) -> Array:
    """Barron's family, from the parabola (2) over Charbonnier (1) to Welsch (-inf)."""

    def value(p: Decimal, t: Decimal, alpha: Decimal, scale: Decimal) -> Decimal:
        return _barron((p - t) / scale, alpha)

    return elementwise(value, pred, target, alpha=alpha, scale=scale)


def adaptive_robust(pred: X, target: X, *, alpha: X = 1.0, scale: X = 1.0) -> Array:
    """The negative log-likelihood of Barron's distribution."""

    def value(p: Decimal, t: Decimal, alpha: Decimal, scale: Decimal) -> Decimal:
        log_partition = Decimal(_log_partition(float(alpha)))
        return _barron((p - t) / scale, alpha) + scale.ln() + log_partition

    return elementwise(value, pred, target, alpha=alpha, scale=scale)


def cauchy(pred: X, target: X, *, scale: X = 1.0) -> Array:
    """Log(1 + x² / 2)."""
    return _scaled(lambda x: (1 + x * x / 2).ln(), pred, target, scale)


def welsch(pred: X, target: X, *, scale: X = 1.0) -> Array:
    """1 - exp(-x² / 2)."""
    return _scaled(lambda x: 1 - (-x * x / 2).exp(), pred, target, scale)


def geman_mcclure(pred: X, target: X, *, scale: X = 1.0) -> Array:
    """2x² / (x² + 4)."""
    return _scaled(lambda x: 2 * x * x / (x * x + 4), pred, target, scale)


def tukey_biweight(pred: X, target: X, *, scale: X = 4.685) -> Array:
    """Beaton & Tukey 1974: scale²/6 (1 - (1 - x²)³), flat beyond the scale."""

    def value(p: Decimal, t: Decimal, scale: Decimal) -> Decimal:
        x = (p - t) / scale
        inside = 1 - (1 - x * x) ** 3 if abs(x) <= 1 else Decimal(1)
        return scale * scale / 6 * inside

    return elementwise(value, pred, target, scale=scale)


def fair(pred: X, target: X, *, scale: X = 1.0) -> Array:
    """Fair 1974: scale² (|x| - log(1 + |x|))."""

    def value(p: Decimal, t: Decimal, scale: Decimal) -> Decimal:
        x = abs(p - t) / scale
        return scale * scale * (x - (1 + x).ln())

    return elementwise(value, pred, target, scale=scale)


def hampel(pred: X, target: X, *, a: X = 2.0, b: X = 4.0, c: X = 8.0) -> Array:
    """Hampel 1974: the influence rises to a, stays until b, is back at 0 from c on."""

    def value(p: Decimal, t: Decimal, a: Decimal, b: Decimal, c: Decimal) -> Decimal:
        e = abs(p - t)
        if e <= a:
            return e * e / 2
        if e <= b:
            return a * e - a * a / 2
        slope_part = a * b - a * a / 2
        left = (c - e) / (c - b) if e <= c else ZERO
        return slope_part + a * (c - b) / 2 * (1 - left * left)

    return elementwise(value, pred, target, a=a, b=b, c=c)
