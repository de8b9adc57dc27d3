"""Attacks: what they reach, where they stay, what passes through them; and what trains on them."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P

import jaxloss as jl
from benchmarks.timing import matmul_flops
from jaxloss.testing.case import float64

KEY = jax.random.key(0)
NORMS = ("linf", "l2", "l1")
ORDERS = {"linf": np.inf, "l2": 2, "l1": 1}
DUALS = {"linf": "l1", "l2": "l2", "l1": "linf"}
cross_entropy = jl.classification.softmax_cross_entropy


def lengths(change, norm):
    return np.linalg.norm(np.asarray(change, np.float64), ord=ORDERS[norm], axis=-1)


def in_each_norm(attack, objective, x, eps, **options):
    """Attack three copies of the inputs at once, each in a ball of another norm."""

    def total(parts):
        return sum(objective(part) for part in parts.values())

    each = functools.partial(dict.fromkeys, NORMS)
    return attack(total, each(x), KEY, eps=each(eps), norm={n: n for n in NORMS}, **options)


# A small network that is far from linear, and inputs in [0, 1].
RNG = np.random.default_rng(0)
WEIGHTS = {
    "first": jnp.asarray(RNG.standard_normal((12, 16)), jnp.float32),
    "last": jnp.asarray(RNG.standard_normal((16, 4)), jnp.float32),
}
X = jnp.asarray(RNG.uniform(0, 1, (32, 12)), jnp.float32)


def net(weights, x):
    return jnp.tanh((x - 0.5) @ weights["first"]) @ weights["last"]


LABELS = jnp.argmax(net(WEIGHTS, X), axis=-1)


def rise(x, weights=WEIGHTS):
    return cross_entropy(net(weights, x), LABELS)


# --- what attacks reach


SLOPES = RNG.standard_normal((8, 300)).astype(np.float32)
RADII = np.linspace(0.1, 3, 8).astype(np.float32)
FROM_INPUTS = {
    "fgsm": jl.attack.fgsm,
    "pgd": functools.partial(jl.attack.pgd, init="zero", steps=20),
    "auto_pgd": functools.partial(jl.attack.auto_pgd, init="zero", steps=20),
}


@pytest.mark.parametrize("attack", FROM_INPUTS.values(), ids=FROM_INPUTS)
def test_gain_on_a_linear_model_is_the_dual_norm(attack):
    """The largest rise within a ball is its radius times the dual norm of the slope."""
    start = jnp.full(SLOPES.shape, 0.25)
    run = jax.jit(lambda: in_each_norm(attack, lambda z: jnp.sum(SLOPES * z, -1), start, RADII))
    for norm, z in run().items():
        gain = jnp.sum(SLOPES * (z - start), -1)
        expected = RADII * lengths(SLOPES, DUALS[norm])
        np.testing.assert_allclose(gain, expected, rtol=1e-3, err_msg=norm)


def test_random_starts_cost_little_of_the_gain():
    """In l2, steps of 2.5 radii in all have to come from the other side of the ball."""
    attack = functools.partial(jl.attack.pgd, steps=40)
    start = jnp.zeros(SLOPES.shape)
    run = jax.jit(lambda: in_each_norm(attack, lambda z: jnp.sum(SLOPES * z, -1), start, RADII))
    for norm, z in run().items():
        gain = np.sum(SLOPES * z, -1) / (RADII * lengths(SLOPES, DUALS[norm]))
        np.testing.assert_allclose(gain, 1, rtol=0.05 if norm == "l2" else 1e-3, err_msg=norm)


def test_l1_goes_on_to_the_next_coordinate_where_the_box_holds_one_back():
    slope = np.array([4.0, -3.0, 2.0, 1.0], np.float32)
    attack = functools.partial(jl.attack.fgsm, eps=1.25, norm="l1", lower=0.0, upper=1.0)
    z = jax.jit(lambda x: attack(lambda z: z @ slope, x))(jnp.full((1, 4), 0.5))
    np.testing.assert_allclose(z, [[1.0, 0.0, 0.75, 0.5]])


def test_pgd_follows_a_loop_by_hand():
    """The same path as a loop over examples and steps in float64, in every norm."""
    scale, x = np.array([3.0, 1.0, 2.0]), np.array([[0.2, 0.5, 0.9], [0.7, 0.1, 0.4]])
    eps, size, steps = 0.3, 0.11, 7

    def by_hand(z, norm):
        z = z.copy()
        for one, start in zip(z, x, strict=True):
            for _ in range(steps):
                slope = scale * np.cos(scale * one)
                slope[(one >= 1) & (slope > 0) | (one <= 0) & (slope < 0)] = 0
                if norm == "linf":
                    one += size * np.sign(slope)
                elif norm == "l2":
                    one += size * slope / np.sqrt(np.sum(slope**2))
                else:
                    left = size
                    for k in sorted(range(3), key=lambda k: -abs(slope[k])):
                        move = min(left, 1 - one[k] if slope[k] > 0 else one[k])
                        one[k] += move * np.sign(slope[k])
                        left -= move
                one[:] = np.clip(start + nearest(one - start, norm), 0, 1)
        return z

    def nearest(change, norm):
        if norm == "linf":
            return np.clip(change, -eps, eps)
        if norm == "l2":
            return change * min(1, eps / max(np.sqrt(np.sum(change**2)), 1e-30))
        low, high = 0.0, np.abs(change).max()
        for _ in range(200):  # shrink all by the same until the sum fits
            low, high = (
                ((low + high) / 2, high)
                if np.maximum(np.abs(change) - (low + high) / 2, 0).sum() > eps
                else (low, (low + high) / 2)
            )
        fits = np.abs(change).sum() <= eps
        return change if fits else np.sign(change) * np.maximum(np.abs(change) - high, 0)

    attack = functools.partial(
        jl.attack.pgd, steps=steps, step_size=size, init="zero", lower=0.0, upper=1.0
    )
    with float64():
        run = jax.jit(
            lambda x: in_each_norm(attack, lambda z: jnp.sum(jnp.sin(scale * z), -1), x, eps)
        )
        found = run(jnp.asarray(x))
    for norm, z in found.items():
        np.testing.assert_allclose(z, by_hand(x, norm), rtol=1e-9, err_msg=norm)


def auto_pgd_by_hand(value, slope, x, eps, steps):
    """Algorithm 1 of Croce and Hein 2020 for one example, in the l-infinity ball."""
    places = [0.0, 0.22]
    while places[-1] < 1:
        places.append(places[-1] + max(places[-1] - places[-2] - 0.03, 0.06))
    checkpoints = [math.ceil(round(place * steps, 9)) for place in places]

    def inside(z):
        return x + np.clip(z - x, -eps, eps)

    path, size = [x.copy()], 2 * eps
    best, top = x.copy(), value(x)
    rises, last, halved, at_last = 0, 0, False, -np.inf
    for k in range(steps):
        if k > 0 and k in checkpoints:
            slow, stuck = rises < 0.75 * (k - last), not halved and top == at_last
            halved = slow or stuck
            if halved:
                size /= 2
                path[-1] = best.copy()
            rises, last, at_last = 0, k, top
        here, before = path[-1], path[-2] if k > 0 else path[-1]
        z = inside(here + size * np.sign(slope(here)))
        share = 0.75 if k > 0 else 1.0
        path.append(inside(here + share * (z - here) + (1 - share) * (here - before)))
        rises += value(path[-1]) > value(here)
        if value(path[-1]) > top:
            best, top = path[-1].copy(), value(path[-1])
    return best


def test_auto_pgd_follows_the_paper():
    scale, x = np.array([9.0, 4.0, 13.0]), np.random.default_rng(3).uniform(-1, 1, (6, 3))

    def value(z):
        return np.sum(np.sin(scale * z) * np.array([1.0, 2.0, 0.5]), -1)

    def slope(z):
        return scale * np.cos(scale * z) * np.array([1.0, 2.0, 0.5])

    expected = [auto_pgd_by_hand(value, slope, one, 0.8, 50) for one in x]
    with float64():
        attack = functools.partial(jl.attack.auto_pgd, eps=0.8, steps=50, init="zero")
        heights = jnp.array([1.0, 2.0, 0.5])
        z = jax.jit(lambda x: attack(lambda z: jnp.sum(jnp.sin(scale * z) * heights, -1), x))(x)
    np.testing.assert_allclose(z, expected, rtol=1e-9)


def test_auto_pgd_reaches_what_pgd_reaches():
    attacks = [functools.partial(a, steps=50) for a in (jl.attack.pgd, jl.attack.auto_pgd)]
    region = {"eps": 0.15, "lower": 0.0, "upper": 1.0, "init": "zero"}
    plain, own = jax.jit(lambda: [rise(a(rise, X, **region)) for a in attacks])()
    assert jnp.mean(own) >= jnp.mean(plain)
    assert jnp.mean(own >= plain - 1e-4) > 0.9
    assert jnp.mean(plain) > 2 * jnp.mean(rise(X))


def test_attacks_with_dlr_do_not_depend_on_the_scale_of_the_logits():
    @jax.jit
    def reached(scale):
        def objective(x):
            return jl.adversarial.dlr(scale * net(WEIGHTS, x), LABELS)

        return jl.attack.auto_pgd(objective, X, eps=0.1, steps=10, init="zero")

    small, large = reached(0.5), reached(2.0**20)
    assert jnp.all(small == large)
    assert jnp.mean(jnp.argmax(net(WEIGHTS, small), -1) == LABELS) < 0.3


def test_best_is_the_highest_point_passed():
    """Steps as large as the ball overshoot; the best point is never below the inputs."""
    attack = functools.partial(
        jl.attack.pgd, eps=1.0, steps=5, step_size=2.0, init="zero", best=True
    )
    peak = jnp.array([[0.3], [0.9]])
    z = attack(lambda z: -((z - peak)[:, 0] ** 2), jnp.zeros((2, 1)))
    np.testing.assert_allclose(z, [[0.0], [1.0]])


def test_restarts_keep_the_highest_of_each_example():
    def anywhere(objective, x, key):
        return x + jax.random.normal(key, x.shape)

    @jax.jit
    def run():
        points = jax.lax.map(lambda key: anywhere(rise, X, key), jax.random.split(KEY, 4))
        return jl.attack.restarted(anywhere, 4)(rise, X, KEY), points, jax.vmap(rise)(points)

    found, points, values = run()
    winner = jnp.argmax(values, axis=0)
    assert len(set(winner.tolist())) > 1
    np.testing.assert_allclose(found, points[winner, jnp.arange(len(X))], atol=1e-6)


def test_power_iteration_finds_the_greatest_curvature():
    """The top eigenvector of the Fisher information, pulled back through a linear model."""
    kernel = RNG.standard_normal((6, 3)).astype(np.float32)
    x = RNG.standard_normal((2, 6)).astype(np.float32)
    reference = jax.nn.log_softmax(x @ kernel)

    def divergence(z):
        return jnp.sum(jnp.exp(reference) * (reference - jax.nn.log_softmax(z @ kernel)), -1)

    z = jax.jit(lambda: jl.attack.power_iteration(divergence, x, KEY, eps=0.5, steps=30))()
    for p, moved, start in zip(np.exp(reference), np.asarray(z), x, strict=True):
        fisher = kernel @ (np.diag(p) - np.outer(p, p)) @ kernel.T
        top = np.linalg.eigh(fisher)[1][:, -1]
        np.testing.assert_allclose(abs((moved - start) @ top), 0.5, rtol=1e-4)


# --- where they stay


ATTACKS = {
    "fgsm": jl.attack.fgsm,
    "pgd": functools.partial(jl.attack.pgd, steps=3, step_size=1.0, init="zero", best=True),
    "start": functools.partial(jl.attack.pgd, steps=0),
    "auto_pgd": functools.partial(jl.attack.auto_pgd, steps=8, init="zero"),
    "power_iteration": jl.attack.power_iteration,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacked_inputs_lie_in_ball_and_box(name):
    eps = jnp.asarray(RNG.choice([0.0, 0.01, 0.1, 1.0, 5.0], len(X)), jnp.float32)
    attack = functools.partial(ATTACKS[name], lower=0.0, upper=1.0)
    if name == "power_iteration":
        found = {"l2": jax.jit(lambda: attack(rise, X, KEY, eps=eps))()}
    else:
        found = jax.jit(lambda: in_each_norm(attack, rise, X, eps))()
    for norm, z in found.items():
        assert z.dtype == X.dtype
        assert jnp.all((z >= 0) & (z <= 1)), norm
        size = lengths(np.asarray(z, np.float64) - np.asarray(X, np.float64), norm)
        rounding = 12 * np.finfo(np.float32).eps  # of adding a change to an input, in each entry
        assert np.all(size <= np.asarray(eps, np.float64) * (1 + 1e-6) + rounding), norm
        assert jnp.all(z[eps == 0] == X[eps == 0]), norm
        assert jnp.all(jnp.any(z != X, axis=-1) == (eps > 0)), norm


def test_random_starts_fill_the_ball():
    """In three dimensions, the cube of the distance is uniform in [0, 1]."""
    attack = functools.partial(jl.attack.pgd, steps=0)
    run = jax.jit(lambda x: in_each_norm(attack, lambda z: z[:, 0], x, 2.0))
    for norm, z in run(jnp.zeros((4000, 3))).items():
        volume = np.sort((lengths(z, norm) / 2) ** 3)
        assert np.abs(volume - np.linspace(0, 1, 4000)).max() < 0.03, norm
        np.testing.assert_allclose(np.mean(z, axis=0), 0, atol=0.1)


def test_normal_starts_are_near_in_any_dimension():
    attack = functools.partial(jl.attack.pgd, steps=0, init="normal")
    run = jax.jit(lambda x: in_each_norm(attack, lambda z: z[:, 0], x, 1.0))
    for norm, z in run(jnp.zeros((200, 400))).items():
        assert 0.01 < lengths(z, norm).mean() < 0.15, norm


def test_a_box_that_excludes_the_input_wins():
    z = jl.attack.pgd(
        lambda z: z[:, 0], jnp.array([[1.5]]), KEY, eps=0.1, steps=1, lower=0.0, upper=1.0
    )
    assert z == 1.0


def test_no_gradient_no_step():
    """A flat objective leaves the inputs alone; a gradient of 1e-30 is one to follow."""
    slope = jnp.zeros((4, 6)).at[1:].set(1e-30).at[2, 3:].set(0)

    attack = functools.partial(jl.attack.pgd, steps=3, init="zero")
    run = jax.jit(lambda x: in_each_norm(attack, lambda z: jnp.sum(slope * z, -1), x, 0.5))
    for norm, z in run(jnp.ones(slope.shape)).items():
        assert jnp.all(z[0] == 1)
        assert jnp.all(z[2, 3:] == 1)
        np.testing.assert_allclose(lengths(z[1:] - 1, norm), 0.5, rtol=1e-5)


def test_power_iteration_stays_where_nothing_curves():
    z = jl.attack.power_iteration(lambda z: 3 * z[:, 0], jnp.ones((2, 5)), KEY, eps=1.0)
    assert jnp.all(z == 1)


# --- kinds of inputs


def test_small_steps_add_up_in_bfloat16():
    """A step of 1e-3 is lost beside 1 in bfloat16; a hundred of them are not."""
    x = jnp.ones((2, 3), jnp.bfloat16)
    attack = functools.partial(jl.attack.pgd, eps=0.125, steps=100, step_size=2e-3, init="zero")
    z = attack(lambda z: jnp.sum(z, -1), x)
    assert z.dtype == jnp.bfloat16
    assert jnp.all(z == 1.125)
    with float64():
        wide = attack(lambda z: jnp.sum(z, -1), jnp.ones((2, 3), jnp.float64))
        assert wide.dtype == jnp.float64
        np.testing.assert_allclose(wide, 1.125, rtol=1e-15)


def test_each_part_of_a_tree_has_a_ball_of_its_own():
    x = {"image": X.reshape(32, 3, 4), "text": (jnp.ones((32, 5)), jnp.ones((32, 2)))}

    def objective(x):
        text = jnp.concatenate(x["text"], axis=-1)
        return jnp.sum(jnp.sin(3 * x["image"]), (1, 2)) + jnp.sum(text**2, -1)

    radii = np.linspace(0, 1, 32).astype(np.float32)
    attack = functools.partial(
        jl.attack.pgd,
        eps={"image": 0.1, "text": radii},
        norm={"image": "linf", "text": "l2"},
        step_size={"image": 0.02, "text": 0.3},
        lower={"image": 0.0, "text": -np.inf},
        upper={"image": 1.0, "text": np.inf},
        init="zero",
    )
    z = jax.jit(lambda x: attack(objective, x))(x)
    images = np.asarray(z["image"], np.float64) - np.asarray(x["image"], np.float64)
    np.testing.assert_allclose(np.abs(images).max(), 0.1, rtol=1e-5)
    assert jnp.all((z["image"] >= 0) & (z["image"] <= 1))
    text = jnp.concatenate(z["text"], axis=-1) - 1
    np.testing.assert_allclose(lengths(text, "l2"), radii, atol=1e-6)


def test_parts_under_one_radius_share_a_ball():
    slope = {"a": jnp.array([3.0]), "b": (jnp.array([4.0]),)}
    x = jax.tree.map(lambda leaf: jnp.zeros((1, *leaf.shape)), slope)
    z = jl.attack.fgsm(lambda x: x["a"] @ slope["a"] + x["b"][0] @ slope["b"][0], x, eps=1.0)
    assert jax.tree.leaves(z) == [1.0, 1.0]
    joint = jl.attack.fgsm(
        lambda x: x["a"] @ slope["a"] + x["b"][0] @ slope["b"][0], x, eps=1.0, norm="l2"
    )
    np.testing.assert_allclose(jax.tree.leaves(joint), [[[0.6]], [[0.8]]], rtol=1e-6)


def test_radii_may_be_traced_mapped_and_differ_by_example():
    radii = jnp.array([0.0, 0.05, 0.1, 0.2, 0.4])
    traces = 0

    @jax.jit
    def reached(eps):
        nonlocal traces
        traces += 1
        return rise(jl.attack.pgd(rise, X, eps=eps, steps=5, init="zero"))

    singly = jnp.stack([reached(eps) for eps in radii])
    assert traces == 1
    np.testing.assert_allclose(jax.vmap(reached)(radii), singly, rtol=1e-4, atol=1e-5)
    assert jnp.all(jnp.diff(jnp.mean(singly, -1)) > 0)
    which = np.arange(len(X)) % 5
    np.testing.assert_allclose(
        reached(radii[which]), singly[which, np.arange(len(X))], rtol=1e-4, atol=1e-5
    )


def test_examples_do_not_see_each_other():
    """NaN in one, a label out of range in another, and the rest is as it was."""
    labels = LABELS.at[1].set(-100)

    @jax.jit
    def run(x, labels):
        def objective(z):
            return cross_entropy(net(WEIGHTS, z), labels)

        return jl.attack.auto_pgd(objective, x, eps=0.1, steps=6, init="zero")

    clean, z = run(X, LABELS), run(X.at[0, 3].set(jnp.nan), labels)
    np.testing.assert_allclose(z[2:], clean[2:], atol=1e-6)
    assert jnp.all(z[1] == X[1])


def test_masked_examples_stay():
    kept = jnp.arange(len(X)) % 3 > 0
    loss = functools.partial(jl.masked(cross_entropy), where=kept)
    labels = jnp.where(kept, LABELS, -100)
    attack = jax.jit(lambda x: jl.attack.fgsm(lambda z: loss(net(WEIGHTS, z), labels), x, eps=0.1))
    assert jnp.all(jnp.any(attack(X) != X, axis=-1) == kept)


def test_serves_empty_batches():
    run = jax.jit(lambda x: in_each_norm(jl.attack.pgd, lambda z: z[:, 0], x, 1.0))
    assert all(z.shape == (0, 3) for z in run(jnp.zeros((0, 3))).values())


def test_runs_on_divided_batches():
    """The same with the batch divided over devices, by jit and by shard_map."""
    mesh = Mesh(np.array(jax.devices()), ("batch",))

    def run(x, labels):
        def objective(z):
            return cross_entropy(net(WEIGHTS, z), labels)

        options = {"eps": 0.1, "steps": 2, "init": "zero"}
        attack = functools.partial(jl.attack.auto_pgd, norm="l2", **options)
        return jl.attack.restarted(attack, 2)(objective, x, KEY)

    expected = jax.jit(run)(X, LABELS)
    placed = jax.device_put((X, LABELS), NamedSharding(mesh, P("batch")))
    np.testing.assert_allclose(jax.jit(run)(*placed), expected, atol=1e-4)
    mapped = jax.shard_map(run, mesh=mesh, in_specs=P("batch"), out_specs=P("batch"))
    np.testing.assert_allclose(jax.jit(mapped)(X, LABELS), expected, atol=1e-4)


# --- what passes through them


def test_results_are_constants():
    @jax.jit
    def slopes(weights, x, eps):
        def total(weights, x, eps):
            def objective(z):
                return cross_entropy(net(weights, z), LABELS)

            attacks = [
                functools.partial(jl.attack.pgd, steps=2),
                functools.partial(jl.attack.auto_pgd, steps=2),
                jl.attack.power_iteration,
                jl.attack.restarted(jl.attack.fgsm, 2),
            ]
            return sum(jnp.sum(a(objective, x, KEY, eps=eps) ** 2) for a in attacks)

        return jax.grad(total, (0, 1, 2))(weights, x, eps)

    for leaf in jax.tree.leaves(slopes(WEIGHTS, X, 0.1)):
        assert jnp.all(leaf == 0)


def test_nothing_of_the_training_step_is_traced_through_the_attack():
    """Matrix products of a step: those of the attack, and those of training on fixed inputs."""

    def value(weights, attack):
        parts = jl.attack.adversarial(
            lambda x: net(weights, x), X, LABELS, KEY, loss=cross_entropy, attack=attack
        )
        return jnp.mean(parts.values)

    def work(function, *args):
        return matmul_flops(jax.make_jaxpr(function)(*args))

    steps = 7
    attack = functools.partial(jl.attack.pgd, eps=0.1, steps=steps)
    step = work(jax.grad(lambda w: value(w, attack)), WEIGHTS)
    fixed = work(jax.grad(lambda w: value(w, lambda *_: X)), WEIGHTS)
    alone = work(lambda: attack(rise, X, KEY))
    assert step == fixed + alone
    forward = work(rise, X)
    backward = work(jax.grad(lambda x: jnp.sum(rise(x))), X)
    assert alone == steps * backward
    assert alone < 2.1 * steps * forward


def test_programs_do_not_grow_with_the_number_of_steps():
    def program(attack, **options):
        return str(jax.make_jaxpr(lambda: attack(rise, X, KEY, eps=0.1, **options))())

    for attack in (jl.attack.pgd, jl.attack.power_iteration):
        assert len(program(attack, steps=2).splitlines()) == len(
            program(attack, steps=200).splitlines()
        )
    sizes = [len(program(jl.attack.auto_pgd, steps=steps).splitlines()) for steps in (2, 200)]
    assert sizes[0] == sizes[1]


def test_the_number_of_steps_may_be_traced():
    slope = jnp.array([1.0, -2.0])

    def moved(x, steps):
        return jl.attack.pgd(
            lambda z: z @ slope, x, eps=1.0, steps=steps, step_size=0.25, init="zero"
        )

    gradient = jax.value_and_grad(lambda x, steps: jnp.sum(x * moved(x, steps)))
    for steps, way in ((0, 0.0), (3, 0.75), (9, 1.0)):
        value, grad = jax.jit(gradient)(jnp.ones((1, 2)), steps)
        np.testing.assert_allclose(grad, [[1 + way, 1 - way]])
        assert value == 2


def test_globals_are_read_anew():
    """An objective that reads a variable sees what the variable is now."""
    slope = jnp.array([1.0, 1.0])

    def objective(z):
        return z @ slope

    before = jl.attack.fgsm(objective, jnp.zeros((1, 2)), eps=1.0)
    slope = -slope
    after = jl.attack.fgsm(objective, jnp.zeros((1, 2)), eps=1.0)
    assert before.tolist() == [[1, 1]]
    assert after.tolist() == [[-1, -1]]


# --- objectives to train with


def np_log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def by_hand(method, clean, robust, labels, beta):
    """The papers' objectives from logits of clean and attacked inputs, in float64."""
    values = []
    for z, w, y in zip(clean, robust, labels, strict=True):
        p, q = np.exp(np_log_softmax(z)), np.exp(np_log_softmax(w))
        kl = sum(a * np.log(a / b) for a, b in zip(p, q, strict=True))
        wrong = max(b for k, b in enumerate(q) if k != y)
        values.append(
            {
                "adversarial": -np.log(q[y]),
                "trades": -np.log(p[y]) + beta * kl,
                "mart": -np.log(q[y]) - np.log(1 - wrong) + beta * kl * (1 - p[y]),
                "alp": -np.log(p[y] * q[y]) / 2 + beta * np.sum((z - w) ** 2),
                "virtual_adversarial": kl,
            }[method]
        )
    return np.array(values)


