"""Safe numerics: elementary functions whose values and derivatives are defined everywhere.

Two techniques recur:

* *double where*: the argument is replaced before the function is applied and the result is
  replaced after, so that neither the value nor any derivative of the branch not taken is seen;
* *closed-form partials*: derivatives from `jaxloss.core.derivatives`, whose combinators are at hand
  here too.
"""

import functools
from collections.abc import Hashable, Sequence
from math import factorial

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float, Int

from jaxloss.core.derivatives import (
    differentiated_as as differentiated_as,
    streamed as streamed,
    with_gradient as with_gradient,
    with_partials as with_partials,
    with_tangent as with_tangent,
)
from jaxloss.core.mesh import divided

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


def polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """A polynomial with constant coefficients, by Horner's rule.

    Args:
        x: where.
        coefficients: of the powers of `x`, the constant first.

    Example:
        >>> polynomial(jnp.array([2.0]), [1.0, 0.0, 3.0])
        Array([13.], dtype=float32)
    """
    total = jnp.full_like(x, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _expm1_ratio_value(x: Array) -> Array:
    small = jnp.abs(x) < 1e-3
    near = polynomial(jnp.where(small, x, 0), [1 / factorial(k + 1) for k in range(6)])
    return jnp.where(small, near, jnp.expm1(x) / jnp.where(small, 1, x))


def _expm1_ratio_slope(x: Array) -> Array:
    # (exp(x) - ratio(x)) / x cancels near 0.
    small = jnp.abs(x) < 0.3
    near = polynomial(jnp.where(small, x, 0), [(k + 1) / factorial(k + 2) for k in range(12)])
    far = (jnp.exp(x) - _expm1_ratio_value(x)) / jnp.where(small, 1, x)
    return jnp.where(small, near, far)


expm1_ratio = with_partials(_expm1_ratio_value, _expm1_ratio_slope)
"""`(exp(x) - 1) / x`, 1 at 0, with its derivative there."""


def _exp_residual_value(x: Array) -> Array:
    small = jnp.abs(x) < 1
    inside = jnp.where(small, x, 0)
    near = jnp.square(inside) * polynomial(inside, [1 / factorial(k + 2) for k in range(18)])
    return jnp.where(small, near, jnp.expm1(x) - x)


exp_residual = with_partials(_exp_residual_value, jnp.expm1)
"""`exp(x) - 1 - x` with full relative accuracy, also near 0."""


def _log1p_residual_value(x: Array) -> Array:
    # With s = x / (2 + x), log1p(x) = 2 (s + s**3/3 + s**5/5 + ...) and x - 2 s = x s exactly.
    small = x < 1
    s = jnp.where(small, x, 0) / (2 + jnp.where(small, x, 0))
    series = polynomial(jnp.square(s), [2 / (2 * k + 3) for k in range(16)])
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


def nuclear_norm(x: Array) -> Array:
    """Sum of the singular values of matrices; of those that are 0 no derivative is seen."""
    if 0 in x.shape[-2:]:
        return jnp.sum(x, axis=(-2, -1))
    return _nuclear_norm(x)


def _factors(x: Array) -> tuple[Array, Array, Array]:
    """Singular vectors and values, 0 where rounding is all there is."""
    u, s, vt = jnp.linalg.svd(x, full_matrices=False)
    least = max(x.shape[-2:]) * jnp.finfo(x.dtype).eps * jnp.max(s, axis=-1, keepdims=True)
    kept = s > least
    columns, rows = kept[..., None, :], kept[..., None]
    return jnp.where(columns, u, 0), jnp.where(kept, s, 0), jnp.where(rows, vt, 0)


def _directions(x: Array) -> Array:
    u, _, vt = _factors(x)
    return u @ vt


def _turn(_: Array, primals: tuple[Array], tangents: tuple[Array]) -> Array:
    # That of singular vectors has differences of singular values for divisors, which may be equal;
    # that of their product has sums.
    u, s, vt = _factors(primals[0])
    (change,) = tangents
    inner = jnp.swapaxes(u, -1, -2) @ change @ jnp.swapaxes(vt, -1, -2)
    skew = safe_divide(inner - jnp.swapaxes(inner, -1, -2), s[..., :, None] + s[..., None, :])
    inverse = safe_divide(jnp.ones_like(s), s)
    below = (change - u @ (jnp.swapaxes(u, -1, -2) @ change)) @ jnp.swapaxes(vt, -1, -2)
    beside = jnp.swapaxes(u, -1, -2) @ (change - (change @ jnp.swapaxes(vt, -1, -2)) @ vt)
    return (
        u @ (skew @ vt) + (below * inverse[..., None, :]) @ vt + u @ (inverse[..., None] * beside)
    )


_polar = with_tangent(_directions, _turn)
rotation = with_tangent(lambda x: jnp.matmul(*jnp.linalg.svd(x)[::2]), _turn)
"""The rotation nearest to a square matrix, one of them if there are several; it then stands still
where they differ."""
_nuclear_norm = with_tangent(
    lambda x: jnp.sum(jnp.linalg.svd(x, compute_uv=False), axis=-1),
    lambda _, primals, tangents: jnp.sum(_polar(primals[0]) * tangents[0], axis=(-2, -1)),
)


NEGLIGIBLE = 1e-3
"""Share of the largest singular value below which `principal_axes` sees no direction."""


def _axes_value(x: Array) -> Array:
    _, s, vt = jnp.linalg.svd(x, full_matrices=False)
    kept = s > NEGLIGIBLE * jnp.max(s, axis=-1, keepdims=True)
    return jnp.swapaxes(jnp.where(kept[..., None], vt, 0), -1, -2)


def _axes_turn(axes: Array, primals: tuple[Array], tangents: tuple[Array]) -> Array:
    (x,), (change,) = primals, tangents
    image = x @ axes
    # Squares of the singular values, in decreasing order, and what the Gram matrix does to axes.
    squares = jnp.sum(jnp.square(image), axis=-2)
    moved = jnp.swapaxes(change, -1, -2) @ image + jnp.swapaxes(x, -1, -2) @ (change @ axes)
    inside = jnp.swapaxes(axes, -1, -2) @ moved
    gaps = squares[..., None, :] - squares[..., :, None]
    least = 8 * jnp.finfo(x.dtype).eps * jnp.max(squares, axis=-1)[..., None, None]
    gaps = jnp.where(jnp.abs(gaps) > least, gaps, 0)
    turn = safe_divide(inside, gaps)
    return axes @ turn + safe_divide(moved - axes @ inside, squares[..., None, :])


_axes = with_tangent(_axes_value, _axes_turn)


def principal_axes(x: Float[Array, "*batch n dim"], count: int) -> tuple[Array, Array]:
    """Right singular vectors of matrices, as columns, and their singular values.

    Vectors of a singular value below `NEGLIGIBLE` times the largest are 0; vectors do not turn
    within the space of equal singular values. Signs are arbitrary.

    Args:
        x: matrices, with entries.
        count: how many, from the largest singular value on; fewer if there are fewer.

    Returns:
        Vectors, shape `(*batch, dim, count)`, and values, shape `(*batch, count)`.
    """
    # Axes do not depend on the scale, which would square beyond what there are numbers for.
    size = lax.stop_gradient(jnp.max(jnp.abs(x), axis=(-2, -1), keepdims=True))
    scaled = safe_divide(x, size)
    axes = _axes(scaled)[..., :count]
    return axes, safe_norm(scaled @ axes, axis=-2) * size[..., 0]


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


def known(
    values: Float[Array, "*batch"], labels: Int[Array, "*batch"], count: int
) -> Float[Array, "*batch"]:
    """Values whose label lies in `[0, count)`; NaN, with gradient 0, for the others.

    Loud when padding was forgotten, harmless when it is masked afterwards.
    """
    return jnp.where((labels >= 0) & (labels < count), values, jnp.nan)


def trailing_mean(x: Array, leading: int) -> Array:
    """Mean over all axes but the first `leading` ones; 0 of nothing."""
    summed = jnp.sum(x, axis=tuple(range(leading, x.ndim)))
    return summed / max(x.size // max(summed.size, 1), 1)


def product(weight: Array, value: Array) -> Array:
    """`weight * value` where a weight of 0 wins over an infinite or undefined value."""
    lost = (weight == 0) & ~jnp.isfinite(value)
    return weight * jnp.where(lost, 0, value)
