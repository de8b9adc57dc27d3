"""Values by hand for the oracles of advantages."""

from math import log, sqrt

from tests.oracles import advantages
from tests.pins_residuals import pin

ADVANTAGES = [
    pin(advantages.group_relative, [1, 0], eps=0, expect=[sqrt(1 / 2), -sqrt(1 / 2)], why="two"),
    pin(advantages.group_relative, [3, 3, 3], expect=[0, 0, 0], why="alike"),
    pin(advantages.group_relative, [3, 1], scale=None, expect=[1, -1], why="no scale"),
    pin(
        advantages.group_relative,
        [[3, 1], [0, 4]],
        scale="batch",
        eps=1,
        expect=[
            [1 / (1 + sqrt(10 / 3)), -1 / (1 + sqrt(10 / 3))],
            [-2 / (1 + sqrt(10 / 3)), 2 / (1 + sqrt(10 / 3))],
        ],
        why="over all",
    ),
    pin(
        advantages.group_relative,
        [5, 1, 3],
        scale=None,
        where=[True, False, True],
        expect=[1, 0, -1],
        why="masked",
    ),
    pin(advantages.leave_one_out, [3, 0, 0], expect=[3, -1.5, -1.5], why="three"),
    pin(advantages.leave_one_out, [3], expect=[0], why="alone"),
    pin(advantages.gae, [0, 1], [0.5, 0], [0, 0.5, 9], decay=1, expect=[0.5, 0.5], why="all"),
    pin(advantages.gae, [0, 1], [0.5, 0], [0, 0.5, 9], decay=0, expect=[0.25, 0.5], why="next"),
    pin(advantages.lambda_returns, [0, 1], [0.5, 0.5], [7, 0, 4], decay=1, expect=[1.5, 3], why=""),
    pin(advantages.lambda_returns, [0, 1], [0.5, 0.5], [7, 0, 4], decay=0, expect=[0, 3], why="1"),
    pin(
        advantages.vtrace,
        [0, 1],
        [0.5, 0],
        [0, 0.5, 9],
        [log(2), log(1 / 2)],
        expect=([0.375, 0.75], [0.375, 0.25]),
        why="off policy",
    ),
    pin(
        advantages.n_step_returns,
        [1, 1, 1],
        [0.5, 0.5, 0],
        [7, 2, 8, 4],
        steps=2,
        expect=[1 + 0.5 * (1 + 0.5 * 8), 1 + 0.5 * 1, 1],
        why="two",
    ),
    pin(
        advantages.off_policy_returns,
        [1, 1],
        [0.5, 0.5],
        [7, 2, 4],
        [7, 1],
        [7, 0.5],
        expect=[1 + 0.5 * (2 + 0.5 * (3 - 1)), 3],
        why="half of the surprise",
    ),
]
