"""Numbers predicted as distributions over bins: two-hot and Gaussian targets, and projections.

A value head of probabilities learns more steadily than one of numbers. The prediction is the mean,
`sum(softmax(logits) * support)`; where targets spread over many sizes, let both be of `symlog`.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.special import erfc
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.bins import projected, support_of
from jaxloss.core.checks import along, hyperparameters, of_rows
from jaxloss.core.forecasts import aligned
from jaxloss.losses.classification import softmax_cross_entropy


def two_hot(
    logits: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch"],
    *,
    support: Float[ArrayLike, " k"],
) -> Float[Array, "*batch"]:
    """Reward probability at the two places next to a number, the more the nearer (MuZero, Dreamer).

    Formula: the cross-entropy of `softmax(logits)` to `project(target, 1)`; targets beyond the
    support count as its ends.

    Args:
        logits: of the places.
        target: the number, held constant.
        support: the places, in ascending order; in Dreamer, of `symlog(target)`.

    Returns:
        One value for each number.

    Example:
        >>> two_hot([0.0, 0.0, 9.0], 1.5, support=[0.0, 1.0, 2.0])
        Array(4.5002, dtype=float32)

    Reference: Schrittwieser et al. 2020, arXiv:1911.08265; Hafner et al. 2023, arXiv:2301.04104.
    """
    logits, target = aligned({"logits": "k", "target": ""}, logits=logits, target=target)
    atoms = support_of("support", support, logits.shape[-1], logits)
    target = lax.stop_gradient(target)[..., None]
    return softmax_cross_entropy(logits, projected(target, jnp.ones_like(target), atoms))


def hl_gauss(
    logits: Float[ArrayLike, "*batch k"],
    target: Float[ArrayLike, "*batch"],
    *,
    edges: Float[ArrayLike, " k+1"],
    deviation: ArrayLike = 0.75,
) -> Float[Array, "*batch"]:
    """Reward probability in the bins around a number, as a normal distribution has it there.

    Formula: the cross-entropy of `softmax(logits)` to the masses that a normal distribution around
    `target`, of `deviation` mean widths of a bin, has between the `edges`, these masses divided by
    their sum; targets beyond the edges count as the outermost.

    Args:
        logits: of the bins.
        target: the number, held constant.
        edges: of the bins, in ascending order.
        deviation: standard deviation in mean widths of a bin, positive.

    Returns:
        One value for each number.

    Example:
        >>> hl_gauss([0.0, 0.0], 1.0, edges=[0.0, 1.0, 2.0])
        Array(0.6931, dtype=float32)

    Reference: Imani and White 2018, arXiv:1806.04613; Farebrother et al. 2024, arXiv:2403.03950.
    """
    logits, target = aligned({"logits": "k", "target": ""}, logits=logits, target=target)
    (deviation,) = hyperparameters(of_rows(logits), deviation=deviation)
    ends = support_of("edges", edges, logits.shape[-1] + 1, logits)
    first, last = ends[..., :1], ends[..., -1:]
    width = (last - first) / max(logits.shape[-1], 1)
    centre = jnp.clip(lax.stop_gradient(target)[..., None], first, last)
    apart = (ends - centre) / (2**0.5 * width * along(deviation))
    low, high = apart[..., :-1], apart[..., 1:]
    # From the tail that the bin lies in: there the masses are small and their difference exact.
    right = low + high > 0
    low, high = jnp.where(right, low, -high), jnp.where(right, high, -low)
    masses = erfc(low) - erfc(high)
    whole = jnp.sum(masses, axis=-1, keepdims=True)
    return softmax_cross_entropy(logits, masses / whole)


def project(
    places: Float[ArrayLike, "*batch m"],
    masses: Float[ArrayLike, "*batch m"],
    *,
    support: Float[ArrayLike, " k"],
) -> Float[Array, "*batch k"]:
    """Move masses to the places of a support: each to the two next to it, the more the nearer.

    Formula: `out[i] = sum(masses * hat[i](clip(places, support[0], support[-1])))` with `hat[i]`
    rising from 0 to 1 between `support[i - 1]` and `support[i]`, and falling again to the next.
    Masses and, within the support, their mean are kept. Held constant.

    Args:
        places: where the masses are.
        masses: how much there is at each.
        support: the places, in ascending order.

    Returns:
        One mass for each place of the support.

    Example:
        >>> project([0.5, 7.0], [0.5, 0.5], support=[0.0, 1.0, 2.0])
        Array([0.25, 0.25, 0.5 ], dtype=float32)

    Reference: Bellemare et al. 2017, arXiv:1707.06887, equation 7.
    """
    axes = {"places": "m", "masses": "m"}
    places, masses = aligned(axes, places=places, masses=masses)
    atoms = support_of("support", support, jnp.asarray(support).shape[-1], places)
    return lax.stop_gradient(projected(places, masses, atoms))
