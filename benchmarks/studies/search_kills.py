"""A search that is killed at random moments and resumed: the same result to the bit."""

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks.studies import Study
from jaxloss.lab.search_memory import FILES, STATE

SEARCH = ("wine", "--label-noise", "0.3", "--population", "4", "--seeds", "2", "--hidden", "8")
KILLS = 10


class Killed(NamedTuple):
    """A process that did not live long.

    Attributes:
        after: seconds that it lived.
        generations: of all contestants that its state holds, and those of the states before.
        torn: whether its state could not be read.
        left: files in the folder.
    """

    after: float
    generations: int
    torn: bool
    left: tuple[str, ...]


class Outcome(NamedTuple):
    """What undisturbed and killed searches came to."""

    kills: tuple[Killed, ...]
    same: bool
    undisturbed: float


def run(*, seeds: int = KILLS, quick: bool = False) -> Study:
    """Search once undisturbed and once with kills, and compare the results.

    Args:
        seeds: how many kills there are.
        quick: tiny sizes, to try it out.
    """
    size = ("--generations", "4" if quick else "40", "--steps", "20" if quick else "50")
    found = compared((*SEARCH, *size), kills=min(seeds, 2) if quick else seeds)
    torn = sum(kill.torn for kill in found.kills)
    verdict = "the same to the last bit" if found.same else "NOT the same"
    return Study(
        title="Kill and resume",
        rows=[
            {
                "kill": i,
                "seconds into the process": f"{kill.after:.2f}",
                "generations remembered": kill.generations,
                "state": "torn" if kill.torn else "whole" if STATE in kill.left else "none yet",
            }
            for i, kill in enumerate(found.kills, 1)
        ],
        text=(
            f"`jaxloss search {' '.join((*SEARCH, *size))}` takes {found.undisturbed:.0f} s when "
            f"nobody disturbs it. Killed {len(found.kills)} times with SIGKILL at random moments "
            f"and gone on with `--resume`, it ends with results that are {verdict}: every "
            f"candidate, every fitness, the found loss and all figures of the test. {torn} of the "
            "states were torn."
        ),
        pictures={},
        settings={"kills": len(found.kills)},
    )


def compared(arguments: Sequence[str], *, kills: int, seed: int = 0) -> Outcome:
    """Run a search undisturbed, and again with kills at random moments.

    Args:
        arguments: of `jaxloss search`, without an output.
        kills: how many.
        seed: of the moments.
    """
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "first"), Path(folder, "second")
        start = functools.partial(_process, cache=Path(folder, "compiled"))
        begun = time.perf_counter()
        start([*arguments, "--output", str(first)]).wait()
        undisturbed = time.perf_counter() - begun
        seen: list[Killed] = []
        while len(seen) < kills:
            moment = rng.uniform(0.1, 0.9) * undisturbed
            process = start([*arguments, "--output", str(second), "--resume"])
            begun = time.perf_counter()
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                seen.append(_looked_at(second, time.perf_counter() - begun))
            else:  # it ended before its moment, so that another is needed to kill
                shutil.rmtree(second)
        start([*arguments, "--output", str(second), "--resume"]).wait()
        return Outcome(tuple(seen), _result(first) == _result(second), undisturbed)


def _process(arguments: Sequence[str], cache: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "jaxloss", "search", *arguments, "--quiet"]
    # What is compiled once need not be compiled after each kill.
    environment = os.environ | {
        "JAX_PLATFORMS": jax.default_backend(),
        "JAX_COMPILATION_CACHE_DIR": os.environ.get("JAX_COMPILATION_CACHE_DIR", str(cache)),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)


def _looked_at(folder: Path, after: float) -> Killed:
    present = tuple(sorted(path.name for path in folder.glob("*"))) if folder.exists() else ()
    generations, torn = 0, False
    if STATE in present:
        try:
            with np.load(folder / STATE) as content:
                generations = sum(
                    len(content[name]) for name in content.files if name.endswith("/fitness")
                )
        except Exception:  # whatever a torn file makes NumPy raise
            torn = True
    return Killed(after, generations, torn, present)


def _result(folder: Path) -> dict[str, Any] | None:
    """All that a search found, without its times and its command."""
    try:
        found = json.loads((folder / FILES[-1]).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    told = {name: found[name] for name in ("answer", "found_loss", "contestants", "budget")}
    source = (folder / "found_loss.py").read_text("utf-8").partition('"""\n')[2]
    return told | {"source": source}
