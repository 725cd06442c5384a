"""A volume as a classic, uncompressed MR series."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.subject import Subject
from myoscope.errors import UnreadableError
from myoscope.io.atomic import written_together
from myoscope.io.dicom_slices import BITS_ALLOCATED, check_shape, decimal, save_slice, slice_dataset
from myoscope.io.values import MRFacts

#: Whole numbers are stored as they are, in so many bits as scanners use, if they fit.
SCANNER_BITS = 12
IMAGE_TYPE = ("DERIVED", "PRIMARY", "OTHER")


def write_mr_series(
    array: NDArray[Any],
    grid: Grid,
    folder: Path,
    *,
    facts: MRFacts,
    subject: Subject | None = None,
    prefix: str = "IM",
) -> Path:
    """Write one file a slice, `<prefix>0001.dcm` and on, and return `folder`; equal input gives equal bytes.

    Whole numbers from 0 to 65535 are stored as they are, in 12 bits if they fit, else 16. Other whole numbers lose
    nothing either, by an intercept, if their range fits 16 bits. All else is rounded to 65536 steps from the lowest
    value to the highest, by a slope and an intercept.

    Args:
        array: Shape `grid.shape`.
        grid: Slices lie along its last index axis.
        folder: Made when absent; files of other names in it stay.
        facts: What the headers are to say. UIDs that are empty follow from the content, so the series of one study need
            its UID here; `file` and `saturated_share` are of no account.
        subject: Sex, age, height and weight go into the headers.
        prefix: Of the file names, for several series in one folder.

    Raises:
        GeometryError: The array does not fit the grid.
        UnreadableError: The array holds NaN or infinite values.
        OutputError: The folder cannot be written; nothing is left behind.
    """
    check_shape(array, grid)
    bits, slope, intercept = _storage(array)
    digest = hashlib.sha256(repr((grid, subject, facts)).encode())
    digest.update(np.ascontiguousarray(array).data)
    with written_together(folder) as partial:
        for k, plane in enumerate(array):
            dataset = slice_dataset(grid, k, digest=digest.digest(), subject=subject or Subject())
            _describe(dataset, facts)
            if (slope, intercept) != (1.0, 0.0):
                dataset.RescaleSlope, dataset.RescaleIntercept = decimal(slope), decimal(intercept)
                dataset.RescaleType = "US"  # unspecified: MR values have no unit
            stored = np.rint((plane.astype(np.float64) - intercept) / slope)
            save_slice(dataset, stored, partial / f"{prefix}{k + 1:04d}.dcm", bits=bits)
    return folder


def _storage(array: NDArray[Any]) -> tuple[int, float, float]:
    """Return bits a pixel, slope and intercept with which the array loses least."""
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(array).all():
        raise UnreadableError("The array holds NaN or infinite values, which DICOM cannot store.")
    most = (1 << BITS_ALLOCATED) - 1
    whole = bool((array == np.rint(array)).all())
    if whole and low >= 0 and high <= most:
        return (SCANNER_BITS if high < 1 << SCANNER_BITS else BITS_ALLOCATED), 1.0, 0.0
    slope = 1.0 if whole and high - low <= most else (high - low) / most
    return BITS_ALLOCATED, slope or 1.0, low


def _describe(dataset: Any, facts: MRFacts) -> None:  # noqa: ANN401
    """Add what an MR image says beside every other image (DICOM PS3.3 C.8.3.1)."""
    from pydicom.uid import MRImageStorage

    dataset.SOPClassUID, dataset.Modality = MRImageStorage, "MR"
    dataset.ImageType = list(facts.image_type or IMAGE_TYPE)
    dataset.ScanningSequence, dataset.SequenceVariant, dataset.ScanOptions = "RM", "NONE", ""  # RM: research mode
    dataset.MRAcquisitionType, dataset.RepetitionTime, dataset.EchoTrainLength = "3D", "", ""
    dataset.EchoTime = "" if facts.echo_time_ms is None else decimal(facts.echo_time_ms)
    dataset.SequenceName, dataset.SeriesDescription = facts.sequence_name, facts.description
    dataset.SeriesNumber, dataset.SeriesTime = facts.series_number or "1", facts.series_time
    dataset.StudyDate, dataset.Manufacturer = facts.study_date, facts.manufacturer
    for name, uid in (
        ("StudyInstanceUID", facts.study_uid),
        ("SeriesInstanceUID", facts.series_uid),
        ("FrameOfReferenceUID", facts.frame_of_reference),
    ):
        if uid:
            setattr(dataset, name, uid)
