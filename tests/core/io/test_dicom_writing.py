from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from myoscope import GeometryError
from myoscope.io import Volume, write_dicom_series


def test_equal_input_gives_equal_bytes_and_other_input_other_uids(tmp_path: Path, phantom: Volume) -> None:
    a, b, c = (tmp_path / name for name in "abc")
    write_dicom_series(phantom.array, phantom.grid, a)
    write_dicom_series(phantom.array, phantom.grid, b)
    write_dicom_series(phantom.array + 1, phantom.grid, c)
    for path in a.iterdir():
        assert path.read_bytes() == (b / path.name).read_bytes()
    first, other = (pydicom.dcmread(folder / "IM0001.dcm") for folder in (a, c))
    assert first.SeriesInstanceUID != other.SeriesInstanceUID
    assert len({pydicom.dcmread(path).SOPInstanceUID for path in a.iterdir()}) == 7


def test_values_are_rounded_and_clipped_as_scanners_do(tmp_path: Path, phantom: Volume) -> None:
    array = phantom.array.astype(np.float32)
    array[0, 0, :4] = (-3000, 5000, 10.6, -10.6)
    write_dicom_series(array, phantom.grid, tmp_path / "series")
    dataset = pydicom.dcmread(tmp_path / "series" / "IM0001.dcm")
    hu = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    np.testing.assert_array_equal(hu[0, :4], [-1024, 3071, 11, -11])


def test_an_array_that_does_not_fit_the_grid_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(GeometryError, match="shape"):
        write_dicom_series(phantom.array[1:], phantom.grid, tmp_path / "series")
    assert not (tmp_path / "series").exists()
