"""Balancers of losses and learned weights against float64 loops from the papers."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from benchmarks.studies import toy
from jaxloss.objectives.balance import Statistics

B = jl.balance
LOSSES = np.array([0.3, 2.0, 0.7, 11.0])
SEQUENCE = np.random.default_rng(0).uniform(0.2, 3.0, (25, 3)) * np.array([1.0, 10.0, 0.1])


def weights_of(balancer, losses, gramian=None, key=None):
    """Weights of the first step."""
    statistics = Statistics(jnp.asarray(losses, jnp.float32), gramian)
    return balancer.update(statistics, balancer.init(len(losses)), key)[0]


def over_steps(balancer, losses, gramians=None):
    """Weights of each of several steps, in one compiled scan."""
    parts = [jnp.asarray(losses, jnp.float32)]
    parts += [] if gramians is None else [jnp.asarray(gramians, jnp.float32)]

    def step(state, now):
        weights, state = balancer.update(Statistics(*now), state, None)
        return state, weights

    return jax.jit(lambda parts: jax.lax.scan(step, balancer.init(len(losses[0])), parts)[1])(parts)


def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def slope(function, at, width=1e-6):
    """Central differences, in float64."""
    steps = width * np.eye(len(at))
    return np.array([(function(at + d) - function(at - d)) / (2 * width) for d in steps])


class Adam:
    """Kingma and Ba's algorithm 1."""

    def __init__(self, rate):
        self.rate, self.count, self.first, self.second = rate, 0, 0.0, 0.0

    def __call__(self, x, grad):
        self.count += 1
        self.first = 0.9 * self.first + 0.1 * grad
        self.second = 0.999 * self.second + 0.001 * grad**2
        first = self.first / (1 - 0.9**self.count)
        second = self.second / (1 - 0.999**self.count)
        return x - self.rate * first / (np.sqrt(second) + 1e-8)


# --- Balancers that look at the losses -------------------------------------------------------


def stch(losses, mu, nadir):
    return len(losses) * mu * np.log(np.sum(np.exp(np.log(losses / nadir) / mu)))


SCALARISED = {
    "static": (B.static(), np.sum),
    "static, weighted": (B.static(weights=[1, 2, 3, 4]), lambda x: x @ [1, 2, 3, 4]),
    "log_sum": (B.log_sum(), lambda x: np.log(x).sum()),
    "geometric": (B.geometric(), lambda x: x.prod() ** (1 / len(x))),
    "smooth_tchebycheff": (
        B.smooth_tchebycheff(mu=0.3, nadir=[1, 2, 3, 4]),
        lambda x: stch(x, 0.3, np.array([1, 2, 3, 4])),
    ),
    "its limit 0": (
        B.smooth_tchebycheff(mu=0.0, nadir=[1, 2, 3, 4]),
        lambda x: 4 * np.log(x / [1, 2, 3, 4]).max(),
    ),
    "its limit infinity": (B.smooth_tchebycheff(mu=np.inf, nadir=7.0), lambda x: np.log(x).sum()),
}


@pytest.mark.parametrize("name", SCALARISED)
def test_weights_are_the_slope_of_the_scalarisation(name):
    balancer, scalar = SCALARISED[name]
    np.testing.assert_allclose(weights_of(balancer, LOSSES), slope(scalar, LOSSES), rtol=1e-5)


@pytest.mark.parametrize("name", ["log_sum", "geometric"])
def test_scale_of_a_loss_does_not_matter(name):
    """Weighted losses, and so the directions of the gradients, are the same up to one factor."""
    scales = np.array([1e-4, 1.0, 1e4, 7.0])
    one, other = (weights_of(getattr(B, name)(), x) * x for x in (LOSSES, scales * LOSSES))
    np.testing.assert_allclose(one / one.sum(), other / other.sum(), rtol=1e-5)


def test_geometric_mean_of_many_small_losses_does_not_underflow():
    losses = np.full(64, 1e-3)
    np.testing.assert_allclose(weights_of(B.geometric(), losses), 1 / 64, rtol=1e-4)


