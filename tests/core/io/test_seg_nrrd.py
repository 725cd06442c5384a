from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import Grid, Segmentation, Side
from myoscope.io.seg_nrrd import segment_name, write_seg_nrrd


@pytest.fixture
def image(tmp_path: Path, segmentation: Segmentation) -> sitk.Image:
    write_seg_nrrd(segmentation, tmp_path / "case1.seg.nrrd")
    return sitk.ReadImage(str(tmp_path / "case1.seg.nrrd"))


def test_voxels_and_place_are_kept(image: sitk.Image, segmentation: Segmentation) -> None:
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), segmentation.labels)
    grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    assert grid.is_same(segmentation.grid)


def test_segments_carry_name_color_value_extent_and_terminology(image: sitk.Image) -> None:
    names = {image.GetMetaData(f"Segment{i}_Name"): i for i in range(3)}
    assert set(names) == {"sartorius_right", "sartorius_left", "femur_right"}
    assert "Segment3_Name" not in image.GetMetaDataKeys()
    left = f"Segment{names['sartorius_left']}_"
    assert image.GetMetaData(left + "LabelValue") == "101"
    assert image.GetMetaData(left + "Layer") == "0"
    assert image.GetMetaData(left + "Extent") == "7 9 2 4 1 3"
    color = [float(c) for c in image.GetMetaData(left + "Color").split()]
    assert color == pytest.approx([230 / 255, 159 / 255, 0], abs=1e-5)
    tags = image.GetMetaData(left + "Tags")
    assert tags.startswith("TerminologyEntry:")
    fields = tags.removeprefix("TerminologyEntry:").rstrip("|").split("~")
    assert len(fields) == 7
    assert fields[1:4] == ["SCT^123037004^Anatomical Structure", "FMA^22353^Sartorius", "SCT^7771000^Left"]
    assert "SCT^24028007^Right" in image.GetMetaData(f"Segment{names['femur_right']}_Tags")
    assert image.GetMetaData("Segmentation_ContainedRepresentationNames") == "Binary labelmap|"


def test_an_oblique_grid_keeps_its_place(tmp_path: Path, segmentation: Segmentation) -> None:
    c, s = np.cos(0.4), np.sin(0.4)
    grid = Grid(segmentation.grid.size, segmentation.grid.spacing_mm, (1.5, -2.5, 3.5), (c, -s, 0, s, c, 0, 0, 0, 1))
    tilted = Segmentation(segmentation.labels, grid, segmentation.structures, segmentation.predicted, True)
    write_seg_nrrd(tilted, tmp_path / "a.seg.nrrd")
    image = sitk.ReadImage(str(tmp_path / "a.seg.nrrd"))
    assert Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection()).is_same(grid)


def test_the_header_says_research_use_only(tmp_path: Path, segmentation: Segmentation) -> None:
    write_seg_nrrd(segmentation, tmp_path / "a.seg.nrrd")
    assert b"# Research use only" in (tmp_path / "a.seg.nrrd").read_bytes()[:300]


def test_equal_input_gives_equal_bytes(tmp_path: Path, segmentation: Segmentation) -> None:
    for name in ("a.seg.nrrd", "b.seg.nrrd"):
        write_seg_nrrd(segmentation, tmp_path / name)
    assert (tmp_path / "a.seg.nrrd").read_bytes() == (tmp_path / "b.seg.nrrd").read_bytes()


def test_empty_labels_are_a_file_without_segments(tmp_path: Path, segmentation: Segmentation) -> None:
    empty = Segmentation(
        np.zeros_like(segmentation.labels), segmentation.grid, segmentation.structures, frozenset(), sides_split=False
    )
    write_seg_nrrd(empty, tmp_path / "a.seg.nrrd")
    image = sitk.ReadImage(str(tmp_path / "a.seg.nrrd"))
    assert not [key for key in image.GetMetaDataKeys() if key.startswith("Segment0")]


def test_names_carry_the_side_at_the_end(segmentation: Segmentation) -> None:
    femur = segmentation.structures["femur"]
    assert [segment_name(femur, side) for side in Side] == ["femur_left", "femur_right", "femur", "femur"]
