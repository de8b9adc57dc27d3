"""What the command line prints: tables for a terminal of any width."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jaxloss import catalogue
from jaxloss.analysis.curves import estimate
from jaxloss.analysis.plots import Shape
from jaxloss.lab import words
from jaxloss.lab.compare import Comparison, Result
from jaxloss.lab.metrics import ACCURACY as PERCENT, Metric, number, with_error

if TYPE_CHECKING:
    from jaxloss.lab.search import Found

WARN = (
    "diverged",
    "unstable",
    "collapsed",
    "not learning",
    "overfitting",
    "both losses rising",
    "underfitting",
    "widening generalisation gap",
)


def print_comparison(console: Console, comparison: Comparison) -> None:
    """The answer, then tables: ranking, speed and gradients, final losses and verdicts.

    Args:
        console: where to.
        comparison: a finished one.
    """
    console.print(Text(words.headline(comparison), style="bold"))
    for remark in words.remarks(comparison):
        console.print(Text(f"  {remark}"))
    console.print()
    console.print(_ranking(comparison))
    console.print(_speed(comparison))
    console.print(_verdicts(comparison))


def print_search(console: Console, found: "Found") -> None:
    """The answer, how everyone did, and the found loss.

    Args:
        console: where to.
        found: a finished search.
    """
    from jaxloss.lab import search_report  # which only this verb needs

    console.print(Text(search_report.headline(found), style="bold"))
    for remark in search_report.remarks(found):
        console.print(Text(f"  {remark}"))
    console.print()
    table = _table("contestant", f"test {_headed(found.metric)}", "found loss ahead", "rate")
    for outcome in found.outcomes:
        score, lead = estimate(outcome.test), found.lead(outcome)
        factor = 100 if found.metric.percent else 1
        table.add_row(
            search_report.found_label(found, outcome).replace(" (", "\n  ("),
            _bare(found.metric, score.mean, score.error),
            "" if outcome is found.found else with_error(factor * lead.mean, factor * lead.error),
            f"{found.learning_rate(outcome):.2g}",
            style="green" if outcome is found.found else None,
        )
    console.print(_right_aligned(table))
    console.print(Text(search_report.call(found)))


def print_losses(console: Console, rows: Sequence[catalogue.Row]) -> None:
    """A table of losses, one section for each family.

    Args:
        console: where to.
        rows: of the catalogue.
    """
    table = _table("loss", "what it rewards", "reads", "gives one value")
    for i, row in enumerate(rows):
        if i and row.family != rows[i - 1].family:
            table.add_section()
        reads = " or ".join(row.reads).replace("_", " ")
        each = "per element" if row.gives == "element" else "per row"
        table.add_row(Text(row.name), row.summary, reads, each)
    console.print(table)
    console.print(f"{len(rows)} losses; `jaxloss show NAME` says more about one.")


def print_migration(console: Console, library: str, names: Mapping[str, str]) -> None:
    """Names in another library beside those of jaxloss.

    Args:
        console: where to.
        library: one of the catalogue's libraries.
        names: of its losses, with the names here and what differs.
    """
    table = _table(library, "jaxloss", "what differs there")
    table.columns[1].no_wrap = True  # a name to copy
    for theirs, text in sorted(names.items(), key=lambda pair: pair[0].lower()):
        ours, _, difference = text.partition(": ")
        table.add_row(Text(theirs), Text(ours), difference or "nothing")
    console.print(table)
    console.print(
        f"{len(names)} losses of {library} with a counterpart. jaxloss reduces nothing: "
        "put jl.mean(...) around it."
    )


def print_loss(
    console: Console, row: catalogue.Row, shapes: Sequence[Shape], axis: str, picture: str
) -> None:
    """Everything that the catalogue knows of one loss, and a few of its values.

    Args:
        console: where to.
        row: of the catalogue.
        shapes: its curves; values are shown of the first.
        axis: what moves along them.
        picture: where the picture was written.
    """
    console.print(Text.assemble((row.name, "bold cyan"), "  ", row.summary))
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("formula", Text(row.formula.replace("`", "") or "see the docstring"))
    reads = " or ".join(row.reads).replace("_", " ")
    facts.add_row("reads", Text(reads))
    facts.add_row("gives", "one value per " + ("element" if row.gives == "element" else "row"))
    options = [f"{name}={value:g}" for name, value in row.hyperparameters.items()]
    facts.add_row("numbers to set", Text(", ".join(options) or "none"))
    claims = [catalogue.CLAIMS[claim] for claim in catalogue.CLAIMS if claim in row.claims]
    facts.add_row("properties", Text("; ".join(claims) or "none claimed"))
    for library, text in sorted(row.elsewhere.items()):
        name, _, difference = text.partition(": ")
        facts.add_row(f"in {library}", Text(name + (f" ({difference})" if difference else "")))
    facts.add_row("reference", Text(row.reference or "none"))
    console.print(facts)
    console.print()
    for shape in _first_and_default(shapes):
        console.print(_values(shape, axis))
    console.print(f"Picture: {picture}")


def _first_and_default(shapes: Sequence[Shape]) -> Sequence[Shape]:
    """The settings given, or the default in the middle of the variants."""
    return shapes[:1] if len(shapes) < 3 else shapes[1:2]


def _values(shape: Shape, axis: str) -> Table:
    table = _table(Text(axis), *(f"{x:.3g}" for x in _some(shape.x)))
    label = f" ({shape.label})" if shape.label else ""
    table.add_row(f"value{label}", *(number(v) for v in _some(shape.value)))
    table.add_row("gradient", *(number(v) for v in _some(shape.gradient)))
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    return table


def _some(values: np.ndarray) -> list[float]:
    return [float(v) + 0.0 for v in values[:: (len(values) - 1) // 4]]


def _ranking(comparison: Comparison) -> Table:
    first, second = comparison.metrics[0], comparison.metrics[-1]
    table = _table("loss", f"test {_headed(first)}", "to the best", "stopped early", second.label)
    for result in comparison.results:
        score, early = estimate(result.metrics[first.name]), estimate(result.stopped_early)
        leads = result.standing in ("best", "within noise")
        against = words.difference_text(result.difference, first, signed=True)
        table.add_row(
            _label(result, comparison),
            _bare(first, score.mean, score.error),
            result.standing if leads else against.removesuffix(" points"),
            _bare(first, early.mean, early.error),
            second.text(estimate(result.metrics[second.name]).mean),
            style="green" if leads else None,
        )
    return _right_aligned(table)


def _speed(comparison: Comparison) -> Table:
    table = _table("loss", "steps to target", "progress area", "gradient norm", "saturated")
    for result in comparison.results:
        gradient, area = result.final("gradient_norm"), estimate(result.progress)
        table.add_row(
            _label(result, comparison),
            words.reached_text(result),
            with_error(area.mean, area.error),
            with_error(gradient.mean, gradient.error),
            PERCENT.text(result.final("saturated").mean),
        )
    target = comparison.metric.text(comparison.target)
    table.caption = f"target: validation {comparison.metric.label} of {target}"
    table.caption_justify = "left"
    return _right_aligned(table)


def _verdicts(comparison: Comparison) -> Table:
    table = _table("loss", "training loss", "validation loss", "verdict")
    for result in comparison.results:
        name = result.verdict.name
        finals = [result.final(part) for part in ("train_loss", "validation_loss")]
        table.add_row(
            _label(result, comparison),
            *(with_error(final.mean, final.error) for final in finals),
            Text(name, style="yellow" if name in WARN else "green" if name == "healthy" else ""),
        )
    _right_aligned(table)
    table.columns[-1].justify = "left"
    return table


def _label(result: Result, comparison: Comparison) -> str:
    """A label whose setting or remark stands on a line of its own."""
    return words.short(result, comparison).replace(":", "\n  ", 1).replace(" (", "\n  (", 1)


def _headed(metric: Metric) -> str:
    return metric.label + (", %" if metric.percent else "")


def _bare(metric: Metric, mean: float, error: float | None) -> str:
    """The text of a metric whose unit stands in the head of the column."""
    return metric.text(mean, error).removesuffix(" %")


def _right_aligned(table: Table) -> Table:
    """Numbers to the right; names keep their line."""
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _table(*heads: str | Text) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold", vertical="top")
    return table
