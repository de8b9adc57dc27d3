"""Times until something happens, some of which are only known to be longer (censored)."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    hyperparameters,
    labels as checked_labels,
    leading,
    mask,
    of_rows,
    probabilities,
    promote,
    vectors,
)
from jaxloss.core.numerics import known, log_softmax, logsumexp, safe_divide, softplus
from jaxloss.core.order import ascending, at, deposit, following, greatest, smaller


def cox(
    log_hazard: Float[ArrayLike, "*batch n"],
    time: Real[ArrayLike, "*batch n"],
    event: Real[ArrayLike, "*batch n"],
    *,
    ties: Literal["efron", "breslow"] = "efron",
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the order in which things happen: high hazards first (Cox's partial likelihood).

    Formula: mean over the events `i` of
    `log(sum(exp(log_hazard[time >= time[i]]))) - log_hazard[i]`; 0 without an event. The last axis
    is one list of subjects that are at risk together. In time `n * log(n)` and memory `n`.

    Args:
        log_hazard: logarithm of the hazard of each subject, up to a constant.
        time: of the event, or until which nothing had happened; no gradient.
        event: 1 for an event, 0 for a subject that was lost from sight (censored); no gradient.
        ties: what events at one time see of each other. With `"breslow"` all of them count in full
            for each; with `"efron"`, as the `l`-th of `d` happens (from 0), each counts by
            `1 - l / d`.
        where: subjects that count.

    Returns:
        One value for each list.

    Example:
        >>> cox([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [1, 0, 1])
        Array(0.5493, dtype=float32)

    Reference: Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; Breslow 1974,
        doi:10.2307/2529620; Efron 1977, doi:10.1080/01621459.1977.10480613.
    """
    log_hazard, time, event = vectors(log_hazard=log_hazard, time=time, event=event)
    probabilities(event=event)
    n = log_hazard.shape[-1]
    kept = mask(where, log_hazard)
    happened = kept & (event == 1)
    time = lax.stop_gradient(jnp.where(kept, time, 0))
    log_hazard = jnp.where(kept, log_hazard, 0)
    ordered = ascending(time)
    slots = smaller(ordered, time)
    # In the first slot of each time: the largest log-hazard, and sums of hazards in its units.
    floor = float(jnp.finfo(log_hazard.dtype).min)
    top = greatest(jnp.where(kept, lax.stop_gradient(log_hazard), floor), slots, n)
    hazard = jnp.where(kept, jnp.exp(log_hazard - jnp.where(kept, at(top, slots), 0)), 0)
    dying = deposit(jnp.where(happened, hazard, 0), slots, n)
    others = deposit(jnp.where(happened, 0, hazard), slots, n)
    at_risk = (top, dying + others - 1)
    later_top, later = _sums_from_on(at_risk)
    later_top, later = following(later_top, floor), following(later, -1)
    unit = jnp.maximum(later_top, top)
    # As many slots of a time as it has events stand for these, one each.
    first = smaller(ordered, ordered)
    place = lax.broadcasted_iota(first.dtype, first.shape, first.ndim - 1) - first
    deaths = at(deposit(happened.astype(first.dtype), slots, n), first)
    counted = place < deaths
    share = jnp.ones_like(top)
    if ties == "efron":
        share = 1 - place.astype(top.dtype) / jnp.maximum(deaths, 1).astype(top.dtype)
    now = at(others, first) + share * at(dying, first) - 1
    _, risk = _add((at(top, first), now), (at(later_top, first), at(later, first)))
    risks = jnp.where(counted, jnp.log1p(jnp.where(counted, risk, 0)), 0)
    own = jnp.where(happened, at(unit, slots) - log_hazard, 0)
    return safe_divide(
        jnp.sum(risks + own, axis=-1), jnp.sum(happened, axis=-1, dtype=log_hazard.dtype)
    )


