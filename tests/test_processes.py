"""Two processes with `jax.distributed` on loopback give the numbers of one."""

import jax
import numpy as np
import pytest

from tests import processes

pytestmark = pytest.mark.skipif(
    jax.__version_info__ < (0, 10), reason="fused losses over devices need JAX 0.10"
)

PROGRAM = """
kind = getattr(AxisType, sys.argv[4])
mesh = jax.make_mesh((2, 4), ("data", "model"), axis_types=(kind,) * 2)
rng = np.random.default_rng(0)
on = lambda *spec: NamedSharding(mesh, P(*spec))

features = put(rng.standard_normal((64, 16)).astype(np.float32), on("data"))
kernel = put(rng.standard_normal((16, 128)).astype(np.float32), on(None, "model"))
labels = put(rng.integers(0, 128, 64).astype(np.int32), on("data"))
other = put(rng.standard_normal((64, 16)).astype(np.float32), on("data"))
kept = put(rng.random(64) > 0.3, on("data"))
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
"""


@pytest.mark.parametrize("kind", ["Explicit", "Auto"])
def test_two_processes_give_the_numbers_of_one(kind):
    """Plain, fused and contrastive losses over tokens and classes."""
    alone, together = (processes.run(PROGRAM, kind, processes=count, devices=8) for count in (1, 2))
    assert set(alone) == {"plain", "fused", "contrast"}
    for name, numbers in alone.items():
        np.testing.assert_allclose(together[name], numbers, rtol=1e-5, err_msg=name)


GRID = """
rng = np.random.default_rng(0)
mesh = jax.make_mesh((jax.device_count(),), ("data",), axis_types=(AxisType.Auto,))
batch = {
    "x": rng.standard_normal((128, 5)).astype(np.float32),
    "y": rng.standard_normal(128).astype(np.float32),
    "label": rng.integers(0, 3, 128).astype(np.int32),
    # Unevenly spread, as padding and missing labels are.
    "kept": np.arange(128) < 21,
    "importance": rng.uniform(0, 5, 128).astype(np.float32) ** 2,
}
params = {
    "regress": rng.standard_normal(5).astype(np.float32),
    "classify": rng.standard_normal((5, 3)).astype(np.float32),
}

def objective(axis_name):
    def terms(params, batch):
        error = jl.regression.huber(batch["x"] @ params["regress"], batch["y"])
        logits = batch["x"] @ params["classify"]
        loss = jl.classification.softmax_cross_entropy(logits, batch["label"])
        return {
            "fit": jl.average(error, where=batch["kept"], axis_name=axis_name),
            "class": jl.average(loss, weights=batch["importance"], axis_name=axis_name),
            "decay": jl.penalties.l2(params),
        }
    return jl.objective(terms, weights={"class": 0.7, "decay": 1e-2})

def by_compiler(parts):
    return jl.accumulate(objective(None), microbatch_size=128 // parts)

def by_hand(parts):
    share = 128 // jax.device_count()
    run = jl.accumulate(objective("data"), microbatch_size=share // parts)
    return jax.shard_map(run, mesh=mesh, in_specs=(P(), P("data")), out_specs=P())

placed = jax.tree.map(lambda a: put(a, NamedSharding(mesh, P("data"))), batch)
shared = jax.tree.map(lambda a: put(a, NamedSharding(mesh, P())), params)
found = {}
for way in (by_compiler, by_hand):
    for parts in (1, 8):
        (value, _), grads = jax.jit(way(parts))(shared, placed)
        flat = jnp.concatenate([jnp.ravel(g) for g in jax.tree.leaves(grads)])
        found[f"{way.__name__} {parts}"] = np.asarray(flat).tolist() + [float(value)]
"""


def test_microbatches_devices_and_processes_give_one_gradient():
    """Of masked and weighted terms, in any combination, to rounding."""
    layouts = [(1, 1), (8, 1), (2, 2), (8, 2)]
    found = {
        f"{devices} devices, {count} processes: {way}": numbers
        for devices, count in layouts
        for way, numbers in processes.run(GRID, processes=count, devices=devices).items()
    }
    assert len(found) == 16
    numbers = np.array(list(found.values()))
    apart = np.linalg.norm(numbers - numbers[0], axis=1) / np.linalg.norm(numbers[0])
    assert dict(zip(found, apart, strict=True)) == {
        name: pytest.approx(0, abs=1e-6) for name in found
    }
