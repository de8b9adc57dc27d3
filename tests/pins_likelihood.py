"""Values by hand for the oracles of likelihoods."""

from math import e, exp, inf, log, nan, pi, sqrt

from tests.oracles import (
    censored,
    counts,
    deviance,
    extremes,
    lifetimes,
    likelihood,
    mixtures,
    proportions,
    survival,
)
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)
ROOT = log(2 * pi) / 2

LIKELIHOOD = [
    pin(likelihood.gaussian, 1, 4, 4, expect=9 / 8 + log(2) + ROOT, why="error of 3, width of 2"),
    pin(
        likelihood.gaussian,
        [0.0, 0.0, 0.0],
        [0.0, 0.0, -1.0],
        [0.0, 1.0, 0.0],
        expect=[-inf, inf, nan],
        why="points, and none",
    ),
    pin(
        likelihood.gaussian_log_variance, 1, log(4), 4, expect=9 / 8 + log(2) + ROOT, why="width 2"
    ),
    pin(likelihood.laplace, 1, log(2), 4, expect=3 / 2 + log(4), why="error of 3, width of 2"),
    # density exp(-z) / (1 + exp(-z))**2: 1/4 at the centre, 2/9 where exp(z) = 2
    pin(
        likelihood.logistic,
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0, LOG2],
        expect=[log(4), log(9 / 2)],
        why="0",
    ),
    pin(likelihood.logistic, 0, log(2), 2 * LOG2, expect=log(9 / 2) + LOG2, why="width 2"),
    pin(likelihood.student_t, 0, 0, 1, df=1, expect=log(2 * pi), why="Cauchy's"),
    # density (1 + z**2 / 2)**(-3/2) / (2 sqrt(2))
    pin(likelihood.student_t, 0, 0, 2, df=2, expect=log(2 * sqrt(2)) + 1.5 * LOG3, why="two"),
    pin(likelihood.student_t, 1, log(2), 4, df=inf, expect=9 / 8 + log(2) + ROOT, why="normal"),
    pin(likelihood.von_mises, 0, -inf, 2, expect=log(2 * pi), why="anywhere"),
    # I0(1) = 1.2660658777520084
    pin(
        likelihood.von_mises, 1, 0, 1 + pi, expect=log(2 * pi * 1.2660658777520084) + 1, why="back"
    ),
]
EXTREMES = [
    pin(extremes.generalized_extreme_value, 0, 0, 1, shape=0, expect=1 + 1 / e, why="Gumbel's"),
    # y = 1 + z: 2 log 2 + 1 / 2
    pin(
        extremes.generalized_extreme_value, 0, 0, 1, shape=1, expect=2 * LOG2 + 0.5, why="Frechet's"
    ),
    # y = 1 - z = 1/2: a reversed exponential density
    pin(extremes.generalized_extreme_value, 0, 0, 0.5, shape=-1, expect=0.5, why="Weibull's"),
    pin(extremes.generalized_extreme_value, 0, LOG2, 2, shape=-1, expect=inf, why="beyond"),
    pin(extremes.generalized_pareto, LOG2, 3, shape=0, expect=1.5 + LOG2, why="exponential"),
    pin(extremes.generalized_pareto, LOG2, 2, shape=1, expect=2 * LOG2 + LOG2, why="heavy"),
    pin(
        extremes.generalized_pareto,
        [0.0, 0.0, 0.0],
        [0.5, 2.0, -1.0],
        shape=-1,
        expect=[0, inf, inf],
        why="uniform, beyond, below",
    ),
]
LIFETIMES = [
    pin(lifetimes.log_normal, 1, log(2), e**4, expect=9 / 8 + log(2) + ROOT + 4, why="of e**4"),
    pin(lifetimes.log_normal, [0.0, 0.0], [0.0, 0.0], [0.0, -1.0], expect=[inf, inf], why="none"),
    # density 1 / (1 + t)**2
    pin(lifetimes.log_logistic, 0, 0, 3, expect=2 * log(4), why="scale 1"),
    # density 2 t / (1 + t**2)**2
    pin(lifetimes.log_logistic, 0, -LOG2, 3, expect=2 * log(10) - log(6), why="scale 1/2"),
    pin(lifetimes.log_logistic, 0, 0, 0, expect=inf, why="none"),
    pin(lifetimes.exponential, LOG2, 3, expect=6 - LOG2, why="rate 2"),
    pin(
        lifetimes.exponential,
        [0.5, 0.0],
        [0.0, -1.0],
        expect=[-0.5, inf],
        why="at once, and before",
    ),
    # density 4 t exp(-2 t)
    pin(lifetimes.gamma, LOG2, LOG2, 3, expect=6 - log(12), why="two of rate 2"),
    # density 2 t exp(-t**2) / ... with scale 2: (t / 2) exp(-t**2 / 4)
    pin(lifetimes.weibull, LOG2, LOG2, 3, expect=9 / 4 - log(3 / 2), why="Rayleigh's"),
]
LIFETIMES += [
    pin(oracle, [1.0, 0.0, -1.0, 0.0], [0.5] * 4, [0.0, 0.0, 0.0, -1.0], expect=edge, why="at 0")
    for oracle, edge in (
        (lifetimes.gamma, [inf, -0.5, -inf, inf]),
        (lifetimes.weibull, [inf, 0.5, -inf, inf]),
    )
]
LIFETIMES += [
    # density sqrt(2 / (2 pi 4^3)) exp(-2 (4 - 2)^2 / (2 2^2 4))
    pin(
        lifetimes.inverse_gaussian,
        LOG2,
        LOG2,
        4,
        expect=1 / 4 - log(2 / (2 * pi * 64)) / 2,
        why="late",
    ),
    pin(
        lifetimes.inverse_gaussian,
        [0.0, 0.0],
        [0.0, 0.0],
        [0.0, -1.0],
        expect=[inf, inf],
        why="none",
    ),
    pin(
        lifetimes.tweedie,
        [2 * LOG2, 0.0, 0.0, 0.0],
        [LOG2, 0.0, 0.0, 0.0],
        [0.0, 0.0, -1.0, 1.0],
        power=[1.5, 1.75, 1.5, 1.0],
        expect=[2, 4, inf, nan],
        why="nothing of two and of four, less than nothing, no density",
    ),
    # exponential parts: e^-4 (4^j / (j! (j - 1)!) over all j) = e^-4 2 I1(4)
    pin(lifetimes.tweedie, 0, 0, 1, expect=4 - log(2 * 9.759465153704449), why="Bessel's"),
    # density 4 t exp(-2 t)
    pin(lifetimes.tweedie, 0, -LOG2, 3, power=2, expect=6 - log(12), why="gamma's"),
]
DEVIANCE = [
    pin(
        deviance.tweedie,
        [1.0, -1.0],
        [3.0, 1.0],
        power=0,
        expect=[4, 4],
        why="the square of any numbers",
    ),
    pin(deviance.tweedie, 1, 2, power=1, expect=2 * (2 * LOG2 - 1), why="Poisson's"),
    pin(deviance.tweedie, 1, 2, power=2, expect=2 * (2 - LOG2 - 1), why="gamma's"),
    pin(deviance.tweedie, 2, 3, power=3, expect=1 / 12, why="of the inverse Gaussian"),
    pin(deviance.tweedie, 1, 4, expect=2 * (10 - 8), why="roots"),
    pin(
        deviance.tweedie,
        [1.0, 1.0],
        [2.0, -1.0],
        power=-1,
        expect=[4 / 3, 5 / 3],
        why="below 0, of both signs",
    ),
    pin(
        deviance.tweedie,
        [0.0, 2.0, 2.0, 0.0, 0.0, -1.0, 1.0],
        [2.0, 0.0, 0.0, 2.0, 0.0, 1.0, -1.0],
        power=[-1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0],
        expect=[8 / 3, 4, inf, inf, 0, nan, nan],
        why="ends, and beyond",
    ),
]
COUNTS = [
    pin(counts.poisson, LOG2, 3, expect=2 - log(8 / 6), why="three of two"),
    pin(counts.poisson, [0.0, 0.0], [0.0, -1.0], expect=[1, inf], why="none, and fewer"),
    # geometric, with p = 1/4: p (1 - p)**t
    pin(counts.negative_binomial, LOG3, 2, dispersion=1, expect=-log(9 / 64), why="geometric"),
    # r = 2, p = 2 / (2 + 2): (t + 1) p**2 (1 - p)**t
    pin(counts.negative_binomial, LOG2, 3, dispersion=0.5, expect=-log(4 / 32), why="two rounds"),
    pin(counts.negative_binomial, LOG2, 3, dispersion=0, expect=2 - log(8 / 6), why="Poisson's"),
    pin(counts.negative_binomial, 0, -1, expect=inf, why="fewer than none"),
    pin(
        counts.zero_inflated_poisson,
        [LOG3, LOG3, LOG3],
        [LOG2, LOG2, LOG2],
        [0.0, 3.0, -1.0],
        expect=[-log(3 / 4 + exp(-2) / 4), 2 - log(8 / 6) + log(4), inf],
        why="three quarters",
    ),
    pin(
        counts.zero_inflated_negative_binomial,
        [LOG3, LOG3],
        [LOG3, LOG3],
        [0.0, 2.0],
        expect=[-log(3 / 4 + 1 / 16), -log(9 / 256)],
        why="three quarters",
    ),
    pin(
        counts.hurdle_poisson,
        [LOG3, LOG3, LOG3],
        [LOG2, LOG2, LOG2],
        [0.0, 3.0, -1.0],
        expect=[log(4 / 3), log(4) - log(8 / 6 / (exp(2) - 1)), inf],
        why="three quarters",
    ),
    pin(
        counts.binomial,
        [LOG3, LOG3, LOG3, 0.0],
        [1.0, 3.0, -1.0, 0.0],
        [2.0, 2.0, 2.0, 0.0],
        expect=[-log(2 * 3 / 16), inf, inf, 0],
        why="one of two",
    ),
]
PROPORTIONS = [
    # density 6 t (1 - t)
    pin(proportions.beta, LOG2, LOG2, 0.25, expect=-log(9 / 8), why="parabola"),
    pin(
        proportions.beta,
        [0.0, 1.0, -1.0, LOG2, 0.0],
        [LOG2, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 1.5],
        expect=[-LOG2, inf, -inf, -LOG2, inf],
        why="ends and beyond",
    ),
    # density 2 / (prod Gamma(1)) on the triangle, and 24 t1 with a = (2, 1, 1): Gamma(4) t1
    pin(proportions.dirichlet, [0, 0, 0], [0.25, 0.25, 0.5], expect=-LOG2, why="anywhere"),
    pin(proportions.dirichlet, [LOG2, 0, 0], [0.25, 0.25, 0.5], expect=-log(6 / 4), why="sloping"),
    pin(proportions.dirichlet, [LOG2, 0, 0], [0.0, 0.5, 0.5], expect=inf, why="no part"),
    # 3! / (2! 1!) (1/4)**2 (3/4)
    pin(proportions.multinomial, [0, LOG3], [2, 1], expect=-log(9 / 64), why="two and one"),
    pin(
        proportions.multinomial,
        [[0.0, -inf], [0.0, 0.0], [0.0, 0.0]],
        [[3, 0], [0, 0], [-1, 2]],
        expect=[0, 0, inf],
        why="certain, nothing, fewer than none",
    ),
]
PROPORTIONS += [
    # all six ways to have two of three are as likely; 2 B(3, 2) / B(2, 1)
    pin(proportions.dirichlet_multinomial, [0, 0, 0], [1, 1, 0], expect=log(6), why="any"),
    pin(proportions.dirichlet_multinomial, [LOG2, 0], [1, 1], expect=LOG3, why="beta-binomial"),
    pin(
        proportions.dirichlet_multinomial,
        [[0.0, 0.0], [0.0, 0.0]],
        [[0, 0], [-1, 2]],
        expect=[0, inf],
        why="nothing, fewer than none",
    ),
]
FACTOR = [[2.0, 9.0], [1.0, 1.0]]
MIXTURES = [
    # z = (1, 2 - 1)
    pin(
        mixtures.multivariate_gaussian,
        [1.0, 0.0],
        FACTOR,
        [3.0, 2.0],
        expect=1 + LOG2 + 2 * ROOT,
        why="above the diagonal is not read",
    ),
    pin(mixtures.multivariate_gaussian, [0.0], [[0.0]], [0.0], expect=inf, why="flat"),
    # determinant 1 + 8, and 9 - 6^2 / 9
    pin(
        mixtures.low_rank_gaussian,
        [1.0, 0.0],
        [[2.0], [2.0]],
        [0.0, 0.0],
        [4.0, 0.0],
        expect=5 / 2 + LOG3 + 2 * ROOT,
        why="one factor",
    ),
    pin(mixtures.mixture, [LOG3, 0.0], [LOG2, inf], expect=log(8 / 3), why="one impossible"),
    pin(mixtures.mixture, [0.0, 0.0], [inf, inf], expect=inf, why="none possible"),
    pin(
        mixtures.gaussian_mixture,
        [LOG3, 0.0],
        [1.0, 0.0],
        [0.0, LOG2],
        1.0,
        expect=-log(3 / 4 + exp(-1 / 8) / 8) + ROOT,
        why="two widths",
    ),
    # sigmoid(log 3) = 3/4, and so on: steps of 2 log 3
    pin(
        mixtures.discretized_logistic,
        [0.0, 0.0, 0.0],
        [-log(2 * LOG3)] * 3,
        [-1.0, 0.0, 1.0],
        levels=3,
        expect=[-log(1 / 4), -log(1 / 2), -log(1 / 4)],
        why="three levels",
    ),
    pin(
        mixtures.discretized_logistic_mixture,
        [LOG3, 0.0],
        [0.0, 0.5],
        [-log(2 * LOG3)] * 2,
        1.0,
        levels=3,
        expect=-log(3 / 4 / 4 + 1 / 4 / 2),
        why="two of three levels",
    ),
]
CENSORED = [
    pin(
        censored.exponential,
        [LOG2] * 5,
        [3.0, 3.0, 0.0, -1.0, -1.0],
        [1.0, 0.0, 0.0, 0.0, 1.0],
        expect=[6 - LOG2, 6, 0, 0, inf],
        why="rate 2",
    ),
    pin(
        censored.weibull,
        [LOG2] * 4,
        [LOG2] * 4,
        [3.0, 3.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 1.0],
        expect=[9 / 4 - log(3 / 2), 9 / 4, 0, inf],
        why="Rayleigh's",
    ),
    pin(
        censored.log_logistic,
        [0.0] * 4,
        [-LOG2] * 4,
        [3.0, 3.0, 0.0, 0.0],
        [1.0, 0.0, 0.0, 1.0],
        expect=[2 * log(10) - log(6), log(10), 0, inf],
        why="scale 1/2",
    ),
    pin(
        censored.log_normal,
        [1.0] * 4,
        [LOG2] * 4,
        [e**4, e, 0.0, 0.0],
        [1.0, 0.0, 0.0, 1.0],
        expect=[9 / 8 + LOG2 + ROOT + 4, LOG2, 0, inf],
        why="half",
    ),
]
# hazards of 1/4, 1/2 and 3/4
HAZARD = [-LOG3, 0.0, LOG3]
SURVIVAL = [
    pin(
        survival.logistic_hazard,
        [HAZARD] * 4,
        [1, 1, 2, 3],
        [1, 0, 1, 1],
        expect=[-log(3 / 8), -log(3 / 8), -log(9 / 32), nan],
        why="quarters",
    ),
    # of 3, 1 and 3, and 1 for none of them
    pin(
        survival.probability_mass,
        [[LOG3, 0.0, LOG3]] * 5,
        [0, 0, 2, -1, 3],
        [1, 0, 0, 1, 0],
        expect=[log(8 / 3), log(8 / 5), log(8), nan, nan],
        why="eighths",
    ),
    # up to interval 0 the subjects have 3/8 and 1/4, up to interval 1 a half and 3/4 of it
    pin(
        survival.deephit,
        [[LOG3, 0.0, LOG3], [0.0, LOG2, -inf]],
        [0, 1],
        [1, 1],
        weight=2,
        sigma=0.125,
        expect=[log(8 / 3) + 2 * exp(-1) / 2, log(2)],
        why="in order",
    ),
    pin(
        survival.deephit,
        [[[0.0], [0.0], [0.0]], [[0.0], [0.0], [0.0]]],
        [[0, 0, 0], [0, 1, 0]],
        [[1, 0, 1], [1, 1, 0]],
        where=[[True, True, True], [True, True, False]],
        expect=[[LOG2 + 1 / 3, LOG2, LOG2 + 1 / 3], [LOG2 + 1 / 2, nan, 0]],
        why="ties with one who was lost, and a label out of range",
    ),
]
