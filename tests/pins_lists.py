"""Values by hand for the oracles of lists: ranked bits, ensembles, samples, risk sets, pixels."""

from math import exp, log, nan, sqrt

from tests.oracles import auc, lovasz, margin, scoring, survival, transport
from tests.pins_residuals import pin

LOG2, LOG3, LOG5 = log(2), log(3), log(5)

AUC = [
    pin(
        auc.pairwise,
        [0, LOG3, LOG5],
        [1, 0, 0],
        expect=(log(1 + 3) + log(1 + 5)) / 2,
        why="two pairs",
    ),
    pin(auc.pairwise, [0.0, 0.5], [0, 1], surrogate=margin.hinge, expect=0.5, why="hinge"),
    pin(auc.pairwise, [0, 1], [1, 1], expect=0, why="no pair"),
    # r = 1/4: squares (1 - 1/2)² and (2 - 1)², gap mean(r * 2 - (1 - r) * 1)
    pin(
        auc.margin,
        [1, 2, 1, 1],
        [1, 0, 0, 0],
        a=0.5,
        b=1,
        alpha=3,
        margin=2,
        expect=3 / 4 * (1 / 4) / 4
        + 1 / 4 * 1 / 4
        + 2 * 3 * (3 / 16 * 2 + (1 / 4 * (2 + 1 + 1) - 3 / 4) / 4)
        - 3 / 16 * 3**2,
        why="one in four",
    ),
    pin(auc.margin, [1], [1], a=0, b=0, alpha=1, where=[False], expect=0, why="none"),
    pin(auc.hinge, [3, 1, 2.5], [1, 0, 0], expect=(0 + 0.5) / 2, why="two pairs"),
    pin(
        auc.hinge,
        [[0.0, 2.0], [0.0, 2.0], [2.0, 1.0]],
        [[1, 0]] * 3,
        margin=[0.5, 0.0, 1.0],
        expect=[2.5, 2, 0],
        why="a margin for each list, kink",
    ),
    pin(
        auc.hinge,
        [[0.0, 1.0, 5.0], [0.0, 1.0, 5.0]],
        [[1, 0, 0], [1, 1, 0]],
        where=[[True, True, False]] * 2,
        expect=[1 + 1, 0],
        why="masked, no pair",
    ),
    pin(auc.hinge, [-1e4, 1e4], [1, 0], expect=1 + 2e4, why="huge"),
    pin(auc.hinge, [], [], expect=0, why="empty"),
    pin(
        auc.squared_hinge,
        [0, 1, 2],
        [1, 1, 0],
        margin=2,
        expect=((2 + 2) ** 2 + (2 + 1) ** 2) / 2,
        why="two pairs",
    ),
    pin(auc.squared_hinge, [-1e4, 1e4], [1, 0], expect=20001**2, why="huge"),
    pin(auc.squared_hinge, [1, 0, 7], [1, 1, 1], expect=0, why="no pair"),
]

SCORING = [
    # |0 - 2| twice among the pairs: mean 1 over four, mean 2 over two
    pin(scoring.crps_ensemble, [0, 2], 1, expect=1 - 1 / 2, why="energy"),
    pin(scoring.crps_ensemble, [0, 2], 1, estimator="fair", expect=1 - 2 / 2, why="fair"),
    pin(
        scoring.crps_ensemble,
        [1, 2, 4],
        2,
        expect=(1 + 0 + 2) / 3 - 2 * (1 + 2 + 3) / 9 / 2,
        why="three members",
    ),
    pin(
        scoring.crps_ensemble,
        [1, 2, 4],
        2,
        estimator="fair",
        expect=(1 + 0 + 2) / 3 - 2 * (1 + 2 + 3) / 6 / 2,
        why="three members, fair",
    ),
    pin(
        scoring.crps_ensemble,
        [[0.0, 9.0, 2.0], [5.0, 9.0, 9.0], [5.0, 9.0, 9.0]],
        [1.0, 2.0, 2.0],
        where=[[True, False, True], [True, False, False], [False, False, False]],
        estimator="fair",
        expect=[0, 3, 0],
        why="two, one and no member",
    ),
    pin(scoring.crps_ensemble, [3, 3], 3, expect=0, why="certain"),
    pin(scoring.crps_ensemble, [-1e4, 1e4], 1e4, expect=1e4 - 1e4 / 2, why="huge"),
]

