"""Values by hand for the oracles of reinforcement learning."""

from math import e, erf, exp, inf, log, nan, sqrt

from tests.oracles import actor_critic, distributional, histogram, offline, value
from tests.pins_residuals import LOG2, LOG3, pin

# Two actions, of which the second is taken; a step of reward 1, and then 2 or 6 times one half.
STEP = ([[3.0, 5.0]], [1], [1.0], [0.5], [[2.0, 6.0]])
OVER = ([[3.0, 5.0]], [1], [1.0], [0.0], [[-inf, -inf]])
VALUE = [
    # returns 1, from 0 to 3, which counts as 2; near enough; on the other side nothing is clipped
    pin(
        value.clipped_value,
        [3.0, 0.5, 3.0],
        [0.0, 0.0, 0.0],
        [5.0, 1.0, 1.0],
        clip=2,
        expect=[9, 0.25, 4],
        why="clips",
    ),
    pin(value.td, [1.0, 1.0], [2.0, 2.0], [0.5, 0.0], [4.0, 9.0], expect=[9, 1], why="end"),
    pin(value.td, [1.0], [2.0], [0.5], [-inf], expect=[1], why="nothing"),
    pin(value.sarsa, *STEP, [0], expect=[9], why="first"),
    pin(value.sarsa, *STEP, [[0.25, 0.75]], expect=[(5 - 1 - 2.5) ** 2], why="expected"),
    pin(value.sarsa, *OVER, [0], expect=[16], why="end"),
    pin(value.sarsa, *STEP, [2], expect=[nan], why="no action"),
    pin(value.q_learning, *STEP, expect=[1], why="best"),
    pin(value.q_learning, *OVER, expect=[16], why="end"),
    pin(value.q_learning, [[3.0, 5.0]], [-1], *STEP[2:], expect=[nan], why="no action"),
    pin(value.double_q_learning, *STEP, [[1.0, 0.0]], expect=[9], why="chosen by another"),
    pin(value.persistent_q_learning, *STEP, gap=0.5, expect=[1], why="the best again"),
    pin(
        value.persistent_q_learning,
        [[4.0, 0.0]],
        [0],
        *STEP[2:],
        gap=0.25,
        expect=[(4 - 1 - 2.5) ** 2],
        why="again",
    ),
    pin(value.advantage_learning, *STEP, [[4.0, 2.0]], gap=0.5, expect=[4], why="gap"),
    # pi(2) = 1/4 of old values; then pi = (1/4, 3/4) and the value 6 + log 4/3
    pin(
        value.munchausen,
        [[3.0, 5.0]],
        [1],
        [1.0],
        [0.5],
        [[6 - LOG3, 6.0]],
        [[LOG3, 0.0]],
        gap=0.5,
        temperature=1,
        floor=-9,
        expect=[(5 - 1 + LOG2 - (6 + log(4 / 3)) / 2) ** 2],
        why="beliefs",
    ),
    pin(
        value.munchausen,
        *OVER,
        [[LOG3, 0.0]],
        gap=0.5,
        temperature=1,
        floor=-1,
        expect=[(5 - 1 + 0.5) ** 2],
        why="floor",
    ),
]
# Quantiles 0 and 1 beside samples 3 and 1: parabola up to 1, at levels 1/4 and 3/4.
BESIDE = ([0.0, 1.0], [3.0, 1.0])
HISTOGRAM = [
    pin(
        histogram.project,
        [[0.5, 7.0, -1.0], [1.0, 2.5, 0.0]],
        [[0.5, 0.25, 0.25], [1.0, 1.0, 1.0]],
        support=[0.0, 1.0, 4.0],
        expect=[[0.5, 0.25, 0.25], [1, 1.5, 0.5]],
        why="shares",
    ),
    pin(
        histogram.two_hot,
        [LOG3, 0.0],
        2.0,
        support=[0.0, 8.0],
        expect=2 * LOG2 - 0.75 * LOG3,
        why="quarter",
    ),
    pin(histogram.two_hot, [LOG3, 0.0], 9.0, support=[0.0, 8.0], expect=2 * LOG2, why="beyond"),
    # one half of a deviation to the edge on the left, two halves and a half on the right
    pin(
        histogram.hl_gauss,
        [LOG3, 0.0],
        2.0,
        edges=[0.0, 2.0, 4.0],
        deviation=1,
        expect=2 * LOG2 - LOG3 / 2,
        why="middle",
    ),
    pin(
        histogram.hl_gauss,
        [LOG3, 0.0],
        -7.0,
        edges=[0.0, 2.0, 4.0],
        deviation=1,
        expect=2 * LOG2 - LOG3 * erf(1 / sqrt(2)) / erf(2 / sqrt(2)),
        why="beyond",
    ),
]
CHOICE = ([[[0.0, 1.0]], [[5.0, 5.0]]], [0, 0], [1.0, 5.0], [1.0, 0.0])
AFTER = [[[2.0, 0.0]], [[nan, nan]]]
# Of two actions each: the second is better after the step
TWO = ([[[9.0, 9.0], [0.0, 1.0]]], [1], [1.0], [1.0], [[[0.0, 0.5], [2.0, 0.0]]])
BINS = ([[[9.0, 9.0], [LOG3, 0.0]]], [1], [1.0], [0.5], [[[0.0, 0.0], [0.0, LOG3]]])
DISTRIBUTIONAL = [
    pin(distributional.quantile_regression, *BESIDE, expect=15 / 16, why="levels in the middle"),
    pin(
        distributional.quantile_regression,
        *BESIDE,
        levels=[0.5, 0.5],
        delta=0,
        expect=(3 + 1 + 2) / 4,
        why="median",
    ),
    pin(
        distributional.quantile_regression,
        [1.0],
        [0.0],
        delta=2,
        expect=1 / 2 / 2 / 2,
        why="parabola",
    ),
    pin(distributional.quantile_td, *CHOICE, AFTER, [0, 5], expect=[15 / 16, 0], why="end"),
    pin(
        distributional.quantile_td,
        *TWO,
        [[0.25, 0.75]],
        # beside 1 and 3/2 the quantiles 0 and 1 cost (1/2 + 1)/8 and (0 + 1/8) 3/8
        expect=[0.75 * 15 / 16 + 0.25 * (3 / 16 + 3 / 64)],
        why="mixed",
    ),
    pin(distributional.quantile_q_learning, *TWO, expect=[15 / 16], why="best"),
    # a quarter at 1 and three quarters at 2, of a support from 0 to 2
    pin(
        distributional.categorical_td,
        *BINS,
        [1],
        support=[0.0, 2.0],
        expect=[-1 / 8 * log(3 / 4) - 7 / 8 * log(1 / 4)],
        why="second",
    ),
    pin(
        distributional.categorical_td,
        *BINS,
        [[1.0, 0.0]],
        support=[0.0, 2.0],
        expect=[-1 / 4 * log(3 / 4) - 3 / 4 * log(1 / 4)],
        why="policy",
    ),
    pin(
        distributional.categorical_q_learning,
        *BINS,
        support=[0.0, 2.0],
        expect=[-1 / 8 * log(3 / 4) - 7 / 8 * log(1 / 4)],
        why="best",
    ),
]
# Probabilities 3/4 and 1/4, worth 0 and 4: the mean is 1
CRITIC = ([[LOG3, 0.0]], [[0.0, 4.0]])
ACTOR_CRITIC = [
    pin(actor_critic.sac_actor, [-1.0], [[3.0, 2.0]], temperature=0.5, expect=[-2.5], why="least"),
    pin(
        actor_critic.sac_discrete_actor,
        *CRITIC,
        temperature=1,
        expect=[3 / 4 * log(3 / 4) + 1 / 4 * log(1 / 4) - 1],
        why="entropy and value",
    ),
    pin(actor_critic.sac_discrete_actor, *CRITIC, where=[[False, True]], expect=[-4], why="masked"),
    pin(
        actor_critic.sac_critic,
        [1.0],
        [1.0],
        [0.5],
        [[3.0, 2.0]],
        [-1.0],
        temperature=2,
        expect=[4],
        why="soft",
    ),
    pin(actor_critic.lagrange_multiplier, [3.0], multiplier=2, bound=1, expect=[-4], why="above"),
    pin(
        actor_critic.lagrange_multiplier,
        [3.0],
        held=([0.0],),
        expect=[0],
        why="what is held counts",
    ),
    pin(actor_critic.mpo, [-1.0, -2.0], [2 * LOG3, 0.0], temperature=2, expect=5 / 4, why="3 to 1"),
    pin(
        actor_critic.mpo,
        [-1.0, -2.0],
        [LOG3, 0.0],
        where=[False, True],
        expect=2,
        why="masked",
    ),
    pin(
        actor_critic.mpo_temperature,
        [2 * LOG3, 0.0],
        temperature=2,
        epsilon=0.5,
        expect=1 + 2 * LOG2,
        why="the mean of 3 and 1",
    ),
    pin(actor_critic.mpo_temperature, [1.0, 2.0], where=[False] * 2, expect=0, why="nothing"),
    pin(actor_critic.regret, *CRITIC, expect=[3], why="better than the mean"),
    pin(actor_critic.regret_matching, *CRITIC, expect=[-3 / 4], why="a quarter of 3"),
    pin(
        actor_critic.regret_matching,
        *CRITIC,
        held=([[0.0, 0.0]],),
        expect=[-2 / 4],
        why="regret held",
    ),
]
OFFLINE = [
    pin(
        offline.advantage_weighted,
        [-1.0, -2.0],
        [2 * LOG3, 99.0],
        temperature=2,
        ceiling=5,
        expect=[3, 10],
        why="weights",
    ),
    pin(
        offline.td3_bc,
        [[1.0, -3.0, 9.0]],
        [[[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]],
        [[[0.0, 1.0], [0.0, 2.0], [0.0, 0.0]]],
        alpha=4,
        where=[[True, True, False]],
        expect=[[1 - 2, 2 + 6, 0]],
        why="twice the critic",
    ),
    pin(offline.td3_bc, [0.0], [[2.0]], [[0.0]], expect=[4], why="a critic without opinion"),
    # exp(q / 2) is 3 and 1, the density one half and 1
    pin(
        offline.cql,
        [2 * LOG3, 0.0],
        [-LOG2, 0.0],
        1.0,
        temperature=2,
        expect=2 * log(7 / 2) - 1,
        why="importance",
    ),
    pin(offline.cql, [e, exp(1)], [0.0, 0.0], 1.0, where=[False] * 2, expect=0, why="none"),
]
