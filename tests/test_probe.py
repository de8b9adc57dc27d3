"""Output-gradient figures: known answers, and their use inside a jitted scan."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.analysis.probe import (
    gradient_norm,
    gradient_sample_size,
    output_gradient_norms,
    probe,
    relative_saturated_share,
    saturated_share,
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
