"""Learning without labels from predictions that should agree: of two passes, a teacher, two views.

Each takes scores of the classes, on the last axis, and gives one value for each example. A class
with the logit `-inf` in both takes no part; one that is masked in one alone costs infinity where it
has no bound. What teaches carries no gradient. `mixup` and `cutmix` blend examples and targets.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from jaxloss.core.checks import along, hyperparameters, of_rows, promote, vectors
from jaxloss.core.numerics import log_softmax


def r_drop(
    logits: Float[ArrayLike, "*batch classes"], other_logits: Float[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward two passes with different dropout for agreeing; both learn.

    Formula: with `p` and `q` the softmax of the two, `sum((p - q) * (log(p) - log(q))) / 2`, the
    mean of the two Kullback-Leibler divergences.

    Args:
        logits: scores of one pass.
        other_logits: scores of another.

    Returns:
        One value for each example.

    Example:
        >>> r_drop([[0.0, 0.0]], [[0.0, jnp.log(3.0)]])
        Array([0.1373], dtype=float32)

    Reference: Liang et al. 2021, arXiv:2106.14448.
    """
    logits, other_logits = vectors(logits=logits, other_logits=other_logits)
    log_p, p = _distribution(logits)
    log_q, q = _distribution(other_logits)
    one_sided = jnp.any((logits == -jnp.inf) != (other_logits == -jnp.inf), axis=-1)
    value = jnp.sum((p - q) * (log_p - log_q), axis=-1) / 2
    return jnp.where(one_sided, jnp.inf, value)


