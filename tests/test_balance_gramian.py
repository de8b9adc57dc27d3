"""Balancers of gradients: against their papers, against TorchJD, and what they promise."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss.objectives import balance
from jaxloss.objectives.balance import Statistics, solver
from jaxloss.testing.case import float64
from tests import aggregators
from tests.references import torchjd
from tests.references.torchjd import (
    FRANK_WOLFE,
    JACOBIANS,
    LOOSE,
    RIDGE,
    STORED,
    TORCHJD,
    compiled,
    update,
    wide,
)

INDEPENDENT = [
    name
    for name in JACOBIANS
    if name not in ("rank two", "more tasks than parameters", "a task without a gradient")
]
GRAMIAN = {
    "mgda": balance.mgda(),
    "dual_proj": balance.dual_proj(),
    "upgrad": balance.upgrad(),
    "cagrad": balance.cagrad(),
    "cagrad far": balance.cagrad(c=1.5),
    "nash_mtl": balance.nash_mtl(),
    "imtl_g": balance.imtl_g(),
    "config": balance.config(),
    "aligned_mtl": balance.aligned_mtl(),
    "aligned_mtl median": balance.aligned_mtl(mode="median"),
    "aligned_mtl rmse": balance.aligned_mtl(mode="rmse"),
    "pcgrad": balance.pcgrad(shuffle=False),
    "gradvac": balance.gradvac(shuffle=False),
}
JACOBIAN = {
    "graddrop": balance.graddrop(),
    "trimmed_mean": balance.trimmed_mean(trim=1),
    "krum": balance.krum(num_byzantine=1, num_selected=2),
}


def apart(one, two, size):
    return np.linalg.norm(np.asarray(one) - np.asarray(two)) / size


def largest(jacobian):
    return np.linalg.norm(jacobian, axis=1).max()


def drawn(tasks, parameters, seed=0, *, scales=False, conflict=0.0):
    rng = np.random.default_rng(seed)
    jacobian = rng.standard_normal((tasks, parameters))
    jacobian -= conflict * jacobian.mean(0)
    return jacobian * np.exp(2 * rng.standard_normal((tasks, 1))) if scales else jacobian


FROM_PAPERS = {
    "mgda": aggregators.mgda,
    "dual_proj": aggregators.dual_proj,
    "upgrad": aggregators.upgrad,
    "aligned_mtl": aggregators.aligned_mtl,
    "aligned_mtl median": functools.partial(aggregators.aligned_mtl, mode="median"),
    "aligned_mtl rmse": functools.partial(aggregators.aligned_mtl, mode="rmse"),
    "pcgrad": aggregators.pcgrad,
    "config": aggregators.config,
    "imtl_g": aggregators.imtl_g,
    "nash_mtl": aggregators.nash_mtl,
}
SHAPES = [(2, 3), (5, 20), (8, 30)]
DEPENDENT = [(5, 3), (8, 4)]
NEEDS_INDEPENDENT = ("config", "imtl_g", "nash_mtl")


@pytest.mark.parametrize("name", FROM_PAPERS)
def test_gradients_are_those_of_the_paper(name):
    """By brute force over subsets, NNLS, SVD and BFGS, which the implementation does not use."""
    shapes = SHAPES if name in NEEDS_INDEPENDENT else SHAPES + DEPENDENT
    for tasks, parameters in shapes:
        for seed, options in enumerate(({}, {"scales": True}, {"conflict": 0.9})):
            jacobian = drawn(tasks, parameters, seed, **options)
            found, expected = wide(GRAMIAN[name], jacobian), FROM_PAPERS[name](jacobian)
            # BFGS stops at a slope of 1e-11.
            bound = 1e-6 if name == "nash_mtl" else 1e-8
            size = np.linalg.norm(expected) if name == "nash_mtl" else largest(jacobian)
            assert apart(found, expected, size) < bound, (tasks, parameters, options)


@pytest.mark.parametrize("c", [0.0, 0.5, 1.5, 10.0])
def test_cagrad_gains_as_much_as_can_be(c):
    """Within reach of the mean, and at worst gaining what the dual program says is the most."""
    balancer = balance.cagrad(c=c)
    for tasks, parameters in [(2, 3), (5, 20), (5, 3)]:
        for seed, options in enumerate(({}, {"conflict": 0.9})):
            jacobian = drawn(tasks, parameters, seed, **options)
            vector = wide(balancer, jacobian)
            mean = jacobian.mean(0)
            reach = c * np.linalg.norm(mean)
            assert np.linalg.norm(vector - mean) <= reach + 1e-6 * largest(jacobian)
            bound = aggregators.cagrad_bound(jacobian, c)
            most = largest(jacobian) * np.linalg.norm(mean) * max(c, 1)
            assert bound - aggregators.worst_gain(jacobian, vector) < 1e-5 * most


def test_cagrad_rescaled():
    jacobian = drawn(3, 8)
    plain = wide(balance.cagrad(c=0.5), jacobian)
    for rescale, divisor in (("linear", 1.5), ("quadratic", 1.25)):
        np.testing.assert_allclose(
            wide(balance.cagrad(c=0.5, rescale=rescale), jacobian), plain / divisor, rtol=1e-6
        )


def test_gradvac_over_several_steps():
    balancer = balance.gradvac(decay=0.3, shuffle=False)
    targets = np.zeros((4, 4))
    with float64():
        state = balancer.init(4)
        for seed in range(5):
            jacobian = drawn(4, 10, seed)
            expected = aggregators.gradvac(jacobian, targets, 0.3)
            gramian = jnp.asarray(jacobian @ jacobian.T)
            weights, state = balancer.update(Statistics(jnp.ones(4), gramian), state, None)
            # The state stays in float32.
            assert apart(weights @ jacobian, expected, np.linalg.norm(expected)) < 1e-5
    off = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(np.asarray(state.cosines)[off], targets[off], atol=1e-6)


def test_pcgrad_meets_the_others_in_every_order():
    jacobian = drawn(3, 4, conflict=0.9)
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    possible = [
        aggregators.pcgrad(jacobian, [a, b, c]) for a in orders for b in orders for c in orders
    ]
    step = jax.jit(lambda key: update(balance.pcgrad(), jnp.asarray(jacobian, jnp.float32), key)[0])
    found = {
        int(np.argmin([apart(step(jax.random.key(seed)), one, 1) for one in possible]))
        for seed in range(20)
    }
    assert len(found) > 1
    assert min(apart(step(jax.random.key(0)), one, 1) for one in possible) < 1e-5


def test_graddrop_keeps_one_sign_of_each_entry():
    jacobian = drawn(5, 200)
    signs = np.sign(jacobian)
    total = jacobian.sum(0)
    purity = (1 + total / np.abs(jacobian).sum(0)) / 2
    draws = np.array([wide(JACOBIAN["graddrop"], jacobian, jax.random.key(s)) for s in range(60)])
    positive, negative = (np.where(signs == s, jacobian, 0).sum(0) for s in (1, -1))
    is_positive = np.isclose(draws, positive)
    assert np.all(is_positive | np.isclose(draws, negative))
    assert np.abs(is_positive.mean(0) - purity).mean() < 0.06


# ---- TorchJD ----

ONLY_A_LITTLE = 2e-3
"""Bound of what the ridge, Frank-Wolfe and the conic solver are off on ordinary Jacobians."""
ORDINARY = ("published", "three tasks", "five tasks", "conflicting")


def test_every_aggregator_stored_is_compared():
    assert set(TORCHJD) == set(STORED["aggregated"])
    assert STORED["versions"]["torchjd"] == "0.18.0"


@pytest.mark.parametrize("name", TORCHJD)
def test_gradients_are_those_of_torchjd(name):
    """Version 0.18.0; where they differ it is for the reason given, and ours are the paper's."""
    _, tolerance, different = TORCHJD[name]
    for which, distance in torchjd.distances(name).items():
        if which not in different:
            assert distance < tolerance, which
        elif different[which] in (RIDGE, FRANK_WOLFE, LOOSE) and which in ORDINARY:
            assert distance < (1e-2 if different[which] == FRANK_WOLFE else ONLY_A_LITTLE), which


