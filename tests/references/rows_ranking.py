"""Rows of ranked lists: Rax and Optax."""

from collections.abc import Mapping
from math import exp, inf
from typing import Any

from tests.references.case import Case, Peer

Inputs = Mapping[str, Any]

SCORES = [[0.5, -1.0, 2.0, 0.25], [3.0, 0.0, -2.5, 1.0]]
LISTS = {"scores": SCORES, "relevance": [[2.0, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 1.0]]}
STRICT = {"scores": SCORES, "relevance": [[2.0, 0.0, 1.0, 3.0], [0.0, 3.0, 2.0, 1.0]]}
WHERE = LISTS | {"where": [[True, True, True, False], [False, True, True, True]]}
NOTHING = {"scores": SCORES, "relevance": [[0.0] * 4, [1.0, 0.0, 0.0, 0.0]]}
BITS = {"scores": SCORES, "relevance": [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]}
MASKED = {"scores": [[0.5, -inf, 2.0, 0.25]], "relevance": [[2.0, 0.0, 1.0, 0.0]]}
TIED = {"scores": [[0.0] * 4], "relevance": [[2.0, 0.0, 1.0, 3.0]]}
ONE = {"scores": [[0.5], [3.0]], "relevance": [[2.0], [0.0]]}
NO_ITEM = STRICT | {"where": [[False] * 4, [False, True, True, False]]}
ONE_KEPT = BITS | {"where": [[False] * 4, [False, True, False, False]]}
FLAT = {
    "scores": [0.5, -1.0, 2.0, 0.25, 3.0, 0.0],
    "relevance": [2.0, 0.0, 1.0, 1.0, 0.0, 3.0],
    "segments": [0, 0, 0, 1, 1, 1],
}
# sigmoid(1.5), sigmoid(-0.25) and sigmoid(-1.75): three pairs without the item at -inf
S150, S025, S175 = (1 / (1 + exp(-x)) for x in (1.5, -0.25, -1.75))
EACH, SUM = "reduce_fn=None", "reduce_fn=jnp.sum"
SUMS = "Rax has the mean over the pairs of all lists; with reduce_fn=jnp.sum, the sum of our values"


def _pairs(name: str, ours: str, extra: str = "", inputs: Inputs = LISTS, key: str = "") -> Case:
    options = f", {extra}" if extra else ""
    where = ", where=where" if "where" in inputs else ""
    return Case(
        f"{name}{key}",
        f"rax.{name}_loss(scores, relevance, {SUM}{where}{options})",
        f"jnp.sum({ours.replace(')', where + ')')})",
        inputs,
        relation=SUMS,
    )


def _approx(
    metric: str, ours: str, relation: str = "Rax gives the metric with a minus sign"
) -> Case:
    return Case(
        f"approx-{metric}",
        f"rax.approx_t12n(rax.{metric}_metric)(scores, relevance, {EACH})",
        f"jl.smooth_metrics.approx_{ours}(scores, relevance) - 1",
        BITS,
        relation=relation,
    )


def _weighed(name: str, ours: str, inputs: Inputs = LISTS, key: str = "") -> Case:
    return Case(
        f"{name}{key}",
        f"rax.pairwise_logistic_loss(scores, relevance, {SUM}, lambdaweight_fn=functools.partial("
        f"rax.{name}_lambdaweight, normalize=True)) / 4",
        f"jnp.sum({ours})",
        inputs,
        relation="Rax multiplies by the size of the lists, and does not normalise by default",
    )


