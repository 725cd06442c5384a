"""Write beside, then rename: a folder gets all files or none."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from myoscope.errors import OutputError


@contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """Yield an empty folder whose files move into `folder` at the end; after an error or Ctrl-C nothing is left.

    Unrelated files in `folder` stay, files of the same name are replaced.

    Raises:
        OutputError: The folder cannot be written.
    """
    place = _nearest_folder(folder)
    partial = place / f".{folder.name}.partial-{os.getpid()}"
    try:
        try:
            partial.mkdir()
            yield partial
            _move(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be made or written, before any work is done; leaves no trace.

    Raises:
        OutputError: It is a file, or lies where nothing can be written.
    """
    place = _nearest_folder(folder)
    probe = place / f".{folder.name}.writable-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from error


def _nearest_folder(folder: Path) -> Path:
    """Return `folder` or its closest parent that exists: what is written there can be renamed into `folder`."""
    absolute = folder.absolute()
    place = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
    if not place.is_dir():
        raise _unwritable(folder, f"{place} is not a folder")
    return place


def _move(partial: Path, folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial.rename(folder)
        return
    for path in sorted(partial.rglob("*")):
        target = folder / path.relative_to(partial)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            path.replace(target)


def _unwritable(folder: Path, reason: str) -> OutputError:
    return OutputError(f"The output folder {folder} cannot be written: {reason}.", "Choose another folder.")
