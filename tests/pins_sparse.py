"""Values by hand for the oracles of sparse probabilities and Fenchel-Young losses."""

from math import inf, log, nan, sqrt

import numpy as np

from tests.oracles import sparse
from tests.pins_residuals import pin

OUT = [-inf] * 2
SPARSE = [
    # two classes: p = (1 + z) / 2 of the gap z, up to a gap of 1
    pin(
        sparse.sparsemax_probabilities,
        [[0.5, 0.0, -9.0], [2.0, 0.0, 0.0], [0.0, -inf, -inf], [-inf] * 3],
        expect=[[0.75, 0.25, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0]],
        why="gaps",
    ),
    # squares of z / 2 less a threshold, which sum to 1
    pin(
        sparse.entmax_probabilities,
        [[0.0, 0.0], [2.0, 0.0], OUT],
        expect=[[0.5, 0.5], [1, 0], [0, 0]],
        why="ties and a lead",
    ),
    pin(
        sparse.entmax_probabilities,
        [2 * (0.8 - 0.6), 0.0],
        expect=[0.64, 0.36],
        why="squares of 0.8 and 0.6",
    ),
    pin(sparse.entmax_probabilities, [log(3), 0.0], alpha=1, expect=[3 / 4, 1 / 4], why="softmax"),
    pin(sparse.entmax_probabilities, [0.5, 0.0], alpha=2, expect=[3 / 4, 1 / 4], why="sparsemax"),
    # what is above the threshold is 0.8 and 0.6, whose squares sum to 1
    pin(
        sparse.normmax_probabilities,
        [[0.2, 0.0], OUT],
        expect=[[8 / 14, 6 / 14], [0, 0]],
        why="shares of 0.8 and 0.6",
    ),
    pin(
        sparse.sparsemax,
        [[0.5, 0.0], [0.5, 0.0], [2.0, 0.0], OUT, OUT],
        [0, 1, 0, 0, 2],
        # (1 - z)**2 / 4 of the gap
        expect=[1 / 16, 9 / 16, 0, 0, nan],
        why="two classes",
    ),
    pin(
        sparse.sparsemax,
        [0.5, 0.0],
        [0.75, 0.25],
        expect=0,
        why="the prediction itself",
    ),
    pin(
        sparse.entmax,
        [[0.4, 0.0], [0.4, 0.0], [2.0, 0.0], OUT, OUT],
        [0, 1, 0, 1, -1],
        # -0.36 * 0.4 or 0.64 * 0.4, and 4/3 (1 - 0.512 - 0.216)
        expect=[4 / 3 * 0.272 - 0.144, 4 / 3 * 0.272 + 0.256, 0, 0, nan],
        why="squares",
    ),
    pin(sparse.entmax, [log(3), 0.0], 1, alpha=1, expect=log(4), why="cross-entropy"),
    pin(sparse.entmax, [0.5, 0.0], 1, alpha=2, expect=9 / 16, why="sparsemax"),
    pin(sparse.entmax, [0.4, 0.0], [0.64, 0.36], expect=0, why="the prediction itself"),
    pin(
        sparse.normmax,
        [[0.2, 0.0], [2.0, 0.0], OUT, OUT],
        [1, 0, 1, 5],
        # the norm of (8, 6) / 14 is 10 / 14
        expect=[0.2 * 8 / 14 + 4 / 14, 0, 0, nan],
        why="norm",
    ),
    pin(sparse.normmax, [0.0, 0.0], 1, expect=1 - sqrt(0.5), why="a tie"),
    pin(
        sparse.binary_sparsemax,
        [0.0, 0.5, -1.0, 3.0, 3.0],
        [1.0, 0.0, 0.0, 0.0, 1.0],
        expect=[0.25, 2.25 / 4, 0, 3, 0],
        why="bits",
    ),
    pin(sparse.binary_sparsemax, [0.5], [0.75], expect=[0], why="a degree"),
    pin(
        sparse.fenchel_young,
        [[1.0, 3.0]],
        [[0.5, 0.5]],
        conjugate=lambda z: np.square(z).sum(-1) / 2,
        regularizer=lambda y: np.square(y).sum(-1) / 2,
        # half of the squared distance
        expect=[(0.25 + 6.25) / 2],
        why="squared error",
    ),
    pin(
        sparse.fenchel_young,
        [[1.0, 3.0]],
        [[1.0, 0.0]],
        conjugate=lambda z: z.max(-1),
        expect=[2],
        why="perceptron",
    ),
    pin(
        sparse.perturbed_fenchel_young,
        [[1.0, 0.0]],
        [[0.0, 1.0]],
        noise=[[[0.0, 0.0]], [[0.0, 3.0]]],
        sigma=0.5,
        expect=[(1 + 1.5) / 2],
        why="two draws",
    ),
]
