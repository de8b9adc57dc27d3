"""Scores of forecasts that are sure of themselves, lost, or many."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl

PLACES = np.array([-2.0, 0.0, 0.5, 3.0], np.float32)
ONES = np.ones_like(PLACES)
SCALES = np.array([0.0, 1e-30, 1e-8, 1e8, 1e30], np.float32)[:, None] * ONES
TARGETS = np.broadcast_to(PLACES, SCALES.shape)
SPREADS = {
    "gaussian": (jl.crps.gaussian, (), (np.sqrt(2) - 1) / np.sqrt(np.pi)),
    "logistic": (jl.crps.logistic, (), 2 * np.log(2) - 1),
    "laplace": (jl.crps.laplace, (), 1 / 4),
    "student_t": (jl.crps.student_t, (3.0,), np.sqrt(3) / (2 * np.pi)),
}
SPREADS["student_t of many degrees"] = (jl.crps.student_t, (1e30,), SPREADS["gaussian"][2])
"""Each score of a standard member of the family at its centre."""


@pytest.mark.parametrize(("score", "shape", "middle"), SPREADS.values(), ids=SPREADS.keys())
def test_sure_forecasts_cost_their_error_and_lost_ones_their_scale(score, shape, middle):
    """Scales from 0 to 1e30, and gradients that are finite and have the right limits."""
    rest = [np.full_like(SCALES, x) for x in shape]
    mean = np.full_like(SCALES, 0.5)

    def total(mean, scale, target):
        values = score(mean, scale, *rest, target)
        return jnp.sum(values), values

    grads, values = jax.jit(jax.grad(total, (0, 1, 2), has_aux=True))(mean, SCALES, TARGETS)
    error = np.abs(TARGETS - 0.5)
    sure = SCALES < 1
    np.testing.assert_allclose(values[sure], error[sure], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(values[~sure], middle * SCALES[~sure], rtol=1e-5)
    np.testing.assert_allclose(grads[2][sure], np.sign(TARGETS - 0.5)[sure], atol=1e-6)
    np.testing.assert_allclose(grads[2][~sure], 0, atol=1e-6)
    np.testing.assert_allclose(grads[1][~sure], middle, rtol=1e-5)
    np.testing.assert_array_equal(grads[0], -grads[2])
    assert np.isfinite(grads[1]).all()


ENSEMBLES = {
    "crps_ensemble": (jl.scoring.crps_ensemble, lambda error: error),
    "almost_fair_crps": (jl.scoring.almost_fair_crps, lambda error: error),
    "error_spread": (jl.scoring.error_spread, lambda error: error**4),
    "negative_correlation": (jl.selective.negative_correlation, lambda error: error**2 / 2),
}


@pytest.mark.parametrize(("score", "of_error"), ENSEMBLES.values(), ids=ENSEMBLES.keys())
@pytest.mark.parametrize("members", [1, 2, 7])
def test_members_who_agree_cost_as_one(score, of_error, members):
    pred = np.full((4, members), 0.5, np.float32)
    grads, values = jax.jit(jax.grad(lambda *a: (jnp.sum(score(*a)), score(*a)), has_aux=True))(
        pred, PLACES
    )
    np.testing.assert_allclose(values, of_error(np.abs(PLACES - 0.5)), rtol=1e-6, atol=1e-12)
    assert np.isfinite(grads).all()


def test_vectors_who_agree_cost_as_one():
    pred = np.full((4, 5, 3), 0.5, np.float32)
    target = np.broadcast_to(PLACES[:, None], (4, 3))
    found = jax.jit(jl.multivariate.energy)(pred, target)
    np.testing.assert_allclose(found, np.sqrt(3) * np.abs(PLACES - 0.5), rtol=1e-6)
    np.testing.assert_allclose(jl.multivariate.variogram(pred, target), 0)


POSITIVE = {
    "student_t": (jl.crps.student_t, (0, 1, 4, 1)),
    "gamma": (jl.crps_bounded.gamma, (3, 1, 2)),
    "beta": (jl.crps_bounded.beta, (3, 2, 0.5)),
    "lognormal": (jl.crps_bounded.lognormal, (0, 1, 2)),
    "poisson": (jl.crps_bounded.poisson, (3, 2)),
    "censored_gaussian": (jl.crps_cut.censored_gaussian, (1, 2, 1)),
    "truncated_gaussian": (jl.crps_cut.truncated_gaussian, (1, 2, 1)),
}


@pytest.mark.parametrize(("score", "near"), POSITIVE.values(), ids=POSITIVE.keys())
def test_many_at_once_cost_what_few_do(score, near):
    """Compiled for many, values and slopes are those compiled for a few: loops are laid out anew.

    A sum of long densities was once wrong from 64 entries on.
    """
    rng = np.random.default_rng(0)
    given = [np.asarray(x * rng.uniform(0.5, 1.5, 160), np.float32) for x in near]
    places = tuple(range(len(given)))

    def both(*given):
        return score(*given), jax.grad(lambda *a: jnp.sum(score(*a)), places)(*given)

    found = jax.jit(both)(*given)
    few = jax.jit(both)
    parts = [few(*(x[i : i + 8] for x in given)) for i in range(0, 160, 8)]
    wanted = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), found, wanted)
