"""One objective in the train steps of other libraries, with what Optax and Orbax do around it."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import functools
import warnings

import equinox as eqx
import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import jaxloss as jl

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras
    import orbax.checkpoint as ocp

STEPS, RATE = 12, 0.1
_RNG = np.random.default_rng(0)
HIDDEN = _RNG.standard_normal((4, 6)).astype(np.float32) / 2
OUT = _RNG.standard_normal((6, 3)).astype(np.float32) / 2
OFFSET = _RNG.standard_normal(6).astype(np.float32) / 5
BIAS = np.zeros(3, np.float32)
X = _RNG.standard_normal((16, 4)).astype(np.float32)
BATCH = {
    "x": X,
    "label": np.argmax(X @ _RNG.standard_normal((4, 3)), axis=1).astype(np.int32),
    "kept": np.arange(16) % 4 != 3,
}


def plain():
    def apply(params, x):
        hidden = jnp.tanh(x @ params["hidden"]["kernel"] + params["hidden"]["bias"])
        return hidden @ params["out"]["kernel"] + params["out"]["bias"]

    layers = {"hidden": (HIDDEN, OFFSET), "out": (OUT, BIAS)}
    params = {name: {"kernel": kernel, "bias": bias} for name, (kernel, bias) in layers.items()}
    return jax.tree.map(jnp.asarray, params), apply


def flax_nnx():
    class Model(nnx.Module):
        def __init__(self):
            self.hidden = nnx.Linear(4, 6, rngs=nnx.Rngs(0))
            self.out = nnx.Linear(6, 3, rngs=nnx.Rngs(0))

        def __call__(self, x):
            return self.out(jnp.tanh(self.hidden(x)))

    model = Model()
    for layer, kernel, bias in ((model.hidden, HIDDEN, OFFSET), (model.out, OUT, BIAS)):
        layer.kernel[...], layer.bias[...] = jnp.asarray(kernel), jnp.asarray(bias)
    graph, params = nnx.split(model, nnx.Param)
    return params, lambda params, x: nnx.merge(graph, params)(x)


def equinox():
    class Model(eqx.Module):
        hidden: eqx.nn.Linear
        out: eqx.nn.Linear

        def __call__(self, x):
            return self.out(jnp.tanh(self.hidden(x)))

    keys = jax.random.split(jax.random.key(0))
    model = Model(eqx.nn.Linear(4, 6, key=keys[0]), eqx.nn.Linear(6, 3, key=keys[1]))
    leaves = lambda m: (m.hidden.weight, m.hidden.bias, m.out.weight, m.out.bias)
    start = tuple(jnp.asarray(a) for a in (HIDDEN.T, OFFSET, OUT.T, BIAS))
    params, static = eqx.partition(eqx.tree_at(leaves, model, start), eqx.is_inexact_array)
    return params, lambda params, x: jax.vmap(eqx.combine(params, static))(x)


def haiku():
    def forward(x):
        hidden = jnp.tanh(hk.Linear(6, name="hidden")(x))
        return hk.Linear(3, name="out")(hidden)

    model = hk.without_apply_rng(hk.transform(forward))
    params = model.init(jax.random.key(0), X)
    start = {"hidden": {"w": HIDDEN, "b": OFFSET}, "out": {"w": OUT, "b": BIAS}}
    assert jax.tree.structure(params) == jax.tree.structure(start)
    return jax.tree.map(jnp.asarray, start), model.apply


MODELS = {"plain": plain, "flax nnx": flax_nnx, "equinox": equinox, "haiku": haiku}


def objective(apply):
    """The same for every library: it only calls the model."""

    def terms(params, batch):
        logits = apply(params, batch["x"])
        values = jl.classification.softmax_cross_entropy(logits, batch["label"], smoothing=0.1)
        return {
            "class": jl.average(values, where=batch["kept"]),
            "confidence": jl.average(jnp.sum(jnp.square(logits), -1)),
            "decay": jl.penalties.l2(params),
        }

    return jl.objective(terms, weights={"confidence": 1e-2, "decay": 1e-3})


def trained(gradient, params, optimizer, steps=STEPS):
    """Values of the objective over some steps of a jitted loop, and the last parameters."""

    def step(carry, _):
        params, state = carry
        (value, _), grads = gradient(params)
        updates, state = optimizer.update(grads, state, params)
        return (optax.apply_updates(params, updates), state), value

    run = jax.jit(lambda params: jax.lax.scan(step, (params, optimizer.init(params)), length=steps))
    (params, _), values = run(params)
    return np.asarray(values), params


@functools.cache
def reference():
    params, apply = plain()
    gradient = jax.value_and_grad(objective(apply), has_aux=True)
    return trained(lambda p: gradient(p, BATCH), params, optax.adam(RATE))[0]


@pytest.mark.parametrize("library", MODELS)
def test_an_objective_trains_the_models_of(library):
    """A lower loss, by the steps of plain JAX."""
    params, apply = MODELS[library]()
    gradient = jax.value_and_grad(objective(apply), has_aux=True)
    values, _ = trained(lambda p: gradient(p, BATCH), params, optax.adam(RATE))
    assert values[-1] < values[0] / 2
    np.testing.assert_allclose(values, reference(), rtol=1e-6)


@pytest.mark.parametrize("library", MODELS)
def test_microbatches_train_the_models_of(library):
    params, apply = MODELS[library]()
    gradient = jl.accumulate(objective(apply), microbatch_size=5)
    values, _ = trained(lambda p: gradient(p, BATCH), params, optax.adam(RATE))
    np.testing.assert_allclose(values, reference(), rtol=2e-6)


@pytest.mark.parametrize("library", MODELS)
def test_balancers_train_the_models_of(library):
    params, apply = MODELS[library]()

    def values(balancer):
        tasks = ("class", "confidence")
        gradient = jl.balance.value_and_grad(objective(apply), balancer, tasks=tasks)
        state = gradient.init()
        return trained(lambda p: gradient(p, state, BATCH)[:2], params, optax.adam(RATE))[0]

    np.testing.assert_allclose(values(jl.balance.static()), reference(), rtol=2e-6)
    balanced = values(jl.balance.upgrad())
    assert balanced[-1] < balanced[0] / 1.5


def test_an_objective_trains_a_keras_model():
    """By Keras's own loop, with the values of the loop written out."""

    def model(loss):
        inner = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(3)]
        )
        inner.set_weights([HIDDEN, OFFSET, OUT, BIAS])
        inner.compile(optimizer=keras.optimizers.SGD(RATE), loss=loss, jit_compile=True)
        return inner

    loss = jl.for_keras(jl.classification.softmax_cross_entropy, smoothing=0.1)
    history = model(loss).fit(
        X,
        BATCH["label"],
        sample_weight=np.ones(16, np.float32),
        batch_size=16,
        epochs=STEPS,
        verbose=0,
    )
    params, apply = plain()

    def value(params, batch):
        logits = apply(params, batch["x"])
        return {
            "class": jl.average(
                jl.classification.softmax_cross_entropy(logits, batch["label"], smoothing=0.1)
            )
        }

    gradient = jax.value_and_grad(jl.objective(value), has_aux=True)
    expected, _ = trained(lambda p: gradient(p, BATCH), params, optax.sgd(RATE))
    np.testing.assert_allclose(history.history["loss"], expected, rtol=1e-6)
    assert expected[-1] < expected[0]


