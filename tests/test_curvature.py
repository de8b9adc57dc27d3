"""Curvature against dense Hessians in float64, and against parabolas whose answers are known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxloss.analysis.curvature import (
    edge_of_stability,
    hessian_trace,
    hessian_vector_product,
    lanczos,
    sharpness,
    spectral_density,
    step_alpha,
)
from jaxloss.analysis.probe import every

RNG = np.random.default_rng(0)
ROWS, DIM = 40, 23
X, Y = RNG.normal(size=(ROWS, DIM)), RNG.integers(0, 2, ROWS)
PARAMS = {"w": jnp.asarray(RNG.normal(size=DIM) / 3, jnp.float32), "b": jnp.array(0.2)}
KEY = jax.random.key(1)


def logistic(params, decay=0.1):
    """Logistic regression, whose Hessian is known; the decay of the offset is negative."""
    logits = jnp.asarray(X, params["w"].dtype) @ params["w"] + params["b"]
    fit = jnp.mean(jnp.logaddexp(0, logits) - Y * logits)
    return fit + decay * (jnp.sum(params["w"] ** 2) / 2 - 2 * params["b"] ** 2)


def dense(decay=0.1):
    """Its Hessian in float64, the offset first, as the leaves are sorted."""
    inputs = np.concatenate([np.ones((ROWS, 1)), X], axis=1)
    theta = np.concatenate([[float(PARAMS["b"])], np.asarray(PARAMS["w"], np.float64)])
    p = 1 / (1 + np.exp(-inputs @ theta))
    fit = inputs.T @ (inputs * (p * (1 - p))[:, None]) / ROWS
    return fit + decay * np.diag([-4.0] + [1.0] * DIM)


def flat(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)]).astype(np.float64)


def rotated(eigenvalues):
    """A Hessian with these eigenvalues."""
    values = np.asarray(eigenvalues, np.float64)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(values.size,) * 2))[0]
    return jnp.asarray(rotation @ np.diag(values) @ rotation.T, jnp.float32)


def parabola(hessian, params):
    """A loss with that Hessian, of two leaves."""
    x = jnp.concatenate([params["one"], params["two"][0]])
    return x @ hessian @ x / 2


def origin(hessian):
    return {"one": jnp.zeros(len(hessian) - 1), "two": jnp.zeros((1, 1))}


@jax.jit
def beyond_all(hessian):
    """Spectrum and density after more steps than there are parameters."""
    loss, steps = functools.partial(parabola, hessian), len(hessian) + 2
    density = spectral_density(loss, origin(hessian), KEY, draws=2, steps=steps)
    return jax.tree.map(lambda x: x[0], density.spectrum), density


def test_product_with_a_vector_is_that_of_the_dense_hessian():
    vector = {"w": jnp.asarray(RNG.normal(size=DIM), jnp.float32), "b": jnp.array(-0.7)}
    found = jax.jit(functools.partial(hessian_vector_product, logistic))(PARAMS, vector)
    assert jax.tree.structure(found) == jax.tree.structure(PARAMS)
    assert flat(found) == pytest.approx(dense() @ flat(vector), rel=1e-4, abs=1e-5)


# Lanczos


def test_ritz_values_reach_the_extremes_within_ten_steps_or_so():
    eigenvalues = np.linalg.eigvalsh(dense())
    found = jax.jit(functools.partial(lanczos, logistic, steps=12))(PARAMS, KEY)
    assert found.values.shape == found.weights.shape == (12,)
    assert found.values[-1] == pytest.approx(eigenvalues[-1], rel=1e-5)
    assert found.values[0] == pytest.approx(eigenvalues[0], rel=1e-3)


def test_as_many_steps_as_parameters_give_all_eigenvalues():
    found = jax.jit(functools.partial(lanczos, logistic, steps=DIM + 1))(PARAMS, KEY)
    assert np.asarray(found.values) == pytest.approx(np.linalg.eigvalsh(dense()), abs=2e-5)
    assert jnp.sum(found.weights) == pytest.approx(1, rel=1e-5)


CLUSTERS = {
    "distinct": np.linspace(-1, 4, 12),
    "three": [1.0, 2.0, 5.0] * 4,
    "one": [-3.0] * 12,
    "two": [-2.0] * 6 + [0.5] * 6,
    "none": [0.0] * 12,
    "small": 1e-12 * np.linspace(1, 4, 12),
    "large": 1e12 * np.linspace(1, 4, 12),
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_exhausted_starts_make_up_no_eigenvalues(name):
    eigenvalues = np.array(CLUSTERS[name])
    size = np.abs(eigenvalues).max() or 1.0
    found, density = beyond_all(rotated(eigenvalues))
    values, weights = np.asarray(found.values) / size, np.asarray(found.weights)
    assert values[0] == pytest.approx(eigenvalues.min() / size, abs=1e-5)
    assert values[-1] == pytest.approx(eigenvalues.max() / size, abs=1e-5)
    distance = np.abs(values[:, None] - eigenvalues / size).min(1)
    assert np.sum(weights * (distance > 1e-4)) < 1e-5
    assert weights.sum() == pytest.approx(1, rel=1e-5)
    assert np.trapezoid(density.values, density.grid) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("name", ["one", "none"])
def test_density_of_a_single_eigenvalue_is_a_peak(name):
    _, density = beyond_all(rotated(CLUSTERS[name]))
    peak = density.grid[jnp.argmax(density.values)]
    assert peak == pytest.approx(CLUSTERS[name][0], abs=1e-2)


def test_parameters_of_low_precision_are_widened():
    @jax.jit
    def figures(params):
        ahead = jax.tree.map(jnp.ones_like, params)
        return (
            lanczos(logistic, params, KEY, steps=4).values,
            hessian_trace(logistic, params, KEY, draws=2).value,
            hessian_vector_product(logistic, params, ahead)["w"],
            sharpness(logistic, params),
            step_alpha(logistic, params, ahead),
        )

    low = jax.tree.map(lambda p: p.astype(jnp.bfloat16), PARAMS)
    high = jax.tree.map(lambda p: p.astype(jnp.float32), low)
    for found, expected in zip(figures(low), figures(high), strict=True):
        assert found.dtype == jnp.float32
        assert np.asarray(found) == pytest.approx(np.asarray(expected), rel=1e-5)


# Density and trace


@functools.cache
def density_of_halves():
    """A quarter of the eigenvalues around 1, the others around 0, and one far away."""
    spread = np.random.default_rng(5).normal(0, 0.02, 64)
    eigenvalues = np.r_[np.zeros(47), np.ones(16), -2.0] + spread
    hessian = rotated(eigenvalues)
    loss = functools.partial(parabola, hessian)
    density = functools.partial(spectral_density, loss, draws=48, steps=24)
    found = jax.jit(density)(origin(hessian), KEY)
    return eigenvalues, jax.tree.map(lambda x: np.asarray(x, np.float64), found)


def test_density_integrates_to_one():
    _, found = density_of_halves()
    assert np.trapezoid(found.values, found.grid) == pytest.approx(1, abs=1e-4)
    assert (found.values >= 0).all()


@pytest.mark.parametrize("power", [1, 2, 3])
def test_density_has_the_moments_of_the_eigenvalues(power):
    eigenvalues, found = density_of_halves()
    draws = np.sum(found.spectrum.weights * found.spectrum.values**power, axis=1)
    error = draws.std(ddof=1) / np.sqrt(draws.size)
    assert abs(draws.mean() - np.mean(eigenvalues**power)) < 3 * error
    # The kernel adds its own variance s2 to the second moment, and 3 m s2 to the third.
    values = found.spectrum.values
    s2 = (0.02 * (values.max() - values.min())) ** 2
    added = {1: 0.0, 2: s2, 3: 3 * s2 * np.sum(found.spectrum.weights * values) / draws.size}
    moment = np.trapezoid(found.values * found.grid**power, found.grid)
    assert moment == pytest.approx(draws.mean() + added[power], rel=1e-3)


def test_density_shows_the_shares_of_clusters():
    eigenvalues, found = density_of_halves()
    for low, high in ((-3, -1), (-1, 0.5), (0.5, 2)):
        inside = (found.spectrum.values > low) & (found.spectrum.values < high)
        draws = np.sum(found.spectrum.weights * inside, axis=1)
        truth = np.mean((eigenvalues > low) & (eigenvalues < high))
        assert abs(draws.mean() - truth) < 3 * draws.std(ddof=1) / np.sqrt(draws.size)
        at = (found.grid > low) & (found.grid < high)
        mass = np.trapezoid(found.values[at], found.grid[at])
        assert mass == pytest.approx(draws.mean(), abs=2e-3)


def test_trace_is_met_within_its_standard_error():
    keys = jax.random.split(KEY, 60)
    one = functools.partial(hessian_trace, logistic, PARAMS, draws=24)
    found = jax.jit(lambda keys: jax.lax.map(one, keys))(keys)
    truth = np.trace(dense())
    assert (np.abs(found.value - truth) < 3 * found.error).mean() > 0.95
    assert abs(found.value.mean() - truth) < 3 * found.value.std(ddof=1) / np.sqrt(60)
    assert found.value.std(ddof=1) == pytest.approx(float(found.error.mean()), rel=0.3)


def test_trace_of_one_draw_has_no_error():
    found = hessian_trace(lambda x: jnp.sum(x**2), jnp.zeros(5), KEY, draws=1)
    assert found.value == 10
    assert jnp.isnan(found.error)


# Steps

START = {"a": jnp.array([3.0, -1.0]), "b": jnp.array(2.0)}
SLOPES = {"a": jnp.array([1.0, 4.0]), "b": jnp.array(0.5)}


def bowl(params, sign=1.0):
    parts = jax.tree.map(lambda c, p: jnp.sum(c * p**2), SLOPES, params)
    return sign * optax.tree.sum(parts)


@pytest.mark.parametrize(("share", "alpha"), [(1.0, 0.0), (0.5, -0.5), (2.0, 1.0), (0.01, -0.99)])
def test_alpha_tells_how_far_a_step_goes_towards_the_minimum(share, alpha):
    gradient = jax.grad(bowl)(START)
    curvature = optax.tree.vdot(gradient, hessian_vector_product(bowl, START, gradient))
    best = optax.tree.norm(gradient, squared=True) / curvature
    updates = optax.tree.scale(-share * best, gradient)
    assert step_alpha(bowl, START, updates) == pytest.approx(alpha, abs=1e-5)
    known = (bowl(START), gradient)
    found = step_alpha(bowl, START, updates, value_and_grad=known)
    assert found == pytest.approx(alpha, abs=1e-5)


def test_alpha_of_other_curves_fits_a_parabola_to_both_ends():
    def curve(x):
        return jnp.exp(x) - 2 * x

    # Least squares by NumPy: values and slopes at 0 and 1 of a + b t + c t**2.
    design = np.array([[1, 0, 0], [1, 1, 1], [0, 1, 0], [0, 1, 2]], float)
    seen = [1, np.e - 2, -1, np.e - 2]
    _, b, c = np.linalg.lstsq(design, np.array(seen), rcond=None)[0]
    expected = 2 * c / -b - 1
    assert step_alpha(curve, jnp.array(0.0), jnp.array(1.0)) == pytest.approx(expected, rel=1e-5)


def test_alpha_where_there_is_no_minimum_ahead():
    gradient = jax.grad(bowl)(START)
    down, up = optax.tree.scale(-0.01, gradient), optax.tree.scale(0.01, gradient)
    assert (
        step_alpha(lambda p: optax.tree.sum(p), START, jax.tree.map(lambda p: -(p**2), START)) == -1
    )
    assert step_alpha(bowl, START, up) == jnp.inf
    assert step_alpha(functools.partial(bowl, sign=-1.0), START, up) < -1
    assert step_alpha(functools.partial(bowl, sign=-1.0), START, down) == jnp.inf
    assert step_alpha(bowl, START, optax.tree.zeros_like(START)) == -1


def test_sharpness_is_the_rise_along_the_gradient():
    gradient = jax.grad(bowl)(START)
    unit = flat(gradient) / np.linalg.norm(flat(gradient))
    hessian = 2 * flat({"a": SLOPES["a"], "b": SLOPES["b"]})
    rise = 0.5 * np.linalg.norm(flat(gradient)) + 0.125 * unit @ (hessian * unit)
    assert sharpness(bowl, START, radius=0.5) == pytest.approx(rise, rel=1e-5)
    known = jax.value_and_grad(bowl)(START)
    assert sharpness(bowl, START, radius=0.5, value_and_grad=known) == pytest.approx(rise, rel=1e-5)
    assert sharpness(bowl, START, radius=1e-2) == pytest.approx(
        1e-2 * np.linalg.norm(flat(gradient)), rel=1e-2
    )


def test_sharpness_where_the_gradient_vanishes_is_zero():
    assert sharpness(bowl, optax.tree.zeros_like(START)) == 0


@jax.jit
def descended(hessian, rate, momentum):
    loss, optimizer = functools.partial(parabola, hessian), optax.sgd(rate, momentum=momentum)

    def step(carry, _):
        x, state = carry
        updates, state = optimizer.update(jax.grad(loss)(x), state)
        return (optax.apply_updates(x, updates), state), None

    start = jax.tree.map(jnp.ones_like, origin(hessian))
    (end, _), _ = jax.lax.scan(step, (start, optimizer.init(start)), length=150)
    return optax.tree.norm(end) / optax.tree.norm(start)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_descent_grows_beyond_the_edge_of_stability(momentum):
    hessian = rotated(np.linspace(0.3, 5, 12))
    largest = beyond_all(hessian)[0].values[-1]
    edge = 1 / edge_of_stability(largest, learning_rate=1.0, momentum=momentum)
    assert edge_of_stability(largest, learning_rate=edge, momentum=momentum) == pytest.approx(1)
    assert descended(hessian, 0.98 * edge, momentum) < 0.1
    assert descended(hessian, 1.02 * edge, momentum) > 10


def test_curvature_of_every_other_step_of_a_scan():
    def step(params, i):
        def figures(params):
            spectrum = lanczos(logistic, params, jax.random.fold_in(KEY, i), steps=4)
            return {"largest": spectrum.values[-1], "sharpness": sharpness(logistic, params)}

        gradient = jax.grad(logistic)(params)
        return optax.tree.add_scale(params, -0.1, gradient), every(2, figures)(i, params)

    _, found = jax.jit(lambda p: jax.lax.scan(step, p, jnp.arange(4)))(PARAMS)
    for figure in found.values():
        assert np.isfinite(figure).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lanczos(bowl, START, KEY, steps=0), "`steps` of at least 1, got 0"),
        (lambda: spectral_density(bowl, START, KEY, draws=0), "`draws` of at least 1, got 0"),
        (lambda: spectral_density(bowl, START, KEY, steps=0), "`steps` of at least 1, got 0"),
        (lambda: hessian_trace(bowl, START, KEY, draws=0), "`draws` of at least 1, got 0"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
