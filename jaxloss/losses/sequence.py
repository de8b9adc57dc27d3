"""Sequences longer than their labels: the probability summed over all ways to align the two.

Time stands before the classes, and everything before time is batch. `where` says which frames
exist and `label_where` which labels do; what does not exist stands at the end and may hold
anything. A label outside `[0, classes)`, or equal to `blank`, gives NaN with gradient 0. Labels
that do not fit into the frames cost infinity with gradient 0: leave such sequences out with
`jaxloss.mean(values, where=jnp.isfinite(values))`.

Of the logits only their normaliser and the entries of blank and labels are looked at, so that no
array of log-probabilities is made. Sums over alignments run in logarithms that are scaled anew at
each step, so that gradients lose no digits as sequences grow.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import mask, promote
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
from jaxloss.core.numerics import log_add, pick
from jaxloss.core.paths import Frame, States, after, prefix, walk


def ctc(
    logits: Float[ArrayLike, "*batch time classes"],
    labels: Int[ArrayLike, "*batch length"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward classes of frames that spell the labels, wherever in time each of them stands.

    Formula: with `p = softmax(logits)`, `-log(sum(prod(p[t, path[t]])))` over all paths that give
    the labels when repeats are merged and blanks are then removed.

    Args:
        logits: scores of the classes, of which blank is one, at each frame.
        labels: classes in their order.
        where: frames that exist.
        label_where: labels that exist.
        blank: the class that stands for no label.

    Returns:
        One value for each sequence.

    Raises:
        ValueError: for shapes that do not fit, or a blank outside the classes.

    Example:
        >>> ctc(jnp.zeros((3, 2)), jnp.array([1]))
        Array(0.2877, dtype=float32)

    Reference: Graves et al. 2006, doi:10.1145/1143844.1143891.
    """
    logits = scores(logits, 2, "time, classes", blank)
    shape = (*logits.shape[:-2], *jnp.shape(labels)[-1:])
    ids, spoken, valid = spelled(labels, label_where, shape, logits, blank)
    kept = mask(where, logits[..., 0])
    blank_log_p, label_log_p = log_probs(shielded(logits, kept), ids[..., None, :], blank)
    blank_log_p = jnp.where(kept, blank_log_p, 0)
    exists = kept[..., None] & spoken[..., None, :]
    label_log_p = jnp.where(exists, label_log_p, -jnp.inf)
    # Between two equal labels a path must rest on the blank.
    differs = ids != after(blank, ids)[..., :-1]

    def step(states: States, frame: Frame) -> States:
        blanks, ends = states  # of the paths to here: in the blank before a label, or in the label
        stay, move, exists = frame
        rested = log_add(blanks, after(-jnp.inf, ends))
        arrived = jnp.where(differs, rested[..., :-1], blanks[..., :-1])
        return (
            jnp.where(exists, rested + stay, blanks),
            jnp.where(exists, log_add(ends, arrived) + move, ends),
        )

    over_time = blank_log_p[..., None], label_log_p, kept[..., None]
    frames = tuple(jnp.moveaxis(x, -2, 0) for x in over_time)
    never = nowhere(label_log_p)
    (blanks, ends), scale = walk(step, (at_first(never), never), frames)
    total = log_add(blanks, after(-jnp.inf, ends))
    return jnp.where(valid, -(pick(total, count(spoken)) + scale), jnp.nan)


