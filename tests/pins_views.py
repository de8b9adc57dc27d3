"""Values by hand for the oracles of margins that follow a batch, of regions, patches and clouds."""

from math import e, exp, log, log1p, nan, pi, sqrt
from statistics import NormalDist

from tests.oracles import dense, isotropy, metric, pairwise, prototypes, proxies
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)
SOFT = log1p(exp(-1))
EYE = [[1.0, 0.0], [0.0, 1.0]]
ROOT2 = sqrt(2)
# positive pairs have cosines 1, 0, 0, and the last item 3/5, 3/5 and 4/5 with the others
CROWD = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [3.0, 4.0]]
NAMES = [0, 0, 0, 1]
FOLLOWED = [
    # leads of the negative by the root of 2, the same of the positive, and 2
    pin(
        metric.dynamic_soft_margin,
        [[1.0, 0.0]] * 3,
        [[0.0, 2.0], [1.0, 0.0], [-1.0, 0.0]],
        [[3.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
        [1.0, 1.0, 0.0, 2.0, 4.0],
        expect=[ROOT2 * 4 / 8, -ROOT2 / 8, 2],
        why="places among 8",
    ),
    pin(metric.dynamic_soft_margin, [1.0], [-1.0], [1.0], [0.0, 0.0], expect=0, why="no batch yet"),
    pin(
        metric.moved_frequencies,
        [0.0] * 5,
        [[1.0]],
        [[-1.0]],
        [[1.0]],
        expect=[0, 0, 0, 0, 1],
        why="the first batch",
    ),
    pin(
        metric.moved_frequencies,
        [3.0, 0.0, 0.0, 0.0, 1.0],
        [[1.0, 0.0]],
        [[0.0, 1.0]],
        [[1.0, 0.0]],
        momentum=0.5,
        expect=[3 / 8, 0, 0, (2 - ROOT2) / 2, 1 / 8 + (ROOT2 - 1) / 2],
        why="between two points",
    ),
    pin(
        pairwise.intra_pair_variance,
        CROWD,
        NAMES,
        positive_eps=0,
        negative_eps=0,
        # means 1/3 and 2/3
        expect=[1 / 18, 1 / 18, 1 / 9 + 4 / 225, 4 / 225 / 3],
        why="cosines",
    ),
    pin(
        pairwise.intra_pair_variance,
        CROWD,
        NAMES,
        positive_eps=0.5,
        negative_eps=0.125,
        where=[True, False, True, True],
        # of one label 0 and 0, of two 3/5 and 4/5, with 9/8 of their mean
        expect=[0, 0, (4 / 5 - 63 / 80) ** 2, (4 / 5 - 63 / 80) ** 2 / 2],
        why="masked",
    ),
    pin(
        pairwise.threshold_consistent_margin,
        [[2.0, 0.0], [3.0, 4.0], [4.0, 3.0]],
        [0, 0, 1],
        positive_weight=2,
        # of one label 3/5, of two 4/5 and 24/25
        expect=2 * (0.9 - 0.6) + (4 / 5 + 24 / 25) / 2 - 1 / 2,
        why="both",
    ),
    pin(
        pairwise.threshold_consistent_margin,
        [[2.0, 0.0], [3.0, 4.0], [4.0, 3.0]],
        [0, 0, 1],
        positive_margin=0.5,
        negative_margin=0.875,
        negative_weight=0.5,
        expect=(24 / 25 - 7 / 8) / 2,
        why="one pair is hard",
    ),
    # at right angles all walks are alike, so that the margin is all there is
    pin(
        proxies.manifold,
        [[1.0, 0.0, 0.0]],
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [1],
        margin=0.5,
        context_weight=2,
        expect=3 * log1p(exp(0.5)),
        why="right angles",
    ),
    pin(
        proxies.manifold,
        [EYE, EYE],
        EYE,
        [[0, 1], [0, 2]],
        where=[True, False],
        expect=[0, 0],
        why="at its proxy, masked",
    ),
    pin(
        proxies.manifold,
        EYE,
        EYE,
        [0, 2],
        expect=nan,
        why="no such class",
    ),
]
DENSE = [
    pin(
        dense.detcon,
        EYE,
        EYE,
        EYE,
        [0, 1],
        [0, 2],
        temperature=1,
        expect=[log1p(2 / e), 0],
        why="1",
    ),
    pin(
        dense.detcon,
        [[LOG2]],
        [[9.0]],
        [[1.0], [0.0]],
        [5],
        [5, 5],
        temperature=1,
        expect=[LOG3 - LOG2 / 2],
        why="two of a label",
    ),
    pin(
        dense.detcon,
        [[1.0], [0.0]],
        [[9.0], [9.0]],
        [[LOG3], [0.0]],
        [0, 0],
        [0, 1],
        temperature=0.5,
        expect=[log(10 / 9) / 2, LOG2 / 2],
        why="a label had twice",
    ),
    pin(
        dense.nearest_matches,
        [[[0.0], [1.0], [4.0]]],
        [[[1.25], [7.0]]],
        [[[0.0], [1.0], [4.0]]],
        [[[1.25], [7.0]]],
        matches=2,
        expect=([[[1.0], [0.0]]], [[[1.25], [1.25]]]),
        why="nearest first",
    ),
    pin(
        dense.vicregl,
        [[[0.0]], [[2.0]]],
        [[[1.0]], [[2.0]]],
        [[[0.0]], [[0.0]]],
        [[[0.0]], [[0.0]]],
        variance_weight=0,
        expect=2 * 25 / 2,
        why="one patch",
    ),
    pin(
        dense.vicregl,
        [[[0.0], [10.0]]],
        [[[10.0], [0.0]]],
        [[[0.0], [1.0]]],
        [[[0.0], [1.0]]],
        matches=1,
        invariance_weight=1,
        eps=0,
        # a batch of one varies not at all
        expect=100 + 2 * (25 + 25),
        why="by place 10 apart, by likeness not",
    ),
    pin(
        dense.kernel_alignment,
        [[1.0], [2.0], [4.0], [7.0]],
        [[5.0], [1.0], [5.0], [5.0]],
        where=[True, False, True, True],
        expect=1,
        why="a constant teacher",
    ),
    pin(
        dense.kernel_alignment,
        [[0.0], [1.0], [2.0], [9.0]],
        [[0.0], [2.0], [1.0], [9.0]],
        where=[True, True, True, False],
        # correlation 1/2
        expect=3 / 4,
        why="correlation",
    ),
    pin(dense.kernel_alignment, [[3.0]], [[4.0]], expect=0, why="one patch"),
]
FAR = (1 - exp(-0.5)) ** 2 * exp(-0.5)
QUANTILE = NormalDist().inv_cdf(2 / 3)
PAIR = [[[1.0], [1.0]], [[-1.0], [-1.0]]]
ISOTROPY = [
    pin(isotropy.sig_reg, [[0.0]] * 2, [[1.0]], t_max=1, knots=2, expect=2 * FAR, why="a point"),
    pin(
        isotropy.sig_reg,
        [[pi], [-pi]],
        [[1.0]],
        t_max=1,
        knots=2,
        expect=2 * (1 + exp(-0.5)) ** 2 * exp(-0.5),
        why="opposite",
    ),
    pin(
        isotropy.sig_reg,
        [[pi / 2]],
        [[1.0], [0.0]],
        t_max=1,
        knots=2,
        expect=((exp(-1) + 1) * exp(-0.5) + FAR) / 2,
        why="two directions",
    ),
    pin(
        isotropy.lejepa,
        [[[0.0], [2.0]]] * 2,
        [[1.0]],
        sketch_weight=0,
        expect=1,
        why="around the middle",
    ),
    pin(
        isotropy.lejepa,
        [[[0.0], [2.0 * pi]]] * 2,
        [[1.0]],
        global_views=1,
        sketch_weight=0.5,
        t_max=1,
        knots=2,
        expect=(2 * pi) ** 2 / 2 / 2 + 2 * FAR / 2,
        why="a whole turn away",
    ),
    pin(
        isotropy.visreg,
        PAIR,
        [[1.0]],
        eps=0,
        expect=0.9 * (1 - QUANTILE) ** 2,
        why="two points",
    ),
    pin(
        isotropy.visreg,
        PAIR,
        [[1.0]],
        eps=0,
        held=([[[2.0], [2.0]], [[-2.0], [-2.0]]], [[1.0]]),
        expect=0.9 * (1 / 2 - QUANTILE) ** 2,
        why="deviations of 2 held",
    ),
    pin(
        isotropy.visreg,
        [[[2.0], [4.0]]],
        [[1.0]],
        global_views=1,
        regularization_weight=0.5,
        scale_weight=2,
        center_weight=3,
        expect=(2 + 2 + 3 * 10) / 2,
        why="one item",
    ),
]
PROTOTYPES = [
    pin(
        prototypes.msn,
        [[[1.0, 0.0]], [[0.0, 1.0]]],
        [[0.0, 0.0]] * 2,
        student_temperature=1,
        expect=SOFT + 1 / 2 - LOG2,
        why="no preference",
    ),
    pin(
        prototypes.msn,
        [[[0.0, 0.0], [LOG3, 0.0]]],
        [[LOG3, 0.0]],
        entropy_weight=2,
        student_temperature=1,
        teacher_temperature=1,
        iterations=0,
        expect=(LOG2 - 3 / 4 * log(3 / 4) - log(1 / 4) / 4) / 2
        + 2 * (5 / 8 * log(5 / 8) + 3 / 8 * log(3 / 8)),
        why="two views",
    ),
    pin(
        prototypes.pmsn,
        [[[1.0, 0.0]], [[0.0, 1.0]]],
        [[0.0, 0.0]] * 2,
        [0.25, 0.75],
        prior_weight=3,
        student_temperature=1,
        expect=SOFT + 1 / 2 + 3 * (LOG2 + log(2 / 3)) / 2,
        why="more of the second",
    ),
    pin(prototypes.power_law, 2, exponent=1, expect=[2 / 3, 1 / 3], why="halves"),
]