def train_with(method, model, x, labels, attack, **options):
    function = getattr(jl.attack, method)
    if method == "virtual_adversarial":
        return function(model, x, KEY, attack=attack, **options)
    if method != "mart":
        options["loss"] = cross_entropy
    if method != "adversarial":
        options["beta"] = 2.5
    return function(model, x, labels, KEY, attack=attack, **options).values


METHODS = ("adversarial", "trades", "mart", "alp", "virtual_adversarial")
KERNEL = RNG.standard_normal((5, 4))
CLEAN, MOVED = RNG.standard_normal((2, 9, 5))
RIGHT = np.arange(9) % 4


@functools.cache
def on_given_inputs():
    """Values of all methods, and gradients in the kernel of a linear model, in float64."""

    def total(kernel, method):
        x, attack = jnp.asarray(CLEAN), lambda *_: jnp.asarray(MOVED)
        values = train_with(method, lambda x: x @ kernel, x, RIGHT, attack)
        return jnp.sum(values), values

    with float64():
        step = jax.value_and_grad(total, has_aux=True)
        return jax.jit(lambda kernel: {m: step(kernel, m) for m in METHODS})(KERNEL)


@pytest.mark.parametrize("method", METHODS)
def test_objectives_are_those_of_the_papers(method):
    """Values, and gradients in the parameters by differences, for inputs that are given."""
    (_, values), grad = on_given_inputs()[method]

    def expected(kernel):
        # The reference of virtual adversarial training is a constant.
        clean = CLEAN @ (KERNEL if method == "virtual_adversarial" else kernel)
        return by_hand(method, clean, MOVED @ kernel, RIGHT, 2.5)

    np.testing.assert_allclose(values, expected(KERNEL), rtol=1e-10)
    for place in np.ndindex(KERNEL.shape):
        step = np.zeros_like(KERNEL)
        step[place] = 1e-6
        slope = (expected(KERNEL + step) - expected(KERNEL - step)).sum() / 2e-6
        np.testing.assert_allclose(grad[place], slope, rtol=1e-6, atol=1e-7)


