"""Distances between two samples: how far apart the distributions are that they come from.

One sample is one list of points (numbers, or vectors for `vector_energy_distance`,
`sliced_wasserstein` and `mmd`), and each pair of samples gives one value: pass a whole batch as one
sample. The two samples may differ in size. Points may be weighted; only the shares of a sample's
total weight count. A sample without points, or of total weight 0, is at distance 0 from everything.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, hyperparameters, of_rows, promote, samples
from jaxloss.core.clouds import apart, distances, shares
from jaxloss.core.numerics import product, with_partials
from jaxloss.core.order import (
    Levels,
    ascending,
    at,
    before,
    from_on,
    leading,
    levels,
    moving,
    smaller,
)
from jaxloss.core.pairs import inner_products, off_diagonal


def energy_distance(
    x: Float[ArrayLike, "*batch n"],
    y: Float[ArrayLike, "*batch m"],
    *,
    x_weights: Float[ArrayLike, "*batch n"] | None = None,
    y_weights: Float[ArrayLike, "*batch m"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward one sample of numbers for being distributed as another, by all distances.

    Formula: `2 * mean(abs(x - y)) - mean(abs(x - x')) - mean(abs(y - y'))` over all pairs, which is
    twice the integral of the squared difference of the distribution functions. Where points tie,
    their distance has slope 0. In time `k * log(k)` and memory `k` for `k = n + m`.

    Args:
        x: points of one sample.
        y: points of the other.
        x_weights: non-negative weights of the points; 1 by default.
        y_weights: the same for the other sample.

    Returns:
        One value for each pair of samples.

    Example:
        >>> energy_distance([0.0, 1.0], [0.0, 3.0])
        Array(1., dtype=float32)

    Reference: Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
    """
    x, y, p, q, some = _weighted_samples(x, y, x_weights, y_weights)
    if x.size == 0 or y.size == 0:
        return jnp.zeros(x.shape[:-1], x.dtype)
    points = jnp.concatenate([x, y], axis=-1)
    ordered = ascending(points)
    slots = smaller(ordered, points)
    value = with_partials(_energy, _energy_by_points, _energy_by_x_share, _energy_by_y_share, None)
    return _if_any(some, value(points, p, q, (ordered, slots)))


