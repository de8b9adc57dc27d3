"""Values by hand for the oracles of residuals: regression, agreement, robust."""

from collections.abc import Callable
from math import e, exp, inf, log, nan, pi, sqrt
from typing import Any

import pytest

from tests.oracles import agreement, regression, robust

LOG2, LOG3 = log(2), log(3)


def pin(oracle: Callable[..., Any], *args: Any, expect: Any, why: str, **hyper: Any) -> Any:
    """One row of the table: an oracle, its arguments, and the value by hand."""
    module = oracle.__module__.rpartition(".")[2]
    return pytest.param(oracle, args, hyper, expect, id=f"{module}.{oracle.__name__}: {why}")


REGRESSION = [
    pin(regression.squared_error, 3, 1, expect=2 * 2, why="square"),
    pin(regression.absolute_error, -1, 1, expect=2, why="size"),
    pin(regression.huber, 3, 0, delta=1, expect=1 * (3 - 1 / 2), why="line"),
    pin(regression.huber, 1, 0, delta=2, expect=1 / 2, why="parabola"),
    pin(
        regression.huber,
        [3.0, 3.0],
        [0.0, 0.0],
        delta=[1.0, 2.0],
        expect=[2.5, 2 * (3 - 1)],
        why="a delta for each entry",
    ),
    pin(regression.huber, [], [], expect=[], why="empty"),
    pin(regression.smooth_l1, 1, 0, beta=2, expect=1 / (2 * 2), why="parabola"),
    pin(regression.smooth_l1, 3, 0, beta=2, expect=3 - 2 / 2, why="line"),
    pin(regression.smooth_l1, [3.0, 0.0], [0.0, 0.0], beta=0, expect=[3, 0], why="beta 0"),
    pin(regression.pseudo_huber, 3, 0, delta=4, expect=16 * (5 / 4 - 1), why="3-4-5"),
    pin(regression.pseudo_huber, 1e-9, 0, expect=1e-18 / 2, why="tiny"),
    pin(regression.pseudo_huber, 3, 0, delta=0, expect=0, why="delta 0"),
    pin(regression.charbonnier, 3, 0, epsilon=4, expect=5, why="3-4-5"),
    pin(regression.log_cosh, LOG2, 0, expect=log((2 + 1 / 2) / 2), why="log 2"),
    pin(regression.log_cosh, LOG2, 0, scale=2, expect=log((4 + 1 / 4) / 2) / 2, why="scale"),
    pin(regression.log_cosh, 1e4, 0, expect=1e4 - LOG2, why="large"),
    pin(regression.log_cosh, 1e30, 0, expect=1e30, why="huge"),
    pin(regression.log_cosh, 1e-9, 0, expect=1e-18 / 2, why="tiny"),
    pin(regression.log_cosh, 1, 0, scale=0, expect=0, why="scale 0"),
    pin(regression.epsilon_insensitive, 3, 1, epsilon=0.5, expect=2 - 0.5, why="beyond"),
    pin(regression.epsilon_insensitive, 3, 1, epsilon=2.5, expect=0, why="within"),
    pin(regression.squared_epsilon_insensitive, 3, 1, epsilon=0.5, expect=1.5**2, why="beyond"),
    pin(regression.berhu, 0.5, 0, expect=0.5, why="line"),
    pin(regression.berhu, 3, 0, delta=1, expect=(9 + 1) / 2, why="parabola"),
    # b = exp(log(2) / 1) - 1 = 1
    pin(
        regression.balanced_l1,
        [0.5, 2.0],
        [0.0, 0.0],
        alpha=1,
        gamma=LOG2,
        expect=[1.5 * log(1.5) - 0.5, 2 * LOG2 + LOG2 - 1],
        why="b = 1",
    ),
    pin(regression.balanced_l1, 4, 0, alpha=1, gamma=LOG2, beta=2, expect=3 * LOG2 - 1, why="beta"),
    pin(regression.balanced_l1, 3, 0, alpha=1e-4, gamma=2, expect=2 * 3 - 1e-4, why="b overflows"),
    pin(regression.wing, 2, 0, width=10, curvature=2, expect=10 * LOG2, why="log"),
    pin(regression.wing, 14, 0, width=10, curvature=10, expect=14 - (10 - 10 * LOG2), why="line"),
    pin(
        regression.adaptive_wing,
        0.25,
        0,
        omega=8,
        alpha=2,
        expect=8 * log(1 + 1 / 16),
        why="inside",
    ),
    # A = 8 / (1 + 1/4) * 2 * 1/2 = 6.4
    pin(
        regression.adaptive_wing,
        1,
        0,
        omega=8,
        alpha=2,
        expect=6.4 - (0.5 * 6.4 - 8 * log(1 + 1 / 4)),
        why="outside",
    ),
    pin(
        regression.quantile_huber,
        [0.0, 3.0],
        [3.0, 0.0],
        quantile=0.25,
        delta=2,
        expect=[0.25 * 2 * (3 - 1) / 2, 0.75 * 2 * (3 - 1) / 2],
        why="both sides",
    ),
    pin(regression.quantile_huber, 3, 0, quantile=0.25, delta=0, expect=0.75 * 3, why="pinball"),
    pin(regression.absolute_percentage_error, 3, 4, expect=1 / 4, why="fraction"),
    pin(regression.absolute_percentage_error, 2, 0, eps=0.5, expect=2 / 0.5, why="target 0"),
    pin(regression.symmetric_absolute_percentage_error, 1, 3, expect=2 * 2 / 4, why="1 and 3"),
    pin(regression.symmetric_absolute_percentage_error, 0, 0, expect=0, why="both 0"),
    pin(regression.squared_log_error, e**2 - 1, 0, expect=2 * 2, why="log 1p = 2"),
    pin(regression.circular_error, pi / 3, 0, expect=1 - 1 / 2, why="60 degrees"),
    pin(regression.circular_error, 0, 3 * pi, expect=2, why="opposite, one turn on"),
    pin(regression.circular_error, 1e-8, 0, expect=1e-16 / 2, why="tiny"),
]

