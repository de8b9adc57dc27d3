"""Values by hand for the oracles of preferences."""

from math import exp, log, nan, sqrt

from tests.oracles import (
    completions,
    preference,
    preference_shapes,
    preference_unpaired,
    reference_free,
    reward,
)
from tests.pins_residuals import LOG2, LOG3, pin

# Log-ratios of log 3 and -log 3 at beta = 1/2: rewards of log 3 / 2 each way, a lead of log 3,
# which is chosen with probability 3/4.
PAIR = ([LOG3], [-LOG3], [0.0], [0.0])
EQUAL = ([-1.0], [-2.0], [-1.0], [-2.0])
HALF = {"beta": 0.5}
ROOT = 1 / (1 + sqrt(3))  # sigmoid(-log 3 / 2)
PREFERENCE = [
    pin(preference.dpo, *PAIR, **HALF, expect=[-log(3 / 4)], why="three to one"),
    pin(preference.dpo, [-1.0], [0.0], [-2.0], [1.0], beta=0, expect=[LOG2], why="no odds"),
    pin(
        preference.conservative_dpo,
        *PAIR,
        **HALF,
        smoothing=0.25,
        expect=[-3 / 4 * log(3 / 4) - 1 / 4 * log(1 / 4)],
        why="an entropy",
    ),
    pin(
        preference.robust_dpo,
        *PAIR,
        **HALF,
        smoothing=0.25,
        expect=[2 * (-3 / 4 * log(3 / 4) + 1 / 4 * log(1 / 4))],
        why="divided by a half",
    ),
    pin(preference.ipo, [3.0], [1.0], [0.0], [0.0], **HALF, expect=[(2 - 1) ** 2], why="too far"),
    pin(preference.slic, *EQUAL, expect=[1], why="no lead"),
    pin(preference.slic, [4.0], [0.0], [0.0], [0.0], **HALF, expect=[0], why="beyond the margin"),
    pin(preference.exo, *PAIR, **HALF, smoothing=0.25, expect=[0], why="the odds asked for"),
    pin(
        preference.exo,
        *EQUAL,
        smoothing=0.2,
        expect=[log(1 / 2 / 0.8) / 2 + log(1 / 2 / 0.2) / 2],
        why="no lead",
    ),
    pin(
        preference.nca,
        *PAIR,
        **HALF,
        # sigmoid(-r_l) is sigmoid(r_w) here, and so one and a half of its logarithm counts
        expect=[-1.5 * log(1 - ROOT) - log(ROOT) / 2],
        why="roots",
    ),
    pin(preference.bco_pair, *PAIR, **HALF, expect=[-2 * log(1 - ROOT)], why="roots"),
    pin(
        preference.bco_pair,
        [2 * LOG3],
        [0.0],
        [0.0],
        [0.0],
        **HALF,
        shift=LOG3,
        expect=[LOG2 - log(3 / 4)],
        why="a shift",
    ),
    pin(preference.sppo, [3.0], [-2.0], [1.0], [0.0], **HALF, expect=[1 + 1], why="beyond"),
    pin(preference.apo_zero, *PAIR, **HALF, expect=[2 * ROOT], why="roots"),
    pin(preference.apo_down, *PAIR, **HALF, expect=[1 - ROOT + 1 / 4], why="roots"),
    pin(
        preference_shapes.discopop,
        *PAIR,
        **HALF,
        temperature=1,
        expect=[-log(3 / 4) / 4 + 1 / 3 * 3 / 4],
        why="three quarters exponential",
    ),
    # f(3) = (1 - 1/3) / 1, f(1/3) = 1 - 3
    pin(
        preference_shapes.f_dpo,
        *PAIR,
        beta=3 / 8,
        alpha=1,
        expect=[log(1 + exp(-1))],
        why="forward",
    ),
    pin(preference_shapes.f_dpo, *PAIR, **HALF, alpha=0, expect=[-log(3 / 4)], why="reverse"),
    # f(3) - f(1/3) = log(6/4) - log((2/3) / (4/3)) = log 3
    pin(preference_shapes.js_dpo, *PAIR, beta=1, expect=[-log(3 / 4)], why="three to one"),
    pin(
        preference_shapes.odpo,
        *PAIR,
        [LOG3],
        **HALF,
        expect=[LOG2],
        why="an offset that takes the lead",
    ),
    pin(
        preference_shapes.r_dpo,
        *EQUAL,
        [5.0],
        [3.0],
        alpha=LOG3 / 2,
        expect=[-log(3 / 4)],
        why="two tokens longer",
    ),
    pin(preference_shapes.dpop, *PAIR, **HALF, expect=[-log(3 / 4)], why="nothing lost"),
    # h = -1 + 3, less twice the 1 that is lost
    pin(preference_shapes.dpop, [-1.0], [-3.0], [0.0], [0.0], penalty=2, expect=[LOG2], why="lost"),
    pin(
        preference_shapes.diffusion_dpo,
        [1.0],
        [2.0],
        [1.5],
        [1.5],
        beta=LOG3,
        expect=[-log(3 / 4)],
        why="an error less",
    ),
]

