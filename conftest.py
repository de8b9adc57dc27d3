"""What every test needs: several host devices, a compilation cache, short array printing."""

import itertools
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

# Before JAX starts: eight devices on the host, so that sharding is tested without accelerators.
# Thousands of small programs run once each, and compiling them for speed takes half of the time;
# what is measured (products, bytes) is decided before. `XLA_FLAGS` in the environment wins.
# A flag that XLA does not know ends the process, so the last one is for versions that have it.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_force_host_platform_device_count=8 --xla_backend_optimization_level=0"
    + " --xla_cpu_use_fusion_emitters=false"
    * version("jaxlib").startswith(("0.7.", "0.8.", "0.9.", "0.10.")),
)
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / "jaxloss-xla"))
os.environ.setdefault("MPLBACKEND", "agg")

import jax
import numpy as np
import pytest

# The scripts that run other libraries to make the golden values: those libraries are not here.
collect_ignore_glob = ["tests/references/make*.py", "tests/references/*_calls.py"]


@pytest.fixture(autouse=True)
def _short_printing():
    """Doctests show four digits."""
    with np.printoptions(precision=4, suppress=True):
        yield


TESTS_A_CACHE = 400
"""Tests that share the programs of a process."""


@pytest.fixture(autouse=True, scope="session")
def _tests_run():
    return itertools.count(1)


@pytest.fixture(autouse=True)
def _few_programs(_tests_run):
    """Let programs go from time to time: each maps memory, and a process has 65,530 mappings."""
    yield
    if next(_tests_run) % TESTS_A_CACHE == 0:
        jax.clear_caches()
