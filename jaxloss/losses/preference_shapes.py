"""Pairs of answers under other divergences from the reference, and with other margins.

The first four arguments are those of `jaxloss.preference`, and the reference is held constant here
too. Whatever else a loss reads (offsets, lengths) is held constant with it.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import sigmoid
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise
from jaxloss.core.numerics import relu, softplus, streamed
from jaxloss.core.ratios import of_pairs, paired, tempered_lead

_js_dpo = of_pairs(lambda won, lost, beta: softplus(beta * (softplus(-won) - softplus(-lost))))
_dpop = of_pairs(
    lambda won, lost, beta, penalty: softplus(-beta * (won - lost - penalty * relu(-won)))
)
_diffusion_dpo = of_pairs(lambda won, lost, beta: softplus(beta * (won - lost)))


@of_pairs
def _discopop(won: Array, lost: Array, beta: Array, temperature: Array) -> Array:
    lead = beta * (won - lost)
    gate = lead / temperature
    # The exponential times its share as one exponential: apart they are infinity and 0.
    return softplus(-lead) * sigmoid(-gate) + jnp.exp(-lead - softplus(-gate))


_f_dpo = of_pairs(lambda won, lost, beta, alpha: softplus(-beta * tempered_lead(won, lost, alpha)))


def _offset_kernel(
    chosen: Array, rejected: Array, ref_chosen: Array, ref_rejected: Array, more: Array, beta: Array
) -> Array:
    return softplus(-(beta * (chosen - ref_chosen - (rejected - ref_rejected)) + more))


_with_lead = streamed(_offset_kernel)


def discopop(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    temperature: ArrayLike = 0.05,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, with a dip beside no lead (found by a language model).

    Formula: with `x = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))` and
    `s = sigmoid(x / temperature)`, `-log(sigmoid(x)) * (1 - s) + exp(-x) * s`. Not convex.

    Args:
        beta: price of leaving the reference.
        temperature: width of the change from one loss to the other, positive.

    Example:
        >>> discopop([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.6065, 0.9741], dtype=float32)

    Reference: Lu et al. 2024, arXiv:2406.08414.
    """
    return paired(
        _discopop,
        chosen,
        rejected,
        ref_chosen,
        ref_rejected,
        beta=beta,
        temperature=temperature,
    )


def f_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    alpha: ArrayLike = 0.5,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, near the reference by an alpha-divergence.

    Formula: with `f(u) = (1 - u**-alpha) / alpha`, `a = chosen - ref_chosen` and
    `b = rejected - ref_rejected`, `-log(sigmoid(beta * (f(exp(a)) - f(exp(b)))))`; the limit at
    `alpha` 0, the reverse Kullback-Leibler divergence, is `preference.dpo`, and 1 the forward one.
    `u**-alpha` counts up to `exp(40)`, with gradient 0 beyond.

    Args:
        beta: price of leaving the reference.
        alpha: from 0, which seeks modes, to 1, which covers them; may be traced through 0.

    Example:
        >>> f_dpo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.4721, 0.9773], dtype=float32)

    Reference: Wang et al. 2023, arXiv:2309.16240.
    """
    return paired(_f_dpo, chosen, rejected, ref_chosen, ref_rejected, beta=beta, alpha=alpha)


def js_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, near the reference by the Jensen-Shannon divergence.

    Formula: with `f(u) = log(2 * u / (1 + u))`, `a = chosen - ref_chosen` and
    `b = rejected - ref_rejected`, `-log(sigmoid(beta * (f(exp(a)) - f(exp(b)))))`.

    Args:
        beta: price of leaving the reference.

    Example:
        >>> js_dpo([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], beta=0.5)
        Array([0.5759, 0.8259], dtype=float32)

    Reference: Wang et al. 2023, arXiv:2309.16240.
    """
    return paired(_js_dpo, chosen, rejected, ref_chosen, ref_rejected, beta=beta)


def odpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    offset: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward a lead of the chosen answer beyond an offset, larger for clearer preferences.

    Formula: `-log(sigmoid(beta * ((chosen - ref_chosen) - (rejected - ref_rejected)) - offset))`.

    Args:
        offset: lead in rewards that is asked for; in the paper an increasing function (`log`) of
            the difference of the two answers' scores.
        beta: price of leaving the reference.

    Example:
        >>> odpo([-1.0], [-2.0], [-1.5], [-1.5], [0.5], beta=0.5)
        Array([0.6931], dtype=float32)

    Reference: Amini et al. 2024, arXiv:2402.10571.
    """
    won, lost, ref_won, ref_lost, offset, beta = elementwise(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
        offset=offset,
        hyper={"beta": beta},
    )
    return _with_lead(won, lost, *lax.stop_gradient((ref_won, ref_lost, -offset)), beta)


def r_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    chosen_length: Float[ArrayLike, "*shape"],
    rejected_length: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    alpha: ArrayLike = 0.01,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, the less the more it is longer than the rejected one.

    Formula: `-log(sigmoid(beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    + alpha * (chosen_length - rejected_length)))`.

    Args:
        chosen_length: tokens of the chosen answer.
        rejected_length: tokens of the rejected answer.
        beta: price of leaving the reference.
        alpha: price of a token.

    Example:
        >>> r_dpo([-1.0], [-2.0], [-1.5], [-1.5], [30.0], [10.0], beta=0.5)
        Array([0.4032], dtype=float32)

    Reference: Park et al. 2024, arXiv:2403.19159.
    """
    won, lost, ref_won, ref_lost, words, others, beta, alpha = elementwise(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
        chosen_length=chosen_length,
        rejected_length=rejected_length,
        hyper={"beta": beta, "alpha": alpha},
    )
    more = alpha * lax.stop_gradient(words - others)
    return _with_lead(won, lost, *lax.stop_gradient((ref_won, ref_lost)), more, beta)


def dpop(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.3,
    penalty: ArrayLike = 50.0,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer without making it less likely (DPO-Positive).

    Formula: with `a = chosen - ref_chosen` and `b = rejected - ref_rejected`,
    `-log(sigmoid(beta * (a - b - penalty * max(0, -a))))`; at the kink the derivative of `dpo`.

    Args:
        beta: price of leaving the reference.
        penalty: of a chosen answer less likely than under the reference, lambda in the paper.

    Example:
        >>> dpop([-1.0, -2.0], [-2.0, -1.0], [-1.5, -1.5], [-1.5, -1.5], penalty=5.0)
        Array([0.5544, 1.3501], dtype=float32)

    Reference: Pal et al. 2024, arXiv:2402.13228.
    """
    return paired(_dpop, chosen, rejected, ref_chosen, ref_rejected, beta=beta, penalty=penalty)


def diffusion_dpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    ref_chosen: Float[ArrayLike, "*shape"],
    ref_rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 2500.0,
) -> Float[Array, "*shape"]:
    """Reward a denoiser for improving on the reference at the chosen image more than elsewhere.

    Formula: `-log(sigmoid(-beta * ((chosen - ref_chosen) - (rejected - ref_rejected))))`, of
    squared errors of the noise (`diffusion.prediction`) in place of log-probabilities.

    Args:
        chosen: error at the chosen image, under the policy; the others alike, at one noise level.
        beta: price of leaving the reference times steps and weight of the level. The authors'
            program multiplies errors that are means over pixels by half of 2000 to 5000.

    Example:
        >>> diffusion_dpo([0.5, 0.25], [0.25, 0.5], [0.375, 0.375], [0.375, 0.375], beta=2.0)
        Array([0.9741, 0.4741], dtype=float32)

    Reference: Wallace et al. 2024, arXiv:2311.12908.
    """
    return paired(_diffusion_dpo, chosen, rejected, ref_chosen, ref_rejected, beta=beta)
