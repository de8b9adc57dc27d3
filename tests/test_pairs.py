"""All pairs: distances, similarities, masks."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxloss import pairs

_RNG = np.random.default_rng(0)
X = _RNG.standard_normal((2, 4, 3)).astype(np.float32)
Y = _RNG.standard_normal((2, 5, 3)).astype(np.float32)


def test_differences():
    scores = jnp.array([1.0, 4.0])
    assert pairs.differences(scores).tolist() == [[0, -3], [3, 0]]


def test_distances_equal_the_loop():
    expected = np.sqrt(((X[:, :, None] - Y[:, None]) ** 2).sum(-1))
    np.testing.assert_allclose(pairs.distances(X, Y), expected, rtol=1e-4)
    np.testing.assert_allclose(pairs.squared_distances(X, Y), expected**2, rtol=1e-4, atol=1e-5)


def test_distances_do_not_lose_a_common_offset():
    far = X + 1000
    np.testing.assert_allclose(
        pairs.squared_distances(far, Y + 1000), pairs.squared_distances(X, Y), rtol=1e-2, atol=1e-3
    )


def test_distances_to_oneself_have_finite_gradients():
    grad = jax.grad(lambda x: jnp.sum(pairs.distances(x, x)))(jnp.asarray(X))
    assert jnp.isfinite(grad).all()
    assert jnp.all(pairs.squared_distances(X, X) >= 0)


def test_cosines_equal_the_loop_and_survive_zero_vectors():
    x = X.copy()
    x[0, 0] = 0
    unit_y = Y / np.linalg.norm(Y, axis=-1, keepdims=True)
    unit_x = X / np.linalg.norm(X, axis=-1, keepdims=True)
    unit_x[0, 0] = 0
    expected = np.einsum("bnd,bmd->bnm", unit_x, unit_y)
    np.testing.assert_allclose(pairs.cosine_similarities(x, Y), expected, rtol=1e-5, atol=1e-6)
    grad = jax.grad(lambda x: jnp.sum(pairs.cosine_similarities(x, Y)))(jnp.asarray(x))
    assert jnp.all(grad[0, 0] == 0)


def test_masks():
    labels = jnp.array([0, 1, 0])
    same = pairs.same_label(labels, labels) & pairs.off_diagonal(3)
    assert same.tolist() == [[False, False, True], [False, False, False], [True, False, False]]
