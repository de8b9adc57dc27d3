"""Negative logarithms of densities of proportions, and of probabilities of counts by class."""

from typing import Any

import mpmath as mp
import numpy.typing as npt

from tests.oracles.loops import Array, elementwise, real, rows
from tests.oracles.special import log_gamma, textbook

X = npt.ArrayLike
INF = mp.inf


def beta(log_alpha: X, log_beta: X, target: X) -> Array:
    """Density t^(a - 1) (1 - t)^(b - 1) Gamma(a + b) / (Gamma(a) Gamma(b))."""

    def value(log_a: Any, log_b: Any, t: Any) -> Any:
        a, b = mp.exp(log_a), mp.exp(log_b)
        if t < 0 or t > 1:
            return INF
        if t == 0 or t == 1:
            here, there = (log_a, log_b) if t == 0 else (log_b, log_a)
            return INF if here > 0 else -INF if here < 0 else -there
        constant = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
        return constant - (a - 1) * mp.log(t) - (b - 1) * mp.log(1 - t)

    return elementwise(textbook(value), log_alpha, log_beta, target)


def dirichlet(log_concentration: X, target: X) -> Array:
    """Density prod(t^(a - 1)) Gamma(sum(a)) / prod(Gamma(a))."""

    def value(log_a: list[Any], t: list[Any]) -> Any:
        if min(t) <= 0:
            return INF
        a = [mp.exp(x) for x in log_a]
        powers = sum((x - 1) * mp.log(y) for x, y in zip(a, t, strict=True))
        return sum(map(log_gamma, a)) - log_gamma(sum(a)) - powers

    a = real(log_concentration)
    return rows(textbook(value), a.shape[:-1], a, real(target))


def multinomial(logits: X, target: X) -> Array:
    """Probability n! / prod(t!) prod(p^t)."""

    def value(z: list[Any], t: list[Any]) -> Any:
        if min(t) < 0:
            return INF
        log_total = mp.log(sum(map(mp.exp, z)))
        ways = log_gamma(sum(t) + 1) - sum(log_gamma(k + 1) for k in t)
        return -ways - sum(k * (x - log_total) for k, x in zip(t, z, strict=True) if k > 0)

    z = real(logits)
    return rows(textbook(value), z.shape[:-1], z, real(target))


def dirichlet_multinomial(log_concentration: X, target: X) -> Array:
    """Probability n! G(A) / G(n + A) prod(G(t + a) / (t! G(a)))."""

    def value(log_a: list[Any], t: list[Any]) -> Any:
        if min(t) < 0:
            return INF
        a = [mp.exp(x) for x in log_a]
        ways = log_gamma(sum(t) + 1) + log_gamma(sum(a)) - log_gamma(sum(t) + sum(a))
        parts = [
            log_gamma(k + x) - log_gamma(k + 1) - log_gamma(x) for k, x in zip(t, a, strict=True)
        ]
        return -ways - sum(parts)

    a = real(log_concentration)
    return rows(textbook(value), a.shape[:-1], a, real(target))
