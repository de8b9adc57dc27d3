"""Data for a comparison: bundled sets, or a person's own table, with the task found out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from jaxloss.lab.errors import DataError, no_file, suggest

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = get_args(Task)
BUNDLED = ("digits", "wine", "breast_cancer", "diabetes")
FEWEST_ROWS = 40
FEWEST_OF_A_CLASS = 5  # so that each class is in the training, validation and test part
MOST_CLASSES = 20


@dataclass(frozen=True)
class Data:
    """Features, target and what is known of them.

    Attributes:
        name: what the data are called in reports.
        features: one row per example, float64.
        target: class numbers (int32), or float64 for a regression.
        task: binary, multiclass or regression.
        target_name: name of the target.
        feature_names: one per column of `features`.
        classes: names of the classes; empty for a regression.
        notes: what was decided about the data, in sentences.
    """

    name: str
    features: NDArray[np.float64]
    target: NDArray[Any]
    task: Task
    target_name: str
    feature_names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def load(source: str, target: str | None = None, task: Task | None = None) -> Data:
    """Read a bundled set by its name, or a CSV, Parquet or NPZ file by its path.

    Args:
        source: `digits`, `wine`, `breast_cancer`, `diabetes`, or a path.
        target: name of the target column (or array in an NPZ file).
        task: what the target is for; found out from its values if None.

    Raises:
        DataError: with one line that says what is wrong and what to do.
    """
    if source in BUNDLED:
        if target is not None:
            raise DataError(
                f"{source} is a bundled set with a target of its own: leave out the "
                "target, or give a file"
            )
        return _bundled(source, task)
    path = Path(source)
    readers: dict[str, Callable[[Path, str | None, Task | None], Data]] = {".npz": _npz}
    for suffix in (".csv", ".tsv", ".parquet", ".pq"):
        readers[suffix] = _table
    if path.suffix.lower() not in readers:
        if path.suffix or path.exists():
            raise DataError(
                f"cannot tell what {source} is: files are read by suffix "
                f"({', '.join(readers)}), bundled sets are {', '.join(BUNDLED)}"
            )
        raise DataError(f"no file and no bundled set called {source!r}; {suggest(source, BUNDLED)}")
    if not path.is_file():
        raise DataError(no_file(source))
    if path.stat().st_size == 0:
        raise DataError(f"{source} is empty")
    return readers[path.suffix.lower()](path, target, task)


def assemble(
    name: str,
    features: NDArray[Any],
    target: NDArray[Any],
    *,
    task: Task | None,
    target_name: str,
    feature_names: tuple[str, ...],
    notes: tuple[str, ...] = (),
) -> Data:
    """Check finished arrays, find the task and put the data together.

    Args:
        name: what the data are called.
        features: numbers, one row per example.
        target: numbers, truth values or texts, one per example.
        task: overrides the task found out.
        target_name: for messages and reports.
        feature_names: one per column.
        notes: earlier decisions, to be kept.
    """
    if len(target) < FEWEST_ROWS:
        raise DataError(f"{name} has {len(target)} rows; a comparison needs at least {FEWEST_ROWS}")
    if features.shape[1] == 0:
        raise DataError(f"{name} has no column but the target {target_name!r}")
    broken = ~np.isfinite(features)
    if broken.any():
        columns = [feature_names[i] for i in np.flatnonzero(broken.any(0))]
        raise DataError(missing_cells(name, int(broken.sum()), columns))
    numeric = target.dtype.kind in "iufb"
    if numeric and not np.isfinite(target.astype(np.float64)).all():
        count = int((~np.isfinite(target.astype(np.float64))).sum())
        raise DataError(missing_cells(name, count, [target_name]))
    found, why = find_task(target, target_name)
    task = task or found
    if task == "regression":
        values = _regression_target(name, target, target_name, numeric)
        classes: tuple[str, ...] = ()
    else:
        values, classes = _class_target(name, target, target_name, task)
    decided = f"{task}: {why}" if task == found else f"{task}: as asked (found: {found})"
    return Data(
        name, features, values, task, target_name, feature_names, classes, (decided, *notes)
    )


def find_task(target: NDArray[Any], target_name: str) -> tuple[Task, str]:
    """The task that a target stands for, and why.

    Text, truth values and whole numbers with at most 20 values of which each is there five times
    on average are classes; every other number is a regression.

    Args:
        target: one value per example.
        target_name: for the message about free text.
    """
    values = np.unique(target)
    count = len(values)
    if target.dtype.kind in "iufb":
        whole = bool((values == np.round(values.astype(np.float64))).all())
        if count > 2 and (not whole or count > MOST_CLASSES or len(target) < 5 * count):
            return "regression", f"{target_name!r} has {count} distinct numbers"
    elif count > MOST_CLASSES:
        raise DataError(
            f"target column {target_name!r} holds text with {count} distinct values: a target is "
            f"numbers, or text that names at most {MOST_CLASSES} classes"
        )
    kind: Task = "binary" if count == 2 else "multiclass"
    return kind, f"{target_name!r} has {count} distinct values"


def missing_cells(name: str, count: int, columns: list[str]) -> str:
    """The message about cells without a finite number.

    Args:
        name: of the data.
        count: how many cells.
        columns: which columns they are in.
    """
    shown = ", ".join(repr(c) for c in columns[:5]) + (", ..." if len(columns) > 5 else "")
    plural = "cells without a value (NaN, empty or infinite)"
    singular = "cell without a value (NaN, empty or infinite)"
    return (
        f"{name} has {count} {plural if count > 1 else singular} in column"
        f"{'s' if len(columns) > 1 else ''} {shown}: fill them in or drop the rows"
    )


def _regression_target(
    name: str, target: NDArray[Any], target_name: str, numeric: bool
) -> NDArray[np.float64]:
    if not numeric:
        raise DataError(
            f"target column {target_name!r} of {name} holds text: a regression needs numbers"
        )
    values = target.astype(np.float64)
    if np.ptp(values) == 0:
        raise DataError(
            f"target column {target_name!r} of {name} is {values[0]:g} in every row: "
            "there is nothing to predict"
        )
    return values


def _class_target(
    name: str, target: NDArray[Any], target_name: str, task: Task
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    values, numbers, counts = np.unique(target, return_inverse=True, return_counts=True)
    classes = tuple(_class_name(value) for value in values)
    if len(values) == 1:
        raise DataError(
            f"target column {target_name!r} of {name} has one class only ({classes[0]!r}): there "
            "is nothing to tell apart"
        )
    if task == "binary" and len(values) != 2:
        raise DataError(f"the task binary needs 2 classes, but {target_name!r} has {len(values)}")
    if len(values) * FEWEST_OF_A_CLASS > len(target):
        raise DataError(
            f"{target_name!r} has {len(values)} distinct values in {len(target)} rows: too many to "
            "be classes; leave out the task or use regression"
        )
    rare = int(counts.argmin())
    if counts[rare] < FEWEST_OF_A_CLASS:
        numeric = target.dtype.kind in "iuf" and len(values) > 2
        other = ", or ask for the task regression" if numeric else ""
        raise DataError(
            f"class {classes[rare]!r} of {target_name!r} has {counts[rare]} rows; each class needs "
            f"at least {FEWEST_OF_A_CLASS}: drop or merge it{other}"
        )
    return numbers.astype(np.int32), classes


def _class_name(value: Any) -> str:
    number = isinstance(value, int | float | np.number)
    return f"{value:g}" if number and float(value) == round(float(value)) else str(value)


def _bundled(name: str, task: Task | None) -> Data:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    features = np.asarray(bunch.data, np.float64)
    target = np.asarray(bunch.target)
    names = tuple(str(n) for n in bunch.feature_names)
    target_name = {"digits": "digit", "wine": "cultivar", "breast_cancer": "benign"}.get(
        name, "disease progression"
    )
    return assemble(name, features, target, task=task, target_name=target_name, feature_names=names)


def _npz(path: Path, target: str | None, task: Task | None) -> Data:
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except Exception as error:  # zip, header and pickle errors alike mean: not such a file
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise DataError(
            f"{path.name} cannot be read as an NPZ file of plain arrays: {reason}"
        ) from None
    have = f"it has {', '.join(arrays) or 'none'}"
    features_key = next((k for k in ("features", "X", "x", "data") if k in arrays), None)
    if features_key is None:
        raise DataError(f"{path.name} needs an array 'features' (or 'X'); {have}")
    if target is not None and target not in arrays:
        raise DataError(f"{path.name} has no array {target!r}; {have}")
    target_key = target or next((k for k in ("target", "y", "labels") if k in arrays), None)
    if target_key is None:
        raise DataError(
            f"{path.name} needs an array 'target' (or 'y'), or name it as target; {have}"
        )
    features, values = arrays[features_key], arrays[target_key]
    if features.ndim < 2 or features.dtype.kind not in "iufb":
        raise DataError(
            f"array {features_key!r} of {path.name} must hold numbers, one row per "
            f"example; it is {features.dtype} of shape {features.shape}"
        )
    if values.shape != features.shape[:1]:
        raise DataError(
            f"array {target_key!r} of {path.name} has shape {values.shape}; one value "
            f"for each of the {len(features)} rows of {features_key!r} is needed"
        )
    if values.dtype.kind not in "iufbUS":
        raise DataError(
            f"array {target_key!r} of {path.name} has the type {values.dtype}, which is no target"
        )
    features = features.reshape(len(features), -1).astype(np.float64)
    names = tuple(f"{features_key}[{i}]" for i in range(features.shape[1]))
    values = values.astype(str) if values.dtype.kind == "S" else values
    return assemble(
        path.name, features, values, task=task, target_name=target_key, feature_names=names
    )


def _table(path: Path, target: str | None, task: Task | None) -> Data:
    from jaxloss.lab.tables import read_table

    features, values, target_name, names, notes = read_table(path, target)
    return assemble(
        path.name,
        features,
        values,
        task=task,
        target_name=target_name,
        feature_names=names,
        notes=notes,
    )
