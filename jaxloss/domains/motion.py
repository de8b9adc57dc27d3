"""What losses of series, bodies and fields read: two series, rotations, poses, residuals."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    copy_target,
    fixed,
    floats,
    normal,
    pairs_of,
    positive,
)

_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_ZEROS = np.zeros((2, 5), np.float32)
_ONES = np.ones((2, 5), np.float32)
_NONE = np.zeros((2, 0), np.float32)
_PAST = floats(np.array([[1, 2, 4, 3, 7, 5, 5, 6], [0, 1, 0, -1, 0, 1, 0, -1]]))


def _first(time: int, *counts: int) -> NDArray[np.bool_]:
    """A mask of two series that keeps so many moments of each."""
    return np.arange(time) < np.array(counts)[:, None]


def _two_series(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    # Shares of paths have the rounding of squared distances, divided by a gamma of 0.1 by default:
    # float32 keeps five digits of them for distances of this size. Large ones are among the edges.
    x, y = (normal(rng, (*batch, time, 2)) for time in (size, 4))
    return Arguments((x / 4, y / 4))


def _forecasts(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    given = (normal(rng, (*batch, n)) for n in (size, size, size + 3))
    return Arguments(tuple(given))


_X = floats(np.stack([_SPREAD, _SPREAD[::-1]], axis=-1))
_Y = floats(np.stack([_SPREAD[:, :4] + 0.75, -_SPREAD[:, 1:]], axis=-1))
_STEPS = np.stack([_HUGE, -_HUGE], axis=-1)


def _parts(*counts: tuple[int, int]) -> Callable[[Generator], Arguments]:
    """Padding that holds NaN behind so many moments of two pairs of series."""
    x, y = (_first(n, *part) for n, part in zip((5, 4), zip(*counts, strict=True), strict=True))
    given = (np.where(k[..., None], z, np.float32(np.nan)) for k, z in ((x, _X), (y, _Y)))
    return fixed(*given, where=x, target_where=y)


_SERIES: Mapping[str, Callable[[Generator], Arguments]] = {
    "equal": fixed(_X, _X),
    "equal and huge": fixed(_STEPS, _STEPS),
    "zero": fixed(0 * _X, 0 * _Y),
    "constant": fixed(0 * _X + 1, 0 * _Y + 3),
    "huge": fixed(_STEPS, -_STEPS[:, :4]),
    "one moment each": fixed(_X[:, :1], _Y[:, :1]),
    "padding": _parts((3, 4), (1, 2)),
    "more and fewer moments": _parts((2, 4), (5, 1)),
    "one moment and none": _parts((1, 1), (0, 4)),
    "a target of padding": _parts((5, 4), (3, 0)),
    "a hard minimum": fixed(_X, _Y, gamma=np.float32(0)),
    "no moments": fixed(_X[:, :0], _Y),
}


def _turns(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Rotation matrices."""
    turns, _ = np.linalg.qr(rng.standard_normal((*shape, 3, 3)))
    return floats(turns * np.linalg.det(turns)[..., None, None])


def _two_turns(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((_turns(rng, batch), _turns(rng, batch)))


def _quaternions(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, 4)), normal(rng, (*batch, 4))))


def _poses(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    pose = _turns(rng, batch), normal(rng, (*batch, 3))
    true = _turns(rng, batch), normal(rng, (*batch, 3))
    return Arguments((*pose, *true, normal(rng, (*batch, size, 3))))


def _shapes(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 3)), normal(rng, (*batch, size, 3))))


