"""How large the picture or video is that a label file belongs to, from its header."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from myoscope.data.grid import PICTURE_AXES, LengthUnit
from myoscope.errors import UnreadableError
from myoscope.io.flat import FRAMES_INTENT, FRAMES_KEY
from myoscope.io.headers import NIFTI_SUFFIXES, NRRD_SUFFIXES, VolumeHeader, is_volume_name, open_unpacked, reason
from myoscope.io.names import is_picture_name
from myoscope.io.nifti import read_raw_header
from myoscope.io.pictures import BROKEN_PICTURE_ERRORS, picture_size
from myoscope.io.text_headers import nrrd_fields
from myoscope.io.volume_files import read_header

#: Code of mm in a NIfTI's unit field, and the bits that hold it.
NIFTI_MM, NIFTI_LENGTH_BITS = 2, 7


@dataclass(frozen=True, slots=True)
class FlatHeader:
    """What a label file says of its picture or video.

    Attributes:
        size: Columns and rows.
        frames: Frames; 1 for a picture.
        spacing_mm: Pixel size, (x, y); None when the file does not say that it is in mm.
        sure: False when the slices may just as well be those of a volume.
    """

    size: tuple[int, int]
    frames: int
    spacing_mm: tuple[float, float] | None
    sure: bool


def flat_header(path: Path) -> FlatHeader | None:
    """Return what a label file says of its picture or video, or None when its name is that of no label file.

    Raises:
        UnreadableError: The file is not what its name promises.
    """
    if is_volume_name(path.name):
        return _of_volume_file(path)
    try:
        if path.suffix.lower() == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            size = (int(content["imageWidth"]), int(content["imageHeight"]))
        elif is_picture_name(path.name):
            size = picture_size(path)
        else:
            return None
    except BROKEN_PICTURE_ERRORS as error:
        raise UnreadableError(f"{path.name} holds no labels of a picture: {reason(error)}.") from error
    return FlatHeader(size, 1, None, sure=True)


def _of_volume_file(path: Path) -> FlatHeader:
    with open_unpacked(path) as stream:
        header = read_header(stream, path.name)
        stream.seek(0)
        marked, in_mm = _declared(stream, path.name)
    if len(header.size) < PICTURE_AXES:
        raise UnreadableError(f"{path.name} has the size {header.size}, expected columns and rows.")
    frames = math.prod(header.size[PICTURE_AXES:])
    return FlatHeader(
        (header.size[0], header.size[1]), frames, _spacing(header) if in_mm else None, sure=marked or frames == 1
    )


def _declared(stream: IO[bytes], name: str) -> tuple[bool, bool]:
    """Return whether a volume file says that its slices are frames, and that its pixels are in mm."""
    lower = name.lower()
    if lower.endswith(NIFTI_SUFFIXES):
        raw = read_raw_header(stream, name)
        in_mm = int(raw["xyzt_units"]) & NIFTI_LENGTH_BITS == NIFTI_MM
        return bytes(raw["intent_name"].item()) == FRAMES_INTENT, in_mm
    if lower.endswith(NRRD_SUFFIXES):
        unit = nrrd_fields(stream, name)[0].get(FRAMES_KEY)
        return unit is not None, unit == LengthUnit.MM.value
    return False, False


def _spacing(header: VolumeHeader) -> tuple[float, float] | None:
    spacing = header.spacing_mm[:PICTURE_AXES]
    return (spacing[0], spacing[1]) if len(spacing) == PICTURE_AXES and all(s > 0 for s in spacing) else None
