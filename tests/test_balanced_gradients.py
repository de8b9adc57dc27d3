"""The balanced gradient: what balancers are given, what comes out, and what it costs."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from optax.experimental import aggregating

import jaxloss as jl
from benchmarks.hlo import matmul_flops
from jaxloss.objectives.balance import Balancer

B = jl.balance
RNG = np.random.default_rng(0)


def inverse_norms():
    """Two lines of a balancer that needs the Gramian."""
    weigh = lambda statistics, state, key: (1 / jnp.sqrt(jnp.diag(statistics.gramian)), state)
    return Balancer(lambda count: (), weigh, needs="gramian")


def purified():
    """One that needs the Jacobian: entries whose sign most tasks share."""

    def update(statistics, state, key):
        keep = lambda rows: jnp.sign(rows) == jnp.sign(jnp.sum(jnp.sign(rows), 0))
        return jax.tree.map(lambda rows: keep(rows).astype(rows.dtype), statistics.jacobian), state

    return Balancer(lambda count: (), update, needs="jacobian")


TASKS = ("a", "b", "c")
SCALES = {"a": 2.0, "decay": 1e-2}
PARAMS = {
    "trunk": {
        "first": jnp.asarray(RNG.standard_normal((5, 16)) / 2, jnp.float32),
        "last": jnp.asarray(RNG.standard_normal((16, 8)) / 4, jnp.float32),
    },
    "heads": {name: jnp.asarray(RNG.standard_normal(8), jnp.float32) for name in TASKS},
}
BATCH = {
    "x": RNG.standard_normal((32, 5)).astype(np.float32),
    "y": RNG.standard_normal((32, 3)).astype(np.float32),
    "kept": RNG.random((32, 3)) > 0.3,
}


def trunk(params, batch):
    return jnp.tanh(jnp.tanh(batch["x"] @ params["first"]) @ params["last"])


def heads(params, features, batch, axis_name=None):
    def loss(i, name):
        error = jnp.square(features @ params[name] - batch["y"][:, i])
        return jl.average(error, where=batch["kept"][:, i], axis_name=axis_name)

    return {name: loss(i, name) for i, name in enumerate(TASKS)}


def plain(params, batch, axis_name=None):
    return heads(params["heads"], trunk(params["trunk"], batch), batch, axis_name)


def terms(params, batch, axis_name=None):
    return {"decay": jl.penalties.l2(params), **plain(params, batch, axis_name)}


OBJECTIVE = jl.objective(terms, weights=SCALES)
REFERENCE = jax.jit(jax.value_and_grad(OBJECTIVE, has_aux=True))


def small(x, kept):
    """Three tasks in four numbers."""
    loss = lambda i: jl.average(jnp.square((i + 1) * x - i), where=kept[i])
    return {name: loss(i) for i, name in enumerate(TASKS)}


KEPT = np.ones((3, 4), bool)


@functools.cache
def task_gradients():
    """Gradient of each task alone."""
    value = lambda name, params: SCALES.get(name, 1.0) * plain(params, BATCH)[name].value
    return [jax.jit(jax.grad(functools.partial(value, name)))(PARAMS) for name in TASKS]


def flat(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]).astype(np.float64)


def gramian_of(trees):
    rows = np.stack([flat(tree) for tree in trees])
    return rows @ rows.T


def combined(weights, trees, params=PARAMS):
    """Weighted gradients of the tasks, and the penalty's."""

    def sums(decayed, *rows):
        return 1e-2 * decayed + sum(w * row for w, row in zip(weights, rows, strict=True))

    return jax.tree.map(sums, params, *trees)


def same(found, expected, rtol=1e-5, atol=1e-6):
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, rtol=rtol, atol=atol), found, expected
    )


