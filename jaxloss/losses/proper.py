"""Proper scores of forecasts of classes: least, on average, for the probabilities that are true.

Each takes scores of the classes and looks at their softmax (give the logarithms of probabilities
for these themselves); a class at `-inf` takes no part, and a label outside `[0, classes)` gives NaN
with gradient 0. The logarithmic score is `classification.softmax_cross_entropy`. Unlike it, all
here are bounded: what was held impossible costs no more than a constant.
"""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, classes, hyperparameters, labels as check_labels, of_rows
from jaxloss.core.numerics import expm1_ratio, known, log_softmax, log_total, one_hot, pick, shifted


def brier(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward probabilities for being near what came true, by their squares.

    Formula: with `p = softmax(logits)` and `q` the target, one-hot for a label,
    `sum((p - q)**2)`. Of two classes it is twice the score of a single probability.

    Args:
        logits: scores of the classes.
        target: class of each example, or its distribution.

    Returns:
        One value for each example, at most 2.

    Example:
        >>> brier([0.0, 0.0], jnp.array(0))
        Array(0.5, dtype=float32)

    Reference: Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    logits, target = classes(logits=logits, target=target)
    return _of_masses(logits, target, lambda p, q: jnp.sum(jnp.square(p - q), axis=-1))


def ranked_probability(
    logits: Float[ArrayLike, "*batch classes"],
    target: Int[ArrayLike, "*batch"] | Float[ArrayLike, "*batch classes"],
) -> Float[Array, "*batch"]:
    """Reward probabilities of classes that are in order: a near miss costs less than a far one.

    Formula: with `p = softmax(logits)` and `q` the target, one-hot for a label,
    `sum((cumsum(p) - cumsum(q))**2)`: the score of `crps` on the classes, and the squared earth
    mover's distance.

    Args:
        logits: scores of the classes, in their order.
        target: class of each example, or its distribution.

    Returns:
        One value for each example, at most the number of classes less 1.

    Example:
        >>> ranked_probability([[0.0, 0.0, 0.0]] * 2, jnp.array([0, 1]))
        Array([0.5556, 0.2222], dtype=float32)

    Reference: Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2.
    """
    logits, target = classes(logits=logits, target=target)

    def score(p: Array, q: Array) -> Array:
        return jnp.sum(jnp.square(lax.cumsum(p - q, axis=p.ndim - 1)), axis=-1)

    return _of_masses(logits, target, score)


def _of_masses(logits: Array, target: Array, score: Callable[[Array, Array], Array]) -> Array:
    """A score of two distributions; 0 where no class takes part, NaN for labels out of range."""
    some = jnp.any(logits > -jnp.inf, axis=-1)
    p = jnp.exp(log_softmax(logits))
    if not jnp.issubdtype(target.dtype, jnp.integer):
        return jnp.where(some, score(p, target), 0)
    value = score(p, one_hot(target, logits.shape[-1]).astype(p.dtype))
    return known(jnp.where(some, value, 0), target, logits.shape[-1])


def spherical(
    logits: Float[ArrayLike, "*batch classes"], labels: Int[ArrayLike, "*batch"]
) -> Float[Array, "*batch"]:
    """Reward the probability of what came true, by the length of the vector of all.

    Formula: with `p = softmax(logits)`, `-p[labels] / norm(p)`.

    Args:
        logits: scores of the classes.
        labels: class of each example.

    Returns:
        One value for each example, from -1 to 0.

    Example:
        >>> spherical([0.0, 0.0], jnp.array(0))
        Array(-0.7071, dtype=float32)

    Reference: Roby 1965, doi:10.2307/2282896; Gneiting and Raftery 2007,
        doi:10.1198/016214506000001437.
    """
    logits, labels = check_labels(logits, labels)
    scores, _ = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    size = log_total(2 * scores) / 2
    value = -jnp.exp(pick(scores, labels) - jnp.where(some, size, 0))
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])


def tsallis(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 1.5,
) -> Float[Array, "*batch"]:
    """Reward the probability of what came true by a power: from the logarithmic score to Brier's.

    Formula: with `p = softmax(logits)`, `sum(p**alpha) - (alpha * p[labels]**(alpha - 1) - 1)
    / (alpha - 1)`: `brier` at `alpha` 2, and the logarithmic score in the limit of 1.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        alpha: power, positive; may be traced through 1. The higher, the less a likely class counts
            for being held unlikely.

    Returns:
        One value for each example, bounded for `alpha` above 1.

    Example:
        >>> tsallis([0.0, 0.0], jnp.array(0), alpha=jnp.array(1.0))
        Array(0.6931, dtype=float32)

    Reference: Selten 1998, doi:10.1023/A:1009957816843 (at 2); the power score of Gneiting and
        Raftery 2007, doi:10.1198/016214506000001437, as the density power divergence of Basu et al.
        1998, doi:10.1093/biomet/85.3.549.
    """
    logits, labels = check_labels(logits, labels)
    some = jnp.any(logits > -jnp.inf, axis=-1)
    (alpha,) = hyperparameters(of_rows(logits), alpha=alpha)
    log_p = log_softmax(logits)
    possible = log_p > -jnp.inf
    powers = jnp.exp(along(alpha) * jnp.where(possible, log_p, 0))
    spread = jnp.sum(jnp.where(possible, powers, 0), axis=-1)
    # With b = alpha - 1, (alpha * x**b - 1) / b is x**b + (x**b - 1) / b, with a limit at b = 0.
    own, b = pick(log_p, labels), alpha - 1
    had = own > -jnp.inf
    log = jnp.where(had, own, 0)
    gain = jnp.exp(b * log) + log * expm1_ratio(b * log)
    lost = jnp.where(b > 0, -1 / jnp.where(b > 0, b, 1), -jnp.inf)
    value = spread - jnp.where(had, gain, lost)
    return known(jnp.where(some, value, 0), labels, logits.shape[-1])
