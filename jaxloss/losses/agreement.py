"""Errors of whole vectors: one value for each row of the last axis.

Every loss here takes `pred` and `target` of shape `*batch n` and gives `*batch`. `where` (booleans
of the same shape, or of shape `n`) leaves entries of the vector out, as if they were not there; the
loss of no entry at all is 0. A denominator that is 0 counts as 1: a perfect fit of a constant
target costs nothing. Where a root or a norm has a corner, at a perfect fit or a zero vector, the
gradient is 0.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import above, along, hyperparameters, mask, of_rows, vectors
from jaxloss.core.numerics import absolute, safe_divide, safe_norm, safe_power, safe_sqrt


def root_mean_squared_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a small typical error, in units of the target.

    Formula: `sqrt(mean((pred - target)**2))`; gradient 0 at a perfect fit.

    Args:
        where: entries that count.

    Example:
        >>> root_mean_squared_error([[3.0, 1.0]], [[0.0, 1.0]])
        Array([2.1213], dtype=float32)

    Reference: Willmott 1982, doi:10.1175/1520-0477(1982)063<1309:SCOTEO>2.0.CO;2.
    """
    pred, target, kept = _vectors(pred, target, where)
    return safe_sqrt(_mean(jnp.square(pred - target), kept))


def normalized_root_mean_squared_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    normalizer: Literal["range", "std", "mean", "l2"] = "std",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a small typical error relative to the spread or the size of the target.

    Formula: `sqrt(mean((pred - target)**2)) / s`, with `s` of the target: largest minus smallest
    value, population standard deviation, absolute mean, or root of the mean square.

    Args:
        normalizer: which statistic of the target divides; four are in use, none is standard.
        where: entries that count.

    Raises:
        ValueError: for an unknown normalizer.

    Example:
        >>> normalized_root_mean_squared_error([[1.0, 1.0]], [[0.0, 2.0]], normalizer="range")
        Array([0.5], dtype=float32)

    Reference: Otto 2019, "How to normalize the RMSE", https://www.marinedatascience.co.
    """
    pred, target, kept = _vectors(pred, target, where)
    match normalizer:
        case "range":
            top = jnp.max(target, axis=-1, where=kept, initial=-jnp.inf)
            bottom = jnp.min(target, axis=-1, where=kept, initial=jnp.inf)
            spread = jnp.where(jnp.any(kept, axis=-1), top - bottom, 0)
        case "std":
            spread = safe_sqrt(_mean(jnp.square(_centered(target, kept)), kept))
        case "mean":
            spread = absolute(_mean(target, kept))
        case "l2":
            spread = safe_sqrt(_mean(jnp.square(target), kept))
        case _:  # pyright: ignore[reportUnnecessaryComparison]  # callers without types
            raise ValueError(
                f"expected `normalizer` 'range', 'std', 'mean' or 'l2', got {normalizer!r}"
            )
    return safe_sqrt(_mean(jnp.square(pred - target), kept)) / _or_one(spread)


def relative_squared_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward explained variance: 1 is what the mean of the target scores.

    Formula: `sum((pred - target)**2) / sum((target - mean(target))**2)`, which is `1 - R**2`.

    Args:
        where: entries that count.

    Example:
        >>> relative_squared_error([[1.0, 2.0]], [[0.0, 2.0]])
        Array([0.5], dtype=float32)

    Reference: Wright 1921, "Correlation and causation" (coefficient of determination).
    """
    pred, target, kept = _vectors(pred, target, where)
    return _sum(jnp.square(pred - target), kept) / _or_one(
        _sum(jnp.square(_centered(target, kept)), kept)
    )


