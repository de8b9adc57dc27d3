"""Rotated boxes: how far a predicted box is from the true one, of boxes as normal distributions.

A box is `(x, y, width, height, angle)` on the last axis: its centre, its sizes, and the angle in
radians by which it is turned from the x axis towards the y axis. As a distribution it has its
centre for a mean, and half its sizes for deviations along its sides. So a box is the same when it
is turned by half a circle, or by a quarter with its sizes exchanged, and the loss is smooth where
the angle of a square means nothing. Each pair of boxes gives one value, with gradient 0 for equal
ones. A size below 0 counts as 0.

Boxes along the axes are those of `jaxloss.boxes`, whose `pairwise`, `match` and `assignment` take
these losses too.
"""

from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import hyperparameters, vectors
from jaxloss.core.numerics import relu, safe_divide, safe_norm, safe_sqrt, with_partials

# Of what is far beyond its bound the quotient's own derivatives are differences of large numbers.
_bounded = with_partials(lambda t: t / (t + 0.75), lambda t: 0.75 / jnp.square(t + 0.75))


class _Box(NamedTuple):
    """Centre, sizes and angle of boxes."""

    x: Array
    y: Array
    width: Array
    height: Array
    angle: Array


def gaussian_wasserstein(
    pred: Real[ArrayLike, "*batch 5"],
    target: Real[ArrayLike, "*batch 5"],
    *,
    tau: ArrayLike = 1.0,
    scale: Literal["log", "root"] = "log",
) -> Float[Array, "*batch"]:
    """Reward boxes between which little has to be moved, as Gaussians, however turned (GWD).

    Formula: `1 - 1 / (tau + log(1 + distance**2))`, or with the `distance` itself in place of the
    logarithm: the Wasserstein distance of the two distributions, with covariances `C`,
    `distance**2 = sum((centre - true_centre)**2) + trace(C + true_C - 2 * sqrt(sqrt(C) @ true_C @
    sqrt(C)))`.

    Args:
        pred: predicted boxes.
        target: true boxes.
        tau: at least 1, for which equal boxes cost 0.
        scale: what the distance is made small by.

    Returns:
        One value for each pair of boxes, in [0, 1] for a `tau` of 1; it depends on the units.

    Raises:
        ValueError: for boxes of other than five numbers.

    Example:
        >>> gaussian_wasserstein([0.0, 0.0, 4.0, 2.0, 0.0], [1.0, 0.0, 2.0, 4.0, jnp.pi / 2])
        Array(0.4094, dtype=float32)

    Reference: Yang et al. 2021, arXiv:2101.11952.
    """
    one, two = _boxes(pred, target)
    # The root of a covariance is s + (v, turned by twice the angle): what is left over of equal
    # boxes is exactly 0, where a trace less the root of a product would cancel.
    sides = (one.width + one.height) / 4, (two.width + two.height) / 4
    longer = (one.width - one.height) / 4, (two.width - two.height) / 4
    a, b = (
        jnp.stack([v * jnp.cos(2 * box.angle), v * jnp.sin(2 * box.angle)])
        for v, box in zip(longer, (one, two), strict=True)
    )
    turned = 2 * (a[0] * b[1] - a[1] * b[0])
    along = 2 * (sides[0] * sides[1] + jnp.sum(a * b, axis=0))
    size = along + safe_norm(jnp.stack([along, turned]), 0)
    apart = 2 * (jnp.square(sides[0] - sides[1]) + jnp.sum(jnp.square(a - b), axis=0))
    shape = relu(apart - 2 * turned * safe_divide(turned, size))
    squared = jnp.square(one.x - two.x) + jnp.square(one.y - two.y) + shape
    (tau,) = hyperparameters(squared, tau=tau)
    return 1 - 1 / (tau + (jnp.log1p(squared) if scale == "log" else safe_sqrt(squared)))


