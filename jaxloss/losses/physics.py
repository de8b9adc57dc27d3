"""Fields and energies that obey their equations, by automatic differentiation.

Most losses here read functions: a field, an energy or a residual takes *one* point, a vector, and
gives a number or a vector; its parameters are bound to it. The loss takes the points, first axis,
and gives one value for each, which `jaxloss.mean` averages and `jaxloss.objective` weighs:

* an equation is `pde_residual` of what ought to be 0, such as the trace of `jax.hessian(field)(x)`;
* boundary and initial conditions are `pde_residual` of another residual at other points, or
  `regression.squared_error` where values are known;
* weights that are learned for each point are `weights` of `jaxloss.mean`, whose gradient is to be
  ascended: `optax.multi_transform` with a negative learning rate there.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import hyperparameters, of_rows, promote, same_shape, vectors
from jaxloss.core.numerics import safe_divide
from jaxloss.losses.agreement import minkowski_error

Function = Callable[[Array], Array]


def relative_lp(
    pred: Float[ArrayLike, "*batch n"],
    target: Float[ArrayLike, "*batch n"],
    *,
    p: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward a field for an error that is small beside the field: neural operators.

    Formula: `norm(pred - target, p) / norm(target, p)`; gradient 0 at a perfect prediction.

    Args:
        pred: values of a field, all points on the last axis.
        target: values of the true one.
        p: order of the norms, at least 1.

    Returns:
        One value for each field; 0 for a target of zeros.

    Example:
        >>> relative_lp([[3.0, 0.0]], [[3.0, 4.0]])
        Array([0.8], dtype=float32)

    Reference: Li et al. 2021, arXiv:2010.08895.
    """
    pred, target = vectors(pred=pred, target=target)
    size = minkowski_error(target, jnp.zeros_like(target), order=p)
    return safe_divide(minkowski_error(pred, target, order=p), size)


def causal(
    residuals: Float[ArrayLike, "*batch time"], *, eps: ArrayLike = 1.0
) -> Float[Array, "*batch"]:
    """Reward small residuals at a time once those of all earlier times are small.

    Formula: `mean(exp(-eps * sum(residuals[:i])) * residuals[i])` with the exponentials held
    constant.

    Args:
        residuals: losses of the slices of time, in order; non-negative.
        eps: how small earlier ones must be; the paper raises it from 0.01 to 100.

    Returns:
        One value for each row; 0 of no times.

    Example:
        >>> causal([[0.0, 1.0, 1.0]])
        Array([0.456], dtype=float32)

    Reference: Wang et al. 2022, arXiv:2203.07404.
    """
    (residuals,) = vectors(residuals=residuals)
    (eps,) = hyperparameters(of_rows(residuals), eps=eps)
    eps = eps[..., None] if eps.ndim else eps
    before = jnp.cumsum(residuals, axis=-1) - residuals
    weights = lax.stop_gradient(jnp.exp(-eps * before))
    return jnp.sum(weights * residuals, axis=-1) / max(residuals.shape[-1], 1)


def pde_residual(residual: Function, x: Float[ArrayLike, "n dim"]) -> Float[Array, " n"]:
    """Reward a field for obeying an equation at points.

    Formula: `sum(residual(x)**2)`.

    Args:
        residual: of the equation at one point, a number or a vector, 0 where it holds.
        x: points.

    Returns:
        One value for each point.

    Example:
        >>> from jax import grad
        >>> pde_residual(lambda x: grad(lambda x: x[0] ** 2)(x)[0] - 4.0, jnp.array([[1.0], [2.0]]))
        Array([4., 0.], dtype=float32)

    Reference: Raissi et al. 2019, doi:10.1016/j.jcp.2018.10.045.
    """
    return _at_points(lambda x: _squares(residual(x)), x)


def gpinn(residual: Function, x: Float[ArrayLike, "n dim"]) -> Float[Array, " n"]:
    """Reward an equation for holding around the points too: a term beside `pde_residual`.

    Formula: `sum(jacobian(residual)(x)**2)`.

    Args:
        residual: of the equation at one point, a number or a vector, 0 where it holds.
        x: points.

    Returns:
        One value for each point.

    Example:
        >>> gpinn(lambda x: x[0] ** 2, jnp.array([[3.0]]))
        Array([36.], dtype=float32)

    Reference: Yu et al. 2022, arXiv:2111.02801.
    """
    return _at_points(lambda x: _squares(jax.jacrev(residual)(x)), x)


