"""Relations among the items of a set, brought from a teacher to a student of another size.

Items are on the axis before the features, and everything before is batch. The features of student
and teacher may differ in number, for only relations are compared: distances, angles, similarities,
orders of scores. The teacher carries no gradient. `where` tells the items that take part.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import hyperparameters, mask, sets
from jaxloss.core.numerics import log_softmax, normalize, safe_divide, safe_log
from jaxloss.core.pairs import (
    cosine_similarities,
    distances,
    gathered,
    gram,
    inner_products,
    others,
)
from jaxloss.core.teacher import taught, tempered
from jaxloss.losses import divergence
from jaxloss.losses.agreement import pearson_distance
from jaxloss.losses.regression import huber


def relational_distance(
    features: Float[ArrayLike, "*batch n dim"],
    teacher_features: Float[ArrayLike, "*batch n other"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a student for placing items as far apart, relative to each other, as its teacher does.

    Formula: with `d` the Euclidean distances, each divided by the mean of all, the mean over the
    others of `huber(d_student[i, j] - d_teacher[i, j])`.

    Args:
        features: of the student.
        teacher_features: of the teacher, of any size.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out.

    Example:
        >>> relational_distance([[0.0], [1.0], [2.0]], [[0.0], [1.0], [1.0]])
        Array([0.1406, 0.2812, 0.1406], dtype=float32)

    Reference: Park et al. 2019, arXiv:1904.05068.
    """

    def relation(x: Array, strangers: Array) -> Array:
        apart = jnp.where(strangers, distances(x, x), 0)
        count = jnp.sum(strangers, axis=(-2, -1), keepdims=True, dtype=x.dtype)
        scale = safe_divide(jnp.sum(apart, axis=(-2, -1), keepdims=True), count)
        return safe_divide(apart, scale)

    return _compared(relation, features, teacher_features, where)


