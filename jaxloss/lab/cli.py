"""The command line: `jaxloss compare`, `jaxloss list`, `jaxloss show`.

Only what reading the options takes is imported here; each verb imports its own tools when it runs.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import jaxloss
from jaxloss.lab import verbs as run
from jaxloss.lab.errors import LabError

WRONG_USE = 2
INTERRUPTED = 130
FEWEST_STEPS = 10  # a verdict needs a few recorded points
COMPARE = (
    "Train the same model with each loss, for several seeds, and rank the losses by a metric on "
    "held-out data that is common to all of them."
)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the usage text in front."""

    def error(self, message: str) -> NoReturn:
        """End with one line on standard error.

        Args:
            message: what is wrong.
        """
        raise LabError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: those of the process if None.

    Returns:
        The exit code: 0, 2 for wrong use or data, 130 if interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        parser = build_parser()
        options = parser.parse_args(arguments)
        if options.verb is None:
            parser.print_help()
            return 0
        options.command = shlex.join(["jaxloss", *arguments])
        options.run(options)
    except LabError as error:
        print(f"jaxloss: error: {' '.join(str(error).split())}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("jaxloss: interrupted, nothing was written", file=sys.stderr)
        return INTERRUPTED
    return 0


def build_parser() -> Parser:
    """All verbs and their options."""
    parser = Parser(prog="jaxloss", description="Loss functions for JAX: which one serves my data?")
    parser.add_argument("--version", action="version", version=f"jaxloss {jaxloss.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    about = "train one model with several losses on your data and rank them"
    _compare_options(verbs.add_parser("compare", help=about, description=COMPARE))
    about = "list the losses, or those of another library"
    _list_options(verbs.add_parser("list", help=about))
    about = "formula, reference and a picture of one loss"
    _show_options(verbs.add_parser("show", help=about))
    return parser


def _compare_options(compare: Parser) -> None:
    compare.set_defaults(run=run.compare)
    add = compare.add_argument
    add(
        "data",
        nargs="?",
        default="digits",
        help="digits, wine, breast_cancer or diabetes, or a .csv, .tsv, .parquet or .npz file "
        "(default: digits)",
    )
    add("--target", metavar="NAME", help="target column of a table, or array of an NPZ file")
    add(
        "--task",
        choices=("binary", "multiclass", "regression"),
        help="what the target is for (default: found out from its values)",
    )
    add(
        "--losses",
        metavar="A,B,...",
        help="losses by name, with hyperparameters as huber:delta=2 (default: eight that suit the "
        "task)",
    )
    add("--seeds", type=whole(1), default=8, metavar="N", help="runs per loss (default: 8)")
    add("--seed", type=whole(0), default=0, metavar="N", help="first seed (default: 0)")
    add(
        "--steps",
        type=whole(FEWEST_STEPS),
        default=1500,
        metavar="N",
        help="updates (default: 1500)",
    )
    add("--batch-size", type=whole(1), default=64, metavar="N", help="(default: 64)")
    add(
        "--learning-rate",
        type=positive,
        default=2e-3,
        metavar="RATE",
        help="of Adam (default: 0.002)",
    )
    add(
        "--hidden",
        type=widths,
        default=(128,),
        metavar="N,N,...",
        help="widths of the hidden layers, or none for a linear model (default: 128)",
    )
    add(
        "--label-noise",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="share of training labels replaced by another class; for a regression, deviation of "
        "the noise in standard deviations of the target",
    )
    add(
        "--imbalance",
        type=kept_share,
        default=1.0,
        metavar="SHARE",
        help="share of their training examples that the rarer half of the classes keeps",
    )
    add(
        "--outliers",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="share of training targets replaced by gross errors of 10 standard deviations",
    )
    add(
        "--output",
        type=Path,
        default=Path("jaxloss-results"),
        metavar="FOLDER",
        help="for results.json, curves.png and report.html (default: jaxloss-results)",
    )
    add("--quiet", action="store_true", help="print the answer and where the report is, no more")


def _list_options(listing: Parser) -> None:
    listing.set_defaults(run=run.listing)
    listing.add_argument("family", nargs="?", metavar="FAMILY", help="only this family")
    listing.add_argument(
        "--from",
        dest="library",
        metavar="LIB",
        help="names in another library (torch, keras, optax, ...) beside those of jaxloss",
    )


def _show_options(show: Parser) -> None:
    show.set_defaults(run=run.show)
    show.add_argument("name", metavar="NAME", help="such as regression.huber, or huber")
    show.add_argument(
        "--output",
        type=Path,
        metavar="FILE.png",
        help="where to put the picture (default: NAME.png here)",
    )
    show.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter, drawn beside its default; may be repeated",
    )


def whole(least: int) -> Callable[[str], int]:
    """A reader of whole numbers from some number on.

    Args:
        least: the smallest one allowed.
    """

    def read(text: str) -> int:
        number = int(text) if text.lstrip("+-").isdigit() else None
        if number is None or number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} on, got {text}")
        return number

    return read


def positive(text: str) -> float:
    """A positive, finite number."""
    number = _number(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a positive number, got {text}")
    return number


def share(text: str) -> float:
    """A number in [0, 1)."""
    number = _number(text)
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"must be a share in [0, 1), got {text}")
    return number


def kept_share(text: str) -> float:
    """A number in (0, 1]."""
    number = _number(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"must be a share in (0, 1], got {text}")
    return number


def widths(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas; `none` is no layer at all."""
    if text == "none":
        return ()
    parts = text.split(",")
    if not all(part.strip().isdigit() and int(part) > 0 for part in parts):
        raise argparse.ArgumentTypeError(f"must be widths such as 64,64 or none, got {text}")
    return tuple(int(part) for part in parts)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text}") from None
