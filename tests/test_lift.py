"""Combinators: trees, masks, checks, scales."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl

huber = jl.regression.huber
cross_entropy = jl.classification.softmax_cross_entropy


def test_over_tree_takes_one_loss_for_all_leaves():
    pred, target = {"a": jnp.ones(2), "b": [jnp.ones(3)]}, {"a": jnp.zeros(2), "b": [jnp.ones(3)]}
    values = jl.over_tree(huber)(pred, target, delta=0.5)
    assert values["a"].tolist() == [0.375, 0.375]
    assert values["b"][0].tolist() == [0, 0, 0]


def test_over_tree_takes_a_prefix_tree_of_losses():
    losses = {"box": huber, "heads": cross_entropy}
    pred = {"box": jnp.ones((2, 4)), "heads": {"x": jnp.zeros((2, 3)), "y": jnp.zeros((2, 5))}}
    target = {"box": jnp.zeros((2, 4)), "heads": {"x": jnp.array([0, 2]), "y": jnp.array([4, 4])}}
    values = jl.over_tree(losses)(pred, target)
    assert values["box"].shape == (2, 4)
    assert jnp.allclose(values["heads"]["x"], jnp.log(3))
    assert jnp.allclose(values["heads"]["y"], jnp.log(5))
    assert jnp.isfinite(jl.mean(values["heads"]))


def test_over_tree_names_the_leaf():
    with pytest.raises(ValueError, match=r"`target` \(1,\) \(at leaf \['a'\]\)"):
        jl.over_tree(huber)({"a": jnp.ones(2)}, {"a": jnp.ones(1)})


def test_masked_keeps_nan_out_of_value_and_gradient():
    kept = jnp.array([True, False])
    logits = jnp.array([[1.0, 2.0], [jnp.nan, jnp.inf]])
    loss = jl.masked(cross_entropy)

    def mean(logits):
        return jl.mean(loss(logits, jnp.array([0, -100]), where=kept), where=kept)

    value, grad = jax.value_and_grad(mean)(logits)
    assert jnp.isclose(value, jnp.log1p(jnp.e))
    assert grad[1].tolist() == [0, 0]


def test_masked_leaves_a_where_of_classes_alone():
    classes = jnp.array([True, True, False])
    loss = jl.masked(functools.partial(cross_entropy, where=classes))
    values = loss(jnp.zeros((2, 3)), jnp.array([0, 5]), where=jnp.array([True, False]))
    assert jnp.allclose(values, jnp.array([jnp.log(2), 0]))


@pytest.mark.parametrize(
    ("where", "error"), [(np.ones(2), TypeError), (np.ones(3, bool), ValueError)]
)
def test_masked_rejects_misfits(where, error):
    with pytest.raises(error, match="`where`"):
        jl.masked(huber)(jnp.ones(2), jnp.ones(2), where=where)


def test_checked_finds_what_a_compiled_step_lets_pass():
    step = jax.jit(lambda logits, labels: jl.mean(cross_entropy(logits, labels)))
    logits, labels = jnp.zeros((2, 3)), jnp.array([0, 3])
    assert jnp.isnan(step(logits, labels))
    with pytest.raises(ValueError, match=r"label outside \[0, 3\)"):
        jl.checked(step)(logits, labels)
    assert jnp.isnan(step(logits, labels)), "and still lets it pass outside"
    assert jl.checked(step)(logits, labels % 3) > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jl.classification.binary_cross_entropy([1.5], [1.0]), r"outside \[0, 1\]"),
        (lambda: jl.margin.hinge([1.5], [0.0]), r"-1 and \+1"),
        (lambda: jl.regression.squared_log_error([-2.0], [1.0]), "not above -1"),
        (lambda: jl.regression.huber([jnp.nan], [1.0]), "`pred` holds NaN"),
        (lambda: jl.classification.categorical_cross_entropy([[2.0, 3.0]], [[1.0, 0.0]]), "`pred`"),
        (lambda: jl.multilabel.zlpr([[1.0]], [[2.0]]), r"outside \[0, 1\]"),
    ],
)
def test_checked_knows_domains(call, message):
    call()
    with pytest.raises(ValueError, match=message):
        jl.checked(call)()


def test_checked_leaves_no_checks_in_plain_programs():
    jaxpr = str(jax.make_jaxpr(jl.margin.hinge)(jnp.ones(2), jnp.ones(2)))
    assert "check" not in jaxpr


def test_over_scales_averages_resolutions():
    rng = np.random.default_rng(0)
    pred, target = rng.normal(size=(2, 2, 4, 8, 3)).astype(np.float32)
    loss = jl.over_scales(jl.regression.squared_error, scales=(1, 2))
    coarse = (pred - target).reshape(2, 2, 2, 4, 2, 3).mean((2, 4))
    expected = (np.square(pred - target).mean((1, 2, 3)) + np.square(coarse).mean((1, 2, 3))) / 2
    np.testing.assert_allclose(loss(pred, target), expected, rtol=1e-5)
    grad = jax.grad(lambda p: jl.mean(loss(p, target)))(pred)
    assert jnp.isfinite(grad).all()


def test_over_scales_names_a_scale_that_does_not_fit():
    with pytest.raises(ValueError, match="scale 3 does not divide"):
        jl.over_scales(huber, scales=(3,))(jnp.ones((1, 4, 4, 1)), jnp.ones((1, 4, 4, 1)))
