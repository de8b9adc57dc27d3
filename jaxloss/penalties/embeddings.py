"""Penalties on proxies and centres of classes: a row for each class, features on the last axis."""

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import promote, sets, vectors
from jaxloss.core.numerics import absolute, normalize, one_hot, safe_norm
from jaxloss.core.pairs import inner_products, off_diagonal


def center_invariant(
    proxies: Float[ArrayLike, "*batch classes dim"],
) -> Float[Array, "*batch classes"]:
    """Reward classes for proxies of one length, so that rare ones do not shrink.

    Formula: with `n[i] = sum(proxies[i]**2)`, `(n[i] - mean(n))**2 / 4`.

    Args:
        proxies: a row for each class.

    Returns:
        One value for each class.

    Example:
        >>> center_invariant([[1.0, 0.0], [0.0, 3.0]])
        Array([4., 4.], dtype=float32)

    Reference: Wu et al. 2017, doi:10.1145/3126686.3126693.
    """
    (proxies,) = sets(proxies=proxies)
    lengths = jnp.sum(jnp.square(proxies), axis=-1)
    mean = jnp.sum(lengths, axis=-1, keepdims=True) / max(lengths.shape[-1], 1)
    return jnp.square(lengths - mean) / 4


def regular_face(proxies: Float[ArrayLike, "*batch classes dim"]) -> Float[Array, "*batch classes"]:
    """Reward each class for being far from the one that it is nearest to.

    Formula: `max(cosine(proxies[i], proxies[j]) for j != i)`, through the first of several that
    tie; 0 of one class.

    Args:
        proxies: a row for each class.

    Returns:
        One value for each class.

    Example:
        >>> regular_face([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
        Array([1., 0., 1.], dtype=float32)

    Reference: Zhao et al. 2019, https://openaccess.thecvf.com/content_CVPR_2019/html/Zhao_RegularFace_Deep_Face_Recognition_via_Exclusive_Regularization_CVPR_2019_paper.html.
    """
    (proxies,) = sets(proxies=proxies)
    count = proxies.shape[-2]
    if count < 2:
        return jnp.sum(proxies, axis=-1) * 0
    cosines = inner_products(*2 * (normalize(proxies),))
    rivals = jnp.where(off_diagonal(count), lax.stop_gradient(cosines), -jnp.inf)
    nearest = one_hot(jnp.argmax(rivals, axis=-1), count)
    return jnp.sum(jnp.where(nearest, cosines, 0), axis=-1)


def sparse_centers(centers: Float[ArrayLike, "*batch classes k dim"]) -> Float[Array, "*batch"]:
    """Reward classes for few different centres: those that are not needed fall together.

    Formula: the mean, over the classes and the pairs of their centres at unit length, of
    `norm(u[i] - u[j]) / 2`; gradient 0 where two are the same.

    Args:
        centers: several for each class, as `proxies.soft_triple` takes.

    Returns:
        One value for each set of classes.

    Raises:
        ValueError: for fewer than three axes.

    Example:
        >>> sparse_centers([[[1.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [3.0, 0.0]]])
        Array(0.3536, dtype=float32)

    Reference: Qian et al. 2019, arXiv:1909.05235.
    """
    (centers,) = promote(centers=centers)
    if centers.ndim < 3:
        raise ValueError(f"expected `centers` (*batch, classes, k, dim), got {centers.shape}")
    unit = normalize(centers)
    apart = safe_norm(unit[..., :, None, :] - unit[..., None, :, :])
    classes, k = centers.shape[-3:-1]
    return jnp.sum(apart, axis=(-3, -2, -1)) / max(2 * classes * k * (k - 1), 1)


def zero_mean(embeddings: Float[ArrayLike, "*batch dim"]) -> Float[Array, "*batch"]:
    """Reward embeddings whose entries add up to 0.

    Formula: `abs(sum(embeddings))`; gradient 0 at 0.

    Args:
        embeddings: vectors.

    Returns:
        One value for each vector.

    Example:
        >>> zero_mean([[3.0, -1.0]])
        Array([2.], dtype=float32)

    Reference: PyTorch Metric Learning, `ZeroMeanRegularizer`.
    """
    (embeddings,) = vectors(embeddings=embeddings)
    return absolute(jnp.sum(embeddings, axis=-1))
