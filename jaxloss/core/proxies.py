"""Embeddings and the proxies of classes that they are compared with."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, indices, promote
from jaxloss.core.numerics import known, logsumexp, normalize, one_hot, pick, safe_norm
from jaxloss.core.pairs import angle


class View(NamedTuple):
    """How embeddings see the proxies.

    Attributes:
        cosines: with the nearest proxy of each class.
        angle: with that of the label, in all digits.
        size: length of each embedding.
        sizes: length of each proxy.
        label: of each embedding.
    """

    cosines: Float[Array, "*batch classes"]
    angle: Float[Array, "*batch"]
    size: Float[Array, "*batch"]
    sizes: Float[Array, " classes"]
    label: Int[Array, "*batch"]

    @classmethod
    def of(
        cls, embeddings: ArrayLike, proxies: ArrayLike, labels: ArrayLike, centers: bool = False
    ) -> "View":
        """Check the arguments, and compare each embedding with each proxy."""
        items, vectors, index = proxied(embeddings, proxies, labels, centers=centers)
        unit, units = normalize(items), normalize(vectors)
        own = jnp.take(units, index, axis=0, mode="clip")
        if centers:
            every = jnp.einsum("...d,ckd->...ck", unit, units, precision="highest")
            nearest = jnp.argmax(every, axis=-1)
            cosines = pick(every, nearest)
            chosen = pick(nearest, index)[..., None, None]
            own = jnp.take_along_axis(own, chosen, axis=-2)[..., 0, :]
        else:
            cosines = jnp.einsum("...d,cd->...c", unit, units, precision="highest")
        return cls(cosines, angle(unit, own), safe_norm(items), safe_norm(vectors), index)

    def rivals(self, scale: Array, sizes: Array | None = None) -> Array:
        """Log of the summed exponentials of the scaled cosines with the other classes."""
        scores = along(scale) * self.cosines
        if sizes is not None:
            scores = scores * jnp.broadcast_to(sizes, scores.shape)
        return logsumexp(scores, where=~one_hot(self.label, scores.shape[-1]))

    def of_rows(self, values: Array) -> Array:
        """Values whose label is a class."""
        return known(values, self.label, self.cosines.shape[-1])


def proxied(
    embeddings: ArrayLike,
    proxies: ArrayLike,
    labels: ArrayLike,
    *,
    name: str = "proxies",
    centers: bool = False,
    sets: bool = False,
) -> tuple[Array, Array, Array]:
    """Check embeddings, proxies with labels for places, and labels.

    Args:
        embeddings: of shape `*batch dim`.
        proxies: of shape `classes dim`.
        labels: of shape `*batch`.
        name: of the proxies in errors.
        centers: whether classes have several proxies, on an axis before the last.
        sets: whether embeddings have an axis of items.

    Raises:
        TypeError: for labels that are not integers.
        ValueError: for shapes that do not fit.
    """
    items, vectors = promote(**{"embeddings": embeddings, name: proxies})
    wanted = 3 if centers else 2
    fits = vectors.ndim == wanted and items.ndim > sets and items.shape[-1:] == vectors.shape[-1:]
    if not fits:
        shape = "(classes, centers, dim)" if centers else "(classes, dim)"
        raise ValueError(
            f"expected `embeddings` of shape {'(*batch, n, dim)' if sets else '(*batch, dim)'} and "
            f"`{name}` of shape {shape}, got {items.shape} and {vectors.shape}"
        )
    reason = f", one for each of `embeddings` {items.shape}"
    return items, vectors, indices("labels", labels, items.shape[:-1], vectors.shape[0], reason)
