from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import MRImageStorage

from myoscope import GeometryError, Sex, Subject, UnreadableError
from myoscope.io import MRFacts, Volume, read_mr_images, read_volume, write_mr_series

FACTS = MRFacts(
    series_uid="1.2.5",
    series_number="12",
    description="Dixon_BH_17s_W",
    image_type=("DERIVED", "PRIMARY", "DIXON", "WATER"),
    sequence_name="fl3d2",
    echo_time_ms=2.39,
    study_uid="1.2.3",
    study_date="20260203",
    series_time="101213.250000",
    frame_of_reference="1.2.4",
    manufacturer="Phantom",
    file="IM0001.dcm",
)


def test_array_grid_facts_and_subject_come_back(tmp_path: Path, phantom: Volume) -> None:
    array = (phantom.array + 1000).astype(np.uint16)
    subject = Subject(sex=Sex.MALE, age=52, height_m=1.75, weight_kg=80)
    write_mr_series(array, phantom.grid, tmp_path / "series", facts=FACTS, subject=subject)
    (image,), person = read_mr_images(tmp_path / "series")
    np.testing.assert_array_equal(image.array, array)
    assert image.grid.is_same(phantom.grid)
    assert (image.facts, person) == (FACTS, subject)
    assert read_volume(tmp_path / "series").dicom_modality == "MR"


@pytest.mark.parametrize(
    ("offset", "factor", "bits", "tolerance"),
    [(1000, 1, 12, 0), (1000, 20, 16, 0), (0, 1, 16, 0), (1000, 0.37, 16, 0.01), (-0.25, 1, 16, 0.02)],
)
def test_values_are_stored_in_as_many_bits_as_they_need(
    tmp_path: Path, phantom: Volume, offset: float, factor: float, bits: int, tolerance: float
) -> None:
    array = ((phantom.array.astype(np.float64) + offset) * factor).astype(np.float32)
    write_mr_series(array, phantom.grid, tmp_path, facts=MRFacts())
    dataset = pydicom.dcmread(tmp_path / "IM0001.dcm")
    assert (dataset.BitsAllocated, dataset.BitsStored, dataset.PixelRepresentation) == (16, bits, 0)
    assert ("RescaleSlope" in dataset) == (bool(tolerance) or offset == 0)
    (image,), _ = read_mr_images(tmp_path)
    np.testing.assert_allclose(image.array, array, rtol=0, atol=tolerance)


def test_one_value_everywhere_comes_back(tmp_path: Path, phantom: Volume) -> None:
    write_mr_series(np.full(phantom.grid.shape, 0.5, np.float32), phantom.grid, tmp_path, facts=MRFacts())
    (image,), _ = read_mr_images(tmp_path)
    assert (image.array == 0.5).all()


def test_equal_input_gives_equal_bytes_and_other_facts_other_uids(tmp_path: Path, phantom: Volume) -> None:
    array = (phantom.array + 1000).astype(np.uint16)
    for name, facts in {"a": MRFacts(), "b": MRFacts(), "c": MRFacts(description="fat")}.items():
        write_mr_series(array, phantom.grid, tmp_path / name, facts=facts)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    uids = {pydicom.dcmread(path).SOPInstanceUID for name in "ac" for path in (tmp_path / name).iterdir()}
    assert len(uids) == 2 * 7


def test_series_share_a_folder_by_their_prefixes_and_are_mr_images(tmp_path: Path, phantom: Volume) -> None:
    array = (phantom.array + 1000).astype(np.uint16)
    for prefix in ("water_", "fat_"):
        write_mr_series(array, phantom.grid, tmp_path, facts=MRFacts(description=prefix), prefix=prefix)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert (len(names), names[0], names[-1]) == (14, "fat_0001.dcm", "water_0007.dcm")
    for name in names:
        dataset = pydicom.dcmread(tmp_path / name)
        assert dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID == MRImageStorage
        assert "RescaleType" not in dataset


def test_what_dicom_cannot_store_is_refused(tmp_path: Path, phantom: Volume) -> None:
    array = phantom.array.astype(np.float32)
    with pytest.raises(GeometryError, match="shape"):
        write_mr_series(array[1:], phantom.grid, tmp_path / "series", facts=MRFacts())
    array[0, 0, 0] = np.nan
    with pytest.raises(UnreadableError, match="NaN"):
        write_mr_series(array, phantom.grid, tmp_path / "series", facts=MRFacts())
    assert not (tmp_path / "series").exists()
