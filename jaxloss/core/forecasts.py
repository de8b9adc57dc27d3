"""What scores of forecasts share: checks of their shapes, an engine, densities, gamma functions.

The engine is that of continuous ranked probability scores, the integrals of
`(F(x) - (target <= x))**2`. With `r = target - location` and `w = r / scale`, every score of a
family is `r * centre(w) + scale * spread(w)`, where `centre = 2 * F - 1` and `spread` moves by
`-2 * w * density(w)`. So `centre` is the derivative in `target` and `spread` that in `scale`, and
neither is lost to rounding however small or large the scale is.

The distribution functions of gamma, beta and Student's t come from one quadrature, because their
derivatives in the shape (of any order) are then ordinary ones: the incomplete gamma and beta
functions that JAX has are not differentiable in it, or only once.
"""

import functools
from collections.abc import Callable, Mapping
from math import pi, sqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.scipy.special import digamma, erf
from jax.typing import ArrayLike
from numpy.typing import NDArray

from jaxloss.core.checks import promote
from jaxloss.core.numerics import safe_sqrt, with_partials
from jaxloss.core.stirling import stirling


@functools.cache
def _legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of Gauss and Legendre; made when they are first needed."""
    return np.polynomial.legendre.leggauss(64)


@functools.cache
def _running() -> NDArray[np.float64]:
    """What values at the nodes count in integrals from -1 to each of them, a column a node."""
    nodes, weights = _legendre()
    # The polynomials of Legendre have the integrals (P[k + 1] - P[k - 1]) / (2 * k + 1).
    values = np.polynomial.legendre.legvander(nodes, len(nodes))
    sums = np.concatenate([nodes[:, None] + 1, values[:, 2:] - values[:, :-2]], axis=1)
    return (values[:, :-1] * weights[:, None]) @ sums.T / 2


NEGLIGIBLE = 20.0
"""A density below `exp(-NEGLIGIBLE)` of its peak is left out."""


def aligned(axes: Mapping[str, str], **arrays: ArrayLike) -> list[Array]:
    """Promote arrays that share their leading axes, and demand trailing axes of matching sizes.

    Args:
        axes: trailing axes of each array by name: `{"pred": "members dim", "target": "dim"}`.
        arrays: array-likes by name; the names appear in the error.

    Returns:
        The arrays in the order given, of one dtype.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> [array.shape for array in aligned({"p": "k", "t": ""}, p=np.ones((2, 3)), t=np.ones(2))]
        [(2, 3), (2,)]
    """
    ready = promote(**arrays)
    words = [axes[name].split() for name in arrays]
    batch: set[tuple[int, ...]] = set()
    sizes: dict[str, set[int]] = {}
    fits = True
    for array, names in zip(ready, words, strict=True):
        fits = fits and array.ndim >= len(names)
        leading = array.ndim - len(names)
        batch.add(array.shape[: max(leading, 0)])
        for name, size in zip(names, array.shape[max(leading, 0) :], strict=False):
            sizes.setdefault(name, set()).add(size)
    if not fits or len(batch) > 1 or any(len(found) > 1 for found in sizes.values()):
        wanted = " and ".join(
            f"`{name}` of shape ({', '.join(['*batch', *names])})"
            for name, names in zip(arrays, words, strict=True)
        )
        got = ", ".join(
            f"`{name}` {array.shape}" for name, array in zip(arrays, ready, strict=True)
        )
        raise ValueError(f"expected {wanted}, got {got}")
    return ready


FAR = 1e37
"""As good as infinite, and finite in float32."""
Kernel = Callable[..., Array]


def scored(density: Kernel, centre: Kernel, spread: Kernel, shapes: int = 0) -> Kernel:
    """Score of a family, with closed-form derivatives of first and second order.

    Args:
        density: of the standard member of the family, of `w` and the shapes.
        centre: twice the distribution function, less 1.
        spread: the score of the standard member, less `w * centre(w)`.
        shapes: parameters besides location and scale.

    Returns:
        A function of `target - location`, the scale, and the shapes.
    """

    def value(r: Array, s: Array, *shape: Array) -> Array:
        w = standard(r, s)
        return r * centre(w, *shape) + s * spread(w, *shape)

    def by_shape(kernel: Kernel, place: int) -> Kernel:
        def slope(r: Array, s: Array, *shape: Array) -> Array:
            # Far away nothing depends on the shape: there the ratio would overflow in derivatives.
            near = jnp.abs(r) < 1e6 * s
            r, s = jnp.where(near, r, 0), jnp.where(near, s, 1)

            def moved(x: Array) -> Array:
                return kernel(r, s, *shape[:place], x, *shape[place + 1 :])

            slope = jax.jvp(moved, (shape[place],), (jnp.ones_like(shape[place]),))[1]
            return jnp.where(near, slope, 0)

        return slope

    def with_shapes(kernel: Kernel, *partials: Kernel) -> Kernel:
        return with_partials(kernel, *partials, *(by_shape(kernel, i) for i in range(shapes)))

    def curved(power: int, sign: int) -> Kernel:
        def slope(r: Array, s: Array, *shape: Array) -> Array:
            w = standard(r, s)
            bent = functools.reduce(jnp.multiply, [w] * power, density(w, *shape))
            return sign * 2 * bent / jnp.where(s > 0, s, 1)

        return slope

    by_target = with_shapes(
        lambda r, s, *shape: centre(standard(r, s), *shape), curved(0, 1), curved(1, -1)
    )
    by_scale = with_shapes(
        lambda r, s, *shape: spread(standard(r, s), *shape), curved(1, -1), curved(2, 1)
    )
    return with_shapes(value, by_target, by_scale)


def _ratio(r: Array, s: Array) -> Array:
    positive = s > 0
    w = r / jnp.where(positive, s, 1)
    return jnp.clip(jnp.where(positive, w, jnp.sign(r) * FAR), -FAR, FAR)


def _inverse(s: Array) -> Array:
    return jnp.where(s > 0, 1 / jnp.where(s > 0, s, 1), 0)


# Of a quotient JAX squares the divisor, which is 0 or infinite long before the divisor is.
standard = with_partials(_ratio, lambda r, s: _inverse(s), lambda r, s: -_ratio(r, s) * _inverse(s))
"""`r / s`, finite also for a scale `s` of 0."""


def bell(w: Array) -> Array:
    """Density of the standard normal distribution."""
    return jnp.exp(-jnp.square(w) / 2) / sqrt(2 * pi)


def tilt(w: Array) -> Array:
    """Twice the standard normal distribution function, less 1."""
    return erf(w / sqrt(2))


def integral(log_density: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Integral of `exp(log_density)` from `low` to `high`, entry by entry (Gauss-Legendre).

    Args:
        log_density: smooth function of points that have one axis more, the last.
        low: lower end.
        high: upper end; no nearer than the lower one.
    """
    places = spread_nodes(low, high - low)
    return whole_integral(jnp.exp(log_density(places)), high - low)


