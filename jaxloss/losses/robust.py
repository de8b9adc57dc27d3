"""M-estimators: errors whose pull on the fit stops growing, or dies away, for outliers.

Every loss here takes `pred` and `target` of one shape and returns that shape; all but
`adaptive_robust` are non-negative, and 0 where the prediction equals the target. `scale` is the
error, in units of the target, around which an observation begins to count as an outlier.
Hyperparameters may be arrays that broadcast against the shape, or tracers.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise
from jaxloss.core.numerics import absolute, expm1_ratio, log1p_residual, relu, safe_divide, streamed


def general_robust(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    alpha: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """One family from squared error to Welsch, with its robustness as a number.

    Formula: with `x = (pred - target) / scale` and `b = abs(alpha - 2)`,
    `b / alpha * ((x**2 / b + 1)**(alpha / 2) - 1)`; the limits are taken at `alpha` 2
    (`x**2 / 2`), 0 (Cauchy) and `-inf` (Welsch). 1 is pseudo-Huber, -2 Geman-McClure.

    Args:
        alpha: robustness; smaller forgives outliers more. The derivative with respect to it has a
            logarithmic pole at 2, where it is cut off.
        scale: width of the quadratic bowl, in units of the target; positive.

    Example:
        >>> general_robust([3.0, 3.0], [0.0, 0.0], alpha=jnp.array([2.0, 0.0]))
        Array([4.5   , 1.7047], dtype=float32)

    Reference: Barron 2019, arXiv:1701.03077.
    """
    hyper = {"alpha": alpha, "scale": scale}
    pred, target, alpha, scale = elementwise(pred=pred, target=target, hyper=hyper)
    return streamed(lambda p, t, a, s: _general((p - t) / s, a))(pred, target, alpha, scale)


def _general(x: Array, alpha: Array) -> Array:
    square = jnp.square(x)
    finite = jnp.isfinite(alpha)
    a = jnp.where(finite, alpha, 1)
    # b / a * expm1(a / 2 * log1p(square / b)), which has its limits at a = 0 and large -a; at
    # a = 2 the distance b must not be 0.
    b = 1e-6 + relu(absolute(a - 2) - 1e-6)
    log = jnp.log1p(square / b)
    # Beyond this the value overflows; held there, the gradient stays 0 instead of NaN.
    ceiling = np.log(np.finfo(x.dtype).max).astype(x.dtype) - 20
    value = b / 2 * log * expm1_ratio(jnp.minimum(a / 2 * log, ceiling))
    limit = jnp.where(alpha > 0, jnp.expm1(jnp.minimum(square / 2, ceiling)), _welsch(square))
    return jnp.where(finite, value, limit)


def adaptive_robust(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    alpha: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Learn robustness from the data: the general loss as a likelihood.

    Formula: `general_robust(pred, target, alpha, scale) + log(scale) + log(Z(alpha))`, the negative
    log-density with `Z` the integral of `exp(-general_robust(x, 0, alpha, 1))` over the line. Give
    `alpha` and `scale` as parameters that are trained: the normalisation keeps them from running
    away. It is not 0 at the target, and may be negative.

    Args:
        alpha: robustness, at least 0 (below, the density cannot be normalised). `Z` is computed by
            quadrature for every element of `alpha`: give one number, or one a channel.
        scale: width, in units of the target; positive.

    Example:
        >>> adaptive_robust([0.0], [0.0], alpha=2.0)  # half log of 2 pi
        Array([0.9189], dtype=float32)

    Reference: Barron 2019, arXiv:1701.03077.
    """
    hyper = {"alpha": alpha, "scale": scale}
    pred, target, alpha, scale = elementwise(pred=pred, target=target, hyper=hyper)
    # Scalars of the distribution stay scalars, outside of what is computed for each element.
    constant = jnp.log(scale) + _log_partition(alpha)
    return general_robust(pred, target, alpha=alpha, scale=scale) + constant


def _log_partition(alpha: Array) -> Array:
    # The trapezoidal rule after x = sinh(u) converges geometrically: the tails, which fall as
    # slowly as 1 / x**2 at alpha = 0, become exponential. Even, so half the line is enough.
    step = 1 / 32
    u = np.arange(0, 20, step)
    nodes = np.sinh(u)
    weights = 2 * step * np.cosh(u)
    weights[0] /= 2
    density = jnp.exp(-_general(jnp.asarray(nodes, alpha.dtype), jnp.expand_dims(alpha, -1)))
    return jnp.log(jnp.sum(density * jnp.asarray(weights, alpha.dtype), axis=-1))


def cauchy(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Take outliers logarithmically (Lorentzian loss).

    Formula: `log(1 + (error / scale)**2 / 2)`; some authors leave out the half.

    Args:
        scale: width of the quadratic bowl, in units of the target; positive.

    Example:
        >>> cauchy([2.0], [0.0])
        Array([1.0986], dtype=float32)

    Reference: Black and Anandan 1996, doi:10.1006/cviu.1996.0006.
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})
    kernel = streamed(lambda p, t, s: jnp.log1p(jnp.square((p - t) / s) / 2))
    return kernel(pred, target, scale)


