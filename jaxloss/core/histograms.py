"""Histograms with a derivative: each value is shared between its two nearest points."""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from jaxloss.core.numerics import absolute, relu

_SLACK = 8
"""Rounding of a value, in units of the last digit of the ends, that is not told from a point."""


def shared_out(
    values: Float[Array, "*batch"], low: float, high: float, bins: int
) -> Float[Array, "*batch points"]:
    """How each value is shared between the two nearest of `bins + 1` even points, a last axis.

    At a point the shares have a kink, where the gradient is 0; so it is within rounding of one.
    """
    points = jnp.linspace(low, high, bins + 1, dtype=values.dtype)
    step = (high - low) / bins
    places = jnp.round((lax.stop_gradient(values) - low) / step).astype(jnp.int32)
    nearest = points[jnp.clip(places, 0, bins)]
    rounding = _SLACK * jnp.finfo(values.dtype).eps * max(abs(low), abs(high))
    values = jnp.where(absolute(values - nearest) <= rounding, nearest, values)
    points = jnp.expand_dims(points, tuple(range(values.ndim)))
    return relu(1 - absolute(values[..., None] - points) / step)


def share_up_to(
    values: Float[Array, "*batch"], frequencies: Float[Array, " points"], low: float, high: float
) -> Float[Array, "*batch"]:
    """Share of the frequencies at even points that lie no higher than each value; no derivative.

    0 where there are no frequencies at all.
    """
    bins = frequencies.shape[-1] - 1
    rounding = _SLACK * bins * jnp.finfo(values.dtype).eps
    place = jnp.floor((lax.stop_gradient(values) - low) * (bins / (high - low)) + rounding)
    up_to = jnp.cumsum(frequencies)
    whole = jnp.where(up_to[-1] > 0, up_to[-1], 1)
    found = jnp.take(up_to / whole, jnp.clip(place, 0, bins).astype(jnp.int32), mode="clip")
    return lax.stop_gradient(jnp.where(place >= 0, found, 0))
