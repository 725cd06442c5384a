"""The name of a case, from the name of its source."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".dcm", ".zip")


def case_id_of(source: Path) -> str:
    """Return the source's name without its image suffix, with only letters, digits, dots, dashes and underscores."""
    name = source.resolve().name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
    stem = name[: len(name) - len(suffix)] if suffix else name
    return re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "case"
