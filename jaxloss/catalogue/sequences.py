"""Rows of the losses of sequences."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import sequence

ROWS: tuple[Row, ...] = (
    row(sequence.ctc, "frames_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer, "lattices_labels", "row", "nonnegative shift_invariant"),
    row(sequence.transducer_lattice, "lattice_moves", "row", "nonnegative"),
)

HELPERS: tuple[Callable[..., Any], ...] = ()
