"""Views that should agree, where one of them teaches the other.

What teaches carries no gradient, whatever is given. `student`, `teacher`, `pred` and `target` have
their features, or scores of prototypes, on the last axis. State, such as the centre that a
teacher's scores are taken relative to, is an argument, and a function beside the loss gives the
next state.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, promote, sets, vectors
from jaxloss.core.numerics import log_softmax, normalize, safe_divide, safe_sqrt, shifted
from jaxloss.core.pairs import gathered, inner_products, items_at, others
from jaxloss.core.state import moved
from jaxloss.core.teacher import tempered


def negative_cosine(
    pred: Float[ArrayLike, "*batch dim"], target: Float[ArrayLike, "*batch dim"]
) -> Float[Array, "*batch"]:
    """Reward a prediction for pointing where the other view's projection points (SimSiam, BYOL).

    Formula: `-sum(pred * target) / (norm(pred) * norm(target))`, with `target` held constant; 0
    with gradient 0 if one of them is the zero vector. BYOL has `2 + 2 * negative_cosine`. Call it
    with the views exchanged for the other half.

    Args:
        pred: what a predictor makes of one view.
        target: projection of the other view.

    Returns:
        One value for each prediction, from -1 to 1.

    Example:
        >>> negative_cosine([[3.0, 4.0]], [[1.0, 0.0]])
        Array([-0.6], dtype=float32)

    Reference: Chen and He 2021, arXiv:2011.10566; Grill et al. 2020, arXiv:2006.07733.
    """
    pred, target = vectors(pred=pred, target=target)
    return -jnp.sum(normalize(pred) * lax.stop_gradient(normalize(target)), axis=-1)


def dino(
    student: Float[ArrayLike, "*batch dim"],
    teacher: Float[ArrayLike, "*batch dim"],
    center: Float[ArrayLike, " dim"],
    *,
    student_temperature: ArrayLike = 0.1,
    teacher_temperature: ArrayLike = 0.04,
) -> Float[Array, "*batch"]:
    """Reward a student for the teacher's view of another crop, centred and sharpened.

    Formula: `-sum(softmax((teacher - center) / teacher_temperature)
    * log_softmax(student / student_temperature))`, with teacher and centre held constant.

    Args:
        student: scores of one view.
        teacher: scores of another.
        center: the state that `moved_center` keeps.
        student_temperature: what the student's scores are divided by.
        teacher_temperature: what the teacher's are divided by; smaller, so that it is sharper.

    Returns:
        One value for each pair of views.

    Example:
        >>> dino([[0.1, 0.0]], [[9.0, 0.0]], [0.0, 0.0])
        Array([0.3133], dtype=float32)

    Reference: Caron et al. 2021, arXiv:2104.14294.
    """
    log_p, taught = _distilled(student, teacher, center, student_temperature, teacher_temperature)
    return -jnp.sum(taught * log_p, axis=-1)


def ibot(
    student: Float[ArrayLike, "*batch patches dim"],
    teacher: Float[ArrayLike, "*batch patches dim"],
    center: Float[ArrayLike, " dim"],
    *,
    student_temperature: ArrayLike = 0.1,
    teacher_temperature: ArrayLike = 0.04,
    where: Bool[ArrayLike, "*batch patches"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward a student for the teacher's view of patches that it does not see: `dino` of patches.

    Formula: the mean of `dino` over the patches that `where` keeps; 0 of none.

    Args:
        student: scores of the patches of an image, some of which it was not shown.
        teacher: scores of the same patches, all of which it was shown.
        center: the state that `moved_center` keeps.
        student_temperature: what the student's scores are divided by.
        teacher_temperature: what the teacher's are divided by.
        where: patches that were masked for the student.

    Returns:
        One value for each image.

    Example:
        >>> ibot([[0.1, 0.0], [5.0, 9.0]], [[9.0, 0.0]] * 2, [0.0, 0.0], where=[True, False])
        Array(0.3133, dtype=float32)

    Reference: Zhou et al. 2022, arXiv:2111.07832.
    """
    student, teacher = sets(student=student, teacher=teacher)
    kept = mask(where, jnp.zeros(student.shape[:-1], bool))
    student, teacher = (jnp.where(kept[..., None], z, 0) for z in (student, teacher))
    levels = hyperparameters(
        of_rows(of_rows(student)), student=student_temperature, teacher=teacher_temperature
    )
    log_p, taught = _distilled(student, teacher, center, along(levels[0]), along(levels[1]))
    values = -jnp.sum(taught * log_p, axis=-1)
    count = jnp.sum(kept, axis=-1, dtype=values.dtype)
    return safe_divide(jnp.sum(values, axis=-1, where=kept), count)


