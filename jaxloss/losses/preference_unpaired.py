"""Answers that come without a partner: each is desirable or not, or whole sets are compared.

Log-probabilities are those of whole answers under the policy and under a reference, which is held
constant as in `jaxloss.preference`. What one answer is compared with is state: an estimate over the
batch (`kl`) or over past ones (`shift`), held constant too.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, promote, same_shape, vectors
from jaxloss.core.numerics import safe_divide, softplus, streamed
from jaxloss.core.ratios import scalar

_saturating = streamed(
    lambda log_p, ref, sign, start, weight, beta: (
        weight * sigmoid(-sign * beta * (log_p - ref - start))
    )
)
_logistic = streamed(
    lambda log_p, ref, sign, shift, beta: softplus(-sign * (beta * (log_p - ref) - shift))
)


def kto(
    log_p: Float[ArrayLike, "*shape"],
    ref_log_p: Float[ArrayLike, "*shape"],
    desirable: Bool[ArrayLike, "*shape"],
    kl: Float[ArrayLike, ""],
    *,
    beta: ArrayLike = 0.1,
    desirable_weight: ArrayLike = 1.0,
    undesirable_weight: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward gains of desirable answers and losses of others, felt the less the larger they are.

    Formula: with `r = log_p - ref_log_p` and `z = max(0, kl)`,
    `desirable_weight * (1 - sigmoid(beta * (r - z)))` where desirable, else
    `undesirable_weight * (1 - sigmoid(beta * (z - r)))`.

    Args:
        desirable: whether the answer is.
        kl: how far the policy is from the reference, for instance the mean of `r` over answers to
            other prompts of the batch; held constant, and at least 0.
        beta: price of leaving the reference.
        desirable_weight: of desirable answers; times their number it should be near the other.
        undesirable_weight: of the others.

    Example:
        >>> kto([-1.0, -1.0], [-2.0, -2.0], [True, False], 0.5, beta=0.5)
        Array([0.4378, 0.5622], dtype=float32)

    Reference: Ethayarajh et al. 2024, arXiv:2402.01306.
    """
    log_p, ref, sign = _signed(log_p, ref_log_p, desirable)
    start = jnp.maximum(scalar("kl", kl, log_p), 0)
    beta, gain, loss = hyperparameters(
        log_p,
        beta=beta,
        desirable_weight=desirable_weight,
        undesirable_weight=undesirable_weight,
    )
    weight = jnp.where(sign > 0, gain, loss)
    return _saturating(log_p, ref, sign, _spread(start, log_p), weight, beta)


