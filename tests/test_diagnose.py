"""`jaxloss diagnose`: logs as others write them, what is said of them, and every misuse."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jaxloss.analysis.plots import diagnosis_figure
from jaxloss.analysis.verdict import diagnose
from jaxloss.lab import output
from jaxloss.lab.cli import main
from jaxloss.lab.errors import DataError
from jaxloss.lab.logs import read_log

PNG = b"\x89PNG\r\n\x1a\n"
TIME = np.arange(40.0)
TRAIN = 0.02 + 2 * np.exp(-TIME / 8)
OVERFIT = 0.3 + 1.8 * np.exp(-TIME / 5) + 0.02 * np.clip(TIME - 10, 0, None)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name, *rows):
    """A file of these rows; cells are joined by commas."""
    Path(name).write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    return Path(name)


def keras(name="keras.csv"):
    """As the CSVLogger of Keras: one row for each epoch, accuracies beside the losses."""
    head = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
    return write(name, head, *zip(TIME, TIME, TRAIN, TIME, OVERFIT, strict=True))


def test_keras_log():
    log = read_log(keras())
    assert log.columns == ("epoch", "loss", "val_loss")
    assert log.steps == pytest.approx(TIME)
    assert log.train == pytest.approx(TRAIN)
    assert log.validation == pytest.approx(OVERFIT)
    assert log.notes == ()


def test_lightning_log_with_several_rows_for_one_step():
    rows = []
    for epoch in range(8):
        rows += [(epoch, 10 * epoch + i, 0.5 + i, "", "") for i in range(0, 10, 2)]
        rows += [
            (epoch, 10 * epoch + 9, "", "", 20 + epoch),
            (epoch, 10 * epoch + 9, "", epoch, ""),
        ]
    head = ("epoch", "step", "train_loss_step", "train_loss_epoch", "val_loss")
    log = read_log(write("metrics.csv", head, *rows))
    assert log.columns == ("step", "train_loss_epoch", "val_loss")
    assert log.steps.tolist() == [10 * epoch + 9 for epoch in range(8)]
    assert log.train.tolist() == list(range(8))
    assert log.validation.tolist() == [20 + epoch for epoch in range(8)]
    assert log.notes == ()


def test_loss_that_is_logged_more_often_is_averaged_over_the_stretch_before():
    rows = [(step, step, 100 + step if step % 10 == 0 else "") for step in range(1, 61)]
    log = read_log(write("run.csv", ("step", "train_loss", "valid_loss"), *rows))
    assert log.steps.tolist() == [10, 20, 30, 40, 50, 60]
    assert log.train.tolist() == [5.5, 15.5, 25.5, 35.5, 45.5, 55.5]
    assert log.validation.tolist() == [110, 120, 130, 140, 150, 160]
    assert log.notes == (
        "training loss at 60 steps, validation loss at 6: each training loss is the mean over the "
        "stretch up to its validation loss",
    )


def test_validation_may_be_the_one_that_is_logged_more_often():
    rows = [(step, step if step % 5 == 0 else "", step) for step in range(1, 41)]
    log = read_log(write("run.csv", ("step", "train_loss", "valid_loss"), *rows))
    assert log.train.tolist() == [5, 10, 15, 20, 25, 30, 35, 40]
    assert log.validation.tolist() == [3, 8, 13, 18, 23, 28, 33, 38]


def test_validation_before_any_training_is_left_out():
    rows = [(0, "", 9)] + [(step, step, step) for step in range(1, 8)]
    log = read_log(write("run.csv", ("step", "train_loss", "val_loss"), *rows))
    assert log.steps.tolist() == list(range(1, 8))


def test_wandb_export_as_tsv():
    run = "clear-sun-12"
    names = ("train/loss", "train/loss__MIN", "train/loss__MAX", "eval/loss", "test/loss")
    lines = ["\t".join(['"Step"', *(f'"{run} - {name}"' for name in names)])]
    lines += [
        "\t".join(f'"{cell}"' for cell in (step, step / 2, 0, 1, "" if step % 4 else step, ""))
        for step in range(40)
    ]
    Path("export.tsv").write_text("\n".join(lines))
    log = read_log(Path("export.tsv"))
    assert log.columns == ("Step", f"{run} - train/loss", f"{run} - eval/loss")
    assert log.validation.tolist() == list(range(0, 40, 4))


def test_lines_of_json_with_a_summary_at_the_end_and_a_row_half_written():
    rows = []
    for step in range(10, 110, 10):
        rows += [
            {"loss": 1 / step, "lr": 1e-3, "step": step},
            {"eval_loss": 2 / step, "step": step},
        ]
    rows.append({"train_loss": 0.5, "step": 100, "eval_loss": None})
    text = "".join(json.dumps(row) + "\n" for row in rows) + '{"loss": 0.0'
    Path("log.jsonl").write_text(text)
    log = read_log(Path("log.jsonl"))
    assert log.columns == ("step", "loss", "eval_loss")
    assert log.train == pytest.approx([1 / step for step in range(10, 110, 10)])


@pytest.mark.parametrize(
    ("head", "columns"),
    [
        ("iter;train;validation", ("iter", "train", "validation")),
        ("Epoch;Training Loss;Validation Loss", ("Epoch", "Training Loss", "Validation Loss")),
        ("global_step;trainLoss;valLoss", ("global_step", "trainLoss", "valLoss")),
        ("steps;loss/train;loss/dev", ("steps", "loss/train", "loss/dev")),
        ("trainer/global_step;loss;test_loss", ("trainer/global_step", "loss", "test_loss")),
        ("when;nll;val_nll", (None, "nll", "val_nll")),
        ("epoch;reg_loss;total_loss;val_reg_loss;val_loss", ("epoch", "total_loss", "val_loss")),
        ("_step;loss_scale;loss;test_loss;val_loss", ("_step", "loss", "val_loss")),
    ],
)
def test_names_of_columns(head, columns):
    count = head.count(";") + 1
    lines = [";".join([str(i)] * count) for i in range(8)]
    Path("a.csv").write_text("\n".join([head, *lines]))
    log = read_log(Path("a.csv"))
    assert log.columns == columns
    assert ("no column of steps: rows are counted" in log.notes) == (columns[0] is None)


def test_steps_that_begin_anew_in_each_epoch_are_no_steps():
    rows = [(epoch, batch, 10 * epoch + batch, epoch) for epoch in range(6) for batch in range(3)]
    log = read_log(write("a.csv", ("epoch", "batch", "loss", "val_loss"), *rows))
    assert log.columns[0] == "epoch"
    assert log.train.tolist() == [10 * epoch + 1 for epoch in range(6)]
    assert "'loss' has several values at 6 steps: averaged" in log.notes


def test_rows_that_go_back_are_sorted():
    rows = [(step, step, step) for step in (5, 6, 7, 8, 1, 2, 3, 4)]
    log = read_log(write("a.csv", ("step", "loss", "val_loss"), *rows))
    assert log.train.tolist() == list(range(1, 9))
    assert "'step' goes back in places: rows are sorted by it" in log.notes


def test_uneven_steps_are_said():
    rows = [(2**i, i, i) for i in range(8)]
    log = read_log(write("a.csv", ("step", "loss", "val_loss"), *rows))
    assert log.notes == ("steps are unevenly spaced: slopes are by point, not by step",)


def test_nan_between_validations_is_a_gap_and_at_the_end_a_broken_loss():
    head = ("step", "loss", "val_loss")
    between = [(s, s, "nan" if s % 5 else s) for s in range(48)]
    log = read_log(write("a.csv", head, *between))
    assert log.validation.tolist() == list(range(0, 48, 5))
    assert log.notes[0] == "NaN in 38 rows of 'val_loss' is taken as not measured"
    broke = [(s, "NaN" if s >= 30 else s, s) for s in range(48)]
    log = read_log(write("a.csv", head, *broke))
    assert np.isnan(log.train[30:]).all()
    assert diagnose(log.train, log.validation, steps=log.steps).numbers == {"step": 30}
    assert log.notes == ("'loss' is no longer finite from step 30 on",)


def test_loss_that_broke_after_the_last_validation():
    rows = [(s, s if s < 33 else "inf", s if s % 5 == 0 and s <= 30 else "") for s in range(1, 35)]
    log = read_log(write("a.csv", ("step", "loss", "val_loss"), *rows))
    assert log.steps.tolist() == [5, 10, 15, 20, 25, 30, 33]
    verdict = diagnose(log.train, log.validation, steps=log.steps)
    assert (verdict.name, verdict.numbers) == ("diverged", {"step": 33})


def test_verdict_is_printed_with_numbers_source_and_what_to_try(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    keras()
    assert main(["diagnose", "keras.csv"]) == 0
    printed = capsys.readouterr().out
    assert "keras.csv: 'loss' and 'val_loss' by 'epoch', 40 points" in printed
    assert "\noverfitting\n" in printed
    best = int(OVERFIT.argmin())
    assert re.search(rf"stands \d+ % above its best, at step {best},", printed)
    assert f"Next: Stop at step {best}" in printed
    assert "Source: Prechelt 1998" in printed
    line = next(line for line in printed.splitlines() if "half-life" in line)
    assert float(line.split()[2]) == pytest.approx(8 * np.log(2), rel=1e-2)
    line = next(line for line in printed.splitlines() if line.startswith(" best loss"))
    assert line.split()[2:] == [f"{TRAIN.min():.4f}", f"{OVERFIT.min():.3f}"]
    assert "Picture: keras.png" in printed
    assert Path("keras.png").read_bytes().startswith(PNG)


def test_target_baseline_columns_and_picture_can_be_told(capsys):
    level = 1 + np.exp(-TIME / 3)
    rows = zip(TIME, level, level + 0.01, strict=True)
    write("log.csv", ("n", "first", "second"), *rows)
    columns = ["--step", "n", "--train", "first", "--validation", "second"]
    more = ["--baseline", "2.3", "--target", "0.4", "--output", "p.png", "--theme", "dark"]
    assert main(["diagnose", "log.csv", *columns, *more]) == 0
    assert "\nunderfitting\n" in capsys.readouterr().out
    assert sorted(path.name for path in Path().iterdir()) == ["log.csv", "p.png"]
    assert main(["diagnose", "log.csv", *columns, "--output", "p.png"]) == 0  # one of ours
    printed = capsys.readouterr().out
    assert "\nhealthy\n" in printed
    assert "only --target LOSS can tell" in printed


def test_diverged_run_is_drawn_and_printed(capsys):
    rows = [(s, "nan" if s > 20 else 1 / (1 + s), 1 / (1 + s)) for s in range(40)]
    write("a.csv", ("step", "loss", "val_loss"), *rows)
    assert main(["diagnose", "a.csv"]) == 0
    printed = capsys.readouterr().out
    assert "A loss is no longer finite from step 21 on." in printed
    assert "not known" in printed
    assert Path("a.png").exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_picture_of_losses_over_decades_and_below_zero(theme):
    for loss in (1e9 ** -(TIME / 39), TRAIN - 5, np.full(40, np.nan)):
        verdict = diagnose(loss, loss)
        drawn = diagnosis_figure(TIME, loss, loss, verdict, name="a", baseline=2.0, theme=theme)
        assert drawn.startswith(PNG)


def prepare_files():
    """Files for the misuses below."""
    keras("good.csv")
    head = ("step", "loss", "val_loss")
    write("short.csv", head, *[(s, s, s if s < 3 else "") for s in range(20)])
    write("boxes.csv", ("epoch", "train/box_loss", "train/cls_loss", "val/loss"), *[[1] * 4] * 9)
    write("numbers.csv", *[(s, s, s) for s in range(9)])
    write("text.csv", head, *[(s, "low", s) for s in range(9)])
    write("gaps.csv", head, *[(s, "", s) for s in range(9)])
    write("twice.csv", ("loss", "loss", "val_loss"), *[(1, 2, 3)] * 9)
    write("ragged.csv", head, (1, 2, 3), (1, 2, 3, 4))
    write("head.csv", head)
    write("alone.csv", ("step", "loss"), *[(s, s) for s in range(9)])
    write("list.jsonl", *[('{"loss": 1}',), ("[1]",), ('{"loss": 1}',)])
    Path("quote.csv").write_text('a,b\n"1,2\n')
    Path("empty.csv").write_text("\n\n")
    Path("latin.csv").write_bytes("step,loss,val_loss\n1,2,é\n".encode("latin-1"))
    Path("mine.png").write_bytes(b"a holiday picture")


MISUSES = [
    (["nothing.csv"], "nothing.csv does not exist"),
    (["goud.csv"], "goud.csv does not exist; did you mean 'good.csv'?"),
    (["."], "is a folder, not a file"),
    (["empty.csv"], "empty.csv is empty"),
    (["head.csv"], "head.csv has column names but no rows"),
    (["latin.csv"], "latin.csv is not text in UTF-8"),
    (["quote.csv"], "quote.csv is not a well-formed CSV file: unexpected end of data"),
    (["ragged.csv"], "rows have more cells (4) than the first line (3)"),
    (["numbers.csv"], "the first line of numbers.csv holds numbers"),
    (["twice.csv"], "twice.csv has two columns called 'loss': rename one"),
    (["list.jsonl"], "line 2 of list.jsonl is no JSON object"),
    (["text.csv"], "column 'loss' of text.csv holds 'low' in row 1, which is no number"),
    (["gaps.csv", "--train", "loss"], "column 'loss' of gaps.csv holds no numbers"),
    (["alone.csv"], "no column of alone.csv looks like the validation loss: say which with"),
    (["boxes.csv"], "like the train loss: say which with --train (train/box_loss, train/cls_loss)"),
    (["short.csv", "--validation", "val_loss"], "20 values of 'loss' and 3 of 'val_loss'"),
    (["good.csv", "--train", "los"], "good.csv has no column 'los'; did you mean 'loss'"),
    (["good.csv", "--validation", "val_lss"], "no column 'val_lss'; did you mean 'val_loss'"),
    (["good.csv", "--step", "epok"], "no column 'epok'; did you mean 'epoch'?"),
    (["good.csv", "--train", "val_loss"], "'val_loss' cannot be training and validation loss"),
    (["good.csv", "--baseline", "much"], "argument --baseline: must be a number, got much"),
    (["good.csv", "--target", "inf"], "argument --target: must be a finite number, got inf"),
    (["good.csv", "--theme", "blue"], "argument --theme: invalid choice"),
    (["good.csv", "--output", "a.jpg"], "pictures are PNG files"),
    (["good.csv", "--output", "mine.png"], "not a picture of ours"),
    (["good.csv", "--output", "nowhere/a.png"], "nowhere is no folder"),
    ([], "the following arguments are required: LOG"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES, ids=[" ".join(m[0]) for m in MISUSES])
def test_misuse_is_one_line_and_nothing_is_written(arguments, message, capsys, monkeypatch):
    def never(*_, **__):
        raise AssertionError("wrote in spite of misuse")

    monkeypatch.setattr(output, "write_all", never)
    prepare_files()
    before = {path: path.read_bytes() for path in Path().iterdir()}
    assert main(["diagnose", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("jaxloss: error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert {path: path.read_bytes() for path in Path().iterdir()} == before


def test_file_that_may_not_be_read(monkeypatch):
    keras()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(DataError, match=r"keras.csv cannot be read: Permission denied"):
        read_log(Path("keras.csv"))


def test_help_imports_no_heavy_package():
    code = (
        "import sys; from jaxloss.lab.cli import main\n"
        "try: main(['diagnose', '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(sorted({'rich', 'matplotlib', 'sklearn', 'pandas'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert "--validation" in run.stdout
