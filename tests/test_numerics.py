"""Safe numerics: values against mpmath, derivatives at the places where others fail."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from jaxloss import numerics
from jaxloss.testing.case import float64

EXACT = {
    "log_cosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)) if x < 50 else x,
    "expm1_ratio": lambda x: mpmath.expm1(x) / x if x else mpmath.mpf(1),
    "exp_residual": lambda x: mpmath.expm1(x) - x,
    "log1p_residual": lambda x: x - mpmath.log1p(x),
    "log1mexp": lambda x: mpmath.log(-mpmath.expm1(x)),
}
POINTS = np.concatenate([[0.0], np.geomspace(1e-6, 80, 60)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EXACT)
def test_full_relative_accuracy(name, dtype):
    points = np.concatenate([-POINTS[::-1], POINTS]).astype(dtype)
    if name == "log1p_residual":
        points = points[points >= 0]
    if name == "log1mexp":
        points = points[points < 0]
    with float64(dtype is np.float64), mpmath.workdps(40):
        got = np.asarray(getattr(numerics, name)(points))
        expected = np.array([float(EXACT[name](mpmath.mpf(float(x)))) for x in points])
    tolerance = 1e-6 if dtype is np.float32 else 1e-12
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-30)


@pytest.mark.parametrize(
    "name", ["log_cosh", "softplus", "expm1_ratio", "exp_residual", "log1p_residual"]
)
def test_derivatives_of_every_order(name):
    function = getattr(numerics, name)
    points = np.array([0.01, 0.2, 0.29, 0.31, 0.99, 1.01, 3.0])
    with float64(), mpmath.workdps(40):
        for order in (1, 2, 3):
            function = jax.grad(function)
            got = [float(function(x)) for x in points]
            expected = [float(mpmath.diff(EXACT[name], mpmath.mpf(x), order)) for x in points]
            np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)


def test_kinks_have_the_zero_subgradient():
    for function in (numerics.absolute, numerics.relu, numerics.safe_sqrt):
        assert jax.grad(function)(0.0) == 0
        assert jax.grad(jax.grad(function))(0.0) == 0


def test_zero_vectors_have_no_direction():
    zero = jnp.zeros((2, 3)).at[1].set(jnp.array([3.0, 0.0, 4.0]))
    assert numerics.safe_norm(zero).tolist() == [0, 5]
    grad = jax.grad(lambda x: jnp.sum(numerics.safe_norm(x)))(zero)
    assert jnp.allclose(grad, jnp.array([[0, 0, 0], [0.6, 0, 0.8]]))
    assert jnp.isfinite(jax.hessian(lambda x: jnp.sum(numerics.safe_norm(x)))(zero)).all()


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_norm_neither_overflows_nor_vanishes(scale):
    vector = scale * jnp.array([3.0, 4.0])
    assert jnp.isclose(numerics.safe_norm(vector), 5 * scale)
    assert jnp.allclose(jax.grad(numerics.safe_norm)(vector), jnp.array([0.6, 0.8]))


def test_division_by_zero_gives_the_default_without_gradient():
    value, grads = jax.value_and_grad(numerics.safe_divide, (0, 1))(2.0, 0.0)
    assert (value, *grads) == (0, 0, 0)
    assert numerics.safe_divide(jnp.array(2.0), jnp.array(0.0), 7.0) == 7


def test_powers_of_zero():
    at_zero = jnp.array([0.0, 0.5, 1.0, 2.0])
    values = jax.vmap(lambda p: numerics.safe_power(jnp.zeros(()), p))(at_zero)
    assert values.tolist() == [1, 0, 0, 0]
    slopes = jax.vmap(jax.grad(numerics.safe_power), (None, 0))(0.0, at_zero)
    assert slopes.tolist() == [0, 0, 0, 0]


def test_x_log_y_at_its_edges():
    cases = {(0.0, 0.0): 0.0, (0.0, 2.0): 0.0, (2.0, 1.0): 0.0, (1.0, 0.0): -np.inf}
    for (x, y), expected in cases.items():
        assert numerics.xlogy(jnp.array(x), jnp.array(y)) == expected
    assert jax.grad(numerics.xlogy, (0, 1))(0.0, 0.0) == (0, 0)
    assert jnp.allclose(
        jnp.array(jax.grad(numerics.xlogy, (0, 1))(0.0, 2.0)), jnp.array([np.log(2), 0])
    )


def test_logsumexp_over_nothing_and_masks():
    x = jnp.array([[1.0, 2.0, jnp.nan], [0.0, 0.0, 0.0], [-jnp.inf, -jnp.inf, -jnp.inf]])
    kept = jnp.array([[True, True, False], [False, False, False], [True, True, True]])
    values = numerics.logsumexp(x, where=kept)
    assert jnp.isclose(values[0], jnp.logaddexp(1.0, 2.0))
    assert values[1:].tolist() == [-np.inf, -np.inf]

    def finite(x):
        values = numerics.logsumexp(x, where=kept)
        return jnp.sum(jnp.where(values > -jnp.inf, values, 0))

    grad = jax.grad(finite)(x)
    assert jnp.isfinite(grad).all()
    assert jnp.isclose(grad[0, :2].sum(), 1)
    assert numerics.logsumexp(jnp.zeros((2, 0))).tolist() == [-np.inf, -np.inf]


def test_log_add_is_exact_at_any_size_and_over_nothing():
    none = jnp.full(3, -jnp.inf)
    terms = jnp.array([0.0, 1e4, -jnp.inf]), jnp.array([0.0, 1e4 - 1, -2.0]), none
    expected = jnp.array([jnp.log(2.0), 1e4 + jnp.log1p(jnp.exp(-1.0)), -2.0])
    np.testing.assert_allclose(numerics.log_add(*terms), expected, rtol=1e-6)
    shares = jax.grad(lambda *terms: numerics.log_add(*terms).sum(), (0, 1))(*terms)
    np.testing.assert_allclose(shares[0], [0.5, jax.nn.sigmoid(1.0), 0], rtol=1e-6)
    np.testing.assert_allclose(shares[0] + shares[1], 1, rtol=1e-6)
    assert jnp.all(numerics.log_add(none, none) == -jnp.inf)
    assert jnp.all(jax.grad(lambda x: numerics.log_add(x, none).sum())(none) == 0)


def test_log_softmax_keeps_its_accuracy_at_large_scores():
    log_p = numerics.log_softmax(jnp.array([1e4, 1e4, -1e4]))
    assert jnp.allclose(log_p[:2], -jnp.log(2), rtol=1e-6)


def test_log_softmax_of_masked_rows():
    log_p = numerics.log_softmax(
        jnp.zeros((2, 2)), where=jnp.array([[True, False], [False, False]])
    )
    assert log_p.tolist() == [[0, -np.inf], [-np.inf, -np.inf]]


def test_pick_clamps_and_differentiates():
    x = jnp.arange(6.0).reshape(2, 3)
    index = jnp.array([1, 7])
    assert numerics.pick(x, index).tolist() == [1, 5]
    grad = jax.grad(lambda x: numerics.pick(x, index).sum())(x)
    assert grad.tolist() == [[0, 1, 0], [0, 0, 1]]
    twice = jax.hessian(lambda x: jnp.square(numerics.pick(x, index)).sum())(x)
    assert twice[0, 1, 0, 1] == twice[1, 2, 1, 2] == 2
    assert jnp.sum(twice) == 4


def test_product_lets_a_weight_of_zero_win():
    weight, value = jnp.array([0.0, 0.0, 2.0]), jnp.array([-jnp.inf, 3.0, 3.0])
    assert numerics.product(weight, value).tolist() == [0, 0, 6]
    slope = jax.grad(lambda w: numerics.product(w, value).sum())(weight)
    assert slope.tolist() == [0, 3, 3]


def test_with_partials_computes_only_what_is_asked_for():
    calls = []

    def partial(name):
        def slope(x, y):
            calls.append(name)
            return jnp.ones_like(x)

        return slope

    add = numerics.with_partials(jnp.add, partial("x"), partial("y"))
    assert jax.grad(add)(1.0, 2.0) == 1
    assert calls == ["x"]
    assert jax.grad(numerics.with_partials(jnp.add, partial("x"), None), 1)(1.0, 2.0) == 0


def test_with_partials_supports_every_transformation():
    square = numerics.with_partials(jnp.square, lambda x: 2 * x)
    assert jax.grad(jax.grad(square))(3.0) == 2
    assert jax.jacfwd(square)(3.0) == 6
    assert jax.vmap(jax.grad(square))(jnp.arange(3.0)).tolist() == [0, 2, 4]
    assert jax.jvp(jax.grad(square), (3.0,), (1.0,))[1] == 2
    assert jax.grad(lambda x: jax.checkpoint(square)(x))(3.0) == 6