AGREEMENT = [
    pin(agreement.root_mean_squared_error, [3, 4], [0, 0], expect=sqrt(25 / 2), why="3 and 4"),
    pin(
        agreement.root_mean_squared_error,
        [3, 4],
        [0, 0],
        where=[True, False],
        expect=3,
        why="masked",
    ),
    pin(
        agreement.root_mean_squared_error,
        [[3.0], [nan]],
        [[0.0], [nan]],
        where=[[True], [False]],
        expect=[3, 0],
        why="nothing counted",
    ),
    *(
        pin(
            agreement.normalized_root_mean_squared_error,
            [1, 3],
            [0, 2],
            normalizer=name,
            expect=1 / statistic,
            why=name,
        )
        for name, statistic in {"range": 2, "std": 1, "mean": 1, "l2": sqrt(2)}.items()
    ),
    pin(
        agreement.normalized_root_mean_squared_error,
        [0.3] * 3,
        [0.1] * 3,
        expect=0.2,
        why="constant target",
    ),
    pin(agreement.relative_squared_error, [0, 1, 4], [0, 1, 2], expect=4 / 2, why="4 over 2"),
    pin(
        agreement.weighted_absolute_percentage_error,
        [1, 2],
        [3, -1],
        expect=(2 + 3) / (3 + 1),
        why="5 over 4",
    ),
    pin(agreement.minkowski_error, [3, 4], [0, 0], expect=5, why="order 2"),
    pin(agreement.minkowski_error, [3, 4], [0, 0], order=1, expect=7, why="order 1"),
    pin(agreement.minkowski_error, [3, 4, 5], [0] * 3, order=3, expect=6, why="order 3"),
    pin(agreement.minkowski_error, [1e4, 1], [0, 0], order=200, expect=1e4, why="order 200"),
    pin(agreement.cosine_similarity, [1, 0], [1, 1], expect=1 / sqrt(2), why="45 degrees"),
    pin(agreement.cosine_similarity, [0, 0], [1, 1], expect=0, why="zero vector"),
    pin(agreement.cosine_distance, [1, 0], [-2, 0], expect=2, why="opposite"),
    pin(agreement.cosine_distance, [0, 0], [1, 1], expect=1, why="zero vector"),
    # cov = 1/3 - 1/3 * 2/3 = 1/9, both variances 2/9
    pin(agreement.pearson_distance, [0, 0, 1], [0, 1, 1], expect=1 - 1 / 2, why="half"),
    pin(agreement.pearson_distance, [0.1] * 3, [0, 1, 2], expect=1, why="constant"),
    pin(agreement.concordance_distance, [1, 3], [0, 2], expect=1 - 2 / (1 + 1 + 1), why="shift"),
    pin(agreement.concordance_distance, [0.1] * 3, [0.1] * 3, expect=0, why="equal constants"),
    pin(agreement.concordance_distance, [1, 1], [2, 2], expect=1, why="other constants"),
    pin(
        agreement.scale_invariant_log_error,
        [e, e**3],
        [1, 1],
        expect=(1 + 9) / 2 - 0.5 * 2**2,
        why="d is 1 and 3",
    ),
    pin(agreement.scale_shift_invariant_error, [0, 1, 2], [5, 7, 9], expect=0, why="a line"),
    pin(
        agreement.scale_shift_invariant_error,
        [0, 1, 2],
        [0, 3, 0],
        expect=(1 + 4 + 1) / 3,
        why="flat best line",
    ),
    pin(
        agreement.scale_shift_invariant_error,
        [0.1] * 3,
        [0, 3, 0],
        expect=(1 + 4 + 1) / 3,
        why="constant prediction",
    ),
]

