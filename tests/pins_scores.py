"""Values by hand for the oracles of quantiles, of scores of forecasts, and of uncertainty."""

from math import e, erf, exp, inf, log, nan, pi, sqrt

from tests.oracles import (
    calibration,
    crps,
    crps_bounded,
    crps_cut,
    multivariate,
    proper,
    quantile,
    scoring,
    selective,
    uncertainty,
)
from tests.pins_residuals import pin

LOG2 = log(2)

QUANTILE = [
    pin(quantile.pinball, [0.0, 0.0], [4.0, -4.0], quantile=0.75, expect=[3, 1], why="sides"),
    pin(quantile.pinball, 2, 2, quantile=0.75, expect=0, why="kink"),
    pin(quantile.smooth_pinball, 0, 0, quantile=0.75, temperature=2, expect=2 * LOG2, why="bend"),
    pin(quantile.smooth_pinball, 0, 4, quantile=0.75, temperature=0, expect=3, why="limit"),
    # u = -log 3: 0.25 * -log 3 + log(1 + 3)
    pin(
        quantile.smooth_pinball,
        log(3),
        0,
        quantile=0.25,
        temperature=1,
        expect=log(4) - log(3) / 4,
        why="softplus",
    ),
    pin(quantile.expectile, [0.0, 0.0], [2.0, -2.0], level=0.75, expect=[3, 1], why="sides"),
    pin(
        quantile.interval,
        [0.0, 0.0, 0.0],
        [1.0, 1.0, 1.0],
        [0.5, 2.0, -3.0],
        miscoverage=0.5,
        expect=[1, 1 + 4, 1 + 12],
        why="inside, above, below",
    ),
    # pinballs: 0.25 * 2 and 0.75 * 1
    pin(quantile.multi_quantile, [0.0, 1.0], 2.0, levels=[0.25, 0.75], expect=5 / 8, why="mean"),
    pin(quantile.crps_quantile, [0.0, 1.0], 2.0, levels=[0.25, 0.75], expect=5 / 4, why="twice"),
    # |3 - 1| / 2 = 1 and 0.25 * (4 + 4 * 1) = 2, over 3 / 2
    pin(
        quantile.weighted_interval,
        [0.0],
        [4.0],
        1.0,
        5.0,
        miscoverage=[0.5],
        expect=(2 + 2) / 1.5,
        why="a miss",
    ),
    # the soft counts are sigmoid(0) sigmoid(inf) = 1/2 and 0: 1 - 1/2 - 1/4 = 1/4 is lacking
    pin(
        quantile.quality_driven,
        [0.0, 0.0, 0.0],
        [3.0, 3.0, 9.0],
        [0.0, 50.0, 1.0],
        miscoverage=0.5,
        weight=2,
        softness=1000,
        where=[True, True, False],
        expect=3 + 2 * 2 / 0.25 / 16,
        why="one of two",
    ),
    pin(quantile.quality_driven, [], [], [], expect=0, why="empty"),
]

