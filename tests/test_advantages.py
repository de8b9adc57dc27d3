"""Advantages beside their oracles, at what is odd, and without any gradient."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss.losses import advantages
from tests.oracles import advantages as oracles

RNG = np.random.default_rng(0)
TIME = 37
REWARDS, VALUES = RNG.standard_normal((3, TIME)), RNG.standard_normal((3, TIME + 1))
DISCOUNTS = np.where(RNG.random((3, TIME)) < 0.1, 0.0, 0.97)  # episodes end
RATIOS = RNG.standard_normal((3, TIME))
STEPS = (REWARDS, DISCOUNTS, VALUES)
KEPT = RNG.random((3, TIME)) < 0.6
KEPT[1], KEPT[2] = False, np.arange(TIME) == 5  # no answer at all, and one alone
CASES = {
    "group": (advantages.group_relative, (REWARDS,), {}),
    "group-batch": (advantages.group_relative, (REWARDS,), {"scale": "batch", "eps": 0.5}),
    "group-none": (advantages.group_relative, (REWARDS,), {"scale": None}),
    "group-where": (advantages.group_relative, (REWARDS,), {"where": KEPT}),
    "group-batch-where": (
        advantages.group_relative,
        (REWARDS,),
        {"scale": "batch", "where": KEPT},
    ),
    "group-agree": (advantages.group_relative, (np.full((2, 7), 0.1),), {"eps": 1e-12}),
    "rloo": (advantages.leave_one_out, (REWARDS,), {}),
    "rloo-where": (advantages.leave_one_out, (REWARDS,), {"where": KEPT}),
    "gae": (advantages.gae, STEPS, {}),
    "gae-0": (advantages.gae, STEPS, {"decay": 0.0}),
    "lambda": (advantages.lambda_returns, STEPS, {"decay": 0.8}),
    "returns": (advantages.lambda_returns, STEPS, {"decay": 1.0}),
    "vtrace": (advantages.vtrace, (*STEPS, RATIOS), {"decay": 0.9, "rho": 1.5, "c": 0.8}),
}


@pytest.mark.parametrize(("function", "given", "options"), CASES.values(), ids=CASES)
def test_equal_their_oracle(function, given, options):
    found = jax.jit(functools.partial(function, **options))(*(jnp.float32(x) for x in given))
    expected = getattr(oracles, function.__name__)(*given, **options)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("function", "given", "options"), CASES.values(), ids=CASES)
def test_have_no_gradient(function, given, options):
    def total(*given):
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(function(*given, **options)))

    grads = jax.grad(total, tuple(range(len(given))))(*(jnp.float32(x) for x in given))
    assert all(not grad.any() for grad in grads)


def test_lambda_returns_are_advantages_and_what_was_expected():
    returns = advantages.lambda_returns(*STEPS, decay=0.7)
    np.testing.assert_allclose(
        returns, advantages.gae(*STEPS, decay=0.7) + VALUES[:, :-1], rtol=1e-5, atol=1e-5
    )


def test_on_policy_vtrace_is_lambda_returns():
    found = advantages.vtrace(*STEPS, np.zeros_like(RATIOS), decay=0.7)
    expected = advantages.lambda_returns(*STEPS, decay=0.7)
    np.testing.assert_allclose(found.targets, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [-1e4, 1e4])
def test_ratios_out_of_range_stay_finite(size):
    found = advantages.vtrace(*STEPS, np.full_like(RATIOS, size), rho=2.0, c=2.0)
    assert all(jnp.isfinite(leaf).all() for leaf in found)


@pytest.mark.parametrize("name", ["gae", "lambda_returns"])
def test_decay_may_be_traced(name):
    function = getattr(advantages, name)
    mapped = jax.vmap(lambda decay: function(*STEPS, decay=decay))(jnp.array([0.3, 0.9]))
    np.testing.assert_allclose(mapped[1], function(*STEPS, decay=0.9), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("length", [0, 1])
def test_episodes_may_be_short(length):
    given = (REWARDS[:, :length], DISCOUNTS[:, :length], VALUES[:, : length + 1])
    found = advantages.gae(*given)
    assert found.shape == (3, length)
    np.testing.assert_allclose(found, oracles.gae(*given), rtol=1e-5, atol=1e-6)


def test_values_need_one_entry_more():
    with pytest.raises(ValueError, match=r"one entry more .* \(3, 37\)"):
        advantages.gae(REWARDS, DISCOUNTS, VALUES[:, :-1])
