"""Anyone's training log: which columns are the losses, and how both come to lie side by side."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from jaxloss.lab.errors import DataError, no_file, suggest

Floats = NDArray[np.float64]
Table = Mapping[str, Sequence[str]]
Points = tuple[Floats, Floats]  # steps and values

FEWEST = 5  # points of both losses, as a verdict needs them
SEPARATORS = ",;\t|"
GAPS = ("", "na", "n/a", "none", "null", "-")
STEPS = ("step", "iteration", "iter", "update", "batch", "epoch")  # most wanted first
BESIDE_STEPS = {"global", "trainer", "train", "total", "num", "number", "index"}
LOSSES = {"loss", "nll", "cost", "objective"}
TRAINING = {"train", "training", "tr"}
VALIDATION = {"val", "valid", "validation", "dev", "eval", "evaluation", "held", "heldout", "test"}
PLAIN = LOSSES | TRAINING | VALIDATION | {"epoch", "total", "mean", "avg", "average"}
EXTREMES = {"min", "max", "std", "var"}  # of a loss, beside its mean


@dataclass(frozen=True)
class Log:
    """Both losses of a run at the same steps.

    Attributes:
        name: of the file.
        steps: where both are known.
        train: training loss there.
        validation: validation loss there.
        columns: where they were found: steps (None if rows were counted), training, validation.
        notes: what was done to the rows, in sentences.
    """

    name: str
    steps: Floats
    train: Floats
    validation: Floats
    columns: tuple[str | None, str, str]
    notes: tuple[str, ...]


def read_log(
    path: Path,
    *,
    step: str | None = None,
    train: str | None = None,
    validation: str | None = None,
) -> Log:
    """Read the losses of a run from a table, or from lines of JSON.

    Columns that are not named are guessed. Rows of one step are one point. The loss that was
    logged more often is averaged over the stretch before each point of the other.

    Args:
        path: of the log.
        step: column of the steps.
        train: column of the training loss.
        validation: column of the validation loss.

    Raises:
        DataError: with one line that says what is wrong and what to do.
    """
    table = _read(path)
    validation = _loss_column(path.name, table, validation, "validation")
    train = _loss_column(path.name, table, train, "train")
    if train == validation:
        raise DataError(f"column {train!r} cannot be training and validation loss at once")
    step = _step_column(path.name, table, step)
    notes: list[str] = []
    if step is None:
        steps = np.arange(1.0, len(table[train]) + 1)
        notes.append("no column of steps: rows are counted")
    else:
        steps = _steps(path.name, step, table[step], notes)
    learned, held_out = (
        _points(path.name, name, table[name], steps, notes) for name in (train, validation)
    )
    at, learned_there, held_out_there = _align(learned, held_out, notes)
    if len(at) < FEWEST:
        raise DataError(
            f"{path.name} has {len(learned[0])} values of {train!r} and {len(held_out[0])} of "
            f"{validation!r}: a verdict needs at least {FEWEST} of both at common steps"
        )
    apart = np.diff(at)
    if apart.max() > 2 * np.median(apart):
        notes.append("steps are unevenly spaced: slopes are by point, not by step")
    columns = (step, train, validation)
    return Log(path.name, at, learned_there, held_out_there, columns, tuple(notes))


def _read(path: Path) -> Table:
    """The cells of each column, as text."""
    if not path.is_file():
        raise DataError(no_file(str(path)))
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not text in UTF-8: give CSV, TSV or JSON lines") from None
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{path.name} is empty")
    read = _from_json if lines[0].lstrip().startswith("{") else _from_csv
    table = read(path.name, lines)
    if not any(len(cells) for cells in table.values()):
        raise DataError(f"{path.name} has column names but no rows")
    return table


def _from_csv(name: str, lines: Sequence[str]) -> Table:
    separator = max(SEPARATORS, key=lines[0].count)
    try:
        head, *rows = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    except csv.Error as error:
        raise DataError(f"{name} is not a well-formed CSV file: {error}") from None
    head = [cell.strip() for cell in head]
    if 2 * sum(_is_number(cell) for cell in head) > len(head):
        raise DataError(
            f"the first line of {name} holds numbers: put a line with column names above it"
        )
    twice = [cell for cell in head if cell and head.count(cell) > 1]
    if twice:
        raise DataError(f"{name} has two columns called {twice[0]!r}: rename one")
    longest = max((len(row) for row in rows), default=0)
    if longest > len(head):
        raise DataError(
            f"{name} is not a well-formed CSV file: rows have more cells ({longest}) than the "
            f"first line ({len(head)})"
        )
    # A row that is short is one that a run was writing when it ended.
    rows = [row + [""] * (len(head) - len(row)) for row in rows]
    return {cell: [row[place] for row in rows] for place, cell in enumerate(head) if cell}


def _from_json(name: str, lines: Sequence[str]) -> Table:
    rows: list[Mapping[str, object]] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            rows.append(row)
        elif number == 1 or number < len(lines):  # else a run was writing it when it ended
            raise DataError(f"line {number} of {name} is no JSON object")
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: [str(row.get(key, "")) for row in rows] for key in keys}


def _loss_column(name: str, table: Table, given: str | None, role: str) -> str:
    """The column that was asked for, or the only one that looks most like it."""
    if given is not None:
        return _known(name, table, given)
    # A summary at the end of a run is no curve.
    curves = [c for c in table if sum(not _is_gap(cell) for cell in table[c]) >= FEWEST]
    ranks = {c: rank for c in curves or table if (rank := _rank(c, role == "validation"))}
    best = [c for c in ranks if ranks[c] == min(ranks.values())]
    if len(best) == 1:
        return best[0]
    shown = ", ".join(best or list(table)[:12]) + (", ..." if not best and len(table) > 12 else "")
    problem = "several columns" if best else "no column"
    verb = "look" if best else "looks"
    have = "" if best else "it has: "
    raise DataError(
        f"{problem} of {name} {verb} like the {role} loss: say which with --{role} ({have}{shown})"
    )


def _rank(column: str, validation: bool) -> tuple[int, ...] | None:
    """How little a name looks like that of a loss; None if it does not at all."""
    words = _words(column.rpartition(" - ")[2])  # W&B puts the name of the run before it
    own = VALIDATION if validation else TRAINING
    losses = words & LOSSES
    if (
        not words
        or words & EXTREMES
        or bool(words & VALIDATION) != validation
        or not (losses or words <= own)
    ):
        return None
    return (not losses, "test" in words, len(words - PLAIN), not words & own, len(words))


def _step_column(name: str, table: Table, given: str | None) -> str | None:
    if given is not None:
        return _known(name, table, given)
    usual: list[str] = []
    for wanted in STEPS:
        for column, cells in table.items():
            words = {word.removesuffix("s") for word in _words(column)}
            if wanted in words and words <= {wanted} | BESIDE_STEPS:
                if _counts_up(cells):
                    return column
                usual.append(column)
    return usual[0] if usual else None


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether cells are numbers that never fall, as those of a step within an epoch do."""
    texts = [cell for cell in cells if not _is_gap(cell)]
    if not texts or not all(_is_number(text) for text in texts):
        return False
    return bool((np.diff([float(text) for text in texts]) >= 0).all())


