"""Run notebooks from top to bottom: `python notebooks/run.py [--keep] [NAME ...]`.

Continuous integration runs them all; `--keep` writes the outputs into the files, which is how those
that are kept there were made. Needs the extra `notebooks`.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent


def main() -> int:
    """Run those that are named, or all, and tell how long each took."""
    parser = argparse.ArgumentParser(description="Run notebooks from top to bottom.")
    parser.add_argument("names", nargs="*", help="beginnings of their names; all by default")
    parser.add_argument("--keep", action="store_true", help="write the outputs into the files")
    options = parser.parse_args()
    paths = [
        path
        for path in sorted(HERE.glob("*.ipynb"))
        if not options.names or path.name.startswith(tuple(options.names))
    ]
    if not paths:
        print(f"no notebook begins with {' or '.join(options.names)}", file=sys.stderr)
        return 2
    failed = 0
    for path in paths:
        book = nbformat.read(path, as_version=4)
        client = NotebookClient(
            book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}
        )
        began = time.perf_counter()
        try:
            client.execute()
        except CellExecutionError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            failed += 1
            continue
        print(f"{path.name}: {time.perf_counter() - began:.0f} s")
        if options.keep:
            for cell in book.cells:
                cell.metadata.pop("execution", None)  # the time of day would differ every time
            nbformat.write(book, path)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