@functools.cache
def trained_at(eps):
    """Values of all methods, and of clean inputs: one program for every radius."""
    return _trained(jnp.float32(eps))


@jax.jit
def _trained(eps):
    model = functools.partial(net, WEIGHTS)
    attack = functools.partial(jl.attack.pgd, eps=eps, steps=4, init="normal")
    values = {method: train_with(method, model, X, LABELS, attack) for method in METHODS}
    power = functools.partial(jl.attack.power_iteration, eps=eps)
    return values | {"power": train_with("virtual_adversarial", model, X, LABELS, power)}


def test_without_a_ball_they_are_what_they_extend():
    found, plain = trained_at(0.0), rise(X)
    for method in ("adversarial", "trades", "alp"):
        np.testing.assert_allclose(found[method], plain, rtol=1e-5, atol=1e-6)
    log_p = jax.nn.log_softmax(net(WEIGHTS, X))
    wrong = jnp.max(jnp.where(jax.nn.one_hot(LABELS, 4, dtype=bool), 0, jnp.exp(log_p)), -1)
    np.testing.assert_allclose(found["mart"], plain - jnp.log1p(-wrong), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["virtual_adversarial"], 0, atol=1e-6)


def test_within_a_ball_attacks_raise_them():
    nothing, little, much = (trained_at(eps) for eps in (0.0, 0.05, 0.1))
    for method in nothing:
        assert jnp.mean(little[method]) > jnp.mean(nothing[method]) + 1e-3, method
        assert jnp.mean(much[method]) > 1.5 * jnp.mean(little[method]), method


