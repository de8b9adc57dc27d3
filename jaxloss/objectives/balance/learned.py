"""Weights that are learned: no balancers, but functions from named losses to named losses.

The weights are leaves of the parameters, which the optimiser of the model trains with the rest.
"""

from collections.abc import Callable, Collection, Mapping

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jaxloss.core import checks
from jaxloss.core.reduce import Average

Term = Average | ArrayLike


def uncertainty(
    losses: Mapping[str, Term],
    log_variances: Mapping[str, ArrayLike],
    *,
    classification: Collection[str] = (),
) -> dict[str, Term]:
    """Weigh tasks by a learned variance of their noise, and reward a small one.

    Formula: `exp(-s) * loss / 2 + s / 2` with `s` the log-variance, and `exp(-s) * loss + s / 2`
    for classification. Where `s` is optimal, `s = log(loss)`, the gradient is that of
    `log(loss) / 2`.

    Args:
        losses: named terms as `jaxloss.objective` takes them.
        log_variances: leaves of the parameters, one scalar for each task that is to be weighed,
            under its name; start them at 0. Other losses are passed on as they are.
        classification: names of tasks whose loss is a cross-entropy.

    Returns:
        Named losses. Averages stay averages, so that `jaxloss.accumulate` stays exact; where
        nothing is counted the variance is not trained either.

    Raises:
        ValueError: for a name that no loss bears, or a leaf that is no scalar.

    Example:
        >>> uncertainty({"depth": 4.0, "decay": 1.0}, {"depth": jnp.log(4.0)})
        {'depth': Array(1.1931, dtype=float32), 'decay': 1.0}

    Reference: Kendall, Gal and Cipolla 2018, arXiv:1705.07115.
    """
    _demand_known("classification", classification, log_variances)

    def kernel(name: str, s: Array) -> tuple[Array, Array]:
        half = 1.0 if name in classification else 0.5
        return half * jnp.exp(-s), s / 2

    return _learned("log_variances", losses, log_variances, kernel)


def imtl_l(losses: Mapping[str, Term], log_scales: Mapping[str, ArrayLike]) -> dict[str, Term]:
    """Bring all losses to one scale by a learned factor, and reward a large one.

    Formula: `exp(s) * loss - s`. Where `s` is optimal, `s = -log(loss)`, the gradient is that of
    `log(loss)`.

    Args:
        losses: as in `uncertainty`, positive.
        log_scales: as its `log_variances`.

    Returns:
        As in `uncertainty`.

    Raises:
        ValueError: for a name that no loss bears, or a leaf that is no scalar.

    Example:
        >>> imtl_l({"depth": 4.0}, {"depth": -jnp.log(4.0)})
        {'depth': Array(2.3863, dtype=float32)}

    Reference: Liu et al. 2021, https://openreview.net/forum?id=IMPnRXEWpvr.
    """
    return _learned("log_scales", losses, log_scales, lambda name, s: (jnp.exp(s), -s))


def _learned(
    argument: str,
    losses: Mapping[str, Term],
    given: Mapping[str, ArrayLike],
    kernel: Callable[[str, Array], tuple[Array, Array]],
) -> dict[str, Term]:
    """Losses times a factor plus an offset, both of which `kernel` makes of a learned leaf."""
    _demand_known(argument, given, losses)
    made = dict(losses)
    for name, leaf in given.items():
        if jnp.shape(leaf) != ():
            raise ValueError(
                f"expected a scalar for {name!r} in `{argument}`, got shape {jnp.shape(leaf)}"
            )
        factor, offset = kernel(name, *checks.promote(**{argument: leaf}))
        loss = losses[name]
        if isinstance(loss, Average):
            # The offset counts as often as the loss, so that parts of a batch still add up.
            made[name] = Average(factor * loss.total + offset * loss.weight, loss.weight)
        else:
            made[name] = factor * loss + offset
    return made


def _demand_known(argument: str, given: Collection[str], known: Collection[str]) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ValueError(
            f"`{argument}` names {', '.join(map(repr, unknown))}; known are "
            f"{', '.join(map(repr, known))}"
        )
