"""Combinators that give functions their derivatives: custom rules live here, and in `numerics`.

* *closed form* (`with_partials`, `differentiated_as`): the derivative is written down rather than
  traced, which fixes the subgradient at kinks and avoids cancellation;
* *streaming* (`streamed`): the derivative of an elementwise loss is computed from its inputs once
  more, instead of from arrays that the value left behind;
* *along with the value* (`with_gradient`, `with_tangent`): one pass over large data gives both.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero
from jax.extend.core import Literal
from jax.sharding import NamedSharding, PartitionSpec

from jaxloss.core.mesh import divided, varying


def with_partials(
    value: Callable[..., Array], *partials: Callable[..., Array] | None
) -> Callable[..., Array]:
    """Give an elementwise function, or one of whole rows, derivatives written in closed form.

    The returned function computes `value(*args)`; its derivative with respect to the i-th argument
    is `partials[i](*args)`. Partials are ordinary JAX functions, so second and higher derivatives
    come from differentiating them. Only partials that are asked for are computed.

    Args:
        value: elementwise function of arrays of equal rank (size-one axes broadcast), or a function
            whose values lack the last axes of some arguments: of their entries each has a partial.
        partials: one function for each argument of `value`, of the same arguments; None for an
            argument whose derivative is zero everywhere it exists.

    Returns:
        A function of the same positional arguments, differentiable in both modes and any order.

    Example:
        >>> absolute_value = with_partials(jnp.abs, jnp.sign)
        >>> jax.grad(absolute_value)(0.0)
        Array(0., dtype=float32, weak_type=True)
    """
    function = jax.custom_jvp(value)

    def rule(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
        asked = [(t, p) for t, p in zip(tangents, partials, strict=True) if _matters(t) and p]
        return _linear(function(*primals), [(partial(*primals), t) for t, partial in asked])

    function.defjvp(rule, symbolic_zeros=True)
    return function


def differentiated_as(
    formula: Callable[..., Array], value: Callable[..., Array]
) -> Callable[..., Array]:
    """Compute a function by one formula and differentiate it by another.

    For a function with one formula that keeps its digits and another, equal but for rounding, that
    depends on the arguments in a way that can be differentiated.

    Args:
        formula: what is differentiated.
        value: what is computed, of the same arguments.

    Returns:
        A function of the same positional arguments, differentiable in both modes and any order.

    Example:
        >>> root = differentiated_as(lambda x: jnp.exp(jnp.log(x) / 2), jnp.sqrt)
        >>> jax.grad(root)(4.0)
        Array(0.25, dtype=float32, weak_type=True)
    """
    function = jax.custom_jvp(value)

    def rule(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
        return function(*primals), _slope(formula, primals, tangents)

    function.defjvp(rule, symbolic_zeros=True)
    return function


def streamed(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """Make value and gradient of an elementwise loss read its inputs and keep nothing between.

    Left alone, XLA computes what value and gradient share (an error, its absolute value, even a
    constant that both compare with) once, writes an array of the size of the batch and reads it
    back. That memory traffic costs more than computing it twice. Here the derivative sees the
    inputs, and the value its constants, behind optimization barriers, so nothing is shared.

    Args:
        kernel: elementwise function of arrays of equal rank (size-one axes broadcast), made of
            functions whose derivatives are right at their kinks.

    Returns:
        The same function with the same derivatives, in both modes and any order.

    Example:
        >>> square = streamed(lambda x, y: jnp.square(x - y))
        >>> jax.grad(square)(3.0, 1.0)
        Array(4., dtype=float32, weak_type=True)
    """
    function = jax.custom_jvp(lambda *args: _with_constants_apart(kernel, args))

    def rule(primals: tuple[Array, ...], tangents: tuple[Array, ...]) -> tuple[Array, Array]:
        return function(*primals), _slope(kernel, lax.optimization_barrier(primals), tangents)

    function.defjvp(rule, symbolic_zeros=True)
    return function


def _slope(function: Callable[..., Array], args: Sequence[Any], tangents: Sequence[Any]) -> Array:
    """Derivative along the tangents that are not zero by construction."""
    leaves, structure = jax.tree.flatten(tuple(args))
    changes = structure.flatten_up_to(tuple(tangents))
    places = [place for place, change in enumerate(changes) if _matters(change)]

    def of_moving(*moving: Array) -> Array:
        chosen = dict(zip(places, moving, strict=True))
        now = [chosen.get(place, leaf) for place, leaf in enumerate(leaves)]
        return function(*jax.tree.unflatten(structure, now))

    moving = tuple(leaves[place] for place in places)
    return jax.jvp(of_moving, moving, tuple(changes[place] for place in places))[1]


def with_tangent(
    value: Callable[..., Any], tangent: Callable[[Any, Any, Any], Any]
) -> Callable[..., Any]:
    """Give a function a derivative that starts from its results.

    Args:
        value: gives a tree of floating-point arrays.
        tangent: takes results, arguments and their tangents, and gives the tangents of the results;
            linear in the tangents, made of ordinary JAX.

    Returns:
        A function of the same positional arguments, differentiable in both modes and any order.
    """
    function = jax.custom_jvp(value)

    @function.defjvp
    def _(primals: Any, tangents: Any) -> tuple[Any, Any]:
        results = function(*primals)
        return results, tangent(results, primals, tangents)

    return function


def with_gradient(
    value: Callable[..., tuple[Array, Any]],
    value_and_gradient: Callable[..., tuple[tuple[Array, Any], Any]],
) -> Callable[..., tuple[Array, Any]]:
    """Give a scalar function a derivative that is computed along with its value.

    For a scalar the derivative is one number for each input, so whoever passes over the data to
    compute the value can leave with the gradient, and nothing needs to be kept or computed twice.
    The rule is ordinary JAX, so it serves both modes and, differentiated again, any order.

    Args:
        value: gives a scalar and auxiliary arrays, which carry no derivative.
        value_and_gradient: takes `wanted`, a tree of booleans in the structure of the arguments,
            and the arguments; gives the same as `value`, and a tree of that structure with the
            gradients wanted (float32 at least) and None elsewhere.

    Returns:
        A function of the arguments, pytrees of arrays, that gives what `value` gives.
    """
    dtypes: list[Any] = []

    def plain(*args: Any) -> tuple[Array, list[Array]]:
        total, aux = value(*args)
        return total, pack(aux)

    def pack(aux: Any) -> list[Array]:
        leaves, structure = jax.tree.flatten(aux)
        dtypes[:] = [structure, [leaf.dtype for leaf in leaves]]
        return [_as_float(leaf) for leaf in leaves]

    function = jax.custom_jvp(plain)

    def rule(primals: Any, tangents: Any) -> Any:
        leaves, structure = jax.tree.flatten(tangents)
        wanted = [_matters(tangent) for tangent in leaves]
        asked = jax.tree.unflatten(structure, wanted)

        # Compiled as one, partial evaluation cannot take it apart, hoist constants of the size of
        # a chunk out of its loop, and carry them along.
        @jax.jit
        def run(*args: Any) -> Any:
            (total, aux), gradient = value_and_gradient(asked, *args)
            return (total, pack(aux)), gradient

        (total, aux), gradient = run(*primals)
        slope = jnp.zeros_like(total)
        for part, tangent in zip(structure.flatten_up_to(gradient), leaves, strict=True):
            if _matters(tangent):
                slope = slope + _contracted(part.astype(total.dtype), tangent, total)
        return (total, aux), (slope, [jnp.zeros_like(leaf) for leaf in aux])

    function.defjvp(rule, symbolic_zeros=True)

    def unpacked(*args: Any) -> tuple[Array, Any]:
        total, packed = function(*args)
        structure, kinds = dtypes
        aux = [_from_float(leaf, kind) for leaf, kind in zip(packed, kinds, strict=True)]
        return total, jax.tree.unflatten(structure, aux)

    return unpacked


def _as_float(array: Array) -> Array:
    """The bits of an array as floating point, whose tangents can be told on which device they are.

    Those of integers cannot, inside `jax.shard_map`.
    """
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array
    if array.dtype.itemsize < 4:
        array = array.astype(jnp.int32)
    return lax.bitcast_convert_type(array, f"float{8 * array.dtype.itemsize}")


def _from_float(array: Array, dtype: Any) -> Array:
    if array.dtype == dtype:
        return array
    whole = lax.bitcast_convert_type(array, f"int{8 * array.dtype.itemsize}")
    return whole.astype(dtype)


def matmul(
    a: Array, b: Array, over: tuple[int, int], *, dtype: Any, precision: Any = None
) -> Array:
    """Product of two matrices that reads one dtype and adds up in float32 at least.

    Its derivative multiplies in the dtype that is read as well, so that gradients cost no more than
    values; what they are added up in is up to the arguments.

    Args:
        a: matrix.
        b: matrix.
        over: axis of each that is summed over.
        dtype: that the product reads.
        precision: of the product, as in `jax.lax.dot_general`.
    """
    wide = jnp.promote_types(dtype, jnp.float32)

    def multiply(a: Array, b: Array, gives: Any) -> Array:
        return lax.dot_general(
            a.astype(dtype),
            b.astype(dtype),
            (((over[0],), (over[1],)), ((), ())),
            precision=precision,
            preferred_element_type=gives,
            **_summed_everywhere(a, b, over),
        )

    product = jax.custom_jvp(lambda a, b: multiply(a, b, wide))

    def rule(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
        (a, b), (da, db) = primals, tangents
        parts = [multiply(da, b, dtype)] if _matters(da) else []
        parts += [multiply(a, db, dtype)] if _matters(db) else []
        value = product(a, b)
        slope = sum((part.astype(wide) for part in parts), start=jnp.zeros_like(value))
        return value, slope

    product.defjvp(rule, symbolic_zeros=True)
    return product(a, b)


def _summed_everywhere(a: Array, b: Array, over: tuple[int, int]) -> dict[str, Any]:
    """In Explicit mode, that a sum over an axis that is divided is wanted on every device."""
    if not (divided(a, over[0]) or divided(b, over[1])):
        return {}
    kinds: Any = jax.typeof(a).sharding, jax.typeof(b).sharding
    rest = [kind.spec[1 - axis] for kind, axis in zip(kinds, over, strict=True)]
    return {"out_sharding": NamedSharding(kinds[0].mesh, PartitionSpec(*rest))}


def _contracted(gradient: Array, tangent: Array, total: Array) -> Array:
    """Sum of gradient times tangent, over the devices too where each has a part of it."""
    summed = jnp.sum(gradient * tangent.astype(gradient.dtype))
    # Along manual mesh axes over which the gradient was added up already, but the totals will be
    # yet, each device has its share.
    done = tuple(varying(total) - varying(summed))
    summed = summed / lax.psum(1, done) if done else summed
    # Along those over which the total is known to all but the gradient is not, the parts add up.
    # (Reversed, the sum hands the same cotangent to every part.)
    apart = tuple(varying(summed) - varying(total))
    return lax.psum(summed, apart) if apart else summed


def _matters(tangent: object) -> bool:
    return not isinstance(tangent, SymbolicZero)


def _linear(value: Array, terms: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """A value, and the sum of partials times tangents in its shape."""
    if not terms:
        return value, jnp.zeros_like(value)
    changes = [_over_rows(partial * tangent, value.ndim) for partial, tangent in terms]
    return value, jnp.broadcast_to(functools.reduce(jnp.add, changes), value.shape)


def _over_rows(changes: Array, ndim: int) -> Array:
    extra = tuple(range(ndim, jnp.ndim(changes)))
    return jnp.sum(changes, axis=extra) if extra else changes


def _with_constants_apart(kernel: Callable[..., Array], args: Sequence[Array]) -> Array:
    """Evaluate a function with its constants behind a barrier."""
    program = jax.make_jaxpr(kernel)(*args)
    constants: dict[tuple[float, str], Array] = {}

    def constant(literal: Any) -> Any:
        dtype = literal.aval.dtype
        if not jnp.issubdtype(dtype, jnp.floating):
            return jnp.asarray(literal.val, dtype)
        key = (float(literal.val), str(dtype))
        if key not in constants:
            constants[key] = lax.optimization_barrier(jnp.asarray(literal.val, dtype))
        return constants[key]

    # A hyperparameter may well be a constant too.
    args = [arg if jnp.ndim(arg) else lax.optimization_barrier(arg) for arg in args]
    return _evaluate(program.jaxpr, program.consts, args, constant)[0]


def _evaluate(
    program: Any, consts: Sequence[Any], args: Sequence[Any], constant: Callable[[Any], Any]
) -> list[Any]:
    """Evaluate a jaxpr with its literals replaced, and calls (whose rules play no part) inlined."""
    known: dict[Any, Any] = {}

    def read(variable: Any) -> Any:
        return constant(variable) if isinstance(variable, Literal) else known[variable]

    known.update(zip([*program.constvars, *program.invars], [*consts, *args], strict=True))
    for equation in program.eqns:
        values = [read(variable) for variable in equation.invars]
        name, params = equation.primitive.name, equation.params
        inner = params["jaxpr"] if name in ("jit", "pjit") else params.get("call_jaxpr")
        if inner is not None:
            results = _evaluate(inner.jaxpr, inner.consts, values, constant)
        else:
            results = equation.primitive.bind(*values, **params)
            if not equation.primitive.multiple_results:
                results = [results]
        known.update(zip(equation.outvars, results, strict=True))
    return [read(variable) for variable in program.outvars]
