"""Scores of a forecast of a whole vector: ensembles of vectors, and a mean with a covariance.

`estimator` is that of `scoring.crps_ensemble`: `"energy"` takes the ensemble for the forecast
itself, `"fair"` for a sample of it, and leaves the pairs of a member with itself out.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.forecasts import aligned
from jaxloss.core.numerics import absolute, safe_norm, safe_power


def energy(
    pred: Float[ArrayLike, "*batch members dim"],
    target: Float[ArrayLike, "*batch dim"],
    *,
    estimator: Literal["energy", "fair"] = "energy",
) -> Float[Array, "*batch"]:
    """Reward an ensemble of vectors for being sharp and for surrounding what came true.

    Formula: `mean(norm(pred - target)) - mean(norm(pred - pred')) / 2`, the second over all pairs
    of members: `scoring.crps_ensemble` of vectors. Members that coincide have slope 0 in their
    distance.

    Args:
        pred: members of the ensemble.
        target: what came true.
        estimator: `"energy"` or `"fair"`.

    Returns:
        One value for each ensemble.

    Example:
        >>> energy([[0.0, 0.0], [6.0, 8.0]], [0.0, 0.0])
        Array(2.5, dtype=float32)

    Reference: Gneiting and Raftery 2007, doi:10.1198/016214506000001437.
    """
    pred, target = aligned({"pred": "members dim", "target": "dim"}, pred=pred, target=target)
    off = safe_norm(pred - target[..., None, :])
    apart = safe_norm(pred[..., :, None, :] - pred[..., None, :, :])
    return _contrast(off, apart, estimator)


def gaussian_kernel(
    pred: Float[ArrayLike, "*batch members dim"],
    target: Float[ArrayLike, "*batch dim"],
    *,
    bandwidth: ArrayLike = 1.0,
    estimator: Literal["energy", "fair"] = "energy",
) -> Float[Array, "*batch"]:
    """Reward an ensemble for being where it came true, as seen through a kernel.

    Formula: with `k(x, y) = exp(-sum((x - y)**2) / (2 * bandwidth**2))`,
    `(mean(k(pred, pred')) + 1) / 2 - mean(k(pred, target))`: half of the squared maximum mean
    discrepancy to a point.

    Args:
        pred: members of the ensemble; for numbers, vectors of length one.
        target: what came true.
        bandwidth: of the kernel, in units of the target; positive.
        estimator: `"energy"` or `"fair"`.

    Returns:
        One value for each ensemble.

    Example:
        >>> gaussian_kernel([[0.0], [0.0]], [1.0])
        Array(0.3935, dtype=float32)

    Reference: Gneiting and Raftery 2007, doi:10.1198/016214506000001437.
    """
    pred, target = aligned({"pred": "members dim", "target": "dim"}, pred=pred, target=target)
    (bandwidth,) = hyperparameters(of_rows(of_rows(pred)), bandwidth=bandwidth)

    def unlike(difference: Array, axes: int) -> Array:
        scaled = difference / along(bandwidth, axes)
        return -jnp.expm1(-jnp.sum(jnp.square(scaled), axis=-1) / 2)

    off = unlike(pred - target[..., None, :], 2)
    return _contrast(off, unlike(pred[..., :, None, :] - pred[..., None, :, :], 3), estimator)


def _contrast(off: Array, apart: Array, estimator: Literal["energy", "fair"]) -> Array:
    """Mean distance to the target, less half of that between members; 0 without members."""
    count = off.shape[-1]
    pairs = count * count if estimator == "energy" else count * (count - 1)
    spread = jnp.sum(apart, axis=(-2, -1)) / max(pairs, 1)
    return jnp.sum(off, axis=-1) / max(count, 1) - spread / 2


def variogram(
    pred: Float[ArrayLike, "*batch members dim"],
    target: Float[ArrayLike, "*batch dim"],
    *,
    order: ArrayLike = 0.5,
    weights: Float[ArrayLike, "dim dim"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward an ensemble of vectors for differences between entries like those that came true.

    Formula: `sum_ij(weights[i, j] * (abs(target[i] - target[j])**order
    - mean(abs(pred[i] - pred[j])**order))**2)`, the mean over members. It sees wrong correlations,
    where the energy score hardly does, and no common offset. Entries that tie have slope 0.

    Args:
        pred: members of the ensemble.
        target: what came true.
        order: of the variogram, positive.
        weights: of the pairs of entries, non-negative; 1 if None.

    Returns:
        One value for each ensemble.

    Example:
        >>> variogram([[0.0, 4.0], [0.0, 0.0]], [0.0, 1.0])
        Array(0., dtype=float32)

    Reference: Scheuerer and Hamill 2015, doi:10.1175/MWR-D-14-00269.1.
    """
    pred, target = aligned({"pred": "members dim", "target": "dim"}, pred=pred, target=target)
    (order,) = hyperparameters(of_rows(target), order=order)

    def differences(x: Array, axes: int) -> Array:
        apart = absolute(x[..., :, None] - x[..., None, :])
        return safe_power(apart, along(order, axes))

    members = pred.shape[-2]
    # Member by member, so that nothing is left where all are right.
    gaps = differences(pred, 3) - differences(target, 2)[..., None, :, :]
    square = jnp.square(jnp.sum(gaps, axis=-3) / max(members, 1))
    if weights is not None:
        table = jnp.asarray(weights).astype(square.dtype)
        if table.shape != square.shape[-2:]:
            raise ValueError(f"expected `weights` of shape {square.shape[-2:]}, got {table.shape}")
        square = square * jnp.broadcast_to(table, square.shape)
    return jnp.sum(square, axis=(-2, -1)) if members else jnp.zeros_like(target[..., 0])