GOOD = ([LOG3, LOG3], [0.0, 0.0], [True, False])
UNPAIRED = [
    pin(
        preference_unpaired.kto,
        *GOOD,
        -1.0,
        beta=1,
        undesirable_weight=2,
        expect=[1 / 4, 2 * 3 / 4],
        why="a divergence below 0 is none",
    ),
    pin(preference_unpaired.kto, *GOOD, LOG3, beta=1, expect=[1 / 2, 1 / 2], why="as far as z"),
    pin(
        preference_unpaired.kto,
        *GOOD,
        2 * LOG3,
        beta=1,
        desirable_weight=0.5,
        expect=[3 / 8, 1 / 4],
        why="farther",
    ),
    pin(preference_unpaired.bco, *GOOD, LOG3, beta=2, expect=[-log(3 / 4), log(4)], why="a shift"),
    pin(preference_unpaired.apo_zero_unpaired, *GOOD, beta=1, expect=[1 / 4, 3 / 4], why=""),
    pin(preference_unpaired.moved_shift, 1, [2.0, 4.0], momentum=0.75, expect=1.5, why="a quarter"),
    pin(preference_unpaired.moved_shift, 1, [], expect=1, why="none"),
    # leads 0 and log 3 over leads -log 3 and log 3
    pin(
        preference_unpaired.aot,
        [LOG3, 1.0, 9.0],
        [0.0, 1.0, 0.0],
        [LOG3, 0.0, 0.0],
        [0.0, LOG3, 7.0],
        beta=1,
        where=[True, True, False],
        expect=(LOG2 - log(3 / 4)) / 2,
        why="quantiles",
    ),
    # log-ratios 0 and log 3 of the chosen, -log 3 and log 3 of the rejected
    pin(
        preference_unpaired.aot_unpaired,
        [LOG3, 1.0],
        [-LOG3, LOG3],
        [0.0, 1.0],
        [0.0, 0.0],
        beta=1,
        expect=(LOG2 - log(3 / 4)) / 2,
        why="quantiles",
    ),
    pin(preference_unpaired.aot, [[]], [[]], [[]], [[]], expect=[0], why="no pairs"),
]
REFERENCE_FREE = [
    pin(
        reference_free.cpo,
        [-1.0],
        [-1.0 - LOG3],
        beta=1,
        nll_weight=2,
        expect=[-log(3 / 4) + 2],
        why="three to one",
    ),
    pin(
        reference_free.tpo,
        [-1.0],
        [-1.0 - LOG3],
        [-5.0],
        beta=1,
        nll_weight=2,
        expect=[-log(3 / 4) + 10],
        why="three to one",
    ),
    pin(
        reference_free.simpo,
        [-1.0],
        [-1.0 - LOG3],
        beta=2,
        margin=LOG3,
        expect=[-log(3 / 4)],
        why="",
    ),
    # 1 - 2 and 1 - 4
    pin(
        reference_free.alphapo,
        [-LOG2],
        [-2 * LOG2],
        beta=LOG3,
        margin=LOG3,
        alpha=1,
        expect=[-log(3 / 4)],
        why="inverses",
    ),
    pin(
        reference_free.alphapo, [-1.0], [-2.0], beta=1, margin=1, alpha=0, expect=[LOG2], why="logs"
    ),
    # odds of 1 and 1/3
    pin(
        reference_free.orpo,
        [-LOG2],
        [-log(4)],
        weight=2,
        expect=[LOG2 - 2 * log(3 / 4)],
        why="three to one",
    ),
    pin(reference_free.orpo, [0.0], [0.0], weight=2, expect=[2 * LOG2], why="equally certain"),
]
REWARD = [
    pin(
        reward.bradley_terry,
        [2 * LOG3],
        [0.0],
        margin=LOG3,
        centering=0.25,
        expect=[-log(3 / 4) + LOG3**2],
        why="three to one beyond the margin",
    ),
    pin(
        reward.xpo, *PAIR, [-2.0], beta=0.5, alpha=0.5, expect=[-log(3 / 4) - 1], why="three to one"
    ),
    pin(reward.nash_md, [-2.0], [-3.0], [0.75], beta=0.5, expect=[-2 * (0.5 - 0.25)], why="drift"),
    pin(
        reward.nash_md,
        [-2.0],
        [-3.0],
        [0.75],
        beta=0.5,
        held=([-3.0],),
        expect=[2 * 0.25],
        why="no drift held",
    ),
    pin(
        reward.a_star_po, [-2.0], [-4.0], [3.0], [1.0], beta=0.5, expect=[(1 - 2) ** 2], why="short"
    ),
    pin(
        reward.optimal_value,
        [[0.0, log(7), 5.0]],
        temperature=1,
        where=[[True, True, False]],
        expect=[log(4)],
        why="the mean of 1 and 7",
    ),
    pin(reward.optimal_value, [0.0, 2 * LOG3], temperature=2, expect=2 * log(2), why="1 and 3"),
    pin(reward.optimal_value, [[]], expect=[0], why="none"),
]
EVEN = [[0.0, 0.0], [LOG3, 0.0]]  # even odds, and three to one
COMPLETIONS = [
    pin(completions.log_probs, EVEN, [0, 1], expect=-log(8), why="1/2 and 1/4"),
    pin(completions.log_probs, EVEN, [0, 1], over="mean", expect=-log(8) / 2, why="their mean"),
    pin(completions.log_probs, EVEN, [2, 0], expect=nan, why="unknown"),
    pin(
        completions.log_probs,
        EVEN,
        [2, 0],
        where=[False, True],
        expect=log(3 / 4),
        why="unknown, left out",
    ),
    pin(completions.log_probs, EVEN, [0, 0], where=[False] * 2, over="mean", expect=0, why="none"),
    pin(completions.reduced, [-1.0, -2.0, -4.0], where=[True, False, True], expect=-5, why="two"),
    pin(
        completions.reduced,
        [-1.0, -2.0, -4.0],
        where=[True, False, True],
        over="mean",
        expect=-2.5,
        why="their mean",
    ),
    pin(
        completions.desensitized,
        [-8.0, -1.0, -2.0, -4.0],
        2,
        alpha=0.25,
        where=[False, True, True, True],
        expect=-3 - 1,
        why="one in the tail",
    ),
    pin(
        completions.confidence,
        [-LOG2, -LOG3, 5.0],
        [LOG2, LOG3, 0.0],
        where=[True, True, False],
        expect=1 / 6,
        why="the root of 1/4 and 1/9",
    ),
]
