"""Two processes with `jax.distributed` on loopback give the numbers of one."""

import json
import socket
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(
    jax.__version_info__ < (0, 10), reason="fused losses over devices need JAX 0.10"
)

PROGRAM = """
import json, sys
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P

count, index, address = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if count > 1:
    jax.distributed.initialize(address, num_processes=count, process_id=index)
assert jax.process_count() == count
import jaxloss as jl

kind = getattr(AxisType, sys.argv[4])
mesh = jax.make_mesh((2, 4), ("data", "model"), axis_types=(kind,) * 2)
rng = np.random.default_rng(0)

def put(array, spec):
    array = np.asarray(array)
    return jax.make_array_from_callback(
        array.shape, NamedSharding(mesh, spec), lambda place: array[place]
    )

features = put(rng.standard_normal((64, 16)).astype(np.float32), P("data"))
kernel = put(rng.standard_normal((16, 128)).astype(np.float32), P(None, "model"))
labels = put(rng.integers(0, 128, 64).astype(np.int32), P("data"))
other = put(rng.standard_normal((64, 16)).astype(np.float32), P("data"))
kept = put(rng.random(64) > 0.3, P("data"))
sharding = None if kind == AxisType.Explicit else (P("data"), P(None, "model"))
pairs = {} if sharding is None else {"sharding": NamedSharding(mesh, P("data"))}

batch = features, kernel, labels, other, kept

def plain(x, w, labels, other, kept):
    logits = jnp.einsum("nd,dv->nv", x, w)
    return jl.mean(jl.classification.softmax_cross_entropy(logits, labels), where=kept)

def fused(x, w, labels, other, kept):
    if sharding is None:
        way = {}
    else:
        way = {"sharding": tuple(NamedSharding(mesh, spec) for spec in sharding)}
    head = jl.fused.linear_softmax_cross_entropy
    return head(x, w, labels, where=kept, chunk=8, smoothing=0.1, **way).value

def contrast(x, w, labels, other, kept):
    return jl.mean(jl.fused.clip(x / 4, other, block=5, **pairs), where=kept)

def norms(loss):
    value, grads = jax.jit(jax.value_and_grad(loss, (0, 1)))(*batch)
    squares = jax.jit(lambda grads: jax.tree.map(lambda g: jnp.sum(g * jnp.sin(g)), grads))(grads)
    return [float(value), *map(float, squares)]

with jax.default_matmul_precision("highest"):
    found = {loss.__name__: norms(loss) for loss in (plain, fused, contrast)}
if index == 0:
    print(json.dumps(found))
"""


def run(count, kind):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "XLA_FLAGS": f"--xla_force_host_platform_device_count={8 // count}",
        "JAX_PLATFORMS": "cpu",
        "JAX_CPU_COLLECTIVES_IMPLEMENTATION": "gloo",
        "PATH": "",
        "PYTHONPATH": ".",
    }
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(count), str(index), address, kind],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for index in range(count)
    ]
    results = [worker.communicate(timeout=240) for worker in workers]
    for worker, (_, errors) in zip(workers, results, strict=True):
        assert worker.returncode == 0, errors
    return json.loads(results[0][0].splitlines()[-1])


@pytest.mark.parametrize("kind", ["Explicit", "Auto"])
def test_two_processes_give_the_numbers_of_one(kind):
    """Plain, fused and contrastive losses over tokens and classes."""
    alone, together = run(1, kind), run(2, kind)
    assert set(alone) == {"plain", "fused", "contrast"}
    for name, numbers in alone.items():
        np.testing.assert_allclose(together[name], numbers, rtol=1e-5, err_msg=name)
