"""Losses that sort, against the sums over all pairs that they stand for, at sizes that matter."""

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from scipy import stats

import jaxloss as jl
from jaxloss.testing.case import float64

N = 500


def all_pairs(s, t, *, margin=1.0, where=None, power=1):
    kept = jnp.ones_like(t, bool) if where is None else where
    pairs = (kept & (t == 1))[:, None] & (kept & (t == 0))[None, :]
    gaps = jnp.where(pairs, margin - (s[:, None] - s[None, :]), 0)
    return jnp.sum(jnp.where(gaps > 0, gaps, 0) ** power) / jnp.maximum(jnp.sum(pairs), 1)


def distance(x, y):
    gap = x[:, None] - y[None, :]
    return gap * jax.lax.stop_gradient(jnp.sign(gap))


def crps(x, y, *, estimator="energy", where=None):
    kept = jnp.ones_like(x) if where is None else where.astype(x.dtype)
    m = jnp.sum(kept)
    pairs = m**2 if estimator == "energy" else m * (m - 1)
    spread = kept @ distance(jnp.where(kept > 0, x, 0), jnp.where(kept > 0, x, 0)) @ kept
    off = distance(jnp.where(kept > 0, x, 0), y[None])[:, 0] @ kept
    return off / m - spread / pairs / 2


def energy(x, y, *, x_weights=None, y_weights=None):
    p = jnp.ones_like(x) if x_weights is None else x_weights
    q = jnp.ones_like(y) if y_weights is None else y_weights
    p, q = p / jnp.sum(p), q / jnp.sum(q)
    return 2 * p @ distance(x, y) @ q - p @ distance(x, x) @ p - q @ distance(y, y) @ q


def wasserstein(x, y, *, p=1.0, x_weights=None, y_weights=None):
    """The coupling that moves mass in order, as a matrix: overlaps of all pairs of intervals."""
    w = jnp.ones_like(x) if x_weights is None else x_weights
    v = jnp.ones_like(y) if y_weights is None else y_weights
    i, j = jnp.argsort(x), jnp.argsort(y)
    ends, others = jnp.cumsum(w[i]) / jnp.sum(w), jnp.cumsum(v[j]) / jnp.sum(v)
    starts = [jnp.concatenate([jnp.zeros(1), level[:-1]]) for level in (ends, others)]
    upper = jnp.minimum(ends[:, None], others[None, :])
    overlap = jnp.maximum(upper - jnp.maximum(starts[0][:, None], starts[1][None, :]), 0)
    return jnp.sum(overlap * distance(x[i], y[j]) ** p)


def cox(h, time, event, *, ties="efron", where=None):
    kept = jnp.ones_like(h, bool) if where is None else where
    happened = kept & (event == 1)
    risk = kept[None, :] & (time[None, :] >= time[:, None])
    tied = happened[None, :] & (time[None, :] == time[:, None])
    place = jnp.sum(tied & (jnp.arange(len(h))[None, :] < jnp.arange(len(h))[:, None]), axis=1)
    share = jnp.where(ties == "efron", place / jnp.maximum(jnp.sum(tied, axis=1), 1), 0)
    weight = jnp.where(risk, 1.0, 0.0) - share[:, None] * tied
    log_risk = jax.nn.logsumexp(jnp.broadcast_to(h, risk.shape), b=weight, axis=1)
    return jnp.sum(jnp.where(happened, log_risk - h, 0)) / jnp.maximum(jnp.sum(happened), 1)


def lovasz(s, t, *, where=None):
    """Jaccard losses of all sets of worst pixels, their members counted in a matrix of pairs."""
    kept = jnp.ones_like(t, bool) if where is None else where
    errors = jnp.where(kept, 1 - s * (2 * t - 1), -jnp.inf)
    ahead = jnp.argsort(jnp.argsort(-errors))
    inside, outside = (kept & (t == 1)), (kept & (t == 0))
    rank = ahead[None, :] <= ahead[:, None]
    a, b = jnp.sum(rank & inside, axis=1), jnp.sum(rank & outside, axis=1)

    def loss(a, b):
        return jnp.where(a + b > 0, 1 - (inside.sum() - a) / jnp.maximum(inside.sum() + b, 1), 0)

    steps = loss(a, b) - loss(a - inside, b - outside)
    return jnp.sum(jnp.maximum(jnp.where(kept, errors, 0), 0) * jax.lax.stop_gradient(steps))


