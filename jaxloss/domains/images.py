"""What losses of images, of their features, and of sound read."""

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
    normal,
    uniform,
)

# Windows as small as the samples, and pixels that are not square.
_SMALL = {
    "window": floats(np.array([0.25, 0.75])),
    "scale_weights": floats(np.array([0.4, 0.6])),
    "spacing": floats(np.array([0.5, 2])),
}
_ODD = {"spacing": _SMALL["spacing"]}
_FRAMES = {
    "window": floats(np.array([0.25, 1, 0.75, 0.5])),
    "windows": (floats(np.array([0.25, 1, 0.75, 0.5])), floats(np.array([0.5, 1, 0.25]))),
}


def _two_images(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, 4, size, 2)
    return Arguments((uniform(rng, shape), uniform(rng, shape)), _SMALL)


def _larger_images(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, 6, size + 2, 1)
    return Arguments((uniform(rng, shape), uniform(rng, shape)), _SMALL)


def _image(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((uniform(rng, (*batch, 4, size, 2)),))


def _two_maps(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, 3, size, 2)
    return Arguments((normal(rng, shape), normal(rng, shape)))


def _map_and_image(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, 4, size, 1)), uniform(rng, (*batch, 4, size, 3))))


def _field(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, 5, size, 2)),), _ODD)


def _two_signals(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size + 4)
    return Arguments((normal(rng, shape), normal(rng, shape)), _FRAMES)


