"""Zip files, unpacked with suspicion."""

from __future__ import annotations

import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from myoscope.errors import ArchiveError, UnreadableError
from myoscope.settings import get_settings

BYTES_PER_GB = 10**9
CHUNK_BYTES = 1 << 20
ENCRYPTED = 0x1
DRIVE = re.compile(r"[A-Za-z]:")
#: What macOS adds to every archive; never an image.
MAC_FOLDER = "__MACOSX"


def is_archive_name(name: str) -> bool:
    """Tell whether a file name ends like a zip file."""
    return name.lower().endswith(".zip")


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """Yield a temporary folder with the members of a zip file; it is removed on the way out.

    Raises:
        ArchiveError: A member escapes the folder, is a link or is encrypted, or all together exceed the limit.
        UnreadableError: Not a zip file, or damaged.
    """
    with tempfile.TemporaryDirectory(prefix="myoscope-") as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(archive) as bundle:
                _unpack(bundle, archive.name, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise UnreadableError(f"{archive.name} is not a readable zip file: {error}.") from error
        except OSError as error:
            raise ArchiveError(f"{archive.name} cannot be unpacked: {error.strerror}.") from error
        yield folder


def members(bundle: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """Return the files in a zip called `name`, sorted by name, each safe to unpack.

    Raises:
        ArchiveError: A member escapes the folder, is a link or is encrypted.
    """
    infos = [i for i in bundle.infolist() if not i.is_dir() and PurePosixPath(i.filename).parts[:1] != (MAC_FOLDER,)]
    for info in infos:
        parts = re.split(r"[\\/]", info.filename)
        if ".." in parts or not parts[0] or DRIVE.match(parts[0]) or "\\" in info.filename:
            raise ArchiveError(f"{name} has a member that leaves its folder: {info.filename!r}.", "Do not trust it.")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ArchiveError(f"{name} has a member that is a link: {info.filename!r}.", "Do not trust it.")
        if info.flag_bits & ENCRYPTED:
            raise ArchiveError(f"{name} is encrypted.", "Unpack it first and give the folder.")
    return sorted(infos, key=lambda info: info.filename)


def _unpack(bundle: zipfile.ZipFile, name: str, folder: Path) -> None:
    limit_gb = get_settings().max_unzipped_gb
    left = int(limit_gb * BYTES_PER_GB)
    infos = members(bundle, name)
    if sum(info.file_size for info in infos) > left:
        raise _too_large(name, limit_gb)
    for info in infos:
        target = folder / info.filename
        target.parent.mkdir(parents=True, exist_ok=True)
        with bundle.open(info) as source, target.open("wb") as sink:
            left -= _copy(source, sink, left)
        if left < 0:
            raise _too_large(name, limit_gb)


def _copy(source: IO[bytes], sink: IO[bytes], limit: int) -> int:
    """Copy until the end, or until just past `limit`, and return the bytes copied."""
    copied = 0
    while copied <= limit and (chunk := source.read(CHUNK_BYTES)):
        sink.write(chunk)
        copied += len(chunk)
    return copied


def _too_large(name: str, limit_gb: float) -> ArchiveError:
    return ArchiveError(
        f"{name} unpacks to more than {limit_gb:g} GB.", "Unpack it yourself, or raise MYOSCOPE_MAX_UNZIPPED_GB."
    )
