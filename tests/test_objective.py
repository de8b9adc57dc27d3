"""Objectives: weights of every kind, reports, and what optimisers need of them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import jaxloss as jl

X = np.linspace(-1, 1, 12).astype(np.float32)
BATCH = {"x": X, "y": 3 * X + 1, "kept": np.arange(12) % 4 != 0}
PARAMS = {"slope": jnp.array(1.0), "offset": jnp.array(0.0)}


def terms(params, batch):
    error = jl.regression.huber(params["slope"] * batch["x"] + params["offset"], batch["y"])
    return {
        "fit": jl.average(error, where=batch["kept"]),
        "decay": jl.penalties.l2(params),
    }


def by_hand(params, batch, decay):
    values = terms(params, batch)
    return values["fit"].total / values["fit"].weight + decay * values["decay"]


def test_value_and_gradient_are_the_weighted_sum():
    objective = jl.objective(terms, weights={"decay": 0.1})
    (value, report), grads = jax.jit(jax.value_and_grad(objective, has_aux=True))(PARAMS, BATCH)
    expected, expected_grads = jax.value_and_grad(by_hand)(PARAMS, BATCH, 0.1)
    assert jnp.isclose(value, expected)
    assert jnp.isclose(grads["slope"], expected_grads["slope"])
    assert jnp.isclose(report["objective"], value)
    assert report["decay/weight"] == jnp.float32(0.1)
    assert jnp.isclose(report["fit/share"] + report["decay/share"], 1)
    assert jnp.isclose(report["decay/share"], 0.1 * report["decay"] / value)


def test_report_is_flat_scalars_without_gradient():
    objective = jl.objective(terms)
    _, report = objective(PARAMS, BATCH)
    assert all(isinstance(k, str) and v.shape == () for k, v in report.items())
    grads = jax.grad(lambda p: objective(p, BATCH)[1]["fit"])(PARAMS)
    assert grads["slope"] == 0


def test_schedules_are_called_with_the_step():
    objective = jl.objective(terms, weights={"decay": optax.linear_schedule(0.0, 1.0, 10)})
    step = jax.jit(lambda step: objective(PARAMS, BATCH, step=step)[1]["decay/weight"])
    assert [float(step(s)) for s in (0, 5, 20)] == [0, 0.5, 1]
    with pytest.raises(ValueError, match="pass step="):
        objective(PARAMS, BATCH)


def test_weights_may_be_traced_without_compiling_again():
    objective = jl.objective(terms)
    traces = 0

    @jax.jit
    def run(weight):
        nonlocal traces
        traces += 1
        return objective.value(PARAMS, BATCH, weights={"decay": weight})

    values = [float(run(w)) for w in (0.0, 0.5, 1.0)]
    assert traces == 1
    assert np.allclose(np.diff(values), 0.25)
    slope = jax.grad(lambda w: objective.value(PARAMS, BATCH, weights={"decay": w}))(0.3)
    assert jnp.isclose(slope, 0.5)
    assert jax.vmap(run)(jnp.arange(3.0)).shape == (3,)


def test_weights_may_be_learned():
    def weights(params):
        return {"fit": jnp.exp(-params["log_variance"])}

    def learned(params, batch):
        return {**terms(params["model"], batch), "log_variance": params["log_variance"]}

    params = {"model": PARAMS, "log_variance": jnp.array(0.5)}
    objective = jl.objective(learned, weights=weights)
    grads = jax.grad(objective.value)(params, BATCH)
    fit = terms(PARAMS, BATCH)["fit"].value
    assert jnp.isclose(grads["log_variance"], 1 - jnp.exp(-0.5) * fit)


def test_unknown_weight_lists_the_terms():
    with pytest.raises(
        ValueError, match=r"no term is called 'deacy'; the terms are 'fit', 'decay'"
    ):
        jl.objective(terms, weights={"deacy": 1.0})(PARAMS, BATCH)


def test_unreduced_term_is_an_error():
    objective = jl.objective(lambda p, b: {"fit": jl.regression.huber(b["x"], b["y"])})
    with pytest.raises(TypeError, match=r"term 'fit' has shape \(12,\)"):
        objective(PARAMS, BATCH)


@pytest.mark.parametrize("result", [jnp.zeros(()), [1.0], ({"fit": 1.0}, "aux")])
def test_terms_must_be_named(result):
    with pytest.raises(TypeError, match="dict of named losses"):
        jl.objective(lambda p: result)(PARAMS)


def test_weight_must_be_a_scalar():
    with pytest.raises(ValueError, match=r"weight of 'fit' has shape \(2,\)"):
        jl.objective(terms, weights={"fit": jnp.ones(2)})(PARAMS, BATCH)


def test_aux_travels_beside_the_report():
    objective = jl.objective(lambda p, b: (terms(p, b), b["x"] * 2), has_aux=True)
    (_, (report, aux)), _ = jax.value_and_grad(objective, has_aux=True)(PARAMS, BATCH)
    assert "fit" in report
    assert np.allclose(aux, 2 * X)


def test_optax_losses_are_terms():
    objective = jl.objective(
        lambda p, b: {"fit": optax.losses.huber_loss(p["slope"] * b["x"], b["y"]).mean()}
    )
    ours = jl.objective(
        lambda p, b: {"fit": jl.mean(jl.regression.huber(p["slope"] * b["x"], b["y"]))}
    )
    assert jnp.isclose(objective.value(PARAMS, BATCH), ours.value(PARAMS, BATCH))


def test_line_search_minimises_the_scalar_view():
    objective = jl.objective(terms, weights={"decay": 1e-4})
    solver = optax.lbfgs()

    def value(params):
        return objective.value(params, BATCH)

    @jax.jit
    def step(carry, _):
        params, state = carry
        loss, grad = optax.value_and_grad_from_state(value)(params, state=state)
        updates, state = solver.update(grad, state, params, value=loss, grad=grad, value_fn=value)
        return (optax.apply_updates(params, updates), state), loss

    (params, _), losses = jax.lax.scan(step, (PARAMS, solver.init(PARAMS)), length=30)
    assert losses[-1] < 1e-2 * losses[0]
    assert jnp.isclose(params["slope"], 3, atol=1e-2)


def test_scalar_view_works_with_reduce_on_plateau():
    objective = jl.objective(terms)
    tx = optax.chain(optax.adam(0.1), optax.contrib.reduce_on_plateau())
    params, state = PARAMS, tx.init(PARAMS)
    (value, _), grads = jax.value_and_grad(objective, has_aux=True)(params, BATCH)
    updates, _ = tx.update(grads, state, params, value=value)
    assert objective.value(optax.apply_updates(params, updates), BATCH) < value
