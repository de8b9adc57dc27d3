"""The subject of the properties: a loss, its arguments, and what is compared."""

import functools
import importlib
import inspect
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxloss.domains import Arguments, Domain

BATCH, SIZE = (4,), 5


@dataclass(frozen=True)
class Case:
    """A loss together with what it reads: the subject of the properties.

    Attributes:
        loss: the function under test.
        domain: what its arguments are.
        gives: one value for each element, or for each row of the last axis.
        claims: claimed properties, keys of `CLAIMED`.
        holds: hyperparameters of nothing but what is held constant, without a derivative.
    """

    loss: Callable[..., Array]
    domain: Domain
    gives: Literal["element", "row"]
    claims: frozenset[str] = field(default_factory=frozenset)
    holds: frozenset[str] = field(default_factory=frozenset)

    def __hash__(self) -> int:
        """By identity of the loss and its domain, whose tables are not hashable."""
        return hash((self.loss, id(self.domain)))

    def draw(self, seed: int = 0, batch: tuple[int, ...] = BATCH, size: int = SIZE) -> Arguments:
        """Ordinary arguments."""
        return self._wanted(self.domain.draw(np.random.default_rng(seed), batch, size))

    def edges(self) -> dict[str, Arguments]:
        """Degenerate arguments by name."""
        rng = np.random.default_rng(0)
        return {name: self._wanted(edge(rng)) for name, edge in self.domain.edges.items()}

    def _wanted(self, given: Arguments) -> Arguments:
        parameters = inspect.signature(self.loss).parameters
        return Arguments(
            given.positional, {k: v for k, v in given.options.items() if k in parameters}
        )

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Float hyperparameters and their defaults."""
        parameters = inspect.signature(self.loss).parameters.values()
        return {p.name: p.default for p in parameters if isinstance(p.default, float)}

    def values(self, given: Arguments, *, jit: bool = True, **hyper: Any) -> Array:
        """The loss; eagerly, its arguments stay what they are, as lists and Python numbers."""
        run = _values(self.loss) if jit else self.loss
        return run(*given.positional, **given.options, **hyper)

    def split(self, given: Arguments) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Floating arguments, and the others."""
        places = self.domain.floating
        floats = tuple(jax.tree.map(jnp.asarray, given.positional[place]) for place in places)
        return floats, tuple(a for i, a in enumerate(given.positional) if i not in places)

    def of_floats(self, given: Arguments) -> tuple[Callable[..., Array], tuple[Any, ...]]:
        """The loss as a function of its floating arguments alone, and those arguments."""
        floats, rest = self.split(given)
        places = self.domain.floating
        return lambda *a: self.loss(*join(places, a, rest), **given.options), floats

    def gradients(self, given: Arguments, *, jit: bool = True) -> tuple[Array, tuple[Any, ...]]:
        """Values, and gradients of their sum in the floating arguments."""
        run = _value_and_grad(self.loss, self.domain.floating)
        floats, rest = self.split(given)
        (_, values), grads = (run if jit else run.__wrapped__)(floats, rest, dict(given.options))
        return values, grads

    def derivatives(self, given: Arguments) -> tuple[Array, tuple[Any, ...], tuple[Any, ...]]:
        """Values, gradients of their sum, and the Hessian of the sum times a vector of ones."""
        floats, rest = self.split(given)
        return _derivatives(self.loss, self.domain.floating)(floats, rest, dict(given.options))


def join(places: tuple[int, ...], floats: Iterable[Any], rest: Iterable[Any]) -> list[Any]:
    """Positional arguments in their order again."""
    floats, rest = list(floats), list(rest)
    count = len(floats) + len(rest)
    return [(floats if i in places else rest).pop(0) for i in range(count)]


# Compiled once for each loss: the many arguments of one shape that properties draw share a program.
@functools.cache
def _values(loss: Callable[..., Array]) -> Any:
    return jax.jit(loss)


@functools.cache
def _value_and_grad(loss: Callable[..., Array], places: tuple[int, ...]) -> Any:
    return jax.jit(jax.value_and_grad(_total(loss, places), has_aux=True))


@functools.cache
def _derivatives(loss: Callable[..., Array], places: tuple[int, ...]) -> Any:
    gradient = jax.value_and_grad(_total(loss, places), has_aux=True)

    def all_of_them(floats: Any, rest: Any, options: Any) -> Any:
        def first(floats: Any) -> tuple[Any, Array]:
            (_, values), grads = gradient(floats, rest, options)
            return grads, values

        grads, curvature, values = jax.jvp(first, (floats,), (ones(floats),), has_aux=True)
        return values, grads, curvature

    return jax.jit(all_of_them)


def _total(loss: Callable[..., Array], places: tuple[int, ...]) -> Callable[..., Any]:
    def scalar(floats: Any, rest: Any, options: Any) -> tuple[Array, Array]:
        values = loss(*join(places, floats, rest), **options)
        return jnp.sum(values), values

    return scalar


def float64(on: bool = True) -> AbstractContextManager[None]:
    """A context of 64 bits, or of 32; JAX 0.7 keeps it elsewhere than later versions."""
    home: Any = jax if hasattr(jax, "enable_x64") else importlib.import_module("jax.experimental")
    return home.enable_x64(on)


def ones(floats: Any) -> Any:
    """A tangent of ones."""
    return jax.tree.map(jnp.ones_like, floats)


def is_float(array: Any) -> bool:
    """Whether an array is of floating point."""
    return jnp.issubdtype(jnp.asarray(array).dtype, jnp.floating)


def arrays(tree: Any) -> Any:
    """Leaves as JAX arrays."""
    return jax.tree.map(jnp.asarray, tree)


def cast(given: Arguments, dtype: Any) -> Arguments:
    """Arguments with floating leaves of another dtype."""

    def leaf(array: Any) -> Any:
        return jnp.asarray(array, dtype) if is_float(array) else jnp.asarray(array)

    positional, options = jax.tree.map(leaf, (given.positional, dict(given.options)))
    return Arguments(positional, options)


def close(given: Any, expected: Any, what: str, rtol: float, atol: float) -> None:
    """Assert that two trees are equal up to rounding."""
    try:
        chex.assert_trees_all_close(given, expected, rtol=rtol, atol=atol)
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from None


def representable(tree: Any, wide: Any, what: str) -> None:
    """Assert that all leaves are finite, except where the same in float64 is beyond their dtype."""
    for leaf, exact in zip(jax.tree.leaves(tree), jax.tree.leaves(wide), strict=True):
        beyond = np.abs(np.asarray(exact)) > float(jnp.finfo(leaf.dtype).max)
        assert (np.isfinite(np.asarray(leaf, np.float64)) | beyond).all(), (
            f"not finite: {what} in {leaf.dtype}: {leaf}"
        )


def finite(tree: Any, what: str) -> None:
    """Assert that all leaves are finite."""
    for leaf in jax.tree.leaves(tree):
        assert jnp.isfinite(leaf).all(), f"not finite: {what}: {leaf}"
