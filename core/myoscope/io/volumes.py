"""One way in: whatever holds a volume, or several, by its path."""

from __future__ import annotations

import itertools
from pathlib import Path

from myoscope.errors import UnreadableError
from myoscope.io.dicom import is_dicom, read_dicom
from myoscope.io.headers import VOLUME_SUFFIXES, is_volume_name, volume_stem
from myoscope.io.sources import files_in
from myoscope.io.values import Volume
from myoscope.io.volume_files import read_volume_file


def read_volume(source: Path, *, series: str | None = None) -> Volume:
    """Return the volume in a DICOM folder or file, a zip, or a NIfTI, NRRD or MetaImage file.

    Args:
        source: A folder is searched for DICOM with all its subfolders; a zip holds DICOM or one volume file.
        series: Number or UID of the DICOM series to take when there are several.

    Raises:
        UnreadableError: Nothing there that can be read.
        GeometryError: An image that is not 3D, or whose place in the patient cannot be trusted.
        SeriesError: Several series and none chosen, or the chosen one is not there.
        ArchiveError: A zip that escapes its folder or expands beyond the limit.
    """
    with files_in(source) as files:
        if files == [source]:
            return _read_file(source, series)
        volumes = [path for path in files if is_volume_name(path.name)]
        dicom = [path for path in files if is_dicom(path)]
        listing = ", ".join(path.name for path in volumes)
        if source.is_dir():
            if volumes and not dicom:
                raise UnreadableError(f"{source.name} is a folder without DICOM.", f"Give one of its files: {listing}.")
        elif len(volumes) == 1:
            return read_volume_file(volumes[0])
        elif volumes:
            raise UnreadableError(
                f"{source.name} holds {len(volumes)} volumes: {listing}.", "Unpack it and give one of them."
            )
        return read_dicom(dicom, source.name, series)


def read_volumes(source: Path) -> tuple[tuple[str, Volume], ...]:
    """Return every volume file of a folder or zip with all subfolders, or the file alone, by name without ending.

    They come in the order of names. Other files are passed over, DICOM too.

    Raises:
        UnreadableError: No volume file, two of the same name, or one that cannot be read.
        GeometryError: An image that is not 3D, or whose place in the patient cannot be trusted.
        ArchiveError: A zip that escapes its folder or expands beyond the limit.
    """
    with files_in(source) as files:
        paths = [path for path in files if is_volume_name(path.name)]
        if not paths:
            raise UnreadableError(
                f"{source.name} holds no volume file.", f"Give files ending in {', '.join(VOLUME_SUFFIXES)}."
            )
        named = sorted((volume_stem(path.name), path) for path in paths)
        for (name, path), (next_name, next_path) in itertools.pairwise(named):
            if name == next_name:
                raise UnreadableError(
                    f"{source.name} holds two volumes called {name}: {path.name} and {next_path.name}.",
                    "Give each image once.",
                )
        return tuple((name, read_volume_file(path)) for name, path in named)


def _read_file(path: Path, series: str | None) -> Volume:
    if is_volume_name(path.name):
        return read_volume_file(path)
    if is_dicom(path):
        return read_dicom([path], path.name, series)
    raise UnreadableError(
        f"{path.name} is not an image that myoscope reads.",
        f"Give a DICOM folder, file or zip, or a file ending in {', '.join(VOLUME_SUFFIXES)}.",
    )
