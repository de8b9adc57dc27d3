"""Values by hand for the oracles of series, rigid bodies, equations of physics, and agreement."""

from math import exp, log, sqrt

from tests.oracles import temporal
from tests.pins_residuals import pin

STEP = [[0.0], [1.0]]
# The grid of a series and itself costs [[0, 1], [1, 0]]: over the diagonal 0, around it 1.
AROUND = 1 + 2 * exp(-1)
X = [[0.5], [-1.0], [0.25], [2.0]]
Y = [[0.0], [1.0], [-0.5]]


def _paths(i, j):
    if (i, j) == (0, 0):
        return [[(0, 0)]]
    before = [(i - 1, j - 1), (i - 1, j), (i, j - 1)]
    return [[*path, (i, j)] for a, b in before if a >= 0 <= b for path in _paths(a, b)]


PATHS = _paths(3, 2)
COSTS = [sum((X[i][0] - Y[j][0]) ** 2 for i, j in path) for path in PATHS]
LATE = [sum((i - j) ** 2 for i, j in path) for path in PATHS]
MASS = sum(exp(-cost / 0.5) for cost in COSTS)
TEMPORAL = [
    pin(temporal.soft_dtw, X, Y, gamma=0.5, expect=-0.5 * log(MASS), why="all paths"),
    pin(temporal.soft_dtw, X, Y, gamma=0, expect=min(COSTS), why="the best path"),
    pin(
        temporal.temporal_distortion,
        X,
        Y,
        gamma=0.5,
        expect=sum(exp(-c / 0.5) * a for c, a in zip(COSTS, LATE, strict=True)) / MASS / 12,
        why="all paths",
    ),
    pin(temporal.soft_dtw, [[1.0]], [[3.0]], expect=4, why="one moment"),
    pin(temporal.soft_dtw, STEP, STEP, gamma=1, expect=-log(AROUND), why="three paths"),
    pin(temporal.soft_dtw, STEP, STEP, gamma=0, expect=0, why="a minimum"),
    pin(
        temporal.soft_dtw,
        [[0.0, 0.0], [1.0, 1.0], [9.0, 9.0]],
        [[1.0, 0.0]],
        where=[True, True, False],
        expect=1 + 1,
        why="two of three",
    ),
    pin(
        temporal.soft_dtw,
        STEP,
        STEP,
        target_where=[False, False],
        expect=0,
        why="no moments",
    ),
    pin(temporal.soft_dtw_divergence, STEP, STEP, expect=0, why="equal"),
    pin(
        temporal.soft_dtw_divergence,
        STEP,
        [[2.0]],
        # 4 + 1, without half of minus log(1 + 2 / e)
        expect=5 + log(AROUND) / 2,
        why="against one moment",
    ),
    pin(
        temporal.soft_dtw_divergence,
        STEP,
        STEP,
        where=[False, False],
        expect=0,
        why="no moments",
    ),
    # Either way around the diagonal meets one cell off it.
    pin(
        temporal.temporal_distortion,
        STEP,
        STEP,
        gamma=1,
        expect=2 * exp(-1) / AROUND / 4,
        why="shares",
    ),
    pin(
        temporal.temporal_distortion,
        STEP,
        [[0.0]],
        gamma=0.5,
        expect=1 / 2,
        why="one path",
    ),
    pin(temporal.temporal_distortion, STEP, STEP, where=[False] * 2, expect=0, why="no moments"),
    pin(
        temporal.dilate,
        STEP,
        STEP,
        gamma=1,
        alpha=0.25,
        expect=0.25 * -log(AROUND) + 0.75 * 2 * exp(-1) / AROUND / 4,
        why="a quarter of shape",
    ),
    pin(
        temporal.mean_absolute_scaled_error,
        [3.0, 5.0],
        [4.0, 2.0],
        [1.0, 3.0, 2.0],
        expect=2 / 1.5,
        why="naive",
    ),
    pin(
        temporal.mean_absolute_scaled_error,
        [3.0, 5.0],
        [4.0, 2.0],
        [1.0, 3.0, 2.0],
        seasonality=2,
        where=[False, True],
        expect=3 / 1,
        why="season of two",
    ),
    pin(
        temporal.mean_absolute_scaled_error,
        [3.0],
        [4.0],
        [1.0, 3.0, 7.0],
        insample_where=[True, True, False],
        expect=1 / 2,
        why="a short past",
    ),
    pin(temporal.mean_absolute_scaled_error, [3.0], [4.0], [2.0, 2.0], expect=0, why="constant"),
    pin(temporal.mean_absolute_scaled_error, [3.0], [4.0], [2.0], expect=0, why="no past"),
    pin(
        temporal.root_mean_squared_scaled_error,
        [3.0, 5.0],
        [4.0, 2.0],
        [1.0, 3.0, 2.0],
        expect=sqrt(5) / sqrt(2.5),
        why="naive",
    ),
    pin(
        temporal.root_mean_squared_scaled_error, [3.0], [4.0], [2.0, 2.0], expect=0, why="constant"
    ),
    # The coefficients of (3, 4) are 7 and -1.
    pin(temporal.fredf, [3.0, 4.0], [0.0, 0.0], alpha=1, expect=(7 + 1) / 2, why="waves"),
    pin(temporal.fredf, [3.0, 4.0], [0.0, 0.0], alpha=0, expect=25 / 2, why="moments"),
    # Those of (1, 0, 0, 0) are all 1, three of them before they repeat.
    pin(temporal.fredf, [1.0, 0.0, 0.0, 0.0], [0.0] * 4, alpha=0.5, expect=5 / 8, why="impulse"),
    pin(temporal.fredf, [], [], expect=0, why="no moments"),
]
