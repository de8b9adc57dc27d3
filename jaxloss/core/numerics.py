"""Safe numerics: elementary functions whose values and derivatives are defined everywhere.

Custom derivative rules live in this file and nowhere else. Three techniques recur:

* *double where*: the argument is replaced before the function is applied and the result is
  replaced after, so that neither the value nor any derivative of the branch not taken is seen;
* *closed-form partials* (`with_partials`): the derivative is written down rather than traced,
  which fixes the subgradient at kinks and avoids cancellation;
* *streaming* (`streamed`): the derivative of an elementwise loss is computed from its inputs once
  more, instead of from arrays that the value left behind.
"""

import functools
from collections.abc import Callable, Hashable, Sequence
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero
from jax.extend.core import Literal
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Bool, Float, Int


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


def varying(*arrays: Array) -> frozenset[Any]:
    """Manual mesh axes (of `jax.shard_map`) over which arrays may differ."""
    axes: frozenset[Any] = frozenset()
    for array in arrays:
        axes |= _varying(jax.typeof(array))
    return axes


def alike(array: Array, *others: Array) -> Array:
    """The same array, typed as differing over the manual mesh axes that others differ over."""
    return _differing(array, tuple(varying(*others) - varying(array)))


def zeros_of_type(kind: jax.ShapeDtypeStruct) -> Array:
    """Zeros of the shape, dtype, sharding and manual mesh axes that `jax.eval_shape` found."""
    sharding: Any = kind.sharding
    typed = sharding is not None and any(entry is not None for entry in sharding.spec)
    zeros = jnp.zeros(kind.shape, kind.dtype, device=sharding if typed else None)
    return _differing(zeros, tuple(_varying(kind)))


def _varying(kind: Any) -> frozenset[Any]:
    manual = getattr(kind, "manual_axis_type", None) or getattr(kind, "mat", None)
    return frozenset((getattr(kind, "vma", None) if manual is None else manual.varying) or ())


def _differing(array: Array, axes: tuple[Any, ...]) -> Array:
    if not axes:
        return array
    cast: Any = getattr(lax, "pcast", None)
    if cast is None:  # JAX 0.7
        return getattr(lax, "pvary")(array, axes)  # noqa: B009
    return cast(array, axes, to="varying")


def _matters(tangent: object) -> bool:
    return not isinstance(tangent, SymbolicZero)


def _linear(value: Array, terms: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """A value, and the sum of partials times tangents in its shape."""
    if not terms:
        return value, jnp.zeros_like(value)
    changes = [_over_rows(partial * tangent, value.ndim) for partial, tangent in terms]
    return value, jnp.broadcast_to(functools.reduce(jnp.add, changes), value.shape)


def _over_rows(changes: Array, ndim: int) -> Array:
    return jnp.sum(changes, axis=range(ndim, changes.ndim)) if changes.ndim > ndim else changes


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


absolute = with_partials(jnp.abs, jnp.sign)
"""`|x|` with derivative 0 at 0 (`jnp.abs` has +1 there)."""


relu = with_partials(
    lambda x: jnp.maximum(x, 0), lambda x: jnp.where(x > 0, jnp.ones_like(x), jnp.zeros_like(x))
)
"""`max(0, x)` with derivative 0 at 0 (`jnp.maximum` has one half there)."""

softplus = with_partials(
    lambda x: jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x))), jax.nn.sigmoid
)
"""`log(1 + exp(x))`, exact for large `|x|`, with the logistic function as derivative."""


def _log_cosh_value(x: Array) -> Array:
    # log(cosh(x)) = log1p(2 sinh(x/2)**2), exact near 0; beyond 20 it is |x| less a constant to the
    # last digit, which continues it without a branch (and without overflow).
    size = jnp.abs(x)
    inner = jnp.minimum(size, 20)
    grown = jnp.expm1(inner / 2)
    double_sinh = grown + grown / (1 + grown)
    return jnp.log1p(jnp.square(double_sinh) / 2) + (size - inner)


log_cosh = with_partials(_log_cosh_value, jnp.tanh)
"""`log(cosh(x))` with full relative accuracy, also near 0."""


def _polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _expm1_ratio_value(x: Array) -> Array:
    small = jnp.abs(x) < 1e-3
    near = _polynomial(jnp.where(small, x, 0), [1 / factorial(k + 1) for k in range(6)])
    return jnp.where(small, near, jnp.expm1(x) / jnp.where(small, 1, x))


def _expm1_ratio_slope(x: Array) -> Array:
    # (exp(x) - ratio(x)) / x cancels near 0.
    small = jnp.abs(x) < 0.3
    near = _polynomial(jnp.where(small, x, 0), [(k + 1) / factorial(k + 2) for k in range(12)])
    far = (jnp.exp(x) - _expm1_ratio_value(x)) / jnp.where(small, 1, x)
    return jnp.where(small, near, far)


