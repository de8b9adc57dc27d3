"""Timing of competitors in one run: interleaved, warm, medians and spread.

Machines are noisy and change speed while a program runs, so a time on its own says little. All
competitors of a case take turns, round after round, and are compared with a floor that took its
turns among them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np


@dataclass(frozen=True)
class Competitor:
    """One way to do the work of a case.

    Attributes:
        run: does the work once and waits until it is done.
        temp_bytes: temporary memory of the compiled program, if it is one of JAX.
    """

    run: Callable[[], None]
    temp_bytes: int | None = None


@dataclass(frozen=True)
class Timing:
    """Seconds of one competitor: the median of its rounds, and their quartiles."""

    median: float
    lower: float
    upper: float
    temp_bytes: int | None


def compiled(function: Callable[..., Any], *args: Any) -> Competitor:
    """A JAX function, compiled ahead for its arguments."""
    program = jax.jit(function).lower(*args).compile()
    analysis = program.memory_analysis()
    temp = None if analysis is None else int(analysis.temp_size_in_bytes)
    return Competitor(lambda: jax.block_until_ready(program(*args)), temp)


def interleave(competitors: Mapping[str, Competitor], rounds: int) -> dict[str, Timing]:
    """Time all competitors in turns, after two turns of warming up."""
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    rng = np.random.default_rng(0)
    for turn in range(rounds + 2):
        # In random order, since what ran before leaves its mark on caches and memory.
        for name in rng.permutation(list(competitors)).tolist():
            start = time.perf_counter()
            competitors[name].run()
            if turn >= 2:
                seconds[name].append(time.perf_counter() - start)
    timings: dict[str, Timing] = {}
    for name, times in seconds.items():
        lower, median, upper = np.percentile(times, (25, 50, 75)).tolist()
        timings[name] = Timing(median, lower, upper, competitors[name].temp_bytes)
    return timings
