"""Penalties on how steep a function is in its inputs, against the oracles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import penalties
from tests.oracles import penalties as oracles

RNG = np.random.default_rng(0)
KERNEL = np.float32(RNG.standard_normal((4, 3)))


def _network(x):
    return jnp.tanh(x @ jnp.asarray(KERNEL))


def _in_numpy(x):
    return np.tanh(x @ np.float64(KERNEL))


def _loss(x):
    return jnp.sum(jnp.square(_network(x)), axis=-1)


def _loss_in_numpy(x):
    return np.sum(_in_numpy(x) ** 2)


POINTS = np.float32(RNG.standard_normal((6, 4)))
EXACT = [
    ("contractive", _network, _in_numpy, {}),
    ("input_gradient", _loss, _loss_in_numpy, {}),
    ("curvature", _loss, _loss_in_numpy, {}),
    ("curvature", _loss, _loss_in_numpy, {"step": 0.5}),
]
TESTED = {"bounded", "jacobian", "lipschitz"} | {row[0] for row in EXACT}


@pytest.mark.parametrize(("name", "function", "exact", "options"), EXACT)
def test_value_equals_the_oracle(name, function, exact, options):
    penalty = getattr(penalties, name)
    found = jax.jit(lambda x: penalty(function, x, **options))(POINTS)
    expected = getattr(oracles, name)(exact, POINTS, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    image = POINTS.reshape(6, 2, 2)
    shaped = penalty(lambda x: function(x.reshape(-1, 4)), image, **options)
    np.testing.assert_allclose(shaped, expected, rtol=1e-4)


def test_jacobian_is_right_on_average():
    key = jax.random.key(0)
    many = penalties.jacobian(_network, POINTS, key, projections=20000)
    np.testing.assert_allclose(many, oracles.jacobian(_in_numpy, POINTS), rtol=3e-2)
    again = penalties.jacobian(_network, POINTS, key, projections=20000)
    assert jnp.all(many == again)
    other = penalties.jacobian(_network, POINTS, jax.random.key(1))
    assert jnp.all(other != penalties.jacobian(_network, POINTS, key))


def test_jacobian_of_one_output_needs_no_luck():
    found = penalties.jacobian(lambda x: _loss(x)[:, None], POINTS, jax.random.key(2))
    expected = oracles.jacobian(lambda x: np.atleast_1d(_loss_in_numpy(x)), POINTS)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_step_may_be_traced():
    steps = jnp.array([0.5, 1.5])
    found = jax.vmap(lambda step: penalties.curvature(_loss, POINTS, step=step))(steps)
    for row, step in zip(found, steps, strict=True):
        expected = penalties.curvature(_loss, POINTS, step=float(step))
        np.testing.assert_allclose(row, expected, rtol=1e-5)


FLAT = [
    ("jacobian", (jax.random.key(0),), lambda w: lambda x: x @ w),
    ("contractive", (), lambda w: lambda x: x @ w),
    ("input_gradient", (), lambda w: lambda x: jnp.sum(jnp.square(x @ w), axis=-1)),
    ("curvature", (), lambda w: lambda x: jnp.sum(jnp.square(x @ w), axis=-1)),
]


@pytest.mark.parametrize(("name", "more", "network"), FLAT, ids=[row[0] for row in FLAT])
@pytest.mark.parametrize("scale", [0.0, 1e-30], ids=["flat", "almost flat"])
def test_flat_functions_have_derivatives_of_both_orders(name, more, network, scale):
    """Of the parameters, through a gradient that is 0; the inputs carry none."""
    penalty = getattr(penalties, name)

    def total(kernel, x):
        return jnp.sum(penalty(network(kernel), x, *more))

    kernel = jnp.asarray(scale * KERNEL)
    for x in (POINTS, 0 * POINTS):
        assert jnp.isfinite(jax.grad(total)(kernel, x)).all()
        assert jnp.isfinite(jax.jit(jax.hessian(total))(kernel, x)).all()
    assert jnp.all(jax.grad(total, 1)(jnp.asarray(KERNEL), jnp.asarray(POINTS)) == 0)
    assert penalty(network(kernel), POINTS[:0], *more).shape == (0,)


def test_functions_say_what_they_want():
    with pytest.raises(ValueError, match="a vector for each of 6 examples"):
        penalties.contractive(_loss, POINTS)
    with pytest.raises(ValueError, match="a number for each of 6"):
        penalties.input_gradient(_network, POINTS)


def test_bounded_layers_keep_the_bound_of_lipschitz():
    bounds = [jnp.array(0.3), jnp.array(-1.0)]
    kernels = [jnp.asarray(3 * KERNEL), jnp.asarray(RNG.standard_normal((3, 2)), jnp.float32)]
    whole = jnp.eye(4)
    for kernel, bound in zip(kernels, bounds, strict=True):
        whole = whole @ penalties.bounded(kernel, bound)
    most = jnp.max(jnp.sum(jnp.abs(whole), axis=0))
    assert most <= penalties.lipschitz(bounds) * (1 + 1e-6)
    assert jnp.isfinite(jax.grad(lambda k: jnp.sum(penalties.bounded(k, 0.5)))(0 * KERNEL)).all()
