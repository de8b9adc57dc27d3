"""The gallery: every loss of the catalogue on one page, with a picture and what is known of it."""

import base64
import html
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jaxloss.analysis.plots import Shape, shape_card
from jaxloss.catalogue import CLAIMS, LOSSES, Row
from jaxloss.lab.errors import LabError
from jaxloss.lab.shapes import shapes

MADE_BY = "jaxloss gallery"
FILES = ("gallery.html", "results.json", *(f"{row.name}.png" for row in LOSSES))
Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Entry:
    """A loss and its pictures.

    Attributes:
        row: of the catalogue.
        axis: what moves in the pictures, in words.
        pictures: PNG on light and on dark ground; none if the loss cannot be drawn by itself.
        reason: why there is no picture.
    """

    row: Row
    axis: str
    pictures: tuple[bytes, ...]
    reason: str = ""


def entries(rows: Sequence[Row], progress: Progress = lambda done, label: None) -> list[Entry]:
    """Draw losses: programs compile on all cores while finished curves are drawn.

    Args:
        rows: of the catalogue.
        progress: called with how many are done and what comes next.
    """
    made: list[Entry] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for row, found in zip(rows, pool.map(_curves, rows), strict=True):
            progress(len(made), row.name)
            made.append(_entry(row, found))
    return made


def files(made: Sequence[Entry], *, command: str, versions: str) -> dict[str, bytes]:
    """The page, a picture of each loss on light ground, and all that the page says as JSON.

    Args:
        made: by `entries`.
        command: how to repeat it.
        versions: of what it was made with.
    """
    known = [_as_json(entry) for entry in made]
    about = {"made_by": MADE_BY, "command": command, "versions": versions, "losses": known}
    pictures = {f"{entry.row.name}.png": entry.pictures[0] for entry in made if entry.pictures}
    return {
        "gallery.html": page(made, command=command, versions=versions).encode(),
        "results.json": json.dumps(about, indent=1).encode(),
        **pictures,
    }


