"""Weightings of the Gramian: the inner products of the tasks' gradients decide what each counts.

All weights are constants to differentiation, and what a task without a gradient gets makes no
difference. Balancers that solve a problem say in their state whether they `converged`; where they
did not, each task counts the same.

Which properties hold: *non-conflicting*, no task's loss rises to first order (its gradient and
the balanced one make no obtuse angle); *linear under scaling*, a task whose loss is scaled counts
in proportion.
"""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.numerics import safe_divide, safe_sqrt
from jaxloss.objectives.balance.balancer import Balancer
from jaxloss.objectives.balance.solver import (
    Evaluation,
    Solution,
    bounded_quadratic,
    fixed_point,
    min_norm_point,
    positive_solve,
    unit_diagonal,
)
from jaxloss.objectives.balance.weighting import (
    Gramian,
    PerTask,
    Weights,
    closed_form,
    per_task,
    scalar,
    solving,
)


def mgda() -> Balancer:
    """The shortest gradient: the point nearest to 0 in the convex hull of the tasks' gradients.

    Non-conflicting. It is 0 where no direction serves all tasks (a Pareto-stationary point), so
    also where the gradient of one task is.

    Formula: `argmin(w @ gramian @ w)` over `w >= 0`, `sum(w) == 1`; found exactly, without a ridge.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> mgda().update(conflict, (), None)[0]
        Array([0.6, 0.4], dtype=float32)

    Reference: Désidéri 2012, doi:10.1016/j.crma.2012.03.014; Sener and Koltun 2018,
    arXiv:1810.04650.
    """
    return solving(min_norm_point)


def dual_proj(*, preference: PerTask | None = None) -> Balancer:
    """The non-conflicting gradient nearest to a weighted sum of the tasks' gradients.

    Formula: `argmin(v @ gramian @ v)` over `v >= preference`.

    Args:
        preference: weights of the sum, not negative; `1 / T` if None.

    Raises:
        ValueError: when used, for a preference of another shape.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> dual_proj().update(conflict, (), None)[0]
        Array([0.6111, 0.5   ], dtype=float32)

    Reference: Lopez-Paz and Ranzato 2017, arXiv:1706.08840.
    """

    def weigh(gramian: Gramian) -> Solution:
        lower = per_task(preference, gramian)
        return bounded_quadratic(gramian, jnp.zeros_like(lower), lower)

    return solving(weigh, preference)


def upgrad(*, preference: PerTask | None = None) -> Balancer:
    """Each task's gradient made non-conflicting by itself (`dual_proj` of it alone), then summed.

    Non-conflicting, and linear under scaling.

    Formula: `sum(preference[i] * argmin(v @ gramian @ v))`, over `v >= one_hot(i)` in each summand.

    Args:
        preference: weights of the sum, not negative; `1 / T` if None.

    Raises:
        ValueError: when used, for a preference of another shape.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> upgrad().update(conflict, (), None)[0]
        Array([1.1111, 0.7895], dtype=float32)

    Reference: Quinton and Rey 2024, arXiv:2406.16232.
    """

    def weigh(gramian: Gramian) -> Solution:
        lower = per_task(preference, gramian)
        project = jax.vmap(bounded_quadratic, in_axes=(None, None, 0))
        values, converged = project(gramian, jnp.zeros_like(lower), jnp.diag(lower))
        return Solution(jnp.sum(values, axis=0), jnp.all(converged))

    return solving(weigh, preference)


