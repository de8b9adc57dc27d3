"""Where attacked inputs may lie, and how to move in there: a ball around each part, and a box.

Points are pytrees with a leading axis of examples, in float32 at least. A *part* is what one leaf
of the radius `eps` covers, a prefix tree of the inputs: it has a ball of its own.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree
from optax import projections

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import normalize

Norm = Literal["linf", "l2", "l1"]
Init = Literal["uniform", "normal", "zero"]
Objective = Callable[[Any], Array]
"""From inputs to one value for each example."""

NEAR = 1 / 32
"""Size of the noise of `init="normal"` as a share of the radius."""


class Region(NamedTuple):
    """The points that an attack may choose from.

    Attributes:
        x: the inputs, which carry no gradient.
        dtypes: of the inputs as they came.
        eps: radius of each part for each example.
        norm: of each part.
        lower: bound of the coordinates, a prefix tree of `x`.
        upper: bound of the coordinates, a prefix tree of `x`.
    """

    x: PyTree[Array]
    dtypes: PyTree[Any]
    eps: PyTree[Array]
    norm: PyTree[Norm]
    lower: PyTree[Array]
    upper: PyTree[Array]

    def inside(self, z: PyTree[Array]) -> PyTree[Array]:
        """The point of each ball that is nearest, clipped to the box."""

        def ball(norm: Norm, eps: Array, change: PyTree[Array]) -> PyTree[Array]:
            return jax.vmap(functools.partial(_project, norm))(change, eps)

        change = jax.tree.map(ball, self.norm, self.eps, jax.tree.map(jnp.subtract, z, self.x))
        moved = jax.tree.map(jnp.add, self.x, change)
        # Nearer to the input in every coordinate, so that no norm grows.
        return jax.tree.map(jnp.clip, moved, self.lower, self.upper)

    def step(self, z: PyTree[Array], slope: PyTree[Array], size: PyTree[Array]) -> PyTree[Array]:
        """Move to where a linear objective rises most, a distance in the norm, and back inside.

        Coordinates that the box holds back take no part. Where nothing is left to follow, a point
        stays.

        Args:
            z: points.
            slope: gradient of the objective.
            size: distance of each part for each example.
        """

        def ahead(slope: Array, z: Array, lower: Array, upper: Array) -> Array:
            return jnp.where(slope > 0, upper - z, z - lower)

        def ascent(norm: Norm, *parts: PyTree[Array]) -> PyTree[Array]:
            return jax.vmap(functools.partial(on_vectors, _ASCENT[norm]))(*parts)

        room = jax.tree.map(ahead, slope, z, self.lower, self.upper)
        change = jax.tree.map(ascent, self.norm, slope, room, size)
        return self.inside(jax.tree.map(jnp.add, z, change))

    def start(self, key: Array | None, init: Init) -> PyTree[Array]:
        """Points to start from: the inputs, or near them, or anywhere in the balls."""
        if init not in get_args(Init):
            raise ValueError(f"expected `init` to be one of {get_args(Init)}, got {init!r}")
        if init == "zero":
            return self.inside(self.x)
        return self.inside(jax.tree.map(jnp.add, self.x, self.noise(key, init)))

    def noise(self, key: Array | None, init: Literal["uniform", "normal"]) -> PyTree[Array]:
        """Random changes, uniform in the balls, or normal and `NEAR` the input."""
        if key is None:
            raise ValueError(f"a random start needs a `key` (init={init!r})")
        count = jax.tree.structure(self.eps).num_leaves
        keys = jax.tree.unflatten(jax.tree.structure(self.eps), list(jax.random.split(key, count)))

        def draw(norm: Norm, eps: Array, key: Array, part: PyTree[Array]) -> PyTree[Array]:
            flat, unravel = ravel_pytree(jax.tree.map(_one, part))
            shape = (*eps.shape, flat.size)
            if init == "uniform":
                unit = _UNIFORM[norm](key, shape, flat.dtype)
            else:
                size = NEAR * flat.size ** -_GROWTH[norm]
                unit = size * jax.random.normal(key, shape, flat.dtype)
            return scaled(eps, jax.vmap(unravel)(unit))

        return jax.tree.map(draw, self.norm, self.eps, keys, self.x)

    def lengths(self, name: str, given: PyTree[ArrayLike]) -> PyTree[Array]:
        """An argument shaped as the radius: one length of each part for each example."""
        like = jax.tree.leaves(self.eps)[0]
        return _by_part(name, given, self.eps, like)

    def evaluating(self, objective: Objective) -> Callable[[PyTree[Array]], Array]:
        """The objective of points, with all that it closes over a constant; see `frozen`."""
        return frozen(lambda z: objective(self.cast(z)), self.x)

    def cast(self, z: PyTree[Array]) -> PyTree[Array]:
        """A point in the dtypes of the inputs."""
        return jax.tree.map(lambda leaf, dtype: leaf.astype(dtype), z, self.dtypes)

    def result(self, z: PyTree[Array]) -> PyTree[Array]:
        """What an attack returns: a point in the dtypes of the inputs, as a constant."""
        return lax.stop_gradient(self.cast(z))


class Highest(NamedTuple):
    """For each example, the point where an objective was highest so far.

    Attributes:
        point: a pytree with a leading axis of examples.
        values: of the objective.
    """

    point: PyTree[Array]
    values: Float[Array, " batch"]

    def against(self, point: PyTree[Array], values: Float[Array, " batch"]) -> "Highest":
        """The higher of this and another point, example by example."""
        higher = values > self.values
        return Highest(*choose(higher, (point, values), (self.point, self.values)))


def below_all(x: PyTree[Array]) -> Highest:
    """Points that are lower than any other, so that those they are held against win."""
    leaf = jax.tree.leaves(x)[0]
    dtype = jnp.promote_types(leaf.dtype, jnp.float32)
    return Highest(x, alike(jnp.full(leaf.shape[:1], -jnp.inf, dtype), leaf))


def region(
    x: PyTree[ArrayLike],
    *,
    eps: PyTree[ArrayLike],
    norm: PyTree[Norm],
    lower: PyTree[ArrayLike] | None,
    upper: PyTree[ArrayLike] | None,
) -> Region:
    """Check what an attack is given, and bring it into the dtype to compute in."""
    arrays = jax.tree.map(jnp.asarray, x)
    leaves = jax.tree.leaves(arrays)
    for path, leaf in jax.tree_util.tree_leaves_with_path(arrays):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            name = f"x{jax.tree_util.keystr(path)}"
            raise TypeError(f"expected floating-point inputs to move, got {leaf.dtype} at `{name}`")
    if not leaves or any(leaf.shape[:1] != leaves[0].shape[:1] or not leaf.ndim for leaf in leaves):
        shapes = [leaf.shape for leaf in leaves]
        raise ValueError(f"expected `x` with one leading axis of examples, got shapes {shapes}")
    wide = jnp.float64 if any(leaf.dtype == jnp.float64 for leaf in leaves) else jnp.float32

    def bound(given: PyTree[ArrayLike] | None, default: float) -> PyTree[Array]:
        given = default if given is None else given
        return jax.tree.map(
            lambda limit: jnp.asarray(limit).astype(wide), jax.tree.broadcast(given, arrays)
        )

    try:
        jax.tree.broadcast(eps, arrays)
    except ValueError as error:
        raise ValueError(f"`eps` is no prefix tree of `x`, a list no array: {error}") from error
    radius = _by_part("eps", eps, eps, jnp.zeros(leaves[0].shape[:1], wide))
    norms = jax.tree.broadcast(norm, radius)
    for one in jax.tree.leaves(norms):
        if one not in get_args(Norm):
            raise ValueError(f"expected `norm` to be one of {get_args(Norm)}, got {one!r}")
    return Region(
        x=lax.stop_gradient(jax.tree.map(lambda leaf: leaf.astype(wide), arrays)),
        dtypes=jax.tree.map(lambda leaf: leaf.dtype, arrays),
        eps=radius,
        norm=norms,
        lower=bound(lower, -jnp.inf),
        upper=bound(upper, jnp.inf),
    )


def _by_part(name: str, given: PyTree[ArrayLike], parts: PyTree[Any], like: Array) -> PyTree[Array]:
    def spread(number: ArrayLike) -> Array:
        array = jnp.asarray(number)
        if array.shape not in ((), like.shape):
            raise ValueError(
                f"expected `{name}` of shape () or {like.shape}, one for each example, "
                f"got {array.shape}"
            )
        return jnp.broadcast_to(array.astype(like.dtype), like.shape)

    return jax.tree.map(spread, jax.tree.broadcast(given, parts))


def frozen(objective: Objective, at: PyTree[Array]) -> Callable[[PyTree[Array]], Array]:
    """An objective with all that it closes over a constant, in float32 at least.

    The derivatives of a training step pass an attack by: they are not even traced through it.

    Args:
        objective: from inputs to one value for each example.
        at: inputs, to trace it with.

    Raises:
        TypeError: if it does not give one array.
        ValueError: if it does not give one value for each example.
    """
    program, shape = jax.make_jaxpr(lambda z: objective(z), return_shape=True)(at)
    leaf = jax.tree.leaves(at)[0]
    if not isinstance(shape, jax.ShapeDtypeStruct):
        raise TypeError(f"expected the objective to give an array, got {type(shape).__name__}")
    if shape.shape != leaf.shape[:1]:
        raise ValueError(
            f"expected the objective to give one value for each example, shape {leaf.shape[:1]}, "
            f"got {shape.shape}"
        )
    run = jaxpr_as_fun(ClosedJaxpr(program.jaxpr, lax.stop_gradient(program.consts)))
    dtype = jnp.promote_types(leaf.dtype, jnp.float32)
    return lambda z: run(*jax.tree.leaves(z))[0].astype(dtype)


def value_and_slope(
    objective: Callable[[PyTree[Array]], Array], z: PyTree[Array]
) -> tuple[Array, PyTree[Array]]:
    """Values, and the gradient of each with respect to its own example."""
    values, pull = jax.vjp(objective, z)
    return values, pull(jnp.ones_like(values))[0]


def choose(condition: Array, one: PyTree[Array], other: PyTree[Array]) -> PyTree[Array]:
    """One or the other, example by example."""
    return jax.tree.map(lambda a, b: jnp.where(_spread(condition, a), a, b), one, other)


def scaled(size: Array, tree: PyTree[Array]) -> PyTree[Array]:
    """A pytree times one number for each example."""
    return jax.tree.map(lambda leaf: _spread(size, leaf) * leaf, tree)


def on_vectors(function: Callable[..., Array], tree: PyTree[Array], *more: Any) -> PyTree[Array]:
    """Apply a function of vectors to pytrees, all entries of each at once."""
    flat, unravel = ravel_pytree(tree)
    return unravel(function(flat, *(ravel_pytree(other)[0] for other in more)))


def _one(part: Array) -> Array:
    """The shape of one example."""
    return jnp.zeros(part.shape[1:], part.dtype)


def _spread(array: Array, like: Array) -> Array:
    return array.reshape(*array.shape, *(1,) * (like.ndim - 1))


_BALLS: Mapping[Norm, Callable[..., PyTree[Array]]] = {
    "linf": projections.projection_linf_ball,
    "l2": projections.projection_l2_ball,
    "l1": projections.projection_l1_ball,
}


def _project(norm: Norm, change: PyTree[Array], eps: Array) -> PyTree[Array]:
    """Projection to a ball, which Optax does not define for a radius of 0."""
    near = _BALLS[norm](change, jnp.where(eps > 0, eps, 1))
    return jax.tree.map(lambda leaf: jnp.where(eps > 0, leaf, 0), near)


def _steepest_linf(slope: Array, room: Array, size: Array) -> Array:
    del room  # what goes too far, the box takes back from each coordinate alone
    return size * jnp.sign(slope)


def _steepest_l2(slope: Array, room: Array, size: Array) -> Array:
    return size * normalize(jnp.where(room > 0, slope, 0))


def _steepest_l1(slope: Array, room: Array, size: Array) -> Array:
    """One coordinate after the other, the steepest first, each as far as there is room."""
    order = jnp.argsort(jnp.abs(slope), descending=True)
    room = jnp.clip(room, 0, size)[order]
    spent = jnp.cumsum(room) - room
    move = jnp.zeros_like(slope).at[order].set(jnp.clip(size - spent, 0, room))
    return jnp.sign(slope) * move


_ASCENT: Mapping[Norm, Callable[..., Array]] = {
    "linf": _steepest_linf,
    "l2": _steepest_l2,
    "l1": _steepest_l1,
}
"""Where a linear objective rises most: from slope, room in its direction, and distance."""


# As jax.random.ball draws (arXiv:math/0503650), but from distributions that are fast to draw from.
def _uniform_l2(key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    normal, beyond = jax.random.split(key)
    way = jax.random.normal(normal, shape, dtype)
    rest = 2 * jax.random.exponential(beyond, (*shape[:-1], 1), dtype)
    return way / jnp.sqrt(jnp.sum(jnp.square(way), axis=-1, keepdims=True) + rest)


def _uniform_l1(key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    laplace, beyond = jax.random.split(key)
    way = jax.random.laplace(laplace, shape, dtype)
    rest = jax.random.exponential(beyond, (*shape[:-1], 1), dtype)
    return way / (jnp.sum(jnp.abs(way), axis=-1, keepdims=True) + rest)


_UNIFORM: Mapping[Norm, Callable[..., Array]] = {
    "linf": lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -1, 1),
    "l2": _uniform_l2,
    "l1": _uniform_l1,
}
"""Points of the unit ball, uniformly."""

_GROWTH: Mapping[Norm, float] = {"linf": 0.0, "l2": 0.5, "l1": 1.0}
"""Power of the dimension that the norm of normal noise grows by."""
