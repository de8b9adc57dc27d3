"""Transducers whose blank stands apart, that leave out frames, or that keep to a few cells.

As in `jaxloss.sequence`: time stands before the labels and the classes, `where` says which frames
exist and `label_where` which labels do. A label outside `[0, classes)`, or equal to `blank`, gives
NaN with gradient 0, and labels that no path emits cost infinity with gradient 0.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import along, hyperparameters, indices, mask, promote
from jaxloss.core.lattices import (
    at_first,
    count,
    diagonals,
    log_probs,
    nowhere,
    scores,
    shielded,
    spelled,
)
from jaxloss.core.numerics import log_add, log_softmax, log_total, pick, shifted, softplus
from jaxloss.core.paths import Frame, States, after, walk
from jaxloss.losses.sequence import transducer_lattice


def hybrid(
    logits: Float[ArrayLike, "*batch time length+1 classes"],
    labels: Int[ArrayLike, "*batch length"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward emitting the labels, with a blank that is decided on before them (HAT).

    Formula: `sequence.transducer_lattice` of moves with the probabilities
    `b = sigmoid(logits[t, u, blank])` for the blank and `(1 - b) * p[t, u, labels[u]]` for the
    label, where `p` is the softmax over the other classes: a language model of its own.

    Args:
        logits: scores of the classes, of which blank is one, at frame `t` after `u` labels.
        labels: classes in their order.
        where: frames that exist.
        label_where: labels that exist.
        blank: the class that moves on to the next frame.

    Returns:
        One value for each sequence; infinity without a frame.

    Raises:
        ValueError: for shapes that do not fit, or a blank outside the classes.

    Example:
        >>> hybrid(jnp.zeros((2, 2, 3)), jnp.array([1]))
        Array(2.0794, dtype=float32)

    Reference: Variani et al. 2020, arXiv:2003.07705.
    """
    logits, ids, _, valid = _cells(logits, labels, where, label_where, blank)
    decided = logits[..., blank]
    others = jnp.arange(logits.shape[-1]) != blank
    moved, top = shifted(logits, where=jnp.broadcast_to(others, logits.shape))
    log_z = log_total(moved)
    log_z = jnp.where(log_z > -jnp.inf, log_z, 0)
    chosen = jnp.take_along_axis(logits, ids[..., None, :, None], axis=-1, mode="clip")[..., 0]
    label_log_p = chosen - top - log_z - softplus(decided)
    value = transducer_lattice(
        -softplus(-decided), label_log_p[..., :-1], where=where, label_where=label_where
    )
    return jnp.where(valid, value, jnp.nan)


