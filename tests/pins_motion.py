"""Values by hand for the oracles of bodies, of equations of physics, and of agreement."""

from decimal import Decimal
from math import exp, inf, log, pi, sqrt

import numpy as np

from tests.oracles import consistency, geometry, physics
from tests.pins_residuals import pin

EYE = np.eye(3)
HALF = np.diag([-1.0, -1.0, 1.0])
QUARTER = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
ORIGIN, AWAY = [0.0] * 3, [3.0, 4.0, 0.0]
POINTS = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
SQUARE = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
GEOMETRY = [
    pin(geometry.rotation_geodesic, EYE, EYE, expect=0, why="equal"),
    pin(geometry.rotation_geodesic, QUARTER, EYE, expect=pi / 2, why="a quarter"),
    pin(geometry.rotation_geodesic, HALF, EYE, expect=pi, why="opposite"),
    pin(geometry.rotation_geodesic, HALF, QUARTER, expect=pi / 2, why="half less a quarter"),
    pin(geometry.quaternion, [2.0, 0, 0, 0], [-1.0, 0, 0, -1.0], expect=1 / 2, why="a right angle"),
    pin(geometry.quaternion, [1.0, 2, 3, 4], [-1.0, -2, -3, -4], expect=0, why="q and -q"),
    pin(geometry.quaternion, [0.0] * 4, [1.0, 0, 0, 0], expect=1, why="zero"),
    pin(geometry.add_pose, EYE, AWAY, EYE, ORIGIN, POINTS, expect=5, why="3-4-5"),
    pin(geometry.add_pose, HALF, ORIGIN, EYE, ORIGIN, POINTS, expect=2, why="half a turn"),
    pin(geometry.add_pose, EYE, AWAY, EYE, ORIGIN, np.zeros((0, 3)), expect=0, why="no points"),
    pin(geometry.add_s_pose, HALF, ORIGIN, EYE, ORIGIN, POINTS, expect=0, why="symmetric"),
    # The true points (1, 0, 0) and (-1, 0, 0) see (4, 4, 0) and (2, 4, 0).
    pin(
        geometry.add_s_pose,
        EYE,
        AWAY,
        EYE,
        ORIGIN,
        POINTS,
        expect=(sqrt(17) + 5) / 2,
        why="nearest",
    ),
    pin(
        geometry.procrustes, SQUARE, [[3 * x + 1, -3 * y] for x, y in SQUARE], expect=0, why="same"
    ),
    # Of unit norm, singular values 1/2 each (a square) against the one of a line: cross 1/sqrt 2.
    pin(
        geometry.procrustes,
        SQUARE,
        [[x, 0.0] for x, _ in SQUARE],
        expect=1 - 1 / 2,
        why="a square and a line",
    ),
    pin(geometry.procrustes, SQUARE, [[1.0, 1.0]] * 4, expect=0, why="one place"),
    pin(
        geometry.fape,
        [EYE],
        [ORIGIN],
        [AWAY, [30.0, 40.0, 0.0]],
        [EYE],
        [ORIGIN],
        [ORIGIN, ORIGIN],
        eps=0,
        expect=(5 + 10) / 2 / 10,
        why="3-4-5, clamped",
    ),
    pin(
        geometry.fape,
        [QUARTER],
        [ORIGIN],
        [[0.0, 1.0, 0.0]],
        [EYE],
        [ORIGIN],
        [[1.0, 0.0, 0.0]],
        eps=4,
        scale=4,
        expect=2 / 4,
        why="turned with its frame",
    ),
    pin(
        geometry.fape,
        [EYE],
        [ORIGIN],
        [AWAY],
        [EYE],
        [ORIGIN],
        [ORIGIN],
        point_where=[False],
        expect=0,
        why="nothing left",
    ),
]


def _square(x):
    return x[0] * x[0]


def _spring(q, p):
    return (q[0] * q[0] + p[0] * p[0]) / 2


def _lagrange(q, v):
    return (v[0] * v[0] - q[0] * q[0]) / 2


