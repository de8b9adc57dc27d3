"""Flows from noise to data: velocities to learn, and the pairs and times to learn them from.

Time runs from 0, noise, to 1, data, on straight lines (papers that run it the other way have the
opposite velocity). Consistency models, which learn where a line ends, are here too. A `model` takes
points and times, one for each example, and gives an array in the shape of the points; parameters
and labels are bound to it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import (
    along,
    elementwise,
    hyperparameters,
    leading,
    of_rows,
    promote,
    same_shape,
    vectors,
)
from jaxloss.core.numerics import safe_divide, safe_sqrt, streamed
from jaxloss.core.pairs import squared_distances

Model = Callable[..., Array]


def flow_matching(
    pred: Float[ArrayLike, "*shape"],
    noise: Float[ArrayLike, "*shape"],
    data: Float[ArrayLike, "*shape"],
    *,
    sigma_min: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a velocity for leading from noise to data: flow matching, rectified flow.

    Formula: `(pred - (data - (1 - sigma_min) * noise))**2`, with `pred` a model's at the point
    `interpolated(noise, data, t)`. Its minimum is the mean velocity of all pairs whose lines pass
    through a point. Rectified flow learns it again from `data` that the learned flow leads to
    (`transported`), by which the paths become straight.

    Args:
        pred: velocity of a model.
        noise: where the line begins.
        data: where it ends; paired at random, or by `paired`.
        sigma_min: what is left of the noise at the end.

    Example:
        >>> flow_matching([1.0, 1.0], [0.0, 2.0], [3.0, 3.0])
        Array([4., 0.], dtype=float32)

    Reference: Lipman et al. 2023, arXiv:2210.02747; Liu et al. 2023, arXiv:2209.03003.
    """
    hyper = {"sigma_min": sigma_min}
    pred, noise, data, least = elementwise(pred=pred, noise=noise, data=data, hyper=hyper)
    return streamed(lambda p, x, y, least: jnp.square(p - (y - (1 - least) * x)))(
        pred, noise, data, least
    )