def deep_ritz(
    field: Function, x: Float[ArrayLike, "n dim"], source: Function
) -> Float[Array, " n"]:
    """Reward a field for little energy: the solution of Poisson's equation has the least.

    Formula: `sum(gradient of field at x **2) / 2 - source(x) * field(x)`, whose mean over points
    drawn evenly from the domain estimates the energy; it can be negative. Conditions on the
    boundary are terms beside it.

    Args:
        field: gives a number at one point.
        x: points.
        source: gives a number at one point, the right-hand side of `-laplacian(field) = source`.

    Returns:
        One value for each point.

    Example:
        >>> deep_ritz(lambda x: x[0] ** 2, jnp.array([[1.0]]), lambda x: 3.0)
        Array([-1.], dtype=float32)

    Reference: E and Yu 2018, arXiv:1710.00211.
    """

    def energy(x: Array) -> Array:
        value, slope = jax.value_and_grad(field)(x)
        return _squares(slope) / 2 - source(x) * value

    return _at_points(energy, x)


def sobolev(
    function: Function,
    x: Float[ArrayLike, "n dim"],
    target: Float[ArrayLike, " n"],
    slopes: Float[ArrayLike, "n dim"],
    *,
    slope_weight: ArrayLike = 1.0,
) -> Float[Array, " n"]:
    """Reward a function for the right values and the right slopes: the norm of H1.

    Formula: `(function(x) - target)**2 + slope_weight * sum((gradient of function - slopes)**2)`.

    Args:
        function: gives a number at one point.
        x: points.
        target: true values.
        slopes: true gradients.
        slope_weight: of the second part.

    Returns:
        One value for each point.

    Raises:
        ValueError: for shapes that do not fit the points.

    Example:
        >>> sobolev(lambda x: x[0] ** 2, [[1.0]], [0.0], [[0.0]])
        Array([5.], dtype=float32)

    Reference: Czarnecki et al. 2017, arXiv:1706.04859.
    """
    x, target, slopes = promote(x=x, target=target, slopes=slopes)
    x, slopes = same_shape(x=x, slopes=slopes)
    if target.shape != x.shape[:1]:
        raise ValueError(f"expected `target` of shape {x.shape[:1]}, got {target.shape}")
    value, slope = jax.vmap(jax.value_and_grad(function))(lax.stop_gradient(x))
    (weight,) = hyperparameters(target, slope_weight=slope_weight)
    return jnp.square(value - target) + weight * jnp.sum(jnp.square(slope - slopes), axis=-1)


def energy_force(
    energy: Function,
    positions: Float[ArrayLike, "n atoms dim"],
    target: Float[ArrayLike, " n"],
    forces: Float[ArrayLike, "n atoms dim"],
    *,
    energy_weight: ArrayLike = 1.0,
    force_weight: ArrayLike = 1.0,
) -> Float[Array, " n"]:
    """Reward an energy for its values and for the forces that follow from it.

    Formula: `energy_weight * (energy(r) - target)**2
    + force_weight * mean(sum((-gradient of energy - forces)**2))`, the mean over atoms.

    Args:
        energy: gives a number for the positions of the atoms of one structure.
        positions: of the atoms of each structure.
        target: true energies.
        forces: true forces on the atoms.
        energy_weight: of the first part.
        force_weight: of the second part.

    Returns:
        One value for each structure.

    Raises:
        ValueError: for shapes that do not fit the positions.

    Example:
        >>> spring = lambda r: jnp.sum(r**2)
        >>> energy_force(spring, [[[1.0, 2.0]]], [5.0], [[[-2.0, -3.0]]])
        Array([1.], dtype=float32)

    Reference: Schütt et al. 2017, arXiv:1706.08566.
    """
    positions, target, forces = promote(positions=positions, target=target, forces=forces)
    positions, forces = same_shape(positions=positions, forces=forces)
    if positions.ndim != 3 or target.shape != positions.shape[:1]:
        raise ValueError(
            f"expected `target` with a number for each of `positions` {positions.shape}, "
            f"of shape (n, atoms, dim), got {target.shape}"
        )
    value, slope = jax.vmap(jax.value_and_grad(energy))(lax.stop_gradient(positions))
    wrong = jnp.sum(jnp.square(slope + forces), axis=(-2, -1)) / max(positions.shape[1], 1)
    weights = hyperparameters(target, energy_weight=energy_weight, force_weight=force_weight)
    return weights[0] * jnp.square(value - target) + weights[1] * wrong


