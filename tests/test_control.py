"""What is peculiar to reinforcement learning: what is held constant, and what does not exist."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.catalogue import control
from jaxloss.domains import DOMAINS
from jaxloss.losses import distributional, histogram, value
from jaxloss.testing import Case
from tests.oracles import histogram as oracle

LEARNING = [
    (row, domain)
    for row in control.ROWS
    for domain in row.reads
    if len(DOMAINS[domain].arguments) > 1
]
BOTH = {"sac_actor", "quantile_regression"}
"""Losses with a gradient in every argument."""
Q = np.array([[0.5, -1.0, 2.0], [1.0, 3.0, -2.0]], np.float32)
STEP = (np.array([1, 0]), np.array([1.0, -0.5], np.float32))
OF_ACTIONS = {
    "sarsa": lambda q, g, after: value.sarsa(q, STEP[0], STEP[1], g, after, STEP[0]),
    "expected": lambda q, g, after: value.sarsa(
        q, STEP[0], STEP[1], g, after, np.full((2, 3), np.nan, np.float32)
    ),
    "q": lambda q, g, after: value.q_learning(q, *STEP, g, after),
    "double": lambda q, g, after: value.double_q_learning(q, *STEP, g, after, after),
    "persistent": lambda q, g, after: value.persistent_q_learning(q, *STEP, g, after),
    "advantage": lambda q, g, after: value.advantage_learning(q, *STEP, g, after, Q, gap=0.0),
    "munchausen": lambda q, g, after: value.munchausen(q, *STEP, g, after, Q, gap=0.0),
}
ATOMS = np.array([-2.0, -0.5, 0.25, 3.0], np.float32)
DISTS = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
OF_DISTRIBUTIONS = {
    "quantiles": lambda after, p: distributional.quantile_td(
        DISTS, *STEP, np.zeros(2, np.float32), after, p
    ),
    "bins": lambda after, p: distributional.categorical_td(
        DISTS, *STEP, np.zeros(2, np.float32), after, p, support=ATOMS
    ),
}


@pytest.mark.parametrize(
    ("row", "domain"), LEARNING, ids=lambda part: part if isinstance(part, str) else part.name
)
def test_what_is_learned_from_has_no_gradient(row, domain):
    """Exactly none, whatever the numbers: rewards, target networks, old policies, weights."""
    case = Case(row.loss, DOMAINS[domain], row.gives)
    given = case.draw(30)
    places = tuple(i for i, x in enumerate(given.positional) if np.asarray(x).dtype.kind == "f")
    held = [i for i in places if i not in case.domain.floating]

    def total(*arrays):
        return jnp.sum(row.loss(*arrays, **given.options))

    grads = jax.jit(jax.grad(total, places))(*given.positional)
    for place, grad in zip(places, grads, strict=True):
        assert grad.any() == (place not in held), f"argument {place}"
    assert held or row.loss.__name__ in BOTH


@pytest.mark.parametrize("name", OF_ACTIONS)
def test_nothing_counts_behind_an_end(name):
    """A padded state, even one of NaN, and an action that does not exist."""
    loss = OF_ACTIONS[name]
    ends, padding = jnp.zeros(2), jnp.full((2, 3), jnp.nan)
    found, grad = jax.jit(jax.value_and_grad(lambda q: jnp.sum(loss(q, ends, padding))))(Q)
    wanted = np.sum((Q[[0, 1], [1, 0]] - STEP[1]) ** 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert jnp.isfinite(grad).all()


@pytest.mark.parametrize("name", OF_DISTRIBUTIONS)
@pytest.mark.parametrize("policy", [np.full(2, 7), np.full((2, 3), np.nan, np.float32)])
def test_nothing_counts_behind_an_end_of_distributions(name, policy):
    loss = OF_DISTRIBUTIONS[name]
    found = loss(np.full_like(DISTS, np.nan), policy)
    wanted = loss(DISTS, np.zeros(2, np.int32))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("name", ["sarsa", "quantile_td", "categorical_td"])
def test_a_next_action_that_does_not_exist_is_loud(name):
    """NaN, without a gradient, and harmless to the other steps."""
    family = value if name == "sarsa" else distributional
    loss = getattr(family, name)
    options = {"support": ATOMS} if name == "categorical_td" else {}
    now = jnp.asarray(Q if name == "sarsa" else DISTS)
    loss = functools.partial(loss, **options)

    def values(q):
        return loss(q, *STEP, jnp.ones(2), now, jnp.array([3, 1]))

    found, pull = jax.vjp(values, now)
    (grad,) = pull(jnp.ones(2))
    assert jnp.isnan(found[0])
    assert jnp.isfinite(found[1])
    assert not grad[0].any()
    assert jnp.isfinite(grad).all()


def test_any_comparison_of_prediction_and_target_serves():
    """Errors clipped as in DQN; and what is compared is a constant target."""
    clipped = functools.partial(jl.regression.huber, delta=0.5)
    found = value.q_learning(Q, *STEP, jnp.ones(2), Q, loss=clipped)
    target = STEP[1] + Q.max(axis=-1)
    np.testing.assert_allclose(found, clipped(Q[[0, 1], [1, 0]], target), rtol=1e-6)
    found = value.clipped_value([2.0, -2.0], [0.0, 0.0], [1.0, 1.0], loss=clipped)
    np.testing.assert_allclose(found, clipped(jnp.array([2.0, -2.0]), 1.0 + jnp.zeros(2)))


def test_choices_by_hand_are_the_greedy_ones():
    """Greedy losses are those of a given next action."""
    g = jnp.ones(2) / 2
    best = np.argmax(Q, axis=-1)
    np.testing.assert_allclose(
        value.q_learning(Q, *STEP, g, Q), value.sarsa(Q, *STEP, g, Q, best), rtol=1e-6
    )
    best = np.argmax(DISTS.mean(axis=-1), axis=-1)
    np.testing.assert_allclose(
        distributional.quantile_q_learning(DISTS, *STEP, g, DISTS),
        distributional.quantile_td(DISTS, *STEP, g, DISTS, jax.nn.one_hot(best, 3)),
        rtol=1e-5,
    )
    means = np.sum(jax.nn.softmax(DISTS, axis=-1) * ATOMS, axis=-1)
    best = np.argmax(means, axis=-1)
    np.testing.assert_allclose(
        distributional.categorical_q_learning(DISTS, *STEP, g, DISTS, support=ATOMS),
        distributional.categorical_td(
            DISTS, *STEP, g, DISTS, jax.nn.one_hot(best, 3), support=ATOMS
        ),
        rtol=1e-5,
    )


@pytest.mark.parametrize("count", [1, 2, 51])
def test_projection_keeps_mass_and_mean(count):
    """At the places, between them, and at the ends; beyond these the mass is kept alone."""
    support = np.linspace(-1, 2, count).astype(np.float32) if count > 1 else ATOMS[:1]
    inside = np.concatenate([support, support, np.linspace(*support[[0, -1]], 7)])
    places = np.stack([inside, 100 * inside]).astype(np.float32)
    masses = np.random.default_rng(1).dirichlet(np.ones(places.shape[-1]), 2).astype(np.float32)
    found = jax.jit(histogram.project)(places, masses, support=support)
    np.testing.assert_allclose(found.sum(axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(found[0] @ support, masses[0] @ places[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        found, oracle.project(places, masses, support=support), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        histogram.project(support, np.ones_like(support), support=support), 1, rtol=1e-6
    )


def test_supports_may_be_traced():
    """As they are where a network predicts returns of a scale that is learned."""
    loss = functools.partial(histogram.two_hot, [0.5, 0.0, 1.0], 1.5)
    scales = jnp.array([1.0, 2.0])
    found = jax.vmap(lambda scale: loss(support=scale * jnp.arange(3.0)))(scales)
    wanted = [loss(support=[0.0, 1.0, 2.0]), loss(support=[0.0, 2.0, 4.0])]
    np.testing.assert_allclose(found, jnp.stack(wanted), rtol=1e-6)


def test_narrow_normal_distributions_are_two_hot_of_none():
    """As narrow as can be, all mass is in the bin of the number, also at the ends."""
    logits = jnp.array([0.5, -1.0, 2.0])
    edges = [0.0, 1.0, 2.0, 3.0]
    found = histogram.hl_gauss(
        jnp.stack([logits] * 3), jnp.array([0.5, 2.5, 9.0]), edges=edges, deviation=1e-6
    )
    wanted = -jax.nn.log_softmax(logits)[jnp.array([0, 2, 2])]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_retrace_of_its_own_policy_is_lambda_returns():
    """On the policy, with values of the actions taken, traces are the decay."""
    rng = np.random.default_rng(2)
    rewards, values = rng.standard_normal((2, 9)), rng.standard_normal((2, 10))
    discounts = np.where(rng.random((2, 9)) < 0.2, 0.0, 0.9)
    found = jl.advantages.off_policy_returns(
        rewards, discounts, values, values[:, :-1], np.full((2, 9), 0.75)
    )
    expected = jl.advantages.lambda_returns(rewards, discounts, values, decay=0.75)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_many_steps_are_all_there_are():
    """One step is TD(0), and more than there are the discounted returns."""
    rng = np.random.default_rng(3)
    given = (rng.standard_normal(9), np.full(9, 0.9), rng.standard_normal(10))
    for steps, decay in ((1, 0.0), (99, 1.0)):
        found = jl.advantages.n_step_returns(*given, steps=steps)
        expected = jl.advantages.lambda_returns(*given, decay=decay)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="at least one step"):
        jl.advantages.n_step_returns(*given, steps=0)


def test_probabilities_of_another_shape_are_named():
    with pytest.raises(ValueError, match=r"`next_actions` .* \(2, 1\)"):
        value.sarsa(Q, *STEP, jnp.ones(2), Q, jnp.ones((2, 1)))
