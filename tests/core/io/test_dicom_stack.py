from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

from myoscope import GeometryError, Grid
from myoscope.io import Volume, read_volume, write_dicom_series

IDENTITY = [1, 0, 0, 0, 1, 0]


@pytest.fixture
def folder(tmp_path: Path, phantom: Volume) -> Path:
    return write_dicom_series(phantom.array, phantom.grid, tmp_path / "series")


def edit(folder: Path, number: int, **changes: object) -> None:
    path = folder / f"IM{number:04d}.dcm"
    dataset = pydicom.dcmread(path)
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.save_as(path)


def test_a_missing_slice_is_refused_with_its_place(folder: Path) -> None:
    (folder / "IM0004.dcm").unlink()
    with pytest.raises(GeometryError, match=r"missing.*-607\.00 mm.*5\.00 mm away, elsewhere 2\.50"):
        read_volume(folder)


def test_duplicate_slices_are_refused(folder: Path) -> None:
    edit(folder, 5, ImagePositionPatient=[-31.5, 40.25, -604.5])
    with pytest.raises(GeometryError, match=r"same place.*-604\.50 mm"):
        read_volume(folder)


def test_two_copies_of_every_slice_are_refused(folder: Path) -> None:
    for path in list(folder.iterdir()):
        (folder / f"copy-{path.name}").write_bytes(path.read_bytes())
    with pytest.raises(GeometryError, match="same place"):
        read_volume(folder)


def test_uneven_slices_are_refused(folder: Path) -> None:
    edit(folder, 4, ImagePositionPatient=[-31.5, 40.25, -604.1])
    with pytest.raises(GeometryError, match="unevenly spaced"):
        read_volume(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "mixes orientations"),
        ({"PixelSpacing": [1.25, 0.9]}, "differ in spacing"),
        ({"Rows": 8}, "differ in size"),
        ({"PixelSpacing": None}, "IM0004.dcm has no PixelSpacing"),
        ({"PixelSpacing": [0, 0.8]}, "expected positive"),
        ({"ImagePositionPatient": None}, "IM0004.dcm has no ImagePositionPatient"),
        ({"ImageOrientationPatient": None}, "IM0004.dcm has no ImageOrientationPatient"),
    ],
)
def test_slices_that_do_not_fit_are_refused(folder: Path, changes: dict[str, object], reason: str) -> None:
    edit(folder, 4, **changes)
    with pytest.raises(GeometryError, match=reason):
        read_volume(folder)


def test_a_sideways_jump_is_refused(folder: Path) -> None:
    edit(folder, 4, ImagePositionPatient=[-29.5, 40.25, -604.5])
    with pytest.raises(GeometryError, match="sideways"):
        read_volume(folder)


def test_rounded_positions_are_accepted(folder: Path) -> None:
    for number in range(1, 8):
        edit(folder, number, ImagePositionPatient=[-31.5, 40.25, round(-612 + 0.625 * (number - 1), 1)])
    assert read_volume(folder).grid.spacing_mm[2] == pytest.approx(0.625, abs=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_gantry_tilt_is_resampled_and_said(tmp_path: Path, sign: int) -> None:
    """A box that stands upright in the patient is upright again, and at its place, after tilted slices are read."""
    shift = sign * 1.5
    grid = Grid.identity((40, 60, 12), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))
    y = np.arange(60)[None, :, None] + shift * np.arange(12)[:, None, None] + np.zeros((1, 1, 40))
    inside = np.clip(np.minimum(y - 24.5, 35.5 - y) + 0.5, 0, 1)  # a slab at y = 25..35 mm with its partial volume
    array = np.rint(-1000 + 1040 * inside).astype(np.int16)
    folder = write_dicom_series(array, grid, tmp_path / "series")
    for number in range(1, 13):
        edit(folder, number, ImagePositionPatient=[0, shift * (number - 1), 3 * (number - 1)])
    back = read_volume(folder)
    assert [finding.code for finding in back.findings] == ["gantry_tilt_resampled"]
    assert "26.6 degrees" in back.findings[0].message
    assert back.grid.spacing_mm == (1.0, 1.0, 3.0)
    profile = (back.array[:, :, 20] + 1000.0) / 1040
    positions = back.grid.origin[1] + np.arange(back.grid.size[1])
    np.testing.assert_allclose(profile.sum(axis=1), 11, atol=0.02)
    np.testing.assert_allclose((profile * positions).sum(axis=1) / profile.sum(axis=1), 30, atol=0.02)


def test_a_tilt_below_the_tolerance_is_no_tilt(folder: Path) -> None:
    for number in range(1, 8):
        edit(folder, number, ImagePositionPatient=[-31.5 + 0.01 * number, 40.25, -612 + 2.5 * (number - 1)])
    assert read_volume(folder).findings == ()
