"""Worst cases: against linear and convex programs, and what becomes of them at every edge."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
from scipy.optimize import brentq, linprog, minimize_scalar
from scipy.special import kl_div, lambertw

import jaxloss as jl

SIZE = 16
ANCHOR = jnp.array([1.0, 2.0, 3.0, 4.0])


# What the definitions say, in float64: each gives the maximal shares, of values and given shares.


def linear_program(v, limits):
    """Shares within limits that make the mean largest."""
    found = linprog(-v, A_eq=np.ones((1, v.size)), b_eq=[1], bounds=[(0, x) for x in limits])
    return found.x


def cvar_shares(v, p, alpha):
    return linear_program(v, p / alpha)


def top_k_shares(v, w, k):
    return linear_program(v, w / min(k, w.sum()))


def on_the_best(v, p):
    best = np.where(v == v.max(), p, 0)
    return best / best.sum()


def kl_shares(v, p, rho):
    """Stationarity of the Lagrangian: exponential in the values, the multiplier by bisection."""
    if rho == 0:
        return p
    if rho >= -np.log(p[v == v.max()].sum()):
        return on_the_best(v, p)

    def shares(log_t):
        raised = p * np.exp(np.exp(log_t) * (v - v.max()) / np.ptp(v))
        return raised / raised.sum()

    return shares(brentq(lambda log_t: kl_div(shares(log_t), p).sum() - rho, -16, 40, xtol=1e-15))


def chi_square(q, p):
    return np.sum(p * (q / p - 1) ** 2) / 2


def chi_square_shares(v, p, rho):
    """Linear in the values where positive, the threshold by bisection."""
    if rho == 0:
        return p
    if chi_square(on_the_best(v, p), p) <= rho:
        return on_the_best(v, p)

    def shares(log_depth):
        raised = p * np.maximum(v - v.max() + np.exp(log_depth), 0)
        return raised / raised.sum()

    nearest = np.log(v.max() - v[v < v.max()].max())
    excess = lambda log_depth: np.log(chi_square(shares(log_depth), p) / rho)
    return shares(brentq(excess, nearest + 1e-12, np.log(np.ptp(v)) + 20, xtol=1e-15))


def tilted_exactly(v, p, t):
    """Value, gradient, and derivative in `t`, with fifty digits."""
    with mpmath.workdps(50):
        v, p, t = [*map(mpmath.mpf, v)], [*map(mpmath.mpf, p)], mpmath.mpf(t)
        p = [x / sum(p) for x in p]
        raised = [a * mpmath.exp(t * b) for a, b in zip(p, v, strict=True)]
        q = [x / sum(raised) for x in raised]
        middle = sum(a * b for a, b in zip(q, v, strict=True))
        variance = sum(a * (b - middle) ** 2 for a, b in zip(q, v, strict=True))
        value = mpmath.log(sum(raised)) / t if t else middle
        slope = (middle - value) / t if t else variance / 2
        return float(value), np.array([*map(float, q)]), float(slope)


OBJECTIVES = {
    "cvar": (jl.tail.cvar, "alpha", (0.01, 0.3, 0.5, 0.77, 1.0)),
    "average_top_k": (jl.tail.average_top_k, "k", (1, 3, 5, 8, 2.5)),
    "tilted": (jl.tail.tilted, "t", (0.0, 1e-6, 0.3, 2.0, -0.7, 1e3)),
    "kl_dro": (jl.tail.kl_dro, "rho", (0.0, 1e-6, 0.02, 0.4, 1.5, 9.0)),
    "chi_square_dro": (jl.tail.chi_square_dro, "rho", (0.0, 1e-6, 0.02, 0.4, 1.5, 90.0)),
}
BALLS = {
    "kl_dro": (lambda q, p: kl_div(q, p).sum(), lambda v, p, rho: dual_of_kl(v, p, rho)),
    "chi_square_dro": (chi_square, lambda v, p, rho: dual_of_chi_square(v, p, rho)),
}
each_objective = pytest.mark.parametrize("name", OBJECTIVES)


def bound(name, hyper=None):
    """An objective with its hyperparameter bound."""
    function, key, choices = OBJECTIVES[name]
    return functools.partial(function, **{key: choices[2] if hyper is None else hyper})


@functools.cache
def compiled(name):
    """One program for most tests of an objective: value, and all derivatives."""

    def objective(values, hyper, weights, where):
        return bound(name, hyper)(values, weights=weights, where=where)

    return jax.jit(jax.value_and_grad(objective, argnums=(0, 1, 2)))


def solved(name, values, weights=1.0, hyper=None):
    """Value and gradient by that program, which reads more examples, masked and NaN."""
    values = np.asarray(values, np.float32)
    padded = np.full(SIZE, np.nan, np.float32)
    padded[: values.size] = values
    weighed = np.ones(SIZE, np.float32)
    weighed[: values.size] = weights
    hyper = np.float32(OBJECTIVES[name][2][2] if hyper is None else hyper)
    kept = np.arange(SIZE) < values.size
    value, (gradient, _, _) = compiled(name)(padded, hyper, weighed, kept)
    assert not np.any(gradient[values.size :])
    return value, np.asarray(gradient[: values.size])


@functools.cache
def hessian_product(name):
    def product(values, direction, hyper):
        return jax.jvp(jax.grad(bound(name, hyper)), (values,), (direction,))[1]

    return jax.jit(product)


@functools.cache
def swept(name):
    """Values, and derivatives in the hyperparameter, over some of them."""
    return jax.jit(jax.vmap(jax.value_and_grad(lambda hyper: bound(name, hyper)(ANCHOR))))


def everything(values, **options):
    return jnp.stack([bound(name)(values, **options) for name in OBJECTIVES])


def expected(name, v, w, hyper):
    """Value and shares."""
    if name == "tilted":
        return tilted_exactly(v, w, hyper)[:2]
    shares = {
        "cvar": cvar_shares,
        "average_top_k": top_k_shares,
        "kl_dro": kl_shares,
        "chi_square_dro": chi_square_shares,
    }[name]
    q = shares(v, w if name == "average_top_k" else w / w.sum(), hyper)
    return q @ v, q


def draws(name, count):
    """Inputs in float32 with NaN where the mask hides them: even, skewed, large, and few values."""
    rng = np.random.default_rng(0)
    for turn in range(count):
        kept = np.arange(SIZE) < rng.integers(2, SIZE + 1)
        values = [
            rng.uniform(1, 2, SIZE),
            rng.exponential(size=SIZE) ** 3,
            1e4 + rng.normal(size=SIZE),
            -1e4 + rng.normal(size=SIZE),
        ][turn % 4]
        weights = rng.uniform(0.2, 2, SIZE) ** (1 + turn % 3)
        choices = OBJECTIVES[name][2]
        hyper = np.float32(choices[turn % len(choices)])
        values = np.where(kept, values, np.nan).astype(np.float32)
        yield values, hyper, weights.astype(np.float32), kept


def in_double(values, hyper, weights, kept):
    return values[kept].astype(float), weights[kept].astype(float), float(hyper)


@each_objective
def test_value_and_gradient_are_those_of_the_program(name):
    for inputs in draws(name, 30):
        v, w, hyper = in_double(*inputs)
        value, (gradient, _, _) = compiled(name)(*inputs)
        reference, shares = expected(name, v, w, hyper)
        np.testing.assert_allclose(value, reference, rtol=1e-6)
        kept = inputs[-1]
        np.testing.assert_allclose(gradient[kept], shares, atol=2e-6)
        assert not np.any(gradient[~kept])


def dual_of_kl(v, p, rho):
    """Upper bound of the mean in the ball, at its best multiplier."""
    top, scale = v.max(), np.ptp(v)

    def objective(log_t):
        t = np.exp(log_t) / scale
        return top + (rho + np.log(np.sum(p * np.exp(t * (v - top))))) / t

    return minimize_scalar(objective, bounds=(-10, 22), options={"xatol": 1e-9}).fun


def dual_of_chi_square(v, p, rho):
    top, scale = v.max(), np.ptp(v)

    def objective(log_depth):
        threshold = top - scale * np.exp(log_depth)
        above = np.maximum(v - threshold, 0)
        return threshold + np.sqrt((1 + 2 * rho) * np.sum(p * above**2))

    return minimize_scalar(objective, bounds=(-20, 10), options={"xatol": 1e-9}).fun


@pytest.mark.parametrize("name", BALLS)
def test_shares_lie_in_the_ball_and_reach_the_dual(name):
    """Weak duality proves it: what a member of the ball attains and no member exceeds."""
    divergence, dual = BALLS[name]
    for inputs in draws(name, 24):
        v, w, rho = in_double(*inputs)
        if rho < 1e-3:
            continue
        p = w / w.sum()
        value, (gradient, _, _) = compiled(name)(*inputs)
        q = np.asarray(gradient, float)[inputs[-1]]
        assert np.all(q >= -1e-7)
        assert np.isclose(q.sum(), 1, atol=1e-6)
        assert divergence(np.maximum(q, 0), p) <= rho * (1 + 1e-4)
        np.testing.assert_allclose(q @ v, value, rtol=2e-6)
        np.testing.assert_allclose(value, dual(v, p, rho), rtol=1e-6)


@each_objective
def test_hyperparameters_and_weights_have_derivatives(name):
    """Of the values of the program, by differences."""
    for values, _, weights, kept in list(draws(name, 24))[::4]:
        hyper = np.float32({"cvar": 0.4, "average_top_k": 2.2}.get(name, 0.3))
        v, w, hyper64 = in_double(values, hyper, weights, kept)
        value = lambda w, hyper: expected(name, v, w, hyper)[0]  # noqa: B023
        _, (_, by_hyper, by_weights) = compiled(name)(values, hyper, weights, kept)
        step = 1e-5
        slope = (value(w, hyper64 + step) - value(w, hyper64 - step)) / (2 * step)
        np.testing.assert_allclose(by_hyper, slope, rtol=1e-4, atol=1e-5)
        slopes = [
            (value(w + step * unit, hyper64) - value(w - step * unit, hyper64)) / (2 * step)
            for unit in np.eye(w.size)
        ]
        np.testing.assert_allclose(by_weights[kept], slopes, rtol=1e-3, atol=1e-5)
        assert not np.any(by_weights[~kept])


@pytest.mark.parametrize(
    ("name", "hyper"), [("tilted", 0.8), ("kl_dro", 0.2), ("chi_square_dro", 0.2)]
)
def test_second_derivatives_are_those_of_the_shares(name, hyper):
    values = np.array([0.3, 1.7, 0.9, 2.2, 1.1], np.float32)
    direction = np.array([1.0, -2.0, 0.5, 0.25, 3.0], np.float32)
    moved = lambda step: values.astype(float) + step * direction
    shares = lambda step: expected(name, moved(step), np.ones(5), hyper)[1]
    product = hessian_product(name)(values, direction, hyper)
    np.testing.assert_allclose(product, (shares(1e-5) - shares(-1e-5)) / 2e-5, atol=1e-4)
    for level in (0, -1e4, 1e4):
        assert np.all(
            np.isfinite(hessian_product(name)(np.full_like(values, level), direction, hyper))
        )


@pytest.mark.parametrize(("alpha", "value"), [(0.5, 3.5), (0.25, 4.0), (0.6, 3.25), (1.0, 2.5)])
def test_cvar_counts_the_last_example_in_part(alpha, value):
    np.testing.assert_allclose(solved("cvar", ANCHOR, hyper=alpha)[0], value, rtol=1e-6)


def test_average_top_k_is_cvar_of_a_share():
    values = np.random.default_rng(0).normal(size=10)
    for k in (1, 7, 10):
        top = np.sort(values)[-k:].mean()
        np.testing.assert_allclose(solved("average_top_k", values, hyper=k)[0], top, rtol=1e-6)
        np.testing.assert_allclose(solved("cvar", values, hyper=k / 10)[0], top, rtol=1e-5)
    value, _ = solved("average_top_k", values, hyper=11)
    np.testing.assert_allclose(value, values.mean(), rtol=1e-5)


def test_top_k_takes_exactly_k():
    _, gradient = solved("average_top_k", np.arange(7), hyper=3)
    np.testing.assert_allclose(gradient, [0, 0, 0, 0, 1 / 3, 1 / 3, 1 / 3], rtol=1e-6)
    assert np.count_nonzero(gradient) == 3


@each_objective
def test_weight_is_how_often_an_example_counts(name):
    values, repeats = np.array([3.0, 1.0, 2.0]), np.array([1, 3, 2])
    once, _ = solved(name, values, repeats)
    np.testing.assert_allclose(once, solved(name, np.repeat(values, repeats))[0], rtol=1e-6)


@each_objective
def test_ties_share_by_weight(name):
    _, gradient = solved(name, [2, 1, 2, 2], [1, 1, 2, 3])
    np.testing.assert_allclose(gradient[2:] / gradient[0], [2, 3], rtol=1e-5)


def test_tilted_is_differentiable_at_zero():
    values, slopes = swept("tilted")(jnp.linspace(-1, 1, 9))
    np.testing.assert_allclose([values[4], slopes[4]], [2.5, 1.25 / 2], rtol=1e-6)
    for inputs in draws("tilted", 24):
        v, w, t = in_double(*inputs)
        _, (_, slope, _) = compiled("tilted")(*inputs)
        np.testing.assert_allclose(slope, tilted_exactly(v, w, t)[2], rtol=2e-5)


@pytest.mark.parametrize("t", [1e4, 1e30, np.inf])
def test_strong_tilt_gives_the_extremes(t):
    values = [-1e4, 3, 7, 1e4]
    for sign, place in ((1, 3), (-1, 0)):
        value, gradient = solved("tilted", values, hyper=sign * t)
        np.testing.assert_allclose(value, values[place], rtol=1e-6)
        np.testing.assert_allclose(gradient, np.eye(4)[place])


def test_strong_tilt_of_equal_values_does_not_overflow():
    """Their mean, rounded, may lie above all of them."""
    for size in (3, 7, 11):
        value, gradient = solved("tilted", np.full(size, 9999.7), hyper=1e6)
        np.testing.assert_allclose(value, 9999.7, rtol=1e-6)
        np.testing.assert_allclose(gradient, 1 / size, rtol=1e-6)
    value, gradient = solved("tilted", [1, 5, 5], [1, 3, 1], hyper=np.inf)
    np.testing.assert_allclose([value, *gradient], [5, 0, 0.75, 0.25], rtol=1e-6)


@pytest.mark.parametrize("name", BALLS)
def test_the_ball_grows_from_the_mean_to_the_maximum(name):
    radii = np.concatenate([np.linspace(0, 4, 81), [1e20, np.inf]])
    values, slopes = swept(name)(jnp.asarray(radii, jnp.float32))
    np.testing.assert_allclose([values[0], *values[-3:]], [2.5, 4, 4, 4], rtol=1e-6)
    assert np.all(np.diff(values) >= 0)
    assert np.all(np.diff(values[:81], 2) <= 1e-5)
    np.testing.assert_allclose(slopes[jnp.array([0, 80, 81, 82])], 0)


@each_objective
def test_nothing_counted_is_zero_with_gradient_zero(name):
    for values, weights in (([], 1.0), ([np.nan, 1.0, -2.0], 0.0)):
        value, gradient = solved(name, values, weights)
        assert value == 0
        assert not np.any(gradient)
    assert bound(name)(jnp.zeros((0, 2))) == 0


@each_objective
def test_one_example_and_equal_examples(name):
    value, gradient = solved(name, [5.0])
    assert (value, gradient) == (5, 1)
    for level in (0.0, -1e4, 1e4):
        value, gradient = solved(name, np.full(3, level), [1, 2, 5])
        np.testing.assert_allclose(value, level, rtol=1e-6)
        np.testing.assert_allclose(gradient, np.array([1, 2, 5]) / 8, rtol=1e-6)


@each_objective
def test_nan_is_loud_unless_it_has_no_weight(name):
    values = [1.0, np.nan, 3.0]
    assert np.isnan(solved(name, values)[0])
    value, gradient = solved(name, values, [1, 0, 1])
    np.testing.assert_allclose(value, solved(name, values[::2])[0], rtol=1e-6)
    np.testing.assert_allclose(gradient[::2], solved(name, values[::2])[1], rtol=1e-6)
    assert gradient[1] == 0


@each_objective
def test_any_shape_eagerly_and_over_hyperparameters(name):
    """Traced, mapped, jitted or not: the same numbers."""
    _, key, choices = OBJECTIVES[name]
    alone = [solved(name, ANCHOR, hyper=hyper)[0] for hyper in choices]
    np.testing.assert_allclose(swept(name)(jnp.asarray(choices, jnp.float32))[0], alone, rtol=1e-6)
    square = np.asarray(ANCHOR, int).reshape(2, 2)
    np.testing.assert_allclose(bound(name)(square), alone[2], rtol=1e-6)
    with pytest.raises(ValueError, match=f"`{key}` of shape \\(2,\\) does not broadcast"):
        bound(name, jnp.ones(2))(ANCHOR)


def test_low_precision_in_and_out():
    tilt = jax.jit(jax.value_and_grad(lambda v: jl.tail.tilted(v, t=0.3)))
    value, gradient = tilt(jnp.array([1, 2, 4], jnp.bfloat16))
    np.testing.assert_allclose(value, solved("tilted", [1, 2, 4], hyper=0.3)[0], rtol=1e-6)
    assert (value.dtype, gradient.dtype) == (jnp.float32, jnp.bfloat16)


@each_objective
def test_double_precision(name):
    wide = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
    v, w = np.array([1.0, 1.5, 1.7, 3.1]), np.array([1.0, 2.0, 0.5, 0.7])
    hyper = np.float64(OBJECTIVES[name][2][2])
    with wide(True):
        value, (gradient, _, _) = compiled(name)(v, hyper, w, np.ones(4, bool))
        assert value.dtype == jnp.float64
    reference, shares = expected(name, v, w, hyper)
    np.testing.assert_allclose(value, reference, rtol=1e-12)
    np.testing.assert_allclose(gradient, shares, atol=1e-11)


def devices(kind):
    return jax.make_mesh((8,), ("data",), axis_types=(kind,))


def test_devices_together_see_one_batch():
    rng = np.random.default_rng(0)
    values = rng.exponential(size=SIZE).astype(np.float32)
    weights, kept = rng.uniform(1, 2, SIZE).astype(np.float32), np.arange(SIZE) % 5 != 0
    mapped = jax.shard_map(
        lambda v, w, kept: everything(v, weights=w, where=kept, axis_name="data"),
        mesh=devices(AxisType.Auto),
        in_specs=P("data"),
        out_specs=P(),
    )
    given, pull = jax.vjp(jax.jit(lambda v: mapped(v, weights, kept)), values)
    alone = [solved(name, values, weights * kept) for name in OBJECTIVES]
    np.testing.assert_allclose(given, [value for value, _ in alone], rtol=1e-6)
    factors = jnp.arange(1.0, 1 + len(alone))
    wanted = sum(factor * gradient for factor, (_, gradient) in zip(factors, alone, strict=True))
    np.testing.assert_allclose(pull(factors)[0], wanted, rtol=1e-5, atol=1e-6)


def test_devices_apart_and_explicit_sharding():
    mesh = devices(AxisType.Explicit)
    values = np.random.default_rng(0).exponential(size=8 * SIZE).astype(np.float32)
    apart = jax.shard_map(
        lambda v: everything(v)[None], mesh=mesh, in_specs=P("data"), out_specs=P("data")
    )
    with jax.set_mesh(mesh):
        place = lambda array: jax.device_put(array, NamedSharding(mesh, P("data")))
        rows, whole = jax.jit(apart)(place(values)), jax.jit(everything)(place(values[:SIZE]))
    wanted = [[solved(name, row)[0] for name in OBJECTIVES] for row in values.reshape(8, SIZE)]
    np.testing.assert_allclose(rows, wanted, rtol=1e-6)
    np.testing.assert_allclose(whole, wanted[0], rtol=1e-6)


def test_microbatches_are_refused():
    terms = lambda params, x: {"worst": jl.tail.cvar(params * x, alpha=0.5)}
    with pytest.raises(TypeError, match="'worst' is a scalar that depends on the batch"):
        jl.accumulate(terms, microbatch_size=2)(1.0, ANCHOR)


def test_values_are_checked_on_demand():
    good = {"alpha": 0.5, "k": 2, "kl": 0.1, "chi": 0.1, "weights": jnp.ones(4), "scale": 1.0}

    @jl.checked
    def run(alpha, k, kl, chi, weights, scale):
        return (
            jl.tail.cvar(ANCHOR, alpha=alpha, weights=weights)
            + jl.tail.average_top_k(ANCHOR, k=k)
            + jl.tail.kl_dro(ANCHOR, rho=kl)
            + jl.tail.chi_square_dro(ANCHOR, rho=chi)
            + jl.tail.superloss(ANCHOR, threshold=1.0, regularization=scale).sum()
        )

    assert np.isfinite(run(**good))
    for bad, message in (
        ({"alpha": 1.5}, r"`alpha` is not in \(0, 1\]"),
        ({"k": 0}, "`k` holds a value not above 0"),
        ({"kl": -1.0}, "`rho` is negative"),
        ({"chi": -1.0}, "`rho` is negative"),
        ({"weights": jnp.array([1.0, 1.0, -1.0, 1.0])}, "`weights` holds a negative weight"),
        ({"scale": 0.0}, "`regularization` holds a value not above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            run(**{**good, **bad})


# Groups and environments.

GROUPS = jnp.array([0, 2, 0, 2, 2, 0])
LOSSES = jnp.array([1.0, 2.0, 3.0, 0.5, 1.1, 2.6])


def group_dro_by_hand(losses, groups, q, eta, adjustment):
    """Algorithm 1 of Sagawa et al., for a batch."""
    means = {g: losses[groups == g].mean() for g in range(len(q)) if np.any(groups == g)}
    q = q.astype(float)
    for g, loss in means.items():
        q[g] *= np.exp(eta * (loss + adjustment[g]))
    q /= q.sum()
    return sum(q[g] * loss for g, loss in means.items()), q


average_of = jax.jit(jl.tail.group_average, static_argnames="num_groups")
step_of = jax.jit(jax.value_and_grad(jl.tail.group_dro, has_aux=True), static_argnames="num_groups")


def test_group_average_leaves_absent_groups_at_zero():
    parts = average_of(LOSSES, GROUPS, num_groups=3, where=GROUPS != 2)
    np.testing.assert_allclose(parts.value, [2.2, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(parts.weight, [3, 0, 0])


def test_a_group_out_of_range_is_loud_unless_masked():
    groups = GROUPS.at[1].set(-1)
    everybody = np.ones(6, bool)
    assert np.all(np.isnan(average_of(LOSSES, groups, num_groups=3, where=everybody).value[::2]))
    kept = average_of(LOSSES, groups, num_groups=3, where=groups >= 0)
    np.testing.assert_allclose(kept.value, [2.2, 0, 0.8], rtol=1e-6)
    checked = jl.checked(
        lambda kept: jl.tail.group_average(LOSSES, groups, num_groups=3, where=kept).weight
    )
    np.testing.assert_allclose(checked(groups >= 0), kept.weight)
    with pytest.raises(ValueError, match=r"`groups` holds a group outside \[0, 3\)"):
        checked(everybody)


@pytest.mark.parametrize("adjustment", [0.0, (0.3, 0.2, 0.1)])
def test_group_dro_follows_the_algorithm(adjustment):
    added = np.broadcast_to(adjustment, 3)
    q, state = np.full(3, 1 / 3), jl.tail.init_group_dro(3)
    for _ in range(3):
        (value, state), gradient = step_of(
            LOSSES, GROUPS, state, num_groups=3, eta=0.5, adjustment=added, where=LOSSES > 0
        )
        reference, q = group_dro_by_hand(np.asarray(LOSSES), np.asarray(GROUPS), q, 0.5, added)
        np.testing.assert_allclose(value, reference, rtol=1e-5)
        np.testing.assert_allclose(np.exp(state), q, rtol=1e-5)
        np.testing.assert_allclose(gradient, q[GROUPS] / 3, rtol=1e-5)


def test_absent_groups_keep_their_share_of_the_rest():
    state = jnp.log(jnp.array([0.2, 0.5, 0.3]))
    run = functools.partial(step_of, num_groups=3, eta=1.0, adjustment=np.ones(3))
    losses = LOSSES.at[1:].set(jnp.nan)
    (value, after), gradient = run(losses, GROUPS, state, where=jnp.arange(6) < 1)
    np.testing.assert_allclose(after[1] - after[2], np.log(5 / 3), rtol=1e-6)
    np.testing.assert_allclose(after[0] - after[1], np.log(2 / 5) + 2, rtol=1e-6)
    np.testing.assert_allclose(value, np.exp(after[0]), rtol=1e-6)
    np.testing.assert_allclose(gradient, np.eye(6)[0] * np.exp(after[0]), rtol=1e-6)
    (value, after), gradient = run(losses, GROUPS, state, where=jnp.zeros(6, bool))
    assert value == 0
    assert not np.any(gradient)
    np.testing.assert_allclose(after, state, rtol=1e-6)


def test_a_loss_that_is_not_finite_leaves_the_shares():
    state = jl.tail.init_group_dro(3)
    (value, after), _ = step_of(
        LOSSES.at[0].set(jnp.nan),
        GROUPS,
        state,
        num_groups=3,
        eta=0.1,
        adjustment=np.ones(3),
        where=LOSSES > 0,
    )
    assert np.isnan(value)
    assert np.all(np.isfinite(after))


def test_balanced_groups_without_steps_give_the_mean_of_means():
    (value, _), _ = step_of(LOSSES, GROUPS // 2, jl.tail.init_group_dro(2), num_groups=2, eta=0)
    np.testing.assert_allclose(value, LOSSES.mean(), rtol=1e-6)


def test_group_dro_recovers_a_group_that_was_forgotten():
    """Shares that sank below every floating-point number come back, and large losses are finite."""

    def step(state, losses):
        value, state = jl.tail.group_dro(losses, jnp.arange(2), state, num_groups=2, eta=1.0)
        return state, value

    losses = np.repeat(np.array([[1e4, 0], [0, 1e4]], np.float32), [5, 6], axis=0)
    state, values = jax.lax.scan(step, jl.tail.init_group_dro(2), losses)
    np.testing.assert_allclose(np.exp(state), [0, 1])
    assert np.all(np.isfinite(values))


def test_group_dro_over_devices():
    rng = np.random.default_rng(0)
    losses, groups = rng.exponential(size=32).astype(np.float32), rng.integers(0, 3, 32)
    state = jl.tail.init_group_dro(3)
    run = functools.partial(jl.tail.group_dro, num_groups=3, eta=0.3)
    mapped = jax.shard_map(
        lambda v, g, s: run(v, g, s, axis_name="data"),
        mesh=devices(AxisType.Auto),
        in_specs=(P("data"), P("data"), P()),
        out_specs=P(),
    )
    together = jax.jit(jax.value_and_grad(mapped, has_aux=True))(losses, groups, state)
    alone = step_of(losses, groups, state, num_groups=3, eta=0.3)
    jax.tree.map(functools.partial(np.testing.assert_allclose, rtol=1e-5), together, alone)


def test_group_errors_name_the_argument():
    state = jl.tail.init_group_dro(3)
    with pytest.raises(ValueError, match=r"`state` of shape \(2,\), got \(3,\)"):
        jl.tail.group_dro(LOSSES, GROUPS, state, num_groups=2)
    with pytest.raises(TypeError, match="integer `groups`"):
        jl.tail.group_dro(LOSSES, LOSSES, state, num_groups=3)
    with pytest.raises(ValueError, match=r"`groups` of shape \(6,\), got \(5,\)"):
        jl.tail.group_average(LOSSES, GROUPS[:5], num_groups=3)


def test_v_rex_is_the_variance_over_present_environments():
    rex = jax.jit(jl.tail.v_rex)
    risks = np.array([1.0, 4.0, 2.5, np.nan], np.float32)
    np.testing.assert_allclose(rex(risks, where=np.arange(4) < 3), risks[:3].var(), rtol=1e-6)
    for few in (0, 1):
        assert rex(risks, where=np.arange(4) < few) == 0

    def penalty(losses, kept):
        return rex(jl.tail.group_average(losses, GROUPS, num_groups=5, where=kept))

    differentiated = jax.jit(jax.value_and_grad(penalty))
    value, gradient = differentiated(LOSSES, np.ones(6, bool))
    np.testing.assert_allclose(value, np.var([2.2, 1.2]), rtol=1e-5)
    np.testing.assert_allclose(gradient, np.where(GROUPS == 0, 1, -1) * 0.5 / 3, rtol=1e-5)
    value, gradient = differentiated(np.full(6, np.nan, np.float32), np.zeros(6, bool))
    assert value == 0
    assert not np.any(gradient)


def test_irm_is_the_squared_gradient_of_a_scale():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(6, 3)).astype(np.float32), rng.integers(0, 3, 6)

    @jax.jit
    @jax.value_and_grad
    def penalty(logits, where):
        def risks(scale):
            values = jl.classification.softmax_cross_entropy(scale * logits, labels)
            return jl.tail.group_average(values, GROUPS, num_groups=4)

        return jl.tail.irm(risks, where=where)

    def by_hand(logits):
        slopes = []
        for group in (0, 2):
            inside = np.equal(GROUPS, group)
            z, y = logits[inside].astype(float), labels[inside]
            p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
            slopes.append(np.mean(np.sum(p * z, -1) - z[np.arange(3), y]))
        return np.mean(np.square(slopes))

    value, gradient = penalty(logits, np.ones(4, bool))
    np.testing.assert_allclose(value, by_hand(logits), rtol=1e-5)
    step = 1e-4 * np.eye(18)[7].reshape(6, 3)
    slope = (by_hand(logits + step) - by_hand(logits - step)) / 2e-4
    np.testing.assert_allclose(gradient.ravel()[7], slope, rtol=1e-3)
    value, gradient = penalty(logits, np.arange(4) == 1)
    assert value == 0
    assert not np.any(gradient)


def test_irm_takes_risks_as_numbers():
    risks = lambda scale: scale**2 * jnp.array([1.0, 2.0, jnp.nan])
    assert jl.tail.irm(risks, where=jnp.array([True, True, False])) == (2**2 + 4**2) / 2


def superloss_by_hand(b):
    edge = -2 / np.e
    w = np.where(b <= edge, -1, lambertw(np.maximum(b, edge * (1 - 1e-15)) / 2).real)
    return b * np.exp(-w) + w**2, np.exp(-w)


def test_superloss_is_lambert_w():
    values = np.concatenate([np.linspace(-4, 4, 33), np.logspace(1, 7, 7), [-0.7, -0.73, -0.75]])
    run = jax.value_and_grad(lambda v: jl.tail.superloss(v, threshold=0.5, regularization=2.0))
    given, slopes = jax.jit(jax.vmap(run))(values.astype(np.float32))
    scaled, confidence = superloss_by_hand((values - 0.5) / 2)
    np.testing.assert_allclose(given, 2 * scaled, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(slopes, confidence, rtol=2e-6)
    # The definition, minimised by brute force.
    s = np.linspace(1e-4, np.e, 100_001)
    for value, least in zip(values[:33:4], given[:33:4], strict=True):
        np.testing.assert_allclose(least, np.min((value - 0.5) * s + 2 * np.log(s) ** 2), atol=1e-5)


def test_superloss_has_second_derivatives_at_its_kink():
    curve = jax.grad(jax.grad(lambda v: jl.tail.superloss(v, threshold=0.0)))
    edges = jnp.array([-3.0, -2 / np.e, 0.0, 1e4, -1e4])
    curves = jax.jit(jax.vmap(curve))(edges)
    assert np.all(np.isfinite(curves))
    np.testing.assert_allclose(curves[2], -0.5, rtol=1e-6)
