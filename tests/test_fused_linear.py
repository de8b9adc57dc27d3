"""Fused linear losses against float64, for every schedule, shape, option and transformation."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from benchmarks.hlo import matmul_flops
from jaxloss.testing.case import float64
from tests.oracles import fused as oracle

ENTROPY = jl.fused.linear_softmax_cross_entropy
RICH = {"smoothing": 0.1, "z_loss": 1e-2, "softcap": 5.0, "temperature": 1.5}


def arguments(tokens, dim, classes, dtype=jnp.float32, seed=0):
    rng = np.random.default_rng(seed)
    features = jnp.asarray(rng.standard_normal((tokens, dim)), dtype)
    kernel = jnp.asarray(rng.standard_normal((dim, classes)) * 2 / dim**0.5, dtype)
    return features, kernel, rng.integers(0, classes, tokens).astype(np.int32)


def options(tokens, classes, seed=1):
    rng = np.random.default_rng(seed)
    return {
        **RICH,
        "bias": jnp.asarray(rng.standard_normal(classes), jnp.float32),
        "weights": rng.uniform(0.5, 2, tokens).astype(np.float32),
        "where": rng.random(tokens) > 0.3,
        "class_weights": rng.uniform(0.5, 2, classes).astype(np.float32),
    }


def off(given, expected):
    """Relative distance in the Euclidean norm."""
    given, expected = np.asarray(given, np.float64), np.asarray(expected, np.float64)
    return np.linalg.norm(given - expected) / max(np.linalg.norm(expected), 1e-30)


def wide(tree):
    return jax.tree.map(
        lambda a: np.asarray(a, np.float64) if jnp.issubdtype(a.dtype, jnp.floating) else a,
        {k: v for k, v in tree.items() if hasattr(v, "dtype")},
    ) | {k: v for k, v in tree.items() if not hasattr(v, "dtype")}


def total(features, kernel, labels, **given):
    return ENTROPY(features, kernel, labels, **given).total


def check(features, kernel, labels, given, runs, limit):
    """Totals and gradients of several runs against the oracle."""
    args = np.asarray(features, np.float64), np.asarray(kernel, np.float64), labels
    values = oracle.linear_softmax_cross_entropy(*args, **wide(given))
    slopes = oracle.linear_softmax_cross_entropy_gradients(*args, **wide(given))
    for run in runs:
        step = jax.jit(
            jax.value_and_grad(functools.partial(total, **given, **run), (0, 1)), static_argnums=()
        )
        value, grads = step(features, kernel, labels)
        assert abs(float(value) - values.sum()) <= 5e-7 * abs(values.sum()), run
        for name, grad, slope in zip(("features", "kernel"), grads, slopes, strict=False):
            assert grad.dtype == features.dtype
            assert off(grad, slope) <= limit, (name, run)


@pytest.mark.parametrize("classes", [2048, 2049, 5000, 50257, 151936])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
def test_any_vocabulary(classes, dtype):
    """Plain and with every option; one chunk, several, ragged ones; blocks of classes."""
    tokens = 37
    features, kernel, labels = arguments(tokens, 16, classes, dtype)
    runs = [
        {"schedule": "materialize"},
        {"chunk": 10},
        {"schedule": "vocab", "chunk": 1024},
        {"schedule": "vocab"},
    ]
    limit = 1e-5 if dtype == jnp.float32 else 2e-3
    check(features, kernel, labels, {}, runs, limit)
    # With factors of their own, the few gradients that matter are rounded once more, before the
    # product that reads them; where it reads float32, only what comes out is rounded.
    given = options(tokens, classes)
    check(features, kernel, labels, given, runs, limit * 1.5)
    exact = [{"dtype": jnp.float32, **run} for run in runs[1:3]]
    check(features, kernel, labels, given, exact, limit)


@pytest.mark.parametrize("chunks", [1, 2, 3, 8, 32, 128])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
def test_any_number_of_chunks(chunks, dtype):
    """Sums do not lose digits with the number of chunks."""
    features, kernel, labels = arguments(256, 64, 2049, dtype)
    runs = [{"chunk": 256 // chunks}, {"schedule": "vocab", "chunk": -(-2049 // chunks)}]
    check(features, kernel, labels, {}, runs, 1e-5 if dtype == jnp.float32 else 2e-3)
    check(4 * features, kernel, labels, {}, runs, 1e-5 if dtype == jnp.float32 else 2e-3)


SCHEDULES = [
    {"schedule": "materialize"},
    {"chunk": 5},
    {"schedule": "vocab", "chunk": 7},
]


@pytest.mark.parametrize("run", SCHEDULES, ids=["materialize", "tokens", "vocab"])
class TestTransformations:
    def given(self, dtype=jnp.float32):
        features, kernel, labels = arguments(12, 4, 23, dtype)
        given = options(12, 23)
        rest = {"smoothing": 0.1, "z_loss": 0.02, "softcap": 3.0, "temperature": 1.5}
        floats = {"features": features, "kernel": kernel, "bias": given.pop("bias")}
        floats |= {k: jnp.asarray(v, dtype) for k, v in rest.items()}
        floats |= {k: jnp.asarray(given.pop(k), dtype) for k in ("weights", "class_weights")}
        return floats, labels, given["where"]

    def plain(self, labels, where, floats):
        logits = floats["features"] @ floats["kernel"] + floats["bias"]
        logits = floats["softcap"] * jnp.tanh(logits / floats["softcap"]) / floats["temperature"]
        values = jl.classification.softmax_cross_entropy(
            logits,
            labels,
            smoothing=floats["smoothing"],
            z_loss=floats["z_loss"],
            class_weights=floats["class_weights"],
        )
        return jl.total(values, where=where, weights=floats["weights"])

    def fused(self, run, labels, where, floats):
        rest = {k: v for k, v in floats.items() if k not in ("features", "kernel")}
        return total(floats["features"], floats["kernel"], labels, where=where, **rest, **run)

    def test_every_gradient_and_both_modes(self, run):
        """Of features, kernel, bias, weights and every hyperparameter, against the plain form."""
        with float64():
            floats, labels, where = self.given(jnp.float64)
            floats = jax.tree.map(lambda a: a.astype(jnp.float64), floats)
            plain = functools.partial(self.plain, labels, where)
            fused = functools.partial(self.fused, run, labels, where)
            value, grads = jax.value_and_grad(fused)(floats)
            expected, slopes = jax.value_and_grad(plain)(floats)
            assert abs(value - expected) < 1e-12 * abs(expected)
            rng = np.random.default_rng(3)
            ahead = jax.tree.map(lambda a: jnp.asarray(rng.standard_normal(a.shape)), floats)
            for name, grad in grads.items():
                assert off(grad, slopes[name]) < 1e-12, name
            pushed = jax.jvp(fused, (floats,), (ahead,))[1]
            pulled = sum(jnp.vdot(grads[k], ahead[k]) for k in grads)
            assert abs(pushed - pulled) < 1e-11 * abs(pulled)

    def test_second_derivatives(self, run):
        """Forward over reverse, and reverse over forward and reverse."""
        with float64():
            floats, labels, where = self.given(jnp.float64)
            floats = jax.tree.map(lambda a: a.astype(jnp.float64), floats)
            fused = functools.partial(self.fused, run, labels, where)
            plain = functools.partial(self.plain, labels, where)
            ahead = jax.tree.map(jnp.ones_like, floats)
            expected = jax.jvp(jax.grad(plain), (floats,), (ahead,))[1]

            def slope(floats):
                return jax.jvp(fused, (floats,), (ahead,))[1]

            def dotted(floats):
                pairs = zip(*map(jax.tree.leaves, (jax.grad(fused)(floats), ahead)), strict=True)
                return sum(jnp.vdot(a, b) for a, b in pairs)

            for product in (
                jax.jvp(jax.grad(fused), (floats,), (ahead,))[1],
                jax.grad(slope)(floats),
                jax.grad(dotted)(floats),
            ):
                for name, part in product.items():
                    assert off(part, expected[name]) < 1e-10, name

    def test_vmap(self, run):
        """Over examples, over kernels, and over hyperparameters."""
        features, kernel, labels = arguments(12, 4, 23)
        stacked = jnp.stack([kernel, 2 * kernel])
        step = jax.grad(functools.partial(total, **run), (0, 1))
        mapped = jax.vmap(step, (None, 0, None))(features, stacked, labels)
        singly = [step(features, k, labels) for k in stacked]
        for place in (0, 1):
            assert off(mapped[place], jnp.stack([s[place] for s in singly])) < 1e-6
        split = features.reshape(3, 4, 4), labels.reshape(3, 4)
        parts = jax.vmap(lambda x, y: total(x, kernel, y, **run))(*split)
        assert abs(parts.sum() - total(features, kernel, labels, **run)) < 1e-4
        levels = jnp.array([0.0, 0.1, 0.3])
        smooth = lambda level: total(features, kernel, labels, smoothing=level, **run)
        np.testing.assert_allclose(jax.vmap(smooth)(levels), [smooth(a) for a in levels], rtol=1e-6)

    def test_cotangents(self, run):
        """A factor behind the loss is a factor of the gradient."""
        features, kernel, labels = arguments(12, 4, 23)
        once = jax.grad(functools.partial(total, **run), (0, 1))(features, kernel, labels)
        scaled = jax.grad(lambda *a: -2.5 * total(*a, labels, **run), (0, 1))(features, kernel)
        for a, b in zip(scaled, once, strict=True):
            np.testing.assert_allclose(a, -2.5 * b, rtol=1e-6)

    def test_nothing_counted(self, run):
        """All masked, or no token at all: value 0, gradient 0, whatever the padding holds."""
        features, kernel, labels = arguments(12, 4, 23)
        step = jax.value_and_grad(
            lambda x, w: ENTROPY(x, w, labels - 200, where=none, **run).value, (0, 1)
        )
        none = np.zeros(12, bool)
        value, grads = step(features * jnp.nan, kernel)
        assert value == 0
        assert all(jnp.all(grad == 0) for grad in grads)
        empty = ENTROPY(features[:0], kernel, labels[:0], **run)
        assert empty.value == 0

    def test_labels_out_of_range(self, run):
        """NaN where they count, without a gradient; nothing where they are masked."""
        features, kernel, labels = arguments(12, 4, 23)
        for label in (-100, -1, 23):
            wrong = np.where(np.arange(12) == 3, label, labels)
            value, grad = jax.value_and_grad(functools.partial(total, **run))(
                features, kernel, wrong
            )
            assert jnp.isnan(value)
            assert jnp.all(grad[3] == 0)
            kept = total(features, kernel, wrong, where=wrong == labels, **run)
            rest = np.delete(np.arange(12), 3)
            expected = total(features[rest], kernel, labels[rest], **run)
            np.testing.assert_allclose(kept, expected, rtol=1e-6)
        weightless = (wrong == labels).astype(np.float32)
        value = total(features, kernel, wrong, weights=weightless, **run)
        np.testing.assert_allclose(value, expected, rtol=1e-6)
        with pytest.raises(ValueError, match="label"):
            jl.checked(lambda: total(features, kernel, labels + 99, **run))()

    def test_classes_out(self, run):
        """A bias of -inf takes a class out; huge logits lose nothing."""
        features, kernel, labels = arguments(12, 4, 23)
        out = jnp.where(jnp.arange(23) == 5, -jnp.inf, 0.0)
        labels = np.where(labels == 5, 6, labels)
        plain = jl.classification.softmax_cross_entropy(
            features @ kernel + out, labels, smoothing=0.1
        )
        fused = jax.value_and_grad(
            lambda x: total(x, kernel, labels, bias=out, smoothing=0.1, **run)
        )(features)
        np.testing.assert_allclose(fused[0], plain.sum(), rtol=1e-6)
        assert jnp.isfinite(fused[1]).all()
        huge = jnp.full((2, 1), 1e4) * jnp.array([[1.0], [-1.0]])
        value, grad = jax.value_and_grad(
            lambda x: total(x, jnp.array([[1.0, -1.0, 0.0]]), jnp.array([0, 0]), **run)
        )(huge)
        assert value == 2e4
        assert jnp.isfinite(grad).all()

    def test_report(self, run):
        """Loss, log-normaliser, entropy, argmax and hits of each token, from the same pass."""
        features, kernel, labels = arguments(12, 4, 23)
        average, report = ENTROPY(features, kernel, labels, has_aux=True, **run)
        logits = features @ kernel
        log_p = jax.nn.log_softmax(logits)
        close = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6)
        close(report.loss, -log_p[jnp.arange(12), labels])
        close(report.loss.sum(), average.total)
        close(report.logsumexp, jax.nn.logsumexp(logits, axis=-1))
        close(report.entropy, -jnp.sum(jnp.exp(log_p) * log_p, axis=-1))
        assert (report.argmax == jnp.argmax(logits, axis=-1)).all()
        assert (report.correct == (report.argmax == labels)).all()
        slope = jax.grad(lambda x: ENTROPY(x, kernel, labels, has_aux=True, **run)[1].loss.sum())
        assert jnp.all(slope(features) == 0), "the report carries no gradient"

    def test_batch_axes_and_tables(self, run):
        """Leading axes are batch; a table of embeddings is a kernel as it lies."""
        features, kernel, labels = arguments(12, 4, 23)
        step = jax.value_and_grad(functools.partial(total, **run), (0, 1))
        value, (by_features, by_kernel) = step(features, kernel, labels)
        shaped = step(features.reshape(3, 4, 4), kernel, labels.reshape(3, 4))
        np.testing.assert_allclose(shaped[0], value, rtol=1e-6)
        np.testing.assert_allclose(shaped[1][0].reshape(12, 4), by_features, rtol=1e-5, atol=1e-7)
        value_of_table, (_, by_table) = step(features, jl.fused.Table(kernel.T), labels)
        np.testing.assert_allclose(value_of_table, value, rtol=1e-6)
        np.testing.assert_allclose(by_table.table.T, by_kernel, rtol=1e-5, atol=1e-6)


def own_loss(logits, labels):
    """A user's own: cross-entropy of a squashed margin."""
    hit = jax.nn.one_hot(labels, logits.shape[-1])
    return jax.nn.softplus(jnp.sum((1 - 2 * hit) * jnp.tanh(logits), axis=-1))


