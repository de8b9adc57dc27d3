"""All pairs: distances, similarities, masks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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


def test_others_are_kept_and_not_oneself():
    kept = jnp.array([True, False, True])
    assert pairs.others(kept).tolist() == [
        [False, False, True],
        [True, False, True],
        [True, False, False],
    ]


def test_centered_features_that_all_items_share_are_zero():
    x = np.float32([[0.1, 1.0], [0.1, 2.0], [0.1, 6.0]])
    assert pairs.centered(x).tolist() == [[0, -2], [0, -1], [0, 3]]
    grad = jax.grad(lambda x: jnp.sum(jnp.sin(pairs.centered(x))))(jnp.asarray(x))
    expected = jax.grad(lambda x: jnp.sum(jnp.sin(x - jnp.mean(x, axis=0))))(jnp.asarray(x))
    np.testing.assert_allclose(grad, expected, atol=1e-6)


def energy(x, y):
    products = np.einsum("...nd,...ne->...de", np.float64(x), np.float64(y))
    return np.sum(np.square(products) * ~np.eye(x.shape[-1], dtype=bool), axis=(-2, -1))


@pytest.mark.parametrize("dim", [3, 8, 9, 40])
def test_energy_equals_that_of_the_whole_matrix(dim):
    x, y = _RNG.standard_normal((2, 2, 4, dim)).astype(np.float32)
    np.testing.assert_allclose(pairs.off_diagonal_energy(x, y), energy(x, y), rtol=1e-5)

    def whole(x, y):
        products = jnp.einsum("...nd,...ne->...de", x, y, precision="highest")
        return jnp.sum(jnp.square(products) * pairs.off_diagonal(dim))

    grads = jax.grad(lambda *z: jnp.sum(pairs.off_diagonal_energy(*z)), (0, 1))(x, y)
    for grad, expected in zip(grads, jax.grad(whole, (0, 1))(x, y), strict=True):
        np.testing.assert_allclose(grad, expected, rtol=1e-4, atol=1e-4)


N, DIM = 32, 512
_NOISE = _RNG.standard_normal((N, DIM))
_WHITE = np.linalg.qr(_NOISE[:, : N - 1] - _NOISE[:, : N - 1].mean(0))[0]
HARD_TO_SUBTRACT = {
    "one feature a thousand times larger": _NOISE * np.where(np.arange(DIM) == 7, 1000, 1),
    "two features of very different size": _NOISE * np.eye(1, DIM) * 1e4
    + _NOISE * np.eye(1, DIM, 1),
    "as many uncorrelated features as there can be": np.concatenate(
        [8 * _WHITE, 1e-3 * _NOISE[:, N - 1 :]], axis=1
    ),
}


@pytest.mark.parametrize("name", HARD_TO_SUBTRACT)
def test_energy_loses_nothing_where_the_diagonal_outweighs_it(name):
    """Subtracted as a whole, the diagonal leaves an error of some ten-thousandths and more."""
    x = pairs.centered(HARD_TO_SUBTRACT[name].astype(np.float32))
    np.testing.assert_allclose(pairs.off_diagonal_energy(x, x), energy(x, x), rtol=2e-6)
    gram = np.float32(x @ x.T)
    subtracted = np.sum(gram**2) - np.sum(np.sum(np.square(x), axis=0) ** 2)
    assert abs(subtracted / energy(x, x) - 1) > 2e-4


def test_energy_takes_memory_linear_in_the_features():
    def temporary(dim):
        x = jax.ShapeDtypeStruct((256, dim), jnp.float32)
        step = jax.jit(jax.value_and_grad(lambda x: pairs.off_diagonal_energy(x, x)))
        return step.lower(x).compile().memory_analysis().temp_size_in_bytes

    small, large = temporary(4096), temporary(8192)
    assert large < 2.2 * small
    assert large < 6 * 4 * 256 * 8192


def test_hardest_of_blocks_is_that_of_the_whole():
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((2, 12, 3)), rng.integers(0, 3, (2, 12))
    kept = rng.integers(0, 4, (2, 12)) > 0
    places = jnp.arange(12)
    whole = pairs.hardest(x, labels, places, x, labels, kept)
    blocks = [
        pairs.hardest(x[:, rows], labels[:, rows], places[rows], x, labels, kept)
        for rows in (slice(0, 5), slice(5, 12))
    ]
    for given, parts in zip(whole, zip(*blocks, strict=True), strict=True):
        np.testing.assert_array_equal(given, np.concatenate(parts, axis=1))
    distance = np.sqrt(((x[:, :, None] - x[:, None]) ** 2).sum(-1))
    same = labels[:, :, None] == labels[:, None]
    positive = same & kept[:, None] & ~np.eye(12, dtype=bool)
    negative = ~same & kept[:, None]
    found = positive.any(-1) & negative.any(-1)
    np.testing.assert_array_equal(whole[2], found)
    farthest = np.where(positive, distance, -1).argmax(-1)
    nearest = np.where(negative, distance, np.inf).argmin(-1)
    np.testing.assert_array_equal(whole[0][found], farthest[found])
    np.testing.assert_array_equal(whole[1][found], nearest[found])


def test_items_at_their_places():
    index = np.array([[1, 1], [3, 0]])
    expected = np.stack([X[0, index[0]], X[1, index[1]]])
    np.testing.assert_array_equal(pairs.items_at(jnp.asarray(X), jnp.asarray(index)), expected)
