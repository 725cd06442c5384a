"""Which sources are thigh CT, and how they become a scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from myoscope import LoadOptions, Recognition, Scan, UnreadableError
from myoscope.io import Peek, case_id_of, peek, read_volume

#: Air outside the body; a volume that reaches it without any header that says CT is in Hounsfield units.
AIR_HU = -900
#: Every CT of a body holds fat, and fat is less dense than this.
FAT_HU = -50


def recognize(source: Path) -> Recognition | None:
    """Return how sure it is that the source is a CT: DICOM says so, or the first slice holds air at -1000."""
    seen = peek(source)
    if seen is None:
        return None
    if seen.dicom_modality is not None:
        return Recognition(0.95, "DICOM modality CT") if seen.dicom_modality == "CT" else None
    if seen.ndim == 3 and _reaches_air(seen):  # noqa: PLR2004
        return Recognition(0.6, "a volume whose values reach air at -1000 HU")
    return None


def load(source: Path, options: LoadOptions) -> Scan:
    """Return the CT in HU on its own grid.

    Raises:
        UnreadableError: The source says that it is another modality.
        InputError: Anything that cannot be trusted; see `myoscope.io.read_volume`.
    """
    volume = read_volume(source, series=options.series)
    if volume.dicom_modality not in {None, "CT"}:
        raise UnreadableError(
            f"{source.name} is {volume.dicom_modality}, not CT.", "Analyze it with the modality that it is, or omit -m."
        )
    scan = Scan(
        "ct_thigh",
        {"ct": volume.array},
        volume.grid,
        options.case_id or case_id_of(source),
        source.name,
        volume.subject,
        volume.findings,
    )
    if scan.image.min() > FAT_HU:
        raise UnreadableError(
            f"{source.name} is not in Hounsfield units: its lowest value is {scan.image.min():g}, "
            f"though fat and air lie below {FAT_HU}.",
            "Give the CT as reconstructed, without an offset; an MRI needs another modality.",
        )
    return scan


def _reaches_air(seen: Peek) -> bool:
    return seen.sample is not None and bool(np.min(seen.sample) <= AIR_HU)
