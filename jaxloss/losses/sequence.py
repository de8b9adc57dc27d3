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

from jaxloss.core.checks import indices, mask, promote, require
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import log_add, log_total, pick, shifted
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
    logits = _scores(logits, 2, "time, classes", blank)
    shape = (*logits.shape[:-2], *jnp.shape(labels)[-1:])
    ids, spoken, valid = _spelled(labels, label_where, shape, logits, blank)
    kept = mask(where, logits[..., 0])
    blank_log_p, label_log_p = _log_probs(_shielded(logits, kept), ids[..., None, :], blank)
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
    nowhere = _nowhere(label_log_p)
    (blanks, ends), scale = walk(step, (_at_first(nowhere), nowhere), frames)
    total = log_add(blanks, after(-jnp.inf, ends))
    return jnp.where(valid, -(pick(total, _count(spoken)) + scale), jnp.nan)


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
    return _count(spoken) + _count(repeated) <= _count(frames)


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
    logits = _scores(logits, 3, "time, length + 1, classes", blank)
    shape = (*logits.shape[:-3], logits.shape[-2] - 1)
    ids, spoken, valid = _spelled(labels, label_where, shape, logits, blank)
    exists = mask(where, logits[..., 0, 0])[..., None] & after(True, spoken)[..., None, :]
    # Behind the last label no label follows; any class will do there.
    ids = jnp.pad(ids, [(0, 0)] * (ids.ndim - 1) + [(0, 1)])
    blank_log_p, label_log_p = _log_probs(_shielded(logits, exists), ids[..., None, :, None], blank)
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
    frames, length = _count(kept)[..., None, None], _count(spoken)[..., None, None]
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
    diagonals = _diagonals(blank_log_p, steps, 0.0), _diagonals(label_log_p, steps, -jnp.inf)
    (paths,), scale = walk(step, (_at_first(_nowhere(label_log_p)),), diagonals)
    total = pick(paths, length[..., 0, 0]) + scale
    return -jnp.where(frames[..., 0, 0] > 0, total, -jnp.inf)


def _scores(logits: ArrayLike, axes: int, names: str, blank: int) -> Float[Array, "..."]:
    """Convert logits; demand their axes, and that blank is a class."""
    (logits,) = promote(logits=logits)
    if logits.ndim < axes or (axes == 3 and logits.shape[-2] == 0):
        raise ValueError(f"expected `logits` (*batch, {names}), got shape {logits.shape}")
    if not 0 <= blank < logits.shape[-1]:
        raise ValueError(f"`blank` {blank} is not one of the classes of `logits` {logits.shape}")
    return logits


def _spelled(
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


def _shielded(
    logits: Float[Array, "... classes"], exists: Bool[Array, "..."]
) -> Float[Array, "... classes"]:
    """The same logits, with derivative 0 where they do not exist, whatever they hold there.

    The value is masked later, where arrays are small: for logits that are replaced here, memory of
    their size would be needed.
    """
    return jnp.where(exists[..., None], logits, lax.stop_gradient(logits))


def _log_probs(
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


def _diagonals(
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


def _nowhere(label_log_p: Float[Array, "*batch time n"]) -> Float[Array, "*batch n"]:
    """Logarithms of states none of which is possible, typed as what depends on the input is."""
    return alike(jnp.full_like(jnp.sum(label_log_p, axis=-2), -jnp.inf), label_log_p)


def _at_first(nowhere: Float[Array, "*batch n"]) -> Float[Array, "*batch n+1"]:
    """Logarithms of states of which the first is certain."""
    return after(0.0, nowhere)


def _count(kept: Bool[Array, "*batch n"]) -> Int[Array, "*batch"]:
    return jnp.sum(kept, axis=-1, dtype=jnp.int32)
