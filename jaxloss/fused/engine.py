"""The engine: a weighted sum of losses of logits, chunk by chunk, with the gradient on the way.

Each chunk of tokens has its logits made, its loss taken, and the gradient of that carried back
through the two matrix products at once: three products in all, and never more logits than those of
one chunk. Gradients of what all tokens share (kernel, bias, hyperparameters) add up in float32.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from jaxloss.core.derivatives import matmul
from jaxloss.core.lift import fill
from jaxloss.core.mesh import alike, zeros_of_type
from jaxloss.core.numerics import product, with_gradient

Loss = Callable[..., Any]


class Rows(NamedTuple):
    """What belongs to single tokens, on the first axis.

    Attributes:
        features: shape `tokens dim`.
        targets: further arguments of the loss.
        weights: factors of the values; None for ones.
        kept: tokens that count; None for all.
    """

    features: Any
    targets: Any
    weights: Any
    kept: Any


class Shared(NamedTuple):
    """What all tokens share.

    Attributes:
        kernel: shape `dim classes`, or for a table `classes dim`.
        bias: shape `classes`, or None.
        constants: what the loss closes over.
    """

    kernel: Any
    bias: Any
    constants: Any = ()


@dataclass(frozen=True)
class Plan:
    """How to go about it.

    Attributes:
        chunk: tokens at a time.
        dtype: that the matrix products read.
        precision: of the matrix products.
        strided: whether a chunk is made of every so many tokens and not of neighbours. An array
            that the compiler has divided over devices by its first axis then keeps all of them
            busy with every chunk.
        table: whether the kernel lies with the classes first.
    """

    chunk: int
    dtype: Any
    precision: Any = None
    strided: bool = False
    table: bool = False

    @property
    def wide(self) -> Any:
        """Dtype of logits and sums."""
        return jnp.promote_types(self.dtype, jnp.float32)

    def product(self, a: Array, b: Array, over: tuple[int, int]) -> Array:
        """Matrix product that sums over one axis of each, in the wide dtype."""
        return matmul(a, b, over, dtype=self.dtype, precision=self.precision)

    def classes(self, kernel: Array) -> int:
        """Number of classes."""
        return kernel.shape[0 if self.table else 1]

    def to_features(self, by_logits: Array, kernel: Array) -> Array:
        """Gradient of the features."""
        return self.product(by_logits, kernel, (1, 0 if self.table else 1))

    def to_kernel(self, by_logits: Array, features: Array) -> Array:
        """Gradient of the kernel."""
        if self.table:
            return self.product(by_logits, features, (0, 0))
        if 4 * features.shape[1] > by_logits.shape[1]:
            return self.product(features, by_logits, (0, 0))
        # Transposed by hand where that is cheap, behind a barrier so that it stays: XLA on CPU
        # takes twice as long for a product of matrices that are both summed over their first axis.
        return self.product(lax.optimization_barrier(features.T), by_logits, (1, 0))

    def logits(self, features: Array, kernel: Array, bias: Array | None) -> Array:
        """Logits of some tokens."""
        logits = self.product(features, kernel, (1, 1 if self.table else 0))
        return logits if bias is None else logits + bias.astype(self.wide)


def weighted_total(loss: Loss, rows: Rows, shared: Shared, plan: Plan) -> tuple[Array, Any]:
    """Sum of weights times losses over the tokens kept, and auxiliary results for each token.

    Args:
        loss: takes logits, shape `chunk classes`, and the targets of those tokens; gives values,
            shape `chunk`, and a tree of auxiliary arrays. It may close over anything.
        rows: of all tokens.
        shared: by all tokens; `constants` is filled in here.
        plan: how.
    """
    programs = {size: _program(loss, rows, shared, plan, size) for size in _sizes(rows, plan)}
    # A rule is traced long after the loss was: what the loss closes over comes as an argument.
    (constants, *_) = [tuple(program.consts) for program, _ in programs.values()]
    losses = {size: _as_function(*program) for size, program in programs.items()}

    def value(rows: Rows, shared: Shared) -> tuple[Array, Any]:
        nothing = jax.tree.map(lambda _: False, (rows, shared))
        return _run(losses, plan, nothing, rows, shared)[0]

    def value_and_gradient(wanted: Any, rows: Rows, shared: Shared) -> Any:
        return _run(losses, plan, wanted, rows, shared)

    return with_gradient(value, value_and_gradient)(rows, shared._replace(constants=constants))


def values_of(loss: Loss, rows: Rows, shared: Shared, plan: Plan) -> Any:
    """Results of a function of logits for each token, any tree of them.

    The logits of a chunk are made again where a derivative is wanted, so that every value may have
    a cotangent of its own: four matrix products in all.

    Args:
        loss: takes logits, shape `chunk classes`, and the targets of those tokens.
        rows: of all tokens; `weights` and `kept` play no part.
        shared: by all tokens.
        plan: how.
    """
    # Cotangents of what goes into a loop add up in its dtype.
    kernel, bias, _ = jax.tree.map(lambda a: a.astype(plan.wide), shared)

    def at(part: Rows) -> Any:
        return loss(plan.logits(part.features, kernel, bias), *part.targets)

    return in_blocks(at, rows, plan.chunk, plan.strided)


def in_blocks(function: Callable[[Any], Any], rows: Any, size: int, strided: bool = False) -> Any:
    """Call a function on blocks of rows, and put its results together.

    Args:
        function: takes a tree of arrays with `size` rows, or what is left over; gives another.
        rows: tree of arrays, rows on the first axis.
        size: rows of a block.
        strided: whether blocks are made of every so many rows.
    """
    nothing = lambda *_: ()
    return fold_blocks(lambda part: ((), function(part)), nothing, rows, size, strided)[1]


def fold_blocks(
    function: Callable[[Any], tuple[Any, Any]],
    join: Callable[[Any, Any], Any],
    rows: Any,
    size: int,
    strided: bool = False,
    start: Callable[[Any], Any] = lambda nothing: nothing,
) -> tuple[Any, Any]:
    """Call a function on blocks of rows, fold up one part of its results, and stack the other.

    What the function makes on the way is made again where a derivative of it is wanted, so that no
    more than one block of it is ever there.

    Args:
        function: takes a tree of arrays with `size` rows, or what is left over; gives what is
            folded up, and what has a row for each row.
        join: two of the former into one.
        rows: tree of arrays, rows on the first axis.
        size: rows of a block.
        strided: whether blocks are made of every so many rows.
        start: makes of zeros what is joined first.
    """
    size, whole, left = pieces(jax.tree.leaves(rows)[0].shape[0], size)
    step = jax.checkpoint(function, prevent_cse=False)

    def body(found: Any, index: Array) -> tuple[Any, Any]:
        more, results = step(_taken(strided, size, whole, rows, index))
        return join(found, more), results

    if whole <= 1:
        found, results = function(jax.tree.map(lambda a: a[:size], rows))
    else:
        shapes = jax.eval_shape(lambda: function(_taken(strided, size, whole, rows, jnp.int32(0))))
        found = start(jax.tree.map(zeros_of_type, shapes[0]))
        found, results = lax.scan(body, found, jnp.arange(whole, dtype=jnp.int32))
        results = jax.tree.map(functools.partial(_joined, strided), results)
    if left:
        more, rest = function(jax.tree.map(lambda a: a[whole * size :], rows))
        found = join(found, more)
        results = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), results, rest)
    return found, results


def pieces(rows: int, size: int) -> tuple[int, int, int]:
    """Rows of a block, number of whole blocks, and rows left over."""
    size = min(size, rows)
    whole = rows // size if size else 0
    return size, whole, rows - whole * size


def _sizes(rows: Rows, plan: Plan) -> set[int]:
    chunk, whole, rest = pieces(rows.features.shape[0], plan.chunk)
    return {size for size, count in ((chunk, whole), (rest, 1)) if count and size} or {0}


def _program(loss: Loss, rows: Rows, shared: Shared, plan: Plan, size: int) -> Any:
    """The loss of a chunk as a program, and the structure of its result."""
    found: list[Any] = []

    def probe(rows: Rows, shared: Shared) -> None:
        features, targets, *_ = jax.tree.map(lambda a: lax.slice_in_dim(a, 0, size), rows)
        logits = plan.logits(features, shared.kernel, shared.bias)
        program, shapes = jax.make_jaxpr(loss, return_shape=True)(logits, *targets)
        _demand_values(shapes, size)
        found.append((program, jax.tree.structure(shapes)))

    jax.eval_shape(probe, rows, shared)
    return found[0]


def _as_function(program: Any, structure: Any) -> Loss:
    def function(logits: Array, targets: Any, constants: Any) -> Any:
        flat = jax.tree.leaves((logits, targets))
        results = jaxpr_as_fun(ClosedJaxpr(program.jaxpr, constants))(*flat)
        return jax.tree.unflatten(structure, results)

    return function


def _demand_values(shapes: Any, size: int) -> None:
    values = shapes[0]
    if not isinstance(values, jax.ShapeDtypeStruct) or values.shape != (size,):
        got = getattr(values, "shape", type(values).__name__)
        raise ValueError(
            f"expected a loss that gives one value for each of {size} rows of logits, got {got}"
        )


def _run(losses: dict[int, Loss], plan: Plan, wanted: Any, rows: Rows, shared: Shared) -> Any:
    """Total and auxiliary results, and the gradients wanted."""

    def at(part: Rows) -> Any:
        return _chunk(losses[part.features.shape[0]], plan, wanted, part, shared)

    def join(sums: Any, more: Any) -> Any:
        return jax.tree.map(jnp.add, sums, more)

    sums, results = fold_blocks(at, join, rows, plan.chunk, plan.strided)
    (total, of_shared), (aux, of_rows) = sums, results
    return (total, aux), (of_rows, of_shared)


def _taken(strided: bool, chunk: int, whole: int, rows: Any, index: Array) -> Any:
    """The tokens of one chunk: neighbours, or every so many."""

    def take(array: Array) -> Array:
        if not strided:
            return lax.dynamic_slice_in_dim(array, index * chunk, chunk)
        split = array[: chunk * whole].reshape(chunk, whole, *array.shape[1:])
        return lax.dynamic_index_in_dim(split, index, axis=1, keepdims=False)

    return jax.tree.map(take, rows)


def _joined(strided: bool, stacked: Array) -> Array:
    """What scan stacked for each chunk, in the order of the tokens."""
    ordered = jnp.swapaxes(stacked, 0, 1) if strided else stacked
    return ordered.reshape(-1, *stacked.shape[2:])


def _chunk(loss: Loss, plan: Plan, wanted: Any, rows: Rows, shared: Shared) -> Any:
    """What one chunk adds to total and shared gradients, and what it has for each token."""
    of_rows: Rows
    of_shared: Shared
    of_rows, of_shared = wanted
    features, targets, weights, kept = rows
    if kept is not None:
        # Padding may hold anything; with weight 0 alone, NaN would come through.
        features, targets = jax.tree.map(lambda a: fill(a, kept), (features, targets))
    logits = plan.logits(features, shared.kernel, shared.bias)
    through = bool(of_rows.features or of_shared.kernel or of_shared.bias)
    inputs = (logits, targets, shared.constants)
    leaves, structure = jax.tree.flatten(inputs)
    asked = jax.tree.leaves((through, of_rows.targets, of_shared.constants))

    def local(moving: list[Array]) -> Any:
        chosen = iter(moving)
        full = [next(chosen) if ask else leaf for ask, leaf in zip(asked, leaves, strict=True)]
        return loss(*jax.tree.unflatten(structure, full))

    moving = [leaf for ask, leaf in zip(asked, leaves, strict=True) if ask]
    factor = jnp.ones((), plan.wide) if weights is None else weights.astype(plan.wide)
    if moving:
        values, pull, aux = jax.vjp(local, moving, has_aux=True)
        cotangent = jnp.broadcast_to(factor, values.shape).astype(values.dtype)
        cotangent = cotangent if kept is None else jnp.where(kept, cotangent, 0)
        slopes = iter(pull(alike(cotangent, values))[0])
    else:
        (values, aux), slopes = local(moving), iter(())
    counted = values if kept is None else jnp.where(kept, values, 0)
    spread = [next(slopes) if ask else None for ask in asked]
    of_logits, of_targets, of_constants = jax.tree.unflatten(structure, spread)

    slope_rows = Rows(
        plan.to_features(of_logits, shared.kernel).astype(features.dtype)
        if of_rows.features
        else None,
        of_targets,
        counted if of_rows.weights else None,
        None,
    )
    slope_shared = Shared(
        plan.to_kernel(of_logits, features) if of_shared.kernel else None,
        jnp.sum(of_logits, axis=0) if of_shared.bias else None,
        of_constants,
    )
    return (jnp.sum(product(factor, counted)), slope_shared), (aux, slope_rows)
