"""What losses of a student share: the teacher held constant, and softened scores."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from jaxloss.core.checks import along, hyperparameters, of_rows, promote, vectors
from jaxloss.core.numerics import log_softmax, shifted


def softened(
    cost: Callable[[Array, Array], Array],
    logits: ArrayLike,
    teacher_logits: ArrayLike,
    temperature: ArrayLike,
) -> Array:
    """A cost of log-probabilities over a temperature, times the square of the temperature.

    Args:
        cost: takes log-probabilities of student and teacher, and gives one value for each row.
        logits: scores of the student.
        teacher_logits: scores of the teacher, which are held constant.
        temperature: that both are divided by.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    (temperature,) = hyperparameters(of_rows(logits), temperature=temperature)
    log_q, log_p = (tempered(x, temperature) for x in (logits, lax.stop_gradient(teacher_logits)))
    return jnp.square(temperature) * cost(log_q, log_p)


def tempered(logits: Array, temperature: Array) -> Array:
    """Log-probabilities of scores over a temperature; -inf where they are, and of none."""
    # Moved first, so that the quotient of large scores loses nothing to rounding.
    moved, _ = shifted(logits)
    possible = moved > -jnp.inf
    cooled = jnp.where(possible, moved, 0) / along(temperature)
    return log_softmax(cooled, where=possible)


def taught(axes: int, names: str, **arrays: ArrayLike) -> tuple[Array, Array]:
    """Check features of a student and a teacher that differ in the last axis alone.

    Args:
        axes: that each of them has at least.
        names: of these axes, for the error.
        arrays: features of the student, and of the teacher, by name.

    Returns:
        Both, the teacher held constant.

    Raises:
        ValueError: for shapes that do not fit.
    """
    student, teacher = promote(**arrays)
    if student.ndim < axes or student.shape[:-1] != teacher.shape[:-1]:
        parts = (f"`{n}` {x.shape}" for n, x in zip(arrays, (student, teacher), strict=True))
        raise ValueError(
            f"expected shapes (*batch, {names}) that differ in the last axis alone, got "
            + " and ".join(parts)
        )
    return student, lax.stop_gradient(teacher)