# exp(-ROOT² / 2) = 1 / 2
ROOT = sqrt(2 * LOG2)
TRANSPORT = [
    # Along the axes they are 3 and 4 apart.
    pin(
        transport.sliced_wasserstein,
        [[0, 0]],
        [[3, 4]],
        [[1, 0], [0, 1]],
        expect=(9 + 16) / 2,
        why="two directions",
    ),
    pin(
        transport.sliced_wasserstein,
        [[0, 0], [1, 9]],
        [[3, 0]],
        [[2, 0]],
        p=1,
        x_weights=[3, 1],
        expect=(6 * 3 + 4) / 4,
        why="weights",
    ),
    pin(transport.energy_distance, [0], [3], expect=2 * 3, why="two points"),
    pin(transport.energy_distance, [0, 1], [0], expect=2 / 2 - 2 / 4, why="two against one"),
    pin(
        transport.energy_distance,
        [0, 4],
        [0],
        x_weights=[6, 2],
        y_weights=[5],
        expect=2 * 4 / 4 - 2 * (3 / 4) * (1 / 4) * 4,
        why="weights",
    ),
    pin(transport.energy_distance, [2, 0, 7], [7, 2, 0], expect=0, why="equal"),
    pin(
        transport.energy_distance,
        [[0.0], [0.0]],
        [[3.0, 1e4], [3.0, 1e4]],
        y_weights=[[1.0, 0.0], [0.0, 0.0]],
        expect=[6, 0],
        why="a weight of 0, no weight",
    ),
    pin(transport.energy_distance, [], [3], expect=0, why="empty"),
    # 3/4 at the origin, 1/4 five away from it
    pin(
        transport.vector_energy_distance,
        [[0, 0], [3, 4]],
        [[0, 0]],
        x_weights=[3, 1],
        expect=2 * 5 / 4 - 2 * 3 / 16 * 5,
        why="weights",
    ),
    pin(
        transport.vector_energy_distance,
        [[0.0, 0.0]],
        [[3.0, 4.0]],
        y_weights=[0.0],
        expect=0,
        why="no weight",
    ),
    pin(transport.wasserstein, [1, 0], [5, 6], expect=5, why="shifted"),
    pin(transport.wasserstein, [0, 2], [1], p=2, expect=1, why="two against one"),
    # quantiles 0 0 | 0 1 | 1 1 | 1 2, on pieces of 1/3, 1/6, 1/6, 1/3
    pin(transport.wasserstein, [0, 1], [2, 0, 1], expect=1 / 6 + 1 / 3, why="unequal counts"),
    pin(
        transport.wasserstein,
        [[0.0], [0.0], [0.0]],
        [[0.0, 3.0, 3.0]] * 3,
        p=[1.0, 2.0, 1.5],
        expect=[2 / 3 * 3, 2 / 3 * 9, 2 / 3 * 3 * sqrt(3)],
        why="a power for each pair of samples",
    ),
    pin(
        transport.wasserstein,
        [1, 0, -50],
        [2],
        x_weights=[2, 6, 0],
        expect=3 / 4 * 2 + 1 / 4 * 1,
        why="weights",
    ),
    pin(transport.wasserstein, [1, 0], [2], x_weights=[0, 0], expect=0, why="no weight"),
    pin(transport.wasserstein, [1], [], expect=0, why="empty"),
    pin(transport.wasserstein, [-1e4, 1e4], [1e4, 1e4], p=2, expect=2e4**2 / 2, why="huge"),
    pin(transport.mmd, [[0.0]], [[ROOT]], expect=1 - 2 / 2 + 1, why="one and one"),
    pin(transport.mmd, [[0.0]], [[ROOT]], estimator="unbiased", expect=-2 / 2, why="no pairs"),
    pin(transport.mmd, [[0, 0]], [[1, 1]], bandwidth=2, expect=2 - 2 * exp(-2 / 8), why="wide"),
    # kernels within x: 1, 1 and 1/2 twice; across: 1/2 and 1
    pin(
        transport.mmd,
        [[0.0], [ROOT]],
        [[ROOT]],
        expect=(1 + 1 + 1 / 2 + 1 / 2) / 4 - 2 * (3 / 4) + 1,
        why="biased",
    ),
    pin(
        transport.mmd,
        [[0.0], [ROOT]],
        [[ROOT]],
        estimator="unbiased",
        expect=1 / 2 - 2 * (3 / 4) + 0,
        why="unbiased",
    ),
    pin(transport.mmd, [[1e4]], [[-1e4]], expect=2, why="huge"),
    pin(transport.mmd, [[1e4], [3]], [[3], [1e4]], expect=0, why="equal"),
    pin(transport.mmd, [[[]]], [[[], []]], expect=[0], why="no features"),
]