def relational_angle(
    features: Float[ArrayLike, "*batch n dim"],
    teacher_features: Float[ArrayLike, "*batch n other"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a student for seeing others at the angles from each other that its teacher does.

    Formula: with `a[i, j, k]` the cosine of the angle at item `i` between those to `j` and `k`, the
    mean over pairs of different others of `huber(a_student[i, j, k] - a_teacher[i, j, k])`. Memory
    grows with the cube of the items.

    Args:
        features: of the student.
        teacher_features: of the teacher, of any size.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out, and with fewer than two others.

    Example:
        >>> relational_angle([[0.0], [1.0], [2.0]], [[0.0], [2.0], [1.0]])
        Array([0. , 1.5, 1.5], dtype=float32)

    Reference: Park et al. 2019, arXiv:1904.05068.
    """
    student, teacher, kept = _sets(features, teacher_features, where)
    strangers = others(kept)

    def relation(x: Array) -> Array:
        sight = normalize(gathered(x, -2)[..., None, :, :] - x[..., :, None, :])
        return inner_products(sight, sight)

    apart = huber(relation(student), relation(teacher))
    pairs = strangers[..., :, None] & strangers[..., None, :]
    pairs &= ~jnp.eye(pairs.shape[-1], dtype=bool).reshape(
        (1,) * (pairs.ndim - 2) + pairs.shape[-2:]
    )
    count = jnp.sum(pairs, axis=(-2, -1), dtype=student.dtype)
    value = safe_divide(jnp.sum(jnp.where(pairs, apart, 0), axis=(-2, -1)), count)
    return jnp.where(kept, value, 0)


def similarity_preserving(
    features: Float[ArrayLike, "*batch n dim"],
    teacher_features: Float[ArrayLike, "*batch n other"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a student for activating alike for the items for which its teacher does.

    Formula: with `G` the rows of `F @ F.T` brought to unit length,
    `mean((G_student[i, j] - G_teacher[i, j])**2)` over all items `j`.

    Args:
        features: of the student, such as flattened maps.
        teacher_features: of the teacher, of any size.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out.

    Example:
        >>> similarity_preserving([[1.0, 0.0], [0.0, 1.0]], [[1.0], [1.0]])
        Array([0.2929, 0.2929], dtype=float32)

    Reference: Tung and Mori 2019, arXiv:1907.09682.
    """
    student, teacher, kept = _sets(features, teacher_features, where)
    one, two = (normalize(gram(x)) for x in (student, teacher))
    count = jnp.sum(kept, axis=-1, keepdims=True, dtype=student.dtype)
    return safe_divide(jnp.sum(jnp.square(one - two), axis=-1), count)


def probabilistic_transfer(
    features: Float[ArrayLike, "*batch n dim"],
    teacher_features: Float[ArrayLike, "*batch n other"],
    *,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward a student for finding an item's neighbours as likely as its teacher does (PKT).

    Formula: with `k = (cosines + 1) / 2` and `p[i, j]` its share of the sum over the others of `i`,
    `sum(p_teacher * log(p_teacher / p_student))`.

    Args:
        features: of the student.
        teacher_features: of the teacher, of any size.
        where: items that take part.

    Returns:
        One value for each item; 0 for those left out, and without others.

    Example:
        >>> x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> probabilistic_transfer(x, [[1.0], [1.0], [1.0]])
        Array([0.0589, 0.0589, 0.    ], dtype=float32)

    Reference: Passalis and Tefas 2018, arXiv:1803.10837.
    """
    student, teacher, kept = _sets(features, teacher_features, where)
    strangers = others(kept)

    def log_shares(x: Array) -> Array:
        likeness = (cosine_similarities(x, x) + 1) / 2
        return log_softmax(safe_log(jnp.maximum(likeness, 0)), where=strangers)

    log_q, log_p = log_shares(student), log_shares(teacher)
    some = jnp.any(log_q > -jnp.inf, axis=-1) & jnp.any(log_p > -jnp.inf, axis=-1)
    return jnp.where(kept & some, divergence.kl(log_q, log_p), 0)


def neuron_selectivity(
    features: Float[ArrayLike, "*batch positions channels"],
    teacher_features: Float[ArrayLike, "*batch positions others"],
) -> Float[Array, "*batch"]:
    """Reward a student whose channels respond to the same places as those of its teacher do.

    Formula: with each channel brought to unit length over the positions and `k(x, y) = (x @ y)**2`,
    the squared maximum mean discrepancy `mean(k(s, s)) + mean(k(t, t)) - 2 * mean(k(s, t))` over
    pairs of channels.

    Args:
        features: of the student, positions in a row.
        teacher_features: of the teacher; the number of channels may be another one.

    Returns:
        One value for each example.

    Example:
        >>> neuron_selectivity([[1.0], [0.0]], [[0.0], [1.0]])
        Array(2., dtype=float32)

    Reference: Huang and Wang 2017, arXiv:1707.01219.
    """
    given = {"features": features, "teacher_features": teacher_features}
    student, teacher = taught(2, "positions, channels", **given)
    # The mean of squared products of channels is a product of their Gram matrices over positions:
    # one matrix of positions stands for all channels, and differences are taken before squares.
    one, two = (normalize(jnp.swapaxes(x, -1, -2)) for x in (student, teacher))
    spread = [jnp.swapaxes(x, -1, -2) @ x / max(x.shape[-2], 1) for x in (one, two)]
    return jnp.sum(jnp.square(spread[0] - spread[1]), axis=(-2, -1))


def dist(
    logits: Float[ArrayLike, "*batch n classes"],
    teacher_logits: Float[ArrayLike, "*batch n classes"],
    *,
    beta: ArrayLike = 1.0,
    gamma: ArrayLike = 1.0,
    temperature: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward probabilities that correlate with the teacher's, over classes and over items (DIST).

    Formula: with `q` and `p` the softmax of the scores over the temperature and `r` Pearson's
    correlation, `temperature**2 * (beta * mean(1 - r(q[i], p[i])) + gamma *
    mean(1 - r(q[:, c], p[:, c])))`, over items `i` and classes `c`.

    Args:
        logits: scores of the student for each item of a batch.
        teacher_logits: scores of the teacher.
        beta: weight of the relation between classes.
        gamma: weight of the relation between items.
        temperature: of both.

    Returns:
        One value for each set of items; probabilities that do not vary have correlation 0.

    Example:
        >>> dist([[0.0, 1.0], [2.0, 0.0]], [[0.0, 1.0], [0.0, 2.0]])
        Array(3., dtype=float32)

    Reference: Huang et al. 2022, arXiv:2205.10536.
    """
    logits, teacher_logits = sets(logits=logits, teacher_logits=teacher_logits)
    rows = jax.ShapeDtypeStruct(logits.shape[:-2], logits.dtype)
    hyper = {"beta": beta, "gamma": gamma, "temperature": temperature}
    beta, gamma, temperature = hyperparameters(rows, **hyper)
    level = temperature[..., None] if temperature.ndim else temperature
    q, p = (jnp.exp(tempered(x, level)) for x in (logits, lax.stop_gradient(teacher_logits)))
    classes = pearson_distance(q, p)
    items = pearson_distance(jnp.swapaxes(q, -1, -2), jnp.swapaxes(p, -1, -2))
    within, between = (jnp.sum(x, axis=-1) / max(x.shape[-1], 1) for x in (classes, items))
    return jnp.square(temperature) * (beta * within + gamma * between)


def _sets(
    features: ArrayLike, teacher_features: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Items of student and teacher, 0 where they are left out, and which are kept."""
    given = {"features": features, "teacher_features": teacher_features}
    student, teacher = taught(2, "n, dim", **given)
    kept = mask(where, jnp.zeros(student.shape[:-1], bool))
    student, teacher = (jnp.where(kept[..., None], x, 0) for x in (student, teacher))
    return student, teacher, kept


def _compared(
    relation: Callable[[Array, Array], Array],
    features: ArrayLike,
    teacher_features: ArrayLike,
    where: ArrayLike | None,
) -> Array:
    """Huber's loss of relations, the mean for each item over all others."""
    student, teacher, kept = _sets(features, teacher_features, where)
    strangers = others(kept) & kept[..., :, None]
    apart = huber(relation(student, strangers), relation(teacher, strangers))
    count = jnp.sum(strangers, axis=-1, dtype=student.dtype)
    value = safe_divide(jnp.sum(jnp.where(strangers, apart, 0), axis=-1), count)
    return jnp.where(kept, value, 0)