def vector_energy_distance(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch m dim"],
    *,
    x_weights: Float[ArrayLike, "*batch n"] | None = None,
    y_weights: Float[ArrayLike, "*batch m"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward one sample of vectors for being distributed as another, by all distances.

    Formula: `2 * mean(norm(x - y)) - mean(norm(x - x')) - mean(norm(y - y'))` over all pairs: 0 for
    equal distributions alone, and `energy_distance` of vectors of length one. Vectors that coincide
    have slope 0 in their distance. Memory grows with the product of the sizes, not with `dim`.

    Args:
        x: vectors of one sample.
        y: vectors of the other.
        x_weights: non-negative weights of the points; 1 by default.
        y_weights: the same for the other sample.

    Returns:
        One value for each pair of samples.

    Example:
        >>> vector_energy_distance([[0.0, 0.0], [6.0, 8.0]], [[0.0, 0.0]])
        Array(5., dtype=float32)

    Reference: Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018.
    """
    samples(x=x, y=y)
    x, y, *weights = _promoted(x, y, x_weights, y_weights)
    p, q, some = _shared(*(jnp.zeros_like(z, shape=z.shape[:-1]) for z in (x, y)), *weights)

    def mean(x: Array, p: Array, y: Array, q: Array) -> Array:
        return jnp.einsum("...i,...ij,...j->...", p, distances(x, y), q, precision="highest")

    return _if_any(some, 2 * mean(x, p, y, q) - mean(x, p, x, p) - mean(y, q, y, q))


_Order = tuple[Array, Array]


def _lead(p: Array, q: Array, slots: Array) -> Array:
    """By how much the first distribution function is ahead of the second in each slot."""
    size, n = slots.shape[-1], p.shape[-1]
    ahead = levels(p, slots[..., :n], size, size)
    return ahead.minus(levels(q, slots[..., n:], size, size))


def _gaps(ordered: Array) -> Array:
    """From each slot to the next; 0 behind the last."""
    return jnp.concatenate([jnp.diff(ordered), jnp.zeros_like(ordered[..., :1])], axis=-1)


def _energy(points: Array, p: Array, q: Array, order: _Order) -> Array:
    ordered, slots = order
    lead = _lead(p, q, slots)
    return 2 * jnp.sum(_gaps(ordered) * jnp.square(lead), axis=-1)


def _energy_by_points(points: Array, p: Array, q: Array, order: _Order) -> Array:
    _, slots = order
    lead = _lead(p, q, slots)
    return -2 * jnp.concatenate([p, -q], axis=-1) * (at(lead, slots) + before(lead, slots))


def _energy_by_share(points: Array, p: Array, q: Array, order: _Order) -> Array:
    ordered, slots = order
    lead = _lead(p, q, slots)
    ordered = moving(ordered, points, slots, jnp.ones_like(points))
    return 4 * at(from_on(_gaps(ordered) * lead), slots)


def _energy_by_x_share(points: Array, p: Array, q: Array, order: _Order) -> Array:
    return _energy_by_share(points, p, q, order)[..., : p.shape[-1]]


def _energy_by_y_share(points: Array, p: Array, q: Array, order: _Order) -> Array:
    return -_energy_by_share(points, p, q, order)[..., p.shape[-1] :]


def wasserstein(
    x: Float[ArrayLike, "*batch n"],
    y: Float[ArrayLike, "*batch m"],
    *,
    p: ArrayLike = 1.0,
    x_weights: Float[ArrayLike, "*batch n"] | None = None,
    y_weights: Float[ArrayLike, "*batch m"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward one sample of numbers for lying where another lies: the cost of moving it there.

    Formula: `integral(abs(quantile(x, u) - quantile(y, u))**p)` for `u` from 0 to 1; without
    weights and with samples of one size, `mean(abs(sort(x) - sort(y))**p)`. It is the `p`-th power
    of the distance: no root is taken. Points that tie share what moves them by their weights. In
    time `k * log(k)` and memory `k` for `k = n + m`.

    Args:
        x: points of one sample.
        y: points of the other.
        p: exponent of the distance that a point is moved over, at least 1.
        x_weights: non-negative weights of the points; 1 by default.
        y_weights: the same for the other sample.

    Returns:
        One value for each pair of samples.

    Example:
        >>> wasserstein([0.0, 1.0], [0.0, 3.0], p=2.0)
        Array(2., dtype=float32)

    Reference: Vallender 1974, doi:10.1137/1118101; Peyré and Cuturi 2019, arXiv:1803.00567.
    """
    x, y, x_share, y_share, some = _weighted_samples(x, y, x_weights, y_weights)
    (power,) = hyperparameters(some, p=p)
    if x.size == 0 or y.size == 0:
        return jnp.zeros(x.shape[:-1], x.dtype)
    longest = max(x.shape[-1], y.shape[-1])
    one, other = _steps(x, x_share, longest), _steps(y, y_share, longest)
    # Each piece on which both quantile functions are constant ends with a step of one of them.
    # Where both step at once, that of the first counts as the earlier one.
    cost = _moved(one, other, along(power), True) + _moved(other, one, along(power), False)
    return _if_any(some, cost)


_Steps = tuple[Array, Levels]


def _steps(x: Array, share: Array, longest: int) -> _Steps:
    """A quantile function: points in order, and the levels where their steps end."""
    ordered = ascending(x)
    slots = smaller(ordered, x)
    return moving(ordered, x, slots, share), levels(share, slots, x.shape[-1], longest)


def _moved(one: _Steps, other: _Steps, power: Array, first: bool) -> Array:
    """Cost of the pieces that end with a step of one quantile function."""
    (points, ends), (others, other_ends) = one, other
    fixed, other_fixed = lax.stop_gradient((ends, other_ends))

    def earlier(step: Array) -> Array:
        lag = other_fixed.at(step).minus(fixed)
        return lag < 0 if first else lag <= 0

    partner = leading(earlier, others.shape[-1], points)
    lead = fixed.before().minus(other_fixed.before(partner))
    starts_with_own = lead > 0 if first else lead >= 0
    own, others_ = ends.minus(ends.before()), ends.minus(other_ends.before(partner))
    width = jnp.where(starts_with_own, own, others_)
    return jnp.sum(width * _powered(points - at(others, partner), power), axis=-1)


def _power(x: Array, exponent: Array) -> Array:
    """`abs(x)**exponent`, with `0**0 = 1`, and 0 for negative powers of 0."""
    nonzero = x != 0
    at_zero = jnp.where(exponent == 0, jnp.ones_like(x), jnp.zeros_like(x))
    return jnp.where(nonzero, jnp.power(jnp.where(nonzero, jnp.abs(x), 1), exponent), at_zero)


def _log_size(x: Array) -> Array:
    return jnp.log(jnp.where(x != 0, jnp.abs(x), 1))


# As a pair, so that at 0 the slope is 0 and the curvature of a square is 2.
_signed = with_partials(
    lambda x, exponent: jnp.sign(x) * _power(x, exponent),
    lambda x, exponent: product(exponent, _power(x, exponent - 1)),
    lambda x, exponent: jnp.sign(x) * _power(x, exponent) * _log_size(x),
)
_powered = with_partials(
    _power,
    lambda x, exponent: exponent * _signed(x, exponent - 1),
    lambda x, exponent: _power(x, exponent) * _log_size(x),
)


def sliced_wasserstein(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch m dim"],
    directions: Float[ArrayLike, "k dim"],
    *,
    p: ArrayLike = 2.0,
    x_weights: Float[ArrayLike, "*batch n"] | None = None,
    y_weights: Float[ArrayLike, "*batch m"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward one cloud of vectors for lying where another lies, as seen from many directions.

    Formula: `mean(wasserstein(x @ d, y @ d, p=p))` over the directions `d`: the `p`-th power of
    the distance. In time `k * (n + m) * log(n + m)`.

    Args:
        x: vectors of one cloud.
        y: vectors of the other.
        directions: as a rule drawn anew for each step, `jaxloss.numerics.normalize` of normal
            ones; the mean is over as many as there are.
        p: exponent of the distance that a point is moved over, at least 1.
        x_weights: non-negative weights of the points; 1 by default.
        y_weights: the same for the other cloud.

    Returns:
        One value for each pair of clouds.

    Example:
        >>> sliced_wasserstein([[0.0, 0.0]], [[3.0, 4.0]], jnp.eye(2))
        Array(12.5, dtype=float32)

    Reference: Rabin et al. 2012, doi:10.1007/978-3-642-24785-9_37; Bonneel et al. 2015,
        doi:10.1007/s10851-014-0506-3.
    """
    x, y = samples(x=x, y=y)
    x, y, directions = promote(x=x, y=y, directions=directions)
    if directions.ndim != 2 or directions.shape[-1] != x.shape[-1]:
        raise ValueError(
            f"expected `directions` of shape (k, {x.shape[-1]}), got {directions.shape}"
        )
    (power,) = hyperparameters(of_rows(of_rows(x)), p=p)
    # Projections on the axis before the points.
    x, y = (jnp.moveaxis(inner_products(points, directions), -1, -2) for points in (x, y))
    weights = (
        None if given is None else jnp.asarray(given)[..., None, :]
        for given in (x_weights, y_weights)
    )
    x_weights, y_weights = (
        None if given is None else jnp.broadcast_to(given, points.shape)
        for given, points in zip(weights, (x, y), strict=True)
    )
    power = power[..., None] if power.ndim else power
    each = wasserstein(x, y, p=power, x_weights=x_weights, y_weights=y_weights)
    return jnp.sum(each, axis=-1) / max(directions.shape[0], 1)


def mmd(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch m dim"],
    *,
    bandwidth: ArrayLike = 1.0,
    estimator: Literal["biased", "unbiased"] = "biased",
) -> Float[Array, "*batch"]:
    """Reward one sample of vectors for being distributed as another, by a Gaussian kernel.

    Formula: `mean(k(x, x')) + mean(k(y, y')) - 2 * mean(k(x, y))` over all pairs, with
    `k(a, b) = exp(-sum((a - b)**2) / (2 * bandwidth**2))`: the squared maximum mean discrepancy.
    Memory grows with the square of the sample. Gradients are exact to about 1e-7 of the spread of
    the points over `bandwidth**2`.

    Args:
        x: vectors of one sample.
        y: vectors of the other.
        bandwidth: distance over which vectors count as close, positive.
        estimator: `"biased"` is never negative; `"unbiased"` leaves the pairs of a vector with
            itself out of the first two means (which are 0 for a single vector), so that its
            expectation is 0 for equal distributions.

    Returns:
        One value for each pair of samples.

    Example:
        >>> mmd([[0.0], [1.0]], [[0.0], [3.0]])
        Array(0.4323, dtype=float32)

    Reference: Gretton et al. 2012, "A Kernel Two-Sample Test", JMLR 13.
    """
    x, y = samples(x=x, y=y)
    (n, _), (m, _) = x.shape[-2:], y.shape[-2:]
    none = jnp.zeros(x.shape[:-2], x.dtype)
    (bandwidth,) = hyperparameters(none, bandwidth=bandwidth)
    if n == 0 or m == 0:
        return none

    squared_width = 2 * jnp.square(along(bandwidth, 2))
    across = -apart(x, y) / squared_width
    # Wide kernels are all but 1, and narrow ones all but 0. Of wide ones the distance to 1 is
    # summed, in which the ones cancel, so that both keep their digits.
    is_wide = lax.stop_gradient(jnp.mean(across, axis=(-2, -1), keepdims=True)) > -0.5

    def total(exponents: Array, counted: Array | None = None) -> Array:
        kernel = jnp.where(is_wide, jnp.expm1(exponents), jnp.exp(exponents))
        return jnp.sum(kernel, axis=(-2, -1), where=counted)

    own = estimator == "biased"
    value, narrow, wide = -2 * total(across) / (n * m), 0.0, -2.0
    for points in (x, y):
        size = points.shape[-2]
        pairs = size * size if own else max(size * (size - 1), 1)
        # The kernel of a vector with itself is a constant.
        others = total(-apart(points, points) / squared_width, off_diagonal(size))
        value = value + others / pairs
        narrow += own * size / pairs
        wide += own or size > 1
    return value + jnp.where(is_wide[..., 0, 0], wide, narrow)


_Maybe = ArrayLike | None


def _weighted_samples(
    x: ArrayLike, y: ArrayLike, x_weights: _Maybe, y_weights: _Maybe
) -> tuple[Array, Array, Array, Array, Array]:
    """Two lists, the shares of their items, and 1 if both weigh anything, 0 if one does not."""
    x, y, *weights = _promoted(x, y, x_weights, y_weights)
    if x.ndim < 1 or y.ndim < 1 or x.shape[:-1] != y.shape[:-1]:
        raise ValueError(
            "expected `x` and `y` of shapes (*batch, n) and (*batch, m), "
            f"got `x` {x.shape} and `y` {y.shape}"
        )
    return x, y, *_shared(x, y, *weights)


def _promoted(
    x: ArrayLike, y: ArrayLike, x_weights: _Maybe, y_weights: _Maybe
) -> tuple[Array, Array, Array | None, Array | None]:
    """All in one dtype."""
    weights = {"x_weights": x_weights, "y_weights": y_weights}
    given = {name: array for name, array in weights.items() if array is not None}
    x, y, *rest = promote(x=x, y=y, **given)
    ready = dict(zip(given, rest, strict=True))
    return x, y, ready.get("x_weights"), ready.get("y_weights")


def _shared(
    x: Array, y: Array, x_weights: Array | None, y_weights: Array | None
) -> tuple[Array, Array, Array]:
    """Shares of points that have one number each, and 1 if both weigh anything, 0 if not."""
    p, x_total = shares("x_weights", x_weights, x)
    q, y_total = shares("y_weights", y_weights, y)
    # Of weights that are not finite, NaN.
    some = jnp.sign(x_total) * jnp.sign(y_total) + 0 * (x_total + y_total)
    return p, q, lax.stop_gradient(some)


def _if_any(some: Array, value: Array) -> Array:
    return jnp.where(some > 0, value, 0 * some)
