"""Values by hand for the oracles of sequences, and of logits that are not kept.

Sums over alignments are pinned by listing every alignment and collapsing it.
"""

from itertools import combinations, groupby, product
from math import exp, fsum, inf, log, nan, prod

import numpy as np

from tests.oracles import fused, sequence
from tests.pins_residuals import pin

LOG2, LOG3 = log(2), log(3)


def softmax(logits):
    """Probabilities."""
    return [exp(z) / fsum(map(exp, logits)) for z in logits]


def by_paths(logits, labels, blank=0):
    """CTC: every path over the frames, repeats merged and blanks dropped, that gives the labels."""
    frames, chances = [softmax(frame) for frame in logits], []
    for path in product(range(len(frames[0])), repeat=len(frames)):
        if [c for c, _ in groupby(path) if c != blank] == labels:
            chances.append(prod(p[c] for p, c in zip(frames, path, strict=True)))
    return -log(fsum(chances))


def by_walks(blanks, labels):
    """Transducer: every order of T blanks and U labels that ends in a blank."""
    frames, count, chances = len(blanks), len(blanks[0]) - 1, []
    for places in combinations(range(frames + count - 1), count):
        t = u = 0
        chance = 1.0
        for step in range(frames + count):
            if step in places:
                chance, u = chance * labels[t][u], u + 1
            else:
                chance, t = chance * blanks[t][u], t + 1
        chances.append(chance)
    return -log(fsum(chances))


def emissions(logits, labels, blank=0):
    """Probabilities of the blank and of the next label in every cell."""
    cells = [[softmax(cell) for cell in frame] for frame in logits]
    return (
        [[p[blank] for p in frame] for frame in cells],
        [[frame[u][label] for u, label in enumerate(labels)] for frame in cells],
    )


