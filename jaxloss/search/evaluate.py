"""A population times seeds of whole trainings, as one jitted program.

A training is a pure function `train(theta, seed, *shared)` that gives a fitness, higher being
better; `seed` is whatever differs from seed to seed (a key, or initial weights and batches), and
every candidate is trained with the same seeds, so that candidates differ in their loss alone.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Float, PyTree

Train = Callable[..., Array]
Device = Any  # `jax.Device` is a variable to a type checker
ON_CPU = 4
MOST = 256
"""Trainings at a time: on a CPU, where more do not pay, and at most anywhere."""
SIZES = (1, 4, 16, 64)
"""Numbers that `measured` tries."""


class Evaluator:
    """Trains candidates, all of them in one program.

    Attributes:
        train: of a candidate, a seed, and what all share; gives a fitness.
        batch_size: trainings at a time on each device; those of a batch advance in step.
        devices: that divide the trainings.
    """

    def __init__(self, train: Train, batch_size: int, devices: Sequence[Device]) -> None:
        """Compile nothing yet: that happens once for each shape of arguments."""
        self.train, self.batch_size, self.devices = train, batch_size, tuple(devices)
        self._program = jax.jit(self._run)

    def __call__(
        self,
        thetas: Float[Array, "population size"],
        seeds: PyTree,
        *shared: Any,
        live: int | None = None,
    ) -> Float[Array, "population seeds"]:
        """Fitness of each candidate with each seed; `-inf` for what is not finite.

        Args:
            thetas: candidates.
            seeds: pytree whose leaves have an axis of seeds in front.
            shared: handed to each training.
            live: how many candidates are trained, from the first; all if None. It may vary from
                call to call without compiling anew; the others get `-inf` and cost nothing.
        """
        count = len(thetas) if live is None else live
        return self._program(thetas, jnp.asarray(count), seeds, shared)

    def _run(self, thetas: Array, live: Array, seeds: PyTree, shared: tuple[Any, ...]) -> Array:
        each = jax.tree.leaves(seeds)[0].shape[0]
        total = len(thetas) * each
        size = min(self.batch_size, -(-total // len(self.devices)))
        rounds = -(-total // (size * len(self.devices)))
        # Device by device, then batch by batch; consecutive batches lie on different devices, so
        # that all have work while few candidates live.
        places = jnp.arange(rounds * len(self.devices) * size).reshape(rounds, -1, size)
        places = jnp.swapaxes(places, 0, 1)

        def one(place: Array, thetas: Array, seeds: PyTree, shared: tuple[Any, ...]) -> Array:
            member = jnp.minimum(place // each, len(thetas) - 1)
            seed = jax.tree.map(lambda leaf: leaf[place % each], seeds)
            fitness = self.train(thetas[member], seed, *shared)
            return jnp.where(jnp.isfinite(fitness), fitness, -jnp.inf)

        def trained(places: Array, *rest: Any) -> Array:
            if size == 1:  # a branch stays a branch, where a mapped one becomes a selection
                return one(places[0], *rest)[None]
            return jax.vmap(lambda place: one(place, *rest))(places)

        def on_device(places: Array, thetas: Array, live: Array, *rest: Any) -> Array:
            def batch(places: Array) -> Array:
                return lax.cond(
                    places[0] < live * each,
                    lambda: trained(places, thetas, *rest),
                    lambda: jnp.full(size, -jnp.inf),
                )

            return lax.map(batch, places[0])[None]

        run = on_device
        if len(self.devices) > 1:
            along, same = PartitionSpec("devices"), PartitionSpec()
            run = jax.shard_map(
                on_device,
                mesh=Mesh(np.array(self.devices), ("devices",)),
                in_specs=(along, same, same, same, same),
                out_specs=along,
                check_vma=False,
            )
        found = run(places, thetas, live, seeds, shared)
        found = jnp.swapaxes(found, 0, 1).reshape(-1)[:total].reshape(len(thetas), each)
        return jnp.where(jnp.arange(len(thetas))[:, None] < live, found, -jnp.inf)


def use_cores() -> None:
    """Make a device of each core of a CPU, so that a population is divided over them.

    One small training keeps one core busy at most. Does nothing once JAX has started, or where the
    number of devices was chosen in `XLA_FLAGS` or by `jax_num_cpu_devices`.
    """
    chosen = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if chosen or getattr(jax.config, "jax_num_cpu_devices", -1) > 0:
        return
    affinity = getattr(os, "sched_getaffinity", None)  # Linux alone knows it
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    with contextlib.suppress(RuntimeError):  # it has started
        jax.config.update("jax_num_cpu_devices", cores)


def evaluator(
    train: Train,
    theta: Float[Array, " size"],
    seed: PyTree,
    *shared: Any,
    batch_size: int | None = None,
    devices: Sequence[Device] | None = None,
) -> Evaluator:
    """An evaluator fitted to the devices.

    Args:
        train: of a candidate, a seed, and what all share; gives a fitness.
        theta: a candidate, for its shape.
        seed: a seed, for its shape.
        shared: handed to each training.
        batch_size: trainings at a time on each device. If None, few on a CPU, whose cores one
            training keeps busy, and elsewhere as many as half of the free memory holds.
        devices: all if None.
    """
    chosen = tuple(jax.devices() if devices is None else devices)
    if batch_size is None:
        batch_size = ON_CPU
        if chosen[0].platform != "cpu":
            batch_size = _that_fit(train, theta, seed, shared, chosen[0])
    return Evaluator(train, batch_size, chosen)


def measured(
    train: Train,
    thetas: Float[Array, "population size"],
    seeds: PyTree,
    *shared: Any,
    sizes: Sequence[int] = SIZES,
    devices: Sequence[Device] | None = None,
) -> dict[int, float]:
    """Trainings per second by batch size, compiling not counted.

    Args:
        train: of a candidate, a seed, and what all share.
        thetas: candidates to measure with.
        seeds: as an `Evaluator` takes them.
        shared: handed to each training.
        sizes: to try.
        devices: all if None.
    """
    rates: dict[int, float] = {}
    for size in sizes:
        run = Evaluator(train, size, tuple(jax.devices() if devices is None else devices))
        jax.block_until_ready(run(thetas, seeds, *shared))
        begun = time.perf_counter()
        fitness = jax.block_until_ready(run(thetas, seeds, *shared))
        rates[size] = fitness.size / (time.perf_counter() - begun)
    return rates


def _that_fit(
    train: Train, theta: Array, seed: PyTree, shared: tuple[Any, ...], device: Device
) -> int:
    """How many trainings half of the free memory holds; a power of 2."""
    statistics = device.memory_stats() or {}
    free = statistics.get("bytes_limit", 0) - statistics.get("bytes_in_use", 0)
    analysis = jax.jit(train).lower(theta, seed, *shared).compile().memory_analysis()
    each = 1 if analysis is None else max(1, analysis.temp_size_in_bytes)
    return int(2 ** np.clip(np.floor(np.log2(max(1, free / 2 / each))), 0, np.log2(MOST)))
