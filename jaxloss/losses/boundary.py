"""Where masks end, and how they hang together: distances to boundaries, erosion, skeletons.

`signed_distance` makes the map of distances that `boundary` and `hausdorff` read; for a true mask
that can be done once, before training. Those two read pixels as one list, as
`jaxloss.segmentation` does; what looks at neighbours takes images `(*batch, *space)`, of which
`num_axes` says how many axes are space: 2 for images, 3 for volumes.

These losses say where a mask should move, not that there should be one: they are added to a loss of
overlap, as those papers do.
"""

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, probabilities, vectors
from jaxloss.core.numerics import absolute, relu, safe_divide, safe_power, safe_sqrt
from jaxloss.core.reduce import mean


def boundary(
    logits: Float[ArrayLike, "*batch pixels"],
    distances: Real[ArrayLike, "*batch pixels"],
    *,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a mask whose boundary is near the true one, in pixels and not in area.

    Formula: `mean(sigmoid(logits) * distances)`: linear in the probabilities, negative for a good
    mask, and least for the true one. Of several classes, it is the mean of those of each.

    Args:
        logits: log-odds of belonging to the mask.
        distances: of each pixel from the boundary of the true mask, negative inside, as
            `signed_distance` gives them.
        where: pixels that count.

    Returns:
        One value for each list of pixels; 0 without a pixel.

    Example:
        >>> distances = signed_distance(jnp.array([True, False, False]), num_axes=1)
        >>> boundary([9.0, 0.0, -9.0], distances)
        Array(-0.1665, dtype=float32)

    Reference: Kervadec et al. 2019, arXiv:1812.07032.
    """
    logits, distances = vectors(logits=logits, distances=distances)
    kept = mask(where, logits)
    # The logistic function of -inf is 0, with derivative 0.
    p = jax.nn.sigmoid(jnp.where(kept, logits, -jnp.inf))
    return mean(p * jnp.where(kept, distances, 0), where=kept, axis=-1)


def hausdorff(
    logits: Float[ArrayLike, "*batch pixels"],
    target: Real[ArrayLike, "*batch pixels"],
    pred_distances: Real[ArrayLike, "*batch pixels"],
    distances: Real[ArrayLike, "*batch pixels"],
    *,
    alpha: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch pixels"] | None = None,
) -> Float[Array, "*batch"]:
    """Punish a wrong pixel by how far it is from both boundaries (Hausdorff distance).

    Formula: with `p = sigmoid(logits)`,
    `mean((p - target)**2 * (abs(pred_distances)**alpha + abs(distances)**alpha))`.

    Args:
        logits: log-odds of belonging to the mask.
        target: bits.
        pred_distances: of each pixel from the boundary of the predicted mask, as
            `signed_distance(logits > 0)` gives them before pixels are made one list.
        distances: of each pixel from the boundary of the true mask.
        alpha: exponent of the distances, positive.
        where: pixels that count.

    Returns:
        One value for each list of pixels; 0 without a pixel.

    Example:
        >>> truth, found = jnp.array([True, False, False]), jnp.array([True, True, False])
        >>> maps = [signed_distance(bits, num_axes=1) for bits in (found, truth)]
        >>> hausdorff([9.0, 9.0, -9.0], [1, 0, 0], *maps)
        Array(0.6665, dtype=float32)

    Reference: Karimi and Salcudean 2019, arXiv:1904.10030.
    """
    logits, target, pred_distances, distances = vectors(
        logits=logits, target=target, pred_distances=pred_distances, distances=distances
    )
    probabilities(target=target)
    (alpha,) = hyperparameters(of_rows(logits), alpha=alpha)
    kept = mask(where, logits)
    p = jax.nn.sigmoid(jnp.where(kept, logits, -jnp.inf))
    error = jnp.square(p - jnp.where(kept, target, 0))
    far = (
        safe_power(absolute(jnp.where(kept, d, 0)), along(alpha))
        for d in (pred_distances, distances)
    )
    return mean(error * sum(far, start=jnp.zeros_like(p)), where=kept, axis=-1)


def signed_distance(
    mask: Bool[ArrayLike, "..."],
    *,
    spacing: float | Sequence[float] | Array = 1.0,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Euclidean distance of each pixel from the boundary of a mask, negative inside.

    Formula: outside, the distance to the nearest pixel of the mask; inside, minus the distance to
    the nearest pixel that is not in it. It is exact. Where a mask is all or nothing there is no
    boundary, and it is 0 everywhere.

    Of `n` pixels along an axis it takes `n` steps for each pixel and axis, and no memory beyond
    that of the map.

    Args:
        mask: booleans, shape `*batch *space`.
        spacing: size of a pixel, or its size along each axis of space.
        num_axes: how many of the last axes are space.

    Returns:
        Distances in the units of `spacing`; the nearest ones are a whole pixel.

    Raises:
        TypeError: if the mask is not boolean.
        ValueError: if it has fewer axes than space.

    Example:
        >>> signed_distance(jnp.array([[False, True, True], [False, False, True]]))
        Array([[ 1.    , -1.    , -1.4142],
               [ 1.4142,  1.    , -1.    ]], dtype=float32)

    Reference: Felzenszwalb and Huttenlocher 2012, doi:10.4086/toc.2012.v008a019.
    """
    bits = jnp.asarray(mask)
    if bits.dtype != jnp.bool_:
        raise TypeError(f"expected boolean `mask`, got {bits.dtype}")
    _spatial(num_axes, mask=bits)
    sizes = jnp.asarray(spacing)
    sizes = sizes.astype(jnp.promote_types(sizes.dtype, jnp.float32))
    if sizes.shape not in ((), (num_axes,)):
        raise ValueError(f"expected `spacing` of shape () or ({num_axes},), got {sizes.shape}")
    steps = jnp.broadcast_to(sizes, (num_axes,))
    outside, inside = (safe_sqrt(_squared_distance(side, steps)) for side in (bits, ~bits))
    signed = outside - inside
    return jnp.where(jnp.isfinite(signed), signed, 0)


def _squared_distance(bits: Array, steps: Array) -> Array:
    """Squared distance to the nearest pixel that is True, axis by axis; infinite without one."""
    squares = jnp.where(bits, jnp.zeros((), steps.dtype), jnp.inf)
    for place in range(steps.shape[0]):
        axis = bits.ndim - steps.shape[0] + place
        count = bits.shape[axis]
        index = lax.broadcasted_iota(steps.dtype, squares.shape, axis)

        def nearer(
            j: Array,
            nearest: Array,
            squares: Array = squares,
            index: Array = index,
            axis: int = axis,
            step: Array = steps[place],
        ) -> Array:
            line = lax.dynamic_slice_in_dim(squares, j, 1, axis)
            return jnp.minimum(nearest, line + jnp.square((index - j.astype(index.dtype)) * step))

        squares = lax.fori_loop(0, count, nearer, jnp.full_like(squares, jnp.inf))
    return squares


def hausdorff_erosion(
    logits: Float[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    alpha: ArrayLike = 2.0,
    erosions: int = 10,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Punish regions of wrong pixels by how many erosions they survive (Hausdorff distance).

    Formula: `mean(sum_k k**alpha * e[k])` for `k` from 1, where `e[0] = (sigmoid(logits) -
    target)**2` and `e[k]` is what of the mean of `e[k - 1]` over each pixel and those beside it is
    above 1/2, stretched to the range from 0 to 1 in each image. Pixels beyond the border are 0.

    Args:
        logits: log-odds of belonging to the mask, shape `*batch *space`.
        target: bits, in the same shape.
        alpha: exponent of the number of erosions.
        erosions: how many there are.
        num_axes: how many of the last axes are space.

    Returns:
        One value for each image.

    Example:
        >>> hausdorff_erosion(9 * jnp.ones((3, 3)), jnp.zeros((3, 3)), erosions=1)
        Array(0.3333, dtype=float32)

    Reference: Karimi and Salcudean 2019, arXiv:1904.10030.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    space = _spatial(num_axes, logits=logits)
    like = jax.ShapeDtypeStruct(logits.shape[:-num_axes], logits.dtype)
    (alpha,) = hyperparameters(like, alpha=alpha)
    errors = jnp.square(jax.nn.sigmoid(logits) - target)

    def erode(errors: Array, k: Array) -> tuple[Array, Array]:
        around = errors
        for axis in space:
            around = around + _moved(errors, axis, 1, 0.0) + _moved(errors, axis, -1, 0.0)
        left = relu(around / (2 * num_axes + 1) - 0.5)
        low, high = (_entry(left, at, num_axes) for at in (jnp.argmin, jnp.argmax))
        some = high > low
        left = jnp.where(some, (left - low) / jnp.where(some, high - low, 1), left)
        return left, jnp.mean(left, axis=space) * jnp.exp(alpha * jnp.log(k))

    # A loop, since one program for each erosion takes long to compile.
    steps = jnp.arange(1, erosions + 1, dtype=errors.dtype)
    return jnp.sum(lax.scan(erode, errors, steps)[1], axis=0)


def cl_dice(
    logits: Float[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    smoothing: ArrayLike = 1.0,
    iterations: int = 3,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward a mask of tubes whose centre lines lie in the true one, and the other way (clDice).

    Formula: with `p = sigmoid(logits)`, `s = soft_skeleton(p)`, `r = soft_skeleton(target)`,
    `precision = (sum(s * target) + smoothing) / (sum(s) + smoothing)` and
    `recall = (sum(r * p) + smoothing) / (sum(r) + smoothing)`,
    `1 - 2 * precision * recall / (precision + recall)`. A mask that is all or nothing has no centre
    line.

    Args:
        logits: log-odds of belonging to the mask, shape `*batch *space`.
        target: bits, in the same shape.
        smoothing: added to numerators and denominators.
        iterations: of the skeletons: as many as half of the widest tube has pixels.
        num_axes: how many of the last axes are space.

    Returns:
        One value for each image.

    Example:
        >>> target = jnp.zeros((3, 5)).at[1].set(1)
        >>> cl_dice(18 * target.at[1, 2].set(0) - 9, target)
        Array(0.0909, dtype=float32)

    Reference: Shit et al. 2021, arXiv:2003.07311.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    space = _spatial(num_axes, logits=logits)
    like = jax.ShapeDtypeStruct(logits.shape[:-num_axes], logits.dtype)
    (smoothing,) = hyperparameters(like, smoothing=smoothing)
    both = jnp.stack([jax.nn.sigmoid(logits), target])
    lines = soft_skeleton(both, iterations=iterations, num_axes=num_axes)
    found = jnp.sum(lines * both[::-1], axis=tuple(axis + 1 for axis in space)) + smoothing
    length = jnp.sum(lines, axis=tuple(axis + 1 for axis in space)) + smoothing
    precision, recall = safe_divide(found, length, 1.0)
    return 1 - safe_divide(2 * precision * recall, precision + recall)


def soft_skeleton(
    mask: Real[ArrayLike, "..."], *, iterations: int = 3, num_axes: int = 2
) -> Float[Array, "..."]:
    """Centre lines of a soft mask: what opening it takes away, again and again as it is eroded.

    Formula: `s = 1 - prod_k (1 - (m[k] - open(m[k])))` for `k` from 0 to `iterations`, where
    `m[0] = mask`, `m[k]` is the minimum of `m[k - 1]` over each pixel and those beside it, and
    `open` takes that minimum and then the maximum over each pixel and all that touch it.

    Args:
        mask: degrees of belonging, shape `*batch *space`.
        iterations: how often it is eroded.
        num_axes: how many of the last axes are space.

    Example:
        >>> soft_skeleton([0.0, 0.5, 1.0, 0.5, 0.0], iterations=1, num_axes=1)
        Array([0.  , 0.  , 0.75, 0.  , 0.  ], dtype=float32)

    Reference: Shit et al. 2021, arXiv:2003.07311.
    """
    (soft,) = vectors(mask=mask)
    space = _spatial(num_axes, mask=soft)

    def erode(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        soft, left = carry
        eroded = _over_neighbours(jnp.minimum, soft, space, jnp.inf, touching=False)
        opened = _over_neighbours(jnp.maximum, eroded, space, -jnp.inf, touching=True)
        return (eroded, left * (1 - relu(soft - opened))), None

    (_, left), _ = lax.scan(erode, (soft, jnp.ones_like(soft)), None, iterations + 1)
    return 1 - left


def _over_neighbours(
    better: Callable[[Array, Array], Array],
    x: Array,
    space: tuple[int, ...],
    outside: float,
    *,
    touching: bool,
) -> Array:
    """Least or largest of each pixel and those beside it, or of all that touch it."""
    best = x
    for axis in space:
        middle = best if touching else x
        for step in (1, -1):
            best = better(best, _moved(middle, axis, step, outside))
    return best


def _entry(x: Array, at: Callable[..., Array], num_axes: int) -> Array:
    """The least or largest pixel of each image, by its place.

    The slope of `jnp.max` goes to what equals it. Where a program computes `x` once more, and
    rounds otherwise, that is nothing, and the slope is divided by 0.
    """
    flat = x.reshape(*x.shape[:-num_axes], math.prod(x.shape[-num_axes:]))
    found = jnp.take_along_axis(flat, at(lax.stop_gradient(flat), axis=-1, keepdims=True), axis=-1)
    return found.reshape(*flat.shape[:-1], *(1,) * num_axes)


def _moved(x: Array, axis: int, step: int, outside: float) -> Array:
    """Each pixel's neighbour along an axis, and `outside` beyond the border."""
    padding = [(0, 0, 0)] * x.ndim
    padding[axis] = (step, -step, 0)
    return lax.pad(x, jnp.asarray(outside, x.dtype), padding)


def _spatial(num_axes: int, **named: Array) -> tuple[int, ...]:
    """The last axes of an array, if it has that many."""
    ((name, array),) = named.items()
    if array.ndim < num_axes:
        raise ValueError(f"expected `{name}` with {num_axes} axes of space, got {array.shape}")
    return tuple(range(array.ndim - num_axes, array.ndim))
