"""Two results of one benchmark: what became slower, beyond the noise of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.results import FLOOR, ONE_BY_ONE, VMAPPED, Measured, Result, Row
from jaxloss.lab.errors import LabError

SLOWER = 1
SAME = ("device", "platform", "processor", "cores")
"""What of the environment must agree for times to be compared."""


@dataclass(frozen=True)
class Change:
    """One system of one case, then and now.

    Attributes:
        case: name, sizes and labels in words.
        system: ours; those of others are not held to anything.
        ratio: of the new time to the old one.
        noise: by which the ratio may differ from 1 without meaning anything: half the distance of
            the quartiles, as a share of the median, of both.
        memory: ratio of temporary memory, where both have some.
        threshold: slowdown beyond the noise that counts.
    """

    case: str
    system: str
    ratio: float
    noise: float
    memory: float | None
    threshold: float

    @property
    def verdict(self) -> str:
        """`slower`, `faster`, or `same` within noise and threshold."""
        room = (1 + self.noise) * (1 + self.threshold)
        return "slower" if self.ratio > room else "faster" if self.ratio < 1 / room else "same"


def changes(old: Result, new: Result, *, threshold: float, by_floor: bool) -> list[Change]:
    """What changed from one result to another, cases that both have alone.

    Args:
        old: before.
        new: after.
        threshold: slowdown beyond the noise that counts: 0.1 is a tenth.
        by_floor: compare times as multiples of the floor, which takes out that a machine as a
            whole was faster on one day.

    Raises:
        LabError: for results that cannot be compared.
    """
    if old.benchmark != new.benchmark:
        raise LabError(f"cannot compare a result of {old.benchmark} with one of {new.benchmark}")
    for name in SAME:
        then, now = old.environment.get(name), new.environment.get(name)
        if then != now:
            raise LabError(f"cannot compare results of two machines: {name} {then} and {now}")
    before = {row.key: row for row in old.rows}
    pairs = [(before[row.key], row) for row in new.rows if row.key in before]
    if not pairs:
        raise LabError("the results have no case in common")
    return [
        _change(then, now, system, threshold, by_floor)
        for then, now in pairs
        for system in now.systems
        if system in then.systems and is_ours(system)
    ]


def missing(old: Result, new: Result) -> list[str]:
    """What the old result measured and the new one did not.

    Args:
        old: before.
        new: after.
    """
    after = {row.key: row for row in new.rows}
    gone: list[str] = []
    for row in old.rows:
        systems = after[row.key].systems if row.key in after else {}
        lost = [name for name in row.systems if is_ours(name) and name not in systems]
        gone += [f"{_case(row)}: {name}" for name in lost]
    return gone


def is_ours(system: str) -> bool:
    """Whether a system is measured for its own sake, not as a peer.

    Args:
        system: by its name.
    """
    return system.startswith("jaxloss") or system in (VMAPPED, ONE_BY_ONE)


def table(found: Sequence[Change]) -> Iterator[str]:
    """Changes as Markdown, the slowest first.

    Args:
        found: changes.
    """
    yield "| case | system | time, new / old | noise | memory, new / old | |"
    yield "|---|---|---|---|---|---|"
    for one in sorted(found, key=lambda one: -one.ratio / (1 + one.noise)):
        memory = "" if one.memory is None else f"{one.memory:.2f}"
        cells = [one.case, one.system, f"{one.ratio:.2f}", f"{100 * one.noise:.0f} %", memory]
        yield f"| {' | '.join(cells)} | {one.verdict} |"


def _change(then: Row, now: Row, system: str, threshold: float, by_floor: bool) -> Change:
    old, new = then.systems[system], now.systems[system]
    ratio, noise = new.seconds / old.seconds, (old.spread + new.spread) / 2
    if by_floor:
        old_floor, new_floor = then.systems[FLOOR], now.systems[FLOOR]
        ratio *= old_floor.seconds / new_floor.seconds
        noise += (old_floor.spread + new_floor.spread) / 2
    return Change(_case(now), system, ratio, noise, _memory(old, new), threshold)


def _memory(old: Measured, new: Measured) -> float | None:
    return new.temp_bytes / old.temp_bytes if old.temp_bytes and new.temp_bytes else None


def _case(row: Row) -> str:
    return " ".join([f"`{row.name}`", row.size, *row.labels.values()])
