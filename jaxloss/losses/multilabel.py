"""Sets of labels: any number of classes may be right at once.

Every loss here takes `logits` and `target` (bits, 1 for the classes that are right) of shape
`*batch classes` and gives one value for each example. `where` leaves classes out, as if they were
not there. An example without a pair of a right and a wrong class costs nothing where pairs are
compared.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import along, hyperparameters, mask, probabilities, vectors
from jaxloss.core.numerics import logsumexp, relu, safe_divide, softplus
from jaxloss.core.pairs import differences
from jaxloss.losses.classification import sigmoid_cross_entropy


def soft_margin(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Ask every class its own yes-or-no question (binary relevance).

    Formula: `mean(sigmoid_cross_entropy(logits, target))` over the classes.

    Args:
        logits: log-odds of the classes.
        target: 1 for the classes that are right, else 0.
        where: classes that take part.

    Example:
        >>> soft_margin([[0.0, 0.0]], [[1, 0]])
        Array([0.6931], dtype=float32)

    Reference: Tsoumakas and Katakis 2007, doi:10.4018/jdwm.2007070101.
    """
    logits, target, kept = _sets(logits, target, where)
    values = jnp.where(kept, sigmoid_cross_entropy(logits, target), 0)
    return safe_divide(jnp.sum(values, axis=-1), jnp.sum(kept, axis=-1, dtype=values.dtype))


def margin(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward every right class for leading every wrong one.

    Formula: `sum(max(0, margin - (logits[right] - logits[wrong]))) / classes` over all pairs.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that are right, else 0.
        margin: lead that is asked for; non-negative.
        where: classes that take part, and are counted.

    Example:
        >>> margin([[1.0, 0.5, 0.0]], [[1, 0, 0]])
        Array([0.1667], dtype=float32)

    Reference: Weston and Watkins 1999, "Support vector machines for multi-class pattern
        recognition".
    """
    logits, target, kept = _sets(logits, target, where)
    (margin,) = hyperparameters(jnp.zeros(logits.shape[:-1], logits.dtype), margin=margin)
    difference, pairs = differences(logits), _right_over_wrong(target, kept)
    short = jnp.where(pairs, relu(along(margin, 2) - difference), 0)
    return safe_divide(jnp.sum(short, axis=(-2, -1)), jnp.sum(kept, axis=-1, dtype=logits.dtype))


def zlpr(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward right classes above zero and wrong ones below, each set by its worst member.

    Formula: `log(1 + sum(exp(logits[wrong]))) + log(1 + sum(exp(-logits[right])))`.

    Args:
        logits: scores of the classes; 0 is the threshold for being predicted.
        target: 1 for the classes that are right, else 0.
        where: classes that take part.

    Example:
        >>> zlpr([[0.0, 0.0]], [[1, 0]])
        Array([1.3863], dtype=float32)

    Reference: Su et al. 2022, arXiv:2208.02955.
    """
    logits, target, kept = _sets(logits, target, where)
    wrong = logsumexp(logits, where=kept & (target == 0))
    right = logsumexp(-logits, where=kept & (target == 1))
    return softplus(wrong) + softplus(right)


def lsep(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward right classes for leading wrong ones, smoothly and dominated by the worst pair.

    Formula: `log(1 + sum(exp(logits[wrong] - logits[right])))` over all pairs.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that are right, else 0.
        where: classes that take part.

    Example:
        >>> lsep([[0.0, 0.0]], [[1, 0]])
        Array([0.6931], dtype=float32)

    Reference: Li, Song and Luo 2017, arXiv:1704.03135.
    """
    return softplus(_log_sum_of_pairs(logits, target, where)[0])


def bp_mll(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward right classes for leading wrong ones, exponentially for those that do not.

    Formula: `mean(exp(-(logits[right] - logits[wrong])))` over all pairs.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that are right, else 0.
        where: classes that take part.

    Example:
        >>> bp_mll([[0.0, 0.0]], [[1, 0]])
        Array([1.], dtype=float32)

    Reference: Zhang and Zhou 2006, doi:10.1109/TKDE.2006.162.
    """
    total, count = _log_sum_of_pairs(logits, target, where)
    return jnp.where(count > 0, jnp.exp(total - jnp.log(jnp.where(count > 0, count, 1))), 0)


def two_way(
    logits: Float[ArrayLike, "*batch classes"],
    target: Real[ArrayLike, "*batch classes"],
    *,
    positive_temperature: ArrayLike = 4.0,
    negative_temperature: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a soft minimum of the right classes above a soft maximum of the wrong ones.

    Formula: with `low = tp * logsumexp(-logits[right] / tp)` and
    `high = tn * logsumexp(logits[wrong] / tn)` at the two temperatures, `log(1 + exp(low + high))`.
    This is one way, over the classes of an example; the paper adds the
    other, the same loss on the transposed matrix.

    Args:
        logits: scores of the classes.
        target: 1 for the classes that are right, else 0.
        positive_temperature: softness of the minimum; positive.
        negative_temperature: softness of the maximum; positive.
        where: classes that take part.

    Example:
        >>> two_way([[0.0, 0.0]], [[1, 0]])
        Array([0.6931], dtype=float32)

    Reference: Kobayashi 2023, doi:10.1109/CVPR52729.2023.00722.
    """
    logits, target, kept = _sets(logits, target, where)
    tp, tn = hyperparameters(
        jnp.zeros(logits.shape[:-1], logits.dtype),
        positive_temperature=positive_temperature,
        negative_temperature=negative_temperature,
    )
    right, wrong = kept & (target == 1), kept & (target == 0)
    lowest = tp * logsumexp(-logits / along(tp), where=right)
    highest = tn * logsumexp(logits / along(tn), where=wrong)
    both = jnp.any(right, axis=-1) & jnp.any(wrong, axis=-1)
    return jnp.where(both, softplus(jnp.where(both, lowest + highest, 0)), 0)


def _sets(
    logits: ArrayLike, target: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    # A class whose score is -inf is left out like a masked one; its place is taken by a 0.
    kept = mask(where, logits) & (logits > -jnp.inf)
    return jnp.where(kept, logits, 0), target, kept


def _right_over_wrong(target: Array, kept: Array) -> Array:
    """Pairs (i, j) of which i is right and j is wrong."""
    return (kept & (target == 1))[..., :, None] & (kept & (target == 0))[..., None, :]


def _log_sum_of_pairs(
    logits: ArrayLike, target: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array]:
    """Logarithm of the sum of `exp(logits[wrong] - logits[right])`, and the number of pairs."""
    logits, target, kept = _sets(logits, target, where)
    # The sum over pairs is a product of two sums: no square of the number of classes.
    right, wrong = kept & (target == 1), kept & (target == 0)
    count = jnp.sum(right, axis=-1, dtype=logits.dtype) * jnp.sum(
        wrong, axis=-1, dtype=logits.dtype
    )
    a, b = logsumexp(-logits, where=right), logsumexp(logits, where=wrong)
    return jnp.where(count > 0, a + b, -jnp.inf), count
