"""Soft alignments of two series: a recursion over the anti-diagonals of the grid of their moments.

The cell `(i, j)` of the grid stands for moment `i` of one series beside moment `j` of the other,
and costs the squared distance of the two. A path goes from the first cell to the last by steps to
`(i + 1, j)`, `(i, j + 1)` or `(i + 1, j + 1)`. All cells of a diagonal `i + j = k` are computed at
once from the two diagonals before, with their costs, so that the grid itself is never formed.

Series may end before the grid does: `sizes` says where the paths end.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import with_gradient

_Pair = tuple[Array, Array]


class _Ways(NamedTuple):
    """How paths come to the cells of a diagonal: from `(i-1, j-1)`, `(i-1, j)` and `(i, j-1)`.

    Attributes:
        least: soft minimum of the costs of paths to the three, infinite where there are none.
        shares: of the three, on the first axis; they add up to 1, or are all 0.
        entropy: of the shares.
    """

    least: Array
    shares: Array
    entropy: Array


class _Grid(NamedTuple):
    """Two series made ready for a walk over the diagonals.

    Attributes:
        x: the series along a diagonal, of `n` moments.
        y: the other, of `m` moments, backwards between zeros: any diagonal meets a slice of it.
        gamma: how soft minima are.
        sizes: moments of each that exist.
        m: moments of `y`.
    """

    x: Float[Array, "n dim"]
    y: Float[Array, "m+2n-2 dim"]
    gamma: Float[Array, ""]
    sizes: Int[Array, "2"]
    m: int

    @property
    def n(self) -> int:
        return self.x.shape[0]

    @property
    def steps(self) -> Array:
        return jnp.arange(self.n + self.m - 1, dtype=jnp.int32)

    def start(self, k: Array) -> Array:
        """Where in `y` the slice begins that the diagonal `k` meets."""
        return self.n + self.m - 2 - k

    def gaps(self, k: Array) -> Float[Array, "n dim"]:
        """Differences of the moments that meet on a diagonal."""
        return self.x - lax.dynamic_slice_in_dim(self.y, self.start(k), self.n)

    def costs(self, k: Array) -> Float[Array, " n"]:
        """Squared distances on a diagonal; infinite beside the grid."""
        i = jnp.arange(self.n, dtype=jnp.int32)
        inside = (k - i >= 0) & (k - i < self.m)
        return jnp.where(inside, jnp.sum(jnp.square(self.gaps(k)), axis=-1), jnp.inf)

    def end(self, k: Array) -> Array:
        """Where on a diagonal the paths end: True for at most one cell of all diagonals."""
        here = self.sizes[0] + self.sizes[1] - 2 == k
        return here & (jnp.arange(self.n, dtype=jnp.int32) == self.sizes[0] - 1)

    def nothing(self, fill: float = 0.0, *shape: int) -> Array:
        """An array that a walk starts from, typed as what depends on the series is."""
        return alike(jnp.full(shape or (self.n,), fill, self.x.dtype), *self[:4])


def _grid(x: Array, y: Array, gamma: Array, sizes: Array) -> _Grid:
    pad = x.shape[0] - 1
    return _Grid(x, jnp.pad(y[::-1], ((pad, pad), (0, 0))), gamma, sizes, y.shape[0])


def _before(array: Array, first: Any) -> Array:
    """The entries of a diagonal, each moved to the next place."""
    return jnp.concatenate([jnp.asarray(first, array.dtype)[None], array[:-1]])


def _behind(array: Array) -> Array:
    """The entries of a diagonal, each moved to the place before."""
    return jnp.concatenate([array[1:], jnp.zeros_like(array[:1])])


def _three(diagonals: _Pair, first: Any = 0, beside: float = 0) -> Array:
    """What the three cells before each cell of a diagonal hold; `first` before the first cell."""
    two_back, one_back = diagonals
    return jnp.stack([_before(two_back, first), _before(one_back, beside), one_back])


def _ways(k: Array, totals: _Pair, gamma: Array) -> _Ways:
    paths = _three(totals, jnp.where(k == 0, 0, jnp.inf), jnp.inf)
    top = lax.stop_gradient(jnp.min(paths, axis=0))
    some, there = top < jnp.inf, paths < jnp.inf
    above = jnp.where(there, paths - jnp.where(some, top, 0)[None], 0)
    soft = gamma > 0
    relative = above / jnp.where(soft, gamma, 1)
    odds = jnp.where(soft, jnp.exp(-relative), (above == 0).astype(above.dtype))
    odds = jnp.where(there, odds, 0)
    summed = jnp.where(some, jnp.sum(odds, axis=0), 1)
    shares = odds / summed[None]
    log_sum = jnp.log(summed)
    spread = jnp.sum(jnp.where(odds > 0, shares * relative, 0), axis=0)
    entropy = log_sum + jnp.where(soft, spread, 0)
    return _Ways(jnp.where(some, top - gamma * log_sum, jnp.inf), shares, entropy)


def _advance(grid: _Grid, k: Array, totals: _Pair) -> tuple[_Pair, Array, _Ways]:
    """Costs of paths to the diagonal before and to this one, relative to the least of both.

    Every path goes through one of them. Where costs are compared they are small, so that long
    series lose no digits.
    """
    ways = _ways(k, totals, grid.gamma)
    found = grid.costs(k) + ways.least
    least = lax.stop_gradient(jnp.minimum(jnp.min(found), jnp.min(totals[1])))
    return (totals[1] - least, found - least), least, ways


def _value(x: Array, y: Array, gamma: Array, sizes: Array) -> tuple[Array, tuple[()]]:
    grid = _grid(x, y, gamma, sizes)

    def step(carry: Any, k: Array) -> tuple[Any, None]:
        totals, offset, value = carry
        totals, least, _ = _advance(grid, k, totals)
        end, offset = grid.end(k), offset + least
        value = value + jnp.sum(jnp.where(end, totals[1] + offset, 0))
        return (totals, offset, value), None

    zero = jnp.sum(grid.nothing())
    start = (grid.nothing(jnp.inf), grid.nothing(jnp.inf)), zero, zero
    return lax.scan(step, start, grid.steps)[0][2], ()


def _value_and_gradient(wanted: Any, x: Array, y: Array, gamma: Array, sizes: Array) -> Any:
    grid = _grid(x, y, gamma, sizes)

    def ahead(carry: Any, k: Array) -> tuple[Any, Any]:
        totals, offset, value, softness, by_gamma = carry
        totals, least, ways = _advance(grid, k, totals)
        end, offset = grid.end(k), offset + least
        value = value + jnp.sum(jnp.where(end, totals[1] + offset, 0))
        # The value falls with gamma by the entropy of the paths.
        entropy = ways.entropy + jnp.sum(ways.shares * _three(softness), axis=0)
        by_gamma = by_gamma - jnp.sum(jnp.where(end, entropy, 0))
        return (totals, offset, value, (softness[1], entropy), by_gamma), (totals[1], least)

    zero = jnp.sum(grid.nothing())
    start = (
        (grid.nothing(jnp.inf), grid.nothing(jnp.inf)),
        zero,
        zero,
        (grid.nothing(), grid.nothing()),
        zero,
    )
    (_, _, value, _, by_gamma), (kept, least) = lax.scan(ahead, start, grid.steps)

    def back(carry: Any, row: Any) -> tuple[Any, None]:
        (here, next_back), by_x, by_y = carry
        k, two_back, one_back, fallen = row
        # How often paths pass through the cells of this diagonal, and how they come there: all is
        # relative to the least of the diagonal before.
        passing = jnp.where(grid.end(k), here + 1, here)
        shares = _ways(k, (two_back - fallen, one_back), grid.gamma).shares * passing[None]
        slopes = 2 * passing[:, None] * grid.gaps(k)
        at = grid.start(k)
        met = lax.dynamic_slice_in_dim(by_y, at, grid.n)
        by_y = lax.dynamic_update_slice_in_dim(by_y, met - slopes, at, 0)
        visits = next_back + _behind(shares[1]) + shares[2], _behind(shares[0])
        return (visits, by_x + slopes, by_y), None

    blank = grid.nothing(jnp.inf, 2, grid.n)
    one_back, two_back = (jnp.concatenate([blank[:b], kept])[: len(kept)] for b in (1, 2))
    # Those two back are relative to the least of theirs.
    fallen = jnp.concatenate([zero[None], least[:-1]])
    start = (
        (grid.nothing(), grid.nothing()),
        grid.nothing(0.0, *grid.x.shape),
        grid.nothing(0.0, *grid.y.shape),
    )
    rows = grid.steps, two_back, one_back, fallen
    (_, by_x, by_y), _ = lax.scan(back, start, rows, reverse=True)
    pad = grid.n - 1
    by_y = by_y[pad : pad + grid.m][::-1]
    gradients = by_x, by_y, by_gamma, None
    chosen = (part if asked else None for part, asked in zip(gradients, wanted, strict=True))
    return (value, ()), tuple(chosen)


_soft_dtw = with_gradient(_value, _value_and_gradient)


def _distortion(x: Array, y: Array, gamma: Array, sizes: Array) -> Array:
    grid = _grid(x, y, gamma, sizes)
    i = jnp.arange(grid.n, dtype=jnp.int32)

    # The derivative keeps the diagonals, and computes the step once more.
    @functools.partial(jax.checkpoint, prevent_cse=False)
    def step(carry: Any, k: Array) -> tuple[Any, None]:
        totals, strayed, value = carry
        totals, _, ways = _advance(grid, k, totals)
        away = jnp.square((2 * i - k).astype(x.dtype))
        # Relative to the likeliest way: the shares, which add up to 1, change by little beside it.
        known, likely = _three(strayed), jnp.argmax(ways.shares, axis=0)
        usual = lax.stop_gradient(jnp.take_along_axis(known, likely[None], axis=0))
        mean = away + usual[0] + jnp.sum(ways.shares * (known - usual), axis=0)
        value = value + jnp.sum(jnp.where(grid.end(k), mean, 0))
        return (totals, (strayed[1], mean), value), None

    start = (
        (grid.nothing(jnp.inf), grid.nothing(jnp.inf)),
        (grid.nothing(), grid.nothing()),
        jnp.sum(grid.nothing()),
    )
    return lax.scan(step, start, grid.steps)[0][2]


def soft_dtw(
    x: Float[Array, "*batch n dim"],
    y: Float[Array, "*batch m dim"],
    gamma: Float[Array, "*batch"],
    sizes: Int[Array, "*batch 2"],
) -> Float[Array, "*batch"]:
    """Soft minimum of the costs of all paths; 0 for a series without moments.

    A value takes memory for three diagonals. The gradient takes it for the costs of paths to all
    cells; it is computed from those on the way back, and nothing else of the size of the grid is.

    Args:
        x: series.
        y: series that they are aligned with.
        gamma: how soft minima are; at 0 they are minima.
        sizes: moments of each that exist.
    """
    return _of_pairs(_soft_dtw_alone, x, y, gamma, sizes)


def distortion(
    x: Float[Array, "*batch n dim"],
    y: Float[Array, "*batch m dim"],
    gamma: Float[Array, "*batch"],
    sizes: Int[Array, "*batch 2"],
) -> Float[Array, "*batch"]:
    """Mean over all paths of `sum((i - j)**2)`, each of the weight it has in `soft_dtw`.

    Args:
        x: as in `soft_dtw`.
        y: as in `soft_dtw`.
        gamma: as in `soft_dtw`.
        sizes: as in `soft_dtw`.
    """
    return _of_pairs(_distortion, x, y, gamma, sizes)


def _soft_dtw_alone(*args: Array) -> Array:
    return _soft_dtw(*args)[0]


def _of_pairs(
    function: Callable[..., Array], x: Array, y: Array, gamma: Array, sizes: Array
) -> Array:
    """Apply a function of one pair to a batch, the shorter of the two along the diagonals."""
    if 0 in (x.shape[-2], y.shape[-2]):
        return jnp.zeros(x.shape[:-2], x.dtype)
    if x.shape[-2] > y.shape[-2]:
        x, y, sizes = y, x, sizes[..., ::-1]
    for _ in range(x.ndim - 2):
        function = jax.vmap(function)
    return function(x, y, jnp.broadcast_to(gamma, x.shape[:-2]), sizes)
