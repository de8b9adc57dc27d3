"""States on disk: whole or not there, whenever the process is killed."""

import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

HEADER = "header"


class StateError(ValueError):
    """A state that cannot be gone on from; the text is one line."""


def save(path: Path, header: Mapping[str, Any], arrays: Mapping[str, ArrayLike]) -> None:
    """Write a state so that a reader finds the old one or the new one, never a part.

    It is written under another name, brought to the disk, and renamed.

    Args:
        path: of the state.
        header: plain data that says what the state is of.
        arrays: by name.
    """
    handle, name = tempfile.mkstemp(prefix=".jaxloss-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            content: dict[str, Any] = {name: np.asarray(array) for name, array in arrays.items()}
            np.savez(file, **{HEADER: np.array(json.dumps(header))}, **content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def load(path: Path, header: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Read the arrays of a state, if it is one of the same search.

    Args:
        path: of the state.
        header: what it has to be of.

    Raises:
        StateError: if it cannot be read, or is of something else; the message says what differs.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            found = json.loads(str(content[HEADER]))
            arrays = {name: content[name] for name in content.files if name != HEADER}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise StateError(f"{path} is no state of a search, or a damaged one") from None
    wanted = json.loads(json.dumps(header))
    for name in dict.fromkeys((*wanted, *found)):
        if found.get(name) != wanted.get(name):
            raise StateError(
                f"{path} is the state of another search: its {name} is {found.get(name)!r}, "
                f"not {wanted.get(name)!r}"
            )
    return arrays


def _sync(folder: Path) -> None:
    """Bring the renaming to the disk too, where folders can be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
