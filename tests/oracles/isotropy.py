"""Losses of embeddings that should be an isotropic Gaussian cloud, in float64."""

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _epps_pulley(points: Array, t_max: float, knots: int) -> float:
    """n ∫ |mean exp(i t x) - exp(-t²/2)|² exp(-t²/2) dt over [-t_max, t_max], by trapezoids."""
    ends = [t_max * k / (knots - 1) for k in range(1 - knots, knots)]
    heights = []
    for t in ends:
        normal = np.exp(-t * t / 2)
        heights.append(abs(np.mean(np.exp(1j * t * points)) - normal) ** 2 * normal)
    strips = [
        (ends[k + 1] - ends[k]) * (heights[k] + heights[k + 1]) / 2 for k in range(len(ends) - 1)
    ]
    return float(len(points) * np.sum(strips))


def _sketched(z: Array, ways: Array, t_max: float, knots: int) -> float:
    each = [_epps_pulley(z @ way, t_max, knots) for way in ways]
    return float(np.mean(each)) if each else 0.0


def sig_reg(embeddings: X, directions: X, *, t_max: X = 3.0, knots: int = 17) -> Array:
    """Balestriero 2025: the statistic of Epps and Pulley, along each direction."""
    z, ways = real(embeddings), real(directions)
    result = np.empty(z.shape[:-2])
    end = np.broadcast_to(real(t_max), result.shape)
    for index in np.ndindex(result.shape):
        result[index] = _sketched(z[index], ways, float(end[index]), knots)
    return result


def _off_center(items: Array, count: int) -> float:
    """Mean squared difference from the mean of the first views of an item."""
    return float(
        np.mean([(view - views[:count].mean(0)) ** 2 for views in items for view in views])
    )


def lejepa(
    embeddings: X,
    directions: X,
    *,
    global_views: int = 2,
    sketch_weight: X = 0.05,
    t_max: X = 3.0,
    knots: int = 17,
) -> Array:
    """Balestriero 2025: all views at the centre of the global ones, and a sketch."""
    z, ways = real(embeddings), real(directions)
    result = np.empty(z.shape[:-3])
    weights, ends = (np.broadcast_to(real(h), result.shape) for h in (sketch_weight, t_max))
    for index in np.ndindex(result.shape):
        views = np.swapaxes(z[index], 0, 1)
        sketch = np.mean([_sketched(view, ways, float(ends[index]), knots) for view in views])
        apart = _off_center(z[index], global_views)
        result[index] = (1 - weights[index]) * apart + weights[index] * sketch
    return result


def _deviations(view: Array) -> Array:
    """Population deviations; exactly 0 if constant, as the mean of equal numbers need not be."""
    return np.where(np.ptp(view, axis=0) > 0, view.std(axis=0), 0.0)


def visreg(
    embeddings: X,
    directions: X,
    *,
    global_views: int = 2,
    regularization_weight: X = 0.9,
    scale_weight: X = 1.0,
    shape_weight: X = 1.0,
    center_weight: X = 1.0,
    eps: X = 1e-4,
    held: tuple[X, ...] | None = None,
) -> Array:
    """Wu 2026, equations 1 to 8, divided by the deviations at the arguments `held`."""
    z, ways = real(embeddings), real(directions)
    still = z if held is None else real(held[0])
    result = np.empty(z.shape[:-3])
    given = (regularization_weight, scale_weight, shape_weight, center_weight, eps)
    levels = [np.broadcast_to(real(h), result.shape) for h in given]
    for index in np.ndindex(result.shape):
        share, scale, shape, center, least = (float(h[index]) for h in levels)
        terms = []
        for view, fixed in zip(
            np.swapaxes(z[index], 0, 1), np.swapaxes(still[index], 0, 1), strict=True
        ):
            n = len(view)
            wanted = np.array([NormalDist().inv_cdf(k / (n + 1)) for k in range(1, n + 1)])
            moved = np.where(np.ptp(view, axis=0) > 0, view - view.mean(axis=0), 0.0)
            divisor = _deviations(fixed) + least
            unit = moved / np.where(divisor > 0, divisor, 1)
            off = [np.mean((np.sort(unit @ way) - wanted) ** 2) for way in ways]
            terms.append(
                scale * np.mean((1 - _deviations(view)) ** 2)
                + shape * np.mean(off)
                + center * np.mean(view.mean(axis=0) ** 2)
            )
        apart = _off_center(z[index], global_views)
        result[index] = (1 - share) * apart + share * np.mean(terms)
    return result
