"""What scores of forecasts read: intervals, quantiles, parameters of distributions, ensembles."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    fixed,
    floats,
    normal,
    positive,
    uniform,
)

_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_NONE = np.zeros((2, 5), bool)


def _levels(size: int) -> np.ndarray:
    return floats((np.arange(size) + 0.5) / size)


def _intervals(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    lower = normal(rng, (*batch, size))
    return Arguments((lower, lower + positive(rng, lower.shape), normal(rng, lower.shape)))


def _quantiles(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), normal(rng, batch)), {"levels": _levels(size)})


def _nested(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    median = normal(rng, batch)
    gaps = np.cumsum(positive(rng, (2, *batch, size)), axis=-1)[..., ::-1]
    ends = (median[..., None] - gaps[0], median[..., None] + gaps[1])
    options = {"miscoverage": _levels(size)}
    return Arguments((*map(floats, ends), median, normal(rng, batch)), options)


def _drawn(*makes: Any, size_of_last: bool = True) -> Any:
    """Draw each argument alike in shape; the last lacks the axis of entries where it is said to."""

    def draw(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
        *parameters, last = makes
        given = [make(rng, (*batch, size)) for make in parameters]
        return Arguments((*given, last(rng, (*batch, size) if size_of_last else batch)))

    return draw


def _degrees(rng: Generator, shape: tuple[int, ...]) -> Any:
    return 1.5 + 2 * positive(rng, shape)


def _counts(rng: Generator, shape: tuple[int, ...]) -> Any:
    return floats(rng.poisson(2, shape))


def _with_upper(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    given = (normal(rng, shape), positive(rng, shape), 1 + normal(rng, shape))
    return Arguments(given, {"upper": np.asarray(2.5, np.float32)})


_OF_LEVELS = {"levels": _levels(5)}
_OF_NESTED = {"miscoverage": _levels(5)}
_TARGETS = floats(np.array([1, -1]))


def _vectors(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 3)), normal(rng, (*batch, 3))))


def _means_factors(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    factor = np.tril(normal(rng, (*batch, size, size)) / 4)
    place = np.arange(size)
    factor[..., place, place] = 0.5 + positive(rng, (*batch, size))
    return Arguments((normal(rng, (*batch, size)), floats(factor), normal(rng, (*batch, size))))


def _all_there(given: Arguments) -> Arguments:
    pred, target = given.positional
    return Arguments((np.repeat(target[..., None, :], pred.shape[-2], -2), target), given.options)


_MEMBERS = np.stack([_SPREAD, _SPREAD[::-1], _ONES], axis=-1)
_VECTORS = floats(np.array([[1, -2, 0.5], [0, 0, 0]]))
_UNITS = floats(np.tile(np.eye(5), (2, 1, 1)))
_TWO = np.asarray(2, np.float32)
_SURE = {
    "sure": fixed(_SPREAD, _ZEROS, _ONES),
    "sure and right": fixed(_SPREAD, _ZEROS, _SPREAD),
    "all but sure": fixed(_HUGE, 1e-30 * _ONES, -_HUGE),
    "all but sure and right": fixed(_SPREAD, 1e-30 * _ONES, _SPREAD),
}


def _with_degrees(given: Arguments, df: float) -> Arguments:
    mean, scale, target = given.positional
    return Arguments((mean, scale, np.full_like(mean, df), target))


DOMAINS: Mapping[str, Domain] = {
    "intervals": Domain(
        ("lower", "upper", "target"),
        _intervals,
        {
            "empty": fixed(_ONES, _ONES, _ONES),
            "at the lower end": fixed(_ZEROS, _ONES, _ZEROS),
            "at the upper end": fixed(_ZEROS, _ONES, _ONES),
            "huge": fixed(-np.abs(_HUGE), np.abs(_HUGE), _HUGE),
            "far away": fixed(_ZEROS, _ONES, _HUGE),
        },
        (0, 1, 2),
    ),
    "interval_batches": Domain(
        ("lower", "upper", "target"),
        _intervals,
        {
            "all covered": fixed(-9 * _ONES, 9 * _ONES, _SPREAD),
            "none covered": fixed(_SPREAD, _SPREAD + 1, _SPREAD + 7),
            "at the ends": fixed(_ZEROS, _ONES, _ONES),
            "huge": fixed(-np.abs(_HUGE), np.abs(_HUGE), _HUGE),
            "one": fixed(_ZEROS[:, :1], _ONES[:, :1], _ONES[:, :1] / 2),
            "some left out": fixed(_SPREAD, _SPREAD + 1, _ONES, where=_KEPT),
            "all left out": fixed(_SPREAD, _SPREAD + 1, _ONES, where=_NONE),
            "no examples": fixed(_ZEROS[:, :0], _ZEROS[:, :0], _ZEROS[:, :0]),
        },
        (0, 1, 2),
    ),
    "quantiles": Domain(
        ("pred", "target"),
        _quantiles,
        {
            "all at the target": fixed(_ONES, np.ones(2, np.float32), **_OF_LEVELS),
            "crossed": fixed(_SPREAD, _TARGETS, **_OF_LEVELS),
            "huge": fixed(_HUGE, _TARGETS, **_OF_LEVELS),
            "one": fixed(_SPREAD[:, :1], _TARGETS, levels=floats(np.array([0.5]))),
            "none": fixed(_SPREAD[:, :0], _TARGETS, levels=np.zeros(0, np.float32)),
        },
        (0, 1),
        perfect=lambda given: Arguments(
            (
                np.repeat(given.positional[1][..., None], given.positional[0].shape[-1], -1),
                given.positional[1],
            ),
            given.options,
        ),
    ),
    "nested_intervals": Domain(
        ("lower", "upper", "median", "target"),
        _nested,
        {
            "all at the target": fixed(
                _ONES, _ONES, np.ones(2, np.float32), np.ones(2, np.float32), **_OF_NESTED
            ),
            "huge": fixed(-np.abs(_HUGE), np.abs(_HUGE), _TARGETS, 1e4 * _TARGETS, **_OF_NESTED),
            "no intervals": fixed(
                _ZEROS[:, :0], _ZEROS[:, :0], _TARGETS, -_TARGETS, miscoverage=np.zeros(0)
            ),
        },
        (0, 1, 2, 3),
    ),
    "located": Domain(
        ("mean", "scale", "target"),
        _drawn(normal, positive, normal),
        _SURE
        | {
            "equal": fixed(_ONES, _ONES, _ONES),
            "huge": fixed(_HUGE, _ONES, -_HUGE),
            "huge and wide": fixed(_HUGE, 1e4 * _ONES, -_HUGE),
        },
        (0, 1, 2),
    ),
    "located_heavy": Domain(
        ("mean", "scale", "df", "target"),
        _drawn(normal, positive, _degrees, normal),
        {
            name: (lambda rng, edge=edge, df=df: _with_degrees(edge(rng), df))
            for df, edges in ((3, _SURE), (1e4, _SURE), (6e4, _SURE))
            for name, edge in ((f"{name} at df {df:g}", edge) for name, edge in edges.items())
        }
        | {
            "equal": fixed(_ONES, _ONES, 2 * _ONES, _ONES),
            "huge": fixed(_HUGE, _ONES, 1.5 * _ONES, -_HUGE),
            "huge and wide": fixed(_HUGE, 1e4 * _ONES, 4 * _ONES, -_HUGE),
        },
        (0, 1, 2, 3),
    ),
    "waits": Domain(
        ("scale", "target"),
        _drawn(positive, positive),
        {
            "at 0": fixed(_ONES, _ZEROS),
            "before 0": fixed(_ONES, -_ONES),
            "no scale": fixed(_ZEROS, _ONES),
            "neither": fixed(_ZEROS, _ZEROS),
            "tiny scale": fixed(1e-30 * _ONES, np.abs(_HUGE)),
            "huge": fixed(1e4 * _ONES, np.abs(_HUGE)),
        },
        (0, 1),
    ),
    "shaped": Domain(
        ("shape", "scale", "target"),
        _drawn(positive, positive, positive),
        {
            "at 0": fixed(_ONES, _ONES, _ZEROS),
            "before 0": fixed(_ONES, _ONES, -_ONES),
            "no scale": fixed(_ONES, _ZEROS, _ONES),
            "tiny scale": fixed(3 * _ONES, 1e-30 * _ONES, np.abs(_HUGE)),
            "tiny shape": fixed(1e-3 * _ONES, _ONES, np.abs(_SPREAD)),
            "large shape": fixed(1e3 * _ONES, _ONES / 8, 125 + _SPREAD),
            "huge": fixed(_ONES, 1e4 * _ONES, np.abs(_HUGE)),
        },
        (0, 1, 2),
    ),
    "positive_located": Domain(
        ("mean", "scale", "target"),
        _drawn(normal, positive, positive),
        {
            "at 0": fixed(_ONES, _ONES, _ZEROS),
            "before 0": fixed(_ONES, _ONES, -_ONES),
            "narrow": fixed(_SPREAD, _ONES / 16, np.exp(_SPREAD)),
            "huge": fixed(9 * _ONES, _ONES, np.abs(_HUGE)),
        },
        (0, 1, 2),
    ),
    "shares": Domain(
        ("a", "b", "target"),
        _drawn(positive, positive, uniform),
        {
            "uniform": fixed(_ONES, _ONES, _ONES / 2),
            "at 0": fixed(2 * _ONES, 3 * _ONES, _ZEROS),
            "at 1": fixed(2 * _ONES, 3 * _ONES, _ONES),
            "beyond": fixed(2 * _ONES, 3 * _ONES, _SPREAD),
            "at the ends": fixed(_ONES / 64, _ONES / 32, _ONES / 4),
            "narrow": fixed(1e3 * _ONES, 1e3 * _ONES, 0.5 + _SPREAD / 64),
        },
        (0, 1, 2),
    ),
    "rates_counts": Domain(
        ("rate", "target"),
        _drawn(positive, _counts),
        {
            "none": fixed(_ONES, _ZEROS),
            "below 0": fixed(_ONES, -_ONES),
            "rare": fixed(1e-4 * _ONES, _counts(np.random.default_rng(0), (2, 5))),
            "many": fixed(64 * _ONES, 64 + 8 * _SPREAD.round()),
        },
    ),
    "mixtures": Domain(
        ("logits", "mean", "scale", "target"),
        _drawn(normal, normal, positive, normal, size_of_last=False),
        {
            "all at the target": fixed(_ZEROS, _ONES, _ZEROS, np.ones(2, np.float32)),
            "points": fixed(_ZEROS, _SPREAD, _ZEROS, _TARGETS),
            "tiny scales": fixed(_SPREAD, _SPREAD, 1e-30 * _ONES, _TARGETS),
            "wide": fixed(_SPREAD, _SPREAD, 1e4 * _ONES, _TARGETS),
            "huge": fixed(_HUGE, _HUGE, _ONES, 1e4 * _TARGETS),
            "one part": fixed(_ZEROS[:, :1], _SPREAD[:, :1], _ONES[:, :1], _TARGETS),
            "parts masked by -inf": fixed(
                np.where(_KEPT, _SPREAD, -np.inf), _SPREAD, _ONES, _TARGETS
            ),
            "all masked by -inf": fixed(np.where(_NONE, 0, -np.inf), _SPREAD, _ONES, _TARGETS),
        },
        (0, 1, 2, 3),
    ),
    "located_bounded": Domain(
        ("mean", "scale", "target"),
        _with_upper,
        {
            "no upper bound": fixed(_SPREAD, _ONES, np.abs(_SPREAD)),
            "at the bounds": fixed(_ONES, _ONES, 2 * _KEPT.astype(np.float32), upper=_TWO),
            "beyond the bounds": fixed(_ONES, _ONES, 9 * _SPREAD, upper=_TWO),
            "far below": fixed(-9 * _ONES, _ONES, np.abs(_SPREAD)),
            "far above": fixed(12 * _ONES, _ONES, _ONES, upper=_TWO),
            "narrow": fixed(_ONES, _ONES / 1024, _ONES, upper=_TWO),
            "wide": fixed(_ONES, 1e4 * _ONES, _ONES, upper=_TWO),
            "huge": fixed(np.abs(_HUGE) + 1, _ONES, np.abs(_HUGE)),
        },
        (0, 1, 2),
    ),
    "vector_ensembles": Domain(
        ("pred", "target"),
        _vectors,
        {
            "all equal": fixed(np.ones_like(_MEMBERS), _VECTORS),
            "all equal and right": fixed(np.ones_like(_MEMBERS), np.ones((2, 3), np.float32)),
            "twins": fixed(np.concatenate([_MEMBERS, _MEMBERS], axis=1), _VECTORS),
            "huge": fixed(np.stack([_HUGE, -_HUGE, _HUGE[::-1]], -1), 1e4 * _VECTORS),
            "one member": fixed(_MEMBERS[:, :1], _VECTORS),
            "no members": fixed(_MEMBERS[:, :0], _VECTORS),
        },
        (0, 1),
        perfect=_all_there,
        consumed=2,
    ),
    "means_factors": Domain(
        ("mean", "factor", "target"),
        _means_factors,
        {
            "right": fixed(_ONES, _UNITS, _ONES),
            "what is above the diagonal": fixed(_ONES, _UNITS + np.triu(_UNITS + 3, 1), _SPREAD),
            "narrow": fixed(_SPREAD, _UNITS / 1024, _ONES),
            "huge": fixed(_HUGE, _UNITS, -_HUGE),
            "huge and wide": fixed(_HUGE, 1e4 * _UNITS, -_HUGE),
        },
        (0, 1, 2),
    ),
}
