"""Values by hand for the oracles of policies and values."""

from math import e, exp, inf, log

from tests.oracles import policy, policy_answers
from tests.pins_residuals import LOG2, LOG3, pin

# A ratio of 3 twice, of 1/3 twice; a good and a bad action each.
TAKEN = ([LOG3, LOG3, 0.0, 0.0], [0.0, 0.0, LOG3, LOG3], [1.0, -1.0, 1.0, -1.0])
POLICY = [
    pin(policy.reinforce, [-2.0, -3.0], [1.5, -1.0], expect=[3, -3], why="likelihoods"),
    pin(policy.ppo_clip, *TAKEN, low=0.5, high=0.25, expect=[-1.25, 3, -1 / 3, 0.5], why="clips"),
    pin(policy.ppo_clip, [1e4], [0.0], [-1.0], expect=[exp(20)], why="no overflow"),
    pin(
        policy.dual_clip,
        *TAKEN,
        low=0.5,
        high=0.25,
        ceiling=2,
        expect=[-1.25, 2, -1 / 3, 0.5],
        why="",
    ),
    pin(
        policy.ppo_kl,
        [LOG3, 0.0],
        [0.0, 0.0],
        [1.0, 2.0],
        beta=0.5,
        expect=[-3 + (2 - LOG3) / 2, -2],
        why="r - 1 - log r",
    ),
    pin(
        policy.cispo,
        [LOG3, LOG2],
        [0.0, 0.0],
        [1.0, -1.0],
        ceiling=2.5,
        expect=[-2.5 * LOG3, 2 * LOG2],
        why="",
    ),
    pin(
        policy.cispo,
        [LOG3],
        [0.0],
        [1.0],
        held=([LOG2],),
        expect=[-2 * LOG3],
        why="a ratio of 2 held",
    ),
    # sigma(log 3 / 2 * 2) = 3/4, and sigma(log 3 * 0) = 1/2
    pin(
        policy.sapo,
        [LOG3, 0.0],
        [0.0, 0.0],
        [1.0, -1.0],
        positive_temperature=LOG3 / 2,
        negative_temperature=LOG3,
        expect=[-3 / 4 * 4 / (LOG3 / 2), 1 / 2 * 4 / LOG3],
        why="gates",
    ),
    pin(policy.kl_k1, [-1.0], [-3.0], expect=[2], why="difference"),
    pin(policy.kl_k2, [-1.0], [-3.0], expect=[2], why="half a square"),
    pin(policy.kl_k3, [0.0, 1.0], [1.0, 1.0], expect=[e - 2, 0], why="residual"),
    pin(policy.kl_k3, [-1e4], [0.0], expect=[exp(20) - 21], why="no overflow"),
    pin(
        policy.negative_entropy,
        [[LOG3, 0.0], [0.0, -inf]],
        expect=[3 / 4 * log(3 / 4) + 1 / 4 * log(1 / 4), 0],
        why="three to one, one action",
    ),
    pin(
        policy.negative_entropy, [0.0, 0.0, 9.0], where=[True, True, False], expect=-LOG2, why="two"
    ),
]
# Ratios of 1 and 9, whose geometric mean is 3; a third token is left out.
ANSWER = ([[0.0, 2 * LOG3, 7.0]], [[0.0, 0.0, 0.0]])
KEPT = {"where": [[True, True, False]]}
POLICY_ANSWERS = [
    pin(policy_answers.gspo, *ANSWER, [1.0], high=1, **KEPT, expect=[-2], why="clipped"),
    pin(policy_answers.gspo, *ANSWER, [-2.0], **KEPT, expect=[6], why="free"),
    pin(policy_answers.gspo, *ANSWER, [1.0], where=[[False] * 3], expect=[0], why="empty"),
    pin(policy_answers.luspo, *ANSWER, [1.0], high=1, **KEPT, expect=[-4], why="two tokens"),
    pin(policy_answers.gmpo, *ANSWER, [2.0], high=LOG3, **KEPT, expect=[-2 * 3**0.5], why="root"),
    pin(policy_answers.gmpo, *ANSWER, [-2.0], low=1, **KEPT, expect=[6], why="free above"),
    pin(
        policy_answers.gspo_token,
        *ANSWER,
        [[1.0, -1.0, 1.0]],
        high=1,
        **KEPT,
        expect=[[-2, 3, 0]],
        why="clipped and free",
    ),
    pin(
        policy_answers.gspo_token,
        *ANSWER,
        [[-1.0, -1.0, 1.0]],
        **KEPT,
        held=([[LOG2, 2 * LOG3, 0.0]],),
        # s = sqrt(2 * 9), and the first token is half as likely as what is held
        expect=[[18**0.5 / 2, 18**0.5, 0]],
        why="held",
    ),
    # w = 9 and w = 1/9
    pin(
        policy_answers.vespo,
        *ANSWER,
        [2.0],
        positive_k=1,
        positive_rate=0.25,
        **KEPT,
        expect=[[0, -9 * exp(-2) * 2 * 2 * LOG3, 0]],
        why="good",
    ),
    pin(
        policy_answers.vespo,
        [[-1.0]],
        [[2 * LOG3 - 1]],
        [-1.0],
        negative_k=2,
        negative_rate=9,
        expect=[[-exp(8) / 81]],
        why="bad",
    ),
]