def test_the_page_is_that_of_the_table():
    assert torchjd.PAGE.read_text() == torchjd.page()


@pytest.mark.parametrize("name", ["UPGrad()", "DualProj()", "MGDA()", "IMTLG()"])
def test_where_torchjd_differs_ours_meet_the_definition(name):
    paper = {
        "UPGrad()": aggregators.upgrad,
        "DualProj()": aggregators.dual_proj,
        "MGDA()": aggregators.mgda,
    }
    for which, jacobian in JACOBIANS.items():
        ours = wide(TORCHJD[name][0], jacobian)
        if name in paper:
            assert apart(ours, paper[name](jacobian), largest(jacobian)) < 1e-9, which
        elif which in INDEPENDENT and len(jacobian) > 1:
            norms = np.linalg.norm(jacobian, axis=1)
            assert np.ptp(jacobian @ ours / norms) < 1e-9 * largest(jacobian), which


# ---- what they promise ----

NON_CONFLICTING = ("mgda", "dual_proj", "upgrad", "cagrad far", "nash_mtl")
SCALES = [0.0, 1e-10, 1e3, 1e5, 1e10, 1e15]
ALL = {**GRAMIAN, **JACOBIAN}


@pytest.mark.parametrize("name", NON_CONFLICTING)
def test_no_task_is_made_worse(name):
    for tasks, parameters in [(3, 8), (5, 3), (8, 30)]:
        for seed, options in enumerate(({}, {"scales": True}, {"conflict": 0.95})):
            jacobian = drawn(tasks, parameters, seed, **options)
            vector = wide(GRAMIAN[name], jacobian)
            gains = jacobian @ vector / np.linalg.norm(jacobian, axis=1)
            assert gains.min() > -1e-5 * np.linalg.norm(jacobian, axis=1).max(), (tasks, options)


