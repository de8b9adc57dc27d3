"""Policies that learn from what they did: by how much better an action was than expected.

`log_p` is the log-probability of the action (the token) under the policy, `old_log_p` that under
the policy that took it, and `advantages` says how much better it was than expected: one number for
each token or, beside `old_log_p`, one for each answer, which is all of its tokens'. Only `log_p` is
differentiated; old policy, reference and advantages are held constant. Ratios are exponentials of
log-ratios within `jaxloss.core.ratios.LIMIT` (20, as in verl), flat beyond, so that none overflows.

Values come one by one, and what the variants of GRPO differ in is how they are averaged. With
`keep` the tokens of the answers (a row for each) and `values = ppo_clip(...)`:

* GRPO: `jl.mean(jl.mean(values, where=keep, axis=-1))`, the mean over answers of means;
* BNPO and DAPO: `jl.mean(values, where=keep)`, the mean over all tokens, which DAPO takes over the
  accumulated batch: add up `jl.average(values, where=keep)`;
* Dr. GRPO: `jl.total(values, where=keep) / (answers * most_tokens)`;
* RLOO: `ppo_clip` of whole answers, with `completions.reduced` of both policies.

GPG is `reinforce`, and a two-sided clip (INTELLECT-2) is `dual_clip`. A penalty by a reference is
`kl_k3`, added with a weight.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import hyperparameters, mask, same_shape, vectors
from jaxloss.core.numerics import exp_residual, log_softmax, streamed, with_partials
from jaxloss.core.ratios import LIMIT, limited, of_tokens, surrogate

_bounded_above = with_partials(
    lambda x: jnp.minimum(x, LIMIT),
    lambda x: jnp.where(x <= LIMIT, jnp.ones_like(x), jnp.zeros_like(x)),
)


@streamed
def _ppo_clip(log_p: Array, old: Array, advantages: Array, low: Array, high: Array) -> Array:
    return surrogate(jnp.exp(limited(log_p - old)), advantages, low, high)


@streamed
def _dual_clip(
    log_p: Array, old: Array, advantages: Array, low: Array, high: Array, ceiling: Array
) -> Array:
    ratio = jnp.exp(limited(log_p - old))
    value = surrogate(ratio, advantages, low, high)
    most = -ceiling * advantages
    return jnp.where((advantages < 0) & (value > most), most, value)


@streamed
def _ppo_kl(log_p: Array, old: Array, advantages: Array, beta: Array) -> Array:
    log_ratio = limited(log_p - old)
    return beta * exp_residual(log_ratio) - jnp.exp(log_ratio) * advantages


@streamed
def _sapo(log_p: Array, old: Array, advantages: Array, gain: Array, loss: Array) -> Array:
    temperature = jnp.where(advantages > 0, gain, loss)
    gate = sigmoid(temperature * (jnp.exp(limited(log_p - old)) - 1))
    return -advantages * gate * 4 / temperature


_reinforce = streamed(lambda log_p, advantages: -advantages * log_p)
_weighed = streamed(lambda log_p, weight, advantages: -weight * advantages * log_p)
_k2 = streamed(lambda log_p, ref: jnp.square(log_p - ref) / 2)
_k3 = streamed(lambda log_p, ref: exp_residual(_bounded_above(ref - log_p)))


def reinforce(
    log_p: Float[ArrayLike, "*shape"], advantages: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward actions in proportion to their advantages (REINFORCE, A2C, GPG).

    Formula: `-advantages * log_p`, with the advantages held constant.

    Example:
        >>> reinforce([-1.0, -2.0], [0.5, -1.0])
        Array([ 0.5, -2. ], dtype=float32)

    Reference: Williams 1992, doi:10.1007/BF00992696; Chu et al. 2025, arXiv:2504.02546.
    """
    log_p, advantages = same_shape(log_p=log_p, advantages=advantages)
    return _reinforce(log_p, lax.stop_gradient(advantages))


