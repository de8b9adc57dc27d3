"""Studies: what parts of the library do to whole training runs, as tables, text and pictures."""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

STUDIES: Mapping[str, str] = {
    "toy": "two tasks between steep walls: which balancers get through",
    "multitask": "three tasks on digits: does balancing pay",
    "robust": "adversarial training on digits, attacked harder than it was trained",
    "retrieval": "embeddings of digits: which loss finds classes never seen",
    "segmentation": "vessels of the retina by a small U-Net: which loss of masks",
    "noisy": "digits under wrong labels: which losses learn the right ones",
    "uncertainty": "bands that should hold nine of ten: which losses know how little they know",
    "ranking": "losses of ranked lists: whose order is best, where the optimum is known too",
    "cost": "balancers and attacks: how many backward passes they take",
    "diagnosis": "verdicts on runs whose fate is known: how many are right",
    "figures": "figures of a training step: are they right, and what do they cost",
    "generation": "flows and denoisers on digits: samples, and a distance that falls",
    "language": "a character model by two heads, then tuned by preferences and rewards",
    "search": "loss search on digits and diabetes: does it beat the usual losses",
    "search_speed": "trainings per second, as one program and as loops in Python",
    "search_kills": "a search that is killed again and again: the same result to the bit",
}
"""Modules of this package, and what each looks at."""


class Estimate(NamedTuple):
    """A mean over seeds, and its standard error (NaN for a single one)."""

    mean: float
    error: float

    def __str__(self) -> str:
        """Both, to a tenth."""
        # Adding 0 takes the sign from a negative 0.
        return f"{round(self.mean, 1) + 0.0:.1f}" + (
            f" ± {self.error:.1f}" if np.isfinite(self.error) else ""
        )


def estimate(values: ArrayLike) -> Estimate:
    """Mean of the values of several seeds.

    Args:
        values: one for each seed.
    """
    array = np.asarray(values, np.float64)
    error = array.std(ddof=1) / np.sqrt(array.size) if array.size > 1 else np.nan
    return Estimate(float(array.mean()), float(error))


@dataclass(frozen=True)
class Study:
    """What a study found.

    Attributes:
        title: headline.
        rows: of a table; the keys are its columns.
        text: what to learn from it, as Markdown.
        pictures: PNG by name.
        settings: what it was run with.
    """

    title: str
    rows: Sequence[Mapping[str, Any]]
    text: str
    pictures: Mapping[str, bytes]
    settings: Mapping[str, Any]


def load(name: str) -> Any:
    """The module of a study, whose `run` gives a `Study`.

    Args:
        name: key of `STUDIES`.
    """
    return importlib.import_module(f"benchmarks.studies.{name}")


def as_markdown(study: Study, command: str, environment: Mapping[str, Any]) -> str:
    """A page on a study: how it was made, what was seen, the table and the pictures.

    Args:
        study: what was found.
        command: that found it.
        environment: device and versions, of `benchmarks.machine.environment`.
    """
    columns = list(dict.fromkeys(name for row in study.rows for name in row))
    lines = [columns, ["---"] * len(columns)]
    lines += [[str(row.get(name, "")) for name in columns] for row in study.rows]
    versions = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    settings = ", ".join(f"{name} {value}" for name, value in study.settings.items())
    parts = [
        f"# {study.title}",
        f"`{command}`, on {environment['device']}, {versions}. Settings: {settings}.",
        study.text,
        "\n".join(f"| {' | '.join(cells)} |" for cells in lines),
        *(f"![{name}]({name}.png)" for name in study.pictures),
    ]
    return "\n\n".join(parts) + "\n"
