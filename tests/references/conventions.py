"""The table as a page to read: CONVENTIONS.md."""

import json
from pathlib import Path

from tests.references.case import Peer
from tests.references.cases import PEERS

HERE = Path(__file__).parent
PAGE = HERE / "CONVENTIONS.md"
INTRODUCTION = """# How other libraries' losses are called here

Made by `python tests/references/make.py --conventions` from the table in `rows_*.py`; do not edit.
Each line was measured with the version named and is asserted by `tests/test_golden.py`: values to
1e-5, gradients to 1e-4. **Bold** marks lines where the library's number is recorded but not met,
because it is wrong or undefined there; the tests assert jaxloss's own.
"""


def page() -> str:
    """The whole page as Markdown."""
    return INTRODUCTION + "".join(section(peer) for peer in PEERS.values())


def section(peer: Peer) -> str:
    """One library: its rows, then what has no counterpart."""
    versions = json.loads((HERE / f"{peer.name}.json").read_text())["versions"]
    title = ", ".join(f"{package} {version}" for package, version in versions.items())
    lines = [f"\n## {title}\n", "| row | call | in jaxloss | relation |", "|---|---|---|---|"]
    for case in peer.cases:
        relation = f"**{case.relation}**" if case.expect else case.relation
        lines.append(f"| {case.name} | `{case.peer}` | `{case.ours}` | {relation} |")
    if peer.aliases:
        same = ", ".join(f"`{name}` = `{of}`" for name, of in sorted(peer.aliases.items()))
        lines.append(f"\nThe same under another name: {same}.")
    for reason in sorted(set(peer.not_ours.values())):
        names = [f"`{name}`" for name, why in sorted(peer.not_ours.items()) if why == reason]
        lines.append(f"\nNot in the table ({reason}): {', '.join(names)}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
