from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage

from myoscope import GeometryError
from myoscope.io import Volume, peek, read_volume, write_dicom_series
from myoscope.io.dicom_frames import frames_of


def item(**fields: object) -> Dataset:
    dataset = Dataset()
    for name, value in fields.items():
        setattr(dataset, name, value)
    return dataset


def enhanced(phantom: Volume, folder: Path, order: list[int]) -> Path:
    """Write the phantom as one enhanced multi-frame file, frames in any order."""
    write_dicom_series(phantom.array, phantom.grid, folder)
    dataset = pydicom.dcmread(folder / "IM0001.dcm")
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope", "RescaleIntercept"):
        delattr(dataset, name)
    dataset.NumberOfFrames = len(order)
    dataset.SharedFunctionalGroupsSequence = Sequence(
        [
            item(
                PixelMeasuresSequence=[item(PixelSpacing=[1.25, 0.75], SliceThickness="2.5")],
                PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
            )
        ]
    )
    dataset.PerFrameFunctionalGroupsSequence = Sequence(
        [
            item(
                PlanePositionSequence=[item(ImagePositionPatient=list(phantom.grid.position((0.0, 0.0, float(k)))))],
                PixelValueTransformationSequence=[item(RescaleSlope="1", RescaleIntercept="-1024")],
            )
            for k in order
        ]
    )
    dataset.PixelData = (phantom.array[order] + 1024).astype("<u2").tobytes()
    path = folder.with_suffix(".dcm")
    dataset.save_as(path)
    return path


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5, 6], [3, 1, 6, 0, 2, 5, 4]])
def test_an_enhanced_file_reads_the_same_whatever_the_order_of_frames(
    tmp_path: Path, phantom: Volume, order: list[int]
) -> None:
    back = read_volume(enhanced(phantom, tmp_path / "series", order))
    np.testing.assert_array_equal(back.array, phantom.array)
    assert back.grid.is_same(phantom.grid)
    assert back.dicom_modality == "CT"


def test_an_enhanced_file_with_a_missing_frame_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(GeometryError, match="missing"):
        read_volume(enhanced(phantom, tmp_path / "series", [0, 1, 2, 4, 5, 6]))


def test_an_enhanced_file_with_one_frame_is_refused(tmp_path: Path, phantom: Volume) -> None:
    with pytest.raises(GeometryError, match="single 2D slice"):
        read_volume(enhanced(phantom, tmp_path / "series", [2]))


def test_an_enhanced_file_that_places_fewer_frames_than_it_has_is_refused(tmp_path: Path, phantom: Volume) -> None:
    path = enhanced(phantom, tmp_path / "series", [0, 1, 2, 3])
    dataset = pydicom.dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence[3]
    dataset.save_as(path)
    with pytest.raises(GeometryError, match="has 4 frames but places 3"):
        read_volume(path)


def test_frames_without_places_are_refused(tmp_path: Path, phantom: Volume) -> None:
    path = enhanced(phantom, tmp_path / "series", [0, 1, 2, 3])
    dataset = pydicom.dcmread(path)
    del dataset.PerFrameFunctionalGroupsSequence
    dataset.save_as(path)
    with pytest.raises(GeometryError, match="does not say where each lies"):
        read_volume(path)


def test_a_peek_at_an_enhanced_file_counts_its_frames(tmp_path: Path, phantom: Volume) -> None:
    glance = peek(enhanced(phantom, tmp_path / "series", [0, 1, 2, 3]))
    assert glance is not None
    assert (glance.ndim, glance.size) == (3, (11, 9, 4))


def test_frames_survive_pickle(tmp_path: Path, phantom: Volume) -> None:
    path = enhanced(phantom, tmp_path / "series", [0, 1])
    frames = frames_of(pydicom.dcmread(path), path)
    assert pickle.loads(pickle.dumps(frames)) == frames  # noqa: S301
