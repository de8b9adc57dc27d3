"""What losses of sequences read: scores over time, and labels without their times."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, log_simplex, normal

_TIME, _LENGTH, _DURATIONS = 5, 2, 5


def _spoken(rng: Generator, batch: tuple[int, ...], classes: int) -> NDArray[np.int32]:
    """Labels, none of them the blank."""
    return rng.integers(1, max(classes, 2), (*batch, _LENGTH)).astype(np.int32)


def _moves(rng: Generator, batch: tuple[int, ...], _size: int) -> Arguments:
    log_p = log_simplex(rng, (*batch, _TIME, _LENGTH + 1, 3))
    return Arguments((log_p[..., 0], log_p[..., :-1, 1]))


def _first(frames: tuple[int, int], labels: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    """Masks that keep so many frames and labels of two sequences."""
    return {
        "where": np.arange(_TIME) < np.array(frames)[:, None],
        "label_where": np.arange(_LENGTH) < np.array(labels)[:, None],
    }


_LABELS = np.array([[1, 3], [2, 2]], np.int32)
_SOME = _first((3, 4), (1, 0))


def _edges(lattice: bool) -> dict[str, Callable[[Generator], Arguments]]:
    """Edges of the scores of four classes, the first of them the blank, for two sequences."""

    def scores(classes: Any, time: int = _TIME, length: int = _LENGTH) -> NDArray[np.float32]:
        shape = (2, time, length + 1, 4) if lattice else (2, time, 4)
        drift = np.arange(np.prod(shape[:-1])).reshape(*shape[:-1], 1) / 8
        return floats(np.asarray(classes) + np.sin(drift * np.arange(4)))

    def left(frames: tuple[int, int], labels: tuple[int, int]) -> Any:
        """Padding that holds NaN and no label behind so many frames and labels."""
        masks = _first(frames, labels)
        kept = masks["where"][..., None, None] if lattice else masks["where"][..., None]
        known = np.where(masks["label_where"], _LABELS, -100)
        return fixed(np.where(kept, scores(flat), np.float32(np.nan)), known, **masks)

    huge, flat = np.array([1e4, -1e4, 0, 1e4]), np.zeros(4)
    masked, blocked = np.array([0, 1, 2, -np.inf]), np.array([-np.inf, 1, 2, 3])
    return {
        "tied scores": fixed(scores(flat), _LABELS),
        "huge scores": fixed(scores(huge), _LABELS),
        "huge reversed scores": fixed(scores(-huge), _LABELS),
        "a class masked by -inf": fixed(scores(masked), _LABELS - 1 + (_LABELS == 1)),
        "a label masked by -inf": fixed(scores(masked), _LABELS),
        "the blank masked by -inf": fixed(scores(blocked), _LABELS),
        "all classes masked by -inf": fixed(scores(np.full(4, -np.inf)), _LABELS),
        "no frames": fixed(scores(flat, 0), _LABELS),
        "no labels": fixed(scores(flat, 5, 0), _LABELS[:, :0]),
        "padding": left((3, 4), (1, 0)),
        "one frame": left((1, 1), (1, 0)),
        "as many frames as labels": left((2, 2), (2, 2)),
        "more labels than frames": left((1, 4), (2, 2)),
        "all frames padding": left((0, 0), (2, 0)),
        "all labels padding": left((5, 1), (0, 0)),
    }


def _strided(edge: Callable[[Generator], Arguments]) -> Callable[[Generator], Arguments]:
    """The same edge with scores of durations, NaN in the same padding."""

    def made(rng: Generator) -> Arguments:
        given = edge(rng)
        logits, labels = given.positional
        shape = (*logits.shape[:-1], _DURATIONS)
        waves = floats(np.cos(np.arange(np.prod(shape)).reshape(shape)))
        gone = np.isnan(logits).all(-1, keepdims=True)
        return Arguments((logits, np.where(gone, np.float32(np.nan), waves), labels), given.options)

    return made


def _durations_like(scores: Any) -> Callable[[Generator], Arguments]:
    cells = (2, _TIME, _LENGTH + 1)
    flat = floats(np.sin(np.arange(np.prod(cells) * 4) / 8).reshape(*cells, 4))
    spread = np.zeros((*cells, _DURATIONS))
    return fixed(flat, floats(spread + np.asarray(scores)), _LABELS)


def _from_the_first(edge: Callable[[Generator], Arguments]) -> Callable[[Generator], Arguments]:
    """The same edge with starts, of cells that are all there are."""

    def made(rng: Generator) -> Arguments:
        given = edge(rng)
        return Arguments(
            (*given.positional, np.zeros(given.positional[0].shape[:2], np.int32)), given.options
        )

    return made


_RISEN_ONCE = np.array([[0, 0, 0, 1, 1]] * 2, np.int32)
_CELLS = floats(np.sin(np.arange(2 * _TIME * _LENGTH * 4)).reshape(2, _TIME, _LENGTH, 4))
_SURE, _NEVER = np.zeros((2, _TIME, 3), np.float32), np.full((2, _TIME, 3), -np.inf, np.float32)
_PADDED = np.where(_SOME["where"][..., None], floats(np.arange(-3, 0)), np.float32(np.nan))
_MOVES = {
    "unlikely moves": fixed(_SURE - 1e4, _SURE[..., :2] - 1e4),
    "impossible blanks": fixed(_NEVER, _SURE[..., :2] - 1),
    "impossible labels": fixed(_SURE - 1, _NEVER[..., :2]),
    "certain blanks, no labels": fixed(_SURE[..., :1], _NEVER[..., :0]),
    "no frames": fixed(_SURE[:, :0], _NEVER[:, :0, :2]),
    "padding": fixed(_PADDED, _PADDED[..., :2], **_SOME),
    "all padding": fixed(_PADDED, _PADDED[..., :2], **_first((0, 0), (0, 0))),
}

DOMAINS: Mapping[str, Domain] = {
    "frames_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, _TIME, size)), _spoken(rng, batch, size))
        ),
        _edges(lattice=False),
        labels=1,
        consumed=2,
        ordered=True,
    ),
    "lattices_labels": Domain(
        ("logits", "labels"),
        lambda rng, batch, size: Arguments(
            (normal(rng, (*batch, _TIME, _LENGTH + 1, size)), _spoken(rng, batch, size))
        ),
        _edges(lattice=True),
        labels=1,
        consumed=3,
        ordered=True,
    ),
    "lattices_durations_labels": Domain(
        ("logits", "duration_logits", "labels"),
        lambda rng, batch, size: Arguments(
            (
                normal(rng, (*batch, _TIME, _LENGTH + 1, size)),
                normal(rng, (*batch, _TIME, _LENGTH + 1, _DURATIONS)),
                _spoken(rng, batch, size),
            )
        ),
        {name: _strided(edge) for name, edge in _edges(lattice=True).items()}
        | {
            "a duration masked by -inf": _durations_like([0, 0, -np.inf, 0, 0]),
            "one duration": _durations_like([-np.inf, 0, -np.inf, -np.inf, -np.inf]),
            "all durations masked by -inf": _durations_like([-np.inf] * _DURATIONS),
            "huge durations": _durations_like([1e4, -1e4, 0, 1e4, -1e4]),
        },
        (0, 1),
        labels=2,
        consumed=3,
        ordered=True,
    ),
    # All cells: of fewer, those of masked sequences would have no path.
    "cells_labels_starts": Domain(
        ("logits", "labels", "starts"),
        lambda rng, batch, size: Arguments(
            (
                normal(rng, (*batch, _TIME, _LENGTH + 1, size)),
                _spoken(rng, batch, size),
                np.zeros((*batch, _TIME), np.int32),
            )
        ),
        {name: _from_the_first(edge) for name, edge in _edges(lattice=True).items()}
        | {
            "no path": fixed(_CELLS, _LABELS, _RISEN_ONCE + 1),
            "one path": fixed(_CELLS[..., :1, :], _LABELS[:, :0], 0 * _RISEN_ONCE),
            "a path that rises once": fixed(_CELLS, _LABELS, _RISEN_ONCE),
        },
        labels=1,
        consumed=3,
        ordered=True,
    ),
    "lattice_moves": Domain(
        ("blank_log_p", "label_log_p"),
        _moves,
        _MOVES,
        (0, 1),
        consumed=2,
        ordered=True,
    ),
}
