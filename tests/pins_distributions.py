"""Values by hand for the oracles of divergences between distributions."""

from math import exp, inf, log, sqrt

import numpy as np

from tests.oracles import divergence, gaussian_divergence, sinkhorn
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)


def logs(*masses):
    with np.errstate(divide="ignore"):
        return np.log(np.array(masses))


# The prediction is (1/2, 1/2) and the target (1/4, 3/4), but for what the edges say.
P, T = logs(0.5, 0.5), logs(0.25, 0.75)
NONE, LEFT, RIGHT = logs(0, 0), logs(1, 0), logs(0, 1)
OVERLAP = (1 + sqrt(3)) / sqrt(8)  # sqrt(1/8) + sqrt(3/8)
FORWARD = log(0.5) / 4 + log(1.5) * 3 / 4
BACKWARD = (LOG2 + log(2 / 3)) / 2
# The mixture is (3/8, 5/8).
MIXED = (log(4 / 3) + log(4 / 5)) / 4 + (log(2 / 3) + 3 * log(6 / 5)) / 8


def _edges(oracle, missed, invented, apart, **hyper):
    """Costs of masses that only one of two has."""
    return [
        pin(oracle, LEFT, P, expect=missed, why="missed", **hyper),
        pin(oracle, P, LEFT, expect=invented, why="invented", **hyper),
        pin(oracle, LEFT, RIGHT, expect=apart, why="nothing shared", **hyper),
        pin(oracle, [LEFT, NONE], [LEFT, NONE], expect=[0, 0], why="nothing there", **hyper),
    ]