def logistic_hazard(
    logits: Float[ArrayLike, "*batch intervals"],
    labels: Int[ArrayLike, "*batch"],
    event: Real[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward the chance of an event in each interval, for those who have come that far.

    Formula: `sum(softplus(logits[:labels])) + softplus((1 - 2 * event) * logits[labels])`: a binary
    cross-entropy of each interval up to that of the subject.

    Args:
        logits: of the hazard in each interval of time, the probability of an event there if none
            has happened before.
        labels: interval of the event, or the last one that is known to have passed without it.
        event: 1 for an event, 0 for a subject that was lost from sight (censored); no gradient.

    Returns:
        One value for each subject; NaN for a label out of range.

    Example:
        >>> logistic_hazard([[0.0, 0.0, 9.0], [0.0, 0.0, 9.0]], [1, 0], [1, 0])
        Array([1.3863, 0.6931], dtype=float32)

    Reference: Gensheimer and Narasimhan 2019, arXiv:1805.00917; Kvamme and Borgan 2021,
        arXiv:1910.06724.
    """
    logits, at_interval, happened = _intervals(logits, labels, event)
    place = at_interval[..., None]
    intervals = lax.broadcasted_iota(place.dtype, logits.shape, logits.ndim - 1)
    ends = (intervals == place) & happened[..., None]
    costs = softplus(jnp.where(ends, -logits, logits))
    passed = jnp.where(intervals <= place, costs, 0)
    return known(jnp.sum(passed, axis=-1), at_interval, logits.shape[-1])


def probability_mass(
    logits: Float[ArrayLike, "*batch intervals"],
    labels: Int[ArrayLike, "*batch"],
    event: Real[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward the probability of the interval in which it happened, or of all later ones together.

    Formula: with `p = softmax([*logits, 0])`, whose last entry is that of no event in any interval,
    `-log(p[labels])` for an event, `-log(sum(p[labels + 1:]))` for others.

    Args:
        logits: of the intervals of time.
        labels: interval of the event, or the last one that is known to have passed without it.
        event: 1 for an event, 0 for a subject that was lost from sight (censored); no gradient.

    Returns:
        One value for each subject; NaN for a label out of range.

    Example:
        >>> probability_mass([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]], [1, 1], [1, 0])
        Array([1.3863, 0.6931], dtype=float32)

    Reference: Lee et al. 2018, doi:10.1609/aaai.v32i1.11842; Kvamme and Borgan 2021,
        arXiv:1910.06724.
    """
    logits, at_interval, happened = _intervals(logits, labels, event)
    return known(_mass(logits, at_interval, happened), at_interval, logits.shape[-1])


def deephit(
    logits: Float[ArrayLike, "*batch n intervals"],
    labels: Int[ArrayLike, "*batch n"],
    event: Real[ArrayLike, "*batch n"],
    *,
    weight: ArrayLike = 1.0,
    sigma: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward the probability of what happened, and subjects for being in the order it happened in.

    Formula: `probability_mass(logits, labels, event)[i] + weight * event[i] * mean(later[i] *
    exp((F[:, labels[i]] - F[i, labels[i]]) / sigma))`, `F` the probability of an event up to and
    including an interval, and `later[i]` 1 for subjects whose interval is a later one, or the same
    without an event. All `n` subjects of a list count in the mean.

    Args:
        logits: of the intervals of time, as in `probability_mass`.
        labels: interval of the event, or the last one that is known to have passed without it.
        event: 1 for an event, 0 for a subject that was lost from sight (censored); no gradient.
        weight: of the order.
        sigma: difference between probabilities that counts for much.
        where: subjects that count.

    Returns:
        One value for each subject; NaN for a label out of range.

    Example:
        >>> deephit([[0.0, 0.0], [0.0, 0.0]], [0, 1], [1, 1])
        Array([1.5986, 1.0986], dtype=float32)

    Reference: Lee et al. 2018, doi:10.1609/aaai.v32i1.11842.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 2:
        raise ValueError(
            f"expected `logits` with an axis of subjects before that of intervals, got shape "
            f"{logits.shape}"
        )
    kept = mask(where, jnp.zeros_like(logits, shape=logits.shape[:-1]))
    logits, at_interval, happened = _intervals(logits, labels, event)
    weight, sigma = hyperparameters(of_rows(logits), weight=weight, sigma=sigma)
    count = logits.shape[-1]
    logits = jnp.where(kept[..., None], logits, 0)
    p = jnp.exp(log_softmax(_with_survivors(logits)))
    # Of each subject (first axis) how likely each (second) has an event up to its interval.
    own = jnp.clip(at_interval, 0, count - 1)
    until = lax.broadcasted_iota(own.dtype, p.shape, p.ndim - 1) <= own[..., None]
    reached = jnp.einsum("...ik,...jk->...ij", until.astype(p.dtype), p, precision="highest")
    itself = jnp.sum(jnp.where(until, p, 0), axis=-1, keepdims=True)
    mine, other = own[..., :, None], own[..., None, :]
    later = (other > mine) | ((other == mine) & ~happened[..., None, :])
    later = later & kept[..., None, :] & (kept & happened)[..., :, None]
    lead = jnp.where(later, reached - itself, 0) / along(sigma, 1)
    order = jnp.sum(jnp.where(later, jnp.exp(lead), 0), axis=-1)
    number = jnp.sum(kept, axis=-1, keepdims=True, dtype=p.dtype)
    value = _mass(logits, own, happened) + weight * safe_divide(order, number)
    value = known(value, at_interval, count)
    return jnp.where(kept, value, 0)


def _intervals(
    logits: ArrayLike, labels: ArrayLike, event: ArrayLike
) -> tuple[Array, Array, Array]:
    """Check the arguments of losses of intervals; give events as booleans."""
    logits, at_interval = checked_labels(logits, labels)
    (event,) = leading(logits, event=event)
    if event.shape != at_interval.shape:
        raise ValueError(
            f"expected `event` of shape {at_interval.shape}, one for each of `labels`, got "
            f"{event.shape}"
        )
    probabilities(event=event)
    return logits, at_interval, event == 1


def _with_survivors(logits: Array) -> Array:
    """Logits of the intervals, and 0 for none of them."""
    return jnp.concatenate([logits, jnp.zeros_like(logits[..., :1])], axis=-1)


def _mass(logits: Array, at_interval: Array, happened: Array) -> Array:
    logits = _with_survivors(logits)
    place = at_interval[..., None]
    intervals = lax.broadcasted_iota(place.dtype, logits.shape, logits.ndim - 1)
    chosen = jnp.where(happened[..., None], intervals == place, intervals > place)
    # Against the odds, so that what is nearly certain keeps its digits.
    return softplus(logsumexp(logits, where=~chosen) - logsumexp(logits, where=chosen))


def _add(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """Add sums of exponentials, each as `exp(top) * (1 + excess)`.

    The excess over the largest term, not the sum, so that where one term is all there is its
    logarithm is small and still exact.
    """
    (top, excess), (other_top, other) = a, b
    is_larger = top >= other_top
    largest, rest = jnp.where(is_larger, excess, other), jnp.where(is_larger, other, excess)
    scale = jnp.exp(-jnp.abs(top - other_top))
    return jnp.maximum(top, other_top), largest + (1 + rest) * scale


@jax.jit  # Hundreds of small operations, which eager calls would compile one by one.
def _sums_from_on(terms: tuple[Array, Array]) -> tuple[Array, Array]:
    """For each slot, the sum of exponentials over it and all that follow."""
    return lax.associative_scan(_add, terms, reverse=True, axis=terms[0].ndim - 1)
