"""The machine: what it is, what is installed on it, and what memory it has."""

import ctypes
import importlib.util
import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax

import jaxloss as jl


def environment(packages: Iterable[str]) -> dict[str, Any]:
    """Device, processor and versions.

    Args:
        packages: distributions that took part; those that are not installed are left out.
    """
    device = jax.devices()[0]
    return {
        "device": device.device_kind,
        "platform": device.platform,
        "devices": jax.device_count(),
        "processor": _processor(),
        "cores": cores(),
        "memory_bytes": memory_bytes(),
        "load": load(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "jaxloss": jl.__version__,
        "packages": _versions(["jax", "jaxlib", "numpy", *packages]),
    }


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> float | None:
    """Programs that wanted a core in the last minute, where the system tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def memory_bytes() -> int:
    """Memory that arrays of JAX's first device can have."""
    stats = device_memory()
    if "bytes_limit" in stats:
        return stats["bytes_limit"]
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def keep_freed_memory() -> bool:
    """Have the process keep the memory that it frees, where the C library can; whether it does.

    A large array that is freed goes back to the system otherwise, and each of its pages costs a
    fault when the next one is written: on a CPU that can take longer than the loss, for all systems
    alike, where a training that keeps its buffers would not pay it.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(option, value) == 1 for option, value in _KEEPING.items())


_KEEPING = {-4: 0, -1: 2**31 - 1, -8: 1}
"""Of glibc's `mallopt`: no maps of the system (`M_MMAP_MAX`), the heap trimmed late
(`M_TRIM_THRESHOLD`), and one heap, since those of threads have no room for 64 MiB
(`M_ARENA_MAX`)."""


def device_memory() -> dict[str, int]:
    """What the allocator of JAX's first device tells; empty on a CPU."""
    return dict(jax.devices()[0].memory_stats() or {})


def installed(module: str) -> bool:
    """Whether a module can be imported."""
    return importlib.util.find_spec(module) is not None


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
