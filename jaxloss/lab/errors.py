"""Errors that end the command line with one line, and what they are worded with."""

import difflib
import importlib.util
from collections.abc import Iterable
from pathlib import Path


class LabError(ValueError):
    """Something that the person at the command line can put right; its text is one line."""


class DataError(LabError):
    """The data cannot be used as they are; the text says what to do."""


def suggest(name: str, names: Iterable[str]) -> str:
    """The end of an error about an unknown name: close names, or else what there is.

    Args:
        name: the name that is not there.
        names: the names that are.
    """
    known = [str(known) for known in names]
    tails = {known_name.rpartition(".")[2]: known_name for known_name in known}
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    tail = name.rpartition(".")[2]
    close += [tails[match] for match in difflib.get_close_matches(tail, tails, n=3, cutoff=0.6)]
    close = list(dict.fromkeys(close))[:3]
    if close:
        return f"did you mean {' or '.join(repr(c) for c in close)}?"
    more = ", ..." if len(known) > 12 else ""
    return f"there are: {', '.join(known[:12])}{more}"


def no_file(source: str) -> str:
    """The error about a path that leads to no file, with a file nearby that may be meant.

    Args:
        source: the path as it was given.
    """
    path = Path(source)
    beside = [found.stem for found in path.parent.glob(f"*{path.suffix}")]
    close = difflib.get_close_matches(path.stem, beside, n=1, cutoff=0.7)
    hint = f"; did you mean {close[0] + path.suffix!r}?" if close else ""
    return f"{source} {'is a folder, not a file' if path.is_dir() else 'does not exist'}{hint}"


def need(verb: str, *modules: str) -> None:
    """Raise if a package of the extra `lab` is missing.

    Args:
        verb: what needs them, for the message.
        modules: import names.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise LabError(
            f"{verb} needs {', '.join(missing)}, which is not installed: pip install 'jaxloss[lab]'"
        )
