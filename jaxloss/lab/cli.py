"""The command line: `jaxloss compare`, `search`, `list`, `show`, `gallery`, `diagnose`.

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
FEWEST_CANDIDATES = 4  # of whom half are parents
FEWEST_STEPS = 10  # a verdict needs a few recorded points
COMPARE = (
    "Train the same model with each loss, for several seeds, and rank the losses by a metric on "
    "held-out data that is common to all of them."
)
SEARCH = (
    "Search a family of losses on validation rows, and measure what was found on test rows that "
    "nobody has seen, against random search, the usual loss and the best single one, tuned alike."
)
DIAGNOSE = (
    "Read the training and the validation loss from the log of any run and say what they show, "
    "with the figures, the source of the criterion, and what to try next."
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
    except KeyboardInterrupt as stop:
        print(f"jaxloss: {str(stop) or 'interrupted, nothing was written'}", file=sys.stderr)
        return INTERRUPTED
    return 0


def build_parser() -> Parser:
    """All verbs and their options."""
    parser = Parser(prog="jaxloss", description="Loss functions for JAX: which one serves my data?")
    parser.add_argument("--version", action="version", version=f"jaxloss {jaxloss.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    about = "train one model with several losses on your data and rank them"
    _compare_options(verbs.add_parser("compare", help=about, description=COMPARE))
    about = "search for a loss that serves your data, and measure it against the usual ones"
    _search_options(verbs.add_parser("search", help=about, description=SEARCH))
    about = "list the losses, or those of another library"
    _list_options(verbs.add_parser("list", help=about))
    about = "formula, reference and a picture of one loss"
    _show_options(verbs.add_parser("show", help=about))
    about = "a page with the picture, formula and reference of every loss"
    _gallery_options(verbs.add_parser("gallery", help=about))
    about = "say what the losses in a training log show: overfitting, underfitting, ..."
    _diagnose_options(verbs.add_parser("diagnose", help=about, description=DIAGNOSE))
    return parser


def _compare_options(compare: Parser) -> None:
    compare.set_defaults(run=run.compare)
    add = compare.add_argument
    _data_options(compare)
    add(
        "--losses",
        metavar="A,B,...",
        help="losses by name, with hyperparameters as huber:delta=2 (default: eight that suit the "
        "task)",
    )
    add("--seeds", type=whole(1), default=8, metavar="N", help="runs per loss (default: 8)")
    _training_options(compare, steps=1500, batch_size=64, learning_rate=2e-3, hidden=(128,))
    add(
        "--output",
        type=Path,
        default=Path("jaxloss-results"),
        metavar="FOLDER",
        help="for results.json, curves.png and report.html (default: jaxloss-results)",
    )
    add("--quiet", action="store_true", help="print the answer and where the report is, no more")


def _search_options(search: Parser) -> None:
    search.set_defaults(run=run.search)
    add = search.add_argument
    _data_options(search)
    add(
        "--family",
        metavar="NAME",
        help="losses to search: generalized_cross_entropy, bi_tempered, focal, asymmetric_focal, "
        "polynomial, taylor, class_mixture, vector_scaling, cross_entropy; general_robust, huber, "
        "residual_mixture for a regression (default: taylor or general_robust)",
    )
    add(
        "--strategy",
        default="snes",
        metavar="NAME",
        help="how to search: snes, cma_es, random, or evosax:CMA_ES and the like where evosax is "
        "installed (default: snes)",
    )
    rounds = search.add_mutually_exclusive_group()
    rounds.add_argument(
        "--generations", type=whole(1), default=16, metavar="N", help="(default: 16)"
    )
    rounds.add_argument(
        "--budget",
        type=whole(1),
        metavar="N",
        help="trainings of each contestant, instead of a number of generations",
    )
    add(
        "--population",
        type=whole(FEWEST_CANDIDATES),
        default=16,
        metavar="N",
        help="candidates in a generation (default: 16)",
    )
    add("--seeds", type=whole(1), default=4, metavar="N", help="runs per candidate (default: 4)")
    add("--fresh", type=whole(1), default=20, metavar="N", help="seeds of the test (default: 20)")
    _training_options(search, steps=200, batch_size=32, learning_rate=5e-3, hidden=(32,))
    add(
        "--output",
        type=Path,
        default=Path("jaxloss-search"),
        metavar="FOLDER",
        help="for found_loss.py, report.html, search.png, results.json and the state (default: "
        "jaxloss-search)",
    )
    add("--resume", action="store_true", help="go on from the state in the folder, if there is one")
    add("--quiet", action="store_true", help="print the answer and where the report is, no more")


def _data_options(parser: Parser) -> None:
    add = parser.add_argument
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


def _training_options(
    parser: Parser, *, steps: int, batch_size: int, learning_rate: float, hidden: tuple[int, ...]
) -> None:
    add = parser.add_argument
    add("--seed", type=whole(0), default=0, metavar="N", help="first seed (default: 0)")
    add(
        "--steps",
        type=whole(FEWEST_STEPS),
        default=steps,
        metavar="N",
        help=f"updates (default: {steps})",
    )
    add(
        "--batch-size",
        type=whole(1),
        default=batch_size,
        metavar="N",
        help=f"(default: {batch_size})",
    )
    add(
        "--learning-rate",
        type=positive,
        default=learning_rate,
        metavar="RATE",
        help=f"of Adam (default: {learning_rate:g})",
    )
    add(
        "--hidden",
        type=widths,
        default=hidden,
        metavar="N,N,...",
        help="widths of the hidden layers, or none for a linear model (default: "
        f"{','.join(map(str, hidden))})",
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


def _gallery_options(gallery: Parser) -> None:
    gallery.set_defaults(run=run.gallery)
    add = gallery.add_argument
    add(
        "--output",
        type=Path,
        default=Path("jaxloss-gallery"),
        metavar="FOLDER",
        help="for gallery.html, results.json and a PNG of each loss (default: jaxloss-gallery)",
    )
    add("--family", metavar="FAMILY", help="only this family")


def _diagnose_options(diagnose: Parser) -> None:
    diagnose.set_defaults(run=run.diagnose)
    add = diagnose.add_argument
    add("log", type=Path, metavar="LOG", help="a table (CSV, TSV) or lines of JSON")
    for name, what in (
        ("step", "steps"),
        ("train", "the training loss"),
        ("validation", "the validation loss"),
    ):
        add(f"--{name}", metavar="COLUMN", help=f"column of {what} (default: by its name)")
    add("--baseline", type=finite, metavar="LOSS", help="loss of the best constant prediction")
    add("--target", type=finite, metavar="LOSS", help="training loss that would be good enough")
    add(
        "--output",
        type=Path,
        metavar="FILE.png",
        help="where to put the picture (default: name of the log, here)",
    )
    add("--theme", choices=("light", "dark"), default="light", help="(default: light)")


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


def finite(text: str) -> float:
    """A finite number."""
    number = _number(text)
    if not -float("inf") < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a finite number, got {text}")
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