@pytest.mark.parametrize("weights", [None, [0.5, 3.0, 1.0]])
def test_static_weights_give_the_gradient_of_the_sum(weights):
    step = B.value_and_grad(OBJECTIVE, B.static(weights=weights), tasks=TASKS)
    (value, report), grads, _ = jax.jit(step)(PARAMS, step.init(), BATCH)
    given = {name: SCALES.get(name, 1.0) for name in TASKS}
    (expected, full), _ = REFERENCE(PARAMS, BATCH, weights=given)
    assert np.isclose(value, expected, rtol=1e-6)
    same({name: report[name] for name in full}, full)
    given = {name: given[name] * w for name, w in zip(TASKS, weights or [1, 1, 1], strict=True)}
    same(grads, REFERENCE(PARAMS, BATCH, weights=given)[1], atol=1e-7)
    for name, factor in given.items():
        assert np.isclose(report[f"{name}/balanced_weight"], factor)
        assert np.isclose(report[f"{name}/weight"], SCALES.get(name, 1.0))


SEEN = {
    "all": (None, lambda tree: tree),
    "a leaf": ("trunk/last", lambda tree: tree["trunk"]["last"]),
    "a branch": (["trunk"], lambda tree: tree["trunk"]),
    "a function": (lambda path: path[:5] == "heads", lambda tree: tree["heads"]),
}


@pytest.mark.parametrize(
    ("chunk", "seen"),
    [(None, "all"), (2, "all"), (5, "all"), (None, "a leaf"), (1, "a branch"), (3, "a function")],
)
def test_gramian_of_the_tasks(chunk, seen):
    wrt, chosen = SEEN[seen]
    step = B.value_and_grad(OBJECTIVE, inverse_norms(), tasks=TASKS, wrt=wrt, chunk=chunk)
    (_, report), grads, _ = jax.jit(step)(PARAMS, (), BATCH)
    alone = task_gradients()
    gramian = gramian_of(map(chosen, alone))
    norms = np.sqrt(np.diag(gramian))
    same(grads, combined(1 / norms, alone))
    for i, name in enumerate(TASKS):
        assert np.isclose(report[f"{name}/gradient_norm"], norms[i], rtol=1e-5)
        weight = SCALES.get(name, 1.0) / norms[i]
        assert np.isclose(report[f"{name}/balanced_weight"], weight, rtol=1e-5)
    cosines = gramian / np.outer(norms, norms)
    pairs = {"a~b": cosines[0, 1], "a~c": cosines[0, 2], "b~c": cosines[1, 2]}
    for pair, cosine in pairs.items():
        assert np.isclose(report[f"{pair}/cosine"], cosine, rtol=1e-4, atol=1e-6)
    conflicts = np.mean([cosine < 0 for cosine in pairs.values()])
    assert np.isclose(report["conflict_rate"], conflicts)
    assert {"objective", "decay", "decay/share", *TASKS} <= set(report)


def test_conflicts_are_counted():
    towards = lambda x: {"up": x[0], "down": -x[0] + x[1], "aside": -x[1], "flat": x[0] * 0}
    step = B.value_and_grad(towards, inverse_norms())
    (_, report), _, _ = step(jnp.ones(2), (), weights={"flat": 1.0})
    assert np.isclose(report["conflict_rate"], 2 / 6)
    assert report["aside~flat/cosine"] == 0


@pytest.mark.parametrize("chunk", [None, 2])
def test_jacobian_of_the_tasks(chunk):
    step = B.value_and_grad(OBJECTIVE, purified(), tasks=TASKS, chunk=chunk)
    (_, report), grads, _ = jax.jit(step)(PARAMS, step.init(), BATCH)
    rows = jax.tree.map(lambda *leaves: np.stack(leaves), *task_gradients())
    signs = jax.tree.map(lambda r: np.sign(r) == np.sign(np.sign(r).sum(0)), rows)
    expected = jax.tree.map(lambda r, keep, p: (r * keep).sum(0) + 1e-2 * p, rows, signs, PARAMS)
    same(grads, expected)
    assert "a/gradient_norm" in report
    assert "a/balanced_weight" not in report


