"""Values by hand for the oracles of features of a student and its teacher."""

from math import exp, inf, log, pi, sqrt

from tests.oracles import feature_distillation, relational_distillation
from tests.pins_residuals import pin

L2, L3 = log(2), log(3)
COVER = L2 - L3 / 2  # KL of (1/2, 1/2) from (1/4, 3/4)
FEATURE_DISTILLATION = [
    pin(feature_distillation.hint, [[3.0, 1.0]], [[1.0, 0.0]], expect=[(4 + 1) / 2], why="mean"),
    # Maps 9 and 16 over 2 channels, and 1 and 0: of unit length with 337 = 9^2 + 16^2
    pin(
        feature_distillation.attention_transfer,
        [[[3.0, 0.0], [0.0, -4.0]]],
        [[[1.0], [0.0]]],
        expect=(9 / sqrt(337) - 1) ** 2 + 16 * 16 / 337,
        why="two pixels",
    ),
    pin(
        feature_distillation.attention_transfer,
        [[[[3.0], [-4.0]]], [[[0.0], [0.0]]]],
        [[[[0.0], [2.0]]], [[[0.0], [2.0]]]],
        power=1,
        expect=[0.36 + 0.04, 1],
        why="sizes, and zeros",
    ),
    pin(
        feature_distillation.channel_wise,
        [[[0.0, 0.0], [L3, 0.0]]],
        [[[0.0, 5.0], [0.0, 5.0]]],
        temperature=1,
        expect=COVER / 2,
        why="one of two channels",
    ),
    pin(
        feature_distillation.channel_wise,
        [[[0.0], [L3 / 2]]],
        [[[0.0], [0.0]]],
        temperature=0.5,
        expect=COVER / 4,
        why="softened",
    ),
    pin(
        feature_distillation.overhaul,
        [[1.0, -2.0, -2.0, 0.0]],
        [[3.0, -9.0, 0.5, -9.0]],
        [-1.0, -1.0, -1.0, -1.0],
        expect=[[4, 0, 6.25, 1]],
        why="active, silent, missed, not silent enough",
    ),
    pin(
        feature_distillation.overhaul_margins,
        [0.0, 0.0, 2.0, -2.0],
        [1.0, 3.0, 0.0, 0.0],
        expect=[-sqrt(2 / pi), -3 * sqrt(2 / pi), 0, -2],
        why="half of a normal distribution",
    ),
    pin(
        feature_distillation.variational_information,
        [3.0],
        [1.0],
        [log(exp(1) - 1)],
        eps=1,
        expect=[(L2 + 4 / 2) / 2],
        why="variance 2",
    ),
    # Odds of 3 against a noise of 2/4, and of 1 and 1/3
    pin(
        feature_distillation.contrastive_representation,
        [1.0, 0.0],
        [L3, 0.0],
        [[0.0, 9.0], [-L3, 0.0]],
        temperature=1,
        examples=4,
        expect=log(1 + 1 / 6) + log(1 + 2) + log(1 + 2 / 3),
        why="odds",
    ),
    pin(
        feature_distillation.updated_bank,
        [[1.0, 0.0], [0.0, 1.0]],
        [1],
        [[0.0, -1.0]],
        momentum=0.25,
        expect=[[1, 0], [0, -1]],
        why="a row turned",
    ),
]
# Distances 1, 2, 1 over 4/3; and 1, 1, 0 over 2/3
ONE_TWO = [[0.0], [1.0], [2.0]]
TWINS = [[0.0, 0.0], [0.6, 0.8], [0.6, 0.8]]
RELATIONAL_DISTILLATION = [
    pin(
        relational_distillation.relational_distance,
        ONE_TWO,
        TWINS,
        expect=[
            ((3 / 4 - 3 / 2) ** 2 + (3 / 2 - 3 / 2) ** 2) / 4,
            ((3 / 4 - 3 / 2) ** 2 + (3 / 4) ** 2) / 4,
            ((3 / 2 - 3 / 2) ** 2 + (3 / 4) ** 2) / 4,
        ],
        why="over their mean",
    ),
    # Beyond 1 Huber's loss is a line.
    pin(
        relational_distillation.relational_distance,
        [[0.0], [9.0], [1.0], [1.0]],
        [[0.0], [9.0], [0.0], [1.0]],
        where=[True, False, True, True],
        # The mean of 1, 1, 0 is that of 0, 1, 1: 3/2 less 0 each, a line.
        expect=[(3 / 2 - 1 / 2 + 0) / 2, 0, 2 * (3 / 2 - 1 / 2) / 2, (0 + 3 / 2 - 1 / 2) / 2],
        why="lines",
    ),
    # Cosines at the items: of a line 1, -1, 1; of a right angle at the first 0, and 1 / sqrt(2)
    pin(
        relational_distillation.relational_angle,
        ONE_TWO,
        [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]],
        expect=[1 / 2, 1 + sqrt(1 / 2) - 1 / 2, (1 - sqrt(1 / 2)) ** 2 / 2],
        why="angles",
    ),
    pin(
        relational_distillation.relational_angle,
        ONE_TWO,
        ONE_TWO,
        where=[True, True, False],
        expect=[0, 0, 0],
        why="too few",
    ),
    # Rows of products: 1, 0 and 0, 1; and, all alike, 1/sqrt(2) each
    pin(
        relational_distillation.similarity_preserving,
        [[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]],
        [[1.0], [1.0], [5.0]],
        where=[True, True, False],
        expect=[((1 - sqrt(1 / 2)) ** 2 + 1 / 2) / 2] * 2 + [0],
        why="rows of unit length",
    ),
    # Likeness of the first with the others: 1 and 1/2, so 2/3 and 1/3; of the teacher 1/2 and 1/2
    pin(
        relational_distillation.probabilistic_transfer,
        [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [9.0, 9.0]],
        [[1.0], [1.0], [3.0], [-1.0]],
        where=[True, True, True, False],
        expect=[(log(3 / 4) + log(3 / 2)) / 2] * 2 + [0, 0],
        why="shares",
    ),
    pin(
        relational_distillation.probabilistic_transfer,
        [[1.0], [-1.0], [1.0]],
        [[1.0], [1.0], [1.0]],
        expect=[inf, 0, inf],
        why="no likeness at all",
    ),
    # Student channels (1, 0) and (0, 1), teacher (1, 1) / sqrt(2)
    pin(
        relational_distillation.neuron_selectivity,
        [[3.0, 0.0], [0.0, 1.0]],
        [[1.0], [1.0]],
        expect=1 / 2 + 1 - 2 * (1 / 2),
        why="kernels",
    ),
    # q varies as p turned around: correlation -1 everywhere; the last has no variance
    pin(
        relational_distillation.dist,
        [[0.0, 1.0], [2.0, 0.0]],
        [[3.0, 0.0], [0.0, 3.0]],
        beta=3,
        gamma=0.5,
        temperature=2,
        expect=4 * (3 * 2 + 0.5 * 2),
        why="opposite",
    ),
    pin(
        relational_distillation.dist,
        [[0.0, 0.0]],
        [[3.0, 0.0]],
        beta=1,
        gamma=1,
        temperature=1,
        expect=2,
        why="without variance",
    ),
    pin(
        relational_distillation.flow_of_solution,
        [[1.0], [1.0]],
        [[2.0, 0.0], [0.0, 4.0]],
        [[1.0], [1.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        expect=(1 + 4) / 2,
        why="means of products",
    ),
]