def page(made: Sequence[Entry], *, command: str, versions: str) -> str:
    """The gallery as one HTML page that needs nothing else.

    Args:
        made: by `entries`.
        command: how to repeat it.
        versions: of what it was made with.
    """
    families: dict[str, list[Entry]] = {}
    for entry in made:
        families.setdefault(entry.row.family, []).append(entry)
    index = "".join(
        f'<a href="#{name}">{name} <span>{len(group)}</span></a>'
        for name, group in families.items()
    )
    css, script = (
        resources.files("jaxloss.lab").joinpath(name).read_text("utf-8")
        for name in ("gallery.css", "gallery.js")
    )
    shared = resources.files("jaxloss.lab").joinpath("report.css").read_text("utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{MADE_BY}">
<title>jaxloss: {len(made)} losses</title>
<style>
{shared}{css}</style>
</head>
<body>
<main>
<p class="kicker"><b>jaxloss gallery</b></p>
<h1>{len(made)} loss functions, each with its value and its gradient</h1>
<p class="soft">A picture moves one thing, which its axis names, and draws a few settings of the
hyperparameter that matters most. Losses have units of their own: compare shapes, not heights.</p>
<div class="search"><input type="search" id="search" placeholder="Search: name, formula, author,
 property, or a name in another library" aria-label="Search the losses">
<output id="count" for="search">{len(made)} losses</output></div>
<nav class="index" aria-label="Families">{index}</nav>
{"".join(_family(name, group) for name, group in families.items())}
<p id="nothing" class="soft" hidden>No loss matches. Try fewer words.</p>
<footer><pre>{html.escape(command)}</pre><p>{html.escape(versions)}</p></footer>
</main>
<script>
{script}</script>
</body>
</html>
"""


def _as_json(entry: Entry) -> dict[str, Any]:
    row = entry.row
    return {
        "name": row.name,
        "summary": row.summary,
        "formula": row.formula,
        "reference": row.reference,
        "claims": sorted(row.claims),
        "hyperparameters": {name: f"{value:g}" for name, value in row.hyperparameters.items()},
        "elsewhere": row.elsewhere,
        "axis": entry.axis,
        "reason": entry.reason,
    }


def _curves(row: Row) -> tuple[list[Shape], str] | LabError:
    try:
        return shapes(row, {})
    except LabError as error:
        return error


def _entry(row: Row, found: tuple[list[Shape], str] | LabError) -> Entry:
    if isinstance(found, LabError):
        return Entry(row, "", (), str(found))
    drawn, axis = found
    light, dark = (
        shape_card(drawn, name=row.name, axis=axis, theme=theme) for theme in ("light", "dark")
    )
    return Entry(row, axis, (light, dark))


def _family(name: str, group: Sequence[Entry]) -> str:
    cards = "".join(_card(entry) for entry in group)
    return (
        f'<section class="family" id="{name}"><h2>{name.replace("_", " ")}</h2>'
        f'<div class="losses">{cards}</div></section>'
    )


def _card(entry: Entry) -> str:
    row = entry.row
    elsewhere = {library: text.partition(":")[0] for library, text in row.elsewhere.items()}
    told = (row.name, row.summary, row.formula, row.reference, *row.claims)
    found = (" ".join(pair) for pair in elsewhere.items())
    words = html.escape(" ".join((*told, *found)).lower().replace("`", ""), quote=True)
    name = row.loss.__name__.replace("_", "_<wbr>")
    return (
        f'<article class="card loss" id="{row.name}" data-words="{words}">'
        f'<h3><a href="#{row.name}">{name}</a></h3><p>{_text(row.summary)}</p>'
        f"{_picture(entry)}<dl>{''.join(_facts(row, elsewhere))}</dl></article>"
    )


def _facts(row: Row, elsewhere: Mapping[str, str]) -> Iterator[str]:
    numbers = [f"{name} = {value:g}" for name, value in row.hyperparameters.items()]
    claims = [
        f'<span class="badge" title="{text}">{claim.replace("_", " ")}</span>'
        for claim, text in CLAIMS.items()
        if claim in row.claims
    ]
    facts = {
        "formula": _text(row.formula),
        "numbers to set": html.escape(", ".join(numbers)),
        "properties": " ".join(claims),
        "elsewhere": html.escape(", ".join(f"{k}: {v}" for k, v in elsewhere.items())),
        "reference": _linked(_text(row.reference)),
    }
    for name, text in facts.items():
        if text:
            yield f"<dt>{name}</dt><dd>{text}</dd>"


def _picture(entry: Entry) -> str:
    """Both grounds in one element; the reader's scheme picks."""
    if not entry.pictures:
        return f'<p class="soft small">No picture: {html.escape(entry.reason)}.</p>'
    light, dark = (
        f"data:image/png;base64,{base64.b64encode(picture).decode()}" for picture in entry.pictures
    )
    # From the head of the PNG: the page keeps its places while pictures are decoded.
    width, height = (int.from_bytes(entry.pictures[0][at : at + 4]) for at in (16, 20))
    words = html.escape(f"value and gradient of {entry.row.name} over {entry.axis}", quote=True)
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{words}" width="{width}" height="{height}" loading="lazy" '
        'decoding="async"></picture>'
    )


def _text(text: str) -> str:
    """Prose of a docstring: what stands between backticks is code."""
    return re.sub(r"`+([^`]+)`+", r"<code>\1</code>", html.escape(text))


def _linked(text: str) -> str:
    """References with links to where they can be read."""
    text = re.sub(
        r"arXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})",
        r'<a href="https://arxiv.org/abs/\1">\g<0></a>',
        text,
    )
    return re.sub(
        r"doi:(10\.\d+/[^\s,;)]*[^\s,;).])", r'<a href="https://doi.org/\1">\g<0></a>', text
    )