def test_random_weights_average_one_over_the_number_of_tasks():
    draw = jax.jit(jax.vmap(lambda key: weights_of(B.random(), LOSSES, key=key)))
    weights = np.asarray(draw(jax.random.split(jax.random.key(0), 4000)))
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-5)
    error = weights.std(0) / np.sqrt(4000)
    assert np.all(np.abs(weights.mean(0) - 1 / 4) < 4 * error)
    assert error.min() > 1e-3


def test_nadir_is_that_of_the_first_step():
    balancer = B.smooth_tchebycheff(mu=0.5)
    expected = [
        slope(functools.partial(stch, mu=0.5, nadir=SEQUENCE[0]), losses) for losses in SEQUENCE
    ]
    np.testing.assert_allclose(over_steps(balancer, SEQUENCE), expected, rtol=1e-4)


def dwa_oracle(losses, temperature, decay):
    recent = earlier = losses[0]
    for now in losses:
        recent = decay * recent + (1 - decay) * now
        earlier = decay * earlier + (1 - decay) * recent
        yield len(now) * softmax(recent / earlier / temperature)


def test_dwa():
    found = over_steps(B.dwa(temperature=0.5, decay=0.8), SEQUENCE)
    np.testing.assert_allclose(found, list(dwa_oracle(SEQUENCE, 0.5, 0.8)), rtol=1e-5)


def test_dwa_weighs_equal_rates_equally():
    losses = 0.9 ** np.arange(20)[:, None] * np.array([1.0, 100.0, 1e-3])
    np.testing.assert_allclose(over_steps(B.dwa(), losses), 1, rtol=1e-5)


def famo_oracle(losses, rate, decay, floor):
    """Liu et al. 2023, algorithm 1, reading the decrease when the next losses are there."""
    logits, adam, before = np.zeros(len(losses[0])), Adam(rate), None
    for now in losses - floor:
        if before is not None:
            z = softmax(logits)
            jacobian = np.diag(z) - np.outer(z, z)
            delta = jacobian.T @ (np.log(before) - np.log(now))
            logits = adam(logits, delta + decay * logits)
        z = softmax(logits)
        yield (z / now) / np.sum(z / now)
        before = now


@pytest.mark.parametrize("floor", [0.0, np.array([-1.0, 0.1, 0.01])])
def test_famo(floor):
    found = over_steps(B.famo(learning_rate=0.1, decay=0.5, floor=floor), SEQUENCE)
    expected = list(famo_oracle(SEQUENCE, 0.1, 0.5, floor))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def gradnorm_oracle(losses, norms, rate, alpha):
    """Chen et al. 2018, algorithm 1, with weights that are a softmax."""
    logits, adam, count = np.zeros(len(losses[0])), Adam(rate), len(losses[0])
    for now, norm in zip(losses, norms, strict=True):
        weights = count * softmax(logits)
        yield weights
        ratio = now / losses[0]
        target = np.mean(weights * norm) * (ratio / ratio.mean()) ** alpha

        def distance(logits, norm=norm, target=target):
            return np.abs(count * softmax(logits) * norm - target).sum()

        logits = adam(logits, slope(distance, logits))


def test_gradnorm():
    norms = np.random.default_rng(1).uniform(0.1, 5.0, SEQUENCE.shape)
    gramians = np.einsum("st,tu->stu", norms**2, np.eye(3))
    found = over_steps(B.gradnorm(learning_rate=0.1), SEQUENCE, gramians)
    expected = list(gradnorm_oracle(SEQUENCE, norms, 0.1, 1.5))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_gradnorm_comes_to_rest_where_weighted_norms_follow_the_rates(alpha):
    norms, rates = np.array([1.0, 4.0, 0.5]), np.array([0.5, 1.0, 1.5])
    losses = np.array([[1.0, 2.0, 3.0]] + [[0.5, 2.0, 4.5]] * 1000)
    gramians = np.tile(np.diag(norms**2), (len(losses), 1, 1))
    found = over_steps(B.gradnorm(alpha=alpha, learning_rate=0.01), losses, gramians)[-1]
    expected = rates**alpha / norms
    np.testing.assert_allclose(found, 3 * expected / expected.sum(), rtol=0.03)


