"""Values by hand for the oracles of pairs of embeddings: contrastive and metric."""

from math import exp, log, log1p, sqrt

from tests.oracles import contrastive, metric
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)

# inner products log 3, 0, 0, 0
ONE = [[LOG3], [0.0]]
TWO = [[1.0], [0.0]]
# inner products log 2, 0 and log 3, 0
THREE = [[LOG2], [LOG3]]
# inner products log 2, log 3, log 2 log 3
POINTS = [[1.0], [LOG2], [LOG3]]
LINE = [[-1.0], [0.0], [1.0]]
# a partner at a score of 1 beside another at 0
SOFT = log1p(exp(-1))
CONTRASTIVE = [
    pin(
        contrastive.info_nce, ONE, TWO, temperature=1, expect=[log(4 / 3), log(2)], why="two pairs"
    ),
    pin(contrastive.info_nce, THREE, TWO, temperature=1, expect=[log(3 / 2), log(4)], why="row"),
    pin(
        contrastive.info_nce,
        [ONE, ONE],
        [TWO, TWO],
        temperature=[[1.0], [0.5]],
        expect=[[log(4 / 3), LOG2], [log(10 / 9), LOG2]],
        why="a temperature for each list",
    ),
    pin(
        contrastive.info_nce,
        ONE,
        TWO,
        temperature=1,
        negatives=[[1.0], [2.0]],
        expect=[log((3 + 1 + 3 + 9) / 3), log(4)],
        why="queue",
    ),
    pin(
        contrastive.info_nce,
        ONE,
        TWO,
        temperature=1,
        negatives=[[1.0]],
        where=[True, False],
        expect=[log((3 + 3) / 3), 0],
        why="masked",
    ),
    pin(
        contrastive.info_nce,
        [[1e4], [0.0]],
        [[-1.0], [1.0]],
        temperature=1,
        expect=[2e4, LOG2],
        why="huge",
    ),
    pin(contrastive.info_nce, [[0.07]], [[1]], negatives=[[0]], expect=[SOFT], why="0.07"),
    pin(
        contrastive.clip,
        THREE,
        TWO,
        logit_scale=0,
        expect=[(log(3 / 2) + log(5 / 2)) / 2, (log(4) + log(2)) / 2],
        why="rows and columns",
    ),
    pin(
        contrastive.clip,
        ONE,
        TWO,
        logit_scale=LOG2,
        expect=[log(10 / 9), LOG2],
        why="scale 2",
    ),
    pin(contrastive.clip, [[0.07], [0.0]], [[1], [0]], expect=[SOFT, LOG2], why="1/0.07"),
    pin(contrastive.clip, ONE, TWO, where=[False, True], expect=[0, 0], why="alone"),
    pin(
        contrastive.siglip,
        ONE,
        TWO,
        logit_scale=0,
        bias=LOG2,
        expect=[log(7 / 6) + log(3), log(3) + log(3 / 2)],
        why="bias",
    ),
    pin(
        contrastive.siglip,
        ONE,
        TWO,
        logit_scale=LOG2,
        bias=0,
        where=[True, False],
        expect=[log(10 / 9), 0],
        why="scale 2, masked",
    ),
    pin(
        contrastive.siglip,
        [[0.0], [0.0]],
        TWO,
        expect=[log1p(exp(10)) + log1p(exp(-10))] * 2,
        why="bias of -10",
    ),
    pin(
        contrastive.siglip,
        [[1.0], [0.0]],
        [[1.0], [0.0]],
        logit_scale=0,
        bias=[0, 1e4],
        expect=[SOFT + LOG2, 1e4],
        why="a bias for each item",
    ),
    pin(
        contrastive.sup_con,
        POINTS,
        [0, 0, 1],
        temperature=1,
        expect=[log(5 / 2), log((2 + 2**LOG3) / 2), 0],
        why="a pair and one alone",
    ),
    pin(
        contrastive.sup_con,
        POINTS,
        [-7, -7, -7],
        temperature=[1.0, 1.0, 0.5],
        expect=[
            (log(5 / 2) + log(5 / 3)) / 2,
            log(2 + 2**LOG3) - (LOG2 + LOG2 * LOG3) / 2,
            log(9 + 4**LOG3) - (2 * LOG3 + 2 * LOG2 * LOG3) / 2,
        ],
        why="two positives each",
    ),
    pin(
        contrastive.sup_con,
        POINTS,
        [0, 0, 0],
        where=[True, True, False],
        expect=[0, 0, 0],
        why="masked",
    ),
    pin(
        contrastive.sup_con,
        [[0.1], [1.0], [0.0]],
        [0, 0, 1],
        expect=[SOFT, SOFT, 0],
        why="0.1",
    ),
    pin(contrastive.barlow_twins, [[0], [2]], [[5], [7]], expect=0, why="same direction"),
    pin(contrastive.barlow_twins, [[0], [2]], [[7], [5]], expect=2 * 2, why="opposite"),
    pin(contrastive.barlow_twins, LINE, [[0], [1], [-1]], expect=(1 + 1 / 2) ** 2, why="third"),
    pin(
        contrastive.barlow_twins,
        [[[0, 0], [2, 2]]] * 2,
        [[[0, 0], [2, 3]]] * 2,
        off_diagonal_weight=[0.5, 2.0],
        expect=[0.5 * 2, 2 * 2],
        why="off the diagonal",
    ),
    pin(
        contrastive.barlow_twins,
        [[0.1, 0], [0.1, 2], [0.1, 2]],
        [[0.1, 0], [0.1, 2], [0.1, 2]],
        expect=1,
        why="constant column",
    ),
    pin(contrastive.barlow_twins, [[4, 5]], [[6, 7]], expect=2, why="one item"),
    # deviations (-1, 1) and (-2, 2)
    pin(contrastive.covariance_penalty, [[0, 0], [2, 4]], expect=2 * 4**2 / 2, why="two items"),
    pin(
        contrastive.covariance_penalty,
        [[1, 0, 5], [0, 1, 5], [-1, -1, 5]],
        expect=2 * (1 / 2) ** 2 / 3,
        why="three items, constant column",
    ),
    pin(contrastive.covariance_penalty, [[3, 4]], expect=0, why="one item"),
    pin(contrastive.covariance_penalty, [[3], [4]], expect=0, why="one column"),
    pin(
        contrastive.vicreg,
        [[0], [2]],
        [[1], [1]],
        expect=25 * 1 + 25 * (0 + 1 - 0.01),
        why="collapsed",
    ),
    pin(
        contrastive.vicreg,
        [[0, 0], [2, 4]],
        [[0, 0], [2, 4]],
        covariance_weight=3,
        expect=3 * (16 + 16),
        why="covariance",
    ),
    # variance 2, and 2 + 2 = 2²
    pin(
        contrastive.vicreg,
        [[[0], [2]]],
        [[[3], [5]]],
        invariance_weight=[0.5],
        variance_weight=7,
        gamma=3,
        eps=2,
        expect=[0.5 * 9 + 7 * (1 + 1)],
        why="invariance and spread",
    ),
    pin(
        contrastive.vicreg,
        [[0, 0]],
        [[3, 4]],
        expect=25 * 25 + 25 * 2 * 0.99,
        why="one item has no variance",
    ),
]

