"""Values by hand for the oracles of registration and of displacements."""

from math import exp, log

from tests.oracles import displacement, registration
from tests.pins_residuals import pin

# Rows of pixels of one channel.
STEP, SLOPE, PLAIN = [[[0], [4]]] * 2, [[[0], [0]], [[2], [2]]], [[[1], [1]]] * 2
HALVES = [0.5, 0.5]
# weights of bins at 0 and 1 of a pixel at 0, of width 1
NEAR = 1 / (1 + exp(-1 / 2))
FAR = 1 - NEAR
SAME = (NEAR**2 + FAR**2) / 2
# one pixel in each of two bins, spread over three by a cubic spline: 1/6, 4/6, 1/6
SPREAD = [1 / 12, 5 / 12, 5 / 12, 1 / 12]


def entropy(*masses: float) -> float:
    """-Σ p log p."""
    return -sum(p * log(p) for p in masses)


REGISTRATION = [
    pin(
        registration.local_cross_correlation,
        STEP,
        [[[3], [1]]] * 2,
        eps=0,
        window=HALVES,
        expect=0,
        why="one against the other",
    ),
    pin(
        registration.local_cross_correlation,
        STEP,
        SLOPE,
        eps=1,
        window=HALVES,
        expect=1,
        why="across",
    ),
    # variances 4 and 3, covariance 2
    pin(
        registration.local_cross_correlation,
        STEP,
        [[[0], [4]], [[0], [0]]],
        eps=1,
        window=HALVES,
        expect=1 - 2**2 / (5 * 4),
        why="half alike",
    ),
    pin(
        registration.local_cross_correlation,
        PLAIN,
        STEP,
        eps=1,
        window=HALVES,
        expect=1,
        why="flat",
    ),
    pin(
        registration.local_cross_correlation,
        [[[0], [6], [0]]] * 3,
        [[[0], [3], [0]]] * 3,
        eps=1,
        window=[0.25, 0.5, 0.25],
        expect=1 - 4.5**2 / (10 * 3.25),
        why="weighted",
    ),
    pin(
        registration.mutual_information,
        [[[0], [1]]],
        [[[0], [1]]],
        num_bins=2,
        sigma=1,
        max_value=1,
        expect=entropy(SAME, SAME, 1 / 2 - SAME, 1 / 2 - SAME) - 2 * log(2),
        why="two bins",
    ),
    pin(
        registration.mutual_information,
        [[[-7], [9]]],
        [[[5], [1]]],
        num_bins=2,
        sigma=1,
        max_value=5,
        kernel="quadratic",
        expect=entropy(0.5, 0.5 * 0.908, 0.5 * 0.092)
        - entropy(0.5, 0.5)
        - entropy(0.5 + 0.5 * 0.092, 0.5 * 0.908),
        why="parabolas, and what is beyond",
    ),
    pin(
        registration.mutual_information,
        [[[0], [1]]],
        [[[0], [1]]],
        num_bins=2,
        sigma=1,
        max_value=1,
        kernel="b_spline",
        expect=entropy(*(p / 2 for p in (1 / 6, 4 / 6, 1 / 6) * 2)) - entropy(*SPREAD) - log(2),
        why="splines",
    ),
    pin(
        registration.mutual_information,
        [[[1], [1]]],
        [[[0], [1]]],
        num_bins=2,
        sigma=1,
        max_value=1,
        kernel="quadratic",
        expect=0,
        why="flat",
    ),
    pin(
        registration.normalized_mutual_information,
        [[[0], [1]]],
        [[[1], [0]]],
        num_bins=2,
        sigma=1,
        max_value=1,
        kernel="quadratic",
        expect=2 - 2,
        why="one tells the other",
    ),
    pin(
        registration.normalized_mutual_information,
        [[[0], [0], [1], [1]]],
        [[[0], [1], [0], [1]]],
        num_bins=2,
        sigma=1,
        max_value=1,
        kernel="quadratic",
        expect=2 - 2 * log(2) / log(4),
        why="nothing to tell",
    ),
    pin(
        registration.normalized_mutual_information,
        PLAIN,
        PLAIN,
        num_bins=2,
        sigma=1,
        max_value=1,
        kernel="quadratic",
        expect=1,
        why="flat",
    ),
    pin(
        registration.normalized_gradient_field,
        STEP,
        SLOPE,
        eps=1,
        expect=1 - 1 / (17 * 5),
        why="across",
    ),
    pin(
        registration.normalized_gradient_field,
        STEP,
        STEP,
        eps=2,
        spacing=[1, 2],
        expect=0,
        why="equal",
    ),
    pin(
        registration.normalized_gradient_field,
        STEP,
        PLAIN,
        eps=2,
        spacing=[1, 2],
        expect=1 - 4**2 / ((2**2 + 4) * 4),
        why="flat, of wide pixels",
    ),
]

# two rows of three displacements
FIELD = [[[0, 0], [1, 0], [4, 0]], [[0, 2], [0, 0], [0, 0]], [[0, 0], [0, 0], [0, 8]]]

DISPLACEMENT = [
    pin(
        displacement.diffusion,
        [[[0, 0], [3, 0]], [[0, 4], [9, 9]]],
        expect=(3**2 + 4**2) / 2,
        why="one pixel",
    ),
    pin(
        displacement.diffusion,
        [[[0, 0], [3, 0]], [[0, 4], [9, 9]]],
        spacing=[0.5, 3],
        expect=(1 + 8**2) / 2,
        why="of odd pixels",
    ),
    pin(
        displacement.diffusion,
        FIELD,
        stencil="wide",
        expect=(0.5**2 + 1**2) / 2,
        why="wide",
    ),
    pin(
        displacement.bending_energy,
        FIELD,
        # down: 1 - 2 * 0 + 0, and nothing; across: nothing, and 2; both: (-4) / 4, and 8 / 4
        expect=(1**2 + 2**2 + 2 * (1**2 + 2**2)) / 2,
        why="one pixel",
    ),
    pin(
        displacement.bending_energy,
        FIELD,
        spacing=[1, 2],
        expect=(1**2 + 0.5**2 + 2 * (0.5**2 + 1**2)) / 2,
        why="of odd pixels",
    ),
    pin(displacement.folding, [[0], [-3], [0]], num_axes=1, expect=2 / 2, why="a line"),
    pin(
        displacement.folding,
        [[[0, 0], [0, -3]], [[1, 0], [9, 9]]],
        expect=2 * 2,
        why="the other way round",
    ),
    pin(
        displacement.folding,
        [[[0, 0], [0, -3]], [[-3, 0], [9, 9]]],
        expect=0,
        why="twice the other way round",
    ),
    pin(
        displacement.folding,
        [[[0, 0], [0, -3]], [[1, 0], [9, 9]]],
        spacing=[0.5, 2],
        expect=3 * 0.5,
        why="of odd pixels",
    ),
]
