"""The folder of a search: its state after each generation, and its results at the end."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

import jaxloss
from jaxloss.lab import output
from jaxloss.lab.data import Data
from jaxloss.lab.errors import LabError
from jaxloss.search import state

STATE = "state.npz"
# The results come last: until they are there, the search is not finished.
FILES = (STATE, "found_loss.py", "search.png", "report.html", "results.json")
MADE_BY = "jaxloss search"
FORMAT = 1


class Memory:
    """What a search needs to go on after it was killed."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], data: Data) -> None:
        """Nothing is read or written yet.

        Args:
            folder: of the results.
            settings: all that the course of the search depends on, as plain data.
            data: that are learned from.
        """
        self._path = folder / STATE
        self._generations = 0
        device = jax.devices()[0]
        digest = hashlib.sha256(np.ascontiguousarray(data.features).tobytes())
        digest.update("\n".join(str(value) for value in data.target).encode())
        # Another version or device may round otherwise, and the result would be neither's.
        self._header = {
            "format": FORMAT,
            "made_by": MADE_BY,
            "jaxloss": jaxloss.__version__,
            "jax": jax.__version__,
            "device": f"{len(jax.devices())} x {device.device_kind}",
            **settings,
            "content of the data": digest.hexdigest()[:16],
        }

    def recall(self, *, resume: bool) -> dict[str, NDArray[Any]]:
        """What was remembered, if it is to be gone on with.

        Args:
            resume: whether it is.

        Raises:
            LabError: if an unfinished search would be lost, or the state is another's.
        """
        if not self._path.exists():
            return {}
        if not resume:
            if not self._path.with_name(FILES[-1]).exists():
                raise LabError(
                    f"{self._path.parent} holds an unfinished search: go on with --resume, or "
                    "choose another folder with --output"
                )
            return {}
        try:
            return state.load(self._path, self._header)
        except state.StateError as error:
            raise LabError(f"{error}: choose another folder with --output") from None

    def remember(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Replace what is remembered.

        Args:
            arrays: by name.
        """
        folder = self._path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._generations:
                for left in folder.glob(f"{output.UNFINISHED}*"):
                    left.unlink()
                self._path.with_name(FILES[-1]).unlink(missing_ok=True)
            state.save(self._path, self._header, arrays)
        except OSError as error:
            raise LabError(f"cannot write to {folder}: {error.strerror}") from None
        self._generations += 1

    @property
    def farewell(self) -> str:
        """What to say when the search is interrupted."""
        if self._path.exists():
            return f"interrupted: the same command with --resume goes on from {self._path}"
        return "interrupted, nothing was written"
