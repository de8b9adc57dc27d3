"""Scores of a student brought near to those of a teacher: by parts, by distance, by rank and scale.

Classes are on the last axis, everything before is batch, and each row gives one value. The teacher
carries no gradient. As in `jaxloss.distillation`, a temperature softens both and multiplies the
value by its square, and a class masked by `-inf` has probability 0.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import hyperparameters, indices, of_rows, vectors
from jaxloss.core.numerics import (
    known,
    log_softmax,
    logsumexp,
    one_hot,
    product,
    safe_divide,
    safe_sqrt,
    shifted,
)
from jaxloss.core.teacher import softened
from jaxloss.losses import divergence
from jaxloss.losses.distillation import knowledge_distillation


def decoupled(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    *,
    alpha: ArrayLike = 1.0,
    beta: ArrayLike = 8.0,
    temperature: ArrayLike = 4.0,
) -> Float[Array, "*batch"]:
    """Reward the teacher's certainty of the label, and its view of the other classes, apart (DKD).

    Formula: with `q` and `p` as in `distillation.knowledge_distillation` and `y` the label,
    `temperature**2 * (alpha * D([p[y], 1 - p[y]], [q[y], 1 - q[y]]) + beta * D(p_others,
    q_others))`, where `D` is the Kullback-Leibler divergence and `others` are distributions over
    the classes but `y`. With `beta = alpha * (1 - p[y])` it is that loss.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        labels: class of each example; out of range, its value is NaN with gradient 0.
        alpha: weight of the label against the rest.
        beta: weight of the other classes.
        temperature: above 1 it brings out the classes that the teacher finds unlikely.

    Returns:
        One value for each row.

    Example:
        >>> decoupled([[0.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], jnp.array([0]))
        Array([1.2674], dtype=float32)

    Reference: Zhao et al. 2022, arXiv:2203.08679.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    reason = f", one for each row of `logits` {logits.shape}"
    count = logits.shape[-1]
    labels = indices("labels", labels, logits.shape[:-1], count, reason)
    alpha, beta = hyperparameters(of_rows(logits), alpha=alpha, beta=beta)
    own = one_hot(jnp.clip(labels, 0, max(count - 1, 0)), count)

    def cost(log_q: Array, log_p: Array) -> Array:
        split = [
            jnp.stack([logsumexp(x, where=own), logsumexp(x, where=~own)], axis=-1)
            for x in (log_q, log_p)
        ]
        others = [log_softmax(x, where=~own) for x in (log_q, log_p)]
        certainty, view = divergence.kl(*split), divergence.kl(*others)
        return product(alpha * jnp.ones_like(view), certainty) + product(
            beta * jnp.ones_like(view), view
        )

    return known(softened(cost, logits, teacher_logits, temperature), labels, count)


def logit_squared_error(
    logits: Float[ArrayLike, "*batch classes"], teacher_logits: Float[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward the teacher's scores up to a constant, of which probabilities know nothing.

    Formula: with `d = logits - teacher_logits`, `mean((d - mean(d))**2)`, over the classes that the
    teacher does not mask by `-inf`. Half of it is what `distillation.knowledge_distillation` comes
    to as the temperature grows.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.

    Returns:
        One value for each row.

    Example:
        >>> logit_squared_error([[0.0, 1.0]], [[5.0, 4.0]])
        Array([1.], dtype=float32)

    Reference: Ba and Caruana 2014, arXiv:1312.6184.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    teacher_logits = lax.stop_gradient(teacher_logits)
    counted = teacher_logits > -jnp.inf
    ruled_out = jnp.any(counted & (logits == -jnp.inf), axis=-1)
    both = counted & (logits > -jnp.inf)
    apart, _ = shifted(jnp.where(both, logits, 0) - jnp.where(both, teacher_logits, 0), where=both)
    count = jnp.sum(both, axis=-1, dtype=apart.dtype)
    value = safe_divide(jnp.sum(jnp.square(_centered(apart)), axis=-1), count)
    return jnp.where(ruled_out, jnp.inf, value)


def standardize(logits: Float[ArrayLike, "*batch classes"]) -> Float[Array, "*batch classes"]:
    """Bring the scores of each row to mean 0 and variance 1: a helper for any distillation.

    A row of equal scores becomes 0; a class masked by `-inf` takes no part and stays masked.

    Args:
        logits: scores.

    Example:
        >>> standardize([[0.0, 10.0]])
        Array([[-1.,  1.]], dtype=float32)

    Reference: Sun et al. 2024, arXiv:2403.01427.
    """
    (logits,) = vectors(logits=logits)
    moved, _ = shifted(logits)
    possible = moved > -jnp.inf
    middle = _centered(moved)
    count = jnp.sum(possible, axis=-1, keepdims=True, dtype=logits.dtype)
    variance = safe_divide(jnp.sum(jnp.square(middle), axis=-1, keepdims=True), count)
    return jnp.where(possible, safe_divide(middle, safe_sqrt(variance)), -jnp.inf)


def logit_standardization(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward the teacher's order of the classes and their relative scores, however far apart.

    Formula: `distillation.knowledge_distillation` of `(logits - mean(logits)) / std(logits)` and of
    the same of the teacher.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher.
        temperature: of both.

    Returns:
        One value for each row.

    Example:
        >>> logit_standardization([[0.0, 1.0, 5.0]], [[0.0, 9.0, 1.0]])
        Array([1.3759], dtype=float32)

    Reference: Sun et al. 2024, arXiv:2403.01427.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    return knowledge_distillation(
        standardize(logits), standardize(teacher_logits), temperature=temperature
    )


def _centered(moved: Array) -> Array:
    """Entries minus the mean of those that are not `-inf`; 0 for these."""
    possible = moved > -jnp.inf
    entries = jnp.where(possible, moved, 0)
    count = jnp.sum(possible, axis=-1, keepdims=True, dtype=moved.dtype)
    return jnp.where(
        possible, entries - safe_divide(jnp.sum(entries, axis=-1, keepdims=True), count), 0
    )
