"""Diffusion of tokens: masked ones to fill in, and ratios of probabilities to learn.

Classes are on the last axis, tokens of a sequence before it.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import labels as check_labels, leading, mask, vectors
from jaxloss.core.numerics import exp_residual, log_total, pick, safe_divide, shifted


def masked(
    logits: Float[ArrayLike, "*batch length classes"],
    labels: Int[ArrayLike, "*batch length"],
    rate: Float[ArrayLike, "*batch"],
    *,
    where: Bool[ArrayLike, "*batch length"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward filling in masked tokens: a bound on what the whole sequence costs (MDLM).

    Formula: `sum(softmax_cross_entropy(logits, labels), where=where) / rate`. Its mean over rates
    between 0 and 1 is at least the negative log-likelihood; no schedule changes that. 0 where
    nothing was masked, and for a rate of 0.

    Args:
        logits: scores of the classes of each token, from the sequence with tokens masked.
        labels: the true tokens; one outside `[0, classes)` that counts gives NaN with gradient 0.
        rate: probability by which the tokens of each sequence were masked.
        where: tokens that were masked; all by default.

    Returns:
        One value for each sequence, in nats.

    Example:
        >>> masked([[0.0, 0.0], [9.0, 0.0]], [0, 1], 0.5, where=[True, False])
        Array(1.3863, dtype=float32)

    Reference: Sahoo et al. 2024, arXiv:2406.07524; Shi et al. 2024, arXiv:2406.04329.
    """
    logits, labels = check_labels(logits, labels)
    if labels.ndim == 0:
        raise ValueError(f"expected `logits` of shape (..., length, classes), got {logits.shape}")
    kept, size = mask(where, labels), logits.shape[-1]
    (rate,) = leading(logits, rate=rate)
    if rate.shape != labels.shape[:-1]:
        raise ValueError(f"expected `rate` of shape {labels.shape[:-1]}, got {rate.shape}")
    scores, _ = shifted(jnp.where(kept[..., None], logits, 0))
    costs = jnp.where(kept, log_total(scores) - pick(scores, labels), 0)
    value = safe_divide(jnp.sum(costs, axis=-1), rate)
    unknown = kept & ((labels < 0) | (labels >= size))
    return jnp.where(jnp.any(unknown, axis=-1), jnp.nan, value)


def score_entropy(
    log_scores: Float[ArrayLike, "*batch classes"],
    log_ratios: Float[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right ratios of probabilities between a token and those it could be (SEDD).

    Formula: with `s = exp(log_scores)` and `r = exp(log_ratios)`, which are held constant,
    `sum(s - r * log(s) + r * (log(r) - 1), where=where)`: 0 where they are equal. A ratio of 0,
    `-inf`, is fine. Weights of the entries are the rates of the process.

    Args:
        log_scores: logarithms of the ratios that a model gives, one for each class.
        log_ratios: those of the noise, `log p(class | data) - log p(token | data)`.
        where: classes that count; leave out that of the token itself.

    Returns:
        One value for each token.

    Example:
        >>> score_entropy([[1.0, 5.0]], [[0.0, 0.0]], where=[[True, False]])
        Array([0.7183], dtype=float32)

    Reference: Lou et al. 2024, arXiv:2310.16834.
    """
    log_scores, log_ratios = vectors(log_scores=log_scores, log_ratios=log_ratios)
    kept = mask(where, log_scores)
    s = jnp.where(kept, log_scores, 0)
    r = lax.stop_gradient(jnp.where(kept, log_ratios, 0))
    ratio = r > -jnp.inf
    lead = s - jnp.where(ratio, r, 0)
    # Either way keeps clear of the difference of two terms that are large, or almost equal.
    ahead = lead > 1
    low, high = jnp.where(ahead, 0, lead), jnp.where(ahead, lead, 1)
    below = jnp.exp(r) * exp_residual(low)
    above = jnp.exp(s) * (1 - (1 + high) * jnp.exp(-high))
    value = jnp.where(ratio, jnp.where(ahead, above, below), jnp.exp(s))
    return jnp.sum(jnp.where(kept, value, 0), axis=-1)