# Phi(1) and phi(1)
PHI = (1 + erf(sqrt(1 / 2))) / 2
BELL = exp(-1 / 2) / sqrt(2 * pi)
CRPS = [
    pin(crps.gaussian, 3, 2, 3, expect=2 * (sqrt(2) - 1) / sqrt(pi), why="in the middle"),
    pin(crps.gaussian, 1, 2, 3, expect=2 * (2 * PHI - 1 + 2 * BELL - 1 / sqrt(pi)), why="one off"),
    pin(crps.gaussian, [1.0, 1.0], [0.0, 1e-30], [3.0, 3.0], expect=[2, 2], why="sure"),
    pin(crps.logistic, 3, 2, 3, expect=2 * (2 * LOG2 - 1), why="in the middle"),
    # F(log 3) = 3/4
    pin(crps.logistic, 0, 1, log(3), expect=log(3) - 2 * log(3 / 4) - 1, why="three to one"),
    pin(crps.logistic, 0, 0, 3, expect=3, why="sure"),
    pin(crps.laplace, 3, 2, 3, expect=2 / 4, why="in the middle"),
    pin(crps.laplace, 0, 2, -2, expect=2 * (1 + 1 / e - 3 / 4), why="one off"),
    # of two degrees of freedom F = 1/2 + w / 2 / sqrt(2 + w²), f = (2 + w²)^(-3/2): at 0
    # 2 f(0) 2 = sqrt(2), and B(1/2, 3/2) / B(1/2, 1)² = pi / 2 / 4
    pin(crps.student_t, 3, 2, 2, 3, expect=2 * sqrt(2) * (1 - pi / 4), why="two degrees"),
    pin(crps.student_t, 3, 0, 2, 4, expect=1, why="sure"),
    # at w = sqrt(2): F = 1/2 + 1 / (2 sqrt(2)), f = 1 / 8
    pin(
        crps.student_t,
        0,
        1,
        2,
        sqrt(2),
        expect=1 + 2 * 4 / 8 - sqrt(2) * pi / 4,
        why="two degrees, off",
    ),
    # two points, a mean distance of 2 from both, and half of 4 between them
    pin(crps.mixture_gaussian, [0.0, 0.0], [0.0, 4.0], [0.0, 0.0], 2, expect=2 - 1, why="points"),
    pin(
        crps.mixture_gaussian,
        [5.0, -inf],
        [3.0, 7.0],
        [2.0, 1.0],
        3,
        expect=2 * (sqrt(2) - 1) / sqrt(pi),
        why="one part",
    ),
]
CRPS_BOUNDED = [
    pin(crps_bounded.exponential, 2, 0, expect=1, why="at 0"),
    pin(crps_bounded.exponential, 2, 4, expect=4 - 4 * (1 - exp(-2)) + 1, why="beyond"),
    pin(crps_bounded.exponential, [2.0, 0.0], [-3.0, 3.0], expect=[3 + 1, 3], why="edges"),
    pin(crps_bounded.uniform, 0, 2, 1, expect=2 / 12, why="in the middle"),
    pin(crps_bounded.uniform, [0.0, 3.0], [2.0, 3.0], [5.0, 1.0], expect=[3 + 2 / 3, 2], why="off"),
    # at the median: e^(1/2) times 2 Phi(s) - 1 less 2 Phi(s / sqrt 2) - 1, s = 1
    pin(
        crps_bounded.lognormal,
        0,
        1,
        1,
        expect=exp(1 / 2) * (erf(1 / sqrt(2)) - erf(1 / 2)),
        why="at the median",
    ),
    pin(crps_bounded.lognormal, 0, 1, 0, expect=exp(1 / 2) * (1 - erf(1 / 2)), why="at 0"),
    pin(crps_bounded.gamma, 1, 2, 4, expect=4 - 4 * (1 - exp(-2)) + 1, why="exponential"),
    # E X - E|X - X'| / 2 at 0: 2 s - s / B(1/2, 2), and B(1/2, 2) = 4/3
    pin(crps_bounded.gamma, 2, 3, 0, expect=6 - 3 * 3 / 4, why="at 0"),
    pin(crps_bounded.gamma, [2.0, 2.0], [3.0, 0.0], [-1.0, 5.0], expect=[4.75, 5], why="edges"),
    pin(crps_bounded.beta, 1, 1, 0.5, expect=1 / 12, why="uniform"),
    # F = x², F² up to 1/2 is 1/160, (1 - x²)² from there 8/15 - (1/2 - 1/12 + 1/160)
    pin(crps_bounded.beta, 2, 1, 0.5, expect=1 / 160 + 8 / 15 - 203 / 480, why="a line"),
    pin(crps_bounded.beta, 2, 1, 2, expect=1 + 1 / 5, why="beyond"),
    # (1 - F(0))² + (1 - F(1))² + ... by the Bessel functions: I0(2) + I1(2)
    pin(
        crps_bounded.poisson,
        1,
        1,
        expect=2 / e - exp(-2) * (2.2795853023360673 + 1.5906368546373291),
        why="Bessel",
    ),
    pin(
        crps_bounded.poisson,
        1,
        -2,
        expect=2 + 1 - exp(-2) * (2.2795853023360673 + 1.5906368546373291),
        why="below 0",
    ),
]
CRPS_CUT = [
    pin(
        crps_cut.censored_gaussian,
        3,
        2,
        3,
        lower=-1e9,
        expect=2 * (sqrt(2) - 1) / sqrt(pi),
        why="bounds far away",
    ),
    # from 0 on, half of what is around a mean of 0
    pin(crps_cut.censored_gaussian, 0, 2, 0, expect=(sqrt(2) - 1) / sqrt(pi), why="half"),
    pin(crps_cut.censored_gaussian, 5, 0, 1, upper=3, expect=2, why="sure of a bound"),
    pin(crps_cut.censored_gaussian, 99, 1, 1, upper=3, expect=2, why="nearly sure of a bound"),
    pin(
        crps_cut.truncated_gaussian,
        3,
        2,
        3,
        lower=-1e9,
        expect=2 * (sqrt(2) - 1) / sqrt(pi),
        why="bounds far away",
    ),
    # of a half-normal E X = sqrt(2 / pi), and E|X - X'| / 2 = (2 - sqrt(2)) / sqrt(pi)
    pin(
        crps_cut.truncated_gaussian,
        [0.0, 1.0],
        [1.0, 2.0],
        [-1.0, 1.0],
        lower=[0.0, 1.0],
        expect=[
            1 + sqrt(2 / pi) - (2 - sqrt(2)) / sqrt(pi),
            2 * (sqrt(2 / pi) - (2 - sqrt(2)) / sqrt(pi)),
        ],
        why="half-normal",
    ),
]

