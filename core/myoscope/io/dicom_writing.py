"""A volume as a classic, uncompressed CT series."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.subject import Sex, Subject
from myoscope.errors import GeometryError
from myoscope.io.atomic import written_together

#: CT values are stored as unsigned numbers, HU = stored - 1024.
INTERCEPT = -1024
MAX_STORED = 4095
UID_BYTES = 16
SEX_CODES = {Sex.FEMALE: "F", Sex.MALE: "M"}


def write_dicom_series(
    array_hu: NDArray[Any],
    grid: Grid,
    folder: Path,
    *,
    subject: Subject | None = None,
    description: str = "myoscope synthetic CT",
) -> Path:
    """Write one file a slice, `IM0001.dcm` and on, and return `folder`; equal input gives equal bytes.

    Args:
        array_hu: Shape `grid.shape`, in HU; rounded, and clipped to -1024..3071 as scanners do.
        grid: Slices lie along its last index axis.
        folder: Made when absent.
        subject: Sex, age, height and weight go into the headers.
        description: Series description.

    Raises:
        GeometryError: The array does not fit the grid.
        OutputError: The folder cannot be written; nothing is left behind.
    """
    if array_hu.shape != grid.shape:
        raise GeometryError(f"The array has shape {array_hu.shape}, its grid {grid.shape}.")
    digest = hashlib.sha256(repr((grid, subject, description)).encode())
    digest.update(np.ascontiguousarray(array_hu).data)
    with written_together(folder) as partial:
        for k, plane in enumerate(array_hu):
            stored = np.clip(np.rint(plane.astype(np.float32)) - INTERCEPT, 0, MAX_STORED).astype("<u2")
            dataset = _slice_dataset(grid, k, digest.digest())
            dataset.SeriesDescription = description
            _describe_subject(dataset, subject or Subject())
            dataset.PixelData = stored.tobytes()
            dataset.save_as(partial / f"IM{k + 1:04d}.dcm", enforce_file_format=True)
    return folder


def uid_of(digest: bytes, name: str) -> str:
    """Return a UID under 2.25 that follows from the content."""
    return f"2.25.{int.from_bytes(hashlib.sha256(digest + name.encode()).digest()[:UID_BYTES])}"


def _slice_dataset(grid: Grid, k: int, digest: bytes) -> Any:  # noqa: ANN401
    """Return the header of slice `k`."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
    from pydicom.valuerep import format_number_as_ds

    def decimals(values: Any) -> list[str]:  # noqa: ANN401
        return [format_number_as_ds(float(v)) for v in values]

    matrix = grid.matrix
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid_of(digest, f"slice {k}")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    dataset.Modality = "CT"
    dataset.StudyDescription = "Research use only"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = uid_of(digest, "study"), uid_of(digest, "series")
    dataset.FrameOfReferenceUID = uid_of(digest, "frame of reference")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, k + 1
    dataset.PatientName = dataset.PatientID = "SYNTHETIC"
    dataset.StudyDate = dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.PatientBirthDate = dataset.Manufacturer = dataset.PositionReferenceIndicator = ""
    dataset.ImagePositionPatient = decimals(grid.position((0.0, 0.0, float(k))))
    dataset.ImageOrientationPatient = decimals([*matrix[:, 0], *matrix[:, 1]])
    dataset.PixelSpacing = decimals([grid.spacing_mm[1], grid.spacing_mm[0]])
    dataset.SliceThickness = decimals([grid.spacing_mm[2]])[0]
    dataset.KVP = ""
    dataset.Columns, dataset.Rows = grid.size[0], grid.size[1]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(INTERCEPT), "1", "HU"
    return dataset


def _describe_subject(dataset: Any, subject: Subject) -> None:  # noqa: ANN401
    dataset.PatientSex = "" if subject.sex is None else SEX_CODES[subject.sex]
    if subject.age is not None:
        dataset.PatientAge = f"{round(subject.age):03d}Y"
    if subject.height_m is not None:
        dataset.PatientSize = f"{subject.height_m:g}"
    if subject.weight_kg is not None:
        dataset.PatientWeight = f"{subject.weight_kg:g}"
