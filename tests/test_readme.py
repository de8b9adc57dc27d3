"""The README tells the truth: its code runs, its tables are complete and made from result files."""

import re
from pathlib import Path

import pytest

from benchmarks import readme
from jaxloss import catalogue

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


@pytest.mark.parametrize("family", catalogue.FAMILIES)
def test_every_loss_is_listed(family):
    (line,) = [text for text in README.splitlines() if text.startswith(f"| `jl.{family}` |")]
    listed = re.findall(r"`(\w+)`", line.split("|")[2])
    assert listed == [row.loss.__name__ for row in catalogue.FAMILIES[family]]


def test_counts_are_right():
    assert f"{len(catalogue.LOSSES)} losses" in README


def test_benchmark_tables_come_from_their_command():
    assert readme.updated(README) == README