def weighted_absolute_percentage_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a small total error relative to the total of the target.

    Formula: `sum(abs(pred - target)) / sum(abs(target))`, a fraction.

    Args:
        where: entries that count.

    Example:
        >>> weighted_absolute_percentage_error([[1.0, 2.0]], [[2.0, 2.0]])
        Array([0.25], dtype=float32)

    Reference: Kolassa and Schütz 2007, "Advantages of the MAD/mean ratio over the MAPE".
    """
    pred, target, kept = _vectors(pred, target, where)
    return _sum(absolute(pred - target), kept) / _or_one(_sum(absolute(target), kept))


def minkowski_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    order: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a small p-norm of the error.

    Formula: `sum(abs(pred - target)**order)**(1 / order)`.

    Args:
        order: exponent, at least 1; larger values look at the largest errors.
        where: entries that count.

    Example:
        >>> minkowski_error([[3.0, 4.0]], [[0.0, 0.0]])
        Array([5.], dtype=float32)

    Reference: Minkowski 1896, "Geometrie der Zahlen".
    """
    pred, target, kept = _vectors(pred, target, where)
    (order,) = hyperparameters(of_rows(pred), order=order)
    size = jnp.where(kept, absolute(pred - target), 0)
    # In units of the largest error no power overflows; the units cancel in every derivative.
    unit = _or_one(lax.stop_gradient(jnp.max(size, axis=-1, initial=0.0)))
    powers = safe_power(size / unit[..., None], along(order))
    return unit * safe_power(jnp.sum(powers, axis=-1), 1 / order)


