"""Losses of variances and of evidence, as their papers print them."""

from decimal import Decimal
from math import log, pi
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from tests.oracles.loops import (
    NAN,
    ZERO,
    Array,
    elementwise,
    in_play,
    integer,
    log_softmax,
    masses_of,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _nll(m: Decimal, s: Decimal, y: Decimal) -> Decimal:
    """Kendall & Gal 2017: exp(-s) (y - m)² / 2 + s / 2, s no farther than 80 from 0."""
    s = min(max(s, Decimal(-80)), Decimal(80))
    return (-s).exp() * (y - m) ** 2 / 2 + s / 2


def heteroscedastic(mean: X, log_variance: X, target: X) -> Array:
    """Kendall & Gal 2017."""
    return elementwise(_nll, mean, log_variance, target)


def beta_nll(mean: X, log_variance: X, target: X, *, beta: X = 0.5, held: Any = None) -> Array:
    """Seitzer 2022: stop(sigma^(2 beta)) NLL; what stops is taken from `held`."""

    def value(m: Decimal, s: Decimal, y: Decimal, constant: Decimal, beta: Decimal) -> Decimal:
        constant = min(max(constant, Decimal(-80)), Decimal(80))
        return (beta * constant).exp() * _nll(m, s, y)

    constant = log_variance if held is None else held[1]
    return elementwise(value, mean, log_variance, target, constant, beta=beta)


def faithful(mean: X, log_variance: X, target: X, *, held: Any = None) -> Array:
    """Stirn 2023: (y - m)² / 2 + NLL(stop(m)); what stops is taken from `held`."""

    def value(m: Decimal, s: Decimal, y: Decimal, constant: Decimal) -> Decimal:
        return (y - m) ** 2 / 2 + _nll(constant, s, y)

    constant = mean if held is None else held[0]
    return elementwise(value, mean, log_variance, target, constant)


def evidential_regression(
    mean: X, nu: X, alpha: X, beta: X, target: X, *, weight: X = 0.01
) -> Array:
    """Amini 2020, equations 8 and 9."""

    def value(*entries: Decimal, weight: Decimal) -> float:
        m, nu, a, b, y = map(float, entries)
        omega = 2 * b * (1 + nu)
        nll = log(pi / nu) / 2 - a * log(omega) + (a + 0.5) * log((y - m) ** 2 * nu + omega)
        nll += float(special.gammaln(a) - special.gammaln(a + 0.5))
        return nll + float(weight) * abs(y - m) * (2 * nu + a)

    return elementwise(value, mean, nu, alpha, beta, target, weight=weight)


def _dirichlet_kl(a: Vector, b: Vector) -> float:
    """ln G(A) - sum ln G(a) - ln G(B) + sum ln G(b) + sum (a - b) (psi(a) - psi(A))."""
    x, y = np.array(a, np.float64), np.array(b, np.float64)
    norm = special.gammaln(x.sum()) - special.gammaln(x).sum()
    other = special.gammaln(y.sum()) - special.gammaln(y).sum()
    return float(norm - other + np.sum((x - y) * (special.psi(x) - special.psi(x.sum()))))


def evidential_classification(
    evidence: X,
    labels: X,
    *,
    risk: Literal["squared", "log", "digamma"] = "squared",
    weight: X = 1.0,
) -> Array:
    """Sensoy 2018, equations 3 to 5, and KL(Dir(y + (1 - y) alpha), Dir(1))."""

    def value(evidence: Vector, label: int, weight: Decimal) -> float:
        y = masses_of(label, len(evidence))
        if y is None:
            return float("nan")
        alpha = [e + 1 for e in evidence]
        s = total(alpha)
        if risk == "squared":
            p = [a / s for a in alpha]
            cost = float(
                total((b - a) ** 2 + a * (1 - a) / (s + 1) for a, b in zip(p, y, strict=True))
            )
        elif risk == "log":
            cost = float(s.ln() - alpha[label].ln())
        else:
            cost = float(special.psi(float(s)) - special.psi(float(alpha[label])))
        misled = [b + (1 - b) * a for a, b in zip(alpha, y, strict=True)]
        return cost + float(weight) * _dirichlet_kl(misled, [Decimal(1)] * len(misled))

    e = real(evidence)
    return rows(value, e.shape[:-1], e, integer(labels), weight=weight)


def prior_network(
    concentration: X, target: X, *, direction: Literal["forward", "reverse"] = "forward"
) -> Array:
    """Malinin & Gales 2018: KL(Dir(target), Dir(alpha)); 2019: the other way round."""

    def value(a: Vector, b: Vector) -> float:
        return _dirichlet_kl(*((b, a) if direction == "forward" else (a, b)))

    a = real(concentration)
    return rows(value, a.shape[:-1], a, real(target))


def confidence_penalty(logits: X) -> Array:
    """Pereyra 2017: minus the entropy."""

    def value(z: Vector) -> Decimal:
        flags = in_play(z)
        if not any(flags):
            return ZERO
        return total(x.exp() * x for x, k in zip(log_softmax(z, flags), flags, strict=True) if k)

    z = real(logits)
    return rows(value, z.shape[:-1], z)


def conflictual(logits: X, labels: X, drawn: X, *, weight: X = 0.05) -> Array:
    """Fellaji 2024: cross-entropies of the label and of the class drawn."""

    def value(z: Vector, y: int, other: int, weight: Decimal) -> Decimal:
        if masses_of(y, len(z)) is None or masses_of(other, len(z)) is None:
            return NAN
        if not any(in_play(z)):
            return ZERO
        log_p = log_softmax(z, in_play(z))
        return -log_p[y] - weight * log_p[other]

    z = real(logits)
    return rows(value, z.shape[:-1], z, integer(labels), integer(drawn), weight=weight)
