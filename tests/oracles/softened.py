"""Probabilities over a temperature and their divergence, which oracles of distillation share."""

from decimal import Decimal

from tests.oracles.loops import INFINITY, ONE, ZERO, in_play, log_softmax

Vector = list[Decimal]


def softmax(z: Vector, temperature: Decimal = ONE) -> Vector:
    """Probabilities of scores over a temperature; all 0 where no class is in play."""
    keep = in_play(z)
    scaled = [x / temperature if k else x for x, k in zip(z, keep, strict=True)]
    return [x.exp() for x in log_softmax(scaled, keep)] if any(keep) else [ZERO] * len(z)


def kl(p: Vector, q: Vector) -> Decimal:
    """The sum of p ln(p / q), with 0 ln 0 = 0."""
    found = ZERO
    for a, b in zip(p, q, strict=True):
        if a:
            found += a * (a / b).ln() if b else INFINITY
    return found
