"""All pairs of a set: differences, distances, similarities, and masks of which pairs count.

Shapes are static: what does not count is masked, never dropped. Vectors are on the last axis, items
on the one before; everything before that is batch. Where arrays carry their sharding in their type,
rows stay where they are, and what they are compared with is gathered.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import labelled, mask
from jaxloss.core.mesh import divided
from jaxloss.core.numerics import (
    normalize,
    one_hot,
    safe_divide,
    safe_log,
    safe_sqrt,
    with_partials,
    with_tangent,
)

_LEFT_OUT = -1e30
"""A score as good as -inf, whose product with a derivative of 0 is 0."""


def differences(scores: Float[Array, "*batch n"]) -> Float[Array, "*batch n n"]:
    """`scores[i] - scores[j]` for all pairs of one list."""
    return scores[..., :, None] - scores[..., None, :]


def inner_products(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Inner products between two sets, in full precision on every device."""
    return _product("...nd,...md->...nm", x, gathered(y, -2), -1)


def gram(x: Float[Array, "*batch n dim"]) -> Float[Array, "*batch n n"]:
    """Inner products within one set, whose gradient takes one product of matrices and not two."""
    return inner_products(x, x) if _placed(x)[1] else _gram(x)


def _gram_tangent(_: Array, primals: tuple[Array], tangents: tuple[Array]) -> Array:
    half = inner_products(tangents[0], primals[0])
    return half + jnp.swapaxes(half, -1, -2)


_gram = with_tangent(lambda x: inner_products(x, x), _gram_tangent)


def gathered(array: Array, axis: int) -> Array:
    """The same array, if its type says that an axis is divided over devices, undivided there."""
    kind, spec = _placed(array)
    if not spec or spec[axis] is None:
        return array
    spec[axis] = None
    return jax.sharding.reshard(array, NamedSharding(kind.mesh, PartitionSpec(*spec)))


def _placed(array: Array) -> tuple[Any, list[Any]]:
    """The sharding that the type of an array carries, and its entry for each axis."""
    kind: Any = jax.typeof(array).sharding
    spec = list(kind.spec)
    return kind, [*spec, *(None,) * (array.ndim - len(spec))] if any(spec) else []


def _product(subscripts: str, x: Array, y: Array, summed: int) -> Array:
    """Products of two sets, divided over devices as the first is but for the axis summed over."""
    kind, spec = _placed(x)
    if not spec:
        return jnp.einsum(subscripts, x, y, precision="highest")
    del spec[summed]
    return jnp.einsum(
        subscripts,
        x,
        y,
        precision="highest",
        out_sharding=NamedSharding(kind.mesh, PartitionSpec(*spec, None)),
    )


