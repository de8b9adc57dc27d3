"""Values by hand for the oracles of losses for wrong labels."""

from math import inf, log, nan

from tests.oracles import noisy
from tests.pins_residuals import pin

QUARTERS = [0.0, log(3)]  # softmax: 1/4 and 3/4
NOISY = [
    pin(noisy.generalized_cross_entropy, QUARTERS, 0, q=0.5, expect=(1 - 1 / 2) / 0.5, why="half"),
    pin(noisy.generalized_cross_entropy, QUARTERS, 0, q=0, expect=log(4), why="cross-entropy"),
    pin(noisy.generalized_cross_entropy, QUARTERS, 0, q=1, expect=3 / 4, why="absolute error"),
    pin(
        noisy.generalized_cross_entropy,
        [[0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, 2],
        q=0.5,
        expect=[2, 0, nan],
        why="edges",
    ),
    pin(noisy.taylor_cross_entropy, QUARTERS, 0, expect=3 / 4 + 9 / 16 / 2, why="two terms"),
    pin(noisy.taylor_cross_entropy, QUARTERS, 1, order=1, expect=1 / 4, why="one term"),
    pin(
        noisy.taylor_cross_entropy,
        [[0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, -1],
        order=3,
        expect=[1 + 1 / 2 + 1 / 3, 0, nan],
        why="edges",
    ),
    pin(noisy.bi_tempered, QUARTERS, 0, t1=1, t2=1, expect=log(4), why="cross-entropy"),
    # exp_2(x) = 1 / (1 - x), so that scores of -3 and -1/3 have 1/4 and 3/4; log_0(x) = x - 1
    pin(
        noisy.bi_tempered,
        [0.0, 8 / 3],
        0,
        t1=0,
        t2=2,
        expect=3 / 4 - (1 - 10 / 16) / 2,
        why="heavy tails",
    ),
    # exp_{1/2}(x) = (1 + x / 2)**2 ends at -2; log_{1/2}(0) = -2
    pin(noisy.bi_tempered, [0.0, -5.0], 1, t1=0.5, t2=0.5, expect=2, why="tails that end"),
    pin(
        noisy.bi_tempered,
        [[0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [0, 0, 2],
        t1=0.5,
        t2=1.5,
        expect=[0, 0, nan],
        why="edges",
    ),
]
