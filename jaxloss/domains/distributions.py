"""What divergences read: logarithms of distributions, amounts, and parameters of normal ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    copy_target,
    fixed,
    floats,
    log_simplex,
    normal,
    pairs_of,
    positive,
)


def _logs(*masses: tuple[float, ...]) -> Any:
    with np.errstate(divide="ignore"):
        return floats(np.log(np.array(masses)))


_EVEN = _logs((0.25, 0.25, 0.25, 0.25), (0.125, 0.125, 0.25, 0.5))
_SKEWED = _logs((0.5, 0.125, 0.125, 0.25), (0.25, 0.25, 0.25, 0.25))
_FEWER = _logs((0.5, 0.5, 0, 0), (0.25, 0, 0.25, 0.5))
_RATHER = _logs((0.75, 0.25, 0, 0), (0.5, 0, 0.25, 0.25))
_OTHERS = _logs((0, 0, 0.25, 0.75), (0, 1, 0, 0))
_ONE = _logs((0, 0, 1, 0), (1, 0, 0, 0))
_CERTAIN = floats(np.array([[0, -1e4, -1e4, -1e4], [-1e4, 0, -1e4, -30]]))
_AMOUNTS = floats(np.array([[0.5, 1, 2, 3], [1, 4, 0.25, 1e-4]]))
_SOME = floats(np.array([[0, 1, 0, 2], [1, 0, 3, 0]]))
_COSTS = floats(np.array([[[1, 0, 4], [0, 2, 1]], [[0.5, 2, 1], [0.5, 2, -3]]]))
_CLOUD = floats(np.array([[[1, 0], [0, 2], [-1, 1]], [[0.5, 2], [0.5, 2], [-3, 0]]]))
_WAYS = floats(np.array([[1, 0], [0.6, -0.8], [0, 1]]))
_MEANS = floats(np.array([[0, 1, -2], [3, 0, 0.5]]))
_ZEROS = 0 * _MEANS
_LOGS = floats(np.array([[0, -1, 2], [1, 0.5, -3]]))
_LOWER = floats(np.array([[[1, 0, 0], [0.5, 2, 0], [0, -1, 0.5]]] * 2))
_EYES = floats(np.array([np.eye(3)] * 2))
_PAIR = floats(np.array([[1, 2], [0, 1]]))
_TRIPLE = floats(np.array([[1, 0, 3], [0.5, 2, 0]]))


def _matrices(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, size + 1)),))


def _clouds(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    # Not so wide that the exponents, costs in units of epsilon, are rounded to few digits.
    x, y = normal(rng, (*batch, size, 2)), normal(rng, (*batch, size + 1, 2))
    return Arguments((x / 4, (1 + y) / 4))


def _mapped(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    x, y = normal(rng, (*batch, size, 2)), normal(rng, (*batch, size, 2))
    return Arguments((x / 4, (1 + y) / 4))


def _projected(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((*_clouds(rng, batch, size).positional, normal(rng, (3, 2)) / 2))


def _normals(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments(tuple(normal(rng, (*batch, size)) / 2 for _ in range(4)))


def _factored(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    def factor() -> Any:
        # Well away from singular, where derivatives are defined.
        below = np.tril(normal(rng, (*batch, size, size)) / 4, -1)
        return floats(below + np.eye(size) * np.exp(normal(rng, (*batch, 1, size)) / 4))

    means = [normal(rng, (*batch, size)) for _ in range(2)]
    return Arguments((means[0], factor(), means[1], factor()))


def _copy_pair(given: Arguments) -> Arguments:
    mean, spread = given.positional[2:]
    return Arguments((mean, spread, mean, spread), given.options)


DOMAINS: Mapping[str, Domain] = {
    "log_distributions": Domain(
        ("log_pred", "log_target"),
        pairs_of(log_simplex),
        {
            "equal": fixed(_SKEWED, _SKEWED),
            "different": fixed(_EVEN, _SKEWED),
            "almost equal": fixed(_EVEN, _EVEN + floats(1e-6 * np.array([1, -1, 1, -1]))),
            "almost certain": fixed(_CERTAIN, _EVEN),
            "almost certain target": fixed(_EVEN, _CERTAIN),
            "certain and wrong": fixed(_CERTAIN, _CERTAIN[::-1].copy()),
            "a prediction of less": fixed(_FEWER, _EVEN),
            "a target of less": fixed(_EVEN, _FEWER),
            "nothing shared": fixed(_FEWER, _OTHERS),
            "one class each": fixed(_ONE, _ONE[::-1].copy()),
            "one class shared": fixed(_ONE, _ONE),
            "the same classes left out": fixed(_FEWER, _RATHER),
            "one class": fixed(np.zeros((2, 1), np.float32), np.zeros((2, 1), np.float32)),
            "no classes": fixed(_EVEN[:, :0], _EVEN[:, :0]),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "amounts": Domain(
        ("pred", "target"),
        pairs_of(positive),
        {
            "equal": fixed(_AMOUNTS, _AMOUNTS),
            "different": fixed(_AMOUNTS, _AMOUNTS[::-1].copy()),
            "almost equal": fixed(_AMOUNTS * np.float32(1 + 2e-7), _AMOUNTS),
            "huge": fixed(_AMOUNTS, 1e4 * _AMOUNTS),
            "huge predictions": fixed(1e4 * _AMOUNTS, _AMOUNTS),
            "none predicted": fixed(_SOME, _AMOUNTS),
            "none there": fixed(_AMOUNTS, _SOME),
            "none at all": fixed(0 * _SOME, 0 * _SOME),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "costs_of_pairs": Domain(
        ("cost",),
        _matrices,
        {
            "zero": fixed(0 * _COSTS),
            "tied": fixed(0 * _COSTS + 1),
            "huge": fixed(1e4 * np.abs(_COSTS)),
            "little entropy": fixed(_COSTS, epsilon=np.float32(4e-3)),
            "much entropy": fixed(_COSTS, epsilon=np.float32(64)),
            "one pair": fixed(_COSTS[:, :1, :1]),
            "one row": fixed(_COSTS[:, :1]),
            "rows without weight": fixed(_COSTS, row_weights=_PAIR, column_weights=_TRIPLE),
            "no weight": fixed(_COSTS, row_weights=0 * _PAIR),
            "no rows": fixed(_COSTS[:, :0]),
        },
        consumed=2,
    ),
    "clouds": Domain(
        ("x", "y"),
        _clouds,
        {
            "equal": fixed(_CLOUD, _CLOUD),
            "different": fixed(_CLOUD, _CLOUD[::-1].copy()),
            "all at one place": fixed(0 * _CLOUD + 1, 0 * _CLOUD + 1),
            "far away": fixed(_CLOUD + 1e2, _CLOUD[::-1] - 1e2),
            "little entropy": fixed(_CLOUD, _CLOUD[::-1].copy(), epsilon=np.float32(0.02)),
            "one point each": fixed(_CLOUD[:, :1], _CLOUD[:, 1:2]),
            "points without weight": fixed(
                _CLOUD, _CLOUD[::-1].copy(), x_weights=_TRIPLE, y_weights=_TRIPLE[::-1].copy()
            ),
            "no weight": fixed(_CLOUD, _CLOUD[:, :2], x_weights=_TRIPLE, y_weights=0 * _PAIR),
            "no points": fixed(_CLOUD, _CLOUD[:, :0]),
        },
        (0, 1),
        perfect=copy_target,
        consumed=2,
    ),
    "projected_clouds": Domain(
        ("x", "y", "directions"),
        _projected,
        {
            "equal": fixed(_CLOUD, _CLOUD, _WAYS),
            "different": fixed(_CLOUD, _CLOUD[::-1].copy(), _WAYS),
            "all at one place": fixed(0 * _CLOUD + 1, 0 * _CLOUD + 1, _WAYS),
            "far away": fixed(_CLOUD + 1e4, _CLOUD[::-1] - 1e4, _WAYS),
            "nothing to see": fixed(_CLOUD, _CLOUD[::-1].copy(), 0 * _WAYS),
            "one point each": fixed(_CLOUD[:, :1], _CLOUD[:, 1:2], _WAYS),
            "points without weight": fixed(
                _CLOUD, _CLOUD[::-1].copy(), _WAYS, x_weights=_TRIPLE, y_weights=_TRIPLE[::-1]
            ),
            "no weight": fixed(_CLOUD, _CLOUD, _WAYS, x_weights=_TRIPLE, y_weights=0 * _TRIPLE),
            "no points": fixed(_CLOUD, _CLOUD[:, :0], _WAYS),
        },
        (0, 1, 2),
        perfect=lambda given: Arguments(
            (given.positional[1], *given.positional[1:]), given.options
        ),
        consumed=2,
        shared=(2,),
    ),
    "normals": Domain(
        ("mean", "log_variance", "target_mean", "target_log_variance"),
        _normals,
        {
            "equal": fixed(_MEANS, _LOGS, _MEANS, _LOGS),
            "different": fixed(_MEANS, _LOGS, _MEANS[::-1].copy(), -_LOGS),
            "almost equal": fixed(_MEANS, _LOGS + np.float32(1e-4), _MEANS, _LOGS),
            "standard": fixed(_ZEROS, _ZEROS, _ZEROS, _ZEROS),
            "far away": fixed(_MEANS + 1e4, _LOGS, _MEANS - 1e4, _LOGS),
            "almost a point": fixed(_MEANS, _ZEROS - 138, _MEANS, _LOGS),
            "almost a point there": fixed(_MEANS, _LOGS, _MEANS, _ZEROS - 138),
            "equal points": fixed(_MEANS, _ZEROS - 138, _MEANS, _ZEROS - 138),
            "all but flat": fixed(_MEANS, _ZEROS + 138, _MEANS, _ZEROS + 138),
            "points apart": fixed(_MEANS, _ZEROS - 138, _MEANS + 1, _ZEROS - 138),
            "extremes": fixed(_MEANS, _ZEROS - 1e4, _MEANS + 1, _ZEROS + 1e4),
            "no coordinates": fixed(*4 * (_MEANS[:, :0],)),
        },
        (0, 1, 2, 3),
        perfect=_copy_pair,
    ),
    "normals_of_factors": Domain(
        ("mean", "factor", "target_mean", "target_factor"),
        _factored,
        {
            "equal": fixed(_MEANS, _LOWER, _MEANS, _LOWER),
            "different": fixed(_MEANS, _LOWER, _MEANS[::-1].copy(), _EYES),
            "standard": fixed(_ZEROS, _EYES, _ZEROS, _EYES),
            "far away": fixed(_MEANS + 1e4, _LOWER, _MEANS - 1e4, _EYES),
            "narrow and wide": fixed(_MEANS, 1e-3 * _LOWER, _MEANS, 1e3 * _EYES),
            "one coordinate": fixed(
                _MEANS[:, :1], _LOWER[:, :1, :1], _MEANS[:, 1:2], _LOWER[:, 1:2, 1:2]
            ),
        },
        (0, 1, 2, 3),
        perfect=_copy_pair,
    ),
    "maps": Domain(
        ("x", "mapped"),
        _mapped,
        {
            "itself": fixed(_CLOUD, _CLOUD),
            "different": fixed(_CLOUD, _CLOUD[::-1].copy()),
            "all to one place": fixed(_CLOUD, 0 * _CLOUD),
            "one point": fixed(_CLOUD[:, :1], _CLOUD[:, 1:2]),
            "no points": fixed(_CLOUD[:, :0], _CLOUD[:, :0]),
        },
        (0, 1),
        consumed=2,
    ),
}
