"""Clouds of points that are moved onto each other, and series that are aligned in time."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours

EPSILON = 0.1
TOLERANCE = 1e-3
"""Share of the mass that may be in the wrong rows."""


def sinkhorn(*, points: Sequence[int], dim: int) -> list[Case]:
    """Sinkhorn divergence of two clouds, gradients in one of them.

    Args:
        points: of each cloud, for each case.
        dim: coordinates of a point.
    """

    def case(points: int) -> Case:
        def draw(rng: Generator) -> Arrays:
            one, other = (rng.standard_normal((points, dim), np.float32) for _ in range(2))
            return [one, 0.7 * other + 1]

        options = {"epsilon": EPSILON, "tolerance": TOLERANCE}
        entries = (
            Entry("jaxloss", Ours("sinkhorn.divergence", options)),
            Entry("ott", _ott_sinkhorn, "ott"),
        )
        return Case("sinkhorn.divergence", {"points": points, "dim": dim}, draw, entries)

    return [case(count) for count in points]


def soft_dtw(*, batch: int, length: int, dim: int) -> list[Case]:
    """Soft dynamic time warping of pairs of series, gradients in one of each.

    Args:
        batch: pairs.
        length: moments of each series.
        dim: coordinates of a moment.
    """

    def draw(rng: Generator) -> Arrays:
        steps = (rng.standard_normal((batch, length, dim), np.float32) for _ in range(2))
        return [np.cumsum(series, axis=1) / 8 for series in steps]

    entries = (
        Entry("jaxloss", Ours("temporal.soft_dtw")),
        Entry("ott", _ott_soft_dtw, "ott"),
    )
    sizes = {"batch": batch, "length": length, "dim": dim}
    return [Case("temporal.soft_dtw", sizes, draw, entries)]


def _ott_sinkhorn(x: Array, y: Array) -> Array:
    found = peers.load("ott.tools.sinkhorn_divergence").sinkdiv(
        x, y, epsilon=EPSILON, solve_kwargs={"threshold": TOLERANCE, "max_iterations": 2000}
    )
    return found[0]


def _ott_soft_dtw(x: Array, y: Array) -> Array:
    cost = peers.load("ott.geometry.costs").SoftDTW(1.0)
    return jnp.mean(jax.vmap(cost)(x, y))