def ppo_clip(
    log_p: Float[ArrayLike, "*shape"],
    old_log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    low: ArrayLike = 0.2,
    high: ArrayLike = 0.2,
) -> Float[Array, "*shape"]:
    """Reward actions by their advantages, as long as the policy stays near the one that took them.

    Formula: with `r = exp(log_p - old_log_p)`,
    `-min(r * advantages, clip(r, 1 - low, 1 + high) * advantages)`. At the edge of the clip the
    derivative is that of inside. The surrogate of GRPO and of its variants.

    Args:
        low: how far a ratio may fall.
        high: how far it may rise; 0.28 in DAPO (clip-higher).

    Example:
        >>> ppo_clip([-1.0, -1.0], [-2.0, -2.0], [1.0, -1.0])
        Array([-1.2   ,  2.7183], dtype=float32)

    Reference: Schulman et al. 2017, arXiv:1707.06347; Shao et al. 2024, arXiv:2402.03300; Yu et al.
    2025, arXiv:2503.14476.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    low, high = hyperparameters(log_p, low=low, high=high)
    return _ppo_clip(log_p, old, advantages, low, high)


def dual_clip(
    log_p: Float[ArrayLike, "*shape"],
    old_log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    low: ArrayLike = 0.2,
    high: ArrayLike = 0.2,
    ceiling: ArrayLike = 3.0,
) -> Float[Array, "*shape"]:
    """Reward as `ppo_clip`, with a bound on what a bad action that became likely costs.

    Formula: `ppo_clip(...)`, at most `-ceiling * advantages` where these are negative. Flat there.

    Args:
        low: how far a ratio may fall.
        high: how far it may rise.
        ceiling: largest ratio that counts for bad actions, above `1 + high`; delta of TRL's and
            Liger's two-sided clip, which is this.

    Example:
        >>> dual_clip([-1.0, -1.0], [-5.0, -5.0], [1.0, -1.0])
        Array([-1.2,  3. ], dtype=float32)

    Reference: Ye et al. 2020, arXiv:1912.09729; Prime Intellect 2025, arXiv:2505.07291.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    low, high, ceiling = hyperparameters(log_p, low=low, high=high, ceiling=ceiling)
    return _dual_clip(log_p, old, advantages, low, high, ceiling)


def ppo_kl(
    log_p: Float[ArrayLike, "*shape"],
    old_log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.01,
) -> Float[Array, "*shape"]:
    """Reward actions by their advantages, at a price for leaving the policy that took them.

    Formula: with `r = exp(log_p - old_log_p)`, `-r * advantages + beta * (r - 1 - log(r))`; the
    second term is an unbiased estimate of the divergence from the old policy.

    Args:
        beta: the price; PPO adapts it so that the divergence stays near a target.

    Example:
        >>> ppo_kl([-1.0, -1.0], [-2.0, -1.0], [1.0, -1.0], beta=0.5)
        Array([-2.3591,  1.    ], dtype=float32)

    Reference: Schulman et al. 2017, arXiv:1707.06347.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    (beta,) = hyperparameters(log_p, beta=beta)
    return _ppo_kl(log_p, old, advantages, beta)


def cispo(
    log_p: Float[ArrayLike, "*shape"],
    old_log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    ceiling: ArrayLike = 5.0,
) -> Float[Array, "*shape"]:
    """Reward actions by advantages and ratios, these bounded, so that every token has a gradient.

    Formula: `-min(exp(log_p - old_log_p), ceiling) * advantages * log_p`, with all but the last
    factor held constant.

    Args:
        ceiling: largest ratio; `epsilon_high` of TRL and Liger, one more than the paper's.

    Example:
        >>> cispo([-1.0, -1.0], [-2.0, -5.0], [1.0, -1.0])
        Array([ 2.7183, -5.    ], dtype=float32)

    Reference: MiniMax 2025, arXiv:2506.13585.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    (ceiling,) = hyperparameters(log_p, ceiling=ceiling)
    weight = lax.stop_gradient(jnp.minimum(jnp.exp(limited(log_p - old)), ceiling))
    return _weighed(log_p, weight, advantages)


