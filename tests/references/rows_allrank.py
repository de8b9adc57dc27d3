"""Rows of ranked lists: allRank."""

from math import log

from tests.references.case import Case, Peer
from tests.references.rows_ranking import BITS, LISTS, STRICT

MEANS = "allRank has the mean over the lists"
ALLRANK_CASES = (
    Case(
        "rank-net",
        "losses.rankNet(scores, relevance)",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance)) / 10",
        LISTS,
        relation="allRank has the mean over the pairs of all lists: ten here",
    ),
    Case(
        "rank-net-weighted",
        "losses.rankNet_weightByGTDiff(scores, relevance)",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance, "
        "weighting=jl.lambda_weights.label_difference)) / 10",
        LISTS,
        relation="allRank has the mean over the pairs of all lists: ten here",
    ),
    Case(
        "list-net",
        "losses.listNet(scores, relevance, eps=0.0)",
        "jnp.mean(jl.listwise.list_net(scores, relevance))",
        LISTS,
        relation=f"{MEANS}; it adds 1e-10 to probabilities",
    ),
    Case(
        "binary-list-net",
        "losses.binary_listNet(scores, relevance, eps=0.0)",
        "jnp.mean(jl.listwise.softmax(scores, relevance))",
        LISTS,
        relation=f"{MEANS}; it adds 1e-10 to probabilities",
    ),
    Case(
        "list-mle",
        "losses.listMLE(scores, relevance, eps=0.0)",
        "jnp.mean(jl.listwise.list_mle(scores, relevance))",
        STRICT,
        relation=f"{MEANS}; it adds 1e-10 to sums of exponentials, and shuffles ties unasked",
    ),
    Case(
        "lambda-rank",
        "losses.lambdaLoss(scores, relevance, weighing_scheme='lambdaRank_scheme')",
        f"jnp.sum(jl.ranking.lambda_rank(scores, relevance)) / {log(2)}",
        LISTS,
        relation="allRank sums over the lists and takes the logarithm to the base 2",
    ),
    Case(
        "ndcg-loss-2",
        "losses.lambdaLoss(scores, relevance, weighing_scheme='ndcgLoss2_scheme')",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance, "
        f"weighting=jl.lambda_weights.dcg2)) / {log(2)}",
        LISTS,
        relation="allRank sums over the lists and takes the logarithm to the base 2",
    ),
    Case(
        "ndcg-loss-2-plus-plus",
        "losses.lambdaLoss(scores, relevance, weighing_scheme='ndcgLoss2PP_scheme')",
        f"jnp.sum(jl.ranking.lambda_loss(scores, relevance)) / {log(2)}",
        LISTS,
        relation="allRank sums over the lists and takes the logarithm to the base 2",
    ),
    Case(
        "approx-ndcg",
        "losses.approxNDCGLoss(scores, relevance, alpha=2.0)",
        "jnp.mean(jl.smooth_metrics.approx_ndcg(scores, relevance, temperature=0.5)) - 1",
        LISTS,
        relation=f"{MEANS} of the metric with a minus sign; alpha is one over the temperature",
    ),
    Case(
        "neural-ndcg",
        "losses.neuralNDCG(scores, relevance)",
        "jnp.mean(jl.sorting.neural_ndcg(scores, relevance)) - 1",
        LISTS,
        relation=f"{MEANS} of the metric with a minus sign; it ends the scaling once sums are 1 "
        "to a millionth",
        precision="float32",
    ),
    Case(
        "neural-ndcg-transposed",
        "losses.neuralNDCG_transposed(scores, relevance)",
        "jnp.mean(jl.sorting.neural_ndcg(scores, relevance)) - 1",
        LISTS,
        relation=f"{MEANS} of the metric with a minus sign; it sorts discounts in place of gains, "
        "which is the same number",
        precision="float32",
    ),
    Case(
        "rank-net-weighted-squares",
        "losses.rankNet_weightByGTDiff_pow(scores, relevance)",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance, "
        "weighting=lambda lists: ((lists.relevance,), lambda a, b: jnp.abs(a[0]**2 - b[0]**2)))"
        ") / 10",
        LISTS,
        relation="allRank has the mean over the pairs of all lists: ten here",
    ),
    Case(
        "pointwise-rmse",
        "losses.pointwise_rmse(scores, relevance, 1)",
        "jnp.mean(jnp.sqrt(jnp.mean(jl.regression.squared_error(scores, relevance), axis=-1)))",
        LISTS,
        relation=f"{MEANS} of the roots of the means over the items",
    ),
    Case(
        "ordinal-bce",
        "losses.bce(torch.sigmoid(scores), relevance)",
        "jnp.sum(jl.classification.sigmoid_cross_entropy(scores, relevance)) / 2",
        BITS,
        relation=f"{MEANS} of the sum over the items, from probabilities",
    ),
)
ALLRANK = Peer(
    name="allrank",
    pins=("torch==2.13.0", "allRank==1.4.3"),
    runs="torch",
    # Its losses take two names from modules that read files and need what is not on the index.
    setup="import sys, types, torch\n"
    "data, loading, utils = map(types.ModuleType, ('allrank.data', 'loading', 'utils'))\n"
    "data.__path__, loading.PADDED_Y_VALUE = [], -1\n"
    "utils.get_torch_device = lambda: torch.device('cpu')\n"
    "sys.modules |= {'allrank.data': data, 'allrank.data.dataset_loading': loading, "
    "'allrank.models.model_utils': utils}\n"
    "from allrank.models import losses",
    cases=ALLRANK_CASES,
    # Whatever takes predictions and truths is a loss, or a metric that the losses import.
    public="[f'losses.{name}' for name, value in vars(losses).items() "
    "if hasattr(value, '__code__') and value.__code__.co_varnames[:2] == ('y_pred', 'y_true')]",
    not_ours={
        "losses.dcg": "a metric: NDCG without its divisor",
        "losses.ordinal": "`bce` of one score for each grade; see ordinal.coral",
    },
    alone=True,
)