def draws(kind, rng, shape):
    """Lists of numbers: plain, full of ties, large, or close together and far from 0."""
    x = rng.standard_normal(shape)
    kinds = {"plain": x, "tied": np.round(2 * x) / 2, "large": 1e4 * x, "far": 1e4 + np.round(x, 3)}
    return kinds[kind].astype(np.float32)


@dataclass(frozen=True)
class Sorted:
    """A loss that sorts, the sum over pairs that it stands for, and arguments to compare them at.

    Attributes:
        loss: the one.
        pairs: the other.
        draw: arguments of both, for a kind of numbers and a size.
        options: of both.
        floats: how many of the arguments are differentiated.
    """

    loss: Any
    pairs: Any
    draw: Any
    options: Any
    floats: int = 1


def bits(rng, size, share=0.3):
    return (rng.random(size) < share).astype(np.float32)


def scores_bits(kind, rng, size):
    return draws(kind, rng, size), bits(rng, size)


def ensemble(kind, rng, size):
    return draws(kind, rng, size), draws(kind, rng, ())


def two_samples(kind, rng, size):
    return draws(kind, rng, size), draws(kind, rng, size - size // 4)


def equal_samples(kind, rng, size):
    return draws(kind, rng, size), draws(kind, rng, size)


def subjects(kind, rng, size):
    times = np.round(rng.random(size) * size / 4).astype(np.float32)
    return draws(kind, rng, size), times, bits(rng, size, 0.6)


def kept(rng, size, args):
    return {"where": rng.random(size) < 0.7}


def weights(rng, size, args):
    return {
        "x_weights": rng.random(args[0].shape).astype(np.float32),
        "y_weights": bits(rng, args[1].shape, 0.8) + 0.5,
    }


def none(rng, size, args):
    return {}


def either(choices, rng, size, args):
    return choices


AUC, SQUARED = jl.auc.hinge, jl.auc.squared_hinge
squared_pairs = functools.partial(all_pairs, power=2)
CASES = {
    "auc.hinge": Sorted(AUC, all_pairs, scores_bits, none),
    "auc.hinge-where": Sorted(AUC, all_pairs, scores_bits, kept),
    "auc.hinge-margin": Sorted(
        AUC, all_pairs, scores_bits, functools.partial(either, {"margin": np.float32(0.3)})
    ),
    "auc.squared_hinge": Sorted(SQUARED, squared_pairs, scores_bits, none),
    "auc.squared_hinge-where": Sorted(SQUARED, squared_pairs, scores_bits, kept),
    "crps": Sorted(jl.scoring.crps_ensemble, crps, ensemble, none, 2),
    "crps-where": Sorted(jl.scoring.crps_ensemble, crps, ensemble, kept, 2),
    "crps-fair": Sorted(
        jl.scoring.crps_ensemble,
        crps,
        ensemble,
        functools.partial(either, {"estimator": "fair"}),
        2,
    ),
    "energy_distance": Sorted(jl.transport.energy_distance, energy, two_samples, none, 2),
    "energy_distance-weights": Sorted(
        jl.transport.energy_distance, energy, two_samples, weights, 2
    ),
    "wasserstein": Sorted(jl.transport.wasserstein, wasserstein, two_samples, none, 2),
    "wasserstein-equal": Sorted(jl.transport.wasserstein, wasserstein, equal_samples, none, 2),
    "wasserstein-weights": Sorted(jl.transport.wasserstein, wasserstein, two_samples, weights, 2),
    "wasserstein-p": Sorted(
        jl.transport.wasserstein,
        wasserstein,
        two_samples,
        functools.partial(either, {"p": np.float32(2.0)}),
        2,
    ),
    "cox": Sorted(jl.survival.cox, cox, subjects, none),
    "cox-where": Sorted(jl.survival.cox, cox, subjects, kept),
    "cox-breslow": Sorted(
        jl.survival.cox, cox, subjects, functools.partial(either, {"ties": "breslow"})
    ),
    "lovasz_hinge": Sorted(jl.lovasz.lovasz_hinge, lovasz, scores_bits, none),
    "lovasz_hinge-where": Sorted(jl.lovasz.lovasz_hinge, lovasz, scores_bits, kept),
}
KINDS = ["plain", "tied", "large", "far"]


def drawn(case, kind, size=N, seed=0):
    rng = np.random.default_rng(seed)
    args = case.draw(kind, rng, size)
    return args, case.options(rng, size, args)


def cast(tree, dtype):
    """Numbers as JAX arrays, floating ones of one dtype; words as they are."""

    def leaf(a):
        kind = np.asarray(a).dtype.kind
        return a if kind == "U" else jnp.asarray(a, dtype if kind == "f" else None)

    return jax.tree.map(leaf, tree)


@functools.cache
def compiled(loss, floats, words):
    return jax.jit(jax.value_and_grad(functools.partial(loss, **dict(words)), tuple(range(floats))))


def value_and_slopes(loss, floats, args, options):
    words = tuple((name, word) for name, word in options.items() if isinstance(word, str))
    arrays = {name: array for name, array in options.items() if not isinstance(array, str)}
    return compiled(loss, floats, words)(*args, **arrays)


def close(found, expected, rtol):
    """Relative to the largest entry."""
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        assert np.abs(a - b).max() <= rtol * np.abs(b).max(), np.abs(a - b).max() / np.abs(b).max()


def has_kinks(name, kind):
    """Where equal items leave a choice of subgradients, which each of the two forms makes."""
    return name.startswith(("wasserstein", "lovasz")) and kind in ("tied", "far")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_equals_the_sum_over_pairs(name, kind):
    case = CASES[name]
    args, options = drawn(case, kind)
    found, slopes = value_and_slopes(case.loss, case.floats, *cast((args, options), jnp.float32))
    with float64():
        wide = cast((args, options), jnp.float64)
        exact, exact_slopes = value_and_slopes(case.pairs, case.floats, *wide)
        best, best_slopes = value_and_slopes(case.loss, case.floats, *wide)
        close(best, exact, 1e-10)
        close(found, exact, 1e-6)
        if not has_kinks(name, kind):
            close(best_slopes, exact_slopes, 1e-10)
            close(slopes, exact_slopes, 1e-5)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("auc.hinge-margin", "margin"),
        ("auc.squared_hinge", "margin"),
        ("energy_distance-weights", "x_weights"),
        ("energy_distance-weights", "y_weights"),
        ("wasserstein-weights", "x_weights"),
        ("wasserstein-weights", "y_weights"),
        ("wasserstein-p", "p"),
    ],
)
def test_slopes_in_options_are_those_of_the_sum_over_pairs(name, option):
    case = CASES[name]
    with float64():
        (x, *rest), options = cast(drawn(case, "plain", size=60), jnp.float64)
        at = options.pop(option, jnp.asarray(0.7))

        def slopes(loss):
            """First and second derivatives, also those in both at once."""

            def of_both(x, level):
                return loss(x, *rest, **options, **{option: level})

            gradient = jax.grad(of_both, (0, 1))
            return gradient(x, at), jax.jacfwd(gradient, (0, 1))(x, at)

        close(slopes(case.loss), slopes(case.pairs), 1e-9)


