"""Losses of quantiles, expectiles and intervals: what is wanted is a place in a distribution.

The elementwise ones take `pred` and `target` of one shape, and a level that may be a number, an
array that broadcasts, or a tracer: levels drawn at random, one for each entry, make an implicit
quantile network of `pinball`. Nothing here keeps quantiles from crossing: predict the lowest and
positive gaps where that matters.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, elementwise, hyperparameters, mask, of_rows, vectors
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import relu, safe_divide, softplus, streamed


def pinball(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    quantile: ArrayLike = 0.5,
) -> Float[Array, "*shape"]:
    """Reward a quantile of the target.

    Formula: `quantile * max(target - pred, 0) + (1 - quantile) * max(pred - target, 0)`; gradient 0
    at the kink. Half of the absolute error for the median.

    Args:
        quantile: level in (0, 1).

    Example:
        >>> pinball([0.0, 0.0], [3.0, -3.0], quantile=0.75)
        Array([2.25, 0.75], dtype=float32)

    Reference: Koenker and Bassett 1978, doi:10.2307/1913643; levels drawn at random, Dabney et al.
        2018, arXiv:1806.06923.
    """
    pred, target, quantile = elementwise(pred=pred, target=target, hyper={"quantile": quantile})
    return streamed(_pinball)(pred, target, quantile)


def _pinball(pred: Array, target: Array, quantile: Array) -> Array:
    return quantile * relu(target - pred) + (1 - quantile) * relu(pred - target)


def smooth_pinball(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    quantile: ArrayLike = 0.5,
    temperature: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward a quantile of the target by a loss without a kink.

    Formula: with `u = target - pred`, `quantile * u
    + temperature * log(1 + exp(-u / temperature))`; `pinball` in the limit of `temperature` 0. It
    is not 0 at the target.

    Args:
        quantile: level in (0, 1).
        temperature: width of the bend, in units of the target; non-negative.

    Example:
        >>> smooth_pinball([0.0, 0.0], [3.0, 0.0], quantile=0.75, temperature=1.0)
        Array([2.2986, 0.6931], dtype=float32)

    Reference: Zheng 2011, doi:10.1007/s13042-011-0031-2.
    """
    hyper = {"quantile": quantile, "temperature": temperature}
    pred, target, quantile, temperature = elementwise(pred=pred, target=target, hyper=hyper)

    def kernel(p: Array, t: Array, q: Array, width: Array) -> Array:
        bent = width > 0
        inside = jnp.where(bent, width, 1)
        smooth = q * (t - p) + inside * softplus((p - t) / inside)
        return jnp.where(bent, smooth, _pinball(p, t, q))

    return streamed(kernel)(pred, target, quantile, temperature)


def expectile(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    level: ArrayLike = 0.5,
) -> Float[Array, "*shape"]:
    """Reward an expectile of the target: to the mean what a quantile is to the median.

    Formula: `abs(level - (target < pred)) * (target - pred)**2`; half of the squared error at 0.5.

    Args:
        level: in (0, 1).

    Example:
        >>> expectile([0.0, 0.0], [3.0, -3.0], level=0.75)
        Array([6.75, 2.25], dtype=float32)

    Reference: Newey and Powell 1987, doi:10.2307/1911031.
    """
    pred, target, level = elementwise(pred=pred, target=target, hyper={"level": level})

    def kernel(p: Array, t: Array, q: Array) -> Array:
        return jnp.where(p > t, 1 - q, q) * jnp.square(t - p)

    return streamed(kernel)(pred, target, level)


