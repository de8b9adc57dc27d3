"""The loss around a point of parameter space: along a line, over a plane, and under a path.

Everything is pure and jittable, for any pytree of parameters; `jaxloss.analysis.plots` draws it.
A landscape shows one model on one batch of data: compare flatness only between slices of which the
directions are normalised by filters, as `directions` gives them.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, PyTree

from jaxloss.core.numerics import safe_divide

Loss = Callable[[Any], Array]


class Projection(NamedTuple):
    """A path through parameter space, seen in the plane that shows most of it.

    Attributes:
        first, second: orthonormal directions, pytrees like the parameters.
        coordinates: of each point of the path, relative to the centre.
        explained: shares of the path's variance along both directions.
    """

    first: PyTree[Array]
    second: PyTree[Array]
    coordinates: Float[Array, "points 2"]
    explained: Float[Array, "2"]


def directions(
    key: Array, params: PyTree[Array], *, vectors: Literal["still", "whole"] = "still"
) -> tuple[PyTree[Array], PyTree[Array]]:
    """Two random directions with the norms of the parameters, filter by filter.

    Each filter (all that leads to one entry of the last axis) of a Gaussian direction is scaled to
    the norm of the same filter in `params`, so that a step has the same meaning in networks of any
    scale. A filter of zeros does not move, nor do leaves that are not of floating point.

    Args:
        key: random key.
        params: the centre.
        vectors: what becomes of leaves with fewer than two axes, such as biases and scales: they
            stay as they are, or are normalised as a whole.

    Example:
        >>> params = {"kernel": jnp.eye(3), "bias": jnp.ones(3)}
        >>> first, second = directions(jax.random.key(0), params)
        >>> jnp.linalg.norm(first["kernel"], axis=0)
        Array([1., 1., 1.], dtype=float32)
        >>> first["bias"]
        Array([0., 0., 0.], dtype=float32)

    Reference: Li et al. 2018, arXiv:1712.09913.
    """
    leaves, tree = jax.tree.flatten(params)

    def direction(key: Array) -> PyTree[Array]:
        keys = jax.random.split(key, len(leaves))
        return tree.unflatten(
            [
                _normalized(k, jnp.asarray(leaf), vectors)
                for k, leaf in zip(keys, leaves, strict=True)
            ]
        )

    first, second = jax.random.split(key)
    return direction(first), direction(second)


def line(
    loss: Loss,
    params: PyTree[Array],
    direction: PyTree[Array],
    distances: Float[Array, " points"],
    *,
    batch_size: int | None = None,
) -> Float[Array, " points"]:
    """The loss at `params + distance * direction`.

    With `optax.tree.sub(end, params)` for a direction it runs from one set of parameters (0) to
    another (1).

    Args:
        loss: of the parameters alone; data are closed over.
        params: where distance 0 is.
        direction: a pytree like `params`.
        distances: how far to go.
        batch_size: how many points are evaluated at once; one after the other if None.

    Returns:
        What `loss` gives, stacked over the points.

    Example:
        >>> line(lambda w: jnp.sum(w**2), jnp.zeros(2), jnp.ones(2), jnp.array([0.0, 1.0, 2.0]))
        Array([0., 2., 8.], dtype=float32)

    Reference: Goodfellow et al. 2015, arXiv:1412.6544.
    """
    return jax.lax.map(
        lambda distance: loss(_moved(params, (distance, direction))),
        jnp.asarray(distances),
        batch_size=batch_size,
    )


def plane(
    loss: Loss,
    params: PyTree[Array],
    first: PyTree[Array],
    second: PyTree[Array],
    xs: Float[Array, " columns"],
    ys: Float[Array, " rows"],
    *,
    batch_size: int | None = None,
) -> Float[Array, "rows columns"]:
    """The loss at `params + x * first + y * second`: a row for each y, a column for each x.

    Args:
        loss: of the parameters alone; data are closed over.
        params: where both distances are 0.
        first: direction of x, a pytree like `params`.
        second: direction of y.
        xs: how far to go along the first.
        ys: how far to go along the second.
        batch_size: how many points are evaluated at once; one after the other if None.

    Returns:
        What `loss` gives, stacked over the rows and columns.

    Example:
        >>> axes = jnp.eye(2)
        >>> grid = jnp.array([0.0, 1.0])
        >>> plane(lambda w: w[0] + 10 * w[1], jnp.zeros(2), axes[0], axes[1], grid, grid)
        Array([[ 0.,  1.],
               [10., 11.]], dtype=float32)

    Reference: Li et al. 2018, arXiv:1712.09913.
    """
    xs, ys = jnp.asarray(xs), jnp.asarray(ys)
    points = jnp.stack(jnp.meshgrid(xs, ys), -1).reshape(-1, 2)
    values = jax.lax.map(
        lambda point: loss(_moved(params, (point[0], first), (point[1], second))),
        points,
        batch_size=batch_size,
    )
    return jax.tree.map(lambda v: v.reshape(ys.size, xs.size, *v.shape[1:]), values)


def projection(path: PyTree[Array], params: PyTree[Array]) -> Projection:
    """The plane through `params` in which a path of training is seen best.

    The directions are the first two principal components of the path's points; each points to the
    side on which the path begins. Only the products of the points with one another are formed, no
    matrix as large as all the parameters squared.

    Args:
        path: parameters at several times, stacked along a new first axis.
        params: the centre, most often the last point of the path.

    Raises:
        ValueError: if the path has less than two points.

    Example:
        >>> path = jnp.array([[8.0, 6.0], [4.0, 3.0], [0.0, 0.0]])
        >>> seen = projection(path, path[-1])
        >>> seen.first, seen.explained
        (Array([0.8, 0.6], dtype=float32), Array([1., 0.], dtype=float32))
        >>> seen.coordinates[:2, 0]
        Array([10.,  5.], dtype=float32)

    Reference: Li et al. 2018, section 7, arXiv:1712.09913.
    """
    count = len(jax.tree.leaves(path)[0])
    if count < 2:
        raise ValueError(f"expected a `path` of at least two points, got {count}")
    offsets = jax.tree.map(lambda points, c: _wide(points) - _wide(c), path, params)
    spread = jax.tree.map(lambda points: points - points.mean(0), offsets)
    variances, modes = jnp.linalg.eigh(_products(spread, spread))
    variances, modes = variances[::-1], modes[:, ::-1][:, :2]
    # What lies below the rounding of the largest is no variance, and has no direction.
    rounding = variances.size * jnp.finfo(variances.dtype).eps * variances[0]
    variances = jnp.where(variances > rounding, variances, 0)
    lengths = jnp.sqrt(variances[:2])
    coordinates = safe_divide(_products(offsets, spread) @ modes, lengths)
    sides = jnp.where(coordinates[0] < 0, -1, 1)
    weights = safe_divide(modes * sides, lengths)
    first, second = (
        jax.tree.map(lambda points, w=w: jnp.tensordot(w, points, 1), spread) for w in weights.T
    )
    return Projection(
        first, second, coordinates * sides, safe_divide(variances[:2], variances.sum())
    )


def _normalized(key: Array, leaf: Array, vectors: str) -> Array:
    if not jnp.issubdtype(leaf.dtype, jnp.floating) or (leaf.ndim < 2 and vectors == "still"):
        return jnp.zeros_like(leaf)
    wide = _wide(leaf)
    drawn = jax.random.normal(key, leaf.shape, wide.dtype)
    axes = tuple(range(leaf.ndim - 1)) if leaf.ndim > 1 else None
    lengths = jnp.sqrt(jnp.sum(jnp.square(wide), axes, keepdims=True))
    drawn_lengths = jnp.sqrt(jnp.sum(jnp.square(drawn), axes, keepdims=True))
    return (drawn * safe_divide(lengths, drawn_lengths)).astype(leaf.dtype)


def _moved(params: PyTree[Array], *steps: tuple[Array, PyTree[Array]]) -> PyTree[Array]:
    """Parameters after steps along directions; what is not of floating point stays."""
    distances, trees = zip(*steps, strict=True)

    def leaf(start: Array, *ways: Array) -> Array:
        start = jnp.asarray(start)
        if not jnp.issubdtype(start.dtype, jnp.floating):
            return start
        moves = (d * _wide(w) for d, w in zip(distances, ways, strict=True))
        return sum(moves, start=_wide(start)).astype(start.dtype)

    return jax.tree.map(leaf, params, *trees)


def _products(first: PyTree[Array], second: PyTree[Array]) -> Float[Array, "points points"]:
    """Inner products of all points of one path with all points of another."""
    each = jax.tree.map(
        lambda a, b: jnp.einsum("i...,j...->ij", a, b, precision="highest"), first, second
    )
    return jax.tree.reduce(jnp.add, each)


def _wide(leaf: Any) -> Array:
    """As an array of at least 32 bits."""
    array = jnp.asarray(leaf)
    return array.astype(jnp.promote_types(array.dtype, jnp.float32))
