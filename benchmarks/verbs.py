"""What the verbs of the command line do."""

import argparse
import inspect
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import (
    compare,
    machine,
    peers,
    readme,
    results,
    run,
    sweep,
    tables,
)
from benchmarks.comparisons import COMPARISONS, Size
from benchmarks.results import FLOOR, Result, Row
from benchmarks.timing import lack_of_memory
from jaxloss.lab.errors import LabError, need

FAILED = 1
QUICK_ROUNDS, ROUNDS = 3, 21
CATALOGUE: Mapping[str, Size] = {
    "batch": ((1024, 16384), (8, 16)),
    "size": (128, 8),
    "levels": (4, 2),
}
"""Sizes of the sweep over all losses: the usual ones, and those of a quick try."""


def measure(options: argparse.Namespace) -> int:
    """Measure all cases of one benchmark, print a table and write the result.

    Args:
        options: of the command line.
    """
    if options.output is not None:
        results.check_output(options.output)
    keeps = machine.keep_freed_memory()
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    sizes = {name: getattr(options, name) or None for name in options.sizes}
    notes: Mapping[str, str] = {}
    if options.verb == "catalogue":
        needed: Collection[str] = ()
        sizes = {name: sizes[name] or usual[options.quick] for name, usual in CATALOGUE.items()}
        count, rows = _catalogue(options.losses, sizes, rounds, options.seconds or 3)
    else:
        comparison = COMPARISONS[options.verb]
        notes, wanted = comparison.notes, options.systems or list(comparison.systems) or None
        dtype = getattr(options, "dtype", "float32")
        asked = comparison.cases(quick=options.quick, dtype=dtype, **sizes)
        chosen, needed = run.selected(asked, wanted)
        count, rows = len(chosen), run.rows(chosen, rounds, options.seconds or 60)
    matmul = getattr(options, "dtype", None)
    result = Result(
        benchmark=options.verb,
        command=options.command,
        environment=machine.environment(["optax", *run.packages(needed)])
        | {"keeps_freed_memory": keeps},
        machine=run.reached(quick=options.quick, matmul=matmul),
        absent={name: why for name in sorted(needed) if (why := peers.absent(name))},
        notes=notes,
        complete=False,
        rows=(),
    )
    for name, why in result.absent.items():
        _say(f"{name} is absent: {why}")
    if (machine.load() or 0) > machine.cores():
        _say("warning: other programs keep the cores busy, so times mean little")
    return _record(result, count, rows, options.output)


def table(options: argparse.Namespace) -> int:
    """Print results as Markdown.

    Args:
        options: of the command line.
    """
    print(tables.tables([results.read(path) for path in options.files]))
    return 0


def plot(options: argparse.Namespace) -> int:
    """Draw results as PNG, one or more files for each.

    Args:
        options: of the command line.
    """
    need("plot", "matplotlib")
    from benchmarks import plots

    found = {path: results.read(path) for path in options.files}
    folder: Path = options.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, result in found.items():
            if not any(len(row.systems) > 1 for row in result.rows):
                raise LabError(f"{path} has nothing to draw")
            for name, png in plots.pictures(result):
                # By file, since results of several machines can be drawn at once.
                target = folder / f"{path.stem}{name}.png"
                target.write_bytes(png)
                print(target)
    except OSError as error:
        raise LabError(f"cannot write to {folder}: {error.strerror}") from None
    return 0


def compare_two(options: argparse.Namespace) -> int:
    """Print what changed between two results; 1 if something of ours became slower.

    Args:
        options: of the command line.
    """
    old, new = results.read(options.old), results.read(options.new)
    found = compare.changes(old, new, threshold=options.threshold, by_floor=options.by_floor)
    print("\n".join(compare.table(found)))
    for gone in compare.missing(old, new):
        print(f"not in the new result: {gone}", file=sys.stderr)
    slower = [one for one in found if one.verdict == "slower"]
    _say(f"{len(found)} compared, {len(slower)} slower")
    return compare.SLOWER if slower else 0


def study(options: argparse.Namespace) -> int:
    """Train what a study compares, print what it found, and write table, text and pictures.

    Args:
        options: of the command line.
    """
    need("study", "sklearn", "matplotlib")
    from benchmarks import studies

    run = studies.load(options.name).run
    seeds = {} if options.seeds is None else {"seeds": options.seeds}
    if seeds and "seeds" not in inspect.signature(run).parameters:
        raise LabError(f"nothing in the study {options.name} is random: leave out --seeds")
    found = run(**seeds, quick=options.quick)
    text = studies.as_markdown(found, options.command, machine.environment(["optax"]))
    print(text)
    folder: Path | None = options.output
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, picture in found.pictures.items():
                (folder / f"{name}.png").write_bytes(picture)
            (folder / f"{options.name}.md").write_text(text, "utf-8")
        except OSError as error:
            raise LabError(f"cannot write to {folder}: {error.strerror}") from None
    return 0


def write_readme(options: argparse.Namespace) -> int:
    """Make the block of benchmarks in the README anew, or only look whether it is up to date.

    Args:
        options: of the command line.
    """
    path: Path = options.file
    try:
        text = path.read_text("utf-8")
        new = readme.updated(text, options.results)
        if options.check:
            if new != text:
                _say(f"{path} is not what the results say: run `python -m benchmarks readme`")
            return int(new != text)
        path.write_text(new, "utf-8")
    except OSError as error:
        raise LabError(f"cannot use {path}: {error.strerror}") from None
    return 0


def _catalogue(
    names: list[str] | None, sizes: Mapping[str, Any], rounds: int, seconds: float
) -> tuple[int, Iterator[Row]]:
    losses = sweep.chosen(names)
    count = len(sizes["batch"]) * sum(len(loss.reads) for loss in losses)
    rows = sweep.rows(
        losses,
        sizes["batch"],
        size=sizes["size"],
        levels=sizes["levels"],
        rounds=rounds,
        seconds=seconds,
    )
    return count, rows


def _record(result: Result, count: int, rows: Iterator[Row], output: Path | None) -> int:
    """Take rows as they come, and write after each."""
    broken: list[str] = []
    for row in rows:
        result = replace(result, rows=(*result.rows, row))
        if output is not None:
            results.write(result, output)
        _say(f"[{len(result.rows)}/{count}] {_progress(row)}")
        for system, why in row.failed.items():
            _say(f"  {system} failed: {why}")
            if compare.is_ours(system) and not lack_of_memory(why):
                broken.append(f"{row.name} ({system})")
    notes = {name: text for name, text in result.notes.items() if _took_part(name, result)}
    result = replace(result, complete=True, notes=notes)
    if output is not None:
        results.write(result, output)
    print("\n".join(tables.table(result)))
    if broken:
        _say(f"error: {len(broken)} failed: {', '.join(dict.fromkeys(broken))}")
    return FAILED if broken else 0


def _progress(row: Row) -> str:
    times = [
        f"{name} {tables.duration(one.seconds)}"
        for name, one in row.systems.items()
        if name != FLOOR
    ]
    return f"{row.name} {' '.join([row.size, *row.labels.values()])}: {', '.join(times)}"


def _took_part(name: str, result: Result) -> bool:
    return any(name in row.systems or name in row.failed for row in result.rows)


def _say(text: str) -> None:
    print(f"benchmarks: {text}", file=sys.stderr, flush=True)
