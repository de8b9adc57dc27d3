"""Figures of a step: known answers, and their use inside a jitted scan every few steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.analysis.probe import (
    every,
    gradient_norm,
    gradient_sample_size,
    output_gradient_norms,
    probe,
    relative_saturated_share,
    saturated_share,
    update_ratios,
)


def test_gradient_norm_takes_all_leaves_together():
    tree = {"a": jnp.array([[1.0, 2.0], [2.0, 4.0]]), "b": (jnp.array(5.0), jnp.zeros(3))}
    assert gradient_norm(tree) == pytest.approx(np.sqrt(1 + 4 + 4 + 16 + 25))


def test_output_gradient_of_softmax_cross_entropy_is_probability_minus_one_hot():
    logits = jnp.array([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    labels = jnp.array([0, 2])
    norms = output_gradient_norms(
        lambda z: jl.classification.softmax_cross_entropy(z, labels), logits
    )
    p = np.exp(np.array(logits, np.float64))
    p /= p.sum(1, keepdims=True)
    expected = np.linalg.norm(p - np.eye(3)[[0, 2]], axis=1)
    assert np.asarray(norms) == pytest.approx(expected, rel=1e-5)


def test_output_gradient_of_one_example_does_not_see_the_others():
    x = jnp.array([1.0, -2.0, 0.5])
    norms = output_gradient_norms(lambda pred: jl.regression.squared_error(pred, jnp.zeros(3)), x)
    assert np.asarray(norms) == pytest.approx([2, 4, 1])


def test_confident_and_right_examples_are_saturated():
    logits = jnp.array([[10.0, -10.0], [0.0, 0.0], [-10.0, 10.0], [10.0, -10.0]])
    labels = jnp.array([0, 0, 0, 0])
    norms = output_gradient_norms(
        lambda z: jl.classification.softmax_cross_entropy(z, labels), logits
    )
    assert saturated_share(norms) == 0.5
    assert relative_saturated_share(norms) == 0.5


def test_hinge_is_saturated_beyond_its_margin():
    signs = jnp.ones(4)
    figures = probe(lambda z: jl.margin.hinge(z, signs), jnp.array([2.0, 1.5, 0.5, -3.0]))
    assert figures["saturated"] == 0.5
    assert figures["gradient_sample_size"] == 0.5


def test_absolute_threshold_feels_the_unit_and_the_relative_one_does_not():
    norms = jnp.array([1.0, 0.5, 1e-5, 0.0])
    assert saturated_share(norms) == 0.5
    assert saturated_share(1e-4 * norms) == 1
    assert relative_saturated_share(norms) == relative_saturated_share(1e-4 * norms) == 0.5
    assert relative_saturated_share(jnp.zeros(3)) == 1


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_sample_size_counts_who_pulls(size):
    assert gradient_sample_size(size * jnp.ones(8)) == pytest.approx(1)
    assert gradient_sample_size(size * jnp.eye(8)[0]) == pytest.approx(1 / 8)
    assert gradient_sample_size(size * jnp.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.5)


def test_sample_size_without_any_pull_is_zero():
    assert gradient_sample_size(jnp.zeros(5)) == 0


def test_probe_runs_inside_a_jitted_scan_under_vmap_without_callbacks():
    target = jnp.zeros(6)

    def run(start):
        def step(x, _):
            figures = probe(lambda pred: jl.regression.huber(pred, target), x)
            return 0.5 * x, figures

        return jax.lax.scan(step, start, length=12)[1]

    starts = jnp.stack([jnp.full(6, 0.5), jnp.full(6, 2.0)])
    mapped = jax.jit(jax.vmap(run))
    figures = mapped(starts)
    assert "callback" not in mapped.lower(starts).as_text()
    # 0.5 halved n times falls below 1e-3 at n = 9, 2 at n = 11.
    assert np.asarray(figures["saturated"]).argmax(1).tolist() == [9, 11]
    assert np.asarray(figures["gradient_sample_size"]) == pytest.approx(np.ones((2, 12)))


def test_gradient_norm_of_low_precision_is_summed_in_float32():
    assert gradient_norm(jnp.ones(1 << 12, jnp.bfloat16)) == 64
    assert gradient_norm(jnp.full(4, 1.0078125, jnp.bfloat16)) == pytest.approx(2 * 1.0078125)


def test_update_ratios_by_leaf_and_overall():
    params = {"trunk": {"w": jnp.array([[3.0, 4.0]]), "b": jnp.zeros(2)}, "head": jnp.array(12.0)}
    updates = {"trunk": {"w": jnp.array([[0.0, 0.5]]), "b": jnp.ones(2)}, "head": jnp.array(-0.6)}
    ratios = jax.jit(update_ratios)(params, updates)
    assert ratios.pop("update_ratio") == pytest.approx(np.sqrt(0.25 + 2 + 0.36) / 13)
    assert {name: float(ratio) for name, ratio in ratios.items()} == pytest.approx(
        {"update_ratio/trunk/w": 0.1, "update_ratio/trunk/b": 0.0, "update_ratio/head": 0.05}
    )
    assert update_ratios(jnp.array([2.0]), jnp.array([1.0])) == {"update_ratio": 0.5}


def test_probe_has_the_gradient_norm_where_gradients_are_given():
    outputs = jnp.array([1.0, 2.0])
    plain, full = probe(jnp.square, outputs), probe(jnp.square, outputs, gradients=jnp.ones(4))
    assert full.pop("gradient_norm") == 2
    assert full == plain


def equations(jaxpr):
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, (list, tuple)) else [value]:
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from equations(inner)


def trained(starts):
    """Steps of gradient descent on a mean square, with figures of every third."""

    def run(start):
        def step(x, i):
            gradient = jax.grad(lambda x: jnp.mean(x**2))(x)
            figures = every(
                3, lambda x, g: {"gradient": gradient_norm(g), "above": jnp.sum(x > 0.5)}
            )
            norm = every(3, lambda x: jnp.linalg.norm(x @ x.T))
            return x - 0.1 * gradient, (figures(i, x, gradient), norm(i, x))

        return jax.lax.scan(step, start, jnp.arange(8))[1]

    return jax.vmap(run)(starts)


def test_every_takes_figures_in_the_steps_it_should_and_nan_between():
    start = jnp.stack([jnp.eye(2), 3 * jnp.eye(2)])
    figures, norms = jax.jit(trained)(start)
    probed = np.arange(8) % 3 == 0
    for figure in (*figures.values(), norms):
        assert figure.shape == (2, 8)
        assert figure.dtype == jnp.float32
        assert (np.isnan(figure) == ~probed).all()
    shrunk = 0.95 ** np.arange(8)
    expected = np.array([[1.0], [9.0]]) * np.sqrt(2) * shrunk**2
    assert np.asarray(norms)[:, probed] == pytest.approx(expected[:, probed], rel=1e-5)
    assert np.asarray(figures["gradient"])[0, probed] == pytest.approx(
        np.sqrt(2) / 2 * shrunk[probed], rel=1e-5
    )
    assert np.asarray(figures["above"])[1, probed].tolist() == [2, 2, 2]


def test_between_the_probes_nothing_is_computed():
    def step(i, x):
        return every(5, lambda x: jnp.linalg.norm(x @ x.T))(i, x)

    # Also for several runs at once, as long as they share the number of the step.
    several = jax.vmap(step, in_axes=(None, 0))
    for function, shape in ((step, (4, 4)), (several, (3, 4, 4))):
        jaxpr = jax.make_jaxpr(function)(0, jnp.ones(shape)).jaxpr
        (cond,) = (e for e in equations(jaxpr) if e.primitive.name == "cond")
        idle, busy = (
            [e.primitive.name for e in equations(b.jaxpr)] for b in cond.params["branches"]
        )
        assert "dot_general" in busy
        assert set(idle) <= {"broadcast_in_dim"}
        everywhere = [e.primitive.name for e in equations(jaxpr)]
        assert everywhere.count("dot_general") == 1


def test_figures_carry_no_gradient():
    def loss(x):
        return jnp.sum(x**2), every(1, lambda x: {"cube": jnp.sum(x**3)})(0, x)

    def with_figures(x):
        value, figures = loss(x)
        return value + figures["cube"]

    x = jnp.array([1.0, 2.0])
    assert jax.grad(with_figures)(x).tolist() == [2, 4]
    assert loss(x)[1]["cube"] == 9


def test_every_wants_a_count():
    with pytest.raises(ValueError, match="`k` of at least 1, got 0"):
        every(0, gradient_norm)
