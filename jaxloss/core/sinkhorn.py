"""Entropic optimal transport: dual potentials, and the value that they give.

Potentials are found in logarithms, at temperatures that fall to the one asked for, and then by
products with a matrix that is made anew before anything can overflow. No iterate is kept: what
depends on the solution is differentiated through the equations that it solves, and the value, as
the maximum over the potentials, with these held constant. Both in any order and both modes. All
problems of a batch are solved in one loop, which ends with the last of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import expm1_ratio, safe_divide, safe_sqrt, with_tangent

COOLING = 0.5
"""Of the temperature, from one to the next."""
ROUGHLY = 0.1
"""Share of the mass that may be amiss at temperatures before the last."""
STAY = 256
"""Steps at a temperature before the last, at most."""
STRETCH = 16
"""Steps by products before the matrix is made anew."""
FURTHEST = 30.0
"""Logarithm of the factors that a matrix may be scaled by: beyond, it is made anew."""


class Problem(NamedTuple):
    """What is moved where, at which cost.

    Attributes:
        cost: of each pair.
        a: masses of the rows.
        b: masses of the columns.
        epsilon: price of the entropy, in units of the cost.
        reach: price of masses that are not moved; infinite if all must be.
        tolerance: share of the mass that may be in the wrong rows; no part of the problem, and
            without a derivative.
    """

    cost: Float[Array, "*batch n m"]
    a: Float[Array, "*batch n"]
    b: Float[Array, "*batch m"]
    epsilon: Float[Array, "*batch 1"]
    reach: Float[Array, "*batch 1"]
    tolerance: Float[Array, "*batch 1"]

    @property
    def damping(self) -> Float[Array, "*batch 1"]:
        """Share of a potential that is left where masses need not be moved."""
        return 1 / (1 + self.epsilon / self.reach)


Potentials = tuple[Array, Array]


def value(problem: Problem, most: int) -> Float[Array, "*batch"]:
    """Cost of the best plan between two clouds, entropy included.

    Args:
        problem: to solve.
        most: steps at the last temperature.
    """
    f, g = _between(problem, most)
    return _dual(f, g, problem)


def value_within(problem: Problem, most: int) -> Float[Array, "*batch"]:
    """The same between a cloud and itself: of a symmetric cost, with one potential.

    Args:
        problem: to solve, with the same masses on both sides.
        most: as in `value`.
    """
    f = _within(problem, most)
    return _dual(f, f, problem)


def _dual_value(f: Array, g: Array, problem: Problem) -> Array:
    _, a, b, epsilon, reach, _ = problem

    def kept(potential: Array, mass: Array) -> Array:
        return jnp.sum(mass * potential * expm1_ratio(-potential / reach), axis=-1)

    moved = jnp.sum(_plan(f, g, problem), axis=(-2, -1))
    excess = moved - jnp.sum(a, axis=-1) * jnp.sum(b, axis=-1)
    return kept(f, a) + kept(g, b) - epsilon[..., 0] * excess


def _with_potentials_held(_: Array, primals: Any, tangents: Any) -> Array:
    f, g, problem = primals
    return jax.jvp(lambda problem: _dual_value(f, g, problem), (problem,), (tangents[2],))[1]


_dual = with_tangent(_dual_value, _with_potentials_held)


def _plan(f: Array, g: Array, problem: Problem) -> Array:
    """Mass that goes from each row to each column."""
    rows, columns = f[..., :, None], g[..., None, :]
    log_density = (rows + columns - problem.cost) / problem.epsilon[..., None]
    return problem.a[..., :, None] * problem.b[..., None, :] * jnp.exp(log_density)


def _scores(
    potential: Array, mass: Array, cost: Array, heat: Array, axis: int
) -> tuple[Array, Array]:
    """Exponents along an axis of a cost, relative to the largest that has a mass, and that one."""
    other, heat = -3 - axis, heat[..., None]
    held = jnp.expand_dims(jnp.where(mass > 0, potential, -jnp.inf), other)
    top = jnp.max((held - cost) / heat, axis=axis, keepdims=True, initial=-jnp.inf)
    top = lax.stop_gradient(jnp.where(top > -jnp.inf, top, 0))
    # Only what has no mass exceeds the top.
    scores = (jnp.expand_dims(potential, other) - cost) / heat - top
    return jnp.minimum(scores, 60), jnp.squeeze(top, axis)


def _softmin(potential: Array, mass: Array, cost: Array, heat: Array, axis: int) -> Array:
    """`-heat * log(sum(mass * exp((potential - cost) / heat)))` along an axis of the cost."""
    scores, top = _scores(potential, mass, cost, heat, axis)
    # As a product: a sum of exponentials does not run in the lanes of a processor.
    grown = jnp.exp(scores)
    total = _onto_rows(grown, mass) if axis == -1 else _onto_columns(mass, grown)
    return -heat * (jnp.log(jnp.where(total > 0, total, 1)) + top)


def _softmin_shares(potential: Array, mass: Array, cost: Array, heat: Array, axis: int) -> Array:
    """Share of each pair in the sums of `_softmin`."""
    scores, _ = _scores(potential, mass, cost, heat, axis)
    parts = jnp.expand_dims(mass, -3 - axis) * jnp.exp(scores)
    return safe_divide(parts, jnp.sum(parts, axis=axis, keepdims=True))


def _onto_rows(matrix: Array, vector: Array) -> Array:
    return jnp.einsum("...nm,...m->...n", matrix, vector, precision="highest")


def _onto_columns(vector: Array, matrix: Array) -> Array:
    return jnp.einsum("...n,...nm->...m", vector, matrix, precision="highest")


class _State(NamedTuple):
    f: Array
    g: Array
    heat: Array
    change: Array
    steps: Array


def _solved(problem: Problem, most: int, own: bool) -> Potentials:
    """Fixed point of the softmins of both potentials; of one with itself if it is its own."""
    problem = lax.stop_gradient(problem)
    cost, a, b, epsilon, reach, tolerance = problem
    none = alike(jnp.zeros_like(epsilon), cost, a, b, epsilon, reach)

    def update(f: Array, g: Array, heat: Array) -> Potentials:
        damping = 1 / (1 + heat / reach)
        new = damping * _softmin(g, b, cost, heat, -1)
        if own:
            # Half-way, since one after the other has nothing to alternate with.
            new = (f + new) / 2
            return new, new
        return new, damping * _softmin(new, a, cost, heat, -2)

    largest = jnp.max(jnp.abs(cost), axis=(-2, -1), initial=0)[..., None]
    # Below the rounding of the exponents nothing changes to the better.
    enough = tolerance + 4 * jnp.finfo(cost.dtype).eps * largest / epsilon

    def is_last(heat: Array) -> Array:
        return ~(heat > epsilon)  # and what is not a number, which is not waited for

    def stretch(state: _State) -> _State:
        old, _, heat, _, steps = state
        f, g = update(*state[:2], heat)
        change = _amiss((f - old) / heat, a)
        good = jnp.where(is_last(heat), enough, jnp.maximum(enough, ROUGHLY))
        f, g, more = _by_products(f, g, problem._replace(epsilon=heat), own, good)
        steps = steps + more + 1
        cools = ~is_last(heat) & ((change <= good) | (steps >= STAY))
        cooler = jnp.maximum(COOLING * heat, epsilon)
        return _State(
            f,
            g,
            jnp.where(cools, cooler, heat),
            jnp.where(cools, jnp.inf, change),
            jnp.where(cools, 0, steps),
        )

    def unfinished(state: _State) -> Array:
        going = (state.change > enough) & (state.steps < most)
        return jnp.any(~is_last(state.heat) | going)

    first = _State(
        none + 0 * a,
        none + 0 * b,
        # What is not finite never cools.
        none + jnp.where(jnp.isfinite(largest), jnp.maximum(largest, epsilon), epsilon),
        none + jnp.inf,
        alike(jnp.zeros(none.shape, jnp.int32), none),
    )
    last = lax.while_loop(unfinished, stretch, first)
    return update(*last[:2], epsilon) if own else _rows_last(last, problem)


def _amiss(change: Array, mass: Array) -> Array:
    """Share of the mass that a plan has in wrong rows, from how its logarithms must change."""
    moved = jnp.sum(mass * jnp.abs(change), axis=-1, keepdims=True)
    return safe_divide(moved, jnp.sum(mass, axis=-1, keepdims=True))


def _rows_last(state: _State, problem: Problem) -> Potentials:
    f = problem.damping * _softmin(state.g, problem.b, problem.cost, problem.epsilon, -1)
    return f, state.g


def _by_products(
    f: Array, g: Array, problem: Problem, own: bool, enough: Array
) -> tuple[Array, Array, Array]:
    """Several updates by products with the plan, in logarithms of the factors that scale it."""
    _, a, b, epsilon, _, _ = problem
    damping = problem.damping
    plan, f_, g_ = _plan(f, g, problem), f / epsilon, g / epsilon

    def scaled(summed: Array, mass: Array, base: Array, old: Array) -> Array:
        fits = (summed > 0) & (mass > 0)
        ratio = jnp.log(jnp.where(fits, summed, 1)) - jnp.log(jnp.where(fits, mass, 1))
        return jnp.where(fits, damping * (base - ratio) - base, old)

    def step(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        u, v, _, count = state
        new = scaled(_onto_rows(plan, jnp.exp(v)), a, f_, u)
        if own:
            new = (u + new) / 2
            other = new
        else:
            other = scaled(_onto_columns(jnp.exp(new), plan), b, g_, v)
        return new, other, _amiss(new - u, a), count + 1

    def unfinished(state: tuple[Array, Array, Array, Array]) -> Array:
        u, v, change, count = state
        furthest = jnp.maximum(jnp.max(jnp.abs(u), initial=0), jnp.max(jnp.abs(v), initial=0))
        return (count < STRETCH) & jnp.any(change > enough / 4) & (furthest < FURTHEST)

    none = 0 * f_, 0 * g_, 0 * epsilon + jnp.inf, alike(jnp.zeros((), jnp.int32), f_, epsilon)
    u, v, _, count = lax.while_loop(unfinished, step, none)
    return f + epsilon * u, g + epsilon * v, count


def _conjugate_gradients(apply: Callable[[Array], Array], given: Array) -> Array:
    """Solution of a symmetric system that has one."""

    def solve(apply: Callable[[Array], Array], given: Array) -> Array:
        size = _squared(given)
        enough = jnp.square(4 * jnp.finfo(given.dtype).eps) * size
        most = 4 * given.shape[-1] + 40

        def unfinished(state: tuple[Array, Array, Array, Array, Array]) -> Array:
            return jnp.any(state[3] > enough) & (state[4] < most)

        def step(state: tuple[Array, Array, Array, Array, Array]) -> Any:
            found, rest, along, size, count = state
            pushed = apply(along)
            by = safe_divide(size, jnp.sum(along * pushed, axis=-1, keepdims=True))
            by = jnp.where(size > enough, by, 0)
            found, rest = found + by * along, rest - by * pushed
            new = _squared(rest)
            return found, rest, rest + safe_divide(new, size) * along, new, count + 1

        count = alike(jnp.zeros((), jnp.int32), given)
        first = jnp.zeros_like(given), given, given, size, count
        return lax.while_loop(unfinished, step, first)[0]

    return lax.custom_linear_solve(apply, given, solve, symmetric=True)


def _squared(x: Array) -> Array:
    return jnp.sum(jnp.square(x), axis=-1, keepdims=True)


def _between(problem: Problem, most: int) -> Potentials:
    def implied(found: Potentials, primals: tuple[Problem], tangents: tuple[Problem]) -> Potentials:
        (f, g), (now,) = found, primals

        def updates(now: Problem) -> Potentials:
            rows = _softmin(g, now.b, now.cost, now.epsilon, -1)
            columns = _softmin(f, now.a, now.cost, now.epsilon, -2)
            return now.damping * rows, now.damping * columns

        df, dg = jax.jvp(updates, primals, tangents)[1]
        of_rows = now.damping[..., None] * _softmin_shares(g, now.b, now.cost, now.epsilon, -1)
        of_columns = now.damping[..., None] * _softmin_shares(f, now.a, now.cost, now.epsilon, -2)
        # Each potential moves with the other: of the two equations one is left, which is symmetric
        # in the roots of the masses that arrive.
        both = safe_sqrt(of_rows * of_columns)
        root = safe_sqrt(now.b * jnp.exp(-g / now.reach))

        def settled(y: Array) -> Array:
            # What is moved in full leaves a constant open, which nothing depends on.
            along = jnp.sum(root * y, axis=-1, keepdims=True)
            loose = root * safe_divide(along, _squared(root))
            return y - jnp.where(now.damping == 1, loose, 0)

        given = root * (dg - _onto_columns(df, of_columns))
        apply = lambda y: y - _onto_columns(_onto_rows(both, y), both)
        moved = settled(_conjugate_gradients(apply, settled(given)))
        df = df - _onto_rows(of_rows, safe_divide(moved, root))
        return df, dg - _onto_columns(df, of_columns)

    return with_tangent(lambda problem: _solved(problem, most, own=False), implied)(problem)


def _within(problem: Problem, most: int) -> Array:
    def implied(found: Array, primals: tuple[Problem], tangents: tuple[Problem]) -> Array:
        f, (now,) = found, primals

        def update(now: Problem) -> Array:
            return now.damping * _softmin(f, now.b, now.cost, now.epsilon, -1)

        df = jax.jvp(update, primals, tangents)[1]
        shares = now.damping[..., None] * _softmin_shares(f, now.b, now.cost, now.epsilon, -1)
        both = safe_sqrt(shares * jnp.swapaxes(shares, -1, -2))
        root = safe_sqrt(now.b * jnp.exp(-f / now.reach))
        moved = _conjugate_gradients(lambda y: y + _onto_rows(both, y), root * df)
        return df - _onto_rows(shares, safe_divide(moved, root))

    return with_tangent(lambda problem: _solved(problem, most, own=True)[0], implied)(problem)
