"""Calibration against NumPy loops over predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss.analysis.calibration import (
    consistency_band,
    coverage,
    quantile_coverage,
    reliability,
    top_label,
)

RNG = np.random.default_rng(0)
P = RNG.uniform(size=200).astype(np.float32)
P[:4] = 0, 1, 0.5, 0.2  # at the edges of bins
Y = (RNG.uniform(size=200) < P**1.5).astype(np.float32)
KEPT = RNG.uniform(size=200) < 0.7


def by_width(p, bins):
    """The bin ((m - 1) / bins, m / bins] that holds p; 0 falls into the first."""
    return next(m for m in range(bins) if p <= np.float32((m + 1) / bins) or m == bins - 1)


def loop(p, y, kept, bins, bin_of):
    found = [[0, 0.0, 0.0] for _ in range(bins)]
    for i in np.flatnonzero(kept):
        place = bin_of(i)
        found[place][0] += 1
        found[place][1] += p[i]
        found[place][2] += y[i]
    count = np.array([n for n, _, _ in found])
    confidence = np.array([c / n if n else 0 for n, c, _ in found])
    accuracy = np.array([a / n if n else 0 for n, _, a in found])
    return count, confidence, accuracy


@pytest.mark.parametrize("where", [None, KEPT])
@pytest.mark.parametrize("scheme", ["width", "mass"])
def test_bins_equal_a_loop(scheme, where):
    kept = np.ones(200, bool) if where is None else where
    ranks = {i: rank for rank, i in enumerate(sorted(np.flatnonzero(kept), key=lambda i: P[i]))}
    bin_of = {
        "width": lambda i: by_width(P[i], 10),
        "mass": lambda i: ranks[i] * 10 // len(ranks),
    }[scheme]
    count, confidence, accuracy = loop(P, Y, kept, 10, bin_of)
    hidden = np.where(kept, P, np.nan)
    found = jax.jit(lambda p, y: reliability(p, y, bins=10, scheme=scheme, where=where))(hidden, Y)
    np.testing.assert_array_equal(found.counts, count)
    np.testing.assert_allclose(found.confidence, confidence, rtol=1e-5)
    np.testing.assert_allclose(found.accuracy, accuracy, rtol=1e-5)
    gaps = np.abs(accuracy - confidence)
    assert float(found.expected_error) == pytest.approx(
        (count * gaps).sum() / count.sum(), rel=1e-5
    )
    assert float(found.largest_error) == pytest.approx(gaps.max(), rel=1e-5)


def test_nothing_counted_is_no_error():
    found = reliability(P, Y, where=np.zeros(200, bool))
    assert float(found.expected_error) == 0
    assert not np.asarray(found.counts).any()


def test_shapes_must_agree():
    with pytest.raises(ValueError, match=r"`confidence` \(200,\), `correct` \(3,\)"):
        reliability(P, Y[:3])
    with pytest.raises(ValueError, match=r"`quantiles\[\.\.\., 0\]` \(2,\), `target` \(3,\)"):
        quantile_coverage(np.zeros((2, 4)), np.zeros(3))


def test_band_is_that_of_the_binomial_where_a_bin_has_one_probability():
    """100 predictions of 0.3: 90 % of the counts lie between the 5 and 95 % quantiles."""
    from scipy import stats

    p = np.full(100, 0.3, np.float32)
    lower, upper = consistency_band(
        jax.random.key(0), p, reliability(p, p > 1, bins=5), level=0.9, draws=4000
    )
    expected = stats.binom(100, 0.3).ppf([0.05, 0.95]) / 100
    np.testing.assert_allclose([lower[1], upper[1]], expected, atol=0.0101)  # to one count
    for empty in (0, 2, 3, 4):
        assert (float(lower[empty]), float(upper[empty])) == (0, 0)


def test_coverage_equals_a_loop():
    rng = np.random.default_rng(1)
    target = rng.normal(size=(4, 5))
    quantiles = np.sort(rng.normal(size=(4, 5, 3)), axis=-1)
    quantiles[0, 0] = target[0, 0]  # ends count
    kept = rng.uniform(size=(4, 5)) < 0.6
    inside, below, count = 0, np.zeros(3), 0
    for i in range(4):
        for j in range(5):
            if kept[i, j]:
                count += 1
                inside += quantiles[i, j, 0] <= target[i, j] <= quantiles[i, j, 2]
                below += [target[i, j] <= q for q in quantiles[i, j]]
    args = (quantiles[..., 0], quantiles[..., 2], target)
    assert float(coverage(*args, where=kept)) == pytest.approx(inside / count)
    np.testing.assert_allclose(
        quantile_coverage(quantiles, target, where=kept), below / count, rtol=1e-6
    )
    assert not np.asarray(quantile_coverage(quantiles, target, where=kept & False)).any()


def test_top_label_takes_the_likeliest_class():
    confidence, correct = top_label(jnp.array([[0.2, 0.8], [0.9, 0.1]]), jnp.array([1, 1]))
    np.testing.assert_allclose(confidence, [0.8, 0.9])
    np.testing.assert_array_equal(correct, [True, False])