_RNG = np.random.default_rng(0)
FRAMES = (2 * _RNG.standard_normal((5, 4))).round(2).tolist()
CELLS = (2 * _RNG.standard_normal((4, 3, 4))).round(2).tolist()
EVEN = [[0.0, 0.0]]
SEQUENCE = [
    pin(
        sequence.fits,
        [[1, 1], [1, 2], [1, 1], [1, 1]],
        [[True, True, False]] * 3 + [[True] * 3],
        label_where=[[True, True], [True, True], [True, False], [True, True]],
        expect=[0, 1, 1, 1],
        why="a blank between equal labels",
    ),
    pin(sequence.ctc, EVEN * 2, [1], expect=log(4 / 3), why="0 1, 1 0, 1 1"),
    pin(sequence.ctc, EVEN * 3, [1, 1], expect=log(8), why="1 0 1"),
    pin(sequence.ctc, EVEN * 3, [0], blank=1, expect=log(8 / 6), why="blank 1"),
    pin(sequence.ctc, [[0, LOG3]] * 2, [], expect=2 * log(4), why="blanks alone"),
    pin(
        sequence.ctc,
        [EVEN * 2] * 6,
        [[1, 1], [1, 0], [2, 1], [-1, 1], [0, 0], [1, 7]],
        label_where=[[True, True]] * 5 + [[True, False]],
        expect=[inf, nan, nan, nan, nan, log(4 / 3)],
        why="too few frames, a blank for a label, unknown labels, one of them masked",
    ),
    pin(
        sequence.ctc,
        [[[0, 0], [0, LOG3], [nan, nan]]] * 3,
        [[1], [1], [1]],
        where=[[True, True, False], [False, False, False], [False, False, False]],
        label_where=[[True], [True], [False]],
        expect=[-log(1 / 2 * 1 / 4 + 1 / 2 * 3 / 4 + 1 / 2 * 3 / 4), inf, 0],
        why="masked frames, no frame, neither frame nor label",
    ),
    pin(sequence.ctc, [[1e4, -1e4], [1e4, 0]], [1], expect=1e4, why="huge"),
    pin(sequence.ctc, [[0.0, 0.0, -inf]], [1], expect=LOG2, why="an impossible class"),
    pin(sequence.ctc, [[0.0, 0.0, -inf]], [2], expect=inf, why="an impossible label"),
    *(
        pin(
            sequence.ctc,
            FRAMES,
            labels,
            blank=blank,
            expect=by_paths(FRAMES, labels, blank),
            why=f"all paths to {labels}, blank {blank}",
        )
        for labels, blank in (
            ([1], 0),
            ([1, 2], 0),
            ([2, 2], 0),
            ([3, 1, 3], 0),
            ([1, 1, 2], 0),
            ([1, 1, 1], 0),
            ([3, 2, 1, 2, 3], 0),
            ([0, 3, 3], 1),
            ([], 3),
        )
    ),
    pin(sequence.transducer, [[[0, 0]] * 2], [1], expect=log(4), why="label, blank"),
    pin(sequence.transducer, [[[0, 0]] * 2] * 2, [1], expect=log(8 / 2), why="two walks"),
    pin(sequence.transducer, [[[0, 0]] * 3] * 3, [1, 1], expect=log(32 / 6), why="six walks"),
    pin(sequence.transducer, [[[0, LOG3]]] * 2, [], expect=2 * log(4), why="blanks alone"),
    pin(
        sequence.transducer,
        [[[[0, 0]] * 3] * 2] * 5,
        [[1, 1], [1, 0], [1, 2], [1, 9], [1, 1]],
        where=[[True, False]] * 4 + [[False, False]],
        label_where=[[True, True]] * 3 + [[True, False]] * 2,
        expect=[log(8), nan, nan, log(4), inf],
        why="masked, a blank for a label, unknown labels, no frame",
    ),
    pin(sequence.transducer, [[[0, 1e4], [0, 1e4]]], [1], expect=1e4, why="huge"),
    pin(
        sequence.transducer,
        CELLS,
        [3, 3],
        expect=by_walks(*emissions(CELLS, [3, 3])),
        why="all walks",
    ),
    pin(
        sequence.transducer,
        CELLS,
        [0, 1],
        blank=2,
        expect=by_walks(*emissions(CELLS, [0, 1], 2)),
        why="all walks, blank 2",
    ),
    pin(
        sequence.transducer_lattice,
        [[-LOG2, -2 * LOG2]],
        [[-LOG3]],
        expect=LOG3 + 2 * LOG2,
        why="label, blank",
    ),
    # blank, label, blank: 1/2 * 1/4 * 1/2; label, blank, blank: 1/3 * 1/2 * 1/2
    pin(
        sequence.transducer_lattice,
        [[-LOG2, -LOG2], [-LOG3, -LOG2]],
        [[-LOG3], [-2 * LOG2]],
        expect=-log(1 / 16 + 1 / 12),
        why="two walks",
    ),
    pin(
        sequence.transducer_lattice,
        [[[-LOG2, -LOG3], [-LOG3, nan]]] * 3,
        [[[-LOG2], [nan]]] * 3,
        where=[[True, False], [True, False], [False, False]],
        label_where=[[True], [False], [True]],
        expect=[LOG2 + LOG3, LOG2, inf],
        why="masked frame, masked label, no frame",
    ),
    pin(sequence.transducer_lattice, [[-inf, 0]], [[0]], expect=0, why="certain"),
    pin(sequence.transducer_lattice, [[0, -inf]], [[0]], expect=inf, why="impossible"),
    pin(sequence.transducer_lattice, [[-1e4, -1e4]], [[-1e4]], expect=2e4, why="huge"),
    pin(
        sequence.transducer_lattice,
        *(np.log(p) for p in emissions(CELLS, [1, 2])),
        expect=by_walks(*emissions(CELLS, [1, 2])),
        why="all walks",
    ),
]

