"""Values by hand for the oracles of losses of ordered classes."""

from math import exp, inf, log, nan

from tests.oracles import ordered_classes, ordinal
from tests.pins_residuals import pin

ODDS = log(3)  # of a probability of 3/4
HALVES = [log(2), 0.0, -inf]  # softmax: 2/3, 1/3 and 0
QUARTERS = [0.0, log(2), 0.0]  # softmax: 1/4, 1/2 and 1/4
OUT = [-inf] * 3
ORDINAL = [
    pin(
        ordinal.ordinal_levels,
        [0, 1, 2, 3],
        count=3,
        expect=[[0, 0], [1, 0], [1, 1], [nan, nan]],
        why="of three classes",
    ),
    pin(ordinal.ordinal_levels, [0], count=1, expect=[[]], why="a single class"),
    pin(
        ordinal.ordinal_binary_cross_entropy,
        [[ODDS, 0.0]] * 4,
        [0, 1, 2, 3],
        # the costs of yes are log 4/3 and log 2, those of no log 4 and log 2
        expect=[log(4) + log(2), log(4 / 3) + log(2), log(4 / 3) + log(2), nan],
        why="two questions",
    ),
    pin(
        ordinal.corn,
        [[ODDS, 0.0]] * 4,
        [0, 1, 2, -1],
        expect=[log(4), log(4 / 3) + log(2), log(4 / 3) + log(2), nan],
        why="asked of those who got there",
    ),
    pin(
        ordinal.coral,
        [0.0, ODDS, 0.0],
        [0, 1, 3],
        [0.0, ODDS],
        expect=[log(2) + log(4 / 3), log(4 / 3) + log(2), nan],
        why="shared thresholds",
    ),
    pin(
        ordinal.cumulative_link,
        [0.0, 0.0, 0.0, 0.0],
        [0, 1, 2, 3],
        [0.0, ODDS],
        expect=[log(2), log(4), log(4), nan],
        why="a half and two quarters",
    ),
    pin(
        ordinal.cumulative_link,
        [1.0, 1.0],
        [1, 0],
        [0.5, 0.5],
        expect=[inf, log(1 + exp(0.5))],
        why="no room",
    ),
    pin(ordinal.cumulative_link, [7.0], [0], [], expect=[0], why="a single class"),
    pin(
        ordinal.all_threshold_hinge,
        [0.0, 0.0, 4.0, 0.0],
        [0, 1, 0, 3],
        [0.5, 2.0],
        # 1 - 0.5; 1 + 0.5; (1 + 3.5) + (1 + 2)
        expect=[0.5, 1.5, 7.5, nan],
        why="all thresholds",
    ),
    pin(
        ordinal.immediate_threshold_hinge,
        [0.0, 4.0, 4.0, 4.0],
        [2, 1, 0, -1],
        [0.5, 2.0],
        # 1 + 2; 1 + 2; 1 + 3.5
        expect=[3, 3, 4.5, nan],
        why="the next thresholds",
    ),
    pin(ordinal.all_threshold_hinge, [1.0], [0], [2.0], margin=3, expect=[2], why="wide margin"),
    pin(
        ordinal.ordered_thresholds,
        [[1.0, 0.0, ODDS]],
        expect=[[1, 1 + log(2), 1 + log(2) + log(4)]],
        why="gaps",
    ),
    pin(
        ordered_classes.squared_earth_mover,
        [HALVES, HALVES, OUT, OUT],
        [0, 2, 0, 3],
        expect=[1 / 9, 4 / 9 + 1, 0, nan],
        why="labels",
    ),
    pin(
        ordered_classes.squared_earth_mover,
        QUARTERS,
        [0.5, 0.5, 0.0],
        expect=1 / 16 + 1 / 16,
        why="a distribution",
    ),
    # seen: (1/2 + 4/4) for label 0 and as much for label 2; by chance the same, since the
    # predictions are alike
    pin(
        ordered_classes.weighted_kappa,
        [QUARTERS, QUARTERS],
        [0, 2],
        eps=0,
        expect=0,
        why="by chance",
    ),
    # seen, of distances: 1/3 for label 0, 2/3 for label 1; sums of predictions (4/3, 2/3)
    pin(
        ordered_classes.weighted_kappa,
        [HALVES, HALVES, QUARTERS],
        [0, 1, 7],
        power=1,
        eps=1,
        where=[True, True, False],
        expect=log((1 / 3 + 2 / 3) / ((2 / 3 + 4 / 3) / 2) + 1),
        why="distances",
    ),
    pin(
        ordered_classes.weighted_kappa,
        [[[0.0, -inf]] * 2, [[0.0, -inf]] * 2, [[0.0, 0.0]] * 2],
        [[0, 0], [0, 1], [0, 2]],
        eps=0.5,
        # nothing that chance could miss; one of two right, as by chance
        expect=[0, log(1.5), nan],
        why="edges",
    ),
    pin(
        ordered_classes.soft_labels,
        [1, 3],
        count=3,
        scale=log(2),
        power=1,
        expect=[[1 / 4, 1 / 2, 1 / 4], [nan] * 3],
        why="halves",
    ),
    pin(
        ordered_classes.soft_ordinal,
        [QUARTERS, [0.0] * 3, OUT, HALVES],
        [1, 1, 0, 3],
        scale=log(2),
        power=1,
        expect=[0, log(3) - log(2) / 2 - log(4) / 2, 0, nan],
        why="quarters",
    ),
    pin(ordered_classes.soft_ordinal, HALVES, 0, scale=log(2), expect=0, why="one class left out"),
    # a deviation with exp(-1 / 2 sigma²) = 1/2
    pin(
        ordered_classes.label_distribution,
        [QUARTERS, [0.0] * 3, OUT, HALVES],
        [1, 1, 0, 2.5],
        sigma=(2 * log(2)) ** -0.5,
        expect=[0, log(3) - log(2) / 2 - log(4) / 2, 0, nan],
        why="quarters",
    ),
    pin(
        ordered_classes.class_distance_cross_entropy,
        [QUARTERS, QUARTERS, OUT, OUT],
        [0, 1, 2, 3],
        alpha=3,
        expect=[log(2) + 8 * log(4 / 3), 2 * log(4 / 3), 0, nan],
        why="cubes",
    ),
    pin(
        ordered_classes.mean_variance,
        [QUARTERS, OUT, OUT],
        [0, 0, 3],
        mean_weight=3,
        variance_weight=5,
        expect=[log(4) + 3 / 2 + 5 / 2, 0, nan],
        why="mean 1, variance 1/2",
    ),
    pin(
        ordered_classes.binomial_logits,
        [ODDS],
        count=3,
        expect=[[log(1 / 16), log(6 / 16), log(9 / 16)]],
        why="two throws",
    ),
    pin(
        ordered_classes.poisson_logits,
        [log(2)],
        count=4,
        expect=[[0, log(2), log(2), log(8 / 6)]],
        why="rate 2",
    ),
]
