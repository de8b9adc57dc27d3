"""What a compiled program does: operations of its matrix products, and what devices exchange."""

import math
import re
from typing import Any, NamedTuple

_SIZES = {"f64": 8, "s64": 8, "f32": 4, "s32": 4, "u32": 4, "bf16": 2, "f16": 2, "pred": 1}


class Exchange(NamedTuple):
    """A collective operation.

    Attributes:
        kind: name of the operation.
        bytes: that each device receives, once.
        loops: how often it runs.
    """

    kind: str
    bytes: int
    loops: int


def matmul_flops(program: Any) -> int:
    """Operations of the matrix products on one device; loops count as often as they run."""
    total = 0
    for body, times in _computations(program.as_text()):
        for shape, operands, axis in re.findall(
            r"= \w+\[([\d,]*)\]\S* dot\(([^)]*)\), .*?lhs_contracting_dims=\{(\d+)\}", body
        ):
            left = re.escape(re.findall(r"%([\w.\-]+)", operands)[0])
            size = _found(rf"%{left} = \w+\[([\d,]*)\]", body).split(",")
            total += (
                2 * math.prod(int(n) for n in shape.split(",") if n) * int(size[int(axis)]) * times
            )
    return total


def exchanges(program: Any) -> list[Exchange]:
    """All collective operations of a program."""
    found = []
    for body, times in _computations(program.as_text()):
        for shapes, kind in re.findall(
            r"= (.*?) (all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute)"
            r"(?:-start)?\(",
            body,
        ):
            arrays = re.findall(r"(\w+)\[([\d,]*)\]", shapes)
            size = sum(_SIZES[d] * math.prod(int(n) for n in s.split(",") if n) for d, s in arrays)
            found.append(Exchange(kind, size, times))
    return found


def _computations(text: str) -> list[tuple[str, int]]:
    """Computations that run, and how often."""
    bodies = {m[1]: m[0] for m in re.finditer(r"^(?:ENTRY )?%([\w.\-]+) .*?^}", text, re.S | re.M)}
    trips = dict(re.findall(r'body=%([\w.\-]+).*?"known_trip_count":\{"n":"(\d+)"', text))
    found: list[tuple[str, int]] = []

    def visit(name: str, times: int) -> None:
        body = bodies[name]
        found.append((body, times))
        for callee in re.findall(r"%([\w.\-]+)", body):
            if callee in bodies and callee != name:
                visit(callee, times * int(trips.get(callee, 1)))

    visit(_found(r"^ENTRY %([\w.\-]+)", text), 1)
    return found


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.M)
    if match is None:
        raise ValueError(f"nothing like {pattern} in the program")
    return match[1]
