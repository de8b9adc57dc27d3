"""The tables of the README: made from the committed results, and compared with them in a test."""

import re
from pathlib import Path

from benchmarks import tables
from benchmarks.results import read
from jaxloss.lab.errors import LabError

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- begin benchmarks: python -m benchmarks readme -->", "<!-- end benchmarks -->"
BLOCK = re.compile(r"<!-- begin benchmarks.*?-->\n.*?<!-- end benchmarks -->", re.DOTALL)


def updated(text: str, folder: Path = RESULTS) -> str:
    """A README with its block of benchmarks made anew.

    Args:
        text: of the README.
        folder: of the results; they follow each other by file name.

    Raises:
        LabError: without results, or without exactly one pair of markers.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise LabError(f"no results in {folder}")
    if len(BLOCK.findall(text)) != 1:
        raise LabError(f"the README needs one line {BEGIN} and, after it, one line {END}")
    block = "\n".join([BEGIN, "", tables.summaries(map(read, files)), "", END])
    return BLOCK.sub(lambda _: block, text)
