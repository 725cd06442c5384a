from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from myoscope import (
    ULTRASOUND_STRUCTURES,
    Calibration,
    Grid,
    LabelledCase,
    LoadOptions,
    Scan,
    Segmentation,
    StructureSet,
    View,
)
from myoscope.io import read_labels, read_picture, write_labelled_case, write_volume
from myoscope.plugins import open_modality

STRUCTURES = StructureSet(ULTRASOUND_STRUCTURES)
#: Odd, so that a codec that wants pairs of pixels would show.
SIZE, SPACING = (121, 91), (0.1, 0.08)
VIEW = View(10, 5, 101, 81)


def case(frames: int, spacing_mm: tuple[float, float] | None = SPACING) -> LabelledCase:
    """Noise in the view, black around it; a block of rectus femoris."""
    shape = ((frames,) if frames else ()) + SIZE[::-1]
    image, labels = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    image[(..., *VIEW.slices)] = np.random.default_rng(0).integers(0, 256, (*shape[:-2], 81, 101))
    labels[..., 20:40, 30:60] = 2
    grid = Grid.picture(SIZE, spacing_mm)
    times = tuple(k * 0.05 for k in range(frames))
    scan = Scan("ultrasound", {"bmode": image}, grid, "case1", times_s=times, calibration=Calibration("made", VIEW))
    names = frozenset({"rectus_femoris"})
    truth = Segmentation(labels, grid, STRUCTURES, names, sides_split=False)
    return LabelledCase(scan, truth, {"spacing_mm": list(spacing_mm or ())})


def test_a_labelled_picture_becomes_two_png_files_and_facts(tmp_path: Path) -> None:
    made = case(0)
    write_labelled_case(made, tmp_path)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert files == ["facts/case1.json", "images/case1.png", "labels/case1.png"]
    np.testing.assert_array_equal(read_picture(tmp_path / "images/case1.png").frames, made.scan.image)
    back = read_labels(tmp_path / "labels/case1.png", STRUCTURES, on=made.scan.grid)
    np.testing.assert_array_equal(back.labels, made.segmentation.labels)
    assert json.loads((tmp_path / "facts/case1.json").read_text()) == {"spacing_mm": [0.1, 0.08]}


@pytest.mark.parametrize("spacing", [SPACING, None], ids=["mm", "px"])
def test_a_labelled_video_keeps_every_value_its_times_and_its_scale(
    tmp_path: Path, spacing: tuple[float, float] | None
) -> None:
    made = case(4, spacing)
    write_labelled_case(made, tmp_path)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert files == ["facts/case1.json", "images/case1.dcm", "labels/case1.nii.gz"]
    scan = open_modality("ultrasound").load(tmp_path / "images/case1.dcm", LoadOptions())
    np.testing.assert_array_equal(scan.image, made.scan.image)
    assert scan.times_s == pytest.approx(made.scan.times_s)
    assert scan.grid.unit is made.scan.grid.unit
    assert scan.grid.spacing_mm == pytest.approx(made.scan.grid.spacing_mm)
    assert scan.calibration is not None
    assert scan.calibration.view == VIEW
    back = read_labels(tmp_path / "labels/case1.nii.gz", STRUCTURES, on=scan.grid)
    np.testing.assert_array_equal(back.labels, made.segmentation.labels)


def test_the_same_video_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_labelled_case(case(3), tmp_path / name)
    written = [(tmp_path / name / "images/case1.dcm").read_bytes() for name in ("a", "b")]
    assert written[0] == written[1]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_a_picture_can_be_written_as_a_volume_of_one_slice(tmp_path: Path, suffix: str) -> None:
    import SimpleITK as sitk

    made = case(0)
    image = sitk.ReadImage(str(write_volume(made.scan.image, made.scan.grid, tmp_path / f"a{suffix}")))
    assert image.GetSize() == (*SIZE, 1)
    assert image.GetSpacing()[:2] == pytest.approx(SPACING, rel=1e-6)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image)[0], made.scan.image)