# features of 1, so that the logits are 0 and log 3, with probabilities 1/4 and 3/4
KERNEL = [[0.0, LOG3]]
ONES = [[1.0], [1.0], [1.0]]
FUSED = [
    pin(
        fused.linear_softmax_cross_entropy,
        ONES,
        KERNEL,
        [0, 1, 2],
        expect=[log(4), log(4 / 3), nan],
        why="labels",
    ),
    pin(
        fused.linear_softmax_cross_entropy,
        ONES,
        KERNEL,
        [0, 2, -1],
        weights=[3.0, 2.0, 0.0],
        where=[True, False, True],
        expect=[3 * log(4), 0, 0],
        why="masked, no weight",
    ),
    pin(
        fused.linear_softmax_cross_entropy,
        [[1.0]],
        [[0.0, 0.0]],
        [0],
        bias=[0.0, LOG3],
        smoothing=0.5,
        class_weights=[2.0, 3.0],
        z_loss=0.1,
        expect=[2 * 0.75 * log(4) + 3 * 0.25 * log(4 / 3) + 0.1 * log(4) ** 2],
        why="bias, smoothing, class weights, z loss",
    ),
    pin(
        fused.linear_softmax_cross_entropy,
        [[LOG3], [LOG3]],
        [[0.0, 1.0]],
        [1, 1],
        temperature=[1.0, 0.5],
        expect=[log(4 / 3), log(10 / 9)],
        why="a temperature for each token",
    ),
    # tanh(log 3) = (9 - 1) / (9 + 1)
    pin(
        fused.linear_softmax_cross_entropy,
        [[2 * LOG3]],
        [[0.0, 1.0]],
        [0],
        softcap=2,
        temperature=1.6,
        expect=[log(1 + exp(1))],
        why="softcap",
    ),
    pin(
        fused.linear_softmax_cross_entropy,
        [[1e4], [1e4]],
        [[1.0, -1.0]],
        [0, 1],
        expect=[0, 2e4],
        why="huge",
    ),
    pin(
        fused.linear_softmax_cross_entropy,
        [[1.0]],
        [[0.0, 0.0, 0.0]],
        [0],
        bias=[0, LOG3, -inf],
        smoothing=0.5,
        expect=[0.75 * log(4) + 0.25 * log(4 / 3)],
        why="masked by -inf",
    ),
    pin(
        fused.linear_softmax_cross_entropy_gradients,
        ONES,
        KERNEL,
        [0, 1, 7],
        weights=[2.0, 1.0, 1.0],
        expect=(
            [[2 * 3 / 4 * LOG3], [-1 / 4 * LOG3], [0]],
            [[-2 * 3 / 4 + 1 / 4, 2 * 3 / 4 - 1 / 4]],
            [-2 * 3 / 4 + 1 / 4, 2 * 3 / 4 - 1 / 4],
        ),
        why="p - q",
    ),
    pin(
        fused.linear_log_probs,
        [[1.0], [1.0]],
        KERNEL,
        [[0, 1], [1, 2]],
        expect=(
            [[-log(4), -log(4 / 3)], [-log(4 / 3), nan]],
            [log(4)] * 2,
            [log(4) / 4 + 3 / 4 * log(4 / 3)] * 2,
        ),
        why="quarters",
    ),
    pin(
        fused.linear_log_probs,
        [[2 * LOG3]],
        [[0.0, 1.0, 0.0]],
        [[1, 2]],
        bias=[0, 0, -1e4],
        softcap=2,
        temperature=0.8,
        expect=(
            [[-log(1 + exp(-2) + exp(-4.5)), -4.5 - log(1 + exp(-2) + exp(-4.5))]],
            [2 + log(1 + exp(-2) + exp(-4.5))],
            [
                log(1 + exp(-2) + exp(-4.5))
                + (2 * exp(-2) + 4.5 * exp(-4.5)) / (1 + exp(-2) + exp(-4.5))
            ],
        ),
        why="bias, softcap, temperature",
    ),
    pin(
        fused.linear_log_probs,
        [[1.0]],
        [[1e4, -1e4, 0.0]],
        [[0, 1]],
        bias=[0, 0, -inf],
        expect=([[0, -2e4]], [1e4], [0]),
        why="huge, masked by -inf",
    ),
]
