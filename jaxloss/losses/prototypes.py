"""Masked views that find the prototypes of whole ones, while all prototypes are found (MSN).

Scores are those of prototypes, on the last axis: cosines in the papers, for which the temperatures
are made. The views of an item that a student sees, such as masked ones, are on the axis before the
scores, and items on the axis before that. What teaches carries no gradient.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, class_vector, hyperparameters, of_rows, promote
from jaxloss.core.numerics import log_softmax, logsumexp
from jaxloss.core.teacher import tempered
from jaxloss.losses.self_supervised import sinkhorn_codes


def msn(
    student: Float[ArrayLike, "*batch n views prototypes"],
    teacher: Float[ArrayLike, "*batch n prototypes"],
    *,
    entropy_weight: ArrayLike = 1.0,
    student_temperature: ArrayLike = 0.1,
    teacher_temperature: ArrayLike = 0.025,
    iterations: int = 3,
) -> Float[Array, "*batch"]:
    """Reward a student for its teacher's prototypes, and a set for finding all of them alike.

    Formula: with `p = softmax(student / student_temperature)` and `q` the codes of
    `softmax(teacher / teacher_temperature)`, held constant, `-mean(sum(q * log(p)))
    + entropy_weight * sum(mean(p) * log(mean(p)))`, with means over items and views: the second
    term is minus an entropy.

    Args:
        student: scores of some views of each item, of which parts are hidden.
        teacher: scores of another view of each item, of which nothing is hidden.
        entropy_weight: of the entropy, lambda in the paper.
        student_temperature: what the student's scores are divided by.
        teacher_temperature: what the teacher's are divided by; smaller, so that it is sharper.
        iterations: of `self_supervised.sinkhorn_codes`, which shares the prototypes out among the
            items of the teacher; 0 for none.

    Returns:
        One value for each set, of either sign.

    Example:
        >>> student = [[[1.0, 0.0]], [[0.0, 1.0]]]
        >>> msn(student, [[1.0, 0.0], [0.0, 1.0]], student_temperature=1.0)
        Array(-0.3799, dtype=float32)

    Reference: Assran et al. 2022, arXiv:2204.07141.
    """
    cost, log_mean = _assigned(
        student, teacher, student_temperature, teacher_temperature, iterations
    )
    (weight,) = hyperparameters(cost, entropy_weight=entropy_weight)
    return cost + weight * jnp.sum(jnp.exp(log_mean) * log_mean, axis=-1)


def pmsn(
    student: Float[ArrayLike, "*batch n views prototypes"],
    teacher: Float[ArrayLike, "*batch n prototypes"],
    prior: Float[ArrayLike, " prototypes"],
    *,
    prior_weight: ArrayLike = 1.0,
    student_temperature: ArrayLike = 0.1,
    teacher_temperature: ArrayLike = 0.025,
    iterations: int = 3,
) -> Float[Array, "*batch"]:
    """`msn` for items that are not of many kinds alike: prototypes are found as often as expected.

    Formula: with `p = softmax(student / student_temperature)` and `q` the codes of
    `softmax(teacher / teacher_temperature)`, held constant, `-mean(sum(q * log(p)))
    + prior_weight * sum(mean(p) * log(mean(p) / prior))`, with means over items and views.

    Args:
        student: scores of some views of each item, of which parts are hidden.
        teacher: scores of another view of each item, of which nothing is hidden.
        prior: how often prototypes are expected, positive and adding up to 1, such as `power_law`.
        prior_weight: of the divergence from the prior, lambda in the paper.
        student_temperature: what the student's scores are divided by.
        teacher_temperature: what the teacher's are divided by; smaller, so that it is sharper.
        iterations: of `self_supervised.sinkhorn_codes`; 0 for none.

    Returns:
        One value for each set.

    Example:
        >>> student = [[[1.0, 0.0]], [[0.0, 1.0]]]
        >>> pmsn(student, [[1.0, 0.0], [0.0, 1.0]], [0.5, 0.5], student_temperature=1.0)
        Array(0.3133, dtype=float32)

    Reference: Assran et al. 2023, arXiv:2210.07277.
    """
    cost, log_mean = _assigned(
        student, teacher, student_temperature, teacher_temperature, iterations
    )
    (weight,) = hyperparameters(cost, prior_weight=prior_weight)
    expected = jnp.log(class_vector("prior", prior, log_mean))
    return cost + weight * jnp.sum(jnp.exp(log_mean) * (log_mean - expected), axis=-1)


def power_law(prototypes: int, *, exponent: ArrayLike = 0.25) -> Float[Array, " prototypes"]:
    """How often prototypes are found if the `k`-th is found in proportion to `k**-exponent`.

    Args:
        prototypes: how many.
        exponent: 0 for all alike.

    Returns:
        A distribution, for the prior of `pmsn`.

    Example:
        >>> power_law(2, exponent=1.0)
        Array([0.6667, 0.3333], dtype=float32)

    Reference: Assran et al. 2023, arXiv:2210.07277.
    """
    (exponent,) = promote(exponent=exponent)
    ranks = jnp.arange(1, prototypes + 1, dtype=exponent.dtype)
    return jnp.exp(log_softmax(-exponent * jnp.log(ranks)))


def _assigned(
    student: ArrayLike,
    teacher: ArrayLike,
    student_temperature: ArrayLike,
    teacher_temperature: ArrayLike,
    iterations: int,
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch prototypes"]]:
    """Mean cross-entropy of a set, and the logarithm of the mean of the student's probabilities."""
    student, teacher = promote(student=student, teacher=teacher)
    if student.ndim < 3 or (*student.shape[:-2], student.shape[-1]) != teacher.shape:
        raise ValueError(
            "expected `student` of shape (*batch, n, views, prototypes) and `teacher` of shape "
            f"(*batch, n, prototypes), got {student.shape} and {teacher.shape}"
        )
    own, taught = hyperparameters(
        of_rows(of_rows(teacher)),
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )
    found = tempered(teacher, along(taught))
    codes = sinkhorn_codes(found, eps=1.0, iterations=iterations) if iterations else jnp.exp(found)
    log_p = tempered(student, along(own, 2))
    n, views = student.shape[-3:-1]
    count = max(n * views, 1)
    cost = -jnp.sum(lax.stop_gradient(codes)[..., None, :] * log_p, axis=(-3, -2, -1)) / count
    if n * views == 0:
        return cost, jnp.zeros((*student.shape[:-3], student.shape[-1]), cost.dtype)
    flat = log_p.reshape(*log_p.shape[:-3], n * views, log_p.shape[-1])
    return cost, logsumexp(jnp.swapaxes(flat, -1, -2)) - jnp.log(jnp.asarray(count, cost.dtype))
