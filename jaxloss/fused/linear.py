"""Losses of a linear layer's output, straight from its input: the logits are never all there.

`features` has shape `*batch dim`, `kernel` `dim classes`, as in Flax; a table of embeddings of
shape `classes dim` is passed as `Table(table)` and costs no copy. What comes back is an `Average`
over the tokens: take its `.value`, add it to others over microbatches, or make it a term of an
objective.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Hashable
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, PyTree

from jaxloss.core.checks import absent, class_vector, indices
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import known, log_total, pick, product, shifted, sum_across
from jaxloss.fused.engine import Plan, Rows, values_of, weighted_total
from jaxloss.fused.layer import Layer, Table, Way, averaged, over_mapped
from jaxloss.fused.vocabulary import Options, reported, vocabulary_total
from jaxloss.losses.classification import softmax_cross_entropy

Schedule = Literal["auto", "tokens", "materialize"]
Sharding = tuple[Any, Any]


def linear(
    loss: Callable[..., Any],
    *,
    has_aux: bool = False,
    chunk: int | None = None,
    budget: int | None = None,
    schedule: Schedule = "auto",
    dtype: Any = None,
    precision: Any = None,
    sharding: Sharding | None = None,
) -> Callable[..., Any]:
    """Fuse any per-token loss of logits with the linear layer that makes them.

    Value and gradient come from one pass over chunks of tokens: three matrix products (two when the
    kernel needs no gradient), the logits of one chunk at a time, sums in float32. Both modes of
    differentiation, second derivatives and `vmap` work, and so do gradients of whatever the loss
    closes over.

    Args:
        loss: takes logits, shape `chunk classes`, and targets whose first axis is `chunk`; gives
            values of shape `chunk`. If it has an argument `axis_name`, it is told the mesh axes
            that the classes are divided over and sees this device's slice of the logits; any
            other loss sees logits typed as divided. Inside a `jax.shard_map` of your own, what it
            closes over and is differentiated by should be typed as differing over the mesh axes of
            the tokens (`jax.lax.pcast`), unless all devices are weighed alike.
        has_aux: the loss gives values and a tree of arrays for each token, which come back behind
            the average, without gradient.
        chunk: tokens at a time; by default as many as the budget holds.
        budget: bytes for the logits of a chunk; by default those of the larger of the features'
            and the kernel's gradient in float32, and no less than 16 MiB.
        schedule: `tokens` for chunks, `materialize` for all logits at once, `auto` for the latter
            where the budget holds them.
        dtype: that the matrix products read; by default the promoted one of features and kernel.
            The gradient of a float32 kernel is not rounded to it.
        precision: of the matrix products, as in `jax.lax.dot_general`.
        sharding: of features and kernel, `PartitionSpec`s or `NamedSharding`s, for meshes whose
            axes are of type Auto. (In Explicit mode they are read from the types, and inside
            `jax.shard_map` none is needed.) Without it, the gradient of the kernel is summed over
            the devices of an Auto mesh for every chunk instead of once.

    Returns:
        A function `(features, kernel, *targets, bias=None, where=None, weights=None,
        axis_name=None)` that gives an `Average` over the tokens: `where` leaves tokens out, which
        may then hold anything, `weights` weighs them, and `axis_name` adds up over mapped devices.

    Raises:
        ValueError: when called, for shapes that do not fit, or a loss that does not give one value
            for each row.

    Example:
        >>> from jaxloss.losses.classification import poly1_cross_entropy
        >>> head = linear(poly1_cross_entropy, chunk=2)
        >>> head(jnp.eye(3), jnp.eye(3), jnp.array([0, 1, 2])).value
        Array(1.3992, dtype=float32)

    Reference: Hsu et al. 2024, arXiv:2410.10989; Wijmans et al. 2024, arXiv:2411.09009.
    """
    way = Way(chunk, budget, schedule, dtype, precision, sharding)

    def fused(
        features: Float[ArrayLike, "*batch dim"],
        kernel: Float[ArrayLike, "dim classes"] | Table,
        *targets: PyTree[ArrayLike],
        bias: Float[ArrayLike, " classes"] | None = None,
        where: Bool[ArrayLike, "*batch"] | None = None,
        weights: Float[ArrayLike, "*batch"] | None = None,
        axis_name: Hashable | None = None,
    ) -> Any:
        layer = Layer.of(features, kernel, bias, targets, where, weights)
        knows = "axis_name" in inspect.signature(loss).parameters

        def on_device(rows: Rows, shared: Any, plan: Plan, axes: Any) -> Any:
            local = functools.partial(loss, axis_name=axes) if axes else loss
            fitted = local if has_aux else lambda *a: (local(*a), ())
            total, aux = weighted_total(fitted, rows, shared[0], plan)
            return averaged(total, rows), aux

        average, aux = layer.on_devices(on_device, way, (), knows)
        average = over_mapped(average, axis_name)
        return (average, aux) if has_aux else average

    return fused


def linear_softmax_cross_entropy(
    features: Float[ArrayLike, "*batch dim"],
    kernel: Float[ArrayLike, "dim classes"] | Table,
    labels: Int[ArrayLike, "*batch"],
    *,
    bias: Float[ArrayLike, " classes"] | None = None,
    where: Bool[ArrayLike, "*batch"] | None = None,
    weights: Float[ArrayLike, "*batch"] | None = None,
    smoothing: ArrayLike = 0.0,
    class_weights: Float[ArrayLike, " classes"] | None = None,
    z_loss: ArrayLike = 0.0,
    softcap: ArrayLike | None = None,
    temperature: ArrayLike = 1.0,
    has_aux: bool = False,
    axis_name: Hashable | None = None,
    class_axis_name: Hashable | None = None,
    chunk: int | None = None,
    budget: int | None = None,
    schedule: Literal["auto", "tokens", "vocab", "materialize"] = "auto",
    dtype: Any = None,
    precision: Any = None,
    sharding: Sharding | None = None,
) -> Any:
    """Reward the right probabilities for one of many classes, from the features of a linear layer.

    Formula: with `z = features @ kernel + bias`, then `softcap * tanh(z / softcap)` if there is a
    softcap, then `z / temperature`, the weighted average over the tokens of
    `softmax_cross_entropy(z, labels)`. The logits are never all there, and nothing is left out:
    value and gradient are those of the plain form, for any number of tokens and classes.

    Args:
        features: inputs of the layer.
        kernel: its weights, one column for each class, or a `Table` of embeddings.
        labels: class of each token; one outside `[0, classes)` gives NaN with gradient 0.
        bias: one number for each class; `-inf` leaves a class out.
        where: tokens that count; the others may hold anything.
        weights: of the tokens.
        smoothing: share of the target that is spread evenly over the classes.
        class_weights: cost of each class.
        z_loss: coefficient of the squared logarithm of the normaliser.
        softcap: bound that the logits approach; None for no bound.
        temperature: that logits are divided by.
        has_aux: give a `Report` of each token too.
        axis_name: mapped axis to add the average up over.
        class_axis_name: mapped axis of `jax.shard_map` that the classes are divided over, in equal
            slices: `kernel`, `bias` and `class_weights` are those of this device's slice.
        chunk: tokens, or for the schedule `vocab` classes, at a time.
        budget: bytes for logits and what a schedule holds besides; by default those of the larger
            gradient in float32.
        schedule: `tokens`: three matrix products, memory for the logits of a chunk of tokens and
            the float32 gradient of the kernel. `vocab`: four products, memory for the logits of a
            block of classes, the gradient of the kernel in its own dtype. `materialize`: three
            products, memory for all logits. `auto`: the fastest that the budget allows.
        dtype: as in `linear`.
        precision: as in `linear`.
        sharding: as in `linear`.

    Returns:
        An `Average` over the tokens; with `has_aux`, a pair of it and the `Report`.

    Example:
        >>> average = linear_softmax_cross_entropy(jnp.eye(3), jnp.eye(3), jnp.array([0, 1, 2]))
        >>> average.value
        Array(0.5514, dtype=float32)

    Reference: as in `jaxloss.classification.softmax_cross_entropy`; softcap, Gemma Team 2024,
        arXiv:2408.00118; `tokens`, Hsu et al. 2024, arXiv:2410.10989; `vocab`, Wijmans et al. 2024,
        arXiv:2411.09009.
    """
    layer = Layer.of(features, kernel, bias, (labels,), where, weights)
    wide = jnp.promote_types(layer.shared.kernel.dtype, jnp.float32)
    slices = 1 if class_axis_name is None else lax.psum(1, class_axis_name)
    indices("labels", layer.rows.targets[0], layer.batch, slices * layer.classes)
    costs = None
    if class_weights is not None:
        one_each = jnp.zeros(layer.classes, wide)
        costs = class_vector("class_weights", class_weights, one_each)
    usual = isinstance(temperature, int | float) and temperature == 1
    options = Options(
        smoothing=None if absent(smoothing) else _number(smoothing, wide),
        z_loss=None if absent(z_loss) else _number(z_loss, wide),
        softcap=None if softcap is None else _number(softcap, wide),
        temperature=None if usual else _number(temperature, wide),
    )
    way = Way(chunk, budget, schedule, dtype, precision, sharding)

    def on_device(rows: Rows, shared: Any, plan: Plan, axes: Any) -> Any:
        # Each device takes its own part of their derivative; the parts are added up at the end.
        parts, (costs, options) = (
            shared[0],
            jax.tree.map(lambda a: alike(a, rows.features), shared[1]),
        )
        across = axes or class_axis_name
        tokens, dim = rows.features.shape
        classes = plan.classes(parts.kernel)
        if way.choice(tokens, dim, classes) == "vocab":
            width = way.chunk_of_classes(tokens, dim, classes)
            by_classes = dataclasses.replace(plan, chunk=width)
            with_options = parts._replace(constants=(costs, options))
            total, report = vocabulary_total(rows, with_options, by_classes, across)
        else:
            loss = functools.partial(_cross_entropy, costs, options, has_aux, across)
            total, report = weighted_total(loss, rows, parts, plan)
        return averaged(total, rows), report if has_aux else ()

    average, report = layer.on_devices(on_device, way, (costs, options), knows=True)
    average = over_mapped(average, axis_name)
    return (average, report) if has_aux else average


class LogProbs(NamedTuple):
    """Log-probabilities, and what comes with them; all differentiable.

    Attributes:
        log_probs: of the ids asked for.
        logsumexp: logarithm of the normaliser of each token.
        entropy: of the distribution of each token, in nats.
    """

    log_probs: Float[Array, "*batch k"]
    logsumexp: Float[Array, "*batch"]
    entropy: Float[Array, "*batch"]


def linear_log_probs(
    features: Float[ArrayLike, "*batch dim"],
    kernel: Float[ArrayLike, "dim classes"] | Table,
    ids: Int[ArrayLike, "*batch k"],
    *,
    bias: Float[ArrayLike, " classes"] | None = None,
    softcap: ArrayLike | None = None,
    temperature: ArrayLike = 1.0,
    class_axis_name: Hashable | None = None,
    chunk: int | None = None,
    budget: int | None = None,
    schedule: Schedule = "auto",
    dtype: Any = None,
    precision: Any = None,
    sharding: Sharding | None = None,
) -> LogProbs:
    """Log-probabilities of some classes for each token, from the features of a linear layer.

    Formula: `log_softmax(z)[ids]`, with `z` as in `linear_softmax_cross_entropy`. For objectives
    that weigh each token in their own way: policies (one id for each token), preferences, top-k
    distillation (k ids), transducers (blank and label).

    Args:
        features: inputs of the layer.
        kernel: its weights, one column for each class, or a `Table` of embeddings.
        ids: classes asked for; one outside `[0, classes)` gives NaN with gradient 0.
        bias: one number for each class.
        softcap: bound that the logits approach; None for no bound.
        temperature: that logits are divided by.
        class_axis_name: mapped axis that the classes are divided over, in equal slices.
        chunk: as in `linear`.
        budget: as in `linear`.
        schedule: as in `linear`.
        dtype: as in `linear`.
        precision: as in `linear`.
        sharding: as in `linear`.

    Example:
        >>> found = linear_log_probs(jnp.eye(2), jnp.eye(2), jnp.array([[0], [0]]))
        >>> found.log_probs[:, 0]
        Array([-0.3133, -1.3133], dtype=float32)
    """
    options = Options(
        smoothing=None,
        z_loss=None,
        softcap=None if softcap is None else jnp.asarray(softcap),
        temperature=jnp.asarray(temperature),
    )

    def chosen(logits: Array, ids: Array, axis_name: Hashable | None = None) -> LogProbs:
        return _log_probs(options.transformed(logits), ids, axis_name or class_axis_name)

    way = Way(chunk, budget, schedule, dtype, precision, sharding)
    array = jnp.asarray(ids)
    if array.ndim != jnp.ndim(features):
        raise ValueError(
            f"expected `ids` of shape `*batch k` beside `features` {jnp.shape(features)}, got "
            f"{array.shape}"
        )
    layer = Layer.of(features, kernel, bias, (array,))
    slices = 1 if class_axis_name is None else lax.psum(1, class_axis_name)
    indices("ids", array, array.shape, slices * layer.classes)
    return _for_each(chosen, layer, way)


def linear_values(
    function: Callable[..., Any],
    *,
    chunk: int | None = None,
    budget: int | None = None,
    schedule: Schedule = "auto",
    dtype: Any = None,
    precision: Any = None,
    sharding: Sharding | None = None,
) -> Callable[..., Any]:
    """Fuse any function of the logits of single tokens with the linear layer that makes them.

    Unlike `linear` it sums nothing up: each value may be weighed, sorted or compared afterwards.
    For that the logits of a chunk are made a second time where gradients are wanted: four matrix
    products instead of three.

    Args:
        function: takes logits, shape `chunk classes`, and targets whose first axis is `chunk`;
            gives a tree of arrays whose first axis is `chunk`. As for `axis_name`, see `linear`.
        chunk: as in `linear`.
        budget: as in `linear`.
        schedule: as in `linear`.
        dtype: as in `linear`.
        precision: as in `linear`.
        sharding: as in `linear`.

    Returns:
        A function `(features, kernel, *targets, bias=None)` that gives that tree, with the axes of
        the batch in place of the first.

    Example:
        >>> from jaxloss.losses.classification import softmax_cross_entropy
        >>> linear_values(softmax_cross_entropy)(jnp.eye(2), jnp.eye(2), jnp.array([0, 0]))
        Array([0.3133, 1.3133], dtype=float32)
    """
    way = Way(chunk, budget, schedule, dtype, precision, sharding)

    def fused(
        features: Float[ArrayLike, "*batch dim"],
        kernel: Float[ArrayLike, "dim classes"] | Table,
        *targets: PyTree[ArrayLike],
        bias: Float[ArrayLike, " classes"] | None = None,
    ) -> Any:
        return _for_each(function, Layer.of(features, kernel, bias, targets), way)

    return fused


def _for_each(function: Callable[..., Any], layer: Layer, way: Way) -> Any:
    def on_device(rows: Rows, shared: Any, plan: Plan, axes: Any) -> Any:
        local = functools.partial(function, axis_name=axes) if axes else function
        return (), values_of(local, rows, shared[0], plan)

    knows = "axis_name" in inspect.signature(function).parameters
    return layer.on_devices(on_device, way, (), knows)[1]


def _log_probs(logits: Array, ids: Array, axis_name: Hashable | None) -> LogProbs:
    moved, top = shifted(logits, axis_name=axis_name)
    log_z = log_total(moved, axis_name)
    classes = logits.shape[-1] * (1 if axis_name is None else lax.psum(1, axis_name))
    # One pick for each of the few ids: nothing of the size of the logits for each of them.
    picked = [
        known(pick(moved, ids[..., place], axis_name) - log_z, ids[..., place], classes)
        for place in range(ids.shape[-1])
    ]
    p = jnp.exp(moved - log_z[..., None])
    mean = sum_across(product(p, moved), axis_name)
    return LogProbs(jnp.stack(picked, axis=-1), log_z + top, log_z - mean)


def _number(given: ArrayLike, dtype: Any) -> Array:
    return jnp.asarray(given).astype(dtype)


def _cross_entropy(
    costs: Array | None,
    options: Options,
    has_aux: bool,
    axis_name: Hashable | None,
    logits: Array,
    labels: Array,
) -> tuple[Array, Any]:
    """Cross-entropy of a chunk of tokens, and their reports."""
    logits = options.transformed(logits)
    values = softmax_cross_entropy(
        logits,
        labels,
        smoothing=0.0 if options.smoothing is None else options.smoothing,
        class_weights=costs,
        z_loss=0.0 if options.z_loss is None else options.z_loss,
        axis_name=axis_name,
    )
    return values, reported(values, logits, labels, axis_name) if has_aux else ()
