"""Values by hand for the oracles of losses for wrong labels."""

from math import e, exp, inf, log, nan, sqrt

from tests.oracles import noise_tolerant, noisy, self_correction, weak
from tests.pins_residuals import pin

QUARTERS = [0.0, log(3)]  # softmax: 1/4 and 3/4
TEMPERED = [
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

QUARTER = [0.0, -inf, -inf, -inf], [-inf] * 4, [0.0] * 4
OF_LABEL = {
    noisy.mean_absolute_error: 2,
    noisy.reverse_cross_entropy: 4,
    noisy.symmetric_cross_entropy: inf,
    # 1 + log 10 where the probability is 0
    noisy.partially_huberized_cross_entropy: 1 + log(10),
    noise_tolerant.normalized_cross_entropy: 1,
    noise_tolerant.normalized_focal: 1,
    noise_tolerant.active_passive: 1 + 2,
    # (2**2 - 1**2) / 2
    noise_tolerant.asymmetric_generalized_cross_entropy: 3 / 2,
    # (1.5**0.9 - 0.5**0.9) / 0.9
    noise_tolerant.asymmetric_unhinged: (1.5**0.9 - 0.5**0.9) / 0.9,
    noise_tolerant.asymmetric_exponential: 1,
}
"""What a label costs whose probability is 0."""
EDGES = [
    pin(oracle, QUARTER, [1, 0, 4], expect=[worst, 0, nan], why="edges")
    for oracle, worst in OF_LABEL.items()
]
OF_PROBABILITIES = [
    pin(noisy.mean_absolute_error, QUARTERS, 0, expect=3 / 2, why="twice the miss"),
    pin(noisy.reverse_cross_entropy, QUARTERS, 1, log_zero=-6, expect=6 / 4, why="six times"),
    pin(
        noisy.symmetric_cross_entropy,
        QUARTERS,
        0,
        alpha=2,
        beta=3,
        log_zero=-1,
        expect=2 * log(4) + 3 * 3 / 4,
        why="both",
    ),
    pin(
        noisy.partially_huberized_cross_entropy,
        [QUARTERS, QUARTERS],
        [0, 1],
        tau=2,
        expect=[-2 / 4 + log(2) + 1, log(4 / 3)],
        why="line and logarithm",
    ),
    pin(
        noise_tolerant.normalized_cross_entropy,
        QUARTERS,
        0,
        expect=log(4) / (log(4) + log(4 / 3)),
        why="part of the sum",
    ),
    pin(
        noise_tolerant.normalized_cross_entropy,
        [[2.0, -inf]],
        [0],
        expect=[0],
        why="a single class",
    ),
    pin(
        noise_tolerant.normalized_focal,
        QUARTERS,
        1,
        gamma=2,
        expect=log(4 / 3) / 16 / (log(4 / 3) / 16 + 9 / 16 * log(4)),
        why="focusing",
    ),
    pin(
        noise_tolerant.active_passive,
        [0.0, 0.0],
        0,
        alpha=3,
        beta=0.5,
        expect=3 / 2 + 0.5,
        why="even",
    ),
    pin(
        noise_tolerant.active_passive,
        QUARTERS,
        1,
        active="focal",
        gamma=0,
        alpha=2,
        expect=2 * log(4 / 3) / log(16 / 3) + 1 / 2,
        why="without focus",
    ),
    pin(
        noise_tolerant.asymmetric_generalized_cross_entropy,
        QUARTERS,
        0,
        a=2,
        q=0.5,
        expect=2 * (sqrt(3) - 3 / 2),
        why="root",
    ),
    pin(
        noise_tolerant.asymmetric_generalized_cross_entropy,
        QUARTERS,
        0,
        a=0.75,
        q=0,
        expect=log(7 / 4),
        why="logarithm",
    ),
    pin(
        noise_tolerant.asymmetric_unhinged,
        QUARTERS,
        1,
        a=2,
        q=2,
        expect=(25 / 16 - 1) / 2,
        why="square",
    ),
    pin(noise_tolerant.asymmetric_unhinged, QUARTERS, 0, a=2, q=0, expect=log(7 / 4), why="limit"),
    pin(noise_tolerant.asymmetric_exponential, QUARTERS, 0, a=0.25, expect=1 / e, why="one"),
    pin(noise_tolerant.asymmetric_exponential, [0.0, 0.0], 0, a=2, expect=exp(-1 / 4), why="half"),
]

CLASSES_OUT = [0.0, -inf, -inf], [-inf] * 3, [0.0] * 3
TABLE = [[0.75, 0.25], [0.5, 0.5]]
OF_WEAK_LABELS = [
    pin(
        self_correction.soft_bootstrap,
        QUARTERS,
        0,
        beta=0.5,
        # half of log 4 and half of the entropy
        expect=log(4) / 2 + (log(4) / 4 + log(4 / 3) * 3 / 4) / 2,
        why="half",
    ),
    pin(self_correction.soft_bootstrap, CLASSES_OUT, [0, 0, 3], expect=[0, 0, nan], why="edges"),
    pin(
        self_correction.hard_bootstrap,
        QUARTERS,
        0,
        beta=0.75,
        expect=0.75 * log(4) + 0.25 * log(4 / 3),
        why="three quarters",
    ),
    pin(self_correction.hard_bootstrap, CLASSES_OUT, [0, 0, -1], expect=[0, 0, nan], why="edges"),
    pin(self_correction.jensen_shannon, QUARTERS, 0, weight=0, expect=log(4), why="entropy"),
    pin(self_correction.jensen_shannon, QUARTERS, 0, weight=1, expect=3 / 4, why="miss"),
    pin(
        self_correction.jensen_shannon,
        [0.0, 0.0],
        0,
        # the mixture is (3/4, 1/4); -(1/2) log(1/2) divides
        expect=(log(4) - log(3) * 3 / 4 - log(2) / 2) / (log(2) / 2),
        why="halves",
    ),
    pin(
        self_correction.jensen_shannon,
        CLASSES_OUT,
        [1, 0, 3],
        # the mixture is (1/2, 1/2), of two that are certain: log 2 over (log 2) / 2
        expect=[2, 0, nan],
        why="edges",
    ),
    pin(
        self_correction.generalized_jensen_shannon,
        [[0.0, 0.0], [0.0, 0.0]],
        0,
        expect=(log(4) - log(3) * 3 / 4 - log(2) / 2) / (log(2) / 2),
        why="views alike",
    ),
    pin(
        self_correction.generalized_jensen_shannon,
        [[0.0, -inf], [-inf, 0.0]],
        1,
        # views are certain; the mixture is (1/4, 3/4)
        expect=(log(4) - log(3) * 3 / 4) / (log(2) / 2),
        why="views apart",
    ),
    pin(
        self_correction.generalized_jensen_shannon,
        [[[-inf, -inf]], [[0.0, 0.0]]],
        [0, 2],
        expect=[0, nan],
        why="edges",
    ),
    pin(
        self_correction.early_learning_regularization,
        QUARTERS,
        0,
        [0.0, 0.5],
        weight=2,
        expect=log(4) + 2 * log(1 - 3 / 8),
        why="half an average",
    ),
    pin(
        self_correction.early_learning_regularization,
        CLASSES_OUT,
        [0, 0, 3],
        [[0.0] * 3] * 3,
        expect=[0, 0, nan],
        why="edges",
    ),
    pin(
        self_correction.average_predictions,
        [[0.5, 0.0], [0.5, 0.5]],
        [QUARTERS, [-inf, -inf]],
        momentum=0.5,
        expect=[[3 / 8, 3 / 8], [0.25, 0.25]],
        why="half-way",
    ),
    pin(
        weak.symmetric_transition,
        3,
        rate=0.5,
        expect=[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]],
        why="of three",
    ),
    # 3/4 of 1/4 and 1/2 of 3/4
    pin(weak.forward_correction, QUARTERS, 0, TABLE, expect=-log(9 / 16), why="column"),
    pin(
        weak.forward_correction,
        [[0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, 2],
        [[1.0, 0.0], [0.0, 1.0]],
        expect=[inf, 0, nan],
        why="edges",
    ),
    # the determinant is 1/4: the inverse is [[2, -1], [-2, 3]]
    pin(
        weak.backward_correction,
        [QUARTERS, QUARTERS],
        [0, 1],
        TABLE,
        expect=[2 * log(4) - log(4 / 3), -2 * log(4) + 3 * log(4 / 3)],
        why="inverse",
    ),
    pin(
        weak.backward_correction,
        [[0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, 2],
        TABLE,
        expect=[0, 0, nan],
        why="edges",
    ),
    pin(
        weak.peer,
        QUARTERS,
        0,
        [0.0, 0.0],
        1,
        alpha=3,
        expect=log(4) - 3 * log(2),
        why="less the peer",
    ),
    pin(
        weak.peer,
        [[0.0, 0.0], [0.0, 0.0], [-inf, -inf]],
        [2, 0, 0],
        [[0.0, 0.0]] * 3,
        [0, -1, 1],
        expect=[nan, nan, -log(2)],
        why="edges",
    ),
    pin(weak.negative_learning, QUARTERS, 0, expect=log(4 / 3), why="the rest"),
    pin(weak.negative_learning, CLASSES_OUT, [0, 0, 3], expect=[inf, 0, nan], why="edges"),
    pin(weak.partial_label, [0.0, 0.0, log(2)], [1, 0, 1], expect=log(4 / 3), why="three quarters"),
    pin(
        weak.partial_label,
        CLASSES_OUT,
        [[0, 1, 1], [1, 0, 0], [0, 0, 0]],
        expect=[inf, 0, 0],
        why="edges",
    ),
    pin(
        weak.candidate_weights,
        [[0.0, 0.0, log(2)], [0.0, 0.0, 0.0]],
        [[1, 0, 1], [0, 0, 0]],
        expect=[[1 / 3, 0, 2 / 3], [0, 0, 0]],
        why="thirds",
    ),
    pin(
        weak.progressive_identification,
        [[0.0, 0.0, log(2)], [0.0, 0.0, 0.0], [-inf, -inf, -inf]],
        [[1, 0, 1], [0, 0, 0], [1, 0, 0]],
        expect=[log(4) / 3 + log(2) * 2 / 3, 0, 0],
        why="thirds",
    ),
    # costs of 3/4 and 1/4 for the scores +-log 3
    pin(
        weak.non_negative_pu,
        [log(3), -log(3)],
        [1, 0],
        prior=0.25,
        expect=1 / 16 + (1 / 4 - 3 / 16),
        why="above zero",
    ),
    pin(
        weak.non_negative_pu,
        [[log(3), -log(3)]] * 2,
        [[1, 0]] * 2,
        prior=0.5,
        beta=[0.0, 0.0625],
        expect=[1 / 8, 1 / 8 - 1 / 16],
        why="below zero",
    ),
    pin(
        weak.non_negative_pu,
        [[0.0, 0.0], [0.0, 9.0]],
        [[1, 1], [0, 1]],
        prior=0.5,
        surrogate="logistic",
        where=[[True, True], [False, False]],
        expect=[log(2) / 2, 0],
        why="none unlabelled, and none at all",
    ),
    pin(weak.small_loss, [3.0, 1.0, 2.0, 1.0], count=1, expect=[0, 1, 0, 0], why="the first"),
]
NOISY = [*TEMPERED, *EDGES, *OF_PROBABILITIES, *OF_WEAK_LABELS]
