"""Figures of parameter gradients: terms that agree or do not, and noise that is known."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.analysis.gradients import conflict_rate, term_figures
from jaxloss.analysis.noise import (
    Moments,
    Noise,
    average_noise,
    evidence_to_stop,
    example_norms,
    gradient_moments,
    gradient_signal_to_noise,
    noise_from_norms,
    part_norms,
)
from jaxloss.analysis.probe import every

DIM, BATCH, DRAWS = 6, 32, 400
MEAN = np.array([1.0, -2.0, 0.5, 0.0, 0.0, 0.3])
SPREAD = np.array([1.0, 3.0, 0.5, 2.0, 1.0, 0.1])
PARAMS = {"w": jnp.zeros(4), "b": jnp.zeros(2)}


def linear(params, x):
    """A loss whose gradient for one example is the example."""
    return jnp.mean(x @ jnp.concatenate([params["w"], params["b"]]))


def batches(mean, count=DRAWS):
    noise = np.random.default_rng(0).standard_normal((count, BATCH, DIM))
    return (mean + SPREAD * noise).astype(np.float32)


def within(values, truth, errors=3.0):
    """Whether the mean of independent values is the truth, within its standard errors."""
    values = np.asarray(values, np.float64)
    assert abs(values.mean() - truth) < errors * values.std(ddof=1) / np.sqrt(values.size)


@functools.cache
def measured(parts, signal):
    """Moments of many batches of known noise, and what follows from them."""
    x = batches(MEAN if signal else np.zeros(DIM))

    def one(x):
        moments = gradient_moments(linear, PARAMS, x, parts=parts)
        ratio, stop = gradient_signal_to_noise(moments), evidence_to_stop(moments)
        return moments, moments.noise, ratio, stop

    return x, jax.jit(jax.vmap(one))(x)


# Terms of an objective


def three_terms(params, batch):
    x, y = params["x"], params["y"]
    return {
        "near": jl.average((x - batch) ** 2),
        "far": 2 * (x + 3) ** 2,
        "other": y**2,
        "flat": 0.0 * x,
    }


POINT, TARGET = {"x": jnp.array(1.0), "y": jnp.array(-1.0)}, jnp.array([1.5, 2.5])


def test_terms_that_oppose_agree_or_have_nothing_to_do_with_each_other():
    figures = jax.jit(functools.partial(term_figures, three_terms))(POINT, TARGET)
    assert figures["near/gradient_norm"] == 2
    assert figures["far/gradient_norm"] == 16
    assert figures["other/gradient_norm"] == 2
    assert figures["flat/gradient_norm"] == 0
    pairs = {"far~near": -1, "near~other": 0, "far~other": 0, "flat~near": 0}
    assert {pair: figures[f"{pair}/cosine"] for pair in pairs} == pairs
    assert figures["conflict_rate"] == pytest.approx(1 / 6)


def test_magnitude_similarity_compares_norms():
    figures = term_figures(three_terms, POINT, TARGET)
    assert figures["near~other/magnitude_similarity"] == 1
    assert figures["far~near/magnitude_similarity"] == pytest.approx(2 * 32 / (4 + 256))
    assert figures["flat~near/magnitude_similarity"] == 0


@pytest.mark.parametrize("size", [1e-18, 1e18])
def test_magnitude_similarity_has_no_squares_that_overflow(size):
    def terms(x):
        return {"one": size * x, "three": 3 * size * x}

    figures = term_figures(terms, jnp.array(1.0))
    assert figures["one~three/magnitude_similarity"] == pytest.approx(0.6)


def test_term_figures_hold_the_report_of_the_objective_and_count_its_weights():
    objective = jl.objective(three_terms, weights={"far": 0.25})
    figures = term_figures(objective, POINT, TARGET, tasks=("near", "far"))
    _, report = objective(POINT, TARGET)
    assert {name: figures[name] for name in report} == report
    assert figures["far/gradient_norm"] == 4
    assert set(figures) - set(report) == {
        "near/gradient_norm",
        "far/gradient_norm",
        "near~far/cosine",
        "near~far/magnitude_similarity",
        "conflict_rate",
    }


def test_term_figures_of_an_objective_with_aux_and_of_some_parameters():
    objective = jl.objective(lambda *args: (three_terms(*args), "aside"), has_aux=True)
    figures = term_figures(objective, POINT, TARGET, wrt="y")
    assert figures["near/gradient_norm"] == 0
    assert figures["other/gradient_norm"] == 2


def test_term_figures_in_a_scan_every_other_step():
    def step(params, i):
        figures = every(2, functools.partial(term_figures, three_terms))(i, params, TARGET)
        return jax.tree.map(lambda p: p - 1.5, params), figures

    _, figures = jax.jit(lambda p: jax.lax.scan(step, p, jnp.arange(5)))(POINT)
    # At 1 the first two oppose; from -2 on, and from -5 on, one or both change sides.
    assert np.asarray(figures["far~near/cosine"])[::2].tolist() == [-1, -1, 1]
    assert conflict_rate(figures["far~near/cosine"]) == pytest.approx(2 / 3)


def test_conflict_rate_counts_what_was_recorded():
    cosines = jnp.array([[-1.0, jnp.nan, 0.5, 0.0], [-0.1, jnp.nan, -0.2, jnp.nan]])
    assert conflict_rate(cosines) == pytest.approx(3 / 5)
    assert conflict_rate(cosines, axis=1).tolist() == pytest.approx([1 / 3, 1])
    assert conflict_rate(jnp.full(3, jnp.nan)) == 0


# Noise


def test_moments_are_those_of_numpy():
    x, (moments, noise, _, _) = measured(8, True)
    # Optax deals out the examples in turn.
    parts = x[0].astype(np.float64).reshape(BATCH // 8, 8, DIM).mean(0)
    mean, variance = parts.mean(0), parts.var(0, ddof=1)
    assert np.concatenate([moments.mean["w"][0], moments.mean["b"][0]]) == pytest.approx(
        mean, rel=1e-4, abs=1e-5
    )
    assert np.concatenate([moments.variance["w"][0], moments.variance["b"][0]]) == pytest.approx(
        variance, rel=1e-4
    )
    assert noise.noise[0] == pytest.approx(4 * variance.sum(), rel=1e-4)
    assert noise.signal[0] == pytest.approx((mean**2).sum() - variance.sum() / 8, rel=1e-4)


def test_variance_survives_a_gradient_that_is_far_larger():
    x = 1e4 + jnp.array([[-1.0], [1.0]] * 4)
    moments = gradient_moments(lambda slope, x: jnp.mean(x @ slope), jnp.zeros(1), x, parts=8)
    assert moments.variance[0] == pytest.approx(8 / 7, rel=1e-3)


@pytest.mark.parametrize("parts", [8, BATCH])
def test_noise_and_signal_of_a_known_gaussian(parts):
    _, (_, noise, _, _) = measured(parts, True)
    within(noise.noise, (SPREAD**2).sum())
    within(noise.signal, (MEAN**2).sum())


def test_noise_from_a_single_part_of_each_batch():
    def one(x):
        square = part_norms(linear, PARAMS, x, parts=4) ** 2
        whole = jnp.sum(jnp.square(jnp.mean(x, axis=0)))
        return noise_from_norms(square, whole, part_size=BATCH // 4, batch_size=BATCH)

    noise = jax.jit(jax.vmap(one))(batches(MEAN))
    within(noise.noise, (SPREAD**2).sum())
    within(noise.signal, (MEAN**2).sum())


def test_noise_from_examples_is_that_from_as_many_parts():
    x, (moments, noise, _, _) = measured(BATCH, True)
    gradient, norms = example_norms(linear, PARAMS, x[0], chunk=8)
    assert np.asarray(norms) == pytest.approx(np.linalg.norm(x[0], axis=1), rel=1e-5)
    assert np.asarray(gradient["w"]) == pytest.approx(np.asarray(moments.mean["w"][0]), abs=1e-6)
    square = np.sum(x[0].mean(0) ** 2)
    found = noise_from_norms(norms**2, square, part_size=1, batch_size=BATCH)
    assert found.noise == pytest.approx(float(noise.noise[0]), rel=1e-4)
    assert found.signal == pytest.approx(float(noise.signal[0]), rel=1e-4)


def test_parts_are_those_of_the_batch_in_order():
    x = jnp.arange(12.0).reshape(6, 2) @ jnp.eye(2, DIM)
    norms = part_norms(linear, PARAMS, x, parts=3, count=2)
    expected = np.asarray(x).reshape(3, 2, DIM).mean(1)[:2]
    assert np.asarray(norms) == pytest.approx(np.linalg.norm(expected, axis=1))


def test_averages_of_noise_and_signal_give_the_scale():
    _, (_, noise, _, _) = measured(8, True)

    def step(average, found):
        average = average_noise(average, found, decay=0.99)
        return average, average.scale

    _, scales = jax.lax.scan(step, Noise(jnp.zeros(()), jnp.zeros(())), noise)
    past = np.zeros(2)
    for pair in np.stack([noise.noise, noise.signal], 1).astype(np.float64):
        past = 0.99 * past + 0.01 * pair
    assert scales[-1] == pytest.approx(past[0] / past[1], rel=1e-4)
    # The standard error of either average is some 2 percent.
    assert scales[-1] == pytest.approx((SPREAD**2).sum() / (MEAN**2).sum(), rel=0.1)


def test_average_rests_between_the_probes():
    def step(average, i):
        found = every(3, lambda i: Noise(2.0 + i, 1.0 + 0 * i))(i, jnp.float32(i))
        return average_noise(average, found, decay=0.5), average

    start = Noise(jnp.zeros(()), jnp.zeros(()))
    last, past = jax.lax.scan(step, start, jnp.arange(5))
    assert past.noise.tolist() == [0, 1, 1, 1, 3]
    assert last == Noise(3.0, 0.75)


def test_scale_without_signal_is_infinite_and_of_nothing_nan():
    assert Noise(jnp.array(2.0), jnp.array(-0.1)).scale == jnp.inf
    assert Noise(jnp.array(0.0), jnp.array(2.0)).scale == 0
    assert jnp.isnan(Noise(jnp.array(0.0), jnp.array(0.0)).scale)
    assert jnp.isnan(Noise(jnp.array(jnp.nan), jnp.array(jnp.nan)).scale)


# Signal to noise


@pytest.mark.parametrize("parts", [8, BATCH])
def test_pure_noise_has_no_signal_and_no_evidence_against_stopping(parts):
    _, (_, _, ratio, stop) = measured(parts, False)
    within(ratio, 0.0)
    within(stop, 0.0)


@pytest.mark.parametrize("parts", [8, BATCH])
def test_signal_to_noise_of_a_known_gaussian(parts):
    _, (_, _, ratio, stop) = measured(parts, True)
    truth = np.mean(MEAN**2 / SPREAD**2)
    within(ratio, truth)
    within(stop, -BATCH * truth)


def test_evidence_is_that_of_the_paper_but_for_the_factor():
    x, (_, _, _, stop) = measured(BATCH, True)
    wide = x[0].astype(np.float64)
    ratio = BATCH * np.mean(wide.mean(0) ** 2 / wide.var(0, ddof=1))
    assert stop[0] == pytest.approx(1 - ratio * (BATCH - 3) / (BATCH - 1), rel=1e-4)


def test_entries_that_do_not_vary_are_left_out():
    some = Moments(jnp.array([2.0, 0.0, 5.0]), jnp.array([1.0, 0.0, 0.0]), 5, 2)
    alone = Moments(jnp.array([2.0]), jnp.array([1.0]), 5, 2)
    assert gradient_signal_to_noise(some) == gradient_signal_to_noise(alone)
    dead = Moments(jnp.zeros(3), jnp.zeros(3), 5, 2)
    assert gradient_signal_to_noise(dead) == evidence_to_stop(dead) == 0


def test_gradients_of_low_precision_are_gathered_in_float32():
    x = jnp.array([[256.0], [1.0]] * 4, jnp.bfloat16)
    moments = gradient_moments(lambda s, x: jnp.mean(x @ s), jnp.zeros(1, jnp.bfloat16), x, parts=8)
    assert moments.mean.dtype == jnp.float32
    assert moments.mean[0] == 128.5


# Errors

X = jnp.ones((8, DIM))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gradient_moments(linear, PARAMS, X, parts=3), "divide a batch of 8, got 3"),
        (lambda: gradient_moments(linear, PARAMS, X, parts=1), "at least 2 `parts`, got 1"),
        (lambda: gradient_moments(linear, PARAMS, X, jnp.ones(7)), "one first axis"),
        (lambda: part_norms(linear, PARAMS, X, parts=4, count=5), "`count` from 1 to 4"),
        (lambda: part_norms(linear, PARAMS, X, parts=0), "divide a batch of 8, got 0"),
        (lambda: example_norms(linear, PARAMS, X, chunk=3), "`chunk` to divide a batch of 8"),
        (lambda: gradient_signal_to_noise(Moments(X, X, 3, 1)), "at least 4 parts, got 3"),
        (lambda: evidence_to_stop(Moments(X, X, 3, 1)), "at least 4 parts, got 3"),
        (lambda: term_figures(three_terms, POINT, TARGET, tasks=("none",)), "no term is called"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
