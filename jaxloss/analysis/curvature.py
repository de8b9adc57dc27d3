"""Curvature of a loss in its parameters: the spectrum of the Hessian, and what it says of steps.

A loss is a function of the parameters alone, with its batch closed over. The Hessian is never
formed; all that is asked of it are products with vectors, in float32 at least. They are linearised
once and hold the activations, as a backward pass does.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.analysis.probe import widened
from jaxloss.core.numerics import safe_divide
from jaxloss.objectives.balance.pullbacks import inner_products

Loss = Callable[[PyTree[Array]], Array]
Product = Callable[[PyTree[Array]], PyTree[Array]]


def hessian_vector_product(
    loss: Loss, params: PyTree[Array], vector: PyTree[Array]
) -> PyTree[Array]:
    """The Hessian of a loss times a vector in the shape of the parameters.

    Args:
        loss: function of `params` to a scalar.
        params: where the Hessian is taken.
        vector: what it is multiplied with.

    Example:
        >>> loss = lambda x: x[0] ** 2 + 3 * x[0] * x[1]
        >>> hessian_vector_product(loss, jnp.array([1.0, 1.0]), jnp.array([1.0, 0.0]))
        Array([2., 3.], dtype=float32)

    Reference: Pearlmutter 1994, doi:10.1162/neco.1994.6.1.147.
    """
    return jax.jvp(jax.grad(loss), (widened(params),), (widened(vector),))[1]


class Spectrum(NamedTuple):
    """Ritz values of a Hessian, and how much of the start vector lies along each.

    Attributes:
        values: in ascending order; the first and the last come close to the extreme eigenvalues
            within some ten steps.
        weights: positive, with sum 1. Averaged over start vectors they are shares of the
            eigenvalues, the nodes and weights of a quadrature.
    """

    values: Float[Array, "*draws steps"]
    weights: Float[Array, "*draws steps"]


def lanczos(loss: Loss, params: PyTree[Array], key: Array, *, steps: int = 16) -> Spectrum:
    """Spectrum of the Hessian from a random start, by Lanczos with full reorthogonalisation.

    It takes a Hessian-vector product a step, and holds `steps` vectors in the shape of the
    parameters. Where the start vector and its images span less, what is left over repeats a value
    inside the spectrum, with weight 0.

    Args:
        loss: function of `params` to a scalar.
        params: where the Hessian is taken.
        key: for the start vector.
        steps: number of Ritz values.

    Raises:
        ValueError: for fewer than one step.

    Example:
        >>> loss = lambda x: (x["a"] ** 2 - 3 * x["b"] ** 2) / 2
        >>> params = {"a": jnp.array(1.0), "b": jnp.array(1.0)}
        >>> lanczos(loss, params, jax.random.key(0), steps=2).values
        Array([-3.,  1.], dtype=float32)

    Reference: Golub and Van Loan 2013, "Matrix computations", section 10.3.
    """
    wide, product = _linearised(loss, params)
    return _lanczos(product, optax.tree.random_like(key, wide), steps)


class Density(NamedTuple):
    """How the eigenvalues of a Hessian are spread.

    Attributes:
        grid: eigenvalues, evenly spaced.
        values: density there; its integral is 1.
        spectrum: Ritz values and weights that it was smoothed from, a row for each start vector.
    """

    grid: Float[Array, " points"]
    values: Float[Array, " points"]
    spectrum: Spectrum


def spectral_density(
    loss: Loss,
    params: PyTree[Array],
    key: Array,
    *,
    draws: int = 4,
    steps: int = 32,
    width: ArrayLike = 0.02,
    points: int = 512,
) -> Density:
    """Density of the eigenvalues of the Hessian, by stochastic Lanczos quadrature.

    Formula: `mean(sum(weights * normal(grid, values, width * range)))`, the mean over start vectors
    and `range` from the least to the largest Ritz value.

    Args:
        loss: function of `params` to a scalar.
        params: where the Hessian is taken.
        key: for the start vectors.
        draws: number of start vectors, one after the other.
        steps: Hessian-vector products for each.
        width: standard deviation of the smoothing kernel, as a share of the range.
        points: of the grid; `2 / width` are enough to integrate over it.

    Raises:
        ValueError: for fewer than one draw or step.

    Example:
        >>> params = jnp.zeros(50)
        >>> loss = lambda x: jnp.sum(x[:10] ** 2) / 2
        >>> found = spectral_density(loss, params, jax.random.key(0), steps=2)
        >>> jnp.round(jnp.trapezoid(found.values, found.grid), 4)
        Array(1., dtype=float32)

    Reference: Ubaru et al. 2017, doi:10.1137/16M1104974; Ghorbani et al. 2019, arXiv:1901.10159.
    """
    wide, product = _linearised(loss, params)

    def one(key: Array) -> Spectrum:
        return _lanczos(product, optax.tree.random_like(key, wide), steps)

    found = lax.map(one, jax.random.split(key, _positive(draws=draws)))
    low, high = jnp.min(found.values), jnp.max(found.values)
    # A multiple of the identity has no range, and the Hessian of a linear loss no scale at all.
    size = jnp.maximum(jnp.abs(low), jnp.abs(high))
    reach = jnp.where(high - low > 1e-6 * size, high - low, jnp.where(size > 0, size, 1))
    deviation = jnp.asarray(width).astype(reach.dtype) * reach
    grid = jnp.linspace(low - 5 * deviation, high + 5 * deviation, points)
    kernels = jax.scipy.stats.norm.pdf(grid[:, None, None], found.values, deviation)
    return Density(grid, jnp.sum(found.weights * kernels, axis=(1, 2)) / draws, found)


class Trace(NamedTuple):
    """An estimated trace with its standard error (NaN for a single draw)."""

    value: Float[Array, ""]
    error: Float[Array, ""]


def hessian_trace(loss: Loss, params: PyTree[Array], key: Array, *, draws: int = 16) -> Trace:
    """Trace of the Hessian, the sum of its eigenvalues, by Hutchinson's estimator.

    Formula: `mean(sum(v * (hessian @ v)))` over random signs `v`; exact for a diagonal Hessian.

    Args:
        loss: function of `params` to a scalar.
        params: where the Hessian is taken.
        key: for the signs.
        draws: Hessian-vector products, one after the other.

    Raises:
        ValueError: for fewer than one draw.

    Example:
        >>> loss = lambda x: jnp.sum(jnp.array([1.0, 2.0, 3.0]) * x**2)
        >>> hessian_trace(loss, jnp.zeros(3), jax.random.key(0))
        Trace(value=Array(12., dtype=float32), error=Array(0., dtype=float32))

    Reference: Hutchinson 1989, "A stochastic estimator of the trace of the influence matrix for
    Laplacian smoothing splines".
    """
    wide, product = _linearised(loss, params)

    def one(key: Array) -> Array:
        signs = optax.tree.random_like(key, wide, jax.random.rademacher)
        return jnp.asarray(optax.tree.vdot(signs, product(signs)))

    found = lax.map(one, jax.random.split(key, _positive(draws=draws)))
    spread = jnp.std(found, ddof=1) if draws > 1 else jnp.full_like(found[0], jnp.nan)
    return Trace(jnp.mean(found), spread / jnp.sqrt(jnp.asarray(draws, found.dtype)))


def sharpness(
    loss: Loss,
    params: PyTree[Array],
    *,
    radius: ArrayLike = 0.05,
    value_and_grad: tuple[ArrayLike, PyTree[Array]] | None = None,
) -> Float[Array, ""]:
    """How far the loss rises a small way up its gradient; near a minimum, a measure of curvature.

    To first order it is `radius` times the norm of the gradient. It changes when a network is
    rescaled, so compare it within a model only.

    Formula: `loss(params + radius * g / norm(g)) - loss(params)`, and 0 where the gradient `g` is.

    Args:
        loss: function of `params` to a scalar.
        params: where to measure.
        radius: length of the way.
        value_and_grad: of the loss at `params` where they are known, which leaves one forward pass.

    Example:
        >>> sharpness(lambda x: 2 * x**2, jnp.array(1.0), radius=0.5)
        Array(2.5, dtype=float32)

    Reference: Foret et al. 2021, arXiv:2010.01412.
    """
    wide = widened(params)
    known = jax.value_and_grad(loss)(wide) if value_and_grad is None else value_and_grad
    value, gradient = widened(known)
    norm = optax.tree.norm(gradient)
    factor = safe_divide(jnp.asarray(radius).astype(norm.dtype), norm)
    return loss(optax.tree.add_scale(wide, factor, gradient)) - value


def step_alpha(
    loss: Loss,
    params: PyTree[Array],
    updates: PyTree[Array],
    *,
    value_and_grad: tuple[ArrayLike, PyTree[Array]] | None = None,
) -> Float[Array, ""]:
    """Where a step ends on the parabola along it: 0 at the minimum, 1 on the other side, as high.

    Below 0 the step is too short: -1/2 for half the way to the minimum, -1 and less where the slope
    does not rise. Above 0 it is too long; infinite where it leads uphill from the start. A step of
    0 gives -1.

    Formula: `step / minimum - 1`, the minimum that of the parabola with the least squares through
    the values and slopes of the loss at both ends.

    Args:
        loss: function of `params` to a scalar; of the batch that made the step, or of a new one.
        params: before the step.
        updates: what the optimiser adds to them.
        value_and_grad: of the loss at `params` where they are known, which saves half the work.

    Example:
        >>> step_alpha(lambda x: x**2, jnp.array(1.0), jnp.array(-0.5))
        Array(-0.5, dtype=float32)

    Reference: Schneider et al. 2021, arXiv:2102.06604.
    """
    start, along = widened(params), widened(updates)
    if value_and_grad is None:
        value, slope = jax.jvp(loss, (start,), (along,))
    else:
        value, gradient = widened(value_and_grad)
        slope = optax.tree.vdot(gradient, along)
    end_value, end_slope = jax.jvp(loss, (optax.tree.add(start, along),), (along,))
    # Least squares for a + b t + c t**2 through both values and slopes at t = 0 and t = 1.
    b = (9 * slope - end_slope + 2 * (end_value - value)) / 10
    twice_c = end_slope - slope
    standing = (b == 0) & (twice_c == 0)
    beyond = jnp.where(standing, -1.0, jnp.inf)
    return jnp.where(b < 0, safe_divide(twice_c, -b) - 1, beyond)


def edge_of_stability(
    largest: ArrayLike, *, learning_rate: ArrayLike, momentum: ArrayLike = 0.0
) -> Float[Array, ""]:
    """Largest eigenvalue of the Hessian over the one that gradient descent just bears.

    Above 1, gradient descent along that eigenvector grows on a parabola; full-batch training tends
    to hover there. It does not hold for Adam, whose steps have another geometry.

    Formula: `learning_rate * largest / (2 * (1 + momentum))`.

    Args:
        largest: the eigenvalue, such as the last value of `lanczos`.
        learning_rate: of the step.
        momentum: of the heavy ball, as in `optax.sgd`.

    Example:
        >>> edge_of_stability(50.0, learning_rate=0.02)
        Array(0.5, dtype=float32)

    Reference: Cohen et al. 2021, arXiv:2103.00065.
    """
    value, rate, decay = widened((largest, learning_rate, momentum))
    return rate * value / (2 * (1 + decay))


def _linearised(loss: Loss, params: PyTree[Array]) -> tuple[PyTree[Array], Product]:
    """The parameters in float32 at least, and the function from vectors to Hessian products."""
    wide = widened(params)
    return wide, jax.linearize(jax.grad(loss), wide)[1]


def _lanczos(product: Product, start: PyTree[Array], steps: int) -> Spectrum:
    """Ritz values and weights of a symmetric operator on pytrees."""
    rows = _positive(steps=steps)
    basis = jax.tree.map(lambda leaf: jnp.zeros((rows, *leaf.shape), leaf.dtype), start)
    vector = optax.tree.scale(1 / optax.tree.norm(start), start)

    def step(
        carry: tuple[PyTree[Array], PyTree[Array]], i: Array
    ) -> tuple[tuple[PyTree[Array], PyTree[Array]], tuple[Array, Array, Array]]:
        basis, vector = carry
        basis = jax.tree.map(lambda rows, row: rows.at[i].set(row), basis, vector)
        image = product(vector)
        size, diagonal = optax.tree.norm(image), jnp.asarray(optax.tree.vdot(vector, image))
        rest = _orthogonal(_orthogonal(image, basis), basis)  # twice is enough
        left = optax.tree.norm(rest)
        # What is left may be rounding, which must not be blown up to a vector.
        left = jnp.where(left > 10 * jnp.finfo(size.dtype).eps * size, left, 0)
        inside = optax.tree.norm(vector) > 0
        vector = jax.tree.map(lambda leaf: safe_divide(leaf, left.astype(leaf.dtype)), rest)
        return (basis, vector), (diagonal, left, inside)

    _, (diagonal, beside, inside) = lax.scan(step, (basis, vector), jnp.arange(steps))
    # Rows without a vector repeat the first entry, which lies between the extremes.
    diagonal = jnp.where(inside, diagonal, diagonal[0])
    beside = beside[:-1]
    values, vectors = jnp.linalg.eigh(
        jnp.diag(diagonal) + jnp.diag(beside, 1) + jnp.diag(beside, -1)
    )
    return Spectrum(values, jnp.square(vectors[0]))


def _orthogonal(vector: PyTree[Array], basis: PyTree[Array]) -> PyTree[Array]:
    """A vector without its parts along orthonormal ones; rows of 0 do nothing."""
    single = jax.tree.map(lambda leaf: leaf[None], vector)
    parts = inner_products(basis, single)[:, 0]

    def without(leaf: Array, rows: Array) -> Array:
        along = jnp.tensordot(parts.astype(leaf.dtype), rows, 1, precision=lax.Precision.HIGHEST)
        return leaf - along

    return jax.tree.map(without, vector, basis)


def _positive(**counts: int) -> int:
    (name, count), *_ = counts.items()
    if count < 1:
        raise ValueError(f"expected `{name}` of at least 1, got {count}")
    return count
