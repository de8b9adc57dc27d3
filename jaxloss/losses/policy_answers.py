"""Policies that learn from whole answers: the ratio of two policies is one of all its tokens.

As in `jaxloss.policy`; `where` keeps the tokens of an answer, and `advantages` holds one number for
each answer. An empty answer has the value 0.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, leading, mask, of_rows, vectors
from jaxloss.core.numerics import safe_divide
from jaxloss.core.ratios import LIMIT, limited, of_tokens, surrogate


def gspo(
    log_p: Float[ArrayLike, "*batch tokens"],
    old_log_p: Float[ArrayLike, "*batch tokens"],
    advantages: Float[ArrayLike, "*batch"],
    *,
    low: ArrayLike = 3e-4,
    high: ArrayLike = 4e-4,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward answers by their advantages, as long as they are as likely as before by the token.

    Formula: with `s = exp(mean(log_p - old_log_p))`,
    `-min(s * advantages, clip(s, 1 - low, 1 + high) * advantages)`.

    Args:
        low: how far the ratio may fall.
        high: how far it may rise.
        where: tokens of the answer.

    Returns:
        One value for each answer.

    Example:
        >>> gspo([[-1.0, -2.0]], [[-1.0, -2.5]], [1.0], high=0.1)
        Array([-1.1], dtype=float32)

    Reference: Zheng et al. 2025, arXiv:2507.18071.
    """
    log_ratio, advantages, kept = _answers(log_p, old_log_p, advantages, where)
    low, high = hyperparameters(of_rows(log_ratio), low=low, high=high)
    ratio, length = _ratio(log_ratio, kept)
    return jnp.where(length > 0, surrogate(ratio, advantages, low, high), 0)


