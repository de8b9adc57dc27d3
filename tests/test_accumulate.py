"""Microbatches: exact for masks, weights, several terms and ragged ends, and loud where not."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxloss as jl

SIZE = 29  # prime: no number of microbatches divides it
_RNG = np.random.default_rng(0)
X = _RNG.standard_normal((SIZE, 5)).astype(np.float32)
BATCH = {
    "x": X,
    "y": (3 * _RNG.standard_normal(SIZE)).astype(np.float32),
    "label": _RNG.integers(0, 3, SIZE).astype(np.int32),
    # Unevenly spread, as padding and missing labels are.
    "kept": np.arange(SIZE) < 6,
    "importance": _RNG.uniform(0, 5, SIZE).astype(np.float32) ** 2,
}
PARAMS = {
    "regress": jnp.asarray(_RNG.standard_normal(5), jnp.float32),
    "classify": jnp.asarray(_RNG.standard_normal((5, 3)), jnp.float32),
}
WEIGHTS = {"class": 0.7, "decay": 1e-2}


def terms(params, batch):
    error = jl.regression.huber(batch["x"] @ params["regress"], batch["y"])
    logits = batch["x"] @ params["classify"]
    loss = jl.classification.softmax_cross_entropy(logits, batch["label"])
    return {
        "fit": jl.average(error, where=batch["kept"]),
        "class": jl.average(loss, weights=batch["importance"]),
        "decay": jl.penalties.l2(params),
    }


OBJECTIVE = jl.objective(terms, weights=WEIGHTS)


def distance(one, two):
    return float(optax.tree.norm(optax.tree.sub(one, two)) / optax.tree.norm(two))


@pytest.mark.parametrize("parts", [1, 2, 4, 8])
def test_ragged_microbatches_equal_the_full_batch(parts):
    run = jax.jit(jl.accumulate(OBJECTIVE, microbatch_size=-(-SIZE // parts)))
    (value, report), grads = run(PARAMS, BATCH)
    (expected, full), full_grads = jax.value_and_grad(OBJECTIVE, has_aux=True)(PARAMS, BATCH)
    assert distance(grads, full_grads) < 1e-6
    assert jnp.isclose(value, expected, rtol=1e-6)
    for name in full:
        assert jnp.isclose(report[name], full[name], rtol=1e-5), name


def test_mean_of_means_misses():
    """What microbatching usually does, on the same data: off by more than a tenth."""
    size = 4
    whole = jax.tree.map(lambda a: a[: SIZE - SIZE % size], BATCH)
    mean = optax.microbatch(
        jax.grad(OBJECTIVE.value), 1, size, optax.microbatching.AccumulationType.MEAN
    )
    exact = jax.grad(OBJECTIVE.value)(PARAMS, whole)
    assert distance(mean(PARAMS, whole), exact) > 0.1
    _, grads = jl.accumulate(OBJECTIVE, microbatch_size=size)(PARAMS, whole)
    assert distance(grads, exact) < 1e-6


def test_weights_that_depend_on_parameters_are_exact():
    """A normaliser that is learned has a gradient of its own."""

    def attention(params, batch):
        weight = jax.nn.softplus(batch["x"] @ params["classify"][:, 0])
        error = jl.regression.squared_error(batch["x"] @ params["regress"], batch["y"])
        return {"fit": jl.average(error, weights=weight)}

    objective = jl.objective(attention)
    (value, _), grads = jl.accumulate(objective, microbatch_size=6)(PARAMS, BATCH)
    expected, full = jax.value_and_grad(objective.value)(PARAMS, BATCH)
    assert jnp.isclose(value, expected, rtol=1e-6)
    assert distance(grads, full) < 1e-6


def test_learned_and_scheduled_weights():
    def weights(params):
        return {"class": jnp.exp(params["classify"][0, 0]), "decay": optax.linear_schedule(0, 1, 4)}

    objective = jl.objective(terms, weights=weights)
    (value, _), grads = jl.accumulate(objective, microbatch_size=5)(PARAMS, BATCH, step=2)
    expected, full = jax.value_and_grad(objective.value)(PARAMS, BATCH, step=2)
    assert jnp.isclose(value, expected, rtol=1e-6)
    assert distance(grads, full) < 1e-6


def test_terms_alone_are_enough():
    (value, _), _ = jl.accumulate(terms, microbatch_size=7)(PARAMS, BATCH, weights=WEIGHTS)
    assert jnp.isclose(value, OBJECTIVE.value(PARAMS, BATCH), rtol=1e-6)


def test_everything_masked_gives_zero():
    nothing = BATCH | {"kept": np.zeros(SIZE, bool), "importance": np.zeros(SIZE, np.float32)}
    (value, _), grads = jl.accumulate(terms, microbatch_size=4)(
        PARAMS, nothing, weights={"decay": 0.0}
    )
    assert value == 0
    assert optax.tree.norm(grads) == 0


def test_scalar_of_the_batch_is_an_error():
    def means(params, batch):
        return {"fit": jl.mean(jl.regression.huber(batch["x"] @ params["regress"], batch["y"]))}

    for function in (means, jax.jit(means)):
        with pytest.raises(TypeError, match="term 'fit' is a scalar that depends on the batch"):
            jl.accumulate(function, microbatch_size=4)(PARAMS, BATCH)


def test_penalty_inside_a_jitted_function_is_no_error():
    (value, _), _ = jl.accumulate(jax.jit(terms), microbatch_size=4)(PARAMS, BATCH, weights=WEIGHTS)
    assert jnp.isclose(value, OBJECTIVE.value(PARAMS, BATCH), rtol=1e-6)


def test_misuse_is_an_error():
    with pytest.raises(ValueError, match="microbatch_size"):
        jl.accumulate(terms, microbatch_size=0)
    with pytest.raises(ValueError, match="has_aux"):
        jl.accumulate(jl.objective(terms, has_aux=True), microbatch_size=2)
    with pytest.raises(ValueError, match="one first axis"):
        jl.accumulate(terms, microbatch_size=2)(PARAMS, BATCH | {"kept": np.ones(3, bool)})


def test_memory_grows_with_the_microbatch_not_the_batch():
    rng = np.random.default_rng(0)
    params = jnp.asarray(rng.standard_normal((16, 512)), jnp.float32)

    def wide(params, x):
        hidden = jnp.tanh(x @ params)
        return {"fit": jl.average(jl.regression.squared_error(hidden, jnp.zeros_like(hidden)))}

    x = jnp.ones((4096, 16))
    full = jax.jit(jax.value_and_grad(jl.objective(wide), has_aux=True)).lower(params, x).compile()
    parts = jax.jit(jl.accumulate(wide, microbatch_size=128)).lower(params, x).compile()
    temp = [c.memory_analysis().temp_size_in_bytes for c in (full, parts)]
    assert temp[1] < temp[0] / 4
