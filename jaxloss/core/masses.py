"""What a pair of masses adds to a divergence, from the logarithms of both, or from themselves.

Masses as logarithms are summed over the last axis by `summed`, with limits for those that only one
of two distributions has. Terms are accurate where the masses are close, and where one of them is
far below the other.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxloss.core.checks import vectors
from jaxloss.core.numerics import (
    exp_residual,
    expm1_ratio,
    log_cosh,
    product,
    with_partials,
)

Limit = Array | float
Term = Callable[[Array, Array], Array]


def summed(
    term: Term, log_pred: ArrayLike, log_target: ArrayLike, missed: Limit, invented: Limit
) -> Array:
    """The one engine: terms of what both have, and limits for what only one of them has.

    Args:
        term: of the logarithms of both masses, finite.
        log_pred: logarithm of the prediction.
        log_target: logarithm of the target.
        missed: what a unit of the target costs where the prediction has nothing.
        invented: what a unit of the prediction costs where the target has nothing.
    """
    log_pred, log_target = vectors(log_pred=log_pred, log_target=log_target)
    here, there = log_pred > -jnp.inf, log_target > -jnp.inf
    both = here & there
    shared = jnp.where(both, term(*(jnp.where(both, x, 0) for x in (log_pred, log_target))), 0)
    lost = _alone(log_target, there & ~here, missed) + _alone(log_pred, here & ~there, invented)
    return jnp.sum(shared + lost, axis=-1)


def _alone(log_mass: Array, where: Array, cost: Limit) -> Array:
    """Mass that only one of two has, at its cost; an infinite cost has no gradient."""
    cost = jnp.asarray(cost, log_mass.dtype)
    mass, endless = jnp.exp(jnp.where(where, log_mass, -jnp.inf)), cost == jnp.inf
    return jnp.where(endless & (mass > 0), jnp.inf, mass * jnp.where(endless, 0, cost))


def kl(a: Array, b: Array) -> Array:
    """Of `jaxloss.divergence.kl`, from the logarithms of prediction and target."""
    return jnp.exp(b) * (b - a)


def generalized_kl(a: Array, b: Array) -> Array:
    """The same with the difference of the masses, never negative."""
    ratio = a - b
    low = ratio < 1
    near = jnp.exp(b) * exp_residual(jnp.where(low, ratio, 0))
    return jnp.where(low, near, jnp.exp(a) - jnp.exp(b) * (1 + ratio))


def jeffreys(a: Array, b: Array) -> Array:
    """Of both ways of `kl` together."""
    # The difference of two masses is their sum times this tangent, without cancellation.
    return (jnp.exp(a) + jnp.exp(b)) * jnp.tanh((a - b) / 2) * (a - b)


def squared_hellinger(a: Array, b: Array) -> Array:
    """Half the squared difference of the roots."""
    return jnp.square((jnp.exp(a / 2) + jnp.exp(b / 2)) * jnp.tanh((a - b) / 4)) / 2


def jensen_shannon(a: Array, b: Array) -> Array:
    """Half of what both are from their mean."""
    return (jnp.exp(a) + jnp.exp(b)) * _surplus((a - b) / 2) / 2


def _surplus_value(x: Array) -> Array:
    size = jnp.abs(x)
    near = size < 1
    small = jnp.where(near, x, 0)
    decay = jnp.exp(-2 * size)
    far = jnp.log(2.0).astype(x.dtype) - jnp.log1p(decay) - 2 * size * decay / (1 + decay)
    return jnp.where(near, small * jnp.tanh(small) - log_cosh(small), far)


def _surplus_slope(x: Array) -> Array:
    decay = jnp.exp(-2 * jnp.abs(x))
    return 4 * x * decay / jnp.square(1 + decay)


_surplus = with_partials(_surplus_value, _surplus_slope)
"""`x * tanh(x) - log(cosh(x))`, which ends at `log(2)`."""


def generalized_jensen_shannon(a: Array, b: Array, beta: Array) -> Array:
    """What both are from their mixture, over the share of the other; `beta` is the target's."""
    lead = (jnp.exp(a) + jnp.exp(b)) * jnp.tanh((a - b) / 2)
    return lead * (_excess(a - b, 1 - beta, beta) - _excess(b - a, beta, 1 - beta))


def _excess(ratio: Array, share: Array, rest: Array) -> Array:
    """`1 - log(1 + x) / x` of `x = share * (exp(ratio) - 1)`, with `rest` of `1 - share`."""
    most = 80.0
    x = share * jnp.expm1(jnp.minimum(ratio, most))
    near = jnp.abs(x) < 0.1
    small = jnp.where(near, x, 0)
    series = jnp.zeros_like(x)
    for n in range(14, 0, -1):
        series = small * (1 / (n + 1) - series)
    # The logarithm of the mixture relative to one of its parts, the larger of both.
    below = ratio < 0
    grown = jnp.log1p(jnp.where(below | near, 0, x)) + jnp.maximum(ratio - most, 0)
    other = rest * jnp.expm1(jnp.minimum(jnp.where(below, -ratio, 0), most))
    shrunk = jnp.where(below, ratio, 0) + jnp.log1p(other)
    gone = jnp.log(jnp.where(rest > 0, rest, 1))
    shrunk = jnp.where((ratio < -most) & (rest > 0), gone, shrunk)
    return jnp.where(near, series, 1 - jnp.where(below, shrunk, grown) / jnp.where(near, 1, x))


