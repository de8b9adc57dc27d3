"""What losses of sequences of states read, and those of tokens in another order."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, labels, normal

_TIME, _LENGTH, _STATES = 5, 2, 3
_DRIFT = floats(np.sin(np.arange(18)).reshape(2, 3, 3))
_FLAT, _HUGE = 0 * _DRIFT, floats(1e4 * np.sign(_DRIFT))
_MOVES = floats(np.cos(np.arange(9)).reshape(3, 3))
_ENDS = floats(np.array([0.5, -1, 0]))
_PATHS = np.array([[1, 2, 0], [2, 2, 1]], np.int32)
_NEVER = np.full((3, 3), -np.inf, np.float32)
_ONWARDS = np.where(np.tri(3, k=-1), np.float32(-np.inf), np.float32(0)).astype(np.float32)
_SOME = np.array([[True, False, True], [False, True, True]])
_FIRST = np.array([[True, True, False], [True, False, False]])
_NAN = np.float32(np.nan)
_GONE = _DRIFT + floats(np.array([0, -np.inf, 0]))
_WORDS = np.array([[0, 1], [2, 0]], np.int32)
_ONE_WORD = np.array([[True, False], [False, False]])


def _scores(rng: Generator, batch: tuple[int, ...], time: int) -> NDArray[np.float32]:
    return normal(rng, (*batch, time, _STATES))


def _labelled(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    scores, moves = _scores(rng, batch, size), normal(rng, (_STATES, _STATES))
    ends = {"start": normal(rng, (_STATES,)), "end": normal(rng, (_STATES,))}
    return Arguments((scores, labels(rng, (*batch, size), _STATES), moves), ends)


def _observed(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments(
        (_scores(rng, batch, size), normal(rng, (_STATES, _STATES)), normal(rng, (_STATES,)))
    )


def _spoken(rng: Generator, batch: tuple[int, ...], classes: int) -> NDArray[np.int32]:
    """Labels of which no two neighbours are equal."""
    first = labels(rng, (*batch, 1), classes)
    steps = rng.integers(1, classes, (*batch, _LENGTH - 1))
    return np.cumsum(np.concatenate([first, steps], -1), -1).astype(np.int32) % np.int32(classes)


def _segmented(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    words, moves = _spoken(rng, batch, _STATES), normal(rng, (_STATES, _STATES))
    return Arguments((_scores(rng, batch, size), words, moves))


def _aligned(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    words = rng.integers(1, _STATES, (*batch, _LENGTH)).astype(np.int32)
    return Arguments((_scores(rng, batch, _TIME), words))


def _ordered(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((_scores(rng, batch, size), labels(rng, (*batch, size), _STATES)))


def _kept(scores: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Padding that holds NaN."""
    return np.where(where[..., None], scores, _NAN)


_ROWS = {
    "tied scores": _FLAT,
    "huge scores": _HUGE,
    "huge reversed scores": -_HUGE,
    "a state masked by -inf": _GONE,
    "all states masked by -inf": _DRIFT - np.float32(np.inf),
}


def _edges(*rest: Any, **options: Any) -> dict[str, Callable[[Generator], Arguments]]:
    return {name: fixed(x, *rest, **options) for name, x in _ROWS.items()}


_UNKNOWN = np.where(_SOME, _PATHS, -100)
_BEYOND = np.where(_ONE_WORD, _WORDS, -100)
_ENDED = {"start": _ENDS, "end": -_ENDS}

