"""Scores of frames and labels, and what paths through both are made of."""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import indices, mask, promote, require
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import log_total, shifted
from jaxloss.core.paths import after, prefix


def scores(logits: ArrayLike, axes: int, names: str, blank: int) -> Float[Array, "..."]:
    """Convert logits; demand their axes, and that blank is a class."""
    (logits,) = promote(logits=logits)
    if logits.ndim < axes or (axes == 3 and logits.shape[-2] == 0):
        raise ValueError(f"expected `logits` (*batch, {names}), got shape {logits.shape}")
    if not 0 <= blank < logits.shape[-1]:
        raise ValueError(f"`blank` {blank} is not one of the classes of `logits` {logits.shape}")
    return logits


def spelled(
    labels: ArrayLike,
    label_where: ArrayLike | None,
    shape: tuple[int, ...],
    logits: Array,
    blank: int,
) -> tuple[Int[Array, "*batch length"], Bool[Array, "*batch length"], Bool[Array, "*batch"]]:
    """Labels brought into range, which of them exist, and whether those are classes to spell."""
    classes = logits.shape[-1]
    like = jnp.asarray(labels)
    spoken = prefix("label_where", mask(label_where, like, "label_where"))
    given = labels if label_where is None else jnp.where(spoken, like, jnp.zeros_like(like))
    rows = f", a row for each sequence of `logits` {logits.shape}"
    ids = indices("labels", given, shape, classes, rows)
    require(lambda: ~spoken | (ids != blank), f"`labels` holds the blank {blank}")
    known = (ids >= 0) & (ids < classes) & (ids != blank)
    valid = jnp.all(known | ~spoken, axis=-1)
    return jnp.clip(ids, 0, classes - 1), spoken, valid


def shielded(
    logits: Float[Array, "... classes"], exists: Bool[Array, "..."]
) -> Float[Array, "... classes"]:
    """The same logits, with derivative 0 where they do not exist, whatever they hold there.

    The value is masked later, where arrays are small: for logits that are replaced here, memory of
    their size would be needed.
    """
    return jnp.where(exists[..., None], logits, lax.stop_gradient(logits))


def log_probs(
    logits: Float[Array, "... classes"], ids: Int[Array, "... n"], blank: int
) -> tuple[Float[Array, "..."], Float[Array, "... n"]]:
    """Log-probabilities of the blank, and of ids (whose axes of size one broadcast)."""
    moved, top = shifted(logits)
    log_z = log_total(moved)
    # Where all classes are -inf, so is the normaliser, and the difference would be NaN.
    log_z = jnp.where(log_z > -jnp.inf, log_z, 0)
    # Entries of the logits, not of `moved`, which then need not be held.
    chosen = jnp.take_along_axis(logits, ids, axis=-1, mode="clip")
    return logits[..., blank] - top - log_z, chosen - top[..., None] - log_z[..., None]


def diagonals(
    x: Float[Array, "*batch time width"], steps: int, fill: float
) -> Float[Array, "steps *batch width"]:
    """`x[n - u, u]` for each `n` and `u`, and `fill` where there is no such entry."""
    time, width = x.shape[-2:]
    # Rows one entry too long, cut anew at their proper length, start one entry later each.
    rows = jnp.swapaxes(x, -1, -2)
    pad = [(0, 0)] * (x.ndim - 1) + [(0, steps + 1 - time)]
    flat = jnp.pad(rows, pad, constant_values=fill).reshape(*x.shape[:-2], width * (steps + 1))
    cut = flat[..., : width * steps].reshape(*x.shape[:-2], width, steps)
    return jnp.moveaxis(cut, -1, 0)


def nowhere(label_log_p: Float[Array, "*batch time n"]) -> Float[Array, "*batch n"]:
    """Logarithms of states none of which is possible, typed as what depends on the input is."""
    return alike(jnp.full_like(jnp.sum(label_log_p, axis=-2), -jnp.inf), label_log_p)


def at_first(nowhere: Float[Array, "*batch n"]) -> Float[Array, "*batch n+1"]:
    """Logarithms of states of which the first is certain."""
    return after(0.0, nowhere)


def count(kept: Bool[Array, "*batch n"]) -> Int[Array, "*batch"]:
    """How many are kept."""
    return jnp.sum(kept, axis=-1, dtype=jnp.int32)