def _with_filters(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    positional, options = _two_signals(rng, batch, size)
    return Arguments((*positional, uniform(rng, (2, 3))), options)


def _two_mixtures(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, 3, size)
    return Arguments((normal(rng, shape), normal(rng, shape)))


_RAMP = floats(np.arange(40).reshape(1, 4, 5, 2) / 64)
_BOARD = floats(np.indices((1, 4, 5, 2)).sum(0) % 2)
_WIDE_RAMP = floats(np.arange(42).reshape(1, 6, 7, 1) / 64)
_WIDE_BOARD = floats(np.indices((1, 6, 7, 1)).sum(0) // 2 % 2)
_FLAT = np.full((1, 4, 5, 2), 0.5, np.float32)
_PIXEL = np.full((1, 1, 1, 1), 0.5, np.float32)
_PLACES = floats(np.moveaxis(np.indices((5, 6)), 0, -1)[None])
_TONE = floats(np.array([[1, -1, 1, 1, -1, 1, 1, 1, -1], [0, 2, 0, -2, 0, 2, 0, 0, 0]]))
_NOISE = floats(np.array([[0.5, 1, 0.25, -1, 2, 0, 1, 3, -2], [1, 2, 3, 4, -4, 3, 2, 1, 0.5]]))
_FILTERS = floats(np.array([[0.5, 1, 0], [0, 1, 0.5]]))


def _sounds(*rest: Any) -> dict[str, Any]:
    return {
        "equal": fixed(_TONE, _TONE, *rest, **_FRAMES),
        "silent": fixed(0 * _TONE, 0 * _TONE, *rest, **_FRAMES),
        "silent target": fixed(_NOISE, 0 * _TONE, *rest, **_FRAMES),
        "silent prediction": fixed(0 * _TONE, _NOISE, *rest, **_FRAMES),
        "opposite": fixed(-_NOISE, _NOISE, *rest, **_FRAMES),
        "huge": fixed(1e4 * _NOISE, 1e4 * _TONE, *rest, **_FRAMES),
        "short": fixed(_NOISE[:, :3], _TONE[:, :3], *rest, **_FRAMES),
    }


DOMAINS: Mapping[str, Domain] = {
    "image_pairs": Domain(
        ("pred", "target"),
        _two_images,
        {
            "equal": fixed(_RAMP, _RAMP, **_SMALL),
            "flat and equal": fixed(_FLAT, _FLAT, **_SMALL),
            "flat": fixed(_FLAT, _FLAT / 2, **_SMALL),
            "black": fixed(0 * _FLAT, 0 * _FLAT, **_SMALL),
            "black and white": fixed(0 * _FLAT, 2 * _FLAT, **_SMALL),
            "reversed": fixed(1 - _BOARD, _BOARD, **_SMALL),
            "one pixel wrong": fixed(_BOARD + (_RAMP == 0), _BOARD, **_SMALL),
            "huge": fixed(1e4 * _RAMP, -1e4 * _BOARD, **_SMALL),
            "as small as can be": fixed(_RAMP[:, :4, :4, :1], _BOARD[:, :4, :4, :1], **_SMALL),
        },
        (0, 1),
        perfect=copy_target,
        consumed=3,
    ),
    "larger_images": Domain(
        ("pred", "target"),
        _larger_images,
        {
            "equal": fixed(_WIDE_RAMP, _WIDE_RAMP, **_SMALL),
            "flat and equal": fixed(0 * _WIDE_RAMP + 0.5, 0 * _WIDE_RAMP + 0.5, **_SMALL),
            "flat": fixed(0 * _WIDE_RAMP + 0.5, _WIDE_BOARD, **_SMALL),
            "black": fixed(0 * _WIDE_RAMP, 0 * _WIDE_RAMP, **_SMALL),
            "reversed": fixed(1 - _WIDE_BOARD, _WIDE_BOARD, **_SMALL),
            "shifted": fixed(_WIDE_BOARD + 1, _WIDE_BOARD, **_SMALL),
            "huge": fixed(1e4 * _WIDE_RAMP, -1e4 * _WIDE_BOARD, **_SMALL),
        },
        (0, 1),
        perfect=copy_target,
        consumed=3,
    ),
    "one_image": Domain(
        ("pred",),
        _image,
        {
            "flat": fixed(_FLAT),
            "black": fixed(0 * _FLAT),
            "a ramp": fixed(_RAMP),
            "a board": fixed(_BOARD),
            "huge": fixed(1e4 * _BOARD),
            "one pixel": fixed(_PIXEL),
        },
        consumed=3,
    ),
    "feature_maps": Domain(
        ("pred", "target"),
        _two_maps,
        {
            "equal": fixed(_RAMP, _RAMP),
            "zero": fixed(0 * _RAMP, 0 * _RAMP),
            "zero prediction": fixed(0 * _RAMP, _BOARD),
            "opposite": fixed(-_RAMP, _RAMP),
            "huge": fixed(1e4 * _RAMP, -1e4 * _BOARD),
            "one pixel": fixed(_PIXEL, -_PIXEL),
        },
        (0, 1),
        perfect=copy_target,
        consumed=3,
    ),
    "maps_images": Domain(
        ("pred", "image"),
        _map_and_image,
        {
            "flat": fixed(_FLAT[..., :1], _RAMP),
            "a flat image": fixed(_RAMP, _FLAT),
            "edges together": fixed(_BOARD[..., :1], _BOARD),
            "huge": fixed(1e4 * _RAMP, -1e4 * _BOARD),
            "as small as can be": fixed(_RAMP[:, :2, :2], _BOARD[:, :2, :2]),
        },
        (0, 1),
        consumed=3,
    ),
    "displacements": Domain(
        ("pred",),
        _field,
        {
            "still": fixed(0 * _PLACES),
            "shifted": fixed(0 * _PLACES + 3),
            "turned": fixed(_PLACES[..., ::-1] * floats(np.array([-1, 1]))),
            "mirrored": fixed(_PLACES * floats(np.array([-2, 0])), **_ODD),
            "all on a line": fixed(_PLACES * floats(np.array([-1, 0]))),
            "bent": fixed(_PLACES**2, **_ODD),
            "alternating": fixed(_PLACES % 2, **_ODD),
            "huge": fixed(1e4 * (_PLACES % 3), **_ODD),
            "as small as can be": fixed(_PLACES[:, :5, :5] ** 3, **_ODD),
        },
        consumed=3,
    ),
    "signals": Domain(("pred", "target"), _two_signals, _sounds(), (0, 1), perfect=copy_target),
    "signals_filters": Domain(
        ("pred", "target", "filters"),
        _with_filters,
        _sounds(_FILTERS),
        (0, 1),
        perfect=lambda given: Arguments(
            (given.positional[1], *given.positional[1:]), given.options
        ),
        shared=(2,),
    ),
    "sources": Domain(
        ("pred", "target"),
        _two_mixtures,
        {
            "equal": fixed(_TONE[None], _TONE[None]),
            "swapped": fixed(_TONE[None, ::-1], _TONE[None]),
            "silent": fixed(0 * _TONE[None], 0 * _TONE[None]),
            "one source": fixed(_NOISE[None, :1], _TONE[None, :1]),
            "one silent source": fixed(_NOISE[None], _TONE[None] * floats(np.array([[[1], [0]]]))),
            "five sources": fixed(
                np.stack([_NOISE, -_TONE, _TONE[::-1]]).reshape(1, 6, 9)[:, :5],
                np.stack([_TONE, _NOISE[::-1], -_NOISE]).reshape(1, 6, 9)[:, 1:],
            ),
        },
        (0, 1),
        consumed=2,
    ),
}
