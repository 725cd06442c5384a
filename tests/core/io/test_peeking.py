from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from myoscope.io import Volume, peek, write_dicom_series, write_volume


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_volume_file_shows_its_geometry_and_first_slice(tmp_path: Path, phantom: Volume, suffix: str) -> None:
    glance = peek(write_volume(phantom.array, phantom.grid, tmp_path / f"thigh{suffix}"))
    assert glance is not None
    assert (glance.kind, glance.dicom_modality, glance.ndim) == ("volume", None, 3)
    assert (glance.size, glance.spacing) == (phantom.grid.size, pytest.approx(phantom.grid.spacing_mm))
    np.testing.assert_array_equal(glance.sample, phantom.array[0])


def test_a_dicom_folder_and_file_and_zip_show_modality_and_text(tmp_path: Path, phantom: Volume) -> None:
    folder = write_dicom_series(phantom.array, phantom.grid, tmp_path / "series", description="Thigh 2.0")
    with zipfile.ZipFile(tmp_path / "series.zip", "w") as bundle:
        for path in sorted(folder.iterdir()):
            bundle.write(path, path.name)
    glances = [peek(folder), peek(folder / "IM0003.dcm"), peek(tmp_path / "series.zip")]
    assert [(g.kind, g.ndim) for g in glances if g] == [("dicom", 3), ("dicom", 2), ("archive", 3)]
    for glance in glances:
        assert glance is not None
        assert (glance.dicom_modality, glance.size, glance.spacing) == ("CT", (11, 9), (0.75, 1.25))
        assert "Thigh 2.0" in glance.description
        assert glance.sample is None


def test_a_zip_of_nifti_shows_the_volume(tmp_path: Path, phantom: Volume) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as bundle:
        bundle.write(write_volume(phantom.array, phantom.grid, tmp_path / "scan.nii.gz"), "scan.nii.gz")
    glance = peek(tmp_path / "scan.zip")
    assert glance is not None
    assert (glance.kind, glance.size) == ("archive", phantom.grid.size)
    np.testing.assert_array_equal(glance.sample, phantom.array[0])


def test_a_folder_and_a_zip_of_volumes_show_the_first_and_the_names_of_all(tmp_path: Path, phantom: Volume) -> None:
    (tmp_path / "scan").mkdir()
    names = ["fat.nii.gz", "in phase.mha", "water.nrrd"]
    for n, name in enumerate(names):
        write_volume(phantom.array + n, phantom.grid, tmp_path / "scan" / name)
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as bundle:
        for name in names:
            bundle.write(tmp_path / "scan" / name, f"all/{name}")
    for source, kind in (("scan", "volumes"), ("scan.zip", "archive")):
        glance = peek(tmp_path / source)
        assert glance is not None
        assert (glance.kind, glance.description.splitlines(), glance.size) == (kind, names, phantom.grid.size)
        np.testing.assert_array_equal(glance.sample, phantom.array[0])


def test_dicom_in_a_folder_goes_before_volume_files(tmp_path: Path, phantom: Volume) -> None:
    write_volume(phantom.array, phantom.grid, tmp_path / "a.nii.gz")
    write_dicom_series(phantom.array, phantom.grid, tmp_path / "series")
    glance = peek(tmp_path)
    assert glance is not None
    assert (glance.kind, glance.dicom_modality) == ("dicom", "CT")


def test_what_is_no_image_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.nii.gz").write_text("hello")
    (tmp_path / "text.nrrd").write_text("hello")
    (tmp_path / "text.mha").write_text("hello")
    (tmp_path / "text.zip").write_text("hello")
    (tmp_path / "empty.nii").touch()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG" + bytes(200))
    (tmp_path / "header.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 40)
    for path in sorted(tmp_path.iterdir()):
        assert peek(path) is None, path.name
    (tmp_path / "header.dcm").unlink()
    assert peek(tmp_path) is None
    assert peek(tmp_path / "absent") is None


def test_a_large_file_is_peeked_at_without_being_read(tmp_path: Path, phantom: Volume) -> None:
    array = np.zeros((200, 128, 128), dtype=np.int16)
    grid = phantom.grid.identity((128, 128, 200), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    path = write_volume(array, grid, tmp_path / "scan.nii.gz")
    start = time.perf_counter()
    assert peek(path) is not None
    assert time.perf_counter() - start < 0.05
