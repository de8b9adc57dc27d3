"""The transducer from what a joiner makes its logits of, which are never all there."""

import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxloss.core.checks import indices, mask, promote
from jaxloss.core.numerics import log_total, pick, shifted
from jaxloss.fused.engine import Plan, in_blocks
from jaxloss.fused.layer import Layer, Table, Way
from jaxloss.losses.sequence import transducer_lattice


def linear_transducer(
    encoded: Float[ArrayLike, "*batch time dim"],
    predicted: Float[ArrayLike, "*batch length+1 dim"],
    kernel: Float[ArrayLike, "dim classes"] | Table,
    labels: Int[ArrayLike, "*batch length"],
    *,
    bias: Float[ArrayLike, " classes"] | None = None,
    activation: Callable[[Array], Array] = jnp.tanh,
    where: Bool[ArrayLike, "*batch time"] | None = None,
    label_where: Bool[ArrayLike, "*batch length"] | None = None,
    blank: int = 0,
    chunk: int | None = None,
    budget: int | None = None,
    dtype: Any = None,
    precision: Any = None,
) -> Float[Array, "*batch"]:
    """Reward paths through frames and labels (RNN-T), from encoder, predictor and joiner.

    Formula: `jaxloss.sequence.transducer` of the logits
    `activation(encoded[t] + predicted[u]) @ kernel + bias`, exactly. Of these only the logarithm
    of the normaliser, the blank and the next label are kept; they are made for a few frames at a
    time, and made again for the gradient.

    Args:
        encoded: frames as the encoder gives them, projected to the joiner.
        predicted: histories of labels as the predictor gives them, projected to the joiner.
        kernel: of the joiner's last layer, one column for each class, or a `Table`.
        labels: classes in their order.
        bias: one number for each class.
        activation: of the joiner, elementwise.
        where: frames that exist, the first ones.
        label_where: labels that exist, the first ones.
        blank: the class that moves on to the next frame.
        chunk: frames at a time; by default as many as the budget holds.
        budget: bytes for the logits of a chunk, 64 MiB by default.
        dtype: that the matrix products read; by default that of the kernel.
        precision: of the matrix products, as in `jax.lax.dot_general`.

    Returns:
        One value for each sequence; infinity without a frame.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> linear_transducer(
        ...     jnp.zeros((2, 1)), jnp.zeros((2, 1)), jnp.ones((1, 2)), jnp.array([1])
        ... )
        Array(1.3863, dtype=float32)

    Reference: Graves 2012, arXiv:1211.3711.
    """
    encoded, predicted = promote(encoded=encoded, predicted=predicted)
    layer = Layer.of(encoded, kernel, bias, ())
    batch, (time, dim) = encoded.shape[:-2], encoded.shape[-2:]
    if predicted.ndim != encoded.ndim or predicted[..., :0, :].shape != (*batch, 0, dim):
        raise ValueError(
            f"expected `predicted` of shape {(*batch, 'length + 1', dim)} beside `encoded` "
            f"{encoded.shape}, got {predicted.shape}"
        )
    steps = predicted.shape[-2]
    labels = indices("labels", labels, (*batch, steps - 1), layer.classes)
    if not 0 <= blank < layer.classes:
        raise ValueError(f"expected `blank` in [0, {layer.classes}), got {blank}")
    frames = mask(where, jnp.zeros((*batch, time)))
    spoken = mask(label_where, jnp.zeros(labels.shape), "label_where")
    # Padding may hold anything.
    encoded = jnp.where(frames[..., None], encoded, 0)
    histories = jnp.pad(spoken, [(0, 0)] * len(batch) + [(1, 0)], constant_values=True)
    predicted = jnp.where(histories[..., None], predicted, 0)
    way = Way(chunk, budget)
    of_one_frame = 4 * math.prod(batch) * steps * layer.classes
    size = way.chunk or max((way.budget or 1 << 26) // max(of_one_frame, 1), 1)
    read = layer.shared.kernel.dtype if dtype is None else dtype
    plan = Plan(size, read, precision, table=layer.table)
    wide, biases = layer.shared.kernel.astype(plan.wide), layer.shared.bias
    following = jnp.pad(jnp.where(spoken, labels, blank), [(0, 0)] * len(batch) + [(0, 1)])

    def moves(part: Array) -> tuple[Array, Array]:
        """Log-probabilities of blank and label for some frames, time first."""
        joined = activation(part[..., None, :] + predicted)
        logits = plan.logits(joined.reshape(-1, dim), wide, biases).reshape(*joined.shape[:-1], -1)
        moved, _ = shifted(logits)
        log_z = log_total(moved)
        ids = jnp.broadcast_to(following, log_z.shape)
        return moved[..., blank] - log_z, pick(moved, ids) - log_z

    rows = in_blocks(moves, jnp.moveaxis(encoded, -2, 0), size)
    blank_log_p, label_log_p = (jnp.moveaxis(log_p, 0, -2) for log_p in rows)
    value = transducer_lattice(blank_log_p, label_log_p[..., :-1], where=frames, label_where=spoken)
    wrong = (labels < 0) | (labels >= layer.classes) | (labels == blank)
    return jnp.where(jnp.any(wrong & spoken, axis=-1), jnp.nan, value)
