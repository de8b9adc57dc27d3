"""Sums over all paths through the states of a sequence, a step at a time, in logarithms."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float

from jaxloss.core.checks import require
from jaxloss.core.mesh import alike

States = tuple[Float[Array, "*batch _"], ...]
Frame = tuple[Array, ...]


def walk(
    step: Callable[[States, Frame], States], start: States, frames: Frame
) -> tuple[States, Float[Array, "*batch"]]:
    """Logarithms of sums over paths, after a step for each frame, and what to add to them.

    At each step they are moved so that the largest is 0, where rounding is least. The derivative
    sees the states again and computes the step once more, instead of keeping its parts.

    Args:
        step: takes the states and a frame, and gives the states after it.
        start: logarithms of the states before the first frame.
        frames: arrays whose first axis is time.
    """

    @functools.partial(jax.checkpoint, prevent_cse=False)
    def scaled(carry: tuple[States, Array], frame: Frame) -> tuple[tuple[States, Array], None]:
        states, scale = carry
        states = step(states, frame)
        tops = [jnp.max(lax.stop_gradient(x), axis=-1, initial=-jnp.inf) for x in states]
        top = functools.reduce(jnp.maximum, tops)
        top = jnp.where(top > -jnp.inf, top, 0)
        return (tuple(x - top[..., None] for x in states), scale + top), None

    scale = alike(jnp.zeros_like(jnp.sum(start[0], axis=-1)), start[0])
    return lax.scan(scaled, (start, scale), frames)[0]


def prefix(name: str, kept: Bool[Array, "*batch n"]) -> Bool[Array, "*batch n"]:
    """Under `checked`, demand that nothing is kept behind what is left out."""
    require(
        lambda: kept[..., :-1] | ~kept[..., 1:],
        f"`{name}` keeps something behind a gap: what does not exist belongs at the end",
    )
    return kept


def after(first: float, x: Array) -> Array:
    """`x` along its last axis, behind one entry."""
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 0)], constant_values=first)