def _known(name: str, table: Table, column: str) -> str:
    if column not in table:
        raise DataError(f"{name} has no column {column!r}; {suggest(column, table)}")
    return column


def _words(column: str) -> set[str]:
    """Words of a name in small letters, whether it is in snake, kebab or camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", column)}


def _numbers(name: str, column: str, cells: Sequence[str]) -> Floats:
    """The cells as numbers; gaps are NaN."""
    values = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        if not _is_gap(cell):
            try:
                values[place] = float(cell)
            except ValueError:
                raise DataError(
                    f"column {column!r} of {name} holds {cell.strip()[:20]!r} in row {place + 1}, "
                    "which is no number"
                ) from None
    if not np.isfinite(values).any():
        raise DataError(f"column {column!r} of {name} holds no numbers")
    return values


def _steps(name: str, column: str, cells: Sequence[str], notes: list[str]) -> Floats:
    """The steps, those of rows without one taken from the row before."""
    steps = _numbers(name, column, cells)
    known = np.isfinite(steps)
    last = np.maximum.accumulate(np.where(known, np.arange(len(steps)), 0))
    steps = np.where(known[last], steps[last], steps[known][0])
    if (np.diff(steps) < 0).any():
        notes.append(f"{column!r} goes back in places: rows are sorted by it")
    return steps


def _points(
    name: str, column: str, cells: Sequence[str], steps: Floats, notes: list[str]
) -> Points:
    """Steps and values of one loss, the mean of several values at one step."""
    values = _numbers(name, column, cells)
    there = np.array([not _is_gap(cell) for cell in cells])
    written = np.isnan(values) & there
    # Some write NaN where nothing was measured. A loss that broke never comes back; where it ends
    # in NaN for longer than any gap before, it broke.
    finite = np.flatnonzero(~np.isnan(values))
    stretches = np.diff(np.concatenate([[-1], finite])) - 1
    broke = len(values) - 1 - finite[-1] > stretches.max()
    inner = written & ~((np.arange(len(values)) > finite[-1]) & broke)
    if inner.any():
        notes.append(f"NaN in {inner.sum()} rows of {column!r} is taken as not measured")
    there &= ~inner
    lost = there & ~np.isfinite(values)
    if lost.any():
        notes.append(f"{column!r} is no longer finite from step {steps[lost].min():g} on")
    at, group, counts = np.unique(steps[there], return_inverse=True, return_counts=True)
    if (counts > 1).any():
        notes.append(f"{column!r} has several values at {(counts > 1).sum()} steps: averaged")
    return at, np.bincount(group, values[there]) / counts


def _align(train: Points, validation: Points, notes: list[str]) -> tuple[Floats, Floats, Floats]:
    """Steps, training and validation loss, where the one that was logged more seldom is known."""
    if np.array_equal(train[0], validation[0]):
        return train[0], train[1], validation[1]
    rare, often = (train, validation) if len(train[0]) < len(validation[0]) else (validation, train)
    words = ("validation", "training") if rare is train else ("training", "validation")
    notes.append(
        f"training loss at {len(train[0])} steps, validation loss at {len(validation[0])}: each "
        f"{words[0]} loss is the mean over the stretch up to its {words[1]} loss"
    )
    at, values = rare
    stretch = np.searchsorted(at, often[0])  # the first rare step that is not before it
    counts = np.bincount(stretch, minlength=len(at) + 1)
    means = np.bincount(stretch, often[1], len(at) + 1) / np.maximum(counts, 1)
    both = counts[:-1] > 0
    steps, rarely, mean = at[both], values[both], means[:-1][both]
    after = stretch == len(at)
    if not np.isfinite(often[1][after]).all():  # it broke after the last of the other
        first = often[0][after & ~np.isfinite(often[1])][0]
        steps, rarely, mean = (
            np.append(steps, first),
            np.append(rarely, values[-1]),
            np.append(mean, np.nan),
        )
    return (steps, rarely, mean) if rare is train else (steps, mean, rarely)


def _is_gap(cell: str) -> bool:
    return cell.strip().lower() in GAPS


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
