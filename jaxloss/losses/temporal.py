"""Series against series: aligned in time, measured by how hard they are to forecast, or by waves.

Soft-DTW and its relatives compare series of vectors, time on the axis before the features, that may
differ in length; `where` and `target_where` say which moments exist, those missing at the end. The
others read time on the last axis. Each pair of series gives one value.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import hyperparameters, mask, of_rows, promote, require, samples, vectors
from jaxloss.core.numerics import absolute, safe_divide, safe_norm
from jaxloss.core.warping import distortion, soft_dtw as _soft_dtw


def soft_dtw(
    pred: Float[ArrayLike, "*batch time dim"],
    target: Float[ArrayLike, "*batch length dim"],
    *,
    gamma: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    target_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a series for having the shape of another, whenever its parts come and last.

    Formula: over all paths from the first pair of moments to the last, each step of which goes on
    by one moment in one series or in both,
    `-gamma * log(sum(exp(-sum(norm(pred[i] - target[j])**2 for i, j in path) / gamma)))`; dynamic
    time warping in the limit of `gamma` 0. It can be negative, and is least beside the target
    rather than at it, for which see `soft_dtw_divergence`.

    In time `time * length`, in `time + length` steps. The value takes memory for three diagonals of
    the matrix of distances, the gradient for as much as that matrix.

    Args:
        pred: series of vectors.
        target: series of vectors.
        gamma: how soft the minimum is, in units of squared distance; may be 0, and traced.
        where: moments of `pred` that exist.
        target_where: moments of `target` that exist.

    Returns:
        One value for each pair of series; 0 if one of them has no moments.

    Example:
        >>> soft_dtw([[0.0], [1.0], [1.0]], [[0.0], [1.0]])
        Array(-0.806, dtype=float32)

    Reference: Cuturi and Blondel 2017, arXiv:1703.01541.
    """
    pred, target, gamma, sizes = _series(pred, target, gamma, where, target_where)
    return _aligned(pred, target, gamma, sizes)


