"""Transducers of other kinds: sums over paths, as their papers print the recursions."""

import functools
from collections.abc import Callable, Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import INFINITY, NAN, ONE, ZERO, Array, integer, kept, real, rows
from tests.oracles.softened import softmax

X = npt.ArrayLike
Vector = list[Decimal]
Cells = list[list[Vector]]
Chance = Callable[[int, int, int], Decimal]


# Differences move one cell at a time: of all others the shares are known.
@functools.lru_cache(maxsize=4096)
def _shares(*cell: Decimal) -> Vector:
    return softmax(list(cell))


def _loss(frames: int, count: int, strides: Sequence[int], stay: Chance, emit: Chance) -> Decimal:
    """-log of alpha at the end; `stay` and `emit` are chances of a stride from frame and label."""
    if not frames:
        return INFINITY
    alpha = {(0, 0): ONE}
    end = ZERO
    for t in range(frames):
        for u in range(count + 1):
            here = alpha.get((t, u), ZERO)
            for stride in strides:
                if stride > 0:
                    there = here * stay(t, u, stride)
                    if t + stride < frames:
                        alpha[t + stride, u] = alpha.get((t + stride, u), ZERO) + there
                    elif t + stride == frames and u == count:
                        end += there
                if u < count and t + stride < frames:
                    place = t + stride, u + 1
                    alpha[place] = alpha.get(place, ZERO) + here * emit(t, u, stride)
    return -end.ln()


def _spelled(y: list[int], places: list[bool], classes: int, blank: int) -> list[int] | None:
    wanted = [label for label, keep in zip(y, places, strict=True) if keep]
    wrong = any(not 0 <= label < classes or label == blank for label in wanted)
    return None if wrong else wanted


def hybrid(
    logits: X, labels: X, *, where: X | None = None, label_where: X | None = None, blank: int = 0
) -> Array:
    """Variani 2020, equations 5 to 7: a Bernoulli blank, and labels among themselves."""
    z, y = real(logits), integer(labels)
    classes = z.shape[-1]

    def value(z: Cells, y: list[int], frames: list[bool], places: list[bool]) -> Decimal:
        wanted = _spelled(y, places, classes, blank)
        if wanted is None:
            return NAN
        there = [frame for frame, keep in zip(z, frames, strict=True) if keep]

        def stay(t: int, u: int, stride: int) -> Decimal:
            return _shares(ZERO, there[t][u][blank])[1] if stride else ZERO

        def emit(t: int, u: int, stride: int) -> Decimal:
            cell = there[t][u]
            others = [x for c, x in enumerate(cell) if c != blank]
            place = wanted[u] - (wanted[u] > blank)
            return ZERO if stride else _shares(*others)[place] * _shares(ZERO, cell[blank])[0]

        return _loss(len(there), len(wanted), (0, 1), stay, emit)

    return rows(value, z.shape[:-3], z, y, kept(where, z.shape[:-2]), kept(label_where, y.shape))


def token_duration(
    logits: X,
    duration_logits: X,
    labels: X,
    *,
    durations: Sequence[int] = (0, 1, 2, 3, 4),
    sigma: X = 0.0,
    where: X | None = None,
    label_where: X | None = None,
    blank: int = 0,
) -> Array:
    """Xu 2023, equations 6 to 9: tokens and durations, independent of each other."""
    z, d, y = real(logits), real(duration_logits), integer(labels)
    classes = z.shape[-1]

    def value(
        z: Cells, d: Cells, y: list[int], frames: list[bool], places: list[bool], sigma: Decimal
    ) -> Decimal:
        wanted = _spelled(y, places, classes, blank)
        if wanted is None:
            return NAN
        cells = range(len(wanted) + 1)
        tokens, strides = (
            [[_shares(*frame[u]) for u in cells] for frame, k in zip(x, frames, strict=True) if k]
            for x in (z, d)
        )
        price, places = (-sigma).exp(), {stride: i for i, stride in enumerate(durations)}

        def chance(t: int, u: int, stride: int, token: int) -> Decimal:
            return tokens[t][u][token] * strides[t][u][places[stride]] * price

        return _loss(
            len(tokens),
            len(wanted),
            durations,
            lambda t, u, stride: chance(t, u, stride, blank),
            lambda t, u, stride: chance(t, u, stride, wanted[u]),
        )

    masks = kept(where, z.shape[:-2]), kept(label_where, y.shape)
    return rows(value, z.shape[:-3], z, d, y, *masks, sigma=sigma)


def pruned(
    logits: X,
    labels: X,
    starts: X,
    *,
    where: X | None = None,
    label_where: X | None = None,
    blank: int = 0,
) -> Array:
    """Kuang 2022, section 2.2: the transducer where cells that are left out have no chance."""
    z, y, s = real(logits), integer(labels), integer(starts)
    classes = z.shape[-1]

    def value(
        z: Cells, y: list[int], s: list[int], frames: list[bool], places: list[bool]
    ) -> Decimal:
        wanted = _spelled(y, places, classes, blank)
        if wanted is None:
            return NAN
        there = [
            (first, [_shares(*cell) for cell in frame])
            for frame, first, keep in zip(z, s, frames, strict=True)
            if keep
        ]

        def chance(t: int, u: int, token: int) -> Decimal:
            first, cells = there[t]
            return cells[u - first][token] if 0 <= u - first < len(cells) else ZERO

        return _loss(
            len(there),
            len(wanted),
            (0, 1),
            lambda t, u, stride: chance(t, u, blank) if stride else ZERO,
            lambda t, u, stride: ZERO if stride else chance(t, u, wanted[u]),
        )

    masks = kept(where, z.shape[:-2]), kept(label_where, y.shape)
    return rows(value, z.shape[:-3], z, y, s, *masks)


def pruning_starts(
    blank_share: X,
    label_share: X,
    *,
    width: int,
    where: X | None = None,
    label_where: X | None = None,
) -> Array:
    """Kuang 2022, equations 12 to 14: the best window of each frame, then one after the other."""
    stays, emits = real(blank_share), real(label_share)
    frames = kept(where, stays.shape[:-1]).sum(-1)
    lengths = kept(label_where, (*emits.shape[:-2], emits.shape[-1])).sum(-1)
    found = np.zeros(stays.shape[:-1])
    for index in np.ndindex(stays.shape[:-2]):
        last = max(lengths[index] + 1 - width, 0)
        wanted = []
        for t, (stay, emit) in enumerate(zip(stays[index], emits[index], strict=True)):
            best = max(
                range(len(stay) + 1 - width),
                key=lambda s, stay=stay, emit=emit: (
                    stay[s : s + width].sum() - (emit[s - 1] if s else 0)
                ),
            )
            left = max(frames[index] - 1 - t, 0)
            wanted.append(min(max(best, last - (width - 1) * left), last, (width - 1) * t))
        start = 0
        for t in range(len(wanted)):
            start = min(*wanted[t:], start + width - 1) if t else wanted[0]
            found[(*index, t)] = start
    return found
