"""Pairs of answers judged by the policy alone: no reference model is needed.

Log-probabilities are those of whole answers: summed over tokens for `cpo` and `tpo`, and means over
them for the others (`jaxloss.completions`).
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise
from jaxloss.core.numerics import log1mexp, softplus, streamed, with_partials
from jaxloss.core.ratios import tempered_lead

NEAREST = -1e-18
"""Largest log-probability whose odds `orpo` looks at: what is certain counts as this, flat."""

_uncertain = with_partials(
    lambda x: jnp.minimum(x, NEAREST),
    lambda x: jnp.where(x <= NEAREST, jnp.ones_like(x), jnp.zeros_like(x)),
)
_cpo = streamed(
    lambda chosen, rejected, beta, weight: softplus(-beta * (chosen - rejected)) - weight * chosen
)
_tpo = streamed(
    lambda chosen, rejected, gold, beta, weight: (
        softplus(-beta * (chosen - rejected)) - weight * gold
    )
)
_simpo = streamed(
    lambda chosen, rejected, beta, margin: softplus(margin - beta * (chosen - rejected))
)
_alphapo = streamed(
    lambda chosen, rejected, beta, margin, alpha: softplus(
        margin - beta * tempered_lead(chosen, rejected, alpha)
    )
)


@streamed
def _orpo(chosen: Array, rejected: Array, weight: Array) -> Array:
    won, lost = _uncertain(chosen), _uncertain(rejected)
    # The logarithm of the ratio of odds p / (1 - p).
    lead = won - lost - (log1mexp(won) - log1mexp(lost))
    return weight * softplus(-lead) - chosen


def cpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.1,
    nll_weight: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, and its likelihood (a uniform reference).

    Formula: `-log(sigmoid(beta * (chosen - rejected))) - nll_weight * chosen`.

    Args:
        beta: how sharply the lead counts.
        nll_weight: of the likelihood of the chosen answer. TRL and Liger take its mean over all
            tokens of the batch there; for that, 0 here and a term of `jaxloss.objective`.

    Example:
        >>> cpo([-1.0, -2.0], [-2.0, -1.0], beta=0.5)
        Array([1.4741, 2.9741], dtype=float32)

    Reference: Xu et al. 2024, arXiv:2401.08417.
    """
    chosen, rejected, beta, weight = elementwise(
        chosen=chosen, rejected=rejected, hyper={"beta": beta, "nll_weight": nll_weight}
    )
    return _cpo(chosen, rejected, beta, weight)


def tpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    gold: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 0.01,
    nll_weight: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward preferring the chosen answer, and the likelihood of a third one that is best.

    Formula: `-log(sigmoid(beta * (chosen - rejected))) - nll_weight * gold`. The variant with
    lengths (TPO-L) is `simpo` with the likelihood as another term.

    Args:
        gold: log-probability of the best answer.
        beta: how sharply the lead counts.
        nll_weight: of the likelihood, alpha in the paper.

    Example:
        >>> tpo([-1.0, -2.0], [-2.0, -1.0], [-1.0, -0.5], beta=0.5)
        Array([1.4741, 1.4741], dtype=float32)

    Reference: Saeidi et al. 2024, arXiv:2405.16681.
    """
    chosen, rejected, gold, beta, weight = elementwise(
        chosen=chosen, rejected=rejected, gold=gold, hyper={"beta": beta, "nll_weight": nll_weight}
    )
    return _tpo(chosen, rejected, gold, beta, weight)


def simpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 2.0,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a chosen answer that is likelier by the token, beyond a margin.

    Formula: `-log(sigmoid(beta * (chosen - rejected) - margin))`, of means over tokens.

    Args:
        beta: how sharply the lead counts.
        margin: gamma in the paper, in the units of `beta` times log-probabilities, as TRL and Liger
            take it; the paper names the ratio of the two, near one half.

    Example:
        >>> simpo([-1.0, -2.0], [-2.0, -1.0])
        Array([0.3133, 3.0486], dtype=float32)

    Reference: Meng et al. 2024, arXiv:2405.14734.
    """
    chosen, rejected, beta, margin = elementwise(
        chosen=chosen, rejected=rejected, hyper={"beta": beta, "margin": margin}
    )
    return _simpo(chosen, rejected, beta, margin)


def alphapo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    *,
    beta: ArrayLike = 2.5,
    margin: ArrayLike = 0.25,
    alpha: ArrayLike = 0.25,
) -> Float[Array, "*shape"]:
    """Reward a chosen answer that is likelier by the token, in probabilities to a power.

    Formula: with `r(x) = (1 - exp(x)**-alpha) / alpha`,
    `-log(sigmoid(beta * (r(chosen) - r(rejected)) - margin))`; the limit at `alpha` 0 is `simpo`.
    The power counts up to `exp(40)`, with gradient 0 beyond.

    Args:
        beta: how sharply the lead counts.
        margin: lead that is asked for.
        alpha: bends the reward; positive values push unlikely answers most. May be traced through
            0.

    Example:
        >>> alphapo([-1.0, -2.0], [-2.0, -1.0])
        Array([0.0329, 3.9171], dtype=float32)

    Reference: Gupta et al. 2025, arXiv:2501.03884.
    """
    chosen, rejected, beta, margin, alpha = elementwise(
        chosen=chosen,
        rejected=rejected,
        hyper={"beta": beta, "margin": margin, "alpha": alpha},
    )
    return _alphapo(chosen, rejected, beta, margin, alpha)


def orpo(
    chosen: Float[ArrayLike, "*shape"],
    rejected: Float[ArrayLike, "*shape"],
    *,
    weight: ArrayLike = 0.1,
) -> Float[Array, "*shape"]:
    """Reward the likelihood of the chosen answer, and its odds beside those of the rejected one.

    Formula: with `p = exp(chosen)` and `q = exp(rejected)`,
    `-log(p) - weight * log(sigmoid(log(p / (1 - p)) - log(q / (1 - q))))`, of means over tokens.
    A log-probability of 0 counts as -1e-18 in the odds, with gradient 0 there.

    Args:
        weight: of the odds, lambda in the paper; beta in TRL and Liger.

    Example:
        >>> orpo([-1.0, -2.0], [-2.0, -1.0])
        Array([1.0238, 2.1551], dtype=float32)

    Reference: Hong et al. 2024, arXiv:2403.07691.
    """
    chosen, rejected, weight = elementwise(
        chosen=chosen, rejected=rejected, hyper={"weight": weight}
    )
    return _orpo(chosen, rejected, weight)