def pi_model(
    logits: Float[ArrayLike, "*batch classes"], other_logits: Float[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward two passes, with different noise, for the same probabilities; both learn.

    Formula: with `p` and `q` the softmax of the two, `mean((p - q)**2)` over the classes.

    Args:
        logits: scores of one pass.
        other_logits: scores of another.

    Returns:
        One value for each example.

    Example:
        >>> pi_model([[0.0, 0.0]], [[0.0, jnp.log(3.0)]])
        Array([0.0625], dtype=float32)

    Reference: Laine and Aila 2017, arXiv:1610.02242.
    """
    logits, other_logits = vectors(logits=logits, other_logits=other_logits)
    apart = _distribution(logits)[1] - _distribution(other_logits)[1]
    return jnp.sum(jnp.square(apart), axis=-1) / max(apart.shape[-1], 1)


def mean_teacher(
    logits: Float[ArrayLike, "*batch classes"], teacher_logits: Float[ArrayLike, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Reward a student for the probabilities of a teacher, the moving average of its parameters.

    Formula: with `p` and `q` the softmax of the two, `mean((p - q)**2)` over the classes, with `q`
    held constant.

    Args:
        logits: scores of the student.
        teacher_logits: scores of the teacher, which carry no gradient.

    Returns:
        One value for each example.

    Example:
        >>> mean_teacher([[0.0, 0.0]], [[0.0, jnp.log(3.0)]])
        Array([0.0625], dtype=float32)

    Reference: Tarvainen and Valpola 2017, arXiv:1703.01780.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    return pi_model(logits, lax.stop_gradient(teacher_logits))


def uda(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    temperature: ArrayLike = 0.4,
    threshold: ArrayLike = 0.8,
) -> Float[Array, "*batch"]:
    """Reward an augmented example for what is believed, sharply, of the example itself.

    Formula: with `q = softmax(teacher_logits / temperature)` and `p = softmax(logits)`,
    `sum(q * (log(q) - log(p)))` where the largest of `softmax(teacher_logits)` is above the
    threshold, and 0 elsewhere. The paper averages over all examples.

    Args:
        logits: scores of the augmented example.
        teacher_logits: scores of the example, which carry no gradient.
        temperature: that sharpens what is taught, below 1.
        threshold: probability above which an example counts.

    Returns:
        One value for each example.

    Example:
        >>> uda([[0.0, 0.0]], [[0.0, 9.0]], temperature=1.0)
        Array([0.6919], dtype=float32)

    Reference: Xie et al. 2020, arXiv:1904.12848.
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    teacher_logits = lax.stop_gradient(teacher_logits)
    temperature, threshold = hyperparameters(
        of_rows(logits), temperature=temperature, threshold=threshold
    )
    log_q, q = _distribution(teacher_logits / along(temperature))
    log_p, p = _distribution(logits)
    sure = jnp.max(_distribution(teacher_logits)[1], axis=-1, initial=0.0) > threshold
    lost = jnp.any((q > 0) & (logits == -jnp.inf), axis=-1)
    # A divergence is not below 0, and the two sums that make it so may cancel: it is rounded there.
    taught = jnp.sum(q * (log_q - log_p) - q + p, axis=-1)
    return jnp.where(sure, jnp.where(lost, jnp.inf, taught), 0)


def pseudo_label(
    logits: Float[ArrayLike, "*batch classes"],
    teacher_logits: Float[ArrayLike, "*batch classes"],
    *,
    threshold: ArrayLike = 0.95,
) -> Float[Array, "*batch"]:
    """Reward a strongly augmented example for the class that a weakly augmented one is sure of.

    Formula: `-log(softmax(logits)[argmax(teacher_logits)])` where the largest of
    `softmax(teacher_logits)` is at least the threshold, and 0 elsewhere: FixMatch. The paper
    averages over all examples, those below the threshold too. With the same logits for teacher and
    threshold 0 it is Lee's.

    Args:
        logits: scores of the strongly augmented example.
        teacher_logits: scores of the weakly augmented one, which carry no gradient.
        threshold: probability from which on an example counts.

    Returns:
        One value for each example.

    Example:
        >>> pseudo_label([[0.0, 0.0], [0.0, 0.0]], [[0.0, 9.0], [0.0, 1.0]])
        Array([0.6931, 0.    ], dtype=float32)

    Reference: Sohn et al. 2020, arXiv:2001.07685; Lee 2013, "Pseudo-label".
    """
    logits, teacher_logits = vectors(logits=logits, teacher_logits=teacher_logits)
    if logits.shape[-1] == 0:
        return jnp.sum(logits, axis=-1)
    teacher_logits = lax.stop_gradient(teacher_logits)
    (threshold,) = hyperparameters(of_rows(logits), threshold=threshold)
    log_p, _ = _distribution(logits)
    _, q = _distribution(teacher_logits)
    label = jnp.argmax(teacher_logits, axis=-1)
    lost = jnp.take_along_axis(logits, label[..., None], axis=-1)[..., 0] == -jnp.inf
    chosen = jnp.take_along_axis(log_p, label[..., None], axis=-1)[..., 0]
    some = jnp.any(teacher_logits > -jnp.inf, axis=-1)
    sure = (jnp.max(q, axis=-1) >= threshold) & some
    return jnp.where(sure, jnp.where(lost, jnp.inf, -chosen), 0)


def mixup(
    x: Float[ArrayLike, "n *features"],
    target: Float[ArrayLike, "n classes"],
    key: PRNGKeyArray,
    *,
    alpha: ArrayLike = 0.2,
) -> tuple[Float[Array, "n *features"], Float[Array, "n classes"]]:
    """Blend each example with another one of the batch, and their targets alike.

    With `share` drawn from `Beta(alpha, alpha)` for each, `share * x + (1 - share) * x[others]`.

    Args:
        x: examples.
        target: distributions over the classes.
        key: draws the shares and who is blended with whom.
        alpha: positive; small values hardly blend.

    Returns:
        Examples and targets, for any cross-entropy that takes a distribution.

    Reference: Zhang et al. 2018, arXiv:1710.09412.
    """
    x, target = promote(x=x, target=target)
    share, others = _drawn(x, target, key, alpha)
    return _blended(x, x[others], share), _blended(target, target[others], share)


def cutmix(
    images: Float[ArrayLike, "n height width channels"],
    target: Float[ArrayLike, "n classes"],
    key: PRNGKeyArray,
    *,
    alpha: ArrayLike = 1.0,
) -> tuple[Float[Array, "n height width channels"], Float[Array, "n classes"]]:
    """Paste a box of another image of the batch into each, and blend the targets by area.

    The box has the aspect of the image and a share `1 - share` of its area, with `share` drawn from
    `Beta(alpha, alpha)`; its centre is drawn evenly and what hangs over is cut off. Targets are
    blended by what is seen.

    Args:
        images: channels last.
        target: distributions over the classes.
        key: draws the boxes and who is blended with whom.
        alpha: positive; 1 draws shares evenly.

    Returns:
        Images and targets, for any cross-entropy that takes a distribution.

    Reference: Yun et al. 2019, arXiv:1905.04899.
    """
    images, target = promote(images=images, target=target)
    if images.ndim != 4:
        raise ValueError(f"expected `images` (n, height, width, channels), got {images.shape}")
    for_shares, for_rows, for_columns = jax.random.split(key, 3)
    share, others = _drawn(images, target, for_shares, alpha)
    side = jnp.sqrt(1 - share)
    rows = _span(for_rows, side, images.shape[1])
    columns = _span(for_columns, side, images.shape[2])
    pasted = rows[:, :, None] & columns[:, None, :]
    seen = 1 - jnp.mean(pasted, axis=(1, 2), dtype=images.dtype)
    return (
        jnp.where(pasted[..., None], images[others], images),
        _blended(target, target[others], seen),
    )


def _distribution(logits: Array) -> tuple[Array, Array]:
    """Log-probabilities, with 0 where there is no class, and probabilities."""
    log_p = log_softmax(logits)
    there = log_p > -jnp.inf
    log_p = jnp.where(there, log_p, 0)
    return log_p, jnp.where(there, jnp.exp(log_p), 0)


def _drawn(x: Array, target: Array, key: PRNGKeyArray, alpha: ArrayLike) -> tuple[Array, Array]:
    """Shares of the examples, and who is blended with them."""
    if x.ndim < 1 or target.ndim != 2 or target.shape[0] != x.shape[0]:
        raise ValueError(
            f"expected `target` with a distribution for each of {x.shape[:1]}, got {target.shape}"
        )
    for_shares, for_others = jax.random.split(key)
    (alpha,) = hyperparameters(jax.ShapeDtypeStruct((), x.dtype), alpha=alpha)
    share = jax.random.beta(for_shares, alpha, alpha, x.shape[:1], x.dtype)
    return share, jax.random.permutation(for_others, x.shape[0])


def _blended(one: Array, other: Array, share: Array) -> Array:
    share = along(share, one.ndim - 1)
    return share * one + (1 - share) * other


def _span(key: PRNGKeyArray, side: Array, size: int) -> Array:
    """Which of the rows or columns of an image a box covers: booleans `(n, size)`."""
    middle = jax.random.uniform(key, side.shape, side.dtype) * size
    places = jnp.arange(size, dtype=side.dtype)[None] + 0.5
    return jnp.abs(places - middle[:, None]) < side[:, None] * size / 2
