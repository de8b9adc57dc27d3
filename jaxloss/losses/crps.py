"""Continuous ranked probability scores of distributions on the whole line, in closed form.

The score of a distribution function `F` for a target is the integral of
`(F(x) - (target <= x))**2`. It is in the units of the target, proper, the absolute error of a
forecast that is sure of itself, and, unlike a likelihood, it forgives outliers and tiny scales.
Arguments are the parameters, then the target, all of one shape; one engine
(`jaxloss.core.forecasts.scored`) serves all. `crps_bounded` has distributions on parts of the line,
`scoring.crps_ensemble` scores ensembles, `quantile.crps_quantile` quantiles.
"""

from math import pi, sqrt

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import same_shape
from jaxloss.core.forecasts import aligned, bell, hypotenuse, integral, reach, scored, tilt
from jaxloss.core.numerics import log_cosh, log_softmax

_gaussian = scored(bell, tilt, lambda w: 2 * bell(w) - 1 / sqrt(pi))
_distance = scored(bell, tilt, lambda w: 2 * bell(w))
"""Mean distance from 0 of a normal variable."""


def gaussian(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a normal distribution for being sharp and around what came true.

    Formula: with `w = (target - mean) / scale`, `scale * (w * (2 * Phi(w) - 1) + 2 * phi(w)
    - 1 / sqrt(pi))`; the absolute error in the limit of `scale` 0.

    Args:
        mean: of the forecast.
        scale: its standard deviation, non-negative.
        target: what came true.

    Example:
        >>> gaussian([0.0, 0.0], [1.0, 0.0], [0.0, 3.0])
        Array([0.2337, 3.    ], dtype=float32)

    Reference: Gneiting et al. 2005, doi:10.1175/MWR2904.1.
    """
    mean, scale, target = same_shape(mean=mean, scale=scale, target=target)
    return _gaussian(target - mean, scale)


def _squeezed(w: Array) -> Array:
    return jnp.exp(-jnp.abs(w))


def _logistic_spread(w: Array) -> Array:
    low = _squeezed(w)
    # Only for |w| is |w| - |w| * tanh(|w| / 2) without cancellation.
    return 2 * jnp.log1p(low) + 2 * jnp.where(low > 0, jnp.abs(w), 0) * low / (1 + low) - 1


_logistic = scored(
    lambda w: _squeezed(w) / jnp.square(1 + _squeezed(w)),
    lambda w: jnp.tanh(w / 2),
    _logistic_spread,
)


def logistic(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a logistic distribution for being sharp and around what came true.

    Formula: with `w = (target - mean) / scale`, `scale * (w - 2 * log(sigmoid(w)) - 1)`.

    Args:
        mean: of the forecast.
        scale: its standard deviation over `pi / sqrt(3)`, non-negative.
        target: what came true.

    Example:
        >>> logistic([0.0, 0.0], [1.0, 0.0], [0.0, 3.0])
        Array([0.3863, 3.    ], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    mean, scale, target = same_shape(mean=mean, scale=scale, target=target)
    return _logistic(target - mean, scale)


_laplace = scored(
    lambda w: _squeezed(w) / 2,
    lambda w: -jnp.sign(w) * jnp.expm1(-jnp.abs(w)),
    lambda w: _squeezed(w) * (1 + jnp.where(_squeezed(w) > 0, jnp.abs(w), 0)) - 0.75,
)


def laplace(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a Laplace distribution for being sharp and around what came true.

    Formula: with `w = abs(target - mean) / scale`, `scale * (w + exp(-w) - 3 / 4)`.

    Args:
        mean: of the forecast.
        scale: its mean absolute deviation, non-negative.
        target: what came true.

    Example:
        >>> laplace([0.0, 0.0], [1.0, 0.0], [0.0, 3.0])
        Array([0.25, 3.  ], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    mean, scale, target = same_shape(mean=mean, scale=scale, target=target)
    return _laplace(target - mean, scale)


def _hump(low: Array, high: Array, df: Array) -> Array:
    """Integral of `cosh(u)**-df`, which Student's t is on the scale of `w = sqrt(df) * sinh(u)`."""
    return integral(lambda u: -df[..., None] * log_cosh(u), low, high)


def _hump_of_all(df: Array) -> Array:
    return 2 * _hump(jnp.zeros_like(df), reach(df, df), df)


def _place(w: Array, df: Array) -> Array:
    return jnp.arcsinh(w / jnp.sqrt(df))


def _t_centre(w: Array, df: Array) -> Array:
    inner = jnp.minimum(jnp.abs(_place(w, df)), reach(df, df))
    return jnp.sign(w) * 2 * _hump(jnp.zeros_like(df), inner, df) / _hump_of_all(df)


def _t_density(w: Array, df: Array) -> Array:
    return jnp.exp(-(df + 1) * log_cosh(_place(w, df))) / (jnp.sqrt(df) * _hump_of_all(df))


def _t_spread(w: Array, df: Array) -> Array:
    whole = _hump_of_all(df)
    peak = jnp.exp((1 - df) * log_cosh(_place(w, df))) / whole
    return 2 * jnp.sqrt(df) / (df - 1) * (peak - _hump_of_all(2 * df - 1) / jnp.square(whole))


_student_t = scored(_t_density, _t_centre, _t_spread, shapes=1)


def student_t(
    mean: Float[ArrayLike, "*shape"],
    scale: Float[ArrayLike, "*shape"],
    df: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
) -> Float[Array, "*shape"]:
    """Reward a distribution with heavy tails for being sharp and around what came true.

    Formula: with `w = (target - mean) / scale`, `F` and `f` those of Student's t, and `B` the beta
    function, `scale * (w * (2 * F(w) - 1) + 2 * f(w) * (df + w**2) / (df - 1)
    - 2 * sqrt(df) / (df - 1) * B(1 / 2, df - 1 / 2) / B(1 / 2, df / 2)**2)`; `gaussian` in the
    limit of many degrees of freedom.

    Args:
        mean: location of the forecast.
        scale: its scale, non-negative.
        df: its degrees of freedom, above 1; those above 1e10 count as that.
        target: what came true.

    Example:
        >>> student_t([0.0, 0.0], [1.0, 0.0], [3.0, 3.0], [0.0, 3.0])
        Array([0.2757, 3.    ], dtype=float32)

    Reference: Jordan et al. 2019, doi:10.18637/jss.v090.i12.
    """
    mean, scale, df, target = same_shape(mean=mean, scale=scale, df=df, target=target)
    return _student_t(target - mean, scale, jnp.minimum(df, 1e10))


def mixture_gaussian(
    logits: Float[ArrayLike, "*batch k"],
    mean: Float[ArrayLike, "*batch k"],
    scale: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a mixture of normal distributions for being sharp and around what came true.

    Formula: with `q = softmax(logits)` and `A(r, s)` the mean distance from 0 of a normal variable
    with mean `r` and standard deviation `s`, `sum_i(q[i] * A(target - mean[i], scale[i]))
    - sum_ij(q[i] * q[j] * A(mean[i] - mean[j], sqrt(scale[i]**2 + scale[j]**2))) / 2`.

    Args:
        logits: scores of the parts; a part at `-inf` is not there.
        mean: of each part.
        scale: standard deviation of each part, non-negative.
        target: what came true.

    Returns:
        One value for each target.

    Example:
        >>> mixture_gaussian([0.0, 0.0], [-1.0, 1.0], [0.0, 0.0], 0.0)
        Array(0.5, dtype=float32)

    Reference: Grimit et al. 2006, doi:10.1256/qj.05.235.
    """
    axes = {"logits": "k", "mean": "k", "scale": "k", "target": ""}
    logits, mean, scale, target = aligned(
        axes, logits=logits, mean=mean, scale=scale, target=target
    )
    q = jnp.exp(log_softmax(logits))
    off = jnp.sum(q * _distance(target[..., None] - mean, scale), axis=-1)
    pairs = _distance(
        mean[..., :, None] - mean[..., None, :],
        hypotenuse(scale[..., :, None], scale[..., None, :]),
    )
    return off - jnp.sum(q[..., :, None] * q[..., None, :] * pairs, axis=(-2, -1)) / 2