TEACHER = jnp.asarray(np.random.default_rng(9).standard_normal((4, 23)), jnp.float32)


def distillation(logits, features):
    """Kullback-Leibler divergence from a teacher whose logits are made chunk by chunk too."""
    log_p = jax.nn.log_softmax(features @ TEACHER)
    return jnp.sum(jnp.exp(log_p) * (log_p - jax.nn.log_softmax(logits)), axis=-1)


@pytest.mark.parametrize(
    "loss",
    [
        jl.classification.softmax_cross_entropy,
        jl.classification.poly1_cross_entropy,
        functools.partial(jl.classification.softmax_cross_entropy, smoothing=0.1),
        jl.margin.crammer_singer,
        own_loss,
        distillation,
    ],
)
@pytest.mark.parametrize("chunk", [5, 12])
def test_any_loss(loss, chunk):
    """Value, gradients, weights and masks of any per-token loss, integer or floating targets."""
    features, kernel, labels = arguments(12, 4, 23)
    target = jnp.tanh(features) if loss is distillation else labels
    kept, weights = np.arange(12) % 3 > 0, np.linspace(0, 2, 12).astype(np.float32)

    def plain(x, w):
        return jl.mean(loss(x @ w, target), where=kept, weights=weights)

    def fused(x, w):
        return jl.fused.linear(loss, chunk=chunk)(x, w, target, where=kept, weights=weights).value

    expected, slopes = jax.value_and_grad(plain, (0, 1))(features, kernel)
    value, grads = jax.jit(jax.value_and_grad(fused, (0, 1)))(features, kernel)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for grad, slope in zip(grads, slopes, strict=True):
        np.testing.assert_allclose(grad, slope, rtol=1e-5, atol=1e-7)
    each = jl.fused.linear_values(loss, chunk=chunk)(features, kernel, target)
    np.testing.assert_allclose(each, loss(features @ kernel, target), rtol=1e-5, atol=1e-6)


