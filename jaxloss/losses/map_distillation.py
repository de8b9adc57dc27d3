"""Maps of a student brought near to those of a teacher: where both are active, and at what scale.

Maps are `*batch height width channels`. A layer that brings the student to the teacher's size is
the caller's, and so is the choice of layers. The teacher carries no gradient.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from jaxloss.core.checks import along, hyperparameters, promote, same_shape
from jaxloss.core.numerics import absolute, normalize, safe_power
from jaxloss.core.teacher import softened, taught
from jaxloss.losses import divergence


def attention_transfer(
    features: Float[ArrayLike, "*batch height width channels"],
    teacher_features: Float[ArrayLike, "*batch height width others"],
    *,
    power: ArrayLike = 2.0,
) -> Float[Array, "*batch"]:
    """Reward a student for looking where its teacher looks.

    Formula: with `A = mean(abs(F)**power)` over the channels, a map that is then brought to unit
    length, `sum((A_student - A_teacher)**2)`.

    Args:
        features: of the student.
        teacher_features: of the teacher; the number of channels may be another one.
        power: how much strong channels stand out, at least 1.

    Returns:
        One value for each example, at most 2; a map of zeros stays one.

    Example:
        >>> attention_transfer([[[1.0], [0.0]]], [[[0.0, 0.0], [3.0, 1.0]]])
        Array(2., dtype=float32)

    Reference: Zagoruyko and Komodakis 2017, arXiv:1612.03928.
    """
    given = {"features": features, "teacher_features": teacher_features}
    student, teacher = taught(3, "height, width, channels", **given)
    shape = student.shape[:-3]
    rows = jax.ShapeDtypeStruct(shape, student.dtype)
    (power,) = hyperparameters(rows, power=power)

    def attention(x: Array) -> Array:
        strength = jnp.sum(safe_power(absolute(x), along(power, 3)), axis=-1) / max(x.shape[-1], 1)
        return normalize(strength.reshape(*shape, student.shape[-3] * student.shape[-2]))

    return jnp.sum(jnp.square(attention(student) - attention(teacher)), axis=-1)


def channel_wise(
    features: Float[ArrayLike, "*batch height width channels"],
    teacher_features: Float[ArrayLike, "*batch height width channels"],
    *,
    temperature: ArrayLike = 4.0,
) -> Float[Array, "*batch"]:
    """Reward each channel for being active where that of the teacher is.

    Formula: with `q` and `p` the softmax of each channel over the pixels, of the features over the
    temperature, `temperature**2 * mean(sum(p * log(p / q)))` over the channels.

    Args:
        features: of the student, or its scores for each pixel.
        teacher_features: of the teacher.
        temperature: above 1 it brings out weakly active places.

    Returns:
        One value for each example.

    Example:
        >>> channel_wise([[[1.0], [0.0]]], [[[0.0], [0.0]]], temperature=1.0)
        Array(0.1201, dtype=float32)

    Reference: Shu et al. 2021, arXiv:2011.13256.
    """
    arrays = _maps(features, teacher_features)
    shape = arrays[0].shape
    student, teacher = (
        jnp.swapaxes(x.reshape(*shape[:-3], shape[-3] * shape[-2], shape[-1]), -1, -2)
        for x in arrays
    )
    rows = jax.ShapeDtypeStruct(shape[:-3], arrays[0].dtype)
    (temperature,) = hyperparameters(rows, temperature=temperature)
    value = softened(divergence.kl, student, teacher, along(temperature))
    return jnp.sum(value, axis=-1) / max(shape[-1], 1)


def hierarchical_context(
    features: Float[ArrayLike, "*batch height width channels"],
    teacher_features: Float[ArrayLike, "*batch height width channels"],
    *,
    decay: ArrayLike = 0.5,
    levels: Sequence[int] = (4, 2, 1),
) -> Float[Array, "*batch"]:
    """Reward maps for being those of the teacher, at full size and coarser (Knowledge Review).

    Formula: with `P(x, n)` the means of `x` over `n` by `n` regions, for the `n` of `levels` that
    are smaller than the height, the mean of `mean((features - teacher_features)**2)` and of
    `mean((P(features, n) - P(teacher_features, n))**2)`, with the weights 1, `decay`, `decay**2`,
    and so on. Region `i` reaches from row `floor(i * height / n)` up to before
    `ceil((i + 1) * height / n)`, and columns alike.

    Args:
        features: of the student, as its fusion of several layers gives them.
        teacher_features: of the teacher.
        decay: weight of a level relative to the one before.
        levels: numbers of regions in either direction, from fine to coarse.

    Returns:
        One value for each example; the paper adds up those of several layers.

    Example:
        >>> hierarchical_context([[[1.0]], [[3.0]]], [[[0.0]], [[0.0]]])
        Array(4.6667, dtype=float32)

    Reference: Chen et al. 2021, arXiv:2104.09044; the weights, the authors' program.
    """
    student, teacher = _maps(features, teacher_features)
    rows = jax.ShapeDtypeStruct(student.shape[:-3], student.dtype)
    (decay,) = hyperparameters(rows, decay=decay)
    # Regions are means of differences as well as differences of means.
    apart = student - lax.stop_gradient(teacher)
    weight = jnp.ones_like(decay)
    total, sum_of_weights = _mean_square(apart), weight
    for level in levels:
        if level < student.shape[-3]:
            weight = weight * decay
            total = total + weight * _mean_square(_regions(apart, level))
            sum_of_weights = sum_of_weights + weight
    return total / sum_of_weights


def masked_generative(
    features: Float[ArrayLike, "*batch height width channels"],
    teacher_features: Float[ArrayLike, "*batch height width channels"],
) -> Float[Array, "*batch"]:
    """Reward maps, generated from a part of the student's, for being those of the teacher (MGD).

    Formula: `sum((features - teacher_features)**2)`. The authors weigh it by 2e-5 (one-stage
    detectors, segmentation) or 7e-5 (classification).

    Args:
        features: what a small network (two 3 by 3 convolutions in the paper), trained along, makes
            of the student's features behind `hidden_pixels`.
        teacher_features: of the teacher, all of them.

    Returns:
        One value for each example.

    Example:
        >>> masked_generative([[[1.0]], [[3.0]]], [[[0.0]], [[0.0]]])
        Array(10., dtype=float32)

    Reference: Yang et al. 2022, arXiv:2205.01529.
    """
    student, teacher = _maps(features, teacher_features)
    return jnp.sum(jnp.square(student - lax.stop_gradient(teacher)), axis=(-3, -2, -1))


def hidden_pixels(
    features: Float[ArrayLike, "*batch height width channels"],
    key: PRNGKeyArray,
    *,
    share: ArrayLike = 0.5,
) -> Float[Array, "*batch height width channels"]:
    """Set random pixels of maps to 0, over all channels: what `masked_generative` starts from.

    Args:
        features: of the student, brought to the teacher's size.
        key: draws the pixels of each example.
        share: probability of a pixel to be hidden, lambda in the paper: 0.5 for classification,
            0.65 for one-stage detectors, 0.75 for segmentation.

    Example:
        >>> hidden_pixels(jnp.ones((1, 4, 1)), jax.random.key(0))[..., 0].tolist()
        [[1.0, 1.0, 0.0, 0.0]]

    Reference: Yang et al. 2022, arXiv:2205.01529.
    """
    (features,) = promote(features=features)
    if features.ndim < 3:
        raise ValueError(
            f"expected `features` (*batch, height, width, channels), got shape {features.shape}"
        )
    rows = jax.ShapeDtypeStruct(features.shape[:-3], features.dtype)
    (share,) = hyperparameters(rows, share=share)
    drawn = jax.random.uniform(key, features.shape[:-1], features.dtype)
    return jnp.where((drawn >= along(share, 2))[..., None], features, 0)


def _maps(features: ArrayLike, teacher_features: ArrayLike) -> list[Array]:
    arrays = same_shape(features=features, teacher_features=teacher_features)
    if arrays[0].ndim < 3:
        raise ValueError(
            f"expected `features` (*batch, height, width, channels), got shape {arrays[0].shape}"
        )
    return arrays


def _mean_square(x: Float[Array, "*batch height width channels"]) -> Float[Array, "*batch"]:
    return jnp.sum(jnp.square(x), axis=(-3, -2, -1)) / max(np.prod(x.shape[-3:]).item(), 1)


def _regions(
    x: Float[Array, "*batch height width channels"], count: int
) -> Float[Array, "*batch count count channels"]:
    """Means over regions."""

    def shares(size: int) -> Array:
        place, region = np.arange(size), np.arange(count)[:, None]
        inside = (place >= region * size // count) & (place < -(-(region + 1) * size // count))
        return jnp.asarray(inside / np.maximum(inside.sum(-1, keepdims=True), 1), x.dtype)

    return jnp.einsum("...hwc,ih,jw->...ijc", x, shares(x.shape[-3]), shares(x.shape[-2]))