@pytest.mark.parametrize("name", GRAMIAN)
def test_the_order_of_tasks_does_not_matter(name):
    if name in ("pcgrad", "gradvac"):  # each task meets the others in their order
        jacobian, order = drawn(2, 8), np.array([1, 0])
    else:
        jacobian, order = drawn(5, 20), np.array([3, 0, 4, 1, 2])
    found, permuted = (wide(GRAMIAN[name], rows) for rows in (jacobian, jacobian[order]))
    np.testing.assert_allclose(found, permuted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ["upgrad", "config", "dual_proj", "mgda", "imtl_g"])
def test_scale_of_all_gradients_is_that_of_the_result(name):
    jacobian = drawn(4, 10)
    found = wide(GRAMIAN[name], 1e4 * jacobian)
    np.testing.assert_allclose(found, 1e4 * wide(GRAMIAN[name], jacobian), rtol=1e-6)


def test_upgrad_is_linear_under_scaling():
    """Of single tasks: what a task adds grows with its gradient and changes nothing else."""
    jacobian, one, two = drawn(4, 10), np.array([1, 2, 0.5, 3]), np.array([0.3, 1, 4, 1])
    parts = [wide(GRAMIAN["upgrad"], scale[:, None] * jacobian) for scale in (one, two)]
    both = wide(GRAMIAN["upgrad"], (2 * one + 3 * two)[:, None] * jacobian)
    np.testing.assert_allclose(both, 2 * parts[0] + 3 * parts[1], rtol=1e-8)


@pytest.mark.parametrize("name", ["mgda", "upgrad", "dual_proj"])
def test_nothing_moves_at_a_point_that_is_optimal_for_all(name):
    """Weights exist that cancel the gradients: the result is 0."""
    jacobian = drawn(5, 10)
    jacobian[4] = -np.array([0.4, 0.1, 0.3, 0.2]) @ jacobian[:4]
    assert np.linalg.norm(wide(GRAMIAN[name], jacobian)) < 1e-5 * largest(jacobian)


@pytest.mark.parametrize("name", GRAMIAN)
def test_degenerate_gradients_give_finite_numbers(name):
    """All scales, no gradient at all, copies, opposites, and a task without one, in float32."""
    jacobian = drawn(4, 6).astype(np.float32)
    cases = {f"times {scale:g}": jacobian * np.float32(scale) for scale in SCALES}
    cases["copies"] = np.repeat(jacobian[:1], 4, 0)
    cases["opposites"] = jacobian[[0, 1, 0, 1]] * np.float32([[1], [1], [-1], [-1]])
    cases["one without"] = jacobian * np.float32([[1], [0], [1], [1]])
    cases["only one"] = jacobian * np.float32([[0], [0], [1], [0]])
    for case, rows in cases.items():
        vector, _ = compiled(GRAMIAN[name])(rows)
        assert np.isfinite(vector).all(), case
        if not rows.any():
            assert not vector.any()


