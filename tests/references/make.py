"""Measure the golden values: `python tests/references/make.py`.

A virtual environment is made in a temporary folder, the peers are installed into it with the
versions pinned in the table, and each runs its rows in a process of its own. Options:

    --here          use the running interpreter and whatever versions it has
    --keep PATH     make the environment there, or use the one that is there already
    --only NAME ... some peers
    --conventions   only rewrite CONVENTIONS.md from the table
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.references.case import Peer

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1",
    "KERAS_BACKEND": "jax",
    "CUDA_VISIBLE_DEVICES": "",
}
"""Peers compute in float64 on the CPU wherever a row does not ask for float32."""


def main() -> None:
    """Measure the peers asked for, then write the page."""
    # This file runs as a script, which puts its own folder on the path instead of the root..
    sys.path.insert(0, str(ROOT))
    from tests.references.cases import PEERS

    options = parse(list(PEERS))
    peers = [PEERS[name] for name in options.only]
    if not options.conventions:
        with tempfile.TemporaryDirectory() as folder:
            python = sys.executable
            if not options.here:
                python = environment(options.keep or Path(folder) / "peers", peers)
            for peer in peers:
                run(python, "-m", "tests.references.measure", peer.name)
    run(sys.executable, "-m", "tests.references.conventions")


def parse(names: list[str]) -> argparse.Namespace:
    """Command line options."""
    parser = argparse.ArgumentParser(description="Measure the golden values of the peers.")
    parser.add_argument("--here", action="store_true", help="use the running interpreter")
    parser.add_argument("--keep", type=Path, help="where to make the environment, or find it")
    parser.add_argument("--conventions", action="store_true", help="only rewrite the page")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="some peers")
    return parser.parse_args()


def environment(folder: Path, peers: "list[Peer]") -> str:
    """Make a virtual environment with the pinned peers; returns its interpreter."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        for alone in (False, True):
            pins = sorted({pin for peer in peers if peer.alone == alone for pin in peer.pins})
            options = ["--quiet", "--no-deps"] if alone else ["--quiet"]
            if pins:
                run(str(python), "-m", "pip", "install", *options, *pins)
    return str(python)


def run(python: str, *arguments: str) -> str:
    """Run an interpreter in the root folder and return what it printed."""
    done = subprocess.run(
        [python, *arguments],
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    print(done.stdout, end="")
    return done.stdout


if __name__ == "__main__":
    main()