DOMAINS: Mapping[str, Domain] = {
    "states_labels": Domain(
        ("logits", "labels", "transitions"),
        _labelled,
        _edges(_PATHS, _MOVES, **_ENDED)
        | {
            "huge transitions": fixed(_DRIFT, _PATHS, 1e4 * _MOVES),
            "some transitions forbidden": fixed(_DRIFT, _PATHS[:, ::-1], _ONWARDS),
            "all transitions forbidden": fixed(_DRIFT, _PATHS, _NEVER),
            "a labelled transition forbidden": fixed(_DRIFT, _PATHS, _ONWARDS),
            "a start forbidden": fixed(_DRIFT, _PATHS, _MOVES, start=_ENDS + _ONWARDS[1]),
            "an end forbidden": fixed(_DRIFT, _PATHS, _MOVES, end=_ENDS + _ONWARDS[1]),
            "gaps": fixed(_kept(_DRIFT, _SOME), _UNKNOWN, _MOVES, where=_SOME, **_ENDED),
            "all padding": fixed(_DRIFT * _NAN, 0 * _PATHS - 100, _MOVES, where=_SOME & False),
            "one step": fixed(_DRIFT[:, :1], _PATHS[:, :1], _NEVER, **_ENDED),
            "no step": fixed(_DRIFT[:, :0], _PATHS[:, :0], _MOVES),
            "one state": fixed(_DRIFT[..., :1], 0 * _PATHS, _MOVES[:1, :1]),
        },
        (0, 2),
        labels=1,
        consumed=2,
        shared=(2,),
    ),
    "states_seen": Domain(
        ("log_likelihoods", "log_transitions", "log_initial"),
        _observed,
        _edges(_MOVES, _ENDS)
        | {
            "huge transitions": fixed(_DRIFT, 1e4 * _MOVES, _ENDS),
            "some transitions forbidden": fixed(_DRIFT, _ONWARDS, _ENDS),
            "all transitions forbidden": fixed(_DRIFT, _NEVER, _ENDS),
            "every start forbidden": fixed(_DRIFT, _MOVES, _NEVER[0]),
            "gaps": fixed(_kept(_DRIFT, _SOME), _MOVES, _ENDS, where=_SOME),
            "all padding": fixed(_DRIFT * _NAN, _MOVES, _ENDS, where=_SOME & False),
            "one step": fixed(_DRIFT[:, :1], _NEVER, _ENDS),
            "no step": fixed(_DRIFT[:, :0], _MOVES, _ENDS),
            "one state": fixed(_DRIFT[..., :1], _MOVES[:1, :1], _ENDS[:1]),
        },
        (0, 1, 2),
        consumed=2,
        shared=(1, 2),
    ),
    "states_words": Domain(
        ("logits", "labels", "transitions"),
        _segmented,
        _edges(_WORDS, _MOVES)
        | {
            "huge transitions": fixed(_DRIFT, _WORDS, 1e4 * _MOVES),
            "some transitions forbidden": fixed(_DRIFT, _WORDS, _ONWARDS),
            "all transitions forbidden": fixed(_DRIFT, _WORDS, _NEVER),
            "more labels than frames": fixed(_DRIFT[:, :1], _WORDS, _MOVES),
            "as many labels as frames": fixed(_DRIFT[:, :2], _WORDS, _MOVES),
            "equal neighbours": fixed(_DRIFT, 0 * _WORDS, _MOVES),
            "padding": fixed(
                _kept(_DRIFT, _FIRST), _BEYOND, _MOVES, where=_FIRST, label_where=_ONE_WORD
            ),
            "all padding": fixed(
                _DRIFT * _NAN,
                0 * _WORDS - 100,
                _MOVES,
                where=_FIRST & False,
                label_where=_ONE_WORD & False,
            ),
            "no frame": fixed(_DRIFT[:, :0], _WORDS, _MOVES),
            "no label": fixed(_DRIFT, _WORDS[:, :0], _MOVES),
        },
        (0, 2),
        labels=1,
        consumed=2,
        shared=(2,),
        ordered=True,
    ),
    "predictions_words": Domain(
        ("logits", "labels"),
        _aligned,
        {name: fixed(x, _WORDS % 2 + 1) for name, x in _ROWS.items()}
        | {
            "the blank masked by -inf": fixed(_DRIFT + _ONWARDS[1], _WORDS % 2 + 1),
            "more labels than predictions": fixed(_DRIFT[:, :1], _WORDS % 2 + 1),
            "padding": fixed(
                _kept(_DRIFT, _FIRST), _BEYOND + _ONE_WORD, where=_FIRST, label_where=_ONE_WORD
            ),
            "all padding": fixed(
                _DRIFT * _NAN,
                0 * _WORDS - 100,
                where=_FIRST & False,
                label_where=_ONE_WORD & False,
            ),
            "no prediction": fixed(_DRIFT[:, :0], _WORDS % 2 + 1),
            "no label": fixed(_DRIFT, _WORDS[:, :0]),
        },
        labels=1,
        consumed=2,
        ordered=True,
    ),
    "unordered_tokens": Domain(
        ("logits", "labels"),
        _ordered,
        {name: fixed(x, _PATHS) for name, x in _ROWS.items()}
        | {
            "one label": fixed(_DRIFT, 0 * _PATHS),
            "gaps": fixed(_kept(_DRIFT, _SOME), _UNKNOWN, where=_SOME),
            "all padding": fixed(_DRIFT * _NAN, 0 * _PATHS - 100, where=_SOME & False),
            "one token": fixed(_DRIFT[:, :1], _PATHS[:, :1]),
            "no token": fixed(_DRIFT[:, :0], _PATHS[:, :0]),
        },
        labels=1,
        consumed=2,
    ),
}