# distances from the first: 5, 10, 1
CROWD = [[0.0, 0.0], [3.0, 4.0], [6.0, 8.0], [0.0, 1.0]]
METRIC = [
    pin(
        metric.batch_hard_triplet,
        CROWD,
        [7, 7, 7, -1],
        expect=[0.2 + 10 - 1, 0.2 + 5 - sqrt(18), 0.2 + 10 - sqrt(85), 0],
        why="three and one",
    ),
    pin(
        metric.batch_hard_triplet,
        CROWD,
        [0, 1, 1, 0],
        margin=[0.0, 1.0, 4.0, 4.0],
        expect=[0, 1 + 5 - sqrt(18), 0, 1 + 4 - sqrt(18)],
        why="two and two, a margin for each anchor",
    ),
    pin(
        metric.batch_hard_triplet,
        [CROWD, CROWD],
        [[7, 7, 7, -1]] * 2,
        where=[[True, True, False, True], [True, True, True, False]],
        expect=[[0.2 + 5 - 1, 0.2 + 5 - sqrt(18), 0, 0], [0, 0, 0, 0]],
        why="masked, no negative",
    ),
    pin(metric.batch_hard_triplet, [[1]] * 3, [0, 0, 1], expect=[0.2, 0.2, 0], why="all equal"),
    pin(
        metric.batch_hard_triplet,
        [[-1e4], [1e4], [-1e4]],
        [0, 0, 1],
        expect=[2e4 + 0.2, 0.2, 0],
        why="huge",
    ),
    pin(
        metric.batch_all_triplet,
        CROWD,
        [7, 7, 7, -1],
        margin=1,
        expect=[
            (1 + 5 - 1 + 1 + 10 - 1) / 2,
            1 + 5 - sqrt(18),
            (1 + 10 - sqrt(85)) / 2,
            0,
        ],
        why="three and one",
    ),
    pin(metric.batch_all_triplet, CROWD, [0, 1, 2, 3], expect=[0] * 4, why="no positive"),
    pin(
        metric.batch_all_triplet,
        [[0.0], [1.0], [3.0], [-1.0]],
        [0, 0, 1, 1],
        where=[True, True, True, False],
        margin=2.5,
        expect=[2.5 + 1 - 3, 2.5 + 1 - 2, 0, 0],
        why="masked",
    ),
]
