"""Losses of functions: against the oracles, on what they learn and what they hold constant."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxloss as jl
from jaxloss.losses import physics
from tests.oracles import physics as oracles

RNG = np.random.default_rng(0)
X, V, A, B = (RNG.standard_normal((4, 2)).astype(np.float32) for _ in range(4))
ATOMS, FORCES = (RNG.standard_normal((3, 2, 2)).astype(np.float32) for _ in range(2))
NUMBERS = RNG.standard_normal(4).astype(np.float32)


# Sums of products, which decimals and tracers have alike.
def number(x):
    return x[0] * x[0] * x[1] + 3 * x[1] - x[0]


def vector(x):
    return [x[0] * x[1], x[1] * x[1] * x[1] - 2 * x[0]]


def energy(r):
    return r[0] * r[3] + r[1] * r[1] * r[2] - r[3]


def of_two(q, p):
    return q[0] * q[1] * p[0] + p[0] * p[0] + 2 * p[1] * p[1] - q[1] * q[1] * q[1]


def flat(function):
    return lambda r: function(r.reshape(-1))


def stacked(function):
    return lambda x: jnp.stack(function(x))


CALLS = [
    ("pde_residual", (number, X), (number, X), {}),
    ("pde_residual", (stacked(vector), X), (vector, X), {}),
    ("gpinn", (number, X), (number, X), {}),
    ("gpinn", (stacked(vector), X), (vector, X), {}),
    ("deep_ritz", (number, X, number), (number, X, number), {}),
    ("sobolev", (number, X, NUMBERS, V), (number, X, NUMBERS, V), {"slope_weight": 0.25}),
    (
        "energy_force",
        (flat(energy), ATOMS, NUMBERS[:3], FORCES),
        (energy, ATOMS, NUMBERS[:3], FORCES),
        {"energy_weight": 2.0, "force_weight": 0.5},
    ),
    ("divergence_free", (stacked(vector), X), (vector, X), {}),
    ("hamiltonian", (of_two, X, V, A, B), (of_two, X, V, A, B), {}),
    ("lagrangian", (of_two, X, V, A), (of_two, X, V, A), {}),
]
EACH_CALL = pytest.mark.parametrize(
    ("name", "args", "exact", "options"),
    CALLS,
    ids=[f"{call[0]}-{i}" for i, call in enumerate(CALLS)],
)


@EACH_CALL
def test_value_equals_the_oracle(name, args, exact, options):
    loss = getattr(physics, name)
    arrays = [a for a in args if not callable(a)]

    def of_arrays(*arrays):
        given = iter(arrays)
        return loss(*(a if callable(a) else next(given) for a in args), **options)

    wide = [a if callable(a) else np.float64(a) for a in exact]
    expected = getattr(oracles, name)(*wide, **options)
    np.testing.assert_allclose(jax.jit(of_arrays)(*arrays), expected, rtol=2e-5, atol=1e-5)
    halves = of_arrays(*(jnp.asarray(a, jnp.bfloat16) for a in arrays))
    assert halves.dtype == jnp.float32


@EACH_CALL
def test_parameters_of_the_function_learn_and_points_do_not(name, args, exact, options):
    loss = getattr(physics, name)
    places = [i for i, a in enumerate(args) if callable(a)]
    first = 2 if name == "hamiltonian" or name == "lagrangian" else 1

    def total(weight, *points):
        given = list(args)
        given[1 : 1 + first] = points
        for place in places:
            function = args[place]
            given[place] = lambda *x, function=function: weight * function(*x)
        return jnp.sum(loss(*given, **options))

    points = [jnp.asarray(a) for a in args[1 : 1 + first]]
    gradients = jax.jit(jax.grad(total, tuple(range(1 + first))))(jnp.asarray(0.5), *points)
    towards = [float(total(jnp.asarray(0.5 + s), *points)) for s in (1e-2, -1e-2)]
    np.testing.assert_allclose(gradients[0], (towards[0] - towards[1]) / 2e-2, rtol=1e-3)
    assert all(jnp.all(gradient == 0) for gradient in gradients[1:])


@EACH_CALL
def test_no_points_and_batches_of_functions(name, args, exact, options):
    """Empty sets give no values, and parameters may be mapped over."""
    loss = getattr(physics, name)
    none = [a if callable(a) else a[:0] for a in args]
    assert loss(*none, **options).shape == (0,)

    def scaled(weight):
        function = args[0]
        return loss(lambda *x: weight * function(*x), *args[1:], **options)

    mapped = jax.vmap(scaled)(jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(mapped[0], loss(*args, **options), rtol=1e-5, atol=1e-5)


def test_hyperparameters_may_be_traced():
    slope = jax.grad(lambda w: jnp.sum(physics.sobolev(number, X, NUMBERS, V, slope_weight=w)))
    expected = oracles.sobolev(number, X, NUMBERS, V, slope_weight=2.0) - oracles.sobolev(
        number, X, NUMBERS, V, slope_weight=1.0
    )
    np.testing.assert_allclose(slope(1.0), np.sum(expected), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: physics.pde_residual(number, X[0]), r"`x` of shape \(n, dim\)"),
        (lambda: physics.sobolev(number, X, NUMBERS[:3], V), r"`target` of shape \(4,\)"),
        (lambda: physics.energy_force(energy, X, NUMBERS, X), r"of shape \(n, atoms, dim\)"),
    ],
)
def test_shapes_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_network_learns_the_heat_equation():
    """`u_t = u_xx / 10` from its equation alone, one time after another, and with its report."""
    moments, places = jnp.linspace(0, 1, 6), jnp.linspace(0, 1, 9)
    points = jnp.stack(jnp.meshgrid(moments, places, indexing="ij"), axis=-1).reshape(-1, 2)
    begin = jnp.sin(jnp.pi * places)
    solution = jnp.exp(-(jnp.pi**2) * points[:, 0] / 10) * jnp.sin(jnp.pi * points[:, 1])
    keys = jax.random.split(jax.random.key(0), 2)
    params = {
        "in": jax.random.normal(keys[0], (2, 16)),
        "bias": jnp.zeros(16),
        "out": jax.random.normal(keys[1], (16,)) / 4,
    }

    def field(params, x):
        # At the ends it is 0 by its form.
        inside = x[1] * (1 - x[1])
        return 4 * inside * jnp.dot(jnp.tanh(x @ params["in"] + params["bias"]), params["out"])

    def residuals(params):
        def equation(x):
            u = lambda x: field(params, x)
            ahead, across = jnp.eye(2)
            slope = jax.jvp(u, (x,), (ahead,))[1]
            bend = jax.jvp(lambda x: jax.jvp(u, (x,), (across,))[1], (x,), (across,))[1]
            return slope - bend / 10

        return physics.pde_residual(equation, points).reshape(6, 9)

    def terms(params, eps):
        first = jax.vmap(lambda x: field(params, x))(points[:9])
        return {
            "equation": physics.causal(jnp.mean(residuals(params), axis=-1), eps=eps),
            "begin": jl.mean(jl.regression.squared_error(first, begin)),
        }

    objective = jl.objective(terms, weights={"equation": 1.0, "begin": 10.0})
    optimizer = optax.adam(1e-2)

    @jax.jit
    def train(params):
        def step(carry, eps):
            params, state = carry
            (value, _), grads = jax.value_and_grad(objective, has_aux=True)(params, eps)
            updates, state = optimizer.update(grads, state)
            return (optax.apply_updates(params, updates), state), value

        # The paper's schedule: early moments first, then demanded more and more strictly.
        rising = jnp.repeat(jnp.array([0.01, 0.1, 1.0, 10.0]), 250)
        (params, _), values = jax.lax.scan(step, (params, optimizer.init(params)), rising)
        return params, values

    trained, values = train(params)
    assert jnp.isfinite(values).all()
    assert jnp.mean(residuals(trained)) < 0.02 * jnp.mean(residuals(params))
    found = jax.vmap(lambda x: field(trained, x))(points)
    assert physics.relative_lp(found, solution) < 0.05
