"""Scores of a forecast that is a whole distribution against the one value that came true.

Of ensembles of numbers; those of vectors are scored by `multivariate`, named distributions by
`crps`, and probabilities of classes by `proper`.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, mask, promote
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import safe_divide, with_partials
from jaxloss.core.order import ascending, at, deposit, smaller


def crps_ensemble(
    pred: Float[ArrayLike, "*batch members"],
    target: Float[ArrayLike, "*batch"],
    *,
    estimator: Literal["energy", "fair"] = "energy",
    where: Bool[ArrayLike, "*batch members"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward an ensemble for being sharp and for surrounding what came true.

    Formula: `mean(abs(pred - target)) - mean(abs(pred - pred')) / 2`, the second over all pairs of
    members: the continuous ranked probability score, the integral of the squared difference of the
    distribution functions. Members that tie with each other or with the target have slope 0 in
    their distance. In time `m * log(m)` and memory `m`.

    Args:
        pred: members of the ensemble.
        target: what came true.
        estimator: `"energy"` takes the ensemble for the forecast itself; `"fair"` takes it for a
            sample of one, leaves the pairs of a member with itself out, and so rewards no ensemble
            for being narrower than what it is drawn from. It may be negative.
        where: members that exist; without any the score is 0.

    Returns:
        One value for each ensemble.

    Example:
        >>> crps_ensemble([0.0, 2.0], 1.0)
        Array(0.5, dtype=float32)

    Reference: Gneiting and Raftery 2007, doi:10.1198/016214506000001437; fair, Ferro 2014,
        doi:10.1002/qj.2270.
    """
    pred, target = promote(pred=pred, target=target)
    if pred.ndim < 1 or pred.shape[:-1] != target.shape:
        raise ValueError(
            "expected `pred` with an axis of members more than `target`, "
            f"got `pred` {pred.shape} and `target` {target.shape}"
        )
    if pred.shape[-1] == 0:
        return jnp.zeros_like(target)
    kept = mask(where, pred)
    # Those left out stand with the largest, where they take up no room.
    top = lax.stop_gradient(jnp.max(pred, axis=-1, initial=-jnp.inf, where=kept, keepdims=True))
    pred = jnp.where(kept, pred, jnp.where(jnp.isfinite(top), top, 0))
    ordered = ascending(pred)
    count = jnp.sum(kept, axis=-1, keepdims=True, dtype=pred.dtype)
    pairs = jnp.square(count) if estimator == "energy" else count * (count - 1)
    facts = (ordered, kept, jnp.maximum(count, 1), jnp.maximum(pairs, 1))
    value = with_partials(_crps, _crps_by_pred, _crps_by_target, None)(pred, target, facts)
    return jnp.where(count[..., 0] > 0, value, 0)


_Facts = tuple[Array, Array, Array, Array]


def _crps(pred: Array, target: Array, facts: _Facts) -> Array:
    ordered, _, count, pairs = facts
    target = target[..., None]
    low, high = ordered[..., :-1], ordered[..., 1:]
    place = lax.broadcasted_iota(count.dtype, low.shape, low.ndim - 1) + 1
    below = jnp.minimum(place, count)
    # Between two neighbours the distribution function is constant. No term is negative but the
    # last, which is 0 for the energy estimator.
    inside = jnp.clip(target, low, high)
    share, rest = below / count, (count - below) / count
    steps = jnp.square(share) * (inside - low) + jnp.square(rest) * (high - inside)
    fairness = below * (count - below) * (1 / jnp.square(count) - 1 / pairs) * (high - low)
    outside = jnp.maximum(ordered[..., :1] - target, 0) + jnp.maximum(target - ordered[..., -1:], 0)
    return jnp.sum(steps + fairness, axis=-1) + outside[..., 0]


def _crps_by_pred(pred: Array, target: Array, facts: _Facts) -> Array:
    ordered, kept, count, pairs = facts
    slots = smaller(ordered, pred)
    tied = deposit(kept.astype(jnp.int32), slots, pred.shape[-1])
    below = slots.astype(pred.dtype)
    above = count - below - at(tied, slots).astype(pred.dtype)
    slope = jnp.sign(pred - target[..., None]) / count - (below - above) / pairs
    return jnp.where(kept, slope, 0)


def _crps_by_target(pred: Array, target: Array, facts: _Facts) -> Array:
    _, kept, count, _ = facts
    sides = jnp.sign(target[..., None] - pred)
    return jnp.sum(jnp.where(kept, sides, 0), axis=-1) / count[..., 0]