def fits(
    labels: Int[ArrayLike, "*batch length"],
    where: Bool[ArrayLike, "*batch time"],
    *,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Bool[Array, "*batch"]:
    """Tell which sequences have frames enough for `ctc` to spell their labels.

    One for each label, and one for the blank between two equal ones.

    Args:
        labels: classes in their order.
        where: frames that exist.
        label_where: labels that exist.

    Example:
        >>> fits([[1, 1], [1, 2]], [[True, True], [True, True]])
        Array([False,  True], dtype=bool)

    Reference: Graves et al. 2006, doi:10.1145/1143844.1143891.
    """
    like, frames = jnp.asarray(labels), jnp.asarray(where)
    if like.shape[:-1] != frames.shape[:-1] or frames.dtype != jnp.bool_:
        raise ValueError(
            f"expected boolean `where` with a row for each of `labels` {like.shape}, got "
            f"{frames.dtype} of shape {frames.shape}"
        )
    spoken = prefix("label_where", mask(label_where, like, "label_where"))
    repeated = (like[..., 1:] == like[..., :-1]) & spoken[..., 1:]
    return count(spoken) + count(repeated) <= count(frames)


def transducer(
    logits: Float[ArrayLike, "*batch time length+1 classes"],
    labels: Int[ArrayLike, "*batch length"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
) -> Float[Array, "*batch"]:
    """Reward emitting the labels one by one while walking through the frames (RNN-T).

    Formula: with `p = softmax(logits)`, `-log(sum(prod(p[t, u, move])))` over all paths from
    `(0, 0)` that emit each label (`move = labels[u]`, to `(t, u + 1)`) and leave each frame by a
    blank (`move = blank`, to `(t + 1, u)`).

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
        >>> transducer(jnp.zeros((2, 2, 2)), jnp.array([1]))
        Array(1.3863, dtype=float32)

    Reference: Graves 2012, arXiv:1211.3711.
    """
    logits = scores(logits, 3, "time, length + 1, classes", blank)
    shape = (*logits.shape[:-3], logits.shape[-2] - 1)
    ids, spoken, valid = spelled(labels, label_where, shape, logits, blank)
    exists = mask(where, logits[..., 0, 0])[..., None] & after(True, spoken)[..., None, :]
    # Behind the last label no label follows; any class will do there.
    ids = jnp.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(0, 1)])
    blank_log_p, label_log_p = log_probs(shielded(logits, exists), ids[..., None, :, None], blank)
    value = transducer_lattice(
        blank_log_p, label_log_p[..., :-1, 0], where=where, label_where=label_where
    )
    return jnp.where(valid, value, jnp.nan)


def transducer_lattice(
    blank_log_p: Float[ArrayLike, "*batch time length+1"],
    label_log_p: Float[ArrayLike, "*batch time length"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward paths through frames and labels, from the log-probabilities of their moves.

    Formula: `-log(sum(exp(sum of log_p over the moves)))` over all paths from `(0, 0)` that emit
    each label (`label_log_p[t, u]`, to `(t, u + 1)`) and leave each frame by a blank
    (`blank_log_p[t, u]`, to `(t + 1, u)`). All that `transducer` needs of its logits.

    Args:
        blank_log_p: log-probability of moving on at frame `t` after `u` labels.
        label_log_p: log-probability of the next label there.
        where: frames that exist.
        label_where: labels that exist.

    Returns:
        One value for each sequence; infinity without a frame.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> transducer_lattice(jnp.log(jnp.full((2, 2), 0.5)), jnp.log(jnp.full((2, 1), 0.5)))
        Array(1.3863, dtype=float32)

    Reference: Graves 2012, arXiv:1211.3711.
    """
    blank_log_p, label_log_p = promote(blank_log_p=blank_log_p, label_log_p=label_log_p)
    shape = blank_log_p.shape
    if len(shape) < 2 or shape[-1] == 0:
        raise ValueError(f"expected `blank_log_p` (*batch, time, length + 1), got {shape}")
    if label_log_p.shape != (*shape[:-1], shape[-1] - 1):
        raise ValueError(
            f"expected `label_log_p` of shape {(*shape[:-1], shape[-1] - 1)} for `blank_log_p` "
            f"{shape}, got {label_log_p.shape}"
        )
    kept = prefix("where", mask(where, blank_log_p[..., 0]))
    row = jnp.sum(label_log_p, axis=-2)  # only its shape matters, also without frames
    spoken = prefix("label_where", mask(label_where, row, "label_where"))
    frames, length = count(kept)[..., None, None], count(spoken)[..., None, None]
    t = lax.broadcasted_iota(frames.dtype, shape, len(shape) - 2)
    u = lax.broadcasted_iota(frames.dtype, shape, len(shape) - 1)
    # The last frame can be left behind the last label only. Beyond, a path rests at no cost.
    exists = (t < frames) & (u <= length)
    blank_log_p = jnp.where((t == frames - 1) & (u < length), -jnp.inf, blank_log_p)
    blank_log_p = jnp.where(exists, blank_log_p, 0)
    label_log_p = jnp.where(kept[..., None] & spoken[..., None, :], label_log_p, -jnp.inf)

    # Along a diagonal t + u = n, each state follows from two of the diagonal before.
    def step(states: States, frame: Frame) -> States:
        (paths,), (stay, move) = states, frame
        return (log_add(paths + stay, after(-jnp.inf, paths[..., :-1] + move)),)

    steps = shape[-2] + shape[-1] - 1
    moves = diagonals(blank_log_p, steps, 0.0), diagonals(label_log_p, steps, -jnp.inf)
    (paths,), scale = walk(step, (at_first(nowhere(label_log_p)),), moves)
    total = pick(paths, length[..., 0, 0]) + scale
    return -jnp.where(frames[..., 0, 0] > 0, total, -jnp.inf)