ROBUST = [
    pin(
        robust.general_robust,
        [0.75, 3.0, 2.0, 2.0, 2.0],
        [0.0] * 5,
        alpha=[1, 2, 0, -inf, -2],
        expect=[5 / 4 - 1, 3**2 / 2, log(1 + 2), 1 - exp(-2), 2 * 4 / (4 + 4)],
        why="named members",
    ),
    # bend 2: (2 / 4) ((4 / 2 + 1)² - 1)
    pin(robust.general_robust, 4, 0, alpha=4, scale=2, expect=(9 - 1) / 2, why="alpha 4"),
    pin(robust.general_robust, 2, 0, alpha=1e-12, expect=log(3), why="next to 0"),
    pin(robust.general_robust, 3, 0, alpha=2 + 1e-14, expect=9 / 2, why="next to 2"),
    pin(
        robust.adaptive_robust,
        3,
        0,
        alpha=2,
        scale=2,
        expect=1.5**2 / 2 + LOG2 + log(sqrt(2 * pi)),
        why="normal",
    ),
    pin(robust.adaptive_robust, 2, 0, alpha=0, expect=LOG3 + log(pi * sqrt(2)), why="Cauchy"),
    # the integral of exp(1 - sqrt(x² + 1)) is 2 e K1(1), K1 the modified Bessel function
    pin(robust.adaptive_robust, 0, 0, expect=log(2 * e * 0.6019072301972346), why="Charbonnier"),
    pin(robust.cauchy, 4, 0, scale=2, expect=log(1 + 2), why="x = 2"),
    pin(robust.welsch, 4, 0, scale=2, expect=1 - exp(-2), why="x = 2"),
    pin(robust.geman_mcclure, 4, 0, scale=2, expect=8 / 8, why="x = 2"),
    pin(robust.tukey_biweight, 1, 0, scale=2, expect=4 / 6 * (1 - 0.75**3), why="inside"),
    pin(robust.tukey_biweight, 3, 0, scale=2, expect=4 / 6, why="flat"),
    pin(robust.fair, 2, 0, scale=2, expect=4 * (1 - LOG2), why="x = 1"),
    pin(
        robust.hampel,
        [0.5, 2.0, 3.0, 9.0],
        [0.0] * 4,
        a=1,
        b=2,
        c=4,
        expect=[1 / 8, 2 - 1 / 2, 1.5 + 1 * (1 - 1 / 4), 1.5 + 1],
        why="four parts",
    ),
    pin(robust.hampel, 9, 0, a=1, b=2, c=2, expect=1.5, why="no descent"),
]
