"""Likelihoods of label sequences, summed over all alignments with the frames.

The recursions stand as their papers print them, on probabilities: decimals do not underflow. What
they sum is pinned by listing all alignments (`tests/pins_sequences.py`).
"""

import itertools
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import (
    INFINITY,
    NAN,
    ONE,
    ZERO,
    Array,
    in_play,
    integer,
    kept,
    log_softmax,
    real,
    rows,
)

X = npt.ArrayLike
Vector = list[Decimal]


def _chosen(values: list, keep: list[bool]) -> list:
    """The entries that are kept."""
    return [value for value, k in zip(values, keep, strict=True) if k]


def _softmax(logits: Vector) -> Vector:
    """Probabilities; without any finite logit, none."""
    return [x.exp() for x in log_softmax(logits, in_play(logits))]


def _unknown(labels: list[int], classes: int, blank: int) -> bool:
    """Whether one of the labels is none of the classes, or the blank."""
    return any(not 0 <= label < classes or label == blank for label in labels)


def _ctc_chance(frames: list[Vector], labels: list[int], blank: int) -> Decimal:
    """Graves 2006: the forward variables over the labels between blanks."""
    if not frames:
        return ZERO if labels else ONE
    extended = [blank]
    for label in labels:
        extended += [label, blank]
    alpha = [frames[0][label] if s < 2 else ZERO for s, label in enumerate(extended)]
    for p in frames[1:]:
        before, alpha = alpha, []
        for s, label in enumerate(extended):
            mass = before[s] + (before[s - 1] if s > 0 else ZERO)
            if s > 1 and label not in (blank, extended[s - 2]):
                mass += before[s - 2]
            alpha.append(mass * p[label])
    return alpha[-1] + (alpha[-2] if labels else ZERO)


def ctc(
    logits: X,
    labels: X,
    *,
    where: X | None = None,
    label_where: X | None = None,
    blank: int = 0,
) -> Array:
    """Graves 2006: -log of the probability of all paths that collapse to the labels.

    Without frames, only the empty sequence is possible.
    """
    z, y = real(logits), integer(labels)
    classes = z.shape[-1]

    def value(z: list[Vector], y: list[int], frames: list[bool], places: list[bool]) -> Decimal:
        wanted = _chosen(y, places)
        if _unknown(wanted, classes, blank):
            return NAN
        return -_ctc_chance([_softmax(frame) for frame in _chosen(z, frames)], wanted, blank).ln()

    return rows(value, z.shape[:-2], z, y, kept(where, z.shape[:-1]), kept(label_where, y.shape))


def fits(labels: X, where: X, *, label_where: X | None = None) -> Array:
    """1 where there is a frame for each label, and for a blank between two equal ones."""
    y, frames = integer(labels), np.asarray(where, np.bool_)
    places = kept(label_where, y.shape)
    found = np.zeros(y.shape[:-1])
    for index in np.ndindex(found.shape):
        wanted = [int(label) for label in y[index][places[index]]]
        needed = len(wanted) + sum(a == b for a, b in itertools.pairwise(wanted))
        found[index] = needed <= frames[index].sum()
    return found


def _lattice_loss(blanks: list[Vector], labels: list[Vector]) -> Decimal:
    """Graves 2012: -log of alpha at the end, which one more blank leaves.

    `blanks[t][u]` and `labels[t][u]` are the probabilities of the blank and of the next label, in
    frame t after u labels. Without frames nothing can be emitted.
    """
    if not blanks:
        return INFINITY
    alpha: dict[tuple[int, int], Decimal] = {}
    last = len(blanks) - 1, len(blanks[0]) - 1
    for t in range(last[0] + 1):
        for u in range(last[1] + 1):
            alpha[t, u] = ONE if t == u == 0 else ZERO
            if t > 0:
                alpha[t, u] += alpha[t - 1, u] * blanks[t - 1][u]
            if u > 0:
                alpha[t, u] += alpha[t, u - 1] * labels[t][u - 1]
    return -(alpha[last] * blanks[last[0]][last[1]]).ln()


def transducer(
    logits: X,
    labels: X,
    *,
    where: X | None = None,
    label_where: X | None = None,
    blank: int = 0,
) -> Array:
    """Graves 2012: -log of the probability of all walks through frames and labels."""
    z, y = real(logits), integer(labels)
    classes = z.shape[-1]

    def value(
        z: list[list[Vector]], y: list[int], frames: list[bool], places: list[bool]
    ) -> Decimal:
        wanted = _chosen(y, places)
        if _unknown(wanted, classes, blank):
            return NAN
        log_p = [
            [log_softmax(cell, in_play(cell)) for cell in frame[: len(wanted) + 1]]
            for frame in _chosen(z, frames)
        ]
        return _lattice_loss(
            [[cell[blank].exp() for cell in frame] for frame in log_p],
            [[frame[u][label].exp() for u, label in enumerate(wanted)] for frame in log_p],
        )

    return rows(value, z.shape[:-3], z, y, kept(where, z.shape[:-2]), kept(label_where, y.shape))


def transducer_lattice(
    blank_log_p: X,
    label_log_p: X,
    *,
    where: X | None = None,
    label_where: X | None = None,
) -> Array:
    """The transducer's loss from the log-probabilities of the blank and of the next label."""

    def value(
        blanks: list[Vector], labels: list[Vector], frames: list[bool], places: list[bool]
    ) -> Decimal:
        count = sum(places)
        return _lattice_loss(
            [[x.exp() for x in frame[: count + 1]] for frame in _chosen(blanks, frames)],
            [[x.exp() for x in frame[:count]] for frame in _chosen(labels, frames)],
        )

    b, e = real(blank_log_p), real(label_log_p)
    batch = b.shape[:-2]
    places = kept(label_where, (*batch, e.shape[-1]))
    return rows(value, batch, b, e, kept(where, b.shape[:-1]), places)
