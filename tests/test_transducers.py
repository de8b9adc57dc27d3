"""Transducers of other kinds: path by path, padding, infinities, precision, memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl
from jaxloss.domains import DOMAINS
from jaxloss.testing import Case
from jaxloss.testing.case import float64
from tests.oracles import transducers as oracles

DURATIONS = (0, 1, 2, 3, 4)


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def paths(frames, count, strides, stay, emit, t=0, u=0):
    """Sum over the first moves from a cell, each of them followed by all others."""
    total = 0.0
    for stride in strides:
        if t + stride < frames:
            if stride:
                total += stay(t, u, stride) * paths(
                    frames, count, strides, stay, emit, t + stride, u
                )
            if u < count:
                total += emit(t, u, stride) * paths(
                    frames, count, strides, stay, emit, t + stride, u + 1
                )
        elif t + stride == frames and u == count:
            total += stay(t, u, stride)
    return total


def drawn(time, length, classes, count=5, *, blank=0, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    cells = (2, time, length + 1)
    labels = rng.integers(0, classes - 1, (2, length))
    scores = (2 * rng.standard_normal((*cells, n)).astype(dtype) for n in (classes, count))
    return *scores, (labels + (labels >= blank)).astype(np.int32)


@pytest.mark.parametrize(
    ("time", "length", "classes", "durations", "blank"),
    [
        (4, 2, 3, (0, 1, 2), 0),
        (5, 3, 4, DURATIONS, 2),
        (6, 2, 3, (2, 0, 1), 0),
        (5, 2, 3, (1, 2), 1),
        (4, 2, 3, (2,), 0),
        (3, 0, 3, (1,), 0),
        (1, 3, 3, (0, 1), 0),
    ],
)
def test_token_duration_sums_over_every_path(time, length, classes, durations, blank):
    logits, strides, labels = drawn(time, length, classes, len(durations), blank=blank)
    frames, lengths = (time, max(time - 1, 1)), (length, max(length - 1, 0))
    where = np.arange(time) < np.array(frames)[:, None]
    label_where = np.arange(length) < np.array(lengths)[:, None]
    options = {"durations": durations, "where": where, "label_where": label_where, "blank": blank}
    with float64():
        values = jl.transducers.token_duration(logits, strides, labels, sigma=0.25, **options)
    for i, value in enumerate(values):
        p, q = softmax(logits[i]), softmax(strides[i])

        def chance(t, u, stride, token, p=p, q=q):
            return p[t, u, token] * q[t, u, durations.index(stride)] * np.exp(-0.25)

        expected = paths(
            frames[i],
            lengths[i],
            durations,
            lambda t, u, d, chance=chance: chance(t, u, d, blank),
            lambda t, u, d, chance=chance, i=i: chance(t, u, d, labels[i, u]),
        )
        assert np.exp(-value) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize(("time", "length", "classes", "blank"), [(4, 2, 3, 0), (3, 3, 4, 2)])
def test_hybrid_sums_over_every_path(time, length, classes, blank):
    logits, _, labels = drawn(time, length, classes, blank=blank)
    with float64():
        values = jl.transducers.hybrid(logits, labels, blank=blank)
    for value, scores, row in zip(values, logits, labels, strict=True):
        b = 1 / (1 + np.exp(-scores[..., blank]))
        p = softmax(np.where(np.arange(classes) == blank, -np.inf, scores))
        expected = paths(
            time,
            length,
            (0, 1),
            lambda t, u, d, b=b: b[t, u] * (d == 1),
            lambda t, u, d, b=b, p=p, row=row: (1 - b[t, u]) * p[t, u, row[u]] * (d == 0),
        )
        assert np.exp(-value) == pytest.approx(expected, rel=1e-12, abs=0)


def test_pruned_sums_over_the_paths_that_keep_to_the_cells():
    (logits, _, labels), width = drawn(5, 3, 4), 2
    starts = np.array([[0, 1, 1, 2, 2], [0, 0, 1, 1, 2]])
    cells = starts[..., None] + np.arange(width)
    kept = np.take_along_axis(logits, cells[..., None], axis=2)
    way = np.random.default_rng(1).standard_normal(kept.shape)
    with float64():
        ahead, behind = (
            jl.transducers.pruned(kept + step * way, labels, starts) for step in (1e-6, -1e-6)
        )
        values, slope = jax.jvp(
            lambda x: jl.transducers.pruned(x, labels, starts), (jnp.asarray(kept),), (way,)
        )
        np.testing.assert_allclose(slope, (ahead - behind) / 2e-6, rtol=1e-6)
    for i, value in enumerate(values):
        inside = (np.arange(4) >= starts[i][:, None]) & (np.arange(4) < starts[i][:, None] + width)
        p = np.where(inside[..., None], softmax(logits[i]), 0)
        expected = paths(
            5,
            3,
            (0, 1),
            lambda t, u, d, p=p: p[t, u, 0] * (d == 1),
            lambda t, u, d, p=p, row=labels[i]: p[t, u, row[u]] * (d == 0),
        )
        assert np.exp(-value) == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize("width", [2, 3, 6])
def test_starts_lead_from_the_first_cell_to_the_last(width):
    rng = np.random.default_rng(width)
    frames, lengths = np.array([12, 9, 7, 5]), np.array([5, 4, 5, 0])
    where = np.arange(12) < frames[:, None]
    label_where = np.arange(5) < lengths[:, None]
    stay, move = (-4 * rng.random((4, 12, n)) for n in (6, 5))

    def loss(stay, move):
        masks = {"where": where, "label_where": label_where}
        return jnp.sum(jl.sequence.transducer_lattice(stay, move, **masks))

    shares = [-x for x in jax.grad(loss, (0, 1))(stay, move)]
    options = {"width": width, "where": where, "label_where": label_where}
    starts = jax.jit(lambda *x: jl.transducers.pruning_starts(*x, **options))(*shares)
    np.testing.assert_array_equal(starts, oracles.pruning_starts(*shares, **options))
    rises = np.diff(starts, axis=-1)
    assert ((rises >= 0) & (rises < width)).all()
    assert (starts[:, 0] == 0).all()
    ends = np.take_along_axis(np.asarray(starts), frames[:, None] - 1, axis=-1)[:, 0]
    np.testing.assert_array_equal(ends, np.maximum(lengths + 1 - width, 0))


def test_pruning_by_shares_keeps_most_paths():
    logits, _, labels = drawn(12, 4, 5, dtype=np.float32)
    # Labels that are likely where they stand, two frames apart.
    for i, row in enumerate(labels):
        for u, label in enumerate(row):
            logits[i, 2 * u + 1, u, label] += 8
        logits[i, :, :, 0] += 2
    blanks, moves = jax.nn.log_softmax(logits)[..., 0], jax.nn.log_softmax(logits)[:, :, :-1]
    moves = jnp.take_along_axis(moves, labels[:, None, :, None], axis=-1)[..., 0]
    shares = jax.grad(lambda a, b: -jl.sequence.transducer_lattice(a, b).sum(), (0, 1))
    starts = jl.transducers.pruning_starts(*shares(blanks, moves), width=3)
    cells = np.asarray(starts)[..., None] + np.arange(3)
    kept = np.take_along_axis(logits, cells[..., None], axis=2)
    whole = jl.sequence.transducer(logits, labels)
    found = jl.transducers.pruned(kept, labels, starts)
    assert (found >= whole - 1e-5).all()
    assert (np.exp(whole - found) > 0.9).all()


NAMES = {
    "lattices_labels": "hybrid",
    "lattices_durations_labels": "token_duration",
    "cells_labels_starts": "pruned",
}


@pytest.mark.parametrize("name", NAMES)
def test_edges_have_finite_derivatives_also_where_infinite(name):
    case = Case(getattr(jl.transducers, NAMES[name]), DOMAINS[name], "row")
    for edge, given in case.edges().items():
        values, grads, curvature = case.derivatives(given)
        for grad in (*grads, *curvature):
            assert jnp.isfinite(grad).all(), edge
            assert jnp.all(grad[values == jnp.inf] == 0), edge


def test_gradients_keep_their_digits_in_long_sequences():
    *scores, labels = drawn(120, 30, 8, dtype=np.float32)
    run = jax.jit(
        jax.grad(lambda a, b: jnp.sum(jl.transducers.token_duration(a, b, labels)), (0, 1))
    )
    found = run(*scores)
    with float64():
        exact = run(*(jnp.asarray(x, jnp.float64) for x in scores))
    for grad, wanted in zip(found, exact, strict=True):
        np.testing.assert_allclose(grad, wanted, atol=1e-4)


@pytest.mark.parametrize("durations", [(0,), (), (1, 1), (-1, 1)])
def test_durations_must_lead_on(durations):
    logits, _, labels = drawn(3, 1, 3)
    with pytest.raises(ValueError, match="`durations`"):
        jl.transducers.token_duration(logits, logits, labels, durations=durations)
