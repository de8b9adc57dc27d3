"""What the verbs of the command line do: check everything, work, and only then write."""

import argparse
import json
import platform
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import jaxloss
from jaxloss.lab.errors import LabError, need, suggest

if TYPE_CHECKING:
    from rich.console import Console

    from jaxloss import catalogue
    from jaxloss.lab.compare import Comparison
    from jaxloss.lab.search import Found

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


def search(options: argparse.Namespace) -> None:
    """Check everything, search, remember each generation, and write the results at the end."""
    need("search", "rich", "matplotlib", "sklearn", "pandas", "pyarrow")
    from jaxloss.lab import output
    from jaxloss.lab.data import load
    from jaxloss.lab.search import (
        CONTESTANTS,
        Budget,
        Ground,
        find_family,
        find_strategy,
        search as run,
    )
    from jaxloss.lab.search_memory import FILES, MADE_BY, Memory
    from jaxloss.lab.split import Corruption, check_corruption
    from jaxloss.lab.train import Plan
    from jaxloss.search import use_cores

    started = time.monotonic()
    use_cores()
    data = load(options.data, options.target, options.task)
    corruption = Corruption(options.label_noise, options.imbalance, options.outliers)
    check_corruption(data, corruption)
    budget = Budget.of(
        options.generations, options.population, options.seeds, options.fresh, options.budget
    )
    plan = Plan(
        options.steps, options.batch_size, options.learning_rate, options.hidden, options.seed
    )
    find_strategy(options.strategy)
    family = find_family(data, options.family, Ground(data, plan, corruption))
    output.check_folder(options.output, FILES, MADE_BY, state=FILES[0])
    memory = Memory(
        options.output,
        {
            "data": options.data,
            "family": family.name,
            "strategy": options.strategy,
            **budget._asdict(),
            **vars(plan),
            **vars(corruption),
        },
        data,
    )
    remembered = memory.recall(resume=options.resume)

    from rich.console import Console

    console, status = Console(), Console(stderr=True)
    if not options.quiet:
        console.print(f"{data.name}: {len(data.target)} rows, {data.features.shape[1]} features")
        console.print(f"task {'; '.join(data.notes)}", highlight=False)
        console.print(
            f"{family.name}: {budget.trainings} trainings for each of {CONTESTANTS} contestants\n",
            highlight=False,
        )
    count = CONTESTANTS * budget.generations
    try:
        with _progress(status, count, options.quiet) as advance:
            found = run(
                data,
                family=family.name,
                strategy=options.strategy,
                plan=plan,
                budget=budget,
                corruption=corruption,
                remembered=remembered,
                remember=memory.remember,
                progress=advance,
            )
            advance(count, "writing the report")
            files = _search_files(found, options.command, time.monotonic() - started)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(memory.farewell) from None
    output.write_all(options.output, files)

    from jaxloss.lab import search_report, terminal

    if options.quiet:
        console.print(search_report.headline(found), highlight=False)
    else:
        terminal.print_search(console, found)
    report = options.output / "report.html"
    console.print(f"Report: {report}  ({time.monotonic() - started:.0f} s)", soft_wrap=True)


def listing(options: argparse.Namespace) -> None:
    """Print the catalogue, or the migration table of a library."""
    need("list", "rich")
    from rich.console import Console

    from jaxloss import catalogue, migration
    from jaxloss.lab import terminal

    rows = _of_family(options.family)
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


def diagnose(options: argparse.Namespace) -> None:
    """Read a training log, say what its curves show, and draw it."""
    need("diagnose", "rich", "matplotlib")
    from rich.console import Console

    from jaxloss.analysis.plots import diagnosis_figure
    from jaxloss.analysis.verdict import diagnose as judge
    from jaxloss.lab import output
    from jaxloss.lab.diagnose import print_diagnosis
    from jaxloss.lab.logs import read_log

    log = read_log(
        options.log, step=options.step, train=options.train, validation=options.validation
    )
    picture = options.output or Path(f"{options.log.stem}.png")
    output.check_picture(picture)
    known = {"baseline": options.baseline, "target": options.target}
    verdict = judge(log.train, log.validation, steps=log.steps, **known)
    content = diagnosis_figure(
        log.steps,
        log.train,
        log.validation,
        verdict,
        name=log.name,
        axis=log.columns[0] or "row",
        theme=options.theme,
        **known,
    )
    output.write_all(picture.parent, {picture.name: content})
    print_diagnosis(Console(), log, verdict, picture=str(picture), target=options.target)


def gallery(options: argparse.Namespace) -> None:
    """Draw all losses, or a family, and write them on one page."""
    need("gallery", "rich", "matplotlib")
    from rich.console import Console

    from jaxloss.lab import gallery as page, output

    started = time.monotonic()
    rows = _of_family(options.family)
    output.check_folder(options.output, page.FILES, page.MADE_BY)
    with _progress(Console(stderr=True), len(rows), quiet=False) as advance:
        made = page.entries(rows, advance)
        advance(len(rows), "writing the page")
    versions = _listed(_versions())
    output.write_all(options.output, page.files(made, command=options.command, versions=versions))
    Console().print(
        f"Gallery of {len(rows)} losses: {options.output / 'gallery.html'}  "
        f"({time.monotonic() - started:.0f} s)",
        soft_wrap=True,
        highlight=False,
    )


def _of_family(name: str | None) -> "tuple[catalogue.Row, ...]":
    """The rows of a family of the catalogue; of all if None."""
    from jaxloss import catalogue

    if name is None:
        return catalogue.LOSSES
    if name in catalogue.LIBRARIES:
        raise LabError(f"{name} is a library: write `jaxloss list --from {name}`")
    if name not in catalogue.FAMILIES:
        hint = suggest(name, catalogue.FAMILIES)
        raise LabError(f"no family is called {name!r}; {hint}")
    return catalogue.FAMILIES[name]


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

    versions = _versions()
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
        versions=_listed(versions),
        seconds=seconds,
    )
    results = json.dumps(as_json(comparison, about), allow_nan=False, indent=1)
    contents = (results.encode(), report.sheet(comparison), page.encode())
    return dict(zip(output.FILES, contents, strict=True))


def _search_files(found: "Found", command: str, seconds: float) -> dict[str, bytes]:
    """The contents of all files of a search but its state, finished before the first is written."""
    from jaxloss.lab import search_report
    from jaxloss.lab.search_memory import FILES, MADE_BY

    versions = _versions()
    about = {
        "made_by": MADE_BY,
        "answer": search_report.headline(found),
        "remarks": search_report.remarks(found),
        "command": command,
        "seconds": seconds,
        "versions": versions,
    }
    page = search_report.page(found, command=command, versions=_listed(versions), seconds=seconds)
    results = json.dumps(search_report.as_json(found, about), allow_nan=False, indent=1)
    source = search_report.loss_source(found, command)
    contents = (source.encode(), search_report.sheet(found), page.encode(), results.encode())
    return dict(zip(FILES[1:], contents, strict=True))


def _versions() -> dict[str, str]:
    versions = {"jaxloss": jaxloss.__version__, "python": platform.python_version()}
    return versions | {name: metadata.version(name) for name in VERSIONS}


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
