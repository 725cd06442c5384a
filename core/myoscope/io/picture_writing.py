"""Pictures and videos to files that give back every grey value."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.frames import View
from myoscope.data.grid import LengthUnit
from myoscope.data.scan import Scan
from myoscope.io.dicom_slices import uid_of

MS_PER_S, MM_PER_CM = 1000.0, 10.0
#: DICOM PS3.3 C.8.5.5.1: a 2D image, of tissue, in centimeters.
FORMAT_2D, DATA_TISSUE, UNIT_CM = 1, 1, 3


def write_picture(array: NDArray[np.uint8], path: Path) -> None:
    """Write (y, x) as a gray PNG; equal input gives equal bytes."""
    from PIL import Image

    Image.fromarray(array).save(path, format="PNG")


def write_cine(frames: NDArray[np.uint8], scan: Scan, path: Path) -> None:
    """Write (frames, y, x) as an uncompressed multi-frame ultrasound DICOM with times and, where known, scale.

    Equal input gives equal bytes. The scale is that of one region, the part of the scan that shows tissue.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

    digest = hashlib.sha256(repr((scan.grid, scan.times_s)).encode())
    digest.update(np.ascontiguousarray(frames).data)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = uid_of(digest.digest(), "cine")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.Modality = "US"
    dataset.StudyDescription = "Research use only"
    dataset.StudyInstanceUID = uid_of(digest.digest(), "study")
    dataset.SeriesInstanceUID = uid_of(digest.digest(), "series")
    dataset.PatientName = dataset.PatientID = "SYNTHETIC"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.FrameTimeVector = [f"{step:.6g}" for step in np.diff(scan.times_s, prepend=scan.times_s[0]) * MS_PER_S]
    dataset.FrameIncrementPointer = 0x00181065  # the frame time vector
    if scan.grid.unit is LengthUnit.MM:
        view = scan.calibration.view if scan.calibration else View(0, 0, frames.shape[2], frames.shape[1])
        dataset.SequenceOfUltrasoundRegions = [_region(view, scan.grid.spacing_mm)]
    pixels = np.ascontiguousarray(frames).tobytes()
    dataset.PixelData = pixels + bytes(len(pixels) % 2)
    dataset.save_as(path, enforce_file_format=True)


def _region(view: View, spacing_mm: tuple[float, ...]) -> Any:  # noqa: ANN401
    from pydicom.dataset import Dataset

    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = FORMAT_2D, DATA_TISSUE, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = view.left, view.top
    region.RegionLocationMaxX1, region.RegionLocationMaxY1 = view.left + view.width - 1, view.top + view.height - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = UNIT_CM
    region.PhysicalDeltaX, region.PhysicalDeltaY = (s / MM_PER_CM for s in spacing_mm)
    return region
