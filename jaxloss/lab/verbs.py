"""What the verbs of the command line do: check everything, work, and only then write."""

import argparse
import json
import platform
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import jaxloss
from jaxloss.lab.errors import LabError, need, suggest

if TYPE_CHECKING:
    from rich.console import Console

    from jaxloss.lab.compare import Comparison

VERSIONS = ("jax", "optax", "numpy", "scikit-learn")


def compare(options: argparse.Namespace) -> None:
    """Check everything, train, and only then write."""
    need("compare", "rich", "matplotlib", "sklearn", "pandas", "pyarrow")
    from jaxloss.lab import output
    from jaxloss.lab.candidates import candidates
    from jaxloss.lab.compare import compare as run
    from jaxloss.lab.data import load
    from jaxloss.lab.split import Corruption, check_corruption
    from jaxloss.lab.train import Plan

    started = time.monotonic()
    data = load(options.data, options.target, options.task)
    losses = candidates(options.losses, data.task, len(data.classes))
    corruption = Corruption(options.label_noise, options.imbalance, options.outliers)
    check_corruption(data, corruption)
    output.check_folder(options.output)
    plan = Plan(
        options.steps, options.batch_size, options.learning_rate, options.hidden, options.seed
    )

    from rich.console import Console

    console, status = Console(), Console(stderr=True)
    if not options.quiet:
        console.print(f"{data.name}: {len(data.target)} rows, {data.features.shape[1]} features")
        console.print(f"task {'; '.join(data.notes)}\n", highlight=False)
    with _progress(status, len(losses), options.quiet) as advance:
        comparison = run(
            data, losses, plan=plan, seeds=options.seeds, corruption=corruption, progress=advance
        )
        advance(len(losses), "writing the report")
        files = _files(comparison, options.command, time.monotonic() - started)
    output.write_all(options.output, files)

    from jaxloss.lab import terminal, words

    if options.quiet:
        console.print(words.headline(comparison), highlight=False)
    else:
        terminal.print_comparison(console, comparison)
    report = options.output / "report.html"
    console.print(f"Report: {report}  ({time.monotonic() - started:.0f} s)", soft_wrap=True)


def listing(options: argparse.Namespace) -> None:
    """Print the catalogue, or the migration table of a library."""
    need("list", "rich")
    from rich.console import Console

    from jaxloss import catalogue, migration
    from jaxloss.lab import terminal

    rows = catalogue.LOSSES
    if options.family is not None:
        if options.family not in catalogue.FAMILIES:
            hint = suggest(options.family, catalogue.FAMILIES)
            raise LabError(f"no family is called {options.family!r}; {hint}")
        rows = catalogue.FAMILIES[options.family]
    if options.library is None:
        terminal.print_losses(Console(), rows)
        return
    if options.library not in catalogue.LIBRARIES:
        hint = suggest(options.library, catalogue.LIBRARIES)
        raise LabError(f"no library is called {options.library!r}; {hint}")
    terminal.print_migration(Console(), options.library, migration.NAMES[options.library])


def show(options: argparse.Namespace) -> None:
    """Print what is known of one loss and draw it."""
    need("show", "rich", "matplotlib")
    from rich.console import Console

    from jaxloss.analysis.plots import shape_figure
    from jaxloss.lab import output, terminal
    from jaxloss.lab.candidates import find, parse_arguments
    from jaxloss.lab.shapes import shapes

    row = find(options.name)
    settings = parse_arguments(row, options.set)
    picture = options.output or Path(f"{row.name}.png")
    output.check_picture(picture)
    drawn, axis = shapes(row, settings)
    content = shape_figure(drawn, title=row.name, axis=axis)
    output.write_all(picture.parent, {picture.name: content})
    terminal.print_loss(Console(), row, drawn, axis, str(picture))


@contextmanager
def _progress(
    console: "Console", losses: int, quiet: bool
) -> Generator[Callable[[int, str], None]]:
    """A bar that moves with every loss and vanishes at the end; nothing if nobody looks."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    hidden = quiet or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=losses)
        yield lambda done, label: bar.update(task, completed=done, description=label)


def _files(comparison: "Comparison", command: str, seconds: float) -> dict[str, bytes]:
    """The contents of all three files, finished before the first of them is written."""
    from jaxloss.lab import output, report, words
    from jaxloss.lab.compare import as_json

    versions = {"jaxloss": jaxloss.__version__, "python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in VERSIONS}
    about = {
        "made_by": output.MADE_BY,
        "answer": words.headline(comparison),
        "remarks": words.remarks(comparison),
        "command": command,
        "seconds": seconds,
        "versions": versions,
    }
    page = report.page(
        comparison,
        command=command,
        versions=", ".join(f"{name} {version}" for name, version in versions.items()),
        seconds=seconds,
    )
    results = json.dumps(as_json(comparison, about), allow_nan=False, indent=1)
    contents = (results.encode(), report.sheet(comparison), page.encode())
    return dict(zip(output.FILES, contents, strict=True))
