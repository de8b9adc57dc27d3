"""Losses at the limits of their parameters: the loss that each becomes, and no NaN on the way.

A row of the table is a loss, its arguments, a hyperparameter (or an argument) and its limit; what
is expected is the limiting loss, or a number by hand. What comes near the limit must come near the
value as well, and have a finite gradient.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf, log, pi
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl

LOC = np.array([0.5, -1.0, 2.0], np.float32)
LOG_SCALE = np.array([0.0, 0.5, -1.0], np.float32)
TARGET = np.array([1.5, 0.0, -3.0], np.float32)
POSITIVE = np.array([1.5, 0.25, 3.0], np.float32)
COUNTS = np.array([0.0, 3.0, 40.0], np.float32)
LOG_MEAN = np.array([0.5, 1.0, 3.5], np.float32)
LOGITS = np.array([0.5, -1.0, 2.0], np.float32)
NONE = np.zeros(3, np.float32)
ALL = np.ones(3, np.float32)
TINY, LARGE = -69 * ALL, 69 * ALL
"""Logarithms of 1e-30 and of 1e30."""
CURVES = np.array([[0.5, -1.0, 2.0], [0.0, 0.25, 4.0], [-0.5, 1.0, 0.0]], np.float32)


@dataclass(frozen=True)
class Limit:
    """A loss at a limit.

    Attributes:
        loss: the function.
        args: its arguments.
        expected: values there.
        at: hyperparameters there.
        near: the same hyperparameters close by, to which the value must be close as well.
        rtol: how close values are.
    """

    loss: Callable[..., Any]
    args: tuple[Any, ...]
    expected: Any
    at: Mapping[str, float] = field(default_factory=dict)
    near: Mapping[str, float] = field(default_factory=dict)
    rtol: float = 2e-6


def normal(z: Any) -> Any:
    """Minus the logarithm of the standard normal density."""
    return z * z / 2 + log(2 * pi) / 2


def of_deviation(mean: Any, log_deviation: Any, target: Any) -> Any:
    """The normal density by the logarithm of its standard deviation."""
    return jl.likelihood.gaussian_log_variance(mean, 2 * log_deviation, target)


LIMITS: dict[str, Limit] = {
    "student_t: df to infinity": Limit(
        jl.likelihood.student_t,
        (LOC, LOG_SCALE, TARGET),
        jl.likelihood.gaussian_log_variance(LOC, 2 * LOG_SCALE, TARGET),
        {"df": inf},
        {"df": 1e9},
    ),
    "student_t: df to infinity, of errors of 0": Limit(
        jl.likelihood.student_t,
        (LOC, LOG_SCALE, LOC),
        log(2 * pi) / 2 + LOG_SCALE,
        {"df": inf},
        {"df": 1e20},
    ),
    "negative_binomial: dispersion to 0": Limit(
        jl.counts.negative_binomial,
        (LOG_MEAN, COUNTS),
        jl.counts.poisson(LOG_MEAN, COUNTS),
        {"dispersion": 0.0},
        {"dispersion": 1e-10},
    ),
    "negative_binomial: dispersion to 0, of no counts": Limit(
        jl.counts.negative_binomial,
        (LOG_MEAN, NONE),
        np.exp(LOG_MEAN),
        {"dispersion": 0.0},
        {"dispersion": 1e-30},
    ),
    "zero_inflated_negative_binomial: dispersion to 0": Limit(
        jl.counts.zero_inflated_negative_binomial,
        (LOGITS, LOG_MEAN, COUNTS),
        jl.counts.zero_inflated_poisson(LOGITS, LOG_MEAN, COUNTS),
        {"dispersion": 0.0},
        {"dispersion": 1e-10},
    ),
    "zero_inflated_poisson: never inflated": Limit(
        jl.counts.zero_inflated_poisson,
        (-1e4 * ALL, LOG_MEAN, COUNTS),
        jl.counts.poisson(LOG_MEAN, COUNTS),
    ),
    "zero_inflated_poisson: always inflated": Limit(
        jl.counts.zero_inflated_poisson, (1e4 * ALL, LOG_MEAN, NONE), NONE
    ),
    "hurdle_poisson: a rate of 0 counts one": Limit(
        jl.counts.hurdle_poisson, (LOGITS, -1e4 * ALL, ALL), np.log1p(np.exp(LOGITS))
    ),
    "binomial: as many as there are, at a probability of 1": Limit(
        jl.counts.binomial, (1e4 * ALL, 1e6 * ALL, 1e6 * ALL), NONE
    ),
    "generalized_extreme_value: shape to 0": Limit(
        jl.extremes.generalized_extreme_value,
        (LOC, LOG_SCALE, LOC + 1),
        np.exp(-LOG_SCALE) + np.exp(-np.exp(-LOG_SCALE)) + LOG_SCALE,
        {"shape": 0.0},
        {"shape": 1e-12},
    ),
    "generalized_pareto: shape to 0": Limit(
        jl.extremes.generalized_pareto,
        (LOG_SCALE, POSITIVE),
        jl.lifetimes.exponential(-LOG_SCALE, POSITIVE),
        {"shape": 0.0},
        {"shape": -1e-12},
    ),
    "gamma: a concentration of 1": Limit(
        jl.lifetimes.gamma,
        (NONE, LOG_SCALE, POSITIVE),
        jl.lifetimes.exponential(LOG_SCALE, POSITIVE),
    ),
    "weibull: a concentration of 1": Limit(
        jl.lifetimes.weibull,
        (NONE, -LOG_SCALE, POSITIVE),
        jl.lifetimes.exponential(LOG_SCALE, POSITIVE),
    ),
    **{
        f"deviance.tweedie: power to {power:g}": Limit(
            jl.deviance.tweedie, (POSITIVE, ALL + 1), expected, {"power": power}, {"power": near}
        )
        for power, near, expected in (
            (0.0, -1e-7, (POSITIVE - 2) ** 2),
            (1.0, 1 - 1e-7, 2 * (2 * np.log(2 / POSITIVE) - 2 + POSITIVE)),
            (2.0, 2 + 1e-6, 2 * (2 / POSITIVE - np.log(2 / POSITIVE) - 1)),
            (3.0, 3 - 1e-6, (POSITIVE - 2) ** 2 / (2 * POSITIVE**2)),
        )
    },
    "deviance.tweedie: power to 1, of nothing": Limit(
        jl.deviance.tweedie, (POSITIVE, NONE), 2 * POSITIVE, {"power": 1.0}, {"power": 1 - 1e-7}
    ),
    "lifetimes.tweedie: power to 2": Limit(
        jl.lifetimes.tweedie,
        (LOC, LOG_SCALE, POSITIVE),
        jl.lifetimes.gamma(-LOG_SCALE, -LOG_SCALE - LOC, POSITIVE),
        {"power": 2.0},
        {"power": 2 - 1e-6},
    ),
    "lifetimes.tweedie: hardly any dispersion": Limit(
        # Normal, of the variance `1e-30 * mean**1.5`; this one is on the target.
        jl.lifetimes.tweedie,
        (NONE, TINY, ALL),
        (log(2 * pi) + TINY) / 2,
    ),
    "lifetimes.tweedie: one part is all there may be": Limit(
        # That of a chance of `2 * exp(-69)`, and exponential parts of mean `exp(69) / 2`.
        jl.lifetimes.tweedie,
        (NONE, LARGE, ALL),
        2 * LARGE - log(4),
    ),
    "inverse_gaussian: the time of a drift that starts from far away": Limit(
        # Normal, of the variance `mean**3 / shape`, on the target.
        jl.lifetimes.inverse_gaussian,
        (NONE, LARGE, ALL),
        (log(2 * pi) - LARGE) / 2,
    ),
    "dirichlet_multinomial: concentration to infinity": Limit(
        jl.proportions.dirichlet_multinomial,
        (CURVES + 69, COUNTS[:, None] * ALL),
        jl.proportions.multinomial(CURVES, COUNTS[:, None] * ALL),
    ),
    "dirichlet_multinomial: concentration to 0 leaves one class": Limit(
        # Each of the three is as likely to have all of them.
        jl.proportions.dirichlet_multinomial,
        (-69 * np.ones((3, 3), np.float32), np.diag([1.0, 3.0, 40.0])),
        log(3) * ALL,
        rtol=2e-5,  # what is left of 69
    ),
    "low_rank_gaussian: no loads": Limit(
        jl.mixtures.low_rank_gaussian,
        (CURVES, np.zeros((3, 3, 2)), 0 * CURVES, CURVES + 1),
        3 * normal(1.0) * ALL,
    ),
    **{
        f"multivariate_gaussian: a scale of {scale:g}": Limit(
            jl.mixtures.multivariate_gaussian,
            (CURVES, np.stack([np.eye(3)] * 3) * scale, CURVES),
            3 * (normal(0.0) + log(scale)) * ALL,
        )
        for scale in (1e-30, 1e30)
    },
    "beta: shapes of 1e-30, next to an end": Limit(
        # `1 / target` over the integral of both ends, `2 / shape`.
        jl.proportions.beta,
        (TINY, TINY, 1e-30 * ALL),
        log(2) - TINY + log(1e-30),
    ),
    "von_mises: concentration to infinity": Limit(
        jl.likelihood.von_mises, (LOC, LARGE, LOC), log(2 * pi) / 2 - LARGE / 2
    ),
    "von_mises: concentration to 0": Limit(
        jl.likelihood.von_mises, (LOC, TINY, TARGET), log(2 * pi) * ALL
    ),
    "beta: both shapes 1": Limit(jl.proportions.beta, (NONE, NONE, ALL / 4), NONE),
    "beta: concentration to infinity": Limit(
        # The normal density of variance 1 / (8 * 1e30).
        jl.proportions.beta,
        (LARGE, LARGE, ALL / 2),
        log(2 * pi) / 2 - (LARGE + log(8)) / 2,
    ),
    "gaussian_mixture: components alike": Limit(
        jl.mixtures.gaussian_mixture,
        (CURVES, np.zeros((3, 3)), np.zeros((3, 3)), LOC),
        normal(LOC),
    ),
    "gaussian_mixture: one component": Limit(
        jl.mixtures.gaussian_mixture,
        (LOC[:, None], LOC[:, None], LOG_SCALE[:, None], TARGET),
        jl.likelihood.gaussian_log_variance(LOC, 2 * LOG_SCALE, TARGET),
    ),
    "discretized_logistic: a scale of 0": Limit(
        jl.mixtures.discretized_logistic, (ALL / 255, TINY, ALL / 255), NONE
    ),
    "discretized_logistic: a large scale": Limit(
        # An even part of the line, of 2 / 255 scales times a density of 1/4.
        jl.mixtures.discretized_logistic,
        (NONE, LARGE, ALL / 255),
        log(4) - log(2 / 255) + LARGE,
    ),
    "cox: none happened": Limit(jl.survival.cox, (LOGITS, POSITIVE, NONE), np.zeros(())),
    "cox: all at one time": Limit(
        jl.survival.cox, (NONE, ALL, ALL), np.asarray((log(3) + log(2)) / 3)
    ),
    "logistic_hazard: none happened": Limit(
        jl.survival.logistic_hazard,
        (CURVES, np.array([2, 2, 2]), NONE),
        np.sum(np.log1p(np.exp(CURVES)), axis=-1),
    ),
    "probability_mass: none happened": Limit(
        jl.survival.probability_mass,
        (CURVES, np.array([2, 2, 2]), NONE),
        np.log1p(np.sum(np.exp(CURVES), axis=-1)),
    ),
    "deephit: none happened": Limit(
        jl.survival.deephit,
        (CURVES, np.array([2, 2, 2]), NONE),
        np.log1p(np.sum(np.exp(CURVES), axis=-1)),
    ),
    "deephit: all in one interval": Limit(
        jl.survival.deephit,
        (np.zeros((3, 2)), np.array([0, 0, 0]), ALL),
        log(3) * ALL,
    ),
    "censored.weibull: none happened": Limit(
        jl.censored.weibull, (NONE, LOG_SCALE, POSITIVE, NONE), POSITIVE * np.exp(-LOG_SCALE)
    ),
    "censored.log_logistic: none happened": Limit(
        jl.censored.log_logistic, (NONE, NONE, POSITIVE, NONE), np.log1p(POSITIVE)
    ),
    "censored.log_normal: none happened, far out": Limit(
        # Mills's ratio of z = 1e4 is 1 / z.
        jl.censored.log_normal,
        (NONE, -log(1e4) * ALL, np.exp(ALL), NONE),
        1e8 / 2 + log(2 * pi) / 2 + log(1e4) * ALL,
    ),
    "censored.exponential: none happened, at once": Limit(
        jl.censored.exponential, (LOG_SCALE, NONE, NONE), NONE
    ),
}
LIMITS |= {
    f"{name}: a scale of {'1e-30' if scale is TINY else '1e30'}, on the target": Limit(
        loss, (LOC, scale, LOC), at_centre + scale
    )
    for name, loss, at_centre in (
        ("laplace", jl.likelihood.laplace, log(2)),
        ("logistic", jl.likelihood.logistic, log(4)),
        ("gaussian_log_variance", of_deviation, log(2 * pi) / 2),
        ("student_t", jl.likelihood.student_t, log(8 / 3)),
    )
    for scale in (TINY, LARGE)
}


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
def test_limit_is_the_limiting_loss(limit):
    """Values at the limit, and close to it, and gradients that are finite and near each other."""
    places = [k for k, a in enumerate(limit.args) if np.asarray(a).dtype.kind == "f"]
    floats = [jnp.asarray(limit.args[place], jnp.float32) for place in places]

    @jax.jit
    def run(floats, hyper):
        def total(floats):
            args = list(limit.args)
            for place, value in zip(places, floats, strict=True):
                args[place] = value
            values = limit.loss(*args, **hyper)
            return jnp.sum(values), values

        return jax.value_and_grad(total, has_aux=True)(floats)

    (_, values), grads = run(floats, dict(limit.at))
    np.testing.assert_allclose(values, limit.expected, rtol=limit.rtol, atol=2e-6)
    assert all(jnp.isfinite(grad).all() for grad in grads)
    if limit.near:
        (_, values), close = run(floats, dict(limit.near))
        np.testing.assert_allclose(values, limit.expected, rtol=1e-5, atol=1e-5)
        for grad, other in zip(grads, close, strict=True):
            np.testing.assert_allclose(grad, other, rtol=1e-4, atol=1e-4)