def test_what_a_loss_closes_over_has_a_gradient():
    features, kernel, labels = arguments(12, 4, 23)

    def fused(temperature, chunk):
        loss = lambda z, y: jl.classification.softmax_cross_entropy(z / temperature, y)
        return jl.fused.linear(loss, chunk=chunk)(features, kernel, labels).value

    plain = jax.grad(
        lambda t: jl.classification.softmax_cross_entropy(features @ kernel / t, labels).mean()
    )(1.5)
    for chunk in (5, 12):
        np.testing.assert_allclose(
            jax.jit(jax.grad(fused), static_argnums=1)(1.5, chunk), plain, rtol=1e-5
        )

    @jax.jit
    def scanned(temperature):  # traced long before it is differentiated
        return jax.lax.scan(lambda c, _: (c + fused(temperature, 5), None), 0.0, None, length=2)[0]

    np.testing.assert_allclose(jax.grad(scanned)(1.5), 2 * plain, rtol=1e-5)


def test_auxiliary_results_of_a_loss():
    features, kernel, labels = arguments(12, 4, 23)
    loss = lambda z, y: (jl.classification.softmax_cross_entropy(z, y), {"top": z.max(-1)})
    average, aux = jl.fused.linear(loss, has_aux=True, chunk=5)(features, kernel, labels)
    np.testing.assert_allclose(aux["top"], (features @ kernel).max(-1), rtol=1e-6)
    assert average.weight == 12


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("chunk", [5, 37])
def test_log_probs(dtype, chunk):
    """Log-probabilities, log-normalisers and entropies, each token with a cotangent of its own."""
    features, kernel, _ = arguments(37, 16, 2049, dtype)
    rng = np.random.default_rng(5)
    ids = rng.integers(0, 2049, (37, 3))
    given = {
        "bias": jnp.asarray(rng.standard_normal(2049), dtype),
        "softcap": 5.0,
        "temperature": 1.3,
    }
    cotangents = [jnp.asarray(rng.standard_normal(s), jnp.float32) for s in ((37, 3), 37, 37)]

    def weighed(x, w):
        found = jl.fused.linear_log_probs(x, w, ids, chunk=chunk, **given)
        return sum(jnp.vdot(a, b) for a, b in zip(found, cotangents, strict=True)), found

    (_, found), grads = jax.jit(jax.value_and_grad(weighed, (0, 1), has_aux=True))(features, kernel)
    exact = oracle.linear_log_probs(*map(np.float64, (features, kernel)), ids, **wide(given))
    for a, b in zip(found, exact, strict=True):
        assert off(a, b) < 5e-7
    with float64():

        def plain(x, w):
            z = 5.0 * jnp.tanh((x @ w + np.float64(given["bias"])) / 5.0) / 1.3
            log_p = jax.nn.log_softmax(z)
            parts = (
                jnp.take_along_axis(log_p, ids, 1),
                jax.nn.logsumexp(z, -1),
                -jnp.sum(jnp.exp(log_p) * log_p, -1),
            )
            return sum(jnp.vdot(a, np.float64(b)) for a, b in zip(parts, cotangents, strict=True))

        slopes = jax.grad(plain, (0, 1))(
            *map(lambda a: jnp.asarray(np.float64(a)), (features, kernel))
        )
    for grad, slope in zip(grads, slopes, strict=True):
        assert off(grad, slope) < (1e-5 if dtype == jnp.float32 else 3e-3)
    outside = jl.fused.linear_log_probs(
        features, kernel, ids.clip(max=5) - 1, chunk=chunk
    ).log_probs
    assert (jnp.isnan(outside) == (ids.clip(max=5) - 1 < 0)).all()


