"""Averages: totals and weights, masks, empty sets, devices and precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

import jaxloss as jl

VALUES = jnp.array([1.0, 2.0, 6.0])


def test_average_keeps_total_and_weight():
    average = jl.average(VALUES, weights=jnp.array([1.0, 1.0, 2.0]))
    assert float(average.total) == 1 + 2 + 12
    assert float(average.weight) == 4
    assert float(average.value) == 15 / 4


def test_averages_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    values, weights, kept = rng.normal(size=12), rng.uniform(size=12), rng.random(12) < 0.4
    whole = jl.average(values, where=kept, weights=weights)
    parts = [
        jl.average(values[i : i + 5], where=kept[i : i + 5], weights=weights[i : i + 5])
        for i in (0, 5, 10)
    ]
    assert np.isclose((parts[0] + parts[1] + parts[2]).value, whole.value, rtol=1e-6)
    expected = np.sum((values * weights)[kept]) / np.sum(weights[kept])
    assert np.isclose(whole.value, expected, rtol=1e-6)


def test_nothing_counted_is_zero_with_gradient_zero():
    nothing = jnp.zeros(3, bool)
    for reduce in (
        lambda v: jl.mean(v, where=nothing),
        lambda v: jl.mean(v, weights=jnp.zeros(3)),
        lambda v: jl.mean(v[:0]),
    ):
        value, grad = jax.value_and_grad(reduce)(VALUES)
        assert value == 0
        assert jnp.all(grad == 0)


def test_masked_and_weightless_values_may_be_nan():
    spoiled = jnp.array([1.0, jnp.nan, 3.0])
    kept = jnp.array([True, False, True])
    assert jl.mean(spoiled, where=kept) == 2
    assert jl.mean(spoiled, weights=kept.astype(jnp.float32)) == 2
    assert jnp.isnan(jl.mean(spoiled)), "not masked, it must show"
    grad = jax.grad(lambda v: jl.mean(v, where=kept))(spoiled)
    assert grad.tolist() == [0.5, 0, 0.5]


def test_weights_have_a_derivative_at_zero():
    """Learning to reweight starts from weights of 0."""
    slope = jax.grad(lambda w: jl.total(VALUES, weights=w))(jnp.zeros(3))
    assert slope.tolist() == VALUES.tolist()


def test_axis_reduces_some_axes():
    matrix = jnp.arange(6.0).reshape(2, 3)
    kept = jnp.array([[True, False, True], [False, False, False]])
    assert jl.mean(matrix, axis=-1).tolist() == [1, 4]
    assert jl.mean(matrix, where=kept, axis=-1).tolist() == [1, 0]
    assert jl.average(matrix, axis=(0, 1)).weight == 6
    assert jl.average(matrix, axis=0).weight.tolist() == [2, 2, 2]


def test_pytrees_are_one_set():
    tree = {"a": jnp.ones(2), "b": jnp.full((2, 2), 4.0)}
    assert jl.mean(tree) == (2 * 1 + 4 * 4) / 6
    kept = {"a": jnp.array([True, False]), "b": jnp.zeros((1, 1), bool)}
    assert jl.mean(tree, where=kept) == 1
    assert jl.mean(tree, weights={"a": jnp.ones(2), "b": jnp.zeros((2, 2))}) == 1
    assert jl.mean({}) == 0


def test_masks_broadcast_along_axes_of_size_one():
    matrix = jnp.arange(6.0).reshape(2, 3)
    assert jl.mean(matrix, where=jnp.array([[True], [False]])) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"where": jnp.ones(2, bool)},
            r"`where` of shape \(2,\) does not fit values of shape \(3,\)",
        ),
        ({"where": jnp.ones((3, 1), bool)}, "same number of axes"),
        ({"weights": jnp.ones((1, 3))}, "`weights`"),
    ],
)
def test_misfit_is_an_error(options, message):
    with pytest.raises(ValueError, match=message):
        jl.mean(VALUES, **options)


def test_float_mask_is_an_error():
    with pytest.raises(TypeError, match="boolean `where`"):
        jl.mean(VALUES, where=jnp.ones(3))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
def test_sums_accumulate_in_float32(dtype):
    ones = jnp.ones(70000, dtype)
    average = jl.average(ones)
    assert average.total == 70000
    assert average.total.dtype == jnp.float32


def test_axis_name_sums_over_devices():
    values = jnp.arange(8.0)
    kept = values % 3 != 0
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))

    def local(values, kept):
        return jl.mean(values, where=kept, axis_name="data")

    split, whole = PartitionSpec("data"), PartitionSpec()
    sharded = jax.shard_map(local, mesh=mesh, in_specs=split, out_specs=whole)(values, kept)
    assert sharded == jl.mean(values, where=kept)


def test_mean_is_as_lean_as_jnp_mean():
    """No temporaries, and the same flops, with the bookkeeping of `Average` folded away."""
    values = jnp.ones(1 << 16)
    ours, plain = (jax.jit(jax.grad(f)).lower(values).compile() for f in (jl.mean, jnp.mean))
    assert ours.memory_analysis().temp_size_in_bytes <= plain.memory_analysis().temp_size_in_bytes
    work = [compiled.cost_analysis().get("flops", 0) for compiled in (ours, plain)]
    assert work[0] <= work[1] + 16
