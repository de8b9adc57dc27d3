"""Which names are public, where each is defined, and on which page it stands."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import jaxloss
from jaxloss import catalogue, losses

TOOLS = {
    "Objectives": ("jaxloss", "jaxloss.balance", "jaxloss.tail", "jaxloss.attack"),
    "Scale": ("jaxloss.fused",),
    "Parameters": ("jaxloss.penalties",),
    "A loss of your own": (
        "jaxloss.checks",
        "jaxloss.numerics",
        "jaxloss.pairs",
        "jaxloss.testing",
        "jaxloss.domains",
        "jaxloss.catalogue",
    ),
    "Analysis": (
        "jaxloss.analysis.probe",
        "jaxloss.analysis.curvature",
        "jaxloss.analysis.curves",
        "jaxloss.analysis.gradients",
        "jaxloss.analysis.noise",
        "jaxloss.analysis.verdict",
        "jaxloss.analysis.landscape",
        "jaxloss.analysis.calibration",
        "jaxloss.analysis.plots",
    ),
    "Search": (
        "jaxloss.search",
        "jaxloss.search.filters",
        "jaxloss.search.meta",
        "jaxloss.search.state",
    ),
}
"""Modules that hold no rows of the catalogue, by chapter of the site."""


@dataclass(frozen=True)
class Page:
    """A module as users import it.

    Attributes:
        name: dotted path.
        module: that holds the names.
        members: functions, classes and tables by name.
    """

    name: str
    module: ModuleType
    members: dict[str, Any]


def families() -> dict[str, list[Page]]:
    """Modules of losses by room; one whose losses stand in several rooms, in the first."""
    modules = {
        found.name: importlib.import_module(f"jaxloss.losses.{found.name}")
        for found in pkgutil.iter_modules(losses.__path__)
    }
    chapters: dict[str, list[Page]] = {}
    placed: set[str] = set()
    for title, rooms in catalogue.ROOMS.items():
        functions = [
            function
            for room in rooms
            for function in (*(row.loss for row in room.ROWS), *room.HELPERS)
        ]
        names = dict.fromkeys(function.__module__.rpartition(".")[2] for function in functions)
        fresh = [name for name in names if name in modules and name not in placed]
        placed.update(fresh)
        chapters[title] = [_page(f"jaxloss.{name}", modules[name]) for name in fresh]
    if missing := modules.keys() - placed:
        raise RuntimeError(f"modules of losses in no room of the site: {sorted(missing)}")
    return chapters


def tools() -> dict[str, list[Page]]:
    """Every other public module by chapter."""
    return {title: [_page(name, _found(name)) for name in names] for title, names in TOOLS.items()}


def row_of(loss: Callable[..., Any]) -> catalogue.Row | None:
    """The loss's row of the catalogue."""
    return _ROWS.get(loss)


_ROWS = {row.loss: row for row in catalogue.LOSSES}


def _found(name: str) -> ModuleType:
    """A module by the name that users give it, which need not be that of its file."""
    parent, _, last = name.rpartition(".")
    if parent and inspect.ismodule(found := getattr(importlib.import_module(parent), last, None)):
        return found
    return importlib.import_module(name)


def _page(name: str, module: ModuleType) -> Page:
    members = {
        key: value
        for key, value in vars(module).items()
        if not key.startswith("_") and _ours(value) and _here(module, value)
    }
    return Page(name, module, members)


def _ours(value: Any) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and (
        value.__module__ or ""
    ).startswith("jaxloss")


def _here(module: ModuleType, value: Any) -> bool:
    """Defined in the module, or in what a package shows as its own."""
    if module is jaxloss:
        return ".core." in value.__module__ or ".objectives." in value.__module__
    home = value.__module__
    return home == module.__name__ or (
        hasattr(module, "__path__") and home.startswith(f"{module.__name__}.")
    )
