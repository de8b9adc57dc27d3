"""Continuous ranked probability scores of normal distributions that end at bounds.

What lies beyond a bound is piled up there (censored) or was never possible (truncated). As in
`crps`: arguments are the parameters, then the target, all of one shape.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.special import ndtr
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise
from jaxloss.core.forecasts import (
    NEGLIGIBLE,
    hypotenuse,
    running_integral,
    spread_nodes,
    standard,
    whole_integral,
)
from jaxloss.core.numerics import relu


def censored_gaussian(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Float[Array, "*shape"]:
    """Reward a normal distribution whose tails are piled up at bounds: rain, which is often none.

    Formula: with `F` the distribution function and `z = clip(target, lower, upper)`,
    `abs(target - z)` plus the integral of `F**2` from `lower` to `z` and that of `(1 - F)**2` from
    `z` to `upper`, by quadrature: where the bounds are close
    together, a closed form would cancel.

    Args:
        mean: of the distribution before censoring.
        scale: its standard deviation, non-negative.
        target: what came true.
        lower: bound that takes what lies below it; may be `-inf`.
        upper: bound that takes what lies above it, if there is one.

    Example:
        >>> censored_gaussian([-9.0, 1.0], [1.0, 2.0], [0.0, 1.0])
        Array([0.    , 0.3986], dtype=float32)

    Reference: Thorarinsdottir and Gneiting 2010, doi:10.1111/j.1467-985X.2009.00616.x.
    """
    hyper = {"lower": lower, "upper": jnp.inf if upper is None else upper}
    mean, scale, target, low, high = elementwise(mean=mean, scale=scale, target=target, hyper=hyper)
    # Further away the distribution function is 0 or 1 to the last digit.
    reached = 9 * scale
    start = jnp.minimum(jnp.maximum(mean - reached, low), high)
    end = jnp.minimum(jnp.maximum(mean + reached, low), high)
    inner = _nearest(target, start, end)

    def squares(place: Array, width: Array, sign: int) -> Array:
        share = ndtr(sign * spread_nodes(standard(place - mean, scale), width))
        return whole_integral(jnp.square(share), width)

    before = squares(start, standard(inner - start, scale), 1)
    behind = squares(inner, standard(end - inner, scale), -1)
    return relu(start - target) + relu(target - end) + scale * (before + behind)


def _nearest(x: Array, low: Array, high: Array) -> Array:
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def truncated_gaussian(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    lower: ArrayLike = 0.0,
    upper: ArrayLike | None = None,
) -> Float[Array, "*shape"]:
    """Reward a normal distribution that is cut off at bounds: wind, which is never negative.

    Formula: with `F` the distribution function of what is left, `z = clip(target, lower, upper)`,
    `abs(target - z)` plus the integral of `F**2` from `lower` to `z` and that of `(1 - F)**2` from
    `z` to `upper`. By quadrature, relative to where the density is largest, so that nothing is lost
    however far in a tail the bounds are.

    Args:
        mean: of the distribution before it is cut.
        scale: its standard deviation, positive.
        target: what came true.
        lower: bound, below `upper`; may be `-inf`.
        upper: bound, if there is one.

    Example:
        >>> truncated_gaussian([-9.0, 1.0], [1.0, 2.0], [0.0, 1.0])
        Array([0.0546, 0.5136], dtype=float32)

    Reference: Gneiting et al. 2006, doi:10.1198/016214506000000456 (the lower bound); Jordan et al.
        2019, doi:10.18637/jss.v090.i12.
    """
    hyper = {"lower": lower, "upper": jnp.inf if upper is None else upper}
    mean, scale, target, low, high = elementwise(mean=mean, scale=scale, target=target, hyper=hyper)
    peak = jnp.minimum(jnp.maximum(mean, low), high)
    slope = standard(peak - mean, scale)
    room = jnp.full_like(slope, np.sqrt(2 * NEGLIGIBLE))
    reached = jnp.square(room) / (hypotenuse(jnp.abs(slope), room) + jnp.abs(slope)) * scale
    start = jnp.where(peak - low < reached, low, peak - reached)
    end = jnp.where(high - peak < reached, high, peak + reached)
    inner = _nearest(target, start, end)
    widths = standard(inner - start, scale), standard(end - inner, scale)

    def density(place: Array, width: Array) -> Array:
        t = spread_nodes(standard(place - peak, scale), width)
        return jnp.exp(-t * (slope[..., None] + t / 2))

    before, behind = density(start, widths[0]), density(inner, widths[1])
    first, second = whole_integral(before, widths[0]), whole_integral(behind, widths[1])
    below = running_integral(before, widths[0])
    above = second[..., None] - running_integral(behind, widths[1])
    squares = whole_integral(jnp.square(below), widths[0]) + whole_integral(
        jnp.square(above), widths[1]
    )
    outside = relu(start - target) + relu(target - end)
    return outside + scale * squares / jnp.square(first + second)
