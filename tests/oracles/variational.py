"""Bounds on likelihoods and codes from codebooks, one example at a time."""

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    ZERO,
    Array,
    elementwise,
    log_sum_exp,
    mean as mean_of,
    real as numbers,
    rows,
    squared_distance,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _kl(mu: Decimal, log_variance: Decimal) -> Decimal:
    return -(1 + log_variance - mu * mu - log_variance.exp()) / 2


def kl_normal(mean: X, log_variance: X) -> Array:
    """Kingma 2014, appendix B: -(1 + log sigma^2 - mu^2 - sigma^2) / 2."""
    return elementwise(_kl, mean, log_variance)


def elbo(mean: X, log_variance: X, log_likelihood: X, *, beta: X = 1.0) -> Array:
    """Higgins 2017: beta KL(q | p) - log p(x | z)."""

    def value(mu: Vector, log_variance: Vector, likelihood: Decimal, beta: Decimal) -> Decimal:
        return beta * total(map(_kl, mu, log_variance)) - likelihood

    mu = numbers(mean)
    given = mu, numbers(log_variance), numbers(log_likelihood)
    return rows(value, mu.shape[:-1], *given, beta=beta)


def free_bits(mean: X, log_variance: X, *, free: X = 0.5) -> Array:
    """Kingma 2016: the sum over latents of max(lambda, E KL_j)."""
    latents = np.shape(mean)[-1]

    def value(mu: list[Vector], log_variance: list[Vector], free: Decimal) -> Decimal:
        told = [
            mean_of([_kl(m[j], v[j]) for m, v in zip(mu, log_variance, strict=True)])
            for j in range(latents)
        ]
        return total(max(free, kl) for kl in told)

    mu = numbers(mean)
    return rows(value, mu.shape[:-2], mu, numbers(log_variance), free=free)


def iwae(log_weights: X) -> Array:
    """Burda 2016: -log(1/k sum w)."""

    def value(weights: Vector) -> Decimal:
        if not weights:
            return ZERO
        return Decimal(len(weights)).ln() - log_sum_exp(weights)

    given = numbers(log_weights)
    return rows(value, given.shape[:-1], given)


def vq(embeddings: X, codes: X, *, commitment: X = 0.25, held: Any = None) -> Array:
    """Van den Oord 2017: |sg(z) - e|^2 + beta |z - sg(e)|^2, held being what sg(.) has."""
    held = (embeddings, codes) if held is None else held

    def value(z: Vector, e: Vector, z_held: Vector, e_held: Vector, commitment: Decimal) -> Decimal:
        return squared_distance(z_held, e) + commitment * squared_distance(z, e_held)

    z = numbers(embeddings)
    given = z, numbers(codes), numbers(held[0]), numbers(held[1])
    return rows(value, z.shape[:-1], *given, commitment=commitment)


def nearest_codes(embeddings: X, codebook: X) -> Array:
    """The first code at the least distance, as float64."""
    book = numbers(codebook)
    found = [int(np.argmin([sum((x - e) ** 2) for e in book])) for x in numbers(embeddings)]
    return numbers(found)


def straight_through(embeddings: X, codes: X) -> Array:
    """Bengio 2013: forward, the codes."""
    return numbers(codes)