expm1_ratio = with_partials(_expm1_ratio_value, _expm1_ratio_slope)
"""`(exp(x) - 1) / x`, 1 at 0, with its derivative there."""


def _log1p_residual_value(x: Array) -> Array:
    # With s = x / (2 + x), log1p(x) = 2 (s + s**3/3 + s**5/5 + ...) and x - 2 s = x s exactly.
    small = x < 1
    s = jnp.where(small, x, 0) / (2 + jnp.where(small, x, 0))
    series = _polynomial(jnp.square(s), [2 / (2 * k + 3) for k in range(16)])
    near = jnp.where(small, x, 0) * s - s * jnp.square(s) * series
    return jnp.where(small, near, x - jnp.log1p(jnp.where(small, 1, x)))


log1p_residual = with_partials(_log1p_residual_value, lambda x: x / (1 + x))
"""`x - log(1 + x)` for non-negative `x` with full relative accuracy, also near 0."""


def safe_divide(x: Array, y: Array, default: float = 0.0) -> Array:
    """`x / y`, and `default` with zero derivative where `y` is 0."""
    nonzero = y != 0
    return jnp.where(nonzero, x / jnp.where(nonzero, y, 1), jnp.asarray(default, x.dtype))


def safe_sqrt(x: Array) -> Array:
    """Square root of a non-negative array, with derivative 0 at 0 instead of infinity."""
    positive = x > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, x, 1)), jnp.zeros_like(x))


def safe_log(x: Array) -> Array:
    """Logarithm of a non-negative array; `-inf` with derivative 0 at 0."""
    positive = x > 0
    return jnp.where(positive, jnp.log(jnp.where(positive, x, 1)), jnp.full_like(x, -jnp.inf))


def safe_power(x: Array, exponent: Array) -> Array:
    """`x ** exponent` for non-negative `x`; derivative 0 at `x = 0`, and `0 ** 0 = 1`."""
    positive = x > 0
    power = jnp.exp(exponent * jnp.log(jnp.where(positive, x, 1)))
    at_zero = jnp.where(exponent == 0, jnp.ones_like(power), jnp.zeros_like(power))
    return jnp.where(positive, power, at_zero)


def safe_norm(x: Array, axis: int = -1, *, keepdims: bool = False) -> Array:
    """Euclidean norm along an axis: gradient 0 at the zero vector, no overflow of the squares."""
    scale = lax.stop_gradient(jnp.max(jnp.abs(x), axis=axis, keepdims=True, initial=0.0))
    scaled = x / jnp.where(scale > 0, scale, 1)
    norm = scale * safe_sqrt(jnp.sum(jnp.square(scaled), axis=axis, keepdims=True))
    return norm if keepdims else jnp.squeeze(norm, axis)


def normalize(x: Array, axis: int = -1) -> Array:
    """Bring vectors to unit length; a zero vector stays zero and has gradient 0."""
    return safe_divide(x, safe_norm(x, axis, keepdims=True))


def xlogy(x: Array, y: Array) -> Array:
    """`x * log(y)` with `0 * log(0) = 0`; both derivatives are 0 where `x` and `y` are 0."""
    return x * jnp.log(jnp.where((x == 0) & (y == 0), 1, y))


def log1mexp(x: Array) -> Array:
    """`log(1 - exp(x))` for negative `x`, accurate at both ends; `-inf` at 0.

    Reference: Mächler 2012, "Accurately computing log(1 - exp(-|a|))".
    """
    near = x > -jnp.log(2.0).astype(x.dtype)
    inside = jnp.where(near, x, -1)
    outside = jnp.where(near, -1, x)
    return jnp.where(near, safe_log(-jnp.expm1(inside)), jnp.log1p(-jnp.exp(outside)))


def shifted(
    x: Float[Array, "*batch n"],
    *,
    where: Bool[Array, "*batch n"] | None = None,
    axis_name: Hashable | None = None,
) -> tuple[Float[Array, "*batch n"], Float[Array, "*batch"]]:
    """Move each row so that its largest entry is 0; `-inf` for entries that `where` leaves out.

    What is computed from the moved row keeps its accuracy however large the scores are: the loss of
    a row of scores near 1e4 would otherwise be rounded to a thousandth.

    Args:
        x: rows, or slices of rows that are divided over devices.
        where: entries that take part.
        axis_name: mapped axis that rows are divided over.

    Returns:
        The moved rows, and by how much they were moved, which carries no gradient.
    """
    if where is not None:
        x = jnp.where(where, x, -jnp.inf)
    top = lax.stop_gradient(jnp.max(x, axis=-1, initial=-jnp.inf))
    top = top if axis_name is None else lax.pmax(top, axis_name)
    top = jnp.where(jnp.isfinite(top), top, 0)
    return x - top[..., None], top