def test_mart_of_two_classes_is_twice_the_cross_entropy():
    """The likeliest wrong class is the only one."""
    parts = jl.attack.mart(
        lambda x: x, MOVED[:, :2], RIGHT % 2, KEY, attack=lambda *_: MOVED[:, :2], beta=3.0
    )
    np.testing.assert_allclose(parts.values, 2 * parts.clean, rtol=1e-5)


def test_mart_is_finite_where_an_attack_is_certain_of_a_wrong_class():
    logits = jnp.array([[200.0, 0.0, -200.0]])

    def total(z):
        return jnp.sum(
            jl.attack.mart(
                lambda x: x * z, logits, jnp.array([2]), KEY, attack=lambda *_: logits
            ).values
        )

    value, grad = jax.value_and_grad(total)(1.0)
    np.testing.assert_allclose(value, 400 + 200, rtol=1e-5)
    np.testing.assert_allclose(grad, 600, rtol=1e-5)


def test_unknown_labels_are_loud_and_harmless():
    labels = LABELS.at[0].set(-100)

    @jax.jit
    def run(weights):
        def mean(weights, method):
            model = functools.partial(net, weights)
            values = train_with(method, model, X, labels, lambda *_: X + 0.1)
            return jl.mean(values, where=labels >= 0), values

        step = jax.value_and_grad(mean, has_aux=True)
        return {method: step(weights, method) for method in METHODS[:4]}

    for method, ((value, values), grads) in run(WEIGHTS).items():
        assert jnp.isnan(values[0]), method
        assert jnp.isfinite(value), method
        assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(grads)), method