def almost_fair_crps(
    pred: Float[ArrayLike, "*batch members"],
    target: Float[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 0.95,
    where: Bool[ArrayLike, "*batch members"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward an ensemble almost fairly, so that no member is free to go where it likes.

    Formula: `alpha * crps_ensemble(pred, target, estimator="fair")
    + (1 - alpha) * crps_ensemble(pred, target)`. With all members but one right, the fair score
    does not depend on the last one.

    Args:
        pred: members of the ensemble.
        target: what came true.
        alpha: share of the fair score, from 0 to 1.
        where: members that exist; without any the score is 0.

    Returns:
        One value for each ensemble.

    Example:
        >>> almost_fair_crps([0.0, 2.0], 1.0, alpha=0.5)
        Array(0.25, dtype=float32)

    Reference: Lang et al. 2024, arXiv:2412.15832.
    """
    fair = crps_ensemble(pred, target, estimator="fair", where=where)
    plain = crps_ensemble(pred, target, where=where)
    (alpha,) = hyperparameters(fair, alpha=alpha)
    return alpha * fair + (1 - alpha) * plain


def threshold_weighted_crps(
    pred: Float[ArrayLike, "*batch members"],
    target: Float[ArrayLike, "*batch"],
    *,
    threshold: ArrayLike = 0.0,
    estimator: Literal["energy", "fair"] = "energy",
    where: Bool[ArrayLike, "*batch members"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward an ensemble for what it says beyond a threshold: extremes.

    Formula: `crps_ensemble(v(pred), v(target))` with `v(x) = max(x, threshold)`, the integral of
    `(F(x) - (target <= x))**2` from `threshold` on. For other weights, chain `v`, whose slope is
    the weight, before `crps_ensemble` in the same way; negate all for what is below a threshold.

    Args:
        pred: members of the ensemble.
        target: what came true.
        threshold: from which on things matter.
        estimator: as of `crps_ensemble`.
        where: members that exist; without any the score is 0.

    Returns:
        One value for each ensemble.

    Example:
        >>> threshold_weighted_crps([0.0, 2.0], 1.0, threshold=1.5)
        Array(0.125, dtype=float32)

    Reference: Gneiting and Ranjan 2011, doi:10.1198/jbes.2010.08110; Allen et al. 2023,
        doi:10.1137/22M1532184.
    """
    pred, target = aligned({"pred": "members", "target": ""}, pred=pred, target=target)
    (threshold,) = hyperparameters(target, threshold=threshold)

    def chained(x: Array, at_least: Array) -> Array:
        return jnp.where(x > at_least, x, at_least)

    return crps_ensemble(
        chained(pred, along(threshold)),
        chained(target, threshold),
        estimator=estimator,
        where=where,
    )


def error_spread(
    pred: Float[ArrayLike, "*batch members"],
    target: Float[ArrayLike, "*batch"],
    *,
    where: Bool[ArrayLike, "*batch members"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward an ensemble for a spread, and a skewness, like that of its errors.

    Formula: with `e = mean(pred) - target`, `s` the standard deviation of the members (their number
    less 1 as divisor) and `g` their skewness, without bias, `(s**2 - e**2 - e * s * g)**2`. Fewer
    than three members have no skewness, one has no spread.

    Args:
        pred: members of the ensemble.
        target: what came true.
        where: members that exist; without any the score is 0.

    Returns:
        One value for each ensemble.

    Example:
        >>> error_spread([0.0, 2.0], 2.0)
        Array(1., dtype=float32)

    Reference: Christensen et al. 2015, doi:10.1002/qj.2375.
    """
    pred, target = aligned({"pred": "members", "target": ""}, pred=pred, target=target)
    kept = mask(where, pred)
    count = jnp.sum(kept, axis=-1, dtype=pred.dtype)

    def total(x: Array) -> Array:
        return jnp.sum(jnp.where(kept, x, 0), axis=-1)

    errors = jnp.where(kept, pred, target[..., None]) - target[..., None]
    error = safe_divide(total(errors), count)
    off = jnp.where(kept, errors - error[..., None], 0)
    variance = safe_divide(total(jnp.square(off)), jnp.maximum(count - 1, 0))
    cubes = total(off * jnp.square(off))
    lean = safe_divide(count * cubes, jnp.maximum((count - 1) * (count - 2), 0) * variance)
    return jnp.where(count > 0, jnp.square(variance - error * (error + lean)), 0)