def apo_zero_unpaired(
    log_p: Float[ArrayLike, "*shape"],
    ref_log_p: Float[ArrayLike, "*shape"],
    desirable: Bool[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward desirable answers for gaining on the reference, and others for losing to it.

    Formula: with `r = beta * (log_p - ref_log_p)`, `1 - sigmoid(r)` where desirable, else
    `sigmoid(r)`; `kto` measured from the reference itself.

    Args:
        desirable: whether the answer is.
        beta: price of leaving the reference.

    Example:
        >>> apo_zero_unpaired([-1.0, -1.0], [-2.0, -2.0], [True, False], beta=0.5)
        Array([0.3775, 0.6225], dtype=float32)

    Reference: D'Oosterlinck et al. 2024, arXiv:2408.06266.
    """
    log_p, ref, sign = _signed(log_p, ref_log_p, desirable)
    (beta,) = hyperparameters(log_p, beta=beta)
    one = jnp.ones((), log_p.dtype)
    return _saturating(log_p, ref, sign, _spread(0 * one, log_p), _spread(one, log_p), beta)


def bco(
    log_p: Float[ArrayLike, "*shape"],
    ref_log_p: Float[ArrayLike, "*shape"],
    desirable: Bool[ArrayLike, "*shape"],
    shift: Float[ArrayLike, ""],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward a classifier, whose logit is the reward, for telling desirable answers from others.

    Formula: with `r = beta * (log_p - ref_log_p) - shift`, `-log(sigmoid(r))` where desirable, else
    `-log(sigmoid(-r))`.

    Args:
        desirable: whether the answer is.
        shift: the mean of rewards (`moved_shift`), delta in the paper; held constant.
        beta: price of leaving the reference.

    Example:
        >>> bco([-1.0, -1.0], [-2.0, -2.0], [True, False], 0.25, beta=0.5)
        Array([0.5759, 0.8259], dtype=float32)

    Reference: Jung et al. 2024, arXiv:2404.04656.
    """
    log_p, ref, sign = _signed(log_p, ref_log_p, desirable)
    (beta,) = hyperparameters(log_p, beta=beta)
    return _logistic(log_p, ref, sign, _spread(scalar("shift", shift, log_p), log_p), beta)


def moved_shift(
    shift: Float[ArrayLike, ""], rewards: Float[ArrayLike, "*shape"], *, momentum: ArrayLike = 0.99
) -> Float[Array, ""]:
    """Move a shift towards the mean of a batch: the state of `bco` and `preference.bco_pair`.

    Args:
        shift: the state; 0 at first.
        rewards: `beta` times the log-ratios of the batch, of both kinds alike; all axes count, and
            of none the shift stays.
        momentum: share of the shift that stays.

    Returns:
        The state after the batch, without gradient.

    Example:
        >>> moved_shift(0.0, jnp.array([1.0, 3.0]), momentum=0.75)
        Array(0.5, dtype=float32)

    Reference: Jung et al. 2024, arXiv:2404.04656.
    """
    shift, rewards = promote(shift=shift, rewards=rewards)
    (momentum,) = hyperparameters(shift, momentum=momentum)
    if rewards.size == 0:
        return lax.stop_gradient(shift)
    return lax.stop_gradient(momentum * shift + (1 - momentum) * jnp.mean(rewards))


def aot(
    chosen: Float[ArrayLike, "*batch n"],
    rejected: Float[ArrayLike, "*batch n"],
    ref_chosen: Float[ArrayLike, "*batch n"],
    ref_rejected: Float[ArrayLike, "*batch n"],
    *,
    beta: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward leads whose distribution is above that of the reference's leads, at every quantile.

    Formula: with `a = sort(chosen - rejected)` and `b = sort(ref_chosen - ref_rejected)`,
    `mean(-log(sigmoid(beta * (a - b))))`: optimal transport in one dimension.

    Args:
        beta: price of leaving the reference.
        where: pairs that take part.

    Returns:
        One value for each set of pairs; 0 without pairs.

    Example:
        >>> aot([-1.0, -3.0], [-2.0, -1.0], [-2.0, -2.0], [-1.0, -2.0], beta=0.5)
        Array(0.7241, dtype=float32)

    Reference: Melnyk et al. 2024, arXiv:2406.05882.
    """
    won, lost, ref_won, ref_lost = vectors(
        chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected
    )
    return _over_quantiles(won - lost, lax.stop_gradient(ref_won - ref_lost), where, beta)


def aot_unpaired(
    chosen: Float[ArrayLike, "*batch n"],
    rejected: Float[ArrayLike, "*batch n"],
    ref_chosen: Float[ArrayLike, "*batch n"],
    ref_rejected: Float[ArrayLike, "*batch n"],
    *,
    beta: ArrayLike = 0.1,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward chosen answers whose rewards are distributed above those of rejected ones.

    Formula: with `a = sort(chosen - ref_chosen)` and `b = sort(rejected - ref_rejected)`,
    `mean(-log(sigmoid(beta * (a - b))))`; answers to any prompts, as many of either kind.

    Args:
        beta: price of leaving the reference.
        where: places of either set that take part.

    Returns:
        One value for each two sets; 0 without answers.

    Example:
        >>> aot_unpaired([-1.0, -3.0], [-2.0, -1.0], [-2.0, -2.0], [-1.0, -2.0], beta=0.5)
        Array(0.6931, dtype=float32)

    Reference: Melnyk et al. 2024, arXiv:2406.05882.
    """
    won, lost, ref_won, ref_lost = vectors(
        chosen=chosen, rejected=rejected, ref_chosen=ref_chosen, ref_rejected=ref_rejected
    )
    ref_won, ref_lost = lax.stop_gradient((ref_won, ref_lost))
    return _over_quantiles(won - ref_won, lost - ref_lost, where, beta)


def _signed(
    log_p: ArrayLike, ref_log_p: ArrayLike, desirable: ArrayLike
) -> tuple[Array, Array, Array]:
    """Log-probabilities, those of the reference held constant, and +1 or -1."""
    log_p, ref, bits = same_shape(log_p=log_p, ref_log_p=ref_log_p, desirable=desirable)
    sign = jnp.where(bits > 0, jnp.ones_like(bits), -jnp.ones_like(bits))
    return log_p, *lax.stop_gradient((ref, sign))


def _spread(number: Array, like: Array) -> Array:
    """A number with the rank of `like`."""
    return number.reshape((1,) * like.ndim)


def _over_quantiles(high: Array, low: Array, where: ArrayLike | None, beta: ArrayLike) -> Array:
    """Mean logistic loss of what one sorted row is above another."""
    kept = mask(where, high)
    (beta,) = hyperparameters(of_rows(high), beta=beta)
    # Those left out stand at the end.
    high, low = (jnp.sort(jnp.where(kept, x, jnp.inf)) for x in (high, low))
    count = jnp.sum(kept, axis=-1, dtype=high.dtype)
    there = lax.broadcasted_iota(high.dtype, high.shape, high.ndim - 1) < count[..., None]
    lead = jnp.where(there, high, 0) - jnp.where(there, low, 0)
    values = jnp.where(there, softplus(-along(beta) * lead), 0)
    return safe_divide(jnp.sum(values, axis=-1), count)
