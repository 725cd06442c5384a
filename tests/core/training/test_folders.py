from __future__ import annotations

from pathlib import Path

import pytest

from myoscope import InputError
from myoscope.training.folders import channels_beside, labelled_files, listed, stem_of, unfinished_images


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(data: Path) -> list[tuple[str, str]]:
    return [(image.name, label.name) for image, label in labelled_files(data)]


def test_images_and_labels_go_together_by_name_whatever_their_ending(tmp_path: Path) -> None:
    data = filled(tmp_path, "images/b.nii.gz", "images/a.png", "labels/a.json", "labels/b.seg.nrrd", "images/.hidden")
    assert names(data) == [("a.png", "a.json"), ("b.nii.gz", "b.seg.nrrd")]


def test_a_folder_of_nnunet_is_understood(tmp_path: Path) -> None:
    data = filled(tmp_path, "imagesTr/leg_001_0000.png", "labelsTr/leg_001.png", "dataset.json")
    assert names(data) == [("leg_001_0000.png", "leg_001.png")]


def test_the_first_channel_stands_for_all_of_a_case(tmp_path: Path) -> None:
    """A number at the end of a name is a channel where there is a first one, else part of the name."""
    data = filled(
        tmp_path,
        *(f"imagesTr/leg_2021_{channel}.nii.gz" for channel in ("0000", "0001", "0002")),
        "imagesTr/arm_0007.nii.gz",
        "labelsTr/leg_2021.nii.gz",
        "labelsTr/arm_0007.nii.gz",
    )
    assert names(data) == [("arm_0007.nii.gz", "arm_0007.nii.gz"), ("leg_2021_0000.nii.gz", "leg_2021.nii.gz")]
    images = [image for image, _ in labelled_files(data)]
    assert [[path.name for path in channels_beside(image)] for image in images] == [
        ["arm_0007.nii.gz"],
        ["leg_2021_0000.nii.gz", "leg_2021_0001.nii.gz", "leg_2021_0002.nii.gz"],
    ]


def test_a_year_in_the_name_is_no_channel_outside_of_nnunets_folder(tmp_path: Path) -> None:
    data = filled(
        tmp_path, "images/a_2021.nii.gz", "images/a_2022.nii.gz", "labels/a_2021.nii.gz", "labels/a_2022.nrrd"
    )
    assert [image for image, _ in names(data)] == ["a_2021.nii.gz", "a_2022.nii.gz"]


def test_of_a_monai_label_datastore_the_images_with_final_labels_are_taken(tmp_path: Path) -> None:
    data = filled(
        tmp_path,
        "datastore_v2.json",
        ".lock",
        "subjects.csv",
        "a.nii.gz",
        "b.nii.gz",
        "c.nrrd",
        "labels/final/a.seg.nrrd",
        "labels/final/c.nii.gz",
        "labels/original/b.nii.gz",
    )
    assert names(data) == [("a.nii.gz", "a.seg.nrrd"), ("c.nrrd", "c.nii.gz")]
    assert [path.name for path in unfinished_images(data)] == ["b.nii.gz"]


def test_a_datastore_without_final_labels_is_refused(tmp_path: Path) -> None:
    data = filled(tmp_path, "datastore_v2.json", "a.nii.gz", "labels/original/a.nii.gz")
    with pytest.raises(InputError, match=r"no image with final labels.*labels/final"):
        labelled_files(data)


def test_in_other_folders_no_image_is_unfinished(tmp_path: Path) -> None:
    assert unfinished_images(filled(tmp_path, "images/a.png", "labels/a.png")) == ()


def test_a_long_list_is_cut_and_says_so() -> None:
    assert listed(list("abcde")) == "a, b, c, d, e"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_labelme_files_lie_beside_their_pictures(tmp_path: Path) -> None:
    data = filled(tmp_path, "a.png", "a.json", "b.jpg", "b.json", "subjects.csv")
    assert names(data) == [("a.png", "a.json"), ("b.jpg", "b.json")]


def test_an_image_without_labels_is_named(tmp_path: Path) -> None:
    data = filled(tmp_path, "images/a.png", "images/b.png", "images/c.png", "labels/a.png")
    with pytest.raises(InputError, match=r"2 of 3 images have no label map in .*labels: b\.png, c\.png\."):
        labelled_files(data)


@pytest.mark.parametrize("content", [(), ("images/", "labels/a.png"), ("dataset.json", "scan.png")])
def test_a_folder_without_cases_is_refused(tmp_path: Path, content: tuple[str, ...]) -> None:
    for name in content:
        if name.endswith("/"):
            (tmp_path / name).mkdir()
        else:
            filled(tmp_path, name)
    with pytest.raises(InputError, match=r"holds no (labelled cases|images)"):
        labelled_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.png", "a"), ("a.b.nii.gz", "a.b"), ("a.seg.nrrd", "a"), ("leg_0000.png", "leg"), ("leg_0001.png", "leg_0001")],
)
def test_a_stem_is_the_name_of_the_case(name: str, stem: str) -> None:
    assert stem_of(Path(name)) == stem
