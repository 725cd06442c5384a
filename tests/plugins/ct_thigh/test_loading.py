from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest

import myoscope
from myoscope import LabelledCase, LoadOptions, Recognition, UnreadableError
from myoscope.io import write_dicom_series, write_volume
from myoscope_ct_thigh.loading import load, recognize


@pytest.fixture(scope="module")
def series(thigh: LabelledCase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dicom_series(thigh.scan.image, thigh.scan.grid, tmp_path_factory.mktemp("dicom") / "series")


@pytest.fixture(scope="module")
def mri(series: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same slices, said to be MR."""
    folder = tmp_path_factory.mktemp("dicom") / "mri"
    folder.mkdir()
    for path in series.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.Modality = "MR"
        dataset.save_as(folder / path.name)
    return folder


def volume(case: LabelledCase, folder: Path, *, offset: int = 0, low: int | None = None) -> Path:
    array = case.scan.image.astype(np.int32) + offset
    array = array if low is None else np.maximum(array, low)
    return write_volume(array.astype(np.int16), case.scan.grid, folder / "scan.nii.gz")


def test_a_ct_series_is_recognized_by_its_header(series: Path) -> None:
    assert recognize(series) == Recognition(0.95, "DICOM modality CT")


def test_a_volume_in_hounsfield_units_is_recognized_by_its_air(thigh: LabelledCase, tmp_path: Path) -> None:
    assert recognize(volume(thigh, tmp_path)) == Recognition(0.6, "a volume whose values reach air at -1000 HU")


def test_an_mri_series_is_not_recognized_and_refused(mri: Path) -> None:
    assert recognize(mri) is None
    with pytest.raises(UnreadableError, match=r"mri is MR, not CT.*or omit -m"):
        load(mri, LoadOptions())
    with pytest.raises(UnreadableError, match="is MR, not CT"):
        myoscope.analyze(mri, modality="ct_thigh")


def test_a_volume_like_an_mri_is_not_recognized_and_refused(thigh: LabelledCase, tmp_path: Path) -> None:
    path = volume(thigh, tmp_path, low=0)
    assert recognize(path) is None
    with pytest.raises(UnreadableError, match=r"is not in Hounsfield units: its lowest value is 0,.*MRI needs another"):
        load(path, LoadOptions())


def test_a_ct_with_an_offset_is_refused(thigh: LabelledCase, tmp_path: Path) -> None:
    path = volume(thigh, tmp_path, offset=1024)
    assert recognize(path) is None
    with pytest.raises(UnreadableError, match=r"Give the CT as reconstructed, without an offset"):
        load(path, LoadOptions())


def test_a_ct_whose_air_was_cut_off_is_loaded_when_it_is_named(thigh: LabelledCase, tmp_path: Path) -> None:
    path = volume(thigh, tmp_path, low=-200)
    assert recognize(path) is None
    assert load(path, LoadOptions()).image.min() == -200


@pytest.mark.parametrize("name", ["notes.txt", "notes.nii.gz", "notes.dcm", "notes.zip"])
def test_what_is_no_image_is_not_recognized(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("This is a text file.")
    assert recognize(tmp_path / name) is None


def test_labels_and_empty_folders_are_not_recognized(thigh: LabelledCase, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert recognize(tmp_path / "empty") is None
    assert recognize(write_volume(thigh.segmentation.labels, thigh.scan.grid, tmp_path / "labels.nrrd")) is None


def test_a_series_becomes_a_scan_in_hounsfield_units(series: Path, thigh: LabelledCase) -> None:
    scan = load(series, LoadOptions())
    assert tuple(scan.channels) == ("ct",)
    assert (scan.modality, scan.case_id, scan.source) == ("ct_thigh", "series", "series")
    assert scan.grid.is_same(thigh.scan.grid)
    assert np.array_equal(scan.image, np.clip(thigh.scan.image, -1024, 3071))
    assert load(series, LoadOptions(case_id="P7")).case_id == "P7"
