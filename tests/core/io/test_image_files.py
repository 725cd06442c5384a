from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import GeometryError, OutputError, UsageError
from myoscope.io import Volume, read_volume, write_volume


def test_equal_input_gives_equal_bytes(tmp_path: Path, phantom: Volume) -> None:
    names = ("a.nii.gz", "a.nrrd", "a.mha")
    first = [write_volume(phantom.array, phantom.grid, tmp_path / name).read_bytes() for name in names]
    time.sleep(1.1)  # a time stamp would differ
    assert [write_volume(phantom.array, phantom.grid, tmp_path / name).read_bytes() for name in names] == first
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_an_nrrd_carries_metadata_and_its_geometry(tmp_path: Path, phantom: Volume) -> None:
    metadata = {"contrast": "water", "stations": "station 1: -10 to 20 mm; station 2: -90 to -60 mm", "note": "\u00b5"}
    path = write_volume(phantom.array, phantom.grid, tmp_path / "water.nrrd", metadata=metadata)
    image = sitk.ReadImage(str(path))
    assert {key: image.GetMetaData(key) for key in metadata} == metadata
    header = path.read_bytes().split(b"\n\n")[0].decode().splitlines()
    assert "contrast:=water" in header
    assert "space: left-posterior-superior" in header
    assert "space directions: (0.75,0,0) (0,1.25,0) (0,0,2.5)" in header
    assert "space origin: (-31.5,40.25,-612)" in header
    back = read_volume(path)
    np.testing.assert_array_equal(back.array, phantom.array)
    assert back.grid.is_same(phantom.grid)


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha"])
def test_metadata_in_another_format_is_refused(tmp_path: Path, phantom: Volume, suffix: str) -> None:
    with pytest.raises(UsageError, match=r"cannot hold metadata\. Use \.nrrd"):
        write_volume(phantom.array, phantom.grid, tmp_path / f"a{suffix}", metadata={"contrast": "water"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pair", [("", "water"), ("a:=b", "water"), ("a", "two\nlines"), ("two\nlines", "a")])
def test_metadata_that_would_break_the_header_is_refused(
    tmp_path: Path, phantom: Volume, pair: tuple[str, str]
) -> None:
    with pytest.raises(UsageError, match="single line"):
        write_volume(phantom.array, phantom.grid, tmp_path / "a.nrrd", metadata=dict([pair]))


def test_an_unknown_ending_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(UsageError, match=r"\.nii\.gz, \.nrrd or \.mha"):
        write_volume(phantom.array, phantom.grid, tmp_path / "a.jpg")


def test_an_array_that_does_not_fit_the_grid_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(GeometryError, match="shape"):
        write_volume(phantom.array[1:], phantom.grid, tmp_path / "a.nrrd")


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, phantom: Volume, suffix: str) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_volume(phantom.array, phantom.grid, tmp_path / "none" / f"a{suffix}")
