"""Results as Markdown: every row, or in short what a reader of the README wants to know."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.results import FLOOR, ONE_BY_ONE, VMAPPED, Measured, Result, Row

COLUMNS = ("jaxloss", "optax", "keras", "torch", "torch.compile")
"""Order of the systems that are columns; others follow as they come."""
TOLERANCE = 5e-3
"""Relative difference of values above which systems did not do the same work."""


def tables(results: Iterable[Result]) -> str:
    """Results in full.

    Args:
        results: of any benchmarks.
    """
    return "\n\n".join("\n".join(table(result)) for result in results)


def summaries(results: Iterable[Result]) -> str:
    """Results as the README has them: those with many rows in short.

    Args:
        results: of any benchmarks.
    """
    short: Mapping[str, Callable[[Result], Iterable[str]]] = {
        "catalogue": _families,
        "growth": _largest,
        "elementwise": table,
        "softmax": table,
    }
    return "\n\n".join("\n".join(short.get(one.benchmark, _in_short)(one)) for one in results)


def table(result: Result) -> Iterator[str]:
    """One result in full.

    Args:
        result: of any benchmark.
    """
    if result.benchmark == "catalogue":
        yield from _catalogue(result)
    elif result.benchmark in ("elementwise", "softmax"):
        yield from _by_columns(result)
    else:
        yield from _by_lines(result, result.rows)
    yield from _remarks(result)


def where(result: Result) -> str:
    """Device and versions in a line.

    Args:
        result: of any benchmark.
    """
    found = result.environment
    named = found["platform"] == "cpu" and found.get("processor")
    device = f"{found['device']} ({found['processor']})" if named else found["device"]
    cores = f", {found['cores']} cores" if found["platform"] == "cpu" else ""
    cores += " (freed memory kept)" if found.get("keeps_freed_memory") else ""
    shown = {k: v for k, v in found["packages"].items() if k not in ("jaxlib", "numpy")}
    return f"{device}{cores}, {', '.join(f'{k} {v}' for k, v in shown.items())}."


def differing(row: Row) -> list[str]:
    """Systems whose value is another than that of the first one that has a value.

    Args:
        row: of any benchmark.
    """
    values = {name: one.value for name, one in row.systems.items() if one.value is not None}
    if not values:
        return []
    expected = values.get("jaxloss", next(iter(values.values())))
    return [
        name
        for name, value in values.items()
        if not math.isclose(value, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    ]


def duration(seconds: float) -> str:
    """A time with its unit.

    Args:
        seconds: any positive number.
    """
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


def memory(size: float) -> str:
    """Bytes with a unit.

    Args:
        size: any number that is not negative.
    """
    for unit, scale in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.3g} {unit}"
    return f"{size:.3g} B"


def percent(part: float) -> str:
    """A share, with two digits at least.

    Args:
        part: 1 is all.
    """
    digits = ".0f" if part >= 0.1 else ".2g"
    return f"{100 * part:{digits}} %"


def share(row: Row, system: str = "jaxloss") -> str:
    """Speed of a system as a share of that of the floor.

    Args:
        row: of any benchmark.
        system: in that row.
    """
    return percent(1 / row.ratio(system))


def _by_columns(result: Result) -> Iterator[str]:
    found = dict.fromkeys(name for row in result.rows for name in (*row.systems, *row.failed))
    systems = sorted((name for name in found if name != FLOOR), key=_place)
    yield f"{where(result)} Time as a multiple of the floor;"
    yield "in brackets temporary memory as a multiple of the first argument."
    yield ""
    yield from _head(["loss", "size", "floor, ms", *systems])
    for row in result.rows:
        cells = [_multiple(row, name) for name in systems]
        yield _line([f"`{row.name}`", row.size, f"{1e3 * row.systems[FLOOR].seconds:.1f}", *cells])


def _multiple(row: Row, system: str) -> str:
    if system not in row.systems:
        return row.failed.get(system, "").partition(":")[0]
    temp = row.systems[system].temp_bytes
    memory = "" if temp is None else f" ({temp / row.argument_bytes:.1f})"
    return f"{row.ratio(system):.2f}{_mark(row, system)}{memory}"


def _by_lines(result: Result, rows: Sequence[Row]) -> Iterator[str]:
    stream = result.machine["stream_bytes_per_second"]
    matmul = result.machine.get("matmul_flops_per_second")
    reached = f"`x + y` reaches {stream / 1e9:.3g} GB/s"
    if matmul is not None:
        reached += f", a matrix product {matmul / 1e9:.3g} GFLOP/s"
    yield f"{where(result)} {reached}."
    yield ""
    products = matmul is not None
    titles = ["loss", "sizes", "system", "median", "quartiles", "times the first", "temporary"]
    titles += ["GFLOP in products", "GFLOP/s"] if products else ["share of `x + y`"]
    yield from _head(titles)
    for row in rows:
        sizes = ", ".join(f"{name} {size}" for name, size in row.sizes.items())
        start = [f"`{row.name}`", sizes]
        first = next((name for name in row.systems if name != FLOOR), FLOOR)
        for name, one in row.systems.items():
            if name == FLOOR:
                continue
            cells = [f"{name}{_mark(row, name)}", duration(one.seconds), _quartiles(one)]
            cells += [f"{row.ratio(name, first):.2f}", _memory(one)]
            if products:
                flops = one.matmul_flops
                cells += ["", ""] if flops is None else _speed(flops, one.seconds)
            else:
                cells += [share(row, name)]
            yield _line([*start, *cells])
            start = ["", ""]
        for name, why in row.failed.items():
            yield _line([*start, name, why, *[""] * (len(titles) - 4)])
            start = ["", ""]


def _catalogue(result: Result) -> Iterator[str]:
    levels = next((row.labels["levels"] for row in result.rows), "")
    stream = result.machine["stream_bytes_per_second"]
    yield f"{where(result)} `x + y` reaches {stream / 1e9:.3g} GB/s."
    yield "Value and gradient of the mean; the share is of the speed of `x + y` on as many bytes."
    yield f"Vmapped: time of one program for {levels} of all float hyperparameters, as a"
    yield "multiple of that of as many calls."
    yield ""
    titles = ["loss", "reads", "sizes", "median", "quartiles", "GB/s", "share of `x + y`", "MFLOP"]
    yield from _head([*titles, "temporary", "vmapped"])
    for row in result.rows:
        start = [f"`{row.name}`", row.labels["reads"], row.size]
        if "jaxloss" not in row.systems:
            yield _line([*start, row.failed["jaxloss"], *[""] * 6])
            continue
        one = row.systems["jaxloss"]
        speed = row.bytes / one.seconds / 1e9
        flops = "" if one.flops is None else f"{one.flops / 1e6:.3g}"
        cells = [duration(one.seconds), _quartiles(one), f"{speed:.3g}"]
        cells += [share(row), flops, _memory(one)]
        vmapped = vmap_ratio(row)
        yield _line([*start, *cells, "" if vmapped is None else f"{vmapped:.2f}"])


def vmap_ratio(row: Row) -> float | None:
    """Time of one vmapped program as a multiple of that of single calls.

    Args:
        row: of the catalogue; None comes of a loss without float hyperparameters.
    """
    there = VMAPPED in row.systems and ONE_BY_ONE in row.systems
    return row.ratio(VMAPPED, ONE_BY_ONE) if there else None


def family(row: Row) -> str:
    """Module of the loss of a row.

    Args:
        row: of the catalogue.
    """
    return row.name.partition(".")[0]


def largest_batches(rows: Iterable[Row]) -> list[Row]:
    """Of each loss and kind of arguments, the row of the largest batch.

    Args:
        rows: of the catalogue.
    """
    ordered = sorted(rows, key=lambda row: row.sizes["batch"])
    return list({(row.name, row.labels["reads"]): row for row in ordered}.values())


def _families(result: Result) -> Iterator[str]:
    rows = [row for row in result.rows if "jaxloss" in row.systems]
    largest = max((row.sizes["batch"] for row in rows), default=0)
    levels = next((row.labels["levels"] for row in rows), "")
    yield f"{where(result)} Batches of {largest} or what fits."
    yield "Speed: bytes of arguments and gradient per second, as a share of that of `x + y`."
    yield f"Vmapped: time of one program for {levels} of all float hyperparameters, as a"
    yield "multiple of that of as many calls."
    yield ""
    yield from _head(["family", "losses", "speed, median", "slowest", "vmapped, median"])
    for name in dict.fromkeys(family(row) for row in rows):
        of_family = [row for row in rows if family(row) == name]
        top = largest_batches(of_family)
        slowest = max(top, key=lambda row: row.ratio("jaxloss"))
        ratios = [ratio for row in top if (ratio := vmap_ratio(row)) is not None]
        cells = [f"`jl.{name}`", str(len({row.name for row in top}))]
        cells += [percent(1 / median(row.ratio("jaxloss") for row in top))]
        cells += [f"`{slowest.name.partition('.')[2]}` {share(slowest)}"]
        yield _line([*cells, f"{median(ratios):.2f}" if ratios else ""])
    yield from _remarks(result)


def _largest(result: Result) -> Iterator[str]:
    """The last row along each axis."""
    last = {row.labels["along"]: row for row in result.rows}
    yield from _in_short(replace(result, rows=tuple(last.values())))


def _in_short(result: Result) -> Iterator[str]:
    """Times, how many times faster than the first system each is, and temporary memory."""
    yield f"{where(result)} Value and gradient; median, and times faster than the first."
    yield ""
    yield from _head(["loss", "system", "median", "faster", "temporary"])
    for row in result.rows:
        sizes = ", ".join(f"{name} {size}" for name, size in row.sizes.items())
        start = f"`{row.name}`: {sizes}"
        first = next((name for name in row.systems if name != FLOOR), FLOOR)
        for name, one in row.systems.items():
            if name == FLOOR:
                continue
            faster = f"{1 / row.ratio(name, first):.3g}"
            cells = [f"{name}{_mark(row, name)}", duration(one.seconds), faster, _memory(one)]
            yield _line([start, *cells])
            start = ""
    yield from _remarks(result)


def _remarks(result: Result) -> Iterator[str]:
    remarks: list[str] = []
    if any(differing(row) for row in result.rows):
        remarks.append("\\* value differs from that of jaxloss: not the same work.")
    if result.notes:
        remarks.append("; ".join(f"{name}: {text}" for name, text in result.notes.items()) + ".")
    if result.absent:
        absent = "; ".join(f"{name} ({why})" for name, why in result.absent.items())
        remarks.append(f"Absent: {absent}.")
    if not result.complete:
        remarks.append("The run was interrupted: rows are missing.")
    if remarks:
        yield ""
        yield "\n".join(remarks)


def _place(system: str) -> int:
    return COLUMNS.index(system) if system in COLUMNS else len(COLUMNS)


def _mark(row: Row, system: str) -> str:
    return "\\*" if system in differing(row) else ""


def _quartiles(one: Measured) -> str:
    return " to ".join(duration(quartile) for quartile in one.quartiles)


def _memory(one: Measured) -> str:
    return "" if one.temp_bytes is None else memory(one.temp_bytes)


def _speed(flops: float, seconds: float) -> list[str]:
    return [f"{flops / 1e9:.3g}", f"{flops / seconds / 1e9:.3g}"]


def _head(titles: Sequence[str]) -> Iterator[str]:
    yield _line(titles)
    yield "|---" * len(titles) + "|"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
