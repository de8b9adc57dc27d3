"""The quadratic programs behind weightings of the Gramian, solved exactly, with static shapes.

There are few unknowns, one for each task, bounded from below: few enough to find out *which* bounds
are active and to solve for the rest, instead of iterating towards the solution.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import cho_solve
from jaxtyping import Bool, Float, Int

from jaxloss.core.mesh import zeros_of_type
from jaxloss.core.numerics import relu, safe_divide, safe_sqrt

_GRACE = 3
"""Exchanges in a row that may leave as many wrong bounds as there were."""


class Solution(NamedTuple):
    """What a solver found.

    Attributes:
        values: a feasible point; the minimiser if `converged`.
        converged: whether the point meets the conditions of optimality, to rounding.
    """

    values: Float[Array, " n"]
    converged: Bool[Array, ""]


class _State(NamedTuple):
    free: Bool[Array, " n"]  # believed to be off its bound
    fewest: Int[Array, ""]  # wrong beliefs, at best, about this centre and ridge
    grace: Int[Array, ""]
    centre: Float[Array, " n"]
    ridge: Float[Array, ""]
    best: Float[Array, " n"]
    residual: Float[Array, ""]  # of the best values
    helped: Bool[Array, ""]
    steps: Int[Array, ""]


class Scaled(NamedTuple):
    """A Gramian as cosines and norms.

    Attributes:
        cosines: of all pairs; rows and columns of 0 for vectors that are 0.
        norms: lengths of the vectors.
        inverse: of the norms; 0 where they are.
    """

    cosines: Float[Array, "n n"]
    norms: Float[Array, " n"]
    inverse: Float[Array, " n"]


def unit_diagonal(gramian: Float[Array, "n n"]) -> Scaled:
    """Divide by the norms of the vectors, so that none is too small to count."""
    norms = safe_sqrt(jnp.diagonal(gramian))
    inverse = safe_divide(jnp.ones_like(norms), norms)
    return Scaled(gramian * inverse[:, None] * inverse, norms, inverse)


def positive_solve(matrix: Float[Array, "n n"], right: Float[Array, " n"]) -> Float[Array, " n"]:
    """Solve a system with a symmetric, positive definite matrix; NaN if rounding makes it none."""
    return cho_solve((jnp.linalg.cholesky(matrix), True), right)


def bounded_quadratic(
    matrix: Float[Array, "n n"], linear: Float[Array, " n"], lower: Float[Array, " n"]
) -> Solution:
    """Minimise `v @ matrix @ v / 2 - linear @ v` over `v >= lower`.

    Block principal pivoting: believe some unknowns to be at their bounds, solve for the others,
    exchange all those with the wrong sign. Unknowns are scaled to a diagonal of 1 first, so that
    gradients of all sizes are treated alike. The matrix may be singular: a ridge around the
    solution so far, which moves along, leaves no trace in the end (the proximal point method). It
    shrinks with success, and grows where pivoting goes round in circles, up to where it cannot.

    Args:
        matrix: symmetric and positive semidefinite. Where its diagonal is 0, the row must be, and
            `linear` too; such an unknown stays at its bound.
        linear: slope at 0, with the opposite sign.
        lower: bounds.

    Example:
        >>> gramian = jnp.array([[18.0, -22.0], [-22.0, 38.0]])
        >>> bounded_quadratic(gramian, jnp.zeros(2), jnp.array([0.5, 0.5])).values
        Array([0.6111, 0.5   ], dtype=float32)

    Reference: Júdice and Pires 1994, doi:10.1016/0305-0548(94)90106-6; Rockafellar 1976,
    doi:10.1137/0314056.
    """
    size = len(lower)
    eps = float(jnp.finfo(matrix.dtype).eps)
    tolerance, least_ridge, first_ridge = eps**0.8, eps**0.7, eps**0.45

    unit, norms, inverse = unit_diagonal(matrix)
    floor, pull = lower * norms, linear * inverse
    scale = jnp.maximum(jnp.max(jnp.abs(floor)), jnp.max(jnp.abs(pull)))
    floor, pull = safe_divide(floor, scale), safe_divide(pull, scale)
    identity = jnp.eye(size, dtype=matrix.dtype)

    def step(state: _State) -> _State:
        free = state.free
        regular = unit + state.ridge * identity
        target = pull + state.ridge * state.centre
        system = jnp.where(free[:, None] & free, regular, identity)
        shift = regular @ jnp.where(free, 0, floor)
        point = positive_solve(system, jnp.where(free, target - shift, floor))
        slack = tolerance * jnp.maximum(1, jnp.max(jnp.abs(point)))
        wrong = jnp.where(free, point < floor - slack, regular @ point - target < -slack)
        count = jnp.sum(wrong)
        known = jnp.all(jnp.isfinite(point))  # the ridge may be lost in rounding
        settled, fewer = known & (count == 0), known & (count < state.fewest)
        stuck = ~settled & ~fewer & (~known | (state.grace == 0))
        again = settled | stuck

        values = jnp.maximum(point, floor)
        # 0 where each unknown is at its bound with a slope upwards, or off it with no slope.
        gaps = jnp.minimum(values - floor, unit @ values - pull)
        residual = jnp.max(jnp.abs(gaps)) / jnp.maximum(1, jnp.max(jnp.abs(values)))
        better = residual < state.residual
        ridge = jnp.where(settled, jnp.maximum(state.ridge / 10, least_ridge), state.ridge)
        return _State(
            free=jnp.where(stuck, state.centre > floor, free ^ wrong),
            fewest=jnp.where(again, size + 1, jnp.minimum(state.fewest, count)),
            grace=jnp.where(again | fewer, _GRACE, state.grace - 1),
            centre=jnp.where(settled, values, state.centre),
            ridge=jnp.where(stuck, 1000 * ridge, ridge),
            best=jnp.where(better, values, state.best),
            residual=jnp.where(better, residual, state.residual),
            helped=residual < state.residual / 2,
            steps=state.steps + 1,
        )

    def unfinished(state: _State) -> Array:
        # Beyond the tolerance for as long as that is cheap: an optimiser that rescales gradients,
        # as Adam does, makes whole steps of what is left of them where tasks cancel out.
        wanted = (state.residual > tolerance) | state.helped
        return wanted & (state.steps < 8 * size + 40)

    start = _State(
        free=jnp.zeros(size, bool),
        fewest=jnp.asarray(size + 1),
        grace=jnp.asarray(_GRACE),
        centre=floor,
        ridge=jnp.asarray(first_ridge, matrix.dtype),
        best=floor,
        residual=jnp.asarray(jnp.inf, matrix.dtype),
        helped=jnp.asarray(False),
        steps=jnp.asarray(0),
    )
    end = lax.while_loop(unfinished, step, start)
    values = jnp.maximum(end.best * scale * inverse, lower)
    return Solution(values, end.residual <= tolerance)


def min_norm_point(gramian: Float[Array, "n n"]) -> Solution:
    """Weights of the point nearest to 0 in the convex hull of vectors with this Gramian.

    Two vectors have a closed form. Else the minimiser of `||v @ vectors||**2 + s * (sum(v) - 1)**2`
    over `v >= 0` is proportional to the weights, for any `s > 0`.

    Args:
        gramian: inner products of the vectors.

    Example:
        >>> min_norm_point(jnp.array([[18.0, -22.0], [-22.0, 38.0]])).values
        Array([0.6, 0.4], dtype=float32)
    """
    size = len(gramian)
    squares = jnp.diagonal(gramian)
    if size == 2:
        weights, converged = relu(squares[::-1] - gramian[0, 1]), jnp.asarray(True)
    else:
        # The squared distance, were the vectors orthogonal; those of no length play no part.
        reciprocal = jnp.sum(safe_divide(jnp.ones_like(squares), squares))
        penalty = jnp.full_like(squares, safe_divide(jnp.ones_like(reciprocal), reciprocal, 1.0))
        weights, converged = bounded_quadratic(gramian + penalty, penalty, jnp.zeros_like(penalty))
    total = jnp.sum(weights)
    weights = jnp.where(total > 0, weights / total, 1 / size)
    return Solution(weights, converged & jnp.isfinite(total))


class Evaluation(NamedTuple):
    """What a function gives at a guess of its fixed point.

    Attributes:
        value: of the function.
        rounding: error that the value may have.
        aux: anything else.
    """

    value: Float[Array, ""]
    rounding: Float[Array, ""]
    aux: Any


class _Search(NamedTuple):
    low: Float[Array, ""]
    high: Float[Array, ""]
    guess: Float[Array, ""]
    last: Float[Array, ""]
    last_value: Float[Array, ""]
    found: Any
    done: Bool[Array, ""]
    steps: Int[Array, ""]


def fixed_point(
    function: Callable[[Float[Array, ""]], Evaluation],
    low: Float[Array, ""],
    high: Float[Array, ""],
) -> tuple[Any, Bool[Array, ""]]:
    """Find where `function(x) = x` for a function that rises, but more slowly than `x`.

    By secants, exact where it is piecewise linear. Where those lead out of the interval that is
    left, the value of the function is the next guess, which lies between the last and the solution.

    Args:
        function: of positive numbers.
        low: the solution, if the function is below `x` already.
        high: where it is.

    Returns:
        What else the function gives at the solution, and whether that was found.

    Example:
        >>> half = lambda x: Evaluation(1 + x / 2, jnp.zeros(()), x)
        >>> fixed_point(half, jnp.float32(1), jnp.float32(9))[0]
        Array(2., dtype=float32)
    """
    # No closer than the solutions of programs are, which the function is made of.
    small = 4 * float(jnp.finfo(low.dtype).eps) ** 0.8

    def step(state: _Search) -> _Search:
        guess = state.guess
        value, rounding, aux = function(guess)
        low = jnp.where(value > guess, guess, state.low)
        high = jnp.where(value > guess, state.high, guess)
        slope = safe_divide(value - state.last_value, guess - state.last)
        leap = guess + (value - guess) / (1 - jnp.clip(slope, 0, 1 - small))
        inside = (leap > low) & (leap < high)
        near = jnp.abs(value - guess) <= jnp.maximum(rounding, small * guess)
        return _Search(
            low=low,
            high=high,
            guess=jnp.where(inside, leap, jnp.clip(value, low, high)),
            last=guess,
            last_value=value,
            found=aux,
            done=near | (high - low <= small * high),
            steps=state.steps + 1,
        )

    start = _Search(
        low=low,
        high=high,
        guess=high,
        last=low,
        last_value=low,
        found=jax.tree.map(zeros_of_type, jax.eval_shape(function, low).aux),
        done=jnp.asarray(False),
        steps=jnp.asarray(0),
    )
    end = lax.while_loop(lambda state: ~state.done & (state.steps < 60), step, start)
    return end.found, end.done
