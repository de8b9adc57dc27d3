"""Scores, gradients of a log-density, and denoisers, learned from examples alone.

A `score` function takes a batch of examples, first axis, and gives an array of its shape; it should
treat examples one by one.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, elementwise, leading, promote, same_shape
from jaxloss.core.numerics import trailing_mean

Score = Callable[[Array], Array]


def denoising(
    pred: Float[ArrayLike, "*shape"],
    noise: Float[ArrayLike, "*shape"],
    sigma: Float[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a score for pointing from noisy examples back to the data.

    Formula: `mean((sigma * pred + noise)**2)`: the squared error of the score at
    `data + sigma * noise`, weighed by `sigma**2` as in Song and Ermon, so that all noise levels
    count alike and a level of 0 is defined.

    Args:
        pred: score that a model gives for the noisy examples.
        noise: standard normal noise.
        sigma: its scale in each example; has the leading axes of `pred`.

    Returns:
        One value for each example, a mean over its features.

    Example:
        >>> denoising([[-2.0, 0.0]], [[1.0, 1.0]], [0.5])
        Array([0.5], dtype=float32)

    Reference: Vincent 2011, doi:10.1162/NECO_a_00142; Song and Ermon 2019, arXiv:1907.05600.
    """
    pred, noise = same_shape(pred=pred, noise=noise)
    (sigma,) = leading(pred, sigma=sigma)
    error = along(sigma, pred.ndim - sigma.ndim) * pred + noise
    return trailing_mean(jnp.square(error), sigma.ndim)


def sliced(
    score: Score, x: Float[ArrayLike, "n *features"], directions: Float[ArrayLike, "n *features"]
) -> Float[Array, " n"]:
    """Reward a score that points to the data, along random directions: no noise, one derivative.

    Formula: `sum(v * (J @ v)) + sum(s**2) / 2` with `s = score(x)`, `J` its derivative and `v` the
    directions (the variant of lower variance). But for a constant this is half the mean squared
    error of the score.

    Args:
        score: gives a score for each example.
        x: examples.
        directions: drawn anew for each step, with the identity for their covariance: normal, or
            signs.

    Returns:
        One value for each example.

    Example:
        >>> sliced(lambda x: -x, jnp.array([[1.0, 2.0]]), jnp.ones((1, 2)))
        Array([0.5], dtype=float32)

    Reference: Song et al. 2020, arXiv:1905.07088.
    """
    x, directions = same_shape(x=x, directions=directions)
    values, turned = _along(score, x, directions)
    return _per_example(directions * turned + jnp.square(values) / 2)


def implicit(score: Score, x: Float[ArrayLike, "n *features"]) -> Float[Array, " n"]:
    """Reward a score that points to the data, exactly: as many derivatives as there are features.

    Formula: `trace(J) + sum(s**2) / 2` with `s = score(x)` and `J` its derivative.

    Args:
        score: gives a score for each example.
        x: examples, of few features.

    Returns:
        One value for each example.

    Example:
        >>> implicit(lambda x: -x, jnp.array([[1.0, 2.0]]))
        Array([0.5], dtype=float32)

    Reference: Hyvärinen 2005, "Estimation of non-normalized statistical models by score matching".
    """
    (x,) = promote(x=x)
    features = x.shape[1:]
    size = x[:1].size
    # One feature after the other: all at once would take their number times the memory.
    units = jnp.eye(size, dtype=x.dtype).reshape(size, *features)

    def add(trace: Array, unit: Array) -> tuple[Array, None]:
        direction = jnp.broadcast_to(unit, x.shape)
        return trace + _per_example(direction * _along(score, x, direction)[1]), None

    trace, _ = lax.scan(add, jnp.zeros(len(x), x.dtype), units)
    return trace + _per_example(jnp.square(score(x))) / 2


def sure(
    pred: Float[ArrayLike, "*shape"],
    noisy: Float[ArrayLike, "*shape"],
    change: Float[ArrayLike, "*shape"],
    directions: Float[ArrayLike, "*shape"],
    *,
    sigma: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a denoiser for being near what is behind the noise, which nobody has to know (SURE).

    Formula: `(pred - noisy)**2 - sigma**2 + 2 * sigma**2 * directions * change`: over noise and
    directions, its mean is that of the squared error to the clean example, so that values below 0
    occur. The last part is Stein's: it makes copying the noise cost what it is worth.

    Args:
        pred: what the denoiser gives for the noisy examples.
        noisy: examples with normal noise.
        change: derivative of `pred` along the directions, by `jax.jvp`; or, of a denoiser that is
            not differentiated, `(denoise(noisy + step * directions) - pred) / step`.
        directions: drawn anew for each step, with the identity for their covariance: normal, or
            signs.
        sigma: standard deviation of the noise in `noisy`, non-negative.

    Returns:
        One value for each entry.

    Example:
        >>> noisy, directions = jnp.array([2.0, -1.0]), jnp.array([1.0, -1.0])
        >>> pred, change = jax.jvp(lambda y: y / 2, (noisy,), (directions,))
        >>> sure(pred, noisy, change, directions)
        Array([1.  , 0.25], dtype=float32)

    Reference: Stein 1981, doi:10.1214/aos/1176345632; random directions, Ramani et al. 2008,
        doi:10.1109/TIP.2008.2001404.
    """
    pred, noisy, change, directions, sigma = elementwise(
        hyper={"sigma": sigma}, pred=pred, noisy=noisy, change=change, directions=directions
    )
    return jnp.square(pred - noisy) + jnp.square(sigma) * (2 * directions * change - 1)


def _along(score: Score, x: Array, directions: Array) -> tuple[Array, Array]:
    values, turned = jax.jvp(score, (x,), (directions,))
    if values.shape != x.shape:
        raise ValueError(f"expected a score of the shape of `x` {x.shape}, got {values.shape}")
    return values, turned


def _per_example(values: Array) -> Array:
    return jnp.sum(values, axis=tuple(range(1, values.ndim)))