def luspo(
    log_p: Float[ArrayLike, "*batch tokens"],
    old_log_p: Float[ArrayLike, "*batch tokens"],
    advantages: Float[ArrayLike, "*batch"],
    *,
    low: ArrayLike = 2e-3,
    high: ArrayLike = 2.5e-3,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward as `gspo`, in proportion to lengths, so that long answers are not held back.

    Formula: the number of tokens times `gspo(...)`.

    Args:
        low: how far the ratio may fall.
        high: how far it may rise.
        where: tokens of the answer.

    Returns:
        One value for each answer.

    Example:
        >>> luspo([[-1.0, -2.0]], [[-1.0, -2.5]], [1.0], high=0.1)
        Array([-2.2], dtype=float32)

    Reference: Liu et al. 2026, arXiv:2602.05261.
    """
    log_ratio, advantages, kept = _answers(log_p, old_log_p, advantages, where)
    low, high = hyperparameters(of_rows(log_ratio), low=low, high=high)
    ratio, length = _ratio(log_ratio, kept)
    return length * surrogate(ratio, advantages, low, high)


def gmpo(
    log_p: Float[ArrayLike, "*batch tokens"],
    old_log_p: Float[ArrayLike, "*batch tokens"],
    advantages: Float[ArrayLike, "*batch"],
    *,
    low: ArrayLike = 0.4,
    high: ArrayLike = 0.4,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward answers by their advantages and the geometric mean of ratios, clipped token by token.

    Formula: with `x = log_p - old_log_p`, `-advantages * exp(mean(min(x, high)))` for good answers,
    and `-advantages * exp(mean(max(x, -low)))` for the others.

    Args:
        low: how far a log-ratio may fall.
        high: how far it may rise.
        where: tokens of the answer.

    Returns:
        One value for each answer.

    Example:
        >>> gmpo([[-1.0, -2.0]], [[-1.0, -2.5]], [1.0])
        Array([-1.2214], dtype=float32)

    Reference: Zhao et al. 2025, arXiv:2507.20673.
    """
    log_ratio, advantages, kept = _answers(log_p, old_log_p, advantages, where)
    low, high = (along(x) for x in hyperparameters(of_rows(log_ratio), low=low, high=high))
    gain = advantages[..., None] > 0
    bound = jnp.where(gain, high, -low)
    inside = jnp.where(gain, log_ratio <= bound, log_ratio >= bound)
    ratio, length = _ratio(jnp.where(inside, log_ratio, bound), kept)
    return jnp.where(length > 0, -advantages * ratio, 0)


def gspo_token(
    log_p: Float[ArrayLike, "*batch tokens"],
    old_log_p: Float[ArrayLike, "*batch tokens"],
    advantages: Float[ArrayLike, "*batch tokens"],
    *,
    low: ArrayLike = 3e-4,
    high: ArrayLike = 4e-4,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch tokens"]:
    """Reward tokens by advantages of their own, at the ratio of the whole answer.

    Formula: with the constant `s = exp(mean(log_p - old_log_p))` and
    `r = s * exp(log_p - constant(log_p))`,
    `-min(r * advantages, clip(r, 1 - low, 1 + high) * advantages)`.

    Args:
        advantages: one for each token, or one for each answer.
        low: how far the ratio may fall.
        high: how far it may rise.
        where: tokens of the answer.

    Returns:
        One value for each token; 0 for those left out.

    Example:
        >>> gspo_token([[-1.0, -2.0]], [[-1.0, -2.5]], [[1.0, -1.0]], high=0.1)
        Array([[-1.1  ,  1.284]], dtype=float32)

    Reference: Zheng et al. 2025, arXiv:2507.18071.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    (log_p,) = vectors(log_p=log_p)
    kept = mask(where, log_p)
    low, high = hyperparameters(log_p, low=low, high=high)
    log_p = jnp.where(kept, log_p, 0)
    held = lax.stop_gradient(log_p)
    ratio, _ = _ratio(jnp.where(kept, held - old, 0), kept)
    values = surrogate(ratio[..., None] * jnp.exp(log_p - held), advantages, low, high)
    return jnp.where(kept, values, 0)


def vespo(
    log_p: Float[ArrayLike, "*batch tokens"],
    old_log_p: Float[ArrayLike, "*batch tokens"],
    advantages: Float[ArrayLike, "*batch"],
    *,
    positive_k: ArrayLike = 2.0,
    positive_rate: ArrayLike = 3.0,
    negative_k: ArrayLike = 3.0,
    negative_rate: ArrayLike = 2.0,
    where: Bool[ArrayLike, "*batch tokens"] | None = None,
) -> Float[Array, "*batch tokens"]:
    """Reward answers by advantages and a smooth weight of their ratio, largest near 1.

    Formula: with `w = exp(sum(log_p - old_log_p))` and the `k` and `rate` of the sign of the
    advantage, `-w**k * exp(rate * (1 - w)) * advantages * log_p`, with all but the last factor held
    constant. Log-ratios of tokens and of answers count within 20 (TRL: an answer's from -18.4 on).

    Args:
        positive_k: how fast the weight of good answers rises from 0.
        positive_rate: how fast it falls again.
        negative_k: the same of the others.
        negative_rate: the same of the others.
        where: tokens of the answer.

    Returns:
        One value for each token; 0 for those left out.

    Example:
        >>> vespo([[-1.0, -2.0]], [[-1.0, -2.5]], [1.0])
        Array([[0.3882, 0.7765]], dtype=float32)

    Reference: Shen et al. 2026, arXiv:2602.10693.
    """
    log_ratio, advantages, kept = _answers(log_p, old_log_p, advantages, where)
    of_good = hyperparameters(log_ratio, positive_k=positive_k, positive_rate=positive_rate)
    of_bad = hyperparameters(log_ratio, negative_k=negative_k, negative_rate=negative_rate)
    advantages = advantages[..., None]
    k, rate = (jnp.where(advantages >= 0, *pair) for pair in zip(of_good, of_bad, strict=True))
    log_w = limited(jnp.sum(jnp.clip(log_ratio, -LIMIT, LIMIT), axis=-1, keepdims=True))
    weight = lax.stop_gradient(jnp.exp(k * log_w - rate * jnp.expm1(log_w)) * advantages)
    (log_p,) = vectors(log_p=log_p)
    return jnp.where(kept, -weight * jnp.where(kept, log_p, 0), 0)


def _answers(
    log_p: ArrayLike, old_log_p: ArrayLike, advantages: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Log-ratios of tokens, 0 where left out; advantages of answers; and which tokens are kept."""
    log_p, old = vectors(log_p=log_p, old_log_p=old_log_p)
    (advantages,) = leading(log_p, advantages=advantages)
    if advantages.ndim != log_p.ndim - 1:
        raise ValueError(
            f"expected `advantages` of shape {log_p.shape[:-1]}, one for each answer, got "
            f"{advantages.shape}"
        )
    kept = mask(where, log_p)
    old, advantages = lax.stop_gradient((old, advantages))
    return jnp.where(kept, log_p - old, 0), advantages, kept


def _ratio(log_ratio: Array, kept: Array) -> tuple[Array, Array]:
    """Geometric mean of the ratios of the tokens kept, and how many these are."""
    length = jnp.sum(kept, axis=-1, dtype=log_ratio.dtype)
    mean = safe_divide(jnp.sum(jnp.where(kept, log_ratio, 0), axis=-1), length)
    return jnp.exp(limited(mean)), length