SCORES = [
    # E|X - y| = 4/3; 16 over 9 and over 6 pairs
    pin(
        scoring.almost_fair_crps,
        [0.0, 2.0, 4.0],
        2.0,
        alpha=0.5,
        expect=4 / 3 - 16 / 9 / 4 - 16 / 6 / 4,
        why="half",
    ),
    pin(
        scoring.almost_fair_crps,
        [[3.0, 3.0], [3.0, 9.0]],
        [1.0, 1.0],
        where=[[True, False], [False, False]],
        expect=[2, 0],
        why="one member, none",
    ),
    # beyond 1: F = 1/2 until 2, (1/2)² * 1
    pin(scoring.threshold_weighted_crps, [0.0, 2.0], 1.0, threshold=1, expect=1 / 4, why="half"),
    pin(
        scoring.threshold_weighted_crps,
        [0.0, 2.0],
        1.0,
        threshold=1,
        estimator="fair",
        expect=1 / 2 - 1 / 2,
        why="fair",
    ),
    pin(scoring.threshold_weighted_crps, [0.0, 2.0], 1.0, threshold=5, expect=0, why="beyond all"),
    # variance 7, cubes -8 - 1 + 27 = 18 with 3/2 over s³: e s g = 1 * 27 / 7
    pin(scoring.error_spread, [0.0, 1.0, 5.0], 1.0, expect=(7 - 1 - 27 / 7) ** 2, why="skewed"),
    pin(
        scoring.error_spread,
        [[0.0, 2.0, 9.0], [3.0, 9.0, 9.0], [9.0, 9.0, 9.0]],
        [2.0, 1.0, 1.0],
        where=[[True, True, False], [True, False, False], [False, False, False]],
        expect=[(2 - 1) ** 2, 2**4, 0],
        why="two, one, none",
    ),
]
MULTIVARIATE = [
    pin(multivariate.energy, [[0.0, 0.0], [6.0, 8.0]], [3.0, 4.0], expect=5 - 20 / 8, why="3-4-5"),
    pin(
        multivariate.energy,
        [[0.0, 0.0], [6.0, 8.0]],
        [3.0, 4.0],
        estimator="fair",
        expect=5 - 20 / 4,
        why="fair",
    ),
    pin(multivariate.energy, [[3.0, 4.0]], [0.0, 0.0], estimator="fair", expect=5, why="one"),
    pin(
        multivariate.gaussian_kernel,
        [[0.0], [2.0]],
        [2.0],
        bandwidth=2 * sqrt(2 / LOG2),
        expect=(2 + 2 * 2 ** (-1 / 4)) / 8 + 1 / 2 - (1 + 2 ** (-1 / 4)) / 2,
        why="powers of 2",
    ),
    pin(
        multivariate.gaussian_kernel,
        [[0.0], [0.0]],
        [1.0],
        estimator="fair",
        expect=1 - exp(-1 / 2),
        why="fair",
    ),
    # |y| = 1; means (2 + 0) / 2 = 1 of roots, (4 + 0) / 2 = 2 of sizes
    pin(multivariate.variogram, [[0.0, 4.0], [0.0, 0.0]], [0.0, 9.0], expect=2 * 4, why="roots"),
    pin(
        multivariate.variogram,
        [[0.0, 4.0], [0.0, 0.0]],
        [0.0, 1.0],
        order=1,
        weights=[[7.0, 1.0], [2.0, 7.0]],
        expect=3,
        why="weights",
    ),
    pin(
        multivariate.dawid_sebastiani,
        [0.0, 0.0],
        [[1.0, 99.0], [1.0, 2.0]],
        [1.0, 5.0],
        # L z = (1, 5): z = (1, 2)
        expect=2 * LOG2 + 1 + 4,
        why="triangle",
    ),
    pin(
        multivariate.moments,
        [[0.0, 1.0], [2.0, 5.0]],
        jitter=2.0,
        # [[2, 4], [4, 8]] and 2 on the diagonal
        expect=([1.0, 3.0], [[2.0, 0.0], [2.0, sqrt(6)]]),
        why="jitter",
    ),
]
QUARTERS = [0.0, log(3)]
PROPER = [
    pin(proper.brier, QUARTERS, 0, expect=2 * 9 / 16, why="label"),
    pin(proper.brier, QUARTERS, [0.5, 0.5], expect=2 / 16, why="distribution"),
    pin(
        proper.brier,
        [[0.0, -inf], [-inf, -inf], [0, 0]],
        [1, 0, 2],
        expect=[2, 0, nan],
        why="edges",
    ),
    pin(proper.ranked_probability, [0.0, LOG2, 0.0], 2, expect=1 / 16 + 9 / 16, why="label"),
    pin(proper.ranked_probability, QUARTERS, [0.5, 0.5], expect=1 / 16, why="distribution"),
    pin(proper.spherical, [log(3), log(4)], 0, expect=-3 / 5, why="3-4-5"),
    pin(proper.spherical, [[0.0, -inf], [-inf, -inf]], [1, -1], expect=[0, nan], why="edges"),
    pin(proper.tsallis, QUARTERS, 0, alpha=2, expect=2 * 9 / 16, why="Brier"),
    pin(proper.tsallis, QUARTERS, 0, alpha=1, expect=log(4), why="logarithm"),
    # 1/64 + 27/64 - (3 / 16 - 1) / 2
    pin(proper.tsallis, QUARTERS, 0, alpha=3, expect=28 / 64 + 13 / 32, why="cubes"),
    pin(proper.tsallis, [[0.0, -inf], [-inf, -inf]], [1, 0], alpha=2, expect=[2, 0], why="edges"),
]
UNCERTAINTY = [
    pin(uncertainty.heteroscedastic, 0, log(4), 3, expect=9 / 8 + log(4) / 2, why="variance 4"),
    pin(
        uncertainty.heteroscedastic,
        [0.0, 0.0],
        [1e4, -1e4],
        [1.0, 0.0],
        expect=[exp(-80) / 2 + 40, -40],
        why="no farther than 80",
    ),
    pin(uncertainty.beta_nll, 0, log(4), 3, expect=2 * (9 / 8 + log(4) / 2), why="half a power"),
    pin(
        uncertainty.beta_nll,
        0,
        log(4),
        3,
        beta=1,
        held=(0, 0, 3),
        expect=9 / 8 + log(4) / 2,
        why="what is held",
    ),
    pin(uncertainty.faithful, 0, 0, 2, expect=2 + 2, why="both"),
    pin(uncertainty.faithful, 0, 0, 2, held=(2, 0, 2), expect=2, why="what is held"),
    # omega = 4: log(pi) / 2 - 2 log 4 + 5/2 log 5 + log(G(2) / G(5/2)), G(5/2) = 3 sqrt(pi) / 4
    pin(
        uncertainty.evidential_regression,
        0,
        1,
        2,
        1,
        1,
        weight=1,
        expect=log(pi) / 2 - 2 * log(4) + 2.5 * log(5) - log(3 * sqrt(pi) / 4) + 4,
        why="a Student's t",
    ),
    # alpha = (3, 1): p = (3/4, 1/4), variances 3/16/5 both
    pin(
        uncertainty.evidential_classification,
        [2.0, 0.0],
        0,
        expect=2 / 16 + 2 * 3 / 80,
        why="squared",
    ),
    pin(
        uncertainty.evidential_classification,
        [2.0, 0.0],
        0,
        risk="log",
        expect=log(4 / 3),
        why="log",
    ),
    # digamma(4) - digamma(3) = 1/3
    pin(
        uncertainty.evidential_classification,
        [2.0, 0.0],
        0,
        risk="digamma",
        expect=1 / 3,
        why="digamma",
    ),
    # misled is (1, 2): log G(3) - 0 + (psi(2) - psi(3)) = log 2 - 1/2
    pin(
        uncertainty.evidential_classification,
        [0.0, 1.0],
        0,
        risk="log",
        weight=3,
        expect=log(3) + 3 * (LOG2 - 1 / 2),
        why="misled",
    ),
    pin(uncertainty.evidential_classification, [0.0, 1.0], 2, expect=nan, why="no such class"),
    # forward: KL(1, 1 | 2, 1) = -log G(3) - (psi(1) - psi(2)) = 1 - log 2
    pin(uncertainty.prior_network, [2.0, 1.0], [1.0, 1.0], expect=1 - LOG2, why="forward"),
    pin(
        uncertainty.prior_network,
        [2.0, 1.0],
        [1.0, 1.0],
        direction="reverse",
        expect=LOG2 - 1 / 2,
        why="reverse",
    ),
    pin(
        uncertainty.confidence_penalty,
        [[0.0, log(3)], [0.0, -inf], [-inf, -inf]],
        expect=[-log(4) + 3 / 4 * log(3), 0, 0],
        why="quarters, sure, nothing",
    ),
    pin(
        uncertainty.conflictual,
        [[0.0, log(3)], [0.0, 0.0], [0.0, 0.0]],
        [1, 2, 0],
        [0, 0, -1],
        weight=0.5,
        expect=[log(4 / 3) + log(4) / 2, nan, nan],
        why="quarters",
    ),
]
# Confidences 3/4 and 3/4, of which one is right
PAIR, TRUTH = [[0.0, log(3)], [log(3), 0.0]], [1, 1]
CALIBRATION = [
    pin(calibration.mmce, PAIR, TRUTH, expect=sqrt((1 / 4 - 3 / 4) ** 2) / 2, why="alike"),
    # 1/2 and 3/4, both right: 1/4 + 1/16 + 2/8 exp(-1)
    pin(
        calibration.mmce,
        [[0.0, 0.0], [log(3), 0.0]],
        [0, 0],
        bandwidth=0.25,
        expect=sqrt(1 / 4 + 1 / 16 + exp(-1) / 4) / 2,
        why="apart",
    ),
    pin(calibration.soft_ece, PAIR, TRUTH, expect=1 / 4, why="alike"),
    # one bin of everything: mean confidence 5/8, all right
    pin(
        calibration.soft_ece,
        [[0.0, 0.0], [log(3), 0.0]],
        [0, 0],
        bins=1,
        order=3,
        expect=3 / 8,
        why="one bin",
    ),
    # right and certain of 1, and wrong and uncertain: 1/2 tanh(log 2) = 3/10
    pin(
        calibration.avuc,
        [[0.0, -inf], [0.0, 0.0]],
        [0, 1],
        eps=1,
        expect=0,
        why="all good",
    ),
    pin(
        calibration.avuc,
        [[0.0, -inf], [0.0, 0.0]],
        [0, 0],
        eps=1,
        expect=log((1 + 3 / 10 + 1) / 2),
        why="one bad",
    ),
    pin(calibration.dca, PAIR, TRUTH, expect=1 / 4, why="a quarter"),
    pin(calibration.mdca, PAIR, TRUTH, expect=(1 / 2 + 1 / 2) / 2, why="halves"),
    *(
        pin(
            oracle,
            [PAIR, PAIR, PAIR],
            [TRUTH, TRUTH, [1, 2]],
            where=[[True, False], [False, False], [True, True]],
            expect=[expect, 0, nan],
            why="edges",
        )
        for oracle, expect in (
            (calibration.mmce, 1 / 4),
            (calibration.soft_ece, 1 / 4),
            (calibration.dca, 1 / 4),
            (calibration.mdca, 1 / 4),
        )
    ),
    pin(
        calibration.margin_smoothing,
        [[0.0, log(3)], [0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, 0, 2],
        margin=1,
        weight=2,
        expect=[log(4 / 3) + 2 * (log(3) - 1), 0, 0, nan],
        why="edges",
    ),
    pin(
        calibration.temperature_scaled,
        [[0.0, 2 * log(3)], [0.0, -inf], [-inf, -inf], [0.0, 0.0]],
        [1, 0, 0, 2],
        log_temperature=LOG2,
        expect=[log(4 / 3), 0, 0, nan],
        why="halved",
    ),
]
SELECTIVE = [
    # log p = log(1/4), log(3/4): c = 1/2 and 3/4
    pin(
        selective.conformal,
        [[0.0, log(3)], [0.0, 0.0]],
        [0, 2],
        threshold=log(1 / 4),
        temperature=1,
        weight=2,
        expect=[1 / 2 + 2 / 4, nan],
        why="two in part",
    ),
    pin(
        selective.selective,
        [[1.0, 9.0, 4.0], [5.0, 5.0, 5.0], [1.0, 1.0, 1.0]],
        [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]],
        coverage=0.5,
        weight=4,
        where=[[True, True, False], [True, True, True], [False, False, False]],
        expect=[1 + 4 / 16, 1, 0],
        why="a quarter, nothing, none",
    ),
    pin(
        selective.gambler,
        [[0.0, 0.0, LOG2], [0.0, -inf, 0.0], [0.0, 0.0, 0.0], [-inf, -inf, -inf]],
        [0, 1, 2, 0],
        payoff=2,
        expect=[0, LOG2, nan, 0],
        why="edges",
    ),
    pin(
        selective.learning_to_defer,
        [[0.0, 0.0, LOG2], [0.0, 0.0, LOG2], [0.0, 0.0, 0.0]],
        [0, 0, 2],
        [0, 1, 0],
        alpha=0.5,
        expect=[LOG2 + LOG2, 2 * LOG2, nan],
        why="right, wrong",
    ),
    pin(
        selective.negative_correlation,
        [[0.0, 4.0], [0.0, 4.0]],
        [1.0, 1.0],
        weight=0.25,
        where=[[True, True], [False, False]],
        expect=[(1 + 9) / 4 - 4 / 4, 0],
        why="two, none",
    ),
    # unit vectors along the axes: det = (1 + 1/2)²; the mean is (1/2, 1/4, 1/4)
    pin(
        selective.adaptive_diversity,
        [[0.0, 0.0, -inf], [0.0, -inf, 0.0]],
        0,
        entropy_weight=2,
        volume_weight=1,
        jitter=0.5,
        expect=2 * LOG2 - 2 * 1.5 * LOG2 - 2 * log(1.5),
        why="axes",
    ),
    pin(selective.adaptive_diversity, [[0.0, 0.0]], 2, expect=nan, why="no such class"),
]
