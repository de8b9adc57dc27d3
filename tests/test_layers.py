"""Imports go downwards only, and `import jaxloss` brings in nothing that it need not."""

import ast
import subprocess
import sys
from pathlib import Path

import jaxloss

PACKAGE = Path(jaxloss.__file__).parent
# From the ground up: a module may import from its own floor and those below it.
FLOORS = [
    ("core",),
    ("losses", "penalties"),
    ("fused",),
    ("objectives",),
    ("domains", "migration"),
    ("catalogue", "testing", "analysis"),
    ("search",),
    ("lab", "__main__"),
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.startswith("jaxloss."):
                yield name.split(".")[1]


def test_imports_go_downwards():
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts == ("__init__",):
            continue
        for room in imported_rooms(path):
            if room in FLOOR:
                assert FLOOR[room] <= FLOOR[parts[0]], f"{'/'.join(parts)} imports {room}"


def test_objectives_import_no_family():
    for path in (PACKAGE / "objectives").glob("*.py"):
        assert "losses" not in imported_rooms(path), f"{path.name} imports a family"


def test_losses_hold_no_custom_rules():
    for path in PACKAGE.rglob("*.py"):
        if path.name not in ("numerics.py", "derivatives.py"):
            assert "jax.custom_" not in path.read_text(), path.name


def test_import_is_lean():
    code = (
        "import sys, jax, optax, chex, jaxtyping; before = set(sys.modules); import jaxloss;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "known = {'jax', 'jaxloss', 'jaxtyping', 'wadler_lindig'} | set(sys.stdlib_module_names);"
        "print(sorted(new - known))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_modules_can_be_read_in_one_sitting():
    for path in PACKAGE.rglob("*.py"):
        count = len(path.read_text().splitlines())
        assert count <= 650, f"{path.name} has {count} lines"
