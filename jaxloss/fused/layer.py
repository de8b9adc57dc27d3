"""A linear layer under a loss: its parts checked, and worked on where they lie."""

import dataclasses
import functools
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core.checks import mask
from jaxloss.core.reduce import Average
from jaxloss.fused.engine import Plan, Rows, Shared
from jaxloss.fused.placement import Placement, by_compiler, placement


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Table:
    """A table of embeddings, shape `classes dim`, in the place of a kernel.

    It stands for `table.T`, but is read, and has its gradient written, as it lies: transposing it
    would cost a copy.

    Attributes:
        table: shape `classes dim`.

    Example:
        >>> Table(jnp.ones((5, 2))).table.shape
        (5, 2)
    """

    table: ArrayLike


SMALLEST = 128
"""Tokens, or classes, that a block should have for the matrix products to be worth it."""


@dataclass(frozen=True)
class Way:
    """How the caller wants it done; the fields are arguments of `jaxloss.fused.linear`."""

    chunk: int | None = None
    budget: int | None = None
    schedule: str = "auto"
    dtype: Any = None
    precision: Any = None
    sharding: tuple[Any, Any] | None = None

    def __post_init__(self) -> None:
        """Complain about numbers that make no sense."""
        for name in ("chunk", "budget"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise ValueError(f"expected `{name}` of at least 1, got {number}")

    def bytes(self, tokens: int, dim: int, classes: int) -> int:
        """Memory for logits: by default that of the gradients, which there must be anyway."""
        return self.budget or max(4 * dim * max(tokens, classes), 1 << 24)

    def choice(self, tokens: int, dim: int, classes: int) -> str:
        """Schedule for these sizes."""
        if self.schedule != "auto":
            return self.schedule
        budget = self.bytes(tokens, dim, classes)
        if self.chunk is None and 4 * tokens * classes <= budget:
            return "materialize"
        # Chunks of tokens need the gradient of the kernel in float32 besides their logits.
        if self.budget is not None and 4 * classes * (dim + min(tokens, SMALLEST)) > budget:
            return "vocab"
        return "tokens"

    def chunk_of_tokens(self, tokens: int, dim: int, classes: int) -> int:
        """Tokens whose logits are made at a time."""
        if self.choice(tokens, dim, classes) == "materialize":
            return max(tokens, 1)
        if self.chunk is not None:
            return self.chunk
        size = max(self.bytes(tokens, dim, classes) // (4 * max(classes, 1)), 1)
        # Equal parts, so that no small one is left over.
        return max(math.ceil(tokens / max(math.ceil(tokens / size), 1)), 1)

    def chunk_of_classes(self, tokens: int, dim: int, classes: int) -> int:
        """Classes whose logits are made at a time."""
        if self.chunk is not None:
            return self.chunk
        # Four arrays of the size of a block are alive at a time.
        size = self.bytes(tokens, dim, classes) // (16 * max(tokens, 1))
        return max(size // SMALLEST * SMALLEST, SMALLEST)


@dataclass(frozen=True)
class Layer:
    """A linear layer, its inputs, and what its outputs are compared with.

    Attributes:
        rows: of tokens, with the axes of the batch.
        shared: kernel and bias.
        batch: shape of the batch.
        classes: number of them.
        table: whether the kernel lies with the classes first.
    """

    rows: Rows
    shared: Shared
    batch: tuple[int, ...]
    classes: int
    table: bool

    @classmethod
    def of(
        cls,
        features: ArrayLike,
        kernel: "ArrayLike | Table",
        bias: ArrayLike | None,
        targets: tuple[PyTree[ArrayLike], ...],
        where: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> "Layer":
        """Check the parts.

        Raises:
            TypeError: for features or a kernel that are not floating point, a mask that is not
                boolean.
            ValueError: for shapes that do not fit.
        """
        table = isinstance(kernel, Table)
        x = _floating("features", features)
        w = _floating("kernel", kernel.table if isinstance(kernel, Table) else kernel)
        if x.ndim < 1 or w.ndim != 2 or x.shape[-1] != w.shape[table]:
            wanted = "`Table` of shape `classes dim`" if table else "shape `dim classes`"
            raise ValueError(
                f"expected `features` of shape `*batch dim` and a `kernel` of {wanted}, got "
                f"{x.shape} and {w.shape}"
            )
        classes = w.shape[not table]
        batch = x.shape[:-1]
        rows = Rows(
            x,
            jax.tree.map(functools.partial(_leading, batch), targets),
            None if weights is None else _exact("weights", weights, batch),
            None if where is None else mask(where, jnp.zeros(batch)),
        )
        biases = None if bias is None else _exact("bias", bias, (classes,))
        return cls(rows, Shared(w, biases), batch, classes, table)

    def on_devices(
        self, function: Callable[[Rows, Any, Plan, Any], Any], way: Way, classwise: Any, knows: bool
    ) -> tuple[Any, Any]:
        """Call a function where the layer lies, on flat tokens.

        Args:
            function: of rows, shared and classwise arrays, a plan, and the mapped axes of the
                classes (if any); gives sums over tokens, and results for each token.
            way: of doing it.
            classwise: tree of numbers, and of arrays of one number for each class.
            knows: whether the function can address the axes of the classes by name.
        """
        place = placement(self.rows.features, self.shared.kernel, way.sharding, knows, self.table)
        shared = (self.shared, classwise)
        if place is None:
            return self._local(function, way, place, self.rows, shared)
        local = functools.partial(self._local, function, way, place)
        return place.run(local, self.rows, shared)

    def _local(
        self,
        function: Callable[..., Any],
        way: Way,
        place: Placement | None,
        rows: Rows,
        shared: Any,
    ) -> Any:
        rank = len(self.batch)
        lead = rows.features.shape[:-1]
        flat = jax.tree.map(lambda a: a.reshape(-1, *a.shape[rank:]), rows)
        kernel = shared[0].kernel
        read = jnp.promote_types(rows.features.dtype, kernel.dtype)
        strided = place is None and by_compiler(rows.features)
        read = read if way.dtype is None else way.dtype
        plan = Plan(1, read, way.precision, strided, self.table)
        tokens, dim = flat.features.shape
        chunk = way.chunk_of_tokens(tokens, dim, plan.classes(kernel))
        plan = dataclasses.replace(plan, chunk=chunk)
        axes = place.class_axes if place else ()
        sums, results = function(flat, shared, plan, axes)
        return sums, jax.tree.map(lambda a: a.reshape(*lead, *a.shape[1:]), results)


def averaged(total: Array, rows: Rows) -> Average:
    """A weighted sum of losses, with the sum of the weights of the tokens that count."""
    kept, dtype = rows.kept, total.dtype
    if rows.weights is not None:
        weights = rows.weights.astype(dtype)
        weight = jnp.sum(weights if kept is None else jnp.where(kept, weights, 0))
    elif kept is not None:
        weight = jnp.sum(kept, dtype=dtype)
    else:
        weight = jnp.asarray(rows.features.shape[0], dtype)
    return Average(total, weight)


def over_mapped(average: Average, axis_name: Hashable | None) -> Average:
    """The average over the devices of a mapped axis as well."""
    return average if axis_name is None else lax.psum(average, axis_name)


def _floating(name: str, given: ArrayLike) -> Array:
    array = jnp.asarray(given)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"expected floating-point `{name}`, got {array.dtype}")
    return array


def _exact(name: str, given: ArrayLike, shape: tuple[int, ...]) -> Array:
    array = _floating(name, given)
    if array.shape != shape:
        raise ValueError(f"expected `{name}` of shape {shape}, got {array.shape}")
    return array


def _leading(batch: tuple[int, ...], given: ArrayLike) -> Array:
    array = jnp.asarray(given)
    if array.shape[: len(batch)] != batch:
        raise ValueError(
            f"expected a target whose first axes are {batch}, those of `features`, got "
            f"{array.shape}"
        )
    return array
