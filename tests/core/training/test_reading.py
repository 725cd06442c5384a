"""A scan and its labels from the files of each tool; what every voxel is was drawn beforehand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from myoscope import THIGH_STRUCTURES, ULTRASOUND_STRUCTURES, Grid, InputError, StructureSet, UnreadableError
from myoscope.io import write_volume
from myoscope.plugins import open_modality
from myoscope.training.reading import has_names, load_scan, names_inside, read_truth

THIGH = StructureSet(THIGH_STRUCTURES)
GRID = Grid.identity((6, 5, 4), (2.0, 2.0, 5.0), (-6.0, 3.0, 10.0))
FEMUR, SARTORIUS = 28, 1


def drawn(first: int, second: int) -> np.ndarray:
    """Two boxes; everything else is background."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[:2, 1:3, 1:3], labels[2:, 3:, 3:] = first, second
    return labels


def nnunet(folder: Path, labels: dict[str, int], array: np.ndarray) -> Path:
    (folder / "labelsTr").mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps({"labels": {"background": 0} | labels}))
    return write_volume(array, GRID, folder / "labelsTr" / "a.nii.gz")


def test_nnunets_consecutive_values_become_what_their_names_say(tmp_path: Path) -> None:
    label = nnunet(tmp_path, {"Femur": 1, "sartorius": 2, "gracilis": 3}, drawn(1, 2))
    truth = read_truth(label, THIGH, on=GRID, only=())
    np.testing.assert_array_equal(truth.labels, drawn(FEMUR, SARTORIUS))
    assert truth.predicted == {"femur", "sartorius", "gracilis"}
    assert not truth.sides_split
    assert has_names(label)


def test_names_with_sides_split_them(tmp_path: Path) -> None:
    label = nnunet(tmp_path, {"left_femur": 1, "right femur": 2}, drawn(1, 2))
    truth = read_truth(label, THIGH, on=GRID, only=())
    np.testing.assert_array_equal(truth.labels, drawn(100 + FEMUR, FEMUR))
    assert truth.sides_split


def test_monai_labels_values_become_what_their_names_say_and_are_ids_without(tmp_path: Path) -> None:
    (tmp_path / "labels" / "final").mkdir(parents=True)
    named = write_volume(drawn(1, 2), GRID, tmp_path / "labels" / "final" / "a.nii.gz")
    plain = write_volume(drawn(FEMUR, SARTORIUS), GRID, tmp_path / "labels" / "final" / "b.nii.gz")
    info = {"label_info": [{"name": "femur", "idx": 1}, {"name": "sartorius", "idx": 2}]}
    objects = {"a": {"labels": {"final": {"info": info}}}, "b": {"labels": {"final": {"info": {}}}}}
    (tmp_path / "datastore_v2.json").write_text(json.dumps({"objects": objects}))
    for label in (named, plain):
        truth = read_truth(label, THIGH, on=GRID, only=())
        np.testing.assert_array_equal(truth.labels, drawn(FEMUR, SARTORIUS))
    assert (has_names(named), has_names(plain)) == (True, False)


def test_a_picture_of_nnunet_is_read_by_its_names(tmp_path: Path) -> None:
    (tmp_path / "labelsTr").mkdir()
    (tmp_path / "dataset.json").write_text('{"labels": {"background": 0, "peroneus_brevis": 1, "peroneus_longus": 2}}')
    painted = np.array([[0, 1, 2], [2, 1, 0]], dtype=np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(painted), str(tmp_path / "labelsTr" / "a.png"))
    structures = StructureSet(ULTRASOUND_STRUCTURES)
    grid = Grid.picture((3, 2), (0.1, 0.1))
    truth = read_truth(tmp_path / "labelsTr" / "a.png", structures, on=grid, only=("peroneus_longus",))
    assert truth.labels.tolist() == [[0, 33, 32], [32, 33, 0]]


def test_a_table_beside_the_file_goes_before_the_notes_of_the_folder(tmp_path: Path) -> None:
    label = nnunet(tmp_path, {"femur": 1, "sartorius": 2}, drawn(1, 2))
    (tmp_path / "labelsTr" / "a_labels.tsv").write_text("index\tname\n1\tsartorius\n2\tfemur\n")
    truth = read_truth(label, THIGH, on=GRID, only=())
    np.testing.assert_array_equal(truth.labels, drawn(SARTORIUS, FEMUR))