def welsch(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Ignore outliers altogether (Leclerc's loss, correntropy): at most 1 each.

    Formula: `1 - exp(-(error / scale)**2 / 2)`.

    Args:
        scale: width of the quadratic bowl, in units of the target; positive.

    Example:
        >>> welsch([1.0, 100.0], [0.0, 0.0])
        Array([0.3935, 1.    ], dtype=float32)

    Reference: Dennis and Welsch 1978, doi:10.1080/03610917808812083.
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})
    return streamed(lambda p, t, s: _welsch(jnp.square((p - t) / s)))(pred, target, scale)


def _welsch(square: Array) -> Array:
    return -jnp.expm1(-square / 2)


def geman_mcclure(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Bound outliers, with heavier tails than Welsch: at most 2 each.

    Formula: with `x = error / scale`, `2 * x**2 / (x**2 + 4)`. Another scaling in use,
    `x**2 / (x**2 + 1) / 2`, is a quarter of this at half the scale.

    Args:
        scale: width of the quadratic bowl, in units of the target; positive.

    Example:
        >>> geman_mcclure([2.0], [0.0])
        Array([1.], dtype=float32)

    Reference: Geman and McClure 1985, "Bayesian image analysis".
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})

    def kernel(p: Array, t: Array, s: Array) -> Array:
        square = jnp.square((p - t) / s)
        return 2 * square / (square + 4)

    return streamed(kernel)(pred, target, scale)


def tukey_biweight(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 4.685,
) -> Float[Array, "*shape"]:
    """Reject outliers: beyond `scale` an error has no gradient at all.

    Formula: with `x = error / scale`, `scale**2 / 6 * (1 - (1 - x**2)**3)` where `abs(x) <= 1`,
    else `scale**2 / 6`.

    Args:
        scale: error beyond which observations are rejected, positive. The default is 95 % efficient
            for normal errors of unit variance: divide the errors by a robust spread first.

    Example:
        >>> tukey_biweight([1.0, 9.0], [0.0, 0.0], scale=2.0)
        Array([0.3854, 0.6667], dtype=float32)

    Reference: Beaton and Tukey 1974, doi:10.1080/00401706.1974.10489171.
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})

    def kernel(p: Array, t: Array, s: Array) -> Array:
        # 1 - (1 - y)**3 multiplied out, since it cancels near 0.
        square = jnp.minimum(jnp.square((p - t) / s), 1)
        return jnp.square(s) / 6 * square * (3 - 3 * square + jnp.square(square))

    return streamed(kernel)(pred, target, scale)


def fair(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Take large errors linearly, with derivatives of every order continuous off zero.

    Formula: with `x = abs(error) / scale`, `scale**2 * (x - log(1 + x))`.

    Args:
        scale: error around which the loss turns linear, in units of the target; positive.

    Example:
        >>> fair([1.0], [0.0])
        Array([0.3069], dtype=float32)

    Reference: Fair 1974, "On the robust estimation of econometric models".
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})
    kernel = streamed(lambda p, t, s: jnp.square(s) * log1p_residual(absolute(p - t) / s))
    return kernel(pred, target, scale)


def hampel(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    a: ArrayLike = 2.0,
    b: ArrayLike = 4.0,
    c: ArrayLike = 8.0,
) -> Float[Array, "*shape"]:
    """Trust small errors, bound middling ones, and let go of outliers in a straight line.

    Formula: with `s = abs(error)`, the integral of a slope that is `s` up to `a`, then `a` up to
    `b`, then falls linearly to 0 at `c`: `s**2 / 2`; `a * s - a**2 / 2`;
    `a * (b - a / 2) + a * (c - b) / 2 * (1 - ((c - s) / (c - b))**2)`; constant.

    Args:
        a: end of the quadratic part, in units of the target.
        b: end of the linear part; at least `a`.
        c: error beyond which observations are rejected; at least `b`.

    Example:
        >>> hampel([1.0, 3.0, 9.0], [0.0, 0.0, 0.0])
        Array([ 0.5,  4. , 10. ], dtype=float32)

    Reference: Hampel 1974, doi:10.1080/01621459.1974.10482962.
    """
    hyper = {"a": a, "b": b, "c": c}
    pred, target, a, b, c = elementwise(pred=pred, target=target, hyper=hyper)
    return streamed(_hampel)(pred, target, a, b, c)


def _hampel(pred: Array, target: Array, a: Array, b: Array, c: Array) -> Array:
    size = absolute(pred - target)
    falling = relu(size - b) - relu(size - c)
    rising = size - relu(size - b)
    inner = jnp.minimum(rising, a)
    return inner * (rising - inner / 2) + falling * (a - safe_divide(a * falling, 2 * (c - b)))
