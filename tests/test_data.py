"""Reading, splitting and corrupting data."""

import numpy as np
import pandas as pd
import pytest

from jaxloss.lab.data import BUNDLED, load
from jaxloss.lab.errors import DataError
from jaxloss.lab.split import Corruption, check_corruption, imbalanced, split

ROWS = 60


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.normal(size=ROWS),
            "count": rng.permutation(np.resize(np.arange(9), ROWS)),
            "fresh": rng.random(ROWS) < 0.5,
            "colour": rng.choice(["red", "green", "blue"], ROWS),
            "price": rng.gamma(2.0, 50.0, ROWS),
            "kind": np.resize(["a", "b", "c"], ROWS),
            "sold": np.resize([0, 1], ROWS),
            "note": [f"remark {i}" for i in range(ROWS)],
        }
    )


def write(frame, path):
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return str(path)


@pytest.mark.parametrize(
    ("name", "task", "shape", "classes"),
    [
        ("digits", "multiclass", (1797, 64), 10),
        ("wine", "multiclass", (178, 13), 3),
        ("breast_cancer", "binary", (569, 30), 2),
        ("diabetes", "regression", (442, 10), 0),
    ],
)
def test_bundled_sets(name, task, shape, classes):
    data = load(name)
    assert (data.task, data.features.shape, len(data.classes)) == (task, shape, classes)
    assert len(data.feature_names) == shape[1]


def test_bundled_sets_are_all_tested():
    assert set(BUNDLED) == {"digits", "wine", "breast_cancer", "diabetes"}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        ("kind", "multiclass", ("a", "b", "c")),
        ("sold", "binary", ("0", "1")),
        ("fresh", "binary", ("False", "True")),
        ("price", "regression", ()),
    ],
)
def test_tables_tell_their_task(table, tmp_path, suffix, target, task, classes):
    path = write(table.drop(columns="note"), tmp_path / f"shop{suffix}")
    data = load(path, target)
    assert (data.task, data.classes, data.target_name) == (task, classes, target)
    assert target not in data.feature_names


def test_text_columns_become_one_hot(table, tmp_path):
    path = write(table[["size", "colour", "fresh", "price"]], tmp_path / "shop.csv")
    data = load(path, "price")
    assert data.feature_names == ("size", "colour=blue", "colour=green", "colour=red", "fresh")
    one_hot = data.features[:, 1:4]
    assert one_hot.sum(1).tolist() == [1.0] * ROWS
    assert (one_hot[:, 2] == (table["colour"] == "red")).all()
    assert any("'colour' (3)" in note for note in data.notes)


def test_target_is_guessed_only_from_a_plain_name(table, tmp_path):
    frame = table[["size", "price"]].rename(columns={"price": "Target"})
    assert load(write(frame, tmp_path / "a.csv")).target_name == "Target"


def test_task_can_be_overridden(table, tmp_path):
    path = write(table[["size", "count"]], tmp_path / "shop.csv")
    assert load(path, "count").task == "multiclass"
    data = load(path, "count", "regression")
    assert data.task == "regression"
    assert data.target.dtype == np.float64


def test_semicolons_and_a_byte_order_mark_are_read(table, tmp_path):
    path = tmp_path / "shop.csv"
    table[["size", "price"]].to_csv(path, index=False, sep=";", encoding="utf-8-sig")
    assert load(str(path), "price").feature_names == ("size",)


