"""What losses of masks read: pixels that belong to a thing, labels of pixels, and distances."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from jaxloss.domains import samples
from jaxloss.domains.base import Arguments, Domain, Generator, bits, fixed, floats, labels, normal

_LISTS = samples.DOMAINS["lists_bits"]
_MAPS = samples.DOMAINS["pixels_labels"]
_SPREAD = floats(np.array([[0.5, -1, 2, 0, 1], [1, 3, -2, -0.5, 0.25]]))
_ONE_PIXEL = floats(np.array([[0, 0, 1, 0, 0], [0, 1, 0, 0, 0]]))
_HUGE = floats(np.array([[1e4, -1e4, 1e4, -1e4, 0.0], [1e4, 1e4, -1e4, 0.0, -1e4]]))
_FAR = floats(np.array([[3, 1, -1, 1, 2], [-2, -1, 1, 2, 3]]))
_KEPT = np.array([[True, False, True, True, False], [True, True, False, False, False]])
_BITS = floats(np.array([[0, 1, 0, 1, 1], [1, 0, 0, 1, 0]]))


def _certain(bits: Any) -> Any:
    """Log-odds of a mask that is known."""
    return floats(1e4 * (2 * bits - 1))


def _image(rows: Any) -> Any:
    """Two images, of the rows and of their reverse."""
    return np.stack([np.concatenate([rows, rows[::-1]]), np.concatenate([rows[::-1], rows])])


def _right(given: Arguments) -> Arguments:
    _, target, *rest = given.positional
    return Arguments((_certain(target), target, *rest), given.options)


def _right_classes(given: Arguments) -> Arguments:
    logits, right, *rest = given.positional
    hot = np.eye(logits.shape[-1])[right]
    return Arguments((_certain(hot), right, *rest), given.options)


def _class_maps(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, 5)), labels(rng, (*batch, size), 5)))


def _label_images(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, 3, size)
    return Arguments((normal(rng, (*shape, 4)), labels(rng, shape, 4)), _UNEVEN)


def _with_costs(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    distances = rng.uniform(0.2, 1, (5, 5)) * (1 - np.eye(5))
    return Arguments((*_class_maps(rng, batch, size).positional, floats(distances)))


def _near(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), normal(rng, (*batch, size))))


def _both_near(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    maps = (normal(rng, (*batch, size)) for _ in range(2))
    return Arguments((normal(rng, (*batch, size)), bits(rng, (*batch, size)), *maps))


def _images(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, 4, size)), bits(rng, (*batch, 4, size))))


_UNEVEN = {"window": floats(np.array([0.25, 0.5, 0.5]))}
_SCORES = floats(np.stack([_image(_SPREAD), _image(_SPREAD[::-1]), _image(_BITS)], axis=-1))
_LABELS = _image(np.array([[0, 1, 2, 1, 1], [2, 0, 0, 1, 2]], np.int32))
_COSTS = floats(np.array([[0, 1, 1], [1, 0, 0.5], [1, 0.5, 0]]))

DOMAINS: Mapping[str, Domain] = {
    "masks": replace(
        _LISTS,
        edges={
            **_LISTS.edges,
            "empty and predicted empty": fixed(_certain(0 * _BITS), 0 * _BITS),
            "full and predicted full": fixed(_certain(0 * _BITS + 1), 0 * _BITS + 1),
            "empty and predicted full": fixed(_certain(0 * _BITS + 1), 0 * _BITS),
            "full and predicted empty": fixed(_certain(0 * _BITS), 0 * _BITS + 1),
            "certain and right": fixed(_certain(_BITS), _BITS),
            "certain and wrong": fixed(_certain(1 - _BITS), _BITS),
            "one pixel": fixed(_SPREAD, _ONE_PIXEL),
            "one example": fixed(_SPREAD[:1], _BITS[:1]),
        },
        perfect=_right,
    ),
    "masks_distances": Domain(
        ("logits", "distances"),
        _near,
        {
            "zero": fixed(0 * _FAR, 0 * _FAR),
            "huge": fixed(_HUGE, _FAR),
            "far": fixed(_SPREAD, 1e4 * _FAR),
            "one pixel": fixed(_SPREAD[:, :1], _FAR[:, :1]),
            "some left out": fixed(_SPREAD, _FAR, where=_KEPT),
            "all left out": fixed(_SPREAD, _FAR, where=_KEPT & False),
            "no pixels": fixed(_SPREAD[:, :0], _FAR[:, :0]),
        },
        (0, 1),
    ),
    "masks_two_distances": Domain(
        ("logits", "target", "pred_distances", "distances"),
        _both_near,
        {
            "zero": fixed(0 * _FAR, _BITS, 0 * _FAR, 0 * _FAR),
            "huge": fixed(_HUGE, _BITS, _FAR, -_FAR),
            "far": fixed(_SPREAD, _BITS, 1e4 * _FAR, _FAR),
            "some left out": fixed(_SPREAD, _BITS, _FAR, 1 - _FAR, where=_KEPT),
            "all left out": fixed(_SPREAD, _BITS, _FAR, _FAR, where=_KEPT & False),
            "no pixels": fixed(_SPREAD[:, :0], _BITS[:, :0], _FAR[:, :0], _FAR[:, :0]),
        },
        (0, 2, 3),
        perfect=_right,
    ),
    "images": Domain(
        ("logits", "target"),
        _images,
        {
            "zero": fixed(_image(0 * _BITS), _image(_BITS)),
            "huge": fixed(_image(_HUGE), _image(_BITS)),
            "certain and right": fixed(_certain(_image(_BITS)), _image(_BITS)),
            "certain and wrong": fixed(_certain(1 - _image(_BITS)), _image(_BITS)),
            "empty and predicted empty": fixed(_certain(_image(0 * _BITS)), _image(0 * _BITS)),
            "empty and predicted full": fixed(_certain(_image(0 * _BITS + 1)), _image(0 * _BITS)),
            "full and predicted empty": fixed(_certain(_image(0 * _BITS)), _image(0 * _BITS + 1)),
            "one pixel inside": fixed(_image(_SPREAD), _image(_ONE_PIXEL)),
            "one pixel": fixed(_SPREAD[:, :1, None], _BITS[:, :1, None]),
        },
        perfect=_right,
        consumed=2,
    ),
    "label_images": Domain(
        ("logits", "labels"),
        _label_images,
        {
            "zero": fixed(0 * _SCORES, _LABELS),
            "at the kinks": fixed(0 * _SCORES + floats(np.array([1, 0, 0])), 0 * _LABELS),
            "huge": fixed(1e4 * _SCORES, _LABELS),
            "certain and right": fixed(floats(100 * np.eye(3))[_LABELS], _LABELS),
            "a class masked by -inf": fixed(
                _SCORES + floats(np.array([0, 0, -np.inf])), _LABELS % 2
            ),
            "one pixel": fixed(_SCORES[:, :1, :1], _LABELS[:, :1, :1]),
        },
        labels=1,
        consumed=3,
    ),
    "class_maps": replace(_MAPS, draw=_class_maps, perfect=_right_classes),
    "class_maps_costs": Domain(
        ("logits", "labels", "costs"),
        _with_costs,
        {
            name: lambda rng, edge=edge: Arguments(
                (*edge(rng).positional, _COSTS), edge(rng).options
            )
            for name, edge in _MAPS.edges.items()
        },
        (0, 2),
        labels=1,
        perfect=_right_classes,
        consumed=2,
        shared=(2,),
    ),
}
