"""The name of a case, from the name of its source, and the names of pictures and videos."""

from __future__ import annotations

import re
from pathlib import Path

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
VIDEO_SUFFIXES = (".mp4", ".avi")
VOLUME_SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".zip")
SUFFIXES = (*VOLUME_SUFFIXES, *PICTURE_SUFFIXES, *VIDEO_SUFFIXES)


def case_id_of(source: Path) -> str:
    """Return the source's name without its image suffix, with only letters, digits, dots, dashes and underscores."""
    name = source.resolve().name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
    stem = name[: len(name) - len(suffix)] if suffix else name
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "case"


def is_picture_name(name: str) -> bool:
    """Tell whether a file name ends like a picture."""
    return name.lower().endswith(PICTURE_SUFFIXES)


def is_video_name(name: str) -> bool:
    """Tell whether a file name ends like a video."""
    return name.lower().endswith(VIDEO_SUFFIXES)
