"""Figures from training curves: NumPy on the host, after the run.

A curve is an array whose last axis runs over recorded steps; leading axes (seeds) are kept.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

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
    left = _left_to_go(values, best)
    return ((left[..., 1:] + left[..., :-1]) / 2).mean(-1)


def share_reached(
    values: ArrayLike,
    budgets: Sequence[float] = (0.1, 0.5, 0.9),
    *,
    best: ArrayLike | None = None,
) -> Curve:
    """Share of the way to the best that is behind a curve after each part of its budget.

    Formula: `(l_0 - l_t) / (l_0 - best)`, `l_t` being the best value up to then.

    Args:
        values: curves of losses (lower is better) over the last axis.
        budgets: parts of the recorded points, in [0, 1]; between two points a line is drawn.
        best: the value that counts as done; the minimum of each curve if None.

    Returns:
        The shares, on a last axis of budgets.

    Example:
        >>> share_reached([4.0, 2.0, 1.0, 1.0, 0.0], [0.25, 0.5, 1.0]).tolist()
        [0.5, 0.75, 1.0]
    """
    left = _left_to_go(values, best)
    at = np.asarray(budgets, np.float64) * (left.shape[-1] - 1)
    before = np.minimum(np.floor(at).astype(np.intp), max(left.shape[-1] - 2, 0))
    after = np.minimum(before + 1, left.shape[-1] - 1)
    return 1 - left[..., before] - (at - before) * (left[..., after] - left[..., before])


def half_life(steps: ArrayLike, values: ArrayLike) -> float:
    """Steps in which one curve halves its distance to where it leads.

    Formula: `constant * log(2)` of the least-squares fit `level + height * exp(-step / constant)`;
    the level is fitted too.

    Args:
        steps: the recorded steps, one per point of the curve.
        values: one curve with at least four points.

    Returns:
        Infinity for a curve that does not fall, or falls without bending; NaN if it is not finite.

    Example:
        >>> steps = np.arange(0, 100, 10)
        >>> round(half_life(steps, 3 + 2 ** (-steps / 20)), 4)
        20.0
    """
    steps, values = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        return float("nan")
    time = (steps - steps[0]) / (steps[-1] - steps[0])
    centred = (values - values.mean()) / max(float(np.ptp(values)), 1e-300)

    def fit(log_constant: float) -> tuple[float, float]:
        """Level and height are linear: only the time constant must be searched."""
        shape = np.exp(-time / np.exp(log_constant))
        shape -= shape.mean()
        height = (shape @ centred) / (shape @ shape)
        return float(((centred - height * shape) ** 2).sum()), float(height)

    # From half a point to where an exponential cannot be told from a straight line.
    grid = np.linspace(np.log(0.5 / time.size), np.log(20.0), 80)
    best = int(np.argmin([fit(place)[0] for place in grid]))
    if best == grid.size - 1 or fit(grid[best])[1] <= 0:
        return float("inf")
    # SciPy's types say more than its bounded search returns.
    found: Any = minimize_scalar(
        lambda place: fit(place)[0],
        bounds=(grid[max(best - 1, 0)], grid[best + 1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(np.exp(found.x) * np.log(2) * (steps[-1] - steps[0]))


def _left_to_go(values: ArrayLike, best: ArrayLike | None) -> Curve:
    """The way to the best at each point, from 1 to 0; NaN for a curve that is not finite."""
    values = np.asarray(values, np.float64)
    finite = np.isfinite(values).all(-1, keepdims=True)
    lowest = np.minimum.accumulate(np.where(finite, values, 0.0), axis=-1)
    done = lowest[..., -1] if best is None else np.asarray(best, np.float64)
    span = (lowest[..., 0] - done)[..., None]
    left = (lowest - done[..., None]) / np.where(span > 0, span, 1.0)
    left = np.where(span > 0, np.clip(left, 0, 1), 1.0)
    return np.where(finite, left, np.nan)


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


@dataclass(frozen=True)
class Final:
    """Where curves end, over seeds.

    Attributes:
        best: the best recorded value of each.
        best_step: the step that it was recorded at.
        last: the median of the last points of each.
    """

    best: Estimate
    best_step: Estimate
    last: Estimate


def final_values(
    steps: ArrayLike,
    values: ArrayLike,
    *,
    last: int = 5,
    better: Literal["lower", "higher"] = "lower",
) -> Final:
    """The best value with its step and the median of the last points, as means over seeds.

    The best of a noisy curve lies too low; the median of the last points does not.

    Args:
        steps: the recorded steps, one per point of the curve.
        values: one curve, or curves of several seeds over the last axis.
        last: how many points at the end.
        better: whether a lower or a higher value is the better one.

    Example:
        >>> found = final_values([0, 10, 20], [[3.0, 1.0, 2.0], [3.0, 2.0, 1.0]], last=1)
        >>> found.best.mean, found.best_step.mean, found.last.mean
        (1.0, 15.0, 1.5)
    """
    steps, values = np.asarray(steps, np.float64), np.asarray(values, np.float64)
    place = best_point(values, better)
    best = np.take_along_axis(values, place[..., None], -1)
    return Final(
        estimate(best), estimate(steps[place]), estimate(np.median(values[..., -last:], -1))
    )


def average_curve(curves: Sequence[ArrayLike] | ArrayLike) -> tuple[Curve, Curve]:
    """Mean curve over seeds (first axis) and its standard error at each point."""
    stacked = np.asarray(curves, np.float64)
    count = stacked.shape[0]
    with np.errstate(invalid="ignore", over="ignore"):  # a run that broke shows as NaN
        spread = stacked.std(0, ddof=1) if count > 1 else np.zeros(stacked.shape[1:])
        return stacked.mean(0), spread / np.sqrt(count)
