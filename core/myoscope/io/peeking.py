"""A glance at a source, from its header alone."""

from __future__ import annotations

import gzip
import itertools
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from myoscope.errors import InputError
from myoscope.io.archives import is_archive_name, members
from myoscope.io.dicom import (
    DERIVED_MODALITIES,
    PREAMBLE_BYTES,
    is_dicom,
    quiet_decoding,
    read_dicom_header,
    walk_dicom,
)
from myoscope.io.headers import (
    BROKEN_FILE_ERRORS,
    NIFTI_SUFFIXES,
    VolumeHeader,
    is_volume_name,
    open_unpacked,
    read_samples,
)
from myoscope.io.intensities import rescale
from myoscope.io.names import is_picture_name, is_video_name
from myoscope.io.values import Peek
from myoscope.io.volume_files import read_header

#: A folder whose first so many files are no DICOM is taken for none.
MAX_FILES_TRIED = 200
#: Header fields that describe what was scanned.
DESCRIPTIONS = ("BodyPartExamined", "StudyDescription", "SeriesDescription", "ProtocolName")
NUMERIC_KINDS = "iuf"
#: What an MP4 file says after its first four bytes, and where an AVI file says what it is.
MP4_BRAND, AVI_START, AVI_KIND = b"ftyp", b"RIFF", b"AVI "


def peek(source: Path) -> Peek | None:
    """Return what the header of a source tells, or None when it is no image; reads no more than it must."""
    try:
        if source.is_dir():
            return _peek_folder(source)
        if not source.is_file():
            return None
        return _peek_file(source)
    except (InputError, SyntaxError, zipfile.BadZipFile, *BROKEN_FILE_ERRORS):
        return None  # what cannot be read is no image; `load` says why


def _peek_folder(folder: Path) -> Peek | None:
    """Return a glance at the first DICOM file of a scan, or at the first volume file when there is none."""
    volumes = []
    for path, found in itertools.islice(walk_dicom(folder), MAX_FILES_TRIED):
        if found:
            glance = _peek_dicom(path, folder=True)
            if glance:
                return glance
        elif is_volume_name(path.name):
            volumes.append(path)
    return _peek_volumes(volumes, "volumes") if volumes else None


def _peek_file(path: Path) -> Peek | None:
    if is_archive_name(path.name):
        return _peek_archive(path)
    if is_volume_name(path.name):
        return _peek_volumes([path], "volume")
    if is_picture_name(path.name):
        return _peek_picture(path)
    if is_video_name(path.name):
        return _peek_video(path)
    return _peek_dicom(path, folder=False) if is_dicom(path) else None


def _peek_dicom(path: Path, *, folder: bool) -> Peek | None:
    header = read_dicom_header(path)
    with quiet_decoding(path.name):
        return _from_header(header, "dicom", folder=folder)


def _from_header(header: Any, kind: str, *, folder: bool) -> Peek | None:  # noqa: ANN401
    if not header.get("Modality") or str(header.get("Modality")) in DERIVED_MODALITIES:
        return None
    frames = int(header.get("NumberOfFrames") or 1)
    plane = (int(header.get("Columns") or 0), int(header.get("Rows") or 0))
    spacing = header.get("PixelSpacing")
    texts = (str(header.get(name) or "").strip() for name in DESCRIPTIONS)
    return Peek(
        kind=kind,
        dicom_modality=str(header.get("Modality")),
        description=" ".join(text for text in texts if text),
        ndim=3 if folder or frames > 1 else 2,
        size=plane if frames == 1 else (*plane, frames),
        spacing=(float(spacing[1]), float(spacing[0])) if spacing else (),
    )


def _peek_volumes(paths: Sequence[Path], kind: str) -> Peek:
    with open_unpacked(paths[0]) as stream:
        return _peek_volume(stream, [path.name for path in paths], kind)


def _peek_volume(stream: IO[bytes], names: Sequence[str], kind: str) -> Peek:
    """Return a glance at the (unpacked) volume file in `stream`, the first of `names`."""
    header = read_header(stream, names[0])
    return Peek(
        kind=kind,
        dicom_modality=None,
        description="\n".join(names),
        ndim=sum(s > 1 for s in header.size),
        size=header.size,
        spacing=header.spacing_mm,
        sample=_first_slice(stream, header),
    )


def _peek_picture(path: Path) -> Peek:
    from myoscope.io.pictures import picture_size

    return Peek("picture", dicom_modality=None, description=path.name, ndim=2, size=picture_size(path), spacing=())


def _peek_video(path: Path) -> Peek | None:
    with path.open("rb") as stream:
        start = stream.read(12)
    if start[4:8] != MP4_BRAND and not (start[:4] == AVI_START and start[8:12] == AVI_KIND):
        return None
    return Peek("video", dicom_modality=None, description=path.name, ndim=3, size=(), spacing=())


def _first_slice(stream: IO[bytes], header: VolumeHeader) -> Any:  # noqa: ANN401
    readable = header.offset >= 0 and header.encoding in {"raw", "gzip", "zlib"} and header.dtype.kind in NUMERIC_KINDS
    if not readable or header.components > 1:
        return None
    plane = header.size[:2]
    samples = read_samples(stream, header, math.prod(plane))
    return rescale(samples, *header.scale).reshape(plane[::-1])


def _peek_archive(source: Path) -> Peek | None:
    import pydicom

    with zipfile.ZipFile(source) as bundle:
        infos = members(bundle, source.name)[:MAX_FILES_TRIED]
        volumes = [Path(info.filename).name for info in infos if is_volume_name(info.filename)]
        for info in infos:
            with bundle.open(info) as stream:
                if is_volume_name(info.filename):
                    packed = info.filename.lower().endswith(NIFTI_SUFFIXES[1])
                    with gzip.open(stream) if packed else stream as unpacked:
                        return _peek_volume(cast("IO[bytes]", unpacked), volumes, "archive")
                if stream.read(PREAMBLE_BYTES + 4)[PREAMBLE_BYTES:] == b"DICM":
                    stream.seek(0)
                    with quiet_decoding(info.filename):
                        glance = _from_header(pydicom.dcmread(stream, stop_before_pixels=True), "archive", folder=True)
                    if glance:
                        return glance
    return None
