"""Fused and plain losses on eight devices: the same numbers, an eighth of the work, little talk."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P

import jaxloss as jl
from benchmarks.hlo import exchanges, matmul_flops
from jaxloss import catalogue

pytestmark = pytest.mark.skipif(
    jax.__version_info__ < (0, 10), reason="fused losses over devices need JAX 0.10"
)
ENTROPY = jl.classification.softmax_cross_entropy
TOKENS, DIM, CLASSES, CHUNK = 256, 64, 1024, 8
PRODUCT = 2 * TOKENS * DIM * CLASSES
LAYOUTS = {
    "data": ((8,), P("data"), P()),
    "tensor": ((1, 8), P(), P(None, "model")),
    "both": ((2, 4), P("data"), P(None, "model")),
    "two axes of data": ((2, 4), P(("data", "model")), P()),
}


def meshed(layout, kind):
    shape, of_features, of_kernel = LAYOUTS[layout]
    names = ("data", "model")[: len(shape)]
    mesh = jax.make_mesh(shape, names, axis_types=(getattr(AxisType, kind),) * len(shape))
    return mesh, of_features, of_kernel


def drawn():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((TOKENS, DIM)).astype(np.float32)
    kernel = (rng.standard_normal((DIM, CLASSES)) / 8).astype(np.float32)
    return features, kernel, rng.integers(0, CLASSES, TOKENS).astype(np.int32)


def placed(mesh, *pairs):
    return [jax.device_put(array, NamedSharding(mesh, spec)) for array, spec in pairs]


def same(given, expected, **limits):
    jax.tree.map(functools.partial(np.testing.assert_allclose, **limits), given, expected)


def own_loss(logits, labels):
    """A loss that knows nothing of devices."""
    return jnp.square(ENTROPY(logits, labels))


HEADS = {
    "cross-entropy": (
        lambda **way: functools.partial(
            jl.fused.linear_softmax_cross_entropy, chunk=CHUNK, schedule="tokens", **way
        ),
        ENTROPY,
    ),
    "by classes": (
        lambda **way: functools.partial(
            jl.fused.linear_softmax_cross_entropy, chunk=32, schedule="vocab", **way
        ),
        ENTROPY,
    ),
    "any loss": (lambda **way: jl.fused.linear(own_loss, chunk=CHUNK, **way), own_loss),
}


@pytest.mark.parametrize("kind", ["Explicit", "Auto"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("head", HEADS)
def test_linear(head, layout, kind):
    """In Explicit mode without a word from the user, in Auto mode with the shardings."""
    mesh, of_features, of_kernel = meshed(layout, kind)
    features, kernel, labels = drawn()
    make, plain = HEADS[head]
    way = {} if kind == "Explicit" else {"sharding": (of_features, of_kernel)}

    def mean(features, kernel, labels):
        return make(**way)(features, kernel, labels).value

    args = placed(mesh, (features, of_features), (kernel, of_kernel), (labels, P(*of_features)))
    step = jax.jit(jax.value_and_grad(mean, (0, 1)))
    program = step.lower(*args).compile()
    value, grads = program(*args)
    expected, slopes = jax.value_and_grad(lambda x, w: plain(x @ w, labels).mean(), (0, 1))(
        features, kernel
    )
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for grad, slope, arg in zip(grads, slopes, args, strict=False):
        np.testing.assert_allclose(grad, slope, rtol=1e-4, atol=1e-8)
        assert grad.sharding.is_equivalent_to(arg.sharding, 2)

    products = 4 if head == "by classes" else 3
    assert matmul_flops(program) == products * PRODUCT // 8
    talk = exchanges(program)
    assert not [e for e in talk if e.kind != "all-reduce"], "nothing is gathered"
    own = args[1].addressable_shards[0].data.nbytes
    of_kernel_once = [e for e in talk if e.loops == 1 and e.bytes >= own]
    inside = sum(e.bytes * e.loops for e in talk if e.loops > 1)
    if layout != "tensor":
        assert len(of_kernel_once) == 1, "the gradient of the kernel is summed once"
    if head == "any loss":
        # Logits that a loss does not know to be divided: the gradient of the features is summed
        # chunk by chunk, which is as much in all.
        assert inside <= TOKENS * (16 + 4 * DIM)
    else:
        assert inside <= 16 * TOKENS


@pytest.mark.parametrize("loss", [ENTROPY, own_loss])
def test_linear_without_a_word_in_auto_mode(loss):
    """Not told anything, it still divides the work, and sums the kernel's gradient per chunk."""
    mesh, of_features, of_kernel = meshed("data", "Auto")
    features, kernel, labels = drawn()
    args = placed(mesh, (features, of_features), (kernel, of_kernel), (labels, of_features))
    head = jl.fused.linear(loss, chunk=64)
    step = jax.jit(jax.value_and_grad(lambda *a: head(*a).value, (0, 1)))
    value, grads = step(*args)
    expected, slopes = jax.value_and_grad(lambda x, w: loss(x @ w, labels).mean(), (0, 1))(
        features, kernel
    )
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    same(grads, slopes, rtol=1e-4, atol=1e-8)
    program = step.lower(*args).compile()
    assert matmul_flops(program) == 3 * PRODUCT // 8
    assert not [e for e in exchanges(program) if e.kind == "all-gather" and e.bytes > 1 << 16]