def test_keras_targets_of_the_shape_of_the_prediction_stay_as_they_are():
    y_true, y_pred = np.float32([[1.0], [3.0]]), np.float32([[2.0], [5.0]])
    loss = jl.for_keras(jl.regression.huber, delta=1.0)
    np.testing.assert_allclose(loss(y_true, y_pred), jl.regression.huber(y_pred, y_true))
    labels = np.float32([[1.0], [0.0]])
    logits = np.float32([[0.0, 2.0], [1.0, 0.0]])
    for given in (labels, labels[:, 0]):
        values = jl.for_keras(jl.classification.softmax_cross_entropy)(given, logits)
        expected = jl.classification.softmax_cross_entropy(logits, np.array([1, 0]))
        np.testing.assert_allclose(values, expected)


PARAMS, APPLY = plain()
OBJECTIVE = objective(APPLY)
GRADIENT = jax.value_and_grad(OBJECTIVE, has_aux=True)


def test_line_search():
    solver, value = optax.lbfgs(), OBJECTIVE.value

    def step(carry, _):
        params, state = carry
        loss, grad = optax.value_and_grad_from_state(value)(params, BATCH, state=state)
        updates, state = solver.update(
            grad, state, params, value=loss, grad=grad, value_fn=lambda p: value(p, BATCH)
        )
        return (optax.apply_updates(params, updates), state), loss

    run = jax.jit(lambda p: jax.lax.scan(step, (p, solver.init(p)), length=STEPS))
    _, values = run(PARAMS)
    assert np.all(np.diff(values) < 1e-6)
    assert values[-1] < reference()[-1]