def _structures(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    def structure() -> tuple[Any, ...]:
        frames = (*batch, 2)
        return _turns(rng, frames), normal(rng, (*frames, 3)), normal(rng, (*batch, size, 3))

    return Arguments((*structure(), *structure()))


def _both(one: Any, other: Any) -> NDArray[np.float32]:
    return floats(np.stack([one, other]))


_EYE, _HALF = np.eye(3), np.diag([-1.0, -1.0, 1.0])
_QUARTER = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
_UNIT = _both([1, 0, 0, 0], [0.5, -0.5, 0.5, 0.5])
_MODEL = _both(
    [[1, 0, 0], [-1, 0, 0], [0, 2, 0], [0, 0, 0.5]], [[1, 1, 1], [1, 1, 1], [-2, 0, 1], [0, 0, 0]]
)
_PLACE, _THERE = floats(np.zeros((2, 3))), _both([3, 4, 0], [-1, 0, 0.5])
_STILL = _both(_EYE, _EYE)
_TURNED = _both(_QUARTER, _HALF)
_LINE = _both([[0, 0, 0], [1, 2, -1], [2, 4, -2], [3, 6, -3]], np.eye(4)[:, :3])
_POINT = np.ones((2, 4, 3), np.float32)
_SEEN = np.stack([_STILL, _TURNED], axis=1)
_FROM = np.stack([_PLACE, _THERE], axis=1)

_HIDDEN = floats(np.array([0, -np.inf, 0, 0, -np.inf]))
_BELIEFS: Mapping[str, Callable[[Generator], Arguments]] = {
    "equal": fixed(_SPREAD, _SPREAD),
    "tied": fixed(_ZEROS, _ONES),
    "almost equal": fixed(_SPREAD + floats(1e-3 * _SPREAD[::-1]), _SPREAD),
    "huge": fixed(_HUGE, -_HUGE),
    "sure": fixed(_SPREAD, _HUGE),
    "classes masked by -inf": fixed(_SPREAD + _HIDDEN, -_SPREAD + _HIDDEN),
    "all masked": fixed(np.full_like(_SPREAD, -np.inf), np.full_like(_SPREAD, -np.inf)),
}

DOMAINS: Mapping[str, Domain] = {
    "series": Domain(
        ("pred", "target"),
        _two_series,
        _SERIES,
        (0, 1),
        perfect=copy_target,
        consumed=2,
        ordered=True,
    ),
    "scaled_forecasts": Domain(
        ("pred", "target", "insample"),
        _forecasts,
        {
            "equal": fixed(_SPREAD, _SPREAD, _PAST),
            "zero": fixed(_ZEROS, _ZEROS, np.zeros((2, 8), np.float32)),
            "a constant past": fixed(_SPREAD, _ONES, np.ones((2, 8), np.float32)),
            "one moment of past": fixed(_SPREAD, _ONES, _PAST[:, :1]),
            "no past": fixed(_SPREAD, _ONES, _PAST[:, :0]),
            "huge": fixed(_HUGE, -_HUGE, _PAST),
            "huge past": fixed(_SPREAD, _ONES, 1e3 * _PAST),
            "padding": fixed(
                np.where(_first(5, 3, 0), _SPREAD, np.float32(np.nan)),
                _ONES,
                np.where(_first(8, 5, 1), _PAST, np.float32(np.nan)),
                where=_first(5, 3, 0),
                insample_where=_first(8, 5, 1),
            ),
            "no forecast": fixed(_NONE, _NONE, _PAST),
        },
        (0, 1, 2),
        perfect=lambda given: Arguments((given.positional[1], *given.positional[1:])),
        ordered=True,
    ),
    "waves": Domain(
        ("pred", "target"),
        pairs_of(normal),
        {
            "equal": fixed(_SPREAD, _SPREAD),
            "one frequency": fixed(_ONES, _ZEROS),
            "one moment": fixed(_SPREAD[:, :1], _ONES[:, :1]),
            "huge": fixed(_HUGE, -_HUGE),
            "no moments": fixed(_NONE, _NONE),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "rotations": Domain(
        ("pred", "target"),
        _two_turns,
        {
            "equal": fixed(_TURNED, _TURNED),
            "opposite": fixed(_STILL, _both(_HALF, np.diag([1, -1, -1]))),
            "a quarter and none": fixed(_both(_QUARTER, _EYE), _STILL),
            "almost equal": fixed(_STILL + 1e-4 * (_TURNED - _STILL), _STILL),
            "zeros": fixed(0 * _STILL, _STILL),
            "huge": fixed(1e4 * _TURNED, -1e4 * _STILL),
        },
        (0, 1),
        perfect=lambda given: Arguments(2 * (0 * given.positional[0] + np.eye(3, dtype="f"),)),
        consumed=2,
    ),
    "quaternions": Domain(
        ("pred", "target"),
        _quaternions,
        {
            "equal": fixed(_UNIT, _UNIT),
            "of the other sign": fixed(_UNIT, -_UNIT),
            "at right angles": fixed(_UNIT, _UNIT[:, [1, 0, 3, 2]] * _both([1] * 4, [1, 1, -1, 1])),
            "zeros": fixed(0 * _UNIT, _UNIT),
            "both zeros": fixed(0 * _UNIT, 0 * _UNIT),
            "huge": fixed(1e4 * _UNIT, -1e4 * _UNIT[:, ::-1]),
        },
        (0, 1),
        perfect=copy_target,
    ),
    "poses": Domain(
        ("pred_rotation", "pred_translation", "rotation", "translation", "points"),
        _poses,
        {
            "equal": fixed(_TURNED, _THERE, _TURNED, _THERE, _MODEL),
            "turned by half and a quarter": fixed(_TURNED, _PLACE, _STILL, _PLACE, _MODEL),
            "moved": fixed(_STILL, _PLACE, _STILL, _THERE, _MODEL),
            "huge": fixed(_STILL, 1e4 * _THERE, _TURNED, -1e4 * _THERE, 1e3 * _MODEL),
            "one point": fixed(_TURNED, _PLACE, _STILL, _THERE, _MODEL[:, :1]),
            "no points": fixed(_TURNED, _PLACE, _STILL, _THERE, _MODEL[:, :0]),
        },
        (0, 1, 2, 3, 4),
        perfect=lambda given: Arguments(2 * given.positional[2:4] + given.positional[4:]),
        consumed=2,
    ),
    "shapes": Domain(
        ("pred", "target"),
        _shapes,
        {
            "equal": fixed(_MODEL, _MODEL),
            "mirrored and moved": fixed(_MODEL, 2 * _MODEL @ floats(np.diag([1, 1, -1])) + 1),
            "on a line, and equal singular values": fixed(_LINE, _MODEL),
            "lines": fixed(_LINE[:1], _LINE[:1, ::-1] + 1),
            "one place": fixed(_POINT, _MODEL),
            "one point": fixed(_MODEL[:, :1], _MODEL[:, 1:2]),
            "huge": fixed(1e4 * _MODEL, -1e3 * _MODEL[:, ::-1]),
            "no points": fixed(_MODEL[:, :0], _MODEL[:, :0]),
        },
        (0, 1),
        perfect=copy_target,
        consumed=2,
    ),
    "structures": Domain(
        ("pred_rotation", "pred_translation", "pred_points", "rotation", "translation", "points"),
        _structures,
        {
            "equal": fixed(_SEEN, _FROM, _MODEL, _SEEN, _FROM, _MODEL),
            "far": fixed(_SEEN, _FROM, 20 * _MODEL, _SEEN, _FROM, -_MODEL),
            "huge": fixed(_SEEN, 1e3 * _FROM, _MODEL, _SEEN, _FROM, -1e3 * _MODEL),
            "some left out": fixed(
                _SEEN,
                np.where(_first(2, 1, 2)[..., None], _FROM, np.float32(np.nan)),
                np.where(_first(4, 3, 0)[..., None], _MODEL, np.float32(np.nan)),
                _SEEN,
                -_FROM,
                -_MODEL,
                frame_where=_first(2, 1, 2),
                point_where=_first(4, 3, 0),
            ),
            "no points": fixed(_SEEN, _FROM, _MODEL[:, :0], _SEEN, _FROM, _MODEL[:, :0]),
        },
        (0, 1, 2, 3, 4, 5),
        consumed=3,
    ),
    "slices": Domain(
        ("residuals",),
        lambda rng, batch, size: Arguments((positive(rng, (*batch, size)),)),
        {
            "zero": fixed(_ZEROS),
            "ones": fixed(_ONES),
            "huge": fixed(np.abs(_HUGE)),
            "no times": fixed(_NONE),
        },
    ),
    "agreeing_logits": Domain(
        ("logits", "other_logits"), pairs_of(normal), _BELIEFS, (0, 1), perfect=copy_target
    ),
    "logits_taught": Domain(
        ("logits", "teacher_logits"), pairs_of(normal), _BELIEFS, perfect=copy_target
    ),
}