def cagrad(
    *, c: ArrayLike = 0.5, rescale: Literal["none", "linear", "quadratic"] = "none"
) -> Balancer:
    """Of the gradients near the mean, the one that serves the worst-off task best.

    Non-conflicting for `c >= 1`. With `c < 1` it still minimises the mean loss. For `c = 0` it is
    the mean, and close to `mgda` for large `c`.

    Formula: `argmax(min_i(d @ g[i]))` over `norm(d - g0) <= c * norm(g0)`, where `g0` is the mean;
    its weights are `1 / T + c * norm(g0) / norm(w @ g) * w`, with `w` on the simplex that minimises
    `(w @ g) @ g0 + c * norm(g0) * norm(w @ g)`.

    Args:
        c: how far from the mean, not negative.
        rescale: what to divide by: nothing, `1 + c`, or `1 + c**2`.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> cagrad(c=0.5).update(conflict, (), None)[0]
        Array([0.7041, 0.5   ], dtype=float32)

    Reference: Liu et al. 2021, arXiv:2110.14048.
    """

    def weigh(gramian: Gramian) -> Solution:
        radius = scalar(gramian, c=c)
        products = safe_divide(gramian, jnp.max(jnp.diagonal(gramian)))
        squares = jnp.diagonal(products)
        with_mean = jnp.mean(products, axis=1)
        length = safe_sqrt(jnp.mean(with_mean))
        along = safe_divide(with_mean, length)
        eps = float(jnp.finfo(products.dtype).eps)

        def nearest(square: Array) -> Evaluation:
            # Were the squared length of w @ g known, w would give the point nearest to 0 in the
            # hull of the gradients moved along the mean by that length over c. (Here scaled, so
            # that c may be 0.) The length it has is the one wanted if it is the one guessed.
            reach = jnp.sqrt(square)
            moved = reach / (radius + reach)
            rest = 1 - moved
            cross = moved * rest * (along[:, None] + along)
            point = min_norm_point(rest**2 * products + cross + moved**2)
            rounding = eps * (point.values @ jnp.sqrt(squares)) ** 2
            value = jnp.maximum(point.values @ products @ point.values, rounding)
            return Evaluation(value, rounding, (point, square))

        # A w @ g of length 0 has no direction; a short one leaves the gradient near the mean.
        shortest = eps * jnp.min(jnp.where(squares > 0, squares, 1))
        ((weights, solved), square), found = fixed_point(nearest, shortest, jnp.ones_like(shortest))
        divisor = {"none": 1.0, "linear": 1 + radius, "quadratic": 1 + radius**2}[rescale]
        weights = 1 / len(gramian) + radius * length / jnp.sqrt(square) * weights
        return Solution(weights / divisor, solved & found)

    return solving(weigh)


def nash_mtl() -> Balancer:
    """A bargain: no other gradient of this length raises the product of the tasks' gains.

    Non-conflicting, and indifferent to the scales of the losses; the gradient is `sqrt(T)` long
    until the tasks cannot be served together any more.

    Formula: `weights > 0` such that `gramian @ weights == 1 / weights`.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> nash_mtl().update(conflict, (), None)[0]
        Array([0.5914, 0.4071], dtype=float32)

    Reference: Navon et al. 2022, arXiv:2202.01017.
    """
    return solving(_bargain)


def _bargain(gramian: Gramian) -> Solution:
    """Minimise `w @ gramian @ w / 2 - sum(log(w))` by Newton's method, damped to keep `w > 0`."""
    cosines, norms, inverse = unit_diagonal(gramian)
    eps = float(jnp.finfo(gramian.dtype).eps)
    # Where no direction serves all tasks, only the ridge bounds the weights. (A task without a
    # gradient bargains alone.)
    matrix = cosines + jnp.diag(jnp.where(norms > 0, eps**0.7, 1))

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        weights, _, steps = state
        scaled = weights[:, None] * matrix * weights
        slope = jnp.sum(scaled, axis=1) - 1
        change = positive_solve(scaled + jnp.eye(len(norms), dtype=scaled.dtype), slope)
        decrement = safe_sqrt(slope @ change)
        rounding = 4 * eps * jnp.max(jnp.sum(jnp.abs(scaled), axis=1))
        return weights * (1 - change / (1 + decrement)), decrement <= rounding, steps + 1

    start = (jnp.ones_like(norms), jnp.asarray(False), jnp.asarray(0))
    weights, converged, _ = lax.while_loop(lambda state: ~state[1] & (state[2] < 200), step, start)
    return Solution(weights * inverse, converged)


