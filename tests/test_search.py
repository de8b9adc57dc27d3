"""Loss search: families, strategies, populations, filters, meta-gradients, states on disk."""

import functools
import math
import types

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxloss as jl
from jaxloss import search
from jaxloss.search import families, filters, meta, state, strategies
from jaxloss.testing.case import float64

CLASSES = 4
COUNTS = (40.0, 20.0, 5.0, 1.0)
OUTPUTS = {
    "logits": jnp.asarray(np.random.default_rng(0).normal(size=(6, CLASSES)), jnp.float32),
    "logit": jnp.asarray(np.random.default_rng(1).normal(size=6), jnp.float32),
    "reals": jnp.asarray(3 * np.random.default_rng(2).normal(size=6), jnp.float32),
}
TARGETS = {
    "logits": jnp.array([0, 1, 2, 3, 0, 1]),
    "logit": jnp.array([0, 1, 1, 0, 1, 0]),
    "reals": jnp.zeros(6),
}
EVERY = [
    (name, reads)
    for reads in OUTPUTS
    for name in families.names(reads)
    if not (reads == "logit" and name in families.NEED_COUNTS)
]


def of(name, reads="logits"):
    return search.find(name, reads, counts=COUNTS if reads == "logits" else None)


# Families


@pytest.mark.parametrize(
    ("parameter", "low", "high"),
    [
        (search.Parameter("real", 2.0, spread=0.5), -3.0, 7.0),
        (search.Parameter("positive", 2.0, low=1.0), 1 + math.exp(-10), 1 + math.exp(10)),
        (search.Parameter("share", 0.25, low=0.0, high=1.0), 0.0, 1.0),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_coordinates_move_numbers_within_their_limits(parameter, low, high):
    ends = parameter.value(jnp.array([-10.0, 0.0, 10.0]))
    assert float(ends[1]) == pytest.approx(parameter.start)
    assert low - 1e-6 <= float(ends[0]) < float(ends[1]) < float(ends[2]) <= high * (1 + 1e-5)
    assert float(jax.grad(parameter.value)(0.0)) > 0


@pytest.mark.parametrize(("name", "reads"), EVERY)
def test_printed_source_is_the_loss(name, reads, capsys):
    family = of(name, reads)
    theta = jnp.asarray(np.random.default_rng(3).normal(size=family.size), jnp.float32)
    source = family.source(theta, title=r'Found in "C:\new".' + "\n\nOn some day.")
    module = types.ModuleType("found")
    exec(compile(source, "found_loss.py", "exec"), module.__dict__)
    outputs, target = OUTPUTS[reads], TARGETS[reads]
    expected = family.apply(theta, outputs, target)
    assert expected.shape == (6,)
    np.testing.assert_allclose(module.found_loss(outputs, target), expected, rtol=2e-5, atol=1e-6)
    capsys.readouterr()
    exec(compile(source, "found_loss.py", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.startswith("[")
    assert all(len(line) <= 100 for line in source.splitlines())


@pytest.mark.parametrize(("name", "reads"), [pair for pair in EVERY if pair[1] != "logit"])
def test_numbers_may_be_traced_and_differentiated(name, reads):
    family = of(name, reads)
    thetas = jnp.asarray(2 * np.random.default_rng(4).normal(size=(3, family.size)), jnp.float32)

    def mean(theta, outputs):
        return family.apply(theta, outputs, TARGETS[reads]).mean()

    run = jax.jit(jax.vmap(jax.value_and_grad(mean, (0, 1)), (0, None)))
    values, (by_theta, by_outputs) = run(thetas, OUTPUTS[reads])
    for array in (values, by_theta, by_outputs):
        assert jnp.isfinite(array).all()
    assert jnp.abs(by_outputs).max() > 0
    if family.size:
        assert jnp.abs(by_theta).max() > 0


def test_one_logit_is_two_logits_of_which_one_is_zero():
    logit, bits = OUTPUTS["logit"], TARGETS["logit"]
    theta = jnp.zeros(1).at[0].set(-30.0)  # no smoothing
    values = of("cross_entropy", "logit").apply(theta, logit, bits)
    expected = jl.classification.sigmoid_cross_entropy(logit, bits)
    np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_taylor_is_the_papers_polynomial():
    rng = np.random.default_rng(5)
    theta = rng.normal(size=8)
    logits, labels = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    numbers = {
        p.name: float(p.value(t)) for p, t in zip(of("taylor").parameters, theta, strict=True)
    }
    t = list(numbers.values())
    expected = []
    for z, y in zip(logits, labels, strict=True):
        p = np.exp(z) / np.exp(z).sum()
        total = 0.0
        for k in range(3):
            a, b = float(k == y) - t[0], p[k] - t[1]
            total += t[2] * b + t[3] * b**2 / 2 + t[4] * b**3 / 6
            total += t[5] * a * b + t[6] * a * b**2 / 2 + t[7] * a**2 * b / 2
        expected.append(-total / 3)
    found = of("taylor").apply(jnp.asarray(theta), jnp.asarray(logits), jnp.asarray(labels))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_polynomial_adds_powers_of_the_miss():
    rng = np.random.default_rng(6)
    logits, labels = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    first, second, third = 0.5, -0.25, 2.0
    p = np.exp(logits[np.arange(5), labels]) / np.exp(logits).sum(1)
    expected = -np.log(p) + first * (1 - p) + second * (1 - p) ** 2 + third * (1 - p) ** 3
    found = families.polynomial(
        jnp.asarray(logits), jnp.asarray(labels), first=first, second=second, third=third
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_families_that_do_not_fit_are_named():
    with pytest.raises(KeyError, match="there are: general_robust"):
        search.find("focal", "reals")
    with pytest.raises(ValueError, match="needs `counts`"):
        search.find("vector_scaling", "logits")


# Strategies


def rotated(x):
    """A valley of condition 100 that is no axis's: largest, 0, at (1, -2, 0.5)."""
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))[0]
    return -jnp.sum(jnp.array([1.0, 10.0, 100.0]) * jnp.square((x - OPTIMUM) @ turn), axis=-1)


OPTIMUM = jnp.array([1.0, -2.0, 0.5])


def path(strategy, fitness, generations, seed=0):
    def generation(memory, key):
        thetas, memory = strategy.ask(key, memory)
        return strategy.tell(thetas, fitness(thetas), memory), strategy.guess(memory)

    @jax.jit
    def run(key):
        keys = jax.random.split(key, generations)
        memory, guesses = jax.lax.scan(generation, strategy.init(key), keys)
        return strategy.guess(memory), guesses

    return run(jax.random.key(seed))


@pytest.mark.parametrize(
    ("make", "generations", "tolerance"),
    [(strategies.snes, 300, 0.05), (strategies.cma_es, 100, 1e-3)],
    ids=["snes", "cma_es"],
)
def test_evolution_finds_the_top_of_a_valley(make, generations, tolerance):
    found, _ = path(make(3, 16), rotated, generations)
    assert jnp.abs(found - OPTIMUM).max() < tolerance


@pytest.mark.parametrize("make", [strategies.snes, strategies.cma_es, strategies.random])
def test_only_ranks_count_and_what_broke_comes_last(make):
    def broken(thetas):
        values = rotated(thetas)
        return jnp.where(values < -200, jnp.nan, values)

    def ranked(thetas):
        values = rotated(thetas)
        return jnp.where(values < -200, -jnp.inf, jnp.exp(values / 500))

    _, first = path(make(3, 16), broken, 10)
    _, second = path(make(3, 16), ranked, 10)
    np.testing.assert_array_equal(first, second)
    assert jnp.isfinite(first).all()


def test_snes_steps_as_its_paper_says():
    strategy = strategies.snes(2, 4)
    memory = strategies.Snes(jnp.array([1.0, -1.0]), jnp.array([0.5, 2.0]))
    draws = np.array([[1.0, 0.0], [-1.0, 0.5], [0.25, -2.0], [0.0, 1.0]])
    thetas = np.array([1.0, -1.0]) + np.array([0.5, 2.0]) * draws
    fitness = np.array([3.0, 1.0, 4.0, 2.0])
    raw = np.maximum(0, math.log(4 / 2 + 1) - np.log([1, 2, 3, 4]))
    utility = raw / raw.sum() - 1 / 4
    best_first = draws[[2, 0, 3, 1]]
    rate = (3 + math.log(2)) / (5 * math.sqrt(2))
    mean = np.array([1.0, -1.0]) + np.array([0.5, 2.0]) * (utility @ best_first)
    sigma = np.array([0.5, 2.0]) * np.exp(rate / 2 * (utility @ (best_first**2 - 1)))
    found = strategy.tell(jnp.asarray(thetas), jnp.asarray(fitness), memory)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-5)
    np.testing.assert_allclose(found.sigma, sigma, rtol=1e-5)


def test_random_search_keeps_the_best():
    strategy = strategies.random(2, 4)
    memory = strategy.init(jax.random.key(0))
    memory = strategy.tell(jnp.eye(4, 2), jnp.array([0.0, 3.0, jnp.nan, 1.0]), memory)
    memory = strategy.tell(5 * jnp.eye(4, 2), jnp.array([2.0, -jnp.inf, 0.0, 1.0]), memory)
    np.testing.assert_array_equal(strategy.guess(memory), [0.0, 1.0])


def test_lineup_takes_alternatives_in_turn():
    strategy = strategies.lineup(3, 2)
    memory = strategy.init(jax.random.key(0))
    asked = []
    for generation in range(3):
        thetas, memory = strategy.ask(jax.random.key(generation), memory)
        asked.append(np.asarray(thetas))
    np.testing.assert_array_equal(np.concatenate(asked)[:, 0], [0, 1, 2, 0, 1, 2])
    beside = np.concatenate(asked)[:, 1]
    assert (beside[:3] == 0).all()
    assert (beside[3:] != 0).all()


class Climber:
    """As small as an algorithm of evosax may be: it minimises, and keeps its best candidate."""

    def __init__(self, population_size, solution):
        self.default_params, self.shape = {}, (population_size, solution.size)

    def init(self, key, mean, params):
        return {"mean": mean, "best": jnp.inf}

    def ask(self, key, memory, params):
        return memory["mean"] + 0.3 * jax.random.normal(key, self.shape), memory

    def tell(self, key, population, fitness, memory, params):
        place = jnp.argmin(fitness)
        better = fitness[place] < memory["best"]
        mean = jnp.where(better, population[place], memory["mean"])
        return {"mean": mean, "best": jnp.minimum(memory["best"], fitness[place])}, {}

    def get_mean(self, memory):
        return memory["mean"]


def test_algorithms_of_evosax_are_strategies():
    strategy = search.from_evosax(Climber, 3, 16)
    found, guesses = path(strategy, rotated, 60)
    assert rotated(found) > rotated(guesses[0]) / 10


# Populations


def quadratic(theta, seed, offset):
    """A training in a few steps of gradient descent, with a fitness that shows both arguments."""

    def step(x, shift):
        return x - 0.1 * jax.grad(lambda x: jnp.sum(jnp.square(x - theta - shift)))(x), None

    x, _ = jax.lax.scan(step, jnp.zeros(2), seed)
    return -jnp.sum(jnp.square(x - offset))


THETAS = np.random.default_rng(8).normal(size=(5, 2)).astype(np.float32)
SEEDS = np.random.default_rng(9).normal(size=(3, 4, 2)).astype(np.float32)
OFFSET = jnp.array([1.0, 0.0])


@functools.cache
def one_by_one():
    train = jax.jit(quadratic)
    return np.array([[float(train(t, s, OFFSET)) for s in SEEDS] for t in THETAS])


@pytest.mark.parametrize("size", [1, 4, 64])
@pytest.mark.parametrize("devices", [1, 8])
def test_a_population_is_what_its_members_are_one_by_one(size, devices):
    run = search.Evaluator(quadratic, size, jax.devices()[:devices])
    found = run(THETAS, SEEDS, OFFSET)
    np.testing.assert_allclose(found, one_by_one(), rtol=1e-5)
    some = run(THETAS, SEEDS, OFFSET, live=2)
    np.testing.assert_array_equal(some[:2], found[:2])
    assert (some[2:] == -jnp.inf).all()
    assert run._program._cache_size() == 1


def test_what_is_not_finite_is_the_worst():
    run = search.Evaluator(lambda t, s: jnp.log(t[0]) * s, 2, jax.devices()[:1])
    found = run(jnp.array([[-1.0], [0.0], [2.0]]), jnp.ones(1))
    np.testing.assert_allclose(found[:, 0], [-jnp.inf, -jnp.inf, np.log(2)], rtol=1e-6)


def test_batch_sizes_are_measured_or_ruled():
    rates = search.measured(
        quadratic, THETAS, SEEDS, OFFSET, sizes=(1, 4), devices=jax.devices()[:1]
    )
    assert set(rates) == {1, 4}
    assert min(rates.values()) > 0
    fitted = search.evaluator(quadratic, THETAS[0], SEEDS[0], OFFSET, devices=jax.devices()[:1])
    assert fitted.batch_size == 4


# Filters


def test_filters_reject_what_cannot_learn():
    family = of("generalized_cross_entropy")

    def signed(theta, outputs, target):
        """The same, upside down for negative signs, and deaf for 0."""
        return theta[1] * family.apply(theta[:1], outputs, target)

    thetas = jnp.array([[0.0, 1.0], [0.0, -1.0], [0.0, 0.0], [jnp.nan, 1.0]])
    target = jnp.arange(32) % CLASSES
    outputs = jnp.asarray(np.random.default_rng(10).normal(size=(32, CLASSES)), jnp.float32)
    alive = jax.jit(
        lambda thetas: filters.learns(
            signed,
            thetas,
            outputs,
            target,
            score=lambda x, t: (x.argmax(-1) == t).mean(),
        )
    )(thetas)
    np.testing.assert_array_equal(alive, [True, False, False, False])


def test_equal_gradients_are_trained_once():
    def scaled(theta, outputs, target):
        return jnp.exp(theta[0]) * jl.regression.huber(outputs, target, delta=jnp.exp(theta[1]))

    thetas = jnp.array([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [0.0, 2.0], [-1.0, 1.0]])
    marks = filters.directions(scaled, thetas, OUTPUTS["reals"], TARGETS["reals"])
    sifted = filters.sift([True, True, True, False, True], marks)
    np.testing.assert_array_equal(sifted.kept, [0, 2])
    np.testing.assert_array_equal(sifted.twin, [0, 0, 1, -1, 1])
    spread = sifted.spread(np.array([0.5, 0.7]))
    np.testing.assert_array_equal(spread, [0.5, 0.5, 0.7, -np.inf, 0.7])


def test_halving_trains_fewer_for_longer():
    seen = []

    def evaluate(thetas, steps):
        seen.append((len(thetas), steps))
        # What looks best after one step is not what is best after many.
        return thetas[:, 0] if steps == 1 else -thetas[:, 0]

    order, fitness = search.successive_halving(
        evaluate, [[0.0], [1.0], [np.nan], [2.0], [3.0]], (1, 10, 100)
    )
    assert seen == [(5, 1), (3, 10), (2, 100)]
    np.testing.assert_array_equal(order, [1, 3, 4, 0, 2])
    np.testing.assert_array_equal(fitness, [0.0, -1.0, np.nan, -2.0, -3.0])


# Meta-gradients


def meta_problem():
    rng = np.random.default_rng(11)
    x = jnp.asarray(rng.normal(size=(12, 8, 3)))
    y = x @ jnp.array([1.0, -1.0, 0.5]) + jnp.where(jnp.asarray(rng.random((12, 8))) < 0.2, 8.0, 0)
    clean = x[0] @ jnp.array([1.0, -1.0, 0.5])
    family = search.find("general_robust", "reals")

    def inner(theta, params, batch):
        inputs, target = batch
        return family.apply(theta, inputs @ params, target).mean()

    def outer(params):
        return jnp.mean(jnp.square(x[0] @ params - clean))

    run = meta.unrolled(inner, outer, optax.sgd(0.2, momentum=0.5))
    return lambda theta: run(theta, jnp.zeros(3, x.dtype), (x, y))


def test_meta_gradients_are_slopes():
    with float64():
        objective = meta_problem()
        theta = jnp.array([0.2, -0.1], jnp.float64)
        gradient = jax.jit(jax.grad(objective))(theta)
        value = jax.jit(objective)
        for i, direction in enumerate(np.eye(2)):
            step = 1e-5 * direction
            slope = (value(theta + step) - value(theta - step)) / 2e-5
            np.testing.assert_allclose(gradient[i], slope, rtol=1e-5)


def test_descent_along_meta_gradients_makes_a_loss_more_robust():
    objective = meta_problem()
    theta, values = jax.jit(
        lambda theta: meta.descend(
            lambda theta, draw: objective(theta), theta, jnp.zeros(30), optax.adam(0.1)
        )
    )(jnp.zeros(2))
    assert values[-1] < 0.7 * values[0]
    assert jnp.isfinite(theta).all()


# States


def test_states_come_back_as_they_were(tmp_path):
    path = tmp_path / "state.npz"
    arrays = {"a/b": np.arange(3.0, dtype=np.float32), "c": np.array([[1, 2]], np.int32)}
    state.save(path, {"version": 1, "hidden": (8, 8)}, arrays)
    found = state.load(path, {"version": 1, "hidden": [8, 8]})
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


def test_states_of_another_search_are_refused(tmp_path):
    path = tmp_path / "state.npz"
    state.save(path, {"version": 1, "steps": 20}, {})
    with pytest.raises(state.StateError, match="its steps is 20, not 30"):
        state.load(path, {"version": 1, "steps": 30})
    with pytest.raises(state.StateError, match="its seeds is None, not 4"):
        state.load(path, {"version": 1, "steps": 20, "seeds": 4})


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"no archive"])
def test_damaged_states_are_refused_in_one_line(tmp_path, content):
    path = tmp_path / "state.npz"
    path.write_bytes(content)
    with pytest.raises(state.StateError, match="damaged") as caught:
        state.load(path, {})
    assert "\n" not in str(caught.value)


def test_a_write_that_fails_leaves_the_old_state(tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    state.save(path, {}, {"x": np.zeros(2)})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.save(path, {}, {"x": np.ones(2)})
    monkeypatch.undo()
    np.testing.assert_array_equal(state.load(path, {})["x"], np.zeros(2))
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