def interpolated(
    noise: Float[ArrayLike, "*shape"],
    data: Float[ArrayLike, "*shape"],
    t: Float[ArrayLike, "*batch"],
    *,
    sigma_min: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Points on the lines from noise to data.

    Formula: `(1 - (1 - sigma_min) * t) * noise + t * data`.

    Args:
        noise: where a line begins.
        data: where it ends.
        t: time of each example, from 0 to 1.
        sigma_min: what is left of the noise at the end.

    Example:
        >>> interpolated([[0.0, 2.0]], [[4.0, 4.0]], [0.25])
        Array([[1. , 2.5]], dtype=float32)

    Reference: Lipman et al. 2023, arXiv:2210.02747.
    """
    noise, data = same_shape(noise=noise, data=data)
    (t,) = leading(noise, t=t)
    (least,) = hyperparameters(t, sigma_min=sigma_min)
    axes = noise.ndim - t.ndim
    return along(1 - (1 - least) * t, axes) * noise + along(t, axes) * data


def paired(
    noise: Float[ArrayLike, "n *features"], data: Float[ArrayLike, "m *features"]
) -> Int[Array, " n"]:
    """Indices of the data for each noise such that all lines together are shortest (OT-CFM).

    By Optax's assignment, in time that grows with the third power of the batch.

    Args:
        noise: where lines begin.
        data: where they may end; at least as many.

    Returns:
        Different indices: `data[paired(noise, data)]` goes with `noise`.

    Raises:
        ValueError: for fewer data than noise, or other features.

    Example:
        >>> paired([[0.0], [3.0]], [[4.0], [1.0]])
        Array([1, 0], dtype=int32)

    Reference: Tong et al. 2024, arXiv:2302.00482; Pooladian et al. 2023, arXiv:2304.14772.
    """
    noise, data = promote(noise=noise, data=data)
    if (
        min(noise.ndim, data.ndim) < 1
        or noise.shape[1:] != data.shape[1:]
        or len(data) < len(noise)
    ):
        raise ValueError(
            "expected `noise` and `data` of the same features, and at least as many data as noise, "
            f"got {noise.shape} and {data.shape}"
        )
    if len(noise) == 0:
        return jnp.zeros(0, jnp.int32)
    flat = (lax.stop_gradient(array).reshape(len(array), -1) for array in (noise, data))
    rows, columns = optax.assignment.hungarian_algorithm(squared_distances(*flat))
    return jnp.zeros(len(noise), jnp.int32).at[rows].set(columns.astype(jnp.int32))


def transported(
    model: Model, noise: Float[ArrayLike, "n *features"], *, steps: int = 32
) -> Float[Array, "n *features"]:
    """Where a flow leads from noise: samples, or the data that a rectified flow learns from next.

    Args:
        model: gives velocities for points and times.
        noise: points at time 0.
        steps: of the midpoint method, two velocities each.

    Returns:
        Points at time 1.

    Example:
        >>> transported(lambda x, t: x, jnp.ones((1, 1)))
        Array([[2.7178]], dtype=float32)

    Reference: Liu et al. 2023, arXiv:2209.03003.
    """
    (noise,) = promote(noise=noise)
    size = 1 / steps

    def step(x: Array, t: Array) -> tuple[Array, None]:
        times = jnp.full(noise.shape[:1], t)
        half = x + size / 2 * model(x, times)
        return x + size * model(half, times + size / 2), None

    begins = jnp.arange(steps, dtype=noise.dtype) * size
    return lax.scan(step, noise, begins)[0]


def mean_flow(
    model: Model,
    noise: Float[ArrayLike, "n *features"],
    data: Float[ArrayLike, "n *features"],
    begin: Float[ArrayLike, " n"],
    end: Float[ArrayLike, " n"],
) -> Float[Array, "n *features"]:
    """Reward mean velocities that add up: a flow of one step (MeanFlow).

    Formula: `(u - sg(v + (end - begin) * d))**2` with `u = model(x, begin, end)` at
    `x = interpolated(noise, data, begin)`, `v = data - noise`, and `d` the derivative of `u` as the
    beginning moves along the line with velocity `v`; `sg` holds constant. Where `begin` is `end` it
    is flow matching. A sample is `noise + model(noise, 0, 1)`.

    Args:
        model: gives mean velocities for points, the times they are at, and the times to come to.
        noise: where lines begin.
        data: where they end.
        begin: time of each point.
        end: time from `begin` to 1 that the mean velocity leads to.

    Returns:
        One value for each entry.

    Example:
        >>> model = lambda x, begin, end: 2 * x
        >>> mean_flow(model, jnp.zeros((1, 1)), jnp.ones((1, 1)), jnp.zeros(1), jnp.ones(1))
        Array([[9.]], dtype=float32)

    Reference: Geng et al. 2025, arXiv:2505.13447.
    """
    noise, data = same_shape(noise=noise, data=data)
    begin, end = leading(noise, begin=begin, end=end)
    velocity = data - noise
    x = interpolated(noise, data, begin)
    moved = (velocity, jnp.ones_like(begin), jnp.zeros_like(end))
    u, slope = jax.jvp(model, (x, begin, end), moved)
    target = velocity + along(end - begin, x.ndim - begin.ndim) * slope
    return jnp.square(u - lax.stop_gradient(target))


def consistency(
    pred: Float[ArrayLike, "*batch dim"],
    target: Float[ArrayLike, "*batch dim"],
    *,
    delta: ArrayLike = 0.03,
) -> Float[Array, "*batch"]:
    """Reward a consistency model for ending where it ends from a little nearer: pseudo-Huber.

    Formula: `sqrt(sum((pred - target)**2) + delta**2) - delta`, with `target` held constant.

    Args:
        pred: where the model leads from more noise.
        target: where it leads from less, with the same parameters.
        delta: error around which the loss turns from quadratic to linear, c in the paper, which
            has `0.00054 * sqrt(dim)`.

    Returns:
        One value for each example.

    Example:
        >>> consistency([[3.0, 0.0]], [[0.0, 0.0]], delta=4.0)
        Array([1.], dtype=float32)

    Reference: Song and Dhariwal 2024, arXiv:2310.14189.
    """
    pred, target = vectors(pred=pred, target=target)
    (delta,) = hyperparameters(of_rows(pred), delta=delta)
    square = jnp.sum(jnp.square(pred - lax.stop_gradient(target)), axis=-1)
    return safe_divide(square, safe_sqrt(square + jnp.square(delta)) + delta)


def consistency_training(
    model: Model,
    data: Float[ArrayLike, "n *features"],
    noise: Float[ArrayLike, "n *features"],
    low: Float[ArrayLike, " n"],
    high: Float[ArrayLike, " n"],
    *,
    delta: ArrayLike = 0.03,
) -> Float[Array, " n"]:
    """Reward a model for leading to one place from both of two noise levels of one example.

    Formula: `consistency(model(data + high * noise, high), model(data + low * noise, low)) /
    (high - low)`; 0 where the levels are equal.

    Args:
        model: gives the end of the path for points and noise levels; the points themselves at the
            lowest level, which its architecture sees to (`diffusion.edm_preconditioning`).
        data: examples.
        noise: standard normal noise, the same at both levels.
        low: the lower level of each example, the teacher's.
        high: the next one.
        delta: as in `consistency`.

    Returns:
        One value for each example.

    Example:
        >>> model = lambda x, sigma: x / (1 + sigma[:, None])
        >>> ones = jnp.ones((1, 1))
        >>> consistency_training(model, 3 * ones, ones, jnp.zeros(1), jnp.ones(1), delta=0.0)
        Array([1.], dtype=float32)

    Reference: Song et al. 2023, arXiv:2303.01469; Song and Dhariwal 2024, arXiv:2310.14189.
    """
    data, noise = same_shape(data=data, noise=noise)
    low, high = leading(data, low=low, high=high)
    axes = data.ndim - low.ndim
    near, far = (
        model(data + along(sigma, axes) * noise, sigma).reshape(*sigma.shape, -1)
        for sigma in (low, high)
    )
    return safe_divide(consistency(far, near, delta=delta), high - low)
