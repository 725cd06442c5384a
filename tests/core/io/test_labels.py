from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import GeometryError, Grid, Segmentation, StructureSet, UnreadableError
from myoscope.io import read_labels, write_volume
from myoscope.io.label_tables import write_table
from myoscope.io.seg_nrrd import write_seg_nrrd


def slicer_file(path: Path, labels: np.ndarray, grid: Grid, names: dict[int, str]) -> Path:
    """Write a .seg.nrrd as 3D Slicer names it."""
    image = sitk.GetImageFromArray(labels, isVector=labels.ndim == 4)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin)
    for number, (value, name) in enumerate(names.items()):
        image.SetMetaData(f"Segment{number}_Name", name)
        image.SetMetaData(f"Segment{number}_LabelValue", str(value))
        image.SetMetaData(f"Segment{number}_Layer", "0")
    sitk.WriteImage(image, str(path))
    return path


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
def test_ids_of_the_conventions_are_read(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet, suffix: str
) -> None:
    path = write_volume(segmentation.labels, segmentation.grid, tmp_path / f"labels{suffix}")
    back = read_labels(path, structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, segmentation.labels)
    assert back.sides_split
    assert back.predicted == {"sartorius", "femur"}


def test_a_table_says_what_was_looked_for(tmp_path: Path, segmentation: Segmentation, structures: StructureSet) -> None:
    path = write_volume(segmentation.labels, segmentation.grid, tmp_path / "case1_dseg.nii.gz")
    write_table(segmentation, tmp_path / "case1_labels.tsv")
    back = read_labels(path, structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, segmentation.labels)
    assert back.predicted == segmentation.predicted


def test_our_own_seg_nrrd_reads_back(tmp_path: Path, segmentation: Segmentation, structures: StructureSet) -> None:
    write_seg_nrrd(segmentation, tmp_path / "case1.seg.nrrd")
    write_table(segmentation, tmp_path / "case1_labels.tsv")
    back = read_labels(tmp_path / "case1.seg.nrrd", structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, segmentation.labels)
    assert (back.predicted, back.sides_split, back.findings) == (segmentation.predicted, True, ())