def slicer(path: Path, *names: str) -> Path:
    """Write a .seg.nrrd with segments 1, 2, ... as 3D Slicer names them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(drawn(1, 2))
    image.SetSpacing(GRID.spacing_mm)
    image.SetOrigin(GRID.origin)
    for number, name in enumerate(names):
        for key, text in (("Name", name), ("LabelValue", str(number + 1)), ("Layer", "0")):
            image.SetMetaData(f"Segment{number}_{key}", text)
    sitk.WriteImage(image, str(path))
    return path


def test_a_file_of_slicer_goes_by_its_own_names_whatever_the_folder_says(tmp_path: Path) -> None:
    nnunet(tmp_path, {"gracilis": 1, "pectineus": 2}, drawn(1, 2))
    label = slicer(tmp_path / "labelsTr" / "b.seg.nrrd", "Femur", "Sartorius")
    assert names_inside(label) == ("Femur", "Sartorius")
    truth = read_truth(label, THIGH, on=GRID, only=())
    np.testing.assert_array_equal(truth.labels, drawn(FEMUR, SARTORIUS))


def test_a_segment_that_nobody_knows_is_named_with_the_nearest_known_one(tmp_path: Path) -> None:
    label = slicer(tmp_path / "a.seg.nrrd", "Femur", "Sartorios")
    with pytest.raises(UnreadableError, match=r"'Sartorios' \(2\).*Perhaps sartorius for 'Sartorios'"):
        read_truth(label, THIGH, on=GRID, only=())


def test_a_name_of_nnunet_that_nobody_knows_is_refused_where_it_occurs(tmp_path: Path) -> None:
    labels = {"femur": 1, "vastus_laterals": 2, "ignore": 3}
    label = nnunet(tmp_path / "there", labels, drawn(1, 2))
    with pytest.raises(UnreadableError, match=r"mean nothing here: 'vastus_laterals'\. Perhaps vastus_lateralis for"):
        read_truth(label, THIGH, on=GRID, only=())
    absent = nnunet(tmp_path / "absent", labels, drawn(1, 1))
    assert read_truth(absent, THIGH, on=GRID, only=()).predicted == {"femur"}


@pytest.mark.parametrize("value", [3, 101])
def test_a_value_without_a_name_is_refused_even_if_it_looks_like_a_left_side(tmp_path: Path, value: int) -> None:
    label = nnunet(tmp_path, {"femur": 1, "sartorius": 2}, drawn(1, value))
    with pytest.raises(UnreadableError, match=r"mean nothing here: 3|values above 100, which have no name"):
        read_truth(label, THIGH, on=GRID, only=())


def test_labels_on_another_grid_are_refused_whoever_names_them(tmp_path: Path) -> None:
    label = nnunet(tmp_path, {"femur": 1}, drawn(1, 1))
    other = Grid.identity(GRID.size, GRID.spacing_mm, (0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="lies on another grid"):
        read_truth(label, THIGH, on=other, only=())


def channels(folder: Path, names: dict[str, str], *, air: float) -> Path:
    """Write one case of two channels: the first is 100 above air in the body, the second 10."""
    (folder / "imagesTr").mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps({"channel_names": names, "labels": {}}))
    grid = Grid.identity((24, 20, 12), (5.0, 5.0, 10.0), (0.0, 0.0, 0.0))
    body = np.zeros(grid.shape, dtype=np.float32)
    body[:, 4:16, 4:20] = 1.0
    for channel, level in enumerate((100.0, 10.0)):
        write_volume(air + level * body, grid, folder / "imagesTr" / f"leg_{channel:04d}.nii.gz")
    return folder / "imagesTr" / "leg_0000.nii.gz"


def test_two_channels_of_nnunet_are_two_contrasts_of_a_dixon_scan(tmp_path: Path) -> None:
    scan = load_scan(channels(tmp_path, {"0": "Fat", "1": "water"}, air=0.0), open_modality("dixon_mri"))
    assert {name: float(array.max()) for name, array in scan.channels.items()} == {"fat": 100.0, "water": 10.0}


def test_channels_that_a_modality_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has the channels ct, pet, but ct_thigh reads no pet"):
        load_scan(channels(tmp_path, {"0": "CT", "1": "PET"}, air=-1000.0), open_modality("ct_thigh"))
