"""Pages that are made from the library: modules, gallery, migration, benchmarks, contract."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from generate import markdown, names
from jaxloss.catalogue import CLAIMS, LOSSES, Row
from jaxloss.lab.gallery import Entry, entries
from jaxloss.migration import NAMES
from jaxloss.testing import PROPERTIES

REPOSITORY = Path(__file__).resolve().parents[2]


def write(home: Path) -> None:
    """Make every page; what an earlier build left is taken away.

    Args:
        home: folder of the site's sources.
    """
    for folder in ("api", "migration", "pictures", "notebooks", "studies"):
        shutil.rmtree(home / folder, ignore_errors=True)
        (home / folder).mkdir()
    chapters, tools = names.families(), names.tools()
    pages = [page for group in (chapters, tools) for found in group.values() for page in found]
    named = _named(pages)
    drawn = {entry.row.name: entry for entry in entries(LOSSES)}
    for entry in drawn.values():
        for ground, picture in zip(("light", "dark"), entry.pictures, strict=False):
            (home / "pictures" / f"{entry.row.name}.{ground}.png").write_bytes(picture)
    for page in pages:
        (home / "api" / f"{page.name}.md").write_text(_module(page, named, drawn))
    (home / "api" / "index.md").write_text(_contents(chapters, tools))
    (home / "gallery.md").write_text(_gallery(chapters, drawn))
    for library, theirs in NAMES.items():
        (home / "migration" / f"{library}.md").write_text(_migration(library, theirs, named))
    (home / "migration" / "index.md").write_text(_migrations())
    (home / "contract.md").write_text(_contract())
    (home / "benchmarks.md").write_text(_benchmarks())
    for study in (REPOSITORY / "benchmarks" / "results" / "studies").iterdir():
        shutil.copy(study, home / "studies")
    (home / "studies" / "index.md").write_text(_studies(home / "studies"))
    for notebook in (REPOSITORY / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, home / "notebooks")
    (home / "notebooks" / "index.md").write_text(_notebooks())


def _named(pages: list[names.Page]) -> dict[str, str]:
    """Every public name and its role."""
    found: dict[str, str] = {}
    for page in pages:
        found[page.name] = "mod"
        for key, path in page.paths.items():
            if markdown.is_alias(path):
                continue
            role = markdown.kind(path)
            found[f"{page.name}.{key}"] = "func" if role == "function" else role
    return found


def _module(page: names.Page, named: Mapping[str, str], drawn: Mapping[str, Entry]) -> str:
    short = page.name.replace("jaxloss", "jl", 1) if page.name != "jaxloss" else "jaxloss"
    title, _, rest = (page.module.__doc__ or "").strip().partition("\n")

    def extra(key: str) -> str:
        row = names.row_of(page, key)
        return "\n".join(_facts(row, drawn[row.name])) if row else ""

    parts = [
        f"# `{short}`",
        f"```{{py:module}} {page.name}\n```",
        markdown.prose(title, named),
        markdown.prose(rest.strip("\n"), named),
        *(
            markdown.entry(key, path, named, lambda key=key: extra(key))
            for key, path in page.paths.items()
        ),
    ]
    return "\n\n".join(parts)


def _facts(row: Row, entry: Entry) -> Iterator[str]:
    """What the catalogue knows of a loss, and its picture."""
    if entry.pictures:
        words = f"value and gradient of {row.name} over {entry.axis}"
        for ground in ("light", "dark"):
            yield f":::{{image}} ../pictures/{row.name}.{ground}.png"
            yield f":alt: {words}\n:class: loss only-{ground}\n:::"
    if row.claims:
        yield f"\n**Properties**, tested: {', '.join(_claims(row))}."
    if row.elsewhere:
        told = "; ".join(f"{library}: `{_name(text)}`" for library, text in row.elsewhere.items())
        yield f"\n**Elsewhere**: {told}."
    yield ""


def _claims(row: Row) -> list[str]:
    return [text for claim, text in CLAIMS.items() if claim in row.claims]


def _name(text: str) -> str:
    return re.split(r"[:;] ", text)[0]


def _contents(
    chapters: Mapping[str, list[names.Page]], tools: Mapping[str, list[names.Page]]
) -> str:
    parts = [
        f"# Reference\n\n{len(LOSSES)} losses and what goes with them. Each page is made from the "
        "docstrings; every example on it is a test."
    ]
    for title, pages in (*chapters.items(), *tools.items()):
        tree = "\n".join(page.name for page in pages)
        rows = "\n".join(
            f"| [{page.name.replace('jaxloss.', 'jl.', 1)}]({page.name}.md) | {_first(page)} |"
            for page in pages
        )
        parts.append(
            f"## {title}\n\n| module | holds |\n|---|---|\n{rows}\n\n"
            f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{tree}\n```"
        )
    return "\n\n".join(parts) + "\n"


def _first(page: names.Page) -> str:
    """First sentence of a module."""
    return " ".join((page.module.__doc__ or "").strip().partition("\n\n")[0].split())


def _gallery(chapters: Mapping[str, list[names.Page]], drawn: Mapping[str, Entry]) -> str:
    parts = [
        "# Gallery",
        "Each picture moves one thing, which its axis names, and draws value and gradient for a "
        "few settings of the hyperparameter that matters most. Losses have units of their own: "
        "compare shapes, not heights. `jaxloss gallery` makes the same as one page that can be "
        "searched; `jaxloss show huber` draws one in your colours.",
    ]
    for title, pages in chapters.items():
        cards = [
            _card(page, row)
            for page in pages
            for name in page.paths
            if (row := names.row_of(page, name)) and drawn[row.name].pictures
        ]
        if cards:
            parts += [f"## {title}", ":::::{container} gallery", *cards, ":::::"]
    return "\n\n".join(parts) + "\n"


def _card(page: names.Page, row: Row) -> str:
    target = f"{page.name}.{row.loss.__name__}"
    pictures = "\n".join(
        f":::{{image}} pictures/{row.name}.{ground}.png\n:alt: {row.name}\n"
        f":class: only-{ground}\n:::"
        for ground in ("light", "dark")
    )
    return f"::::{{container}} card\n{pictures}\n\n{{py:func}}`{row.name} <{target}>`\n::::"


def _migration(library: str, theirs: Mapping[str, str], named: Mapping[str, str]) -> str:
    lines = [
        f"# From {library}",
        f"Names were compared, and differences measured, with the version that "
        "`tests/references/CONVENTIONS.md` gives. "
        f"`jaxloss list --from {library}` prints this table.",
        "| there | here | what differs |\n|---|---|---|",
    ]
    rows: list[str] = []
    for name, ours in theirs.items():
        here, _, difference = ours.partition(": ")
        link = markdown.prose(f"`{here}`", named)
        rows.append(f"| `{name}` | {link} | {_cell(difference)} |")
    return "\n\n".join(lines) + "\n" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*").replace("<", r"\<")


def _migrations() -> str:
    rows = "\n".join(f"| [{name}]({name}.md) | {len(known)} |" for name, known in NAMES.items())
    tree = "\n".join(NAMES)
    return (
        "# Coming from another library\n\nWhat a loss is called here, and what to know when "
        "moving: another factor, reduction, axis or edge case.\n\n"
        f"| library | names |\n|---|---|\n{rows}\n\n"
        f"```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )


def _contract() -> str:
    """The properties as the code states them, behind what is written by hand."""
    told = "\n".join(
        f"- `{prove.__name__}`: {' '.join((prove.__doc__ or '').split())}" for prove in PROPERTIES
    )
    claims = "\n".join(f"- *{name.replace('_', ' ')}*: {text}" for name, text in CLAIMS.items())
    return f"""# The contract

