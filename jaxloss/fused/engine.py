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
from jax.sharding import NamedSharding, PartitionSpec

from jaxloss.core.lift import fill
from jaxloss.core.numerics import alike, divided, with_gradient, zeros_of_type

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
        spec = {} if not (divided(a, over[0]) or divided(b, over[1])) else _summed(a, b, over)
        return lax.dot_general(
            a.astype(self.dtype),
            b.astype(self.dtype),
            (((over[0],), (over[1],)), ((), ())),
            precision=self.precision,
            preferred_element_type=self.wide,
            **spec,
        )

    def classes(self, kernel: Array) -> int:
        """Number of classes."""
        return kernel.shape[0 if self.table else 1]

    def to_features(self, by_logits: Array, kernel: Array) -> Array:
        """Gradient of the features."""
        return self.product(by_logits, kernel, (1, 0 if self.table else 1))

    def to_kernel(self, by_logits: Array, features: Array) -> Array:
        """Gradient of the kernel."""
        pair = (by_logits, features) if self.table else (features, by_logits)
        return self.product(*pair, (0, 0))

    def logits(self, features: Array, kernel: Array, bias: Array | None) -> Array:
        """Logits of some tokens."""
        logits = self.product(features, kernel, (1, 1 if self.table else 0))
        return logits if bias is None else logits + bias.astype(self.wide)

    def pieces(self, tokens: int) -> tuple[int, int, int]:
        """Tokens of a chunk, number of whole chunks, and tokens left over."""
        chunk = min(self.chunk, tokens)
        whole = tokens // chunk if chunk else 0
        return chunk, whole, tokens - whole * chunk


def _summed(a: Array, b: Array, over: tuple[int, int]) -> dict[str, Any]:
    """In Explicit mode, that a sum over an axis that is divided is wanted on every device."""
    kinds: Any = jax.typeof(a).sharding, jax.typeof(b).sharding
    rest = [kind.spec[1 - axis] for kind, axis in zip(kinds, over, strict=True)]
    return {"out_sharding": NamedSharding(kinds[0].mesh, PartitionSpec(*rest))}


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


def _sizes(rows: Rows, plan: Plan) -> set[int]:
    chunk, whole, rest = plan.pieces(rows.features.shape[0])
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
    chunk, whole, left = plan.pieces(rows.features.shape[0])

    def at(part: Any) -> Any:
        size = part.features.shape[0]
        return _chunk(losses[size], plan, wanted, part, shared)

    if whole <= 1:
        sums, pieces = at(jax.tree.map(lambda a: a[:chunk], rows))
    else:
        # Rematerialised when it is differentiated again, so that second derivatives keep no more
        # logits than first ones.
        taken = functools.partial(_taken, plan.strided, chunk, whole)
        step = jax.checkpoint(lambda index: at(taken(rows, index)), prevent_cse=False)

        def body(sums: Any, index: Array) -> Any:
            added, slices = step(index)
            return jax.tree.map(jnp.add, sums, added), slices

        added = jax.eval_shape(step, jnp.zeros((), jnp.int32))[0]
        sums = jax.tree.map(zeros_of_type, added)
        sums, pieces = lax.scan(body, sums, jnp.arange(whole))
        pieces = jax.tree.map(functools.partial(_joined, plan.strided), pieces)
    if left:
        added, rest = at(jax.tree.map(lambda a: a[whole * chunk :], rows))
        sums = jax.tree.map(jnp.add, sums, added)
        pieces = jax.tree.map(lambda a, b: jnp.concatenate([a, b]), pieces, rest)
    (total, of_shared), (aux, of_rows) = sums, pieces
    return (total, aux), (of_rows, of_shared)


def _taken(strided: bool, chunk: int, whole: int, rows: Rows, index: Array) -> Rows:
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
    return (jnp.sum(factor * counted), slope_shared), (aux, slope_rows)