HYPER = {
    "static": (B.static, {"weights": 2.0}),
    "smooth_tchebycheff": (B.smooth_tchebycheff, {"mu": 0.5, "nadir": 2.0}),
    "dwa": (B.dwa, {"temperature": 3.0, "decay": 0.5}),
    "famo": (B.famo, {"learning_rate": 0.1, "decay": 0.1, "floor": 0.01}),
    "gradnorm": (B.gradnorm, {"alpha": 0.5, "learning_rate": 0.1}),
}


@pytest.mark.parametrize("name", HYPER)
def test_hyperparameters_may_be_traced(name):
    make, values = HYPER[name]
    gramian = jnp.diag(jnp.array([1.0, 2.0, 3.0]))

    def second(values):
        balancer = make(**values)
        _, state = balancer.update(Statistics(jnp.ones(3), gramian), balancer.init(3), None)
        now = Statistics(jnp.array([0.5, 0.9, 1.0]), gramian)
        return balancer.update(now, state, None)[0]

    expected = jax.jit(lambda: second(values))()
    stacked = jax.tree.map(lambda v: jnp.array([2 * v, v]), values)
    np.testing.assert_allclose(jax.jit(jax.vmap(second))(stacked)[1], expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["log_sum", "geometric", "smooth_tchebycheff"])
def test_an_absent_task_is_left_out(name):
    """With a loss of exactly 0, which is what the average over nothing is."""
    balancer = getattr(B, name)()
    with_it = weights_of(balancer, np.insert(LOSSES, 1, 0.0))
    assert with_it[1] == 0
    with_it, without = np.delete(with_it, 1), weights_of(balancer, LOSSES)
    np.testing.assert_allclose(with_it / with_it[0], without / without[0], rtol=1e-5)


@pytest.mark.parametrize("name", ["log_sum", "geometric", "smooth_tchebycheff", *HYPER])
@pytest.mark.parametrize("losses", [[0.0, 1.0], [0.0, 0.0]])
def test_degenerate_losses_give_finite_weights(name, losses):
    gramian = np.diag(np.sign(losses))
    found = over_steps(getattr(B, name)(), [losses] * 3 + [[1.0, 1.0]] * 2, [gramian] * 5)
    assert np.all(np.isfinite(found))


# Optax's Adam, inside the others, mixes dtypes itself.
@pytest.mark.parametrize("name", ["static", "log_sum", "geometric", "smooth_tchebycheff", "dwa"])
def test_no_dtypes_are_mixed(name):
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        assert np.all(np.isfinite(over_steps(getattr(B, name)(), SEQUENCE)))


@pytest.mark.parametrize("name", ["geometric", *HYPER])
def test_one_task_has_weight_one(name):
    found = over_steps(getattr(B, name)(), [[1.0]] * 3, [[[2.0]]] * 3)
    np.testing.assert_allclose(found, 1, rtol=1e-6)


def test_a_task_that_is_absent_for_a_step_is_remembered():
    losses = np.array([[1.0, 2.0], [1.0, 0.0], [1.0, 1.0]])
    skipped = over_steps(B.dwa(decay=0.5), losses)
    np.testing.assert_allclose(skipped[1], 1, rtol=1e-6)
    assert skipped[2, 0] > skipped[2, 1]


@pytest.mark.parametrize("name", ["log_sum", "geometric", "famo"])
def test_negative_losses_are_loud(name):
    assert np.isnan(weights_of(getattr(B, name)(), [-1.0, 1.0])[0])
    with pytest.raises(ValueError, match="a task has a negative loss"):
        jl.checked(functools.partial(weights_of, getattr(B, name)()))(jnp.array([-1.0, 1.0]))


# --- Learned weights ------------------------------------------------------------------------


def values_of(terms):
    return sum(t.value if isinstance(t, jl.Average) else t for t in terms.values())


FOUR = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}


