"""Training, validation and test parts for each seed, with corruptions of the training part."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from jaxloss.lab.data import Data
from jaxloss.lab.errors import DataError

HELD_OUT = 0.2  # share of each class for validation, and again for the test
MOST_HELD_OUT = 10_000
OUTLIER_SIZE = 10.0  # in standard deviations of the clean training targets
IMBALANCE_RATIO = 3.0  # largest to smallest class from which accuracy gives way


@dataclass(frozen=True)
class Corruption:
    """What is done to the training part; validation and test stay as they are.

    Attributes:
        label_noise: share of training labels replaced by another class, uniformly; for a
            regression the deviation of Gaussian noise added to the targets, in their standard
            deviations.
        imbalance: share that the rarer half of the classes keeps of its training examples.
        outliers: share of training targets replaced by the mean plus or minus 10 standard
            deviations.
    """

    label_noise: float = 0.0
    imbalance: float = 1.0
    outliers: float = 0.0


@dataclass(frozen=True)
class Splits:
    """Parts of one dataset for several seeds; the first axis of each array runs over seeds.

    Features are standardised by mean and deviation of the training part. A regression target is
    centred by the median and scaled by the interquartile range (that of a normal distribution
    made 1) of the training targets as they are after the corruption: what a person would have,
    and hardly moved by the outliers, which would otherwise shrink all targets and so hand every
    loss with a built-in threshold another problem.

    Attributes:
        features: of all rows, brought near zero in float64 before they became float32.
        train, validation, test: row numbers.
        train_target: target of the training rows, corrupted; class numbers or floats.
        mean, deviation: of the training rows of `features`.
        center, scale: of the training targets; 0 and 1 for classes.
        corrupted: how many training targets were replaced or disturbed, per seed.
    """

    features: NDArray[np.float32]
    train: NDArray[np.int32]
    validation: NDArray[np.int32]
    test: NDArray[np.int32]
    train_target: NDArray[Any]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    corrupted: int


def split(
    data: Data,
    *,
    seeds: int,
    seed: int = 0,
    corruption: Corruption | None = None,
    test: NDArray[np.int32] | None = None,
) -> Splits:
    """Stratified parts, a fresh draw for each seed, the same for every loss.

    Split and each corruption have random streams of their own: switching one on leaves the
    others as they were.

    Args:
        data: the data.
        seeds: number of draws.
        seed: first of them.
        corruption: what to do to the training part.
        test: rows that are the test part of every draw, from `set_aside`; each draws its own if
            None.
    """
    corruption = corruption or Corruption()
    check_corruption(data, corruption)
    # An affine change that the standardisation by training rows undoes: it leaks nothing, and
    # keeps large offsets (dates, identifiers) from eating up the digits of float32.
    features = data.features - data.features.mean(0)
    largest = np.abs(features).max(0)
    features = (features / np.where(largest > 0, largest, 1.0)).astype(np.float32)
    one = [_one_split(data, features, seed + i, corruption, test) for i in range(seeds)]
    stacked = {key: np.stack([part[key] for part in one]) for key in one[0]}
    corrupted = int(stacked.pop("corrupted")[0])
    return Splits(features, **stacked, corrupted=corrupted)


def check_corruption(data: Data, corruption: Corruption) -> None:
    """Raise if a share is out of range or a corruption does not suit the task."""
    for name, share in (("label noise", corruption.label_noise), ("outliers", corruption.outliers)):
        if not 0 <= share < 1:
            raise DataError(f"{name} must be a share in [0, 1), got {share:g}")
    if not 0 < corruption.imbalance <= 1:
        raise DataError(f"imbalance must be a share in (0, 1], got {corruption.imbalance:g}")
    if corruption.outliers and data.task != "regression":
        raise DataError(
            f"outliers need a regression, but {data.name} is {data.task}: use label noise"
        )
    if corruption.imbalance < 1 and data.task == "regression":
        raise DataError(f"imbalance needs classes, but {data.name} is a regression")


def imbalanced(data: Data, splits: Splits) -> bool:
    """Whether the largest class of the clean training part outnumbers the smallest threefold."""
    if data.task == "regression":
        return False
    counts = np.bincount(data.target[splits.train[0]], minlength=len(data.classes))
    return counts.max() > IMBALANCE_RATIO * counts.min()


def _one_split(
    data: Data,
    features: NDArray[np.float32],
    seed: int,
    corruption: Corruption,
    test: NDArray[np.int32] | None,
) -> dict[str, NDArray[Any]]:
    rng = {
        name: np.random.default_rng([seed, number])
        for number, name in enumerate(("split", "imbalance", "labels", "outliers"))
    }
    train, validation, test = _parts(data, rng["split"], test)
    if corruption.imbalance < 1:
        train = _thin_out(data, train, corruption.imbalance, rng["imbalance"])
    target = data.target[train].copy()
    corrupted = 0
    if data.task == "regression":
        deviation, middle = target.std(), target.mean()
        if corruption.label_noise:
            noise = corruption.label_noise * deviation
            target = target + noise * rng["labels"].standard_normal(len(target))
            corrupted += len(target)
        if corruption.outliers:
            hit = _choose(len(target), corruption.outliers, rng["outliers"])
            signs = rng["outliers"].choice([-1.0, 1.0], len(hit))
            target[hit] = middle + OUTLIER_SIZE * deviation * signs
            corrupted += len(hit)
        center, scale = _robust_scale(target)
    else:
        hit = _choose(len(target), corruption.label_noise, rng["labels"])
        shift = rng["labels"].integers(1, len(data.classes), len(hit))
        target[hit] = (target[hit] + shift) % len(data.classes)
        corrupted += len(hit)
        center, scale = 0.0, 1.0
    spread = features[train].std(0, dtype=np.float64)
    return {
        "train": train,
        "validation": validation,
        "test": test,
        "train_target": target,
        "mean": features[train].mean(0),
        # A column that is constant in the training part says nothing: it stays at zero there.
        "deviation": np.where(spread > 1e-6, spread, 1.0).astype(np.float32),
        "center": np.asarray(center),
        "scale": np.asarray(scale),
        "corrupted": np.asarray(corrupted),
    }


def set_aside(data: Data, seed: int) -> NDArray[np.int32]:
    """Rows for a test that no draw may touch otherwise, the same share of each class.

    Args:
        data: the data.
        seed: of the choice.
    """
    return _parts(data, np.random.default_rng([seed, 5]), None)[2]  # 0 to 4 are streams of a draw


def _parts(
    data: Data, rng: Generator, test: NDArray[np.int32] | None
) -> tuple[NDArray[np.int32], ...]:
    """Shuffled row numbers of the three parts; each class gives the same share to each."""
    groups = np.zeros(len(data.target), np.int32) if data.task == "regression" else data.target
    most = min(HELD_OUT, MOST_HELD_OUT / len(groups))
    parts: tuple[list[NDArray[np.intp]], ...] = ([], [], [])
    for group in np.unique(groups):
        rows = rng.permutation(np.flatnonzero(groups == group))
        held_out = max(1, round(most * len(rows)))
        if test is not None:  # its rows are as many, and go where the others are cut off
            rows = np.concatenate([rows[~np.isin(rows, test)], rows[np.isin(rows, test)]])
        for part, piece in zip(parts, np.split(rows, [-2 * held_out, -held_out]), strict=True):
            part.append(piece)
    return tuple(rng.permutation(np.concatenate(part)).astype(np.int32) for part in parts)


def _thin_out(
    data: Data, train: NDArray[np.int32], share: float, rng: Generator
) -> NDArray[np.int32]:
    """Keep a share, at least two examples, of each class of the rarer half."""
    labels = data.target[train]
    counts = np.bincount(data.target, minlength=len(data.classes))
    keep = np.ones(len(train), bool)
    for label in np.argsort(counts, kind="stable")[: len(data.classes) // 2]:
        rows = rng.permutation(np.flatnonzero(labels == label))
        keep[rows[max(2, round(share * len(rows))) :]] = False
    return train[keep]


def _choose(count: int, share: float, rng: Generator) -> NDArray[np.intp]:
    return rng.permutation(count)[: round(share * count)]


def _robust_scale(target: NDArray[np.float64]) -> tuple[float, float]:
    low, middle, high = np.percentile(target, [25, 50, 75])
    spread = (high - low) / 1.349  # the interquartile range of a normal distribution is 1.349
    # More than half of the targets may be one and the same value.
    return float(middle), float(spread if spread > 0 else target.std() or 1.0)