def gaussian_kl(
    pred: Real[ArrayLike, "*batch 5"],
    target: Real[ArrayLike, "*batch 5"],
    *,
    tau: ArrayLike = 1.0,
    eps: ArrayLike = 1e-3,
    scale: Literal["log", "root"] = "log",
) -> Float[Array, "*batch"]:
    """Reward boxes that are alike as Gaussians, by the sizes of the true one (KLD).

    Formula: `1 - 1 / (tau + log(1 + kl))`, or with `sqrt(kl)` in place of the logarithm: of the
    predicted distribution from the true one, with `d` between the centres,
    `kl = (d @ inv(true_C) @ d + trace(inv(true_C) @ C) - log(det(C) / det(true_C))) / 2 - 1`. It
    depends on no units, and attends to the angle the more, the longer a box is.

    Args:
        pred: predicted boxes.
        target: true boxes.
        tau: at least 1, for which equal boxes cost 0.
        eps: least size of a box, positive: `sqrt(size**2 + eps**2)` takes its place.
        scale: what the divergence is made small by.

    Returns:
        One value for each pair of boxes, in [0, 1] for a `tau` of 1.

    Raises:
        ValueError: for boxes of other than five numbers.

    Example:
        >>> gaussian_kl([0.0, 0.0, 4.0, 2.0, 0.0], [1.0, 0.0, 2.0, 4.0, jnp.pi / 2])
        Array(0.1054, dtype=float32)

    Reference: Yang et al. 2021, arXiv:2106.01883.
    """
    one, two = _boxes(pred, target)
    tau, eps = hyperparameters(one.x, tau=tau, eps=eps)
    # Variances, four times as large.
    (a, b), (c, d) = (
        tuple(jnp.square(size) + jnp.square(eps) for size in (box.width, box.height))
        for box in (one, two)
    )
    x, y = _seen(one, two)
    turned = (a - b) * jnp.square(jnp.sin(one.angle - two.angle))
    far = 4 * (jnp.square(x) / c + jnp.square(y) / d)
    larger = (a - c - turned) / c + (b - d + turned) / d
    logs = jnp.log(a) - jnp.log(c) + (jnp.log(b) - jnp.log(d))
    kl = relu((far + larger - logs) / 2)
    return 1 - 1 / (tau + (jnp.log1p(kl) if scale == "log" else safe_sqrt(kl)))


def kalman_iou(
    pred: Real[ArrayLike, "*batch 5"], target: Real[ArrayLike, "*batch 5"]
) -> Float[Array, "*batch"]:
    """Reward boxes of the same sizes and angle, by the overlap that their Gaussians have (KFIoU).

    Formula: `1 - 3 * overlap / (area + true_area - overlap)` with the area `overlap` of the box
    that the product of both distributions about one centre is. (The paper leaves the 3 out, by
    which equal boxes cost 0.) Where the centres are does not matter: to be added to a loss of them,
    as `jaxloss.regression.smooth_l1`.

    Args:
        pred: predicted boxes.
        target: true boxes.

    Returns:
        One value for each pair of boxes, in [0, 1]; 1 for a box without area.

    Raises:
        ValueError: for boxes of other than five numbers.

    Example:
        >>> kalman_iou([0.0, 0.0, 2.0, 2.0, 0.0], [9.0, 0.0, 4.0, 4.0, 0.5])
        Array(0.4286, dtype=float32)

    Reference: Yang et al. 2023, arXiv:2201.12558.
    """
    one, two = _boxes(pred, target)
    first, second, excess = _excess(one, two)
    some = (first > 0) & (second > 0)
    # With the ratios by which areas and the determinant exceed those of equal boxes it is t / (t +
    # 3/4) of t = sqrt((1 + a) * (1 + b)) - 1, in which nothing cancels.
    a, b = (
        jnp.where(some, part, 0) / (4 * jnp.where(some, first, 1)) / jnp.where(some, second, 1)
        for part in (jnp.square(_apart(first, second)), excess)
    )
    # Each root by itself, whose derivatives stay in range.
    root, other = jnp.sqrt(1 + a), jnp.sqrt(1 + b)
    t = a / (1 + root) * other + b / (1 + other)
    return jnp.where(some, _bounded(t), 1)


