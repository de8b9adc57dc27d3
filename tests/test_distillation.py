"""What is peculiar to single losses of a student and its teacher."""

import jax
import jax.numpy as jnp
import numpy as np

import jaxloss as jl
from jaxloss.core.numerics import principal_axes
from tests.oracles import map_distillation as oracles

RNG = np.random.default_rng(0)


def layers(*shapes):
    return [np.abs(RNG.standard_normal(shape)).astype(np.float32) for shape in shapes]


def test_hidden_pixels_are_hidden_over_all_channels():
    (features,), key, share = layers((3, 4, 5, 2)), jax.random.key(1), np.float32([0.25, 0.5, 1])
    found = jax.jit(jl.map_distillation.hidden_pixels)(features, key, share=share)
    drawn = jax.random.uniform(key, features.shape[:-1])
    np.testing.assert_array_equal(found, oracles.hidden_pixels(features, drawn, share=share))
    grad = jax.grad(lambda x: jnp.sum(jl.map_distillation.hidden_pixels(x, key)))(features)
    assert set(np.unique(grad)) == {0, 1}


def test_singular_vectors_do_not_depend_on_their_signs_nor_on_the_order_of_positions():
    first, second, *taught = layers((6, 4), (5, 3), (6, 4), (5, 3))
    loss = jax.jit(lambda *a: jl.layer_distillation.singular_vectors(*a, rank=2))
    expected = loss(first, second, *taught)
    turned, _ = np.linalg.qr(RNG.standard_normal((6, 6)))
    for same in (-first, first[::-1], turned.astype(np.float32) @ first, 7 * first):
        np.testing.assert_allclose(loss(same, second, *taught), expected, rtol=1e-4)
    assert expected > 1e-4


def test_principal_axes_stand_still_where_singular_values_are_equal():
    same = jnp.eye(4, 3)

    def entries(x):
        return principal_axes(x, 3)[0]

    change = jnp.asarray(RNG.standard_normal((4, 3)), jnp.float32)
    axes, turn = jax.jvp(entries, (same,), (change,))
    np.testing.assert_allclose(jnp.abs(axes), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(turn, 0, atol=1e-6)


def test_levels_of_maps_are_free():
    student, teacher = layers((2, 6, 6, 3), (2, 6, 6, 3))
    loss = jl.map_distillation.hierarchical_context
    whole = jnp.mean(jnp.square(student - teacher), axis=(1, 2, 3))
    np.testing.assert_allclose(loss(student, teacher, levels=()), whole, rtol=1e-6)
    np.testing.assert_allclose(
        loss(student, teacher, levels=(3,)),
        oracles.hierarchical_context(student, teacher, levels=(3,)),
        rtol=1e-5,
    )