def test_tasks_are_all_terms_in_the_order_of_their_names():
    step = B.value_and_grad(lambda x: {"z": 3 * x, "a": x}, B.static(weights=[1.0, 0.5]))
    _, grads, _ = step(jnp.array(2.0), step.init(jnp.array(2.0)))
    assert np.isclose(grads, 1 * 1 + 3 * 0.5)


def test_step_and_weights_reach_the_objective():
    schedule = optax.linear_schedule(0.0, 1.0, 10)
    objective = jl.objective(lambda x: {"one": x, "two": x**2}, weights={"one": schedule})
    step = B.value_and_grad(objective, B.static())
    (_, report), grads, _ = step(jnp.array(3.0), (), step=5, weights={"two": 2.0})
    assert np.isclose(grads, 0.5 + 2 * 6)
    assert np.isclose(report["one/balanced_weight"], 0.5)


def test_learned_weights_of_an_objective_have_their_gradient():
    weights = lambda params: {"one": jnp.exp(params["s"])}
    objective = jl.objective(lambda p: {"one": p["x"] ** 2, "two": p["x"]}, weights=weights)
    params = {"x": jnp.array(2.0), "s": jnp.array(0.3)}
    for balancer in (B.static(), Balancer(lambda n: (), lambda *a: (jnp.ones(2), ()), "gramian")):
        _, grads, _ = B.value_and_grad(objective, balancer)(params, ())
        same(grads, jax.grad(objective.value)(params))


@pytest.mark.parametrize("balancer", [B.static(), inverse_norms()])
def test_aux_travels_beside_the_report(balancer):
    objective = jl.objective(lambda x: ({"one": x**2}, {"mean": 3 * x}), has_aux=True)
    step = B.value_and_grad(objective, balancer)
    (value, (report, aux)), _, _ = jax.jit(step)(2.0, step.init(2.0))
    assert (value, report["one"], aux["mean"]) == (4, 4, 6)


class Solved(NamedTuple):
    converged: jax.Array


@pytest.mark.parametrize("state", [Solved(jnp.array(True)), {"converged": jnp.array(True)}])
def test_convergence_of_a_solver_is_reported(state):
    balancer = Balancer(lambda count: state, lambda statistics, state, key: (jnp.ones(1), state))
    (_, report), _, _ = B.value_and_grad(lambda x: {"one": x}, balancer)(1.0, state)
    assert report["converged"]


def test_low_precision_parameters_have_a_gramian_in_float32():
    """Inner products of the rounded gradients, without further rounding."""
    low = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), PARAMS)
    step = B.value_and_grad(OBJECTIVE, inverse_norms(), tasks=TASKS)
    (_, report), grads, _ = jax.jit(step)(low, (), BATCH)
    assert all(leaf.dtype == jnp.bfloat16 for leaf in jax.tree.leaves(grads))
    value = lambda params, name: SCALES.get(name, 1.0) * plain(params, BATCH)[name].value
    alone = jax.jit(lambda params: [jax.grad(value)(params, name) for name in TASKS])
    gramian = gramian_of(alone(low))
    for i, name in enumerate(TASKS):
        assert np.isclose(report[f"{name}/gradient_norm"], np.sqrt(gramian[i, i]), rtol=2e-5)
    cosine = gramian[0, 1] / np.sqrt(gramian[0, 0] * gramian[1, 1])
    assert np.isclose(report["a~b/cosine"], cosine, atol=2e-5)


@pytest.mark.parametrize("balancer", [B.log_sum(), inverse_norms()])
def test_nan_behind_a_mask_reaches_nothing(balancer):
    loss = jl.masked(jl.regression.squared_error)

    def terms(x, batch):
        values = lambda y: jl.average(loss(x * jnp.ones(32), y, where=kept), where=kept)
        kept = batch["kept"][:, 0]
        return {"one": values(batch["y"][:, 0]), "two": values(batch["y"][:, 1])}

    hidden = np.where(BATCH["kept"][:, :1], BATCH["y"], np.nan).astype(np.float32)
    step = jax.jit(B.value_and_grad(terms, balancer))
    same(step(1.0, (), BATCH | {"y": hidden}), step(1.0, (), BATCH), rtol=0, atol=0)


