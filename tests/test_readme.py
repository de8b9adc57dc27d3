"""The README tells the truth: its code runs, its tables are complete and made from result files."""

import collections
import re
from pathlib import Path

import pytest

from benchmarks import readme
from jaxloss import catalogue
from tests.references.cases import PEERS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_python_blocks_run_one_after_another():
    namespace = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), namespace)


def test_the_first_two_commands_set_everything_up():
    first, second = blocks("bash")[:2]
    for command in (first, second):
        assert command.count("\n") == 1
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
    assert first.strip().endswith(".venv/bin/jaxloss compare")
    assert ".venv/bin/python -m pytest" in second


@pytest.mark.parametrize("subject", catalogue.ROOMS)
def test_every_module_is_listed_with_its_count(subject):
    (line,) = [text for text in README.splitlines() if text.startswith(f"| {subject} |")]
    listed = dict(re.findall(r"`jl\.(\w+)` (\d+)", line))
    rows = [row for room in catalogue.ROOMS[subject] for row in room.ROWS]
    expected = collections.Counter(row.family for row in rows)
    assert listed == {family: str(count) for family, count in expected.items()}


def test_counts_are_right():
    assert f"{len(catalogue.LOSSES)} losses" in README
    assert f"{sum(len(peer.cases) for peer in PEERS.values())} golden values" in README


def test_benchmark_tables_come_from_their_command():
    assert readme.updated(README) == README