RAX_CASES = (
    _pairs("pairwise_logistic", "jl.ranking.pairwise_logistic(scores, relevance)"),
    _pairs(
        "pairwise_logistic",
        "jl.ranking.pairwise_logistic(scores, relevance)",
        inputs=WHERE,
        key="-where",
    ),
    Case(
        "pairwise_logistic-mean",
        "rax.pairwise_logistic_loss(scores, relevance)",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance)) / 10",
        LISTS,
        relation="Rax has the mean over the pairs of all lists: ten here",
    ),
    Case(
        "pairwise_logistic-masked",
        f"rax.pairwise_logistic_loss(scores, relevance, {SUM})",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance))",
        MASKED,
        relation="Rax has gradient NaN with a score of -inf, and counts pairs with it",
        expect={"scores": [[-S150 - S025, 0.0, S150 - S175, S025 + S175]]},
    ),
    Case(
        "pairwise_logistic-segments",
        f"rax.pairwise_logistic_loss(scores, relevance, segments=segments, {SUM})",
        "jnp.sum(jl.ragged.segmented(jl.ranking.pairwise_logistic, lists=2, longest=3)"
        "(scores, relevance, segments))",
        FLAT,
        relation="Rax compares all items of the flat array with each other, in memory n * n",
    ),
    _pairs("pairwise_hinge", "jl.ranking.pairwise_hinge(scores, relevance)"),
    _pairs("pairwise_soft_zero_one", "jl.ranking.pairwise_soft_zero_one(scores, relevance)"),
    Case(
        "pairwise_mse",
        f"rax.pairwise_mse_loss(scores, relevance, {SUM})",
        "2 * jnp.sum(jl.ranking.pairwise_squared(scores, relevance))",
        LISTS,
        relation="Rax counts each pair twice, and items with themselves in its mean",
    ),
    Case(
        "pairwise_qr",
        f"rax.pairwise_qr_loss(scores, relevance, tau=0.75, {SUM})",
        "jnp.sum(jl.ranking.pairwise_quantile(scores, relevance, tau=0.75))",
        LISTS,
        relation=SUMS,
    ),
    Case(
        "pairwise_qr-squared",
        f"rax.pairwise_qr_loss(scores, relevance, tau=0.75, squared=True, {SUM})",
        "jnp.sum(jl.ranking.pairwise_expectile(scores, relevance, tau=0.75))",
        LISTS,
        relation=SUMS,
    ),
    Case(
        "labeldiff",
        f"rax.pairwise_hinge_loss(scores, relevance, {SUM}, "
        "lambdaweight_fn=rax.labeldiff_lambdaweight)",
        "jnp.sum(jl.ranking.pairwise_hinge(scores, relevance, "
        "weighting=jl.lambda_weights.label_difference))",
        LISTS,
        relation=SUMS,
    ),
    _weighed("dcg", "jl.ranking.lambda_rank(scores, relevance)"),
    _weighed(
        "dcg2",
        "jl.ranking.pairwise_logistic(scores, relevance, weighting=jl.lambda_weights.dcg2)",
    ),
    Case(
        "dcg2-topn",
        f"rax.pairwise_logistic_loss(scores, relevance, {SUM}, lambdaweight_fn=functools.partial("
        "rax.dcg2_lambdaweight, normalize=True, topn=2)) / 4",
        "jnp.sum(jl.ranking.pairwise_logistic(scores, relevance, "
        "weighting=lambda lists: jl.lambda_weights.dcg2(lists, k=2)))",
        STRICT,
        relation="Rax multiplies by the size of the lists, and does not normalise by default",
    ),
    Case(
        "softmax",
        f"rax.softmax_loss(scores, relevance, {EACH})",
        "jl.listwise.softmax(scores, relevance) * jnp.sum(relevance, axis=-1)",
        LISTS,
        relation="Rax leaves relevance as it is, where the paper divides by its sum",
    ),
    Case(
        "softmax-where",
        f"rax.softmax_loss(scores, relevance, where=where, {EACH})",
        "jl.listwise.softmax(scores, relevance, where=where) "
        "* jnp.sum(relevance, axis=-1, where=where)",
        WHERE,
        relation="Rax leaves relevance as it is, where the paper divides by its sum",
    ),
    Case(
        "poly1-softmax",
        f"rax.poly1_softmax_loss(scores, relevance, {EACH})",
        "jl.listwise.poly1_softmax(scores, relevance)",
        {"scores": SCORES, "relevance": [[1.0, 0.0, 0.0, 0.0], [0.25, 0.25, 0.5, 0.0]]},
    ),
    Case(
        "poly1-softmax-nothing",
        f"rax.poly1_softmax_loss(scores, relevance, {EACH})",
        "jl.listwise.poly1_softmax(scores, relevance)",
        {"scores": [[0.5, -1.0, 2.0]], "relevance": [[0.0, 0.0, 0.0]]},
        relation="Rax spreads relevance evenly where there is none, but not in the cross-entropy",
        expect={"value": [0.0]},
    ),
    Case(
        "unique-softmax",
        f"rax.unique_softmax_loss(scores, relevance, {EACH})",
        "jl.listwise.unique_softmax(scores, relevance)",
        LISTS,
    ),
    Case(
        "unique-softmax-where",
        f"rax.unique_softmax_loss(scores, relevance, where=where, {EACH})",
        "jl.listwise.unique_softmax(scores, relevance, where=where)",
        WHERE,
    ),
    Case(
        "list-mle",
        f"rax.listmle_loss(scores, relevance, {EACH})",
        "jl.listwise.list_mle(scores, relevance)",
        STRICT,
    ),
    Case(
        "list-mle-where",
        f"rax.listmle_loss(scores, relevance, where=where, {EACH})",
        "jl.listwise.list_mle(scores, relevance, where=where)",
        WHERE,
    ),
    Case(
        "list-mle-tied",
        f"rax.listmle_loss(scores, relevance, {EACH})",
        "jl.listwise.list_mle(scores, relevance)",
        TIED,
        relation="Rax has another gradient where scores tie, by the slope of a running maximum",
        # items 3, 0, 2, 1 are chosen among 4, 3, 2 and 1
        expect={"scores": [[1 / 4 + 1 / 3 - 1, 13 / 12, 13 / 12 - 1, 1 / 4 - 1]]},
    ),
    *(
        Case(
            f"{name}-{edge}",
            f"rax.{theirs}(scores, relevance{masked}, {EACH})",
            f"jl.{ours}(scores, relevance{masked}){scale}",
            inputs,
            relation=relation,
        )
        for edge, inputs in (("one-item", ONE), ("no-item", NO_ITEM))
        for masked in [", where=where" if "where" in inputs else ""]
        for name, theirs, ours, scale, relation in (
            (
                "softmax",
                "softmax_loss",
                "listwise.softmax",
                f" * jnp.sum(relevance, axis=-1{masked})",
                "Rax leaves relevance as it is, where the paper divides by its sum",
            ),
            ("unique-softmax", "unique_softmax_loss", "listwise.unique_softmax", "", "equal"),
            ("list-mle", "listmle_loss", "listwise.list_mle", "", "equal"),
        )
    ),
    *(
        _pairs(name, f"jl.ranking.{name}(scores, relevance)", inputs=inputs, key=f"-{edge}")
        for name in ("pairwise_logistic", "pairwise_hinge")
        for edge, inputs in (("one-item", ONE), ("no-item", NO_ITEM), ("tied", TIED))
    ),
    Case(
        "softmax-segments",
        f"rax.softmax_loss(scores, relevance, segments=segments, {SUM})",
        "jnp.sum(jl.ragged.segmented(jl.listwise.softmax, lists=2, longest=3)"
        "(scores, relevance, segments) * jnp.array([3.0, 4.0]))",
        FLAT,
        relation="Rax leaves relevance as it is, where the paper divides by its sum",
    ),
    Case(
        "list-mle-segments",
        f"rax.listmle_loss(scores, relevance, segments=segments, {SUM})",
        "jnp.sum(jl.ragged.segmented(jl.listwise.list_mle, lists=2, longest=3)"
        "(scores, relevance, segments))",
        FLAT,
    ),
    Case(
        "approx-ndcg-segments",
        f"rax.approx_t12n(rax.ndcg_metric)(scores, relevance, segments=segments, {SUM})",
        "jnp.sum(jl.ragged.segmented(jl.smooth_metrics.approx_ndcg, lists=2, longest=3)"
        "(scores, relevance, segments) - 1)",
        FLAT,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "pointwise-sigmoid",
        f"rax.pointwise_sigmoid_loss(scores, relevance, {EACH})",
        "jl.classification.sigmoid_cross_entropy(scores, relevance)",
        {"scores": [0.5, -1.0, 2.0, 0.25], "relevance": [1.0, 0.0, 1.0, 0.0]},
        relation="equal for relevance in [0, 1], to which Rax clips it",
    ),
    Case(
        "pointwise-sigmoid-zero",
        f"rax.pointwise_sigmoid_loss(scores, relevance, {EACH})",
        "jl.classification.sigmoid_cross_entropy(scores, relevance)",
        {"scores": [0.0], "relevance": [1.0]},
        relation="Rax has another gradient at a score of 0, by the slope of abs and relu there",
        expect={"scores": [-0.5]},
    ),
    Case(
        "pointwise-mse",
        f"rax.pointwise_mse_loss(scores, relevance, {EACH})",
        "jl.regression.squared_error(scores, relevance)",
        LISTS,
    ),
    Case(
        "approx-ndcg",
        f"rax.approx_t12n(rax.ndcg_metric)(scores, relevance, {EACH})",
        "jl.smooth_metrics.approx_ndcg(scores, relevance) - 1",
        LISTS,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "approx-ndcg-temperature",
        "rax.approx_t12n(rax.ndcg_metric, temperature=0.5)"
        f"(scores, relevance, where=where, {EACH})",
        "jl.smooth_metrics.approx_ndcg(scores, relevance, temperature=0.5, where=where) - 1",
        WHERE,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "approx-ndcg-nothing",
        f"rax.approx_t12n(rax.ndcg_metric)(scores, relevance, {EACH})",
        "jl.smooth_metrics.approx_ndcg(scores, relevance) - jnp.any(relevance > 0, axis=-1)",
        NOTHING,
        relation="Rax gives the metric with a minus sign; 0 in both where nothing is relevant",
    ),
    Case(
        "approx-ap-one-kept",
        f"rax.approx_t12n(rax.ap_metric)(scores, relevance, where=where, {EACH})",
        "jl.smooth_metrics.approx_map(scores, relevance, where=where) - jnp.array([0.0, 1.0])",
        ONE_KEPT,
        relation="Rax counts relevant items that are left out: its precision is 2",
        expect={"value": [0.0, -1.0]},
    ),
    Case(
        "approx-recall-one-kept",
        f"rax.approx_t12n(rax.recall_metric)(scores, relevance, topn=2, where=where, {EACH})",
        "jl.smooth_metrics.approx_recall(scores, relevance, k=2, where=where)"
        " - jnp.array([0.0, 1.0])",
        ONE_KEPT,
        relation="Rax counts relevant items that are left out: its recall is a half",
        expect={"value": [0.0, -1.0]},
    ),
    _approx("mrr", "mrr"),
    _approx("ap", "map"),
    Case(
        "approx-precision",
        f"rax.approx_t12n(rax.precision_metric)(scores, relevance, topn=2, {EACH})",
        "jl.smooth_metrics.approx_precision(scores, relevance, k=2) - 1",
        BITS,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "approx-recall",
        f"rax.approx_t12n(rax.recall_metric)(scores, relevance, topn=2, {EACH})",
        "jl.smooth_metrics.approx_recall(scores, relevance, k=2) - 1",
        BITS,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "bound-ndcg",
        f"rax.bound_t12n(rax.ndcg_metric)(scores, relevance, {EACH})",
        "jl.smooth_metrics.approx_ndcg(scores, relevance, step='hinge') - 1",
        LISTS,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "bound-mrr",
        f"rax.bound_t12n(rax.mrr_metric)(scores, relevance, {EACH})",
        "jl.smooth_metrics.approx_mrr(scores, relevance, step='hinge') - 1",
        BITS,
        relation="Rax gives the metric with a minus sign",
    ),
    Case(
        "bound-recall",
        f"rax.bound_t12n(rax.recall_metric)(scores, relevance, topn=2, {EACH})",
        "jl.smooth_metrics.approx_recall(scores, relevance, k=2, step='hinge') - 1",
        BITS,
        relation="Rax gives the metric with a minus sign",
    ),
    *(
        Case(
            f"metric-{theirs}",
            f"rax.{theirs}_metric(scores, relevance, {EACH}{extra})",
            f"jl.rank_metrics.{ours}(scores, relevance{more})",
            BITS,
            wrt=(),
        )
        for theirs, ours, extra, more in (
            ("ndcg", "ndcg", "", ""),
            ("mrr", "mrr", "", ""),
            ("ap", "average_precision", "", ""),
            ("precision", "precision", ", topn=2", ", k=2"),
            ("recall", "recall", ", topn=2", ", k=2"),
            ("opa", "ordered_pairs", "", ""),
        )
    ),
    Case(
        "metric-ndcg-topn",
        f"rax.ndcg_metric(scores, relevance, topn=2, where=where, {EACH})",
        "jl.rank_metrics.ndcg(scores, relevance, k=2, where=where)",
        WHERE,
        wrt=(),
    ),
)
RAX = Peer(
    name="rax",
    pins=("rax==0.4.0", "jax==0.10.2", "jaxlib==0.10.2"),
    runs="jax",
    # `jax.util`, which Rax 0.4.0 takes a decorator of names from, is gone from JAX.
    setup="import functools, types, jax, jax.numpy as jnp\n"
    "jax.util = types.SimpleNamespace(wraps=lambda function, **_: functools.wraps(function))\n"
    "import rax",
    cases=RAX_CASES,
    public="[f'rax.{name}' for name in rax.__all__]",
    not_ours={
        "rax.dcg_metric": "NDCG without its divisor",
        "rax.gumbel_t12n": "smooth_metrics.perturbed: of random numbers",
        "rax.segment_t12n": "ragged.segmented: Rax repeats the whole array for each item",
    },
)

OPTAX_CASES = (
    Case(
        "ranking-softmax",
        "losses.ranking_softmax_loss(scores, relevance, reduce_fn=None)",
        "jl.listwise.softmax(scores, relevance) * jnp.sum(relevance, axis=-1)",
        LISTS,
        relation="Optax leaves relevance as it is, where the paper divides by its sum",
    ),
    Case(
        "ranking-softmax-where",
        "losses.ranking_softmax_loss(scores, relevance, where=where, reduce_fn=None)",
        "jl.listwise.softmax(scores, relevance, where=where) "
        "* jnp.sum(relevance, axis=-1, where=where)",
        WHERE,
        relation="Optax leaves relevance as it is, where the paper divides by its sum",
    ),
)
