"""Entropic optimal transport: distances between clouds of points that see how far mass must go.

One cloud is one set of vectors, or the rows or columns of a cost matrix, and each pair of clouds
gives one value: pass a whole batch as one cloud. `epsilon`, the price of the entropy, is in units
of the cost: a twentieth of the mean cost is usual; the less it is, the closer the value is to
that of unregularised transport and the longer it takes; far above the costs, a value has the
digits that are left of it. Clouds may differ in size, and points may be weighted. A cloud without
points, or of total weight 0, is at distance 0 from everything. Memory is that of a few matrices of
costs, whatever the number of steps.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core import sinkhorn as engine
from jaxloss.core.checks import hyperparameters, of_rows, promote, samples, sets
from jaxloss.core.clouds import apart, shares, spread

MOST_STEPS = 2000


def entropic(
    cost: Float[ArrayLike, "*batch n m"],
    *,
    epsilon: ArrayLike = 1.0,
    row_weights: Float[ArrayLike, "*batch n"] | None = None,
    column_weights: Float[ArrayLike, "*batch m"] | None = None,
    tolerance: ArrayLike | None = None,
    max_steps: int = MOST_STEPS,
) -> Float[Array, "*batch"]:
    """Reward rows and columns that can be matched at low cost, by a plan that is not too sharp.

    Formula: the least of `sum(P * cost) + epsilon * sum(P * log(P / (a * b)))` over all plans `P`
    whose rows and columns sum to the shares `a` and `b` of the weights.

    Args:
        cost: of moving a unit from each row to each column; any real numbers.
        epsilon: price of the entropy, positive, in units of the cost.
        row_weights: non-negative weights of the rows, of which the shares count; 1 by default.
        column_weights: the same of the columns.
        tolerance: share of the mass that may be in the wrong rows; by default what rounding leaves.
        max_steps: after which the search for them ends.

    Returns:
        One value for each matrix.

    Example:
        >>> entropic([[0.0, 1.0], [1.0, 0.0]])
        Array(0.3799, dtype=float32)

    Reference: Cuturi 2013, arXiv:1306.0895; Peyré and Cuturi 2019, arXiv:1803.00567.
    """
    cost, *weights = _matrix(cost, row_weights, column_weights)
    a, b, some = _shared(*weights)
    return _solved(engine.value, cost, a, b, some, epsilon, jnp.inf, tolerance, max_steps)


def unbalanced(
    cost: Float[ArrayLike, "*batch n m"],
    *,
    epsilon: ArrayLike = 1.0,
    reach: ArrayLike = 1.0,
    row_weights: Float[ArrayLike, "*batch n"] | None = None,
    column_weights: Float[ArrayLike, "*batch m"] | None = None,
    tolerance: ArrayLike | None = None,
    max_steps: int = MOST_STEPS,
) -> Float[Array, "*batch"]:
    """Reward masses that can be matched at low cost, and let those be that are too far away.

    Formula: with `D(x, y) = sum(x * log(x / y) - x + y)`, the least of `sum(P * cost)
    + epsilon * D(P, a * b) + reach * (D(rows(P), a) + D(columns(P), b))` over all non-negative
    plans `P`, with the masses `a` and `b`, which may differ in total.

    Args:
        cost: of moving a unit from each row to each column; any real numbers.
        epsilon: price of the entropy, positive, in units of the cost.
        reach: price of masses that are not moved, or made up, in the same units; `entropic` of
            masses of equal total in the limit of infinity, which may be given.
        row_weights: non-negative masses of the rows; by default even ones that add up to 1.
        column_weights: the same of the columns.
        tolerance: share of the mass that may be in the wrong rows; by default what rounding leaves.
        max_steps: after which the search for them ends.

    Returns:
        One value for each matrix.

    Example:
        >>> unbalanced([[0.0, 1.0], [9.0, 9.0]])
        Array(1.3514, dtype=float32)

    Reference: Chizat et al. 2018, arXiv:1607.05816.
    """
    cost, *weights = _matrix(cost, row_weights, column_weights)
    a, b, some = _massive(row_weights, column_weights, *weights)
    return _solved(engine.value, cost, a, b, some, epsilon, reach, tolerance, max_steps)


def divergence(
    x: Float[ArrayLike, "*batch n dim"],
    y: Float[ArrayLike, "*batch m dim"],
    *,
    epsilon: ArrayLike = 1.0,
    reach: ArrayLike | None = None,
    x_weights: Float[ArrayLike, "*batch n"] | None = None,
    y_weights: Float[ArrayLike, "*batch m"] | None = None,
    tolerance: ArrayLike | None = None,
    max_steps: int = MOST_STEPS,
) -> Float[Array, "*batch"]:
    """Reward one cloud for lying where another lies: transport, without what entropy blurs.

    Formula: with `OT` as `entropic` of squared distances, `OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2`:
    0 only for equal clouds, the squared Wasserstein distance as `epsilon` falls to 0, and the
    squared distance of the means as it grows.

    Args:
        x: vectors of one cloud.
        y: vectors of the other.
        epsilon: price of the entropy, positive, in units of squared distances.
        reach: price of masses that are not moved, or made up: `OT` as `unbalanced`, plus `epsilon`
            times half the squared difference of the totals. None moves all.
        x_weights: non-negative weights of the points, of which the shares count; 1 by default.
            With `reach`, masses; by default even ones that add up to 1.
        y_weights: the same of the other cloud.
        tolerance: share of the mass that may be in the wrong rows; by default what rounding leaves.
        max_steps: after which the search for them ends.

    Returns:
        One value for each pair of clouds.

    Example:
        >>> divergence([[0.0], [1.0]], [[1.0], [2.0]])
        Array(1., dtype=float32)

    Reference: Genevay et al. 2018, arXiv:1706.00292; Feydy et al. 2019, arXiv:1810.08278; Séjourné
        et al. 2019, arXiv:1910.12958.
    """
    x, y, *weights = _clouds(x, y, x_weights, y_weights)
    if reach is None:
        a, b, some = _shared(*weights)
    else:
        a, b, some = _massive(x_weights, y_weights, *weights)
    price = jnp.inf if reach is None else reach
    options = some, epsilon, price, tolerance, max_steps
    across = _solved(engine.value, apart(x, y), a, b, *options)
    within = (
        _solved(engine.value_within, apart(z, z), w, w, *options) for z, w in ((x, a), (y, b))
    )
    value = across - (next(within) + next(within)) / 2
    if reach is None:
        return value
    (epsilon,) = hyperparameters(value, epsilon=epsilon)
    return value + epsilon * jnp.square(jnp.sum(a, axis=-1) - jnp.sum(b, axis=-1)) / 2


def monge_gap(
    x: Float[ArrayLike, "*batch n dim"],
    mapped: Float[ArrayLike, "*batch n dim"],
    *,
    epsilon: ArrayLike = 1.0,
    tolerance: ArrayLike | None = None,
    max_steps: int = MOST_STEPS,
) -> Float[Array, "*batch"]:
    """Reward a map for moving points no further than need be: a regulariser of optimal maps.

    Formula: `mean(sum((x - mapped)**2, axis=-1))` minus `entropic` of the squared distances between
    `x` and `mapped`; at least minus `epsilon * log(n)`.

    Args:
        x: points.
        mapped: where the map takes each of them.
        epsilon: price of the entropy, positive, in units of squared distances.
        tolerance: share of the mass that may be in the wrong rows; by default what rounding leaves.
        max_steps: after which the search for them ends.

    Returns:
        One value for each cloud.

    Example:
        >>> monge_gap([[0.0], [1.0]], [[1.0], [0.0]])
        Array(0.6201, dtype=float32)

    Reference: Uscidda and Cuturi 2023, arXiv:2302.04953.
    """
    x, mapped = sets(x=x, mapped=mapped)
    paid = jnp.sum(jnp.square(x - mapped), axis=(-2, -1)) / max(x.shape[-2], 1)
    costs = apart(x, mapped)
    return paid - entropic(costs, epsilon=epsilon, tolerance=tolerance, max_steps=max_steps)


_Maybe = ArrayLike | None


def _matrix(cost: ArrayLike, rows: _Maybe, columns: _Maybe) -> tuple[Array, Array, Array]:
    """Costs, and a weight for each row and column."""
    given = {"row_weights": rows, "column_weights": columns}
    given = {name: weights for name, weights in given.items() if weights is not None}
    cost, *rest = promote(cost=cost, **given)
    if cost.ndim < 2:
        raise ValueError(f"expected `cost` with axes of rows and columns, got shape {cost.shape}")
    ready = dict(zip(given, rest, strict=True))
    one, other = (jnp.zeros_like(jnp.sum(cost, axis=axis)) for axis in (-1, -2))
    return (
        cost,
        spread("row_weights", ready.get("row_weights"), one),
        spread("column_weights", ready.get("column_weights"), other),
    )


def _clouds(
    x: ArrayLike, y: ArrayLike, x_weights: _Maybe, y_weights: _Maybe
) -> tuple[Array, Array, Array, Array]:
    """Two sets of vectors, and a weight for each."""
    x, y = samples(x=x, y=y)
    given = {"x_weights": x_weights, "y_weights": y_weights}
    given = {name: weights for name, weights in given.items() if weights is not None}
    x, y, *rest = promote(x=x, y=y, **given)
    ready = dict(zip(given, rest, strict=True))
    return (
        x,
        y,
        spread("x_weights", ready.get("x_weights"), jnp.zeros_like(x, shape=x.shape[:-1])),
        spread("y_weights", ready.get("y_weights"), jnp.zeros_like(y, shape=y.shape[:-1])),
    )


def _shared(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Shares of weights, and where both sides weigh anything."""
    (a, one), (b, other) = (shares("weights", weights, weights) for weights in (a, b))
    return a, b, (one > 0) & (other > 0)