@pytest.mark.parametrize("name", ALL)
def test_one_task_keeps_its_gradient(name):
    jacobian = drawn(1, 5).astype(np.float32)
    if name in ("trimmed_mean", "krum"):
        with pytest.raises(ValueError, match=r"task|trim|row"):
            update(ALL[name], jacobian, jax.random.key(0))
        return
    vector = np.asarray(update(ALL[name], jacobian, jax.random.key(0))[0])
    if name == "nash_mtl":
        vector = vector * np.linalg.norm(jacobian)
    if name.startswith("cagrad"):
        # All of the reach goes along the only gradient.
        vector = vector / (1.5 if name == "cagrad" else 2.5)
    np.testing.assert_allclose(vector, jacobian[0], rtol=1e-5)


@pytest.mark.parametrize("name", GRAMIAN)
def test_compiled_and_mapped_they_are_the_same(name):
    batch = np.stack([drawn(3, 8, seed) for seed in range(4)]).astype(np.float32)
    mapped = jax.jit(jax.vmap(lambda rows: update(GRAMIAN[name], rows)[0]))(batch)
    for rows, vector in zip(batch, mapped, strict=True):
        eager = update(GRAMIAN[name], rows)[0]
        assert apart(eager, vector, np.linalg.norm(eager)) < 1e-3
        assert apart(wide(GRAMIAN[name], rows), vector, np.linalg.norm(eager)) < 5e-3


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("c", lambda value: balance.cagrad(c=value)),
        ("decay", lambda value: balance.gradvac(decay=value, shuffle=False)),
        ("preference", lambda value: balance.upgrad(preference=value * jnp.ones(3))),
    ],
)
def test_hyperparameters_may_be_traced(name, make):
    jacobian = drawn(3, 8).astype(np.float32)
    traced = jax.jit(lambda value: update(make(value), jacobian)[0])(0.7)
    expected = update(make(0.7), jacobian)[0]
    np.testing.assert_allclose(traced, expected, rtol=1e-3, atol=1e-4, err_msg=name)


def test_weights_carry_no_gradient():
    jacobian = drawn(3, 8).astype(np.float32)

    def weights(balancer, gramian):
        return jnp.sum(balancer.update(Statistics(jnp.ones(3), gramian), (), None)[0])

    for name in ("mgda", "config", "aligned_mtl", "imtl_g", "pcgrad"):
        slope = jax.grad(functools.partial(weights, GRAMIAN[name]))(jacobian @ jacobian.T)
        assert not slope.any(), name


@pytest.mark.parametrize("name", GRAMIAN)
def test_the_gramian_is_asked_for_by_name(name):
    with pytest.raises(ValueError, match="`gramian`"):
        GRAMIAN[name].update(Statistics(jnp.ones(2)), GRAMIAN[name].init(2), None)


def test_a_preference_of_another_shape_is_an_error():
    with pytest.raises(ValueError, match=r"`preference` of shape \(3,\)"):
        update(balance.upgrad(preference=[1.0, 2.0]), drawn(3, 8).astype(np.float32))


# ---- the solver ----


@pytest.mark.parametrize(("bits", "bound"), [(32, 1e-4), (64, 1e-10)])
@pytest.mark.parametrize("tasks", [2, 10, 50])
def test_programs_are_solved_to_the_conditions_of_optimality(tasks, bits, bound):
    """At once for many, of full rank and not; each converges."""
    wide_run = bits == 64
    rng = np.random.default_rng(tasks)
    ranks = (2 * tasks, max(1, tasks // 2))
    rows = [rng.standard_normal((8, tasks, rank)) for rank in ranks]
    matrices = np.concatenate([r @ np.swapaxes(r, 1, 2) for r in rows])
    lower = rng.dirichlet(np.ones(tasks), len(matrices))
    with float64(wide_run):
        dtype = np.float64 if wide_run else np.float32
        solve = jax.jit(jax.vmap(lambda m, u: solver.bounded_quadratic(m, jnp.zeros_like(u), u)))
        found = jax.device_get(solve(matrices.astype(dtype), lower.astype(dtype)))
    assert found.converged.all()
    for matrix, u, v in zip(matrices, lower, found.values.astype(np.float64), strict=True):
        scale = np.sqrt(np.diag(matrix))
        slope, slack = matrix @ v / scale, (v - u) * scale
        size = np.abs(v * scale).max()
        assert slack.min() > -bound * size
        # Off its bound there is no slope, at its bound none downwards.
        assert np.abs(np.minimum(slope, slack)).max() < bound * size * tasks
