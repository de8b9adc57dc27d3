"""Command line of the benchmarks.

`python -m benchmarks elementwise --output FILE` and `... softmax --output FILE` measure,
`python -m benchmarks table FILE ...` prints result files as Markdown.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SYSTEMS = ("jaxloss", "optax", "torch")


def main(argv: list[str] | None = None) -> int:
    """Run one verb; 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (
        ("elementwise", "elementwise losses at one size"),
        ("softmax", "softmax cross-entropy with labels at several shapes"),
    ):
        measure = verbs.add_parser(verb, help=text)
        measure.add_argument("--rounds", type=int, default=21, help="turns of each competitor")
        measure.add_argument("--output", type=Path, help="result file (JSON)")
        if verb == "elementwise":
            measure.add_argument("--size", type=int, default=1 << 24, help="elements")
    table = verbs.add_parser("table", help="print result files as Markdown")
    table.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args(argv)
    if options.verb == "table":
        return _print_tables(options.files)
    from benchmarks import compare

    rows: list[dict[str, Any]] = []
    measured = (
        compare.elementwise(options.size, options.rounds)
        if options.verb == "elementwise"
        else compare.softmax(options.rounds)
    )
    for row in measured:
        rows.append(row)
        print(_line(row), file=sys.stderr, flush=True)
    result = {"benchmark": options.verb, "environment": compare.environment(), "rows": rows}
    if options.output is not None:
        options.output.write_text(json.dumps(result, indent=1) + "\n")
    print("\n".join(_table(result)))
    return 0


def tables(files: Iterable[Path]) -> str:
    """Result files as Markdown."""
    return "\n\n".join("\n".join(_table(json.loads(path.read_text()))) for path in files)


def _print_tables(files: Iterable[Path]) -> int:
    try:
        print(tables(files))
    except (OSError, ValueError, KeyError) as error:
        print(f"benchmarks: error: not a result file: {error}", file=sys.stderr)
        return 2
    return 0


def _line(row: dict[str, Any]) -> str:
    ratios = {name: round(s["ratio"], 2) for name, s in row["systems"].items() if name != "floor"}
    return f"{row['name']} {row['size']}: {ratios}"


def _table(result: dict[str, Any]) -> Iterable[str]:
    where = result["environment"]
    versions = ", ".join(
        f"{name} {where[name]}" for name in ("jax", "optax", "torch") if name in where
    )
    yield f"{where['device']}, {where['cores']} cores, {versions}. Time as a multiple of the floor;"
    yield "in brackets temporary memory as a multiple of the first argument."
    yield ""
    yield f"| loss | size | floor, ms | {' | '.join(SYSTEMS)} |"
    yield "|---" * (3 + len(SYSTEMS)) + "|"
    for row in result["rows"]:
        systems = row["systems"]
        cells = [_cell(systems.get(name)) for name in SYSTEMS]
        floor = f"{1e3 * systems['floor']['seconds']:.1f}"
        yield f"| `{row['name']}` | {row['size']} | {floor} | {' | '.join(cells)} |"


def _cell(system: dict[str, Any] | None) -> str:
    if system is None:
        return ""
    temp = "" if system["temp"] is None else f" ({system['temp']:.1f})"
    return f"{system['ratio']:.2f}{temp}"


if __name__ == "__main__":
    raise SystemExit(main())
