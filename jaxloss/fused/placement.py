"""Where tokens and classes lie: read from types, or from what the caller says, and acted upon.

A loop over chunks of tokens must run on each device over its own tokens; written for the whole
array it would make every device do all of them, or sum the gradient of the kernel once a chunk. So
the loop runs inside `jax.shard_map` over the mesh axes of the tokens, and what devices have in
parts is added up once, after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jax import Array, lax
from jax.sharding import NamedSharding, PartitionSpec

Entry = str | tuple[str, ...] | None


@dataclass(frozen=True)
class Placement:
    """How features and kernel are divided over a mesh.

    Attributes:
        mesh: of devices.
        tokens: mesh axes of each axis of tokens.
        classes: mesh axes of the classes.
        manual: whether the loop addresses the axes of the classes by name too.
        table: whether matrices have their axis of classes first.
    """

    mesh: Any
    tokens: tuple[Entry, ...]
    classes: tuple[str, ...]
    manual: bool
    table: bool

    @property
    def token_axes(self) -> tuple[str, ...]:
        """Mesh axes that tokens are divided over."""
        return tuple(name for entry in self.tokens for name in names(entry))

    @property
    def class_axes(self) -> tuple[str, ...]:
        """Mesh axes of the classes that the loop addresses by name."""
        return self.classes if self.manual else ()

    def run(self, function: Callable[..., Any], rows: Any, shared: Any) -> Any:
        """Call `function(rows, shared)` on each device with what it holds.

        Args:
            function: gives sums over tokens, and results for each token.
            rows: tree of arrays with the axes of tokens first.
            shared: tree of what all tokens share: matrices, vectors over the classes, numbers.

        Returns:
            The sums over all devices, and the results for each token.
        """
        of_rows = PartitionSpec(*self.tokens)
        is_explicit = explicit(self.mesh, (*self.token_axes, *self.classes))
        if is_explicit:
            rows = jax.tree.map(lambda a: self._put(a, of_rows), rows)
            shared = jax.tree.map(lambda a: self._put(a, self._divided(a, self.classes)), shared)

        def on_device(rows: Any, shared: Any) -> Any:
            sums, results = function(rows, shared)
            return lax.psum(sums, self.token_axes) if self.token_axes else sums, results

        axes = {*self.token_axes, *self.class_axes}
        if not axes:
            return function(rows, shared)
        partly = is_explicit and self.class_axes != self.classes
        mapped = jax.shard_map(
            on_device,
            mesh=None if partly else self.mesh,
            in_specs=(
                jax.tree.map(lambda _: of_rows, rows),
                jax.tree.map(lambda a: self._divided(a, self.class_axes), shared),
            ),
            out_specs=(PartitionSpec(), of_rows),
            axis_names=axes,
        )
        if not partly:
            return jax.jit(mapped)(rows, shared)
        # What the loop leaves to the compiler it must leave to it wholly: between manual axes and
        # explicit ones, arrays would be gathered.
        inner: Any = jax.sharding.auto_axes(
            mapped, axes=self.classes, out_sharding=(PartitionSpec(), of_rows)
        )
        with jax.sharding.use_abstract_mesh(self.mesh):
            return inner(rows, shared)

    def _put(self, array: Array, spec: PartitionSpec) -> Array:
        return jax.sharding.reshard(array, NamedSharding(self.mesh, spec))

    def _divided(self, array: Array, axes: tuple[str, ...]) -> PartitionSpec:
        """The axis of classes divided over mesh axes."""
        if array.ndim == 0 or not axes:
            return PartitionSpec()
        return (
            PartitionSpec(axes) if self.table else PartitionSpec(*(None,) * (array.ndim - 1), axes)
        )


def demand_recent_jax() -> None:
    """Complain about a JAX that cannot differentiate what is divided over devices here."""
    if jax.__version_info__ < (0, 10):
        raise NotImplementedError(
            f"fused losses over several devices need JAX 0.10 or newer, this is {jax.__version__}"
        )


def explicit(mesh: Any, axes: tuple[str, ...]) -> bool:
    """Whether types say how arrays are divided over these mesh axes."""
    kinds = dict(zip(mesh.axis_names, mesh.axis_types, strict=True))
    return all(kinds[name] == jax.sharding.AxisType.Explicit for name in axes)


def names(entry: Entry) -> tuple[str, ...]:
    """Mesh axes that an entry of a `PartitionSpec` names."""
    if entry is None:
        return ()
    return (entry,) if isinstance(entry, str) else tuple(entry)


def placement(
    features: Array, kernel: Array, sharding: tuple[Any, Any] | None, manual: bool, table: bool
) -> Placement | None:
    """Where features and kernel lie; None if nothing is divided, or each device runs its own.

    Args:
        features: shape `*tokens dim`.
        kernel: shape `dim classes`, or of a table `classes dim`.
        sharding: of features and kernel, as the caller gives them; None to read the types.
        manual: whether the loss can address the axes of the classes by name.
        table: whether the kernel lies with the classes first.
    """
    mesh, of_features, of_kernel = _specs(features, kernel, sharding)
    if mesh is None:
        return None
    tokens = tuple(_padded(of_features, features.ndim)[:-1])
    taken = {name for entry in tokens for name in names(entry)}
    # A mesh axis serves one purpose: a kernel divided over the axis of the tokens is gathered.
    classes = tuple(
        name for name in names(_padded(of_kernel, 2)[0 if table else 1]) if name not in taken
    )
    if not taken and not classes:
        return None
    demand_recent_jax()
    return Placement(mesh, tokens, classes, manual, table)


def by_compiler(array: Array) -> bool:
    """Whether the compiler alone knows how an array is divided over several devices."""
    mesh: Any = getattr(getattr(jax.typeof(array), "sharding", None), "mesh", None)
    if mesh is None or mesh.size == 1:
        return False
    return any(kind == jax.sharding.AxisType.Auto for kind in mesh.axis_types)


def _specs(
    features: Array, kernel: Array, sharding: tuple[Any, Any] | None
) -> tuple[Any, Any, Any]:
    typed: Any = [getattr(jax.typeof(array), "sharding", None) for array in (features, kernel)]
    meshes = [kind.mesh for kind in typed if kind is not None and kind.mesh.size > 1]
    if sharding is None:
        if not meshes:
            return None, (), ()
        of_features, of_kernel = (() if kind is None else kind.spec for kind in typed)
        return meshes[0], of_features, of_kernel
    given = [(s.mesh, s.spec) if isinstance(s, NamedSharding) else (None, s) for s in sharding]
    named = [mesh for mesh, _ in given if mesh is not None]
    here = jax.sharding.get_abstract_mesh()
    mesh: Any = next(iter([*named, *meshes, *([here] if here.axis_names else [])]), None)
    if mesh is None:
        raise ValueError(
            "`sharding` names mesh axes, but there is no mesh: give `jax.sharding.NamedSharding`s, "
            "or call under `jax.set_mesh`"
        )
    return mesh, given[0][1], given[1][1]


def _padded(spec: Any, rank: int) -> tuple[Entry, ...]:
    entries = tuple(spec or ())
    if len(entries) > rank:
        raise ValueError(f"`sharding` {spec} has more entries than the array has axes, {rank}")
    return (*entries, *(None,) * (rank - len(entries)))
