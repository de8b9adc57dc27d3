"""What divergences have in common: zero at equality alone, and nothing gained by coarse eyes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxloss as jl

D = jl.divergence
G = jl.gaussian_divergence
F_DIVERGENCES = {
    "kl": D.kl,
    "reverse_kl": D.reverse_kl,
    "jeffreys": D.jeffreys,
    "jensen_shannon": D.jensen_shannon,
    "generalized_jensen_shannon": lambda p, t: D.generalized_jensen_shannon(p, t, beta=0.25),
    "total_variation_distance": D.total_variation_distance,
    "hellinger": D.hellinger,
    "bhattacharyya": D.bhattacharyya,
    "chi_squared": D.chi_squared,
    "alpha": lambda p, t: D.alpha(p, t, alpha=-0.75),
    "tsallis": lambda p, t: D.tsallis(p, t, alpha=1.5),
    "renyi": lambda p, t: D.renyi(p, t, alpha=3.0),
}
LIMITS = {
    "alpha to 1": (lambda p, t, s: D.alpha(p, t, alpha=1 + s), D.reverse_kl),
    "alpha to 0": (lambda p, t, s: D.alpha(p, t, alpha=s), D.kl),
    "renyi to 1": (lambda p, t, s: D.renyi(p, t, alpha=1 + s), D.reverse_kl),
    "tsallis to 1": (lambda p, t, s: D.tsallis(p, t, alpha=1 + s), D.reverse_kl),
    "mixture to 0": (lambda p, t, s: D.generalized_jensen_shannon(p, t, beta=abs(s)), D.kl),
}
IDENTITIES = {
    "alpha half-way": (
        lambda p, t: D.alpha(p, t, alpha=0.5),
        lambda p, t: 4 * D.hellinger(p, t) ** 2,
    ),
    "renyi half-way": (
        lambda p, t: D.renyi(p, t, alpha=0.5),
        lambda p, t: 2 * D.bhattacharyya(p, t),
    ),
    "renyi of order 2": (
        lambda p, t: D.renyi(p, t, alpha=2.0),
        lambda p, t: jnp.log1p(D.chi_squared(p, t)),
    ),
    "both ways": (D.jeffreys, lambda p, t: D.kl(p, t) + D.reverse_kl(p, t)),
    "beta of order 1": (
        lambda p, t: jnp.sum(D.beta(jnp.exp(p), jnp.exp(t), beta=1.0), -1),
        D.generalized_kl,
    ),
}
# Of nothing shared: what is infinite, and what ends.
APART = {
    "kl": np.inf,
    "reverse_kl": np.inf,
    "jeffreys": np.inf,
    "jensen_shannon": np.log(2),
    "total_variation_distance": 1.0,
    "hellinger": 1.0,
    "bhattacharyya": np.inf,
    "chi_squared": np.inf,
}
NORMALS = {
    "kl": (G.kl, D.kl),
    "reverse_kl": (G.reverse_kl, D.reverse_kl),
    "jeffreys": (G.jeffreys, D.jeffreys),
    "bhattacharyya": (G.bhattacharyya, D.bhattacharyya),
    "hellinger": (G.hellinger, D.hellinger),
}


def drawn(classes=6, batch=40):
    rng = np.random.default_rng(5)
    p, t = (np.log(rng.dirichlet(np.ones(classes), batch)).astype(np.float32) for _ in range(2))
    return jnp.asarray(p), jnp.asarray(t)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_is_zero_at_equality_alone(name):
    fn = jax.jit(F_DIVERGENCES[name])
    p, t = drawn()
    np.testing.assert_array_equal(F_DIVERGENCES[name](p, p), 0)
    assert jnp.all(fn(p, t) > 1e-3)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_no_channel_adds_information(name):
    """Data processing: both sent through one stochastic matrix are no further apart."""
    p, t = drawn()
    channel = np.random.default_rng(6).dirichlet(np.full(4, 0.3), 6).astype(np.float32)
    fn = jax.jit(F_DIVERGENCES[name])
    sent = [jnp.log(jnp.exp(x) @ channel) for x in (p, t)]
    assert jnp.all(fn(*sent) <= fn(p, t) * (1 + 1e-5) + 1e-6)
    # One that only gives the classes other names changes nothing.
    np.testing.assert_allclose(fn(p[:, ::-1], t[:, ::-1]), fn(p, t), rtol=1e-5)


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_taken(name):
    near, limit = LIMITS[name]
    # No class is so rare that the steps below are large beside it.
    p, t = (jnp.log(0.9 * jnp.exp(x) + 0.1 / x.shape[-1]) for x in drawn())
    run = jax.jit(jax.vmap(near, (None, None, 0)))
    values = run(p, t, jnp.array([0.0, 1e-7, 1e-6, 1e-5, 1e-4]))
    np.testing.assert_allclose(values[0], limit(p, t), rtol=1e-5)
    np.testing.assert_allclose(values[1:], jnp.broadcast_to(values[0], values[1:].shape), rtol=5e-3)


@pytest.mark.parametrize("name", IDENTITIES)
def test_relatives_agree(name):
    one, other = IDENTITIES[name]
    np.testing.assert_allclose(one(*drawn()), other(*drawn()), rtol=2e-5)


@pytest.mark.parametrize("name", APART)
def test_disjoint_supports(name):
    p, t = jnp.log(jnp.array([1.0, 0.0])), jnp.log(jnp.array([0.0, 1.0]))
    value, slope = jax.value_and_grad(F_DIVERGENCES[name])(p, t)
    np.testing.assert_allclose(value, APART[name], rtol=1e-6)
    assert jnp.all(jnp.isfinite(slope))


@pytest.mark.parametrize("name", NORMALS)
def test_normals_agree_with_fine_bins(name):
    """The closed forms are those of the densities, summed over a fine grid."""
    closed, binned = NORMALS[name]
    grid = np.linspace(-14, 14, 4001)
    args = [0.5, 0.3, -0.75, -0.4]

    def log_bins(mean, log_variance):
        density = -((grid - mean) ** 2) / np.exp(log_variance) / 2
        return (density - np.log(np.sum(np.exp(density)))).astype(np.float32)

    wanted = binned(log_bins(*args[:2]), log_bins(*args[2:]))
    np.testing.assert_allclose(closed(*([x] for x in args)), wanted, rtol=1e-4)


@pytest.mark.parametrize("log_sigma", [np.log(1e-30), np.log(1e30)], ids=["points", "flat"])
@pytest.mark.parametrize("name", [*NORMALS, "wasserstein"])
def test_extreme_widths(name, log_sigma):
    """Equal normals are equal at any width, derivatives included."""
    fn = getattr(G, name)
    mean, log_variance = jnp.array([1.0, -2.0]), jnp.full(2, 2 * log_sigma, jnp.float32)

    value, slopes = jax.value_and_grad(fn, (0, 1, 2, 3))(mean, log_variance, mean, log_variance)
    assert value == 0
    assert all(jnp.all(jnp.isfinite(slope)) for slope in slopes)


def test_full_normals_of_diagonal_factors():
    rng = np.random.default_rng(7)
    m, a, n, b = rng.standard_normal((4, 5, 3)).astype(np.float32)
    full = [np.exp(x / 2)[..., None] * np.eye(3, dtype=np.float32) for x in (a, b)]
    np.testing.assert_allclose(G.full_kl(m, full[0], n, full[1]), G.kl(m, a, n, b), rtol=1e-5)
    np.testing.assert_allclose(
        G.full_wasserstein(m, full[0], n, full[1]), G.wasserstein(m, a, n, b), rtol=1e-5
    )


def test_full_wasserstein_is_of_covariances_alone():
    """Any root of a covariance will do, and equal covariances keep their digits."""
    rng = np.random.default_rng(8)
    m = np.zeros(4, np.float32)
    a = rng.standard_normal((4, 4)).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((4, 4)))[0].astype(np.float32)
    assert G.full_wasserstein(m, a, m, a @ turn) < 1e-11
    singular = np.diag([1.0, 2.0, 0.0, 0.0]).astype(np.float32)
    value, slope = jax.value_and_grad(G.full_wasserstein, 1)(m, singular, m, 0 * singular)
    np.testing.assert_allclose(value, 5.0, rtol=1e-6)
    assert jnp.all(jnp.isfinite(slope))


def test_sinkhorn_spans_transport_and_means():
    """Little entropy gives the transport of sorted points, much the distance of the means."""
    rng = np.random.default_rng(9)
    x, y = (rng.standard_normal((6, 1)).astype(np.float32) + shift for shift in (0, 1))
    moved = jl.transport.wasserstein(x[:, 0], y[:, 0], p=2.0)
    np.testing.assert_allclose(jl.sinkhorn.divergence(x, y, epsilon=0.01), moved, rtol=0.02)
    means = (x.mean() - y.mean()) ** 2
    np.testing.assert_allclose(jl.sinkhorn.divergence(x, y, epsilon=300.0), means, rtol=0.02)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("solve", [jl.sinkhorn.entropic, jl.sinkhorn.unbalanced])
def test_a_search_for_what_is_no_number_ends(solve, value):
    cost = np.array([[[0.0, 1.0], [value, 0.0]], [[0.0, 1.0], [1.0, 0.0]]], np.float32)
    values = jax.jit(solve)(cost)
    assert jnp.isfinite(values[1])
    np.testing.assert_allclose(values[1], solve(cost[1]), rtol=1e-5)