def sapo(
    log_p: Float[ArrayLike, "*shape"],
    old_log_p: Float[ArrayLike, "*shape"],
    advantages: Float[ArrayLike, "*shape"],
    *,
    positive_temperature: ArrayLike = 1.0,
    negative_temperature: ArrayLike = 1.05,
) -> Float[Array, "*shape"]:
    """Reward actions by their advantages, softly the less the farther the ratio is from 1.

    Formula: with `r = exp(log_p - old_log_p)` and `t` the temperature of the sign of the advantage,
    `-advantages * sigmoid(t * (r - 1)) * 4 / t`, whose slope in `r` is that of no clip at 1.

    Args:
        positive_temperature: for good actions, positive.
        negative_temperature: for the others; higher, since those disturb unlikely tokens.

    Example:
        >>> sapo([-1.0, -1.0], [-1.0, -2.0], [1.0, -1.0])
        Array([-2.    ,  3.2711], dtype=float32)

    Reference: Gao et al. 2025, arXiv:2511.20347.
    """
    log_p, old, advantages = of_tokens(log_p, advantages, old_log_p=old_log_p)
    gain, loss = hyperparameters(
        log_p,
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
    )
    return _sapo(log_p, old, advantages, gain, loss)


def kl_k1(
    log_p: Float[ArrayLike, "*shape"], ref_log_p: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward being less likely than under a reference: k1, whose mean is the divergence from it.

    Formula: `log_p - ref_log_p`. Unbiased for actions of the policy, noisy, of either sign; the
    mean of its gradient is 0, so it serves as a penalty in rewards and not as a loss.

    Example:
        >>> kl_k1([-1.0, -2.0], [-2.0, -1.0])
        Array([ 1., -1.], dtype=float32)

    Reference: Schulman 2020, http://joschu.net/blog/kl-approx.html.
    """
    log_p, ref = same_shape(log_p=log_p, ref_log_p=ref_log_p)
    return log_p - lax.stop_gradient(ref)


def kl_k2(
    log_p: Float[ArrayLike, "*shape"], ref_log_p: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward being as likely as under a reference: k2, whose gradient is the divergence's.

    Formula: `(log_p - ref_log_p)**2 / 2`. The value is biased, the gradient for actions of the
    policy is not.

    Example:
        >>> kl_k2([-1.0, -2.0], [-2.0, -1.0])
        Array([0.5, 0.5], dtype=float32)

    Reference: Schulman 2020, http://joschu.net/blog/kl-approx.html.
    """
    log_p, ref = same_shape(log_p=log_p, ref_log_p=ref_log_p)
    return _k2(log_p, lax.stop_gradient(ref))


def kl_k3(
    log_p: Float[ArrayLike, "*shape"], ref_log_p: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward being as likely as under a reference: k3, the penalty of GRPO.

    Formula: with `x = ref_log_p - log_p`, `exp(x) - 1 - x`, accurate also near 0; beyond an `x` of
    20 it is flat. The value is unbiased for actions of the policy, its gradient is not: that is of
    the divergence the other way round.

    Example:
        >>> kl_k3([-1.0, -2.0], [-2.0, -1.0])
        Array([0.3679, 0.7183], dtype=float32)

    Reference: Schulman 2020, http://joschu.net/blog/kl-approx.html.
    """
    log_p, ref = same_shape(log_p=log_p, ref_log_p=ref_log_p)
    return _k3(log_p, lax.stop_gradient(ref))


def negative_entropy(
    logits: Float[ArrayLike, "*batch actions"],
    *,
    where: Bool[ArrayLike, "*batch actions"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a policy for being undecided: the entropy bonus of A2C and PPO, negated.

    Formula: with `p = softmax(logits)`, `sum(p * log(p))`.

    Args:
        where: actions that can be taken; those at `-inf` cannot either.

    Returns:
        One value for each state; 0 without actions.

    Example:
        >>> negative_entropy([[0.0, 0.0], [0.0, 9.0]])
        Array([-0.6931, -0.0012], dtype=float32)

    Reference: Mnih et al. 2016, arXiv:1602.01783.
    """
    (logits,) = vectors(logits=logits)
    log_p = log_softmax(logits, where=mask(where, logits))
    possible = log_p > -jnp.inf
    log_p = jnp.where(possible, log_p, 0)
    return jnp.sum(jnp.where(possible, jnp.exp(log_p) * log_p, 0), axis=-1)
