"""Densities of a random number of parts, each of a gamma density: what rain and claims add up to.

Of Tweedie's densities with a power between 1 and 2 everything but the deviance is a sum over the
number of parts. Written by Stirling's formula around the likeliest number, its terms are all of
order one, whatever the rate, so that a fixed number of them is the whole sum to double precision:
consecutive numbers where they are few, and where they are many the trapezoidal rule over as many
places, which for such bells is exact as well.

Reference: Dunn and Smyth 2005, doi:10.1007/s11222-005-4070-y.
"""

from collections.abc import Callable
from math import log

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import safe_log, with_partials
from jaxloss.core.stirling import (
    ABSENT,
    LOG_TWO_PI,
    excess,
    exp_curvature,
    log1p_ratio,
    stirling,
)

_TERMS = 64
_WIDEST = log(3.4)
"""Logarithm of the width up to which consecutive numbers, one a term, are enough."""
_MOST = log(25.0)
"""Logarithm of the rate up to which they are, however wide: the first is one part."""
_STEP = 0.29
"""Of the trapezoidal rule, in units of the width."""
_NEVER = 1e30
"""What a term costs that takes no part."""


def _log_rest(log_parts: Array, left: Array) -> Array:
    over = 1 - left
    log_over = jnp.log(over)
    log_rate = log_parts + log_over - jnp.where(left > 0, safe_log(left), ABSENT)
    log_width = (log_rate + log_over) / 2
    few = (log_width < _WIDEST) | (log_rate < _MOST)
    rate, slimness = (jnp.where(few, *x) for x in ((log_rate, 0), (-4, log_width - log_rate)))
    middle = lax.stop_gradient(jnp.round(jnp.exp(jnp.minimum(rate, 16))))
    first = jnp.maximum(middle - _TERMS / 2, 1)

    def add(place: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        # Consecutive numbers around the likeliest, from 1 on.
        log_number = jnp.log(first + place)
        counted = excess(log_number, rate) / over
        # Places at even distances in units of the width.
        z = _STEP * (place - (_TERMS - 1) / 2)
        v = z * jnp.exp(slimness)
        above = v > -1
        v = jnp.where(above, v, 0)
        away = jnp.log1p(v)
        # `(1 + v) * log(1 + v) - v` over `v**2`
        bend = (1 + v) * exp_curvature(-away) * jnp.square(log1p_ratio(v))
        cost = jnp.where(few, counted, jnp.square(z) * bend)
        cost = cost + stirling(jnp.where(few, log_number, log_rate + away))
        cost = cost + stirling(jnp.where(few, log_number - rate, away) + log_parts)
        score = jnp.where(few | above, -cost, -_NEVER)
        top, total = state
        highest = lax.stop_gradient(jnp.maximum(top, score))
        return highest, total * jnp.exp(top - highest) + jnp.exp(score - highest)

    # One after the other, so that memory is that of one term.
    none = alike(jnp.zeros_like(log_parts), log_parts, left)
    steps = lambda place, state: add(place.astype(none.dtype), state)
    top, total = lax.fori_loop(0, _TERMS, steps, (none - _NEVER, none))
    measure = jnp.where(few, log_width, -log(_STEP))
    return LOG_TWO_PI / 2 + measure - top - jnp.log(total)


def _forward(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """The same function of two arrays, its derivatives in forward mode alone.

    Whatever is asked for, no term is kept, only the sums that they are added up to.
    """

    def by_first(x: Array, y: Array) -> Array:
        slope = lambda x, y: jax.jvp(lambda x: function(x, y), (x,), (jnp.ones_like(x),))[1]
        return _forward(slope)(x, y)

    def by_second(x: Array, y: Array) -> Array:
        slope = lambda x, y: jax.jvp(lambda y: function(x, y), (y,), (jnp.ones_like(y),))[1]
        return _forward(slope)(x, y)

    return with_partials(function, by_first, by_second)


log_rest = _forward(_log_rest)
"""What saddle point approximations of minus the logarithm of a density leave out.

Of the logarithm of the shape of all parts together, as many as are the likeliest, and of 2 less the
power, from 0 to below 1, where it is what Stirling's formula leaves of that of a gamma density.
"""
