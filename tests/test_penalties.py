"""Penalties on pytrees of parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import penalties

PARAMS = {
    "dense": {"kernel": jnp.array([[3.0, 0.0], [-4.0, 0.0]]), "bias": jnp.array([1.0, -2.0])},
    "steps": 7,
    "key": jax.random.key(0),
    "activation": jax.nn.relu,
    "nothing": None,
}


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (penalties.l1, 3 + 4 + 1 + 2),
        (penalties.l2, (9 + 16 + 1 + 4) / 2),
        (penalties.elastic_net, 0.5 * 10 + 0.5 * 15),
        (penalties.group_lasso, np.sqrt(2) * 5 + 1 + 2),
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


@pytest.mark.parametrize("penalty", [penalties.l1, penalties.group_lasso, penalties.elastic_net])
def test_zero_parameters_have_no_gradient(penalty):
    grad = jax.grad(penalty)({"kernel": jnp.zeros((2, 3))})["kernel"]
    assert jnp.all(grad == 0)


def test_group_lasso_groups_along_an_axis():
    kernel = {"kernel": PARAMS["dense"]["kernel"]}
    by_output = penalties.group_lasso(kernel)
    by_input = penalties.group_lasso(kernel, axis=0)
    assert jnp.isclose(by_output, np.sqrt(2) * 5)
    assert jnp.isclose(by_input, np.sqrt(2) * (3 + 4))
    with pytest.raises(ValueError, match=r"shape \(2,\) has no axis 1"):
        penalties.group_lasso({"bias": jnp.ones(2)}, axis=1)


def test_elastic_net_ratio_may_be_traced():
    ratio = jax.vmap(lambda r: penalties.elastic_net(PARAMS, l1_ratio=r))(jnp.array([0.0, 1.0]))
    assert ratio.tolist() == [15, 10]


def test_half_precision_is_summed_in_float32():
    assert penalties.l1({"a": jnp.ones(70000, jnp.bfloat16)}) == 70000


def test_nothing_selected_is_zero():
    assert penalties.l2(PARAMS, where=lambda path: False) == 0
    assert penalties.l1({}) == 0
