"""The files that a source holds, whatever it is: a file, a folder or a zip."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from myoscope.errors import UnreadableError
from myoscope.io.archives import is_archive_name, unpacked


@contextmanager
def files_in(source: Path) -> Iterator[list[Path]]:
    """Yield the files of a folder or an unpacked zip with their subfolders, in the order of names, or a file alone.

    What a zip holds is gone on the way out.

    Raises:
        UnreadableError: There is nothing, an empty file, or a damaged zip.
        ArchiveError: A zip that escapes its folder or expands beyond the limit.
    """
    if source.is_dir():
        yield list(walk(source))
        return
    if not source.is_file():
        raise UnreadableError(f"There is no file or folder at {source}.")
    if source.stat().st_size == 0:
        raise UnreadableError(f"{source.name} is empty.")
    if is_archive_name(source.name):
        with unpacked(source) as folder:
            yield list(walk(folder))
    else:
        yield [source]


def walk(folder: Path) -> Iterator[Path]:
    """Yield every file of a folder and its subfolders in the order of names."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file():
                yield path