def token_duration(
    logits: Float[ArrayLike, "*batch time length+1 classes"],
    duration_logits: Float[ArrayLike, "*batch time length+1 durations"],
    labels: Int[ArrayLike, "*batch length"],
    *,
    durations: Sequence[int] = (0, 1, 2, 3, 4),
    sigma: ArrayLike = 0.0,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward emitting the labels with strides over several frames at once (TDT).

    Formula: with `p = softmax(logits) * exp(-sigma)` and `q = softmax(duration_logits)`,
    `-log(sum(prod(p[t, u, move] * q[t, u, d])))` over all paths from `(0, 0)` that emit each label
    with a duration (`move = labels[u]`, to `(t + d, u + 1)`, which is a frame) and leave frames by
    blanks with a duration above 0 (`move = blank`, to `(t + d, u)`), the last of which ends
    exactly behind the last frame.

    Args:
        logits: scores of the classes, of which blank is one, at frame `t` after `u` labels.
        duration_logits: scores of the durations there.
        labels: classes in their order.
        durations: how many frames a move may take, each once, at least one of them above 0.
        sigma: price of a move, small, which favours long strides (under-normalised logits).
        where: frames that exist.
        label_where: labels that exist.
        blank: the class that emits no label.

    Returns:
        One value for each sequence; infinity without a frame, or if strides do not add up.

    Raises:
        ValueError: for shapes or durations that do not fit, or a blank outside the classes.

    Example:
        >>> cells = jnp.zeros((2, 2, 2))
        >>> token_duration(cells, cells, jnp.array([1]), durations=(0, 1))
        Array(2.3671, dtype=float32)

    Reference: Xu et al. 2023, arXiv:2304.06795.
    """
    logits, duration_logits = promote(logits=logits, duration_logits=duration_logits)
    strides = _strides(durations)
    if duration_logits.shape != (*logits.shape[:-1], len(strides)):
        raise ValueError(
            f"expected `duration_logits` of shape {(*logits.shape[:-1], len(strides))} for `logits`"
            f" {logits.shape} and durations {strides}, got {duration_logits.shape}"
        )
    logits, ids, spoken, valid = _cells(logits, labels, where, label_where, blank)
    rows = jax.ShapeDtypeStruct(valid.shape, logits.dtype)
    (sigma,) = hyperparameters(rows, sigma=sigma)
    price = along(sigma, 2)
    blank_log_p, label_log_p = log_probs(logits, ids[..., None, :, None], blank)
    frames = count(mask(where, blank_log_p[..., 0]))[..., None, None]
    length = count(spoken)[..., None, None]
    t = lax.broadcasted_iota(frames.dtype, blank_log_p.shape, blank_log_p.ndim - 2)
    u = lax.broadcasted_iota(frames.dtype, blank_log_p.shape, blank_log_p.ndim - 1)
    exists, last = (t < frames) & (u <= length), u == length
    # Padding may hold anything.
    log_q = log_softmax(jnp.where(exists[..., None], duration_logits, 0))

    def taken(log_p: Array, place: int, possible: Array) -> Array:
        move = log_p + log_q[..., place] - price
        return jnp.where(exists & possible, move, -jnp.inf)

    blanks, moves = {}, {}
    for place, stride in enumerate(strides):
        inside = t + stride < frames
        ends = (t + stride == frames) & last
        if stride:
            blanks[stride] = taken(blank_log_p, place, inside | ends)
        moves[stride] = taken(label_log_p[..., 0], place, inside & ~last)
    return jnp.where(valid, _strode(blanks, moves, frames, length), jnp.nan)


def pruned(
    logits: Float[ArrayLike, "*batch time width classes"],
    labels: Int[ArrayLike, "*batch length"],
    starts: Int[ArrayLike, "*batch time"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward emitting the labels along paths through a few cells of each frame (pruned RNN-T).

    Formula: `sequence.transducer` over the paths that keep to the cells `(t, starts[t] + w)`, whose
    scores are `logits[t, w]`: at most what it is over all paths, in probability.

    Args:
        logits: scores of the classes, of which blank is one, in the cells of each frame.
        labels: classes in their order.
        starts: how many labels are emitted before the first cell of each frame: `pruning_starts`.
        where: frames that exist.
        label_where: labels that exist.
        blank: the class that moves on to the next frame.

    Returns:
        One value for each sequence; infinity if no path keeps to the cells.

    Raises:
        ValueError: for shapes that do not fit, or a blank outside the classes.

    Example:
        >>> pruned(jnp.zeros((2, 1, 2)), jnp.array([], int), jnp.array([0, 0]))
        Array(1.3863, dtype=float32)

    Reference: Kuang et al. 2022, arXiv:2206.13236.
    """
    logits = scores(logits, 3, "time, width, classes", blank)
    batch, width = logits.shape[:-3], logits.shape[-2]
    shape = (*batch, *jnp.shape(labels)[-1:])
    ids, spoken, valid = spelled(labels, label_where, shape, logits, blank)
    steps = shape[-1] + 1
    frames = f", one for each frame of `logits` {logits.shape}"
    starts = indices("starts", starts, logits.shape[:-2], steps, frames)
    first = starts[..., None]
    places = first + lax.broadcasted_iota(first.dtype, logits.shape[:-1], logits.ndim - 2)
    exists = mask(where, logits[..., 0, 0])[..., None] & (places <= count(spoken)[..., None, None])
    # Behind the last label no label follows; any class will do there.
    ids = jnp.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(0, 1)])
    following = jnp.take_along_axis(
        jnp.broadcast_to(ids[..., None, :], (*logits.shape[:-2], steps)),
        jnp.clip(places, 0, steps - 1),
        axis=-1,
    )
    blank_log_p, label_log_p = log_probs(shielded(logits, exists), following[..., None], blank)
    column = lax.broadcasted_iota(first.dtype, (*logits.shape[:-2], steps), logits.ndim - 2) - first
    inside, near = (column >= 0) & (column < width), jnp.clip(column, 0, width - 1)
    blanks, moves = (
        jnp.where(inside, jnp.take_along_axis(x, near, axis=-1), -jnp.inf)
        for x in (blank_log_p, label_log_p[..., 0])
    )
    value = transducer_lattice(blanks, moves[..., :-1], where=where, label_where=label_where)
    return jnp.where(valid, value, jnp.nan)


