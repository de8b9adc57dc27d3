"""What likelihoods of counts read: rates as logarithms, logits, and numbers of events."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, normal

_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_COUNTS = floats(np.array([[0, 1, 2, 3, 0], [10, 0, 1, 100, 10_000]]))
_MANY = floats(10_000 * _ONES)
_TINY = floats(-69.0 * _ONES)  # logarithm of 1e-30
_LARGE = floats(69.0 * _ONES)


def _seen(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return floats(rng.poisson(2.0, shape))


def _rates(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((floats(0.7 + 0.7 * rng.standard_normal(shape)), _seen(rng, shape)))


def _with_zeros(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    log_rate, target = _rates(rng, batch, size).positional
    return Arguments((normal(rng, (*batch, size)), log_rate, target))


def _trials(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    trials = rng.integers(1, 9, (*batch, size))
    target = rng.binomial(trials, 0.4)
    return Arguments((normal(rng, (*batch, size)), floats(target), floats(trials)))


_RATES: Mapping[str, tuple[Any, Any]] = {
    "no events": (_SPREAD, _ZEROS),
    "one event": (_SPREAD, _ONES),
    "few and many": (_SPREAD, _COUNTS),
    "as expected": (floats(np.log(np.maximum(_COUNTS, 1))), _COUNTS),
    "many, as expected": (floats(np.log(_MANY)), _MANY),
    "tiny rates": (_TINY, _COUNTS),
    "tiny rates and no events": (_TINY, _ZEROS),
    "large rates": (_LARGE, _COUNTS),
    "logarithms of +-1e4": (_HUGE, _ONES),
    "logarithms of +-1e4 and no events": (_HUGE, _ZEROS),
    "fewer than none": (_SPREAD, -_ONES),
}

DOMAINS: Mapping[str, Domain] = {
    "log_rates_counts": Domain(
        ("log_rate", "target"),
        _rates,
        {name: fixed(*arguments) for name, arguments in _RATES.items()}
        | {
            f"dispersion {level:g}, {name}": fixed(
                *_RATES[name], dispersion=floats(np.array(level))
            )
            for level in (0.0, 1e-8, 6e4)
            for name in ("few and many", "many, as expected")
        },
    ),
    "zeros_log_rates_counts": Domain(
        ("logits", "log_rate", "target"),
        _with_zeros,
        {
            f"{kind}, {name}": fixed(logits, *_RATES[name])
            for kind, logits, names in (
                ("even", _ZEROS, ("few and many", "tiny rates and no events", "fewer than none")),
                ("uneven", _SPREAD, ("many, as expected", "logarithms of +-1e4")),
                ("certain", _HUGE, ("no events", "one event", "logarithms of +-1e4 and no events")),
            )
            for name in names
        }
        | {
            "hardly ever, no events": fixed(_TINY, floats(2 + 0 * _ZEROS), _ZEROS),
            "without dispersion": fixed(
                _SPREAD, _SPREAD, _COUNTS, dispersion=floats(np.array(0.0))
            ),
        },
        (0, 1),
    ),
    "logits_counts_trials": Domain(
        ("logits", "target", "trials"),
        _trials,
        {
            "none of none": fixed(_SPREAD, _ZEROS, _ZEROS),
            "none": fixed(_SPREAD, _ZEROS, _MANY),
            "all": fixed(_SPREAD, _MANY, _MANY),
            "some of many": fixed(_SPREAD, _COUNTS, _MANY),
            "as expected": fixed(_ZEROS, floats(5_000 * _ONES), _MANY),
            "certain": fixed(_HUGE, _ONES, floats(2 * _ONES)),
            "certain and none": fixed(_HUGE, _ZEROS, _ONES),
            "more than all": fixed(_SPREAD, floats(2 * _ONES), _ONES),
            "fewer than none": fixed(_SPREAD, -_ONES, _ONES),
        },
    ),
}
