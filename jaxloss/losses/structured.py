"""Sequences of states whose neighbours depend on each other: sums over all paths through them.

Time stands before the states, and everything before time is batch. A state with the score `-inf`
cannot be visited, a transition of `-inf` cannot be made. What has no possible path costs infinity
with gradient 0: leave it out with `jaxloss.mean(values, where=jnp.isfinite(values))`. A label
outside `[0, states)` gives NaN with gradient 0.

Sums run in logarithms that are scaled anew at each step, so that gradients lose no digits as
sequences grow; the derivative keeps the states of each step and nothing of the size of the
transitions.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import indices, mask, promote
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import log_add, log_total, logsumexp, pick, shifted
from jaxloss.core.paths import Frame, States, after, prefix, walk


def crf(
    logits: Float[ArrayLike, "*batch time states"],
    labels: Int[ArrayLike, "*batch time"],
    transitions: Float[ArrayLike, "states states"],
    *,
    start: Float[ArrayLike, " states"] | None = None,
    end: Float[ArrayLike, " states"] | None = None,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the labelled path through the states above all others (linear-chain CRF).

    Formula: with `score(path) = start[path[0]] + sum(logits[t, path[t]]) +
    sum(transitions[path[t - 1], path[t]]) + end[path[-1]]`,
    `logsumexp(score(path) over all paths) - score(labels)`.

    Args:
        logits: scores of the states at each step.
        labels: the state at each step.
        transitions: score of going from one state (row) to another (column).
        start: score of each state as the first one; None for zeros.
        end: score of each state as the last one; None for zeros.
        where: steps that exist. What stands on both sides of one that does not are neighbours.

    Returns:
        One value for each sequence; 0 without a step.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> crf(jnp.zeros((3, 2)), jnp.array([0, 1, 1]), jnp.zeros((2, 2)))
        Array(2.0794, dtype=float32)

    Reference: Lafferty et al. 2001, https://repository.upenn.edu/cis_papers/159.
    """
    logits, moves, first, last = _scores("logits", logits, transitions, start=start, end=end)
    like = jnp.asarray(labels)
    kept = mask(where, like)
    given = labels if where is None else jnp.where(kept, like, jnp.zeros_like(like))
    reason = f", one for each step of `logits` {logits.shape}"
    ids = indices("labels", given, logits.shape[:-1], logits.shape[-1], reason)
    valid = jnp.all((ids >= 0) & (ids < logits.shape[-1]), axis=-1)
    path = jnp.clip(ids, 0, logits.shape[-1] - 1)
    # Everything is scored against the labelled path, whose own score is 0: what is left to round
    # is what the others gain over it.
    places = lax.broadcasted_iota(path.dtype, path.shape, path.ndim - 1)
    latest = lax.cummax(jnp.where(kept, places, -1), axis=path.ndim - 1)
    before = after(-1, latest)[..., : path.shape[-1]]
    opening, moving = kept & (before < 0), kept & (before >= 0)
    previous = jnp.take_along_axis(path, jnp.maximum(before, 0), axis=-1, mode="clip")
    closing = kept & (jnp.sum(kept, axis=-1, keepdims=True) == jnp.cumsum(kept, axis=-1))
    paid = jnp.where(moving, moves[previous, path], 0) + jnp.where(opening, first[path], 0)
    own = jnp.where(kept, pick(logits, path), 0)
    ending = jnp.where(closing, last[path], 0)
    possible = jnp.all((own > -jnp.inf) & (paid > -jnp.inf) & (ending > -jnp.inf), axis=-1)
    paid, own, ending = (jnp.where(x > -jnp.inf, x, 0) for x in (paid, own, ending))
    relative = jnp.where(kept[..., None], logits, 0) - own[..., None]
    states, scale = _chain(relative, moves, first, opening, kept, paid)
    leaving = _spread(last, states.ndim) - jnp.sum(ending, axis=-1, keepdims=True)
    log_mass = logsumexp(states + leaving) + scale
    some = jnp.any(kept, axis=-1)
    value = jnp.where(possible, jnp.where(some, log_mass, 0), jnp.inf)
    return jnp.where(valid, value, jnp.nan)