def moved_center(
    center: Float[ArrayLike, " dim"],
    teacher: Float[ArrayLike, "*batch dim"],
    *,
    momentum: ArrayLike = 0.9,
) -> Float[Array, " dim"]:
    """Move a centre towards the mean of the teacher's scores: the state after a batch.

    Args:
        center: the state of `dino` or `ibot`.
        teacher: scores of a batch; all axes but the last are averaged.
        momentum: share of the old centre.

    Returns:
        The next state.

    Example:
        >>> moved_center([1.0, 0.0], [[3.0, 0.0], [5.0, 0.0]])
        Array([1.3, 0. ], dtype=float32)

    Reference: Caron et al. 2021, arXiv:2104.14294.
    """
    center, teacher = promote(center=center, teacher=teacher)
    return moved(center, jnp.mean(teacher.reshape(-1, teacher.shape[-1]), axis=0), momentum)


def koleo(
    embeddings: Float[ArrayLike, "*batch n dim"],
    *,
    eps: ArrayLike = 1e-8,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch n"]:
    """Reward items for being far from their nearest neighbour on the sphere, so that they spread.

    Formula: `-log(min_{j != i}(norm(u[i] - u[j])) + eps)` of vectors `u` brought to unit length; 0
    for an item alone. At ties the gradient goes to the first, and it is 0 between equal items.

    Args:
        eps: keeps the logarithm of equal items finite.
        where: items that take part.

    Returns:
        One value for each item.

    Example:
        >>> koleo([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])
        Array([ 0.1116,  0.1116, -0.5816], dtype=float32)

    Reference: Sablayrolles et al. 2019, arXiv:1806.03198; Oquab et al. 2023, arXiv:2304.07193.
    """
    (embeddings,) = sets(embeddings=embeddings)
    kept = mask(where, jnp.zeros(embeddings.shape[:-1], bool))
    unit = normalize(jnp.where(kept[..., None], embeddings, 0))
    (eps,) = hyperparameters(of_rows(unit), eps=eps)
    if unit.shape[-2] == 0:
        return jnp.sum(unit, axis=-1)
    rivals = others(kept)
    still = lax.stop_gradient(unit)
    # The nearest, by the squared distance of vectors that may be zero.
    length = gathered(jnp.sum(jnp.square(still), axis=-1), -1)[..., None, :]
    score = inner_products(still, still) - length / 2
    nearest = jnp.argmax(jnp.where(rivals, score, -jnp.inf), axis=-1)
    apart = safe_sqrt(jnp.sum(jnp.square(unit - items_at(unit, nearest)), axis=-1))
    some = kept & jnp.any(rivals, axis=-1)
    return jnp.where(some, -jnp.log(jnp.where(some, apart, 1) + eps), 0)


def swav(
    x: Float[ArrayLike, "*batch n prototypes"],
    y: Float[ArrayLike, "*batch n prototypes"],
    *,
    temperature: ArrayLike = 0.1,
    eps: ArrayLike = 0.05,
    iterations: int = 3,
) -> Float[Array, "*batch n"]:
    """Reward each view's scores of prototypes for predicting the other view's code.

    Formula: with `q = sinkhorn_codes`, held constant, `-sum(q(y) * log_softmax(x / temperature))
    - sum(q(x) * log_softmax(y / temperature))`.

    Args:
        x: scores of the prototypes, which are cosines in the paper.
        y: the same of the other view.
        temperature: what scores are divided by for the prediction.
        eps: what they are divided by for the codes.
        iterations: of `sinkhorn_codes`.

    Returns:
        One value for each item.

    Example:
        >>> swav([[0.1, 0.0], [0.0, 0.1]], [[0.1, 0.0], [0.0, 0.1]], eps=1e-3)
        Array([0.6265, 0.6265], dtype=float32)

    Reference: Caron et al. 2020, arXiv:2006.09882.
    """
    x, y = sets(x=x, y=y)
    own, taught = hyperparameters(of_rows(x), temperature=temperature, eps=eps)
    return _coded(x, y, own, taught, iterations) + _coded(y, x, own, taught, iterations)


def capi(
    student: Float[ArrayLike, "*batch n prototypes"],
    teacher: Float[ArrayLike, "*batch n prototypes"],
    *,
    student_temperature: ArrayLike = 0.12,
    teacher_temperature: ArrayLike = 0.06,
    iterations: int = 3,
) -> Float[Array, "*batch n"]:
    """Reward a student for predicting the clusters that its teacher shares patches out among.

    Formula: with `q = sinkhorn_codes(teacher, eps=teacher_temperature)`, held constant,
    `-sum(q * log_softmax(student / student_temperature))`. The paper balances each position of the
    patches over the images of a batch: have positions before the axis of images.

    Args:
        student: scores of the prototypes.
        teacher: the same of the teacher; its own scores of these, as `student`, train prototypes.
        student_temperature: what the student's scores are divided by.
        teacher_temperature: what the teacher's are divided by.
        iterations: of `sinkhorn_codes`.

    Returns:
        One value for each item.

    Example:
        >>> capi([[0.0, 0.0], [0.12, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
        Array([0.6931, 1.3133], dtype=float32)

    Reference: Darcet et al. 2025, arXiv:2502.08769.
    """
    student, teacher = sets(student=student, teacher=teacher)
    own, taught = hyperparameters(
        of_rows(student),
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )
    return _coded(student, teacher, own, taught, iterations)


def sinkhorn_codes(
    scores: Float[ArrayLike, "*batch n prototypes"],
    *,
    eps: ArrayLike = 0.05,
    iterations: int = 3,
) -> Float[Array, "*batch n prototypes"]:
    """Share items out among prototypes, so that these are used alike (the codes of SwAV).

    Args:
        scores: of the prototypes; put those of a queue behind the items, and leave their codes.
        eps: what scores are divided by; small values give codes near to one-hot.
        iterations: how often prototypes, then items, are brought to equal sums; at least 1.

    Returns:
        A distribution over the prototypes for each item, without gradient.

    Example:
        >>> sinkhorn_codes([[1.0, 0.0], [1.0, 0.0]])
        Array([[0.5, 0.5],
               [0.5, 0.5]], dtype=float32)

    Reference: Caron et al. 2020, arXiv:2006.09882; Cuturi 2013, arXiv:1306.0895.
    """
    (scores,) = sets(scores=scores)
    (eps,) = hyperparameters(of_rows(of_rows(scores)), eps=eps)
    return lax.stop_gradient(_codes(scores, along(eps), iterations))


def _coded(student: Array, teacher: Array, own: Array, taught: Array, iterations: int) -> Array:
    """Cross-entropy of a student against the codes of a teacher."""
    codes = lax.stop_gradient(_codes(teacher, taught, iterations))
    return -jnp.sum(codes * tempered(student, own), axis=-1)


def _codes(scores: Array, eps: Array, iterations: int) -> Array:
    if scores.size == 0:
        return scores
    # Of each row by itself first, so that the quotients of large scores lose nothing to rounding.
    apart, top = shifted(scores)
    level = top / eps
    log_q = apart / along(eps) + (level - jnp.max(level, axis=-1, keepdims=True))[..., None]
    for _ in range(iterations):
        log_q = jax.nn.log_softmax(log_q, axis=-2)
        log_q = jax.nn.log_softmax(log_q, axis=-1)
    return jnp.exp(log_q)


def _distilled(
    student: ArrayLike,
    teacher: ArrayLike,
    center: ArrayLike,
    student_temperature: ArrayLike,
    teacher_temperature: ArrayLike,
) -> tuple[Array, Array]:
    """Log-probabilities of a student, and the probabilities of a centred teacher."""
    student, teacher = vectors(student=student, teacher=teacher)
    center, _ = promote(center=center, student=student)
    if center.shape != student.shape[-1:]:
        raise ValueError(f"expected `center` of shape {student.shape[-1:]}, got {center.shape}")
    own, taught = hyperparameters(
        of_rows(student),
        student_temperature=student_temperature,
        teacher_temperature=teacher_temperature,
    )
    moved = teacher - jnp.broadcast_to(center, teacher.shape)
    probabilities = jax.nn.softmax(moved / along(taught), axis=-1)
    return log_softmax(student / along(own)), lax.stop_gradient(probabilities)
