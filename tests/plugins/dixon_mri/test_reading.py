from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from myoscope import GeometryError, Grid, LabelledCase, LoadOptions, SeriesError, Subject, UnreadableError, UsageError
from myoscope.io import MRFacts, write_dicom_series, write_mr_series, write_volume
from myoscope_dixon_mri.reading import read_given, read_source

Channels = dict[str, NDArray[np.float32]]
Thighs = tuple[Channels, Grid]


@pytest.fixture(scope="module")
def dicom(thighs: Thighs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Water and fat as two series of one folder."""
    folder = tmp_path_factory.mktemp("dicom") / "P7"
    for number, (name, ending) in enumerate((("water", "W"), ("fat", "F")), 5):
        facts = MRFacts(description=f"Dixon_{ending}", series_number=str(number), study_uid="1.2.3")
        subject = Subject(age=71.0)
        write_mr_series(np.rint(thighs[0][name]), thighs[1], folder, facts=facts, subject=subject, prefix=ending)
    return folder


def write(array: NDArray[np.generic], grid: Grid, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_volume(array, grid, path)


def test_dicom_series_are_read_with_what_the_headers_say(dicom: Path, thighs: Thighs) -> None:
    reading = read_source(dicom, LoadOptions())
    assert [image.facts.description for image in reading.images] == ["Dixon_W", "Dixon_F"]
    assert np.array_equal(reading.images[1].array, np.rint(thighs[0]["fat"]))
    assert reading.images[0].grid.is_same(thighs[1])
    assert reading.subject.age == 71
    assert reading.oriented


def test_one_series_can_be_chosen_and_an_absent_one_is_listed(dicom: Path) -> None:
    assert [i.facts.description for i in read_source(dicom, LoadOptions(series="6")).images] == ["Dixon_F"]
    with pytest.raises(SeriesError, match=r"(?s)P7 has no MR series called '9'.*  series 5 \(Dixon_W\), .*  series 6"):
        read_source(dicom, LoadOptions(series="9"))


def test_a_folder_and_a_zip_of_volumes_are_read_by_name(thighs: Thighs, tmp_path: Path) -> None:
    for name, array in thighs[0].items():
        write(array, thighs[1], tmp_path / "P7" / f"{name}.nrrd")
    reading = read_source(tmp_path / "P7", LoadOptions())
    assert [image.facts.description for image in reading.images] == ["fat", "in_phase", "opposed_phase", "water"]
    assert np.array_equal(reading.images[3].array, thighs[0]["water"])
    assert reading.findings == ()
    with zipfile.ZipFile(tmp_path / "P7.zip", "w") as bundle:
        for path in (tmp_path / "P7").iterdir():
            bundle.write(path, f"deep/{path.name}")
    assert len(read_source(tmp_path / "P7.zip", LoadOptions()).images) == 4


def test_only_a_matrix_that_is_not_nominal_says_how_a_volume_lies(thighs: Thighs, tmp_path: Path) -> None:
    image, grid = thighs[0]["water"], thighs[1]
    assert not read_source(write(image, grid, tmp_path / "a.nii.gz"), LoadOptions()).oriented
    turned = (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0)
    path = write(image, replace(grid, direction=turned), tmp_path / "b.nii.gz")
    assert read_source(path, LoadOptions()).oriented


def test_a_single_volume_is_told_to_be_what_it_is_called(thighs: Thighs, tmp_path: Path) -> None:
    reading = read_source(write(thighs[0]["fat"], thighs[1], tmp_path / "P7_fat.nii.gz"), LoadOptions())
    assert [f.code for f in reading.findings] == ["contrast_by_name"]
    assert "P7_fat, was taken for fat" in reading.findings[0].message
    assert read_source(write(thighs[0]["fat"], thighs[1], tmp_path / "P7.nii.gz"), LoadOptions()).findings == ()


def test_a_segmentation_and_a_ct_with_an_offset_are_refused(thigh: LabelledCase, tmp_path: Path) -> None:
    labels = write(thigh.segmentation.labels, thigh.scan.grid, tmp_path / "labels_of_7.nii.gz")
    with pytest.raises(UnreadableError, match="labels_of_7 holds a few whole numbers, like a segmentation"):
        read_source(labels, LoadOptions())
    offset = np.maximum(thigh.scan.image.astype(np.int16) + 1024, 0)
    with pytest.raises(UnreadableError, match=r"scan looks like a CT that was stored with an offset.*-m ct_thigh"):
        read_source(write(offset, thigh.scan.grid, tmp_path / "scan.nii.gz"), LoadOptions())


def test_a_ct_series_and_nan_are_refused(thigh: LabelledCase, thighs: Thighs, tmp_path: Path) -> None:
    series = write_dicom_series(thigh.scan.image, thigh.scan.grid, tmp_path / "ct")
    with pytest.raises(UnreadableError, match="ct holds no MR images, only files of modality CT"):
        read_source(series, LoadOptions())
    broken = thighs[0]["water"].copy()
    broken[0, 0, 0] = np.nan
    with pytest.raises(UnreadableError, match="water holds NaN or infinite values"):
        read_source(write(broken, thighs[1], tmp_path / "water.nii.gz"), LoadOptions())


def test_a_series_cannot_be_chosen_among_volumes(thighs: Thighs, tmp_path: Path) -> None:
    path = write(thighs[0]["water"], thighs[1], tmp_path / "water.nii.gz")
    with pytest.raises(SeriesError, match=r"holds no DICOM series to choose '5' from"):
        read_source(path, LoadOptions(series="5"))


def test_files_by_contrast_are_what_the_user_says(dicom: Path, thighs: Thighs, tmp_path: Path) -> None:
    channels, grid = thighs
    files = {"fat": write(channels["fat"], grid, tmp_path / "water.nii.gz")}
    files["opposed_phase"] = write(channels["opposed_phase"], grid, tmp_path / "x.mha")
    reading = read_given(LoadOptions(contrasts=files))
    assert [image.facts.image_type for image in reading.images] == [("FAT",), ("OPPOSED_PHASE",)]
    assert not reading.oriented
    given = read_given(LoadOptions(contrasts={"water": dicom}, series="5"))
    assert np.array_equal(given.images[0].array, np.rint(channels["water"]))
    assert given.oriented


def test_files_by_contrast_that_do_not_fit_are_refused(thigh: LabelledCase, thighs: Thighs, tmp_path: Path) -> None:
    channels, grid = thighs
    water = write(channels["water"], grid, tmp_path / "a.nii.gz")
    shifted = write(channels["fat"], replace(grid, origin=(0.0, 0.0, 0.0)), tmp_path / "b.nii.gz")
    with pytest.raises(GeometryError, match=r"a.nii.gz and b.nii.gz do not lie on one grid"):
        read_given(LoadOptions(contrasts={"water": water, "fat": shifted}))
    with pytest.raises(UsageError, match=r"No contrast is called 'T1'.*Choose from: water, fat"):
        read_given(LoadOptions(contrasts={"T1": water}))
    ct = write_dicom_series(thigh.scan.image, thigh.scan.grid, tmp_path / "ct")
    with pytest.raises(UnreadableError, match="ct, given as water, is CT, not MR"):
        read_given(LoadOptions(contrasts={"water": ct}))
    with pytest.raises(UnreadableError, match=r"There is no file or folder at .*absent.nii.gz"):
        read_given(LoadOptions(contrasts={"water": tmp_path / "absent.nii.gz"}))
