from __future__ import annotations

from pathlib import Path

import pytest

from myoscope import InputError
from myoscope.training.folders import labelled_files, stem_of


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


def test_labelme_files_lie_beside_their_pictures(tmp_path: Path) -> None:
    data = filled(tmp_path, "a.png", "a.json", "b.jpg", "b.json", "subjects.csv")
    assert names(data) == [("a.png", "a.json"), ("b.jpg", "b.json")]


def test_an_image_without_labels_is_named(tmp_path: Path) -> None:
    data = filled(tmp_path, "images/a.png", "images/b.png", "images/c.png", "labels/a.png")
    with pytest.raises(InputError, match=r"b\.png has no label map.*1 others"):
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
