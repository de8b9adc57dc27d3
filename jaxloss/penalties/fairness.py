"""Penalties on scores that differ between two groups of people: one number for each batch.

Scores are real numbers, probabilities above all, on the last axis with a boolean `group` for each;
the groups are those in it and the others. A comparison with a group that is not there costs 0.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import mask, vectors
from jaxloss.core.numerics import absolute, safe_divide


def demographic_parity(
    scores: Float[ArrayLike, "*batch n"],
    group: Bool[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward equal mean scores of both groups.

    Formula: `abs(mean(scores[group]) - mean(scores[~group]))`; gradient 0 at 0.

    Args:
        scores: of each person.
        group: who is in the group.
        where: who counts.

    Returns:
        One value for each batch.

    Example:
        >>> demographic_parity([1.0, 0.0, 0.5], jnp.array([True, True, False]))
        Array(0., dtype=float32)

    Reference: Zafar et al. 2017, arXiv:1507.05259.
    """
    (scores,) = vectors(scores=scores)
    group, kept = mask(group, scores, "group"), mask(where, scores)
    return _gap(scores, group, kept)


def equalized_odds(
    scores: Float[ArrayLike, "*batch n"],
    target: Bool[ArrayLike, "*batch n"],
    group: Bool[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward equal mean scores of both groups among those who deserve a yes, and the others.

    Formula: `demographic_parity` where `target` is true, and the same where it is not, added up;
    the first alone, with `where=target`, is equality of opportunity.

    Args:
        scores: of each person.
        target: whose true answer is yes.
        group: who is in the group.
        where: who counts.

    Returns:
        One value for each batch.

    Example:
        >>> people = jnp.array([True, False, True, False]), jnp.array([True, True, False, False])
        >>> equalized_odds([1.0, 0.0, 0.5, 0.25], *people)
        Array(0.75, dtype=float32)

    Reference: Hardt et al. 2016, arXiv:1610.02413.
    """
    (scores,) = vectors(scores=scores)
    target, group = mask(target, scores, "target"), mask(group, scores, "group")
    kept = mask(where, scores)
    return _gap(scores, group, kept & target) + _gap(scores, group, kept & ~target)


def covariance(
    scores: Float[ArrayLike, "*batch n"],
    group: Bool[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward scores that do not go with the group.

    Formula: `abs(mean((group - mean(group)) * scores))`; gradient 0 at 0. Of log-odds it is that of
    the paper, of signed distances to the boundary.

    Args:
        scores: of each person.
        group: who is in the group.
        where: who counts.

    Returns:
        One value for each batch.

    Example:
        >>> covariance([1.0, 0.0], jnp.array([True, False]))
        Array(0.25, dtype=float32)

    Reference: Zafar et al. 2017, arXiv:1507.05259.
    """
    (scores,) = vectors(scores=scores)
    group, kept = mask(group, scores, "group"), mask(where, scores)
    share = _mean(group.astype(scores.dtype), kept)
    apart = group.astype(scores.dtype) - share[..., None]
    return absolute(_mean(apart * jnp.where(kept, scores, 0), kept))


def _mean(values: Array, kept: Array) -> Array:
    count = jnp.sum(kept, axis=-1, dtype=values.dtype)
    return safe_divide(jnp.sum(jnp.where(kept, values, 0), axis=-1), count)


def _gap(scores: Array, group: Array, kept: Array) -> Array:
    inside, outside = kept & group, kept & ~group
    both = jnp.any(inside, axis=-1) & jnp.any(outside, axis=-1)
    return absolute(jnp.where(both, _mean(scores, inside) - _mean(scores, outside), 0))
