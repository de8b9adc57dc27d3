"""Log-probabilities of whole answers from those of their tokens: what preferences read.

Predictions stand over the tokens that they predict: shift logits and ids against each other before.
`where` keeps the tokens of the answer and drops the prompt and padding. From hidden states, without
logits of the whole vocabulary, `jaxloss.fused.linear_completions` gives the same.
"""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import (
    along,
    hyperparameters,
    labels as check_labels,
    mask,
    of_rows,
    vectors,
)
from jaxloss.core.numerics import known, log_softmax, pick, safe_divide

Over = Literal["total", "mean"]


def log_probs(
    logits: Float[ArrayLike, "*batch tokens classes"],
    ids: Int[ArrayLike, "*batch tokens"],
    *,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
    over: Over = "total",
) -> Float[Array, "*batch"]:
    """Log-probabilities of answers from the logits of their tokens.

    Args:
        logits: scores of the vocabulary for each token.
        ids: the tokens.
        where: tokens of the answer.
        over: the sum over tokens, or their mean (IPO as in TRL, SimPO, ORPO).

    Returns:
        One value for each answer; 0 for an empty one, and NaN with gradient 0 where a token of the
        answer is outside the vocabulary.

    Example:
        >>> log_probs(jnp.zeros((3, 2)), jnp.array([0, 1, 1]), where=jnp.array([True, True, False]))
        Array(-1.3863, dtype=float32)
    """
    logits, ids = check_labels(logits, ids)
    tokens = known(pick(log_softmax(logits), ids), ids, logits.shape[-1])
    return reduced(tokens, where=where, over=over)


def reduced(
    log_p: Float[ArrayLike, "*batch tokens"],
    *,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
    over: Over = "total",
) -> Float[Array, "*batch"]:
    """Log-probabilities of answers from those of their tokens.

    Args:
        log_p: of each token.
        where: tokens of the answer; others may hold anything.
        over: the sum over tokens, or their mean.

    Returns:
        One value for each answer; 0 for an empty one.

    Example:
        >>> reduced([[-1.0, -3.0]], over="mean")
        Array([-2.], dtype=float32)
    """
    (log_p,) = vectors(log_p=log_p)
    kept = mask(where, log_p)
    total = jnp.sum(jnp.where(kept, log_p, 0), axis=-1)
    if over == "total":
        return total
    return safe_divide(total, jnp.sum(kept, axis=-1, dtype=log_p.dtype))


def desensitized(
    log_p: Float[ArrayLike, "*batch tokens"],
    shared: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch"]:
    """Log-probabilities of answers in which the tail counts less (LD-DPO).

    Formula: the sum over the first `shared` tokens of the answer, and `alpha` times the rest.

    Args:
        log_p: of each token.
        shared: length of the shorter answer of the pair.
        alpha: what the tail counts, from 0 to 1, where it is the whole sum.
        where: tokens of the answer.

    Returns:
        One value for each answer.

    Raises:
        ValueError: for lengths of another shape.

    Example:
        >>> desensitized([-1.0, -2.0, -4.0], 1)
        Array(-4., dtype=float32)

    Reference: Liu et al. 2024, arXiv:2409.06411.
    """
    (log_p,) = vectors(log_p=log_p)
    length = jnp.asarray(shared)
    if length.shape != log_p.shape[:-1]:
        raise ValueError(f"expected `shared` of shape {log_p.shape[:-1]}, got {length.shape}")
    kept = mask(where, log_p)
    (alpha,) = hyperparameters(of_rows(log_p), alpha=alpha)
    place = jnp.cumsum(kept, axis=-1, dtype=log_p.dtype)
    weight = jnp.where(place <= length[..., None].astype(log_p.dtype), 1, along(alpha))
    return jnp.sum(jnp.where(kept, weight * jnp.where(kept, log_p, 0), 0), axis=-1)


def confidence(
    log_p: Float[ArrayLike, "*batch tokens"],
    log_collision: Float[ArrayLike, "*batch tokens"],
    *,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch"]:
    """Weights of answers by how likely the policy is to give them (WPO).

    Formula: `exp(mean(log_p - log_collision))`, held constant. The loss of a pair is weighed by the
    product of the weights of its two answers.

    Args:
        log_p: of each token under the policy.
        log_collision: `log(sum(p**2))` of each token's distribution, so that answers that the
            policy would draw have weights around 1; zeros for weights by likelihood alone.
        where: tokens of the answer.

    Returns:
        One weight for each answer, without gradient; 1 for an empty one.

    Example:
        >>> confidence(jnp.log(jnp.array([0.25, 0.25])), jnp.log(jnp.array([0.5, 0.5])))
        Array(0.5, dtype=float32)

    Reference: Zhou et al. 2024, arXiv:2406.11827.
    """
    log_p, log_collision = vectors(log_p=log_p, log_collision=log_collision)
    return lax.stop_gradient(jnp.exp(reduced(log_p - log_collision, where=where, over="mean")))
