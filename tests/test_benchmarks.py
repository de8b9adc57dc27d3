"""The benchmarks: every verb on tiny sizes, what files and tables hold, and one line for misuse."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

import jaxloss as jl
from benchmarks import (
    cases,
    machine,
    peers,
    readme,
    results,
    run,
    studies,
    tables,
    timing,
)
from benchmarks.__main__ import main
from benchmarks.comparisons import COMPARISONS, large
from benchmarks.results import FLOOR, Measured, Result, Row
from benchmarks.timing import Competitor, compiled, interleave, matmul_flops
from jaxloss import catalogue

ROOT = Path(__file__).parents[1]
PNG = b"\x89PNG\r\n\x1a\n"
LOSSES = "huber,softmax_cross_entropy,auc"
# What needs no other library than optax; of fused, all schedules.
OURS = "jaxloss,jaxloss tokens,jaxloss vocab,jaxloss materialize,jaxloss linear"
QUICK = {
    "catalogue": ["--losses", LOSSES],
    "elementwise": ["--systems", "jaxloss,optax"],
    "softmax": ["--systems", "jaxloss,optax"],
    "fused": ["--systems", f"optax,checkpointed,{OURS}"],
    "contrastive": ["--systems", "jaxloss,jaxloss plain"],
    "sorted": [],
    "ctc": ["--systems", "jaxloss,optax"],
    "transducer": ["--systems", "jaxloss,jaxloss plain"],
    "answers": ["--systems", "jaxloss,jaxloss plain"],
    "vision": ["--systems", "jaxloss,jaxloss fused"],
    "sinkhorn": ["--systems", "jaxloss"],
    "soft_dtw": ["--systems", "jaxloss"],
    "growth": [],
}


def measured(seconds, *, spread=0.1, **more):
    quartiles = (seconds * (1 - spread / 2), seconds * (1 + spread / 2))
    return Measured(seconds, quartiles, 5, **more)


def row(seconds=2e-3, *, name="regression.huber", sizes=None, labels=None, **systems):
    found = {
        FLOOR: measured(1e-3),
        "jaxloss": measured(seconds, value=1.0, temp_bytes=4096, flops=1e6),
        **systems,
    }
    return Row(name, sizes or {"elements": 1024}, labels or {}, 12288, 4096, found)


def result(*rows, benchmark="elementwise", **changes):
    where = {"device": "cpu", "platform": "cpu", "processor": "Some CPU", "cores": 2}
    made = Result(
        benchmark=benchmark,
        command="python -m benchmarks",
        environment={**where, "packages": {"jax": "0.10.2", "jaxlib": "0.10.2"}},
        machine={"stream_bytes_per_second": 7e9},
        absent={},
        notes={},
        complete=True,
        rows=rows or (row(),),
    )
    return replace(made, **changes)


def sweep_rows():
    labels = {"reads": "reals", "levels": "4 settings"}
    for name, ratio in (("regression.huber", 1.5), ("regression.wing", 20.0), ("margin.hinge", 2)):
        for batch in (8, 64):
            sizes = {"batch": batch, "size": 8}
            systems = {"vmapped": measured(1e-3), "one by one": measured(4e-3)}
            yield row(1e-3 * ratio, name=name, sizes=sizes, labels=labels, **systems)


def growth_rows():
    for along in ("tokens", "batch"):
        for size in (16, 32, 64):
            sizes = {along: size, "features": 8}
            yield row(1e-5 * size, name="fused.clip", sizes=sizes, labels={"along": along})


@pytest.fixture
def saved(tmp_path):
    def save(made, name="result.json"):
        results.write(made, tmp_path / name)
        return str(tmp_path / name)

    return save


@pytest.mark.parametrize("verb", QUICK)
def test_quick_measures_writes_and_prints(verb, tmp_path, capsys):
    file = tmp_path / "result.json"
    assert main([verb, "--quick", "--output", str(file), *QUICK[verb]]) == 0
    printed = capsys.readouterr()
    found = results.read(file)
    assert found.complete
    assert found.benchmark == verb
    assert found.machine["stream_bytes_per_second"] > 0
    assert found.environment["device"] == jax.devices()[0].device_kind
    assert set(found.environment["packages"]) >= {"jax", "jaxlib", "optax"}
    assert printed.out.strip() == tables.tables([found])
    assert printed.err.count("benchmarks: [") == len(found.rows) > 0
    for one in found.rows:
        assert not one.failed
        assert not tables.differing(one), {k: s.value for k, s in one.systems.items()}
        assert {FLOOR, "jaxloss"} < {FLOOR, "", *one.systems}
        for system in one.systems.values():
            assert 0 < system.quartiles[0] <= system.seconds <= system.quartiles[1]
            assert system.rounds == 3


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("verb", ["elementwise", "softmax", "fused", "contrastive", "ctc"])
def test_torch_does_the_same_work(verb, tmp_path):
    file = tmp_path / "result.json"
    command = [sys.executable, "-m", "benchmarks", verb, "--quick", "--rounds", "1"]
    command += ["--systems", "jaxloss,torch", "--output", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found = results.read(file)
    assert any("torch" in one.systems for one in found.rows)
    assert not any(tables.differing(one) or one.failed for one in found.rows)


def test_the_catalogue_is_measured_by_the_names_that_it_has(capsys):
    assert main(["catalogue", "--quick", "--losses", "huber", "--batch", "8", "--levels", "3"]) == 0
    printed = capsys.readouterr()
    assert "for 3 settings of all float hyperparameters" in printed.out
    assert printed.out.count("| `regression.huber` | reals | 8 x 8 |") == 1


def test_a_batch_is_halved_until_it_is_not_too_large(monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.sweep.LARGEST_ARGUMENTS", 1024)
    file = tmp_path / "result.json"
    options = ["--losses", "huber", "--batch", "4,64,128", "--output", str(file)]
    assert main(["catalogue", "--quick", *options]) == 0
    assert [one.sizes["batch"] for one in results.read(file).rows] == [4, 16]


def test_a_loss_that_breaks_leaves_the_others(monkeypatch, tmp_path, capsys):
    def broken(logits, target):
        raise ValueError("broken")

    rows = [replace(catalogue.find("huber"), loss=loss) for loss in (broken, jl.regression.huber)]
    monkeypatch.setattr("benchmarks.sweep.chosen", lambda _: rows)
    file = tmp_path / "result.json"
    assert main(["catalogue", "--quick", "--output", str(file)]) == 1
    printed = capsys.readouterr()
    assert "ValueError: broken" in printed.out
    assert "jaxloss failed: ValueError: broken" in printed.err
    assert [len(one.systems) for one in results.read(file).rows] == [0, 4, 4]


def test_results_are_read_as_they_were_written(saved):
    made = result(row(), *sweep_rows(), absent={"keras": "not installed"})
    path = saved(made)
    assert results.read(Path(path)) == made
    held = json.loads(Path(path).read_text())
    assert held["schema"] == results.SCHEMA
    assert held["rows"][0]["systems"]["jaxloss"]["temp_bytes"] == 4096
    assert "temp_bytes" not in held["rows"][0]["systems"][FLOOR]


def test_interrupted_runs_keep_their_rows(monkeypatch, tmp_path, capsys):
    def rows(*_):
        yield row()
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "rows", rows)
    file = tmp_path / "result.json"
    assert main(["elementwise", "--quick", "--systems", "jaxloss", "--output", str(file)]) == 130
    assert capsys.readouterr().err.splitlines()[-1].startswith("benchmarks: interrupted")
    assert len(results.read(file).rows) == 1
    assert main(["table", str(file)]) == 0
    assert "interrupted" in capsys.readouterr().out


def breaking(system, error):
    def loss(*_):
        raise error

    (case,) = cases.softmax(rows=(64,), classes=(10,))
    return lambda **_: [replace(case, entries=(cases.Entry(system, loss),))]


@pytest.mark.parametrize(
    ("system", "error", "code"),
    [
        ("jaxloss", ValueError("broken\nin two"), 1),
        ("jaxloss", MemoryError(), 0),
        ("optax", ValueError("broken"), 0),
    ],
)
def test_what_fails_is_told_and_what_is_ours_counts(system, error, code, monkeypatch, capsys):
    made = replace(COMPARISONS["softmax"], make=breaking(system, error))
    monkeypatch.setitem(COMPARISONS, "softmax", made)
    assert main(["softmax", "--quick"]) == code
    err = capsys.readouterr().err
    assert f"{system} failed: {timing.reason(error)}\n" in err
    assert ("benchmarks: error: 1 failed: classification.softmax" in err) == bool(code)


def test_peers_that_are_not_there_are_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(peers, "absent", lambda name: {"keras": "not installed"}.get(name))
    file = tmp_path / "result.json"
    options = ["--systems", "jaxloss,keras", "--output", str(file)]
    assert main(["elementwise", "--quick", *options]) == 0
    assert results.read(file).absent == {"keras": "not installed"}
    assert "Absent: keras (not installed)." in capsys.readouterr().out


def test_peers_that_need_a_gpu_say_so():
    assert jax.devices()[0].platform == "cpu"
    assert peers.absent("liger") == peers.absent("cut-cross-entropy") == "needs a GPU"


def test_a_loss_that_is_missing_is_an_error_before_anything_runs(monkeypatch, capsys):
    monkeypatch.setattr(large, "LINEAR", "fused.not_there")
    assert main(["fused", "--quick", "--systems", "jaxloss"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "benchmarks: error: this jaxloss has no fused.not_there, which the benchmark measures"
    ]


def test_systems_that_compute_something_else_are_marked():
    other = row(optax=measured(1e-3, value=1.1), torch=measured(1e-3, value=1.0001))
    assert tables.differing(other) == ["optax"]
    text = tables.tables([result(other)])
    assert "1.00\\*" in text
    assert "not the same work" in text


def test_tables_of_elementwise_losses_have_a_column_for_each_system():
    text = tables.tables([result(row(torch=measured(5e-3), optax=measured(3e-3, temp_bytes=8192)))])
    assert text.splitlines() == [
        "cpu (Some CPU), 2 cores, jax 0.10.2. Time as a multiple of the floor;",
        "in brackets temporary memory as a multiple of the first argument.",
        "",
        "| loss | size | floor, ms | jaxloss | optax | torch |",
        "|---|---|---|---|---|---|",
        "| `regression.huber` | 1024 | 1.0 | 2.00 (1.0) | 3.00 (2.0) | 5.00 |",
    ]


def test_tables_of_large_losses_have_a_line_for_each_system():
    one = row(plain=measured(8e-3, temp_bytes=2**21, matmul_flops=16e9))
    one = replace(one, failed={"torch": "out of memory"})
    reached = {"stream_bytes_per_second": 7e9, "matmul_flops_per_second": 1e11}
    text = tables.tables([result(one, benchmark="fused", machine=reached)])
    lines = text.splitlines()
    assert "`x + y` reaches 7 GB/s, a matrix product 100 GFLOP/s." in lines[0]
    assert lines[2].endswith("| temporary | GFLOP in products | GFLOP/s |")
    assert lines[4].startswith("| `regression.huber` | elements 1024 | jaxloss | 2 ms |")
    assert lines[5].endswith("| 4.00 | 2 MiB | 16 | 2e+03 |")
    assert lines[6].startswith("|  |  | torch | out of memory |")
    assert {line.count("|") for line in lines[2:]} == {10}


def test_the_readme_has_the_catalogue_in_short():
    text = tables.summaries([result(*sweep_rows(), benchmark="catalogue")])
    assert text.splitlines()[-2:] == [
        "| `jl.regression` | 2 | 9.3 % | `wing` 5 % | 0.25 |",
        "| `jl.margin` | 1 | 50 % | `hinge` 50 % | 0.25 |",
    ]


def test_the_readme_has_the_ends_of_growth():
    text = tables.summaries([result(*growth_rows(), benchmark="growth")])
    assert [line.split("|")[1].strip() for line in text.splitlines()[4:]] == [
        "`fused.clip`: tokens 64, features 8",
        "`fused.clip`: batch 64, features 8",
    ]


def test_the_readme_says_how_many_times_faster_than_the_first():
    one = row(plain=measured(8e-3, temp_bytes=2**21))
    first = next(name for name in one.systems if name != FLOOR)
    lines = tables.summaries([result(one, benchmark="fused")]).splitlines()
    assert lines[2] == "| loss | system | median | faster | temporary |"
    assert lines[4].startswith(f"| `regression.huber`: elements 1024 | {first} | 2 ms | 1 |")
    assert lines[-1] == "|  | plain | 8 ms | 0.25 | 2 MiB |"


def test_the_readme_is_made_from_results(tmp_path, saved, capsys):
    folder = tmp_path / "results"
    folder.mkdir()
    file = tmp_path / "README.md"
    file.write_text("before\n<!-- begin benchmarks: old -->\nold\n<!-- end benchmarks -->\nafter\n")
    options = ["readme", "--file", str(file), "--results", str(folder)]
    assert main(options) == 2
    assert "no results in" in capsys.readouterr().err
    saved(result(), "results/cpu-elementwise.json")
    assert main([*options, "--check"]) == 1
    assert main(options) == 0
    assert main([*options, "--check"]) == 0
    lines = file.read_text().splitlines()
    assert lines[:2] == ["before", readme.BEGIN]
    assert lines[-2:] == [readme.END, "after"]
    assert tables.tables([result()]) in file.read_text()
    file.write_text("no markers")
    assert main(options) == 2


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (result(row(optax=measured(3e-3))), ["a.png"]),
        (result(row(plain=measured(3e-3)), benchmark="sorted"), ["a.png"]),
        (result(*sweep_rows(), benchmark="catalogue"), ["a.png"]),
        (result(*growth_rows(), benchmark="growth"), ["a-batch.png", "a-tokens.png"]),
    ],
)
def test_every_result_can_be_drawn(made, names, tmp_path, saved):
    folder = tmp_path / "pictures"
    assert main(["plot", saved(made, "a.json"), "--output", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == names
    assert all(path.read_bytes().startswith(PNG) for path in folder.iterdir())


@pytest.mark.parametrize(
    ("old", "new", "more", "code", "verdict"),
    [
        (1e-3, 1e-3, [], 0, "same"),
        # Quartiles of 10 % on both sides and the threshold of 10 % make room for 21 %.
        (1e-3, 1.2e-3, [], 0, "same"),
        (1e-3, 1.22e-3, [], 1, "slower"),
        (1e-3, 1.22e-3, ["--threshold", "0.2"], 0, "same"),
        (1e-3, 0.8e-3, [], 0, "faster"),
    ],
)
def test_compare_tells_what_became_slower(old, new, more, code, verdict, saved, capsys):
    files = [saved(result(row(time)), f"{place}.json") for place, time in enumerate((old, new))]
    assert main(["compare", *files, *more]) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert (
        last == f"| `regression.huber` 1024 | jaxloss | {new / old:.2f} | 10 % | 1.00 | {verdict} |"
    )


def test_compare_can_take_out_the_speed_of_the_machine(saved, capsys):
    slow = row(4e-3)
    slow = replace(slow, systems={**slow.systems, FLOOR: measured(2e-3)})
    files = [saved(result(), "a.json"), saved(result(slow), "b.json")]
    assert main(["compare", *files]) == 1
    assert main(["compare", *files, "--by-floor"]) == 0
    assert "| 1.00 | 20 % |" in capsys.readouterr().out


def test_compare_holds_peers_to_nothing_and_names_what_is_gone(saved, capsys):
    old = result(row(optax=measured(1e-3)), row(name="margin.hinge"))
    new = result(row(optax=measured(9e-3)))
    assert main(["compare", saved(old, "a.json"), saved(new, "b.json")]) == 0
    printed = capsys.readouterr()
    assert "optax" not in printed.out
    assert "not in the new result: `margin.hinge` 1024: jaxloss" in printed.err


def other_device():
    made = result()
    return replace(made, environment={**made.environment, "device": "NVIDIA H200"})


WRONG = {
    "no verb": ([], "required: VERB"),
    "unknown verb": (["fast"], "invalid choice: 'fast'"),
    "no rounds": (["softmax", "--rounds", "0"], "from 1 on, got 0"),
    "bad sizes": (["growth", "--tokens", "1,x"], "from 1 on, got x"),
    "unknown loss": (["catalogue", "--losses", "hubr"], "did you mean regression.huber"),
    "unknown system": (["ctc", "--systems", "torsh"], "did you mean 'torch'"),
    "unknown dtype": (["fused", "--dtype", "int8"], "invalid choice: 'int8'"),
    "no folder": (["softmax", "--output", "none/a.json"], "none is no folder"),
    "a folder": (["softmax", "--output", "."], "is a folder"),
    "not ours": (["softmax", "--output", "text.json"], "no result: choose another --output"),
    "no file": (["table", "none.json"], "cannot read none.json: No such file"),
    "no JSON": (["table", "text.json"], "is not a result: it is no JSON"),
    "other JSON": (["table", "list.json"], "is not a result"),
    "other schema": (["table", "schema.json"], "schema 0, expected 1"),
    "row missing": (["plot", "missing.json", "--output", "p"], "'rows' is missing"),
    "no rows": (["plot", "empty.json", "--output", "p"], "empty.json has nothing to draw"),
    "no time": (["table", "time.json"], "a time of 0.0 seconds"),
    "other machine": (["compare", "a.json", "device.json"], "two machines: device cpu and NVIDIA"),
    "other benchmark": (["compare", "a.json", "b.json"], "elementwise with one of sorted"),
    "nothing in common": (["compare", "a.json", "c.json"], "no case in common"),
    "bad threshold": (["compare", "a.json", "a.json", "--threshold", "-1"], "positive number"),
}


@pytest.mark.parametrize("what", WRONG)
def test_misuse_ends_with_one_line(what, tmp_path, saved, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("text.json").write_text("text")
    Path("list.json").write_text("[1]")
    saved(result(), "a.json")
    saved(result(benchmark="sorted"), "b.json")
    saved(result(row(name="margin.hinge")), "c.json")
    saved(other_device(), "device.json")
    made = {"schema": 1, **json.loads(json.dumps(asdict(result())))}
    Path("schema.json").write_text(json.dumps({**made, "schema": 0}))
    Path("missing.json").write_text(json.dumps({k: v for k, v in made.items() if k != "rows"}))
    Path("empty.json").write_text(json.dumps({**made, "rows": []}))
    made["rows"][0]["systems"]["jaxloss"] = {"seconds": 0, "quartiles": [0, 0], "rounds": 1}
    Path("time.json").write_text(json.dumps(made))
    arguments, message = WRONG[what]
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("benchmarks: error: ")
    assert message in lines[0]


def test_the_process_ends_with_the_code_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "table", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_competitors_take_turns_and_slow_ones_stop_after_three():
    turns = []
    names = ("one", "two")
    competitors = {name: Competitor(lambda name=name: turns.append(name)) for name in names}
    times = interleave(competitors, 50, seconds=0)
    assert all(sorted(turns[i : i + 2]) == sorted(names) for i in range(0, len(turns), 2))
    assert {one.rounds for one in times.values()} == {3}


def test_products_in_loops_count_as_often_as_they_run():
    def loop(x):
        return jax.lax.scan(lambda carry, _: (jnp.tanh(carry @ x), None), x, None, length=7)[0]

    x = jnp.ones((4, 4))
    assert matmul_flops(jax.jit(loop).trace(x).jaxpr) == 7 * 2 * 4**3
    assert compiled(jnp.add, x, x).matmul_flops is None


def test_a_program_that_does_not_fit_is_not_run(monkeypatch, capsys):
    monkeypatch.setattr(machine, "memory_bytes", lambda: 1)
    monkeypatch.setattr(run, "reached", lambda **_: {"stream_bytes_per_second": 1.0})
    monkeypatch.setattr(run, "floor", lambda size: lambda: Competitor(lambda: None))
    assert main(["softmax", "--quick", "--systems", "jaxloss"]) == 0
    assert "jaxloss failed: out of memory: needs" in capsys.readouterr().err


class OfNothing:
    """A study that needs no training."""

    @staticmethod
    def run(*, seeds=2, quick=False):
        rows = [{"method": "a", "error": studies.estimate([1.0, 3.0])}, {"method": "b"}]
        settings = {"seeds": seeds, "quick": quick}
        return studies.Study("Of nothing", rows, "Plain words.", {"one": b"png"}, settings)


def test_a_study_is_printed_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(studies, "load", lambda name: OfNothing)
    assert main(["study", "toy", "--quick", "--seeds", "3", "--output", str(tmp_path / "new")]) == 0
    page = (tmp_path / "new" / "toy.md").read_text()
    assert capsys.readouterr().out.strip() == page.strip()
    assert "# Of nothing" in page
    assert "python -m benchmarks study toy --quick --seeds 3" in page
    assert "Settings: seeds 3, quick True." in page
    assert "| a | 2.0 ± 1.0 |\n| b |  |" in page
    assert page.rstrip().endswith("![one](one.png)")
    assert (tmp_path / "new" / "one.png").read_bytes() == b"png"


def test_studies_exist_and_say_so():
    for name in studies.STUDIES:
        assert callable(studies.load(name).run)
    assert main(["study", "toy", "--seeds", "2", "--quick"]) == 2


def test_a_study_of_that_name(capsys):
    assert main(["study", "nope"]) == 2
    assert "invalid choice: 'nope'" in capsys.readouterr().err
