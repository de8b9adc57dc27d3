"""Softmax over the cosines with the proxies of classes, with a margin for the right one.

`embeddings` has shape `*batch dim`, `proxies` `classes dim`, or `classes centers dim` where a class
has several. Both are brought to unit length; a zero vector is at a right angle to all. Proxies are
an argument, so that they can lie in the tree that an optimiser updates. A label outside
`[0, classes)` gives NaN with gradient 0.
"""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import hyperparameters
from jaxloss.core.numerics import softplus
from jaxloss.core.proxies import View


def normalized_softmax(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    temperature: ArrayLike = 0.05,
) -> Float[Array, "*batch"]:
    """Reward a larger cosine with the proxy of the label than with the others.

    Formula: with `c` the cosines with the proxies,
    `log(sum(exp(c / temperature))) - c[label] / temperature`.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        temperature: what cosines are divided by.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[3.0, 0.0], [0.0, 1.0]]
        >>> normalized_softmax([[2.0, 0.0]], proxies, jnp.array([0]), temperature=1.0)
        Array([0.3133], dtype=float32)

    Reference: Wang et al. 2017, arXiv:1704.06369; Zhai and Wu 2019, arXiv:1811.12649.
    """
    view = View.of(embeddings, proxies, labels)
    (temperature,) = hyperparameters(view.angle, temperature=temperature)
    return view.of_rows(softplus(view.rivals(1 / temperature) - jnp.cos(view.angle) / temperature))


