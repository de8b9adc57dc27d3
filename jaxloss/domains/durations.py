"""What likelihoods of durations read of which some are only known to be longer."""

from collections.abc import Callable, Mapping

import numpy as np

from jaxloss.domains.base import Arguments, Domain, Generator, bits, fixed, floats, normal, positive

_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_TINY = floats(-69.0 * _ONES)  # logarithm of 1e-30
_LARGE = floats(69.0 * _ONES)
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_NONE = np.zeros((2, 5), bool)
_PLACES = np.array([0, 4], np.int32)
_ORDER = np.array([[0, 1, 2, 0, 2], [1, 1, 1, 0, 2]], np.int32)
_CURVES = floats(np.sin(np.arange(30)).reshape(2, 5, 3))
_TIMES = {
    "at once": _ZEROS,
    "soon": floats(1e-4 * _ONES),
    "at 1": _ONES,
    "late": floats(1e4 * _ONES),
    "before": -_ONES,
}


def _mild(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    return floats(0.5 * rng.standard_normal(shape) + 0.5)


def _waits(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((_mild(rng, shape), positive(rng, shape), bits(rng, shape)))


def _failures(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    drawn = _mild(rng, shape), _mild(rng, shape), positive(rng, shape), bits(rng, shape)
    return Arguments(drawn)


def _intervals(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    labels = rng.integers(0, size, batch).astype(np.int32)
    event = floats(rng.integers(0, 2, batch))
    return Arguments((normal(rng, (*batch, size)), labels, event))


def _subjects(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    """Few intervals, so that events tie with events and with those lost from sight."""
    shape = (*batch, size)
    labels = rng.integers(0, 3, shape).astype(np.int32)
    return Arguments((normal(rng, (*shape, 3)), labels, bits(rng, shape)))


def _each(
    call: Callable[..., Callable[[Generator], Arguments]],
) -> dict[str, Callable[[Generator], Arguments]]:
    return {
        f"{name}, {kind}": call(time, event)
        for name, time in _TIMES.items()
        for kind, event in {"all happened": _ONES, "none happened": _ZEROS}.items()
    }


_OF_CURVES = {
    "some happened": floats(np.array([1.0, 0.0])),
    "all happened": np.ones(2, np.float32),
    "none happened": np.zeros(2, np.float32),
}

DOMAINS: Mapping[str, Domain] = {
    "waits_events": Domain(
        ("log_rate", "time", "event"),
        _waits,
        _each(lambda time, event: fixed(_SPREAD, time, event))
        | {
            "+-1e4, none happened": fixed(_HUGE, _ZEROS, _ZEROS),
            "+-1e4, all at once": fixed(_HUGE, _ZEROS, _ONES),
            "tiny rates": fixed(_TINY, _ONES, _BITS),
            "large rates": fixed(_LARGE, _ONES, _BITS),
        },
        (0, 1),
    ),
    "failures": Domain(
        ("loc", "log_scale", "time", "event"),
        _failures,
        _each(lambda time, event: fixed(np.abs(_SPREAD), _SPREAD, time, event))
        | {
            "both 0": fixed(_ZEROS, _ZEROS, _ONES, _BITS),
            "tiny scale": fixed(_SPREAD, _TINY, _ONES, _BITS),
            "large scale": fixed(_SPREAD, _LARGE, _ONES, _BITS),
            "far off": fixed(_HUGE, _ZEROS, _ONES, _BITS),
            "logarithms of +-1e4": fixed(_ZEROS, _HUGE, _ONES, _BITS),
        },
        (0, 1, 2),
    ),
    "curves_intervals": Domain(
        ("logits", "labels", "event"),
        _intervals,
        {
            f"{name}, {kind}": fixed(logits, _PLACES, event)
            for name, logits in {"even": _ZEROS, "uneven": _SPREAD, "huge": _HUGE}.items()
            for kind, event in _OF_CURVES.items()
        }
        | {
            "one interval": fixed(
                _SPREAD[:, :1], np.zeros(2, np.int32), _OF_CURVES["some happened"]
            )
        },
        labels=1,
    ),
    "curves_subjects": Domain(
        ("logits", "labels", "event"),
        _subjects,
        {
            f"{name}, {kind}": fixed(logits, _ORDER, event)
            for name, logits in {
                "even": floats(0 * _CURVES),
                "uneven": _CURVES,
                "huge": floats(1e4 * np.sign(_CURVES)),
            }.items()
            for kind, event in {"all": _ONES, "none": _ZEROS, "some": _BITS}.items()
        }
        | {
            "all in one interval": fixed(_CURVES, 0 * _ORDER, _BITS),
            "some left out": fixed(_CURVES, _ORDER, _BITS, where=_KEPT),
            "all left out": fixed(_CURVES, _ORDER, _BITS, where=_NONE),
            "one subject": fixed(_CURVES[:, :1], _ORDER[:, :1], _ONES[:, :1]),
        },
        lone=False,
    ),
}
