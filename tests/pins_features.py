"""Values by hand for the oracles of features of a student and its teacher."""

from math import exp, inf, log, pi, sqrt

from tests.oracles import (
    feature_distillation,
    layer_distillation,
    map_distillation,
    relational_distillation,
)
from tests.pins_residuals import pin

L2, L3 = log(2), log(3)
COVER = L2 - L3 / 2  # KL of (1/2, 1/2) from (1/4, 3/4)
FEATURE_DISTILLATION = [
    pin(feature_distillation.hint, [[3.0, 1.0]], [[1.0, 0.0]], expect=[(4 + 1) / 2], why="mean"),
    pin(
        feature_distillation.cosine,
        [[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]],
        [[2.0, 0.0], [-9.0, 0.0], [1.0, 1.0]],
        expect=[1 - 3 / 5, 2, 1],
        why="3, 4, 5; opposite; of no direction",
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
]
MAP_DISTILLATION = [
    # Maps 9 and 16 over 2 channels, and 1 and 0: of unit length with 337 = 9^2 + 16^2
    pin(
        map_distillation.attention_transfer,
        [[[3.0, 0.0], [0.0, -4.0]]],
        [[[1.0], [0.0]]],
        expect=(9 / sqrt(337) - 1) ** 2 + 16 * 16 / 337,
        why="two pixels",
    ),
    pin(
        map_distillation.attention_transfer,
        [[[[3.0], [-4.0]]], [[[0.0], [0.0]]]],
        [[[[0.0], [2.0]]], [[[0.0], [2.0]]]],
        power=1,
        expect=[0.36 + 0.04, 1],
        why="sizes, and zeros",
    ),
    pin(
        map_distillation.channel_wise,
        [[[0.0, 0.0], [L3, 0.0]]],
        [[[0.0, 5.0], [0.0, 5.0]]],
        temperature=1,
        expect=COVER / 2,
        why="one of two channels",
    ),
    pin(
        map_distillation.channel_wise,
        [[[0.0], [L3 / 2]]],
        [[[0.0], [0.0]]],
        temperature=0.5,
        expect=COVER / 4,
        why="softened",
    ),
    # Full size and one region: (0, 2) and their mean; a level of two is no smaller than the map
    pin(
        map_distillation.hierarchical_context,
        [[[0.0]], [[2.0]]],
        [[[0.0]], [[0.0]]],
        decay=0.25,
        expect=(2 + 1 / 4) / (1 + 1 / 4),
        why="one region",
    ),
    # Of three rows two regions share the middle one: means 3/2 and -3/2; in all 0
    pin(
        map_distillation.hierarchical_context,
        [[[3.0]], [[0.0]], [[-3.0]]],
        [[[0.0]], [[0.0]], [[0.0]]],
        expect=(6 + 9 / 4 / 2 + 0) / (1 + 1 / 2 + 1 / 4),
        why="regions that overlap",
    ),
    pin(
        map_distillation.masked_generative,
        [[[1.0, 2.0]], [[0.0, 5.0]]],
        [[[0.0, 0.0]], [[0.0, 3.0]]],
        expect=1 + 4 + 4,
        why="a sum",
    ),
    pin(
        map_distillation.hidden_pixels,
        [[[1.0, 2.0]], [[3.0, 4.0]]],
        [[0.25], [0.5]],
        share=0.5,
        expect=[[[0, 0]], [[3, 4]]],
        why="both channels of a pixel",
    ),
]
LAYER_DISTILLATION = [
    pin(
        layer_distillation.flow_of_solution,
        [[1.0], [1.0]],
        [[2.0, 0.0], [0.0, 4.0]],
        [[1.0], [1.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        expect=(1 + 4) / 2,
        why="means of products",
    ),
    # Directions (3/5, 4/5) and (1, 0), of the teacher (1, 0) twice: gaps of 0, 1, -1, 0
    pin(
        layer_distillation.singular_vectors,
        [[3.0, 4.0], [6.0, 8.0]],
        [[-2.0, 0.0]],
        [[1.0, 0.0], [0.0, 0.0]],
        [[5.0, 0.0]],
        expect=(
            (exp(-0.16 / 8) - 1) ** 2
            + (exp(-0.36 / 8) - exp(-1 / 8)) ** 2
            + (exp(-0.04 / 8) - exp(-1 / 8)) ** 2
            + (exp(-0.64 / 8) - 1) ** 2
        ),
        why="one direction",
    ),
    # Singular values 4 and 3: (1, 0) and (0, 1) of sizes 4/5 and 3/5; the student has its order
    # turned and one of them negative, which is matched: then all is as with the teacher
    pin(
        layer_distillation.singular_vectors,
        [[1.0, 0.0], [0.0, -7.0]],
        [[1.0, 0.0], [0.0, 2.0]],
        [[0.0, 3.0], [4.0, 0.0]],
        [[4.0, 0.0], [0.0, 3.0]],
        rank=2,
        expect=0,
        why="matched",
    ),
    # The student's later layer has one direction, (1, 0), where the teacher's second is (0, 1).
    pin(
        layer_distillation.singular_vectors,
        [[2.0], [0.0]],
        [[2.0, 0.0], [0.0, 0.0]],
        [[5.0], [0.0]],
        [[4.0, 0.0], [0.0, 3.0]],
        rank=2,
        # Of none in the earlier layer either: 0 beside (0, 3/5) there, and beside 0 here
        expect=(1 - exp(-0.36 / 8)) ** 2,
        why="a direction that is not there",
    ),
]