def compiled(*run, grads=(0, 1), shape=(4096, 512, 32768), loss=None):
    features, kernel, labels = arguments(*shape)
    given = dict(run)
    loss = loss or (lambda x, w: ENTROPY(x, w, labels, **given).value)
    return jax.jit(jax.value_and_grad(loss, grads)).lower(features, kernel).compile()


def test_memory_and_work():
    """Memory for the logits of one chunk; three products, and two with a frozen kernel."""
    product = 2 * 4096 * 512 * 32768
    mib = lambda program: program.memory_analysis().temp_size_in_bytes / 2**20
    tokens = compiled(("chunk", 512))
    assert mib(tokens) <= 140
    assert matmul_flops(tokens) == 3 * product
    assert matmul_flops(compiled(("chunk", 512), grads=0)) == 2 * product
    smallest = compiled(("schedule", "vocab"), ("chunk", 256))
    assert mib(smallest) <= 20
    assert matmul_flops(smallest) == 4 * product
    assert mib(compiled(("budget", 20 << 20))) <= 20
    plain = jl.classification.softmax_cross_entropy
    labels = arguments(4096, 1, 1)[2]
    whole = compiled(loss=lambda x, w: plain(x @ w, labels).mean())
    assert mib(whole) >= 1000
    assert matmul_flops(whole) == 3 * product