def test_parts_compose_to_an_objective_with_a_report():
    trained_on = jl.attack.fgsm(rise, X, eps=0.1)

    def parts(weights):
        return jl.attack.trades(
            lambda x: net(weights, x),
            X,
            LABELS,
            KEY,
            loss=cross_entropy,
            attack=lambda *_: trained_on,
            beta=4.0,
        )

    def terms(weights):
        of = parts(weights)
        return {
            "clean": jl.average(of.clean),
            "gap": jl.average(of.gap),
            "robust": jl.average(of.robust),
        }

    objective = jl.objective(terms, weights={"gap": 4.0, "robust": 0.0})
    step = jax.jit(jax.value_and_grad(objective, has_aux=True))
    (value, report), grads = step(WEIGHTS)
    (expected, of), slopes = jax.jit(
        jax.value_and_grad(lambda w: (jnp.mean(parts(w).values), parts(w)), has_aux=True)
    )(WEIGHTS)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(grads["first"], slopes["first"], rtol=1e-4, atol=1e-6)
    assert report["robust"] > report["clean"]
    np.testing.assert_allclose(report["robust"], jnp.mean(rise(of.attacked)), rtol=1e-5)
    accuracy = jnp.mean(jnp.argmax(of.robust_outputs, -1) == LABELS)
    assert accuracy < jnp.mean(jnp.argmax(of.outputs, -1) == LABELS)