# hazards 1, 2, 3
HAZARDS = [0.0, LOG2, LOG3]
COX = [
    pin(
        survival.cox,
        HAZARDS,
        [1, 2, 3],
        [1, 1, 1],
        expect=log(6 / 1 * 5 / 2 * 3 / 3) / 3,
        why="no ties",
    ),
    pin(
        survival.cox,
        HAZARDS,
        [3, 1, 2],
        [1, 0, 1],
        ties="breslow",
        expect=log(4 / 3 * 1 / 1) / 2,
        why="one censored first",
    ),
    pin(
        survival.cox,
        HAZARDS,
        [1, 1, 2],
        [1, 1, 0],
        ties="breslow",
        expect=log(6 / 1 * 6 / 2) / 2,
        why="Breslow's ties",
    ),
    pin(
        survival.cox,
        HAZARDS,
        [1, 1, 2],
        [1, 1, 0],
        ties="efron",
        expect=log(6 / 1 * (6 - (1 + 2) / 2) / 2) / 2,
        why="Efron's ties",
    ),
    # one who is censored at the time of a death is at risk, and no part of the tie
    pin(
        survival.cox,
        HAZARDS,
        [1, 1, 1],
        [1, 0, 1],
        expect=log(6 / 1 * (6 - (1 + 3) / 2) / 3) / 2,
        why="Efron, censored at the same time",
    ),
    pin(survival.cox, [7, 7, 7], [1, 1, 1], [1, 1, 1], expect=log(3 * 2) / 3, why="three tied"),
    pin(
        survival.cox,
        [HAZARDS, HAZARDS],
        [[1, 2, 3]] * 2,
        [[1, 1, 0]] * 2,
        where=[[True, True, False], [False, False, True]],
        expect=[log(3 / 1 * 2 / 2) / 2, 0],
        why="masked, no event left",
    ),
    pin(survival.cox, HAZARDS, [1, 2, 3], [0, 0, 0], expect=0, why="no event"),
    pin(survival.cox, [-1e4, 1e4], [1, 2], [1, 1], expect=2e4 / 2, why="huge"),
    pin(survival.cox, [-1e4, 1e4], [1, 1], [1, 1], expect=(2e4 - LOG2) / 2, why="huge and tied"),
    pin(survival.cox, [1e20, 1e20], [1, 2], [1, 0], expect=LOG2, why="beyond"),
]

QUARTERS = [[0.0, LOG3], [LOG3, 0.0]]
LOVASZ = [
    # errors 2 and 1/2: the background pixel alone is a Jaccard loss of 1/2, both of 1
    pin(
        lovasz.lovasz_hinge,
        [0.5, 1],
        [1, 0],
        expect=2 * (1 / 2) + (1 / 2) * (1 / 2),
        why="background first",
    ),
    pin(lovasz.lovasz_hinge, [-1, 0], [1, 0], expect=2 * 1 + 1 * 0, why="foreground first"),
    # errors 1, -1, 1/2 in the order 1, 3, 2: losses 1/2, 2/3, 1
    pin(
        lovasz.lovasz_hinge,
        [0, 2, -0.5],
        [1, 1, 0],
        expect=1 / 2 + (2 / 3 - 1 / 2) / 2,
        why="negative error",
    ),
    pin(lovasz.lovasz_hinge, [0, 0, 0], [1, 0, 1], expect=1, why="ties"),
    pin(lovasz.lovasz_hinge, [0, -3, 1], [0, 0, 0], expect=2, why="no foreground"),
    pin(lovasz.lovasz_hinge, [-1e4, 1e4], [1, 0], expect=1 + 1e4, why="huge"),
    pin(lovasz.lovasz_hinge, [1e4, -1e4], [1, 0], expect=0, why="huge and right"),
    pin(
        lovasz.lovasz_hinge,
        [[0.5, 1.0, -9.0], [0.5, 1.0, -9.0]],
        [[1, 0, 1]] * 2,
        where=[[True, True, False], [False, False, False]],
        expect=[1.25, 0],
        why="masked, nothing",
    ),
    pin(lovasz.lovasz_hinge, [], [], expect=0, why="empty"),
    pin(lovasz.lovasz_softmax, QUARTERS, [1, 0], expect=1 / 4, why="both right"),
    # class 1: errors 1/4, 3/4 on two foreground pixels; class 0: the largest error
    pin(
        lovasz.lovasz_softmax,
        QUARTERS,
        [1, 1],
        expect=3 / 4 * (1 / 2) + 1 / 4 * (1 / 2),
        why="classes present",
    ),
    pin(
        lovasz.lovasz_softmax,
        QUARTERS,
        [1, 1],
        classes="all",
        expect=(1 / 2 + 3 / 4) / 2,
        why="all classes",
    ),
    # class 0: errors 3/4 (foreground, alone 1/1), 3/4; class 1: 3/4 (alone 1/2), 3/4
    pin(lovasz.lovasz_softmax, QUARTERS, [0, 1], expect=3 / 4, why="both wrong"),
    pin(
        lovasz.lovasz_softmax,
        [QUARTERS] * 3,
        [[1, -1], [1, 2], [2, -1]],
        where=[[True, False], [True, True], [False, False]],
        expect=[1 / 4, nan, 0],
        why="masked label, unknown label, nothing",
    ),
    pin(
        lovasz.lovasz_softmax,
        [[[1e4, -1e4]], [[1e4, -1e4]]],
        [[0], [1]],
        expect=[0, 1],
        why="certain",
    ),
]
