"""Run one peer's side of the table in the running interpreter and write its JSON.

Used by `make.py` as `python -m tests.references.measure torch`, one process for each peer.
"""

import importlib.metadata
import json
import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.references.case import Case
from tests.references.cases import PEERS

HERE = Path(__file__).parent
DIGITS = 9
"""Significant digits kept: more than float32 holds, fewer than platforms agree on in float64."""

Names = dict[str, Any]


def main(name: str) -> None:
    """Measure the peer of that name and write `<name>.json` beside this file."""
    peer = PEERS[name]
    names: Names = {}
    exec(peer.setup, names)
    run = {"torch": run_torch, "jax": run_jax, "numpy": run_numpy}[peer.runs]
    cases = {case.name: record(case, run(case, names)) for case in peer.cases}
    versions = {pin.partition("==")[0]: version(pin.partition("==")[0]) for pin in peer.pins}
    public = sorted(eval(peer.public, names)) if peer.public else []
    (HERE / f"{name}.json").write_text(document(versions, public, cases))
    print(f"{name}: {len(cases)} rows")


def version(package: str) -> str:
    """Version of an installed package, without a local build label."""
    return importlib.metadata.version(package).partition("+")[0]


def run_torch(case: Case, names: Names) -> dict[str, Any]:
    """Value and gradients of an expression on torch tensors."""
    torch = names["torch"]
    inputs = {key: torch.tensor(array(value, case)) for key, value in case.inputs.items()}
    for key in case.differentiated:
        inputs[key].requires_grad_()
    value = eval(case.peer, names | inputs)
    value = torch.as_tensor(value)
    if case.differentiated:
        value.sum().backward()
    found = {key: inputs[key].grad.numpy() for key in case.differentiated}
    return {"value": value.detach().numpy()} | found


def run_jax(case: Case, names: Names) -> dict[str, Any]:
    """Value and gradients of an expression on JAX arrays."""
    import jax
    import jax.numpy as jnp

    inputs = {key: jnp.asarray(array(value, case)) for key, value in case.inputs.items()}

    def evaluate(chosen: Names) -> Any:
        return eval(case.peer, names | inputs | chosen)

    chosen = {key: inputs[key] for key in case.differentiated}
    gradients = jax.grad(lambda chosen: evaluate(chosen).sum())(chosen) if chosen else {}
    return {"value": np.asarray(evaluate({}))} | {k: np.asarray(g) for k, g in gradients.items()}


def run_numpy(case: Case, names: Names) -> dict[str, Any]:
    """Value, and gradients where the row has expressions for them, on NumPy arrays."""
    inputs = {key: array(value, case) for key, value in case.inputs.items()}
    expressions = {"value": case.peer} | dict(case.slopes)
    return {key: np.asarray(eval(text, names | inputs)) for key, text in expressions.items()}


def array(value: Any, case: Case) -> np.ndarray:
    """Inputs in the precision of the row; integers and booleans as they are."""
    given = np.asarray(value)
    return given.astype(case.precision) if given.dtype.kind == "f" else given


def record(case: Case, found: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """What is stored for a row."""
    return {
        "peer": case.peer,
        "inputs": encode(case.inputs),
        "found": {key: encode(value.tolist()) for key, value in found.items()},
    }


def encode(value: Any) -> Any:
    """Round floats, and write those that JSON has no number for as text."""
    return on_numbers(
        value, lambda number: compact(number) if isinstance(number, float) else number
    )


def compact(number: float) -> float | str:
    """A float with `DIGITS` digits, or "inf", "-inf", "nan"."""
    return float(f"{number:.{DIGITS}g}") if math.isfinite(number) else str(number)


def on_numbers(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function to the numbers inside nested lists and mappings."""
    if isinstance(value, Mapping):
        return {key: on_numbers(item, function) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [on_numbers(item, function) for item in value]
    return function(value)


def document(versions: Any, public: list[str], cases: Mapping[str, Any]) -> str:
    """JSON with one line for each row, so that a changed number is a changed line."""
    rows = ",\n".join(f"  {json.dumps(name)}: {dense(row)}" for name, row in cases.items())
    head = f' "versions": {dense(versions)},\n "public": {dense(public)},\n "cases": {{\n'
    return "{\n" + head + rows + "\n }\n}\n"


def dense(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    main(sys.argv[1])
