"""Errors of real predictions, element by element; Huber's family.

Every loss here takes `pred` and `target` of one shape and returns that shape. Hyperparameters may
be arrays that broadcast against it, or tracers. With `error = pred - target`, a kink at `error = 0`
has gradient 0. All are non-negative, and 0 where the prediction equals the target.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import above, elementwise, same_shape
from jaxloss.core.numerics import (
    absolute,
    log1mexp,
    log_cosh as _log_cosh,
    relu,
    safe_divide,
    safe_power,
    safe_sqrt,
    softplus,
    streamed,
    with_partials,
)


def squared_error(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward closeness to the mean of the target; large errors dominate.

    Formula: `(pred - target)**2`. Optax's `l2_loss` is half of it.

    Example:
        >>> squared_error([1.0, 3.0], [1.0, 1.0])
        Array([0., 4.], dtype=float32)

    Reference: Legendre 1805; Gauss 1809.
    """
    pred, target = same_shape(pred=pred, target=target)
    return jnp.square(pred - target)


def absolute_error(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward closeness to the median of the target; every error pulls equally.

    Formula: `abs(pred - target)`; gradient 0 at 0.

    Example:
        >>> absolute_error([1.0, 3.0], [1.0, 1.0])
        Array([0., 2.], dtype=float32)

    Reference: Boscovich 1757; Laplace 1774.
    """
    pred, target = same_shape(pred=pred, target=target)
    return streamed(lambda p, t: absolute(p - t))(pred, target)


def huber(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Square small errors, take large ones linearly: a mean that outliers do not own.

    Formula: `error**2 / 2` where `abs(error) <= delta`, else `delta * (abs(error) - delta / 2)`.

    Args:
        delta: error at which the loss turns linear, in units of the target; positive.

    Example:
        >>> huber([0.5, 3.0], [0.0, 0.0])
        Array([0.125, 2.5  ], dtype=float32)

    Reference: Huber 1964, doi:10.1214/aoms/1177703732.
    """
    pred, target, delta = elementwise(pred=pred, target=target, hyper={"delta": delta})
    return streamed(lambda p, t, d: _huber(p - t, d))(pred, target, delta)


def _huber_value(error: Array, delta: Array) -> Array:
    # One expression for both branches: a `where` of the two would be stored for the gradient.
    inner = jnp.minimum(jnp.abs(error), delta)
    return inner * (jnp.abs(error) - inner / 2)


_huber = with_partials(
    _huber_value,
    lambda error, delta: jnp.minimum(jnp.maximum(error, -delta), delta),
    lambda error, delta: relu(jnp.abs(error) - delta),
)


def smooth_l1(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Absolute error with its corner rounded off: Huber's loss divided by its threshold.

    Formula: `error**2 / (2 * beta)` where `abs(error) < beta`, else `abs(error) - beta / 2`; the
    absolute error at `beta = 0`. It equals `huber(delta=beta) / beta`.

    Args:
        beta: width of the rounding, in units of the target; non-negative.

    Example:
        >>> smooth_l1([0.5, 3.0], [0.0, 0.0], beta=2.0)
        Array([0.0625, 2.    ], dtype=float32)

    Reference: Girshick 2015, arXiv:1504.08083.
    """
    pred, target, beta = elementwise(pred=pred, target=target, hyper={"beta": beta})
    return streamed(lambda p, t, b: _smooth_l1(p - t, b))(pred, target, beta)


def _rate(beta: Array) -> tuple[Array, Array]:
    """`1 / beta` and 0, or 0 and 1 at `beta = 0`: selects between numbers, not between elements."""
    rounded = beta > 0
    return safe_divide(jnp.ones_like(beta), beta), jnp.where(rounded, 0, jnp.ones_like(beta))


def _smooth_l1_value(error: Array, beta: Array) -> Array:
    rate, sharp = _rate(beta)
    inner = jnp.minimum(jnp.abs(error), beta)
    return (inner * rate + sharp) * (jnp.abs(error) - inner / 2)


def _smooth_l1_slope(error: Array, beta: Array) -> Array:
    rate, sharp = _rate(beta)
    return jnp.maximum(jnp.minimum(error * rate, 1), -1) + sharp * jnp.sign(error)


_smooth_l1 = with_partials(
    _smooth_l1_value,
    _smooth_l1_slope,
    lambda error, beta: -jnp.square(_smooth_l1_slope(error, beta)) / 2,
)


def pseudo_huber(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Huber's loss without a seam: half the square near zero, slope `delta` far away.

    Formula: `delta**2 * (sqrt(1 + (error / delta)**2) - 1)`.

    Args:
        delta: error around which the loss turns linear, in units of the target; positive.

    Example:
        >>> pseudo_huber([0.0, 3.0], [0.0, 0.0])
        Array([0.    , 2.1623], dtype=float32)

    Reference: Charbonnier et al. 1997, doi:10.1109/83.551699.
    """
    pred, target, delta = elementwise(pred=pred, target=target, hyper={"delta": delta})

    def kernel(p: Array, t: Array, d: Array) -> Array:
        # The formula as written cancels near 0; this one also has its limit, 0, at delta = 0.
        square = jnp.square(p - t)
        return safe_divide(d * square, d + safe_sqrt(jnp.square(d) + square))

    return streamed(kernel)(pred, target, delta)


def charbonnier(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    epsilon: ArrayLike = 1e-3,
) -> Float[Array, "*shape"]:
    """Absolute error made smooth, as used for image restoration.

    Formula: `sqrt(error**2 + epsilon**2)`. A perfect prediction costs `epsilon`, not 0; at
    `epsilon = 0` it is the absolute error, with gradient 0 at 0.

    Args:
        epsilon: radius of the smooth part, in units of the target; non-negative.

    Example:
        >>> charbonnier([3.0, 0.0], [0.0, 0.0], epsilon=4.0)
        Array([5., 4.], dtype=float32)

    Reference: Charbonnier et al. 1994, doi:10.1109/ICIP.1994.413553.
    """
    pred, target, epsilon = elementwise(pred=pred, target=target, hyper={"epsilon": epsilon})
    hypotenuse = streamed(lambda p, t, e: safe_sqrt(jnp.square(p - t) + jnp.square(e)))
    return hypotenuse(pred, target, epsilon)


def log_cosh(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Square small errors and take large ones linearly, infinitely smooth between.

    Formula: `log(cosh(scale * error)) / scale`; about `scale * error**2 / 2` near 0 and
    `abs(error) - log(2) / scale` far away.

    Args:
        scale: sharpness, in inverse units of the target; positive, and 0 gives the limit 0.

    Example:
        >>> log_cosh([1e-4, 3.0], [0.0, 0.0])[1]
        Array(2.3093, dtype=float32)

    Reference: Green 1990, doi:10.1109/42.52985; Chen et al. 2019, "Log hyperbolic cosine loss".
    """
    pred, target, scale = elementwise(pred=pred, target=target, hyper={"scale": scale})
    kernel = streamed(lambda p, t, s: _log_cosh(s * (p - t)) * safe_divide(jnp.ones_like(s), s))
    return kernel(pred, target, scale)


def epsilon_insensitive(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    epsilon: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Forgive errors inside a tube and take the rest linearly: support vector regression.

    Formula: `max(0, abs(error) - epsilon)`; gradient 0 on the edge of the tube.

    Args:
        epsilon: half-width of the tube, in units of the target; non-negative.

    Example:
        >>> epsilon_insensitive([0.5, 3.0], [0.0, 0.0], epsilon=1.0)
        Array([0., 2.], dtype=float32)

    Reference: Vapnik 1995, doi:10.1007/978-1-4757-2440-0.
    """
    pred, target, epsilon = elementwise(pred=pred, target=target, hyper={"epsilon": epsilon})
    return streamed(lambda p, t, e: relu(absolute(p - t) - e))(pred, target, epsilon)


def squared_epsilon_insensitive(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    epsilon: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Forgive errors inside a tube and square what sticks out.

    Formula: `max(0, abs(error) - epsilon)**2`.

    Args:
        epsilon: half-width of the tube, in units of the target; non-negative.

    Example:
        >>> squared_epsilon_insensitive([0.5, 3.0], [0.0, 0.0], epsilon=1.0)
        Array([0., 4.], dtype=float32)

    Reference: Vapnik 1995, doi:10.1007/978-1-4757-2440-0.
    """
    pred, target, epsilon = elementwise(pred=pred, target=target, hyper={"epsilon": epsilon})
    kernel = streamed(lambda p, t, e: jnp.square(relu(absolute(p - t) - e)))
    return kernel(pred, target, epsilon)


def berhu(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Huber's loss reversed: linear for small errors, square for large ones.

    Formula: `abs(error)` where `abs(error) <= delta`, else `(error**2 + delta**2) / (2 * delta)`.

    Args:
        delta: error at which the loss turns quadratic, in units of the target; positive. Depth
            estimation takes a fifth of the batch's largest error (stop its gradient).

    Example:
        >>> berhu([0.5, 3.0], [0.0, 0.0])
        Array([0.5, 5. ], dtype=float32)

    Reference: Owen 2007, doi:10.1090/conm/443; Laina et al. 2016, arXiv:1606.00373.
    """
    pred, target, delta = elementwise(pred=pred, target=target, hyper={"delta": delta})

    def kernel(p: Array, t: Array, d: Array) -> Array:
        size = absolute(p - t)
        return size + jnp.square(relu(size - d)) / (2 * d)

    return streamed(kernel)(pred, target, delta)


def balanced_l1(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    alpha: ArrayLike = 0.5,
    gamma: ArrayLike = 1.5,
    beta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Raise the gradient of accurate examples, with a bound for outliers: box regression.

    Formula: with `x = abs(error) / beta` and `b = exp(gamma / alpha) - 1`,
    `alpha / b * (b * x + 1) * log(b * x + 1) - alpha * x` where `x < 1`, else
    `gamma * x + gamma / b - alpha`.

    Args:
        alpha: gradient of accurate examples is larger for smaller values; 0 is the limit
            `gamma * abs(error) / beta`.
        gamma: bound of the gradient; positive.
        beta: error that separates accurate examples from outliers, in units of the target.

    Example:
        >>> balanced_l1([0.5, 3.0], [0.0, 0.0])
        Array([0.4006, 4.0786], dtype=float32)

    Reference: Pang et al. 2019, arXiv:1904.02701.
    """
    hyper = {"alpha": alpha, "gamma": gamma, "beta": beta}
    pred, target, alpha, gamma, beta = elementwise(pred=pred, target=target, hyper=hyper)
    return streamed(_balanced_l1)(pred, target, alpha, gamma, beta)


def _balanced_l1(pred: Array, target: Array, alpha: Array, gamma: Array, beta: Array) -> Array:
    size = absolute(pred - target) / beta
    curved, moved = alpha > 0, size > 0
    rate = jnp.where(curved, gamma / jnp.where(curved, alpha, 1), 1)
    # By its logarithm, since b overflows long before the loss does.
    log_b = rate + log1mexp(-rate)
    inner = jnp.where(moved, jnp.minimum(size, 1), 1)
    log = jnp.where(moved, softplus(log_b + jnp.log(inner)), 0)
    inside = alpha * ((size + jnp.exp(-log_b)) * log - size)
    outside = gamma * size + gamma * jnp.exp(-log_b) - alpha
    return jnp.where(curved, jnp.where(size < 1, inside, outside), gamma * size)


def wing(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    width: ArrayLike = 10.0,
    curvature: ArrayLike = 2.0,
) -> Float[Array, "*shape"]:
    """Amplify small and medium errors: facial landmarks.

    Formula: `width * log(1 + abs(error) / curvature)` where `abs(error) < width`, else
    `abs(error) - width + width * log(1 + width / curvature)`; gradient 0 at 0.

    Args:
        width: error at which the loss turns linear, in units of the target (pixels); non-negative.
        curvature: how sharp the logarithmic part is, in the same units; positive.

    Example:
        >>> wing([2.0, 20.0], [0.0, 0.0])
        Array([ 6.9315, 27.9176], dtype=float32)

    Reference: Feng et al. 2018, arXiv:1711.06753.
    """
    hyper = {"width": width, "curvature": curvature}
    pred, target, width, curvature = elementwise(pred=pred, target=target, hyper=hyper)

    def kernel(p: Array, t: Array, w: Array, c: Array) -> Array:
        size = absolute(p - t)
        beyond = relu(size - w)
        return w * jnp.log1p((size - beyond) / c) + beyond

    return streamed(kernel)(pred, target, width, curvature)


def adaptive_wing(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    omega: ArrayLike = 14.0,
    theta: ArrayLike = 0.5,
    epsilon: ArrayLike = 1.0,
    alpha: ArrayLike = 2.1,
) -> Float[Array, "*shape"]:
    """Wing loss whose curvature follows the target: sharp on the peaks of a heatmap.

    Formula: with `n = alpha - target` and `r = theta / epsilon`,
    `omega * log(1 + (abs(error) / epsilon)**n)` where `abs(error) < theta`, else
    `a * abs(error) - (theta * a - omega * log(1 + r**n))`, `a` the slope at `theta`.

    Args:
        omega: height of the logarithmic part.
        theta: error at which the loss turns linear; non-negative.
        epsilon: error that counts as one; positive.
        alpha: exponent for a target of 0; above 2 keeps the loss smooth for targets in [0, 1].

    Example:
        >>> adaptive_wing([0.2, 1.0], [0.0, 1.0])
        Array([0.4688, 0.    ], dtype=float32)

    Reference: Wang et al. 2019, arXiv:1904.07399.
    """
    hyper = {"omega": omega, "theta": theta, "epsilon": epsilon, "alpha": alpha}
    pred, target, omega, theta, epsilon, alpha = elementwise(pred=pred, target=target, hyper=hyper)
    return streamed(_adaptive_wing)(pred, target, omega, theta, epsilon, alpha)


def _adaptive_wing(
    pred: Array, target: Array, omega: Array, theta: Array, epsilon: Array, alpha: Array
) -> Array:
    size = absolute(pred - target)
    exponent = alpha - target
    edge = safe_power(theta / epsilon * jnp.ones_like(size), exponent)
    slope = omega * exponent * edge / ((1 + edge) * jnp.where(theta == 0, 1, theta))
    beyond = relu(size - theta)
    return omega * jnp.log1p(safe_power((size - beyond) / epsilon, exponent)) + slope * beyond


def quantile_huber(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    quantile: ArrayLike = 0.5,
    delta: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a quantile of the target, with the corner at zero rounded off.

    Formula: `abs(quantile - (target < pred)) * huber(pred, target, delta=delta) / delta`; the
    pinball loss in the limit `delta = 0`.

    Args:
        quantile: level in (0, 1); 0.5 weighs both sides equally.
        delta: width of the rounding, in units of the target; non-negative.

    Example:
        >>> quantile_huber([0.0, 0.0], [3.0, -3.0], quantile=0.9)
        Array([2.25, 0.25], dtype=float32)

    Reference: Dabney et al. 2018, arXiv:1710.10044; divided by `delta` in arXiv:1806.06923.
    """
    hyper = {"quantile": quantile, "delta": delta}
    pred, target, quantile, delta = elementwise(pred=pred, target=target, hyper=hyper)

    def kernel(p: Array, t: Array, q: Array, d: Array) -> Array:
        return jnp.where(p > t, 1 - q, q) * _smooth_l1(p - t, d)

    return streamed(kernel)(pred, target, quantile, delta)


def absolute_percentage_error(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    *,
    eps: ArrayLike = 1e-8,
) -> Float[Array, "*shape"]:
    """Reward small errors relative to the target: the summand of MAPE.

    Formula: `abs(error) / max(abs(target), eps)`, a fraction (Keras gives a hundred times that).

    Args:
        eps: floor of the denominator, in units of the target; positive.

    Example:
        >>> absolute_percentage_error([1.0, 3.0], [2.0, -2.0])
        Array([0.5, 2.5], dtype=float32)

    Reference: de Myttenaere et al. 2016, arXiv:1605.02541.
    """
    pred, target, eps = elementwise(pred=pred, target=target, hyper={"eps": eps})

    def kernel(p: Array, t: Array, e: Array) -> Array:
        return absolute(p - t) / (e + relu(absolute(t) - e))

    return streamed(kernel)(pred, target, eps)


def symmetric_absolute_percentage_error(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward small errors relative to the size of both: the summand of sMAPE.

    Formula: `2 * abs(error) / (abs(pred) + abs(target))`, between 0 and 2; 0 with gradient 0 where
    both are 0.

    Example:
        >>> symmetric_absolute_percentage_error([1.0, 0.0], [3.0, 0.0])
        Array([1., 0.], dtype=float32)

    Reference: Armstrong 1985, "Long-range forecasting"; Makridakis 1993,
        doi:10.1016/0169-2070(93)90079-3.
    """
    pred, target = same_shape(pred=pred, target=target)

    def kernel(p: Array, t: Array) -> Array:
        return safe_divide(2 * absolute(p - t), absolute(p) + absolute(t))

    return streamed(kernel)(pred, target)


def squared_log_error(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward closeness in ratio for counts and other positive quantities.

    Formula: `(log(1 + pred) - log(1 + target))**2`; both must be above -1.

    Example:
        >>> squared_log_error([1.7182817], [0.0])
        Array([1.], dtype=float32)

    Reference: Tornqvist et al. 1985, doi:10.1080/00031305.1985.10479385 (log differences).
    """
    pred, target = same_shape(pred=pred, target=target)
    above(-1, pred=pred, target=target)

    def kernel(p: Array, t: Array) -> Array:
        # The difference of logarithms cancels for close arguments, the quotient for distant ones.
        relative = (p - t) / (1 + t)
        near = jnp.abs(relative) < 0.5
        close = jnp.log1p(jnp.where(near, relative, 0))
        return jnp.square(jnp.where(near, close, jnp.log1p(p) - jnp.log1p(t)))

    return streamed(kernel)(pred, target)


def circular_error(
    pred: Float[ArrayLike, "*shape"], target: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward closeness of angles: a full turn is no error.

    Formula: `1 - cos(pred - target)`, angles in radians, between 0 and 2.

    Example:
        >>> circular_error([6.2831855, 3.1415927], [0.0, 0.0])
        Array([0., 2.], dtype=float32)

    Reference: Mardia 1972, "Statistics of directional data"; von Mises 1918.
    """
    pred, target = same_shape(pred=pred, target=target)
    # 1 - cos(x) cancels near 0; twice the squared sine of the half angle does not.
    return streamed(lambda p, t: 2 * jnp.square(jnp.sin((p - t) / 2)))(pred, target)
