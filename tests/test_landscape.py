"""Landscapes against NumPy loops over points, and principal components against an SVD."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxloss.analysis.landscape import directions, line, plane, projection
from jaxloss.testing.case import float64

RNG = np.random.default_rng(0)
PARAMS = {
    "dense": {"kernel": RNG.normal(size=(4, 3)), "bias": RNG.normal(size=3)},
    "conv": RNG.normal(size=(2, 2, 3, 5)),
    "scale": np.float64(1.7),
    "dead": np.zeros((2, 2)),
    "steps": np.int32(7),
}


def as_jax(tree):
    return jax.tree.map(jnp.asarray, tree)


def flat(tree):
    return np.concatenate(
        [np.ravel(np.asarray(leaf, np.float64)) for leaf in jax.tree.leaves(tree)]
    )


def cubic(tree):
    """Some loss that knows of every leaf."""
    return sum(jnp.sum(jnp.sin(leaf) + 0.1 * leaf**3) for leaf in jax.tree.leaves(tree))


def numpy_cubic(tree):
    return sum(np.sum(np.sin(leaf) + 0.1 * np.power(leaf, 3.0)) for leaf in jax.tree.leaves(tree))


def numpy_moved(tree, *steps):
    def leaf(start, *ways):
        if np.issubdtype(np.asarray(start).dtype, np.integer):
            return start
        return start + sum(d * np.asarray(w) for (d, _), w in zip(steps, ways, strict=True))

    return jax.tree.map(leaf, tree, *(way for _, way in steps))


def test_every_filter_has_the_norm_of_the_parameters():
    with float64():
        first, second = jax.jit(directions)(jax.random.key(1), as_jax(PARAMS))
    for one in (first, second):
        kernel, conv = np.asarray(one["dense"]["kernel"]), np.asarray(one["conv"])
        for j in range(3):
            expected = np.linalg.norm(PARAMS["dense"]["kernel"][:, j])
            assert np.linalg.norm(kernel[:, j]) == pytest.approx(expected)
        for j in range(5):
            expected = np.linalg.norm(PARAMS["conv"][..., j].ravel())
            assert np.linalg.norm(conv[..., j].ravel()) == pytest.approx(expected)
        assert not np.asarray(one["dead"]).any()  # a filter of zeros has no scale
        for leaf in (one["dense"]["bias"], one["scale"], one["steps"]):
            assert not np.asarray(leaf).any()
    kernels = np.asarray(first["dense"]["kernel"]), np.asarray(second["dense"]["kernel"])
    assert abs(np.corrcoef(kernels[0].ravel(), kernels[1].ravel())[0, 1]) < 0.9


def test_vectors_may_be_normalised_as_a_whole():
    with float64():
        first, _ = jax.jit(functools.partial(directions, vectors="whole"))(
            jax.random.key(1), as_jax(PARAMS)
        )
    bias = np.linalg.norm(PARAMS["dense"]["bias"])
    assert np.linalg.norm(np.asarray(first["dense"]["bias"])) == pytest.approx(bias)
    assert abs(float(first["scale"])) == pytest.approx(1.7)


@pytest.mark.parametrize("batch_size", [None, 4])
def test_line_and_plane_equal_a_loop_over_points(batch_size):
    xs, ys = np.linspace(-1, 1, 5), np.linspace(-0.5, 1, 3)
    with float64():
        params = as_jax(PARAMS)
        first, second = directions(jax.random.key(0), params, vectors="whole")

        def both(params):
            return (
                line(cubic, params, first, xs, batch_size=batch_size),
                plane(cubic, params, first, second, xs, ys, batch_size=batch_size),
            )

        along, over = jax.tree.map(np.asarray, jax.jit(both)(params))
    assert over.shape == (3, 5)
    for j, x in enumerate(xs):
        assert along[j] == pytest.approx(numpy_cubic(numpy_moved(PARAMS, (x, first))))
        for i, y in enumerate(ys):
            expected = numpy_cubic(numpy_moved(PARAMS, (x, first), (y, second)))
            assert over[i, j] == pytest.approx(expected)


def test_a_line_runs_from_one_set_of_parameters_to_another():
    start, end = {"w": jnp.array([1.0, 2.0])}, {"w": jnp.array([3.0, -2.0])}
    values = line(lambda p: p["w"].sum(), start, optax.tree.sub(end, start), jnp.array([0.0, 1.0]))
    np.testing.assert_allclose(values, [3.0, 1.0])


def test_low_precision_parameters_move_in_their_own_dtype():
    params = {"w": jnp.ones((2, 2), jnp.bfloat16)}
    first, _ = directions(jax.random.key(0), params)
    assert first["w"].dtype == jnp.bfloat16
    seen = line(lambda p: jnp.asarray(p["w"].dtype == jnp.bfloat16), params, first, jnp.zeros(1))
    assert seen.all()


def test_projection_is_that_of_a_singular_value_decomposition():
    rng = np.random.default_rng(3)
    steps = rng.normal(size=(9, 20)) * np.linspace(3, 0.1, 20)
    points = np.cumsum(steps, axis=0)
    path = {"a": points[:, :12].reshape(9, 3, 4), "b": points[:, 12:]}
    centre = {"a": path["a"][-1], "b": path["b"][-1]}
    with float64():
        seen = jax.tree.map(np.asarray, jax.jit(projection)(as_jax(path), as_jax(centre)))
    whole = np.concatenate([path["a"].reshape(9, -1), path["b"]], axis=1)
    _, sizes, axes = np.linalg.svd(whole - whole.mean(0), full_matrices=False)
    np.testing.assert_allclose(seen.explained, sizes[:2] ** 2 / (sizes**2).sum())
    for place, direction in enumerate((seen.first, seen.second)):
        axis = axes[place] * np.sign((whole[0] - whole[-1]) @ axes[place])
        np.testing.assert_allclose(flat(direction), axis, atol=1e-10)
        coordinates = seen.coordinates[:, place]
        np.testing.assert_allclose(coordinates, (whole - whole[-1]) @ axis, atol=1e-10)
    assert (seen.coordinates[0] >= 0).all()


def test_a_path_that_stands_still_has_no_direction():
    path = jnp.ones((4, 3))
    seen = projection(path, path[-1])
    for leaf in jax.tree.leaves(seen):
        assert not np.asarray(leaf).any()


def test_one_point_is_no_path():
    with pytest.raises(ValueError, match="`path` of at least two points, got 1"):
        projection(jnp.ones((1, 3)), jnp.ones(3))
