"""Values by hand for the oracles of language models and routers."""

from math import exp, inf, log, nan, sqrt

from tests.oracles import language, routing
from tests.pins_residuals import pin

QUARTERS = [0.0, log(3)]  # softmax: 1/4 and 3/4
OUT = [-inf, -inf]
LANGUAGE = [
    pin(
        language.token_cross_entropy,
        [QUARTERS, QUARTERS, [nan, nan], OUT, QUARTERS],
        [0, 1, -100, 1, 2],
        where=[True, True, False, True, True],
        expect=[log(4), log(4 / 3), 0, 0, nan],
        why="tokens",
    ),
    pin(
        language.dynamic_fine_tuning,
        [QUARTERS, QUARTERS, [0.0, -inf], OUT],
        [0, 1, 1, 0],
        expect=[log(4) / 4, 3 / 4 * log(4 / 3), 0, 0],
        why="probability times cost",
    ),
    # p of what is held is one half
    pin(
        language.dynamic_fine_tuning,
        [QUARTERS, QUARTERS],
        [0, -100],
        held=([[0.0, 0.0], [0.0, 0.0]], [0, 0]),
        where=[True, False],
        expect=[log(4) / 2, 0],
        why="held",
    ),
    pin(language.z_loss, [QUARTERS, OUT], expect=[log(4) ** 2, 0], why="square"),
    # tanh(log 2) = (4 - 1) / (4 + 1)
    pin(language.softcap, [2 * log(2), -1e9], 2, expect=[2 * 3 / 5, -2], why="cap"),
    pin(
        language.unlikelihood,
        [QUARTERS, QUARTERS, [0.0, -inf], [0.0, -inf], OUT],
        [[1, 0], [1, 1], [0, 1], [1, 0], [1, 1]],
        expect=[log(4 / 3), log(4 / 3) + log(4), 0, inf, 0],
        why="one minus p",
    ),
    pin(
        language.earlier_tokens,
        [0, 1, 0, 2],
        classes=3,
        where=[True, True, True, False],
        expect=[[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]],
        why="another one before",
    ),
    pin(
        language.multi_token_prediction,
        [[QUARTERS, QUARTERS], [QUARTERS, QUARTERS], [QUARTERS, QUARTERS]],
        [0, 1, -100],
        where=[True, True, False],
        expect=[log(4) + log(4 / 3), log(4 / 3), 0],
        why="two heads",
    ),
    pin(
        language.replaced_token_detection,
        [log(3), log(3)],
        [1, 5],
        [2, 5],
        expect=[log(4 / 3), log(4)],
        why="replaced or not",
    ),
    # cosines with the first: 1, 0, sqrt(1/2); the last is left out
    pin(
        language.simctg,
        [[1.0, 0.0], [3.0, 0.0], [0.0, 2.0], [1.0, 1.0], [9.0, 9.0]],
        where=[True, True, True, True, False],
        margin=0.5,
        expect=[
            (0.5 + sqrt(0.5) - 0.5) / 3,
            (0.5 + sqrt(0.5) - 0.5) / 3,
            (sqrt(0.5) - 0.5) / 3,
            3 * (sqrt(0.5) - 0.5) / 3,
            0,
        ],
        why="hinges",
    ),
    pin(
        language.simctg,
        [[0.0, 0.0], [1.0, 0.0]],
        margin=0.5,
        expect=[0.5, 0],
        why="a zero vector has no cosine, not even with itself",
    ),
    pin(language.self_critical, -2, 3, 1, expect=2 * 2, why="advantage"),
    pin(
        language.minimum_risk,
        [[0.0, log(3)], [0.0, -inf], OUT],
        [[4.0, 8.0], [5.0, 9.0], [1.0, 1.0]],
        sharpness=1,
        expect=[4 / 4 + 8 * 3 / 4, 5, 0],
        why="expectation",
    ),
    pin(
        language.minimum_risk,
        [0.0, log(3), 9.0],
        [4.0, 8.0, 1.0],
        where=[True, True, False],
        sharpness=2,
        expect=4 / 10 + 8 * 9 / 10,
        why="sharpened, one left out",
    ),
]
EXPERTS = [0.0, log(3), -inf]  # 1/4, 3/4, 0
ROUTING = [
    pin(
        routing.load_balancing,
        [EXPERTS, EXPERTS[::-1], [nan] * 3],
        k=1,
        where=[True, True, False],
        # All go to the second expert, whose chance is 3/4.
        expect=3 * 3 / 4,
        why="one crowded expert",
    ),
    pin(routing.load_balancing, [[0.0] * 4] * 2, k=2, expect=4 * 2 / 4, why="ties"),
    # f = 1/2, 1/2 and p = (e / (1 + e) + 1 / (1 + e)) / 2 each
    pin(routing.load_balancing, [[1.0, 0.0], [0.0, 1.0]], k=1, expect=1, why="even"),
    pin(
        routing.load_balancing,
        [[1.0, 0.0]],
        k=1,
        expect=2 * exp(1) / (1 + exp(1)),
        why="one token",
    ),
    pin(routing.load_balancing, [[1.0, 0.0]], where=[False], expect=0, why="no token"),
]