DIVERGENCE = [
    pin(divergence.kl, P, T, expect=FORWARD, why="halves and quarters"),
    *_edges(divergence.kl, inf, LOG2, inf),
    pin(divergence.reverse_kl, P, T, expect=BACKWARD, why="halves and quarters"),
    *_edges(divergence.reverse_kl, LOG2, inf, inf),
    pin(divergence.generalized_kl, P, T, expect=FORWARD, why="distributions"),
    pin(divergence.generalized_kl, [0.0, LOG2], [0.0, 0.0], expect=1 - LOG2, why="masses"),
    *_edges(divergence.generalized_kl, inf, LOG2, inf),
    pin(divergence.jeffreys, P, T, expect=LOG3 / 4, why="halves and quarters"),
    *_edges(divergence.jeffreys, inf, inf, inf),
    pin(divergence.jensen_shannon, P, T, expect=MIXED, why="halves and quarters"),
    *_edges(
        divergence.jensen_shannon,
        # mixture (3/4, 1/4)
        (log(4 / 3) + log(2 / 3) / 2 + LOG2 / 2) / 2,
        (log(4 / 3) + log(2 / 3) / 2 + LOG2 / 2) / 2,
        LOG2,
    ),
    pin(divergence.generalized_jensen_shannon, P, T, expect=4 * MIXED, why="half-way"),
    pin(divergence.generalized_jensen_shannon, P, T, beta=0, expect=FORWARD, why="one end"),
    pin(divergence.generalized_jensen_shannon, P, T, beta=1, expect=BACKWARD, why="the other"),
    # (1/4 ln 4 + 3/4 ln 4/3) / (3/16)
    pin(
        divergence.generalized_jensen_shannon,
        LEFT,
        RIGHT,
        beta=0.25,
        expect=(log(4) / 4 + log(4 / 3) * 3 / 4) * 16 / 3,
        why="nothing shared",
    ),
    pin(divergence.total_variation_distance, P, T, expect=1 / 4, why="halves and quarters"),
    *_edges(divergence.total_variation_distance, 1 / 2, 1 / 2, 1),
    pin(divergence.hellinger, P, T, expect=sqrt(1 - OVERLAP), why="halves and quarters"),
    *_edges(divergence.hellinger, sqrt(1 - sqrt(0.5)), sqrt(1 - sqrt(0.5)), 1),
    pin(divergence.bhattacharyya, P, T, expect=-log(OVERLAP), why="halves and quarters"),
    *_edges(divergence.bhattacharyya, LOG2 / 2, LOG2 / 2, inf),
    pin(divergence.chi_squared, P, T, expect=1 / 4 + 1 / 12, why="halves and quarters"),
    *_edges(divergence.chi_squared, 1, inf, inf),
    pin(divergence.alpha, P, T, expect=4 * (1 - OVERLAP), why="half-way"),
    pin(divergence.alpha, P, T, alpha=2, expect=1 / 6, why="half of chi squared"),
    # (1/4)^2 / (1/2) + (3/4)^2 / (1/2) = 5/4
    pin(divergence.alpha, P, T, alpha=-1, expect=(5 / 4 - 1) / 2, why="the other half"),
    pin(divergence.alpha, P, T, alpha=0, expect=FORWARD, why="one limit"),
    pin(divergence.alpha, P, T, alpha=1, expect=BACKWARD, why="the other"),
    pin(divergence.alpha, [LOG2], [0.0], alpha=2, expect=(4 - 4 + 1) / 2, why="masses"),
    *_edges(divergence.alpha, 4 * (1 - sqrt(0.5)), 4 * (1 - sqrt(0.5)), 4),
    *_edges(divergence.alpha, 1 / 2, inf, inf, alpha=2),
    *_edges(divergence.alpha, inf, 1 / 2, inf, alpha=-1),
    pin(divergence.tsallis, P, T, expect=2 * (1 - OVERLAP), why="half-way"),
    pin(divergence.tsallis, P, T, alpha=2, expect=1 / 3, why="chi squared"),
    pin(divergence.tsallis, P, T, alpha=1, expect=BACKWARD, why="the limit"),
    pin(divergence.tsallis, LEFT, P, alpha=0, expect=1 / 2, why="what is ruled out"),
    *_edges(divergence.tsallis, 1, inf, inf, alpha=2),
    pin(divergence.renyi, P, T, expect=-2 * log(OVERLAP), why="half-way"),
    pin(divergence.renyi, P, T, alpha=2, expect=log(4 / 3), why="of chi squared"),
    pin(divergence.renyi, P, T, alpha=1, expect=BACKWARD, why="the limit"),
    pin(divergence.renyi, LEFT, T, alpha=0, expect=log(4), why="what is ruled out"),
    # 4 / 3 of a mass of 2 * 2 - 3
    pin(divergence.renyi, [LOG2], [LOG3], alpha=2, expect=log(4 / 3), why="masses"),
    *_edges(divergence.renyi, LOG2, inf, inf, alpha=2),
    pin(divergence.beta, 1, 2, beta=0, expect=2 - LOG2 - 1, why="Itakura-Saito"),
    pin(divergence.beta, 1, 2, beta=1, expect=2 * LOG2 - 2 + 1, why="Kullback-Leibler"),
    pin(divergence.beta, 1, 3, beta=2, expect=2, why="half the square"),
    pin(divergence.beta, 1, 2, beta=3, expect=(8 + 2 - 6) / 6, why="order 3"),
    pin(divergence.beta, 1, 2, beta=-1, expect=(1 / 2 - 2 + 2) / 2, why="order -1"),
    pin(
        divergence.beta,
        [0.0, 2.0, 0.0],
        [2.0, 0.0, 0.0],
        beta=[2.0, 2.0, -1.0],
        expect=[2, 2, 0],
        why="zeros",
    ),
    pin(
        divergence.beta,
        [0.0, 2.0, 2.0],
        [2.0, 0.0, 0.0],
        beta=[1.0, 0.0, 1.0],
        expect=[inf, inf, 2],
        why="zeros at the limits",
    ),
]
# Differences of a square are exact but for rounding, which no absolute 1e-25 admits.
DIVERGENCE += [
    pin(
        divergence.bregman,
        [[0.0, 0.0]],
        [[3.0, 4.0]],
        potential=lambda x: float(x @ x),
        expect=[25],
        why="the square",
    )
]