def mean_of_lists(loss):
    return lambda *lists: jnp.mean(jax.vmap(loss)(*lists))


@pytest.mark.parametrize("lists", [1, 16])
@pytest.mark.parametrize(
    "name",
    [
        "auc.hinge",
        "auc.squared_hinge",
        "crps",
        "energy_distance",
        "wasserstein",
        "cox",
        "cox-breslow",
        "lovasz_hinge",
    ],
)
def test_memory_is_linear_in_the_list(name, lists):
    """At most 128 bytes for each item, alone and mapped over lists: all pairs would be 32 KiB."""
    case, size = CASES[name], 8192 // lists
    args, options = drawn(case, "plain", size=size)
    stacked = cast([np.stack([a] * lists) for a in args], jnp.float32)
    loss = mean_of_lists(functools.partial(case.loss, **options))
    step = jax.jit(jax.value_and_grad(loss, tuple(range(case.floats))))
    temporary = step.lower(*stacked).compile().memory_analysis().temp_size_in_bytes
    assert temporary <= 128 * stacked[0].size, temporary / stacked[0].size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "auc.hinge-margin",
        "auc.squared_hinge",
        "crps",
        "energy_distance-weights",
        "wasserstein-p",
        "cox",
        "lovasz_hinge",
    ],
)
def test_long_lists_lose_no_digits(name, kind):
    """Of a quarter of a million items, where running sums in float32 would lose five digits."""
    case = CASES[name]
    args, options = drawn(case, kind, size=250_000)
    step = jax.jit(case.loss)
    found = step(*cast(args, jnp.float32), **cast(options, jnp.float32))
    with float64():
        close(found, step(*cast(args, jnp.float64), **cast(options, jnp.float64)), 1e-6)


