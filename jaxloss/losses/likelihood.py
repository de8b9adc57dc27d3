"""Negative log-likelihoods of a model of the data."""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import mask, probabilities, vectors
from jaxloss.core.numerics import safe_divide
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
