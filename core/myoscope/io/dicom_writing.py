"""A volume as a classic, uncompressed CT series."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myoscope.data.grid import Grid
from myoscope.data.subject import Subject
from myoscope.io.atomic import written_together
from myoscope.io.dicom_slices import check_shape, save_slice, slice_dataset

#: CT values are stored as unsigned numbers, HU = stored - 1024.
INTERCEPT = -1024
BITS = 12
MAX_STORED = 4095


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
    from pydicom.uid import CTImageStorage

    check_shape(array_hu, grid)
    digest = hashlib.sha256(repr((grid, subject, description)).encode())
    digest.update(np.ascontiguousarray(array_hu).data)
    with written_together(folder) as partial:
        for k, plane in enumerate(array_hu):
            stored = np.clip(np.rint(plane.astype(np.float32)) - INTERCEPT, 0, MAX_STORED)
            dataset = slice_dataset(grid, k, digest=digest.digest(), subject=subject or Subject())
            dataset.SOPClassUID, dataset.Modality = CTImageStorage, "CT"
            dataset.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
            dataset.SeriesDescription, dataset.KVP = description, ""
            dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = str(INTERCEPT), "1", "HU"
            save_slice(dataset, stored, partial / f"IM{k + 1:04d}.dcm", bits=BITS)
    return folder