def test_attacks_see_the_evaluation_model():
    """It turns the model around, or looks away, and the attack with it."""
    x, labels = jnp.ones((3, 2)), jnp.array([0, 1, 0])

    def run(method, attack, eval_model=None):
        options = {} if method == "mart" else {"loss": cross_entropy}
        function = functools.partial(getattr(jl.attack, method), attack=attack, **options)
        return function(lambda x: x, x, labels, KEY, eval_model=eval_model).attacked - x

    def half(x):
        return jnp.stack([x[:, 0], 0 * x[:, 1]], -1)

    @jax.jit
    def changes():
        step = functools.partial(jl.attack.fgsm, eps=0.1)
        steps = functools.partial(jl.attack.pgd, eps=0.1, steps=2, init="normal")
        methods = ("adversarial", "mart", "alp")
        turned = {m: (run(m, step), run(m, step, lambda x: -x)) for m in methods}
        return turned, run("trades", steps), run("trades", steps, half)

    turned, seen, half_seen = changes()
    for method, (one, other) in turned.items():
        np.testing.assert_allclose(one, -other, atol=1e-6, err_msg=method)
        assert jnp.any(one != 0)
    np.testing.assert_allclose(jnp.abs(seen), 0.1, rtol=1e-5)
    np.testing.assert_allclose(jnp.abs(half_seen[:, 0]), 0.1, rtol=1e-5)
    assert jnp.all(jnp.abs(half_seen[:, 1]) < 0.05)


