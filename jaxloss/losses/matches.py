"""Matches of two: how likely one beats the other, or neither does, from how strong they are.

Strengths are logarithms, so that only their difference counts; elementwise.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import elementwise, require
from jaxloss.core.numerics import log1mexp, softplus, streamed


def davidson(
    x: Float[ArrayLike, "*shape"],
    y: Float[ArrayLike, "*shape"],
    outcome: Real[ArrayLike, "*shape"],
    *,
    log_nu: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward strengths that make wins, ties and losses likely (Bradley-Terry, by Davidson).

    Formula: with `z = exp(x) + exp(y) + exp(log_nu + (x + y) / 2)`, `log(z) - x` for a win,
    `log(z) - y` for a loss, `log(z) - (log_nu + (x + y) / 2)` for a tie; the Bradley-Terry model
    where `log_nu` is `-inf`.

    Args:
        x: strength of the first.
        y: strength of the second.
        outcome: +1 if the first won, -1 if the second did, 0 for a tie.
        log_nu: how common ties are, as a logarithm; a parameter to fit.

    Example:
        >>> davidson([0.0, 0.0], [0.0, 0.0], [1, 0])
        Array([1.0986, 1.0986], dtype=float32)

    Reference: Davidson 1970, doi:10.1080/01621459.1970.10481082; Bradley and Terry 1952,
        doi:10.1093/biomet/39.3-4.324.
    """
    x, y, outcome, log_nu = elementwise(x=x, y=y, outcome=outcome, hyper={"log_nu": log_nu})
    _outcomes(outcome)
    return streamed(_davidson)(x, y, outcome, log_nu)


def rao_kupper(
    x: Float[ArrayLike, "*shape"],
    y: Float[ArrayLike, "*shape"],
    outcome: Real[ArrayLike, "*shape"],
    *,
    threshold: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward strengths that make wins likely by more than a threshold, and ties within it.

    Formula: `log(1 + exp(threshold - (x - y)))` for a win, `log(1 + exp(threshold + (x - y)))` for
    a loss, and their sum `- log(exp(2 * threshold) - 1)` for a tie; the Bradley-Terry model where
    `threshold` is 0 and nothing ties.

    Args:
        x: strength of the first.
        y: strength of the second.
        outcome: +1 if the first won, -1 if the second did, 0 for a tie.
        threshold: lead below which strengths cannot be told apart, positive; a parameter to fit.

    Example:
        >>> rao_kupper([0.0, 0.0], [0.0, 0.0], [1, 0])
        Array([1.3133, 0.7719], dtype=float32)

    Reference: Rao and Kupper 1967, doi:10.1080/01621459.1967.10482901.
    """
    x, y, outcome, threshold = elementwise(
        x=x, y=y, outcome=outcome, hyper={"threshold": threshold}
    )
    _outcomes(outcome)
    return streamed(_rao_kupper)(x, y, outcome, threshold)


def _davidson(x: Array, y: Array, outcome: Array, log_nu: Array) -> Array:
    # Relative to what happened: the others cost the log of 1 plus their odds. A sum of two odds is
    # a softplus away from either.
    lead = jnp.where(outcome < 0, y - x, x - y)
    decided = _two(-lead, log_nu - lead / 2)
    tied = _two(lead / 2 - log_nu, -lead / 2 - log_nu)
    return jnp.where(outcome == 0, tied, decided)


def _two(a: Array, b: Array) -> Array:
    """`log(1 + exp(a) + exp(b))`."""
    return softplus(a) + softplus(b - softplus(a))


def _rao_kupper(x: Array, y: Array, outcome: Array, threshold: Array) -> Array:
    lead = jnp.where(outcome < 0, y - x, x - y)
    won, lost = softplus(threshold - lead), softplus(threshold + lead)
    # log(exp(2 t) - 1) is 2 t + log(1 - exp(-2 t)), which large thresholds leave finite.
    tied = won + (lost - 2 * threshold) - log1mexp(-2 * threshold)
    return jnp.where(outcome == 0, tied, won)


def _outcomes(outcome: Array) -> None:
    require(
        lambda: (outcome == 0) | (jnp.abs(outcome) == 1),
        "`outcome` holds a value other than -1, 0 and +1",
    )
