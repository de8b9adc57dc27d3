"""Losses in blocks: values and gradients of the plain forms, in a fraction of the memory."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.testing.case import float64

PAIRS = {
    "info_nce": (jl.fused.info_nce, jl.contrastive.info_nce, {"temperature": 0.3}),
    "clip": (jl.fused.clip, jl.contrastive.clip, {"logit_scale": 1.3}),
    "siglip": (jl.fused.siglip, jl.contrastive.siglip, {"logit_scale": 0.4, "bias": -1.0}),
    "sup_con": (jl.fused.sup_con, jl.contrastive.sup_con, {"temperature": 0.3}),
    "batch_hard_triplet": (
        jl.fused.batch_hard_triplet,
        jl.metric.batch_hard_triplet,
        {"margin": 0.3},
    ),
    "batch_all_triplet": (jl.fused.batch_all_triplet, jl.metric.batch_all_triplet, {"margin": 0.3}),
}
TWO_SETS = ("info_nce", "clip", "siglip")


def drawn(name, count=23, dim=5, batch=(), seed=0):
    rng = np.random.default_rng(seed)
    x, y = (rng.standard_normal((*batch, count, dim)).astype(np.float32) for _ in range(2))
    return (x, y) if name in TWO_SETS else (x, rng.integers(0, 6, (*batch, count)))


def split(args):
    floats = [a for a in args if a.dtype.kind == "f"]
    return floats, [a for a in args if a.dtype.kind != "f"]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("block", [1, 5, 23, None])
@pytest.mark.parametrize("name", PAIRS)
def test_equals_plain(name, block, masked):
    """Values, gradients by inputs and hyperparameters, second derivatives, in float64."""
    fused, plain, hyper = PAIRS[name]
    fused = functools.partial(fused, block=block)
    kept = np.random.default_rng(1).random(23) > 0.3 if masked else None
    factors = np.random.default_rng(2).standard_normal(23)
    with float64():
        floats, rest = split(drawn(name))
        point = (
            [jnp.asarray(a, jnp.float64) for a in floats],
            {k: jnp.asarray(v, jnp.float64) for k, v in hyper.items()},
        )

        def weighed(loss, floats, hyper):
            return jnp.sum(loss(*floats, *rest, where=kept, **hyper) * factors)

        ours, theirs = (functools.partial(weighed, loss) for loss in (fused, plain))
        close = functools.partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
        close(ours(*point), theirs(*point))
        slopes = [jax.grad(run, (0, 1))(*point) for run in (ours, theirs)]
        jax.tree.map(close, *slopes)
        ahead = jax.tree.map(jnp.ones_like, point)
        twice = [jax.jvp(jax.grad(run, (0, 1)), point, ahead)[1] for run in (ours, theirs)]
        jax.tree.map(close, *twice)


@pytest.mark.parametrize("name", PAIRS)
def test_batches_and_degenerate_sets(name):
    """Leading axes are batch; one item, none, equal items and huge ones are no trouble."""
    fused, plain, _ = PAIRS[name]
    args = drawn(name, batch=(3,))
    values = fused(*args, block=5)
    np.testing.assert_allclose(values, plain(*args), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        jax.vmap(functools.partial(fused, block=4))(*args), values, rtol=1e-5, atol=1e-5
    )
    for count in (0, 1, 2):
        few = drawn(name, count=count)
        np.testing.assert_allclose(fused(*few), plain(*few), rtol=1e-6, atol=1e-6)
    for scale in (0.0, 1e4):
        floats, rest = split(drawn(name))
        floats = [scale * jnp.ones_like(a) for a in floats]
        run = lambda *a, loss, rest=rest: jnp.sum(loss(*a, *rest))
        ours = jax.value_and_grad(functools.partial(run, loss=functools.partial(fused, block=5)))
        theirs = jax.value_and_grad(functools.partial(run, loss=plain))
        result, expected = ours(*floats), theirs(*floats)
        np.testing.assert_allclose(result[0], expected[0], rtol=1e-5)
        assert jnp.isfinite(result[1]).all()


def test_negatives_from_a_queue():
    x, y = drawn("info_nce")
    queue = np.random.default_rng(3).standard_normal((7, 5)).astype(np.float32)
    ours = jl.fused.info_nce(x, y, negatives=queue, block=4)
    np.testing.assert_allclose(ours, jl.contrastive.info_nce(x, y, negatives=queue), rtol=1e-6)
    with pytest.raises(ValueError, match="`negatives`"):
        jl.fused.info_nce(x, y, negatives=queue[:, :2])


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("block", [1, 4, None])
def test_mmd(estimator, block):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((9, 3)), rng.standard_normal((7, 3)) + 0.3
    given = {"estimator": estimator}
    with float64():
        ours = jax.value_and_grad(
            lambda x, y, b: jl.fused.mmd(x, y, bandwidth=b, block=block, **given), (0, 1, 2)
        )(x, y, 1.3)
        theirs = jax.value_and_grad(
            lambda x, y, b: jl.transport.mmd(x, y, bandwidth=b, **given), (0, 1, 2)
        )(x, y, 1.3)
        close = functools.partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-12)
        jax.tree.map(close, ours, theirs)
    stacked = jl.fused.mmd(np.stack([x, x]), np.stack([y, x[:7]]), block=block, **given)
    np.testing.assert_allclose(
        stacked[0], ours[0] if False else jl.transport.mmd(x, y, **given), rtol=1e-4
    )
    with pytest.raises(ValueError, match=r"`y`.*\(7, 2\)"):
        jl.fused.mmd(x, y[:, :2])


def megabytes(function, *args):
    program = jax.jit(jax.value_and_grad(function)).lower(*args).compile()
    return program.memory_analysis().temp_size_in_bytes / 2**20


def test_memory_is_linear_in_the_batch():
    """CLIP in at most 20 MiB at 8192 items and 100 MiB at 32768; the others grow as slowly."""

    def clip(x):
        return jl.fused.clip(x, x[::-1]).mean()

    shape = functools.partial(jax.ShapeDtypeStruct, dtype=jnp.float32)
    assert megabytes(clip, shape((8192, 128))) <= 20 + 4  # x[::-1] is 4 MiB
    assert megabytes(clip, shape((32768, 128))) <= 100
    for name, (fused, _, _) in PAIRS.items():

        def mean(x, fused=fused, name=name):
            other = x[::-1] if name in TWO_SETS else jnp.arange(x.shape[0]) // 4
            return fused(x, other).mean()

        small, large = (megabytes(mean, shape((n, 32))) for n in (1024, 4096))
        assert large <= 4.5 * small + 1, (name, small, large)
        assert large <= 40, name
    small, large = (
        megabytes(lambda x: jl.fused.mmd(x, x[::-1] + 1), shape((n, 32))) for n in (1024, 4096)
    )
    assert large <= 4.5 * small + 1


def test_blocks_must_have_rows():
    with pytest.raises(ValueError, match="`block` of at least 1, got 0"):
        jl.fused.clip(*drawn("clip"), block=0)


@pytest.mark.parametrize("chunk", [1, 3, None])
def test_linear_transducer(chunk):
    """What the plain transducer gives of all logits, padding and all."""
    rng = np.random.default_rng(0)
    encoded, predicted = rng.standard_normal((2, 5, 3)), rng.standard_normal((2, 4, 3))
    kernel, bias = rng.standard_normal((3, 7)), rng.standard_normal(7)
    labels = rng.integers(1, 7, (2, 3))
    masks = {
        "where": np.arange(5) < np.array([[5], [3]]),
        "label_where": np.arange(3) < np.array([[3], [2]]),
    }

    def plain(encoded, predicted, kernel, bias):
        joined = jnp.tanh(encoded[:, :, None] + predicted[:, None])
        return jnp.sum(jl.sequence.transducer(joined @ kernel + bias, labels, **masks))

    def fused(encoded, predicted, kernel, bias):
        values = jl.fused.linear_transducer(
            encoded, predicted, kernel, labels, bias=bias, chunk=chunk, **masks
        )
        return jnp.sum(values)

    with float64():
        args = [jnp.asarray(a, jnp.float64) for a in (encoded, predicted, kernel, bias)]
        ours = jax.value_and_grad(fused, (0, 1, 2, 3))(*args)
        theirs = jax.value_and_grad(plain, (0, 1, 2, 3))(*args)
        close = functools.partial(np.testing.assert_allclose, rtol=1e-10, atol=1e-12)
        jax.tree.map(close, ours, theirs)
    table = jl.fused.Table(jnp.asarray(kernel.T, jnp.float32))
    small = [jnp.asarray(a, jnp.float32) for a in (encoded, predicted)]
    as_table = jl.fused.linear_transducer(
        *small, table, labels, bias=bias.astype(np.float32), **masks
    )
    np.testing.assert_allclose(as_table.sum(), ours[0], rtol=1e-5)
    blank = jl.fused.linear_transducer(*small, table, labels * 0)
    assert jnp.isnan(blank).all()
    with pytest.raises(ValueError, match="`predicted`"):
        jl.fused.linear_transducer(small[0], small[1][..., :2], table, labels)


def test_linear_transducer_never_holds_the_logits():
    batch, time, length, dim, classes = 2, 60, 20, 32, 2000
    rng = np.random.default_rng(0)
    encoded = jnp.asarray(rng.standard_normal((batch, time, dim)), jnp.float32)
    predicted = jnp.asarray(rng.standard_normal((batch, length + 1, dim)), jnp.float32)
    kernel = jnp.asarray(rng.standard_normal((dim, classes)), jnp.float32)
    labels = jnp.asarray(rng.integers(1, classes, (batch, length)))
    logits = 4 * batch * time * (length + 1) * classes / 2**20

    def fused(encoded):
        return jl.fused.linear_transducer(encoded, predicted, kernel, labels, chunk=4).mean()

    assert megabytes(fused, encoded) < logits / 3