def test_values_stand_for_pixels_where_the_loss_gives_them():
    def model(x):
        return jnp.stack([x, -x, 0.5 * x], axis=-1)

    image = jnp.asarray(RNG.standard_normal((2, 4, 4)), jnp.float32)
    labels = jnp.asarray(RNG.integers(0, 3, (2, 4, 4)))
    attack = functools.partial(jl.attack.pgd, eps=0.1, steps=1)
    run = jax.jit(lambda: {m: train_with(m, model, image, labels, attack) for m in METHODS})
    assert all(values.shape == (2, 4, 4) for values in run().values())


def test_weight_perturbation_is_sam_by_the_size_of_each_layer():
    """Wu et al. 2020: the gradient where each layer has moved by a share of its norm."""
    ascent = optax.chain(optax.scale_by_trust_ratio(), optax.sgd(0.02))
    optimizer = optax.contrib.sam(optax.sgd(0.5), ascent, opaque_mode=True)
    attack = functools.partial(jl.attack.pgd, eps=0.1, steps=1, init="normal")

    def value(weights, attack):
        parts = jl.attack.trades(
            lambda x: net(weights, x), X, LABELS, KEY, loss=cross_entropy, attack=attack
        )
        return jnp.mean(parts.values), parts.attacked

    @jax.jit
    def step(weights, state):
        grads, attacked = jax.grad(value, has_aux=True)(weights, attack)

        def again(weights, _):
            return jax.grad(value, has_aux=True)(weights, lambda *_: attacked)[0]

        updates, state = optimizer.update(grads, state, weights, grad_fn=again)
        return optax.apply_updates(weights, updates), grads, attacked

    moved, grads, attacked = step(WEIGHTS, optimizer.init(WEIGHTS))
    raised = {
        name: w + 0.02 * jnp.linalg.norm(w) * grads[name] / jnp.linalg.norm(grads[name])
        for name, w in WEIGHTS.items()
    }
    slopes = jax.jit(jax.grad(lambda w: value(w, lambda *_: attacked)[0]))(raised)
    for name, w in WEIGHTS.items():
        np.testing.assert_allclose(moved[name], w - 0.5 * slopes[name], rtol=1e-4, atol=1e-5)


