"""Reward models, and policies that learn from rewards or odds of winning instead of labels."""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, elementwise, hyperparameters, mask, of_rows, vectors
from jaxloss.core.numerics import (
    log_total,
    safe_log,
    shifted,
    softplus,
    streamed,
)

_bradley_terry = streamed(
    lambda chosen, rejected, margin, centering: (
        softplus(margin - (chosen - rejected)) + centering * jnp.square(chosen + rejected)
    )
)
_a_star_po = streamed(
    lambda log_p, ref, rewards, best, beta: jnp.square(beta * (log_p - ref) - (rewards - best))
)
_nash_md = streamed(lambda log_p, drift, win_rate, beta: (beta * drift - (win_rate - 0.5)) * log_p)
_xpo = streamed(
    lambda chosen, rejected, ref_chosen, ref_rejected, explored, beta, alpha: (
        softplus(-beta * ((chosen - ref_chosen) - (rejected - ref_rejected))) + alpha * explored
    )
)


def bradley_terry(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    *,
    margin: ArrayLike = 0.0,
    centering: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a reward model for giving the chosen answer more.

    Formula: `-log(sigmoid(chosen - rejected - margin)) + centering * (chosen + rejected)**2`.

    Args:
        margin: lead that is asked for: a number, or one for each pair by how clear it is (Llama 2).
        centering: of rewards around 0, which the comparison leaves open; 0.01 in the paper.

    Example:
        >>> bradley_terry([1.0, 0.0], [0.0, 1.0], centering=0.5)
        Array([0.8133, 1.8133], dtype=float32)

    Reference: Bradley and Terry 1952, doi:10.2307/2334029; Ouyang et al. 2022, arXiv:2203.02155;
    Touvron et al. 2023, arXiv:2307.09288; Eisenstein et al. 2023, arXiv:2312.09244.
    """
    chosen, rejected, margin, centering = elementwise(
        chosen=chosen, rejected=rejected, hyper={"margin": margin, "centering": centering}
    )
    return _bradley_terry(chosen, rejected, margin, centering)


def xpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    explored: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    alpha: ArrayLike = 1e-5,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, and moving away from answers of the reference.

    Formula: `-log(sigmoid(beta * ((chosen - ref_chosen) - (rejected - ref_rejected))))
    + alpha * explored`, an optimism that explores; the pair holds an answer of the policy and one
    of the reference, in the order of their labels.

    Args:
        explored: log-probability, under the policy, of the pair's answer that the reference drew.
        beta: price of leaving the reference.
        alpha: of exploration.

    Example:
        >>> xpo([-1.0], [-2.0], [-1.5], [-1.5], [-2.0], beta=0.5, alpha=0.25)
        Array([-0.0259], dtype=float32)

    Reference: Xie et al. 2024, arXiv:2405.21046.
    """
    won, lost, ref_won, ref_lost, explored, beta, alpha = elementwise(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
        explored=explored,
        hyper={"beta": beta, "alpha": alpha},
    )
    ref_won, ref_lost = lax.stop_gradient((ref_won, ref_lost))
    return _xpo(won, lost, ref_won, ref_lost, explored, beta, alpha)


def nash_md(
    log_p: Float[ArrayLike, "*shape"],
    ref_log_p: Float[ArrayLike, "*shape"],
    win_rate: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward answers that win against a mixture of policy and reference, near the latter.

    Formula: `(beta * (log_p - ref_log_p) - (win_rate - 1 / 2)) * log_p`, where all but the last
    factor is held constant: the gradient of the regularised game by the likelihood ratio.

    Args:
        log_p: of the answer that the policy drew.
        win_rate: probability that it is preferred to one of the mixture; held constant.
        beta: price of leaving the reference, tau in the paper.

    Example:
        >>> nash_md([-1.0], [-2.0], [0.75])
        Array([0.15], dtype=float32)

    Reference: Munos et al. 2023, arXiv:2312.00886.
    """
    log_p, ref, win_rate, beta = elementwise(
        log_p=log_p, ref_log_p=ref_log_p, win_rate=win_rate, hyper={"beta": beta}
    )
    return _nash_md(log_p, *lax.stop_gradient((log_p - ref, win_rate, beta)))


def a_star_po(
    log_p: Float[ArrayLike, "*shape"],
    ref_log_p: Float[ArrayLike, "*shape"],
    rewards: Float[ArrayLike, "*shape"],
    best: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 1e-3,
) -> Float[Array, "*shape"]:
    """Reward log-ratios that equal the advantage of the optimal policy (A*-PO).

    Formula: `(beta * (log_p - ref_log_p) - (rewards - best))**2`.

    Args:
        log_p: of the answer that the policy drew.
        rewards: of the answer; held constant.
        best: value of the prompt under the optimal policy (`optimal_value`); held constant.
        beta: price of leaving the reference, its second one in the paper.

    Example:
        >>> a_star_po([-1.0], [-2.0], [1.0], [0.25], beta=0.5)
        Array([0.0625], dtype=float32)

    Reference: Brantley et al. 2025, arXiv:2505.20686.
    """
    log_p, ref, rewards, best, beta = elementwise(
        log_p=log_p, ref_log_p=ref_log_p, rewards=rewards, best=best, hyper={"beta": beta}
    )
    return _a_star_po(log_p, *lax.stop_gradient((ref, rewards, best)), beta)


def optimal_value(
    rewards: Float[ArrayLike, "*batch n"],
    *,
    temperature: ArrayLike = 0.5,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Value of a prompt under the optimal policy, from rewards of the reference's answers.

    Formula: `temperature * log(mean(exp(rewards / temperature)))`.

    Args:
        rewards: of answers that the reference drew.
        temperature: price of leaving the reference, its first one in the paper; positive.
        where: answers that count.

    Returns:
        One value for each prompt, without gradient; 0 without answers.

    Example:
        >>> optimal_value([0.0, 1.0], temperature=1.0)
        Array(0.6201, dtype=float32)

    Reference: Brantley et al. 2025, arXiv:2505.20686.
    """
    (rewards,) = vectors(rewards=rewards)
    (temperature,) = hyperparameters(of_rows(rewards), temperature=temperature)
    kept = mask(where, rewards)
    moved, top = shifted(rewards / along(temperature), where=kept)
    count = jnp.sum(kept, axis=-1, dtype=rewards.dtype)
    value = temperature * (log_total(moved) + top - safe_log(count))
    return lax.stop_gradient(jnp.where(count > 0, value, 0))