@pytest.mark.parametrize("balancer", [B.log_sum(), B.famo(), B.gradnorm(), purified()])
def test_tasks_without_a_gradient(balancer):
    """Nothing is counted in one task, then in all of them."""
    step = B.value_and_grad(small, balancer)
    run, x = jax.jit(step), jnp.full(4, 3.0)
    for kept in (KEPT & [[True], [False], [True]], ~KEPT):
        (_, report), grads, state = run(x, step.init(x, kept), kept)
        assert np.all(np.isfinite(flat((report, grads, state))))
    assert np.all(grads == 0)


@pytest.mark.parametrize("balancer", [B.random(), B.famo(), B.dwa(), B.gradnorm()])
def test_training_in_a_scan_and_for_several_seeds_at_once(balancer):
    """States keep their types, and the objective falls."""
    step, tx, x = B.value_and_grad(small, balancer), optax.adam(0.05), jnp.full(4, 3.0)

    def train(key):
        def one(carry, key):
            x, state, moments = carry
            (value, _), grads, state = step(x, state, KEPT, key=key)
            updates, moments = tx.update(grads, moments)
            return (x + updates, state, moments), value

        start = (x, step.init(x, KEPT), tx.init(x))
        return jax.lax.scan(one, start, jax.random.split(key, 50))[1]

    values = jax.jit(jax.vmap(train))(jax.random.split(jax.random.key(0), 2))
    assert np.all(values[:, -1] < 0.7 * values[:, 0])
    assert (values[0, -1] != values[1, -1]) == balancer.random


def test_weights_carry_no_gradient():
    """The derivative of a balanced gradient is that for constant weights."""
    by_weight = lambda w: B.value_and_grad(lambda x: {"one": x}, B.static(weights=w))(1.0, ())[1]
    assert jax.grad(by_weight)(2.0) == 0
    terms = lambda x: {"one": x**2, "two": x**4}
    for balancer in (B.log_sum(), inverse_norms()):
        second = jax.grad(lambda x, b=balancer: B.value_and_grad(terms, b)(x, ())[1])(3.0)
        (_, report), _, _ = B.value_and_grad(terms, balancer)(3.0, ())
        one, two = (report[f"{name}/balanced_weight"] for name in ("one", "two"))
        assert np.isclose(second, 2 * one + 12 * 9 * two)


# --- Cost -----------------------------------------------------------------------------------

WIDTH, EXAMPLES = 64, 512


def wide_terms(params, x):
    for kernel in params["trunk"]:
        x = jnp.tanh(x @ kernel)
    losses = {f"task {i}": jnp.mean((x @ kernel) ** 2) for i, kernel in enumerate(params["heads"])}
    return {**losses, "decay": jl.penalties.l2(params)}


def wide(tasks, layers=4, width=WIDTH, examples=EXAMPLES, out=WIDTH):
    params = {
        "trunk": [jnp.full((width, width), 0.1)] * layers,
        "heads": [jnp.full((width, out), 0.1)] * tasks,
    }
    return params, jnp.ones((examples, width)), [f"task {i}" for i in range(tasks)]


def compiled(function, *args):
    return jax.jit(function).lower(*args).compile()


@functools.cache
def plain_passes(tasks):
    """Matrix products of a forward pass, and of both."""
    params, x, _ = wide(tasks)
    value = jl.objective(wide_terms).value
    programs = (compiled(f, params, x) for f in (value, jax.value_and_grad(value)))
    return tuple(map(matmul_flops, programs))


def passes(balancer, tasks, **options):
    """Matrix products of a step, beyond a forward pass, in backward passes."""
    params, x, names = wide(tasks)
    step = B.value_and_grad(wide_terms, balancer, tasks=names, **options)
    key = jax.random.key(0)
    run = compiled(lambda params, x: step(params, step.init(), x, key=key)[1], params, x)
    forward, both = plain_passes(tasks)
    return (matmul_flops(run) - forward) / (both - forward)