# --- masked gradients


@jax.jit
def masking(coarseness):
    """The report on a network that rounds its inputs: not at all (0), or to eighths (1)."""

    def model(x):
        return net(WEIGHTS, x + coarseness * (jnp.round(8 * x) / 8 - x))

    return jl.attack.masking_report(
        lambda x: jl.adversarial.carlini_wagner(model(x), LABELS, margin=np.inf),
        lambda x: jnp.argmax(model(x), -1) == LABELS,
        X,
        KEY,
        eps=[0.01, 0.1, 1.0],
        steps=(1, 5, 25),
        lower=0.0,
        upper=1.0,
    )


def test_an_open_model_shows_no_sign_of_masking():
    report = masking(0.0)
    assert {name: bool(sign) for name, sign in report.signs.items()} == {
        "more_steps_lower": False,
        "more_radius_lowers": False,
        "start_matters": False,
        "random_wins": False,
        "survives_anything": False,
    }
    assert report.accuracy.shape == report.objective.shape == (3, 3)
    assert report.accuracy[0, -1] > 0.5
    assert report.accuracy[-1, -1] == 0


def test_rounding_is_found_to_mask_gradients():
    """Random points find what gradients do not, and nothing brings the accuracy down."""
    report = masking(1.0)
    assert report.signs["random_wins"]
    assert report.signs["survives_anything"]


# --- errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l3"}, r"`norm` to be one of .*got 'l3'"),
        ({"init": "near", "key": KEY}, "`init` to be one of .*got 'near'"),
        ({"key": None}, "a random start needs a `key`"),
        ({"eps": [0.1, 0.2]}, "`eps` is no prefix tree of `x`"),
        ({"eps": np.ones(3)}, r"`eps` of shape \(\) or \(32,\), one for each example, got \(3,\)"),
        ({"step_size": np.ones(3)}, r"`step_size` of shape"),
        ({"objective": lambda z: z}, r"one value for each example, shape \(32,\), got \(32, 12\)"),
        (
            {"x": {"a": X, "b": X[:3]}},
            r"one leading axis of examples, got shapes \[\(32, 12\), \(3, 12",
        ),
        ({"x": jnp.zeros(())}, r"one leading axis of examples, got shapes \[\(\)\]"),
    ],
)
def test_errors_name_what_is_wrong(options, message):
    given = {"objective": rise, "x": X, "key": KEY, "eps": 0.1, **options}
    with pytest.raises(ValueError, match=message):
        jl.attack.pgd(**given)


def test_inputs_must_be_real():
    with pytest.raises(TypeError, match=r"inputs to move, got int32 at `x\['ids'\]`"):
        jl.attack.pgd(rise, {"ids": jnp.zeros((2, 3), jnp.int32)}, KEY, eps=0.1)
    with pytest.raises(TypeError, match="the objective to give an array, got tuple"):
        jl.attack.pgd(lambda z: (rise(z), 1), X, KEY, eps=0.1)
