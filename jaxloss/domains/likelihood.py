"""What likelihoods read: parameters of a density, most as logarithms, and what came true."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    fixed,
    floats,
    normal,
    positive,
)

Draw = Callable[[Generator, tuple[int, ...]], NDArray[np.float32]]

_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_TINY = floats(-69.0 * _ONES)  # logarithm of 1e-30
_LARGE = floats(69.0 * _ONES)


def _number(value: float) -> Any:
    return floats(np.array(value))


def _mild(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Logarithms of scales from a third to three."""
    return floats(0.5 * rng.standard_normal(shape) + 0.5)


def _each_of(*draws: Draw) -> Callable[[Generator, tuple[int, ...], int], Arguments]:
    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        return Arguments(tuple(one(rng, (*batch, size)) for one in draws))

    return draw


def _peaks(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    """Locations, scales and targets that no shape up to 1 forbids: more than a scale above."""
    loc, log_scale = normal(rng, (*batch, size)), _mild(rng, (*batch, size))
    z = rng.uniform(-0.6, 3.0, (*batch, size))
    return Arguments((loc, log_scale, floats(loc + z * np.exp(log_scale))))


_SCALES = {"unit": _ZEROS, "tiny": _TINY, "large": _LARGE}
_LOCATED = {
    f"{scale} scale, {place}": fixed(loc, log_scale, target)
    for scale, log_scale in _SCALES.items()
    for place, (loc, target) in {
        "on the target": (_SPREAD, _SPREAD),
        "zero": (_ZEROS, _ZEROS),
        "one apart": (_ZEROS, _ONES),
        "huge": (_HUGE, _ZEROS),
    }.items()
} | {"logarithms of +-1e4": fixed(_SPREAD, _HUGE, _SPREAD)}
_POSITIVE = {
    f"{scale} scale, {name}": fixed(_SPREAD, log_scale, target)
    for scale, log_scale in _SCALES.items()
    for name, target in {
        "one": _ONES,
        "small": floats(1e-4 * _ONES),
        "huge": floats(1e4 * _ONES),
        "zero": _ZEROS,
    }.items()
} | {"logarithms of +-1e4": fixed(_SPREAD, _HUGE, _ONES)}

_POWERS = {
    "both one": fixed(_ZEROS, _ZEROS, _ONES),
    "small targets": fixed(_SPREAD, _SPREAD, floats(1e-4 * _ONES)),
    "huge targets": fixed(_SPREAD, _SPREAD, floats(1e4 * _ONES)),
    "zero targets": fixed(np.abs(_SPREAD), _SPREAD, _ZEROS),
    "tiny concentration": fixed(_TINY, _ZEROS, _ONES),
    "large concentration, tiny scale": fixed(_LARGE, -_LARGE, _ONES),
    "large both": fixed(_LARGE, _LARGE, _ONES),
    "tiny both": fixed(_TINY, _TINY, _ONES),
    "+-1e4 and equal": fixed(_HUGE, _HUGE, _ONES),
    "+-1e4 concentration": fixed(_HUGE, _ZEROS, _ONES),
}

DOMAINS: Mapping[str, Domain] = {
    "variances": Domain(
        ("mean", "variance", "target"),
        _each_of(normal, positive, normal),
        {
            "on the target": fixed(_SPREAD, _ONES, _SPREAD),
            "small variance": fixed(_SPREAD, floats(1e-4 * _ONES), _SPREAD),
            "large variance": fixed(_SPREAD, floats(1e4 * _ONES), _HUGE),
            "zero variance": fixed(_ZEROS, _ZEROS, _ONES),
            "huge": fixed(_HUGE, _ONES, -_HUGE),
        },
        (0, 1, 2),
    ),
    "log_scales_targets": Domain(
        ("loc", "log_scale", "target"), _each_of(normal, _mild, normal), _LOCATED, (0, 1, 2)
    ),
    "log_scales_positive": Domain(
        ("loc", "log_scale", "target"), _each_of(normal, _mild, positive), _POSITIVE, (0, 1, 2)
    ),
    "angles": Domain(
        ("loc", "log_concentration", "target"),
        _each_of(normal, _mild, normal),
        {
            f"{scale} concentration, {place}": fixed(_ZEROS, log_scale, target)
            for scale, log_scale in (_SCALES | {"+-1e4 of log": _HUGE}).items()
            for place, target in {"on the target": _ZEROS, "one apart": _ONES}.items()
        }
        | {"where series meet": fixed(_ZEROS, floats(np.log(15) * _ONES), _SPREAD)},
        (0, 1, 2),
    ),
    "peaks": Domain(
        ("loc", "log_scale", "target"),
        _peaks,
        {
            name: fixed(*arguments, shape=_number(shape))
            for shape in (-0.25, 0.0, 1e-4, 0.5)
            for name, arguments in {
                f"shape {shape:g}, at the location": (_SPREAD, _ZEROS, _SPREAD),
                f"shape {shape:g}, far above": (_ZEROS, _ZEROS, floats(1e4 * _ONES)),
                f"shape {shape:g}, large scale": (_ZEROS, _LARGE, _HUGE),
                f"shape {shape:g}, tiny scale": (_SPREAD, _TINY, _SPREAD),
                f"shape {shape:g}, beyond": (_ZEROS, _ZEROS, floats(-8 * _ONES)),
            }.items()
        },
        (0, 1, 2),
    ),
    "excesses": Domain(
        ("log_scale", "target"),
        _each_of(_mild, positive),
        {
            name: fixed(*arguments, shape=_number(shape))
            for shape in (-0.25, 0.0, 1e-4, 0.5)
            for name, arguments in {
                f"shape {shape:g}, nothing above": (_SPREAD, _ZEROS),
                f"shape {shape:g}, far above": (_ZEROS, floats(1e4 * _ONES)),
                f"shape {shape:g}, large scale": (_LARGE, floats(1e4 * _ONES)),
                f"shape {shape:g}, tiny scale": (_TINY, _ZEROS),
                f"shape {shape:g}, below": (_ZEROS, -_ONES),
            }.items()
        },
        (0, 1),
    ),
    "log_rates_waits": Domain(
        ("log_rate", "target"),
        _each_of(_mild, positive),
        {
            "no wait": fixed(_SPREAD, _ZEROS),
            "no wait, +-1e4": fixed(_HUGE, _ZEROS),
            "huge": fixed(_SPREAD, floats(1e4 * _ONES)),
            "tiny rate": fixed(_TINY, _ONES),
            "large rate": fixed(_LARGE, _ONES),
            "below": fixed(_SPREAD, -_ONES),
        },
        (0, 1),
    ),
    "powers": Domain(
        ("log_concentration", "log_scale", "target"),
        _each_of(_mild, _mild, positive),
        _POWERS,
        (0, 1, 2),
    ),
}