What every loss promises, and what
{{py:func}}`jaxloss.testing.check` asserts, of these losses and of yours.

## Of every loss

`name(pred, target, *, hyperparameters)`: the prediction comes first, hyperparameters are keywords
that may be traced, nothing is reduced. Elementwise losses keep the shape; the others give one value
for each example.

{told}

Where a property has no meaning (labels, for a loss that reads none), it is not asked for.

## Claimed by some

{claims}

## Reductions

{{py:func}}`jaxloss.mean`, {{py:func}}`jaxloss.average` and {{py:func}}`jaxloss.total` are the only
places where values are added up. They take `where`, `weights`, `axis` and, inside `jax.shard_map`,
`axis_name`. A mean over nothing is 0 with gradient 0.
"""


def _benchmarks() -> str:
    readme = (REPOSITORY / "README.md").read_text()
    found = re.search(
        r"<!-- begin benchmarks.*?-->\n(.*?)<!-- end benchmarks -->", readme, re.DOTALL
    )
    if found is None:
        raise RuntimeError("README.md has no block of benchmarks")
    return (
        "# Benchmarks\n\nCompetitors of a row take turns in one run, in random order; medians. "
        "`python -m benchmarks --help` lists what can be measured, on CPU, GPU or TPU. The tables "
        "come from the result files in the repository by `python -m benchmarks readme`.\n\n"
        f"{found[1]}\n\n```{{toctree}}\n:hidden:\n\nstudies/index\n```\n"
    )


def _studies(folder: Path) -> str:
    pages = sorted(path.stem for path in folder.glob("*.md") if path.stem != "index")
    rows = "\n".join(
        f"- [{name}]({name}.md): `python -m benchmarks study {name}`" for name in pages
    )
    tree = "\n".join(pages)
    return (
        "# Studies\n\nQuestions that were put to data, and what came of them; the command behind "
        f"each repeats it.\n\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )


def _notebooks() -> str:
    names_of = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb"))
    tree = "\n".join(names_of)
    return (
        "# Notebooks\n\nEach opens in Colab, runs from top to bottom on a CPU, and needs no "
        f"download: the data comes with installed packages.\n\n```{{toctree}}\n\n{tree}\n```\n"
    )
