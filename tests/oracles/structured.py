"""Sequences of states: every path is listed, its score added up, and its mass summed."""

import itertools
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ZERO,
    Array,
    integer,
    kept,
    log_sum_exp,
    real,
    rows,
    total,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _score(
    path: tuple[int, ...], frames: list[Vector], moves: list[Vector], ends: tuple[Vector, Vector]
) -> Decimal:
    """Of one path: its frames, its moves, and how it starts and ends."""
    first, last = ends
    score = total(frame[state] for frame, state in zip(frames, path, strict=True))
    score += total(moves[a][b] for a, b in itertools.pairwise(path))
    return score + first[path[0]] + last[path[-1]]


def _all_scores(
    frames: list[Vector], moves: list[Vector], ends: tuple[Vector, Vector]
) -> dict[tuple[int, ...], Decimal]:
    paths = itertools.product(range(len(moves)), repeat=len(frames))
    return {path: _score(path, frames, moves, ends) for path in paths}


def _log_mass(scores: list[Decimal]) -> Decimal:
    """Log of the summed masses of paths; -inf without a possible one."""
    possible = [x for x in scores if x != -INFINITY]
    return log_sum_exp(possible) if possible else -INFINITY


def _spread(values: X | None, shape: tuple[int, ...]) -> Array:
    """The same for every sequence; zeros where nothing is given."""
    tail = shape[-1:] if values is None else np.shape(values)
    batch = shape[:-1]
    return np.broadcast_to(real(0.0 if values is None else values), (*batch, *tail))


def crf(
    logits: X,
    labels: X,
    transitions: X,
    *,
    start: X | None = None,
    end: X | None = None,
    where: X | None = None,
) -> Array:
    """Lafferty 2001: -log of the share that the labelled path has of the mass of all paths.

    Frames that are left out are not there; an impossible path costs infinity.
    """
    z, y = real(logits), integer(labels)
    batch, states = z.shape[:-2], z.shape[-1]
    shape = (*batch, states)

    def value(
        z: list[Vector],
        y: list[int],
        keep: list[bool],
        moves: list[Vector],
        first: Vector,
        last: Vector,
    ) -> Decimal:
        frames = [row for row, flag in zip(z, keep, strict=True) if flag]
        path = tuple(label for label, flag in zip(y, keep, strict=True) if flag)
        if not path:
            return ZERO
        if any(not 0 <= label < states for label in path):
            return NAN
        own = _score(path, frames, moves, (first, last))
        if own == -INFINITY:
            return INFINITY
        return _log_mass(list(_all_scores(frames, moves, (first, last)).values())) - own

    moves = np.broadcast_to(real(transitions), (*batch, states, states))
    keep = kept(where, y.shape)
    return rows(value, batch, z, y, keep, moves, _spread(start, shape), _spread(end, shape))


def hidden_markov(
    log_likelihoods: X, log_transitions: X, log_initial: X, *, where: X | None = None
) -> Array:
    """Baum 1966: -log of the summed probabilities of what is seen, along every path of states."""
    z = real(log_likelihoods)
    batch, states = z.shape[:-2], z.shape[-1]

    def value(z: list[Vector], keep: list[bool], moves: list[Vector], first: Vector) -> Decimal:
        frames = [row for row, flag in zip(z, keep, strict=True) if flag]
        if not frames:
            return ZERO
        scores = _all_scores(frames, moves, (first, [ZERO] * states))
        return -_log_mass(list(scores.values()))

    moves = np.broadcast_to(real(log_transitions), (*batch, states, states))
    first = np.broadcast_to(real(log_initial), (*batch, states))
    return rows(value, batch, z, kept(where, z.shape[:-1]), moves, first)


def auto_segmentation(
    logits: X,
    labels: X,
    transitions: X,
    *,
    where: X | None = None,
    label_where: X | None = None,
) -> Array:
    """Collobert 2016: -log of the share of the paths that give the labels once repeats are merged.

    Without labels nothing is asked for, at no cost; without frames no label is possible.
    """
    z, y = real(logits), integer(labels)
    batch, states = z.shape[:-2], z.shape[-1]

    def value(
        z: list[Vector], y: list[int], keep: list[bool], spoken: list[bool], moves: list[Vector]
    ) -> Decimal:
        frames = [row for row, flag in zip(z, keep, strict=True) if flag]
        wanted = [label for label, flag in zip(y, spoken, strict=True) if flag]
        if any(not 0 <= label < states for label in wanted):
            return NAN
        if not wanted or not frames:
            return INFINITY if wanted else ZERO
        free = [ZERO] * states
        scores = _all_scores(frames, moves, (free, free))
        fitting = [
            score
            for path, score in scores.items()
            if [state for state, _ in itertools.groupby(path)] == wanted
        ]
        own = _log_mass(fitting)
        return INFINITY if own == -INFINITY else _log_mass(list(scores.values())) - own

    moves = np.broadcast_to(real(transitions), (*batch, states, states))
    return rows(value, batch, z, y, kept(where, z.shape[:-1]), kept(label_where, y.shape), moves)