def divergence_free(field: Function, x: Float[ArrayLike, "n dim"]) -> Float[Array, " n"]:
    """Reward a vector field that loses and gains nothing: incompressible flow, conservation.

    Formula: `trace(jacobian(field)(x))**2`.

    Args:
        field: gives a vector at one point, of as many entries.
        x: points; for a law of conservation time is one of their entries, and the density one of
            the field's.

    Returns:
        One value for each point.

    Example:
        >>> divergence_free(lambda x: x**2, jnp.array([[1.0, 2.0]]))
        Array([36.], dtype=float32)

    Reference: Raissi et al. 2019, doi:10.1016/j.jcp.2018.10.045.
    """
    return _at_points(lambda x: jnp.square(jnp.trace(jax.jacfwd(field)(x))), x)


def hamiltonian(
    energy: Callable[[Array, Array], Array],
    q: Float[ArrayLike, "n dim"],
    p: Float[ArrayLike, "n dim"],
    q_dot: Float[ArrayLike, "n dim"],
    p_dot: Float[ArrayLike, "n dim"],
) -> Float[Array, " n"]:
    """Reward an energy whose equations of motion give the motion seen.

    Formula: `sum((q_dot - dH/dp)**2) + sum((p_dot + dH/dq)**2)`.

    Args:
        energy: gives a number for one position and one momentum.
        q: positions.
        p: momenta.
        q_dot: how fast the positions change.
        p_dot: how fast the momenta change.

    Returns:
        One value for each moment.

    Example:
        >>> spring = lambda q, p: jnp.sum(q**2 + p**2) / 2
        >>> hamiltonian(spring, [[1.0]], [[2.0]], [[2.0]], [[0.0]])
        Array([1.], dtype=float32)

    Reference: Greydanus et al. 2019, arXiv:1906.01563.
    """
    q, p, q_dot, p_dot = same_shape(q=q, p=p, q_dot=q_dot, p_dot=p_dot)
    of_q, of_p = jax.vmap(jax.grad(energy, (0, 1)))(lax.stop_gradient(q), lax.stop_gradient(p))
    return jnp.sum(jnp.square(q_dot - of_p) + jnp.square(p_dot + of_q), axis=-1)


def lagrangian(
    function: Callable[[Array, Array], Array],
    q: Float[ArrayLike, "n dim"],
    q_dot: Float[ArrayLike, "n dim"],
    q_dot_dot: Float[ArrayLike, "n dim"],
) -> Float[Array, " n"]:
    """Reward a Lagrangian whose equations of motion hold for the motion seen.

    Formula: `sum((d/dt dL/dq_dot - dL/dq)**2)`, of the equations themselves. (Cranmer et al. solve
    them for the acceleration, with a matrix that may have no inverse.) A constant has none but
    equations that hold: fix its scale, by a known mass or a term beside it.

    Args:
        function: gives a number for one position and one velocity.
        q: positions.
        q_dot: velocities.
        q_dot_dot: accelerations.

    Returns:
        One value for each moment.

    Example:
        >>> spring = lambda q, v: jnp.sum(v**2 - q**2) / 2
        >>> lagrangian(spring, [[1.0]], [[2.0]], [[2.0]])
        Array([9.], dtype=float32)

    Reference: Cranmer et al. 2020, arXiv:2003.04630.
    """
    q, q_dot, q_dot_dot = same_shape(q=q, q_dot=q_dot, q_dot_dot=q_dot_dot)

    def wrong(q: Array, v: Array, a: Array) -> Array:
        # The momentum's change along the motion, without its Hessian.
        changed = jax.jvp(jax.grad(function, 1), (q, v), (v, a))[1]
        return _squares(changed - jax.grad(function)(q, v))

    return jax.vmap(wrong)(*lax.stop_gradient((q, q_dot, q_dot_dot)))


def _squares(values: ArrayLike) -> Array:
    return jnp.sum(jnp.square(jnp.asarray(values)))


def _at_points(function: Function, x: ArrayLike) -> Array:
    """A number at each point; the points carry no gradient."""
    (x,) = promote(x=x)
    if x.ndim != 2:
        raise ValueError(f"expected `x` of shape (n, dim), a point each row, got {x.shape}")
    return jax.vmap(function)(lax.stop_gradient(x))
