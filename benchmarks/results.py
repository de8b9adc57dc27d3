"""Result files: what was measured, where and with what, as JSON that is checked when it is read."""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jaxloss.lab.errors import LabError

SCHEMA = 1
FLOOR = "floor"
"""System of every row: `x + y` on arrays that move the bytes of the row."""
VMAPPED, ONE_BY_ONE = "vmapped", "one by one"
"""Systems of the catalogue: one program for several hyperparameters, and a call for each."""


@dataclass(frozen=True)
class Measured:
    """One system in one row.

    Attributes:
        seconds: median over the rounds.
        quartiles: lower and upper.
        rounds: turns that were timed.
        value: of the loss, which all systems of a row should agree on.
        temp_bytes: memory beyond arguments and results: of the compiled program on JAX, as seen by
            the allocator on torch with CUDA.
        peak_bytes: rise of the allocator's peak in the first turn, where it tells and rose.
        flops: as XLA counts them, which takes the body of a loop once.
        matmul_flops: of matrix products alone, loops taken as often as they run.
    """

    seconds: float
    quartiles: tuple[float, float]
    rounds: int
    value: float | None = None
    temp_bytes: int | None = None
    peak_bytes: int | None = None
    flops: float | None = None
    matmul_flops: float | None = None

    @property
    def spread(self) -> float:
        """Distance of the quartiles as a share of the median."""
        return (self.quartiles[1] - self.quartiles[0]) / self.seconds


@dataclass(frozen=True)
class Row:
    """All systems of one case.

    Attributes:
        name: of the loss, as it is called.
        sizes: what the arrays measure.
        labels: what else tells rows of one name and size apart.
        bytes: of the arguments and of the gradients, each once.
        argument_bytes: of the first argument.
        systems: by name, the floor among them.
        failed: systems that could not do it, and why.
    """

    name: str
    sizes: Mapping[str, int]
    labels: Mapping[str, str]
    bytes: int
    argument_bytes: int
    systems: Mapping[str, Measured]
    failed: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> tuple[object, ...]:
        """What makes rows of two runs the same case."""
        return (self.name, *sorted(self.sizes.items()), *sorted(self.labels.items()))

    @property
    def size(self) -> str:
        """Sizes in words: `8192 x 1000`."""
        return " x ".join(str(size) for size in self.sizes.values())

    def ratio(self, system: str, to: str = FLOOR) -> float:
        """Time of a system as a multiple of another's."""
        return self.systems[system].seconds / self.systems[to].seconds


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        benchmark: verb of the command line.
        command: as it was typed.
        environment: device, processor and versions.
        machine: what the machine reached in this run: bytes/s of `x + y`, FLOP/s of a product.
        absent: systems that could not take part, and why.
        notes: what systems are, where the name does not say it.
        complete: whether the run came to its end.
        rows: in the order in which they were measured.
    """

    benchmark: str
    command: str
    environment: Mapping[str, Any]
    machine: Mapping[str, float]
    absent: Mapping[str, str]
    notes: Mapping[str, str]
    complete: bool
    rows: tuple[Row, ...]


def write(result: Result, path: Path) -> None:
    """Write a result in one step, so that an interruption leaves the rows before it.

    Args:
        result: finished or not.
        path: of the file.
    """
    text = json.dumps({"schema": SCHEMA, **_lean(asdict(result))}, indent=1) + "\n"
    try:
        handle, temporary = tempfile.mkstemp(prefix=".benchmarks-", dir=path.parent)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise LabError(f"cannot write {path}: {error.strerror}") from None


def check_output(path: Path) -> None:
    """Raise unless a result may be written to a path.

    Args:
        path: must not hold anything but a result.
    """
    if path.is_dir() or not path.parent.is_dir():
        what = f"{path} is a folder" if path.is_dir() else f"{path.parent} is no folder"
        raise LabError(f"cannot write {path}: {what}")
    if not os.access(path.parent, os.W_OK):
        raise LabError(f"cannot write {path}: {path.parent} is read-only")
    if path.exists():
        try:
            read(path)
        except LabError:
            raise LabError(f"{path} is there and no result: choose another --output") from None


def read(path: Path) -> Result:
    """Read a result and check that all is there.

    Args:
        path: of the file.

    Raises:
        LabError: if it is not a result.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise LabError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise LabError(f"{path} is not a result: it is no JSON") from None
    try:
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema {data['schema']}, expected {SCHEMA}")
        return _result(data)
    except KeyError as error:
        raise LabError(f"{path} is not a result: {error} is missing") from None
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise LabError(f"{path} is not a result: {error}") from None


def _result(data: Mapping[str, Any]) -> Result:
    where = data["environment"]
    for name in ("device", "platform", "cores", "packages"):
        if name not in where:
            raise KeyError(f"environment.{name}")
    return Result(
        benchmark=str(data["benchmark"]),
        command=str(data["command"]),
        environment=dict(where),
        machine={name: float(value) for name, value in data["machine"].items()},
        absent=_words(data["absent"]),
        notes=_words(data["notes"]),
        complete=bool(data["complete"]),
        rows=tuple(_row(row) for row in data["rows"]),
    )


def _row(data: Mapping[str, Any]) -> Row:
    return Row(
        name=str(data["name"]),
        sizes={name: int(size) for name, size in data["sizes"].items()},
        labels=_words(data["labels"]),
        bytes=int(data["bytes"]),
        argument_bytes=int(data["argument_bytes"]),
        systems={name: _measured(system) for name, system in data["systems"].items()},
        failed=_words(data["failed"]),
    )


def _measured(data: Mapping[str, Any]) -> Measured:
    lower, upper = data["quartiles"]
    seconds = float(data["seconds"])
    if not 0 < seconds < float("inf"):
        raise ValueError(f"a time of {seconds} seconds")
    optional: dict[str, Any] = {
        name: kind(data[name])
        for name, kind in (
            ("value", float),
            ("temp_bytes", int),
            ("peak_bytes", int),
            ("flops", float),
            ("matmul_flops", float),
        )
        if data.get(name) is not None
    }
    return Measured(seconds, (float(lower), float(upper)), int(data["rounds"]), **optional)


def _words(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(text) for name, text in data.items()}


def _lean(tree: Any) -> Any:
    """Without entries that are None."""
    if isinstance(tree, Mapping):
        return {name: _lean(entry) for name, entry in tree.items() if entry is not None}
    if isinstance(tree, list | tuple):
        return [_lean(entry) for entry in tree]
    return tree
