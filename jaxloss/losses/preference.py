"""Pairs of answers to a prompt, one of them preferred, judged against a reference model.

The four arguments are log-probabilities of whole answers under the policy and under the reference,
summed over the tokens of the answer (`jaxloss.completions`, or `jaxloss.fused.linear_completions`
from hidden states); their means make every loss here one of lengths' own, as `sigmoid_norm` in TRL.
The reference is held constant: its gradient is 0. All are functions of the two log-ratios.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.numerics import relu, softplus
from jaxloss.core.ratios import of_pairs, paired

_dpo = of_pairs(lambda won, lost, beta: softplus(-beta * (won - lost)))
_ipo = of_pairs(lambda won, lost, beta: jnp.square(won - lost - 0.5 / beta))
_slic = of_pairs(lambda won, lost, beta: relu(1 - beta * (won - lost)))
_sppo = of_pairs(
    lambda won, lost, beta: jnp.square(won - 0.5 / beta) + jnp.square(lost + 0.5 / beta)
)
_apo_zero = of_pairs(lambda won, lost, beta: sigmoid(-beta * won) + sigmoid(beta * lost))
_apo_down = of_pairs(lambda won, lost, beta: sigmoid(beta * won) + sigmoid(-beta * (won - lost)))
_bco_pair = of_pairs(
    lambda won, lost, beta, shift: softplus(shift - beta * won) + softplus(beta * lost - shift)
)


@of_pairs
def _nca(won: Array, lost: Array, beta: Array) -> Array:
    won, lost = beta * won, beta * lost
    return softplus(-won) + (softplus(won) + softplus(lost)) / 2


# With softplus(x) = softplus(-x) + x, the loss of the pair turned round is that of the pair and x.
@of_pairs
def _conservative_dpo(won: Array, lost: Array, beta: Array, smoothing: Array) -> Array:
    lead = beta * (won - lost)
    return softplus(-lead) + smoothing * lead


@of_pairs
def _robust_dpo(won: Array, lost: Array, beta: Array, smoothing: Array) -> Array:
    lead = beta * (won - lost)
    return softplus(-lead) - smoothing / (1 - 2 * smoothing) * lead


@of_pairs
def _exo(won: Array, lost: Array, beta: Array, smoothing: Array) -> Array:
    lead = beta * (won - lost)
    right = sigmoid(lead) * (softplus(-lead) + jnp.log1p(-smoothing))
    wrong = sigmoid(-lead) * (softplus(lead) + jnp.log(smoothing))
    return -right - wrong


def dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward a policy for preferring the chosen answer by more than the reference does.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)`, `-log(sigmoid(beta *
    h))`.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.

    Example:
        >>> dpo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.4741, 0.9741], dtype=float32)

    Reference: Rafailov et al. 2023, arXiv:2305.18290.
    """
    return paired(_dpo, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def conservative_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    smoothing: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, where some pairs may be the wrong way round.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)` and `s = smoothing`,
    `-(1 - s) * log(sigmoid(beta * h)) - s * log(sigmoid(-beta * h))`, whose minimum is at the
    odds of the pair.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.
        smoothing: share of pairs that are thought to be the wrong way round, below one
            half.

    Example:
        >>> conservative_dpo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.5241, 0.9241], dtype=float32)

    Reference: Mitchell 2023, "A note on DPO with noisy preferences & relationship to IPO".
    """
    return paired(
        _conservative_dpo,
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        smoothing=smoothing,
    )


def robust_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    smoothing: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, without the bias of pairs that are the wrong way round.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)` and `s = smoothing`,
    `(-(1 - s) * log(sigmoid(beta * h)) + s * log(sigmoid(-beta * h))) / (1 - 2 * s)`, whose
    mean over pairs of which that share is turned is `dpo` of the true ones.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.
        smoothing: share of pairs that are the wrong way round, below one half.

    Example:
        >>> robust_dpo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.4116, 1.0366], dtype=float32)

    Reference: Chowdhury et al. 2024, arXiv:2403.00409.
    """
    return paired(
        _robust_dpo, chosen, rejected, ref_chosen, ref_rejected, beta=beta, smoothing=smoothing
    )


def ipo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward a lead of the chosen answer that is neither smaller nor larger than asked for.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)`, `(h - 1 / (2 *
    beta))**2`. In the paper log-probabilities are sums over tokens; give means
    (`completions.per_token`) for what TRL computes.

    Args:
        beta: of the regularisation, tau in the paper: the lead asked for is `1 / (2 *
            beta)`.

    Example:
        >>> ipo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0., 4.], dtype=float32)

    Reference: Azar et al. 2023, arXiv:2310.12036.
    """
    return paired(_ipo, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def slic(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer up to a margin.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)`, `max(0, 1 - beta *
    h)`; derivative 0 at the kink.

    Args:
        beta: inverse of the margin in log-ratios.

    Example:
        >>> slic([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.5, 1.5], dtype=float32)

    Reference: Zhao et al. 2023, arXiv:2305.10425.
    """
    return paired(_slic, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def exo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    smoothing: ArrayLike = 1e-3,
) -> Float[Array, "*shape"]:
    """Reward a choice between two answers with the odds that their labels have.

    Formula: with `h = (chosen - ref_chosen) - (rejected - ref_rejected)`, `p = sigmoid(beta *
    h)` and `s = smoothing`, `p * log(p / (1 - s)) + (1 - p) * log((1 - p) / s)`: the reverse
    Kullback-Leibler divergence, where `conservative_dpo` has the other one.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.
        smoothing: probability that the labels leave to the rejected answer, positive.

    Example:
        >>> exo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5, smoothing=0.1)
        Array([0.2721, 0.8102], dtype=float32)

    Reference: Ji et al. 2024, arXiv:2402.00856.
    """
    return paired(_exo, chosen, rejected, ref_chosen, ref_rejected, beta=beta, smoothing=smoothing)


def nca(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward the chosen answer for gaining on the reference, and both for staying near it.

    Formula: with the rewards `r_w = beta * (chosen - ref_chosen)` and `r_l = beta * (rejected -
    ref_rejected)`, `-log(sigmoid(r_w)) - (log(sigmoid(-r_w)) + log(sigmoid(-r_l))) / 2`.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.

    Example:
        >>> nca([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([1.2769, 1.5269], dtype=float32)

    Reference: Chen et al. 2024, arXiv:2402.05369.
    """
    return paired(_nca, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def bco_pair(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    shift: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a classifier, whose logit is the reward, for telling chosen from rejected.

    Formula: with the rewards `r_w = beta * (chosen - ref_chosen)` and `r_l = beta * (rejected -
    ref_rejected)`, `-log(sigmoid(r_w - shift)) - log(sigmoid(shift - r_l))`.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.
        shift: the mean of past rewards, delta in the paper
            (`preference_unpaired.moved_shift`), held constant; TRL and Liger leave it out.

    Example:
        >>> bco_pair([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([1.1519, 1.6519], dtype=float32)

    Reference: Jung et al. 2024, arXiv:2404.04656.
    """
    shift = lax.stop_gradient(jnp.asarray(shift))
    return paired(_bco_pair, chosen, rejected, ref_chosen, ref_rejected, beta=beta, shift=shift)


def sppo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward log-ratios of one half and minus one half, in units of `1 / beta`.

    Formula: with the log-ratios `a = chosen - ref_chosen` and `b = rejected - ref_rejected`,
    `(a - 1 / (2 * beta))**2 + (b + 1 / (2 * beta))**2`: self-play with probabilities of winning
    1 and 0.

    Args:
        beta: inverse of the step of the self-play, eta in the paper.

    Example:
        >>> sppo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.5, 4.5], dtype=float32)

    Reference: Wu et al. 2024, arXiv:2405.00675.
    """
    return paired(_sppo, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def apo_zero(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward the chosen answer for gaining on the reference and the rejected one for losing.

    Formula: with the rewards `r_w = beta * (chosen - ref_chosen)` and `r_l = beta * (rejected -
    ref_rejected)`, `1 - sigmoid(r_w) + sigmoid(r_l)`. For chosen answers that are better than
    the model's.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.

    Example:
        >>> apo_zero([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.8756, 1.1244], dtype=float32)

    Reference: D'Oosterlinck et al. 2024, arXiv:2408.06266.
    """
    return paired(_apo_zero, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def apo_down(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward both answers for losing to the reference, the rejected one more.

    Formula: with the rewards `r_w = beta * (chosen - ref_chosen)` and `r_l = beta * (rejected -
    ref_rejected)`, `sigmoid(r_w) + 1 - sigmoid(r_w - r_l)`. For chosen answers that are worse
    than the model's.

    Args:
        beta: price of leaving the reference: rewards are `beta` times log-ratios.

    Example:
        >>> apo_down([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.9397, 1.0603], dtype=float32)

    Reference: D'Oosterlinck et al. 2024, arXiv:2408.06266.
    """
    return paired(_apo_down, chosen, rejected, ref_chosen, ref_rejected, beta=beta)
