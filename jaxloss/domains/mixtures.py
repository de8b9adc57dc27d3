"""What likelihoods of vectors, of mixtures, of levels and of parts of a whole read."""

from collections.abc import Mapping

import numpy as np

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    fixed,
    floats,
    normal,
    simplex,
    uniform,
)

LEVELS = 256
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_TINY = floats(-69.0 * _ONES)  # logarithm of 1e-30
_LARGE = floats(69.0 * _ONES)
_TARGETS = floats(np.array([0.5, -2.0]))
_COUNTS = floats(np.array([[0, 1, 2, 3, 0], [10, 0, 1, 100, 10_000]]))
_EYE = floats(np.tile(np.eye(5), (2, 1, 1)))
_FACTOR = floats(np.tril(0.25 * np.ones((5, 5)), -1) + np.diag([1, 0.5, 2, -1, 1]))
_FACTORS = np.stack([_FACTOR, 2 * _FACTOR])
_LOADS = floats(np.sin(np.arange(20)).reshape(2, 5, 2))
_PARTS = floats(np.array([[0.125, 0.25, 0.5, 0.0625, 0.0625], [0.25, 0.25, 0.125, 0.125, 0.25]]))


def _mild(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    return floats(0.5 * rng.standard_normal(shape) + 0.5)


def _vectors(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    factor = np.tril(0.3 * rng.standard_normal((*batch, size, size)), -1)
    widths = np.exp(0.5 * rng.standard_normal((*batch, size)))
    factor = factor + widths[..., None] * np.eye(size)
    return Arguments((normal(rng, (*batch, size)), floats(factor), normal(rng, (*batch, size))))


def _factored(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    factor, log_scale = normal(rng, (*shape, 2)) / 2, floats(0.5 * rng.standard_normal(shape))
    return Arguments((normal(rng, shape), factor, log_scale, normal(rng, shape)))


def _components(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    drawn = normal(rng, shape), normal(rng, shape), _mild(rng, shape), normal(rng, batch)
    return Arguments(drawn)


def _levels(rng: Generator, shape: tuple[int, ...]) -> np.ndarray:
    return floats(2 * rng.integers(0, LEVELS, shape) / (LEVELS - 1) - 1)


def _pixels(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    loc, log_scale = floats(rng.uniform(-1, 1, shape)), floats(rng.normal(-2, 1, shape))
    return Arguments((normal(rng, shape), loc, log_scale, _levels(rng, batch)))


def _one_pixel(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    loc, log_scale = floats(rng.uniform(-1, 1, shape)), floats(rng.normal(-2, 1, shape))
    return Arguments((loc, log_scale, _levels(rng, shape)))


def _costs(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), 3 + normal(rng, (*batch, size))))


def _shapes(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((_mild(rng, shape), _mild(rng, shape), uniform(rng, shape)))


def _wholes(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((_mild(rng, shape), floats(0.9 * simplex(rng, shape) + 0.1 / size)))


def _scattered(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((_mild(rng, shape), floats(rng.poisson(2.0, shape))))


def _counted(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), floats(rng.poisson(2.0, (*batch, size)))))


_SCALES = {"unit": _ZEROS, "tiny": _TINY, "large": _LARGE}
_HALVES = floats(0.5 * _ONES)  # on the way from one level to the next
_BEYOND = floats(_HUGE + 0.5)
_EDGE_LEVELS = floats(np.array([[-1, -1, 1, 1, 1 / 255], [1, -1, -1, 1, -1 / 255]]))

DOMAINS: Mapping[str, Domain] = {
    "means_cholesky": Domain(
        ("mean", "cholesky", "target"),
        _vectors,
        {
            "on the target": fixed(_SPREAD, _EYE, _SPREAD),
            "some of the signs": fixed(_SPREAD, _FACTORS, _ZEROS),
            "narrow": fixed(_SPREAD, floats(1e-4 * _EYE), _SPREAD),
            "wide": fixed(_HUGE, floats(1e4 * _EYE), _SPREAD),
            "flat": fixed(_SPREAD, floats(0 * _EYE), _SPREAD),
            "huge": fixed(_HUGE, _EYE, _SPREAD),
            "above the diagonal": fixed(_SPREAD, floats(_EYE + np.triu(_FACTOR.T, 1)), _ZEROS),
        },
        (0, 1, 2),
    ),
    "means_loads": Domain(
        ("mean", "factor", "log_scale", "target"),
        _factored,
        {
            f"{scale} scale, {name}": fixed(_SPREAD, factor, log_scale, _SPREAD)
            for scale, log_scale in _SCALES.items()
            for name, factor in {"factors": _LOADS, "no loads": floats(0 * _LOADS)}.items()
        }
        | {
            "apart": fixed(_SPREAD, _LOADS, _ZEROS, _ZEROS),
            "twin factors": fixed(_SPREAD, floats(0 * _LOADS + 1), _ZEROS, _ZEROS),
            "huge": fixed(_HUGE, _LOADS, _ZEROS, _SPREAD),
            "huge factors": fixed(_SPREAD, floats(1e4 * _LOADS), _ZEROS, _SPREAD),
            "no factors": fixed(_SPREAD, _LOADS[..., :0], _ZEROS, _ZEROS),
        },
        (0, 1, 2, 3),
    ),
    "mixed_values": Domain(
        ("logits", "values"),
        _costs,
        {
            "even": fixed(_ZEROS, _SPREAD),
            "certain": fixed(_HUGE, _SPREAD),
            "some likely": fixed(_SPREAD, _HUGE),
            "certain of the wrong": fixed(_HUGE, _HUGE),
            "one impossible": fixed(_SPREAD, floats(_SPREAD + np.array([0, np.inf, 0, 0, 0]))),
            "all impossible": fixed(_SPREAD, floats(np.inf * _ONES)),
            "one component": fixed(_SPREAD[:, :1], _SPREAD[:, :1]),
        },
        (0, 1),
    ),
    "mixed_numbers": Domain(
        ("logits", "loc", "log_scale", "target"),
        _components,
        {
            f"{scale} scale, {place}": fixed(_SPREAD, loc, log_scale, _TARGETS)
            for scale, log_scale in _SCALES.items()
            for place, loc in {
                "on the target": floats(np.repeat(_TARGETS[:, None], 5, 1)),
                "around": _SPREAD,
                "huge": _HUGE,
            }.items()
        }
        | {
            "certain": fixed(_HUGE, _SPREAD, _ZEROS, _TARGETS),
            "one on it, one far": fixed(_ZEROS, _HUGE, _SCALES["tiny"], np.zeros(2, np.float32)),
            "logarithms of +-1e4": fixed(
                _SPREAD, floats(0 * _ONES), _HUGE, np.zeros(2, np.float32)
            ),
            "masked by -inf": fixed(
                floats(_SPREAD + np.array([0, -np.inf, 0, 0, 0])), _SPREAD, _ZEROS, _TARGETS
            ),
        },
        (0, 1, 2, 3),
    ),
    "pixel_levels": Domain(
        ("loc", "log_scale", "target"),
        _one_pixel,
        {
            f"{scale} scale, {place}": fixed(loc, log_scale, _EDGE_LEVELS)
            for scale, log_scale in (_SCALES | {"+-1e4 of log": _HUGE}).items()
            for place, loc in {"on it": _EDGE_LEVELS, "off": _HALVES, "huge": _BEYOND}.items()
        },
        (0, 1),
    ),
    "mixed_levels": Domain(
        ("logits", "loc", "log_scale", "target"),
        _pixels,
        {
            f"{scale} scale, {place}": fixed(_SPREAD, loc, log_scale, target)
            for scale, log_scale in (_SCALES | {"+-1e4 of log": _HUGE}).items()
            for target in [floats(np.array([1.0, 1 / 255]))]
            for place, loc in {"off": _HALVES, "around": _EDGE_LEVELS, "huge": _BEYOND}.items()
        }
        | {
            "certain": fixed(_HUGE, _HALVES, _ZEROS, floats(np.array([-1.0, -1 / 255]))),
            "masked by -inf": fixed(
                floats(_SPREAD + np.array([0, -np.inf, 0, 0, 0])),
                _EDGE_LEVELS,
                _ZEROS,
                floats(np.array([-1.0, -1 / 255])),
            ),
        },
        (0, 1, 2),
    ),
    "shapes_proportions": Domain(
        ("log_alpha", "log_beta", "target"),
        _shapes,
        {
            "even": fixed(_ZEROS, _ZEROS, floats(0.5 * _ONES)),
            "at 0": fixed(np.abs(_SPREAD), _SPREAD[::-1], _ZEROS),
            "at 1": fixed(_SPREAD, np.abs(_SPREAD), _ONES),
            "nearly 0": fixed(_SPREAD, _SPREAD, floats(1e-4 * _ONES)),
            "nearly 1": fixed(_SPREAD, _SPREAD, floats((1 - 2.0**-8) * _ONES)),
            "narrow": fixed(_LARGE, _LARGE, floats(0.5 * _ONES)),
            "at both ends": fixed(_TINY, _TINY, floats(0.25 * _ONES)),
            "at one end": fixed(_LARGE, _TINY, floats(0.25 * _ONES)),
            "logarithms of +-1e4": fixed(_HUGE, _HUGE, floats(0.5 * _ONES)),
            "beyond": fixed(_SPREAD, _SPREAD, floats(2 * _ONES)),
        },
        (0, 1, 2),
    ),
    "concentrations_parts": Domain(
        ("log_concentration", "target"),
        _wholes,
        {
            "even": fixed(_ZEROS, _PARTS),
            "narrow": fixed(_LARGE[:, :4], floats(0.25 * _ONES[:, :4])),
            "at the corners": fixed(_TINY, _PARTS),
            "logarithms of +-1e4": fixed(_HUGE, _PARTS),
            "a part that is 0": fixed(_SPREAD, floats(np.eye(5)[:2])),
        },
        (0, 1),
    ),
    "concentrations_counts": Domain(
        ("log_concentration", "target"),
        _scattered,
        {
            f"{scale}, {name}": fixed(log_concentration, target)
            for scale, log_concentration in {
                "even": _ZEROS,
                "uneven": _SPREAD,
                "scattered": _TINY,
                "hardly scattered": _LARGE,
                "+-1e4 of log": _HUGE,
            }.items()
            for name, target in {
                "nothing": _ZEROS,
                "one each": _ONES,
                "few and many": _COUNTS,
                "fewer than none": -_ONES,
            }.items()
        },
    ),
    "logits_counts": Domain(
        ("logits", "target"),
        _counted,
        {
            "nothing": fixed(_SPREAD, _ZEROS),
            "one each": fixed(_SPREAD, _ONES),
            "few and many": fixed(_SPREAD, _COUNTS),
            "huge": fixed(_HUGE, _COUNTS),
            "as expected": fixed(_ZEROS, floats(10_000 * _ONES)),
            "fewer than none": fixed(_SPREAD, -_ONES),
            "one class": fixed(_SPREAD[:, :1], _COUNTS[:, :1]),
        },
    ),
}
