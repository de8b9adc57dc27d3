"""Values by hand for the oracles of transducers: by listing every path of moves."""

from itertools import product
from math import exp, fsum, inf, log, nan

import numpy as np

from tests.oracles import transducers
from tests.pins_residuals import pin
from tests.pins_sequences import softmax

_RNG = np.random.default_rng(1)
CELLS = (2 * _RNG.standard_normal((4, 3, 4))).round(2).tolist()
STRIDES = (2 * _RNG.standard_normal((4, 3, 3))).round(2).tolist()
EVEN, LOG3 = [0.0, 0.0, 0.0], log(3)


def by_moves(frames, count, chances):
    """Every string of moves (label or not, and a stride) that ends behind the last frame.

    `chances[move, stride]` takes frame and count of labels; a label's last frame must exist.
    """
    found = []
    for length in range(1, frames + count + 1):
        for moves in product(chances, repeat=length):
            t = u = 0
            chance = 1.0
            for place, (label, stride) in enumerate(moves):
                if t >= frames or (label and u >= count):
                    break
                chance *= chances[label, stride](t, u)
                t, u = t + stride, u + label
                if t >= frames and (label or place + 1 < length):
                    break
            else:
                if (t, u) == (frames, count) and not moves[-1][0]:
                    found.append(chance)
    return -log(fsum(found))


def strode(cells, strides, durations, labels, blank=0, sigma=0.0):
    def chance(label, stride):
        place = durations.index(stride)

        def of(t, u):
            token = labels[u] if label else blank
            return softmax(cells[t][u])[token] * softmax(strides[t][u])[place] * exp(-sigma)

        return of

    moves = [(label, d) for label in (0, 1) for d in durations if label or d]
    return by_moves(len(cells), len(labels), {move: chance(*move) for move in moves})


def decided(cells, labels, blank=0):
    def sigmoid(x):
        return 1 / (1 + exp(-x))

    def named(t, u):
        cell = cells[t][u]
        others = [x for c, x in enumerate(cell) if c != blank]
        return softmax(others)[labels[u] - (labels[u] > blank)] * sigmoid(-cell[blank])

    stay = {(0, 1): lambda t, u: sigmoid(cells[t][u][blank]), (1, 0): named}
    return by_moves(len(cells), len(labels), stay)


TRANSDUCERS = [
    # two walks, each of a half, a half of a half, and a half
    pin(transducers.hybrid, [[EVEN] * 2] * 2, [1], expect=log(8), why="two walks"),
    pin(transducers.hybrid, [[[LOG3, 9.0]]] * 2, [], expect=2 * log(4 / 3), why="blanks alone"),
    pin(
        transducers.hybrid,
        [[[EVEN] * 2] * 2] * 4,
        [[1], [0], [7], [7]],
        where=[[True, False]] * 3 + [[False, False]],
        label_where=[[True], [True], [True], [False]],
        expect=[log(8), nan, nan, inf],
        why="masked, a blank for a label, unknown labels, no frame",
    ),
    pin(transducers.hybrid, CELLS, [3, 1], expect=decided(CELLS, [3, 1]), why="all walks"),
    pin(transducers.hybrid, CELLS, [0, 3], blank=2, expect=decided(CELLS, [0, 3], 2), why="blank"),
    # label, blank; blank, label, blank; and a label that takes a frame, blank: moves of a quarter
    pin(
        transducers.token_duration,
        [[[0.0, 0.0]] * 2] * 2,
        [[[0.0, 0.0]] * 2] * 2,
        [1],
        durations=(0, 1),
        expect=-log(2 / 4**3 + 1 / 4**2),
        why="three walks",
    ),
    pin(
        transducers.token_duration,
        [[[0.0, 0.0]]] * 3,
        [[[0.0]]] * 3,
        [],
        durations=(2,),
        expect=inf,
        why="strides of two over three frames",
    ),
    pin(
        transducers.token_duration,
        [[[[0.0, 0.0]] * 2] * 2] * 3,
        [[[[0.0, LOG3]] * 2] * 2] * 3,
        [[1], [0], [1]],
        durations=(0, 1),
        sigma=1,
        where=[[True, False], [True, True], [False, False]],
        expect=[log(8 * 8 / 3) + 2, nan, inf],
        why="masked frame and a price of moves, a blank for a label, no frame",
    ),
    *(
        pin(
            transducers.token_duration,
            CELLS,
            STRIDES,
            [3, 1],
            durations=durations,
            sigma=0.25,
            expect=strode(CELLS, STRIDES, durations, [3, 1], sigma=0.25),
            why=f"all walks of {durations}",
        )
        for durations in ((0, 1, 2), (2, 0, 3), (1, 3, 2))
    ),
    # The label before the blanks or between them; before them where the second frame begins above
    pin(
        transducers.pruned,
        [[[[0.0, 0.0]] * 2] * 2, [[[0.0, LOG3]] * 2] * 2],
        [[1], [1]],
        [[0, 0], [0, 1]],
        expect=[log(8 / 2), -log(3 / 4**3)],
        why="all cells, and a start that rises",
    ),
    pin(
        transducers.pruned,
        [[[[0.0, 0.0]]] * 2] * 4,
        [[1], [1], [0], [1]],
        [[0, 1], [0, 0], [0, 0], [0, 0]],
        label_where=[[True], [False], [True], [True]],
        expect=[inf, log(4), nan, inf],
        why="one cell a frame: no path, blanks alone, a blank for a label, no path",
    ),
    # Shares within windows of two: 1, 1 - 0; 0.4, 1 - 0.5; 0.1, 1 - 0.1; the last frame ends above
    pin(
        transducers.pruning_starts,
        [[1.0, 0.0, 0.0], [0.0, 0.4, 0.6], [0.0, 0.1, 0.9], [0.0, 0.0, 1.0]],
        [[0.5, 0.0], [0.5, 0.6], [0.1, 0.3], [0.0, 0.1]],
        width=2,
        expect=[0, 1, 1, 1],
        why="windows",
    ),
    # All at once in the first frame, which begins below all the same; three cells rise by two
    pin(
        transducers.pruning_starts,
        [[0.0, 0.0, 0.0, 0.0, 1.0]] * 3,
        [[1.0, 1.0, 1.0, 1.0], [0.0] * 4, [0.0] * 4],
        width=3,
        where=[True, True, False],
        expect=[0, 2, 2],
        why="as fast as can be",
    ),
    pin(
        transducers.pruning_starts,
        [[0.0, 0.0, 1.0]] * 3,
        [[0.0, 0.0]] * 3,
        width=2,
        label_where=[True, False],
        expect=[0, 0, 0],
        why="one label alone",
    ),
]
