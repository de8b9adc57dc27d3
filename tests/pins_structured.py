"""Values by hand for the oracles of sequences of states, and of tokens in another order."""

from math import inf, log, nan

from tests.oracles import order_agnostic, structured
from tests.pins_residuals import pin

ZEROS = [[0.0, 0.0], [0.0, 0.0]]
L2, L3 = log(2), log(3)
# Masses of two steps: [1, 1] times [1, 2]; of the moves, 3 for a change.
FRAMES = [[0.0, 0.0], [0.0, L2]]
CHANGES = [[0.0, L3], [L3, 0.0]]
NEVER = [[-inf, -inf], [-inf, -inf]]
QUARTERS = [0.0, L3]  # softmax: 1/4 and 3/4
STRUCTURED = [
    pin(structured.crf, [*FRAMES, [0.0, 0.0]], [0, 1, 1], ZEROS, expect=log(12 / 2), why="free"),
    # paths 00, 01, 10, 11 weigh 1, 6, 3, 2
    pin(structured.crf, FRAMES, [1, 1], CHANGES, expect=log(12 / 2), why="moves"),
    # starts weigh 1 and 2, ends 5 and 1: 5, 6, 30, 4
    pin(
        structured.crf,
        FRAMES,
        [1, 0],
        CHANGES,
        start=[0.0, L2],
        end=[log(5), 0.0],
        expect=log(45 / 30),
        why="ends",
    ),
    pin(
        structured.crf,
        [FRAMES[0], [nan, nan], FRAMES[1]],
        [1, -100, 1],
        CHANGES,
        where=[True, False, True],
        expect=log(12 / 2),
        why="neighbours across a gap",
    ),
    pin(structured.crf, FRAMES, [1, 1], NEVER, expect=inf, why="impossible"),
    pin(structured.crf, FRAMES, [1, 2], ZEROS, expect=nan, why="no such state"),
    pin(structured.crf, FRAMES, [1, 1], ZEROS, where=[False, False], expect=0, why="no step"),
    pin(
        structured.hidden_markov,
        FRAMES,
        CHANGES,
        [0.0, L2],
        expect=-log(1 + 6 + 2 * (3 + 2)),
        why="four paths",
    ),
    pin(
        structured.hidden_markov,
        [[nan, nan], *FRAMES],
        CHANGES,
        [0.0, L2],
        where=[False, True, True],
        expect=-log(17),
        why="unseen",
    ),
    pin(structured.hidden_markov, FRAMES, NEVER, [0.0, 0.0], expect=inf, why="impossible"),
    pin(
        structured.hidden_markov,
        FRAMES,
        NEVER,
        [0.0, 0.0],
        where=[False, False],
        expect=0,
        why="nothing seen",
    ),
    # 001 and 011 of eight paths
    pin(
        structured.auto_segmentation,
        [[0.0, 0.0]] * 3,
        [0, 1],
        ZEROS,
        expect=log(8 / 2),
        why="two of eight",
    ),
    pin(structured.auto_segmentation, FRAMES, [1], CHANGES, expect=log(12 / 2), why="held"),
    pin(
        structured.auto_segmentation,
        [*FRAMES, [nan, nan]],
        [1, -1],
        CHANGES,
        where=[True, True, False],
        label_where=[True, False],
        expect=log(12 / 2),
        why="padding",
    ),
    pin(structured.auto_segmentation, FRAMES, [0, 0], ZEROS, expect=inf, why="merged"),
    pin(structured.auto_segmentation, FRAMES, [0, 2], ZEROS, expect=nan, why="no such state"),
    pin(
        structured.auto_segmentation,
        [FRAMES, FRAMES],
        [[0, 1], [0, 1]],
        ZEROS,
        where=[[False, False]] * 2,
        label_where=[[False, False], [True, False]],
        expect=[0, inf],
        why="no frames",
    ),
]
BLANK = [L3, 0.0]  # 3/4 for the blank
ORDER_AGNOSTIC = [
    pin(
        order_agnostic.aligned_cross_entropy,
        [BLANK, QUARTERS],
        [1],
        expect=2 * log(4 / 3),
        why="skip a prediction",
    ),
    # Align the first label, and leave out the second in the same place at half the price.
    pin(
        order_agnostic.aligned_cross_entropy,
        [QUARTERS],
        [1, 1],
        skip=0.5,
        expect=1.5 * log(4 / 3),
        why="skip a label",
    ),
    pin(
        order_agnostic.aligned_cross_entropy,
        [BLANK, [nan, nan]],
        [1, 0],
        where=[True, False],
        label_where=[False, False],
        expect=log(4 / 3),
        why="no label",
    ),
    pin(
        order_agnostic.aligned_cross_entropy,
        [[BLANK]] * 3,
        [[1], [0], [2]],
        where=[[False], [True], [True]],
        expect=[inf, nan, nan],
        why="edges",
    ),
    pin(
        order_agnostic.order_agnostic_cross_entropy,
        [QUARTERS, BLANK],
        [0, 1],
        expect=2 * log(4 / 3),
        why="turned around",
    ),
    pin(
        order_agnostic.order_agnostic_cross_entropy,
        [QUARTERS, [nan, nan], QUARTERS],
        [0, -100, 1],
        where=[True, False, True],
        expect=log(4) + log(4 / 3),
        why="one left out",
    ),
    pin(
        order_agnostic.order_agnostic_cross_entropy,
        [[QUARTERS], [QUARTERS], [[-inf, 0.0]], [[-inf, -inf]]],
        [[2], [-1], [0], [0]],
        where=[[True], [False], [True], [True]],
        expect=[nan, 0, inf, 0],
        why="edges",
    ),
]