def test_uncertainty_at_the_best_variance():
    """Half the sum of `1 + log(loss)`, with the gradient of half the sum of the logarithms."""
    best = {name: jnp.log(value) for name, value in FOUR.items()}
    value, grads = jax.value_and_grad(lambda losses: values_of(B.uncertainty(losses, best)))(FOUR)
    np.testing.assert_allclose(value, 3.58903, rtol=1e-6)
    for name, loss in FOUR.items():
        np.testing.assert_allclose(grads[name], 1 / (2 * loss), rtol=1e-6)
    slopes = jax.grad(lambda s: values_of(B.uncertainty(FOUR, s)))(best)
    np.testing.assert_allclose(list(slopes.values()), 0, atol=1e-6)


def test_uncertainty_of_classification():
    """Without the half before the loss."""
    found = B.uncertainty({"class": 3.0, "depth": 3.0}, {"class": 0.4}, classification=["class"])
    np.testing.assert_allclose(found["class"], 3 * np.exp(-0.4) + 0.2, rtol=1e-6)
    assert found["depth"] == 3.0


def test_imtl_l_at_the_best_scale_has_the_gradient_of_log_sum():
    best = {name: -jnp.log(value) for name, value in FOUR.items()}
    grads = jax.grad(lambda losses: values_of(B.imtl_l(losses, best)))(FOUR)
    expected = weights_of(B.log_sum(), list(FOUR.values()))
    np.testing.assert_allclose(list(grads.values()), expected, rtol=1e-6)
    slopes = jax.grad(lambda s: values_of(B.imtl_l(FOUR, s)))(best)
    np.testing.assert_allclose(list(slopes.values()), 0, atol=1e-6)


@pytest.mark.parametrize("learned", [B.uncertainty, B.imtl_l])
def test_learned_weights_stay_exact_over_microbatches(learned):
    x, y = np.random.default_rng(2).standard_normal((2, 29, 2)).astype(np.float32)
    batch = {"x": x, "y": y, "kept": jnp.arange(29) < 7}

    def terms(params, batch):
        error = jl.regression.huber(params["w"] * batch["x"], batch["y"])
        losses = {
            "few": jl.average(error[:, 0], where=batch["kept"]),
            "all": jl.average(error[:, 1]),
            "decay": jl.penalties.l2(params["w"]),
        }
        return learned(losses, params["s"])

    params = {"w": jnp.ones(2), "s": {"few": jnp.array(0.3), "all": jnp.array(-0.5)}}
    objective = jl.objective(terms)
    (value, _), grads = jax.jit(jl.accumulate(objective, microbatch_size=4))(params, batch)
    expected, full = jax.value_and_grad(objective.value)(params, batch)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5), grads, full)
    nothing = batch | {"kept": jnp.zeros(29, bool)}
    assert jax.grad(objective.value)(params, nothing)["s"]["few"] == 0


def test_learned_weights_name_what_does_not_fit():
    with pytest.raises(ValueError, match="`log_variances` names 'depht'; known are 'depth'"):
        B.uncertainty({"depth": 1.0}, {"depht": 0.0})
    with pytest.raises(ValueError, match="`classification` names 'class'; known are 'depth'"):
        B.uncertainty({"depth": 1.0}, {"depth": 0.0}, classification=["class"])
    with pytest.raises(ValueError, match=r"scalar for 'depth' in `log_scales`, got shape \(2,\)"):
        B.imtl_l({"depth": 1.0}, {"depth": jnp.zeros(2)})


# --- A toy ----------------------------------------------------------------------------------


def test_toy_of_valleys():
    """Adam on the mean stays in the valleys, as in the papers; others get through."""
    study = toy.run(steps=25_000, methods=("mean", "MGDA", "Aligned-MTL"))
    found = {row["method"]: (row["minimum"], row["Pareto-optimal"]) for row in study.rows}
    assert found == {
        "mean": ("1 of 3", "1 of 3"),
        "MGDA": ("0 of 3", "3 of 3"),
        "Aligned-MTL": ("3 of 3", "3 of 3"),
    }
    assert study.pictures["toy"].startswith(b"\x89PNG")