# Slopes are differences of 1e-12, which parabolas have exactly.
PHYSICS = [
    pin(physics.relative_lp, [3.0, 0.0], [3.0, 4.0], expect=4 / 5, why="3-4-5"),
    pin(physics.relative_lp, [3.0, 1.0], [1.0, 3.0], p=1, expect=4 / 4, why="order 1"),
    pin(physics.relative_lp, [3.0], [0.0], expect=0, why="zeros"),
    pin(
        physics.causal,
        [1.0, 2.0],
        eps=0.5,
        expect=(1 + 2 * exp(-0.5)) / 2,
        why="two slices",
    ),
    pin(
        physics.causal,
        [1.0, 2.0],
        eps=0.5,
        held=([4.0, 0.0],),
        expect=(1 + 2 * exp(-2)) / 2,
        why="held",
    ),
    pin(physics.causal, [], expect=0, why="no times"),
    pin(physics.pde_residual, lambda x: [x[0], 2 * x[0]], [[3.0]], expect=[9 + 36], why="two"),
    pin(physics.gpinn, lambda x: [x[0] * x[0], 3 * x[1]], [[2.0, 7.0]], expect=[16 + 9], why="two"),
    pin(
        physics.deep_ritz,
        _square,
        [[3.0]],
        lambda x: Decimal(2),
        expect=[36 / 2 - 2 * 9],
        why="parabola",
    ),
    pin(
        physics.sobolev,
        _square,
        [[3.0]],
        [7.0],
        [[4.0]],
        slope_weight=2,
        expect=[4 + 2 * 4],
        why="parabola",
    ),
    pin(
        physics.energy_force,
        lambda r: r[0] * r[0] + r[1] * r[1],
        [[[1.0], [2.0]]],
        [4.0],
        [[[-2.0], [-3.0]]],
        energy_weight=3,
        force_weight=2,
        expect=[3 * 1 + 2 * 1 / 2],
        why="springs",
    ),
    pin(
        physics.divergence_free,
        lambda x: [x[0] * x[0] + x[1], 3 * x[1]],
        [[2.0, 5.0]],
        expect=[(4 + 3) ** 2],
        why="a source",
    ),
    pin(
        physics.hamiltonian,
        _spring,
        [[1.0]],
        [[2.0]],
        [[5.0]],
        [[1.0]],
        expect=[3**2 + 2**2],
        why="spring",
    ),
    pin(
        physics.lagrangian,
        _lagrange,
        [[1.0]],
        [[2.0]],
        [[4.0]],
        expect=[(4 + 1) ** 2],
        why="spring",
    ),
]

HALVES, QUARTERS = [0.0, 0.0], [0.0, log(3)]  # softmax: 1/2 and 1/2, 1/4 and 3/4
CONSISTENCY = [
    pin(consistency.r_drop, HALVES, QUARTERS, expect=log(3) / 8, why="a quarter"),
    pin(consistency.r_drop, [0.0, -inf], [5.0, -inf], expect=0, why="one class"),
    pin(consistency.r_drop, [0.0, -inf], HALVES, expect=inf, why="masked on one side"),
    pin(consistency.pi_model, HALVES, QUARTERS, expect=1 / 16, why="a quarter"),
    pin(consistency.mean_teacher, HALVES, QUARTERS, expect=1 / 16, why="a quarter"),
    # Sharpened by 1/2, three to one is nine to one.
    pin(
        consistency.uda,
        HALVES,
        QUARTERS,
        temperature=0.5,
        threshold=0.7,
        expect=log(2) + 0.9 * log(0.9) + 0.1 * log(0.1),
        why="sharpened",
    ),
    pin(consistency.uda, HALVES, QUARTERS, threshold=0.8, expect=0, why="not sure"),
    pin(consistency.pseudo_label, QUARTERS, [2.0, 0.0], threshold=0.8, expect=log(4), why="sure"),
    pin(consistency.pseudo_label, QUARTERS, [1.0, 0.0], threshold=0.8, expect=0, why="not sure"),
    pin(
        consistency.mixup,
        [[4.0], [0.0]],
        [[1.0, 0.0], [0.0, 1.0]],
        [0.25, 0.5],
        [1, 0],
        expect=([[1.0], [2.0]], [[0.25, 0.75], [0.5, 0.5]]),
        why="shares",
    ),
    pin(
        consistency.cutmix,
        [np.zeros((2, 2, 1)), np.ones((2, 2, 1))],
        [[1.0, 0.0], [0.0, 1.0]],
        [(0, 1, 0, 2), (0, 0, 0, 0)],
        [1, 0],
        expect=([[[[1], [1]], [[0], [0]]], np.ones((2, 2, 1))], [[0.5, 0.5], [0.0, 1.0]]),
        why="half an image",
    ),
]