def large_margin_softmax(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 4.0,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward an angle with the weights of the label that is many times smaller than with others.

    Formula: with `theta` the angles with the rows of `proxies`, whose lengths count,
    `psi(theta) = (-1)**k * cos(margin * theta) - 2 * k` with `k = floor(margin * theta / pi)`, the
    softmax cross-entropy of the scores `scale * norm(embedding) * norm(proxies[j]) * cos(theta[j])`
    with `psi(theta)` for the cosine of the label.

    Args:
        proxies: weights of a linear layer, one row for each class.
        labels: class of each embedding.
        margin: how many times smaller the angle should be; 1 is a plain softmax.
        scale: of the scores.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[1.0, 0.0], [0.0, 1.0]]
        >>> large_margin_softmax([[1.0, 1.0]], proxies, jnp.array([0]), margin=2.0)
        Array([1.3133], dtype=float32)

    Reference: Liu et al. 2016, arXiv:1612.02295.
    """
    view = View.of(embeddings, proxies, labels)
    own = jnp.take(view.sizes, view.label, mode="clip") * view.size
    margin, scale = hyperparameters(own, margin=margin, scale=scale)
    rivals = view.rivals(scale * view.size, view.sizes)
    return view.of_rows(softplus(rivals - scale * own * _psi(view.angle, margin)))


def sphereface(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 4.0,
    scale: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """`large_margin_softmax` with proxies of unit length.

    Formula: with `theta` the angles with the proxies,
    `psi(theta) = (-1)**k * cos(margin * theta) - 2 * k` with `k = floor(margin * theta / pi)`, the
    softmax cross-entropy of the scores `scale * norm(embedding) * cos(theta[j])` with `psi(theta)`
    for the cosine of the label.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        margin: how many times smaller the angle should be.
        scale: of the scores.

    Returns:
        One value for each embedding.

    Example:
        >>> sphereface([[1.0, 1.0]], [[2.0, 0.0], [0.0, 5.0]], jnp.array([0]), margin=2.0)
        Array([1.3133], dtype=float32)

    Reference: Liu et al. 2017, arXiv:1704.08063.
    """
    view = View.of(embeddings, proxies, labels)
    margin, scale = hyperparameters(view.angle, margin=margin, scale=scale)
    scale = scale * view.size
    return view.of_rows(softplus(view.rivals(scale) - scale * _psi(view.angle, margin)))


def cosface(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.35,
    scale: ArrayLike = 64.0,
) -> Float[Array, "*batch"]:
    """Reward a cosine with the proxy of the label that leads the others by a margin.

    Formula: with `theta` the angles with the proxies, the softmax cross-entropy of the scores
    `scale * cos(theta[j])`, but `scale * (cos(theta) - margin)` for the label.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        margin: lead of the cosine that is asked for.
        scale: of the cosines.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[1.0, 0.0], [0.0, 1.0]]
        >>> cosface([[1.0, 0.0]], proxies, jnp.array([0]), margin=0.5, scale=2.0)
        Array([0.3133], dtype=float32)

    Reference: Wang et al. 2018, arXiv:1801.09414.
    """
    view = View.of(embeddings, proxies, labels)
    margin, scale = hyperparameters(view.angle, margin=margin, scale=scale)
    return view.of_rows(softplus(view.rivals(scale) - scale * (jnp.cos(view.angle) - margin)))


def arcface(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.5,
    scale: ArrayLike = 64.0,
) -> Float[Array, "*batch"]:
    """Reward an angle with the proxy of the label that is smaller than the others by a margin.

    Formula: with `theta` the angles with the proxies, the softmax cross-entropy of the scores
    `scale * cos(theta[j])`, but `scale * cos(theta + margin)` for the label, or
    `scale * (cos(theta) - margin * sin(margin))` where `theta + margin` exceeds pi.

    Args:
        proxies: one vector for each class.
        labels: class of each embedding.
        margin: lead of the angle that is asked for, in radians.
        scale: of the cosines.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[1.0, 0.0], [0.0, 1.0]]
        >>> arcface([[1.0, 0.0]], proxies, jnp.array([0]), margin=1.0471975511965976, scale=2.0)
        Array([0.3133], dtype=float32)

    Reference: Deng et al. 2019, arXiv:1801.07698.
    """
    view = View.of(embeddings, proxies, labels)
    margin, scale = hyperparameters(view.angle, margin=margin, scale=scale)
    return view.of_rows(softplus(view.rivals(scale) - scale * _turned(view.angle, margin)))


def subcenter_arcface(
    embeddings: Float[ArrayLike, "*batch dim"],
    proxies: Float[ArrayLike, "classes centers dim"],
    labels: Int[ArrayLike, "*batch"],
    *,
    margin: ArrayLike = 0.5,
    scale: ArrayLike = 64.0,
) -> Float[Array, "*batch"]:
    """`arcface` with several proxies for each class, of which the nearest counts.

    Formula: `arcface` with `theta[j]` the smallest of the angles with the proxies of class `j`. At
    ties the gradient goes to the first.

    Args:
        proxies: several vectors for each class.
        labels: class of each embedding.
        margin: lead of the angle that is asked for, in radians.
        scale: of the cosines.

    Returns:
        One value for each embedding.

    Example:
        >>> proxies = [[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 1.0], [0.0, -1.0]]]
        >>> subcenter_arcface([[-1.0, 0.0]], proxies, jnp.array([0]), margin=0.0, scale=1.0)
        Array([0.3133], dtype=float32)

    Reference: Deng et al. 2020, doi:10.1007/978-3-030-58621-8_43.
    """
    view = View.of(embeddings, proxies, labels, centers=True)
    margin, scale = hyperparameters(view.angle, margin=margin, scale=scale)
    return view.of_rows(softplus(view.rivals(scale) - scale * _turned(view.angle, margin)))


def _psi(angle: Array, margin: Array) -> Array:
    """A cosine that goes on falling when its angle is multiplied."""
    turns = jnp.floor(lax.stop_gradient(margin * angle) / jnp.pi)
    return (1 - 2 * (turns % 2)) * jnp.cos(margin * angle) - 2 * turns


def _turned(angle: Array, margin: Array) -> Array:
    """Cosine of an angle and a margin, continued beyond pi."""
    beyond = jnp.cos(angle) - margin * jnp.sin(margin)
    return jnp.where(angle + margin <= jnp.pi, jnp.cos(angle + margin), beyond)
