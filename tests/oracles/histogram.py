"""Numbers as distributions over bins, as their papers print them."""

import itertools
import math
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import ONE, ZERO, Array, cross_entropy, log_softmax, real, rows, total

X = npt.ArrayLike
Vector = list[Decimal]


def _moved(places: Vector, masses: Vector, support: Vector) -> Vector:
    """Bellemare 2017, algorithm 1: each mass to its neighbours below and above."""
    out = [ZERO] * len(support)
    for place, mass in zip(places, masses, strict=True):
        x = min(max(place, support[0]), support[-1])
        above = next(i for i, z in enumerate(support) if z >= x)
        if support[above] == x:
            out[above] += mass
            continue
        low, high = support[above - 1], support[above]
        out[above] += mass * (x - low) / (high - low)
        out[above - 1] += mass * (high - x) / (high - low)
    return out


def _decimals(values: X) -> Vector:
    """A vector shared by all rows."""
    return [Decimal(x) for x in real(values).tolist()]


def _cost(masses: Vector, logits: Vector) -> Decimal:
    """The cross-entropy."""
    return cross_entropy(masses, log_softmax(logits, [True] * len(logits)))


def project(places: X, masses: X, *, support: X) -> Array:
    """Equation 7, row by row."""
    x, p, z = real(places), real(masses), _decimals(support)
    out = np.empty((*x.shape[:-1], len(z)))
    for row in np.ndindex(x.shape[:-1]):
        out[row] = [float(m) for m in _moved(_decimals(x[row]), _decimals(p[row]), z)]
    return out


def two_hot(logits: X, target: X, *, support: X) -> Array:
    """Schrittwieser 2020, appendix F: the linear combination of the two adjacent integers."""
    scores, atoms = real(logits), _decimals(support)
    return rows(
        lambda z, y: _cost(_moved([y], [ONE], atoms), z), scores.shape[:-1], scores, real(target)
    )


def hl_gauss(logits: X, target: X, *, edges: X, deviation: X = 0.75) -> Array:
    """Imani 2018, section 3: (Phi(b) - Phi(a)) / Z, with Phi from the nearer tail."""
    scores, ends = real(logits), real(edges).tolist()

    def tail(x: float) -> float:
        return math.erfc(x / math.sqrt(2)) / 2

    def value(z: Vector, y: Decimal, deviation: Decimal) -> Decimal:
        centre = min(max(float(y), ends[0]), ends[-1])
        sigma = float(deviation) * (ends[-1] - ends[0]) / len(z)
        masses = []
        for a, b in itertools.pairwise(ends):
            low, high = (a - centre) / sigma, (b - centre) / sigma
            mass = tail(low) - tail(high) if low > 0 else tail(-high) - tail(-low)
            masses.append(Decimal(mass))
        whole = total(masses)
        return _cost([mass / whole for mass in masses], z)

    return rows(value, scores.shape[:-1], scores, real(target), deviation=deviation)
