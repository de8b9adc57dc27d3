"""Proper scores: nothing that a forecaster could say costs less, on average, than the truth.

Expectations are exact but for rounding where the truth has finitely many outcomes, and quadrature
elsewhere. A row says how a forecast comes from free numbers, what it costs on average, and which
numbers are the truth.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

import jaxloss as jl
from jaxloss.testing.case import float64

RNG = np.random.default_rng(0)


class Row(NamedTuple):
    """A score, and a truth.

    Attributes:
        expected: what a forecast costs on average, of numbers without bounds.
        truth: the numbers of the truth.
        strict: whether only the truth costs least.
    """

    expected: Callable[[Any], Any]
    truth: Any
    strict: bool = True


# --- classes: every one may come true

CHANCES = np.array([0.05, 0.4, 0.1, 0.25, 0.2])


def of_classes(score, **options):
    """The truth is a distribution of classes; scores of the last one are held at 0."""
    labels = np.arange(len(CHANCES))

    def expected(free):
        logits = jnp.append(free, 0.0)
        return CHANCES @ score(jnp.broadcast_to(logits, (5, 5)), labels, **options)

    return Row(expected, np.log(CHANCES[:-1] / CHANCES[-1]))


def of_bits(score):
    chance = np.array([0.7, 0.3])
    return Row(
        lambda free: chance @ score(jnp.broadcast_to(free, 2), np.arange(2.0)),
        np.log([0.3 / 0.7]),
    )


CLASSES = {
    "log": of_classes(jl.classification.softmax_cross_entropy),
    "log, bits": of_bits(jl.classification.sigmoid_cross_entropy),
    "brier": of_classes(jl.proper.brier),
    "ranked_probability": of_classes(jl.proper.ranked_probability),
    "spherical": of_classes(jl.proper.spherical),
    "tsallis 1": of_classes(jl.proper.tsallis, alpha=1.0),
    "tsallis 1.5": of_classes(jl.proper.tsallis),
    "tsallis 3": of_classes(jl.proper.tsallis, alpha=3.0),
}

# --- distributions: targets are quantiles of the truth

V = (np.arange(800) + 0.5) / 800
# Sidi's change of variable takes the tails in small steps.
PLACES, WEIGHTS = V - np.sin(2 * np.pi * V) / (2 * np.pi), (1 - np.cos(2 * np.pi * V)) / 800


def of_distribution(score, target, truth, arguments, weights=WEIGHTS):
    def expected(free):
        given = [jnp.broadcast_to(x, target.shape) for x in arguments(*free)]
        return weights @ score(*given, target)

    return Row(expected, np.array(truth, float))


def located(mean, log_scale):
    return mean, jnp.exp(log_scale)


def positive(*logs):
    return [jnp.exp(x) for x in logs]


def mixture(lead, first, second, log_first, log_second):
    """Two parts, which get an axis of their own."""
    parts = (lead, 0.0), (first, second), (jnp.exp(log_first), jnp.exp(log_second))
    return [jnp.stack([jnp.asarray(x) for x in pair]) for pair in parts]


def of_mixture(score, truth):
    logits, mean, scale = (np.asarray(x, float) for x in mixture(*truth))
    target = (mean + scale * stats.norm.ppf(PLACES)[:, None]).T.ravel()
    share = np.exp(logits) / np.exp(logits).sum()
    weights = np.concatenate([q * WEIGHTS for q in share])

    def expected(free):
        given = [jnp.broadcast_to(x, (len(target), 2)) for x in mixture(*free)]
        return weights @ score(*given, target)

    return Row(expected, np.array(truth))


def bounded(score):
    return lambda *args: score(*args, lower=-0.5, upper=1.5)


NORMAL = stats.norm(0.5, np.exp(0.25)).ppf(PLACES)
CUT = stats.truncnorm(-1 / np.exp(0.25), 1 / np.exp(0.25), 0.5, np.exp(0.25)).ppf(PLACES)
COUNTS = np.arange(60.0)
DISTRIBUTIONS = {
    "heteroscedastic": of_distribution(
        jl.uncertainty.heteroscedastic, NORMAL, (0.5, 0.5), lambda m, s: (m, s)
    ),
    "gaussian": of_distribution(jl.crps.gaussian, NORMAL, (0.5, 0.25), located),
    "logistic": of_distribution(
        jl.crps.logistic, stats.logistic(-1, np.exp(0.5)).ppf(PLACES), (-1, 0.5), located
    ),
    "laplace": of_distribution(
        jl.crps.laplace, stats.laplace(1, np.exp(-0.5)).ppf(PLACES), (1, -0.5), located
    ),
    "student_t": of_distribution(
        jl.crps.student_t,
        stats.t(1 + np.exp(1.25), 0.5, np.exp(0.25)).ppf(PLACES),
        (0.5, 0.25, 1.25),
        lambda mean, s, df: (mean, jnp.exp(s), 1 + jnp.exp(df)),
    ),
    "mixture_gaussian": of_mixture(jl.crps.mixture_gaussian, (0.5, -1.0, 2.0, 0.0, -0.5)),
    "exponential": of_distribution(
        jl.crps_bounded.exponential, stats.expon(0, np.exp(0.5)).ppf(PLACES), (0.5,), positive
    ),
    "uniform": of_distribution(
        jl.crps_bounded.uniform,
        stats.uniform(-1, np.exp(0.5)).ppf(PLACES),
        (-1, 0.5),
        lambda lower, width: (lower, lower + jnp.exp(width)),
    ),
    "lognormal": of_distribution(
        jl.crps_bounded.lognormal, stats.lognorm(np.exp(-0.5)).ppf(PLACES), (0, -0.5), located
    ),
    "gamma": of_distribution(
        jl.crps_bounded.gamma,
        stats.gamma(np.exp(0.75), scale=np.exp(-0.25)).ppf(PLACES),
        (0.75, -0.25),
        positive,
    ),
    "beta": of_distribution(
        jl.crps_bounded.beta,
        stats.beta(np.exp(0.75), np.exp(0.25)).ppf(PLACES),
        (0.75, 0.25),
        positive,
    ),
    "poisson": of_distribution(
        jl.crps_bounded.poisson,
        COUNTS,
        (1.0,),
        positive,
        stats.poisson(np.exp(1.0)).pmf(COUNTS),
    ),
    "censored_gaussian": of_distribution(
        bounded(jl.crps_cut.censored_gaussian), np.clip(NORMAL, -0.5, 1.5), (0.5, 0.25), located
    ),
    "truncated_gaussian": of_distribution(
        bounded(jl.crps_cut.truncated_gaussian), CUT, (0.5, 0.25), located
    ),
}

# --- places in a distribution: 20 outcomes, as likely as each other

OUTCOMES = np.sort(RNG.normal(size=20))


def quantile(level):
    """Half-way between two outcomes: every place between them is one."""
    below = round(20 * level)
    return OUTCOMES[below - 1 : below + 1].mean()


def of_places(score, *truth):
    return Row(lambda free: jnp.mean(score(free)), np.array(truth), strict=False)


def everywhere(x):
    return jnp.broadcast_to(x, (20, *jnp.shape(x)))


def expectile(level):
    slope = lambda e: np.mean(np.where(e > OUTCOMES, 1 - level, level) * (OUTCOMES - e))
    return optimize.brentq(slope, OUTCOMES[0], OUTCOMES[-1], xtol=1e-14)


LEVELS = np.array([0.25, 0.5, 0.9])
PLACED = {
    "pinball": of_places(
        lambda x: jl.quantile.pinball(everywhere(x[0]), OUTCOMES, quantile=0.75), quantile(0.75)
    ),
    "expectile": of_places(
        lambda x: jl.quantile.expectile(everywhere(x[0]), OUTCOMES, level=0.75), expectile(0.75)
    )._replace(strict=True),
    "interval": of_places(
        lambda x: jl.quantile.interval(
            everywhere(x[0]), everywhere(x[1]), OUTCOMES, miscoverage=0.2
        ),
        quantile(0.1),
        quantile(0.9),
    ),
    "multi_quantile": of_places(
        lambda x: jl.quantile.multi_quantile(everywhere(x), OUTCOMES, levels=LEVELS),
        *map(quantile, LEVELS),
    ),
    "crps_quantile": of_places(
        lambda x: jl.quantile.crps_quantile(everywhere(x), OUTCOMES, levels=LEVELS),
        *map(quantile, LEVELS),
    ),
    "weighted_interval": of_places(
        lambda x: jl.quantile.weighted_interval(
            everywhere(x[:2]),
            everywhere(x[3:]),
            everywhere(x[2]),
            OUTCOMES,
            miscoverage=np.array([0.1, 0.4]),
        ),
        *map(quantile, (0.05, 0.2, 0.5, 0.95, 0.8)),
    ),
}

# --- ensembles that are the forecast: the truth is that one of the members comes true

NUMBERS = np.array([-1.5, -0.25, 0.5, 2.0])
VECTORS = RNG.normal(size=(4, 2))


def of_members(score, truth, *, strict=True, **options):
    def expected(free):
        return jnp.mean(score(jnp.broadcast_to(free, (4, *truth.shape)), truth, **options))

    return Row(expected, truth, strict)


def of_three_moments(score):
    """The truth has two outcomes, with the mean, variance and skewness that the members show."""
    middle, spread = NUMBERS.mean(), NUMBERS.std(ddof=1)
    skew = stats.skew(NUMBERS, bias=True) * (NUMBERS.std() / spread) ** 3 * 16 / (3 * 2)
    lean = skew / 2 + np.array([-1, 1]) * np.sqrt(1 + skew**2 / 4)
    chance = np.array([lean[1], -lean[0]]) / (lean[1] - lean[0])
    outcomes = middle + spread * lean
    return Row(
        lambda free: chance @ score(jnp.broadcast_to(free, (2, 4)), outcomes), NUMBERS, False
    )


MEMBERS = {
    "crps_ensemble": of_members(jl.scoring.crps_ensemble, NUMBERS),
    "almost_fair_crps": of_members(jl.scoring.almost_fair_crps, NUMBERS, alpha=0.0),
    "threshold_weighted_crps": of_members(
        jl.scoring.threshold_weighted_crps, NUMBERS, threshold=0.1, strict=False
    ),
    "error_spread": of_three_moments(jl.scoring.error_spread),
    "energy": of_members(jl.multivariate.energy, VECTORS),
    "gaussian_kernel": of_members(jl.multivariate.gaussian_kernel, VECTORS),
    # A common offset costs nothing.
    "variogram": of_members(jl.multivariate.variogram, VECTORS, strict=False),
}

# --- ensembles that are drawn from the forecast: all that could be drawn


def of_draws(score, places, **options):
    """Forecast and truth are distributions over places; three members are drawn."""
    chosen = np.array([*itertools.product(range(len(places)), repeat=3)])
    drawn = np.repeat(places[chosen], len(places), axis=0)
    target = np.concatenate([places] * len(chosen))
    chance = np.array([0.2, 0.5, 0.3])

    def expected(free):
        q = jax.nn.softmax(jnp.append(free, 0.0))
        values = score(drawn, target, **options).reshape(len(chosen), len(places))
        return jnp.prod(q[chosen], axis=-1) @ values @ chance

    return Row(expected, np.log(chance[:-1] / chance[-1]))


DRAWS = {
    "crps_ensemble, fair": of_draws(jl.scoring.crps_ensemble, NUMBERS[:3], estimator="fair"),
    "almost_fair_crps, fair": of_draws(jl.scoring.almost_fair_crps, NUMBERS[:3], alpha=1.0),
    "threshold_weighted_crps, fair": of_draws(
        jl.scoring.threshold_weighted_crps, NUMBERS[:3], threshold=-0.5, estimator="fair"
    )._replace(strict=False),
    "energy, fair": of_draws(jl.multivariate.energy, VECTORS[:3], estimator="fair"),
    "gaussian_kernel, fair": of_draws(
        jl.multivariate.gaussian_kernel, VECTORS[:3], estimator="fair"
    ),
}

# --- moments: outcomes that have exactly the mean and covariance of the truth


def triangle(a, b, c):
    return (
        jnp.array([[1, 0], [0, 0]]) * jnp.exp(a)
        + jnp.array([[0, 0], [1, 0]]) * b
        + jnp.array([[0, 0], [0, 1]]) * jnp.exp(c)
    )


def of_moments(score):
    truth = np.array([0.5, -1.0, 0.25, 0.75, -0.5])
    factor = np.asarray(triangle(*truth[2:]))
    outcomes = truth[:2] + np.sqrt(2) * np.concatenate([factor.T, -factor.T])

    def expected(free):
        mean, factor = free[:2], triangle(*free[2:])
        return jnp.mean(
            score(jnp.broadcast_to(mean, (4, 2)), jnp.broadcast_to(factor, (4, 2, 2)), outcomes)
        )

    return Row(expected, truth)


ROWS = CLASSES | DISTRIBUTIONS | PLACED | MEMBERS | DRAWS
ROWS["dawid_sebastiani"] = of_moments(jl.multivariate.dawid_sebastiani)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_expected_score_is_least_at_the_truth(row):
    """Its slope is 0 there, and 96 others, near and far, cost no less."""
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(3, 32, *row.truth.shape))
    steps *= np.array([0.01, 0.1, 1.0]).reshape(3, *(1,) * (steps.ndim - 1))
    with float64():
        slope, least, found = jax.jit(
            lambda truth, others: (
                jax.grad(row.expected)(truth),
                row.expected(truth),
                jax.lax.map(row.expected, others, batch_size=32),
            )
        )(row.truth, row.truth + steps.reshape(-1, *row.truth.shape))
    np.testing.assert_allclose(slope, 0, atol=1e-5)
    excess = np.asarray(found - least).reshape(3, 32)
    assert excess.min() > -1e-7
    if row.strict:
        sizes = np.square(steps.reshape(3, 32, -1)).sum(-1)
        assert (excess[1:] / np.minimum(sizes[1:], 1)).min() > 1e-4


def test_moments_of_an_ensemble():
    """The mean and the factor of the covariance are those of NumPy."""
    pred = np.random.default_rng(2).normal(size=(3, 7, 4)).astype(np.float32)
    mean, factor = jax.jit(jl.multivariate.moments)(pred, jitter=np.float32(0.5))
    wanted = np.stack([np.cov(x, rowvar=False) + 0.5 * np.eye(4) for x in pred.astype(float)])
    np.testing.assert_allclose(mean, pred.mean(1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(factor @ factor.swapaxes(-1, -2), wanted, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.triu(factor, 1), 0)
