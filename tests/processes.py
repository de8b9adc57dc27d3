"""Programs in several processes on loopback, with `jax.distributed`."""

import json
import socket
import subprocess
import sys
import textwrap
from typing import Any

START = """
import json, sys
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P

count, index, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if count > 1:
    jax.distributed.initialize(address, num_processes=count, process_id=index)
assert jax.process_count() == count
import jaxloss as jl

def put(array, sharding):
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, sharding, lambda place: array[place])
"""
END = """
if index == 0:
    print(json.dumps(found))
"""


def run(program: str, *arguments: str, processes: int, devices: int) -> Any:
    """What a program leaves in `found` in the first of some processes, by way of JSON.

    Args:
        program: has `put`, and the arguments from `sys.argv[4]` on.
        arguments: of the program.
        processes: to start.
        devices: of all processes together.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={devices // processes}",
        "JAX_PLATFORMS": "cpu",
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
        "PATH": "",
        "PYTHONPATH": ".",
    }
    code = START + textwrap.dedent(program) + END
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(processes), str(index), address, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for index in range(processes)
    ]
    results = [worker.communicate(timeout=240) for worker in workers]
    for worker, (_, errors) in zip(workers, results, strict=True):
        assert worker.returncode == 0, errors
    return json.loads(results[0][0].splitlines()[-1])
