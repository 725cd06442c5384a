"""What nnU-Net and MONAI Label write beside their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from myoscope import THIGH_STRUCTURES, InputError, StructureSet, UnreadableError
from myoscope.training.meanings import contrasts_of, nearest, value_names

THIGH = StructureSet(THIGH_STRUCTURES)


def nnunet(folder: Path, notes: dict[str, Any], *images: str) -> Path:
    """Write nnU-Net's notes and empty images; return the label file of the case `a`."""
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for name in images:
        (folder / "imagesTr" / name).touch()
    (folder / "dataset.json").write_text(json.dumps(notes))
    return folder / "labelsTr" / "a.nii.gz"


def monai(folder: Path, info: object, case: str = "a") -> Path:
    """Write a datastore as MONAI Label does; return the final label file of the case `a`."""
    (folder / "labels" / "final").mkdir(parents=True)
    entry = {"image": {"ext": ".nii.gz", "info": {}}, "labels": {"final": {"ext": ".nii.gz", "info": info}}}
    store = {"name": "new-dataset", "description": "New Dataset", "images_dir": ".", "objects": {case: entry}}
    (folder / "datastore_v2.json").write_text(json.dumps(store))
    return folder / "labels" / "final" / "a.nii.gz"


@pytest.mark.parametrize(
    "labels",
    [{"background": 0, "femur": 1, "Left Sartorius": 2}, {"0": "background", "1": "femur", "2": "Left Sartorius"}],
    ids=["version 2", "version 1"],
)
def test_nnunet_names_its_values_in_either_direction(tmp_path: Path, labels: dict[str, Any]) -> None:
    assert value_names(nnunet(tmp_path, {"labels": labels})) == {1: "femur", 2: "Left Sartorius"}


@pytest.mark.parametrize(
    "info",
    [
        {"label_info": [{"name": "femur", "idx": 1}, {"name": "sartorius", "idx": 2, "color": [1, 2, 3]}]},
        {"params": {"label_info": [{"name": "femur", "idx": 1}, {"name": "sartorius", "idx": 2}]}},
        {"label_names": {"femur": 1, "sartorius": 2}, "latencies": {}},
    ],
    ids=["by a person", "in parameters", "by a model"],
)
def test_monai_label_names_the_values_of_each_case(tmp_path: Path, info: object) -> None:
    assert value_names(monai(tmp_path, info)) == {1: "femur", 2: "sartorius"}


def test_a_datastore_that_says_nothing_of_a_case_names_nothing(tmp_path: Path) -> None:
    assert value_names(monai(tmp_path / "none", {"ts": 1})) == {}
    assert value_names(monai(tmp_path / "other", {"label_names": {"femur": 1}}, case="b")) == {}


def test_our_own_folders_and_nnunets_without_notes_name_nothing(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text('{"labels": {"femur": 1}}')
    assert value_names(tmp_path / "labels" / "a.nii.gz") == {}
    assert value_names(tmp_path / "other" / "labelsTr" / "a.nii.gz") == {}


@pytest.mark.parametrize(
    ("notes", "why"),
    [
        ({"labels": {"thigh": [1, 2]}}, "unions of others"),
        ({"labels": {"femur": "one"}}, "values that are no numbers"),
        ({"labels": ["femur"]}, "no table of names and values"),
        ({"labels": {"femur": 100}}, "label value 100, expected values from 1 to 99"),
        ([], "expected a table"),
    ],
)
def test_notes_of_nnunet_that_make_no_sense_are_refused(tmp_path: Path, notes: Any, why: str) -> None:
    with pytest.raises(InputError, match=why):
        value_names(nnunet(tmp_path, notes))


@pytest.mark.parametrize("info", [{"label_info": [{"name": "femur"}]}, {"label_names": ["femur"]}, [1]])
def test_notes_of_monai_label_that_make_no_sense_are_refused(tmp_path: Path, info: object) -> None:
    with pytest.raises(UnreadableError, match=r"datastore_v2\.json cannot be understood"):
        value_names(monai(tmp_path, info))


def test_notes_that_are_no_json_are_refused(tmp_path: Path) -> None:
    label = nnunet(tmp_path, {})
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(UnreadableError, match="no JSON"):
        value_names(label)


@pytest.mark.parametrize("key", ["channel_names", "modality"])
def test_channels_have_the_names_and_the_order_of_the_notes(tmp_path: Path, key: str) -> None:
    nnunet(tmp_path, {key: {"1": "Fat", "0": "In Phase"}}, "a_0000.nii.gz", "a_0001.nii.gz", "b_0000.nii.gz")
    found = contrasts_of(tmp_path / "imagesTr" / "a_0000.nii.gz")
    assert [(name, path.name) for name, path in found.items()] == [
        ("in_phase", "a_0000.nii.gz"),
        ("fat", "a_0001.nii.gz"),
    ]


def test_one_channel_is_an_image_as_any_other(tmp_path: Path) -> None:
    nnunet(tmp_path, {"channel_names": {"0": "CT"}}, "a_0000.nii.gz")
    assert contrasts_of(tmp_path / "imagesTr" / "a_0000.nii.gz") == {}
    assert contrasts_of(tmp_path / "images" / "a_0000.nii.gz") == {}


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({"0": "water", "1": "fat", "2": "in_phase"}, "comes in 2 channels, but .* names 3 channels"),
        ({}, "comes in 2 channels, but .* does not say what they are"),
        (["water", "fat"], "channel_names is no table"),
        ({"first": "water", "second": "fat"}, "channel_names is no table"),
    ],
)
def test_channels_that_are_missing_or_nameless_are_refused(tmp_path: Path, names: object, why: str) -> None:
    nnunet(tmp_path, {"channel_names": names}, "a_0000.nii.gz", "a_0001.nii.gz")
    with pytest.raises(InputError, match=why):
        contrasts_of(tmp_path / "imagesTr" / "a_0000.nii.gz")


def test_an_unknown_name_is_shown_beside_the_nearest_known_one() -> None:
    assert nearest(["Vastus lateralus left"], THIGH) == "Perhaps vastus_lateralis for 'Vastus lateralus left'."
    assert nearest(["VL"], THIGH) == "Perhaps vastus_lateralis for 'VL'."
    assert nearest(["femur_right", "tumor xyz"], THIGH) == ""