@pytest.mark.parametrize("name", ["static", "random", "log_sum", "dwa", "famo"])
def test_balancers_of_losses_cost_one_backward_pass(name):
    assert passes(getattr(B, name)(), 4) == 1


def test_balancers_of_gradients_cost_one_pass_a_task():
    """And penalties, inner products, and another forward pass for them, next to nothing."""
    assert passes(inverse_norms(), 4) <= 4.1
    assert passes(inverse_norms(), 4, chunk=4) <= 5.1
    assert passes(inverse_norms(), 4, wrt="trunk/3") < 2.5


def test_chunks_hold_no_more_gradients_than_they_say():
    params, x, names = wide(tasks=8, layers=8, width=128, examples=16, out=1)
    size = flat(params).size * 4

    def temporary(**options):
        step = B.value_and_grad(wide_terms, inverse_norms(), tasks=names, **options)
        program = compiled(lambda params, x: step(params, (), x)[1], params, x)
        return program.memory_analysis().temp_size_in_bytes / size

    assert temporary() > 8
    assert temporary(chunk=8) < 4  # a few leaves at a time
    assert temporary(chunk=2) < 4


# --- Features that heads share --------------------------------------------------------------

SHARED = (PARAMS["trunk"], PARAMS["heads"])


@pytest.mark.parametrize("chunk", [None, 2])
def test_shared_features_are_balanced_by_their_gradients(chunk):
    step = B.shared_value_and_grad(trunk, heads, inverse_norms(), chunk=chunk)
    (_, report), grads, _ = jax.jit(step)(SHARED, step.init(SHARED, BATCH), BATCH)
    features = trunk(PARAMS["trunk"], BATCH)
    value = lambda own, features, name: heads(own, features, BATCH)[name].value
    alone = jax.jit(lambda z: [jax.grad(value, 1)(PARAMS["heads"], z, name) for name in TASKS])
    slopes = alone(features)
    norms = np.sqrt(np.diag(gramian_of(slopes))).tolist()

    def weighted(shared):
        values = heads(PARAMS["heads"], trunk(shared, BATCH), BATCH)
        return sum(values[name].value / norm for name, norm in zip(TASKS, norms, strict=True))

    same(grads[0], jax.jit(jax.grad(weighted))(PARAMS["trunk"]))
    total = lambda own: sum(loss.value for loss in heads(own, features, BATCH).values())
    same(grads[1], jax.jit(jax.grad(total))(PARAMS["heads"]))
    for name, norm in zip(TASKS, norms, strict=True):
        assert np.isclose(report[f"{name}/gradient_norm"], norm, rtol=1e-5)


def test_balancers_of_losses_leave_heads_their_own_gradient():
    weights = [0.5, 3.0, 1.0]
    step = B.shared_value_and_grad(trunk, heads, B.static(weights=weights))
    _, grads, _ = jax.jit(step)(SHARED, (), BATCH)

    def value(params, weights):
        losses = heads(params[1], trunk(params[0], BATCH), BATCH)
        return sum(losses[name].value * w for name, w in zip(TASKS, weights, strict=True))

    slope = jax.jit(jax.grad(value))
    same(grads[0], slope(SHARED, weights)[0])
    same(grads[1], slope(SHARED, [1.0, 1.0, 1.0])[1])


def test_aux_of_trunk_and_heads():
    trunk = {False: lambda s, x: s * x, True: lambda s, x: (s * x, 5 * x)}
    plain = lambda own, z, x: {"one": own * z}
    heads = {False: plain, True: lambda *args: (plain(*args), 7)}
    for of_trunk, of_heads, expected in ((True, True, (5, 7)), (True, False, 5), (False, True, 7)):
        objective = jl.objective(heads[of_heads], has_aux=of_heads)
        step = B.shared_value_and_grad(trunk[of_trunk], objective, B.static(), has_aux=of_trunk)
        (value, (report, aux)), grads, _ = step((2.0, 3.0), (), 1.0)
        assert (value, report["one"], grads) == (6, 6, (3, 2))
        assert aux == expected