def cosine_similarity(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Cosine of the angle between two vectors: a score to maximise, so minimise its negative.

    Formula: `sum(pred * target) / (norm(pred) * norm(target))`, between -1 and 1; 0 with gradient 0
    if one of them is the zero vector.

    Args:
        where: entries that count.

    Example:
        >>> cosine_similarity([[1.0, 1.0]], [[2.0, 0.0]])
        Array([0.7071], dtype=float32)

    Reference: Salton et al. 1975, doi:10.1145/361219.361220.
    """
    pred, target, _ = _vectors(pred, target, where)
    return jnp.sum(_unit(pred) * _unit(target), axis=-1)


def cosine_distance(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward equal direction, whatever the length.

    Formula: `1 - sum(pred * target) / (norm(pred) * norm(target))`, between 0 and 2; 1 with
    gradient 0 if one of them is the zero vector.

    Args:
        where: entries that count.

    Example:
        >>> cosine_distance([[1.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [1.0, 0.0]])
        Array([0., 1.], dtype=float32)

    Reference: Salton et al. 1975, doi:10.1145/361219.361220.
    """
    pred, target, kept = _vectors(pred, target, where)
    return _angular(pred, target, kept)


def pearson_distance(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward linear correlation, whatever the scale and the offset.

    Formula: `1 - corr(pred, target)`, between 0 and 2; a constant vector correlates with nothing,
    which costs 1 with gradient 0.

    Args:
        where: entries that count.

    Example:
        >>> pearson_distance([[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]])
        Array([0.], dtype=float32)

    Reference: Pearson 1895, doi:10.1098/rspl.1895.0041.
    """
    pred, target, kept = _vectors(pred, target, where)
    return _angular(_centered(pred, kept), _centered(target, kept), kept)


def concordance_distance(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward correlation together with equal mean and spread: agreement of two raters.

    Formula: `1 - 2 * cov / (var(pred) + var(target) + (mean(pred) - mean(target))**2)`, population
    moments; 0 where both are constant and equal.

    Args:
        where: entries that count.

    Example:
        >>> concordance_distance([[1.0, 2.0, 3.0]], [[2.0, 3.0, 4.0]])
        Array([0.4286], dtype=float32)

    Reference: Lin 1989, doi:10.2307/2532051.
    """
    pred, target, kept = _vectors(pred, target, where)
    a, b = _centered(pred, kept), _centered(target, kept)
    # The distance as one fraction: its numerator is the mean square of (a - b) plus the squared
    # difference of the means, without the cancellation of 1 - x.
    shift = jnp.square(_mean(pred - target, kept))
    spread = _mean(jnp.square(a) + jnp.square(b), kept) + shift
    return safe_divide(_mean(jnp.square(a - b), kept) + shift, spread)


def scale_invariant_log_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    balance: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward depth maps that are right up to a common factor.

    Formula: with `d = log(pred) - log(target)`, `mean(d**2) - balance * mean(d)**2`; both positive.

    Args:
        balance: 0 is the squared log error, 1 ignores a common factor altogether.
        where: pixels that count.

    Example:
        >>> scale_invariant_log_error([[2.0, 4.0]], [[1.0, 2.0]], balance=1.0)
        Array([0.], dtype=float32)

    Reference: Eigen et al. 2014, arXiv:1406.2283.
    """
    pred, target, kept = _vectors(pred, target, where, fill=1.0)
    above(0, pred=pred, target=target)
    (balance,) = hyperparameters(of_rows(pred), balance=balance)
    difference = jnp.log(pred) - jnp.log(target)
    spread = _mean(jnp.square(_centered(difference, kept)), kept)
    return spread + (1 - balance) * jnp.square(_mean(difference, kept))


def scale_shift_invariant_error(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward depth maps that are right up to a scale and a shift.

    Formula: the least `mean((s * pred + b - target)**2)` over `s` and `b`; a constant prediction
    leaves the variance of the target.

    Args:
        where: pixels that count.

    Example:
        >>> scale_shift_invariant_error([[1.0, 2.0, 3.0]], [[5.0, 7.0, 9.0]])
        Array([0.], dtype=float32)

    Reference: Ranftl et al. 2020, arXiv:1907.01341 (squared, and without its half).
    """
    pred, target, kept = _vectors(pred, target, where)
    a, b = _centered(pred, kept), _centered(target, kept)
    slope = safe_divide(_sum(a * b, kept), _sum(jnp.square(a), kept))
    left = slope[..., None] * a - b
    # What rounding leaves of a perfect fit is none of it; the slopes of what is left stay.
    size = jnp.max(jnp.abs(b), axis=-1, keepdims=True, initial=0)
    rounding = jnp.abs(left) <= jnp.finfo(left.dtype).eps * size
    left = left - lax.stop_gradient(jnp.where(rounding, left, 0))
    return _mean(jnp.square(left), kept)


def _vectors(
    pred: ArrayLike, target: ArrayLike, where: ArrayLike | None, fill: float = 0.0
) -> tuple[Array, Array, Array]:
    """Check two vectors and a mask; masked entries become `fill`."""
    pred, target = vectors(pred=pred, target=target)
    kept = mask(where, pred)
    return jnp.where(kept, pred, fill), jnp.where(kept, target, fill), kept


def _sum(values: Array, kept: Array) -> Array:
    return jnp.sum(values, axis=-1, where=kept)


def _mean(values: Array, kept: Array) -> Array:
    return safe_divide(_sum(values, kept), jnp.sum(kept, axis=-1, dtype=values.dtype))


def _or_one(denominator: Array) -> Array:
    return jnp.where(denominator == 0, 1, denominator)


def _centered(values: Array, kept: Array) -> Array:
    """Values minus their mean, exactly 0 for a constant vector; 0 where not kept."""
    # A mean is rounded, so a constant minus its mean need not be 0. After a shift by one of the
    # values it is; the shift drops out of every derivative.
    top = jnp.max(values, axis=-1, keepdims=True, where=kept, initial=-jnp.inf)
    shifted = values - lax.stop_gradient(jnp.where(jnp.isfinite(top), top, 0))
    return jnp.where(kept, shifted - _mean(shifted, kept)[..., None], 0)


def _unit(vector: Array) -> Array:
    return safe_divide(vector, safe_norm(vector, keepdims=True))


def _angular(a: Array, b: Array, kept: Array) -> Array:
    """1 minus the cosine, as half the squared distance of unit vectors: no cancellation."""
    degenerate = jnp.all(a == 0, axis=-1) | jnp.all(b == 0, axis=-1)
    distance = jnp.where(degenerate, 1, jnp.sum(jnp.square(_unit(a) - _unit(b)), axis=-1) / 2)
    return jnp.where(jnp.any(kept, axis=-1), distance, 0)
