"""Ranked lists: those laid end to end, memory of pairs, noise on scores, weights of one's own."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from tests.oracles import listwise as oracle

LENGTHS = np.array([3, 0, 5, 1, 4])
LONGEST = 5
LOSSES = {
    "logistic": jl.ranking.pairwise_logistic,
    "squared": jl.ranking.pairwise_squared,
    "LambdaLoss": jl.ranking.lambda_loss,
    "softmax": jl.listwise.softmax,
    "ListNet": jl.listwise.list_net,
    "ListMLE": jl.listwise.list_mle,
    "unique softmax": jl.listwise.unique_softmax,
    "NDCG": jl.smooth_metrics.approx_ndcg,
    "recall": jl.smooth_metrics.approx_recall,
    "NeuralSort": jl.sorting.neural_sort,
    "Spearman": jl.sorting.soft_spearman,
}


@pytest.fixture
def ragged():
    """Scores, relevance and the list of each item, and the same in rows with a mask."""
    rng = np.random.default_rng(0)
    where = np.arange(LONGEST) < LENGTHS[:, None]
    scores = rng.standard_normal(where.shape).astype(np.float32)
    relevance = rng.integers(0, 4, where.shape).astype(np.float32)
    names = np.repeat(np.arange(len(LENGTHS)), LENGTHS)
    return (scores[where], relevance[where], names), (scores, relevance, where)


def segmented(loss, **sizes):
    return jl.ragged.segmented(loss, **{"lists": len(LENGTHS), "longest": LONGEST, **sizes})


@jax.jit
def _both(flat, rows):
    """Values and gradients of all losses, of segments and of padded rows."""
    found = {}
    for name, loss in LOSSES.items():
        of_flat = lambda scores, loss=loss: segmented(loss)(scores, *flat[1:])
        of_rows = lambda scores, loss=loss: loss(scores, rows[1], where=rows[2])
        found[name] = [
            (*jax.vjp(of, scores)[:1], jax.grad(lambda s, of=of: jnp.sum(of(s)))(scores))
            for of, scores in ((of_flat, flat[0]), (of_rows, rows[0]))
        ]
    return found


def test_segments_are_padded_lists(ragged):
    flat, rows = ragged
    for name, ((value, slope), (expected, slopes)) in _both(flat, rows).items():
        np.testing.assert_allclose(value, expected, rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(slope, slopes[rows[2]], rtol=1e-5, atol=1e-7, err_msg=name)
        assert value[1] == 0, "an empty list"


def test_segments_need_not_stand_together(ragged):
    (scores, relevance, names), _ = ragged
    order = np.random.default_rng(1).permutation(len(scores))
    loss = jax.jit(segmented(jl.ranking.pairwise_hinge))
    value = loss(scores, relevance, names)
    np.testing.assert_allclose(loss(scores[order], relevance[order], names[order]), value, 1e-6)


def test_items_of_no_list_and_masked_ones_take_no_part(ragged):
    (scores, relevance, names), _ = ragged
    loss = segmented(jl.listwise.softmax)
    strangers = [np.concatenate([a, [b, b]]) for a, b in ((scores, 9), (relevance, 3), (names, -1))]
    value = loss(scores, relevance, names)
    np.testing.assert_allclose(loss(*strangers), value, 1e-6)
    strangers[2][-2:] = [0, 2]
    np.testing.assert_allclose(loss(*strangers, where=strangers[0] != 9), value, 1e-6)


def test_a_list_that_does_not_fit_is_loud(ragged):
    flat, _ = ragged
    loss = segmented(jl.ranking.pairwise_hinge, longest=4)
    value = loss(*flat)
    np.testing.assert_array_equal(jnp.isnan(value), LENGTHS > 4)
    slope = jax.grad(lambda s: jnp.sum(loss(s, *flat[1:])))(flat[0])
    assert jnp.all(slope[flat[2] == 2] == 0)
    assert jnp.all(jnp.isfinite(slope))
    with pytest.raises(Exception, match="a list of more than 4 items"):
        jl.checked(loss)(*flat)


def test_lists_of_lists_are_batches(ragged):
    flat, _ = ragged
    loss = segmented(jl.smooth_metrics.approx_ndcg)
    stacked = [np.stack([a, a[::-1]]) for a in flat]
    np.testing.assert_allclose(loss(*stacked), np.stack([loss(*flat)] * 2), 1e-5)


def test_segment_ids_count_the_items_of_each_list():
    names = jl.ragged.segment_ids(LENGTHS, 15)
    np.testing.assert_array_equal(names[:13], np.repeat(np.arange(5), LENGTHS))
    np.testing.assert_array_equal(names[13:], [-1, -1])
    assert jl.ragged.segment_ids(jnp.zeros(0, int), 2).tolist() == [-1, -1]


def temporary(loss, *shapes):
    """Bytes between the arguments and what value and gradient are."""
    shapes = [jax.ShapeDtypeStruct(*shape) for shape in shapes]
    total = lambda scores, *rest: jnp.sum(loss(scores, *rest))
    program = jax.jit(jax.value_and_grad(total)).lower(*shapes).compile()
    return program.memory_analysis().temp_size_in_bytes


@pytest.mark.parametrize("name", ["logistic", "LambdaLoss", "softmax", "ListMLE", "NDCG"])
def test_memory_of_segments_is_that_of_the_rows(name):
    items, longest = 16384, 128
    loss = segmented(LOSSES[name], lists=items // longest, longest=longest)
    floats, integers = ((items,), jnp.float32), ((items,), jnp.int32)
    # A matrix of all pairs is 1 GiB, and one of the pairs of each list 8 MiB.
    assert temporary(loss, floats, floats, integers) < 64 * items * 4


@pytest.mark.parametrize("name", ["logistic", "LambdaLoss", "softmax", "ListMLE", "NDCG"])
def test_memory_of_pairs_is_linear_in_the_list(name):
    floats = ((2, 2048), jnp.float32)
    assert temporary(LOSSES[name], floats, floats) < 40 * 2 * 2048 * 4


def test_noise_on_scores_draws_orders():
    """Gumbel noise on scores makes orders as Plackett and Luce do: the first by the softmax."""
    scores, relevance = jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 0.0])
    first = lambda scores, relevance: jl.rank_metrics.precision(scores, relevance, k=1)
    noisy = jax.jit(jl.smooth_metrics.perturbed(first, samples=20000))
    share = noisy(scores, relevance, jax.random.key(0))
    np.testing.assert_allclose(share, jax.nn.softmax(scores)[1], atol=0.01)
    certain = noisy(scores, relevance, jax.random.key(0), beta=0.0)
    assert certain == 0


def test_noise_passes_options_on_and_leaves_masked_items_out():
    scores, relevance = jnp.array([0.0, -jnp.inf, 2.0]), jnp.array([1.0, 1.0, 0.0])
    noisy = jl.smooth_metrics.perturbed(jl.smooth_metrics.approx_ndcg)
    one = functools.partial(noisy, relevance=relevance, key=jax.random.key(0), temperature=0.5)
    value, slope = jax.value_and_grad(one)(scores)
    assert jnp.isfinite(value)
    assert slope[1] == 0
    kept = noisy(scores, relevance, jax.random.key(0), where=jnp.array([True, False, True]))
    assert jnp.isfinite(kept)


def test_lambda_loss_is_the_sum_of_its_weights():
    scores, relevance = jnp.array([[0.5, -1.0, 2.0]]), jnp.array([[2.0, 0.0, 1.0]])
    weighed = functools.partial(jl.ranking.pairwise_logistic, scores, relevance)
    of = lambda weighting, k: weighed(weighting=functools.partial(weighting, k=k))
    for k in (None, 2):
        expected = of(jl.lambda_weights.dcg, k) + 3 * of(jl.lambda_weights.dcg2, k)
        both = functools.partial(jl.lambda_weights.ndcg_loss2_plus, mu=3.0)
        np.testing.assert_allclose(of(both, k), expected, 1e-6)
        np.testing.assert_allclose(
            jl.ranking.lambda_loss(scores, relevance, mu=3.0, k=k), expected, 1e-6
        )


def test_pairwise_squared_is_the_same_with_weights_of_one():
    rng = np.random.default_rng(0)
    scores, relevance = rng.standard_normal((2, 3, 6)).astype(np.float32)
    ones = lambda lists: ((), lambda a, b: 1.0)
    plain = jl.ranking.pairwise_squared(scores, relevance)
    weighed = jl.ranking.pairwise_squared(scores, relevance, weighting=ones)
    np.testing.assert_allclose(weighed, plain, 1e-5)


def test_ties_of_list_mle_are_broken_by_the_key():
    scores, relevance = jnp.array([0.0, 1.0, 2.0]), jnp.ones(3)
    keys = jax.random.split(jax.random.key(0), 64)
    values = jax.vmap(lambda key: jl.listwise.list_mle(scores, relevance, key=key))(keys)
    assert len(np.unique(values.round(4))) == 6, "all orders"
    # A key changes nothing where nothing ties.
    strict = functools.partial(jl.listwise.list_mle, scores, jnp.array([2.0, 0.0, 1.0]))
    np.testing.assert_allclose(strict(key=keys[0]), strict(), 1e-6)


def test_rank_distil_is_a_mean_over_the_orders_of_the_teacher():
    scores, teacher = jnp.array([0.5, -1.0, 2.0, 0.0]), jnp.array([1.0, 0.5, -0.5, 3.0])
    where = jnp.array([True, True, True, False])
    distil = functools.partial(jl.listwise.rank_distil, samples=20000)
    both = jax.jit(lambda s, t: [distil(s, t, jax.random.key(0), k=k, where=where) for k in (1, 2)])
    expected = [oracle.rank_distil(scores, teacher, k=k, where=where) for k in (1, 2)]
    np.testing.assert_allclose(both(scores, teacher), expected, atol=0.02)
    held = jax.grad(lambda t: distil(scores, t, jax.random.key(0), samples=8))(teacher)
    assert jnp.all(held == 0)
