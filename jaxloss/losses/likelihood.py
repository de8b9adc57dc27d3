"""Negative log-likelihoods of real numbers under a predicted density, constants included.

Parameters of the density come first, what came true last, entry by entry. They are what a network
gives as it is: a parameter that must be positive comes as its logarithm, so that none is out of
range, and scales of 1e-30 and of 1e30 are as good as any. Mean over examples, it is a proper score:
least where the density is that of the target. A density is no probability, so values may be
negative. Where the density of the target is 0 the value is infinite and has gradient 0.
"""

from math import log

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import above, same_shape
from jaxloss.core.densities import located, logistic as _logistic, normal as _normal
from jaxloss.core.numerics import absolute, softplus, streamed
from jaxloss.core.stirling import (
    LOG_TWO_PI,
    bounded_exp,
    log1p_ratio,
    stirling_of_inverse,
    stretched,
)

_FAR = 1e6
"""Beyond so many scales a Student density is computed from logarithms."""


def gaussian(
    mean: Float[ArrayLike, "*shape"],
    variance: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a normal density for its mean and for a variance as large as the squared error.

    Formula: `((target - mean)**2 / variance + log(2 * pi * variance)) / 2`.

    Args:
        mean: of the density.
        variance: of the density. At 0 it is a point, of value -inf at the mean and inf elsewhere;
            a negative one gives NaN; both with gradient 0.
        target: what came true.

    Example:
        >>> gaussian([0.0, 0.0], [1.0, 4.0], [0.0, 2.0])
        Array([0.9189, 2.1121], dtype=float32)

    Reference: Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138.
    """
    mean, variance, target = same_shape(mean=mean, variance=variance, target=target)
    above(0, variance=variance)

    def kernel(m: Array, v: Array, t: Array) -> Array:
        spread = v > 0
        inside = jnp.where(spread, v, 1)
        value = (jnp.square((t - m) / jnp.sqrt(inside)) + LOG_TWO_PI + jnp.log(inside)) / 2
        point = jnp.where(v == 0, jnp.where(t == m, -jnp.inf, jnp.inf), jnp.nan)
        return jnp.where(spread, value, point.astype(v.dtype))

    return streamed(kernel)(mean, variance, target)


def gaussian_log_variance(
    mean: Float[ArrayLike, "*shape"],
    log_variance: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a normal density, its variance given as networks are trained to give it.

    Formula: `((target - mean)**2 * exp(-log_variance) + log_variance + log(2 * pi)) / 2`.

    Args:
        mean: of the density.
        log_variance: logarithm of its variance, twice that of the standard deviation.
        target: what came true.

    Example:
        >>> gaussian_log_variance([0.0, 0.0], [0.0, -2.0], [0.0, 1.0])
        Array([0.9189, 3.6135], dtype=float32)

    Reference: Nix and Weigend 1994, doi:10.1109/ICNN.1994.374138; Kendall and Gal 2017,
        arXiv:1703.04977.
    """
    mean, log_variance, target = same_shape(mean=mean, log_variance=log_variance, target=target)
    return located(_normal, mean, log_variance / 2, target)


def laplace(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a median, and a scale as large as the absolute error.

    Formula: `abs(target - loc) * exp(-log_scale) + log(2) + log_scale`; gradient 0 in the location
    where it is the target.

    Args:
        loc: median of the density.
        log_scale: logarithm of its mean absolute deviation.
        target: what came true.

    Example:
        >>> laplace([0.0, 0.0], [0.0, 1.0], [0.0, 1.0])
        Array([0.6931, 2.061 ], dtype=float32)

    Reference: Laplace 1774; Kendall and Gal 2017, arXiv:1703.04977.
    """
    return located(lambda e, s: absolute(stretched(e, -s)) + log(2), loc, log_scale, target)


def logistic(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density that is round at its centre and has the tails of Laplace's.

    Formula: with `z = (target - loc) * exp(-log_scale)`,
    `z + 2 * log(1 + exp(-z)) + log_scale`.

    Args:
        loc: mean of the density.
        log_scale: logarithm of its scale, `sqrt(3) / pi` standard deviations.
        target: what came true.

    Example:
        >>> logistic([0.0, 0.0], [0.0, 0.0], [0.0, 3.0])
        Array([1.3863, 3.0972], dtype=float32)

    Reference: Balakrishnan 1991, "Handbook of the logistic distribution".
    """
    return located(_logistic, loc, log_scale, target)


def student_t(
    loc: Float[ArrayLike, "*shape"],
    log_scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    df: ArrayLike = 4.0,
) -> Float[Array, "*shape"]:
    """Reward a density with heavy tails, which an outlier cannot pull far.

    Formula: with `z = (target - loc) * exp(-log_scale)`,
    `(df + 1) / 2 * log(1 + z**2 / df) + log_scale + lgamma(df / 2) - lgamma((df + 1) / 2)
    + log(pi * df) / 2`.

    Args:
        loc: centre of the density.
        log_scale: logarithm of its scale, which is not the standard deviation.
        target: what came true.
        df: degrees of freedom, positive; 1 is Cauchy's density, `inf` the normal one, without loss
            of digits on the way. An array of the shape of the others if it is predicted too.

    Example:
        >>> student_t([0.0, 0.0], [0.0, 0.0], [0.0, 10.0])
        Array([0.9808, 9.1261], dtype=float32)

    Reference: Lange et al. 1989, doi:10.1080/01621459.1989.10478852.
    """
    return located(_student, loc, log_scale, target, df=df)


def von_mises(
    loc: Float[ArrayLike, "*shape"],
    log_concentration: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a density of angles: the normal one, wrapped around the circle.

    Formula: with `k = exp(log_concentration)`, `log(2 * pi * I0(k)) - k * cos(target - loc)`, `I0`
    the modified Bessel function; the density is one over a full turn.

    Args:
        loc: mean direction in radians.
        log_concentration: logarithm of the concentration, for narrow densities 1 over the variance.
        target: angle that came true, in radians, of any turn.

    Example:
        >>> von_mises([0.0, 0.0], [0.0, 5.0], [0.0, 0.0])
        Array([ 1.0738, -1.5802], dtype=float32)

    Reference: von Mises 1918; Mardia and Jupp 1999, doi:10.1002/9780470316979.
    """

    def kernel(m: Array, log_k: Array, t: Array) -> Array:
        away = 2 * jnp.square(jnp.sin((t - m) / 2))
        return stretched(away, log_k) + _log_bessel(log_k) + LOG_TWO_PI

    loc, log_concentration, target = same_shape(
        loc=loc, log_concentration=log_concentration, target=target
    )
    return streamed(kernel)(loc, log_concentration, target)


def _student(error: Array, log_scale: Array, df: Array) -> Array:
    rate = 1 / df
    z = stretched(error, -log_scale)
    far = jnp.abs(z) > _FAR
    square = jnp.square(jnp.where(far, 0, z))
    near_value = square * log1p_ratio(rate * square)
    # Far away the square, and even z, may be beyond what there is.
    heavy = far & (rate > 0)
    some = jnp.where(heavy, rate, 1)
    log_square = 2 * (jnp.log(jnp.abs(jnp.where(heavy, error, 1))) - log_scale)
    far_value = softplus(log_square + jnp.log(some)) / some
    square = jnp.where(heavy, far_value, jnp.where(far, jnp.square(z), near_value))
    # lgamma(df / 2) - lgamma((df + 1) / 2) + log(df / 2) / 2
    gammas = stirling_of_inverse(2 * rate) - stirling_of_inverse(2 * rate / (1 + rate))
    gammas = gammas + (1 - log1p_ratio(rate)) / 2
    return (1 + rate) / 2 * square + gammas + LOG_TWO_PI / 2


_BESSEL_FROM = log(15.0)
_BESSEL: list[float] = [1.0]
for _k in range(1, 12):
    _BESSEL.append(_BESSEL[-1] * (2 * _k - 1) ** 2 / (8 * _k))


def _log_bessel(log_k: Array) -> Array:
    """`log(I0(k) * exp(-k))`, far out by its asymptotic series, whose derivatives do not cancel."""
    large = log_k > _BESSEL_FROM
    inverse = jnp.exp(-jnp.where(large, log_k, _BESSEL_FROM))
    series = jnp.zeros_like(inverse)
    for coefficient in _BESSEL[:0:-1]:
        series = (series + coefficient) * inverse
    asymptotic = jnp.log1p(series) - (LOG_TWO_PI + log_k) / 2
    near = jnp.log(lax.bessel_i0e(bounded_exp(jnp.where(large, 0, log_k))))
    return jnp.where(large, asymptotic, near)
