"""What `jaxloss diagnose` says of a training log: the verdict, its figures, and what to try."""

from collections.abc import Callable

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jaxloss.analysis.curves import final_values, half_life, normalized_progress, share_reached
from jaxloss.analysis.verdict import Verdict
from jaxloss.lab.logs import Floats, Log
from jaxloss.lab.metrics import number
from jaxloss.lab.terminal import WARN

BUDGETS = (0.1, 0.5, 0.9)
LAST = 5  # points whose median is the loss at the end


def print_diagnosis(
    console: Console, log: Log, verdict: Verdict, *, picture: str, target: float | None
) -> None:
    """The verdict in plain words, what to try next, and the figures of both curves.

    Args:
        console: where to.
        log: that was read.
        verdict: on it.
        picture: where the picture was written.
        target: training loss that would do; None if nobody said so.
    """
    step, train, validation = log.columns
    by = f"by {step!r}" if step else "by row"
    console.print(
        f"{log.name}: {train!r} and {validation!r} {by}, {len(log.steps)} points", highlight=False
    )
    for note in log.notes:
        console.print(Text(f"  {note}", style="dim"))
    style = "yellow" if verdict.name in WARN else "green" if verdict.name == "healthy" else "cyan"
    console.print()
    console.print(Text(verdict.name, style=f"bold {style}"))
    console.print(Text(verdict.reason))
    console.print(Text.assemble(("Next: ", "bold"), verdict.advice))
    console.print(Text.assemble(("Source: ", "bold"), verdict.source))
    if target is None and verdict.name == "healthy":
        console.print("Whether it underfits, only --target LOSS can tell.", highlight=False)
    console.print()
    console.print(_figures(log, verdict))
    console.print(f"Picture: {picture}", soft_wrap=True, highlight=False)


def _figures(log: Log, verdict: Verdict) -> Table:
    """A row a figure, a column a loss."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, header_style="bold")
    table.add_column("figure", overflow="fold")
    for head in ("training", "validation"):
        table.add_column(head, justify="right", overflow="fold")
    rows: list[tuple[str, Callable[[Floats], str]]] = [
        ("first loss", lambda loss: number(float(loss[0]))),
        ("best loss", lambda loss: number(final_values(log.steps, loss).best.mean)),
        ("at step", lambda loss: f"{final_values(log.steps, loss).best_step.mean:g}"),
        (
            f"last loss (median of {LAST})",
            lambda loss: number(final_values(log.steps, loss, last=LAST).last.mean),
        ),
        ("half-life, steps", lambda loss: number(half_life(log.steps, loss))),
        (
            "progress area (0 at once, 1 never)",
            lambda loss: number(float(normalized_progress(loss))),
        ),
        (f"way made after {', '.join(f'{100 * b:g}' for b in BUDGETS)} % of the run", _way),
    ]
    for label, figure in rows:
        table.add_row(label, figure(log.train), figure(log.validation))
    n = verdict.numbers
    if "window" in n:
        table.add_row(
            f"change over the last {n['window']:g} points",
            *(f"{100 * n[f'{part}_change']:+.1f} %" for part in ("train", "validation")),
        )
        table.add_row(
            "end above its best",
            *(f"{n[f'{part}_rise']:.1f} %" for part in ("train", "validation")),
        )
        gap = f"{number(n['gap'])} ({n['gap_in_errors']:.1f} standard errors)"
        table.add_row("validation above training", "", gap)
    return table


def _way(loss: Floats) -> str:
    shares = share_reached(loss, BUDGETS)
    if not np.isfinite(shares).all():
        return "not known"
    return ", ".join(f"{100 * share:.0f}" for share in shares) + " %"