def pruning_starts(
    blank_share: Float[ArrayLike, "*batch time length+1"],
    label_share: Float[ArrayLike, "*batch time length"],
    *,
    width: int,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Int[Array, "*batch time"]:
    """Cells of each frame that keep most paths of a cheaper transducer: the starts of `pruned`.

    Formula: `argmax_s(sum(blank_share[t, s : s + width]) - label_share[t, s - 1])`, then moved so
    that starts do not fall, rise by less than `width`, begin with the first cell and reach the
    last.

    Args:
        blank_share: probability that a path has this blank: minus the gradient of
            `sequence.transducer_lattice` in its `blank_log_p`.
        label_share: the same of its `label_log_p`.
        width: cells of each frame, at most one more than there are labels.
        where: frames that exist.
        label_where: labels that exist.

    Raises:
        ValueError: for shapes that do not fit, or a width that is none.

    Example:
        >>> pruning_starts([[0.9, 0.1], [0.0, 1.0]], [[0.1], [0.9]], width=1)
        Array([0, 0], dtype=int32)

    Reference: Kuang et al. 2022, arXiv:2206.13236.
    """
    stays, emits = promote(blank_share=blank_share, label_share=label_share)
    steps = stays.shape[-1]
    if emits.shape != (*stays.shape[:-1], steps - 1):
        raise ValueError(
            f"expected `label_share` of shape {(*stays.shape[:-1], steps - 1)} for `blank_share` "
            f"{stays.shape}, got {emits.shape}"
        )
    if not 1 <= width <= steps:
        raise ValueError(f"expected a `width` from 1 to {steps}, got {width}")
    spoken = mask(label_where, jnp.sum(emits, axis=-2), "label_where")
    frames = count(mask(where, stays[..., 0]))[..., None]
    before = jnp.pad(jnp.cumsum(stays, axis=-1), [(0, 0)] * (stays.ndim - 1) + [(1, 0)])
    held = before[..., width:] - before[..., : steps + 1 - width]
    held = held - jnp.pad(emits, [(0, 0)] * (emits.ndim - 1) + [(1, 0)])[..., : steps + 1 - width]
    last = jnp.maximum(count(spoken)[..., None] + 1 - width, 0)
    t = lax.broadcasted_iota(jnp.int32, held.shape[:-1], held.ndim - 2)
    reach = width - 1
    wanted = jnp.maximum(jnp.argmax(held, axis=-1), last - reach * jnp.maximum(frames - 1 - t, 0))
    wanted = jnp.minimum(wanted, jnp.minimum(last, reach * t))
    rising = lax.cummin(wanted, axis=wanted.ndim - 1, reverse=True)
    return lax.cummin(rising - reach * t, axis=wanted.ndim - 1) + reach * t


def _strode(
    blanks: dict[int, Array], moves: dict[int, Array], frames: Array, length: Array
) -> Array:
    """Minus the logarithm of the sum over all paths that end behind the last frame."""
    some = next(iter(moves.values()))
    time, width = some.shape[-2:]
    # Of a diagonal t + u = n, moves lead to those ahead: blanks as many as their stride is, labels
    # one more.
    ahead = max(*blanks, *moves) + 1
    never = jnp.full_like(some, -jnp.inf)
    stays = jnp.stack([blanks.get(place + 1, never) for place in range(ahead)], axis=-3)
    emits = jnp.stack([moves.get(place, never) for place in range(ahead)], axis=-3)
    # Whoever is behind the last frame rests there at no cost.
    beyond = [(0, 0)] * (stays.ndim - 2) + [(0, width), (0, 0)]
    stays, emits = (jnp.pad(x, beyond, constant_values=-jnp.inf) for x in (stays, emits))
    t = lax.broadcasted_iota(frames.dtype, stays.shape, stays.ndim - 2)
    next_one = lax.broadcasted_iota(frames.dtype, stays.shape, stays.ndim - 3) == 0
    stays = jnp.where((t >= frames[..., None]) & next_one, 0, stays)
    along = tuple(diagonals(x, time + width - 1, -jnp.inf) for x in (stays, emits))

    def step(states: States, frame: Frame) -> States:
        (waiting,), (stay, emit) = states, frame
        waiting = waiting.reshape(*waiting.shape[:-1], ahead, width)
        here = waiting[..., :1, :]
        last = jnp.full_like(here, -jnp.inf)
        found = log_add(
            jnp.concatenate([waiting[..., 1:, :], last], axis=-2),
            here + stay,
            after(-jnp.inf, (here + emit)[..., :-1]),
        )
        return (found.reshape(*found.shape[:-2], ahead * width),)

    nobody = nowhere(jnp.concatenate([some] * ahead, axis=-1)[..., 1:])
    (waiting,), scale = walk(step, (at_first(nobody),), along)
    total = pick(waiting[..., :width], length[..., 0, 0]) + scale
    return -jnp.where(frames[..., 0, 0] > 0, total, -jnp.inf)


def _cells(
    logits: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None,
    label_where: ArrayLike | None,
    blank: int,
) -> tuple[Array, Array, Array, Array]:
    """Logits of a lattice, the label of each column, which labels exist, and valid sequences."""
    logits = scores(logits, 3, "time, length + 1, classes", blank)
    shape = (*logits.shape[:-3], logits.shape[-2] - 1)
    ids, spoken, valid = spelled(labels, label_where, shape, logits, blank)
    exists = mask(where, logits[..., 0, 0])[..., None] & after(True, spoken)[..., None, :]
    # Behind the last label no label follows; any class will do there.
    ids = jnp.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(0, 1)])
    return shielded(logits, exists), ids, spoken, valid


def _strides(durations: Sequence[int]) -> tuple[int, ...]:
    strides = tuple(durations)
    if len(set(strides)) < len(strides) or min(strides, default=0) < 0 or not any(strides):
        raise ValueError(
            f"expected different `durations` from 0 on, at least one above 0, got {strides}"
        )
    return strides
