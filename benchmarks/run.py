"""Measuring cases: the same arrays for all systems, one row of results a case."""

import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Ours
from benchmarks.results import FLOOR, Row
from benchmarks.timing import Competitor, compiled, interleave, measure
from jaxloss.lab.errors import LabError, suggest

STREAM_ELEMENTS = {"cpu": 1 << 24}
MATMUL_SIZE = {"cpu": 2048}
# Elsewhere, what keeps an accelerator busy for a while.
MANY_ELEMENTS, LARGE_MATMUL = 1 << 28, 8192
ROUNDS = 11


def reached(*, quick: bool, matmul: str | None = None) -> dict[str, float]:
    """What the machine reaches now.

    Args:
        quick: on small arrays, for trying.
        matmul: dtype of a matrix product to time as well, if any.

    Returns:
        `stream_bytes_per_second` of `x + y` on arrays too large for caches, and
        `matmul_flops_per_second`.
    """
    kind = jax.devices()[0].platform
    elements = 1 << 16 if quick else STREAM_ELEMENTS.get(kind, MANY_ELEMENTS)
    x, y = jnp.ones(elements), jnp.ones(elements)
    seconds = interleave({"stream": compiled(jnp.add, x, y)}, ROUNDS)["stream"].seconds
    found = {"stream_bytes_per_second": 3 * x.nbytes / seconds}
    if matmul is not None:
        size = 128 if quick else MATMUL_SIZE.get(kind, LARGE_MATMUL)
        square = jnp.ones((size, size), matmul)
        product = interleave({"matmul": compiled(jnp.matmul, square, square)}, ROUNDS)["matmul"]
        found["matmul_flops_per_second"] = 2 * size**3 / product.seconds
    return found


def floor(size: int) -> Callable[[], Competitor]:
    """Maker of `x + y` on arrays that move as many bytes.

    Args:
        size: in bytes.
    """
    elements = max(1, size // 12)
    return lambda: compiled(jnp.add, jnp.ones(elements), jnp.ones(elements))


def selected(cases: Sequence[Case], systems: Sequence[str] | None) -> tuple[list[Case], set[str]]:
    """Cases with the systems that are wanted and present.

    Args:
        cases: of one benchmark.
        systems: names to keep; None for all.

    Returns:
        The cases, and the peers that would have to be there for all systems wanted.

    Raises:
        LabError: for a system that no case has, and for a loss that jaxloss does not have.
    """
    known = list(dict.fromkeys(entry.system for case in cases for entry in case.entries))
    for name in systems or ():
        if name not in known:
            raise LabError(f"no system is called {name!r}; {suggest(name, known)}")
    wanted = known if systems is None else systems
    kept: list[Case] = []
    needed: set[str] = set()
    for case in cases:
        entries = [entry for entry in case.entries if entry.system in wanted]
        needed.update(entry.peer for entry in entries if entry.peer is not None)
        for entry in entries:
            if isinstance(entry.loss, Ours):
                entry.loss.find()
        kept.append(_with(case, [e for e in entries if e.peer is None or not peers.absent(e.peer)]))
    return [case for case in kept if case.entries], needed


def rows(cases: Sequence[Case], rounds: int, seconds: float) -> Iterator[Row]:
    """Measure cases one after another.

    Args:
        cases: whose systems are all present.
        rounds: turns of each system.
        seconds: for one case, after which it is left at the rounds that it has.
    """
    for case in cases:
        arrays = case.draw(np.random.default_rng(0))
        size = sum(_bytes(a, case.dtype) for a in arrays)
        size += sum(_bytes(arrays[place], case.dtype) for place in case.wrt)
        makers: dict[str, Callable[[], Competitor]] = {FLOOR: floor(size)}
        on_jax = functools.cache(lambda case=case, arrays=arrays: _to_jax(arrays, case.dtype))
        for entry in case.entries:
            makers[entry.system] = functools.partial(_competitor, entry, case, arrays, on_jax)
        systems, failed = measure(makers, rounds, seconds)
        first = _bytes(arrays[0], case.dtype)
        yield Row(case.name, case.sizes, case.labels, size, first, systems, failed)


def packages(needed: Collection[str]) -> list[str]:
    """Packages behind peers.

    Args:
        needed: keys of `peers.PEERS`.
    """
    return list(dict.fromkeys(peers.PEERS[name].package for name in peers.PEERS if name in needed))


def _competitor(
    entry: Entry, case: Case, arrays: Arrays, on_jax: Callable[[], list[Array]]
) -> Competitor:
    if entry.peer is not None and peers.PEERS[entry.peer].torch:
        prepared = entry.prepare(arrays)
        is_compiled = entry.peer == "torch.compile"
        return peers.torch_competitor(
            entry.loss, prepared, case.wrt, case.dtype, compiled=is_compiled
        )
    return compiled(jax.value_and_grad(entry.loss, case.wrt), *on_jax())


def _to_jax(arrays: Arrays, dtype: str) -> list[Array]:
    return [jnp.asarray(array, _dtype(array, dtype)) for array in arrays]


def _dtype(array: NDArray[Any], dtype: str) -> Any:
    """Of an array in a case: scalars and integers keep theirs."""
    wide = array.ndim and np.issubdtype(array.dtype, np.floating)
    return jnp.dtype(dtype) if wide else array.dtype


def _bytes(array: NDArray[Any], dtype: str) -> int:
    return array.size * _dtype(array, dtype).itemsize


def _with(case: Case, entries: Sequence[Entry]) -> Case:
    return replace(case, entries=tuple(entries))
