"""Values and gradients equal the float64 oracles, for every loss, option and input dtype."""

import functools
import importlib
import inspect
import zlib
from typing import Literal, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxloss import catalogue
from jaxloss.domains import DOMAINS, Arguments
from jaxloss.testing import Case

# Options that are no float hyperparameters: each is tested with what it may be.
CHOICES = {
    "where": [np.arange(20).reshape(4, 5) % 3 != 0],
    "class_weights": [np.array([0.5, 2.0, 1.0, 0.0, 3.0], np.float32)],
    "bias": [np.linspace(-1, 1, 10).astype(np.float32)],
    "alpha": [0.25],
    "negatives": [np.linspace(-1, 1, 24).reshape(4, 2, 3).astype(np.float32)],
}

# Entries that stand in order are kept from the first on: frames, and then labels.
ORDERED = {
    "where": [np.arange(5) < np.array([[5], [4], [3], [4]])],
    "label_where": [np.arange(2) < np.array([[2], [1], [0], [2]])],
}


def variants(row, domain):
    """Keyword arguments: defaults, each hyperparameter changed, and each option."""
    yield {}
    for name, default in row.hyperparameters.items():
        yield {name: np.float32(0.75 * default + 0.3).item()}
    for name, values in (ORDERED if DOMAINS[domain].ordered else CHOICES).items():
        if row.accepts(name) and name not in row.hyperparameters:
            yield from ({name: value} for value in values)
    for parameter in inspect.signature(row.loss).parameters.values():
        if get_origin(parameter.annotation) is Literal:
            yield from ({parameter.name: word} for word in get_args(parameter.annotation))
    if row.hyperparameters:
        yield {name: np.float32(1.25 * d + 0.1).item() for name, d in row.hyperparameters.items()}


CASES = [
    pytest.param(
        row, domain, options, id=f"{row.name}-{domain}-{'-'.join(options) or 'defaults'}-{i}"
    )
    for row in catalogue.LOSSES
    for domain in row.reads
    for i, options in enumerate(variants(row, domain))
]


def oracle_of(row):
    """The oracle, with our defaults for what it has none for."""
    oracle = getattr(importlib.import_module(f"tests.oracles.{row.family}"), row.loss.__name__)
    parameters = inspect.signature(oracle).parameters.values()
    needed = {p.name for p in parameters if p.default is p.empty}
    defaults = {name: value for name, value in row.hyperparameters.items() if name in needed}
    return functools.partial(oracle, **defaults)


def drawn(row, domain, options):
    # Options in words are not traced.
    words = {name: value for name, value in options.items() if isinstance(value, str)}
    options = {name: value for name, value in options.items() if name not in words}
    case = Case(functools.partial(row.loss, **words), DOMAINS[domain], row.gives)
    given = case.draw(seed=zlib.crc32(f"{row.name}{sorted(options)}".encode()) % 2**31)
    place, kept = case.domain.labels, np.asarray(options.get("where", ()))
    if place is not None and kept.shape[:-1] == given.positional[place].shape:
        # A true class that is left out costs infinity; here labels are ones that take part.
        positional = list(given.positional)
        positional[place] = np.argmax(kept, axis=-1).astype(np.int32)
        given = Arguments(tuple(positional), given.options)
    return case, Arguments(given.positional, {**given.options, **options})


def wide(tree):
    return jax.tree.map(
        lambda a: np.asarray(a, np.float64 if a.dtype.kind == "f" else a.dtype), tree
    )


def oracle_gradient(oracle, arguments, options, place):
    """Central differences of the sum of the oracle's values, entry by entry."""

    def total(leaf_index, entry, step):
        full = list(arguments)
        leaves, structure = jax.tree.flatten(full[place])
        leaves = [leaf.copy() for leaf in leaves]
        leaves[leaf_index][entry] += step
        full[place] = jax.tree.unflatten(structure, leaves)
        return np.sum(oracle(*full, **options))

    leaves, structure = jax.tree.flatten(arguments[place])
    grads = [np.zeros(leaf.shape) for leaf in leaves]
    for leaf_index, leaf in enumerate(leaves):
        for entry in np.ndindex(leaf.shape):
            step = 1e-6 * max(1.0, abs(leaf[entry]))
            ahead, behind = total(leaf_index, entry, step), total(leaf_index, entry, -step)
            grads[leaf_index][entry] = (ahead - behind) / (2 * step)
    return jax.tree.unflatten(structure, grads)


@pytest.mark.parametrize(("row", "domain", "options"), CASES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16], ids=["float32", "bfloat16"])
def test_value_equals_oracle(row, domain, options, dtype):
    case, given = drawn(row, domain, options)
    rounded = jax.tree.map(
        lambda a: jnp.asarray(a, dtype) if a.dtype.kind == "f" else jnp.asarray(a), given.positional
    )
    value = jax.jit(lambda *a: case.loss(*a, **given.options))(*rounded)
    exact = jax.tree.map(
        lambda a: np.asarray(a.astype(jnp.float32) if a.dtype == dtype else a), rounded
    )
    expected = oracle_of(row)(*wide(exact), **wide_options({**options, **given.options}))
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("row", "domain", "options"), CASES)
def test_gradient_equals_oracle(row, domain, options):
    case, given = drawn(row, domain, options)
    _, grads = case.gradients(given)
    oracle, arguments = oracle_of(row), wide(given.positional)
    options = wide_options({**options, **given.options})
    if "held" in row.claims:
        options["held"] = arguments
    for place, grad in zip(case.domain.floating, grads, strict=True):
        expected = oracle_gradient(oracle, arguments, options, place)
        jax.tree.map(assert_slopes_close, grad, expected)


def assert_slopes_close(found, expected):
    # What is left where parts cancel is rounded as the parts are, which the largest tell.
    size = np.max(np.abs(expected), initial=0, where=np.isfinite(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=max(1e-6, 4e-6 * size))


def wide_options(options):
    return {k: wide(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}


@pytest.mark.parametrize(
    "row",
    [row for row in catalogue.LOSSES if DOMAINS[row.reads[0]].edges],
    ids=lambda row: row.name,
)
def test_edges_equal_oracle(row):
    """The degenerate inputs are not only finite but right."""
    for domain in row.reads:
        case = Case(row.loss, DOMAINS[domain], row.gives)
        for name, given in case.edges().items():
            value = case.values(given)
            expected = oracle_of(row)(*wide(given.positional), **wide_options(given.options))
            expected = np.where(np.abs(expected) > np.finfo(np.float32).max, np.inf, expected)
            np.testing.assert_allclose(value, expected, rtol=2e-5, atol=1e-6, err_msg=name)
