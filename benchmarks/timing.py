"""Timing of competitors in one run: interleaved, warm, medians and spread.

Machines are noisy and change speed while a program runs, so a time on its own says little. All
competitors of a case take turns, round after round, and are compared with a floor that took its
turns among them.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from benchmarks import machine
from benchmarks.results import Measured

LEAST_ROUNDS = 3
SETTLE = 1e-3
"""Seconds before each turn, in which the threads of the one before stop spinning."""


@dataclass(frozen=True)
class Competitor:
    """One way to do the work of a case.

    Attributes:
        run: does the work once, waits until it is done, and returns what came out; the value of
            the loss first.
        temp_bytes: as in `Measured`.
        flops: as in `Measured`.
        matmul_flops: as in `Measured`.
    """

    run: Callable[[], Any]
    temp_bytes: int | None = None
    flops: float | None = None
    matmul_flops: float | None = None


class TooLarge(MemoryError):
    """A program needs more memory than there is."""


def compiled(function: Callable[..., Any], *args: Any) -> Competitor:
    """A JAX function, compiled ahead for its arguments.

    Args:
        function: of the arguments.
        args: arrays, and trees of them.

    Raises:
        TooLarge: if the program would not fit into the memory of the device.
    """
    traced = jax.jit(function).trace(*args)
    program = traced.lower().compile()
    analysis = program.memory_analysis()
    temp = None if analysis is None else int(analysis.temp_size_in_bytes)
    if analysis is not None:
        needs = analysis.argument_size_in_bytes + analysis.output_size_in_bytes + (temp or 0)
        _check_fits(needs)
    cost: Any = program.cost_analysis()
    flops = (cost or {}).get("flops")
    return Competitor(
        lambda: jax.block_until_ready(program(*args)),
        temp,
        # A negative count stands for one that is not known.
        None if flops is None or flops < 0 else float(flops),
        matmul_flops(traced.jaxpr) or None,
    )


def interleave(
    competitors: Mapping[str, Competitor], rounds: int, seconds: float = math.inf
) -> dict[str, Measured]:
    """Time all competitors in turns, after a turn of warming up.

    Args:
        competitors: by name.
        rounds: turns of each.
        seconds: after which no further round begins, once there are three.
    """
    taken: dict[str, list[float]] = {name: [] for name in competitors}
    rng = np.random.default_rng(0)
    began = time.perf_counter()
    for turn in range(rounds + 1):
        if turn > LEAST_ROUNDS and time.perf_counter() - began > seconds:
            break
        # In random order, since what ran before leaves its mark on caches and memory.
        for name in rng.permutation(list(competitors)).tolist():
            time.sleep(SETTLE)
            start = time.perf_counter()
            competitors[name].run()
            if turn > 0:
                taken[name].append(time.perf_counter() - start)
    found: dict[str, Measured] = {}
    for name, times in taken.items():
        lower, median, upper = np.percentile(times, (25, 50, 75)).tolist()
        one = competitors[name]
        found[name] = Measured(
            median,
            (lower, upper),
            len(times),
            temp_bytes=one.temp_bytes,
            flops=one.flops,
            matmul_flops=one.matmul_flops,
        )
    return found


def measure(
    makers: Mapping[str, Callable[[], Competitor]], rounds: int, seconds: float = math.inf
) -> tuple[dict[str, Measured], dict[str, str]]:
    """Make competitors, let each run once, and time those that can.

    Args:
        makers: by name; one that fails does not keep the others from running.
        rounds: as in `interleave`.
        seconds: as in `interleave`.

    Returns:
        Times, and reasons of those that failed.
    """
    ready: dict[str, Competitor] = {}
    values: dict[str, float | None] = {}
    peaks: dict[str, int | None] = {}
    failed: dict[str, str] = {}
    for name, make in makers.items():
        # Other libraries fail in ways of their own.
        try:
            competitor = make()
            before = machine.device_memory()
            values[name] = value = _value(competitor.run())
            if value is not None and not math.isfinite(value):
                raise FloatingPointError(f"the value is {value}")
            peaks[name] = _rise(before, machine.device_memory())
            ready[name] = competitor
        except Exception as error:
            failed[name] = reason(error)
    times = interleave(ready, rounds, seconds) if ready else {}
    return {
        name: replace(time, value=values[name], peak_bytes=peaks[name])
        for name, time in times.items()
    }, failed


def reason(error: Exception) -> str:
    """Why something failed, in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, TooLarge):
        return text
    out_of_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if out_of_memory or "RESOURCE_EXHAUSTED" in text:
        return "out of memory"
    return f"{type(error).__name__}: {text[:200]}"


def lack_of_memory(why: str) -> bool:
    """Whether a reason is that memory did not suffice."""
    return why.startswith("out of memory")


def matmul_flops(program: Any) -> float:
    """Operations of the matrix products of a traced program.

    XLA's own count takes the body of a loop once; here a scan counts as often as it runs, a loop
    of unknown length once, and of branches the dearest one.

    Args:
        program: its jaxpr.
    """
    total = 0.0
    for equation in getattr(program, "jaxpr", program).eqns:
        if equation.primitive.name == "dot_general":
            total += _product_flops(equation)
            continue
        inner = [matmul_flops(part) for part in _parts(equation.params)]
        if equation.primitive.name == "cond":
            total += max(inner, default=0.0)
        else:
            total += sum(inner) * equation.params.get("length", 1)
    return total


def _product_flops(equation: Any) -> float:
    (contracted, _), _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    return 2.0 * math.prod(equation.outvars[0].aval.shape) * math.prod(shape[i] for i in contracted)


def _parts(params: Mapping[str, Any]) -> list[Any]:
    """Jaxprs among the parameters of an equation."""
    values: list[Any] = []
    for value in params.values():
        values.extend(value if isinstance(value, list | tuple) else [value])
    return [value for value in values if hasattr(value, "eqns") or hasattr(value, "jaxpr")]


def _check_fits(needs: int) -> None:
    limit = machine.memory_bytes()
    if needs > limit:
        raise TooLarge(f"out of memory: needs {needs / 2**30:.0f} GiB of {limit / 2**30:.0f}")


def _rise(before: Mapping[str, int], after: Mapping[str, int]) -> int | None:
    """How far the peak rose above what was held before; None if it is not known."""
    if "peak_bytes_in_use" not in after:
        return None
    rose = after["peak_bytes_in_use"] > before["peak_bytes_in_use"]
    return after["peak_bytes_in_use"] - before["bytes_in_use"] if rose else None


def _value(out: Any) -> float | None:
    first = out[0] if isinstance(out, tuple) else out
    return float(first) if first is not None and getattr(first, "ndim", 1) == 0 else None
