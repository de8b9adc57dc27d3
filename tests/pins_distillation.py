"""Values by hand for the oracles of distillation."""

from math import inf, log, nan

from tests.oracles import distillation, logit_matching, token_distillation
from tests.pins_residuals import pin

QUARTERS = [0.0, log(3)]  # softmax: 1/4 and 3/4
EVEN = [0.0, 0.0]
ONE = [0.0, -inf]
OUT = [-inf, -inf]
# Over a temperature of 1/2, scores 0 and log(3) / 2 are those of QUARTERS.
HALVED = [0.0, log(3) / 2]
COVER = log(2) - log(3) / 2  # KL of (1/2, 1/2) from (1/4, 3/4)
STAY = 3 / 4 * log(3) - log(2)  # and the other way round


def _mixed(p: tuple[float, float], q: tuple[float, float], share: float) -> float:
    """KL of p from a mixture of `share` of it with q."""
    return sum(a * log(a / (share * a + (1 - share) * b)) for a, b in zip(p, q, strict=True))


APART = (_mixed((0.5, 0.5), (0.25, 0.75), 0.5), _mixed((0.25, 0.75), (0.5, 0.5), 0.5))
DISTILLATION = [
    pin(distillation.knowledge_distillation, QUARTERS, EVEN, expect=COVER, why="forward"),
    pin(
        distillation.knowledge_distillation,
        [HALVED, ONE, QUARTERS, OUT],
        [EVEN, EVEN, ONE, OUT],
        temperature=0.5,
        expect=[COVER / 4, inf, log(10) / 4, 0],
        why="softened, and edges",
    ),
    pin(
        distillation.soft_cross_entropy,
        [QUARTERS, ONE, ONE],
        [EVEN, ONE, EVEN],
        expect=[COVER + log(2), 0, inf],
        why="with the entropy",
    ),
    pin(
        distillation.reverse_kl,
        [QUARTERS, ONE, EVEN],
        [EVEN, EVEN, ONE],
        expect=[STAY, log(2), inf],
        why="backward",
    ),
    pin(distillation.total_variation, [QUARTERS], [EVEN], expect=[1 / 4], why="half the sum"),
    pin(
        distillation.generalized_jensen_shannon,
        [QUARTERS, ONE, QUARTERS],
        [EVEN, EVEN, EVEN],
        beta=[0.5, 1.0, 0.0],
        expect=[sum(APART) / 2, 0, 0],
        why="both from the mixture",
    ),
    pin(
        distillation.skew_kl,
        [QUARTERS, QUARTERS, ONE],
        [EVEN, EVEN, EVEN],
        skew=[0.25, 0.0, 0.5],
        expect=[_mixed((0.5, 0.5), (0.25, 0.75), 0.25), COVER, log(2 / 3) / 2 + log(2) / 2],
        why="helped",
    ),
    pin(
        distillation.skew_reverse_kl,
        [QUARTERS, QUARTERS, EVEN],
        [EVEN, EVEN, ONE],
        skew=[0.25, 0.0, 0.5],
        expect=[_mixed((0.25, 0.75), (0.5, 0.5), 0.25), STAY, log(2 / 3) / 2 + log(2) / 2],
        why="mixed with itself",
    ),
    # The likely class of the teacher is the second; both gaps are 1/4.
    pin(
        distillation.adaptive_kl,
        [EVEN, QUARTERS],
        [QUARTERS, QUARTERS],
        head=0.5,
        expect=[(STAY + COVER) / 2, 0],
        why="half and half",
    ),
    pin(
        distillation.adaptive_kl,
        [EVEN],
        [QUARTERS],
        head=0.9,
        expect=[STAY],
        why="all in the head",
    ),
    # Of what is held, the gaps are 1/2 in the head and 1/4 and 1/4 behind.
    pin(
        distillation.adaptive_kl,
        [[0.0, 0.0, 0.0]],
        [[log(2), 0.0, 0.0]],
        head=0.1,
        held=([[0.0, log(2), log(2)]], None),
        expect=[
            (
                3 / 6 * (log(3 / 2) / 2 + log(3 / 4) / 2)
                + 3 / 6 * (log(2 / 3) / 3 + 2 * log(4 / 3) / 3)
            )
        ],
        why="held",
    ),
]
L2 = log(2)
LOGIT_MATCHING = [
    # p is 1/2, 1/4, 1/4 and q 1/4, 1/4, 1/2: of the label COVER, of the others 1/2, 1/2 of 1/3, 2/3
    pin(
        logit_matching.decoupled,
        [[0.0, 0.0, L2]],
        [[L2, 0.0, 0.0]],
        [0],
        alpha=2,
        beta=4,
        temperature=1,
        expect=[2 * COVER + 4 * (log(3 / 2) + log(3 / 4)) / 2],
        why="two parts",
    ),
    pin(
        logit_matching.decoupled,
        [HALVED, HALVED],
        [EVEN, EVEN],
        [0, 2],
        temperature=0.5,
        expect=[COVER / 4, nan],
        why="edges",
    ),
    pin(
        logit_matching.logit_squared_error,
        [[0.0, 1.0, -inf], [0.0, -inf, 1.0], [-inf] * 3],
        [[5.0, 4.0, -inf], [0.0, 0.0, 0.0], [-inf] * 3],
        expect=[1, inf, 0],
        why="differences -5 and -3",
    ),
    pin(
        logit_matching.standardize,
        [[1.0, 3.0, -inf], [2.0, 2.0, 2.0]],
        expect=[[-1, 1, -inf], [0, 0, 0]],
        why="scores",
    ),
    # z-scores of two are -1 and 1; over a temperature of 2 / log 3, half a log 3 each way
    pin(
        logit_matching.logit_standardization,
        [[0.0, 7.0], [3.0, 3.0]],
        [[5.0, 5.0], [3.0, 2.0]],
        temperature=2 / log(3),
        expect=[COVER * 4 / log(3) ** 2, STAY * 4 / log(3) ** 2],
        why="sizes do not matter",
    ),
]
TOKEN_DISTILLATION = [
    pin(
        token_distillation.universal_logit,
        [QUARTERS, QUARTERS],
        [[log(2), 0.0, 0.0], [log(3), 0.0, -inf]],
        expect=[3 / 4 - 1 / 2 + 1 / 4, 0],
        why="sorted and filled up",
    ),
    pin(
        token_distillation.top_k,
        [[0.0, L2, 0.0]] * 2,
        [[log(1 / 2)]] * 2,
        [[1], [3]],
        expect=[0, nan],
        why="two buckets",
    ),
    pin(
        token_distillation.top_k,
        [0.0, log(3) / 2, -inf],
        [log(1 / 2)],
        [0],
        temperature=0.5,
        expect=COVER / 4,
        why="softened",
    ),
    # log ratios of the second and third: log 2 and log 2/3
    pin(
        token_distillation.minillm,
        [QUARTERS, QUARTERS, QUARTERS, [nan, nan]],
        [EVEN, EVEN, EVEN, [nan, nan]],
        [0, 0, 1, -1],
        where=[True, True, True, False],
        expect=[
            STAY + (log(2) + log(2 / 3)) / 2 * log(4),
            STAY + log(2 / 3) * log(4),
            STAY,
            0,
        ],
        why="a step and what follows",
    ),
    pin(
        token_distillation.minillm,
        [QUARTERS, QUARTERS],
        [EVEN, EVEN],
        [0, 1],
        held=([EVEN, EVEN], None, None),
        expect=[STAY, STAY],
        why="held",
    ),
    pin(
        token_distillation.on_policy,
        [-1.0, -2.0, nan, -3.0],
        [-1.0, -5.0, nan, -2.0],
        [-2.0, -2.0, nan, -2.0],
        gamma=0.5,
        where=[True, True, False, True],
        expect=[1.5 * 1, -(1 + 0.5 * 3 / 4) * 3 * 2, 0, 0],
        why="gains 1, -3 and 0",
    ),
]