@pytest.mark.parametrize("name", CASES)
def test_items_that_tie_have_equal_slopes(name):
    """The choice among subgradients does not depend on the order of the list."""
    case = CASES[name]
    (x, *rest), options = drawn(case, "tied", size=40)
    shuffle = np.random.default_rng(1).permutation(len(x))

    def moved(array):
        return array[shuffle] if np.shape(array)[:1] == x.shape[:1] else array

    slopes = value_and_slopes(case.loss, case.floats, *cast(((x, *rest), options), jnp.float32))[1]
    given = cast(
        ([moved(a) for a in (x, *rest)], {k: moved(a) for k, a in options.items()}), jnp.float32
    )
    again = value_and_slopes(case.loss, case.floats, *given)[1]
    close(again, tuple(moved(slope) for slope in slopes), 1e-5)


def test_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    x, y, w, v = (rng.random(size) for size in (50, 30, 50, 30))
    with float64():
        for weights in ((None, None), (w, v)):
            ours = dict(zip(["x_weights", "y_weights"], weights, strict=True))
            energy = jnp.sqrt(jl.transport.energy_distance(x, y, **ours))
            np.testing.assert_allclose(energy, stats.energy_distance(x, y, *weights), rtol=1e-12)
            moved = jl.transport.wasserstein(x, y, **ours)
            np.testing.assert_allclose(
                moved, stats.wasserstein_distance(x, y, *weights), rtol=1e-12
            )


@pytest.mark.parametrize("name", [name for name in CASES if "-" not in name])
def test_many_lists_may_be_divided_over_devices_explicitly(name):
    case = CASES[name]
    lists = [case.draw("plain", np.random.default_rng(seed), 24) for seed in range(8)]
    args = jax.tree.map(lambda *a: jnp.stack([jnp.asarray(x, jnp.float32) for x in a]), *lists)

    @jax.jit
    def run(*args):
        floats, rest = args[: case.floats], args[case.floats :]
        return jax.value_and_grad(
            lambda *f: jnp.sum(case.loss(*f, *rest)), tuple(range(len(floats)))
        )(*floats)

    expected = run(*args)
    mesh = jax.make_mesh((8,), ("lists",), axis_types=(AxisType.Explicit,))
    with jax.set_mesh(mesh):
        found = run(*jax.device_put(args, NamedSharding(mesh, PartitionSpec("lists"))))
    close(found, expected, 1e-6)
