"""Every oracle at values worked out by hand, and proof that none is left out."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.oracles import (
    agreement,
    classification,
    imbalanced,
    margin,
    multilabel,
    regression,
    robust,
    sampled,
)
from tests.pins_classes import CLASSIFICATION, IMBALANCED, MARGIN, MULTILABEL, SAMPLED
from tests.pins_residuals import AGREEMENT, REGRESSION, ROBUST

MODULES = (regression, agreement, robust, classification, margin, multilabel, imbalanced, sampled)
PINS = [
    *REGRESSION,
    *AGREEMENT,
    *ROBUST,
    *CLASSIFICATION,
    *MARGIN,
    *MULTILABEL,
    *IMBALANCED,
    *SAMPLED,
]


@pytest.mark.parametrize(("oracle", "args", "hyper", "expect"), PINS)
def test_value_by_hand(
    oracle: Callable[..., Any], args: tuple[Any, ...], hyper: dict[str, Any], expect: Any
) -> None:
    """The oracle returns float64 of the expected shape and value."""
    value = oracle(*args, **hyper)
    assert value.dtype == np.float64
    assert value.shape == np.shape(expect)
    # an absolute 1e-25 admits the rounding of decimals at zero, and still tests what is tiny
    np.testing.assert_allclose(value, expect, rtol=2e-12, atol=1e-25)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_oracle_is_pinned(module: ModuleType) -> None:
    """No public function of an oracle module is missing from the table."""
    public = {
        fn
        for name, fn in inspect.getmembers(module, inspect.isfunction)
        if fn.__module__ == module.__name__ and not name.startswith("_")
    }
    assert public <= {row.values[0] for row in PINS}
