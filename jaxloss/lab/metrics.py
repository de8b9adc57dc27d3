"""Metrics that all losses of a task share, on the held-out part."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jaxloss.lab.data import Data
from jaxloss.lab.split import IMBALANCE_RATIO, Splits


@dataclass(frozen=True)
class Metric:
    """One metric and how it is written.

    Attributes:
        name: key in the results.
        label: for tables.
        better: whether a lower or a higher value is the better one.
        percent: whether it is a share, shown in percent.
        reason: why it ranks, where it does.
    """

    name: str
    label: str
    better: Literal["lower", "higher"]
    percent: bool
    reason: str

    def text(self, value: float, error: float | None = None) -> str:
        """A value, with its standard error if there is one.

        Args:
            value: the mean.
            error: standard error of the mean.
        """
        if not np.isfinite(value):
            return "not finite"
        factor, unit = (100, " %") if self.percent else (1, "")
        return with_error(factor * value, None if error is None else factor * error) + unit


ACCURACY = Metric(
    "accuracy", "accuracy", "higher", True, "the share of right answers; classes are of like size"
)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    "balanced accuracy",
    "higher",
    True,
    f"the mean of the classes' shares of right answers, because the largest class has more than "
    f"{IMBALANCE_RATIO:g} times the examples of the smallest and would carry plain accuracy alone",
)
ROC_AUC = Metric("roc_auc", "ROC AUC", "higher", True, "how well the scores order the two classes")
ABSOLUTE_ERROR = Metric(
    "mean_absolute_error",
    "mean absolute error",
    "lower",
    False,
    "in units of the target; a few gross values in the held-out part cannot decide it, as they "
    "could decide the root mean squared error beside it",
)
SQUARED_ERROR = Metric(
    "root_mean_squared_error", "RMSE", "lower", False, "in units of the target; gross errors count"
)


def metrics_for(data: Data, *, balanced: bool) -> tuple[Metric, ...]:
    """The metrics of a task; the first one ranks the losses.

    Args:
        data: the data.
        balanced: whether the training part is out of balance.
    """
    if data.task == "regression":
        return (ABSOLUTE_ERROR, SQUARED_ERROR)
    first = (BALANCED_ACCURACY, ACCURACY) if balanced else (ACCURACY, BALANCED_ACCURACY)
    return (*first, ROC_AUC) if data.task == "binary" else first


def measure(
    data: Data, splits: Splits, outputs: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Each metric of the task for each seed, on the test part.

    Args:
        data: the data.
        splits: its parts.
        outputs: of the model for the test rows, seeds first.
    """
    from sklearn.metrics import roc_auc_score

    target = data.target[splits.test]
    if data.task == "regression":
        predicted = outputs * splits.scale[:, None] + splits.center[:, None]
        error = predicted - target
        return {
            ABSOLUTE_ERROR.name: np.abs(error).mean(1),
            SQUARED_ERROR.name: np.sqrt(np.square(error).mean(1)),
        }
    decided = outputs.argmax(-1) if data.task == "multiclass" else outputs > 0
    right = decided == target
    figures = {
        ACCURACY.name: right.mean(1),
        BALANCED_ACCURACY.name: np.array(
            [
                np.mean([r[t == c].mean() for c in range(len(data.classes))])
                for r, t in zip(right, target, strict=True)
            ]
        ),
    }
    if data.task == "binary":
        figures[ROC_AUC.name] = np.array(
            [
                roc_auc_score(t, o) if np.isfinite(o).all() else np.nan
                for o, t in zip(outputs, target, strict=True)
            ]
        )
    # Outputs that are not finite decide for some class all the same: that is no accuracy.
    finite = np.isfinite(outputs.reshape(len(outputs), -1)).all(1)
    return {name: np.where(finite, values, np.nan) for name, values in figures.items()}


def constant_outputs(data: Data, splits: Splits) -> NDArray[np.float64]:
    """Outputs that know no features: the most frequent training class, or the training median.

    Args:
        data: the data.
        splits: its parts.
    """
    if data.task == "regression":  # targets are centred by their median
        return np.zeros(splits.test.shape)
    classes = len(data.classes)
    most = np.array([np.bincount(t, minlength=classes).argmax() for t in splits.train_target])
    if data.task == "binary":
        sides = np.where(most[:, None] > 0, 1.0, -1.0)
        return np.repeat(sides, splits.test.shape[1], axis=1)
    return np.repeat(np.eye(classes)[most][:, None], splits.test.shape[1], axis=1)


def decimals(error: float) -> int:
    """Decimals that show two digits of a standard error."""
    if not np.isfinite(error) or error <= 0:
        return 2
    return int(np.clip(1 - np.floor(np.log10(error)), 0, 6))


def with_error(value: float, error: float | None) -> str:
    """A value to two digits of its standard error; alone if the error is not known.

    Example:
        >>> with_error(0.123456, 0.0123)
        '0.123 ± 0.012'
    """
    if not np.isfinite(value):
        return "not finite"
    if error is None or not np.isfinite(error):
        return number(value)
    if error == 0:
        return f"{number(value)} ± 0"
    if abs(value) >= 1e6:
        return f"{value:.2e} ± {error:.0e}"
    digits = decimals(error)
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def number(value: float) -> str:
    """Three to four significant digits, without a needless exponent."""
    if not np.isfinite(value):
        return "not known" if np.isnan(value) else "infinite"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e5 or size < 1e-3:
        return f"{value:.1e}"
    return f"{value:.{int(np.clip(3 - np.floor(np.log10(size)) - 1, 0, 4))}f}"
