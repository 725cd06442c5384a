"""One slice of a classic, uncompressed DICOM series, whatever its modality."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.subject import Sex, Subject
from myoscope.errors import GeometryError

UID_BYTES = 16
BITS_ALLOCATED = 16
SEX_CODES = {Sex.FEMALE: "F", Sex.MALE: "M"}


def uid_of(digest: bytes, name: str) -> str:
    """Return a UID under 2.25 that follows from the content."""
    return f"2.25.{int.from_bytes(hashlib.sha256(digest + name.encode()).digest()[:UID_BYTES])}"


def check_shape(array: NDArray[Any], grid: Grid) -> None:
    """Refuse an array that does not give every voxel of the grid one value.

    Raises:
        GeometryError: It does not fit.
    """
    if array.shape != grid.shape:
        raise GeometryError(f"The array has shape {array.shape}, its grid {grid.shape}.")


def slice_dataset(grid: Grid, k: int, *, digest: bytes, subject: Subject) -> Any:  # noqa: ANN401
    """Return the header of slice `k` of the only series of a study, but for what depends on the modality.

    Args:
        grid: Slices lie along its last index axis.
        k: Counts from 0.
        digest: Of the whole series; every UID follows from it.
        subject: Sex, age, height and weight go into the header.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    matrix = grid.matrix
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPInstanceUID = uid_of(digest, f"slice {k}")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.StudyDescription = "Research use only"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid_of(digest, "study"), uid_of(digest, "series")
    dataset.FrameOfReferenceUID = uid_of(digest, "frame of reference")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, k + 1
    dataset.PatientName = dataset.PatientID = "SYNTHETIC"
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.PatientBirthDate = dataset.Manufacturer = dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = [decimal(v) for v in grid.position((0.0, 0.0, float(k)))]
    dataset.ImageOrientationPatient = [decimal(v) for v in (*matrix[:, 0], *matrix[:, 1])]
    dataset.PixelSpacing = [decimal(grid.spacing_mm[1]), decimal(grid.spacing_mm[0])]
    dataset.SliceThickness = decimal(grid.spacing_mm[2])
    dataset.Columns, dataset.Rows = grid.size[0], grid.size[1]
    _describe_subject(dataset, subject)
    return dataset


def save_slice(dataset: Any, stored: NDArray[Any], path: Path, *, bits: int) -> None:  # noqa: ANN401
    """Write a slice with its pixels, whole numbers of which none needs more than `bits` bits."""
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = BITS_ALLOCATED, bits, bits - 1
    dataset.PixelData = stored.astype(np.dtype("<u2")).tobytes()
    dataset.save_as(path, enforce_file_format=True)


def decimal(value: float) -> str:
    """Return a number as a DICOM decimal string, of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return str(format_number_as_ds(float(value)))


def _describe_subject(dataset: Any, subject: Subject) -> None:  # noqa: ANN401
    dataset.PatientSex = "" if subject.sex is None else SEX_CODES[subject.sex]
    if subject.age is not None:
        dataset.PatientAge = f"{round(subject.age):03d}Y"
    if subject.height_m is not None:
        dataset.PatientSize = f"{subject.height_m:g}"
    if subject.weight_kg is not None:
        dataset.PatientWeight = f"{subject.weight_kg:g}"