def dawid_sebastiani(
    mean: Float[ArrayLike, "*batch dim"],
    factor: Float[ArrayLike, "*batch dim dim"],
    target: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a mean and a covariance, whatever the distribution is otherwise.

    Formula: with `factor` the lower triangular `L` of the covariance `L @ L.T`,
    `2 * sum(log(diag(L))) + sum(solve(L, target - mean)**2)`: that of a normal distribution is
    twice its negative log-likelihood, but for a constant. What is above the diagonal is not read.

    Args:
        mean: of the forecast.
        factor: of its covariance (see `moments`), with a positive diagonal.
        target: what came true.

    Returns:
        One value for each forecast.

    Example:
        >>> dawid_sebastiani([0.0, 0.0], [[1.0, 0.0], [0.0, 2.0]], [1.0, 2.0])
        Array(3.3863, dtype=float32)

    Reference: Dawid and Sebastiani 1999, doi:10.1214/aos/1018031101.
    """
    axes = {"mean": "dim", "factor": "dim dim", "target": "dim"}
    mean, factor, target = aligned(axes, mean=mean, factor=factor, target=target)
    white = solve_triangular(factor, (target - mean)[..., None], lower=True)[..., 0]
    diagonal = jnp.diagonal(factor, axis1=-2, axis2=-1)
    return jnp.sum(2 * jnp.log(diagonal) + jnp.square(white), axis=-1)


def moments(
    pred: Float[ArrayLike, "*batch members dim"], *, jitter: ArrayLike = 0.0
) -> tuple[Float[Array, "*batch dim"], Float[Array, "*batch dim dim"]]:
    """Mean of an ensemble, and the factor of its covariance, for `dawid_sebastiani`.

    Args:
        pred: members of the ensemble, more than the vectors are long unless there is jitter.
        jitter: added to the variances; without it, a singular covariance gives NaN.

    Returns:
        The mean, and a lower triangular matrix.

    Example:
        >>> mean, factor = moments([[0.0], [2.0]])
        >>> factor * factor
        Array([[2.]], dtype=float32)
    """
    (pred,) = aligned({"pred": "members dim"}, pred=pred)
    middle = jnp.mean(pred, axis=-2)
    off = pred - middle[..., None, :]
    covariance = jnp.einsum("...mi,...mj->...ij", off, off, precision="highest")
    covariance = covariance / max(pred.shape[-2] - 1, 1)
    extra = jnp.asarray(jitter).astype(pred.dtype) * jnp.eye(pred.shape[-1], dtype=pred.dtype)
    return middle, jnp.linalg.cholesky(covariance + jnp.broadcast_to(extra, covariance.shape))
