"""Speed and memory of losses: measure, print, draw and compare.

Verbs that measure print a line a case on standard error and a table at the end. They write the
result after every case, so that an interruption loses nothing.
"""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Before JAX starts: it would take most of a card's memory, which torch needs too.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

from benchmarks import readme, results, verbs
from benchmarks.comparisons import COMPARISONS, Comparison, Size
from benchmarks.studies import STUDIES
from benchmarks.tables import tables as as_markdown
from jaxloss.lab.cli import INTERRUPTED, WRONG_USE, Parser, positive, whole
from jaxloss.lab.errors import LabError

NAME = "python -m benchmarks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: those of the process if None.

    Returns:
        The exit code: 0; 1 if something of ours failed or became slower; 2 for wrong use.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        options = build_parser().parse_args(arguments)
        options.command = f"{NAME} {shlex.join(arguments)}"
        return options.run(options)
    except LabError as error:
        print(f"benchmarks: error: {' '.join(str(error).split())}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("benchmarks: interrupted; --output has what was measured", file=sys.stderr)
        return INTERRUPTED


def tables(files: Sequence[Path]) -> str:
    """Result files as Markdown.

    Args:
        files: of any benchmarks.
    """
    return as_markdown(map(results.read, files))


def build_parser() -> Parser:
    """All verbs and their options."""
    parser = Parser(prog=NAME, description=__doc__)
    to = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", required=True)
    text = "every loss, over batch sizes and hyperparameters"
    catalogue = _measuring(to, "catalogue", text, verbs.CATALOGUE)
    text = "losses or families (default: all)"
    catalogue.add_argument("--losses", type=_names, metavar="A,B,...", help=text)
    for name, comparison in COMPARISONS.items():
        _comparing(to, name, comparison)

    table = _verb(to, "table", "print results as Markdown", verbs.table)
    table.add_argument("files", type=Path, nargs="+", metavar="FILE")
    plot = _verb(to, "plot", "draw results as PNG", verbs.plot)
    plot.add_argument("files", type=Path, nargs="+", metavar="FILE")
    plot.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="for pictures")
    text = "what became slower; exit code 1 if anything did"
    two = _verb(to, "compare", text, verbs.compare_two)
    two.add_argument("old", type=Path, metavar="OLD")
    two.add_argument("new", type=Path, metavar="NEW")
    text = "slowdown beyond the noise of both that counts (default: 0.1)"
    two.add_argument("--threshold", type=positive, default=0.1, metavar="SHARE", help=text)
    text = "compare multiples of `x + y`, where the machine as a whole changed its speed"
    two.add_argument("--by-floor", action="store_true", help=text)
    text = "train what a study compares, over seeds: " + ", ".join(STUDIES)
    learn = _verb(to, "study", text, verbs.study)
    learn.add_argument("name", choices=tuple(STUDIES), metavar="NAME")
    learn.add_argument("--seeds", type=whole(2), metavar="N", help="(default: that of the study)")
    learn.add_argument("--output", type=Path, metavar="FOLDER", help="for table and pictures")
    learn.add_argument("--quick", action="store_true", help="tiny sizes, to try it out")
    text = "make the tables of the README from the committed results"
    write = _verb(to, "readme", text, verbs.write_readme)
    write.add_argument("--file", type=Path, default=readme.README, help="(default: README.md)")
    write.add_argument("--results", type=Path, default=readme.RESULTS, metavar="FOLDER")
    write.add_argument("--check", action="store_true", help="exit code 1 if it is out of date")
    return parser


def _verb(to: Any, name: str, text: str, action: Any) -> Parser:
    parser: Parser = to.add_parser(name, help=text, description=text)
    parser.set_defaults(run=action)
    return parser


def _measuring(to: Any, name: str, text: str, sizes: Mapping[str, Size]) -> Parser:
    parser = _verb(to, name, text, verbs.measure)
    parser.set_defaults(sizes=tuple(sizes))
    add = parser.add_argument
    add("--rounds", type=whole(1), metavar="N", help="turns of each system (default: 21)")
    text = "for a case, after which three rounds are enough (default: 60; catalogue: 3)"
    add("--seconds", type=positive, metavar="S", help=text)
    add("--output", type=Path, metavar="FILE.json", help="where to write the result")
    add("--quick", action="store_true", help="tiny sizes and few rounds, to try it out")
    for size, (usual, _) in sizes.items():
        if isinstance(usual, int):
            add(f"--{size}", type=whole(1), metavar="N", help=f"(default: {usual})")
        else:
            text = f"(default: {','.join(map(str, usual))})"
            add(f"--{size}", type=_wholes, metavar="N,N,...", help=text)
    return parser


def _comparing(to: Any, name: str, comparison: Comparison) -> Parser:
    parser = _measuring(to, name, comparison.says, comparison.sizes)
    add = parser.add_argument
    usual = ",".join(comparison.systems) or "all"
    add("--systems", type=_names, metavar="A,B,...", help=f"only these (default: {usual})")
    if comparison.dtype:
        kinds = ("float32", "bfloat16", "float16")
        add("--dtype", choices=kinds, default="float32", help="(default: float32)")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _wholes(text: str) -> list[int]:
    return [whole(1)(part) for part in text.split(",")]


if __name__ == "__main__":
    raise SystemExit(main())