@pytest.mark.parametrize("schedule", ["tokens", "vocab"])
def test_linear_inside_shard_map(schedule):
    """Tokens over one axis, classes over the other, both named; weights and every option."""
    mesh = jax.make_mesh((2, 4), ("data", "model"), axis_types=(AxisType.Auto,) * 2)
    features, kernel, labels = drawn()
    rng = np.random.default_rng(1)
    bias, costs = rng.standard_normal(CLASSES), rng.uniform(0.5, 2, CLASSES)
    weights, kept = rng.uniform(0.5, 2, TOKENS), rng.random(TOKENS) > 0.3
    rest = {"smoothing": 0.1, "z_loss": 1e-2, "softcap": 5.0, "temperature": 1.5}

    def mean(x, w, b, costs, labels, weights, kept, **names):
        return jl.fused.linear_softmax_cross_entropy(
            x, w, labels, bias=b, class_weights=costs, weights=weights, where=kept,
            chunk=8, schedule=schedule, **rest, **names,
        ).value  # fmt: skip

    args = [jnp.asarray(a, jnp.float32) for a in (features, kernel, bias, costs)]
    args += [labels, jnp.asarray(weights, jnp.float32), kept]
    specs = P("data"), P(None, "model"), P("model"), P("model"), P("data"), P("data"), P("data")
    names = {"axis_name": "data", "class_axis_name": "model"}
    mapped = jax.shard_map(
        functools.partial(mean, **names), mesh=mesh, in_specs=specs, out_specs=P()
    )
    value, grads = jax.jit(jax.value_and_grad(mapped, (0, 1, 2, 3)))(*args)
    expected, slopes = jax.value_and_grad(mean, (0, 1, 2, 3))(*args)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for grad, slope in zip(grads, slopes, strict=True):
        np.testing.assert_allclose(grad, slope, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["Explicit", "Auto"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_log_probs(layout, kind):
    """Values of each token, each with a cotangent of its own."""
    mesh, of_features, of_kernel = meshed(layout, kind)
    features, kernel, labels = drawn()
    ids = np.stack([labels, labels[::-1]], axis=1)
    factors = np.random.default_rng(2).standard_normal((TOKENS, 2)).astype(np.float32)
    way = {} if kind == "Explicit" else {"sharding": (of_features, of_kernel)}

    def weighed(x, w, ids, factors, **way):
        found = jl.fused.linear_log_probs(x, w, ids, chunk=CHUNK, **way)
        return jnp.sum(found.log_probs * factors) + found.entropy.sum() + found.logsumexp.sum()

    args = placed(
        mesh,
        (features, of_features),
        (kernel, of_kernel),
        (ids, of_features),
        (factors, of_features),
    )
    step = jax.value_and_grad(functools.partial(weighed, **way), (0, 1))
    value, grads = jax.jit(step)(*args)
    expected, slopes = jax.value_and_grad(weighed, (0, 1))(features, kernel, ids, factors)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for grad, slope in zip(grads, slopes, strict=True):
        np.testing.assert_allclose(grad, slope, rtol=1e-3, atol=1e-5)


# Those that add up classes in their order need all of them in one place.
IN_ORDER = {"ordered_classes.squared_earth_mover", "proper.ranked_probability"}
DIVIDED = [
    row
    for row in catalogue.LOSSES
    if {"logits_labels", "logits_distributions"} & {*row.reads} and row.name not in IN_ORDER
]


@pytest.mark.parametrize("kind", ["Explicit", "Auto"])
@pytest.mark.parametrize("row", DIVIDED, ids=lambda row: row.name)
def test_plain_losses_with_divided_classes(row, kind):
    """Logits divided over the devices by examples and by classes: nothing is gathered."""
    mesh = jax.make_mesh((2, 4), ("data", "model"), axis_types=(getattr(AxisType, kind),) * 2)
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((16, 512)).astype(np.float32)
    for reads in row.reads:
        if reads == "logits_labels":
            target, spec = rng.integers(0, 512, 16).astype(np.int32), P("data")
        elif reads == "logits_distributions":
            target = rng.dirichlet(np.ones(512), 16).astype(np.float32)
            spec = P("data", "model")
        else:
            continue
        step = jax.jit(jax.value_and_grad(lambda z, t: jl.mean(row.loss(z, t))))
        expected = step(logits, target)
        args = placed(mesh, (logits, P("data", "model")), (target, spec))
        program = step.lower(*args).compile()
        value, grad = program(*args)
        np.testing.assert_allclose(value, expected[0], rtol=1e-5)
        np.testing.assert_allclose(grad, expected[1], rtol=1e-4, atol=1e-8)
        heard = [e for e in exchanges(program) if e.bytes >= logits.nbytes // 4]
        assert not heard, f"logits are moved: {heard}"


def test_plain_cross_entropy_inside_shard_map():
    """`axis_name` names the axis that the classes are divided over."""
    mesh = jax.make_mesh((8,), ("model",), axis_types=(AxisType.Auto,))
    rng = np.random.default_rng(0)
    logits = (rng.standard_normal((16, 64)) * 3).astype(np.float32)
    labels = np.append(rng.integers(0, 64, 14), [-100, 64]).astype(np.int32)
    costs = rng.uniform(0.5, 2, 64).astype(np.float32)
    kept = rng.random((16, 64)) > 0.1
    kept[np.arange(16), labels.clip(0, 63)] = True

    def values(logits, labels, costs, kept, axis_name=None):
        return ENTROPY(
            logits, labels, where=kept, class_weights=costs, smoothing=0.1, z_loss=0.01,
            axis_name=axis_name,
        )  # fmt: skip

    mapped = jax.shard_map(
        functools.partial(values, axis_name="model"),
        mesh=mesh,
        in_specs=(P(None, "model"), P(), P("model"), P(None, "model")),
        out_specs=P(),
    )
    known = jnp.arange(16) < 14
    mean = lambda f: lambda *a: jl.mean(f(*a), where=known)
    args = logits, labels, costs, kept
    np.testing.assert_allclose(mapped(*args), values(*args), rtol=1e-5)
    result = jax.jit(jax.value_and_grad(mean(mapped), (0, 2)))(*args)
    expected = jax.value_and_grad(mean(values), (0, 2))(*args)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-8), result, expected
    )


PAIRS = {
    "info_nce": (jl.fused.info_nce, jl.contrastive.info_nce),
    "clip": (jl.fused.clip, jl.contrastive.clip),
    "siglip": (jl.fused.siglip, jl.contrastive.siglip),
    "sup_con": (jl.fused.sup_con, jl.contrastive.sup_con),
    "batch_hard_triplet": (jl.fused.batch_hard_triplet, jl.metric.batch_hard_triplet),
    "batch_all_triplet": (jl.fused.batch_all_triplet, jl.metric.batch_all_triplet),
}


def pair_arguments(name, count=64, dim=16):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((count, dim)).astype(np.float32) / 2 for _ in range(2))
    labelled = name not in ("info_nce", "clip", "siglip")
    return (x, rng.integers(0, 9, count).astype(np.int32)) if labelled else (x, y)