def test_npz(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "a.npz"
    np.savez(path, X=rng.normal(size=(50, 2, 3)), y=np.resize(["u", "v"], 50))
    data = load(str(path))
    assert (data.task, data.features.shape, data.classes) == ("binary", (50, 6), ("u", "v"))


def _csv(text):
    return lambda path: path.write_text(text)


NUMBERS = "\n".join(f"{i},{i % 7},{i % 2}" for i in range(50))
REFUSED = {
    "missing": ("a.csv", None, "t", "a.csv does not exist"),
    "no such set": ("digit", None, None, "did you mean 'digits'"),
    "suffix": ("a.xlsx", _csv("x"), None, "files are read by suffix"),
    "empty": ("a.csv", _csv(""), "t", "a.csv is empty"),
    "no rows": ("a.csv", _csv("x,t\n"), "t", "column names but no rows"),
    "few rows": ("a.csv", _csv("x,t\n1,2\n2,3\n"), "t", "has 2 rows"),
    "column": ("a.csv", _csv(f"width,b,t\n{NUMBERS}"), "with", "did you mean 'width'"),
    "no target": ("a.csv", _csv(f"a,b,c\n{NUMBERS}"), None, "with --target; it has: a, b, c"),
    "headless": ("a.csv", _csv(f"1.5,2.5,0.5\n{NUMBERS}"), "t", "the first line"),
    "ragged": ("a.csv", _csv(f"a,b,t\n{NUMBERS}\n1,2,3,4,5\n"), "t", "not a well-formed CSV"),
    "wide": ("a.csv", _csv("a,t\n" + NUMBERS), "t", "rows have more cells than the first line"),
    "gaps": (
        "a.csv",
        _csv(f"a,b,t\n{NUMBERS}\n,1,0\n1,nan,\n"),
        "t",
        "3 cells without a value (NaN, empty or infinite) in columns 'a', 'b', 't'",
    ),
    "infinite": ("a.csv", _csv(f"a,b,t\n{NUMBERS}\n1,inf,0\n"), "t", "1 cell without a value"),
    "one class": (
        "a.csv",
        _csv("a,t\n" + "\n".join(f"{i},yes" for i in range(50))),
        "t",
        "one class only ('yes')",
    ),
    "rare class": (
        "a.csv",
        _csv("a,t\n" + "\n".join(f"{i},{'no' if i < 2 else 'yes'}" for i in range(50))),
        "t",
        "class 'no' of 't' has 2 rows",
    ),
    "rare number": (
        "a.csv",
        _csv("a,t\n" + "\n".join(f"{i},{min(i, 3)}" for i in range(50))),
        "t",
        "drop or merge it, or ask for the task regression",
    ),
    "text target": (
        "a.csv",
        _csv("a,t\n" + "\n".join(f"{i},word {i}" for i in range(50))),
        "t",
        "holds text with 50 distinct values",
    ),
    "text feature": (
        "a.csv",
        _csv("a,t\n" + "\n".join(f"word {i},{i}" for i in range(50))),
        "t",
        "column 'a' of a.csv holds free text (50 distinct values)",
    ),
    "only a target": ("a.csv", _csv("t\n" + "\n".join(map(str, range(50)))), "t", "no column but"),
    "binary bytes": ("a.csv", lambda path: path.write_bytes(b"\xff\xfe\x00a"), "t", "not text in"),
    "no parquet": ("a.parquet", _csv("hello"), "t", "cannot be read as Parquet"),
    "no npz": ("a.npz", _csv("hello"), None, "cannot be read as an NPZ file"),
    "npz keys": (
        "a.npz",
        lambda path: np.savez(path, left=np.ones((50, 2)), y=np.ones(50)),
        None,
        "needs an array 'features' (or 'X'); it has left, y",
    ),
    "npz target": (
        "a.npz",
        lambda path: np.savez(path, X=np.ones((50, 2)), y=np.ones(50)),
        "z",
        "has no array 'z'; it has X, y",
    ),
    "npz lengths": (
        "a.npz",
        lambda path: np.savez(path, X=np.ones((50, 2)), y=np.ones(49)),
        None,
        "one value for each of the 50 rows",
    ),
    "npz objects": (
        "a.npz",
        lambda path: np.savez(path, X=np.array([{}] * 50, object), y=np.ones(50)),
        None,
        "cannot be read as an NPZ file",
    ),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_refused_with_one_line_that_says_what_to_do(case, tmp_path):
    name, make, target, message = REFUSED[case]
    path = tmp_path / name
    if make is not None:
        make(path)
    source = str(path) if "." in name else name
    with pytest.raises(DataError) as error:
        load(source, target)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("target", "task", "message"),
    [
        ("kind", "regression", "holds text: a regression needs numbers"),
        ("kind", "binary", "needs 2 classes, but 'kind' has 3"),
        ("price", "multiclass", "too many to be classes"),
    ],
)
def test_task_that_does_not_fit_is_refused(table, tmp_path, target, task, message):
    path = write(table.drop(columns="note"), tmp_path / "shop.csv")
    with pytest.raises(DataError, match=message):
        load(path, target, task)


def test_constant_regression_target_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, X=np.random.default_rng(0).normal(size=(50, 2)), y=np.full(50, 2.5))
    with pytest.raises(DataError, match=r"is 2\.5 in every row"):
        load(str(path), task="regression")


