"""Boxes: how far a predicted box is from the true one, and which prediction is meant for which.

Boxes are along the axes and given by their corners on the last axis, the low one and then the high
one: `xyxy` in a plane, `xyzxyz` in space, or any other number of dimensions. Each pair of boxes
gives one value; `pairwise` gives those of all pairs. No value depends on the units of the axes, but
that of `normalized_wasserstein`.

Whatever boxes are, values are finite and so are gradients. A box without area overlaps nothing, not
even itself: its intersection over union is 0. A box whose high corner is below its low one is one
without extent there, at its low corner. Where edges meet, each of the two boxes has half of the
slope, so that the gradient of a perfect box is 0.
"""

from collections.abc import Callable
from math import pi
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.assignment import assign, assigned
from jaxloss.core.checks import hyperparameters, mask, promote, vectors
from jaxloss.core.numerics import absolute, relu, safe_divide, safe_norm, safe_power


class _Pair(NamedTuple):
    """Two boxes in units of the least box around both, which moves with them.

    Attributes:
        sizes: of the predicted box along each axis.
        true_sizes: of the true box.
        apart: from the true centre to the predicted one.
        around: sizes of the least box around both; 1 but for their slopes.
        shared: sizes of the intersection.
        units: sizes of the least box around both, held constant.
    """

    sizes: Array
    true_sizes: Array
    apart: Array
    around: Array
    shared: Array
    units: Array


def iou(
    pred: Real[ArrayLike, "*batch corners"], target: Real[ArrayLike, "*batch corners"]
) -> Float[Array, "*batch"]:
    """Reward the overlap of two boxes, against their union.

    Formula: `1 - intersection / union`. Boxes that do not overlap have no gradient; those of the
    other losses here draw them together.

    Args:
        pred: corners of the predicted box.
        target: corners of the true box.

    Returns:
        One value for each pair of boxes.

    Example:
        >>> iou([0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0])
        Array(0.6667, dtype=float32)

    Reference: Yu et al. 2016, arXiv:1608.01471, who take the logarithm; Rahman and Wang 2016,
        doi:10.1007/978-3-319-50835-1_22.
    """
    return 1 - _overlap(_pair(pred, target))[0]


def generalized_iou(
    pred: Real[ArrayLike, "*batch corners"], target: Real[ArrayLike, "*batch corners"]
) -> Float[Array, "*batch"]:
    """Reward overlap, and a least box around both of which little is empty (GIoU).

    Formula: `1 - intersection / union + (hull - union) / hull`, with the `hull` being the area of
    the least box around both.

    Args:
        pred: corners of the predicted box.
        target: corners of the true box.

    Returns:
        One value for each pair of boxes, in [0, 2].

    Example:
        >>> generalized_iou([0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0])
        Array(1.3333, dtype=float32)

    Reference: Rezatofighi et al. 2019, arXiv:1902.09630.
    """
    pair = _pair(pred, target)
    overlap, union = _overlap(pair)
    hull = jnp.prod(pair.around, axis=-1)
    return 1 - overlap + safe_divide(hull - union, hull)


