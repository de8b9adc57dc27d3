"""Sequences: alignments one by one, peers, padding, infinities, precision, memory, meshes."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxloss as jl
from jaxloss.domains import DOMAINS
from jaxloss.testing import Case
from jaxloss.testing.case import float64

LOSSES = [jl.sequence.ctc, jl.sequence.transducer]
IDS = ["ctc", "transducer"]


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def spelled(path, blank):
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def every_labelling(logits, blank):
    """Probabilities of all transcripts, from all paths of a CTC network."""
    log_p, chances = log_softmax(logits), {}
    for path in itertools.product(range(logits.shape[-1]), repeat=len(logits)):
        chance = math.exp(sum(log_p[t, label] for t, label in enumerate(path)))
        transcript = spelled(path, blank)
        chances[transcript] = chances.get(transcript, 0.0) + chance
    return chances


def every_walk(logits, labels, blank):
    """Probability of all walks of a transducer: the frames at which labels are emitted."""
    log_p, total = log_softmax(logits), 0.0
    times, length = len(logits), len(labels)
    for frames in itertools.combinations_with_replacement(range(times), length):
        log_chance = sum(log_p[t, u, labels[u]] for u, t in enumerate(frames))
        emitted = [sum(frame <= t for frame in frames) for t in range(times)]
        log_chance += sum(log_p[t, u, blank] for t, u in enumerate(emitted))
        total += math.exp(log_chance)
    return total


def drawn(loss, time, length, classes, *, batch=(3,), blank=0, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    cell = (length + 1,) if loss is jl.sequence.transducer else ()
    logits = 2 * rng.standard_normal((*batch, time, *cell, classes))
    labels = rng.integers(0, classes - 1, (*batch, length))
    return logits.astype(dtype), (labels + (labels >= blank)).astype(np.int32)


def masks(frames, lengths, time, length):
    return {
        "where": np.arange(time) < np.asarray(frames)[..., None],
        "label_where": np.arange(length) < np.asarray(lengths)[..., None],
    }


@pytest.mark.parametrize(
    ("time", "length", "classes", "blank"),
    [(1, 1, 3, 0), (3, 2, 2, 0), (4, 2, 3, 1), (5, 3, 3, 2), (4, 0, 3, 0), (6, 2, 3, 0)],
)
def test_ctc_sums_over_every_path(time, length, classes, blank):
    logits, labels = drawn(jl.sequence.ctc, time, length, classes, blank=blank)
    with float64():
        values = jl.sequence.ctc(logits, labels, blank=blank)
    for value, scores, transcript in zip(values, logits, labels, strict=True):
        chance = every_labelling(scores, blank).get(tuple(transcript.tolist()), 0.0)
        assert np.exp(-value) == pytest.approx(chance, rel=1e-12, abs=0)


def test_transcripts_share_one_probability():
    (logits,), _ = drawn(jl.sequence.ctc, 4, 0, 3, batch=(1,), blank=1)
    transcripts = sorted(every_labelling(logits, 1))
    longest = max(map(len, transcripts))
    labels = np.array([[*row, *[0] * (longest - len(row))] for row in transcripts], np.int32)
    kept = np.arange(longest) < np.array([[len(row)] for row in transcripts])
    many = np.broadcast_to(logits, (len(labels), *logits.shape))
    with float64():
        values = jl.sequence.ctc(many, labels, label_where=kept, blank=1)
    assert np.exp(-values).sum() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize(
    ("time", "length", "classes", "blank"),
    [(1, 0, 3, 0), (1, 3, 3, 0), (4, 2, 3, 1), (3, 4, 2, 0), (5, 3, 4, 3), (4, 0, 3, 0)],
)
def test_transducer_sums_over_every_walk(time, length, classes, blank):
    logits, labels = drawn(jl.sequence.transducer, time, length, classes, blank=blank)
    with float64():
        values = jl.sequence.transducer(logits, labels, blank=blank)
    chances = [every_walk(scores, row, blank) for scores, row in zip(logits, labels, strict=True)]
    np.testing.assert_allclose(values, -np.log(chances), rtol=1e-12)


def test_transducer_is_its_lattice():
    logits, labels = drawn(jl.sequence.transducer, 6, 3, 4, batch=(2, 2), dtype=np.float32)
    log_p = log_softmax(logits)
    moves = np.take_along_axis(log_p[..., :-1, :], labels[..., None, :, None], -1)[..., 0]
    kept = masks([[6, 1], [4, 5]], [[3, 0], [2, 3]], 6, 3)
    np.testing.assert_allclose(
        jl.sequence.transducer_lattice(log_p[..., 0], moves, **kept),
        jl.sequence.transducer(logits, labels, **kept),
        rtol=1e-6,
    )


def test_ctc_is_optax_ctc_loss():
    logits, labels = drawn(jl.sequence.ctc, 30, 6, 8, batch=(4,))
    kept = masks([30, 21, 13, 25], [6, 5, 1, 0], 30, 6)
    with float64():

        def ours(logits):
            return jl.sequence.ctc(logits, labels, **kept)

        def theirs(logits):
            padding = [jnp.where(kept[name], 0.0, 1.0) for name in ("where", "label_where")]
            return optax.ctc_loss(logits, padding[0], labels, padding[1], log_epsilon=-1e30)

        logits = jnp.asarray(logits)
        np.testing.assert_allclose(jax.jit(ours)(logits), jax.jit(theirs)(logits), rtol=1e-12)
        grad, expected = (
            jax.jit(jax.grad(lambda x, f=f: f(x).sum()))(logits) for f in (ours, theirs)
        )
    np.testing.assert_allclose(grad, expected, rtol=1e-9, atol=1e-12)


def test_ctc_is_torch_ctc_loss():
    torch = pytest.importorskip("torch")
    logits, labels = drawn(jl.sequence.ctc, 30, 6, 8, batch=(4,), blank=7)
    frames, lengths = [30, 21, 13, 25], [6, 5, 1, 0]
    theirs = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.ctc_loss(
        theirs.log_softmax(-1).transpose(0, 1),
        torch.tensor(labels).long(),
        torch.tensor(frames),
        torch.tensor(lengths),
        blank=7,
        reduction="none",
    )
    expected.sum().backward()
    with float64():

        def total(logits):
            values = jl.sequence.ctc(logits, labels, blank=7, **masks(frames, lengths, 30, 6))
            return values.sum(), values

        (_, values), grad = jax.value_and_grad(total, has_aux=True)(jnp.asarray(logits))
    np.testing.assert_allclose(values, expected.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(grad, theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_padding_is_not_there(loss):
    """Whatever padding holds, value, gradient and curvature are those of shorter arrays."""
    logits, labels = drawn(loss, 7, 3, 4, batch=(), dtype=np.float32)
    longer = np.full((9, *(5,) * (logits.ndim - 2), 4), np.nan, np.float32)
    inside = tuple(slice(0, size) for size in logits.shape)
    longer[inside] = logits
    spoken = np.array([*labels, -1])
    kept = masks(7, 3, 9, 4)

    value, *derivatives = derived(lambda x: loss(x, spoken, **kept))(longer)
    expected, *theirs = derived(lambda x: loss(x, labels))(logits)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for derivative, short in zip(map(np.array, derivatives), theirs, strict=True):
        np.testing.assert_allclose(derivative[inside], short, rtol=1e-4, atol=1e-5)
        derivative[inside] = 0
        assert not derivative.any()


def derived(function):
    """Value, gradient, and Hessian times a vector of ones."""

    def run(x):
        gradient = jax.value_and_grad(function)
        (value, grad), (_, product) = jax.jvp(gradient, (x,), (jnp.ones_like(x),))
        return value, grad, product

    return jax.jit(run)


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_what_does_not_fit_is_infinite_and_harmless(loss):
    logits, labels = drawn(loss, 4, 3, 4, dtype=np.float32)
    if loss is jl.sequence.ctc:
        labels[1] = 2  # three equal labels need five frames
        kept = {}
    else:
        kept = {"where": np.array([[True] * 4, [False] * 4, [True] * 4])}
    fitting = jnp.array([0, 2])

    def mean(x):
        values = loss(x, labels, **kept)
        return jl.mean(values, where=jnp.isfinite(values))

    values = loss(logits, labels, **kept)
    assert values[1] == jnp.inf
    of_sum = derived(lambda x: loss(x, labels, **kept).sum())(logits)
    of_mean = derived(mean)(logits)
    assert of_sum[0] == jnp.inf
    assert of_mean[0] == pytest.approx(float(values[fitting].mean()), rel=1e-6)
    alone = derived(lambda x: loss(x, labels[::2]).sum())(logits[::2])
    for ours, means, expected in zip(of_sum[1:], of_mean[1:], alone[1:], strict=True):
        assert jnp.all(ours[1] == 0)
        assert jnp.all(means[1] == 0)
        np.testing.assert_allclose(ours[fitting], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(means[fitting], expected / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["frames_labels", "lattices_labels", "lattice_moves"])
def test_edges_have_finite_derivatives_also_where_infinite(name):
    loss = dict(zip(("frames_labels", "lattices_labels"), LOSSES, strict=True)).get(
        name, jl.sequence.transducer_lattice
    )
    case = Case(loss, DOMAINS[name], "row")
    for edge, given in case.edges().items():
        values, grads, curvature = case.derivatives(given)
        for grad in (*grads, *curvature):
            assert jnp.isfinite(grad).all(), edge
            assert jnp.all(grad[values == jnp.inf] == 0), edge


def test_padded_labels_may_be_anything_but_others_may_not():
    logits, labels = drawn(jl.sequence.ctc, 5, 2, 4, dtype=np.float32)
    expected = jl.sequence.ctc(logits, labels[:, :1])
    kept = np.array([True, False])
    for label in (-1, 0, 4, 2**31 - 1):
        labels[:, 1] = label
        values = jl.sequence.ctc(logits, labels, label_where=kept)
        np.testing.assert_allclose(values, expected, rtol=1e-6)
        assert jnp.isnan(jl.sequence.ctc(logits, labels)).all()


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_large_logits_lose_nothing(loss):
    """In float32, logits near 1e4 give what the same numbers give in float64."""
    logits, labels = drawn(loss, 12, 4, 6, dtype=np.float32)
    near = np.round(8 * logits) / 8  # so that the same numbers can be held near 1e4
    np.testing.assert_allclose(loss(near + 1e4, labels), loss(near, labels), rtol=2e-6)
    with float64():
        exact = np.asarray(loss((1e4 * logits).astype(np.float64), labels))
    assert exact.min() > 1e3
    np.testing.assert_allclose(loss(1e4 * logits, labels), exact, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_gradients_keep_their_digits_in_long_sequences(loss):
    time, length = (600, 80) if loss is jl.sequence.ctc else (150, 40)
    logits, labels = drawn(loss, time, length, 20, batch=(2,), dtype=np.float32)
    run = jax.jit(jax.grad(lambda x: loss(x, labels).sum()))
    grad = run(logits)
    with float64():
        exact = run(jnp.asarray(logits, jnp.float64))
    # Logarithms of a sum of thousands that are not scaled lose three digits here.
    np.testing.assert_allclose(grad, exact, atol=1e-4)


@pytest.mark.skipif(
    jax.__version_info__ < (0, 10), reason="XLA held the exponentials that a normaliser sums"
)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_memory_is_that_of_the_gradient(loss, masked):
    """Beside the logits and their gradient, nothing of their size is held."""
    time, length, classes = (80, 8, 1024) if loss is jl.sequence.ctc else (40, 8, 512)
    logits, labels = drawn(loss, time, length, classes, batch=(4,), dtype=np.float32)
    kept = masks([time - i for i in range(4)], [length - i for i in range(4)], time, length)

    def mean(logits, kept):
        return jl.mean(loss(logits, labels, **kept))

    for function in (mean, jax.value_and_grad(mean)):
        compiled = jax.jit(function).lower(logits, kept if masked else {}).compile()
        assert compiled.memory_analysis().temp_size_in_bytes < logits.nbytes / 8


@pytest.mark.parametrize("loss", LOSSES, ids=IDS)
def test_batches_are_divided_over_devices(loss):
    """With masks too, and without communication but for the sum."""
    count = len(jax.devices())
    logits, labels = drawn(loss, 6, 2, 5, batch=(count,), dtype=np.float32)
    kept = masks(3 + np.arange(count) % 4, np.arange(count) % 3, 6, 2)

    def run(logits, labels, kept):
        return jax.value_and_grad(lambda x: loss(x, labels, **kept).sum())(logits)

    expected = jax.jit(run)(logits, labels, kept)
    mesh = jax.make_mesh((count,), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
    rows, whole = jax.sharding.PartitionSpec("batch"), jax.sharding.PartitionSpec()
    placed = jax.device_put((logits, labels, kept), jax.sharding.NamedSharding(mesh, rows))
    program = jax.jit(run).lower(*placed).compile()
    for communication in ("all-gather", "all-to-all", "collective-permute"):
        assert communication not in program.as_text()

    def within(*args):
        value, grad = run(*args)
        return jax.lax.psum(value, "batch"), grad

    mapped = jax.shard_map(within, mesh=mesh, in_specs=rows, out_specs=(whole, rows))
    for value, grad in (program(*placed), jax.jit(mapped)(logits, labels, kept)):
        np.testing.assert_allclose(value, expected[0], rtol=1e-5)
        np.testing.assert_allclose(grad, expected[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("logits", "labels", "options", "message"),
    [
        ((3,), (2,), {}, r"`logits` \(\*batch, time, classes\)"),
        ((4, 3), (2, 2), {}, r"`labels` of shape \(2,\)"),
        ((2, 4, 3), (3, 2), {}, r"`labels` of shape \(2, 2\)"),
        ((4, 3), (2,), {"blank": 3}, "`blank` 3"),
        ((4, 3), (2,), {"blank": -1}, "`blank` -1"),
        ((4, 3), (2,), {"where": np.ones(3, bool)}, "`where` of shape"),
        ((4, 3), (2,), {"label_where": np.ones(3, bool)}, "`label_where` of shape"),
    ],
)
def test_shapes_must_fit(logits, labels, options, message):
    with pytest.raises(ValueError, match=message):
        jl.sequence.ctc(np.zeros(logits), np.ones(labels, np.int32), **options)


@pytest.mark.parametrize(
    ("blanks", "labels", "message"),
    [
        ((3,), (3, 2), r"`blank_log_p` \(\*batch, time, length \+ 1\)"),
        ((4, 0), (4, 0), r"`blank_log_p` \(\*batch, time, length \+ 1\)"),
        ((4, 3), (4, 3), r"`label_log_p` of shape \(4, 2\)"),
    ],
)
def test_lattice_shapes_must_fit(blanks, labels, message):
    with pytest.raises(ValueError, match=message):
        jl.sequence.transducer_lattice(np.zeros(blanks), np.zeros(labels))


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([1, 0], {}, "holds the blank 0"),
        ([1, 9], {}, "outside"),
        ([1, 1], {"label_where": np.array([False, True])}, "behind a gap"),
    ],
)
def test_checked_says_what_is_wrong(labels, options, message):
    loss = jl.checked(lambda x: jl.sequence.ctc(x, np.array(labels), **options))
    with pytest.raises(ValueError, match=message):
        loss(np.zeros((5, 3), np.float32))
    kept = np.array([True, False])
    padded = jl.checked(lambda x: jl.sequence.ctc(x, np.array([1, -1]), label_where=kept))
    assert jnp.isfinite(padded(np.zeros((5, 3), np.float32)))
