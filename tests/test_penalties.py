"""Penalties on parameters, activations, embeddings and groups; `test_steepness.py` has the rest."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import penalties
from tests import test_steepness
from tests.oracles import penalties as oracles

PARAMS = {
    "dense": {"kernel": jnp.array([[3.0, 0.0], [-4.0, 0.0]]), "bias": jnp.array([1.0, -2.0])},
    "steps": 7,
    "key": jax.random.key(0),
    "activation": jax.nn.relu,
    "nothing": None,
}
RNG = np.random.default_rng(0)
KERNEL = np.float32(RNG.standard_normal((4, 3)))
UNITS = np.float32(RNG.uniform(0.1, 0.9, (5, 3)))
WEIGHTS = np.float32(RNG.uniform(0, 1, (4, 4)))
WEIGHTS = WEIGHTS + WEIGHTS.T
SCORES = np.float32(RNG.standard_normal(8))
GROUP = np.array([True, False, False, True, True, False, True, False])
TARGET = np.array([True, True, False, False, True, False, False, True])
CENTERS = np.float32(RNG.standard_normal((2, 3, 4)))
ANCHOR, IMPORTANCE = (np.float32(RNG.uniform(0, 1, (4, 3))) for _ in range(2))
LAYERS = np.float32([0.3, -1.0, 2.0])
# Of sizes that lie far apart, with ties.
STEEP = np.float32([[8.0, -0.5, 0.25], [2.0, 0.5, -0.125], [1.0, -0.75, 0.0], [-4.0, 2.0, 0.5]])

OF_PARAMETERS = [
    ("l1", {}),
    ("l2", {}),
    ("elastic_net", {"l1_ratio": 0.25}),
    ("group_lasso", {}),
    ("sparse_group_lasso", {"l1_ratio": 0.25}),
    ("hoyer", {}),
    ("log_sum", {"eps": 0.5}),
    ("scad", {"threshold": 0.5, "a": 2.5}),
    ("scad", {"threshold": 0.1}),
    ("mcp", {"threshold": 0.5, "gamma": 2.5}),
    ("mcp", {"threshold": 2.0}),
    ("stvs", {"gamma": 0.25}),
    ("stvs", {"gamma": 2.0}),
    ("l0", {"temperature": 0.5, "lower": -0.2, "upper": 1.3}),
    ("nuclear", {}),
    ("orthogonality", {}),
    ("double_orthogonality", {}),
    ("mutual_coherence", {}),
    ("cosine_orthogonality", {}),
]
OF_COUNTS = [("k_support", {"k": k}) for k in (1, 3, 5, 12, 99)]
OF_ARRAYS = [
    ("k_support", (STEEP,), {"k": 4}),
    ("l2_sp", (KERNEL, ANCHOR), {}),
    ("ewc", (KERNEL, ANCHOR, IMPORTANCE), {}),
    ("hard_concrete", (KERNEL,), {"lower": -0.5, "upper": 1.25}),
    ("lipschitz", (LAYERS,), {}),
    ("bounded", (3 * KERNEL, np.array(2.0, np.float32)), {}),
    ("kl_sparsity", (UNITS,), {"rate": 0.25}),
    ("decov", (KERNEL,), {}),
    ("entropy", (KERNEL,), {}),
    ("spectral_decoupling", (KERNEL,), {}),
    ("temporal_activation", (KERNEL,), {}),
    ("graph_laplacian", (KERNEL, WEIGHTS), {}),
    ("center_invariant", (KERNEL,), {}),
    ("regular_face", (KERNEL,), {}),
    ("sparse_centers", (CENTERS,), {}),
    ("zero_mean", (KERNEL,), {}),
    ("demographic_parity", (SCORES, GROUP), {}),
    ("equalized_odds", (SCORES, TARGET, GROUP), {}),
    ("covariance", (SCORES, GROUP), {}),
]
CALLS = [(name, (KERNEL,), options) for name, options in OF_PARAMETERS + OF_COUNTS] + OF_ARRAYS
# Of kernels with a state, and states of their own.
ITERATED = ["spectral", "srip"]
STATES = [
    ("path_integral", (KERNEL, ANCHOR, IMPORTANCE), {}),
    ("synaptic_importance", (IMPORTANCE, KERNEL, ANCHOR), {"damping": 0.25}),
]
NOT_LEAST_AT_ZERO = {
    "bounded",
    "hard_concrete",
    "kl_sparsity",
    "l0",
    "lipschitz",
    "sparse_centers",
}
EACH_CALL = pytest.mark.parametrize(
    ("name", "args", "options"), CALLS, ids=[f"{call[0]}-{i}" for i, call in enumerate(CALLS)]
)
ZEROS = [
    (name, tuple(0 * a if a.dtype.kind == "f" else a for a in args), options)
    for name, args, options in CALLS
]


def of_first(name, args, options):
    penalty = getattr(penalties, name)
    return lambda first: jnp.sum(penalty(first, *args[1:], **options))


@EACH_CALL
def test_value_and_slope_equal_the_oracle(name, args, options):
    oracle = getattr(oracles, name)
    penalty = getattr(penalties, name)
    value = jax.jit(lambda *args: penalty(*args, **options))(*args)
    exact = [np.float64(a) if a.dtype.kind == "f" else a for a in args]
    np.testing.assert_allclose(value, oracle(*exact, **options), rtol=2e-6, atol=1e-6)
    gradient = jax.jit(jax.grad(of_first(name, args, options)))(args[0])
    towards = RNG.standard_normal(args[0].shape)
    ahead, behind = (
        np.sum(oracle(exact[0] + step * towards, *exact[1:], **options)) for step in (1e-4, -1e-4)
    )
    slope = (ahead - behind) / 2e-4
    np.testing.assert_allclose(np.vdot(gradient, towards), slope, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("name", "args", "options"), ZEROS)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
def test_zeros_have_finite_derivatives_of_both_orders(name, args, options, dtype):
    function = of_first(name, args, options)
    first = jnp.asarray(args[0], dtype)
    gradient = jax.jit(jax.grad(function))(first)
    assert gradient.dtype == dtype
    assert jnp.isfinite(gradient).all()
    assert jnp.isfinite(jax.jit(jax.hessian(function))(first)).all()
    if name not in NOT_LEAST_AT_ZERO:
        assert jnp.all(gradient == 0), "0 is a subgradient at 0"


@EACH_CALL
def test_jit_vmap_and_scale(name, args, options):
    """Under vmap as by one, and finite for what is huge."""
    penalty = getattr(penalties, name)
    batch = tuple(np.stack([a, a[::-1] if a.ndim == 1 or a is args[0] else a]) for a in args)
    mapped = jax.vmap(lambda *a: penalty(*a, **options))(*batch)
    singly = [penalty(*(b[i] for b in batch), **options) for i in range(2)]
    np.testing.assert_allclose(mapped, jnp.stack(singly), rtol=1e-5, atol=1e-6)
    if name != "kl_sparsity":
        huge = jax.grad(of_first(name, args, options))(1e4 * args[0])
        assert jnp.isfinite(huge).all()


@pytest.mark.parametrize(
    ("name", "options"),
    [(n, o) for n, o in OF_PARAMETERS if o] + [("kl_sparsity", {"rate": 0.25})],
)
def test_hyperparameters_may_be_traced(name, options):
    first = UNITS if name == "kl_sparsity" else KERNEL
    penalty = getattr(penalties, name)
    for key, value in options.items():

        def of_level(level, key=key):
            return jnp.sum(penalty(first, **{**options, key: level}))

        mapped = jax.vmap(of_level)(jnp.array([value, 1.125 * value]))
        np.testing.assert_allclose(mapped[0], of_level(value), rtol=1e-6)
        assert jnp.isfinite(jax.grad(of_level)(value))


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (penalties.l1, 3 + 4 + 1 + 2),
        (penalties.l2, (9 + 16 + 1 + 4) / 2),
        (penalties.elastic_net, 0.5 * 10 + 0.5 * 15),
        (penalties.group_lasso, np.sqrt(2) * 5 + 1 + 2),
        (penalties.sparse_group_lasso, 5 + (np.sqrt(2) * 5 + 3) / 2),
        (penalties.hoyer, 49 / 25 + 9 / 5),
        (penalties.nuclear, 5),  # a bias is no kernel
        (penalties.orthogonality, 24**2 + 1),
    ],
)
def test_value_over_floating_leaves(penalty, expected):
    assert jnp.isclose(penalty(PARAMS), expected)


@pytest.mark.parametrize(
    "where",
    [
        lambda path: path == "dense/kernel",
        {"dense": {"kernel": True, "bias": False}}
        | dict.fromkeys(PARAMS.keys() - {"dense"}, False),
    ],
    ids=["path", "tree"],
)
def test_where_selects_leaves(where):
    params = {k: v for k, v in PARAMS.items() if v is not None}
    if isinstance(where, dict):
        where = {k: v for k, v in where.items() if k in params}
    assert penalties.l1(params, where=where) == 7


def test_l2_has_the_parameters_as_gradient():
    weights = {"a": jnp.array([1.0, -2.0]), "b": jnp.array(3.0)}
    assert jax.grad(penalties.l2)(weights)["a"].tolist() == [1, -2]


def test_group_lasso_groups_along_an_axis():
    kernel = {"kernel": PARAMS["dense"]["kernel"]}
    by_output = penalties.group_lasso(kernel)
    by_input = penalties.group_lasso(kernel, axis=0)
    assert jnp.isclose(by_output, np.sqrt(2) * 5)
    assert jnp.isclose(by_input, np.sqrt(2) * (3 + 4))
    with pytest.raises(ValueError, match=r"shape \(2,\) has no axis 1"):
        penalties.group_lasso({"bias": jnp.ones(2)}, axis=1)


def test_k_support_lies_between_lasso_and_ridge():
    """Half the square of the lasso for one entry, ridge for all of them, and less in between."""
    found = [penalties.k_support(KERNEL, k=k) for k in range(1, KERNEL.size + 1)]
    np.testing.assert_allclose(found[0], penalties.l1(KERNEL) ** 2 / 2, rtol=1e-6)
    np.testing.assert_allclose(found[-1], penalties.l2(KERNEL), rtol=1e-6)
    assert np.all(np.diff(found) <= 1e-6)
    assert penalties.k_support(KERNEL[:0], k=2) == 0
    with pytest.raises(ValueError, match="at least 1, got 0"):
        penalties.k_support(KERNEL, k=0)


def test_half_precision_is_summed_in_float32():
    assert penalties.l1({"a": jnp.ones(70000, jnp.bfloat16)}) == 70000


@pytest.mark.parametrize(("name", "options"), OF_PARAMETERS + OF_COUNTS[:1])
def test_nothing_selected_is_zero(name, options):
    penalty = getattr(penalties, name)
    assert penalty(PARAMS, where=lambda path: False, **options) == 0
    assert penalty({}, **options) == 0


def test_a_kernel_of_a_convolution_has_its_outputs_for_columns():
    kernel = jnp.asarray(RNG.standard_normal((2, 2, 3, 5)), jnp.float32)
    assert jnp.isclose(penalties.nuclear(kernel), penalties.nuclear(kernel.reshape(12, 5)))


@pytest.mark.parametrize("name", ITERATED)
def test_power_iteration_converges_and_its_state_has_no_gradient(name):
    penalty = getattr(penalties, name)
    params = {"a": jnp.asarray(KERNEL), "b": jnp.asarray(KERNEL[:, :2]), "bias": jnp.ones(3)}
    state = penalties.start(params, jax.random.key(1))

    @jax.jit
    def step(params, state):
        return jax.value_and_grad(penalty, has_aux=True)(params, state)

    for _ in range(200):
        (value, state), gradient = step(params, state)
    expected = getattr(oracles, name)(KERNEL) + getattr(oracles, name)(KERNEL[:, :2])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    towards = RNG.standard_normal(KERNEL.shape)
    ahead, behind = (
        getattr(oracles, name)(np.float64(KERNEL) + s * towards) for s in (1e-5, -1e-5)
    )
    slope = np.vdot(gradient["a"], towards)
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-5, rtol=1e-3)
    of_state = jax.grad(lambda state: penalty(params, state)[0])(state)
    assert all(jnp.all(leaf == 0) for leaf in of_state)
    assert jnp.isfinite(jax.hessian(lambda w: penalty(w, state[:1])[0])(jnp.zeros((4, 3)))).all()


def test_power_iteration_says_what_state_it_wants():
    with pytest.raises(ValueError, match="a vector for each of 1 kernels"):
        penalties.spectral(KERNEL, [])
    with pytest.raises(ValueError, match=r"expected a vector of shape \(3,\)"):
        penalties.spectral(KERNEL, [jnp.ones(4)])


def test_anchored_penalties():
    now, then = {"w": jnp.array([1.0, 4.0]), "n": 3}, {"w": jnp.array([0.0, 1.0]), "n": 3}
    weight = {"w": jnp.array([2.0, 0.0]), "n": 0}
    assert penalties.l2_sp(now, then) == (1 + 9) / 2
    assert penalties.ewc(now, then, weight) == 1
    gradient = jax.grad(lambda w, v: penalties.ewc({"w": w}, {"w": v}, {"w": v}), (0, 1))
    of_now, of_then = gradient(now["w"], then["w"])
    assert of_now.tolist() == [0, 3]
    assert of_then.tolist() == [0, 0], "what is held constant"
    with pytest.raises(ValueError, match=r"shape \(2,\) stands beside one of \(3,\)"):
        penalties.l2_sp({"w": jnp.ones(2)}, {"w": jnp.ones(3)})


@pytest.mark.parametrize(
    ("name", "args"), [("l2_sp", (KERNEL, ANCHOR)), ("ewc", (KERNEL, ANCHOR, IMPORTANCE))]
)
def test_what_anchors_has_no_gradient_of_either_order(name, args):
    penalty = getattr(penalties, name)
    places = tuple(range(1, len(args)))
    for gradient in jax.jit(jax.grad(penalty, places))(*args):
        assert jnp.all(gradient == 0)
    mixed = jax.jit(jax.jacfwd(jax.grad(penalty), places))(*args)
    assert all(jnp.all(block == 0) for block in mixed)


@pytest.mark.parametrize(("name", "args", "options"), STATES)
def test_states_equal_the_oracle_and_have_no_gradient(name, args, options):
    function = getattr(penalties, name)
    trees = [{"kernel": a, "bias": a[0]} for a in args]
    found = jax.jit(lambda *trees: function(*trees, **options))(*trees)
    for key, leaf in found.items():
        exact = [np.float64(tree[key]) for tree in trees]
        np.testing.assert_allclose(leaf, getattr(oracles, name)(*exact, **options), rtol=1e-5)
    places = tuple(range(len(args)))
    gradients = jax.grad(lambda *a: jnp.sum(function(*a, **options)), places)(*args)
    assert all(jnp.all(gradient == 0) for gradient in gradients)


def test_synaptic_intelligence_adds_up_to_what_the_loss_lost():
    """For small steps, the path integral is the fall of the loss; and 0 by 0 is 0."""
    w = jnp.array([2.0, 1.0, 0.0])
    loss = lambda w: jnp.sum(jnp.array([1.0, 3.0, 0.0]) * w**2)
    path, start = jnp.zeros(3), w
    for _ in range(1000):
        grads = jax.grad(loss)(w)
        updates = -1e-4 * grads
        path, w = penalties.path_integral(path, grads, updates), w + updates
    np.testing.assert_allclose(jnp.sum(path), loss(start) - loss(w), rtol=1e-3)
    importance = penalties.synaptic_importance(path, w, start, damping=0.0)
    assert importance[2] == 0
    np.testing.assert_allclose(importance[:2], (path / (w - start) ** 2)[:2], rtol=1e-5)


def test_gates_are_open_as_often_as_their_penalty_says():
    log_alpha = jnp.array([-3.0, 0.0, 2.0])
    keys = jax.random.split(jax.random.key(0), 20000)
    gates = jax.vmap(lambda key: penalties.hard_concrete(log_alpha, key))(keys)
    assert jnp.all((gates >= 0) & (gates <= 1))
    chance = jnp.mean(gates > 0, axis=0)
    for place in range(3):
        expected = penalties.l0(log_alpha[place])
        np.testing.assert_allclose(chance[place], expected, atol=0.015)


@pytest.mark.parametrize("rates", [0.0, 1.0])
def test_units_never_on_cost_infinity_without_gradient(rates):
    value, gradient = jax.value_and_grad(lambda h: jnp.sum(penalties.kl_sparsity(h)))(
        jnp.full((3, 2), rates)
    )
    assert value == jnp.inf
    assert jnp.isfinite(gradient).all()


def test_entropy_of_masked_classes():
    logits = jnp.array([[0.0, 0.0, -jnp.inf], [-jnp.inf, -jnp.inf, -jnp.inf]])
    value, gradient = jax.value_and_grad(lambda z: jnp.sum(penalties.entropy(z)))(logits)
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
    assert jnp.all(gradient == 0)


@pytest.mark.parametrize("group", [np.zeros(8, bool), np.ones(8, bool)], ids=["none", "all"])
def test_an_empty_group_costs_nothing(group):
    for penalty in (
        penalties.demographic_parity,
        lambda s, g: penalties.equalized_odds(s, TARGET, g),
        penalties.covariance,
    ):
        value, gradient = jax.value_and_grad(penalty)(jnp.asarray(SCORES), group)
        np.testing.assert_allclose(value, 0, atol=1e-7)
        np.testing.assert_allclose(gradient, 0, atol=1e-7)


def test_who_does_not_count_in_fairness():
    where = np.arange(8) < 5
    poisoned = np.where(where, SCORES, np.nan)
    for penalty, args in (
        (penalties.demographic_parity, (GROUP,)),
        (penalties.equalized_odds, (TARGET, GROUP)),
        (penalties.covariance, (GROUP,)),
    ):
        value, gradient = jax.value_and_grad(penalty)(jnp.asarray(poisoned), *args, where=where)
        np.testing.assert_allclose(value, penalty(SCORES[:5], *(a[:5] for a in args)), rtol=1e-5)
        assert jnp.isfinite(gradient).all()


def test_every_penalty_has_an_oracle_and_is_tested():
    """But `start`, a state drawn at random."""
    public = {name for name, _ in inspect.getmembers(penalties, inspect.isfunction)} - {"start"}
    tested = {call[0] for call in CALLS + STATES} | {*ITERATED} | test_steepness.TESTED
    assert public == tested
    assert all(hasattr(oracles, name) for name in public)
