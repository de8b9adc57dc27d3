"""The command line: what it writes, what it prints, and one line for every misuse."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jaxloss import catalogue, migration
from jaxloss.lab import output, report, verbs
from jaxloss.lab.cli import main
from jaxloss.lab.shapes import shapes

QUICK = ["--steps", "40", "--hidden", "8", "--seeds", "2"]
ROOT = Path(__file__).parents[1]
FILES = {"results.json", "curves.png", "report.html"}
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of one finished run on wine with label noise."""
    folder = tmp_path_factory.mktemp("run") / "results"
    losses = "softmax_cross_entropy,crammer_singer:margin=2,absolute_error"
    arguments = ["compare", "wine", "--label-noise", "0.2", "--losses", losses, *QUICK]
    assert main([*arguments, "--output", str(folder)]) == 0
    return folder


def test_three_files_and_nothing_else(finished):
    assert {path.name for path in finished.iterdir()} == FILES
    assert (finished / "curves.png").read_bytes().startswith(PNG)


def test_results_hold_every_figure_and_curve(finished):
    found = json.loads((finished / "results.json").read_text())
    assert found["made_by"] == "jaxloss compare"
    assert found["command"].startswith("jaxloss compare wine --label-noise 0.2")
    assert set(found["versions"]) >= {"jaxloss", "python", "jax", "optax", "numpy"}
    assert found["plan"]["seeds"] == 2
    assert found["plan"]["hidden"] == [8]
    assert found["corruption"] == {"label_noise": 0.2, "imbalance": 1.0, "outliers": 0.0}
    assert found["recorded_steps"][0] == 0
    assert found["recorded_steps"][-1] == 40
    assert {result["loss"] for result in found["results"]} == {
        "classification.softmax_cross_entropy",
        "margin.crammer_singer:margin=2",
        "regression.absolute_error (on probabilities)",
    }
    for result in found["results"]:
        for curve in result["curves"].values():
            assert np.array(curve, float).shape == (2, len(found["recorded_steps"]))
        accuracy = result["figures"]["accuracy"]
        assert accuracy["mean"] == pytest.approx(np.mean(accuracy["seeds"]))
        expected = np.std(accuracy["seeds"], ddof=1) / np.sqrt(2)
        assert accuracy["error"] == pytest.approx(expected)
        assert result["verdict"]["reason"]
    means = [result["figures"]["accuracy"]["mean"] for result in found["results"]]
    assert means == sorted(means, reverse=True)


class Page(HTMLParser):
    """Collects what a report asks for, and checks that its elements close."""

    EMPTY = ("meta", "img", "source", "wbr")

    def __init__(self):
        super().__init__()
        self.open, self.addresses, self.images = [], [], 0

    def handle_starttag(self, tag, attrs):
        self.images += tag in ("img", "source")
        self.addresses += [v for k, v in attrs if k in ("src", "srcset", "href") and v]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_report_is_one_self_contained_page(finished):
    text = (finished / "report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.images == 2 * (1 + 3)  # the metric and three losses, on light and dark ground
    assert all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "@import" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    plain = re.sub(r"<[^>]+>", "", text).replace("&nbsp;", " ")
    found = json.loads((finished / "results.json").read_text())
    assert found["answer"] in plain
    assert found["command"] in plain
    for result in found["results"]:
        assert result["verdict"]["name"] in plain
        assert result["verdict"]["reason"].replace("'", "&#x27;") in plain
    assert "20 % of the labels (21) were replaced by another class" in plain


def test_names_from_data_are_escaped(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=60), "<b>&": np.resize(["<i>", "b"], 60)})
    frame.to_csv("a.csv", index=False)
    losses = ["--losses", "margin.hinge", "--output", "out"]
    assert main(["compare", "a.csv", "--target", "<b>&", *losses, *QUICK]) == 0
    text = (tmp_path / "out" / "report.html").read_text()
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text


