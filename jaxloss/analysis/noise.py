"""Noise of the gradient, from parts of a batch: the noise scale, signal to noise, when to stop.

All but the bookkeeping needs passes through the model beyond that of the step, so take it with
`jaxloss.analysis.probe.every`. The loss of a batch is taken to be a mean over its examples.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree
from optax.microbatching import AccumulationType, Accumulator, micro_grad, microbatch

from jaxloss.analysis.probe import gradient_norm, widened
from jaxloss.core import checks
from jaxloss.core.numerics import safe_divide
from jaxloss.objectives.accumulate import batch_size

Loss = Callable[..., Array]


class Noise(NamedTuple):
    """Noise and signal of a gradient: of one batch, or averaged over several.

    One estimate of the signal may be negative, and the ratio of two noisy numbers says little:
    average both first.

    Attributes:
        noise: trace of the covariance of the gradient of one example.
        signal: squared norm of the gradient without noise.
    """

    noise: Float[Array, ""]
    signal: Float[Array, ""]

    @property
    def scale(self) -> Float[Array, ""]:
        """Simple noise scale `noise / signal`, the batch size at which both weigh the same.

        Far below it, a larger batch saves steps in proportion; far above it, hardly any. Infinite
        where no signal is seen, NaN where there is neither.
        """
        unseen = jnp.where(self.noise > 0, jnp.inf, jnp.nan)
        return jnp.where(self.signal > 0, safe_divide(self.noise, self.signal), unseen)


def noise_from_norms(
    part_squares: ArrayLike, batch_square: ArrayLike, *, part_size: ArrayLike, batch_size: ArrayLike
) -> Noise:
    """Noise and signal from norms of gradients at two batch sizes, without bias.

    Formula: `noise = (mean(part_squares) - batch_square) / (1 / part_size - 1 / batch_size)` and
    `signal = batch_square - noise / batch_size`.

    Args:
        part_squares: squared norms of gradients of parts of the batch, one or more; from
            `part_norms`, from `example_norms` (then `part_size` is 1), or those of the devices
            before their gradients are averaged.
        batch_square: squared norm of the gradient of the whole batch.
        part_size: examples in each part.
        batch_size: examples in the batch, more than in a part.

    Example:
        >>> noise_from_norms([2.0, 4.0], 1.5, part_size=1, batch_size=4)
        Noise(noise=Array(2., dtype=float32), signal=Array(1., dtype=float32))

    Reference: McCandlish et al. 2018, arXiv:1812.06162, appendix A.1.
    """
    squares, square, size, whole = checks.promote(
        part_squares=part_squares,
        batch_square=batch_square,
        part_size=part_size,
        batch_size=batch_size,
    )
    noise = (jnp.mean(squares) - square) / (1 / size - 1 / whole)
    return Noise(noise, square - noise / whole)


def average_noise(average: Noise, found: Noise, *, decay: ArrayLike = 0.95) -> Noise:
    """Exponential moving averages of noise and signal, apart from each other.

    Both lack the same factor in the first steps, which their ratio does not see. A step without a
    probe, where both are NaN, leaves them as they are.

    Args:
        average: so far; `Noise(0.0, 0.0)` at the start.
        found: in this step.
        decay: weight of the past, in [0, 1).

    Example:
        >>> average = average_noise(Noise(0.0, 0.0), Noise(8.0, 2.0), decay=0.5)
        >>> average_noise(average, Noise(jnp.nan, jnp.nan), decay=0.5)
        Noise(noise=Array(4., dtype=float32), signal=Array(1., dtype=float32))
        >>> average.scale
        Array(4., dtype=float32)
    """
    past, now = (jnp.stack(checks.promote(noise=x[0], signal=x[1])) for x in (average, found))
    seen = jnp.all(jnp.isfinite(now))
    mixed = past + (1 - jnp.asarray(decay).astype(past.dtype)) * (jnp.where(seen, now, past) - past)
    return Noise(mixed[0], mixed[1])


def part_norms(
    loss: Loss, params: PyTree[Array], *args: PyTree[Array], parts: int = 4, count: int = 1
) -> Float[Array, " count"]:
    """Norms of the gradients of the first parts of a batch, one part after the other.

    With the gradient of the whole batch, which the step has, one part is enough for the noise scale
    and costs no more than its share of a step.

    Args:
        loss: function `(params, *args)` to the mean loss of a batch.
        params: what to differentiate in.
        args: arrays, and trees of them, with examples along the first axis.
        parts: number of equal parts that the batch is divided into.
        count: how many of them to take.

    Raises:
        ValueError: for arrays of unequal first axis, parts that do not divide it, or a count that
            is not from 1 to `parts`.

    Example:
        >>> def loss(slope, x):
        ...     return jnp.mean(slope * x)
        >>> part_norms(loss, jnp.array(1.0), jnp.array([1.0, 3.0, 5.0, 7.0]), parts=2, count=2)
        Array([2., 6.], dtype=float32)
    """
    size = _part_size(args, parts)
    if not 1 <= count <= parts:
        raise ValueError(f"expected `count` from 1 to {parts}, the number of parts, got {count}")
    # Each of the parts in a row of its own: Optax would deal out the examples in turn.
    stacked = jax.tree.map(lambda x: x[: count * size].reshape(count, size, *x.shape[1:]), args)

    def norm(part: tuple[PyTree[Array], ...]) -> Array:
        return gradient_norm(jax.grad(loss)(params, *part))

    return lax.map(norm, stacked)


def example_norms(
    loss: Loss, params: PyTree[Array], *args: PyTree[Array], chunk: int | None = None
) -> tuple[PyTree[Array], Float[Array, " batch"]]:
    """Gradient of a batch, and the norm of the gradient of each of its examples.

    It is `optax.microbatching.micro_grad`, many times dearer than the gradient alone.

    Args:
        loss: function `(params, *args)` to the mean loss of a batch, also of one example.
        params: what to differentiate in.
        args: arrays, and trees of them, with examples along the first axis.
        chunk: examples whose gradients are held at once, a divisor of the batch; all if None.

    Returns:
        The mean gradient, and the norms; their squares are what `noise_from_norms` takes with a
        `part_size` of 1.

    Raises:
        ValueError: for arrays of unequal first axis, or a chunk that does not divide it.

    Example:
        >>> def loss(slope, x):
        ...     return jnp.mean(slope * x)
        >>> example_norms(loss, jnp.array(1.0), jnp.array([1.0, -3.0, 5.0, -7.0]))
        (Array(-1., dtype=float32), Array([1., 3., 5., 7.], dtype=float32))
    """
    size = batch_size(args)
    if chunk is not None and (chunk < 1 or size % chunk):
        raise ValueError(f"expected `chunk` to divide a batch of {size}, got {chunk}")
    mean_gradient = micro_grad(
        loss,
        batch_argnums=tuple(range(1, len(args) + 1)),
        microbatch_size=chunk,
        accumulator=AccumulationType.MEAN,
        transform_fn=widened,
        metrics_fn=gradient_norm,
    )
    gradient, aux = mean_gradient(params, *args)
    return gradient, aux.metrics


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Moments:
    """Mean and variance, entry by entry, of the gradients of parts of a batch.

    Attributes:
        mean: the gradient of the batch.
        variance: of the gradient of one part, with the division by `parts - 1`.
        parts: number of parts.
        size: examples in each.
    """

    mean: PyTree[Array]
    variance: PyTree[Array]
    parts: int = dataclasses.field(metadata={"static": True})
    size: int = dataclasses.field(metadata={"static": True})

    @property
    def noise(self) -> Noise:
        """Noise and signal of the gradient."""
        variance = jnp.asarray(optax.tree.sum(self.variance))
        signal = optax.tree.norm(self.mean, squared=True) - variance / self.parts
        return Noise(self.size * variance, signal)


def gradient_moments(
    loss: Loss, params: PyTree[Array], *args: PyTree[Array], parts: int = 8
) -> Moments:
    """Gradient of a batch, and how its entries vary between parts of the batch.

    Parts are pulled back one after the other (`optax.microbatch`), and their gradients are not
    kept. Together they cost a step, and then some.

    Args:
        loss: function `(params, *args)` to the mean loss of a batch.
        params: what to differentiate in.
        args: arrays, and trees of them, with examples along the first axis.
        parts: number of equal parts; at least 2. As many as there are examples is the definition
            of the papers, and takes as many passes.

    Raises:
        ValueError: for arrays of unequal first axis, fewer than two parts, or parts that do not
            divide it.

    Example:
        >>> def loss(slope, x):
        ...     return jnp.mean(slope * x)
        >>> moments = gradient_moments(loss, jnp.array(1.0), jnp.array([1.0, 3.0, 5.0]), parts=3)
        >>> moments.mean, moments.variance
        (Array(3., dtype=float32), Array(4., dtype=float32))
    """
    if parts < 2:
        raise ValueError(f"expected at least 2 `parts`, got {parts}")
    size = _part_size(args, parts)

    def update(carry: Any, value: PyTree[Array], index: ArrayLike) -> Any:
        # Welford's: squares minus the square of the mean would cancel.
        mean, squares = carry
        left = optax.tree.sub(value, mean)
        mean = jax.tree.map(lambda m, d: m + d / (index + 1), mean, left)
        squares = jax.tree.map(lambda s, d, v, m: s + d * (v - m), squares, left, value, mean)
        return mean, squares

    moments = Accumulator(
        init=lambda kinds: (optax.tree.zeros_like(kinds), optax.tree.zeros_like(kinds)),
        update=update,
        finalize=lambda carry: carry,
        aggregate=lambda values: values,  # of `micro_vmap`, which is not used
    )

    def gradient(params: PyTree[Array], *part: PyTree[Array]) -> PyTree[Array]:
        return widened(jax.grad(loss)(params, *part))

    split = microbatch(gradient, tuple(range(1, len(args) + 1)), size, moments)
    mean, squares = split(params, *args)
    variance = jax.tree.map(lambda s: s / (parts - 1), squares)
    return Moments(mean, variance, parts, size)


def gradient_signal_to_noise(moments: Moments) -> Float[Array, ""]:
    """Squared mean over variance of an entry of one example's gradient, the mean over the entries.

    The larger, the better a step is expected to generalise. Pure noise gives 0 on average, and may
    come out below. Entries that do not vary (of dead units) are left out; 0 if none varies.

    Formula: `mean(f - 1) / batch` with `f = parts * mean**2 / variance * (parts - 3) /
    (parts - 1)`; both corrections take away what noise adds, so that few parts will do.

    Args:
        moments: of at least four parts.

    Raises:
        ValueError: for fewer parts.

    Example:
        >>> moments = Moments(jnp.array([2.0, 0.0]), jnp.array([1.0, 0.0]), parts=5, size=10)
        >>> gradient_signal_to_noise(moments)
        Array(0.18, dtype=float32)

    Reference: Liu et al. 2020, arXiv:2001.07384.
    """
    parts, size = moments.parts, moments.size
    if parts < 4:
        raise ValueError(f"expected moments of at least 4 parts, got {parts}")
    # The inverse of a variance that was estimated from Gaussian numbers is too large on average.
    factor = parts * (parts - 3) / (parts - 1)

    def excess(mean: Array, variance: Array) -> Array:
        ratio = safe_divide(jnp.square(mean), variance)
        return jnp.sum(jnp.where(variance > 0, factor * ratio - 1, 0))

    total = optax.tree.sum(jax.tree.map(excess, moments.mean, moments.variance))
    varying = optax.tree.sum(jax.tree.map(lambda v: jnp.sum(v > 0), moments.variance))
    return jnp.asarray(total / jnp.maximum(varying, 1) / (parts * size))


def evidence_to_stop(moments: Moments) -> Float[Array, ""]:
    """Whether the gradient is no more than noise: above 0, stop, without validation data.

    It is 0 on average where the true gradient is 0, and negative while there is something to
    learn. Meant for plain stochastic gradient descent, and to be smoothed over the steps.

    Formula: `1 - mean(f)` with `f` as in `gradient_signal_to_noise`, so `-batch` times that one.
    The paper has as many parts as examples, and `f` without the last factor, which is then near 1.

    Args:
        moments: of at least four parts.

    Raises:
        ValueError: for fewer parts.

    Example:
        >>> evidence_to_stop(Moments(jnp.array([2.0]), jnp.array([1.0]), parts=5, size=10))
        Array(-9., dtype=float32)

    Reference: Mahsereci et al. 2017, arXiv:1703.09580.
    """
    return -moments.parts * moments.size * gradient_signal_to_noise(moments)


def _part_size(args: tuple[PyTree[Array], ...], parts: int) -> int:
    size = batch_size(args)
    if parts < 1 or size % parts:
        raise ValueError(f"expected `parts` to divide a batch of {size}, got {parts}")
    return size // parts
