"""Images by the features that a network has of them: which, where, how many, and how alike.

Features are `(*batch, *space, channels)`, channels last; `num_axes` says how many axes are space: 2
for images, 3 for volumes. Each image gives one value. `perceptual` computes features with a network
that is given, and adds up a loss of them layer by layer.
"""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.checks import along, class_vector, hyperparameters, same_shape
from jaxloss.core.images import image_mean, images, of_images
from jaxloss.core.numerics import normalize


def content(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward the same features at the same places.

    Formula: `mean((pred - target)**2)`.

    Args:
        pred: features of predicted images.
        target: features of true images.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> content(jnp.ones((2, 2, 1)), jnp.full((2, 2, 1), 3.0))
        Array(4., dtype=float32)

    Reference: Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    return image_mean(jnp.square(pred - target), num_axes)


def style(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward features that come together as often as the true ones, wherever they are.

    Formula: `sum((gram(pred) - gram(target))**2)` with `gram(x)[a, b] = sum(x[..., a] * x[..., b])
    / x.size`, over the places of an image.

    Args:
        pred: features of predicted images.
        target: features of the images whose style it is; of as many places.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image.

    Example:
        >>> style(jnp.ones((2, 2, 1)), jnp.full((2, 2, 1), 3.0))
        Array(64., dtype=float32)

    Reference: Gatys et al. 2016, doi:10.1109/CVPR.2016.265; Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    # That of the difference of the matrices in one: (p - t)' (p + t), symmetric part.
    apart, both = (
        lax.collapse(x, x.ndim - num_axes - 1, x.ndim - 1) for x in (pred - target, pred + target)
    )
    gram = jnp.einsum("...ia,...ib->...ab", apart, both, precision="highest")
    gram = (gram + jnp.swapaxes(gram, -1, -2)) / (2 * apart.shape[-1] * apart.shape[-2])
    return jnp.sum(jnp.square(gram), axis=(-2, -1))


def lpips(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    channel_weights: Float[ArrayLike, " channels"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward features of the same direction at the same places (a layer of LPIPS).

    Formula: `mean(sum(channel_weights * (pred / norm(pred) - target / norm(target))**2))`, the norm
    and the sum over channels, the mean over places. A zero vector stays zero, with gradient 0.

    Args:
        pred: features of predicted images.
        target: features of true images.
        channel_weights: non-negative, learned from what people find alike; 1 by default.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, which is that of one layer; `perceptual` adds up layers.

    Example:
        >>> lpips([[[1.0, 0.0]]], [[[0.0, 2.0]]])
        Array(2., dtype=float32)

    Reference: Zhang et al. 2018, arXiv:1801.03924.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    apart = jnp.square(normalize(pred) - normalize(target))
    if channel_weights is not None:
        apart = apart * class_vector("channel_weights", channel_weights, apart)
    return image_mean(jnp.sum(apart, axis=-1, keepdims=True), num_axes)


def dists(
    pred: Real[ArrayLike, "..."],
    target: Real[ArrayLike, "..."],
    *,
    eps: ArrayLike = 1e-6,
    texture_weights: Float[ArrayLike, " channels"] | None = None,
    structure_weights: Float[ArrayLike, " channels"] | None = None,
    num_axes: int = 2,
) -> Float[Array, "..."]:
    """Reward features of the same mean, and that rise and fall together (a layer of DISTS).

    Formula: with the mean `m`, variance `v` and covariance of each channel over the whole image,
    `sum(texture_weights * (1 - (2 * m_pred * m_target + eps) / (m_pred**2 + m_target**2 + eps)) +
    structure_weights * (1 - (2 * covariance + eps) / (v_pred + v_target + eps)))`. Textures may
    stand elsewhere, as far as the structure has no weight.

    Args:
        pred: features of predicted images, or images themselves.
        target: features of true images.
        eps: keeps ratios of small numbers from counting too much, positive.
        texture_weights: non-negative, learned from what people find alike; those of all layers and
            of both kinds have the sum 1. Half of the mean of a layer's channels by default.
        structure_weights: likewise.
        num_axes: how many axes before the channels are space.

    Returns:
        One value for each image, which is that of one layer; `perceptual` adds up layers.

    Example:
        >>> dists([[[0.0], [2.0]]], [[[2.0], [0.0]]])
        Array(1., dtype=float32)

    Reference: Ding et al. 2020, arXiv:2004.07728.
    """
    pred, target = images(num_axes, pred=pred, target=target)
    (eps,) = hyperparameters(of_images(pred, num_axes), eps=eps)
    eps = along(eps)
    space = tuple(range(-num_axes - 1, -1))

    def moments(x: Array) -> tuple[Array, Array]:
        mean = jnp.mean(x, axis=space)
        centred = x - jnp.expand_dims(mean, space)
        return mean, jnp.mean(jnp.square(centred), axis=space)

    (ours, spread), (theirs, true_spread) = moments(pred), moments(target)
    # What is lacking of 1, without the difference from it that would cancel.
    texture = jnp.square(ours - theirs) / (jnp.square(ours) + jnp.square(theirs) + eps)
    structure = moments(pred - target)[1] / (spread + true_spread + eps)
    parts: list[Array] = []
    for name, given, lack in (
        ("texture_weights", texture_weights, texture),
        ("structure_weights", structure_weights, structure),
    ):
        share = 0.5 / max(lack.shape[-1], 1) if given is None else class_vector(name, given, lack)
        parts.append(jnp.sum(share * lack, axis=-1))
    return parts[0] + parts[1]


def perceptual(
    pred: Float[ArrayLike, "..."],
    target: Float[ArrayLike, "..."],
    *,
    features: Callable[[Array], Sequence[Array]],
    loss: Callable[..., Array] = content,
    weights: Sequence[ArrayLike] | None = None,
) -> Float[Array, "..."]:
    """Add up a loss of the features that a network has of both images, layer by layer.

    Formula: `sum_l weights[l] * loss(features(pred)[l], features(target)[l])`; those of the target
    are held constant.

    Args:
        pred: predicted images.
        target: true images.
        features: from images to a list of maps, as those of a trained network.
        loss: of two maps: `content`, `style`, `lpips`, `dists`, or any other.
        weights: of the layers; 1 by default.

    Example:
        >>> perceptual(jnp.ones((2, 2, 1)), jnp.zeros((2, 2, 1)), features=lambda x: [x, 2 * x])
        Array(5., dtype=float32)

    Reference: Johnson et al. 2016, arXiv:1603.08155.
    """
    pred, target = same_shape(pred=pred, target=target)
    pairs = list(zip(features(pred), lax.stop_gradient(features(target)), strict=True))
    shares = [1.0] * len(pairs) if weights is None else weights
    if len(shares) != len(pairs):
        raise ValueError(f"expected `weights` for {len(pairs)} layers, got {len(shares)}")
    values = [loss(one, two) for one, two in pairs]
    scaled = [hyperparameters(x, weights=w)[0] * x for w, x in zip(shares, values, strict=True)]
    return sum(scaled[1:], start=scaled[0])