def test_parts_are_disjoint_stratified_and_drawn_anew():
    data = load("digits")
    parts = split(data, seeds=3)
    for i in range(3):
        rows = np.concatenate([parts.train[i], parts.validation[i], parts.test[i]])
        assert sorted(rows) == list(range(1797))
        for part in (parts.validation[i], parts.test[i]):
            shares = np.bincount(data.target[part]) / np.bincount(data.target)
            assert shares == pytest.approx(np.full(10, 0.2), abs=0.005)
    assert not (np.sort(parts.test[0]) == np.sort(parts.test[1])).all()
    again = split(data, seeds=1, seed=1)
    assert (again.train[0] == parts.train[1]).all()


def test_features_are_standardised_by_the_training_part():
    parts = split(load("wine"), seeds=2)
    for i in range(2):
        x = (parts.features[parts.train[i]] - parts.mean[i]) / parts.deviation[i]
        assert x.mean(0) == pytest.approx(np.zeros(13), abs=1e-5)
        assert x.std(0) == pytest.approx(np.ones(13), abs=1e-4)


def test_large_offsets_keep_their_digits(tmp_path):
    rng = np.random.default_rng(0)
    seconds, path = 1.7e9 + rng.integers(0, 100, 200), tmp_path / "a.npz"
    np.savez(path, X=seconds[:, None], y=seconds + rng.normal(size=200))
    data = load(str(path))
    parts = split(data, seeds=1)
    x = (parts.features[parts.train[0]] - parts.mean[0]) / parts.deviation[0]
    exact = seconds[parts.train[0]]
    exact = (exact - exact.mean()) / exact.std()
    assert x[:, 0] == pytest.approx(exact, abs=1e-3)


def test_label_noise_replaces_the_share_by_other_classes_in_training_only():
    data = load("digits")
    clean, noisy = (split(data, seeds=4, corruption=Corruption(n)) for n in (0.0, 0.4))
    assert (clean.train == noisy.train).all()
    assert (clean.test == noisy.test).all()
    for i in range(4):
        changed = noisy.train_target[i] != data.target[noisy.train[i]]
        assert changed.sum() == round(0.4 * len(changed)) == noisy.corrupted
        shift = (noisy.train_target[i] - data.target[noisy.train[i]])[changed] % 10
        counts = np.bincount(shift, minlength=10)
        assert counts[0] == 0
        # Nine other classes, each about 48 times: 5 standard deviations are 33.
        assert abs(counts[1:] - counts[1:].mean()).max() < 33


def test_target_noise_has_the_deviation_asked_for():
    data = load("diabetes")
    clean, noisy = (split(data, seeds=4, corruption=Corruption(n)) for n in (0.0, 0.5))
    added = noisy.train_target - clean.train_target
    assert added.std() == pytest.approx(0.5 * clean.train_target.std(), rel=0.1)


def test_imbalance_thins_out_the_rarer_half():
    data = load("wine")  # 59, 71 and 48 rows: only the rarest class is the rarer half
    parts = split(data, seeds=2, corruption=Corruption(imbalance=0.2))
    for i in range(2):
        assert np.bincount(data.target[parts.train[i]]).tolist() == [35, 43, 6]
    assert imbalanced(data, parts)
    assert not imbalanced(data, split(data, seeds=1))


def test_outliers_are_gross_and_hardly_move_the_scale():
    data = load("diabetes")
    clean, dirty = (split(data, seeds=3, corruption=Corruption(outliers=o)) for o in (0.0, 0.1))
    for i in range(3):
        changed = clean.train_target[i] != dirty.train_target[i]
        assert changed.sum() == round(0.1 * len(changed)) == dirty.corrupted
        deviations = (dirty.train_target[i] - clean.train_target[i].mean())[changed]
        assert abs(deviations) / clean.train_target[i].std() == pytest.approx(10)
        assert dirty.scale[i] == pytest.approx(clean.scale[i], rel=0.3)
        assert dirty.train_target[i].std() > 2.5 * clean.train_target[i].std()


@pytest.mark.parametrize(
    ("name", "corruption", "message"),
    [
        ("digits", Corruption(outliers=0.1), "outliers need a regression"),
        ("diabetes", Corruption(imbalance=0.5), "imbalance needs classes"),
        ("digits", Corruption(label_noise=1.0), r"label noise must be a share in \[0, 1\)"),
        ("digits", Corruption(imbalance=0.0), r"imbalance must be a share in \(0, 1\]"),
    ],
)
def test_corruption_that_does_not_suit_is_refused(name, corruption, message):
    with pytest.raises(DataError, match=message):
        check_corruption(load(name), corruption)