def test_multi_steps_of_equal_parts_are_one_step_of_the_whole():
    """Optax's MultiSteps averages the gradients of its parts: exact where their weights agree."""
    parts = [jax.tree.map(lambda a, i=i: a[i * 4 : i * 4 + 4], BATCH) for i in range(4)]
    optimizer = optax.MultiSteps(optax.adam(RATE), every_k_schedule=4)
    params, state = PARAMS, optimizer.init(PARAMS)

    @jax.jit
    def step(params, state, part):
        _, grads = GRADIENT(params, part)
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    for _ in range(3):
        for part in parts:
            params, state = step(params, state, part)
    _, expected = trained(lambda p: GRADIENT(p, BATCH), PARAMS, optax.adam(RATE), steps=3)
    for ours, theirs in zip(jax.tree.leaves(params), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "make"),
    {
        "sam": lambda: optax.contrib.sam(
            optax.sgd(RATE), optax.chain(optax.contrib.normalize(), optax.sgd(0.05)), sync_period=2
        ),
        "schedule-free": lambda: optax.contrib.schedule_free_adamw(RATE),
        "clipped": lambda: optax.chain(optax.clip_by_global_norm(0.1), optax.adam(RATE)),
    }.items(),
)
def test_other_optimizers_train(name, make):
    values, params = trained(lambda p: GRADIENT(p, BATCH), PARAMS, make(), steps=3 * STEPS)
    assert values[-1] < values[0] / 1.5, name
    assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(params))


def test_optax_microbatch_takes_an_objective():
    """Sums of totals and weights of equal parts, put together as Optax does, give the whole."""

    def summed(params, batch):
        terms = OBJECTIVE.terms(params, batch)
        return terms["class"].total, terms["class"].weight

    total, weight = optax.microbatch(summed, argnums=(1,), microbatch_size=4)(PARAMS, BATCH)
    expected = OBJECTIVE.terms(PARAMS, BATCH)["class"]
    np.testing.assert_allclose(total / weight, expected.value, rtol=1e-6)


def test_states_are_saved_and_restored(tmp_path):
    """Parameters, Optax, a balancer and the shares of groups, in the midst of a run."""
    balancer = jl.balance.famo()
    gradient = jl.balance.value_and_grad(OBJECTIVE, balancer, tasks=("class", "confidence"))
    optimizer = optax.adam(RATE)
    groups = np.arange(16) % 3

    @jax.jit
    def step(carry):
        params, state, balance, shares = carry
        (value, _), grads, balance = gradient(params, balance, BATCH)
        updates, state = optimizer.update(grads, state, params)
        values = jl.classification.softmax_cross_entropy(APPLY(params, BATCH["x"]), BATCH["label"])
        worst, shares = jl.tail.group_dro(values, groups, shares, num_groups=3, eta=0.1)
        return (optax.apply_updates(params, updates), state, balance, shares), (value, worst)

    def run(carry, steps):
        found = []
        for _ in range(steps):
            carry, numbers = step(carry)
            found.append(numbers)
        return carry, found

    start = (PARAMS, optimizer.init(PARAMS), gradient.init(), jl.tail.init_group_dro(3))
    middle, _ = run(start, 3)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", middle)
        checkpointer.wait_until_finished()
        restored = checkpointer.restore(tmp_path / "state", jax.eval_shape(lambda: middle))
    assert jax.tree.structure(restored) == jax.tree.structure(middle)
    _, expected = run(middle, 3)
    _, found = run(restored, 3)
    assert found == expected


def test_a_train_step_inside_shard_map_is_that_of_one_device():
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))

    def terms(params, batch):
        logits = APPLY(params, batch["x"])
        values = jl.classification.softmax_cross_entropy(logits, batch["label"], smoothing=0.1)
        return {
            "class": jl.average(values, where=batch["kept"], axis_name="data"),
            "confidence": jl.average(jnp.sum(jnp.square(logits), -1), axis_name="data"),
            "decay": jl.penalties.l2(params),
        }

    divided = jl.objective(terms, weights={"confidence": 1e-2, "decay": 1e-3})
    parts = PartitionSpec("data")
    gradient = jax.shard_map(
        jax.value_and_grad(divided, has_aux=True),
        mesh=mesh,
        in_specs=(PartitionSpec(), parts),
        out_specs=PartitionSpec(),
    )
    batch = jax.device_put(BATCH, NamedSharding(mesh, parts))
    values, _ = trained(lambda p: gradient(p, batch), PARAMS, optax.adam(RATE))
    np.testing.assert_allclose(values, reference(), rtol=1e-6)