@pytest.mark.parametrize("kind", ["Explicit", "Auto", "Manual"])
@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name, kind):
    """Every item is compared with those of all devices."""
    fused, plain = PAIRS[name]
    args = pair_arguments(name)
    floats = tuple(place for place, a in enumerate(args) if a.dtype == np.float32)
    factors = np.random.default_rng(3).standard_normal(64).astype(np.float32)
    kept = np.random.default_rng(4).random(64) > 0.2
    mesh = jax.make_mesh(
        (8,), ("data",), axis_types=(AxisType.Explicit if kind == "Explicit" else AxisType.Auto,)
    )
    fused = functools.partial(fused, block=3)
    if kind == "Auto":
        fused = functools.partial(fused, sharding=NamedSharding(mesh, P("data")))

    def weighed(loss, *args):
        *args, kept, factors = args
        return jnp.sum(loss(*args, where=kept) * factors)

    if kind == "Manual":
        local = lambda x, y, where: fused(x, y, where=where, axis_name="data")
        mapped = jax.shard_map(local, mesh=mesh, in_specs=(P("data"),) * 3, out_specs=P("data"))
        run = lambda x, y, where: mapped(x, y, where)
    else:
        run = fused
    whole = (*args, kept, factors)
    divided = placed(mesh, *((a, P("data")) for a in whole))
    step = jax.jit(jax.value_and_grad(functools.partial(weighed, run), floats))
    result = step(*divided)
    expected = jax.value_and_grad(functools.partial(weighed, plain), floats)(*whole)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5), result, expected
    )
    program = step.lower(*divided).compile()
    gathered = [e for e in exchanges(program) if e.kind == "all-gather"]
    assert max((e.bytes for e in gathered), default=0) <= 4 * 2 * 64 * 16 + 64 * 64