def probabilistic_iou(
    pred: Real[ArrayLike, "*batch 5"],
    target: Real[ArrayLike, "*batch 5"],
    *,
    eps: ArrayLike = 1e-3,
) -> Float[Array, "*batch"]:
    """Reward boxes that are alike as Gaussians, by their Hellinger distance (ProbIoU).

    Formula: `sqrt(1 - exp(-d @ inv(C + true_C) @ d / 4 - log(det((C + true_C) / 2) / sqrt(det(C) *
    det(true_C))) / 2))` with `d` between the centres, and covariances `C` a third as large as
    elsewhere here: those of points that are evenly spread over a box.

    Args:
        pred: predicted boxes.
        target: true boxes.
        eps: least size of a box, positive: `sqrt(size**2 + eps**2)` takes its place.

    Returns:
        One value for each pair of boxes, in [0, 1].

    Raises:
        ValueError: for boxes of other than five numbers.

    Example:
        >>> probabilistic_iou([0.0, 0.0, 4.0, 2.0, 0.0], [1.0, 0.0, 2.0, 4.0, jnp.pi / 2])
        Array(0.2991, dtype=float32)

    Reference: Llerena et al. 2021, arXiv:2106.06072.
    """
    one, two = _boxes(pred, target)
    (eps,) = hyperparameters(one.x, eps=eps)
    one, two = (
        box._replace(width=_least(box.width, eps), height=_least(box.height, eps))
        for box in (one, two)
    )
    area, true_area, excess = _excess(one, two)
    unlike = jnp.log1p(excess / area / (4 * true_area)) / 2
    # Covariances are squares of sizes divided by 12.
    (a, b), (c, d) = ((jnp.square(box.width), jnp.square(box.height)) for box in (one, two))
    turn = one.angle - two.angle
    sine, cosine = jnp.sin(turn), jnp.cos(turn)
    wide = a * jnp.square(cosine) + b * jnp.square(sine)
    high = a * jnp.square(sine) + b * jnp.square(cosine)
    determinant = a * b + c * d + c * high + d * wide
    x, y = _seen(one, two)
    far = jnp.square(x) * (high + d) + jnp.square(y) * (wide + c)
    far = relu(far - 2 * x * y * (a - b) * sine * cosine)
    return safe_sqrt(-jnp.expm1(-3 * far / determinant - unlike))


def _excess(one: _Box, two: _Box) -> tuple[Array, Array, Array]:
    """Both areas, and what the determinant of the summed squares exceeds 4 times their product by.

    A sum of squares, but for the turn of boxes that are not alike: exactly 0 of equal boxes.
    """
    first, second = one.width * one.height, two.width * two.height
    longer, true_longer = (
        (box.width - box.height) * (box.width + box.height) for box in (one, two)
    )
    crossed = _apart(one.width * two.height, one.height * two.width)
    turned = jnp.square(jnp.sin(one.angle - two.angle)) * longer * true_longer
    return first, second, relu(jnp.square(_apart(first, second)) + jnp.square(crossed) + turned)


def _apart(x: Array, y: Array) -> Array:
    """Difference of two products; what rounding leaves of equal ones is none."""
    apart = x - y
    return jnp.where(jnp.abs(apart) > 2 * jnp.finfo(x.dtype).eps * jnp.abs(x), apart, 0)


def _boxes(pred: ArrayLike, target: ArrayLike) -> tuple[_Box, _Box]:
    pred, target = vectors(pred=pred, target=target)
    if pred.shape[-1] != 5:
        raise ValueError(
            f"expected `pred` with x, y, width, height and angle on the last axis, "
            f"got shape {pred.shape}"
        )
    one, two = ([box[..., place] for place in range(5)] for box in (pred, target))
    return (
        _Box(one[0], one[1], relu(one[2]), relu(one[3]), one[4]),
        _Box(two[0], two[1], relu(two[2]), relu(two[3]), two[4]),
    )


def _least(size: Array, eps: Array) -> Array:
    return jnp.sqrt(jnp.square(size) + jnp.square(eps))


def _seen(one: _Box, two: _Box) -> tuple[Array, Array]:
    """The way between the centres, along the sides of the second box."""
    x, y, cosine, sine = one.x - two.x, one.y - two.y, jnp.cos(two.angle), jnp.sin(two.angle)
    return cosine * x + sine * y, cosine * y - sine * x