def interval(
    lower: Float[ArrayLike, "*shape"],
    upper: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    miscoverage: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward an interval for being narrow and for not missing the target (Winkler's score).

    Formula: `(upper - lower) + 2 / miscoverage
    * (max(lower - target, 0) + max(target - upper, 0))`, least for the quantiles `miscoverage / 2`
    and `1 - miscoverage / 2`; gradient of a miss 0 at the ends.

    Args:
        lower: end of the interval.
        upper: end of the interval.
        target: what came true.
        miscoverage: probability of a miss that is wanted, in (0, 1).

    Example:
        >>> interval([0.0, 0.0], [1.0, 1.0], [0.5, 2.0], miscoverage=0.5)
        Array([1., 5.], dtype=float32)

    Reference: Winkler 1972, doi:10.2307/2284720; Gneiting and Raftery 2007,
        doi:10.1198/016214506000001437.
    """
    hyper = {"miscoverage": miscoverage}
    low, high, target, a = elementwise(lower=lower, upper=upper, target=target, hyper=hyper)

    def kernel(low: Array, high: Array, t: Array, a: Array) -> Array:
        return (high - low) + 2 / a * (relu(low - t) + relu(t - high))

    return streamed(kernel)(low, high, target, a)


def multi_quantile(
    pred: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch"],
    *,
    levels: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward several quantiles of one target.

    Formula: `mean(pinball(pred, target, quantile=levels))` over the levels.

    Args:
        pred: one prediction for each level.
        target: what came true.
        levels: in (0, 1).

    Returns:
        One value for each target.

    Example:
        >>> multi_quantile([0.0, 1.0], 2.0, levels=[0.25, 0.75])
        Array(0.625, dtype=float32)

    Reference: Wen et al. 2017, arXiv:1711.11053.
    """
    pred, target = aligned({"pred": "k", "target": ""}, pred=pred, target=target)
    value = _pinball(pred, target[..., None], _levels("levels", levels, pred))
    return jnp.sum(value, axis=-1) / max(pred.shape[-1], 1)


def crps_quantile(
    pred: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch"],
    *,
    levels: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward a whole distribution, given by its quantiles.

    Formula: `2 * mean(pinball(pred, target, quantile=levels))`, which tends to the continuous
    ranked probability score as evenly spaced levels get many.

    Args:
        pred: one prediction for each level.
        target: what came true.
        levels: in (0, 1).

    Returns:
        One value for each target.

    Example:
        >>> crps_quantile([0.0, 1.0], 2.0, levels=[0.25, 0.75])
        Array(1.25, dtype=float32)

    Reference: Laio and Tamea 2007, doi:10.5194/hess-11-1267-2007; Gneiting and Ranjan 2011,
        doi:10.1198/jbes.2010.08110.
    """
    return 2 * multi_quantile(pred, target, levels=levels)


def weighted_interval(
    lower: Float[ArrayLike, "*batch k"],
    upper: Float[ArrayLike, "*batch k"],
    median: Float[ArrayLike, "*batch"],
    target: Float[ArrayLike, "*batch"],
    *,
    miscoverage: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward a median and nested intervals around it.

    Formula: `(abs(median - target) / 2 + sum(miscoverage / 2 * interval(lower, upper, target)))
    / (k + 1 / 2)`: twice the mean pinball loss over the `2 * k + 1` quantiles.

    Args:
        lower: lower end of each interval.
        upper: upper end of each interval.
        median: of the forecast.
        target: what came true.
        miscoverage: of each interval, in (0, 1).

    Returns:
        One value for each target.

    Example:
        >>> weighted_interval([0.0], [4.0], 1.0, 3.0, miscoverage=[0.5])
        Array(1.3333, dtype=float32)

    Reference: Bracher et al. 2021, doi:10.1371/journal.pcbi.1008618.
    """
    axes = {"lower": "k", "upper": "k", "median": "", "target": ""}
    lower, upper, median, target = aligned(
        axes, lower=lower, upper=upper, median=median, target=target
    )
    below = _levels("miscoverage", miscoverage, lower) / 2
    centre = _pinball(median, target, jnp.full_like(median, 0.5))
    ends = _pinball(lower, target[..., None], below) + _pinball(upper, target[..., None], 1 - below)
    return (centre + jnp.sum(ends, axis=-1)) / (lower.shape[-1] + 0.5)


def quality_driven(
    lower: Float[ArrayLike, "*batch n"],
    upper: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    miscoverage: ArrayLike = 0.05,
    weight: ArrayLike = 15.0,
    softness: ArrayLike = 160.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a batch of intervals for being narrow once they cover as much as they should.

    Formula: with `inside = (lower <= target) & (target <= upper)` and `covered =
    mean(sigmoid(softness * (target - lower)) * sigmoid(softness * (upper - target)))`,
    `sum((upper - lower) * inside) / sum(inside) + weight * n / (miscoverage * (1 - miscoverage))
    * max(0, 1 - miscoverage - covered)**2`. The last axis is one batch of examples, whose coverage
    counts as one.

    Args:
        lower: ends of the intervals.
        upper: ends of the intervals.
        target: what came true.
        miscoverage: share of misses that is allowed, in (0, 1).
        weight: of what coverage is lacking.
        softness: how sharp the soft count is, per unit of the target: the default is for targets of
            unit spread.
        where: examples that count.

    Returns:
        One value for each batch; 0 for an empty one.

    Example:
        >>> quality_driven([0.0, 0.0], [1.0, 1.0], [0.5, 0.5])
        Array(1., dtype=float32)

    Reference: Pearce et al. 2018, arXiv:1802.07167.
    """
    lower, upper, target = vectors(lower=lower, upper=upper, target=target)
    kept = mask(where, lower)
    lower, upper, target = (jnp.where(kept, array, 0) for array in (lower, upper, target))
    hyper = {"miscoverage": miscoverage, "weight": weight, "softness": softness}
    missed, weight, softness = hyperparameters(of_rows(lower), **hyper)
    inside = kept & (lower <= target) & (target <= upper)
    width = safe_divide(
        jnp.sum(jnp.where(inside, upper - lower, 0), axis=-1),
        jnp.sum(inside, axis=-1, dtype=lower.dtype),
    )
    sharp = along(softness)
    # By logarithms, whose slopes keep their digits where a sigmoid is nearly 1.
    soft = jnp.exp(-softplus(sharp * (lower - target)) - softplus(sharp * (target - upper)))
    count = jnp.sum(kept, axis=-1, dtype=lower.dtype)
    covered = safe_divide(jnp.sum(jnp.where(kept, soft, 0), axis=-1), count)
    lack = relu(1 - missed - covered)
    return width + weight * count / (missed * (1 - missed)) * jnp.square(lack)


def _levels(name: str, given: ArrayLike, like: Array) -> Array:
    """One level for each entry of the last axis, to broadcast."""
    levels = jnp.asarray(given).astype(like.dtype)
    if levels.shape != like.shape[-1:]:
        raise ValueError(f"expected `{name}` of shape {like.shape[-1:]}, got {levels.shape}")
    return jnp.broadcast_to(levels, like.shape)
