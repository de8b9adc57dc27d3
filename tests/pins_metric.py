"""Values by hand for the oracles of metric learning: pairs, triplets, tuplets, ranks, proxies."""

from math import e, exp, log, log1p, nan, pi, sqrt

from tests.oracles import margin_softmax, metric, pairwise, proxies, retrieval, tuplet
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)
# distances 1, 3, 2
LINE = [[0.0], [1.0], [3.0]]
# cosines 0, -1, 0
ROUND = [[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
AXES = [[3.0, 0.0], [0.0, 1.0]]
SOFT = log1p(exp(-1))


def sigmoid(x):
    return 1 / (1 + exp(-x))


TRIPLETS = [
    pin(metric.triplet_margin, [0, 0], [3, 4], [0, 5.5], expect=1 + 5 - 5.5, why="3-4-5"),
    pin(metric.triplet_margin, [0, 0], [0, 1], [0, 3], expect=0, why="far enough"),
    pin(
        metric.triplet_margin,
        [[0.0], [0.0]],
        [[2.0], [2.0]],
        [[3.0], [-3.0]],
        margin=[2.0, 2.0],
        swap=True,
        expect=[2 + 2 - 1, 2 + 2 - 3],
        why="swap",
    ),
    pin(
        metric.triplet_margin,
        [0, 0],
        [3, 4],
        [0, 1],
        distance=lambda x, y: abs(x - y).sum(),
        expect=1 + 7 - 1,
        why="another distance",
    ),
    pin(metric.soft_margin_triplet, [0], [1], [2], margin=1, expect=LOG2, why="margin is lead"),
    pin(
        metric.batch_hard_soft_triplet,
        LINE,
        [0, 0, 1],
        expect=[log1p(exp(-2)), SOFT, 0],
        why="line",
    ),
    pin(
        metric.semihard_triplet,
        [[0.0], [1.0], [0.5], [1.25]],
        [0, 0, 1, 2],
        expect=[1 + 1 - 1.25, 1 + 1 - 0.5, 0, 0],
        why="the next behind, or the farthest",
    ),
    pin(
        metric.semihard_triplet,
        [[0.0], [1.0], [2.0], [1.5]],
        [0, 0, 0, 1],
        margin=0.25,
        where=[True, True, False, True],
        expect=[0, 0.25 + 1 - 0.5, 0, 0],
        why="masked",
    ),
]
PAIRWISE = [
    pin(pairwise.contrastive, [3, 4], [0, 0], 1, expect=25, why="match"),
    pin(pairwise.contrastive, [0.6, 0.8], [0, 0], -1, margin=3, expect=(3 - 1) ** 2, why="near"),
    pin(pairwise.contrastive, [3, 4], [0, 0], -1, expect=0, why="far"),
    pin(
        pairwise.batch_contrastive,
        LINE,
        [0, 0, 1],
        margin=2.5,
        positive_margin=0.5,
        power=[1.0, 2.0, 1.0],
        expect=[0.5 + 0, 0.25 + 0.25, (0 + 0.5) / 2],
        why="both margins",
    ),
    pin(pairwise.margin, LINE, [0, 0, 1], beta=2, margin=0.5, expect=[0, 0.5, 0.5 / 2], why="line"),
    pin(
        pairwise.margin, LINE, [0, 1, 0], where=[True, False, True], expect=[2, 0, 2], why="masked"
    ),
    # deviations (-1, 1), (-2, 2), (-3, 3)
    pin(
        pairwise.signal_to_noise,
        [[0.0, 2.0], [5.0, 9.0], [1.0, 7.0]],
        [0, 0, 1],
        positive_margin=0.125,
        expect=[1 - 0.125, 1 / 4 - 0.125 + 1 - 1 / 4, (1 - 4 / 9 + 1 - 1 / 9) / 2],
        why="variances",
    ),
    pin(pairwise.signal_to_noise, [[0.1] * 3, [0, 1, 2]], [0, 0], expect=[0, 1], why="constant"),
]
TUPLET = [
    pin(
        tuplet.n_pairs,
        [[LOG3], [0.0]],
        [[1.0], [0.0]],
        norm_weight=2,
        expect=[log(4 / 3) + 2 * (LOG3**2 + 1), LOG2],
        why="lengths",
    ),
    pin(
        tuplet.angular,
        AXES,
        AXES,
        angle=pi / 4,
        expect=[log1p(2 * exp(-36)), log1p(2 * exp(-4))],
        why="45 degrees",
    ),
    pin(
        tuplet.angular,
        [[1.0], [1.0]],
        [[1.0], [0.0]],
        angle=pi / 4,
        expect=[log1p(exp(8 - 4) + exp(-4)), log1p(2 * exp(4))],
        why="both of the others",
    ),
    pin(
        tuplet.lifted_structure,
        LINE,
        [0, 0, 1],
        expect=[(1 + log(exp(-2) + exp(-1))) ** 2 / 2] * 2 + [0],
        why="line",
    ),
    pin(
        tuplet.generalized_lifted_structure,
        [[0.0], [1.0], [2.0], [4.0]],
        [0, 0, 0, 1],
        margin=3,
        expect=[
            log(exp(1) + exp(2)) + 3 - 4,
            log(2 * exp(1)) + 3 - 3,
            log(exp(2) + exp(1)) + 3 - 2,
            0,
        ],
        why="line",
    ),
    pin(
        tuplet.multi_similarity,
        [[1.0], [LOG2], [LOG3]],
        [0, 0, 1],
        alpha=1,
        beta=2,
        threshold=0,
        expect=[
            log1p(1 / 2) + log1p(9) / 2,
            log1p(1 / 2) + log1p(exp(2 * LOG2 * LOG3)) / 2,
            log1p(9 + exp(2 * LOG2 * LOG3)) / 2,
        ],
        why="points",
    ),
    # weights 1.25 - 0.5 and 0.25 + 0.5
    pin(
        tuplet.circle,
        [[1.0], [0.5], [0.5]],
        [0, 0, 1],
        scale=4,
        expect=[
            log1p(exp(3 * (0.5 - 0.25) - 3 * (0.5 - 0.75))),
            log1p(exp(0 - 3 * (0.5 - 0.75))),
            0,
        ],
        why="weights",
    ),
    pin(
        tuplet.circle,
        [[1.0], [0.5], [0.5]],
        [0, 0, 1],
        scale=4,
        held=([[1.0], [1.0], [0.0]],),
        expect=[
            log1p(exp(1 * (0.5 - 0.25) - 1 * (0.5 - 0.75))),
            log1p(exp(1 * (0.25 - 0.25) - 1 * (0.5 - 0.75))),
            0,
        ],
        why="weights held",
    ),
    pin(
        tuplet.tuplet_margin,
        ROUND,
        [0, 0, 1],
        margin=pi / 6,
        scale=2,
        expect=[log1p(exp(2 * (-1 - 1 / 2))), log1p(exp(2 * (0 - 1 / 2))), 0],
        why="90 degrees less 30",
    ),
    pin(
        tuplet.tuplet_margin,
        [[1.0, 1.0], [1.0, 1.0], [0.0, 0.0]],
        [0, 0, 1],
        margin=0,
        scale=1,
        expect=[SOFT, SOFT, 0],
        why="equal ones and a zero",
    ),
    pin(
        tuplet.nca,
        LINE,
        [0, 0, 1],
        temperature=2,
        expect=[log1p(exp(-4)), log1p(exp(-1.5)), 0],
        why="line",
    ),
]
RETRIEVAL = [
    # scores of the first 2 and 1, of the second 2 and 2, of the third 1 and 2
    pin(
        retrieval.smooth_ap,
        [[1.0, 0.0], [2.0, 0.0], [1.0, 0.0]],
        [0, 0, 1],
        temperature=1,
        expect=[1 - 1 / (1 + sigmoid(-1)), 1 - 1 / (1 + 1 / 2), 0],
        why="one positive",
    ),
    pin(
        retrieval.smooth_ap,
        [[1.0], [2.0], [3.0], [2.0]],
        [0, 0, 0, 1],
        temperature=1,
        where=[True, True, True, True],
        expect=[
            1
            - (
                (1 + sigmoid(1)) / (1 + sigmoid(1) + 1 / 2)
                + (1 + sigmoid(-1)) / (1 + 2 * sigmoid(-1))
            )
            / 2,
            1
            - (
                (1 + sigmoid(4)) / (1 + sigmoid(4) + sigmoid(2))
                + (1 + sigmoid(-4)) / (1 + sigmoid(-4) + sigmoid(-2))
            )
            / 2,
            1
            - (
                (1 + sigmoid(3)) / (1 + 2 * sigmoid(3))
                + (1 + sigmoid(-3)) / (1 + sigmoid(-3) + 1 / 2)
            )
            / 2,
            0,
        ],
        why="two positives",
    ),
    *(
        pin(
            retrieval.pnp,
            [[1.0], [0.0], [0.0]],
            [0, 0, 1],
            kind=kind,
            alpha=2,
            beta=4,
            expect=[value, value, 0],
            why=kind,
        )
        for kind, value in {
            "O": 1 / 2,
            "Iu": 1.5 * log(1.5),
            "Ib": (2 - LOG3) / 16,
            "Ds": log(1.5),
            "Dq": 1 - 1 / 1.5**2,
        }.items()
    ),
    # squared distances 2 and 4, at points of their own
    pin(retrieval.fast_ap, ROUND, [0, 0, 1], bins=2, expect=[0, 1 / 2, 0], why="points"),
    # 2 lies half-way between 4 / 3 and 8 / 3
    pin(
        retrieval.fast_ap,
        [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
        [0, 0, 1],
        bins=3,
        expect=[1 - (1 / 4 / (3 / 2) + 1 / 2 / 2), 1 - (1 / 4 + 1 / 2) / 2 - 1 / 8, 0],
        why="shared",
    ),
    pin(retrieval.histogram, ROUND, [0, 0, 1], bins=4, expect=1 / 2, why="0 against -1 and 0"),
    pin(retrieval.histogram, ROUND, [0, 0, 0], expect=0, why="no negative pair"),
    pin(
        retrieval.histogram,
        [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]],
        [0, 0, 1],
        bins=4,
        where=[True, True, True],
        expect=1,
        why="0 against 0 and 1",
    ),
    pin(
        retrieval.ranked_list,
        [[0.0], [1.0], [0.5]],
        [0, 0, 1],
        expect=[(0.2 + 0.7) / 2, (0.2 + 0.7) / 2, 0.7 / 2],
        why="one each",
    ),
    pin(
        retrieval.ranked_list,
        LINE,
        [0, 1, 2],
        alpha=2.5,
        negative_temperature=LOG2,
        balance=1,
        # lacks 1.5, -0.5 and 0.5; the second has 1.5 and 0.5, of weights 2 : 1
        expect=[1.5, (2 * 1.5 + 0.5) / 3, 0.5],
        why="weights",
    ),
]
PROXIES = [
    pin(proxies.proxy_nca, [[1.0, 0.0]], AXES, [0], expect=[-2], why="alone against one"),
    pin(
        proxies.proxy_nca,
        [[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]],
        [*AXES, [0.0, -1.0]],
        [1, 0, 3],
        temperature=2,
        expect=[log(exp(0) + exp(-1)) + 1, LOG2, nan],
        why="two others, a zero, no such class",
    ),
    pin(proxies.proxy_nca, [[1.0, 0.0]], [[2.0, 0.0]], [0], expect=[0], why="one class"),
    pin(
        proxies.proxy_nca_plus_plus,
        [[1.0, 0.0]],
        AXES,
        [0],
        temperature=2,
        expect=[SOFT],
        why="two",
    ),
    pin(
        proxies.proxy_anchor,
        [[1.0, 0.0]],
        AXES,
        [0],
        scale=1,
        expect=log1p(exp(0.1 - 1)) + log1p(exp(0.1)) / 2,
        why="one item",
    ),
    pin(
        proxies.proxy_anchor,
        [[1.0, 0.0], [0.0, 2.0]],
        AXES,
        [1, 1],
        margin=0,
        scale=2,
        expect=log1p(1 + exp(-2)) / 1 + log1p(exp(2) + 1) / 2,
        why="both of one label",
    ),
    pin(
        proxies.proxy_anchor,
        AXES,
        AXES,
        [0, 7],
        where=[True, False],
        margin=0,
        scale=1,
        expect=SOFT + LOG2 / 2,
        why="masked",
    ),
    pin(
        proxies.soft_triple,
        [[1.0, 0.0]],
        [[[1.0, 0.0], [0.0, 1.0]], [[-1.0, 0.0], [-2.0, 0.0]]],
        [0],
        margin=0.5,
        scale=2,
        gamma=1,
        expect=[log1p(exp(2 * (-1 - (e / (e + 1) - 0.5))))],
        why="two centres",
    ),
    pin(proxies.p2s_grad, [[0.6, 0.8]], AXES, [0], expect=[(0.16 + 0.64) / 2], why="3-4-5"),
    pin(
        proxies.center,
        [[1.0, 2.0]] * 2,
        [[0.0, 0.0], [1.0, 0.0]],
        [1, 2],
        expect=[2, nan],
        why="near",
    ),
    pin(
        proxies.moved_centers,
        [[0.0], [1.0]],
        [[2.0], [2.0], [2.0]],
        [0, 0, 0],
        expect=[[0.5 * 6 / 4], [1]],
        why="three items",
    ),
]
MARGIN_SOFTMAX = [
    pin(
        margin_softmax.normalized_softmax,
        [[2.0, 0.0]],
        AXES,
        [0],
        temperature=1,
        expect=[SOFT],
        why="1",
    ),
    pin(margin_softmax.normalized_softmax, [[2.0, 0.0]], AXES, [-1], expect=[nan], why="no class"),
    # cos(2 * 45°) = 0 for the label, cos(45°) for the other
    pin(
        margin_softmax.large_margin_softmax,
        [[1.0, 1.0]],
        AXES,
        [0],
        margin=2,
        expect=[log1p(exp(1))],
        why="lengths count",
    ),
    # 4 * 90° is a full turn: k = 2, psi = 1 - 4
    pin(
        margin_softmax.sphereface,
        [[0.0, 2.0]],
        AXES,
        [0],
        scale=0.5,
        expect=[log1p(exp(1 - (1 - 4)))],
        why="a full turn",
    ),
    pin(
        margin_softmax.sphereface,
        [[1.0, 1.0]],
        AXES,
        [0],
        margin=6,
        expect=[log1p(exp(1 + 2 * sqrt(2)))],
        why="1.5 half turns",
    ),
    pin(margin_softmax.cosface, AXES[:1], AXES, [0], margin=0.5, scale=2, expect=[SOFT], why="1/2"),
    pin(
        margin_softmax.arcface,
        AXES[:1],
        AXES,
        [0],
        margin=pi / 3,
        scale=2,
        expect=[SOFT],
        why="60°",
    ),
    pin(
        margin_softmax.arcface,
        [[-1.0, 0.0]],
        AXES,
        [0],
        margin=pi / 2,
        scale=1,
        expect=[log1p(exp(0 - (-1 - pi / 2)))],
        why="beyond pi",
    ),
    pin(
        margin_softmax.subcenter_arcface,
        [[-1.0, 0.0]],
        [[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [0.0, -1.0]]],
        [0],
        margin=pi / 3,
        scale=2,
        expect=[SOFT],
        why="the nearer",
    ),
]
TRIPLETS += [
    *(
        pin(
            metric.triplet_mask,
            [[0.0, 2.0, 1.0], [2.0, 0.0, 3.0], [1.0, 3.0, 0.0]],
            [0, 0, 1],
            kind=kind,
            margin=margin,
            expect=[
                [[0] * 3, [0, 0, first], [0] * 3],
                [[0, 0, second], [0] * 3, [0] * 3],
                [[0] * 3] * 3,
            ],
            why=kind,
        )
        for kind, margin, first, second in (
            ("all", 0.2, 1, 1),
            ("hard", 0.2, 1, 0),
            ("semihard", 1.0, 0, 1),
            ("easy", 0.5, 0, 1),
        )
    ),
    pin(
        metric.soft_margin_triplet,
        [0],
        [2],
        [3],
        swap=True,
        expect=log1p(exp(2 - 1)),
        why="swap",
    ),
]