def imtl_g() -> Balancer:
    """The gradient whose projections onto those of the tasks are all equal.

    Weights may be negative, and if the tasks are much at odds so may the projections.

    Formula: `gramian @ weights == t * norms` for some `t`, with `sum(weights) == 1`; in the sense
    of least squares if no weights do that.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> imtl_g().update(conflict, (), None)[0]
        Array([0.5923, 0.4077], dtype=float32)

    Reference: Liu et al. 2021, https://openreview.net/forum?id=IMPnRXEWpvr.
    """

    def weigh(gramian: Gramian) -> Weights:
        cosines, _, inverse = unit_diagonal(gramian)
        solution = _least_squares(cosines, jnp.ones_like(inverse))
        # All projections are 0 then, which is what unit vectors that cancel out give.
        weights = jnp.where(jnp.any(solution != 0), solution, 1) * inverse
        total = jnp.sum(weights)
        return jnp.where(total != 0, safe_divide(weights, total), 1 / len(weights))

    return closed_form(weigh)


def config(*, preference: PerTask | None = None) -> Balancer:
    """The direction that makes equal angles with all tasks, as long as their sum reaches along it.

    Linear under scaling of all tasks by positive numbers, and non-conflicting unless gradients
    depend on each other.

    Formula: `u * sum(jacobian @ u)`, with `u` the unit vector along
    `pinv(jacobian / norms) @ preference`.

    Args:
        preference: cosines that the direction has in proportion, not negative; equal if None.

    Raises:
        ValueError: when used, for a preference of another shape.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> config().update(conflict, (), None)[0]
        Array([1.2265, 0.8441], dtype=float32)

    Reference: Liu et al. 2024, arXiv:2408.11104.
    """

    def weigh(gramian: Gramian) -> Weights:
        cosines, norms, inverse = unit_diagonal(gramian)
        solution = _least_squares(cosines, per_task(preference, gramian))
        along = cosines @ solution
        return solution * inverse * safe_divide(norms @ along, solution @ along)

    return closed_form(weigh)


def _least_squares(cosines: Gramian, target: Weights) -> Weights:
    """`pinv(cosines) @ target`, 0 where rounding is all there would be."""
    solution = jnp.linalg.pinv(cosines, hermitian=True) @ target
    size = jnp.max(jnp.abs(solution))
    noise = 10 * len(target) * float(jnp.finfo(target.dtype).eps) * jnp.max(jnp.abs(target))
    return jnp.where(size > noise, solution, 0)


def aligned_mtl(
    *,
    preference: PerTask | None = None,
    mode: Literal["min", "median", "rmse"] = "min",
) -> Balancer:
    """Principal components of the gradients made equally long, so that none dominates.

    Formula: `sqrt(s) * (vectors / sqrt(values)) @ vectors.T @ preference`, over the eigenvectors of
    the Gramian whose eigenvalues are not 0.

    Args:
        preference: weights of the tasks once they are aligned; `1 / T` if None.
        mode: how long they become: with `s` the least eigenvalue, the (lower) median or the mean.

    Raises:
        ValueError: when used, for a preference of another shape.

    Example:
        >>> from jaxloss.objectives.balance import Statistics
        >>> conflict = Statistics(jnp.ones(2), jnp.array([[18.0, -22.0], [-22.0, 38.0]]))
        >>> aligned_mtl().update(conflict, (), None)[0]
        Array([0.5591, 0.4083], dtype=float32)

    Reference: Senushkin et al. 2023, arXiv:2305.19000.
    """

    def weigh(gramian: Gramian) -> Weights:
        products = safe_divide(gramian, jnp.max(jnp.diagonal(gramian)))
        values, vectors = jnp.linalg.eigh(products)
        count = len(values)
        kept = values > 10 * count * float(jnp.finfo(values.dtype).eps) * values[-1]
        rank = jnp.sum(kept)
        chosen = {
            "min": lambda: values[count - rank],
            "median": lambda: values[count - rank + (rank - 1) // 2],
            "rmse": lambda: safe_divide(jnp.sum(values * kept), rank.astype(values.dtype)),
        }[mode]()
        factors = jnp.where(kept, safe_sqrt(safe_divide(chosen, values)), 0)
        return (vectors * factors) @ (vectors.T @ per_task(preference, gramian))

    return closed_form(weigh)