def squared_distances(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Squared Euclidean distances between two sets; never negative.

    By the inner product, with the midpoint of the data as origin: memory for the matrix alone, and
    no cancellation of a common offset. Distances below about 1e-3 of the spread are not resolved.
    """
    origin = lax.stop_gradient(jnp.mean(y, axis=-2, keepdims=True))
    x, y = x - origin, y - origin
    norm_x, norm_y = (jnp.sum(jnp.square(z), axis=-1) for z in (x, gathered(y, -2)))
    norms = norm_x[..., :, None] + norm_y[..., None, :]
    return jnp.maximum(norms - 2 * inner_products(x, y), 0)


def distances(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Euclidean distances between two sets, with gradient 0 where they are 0."""
    return safe_sqrt(squared_distances(x, y))


def cosine_similarities(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Cosines between two sets; 0 with gradient 0 for a zero vector."""
    return inner_products(normalize(x), normalize(y))


def angles(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch m dim"]
) -> Float[Array, "*batch n m"]:
    """Angles between two sets of vectors of unit length, in all digits; right ones for zeros."""
    return angle(x[..., :, None, :], gathered(y, -2)[..., None, :, :])


def angle(x: Float[Array, "*batch dim"], y: Float[Array, "*batch dim"]) -> Float[Array, "*batch"]:
    """Angle between unit vectors, in all digits and with gradient 0 at 0 and pi; right for a zero.

    Reference: Kahan 2006, "How futile are mindless assessments of roundoff", section 12.
    """
    apart, along = (safe_sqrt(jnp.sum(jnp.square(z), axis=-1)) for z in (x - y, x + y))
    some = jnp.any(x != 0, axis=-1) & jnp.any(y != 0, axis=-1)
    theta = 2 * jnp.arctan2(jnp.where(some, apart, 1), jnp.where(some, along, 1))
    return jnp.where(some, theta, jnp.pi / 2)


def same_label(
    labels: Int[Array, "*batch n"], others: Int[Array, "*batch m"]
) -> Bool[Array, "*batch n m"]:
    """Pairs that share a label."""
    return labels[..., :, None] == gathered(others, -1)[..., None, :]


def off_diagonal(n: int) -> Bool[Array, "n n"]:
    """Pairs of different items of one set."""
    return ~jnp.eye(n, dtype=bool)


def others(kept: Bool[Array, "*batch n"]) -> Bool[Array, "*batch n n"]:
    """For each item of a set, which other ones are kept."""
    n = kept.shape[-1]
    itself = one_hot(jnp.broadcast_to(jnp.arange(n), kept.shape), n)
    return gathered(kept, -1)[..., None, :] & ~itself


class Grouped(NamedTuple):
    """A set of labelled items, and for each which others share its label and which do not.

    Attributes:
        items: vectors, 0 where left out.
        kept: items that take part.
        positive: pairs of different items of one label, of which the second takes part.
        negative: pairs of different labels, of which the second takes part.
    """

    items: Float[Array, "*batch n dim"]
    kept: Bool[Array, "*batch n"]
    positive: Bool[Array, "*batch n n"]
    negative: Bool[Array, "*batch n n"]

    def mean(self, values: Float[Array, "*batch n n"], where: Array) -> Float[Array, "*batch n"]:
        """Mean for each anchor over some partners; 0 over none, and for an anchor left out."""
        count = jnp.sum(where, axis=-1, dtype=values.dtype)
        mean = safe_divide(jnp.sum(values, axis=-1, where=where), count)
        return jnp.where(self.kept, mean, 0)

    def means(
        self, of_positives: Float[Array, "*batch n n"], of_negatives: Float[Array, "*batch n n"]
    ) -> Float[Array, "*batch n"]:
        """For each anchor, a mean over its positives plus one over its negatives."""
        return self.mean(of_positives, self.positive) + self.mean(of_negatives, self.negative)

    @property
    def complete(self) -> Bool[Array, "*batch n"]:
        """Anchors that take part and have a positive and a negative."""
        return self.kept & jnp.any(self.positive, axis=-1) & jnp.any(self.negative, axis=-1)


def grouped(embeddings: ArrayLike, labels: ArrayLike, where: ArrayLike | None = None) -> Grouped:
    """Check a set of labelled items, and tell the pairs of one label from the others."""
    items, names = labelled(embeddings, labels)
    kept = mask(where, names)
    same, rest = same_label(names, names), others(kept)
    return Grouped(jnp.where(kept[..., None], items, 0), kept, rest & same, rest & ~same)


def taking_part(x: Array, y: Array, where: ArrayLike | None) -> tuple[Array, Array, Array]:
    """Two sets with 0 for items that are left out, and which are kept."""
    if where is None:
        return x, y, jnp.ones(x.shape[:-1], bool)
    kept = mask(where, jnp.zeros(x.shape[:-1], bool))
    return jnp.where(kept[..., None], x, 0), jnp.where(kept[..., None], y, 0), kept


def log_odds(
    scores: Array, own: Array, sharpness: Array, where: Array | None = None, axis: int = -1
) -> Array:
    """Log of the summed odds of other scores against one's own; `-inf` of none."""
    _, log_z, top = relative(scores, sharpness, where, axis)
    return log_z + sharpness * (top - own)


def relative(
    scores: Array, sharpness: Array, where: Array | None = None, axis: int = -1
) -> tuple[Array, Array, Array]:
    """Scores relative to their largest along an axis, the log of their sum of exp, the largest.

    Moved before they are sharpened, so that large scores lose nothing to rounding here.
    """
    if where is not None:
        scores = jnp.where(where, scores, _LEFT_OUT)
    top = lax.stop_gradient(jnp.max(scores, axis=axis, keepdims=True, initial=_LEFT_OUT))
    top = jnp.where(top > _LEFT_OUT, top, 0)
    sharpness = jnp.expand_dims(sharpness, axis) if sharpness.ndim else sharpness
    moved = sharpness * (scores - top)
    return moved, safe_log(jnp.sum(jnp.exp(moved), axis=axis)), jnp.squeeze(top, axis)


def centered(x: Float[Array, "*batch n dim"]) -> Float[Array, "*batch n dim"]:
    """Items minus their mean; exactly 0 in every feature that all items share."""
    # The mean of equal numbers is rounded, but not that of zeros. The shift drops out of every
    # derivative. Any item will do, and the first costs no pass over the data; where items are
    # divided over devices none is at hand everywhere, but their maximum is.
    if divided(x, -2):
        shift = jnp.max(x, axis=-2, keepdims=True, initial=-jnp.inf)
    else:
        shift = x[..., :1, :]
    shifted = x - lax.stop_gradient(shift)
    return shifted - jnp.sum(shifted, axis=-2, keepdims=True) / max(x.shape[-2], 1)


def off_diagonal_energy(
    x: Float[Array, "*batch n dim"], y: Float[Array, "*batch n dim"] | None = None
) -> Float[Array, "*batch"]:
    """Sum of squared inner products of features `i` of one set with features `j != i` of another.

    `sum((x.T @ y)[i, j]**2)` over `i != j`, in time and memory linear in `dim`: when there are more
    features than items, the `dim` by `dim` matrix is never formed. Without `y`, within one set.
    """
    n, dim = x.shape[-2:]
    if dim <= 2 * n:
        return _off_diagonal_energy(x, x if y is None else y)
    if y is None:
        # One set is its own partner: half the work, and a gradient of one product.
        return _energy_within(gathered(x, -1))
    return _energy_between(gathered(x, -1), gathered(y, -1))


def _off_diagonal_energy(x: Array, y: Array) -> Array:
    products = _product("...nd,...ne->...de", x, gathered(y, -1), -2)
    return jnp.sum(jnp.square(products), axis=(-2, -1), where=off_diagonal(x.shape[-1]))


class _Wide(NamedTuple):
    """Two sets of many features, those that may dominate the energy set apart from the rest.

    The energy of the whole matrix is an inner product of two small Gram matrices, and that of the
    diagonal is known. Their difference may cancel, but not among features that `n` others exceed: a
    matrix of rank `n` cannot have more than `n` large entries on its diagonal without as much
    energy beside it. So the `n` largest are set apart and compared directly.

    Attributes:
        large: places of the features that are set apart.
        is_large: the same as a mask over all features.
        x_large: of one set.
        y_large: of the other.
        x_rest: all features of one set, 0 where they are set apart.
        y_rest: of the other.
        diagonal: inner products of the rest with their own partners.
    """

    large: Int[Array, "*batch n"]
    is_large: Bool[Array, "*batch 1 dim"]
    x_large: Float[Array, "*batch n n"]
    y_large: Float[Array, "*batch n n"]
    x_rest: Float[Array, "*batch n dim"]
    y_rest: Float[Array, "*batch n dim"]
    diagonal: Float[Array, "*batch dim"]

    @classmethod
    def of(cls, x: Array, y: Array) -> "_Wide":
        """Split two sets, which may be one and the same array."""
        n, dim = x.shape[-2:]
        own = jnp.sum(x * y, axis=-2)
        large = lax.top_k(lax.stop_gradient(jnp.abs(own)), n)[1]
        is_large = jnp.any(one_hot(large, dim), axis=-2)[..., None, :]

        def apart(z: Array) -> tuple[Array, Array]:
            picked = jnp.take_along_axis(z, large[..., None, :], axis=-1)
            return picked, jnp.where(is_large, 0, z)

        x_large, x_rest = apart(x)
        y_large, y_rest = (x_large, x_rest) if y is x else apart(y)
        own = jnp.where(is_large[..., 0, :], 0, own)
        return cls(large, is_large, x_large, y_large, x_rest, y_rest, own)

    def energy(self) -> Float[Array, "*batch"]:
        """The sum of squares."""
        large_x, rest_x = gram(self.x_large), gram(self.x_rest)
        one = self.y_rest is self.x_rest
        large_y, rest_y = (large_x, rest_x) if one else (gram(self.y_large), gram(self.y_rest))
        shared = jnp.sum(large_x * rest_y + rest_x * (large_y + rest_y), axis=(-2, -1))
        among = _off_diagonal_energy(self.x_large, self.y_large)
        return among + shared - jnp.sum(jnp.square(self.diagonal), axis=-1)

    def slope(self) -> Float[Array, "*batch n dim"]:
        """Half the derivative of the energy by the first set."""
        rest = gram(self.y_rest)
        of_rest = _times(gram(self.y_large) + rest, self.x_rest)
        of_rest = of_rest - self.y_rest * self.diagonal[..., None, :]
        among = _product("...nd,...ne->...de", self.y_large, self.x_large, -2)
        among = jnp.where(off_diagonal(among.shape[-1]), among, 0)
        of_large = _times(rest, self.x_large) + _times(self.y_large, among)
        return _with_columns(of_rest, self.large, of_large)


def _with_columns(x: Array, places: Int[Array, "*batch n"], columns: Array) -> Array:
    """Features of `x` replaced by others."""
    # By a gather, since a scatter does not trace where batches are divided in Explicit mode.
    hit = jnp.any(one_hot(places, x.shape[-1]), axis=-2)[..., None, :]
    order = jnp.argsort(places, axis=-1)[..., None, :]
    ordered = jnp.take_along_axis(columns, order, axis=-1)
    rank = jnp.maximum(jnp.cumsum(hit, axis=-1) - 1, 0)
    return jnp.where(hit, jnp.take_along_axis(ordered, rank, axis=-1), x)


_energy_between = with_partials(
    lambda x, y: _Wide.of(x, y).energy(),
    lambda x, y: 2 * _Wide.of(x, y).slope(),
    lambda x, y: 2 * _Wide.of(y, x).slope(),
)
_energy_within = with_partials(
    lambda x: _Wide.of(x, x).energy(), lambda x: 4 * _Wide.of(x, x).slope()
)


def _times(matrix: Array, x: Array) -> Array:
    return _product("...nm,...md->...nd", matrix, gathered(x, -2), -1)


def items_at(
    x: Float[Array, "*batch n dim"], index: Int[Array, "*batch m"]
) -> Float[Array, "*batch m dim"]:
    """Items of a set by their places in it."""
    kind, spec = _placed(index)
    whole = gathered(x, -2)
    if not spec or spec[-1] is None:
        return jnp.take_along_axis(whole, index[..., None], axis=-2, mode="clip")
    rows = NamedSharding(kind.mesh, PartitionSpec(spec[-1], None))
    take = lambda x, index: x.at[index].get(mode="clip", out_sharding=rows)
    for _ in range(x.ndim - 2):
        take = jax.vmap(take)
    return take(whole, index)


def hardest(
    anchors: Float[Array, "*batch m dim"],
    anchor_labels: Int[Array, "*batch m"],
    places: Int[Array, " m"],
    embeddings: Float[Array, "*batch n dim"],
    labels: Int[Array, "*batch n"],
    kept: Bool[Array, "*batch n"],
) -> tuple[Int[Array, "*batch m"], Int[Array, "*batch m"], Bool[Array, "*batch m"]]:
    """For each anchor the farthest item of its label and the nearest of another, first at ties.

    Args:
        anchors: some of the embeddings.
        anchor_labels: of these.
        places: where in the set each of them is, so that none is its own positive.
        embeddings: the whole set.
        labels: of the whole set; they are only compared.
        kept: items that may be found.

    Returns:
        Indices of the positive and of the negative, and whether an anchor has both. No derivative.
    """
    apart = squared_distances(*lax.stop_gradient((anchors, embeddings)))
    same, kept = same_label(anchor_labels, labels), gathered(kept, -1)[..., None, :]
    itself = one_hot(jnp.broadcast_to(places, anchor_labels.shape), labels.shape[-1])
    positive, negative = same & kept & ~itself, ~same & kept
    farthest = jnp.argmax(jnp.where(positive, apart, -1), axis=-1)
    nearest = jnp.argmin(jnp.where(negative, apart, jnp.inf), axis=-1)
    return farthest, nearest, jnp.any(positive, axis=-1) & jnp.any(negative, axis=-1)
