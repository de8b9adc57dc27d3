"""Divergences of one normal distribution from another, in closed form.

Normal distributions of independent coordinates are given by `mean` and `log_variance`, coordinates
on the last axis. Those that are correlated (`full_kl`, `full_wasserstein`) are given by `mean` and
a `factor`, a square matrix whose product with its transpose is the covariance. Those of the
prediction come first, and each pair gives one value, in nats but for distances. A variance whose
logarithm is far below 0 is a point; what diverges from it without bound is infinite.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import promote, require, vectors
from jaxloss.core.numerics import exp_residual, log_cosh, rotation, safe_sqrt, with_tangent
from jaxloss.core.stirling import stretched


def kl(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal distribution for covering another: the forward Kullback-Leibler divergence.

    Formula: with `ratio = target_log_variance - log_variance`, `sum(exp(ratio) - 1 - ratio
    + (mean - target_mean)**2 * exp(-log_variance)) / 2`, the expectation under the target.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> kl([0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array(2.3591, dtype=float32)

    Reference: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; Kingma and Welling 2014,
        arXiv:1312.6114, appendix B.
    """
    m, a, n, b = _pair(mean, log_variance, target_mean, target_log_variance)
    return jnp.sum(exp_residual(b - a) + _relative(m - n, a), axis=-1) / 2