def log_total(
    moved: Float[Array, "*batch n"], axis_name: Hashable | None = None
) -> Float[Array, "*batch"]:
    """`log(sum(exp(moved)))` of rows that `shifted` has moved; `-inf` with gradient 0 over none."""
    return safe_log(sum_across(jnp.exp(moved), axis_name))


def sum_across(x: Float[Array, "*batch n"], axis_name: Hashable | None) -> Float[Array, "*batch"]:
    """Sum of each row, which may be divided over the devices of a mapped axis."""
    summed = jnp.sum(x, axis=-1)
    return summed if axis_name is None else lax.psum(summed, axis_name)


def logsumexp(
    x: Float[Array, "*batch n"], *, where: Bool[Array, "*batch n"] | None = None
) -> Float[Array, "*batch"]:
    """`log(sum(exp(x)))` over the entries that `where` keeps; `-inf` with gradient 0 over none."""
    moved, top = shifted(x, where=where)
    return log_total(moved) + top


def log_add(*terms: Array) -> Array:
    """`log(sum(exp(terms)))` entry by entry; `-inf` with gradient 0 where every term is `-inf`."""
    top = functools.reduce(jnp.maximum, lax.stop_gradient(terms))
    top = jnp.where(top > -jnp.inf, top, 0)
    total = functools.reduce(jnp.add, [jnp.exp(term - top) for term in terms])
    return safe_log(total) + top


def log_softmax(
    x: Float[Array, "*batch n"], *, where: Bool[Array, "*batch n"] | None = None
) -> Float[Array, "*batch n"]:
    """Log of the softmax over the last axis; `-inf` for entries that `where` leaves out."""
    moved, _ = shifted(x, where=where)
    log_z = log_total(moved)
    # Over an empty set the normalizer is -inf and the difference would be NaN.
    return moved - jnp.where(jnp.isfinite(log_z), log_z, 0)[..., None]


def pick(
    values: Float[Array, "*batch classes"],
    index: Int[Array, "*batch"],
    axis_name: Hashable | None = None,
) -> Float[Array, "*batch"]:
    """Entry `index` of the last axis of each row; any entry, or 0, for an index out of range.

    Args:
        values: rows, or slices of rows that are divided over devices.
        index: of an entry of the whole row.
        axis_name: mapped axis that rows are divided over.
    """
    if axis_name is None:
        return _pick(values, index)
    size = values.shape[-1]
    index = index.astype(jnp.int32) - lax.axis_index(axis_name) * size
    here = (index >= 0) & (index < size)
    return lax.psum(jnp.where(here, _pick(values, index), 0), axis_name)


@jax.custom_jvp
def _pick(values: Array, index: Array) -> Array:
    if divided(values):
        # A gather from an axis that is divided over devices does not trace in Explicit mode.
        return jnp.sum(jnp.where(_hit(values, index), values, 0), axis=-1)
    return jnp.take_along_axis(values, index[..., None], axis=-1, mode="clip")[..., 0]


@_pick.defjvp
def _pick_jvp(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    values, index = primals
    # A comparison fuses with what else the gradient is made of, where a scatter would need an array
    # of its own; multiplied, since a selection would keep zeros of the size of the logits.
    hit = _hit(values, index).astype(values.dtype)
    return _pick(values, index), jnp.sum(hit * tangents[0], axis=-1)


def _hit(values: Array, index: Array) -> Array:
    """Where the last axis of `values` is at `index`, clamped."""
    return one_hot(jnp.clip(index, 0, values.shape[-1] - 1), values.shape[-1])


def one_hot(index: Int[Array, "*batch"], count: int) -> Bool[Array, "*batch count"]:
    """Booleans that are True at `index` on a new last axis; all False for an index out of range."""
    places = lax.broadcasted_iota(index.dtype, (*(1,) * index.ndim, count), index.ndim)
    return places == index[..., None]


def divided(array: Array, axis: int = -1) -> bool:
    """Whether an axis is divided over devices, as far as the type tells."""
    sharding: Any = getattr(jax.typeof(array), "sharding", None)
    spec: Any = getattr(sharding, "spec", ())
    return len(spec) == array.ndim > 0 and spec[axis] is not None


def known(
    values: Float[Array, "*batch"], labels: Int[Array, "*batch"], count: int
) -> Float[Array, "*batch"]:
    """Values whose label lies in `[0, count)`; NaN, with gradient 0, for the others.

    Loud when padding was forgotten, harmless when it is masked afterwards.
    """
    return jnp.where((labels >= 0) & (labels < count), values, jnp.nan)


def product(weight: Array, value: Array) -> Array:
    """`weight * value` where a weight of 0 wins over an infinite or undefined value."""
    lost = (weight == 0) & ~jnp.isfinite(value)
    return weight * jnp.where(lost, 0, value)
