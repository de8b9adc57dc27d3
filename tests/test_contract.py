"""Every loss of the catalogue keeps every property of the contract, and those it claims."""

import inspect

import pytest

from jaxloss import catalogue, testing
from jaxloss.domains import DOMAINS

CASES = [
    pytest.param(prove, case, id=f"{row.name}-{domain}-{prove.__name__}")
    for row in catalogue.LOSSES
    for domain in row.reads
    for case in [testing.Case(row.loss, DOMAINS[domain], row.gives, row.claims, row.holds)]
    for prove in testing.PROPERTIES
    if testing.applies(prove, case)
]
CLAIMS = [
    pytest.param(
        testing.CLAIMED[claim],
        testing.Case(row.loss, DOMAINS[row.reads[0]], row.gives, row.claims, row.holds),
        id=f"{row.name}-{claim}",
    )
    for row in catalogue.LOSSES
    for claim in sorted(row.claims)
]


@pytest.mark.parametrize(("prove", "case"), CASES)
def test_property(prove, case):
    prove(case)


@pytest.mark.parametrize(("prove", "case"), CLAIMS)
def test_claim(prove, case):
    prove(case)


@pytest.mark.parametrize("row", catalogue.LOSSES, ids=lambda row: row.name)
def test_is_documented(row):
    text = inspect.getdoc(row.loss)
    assert row.summary.endswith("."), "one line that says what the loss rewards"
    assert row.formula, "a formula"
    assert row.reference, "a reference"
    assert ">>> " in text, "an example"
    parameters = inspect.signature(row.loss).parameters.values()
    for parameter in parameters:
        if parameter.default is not inspect.Parameter.empty:
            assert parameter.kind is parameter.KEYWORD_ONLY, f"`{parameter.name}` is keyword-only"
            assert f"{parameter.name}:" in text, f"`{parameter.name}` is explained"


@pytest.mark.parametrize("row", catalogue.LOSSES, ids=lambda row: row.name)
def test_is_a_plain_function(row):
    assert inspect.isfunction(row.loss)
    assert not hasattr(row.loss, "__wrapped__"), "no decorator"
