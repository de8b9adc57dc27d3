"""`jaxloss search`: what it writes, that it resumes to the same bits, and one line for misuse."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.studies.search_kills import compared
from jaxloss.analysis.curves import estimate
from jaxloss.lab import search as lab_search, search_report
from jaxloss.lab.cli import main
from jaxloss.lab.data import load
from jaxloss.lab.search import Budget, search
from jaxloss.lab.search_memory import FILES, STATE
from jaxloss.lab.split import Corruption, set_aside, split
from jaxloss.lab.train import Plan
from jaxloss.search import FAMILIES
from tests.test_cli import Page

TINY = ["--population", "4", "--seeds", "2", "--steps", "10", "--hidden", "4", "--fresh", "3"]
WINE = ["search", "wine", "--label-noise", "0.2", "--family", "generalized_cross_entropy", *TINY]
PLAN = Plan(steps=10, batch_size=8, learning_rate=0.01, hidden=(4,))
BUDGET = Budget(generations=2, population=4, seeds=2, fresh=3)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of one finished search."""
    folder = tmp_path_factory.mktemp("run") / "results"
    assert main([*WINE, "--generations", "2", "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def on_diabetes():
    """A finished search on a regression, and what was remembered after each generation."""
    remembered = []
    found = search(
        load("diabetes"),
        family="huber",
        strategy="cma_es",
        plan=PLAN,
        budget=BUDGET,
        corruption=Corruption(outliers=0.2),
        remember=lambda arrays: remembered.append(dict(arrays)),
    )
    return found, remembered


def test_files_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == set(FILES)


def test_results_hold_every_candidate_and_figure(folder):
    found = json.loads((folder / "results.json").read_text())
    assert found["made_by"] == "jaxloss search"
    assert found["budget"] == {**BUDGET._asdict(), "trainings": 16}
    assert [one["name"] for one in found["contestants"]] == ["found", "random", "usual", "single"]
    first = found["contestants"][0]
    for one in found["contestants"]:
        assert np.shape(one["candidates"])[:2] == (2, 4)
        assert np.shape(one["fitness"]) == (2, 4)
        scores = np.array(one["test"]["seeds"])
        assert len(scores) == 3
        assert one["test"]["mean"] == pytest.approx(scores.mean())
        lead = estimate(np.array(first["test"]["seeds"]) - scores)
        assert one["found_loss_ahead"]["mean"] == pytest.approx(lead.mean, abs=1e-6)
    assert 0 < first["numbers"]["q"] < 1
    assert found["found_loss"].startswith("jl.noisy.generalized_cross_entropy(logits, labels, q=")


def test_report_is_one_self_contained_page(folder):
    text = (folder / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.images == 2 * 3  # shape, test, progress; on light and dark ground
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    found = json.loads((folder / "results.json").read_text())
    assert found["found_loss"] in text
    assert found["contestants"][3]["label"] in text.replace("<wbr>", "")


def test_found_loss_runs_as_it_stands(folder):
    out = subprocess.run(
        [sys.executable, "found_loss.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    values = [float(value) for value in out.stdout.strip("[]\n").split()]
    assert len(values) == 3  # one of each class
    assert all(0 < value < 10 for value in values)


def test_finished_results_may_be_overwritten_and_strangers_not(folder, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    assert main([*WINE, "--output", str(other)]) == 2
    assert "not ours (thesis.txt)" in capsys.readouterr().err
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    assert main(["compare", "wine", "--output", str(folder)]) == 2
    assert main([*WINE, "--generations", "2", "--output", str(folder), "--resume"]) == 0


def test_states_go_on_only_with_their_command(folder, tmp_path, capsys):
    half = tmp_path / "half"
    half.mkdir()
    (half / STATE).write_bytes((folder / STATE).read_bytes())
    (half / ".jaxloss-torn").write_bytes(b"half a state")
    arguments = [*WINE, "--output", str(half), "--generations", "2"]
    assert main(arguments) == 2
    assert "unfinished search: go on with --resume" in capsys.readouterr().err
    assert main([*arguments, "--resume", "--seed", "3"]) == 2
    error = capsys.readouterr().err
    assert "its seed is 0, not 3" in error
    assert error.count("\n") == 1
    (half / STATE).write_bytes(b"PK")
    assert main([*arguments, "--resume"]) == 2
    assert "damaged" in capsys.readouterr().err
    assert {path.name for path in half.iterdir()} == {STATE, ".jaxloss-torn"}


@pytest.mark.parametrize("stop", [1, 4])
def test_going_on_from_any_generation_gives_the_same_bits(on_diabetes, stop):
    found, remembered = on_diabetes
    again = search(
        load("diabetes"),
        family="huber",
        strategy="cma_es",
        plan=PLAN,
        budget=BUDGET,
        corruption=Corruption(outliers=0.2),
        remembered=remembered[stop - 1],
    )
    assert len(remembered) == 4 * BUDGET.generations
    for one, other in zip(found.outcomes, again.outcomes, strict=True):
        for name in ("thetas", "fitness", "chosen", "test"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert search_report.headline(found) == search_report.headline(again)


def test_an_interruption_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    seen = []

    def look(self, memory, remember, progress):
        if seen:
            raise KeyboardInterrupt
        seen.append(1)
        remember({"found/fitness": np.zeros((1, 4))})

    monkeypatch.setattr(lab_search.Run, "look", look)
    monkeypatch.setattr(lab_search.Run, "outcome", lambda self, memory: None)
    assert main([*WINE, "--output", "out"]) == 130
    assert "with --resume goes on from out/state.npz" in capsys.readouterr().err


def test_a_killed_search_ends_with_the_same_bits():
    arguments = ["wine", "--generations", "2", "--family", "focal", *TINY]
    found = compared(arguments, kills=2)
    assert found.same
    assert not any(kill.torn for kill in found.kills)


def test_regression_is_told_in_its_units(on_diabetes):
    found, _ = on_diabetes
    assert found.metric.name == "mean_absolute_error"
    text = search_report.headline(found)
    assert text.startswith("On diabetes with 20 % gross outliers, ")
    assert "mean absolute error" in text
    best = min(estimate(other.test).mean for other in found.others)
    lead = max(found.lead(other).mean for other in found.others)
    assert lead >= found.lead(found.others[0]).mean
    assert np.isfinite(best)
    assert search_report.sheet(found).startswith(b"\x89PNG")


def test_test_rows_are_never_trained_or_chosen_on():
    data = load("wine")
    test = set_aside(data, 0)
    splits = split(data, seeds=3, seed=5, test=test)
    for i in range(3):
        assert set(splits.test[i]) == set(test)
        parts = [splits.train[i], splits.validation[i], splits.test[i]]
        assert sorted(np.concatenate(parts)) == list(range(len(data.target)))
    assert set(splits.validation[0]) != set(splits.validation[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--family", "huber"], "no family for this task is called 'huber'"),
        (["--population", "3"], "must be a whole number from 4 on"),
        (["--budget", "20"], "does not pay for one generation"),
        (["--budget", "200", "--generations", "3"], "not allowed with argument"),
        (["--strategy", "luck"], "no strategy is called 'luck'"),
        (["--strategy", "evosax:CMA_ES"], "evosax is not installed"),
        (["--outliers", "0.1"], "outliers need a regression"),
        (["--resume", "--output", "x.py"], "x.py is a file, not a folder"),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else "",
)
def test_misuse_is_one_line_and_writes_nothing(arguments, message, tmp_path, capsys):
    if "x.py" in arguments:
        Path("x.py").write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert main(["search", "wine", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("jaxloss: error: ")
    assert error.count("\n") == 1
    assert message in error
    assert sorted(tmp_path.rglob("*")) == before


def test_help_names_every_family_with_numbers(capsys):
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for name, family in FAMILIES.items():
        assert not family.size or name in printed, name
