"""One way in: whatever holds a volume, by its path."""

from __future__ import annotations

from pathlib import Path

from myoscope.errors import UnreadableError
from myoscope.io.archives import is_archive_name, unpacked
from myoscope.io.dicom import find_dicom, is_dicom, read_dicom
from myoscope.io.headers import VOLUME_SUFFIXES, is_volume_name
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
    if source.is_dir():
        files = find_dicom(source)
        volumes = [] if files else sorted(path.name for path in source.iterdir() if is_volume_name(path.name))
        if volumes:
            raise UnreadableError(
                f"{source.name} is a folder without DICOM.", f"Give one of its files: {', '.join(volumes)}."
            )
        return read_dicom(files, source.name, series)
    if not source.is_file():
        raise UnreadableError(f"There is no file or folder at {source}.")
    if source.stat().st_size == 0:
        raise UnreadableError(f"{source.name} is empty.")
    if is_archive_name(source.name):
        with unpacked(source) as folder:
            return _read_unpacked(folder, source.name, series)
    if is_volume_name(source.name):
        return read_volume_file(source)
    if is_dicom(source):
        return read_dicom([source], source.name, series)
    raise UnreadableError(
        f"{source.name} is not an image that myoscope reads.",
        f"Give a DICOM folder, file or zip, or a file ending in {', '.join(VOLUME_SUFFIXES)}.",
    )


def _read_unpacked(folder: Path, name: str, series: str | None) -> Volume:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    volumes = [path for path in files if is_volume_name(path.name)]
    if len(volumes) == 1:
        return read_volume_file(volumes[0])
    if volumes:
        found = ", ".join(path.name for path in volumes)
        raise UnreadableError(f"{name} holds {len(volumes)} volumes: {found}.", "Unpack it and give one of them.")
    return read_dicom([path for path in files if is_dicom(path)], name, series)
