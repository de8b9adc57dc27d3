"""One row for each loss: what cannot be derived from the function itself.

Tests, benchmarks, the command line and plots run over this table, so a new loss is one function,
one row and one oracle. Names, summaries, formulas and references are read from the functions. The
rows stand in the modules of this package by what the losses read.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from jax import Array

from jaxloss.catalogue import (
    answers,
    classes,
    control,
    distillation,
    distributions,
    forecasts,
    generation,
    labels,
    language,
    likelihoods,
    motion,
    ranking,
    sequences,
    signals,
    steps,
    values,
    vectors,
)
from jaxloss.catalogue.row import CLAIMS as CLAIMS, Row as Row, row as row
from jaxloss.migration import NAMES

ROOMS: Mapping[str, tuple[ModuleType, ...]] = {
    "Numbers": (values,),
    "Classes": (classes, labels),
    "Forecasts and distributions": (likelihoods, forecasts, distributions),
    "Ranked lists": (ranking,),
    "Embeddings": (vectors,),
    "Images, boxes and sound": (signals,),
    "Generative models": (generation,),
    "Language": (sequences, language),
    "Preferences and policies": (answers, steps),
    "Reinforcement learning": (control,),
    "Distillation": (distillation,),
    "Motion, geometry and physics": (motion,),
}
"""Modules of rows by their subject."""
LOSSES: tuple[Row, ...] = tuple(
    row for rooms in ROOMS.values() for room in rooms for row in room.ROWS
)
"""Every row."""
FAMILIES: Mapping[str, tuple[Row, ...]] = {
    family: tuple(row for row in LOSSES if row.family == family)
    for family in dict.fromkeys(row.family for row in LOSSES)
}
"""Rows by the module that holds them."""
LIBRARIES: tuple[str, ...] = tuple(NAMES)
"""Other libraries that some loss has a name in."""

HELPERS: frozenset[Callable[..., Any]] = frozenset(
    helper for rooms in ROOMS.values() for room in rooms for helper in room.HELPERS
)
"""Public functions of the families that have no row: no losses, or losses of a function."""


def find(name: str) -> Row:
    """Row of a loss by its name, with or without the family.

    Args:
        name: `"regression.huber"` or `"huber"`.

    Raises:
        KeyError: for an unknown or ambiguous name; the message suggests others.

    Example:
        >>> find("huber").name
        'regression.huber'
    """
    found = [row for row in LOSSES if name in (row.name, row.loss.__name__)]
    if len(found) == 1:
        return found[0]
    if found:
        raise KeyError(f"{name!r} is ambiguous: {_listed(row.name for row in found)}")
    names = {row.name: row.name for row in LOSSES} | {row.loss.__name__: row.name for row in LOSSES}
    close = dict.fromkeys(names[match] for match in difflib.get_close_matches(name, names, n=3))
    hint = f"; did you mean {_listed(close)}?" if close else ""
    raise KeyError(f"no loss is called {name!r}{hint}")


def public_functions(module: ModuleType) -> list[Callable[..., Array]]:
    """Functions that a module defines under a public name."""
    return [
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == module.__name__
    ]


def _listed(names: Iterable[str]) -> str:
    return " or ".join(names)