def test_schedules_follow_the_budget():
    from jaxloss.fused.layer import Way

    assert Way().choice(512, 64, 1000) == "materialize"
    assert Way().choice(4096, 512, 32768) == "tokens"
    assert Way().chunk_of_tokens(4096, 512, 32768) == 512
    assert Way(budget=1 << 20).choice(4096, 512, 32768) == "vocab"
    assert Way(budget=1 << 30).choice(4096, 512, 32768) == "materialize"
    assert Way(budget=1 << 28).choice(4096, 512, 32768) == "tokens"
    assert Way(schedule="tokens").chunk_of_tokens(100, 2, 10**7) >= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.zeros((3, 5), np.float32)}, r"`features`.*`kernel`.*\(3, 5\)"),
        ({"kernel": np.zeros((4, 7, 1), np.float32)}, r"`kernel`.*\(4, 7, 1\)"),
        ({"labels": np.zeros(4, np.int32)}, r"\(3,\).*\(4,\)"),
        ({"bias": np.zeros(6, np.float32)}, r"`bias` of shape \(7,\), got \(6,\)"),
        ({"weights": np.zeros((3, 1), np.float32)}, r"`weights` of shape \(3,\), got \(3, 1\)"),
        ({"where": np.zeros(4, bool)}, r"`where`.*\(3,\).*\(4,\)"),
        ({"class_weights": np.zeros(3, np.float32)}, r"`class_weights` of shape \(7,\)"),
        ({"chunk": 0}, "`chunk` of at least 1, got 0"),
        ({"budget": -1}, "`budget` of at least 1, got -1"),
    ],
)
def test_errors_name_the_argument(change, message):
    given = {
        "features": np.zeros((3, 4), np.float32),
        "kernel": np.zeros((4, 7), np.float32),
        "labels": np.zeros(3, np.int32),
    } | change
    with pytest.raises(ValueError, match=message):
        ENTROPY(**given)


def test_a_loss_must_give_one_value_for_each_row():
    with pytest.raises(ValueError, match="one value for each of 3 rows"):
        jl.fused.linear(lambda z: z.mean())(
            np.zeros((3, 4), np.float32), np.zeros((4, 7), np.float32)
        )
