"""What losses of features read: those of a student, and those of its teacher."""

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

Maps = NDArray[np.float32]

_HEIGHT, _WIDTH, _OTHERS, _DIM, _BANK = 2, 3, 2, 3, 3
_TALL, _NARROW = 5, 2
_NAN = np.float32(np.nan)


def _waves(*shape: int) -> Maps:
    return floats(np.sin(np.arange(np.prod(shape)) * 0.7).reshape(shape))


def _uneven(tail: tuple[int, ...], others: int) -> Callable[..., Arguments]:
    """Features of two sizes, behind axes of the same."""
    return lambda rng, batch, size: Arguments(
        (normal(rng, (*batch, *tail, size)), normal(rng, (*batch, *tail, others)))
    )


def _items(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size, _DIM)), normal(rng, (*batch, size, _OTHERS))))


def _even_maps(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return pairs_of(normal)(rng, (*batch, _HEIGHT, _WIDTH), size)


def _tall_maps(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return pairs_of(normal)(rng, (*batch, _TALL, _NARROW), size)


def _with_margins(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    pair = pairs_of(normal)(rng, batch, size).positional
    return Arguments((*pair, floats(-rng.uniform(0.1, 1, size))))


def _told(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((*pairs_of(normal)(rng, batch, size).positional, normal(rng, (size,))))


def _banked(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    short = (normal(rng, (*batch, *count, size)) / 8 for count in ((), (), (_BANK,)))
    return Arguments(tuple(short))


def _layers(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shapes = [(*batch, size, channels) for channels in (_OTHERS, _DIM)]
    return Arguments(tuple(normal(rng, shape) for shape in shapes * 2))


def _as_the_teacher(given: Arguments) -> Arguments:
    return Arguments((*given.positional[2:], *given.positional[2:]))


def _active_layers(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shapes = [(*batch, size, channels) for channels in (_OTHERS, _DIM)]
    return Arguments(tuple(positive(rng, shape) for shape in shapes * 2))


def _against(one: Maps, two: Maps, *rest: Any) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of features of a student against those of a teacher."""
    huge_one, huge_two = (floats(1e4 * np.sign(x)) for x in (one, two))
    return {
        "both zero": fixed(0 * one, 0 * two, *rest),
        "zero student": fixed(0 * one, two, *rest),
        "zero teacher": fixed(one, 0 * two, *rest),
        "all the same": fixed(0 * one + 1, 0 * two + 1, *rest),
        "huge": fixed(huge_one, huge_two, *rest),
        "huge student": fixed(huge_one, two, *rest),
        "huge teacher": fixed(one, huge_two, *rest),
        "no channels": fixed(one[..., :0], two[..., :0], *(x[..., :0] for x in rest)),
    }


_MAPS, _SMALLER = _waves(2, _HEIGHT, _WIDTH, 4), _waves(2, _HEIGHT, _WIDTH, 2)[::-1].copy()
_TALL_MAPS = _waves(2, _TALL, _NARROW, 3)
_VECTORS = _waves(2, 4)
_MARGINS = floats(np.array([-0.5, -0.25, 0, -2]))
_SET, _TAUGHT = _waves(4, 3), _waves(4, 2) + 1
_KEPT = np.array([True, False, True, True])


def _set_edges() -> dict[str, Callable[[Generator], Arguments]]:
    one_zero, twins = _KEPT[:, None], np.array([0, 0, 1, 1])
    ruined = (np.where(one_zero, x, _NAN) for x in (_SET, _TAUGHT))
    edges = _against(_SET, _TAUGHT) | {
        "one zero vector": fixed(_SET * one_zero, _TAUGHT * one_zero),
        "twins": fixed(_SET[twins], _TAUGHT),
        "twins of the teacher": fixed(_SET, _TAUGHT[twins]),
        "two items": fixed(_SET[:2], _TAUGHT[:2]),
        "one item": fixed(_SET[:1], _TAUGHT[:1]),
        "padding": fixed(*ruined, where=_KEPT),
        "all padding": fixed(_SET * _NAN, _TAUGHT * _NAN, where=_KEPT & False),
    }
    # Opposite directions have no likeness at all, in exact arithmetic alone.
    return edges | {
        "huge": fixed(1e4 * _SET, 1e4 * _TAUGHT),
        "huge student": fixed(1e4 * _SET, _TAUGHT),
        "huge teacher": fixed(_SET, 1e4 * _TAUGHT),
    }


_BANKED = _waves(2, 3, 4)
_ONE, _TWO = _waves(2, 3, 2), _waves(2, 3, 3)
_PROBABLE = _waves(2, 3, 4) * 2

DOMAINS: Mapping[str, Domain] = {
    "vectors_of_teacher": Domain(
        ("features", "teacher_features"),
        pairs_of(normal),
        _against(_VECTORS, _VECTORS[::-1].copy()),
        perfect=copy_target,
    ),
    "maps_of_teacher": Domain(
        ("features", "teacher_features"),
        _uneven((_HEIGHT, _WIDTH), _OTHERS),
        _against(_MAPS, _SMALLER)
        | {
            "no pixels": fixed(_MAPS[:, :0], _SMALLER[:, :0]),
            "one pixel": fixed(_MAPS[:, :1, :1], _SMALLER[:, :1, :1]),
        },
        consumed=3,
    ),
    "even_maps_of_teacher": Domain(
        ("features", "teacher_features"),
        _even_maps,
        _against(_MAPS, _MAPS[::-1].copy())
        | {
            "no pixels": fixed(_MAPS[:, :0], _MAPS[:, :0]),
            "one pixel": fixed(_MAPS[:, :1, :1], _MAPS[:, :1, :1] + 1),
        },
        consumed=3,
        perfect=copy_target,
    ),
    "tall_maps_of_teacher": Domain(
        ("features", "teacher_features"),
        _tall_maps,
        _against(_TALL_MAPS, _TALL_MAPS[::-1].copy())
        | {"one column": fixed(_TALL_MAPS[:, :, :1], _TALL_MAPS[::-1, :, :1].copy())},
        consumed=3,
        perfect=copy_target,
    ),
    "channels_of_teacher": Domain(
        ("features", "teacher_features", "margins"),
        _with_margins,
        {
            name: edge
            for name, edge in _against(_VECTORS, _VECTORS[::-1].copy(), _MARGINS).items()
            if name != "no channels"
        }
        | {"at the margins": fixed(_VECTORS, np.stack([_MARGINS] * 2), _MARGINS)},
        shared=(2,),
        perfect=lambda given: Arguments((given.positional[1], *given.positional[1:])),
    ),
    "channels_told": Domain(
        ("pred", "target", "scores"),
        _told,
        {
            "equal": fixed(_VECTORS, _VECTORS, _MARGINS),
            "sure": fixed(_VECTORS, _VECTORS[::-1].copy(), -1e4 + 0 * _MARGINS),
            "unsure": fixed(_VECTORS, _VECTORS[::-1].copy(), 1e4 + 0 * _MARGINS),
            "huge": fixed(1e4 + _VECTORS, _VECTORS, _MARGINS),
        },
        (0, 2),
        shared=(2,),
    ),
    "pairs_and_bank": Domain(
        ("features", "positive", "negatives"),
        _banked,
        {
            "zero": fixed(0 * _VECTORS, 0 * _VECTORS, 0 * _BANKED),
            "opposite": fixed(_VECTORS, -_VECTORS, _BANKED),
            "huge": fixed(100 * _VECTORS, -100 * _VECTORS, 100 * _BANKED),
            "no negatives": fixed(_VECTORS, _VECTORS, _BANKED[:, :0]),
        },
        (0, 1, 2),
    ),
    "items_of_teacher": Domain(("features", "teacher_features"), _items, _set_edges(), lone=False),
    "positions_of_teacher": Domain(
        ("features", "teacher_features"),
        _items,
        _against(_TWO, _ONE[::-1].copy()) | {"no positions": fixed(_TWO[:, :0], _ONE[:, :0])},
        consumed=2,
    ),
    "sets_of_scores_of_teacher": Domain(
        ("logits", "teacher_logits"),
        lambda rng, batch, size: pairs_of(normal)(rng, (*batch, size), _DIM),
        {
            "identical": fixed(_PROBABLE, _PROBABLE),
            "tied scores": fixed(0 * _PROBABLE, _PROBABLE),
            "tied scores of both": fixed(0 * _PROBABLE, 0 * _PROBABLE),
            "huge scores": fixed(floats(1e4 * np.sign(_PROBABLE)), _PROBABLE),
            "a class masked by -inf": fixed(
                _PROBABLE + floats(np.array([0, 0, -np.inf, 0])),
                _PROBABLE[::-1] + floats(np.array([0, 0, -np.inf, 0])),
            ),
            "one item": fixed(_PROBABLE[:, :1], _PROBABLE[::-1, :1].copy()),
            "no item": fixed(_PROBABLE[:, :0], _PROBABLE[:, :0]),
        },
        consumed=2,
        perfect=copy_target,
    ),
    "layers_of_teacher": Domain(
        ("first", "second", "teacher_first", "teacher_second"),
        _layers,
        {
            "zero": fixed(0 * _ONE, 0 * _TWO, 0 * _ONE, 0 * _TWO),
            "equal": fixed(_ONE, _TWO, _ONE, _TWO),
            "huge": fixed(1e4 * _ONE, 1e4 * _TWO, _ONE, _TWO),
            "no positions": fixed(_ONE[:, :0], _TWO[:, :0], _ONE[:, :0], _TWO[:, :0]),
        },
        (0, 1),
        consumed=2,
        perfect=_as_the_teacher,
    ),
    # Behind a ReLU one direction is the main one by far; without, singular values may be close.
    "active_layers_of_teacher": Domain(
        ("first", "second", "teacher_first", "teacher_second"),
        _active_layers,
        {
            "zero": fixed(0 * _ONE, 0 * _TWO, 0 * _ONE, 0 * _TWO),
            "zero student": fixed(0 * _ONE, 0 * _TWO, _ONE, _TWO),
            "zero teacher": fixed(_ONE, _TWO, 0 * _ONE, 0 * _TWO),
            "equal": fixed(_ONE, _TWO, _ONE, _TWO),
            "of rank one": fixed(0 * _ONE + 1, 0 * _TWO + 2, _ONE, _TWO),
            "huge": fixed(1e4 * _ONE, 1e4 * _TWO, _ONE, _TWO),
            "huge teacher": fixed(_ONE, _TWO, 1e4 * _ONE, 1e4 * _TWO),
            "one position": fixed(_ONE[:, :1], _TWO[:, :1], _ONE[:, 1:2], _TWO[:, 1:2]),
            "no positions": fixed(_ONE[:, :0], _TWO[:, :0], _ONE[:, :0], _TWO[:, :0]),
        },
        (0, 1),
        consumed=2,
        perfect=_as_the_teacher,
    ),
}
