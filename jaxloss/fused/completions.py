"""Log-probabilities of whole answers from hidden states, whose logits are never all there."""

from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import mask
from jaxloss.fused.layer import Table
from jaxloss.fused.linear import linear_log_probs
from jaxloss.losses.completions import Over, reduced


def linear_completions(
    features: Float[ArrayLike, "*batch tokens dim"],
    kernel: Float[ArrayLike, "dim classes"] | Table,
    ids: Int[ArrayLike, "*batch tokens"],
    *,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
    over: Over = "total",
    **options: Any,
) -> Float[Array, "*batch"]:
    """Log-probabilities of answers from the features of a linear layer, for losses of preferences.

    Formula: `jaxloss.completions.log_probs` of the logits that `linear_log_probs` speaks of,
    exactly; differentiable in features, kernel and bias.

    Args:
        features: inputs of the layer at each token.
        kernel: its weights, one column for each token of the vocabulary, or a `Table`.
        ids: the tokens.
        where: tokens of the answer.
        over: the sum over tokens, or their mean.
        options: of `linear_log_probs`: `bias`, `softcap`, `temperature`, `chunk` and the others.

    Returns:
        One value for each answer; 0 for an empty one, and NaN with gradient 0 where a token of the
        answer is outside the vocabulary.

    Example:
        >>> linear_completions(jnp.eye(2), jnp.eye(2), jnp.array([0, 1]))
        Array(-0.6265, dtype=float32)
    """
    ids = jnp.asarray(ids)
    kept = mask(where, ids)
    found = linear_log_probs(features, kernel, jnp.where(kept, ids, 0)[..., None], **options)
    return reduced(found.log_probs[..., 0], where=kept, over=over)
