from __future__ import annotations

import time
from pathlib import Path

import pytest

from myoscope import GeometryError, OutputError, UsageError
from myoscope.io import Volume, write_volume


def test_equal_input_gives_equal_bytes(tmp_path: Path, phantom: Volume) -> None:
    names = ("a.nii.gz", "a.nrrd", "a.mha")
    first = [write_volume(phantom.array, phantom.grid, tmp_path / name).read_bytes() for name in names]
    time.sleep(1.1)  # a time stamp would differ
    assert [write_volume(phantom.array, phantom.grid, tmp_path / name).read_bytes() for name in names] == first
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


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