def test_same_command_gives_the_same_results_and_overwrites_only_our_files(finished, tmp_path):
    first = json.loads((finished / "results.json").read_text())
    (tmp_path / "again").mkdir()
    for name in FILES:
        (tmp_path / "again" / name).write_bytes((finished / name).read_bytes())
    command = first["command"].split()[1:-1]
    assert main([*command, str(tmp_path / "again")]) == 0
    assert {path.name for path in (tmp_path / "again").iterdir()} == FILES
    second = json.loads((tmp_path / "again" / "results.json").read_text())
    assert second["command"] != first["command"]  # the other folder: it was written anew
    assert second["results"] == first["results"]


def test_own_table_works_like_a_bundled_set(tmp_path, capsys):
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "blue"], 80)
    size = rng.normal(size=80)
    frame = pd.DataFrame({"size": size, "colour": colour})
    frame["price"] = 5 * size + 3 * (colour == "red") + rng.normal(size=80)
    frame.to_csv("houses.csv", index=False)
    arguments = ["compare", "houses.csv", "--target", "price", "--outliers", "0.1", *QUICK]
    assert main([*arguments, "--losses", "squared_error,huber:delta=0.5"]) == 0
    printed = capsys.readouterr().out
    assert "task regression" in printed
    assert "one-hot encoded: 'colour' (2)" in printed
    assert "mean absolute error" in " ".join(printed.split())
    assert (tmp_path / "jaxloss-results" / "report.html").exists()