# --- Many devices ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options"),
    [("Auto", {}), ("Explicit", {"wrt": "trunk/last"}), ("Manual", {})],
)
def test_a_divided_batch_gives_the_gradient_of_one_device(kind, options):
    typed = AxisType.Explicit if kind == "Explicit" else AxisType.Auto
    mesh = jax.make_mesh((8,), ("data",), axis_types=(typed,))
    objective = OBJECTIVE
    if kind == "Manual":
        objective = jl.objective(functools.partial(terms, axis_name="data"), weights=SCALES)
    step = B.value_and_grad(objective, inverse_norms(), tasks=TASKS, **options)
    run = step
    if kind == "Manual":
        specs = (P(), P(), P("data"))
        run = jax.shard_map(lambda *args: step(*args), mesh=mesh, in_specs=specs, out_specs=P())
    alone = B.value_and_grad(OBJECTIVE, inverse_norms(), tasks=TASKS, **options)
    expected = jax.jit(alone)(PARAMS, step.init(), BATCH)
    divided = jax.device_put(BATCH, NamedSharding(mesh, P("data")))
    whole = jax.device_put(PARAMS, NamedSharding(mesh, P()))
    same(jax.jit(run)(whole, step.init(), divided), expected)


@pytest.mark.parametrize("kind", ["Explicit", "Manual"])
def test_divided_parameters_give_the_gradient_of_one_device(kind):
    """Each device has a slice of a kernel; inner products are summed over the slices."""
    if kind == "Explicit":
        mesh = jax.make_mesh((2, 4), ("data", "model"), axis_types=(AxisType.Explicit,) * 2)
    else:
        mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    columns = P(None, mesh.axis_names[-1])
    specs = {"trunk": {"first": columns, "last": P()}, "heads": dict.fromkeys(TASKS, P())}
    step = B.value_and_grad(plain, inverse_norms(), chunk=2)
    _, expected, _ = jax.jit(step)(PARAMS, (), BATCH)

    def gathered(params, batch):
        first = jax.lax.all_gather(params["trunk"]["first"], "data", axis=1, tiled=True)
        return plain(params | {"trunk": params["trunk"] | {"first": first}}, batch, "data")

    run = lambda params, batch: step(params, (), batch)[1]
    if kind == "Manual":
        local = B.value_and_grad(gathered, inverse_norms(), chunk=2)
        run = lambda params, batch: local(params, (), batch)[1]
        run = jax.shard_map(run, mesh=mesh, in_specs=(specs, P("data")), out_specs=specs)
    place = lambda array, spec: jax.device_put(array, NamedSharding(mesh, spec))
    params = jax.tree.map(place, PARAMS, specs)
    same(jax.jit(run)(params, place(BATCH, P("data"))), expected)