def distance_iou(
    pred: Real[ArrayLike, "*batch corners"],
    target: Real[ArrayLike, "*batch corners"],
    *,
    alpha: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward overlap, and centres that are near each other (DIoU, alpha-IoU).

    Formula: `1 - iou**alpha + (distance**2 / diagonal**2)**alpha`, of the centres, and of the least
    box around both.

    Args:
        pred: corners of the predicted box.
        target: corners of the true box.
        alpha: power, positive; the alpha-IoU loss has 3, which attends to good boxes.

    Returns:
        One value for each pair of boxes, in [0, 2].

    Example:
        >>> distance_iou([0.0, 0.0, 1.0, 1.0], [2.0, 0.0, 3.0, 1.0])
        Array(1.4, dtype=float32)

    Reference: Zheng et al. 2020, arXiv:1911.08287; with a power, He et al. 2021, arXiv:2110.13675.
    """
    pair = _pair(pred, target)
    overlap, _ = _overlap(pair)
    (alpha,) = hyperparameters(overlap, alpha=alpha)
    return 1 - safe_power(overlap, alpha) + safe_power(_distance(pair), alpha)


def complete_iou(
    pred: Real[ArrayLike, "*batch 4"], target: Real[ArrayLike, "*batch 4"]
) -> Float[Array, "*batch"]:
    """Reward overlap, near centres, and the right ratio of width to height (CIoU).

    Formula: `distance_iou + weight * v`, with
    `v = (2 / pi * (arctan(true_width / true_height) - arctan(width / height)))**2` and
    `weight = v / (1 - iou + v)`, which is held constant.

    Args:
        pred: corners of the predicted box, in a plane.
        target: corners of the true box.

    Returns:
        One value for each pair of boxes.

    Raises:
        ValueError: for boxes that are not in a plane.

    Example:
        >>> complete_iou([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0])
        Array(0.5532, dtype=float32)

    Reference: Zheng et al. 2020, arXiv:1911.08287.
    """
    pair = _pair(pred, target, plane=True)
    overlap, _ = _overlap(pair)
    turn = _slant(pair.true_sizes * pair.units) - _slant(pair.sizes * pair.units)
    ratio = jnp.square(2 / pi * turn)
    weight = lax.stop_gradient(safe_divide(ratio, 1 - overlap + ratio))
    return 1 - overlap + _distance(pair) + weight * ratio


def efficient_iou(
    pred: Real[ArrayLike, "*batch corners"],
    target: Real[ArrayLike, "*batch corners"],
    *,
    gamma: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Reward overlap, near centres, and the right size along each axis (EIoU, focal EIoU).

    Formula: `iou**gamma * (distance_iou + sum((sizes - true_sizes)**2 / hull_sizes**2))`, with
    those of the least box around both.

    Args:
        pred: corners of the predicted box.
        target: corners of the true box.
        gamma: of attention to boxes that overlap well, non-negative; the focal EIoU loss has 1/2,
            which leaves boxes that do not overlap without loss.

    Returns:
        One value for each pair of boxes.

    Example:
        >>> efficient_iou([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0])
        Array(0.8, dtype=float32)

    Reference: Zhang et al. 2022, arXiv:2101.08158.
    """
    pair = _pair(pred, target)
    overlap, _ = _overlap(pair)
    (gamma,) = hyperparameters(overlap, gamma=gamma)
    sizes = jnp.sum(jnp.square(safe_divide(pair.sizes - pair.true_sizes, pair.around)), axis=-1)
    return safe_power(overlap, gamma) * (1 - overlap + _distance(pair) + sizes)


def scylla_iou(
    pred: Real[ArrayLike, "*batch 4"],
    target: Real[ArrayLike, "*batch 4"],
    *,
    theta: ArrayLike = 4.0,
) -> Float[Array, "*batch"]:
    """Reward overlap, the right shape, and centres that first share a line along an axis (SIoU).

    Formula: `1 - iou + (distance + shape) / 2`, with
    `angle = 2 * abs(dx * dy) / (dx**2 + dy**2)` of the way between the centres,
    `distance = sum(1 - exp(-(2 - angle) * (d / hull_size)**2))` over both axes and
    `shape = sum((1 - exp(-abs(size - true_size) / max(size, true_size)))**theta)`.

    Args:
        pred: corners of the predicted box, in a plane.
        target: corners of the true box.
        theta: power of the shape cost, above 1; of 2 to 6.

    Returns:
        One value for each pair of boxes, in [0, 3].

    Raises:
        ValueError: for boxes that are not in a plane.

    Example:
        >>> scylla_iou([0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0], theta=1.0)
        Array(0.7555, dtype=float32)

    Reference: Gevorgyan 2022, arXiv:2205.12740.
    """
    pair = _pair(pred, target, plane=True)
    overlap, _ = _overlap(pair)
    (theta,) = hyperparameters(overlap, theta=theta)
    # sin(2 arcsin(x)) = 2 x sqrt(1 - x**2), which has no infinite slope.
    way = pair.apart * pair.units
    way = safe_divide(way, safe_norm(way, keepdims=True))
    angle = 2 * absolute(jnp.prod(way, axis=-1))
    relative = safe_divide(pair.apart, pair.around)
    distance = -jnp.expm1(-(2 - angle)[..., None] * jnp.square(relative))
    larger = jnp.maximum(pair.sizes, pair.true_sizes)
    unlike = -jnp.expm1(-safe_divide(absolute(pair.sizes - pair.true_sizes), larger))
    shape = safe_power(unlike, jnp.broadcast_to(theta, overlap.shape)[..., None])
    return 1 - overlap + jnp.sum(distance + shape, axis=-1) / 2


def normalized_wasserstein(
    pred: Real[ArrayLike, "*batch corners"],
    target: Real[ArrayLike, "*batch corners"],
    *,
    scale: ArrayLike = 12.8,
) -> Float[Array, "*batch"]:
    """Reward boxes that are near as Gaussians, however small they are (NWD).

    Formula: `1 - exp(-distance / scale)`, with the Wasserstein distance of the normal distributions
    that have the centres for means and half the sizes for deviations,
    `sqrt(sum((center - true_center)**2) + sum((size - true_size)**2) / 4)`.

    Args:
        pred: corners of the predicted box.
        target: corners of the true box.
        scale: in units of the boxes, positive; about the mean size of the things to find.

    Returns:
        One value for each pair of boxes, in [0, 1]; gradient 0 for equal boxes.

    Example:
        >>> normalized_wasserstein([0.0, 0.0, 2.0, 2.0], [3.0, 4.0, 5.0, 6.0], scale=5.0)
        Array(0.6321, dtype=float32)

    Reference: Wang et al. 2021, arXiv:2110.13389.
    """
    low, high, true_low, true_high = _corners(pred, target)
    sizes, true_sizes = high - low, true_high - true_low
    apart = (low - true_low) + (sizes - true_sizes) / 2
    way = safe_norm(jnp.concatenate([apart, (sizes - true_sizes) / 2], axis=-1))
    (scale,) = hyperparameters(way, scale=scale)
    return -jnp.expm1(-way / scale)


def pairwise(
    loss: Callable[..., Array],
    pred: Real[ArrayLike, "*batch n corners"],
    target: Real[ArrayLike, "*batch m corners"],
    **hyper: Any,
) -> Float[Array, "*batch n m"]:
    """Values of a loss of boxes for all pairs of two sets.

    Formula: `values[i, j] = loss(pred[i], target[j])`.

    Args:
        loss: of this module, or any of rows.
        pred: predicted boxes.
        target: true boxes.
        hyper: hyperparameters of the loss.

    Example:
        >>> pairwise(iou, [[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
        Array([[0.    , 0.6667]], dtype=float32)
    """
    pred, target = promote(pred=pred, target=target)
    if pred.ndim < 2 or target.ndim < 2:
        raise ValueError(
            f"expected sets of boxes, got `pred` {pred.shape}, `target` {target.shape}"
        )
    rows, columns = pred[..., :, None, :], target[..., None, :, :]
    shape = (*pred.shape[:-1], target.shape[-2])
    return loss(
        jnp.broadcast_to(rows, (*shape, pred.shape[-1])),
        jnp.broadcast_to(columns, (*shape, target.shape[-1])),
        **hyper,
    )


def match(
    costs: Real[ArrayLike, "*batch n m"], *, where: Bool[ArrayLike, "*batch m"] | None = None
) -> Int[Array, "*batch m"]:
    """Prediction that is meant for each target, one each, such that the costs are least in sum.

    It is exact (the Hungarian algorithm of Optax) and carries no gradient.

    Args:
        costs: of each of `n` predictions for each of `m` targets; one that is not finite is taken
            last of all.
        where: targets that are there.

    Returns:
        Indices of predictions; -1 for targets that are not there, or for which none is left.

    Example:
        >>> match([[0.1, 0.2], [0.2, 0.9], [5.0, 5.0]])
        Array([1, 0], dtype=int32)

        The set loss of DETR, of three predictions, two boxes, and a last class for none:

        >>> import jax, jaxloss as jl
        >>> pred = jnp.array([[0.0, 0, 1, 1], [4, 4, 6, 6], [2, 2, 3, 3]])
        >>> logits = jnp.array([[4.0, 0, 0], [0, 0, 4], [0, 4, 0]])
        >>> boxes, labels = jnp.array([[2.0, 2, 3, 3], [0, 0, 1, 2]]), jnp.array([1, 0])
        >>> apart = 2 * pairwise(generalized_iou, pred, boxes) + 5 * pairwise(
        ...     lambda p, t: jnp.mean(jl.regression.absolute_error(p, t), axis=-1), pred, boxes
        ... )
        >>> rows = match(apart - jax.nn.softmax(logits)[:, labels])
        >>> meant = jnp.full(3, 2).at[rows].set(labels)
        >>> costs = jl.classification.softmax_cross_entropy(logits, meant)
        >>> weights = jnp.where(meant == 2, 0.1, 1)
        >>> jl.mean(costs, weights=weights) + jl.mean(apart[rows, jnp.arange(2)])
        Array(1.161, dtype=float32)

    Reference: Carion et al. 2020, arXiv:2005.12872; Kuhn 1955, doi:10.1002/nav.3800020109.
    """
    costs, kept = _matrix(costs, where)
    return assign(lax.stop_gradient(costs), kept)


def assignment(
    costs: Real[ArrayLike, "*batch n m"], *, where: Bool[ArrayLike, "*batch m"] | None = None
) -> Float[Array, "*batch"]:
    """Reward predictions of which one each is near each target, whichever that is (set loss).

    Formula: `min_s mean_j costs[s[j], j]` over the assignments `s` of one prediction each. Of a
    matrix of `pairwise` losses, it is a loss of sets of boxes; what it costs that a prediction is
    meant for none is added for all of them, and subtracted in the matrix.

    Args:
        costs: of each of `n` predictions for each of `m` targets, with their gradients.
        where: targets that are there; at most `n`, or only the cheapest count.

    Returns:
        One value for each matrix; 0 without a target.

    Example:
        >>> assignment([[0.1, 0.2], [0.2, 0.9], [5.0, 5.0]])
        Array(0.2, dtype=float32)

    Reference: Carion et al. 2020, arXiv:2005.12872.
    """
    return assigned(*_matrix(costs, where))


def _matrix(costs: ArrayLike, where: ArrayLike | None) -> tuple[Array, Array]:
    (costs,) = promote(costs=costs)
    if costs.ndim < 2:
        raise ValueError(f"expected `costs` of shape (*batch, n, m), got {costs.shape}")
    rows = jnp.zeros((*costs.shape[:-2], costs.shape[-1]), costs.dtype)
    return costs, mask(where, rows)


def _corners(pred: ArrayLike, target: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Low and high corners of both, the high ones never below the low ones."""
    pred, target = vectors(pred=pred, target=target)
    if pred.shape[-1] % 2 or not pred.shape[-1]:
        raise ValueError(
            f"expected `pred` with two corners on the last axis, the low and the high one, "
            f"got shape {pred.shape}"
        )
    low, high = jnp.split(pred, 2, axis=-1)
    true_low, true_high = jnp.split(target, 2, axis=-1)
    return low, low + relu(high - low), true_low, true_low + relu(true_high - true_low)


def _pair(pred: ArrayLike, target: ArrayLike, *, plane: bool = False) -> _Pair:
    low, high, true_low, true_high = _corners(pred, target)
    if plane and low.shape[-1] != 2:
        shape = (*low.shape[:-1], 2 * low.shape[-1])
        raise ValueError(f"expected `pred` with four coordinates xyxy, got shape {shape}")
    sizes, true_sizes = high - low, true_high - true_low
    around = jnp.maximum(high, true_high) - jnp.minimum(low, true_low)
    shared = relu(jnp.minimum(high, true_high) - jnp.maximum(low, true_low))
    # Ratios of areas have no units: in those of the box around both nothing overflows.
    units = lax.stop_gradient(around)
    apart = (low - true_low) + (sizes - true_sizes) / 2
    return _Pair(
        safe_divide(sizes, units),
        safe_divide(true_sizes, units),
        safe_divide(apart, units),
        safe_divide(around, units),
        safe_divide(shared, units),
        units,
    )


def _overlap(pair: _Pair) -> tuple[Array, Array]:
    """Intersection over union, and the union."""
    shared = jnp.prod(pair.shared, axis=-1)
    union = jnp.prod(pair.sizes, axis=-1) + jnp.prod(pair.true_sizes, axis=-1) - shared
    return safe_divide(shared, union), union


def _distance(pair: _Pair) -> Array:
    """Squared distance of the centres, by that of the corners of the box around both."""
    scales = safe_divide(pair.units, jnp.max(pair.units, axis=-1, keepdims=True))
    apart, around = (jnp.sum(jnp.square(x * scales), axis=-1) for x in (pair.apart, pair.around))
    return safe_divide(apart, around)


def _slant(sizes: Array) -> Array:
    """Angle of the diagonal; 0, with gradient 0, of a point."""
    width, height = sizes[..., 0], sizes[..., 1]
    some = (width != 0) | (height != 0)
    return jnp.where(some, jnp.arctan2(width, jnp.where(some, height, 1)), 0)
