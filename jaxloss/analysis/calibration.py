"""Whether probabilities, and quantiles, mean what they say: pure and jittable.

`reliability` sorts probabilities into bins and compares them with what came true;
`coverage` and `quantile_coverage` do so for predicted intervals and quantiles.
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import mask, promote, same_shape
from jaxloss.core.numerics import safe_divide


class Reliability(NamedTuple):
    """Probabilities in bins beside what came true.

    Attributes:
        counts: predictions in each bin.
        confidence: mean probability of each bin, 0 if it is empty.
        accuracy: share that came true in each bin, 0 if it is empty.
        places: bin of each prediction; the number of bins for those left out.
    """

    counts: Float[Array, " bins"]
    confidence: Float[Array, " bins"]
    accuracy: Float[Array, " bins"]
    places: Int[Array, " n"]

    @property
    def expected_error(self) -> Float[Array, ""]:
        """Expected calibration error: the mean gap of confidence and accuracy over predictions."""
        gaps = jnp.abs(self.accuracy - self.confidence)
        return safe_divide(jnp.sum(self.counts * gaps), jnp.sum(self.counts))

    @property
    def largest_error(self) -> Float[Array, ""]:
        """Maximum calibration error: the largest gap of any bin."""
        return jnp.max(jnp.abs(self.accuracy - self.confidence))


def top_label(
    probabilities: Float[Array, "n classes"], labels: Int[Array, " n"]
) -> tuple[Float[Array, " n"], Bool[Array, " n"]]:
    """Probability of the likeliest class, and whether it is the right one.

    Args:
        probabilities: distributions over classes.
        labels: the right classes.

    Example:
        >>> confidence, correct = top_label(jnp.array([[0.7, 0.3], [0.4, 0.6]]), jnp.array([0, 0]))
        >>> confidence, correct
        (Array([0.7, 0.6], dtype=float32), Array([ True, False], dtype=bool))
    """
    (probabilities,) = promote(probabilities=probabilities)
    return probabilities.max(-1), probabilities.argmax(-1) == jnp.asarray(labels)


def reliability(
    confidence: Float[Array, " n"],
    correct: Real[Array, " n"] | Bool[Array, " n"],
    *,
    bins: int = 15,
    scheme: Literal["width", "mass"] = "width",
    where: Bool[Array, " n"] | None = None,
) -> Reliability:
    """Compare probabilities with what came true, bin by bin.

    Args:
        confidence: probabilities of an event: of the positive class, or `top_label`.
        correct: whether the event happened.
        bins: how many.
        scheme: bins of equal width, closed on the right, or of equally many predictions.
        where: predictions that count; all if None.

    Example:
        >>> found = reliability(jnp.array([0.1, 0.4, 0.9]), jnp.array([0, 1, 1]), bins=2)
        >>> found.counts, found.accuracy, found.expected_error
        (Array([2., 1.], dtype=float32), Array([0.5, 1. ], dtype=float32),
         Array(0.2, dtype=float32))

    Reference: Guo et al. 2017, arXiv:1706.04599 (equal width); Nguyen and O'Connor 2015,
    arXiv:1508.05154 (equal mass).
    """
    confidence, correct = same_shape(confidence=confidence, correct=correct)
    kept = mask(where, confidence)
    confidence = jnp.where(kept, confidence, 0)
    if scheme == "width":
        place = jnp.ceil(confidence * bins).astype(jnp.int32) - 1
    else:
        # Those left out come last, so that ranks count only what is kept.
        rank = jnp.argsort(jnp.argsort(jnp.where(kept, confidence, jnp.inf)))
        place = rank * bins // jnp.maximum(kept.sum(), 1)
    index = jnp.where(kept, jnp.clip(place, 0, bins - 1), bins)

    def total(values: Array) -> Array:
        return jax.ops.segment_sum(jnp.where(kept, values, 0), index, bins)

    count = total(jnp.ones_like(confidence))
    return Reliability(
        count, safe_divide(total(confidence), count), safe_divide(total(correct), count), index
    )


def consistency_band(
    key: Array,
    confidence: Float[Array, " n"],
    found: Reliability,
    *,
    level: float | Array = 0.9,
    draws: int = 400,
) -> tuple[Float[Array, " bins"], Float[Array, " bins"]]:
    """Where the accuracy of each bin would lie if the probabilities were right.

    Outcomes are drawn from the probabilities themselves, so a dot outside the band is more than
    the chance of a small bin. Predictions stay as they are; only outcomes are drawn.

    Args:
        key: random key.
        confidence: the probabilities that `found` was made from.
        found: by `reliability`.
        level: share of the draws that lies inside, bin by bin.
        draws: how many.

    Returns:
        Lower and upper ends; 0 for empty bins.

    Reference: Bröcker and Smith 2007, doi:10.1175/WAF993.1.
    """
    (confidence,) = promote(confidence=confidence)

    def accuracy(key: Array) -> Array:
        happened = jax.random.uniform(key, confidence.shape, confidence.dtype) < confidence
        total = jax.ops.segment_sum(
            happened.astype(confidence.dtype), found.places, found.counts.size
        )
        return safe_divide(total, found.counts)

    drawn = jax.lax.map(accuracy, jax.random.split(key, draws))
    tail = (1 - jnp.asarray(level, confidence.dtype)) / 2
    return jnp.quantile(drawn, tail, axis=0), jnp.quantile(drawn, 1 - tail, axis=0)


def coverage(
    lower: Float[Array, "*shape"],
    upper: Float[Array, "*shape"],
    target: Float[Array, "*shape"],
    *,
    where: Bool[Array, "*shape"] | None = None,
) -> Float[Array, ""]:
    """Share of the targets that lie in their predicted interval, ends included.

    Args:
        lower: lower ends.
        upper: upper ends.
        target: what came.
        where: targets that count; all if None.

    Example:
        >>> coverage(jnp.zeros(4), jnp.ones(4), jnp.array([0.0, 0.5, 2.0, 1.0]))
        Array(0.75, dtype=float32)
    """
    lower, upper, target = same_shape(lower=lower, upper=upper, target=target)
    inside = (lower <= target) & (target <= upper)
    kept = mask(where, target)
    return safe_divide(
        jnp.sum(inside & kept, dtype=target.dtype), jnp.sum(kept, dtype=target.dtype)
    )


def quantile_coverage(
    quantiles: Float[Array, "*shape levels"],
    target: Float[Array, "*shape"],
    *,
    where: Bool[Array, "*shape"] | None = None,
) -> Float[Array, " levels"]:
    """Share of the targets at or below each predicted quantile: it should equal the level.

    Args:
        quantiles: predictions, levels along the last axis.
        target: what came.
        where: targets that count; all if None.

    Example:
        >>> quantile_coverage(jnp.array([[0.0, 2.0], [0.0, 2.0]]), jnp.array([1.0, -1.0]))
        Array([0.5, 1. ], dtype=float32)

    Reference: Kuleshov et al. 2018, arXiv:1807.00263.
    """
    quantiles, target = promote(quantiles=quantiles, target=target)
    same_shape(**{"quantiles[..., 0]": quantiles[..., 0], "target": target})
    below = target[..., None] <= quantiles
    kept = mask(where, target)
    axes = tuple(range(target.ndim))
    counted = jnp.sum(below & kept[..., None], axes, dtype=target.dtype)
    return safe_divide(counted, jnp.sum(kept, dtype=target.dtype))
