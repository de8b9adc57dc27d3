"""Values by hand for the oracles of ranked lists."""

from math import exp, inf, log, log2

from tests.oracles import (
    lambda_weights,
    listwise,
    matches,
    ragged,
    rank_metrics,
    ranking,
    smooth_metrics,
    sorting,
)
from tests.oracles.lists import pair_label_difference
from tests.pins_residuals import pin

E, LN2, LN3 = exp(1), log(2), log(3)
SIGMOID_1 = 1 / (1 + exp(-1))
NONE = [[0.0, 1.0], [-inf, -inf]]
"""Two lists: nothing relevant in the first if relevance is 0, and no item in the second."""
EDGES = {"expect": [0, 0], "why": "edges"}
# Scores that rank items 2, 1, 3; relevance 1, 0, 2; gains 1, 0, 3; best DCG 3 + 1 / log2(3).
S, Y = [1.0, 2.0, 0.0], [1.0, 0.0, 2.0]
D2, D3 = 1 / log2(3), 1 / 2
BEST = 3 + D2

LAMBDA_WEIGHTS = [
    pin(lambda_weights.label_difference, S, Y, expect=[[0, 1, 1], [1, 0, 2], [1, 2, 0]], why="|y|"),
    pin(
        lambda_weights.dcg,
        S,
        Y,
        expect=[
            [0, (1 - D2) / BEST, 2 * (D2 - D3) / BEST],
            [(1 - D2) / BEST, 0, 3 * (1 - D3) / BEST],
            [2 * (D2 - D3) / BEST, 3 * (1 - D3) / BEST, 0],
        ],
        why="swaps",
    ),
    pin(
        lambda_weights.dcg,
        S,
        Y,
        k=1,  # the best DCG is 3, and only the first rank counts
        expect=[[0, 1 / 3, 0], [1 / 3, 0, 1], [0, 1, 0]],
        why="at 1",
    ),
    pin(
        lambda_weights.dcg2,
        S,
        Y,
        expect=[
            [0, (1 - D2) / BEST, 2 * (1 - D2) / BEST],
            [(1 - D2) / BEST, 0, 3 * (D2 - D3) / BEST],
            [2 * (1 - D2) / BEST, 3 * (D2 - D3) / BEST, 0],
        ],
        why="distance of ranks",
    ),
    pin(
        lambda_weights.dcg2,
        S,
        Y,
        k=1,  # ranks 2 and 3 are beyond: 1 - D is 1 - D2 and 1 - D3
        expect=[
            [0, 1 / 3, 2 * (1 - D2) / 3 / (1 - D3)],
            [1 / 3, 0, (D2 - D3) / (1 - D3)],
            [2 * (1 - D2) / 3 / (1 - D3), (D2 - D3) / (1 - D3), 0],
        ],
        why="at 1",
    ),
    pin(
        lambda_weights.ndcg_loss2_plus,
        [1.0, 0.0],
        [1.0, 0.0],
        mu=2.0,
        expect=[[0, 3 * (1 - D2)], [3 * (1 - D2), 0]],
        why="both",
    ),
]
RANKING = [
    pin(ranking.pairwise_logistic, [0.0, LN3], [1, 0], expect=log(4), why="wrong order"),
    pin(ranking.pairwise_logistic, [0.0, 0.0, 0.0], [2, 1, 0], expect=3 * LN2, why="three pairs"),
    pin(ranking.pairwise_logistic, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(
        ranking.pairwise_logistic,
        [0.0, 5.0, 0.0],
        [1, 9, 0],
        where=[True, False, True],
        expect=LN2,
        why="one left out",
    ),
    pin(
        ranking.pairwise_logistic,
        [0.0, 0.0, 0.0],
        [2, 1, 0],
        weighting=pair_label_difference,
        expect=(1 + 1 + 2) * LN2,
        why="weighted",
    ),
    pin(ranking.pairwise_hinge, [1.0, 3.0, 0.5], [1, 0, 0], expect=3 + 0.5, why="two pairs"),
    pin(ranking.pairwise_hinge, [0.0, 0.0], [0, 4], margin=2.0, expect=2, why="margin"),
    pin(ranking.pairwise_soft_zero_one, [0.0, LN3], [1, 0], expect=3 / 4, why="three to one"),
    # errors 0, 1, 3: 1 + 9 + 4
    pin(ranking.pairwise_squared, [1.0, 1.0, 5.0], [1, 0, 2], expect=14, why="all pairs"),
    pin(ranking.pairwise_squared, [-inf, 2.0], [1, 0], expect=0, why="one item"),
    # wanted 1, is -1: error 2; wanted 1, is 3: error -2
    pin(
        ranking.pairwise_quantile,
        [[0.0, 1.0], [3.0, 0.0]],
        [[1, 0], [1, 0]],
        tau=0.75,
        expect=[0.75 * 2, 0.25 * 2],
        why="both sides",
    ),
    pin(
        ranking.pairwise_expectile,
        [[0.0, 1.0], [3.0, 0.0]],
        [[1, 0], [1, 0]],
        tau=0.75,
        expect=[0.75 * 4, 0.25 * 4],
        why="both sides",
    ),
    pin(ranking.lambda_rank, [0.0, LN3], [1, 0], expect=(1 - D2) * log(4), why="a swap"),
    pin(ranking.lambda_rank, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(ranking.lambda_loss, [0.0, LN3], [1, 0], mu=2.0, expect=3 * (1 - D2) * log(4), why="++"),
    pin(
        ranking.bayesian_personalized,
        [LN3, 0.0],
        [0.0, LN3],
        expect=[log(4 / 3), log(4)],
        why="each",
    ),
    pin(ranking.margin_mse, 3, 1, 5, 2, expect=1, why="2 for 3"),
]
LISTWISE = [
    pin(listwise.softmax, [0.0, LN3], [1, 1], expect=(log(4) + log(4 / 3)) / 2, why="quarters"),
    pin(listwise.softmax, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(listwise.list_net, [0.0, LN3], [0, LN3], expect=log(4) / 4 + 3 * log(4 / 3) / 4, why="own"),
    pin(listwise.list_net, NONE, [[0, 0], [1, 0]], expect=[log(1 + E) - 0.5, 0], why="edges"),
    pin(
        listwise.poly1_softmax,
        [0.0, LN3],
        [2, 0],
        epsilon=2.0,
        expect=log(4) + 2 * 3 / 4,
        why="first term",
    ),
    pin(listwise.poly1_softmax, NONE, [[0, 0], [1, 0]], **EDGES),
    # 3 log 3 for the first of three, log 2 for the first of two
    pin(listwise.unique_softmax, [0.0] * 3, [2, 1, 0], expect=3 * LN3 + LN2, why="grades"),
    pin(listwise.unique_softmax, [0.0] * 3, [1, 1, 0], expect=2 * LN2, why="ties"),
    pin(listwise.unique_softmax, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(listwise.list_mle, [0.0] * 3, [2, 1, 0], expect=LN3 + LN2, why="one order of six"),
    pin(listwise.list_mle, [0.0, LN3], [1, 1], expect=log(4), why="ties as given"),
    pin(listwise.list_mle, [[-inf, -inf]], [[1, 0]], expect=[0], why="no item"),
    pin(listwise.list_mle, [0.0] * 3, [2, 1, 0], k=1, expect=LN3, why="first of three"),
    # the teacher's orders have chances 3/4 and 1/4
    pin(
        listwise.rank_distil,
        [LN3, 0.0],
        [LN3, 0.0],
        expect=3 * log(4 / 3) / 4 + log(4) / 4,
        why="entropy",
    ),
    pin(listwise.rank_distil, [0.0] * 3, [0.0] * 3, k=2, expect=LN3 + LN2, why="even"),
    pin(
        listwise.position_aware_list_mle,
        [0.0] * 3,
        [2, 1, 0],
        expect=3 * LN3 + LN2,
        why="weights 3, 1, 0",
    ),
    # gains less one half: 1/2 and 3/2 -> a quarter and three quarters
    pin(listwise.xe_ndcg, [0.0, LN3], [0, 1], expect=log(4) / 4 + 3 * log(4 / 3) / 4, why="half"),
    pin(listwise.xe_ndcg, [0.0, LN3], [0, 1], gamma=[1.0, 1.0], expect=log(4 / 3), why="gains"),
]
RANK_METRICS = [
    pin(rank_metrics.ndcg, S, Y, expect=(D2 + 3 * D3) / BEST, why="by hand"),
    pin(rank_metrics.ndcg, S, Y, k=2, expect=D2 / BEST, why="at 2"),
    pin(rank_metrics.ndcg, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(rank_metrics.mrr, S, Y, expect=1 / 2, why="second"),
    pin(rank_metrics.mrr, S, Y, k=1, expect=0, why="beyond"),
    pin(rank_metrics.average_precision, S, Y, expect=(1 / 2 + 2 / 3) / 2, why="two of them"),
    pin(rank_metrics.precision, S, Y, k=2, expect=1 / 2, why="one of two"),
    pin(rank_metrics.precision, S, Y, k=9, expect=2 / 3, why="a short list"),
    pin(rank_metrics.recall, S, Y, k=2, expect=1 / 2, why="one of two"),
    pin(rank_metrics.ordered_pairs, S, Y, expect=0, why="the reverse"),
    pin(rank_metrics.ordered_pairs, [1.0, 0.0, 0.5], [2, 1, 1], expect=1, why="right"),
]
# of two items with scores 1 and 0, the smooth rank of the first is 1 + sigmoid(-1)
FIRST = 2 - SIGMOID_1
SMOOTH_METRICS = [
    pin(smooth_metrics.approx_ndcg, [1.0, 0.0], [3, 0], expect=1 - 1 / log2(1 + FIRST), why="two"),
    pin(
        smooth_metrics.approx_ndcg,
        [1.0, 0.0],
        [0, 1],
        step="hinge",  # rank 1 + max(0, 1 + 1)
        expect=1 - 1 / log2(1 + 3),
        why="a bound",
    ),
    pin(smooth_metrics.approx_ndcg, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(
        smooth_metrics.approx_mrr,
        [2.0, 0.0],
        [1, 0],
        temperature=2,
        expect=1 - 1 / FIRST,
        why="two",
    ),
    pin(smooth_metrics.approx_mrr, NONE, [[0, 0.5], [1, 0]], **EDGES),
    # ranks 2 - sigmoid(1) and 1 + sigmoid(1), of which both are relevant
    pin(
        smooth_metrics.approx_map,
        [1.0, 0.0],
        [1, 1],
        expect=1 - (1 / FIRST + 2 / (1 + SIGMOID_1)) / 2,
        why="both",
    ),
    # with steps of nothing but hinges, ranks are 1 + 0 and 1 + 3; the cut is 2.5
    pin(
        smooth_metrics.approx_precision,
        [2.0, 0.0],
        [1, 0],
        k=1,
        step="hinge",
        expect=1 - 1 / (1 - 1.5),
        why="hinges",
    ),
    pin(smooth_metrics.approx_precision, [2.0, 0.0], [1, 0], k=2, expect=1 / 2, why="a short list"),
    pin(
        smooth_metrics.approx_recall,
        [2.0, 0.0],
        [0, 1],
        k=1,
        step="hinge",
        expect=2.5,
        why="hinges",
    ),
    pin(smooth_metrics.approx_recall, NONE, [[0, 0], [1, 0]], k=1, **EDGES),
    pin(
        smooth_metrics.perturbed,
        ranking.pairwise_hinge,
        [[1.0, 0.0], [0.0, 1.0]],
        [0.0, 0.0],
        [1, 0],
        2.0,
        expect=(0 + 3) / 2,
        why="two samples",
    ),
]
RAGGED = [
    pin(
        ragged.segmented,
        ranking.pairwise_hinge,
        [0.0, 5.0, 0.0, 9.0],
        [1, 1, 0, 9],
        [0, 2, 0, -1],
        lists=3,
        expect=[1, 0, 0],
        why="one pair",
    ),
    pin(ragged.segment_ids, [2, 0, 1], 4, expect=[0, 0, 2, -1], why="one too many"),
]
# of two items with scores 1 and 0, rows are (1, 0) - 1 and (-1, 0) - 1 before softmax
SORTING = [
    pin(sorting.neural_sort, [1.0, 0.0], [1, 0], expect=log(1 + 1 / E), why="two items"),
    pin(
        sorting.neural_sort,
        [1.0, 0.0],
        [1, 1],
        expect=-log(SIGMOID_1 * (1 - SIGMOID_1)) / 2,
        why="ties share positions",
    ),
    pin(
        sorting.neural_sort,
        [[0.0, 1.0], [-inf, -inf]],
        [[0, 1]] * 2,
        expect=[log(1 + 1 / E), 0],
        why="",
    ),
    pin(
        sorting.pi_rank,
        [1.0, 0.0],
        [1, 0],
        expect=1 - (SIGMOID_1 + (1 - SIGMOID_1) * D2),
        why="two items",
    ),
    pin(sorting.pi_rank, [1.0, 0.0], [1, 0], k=1, expect=1 - SIGMOID_1, why="at 1"),
    pin(sorting.pi_rank, NONE, [[0, 0], [1, 0]], **EDGES),
    # the matrix is doubly stochastic already
    pin(
        sorting.neural_ndcg,
        [1.0, 0.0],
        [1, 0],
        expect=1 - (SIGMOID_1 + (1 - SIGMOID_1) * D2),
        why="two items",
    ),
    pin(sorting.neural_ndcg, NONE, [[0, 0], [1, 0]], **EDGES),
    pin(sorting.soft_rank_ndcg, [0.0, 0.0], [3, 0], expect=1 - (1 + D2) / 2, why="even chances"),
    # three even items: ranks 1, 2, 3 with chances 1/4, 1/2, 1/4
    pin(
        sorting.soft_rank_ndcg, [2.0] * 3, [1, 0, 0], expect=1 - (1 + 2 * D2 + D3) / 4, why="three"
    ),
    pin(sorting.soft_rank_ndcg, NONE, [[0, 0], [1, 0]], **EDGES),
    # tanh(log(3)) = (9 - 1) / (9 + 1)
    pin(sorting.soft_kendall, [LN3, 0.0], [1, 0], expect=1 - 4 / 5, why="right order"),
    pin(sorting.soft_kendall, [0.0, LN3], [1, 0], expect=1 + 4 / 5, why="wrong order"),
    pin(sorting.soft_kendall, NONE, [[0, 0], [1, 0]], **EDGES),
    # ranks 1, 2, 3 against 1, 3, 2: deviations -1, 0, 1 and -1, 1, 0
    pin(
        sorting.soft_spearman,
        [1.0, 0.5, 0.0],
        [2, 0, 1],
        strength=0.25,
        expect=1 - 1 / 2,
        why="far apart",
    ),
    # -0.5 apart of what should be 1 apart: both are pooled, and a line again
    pin(sorting.soft_spearman, [0.5, 0.0], [1, 0], expect=0, why="pooled"),
    pin(sorting.soft_spearman, [0.0, 0.0], [1, 0], expect=0, why="tied scores"),
]
MATCHES = [
    pin(
        matches.davidson,
        [LN3, LN3, LN3],
        [0.0] * 3,
        [1, -1, 0],
        log_nu=log(2) - LN3 / 2,
        expect=[log(2), log(6), log(3)],
        why="three, one and two of six",
    ),
    pin(matches.davidson, 0.0, 0.0, 0, log_nu=0.0, expect=LN3, why="thirds"),
    # theta 2, ratio 1: a third each
    pin(
        matches.rao_kupper,
        [0.0] * 3,
        [0.0] * 3,
        [1, -1, 0],
        threshold=LN2,
        expect=[LN3] * 3,
        why="",
    ),
]
