"""Values and gradients against other libraries' stored numbers (tests/references/)."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import jaxloss as jl
from tests.references import conventions
from tests.references.case import Case, Peer
from tests.references.cases import PEERS
from tests.references.measure import encode

STORED = {name: json.loads((Path(conventions.HERE) / f"{name}.json").read_text()) for name in PEERS}
ROWS = [
    pytest.param(peer, case, id=f"{peer.name}-{case.name}")
    for peer in PEERS.values()
    for case in peer.cases
]
EACH_PEER = pytest.mark.parametrize("peer", PEERS.values(), ids=lambda peer: peer.name)
TOLERANCES = {"value": {"rtol": 1e-5, "atol": 1e-6}}
GRADIENT_TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}


def float32(value: Any) -> np.ndarray:
    """Numbers as an array; floats (and the text that stands for infinities) as float32."""
    array = np.asarray(value)
    return array if array.dtype.kind in "ib" else array.astype(np.float32)


def evaluate(case: Case) -> dict[str, Array]:
    """Our values, and the gradients of their sum by each input that the row differentiates."""
    inputs = {name: jnp.asarray(float32(value)) for name, value in case.inputs.items()}
    chosen = {name: inputs[name] for name in case.differentiated}

    @jax.jit
    def run(chosen: Mapping[str, Array]) -> tuple[Array, Mapping[str, Array]]:
        def ours(chosen: Mapping[str, Array]) -> Array:
            return eval(case.ours, {"jl": jl, "jnp": jnp} | inputs | dict(chosen))

        value, pullback = jax.vjp(ours, chosen)
        return value, pullback(jnp.ones_like(value))[0]

    value, gradients = run(chosen)
    return {"value": value} | dict(gradients)


@pytest.mark.parametrize(("peer", "case"), ROWS)
def test_value_and_gradients_are_the_peers(peer: Peer, case: Case) -> None:
    expected = STORED[peer.name]["cases"][case.name]["found"] | dict(case.expect)
    ours = evaluate(case)
    for name, number in expected.items():
        wanted = float32(number)
        assert ours[name].shape == wanted.shape
        tolerance = TOLERANCES.get(name, GRADIENT_TOLERANCE)
        np.testing.assert_allclose(ours[name], wanted, **tolerance, err_msg=name)


@pytest.mark.parametrize(("peer", "case"), ROWS)
def test_stored_numbers_belong_to_the_row(peer: Peer, case: Case) -> None:
    stored = STORED[peer.name]["cases"][case.name]
    assert stored["peer"] == case.peer
    assert stored["inputs"] == encode(case.inputs)
    by = case.slopes if peer.runs == "numpy" else case.differentiated
    assert set(stored["found"]) == {"value", *by}


@pytest.mark.parametrize(
    ("peer", "case"), [row for row in ROWS if row.values[1].expect], ids=lambda part: part.name
)
def test_disagreements_are_real_and_explained(peer: Peer, case: Case) -> None:
    found = STORED[peer.name]["cases"][case.name]["found"]
    assert not case.relation.startswith("equal")
    for name, number in case.expect.items():
        wanted = float32(number)
        same = np.isclose(float32(found[name]), wanted, rtol=1e-3, atol=1e-10, equal_nan=True)
        assert not same.all(), f"{name} agrees: `expect` is not needed"


@EACH_PEER
def test_every_public_loss_has_a_row_or_a_reason(peer: Peer) -> None:
    public = set(STORED[peer.name]["public"])
    rows = {name for case in peer.cases for name in re.findall(r"\b\w+\.\w+", case.peer)} & public
    for name, wrapped in peer.aliases.items():
        assert wrapped in rows, f"{name} stands for {wrapped}, which has no row"
    assert rows.isdisjoint(peer.not_ours)
    assert public == rows | set(peer.aliases) | set(peer.not_ours)


@EACH_PEER
def test_names_of_rows_are_unique(peer: Peer) -> None:
    assert len({case.name for case in peer.cases}) == len(peer.cases)
    assert set(STORED[peer.name]["cases"]) == {case.name for case in peer.cases}


def test_conventions_page_is_up_to_date() -> None:
    assert conventions.PAGE.read_text() == conventions.page()
