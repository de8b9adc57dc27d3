"""Which names are public, where each is defined, and on which page it stands."""

import ast
import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from types import ModuleType

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
        paths: of each public name that is no module, the dotted path where it is defined.
    """

    name: str
    module: ModuleType
    paths: dict[str, str]


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
    shown = {
        f"jaxloss.{name}"
        for name, value in vars(jaxloss).items()
        if inspect.ismodule(value) and name in _public(jaxloss)
    }
    listed = {name for names in TOOLS.values() for name in names}
    placed = {page.name for pages in families().values() for page in pages}
    if missing := shown - listed - placed:
        raise RuntimeError(f"public modules on no page of the site: {sorted(missing)}")
    return {title: [_page(name, _found(name)) for name in names] for title, names in TOOLS.items()}


def row_of(page: Page, name: str) -> catalogue.Row | None:
    """The row of the catalogue of what bears the name, if it is a loss."""
    value = getattr(page.module, name)
    return _ROWS.get(value) if callable(value) else None


_ROWS = {row.loss: row for row in catalogue.LOSSES}


def _found(name: str) -> ModuleType:
    """A module by the name that users give it, which need not be that of its file."""
    parent, _, last = name.rpartition(".")
    if parent and inspect.ismodule(found := getattr(importlib.import_module(parent), last, None)):
        return found
    return importlib.import_module(name)


def _page(name: str, module: ModuleType) -> Page:
    paths = {
        key: path
        for key, path in _public(module).items()
        if not inspect.ismodule(getattr(module, key))
    }
    return Page(name, module, paths)


def _public(module: ModuleType) -> dict[str, str]:
    """Names without underscore that a module defines, or imports as themselves to show them."""
    found: dict[str, str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = f"{module.__name__}.{name}"
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = f"{module.__name__}.{name}"
            case ast.ImportFrom(module=home, names=names):
                for shown in (each.name for each in names if each.asname == each.name):
                    value = getattr(module, shown)
                    found[shown] = (
                        value.__name__
                        if inspect.ismodule(value)
                        else _public(importlib.import_module(str(home)))[shown]
                    )
            case _:
                pass
    return {name: path for name, path in found.items() if not name.startswith("_")}
