"""Sorted lists: sums over all pairs of a list, in the time and memory that sorting takes.

Only keys are sorted. Slot `k` of a list belongs to its `k`-th smallest item, and each item finds
its slot by binary search; items that tie share the first of their slots. What items bring along is
added up in their slots, so that a sum over all smaller items is a running sum over slots, and exact
where items tie. Orders and slots are constants: they carry no derivative.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float, Int, Num

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import differentiated_as, safe_divide


def ascending(x: Float[Array, "*batch n"]) -> Float[Array, "*batch n"]:
    """Sort the last axis; a constant."""
    x = lax.stop_gradient(x)
    # As integers of the same order: XLA's CPU backend sorts these several times faster. The map
    # undoes itself. Zeros of either sign are equal, and must be so as integers.
    kind = jnp.int64 if x.dtype == jnp.float64 else jnp.int32

    def flipped(bits: Array) -> Array:
        return jnp.where(bits < 0, bits ^ jnp.iinfo(kind).max, bits)

    bits = lax.bitcast_convert_type(jnp.where(x == 0, 0, x), kind)
    return lax.bitcast_convert_type(flipped(lax.sort(flipped(bits))), x.dtype)


def leading(
    holds: Callable[[Int[Array, "*batch k"]], Bool[Array, "*batch k"]],
    size: int,
    like: Array,
) -> Int[Array, "*batch k"]:
    """Count the leading slots for which something holds that ceases to hold once and for all.

    Args:
        holds: takes one slot for each item, and says whether it holds there for that item.
        size: number of slots.
        like: array with the shape of the items.
    """
    none = alike(jnp.zeros_like(like, jnp.int32), like)
    steps = size.bit_length()
    if steps == 0:
        return none
    half = jnp.asarray(1 << (steps - 1), jnp.int32)

    def halve(step: Array, found: Array) -> Array:
        probe = found + lax.shift_right_logical(half, step.astype(jnp.int32))
        ahead = (probe <= size) & holds(jnp.minimum(probe, size) - 1)
        return jnp.where(ahead, probe, found)

    return lax.fori_loop(0, steps, halve, none)


def smaller(
    ordered: Float[Array, "*batch n"], x: Float[Array, "*batch k"]
) -> Int[Array, "*batch k"]:
    """For each item, how many of an ascending list are smaller: its slot, if it is of that list."""
    x = lax.stop_gradient(x)
    return leading(lambda slot: at(ordered, slot) < x, ordered.shape[-1], x)


def at(values: Num[Array, "*batch n"], slots: Int[Array, "*batch k"]) -> Num[Array, "*batch k"]:
    """What stands in the slot of each item; slots beyond the ends are those at the ends."""
    return jnp.take_along_axis(values, slots, axis=-1, mode="clip")


def before(values: Num[Array, "*batch n"], slots: Int[Array, "*batch k"]) -> Num[Array, "*batch k"]:
    """What stands in the slot before that of each item; 0 before the first."""
    return jnp.where(slots > 0, at(values, slots - 1), 0)


def passed(values: Num[Array, "*batch n"]) -> Num[Array, "*batch n"]:
    """What stands in the slot before each slot; 0 before the first."""
    return jnp.concatenate([jnp.zeros_like(values[..., :1]), values[..., :-1]], axis=-1)


def following(values: Num[Array, "*batch n"], last: float) -> Num[Array, "*batch n"]:
    """What stands in the slot behind each slot; a constant behind the last."""
    end = jnp.full_like(values[..., :1], last)
    return jnp.concatenate([values[..., 1:], end], axis=-1)


def deposit(
    values: Num[Array, "*batch k"], slots: Int[Array, "*batch k"], size: int
) -> Num[Array, "*batch n"]:
    """Sum of what items bring into each of `size` slots."""
    return _collected(lambda slot, values: slot.add(values, mode=_WITHIN), values, slots, size, 0)


def greatest(
    values: Float[Array, "*batch k"], slots: Int[Array, "*batch k"], size: int
) -> Float[Array, "*batch n"]:
    """Largest of what items bring into each of `size` slots; the lowest number for none."""
    floor = jnp.finfo(values.dtype).min
    return _collected(lambda slot, x: slot.max(x, mode=_WITHIN), values, slots, size, floor)


_WITHIN = "promise_in_bounds"


def _collected(
    collect: Callable[[Any, Array], Array], values: Array, slots: Array, size: int, start: Any
) -> Array:
    def of_one(values: Array, slots: Array) -> Array:
        empty = alike(jnp.full(size, start, values.dtype), values, slots)
        return collect(empty.at[slots], values)

    for _ in range(values.ndim - 1):
        of_one = jax.vmap(of_one)
    return of_one(values, slots)


def up_to(values: Num[Array, "*batch n"]) -> Num[Array, "*batch n"]:
    """Running sums that include the slot itself."""
    return lax.cumsum(values, axis=values.ndim - 1)


def from_on(values: Num[Array, "*batch n"]) -> Num[Array, "*batch n"]:
    """Running sums from the other end, which include the slot itself."""
    return lax.cumsum(values, axis=values.ndim - 1, reverse=True)


def moving(
    ordered: Float[Array, "*batch n"],
    x: Float[Array, "*batch n"],
    slots: Int[Array, "*batch n"],
    weights: Float[Array, "*batch n"],
) -> Float[Array, "*batch n"]:
    """The ascending list, moving with its items: a slot as the weighted mean of those in it.

    Args:
        ordered: the list in order.
        x: its items.
        slots: of the items.
        weights: of the items, which they share a slot by.
    """

    def means(_: Array, x: Array, slots: Array, weights: Array) -> Array:
        size = x.shape[-1]
        return safe_divide(deposit(weights * x, slots, size), deposit(weights, slots, size))

    weights = lax.stop_gradient(weights)
    return differentiated_as(means, lambda ordered, *_: ordered)(ordered, x, slots, weights)


class Levels(NamedTuple):
    """Values of a distribution function, in fixed point and so without rounding.

    Between two such functions, the differences that matter are those of neighbouring levels: the
    share of a single item, which vanishes in the rounding of floating point as lists grow.

    Attributes:
        coarse: integers that count `2**-bits`, of 30 bits (62 in double precision).
        fine: integers that count what this leaves out, in a unit that is common to what is
            compared.
        trim: what is missing to functions that end at 1, as rounded shares do not add up to it.
        running: the levels in floating point, for derivatives.
        unit: of `fine`.
    """

    coarse: Int[Array, "*batch n"]
    fine: Int[Array, "*batch n"]
    trim: Float[Array, "*batch n"]
    running: Float[Array, "*batch n"]
    unit: Float[Array, ""]

    def minus(self, other: "Levels") -> Float[Array, "*batch n"]:
        """Differences of levels, rounded once."""
        coarse, fine = (
            (a - b).astype(self.trim.dtype) for a, b in zip(self[:2], other[:2], strict=True)
        )
        rest = fine * self.unit + (self.trim - other.trim)
        exact = lax.stop_gradient(coarse * 2.0 ** -_bits(coarse.dtype) + rest)
        slope = differentiated_as(lambda running, _: running, lambda _, exact: exact)
        return slope(self.running - other.running, exact)

    def at(self, slots: Int[Array, "*batch k"]) -> "Levels":
        """Levels in the slots of items."""
        return self._each(lambda values: at(values, slots))

    def before(self, slots: Int[Array, "*batch k"] | None = None) -> "Levels":
        """Levels in the slots before those of items, or before each slot; 0 before the first."""
        return self._each(lambda values: passed(values) if slots is None else before(values, slots))

    def _each(self, move: Callable[[Array], Array]) -> "Levels":
        return Levels._make([*(move(values) for values in self[:-1]), self.unit])


def _bits(dtype: Any) -> int:
    return 62 if dtype == jnp.float64 else 30


def levels(
    shares: Float[Array, "*batch k"], slots: Int[Array, "*batch k"], size: int, longest: int
) -> Levels:
    """Distribution function: running sums of the shares of items over slots.

    Args:
        shares: of the items, which add up to 1 but for rounding.
        slots: of the items.
        size: number of slots.
        longest: most items of any of the functions that are compared.
    """
    plain, bits = lax.stop_gradient(shares), _bits(shares.dtype)
    # As many bits as leave room for all items.
    finer = bits - longest.bit_length()
    kind = jnp.int64 if shares.dtype == jnp.float64 else jnp.int32
    scaled = plain * 2.0**bits
    whole = jnp.round(scaled)
    rest = jnp.round((scaled - whole) * 2.0**finer)
    coarse, fine = (up_to(deposit(part.astype(kind), slots, size)) for part in (whole, rest))
    unit = jnp.asarray(2.0 ** -(bits + finer), plain.dtype)
    near = coarse.astype(plain.dtype) * 2.0**-bits
    missing = ((1 << bits) - coarse[..., -1:]).astype(plain.dtype) * 2.0**-bits
    missing = missing - fine[..., -1:].astype(plain.dtype) * unit
    # Proportional to what is the same for equal levels, so that these stay equal.
    return Levels(coarse, fine, missing * near, up_to(deposit(shares, slots, size)), unit)
