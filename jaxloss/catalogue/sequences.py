"""Rows of the losses of sequences."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import sequence, transducers

ROWS: tuple[Row, ...] = (
    row(sequence.ctc, "frames_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer, "lattices_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer_lattice, "lattice_moves", "row", "nonnegative"),
    row(transducers.hybrid, "lattices_labels", "row", "nonnegative"),
    row(
        transducers.token_duration,
        "lattices_durations_labels",
        "row",
        "nonnegative shift_invariant",
    ),
    row(transducers.pruned, "cells_labels_starts", "row", "nonnegative shift_invariant"),
)

HELPERS: tuple[Callable[..., Any], ...] = (transducers.pruning_starts,)
