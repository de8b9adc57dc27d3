"""Docstrings as MyST: their prose, arguments, examples and references."""

import inspect
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import griffe

_LOADED: dict[str, Any] = {}
Named = Mapping[str, str]
"""Public dotted names and their roles: `func`, `class`, `data` or `mod`."""
SHORT = 160
"""Characters of a value that is shown in full."""


class _Loud(logging.Handler):
    """A docstring that does not parse ends the build."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError(record.getMessage())


logging.getLogger("griffe").addHandler(_Loud(logging.WARNING))


def source(path: str) -> Any:
    """What stands in the source under a dotted path: a function, a class, or data."""
    package, *parts = path.split(".")
    if package not in _LOADED:
        _LOADED[package] = griffe.load(package, resolve_aliases=False)
    found = _LOADED[package]
    for part in parts:
        found = found[part]
    return found


def kind(path: str) -> str:
    """Of the directive: `function`, `class` or `data`."""
    found = source(path)
    return "class" if found.is_class else "function" if found.is_function else "data"


def is_alias(path: str) -> bool:
    """A short name of a type, which several modules may have: shown, but not linked to."""
    name = path.rpartition(".")[2]
    return kind(path) == "data" and not name.islower() and not name.isupper()


def entry(name: str, path: str, named: Named, extra: Callable[[], str]) -> str:
    """A function, class or table: signature, prose, arguments, example; then `extra`."""
    found = source(path)
    lines = [
        f"::::{{py:{kind(path)}}} {name}{'' if found.is_attribute else signature(found)}",
        *([":no-index:"] if is_alias(path) else []),
        "",
        *docstring(found, named),
        *(_value(found) if found.is_attribute else ()),
        extra(),
    ]
    if found.is_class:
        lines += _methods(found, named)
    return "\n".join([*lines, "::::", ""])


def _value(found: Any) -> Iterator[str]:
    """What is assigned, where it is short: a number, or what a name of a type stands for."""
    text = " ".join(str(found.value).split())
    if len(text) <= SHORT and ("(" not in text or found.docstring is None):
        yield from ("```python", f"{found.name} = {text}", "```")


def signature(found: Any) -> str:
    """As it stands in the source, less what says that an argument may be any array."""
    if found.is_class:
        return _fields(found) if _is_record(found) else ""
    parts: list[str] = []
    marked = False
    for parameter in found.parameters:
        kind = str(parameter.kind.value)
        if kind == "keyword-only" and not marked:
            parts.append("*")
            marked = True
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        marked = marked or stars == "*"
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not None:
            text += f": {_short(parameter.annotation)}"
        if parameter.default is not None and not stars:
            text += f" = {parameter.default}"
        parts.append(text)
    back = f" -> {_short(found.returns)}" if found.returns is not None else ""
    return f"({', '.join(parts)}){back}"


def _is_record(found: Any) -> bool:
    """A data class or a named tuple, whose attributes are its arguments."""
    bases = [str(base) for base in found.bases]
    decorators = [str(decorator.value) for decorator in found.decorators]
    return any("dataclass" in text or "NamedTuple" in text for text in (*bases, *decorators))


def _fields(found: Any) -> str:
    shown = [
        f"{attribute.name}: {_short(attribute.annotation)}"
        + (f" = {attribute.value}" if attribute.value else "")
        for attribute in found.attributes.values()
        if attribute.annotation is not None and not attribute.name.startswith("_")
    ]
    return f"({', '.join(shown)})"


def docstring(found: Any, named: Named) -> Iterator[str]:
    """Lines of a docstring; none for what has none."""
    if found.docstring is None:
        return
    for section in found.docstring.parse("google"):
        yield from _section(section, named)
        yield ""


def prose(text: str, named: Named) -> str:
    """Text with links: names that are public here, papers, and code that is indented."""
    text = re.sub(r"(?:(?<=\n\n)|\A)((?: {4}.*\n?|\n(?= {4}))+)", _fenced, text)
    return _linked(text, named)


def _section(section: Any, named: Named) -> Iterator[str]:
    kind = str(section.kind.value)
    if kind == "text":
        yield prose(section.value, named)
    elif kind in ("parameters", "attributes", "raises", "returns", "yields"):
        for item in section.value:
            told = " ".join(prose(item.description, named).split())
            field = {
                "parameters": f":param {getattr(item, 'name', '')}:",
                "attributes": f":ivar {getattr(item, 'name', '')}:",
                "raises": f":raises {item.annotation}:",
            }.get(kind, ":returns:")
            yield f"{field} {told}"
    elif kind == "admonition":
        body = section.value.description
        if ">>>" in body:
            yield from ("```pycon", inspect.cleandoc(body), "```")
        else:
            yield f"**{section.title or section.value.kind}**: {prose(body, named)}"
    elif kind == "examples":
        for _, body in section.value:
            yield from ("```pycon", body, "```")
    else:
        raise ValueError(f"a section of kind {kind!r} has no form on the site")


def _methods(found: Any, named: Named) -> Iterator[str]:
    for name, method in found.functions.items():
        if name.startswith("_") or method.docstring is None:
            continue
        yield f":::{{py:method}} {name}{signature(method)}"
        yield from ("", *docstring(method, named), ":::", "")


def _short(annotation: Any) -> str:
    text = re.sub(r"\s+", " ", str(annotation))
    text = re.sub(r"\b(\w+)\[(?:ArrayLike|Array), (['\"])(.*?)\2\]", r'\1["\3"]', text)
    return text.replace("'", '"')


def _fenced(match: re.Match[str]) -> str:
    body = inspect.cleandoc(match[0])
    return f"```{'pycon' if body.startswith('>>>') else 'python'}\n{body}\n```\n"


def _linked(text: str, named: Named) -> str:
    pieces = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    pieces[::2] = [_of_prose(piece, named) for piece in pieces[::2]]
    return "".join(pieces)


def _of_prose(text: str, named: Named) -> str:
    def code(match: re.Match[str]) -> str:
        name = match[1].removeprefix("jl.").removeprefix("jaxloss.")
        full = f"jaxloss.{name}"
        return f"{{py:{named[full]}}}`{match[1]} <{full}>`" if full in named else match[0]

    text = re.sub(r"(?<![`}])`([A-Za-z_][\w.]*)`(?!`)", code, text)
    text = re.sub(
        r"arXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})", r"[\g<0>](https://arxiv.org/abs/\1)", text
    )
    return re.sub(r"doi:(10\.\d+/[^\s,;)]*[^\s,;).])", r"[\g<0>](https://doi.org/\1)", text)
