"""Skewed classes: losses of a whole list that do not let the common class decide.

Every loss here reads the last axis as one list of examples, with scores and bits, and gives one
value for each list: pass a whole batch as shape `n`. `where` leaves examples out. Cost-sensitive
training needs no loss of its own: weigh examples with `jaxloss.mean(..., weights=)`, classes with
`class_weights`, a missed yes with `pos_weight`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Real

from jaxloss.core.checks import along, hyperparameters, mask, probabilities, vectors
from jaxloss.core.numerics import safe_divide
from jaxloss.core.pairs import differences
from jaxloss.losses.margin import logistic


def soft_f1(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the F1 score, with probabilities in place of decisions (sigmoid-F1).

    Formula: with `p = sigmoid(logits)` and counts `tp = sum(p * target)`,
    `fp = sum(p * (1 - target))`, `fn = sum((1 - p) * target)`,
    `1 - 2 * tp / (2 * tp + fp + fn)`; 0 over an empty list.

    Args:
        logits: log-odds of yes.
        target: bits.
        where: examples that count.

    Example:
        >>> soft_f1([0.0, 0.0], [1, 0])
        Array(0.5, dtype=float32)

    Reference: Bénédict et al. 2021, arXiv:2108.10566.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    logits, target = jnp.where(kept, logits, 0), jnp.where(kept, target, 0)
    p = jnp.where(kept, jax.nn.sigmoid(logits), 0)
    # 2 tp + fp + fn is the mass of predictions plus the number of positives; fp + fn directly,
    # so that a perfect list costs 0 and not a rounding error.
    wrong = p * (1 - target) + jnp.where(kept, jax.nn.sigmoid(-logits), 0) * target
    return safe_divide(jnp.sum(wrong, axis=-1), jnp.sum(p + target, axis=-1))


def pairwise_auc(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    surrogate: Callable[[Array, Array], Array] = logistic,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward every positive for scoring above every negative: the area under the ROC curve.

    Formula: `mean(surrogate(logits[positive] - logits[negative], 1))` over all pairs; 0 without
    one.

    Args:
        logits: scores.
        target: bits.
        surrogate: binary margin loss of `jaxloss.margin`, or any function of a margin and a target
            of ones.
        where: examples that count.

    Example:
        >>> pairwise_auc([1.0, 1.0, 0.0], [1, 0, 0])
        Array(0.5032, dtype=float32)

    Reference: Gao and Zhou 2015, arXiv:1208.0645; Hanley and McNeil 1982,
        doi:10.1148/radiology.143.1.7063747.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    positive, negative = kept & (target == 1), kept & (target == 0)
    pairs = positive[..., :, None] & negative[..., None, :]
    lead = jnp.where(pairs, differences(logits), 0)
    values = jnp.where(pairs, surrogate(lead, jnp.ones_like(lead)), 0)
    return safe_divide(
        jnp.sum(values, axis=(-2, -1)), jnp.sum(pairs, axis=(-2, -1), dtype=values.dtype)
    )


def auc_margin(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    a: ArrayLike = 0.0,
    b: ArrayLike = 0.0,
    alpha: ArrayLike = 0.0,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Area under the ROC curve as a saddle point, in time linear in the list (LibAUC).

    Formula: with `r` the share of positives and means over the whole list,
    `(1 - r) * mean((s - a)**2 * pos) + r * mean((s - b)**2 * neg)
    + 2 * alpha * (r * (1 - r) * margin + mean(r * s * neg - (1 - r) * s * pos))
    - r * (1 - r) * alpha**2`.

    Args:
        logits: scores, after a sigmoid in the paper.
        target: bits.
        a: mean score of the positives; a parameter that is minimised over.
        b: mean score of the negatives; a parameter that is minimised over.
        alpha: dual variable, non-negative, that is maximised over: negate its gradient
            (`optax.partition`) and project with `jax.numpy.maximum`.
        margin: lead of positives over negatives that is asked for.
        where: examples that count.

    Example:
        >>> auc_margin([1.0, 0.0], [1, 0], a=1.0, b=0.0, alpha=0.0)
        Array(0., dtype=float32)

    Reference: Yuan et al. 2021, arXiv:2012.03173.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    a, b, alpha, margin = hyperparameters(logits[..., 0], a=a, b=b, alpha=alpha, margin=margin)
    count = jnp.sum(kept, axis=-1, dtype=logits.dtype)
    logits = jnp.where(kept, logits, 0)

    def mean(values: Array) -> Array:
        return safe_divide(jnp.sum(jnp.where(kept, values, 0), axis=-1), count)

    positive, negative = (target == 1).astype(logits.dtype), (target == 0).astype(logits.dtype)
    r = mean(positive)
    spread = (1 - r) * mean(jnp.square(logits - along(a)) * positive) + r * mean(
        jnp.square(logits - along(b)) * negative
    )
    lead = r * mean(logits * negative) - (1 - r) * mean(logits * positive)
    return spread + 2 * alpha * (r * (1 - r) * margin + lead) - r * (1 - r) * jnp.square(alpha)
