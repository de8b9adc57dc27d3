"""Margins: how far on the right side of the boundary.

Binary losses take `logits` (real scores) and `target` in {-1, +1} of one shape and return that
shape; they are functions of the margin `m = target * logits`. Multiclass losses take scores of
classes on the last axis and integer `labels`; a label out of range gives NaN with gradient 0, a
class with the score `-inf` or left out by `where` takes no part, and an only class costs 0. At a
kink the gradient is 0 wherever 0 is a subgradient: a margin exactly met does not push.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import (
    along,
    elementwise,
    hyperparameters,
    labels as check_labels,
    mask,
    of_rows,
    promote,
    same_shape,
    signs,
    vectors,
)
from jaxloss.core.numerics import (
    known,
    one_hot,
    pick,
    relu,
    safe_power,
    softplus,
    streamed,
    with_partials,
)
from jaxloss.losses.agreement import cosine_distance


def _of_margin(
    kernel: Callable[[Array], Array], logits: ArrayLike, target: ArrayLike
) -> Float[Array, "..."]:
    """Check a binary loss's arguments and apply it to the margin."""
    logits, target = same_shape(logits=logits, target=target)
    signs(target=target)
    return streamed(lambda z, t: kernel(t * z))(logits, target)


def hinge(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a margin of at least 1: support vector machines.

    Formula: `max(0, 1 - target * logits)`; gradient 0 at a margin of 1.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> hinge([2.0, 0.5, 0.5], [1, 1, -1])
        Array([0. , 0.5, 1.5], dtype=float32)

    Reference: Cortes and Vapnik 1995, doi:10.1007/BF00994018.
    """
    return _of_margin(lambda m: relu(1 - m), logits, target)


def squared_hinge(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a margin of at least 1, with a smooth corner and a harder push from afar.

    Formula: `max(0, 1 - target * logits)**2`.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> squared_hinge([2.0, 0.5, 0.5], [1, 1, -1])
        Array([0.  , 0.25, 2.25], dtype=float32)

    Reference: Lee and Mangasarian 2001, doi:10.1023/A:1011215321374; Tang 2013, arXiv:1306.0239.
    """
    return _of_margin(lambda m: jnp.square(relu(1 - m)), logits, target)


def smooth_hinge(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Hinge with its corner rounded between margins 0 and 1.

    Formula: with `m = target * logits`, `1/2 - m` where `m <= 0`, `(1 - m)**2 / 2` where
    `0 < m < 1`, else 0.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> smooth_hinge([2.0, 0.5, -1.0], [1, 1, 1])
        Array([0.   , 0.125, 1.5  ], dtype=float32)

    Reference: Rennie and Srebro 2005, "Loss functions for preference levels".
    """

    def kernel(m: Array) -> Array:
        short = relu(1 - m)
        inner = jnp.minimum(short, 1)
        return inner * (short - inner / 2)

    return _of_margin(kernel, logits, target)


def modified_huber(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Squared hinge that turns linear for badly wrong examples: outliers do not own it.

    Formula: with `m = target * logits`, `max(0, 1 - m)**2` where `m >= -1`, else `-4 * m`.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> modified_huber([2.0, 0.5, -2.0], [1, 1, 1])
        Array([0.  , 0.25, 8.  ], dtype=float32)

    Reference: Zhang 2004, doi:10.1214/aos/1079120130.
    """

    def kernel(m: Array) -> Array:
        short = relu(1 - m)
        inner = jnp.minimum(short, 2)
        return inner * (2 * short - inner)

    return _of_margin(kernel, logits, target)


def perceptron(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward the right side of the boundary, and nothing beyond it.

    Formula: `max(0, -target * logits)`; gradient 0 on the boundary, so do not start at zero scores.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> perceptron([2.0, 0.5], [1, -1])
        Array([0. , 0.5], dtype=float32)

    Reference: Rosenblatt 1958, doi:10.1037/h0042519.
    """
    return _of_margin(lambda m: relu(-m), logits, target)


def ramp(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Hinge cut off at 1: an example on the wrong side is given up, so label noise is bounded.

    Formula: `min(1, max(0, 1 - target * logits))`; gradient 0 at both ends.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> ramp([2.0, 0.5, -3.0], [1, 1, 1])
        Array([0. , 0.5, 1. ], dtype=float32)

    Reference: Collobert et al. 2006, doi:10.1145/1143844.1143870.
    """
    return _of_margin(_ramp, logits, target)


_ramp = with_partials(
    lambda m: jnp.minimum(jnp.maximum(1 - m, 0), 1),
    lambda m: jnp.where((m > 0) & (m < 1), -jnp.ones_like(m), jnp.zeros_like(m)),
)


def logistic(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward probability, written as a margin loss: cross-entropy for labels -1 and +1.

    Formula: `log(1 + exp(-target * logits))`.

    Args:
        logits: log-odds of +1.
        target: -1 or +1.

    Example:
        >>> logistic([0.0, 100.0], [1, -1])
        Array([  0.6931, 100.    ], dtype=float32)

    Reference: Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x.
    """
    return _of_margin(lambda m: softplus(-m), logits, target)


def exponential(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """The loss that boosting descends: a wrong example weighs exponentially.

    Formula: `exp(-target * logits)`, infinite once that is beyond floating point (a margin below
    about -88).

    Args:
        logits: half log-odds of +1.
        target: -1 or +1.

    Example:
        >>> exponential([0.0, 1.0], [1, -1])
        Array([1.    , 2.7183], dtype=float32)

    Reference: Friedman, Hastie and Tibshirani 2000, doi:10.1214/aos/1016218223.
    """
    return _of_margin(lambda m: jnp.exp(-m), logits, target)


def savage(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Give up on badly wrong examples: bounded by 4, derived from the square of the probability.

    Formula: `4 / (1 + exp(target * logits))**2`.

    Args:
        logits: log-odds of +1.
        target: -1 or +1.

    Example:
        >>> savage([0.0, 100.0], [1, -1])
        Array([1., 4.], dtype=float32)

    Reference: Masnadi-Shirazi and Vasconcelos 2008, "On the design of loss functions for
        classification: theory, robustness to outliers, and SavageBoost" (scaled to 1 at margin 0).
    """
    return _of_margin(lambda m: 4 * jnp.square(jax.nn.sigmoid(-m)), logits, target)


def tangent(
    logits: Float[ArrayLike, "*shape"], target: Real[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Bounded on both sides: penalises examples that are too right as well.

    Formula: `(2 * arctan(target * logits) - 1)**2`, at most `(pi + 1)**2`.

    Args:
        logits: scores.
        target: -1 or +1.

    Example:
        >>> tangent([0.0, 1.0], [1, 1])
        Array([1.    , 0.3258], dtype=float32)

    Reference: Masnadi-Shirazi, Mahadevan and Vasconcelos 2010, doi:10.1109/CVPR.2010.5540136.
    """
    return _of_margin(lambda m: jnp.square(2 * jnp.arctan(m) - 1), logits, target)


def crammer_singer(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a margin over the strongest wrong class.

    Formula: `max(0, max(margin + logits[wrong] - logits[label]))`.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        margin: lead that is asked for; non-negative.
        where: classes that take part.

    Returns:
        One value for each example.

    Example:
        >>> crammer_singer([[3.0, 2.5, 0.0]], jnp.array([0]))
        Array([0.5], dtype=float32)

    Reference: Crammer and Singer 2001, https://jmlr.org/papers/v2/crammer01a.html.
    """
    lead, labels, margin = _leads(logits, labels, margin, where)
    return known(relu(margin + jnp.max(lead, axis=-1, initial=-jnp.inf)), labels, lead.shape[-1])


def weston_watkins(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 1.0,
    power: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a margin over every wrong class.

    Formula: `sum(max(0, margin + logits[wrong] - logits[label])**power)`. The sum is the paper's;
    torch divides it by the number of classes.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        margin: lead that is asked for; non-negative.
        power: exponent, 1 or 2 in use; at least 1.
        where: classes that take part.

    Returns:
        One value for each example.

    Example:
        >>> weston_watkins([[3.0, 2.5, 2.5]], jnp.array([0]))
        Array([1.], dtype=float32)

    Reference: Weston and Watkins 1999, "Support vector machines for multi-class pattern
        recognition".
    """
    lead, labels, margin = _leads(logits, labels, margin, where)
    (power,) = hyperparameters(of_rows(lead), power=power)
    short = relu(along(margin) + lead)
    value = jnp.sum(safe_power(short, along(power)), axis=-1)
    return known(value, labels, lead.shape[-1])


def multiclass_perceptron(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the right class on top, by any lead.

    Formula: `max(logits) - logits[label]`; gradient 0 where the label ties for the top.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        where: classes that take part.

    Returns:
        One value for each example.

    Example:
        >>> multiclass_perceptron([[3.0, 1.0]], jnp.array([1]))
        Array([2.], dtype=float32)

    Reference: Rosenblatt 1958, doi:10.1037/h0042519; Collins 2002, doi:10.3115/1118693.1118694.
    """
    return crammer_singer(logits, labels, margin=0.0, where=where)


def structured_hinge(
    scores: Float[ArrayLike, "*batch candidates"],
    cost: Float[ArrayLike, "*batch candidates"],
    labels: Int[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a lead over every candidate structure in proportion to how wrong it is.

    Formula: `max(cost + scores) - scores[label]`.

    Args:
        scores: scores of the candidate structures; they must hold the true one and the ones that
            loss-augmented decoding finds.
        cost: cost of predicting each candidate; 0 for the true one.
        labels: place of the true structure among the candidates.

    Returns:
        One value for each example.

    Example:
        >>> structured_hinge([[2.0, 1.5]], [[0.0, 3.0]], jnp.array([0]))
        Array([2.5], dtype=float32)

    Reference: Tsochantaridis et al. 2005, https://jmlr.org/papers/v6/tsochantaridis05a.html.
    """
    scores, cost = vectors(scores=scores, cost=cost)
    scores, labels = check_labels(scores, labels, "scores")
    value = jnp.max(cost + scores, axis=-1, initial=-jnp.inf) - pick(scores, labels)
    return known(value, labels, scores.shape[-1])


def margin_ranking(
    x: Float[ArrayLike, "*shape"],
    y: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    margin: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward ranking one of two above the other.

    Formula: `max(0, margin - target * (x - y))`; gradient 0 at the kink.

    Args:
        x: scores of the first.
        y: scores of the second.
        target: +1 if the first should be above, -1 if the second.
        margin: lead that is asked for; non-negative.

    Example:
        >>> margin_ranking([1.0], [3.0], [1], margin=0.5)
        Array([2.5], dtype=float32)

    Reference: Herbrich et al. 2000, "Large margin rank boundaries for ordinal regression".
    """
    x, y, target, margin = elementwise(x=x, y=y, target=target, hyper={"margin": margin})
    signs(target=target)
    return streamed(lambda x, y, t, m: relu(m - t * (x - y)))(x, y, target, margin)


def hinge_embedding(
    distance: Float[ArrayLike, "*shape"],
    target: Real[ArrayLike, "*shape"],
    *,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward small distances of similar pairs, and distances beyond a margin of dissimilar ones.

    Formula: `distance` where `target` is +1, `max(0, margin - distance)` where it is -1.

    Args:
        distance: distances of pairs.
        target: +1 for similar, -1 for dissimilar.
        margin: distance beyond which dissimilar pairs are left alone; in units of the distance.

    Example:
        >>> hinge_embedding([0.3, 0.3], [1, -1])
        Array([0.3, 0.7], dtype=float32)

    Reference: Hadsell et al. 2006, doi:10.1109/CVPR.2006.100 (not squared).
    """
    hyper = {"margin": margin}
    distance, target, margin = elementwise(distance=distance, target=target, hyper=hyper)
    signs(target=target)

    def kernel(d: Array, t: Array, m: Array) -> Array:
        # A sum rather than a choice, which XLA on CPU cannot fuse into a mean.
        return jnp.maximum(t, 0) * d + jnp.maximum(-t, 0) * relu(m - d)

    return streamed(kernel)(distance, target, margin)


def cosine_embedding(
    x: Float[ArrayLike, "*batch features"],
    y: Float[ArrayLike, "*batch features"],
    target: Real[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Reward parallel embeddings of similar pairs, and a wide enough angle of dissimilar ones.

    Formula: `1 - cos(x, y)` where `target` is +1, `max(0, cos(x, y) - margin)` where it is -1. The
    cosine with a zero vector is 0, with gradient 0.

    Args:
        x: first embeddings.
        y: second embeddings.
        target: +1 for similar, -1 for dissimilar.
        margin: cosine below which dissimilar pairs are left alone, in [-1, 1].

    Returns:
        One value for each pair.

    Raises:
        ValueError: if the target does not have one entry for each pair.

    Example:
        >>> cosine_embedding([[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]], [1, -1])
        Array([0., 1.], dtype=float32)

    Reference: Mueller and Thyagarajan 2016, doi:10.1609/aaai.v30i1.10350 (similarity learning).
    """
    x, y = vectors(x=x, y=y)
    distance = cosine_distance(x, y)
    (target,) = promote(target=target)
    if target.shape != distance.shape:
        raise ValueError(f"expected `target` of shape {distance.shape}, got {target.shape}")
    signs(target=target)
    (margin,) = hyperparameters(distance, margin=margin)
    return jnp.where(target > 0, distance, relu(1 - distance - margin))


def _leads(
    logits: ArrayLike, labels: ArrayLike, margin: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """By how much each wrong class leads the label; `-inf` for the label and classes left out."""
    logits, labels = check_labels(logits, labels)
    (margin,) = hyperparameters(jnp.zeros(labels.shape, logits.dtype), margin=margin)
    kept = mask(where, logits)
    scores = jnp.where(kept, logits, -jnp.inf)
    wrong = ~one_hot(labels, logits.shape[-1]) & (scores > -jnp.inf)
    lead = jnp.where(wrong, logits, 0) - pick(scores, labels)[..., None]
    return jnp.where(wrong, lead, -jnp.inf), labels, margin