def reverse_kl(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal distribution for staying within another, as a posterior within its prior.

    Formula: `kl` with prediction and target traded: the expectation under the prediction. For a
    standard normal target the sum of `jaxloss.variational.kl_normal`.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> reverse_kl([0.0, 2.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0])
        Array(2.3591, dtype=float32)

    Reference: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; Kingma and Welling 2014,
        arXiv:1312.6114, appendix B.
    """
    return kl(target_mean, target_log_variance, mean, log_variance)


def jeffreys(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward two normal distributions for covering each other.

    Formula: `kl` plus `reverse_kl`: with `ratio = target_log_variance - log_variance`,
    `sum(cosh(ratio) - 1 + (mean - target_mean)**2 * (exp(-log_variance)
    + exp(-target_log_variance)) / 2)`.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> jeffreys([0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array(3.2788, dtype=float32)

    Reference: Jeffreys 1946, doi:10.1098/rspa.1946.0056.
    """
    m, a, n, b = _pair(mean, log_variance, target_mean, target_log_variance)
    half = (b - a) / 2
    apart = _relative(m - n, a) + _relative(m - n, b)
    return jnp.sum(2 * jnp.square(jnp.sinh(half)) + apart / 2, axis=-1)


def bhattacharyya(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward normal distributions that overlap, without end where they do not.

    Formula: with `variance = exp(log_variance)` and the like of the target and their mean `middle`,
    `sum((mean - target_mean)**2 / (8 * middle)
    + log(middle / sqrt(variance * target_variance)) / 2)`.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> bhattacharyya([0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array(0.329, dtype=float32)

    Reference: Bhattacharyya 1943, Bulletin of the Calcutta Mathematical Society 35; Kailath 1967,
        doi:10.1109/TCOM.1967.1089532.
    """
    m, a, n, b = _pair(mean, log_variance, target_mean, target_log_variance)
    stray = log_cosh((b - a) / 2)
    log_middle = (a + b) / 2 + stray
    return jnp.sum(_relative(m - n, log_middle) / 8 + stray / 2, axis=-1)


def hellinger(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward normal distributions for being close, in a metric of at most 1.

    Formula: `sqrt(1 - exp(-bhattacharyya))`, with gradient 0 between equal distributions.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> hellinger([0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array(0.5295, dtype=float32)

    Reference: Hellinger 1909, doi:10.1515/crll.1909.136.210.
    """
    pair = _pair(mean, log_variance, target_mean, target_log_variance)
    # So far apart nothing is shared, and the slopes of what is infinite are not asked for.
    apart = bhattacharyya(*map(lax.stop_gradient, pair)) > 100
    near = bhattacharyya(*(jnp.where(apart[..., None], 0, x) for x in pair))
    return jnp.where(apart, 1, safe_sqrt(-jnp.expm1(-near)))


def wasserstein(
    mean: Float[ArrayLike, "*batch dim"],
    log_variance: Float[ArrayLike, "*batch dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_log_variance: Float[ArrayLike, "*batch dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal distribution for lying where another lies: the cost of moving it there.

    Formula: `sum((mean - target_mean)**2 + (exp(log_variance / 2)
    - exp(target_log_variance / 2))**2)`: the squared distance of order 2.

    Args:
        mean: of the prediction.
        log_variance: logarithms of its variances.
        target_mean: of the target.
        target_log_variance: logarithms of its variances.

    Returns:
        One value for each pair.

    Example:
        >>> wasserstein([0.0, 2.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0])
        Array(4.4208, dtype=float32)

    Reference: Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X.
    """
    m, a, n, b = _pair(mean, log_variance, target_mean, target_log_variance)
    # The difference of two roots is their sum times this tangent, without cancellation.
    spread = (jnp.exp(a / 2) + jnp.exp(b / 2)) * jnp.tanh((a - b) / 4)
    return jnp.sum(jnp.square(m - n) + jnp.square(spread), axis=-1)


def full_kl(
    mean: Float[ArrayLike, "*batch dim"],
    factor: Float[ArrayLike, "*batch dim dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_factor: Float[ArrayLike, "*batch dim dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal distribution for covering another, correlations included.

    Formula: with `L` and `T` the factors, lower triangular, `(sum(inv(L) @ T)**2 + sum((inv(L)
    @ (mean - target_mean))**2) - dim) / 2 + sum(log(diag(L))) - sum(log(diag(T)))`: the
    expectation under the target. What stands above the diagonals does not count.

    Args:
        mean: of the prediction.
        factor: Cholesky factor of its covariance, with a positive diagonal.
        target_mean: of the target.
        target_factor: Cholesky factor of its covariance.

    Returns:
        One value for each pair.

    Example:
        >>> full_kl([0.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], [[1.0, 0.0], [1.0, 1.0]])
        Array(2.5, dtype=float32)

    Reference: Kullback and Leibler 1951, doi:10.1214/aoms/1177729694; Rasmussen and Williams 2006,
        "Gaussian Processes for Machine Learning", A.5.
    """
    m, lower, n, t = _full_pair(mean, factor, target_mean, target_factor)
    diagonals = [jnp.diagonal(x, axis1=-2, axis2=-1) for x in (lower, t)]
    for name, diagonal in zip(("factor", "target_factor"), diagonals, strict=True):
        require(lambda diagonal=diagonal: diagonal > 0, f"`{name}` has a diagonal that is not > 0")
    right = jnp.concatenate([jnp.tril(t), (m - n)[..., None]], axis=-1)
    solved = jax.scipy.linalg.solve_triangular(lower, right, lower=True)
    ratio, moved = solved[..., :-1], solved[..., -1]
    log_ratio = jnp.log(diagonals[1]) - jnp.log(diagonals[0])
    below = jnp.sum(jnp.square(jnp.tril(ratio, -1)), axis=(-2, -1))
    return (below + jnp.sum(exp_residual(2 * log_ratio) + jnp.square(moved), axis=-1)) / 2


def full_wasserstein(
    mean: Float[ArrayLike, "*batch dim"],
    factor: Float[ArrayLike, "*batch dim dim"],
    target_mean: Float[ArrayLike, "*batch dim"],
    target_factor: Float[ArrayLike, "*batch dim dim"],
) -> Float[Array, "*batch"]:
    """Reward a normal distribution for lying where another lies, correlations included.

    Formula: with `A = factor @ factor.T` and `B` the like of the target, `sum((mean
    - target_mean)**2) + trace(A + B - 2 * sqrtm(sqrtm(A) @ B @ sqrtm(A)))`: the squared distance
    of order 2, that of Bures between covariances, and of the Fréchet inception distance. It is
    computed as the least of `sum((factor - target_factor @ Q)**2)` over rotations `Q`, so that it
    keeps its digits where both are close, and covariances may be singular. Where several rotations
    are best the gradient is that at one of them.

    Args:
        mean: of the prediction.
        factor: any square root of its covariance, a Cholesky factor for one.
        target_mean: of the target.
        target_factor: any square root of its covariance.

    Returns:
        One value for each pair.

    Example:
        >>> one, other = jnp.array([[1.0, 0.0], [0.0, 1.0]]), jnp.array([[2.0, 0.0], [0.0, 3.0]])
        >>> full_wasserstein([0.0, 2.0], one, [0.0, 0.0], other)
        Array(9., dtype=float32)

    Reference: Dowson and Landau 1982, doi:10.1016/0047-259X(82)90077-X; Bhatia et al. 2019,
        arXiv:1712.01504.
    """
    m, a, n, b = _full_pair(mean, factor, target_mean, target_factor)
    moved = jnp.sum(jnp.square(m - n), axis=-1)
    return moved + _bures(a, b) if m.shape[-1] else moved


def _pair(
    mean: ArrayLike, log_variance: ArrayLike, target_mean: ArrayLike, target_log_variance: ArrayLike
) -> list[Array]:
    return vectors(
        mean=mean,
        log_variance=log_variance,
        target_mean=target_mean,
        target_log_variance=target_log_variance,
    )


def _full_pair(
    mean: ArrayLike, factor: ArrayLike, target_mean: ArrayLike, target_factor: ArrayLike
) -> list[Array]:
    given = promote(mean=mean, factor=factor, target_mean=target_mean, target_factor=target_factor)
    dim = given[0].shape[-1:]
    if not dim or [x.shape for x in given] != 2 * [given[0].shape, given[0].shape + dim]:
        shapes = ", ".join(str(x.shape) for x in given)
        raise ValueError(
            "expected `mean` and `target_mean` of one shape (*batch, dim), `factor` and "
            f"`target_factor` of shape (*batch, dim, dim), got, in order of arguments, {shapes}"
        )
    return given


def _relative(error: Array, log_variance: Array) -> Array:
    """Squares in units of a variance."""
    return jnp.square(stretched(error, -log_variance / 2))


def _apart(a: Array, b: Array, turn: Array) -> Array:
    return jnp.sum(jnp.square(a - jnp.matmul(b, turn, precision="highest")), axis=(-2, -1))


def _turn(a: Array, b: Array) -> Array:
    return rotation(jnp.matmul(jnp.swapaxes(b, -1, -2), a, precision="highest"))


def _with_turn_held(_: Array, primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> Array:
    # At the best rotation nothing changes with it.
    turn = _turn(*primals)
    return jax.jvp(lambda a, b: _apart(a, b, turn), primals, tangents)[1]


_bures = with_tangent(lambda a, b: _apart(a, b, _turn(a, b)), _with_turn_held)
