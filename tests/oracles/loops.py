"""The loops that the oracles share: one scalar or one row at a time, in 40-digit decimals.

Decimals let every formula stand as its paper prints it: `exp(1e4)` does not overflow and
`sqrt(1 + 1e-12) - 1` keeps its digits, so that no oracle needs a stable rewriting.
"""

import decimal
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Target = int | list[Decimal]

# No traps: as in floating point, ln(0) is -Infinity and Infinity - Infinity is NaN.
EXACT = decimal.Context(prec=40, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, traps=[])
INFINITY = Decimal("Infinity")
NAN = Decimal("NaN")
ZERO = Decimal(0)
ONE = Decimal(1)


def real(values: npt.ArrayLike) -> Array:
    """Convert numbers of any dtype to float64."""
    return np.asarray(values, dtype=np.float64)


def integer(values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Convert labels to int64."""
    return np.asarray(values, dtype=np.int64)


def kept(where: npt.ArrayLike | None, shape: tuple[int, ...]) -> Mask:
    """Spell a mask out over `shape`; no mask keeps everything."""
    return (
        np.ones(shape, np.bool_)
        if where is None
        else np.broadcast_to(np.asarray(where, np.bool_), shape)
    )


def target_of(target: npt.ArrayLike) -> npt.NDArray[np.int64] | Array:
    """Labels stay integers, distributions become floats."""
    whole = np.issubdtype(np.asarray(target).dtype, np.integer)
    return integer(target) if whole else real(target)


def masses_of(target: Target, classes: int, keep: list[bool] | None = None) -> list[Decimal] | None:
    """The distribution that a target means; none for a label out of range.

    Mass that a distribution has on a class left out by `where` is not there.
    """
    if isinstance(target, list):
        keep = keep or [True] * classes
        return [mass if k else ZERO for mass, k in zip(target, keep, strict=True)]
    if not 0 <= target < classes:
        return None
    return [Decimal(int(c == target)) for c in range(classes)]


def weights_of(class_weights: npt.ArrayLike | None, shape: tuple[int, ...]) -> Array:
    """Weights spelled out over `shape`; none weigh 1."""
    return np.broadcast_to(real(1.0 if class_weights is None else class_weights), shape)


def exact(values: Any) -> Any:
    """Turn the floats of nested lists into decimals, without rounding."""
    if isinstance(values, list):
        return [exact(value) for value in values]
    return Decimal(values) if isinstance(values, float) else values


def elementwise(
    fn: Callable[..., Decimal | float], *arrays: npt.ArrayLike, **hyper: npt.ArrayLike
) -> Array:
    """Call `fn(*entries, **hyper)` on every entry of arrays of one shape."""
    inputs = [real(array) for array in arrays]
    shape = inputs[0].shape
    if any(array.shape != shape for array in inputs):
        raise ValueError(f"shapes differ: {[array.shape for array in inputs]}")
    return rows(fn, shape, *inputs, **hyper)


def rows(
    fn: Callable[..., Decimal | float],
    batch: tuple[int, ...],
    *arrays: npt.NDArray[Any],
    **hyper: npt.ArrayLike,
) -> Array:
    """Call `fn` on every index of `batch`: arrays lead with `batch`, `hyper` broadcasts to it.

    What remains of an array behind its batch axes reaches `fn` as nested lists, floats as
    decimals; integers and booleans stay.
    """
    spread = {name: np.broadcast_to(real(value), batch) for name, value in hyper.items()}
    result = np.empty(batch, np.float64)
    with decimal.localcontext(EXACT):
        for index in np.ndindex(batch):
            values = [exact(array[index].tolist()) for array in arrays]
            chosen = {name: exact(value[index].tolist()) for name, value in spread.items()}
            scalars = [value for value in values if isinstance(value, Decimal)]
            if any(value.is_nan() for value in (*scalars, *chosen.values())):
                result[index] = np.nan
            else:
                result[index] = float(fn(*values, **chosen))
    return result


def items(
    fn: Callable[..., Decimal],
    batch: tuple[int, ...],
    count: int,
    *arrays: npt.NDArray[Any],
    **hyper: npt.ArrayLike,
) -> Array:
    """Call `fn(i, ...)` for each of the `count` items of each list; `hyper` broadcasts to them.

    As `rows` otherwise: every item sees the whole list that it belongs to.
    """
    shape = (*batch, count)
    spread = {name: np.broadcast_to(real(value), shape) for name, value in hyper.items()}
    result = np.empty(shape, np.float64)
    with decimal.localcontext(EXACT):
        for index in np.ndindex(batch):
            values = [exact(array[index].tolist()) for array in arrays]
            for i in range(count):
                chosen = {name: exact(value[(*index, i)].item()) for name, value in spread.items()}
                result[(*index, i)] = float(fn(i, *values, **chosen))
    return result


def total(values: Iterable[Decimal]) -> Decimal:
    """The sum; 0 of nothing."""
    return sum(values, ZERO)


def dot(x: Sequence[Decimal], y: Sequence[Decimal]) -> Decimal:
    """The inner product of two vectors."""
    return total(a * b for a, b in zip(x, y, strict=True))


def squared_distance(x: Sequence[Decimal], y: Sequence[Decimal]) -> Decimal:
    """The square of the Euclidean distance between two points."""
    return total((a - b) * (a - b) for a, b in zip(x, y, strict=True))


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """Raise `base >= 0` to a power, in decimals only where floats run out of range."""
    try:
        value = float(base) ** float(exponent)
    except (OverflowError, ZeroDivisionError):
        value = np.inf
    return Decimal(value) if 1e-290 < value < 1e290 else base**exponent


def log_sum_exp(values: Sequence[Decimal]) -> Decimal:
    """The definition; beyond a million relative to the largest value, -inf for none."""
    largest = max(values, default=ZERO)
    if largest == INFINITY:
        return largest
    shift = largest if largest > 1_000_000 else ZERO
    return sum(((value - shift).exp() for value in values), ZERO).ln() + shift


def softplus(x: Decimal) -> Decimal:
    """Log(1 + exp(x))."""
    return log_sum_exp([ZERO, x])


def in_play(logits: Sequence[Decimal], keep: Sequence[bool] | None = None) -> list[bool]:
    """Which classes are neither masked nor at -inf."""
    flags = [True] * len(logits) if keep is None else keep
    return [flag and z != -INFINITY for z, flag in zip(logits, flags, strict=True)]


def log_softmax(logits: Sequence[Decimal], keep: Sequence[bool]) -> list[Decimal]:
    """Log-probabilities over the classes kept; -inf for the others."""
    total = log_sum_exp([z for z, k in zip(logits, keep, strict=True) if k])
    return [z - total if k else -INFINITY for z, k in zip(logits, keep, strict=True)]


def cross_entropy(masses: Iterable[Decimal], log_p: Iterable[Decimal]) -> Decimal:
    """-sum of mass * log p, where a class without mass counts nothing."""
    return sum((-q * x for q, x in zip(masses, log_p, strict=True) if q != 0), ZERO)


def mean(values: Sequence[Decimal]) -> Decimal:
    """The mean; 0 of nothing."""
    return sum(values, ZERO) / len(values) if values else ZERO


def cosine(x: Sequence[Decimal], y: Sequence[Decimal]) -> Decimal:
    """The cosine between two vectors; 0 where one of them is zero."""
    size_x = sum((a * a for a in x), ZERO).sqrt()
    size_y = sum((b * b for b in y), ZERO).sqrt()
    if size_x == 0 or size_y == 0:
        return ZERO
    return sum((a * b for a, b in zip(x, y, strict=True)), ZERO) / (size_x * size_y)