# N(2, 1) predicted where N(0, 4) is true, but for what the reasons say.
NARROW, WIDE = ([2.0], [0.0]), ([0.0], [2 * LOG2])
STRAY = log(2.5 / 2) / 2
GAUSSIAN_DIVERGENCE = [
    pin(gaussian_divergence.kl, *NARROW, *WIDE, expect=(4 + 4 - 1 - 2 * LOG2) / 2, why="forward"),
    pin(gaussian_divergence.kl, *WIDE, *WIDE, expect=0, why="equal"),
    pin(gaussian_divergence.kl, [1.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], expect=1, why="2d"),
    pin(
        gaussian_divergence.reverse_kl,
        *NARROW,
        *WIDE,
        expect=(1 / 4 + 4 / 4 - 1 + 2 * LOG2) / 2,
        why="backward",
    ),
    pin(gaussian_divergence.jeffreys, *NARROW, *WIDE, expect=(8 + 5 / 4 - 2) / 2, why="both"),
    pin(
        gaussian_divergence.bhattacharyya,
        *NARROW,
        *WIDE,
        expect=4 / (8 * 2.5) + STRAY,
        why="mean variance 5/2",
    ),
    pin(
        gaussian_divergence.hellinger,
        *NARROW,
        *WIDE,
        expect=sqrt(1 - exp(-1 / 5 - STRAY)),
        why="of that",
    ),
    pin(gaussian_divergence.wasserstein, *NARROW, *WIDE, expect=4 + 1, why="deviations 1 and 2"),
    pin(
        gaussian_divergence.full_kl,
        [0.0, 2.0],
        np.eye(2),
        [0.0, 0.0],
        [[1.0, 0.0], [1.0, 1.0]],
        expect=(1 + 2 + 4 - 2) / 2,
        why="correlated",
    ),
    pin(
        gaussian_divergence.full_wasserstein,
        [0.0, 2.0],
        np.eye(2),
        [0.0, 0.0],
        np.diag([2.0, 3.0]),
        expect=4 + 1 + 4,
        why="diagonal",
    ),
]

SINKHORN = [
    # The plan is even on both diagonals: f + g = -log((1 + exp(-1)) / 2).
    pin(sinkhorn.entropic, [[0.0, 1.0], [1.0, 0.0]], expect=log(2) - log(1 + exp(-1)), why="two"),
    pin(
        sinkhorn.entropic,
        [[0.0, 1.0], [1.0, 0.0]],
        epsilon=0.5,
        expect=(log(2) - log(1 + exp(-2))) / 2,
        why="half the price",
    ),
    # One column: the plan is the weights.
    pin(
        sinkhorn.entropic,
        [[[3.0], [1.0]], [[3.0], [1.0]]],
        row_weights=[[1.0, 3.0], [0.0, 0.0]],
        expect=[(3 + 3 * 1) / 4, 0],
        why="weights",
    ),
    pin(sinkhorn.entropic, np.zeros((1, 0, 2)), expect=[0], why="nothing to move"),
    # Mass x moves: x cost + (x log x - x + 1)(epsilon + 2 reach), whose least is at
    # log x = -cost / (epsilon + 2 reach).
    pin(
        sinkhorn.unbalanced,
        [[6.0]],
        epsilon=1.0,
        reach=1.0,
        expect=3 * (1 - exp(-2)),
        why="one pair",
    ),
    # With masses 4 and 1: log(x / 4) + log(x / 4) + log(x / 1) = 0 at no cost and one of each,
    # so that x = 16**(1/3), and the value is the sum of 4, 4 and 1 less 3 x.
    pin(
        sinkhorn.unbalanced,
        [[0.0]],
        row_weights=[4.0],
        column_weights=[1.0],
        expect=4 + 4 + 1 - 3 * 16 ** (1 / 3),
        why="masses",
    ),
    pin(sinkhorn.unbalanced, [[3.0]], reach=inf, expect=3, why="all is moved"),
    pin(sinkhorn.divergence, [[0.0]], [[3.0]], expect=9, why="one point each"),
    pin(sinkhorn.divergence, [[1.0], [2.0]], np.zeros((0, 1)), expect=0, why="no points"),
    # Two clouds at the same distance from their middles cost the distance of these.
    pin(
        sinkhorn.divergence,
        [[0.0, 0.0], [1.0, 0.0]],
        [[0.0, 2.0], [1.0, 2.0]],
        expect=4,
        why="a shift",
    ),
    pin(
        sinkhorn.divergence,
        [[0.0]],
        [[6.0]],
        reach=1.0,
        expect=3 * (1 - exp(-36 / 3)),
        why="masses that stay",
    ),
    pin(
        sinkhorn.monge_gap,
        [[0.0], [1.0]],
        [[1.0], [0.0]],
        expect=1 - (log(2) - log(1 + exp(-1))),
        why="crossed",
    ),
    pin(sinkhorn.monge_gap, [[1.0]], [[3.0]], expect=0, why="one point"),
]
