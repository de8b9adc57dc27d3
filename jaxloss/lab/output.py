"""Writing results: into a folder that is ours, all files or none."""

import json
import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from jaxloss.lab.errors import LabError

FILES = ("results.json", "curves.png", "report.html")
MADE_BY = "jaxloss compare"
UNFINISHED = ".jaxloss-"  # how names of files begin that are being written


def check_folder(
    folder: Path, files: Collection[str] = FILES, made_by: str = MADE_BY, state: str | None = None
) -> None:
    """Raise unless the results may be written into a folder; leaves nothing behind.

    Args:
        folder: need not exist yet.
        files: that may be there.
        made_by: verb whose results they have to be.
        state: file that is there before there are results, and is looked at by whoever reads it.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise LabError(f"cannot write to {folder}: {existing} is a file, not a folder")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise LabError(f"cannot write to {folder}: {error.strerror}") from None
    if existing != folder:
        return
    # What a process that was killed had not yet renamed is nobody's.
    present = sorted(e.name for e in folder.iterdir() if not e.name.startswith(UNFINISHED))
    foreign = [name for name in present if name not in files]
    if foreign:
        raise LabError(
            f"{folder} holds files that are not ours ({', '.join(foreign[:3])}"
            f"{', ...' if len(foreign) > 3 else ''}): choose another folder with --output"
        )
    if set(present) - {state} and not _is_ours(folder / "results.json", made_by):
        raise LabError(
            f"{folder} holds {', '.join(present)}, but not from `{made_by}`: choose another folder "
            "with --output"
        )


def write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write finished contents under temporary names, then rename them all.

    Args:
        folder: made if it is not there.
        files: content by name.
    """
    written: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            handle, path = tempfile.mkstemp(prefix=UNFINISHED, dir=folder)
            written[name] = Path(path)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            written[name].chmod(0o644)
        for name, path in written.items():
            path.replace(folder / name)
    except OSError as error:
        raise LabError(f"cannot write to {folder}: {error.strerror}") from None
    finally:
        for path in written.values():
            path.unlink(missing_ok=True)


def check_picture(path: Path) -> None:
    """Raise unless a picture may be written; a file that is there must be a picture of ours.

    Args:
        path: of the PNG.
    """
    if path.suffix.lower() != ".png":
        raise LabError(f"pictures are PNG files: {path} does not end in .png")
    if path.is_dir() or not path.parent.is_dir():
        raise LabError(
            f"cannot write {path}: {'it' if path.is_dir() else path.parent} is "
            f"{'a' if path.is_dir() else 'no'} folder"
        )
    if path.exists() and b"Software\x00jaxloss" not in path.read_bytes()[:4096]:
        raise LabError(f"{path} is there and not a picture of ours: choose another --output")


def _is_ours(results: Path, made_by: str) -> bool:
    try:
        content = json.loads(results.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("made_by") == made_by