def test_labels_without_sides_stay_without(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    labels = segmentation.labels % 100
    path = write_volume(labels, segmentation.grid, tmp_path / "labels.nii.gz")
    back = read_labels(path, structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, labels)
    assert not back.sides_split


def test_a_foreign_table_maps_values_by_name(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    labels = np.where(segmentation.labels == 101, 7, np.where(segmentation.labels == 1, 500, 0)).astype(np.uint16)
    path = write_volume(labels, segmentation.grid, tmp_path / "labels.nii.gz")
    (tmp_path / "labels.tsv").write_text("index\tname\n7\tLeft Sartorius\n500\tsartorius_right\n9\tLeft Gracilis\n")
    back = read_labels(path, structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, np.where(segmentation.labels == 28, 0, segmentation.labels))
    assert back.predicted == {"sartorius", "gracilis"}


@pytest.mark.parametrize(
    "names",
    [
        {1: "sartorius_left", 2: "femur_right"},
        {1: "left sartorius", 2: "Right Femur"},
        {1: "Sartorius (left)", 2: "right_femur"},
    ],
)
def test_segment_names_with_a_side_are_understood(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet, names: dict[int, str]
) -> None:
    labels = np.zeros(segmentation.grid.shape, np.uint8)
    labels[1, 2, 3], labels[2, 3, 4] = 1, 2
    path = slicer_file(tmp_path / "drawn.seg.nrrd", labels, segmentation.grid, names)
    back = read_labels(path, structures, on=segmentation.grid)
    assert (back.labels[1, 2, 3], back.labels[2, 3, 4], np.count_nonzero(back.labels)) == (101, 28, 2)
    assert back.sides_split


def test_segments_without_known_names_are_taken_by_value_with_a_finding(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    names = {1: "Segment_1", 101: "Segment_2", 28: "Segment_3"}
    path = slicer_file(tmp_path / "drawn.seg.nrrd", segmentation.labels, segmentation.grid, names)
    back = read_labels(path, structures, on=segmentation.grid)
    np.testing.assert_array_equal(back.labels, segmentation.labels)
    assert [finding.code for finding in back.findings] == ["segments_named_by_value"]


def test_a_segment_with_a_strange_name_is_refused(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    names = {1: "sartorius_right", 101: "my lesion", 28: "femur_right"}
    path = slicer_file(tmp_path / "drawn.seg.nrrd", segmentation.labels, segmentation.grid, names)
    with pytest.raises(UnreadableError, match=r"mean nothing here: 'my lesion' \(101\)"):
        read_labels(path, structures, on=segmentation.grid)


def test_sides_for_some_structures_only_are_refused(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    names = {1: "sartorius_right", 101: "sartorius_left", 28: "femur"}
    path = slicer_file(tmp_path / "drawn.seg.nrrd", segmentation.labels, segmentation.grid, names)
    with pytest.raises(UnreadableError, match="none for femur"):
        read_labels(path, structures, on=segmentation.grid)


def test_a_cropped_seg_nrrd_is_put_back_in_place(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    grid = segmentation.grid
    piece = Grid.identity((9, 6, 5), grid.spacing_mm, grid.position((1.0, 2.0, 0.0)))
    names = {1: "sartorius_right", 101: "sartorius_left", 28: "femur_right"}
    path = slicer_file(tmp_path / "drawn.seg.nrrd", segmentation.labels[:5, 2:8, 1:10], piece, names)
    back = read_labels(path, structures, on=grid)
    expected = np.zeros_like(segmentation.labels)
    expected[:5, 2:8, 1:10] = segmentation.labels[:5, 2:8, 1:10]
    np.testing.assert_array_equal(back.labels, expected)


def test_layers_are_merged_and_overlap_is_refused(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    shape = segmentation.grid.shape
    layers = np.zeros((*shape, 2), np.uint8)
    layers[1, 2, 3, 0], layers[2, 3, 4, 1] = 1, 1
    header = "NRRD0004\ntype: unsigned char\ndimension: 4\nspace: left-posterior-superior\n"
    header += f"sizes: 2 {' '.join(str(s) for s in segmentation.grid.size)}\n"
    header += "space directions: none (0.75,0,0) (0,1.25,0) (0,0,2.5)\nkinds: list domain domain domain\n"
    header += "encoding: raw\nspace origin: (-31.5,40.25,-612)\n"
    for number, name in enumerate(("sartorius", "femur")):
        header += f"Segment{number}_Name:={name}\nSegment{number}_LabelValue:=1\nSegment{number}_Layer:={number}\n"
    path = tmp_path / "drawn.seg.nrrd"
    path.write_bytes(header.encode() + b"\n" + layers.tobytes())
    back = read_labels(path, structures, on=segmentation.grid)
    assert (back.labels[1, 2, 3], back.labels[2, 3, 4], back.sides_split) == (1, 28, False)
    layers[1, 2, 3, 1] = 1
    path.write_bytes(header.encode() + b"\n" + layers.tobytes())
    with pytest.raises(UnreadableError, match="overlap"):
        read_labels(path, structures, on=segmentation.grid)


@pytest.mark.parametrize(("value", "dtype"), [(77, np.uint8), (230, np.uint8), (1000, np.uint16), (77.0, np.float32)])
def test_a_value_that_means_nothing_is_named(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet, value: float, dtype: type
) -> None:
    labels = segmentation.labels.astype(dtype)
    labels[0, 0, 0] = value
    path = write_volume(labels, segmentation.grid, tmp_path / "labels.nii.gz")
    with pytest.raises(UnreadableError, match=f"mean nothing here: {int(value)}"):
        read_labels(path, structures, on=segmentation.grid)


@pytest.mark.parametrize("value", [0.5, -1.0, float("nan"), 70000.0])
def test_values_that_are_no_labels_are_refused(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet, value: float
) -> None:
    labels = segmentation.labels.astype(np.float32)
    labels[0, 0, 0] = value
    path = write_volume(labels, segmentation.grid, tmp_path / "labels.nii.gz")
    with pytest.raises(UnreadableError, match="no labels"):
        read_labels(path, structures, on=segmentation.grid)


def test_labels_in_another_axis_order_are_brought_to_the_scan(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    grid = segmentation.grid
    flipped = Grid(grid.size, grid.spacing_mm, grid.position((10.0, 8.0, 0.0)), (-1, 0, 0, 0, -1, 0, 0, 0, 1))
    path = write_volume(segmentation.labels[:, ::-1, ::-1], flipped, tmp_path / "labels.nii.gz")
    back = read_labels(path, structures, on=grid)
    np.testing.assert_array_equal(back.labels, segmentation.labels)
    assert back.grid == grid
    assert back.labels.flags.c_contiguous


@pytest.mark.parametrize(
    "change",
    [
        lambda g: Grid(g.size, (0.75, 1.25, 2.6), g.origin, g.direction),
        lambda g: Grid(g.size, g.spacing_mm, (-31.0, 40.25, -612.0), g.direction),
        lambda g: Grid(g.size, g.spacing_mm, g.position((1.0, 0.0, 0.0)), g.direction),
    ],
)
def test_labels_on_another_grid_are_refused_and_both_are_said(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet, change: Callable[[Grid], Grid]
) -> None:
    path = write_volume(segmentation.labels, change(segmentation.grid), tmp_path / "labels.nii.gz")
    with pytest.raises(GeometryError, match=r"another grid.*the scan 11 x 9 x 7 voxels of 0\.75 x 1\.25 x 2\.5 mm"):
        read_labels(path, structures, on=segmentation.grid)


def test_a_cropped_nifti_is_refused(tmp_path: Path, segmentation: Segmentation, structures: StructureSet) -> None:
    piece = Grid.identity((11, 9, 5), segmentation.grid.spacing_mm, segmentation.grid.origin)
    path = write_volume(segmentation.labels[:5], piece, tmp_path / "labels.nii.gz")
    with pytest.raises(GeometryError, match="another grid"):
        read_labels(path, structures, on=segmentation.grid)


def test_what_is_no_label_file_is_refused(tmp_path: Path, segmentation: Segmentation, structures: StructureSet) -> None:
    (tmp_path / "labels.png").touch()
    (tmp_path / "labels.seg.nrrd").write_text("hello")
    for name, reason in (
        ("labels.png", "not a label file"),
        ("none.nii", "no label file"),
        ("labels.seg.nrrd", "NRRD"),
    ):
        with pytest.raises(UnreadableError, match=reason):
            read_labels(tmp_path / name, structures, on=segmentation.grid)


def test_a_table_without_its_columns_is_refused(
    tmp_path: Path, segmentation: Segmentation, structures: StructureSet
) -> None:
    path = write_volume(segmentation.labels, segmentation.grid, tmp_path / "labels.nii.gz")
    (tmp_path / "labels.tsv").write_text("value\tmeaning\n1\tsartorius\n")
    with pytest.raises(UnreadableError, match="columns index and name"):
        read_labels(path, structures, on=segmentation.grid)
