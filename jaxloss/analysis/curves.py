"""Figures from training curves: NumPy on the host, after the run.

A curve is an array whose last axis runs over recorded steps; leading axes (seeds) are kept.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its standard error (NaN for a single seed)."""

    mean: float
    error: float
    count: int


def estimate(values: ArrayLike) -> Estimate:
    """Mean over seeds with the standard error of that mean.

    A seed that is not finite makes the mean NaN: a run that broke must not vanish in an average.

    Args:
        values: one value per seed.

    Example:
        >>> estimate([1.0, 2.0, 3.0])
        Estimate(mean=2.0, error=0.5773502691896258, count=3)
    """
    values = np.asarray(values, np.float64).ravel()
    if not values.size or not np.isfinite(values).all():
        return Estimate(float("nan"), float("nan"), values.size)
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return Estimate(float(values.mean()), float(error), values.size)


def smooth(values: ArrayLike, decay: float = 0.6) -> Curve:
    """Exponential moving average along the last axis; it starts at the first value.

    Args:
        values: the curve.
        decay: weight of the past, in [0, 1); 0 leaves the curve as it is.

    Example:
        >>> smooth([1.0, 0.0, 0.0], decay=0.5).tolist()
        [1.0, 0.5, 0.25]
    """
    values = np.asarray(values, np.float64)
    result = values.copy()
    for i in range(1, values.shape[-1]):
        result[..., i] = decay * result[..., i - 1] + (1 - decay) * values[..., i]
    return result


def steps_to_target(
    steps: ArrayLike,
    values: ArrayLike,
    target: float,
    *,
    better: Literal["lower", "higher"] = "lower",
) -> Curve:
    """First recorded step at which a curve reaches the target; infinity if it never does.

    Args:
        steps: the recorded steps, one per point of the curve.
        values: curves over the last axis.
        target: the value to reach.
        better: whether a lower or a higher value is the better one.

    Example:
        >>> steps_to_target([0, 10, 20], [[3.0, 2.0, 1.0], [3.0, 3.0, 3.0]], 2.0).tolist()
        [10.0, inf]
    """
    steps, values = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    reached = values <= target if better == "lower" else values >= target
    return np.where(reached.any(-1), steps[reached.argmax(-1)], np.inf)


def normalized_progress(values: ArrayLike, *, best: ArrayLike | None = None) -> Curve:
    """Area under the best value so far, scaled from 1 at the start to 0 at the best.

    Formula: `mean_t (l_t - best) / (l_0 - best)` by the trapezoid rule, `l_t` being the best value
    up to then. 0 means that the best was there at once, 1 that the curve never fell; it compares
    the speed of losses whose values cannot be compared.

    Args:
        values: curves of losses (lower is better) over the last axis.
        best: the value that counts as done; the minimum of each curve if None.

    Example:
        >>> float(normalized_progress([4.0, 2.0, 0.0]))
        0.5
    """
    values = np.asarray(values, np.float64)
    finite = np.asarray(np.isfinite(values).all(-1))
    values = np.where(finite[..., None], values, 0.0)
    lowest = np.minimum.accumulate(values, axis=-1)
    done = lowest[..., -1] if best is None else np.asarray(best, np.float64)
    span = values[..., 0] - done
    left = (lowest - done[..., None]) / np.where(span > 0, span, 1.0)[..., None]
    left = np.where((span > 0)[..., None], np.clip(left, 0, 1), 1.0)
    area = ((left[..., 1:] + left[..., :-1]) / 2).mean(-1)
    return np.where(finite, area, np.nan)


def slope(values: ArrayLike) -> tuple[float, float]:
    """Least-squares slope per point of one curve and its t value.

    A straight line without noise has no standard error; its t value is then infinite (0 if flat).

    Example:
        >>> slope([0.0, 1.0, 2.0, 3.0])
        (1.0, inf)
    """
    values = np.asarray(values, np.float64)
    time = np.arange(values.size) - (values.size - 1) / 2
    spread = (time**2).sum()
    rise = float((time * values).sum() / spread)
    residual = values - values.mean() - rise * time
    # Below the rounding of the values themselves there is neither slope nor noise.
    rounding = 1e-12 * max(float(np.abs(values).max()), 1e-300)
    if abs(rise) <= rounding:
        return 0.0, 0.0
    error = np.sqrt((residual**2).sum() / max(values.size - 2, 1) / spread)
    return rise, float(rise / error) if error > rounding else float(np.copysign(np.inf, rise))


def rising_strips(values: ArrayLike, length: int = 5) -> int:
    """How many strips in a row, counted from the end, have a higher mean than the one before.

    Args:
        values: the curve.
        length: points per strip; a remainder at the start of the curve is left out.

    Reference: Prechelt 1998, "Early stopping - but when?" (criterion UP).
    """
    values = np.asarray(values, np.float64)
    strips = values[values.size % length :].reshape(-1, length).mean(1)
    rising = 0
    for before, after in itertools.pairwise(strips):
        rising = rising + 1 if after > before else 0
    return rising


def best_point(values: ArrayLike, better: Literal["lower", "higher"] = "lower") -> NDArray[np.intp]:
    """Index of the best recorded point of each curve; points that are not finite never win."""
    values = np.asarray(values, np.float64)
    signed = values if better == "lower" else -values
    return np.where(np.isfinite(signed), signed, np.inf).argmin(-1)


def average_curve(curves: Sequence[ArrayLike] | ArrayLike) -> tuple[Curve, Curve]:
    """Mean curve over seeds (first axis) and its standard error at each point."""
    stacked = np.asarray(curves, np.float64)
    count = stacked.shape[0]
    with np.errstate(invalid="ignore", over="ignore"):  # a run that broke shows as NaN
        spread = stacked.std(0, ddof=1) if count > 1 else np.zeros(stacked.shape[1:])
        return stacked.mean(0), spread / np.sqrt(count)
