"""Routers of mixtures of experts: tokens spread evenly over who shall serve them.

That a router's scores stay small is `jaxloss.language.z_loss` of these scores.
"""

from collections.abc import Hashable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import mask, promote
from jaxloss.core.numerics import log_softmax, one_hot, safe_divide


def load_balancing(
    logits: Float[ArrayLike, "*batch tokens experts"],
    *,
    k: int = 2,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
    axis_name: Hashable | None = None,
) -> Float[Array, "*batch"]:
    """Reward a router for sending as many tokens to each expert.

    Formula: with `f` the share of the tokens that have an expert among their `k` likeliest, and
    `p = mean(softmax(logits))` over the tokens, `experts * sum(stop_gradient(f) * p)`; `k` for an
    even load, `experts` at the most for `k` of 1.

    Args:
        logits: scores of the experts for each token.
        k: experts that serve a token; of tied ones the first.
        where: tokens that exist.
        axis_name: mapped axis or axes over whose devices the tokens are counted together.

    Returns:
        One value for each set of tokens; 0 without a token.

    Raises:
        ValueError: for a `k` that is not between 1 and the number of experts.

    Example:
        >>> load_balancing([[2.0, 0.0], [1.0, 0.0]], k=1)
        Array(1.6119, dtype=float32)

    Reference: Shazeer et al. 2017, arXiv:1701.06538; Fedus et al. 2021, arXiv:2101.03961.
    """
    (logits,) = promote(logits=logits)
    if logits.ndim < 2:
        raise ValueError(f"expected `logits` (*batch, tokens, experts), got shape {logits.shape}")
    experts = logits.shape[-1]
    if not 1 <= k <= experts:
        raise ValueError(f"expected `k` from 1 to the {experts} experts of `logits`, got {k}")
    kept = mask(where, jnp.zeros(logits.shape[:-1], bool))
    safe = jnp.where(kept[..., None], logits, 0)
    chosen = jnp.any(one_hot(lax.top_k(lax.stop_gradient(safe), k)[1], experts), axis=-2)
    chance = jnp.exp(log_softmax(safe))
    sums = [
        jnp.sum(x.astype(logits.dtype), axis=-2, where=kept[..., None]) for x in (chosen, chance)
    ]
    count = jnp.sum(kept, axis=-1, dtype=logits.dtype)
    if axis_name is not None:
        (served, mass), count = lax.psum((sums, count), axis_name)
    else:
        served, mass = sums
    share, chance = (safe_divide(x, count[..., None]) for x in (served, mass))
    return experts * jnp.sum(share * chance, axis=-1)