def inverse_ratio(log_share: Array) -> Array:
    """`log(share) / (share - 1)`: 1 at a share of 1, infinite at 0."""
    some = log_share > -jnp.inf
    return jnp.where(some, 1 / expm1_ratio(jnp.where(some, log_share, 0)), jnp.inf)


def inverse(x: Array) -> Array:
    """`1 / x` of a positive number; infinite for others."""
    return jnp.where(x > 0, 1 / jnp.where(x > 0, x, 1), jnp.inf)


def alpha(order: Array) -> Term:
    """The term of the alpha-divergence of an order, for `summed`."""
    return lambda a, b: _weighed(order * a + (1 - order) * b, a - b, -order, a, b)


def _weighed(log_weight: Array, ratio: Array, power: Array, high: Array, low: Array) -> Array:
    """`exp(log_weight)` times the integral of `(exp(s) - 1) * exp(power * s)` from 0 to `ratio`.

    All divergences of a power are of this form, and their limits are no limits of it.

    Args:
        log_weight: logarithm of what is in front.
        ratio: end of the integral.
        power: exponent.
        high: `log_weight + (power + 1) * ratio`, from numbers that are not as large.
        low: `log_weight + power * ratio`, likewise.
    """
    beyond = jnp.maximum(log_weight, jnp.maximum(high, low)) > jnp.log(jnp.finfo(ratio.dtype).max)
    log_weight, high, low = (jnp.where(beyond, 0, x) for x in (log_weight, high, low))
    near = (jnp.abs(ratio) * (1 + jnp.abs(power)) < 0.5) | beyond
    small = jnp.where(near & ~beyond, ratio, 0)
    series, factor, last, coefficient = jnp.zeros_like(ratio), small, power, jnp.ones_like(ratio)
    for n in range(2, 15):
        factor = factor * small / n
        series = series + factor * coefficient
        coefficient, last = (power + 1) * coefficient + last, last * power
    far = jnp.where(near, 0, ratio)
    difference = _spread(log_weight, high, (power + 1) * far)
    difference = difference - _spread(log_weight, low, power * far)
    value = jnp.where(near, jnp.exp(log_weight) * series, far * difference)
    return jnp.where(beyond & (ratio != 0), jnp.inf, value)


def _spread(log_weight: Array, log_end: Array, x: Array) -> Array:
    """`exp(log_weight) * (exp(x) - 1) / x`, with `log_end` the sum of both exponents."""
    large = jnp.abs(x) > 1
    far = (jnp.exp(log_end) - jnp.exp(log_weight)) / jnp.where(large, x, 1)
    near = jnp.exp(jnp.where(large, 0, log_weight)) * expm1_ratio(jnp.where(large, 0, x))
    return jnp.where(large, far, near)


def log_amounts(log_pred: Array, log_target: Array, order: Array, log_weight: Array) -> Array:
    """`exp(log_weight)` times the beta-divergence of two amounts, from their logarithms."""
    ends = order * log_pred, log_target + (order - 1) * log_pred
    high, low = (log_weight + end for end in ends)
    log_weight = log_weight + order * log_target
    return _weighed(log_weight, log_pred - log_target, order - 1, high, low)


def amounts(pred: Array, target: Array, order: Array) -> Array:
    """The beta-divergence of two amounts that may be 0, of an order that may be 0 or 1."""
    here, there = pred > 0, target > 0
    both = here & there
    p, t = (jnp.where(both, x, 1) for x in (pred, target))
    # Of close amounts by their difference, which is exact.
    log_t, close = jnp.log(t), jnp.abs(p - t) < t / 2
    log_ratio = jnp.where(close, jnp.log1p(jnp.where(close, (p - t) / t, 0)), jnp.log(p) - log_t)
    log_p = log_t + log_ratio
    ends = order * log_p, log_t + (order - 1) * log_p
    shared = _weighed(order * log_t, log_ratio, order - 1, *ends)
    # The cost of what only one of them has, of an order without a limit only where it is needed.
    gained, lost = jnp.where(here & ~there, order, 1), jnp.where(there & ~here, order, 2)
    invented = product(_raised(pred, here & ~there, order), inverse(gained))
    missed = product(_raised(target, there & ~here, order), inverse(lost) * inverse(lost - 1))
    return jnp.where(both, shared, invented + missed)


def _raised(x: Array, where: Array, order: Array) -> Array:
    return jnp.where(where, jnp.exp(order * jnp.log(jnp.where(where, x, 1))), 0)