def _massive(rows: _Maybe, columns: _Maybe, a: Array, b: Array) -> tuple[Array, Array, Array]:
    """Masses, and where both sides have any; weights that are not given are even shares."""
    a = a / max(a.shape[-1], 1) if rows is None else a
    b = b / max(b.shape[-1], 1) if columns is None else b
    return a, b, (jnp.sum(a, axis=-1) > 0) & (jnp.sum(b, axis=-1) > 0)


def _solved(
    value: Callable[[engine.Problem, int], Array],
    cost: Array,
    a: Array,
    b: Array,
    some: Array,
    epsilon: ArrayLike,
    reach: ArrayLike,
    tolerance: ArrayLike | None,
    max_steps: int,
) -> Array:
    """The value of each problem of a batch, 0 where there is nothing to move."""
    enough = float(jnp.finfo(cost.dtype).eps) ** 0.85 if tolerance is None else tolerance
    hyper = hyperparameters(of_rows(of_rows(cost)), epsilon=epsilon, reach=reach, tolerance=enough)
    if 0 in cost.shape[-2:]:
        return jnp.zeros(cost.shape[:-2], cost.dtype)
    each = (jnp.broadcast_to(x, cost.shape[:-2])[..., None] for x in hyper)
    return jnp.where(some, value(engine.Problem(cost, a, b, *each), max_steps), 0)