def test_quiet_prints_the_answer_and_the_report(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    arguments = ["compare", "breast_cancer", "--losses", "savage", *QUICK]
    assert main([*arguments, "--quiet"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("On breast_cancer, ")
    assert lines[1].startswith("Report: jaxloss-results")


def table(path, rows=50, **columns):
    frame = pd.DataFrame({"size": np.arange(rows) % 7, "price": np.arange(rows) * 1.5} | columns)
    frame.to_csv(path, index=False)


def prepare_files():
    """Files for the misuses below."""
    table("good.csv")
    gaps = np.where(np.arange(50) < 3, np.nan, 1.0)
    table("gaps.csv", width=gaps)
    table("words.csv", name=[f"house {i}" for i in range(50)])
    table("single.csv", kind=["same"] * 50)
    with open("ragged.csv", "w") as file:
        file.write("a,b\n1,2\n1,2,3,4\n")
    open("empty.csv", "w").close()


MISUSES = [
    (["compare", "nothing.csv"], "nothing.csv does not exist"),
    (["compare", "good.cvs"], "files are read by suffix"),
    (["compare", "good.csv", "--target", "prise"], "no column 'prise'; did you mean 'price'?"),
    (["compare", "good.csv"], "say which column of good.csv is the target with --target"),
    (["compare", "words.csv", "--target", "name"], "holds text with 50 distinct values"),
    (["compare", "gaps.csv", "--target", "price"], "has 3 cells without a value"),
    (["compare", "single.csv", "--target", "kind"], "has one class only ('same')"),
    (["compare", "ragged.csv", "--target", "a"], "is not a well-formed CSV file"),
    (["compare", "empty.csv", "--target", "a"], "empty.csv is empty"),
    (["compare", "--target", "a"], "a bundled set with a target of its own"),
    (["compare", "--losses", "softmax_cros_entropy"], "did you mean"),
    (["compare", "--losses", "regression.huber,margin.hinge"], "margin.hinge does not fit"),
    (["compare", "--losses", ""], "--losses is empty"),
    (["compare", "--steps", "-5"], "argument --steps: must be a whole number from 10 on, got -5"),
    (["compare", "--seeds", "0"], "argument --seeds: must be a whole number from 1 on, got 0"),
    (["compare", "--seeds", "2.5"], "argument --seeds: must be a whole number from 1 on, got 2.5"),
    (["compare", "--batch-size", "0"], "argument --batch-size"),
    (["compare", "--learning-rate", "-1"], "argument --learning-rate: must be a positive number"),
    (["compare", "--learning-rate", "nan"], "argument --learning-rate: must be a positive number"),
    (["compare", "--hidden", "64,x"], "argument --hidden: must be widths such as 64,64"),
    (["compare", "--label-noise", "1.0"], "must be a share in [0, 1), got 1.0"),
    (["compare", "--label-noise", "-0.1"], "must be a share in [0, 1), got -0.1"),
    (["compare", "--imbalance", "0"], "must be a share in (0, 1], got 0"),
    (["compare", "--outliers", "0.1"], "outliers need a regression, but digits is multiclass"),
    (["compare", "diabetes", "--imbalance", "0.5"], "imbalance needs classes"),
    (["compare", "diabetes", "--task", "binary"], "too many to be classes|needs 2 classes"),
    (["compare", "--task", "ranking"], "argument --task: invalid choice"),
    (["compare", "--output", "good.csv"], "good.csv is a file, not a folder"),
    (["compare", "--output", "good.csv/deeper"], "good.csv is a file, not a folder"),
    (["compare", "--output", "/proc/results"], "cannot write to /proc/results"),
    (["compare", "--output", "."], "holds files that are not ours"),
    (["compare", "--epochs", "5"], "unrecognized arguments: --epochs"),
    (["train"], "invalid choice: 'train'"),
    (["list", "robusst"], "no family is called 'robusst'; did you mean 'robust'?"),
    (["list", "optax"], "optax is a library: write `jaxloss list --from optax`"),
    (["list", "--from", "toch"], "no library is called 'toch'; did you mean 'torch'"),
    (["show"], "the following arguments are required: NAME"),
    (["show", "hubr"], "did you mean"),
    (["show", "huber", "--set", "delta"], "write a hyperparameter as name=value"),
    (["show", "huber", "--set", "gamma=1"], "no number called 'gamma'"),
    (["show", "huber", "--output", "a.jpg"], "pictures are PNG files"),
    (["show", "huber", "--output", "nowhere/a.png"], "nowhere is no folder"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES, ids=[" ".join(m[0]) for m in MISUSES])
def test_misuse_is_one_line_before_anything_happens(
    arguments, message, tmp_path, capsys, monkeypatch
):
    def never(*_, **__):
        raise AssertionError("trained or wrote in spite of misuse")

    monkeypatch.setattr("jaxloss.lab.compare.train", never)
    monkeypatch.setattr(output, "write_all", never)
    prepare_files()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("jaxloss: error: ")
    assert any(part in printed.err for part in message.split("|")), printed.err
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_misuse_of_the_installed_command_ends_with_code_2():
    run = subprocess.run(
        [sys.executable, "-m", "jaxloss", "compare", "nothing.csv"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 2
    assert run.stderr == "jaxloss: error: nothing.csv does not exist\n"
    assert run.stdout == ""


def test_help_imports_no_heavy_package():
    code = (
        "import sys; from jaxloss.lab.cli import main\n"
        "try: main(['compare', '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'rich', 'matplotlib', 'sklearn', 'pandas', 'pyarrow', 'scipy.stats'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.splitlines()[-1] == "[]"
    assert "--label-noise" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [(["list"], "rich"), (["show", "huber"], "matplotlib"), (["compare"], "sklearn")],
)
def test_missing_extra_says_how_to_install_it(arguments, missing, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(arguments) == 2
    expected = f"needs {missing}, which is not installed: pip install 'jaxloss[lab]'\n"
    assert capsys.readouterr().err.endswith(expected)


def test_files_of_others_are_never_overwritten(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.json").write_text('{"mine": 1}')
    assert main(["compare", "--output", "out"]) == 2
    assert "but not from `jaxloss compare`" in capsys.readouterr().err
    assert (tmp_path / "out" / "results.json").read_text() == '{"mine": 1}'
    (tmp_path / "regression.huber.png").write_bytes(b"a holiday picture")
    assert main(["show", "huber"]) == 2
    assert "not a picture of ours" in capsys.readouterr().err
    assert (tmp_path / "regression.huber.png").read_bytes() == b"a holiday picture"


def test_failing_run_leaves_earlier_results_alone(tmp_path, capsys, monkeypatch):
    arguments = ["compare", "wine", "--losses", "squentropy", *QUICK, "--output", "out"]
    assert main(arguments) == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()

    def fail(failure):
        def stop(*_, **__):
            raise failure

        return stop

    monkeypatch.setattr(report, "page", fail(RuntimeError("no picture")))
    with pytest.raises(RuntimeError):
        main(arguments)
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    capsys.readouterr()
    monkeypatch.setattr("jaxloss.lab.compare.train", fail(KeyboardInterrupt()))
    assert main(arguments) == 130
    assert capsys.readouterr().err == "jaxloss: interrupted, nothing was written\n"
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_failing_write_leaves_no_temporary_files(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").mkdir()  # a file cannot be renamed over a folder
    (tmp_path / "out" / "report.html" / "x").touch()
    files = {"report.html": b"new"}
    with pytest.raises(verbs.LabError, match="cannot write"):
        output.write_all(tmp_path / "out", files)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_list_shows_every_loss(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(f" {row.name} " in printed for row in catalogue.LOSSES)
    assert f"{len(catalogue.LOSSES)} losses" in printed
    assert main(["list", "margin"]) == 0
    printed = capsys.readouterr().out
    assert "margin.hinge" in printed
    assert "regression.huber" not in printed


@pytest.mark.parametrize("library", catalogue.LIBRARIES)
def test_migration_tables(library, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["list", "--from", library]) == 0
    printed = capsys.readouterr().out
    names = migration.NAMES[library]
    assert f"{len(names)} losses of {library}" in printed
    for theirs, text in names.items():
        ours, _, difference = text.partition(": ")
        assert theirs in printed
        assert ours in printed
        assert difference in printed


def test_show_prints_and_draws(tmp_path, capsys):
    assert main(["show", "huber"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "regression.huber" in printed
    assert "delta * (abs(error) - delta / 2)" in printed
    assert "doi:10.1214/aoms/1177703732" in printed
    assert f"in optax {catalogue.find('huber').elsewhere['optax'].partition(': ')[0]}" in printed
    # Value 4.5 and slope 1 at an error of 5 with delta 1.
    assert re.search(r"value \(delta = 1\) 4\.50 2\.00 0 2\.00 4\.50", printed)
    assert re.search(r"gradient -1\.00 -1\.00 0 1\.00 1\.00", printed)
    assert (tmp_path / "regression.huber.png").read_bytes().startswith(PNG)
    assert main(["show", "regression.huber", "--set", "delta=2", "--output", "h.png"]) == 0
    assert "value (delta = 2) 8.00" in " ".join(capsys.readouterr().out.split())
    assert main(["show", "huber", "--output", "h.png"]) == 0  # a picture of ours may be replaced


FIRST_OF_A_KIND = {row.reads: row for row in reversed(catalogue.LOSSES)}


@pytest.mark.parametrize("reads", FIRST_OF_A_KIND, ids=" ".join)
def test_every_kind_of_loss_has_a_curve_and_its_slope(reads):
    row = FIRST_OF_A_KIND[reads]
    drawn, axis = shapes(row, {})
    assert axis
    for shape in drawn:
        assert np.isfinite(shape.value).all()
        rises = np.diff(shape.value)
        by_slope = (shape.gradient[1:] + shape.gradient[:-1]) / 2 * np.diff(shape.x)
        # The gradient belongs to the curve, but for kinks between two points, of which a histogram
        # has one at each of its bins, and but for losses that hold a part constant.
        off = np.abs(rises - by_slope) > 0.02 * np.abs(rises).max() + 1e-5
        assert off.sum() < 0.1 * off.size or "held" in row.claims
