"""A domain, and the draws that domains are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator


class Arguments(NamedTuple):
    """Arguments of one call: positional ones, and keyword options that the domain calls for."""

    positional: tuple[Any, ...]
    options: Mapping[str, Any] = {}


def last_axis(given: Arguments) -> int:
    """Size of the last axis of the first argument."""
    return np.shape(given.positional[0])[-1]


@dataclass(frozen=True)
class Domain:
    """A kind of arguments.

    Attributes:
        arguments: names of the positional arguments.
        draw: arguments for a batch shape and a size of the last axis (entries, or classes).
        edges: named draws of degenerate but valid arguments, whose value and derivatives must be
            finite.
        floating: places of the positional arguments that a loss is differentiated in.
        labels: place of the argument of integer labels, if there is one.
        perfect: from arguments, those of a perfect prediction, if that is known.
        consumed: trailing axes of the first argument that a loss of rows takes up.
        classes: from arguments, the number of classes that labels count.
        shared: places of arguments that belong to the batch as a whole, as a kernel does.
        lone: whether each value depends on its own example alone, so that examples can be masked,
            scanned and split over devices one by one. (Losses of pairs within a batch are not.)
        ordered: whether `where` says how many entries there are, in their order (frames of a
            sequence), instead of leaving out any entries.
    """

    arguments: tuple[str, ...]
    draw: Callable[[Generator, tuple[int, ...], int], Arguments]
    edges: Mapping[str, Callable[[Generator], Arguments]] = field(default_factory=dict)
    floating: tuple[int, ...] = (0,)
    labels: int | None = None
    perfect: Callable[[Arguments], Arguments] | None = None
    consumed: int = 1
    classes: Callable[[Arguments], int] = last_axis
    shared: tuple[int, ...] = ()
    lone: bool = True
    ordered: bool = False


def floats(array: NDArray[Any]) -> NDArray[np.float32]:
    """As float32."""
    return np.asarray(array, np.float32)


def normal(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Real numbers, twice as wide as the standard normal."""
    return floats(2 * rng.standard_normal(shape))


def positive(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Positive numbers around 1."""
    return floats(np.exp(0.7 * rng.standard_normal(shape)))


def uniform(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Probabilities that are neither 0 nor 1."""
    return floats(rng.uniform(0.05, 0.95, shape))


def bits(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Zeros and ones, at least one of each in a row."""
    drawn = rng.integers(0, 2, shape)
    if shape and shape[-1] > 1:
        drawn[..., 0], drawn[..., 1] = 0, 1
    return floats(drawn)


def signs(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """-1 and +1, at least one of each in a row."""
    return 2 * bits(rng, shape) - 1


def simplex(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Distributions over the last axis."""
    return floats(rng.dirichlet(np.ones(shape[-1]), shape[:-1]))


def labels(rng: Generator, batch: tuple[int, ...], classes: int) -> NDArray[np.int32]:
    """Class indices."""
    return rng.integers(0, classes, batch).astype(np.int32)


def pairs_of(make: Callable[[Generator, tuple[int, ...]], NDArray[np.float32]]) -> Any:
    """Draw prediction and target alike."""
    return lambda rng, batch, size: Arguments(
        (make(rng, (*batch, size)), make(rng, (*batch, size)))
    )


def copy_target(given: Arguments) -> Arguments:
    """The arguments with the target for a prediction."""
    return Arguments((given.positional[1], given.positional[1]), given.options)


def fixed(*positional: Any, **options: Any) -> Callable[[Generator], Arguments]:
    """Arguments that are always the same."""
    return lambda rng: Arguments(positional, options)


def log_simplex(rng: Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Logarithms of distributions over the last axis."""
    return floats(np.log(simplex(rng, shape)))
