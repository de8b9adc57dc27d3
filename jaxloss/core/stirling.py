"""Pieces that likelihoods are summed from, none of which cancels against another.

Logarithms of gamma functions grow with their argument, and likelihoods are small differences of
them. By Stirling's formula what grows goes into terms of the form `b - a - a * log(b / a)`, which
are computed without cancellation (Loader's saddle point), and what is left stays of order one.

Reference: Loader 2000, "Fast and accurate computation of binomial probabilities".
"""

from math import ceil, factorial, log, pi

import jax
import jax.numpy as jnp
from jax import Array

from jaxloss.core.numerics import (
    exp_residual,
    expm1_ratio,
    polynomial,
    product,
    safe_log,
    softplus,
    with_partials,
)

LOG_TWO_PI = log(2 * pi)
ABSENT = -1e5
"""Logarithm that stands for that of 0: its exponential is 0 in every precision."""

_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_FEWEST = 8
"""Smallest argument whose series is exact to double precision."""


def bounded_exp(x: Array) -> Array:
    """`exp(x)`, the largest number that there is where it would overflow: for derivatives."""
    return jnp.exp(jnp.minimum(x, log(float(jnp.finfo(x.dtype).max)) - 1))


def _stretched_value(x: Array, log_factor: Array) -> Array:
    half = jnp.exp(log_factor / 2)
    nothing = (x == 0) | (half == 0)
    return jnp.where(nothing, 0, jnp.where(nothing, 1, x) * half * half)


def _stretched_slope(x: Array, log_factor: Array) -> Array:
    return bounded_exp(log_factor) * jnp.ones_like(x)


stretched = with_partials(
    _stretched_value, _stretched_slope, lambda x, log_factor: stretched(x, log_factor)
)
"""`x * exp(log_factor)` where only the product needs to be a number that there is."""


def _log1p_ratio_value(x: Array) -> Array:
    small = jnp.abs(x) < 1e-2
    near = polynomial(jnp.where(small, x, 0), [(-1) ** k / (k + 1) for k in range(9)])
    return jnp.where(small, near, jnp.log1p(x) / jnp.where(small, 1, x))


def _log1p_ratio_slope(x: Array) -> Array:
    # (1 / (1 + x) - ratio(x)) / x cancels near 0.
    small = jnp.abs(x) < 0.2
    coefficients = [(-1) ** k * k / (k + 1) for k in range(1, 24)]
    near = polynomial(jnp.where(small, x, 0), coefficients)
    far = jnp.where(small, 1, x)
    return jnp.where(small, near, (1 / (1 + far) - jnp.log1p(far) / far) / far)


log1p_ratio = with_partials(_log1p_ratio_value, _log1p_ratio_slope)
"""`log(1 + x) / x`, 1 at 0, with its derivative there."""


def exp_curvature(x: Array) -> Array:
    """`(exp(x) - 1 - x) / x**2`, one half at 0."""
    small = jnp.abs(x) < 1
    near = polynomial(jnp.where(small, x, 0), [1 / factorial(k + 2) for k in range(18)])
    far = jnp.where(small, 1, x)
    return jnp.where(small, near, (jnp.expm1(far) - far) / jnp.square(far))


def _excess_value(log_a: Array, log_b: Array, x: Array) -> Array:
    above, below = jnp.where(x > 1, jnp.minimum(x, 200), 2), jnp.minimum(x, 1)
    right = jnp.exp(log_b) * (1 - (1 + above) * jnp.exp(-above))
    a = jnp.exp(log_a)
    left = product(exp_residual(jnp.where(a == 0, 0, below)), a)
    return jnp.where(x > 1, right, left)


def _gap(log_a: Array, log_b: Array, x: Array) -> Array:
    """`b - a`."""
    right = bounded_exp(log_b) * -jnp.expm1(-jnp.where(x > 0, x, 1))
    return jnp.where(x > 0, right, bounded_exp(log_a) * jnp.expm1(jnp.minimum(x, 0)))


excess = with_partials(
    lambda log_a, log_b: _excess_value(log_a, log_b, log_b - log_a),
    lambda log_a, log_b: stretched(log_a - log_b, log_a),
    lambda log_a, log_b: _gap(log_a, log_b, log_b - log_a),
)
"""`b - a - a * log(b / a)` of two logarithms: what it costs to see `a` and to expect `b`.

Never negative, and 0 only where they are equal; `b` where `log_a` is `ABSENT`.
"""

excess_by_ratio = with_partials(
    lambda log_a, x: _excess_value(log_a, log_a + x, x),
    lambda log_a, x: _excess_value(log_a, log_a + x, x),
    lambda log_a, x: _gap(log_a, log_a + x, x),
)
"""`excess` of `log_a` and the difference `x` of the logarithms, which may be tiny."""


def log_count(count: Array) -> Array:
    """Logarithm of a count, `ABSENT` for 0."""
    return jnp.where(count > 0, jnp.log(jnp.where(count > 0, count, 1)), ABSENT)


def _step(x: Array, least: int = 1) -> Array:
    """`(x + 1/2) * log(1 + 1 / x) - 1` for `x` of at least `least`, by the series of atanh."""
    square = jnp.square(1 / (2 * x + 1))
    terms = ceil(17 * log(10) / (2 * log(2 * least + 1)))  # to double precision
    return square * polynomial(square, [1 / (2 * k + 3) for k in range(terms)])


def _series(inverse: Array) -> Array:
    return inverse * polynomial(jnp.square(inverse), _STIRLING)


@jax.jit  # A hundred small operations, which eager calls would dispatch one by one.
def _recurrence(log_x: Array) -> Array:
    """Of arguments below `_FEWEST`: as many steps up from them."""
    x = jnp.exp(log_x)
    small = x < 1
    first = (x + 0.5) * softplus(-log_x) - 1
    total = jnp.where(small, first, _step(jnp.where(small, 1, x)))
    for k in range(1, _FEWEST):
        total = total + _step(x + k, k)
    return total + _series(1 / (x + _FEWEST))


def stirling(log_x: Array) -> Array:
    """`lgamma(x) - ((x - 1/2) * log(x) - x + log(2 * pi) / 2)`, what Stirling's formula leaves."""
    large = log_x > log(_FEWEST)
    near = _recurrence(jnp.where(large, 0, log_x))
    return jnp.where(large, _series(jnp.exp(-jnp.where(large, log_x, 9))), near)


def stirling_of_inverse(inverse: Array) -> Array:
    """`stirling` of `-log(inverse)`, smooth at 0, where it is 0."""
    large = inverse < 1 / _FEWEST
    near = _recurrence(-jnp.log(jnp.where(large, 1, inverse)))
    return jnp.where(large, _series(jnp.where(large, inverse, 0)), near)


def log_factorial_rest(count: Array) -> Array:
    """`lgamma(count + 1) - count * log(count) + count`; 0 at 0."""
    positive = count > 0
    log_x = safe_log(jnp.where(positive, count, 1))
    return jnp.where(positive, (LOG_TWO_PI + log_x) / 2 + stirling(log_x), 0)


def log_filled(log_x: Array) -> Array:
    """`log((1 - exp(-x)) / x)` of the logarithm of `x`: 0 where `x` is small."""
    small = log_x < 0
    near = jnp.log(expm1_ratio(-jnp.exp(jnp.where(small, log_x, 0))))
    above = jnp.where(small, 0, log_x)
    return jnp.where(small, near, jnp.log1p(-jnp.exp(-bounded_exp(above))) - above)