def soft_dtw_divergence(
    pred: Float[ArrayLike, "*batch time dim"],
    target: Float[ArrayLike, "*batch length dim"],
    *,
    gamma: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    target_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a series for having the shape of another, most of all for being that other.

    Formula: `soft_dtw(pred, target) - soft_dtw(pred, pred) / 2 - soft_dtw(target, target) / 2`,
    which is 0 for equal series.

    Args:
        pred: series of vectors.
        target: series of vectors.
        gamma: how soft the minimum is, in units of squared distance; may be 0, and traced.
        where: moments of `pred` that exist.
        target_where: moments of `target` that exist.

    Returns:
        One value for each pair of series; 0 if one of them has no moments.

    Example:
        >>> soft_dtw_divergence([[0.0], [1.0], [3.0]], [[0.0], [1.0], [3.0]])
        Array(0., dtype=float32)

    Reference: Blondel et al. 2021, arXiv:2010.08354.
    """
    pred, target, gamma, sizes = _series(pred, target, gamma, where, target_where)
    apart = _aligned(pred, target, gamma, sizes)
    own = _aligned(pred, pred, gamma, jnp.stack(2 * [sizes[..., 0]], axis=-1))
    other = _aligned(target, target, gamma, jnp.stack(2 * [sizes[..., 1]], axis=-1))
    return jnp.where(jnp.all(sizes > 0, axis=-1), apart - (own + other) / 2, 0)


def temporal_distortion(
    pred: Float[ArrayLike, "*batch time dim"],
    target: Float[ArrayLike, "*batch length dim"],
    *,
    gamma: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    target_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a series for showing the shape of another at the right time.

    Formula: with the weights that paths have in `soft_dtw`, which add up to 1,
    `sum(weight * sum((i - j)**2 for i, j in path)) / (time * length)`.

    Args:
        pred: series of vectors.
        target: series of vectors.
        gamma: how soft the minimum is, in units of squared distance. The authors take 0.01 for
            series of unit variance, at which float32 leaves gradients three digits.
        where: moments of `pred` that exist.
        target_where: moments of `target` that exist.

    Returns:
        One value for each pair of series; 0 if one of them has no moments.

    Example:
        >>> temporal_distortion([[0.0], [0.0], [1.0]], [[0.0], [1.0], [1.0]])
        Array(0.2222, dtype=float32)

    Reference: Le Guen and Thome 2019, arXiv:1909.09020.
    """
    pred, target, gamma, sizes = _series(pred, target, gamma, where, target_where)
    return _late(pred, target, gamma, sizes)


def dilate(
    pred: Float[ArrayLike, "*batch time dim"],
    target: Float[ArrayLike, "*batch length dim"],
    *,
    alpha: ArrayLike = 0.5,
    gamma: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    target_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a forecast for the right shape and for the right time of it, each for itself.

    Formula: `alpha * soft_dtw(pred, target) + (1 - alpha) * temporal_distortion(pred, target)`.

    Args:
        pred: series of vectors.
        target: series of vectors.
        alpha: share of the shape.
        gamma: how soft the minimum is, in units of squared distance. The authors take 0.01 for
            series of unit variance, at which float32 leaves gradients three digits.
        where: moments of `pred` that exist.
        target_where: moments of `target` that exist.

    Returns:
        One value for each pair of series; 0 if one of them has no moments.

    Example:
        >>> dilate([[0.0], [0.0], [1.0]], [[0.0], [1.0], [1.0]])
        Array(0.1111, dtype=float32)

    Reference: Le Guen and Thome 2019, arXiv:1909.09020.
    """
    pred, target, gamma, sizes = _series(pred, target, gamma, where, target_where)
    (alpha,) = hyperparameters(of_rows(of_rows(pred)), alpha=alpha)
    shape = _aligned(pred, target, gamma, sizes)
    return alpha * shape + (1 - alpha) * _late(pred, target, gamma, sizes)


def mean_absolute_scaled_error(
    pred: Float[ArrayLike, "*batch time"],
    target: Float[ArrayLike, "*batch time"],
    insample: Float[ArrayLike, "*batch past"],
    *,
    seasonality: int = 1,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    insample_where: Bool[ArrayLike, "*batch past"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a forecast for being nearer than repeating the last season was in the past (MASE).

    Formula: `mean(abs(pred - target)) / mean(abs(insample[s:] - insample[:-s]))` with
    `s = seasonality`; gradient 0 at an error of 0.

    Args:
        pred: forecast.
        target: what came.
        insample: the past of each series.
        seasonality: moments in a season; 1 repeats the last value.
        where: moments of the forecast that count.
        insample_where: moments of the past that are known.

    Returns:
        One value for each series; 0 for a past that repeats itself, or is no longer than a season.

    Raises:
        ValueError: for a seasonality below 1.

    Example:
        >>> mean_absolute_scaled_error([3.0, 5.0], [4.0, 4.0], [1.0, 3.0, 2.0])
        Array(0.6667, dtype=float32)

    Reference: Hyndman and Koehler 2006, doi:10.1016/j.ijforecast.2006.03.001.
    """
    error, kept, step, known = _forecast(pred, target, insample, seasonality, where, insample_where)
    return safe_divide(_mean(absolute(error), kept), _mean(absolute(step), known))


def root_mean_squared_scaled_error(
    pred: Float[ArrayLike, "*batch time"],
    target: Float[ArrayLike, "*batch time"],
    insample: Float[ArrayLike, "*batch past"],
    *,
    seasonality: int = 1,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    insample_where: Bool[ArrayLike, "*batch past"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a forecast for a mean that is nearer than the last season was in the past (RMSSE).

    Formula: `sqrt(mean((pred - target)**2) / mean((insample[s:] - insample[:-s])**2))` with
    `s = seasonality`; gradient 0 at a perfect forecast.

    Args:
        pred: forecast.
        target: what came.
        insample: the past of each series.
        seasonality: moments in a season; 1 repeats the last value.
        where: moments of the forecast that count.
        insample_where: moments of the past that are known.

    Returns:
        One value for each series; 0 for a past that repeats itself, or is no longer than a season.

    Raises:
        ValueError: for a seasonality below 1.

    Example:
        >>> root_mean_squared_scaled_error([3.0, 5.0], [4.0, 4.0], [1.0, 3.0, 2.0])
        Array(0.6325, dtype=float32)

    Reference: Makridakis et al. 2022, doi:10.1016/j.ijforecast.2021.11.013.
    """
    error, kept, step, known = _forecast(pred, target, insample, seasonality, where, insample_where)
    return safe_divide(_root_mean_square(error, kept), _root_mean_square(step, known))


def fredf(
    pred: Float[ArrayLike, "*batch time"],
    target: Float[ArrayLike, "*batch time"],
    *,
    alpha: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a forecast for the right waves, which unlike its moments hardly hang together.

    Formula: `(1 - alpha) * mean((pred - target)**2) + alpha * mean(abs(rfft(pred - target)))`, with
    the discrete Fourier transform over time; gradient 0 in a frequency without error.

    Args:
        pred: forecast.
        target: what came.
        alpha: share of the waves.

    Returns:
        One value for each series.

    Example:
        >>> fredf([1.0, 2.0], [0.0, 0.0], alpha=1.0)
        Array(2., dtype=float32)

    Reference: Wang et al. 2025, arXiv:2402.02399.
    """
    pred, target = vectors(pred=pred, target=target)
    (alpha,) = hyperparameters(of_rows(pred), alpha=alpha)
    error = pred - target
    if error.shape[-1] == 0:
        return jnp.sum(error, axis=-1)
    waves = jnp.fft.rfft(error, axis=-1)
    sizes = safe_norm(jnp.stack([jnp.real(waves), jnp.imag(waves)], axis=-1))
    in_time = jnp.mean(jnp.square(error), axis=-1)
    return (1 - alpha) * in_time + alpha * jnp.mean(sizes, axis=-1)


def _series(
    pred: ArrayLike,
    target: ArrayLike,
    gamma: ArrayLike,
    where: ArrayLike | None,
    target_where: ArrayLike | None,
) -> tuple[Array, Array, Array, Int[Array, "*batch 2"]]:
    """Check two series of vectors; 0 for moments that do not exist, and how many do."""
    pred, target = samples(pred=pred, target=target)
    (gamma,) = hyperparameters(of_rows(of_rows(pred)), gamma=gamma)
    kept = mask(where, pred[..., 0] if pred.shape[-1] else jnp.sum(pred, axis=-1))
    other = mask(
        target_where,
        target[..., 0] if target.shape[-1] else jnp.sum(target, axis=-1),
        "target_where",
    )
    for name, there in (("where", kept), ("target_where", other)):
        require(
            lambda there=there: there[..., :-1] | ~there[..., 1:],
            f"`{name}` keeps something behind a gap: what does not exist belongs at the end",
        )
    sizes = [jnp.sum(there, axis=-1, dtype=jnp.int32) for there in (kept, other)]
    pred, target = (
        jnp.where(there[..., None], x, 0) for x, there in ((pred, kept), (target, other))
    )
    return pred, target, gamma, jnp.stack(sizes, axis=-1)


def _aligned(x: Array, y: Array, gamma: Array, sizes: Array) -> Array:
    value = _soft_dtw(x, y, gamma, sizes)
    return jnp.where(jnp.all(sizes > 0, axis=-1), value, 0)


def _late(x: Array, y: Array, gamma: Array, sizes: Array) -> Array:
    count = jnp.prod(sizes.astype(x.dtype), axis=-1)
    return safe_divide(distortion(x, y, gamma, sizes), count)


def _forecast(
    pred: ArrayLike,
    target: ArrayLike,
    insample: ArrayLike,
    seasonality: int,
    where: ArrayLike | None,
    insample_where: ArrayLike | None,
) -> tuple[Array, Array, Array, Array]:
    """Errors, which of them count, the steps from season to season, and which are known."""
    if seasonality < 1:
        raise ValueError(f"expected `seasonality` of at least 1, got {seasonality}")
    pred, target = vectors(pred=pred, target=target)
    insample, _ = promote(insample=insample, pred=pred)
    if insample.ndim < 1 or insample.shape[:-1] != pred.shape[:-1]:
        raise ValueError(
            f"expected `insample` with a row for each of `pred` {pred.shape}, "
            f"got shape {insample.shape}"
        )
    pred = pred.astype(insample.dtype)
    target = target.astype(insample.dtype)
    kept = mask(where, pred)
    there = mask(insample_where, insample, "insample_where")
    insample = jnp.where(there, insample, 0)
    step = insample[..., seasonality:] - insample[..., : max(insample.shape[-1] - seasonality, 0)]
    known = there[..., seasonality:] & there[..., : step.shape[-1]]
    return jnp.where(kept, pred - target, 0), kept, jnp.where(known, step, 0), known


def _mean(values: Array, kept: Array) -> Array:
    return safe_divide(jnp.sum(values, axis=-1), jnp.sum(kept, axis=-1, dtype=values.dtype))


def _root_mean_square(values: Array, kept: Array) -> Array:
    count = jnp.sum(kept, axis=-1, dtype=values.dtype)
    return safe_divide(safe_norm(values), jnp.sqrt(jnp.where(count > 0, count, 1)))