def running_integral(values: Array, width: Array) -> Array:
    """Integrals up to each of the nodes of a function that is given there, on an interval.

    Args:
        values: of the function at the nodes, on the last axis.
        width: of the interval.
    """
    table = jnp.asarray(_running(), values.dtype)
    return jnp.matmul(values, table, precision="highest") * width[..., None] / 2


def whole_integral(values: Array, width: Array) -> Array:
    """Integral of a function that is given at the nodes of an interval."""
    # A product, not a sum: XLA of JAX 0.10 on the CPU fuses long densities into sums wrongly.
    weights = jnp.asarray(_legendre()[1], values.dtype)
    return jnp.matmul(values, weights, precision="highest") * width / 2


def spread_nodes(low: Array, width: Array) -> Array:
    """The nodes of an interval, on a new last axis."""
    nodes = jnp.asarray(_legendre()[0], low.dtype).reshape(*(1,) * low.ndim, -1)
    return low[..., None] + width[..., None] * (1 + nodes) / 2


def reach(curvature: Array, tail: Array) -> Array:
    """How far from its peak a log-concave density is worth looking at.

    Args:
        curvature: of its logarithm at the peak.
        tail: slope of its logarithm far away.
    """
    return jnp.sqrt(2 * NEGLIGIBLE / curvature) + NEGLIGIBLE / tail


def stirling_error(x: Array) -> Array:
    """`gammaln(x) - ((x - 1/2) * log(x) - x + log(2 * pi) / 2)`, which goes as `1 / (12 * x)`.

    Differences of log-gammas of large arguments are lost to rounding; differences of this are not.
    """
    return stirling(jnp.log(x))


def stirling_slope(x: Array) -> Array:
    """Derivative of `stirling_error`: `digamma(x) - log(x) + 1 / (2 * x)`."""
    large = x > 8
    square = jnp.square(1 / jnp.where(large, x, 8))
    series = -square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    inside = jnp.where(large, 8, x)
    return jnp.where(large, series, digamma(inside) - jnp.log(inside) + 0.5 / inside)


def log_half_step(x: Array) -> Array:
    """`gammaln(x + 1/2) - gammaln(x)` for positive `x`, also for large ones."""
    rest = stirling_error(x + 0.5) - stirling_error(x)
    return x * jnp.log1p(0.5 / x) + (jnp.log(x) - 1) / 2 + rest


def hypotenuse(x: Array, y: Array) -> Array:
    """`sqrt(x**2 + y**2)` of non-negative arrays without under- or overflow; gradient 0 at 0."""
    unit = lax.stop_gradient(jnp.maximum(x, y))
    safe = jnp.where(unit > 0, unit, 1)
    return safe * safe_sqrt(jnp.square(x / safe) + jnp.square(y / safe))


def dirichlet_kl(p: Array, q: Array) -> Array:
    """Kullback-Leibler divergence of Dirichlet distributions, by their concentrations.

    Of log-gammas only what Stirling's formula leaves out is there: nothing cancels between large
    concentrations.

    Args:
        p: concentrations on the last axis, positive.
        q: concentrations that it is measured against.
    """
    sum_p, sum_q = (jnp.sum(x, axis=-1, keepdims=True) for x in (p, q))

    def parts(x: Array, y: Array) -> Array:
        ratio = jnp.log(y) - jnp.log(x)
        rest = stirling_error(y) - stirling_error(x) - stirling_slope(x) * (y - x)
        return y * ratio - (ratio - (y - x) / x) / 2 + rest

    return jnp.sum(parts(p, q), axis=-1) - parts(sum_p, sum_q)[..., 0]


def negative_entropy(log_p: Array) -> Array:
    """`sum(exp(log_p) * log_p)` over the last axis, where a probability of 0 counts nothing."""
    possible = log_p > -jnp.inf
    log_p = jnp.where(possible, log_p, 0)
    return jnp.sum(jnp.where(possible, jnp.exp(log_p) * log_p, 0), axis=-1)