def hidden_markov(
    log_likelihoods: Float[ArrayLike, "*batch time states"],
    log_transitions: Float[ArrayLike, "states states"],
    log_initial: Float[ArrayLike, " states"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a hidden Markov model for what was seen, whatever its states were.

    Formula: `-log(sum(exp(log_initial[s[0]] + sum(log_transitions[s[t - 1], s[t]]) +
    sum(log_likelihoods[t, s[t]]))))` over all paths `s` of states.

    Args:
        log_likelihoods: log-probability, or density, of what was seen at each step in each state.
        log_transitions: log-probability of going from one state (row) to another (column); rows
            are not normalised here.
        log_initial: log-probability of each state as the first one.
        where: steps at which something was seen. Those between do not move the state.

    Returns:
        One value for each sequence; 0 without a step.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> half = jnp.log(jnp.full((2, 2), 0.5))
        >>> hidden_markov(jnp.log(jnp.array([[0.5, 0.25], [0.5, 0.25]])), half, half[0])
        Array(1.9617, dtype=float32)

    Reference: Baum and Petrie 1966, doi:10.1214/aoms/1177699147.
    """
    given = {"log_transitions": log_transitions, "log_initial": log_initial}
    seen, moves, first = _scores("log_likelihoods", log_likelihoods, **given)
    kept = mask(where, jnp.zeros(seen.shape[:-1], bool))
    seen = jnp.where(kept[..., None], seen, 0)
    opening = kept & (jnp.cumsum(kept, axis=-1) == 1)
    unpaid = jnp.zeros_like(jnp.sum(seen, axis=-1))
    states, scale = _chain(seen, moves, first, opening, kept, unpaid)
    return jnp.where(jnp.any(kept, axis=-1), -(logsumexp(states) + scale), 0)


def auto_segmentation(
    logits: Float[ArrayLike, "*batch time states"],
    labels: Int[ArrayLike, "*batch length"],
    transitions: Float[ArrayLike, "states states"],
    *,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward paths that give the labels, each held for as long as it lasts, above all others (ASG).

    Formula: with `score(path) = sum(logits[t, path[t]]) + sum(transitions[path[t - 1], path[t]])`,
    `logsumexp(score(path) over all paths) - logsumexp(score(path) over the paths that give the
    labels when repeats are merged)`: CTC without a blank, normalised over paths and not in each
    frame.

    Args:
        logits: scores of the states at each frame.
        labels: states in their order. No path gives the same one twice in a row: spell a doubled
            letter with a state that stands for a repetition.
        transitions: score of going from one state (row) to another (column).
        where: frames that exist; those that do not stand at the end.
        label_where: labels that exist; those that do not stand at the end.

    Returns:
        One value for each sequence; 0 without a label, infinity for labels that do not fit into
        the frames.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> auto_segmentation(jnp.zeros((3, 2)), jnp.array([0, 1]), jnp.zeros((2, 2)))
        Array(1.3863, dtype=float32)

    Reference: Collobert et al. 2016, arXiv:1609.03193.
    """
    logits, moves = _scores("logits", logits, transitions)
    like = jnp.asarray(labels)
    spoken = prefix("label_where", mask(label_where, like, "label_where"))
    kept = prefix("where", mask(where, jnp.zeros(logits.shape[:-1], bool)))
    given = labels if label_where is None else jnp.where(spoken, like, jnp.zeros_like(like))
    shape = (*logits.shape[:-2], *like.shape[-1:])
    reason = f", a row for each sequence of `logits` {logits.shape}"
    ids = indices("labels", given, shape, logits.shape[-1], reason)
    valid = jnp.all((ids >= 0) & (ids < logits.shape[-1]), axis=-1)
    ids = jnp.clip(ids, 0, logits.shape[-1] - 1)
    # A constant of a frame, or of all transitions, is part of every path: large ones drop out.
    frames, _ = shifted(jnp.where(kept[..., None], logits, 0))
    top = jnp.max(lax.stop_gradient(moves), initial=-jnp.inf)
    moves = moves - jnp.where(jnp.isfinite(top), top, 0)
    opening = kept & (jnp.cumsum(kept, axis=-1) == 1)
    free, unpaid = (jnp.zeros_like(jnp.sum(x, axis=-1)) for x in (moves, frames))
    states, scale = _chain(frames, moves, free, opening, kept, unpaid)
    everything = logsumexp(states) + scale

    heard = jnp.take_along_axis(frames, ids[..., None, :], axis=-1, mode="clip")
    heard = jnp.where(spoken[..., None, :], heard, -jnp.inf)
    before = after(-1, ids)[..., : ids.shape[-1]]
    stay, come = moves[ids, ids], moves[jnp.maximum(before, 0), ids]
    come = jnp.where(before == ids, -jnp.inf, come)
    place = lax.broadcasted_iota(ids.dtype, ids.shape, ids.ndim - 1)

    def step(states: States, frame: Frame) -> States:
        (ends,), (heard, first, exists) = states, frame
        moved = log_add(ends + stay, after(-jnp.inf, ends)[..., : ends.shape[-1]] + come)
        begun = jnp.where(place == 0, 0, -jnp.inf).astype(ends.dtype)
        return (jnp.where(exists, jnp.where(first, begun, moved) + heard, ends),)

    nowhere = alike(jnp.full_like(jnp.sum(heard, axis=-2), -jnp.inf), heard)
    over_time = heard, opening[..., None], kept[..., None]
    (ends,), moved = walk(step, (nowhere,), tuple(jnp.moveaxis(x, -2, 0) for x in over_time))
    count = jnp.sum(spoken, axis=-1, dtype=jnp.int32)
    reached = pick(after(-jnp.inf, ends), count)
    fits = reached > -jnp.inf
    value = jnp.where(fits, everything - jnp.where(fits, reached + moved, 0), jnp.inf)
    return jnp.where(valid, jnp.where(count > 0, value, 0), jnp.nan)


def _scores(
    name: str, frames: ArrayLike, transitions: ArrayLike | None = None, **rest: ArrayLike | None
) -> list[Array]:
    """Convert the scores of frames, transitions and single states, and demand their shapes."""
    named = {} if transitions is None else {"transitions": transitions}
    named |= rest
    given = {key: x for key, x in named.items() if x is not None}
    scores, *others = promote(**{name: frames}, **given)
    if scores.ndim < 2:
        raise ValueError(f"expected `{name}` (*batch, time, states), got shape {scores.shape}")
    states = scores.shape[-1]
    found = dict(zip(given, others, strict=True))
    result = [scores]
    for place, key in enumerate(named):
        shape = (states, states) if place == 0 else (states,)
        array = found.get(key, jnp.zeros(shape, scores.dtype))
        if array.shape != shape:
            raise ValueError(
                f"expected `{key}` of shape {shape} for the states of `{name}` {scores.shape}, "
                f"got {array.shape}"
            )
        result.append(array)
    return result


def _chain(
    scores: Float[Array, "*batch time states"],
    moves: Float[Array, "states states"],
    first: Float[Array, " states"],
    opening: Bool[Array, "*batch time"],
    kept: Bool[Array, "*batch time"],
    paid: Float[Array, "*batch time"],
) -> tuple[Float[Array, "*batch states"], Float[Array, "*batch"]]:
    """Logarithms of the summed masses of the paths to each last state, and what to add to them.

    Args:
        scores: of the states at each step.
        moves: of the transitions.
        first: of the states as the first one.
        opening: the first step that exists.
        kept: steps that exist.
        paid: what is taken off each step's transitions, or off how a sequence starts.
    """
    rank = scores.ndim - 1
    backwards, first = _spread(jnp.swapaxes(moves, 0, 1), rank + 1), _spread(first, rank)

    def step(states: States, frame: Frame) -> States:
        (ends,), (scores, paid, begins, exists) = states, frame
        moved, top = shifted(ends[..., None, :] + (backwards - paid[..., None]))
        arrived = jnp.where(begins, first - paid, log_total(moved) + top)
        return (jnp.where(exists, arrived + scores, ends),)

    over_time = scores, paid[..., None], opening[..., None], kept[..., None]
    frames = tuple(jnp.moveaxis(x, -2, 0) for x in over_time)
    typed = jnp.zeros_like(jnp.sum(scores, axis=-2))
    (states,), scale = walk(step, (alike(typed, scores),), frames)
    return states, scale


def _spread(array: Array, rank: int) -> Array:
    """The same for every sequence: axes of size one before the others."""
    return jnp.expand_dims(array, tuple(range(rank - array.ndim)))
