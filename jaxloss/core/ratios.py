"""Log-ratios of a policy to another that is held constant: what preferences and policies share.

The other policy (the reference, or the one that drew the samples) is a fact and not a parameter, so
no gradient ever reaches it. Neither does one reach advantages, rewards and weights.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.checks import elementwise, promote, same_shape
from jaxloss.core.numerics import absolute, expm1_ratio, streamed, with_partials

LIMIT = 20.0
"""Largest log-ratio that is exponentiated: beyond it (a ratio of 5e8) it counts as this, flat."""

limited = with_partials(
    lambda x: jnp.clip(x, -LIMIT, LIMIT),
    lambda x: jnp.where(jnp.abs(x) <= LIMIT, jnp.ones_like(x), jnp.zeros_like(x)),
)
"""A log-ratio within `LIMIT`, with derivative 0 beyond it."""

MOST = 40.0
"""Largest exponent of `tempered_lead`."""

_capped = with_partials(
    lambda x: jnp.minimum(x, MOST),
    lambda x: jnp.where(x <= MOST, jnp.ones_like(x), jnp.zeros_like(x)),
)


def tempered_lead(won: Array, lost: Array, alpha: Array) -> Array:
    """`f(exp(won)) - f(exp(lost))` with `f(u) = (1 - u**-alpha) / alpha`; at 0 the logarithm.

    Powers go up to `exp(MOST)` and are flat beyond, lest the difference be infinity less infinity.
    """
    high, low = _capped(-alpha * lost), _capped(-alpha * won)
    gap, scale = high - low, jnp.where(alpha == 0, 1, alpha)
    near = absolute(gap) < 0.5
    lead = jnp.where(alpha == 0, won - lost, gap / scale)
    # From the larger of the two; where they are equal the derivatives of the maximum (one half
    # each) and of the size (0) make up that of the whole.
    beside = jnp.exp(jnp.maximum(high, low)) * lead
    small = beside * expm1_ratio(jnp.where(near, -absolute(gap), 0))
    return jnp.where(near, small, (jnp.exp(high) - jnp.exp(low)) / scale)


def of_pairs(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """A loss of four log-probabilities from one of two log-ratios.

    Args:
        kernel: of the log-ratios of the chosen and of the rejected answer, and of hyperparameters.
    """
    return streamed(
        lambda chosen, rejected, ref_chosen, ref_rejected, *hyper: kernel(
            chosen - ref_chosen, rejected - ref_rejected, *hyper
        )
    )


def paired(
    kernel: Callable[..., Array],
    chosen: ArrayLike,
    rejected: ArrayLike,
    ref_chosen: ArrayLike,
    ref_rejected: ArrayLike,
    **hyper: ArrayLike,
) -> Array:
    """Check four log-probabilities, hold the reference's constant, and apply a kernel."""
    won, lost, ref_won, ref_lost, *rest = elementwise(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
        hyper=hyper,
    )
    return kernel(won, lost, *lax.stop_gradient((ref_won, ref_lost)), *rest)


def scalar(name: str, given: ArrayLike, like: Array) -> Array:
    """Convert a number that belongs to the batch as a whole, held constant."""
    (array,) = promote(**{name: given})
    if array.shape != ():
        raise ValueError(f"expected a scalar `{name}`, got shape {array.shape}")
    return lax.stop_gradient(array.astype(like.dtype))


def surrogate(ratio: Array, advantages: Array, low: Array, high: Array) -> Array:
    """`-min(r A, clip(r) A)`: by the sign of `A`, one side of the clip alone can be the least."""
    gain = advantages >= 0
    bound = jnp.where(gain, 1 + high, 1 - low)
    inside = jnp.where(gain, ratio <= bound, ratio >= bound)
    return -jnp.where(inside, ratio, bound) * advantages


def of_tokens(log_p: ArrayLike, advantages: ArrayLike, **others: ArrayLike) -> list[Array]:
    """Check log-probabilities of one shape, and advantages of that shape or one for each row.

    Returns:
        Log-probabilities under the policy; the others in their order, and the advantages, both held
        constant, these with an axis of size one where they lack the last.
    """
    log_p, *rest = same_shape(log_p=log_p, **others)
    (given,) = promote(advantages=advantages)
    if given.shape not in (log_p.shape, log_p.shape[:-1]):
        raise ValueError(
            f"expected `advantages` of the shape of `log_p` {log_p.shape}, or without its last "
            f"axis, got {given.shape}"
        )
    given = given.astype(log_p.dtype)
    given = given if given.ndim == log_p.ndim else given[..., None]
    return [log_p, *lax.stop_gradient((*rest, given))]
