"""Margins that attacks raise: how near a wrong class is to winning.

They take logits, classes on the last axis, and integer `labels`, and are negative exactly where the
label leads. What a model should lower an attack raises, so the functions of `jaxloss.attack` take
these as they are. A label out of range gives NaN with gradient 0; a class with the logit `-inf`
takes no part.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import hyperparameters, indices, labels as check_labels, mask, of_rows
from jaxloss.core.numerics import known, one_hot, pick, safe_divide, with_partials


def carlini_wagner(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.0,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the lead of the right class: an attack raises it until a wrong class leads enough.

    Formula: `min(margin, max(logits[wrong]) - logits[label])`; gradient 0 once the margin is met.

    Args:
        logits: scores of the classes.
        labels: class of each example.
        margin: lead of a wrong class that is enough (the paper's confidence); with 0, the attack
            rests once the label has lost.
        where: classes that take part; an only class gives 0.

    Returns:
        One value for each example.

    Example:
        >>> carlini_wagner([[3.0, 2.5, 0.0], [1.0, 2.5, 0.0]], jnp.array([0, 0]), margin=1.0)
        Array([-0.5,  1. ], dtype=float32)

    Reference: Carlini and Wagner 2017, arXiv:1608.04644 (the objective f6, untargeted).
    """
    logits, labels = check_labels(logits, labels)
    (margin,) = hyperparameters(of_rows(logits), margin=margin)
    scores = jnp.where(mask(where, logits), logits, -jnp.inf)
    own, rival = pick(scores, labels), _best_wrong(scores, labels)
    contested = rival > -jnp.inf
    lead = jnp.where(contested, rival, 0) - own
    return known(jnp.where(contested, _least(lead, margin), 0), labels, logits.shape[-1])


_least = with_partials(
    jnp.minimum,
    lambda x, y: jnp.where(x < y, jnp.ones_like(x), jnp.zeros_like(x)),
    lambda x, y: jnp.where(x < y, jnp.zeros_like(x), jnp.ones_like(x)),
)


def dlr(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    where: Bool[ArrayLike, "*batch classes"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward the lead of the right class by a measure that no scale of the logits can hide.

    Formula: `(max(logits[wrong]) - logits[label]) / (first - third)`, the largest and the third
    largest logit: the difference of logits ratio. 0 with gradient 0 where these are equal, or fewer
    than three classes take part.

    Args:
        logits: scores of at least three classes.
        labels: class of each example.
        where: classes that take part.

    Returns:
        One value for each example, -1 at least.

    Raises:
        ValueError: for fewer than three classes.

    Example:
        >>> dlr([[3.0, 1.0, 0.5, -2.0]], jnp.array([0]))
        Array([-0.8], dtype=float32)

    Reference: Croce and Hein 2020, arXiv:2003.01690.
    """
    logits, labels = check_labels(logits, labels)
    scores = jnp.where(mask(where, logits), logits, -jnp.inf)
    first, _, third = _largest(scores, 3)
    ratio = _ratio(_best_wrong(scores, labels), pick(scores, labels), first, third)
    return known(ratio, labels, logits.shape[-1])


def targeted_dlr(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    rivals: Int[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward the lead of the right class over a given wrong one, whatever the scale of the logits.

    Formula: `(logits[rival] - logits[label]) / (first - (third + fourth) / 2)`, the largest, third
    and fourth largest logit. 0 with gradient 0 where these are equal, or fewer than four classes
    take part.

    Args:
        logits: scores of at least four classes.
        labels: class of each example.
        rivals: class that an attack steers each example to.

    Returns:
        One value for each example.

    Raises:
        ValueError: for fewer than four classes.

    Example:
        >>> targeted_dlr([[3.0, 1.0, 0.5, -2.0]], jnp.array([0]), jnp.array([2]))
        Array([-0.6667], dtype=float32)

    Reference: Croce and Hein 2020, arXiv:2003.01690.
    """
    logits, labels = check_labels(logits, labels)
    reason = ", one for each of `labels`"
    rivals = indices("rivals", rivals, labels.shape, logits.shape[-1], reason)
    first, _, third, fourth = _largest(logits, 4)
    ratio = _ratio(pick(logits, rivals), pick(logits, labels), first, (third + fourth) / 2)
    return known(known(ratio, labels, logits.shape[-1]), rivals, logits.shape[-1])


def _best_wrong(scores: Array, labels: Array) -> Array:
    """Largest score of a class other than the label; `-inf` if there is none."""
    wrong = jnp.where(one_hot(labels, scores.shape[-1]), -jnp.inf, scores)
    return jnp.max(wrong, axis=-1, initial=-jnp.inf)


def _largest(scores: Array, count: int) -> list[Array]:
    """The largest scores of each row, in descending order; `-inf` where there are no more."""
    if scores.shape[-1] < count:
        raise ValueError(f"expected `logits` of at least {count} classes, got shape {scores.shape}")
    # One after the other: sorting would gather classes that are divided over devices.
    rest, found = lax.stop_gradient(scores), list[Array]()
    for _ in range(count):
        place = jnp.argmax(rest, axis=-1)
        found.append(jnp.where(jnp.max(rest, axis=-1) > -jnp.inf, pick(scores, place), -jnp.inf))
        rest = jnp.where(one_hot(place, scores.shape[-1]), -jnp.inf, rest)
    return found


def _ratio(rival: Array, own: Array, top: Array, low: Array) -> Array:
    """Lead of the rival over the label, in units of the spread of the logits.

    Scores of `-inf` are kept out of the quotient, whose derivatives would not be finite.
    """
    scaled, led, reached = low > -jnp.inf, own > -jnp.inf, rival > -jnp.inf
    inside = scaled & led & reached
    rival, own, top, low = (jnp.where(inside, x, 0) for x in (rival, own, top, low))
    beyond = jnp.where(led, -jnp.inf, jnp.inf)
    return jnp.where(inside | ~scaled, safe_divide(rival - own, top - low), beyond)