# --- Optax ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "balancer", [B.static(weights=[0.5, 2.0]), inverse_norms(), purified(), B.random()]
)
def test_aggregator_of_optax_trains_like_the_step(balancer):
    """Under jit, scan and vmap."""
    terms = lambda x: {"one": jnp.sum((x - 1) ** 2), "two": jnp.sum((2 * x + 1) ** 4)}
    key = jax.random.key(3) if balancer.random else None
    aggregator = B.as_aggregator(balancer, 2, key=key)
    needs_losses = balancer.needs == "losses"
    nothing = optax.with_extra_args_support(optax.identity())
    tx, inner = aggregating.process(nothing, aggregator, optax.adam(0.1)), optax.adam(0.1)
    step = B.value_and_grad(terms, balancer)

    def by_optax(x):
        def one(carry, _):
            x, state = carry
            grads = jax.tree.map(lambda *g: jnp.stack(g), *jax.jacrev(terms)(x).values())
            losses = jnp.stack(list(terms(x).values()))
            extra = {"losses": losses} if needs_losses else {}
            updates, state = tx.update(grads, state, x, **extra)
            return (x + updates, state), None

        return jax.lax.scan(one, (x, tx.init(x)), length=10)[0][0]

    def by_hand(x):
        state, moments, now = step.init(x), inner.init(x), key
        for _ in range(10):
            used = None
            if now is not None:
                used, now = jax.random.split(now)
            _, grads, state = step(x, state, key=used)
            updates, moments = inner.update(grads, moments)
            x = x + updates
        return x

    starts = jnp.array([[0.5, -2.0], [3.0, 0.1]])
    found = jax.jit(jax.vmap(by_optax))(starts)
    np.testing.assert_allclose(found, jax.jit(jax.vmap(by_hand))(starts), rtol=1e-5)


def test_misuse_of_an_aggregator():
    with pytest.raises(ValueError, match="pass key="):
        B.as_aggregator(B.random(), 2)
    aggregator = B.as_aggregator(B.log_sum(), 2)
    state = aggregator.init(jnp.zeros(3))
    with pytest.raises(ValueError, match="gradients of 2 tasks, got first axes"):
        aggregator.update(jnp.zeros((4, 3)), state)
    with pytest.raises(ValueError, match="pass losses= to update"):
        aggregator.update(jnp.zeros((2, 3)), state)
    unaware = B.as_aggregator(B.gradnorm(), 2)
    _, state = unaware.update(jnp.ones((2, 3)), unaware.init(jnp.zeros(3)))
    assert np.all(np.isnan(unaware.update(jnp.ones((2, 3)), state)[0]))


# --- Errors ---------------------------------------------------------------------------------


def test_misuse_is_named():
    def step(balancer=None, **options):
        return B.value_and_grad(terms, balancer or B.static(), **options)

    with pytest.raises(ValueError, match="`chunk` of at least 1, got 0"):
        step(chunk=0)
    with pytest.raises(ValueError, match="`chunk` of at least 1, got 0"):
        B.shared_value_and_grad(trunk, heads, B.static(), chunk=0)
    with pytest.raises(ValueError, match="`tasks` to be different names"):
        step(tasks="abc")
    with pytest.raises(ValueError, match="`tasks` to be different names"):
        step(tasks=["a", "a"])
    with pytest.raises(ValueError, match="no term is called 'z', as `tasks` has it"):
        step(tasks=["a", "z"])(PARAMS, (), BATCH)
    with pytest.raises(ValueError, match="there is no task to balance"):
        B.value_and_grad(lambda x: {}, B.static())(1.0, ())
    with pytest.raises(ValueError, match="weighs every parameter: no `wrt`"):
        step(purified(), wrt="trunk")
    with pytest.raises(ValueError, match="`wrt` chooses no parameter; their paths are heads/a"):
        step(inverse_norms(), wrt="trunk/las")(PARAMS, (), BATCH)
    with pytest.raises(ValueError, match="pass key="):
        step(B.random())(PARAMS, (), BATCH)
    with pytest.raises(TypeError, match="floating point `params`, got int32 at 'n'"):
        step()({"n": jnp.arange(3)}, ())
    with pytest.raises(TypeError, match="pass the arguments of the step to init"):
        step().init()
    with pytest.raises(ValueError, match=r"`weights` of shape \(4,\).*got \(2,\)"):
        step(B.static(weights=[1.0, 2.0]))(PARAMS, (), BATCH)


def test_init_computes_nothing():
    shapes = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), (PARAMS, BATCH))
    state = B.value_and_grad(terms, B.famo()).init(*shapes)
    assert state.logits.shape == (4,)
    step = B.shared_value_and_grad(trunk, heads, B.famo())
    state = step.init((shapes[0]["trunk"], shapes[0]["heads"]), shapes[1])
    assert state.logits.shape == (3,)
