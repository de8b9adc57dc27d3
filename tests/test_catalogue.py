"""The catalogue is complete and consistent."""

import importlib
import inspect
from collections import Counter
from pkgutil import iter_modules

import pytest

from jaxloss import catalogue, domains, losses, migration, testing
from jaxloss.domains import DOMAINS


def families():
    for module in iter_modules(losses.__path__):
        yield importlib.import_module(f"jaxloss.losses.{module.name}")


@pytest.mark.parametrize("module", [*families()], ids=lambda module: module.__name__)
def test_every_public_function_has_a_row_and_an_oracle(module):
    rows = {row.loss for row in catalogue.LOSSES}
    oracles = importlib.import_module(f"tests.oracles.{module.__name__.rpartition('.')[2]}")
    for function in catalogue.public_functions(module):
        assert function in rows | catalogue.HELPERS, f"{function.__name__} has no row"
        oracle = getattr(oracles, function.__name__)
        ours = [
            n for n, p in inspect.signature(function).parameters.items() if p.default is p.empty
        ]
        theirs = inspect.signature(oracle).parameters
        assert len(ours) <= len(theirs)


def test_rows_are_unique_and_known():
    names = [row.name for row in catalogue.LOSSES]
    assert len(set(names)) == len(names)
    for row in catalogue.LOSSES:
        assert set(row.reads) <= set(DOMAINS), row.name
        assert row.claims <= set(catalogue.CLAIMS), row.name
    assert set(catalogue.CLAIMS) == set(testing.CLAIMED)


def test_every_domain_has_a_name_of_its_own():
    """Merged into one table, the later of two of one name would silently take the other's place."""
    names = Counter()
    for module in iter_modules(domains.__path__):
        room = importlib.import_module(f"jaxloss.domains.{module.name}")
        names.update(getattr(room, "DOMAINS", {}).keys())
    assert [name for name, count in names.items() if count > 1] == []
    assert set(names) == set(DOMAINS)


def test_find_accepts_both_names():
    assert catalogue.find("huber") is catalogue.find("regression.huber")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("hubr", "regression.huber"), ("cross_entropy", "cross_entropy"), ("zzzz", "no loss")],
)
def test_find_suggests(name, hint):
    with pytest.raises(KeyError, match=hint):
        catalogue.find(name)


def test_rows_read_the_docstring():
    row = catalogue.find("regression.huber")
    assert row.summary.startswith("Square small errors")
    assert row.formula.startswith("`error**2 / 2`")
    assert "Huber 1964" in row.reference
    assert row.hyperparameters == {"delta": 1.0}


def test_migration_table_leads_to_what_exists():
    helpers = {"over_scales"} | {
        f"{helper.__module__.rpartition('.')[2]}.{helper.__name__}" for helper in catalogue.HELPERS
    }
    for library, names in migration.NAMES.items():
        for theirs, ours in names.items():
            name = ours.partition(": ")[0]
            assert name in helpers or catalogue.find(name).name == name, f"{library} {theirs}"
    assert (
        catalogue.find("squared_error").elsewhere["optax"] == "squared_error; l2_loss: half of it"
    )
