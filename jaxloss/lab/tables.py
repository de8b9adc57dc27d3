"""Tables from CSV and Parquet files, turned into numbers."""

import warnings
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from jaxloss.lab.errors import DataError, suggest

MOST_CATEGORIES = 50
SEPARATORS = ",;\t|"
TARGET_NAMES = ("target", "label", "labels", "class", "y")


def read_table(
    path: Path, target: str | None
) -> tuple[NDArray[np.float64], NDArray[Any], str, tuple[str, ...], tuple[str, ...]]:
    """Features, target, its name, names of the features and what was decided, of one table.

    Args:
        path: a CSV, TSV or Parquet file.
        target: the target column; a column called target, label, class or y if None.

    Raises:
        DataError: if the file or the column cannot be used.
    """
    frame = _read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _read_csv(path)
    frame.columns = [str(column).strip() for column in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise DataError(f"{path.name} has two columns called {twice[0]!r}: rename one")
    if not len(frame):
        raise DataError(f"{path.name} has column names but no rows")
    column = _target_column(path.name, list(frame.columns), target)
    _refuse_gaps(path.name, frame)
    features, names, notes = _features(path.name, frame.drop(columns=column))
    return features, _target(cast(pd.Series, frame[column]), column), column, names, notes


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(SEPARATORS, key=header.count)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # pandas only warns when rows are longer than the header
            frame = pd.read_csv(
                path, sep=separator, index_col=False, encoding="utf-8-sig", low_memory=False
            )
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not text in UTF-8: save it as UTF-8 CSV") from None
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror}") from None
    except pd.errors.ParserWarning:
        raise DataError(
            f"{path.name} is not a well-formed CSV file: rows have more cells than the first line"
        ) from None
    except (ValueError, Warning) as error:  # parser errors of pandas are ValueErrors
        reason = str(error).splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise DataError(f"{path.name} is not a well-formed CSV file: {reason}") from None
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except Exception as error:  # pyarrow has a tree of its own
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise DataError(f"{path.name} cannot be read as Parquet: {reason}") from None


def _target_column(name: str, columns: list[str], target: str | None) -> str:
    if target is not None:
        if target not in columns:
            _refuse_headless(name, columns)
            raise DataError(f"{name} has no column {target!r}; {suggest(target, columns)}")
        return target
    _refuse_headless(name, columns)
    usual = [column for column in columns if column.lower() in TARGET_NAMES]
    if len(usual) != 1:
        shown = ", ".join(columns[:12]) + (", ..." if len(columns) > 12 else "")
        raise DataError(f"say which column of {name} is the target with --target; it has: {shown}")
    return usual[0]


def _refuse_headless(name: str, columns: list[str]) -> None:
    """Names that are numbers, yet no numbering of columns, are a first row taken for names."""
    numbers = [column for column in columns if _is_number(column)]
    if 2 * len(numbers) > len(columns) and not all(column.isdigit() for column in numbers):
        raise DataError(
            f"the first line of {name} holds numbers: put a line with column names above it"
        )


def _refuse_gaps(name: str, frame: pd.DataFrame) -> None:
    from jaxloss.lab.data import missing_cells

    gaps = frame.isna()
    if gaps.to_numpy().any():
        columns = [str(column) for column in frame.columns[gaps.any()]]
        raise DataError(missing_cells(name, int(gaps.to_numpy().sum()), columns))


def _features(
    name: str, frame: pd.DataFrame
) -> tuple[NDArray[np.float64], tuple[str, ...], tuple[str, ...]]:
    """Numbers as they are, truth values as 0 and 1, categories one-hot."""
    blocks: list[NDArray[np.float64]] = []
    names: list[str] = []
    encoded: list[str] = []
    for column in frame.columns:
        series = cast(pd.Series, frame[column])
        if types.is_numeric_dtype(series) and not types.is_complex_dtype(series):
            blocks.append(series.to_numpy(np.float64)[:, None])
            names.append(column)
        elif _is_text(series):
            texts = series.astype(str).to_numpy(str)
            values, numbers = np.unique(texts, return_inverse=True)
            if len(values) > min(MOST_CATEGORIES, len(texts) // 2):
                raise DataError(
                    f"column {column!r} of {name} holds free text ({len(values)} distinct values): "
                    "drop it or turn it into numbers"
                )
            blocks.append(np.eye(len(values))[numbers])
            names.extend(f"{column}={value}" for value in values)
            encoded.append(f"{column!r} ({len(values)})")
        else:
            raise DataError(
                f"column {column!r} of {name} has the type {series.dtype}: turn it into numbers"
            )
    if not blocks:
        return np.empty((len(frame), 0)), (), ()
    notes = (f"one-hot encoded: {', '.join(encoded)}",) if encoded else ()
    return np.concatenate(blocks, 1), tuple(names), notes


def _target(series: pd.Series, column: str) -> NDArray[Any]:
    if types.is_bool_dtype(series):
        return series.to_numpy(bool)
    if types.is_integer_dtype(series):
        return series.to_numpy(np.int64)
    if types.is_float_dtype(series):
        return series.to_numpy(np.float64)
    if _is_text(series):
        return series.astype(str).to_numpy(str)
    raise DataError(
        f"target column {column!r} has the type {series.dtype}: a target is numbers or class names"
    )


def _is_text(series: pd.Series) -> bool:
    if isinstance(series.dtype, pd.CategoricalDtype) or types.is_string_dtype(series.dtype):
        return True
    return types.is_object_dtype(series.dtype) and types.infer_dtype(series) in ("string", "mixed")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
